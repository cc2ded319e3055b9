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

/* The log that may speak for a party: the own one, or a copy that a peer record admits. NULL: none is held here. */
static struct pv_log *
log_of(struct pv_desk *d, struct pv_slice party)
{
	const struct pv_state *s = d->own.state;
	const struct pv_facts *peers = &s->by_kind[PV_PEER];

	if (s->genesis != NULL && pv_name_under(party, s->genesis->genesis.root))
		return &d->own;
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		for (size_t k = 0; peers->at[i]->ended == PV_NEVER && k < p->names.n; k++)
			if (pv_name_under(party, p->names.at[k]))
				return pv_home_log(d, p->origin);
	}
	return NULL;
}

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

static void
need_matter(struct pv_desk *d, struct needed *all, const struct pv_matter *m)
{
	need(all, log_of(d, m->originator));
	for (size_t i = 0; i < m->custodians.n; i++)
		need(all, log_of(d, m->custodians.at[i]));
	for (size_t i = 0; i < m->source_count; i++)
		need_matter(d, all, &m->sources[i]);
}

/* Ends of bars are judged by the oldest of the newest signed times, all else by the latest clock. */
static PV_RESULT
take_times(struct pv_desk *d, const struct needed *all, uint64_t at, struct pv_request *r, struct pv_err *e)
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

PV_RESULT
pv_judge(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a, struct pv_judgement *out, struct pv_err *e)
{
	struct needed all = { 0 };
	struct pv_origin *origins;
	struct pv_judgement j = { 0 };

	need(&all, &d->own);
	if (c->side == PV_SIDE_GIVE)
		need_matter(d, &all, &c->matter);
	j.request = (struct pv_request){ .matter = c->matter, .recipient = c->recipient, .purpose = c->purpose, .channel = c->channel,
		.side = c->side, .stale = all.missing };
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
	j.decision.orders.at = pv_arena_alloc_n(a, IDS, sizeof(struct pv_ref));
	j.decision.agreements.at = pv_arena_alloc_n(a, IDS, sizeof(struct pv_ref));
	j.decision.orders.cap = j.decision.agreements.cap = IDS;
	pv_decide(&j.origins, &j.request, &j.decision);
	if (j.decision.agreements.found > IDS || j.decision.orders.found > IDS) {
		j.decision.orders.cap = j.decision.orders.found;
		j.decision.agreements.cap = j.decision.agreements.found;
		j.decision.orders.at = pv_arena_alloc_n(a, j.decision.orders.cap, sizeof(struct pv_ref));
		j.decision.agreements.at = pv_arena_alloc_n(a, j.decision.agreements.cap, sizeof(struct pv_ref));
		pv_decide(&j.origins, &j.request, &j.decision);
	}
	j.obligations = pv_decision_obligations(&j.decision, a);
	*out = j;
	return PV_DONE;
}

PV_RESULT
pv_judge_again(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a, struct pv_judgement *j, struct pv_err *e)
{
	PV_TRY(pv_home_refresh(d, e));
	return pv_judge(d, c, a, j, e);
}

/* ---- matters ---- */

static PV_RESULT
matter_of(struct pv_desk *d, const struct pv_record *label, struct pv_names custodians, unsigned depth, struct pv_arena *a,
    struct pv_matter *out, struct pv_err *e)
{
	const struct pv_report *r = &label->report;
	struct pv_matter *sources = pv_arena_alloc_n(a, r->derived_from.n, sizeof(*sources));

	*out = (struct pv_matter){ .report = label->id, .originator = r->originator, .custodians = custodians, .topics = r->topics,
		.regions = r->regions, .never = r->never, .has_releasable_to = r->has_releasable_to, .releasable_to = r->releasable_to,
		.identified = r->persons.given ? r->persons.identified : PV_IDENTIFIED_UNKNOWN, .valid_until = r->valid_until,
		.sources = sources, .source_count = r->derived_from.n };
	for (size_t i = 0; i < r->derived_from.n; i++) {
		struct pv_kept source;
		bool found = false;

		if (depth < DEEP)
			PV_TRY(pv_report_find(d, r->derived_from.at[i], a, &source, &found, e));
		if (found)
			PV_TRY(matter_of(d, &source.label, source.custodians, depth + 1, a, &sources[i], e));
		/* else: nothing is known of it, not even whose it is, and so nothing permits it */
	}
	return PV_DONE;
}

PV_RESULT
pv_matter_of(struct pv_desk *d, const struct pv_record *label, struct pv_names custodians, struct pv_arena *a, struct pv_matter *out,
    struct pv_err *e)
{
	return matter_of(d, label, custodians, 0, a, out, e);
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
	for (size_t i = 0; i < refs->n; i++)
		pv_jsonw_str(w, NULL, refs->at[i].r->id);
	pv_jsonw_end(w);
}

struct pv_slice
pv_judgement_json(const struct pv_judgement *j, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	write_ids(&w, "agreements", &j->decision.agreements);
	pv_jsonw_str(&w, "answer", pv_slice_of(j->decision.answer == PV_RELEASE ? "permit" : "refuse"));
	write_ids(&w, "orders", &j->decision.orders);
	pv_jsonw_str(&w, "reason", pv_slice_of(pv_reason_name(j->decision.reason)));
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}
