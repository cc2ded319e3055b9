/* SPDX-License-Identifier: Apache-2.0 */
/* Looking: who may have what for what (board), why (explain), and how this home does (status). Nothing here changes anything. */
#include <stdio.h>

#include "desk/journal.h"
#include "desk/judge.h"
#include "desk/names.h"
#include "desk/remote.h"
#include "desk/report.h"

/* ---- board ---- */

struct board {
	struct pv_desk *d;
	struct pv_arena *a;
	uint64_t at;
	struct pv_slice to;
	PV_VEC(struct pv_board_row) rows;
};

static bool
on_board(const struct board *b, struct pv_slice partner, struct pv_slice topic,
    struct pv_slice region, struct pv_slice purpose)
{
	for (size_t i = 0; i < b->rows.n; i++) {
		const struct pv_board_row *r = &b->rows.at[i];

		if (pv_slice_eq(r->partner, partner) && pv_slice_eq(r->topic, topic) &&
		    pv_slice_eq(r->region, region) && pv_slice_eq(r->purpose, purpose))
			return true;
	}
	return false;
}

static enum pv_cell
cell_of(const struct pv_decision *d)
{
	switch (d->reason) {
	case PV_WHY_AGREEMENT:
	case PV_WHY_NOT_BARRED:
		return PV_CELL_OPEN;
	case PV_WHY_SUSPENDED:
	case PV_WHY_STALE:
		return PV_CELL_STOPPED;
	case PV_WHY_RESTRICTED:
	case PV_WHY_REPORT_FORBIDS:
	case PV_WHY_NOT_RELEASABLE:
	case PV_WHY_EXPIRED:
	case PV_WHY_RECALLED:
	case PV_WHY_NO_AGREEMENT:
	case PV_WHY_NONE:
		return PV_CELL_BARRED;
	}
	return PV_CELL_BARRED;
}

static bool
stood_at(const struct pv_fact *f, uint64_t at)
{
	return at == 0 ? f->ended == PV_NEVER : pv_fact_stands(f, at);
}

/* An order to some echelons below the giver alone stops what is theirs, while the giver's own goes on. */
static PV_RESULT
look_below(struct board *b, const struct pv_case *open, struct pv_board_row *row, struct pv_err *e)
{
	const struct pv_facts *orders = &b->d->own.state->by_kind[PV_ORDER];
	struct pv_name_list but = { 0 }, by = { 0 };
	struct pv_status st = PV_DONE;

	for (size_t i = 0; i < orders->n; i++) {
		struct pv_names subjects = orders->at[i]->r->order.subject;

		for (size_t k = 0; pv_ok(st) && stood_at(orders->at[i], b->at) && k < subjects.n;
		     k++) {
			struct pv_case c = *open;
			struct pv_judgement j;

			if (!pv_name_under(subjects.at[k], open->matter.originator) ||
			    pv_slice_eq(subjects.at[k], open->matter.originator))
				continue;
			c.matter.originator = subjects.at[k];
			st = pv_judge(b->d, &c, b->a, &j, e);
			if (!pv_ok(st) || (j.decision.reason != PV_WHY_SUSPENDED &&
					      j.decision.reason != PV_WHY_RESTRICTED))
				continue;
			pv_name_list_add_once(&but, subjects.at[k]);
			for (size_t o = 0; o < j.decision.orders.n; o++)
				pv_name_list_add_once(&by, j.decision.orders.at[o].r->id);
		}
	}
	row->but = pv_name_list_keep(&but, b->a);
	row->but_by = pv_name_list_keep(&by, b->a);
	if (row->but.n != 0)
		row->cell = PV_CELL_PARTLY;
	return st;
}

/* One cell: a report of the giver about this, for this. It is decided like any report, so the board cannot say what a decision does not. */
static PV_RESULT
add_cell(struct board *b, struct pv_slice giver, struct pv_slice partner, struct pv_slice topic,
    struct pv_slice region, struct pv_slice purpose, struct pv_err *e)
{
	struct pv_slice *one = pv_arena_alloc_n(b->a, 2, sizeof(*one));
	struct pv_case c = { .recipient = partner,
		.purpose = purpose,
		.channel = PV_SLICE("exchange.courier"),
		.at = b->at };
	struct pv_board_row *row;
	struct pv_judgement j;

	if ((b->to.n != 0 && !pv_name_under(partner, b->to)) ||
	    on_board(b, partner, topic, region, purpose))
		return PV_DONE;
	one[0] = topic;
	one[1] = region;
	c.matter = (struct pv_matter){ .originator = giver,
		.topics = { one, topic.n != 0 ? 1 : 0 },
		.regions = { one + 1, region.n != 0 ? 1 : 0 },
		.identified = PV_IDENTIFIED_ALL };
	PV_TRY(pv_judge(b->d, &c, b->a, &j, e));
	row = PV_VEC_ADD(&b->rows);
	*row = (struct pv_board_row){ .partner = partner,
		.topic = topic,
		.region = region,
		.purpose = purpose,
		.cell = cell_of(&j.decision),
		.why = j.decision.reason };
	row->because = pv_ref_ids(
	    j.decision.orders.n != 0 ? &j.decision.orders : &j.decision.agreements, b->a);
	return row->cell == PV_CELL_OPEN ? look_below(b, &c, row, e) : PV_DONE;
}

/* Rows: what agreements allow, and what restrictions bar for those same partners and matters. */
static PV_RESULT
fill_board(struct board *b, struct pv_err *e)
{
	const struct pv_state *s = b->d->own.state;
	const struct pv_facts *agreements = &s->by_kind[PV_AGREEMENT],
			      *orders = &s->by_kind[PV_ORDER];

	for (size_t i = 0; i < agreements->n; i++) {
		const struct pv_agreement *g = &agreements->at[i]->r->agreement;

		for (size_t k = 0; stood_at(agreements->at[i], b->at) && k < g->purposes.n; k++)
			PV_TRY(
			    add_cell(b, g->from, g->to, g->topic, g->region, g->purposes.at[k], e));
		for (size_t o = 0; stood_at(agreements->at[i], b->at) && o < orders->n; o++)
			for (size_t k = 0; stood_at(orders->at[o], b->at) &&
					   orders->at[o]->r->order.kind == PV_RESTRICT &&
					   k < orders->at[o]->r->order.purposes.n;
			     k++)
				PV_TRY(add_cell(b, g->from, g->to, g->topic, g->region,
				    orders->at[o]->r->order.purposes.at[k], e));
	}
	return PV_DONE;
}

PV_RESULT
pv_desk_board(struct pv_desk *d, struct pv_slice to, uint64_t at, struct pv_arena *a,
    const struct pv_board_row **rows, size_t *n, struct pv_err *e)
{
	struct board b = { .d = d, .a = a, .at = at, .to = to };
	struct pv_board_row *kept;
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_board(d, to, at, a, rows, n, e);
	PV_TRY(pv_home_refresh(d, e));
	st = fill_board(&b, e);
	kept = pv_arena_alloc_n(a, b.rows.n, sizeof(*kept));
	if (b.rows.n != 0)
		memcpy(kept, b.rows.at, b.rows.n * sizeof(*kept));
	*rows = kept;
	*n = b.rows.n;
	PV_VEC_FREE(&b.rows);
	return st;
}

/* ---- explain ---- */

PV_RESULT
pv_desk_explain(struct pv_desk *d, struct pv_slice report, struct pv_slice recipient,
    struct pv_slice purpose, struct pv_slice channel, uint64_t at, struct pv_arena *a,
    const struct pv_explanation **out, struct pv_err *e)
{
	struct pv_case c = { .recipient = recipient,
		.purpose = purpose,
		.channel = channel.n != 0 ? channel : PV_SLICE("exchange.courier"),
		.at = at };
	struct pv_judgement *j = PV_ARENA_NEW(a, struct pv_judgement); /* the answer points into it */
	struct pv_kept h;
	bool found;

	if (d->remote != NULL)
		return pv_remote_explain(d, report, recipient, purpose, channel, at, a, out, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_report_find(d, report, a, &h, &found, e));
	if (!found)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "no report %.*s here", PV_FMT(report)), e,
		    "See: proviso report list");
	PV_TRY(pv_matter_of(d, &h.label, h.custodians, a, &c.matter, e));
	PV_TRY(pv_judge(d, &c, a, j, e));
	*out = pv_explain(&j->origins, &j->request, a);
	return PV_DONE;
}

/* ---- status ---- */

static PV_RESULT
count(struct pv_store_view *v, enum pv_store_table table, unsigned column, enum pv_store_test test,
    struct pv_store_cell cell, uint64_t *n, struct pv_err *e)
{
	struct pv_store_query q = { .table = table, .n = 1 };

	q.where[0].column = column;
	q.where[0].test = test;
	q.where[0].cell = cell;
	return pv_store_rows_count(n, v, &q, e);
}

static PV_RESULT
count_overdue(struct pv_store_view *v, uint64_t now, uint64_t *overdue, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_RELEASES };
	struct pv_store_row row;
	bool more;

	*overdue = 0;
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		uint64_t due, told;

		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		if (!pv_slice_is(row.c[PV_C_RELEASE_STATE].s, "granted") ||
		    !pv_slice_u64(row.c[PV_C_RELEASE_BODY].s, &due) || due == 0 || due > now)
			continue;
		PV_TRY(count(v, PV_T_OUTCOMES, PV_C_OUTCOME_RELEASE, PV_Q_IS,
		    PV_CELL_S(row.c[PV_C_RELEASE_ID].s), &told, e));
		*overdue += told == 0 ? 1 : 0;
	}
}

static PV_RESULT
count_refused(struct pv_desk *d, struct pv_store_view *v, uint64_t from, uint64_t *refused,
    uint64_t *size, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry;
	struct pv_store_head head;
	uint64_t index;
	bool found, more;

	*refused = 0;
	PV_TRY(pv_store_log_head(v, d->journal, &head, &found, e));
	*size = found ? head.size : 0;
	PV_TRY(
	    pv_store_log_entries(&c, v, d->journal, *size > 10000 ? *size - 10000 : 0, *size, e));
	for (;;) {
		PV_TRY(pv_store_entry_next(c, &index, &entry, &more, e));
		if (!more)
			return PV_DONE;
		if (entry.second >= from &&
		    memmem(entry.bytes.p, entry.bytes.n, "\"kind\":\"refused\"", 16) != NULL)
			(*refused)++;
	}
}

static void
count_orders(const struct pv_log *log, uint64_t now, struct pv_status_answer *out)
{
	const struct pv_facts *orders = &log->state->by_kind[PV_ORDER];

	for (size_t i = 0; i < orders->n; i++) {
		const struct pv_order *o = &orders->at[i]->r->order;

		if (orders->at[i]->ended != PV_NEVER || now < o->effective ||
		    (o->until != 0 && now >= o->until) || pv_fact_lapsed(orders->at[i], now))
			continue;
		if (orders->at[i]->hold)
			out->holds++;
		else if (o->holds_while.n != 0 &&
			 pv_state_condition(log->state, o->holds_while, orders->at[i]->r->issuer,
			     &o->counterpart, now)
				 .status == PV_COND_ENDED)
			continue;
		if (o->kind == PV_SUSPEND)
			out->suspensions++;
		else
			out->restrictions++;
	}
}

static PV_RESULT
origin_status(struct pv_desk *d, struct pv_log *log, struct pv_origin_status *o, struct pv_err *e)
{
	*o = (struct pv_origin_status){
		.origin = log->origin, .own = log->own, .refresh_s = log->refresh_s
	};
	PV_TRY(pv_home_fresh(d, log, &o->fresh, e));
	o->size = log->loaded;
	o->signed_at = log->signed_s;
	o->good_until = log->signed_s + log->lease_s;
	return PV_DONE;
}

PV_RESULT
pv_desk_status(
    struct pv_desk *d, struct pv_arena *a, struct pv_status_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_origin_status *origins;
	struct pv_slice *needs;
	size_t n = 0;
	uint64_t today;

	if (d->remote != NULL)
		return pv_remote_status(d, a, out, e);
	*out = (struct pv_status_answer){ .open = true };
	PV_TRY(pv_home_refresh(d, e));
	origins = pv_arena_alloc_n(a, d->copies.n + 1, sizeof(*origins));
	needs = pv_arena_alloc_n(a, d->copies.n + 4, sizeof(*needs));
	for (size_t i = 0; i <= d->copies.n; i++) {
		PV_TRY(origin_status(d, i == 0 ? &d->own : d->copies.at[i - 1], &origins[i], e));
		if (!origins[i].fresh && i == 0) {
			out->open = false;
			out->why_closed =
			    pv_arena_printf(a, "no fresh proof of %.*s", PV_FMT(origins[i].origin));
		} else if (!origins[i].fresh) {
			needs[n++] = pv_arena_printf(a,
			    "no fresh proof of %.*s: what depends on it stays shut until a new "
			    "bundle is followed",
			    PV_FMT(origins[i].origin));
		}
	}
	out->origins = origins;
	out->origin_count = d->copies.n + 1;
	count_orders(&d->own, pv_desk_now(d), out);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	today = pv_desk_now(d) / 86400 * 86400;
	PV_TRY(count(v, PV_T_RELEASES, PV_C_RELEASE_SECOND, PV_Q_AT_LEAST, PV_CELL_N(today),
	    &out->opened_today, e));
	PV_TRY(count_refused(d, v, today, &out->refused_today, &out->journal_size, e));
	PV_TRY(count_overdue(v, pv_desk_now(d), &out->outcomes_overdue, e));
	PV_TRY(count(
	    v, PV_T_REPORTS, PV_C_REPORT_CREATED, PV_Q_AT_LEAST, PV_CELL_N(0), &out->reports, e));
	out->agreements = d->own.state->by_kind[PV_AGREEMENT].n;
	out->parties = d->own.state->by_kind[PV_PARTY].n;
	if (out->holds != 0)
		needs[n++] = pv_arena_printf(a,
		    "%llu hold%s one more officer's signature, or lapse%s a day after being signed",
		    (unsigned long long)out->holds, out->holds == 1 ? " wants" : "s want",
		    out->holds == 1 ? "s" : "");
	if (out->outcomes_overdue != 0)
		needs[n++] = pv_arena_printf(a, "%llu outcome%s overdue: proviso report list",
		    (unsigned long long)out->outcomes_overdue,
		    out->outcomes_overdue == 1 ? " is" : "s are");
	out->needs_you = (struct pv_names){ needs, n };
	return PV_DONE;
}
