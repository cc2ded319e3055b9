/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random worlds: small, crowded, and full of edges. A handful of names in every
 * tree, so that rules and requests meet often; all times are tens from 0 to
 * 100, so that they fall together. Names that take effect late or end are used
 * by rules only while they stand, as a log would have it.
 */
#include "world.h"

uint64_t
chance_next(struct chance *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
chance_below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

bool
chance_one_in(struct chance *c, uint64_t n)
{
	return chance_below(c, n) == 0;
}

static const char *const parties[] = { "a", "a.x", "a.x.y", "a.x.y.z", "a.w", "a-x", "b", "b.x",
	"b.x.y", "b.v", "c", "c.x", "c.joint", "d", "late", "gone", "nobody", "a.nobody", "",
	"b.x.a-service-whose-name-has-more-than-forty-four-letters" };
static const char *const topics[] = { "t", "t.a", "t.a.b", "t.c", "t-a", "u", "u.a", "late", "gone",
	"barred", "barred.x", "unheard", "" };
static const char *const regions[] = { "g", "g.a", "g.a.b", "h", "late", "gone", "barred",
	"unheard", "" };
static const char *const purposes[] = { "p", "p.a", "p.a.b", "p.c", "q", "force", "force.x", "late",
	"gone", "unheard", "" };
static const char *const channels[] = { "m", "m.a", "n", "late", "gone", "barred", "unheard", "" };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static bool
declared(const char *name)
{
	return name[0] != '\0' && strstr(name, "nobody") == NULL && strcmp(name, "unheard") != 0;
}

/* A name that a rule may use for these times; late is declared at 50, gone ends at 50. */
static struct pv_slice
pick_declared(struct chance *c, const char *const *list, size_t n, uint64_t since, uint64_t ended)
{
	for (;;) {
		const char *name = list[chance_below(c, n)];
		if (!declared(name) || (strcmp(name, "late") == 0 && since < 50) ||
		    (strcmp(name, "gone") == 0 && (since < 10 || ended > 50)))
			continue;
		return pv_slice_of(name);
	}
}

static struct pv_slice
pick(struct chance *c, const char *const *list, size_t n)
{
	return pv_slice_of(list[chance_below(c, n)]);
}

static struct pv_names
some(struct chance *c, struct pv_arena *a, size_t least, size_t most, const char *const *list,
    size_t n, uint64_t since, uint64_t ended)
{
	size_t count = least + chance_below(c, most - least + 1);
	struct pv_slice *at = pv_arena_alloc_n(a, count + 1, sizeof(*at));

	for (size_t i = 0; i < count; i++)
		at[i] =
		    since == PV_NEVER ? pick(c, list, n) : pick_declared(c, list, n, since, ended);
	return (struct pv_names){ at, count };
}
#define SOME_DECLARED(c, a, least, most, list, since, ended) \
	some(c, a, least, most, list, COUNT(list), since, ended)
#define SOME(c, a, least, most, list) some(c, a, least, most, list, COUNT(list), PV_NEVER, PV_NEVER)

/* As pick_declared(), but for half of them one that is above others. */
static struct pv_slice
pick_broad(struct chance *c, const char *const *list, size_t n, uint64_t since, uint64_t ended)
{
	struct pv_slice name = pick_declared(c, list, n, since, ended);

	while (chance_one_in(c, 2) && pv_name_parent(name).n != 0)
		name = pv_name_parent(name);
	return name;
}

static uint64_t
some_time(struct chance *c)
{
	return 10 * chance_below(c, 11);
}

/* ---- the world ------------------------------------------------------------------------------ */

struct making {
	struct world *w;
	struct pv_state *s;
	struct chance c;
	bool crowd; /* rules are between a and b */
	bool skips; /* some parties are not declared, though rules name them */
};

/* Who acts in a log is under its root. */
static struct pv_slice
some_issuer(struct making *m)
{
	for (;;) {
		struct pv_slice name = pick_declared(&m->c, parties, COUNT(parties), 0, PV_NEVER);
		if (m->s->genesis == NULL || pv_name_under(name, m->s->genesis->genesis.root))
			return name;
	}
}

static void
declare(struct making *m, struct pv_record r, const char *name)
{
	bool late = strcmp(name, "late") == 0, gone = strcmp(name, "gone") == 0;
	struct pv_fact *f = world_add(m->w, m->s, r, late ? 50 : gone ? 10 : 0);

	if (!gone)
		return;
	f->ended = 50;
	if (chance_one_in(&m->c, 2))
		world_add(m->w, m->s, r, 70);
}

static void
declare_parties(struct making *m)
{
	for (size_t i = 0; i < COUNT(parties); i++) {
		struct pv_record r = { .kind = PV_PARTY, .issuer = PV_SLICE("a") };
		if (!declared(parties[i]) || (m->skips && chance_one_in(&m->c, 12)))
			continue;
		r.party.name = pv_slice_of(parties[i]);
		if (chance_one_in(&m->c, 6))
			r.party.members = SOME_DECLARED(&m->c, m->w->a, 1, 2, parties, 10, 10);
		if (chance_one_in(&m->c, 8))
			r.party.was = SOME_DECLARED(&m->c, m->w->a, 1, 1, parties, 0, PV_NEVER);
		declare(m, r, parties[i]);
	}
}

static void
declare_terms(struct making *m, enum pv_tree tree, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pv_record r = { .kind = PV_TERM, .issuer = PV_SLICE("a") };
		if (!declared(list[i]))
			continue;
		r.term.tree = tree;
		r.term.name = pv_slice_of(list[i]);
		r.term.not_grantable =
		    strcmp(list[i], "force") == 0 || strcmp(list[i], "barred") == 0;
		declare(m, r, list[i]);
	}
}

/* So many names that a mask has no bit for each. */
static void
declare_fillers(struct making *m, enum pv_tree tree, const char *above, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		world_term(m->w, m->s, tree, pv_arena_printf(m->w->a, "%s.filler%02u", above, i).p);
}

static void
add_condition(struct making *m, const char *id)
{
	struct pv_record r = { .kind = PV_CONDITION, .id = pv_slice_of(id) };
	uint64_t since = some_time(&m->c) / 2;
	struct pv_fact *f;
	size_t words = chance_below(&m->c, 7);

	r.issuer = some_issuer(m);
	r.condition.attestors = SOME_DECLARED(&m->c, m->w->a, 1, 3, parties, 0, PV_NEVER);
	r.condition.quorum = 1 + chance_below(&m->c, 2);
	r.condition.window_s = 10 * chance_below(&m->c, 4);
	f = world_add(m->w, m->s, r, since);
	if (chance_one_in(&m->c, 10))
		f->ended = some_time(&m->c);
	for (size_t i = 0; i < words; i++) {
		struct pv_record att = { .kind = PV_ATTESTATION };
		att.issuer = r.condition.attestors.at[chance_below(&m->c, r.condition.attestors.n)];
		att.attestation.condition = r.id;
		att.attestation.status = chance_one_in(&m->c, 2) ? PV_SAYS_HOLDS : PV_SAYS_ENDED;
		att.attestation.observed = some_time(&m->c);
		since += 10 * chance_below(&m->c, 3);
		f = world_add(m->w, m->s, att, since);
		if (chance_one_in(&m->c, 8))
			f->ended = since + some_time(&m->c) + 1;
	}
}

static struct pv_slice
some_condition(struct making *m)
{
	static const char *const ids[] = { "c1", "c2", "c3", "c1", "c2", "missing" };

	return chance_one_in(&m->c, 4) ? pick(&m->c, ids, COUNT(ids)) : PV_NO_SLICE;
}

static struct pv_exceptions
some_exceptions(struct making *m, uint64_t since, uint64_t ended)
{
	size_t n = chance_one_in(&m->c, 2) ? 1 + chance_below(&m->c, 3) : 0;
	struct pv_exception *at = pv_arena_alloc_n(m->w->a, n, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		uint64_t parts = 1 + chance_below(&m->c, 31);
		if (m->crowd && chance_one_in(&m->c, 2)) { /* one that many share */
			at[i].purpose = PV_SLICE("p");
			at[i].counterpart = chance_one_in(&m->c, 2) ? PV_SLICE("b.x") : PV_NO_SLICE;
			continue;
		}
		if ((parts & 1) != 0)
			at[i].purpose =
			    pick_declared(&m->c, purposes, COUNT(purposes), since, ended);
		if ((parts & 2) != 0)
			at[i].topic = pick_declared(&m->c, topics, COUNT(topics), since, ended);
		if ((parts & 4) != 0)
			at[i].region = pick_declared(&m->c, regions, COUNT(regions), since, ended);
		if ((parts & 8) != 0)
			at[i].channel =
			    pick_declared(&m->c, channels, COUNT(channels), since, ended);
		if ((parts & 16) != 0)
			at[i].counterpart =
			    pick_declared(&m->c, parties, COUNT(parties), since, ended);
	}
	return (struct pv_exceptions){ at, n };
}

/* When a rule is in the log: since in *since, and its end, PV_NEVER for most. */
static uint64_t
some_stay(struct making *m, uint64_t *since)
{
	*since = 10 * chance_below(&m->c, 8);
	return chance_one_in(&m->c, 3) ? *since + 10 * (1 + chance_below(&m->c, 6)) : PV_NEVER;
}

static void
add_order(struct making *m)
{
	struct chance *c = &m->c;
	struct pv_record r = { .kind = PV_ORDER };
	struct pv_order *o = &r.order;
	uint64_t since, ended = some_stay(m, &since);
	bool wide = chance_one_in(c, 40);
	struct pv_fact *f;

	o->subject = SOME_DECLARED(c, m->w->a, wide ? 9 : 1, wide ? 12 : 2, parties, since, ended);
	o->counterpart =
	    SOME_DECLARED(c, m->w->a, wide ? 9 : 1, wide ? 12 : 2, parties, since, ended);
	if (m->crowd) {
		o->subject = world_names(m->w, "a");
		o->counterpart = world_names(m->w, chance_one_in(c, 4) ? "b.x" : "b");
	}
	r.issuer = some_issuer(m);
	o->kind = chance_one_in(c, 2) ? PV_SUSPEND : PV_RESTRICT;
	o->direction = (enum pv_direction)(1 + chance_below(c, 3));
	if (chance_one_in(c, 2))
		o->topic = pick_declared(c, topics, COUNT(topics), since, ended);
	if (chance_one_in(c, 2))
		o->region = pick_declared(c, regions, COUNT(regions), since, ended);
	o->has_purposes = chance_one_in(c, 2);
	if (o->has_purposes)
		o->purposes = SOME_DECLARED(c, m->w->a, 1, 3, purposes, since, ended);
	o->has_channels = chance_one_in(c, 4);
	if (o->has_channels)
		o->channels = SOME_DECLARED(c, m->w->a, 1, 2, channels, since, ended);
	o->except = some_exceptions(m, since, ended);
	o->effective = since + 10 * chance_below(c, 3);
	o->until = chance_one_in(c, 3) ? o->effective + 10 * (1 + chance_below(c, 5)) : 0;
	o->holds_while = some_condition(m);
	f = world_add(m->w, m->s, r, since);
	f->ended = ended;
	f->hold = chance_one_in(c, 6);
	if (f->hold &&
	    chance_one_in(c, 2)) /* signed times are days later in half of the requests */
		((struct pv_record *)(uintptr_t)f->r)->time = since + 10;
}

static void
add_agreement(struct making *m)
{
	struct chance *c = &m->c;
	struct pv_record r = { .kind = PV_AGREEMENT };
	struct pv_agreement *g = &r.agreement;
	uint64_t since, ended = some_stay(m, &since);
	bool plain = chance_one_in(c, 2); /* little said, much permitted */

	g->from = pick_broad(c, parties, COUNT(parties), since, ended);
	g->to = pick_broad(c, parties, COUNT(parties), since, ended);
	if (m->crowd) {
		g->from = PV_SLICE("a");
		g->to = PV_SLICE("b");
	}
	r.issuer = some_issuer(m);
	if (!plain && chance_one_in(c, 4))
		g->topic = pick_declared(c, topics, COUNT(topics), since, ended);
	if (!plain && chance_one_in(c, 4))
		g->region = pick_declared(c, regions, COUNT(regions), since, ended);
	g->purposes = SOME_DECLARED(c, m->w->a, 1, 3, purposes, since, ended);
	if (plain)
		g->purposes = world_names(m->w, chance_one_in(c, 2) ? "p" : "q p.a");
	g->has_channels = !plain && chance_one_in(c, 4);
	if (g->has_channels)
		g->channels = SOME_DECLARED(c, m->w->a, 1, 2, channels, since, ended);
	g->custody = chance_one_in(c, 2);
	g->not_before = since + (chance_one_in(c, 3) ? 10 * chance_below(c, 3) : 0);
	g->not_after = chance_one_in(c, 3) ? g->not_before + 10 * (1 + chance_below(c, 6)) : 0;
	if (!plain && chance_one_in(c, 2))
		g->holds_while = some_condition(m);
	if (chance_one_in(c, 6))
		g->require_identified =
		    chance_one_in(c, 2) ? PV_IDENTIFIED_SOME : PV_IDENTIFIED_ALL;
	world_add(m->w, m->s, r, since)->ended = ended;
}

static void
add_recall(struct making *m)
{
	struct pv_record r = { .kind = PV_RECALL };
	struct pv_fact *f;

	r.issuer = some_issuer(m);
	r.recall.report = chance_one_in(&m->c, 2) ? PV_SLICE("r1") : PV_SLICE("r2");
	f = world_add(m->w, m->s, r, some_time(&m->c));
	if (chance_one_in(&m->c, 3))
		f->ended = f->since + 10 * (1 + chance_below(&m->c, 4));
}

static void
add_peer(struct making *m, size_t log)
{
	struct pv_record r = { .kind = PV_PEER, .issuer = PV_SLICE("a") };
	struct pv_fact *f;

	r.peer.origin = m->w->logs[log]->origin;
	r.peer.names = SOME_DECLARED(&m->c, m->w->a, 1, 3, parties, 0, PV_NEVER);
	f = world_add(m->w, m->w->logs[0], r, chance_one_in(&m->c, 2) ? 0 : some_time(&m->c));
	if (chance_one_in(&m->c, 4))
		f->ended = f->since + 10 * (1 + chance_below(&m->c, 6));
}

static void
fill_log(struct making *m)
{
	size_t orders = chance_below(&m->c, 8), agreements = 8 + chance_below(&m->c, 24);

	declare_parties(m);
	declare_terms(m, PV_TOPIC, topics, COUNT(topics));
	declare_terms(m, PV_REGION, regions, COUNT(regions));
	declare_terms(m, PV_PURPOSE, purposes, COUNT(purposes));
	declare_terms(m, PV_CHANNEL, channels, COUNT(channels));
	if (chance_one_in(&m->c, 12)) {
		declare_fillers(m, PV_PURPOSE, "p.a", 140);
		declare_fillers(m, PV_CHANNEL, "m", 70);
	}
	add_condition(m, "c1");
	add_condition(m, "c2");
	add_condition(m, "c3");
	for (size_t i = 0; i < orders; i++)
		add_order(m);
	for (size_t i = 0; i < agreements; i++)
		add_agreement(m);
	for (size_t i = chance_below(&m->c, 3); i > 0; i--)
		add_recall(m);
	m->crowd = chance_one_in(&m->c, 20); /* lists so long that they are searched by trees */
	for (size_t i = 0; m->crowd && i < 120; i++)
		chance_one_in(&m->c, 2) ? add_order(m) : add_agreement(m);
	m->crowd = false;
}

struct world *
world_random(uint64_t seed)
{
	static const char *const origins[] = { "one", "two", "three" };
	static const char *const roots[] = { "a", "b", "c" };
	struct making m = { .w = world_new(), .c = { seed }, .skips = seed % 3 == 0 };
	size_t logs = chance_one_in(&m.c, 3) ? 2 + chance_below(&m.c, 2) : 1;
	bool bare = chance_one_in(&m.c, 2);

	for (size_t i = 0; i < logs; i++) {
		m.s = world_log(m.w, origins[i], bare ? "" : roots[i]);
		fill_log(&m);
	}
	for (size_t i = 1; i < logs; i++)
		if (!chance_one_in(&m.c, 8))
			add_peer(&m, i);
	return m.w;
}

/* ---- requests ------------------------------------------------------------------------------- */

static struct pv_slice
often_declared(struct chance *c, const char *const *list, size_t n)
{
	return chance_one_in(c, 10) ? pick(c, list, n) : pick_broad(c, list, n, 50, 50);
}

static void
matter_random(struct chance *c, struct pv_arena *a, struct pv_matter *m, unsigned depth)
{
	size_t sources = depth < 3 && chance_one_in(c, 10) ? 1 + chance_below(c, 2) : 0;
	struct pv_matter *of = pv_arena_alloc_n(a, sources, sizeof(*of));

	m->report = chance_one_in(c, 2)   ? PV_NO_SLICE
		    : chance_one_in(c, 2) ? PV_SLICE("r1")
					  : PV_SLICE("r2");
	m->originator =
	    often_declared(c, parties, chance_one_in(c, 2) ? 5 : COUNT(parties)); /* 5: below a */
	m->custodians = chance_one_in(c, 6) ? SOME(c, a, 1, 3, parties) : (struct pv_names){ 0 };
	if (!chance_one_in(c, 4))
		m->topics = SOME(c, a, 1, chance_one_in(c, 3) ? 3 : 1, topics);
	if (!chance_one_in(c, 4))
		m->regions = SOME(c, a, 1, chance_one_in(c, 3) ? 3 : 1, regions);
	if (chance_one_in(c, 12))
		m->never = SOME(c, a, 1, 2, purposes);
	m->has_releasable_to = chance_one_in(c, 16);
	if (m->has_releasable_to)
		m->releasable_to = SOME(c, a, 0, 3, parties);
	m->identified = (enum pv_identified)chance_below(c, 4);
	m->valid_until = chance_one_in(c, 12) ? some_time(c) : 0;
	for (size_t i = 0; i < sources; i++)
		matter_random(c, a, &of[i], depth + 1);
	m->sources = of;
	m->source_count = sources;
}

struct pv_request *
request_random(struct chance *c, struct pv_arena *a)
{
	struct pv_request *r = PV_ARENA_NEW(a, struct pv_request);

	matter_random(c, a, &r->matter, 0);
	r->recipient = often_declared(c, parties, COUNT(parties));
	r->purpose = often_declared(c, purposes, COUNT(purposes));
	r->channel = often_declared(c, channels, COUNT(channels));
	r->now_s = (chance_one_in(c, 2) ? some_time(c) : 50 + some_time(c) / 2) +
		   (chance_one_in(c, 4) ? 86400 : 0);
	r->signed_s = r->now_s;
	if (chance_one_in(c, 3))
		r->signed_s -= r->signed_s < 20 ? 0 : 10 * chance_below(c, 3);
	r->stale = chance_one_in(c, 200);
	r->side = chance_one_in(c, 10) ? PV_SIDE_TAKE : PV_SIDE_GIVE;
	return r;
}
