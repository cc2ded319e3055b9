/* SPDX-License-Identifier: Apache-2.0 */
/* board, explain, status: how things stand, and why. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/explain.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

/* ---- board ---- */

static const char *
cell_word(enum pv_cell cell)
{
	switch (cell) {
	case PV_CELL_NONE:
		return "-";
	case PV_CELL_OPEN:
		return "OPEN";
	case PV_CELL_PARTLY:
		return "PARTLY";
	case PV_CELL_BARRED:
		return "BARRED";
	case PV_CELL_STOPPED:
		return "STOPPED";
	}
	return "";
}

static const char *
matter_text(struct pv_arena *a, const struct pv_board_row *b)
{
	return pv_arena_printf(a, "%.*s%s%.*s",
	    PV_FMT(b->topic.n != 0 ? b->topic : PV_SLICE("every topic")),
	    b->region.n != 0 ? ", " : "", PV_FMT(b->region))
	    .p;
}

static const char *
cell_because(struct pv_run *r, const struct pv_board_row *b)
{
	const char *ids = pv_list_names(r->arena, b->because, "");

	if (b->cell == PV_CELL_PARTLY)
		return pv_arena_printf(
		    r->arena, "%s, but %s", ids, pv_list_names(r->arena, b->but_by, ""))
		    .p;
	if (b->because.n != 0 || b->cell == PV_CELL_NONE || b->why == PV_WHY_NONE)
		return ids;
	return pv_reason_line(b->why);
}

static bool
same_names(struct pv_names x, struct pv_names y)
{
	for (size_t i = 0; x.n == y.n && i < x.n; i++)
		if (!pv_slice_eq(x.at[i], y.at[i]))
			return false;
	return x.n == y.n;
}

/* What the "but o-0031" of some rows means; once for each. */
static void
tell_buts(struct pv_run *r, const struct pv_board_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool told = rows[i].cell != PV_CELL_PARTLY;

		for (size_t k = 0; k < i && !told; k++)
			told = same_names(rows[k].but, rows[i].but) &&
			       same_names(rows[k].but_by, rows[i].but_by);
		if (!told)
			pv_para(&r->term, "PARTLY  ",
			    "open, but %s stops what is of %s, and of all below.",
			    pv_list_names(r->arena, rows[i].but_by, ""),
			    pv_list_few(r->arena, rows[i].but, 8));
	}
}

/* A partner's name, then its cells; the columns are the same for all partners. */
static void
tell_rows(struct pv_run *r, const struct pv_board_row *rows, size_t n)
{
	int purpose_width = 0, matter_width = 0;
	struct pv_table *table = NULL;

	for (size_t i = 0; i < n; i++) {
		int purpose = (int)rows[i].purpose.n,
		    matter = (int)strlen(matter_text(r->arena, &rows[i]));

		purpose_width = purpose > purpose_width ? purpose : purpose_width;
		matter_width = matter > matter_width ? matter : matter_width;
	}
	for (size_t i = 0; i < n; i++) {
		const struct pv_board_row *b = &rows[i];

		if (i == 0 || !pv_slice_eq(b->partner, rows[i - 1].partner)) {
			if (table != NULL)
				pv_table_print(table, &r->term, 2);
			table = pv_table_new(r->arena, "lllw");
			pv_state_line(
			    &r->term, PV_STRONG, pv_arena_str(r->arena, b->partner), "%s", "");
		}
		pv_table_cell(table, b->cell == PV_CELL_OPEN ? PV_FLOW : PV_STRONG, "%-7s",
		    cell_word(b->cell));
		pv_table_cell(table, PV_INK, "%-*.*s", purpose_width, PV_FMT(b->purpose));
		pv_table_cell(table, PV_INK, "%-*s", matter_width, matter_text(r->arena, b));
		pv_table_cell(table, PV_INK, "%s", cell_because(r, b));
	}
	if (table != NULL)
		pv_table_print(table, &r->term, 2);
}

static void
tell_board(struct pv_run *r, const struct pv_desk *d, const struct pv_board_row *rows, size_t n,
    uint64_t at)
{
	pv_line(&r->term, "%.*s   who may open what, as of %s", PV_FMT(pv_desk_identity(d).party),
	    pv_show_time(r->arena, at != 0 ? at : pv_desk_now(d)));
	tell_rows(r, rows, n);
	tell_buts(r, rows, n);
	if (n == 0)
		pv_line(&r->term, "  No partner yet. An agreement makes one: proviso agree");
	else
		pv_line(&r->term, "Why: proviso explain REPORT --to PARTY --purpose PURPOSE");
}

static int
run_board(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const struct pv_board_row *rows = NULL;
	size_t n = 0;
	uint64_t at;
	struct pv_slice to;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_name(r, "to", &to, &e)) || !pv_ok(pv_given_time(r, "at", &at, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_board(d, to, at, r->arena, &rows, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!r->json) {
		tell_board(r, d, rows, n, at);
		return PV_EXIT_DONE;
	}
	pv_json_begin(&out);
	pv_put_time(&out.w, "at", at != 0 ? at : pv_desk_now(d));
	pv_jsonw_array(&out.w, "rows");
	for (size_t i = 0; i < n; i++) {
		pv_jsonw_object(&out.w, NULL);
		pv_jsonw_str(&out.w, "state", pv_slice_of(cell_word(rows[i].cell)));
		pv_jsonw_str(&out.w, "partner", rows[i].partner);
		if (rows[i].topic.n != 0)
			pv_jsonw_str(&out.w, "topic", rows[i].topic);
		if (rows[i].region.n != 0)
			pv_jsonw_str(&out.w, "region", rows[i].region);
		pv_jsonw_str(&out.w, "purpose", rows[i].purpose);
		pv_jsonw_str(&out.w, "reason", pv_slice_of(pv_reason_name(rows[i].why)));
		pv_put_names(&out.w, "because", rows[i].because);
		if (rows[i].cell == PV_CELL_PARTLY) {
			pv_put_names(&out.w, "but", rows[i].but);
			pv_put_names(&out.w, "but_by", rows[i].but_by);
		}
		pv_jsonw_end(&out.w);
	}
	pv_jsonw_end(&out.w);
	pv_json_end(r, &out);
	return PV_EXIT_DONE;
}

static const struct pv_opt board_options[] = {
	{ "to", 0, "PARTY", "only that partner and those below it", false, NULL },
	PV_OPT_AT,
	{ 0 },
};
static const struct pv_example board_examples[] = {
	{ "proviso board", "all partners, matters and purposes" },
	{ "proviso board --to us --at 2025-11-10T00:00:00Z", "the day before an order" },
	{ 0 },
};
const struct pv_cmd cmd_board = {
	.name = "board",
	.group = PV_GROUP_LOOK,
	.summary = "partners against matters and purposes: OPEN, PARTLY, BARRED, STOPPED",
	.usage = "[--to PARTY] [--at TIME]",
	.text = "OPEN: an agreement permits it. PARTLY: but not what is of some parties below. "
		"BARRED: a restriction forbids the purpose. "
		"STOPPED: a suspension stops it. Behind each "
		"stands the agreement or the order that makes it so.",
	.options = board_options,
	.examples = board_examples,
	.run = run_board,
};

/* ---- explain (UX T9) ---- */

static void
tell_changes(struct pv_run *r, const struct pv_explanation *x)
{
	struct pv_screen *t = &r->term;

	if (x->change_count == 0)
		return;
	pv_blank(t);
	pv_line(t, "What would have to change (all of these):");
	for (size_t i = 0; i < x->change_count; i++)
		pv_para(t,
		    i != 0 && x->changes[i].group == x->changes[i - 1].group ? "      or " : "  ",
		    "%s", pv_explain_way(r->arena, &x->changes[i]));
	if (x->then_agreements.n != 0)
		pv_line(t, "Then permitted by %.*s.", PV_FMT(x->then_agreements.at[0].r->id));
	if (x->still_barred.n != 0)
		pv_para(t, "", "Still barred: %s, and everything below.",
		    pv_list_names(r->arena, x->still_barred, ""));
}

static const char *
refs_text(
    struct pv_run *r, const struct pv_explanation *x, enum pv_effect effect, enum pv_step step)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < x->row_count; i++)
		if (x->rows[i].effect == effect && x->rows[i].step == step &&
		    x->rows[i].rule.r != NULL)
			pv_buf_addf(&text, "%s%.*s", text.n != 0 ? ", " : "",
			    PV_FMT(x->rows[i].rule.r->id));
	return pv_arena_str(r->arena, pv_buf_slice(&text));
}

static void
tell_verdict(struct pv_run *r, const struct pv_desk *d, const struct pv_explanation *x, uint64_t at)
{
	const char *when = pv_show_time(r->arena, x->now_s),
		   *then = at != 0 ? "as it was then" : "now";
	uint64_t log = pv_desk_state(d)->all.n;

	if (x->answer == PV_RELEASE)
		pv_state_line(&r->term, PV_STRONG, "YES", ", %s: %s.   as of %s, order log %s",
		    then, refs_text(r, x, PV_EFFECT_PERMIT, PV_STEP_AGREEMENTS), when,
		    pv_show_count(r->arena, log));
	else if (x->reason == PV_WHY_SUSPENDED || x->reason == PV_WHY_RESTRICTED)
		pv_state_line(&r->term, PV_STRONG, "NO", ", %s: %s by %s.   as of %s, order log %s",
		    then, x->reason == PV_WHY_SUSPENDED ? "suspended" : "restricted",
		    refs_text(r, x, PV_EFFECT_STOP, PV_STEP_ORDERS), when,
		    pv_show_count(r->arena, log));
	else
		pv_state_line(&r->term, PV_STRONG, "NO", ", %s: %s.   as of %s, order log %s", then,
		    pv_reason_line(x->reason), when, pv_show_count(r->arena, log));
}

/* Rules that are further off: counted, not listed. */
static void
tell_more(struct pv_run *r, const struct pv_explanation *x)
{
	const char *orders = pv_show_n(r->arena, x->more_orders, "more order", "more orders");
	const char *agreements =
	    pv_show_n(r->arena, x->more_agreements, "more agreement", "more agreements");
	bool both = x->more_orders != 0 && x->more_agreements != 0;

	if (x->more_orders + x->more_agreements == 0)
		return;
	pv_line(&r->term, "  %s%s%s %s about something else.", x->more_orders != 0 ? orders : "",
	    both ? " and " : "", x->more_agreements != 0 ? agreements : "",
	    x->more_orders + x->more_agreements == 1 ? "is" : "are");
}

static void
tell_explanation(
    struct pv_run *r, const struct pv_desk *d, const struct pv_explanation *x, uint64_t at)
{
	struct pv_table *table = pv_table_new(r->arena, "llw");
	enum pv_step last = PV_STEP_NONE;

	tell_verdict(r, d, x, at);
	pv_blank(&r->term);
	pv_table_cell(table, PV_MUTED, "step");
	pv_table_cell(table, PV_MUTED, "says");
	pv_table_cell(table, PV_MUTED, "because");
	for (size_t i = 0; i < x->row_count; i++) {
		const struct pv_explained *row = &x->rows[i];

		pv_table_cell(
		    table, PV_INK, "%s", row->step != last ? pv_explain_step(row->step) : "");
		pv_table_cell(table, row->effect == PV_EFFECT_STOP ? PV_STRONG : PV_INK, "%s",
		    pv_explain_effect(row, x->answer == PV_RELEASE));
		pv_table_cell(table, PV_INK, "%s", pv_explain_row(r->arena, row));
		last = row->step;
	}
	pv_table_print(table, &r->term, 2);
	tell_more(r, x);
	tell_changes(r, x);
}

static void
put_explanation(struct pv_run *r, struct pv_jsonw *w, const struct pv_explanation *x)
{
	pv_jsonw_bool(w, "decision", x->answer == PV_RELEASE);
	pv_jsonw_str(w, "reason", pv_slice_of(pv_reason_name(x->reason)));
	pv_put_time(w, "at", x->now_s);
	pv_put_explanation(r->arena, w, x);
}

static int
run_explain(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const struct pv_explanation *x = NULL;
	struct pv_slice to, purpose, channel;
	uint64_t at;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_name(r, "to", &to, &e)) ||
	    !pv_ok(pv_given_name(r, "purpose", &purpose, &e)) ||
	    !pv_ok(pv_given_name(r, "channel", &channel, &e)) ||
	    !pv_ok(pv_given_time(r, "at", &at, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (purpose.n == 0) {
		pv_ignore(PV_USAGE(r, &e, "--purpose is missing: an answer is for one purpose"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (to.n == 0)
		to = pv_desk_identity(d).party;
	if (!pv_ok(pv_desk_explain(
		d, pv_slice_of(r->args.at[0]), to, purpose, channel, at, r->arena, &x, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		put_explanation(r, &out.w, x);
		pv_json_end(r, &out);
	} else {
		tell_explanation(r, d, x, at);
	}
	return x->answer == PV_RELEASE     ? PV_EXIT_DONE
	       : x->reason == PV_WHY_STALE ? PV_EXIT_DOWN
					   : PV_EXIT_NO;
}

static const struct pv_opt explain_options[] = {
	{ "to", 0, "PARTY", "who would open it; default: this home's party", false, NULL },
	{ "purpose", 0, "PURPOSE", "for what", false, NULL },
	{ "channel", 0, "CHANNEL", "by which way", false, NULL },
	PV_OPT_AT,
	{ 0 },
};
static const struct pv_example explain_examples[] = {
	{ "proviso explain r-7q2m --to us.coast-guard --purpose law.interdict",
	    "yes or no, step by step, and what would have to change" },
	{ 0 },
};
const struct pv_cmd cmd_explain = {
	.name = "explain",
	.group = PV_GROUP_LOOK,
	.summary = "why a report can or cannot be opened, and what would have to change",
	.usage = "REPORT --purpose PURPOSE [--to PARTY] [--at TIME]",
	.text = "Goes through the four steps of a decision and names every rule that applied or "
		"nearly did. The exit status is the "
		"answer: 0 yes, 1 no, 6 stale.",
	.options = explain_options,
	.examples = explain_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_explain,
};

/* ---- status (UX T7) ---- */

static void
tell_origins(struct pv_run *r, const struct pv_status_answer *s, uint64_t now)
{
	struct pv_table *table = pv_table_new(r->arena, "llll");

	for (size_t i = 0; i < s->origin_count; i++) {
		const struct pv_origin_status *o = &s->origins[i];

		pv_table_cell(table, PV_INK, "%s", i == 0 ? "Orders   " : "");
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(o->origin));
		pv_table_cell(table, PV_INK, "log %s", pv_show_count(r->arena, o->size));
		if (o->fresh)
			pv_table_cell(table, PV_INK, "proof %s old, good for %s more",
			    pv_show_span(r->arena, now > o->signed_at ? now - o->signed_at : 0),
			    pv_show_span(r->arena, o->good_until > now ? o->good_until - now : 0));
		else
			pv_table_cell(table, PV_STRONG, "STALE since %s",
			    pv_show_time(r->arena, o->good_until));
	}
	pv_table_print(table, &r->term, 2);
}

static void
tell_status(struct pv_run *r, const struct pv_desk *d, const struct pv_status_answer *s)
{
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;
	uint64_t now = pv_desk_now(d);

	pv_state_line(t, PV_STRONG, s->open ? "OPEN" : "CLOSED", "    %.*s   proviso %s%s   %s",
	    PV_FMT(pv_desk_identity(d).party), PV_VERSION,
	    pv_desk_identity(d).exercise ? ", EXERCISE" : "", pv_show_time(a, now));
	if (!s->open)
		pv_para(t, "  ",
		    "%.*s Nothing is opened or released here until then. That is as intended; "
		    "reports stay sealed and "
		    "whole.",
		    PV_FMT(s->why_closed));
	tell_origins(r, s, now);
	pv_line(t, "  In force   %s, %s%s",
	    pv_show_n(a, s->suspensions, "suspension", "suspensions"),
	    pv_show_n(a, s->restrictions, "restriction", "restrictions"),
	    s->holds != 0
		? pv_arena_printf(a, "; %s", pv_show_n(a, s->holds, "is a HOLD", "are HOLDs")).p
		: "");
	pv_line(
	    t, "  Journal    %s, all durable", pv_show_n(a, s->journal_size, "entry", "entries"));
	pv_line(t, "  Holds      %s, %s, %s", pv_show_n(a, s->reports, "report", "reports"),
	    pv_show_n(a, s->agreements, "agreement", "agreements"),
	    pv_show_n(a, s->parties, "party", "parties"));
	pv_line(t, "  Today      %s opened, %s refused, %s overdue",
	    pv_show_count(a, s->opened_today), pv_show_count(a, s->refused_today),
	    pv_show_n(a, s->outcomes_overdue, "outcome", "outcomes"));
	if (s->needs_you.n == 0) {
		pv_line(t, "Nothing needs you.");
		return;
	}
	pv_state_line(t, PV_ALARM, "NEEDS YOU", "  %zu", s->needs_you.n);
	for (size_t i = 0; i < s->needs_you.n; i++)
		pv_para(t, "  ", "%.*s", PV_FMT(s->needs_you.at[i]));
}

static void
put_status(struct pv_jsonw *w, const struct pv_desk *d, const struct pv_status_answer *s)
{
	pv_jsonw_bool(w, "open", s->open);
	pv_jsonw_str(w, "party", pv_desk_identity(d).party);
	pv_jsonw_bool(w, "exercise", pv_desk_identity(d).exercise);
	if (!s->open)
		pv_jsonw_str(w, "why_closed", s->why_closed);
	pv_jsonw_array(w, "origins");
	for (size_t i = 0; i < s->origin_count; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "origin", s->origins[i].origin);
		pv_jsonw_bool(w, "own", s->origins[i].own);
		pv_jsonw_bool(w, "fresh", s->origins[i].fresh);
		pv_jsonw_u64(w, "size", s->origins[i].size);
		pv_put_time(w, "signed_at", s->origins[i].signed_at);
		pv_put_time(w, "good_until", s->origins[i].good_until);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
	pv_jsonw_u64(w, "suspensions", s->suspensions);
	pv_jsonw_u64(w, "restrictions", s->restrictions);
	pv_jsonw_u64(w, "holds", s->holds);
	pv_jsonw_u64(w, "journal_size", s->journal_size);
	pv_jsonw_u64(w, "opened_today", s->opened_today);
	pv_jsonw_u64(w, "refused_today", s->refused_today);
	pv_jsonw_u64(w, "outcomes_overdue", s->outcomes_overdue);
	pv_jsonw_u64(w, "reports", s->reports);
	pv_jsonw_u64(w, "agreements", s->agreements);
	pv_jsonw_u64(w, "parties", s->parties);
	pv_put_names(w, "needs_you", s->needs_you);
}

static int
run_status(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_status_answer s = { 0 };
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_desk_status(d, r->arena, &s, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		put_status(&out.w, d, &s);
		pv_json_end(r, &out);
	} else {
		tell_status(r, d, &s);
	}
	return s.open ? PV_EXIT_DONE : PV_EXIT_DOWN;
}

static const struct pv_example status_examples[] = {
	{ "proviso status", "open or closed, how old the proofs are, what needs you" },
	{ 0 },
};
const struct pv_cmd cmd_status = {
	.name = "status",
	.group = PV_GROUP_LOOK,
	.summary = "open or closed, how fresh the orders are, what needs you",
	.usage = "",
	.text = "The first word is the state. CLOSED means that there is no fresh proof of some "
		"order log, and then nothing is opened: "
		"an outage is a stop. The exit status is 6 then.",
	.examples = status_examples,
	.run = run_status,
};
