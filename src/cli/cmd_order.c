/* SPDX-License-Identifier: Apache-2.0 */
/* order suspend, restrict, lift, preview, show, list, ack: the stop and the way back. */
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "wire/file.h"
#include "wire/record.h"

/* ---- from options to an order ---- */

/* "topic=medical,counterpart=us.coast-guard" */
static PV_RESULT
read_exception(struct pv_run *r, struct pv_slice text, struct pv_exception *x, struct pv_err *e)
{
	const struct {
		const char *name;
		struct pv_slice *value;
	} members[] = { { "purpose", &x->purpose }, { "topic", &x->topic },
		{ "region", &x->region }, { "channel", &x->channel },
		{ "counterpart", &x->counterpart } };
	struct pv_slice part, name;

	while (pv_slice_next(&text, ',', &part)) {
		bool known = false;

		part = pv_slice_trim(part);
		if (memchr(part.p, '=', part.n) == NULL || !pv_slice_next(&part, '=', &name))
			return PV_USAGE(r, e, "--except: \"%.*s\" is not NAME=VALUE", PV_FMT(part));
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
			if (!pv_slice_is(name, members[i].name))
				continue;
			PV_TRY(pv_check_name(part, "except", e));
			*members[i].value = part;
			known = true;
		}
		if (!known)
			return PV_USAGE(r, e,
			    "--except: \"%.*s\" is none of purpose, topic, region, channel, "
			    "counterpart",
			    PV_FMT(name));
	}
	return PV_DONE;
}

static PV_RESULT
read_exceptions(struct pv_run *r, struct pv_exceptions *out, struct pv_err *e)
{
	size_t n = pv_option_count(r, "except");
	struct pv_exception *at = pv_arena_alloc_n(r->arena, n, sizeof(*at));

	for (size_t i = 0; i < n; i++)
		PV_TRY(read_exception(r, pv_slice_of(pv_option_at(r, "except", i)), &at[i], e));
	*out = (struct pv_exceptions){ at, n };
	return PV_DONE;
}

static PV_RESULT
read_times(struct pv_run *r, struct pv_order *o, struct pv_err *e)
{
	PV_TRY(pv_given_time(r, "effective", &o->effective, e));
	PV_TRY(pv_given_time(r, "until", &o->until, e));
	PV_TRY(pv_given_time(r, "published", &o->published, e));
	PV_TRY(pv_given_span(r, "ack-due", &o->ack_due_s, e));
	if (o->effective == 0)
		o->effective = r->env.realtime_ms(r->env.ctx) / 1000;
	return PV_DONE;
}

static PV_RESULT
read_order(struct pv_run *r, struct pv_order *o, struct pv_err *e)
{
	unsigned direction = PV_BOTH, reopen = PV_REOPEN_HOLD;

	PV_TRY(pv_given_dotted(r, "subject", &o->subject, e));
	PV_TRY(pv_given_dotted(r, "counterpart", &o->counterpart, e));
	PV_TRY(pv_given_word(r, "direction", pv_direction_words, &direction, e));
	PV_TRY(pv_given_name(r, "topic", &o->topic, e));
	PV_TRY(pv_given_name(r, "region", &o->region, e));
	PV_TRY(pv_given_dotted(r, "purpose", &o->purposes, e));
	PV_TRY(pv_given_dotted(r, "channel", &o->channels, e));
	PV_TRY(pv_given_names(r, "dealing", &o->dealings, e));
	PV_TRY(read_exceptions(r, &o->except, e));
	PV_TRY(read_times(r, o, e));
	PV_TRY(pv_given_word(r, "reopen", pv_reopen_words, &reopen, e));
	PV_TRY(pv_given_texts(r, "text", &o->text, e));
	o->direction = (enum pv_direction)direction;
	o->reopen = (enum pv_reopen)reopen;
	o->has_purposes = o->purposes.n != 0;
	o->has_channels = o->channels.n != 0;
	o->holds_while = pv_option_slice(r, "while");
	o->escalate_to = pv_option_slice(r, "escalate-to");
	o->replaces = pv_option_slice(r, "replaces");
	o->is_public = !pv_given(r, "private");
	o->authentic = pv_given(r, "authentic") ? pv_option_slice(r, "authentic")
		       : o->text.n != 0         ? o->text.at[0].lang
						: PV_NO_SLICE;
	if (o->counterpart.n == 0)
		return PV_USAGE(
		    r, e, "--counterpart is missing: with whom are the dealings stopped?");
	if (o->kind == PV_RESTRICT && o->purposes.n == 0)
		return PV_USAGE(r, e, "--purpose is missing: what may it not be used for?");
	if (o->text.n == 0)
		return PV_USAGE(
		    r, e, "--text is missing: the order in its own words, as es=orden.txt");
	return PV_DONE;
}

/* The subject is the home's own party when none is named. */
static void
fill_subject(struct pv_run *r, const struct pv_desk *d, struct pv_order *o)
{
	struct pv_slice *self;

	if (o->subject.n != 0)
		return;
	self = PV_ARENA_NEW(r->arena, struct pv_slice);
	*self = pv_desk_identity(d).party;
	o->subject = (struct pv_names){ self, 1 };
}

/* ---- the preview (UX T5) ---- */

#define FEW 6 /* names in a list; the numbers stand above, all names with --json */

static void
put_count_row(
    struct pv_table *t, const char *what, const char *stop, const char *part, const char *go_on)
{
	pv_table_cell(t, PV_INK, "%s", what);
	pv_table_cell(t, PV_STRONG, "%s", stop);
	pv_table_cell(t, PV_INK, "%s", part);
	pv_table_cell(t, PV_INK, "%s", go_on);
}

static void
tell_counts(struct pv_run *r, const struct pv_preview *p)
{
	struct pv_arena *a = r->arena;
	struct pv_table *t = pv_table_new(a, "lrrr");

	put_count_row(t, "", "stop", "in part", "go on");
	put_count_row(t, "what agreements permit", pv_show_count(a, p->stopped_agreements.n),
	    pv_show_count(a, p->partly_agreements.n),
	    pv_show_count(a, p->going_on_agreements.n - p->partly_agreements.n));
	put_count_row(t, "reports they can open now", pv_show_count(a, p->reports_stopped), "",
	    pv_show_count(a, p->reports_going_on));
	put_count_row(t, "partners that get less or nothing",
	    pv_show_count(a, p->partners_receive.n), "", "");
	put_count_row(
	    t, "parties nothing is taken from", pv_show_count(a, p->partners_give.n), "", "");
	pv_table_print(t, &r->term, 2);
	if (p->stopped_agreements.n != 0)
		pv_para(&r->term, "  Stop     ", "%s", pv_list_few(a, p->stopped_agreements, FEW));
	if (p->partly_agreements.n != 0)
		pv_para(&r->term, "  In part  ",
		    "%s: what is of the parties named above stops, what is of others goes on",
		    pv_list_few(a, p->partly_agreements, FEW));
}

static const char *
direction_words(enum pv_direction direction)
{
	return direction == PV_GIVE      ? "giving by"
	       : direction == PV_TAKE_IN ? "taking in by"
					 : "giving and taking by";
}

static void
tell_order_terms(struct pv_run *r, const struct pv_record *record, const struct pv_preview *p)
{
	const struct pv_order *o = &record->order;
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;

	pv_para(t, o->kind == PV_SUSPEND ? "  Stops     " : "  Restricts ",
	    "%s %s (%s) with %s (%s): %s", direction_words(o->direction),
	    pv_list_names(a, o->subject, ""), pv_show_n(a, p->echelons, "echelon", "echelons"),
	    pv_list_names(a, o->counterpart, ""), pv_show_n(a, p->counterparts, "party", "parties"),
	    pv_list_scope(a, o));
	pv_para(t, "  Excepts   ", "%s", pv_list_exceptions(a, o->except));
	pv_para(t, "  Ends      ", "by a lift of %.*s%s%.*s%s%s%s", PV_FMT(record->issuer),
	    o->holds_while.n != 0 ? ", or when " : "", PV_FMT(o->holds_while),
	    o->holds_while.n != 0 ? " is attested as ended" : "", o->until != 0 ? ", or at " : "",
	    o->until != 0 ? pv_show_time(a, o->until) : "");
	for (size_t i = 0; i < o->text.n; i++)
		pv_para(t, "  Text      ", "%.*s%s \"%.*s\"", PV_FMT(o->text.at[i].lang),
		    pv_slice_eq(o->text.at[i].lang, o->authentic) ? ", authentic:" : ":",
		    PV_FMT(o->text.at[i].text));
	pv_line(t, "  Public    %s", o->is_public ? "yes, text and parties" : "no");
}

static void
tell_order_preview(struct pv_run *r, const struct pv_record *record, const struct pv_preview *p)
{
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;

	tell_order_terms(r, record, p);
	pv_blank(t);
	tell_counts(r, p);
	pv_blank(t);
	if (p->near_misses.n != 0)
		pv_para(t, "  Not covered   ", "%s: not below what you named. Meant them too?",
		    pv_list_names(a, p->near_misses, ""));
	pv_para(t, "  Too late for  ", "%s that they opened before, %s; nothing can be taken back.",
	    pv_show_n(a, p->opened_reports, "report", "reports"),
	    pv_show_n(a, p->opened_times, "time", "times"));
	pv_para(t, "  Reaches       ",
	    "this home at once; every other echelon when it follows this log, and at the latest "
	    "when its "
	    "last proof ends");
	pv_para(t, "  The way back  ",
	    "a lift, signed by as many officers as the quorum says. There is no undo.");
}

static void
tell_lift_preview(struct pv_run *r, const struct pv_record *record, const struct pv_preview *p)
{
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;

	pv_para(t, "  Lifts         ", "%.*s", PV_FMT(record->lift.order));
	pv_para(t, "  Reopens       ", "%s; %s",
	    p->reopened_agreements.n != 0 ? pv_list_names(a, p->reopened_agreements, "")
					  : "no agreement",
	    pv_show_n(a, p->reports_reopened, "report can be opened again",
		"reports can be opened again"));
	if (p->still_stopped.n != 0)
		pv_para(t, "  Stays stopped ", "%s, by %s", pv_list_names(a, p->still_stopped, ""),
		    pv_list_names(a, p->still_stopped_by, "other orders"));
	pv_para(t, "  Was withheld  ", "%s: %s", pv_show_n(a, p->withheld, "time", "times"),
	    record->lift.has_reopen && record->lift.reopen == PV_REOPEN_RELEASE
		? "offered again"
		: "as the order says, offered again or kept for an officer");
	pv_para(t, "  Note          ",
	    "a lift brings back nothing that was missed, and takes back nothing that was opened.");
}

static void
put_preview(struct pv_jsonw *w, const struct pv_record *record, const struct pv_preview *p)
{
	pv_put_record(w, "record", record);
	pv_jsonw_u64(w, "order_log_size", p->order_log_size);
	pv_jsonw_u64(w, "proof_age", p->proof_age_s);
	pv_put_names(w, "stopped_agreements", p->stopped_agreements);
	pv_put_names(w, "partly_agreements", p->partly_agreements);
	pv_put_names(w, "going_on_agreements", p->going_on_agreements);
	pv_put_names(w, "partners_receive", p->partners_receive);
	pv_put_names(w, "partners_give", p->partners_give);
	pv_jsonw_u64(w, "reports_stopped", p->reports_stopped);
	pv_jsonw_u64(w, "reports_going_on", p->reports_going_on);
	pv_jsonw_u64(w, "opened_reports", p->opened_reports);
	pv_jsonw_u64(w, "opened_times", p->opened_times);
	pv_put_names(w, "near_misses", p->near_misses);
	pv_jsonw_u64(w, "echelons", p->echelons);
	pv_jsonw_u64(w, "counterparts", p->counterparts);
	pv_put_names(w, "reopened_agreements", p->reopened_agreements);
	pv_put_names(w, "still_stopped", p->still_stopped);
	pv_put_names(w, "still_stopped_by", p->still_stopped_by);
	pv_jsonw_u64(w, "reports_reopened", p->reports_reopened);
	pv_jsonw_u64(w, "withheld", p->withheld);
}

/* Shows what an order or lift would do; with --json only when that is all that was asked for. */
static PV_RESULT
preview(struct pv_run *r, struct pv_desk *d, const struct pv_record *record, bool only,
    uint64_t *log_size, struct pv_err *e)
{
	struct pv_preview p = { 0 };
	struct pv_json_out out;

	PV_TRY(pv_desk_preview(d, record, r->arena, &p, e));
	*log_size = p.order_log_size;
	if (r->json && only) {
		pv_json_begin(&out);
		put_preview(&out.w, record, &p);
		pv_json_end(r, &out);
	}
	if (r->json)
		return PV_DONE;
	pv_state_line(&r->term, PV_STRONG,
	    pv_desk_identity(d).exercise ? "EXERCISE PREVIEW" : "PREVIEW",
	    ". Nothing is signed. Order log %s, proof %s old.",
	    pv_show_count(r->arena, p.order_log_size), pv_show_span(r->arena, p.proof_age_s));
	pv_blank(&r->term);
	if (record->kind == PV_LIFT)
		tell_lift_preview(r, record, &p);
	else
		tell_order_preview(r, record, &p);
	pv_blank(&r->term);
	return PV_DONE;
}

/* ---- signing ---- */

/* What one types to sign: the first counterpart's name, or EXERCISE where nothing is real. */
static const char *
word_to_type(struct pv_run *r, const struct pv_desk *d, const struct pv_order *o)
{
	return pv_desk_identity(d).exercise ? "EXERCISE"
					    : pv_arena_str(r->arena, o->counterpart.at[0]);
}

/* A lift is signed for what was seen, or not at all. A stop never waits for a count. */
static PV_RESULT
check_not_moved(struct pv_run *r, struct pv_desk *d, const struct pv_record *record, uint64_t seen,
    struct pv_err *e)
{
	struct pv_preview now = { 0 };

	if (record->kind != PV_LIFT)
		return PV_DONE;
	PV_TRY(pv_desk_preview(d, record, r->arena, &now, e));
	if (now.order_log_size == seen)
		return PV_DONE;
	return pv_advise(
	    PV_FAIL(e, PV_E_DOWN, "the order log went from %llu to %llu while you looked",
		(unsigned long long)seen, (unsigned long long)now.order_log_size),
	    e, "Give the same command again, and look at the new preview.");
}

static int
sign_after_preview(struct pv_run *r, struct pv_desk *d, struct pv_record *record, const char *word,
    const char *done)
{
	struct pv_apply_answer answer = { 0 };
	const char *question;
	uint64_t seen = 0;
	bool yes = false;
	int status;
	struct pv_err e;

	question = pv_arena_printf(r->arena, "%s Type %s to sign, Enter to leave.",
	    record->kind == PV_LIFT ? "This reopens." : "One signature puts it in force.", word)
		       .p;
	if (!pv_ok(preview(r, d, record, false, &seen, &e)) ||
	    !pv_ok(pv_ask_confirm(r, question, word, &yes, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!yes)
		return pv_ask_left(r, "");
	if (!pv_ok(check_not_moved(r, d, record, seen, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, record, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	status = pv_home_act_tell(r, &answer, done);
	if (!r->json && !pv_given(r, "draft") && record->kind == PV_ORDER)
		pv_line(&r->term, "Who has acknowledged it: proviso order show %.*s",
		    PV_FMT(answer.acts[0].id));
	return status;
}

static int
run_order(struct pv_run *r, enum pv_order_kind kind)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record record = { .kind = PV_ORDER, .order = { .kind = kind } };
	struct pv_err e;

	r->undone = "Not ordered";
	r->nothing = "Nothing was signed.";
	if (!pv_ok(read_order(r, &record.order, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	fill_subject(r, d, &record.order);
	if (!pv_ok(pv_home_act_fill(r, d, &record, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return sign_after_preview(r, d, &record, word_to_type(r, d, &record.order), "In force");
}

static int
run_suspend(struct pv_run *r)
{
	return run_order(r, PV_SUSPEND);
}

static int
run_restrict(struct pv_run *r)
{
	return run_order(r, PV_RESTRICT);
}

static PV_RESULT
find_order(struct pv_run *r, struct pv_desk *d, struct pv_slice id, const struct pv_order_row **row,
    struct pv_err *e)
{
	uint64_t at = 0;
	size_t n = 0;

	PV_TRY(pv_given_time(r, "at", &at, e));
	PV_TRY(pv_desk_orders(d, id, at, r->arena, row, &n, e));
	if (n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "there is no order \"%.*s\" here", PV_FMT(id)), e,
		    "What there is: proviso order list");
	return PV_DONE;
}

static PV_RESULT
read_lift(struct pv_run *r, struct pv_record *record, struct pv_err *e)
{
	unsigned reopen = PV_REOPEN_HOLD;

	record->kind = PV_LIFT;
	record->lift.order = pv_slice_of(r->args.at[0]);
	record->lift.has_reopen = pv_given(r, "reopen");
	PV_TRY(pv_given_word(r, "reopen", pv_reopen_words, &reopen, e));
	record->lift.reopen = (enum pv_reopen)reopen;
	return PV_DONE;
}

static int
run_lift(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record record = { .kind = PV_LIFT };
	const struct pv_order_row *row = NULL;
	struct pv_err e;

	r->undone = "Not lifted";
	r->nothing = "Nothing was signed.";
	if (!pv_ok(read_lift(r, &record, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(find_order(r, d, record.lift.order, &row, &e)) ||
	    !pv_ok(pv_home_act_fill(r, d, &record, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return sign_after_preview(r, d, &record, word_to_type(r, d, &row->order.order), "Lifted");
}

/* An order or a lift in a file, signed or not. */
static PV_RESULT
read_order_file(struct pv_run *r, const char *path, struct pv_record *record, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_item item;
	struct pv_file f;
	struct pv_status st;
	const char *name;
	bool more = false;

	PV_TRY(pv_input_read(r, path, &text, &name, e));
	PV_TRY(pv_file_open(&f, pv_arena_copy(r->arena, pv_buf_slice(&text)), name, e));
	st = pv_file_next(&f, &item, &more, r->arena, e);
	if (pv_ok(st) && more)
		st = pv_file_record(
		    &f, &item, record, item.signatures.n == 0 ? PV_READ_DRAFT : 0, r->arena, e);
	pv_file_close(&f);
	if (pv_ok(st) && (!more || (record->kind != PV_ORDER && record->kind != PV_LIFT)))
		return pv_from(
		    PV_FAIL(e, PV_E_INPUT, "this is neither an order nor a lift"), e, name);
	return st;
}

static int
run_preview(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record record = { .kind = PV_ORDER };
	const char *what = r->args.at[0];
	uint64_t seen;
	struct pv_err e;
	struct pv_status st;

	record.order.kind = strcmp(what, "suspend") == 0    ? PV_SUSPEND
			    : strcmp(what, "restrict") == 0 ? PV_RESTRICT
							    : PV_ORDER_NONE;
	if (record.order.kind != PV_ORDER_NONE)
		st = read_order(r, &record.order, &e);
	else if (access(what, R_OK) == 0)
		st = read_order_file(r, what, &record, &e);
	else /* the id of an order: what its lift would do */
		st = read_lift(r, &record, &e);
	if (!pv_ok(st) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (record.kind == PV_ORDER)
		fill_subject(r, d, &record.order);
	if (record.issuer.n == 0)
		record.issuer = pv_desk_identity(d).party;
	if ((record.id.n == 0 && !pv_ok(pv_home_act_fill(r, d, &record, &e))) ||
	    !pv_ok(preview(r, d, &record, true, &seen, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return PV_EXIT_DONE;
}

/* ---- the second signature on a hold ---- */

/* The signed note of an act of the own log. */
static PV_RESULT
find_note(
    struct pv_run *r, struct pv_desk *d, struct pv_slice id, struct pv_buf *note, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };
	struct pv_export_ask ask = { 0 };
	struct pv_record record;
	struct pv_item item;
	struct pv_file f;
	struct pv_status st;
	bool more = true;

	PV_TRY(pv_desk_export(d, &ask, &all, e));
	PV_TRY(pv_file_open(&f, pv_buf_slice(&all), "the order log", e));
	while (pv_ok(st = pv_file_next(&f, &item, &more, r->arena, e)) && more) {
		st = pv_file_record(&f, &item, &record, 0, r->arena, e);
		if (!pv_ok(st))
			break;
		if (pv_slice_eq(record.id, id))
			pv_item_write(note, record.line, item.signatures);
	}
	pv_file_close(&f);
	return st;
}

static int
run_sign(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_unlock unlock = pv_home_unlock(r);
	struct pv_apply_ask ask = { .source = "the order log" };
	struct pv_apply_answer answer = { 0 };
	const struct pv_order_row *row = NULL;
	struct pv_err e;

	r->undone = "Not signed";
	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(find_order(r, d, pv_slice_of(r->args.at[0]), &row, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!row->hold) {
		if (!r->json)
			pv_state_line(&r->term, PV_STRONG, "Unchanged",
			    ": %s has all the signatures that it needs.", r->args.at[0]);
		return PV_EXIT_DONE;
	}
	if (!pv_ok(find_note(r, d, row->order.id, &note, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	ask.bytes = pv_buf_slice(&note);
	if (!pv_ok(pv_desk_apply(d, &ask, &unlock, r->arena, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (answer.error_count != 0)
		return pv_fail_all(r, answer.errors, answer.error_count, PV_NO_SLICE, NULL);
	return pv_home_act_tell(r, &answer, "Completed");
}

/* ---- looking at orders ---- */

static const char *
order_state(const struct pv_order_row *row, uint64_t now)
{
	if (row->ended != PV_NEVER && row->ended <= now)
		return "lifted";
	if (row->hold)
		return row->in_force ? "HOLD" : "lapsed";
	if (row->in_force)
		return "IN FORCE";
	return now < row->order.order.effective ? "not yet" : "lapsed";
}

static void
put_order(struct pv_jsonw *w, const struct pv_order_row *row, uint64_t now)
{
	pv_jsonw_object(w, NULL);
	pv_put_record(w, "record", &row->order);
	pv_jsonw_u64(w, "index", row->index);
	pv_jsonw_str(w, "state", pv_slice_of(order_state(row, now)));
	pv_jsonw_bool(w, "in_force", row->in_force);
	pv_jsonw_bool(w, "hold", row->hold);
	pv_put_time(w, "since", row->since);
	if (row->ended != PV_NEVER)
		pv_put_time(w, "ended", row->ended);
	if (row->hold)
		pv_put_time(w, "hold_lapses", row->hold_lapses);
	if (row->order.order.holds_while.n != 0)
		pv_jsonw_str(w, "condition", pv_slice_of(pv_status_of_name(row->condition.status)));
	if (row->ended_by.n != 0)
		pv_jsonw_str(w, "ended_by", row->ended_by);
	pv_put_names(w, "withheld", row->withheld);
	pv_jsonw_array(w, "acks");
	for (size_t i = 0; i < row->ack_count; i++)
		pv_put_record(w, NULL, &row->acks[i]);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

static int
run_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "llllw");
	const struct pv_order_row *rows = NULL;
	size_t n = 0;
	uint64_t at, now;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_time(r, "at", &at, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_orders(d, PV_NO_SLICE, at, r->arena, &rows, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	now = at != 0 ? at : pv_desk_now(d);
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "orders");
	for (size_t i = 0; i < n; i++) {
		const struct pv_order *o = &rows[i].order.order;

		put_order(&out.w, &rows[i], now);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(rows[i].order.id));
		pv_table_cell(table, PV_STRONG, "%s", order_state(&rows[i], now));
		pv_table_cell(table, PV_INK, "%s", pv_order_kind_name(o->kind));
		pv_table_cell(table, PV_INK, "%s", pv_show_time(r->arena, o->effective));
		pv_table_cell(table, PV_INK, "%s with %s", pv_list_names(r->arena, o->subject, ""),
		    pv_list_names(r->arena, o->counterpart, ""));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_buf_free(&out.buf);
	if (n == 0)
		pv_line(&r->term, "No orders%s.", at != 0 ? " then" : "");
	pv_table_print(table, &r->term, 0);
	return PV_EXIT_DONE;
}

static void
tell_acks(struct pv_run *r, const struct pv_order_row *row)
{
	struct pv_arena *a = r->arena;

	if (row->ack_count == 0) {
		pv_line(&r->term, "  Acknowledged  by nobody yet");
		return;
	}
	pv_line(&r->term, "  Acknowledged");
	for (size_t i = 0; i < row->ack_count; i++) {
		const struct pv_ack *k = &row->acks[i].ack;
		const char *lead = pv_arena_printf(a, "    %-8s  ", pv_ack_state_name(k->state)).p;

		if (k->by_person.n == 0)
			pv_para(&r->term, lead, "%.*s, by its gateway, %s", PV_FMT(k->party),
			    pv_show_time(a, row->acks[i].time));
		else
			pv_para(&r->term, lead, "%.*s, by a person (%.*s%s%.*s), %s",
			    PV_FMT(k->party), PV_FMT(k->by_person), k->means.n != 0 ? ", " : "",
			    PV_FMT(k->means), pv_show_time(a, row->acks[i].time));
	}
}

static void
tell_condition(struct pv_run *r, const struct pv_order_row *row)
{
	const struct pv_condition_view *c = &row->condition;

	if (row->order.order.holds_while.n == 0)
		return;
	pv_para(&r->term, "  Condition     ",
	    "%.*s: %s%s; %zu say it holds, %zu say it ended, %llu are needed",
	    PV_FMT(row->order.order.holds_while), pv_status_of_name(c->status),
	    c->status == PV_COND_HOLDS || c->status == PV_COND_ENDED ? ""
								     : ", which counts as holding",
	    c->say_holds, c->say_ended, (unsigned long long)row->condition_quorum);
}

static void
tell_basis(struct pv_run *r, const struct pv_basis_list *basis)
{
	for (size_t i = 0; i < basis->n; i++)
		pv_para(&r->term, i == 0 ? "  Basis         " : "                ", "%s",
		    pv_basis_text(r->arena, &basis->at[i]));
}

static int
run_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const struct pv_order_row *row = NULL;
	const struct pv_order *o;
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;
	uint64_t at, now;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_time(r, "at", &at, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(find_order(r, d, pv_slice_of(r->args.at[0]), &row, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	now = at != 0 ? at : pv_desk_now(d);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_array(&out.w, "orders");
		put_order(&out.w, row, now);
		pv_jsonw_end(&out.w);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	o = &row->order.order;
	pv_state_line(t, PV_STRONG, order_state(row, now), "  %.*s, %s, of %.*s",
	    PV_FMT(row->order.id), pv_order_kind_name(o->kind), PV_FMT(row->order.issuer));
	pv_para(t, "  Covers        ", "%s %s with %s: %s", direction_words(o->direction),
	    pv_list_names(a, o->subject, ""), pv_list_names(a, o->counterpart, ""),
	    pv_list_scope(a, o));
	pv_para(t, "  Excepts       ", "%s", pv_list_exceptions(a, o->except));
	pv_line(t, "  Effective     %s", pv_show_time(a, o->effective));
	pv_line(t, "  Recorded      %s (order log %s)", pv_show_time(a, row->since),
	    pv_show_count(a, row->index + 1));
	if (o->published != 0)
		pv_line(t, "  Published     %s", pv_show_time(a, o->published));
	if (row->hold)
		pv_line(t, "  HOLD          lapses %s unless more officers sign",
		    pv_show_time(a, row->hold_lapses));
	if (o->until != 0)
		pv_line(t, "  Until         %s", pv_show_time(a, o->until));
	if (row->ended != PV_NEVER)
		pv_line(t, "  Lifted        %s, by %.*s", pv_show_time(a, row->ended),
		    PV_FMT(row->ended_by));
	tell_condition(r, row);
	for (size_t i = 0; i < o->text.n; i++)
		pv_para(t, "  Text          ", "%.*s \"%.*s\"", PV_FMT(o->text.at[i].lang),
		    PV_FMT(o->text.at[i].text));
	tell_basis(r, &row->order.basis);
	if (o->dealings.n != 0)
		pv_para(t, "  By hand       ", "%s", pv_list_names(a, o->dealings, ""));
	if (row->withheld.n != 0)
		pv_para(t, "  Withheld      ", "%s; once it is over, %s",
		    pv_list_names(a, row->withheld, ""),
		    o->reopen == PV_REOPEN_RELEASE
			? "offered again"
			: "an officer decides whether it is offered again");
	tell_acks(r, row);
	return PV_EXIT_DONE;
}

/* ---- acknowledging ---- */

static int
run_ack(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_record record = { .kind = PV_ACK };
	struct pv_ack *k = &record.ack;
	unsigned state = PV_IN_FORCE;
	uint64_t index = 0;
	const char *path = pv_option(r, "out");
	struct pv_err e;

	r->undone = "Not acknowledged";
	if (!pv_ok(pv_output_check(path, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	k->order = pv_slice_of(r->args.at[0]);
	k->by_person = pv_option_slice(r, "by");
	k->means = pv_option_slice(r, "means");
	k->dealing = pv_option_slice(r, "dealing");
	if (!pv_ok(pv_given_name(r, "as", &k->party, &e)) ||
	    !pv_ok(pv_given_word(r, "state", pv_ack_words, &state, &e)) ||
	    !pv_ok(pv_given_number(r, "cut", &k->openings_cut, &e)) ||
	    !pv_ok(pv_given_basis(r, &record.basis, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	k->state = (enum pv_ack_state)state;
	if (k->party.n == 0)
		k->party = pv_desk_identity(d).party;
	record.exercise = pv_desk_identity(d).exercise;
	if (!pv_ok(pv_desk_state_record(d, &record, k->by_person, &note, &index, r->arena, &e)) ||
	    (path != NULL && !pv_ok(pv_output_write(r, path, pv_buf_slice(&note), &e))))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		struct pv_json_out out;

		pv_json_begin(&out);
		pv_put_record(&out.w, "record", &record);
		pv_jsonw_u64(&out.w, "journal_index", index);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Acknowledged", ": %.*s by %.*s, %s (journal entry %s).",
	    PV_FMT(k->order), PV_FMT(k->party), pv_ack_state_name(k->state),
	    pv_show_count(r->arena, index));
	if (path != NULL)
		pv_line(&r->term, "  Send %s to who issued the order; there: proviso apply %s",
		    path, path);
	return PV_EXIT_DONE;
}

/* ---- the table's entries ---- */

#define OPT_ORDER                                                                                  \
	{ "subject", 0, "PARTY", "whose dealings; default: this home's party", true, NULL },       \
	    { "counterpart", 0, "PARTY", "with whom, and all below", true, NULL },                 \
	    { "direction", 0, "WORD", "default: both", false, "give take both" },                  \
	    { "topic", 0, "TOPIC", "only about that; default: everything", false, NULL },          \
	    { "region", 0, "REGION", "only there; default: everywhere", false, NULL },             \
	    { "purpose", 0, "PURPOSE", "only for that; default: every purpose", true, NULL },      \
	    { "channel", 0, "CHANNEL", "only by that; default: every channel", true, NULL },       \
	    { "except", 0, "NAME=VALUE,...",                                                       \
		    "purpose, topic, region, channel, counterpart: all of one must fit", true,     \
		    NULL },                                                                        \
	    { "while", 0, "CONDITION", "it lapses when that is attested as ended", false, NULL },  \
	    { "effective", 0, "TIME", "from then; default: now", false, NULL },                    \
	    { "until", 0, "TIME", "it lapses then", false, NULL },                                 \
	    { "text", 0, "LANG=TEXT", "the order in its own words, or LANG=FILE", true, NULL },    \
	    { "authentic", 0, "LANG", "which text counts; default: the first", false, NULL },      \
	    { "private", 0, NULL, "its text and parties are not for everybody", false, NULL },     \
	    { "published", 0, "TIME", "when it was published", false, NULL },                      \
	    { "dealing", 0, "TEXT", "dealings that no machine can stop, to be settled by hand",    \
		    true, NULL },                                                                  \
	    { "reopen", 0, "WORD",                                                                 \
		    "after its end: offer again what was withheld, or wait for an officer", false, \
		    "hold release" },                                                              \
	    { "ack-due", 0, "SPAN", "acknowledge within, as 15min", false, NULL },                 \
	    { "escalate-to", 0, "PARTY", "who is told when an echelon stays silent", false,        \
		    NULL },                                                                        \
	{                                                                                          \
		"replaces", 0, "ORDER", "an earlier order that it replaces", false, NULL           \
	}

static const struct pv_opt order_options[] = { OPT_ORDER, PV_OPT_CONFIRM, PV_OPT_ACT, { 0 } };

static const struct pv_example suspend_examples[] = {
	{ "proviso order suspend --counterpart us.security --while strikes \\\n    --text "
	  "es=orden.txt",
	    "everything with us.security, both ways, while a condition holds" },
	{ "proviso order suspend --counterpart us --topic narcotics.maritime \\\n    --text "
	  "\"en=Sharing on this matter is paused.\" --confirm us",
	    "one matter; from a script" },
	{ 0 },
};
const struct pv_cmd cmd_order_suspend = {
	.name = "order suspend",
	.group = PV_GROUP_PERMIT,
	.summary = "stop dealings with a party",
	.usage = "--counterpart PARTY --text LANG=TEXT [options]",
	.text =
	    "Shows what it would stop, what goes on, near misses and what it is too late for. Then "
	    "one types the counterpart's "
	    "name to sign. One officer's signature is a hold, in force on sight; it lapses in 24 h "
	    "unless enough officers sign.\n"
	    "An order is wide where it says nothing, and what a report does not say is covered.",
	.options = order_options,
	.examples = suspend_examples,
	.run = run_suspend,
};
static const struct pv_example restrict_examples[] = {
	{ "proviso order restrict --counterpart us --purpose force \\\n    --text \"en=Not for "
	  "lethal strikes.\"",
	    "all goes on, but not for that" },
	{ 0 },
};
const struct pv_cmd cmd_order_restrict = {
	.name = "order restrict",
	.group = PV_GROUP_PERMIT,
	.summary = "forbid purposes to a party",
	.usage = "--counterpart PARTY --purpose PURPOSE --text LANG=TEXT [options]",
	.text =
	    "Like suspend, but only for the purposes named, and whatever is below or above them.",
	.options = order_options,
	.examples = restrict_examples,
	.run = run_restrict,
};

static const struct pv_opt sign_options[] = { PV_OPT_SIGNERS, { 0 } };
static const struct pv_example sign_examples[] = {
	{ "proviso order sign o-0031 --as officer2",
	    "the second officer; from then on it does not lapse" },
	{ 0 },
};
const struct pv_cmd cmd_order_sign = {
	.name = "order sign",
	.group = PV_GROUP_PERMIT,
	.summary = "add signatures to a hold, so that it does not lapse",
	.usage = "ORDER [--as OFFICER]",
	.text = "An order that too few officers have signed is a hold. This adds the signatures of "
		"officers of this home.",
	.options = sign_options,
	.examples = sign_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_sign,
};

static const struct pv_opt lift_options[] = {
	{ "reopen", 0, "WORD", "what was withheld: offer it again, or wait for an officer", false,
	    "hold release" },
	PV_OPT_CONFIRM,
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example lift_examples[] = {
	{ "proviso order lift o-0031",
	    "shows what it reopens, then asks for the counterpart's name" },
	{ "proviso order lift o-0031 --draft --out lift.note",
	    "the first of two officers; the second: proviso sign lift.note" },
	{ 0 },
};
const struct pv_cmd cmd_order_lift = {
	.name = "order lift",
	.group = PV_GROUP_PERMIT,
	.summary = "end an order",
	.usage = "ORDER [options]",
	.text = "Only the order's issuer or a party above lifts it, with as many officers as the "
		"quorum says. A lift brings back "
		"nothing that was missed, and takes back nothing that was opened.",
	.options = lift_options,
	.examples = lift_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_lift,
};

static const struct pv_opt preview_options[] = { OPT_ORDER, PV_OPT_ACT, { 0 } };
static const struct pv_example preview_examples[] = {
	{ "proviso order preview suspend --counterpart us --text \"en=a trial\"",
	    "what it would stop" },
	{ "proviso order preview o-0031", "what the lift of an order would reopen" },
	{ "proviso order preview order.json", "what an order in a file would stop" },
	{ 0 },
};
const struct pv_cmd cmd_order_preview = {
	.name = "order preview",
	.group = PV_GROUP_PERMIT,
	.summary = "what an order or a lift would do; nothing is signed",
	.usage = "suspend|restrict [options of the order]\nORDER|FILE",
	.text = "Counts on the same way as the act itself, so the numbers are those that would "
		"come true now.",
	.args = "suspend restrict",
	.options = preview_options,
	.examples = preview_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_preview,
};

static const struct pv_opt at_options[] = { PV_OPT_AT, { 0 } };
static const struct pv_example list_examples[] = {
	{ "proviso order list", "all orders, with their state" },
	{ "proviso order list --at 2025-11-12T00:00:00Z", "as it was then" },
	{ 0 },
};
const struct pv_cmd cmd_order_list = {
	.name = "order list",
	.group = PV_GROUP_LOOK,
	.summary = "the orders, and which are in force",
	.usage = "[--at TIME]",
	.text = "IN FORCE, HOLD (signed by too few, obeyed on sight), not yet, lapsed or lifted.",
	.options = at_options,
	.examples = list_examples,
	.run = run_list,
};
static const struct pv_example show_examples[] = {
	{ "proviso order show o-0031", "its text, its condition, and who has acknowledged it" },
	{ 0 },
};
const struct pv_cmd cmd_order_show = {
	.name = "order show",
	.group = PV_GROUP_LOOK,
	.summary = "one order in full, and who has acknowledged it",
	.usage = "ORDER [--at TIME]",
	.text = "Shows what it covers and excepts, its text in the language that counts, its "
		"condition, and the acknowledgements: "
		"by gateway or by a person.",
	.options = at_options,
	.examples = show_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_show,
};

static const struct pv_opt ack_options[] = {
	{ "as", 0, "PARTY", "the echelon that acknowledges; default: this home's party", false,
	    NULL },
	{ "state", 0, "WORD", "default: in-force", false, "seen in-force settled cannot" },
	{ "by", 0, "NAME", "who said so, for an echelon without a gateway", false, NULL },
	{ "means", 0, "TEXT", "how it was said: telephone, radio, letter", false, NULL },
	{ "dealing", 0, "TEXT", "which dealing is settled", false, NULL },
	{ "cut", 0, "N", "openings that were cut", false, NULL },
	{ "out", 'o', "FILE", "the signed acknowledgement, for who issued the order", false, NULL },
	PV_OPT_BASIS,
	{ 0 },
};
static const struct pv_example ack_examples[] = {
	{ "proviso order ack o-0031 --out ack.note", "this home's own, for who issued the order" },
	{ "proviso order ack o-0031 --as co.navy.station --by \"Lt Diaz\" \\\n    --means "
	  "telephone",
	    "by a person, for an echelon without a gateway" },
	{ 0 },
};
const struct pv_cmd cmd_order_ack = {
	.name = "order ack",
	.group = PV_GROUP_PERMIT,
	.summary = "acknowledge an order: seen, in force, settled, cannot",
	.usage = "ORDER [--as PARTY] [--state WORD] [options]",
	.text = "Signed by this home's gateway and kept in its journal. Acknowledgements by a "
		"person are counted apart.",
	.options = ack_options,
	.examples = ack_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_ack,
};
