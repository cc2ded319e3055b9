/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/evaluate.h"

#include "codec/json.h"
#include "crypto/hash.h"
#include "desk/batch.h"
#include "desk/door.h"
#include "desk/home.h"
#include "desk/labels.h"

#define LIST_MAX 16384 /* bytes of the list in the journal; of a longer one the digest alone */

const char *const pv_evaluations_words[] = { "execute_all", "deny_on_first_deny",
	"permit_on_first_permit", NULL };

struct item {
	const struct pv_evaluation *q;
	const struct pv_kept *kept; /* of the batch's labels; NULL: not held here */
	struct pv_case c;
	struct pv_judgement j;
	bool looked; /* for the report, which is in c and kept */
	bool judged;
};

struct pv_evaluating {
	const struct pv_caller *who;
	const struct pv_evaluate_ask *ask;
	struct pv_arena *a;
	struct item *items;
	struct pv_evaluated *rows;
	size_t count;
	bool laid;
	struct pv_journalled journalled;
};

/* ---- their words and ours ---- */

/* The value of "name=..." among what was said. */
static struct pv_slice
said(const struct pv_names *all, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].n > n && all->at[i].p[n] == '=' &&
		    memcmp(all->at[i].p, name, n) == 0)
			return pv_slice_sub(all->at[i], n + 1, all->at[i].n);
	return PV_NO_SLICE;
}

static bool
serves_in(const struct pv_fact *body, struct pv_slice party, uint64_t now)
{
	if (body == NULL || !pv_fact_stands(body, now))
		return false;
	for (size_t i = 0; i < body->r->party.members.n; i++)
		if (pv_name_under(party, body->r->party.members.at[i]))
			return true;
	return false;
}

/* Who asks: the party, or the body in whose role it asks, if the log says that it serves there. */
static struct pv_slice
subject_of(struct pv_desk *d, const struct pv_evaluation *q, struct pv_arena *a)
{
	struct pv_slice party = q->subject, role = said(&q->subject_says, "role"), body;

	if (!pv_slice_is(q->subject_type, "party"))
		party = pv_arena_printf(
		    a, "%.*s.%.*s.%.*s", PV_FMT(d->party), PV_FMT(q->subject_type), PV_FMT(party));
	if (role.n == 0)
		return party;
	body = pv_arena_printf(a, "%.*s.role.%.*s", PV_FMT(d->party), PV_FMT(role));
	return serves_in(pv_state_party(d->own.state, body), party, pv_home_now(d, &d->own))
		   ? body
		   : party;
}

/* A property narrows the purpose when one such term is declared; with two of them neither does. */
static struct pv_slice
purpose_of(struct pv_desk *d, const struct pv_evaluation *q, struct pv_arena *a)
{
	struct pv_slice narrow = PV_NO_SLICE;

	if (pv_slice_is(q->action, "open") && said(&q->action_says, "purpose").n != 0)
		return said(&q->action_says, "purpose");
	for (size_t i = 0; i < q->action_says.n; i++) {
		struct pv_slice value = q->action_says.at[i], name, term;

		pv_slice_next(&value, '=', &name);
		term = pv_arena_printf(
		    a, "%.*s.%.*s-%.*s", PV_FMT(q->action), PV_FMT(name), PV_FMT(value));
		if (!pv_name_ok(term) || pv_state_term(d->own.state, PV_PURPOSE, term) == NULL)
			continue;
		if (narrow.n != 0)
			return q->action;
		narrow = term;
	}
	return narrow.n != 0 ? narrow : q->action;
}

static enum pv_identified
identified_of(struct pv_slice word)
{
	if (pv_slice_is(word, "all"))
		return PV_IDENTIFIED_ALL;
	if (pv_slice_is(word, "some"))
		return PV_IDENTIFIED_SOME;
	return pv_slice_is(word, "none") ? PV_IDENTIFIED_NONE : PV_IDENTIFIED_UNKNOWN;
}

/* ---- one question ---- */

static void
wrong(struct pv_evaluated *row, unsigned status, struct pv_slice why)
{
	*row = (struct pv_evaluated){ .status = status, .error = why };
}

/* Many questions are about one report: what was found for the one before is not looked for again. */
static PV_RESULT
find_report(struct pv_desk *d, struct pv_labels *labels, const struct item *before, struct item *it,
    struct pv_err *e)
{
	const struct pv_labelled *found;

	if (before != NULL && before->looked && pv_slice_eq(before->q->resource, it->q->resource)) {
		it->kept = before->kept;
		it->c.held_since = before->c.held_since;
		if (it->kept != NULL)
			it->c.matter = before->c.matter;
		it->looked = true;
		return PV_DONE;
	}
	PV_TRY(pv_labels_find(labels, d, it->q->resource, &found, e));
	it->looked = true;
	if (found == NULL)
		return PV_DONE;
	it->kept = &found->kept;
	it->c.held_since = pv_slice_is(it->kept->state, "held") ? it->kept->created : 0;
	it->c.matter = found->matter;
	return PV_DONE;
}

/* The label that is held here; else, for those of the own authority, what is said of the report. */
static PV_RESULT
matter_of(struct pv_desk *d, struct pv_labels *labels, const struct pv_caller *who,
    const struct item *before, struct item *it, struct pv_err *e)
{
	const struct pv_evaluation *q = it->q;

	PV_TRY(find_report(d, labels, before, it, e));
	if (it->kept != NULL)
		return PV_DONE;
	it->c.matter.report = q->resource;
	if (who->own) {
		it->c.matter.originator = q->originator;
		it->c.matter.topics = q->topics;
		it->c.matter.regions = q->regions;
		it->c.matter.never = q->never;
		it->c.matter.identified = identified_of(q->identified);
	}
	return PV_DONE;
}

static bool
own_report(const struct pv_caller *who, const struct item *it)
{
	return it->kept != NULL && pv_caller_speaks_for(who, it->kept->label.report.originator);
}

static PV_RESULT
evaluate(struct pv_batch *b, const struct pv_caller *who, const struct item *before,
    struct item *it, struct pv_evaluated *row, struct pv_arena *a, struct pv_err *e)
{
	struct pv_desk *d = pv_batch_desk(b);

	if (it->q->wrong.n != 0) {
		wrong(row, 400, it->q->wrong);
		return PV_DONE;
	}
	it->c.recipient = subject_of(d, it->q, a);
	it->c.purpose = purpose_of(d, it->q, a);
	it->c.channel = it->q->channel;
	PV_TRY(matter_of(d, pv_batch_labels(b), who, before, it, e));
	if (!who->own && !pv_caller_speaks_for(who, it->c.recipient) && !own_report(who, it)) {
		wrong(row, 403, PV_SLICE("you may ask about yourself, and about reports of yours"));
		return PV_DONE;
	}
	if (!pv_caller_may_state(who, it->c.purpose)) {
		wrong(row, 403, PV_SLICE("this credential may not state that purpose"));
		return PV_DONE;
	}
	PV_TRY(pv_judge(d, &it->c, a, &it->j, e));
	it->judged = true;
	row->decision = it->j.decision.answer == PV_RELEASE;
	return PV_DONE;
}

/* ---- the entry ---- */

/* ["us.coast-guard","r-7q2m","law.interdict",true] for each; a refusal's reference behind it. */
static struct pv_slice
list_of(const struct pv_evaluating *v)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_array(&w, NULL);
	for (size_t i = 0; i < v->count; i++) {
		pv_jsonw_array(&w, NULL);
		pv_jsonw_str(&w, NULL, v->items[i].c.recipient);
		pv_jsonw_str(&w, NULL, v->items[i].q->resource);
		pv_jsonw_str(&w, NULL, v->items[i].c.purpose);
		pv_jsonw_bool(&w, NULL, v->rows[i].decision);
		if (v->rows[i].reference.n != 0)
			pv_jsonw_str(&w, NULL, v->rows[i].reference);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	return pv_arena_copy(v->a, pv_buf_slice(&b));
}

/* Of many: how many, and one digest over the list of them. */
static struct pv_slice
decision_of_many(const struct pv_evaluating *v, struct pv_slice list)
{
	char hex[2 * PV_HASH + 1];
	size_t permitted = 0;

	for (size_t i = 0; i < v->count; i++)
		permitted += v->rows[i].decision ? 1 : 0;
	pv_hash_hex(list, hex);
	return pv_arena_printf(
	    v->a, "{\"count\":%zu,\"list\":\"%s\",\"permitted\":%zu}", v->count, hex, permitted);
}

static struct pv_slice
detail_of(const struct pv_evaluating *v, struct pv_slice list)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "by", v->who->party);
	if (v->count == 1) {
		pv_jsonw_str(&w, "channel", v->items[0].c.channel);
		if (v->rows[0].reference.n != 0)
			pv_jsonw_str(&w, "reference", v->rows[0].reference);
	} else if (list.n <= LIST_MAX) {
		pv_jsonw_raw(&w, "list", list);
	}
	pv_jsonw_end(&w);
	return pv_arena_copy(v->a, pv_buf_slice(&b));
}

static PV_RESULT
lay(struct pv_evaluating *v, struct pv_batch *b, struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "evaluated", .person = v->who->person };
	struct pv_slice list = PV_NO_SLICE;

	if (v->count == 1) {
		entry.report = v->items[0].q->resource;
		entry.party = v->items[0].c.recipient;
		entry.purpose = v->items[0].c.purpose;
		if (v->items[0].judged)
			entry.decision = pv_judgement_json(&v->items[0].j, v->a);
		if (v->items[0].kept != NULL)
			entry.label = v->items[0].kept->digest;
	} else {
		list = list_of(v);
		entry.decision = decision_of_many(v, list);
	}
	entry.detail = detail_of(v, list);
	return pv_batch_entry(b, &entry, NULL, 0, v->a, &v->journalled, e);
}

/* ---- begin ---- */

static bool
decides(enum pv_evaluations how, bool permitted)
{
	switch (how) {
	case PV_EVALUATE_ALL:
		return false;
	case PV_EVALUATE_TO_DENY:
		return !permitted;
	case PV_EVALUATE_TO_PERMIT:
		return permitted;
	}
	return true;
}

PV_RESULT
pv_evaluate_begin(struct pv_evaluating **out, struct pv_batch *b, const struct pv_caller *who,
    const struct pv_evaluate_ask *ask, struct pv_arena *a, struct pv_err *e)
{
	struct pv_evaluating *v = PV_ARENA_NEW(a, struct pv_evaluating);
	struct pv_desk *d = pv_batch_desk(b);

	if (ask->count == 0 || ask->count > PV_EVALUATIONS_MAX)
		return PV_FAIL(e, ask->count == 0 ? PV_E_INPUT : PV_E_LIMIT,
		    "%zu evaluations: at least 1, at most %d", ask->count, PV_EVALUATIONS_MAX);
	*v = (struct pv_evaluating){ .who = who, .ask = ask, .a = a };
	v->items = pv_arena_alloc_n(a, ask->count, sizeof(*v->items));
	v->rows = pv_arena_alloc_n(a, ask->count, sizeof(*v->rows));
	while (v->count < ask->count) {
		struct item *it = &v->items[v->count];
		struct pv_evaluated *row = &v->rows[v->count];

		it->q = &ask->rows[v->count];
		PV_TRY(evaluate(b, who, v->count++ != 0 ? it - 1 : NULL, it, row, a, e));
		if (it->judged && !row->decision)
			row->reference = pv_door_reference(d, a);
		v->laid = v->laid || it->judged;
		if (decides(ask->how, row->decision))
			break;
	}
	if (v->laid)
		PV_TRY(lay(v, b, e));
	*out = v;
	return PV_DONE;
}

/* ---- finish ---- */

/* Nothing has moved: the second, the sizes of the logs that it stood on, their leases. */
static PV_RESULT
still_stands(struct pv_desk *d, const struct pv_judgement *j, bool *out, struct pv_err *e)
{
	*out = true;
	for (size_t i = 0; i < j->stood_count; i++) {
		struct pv_log *log = NULL;
		bool fresh = false;

		if (j->stood[i].log == &d->own)
			log = &d->own;
		for (size_t k = 0; k < d->copies.n; k++)
			if (j->stood[i].log == d->copies.at[k])
				log = d->copies.at[k];
		if (log != NULL && log->loaded == j->stood[i].size)
			PV_TRY(pv_home_fresh(d, log, &fresh, e));
		*out = *out && fresh && pv_home_now(d, log) == j->now_s;
	}
	return PV_DONE;
}

static PV_RESULT
take_back(struct pv_desk *d, struct pv_evaluating *v, struct item *it, struct pv_evaluated *row,
    struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "not-given",
		.report = it->q->resource,
		.party = it->c.recipient,
		.person = v->who->person,
		.purpose = it->c.purpose,
		.decision = pv_judgement_json(&it->j, v->a) };
	struct pv_journalled journalled;

	row->decision = false;
	row->reference = pv_door_reference(d, v->a);
	entry.detail = pv_arena_printf(v->a, "{\"evaluated\":%llu,\"reference\":\"%.*s\"}",
	    (unsigned long long)v->journalled.index, PV_FMT(row->reference));
	return pv_journal_add(d, &entry, NULL, 0, v->a, &journalled, e);
}

static PV_RESULT
look_again(struct pv_desk *d, struct pv_evaluating *v, struct pv_err *e)
{
	for (size_t i = 0; i < v->count; i++) {
		struct item *it = &v->items[i];
		bool stands;

		if (!v->rows[i].decision)
			continue;
		PV_TRY(still_stands(d, &it->j, &stands, e));
		if (stands)
			continue;
		PV_TRY(pv_judge(d, &it->c, v->a, &it->j, e));
		if (it->j.decision.answer == PV_RELEASE)
			continue;
		PV_TRY(take_back(d, v, it, &v->rows[i], e));
		if (decides(v->ask->how, false))
			v->count = i + 1;
	}
	return PV_DONE;
}

static void
tell_all(const struct item *it, struct pv_evaluated *row, struct pv_arena *a)
{
	row->reason = pv_slice_of(pv_reason_name(it->j.decision.reason));
	row->orders = pv_ref_ids(&it->j.decision.orders, a);
	row->agreements = pv_ref_ids(&it->j.decision.agreements, a);
	row->obligations = it->j.obligations;
	if (it->j.decision.orders.n != 0)
		row->lifted_by = it->j.decision.orders.at[0].r->issuer;
}

/* What a partner may be told of a refusal, as everywhere: orders that are public, else nothing but the reference. */
static PV_RESULT
tell_partner(struct pv_desk *d, const struct pv_evaluating *v, const struct item *it,
    struct pv_evaluated *row, struct pv_err *e)
{
	struct pv_released r = { .reference = row->reference, .judgement = it->j };
	struct pv_told told;

	if (row->decision) {
		tell_all(it, row, v->a);
		return PV_DONE;
	}
	PV_TRY(pv_tell(d, &r, v->who->party, v->a, &told, e));
	if (!told.entitled)
		return PV_DONE;
	row->reason = pv_slice_of(pv_reason_name(told.why));
	row->orders = told.orders;
	if (told.orders.n != 0)
		row->lifted_by = told.order.issuer;
	return PV_DONE;
}

/*
 * Why: to a caller about itself or its own reports, to officers and overseers of this authority. Others learn the
 * decision, and of a refusal the reference that leads an officer to its entry.
 */
static PV_RESULT
tell(struct pv_desk *d, const struct pv_evaluating *v, const struct item *it,
    struct pv_evaluated *row, struct pv_err *e)
{
	const struct pv_caller *who = v->who;

	if (who->own && (who->roles & (PV_ROLE_OFFICER | PV_ROLE_OVERSEER)) != 0) {
		tell_all(it, row, v->a);
		return PV_DONE;
	}
	if (!pv_caller_speaks_for(who, it->c.recipient) && !own_report(who, it))
		return PV_DONE;
	return tell_partner(d, v, it, row, e);
}

PV_RESULT
pv_evaluate_finish(
    struct pv_evaluating *v, struct pv_batch *b, struct pv_evaluate_answer *out, struct pv_err *e)
{
	struct pv_desk *d = pv_batch_desk(b);
	bool fresh;

	if (v->laid)
		PV_TRY(pv_batch_written(b, &v->journalled, e));
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(look_again(d, v, e));
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].judged)
			PV_TRY(tell(d, v, &v->items[i], &v->rows[i], e));
	PV_TRY(pv_home_fresh(d, &d->own, &fresh, e));
	*out = (struct pv_evaluate_answer){ .rows = v->rows,
		.count = v->count,
		.orders_seen = d->own.loaded,
		.lease_until = d->own.signed_s + d->own.lease_s,
		.journal_index = v->journalled.index };
	return PV_DONE;
}
