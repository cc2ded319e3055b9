/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is who stands in four maps, made again when a log has grown: of the own
 * log everything, of a partner's only the domains of the parties for whom it
 * may speak, and only where the own log says nothing of that domain. Then it is
 * the decision over the own orders (pv_judge, the taking side: no agreement is
 * asked for), for each pair of one who gives and one who takes.
 *
 * Who is known by a binding that has ended is known all the same when no other
 * stands: it is a bar that is looked for, not a right.
 */
#include "desk/door.h"

#include "base/map.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "desk/judge.h"
#include <arpa/inet.h>

const char *const pv_door_say_words[] = { "refuse", "later", "pass", NULL };

/* A party that is known by a key while since <= now < ended, and the next one by the same key. Nothing is borrowed. */
struct known {
	struct pv_slice party;
	uint64_t since, ended;
	uint32_t next;
};

struct pv_doors {
	struct pv_arena *arena;
	struct pv_map *domains, *foreign, *keys, *addresses, *headers;
	PV_VEC(struct known) all;
	PV_VEC(struct known) senders;        /* parties of the own authority with a mail domain */
	uint64_t made_of;                    /* entries of all logs */
	unsigned char bits4[33], bits6[129]; /* prefix lengths that are in use */
};

void
pv_doors_free(struct pv_doors *x)
{
	if (x == NULL)
		return;
	pv_map_free(x->domains);
	pv_map_free(x->foreign);
	pv_map_free(x->keys);
	pv_map_free(x->addresses);
	pv_map_free(x->headers);
	PV_VEC_FREE(&x->all);
	PV_VEC_FREE(&x->senders);
	pv_arena_free(x->arena);
	pv_free(x);
}

/* ---- who is who ---- */

static void
add_known(struct pv_doors *x, struct pv_map *m, struct pv_slice key, struct pv_slice party,
    const struct pv_fact *f)
{
	struct known one = { .party = pv_arena_copy(x->arena, party),
		.since = f->since,
		.ended = f->ended,
		.next = pv_map_get(m, key) };
	const struct pv_key *k = f->r->kind == PV_KEY ? &f->r->key : NULL;

	if (k != NULL && k->from > one.since)
		one.since = k->from;
	if (k != NULL && k->until != 0 && k->until < one.ended)
		one.ended = k->until;
	pv_map_set(m, key, (uint32_t)x->all.n);
	*PV_VEC_ADD(&x->all) = one;
}

static struct pv_slice
lower(struct pv_slice s, struct pv_arena *a)
{
	char *out = pv_arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return pv_slice_mem(out, s.n);
}

/* An IP address as 4 or 16 bytes; an IPv4 one in IPv6's clothes is the IPv4 one. 0: none. */
static unsigned
read_address(struct pv_slice text, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char buf[64] = { 0 };

	if (text.n == 0 || text.n >= sizeof(buf) || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	memcpy(buf, text.p, text.n);
	if (inet_pton(AF_INET, buf, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, buf, out) != 1)
		return 0;
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		return 16;
	memmove(out, out + 12, 4);
	return 4;
}

/* The network of so many bits, as a key: length of the address, bits, the bytes with the rest cleared. */
static struct pv_slice
network_key(const uint8_t *address, unsigned n, unsigned bits, uint8_t out[18])
{
	out[0] = (uint8_t)n;
	out[1] = (uint8_t)bits;
	for (unsigned i = 0; i < n; i++) {
		unsigned keep = bits >= 8 * (i + 1) ? 8 : bits > 8 * i ? bits - 8 * i : 0;

		out[2 + i] = (uint8_t)(address[i] & (0xffu << (8 - keep)));
	}
	return pv_slice_mem(out, n + 2);
}

/* "192.0.2.0/24", or one address. What cannot be read names nobody. */
static void
add_range(struct pv_doors *x, struct pv_slice range, struct pv_slice party, const struct pv_fact *f)
{
	struct pv_slice text;
	uint8_t address[16], key[18];
	uint64_t bits = UINT64_MAX;
	unsigned n;

	if (!pv_slice_next(&range, '/', &text) || (n = read_address(text, address)) == 0)
		return;
	if (range.n == 0)
		bits = 8 * n;
	else if (!pv_slice_u64(range, &bits) || bits > 8 * n)
		return;
	(n == 4 ? x->bits4 : x->bits6)[bits] = 1;
	add_known(x, x->addresses,
	    pv_arena_copy(x->arena, network_key(address, n, (unsigned)bits, key)), party, f);
}

/* A certificate's key: the digest as the binding, or the key itself. */
static void
add_tls(struct pv_doors *x, const struct pv_key *k, const struct pv_fact *f)
{
	static const struct pv_slice by_address = { "address:", 8 }, by_header = { "header:", 7 };
	PV_AUTO(pv_buf_free) struct pv_buf spki = { 0 };
	char hex[2 * PV_HASH + 1];

	if (pv_slice_starts(k->binding, by_address))
		add_range(x, pv_slice_sub(k->binding, by_address.n, k->binding.n), k->party, f);
	else if (pv_slice_starts(k->binding, by_header))
		add_known(x, x->headers,
		    lower(pv_slice_sub(k->binding, by_header.n, k->binding.n), x->arena), k->party,
		    f);
	else if (k->binding.n != 0)
		add_known(x, x->keys, lower(k->binding, x->arena), k->party, f);
	else if (pv_base64_read(&spki, k->key, PV_BASE64)) {
		pv_hash_hex(pv_buf_slice(&spki), hex);
		add_known(x, x->keys, pv_arena_copy(x->arena, pv_slice_of(hex)), k->party, f);
	}
}

static void
learn_own(struct pv_doors *x, const struct pv_state *s)
{
	const struct pv_facts *parties = &s->by_kind[PV_PARTY], *keys = &s->by_kind[PV_KEY];

	for (size_t i = 0; i < parties->n; i++) {
		const struct pv_fact *f = parties->at[i];
		const struct pv_party *p = &f->r->party;

		for (size_t k = 0; k < p->domains.n; k++)
			add_known(x, x->domains, lower(p->domains.at[k], x->arena), p->name, f);
		if (p->domains.n != 0 && s->genesis != NULL &&
		    pv_name_under(p->name, s->genesis->genesis.root))
			*PV_VEC_ADD(&x->senders) =
			    (struct known){ .party = pv_arena_copy(x->arena, p->name),
				    .since = f->since,
				    .ended = f->ended };
	}
	for (size_t i = 0; i < keys->n; i++)
		if (keys->at[i]->r->key.use == PV_USE_TLS)
			add_tls(x, &keys->at[i]->r->key, keys->at[i]);
}

/* For whom a copy may speak. */
static bool
speaks(const struct pv_desk *d, const struct pv_log *log, struct pv_slice party)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		for (size_t k = 0; pv_slice_eq(p->origin, log->origin) && k < p->names.n; k++)
			if (pv_name_under(party, p->names.at[k]))
				return true;
	}
	return false;
}

static void
learn_foreign(struct pv_doors *x, const struct pv_desk *d, const struct pv_log *log)
{
	const struct pv_facts *parties = &log->state->by_kind[PV_PARTY];

	for (size_t i = 0; i < parties->n; i++) {
		const struct pv_party *p = &parties->at[i]->r->party;

		for (size_t k = 0; k < p->domains.n && speaks(d, log, p->name); k++)
			add_known(x, x->foreign, lower(p->domains.at[k], x->arena), p->name,
			    parties->at[i]);
	}
}

static struct pv_doors *
learn(const struct pv_desk *d, uint64_t made_of)
{
	struct pv_doors *x = PV_NEW(struct pv_doors);

	x->arena = pv_arena_new();
	x->domains = pv_map_new(64);
	x->foreign = pv_map_new(64);
	x->keys = pv_map_new(64);
	x->addresses = pv_map_new(64);
	x->headers = pv_map_new(16);
	x->made_of = made_of;
	learn_own(x, d->own.state);
	for (size_t i = 0; i < d->copies.n; i++)
		if (!d->copies.at[i]->broken)
			learn_foreign(x, d, d->copies.at[i]);
	return x;
}

/* Records are only ever added, so their number says whether they are the same. */
static const struct pv_doors *
who_is_who(struct pv_desk *d)
{
	uint64_t entries = d->own.loaded + 1;

	for (size_t i = 0; i < d->copies.n; i++)
		entries += d->copies.at[i]->loaded + 1;
	if (d->doors == NULL || d->doors->made_of != entries) {
		pv_doors_free(d->doors);
		d->doors = learn(d, entries);
	}
	return d->doors;
}

/* ---- who is at the door ---- */

#define ENDS_MAX 64

struct ends {
	struct pv_slice at[ENDS_MAX];
	size_t n;
	bool more; /* than there is room for: then nothing is sure */
};

static void
add_end(struct ends *ends, struct pv_slice party)
{
	for (size_t i = 0; i < ends->n; i++)
		if (pv_slice_eq(ends->at[i], party))
			return;
	if (ends->n < ENDS_MAX)
		ends->at[ends->n++] = party;
	else
		ends->more = true;
}

static bool
stands(const struct known *k, uint64_t now)
{
	return k->since <= now && now < k->ended;
}

/* All that stand; when none does, all that ever stood. */
static bool
add_found(const struct pv_doors *x, struct ends *ends, const struct pv_map *m, struct pv_slice key,
    uint64_t now)
{
	uint32_t first = pv_map_get(m, key);
	bool any = false;

	for (uint32_t i = first; i != PV_MAP_NONE; i = x->all.at[i].next)
		any = any || stands(&x->all.at[i], now);
	for (uint32_t i = first; i != PV_MAP_NONE; i = x->all.at[i].next)
		if (!any || stands(&x->all.at[i], now))
			add_end(ends, x->all.at[i].party);
	return first != PV_MAP_NONE;
}

static void
add_address(const struct pv_doors *x, struct ends *ends, struct pv_slice text, uint64_t now)
{
	uint8_t address[16], key[18];
	unsigned n = read_address(text, address);

	for (unsigned bits = 8 * n + 1; n != 0 && bits-- > 0;)
		if ((n == 4 ? x->bits4 : x->bits6)[bits] != 0 &&
		    add_found(x, ends, x->addresses, network_key(address, n, bits, key), now))
			return;
}

/* The nearest of the domain and those above it that is known: by the own log, else by a partner's. */
static bool
add_domain_of(const struct pv_doors *x, struct ends *ends, const struct pv_map *m,
    struct pv_slice domain, uint64_t now)
{
	struct pv_slice label;

	while (domain.n != 0) {
		if (add_found(x, ends, m, domain, now))
			return true;
		if (!pv_slice_next(&domain, '.', &label))
			break;
	}
	return false;
}

static void
add_domain(const struct pv_doors *x, struct ends *ends, struct pv_slice domain, uint64_t now)
{
	static const struct pv_slice six = { "ipv6:", 5 };

	if (domain.n > 2 && domain.p[0] == '[' && domain.p[domain.n - 1] == ']') {
		domain = pv_slice_sub(domain, 1, domain.n - 1);
		if (pv_slice_starts(domain, six))
			domain = pv_slice_sub(domain, six.n, domain.n);
		add_address(x, ends, domain, now);
		return;
	}
	while (domain.n != 0 && domain.p[domain.n - 1] == '.')
		domain.n--;
	if (!add_domain_of(x, ends, x->domains, domain, now))
		add_domain_of(x, ends, x->foreign, domain, now);
}

/*
 * Every domain that an address names, that behind a '%' or before a '!' too: a mail server on the way may send it there.
 * A text without '@' is a domain.
 */
static void
add_mail(const struct pv_doors *x, struct ends *ends, struct pv_slice address, uint64_t now,
    struct pv_arena *a)
{
	struct pv_slice text = lower(address, a);
	size_t from = 0;

	if (text.n != 0 && text.p[0] == '.')
		text = pv_slice_sub(text, 1, text.n);
	for (size_t i = 0; i <= text.n; i++) {
		char c = i < text.n ? text.p[i] : '\0';

		if (c != '@' && c != '%' && c != '!' && c != ',' && c != ':' && c != '\0')
			continue;
		/* in an address literal there are colons */
		if (c == ':' && from < i && text.p[from] == '[')
			continue;
		if (c == '!' || from != 0 || c == '\0')
			add_domain(x, ends, pv_slice_sub(text, from, i), now);
		from = i + 1;
	}
}

/* ---- the decision ---- */

struct room {
	struct pv_desk *d;
	const struct pv_door_ask *ask;
	struct pv_slice house;
	struct pv_arena *a;
	struct pv_door_answer *out;
};

static bool
is_own(const struct room *r, struct pv_slice party)
{
	const struct pv_record *genesis = r->d->own.state->genesis;

	return genesis != NULL && pv_name_under(party, genesis->genesis.root);
}

static bool
one_party(struct pv_slice x, struct pv_slice y)
{
	return pv_name_under(x, y) || pv_name_under(y, x);
}

/*
 * Of what a route does not say, only an order counts that has no such scope, or that names channels (this one is among
 * them, else it would not cover).
 */
static bool
counts(const struct room *r, const struct pv_order *o)
{
	if (o->has_channels)
		return true;
	return (o->topic.n == 0 || r->ask->topic.n != 0) &&
	       (o->region.n == 0 || r->ask->region.n != 0) &&
	       (!o->has_purposes || r->ask->purpose.n != 0);
}

static void
tell(struct room *r, const struct pv_record *order)
{
	const struct pv_fact *issuer = pv_state_party(r->d->own.state, order->issuer);

	if (!order->order.is_public || r->out->order.n != 0)
		return;
	r->out->order = pv_arena_copy(r->a, order->id);
	r->out->issuer = pv_arena_copy(r->a, order->issuer);
	r->out->desk = issuer != NULL ? pv_arena_copy(r->a, issuer->r->party.desk) : PV_NO_SLICE;
}

static void
say(struct room *r, enum pv_door_say what, struct pv_slice giver, struct pv_slice taker)
{
	if (what >= r->out->say)
		return;
	r->out->say = what;
	/* who is who may be made again before the answer is used */
	r->out->giver = pv_arena_copy(r->a, giver);
	r->out->taker = pv_arena_copy(r->a, taker);
}

static struct pv_case
case_of(const struct room *r, struct pv_slice giver, struct pv_slice taker)
{
	struct pv_case c = { .recipient = taker,
		.purpose = r->ask->purpose,
		.channel = r->ask->channel,
		.side = PV_SIDE_TAKE };

	c.matter.originator = giver;
	if (r->ask->topic.n != 0)
		c.matter.topics = (struct pv_names){ &r->ask->topic, 1 };
	if (r->ask->region.n != 0)
		c.matter.regions = (struct pv_names){ &r->ask->region, 1 };
	return c;
}

/*
 * Between two of the own authority a stale proof is no bar: what is known of orders is. A proof that cannot be made is no
 * proof.
 */
static PV_RESULT
judge(struct room *r, struct pv_case *c, bool inner, struct pv_judgement *j, struct pv_err *e)
{
	struct pv_err why;

	*j = (struct pv_judgement){ .decision.reason = PV_WHY_STALE };
	if (!pv_ok(pv_judge(r->d, c, r->a, j, &why)))
		*j = (struct pv_judgement){ .decision.reason = PV_WHY_STALE };
	if (!inner || j->decision.reason != PV_WHY_STALE)
		return PV_DONE;
	c->at = pv_home_now(r->d, &r->d->own);
	return pv_judge(r->d, c, r->a, j, e);
}

static PV_RESULT
look_at_pair(struct room *r, struct pv_slice giver, struct pv_slice taker, struct pv_err *e)
{
	bool inner = is_own(r, giver) && is_own(r, taker), any = false;
	struct pv_case c = case_of(r, giver, taker);
	struct pv_judgement j;

	if (one_party(giver, taker))
		return PV_DONE;
	r->out->known = true;
	PV_TRY(judge(r, &c, inner, &j, e));
	if (j.decision.reason == PV_WHY_STALE) {
		if (!inner)
			say(r, PV_DOOR_LATER, giver, taker);
		return PV_DONE;
	}
	for (size_t i = 0; i < j.decision.orders.n; i++) {
		if (!counts(r, &j.decision.orders.at[i].r->order))
			continue;
		tell(r, j.decision.orders.at[i].r);
		any = true;
	}
	if (any && r->out->say != PV_DOOR_REFUSE) {
		say(r, PV_DOOR_REFUSE, giver, taker);
		r->out->decision = pv_judgement_json(&j, r->a);
	}
	return PV_DONE;
}

static PV_RESULT
look_at_all(struct room *r, const struct ends *givers, const struct ends *takers, struct pv_err *e)
{
	for (size_t i = 0; i < givers->n; i++)
		for (size_t k = 0; k < takers->n; k++)
			PV_TRY(look_at_pair(r, givers->at[i], takers->at[k], e));
	return PV_DONE;
}

static bool
all_own(const struct room *r, const struct ends *ends)
{
	for (size_t i = 0; i < ends->n; i++)
		if (!is_own(r, ends->at[i]))
			return false;
	return ends->n != 0;
}

/*
 * At delivery nobody knows who sent it: somebody of this house. One of them who is stopped makes it wait, so that
 * nothing passes in doubt and nothing is lost; the house itself being stopped refuses it.
 */
static PV_RESULT
somebody_of_house(struct room *r, const struct pv_doors *x, const struct ends *takers, uint64_t now,
    struct pv_err *e)
{
	struct pv_door_answer *out = r->out;

	for (size_t i = 0; i < x->senders.n && out->say == PV_DOOR_PASS; i++) {
		const struct known *k = &x->senders.at[i];
		struct ends one = { .at = { k->party }, .n = 1 };

		if (!pv_name_under(k->party, r->house) || !stands(k, now))
			continue;
		PV_TRY(look_at_all(r, &one, takers, e));
		if (out->say != PV_DOOR_REFUSE)
			continue;
		out->say = PV_DOOR_LATER;
		out->held = true;
	}
	return PV_DONE;
}

/* What leaves for somebody else is given by this house, and what comes for somebody else is taken by it. */
static PV_RESULT
mail(struct room *r, const struct pv_doors *x, uint64_t now, struct pv_err *e)
{
	struct ends givers = { 0 }, takers = { 0 };

	add_mail(x, &takers, r->ask->recipient, now, r->a);
	if (!r->ask->delivery) {
		add_mail(x, &givers, r->ask->sender, now, r->a);
		add_address(x, &givers, r->ask->address, now);
		add_found(x, &givers, x->keys, r->ask->spki, now);
	}
	if (!all_own(r, &takers)) {
		add_end(&givers, r->house);
		if (!r->ask->delivery)
			add_end(&takers, r->house);
	}
	PV_TRY(look_at_all(r, &givers, &takers, e));
	return r->ask->delivery && !all_own(r, &takers) ? somebody_of_house(r, x, &takers, now, e)
							: PV_DONE;
}

static PV_RESULT
web(struct room *r, const struct pv_doors *x, uint64_t now, struct pv_err *e)
{
	struct ends them = { 0 }, us = { .at = { r->house }, .n = 1 };

	add_address(x, &them, r->ask->address, now);
	add_found(x, &them, x->keys, r->ask->spki, now);
	for (size_t i = 0; i < r->ask->headers.n; i++)
		add_found(x, &them, x->headers, lower(r->ask->headers.at[i], r->a), now);
	if (r->ask->direction != PV_TAKE_IN)
		PV_TRY(look_at_all(r, &us, &them, e));
	if (r->ask->direction != PV_GIVE)
		PV_TRY(look_at_all(r, &them, &us, e));
	return PV_DONE;
}

struct pv_slice
pv_door_reference(const struct pv_desk *d, struct pv_arena *a)
{
	uint8_t b[4];

	d->env.random(d->env.ctx, b, sizeof(b));
	return pv_arena_printf(a, "%02X%02X-%02X%02X", b[0], b[1], b[2], b[3]);
}

PV_RESULT
pv_desk_door(struct pv_desk *d, const struct pv_door_ask *ask, struct pv_arena *a,
    struct pv_door_answer *out, struct pv_err *e)
{
	struct room r = { .d = d, .ask = ask, .a = a, .out = out };
	const struct pv_doors *x = who_is_who(d);
	uint64_t now = pv_home_now(d, &d->own);
	struct pv_status st;

	*out = (struct pv_door_answer){ .say = PV_DOOR_REFUSE };
	r.house = ask->house.n != 0 ? ask->house : d->party;
	/* one that is not known would be met by no order */
	if (!is_own(&r, r.house) || pv_state_party(d->own.state, r.house) == NULL)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no party of this authority",
				     PV_FMT(r.house)),
		    e, "house");
	out->say = PV_DOOR_PASS;
	st = pv_slice_is(ask->channel, "mail") ? mail(&r, x, now, e) : web(&r, x, now, e);
	if (!pv_ok(st)) {
		out->say = PV_DOOR_REFUSE;
		return st;
	}
	if (out->say != PV_DOOR_PASS)
		out->reference = pv_door_reference(d, a);
	return PV_DONE;
}

/* The parties, not the persons: an envelope may say anything. */
struct pv_slice
pv_door_detail(
    const struct pv_door_ask *ask, const struct pv_door_answer *answer, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "channel", ask->channel);
	pv_jsonw_str(&w, "from", answer->giver);
	pv_jsonw_str(&w, "reference", answer->reference);
	pv_jsonw_str(&w, "to", answer->taker);
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}
