/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking, answering, opening. The recipient's home decides for its own orders
 * and signs a request; the originator's (or custodian's) home verifies,
 * decides, and answers; the recipient's proves the file against the label that
 * the originator signed before a byte of it is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/release.h"
#include "wire/exchange.h"
#include "wire/record.h"
#include "wire/signed.h"

#define REQUEST_LIFE_S (7 * 86400)
#define CHANNEL        PV_SLICE("exchange.courier")
#define VOICES_MAX     16
#define PERSON_MAX     256
#define NAME_MAX_BYTES 200
#define NOTES_BYTES \
	(96 * 1024) /* of orders that come with a refusal: a reply has a size that is read */
#define SAID_MAX   64
#define LOOK_BYTES (1024 * 1024)

/* ---- signed lines between homes ---- */

static PV_RESULT
sign_line(struct pv_desk *d, const struct pv_buf *line, struct pv_buf *note, struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *gateway = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_slice vkey_text;
	struct pv_vkey vkey;

	PV_TRY(pv_home_pair(d, "gateway", &gateway, &vkey_text, a, e));
	PV_TRY(pv_vkey_read(&vkey, vkey_text, e));
	pv_buf_add(&text, pv_buf_slice(line));
	pv_buf_add_c(&text, '\n');
	PV_TRY(pv_note_begin(note, pv_buf_slice(&text), e));
	return pv_note_sign(note, vkey.name, gateway, e);
}

/* The key records by which a note's signer may speak. */
struct voices {
	const struct pv_record *at[VOICES_MAX];
	size_t n;
};

static bool
signed_by(const struct pv_note *note, const struct pv_vkey *vkey)
{
	for (size_t i = 0; i < note->sig_count; i++)
		if (note->sigs[i].id == vkey->id && pv_slice_eq(note->sigs[i].name, vkey->name))
			return true;
	return false;
}

/*
 * Verifies a note with the keys that this log binds, now, for that use, and
 * says by which records they are bound. Nobody else's word counts.
 */
static PV_RESULT
verify_line(struct pv_desk *d, struct pv_slice bytes, const char *source, enum pv_use use,
    struct pv_arena *a, struct pv_slice *line, struct voices *who, struct pv_err *e)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];
	struct pv_note note;
	uint64_t now = pv_desk_now(d);

	who->n = 0;
	PV_TRY(pv_from(pv_note_read(&note, bytes, a, e), e, source));
	for (size_t i = 0; i < keys->n && who->n < VOICES_MAX; i++) {
		const struct pv_key *k = &keys->at[i]->r->key;
		struct pv_note_check check;
		struct pv_vkey vkey;

		if (k->use != use || !pv_fact_stands(keys->at[i], now) || now < k->from ||
		    (k->until != 0 && now >= k->until) || !pv_ok(pv_vkey_read(&vkey, k->key, e)) ||
		    !signed_by(&note, &vkey))
			continue;
		PV_TRY(pv_from(pv_note_verify(&note, &vkey, &check, 1, e), e, source));
		if (check.good)
			who->at[who->n++] = keys->at[i]->r;
	}
	if (who->n == 0)
		return pv_from(
		    pv_advise(
			PV_FAIL(e, PV_E_UNTRUSTED,
			    "signed by \"%.*s\", which no standing key record of %.*s binds to %s",
			    PV_FMT(note.sigs[0].name), PV_FMT(d->origin),
			    use == PV_USE_ISSUER ? "an issuer" : "a gateway"),
			e, "If it is a partner's, take its card: proviso peer add CARD"),
		    e, source);
	*line = pv_slice_sub(note.text, 0, note.text.n - 1);
	return PV_DONE;
}

static bool
speaks_for(const struct voices *who, struct pv_slice party)
{
	for (size_t i = 0; i < who->n; i++)
		if (pv_name_under(party, who->at[i]->key.party))
			return true;
	return false;
}

/* Whether a party's word is that of the authority whose log it is, by our own record of it. */
static bool
of_log(const struct pv_desk *d, struct pv_slice origin, struct pv_slice party)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	if (pv_slice_eq(origin, d->origin))
		return pv_name_under(party, d->party);
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		for (size_t k = 0; peers->at[i]->ended == PV_NEVER &&
				   pv_slice_eq(p->origin, origin) && k < p->names.n;
		     k++)
			if (pv_name_under(party, p->names.at[k]))
				return true;
	}
	return false;
}

static struct pv_slice
digest_of(struct pv_slice line, struct pv_arena *a)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(line, hex);
	return pv_arena_copy(a, pv_slice_of(hex));
}

/* ---- sealed files on the disk ---- */

struct opened_file {
	int fd;
	struct pv_sealed *sealed;
};

static void
close_file(struct opened_file *f)
{
	pv_sealed_free(f->sealed);
	if (f->fd > 0)
		close(f->fd);
}

static PV_RESULT
open_file(struct opened_file *f, const char *path, struct pv_err *e)
{
	struct stat st;

	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return PV_FAIL(e, PV_E_INPUT, "%s is not a file", path);
	return pv_from(
	    pv_sealed_open(&f->sealed, pv_report_file(&f->fd, (uint64_t)st.st_size), e), e, path);
}

static PV_RESULT
ours_only(const struct opened_file *f, const char *path, struct pv_err *e)
{
	if (!pv_sealed_policy(f->sealed)->ours)
		return PV_FAIL(e, PV_E_INPUT,
		    "%s is a sealed file, but it names no report of a Proviso originator", path);
	if (pv_sealed_manifest(f->sealed)->access_count != 1)
		return PV_FAIL(e, PV_E_UNTRUSTED, "%s asks for %zu keys; a report of ours has one",
		    path, pv_sealed_manifest(f->sealed)->access_count);
	return PV_DONE;
}

/* ---- ask ---- */

static const char *
request_key_path(struct pv_desk *d, struct pv_slice id, struct pv_arena *a)
{
	return pv_arena_printf(a, "%s/keys/request-%.*s.key", d->path, PV_FMT(id)).p;
}

/* The key that only this request's answer can be opened with; it is destroyed with the opening. */
static PV_RESULT
make_request_key(
    struct pv_desk *d, struct pv_exchange_request *r, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *file = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };

	PV_TRY(pv_wrap_key_new(&key, PV_KEY_P256, e));
	file = pv_wrap_key_file(r->id, key);
	PV_TRY(pv_keyfile_save(request_key_path(d, r->id, a), file, NULL, &d->env, e));
	pv_wrap_pub_write(&pem, pv_wrap_key_pub(key));
	r->client_key = pv_arena_copy(a, pv_buf_slice(&pem));
	return PV_DONE;
}

static PV_RESULT
new_request_id(struct pv_desk *d, struct pv_arena *a, struct pv_slice *id)
{
	uint8_t raw[16];
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add_str(&b, "q-");
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	*id = pv_arena_copy(a, pv_buf_slice(&b));
	return PV_DONE;
}

static struct pv_store_change
request_row(struct pv_desk *d, const struct pv_exchange_request *r, const char *state,
    struct pv_slice body, enum pv_store_op op)
{
	struct pv_store_change c = { .op = op, .table = PV_T_REQUESTS };

	(void)d;
	c.row.c[PV_C_REQUEST_ID] = PV_CELL_S(r->id);
	c.row.c[PV_C_REQUEST_REPORT] = PV_CELL_S(r->report);
	c.row.c[PV_C_REQUEST_PARTY] = PV_CELL_S(r->party);
	c.row.c[PV_C_REQUEST_STATE] = PV_CELL_S(pv_slice_of(state));
	c.row.c[PV_C_REQUEST_SECOND] = PV_CELL_N(r->time);
	c.row.c[PV_C_REQUEST_BODY] = PV_CELL_S(body);
	return c;
}

/*
 * A request that is over: its digest, not its text, which names a person whose data must be erasable. The random
 * part makes two answers given at the same moment two rows, of which the second is refused.
 */
static struct pv_store_change
closed_row(struct pv_desk *d, const struct pv_exchange_request *r, const char *state,
    struct pv_slice line, struct pv_arena *a, enum pv_store_op op)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t raw[16];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add(&b, digest_of(line, a));
	pv_buf_add_c(&b, ' ');
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	return request_row(d, r, state, pv_arena_copy(a, pv_buf_slice(&b)), op);
}

static PV_RESULT
fill_request(struct pv_desk *d, const struct pv_ask_ask *ask, const struct opened_file *f,
    struct pv_exchange_request *r, struct pv_arena *a, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(f->sealed);
	const struct pv_access *access = &pv_sealed_manifest(f->sealed)->access[0];
	uint64_t life = d->own.lease_s < REQUEST_LIFE_S ? d->own.lease_s : REQUEST_LIFE_S;

	*r = (struct pv_exchange_request){ .log = ask->of.n != 0 ? ask->of : policy->origin,
		.issuer = d->party,
		.party = ask->party.n != 0 ? ask->party : d->party,
		.person = ask->person,
		.purpose = ask->purpose,
		.channel = CHANNEL,
		.report = policy->report,
		.label = policy->label,
		.time = pv_desk_now(d),
		.kid = access->kid,
		.wrap_type = pv_slice_of(pv_access_type_name(access->type)),
		.wrapped = access->wrapped,
		.ephemeral = access->ephemeral,
		.policy = pv_sealed_manifest(f->sealed)->policy,
		.binding = access->binding };
	r->expires = r->time + life;
	PV_TRY(new_request_id(d, a, &r->id));
	return make_request_key(d, r, a, e);
}

/*
 * A unit that our own log does not declare counts as what is declared above it: core/ matches an undeclared party with
 * nothing, and so it would slip past our own orders.
 */
static PV_RESULT
as_declared(struct pv_desk *d, struct pv_slice party, struct pv_slice *out, struct pv_err *e)
{
	struct pv_slice name = party;

	while (name.n != 0 && pv_state_party(d->own.state, name) == NULL)
		name = pv_name_parent(name);
	if (name.n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "%.*s does not know \"%.*s\", nor any party above it",
			PV_FMT(d->origin), PV_FMT(party)),
		    e, "declare it: proviso party add %.*s", PV_FMT(party));
	*out = name;
	return PV_DONE;
}

/* Our own orders first. What is not known of the report (its topics, before the label is here) counts as covered. */
static PV_RESULT
judge_take(struct pv_desk *d, const struct pv_matter *m, struct pv_slice party,
    struct pv_slice purpose, struct pv_arena *a, struct pv_judgement *j, struct pv_case *c,
    struct pv_err *e)
{
	struct pv_slice *custodians = pv_arena_alloc_n(a, m->custodians.n, sizeof(*custodians));

	*c = (struct pv_case){
		.matter = *m, .purpose = purpose, .channel = CHANNEL, .side = PV_SIDE_TAKE
	};
	PV_TRY(as_declared(d, party, &c->recipient, e));
	PV_TRY(as_declared(d, m->originator, &c->matter.originator, e));
	for (size_t i = 0; i < m->custodians.n; i++)
		PV_TRY(as_declared(d, m->custodians.at[i], &custodians[i], e));
	c->matter.custodians.at = custodians;
	return pv_judge(d, c, a, j, e);
}

static PV_RESULT
check_asker(struct pv_desk *d, struct pv_slice party, struct pv_slice purpose, struct pv_err *e)
{
	if (!pv_name_under(party, d->party))
		return PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
		    PV_FMT(d->party), PV_FMT(party));
	if (purpose.n == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "a purpose must be stated"), e,
		    "say what it is for: --purpose PURPOSE");
	if (pv_state_term(d->own.state, PV_PURPOSE, purpose) == NULL)
		return PV_FAIL(e, PV_E_INPUT, "unknown purpose \"%.*s\"",
		    PV_FMT(purpose)); /* none is suggested (UX 2) */
	return PV_DONE;
}

static PV_RESULT
refused_here(struct pv_desk *d, const struct pv_judgement *j, const struct pv_case *c,
    struct pv_slice report, struct pv_slice person, struct pv_arena *a, struct pv_told *told,
    struct pv_err *e)
{
	struct pv_released r = { .judgement = *j };
	struct pv_journal_entry entry = { .kind = "refused",
		.report = report,
		.party = c->recipient,
		.person = person,
		.purpose = c->purpose,
		.decision = pv_judgement_json(j, a) };
	bool first;

	PV_TRY(pv_journal_refusal(d, &entry, NULL, 0, a, &r.journalled, &first, e));
	return pv_tell(d, &r, d->party, a, told, e);
}

/* Whose log that is, by our own record of it. */
static struct pv_names
custodian_of(const struct pv_desk *d, struct pv_slice origin)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++)
		if (peers->at[i]->ended == PV_NEVER &&
		    pv_slice_eq(peers->at[i]->r->peer.origin, origin))
			return peers->at[i]->r->peer.names;
	return (struct pv_names){ 0 };
}

static PV_RESULT
ask_for(struct pv_desk *d, const struct pv_ask_ask *ask, const struct opened_file *f,
    struct pv_buf *request, struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(f->sealed);
	struct pv_matter m = { .report = policy->report, .originator = policy->originator };
	struct pv_journal_entry entry = { .kind = "asked",
		.report = policy->report,
		.person = ask->person,
		.purpose = ask->purpose,
		.label = policy->label };
	struct pv_slice party = ask->party.n != 0 ? ask->party : d->party;
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_journalled journalled;
	struct pv_exchange_request r;
	struct pv_store_change row;
	struct pv_judgement j;
	struct pv_case c;

	out->report = pv_arena_copy(a, policy->report);
	out->originator = pv_arena_copy(a, policy->originator);
	PV_TRY(check_asker(d, party, ask->purpose, e));
	if (ask->of.n != 0 && !pv_slice_eq(ask->of, policy->origin))
		m.custodians = custodian_of(d, ask->of);
	PV_TRY(judge_take(d, &m, party, ask->purpose, a, &j, &c, e));
	if (j.decision.answer != PV_RELEASE)
		return refused_here(d, &j, &c, policy->report, ask->person, a, &out->refused, e);
	PV_TRY(fill_request(d, ask, f, &r, a, e));
	pv_exchange_request_write(&r, &line);
	row = request_row(d, &r, "asked", pv_buf_slice(&line), PV_OP_ADD);
	entry.party = party;
	entry.decision = pv_judgement_json(&j, a);
	PV_TRY(pv_journal_add(d, &entry, &row, 1, a, &journalled, e));
	PV_TRY(sign_line(d, &line, request, e));
	out->made = true;
	out->request_id = r.id;
	return PV_DONE;
}

PV_RESULT
pv_desk_ask(struct pv_desk *d, const struct pv_ask_ask *ask, struct pv_buf *request,
    struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e)
{
	struct opened_file f = { 0 };
	struct pv_status st;

	*out = (struct pv_ask_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	st = open_file(&f, ask->sealed_path, e);
	if (pv_ok(st))
		st = ours_only(&f, ask->sealed_path, e);
	if (pv_ok(st))
		st = ask_for(d, ask, &f, request, a, out, e);
	close_file(&f);
	return st;
}

/* ---- answer ---- */

/* Words from outside that go into the journal and the store. */
static PV_RESULT
check_words(const struct pv_exchange_request *r, struct pv_err *e)
{
	bool id = r->id.n == 34 && pv_slice_starts(r->id, PV_SLICE("q-"));

	for (size_t i = 2; id && i < r->id.n; i++)
		id = (r->id.p[i] >= '0' && r->id.p[i] <= '9') ||
		     (r->id.p[i] >= 'a' && r->id.p[i] <= 'f');
	if (!id)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"q-\" and 32 hex digits are wanted"), e, "id");
	if (r->person.n > PERSON_MAX)
		return pv_within(
		    PV_FAIL(e, PV_E_LIMIT, "%d bytes at most", PERSON_MAX), e, "person");
	if (r->party.n > NAME_MAX_BYTES || r->purpose.n > NAME_MAX_BYTES ||
	    r->report.n > NAME_MAX_BYTES || r->issuer.n > NAME_MAX_BYTES)
		return PV_FAIL(e, PV_E_LIMIT, "a name of more than %d bytes", NAME_MAX_BYTES);
	return PV_DONE;
}

/* Who vouches, for whom, for what: one and the same key record must allow all of it. */
static PV_RESULT
check_passport(const struct pv_exchange_request *r, const struct voices *who, struct pv_err *e)
{
	bool party = false;

	for (size_t i = 0; i < who->n; i++) {
		const struct pv_key *k = &who->at[i]->key;
		bool may = k->purposes.n == 0;

		if (!pv_name_under(r->issuer, k->party) || !pv_name_under(r->party, r->issuer))
			continue;
		party = true;
		for (size_t p = 0; p < k->purposes.n; p++)
			may = may || pv_name_under(r->purpose, k->purposes.at[p]);
		if (may)
			return PV_DONE;
	}
	if (party)
		return PV_FAIL(e, PV_E_INPUT, "this key may not vouch for the purpose it states");
	return PV_FAIL(e, PV_E_UNTRUSTED, "this key vouches for %.*s, and not as %.*s for %.*s",
	    PV_FMT(who->at[0]->key.party), PV_FMT(r->issuer), PV_FMT(r->party));
}

/* The passport: who vouches, for whom, for us, now, and only once. */
static PV_RESULT
check_request(struct pv_desk *d, const struct pv_exchange_request *r, const struct voices *who,
    struct pv_err *e)
{
	uint64_t now = pv_desk_now(d);
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_row row = { .c[PV_C_REQUEST_ID] = PV_CELL_S(r->id) };
	bool found;

	PV_TRY(check_words(r, e));
	if (!pv_slice_eq(r->log, d->origin))
		return PV_FAIL(e, PV_E_INPUT, "this request is for %.*s, not for %.*s",
		    PV_FMT(r->log), PV_FMT(d->origin));
	PV_TRY(check_passport(r, who, e));
	/* What comes as a file came by courier, whatever it says: a channel is how, not a wish. */
	if (!pv_slice_eq(r->channel, CHANNEL))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this request came as a file, and says \"%.*s\"",
			PV_FMT(pv_slice_sub(r->channel, 0, NAME_MAX_BYTES))),
		    e, "channel");
	if (r->time > now + 300)
		return PV_FAIL(e, PV_E_INPUT,
		    "this request is from the future: one of the two clocks is wrong");
	if (r->expires <= now || r->expires <= r->time || r->expires - r->time > REQUEST_LIFE_S)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "this request has expired"), e, "Ask anew: proviso ask");
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_REQUESTS, &row, a, &found, e));
	if (found)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "request %.*s was answered before", PV_FMT(r->id)), e,
		    "Each opening needs a request of its own");
	return PV_DONE;
}

/* Which of our two keys the file was sealed to. What names neither is refused where kas is tried. */
static PV_RESULT
sealed_to(struct pv_desk *d, struct pv_slice kid, struct pv_wrap_key **out, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;

	if (!pv_home_has_key(d, "kas-ec"))
		return pv_home_wrap_key(d, "kas", out, e);
	PV_TRY(pv_home_wrap_key(d, "kas-ec", &key, e));
	if (!pv_slice_is(kid, pv_wrap_pub_kid(pv_wrap_key_pub(key))))
		return pv_home_wrap_key(d, "kas", out, e);
	*out = PV_TAKE(key);
	return PV_DONE;
}

/* The share of the payload key, once it is sure that the request speaks of the file that was sealed for this report. */
static PV_RESULT
find_share(struct pv_desk *d, const struct pv_exchange_request *r, const struct pv_kept *h,
    struct pv_secret **share, struct pv_arena *a, struct pv_err *e)
{
	struct pv_access access = { .type = pv_access_type_of(r->wrap_type),
		.url = d->kas_url,
		.kid = r->kid,
		.wrapped = r->wrapped,
		.ephemeral = r->ephemeral,
		.binding = r->binding };
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *s = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	struct pv_kas kas = { 0 };
	struct pv_policy policy;

	if (access.type == PV_ACCESS_RSA && r->ephemeral.n != 0)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "a key that is wrapped by RSA has no ephemeral key");
	PV_TRY(pv_policy_read(&policy, r->policy, a, e));
	if (!policy.ours || !pv_slice_eq(policy.report, h->label.id) ||
	    !pv_slice_eq(policy.label, h->digest) || !pv_slice_eq(r->label, h->digest))
		return pv_advise(PV_FAIL(e, PV_E_UNTRUSTED,
				     "the file's label is not the one that was signed for %.*s",
				     PV_FMT(h->label.id)),
		    e, "Somebody changed the file. Keep it as evidence");
	if (h->share.n == 0) {
		PV_TRY(sealed_to(d, r->kid, &key, e));
		kas.key = key;
		return pv_share_unwrap(share, &kas, &access, r->policy, e);
	}
	PV_TRY(pv_home_wrap_key(
	    d, "kas", &key, e)); /* in custody: wrapped to our own when it was taken */
	if (!pv_base64_read(&wrapped, h->share, PV_BASE64))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the key kept for %.*s is damaged", PV_FMT(h->label.id));
	PV_TRY(pv_unwrap(&s, key, pv_buf_slice(&wrapped), PV_NO_SLICE, e));
	PV_TRY(pv_share_check(s, &access, r->policy, e));
	*share = PV_TAKE(s);
	return PV_DONE;
}

static void
fill_reply(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    const struct pv_released *rel, struct pv_arena *a, struct pv_exchange_reply *reply)
{
	*reply = (struct pv_exchange_reply){ .request = r->id,
		.digest = digest_of(line, a),
		.log = d->origin,
		.issuer = d->party,
		.report = r->report,
		.time = pv_desk_now(d),
		.journal = d->journal,
		.journal_index = rel->journalled.index };
}

/* Notes of the orders that the caller may know, so that it can read who may lift them. */
static PV_RESULT
public_notes(struct pv_desk *d, const struct pv_judgement *j, struct pv_names orders,
    struct pv_arena *a, struct pv_names *out, struct pv_err *e)
{
	struct pv_slice *at = pv_arena_alloc_n(a, orders.n, sizeof(*at));
	size_t n = 0, bytes = 0;

	for (size_t i = 0; i < j->decision.orders.n && n < orders.n; i++) {
		const struct pv_ref *ref = &j->decision.orders.at[i];
		struct pv_store_row row = { 0 };
		struct pv_slice note;
		bool found;

		if (!ref->r->order.is_public)
			continue;
		PV_TRY(pv_act_standing(
		    d, j->stood[ref->origin].log->origin, ref->r->id, a, &row, &found, e));
		note = pv_act_row_note(row.c[PV_C_ACT_BODY].s);
		if (found && bytes + note.n <= NOTES_BYTES) {
			bytes += note.n;
			at[n++] = note;
		}
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static PV_RESULT
write_reply(
    struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	pv_exchange_reply_write(reply, &line);
	return sign_line(d, &line, out, e);
}

static PV_RESULT
reply_refusal(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    const struct pv_released *rel, struct pv_buf *out, struct pv_arena *a,
    struct pv_answer_answer *answer, struct pv_err *e)
{
	struct pv_exchange_reply reply;
	struct pv_told told;

	PV_TRY(pv_tell(d, rel, r->party, a, &told, e));
	fill_reply(d, r, line, rel, a, &reply);
	reply.reference = told.reference;
	if (told.entitled) {
		reply.reason = pv_slice_of(pv_reason_name(told.why));
		reply.orders = told.orders;
		if (reply.orders.n > SAID_MAX)
			reply.orders.n = SAID_MAX;
		PV_TRY(public_notes(d, &rel->judgement, told.orders, a, &reply.order_notes, e));
	} else {
		reply.journal = PV_NO_SLICE;
		reply.journal_index = 0;
	}
	/* our own side sees the whole */
	return pv_ok(pv_tell(d, rel, d->party, a, &answer->refused, e))
		   ? write_reply(d, &reply, out, e)
		   : (struct pv_status){ e->code };
}

static PV_RESULT
reply_grant(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    const struct pv_kept *h, const struct pv_secret *share, const struct pv_released *rel,
    struct pv_buf *out, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf session = { 0 };
	struct pv_exchange_reply reply;

	fill_reply(d, r, line, rel, a, &reply);
	PV_TRY(pv_share_rewrap(&wrapped, &session, share, r->client_key, &d->env, e));
	reply.granted = true;
	reply.release = rel->release;
	reply.wrapped = pv_buf_slice(&wrapped);
	reply.session_key = pv_buf_slice(&session);
	reply.label = h->note;
	reply.terms = pv_terms_json(&rel->judgement, a);
	reply.agreements = pv_ref_ids(&rel->judgement.decision.agreements, a);
	if (reply.agreements.n > SAID_MAX)
		reply.agreements.n = SAID_MAX;
	reply.disclosures = rel->journalled.disclosures;
	return write_reply(d, &reply, out, e);
}

static PV_RESULT
check_client_key(const struct pv_exchange_request *r, struct pv_err *e)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *key = NULL;

	return pv_within(pv_wrap_pub_read(&key, r->client_key, e), e, "client_key");
}

/* Like any refusal, to whoever asked: that there is no such report is not for everybody to find out. */
static PV_RESULT
answer_unknown(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    const struct pv_store_change *row, struct pv_buf *out, struct pv_arena *a,
    struct pv_answer_answer *answer, struct pv_err *e)
{
	struct pv_case c = { .recipient = r->party, .purpose = r->purpose, .channel = r->channel };
	struct pv_kept none = { .label = { .id = r->report } };
	struct pv_releasing what = {
		.c = &c, .report = &none, .person = r->person, .rows = row, .row_count = 1
	};
	struct pv_released rel;

	PV_TRY(pv_release_unknown(d, &what, a, &rel, e));
	answer->unknown_report = true;
	answer->journal_index = rel.journalled.index;
	return reply_refusal(d, r, line, &rel, out, a, answer, e);
}

static PV_RESULT
answer_request(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    struct pv_buf *out, struct pv_arena *a, struct pv_answer_answer *answer, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_releasing what = { .person = r->person, .row_count = 1 };
	struct pv_case c = { .recipient = r->party, .purpose = r->purpose, .channel = r->channel };
	struct pv_store_change row = closed_row(d, r, "answered", line, a, PV_OP_ADD);
	struct pv_released rel;
	struct pv_kept h;
	struct pv_status st;
	bool found;

	PV_TRY(check_client_key(r, e));
	PV_TRY(pv_report_find(d, r->report, a, &h, &found, e));
	if (!found)
		return answer_unknown(d, r, line, &row, out, a, answer, e);
	PV_TRY(find_share(d, r, &h, &share, a, e));
	PV_TRY(pv_matter_of(d, &h.label, h.custodians, a, &c.matter, e));
	c.held_since = h.custodians.n != 0 ? h.created : 0;
	what.c = &c;
	what.report = &h;
	what.rows = &row;
	PV_TRY(pv_release(d, &what, a, &rel, e));
	answer->granted = rel.granted;
	answer->release = rel.release;
	answer->journal_index = rel.journalled.index;
	answer->agreements = pv_ref_ids(&rel.judgement.decision.agreements, a);
	answer->obligations = rel.judgement.obligations;
	if (!rel.granted)
		return reply_refusal(d, r, line, &rel, out, a, answer, e);
	st = reply_grant(d, r, line, &h, share, &rel, out, a, e);
	if (!pv_ok(st)) {
		struct pv_err other;

		pv_buf_clear(out);
		answer->granted = false;
		pv_ignore(pv_release_not_given(
		    d, &what, &rel, "the key could not be wrapped", a, &other));
	}
	return st;
}

PV_RESULT
pv_desk_answer(struct pv_desk *d, struct pv_slice request, const char *source, struct pv_buf *reply,
    struct pv_arena *a, struct pv_answer_answer *out, struct pv_err *e)
{
	struct pv_exchange_request r;
	struct voices who;
	struct pv_slice line;

	*out = (struct pv_answer_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(verify_line(d, request, source, PV_USE_ISSUER, a, &line, &who, e));
	PV_TRY(pv_from(pv_exchange_request_read(&r, line, a, e), e, source));
	PV_TRY(pv_from(check_request(d, &r, &who, e), e, source));
	out->request_id = r.id;
	out->report = r.report;
	out->party = r.party;
	out->person = r.person;
	out->purpose = r.purpose;
	return answer_request(d, &r, line, reply, a, out, e);
}

/* ---- open ---- */

/* The last look: right before the first byte, and again for each MiB. */
struct looking {
	struct pv_desk *d;
	const struct pv_case *c;
	struct pv_arena *a; /* of the newest judgement */
	struct pv_judgement j;
	int fd;
	uint64_t left, since; /* bytes that left, in all and since the last look */
	bool stopped;         /* by what j says */
};

static struct pv_status
put_looked_at(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	struct looking *l = ctx;

	while (bytes.n > 0) {
		struct pv_slice part = pv_slice_sub(bytes, 0, LOOK_BYTES);

		if (l->left == 0 || l->since + part.n > LOOK_BYTES) {
			pv_arena_reset(l->a);
			PV_TRY(pv_judge_again(l->d, l->c, l->a, &l->j, e));
			l->stopped = l->j.decision.answer != PV_RELEASE;
			l->since = 0;
		}
		if (l->stopped)
			return PV_FAIL(e, PV_E_DOWN,
			    "stopped after %llu bytes: it was looked at again, and is refused now",
			    (unsigned long long)l->left);
		PV_TRY(pv_report_sink(&l->fd).put(&l->fd, part, e));
		l->left += part.n;
		l->since += part.n;
		bytes = pv_slice_sub(bytes, part.n, bytes.n);
	}
	return PV_DONE;
}

/* An empty report is looked at too. */
static PV_RESULT
extract(struct looking *l, struct pv_sealed *sealed, struct pv_err *e)
{
	struct pv_seal_sink sink = { .put = put_looked_at, .ctx = l };

	PV_TRY(pv_judge_again(l->d, l->c, l->a, &l->j, e));
	l->stopped = l->j.decision.answer != PV_RELEASE;
	if (l->stopped)
		return PV_FAIL(e, PV_E_DOWN, "it was looked at again, and is refused now");
	return pv_sealed_extract(sealed, sink, NULL, e);
}

/* Every byte against the signed label. */
static PV_RESULT
prove_plain(struct pv_sealed *sealed, const struct pv_record *label, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	struct pv_seal_content content;

	PV_TRY(pv_sealed_verify(sealed, &content, e));
	pv_hex_write(&hex, pv_slice_mem(content.sha256, 32));
	if (!pv_slice_eq(pv_buf_slice(&hex), label->report.sha256) ||
	    content.size != label->report.size_bytes)
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "this is not the content that %.*s signed",
			PV_FMT(label->report.originator)),
		    e,
		    "Who opened it before could have sealed another text under the same key. Keep "
		    "it as evidence");
	return PV_DONE;
}

/* A new file, of what was proven; nothing is left of a broken one. */
static PV_RESULT
write_plain(struct looking *l, struct pv_sealed *sealed, const char *path, struct pv_err *e)
{
	bool standard = strcmp(path, "-") == 0;
	struct pv_status st;

	l->fd = standard ? dup(STDOUT_FILENO)
			 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot write %s: %s",
		    path, strerror(errno));
	st = extract(l, sealed, e);
	if (pv_ok(st) && !standard && fsync(l->fd) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	close(l->fd);
	if (!pv_ok(st) && !standard)
		unlink(path);
	return st;
}

/* A place that can be written to is looked for before the journal says that a key was given. */
static PV_RESULT
check_out_path(const char *path, struct pv_err *e)
{
	if (path == NULL)
		return PV_FAIL(e, PV_E_INPUT,
		    "where should the content go? -o FILE, or -o - for standard output");
	if (strcmp(path, "-") != 0 && access(path, F_OK) == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s is already there", path), e,
		    "Say another place: -o FILE");
	return PV_DONE;
}

static PV_RESULT
own_share(struct pv_desk *d, const struct opened_file *f, const struct pv_kept *h,
    struct pv_secret **share, struct pv_arena *a, struct pv_err *e)
{
	const struct pv_access *access = &pv_sealed_manifest(f->sealed)->access[0];
	struct pv_exchange_request r = { .label = pv_sealed_policy(f->sealed)->label,
		.kid = access->kid,
		.wrapped = access->wrapped,
		.wrap_type = pv_slice_of(pv_access_type_name(access->type)),
		.ephemeral = access->ephemeral,
		.policy = pv_sealed_manifest(f->sealed)->policy,
		.binding = access->binding };

	return find_share(d, &r, h, share, a, e);
}

/* What was granted is written out, or the journal says what became of it. */
static PV_RESULT
write_own(struct pv_desk *d, const struct pv_releasing *what, struct opened_file *f,
    const struct pv_secret *share, const char *path, struct pv_arena *a, struct pv_released *rel,
    struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *scratch = pv_arena_new();
	struct looking l = { .d = d, .c = what->c, .a = scratch };
	const struct pv_secret *shares = share;
	struct pv_status st = pv_sealed_unlock(f->sealed, &shares, 1, e);
	struct pv_err other;

	if (pv_ok(st))
		st = prove_plain(f->sealed, &what->report->label, e);
	if (pv_ok(st))
		st = write_plain(&l, f->sealed, path, e);
	if (pv_ok(st))
		return st;
	if (l.stopped) {
		PV_TRY(pv_judge_again(d, what->c, a, &rel->judgement,
		    e)); /* the same again, in an arena that stays */
		return pv_release_stop(d, what, l.left, a, rel, e);
	}
	if (l.left == 0 || strcmp(path, "-") != 0)
		pv_ignore(pv_release_not_given(
		    d, what, rel, "the file could not be opened or written", a, &other));
	return st;
}

/* A report of ours, or one held here: the same decision as for a partner. */
static PV_RESULT
open_own(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_case c = { .recipient = ask->party.n != 0 ? ask->party : d->party,
		.purpose = ask->purpose,
		.channel = CHANNEL };
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_releasing what = { .c = &c, .person = ask->person };
	struct opened_file f = { 0 };
	struct pv_released rel = { 0 };
	struct pv_status st;
	struct pv_kept h;
	bool found;

	PV_TRY(check_asker(d, c.recipient, c.purpose, e));
	PV_TRY(pv_report_find(d, pv_slice_of(ask->report), a, &h, &found, e));
	if (!found && access(ask->report, F_OK) == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "the sealed file \"%s\" needs a grant", ask->report), e,
		    "A partner's: proviso ask, then open it with --grant REPLY. One held here is "
		    "opened by its id: proviso report list");
	if (!found)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "no report and no file \"%s\" here", ask->report), e,
		    "See: proviso report list");
	PV_TRY(check_out_path(ask->out_path, e));
	PV_TRY(pv_matter_of(d, &h.label, h.custodians, a, &c.matter, e));
	c.held_since = h.custodians.n != 0 ? h.created : 0;
	what.report = &h;
	st = open_file(&f, pv_home_path(d, a, pv_arena_str(a, h.place)), e);
	if (pv_ok(st))
		st = ours_only(&f, ask->report, e);
	if (pv_ok(st))
		st = own_share(d, &f, &h, &share, a, e);
	if (pv_ok(st))
		st = pv_release(d, &what, a, &rel, e);
	if (pv_ok(st) && rel.granted)
		st = write_own(d, &what, &f, share, ask->out_path, a, &rel, e);
	close_file(&f);
	PV_TRY(st);
	out->opened = rel.granted;
	out->label = h.label;
	out->release = rel.release;
	out->journal_index = rel.journalled.index;
	out->agreements = pv_ref_ids(&rel.judgement.decision.agreements, a);
	out->obligations = rel.judgement.obligations;
	out->size_bytes = h.label.report.size_bytes;
	out->out_path = pv_slice_of(ask->out_path);
	return rel.granted ? PV_DONE : pv_tell(d, &rel, c.recipient, a, &out->refused, e);
}

/* Through whom it came, as the one who gave it says. */
static PV_RESULT
read_chain(const struct pv_json *doc, uint32_t list, struct pv_arena *a, struct pv_names *out,
    struct pv_err *e)
{
	struct pv_slice *at;
	size_t n = 0;

	if (list == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(doc, list)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "custodians: a list of parties is wanted");
	at = pv_arena_alloc_n(a, pv_json_at(doc, list)->count, sizeof(*at));
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		if (pv_json_at(doc, i)->type != PV_JSON_STRING ||
		    !pv_name_ok(pv_json_at(doc, i)->text))
			return PV_FAIL(e, PV_E_INPUT, "custodians: a list of parties is wanted");
		at[n++] = pv_arena_copy(a, pv_json_at(doc, i)->text);
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

/* The obligations as the originator wrote them; *custody when it lets us keep the report. */
static PV_RESULT
read_terms(struct pv_slice json, struct pv_arena *a, struct pv_obligations *out, bool *custody,
    struct pv_names *chain, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_obligation *list;
	size_t n = 0;

	*custody = false;
	*chain = (struct pv_names){ 0 };
	*out = (struct pv_obligations){ 0 };
	if (json.n == 0)
		return PV_DONE;
	PV_TRY(pv_json_read(&doc, json, PV_EXCHANGE_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "terms: a list is wanted");
	list = pv_arena_alloc_n(a, pv_json_at(doc, 0)->count, sizeof(*list));
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		uint32_t duty, within;

		if (pv_json_at(doc, i)->type != PV_JSON_OBJECT)
			return PV_FAIL(e, PV_E_INPUT, "terms: an object is wanted");
		duty = pv_json_member(doc, i, PV_SLICE("duty"));
		within = pv_json_member(doc, i, PV_SLICE("within"));
		if (pv_json_member(doc, i, PV_SLICE("grants")) != PV_JSON_NONE) {
			*custody = true;
			PV_TRY(read_chain(
			    doc, pv_json_member(doc, i, PV_SLICE("custodians")), a, chain, e));
		} else if (duty != PV_JSON_NONE) {
			struct pv_slice name = pv_json_at(doc, duty)->text;

			list[n].duty =
			    pv_slice_is(name, "report-outcome")         ? PV_REPORT_OUTCOME
			    : pv_slice_is(name, "no-onward")            ? PV_NO_ONWARD
			    : pv_slice_is(name, "delete-by")            ? PV_DELETE_BY
			    : pv_slice_is(name, "notify-originator")    ? PV_NOTIFY_ORIGINATOR
			    : pv_slice_is(name, "attribute")            ? PV_ATTRIBUTE
			    : pv_slice_is(name, "no-attribution")       ? PV_NO_ATTRIBUTION
			    : pv_slice_is(name, "human-identification") ? PV_HUMAN_IDENTIFICATION
									: PV_DUTY_NONE;
			if (within != PV_JSON_NONE && pv_json_at(doc, within)->integer > 0)
				list[n].within_s = (uint64_t)pv_json_at(doc, within)->integer;
			n++;
		}
	}
	*out = (struct pv_obligations){ list, n };
	return PV_DONE;
}

/* A note of the first order that stands against it, or nothing: one that a log we hold proves wrong is not shown. */
static PV_RESULT
told_order(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_arena *a,
    struct pv_record *out, struct pv_err *e)
{
	struct pv_slice note = reply->order_notes.n != 0 ? reply->order_notes.at[0] : PV_NO_SLICE;
	const char *end = note.n != 0 ? memchr(note.p, '\n', note.n) : NULL;
	const struct pv_slice *signers;
	struct pv_record r;
	struct pv_log *log;
	bool named = false;
	size_t n;

	if (end == NULL)
		return PV_DONE;
	PV_TRY(pv_record_read_text(&r, pv_slice_sub(note, 0, (size_t)(end - note.p)), 0, a, e));
	for (size_t i = 0; i < reply->orders.n; i++)
		named = named || pv_slice_eq(reply->orders.at[i], r.id);
	if (r.kind != PV_ORDER || !named)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the order that comes with the refusal is not one that it names");
	log = pv_home_log(d, r.log);
	if (log != NULL) {
		PV_TRY(pv_signed_verify(log->state, &r, note, a, &signers, &n, e));
		if (n == 0)
			return PV_FAIL(e, PV_E_UNTRUSTED,
			    "the order that comes with the refusal is signed by nobody that %.*s "
			    "knows",
			    PV_FMT(r.log));
	}
	*out = r;
	return PV_DONE;
}

/* What was said no to, as far as the originator told us. */
static PV_RESULT
told_by_reply(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_arena *a,
    struct pv_told *told, struct pv_err *e)
{
	*told = (struct pv_told){ .entitled = reply->reason.n != 0,
		.reference = reply->reference,
		.orders = reply->orders };
	for (int why = PV_WHY_STALE; why <= PV_WHY_NOT_BARRED; why++)
		if (pv_slice_is(reply->reason, pv_reason_name((enum pv_reason)why)))
			told->why = (enum pv_reason)why;
	return told_order(d, reply, a, &told->order, e);
}

/* The reply answers a request of ours, and comes from whom we asked. */
static PV_RESULT
own_request(struct pv_desk *d, const struct pv_exchange_reply *reply, const struct voices *who,
    struct pv_arena *a, struct pv_exchange_request *r, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_REQUEST_ID] = PV_CELL_S(reply->request) };
	bool found, asked = false;

	if (!speaks_for(who, reply->issuer))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "this key may not answer for %.*s", PV_FMT(reply->issuer));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_REQUESTS, &row, a, &found, e));
	if (found && pv_slice_is(row.c[PV_C_REQUEST_STATE].s, "used"))
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT,
			"the key of request %.*s is no longer here: its answer was used",
			PV_FMT(reply->request)),
		    e, "Each opening needs a request of its own: proviso ask");
	if (!found || !pv_slice_is(row.c[PV_C_REQUEST_STATE].s, "asked"))
		return PV_FAIL(e, PV_E_INPUT, "this answers request %.*s, which was not made here",
		    PV_FMT(reply->request));
	if (!pv_slice_eq(digest_of(row.c[PV_C_REQUEST_BODY].s, a), reply->digest))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "this answers another request than the one that was made here");
	PV_TRY(pv_exchange_request_read(r, row.c[PV_C_REQUEST_BODY].s, a, e));
	for (size_t i = 0; i < who->n; i++)
		asked = asked || (pv_name_under(reply->issuer, who->at[i]->key.party) &&
				     of_log(d, r->log, who->at[i]->key.party));
	if (!asked || !pv_slice_eq(reply->log, r->log))
		return PV_FAIL(e, PV_E_UNTRUSTED, "%.*s was asked, and this is signed for %.*s",
		    PV_FMT(r->log), PV_FMT(reply->issuer));
	if (!pv_slice_eq(reply->report, r->report))
		return PV_FAIL(e, PV_E_UNTRUSTED, "this answers about %.*s, and %.*s was asked for",
		    PV_FMT(reply->report), PV_FMT(r->report));
	return PV_DONE;
}

/* The label as its originator's gateway signed it, and as the file names it. */
static PV_RESULT
read_label(struct pv_desk *d, const struct pv_exchange_reply *reply, const struct pv_policy *policy,
    struct pv_arena *a, struct pv_kept *h, struct pv_err *e)
{
	struct voices who;
	struct pv_slice line;

	PV_TRY(verify_line(d, reply->label, "the label", PV_USE_GATEWAY, a, &line, &who, e));
	PV_TRY(pv_record_read_text(&h->label, line, 0, a, e));
	h->note = reply->label;
	h->digest = digest_of(line, a);
	if (h->label.kind != PV_REPORT || !speaks_for(&who, h->label.report.originator))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the label is not signed by its originator's gateway");
	if (!pv_slice_eq(h->digest, policy->label) || !pv_slice_eq(h->label.id, policy->report) ||
	    !pv_slice_eq(h->label.report.originator, policy->originator))
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED,
			"the label that was signed is not the one this file was sealed under"),
		    e, "Keep the file as evidence");
	if (d->own.state->genesis != NULL && d->own.state->genesis->exercise != h->label.exercise)
		return PV_FAIL(e, PV_E_INPUT,
		    h->label.exercise ? "this report is of an exercise, and this home is not"
				      : "this home is of an exercise, and this report is real");
	return PV_DONE;
}

static PV_RESULT
receive_share(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_secret **share,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *file = NULL;
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	const char *path = request_key_path(d, reply->request, a);

	if (access(path, F_OK) != 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT,
			"the key of request %.*s is no longer here: its answer was used",
			PV_FMT(reply->request)),
		    e, "Each opening needs a request of its own: proviso ask");
	PV_TRY(pv_keyfile_load(&file, path, e));
	PV_TRY(pv_wrap_key_load(&key, file, e));
	return pv_share_receive(share, key, reply->wrapped, reply->session_key, e);
}

/* ---- custody ---- */

static bool
in_chain(struct pv_names chain, struct pv_slice party)
{
	for (size_t i = 0; i < chain.n; i++)
		if (pv_slice_eq(chain.at[i], party))
			return true;
	return false;
}

/* Who had it before us, whoever gave it to us, us. */
static struct pv_names
lengthen(struct pv_names chain, const struct pv_record *label, struct pv_slice giver,
    struct pv_slice me, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, chain.n + 2, sizeof(*at));
	size_t n = chain.n;

	if (n != 0)
		memcpy(at, chain.at, n * sizeof(*at));
	if (!pv_name_under(label->report.originator, giver) && !in_chain(chain, giver))
		at[n++] = giver;
	at[n++] = me;
	return (struct pv_names){ at, n };
}

/* An id belongs to the report that had it first here. */
static PV_RESULT
check_held(
    struct pv_desk *d, const struct pv_kept *h, struct pv_arena *a, bool *held, struct pv_err *e)
{
	struct pv_kept other;

	PV_TRY(pv_report_find(d, h->label.id, a, &other, held, e));
	if (!*held)
		return PV_DONE;
	if (!pv_slice_eq(other.digest, h->digest))
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "another report is here under the id %.*s",
			PV_FMT(h->label.id)),
		    e, "Keep both files, and ask %.*s", PV_FMT(h->label.report.originator));
	if (pv_slice_is(other.state, "shared"))
		return PV_FAIL(e, PV_E_INPUT, "%.*s is a report of this home", PV_FMT(h->label.id));
	return PV_DONE;
}

static PV_RESULT
copy_sealed(const struct opened_file *f, const char *path, struct pv_arena *a, struct pv_err *e)
{
	const char *part = pv_arena_printf(a, "%s.part", path).p;
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct pv_seal_sink sink = pv_report_sink(&fd);
	struct pv_status st = PV_DONE;
	char bytes[65536];
	ssize_t n = 0;
	off_t at = 0;

	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	while (pv_ok(st) && (n = pread(f->fd, bytes, sizeof(bytes), at)) > 0) {
		st = sink.put(sink.ctx, pv_slice_mem(bytes, (size_t)n), e);
		at += n;
	}
	if (pv_ok(st) && (n < 0 || fsync(fd) != 0 || rename(part, path) != 0))
		st = PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	close(fd);
	if (!pv_ok(st))
		unlink(part);
	return st;
}

/*
 * Custody: the sealed file is kept as it is, its key wrapped to our own. The
 * place is named by the label's digest: a partner's id is no path of ours.
 */
static PV_RESULT
keep_report(struct pv_desk *d, const struct opened_file *f, const struct pv_secret *share,
    struct pv_kept *h, struct pv_store_change *row, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *kas = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	PV_TRY(pv_home_wrap_key(d, "kas", &kas, e));
	PV_TRY(pv_wrap_rsa(&wrapped, pv_wrap_key_pub(kas), share, e));
	pv_base64_write(&text, pv_buf_slice(&wrapped), PV_BASE64);
	h->share = pv_arena_copy(a, pv_buf_slice(&text));
	h->state = PV_SLICE("held");
	h->created = pv_desk_now(d);
	h->place = pv_arena_printf(a, "sealed/%.*s.tdf", PV_FMT(h->digest));
	PV_TRY(copy_sealed(f, pv_home_path(d, a, pv_arena_str(a, h->place)), a, e));
	*row = pv_report_row(h, pv_sealed_id(f->sealed), h->label.report.sha256, a);
	row->op = PV_OP_ADD;
	return PV_DONE;
}

/* ---- opening with a partner's answer ---- */

struct using
{
	struct pv_desk *d;
	const struct pv_open_ask *ask;
	const struct opened_file *f;
	const struct pv_exchange_reply *reply;
	const struct voices *who;
	struct pv_arena *a;
	struct pv_exchange_request r;
	struct pv_kept h;
	struct pv_case c;
	struct pv_judgement j;
	bool keep; /* and it is not here yet */
};

static struct pv_journal_entry
received_entry(const struct using *u, const char *kind)
{
	return (struct pv_journal_entry){ .kind = kind,
		.release = u->reply->release,
		.report = u->r.report,
		.party = u->r.party,
		.person = u->r.person,
		.purpose = u->r.purpose,
		.label = u->h.digest,
		.decision = pv_judgement_json(&u->j, u->a) };
}

/* It was received, and is refused after all: what was kept is let go with the entry that says so. */
static PV_RESULT
stop_using(
    struct using *u, const char *kind, uint64_t bytes, struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_journal_entry entry = received_entry(u, kind);
	struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_REPORTS };
	struct pv_journalled journalled;

	gone.row.c[PV_C_REPORT_ID] = PV_CELL_S(u->h.label.id);
	entry.detail = pv_arena_printf(u->a, "{\"bytes\":%llu}", (unsigned long long)bytes);
	PV_TRY(pv_journal_add(u->d, &entry, &gone, u->keep ? 1 : 0, u->a, &journalled, e));
	if (u->keep)
		unlink(pv_home_path(u->d, u->a, pv_arena_str(u->a, u->h.place)));
	return refused_here(u->d, &u->j, &u->c, u->r.report, u->r.person, u->a, &out->refused, e);
}

/* Used: the answer opens nothing any more, and who asked is in the journal alone. */
static PV_RESULT
close_request(struct using *u, struct pv_err *e)
{
	struct pv_store_change row =
	    closed_row(u->d, &u->r, "used", u->reply->digest, u->a, PV_OP_PUT);
	struct pv_store_submission sub = { .changes = &row, .n = 1 };
	struct pv_store_result r;
	bool moved;

	unlink(request_key_path(u->d, u->r.id, u->a));
	return pv_home_submit(u->d, &sub, &r, &moved, e);
}

static PV_RESULT
check_terms(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_names chain;
	bool custody, held = false;

	PV_TRY(read_terms(u->reply->terms, u->a, &out->obligations, &custody, &chain, e));
	if (!u->ask->keep)
		return PV_DONE;
	if (!custody)
		return PV_FAIL(e, PV_E_INPUT, "no agreement lets you keep %.*s and give it on",
		    PV_FMT(u->r.report));
	PV_TRY(check_held(u->d, &u->h, u->a, &held, e));
	u->keep = !held; /* what is held keeps the chain it came by */
	u->h.custodians = lengthen(chain, &u->h.label, u->who->at[0]->key.party, u->r.party, u->a);
	return PV_DONE;
}

/* All that can be known before the journal is written. */
static PV_RESULT
check_grant(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(u->f->sealed);
	struct pv_matter m;

	if (!pv_slice_eq(u->r.report, policy->report))
		return PV_FAIL(e, PV_E_INPUT,
		    "the answer is about report %.*s, the file holds %.*s", PV_FMT(u->r.report),
		    PV_FMT(policy->report));
	if (u->r.expires <= pv_desk_now(u->d))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "this answer has expired with its request"),
		    e, "Ask anew: proviso ask");
	PV_TRY(read_label(u->d, u->reply, policy, u->a, &u->h, e));
	PV_TRY(check_terms(u, out, e));
	/* Our own orders again, now that the label is known, and as they are now. */
	PV_TRY(pv_matter_of(u->d, &u->h.label, (struct pv_names){ 0 }, u->a, &m, e));
	if (!pv_name_under(m.originator, u->reply->issuer))
		m.custodians = (struct pv_names){ &u->reply->issuer, 1 }; /* who gives it to us */
	m.sources = NULL; /* whose sources they are is the originator's to judge */
	m.source_count = 0;
	return judge_take(u->d, &m, u->r.party, u->r.purpose, u->a, &u->j, &u->c, e);
}

static PV_RESULT
use_grant(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *scratch = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct looking l = { .d = u->d, .c = &u->c, .a = scratch };
	struct pv_journal_entry entry;
	struct pv_journalled journalled;
	const struct pv_secret *shares;
	struct pv_store_change row;
	struct pv_status st;
	struct pv_err other;

	PV_TRY(check_grant(u, out, e));
	if (u->j.decision.answer != PV_RELEASE)
		return refused_here(
		    u->d, &u->j, &u->c, u->r.report, u->r.person, u->a, &out->refused, e);
	PV_TRY(receive_share(u->d, u->reply, &share, u->a, e));
	shares = share;
	PV_TRY(pv_sealed_unlock(u->f->sealed, &shares, 1, e));
	PV_TRY(prove_plain(u->f->sealed, &u->h.label,
	    e)); /* what is not the originator's is neither kept nor said to be received */
	if (u->keep)
		PV_TRY(keep_report(u->d, u->f, share, &u->h, &row, u->a, e));
	entry = received_entry(u, "received");
	st = pv_journal_add(u->d, &entry, &row, u->keep ? 1 : 0, u->a, &journalled, e);
	if (!pv_ok(st)) {
		if (u->keep)
			unlink(pv_home_path(u->d, u->a, pv_arena_str(u->a, u->h.place)));
		return st;
	}
	st = write_plain(&l, u->f->sealed, u->ask->out_path, e);
	if (!pv_ok(st) && l.stopped) {
		PV_TRY(pv_judge_again(
		    u->d, &u->c, u->a, &u->j, e)); /* the same again, in an arena that stays */
		return stop_using(u, l.left == 0 ? "not-given" : "cut", l.left, out, e);
	}
	if (!pv_ok(st)) {
		entry = received_entry(u, "not-given");
		if (l.left == 0 || strcmp(u->ask->out_path, "-") != 0)
			pv_ignore(pv_journal_add(u->d, &entry, NULL, 0, u->a, &journalled, &other));
		return st;
	}
	PV_TRY(close_request(u, e));
	out->opened = true;
	out->label = u->h.label;
	out->release = u->reply->release;
	out->size_bytes = u->h.label.report.size_bytes;
	out->out_path = pv_slice_of(u->ask->out_path);
	out->journal_index = journalled.index;
	out->agreements = u->reply->agreements;
	return PV_DONE;
}

static PV_RESULT
open_with_grant(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct opened_file f = { 0 };
	struct pv_exchange_reply reply;
	struct voices who;
	struct using u = { .d = d, .ask = ask, .f = &f, .reply = &reply, .who = &who, .a = a };
	struct pv_slice line;
	struct pv_status st;

	PV_TRY(verify_line(d, ask->grant, ask->grant_source, PV_USE_GATEWAY, a, &line, &who, e));
	PV_TRY(pv_from(pv_exchange_reply_read(&reply, line, a, e), e, ask->grant_source));
	PV_TRY(pv_from(own_request(d, &reply, &who, a, &u.r, e), e, ask->grant_source));
	if (!reply.granted)
		return told_by_reply(d, &reply, a, &out->refused, e);
	PV_TRY(check_out_path(ask->out_path, e));
	st = open_file(&f, ask->report, e);
	if (pv_ok(st))
		st = ours_only(&f, ask->report, e);
	if (pv_ok(st))
		st = use_grant(&u, out, e);
	close_file(&f);
	return st;
}

PV_RESULT
pv_desk_open_report(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	*out = (struct pv_open_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	if (ask->grant.n != 0)
		return open_with_grant(d, ask, a, out, e);
	if (ask->purpose.n == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "a purpose must be stated"), e,
		    "say what it is for: --purpose PURPOSE");
	return open_own(d, ask, a, out, e);
}
