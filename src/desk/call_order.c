/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on orders, and the statements that this home's gateway signs: outcomes,
 * incidents, answers, acknowledgements. Orders are acts: they are drafted,
 * signed and applied as all of them (call_home.c).
 */
#include "desk/layouts.h"
#include "desk/names.h"
#include "desk/sight.h"
#include "wire/record.h"

/* ---- orders ---- */

/* A partner sees its own acknowledgements, and what was kept from whom is not told. */
static void
cut_row(struct pv_call_run *c, struct pv_order_row *row)
{
	struct pv_record *acks;
	size_t n = 0;

	if (c->who->known && c->who->own)
		return;
	row->withheld = (struct pv_names){ NULL, 0 };
	acks = pv_arena_alloc_n(c->a, row->ack_count, sizeof(*acks));
	for (size_t i = 0; i < row->ack_count; i++)
		if (pv_caller_speaks_for(c->who, row->acks[i].ack.party))
			acks[n++] = row->acks[i];
	row->acks = acks;
	row->ack_count = n;
}

/* The orders that the caller may see. */
static PV_RESULT
orders(struct pv_call_run *c, struct pv_slice id, uint64_t at, struct pv_order_row **out, size_t *n,
    struct pv_err *e)
{
	const struct pv_order_row *all;
	struct pv_sight sight;
	size_t count;

	PV_TRY(pv_desk_orders(c->d, id, at, c->a, &all, &count, e));
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	*out = pv_arena_alloc_n(c->a, count, sizeof(**out));
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!pv_sight_has(&sight, &all[i].order))
			continue;
		(*out)[*n] = all[i];
		cut_row(c, &(*out)[(*n)++]);
	}
	pv_sight_end(&sight);
	return PV_DONE;
}

static PV_RESULT
run_orders(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_orders_ask *ask = c->ask;
	struct pv_orders_answer *out = c->answer;
	struct pv_order_row *rows;
	size_t n, from;

	PV_TRY(orders(c, ask->id, ask->at, &rows, &n, e));
	PV_TRY(pv_page_of(&ask->page, n, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

static PV_RESULT
run_order(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_order_ask *ask = c->ask;
	struct pv_order_answer *out = c->answer;
	struct pv_order_row *rows;
	size_t n;

	PV_TRY(orders(c, ask->id, ask->at, &rows, &n, e));
	if (n != 0)
		*out = (struct pv_order_answer){ .found = true, .row = rows[0] };
	return PV_DONE;
}

static PV_RESULT
run_preview(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_preview_ask *ask = c->ask;
	struct pv_record *r = PV_ARENA_NEW(c->a, struct pv_record);

	*r = ask->record;
	PV_TRY(pv_home_refresh(c->d, e));
	if (r->id.n == 0)
		r->id = pv_desk_next_id(c->d, r->kind, c->a);
	if (r->issuer.n == 0)
		r->issuer = c->d->party;
	if (r->time == 0)
		r->time = pv_desk_now(c->d);
	return pv_desk_preview(c->d, r, c->a, c->answer, e);
}

/* ---- statements ---- */

static PV_RESULT
speaks(struct pv_call_run *c, struct pv_slice party, const char *field, struct pv_err *e)
{
	if (party.n == 0 || pv_caller_speaks_for(c->who, party))
		return PV_DONE;
	return pv_within(PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
			     PV_FMT(c->who->party), PV_FMT(party)),
	    e, "record.%s", field);
}

/* Whoever states it states it for its own party, and an acknowledgement of another is for an officer to note. */
static PV_RESULT
may_state(struct pv_call_run *c, const struct pv_record *r, struct pv_err *e)
{
	PV_TRY(speaks(c, r->issuer, "issuer", e));
	switch (r->kind) {
	case PV_OUTCOME:
		return speaks(c, r->outcome.by, "by", e);
	case PV_ACK:
		return speaks(c, r->ack.party, "party", e);
	case PV_INCIDENT:
	case PV_ANSWER:
		return PV_DONE;
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_PARTY:
	case PV_TERM:
	case PV_KEY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_AGREEMENT:
	case PV_ORDER:
	case PV_LIFT:
	case PV_RECALL:
	case PV_END:
	case PV_CONDITION:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_KIND_COUNT:
		break;
	}
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "a %s is signed by officers, not stated", pv_kind_name(r->kind)),
	    e, "record.record");
}

/* Who states it is who calls; somebody who calls for many persons (a machine, an officer) says who. */
static PV_RESULT
person_of(struct pv_call_run *c, struct pv_slice asked, struct pv_slice *out, struct pv_err *e)
{
	*out = asked.n != 0 ? asked : c->who->person;
	if (asked.n == 0 || c->who->person.n == 0 || pv_slice_eq(asked, c->who->person) ||
	    (c->who->roles & PV_ROLE_OFFICER) != 0)
		return PV_DONE;
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "this credential is of %.*s", PV_FMT(c->who->person)), e,
	    "person");
}

/* An order that the caller may not read is not there, for its acknowledgement as for itself. */
static PV_RESULT
reads_order(struct pv_call_run *c, const struct pv_record *r, struct pv_err *e)
{
	struct pv_slice order = r->kind == PV_ACK ? r->ack.order : r->answer.order;
	struct pv_sight sight;
	bool has;

	if (r->kind != PV_ACK && r->kind != PV_ANSWER)
		return PV_DONE;
	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	has = pv_sight_has_id(&sight, order);
	pv_sight_end(&sight);
	if (has)
		return PV_DONE;
	return pv_within(PV_FAIL(e, PV_E_INPUT, "no order \"%.*s\" in %.*s", PV_FMT(order),
			     PV_FMT(c->d->origin)),
	    e, "order");
}

static PV_RESULT
run_state(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_state_ask *ask = c->ask;
	struct pv_state_answer *out = c->answer;
	struct pv_slice person;

	out->record = ask->record;
	out->record.line = PV_NO_SLICE;
	if (out->record.issuer.n == 0)
		out->record.issuer =
		    pv_caller_speaks_for(c->who, c->d->party) ? c->d->party : c->who->party;
	PV_TRY(may_state(c, &out->record, e));
	PV_TRY(reads_order(c, &out->record, e));
	PV_TRY(person_of(c, ask->person, &person, e));
	return pv_desk_state_record(
	    c->d, &out->record, person, c->tail_out, &out->journal_index, c->a, e);
}

const struct pv_call pv_calls_order[] = {
	{ .name = "orders.list",
	    .method = "GET",
	    .path = "/orders",
	    .summary = "Orders: what is stopped or restricted, and who has acknowledged it",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS,
	    .ask = &pv_layout_orders_ask,
	    .answer = &pv_layout_orders,
	    .run = run_orders },
	{ .name = "orders.show",
	    .method = "GET",
	    .path = "/orders/{id}",
	    .summary = "One order",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS | PV_CALL_FOUND,
	    .ask = &pv_layout_order_ask,
	    .answer = &pv_layout_order,
	    .run = run_order },
	{ .name = "orders.preview",
	    .method = "POST",
	    .path = "/previews",
	    .summary = "What an order or a lift would do; nothing is signed yet",
	    .roles = PV_ROLE_OFFICER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_preview_ask,
	    .answer = &pv_layout_preview,
	    .run = run_preview },
	{ .name = "records.state",
	    .method = "POST",
	    .path = "/records",
	    .summary = "An outcome, incident, answer or acknowledgement, signed by this gateway",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER,
	    .flags = PV_CALL_OWN,
	    .ask = &pv_layout_state_ask,
	    .answer = &pv_layout_state,
	    .tail_out = "note",
	    .run = run_state },
	{ .name = NULL },
};
