/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/release.h"

#include <stdio.h>

#include "codec/json.h"
#include "desk/batch.h"
#include "wire/request.h"

static struct pv_slice
random_hex(struct pv_desk *d, struct pv_arena *a)
{
	uint8_t raw[16];
	char hex[33];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	return pv_arena_copy(a, pv_slice_of(hex));
}

/* Short enough to be said on the telephone; it leads to the journal's entry and says nothing. */
static struct pv_slice
random_reference(struct pv_desk *d, struct pv_arena *a)
{
	uint8_t r[4];

	d->env.random(d->env.ctx, r, sizeof(r));
	return pv_arena_printf(a, "%02X%02X-%02X%02X", r[0], r[1], r[2], r[3]);
}

static struct pv_journal_entry
entry_of(const char *kind, const struct pv_releasing *what, const struct pv_judgement *j,
    struct pv_arena *a)
{
	return (struct pv_journal_entry){ .kind = kind,
		.report = what->report->label.id,
		.party = what->c->recipient,
		.person = what->person,
		.purpose = what->c->purpose,
		.decision = pv_judgement_json(j, a),
		.label = what->report->digest };
}

static uint64_t
outcome_due(const struct pv_judgement *j)
{
	uint64_t within = 0;

	for (size_t i = 0; i < j->obligations.n; i++)
		if (j->obligations.at[i].duty == PV_REPORT_OUTCOME &&
		    (within == 0 || j->obligations.at[i].within_s < within))
			within = j->obligations.at[i].within_s;
	return within != 0 ? j->now_s + within : 0;
}

static struct pv_store_change
release_row(struct pv_desk *d, const struct pv_releasing *what, const struct pv_judgement *j,
    struct pv_slice release, const char *state, struct pv_arena *a)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_RELEASES };

	c.row.c[PV_C_RELEASE_ID] = PV_CELL_S(release);
	c.row.c[PV_C_RELEASE_REPORT] = PV_CELL_S(what->report->label.id);
	c.row.c[PV_C_RELEASE_PARTY] = PV_CELL_S(what->c->recipient);
	c.row.c[PV_C_RELEASE_PURPOSE] = PV_CELL_S(what->c->purpose);
	c.row.c[PV_C_RELEASE_STATE] = PV_CELL_S(pv_slice_of(state));
	c.row.c[PV_C_RELEASE_SECOND] = PV_CELL_N(j->now_s);
	c.row.c[PV_C_RELEASE_JOURNAL] = PV_CELL_S(d->journal);
	c.row.c[PV_C_RELEASE_INDEX] = (struct pv_store_cell){ .from_append = 1 };
	c.row.c[PV_C_RELEASE_BODY] =
	    PV_CELL_S(pv_arena_printf(a, "%llu", (unsigned long long)outcome_due(j)));
	return c;
}

/* Kept with the order, so that it can be offered again when the order is over. */
static struct pv_store_change
withheld_row(
    const struct pv_releasing *what, const struct pv_judgement *j, const struct pv_record *order)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_WITHHELD };

	c.row.c[PV_C_WITHHELD_ORDER] = PV_CELL_S(order->id);
	c.row.c[PV_C_WITHHELD_REPORT] = PV_CELL_S(what->report->label.id);
	c.row.c[PV_C_WITHHELD_PARTY] = PV_CELL_S(what->c->recipient);
	c.row.c[PV_C_WITHHELD_STATE] = PV_CELL_S(PV_SLICE("withheld"));
	c.row.c[PV_C_WITHHELD_SECOND] = PV_CELL_N(j->now_s);
	return c;
}

/* What is said of it to the caller's rows, and then our own. */
static struct pv_store_change *
rows_with(const struct pv_releasing *what, size_t more, struct pv_arena *a)
{
	struct pv_store_change *rows = pv_arena_alloc_n(a, what->row_count + more, sizeof(*rows));

	if (what->row_count != 0)
		memcpy(rows, what->rows, what->row_count * sizeof(*rows));
	return rows;
}

/* The channel is a word from outside. */
static struct pv_slice
detail_of(struct pv_slice channel, struct pv_slice terms, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "channel", channel);
	pv_jsonw_raw(&w, "terms", terms);
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

void
pv_release_lay_grant(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_journal_item *item)
{
	struct pv_store_change *rows = rows_with(what, 1, a);

	r->release = random_hex(d, a);
	*item = (struct pv_journal_item){ .entry = entry_of("granted", what, &r->judgement, a),
		.rows = rows,
		.row_count = what->row_count + 1,
		.a = a,
		.out = &r->journalled };
	item->entry.release = r->release;
	item->entry.detail = detail_of(what->c->channel, pv_terms_json(&r->judgement, a), a);
	rows[what->row_count] = release_row(d, what, &r->judgement, r->release, "granted", a);
}

void
pv_release_lay_refusal(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_journal_item *item)
{
	const struct pv_refs *orders = &r->judgement.decision.orders;
	struct pv_store_change *rows = rows_with(what, orders->n, a);

	for (size_t i = 0; i < orders->n; i++)
		rows[what->row_count + i] = withheld_row(what, &r->judgement, orders->at[i].r);
	r->granted = false;
	r->reference = random_reference(d, a);
	*item = (struct pv_journal_item){ .entry = entry_of("refused", what, &r->judgement, a),
		.rows = rows,
		.row_count = what->row_count + orders->n,
		.refusal = true,
		.a = a,
		.out = &r->journalled };
	item->entry.detail = pv_arena_printf(a, "{\"reference\":\"%.*s\"}", PV_FMT(r->reference));
}

static void
lay_back(struct pv_desk *d, const char *kind, const struct pv_releasing *what,
    const struct pv_released *r, struct pv_slice detail, struct pv_arena *a,
    struct pv_journal_item *item)
{
	struct pv_store_change *row = PV_ARENA_NEW(a, struct pv_store_change);

	*row = release_row(d, what, &r->judgement, r->release, kind, a);
	*item = (struct pv_journal_item){ .entry = entry_of(kind, what, &r->judgement, a),
		.rows = row,
		.row_count = 1,
		.a = a,
		.out = PV_ARENA_NEW(a, struct pv_journalled) };
	item->entry.release = r->release;
	item->entry.detail = detail;
}

static struct pv_slice
why_json(const char *why, struct pv_arena *a)
{
	return pv_arena_printf(a, "{\"why\":\"%s\"}", why);
}

void
pv_release_lay_stop(struct pv_desk *d, const struct pv_releasing *what, uint64_t bytes,
    struct pv_arena *a, struct pv_released *r, struct pv_journal_item items[PV_RELEASE_STOP_ITEMS])
{
	struct pv_releasing bare = *what;

	bare.row_count = 0; /* they were written with the grant */
	if (bytes == 0)
		lay_back(d, "not-given", what, r,
		    why_json("an order arrived before the key left", a), a, &items[0]);
	else
		lay_back(d, "cut", what, r,
		    pv_arena_printf(a, "{\"bytes\":%llu}", (unsigned long long)bytes), a,
		    &items[0]);
	pv_release_lay_refusal(d, &bare, a, r, &items[1]);
}

/* ---- one at a time ---- */

static PV_RESULT
write_items(struct pv_desk *d, struct pv_journal_item *items, size_t n, struct pv_err *e)
{
	PV_TRY(pv_journal_write(d, items, n, e));
	for (size_t i = 0; i < n; i++)
		if (!pv_ok(items[i].st)) {
			*e = items[i].err;
			return items[i].st;
		}
	return pv_journal_settle(d, e);
}

PV_RESULT
pv_release_not_given(struct pv_desk *d, const struct pv_releasing *what,
    const struct pv_released *r, const char *why, struct pv_arena *a, struct pv_err *e)
{
	struct pv_journal_item item;

	lay_back(d, "not-given", what, r, why_json(why, a), a, &item);
	return write_items(d, &item, 1, e);
}

PV_RESULT
pv_release_stop(struct pv_desk *d, const struct pv_releasing *what, uint64_t bytes,
    struct pv_arena *a, struct pv_released *r, struct pv_err *e)
{
	struct pv_journal_item items[PV_RELEASE_STOP_ITEMS];

	pv_release_lay_stop(d, what, bytes, a, r, items);
	return write_items(d, items, PV_RELEASE_STOP_ITEMS, e);
}

PV_RESULT
pv_release_unknown(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *out, struct pv_err *e)
{
	struct pv_journal_item item;

	*out = (struct pv_released){ 0 };
	pv_release_lay_refusal(d, what, a, out, &item);
	return write_items(d, &item, 1, e);
}

PV_RESULT
pv_release(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *out, struct pv_err *e)
{
	PV_AUTO(pv_batch_freep) struct pv_batch *b = pv_batch_new(d);
	struct pv_status st;
	struct pv_err other;

	PV_TRY(pv_batch_release(b, what, a, out, e));
	PV_TRY(pv_batch_commit(b, e));
	st = pv_journal_settle(d, e);
	if (!pv_ok(st)) {
		if (out->release.n != 0)
			pv_ignore(pv_release_not_given(
			    d, what, out, "its checkpoint could not be kept", a, &other));
		return st;
	}
	PV_TRY(pv_batch_finish(b, what, a, out, e));
	return pv_journal_settle(d, e);
}

/* ---- telling ---- */

static bool
may_know(struct pv_desk *d, struct pv_slice caller, const struct pv_record *order)
{
	return order->order.is_public || pv_name_under(caller, d->party);
}

PV_RESULT
pv_tell(struct pv_desk *d, const struct pv_released *r, struct pv_slice caller, struct pv_arena *a,
    struct pv_told *out, struct pv_err *e)
{
	const struct pv_decision *dec = &r->judgement.decision;
	struct pv_slice *orders = pv_arena_alloc_n(a, dec->orders.n, sizeof(*orders));
	size_t n = 0;
	bool suspended = false;

	(void)e;
	*out = (struct pv_told){
		.reference = r->reference, .journalled = true, .journal_index = r->journalled.index
	};
	for (size_t i = 0; i < dec->orders.n; i++) {
		const struct pv_record *order = dec->orders.at[i].r;

		if (!may_know(d, caller, order))
			continue;
		if (n == 0)
			out->order = *order;
		suspended = suspended || order->order.kind == PV_SUSPEND;
		orders[n++] = order->id;
	}
	out->orders = (struct pv_names){ orders, n };
	out->entitled = n != 0 || pv_name_under(caller, d->party);
	if (!out->entitled)
		return PV_DONE;
	out->why = n == 0 ? dec->reason : suspended ? PV_WHY_SUSPENDED : PV_WHY_RESTRICTED;
	if (n != 0 && out->order.order.holds_while.n != 0) {
		const struct pv_log *log = r->judgement.stood[dec->orders.at[0].origin].log;
		const struct pv_fact *condition =
		    pv_state_find(log->state, out->order.order.holds_while);

		out->condition = pv_state_condition(log->state, out->order.order.holds_while,
		    out->order.issuer, &out->order.order.counterpart, r->judgement.now_s);
		out->condition_quorum = condition != NULL && condition->r->kind == PV_CONDITION
					    ? condition->r->condition.quorum
					    : 0;
	}
	return PV_DONE;
}

/* ---- terms ---- */

static bool
with_custody(const struct pv_judgement *j)
{
	for (size_t i = 0; i < j->decision.agreements.n; i++) {
		const struct pv_agreement *g = &j->decision.agreements.at[i].r->agreement;

		if (g->custody && pv_name_under(j->request.recipient, g->to))
			return true;
	}
	return false;
}

struct pv_slice
pv_terms_json(const struct pv_judgement *j, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_array(&w, NULL);
	if (with_custody(j)) {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_array(&w,
		    "custodians"); /* through whom it came so far: the next one's chain begins so */
		for (size_t i = 0; i < j->request.matter.custodians.n; i++)
			pv_jsonw_str(&w, NULL, j->request.matter.custodians.at[i]);
		pv_jsonw_end(&w);
		pv_jsonw_str(&w, "grants", PV_SLICE("custody"));
		pv_jsonw_end(&w);
	}
	for (size_t i = 0; i < j->obligations.n; i++)
		pv_obligation_write(&w, NULL, &j->obligations.at[i]);
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}
