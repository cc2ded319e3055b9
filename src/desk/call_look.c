/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that look: the board, an explanation, the logs and what changed in them. */
#include "desk/layouts.h"
#include "desk/names.h"
#include "desk/report.h"
#include "desk/sight.h"

#define SEES_LOGS (PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR)

/* ---- board ---- */

/* Officers and overseers look at all; others at what is theirs: of their own home all, of one above what goes to them. */
static PV_RESULT
may_look(struct pv_call_run *c, struct pv_slice to, struct pv_err *e)
{
	if (pv_sees_all(c->who) || pv_name_under(c->d->party, c->who->party) ||
	    pv_caller_speaks_for(c->who, to))
		return PV_DONE;
	return pv_within(PV_FAIL(e, PV_E_INPUT, "you act for %.*s: ask for it or those below",
			     PV_FMT(c->who->party)),
	    e, "to");
}

static PV_RESULT
run_board(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_board_ask *ask = c->ask;
	struct pv_board_answer *out = c->answer;
	const struct pv_board_row *rows;
	size_t n, from;

	PV_TRY(may_look(c, ask->to, e));
	PV_TRY(pv_desk_board(c->d, ask->to, ask->at, c->a, &rows, &n, e));
	PV_TRY(pv_page_of(&ask->page, n, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

/* ---- explain ---- */

/* About itself, or a report of its own; officers and overseers about anything. */
static PV_RESULT
may_explain(struct pv_call_run *c, const struct pv_explain_ask *ask, struct pv_err *e)
{
	struct pv_kept kept;
	bool found;

	if (pv_sees_all(c->who) || pv_caller_speaks_for(c->who, ask->recipient))
		return PV_DONE;
	PV_TRY(pv_report_find(c->d, ask->report, c->a, &kept, &found, e));
	if (found && pv_caller_speaks_for(c->who, kept.label.report.originator))
		return PV_DONE;
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "you act for %.*s: ask about it, or about a report of its own",
		PV_FMT(c->who->party)),
	    e, "recipient");
}

/* Rules that are near but decide nothing are left out where the caller may not read them. */
static void
leave_out(struct pv_explain_answer *x, const struct pv_sight *sight, struct pv_arena *a)
{
	struct pv_explained_row *rows = pv_arena_alloc_n(a, x->row_count, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < x->row_count; i++) {
		const struct pv_explained_row *r = &x->rows[i];

		if (r->effect == PV_EFFECT_NOTHING && r->rule.record.kind != PV_KIND_NONE &&
		    r->rule.record.kind != PV_REPORT && !pv_sight_has(sight, &r->rule.record))
			continue;
		rows[n++] = *r;
	}
	x->rows = rows;
	x->row_count = n;
}

static PV_RESULT
run_explain(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_explain_ask *ask = c->ask;
	const struct pv_explanation *x;
	struct pv_sight sight;

	PV_TRY(may_explain(c, ask, e));
	PV_TRY(pv_desk_explain(
	    c->d, ask->report, ask->recipient, ask->purpose, ask->channel, ask->at, c->a, &x, e));
	pv_explanation_flat(x, c->a, c->answer);
	if (pv_sees_all(c->who))
		return PV_DONE;
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	leave_out(c->answer, &sight, c->a);
	pv_sight_end(&sight);
	return PV_DONE;
}

/* ---- logs ---- */

/* An operator sees that there are entries and whether they are whole, not what is in them. */
static void
close_entries(struct pv_call_run *c, struct pv_log_answer *out)
{
	struct pv_log_entry *entries = pv_arena_alloc_n(c->a, out->count, sizeof(*entries));

	for (size_t i = 0; i < out->count; i++)
		entries[i] = (struct pv_log_entry){ .index = out->entries[i].index,
			.time = out->entries[i].time,
			.kind = out->entries[i].kind,
			.bytes = out->entries[i].bytes };
	out->entries = entries;
}

static PV_RESULT
run_log(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_log_ask ask = *(const struct pv_log_ask *)c->ask;
	struct pv_log_answer *out = c->answer;

	if (!pv_sees_all(c->who) && ask.id.n != 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "an operator cannot look for what entries are about"), e,
		    "id");
	if (ask.count == 0 || ask.count > PV_PAGE_MAX)
		ask.count = PV_PAGE_MAX;
	PV_TRY(pv_desk_log(c->d, &ask, c->a, &out->entries, &out->count, e));
	if (out->count == ask.count)
		out->next = out->entries[out->count - 1].index + 1;
	if (!pv_sees_all(c->who))
		close_entries(c, out);
	return PV_DONE;
}

static PV_RESULT
run_verify(struct pv_call_run *c, struct pv_err *e)
{
	return pv_desk_verify(c->d, c->a, c->answer, e);
}

static PV_RESULT
run_prove(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_prove_ask *ask = c->ask;

	return pv_desk_log_prove(c->d, ask->log, ask->index, c->tail_out, e);
}

static PV_RESULT
run_rebuild(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_rebuild_ask *ask = c->ask;

	if (ask->repair)
		return pv_within(PV_FAIL(e, PV_E_INPUT,
				     "tables are written anew on the machine of "
				     "the home alone"),
		    e, "repair");
	return pv_desk_log_rebuild(c->d, false, c->a, c->answer, e);
}

/* ---- what changed ---- */

#define EVENTS_MAX 200

struct changes {
	struct pv_call_run *c;
	struct pv_sight sight;
	struct pv_event *rows;
	uint64_t limit;
};

/* Who sees which entries of the journal: the own authority what kind about which report; a partner its own openings. */
static bool
journal_event(struct changes *x, const struct pv_log_entry *entry, struct pv_event *out)
{
	const struct pv_caller *who = x->c->who;
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *party;
	struct pv_err ignored;

	*out = (struct pv_event){ .event = PV_SLICE("journal"),
		.kind = entry->kind,
		.index = entry->index,
		.time = entry->time };
	if (who->own) {
		if ((who->roles & (PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER)) != 0)
			out->id = entry->id;
		return true;
	}
	if (!pv_ok(pv_json_read(&doc, entry->disclosed, PV_STORE_BODY_MAX, &ignored)))
		return false;
	party = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("party")));
	if (party == NULL || party->type != PV_JSON_STRING ||
	    !pv_caller_speaks_for(who, party->text))
		return false;
	out->id = pv_slice_is(entry->kind, "granted") || pv_slice_is(entry->kind, "page")
		      ? entry->id
		      : PV_NO_SLICE;
	return true;
}

static bool
act_event(struct changes *x, const struct pv_log_entry *entry, struct pv_event *out)
{
	if (entry->id.n == 0 || !pv_sight_has_id(&x->sight, entry->id))
		return false;
	*out = (struct pv_event){ .event = PV_SLICE("act"),
		.kind = entry->kind,
		.id = entry->id,
		.index = entry->index,
		.time = entry->time };
	return true;
}

/* Entries of one log from *seen on; *seen is where it stopped. */
static PV_RESULT
read_changes(struct changes *x, bool journal, uint64_t *seen, struct pv_err *e)
{
	struct pv_events_answer *out = x->c->answer;
	struct pv_log_ask ask = { .log = journal ? PV_SLICE("journal") : PV_SLICE("orders"),
		.from = *seen,
		.count = x->limit };
	const struct pv_log_entry *entries;
	size_t n;

	PV_TRY(pv_desk_log(x->c->d, &ask, x->c->a, &entries, &n, e));
	for (size_t i = 0; i < n && out->count < x->limit; i++) {
		struct pv_event *row = &x->rows[out->count];

		*seen = entries[i].index + 1;
		if (!(journal ? journal_event : act_event)(x, &entries[i], row))
			continue;
		row->orders = out->orders;
		row->journal = out->journal;
		out->count++;
	}
	out->more = out->more || n == x->limit || out->count == x->limit;
	return PV_DONE;
}

static PV_RESULT
log_size(struct pv_desk *d, struct pv_slice log, uint64_t *size, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_head head;
	bool found;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_log_head(v, log, &head, &found, e));
	*size = found ? head.size : 0;
	return PV_DONE;
}

/* The order log first: who hears of an opening has heard of the orders before it. */
static PV_RESULT
run_events(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_events_ask *ask = c->ask;
	struct pv_events_answer *out = c->answer;
	struct changes x = { .c = c };
	struct pv_status st = PV_DONE;
	uint64_t orders, journal;

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(log_size(c->d, c->d->origin, &orders, e));
	PV_TRY(log_size(c->d, c->d->journal, &journal, e));
	x.limit = ask->limit == 0 || ask->limit > EVENTS_MAX ? EVENTS_MAX : ask->limit;
	x.rows = pv_arena_alloc_n(c->a, x.limit, sizeof(*x.rows));
	out->rows = x.rows;
	out->orders = ask->orders < orders ? ask->orders : orders;
	out->journal = ask->journal < journal ? ask->journal : journal;
	PV_TRY(pv_sight_begin(&x.sight, c->d, c->who, c->a, e));
	if (out->orders < orders)
		st = read_changes(&x, false, &out->orders, e);
	if (pv_ok(st) && out->journal < journal && out->count < x.limit)
		st = read_changes(&x, true, &out->journal, e);
	pv_sight_end(&x.sight);
	return st;
}

const struct pv_call pv_calls_look[] = {
	{ .name = "board",
	    .method = "GET",
	    .path = "/board",
	    .summary = "Who may have what, for what, and what stands against it",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_board_ask,
	    .answer = &pv_layout_board,
	    .run = run_board },
	{ .name = "explain",
	    .method = "GET",
	    .path = "/reports/{report}/explanation",
	    .summary = "Every rule that applied to a report for somebody, and what would change it",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_explain_ask,
	    .answer = &pv_layout_explain,
	    .run = run_explain },
	{ .name = "log.show",
	    .method = "GET",
	    .path = "/logs/{log}/entries",
	    .summary = "Entries of a log",
	    .roles = SEES_LOGS,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_log_ask,
	    .answer = &pv_layout_log,
	    .run = run_log },
	{ .name = "log.prove",
	    .method = "GET",
	    .path = "/logs/{log}/entries/{index}/proof",
	    .summary = "A proof (C2SP tlog-proof) that an entry is in its log",
	    .roles = SEES_LOGS,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_prove_ask,
	    .tail_out = "proof",
	    .tail_type = "text/plain; charset=utf-8",
	    .run = run_prove },
	{ .name = "log.verify",
	    .method = "POST",
	    .path = "/logs/verify",
	    .summary = "Checks hashes, growth and signatures of the home's logs, and its tables",
	    .roles = SEES_LOGS,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .answer = &pv_layout_verify,
	    .run = run_verify },
	{ .name = "log.rebuild",
	    .method = "POST",
	    .path = "/logs/rebuild",
	    .summary = "Folds the order log anew and compares it with the tables",
	    .roles = SEES_LOGS,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_rebuild_ask,
	    .answer = &pv_layout_rebuild,
	    .run = run_rebuild },
	{ .name = "events.read",
	    .summary = "What changed since",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .ask = &pv_layout_events_ask,
	    .answer = &pv_layout_events,
	    .run = run_events },
	{ .name = NULL },
};
