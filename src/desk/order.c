/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an order would do, counted by deciding twice: as things are, and as if
 * the order stood. A preview is for people: it never holds up a stop.
 */
#include <stdio.h>

#include "desk/judge.h"
#include "desk/names.h"
#include "desk/remote.h"
#include "desk/report.h"
#include "wire/record.h"

#define HOLD_LIFE_S 86400

/* ---- which orders there are ---- */

/* What the order kept from whom. */
static PV_RESULT
read_withheld(struct pv_desk *d, struct pv_slice order, struct pv_arena *a,
    struct pv_order_row *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_WITHHELD, .n = 1 };
	struct pv_name_list list = { 0 };
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	q.where[0].column = PV_C_WITHHELD_ORDER;
	q.where[0].cell = PV_CELL_S(order);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more)
		*PV_VEC_ADD(&list) = pv_arena_printf(a, "%.*s to %.*s",
		    PV_FMT(row.c[PV_C_WITHHELD_REPORT].s), PV_FMT(row.c[PV_C_WITHHELD_PARTY].s));
	out->withheld = pv_name_list_keep(&list, a);
	return st;
}

static PV_RESULT
read_acks(struct pv_desk *d, struct pv_slice order, struct pv_arena *a,
    const struct pv_record **acks, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_ACKS, .n = 1 };
	PV_VEC(struct pv_record) list = { 0 };
	struct pv_record *kept;
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	q.where[0].column = PV_C_ACK_ORDER;
	q.where[0].cell = PV_CELL_S(order);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct pv_slice note = row.c[PV_C_ACK_BODY].s;
		const char *end = memchr(note.p, '\n', note.n);

		st = pv_record_read_text(PV_VEC_ADD(&list),
		    pv_slice_sub(note, 0, end != NULL ? (size_t)(end - note.p) : note.n), 0, a, e);
		if (!pv_ok(st))
			break;
	}
	kept = pv_arena_alloc_n(a, list.n, sizeof(*kept));
	if (list.n != 0)
		memcpy(kept, list.at, list.n * sizeof(*kept));
	*acks = kept;
	*n = list.n;
	PV_VEC_FREE(&list);
	return st;
}

static bool
in_force(
    const struct pv_state *s, const struct pv_fact *f, uint64_t at, struct pv_condition_view *view)
{
	const struct pv_order *o = &f->r->order;

	*view = (struct pv_condition_view){ 0 };
	if (o->holds_while.n != 0)
		*view = pv_state_condition(s, o->holds_while, f->r->issuer, &o->counterpart, at);
	if (at < f->since || at < o->effective || (o->until != 0 && at >= o->until) ||
	    at >= f->ended)
		return false;
	if (f->hold && at >= f->r->time + HOLD_LIFE_S)
		return false;
	return !(o->holds_while.n != 0 && view->status == PV_COND_ENDED);
}

PV_RESULT
pv_desk_orders(struct pv_desk *d, struct pv_slice only_id, uint64_t at, struct pv_arena *a,
    const struct pv_order_row **rows, size_t *n, struct pv_err *e)
{
	const struct pv_facts *orders;
	struct pv_order_row *list;
	size_t count = 0;

	if (d->remote != NULL)
		return pv_remote_orders(d, only_id, at, a, rows, n, e);
	PV_TRY(pv_home_refresh(d, e));
	orders = &d->own.state->by_kind[PV_ORDER];
	list = pv_arena_alloc_n(a, orders->n, sizeof(*list));
	for (size_t i = 0; i < orders->n; i++) {
		const struct pv_fact *f = orders->at[i], *condition;
		struct pv_order_row *row = &list[count];

		if (only_id.n != 0 && !pv_slice_eq(only_id, f->r->id))
			continue;
		*row = (struct pv_order_row){ .order = *f->r,
			.index = f->index,
			.since = f->since,
			.ended = f->ended,
			.hold = f->hold };
		row->hold_lapses = f->hold ? f->r->time + HOLD_LIFE_S : 0;
		row->in_force =
		    in_force(d->own.state, f, at != 0 ? at : pv_desk_now(d), &row->condition);
		condition = pv_state_find(d->own.state, f->r->order.holds_while);
		if (condition != NULL && condition->r->kind == PV_CONDITION)
			row->condition_quorum = condition->r->condition.quorum;
		if (f->ended_by != NULL)
			row->ended_by = f->ended_by->id;
		PV_TRY(read_acks(d, f->r->id, a, &row->acks, &row->ack_count, e));
		PV_TRY(read_withheld(d, f->r->id, a, row, e));
		count++;
	}
	*rows = list;
	*n = count;
	return PV_DONE;
}

/* ---- previews ---- */

struct previewing {
	struct pv_desk *d;
	struct pv_arena *a;
	const struct pv_record *r;
	struct pv_overlay *overlay;   /* the order, as if it stood */
	const struct pv_fact *lifted; /* a lift: the order that ends */
	struct pv_snapshot *without;  /* a lift: the state without that order */
	struct pv_preview *out;
	struct pv_name_list stopped, partly, going_on, because, receive, give, near_, reopened,
	    still, still_by;
};

/* The same question before and after. */
struct both {
	enum pv_answer_kind before, after;
	struct pv_slice decided_after; /* the first order or agreement */
};

static void
decide_one(struct previewing *p, const struct pv_case *c, bool after, enum pv_answer_kind *answer,
    struct pv_slice *decided)
{
	struct pv_log *log = &p->d->own;
	struct pv_origin origin = { 0 };
	struct pv_origins in = { &origin, 1 };
	struct pv_ref orders[8], agreements[8];
	struct pv_decision dec = { .orders = { .at = orders, .cap = 8 },
		.agreements = { .at = agreements, .cap = 8 } };
	struct pv_request r = { .matter = c->matter,
		.recipient = c->recipient,
		.purpose = c->purpose,
		.channel = c->channel,
		.side = c->side,
		.first_only = true };

	pv_home_snapshot(log);
	origin.snapshot = after && p->without != NULL ? p->without : log->snapshot;
	origin.overlay = after && p->without == NULL ? p->overlay : NULL;
	r.now_s = r.signed_s = pv_desk_now(p->d) + (after ? 1 : 0);
	if (after && p->r->kind == PV_ORDER && p->r->order.effective > r.now_s)
		r.now_s = r.signed_s = p->r->order.effective;
	pv_decide(&in, &r, &dec);
	*answer = dec.answer;
	*decided = dec.orders.n != 0       ? dec.orders.at[0].r->id
		   : dec.agreements.n != 0 ? dec.agreements.at[0].r->id
					   : PV_NO_SLICE;
}

static void
decide_both(struct previewing *p, const struct pv_case *c, struct both *out)
{
	struct pv_slice ignored;

	decide_one(p, c, false, &out->before, &ignored);
	decide_one(p, c, true, &out->after, &out->decided_after);
}

/* Does it stop what is of some party below the giver, though not the giver's own? */
static bool
stops_below(struct previewing *p, const struct pv_case *c)
{
	struct pv_names subjects = p->r->order.subject;

	for (size_t i = 0; i < subjects.n; i++) {
		struct pv_case below = *c;
		struct both pair;

		if (!pv_name_under(subjects.at[i], c->matter.originator))
			continue;
		below.matter.originator = subjects.at[i];
		decide_both(p, &below, &pair);
		if (pair.before == PV_RELEASE && pair.after == PV_REFUSE)
			return true;
	}
	return false;
}

/* One purpose of one agreement: stopped, going on, open again, or still stopped by another order. */
static void
sort_agreement(struct previewing *p, const struct pv_record *r, const struct pv_case *c,
    const struct both *pair)
{
	struct pv_slice label = pv_arena_printf(p->a, "%.*s to %.*s for %.*s", PV_FMT(r->id),
	    PV_FMT(r->agreement.to), PV_FMT(c->purpose));

	if (p->lifted != NULL) {
		if (pair->before == PV_REFUSE && pair->after == PV_RELEASE) {
			*PV_VEC_ADD(&p->reopened) = label;
		} else if (pair->before == PV_REFUSE && pair->decided_after.n != 0) {
			*PV_VEC_ADD(&p->still) = label;
			*PV_VEC_ADD(&p->still_by) = pair->decided_after;
		}
	} else if (pair->before == PV_RELEASE && pair->after == PV_REFUSE) {
		*PV_VEC_ADD(&p->stopped) = label;
		pv_name_list_add_once(&p->receive, r->agreement.to);
	} else if (pair->after == PV_RELEASE) {
		*PV_VEC_ADD(&p->going_on) = label;
		if (stops_below(p, c)) {
			*PV_VEC_ADD(&p->partly) = label;
			pv_name_list_add_once(&p->receive, r->agreement.to);
		}
		*PV_VEC_ADD(&p->because) = p->r->order.except.n != 0
					       ? PV_SLICE("excepted, or not covered")
					       : PV_SLICE("not covered");
	}
}

static void
preview_agreement(struct previewing *p, const struct pv_fact *f)
{
	const struct pv_agreement *g = &f->r->agreement;
	struct pv_slice scope[2] = { g->topic, g->region };

	for (size_t k = 0; k < g->purposes.n; k++) {
		struct pv_case c = { .recipient = g->to,
			.purpose = g->purposes.at[k],
			.channel =
			    g->channels.n != 0 ? g->channels.at[0] : PV_SLICE("exchange.courier") };
		struct both pair;

		c.matter = (struct pv_matter){ .originator = g->from,
			.topics = { scope, g->topic.n != 0 ? 1 : 0 },
			.regions = { scope + 1, g->region.n != 0 ? 1 : 0 },
			.identified = PV_IDENTIFIED_ALL };
		decide_both(p, &c, &pair);
		sort_agreement(p, f->r, &c, &pair);
	}
}

/* Can anybody open it, before and after? */
static PV_RESULT
preview_report(struct previewing *p, const struct pv_report_row *row, struct pv_err *e)
{
	const struct pv_facts *agreements = &p->d->own.state->by_kind[PV_AGREEMENT];
	struct pv_case c = { .channel = PV_SLICE("exchange.courier") };
	bool lost = false, open = false, gained = false;

	PV_TRY(pv_matter_of(p->d, &row->label, row->custodians, p->a, &c.matter, e));
	for (size_t i = 0; i < agreements->n; i++) {
		const struct pv_agreement *g = &agreements->at[i]->r->agreement;

		for (size_t k = 0; agreements->at[i]->ended == PV_NEVER && k < g->purposes.n; k++) {
			struct both pair;

			c.recipient = g->to;
			c.purpose = g->purposes.at[k];
			decide_both(p, &c, &pair);
			lost = lost || (pair.before == PV_RELEASE && pair.after == PV_REFUSE);
			gained = gained || (pair.before == PV_REFUSE && pair.after == PV_RELEASE);
			open = open || pair.after == PV_RELEASE;
		}
	}
	p->out->reports_stopped += lost ? 1 : 0;
	p->out->reports_going_on += open && p->lifted == NULL ? 1 : 0;
	p->out->reports_reopened += gained ? 1 : 0;
	return PV_DONE;
}

/* What was opened before cannot be called back. */
static void
count_too_late(struct previewing *p, const struct pv_report_row *row)
{
	uint64_t times = 0;

	for (size_t i = 0; i < row->opened_count; i++)
		times += pv_names_meet(p->r->order.counterpart, row->opened[i].party) ? 1 : 0;
	p->out->opened_reports += times != 0 ? 1 : 0;
	p->out->opened_times += times;
}

/* Echelons and counterparts it reaches, and parties beside the counterparts that one may have meant too. */
static void
preview_parties(struct previewing *p)
{
	const struct pv_facts *parties = &p->d->own.state->by_kind[PV_PARTY];
	const struct pv_order *o = &p->r->order;

	for (size_t i = 0; i < parties->n; i++) {
		struct pv_slice name = parties->at[i]->r->party.name;
		bool subject = false, counterpart = false, sibling = false;

		if (parties->at[i]->ended != PV_NEVER)
			continue;
		for (size_t k = 0; k < o->subject.n; k++)
			subject = subject || pv_name_under(name, o->subject.at[k]);
		for (size_t k = 0; k < o->counterpart.n; k++) {
			struct pv_slice parent = pv_name_parent(o->counterpart.at[k]);

			counterpart = counterpart || pv_name_under(name, o->counterpart.at[k]);
			sibling =
			    sibling || (parent.n != 0 && pv_slice_eq(pv_name_parent(name), parent));
		}
		p->out->echelons += subject ? 1 : 0;
		p->out->counterparts += counterpart ? 1 : 0;
		if (sibling && !counterpart)
			*PV_VEC_ADD(&p->near_) = name;
		if (counterpart && (o->direction & PV_TAKE_IN) != 0)
			*PV_VEC_ADD(&p->give) = name;
	}
}

/* The lifted order left out: a fold of the same facts without it. */
static void
build_without(struct previewing *p)
{
	struct pv_state *s = p->d->own.state;
	struct pv_fact *f = NULL;
	uint64_t ended;

	for (size_t i = 0; i < s->by_kind[PV_ORDER].n; i++)
		if (s->by_kind[PV_ORDER].at[i] == p->lifted)
			f = s->by_kind[PV_ORDER].at[i];
	if (f == NULL)
		return;
	ended = f->ended;
	f->ended = f->since; /* for the time of this build */
	p->without = pv_snapshot_build(s);
	f->ended = ended;
}

static PV_RESULT
preview(struct previewing *p, struct pv_err *e)
{
	const struct pv_facts *agreements = &p->d->own.state->by_kind[PV_AGREEMENT];
	const struct pv_report_row *rows;
	const struct pv_fact *condition;
	size_t n;

	for (size_t i = 0; i < agreements->n; i++)
		if (agreements->at[i]->ended == PV_NEVER)
			preview_agreement(p, agreements->at[i]);
	PV_TRY(pv_desk_reports(p->d, PV_NO_SLICE, p->a, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		PV_TRY(preview_report(p, &rows[i], e));
		if (p->lifted == NULL)
			count_too_late(p, &rows[i]);
	}
	if (p->lifted == NULL) {
		preview_parties(p);
		condition = pv_state_find(p->d->own.state, p->r->order.holds_while);
		if (condition != NULL && condition->r->kind == PV_CONDITION &&
		    condition->r->condition.text.n != 0)
			p->out->condition_text = condition->r->condition.text.at[0].text;
	}
	return PV_DONE;
}

PV_RESULT
pv_desk_preview(struct pv_desk *d, const struct pv_record *r, struct pv_arena *a,
    struct pv_preview *out, struct pv_err *e)
{
	struct previewing p = { .d = d, .a = a, .r = r, .out = out };
	struct pv_fact as_if = { .r = r, .index = UINT64_MAX, .ended = PV_NEVER };
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_preview(d, r, a, out, e);
	*out = (struct pv_preview){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	if (r->kind == PV_LIFT) {
		p.lifted = pv_state_find(d->own.state, r->lift.order);
		if (p.lifted == NULL || p.lifted->r->kind != PV_ORDER)
			return PV_FAIL(e, PV_E_INPUT, "no order \"%.*s\" in %.*s",
			    PV_FMT(r->lift.order), PV_FMT(d->origin));
		build_without(&p);
	} else if (r->kind == PV_ORDER) {
		as_if.since = pv_desk_now(d);
		p.overlay = pv_overlay_new();
		pv_overlay_add(p.overlay, d->own.state, &as_if);
	} else {
		return PV_FAIL(e, PV_E_INPUT, "orders and lifts have a preview, a %s has none",
		    pv_kind_name(r->kind));
	}
	st = preview(&p, e);
	if (pv_ok(st) && p.lifted != NULL) {
		struct pv_order_row row = { 0 };

		st = read_withheld(d, r->lift.order, a, &row, e);
		out->withheld = row.withheld.n;
	}
	out->order_log_size = d->own.loaded;
	out->proof_age_s = pv_desk_now(d) - d->own.signed_s;
	out->stopped_agreements = pv_name_list_keep(&p.stopped, a);
	out->partly_agreements = pv_name_list_keep(&p.partly, a);
	out->going_on_agreements = pv_name_list_keep(&p.going_on, a);
	out->going_on_because = pv_name_list_keep(&p.because, a);
	out->partners_receive = pv_name_list_keep(&p.receive, a);
	out->partners_give = pv_name_list_keep(&p.give, a);
	out->near_misses = pv_name_list_keep(&p.near_, a);
	out->reopened_agreements = pv_name_list_keep(&p.reopened, a);
	out->still_stopped = pv_name_list_keep(&p.still, a);
	out->still_stopped_by = pv_name_list_keep(&p.still_by, a);
	pv_overlay_free(p.overlay);
	pv_snapshot_free(p.without);
	return st;
}
