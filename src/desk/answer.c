/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering, at the originator's home or a custodian's. Who vouches, for whom
 * and for what is checked before anything is looked up; then the one way by
 * which a key leaves (release.h) decides and journals; then a grant or a
 * refusal is signed. Who asks learns no more of a refusal than it may know.
 */
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/passing.h"
#include "desk/remote.h"

#define PERSON_MAX     256
#define NAME_MAX_BYTES 200
#define SAID_MAX       64
#define NOTES_BYTES \
	(96 * 1024) /* of orders that come with a refusal: a reply has a size that is read */

/* ---- the request that came ---- */

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
check_passport(const struct pv_exchange_request *r, const struct pv_voices *who, struct pv_err *e)
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
check_request(struct pv_desk *d, struct pv_slice channel, const struct pv_exchange_request *r,
    const struct pv_voices *who, struct pv_err *e)
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
	if (!pv_slice_eq(r->channel, channel))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this request came %s, and says \"%.*s\"",
			pv_slice_eq(channel, PV_CHANNEL_COURIER) ? "as a file" : "from a gateway",
			PV_FMT(pv_slice_sub(r->channel, 0, NAME_MAX_BYTES))),
		    e, "channel");
	if (r->time > now + 300)
		return PV_FAIL(e, PV_E_INPUT,
		    "this request is from the future: one of the two clocks is wrong");
	if (r->expires <= now || r->expires <= r->time || r->expires - r->time > PV_REQUEST_LIFE_S)
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

static PV_RESULT
check_client_key(const struct pv_exchange_request *r, struct pv_err *e)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *key = NULL;

	return pv_within(pv_wrap_pub_read(&key, r->client_key, e), e, "client_key");
}

/* ---- the reply ---- */

static void
fill_reply(struct pv_desk *d, const struct pv_exchange_request *r, struct pv_slice line,
    const struct pv_released *rel, struct pv_arena *a, struct pv_exchange_reply *reply)
{
	*reply = (struct pv_exchange_reply){ .request = r->id,
		.digest = pv_line_digest(line, a),
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
	return pv_line_sign(d, pv_buf_slice(&line), out, e);
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

/* ---- answering ---- */

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
	struct pv_store_change row = pv_asked_over_row(d, r, "answered", line, a, PV_OP_ADD);
	struct pv_released rel;
	struct pv_kept h;
	struct pv_status st;
	bool found;

	PV_TRY(check_client_key(r, e));
	PV_TRY(pv_report_find(d, r->report, a, &h, &found, e));
	if (!found)
		return answer_unknown(d, r, line, &row, out, a, answer, e);
	PV_TRY(pv_kept_share(d, r, &h, &share, a, e));
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
pv_answer_by(struct pv_desk *d, struct pv_slice channel, struct pv_slice request,
    const char *source, struct pv_buf *reply, struct pv_arena *a, struct pv_answer_answer *out,
    struct pv_err *e)
{
	struct pv_exchange_request r;
	struct pv_voices who;
	struct pv_slice line;

	*out = (struct pv_answer_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_line_verify(d, request, source, PV_USE_ISSUER, a, &line, &who, e));
	PV_TRY(pv_from(pv_exchange_request_read(&r, line, a, e), e, source));
	PV_TRY(pv_from(check_request(d, channel, &r, &who, e), e, source));
	out->request_id = r.id;
	out->report = r.report;
	out->party = r.party;
	out->person = r.person;
	out->purpose = r.purpose;
	return answer_request(d, &r, line, reply, a, out, e);
}

PV_RESULT
pv_desk_answer(struct pv_desk *d, struct pv_slice request, const char *source, struct pv_buf *reply,
    struct pv_arena *a, struct pv_answer_answer *out, struct pv_err *e)
{
	if (d->remote != NULL)
		return pv_remote_answer(d, request, source, reply, a, out, e);
	return pv_answer_by(d, PV_CHANNEL_COURIER, request, source, reply, a, out, e);
}
