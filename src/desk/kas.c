/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each share goes through the same steps. Before anything is proved with a
 * private key: who asks is known, may state the purpose, did not just send many
 * shares that do not open, names a report that is here, and would get it. Then
 * the share is opened and its binding to the policy checked, and only then the
 * release is laid. What is wrong with a share is one error, "bad request",
 * whatever it is; it is in the journal, counted as refusals are.
 */
#include "desk/kas.h"

#include <stdio.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "desk/labels.h"
#include "desk/tdf.h"
#include "seal/policy.h"
#include "seal/share.h"

#define CALLERS 1024 /* whose failures are counted; two may share a place */

const char *const pv_rewrap_words[] = { "refused", "granted", "tampered", "invalid", "purpose",
	"limited", "failed", NULL };

/* ---- keys, loaded once ---- */

static const char *const key_names[] = { "kas-ec", "kas" };
#define KEYS 2

struct failures {
	uint64_t who, minute;
	unsigned n;
};

struct pv_kas_state {
	struct pv_wrap_key *keys[KEYS]; /* NULL: a home of an older version has no kas-ec */
	struct failures failures[CALLERS];
};

void
pv_kas_state_free(struct pv_kas_state *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < KEYS; i++)
		pv_wrap_key_free(s->keys[i]);
	pv_free(s);
}

static PV_RESULT
state_of(struct pv_desk *d, struct pv_kas_state **out, struct pv_err *e)
{
	struct pv_kas_state *s = d->kas;

	if (s == NULL) {
		s = PV_NEW(struct pv_kas_state);
		for (size_t i = 0; i < KEYS; i++) {
			struct pv_status st = PV_DONE;

			if (i != 0 || pv_home_has_key(d, key_names[i]))
				st = pv_home_wrap_key(d, key_names[i], &s->keys[i], e);
			if (!pv_ok(st)) {
				pv_kas_state_free(s);
				return st;
			}
		}
		d->kas = s;
	}
	*out = s;
	return PV_DONE;
}

PV_RESULT
pv_kas_own_key(
    struct pv_desk *d, struct pv_slice kid, const struct pv_wrap_key **out, struct pv_err *e)
{
	struct pv_kas_state *s;

	PV_TRY(state_of(d, &s, e));
	*out = kid.n == 0 ? s->keys[KEYS - 1] : NULL;
	for (size_t i = 0; i < KEYS; i++)
		if (s->keys[i] != NULL &&
		    pv_slice_is(kid, pv_wrap_pub_kid(pv_wrap_key_pub(s->keys[i]))))
			*out = s->keys[i];
	return PV_DONE;
}

PV_RESULT
pv_desk_kas_keys(struct pv_desk *d, struct pv_arena *a, struct pv_kas_keys *out, struct pv_err *e)
{
	struct pv_kas_key *rows = pv_arena_alloc_n(a, KEYS, sizeof(*rows));
	struct pv_kas_state *s;

	*out = (struct pv_kas_keys){ .rows = rows, .url = d->kas_url };
	PV_TRY(state_of(d, &s, e));
	for (size_t i = 0; i < KEYS; i++) {
		PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
		const struct pv_wrap_pub *pub;

		if (s->keys[i] == NULL)
			continue;
		pub = pv_wrap_key_pub(s->keys[i]);
		pv_wrap_pub_write(&pem, pub);
		rows[out->count++] =
		    (struct pv_kas_key){ .algorithm = pv_slice_of(pv_wrap_pub_algorithm(pub)),
			    .kid = pv_slice_of(pv_wrap_pub_kid(pub)),
			    .pem = pv_arena_copy(a, pv_buf_slice(&pem)) };
	}
	return PV_DONE;
}

/* ---- attributes ---- */

static bool
may_see(const struct pv_caller *who, const struct pv_agreement *g)
{
	return pv_caller_speaks_for(who, g->from) || pv_caller_speaks_for(who, g->to) ||
	       pv_name_under(who->party, g->from) || pv_name_under(who->party, g->to);
}

PV_RESULT
pv_desk_kas_attributes(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_kas_attributes_ask *ask, struct pv_arena *a, struct pv_kas_attributes *out,
    struct pv_err *e)
{
	const struct pv_facts *agreements = &d->own.state->by_kind[PV_AGREEMENT];
	struct pv_slice *unknown = pv_arena_alloc_n(a, ask->fqns.n, sizeof(*unknown));
	size_t n = 0;

	if (ask->fqns.n > PV_KAS_FQNS_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "%zu attributes, %d are the most", ask->fqns.n, PV_KAS_FQNS_MAX);
	for (size_t i = 0; i < ask->fqns.n; i++) {
		bool known = false;

		for (size_t k = 0; k < agreements->n && !known; k++)
			known = agreements->at[k]->ended == PV_NEVER &&
				pv_tdf_same_attribute(
				    agreements->at[k]->r->agreement.attribute, ask->fqns.at[i]) &&
				may_see(who, &agreements->at[k]->r->agreement);
		if (!known)
			unknown[n++] = ask->fqns.at[i];
	}
	out->unknown = (struct pv_names){ unknown, n };
	out->url = d->kas_url;
	return PV_DONE;
}

/* ---- too many that do not open ---- */

static struct failures *
failures_of(struct pv_desk *d, const struct pv_caller *who)
{
	uint64_t hash = pv_hash64(who->id), minute = d->env.boottime_ms(d->env.ctx) / 60000;
	struct failures *f = &d->kas->failures[hash % CALLERS];

	if (f->who != hash || f->minute != minute)
		*f = (struct failures){ .who = hash, .minute = minute };
	return f;
}

/* ---- one share ---- */

struct share {
	const struct pv_rewrap_item *ask;
	struct pv_rewrapped *out;
	struct pv_policy policy;
	struct pv_kept report;
	struct pv_case c;
	struct pv_releasing what;
	struct pv_released r;
	struct pv_secret *secret;
	bool laid;                   /* as a release, or as a refusal that needs no judgement */
	struct pv_journalled *wrong; /* an entry that it did not open */
};

struct pv_rewrapping {
	struct pv_desk *d;
	const struct pv_caller *who;
	const struct pv_rewrap_ask *ask;
	struct pv_arena *a;
	struct pv_wrap_pub *client;
	struct pv_wrap_key *session; /* made when it is needed */
	struct share *shares;
	struct pv_rewrapped *rows;
	struct pv_slice purpose;
	bool purpose_missing;
};

static void
rewrapping_free(void *thing)
{
	struct pv_rewrapping *w = thing;

	for (size_t i = 0; i < w->ask->count; i++)
		pv_secret_free(w->shares[i].secret);
	pv_wrap_key_free(w->session);
	pv_wrap_pub_free(w->client);
}

static struct pv_access
access_of(const struct pv_rewrap_item *item)
{
	return (struct pv_access){ .type = pv_access_type_of(item->type),
		.kid = item->kid,
		.wrapped = item->wrapped,
		.ephemeral = item->ephemeral,
		.binding = item->binding };
}

static void
invalid(struct share *s, struct pv_slice text)
{
	s->out->says = PV_REWRAP_INVALID;
	s->out->text = text;
}

/* Which report the container means, if one that is here. A label that is not the recorded one is tampering. */
static PV_RESULT
find_report(
    struct pv_rewrapping *w, struct share *s, struct pv_batch *b, bool *found, struct pv_err *e)
{
	const struct pv_labelled *one;
	enum pv_tdf_found registered;
	bool same;

	if (s->policy.ours) {
		PV_TRY(pv_labels_find(pv_batch_labels(b), w->d, s->policy.report, &one, e));
		*found = one != NULL;
		if (*found)
			s->report = one->kept;
		same = *found && pv_slice_eq(s->report.digest, s->policy.label);
	} else {
		PV_TRY(pv_tdf_find(
		    w->d, s->ask->policy, s->ask->wrapped, w->a, &s->report, &registered, e));
		*found = registered != PV_TDF_UNKNOWN;
		same = registered == PV_TDF_REGISTERED;
	}
	if (*found && !same)
		s->out->says = PV_REWRAP_TAMPERED;
	return PV_DONE;
}

/* In custody here: the share was wrapped to our own key when it was taken. */
static PV_RESULT
open_held(
    struct pv_rewrapping *w, struct share *s, const struct pv_access *access, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *secret = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };

	if (!pv_base64_read(&wrapped, s->report.share, PV_BASE64))
		return PV_FAIL(
		    e, PV_E_CONFIG, "the key kept for %.*s is damaged", PV_FMT(s->report.label.id));
	PV_TRY(pv_unwrap(&secret, w->d->kas->keys[1], pv_buf_slice(&wrapped), PV_NO_SLICE, e));
	PV_TRY(pv_share_check(secret, access, s->ask->policy, e));
	s->secret = PV_TAKE(secret);
	return PV_DONE;
}

/* The one private operation. */
static PV_RESULT
open_share(struct pv_rewrapping *w, struct share *s, struct pv_err *e)
{
	struct pv_access access = access_of(s->ask);
	bool kidless = s->ask->kid.n == 0;
	struct pv_kas kas = { .kid = s->ask->kid, .kidless = kidless };
	struct pv_status st;

	PV_TRY(pv_kas_own_key(w->d, s->ask->kid, &kas.key, e));
	if (s->report.share.n != 0)
		st = open_held(w, s, &access, e);
	else if (kas.key == NULL || (kidless && s->policy.ours)) {
		invalid(s, kidless ? PV_SLICE("a key access object without a kid")
				   : PV_SLICE("no key with this kid is here"));
		return PV_DONE;
	} else
		st = pv_share_unwrap(&s->secret, &kas, &access, s->ask->policy, e);
	if (pv_ok(st))
		return PV_DONE;
	if (st.code == PV_E_INPUT) {
		invalid(s, pv_arena_copy(w->a, pv_slice_of(e->what)));
		return PV_DONE;
	}
	if (st.code != PV_E_UNTRUSTED)
		return st;
	s->out->says = PV_REWRAP_TAMPERED;
	return PV_DONE;
}

/* Who sends what does not open is journalled, and may not go on for long. */
static PV_RESULT
lay_wrong(struct pv_rewrapping *w, struct share *s, struct pv_batch *b, struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "refused",
		.report = s->report.label.id,
		.party = w->who->party,
		.person = w->who->person,
		.purpose = w->purpose,
		.decision = PV_SLICE("{\"answer\":\"refuse\",\"reason\":\"tampered\"}"),
		.label = s->report.digest };

	failures_of(w->d, w->who)->n++;
	s->wrong = PV_ARENA_NEW(w->a, struct pv_journalled);
	return pv_batch_refusal(b, &entry, w->a, s->wrong, e);
}

static PV_RESULT
lay_unknown(struct pv_rewrapping *w, struct share *s, struct pv_batch *b, struct pv_err *e)
{
	s->report.label.id = s->policy.report;
	s->laid = true;
	return pv_batch_unknown(b, &s->what, w->a, &s->r, e);
}

/* Whether it would be granted: who is refused costs no private operation. */
static PV_RESULT
would_get(struct pv_rewrapping *w, struct share *s, bool *yes, struct pv_err *e)
{
	struct pv_judgement j;

	PV_TRY(pv_matter_of(w->d, &s->report.label, s->report.custodians, w->a, &s->c.matter, e));
	s->c.held_since = s->report.custodians.n != 0 ? s->report.created : 0;
	PV_TRY(pv_judge(w->d, &s->c, w->a, &j, e));
	*yes = j.decision.answer == PV_RELEASE;
	return PV_DONE;
}

static PV_RESULT
begin_share(struct pv_rewrapping *w, struct share *s, struct pv_batch *b, struct pv_err *e)
{
	struct pv_err wrong = { 0 };
	bool found, yes;

	s->c = (struct pv_case){
		.recipient = w->who->party, .purpose = w->purpose, .channel = PV_CHANNEL_TDF
	};
	s->what =
	    (struct pv_releasing){ .c = &s->c, .report = &s->report, .person = w->who->person };
	if (failures_of(w->d, w->who)->n >= PV_KAS_BAD_MINUTE) {
		s->out->says = PV_REWRAP_LIMITED;
		return PV_DONE;
	}
	if (pv_access_type_of(s->ask->type) == PV_ACCESS_NONE) {
		invalid(s, PV_SLICE("a key access object of a type that is not served here"));
		return PV_DONE;
	}
	if (!pv_ok(pv_policy_read(&s->policy, s->ask->policy, w->a, &wrong))) {
		invalid(s, PV_SLICE("the policy cannot be read"));
		return PV_DONE;
	}
	if (w->purpose_missing) {
		s->out->says = PV_REWRAP_PURPOSE;
		return PV_DONE;
	}
	PV_TRY(find_report(w, s, b, &found, e));
	if (!found)
		return lay_unknown(w, s, b, e);
	PV_TRY(would_get(w, s, &yes, e));
	/* who would be refused is not told what is wrong with the file: it would tell that the report is here */
	if (!yes)
		s->out->says = PV_REWRAP_REFUSED;
	else if (s->out->says != PV_REWRAP_TAMPERED)
		PV_TRY(open_share(w, s, e));
	if (s->out->says == PV_REWRAP_TAMPERED)
		return lay_wrong(w, s, b, e);
	if (s->out->says != PV_REWRAP_REFUSED)
		return PV_DONE;
	s->laid = true;
	return pv_batch_release(b, &s->what, w->a, &s->r, e);
}

/* ---- the purpose ---- */

/* One is stated, and the caller may; or the caller has only one. */
static void
find_purpose(struct pv_rewrapping *w)
{
	const struct pv_names *stated = &w->ask->purposes;

	if (stated->n == 0 && w->who->has_purposes && w->who->purposes.n == 1)
		w->purpose = w->who->purposes.at[0];
	else if (stated->n == 1 && pv_caller_may_state(w->who, stated->at[0]))
		w->purpose = stated->at[0];
	else
		w->purpose_missing = true;
}

PV_RESULT
pv_rewrap_begin(struct pv_rewrapping **out, struct pv_batch *b, const struct pv_caller *who,
    const struct pv_rewrap_ask *ask, struct pv_arena *a, struct pv_err *e)
{
	struct pv_rewrapping *w = PV_ARENA_NEW(a, struct pv_rewrapping);
	struct pv_kas_state *state;

	if (ask->count > PV_KAS_ITEMS_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "%zu shares, %d are the most", ask->count, PV_KAS_ITEMS_MAX);
	*w = (struct pv_rewrapping){ .d = pv_batch_desk(b), .who = who, .ask = ask, .a = a };
	w->shares = pv_arena_alloc_n(a, ask->count, sizeof(*w->shares));
	w->rows = pv_arena_alloc_n(a, ask->count, sizeof(*w->rows));
	pv_batch_own(b, w, rewrapping_free);
	PV_TRY(state_of(w->d, &state, e));
	PV_TRY(pv_wrap_pub_read(&w->client, ask->client_key, e));
	find_purpose(w);
	for (size_t i = 0; i < ask->count; i++) {
		w->shares[i].ask = &ask->rows[i];
		w->shares[i].out = &w->rows[i];
		PV_TRY(begin_share(w, &w->shares[i], b, e));
	}
	*out = w;
	return PV_DONE;
}

/* ---- the answer ---- */

static PV_RESULT
wrap_to_client(struct pv_rewrapping *w, struct share *s, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (pv_wrap_pub_kind(w->client) == PV_KEY_RSA)
		PV_TRY(pv_wrap_rsa(&wrapped, w->client, s->secret, e));
	else {
		if (w->session == NULL)
			PV_TRY(pv_wrap_key_new(&w->session, PV_KEY_P256, e));
		PV_TRY(pv_wrap_ec(&wrapped, w->session, w->client, s->secret, &w->d->env, e));
	}
	pv_base64_write(&text, pv_buf_slice(&wrapped), PV_BASE64);
	s->out->wrapped = pv_arena_copy(w->a, pv_buf_slice(&text));
	s->out->release = s->r.release;
	s->out->says = PV_REWRAP_GRANTED;
	return PV_DONE;
}

static PV_RESULT
tell(struct pv_rewrapping *w, struct share *s, struct pv_err *e)
{
	struct pv_told told;

	PV_TRY(pv_tell(w->d, &s->r, w->who->party, w->a, &told, e));
	s->out->says = PV_REWRAP_REFUSED;
	s->out->reference = told.reference;
	if (!told.entitled || told.why == PV_WHY_NONE)
		return PV_DONE;
	s->out->reason = pv_slice_of(pv_reason_name(told.why));
	s->out->orders = told.orders;
	if (told.orders.n != 0)
		s->out->lifted_by = told.order.issuer;
	return PV_DONE;
}

uint64_t
pv_kas_stood(const struct pv_desk *d)
{
	uint64_t all = d->own.loaded;

	for (size_t i = 0; i < d->copies.n; i++)
		all += d->copies.at[i]->loaded;
	return all;
}

/* Until the first of the leases that it stood on ends. */
static void
shorten(const struct pv_rewrapping *w, const struct pv_judgement *j, uint64_t *ms)
{
	for (size_t i = 0; i < j->stood_count; i++) {
		const struct pv_log *log = j->stood[i].log;
		uint64_t now = pv_home_now(w->d, log), end = log->signed_s + log->lease_s;
		uint64_t left = end > now ? (end - now) * 1000 : 1;

		if (left < *ms)
			*ms = left;
	}
}

static PV_RESULT
give(struct pv_rewrapping *w, struct share *s, uint64_t *ms, struct pv_err *e)
{
	struct pv_status st;
	struct pv_err other;

	/* the first look refused, the second does not: then no share was opened */
	st = s->secret != NULL ? wrap_to_client(w, s, e)
			       : PV_FAIL(e, PV_E_DOWN, "the orders changed meanwhile: ask again");
	shorten(w, &s->r.judgement, ms);
	if (!pv_ok(st))
		pv_ignore(pv_release_not_given(
		    w->d, &s->what, &s->r, "the key could not be wrapped", w->a, &other));
	return st;
}

static PV_RESULT
finish_share(
    struct pv_rewrapping *w, struct share *s, struct pv_batch *b, uint64_t *ms, struct pv_err *e)
{
	if (s->wrong != NULL)
		return pv_batch_written(b, s->wrong, e);
	if (!s->laid)
		return PV_DONE;
	PV_TRY(pv_batch_finish(b, &s->what, w->a, &s->r, e));
	s->out->journal_index = s->r.journalled.index;
	return s->r.granted ? give(w, s, ms, e) : tell(w, s, e);
}

PV_RESULT
pv_rewrap_finish(
    struct pv_rewrapping *w, struct pv_batch *b, struct pv_rewrap *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };

	*out = (struct pv_rewrap){ .rows = w->rows, .count = w->ask->count, .deliver_ms = 60000 };
	for (size_t i = 0; i < w->ask->count; i++) {
		struct share *s = &w->shares[i];

		if (pv_ok(finish_share(w, s, b, &out->deliver_ms, e)))
			continue;
		*s->out = (struct pv_rewrapped){ .says = PV_REWRAP_FAILED,
			.text = pv_arena_copy(w->a, pv_slice_of(e->what)) };
	}
	out->stood = pv_kas_stood(w->d);
	if (w->purpose_missing && w->who->has_purposes)
		out->may_state = w->who->purposes;
	if (w->session == NULL)
		return PV_DONE;
	pv_wrap_pub_write(&pem, pv_wrap_key_pub(w->session));
	out->session_key = pv_arena_copy(w->a, pv_buf_slice(&pem));
	return PV_DONE;
}
