/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decision depends on the own log, the originator's and each custodian's
 * (DESIGN 6.6). One that is not held here, or not fresh, makes it stale.
 */
#include "desk/judge.h"

#include "codec/json.h"
#include "desk/report.h"

#define ORIGINS_MAX 64
#define IDS         256
#define DEEP        16
#define SOURCES_MAX 1024
#define SAID_MAX    64 /* ids told of one decision: an entry of the journal is no list of all orders */

struct needed {
	struct pv_log *at[ORIGINS_MAX];
	size_t n;
	bool missing;
};

static void
need(struct needed *all, struct pv_log *log)
{
	if (log == NULL) {
		all->missing = true;
		return;
	}
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i] == log)
			return;
	if (all->n == ORIGINS_MAX)
		all->missing = true;
	else
		all->at[all->n++] = log;
}

/* Every log that may speak for a party: the own one, or those that peer records admit. None, or one that is not held: missing. */
static void
need_party(struct pv_desk *d, struct needed *all, struct pv_slice party)
{
	const struct pv_state *s = d->own.state;
	const struct pv_facts *peers = &s->by_kind[PV_PEER];
	bool any = false;

	if (s->genesis != NULL && pv_name_under(party, s->genesis->genesis.root)) {
		need(all, &d->own);
		return;
	}
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;
		bool speaks = false;

		for (size_t k = 0; peers->at[i]->ended == PV_NEVER && k < p->names.n; k++)
			speaks = speaks || pv_name_under(party, p->names.at[k]);
		if (speaks)
			need(all, pv_home_log(d, p->origin));
		any = any || speaks;
	}
	all->missing = all->missing || !any;
}

/* A source of which nothing is known has no originator: the decision refuses it by itself, no proof would help. */
static void
need_matter(struct pv_desk *d, struct needed *all, const struct pv_matter *m)
{
	if (m->originator.n != 0)
		need_party(d, all, m->originator);
	for (size_t i = 0; i < m->custodians.n; i++)
		need_party(d, all, m->custodians.at[i]);
	for (size_t i = 0; i < m->source_count; i++)
		need_matter(d, all, &m->sources[i]);
}

/* Ends of bars are judged by the oldest of the newest signed times, all else by the latest clock. */
static PV_RESULT
take_times(struct pv_desk *d, const struct needed *all, uint64_t at, struct pv_request *r,
    struct pv_err *e)
{
	r->signed_s = UINT64_MAX;
	for (size_t i = 0; i < all->n; i++) {
		struct pv_log *log = all->at[i];
		bool fresh = true;

		if (at == 0)
			PV_TRY(pv_home_fresh(d, log, &fresh, e));
		r->stale = r->stale || !fresh;
		if (pv_home_now(d, log) > r->now_s)
			r->now_s = pv_home_now(d, log);
		if (log->signed_s < r->signed_s)
			r->signed_s = log->signed_s;
	}
	if (at != 0)
		r->now_s = r->signed_s = at;
	return PV_DONE;
}

static bool
forbids_giving(const struct pv_case *c, const struct pv_agreement *g, uint64_t now, bool outside)
{
	for (size_t i = 0; i < g->obligations.n; i++) {
		const struct pv_obligation *o = &g->obligations.at[i];

		if (o->duty == PV_NO_ONWARD && outside)
			return true;
		if (o->duty == PV_DELETE_BY &&
		    ((o->by != 0 && now >= o->by) ||
			(o->after_s != 0 && now >= c->held_since + o->after_s)))
			return true;
	}
	return false;
}

/* What the agreements by which it came into custody oblige the custodian to: not to give it on, not to have it any more. */
static bool
may_give_on(const struct pv_case *c, const struct pv_judgement *j)
{
	for (size_t i = 0; i < j->decision.agreements.n; i++) {
		const struct pv_agreement *g = &j->decision.agreements.at[i].r->agreement;

		for (size_t k = 0; k < c->matter.custodians.n; k++)
			if (g->custody && pv_name_under(c->matter.custodians.at[k], g->to) &&
			    forbids_giving(c, g, j->now_s,
				!pv_name_under(c->recipient, c->matter.custodians.at[k])))
				return false;
	}
	return true;
}

/* What was found, in the arena. */
static void
keep_refs(struct pv_refs *refs, struct pv_arena *a)
{
	const struct pv_ref *found = refs->at;

	refs->at = pv_arena_alloc_n(a, refs->n, sizeof(*refs->at));
	if (refs->n != 0)
		memcpy(refs->at, found, refs->n * sizeof(*refs->at));
	refs->cap = refs->n;
}

/* Most decisions have a reference or two: no room for hundreds is cleared for each. */
static void
decide(struct pv_judgement *j, struct pv_arena *a)
{
	struct pv_ref orders[IDS], agreements[IDS];
	struct pv_decision *dec = &j->decision;

	dec->orders = (struct pv_refs){ .at = orders, .cap = IDS };
	dec->agreements = (struct pv_refs){ .at = agreements, .cap = IDS };
	pv_decide(&j->origins, &j->request, dec);
	if (dec->agreements.found <= IDS && dec->orders.found <= IDS) {
		keep_refs(&dec->orders, a);
		keep_refs(&dec->agreements, a);
		return;
	}
	dec->orders.cap = dec->orders.found;
	dec->agreements.cap = dec->agreements.found;
	dec->orders.at = pv_arena_alloc_n(a, dec->orders.cap, sizeof(struct pv_ref));
	dec->agreements.at = pv_arena_alloc_n(a, dec->agreements.cap, sizeof(struct pv_ref));
	pv_decide(&j->origins, &j->request, dec);
}

static PV_RESULT
judge(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a, struct pv_judgement *out,
    struct pv_err *e)
{
	struct needed all = { 0 };
	struct pv_origin *origins;
	struct pv_judgement j = { 0 };

	need(&all, &d->own);
	if (c->side == PV_SIDE_GIVE)
		need_matter(d, &all, &c->matter);
	j.request = (struct pv_request){ .matter = c->matter,
		.recipient = c->recipient,
		.purpose = c->purpose,
		.channel = c->channel,
		.side = c->side,
		.stale = all.missing };
	PV_TRY(take_times(d, &all, c->at, &j.request, e));
	origins = pv_arena_alloc_n(a, all.n, sizeof(*origins));
	j.stood = pv_arena_alloc_n(a, all.n, sizeof(*j.stood));
	for (size_t i = 0; i < all.n; i++) {
		pv_home_snapshot(all.at[i]);
		origins[i].snapshot = all.at[i]->snapshot;
		j.stood[i] = (struct pv_stood){ all.at[i], all.at[i]->loaded };
	}
	j.stood_count = all.n;
	j.origins = (struct pv_origins){ origins, all.n };
	j.now_s = j.request.now_s;
	decide(&j, a);
	j.obligations = pv_decision_obligations(&j.decision, a);
	if (c->held_since != 0 && j.decision.answer == PV_RELEASE && !may_give_on(c, &j)) {
		j.decision.answer = PV_REFUSE;
		j.decision.reason = PV_WHY_NO_AGREEMENT;
		j.decision.agreements.n = 0;
		j.obligations = (struct pv_obligations){ 0 };
	}
	*out = j;
	return PV_DONE;
}

/* What would have been decided then is no decision. */
static void
count(struct pv_desk *d, const struct pv_case *c, const struct pv_judgement *j)
{
	if (d->decided != NULL && c->at == 0)
		d->decided[j->decision.reason]++;
}

PV_RESULT
pv_judge(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a, struct pv_judgement *out,
    struct pv_err *e)
{
	PV_TRY(judge(d, c, a, out, e));
	count(d, c, out);
	return PV_DONE;
}

PV_RESULT
pv_judge_again(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a,
    struct pv_judgement *j, struct pv_err *e)
{
	enum pv_reason before = j->decision.reason;

	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(judge(d, c, a, j, e));
	if (j->decision.reason != before)
		count(d, c, j);
	return PV_DONE;
}

/* ---- matters ---- */

/* Sources of sources may be many more than they look: beyond this many nothing is known of them. */
static PV_RESULT
matter_of(struct pv_desk *d, const struct pv_record *label, struct pv_names custodians,
    unsigned depth, size_t *left, struct pv_arena *a, struct pv_matter *out, struct pv_err *e)
{
	const struct pv_report *r = &label->report;
	struct pv_matter *sources = pv_arena_alloc_n(a, r->derived_from.n, sizeof(*sources));

	*out = (struct pv_matter){ .report = label->id,
		.originator = r->originator,
		.custodians = custodians,
		.topics = r->topics,
		.regions = r->regions,
		.never = r->never,
		.has_releasable_to = r->has_releasable_to,
		.releasable_to = r->releasable_to,
		.identified = r->persons.given ? r->persons.identified : PV_IDENTIFIED_UNKNOWN,
		.valid_until = r->valid_until,
		.sources = sources,
		.source_count = r->derived_from.n };
	for (size_t i = 0; i < r->derived_from.n; i++) {
		struct pv_kept source;
		bool found = false;

		if (depth<DEEP && * left> 0) {
			(*left)--;
			PV_TRY(pv_report_find(d, r->derived_from.at[i], a, &source, &found, e));
		}
		if (found)
			PV_TRY(matter_of(d, &source.label, source.custodians, depth + 1, left, a,
			    &sources[i], e));
		/* else: nothing is known of it, not even whose it is, and so nothing permits it */
	}
	return PV_DONE;
}

PV_RESULT
pv_matter_of(struct pv_desk *d, const struct pv_record *label, struct pv_names custodians,
    struct pv_arena *a, struct pv_matter *out, struct pv_err *e)
{
	size_t left = SOURCES_MAX;

	return matter_of(d, label, custodians, 0, &left, a, out, e);
}

/* ---- for the journal ---- */

struct pv_names
pv_ref_ids(const struct pv_refs *refs, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, refs->n, sizeof(*at));

	for (size_t i = 0; i < refs->n; i++)
		at[i] = refs->at[i].r->id;
	return (struct pv_names){ at, refs->n };
}

static void
write_ids(struct pv_jsonw *w, const char *name, const struct pv_refs *refs)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < refs->n && i < SAID_MAX; i++)
		pv_jsonw_str(w, NULL, refs->at[i].r->id);
	pv_jsonw_end(w);
}

static void
write_more(struct pv_jsonw *w, const char *name, const struct pv_refs *refs)
{
	if (refs->n > SAID_MAX)
		pv_jsonw_u64(w, name, refs->n - SAID_MAX);
}

struct pv_slice
pv_judgement_json(const struct pv_judgement *j, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	write_ids(&w, "agreements", &j->decision.agreements);
	pv_jsonw_str(
	    &w, "answer", pv_slice_of(j->decision.answer == PV_RELEASE ? "permit" : "refuse"));
	write_more(&w, "more_agreements", &j->decision.agreements);
	write_more(&w, "more_orders", &j->decision.orders);
	write_ids(&w, "orders", &j->decision.orders);
	pv_jsonw_str(&w, "reason", pv_slice_of(pv_reason_name(j->decision.reason)));
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}
