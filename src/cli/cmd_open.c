/* SPDX-License-Identifier: Apache-2.0 */
/* ask, answer, open, recall: the way of one report to one reader, and its end. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "cli/remote.h"

/* Who asks, for what. */
struct asker {
	struct pv_slice party, person, purpose;
};

/* Through a gateway it is who the credential is of: the gateway fills that in. */
static struct pv_slice
this_person(const struct pv_run *r)
{
	const struct passwd *user = pv_gateway_named(r) == NULL ? getpwuid(getuid()) : NULL;

	return pv_slice_of(user != NULL ? user->pw_name : "");
}

static PV_RESULT
read_asker(struct pv_run *r, struct asker *out, struct pv_err *e)
{
	PV_TRY(pv_given_name(r, "party", &out->party, e));
	PV_TRY(pv_given_name(r, "purpose", &out->purpose, e));
	out->person = pv_given(r, "person") ? pv_option_slice(r, "person") : this_person(r);
	if (out->purpose.n == 0)
		return PV_USAGE(r, e, "--purpose is missing: what is it to be opened for?");
	return PV_DONE;
}

#define OPT_ASKER                                                                               \
	{ "purpose", 0, "PURPOSE",                                                              \
		"what it is opened for: a signed statement that stands in the journals", false, \
		NULL },                                                                         \
	    { "party", 0, "PARTY", "who asks; default: this home's party", false, NULL },       \
	{                                                                                       \
		"person", 0, "NAME",                                                            \
		    "which person; default: the name of your account, or who the token is of",  \
		    false, NULL                                                                 \
	}

static int
tell_refused(struct pv_run *r, const struct pv_desk *d, const struct pv_told *told,
    const struct asker *who, struct pv_slice report, const char *undone)
{
	struct pv_refusal f = { .told = told,
		.report = report,
		.purpose = who->purpose,
		.undone = undone,
		.own = pv_desk_identity(d).party,
		.journal = pv_desk_identity(d).journal };
	struct pv_json_out out;

	f.party = who->party.n != 0 ? who->party : pv_desk_identity(d).party;
	if (!r->json)
		return pv_tell_refusal(r, &f);
	pv_json_begin(&out);
	pv_put_refusal(&out.w, told);
	pv_json_end(r, &out);
	return told->entitled && told->why == PV_WHY_STALE ? PV_EXIT_DOWN : PV_EXIT_NO;
}

/* ---- ask ---- */

static int
run_ask(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf request = { 0 };
	struct pv_ask_answer a = { 0 };
	struct asker who = { 0 };
	struct pv_ask_ask ask;
	const char *path = pv_option(r, "out");
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "Not asked";
	if (!pv_ok(pv_output_check(path, &e)) || !pv_ok(read_asker(r, &who, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	ask = (struct pv_ask_ask){ r->args.at[0], who.party, who.person, who.purpose,
		pv_option_slice(r, "of"), PV_NO_SLICE };
	if (!pv_ok(pv_desk_ask(d, &ask, &request, r->arena, &a, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!a.made)
		return tell_refused(r, d, &a.refused, &who, a.report, "Nothing was asked.");
	if (!pv_ok(pv_output_write(r, path, pv_buf_slice(&request), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (path == NULL || strcmp(path, "-") == 0)
		return PV_EXIT_DONE;
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "report", a.report);
		pv_jsonw_str(&out.w, "originator", a.originator);
		pv_jsonw_str(&out.w, "purpose", who.purpose);
		pv_jsonw_str(&out.w, "out", pv_slice_of(path));
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Asked",
	    ": %.*s, for %.*s. The signed request is in %s.", PV_FMT(a.report), PV_FMT(who.purpose),
	    path);
	pv_para(&r->term, "  Send it to  ", "%.*s; there: proviso answer REQUEST -o REPLY",
	    PV_FMT(a.originator));
	pv_para(&r->term, "  Then here   ", "proviso open %s --purpose %.*s --grant REPLY -o FILE",
	    r->args.at[0], PV_FMT(who.purpose));
	return PV_EXIT_DONE;
}

static const struct pv_opt ask_options[] = {
	OPT_ASKER,
	{ "of", 0, "ORIGIN", "ask a custodian: its order log; default: the originator's", false,
	    NULL },
	{ "out", 'o', "FILE", "where the request is written; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example ask_examples[] = {
	{ "proviso ask r-7q2m.tdf --purpose law.interdict --out r-7q2m.request",
	    "our own orders decide first; then the originator's" },
	{ 0 },
};
const struct pv_cmd cmd_ask = {
	.name = "ask",
	.group = PV_GROUP_SHARE,
	.summary = "ask a partner for the key of its sealed report",
	.usage = "SEALED --purpose PURPOSE [--out FILE]",
	.text = "Makes a signed request as a file, with a key that was made for it alone, kept "
		"here until the reply comes. It is "
		"refused here when an order of our own stops taking.",
	.args = "file",
	.options = ask_options,
	.examples = ask_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_ask,
};

/* ---- answer ---- */

static void
tell_granted(struct pv_run *r, struct pv_screen *t, const struct pv_answer_answer *a)
{
	const char *duties = pv_list_duties(r->arena, a->obligations);

	pv_state_line(t, PV_STRONG, "Granted", ": %.*s to %.*s for %.*s, by %s.", PV_FMT(a->report),
	    PV_FMT(a->party), PV_FMT(a->purpose),
	    pv_list_names(r->arena, a->agreements, "nothing"));
	if (*duties != '\0')
		pv_para(t, "  Duties    ", "%s", duties);
	pv_line(t, "  Recorded  entry %s; release %.*s", pv_show_count(r->arena, a->journal_index),
	    PV_FMT(a->release));
	pv_line(
	    t, "  The key is in the reply, for the asker alone. It counts as given from now on.");
}

static void
put_answer(struct pv_jsonw *w, const struct pv_answer_answer *a)
{
	pv_jsonw_bool(w, "granted", a->granted);
	pv_jsonw_bool(w, "unknown_report", a->unknown_report);
	pv_jsonw_str(w, "request", a->request_id);
	pv_jsonw_str(w, "report", a->report);
	pv_jsonw_str(w, "party", a->party);
	pv_jsonw_str(w, "person", a->person);
	pv_jsonw_str(w, "purpose", a->purpose);
	pv_jsonw_u64(w, "journal_index", a->journal_index);
	if (a->granted) {
		pv_jsonw_str(w, "release", a->release);
		pv_put_names(w, "agreements", a->agreements);
	} else {
		pv_put_refusal(w, &a->refused);
	}
}

static int
run_answer(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf request = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf reply = { 0 };
	struct pv_answer_answer a = { 0 };
	const char *path = pv_option(r, "out"), *source;
	bool to_stdout = path == NULL || strcmp(path, "-") == 0;
	struct pv_screen screen;
	struct pv_json_out out;
	struct asker who;
	struct pv_err e;

	r->undone = "Not answered";
	if (!pv_ok(pv_output_check(path, &e)) ||
	    !pv_ok(pv_input_read(r, r->args.at[0], &request, &source, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_answer(d, pv_buf_slice(&request), source, &reply, r->arena, &a, &e)) ||
	    !pv_ok(pv_output_write(r, path, pv_buf_slice(&reply), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	who = (struct asker){ a.party, a.person, a.purpose };
	if (r->json && !to_stdout) {
		pv_json_begin(&out);
		put_answer(&out.w, &a);
		pv_json_end(r, &out);
	} else if (a.granted) {
		screen = to_stdout ? pv_screen_aside(&r->term) : r->term;
		tell_granted(r, &screen, &a);
	} else if (!to_stdout) {
		if (a.unknown_report)
			pv_line(&r->term,
			    "Nothing is known here of %.*s. The reply says what everybody is told:",
			    PV_FMT(a.report));
		tell_refused(r, d, &a.refused, &who, a.report, "No key was given.");
	}
	return a.granted ? PV_EXIT_DONE : PV_EXIT_NO;
}

static const struct pv_opt answer_options[] = {
	{ "out", 'o', "FILE", "where the reply is written; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example answer_examples[] = {
	{ "proviso answer r-7q2m.request --out r-7q2m.reply",
	    "decides, journals, and only then writes the key" },
	{ 0 },
};
const struct pv_cmd cmd_answer = {
	.name = "answer",
	.group = PV_GROUP_SHARE,
	.summary = "answer a partner's request: a grant or a refusal",
	.usage = "REQUEST|- [--out FILE]",
	.text = "Checks the request, decides it by the label, the orders and the agreements, makes "
		"the journal entry durable, looks "
		"at clock and orders again, and then writes a signed grant with the key, or a "
		"signed refusal. The exit status is "
		"1 for a refusal.",
	.args = "file",
	.options = answer_options,
	.examples = answer_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_answer,
};

/* ---- open ---- */

static void
on_progress(void *ctx, uint64_t bytes)
{
	pv_progress_at(ctx, bytes);
}

static void
tell_opened(struct pv_run *r, struct pv_screen *t, const struct pv_desk *d,
    const struct pv_open_answer *a, const struct asker *who)
{
	const struct pv_report *p = &a->label.report;
	const char *duties = pv_list_duties(r->arena, a->obligations);

	pv_state_line(t, PV_STRONG, "Opened", ": %.*s, %s, in %.*s.", PV_FMT(a->label.id),
	    pv_show_size(r->arena, a->size_bytes),
	    PV_FMT(a->out_path.n != 0 ? a->out_path : PV_SLICE("standard output")));
	pv_para(t, "  Label     ", "\"%.*s\" of %.*s; %s; %s", PV_FMT(p->title),
	    PV_FMT(p->originator), pv_list_names(r->arena, p->topics, "no topic"),
	    pv_list_names(r->arena, p->regions, "no region"));
	if (p->never.n != 0)
		pv_para(t, "  Never     ", "%s, and everything below",
		    pv_list_names(r->arena, p->never, ""));
	if (p->handling.n != 0)
		pv_para(t, "  Handling  ", "%.*s", PV_FMT(p->handling));
	pv_para(t, "  For       ", "%.*s, by %s", PV_FMT(who->purpose),
	    pv_list_names(r->arena, a->agreements, "its originator"));
	if (*duties != '\0')
		pv_para(t, "  Duties    ", "%s", duties);
	pv_line(t, "  Recorded  entry %s of %.*s", pv_show_count(r->arena, a->journal_index),
	    PV_FMT(pv_desk_identity(d).journal));
}

static void
put_opened(struct pv_run *r, const struct pv_open_answer *a)
{
	struct pv_json_out out;

	pv_json_begin(&out);
	pv_jsonw_bool(&out.w, "opened", true);
	pv_put_record(&out.w, "label", &a->label);
	pv_jsonw_str(&out.w, "release", a->release);
	pv_jsonw_str(&out.w, "out", a->out_path);
	pv_jsonw_u64(&out.w, "size", a->size_bytes);
	pv_jsonw_u64(&out.w, "journal_index", a->journal_index);
	pv_put_names(&out.w, "agreements", a->agreements);
	pv_json_end(r, &out);
}

/* Where the content goes when --out says nothing: here, under the name of the sealed file, or of what was sealed. */
static const char *
default_path(struct pv_run *r, struct pv_desk *d)
{
	const struct pv_report_row *row = NULL;
	struct pv_slice arg = pv_slice_of(r->args.at[0]), title = PV_NO_SLICE;
	struct pv_err ignored;
	size_t n = 0;

	if (arg.n > 4 && pv_slice_is(pv_slice_sub(arg, arg.n - 4, arg.n), ".tdf"))
		return pv_arena_str(r->arena, pv_slice_sub(arg, 0, arg.n - 4));
	if (pv_ok(pv_desk_reports(d, arg, r->arena, &row, &n, &ignored)) && n != 0)
		title = row->label.report.title;
	/* a title is text from outside: it may be a name, never a path */
	if (title.n == 0 || title.n > 200 || title.p[0] == '.' ||
	    memchr(title.p, '/', title.n) != NULL || memchr(title.p, 0, title.n) != NULL)
		return pv_arena_printf(r->arena, "%.*s.opened", PV_FMT(arg)).p;
	return pv_arena_str(r->arena, title);
}

static PV_RESULT
open_report(struct pv_run *r, struct pv_desk *d, const struct asker *who, struct pv_open_answer *a,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf grant = { 0 };
	struct pv_progress progress = pv_progress_begin(&r->term, "Opening", 0);
	struct pv_open_ask ask = { .report = r->args.at[0],
		.out_path = pv_given(r, "out") ? pv_option(r, "out") : default_path(r, d),
		.keep = pv_given(r, "keep"),
		.of = pv_option_slice(r, "of"),
		.party = who->party,
		.person = who->person,
		.purpose = who->purpose,
		.progress = on_progress,
		.progress_ctx = &progress };
	struct pv_status st;

	if (pv_given(r, "grant"))
		PV_TRY(pv_input_read(r, pv_option(r, "grant"), &grant, &ask.grant_source, e));
	ask.grant = pv_buf_slice(&grant);
	st = pv_desk_open_report(d, &ask, r->arena, a, e);
	pv_progress_end(&progress);
	return st;
}

static int
run_open(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_open_answer a = { 0 };
	struct asker who = { 0 };
	const char *path = pv_option(r, "out");
	struct pv_screen screen;
	struct pv_err e;

	r->undone = "Not opened";
	r->streams =
	    path != NULL && strcmp(path, "-") == 0; /* what comes on stdout is the content */
	if (!pv_ok(read_asker(r, &who, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(open_report(r, d, &who, &a, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!a.opened)
		return tell_refused(r, d, &a.refused, &who, a.label.id, "Nothing was opened.");
	if (r->json && !r->streams) {
		put_opened(r, &a);
		return PV_EXIT_DONE;
	}
	screen = r->streams ? pv_screen_aside(&r->term) : r->term;
	tell_opened(r, &screen, d, &a, &who);
	return PV_EXIT_DONE;
}

static const struct pv_opt open_options[] = {
	OPT_ASKER,
	{ "grant", 0, "FILE", "the originator's reply to our request", false, NULL },
	{ "of", 0, "ORIGIN",
	    "with --gateway and without --grant: ask a custodian, by its order log; default: the "
	    "originator",
	    false, NULL },
	{ "keep", 0, NULL, "keep it in custody here (an agreement must say so)", false, NULL },
	{ "out", 'o', "FILE",
	    "where the content goes: a new file, or - for stdout; default: its name, here", false,
	    NULL },
	{ 0 },
};
static const struct pv_example open_examples[] = {
	{ "proviso open r-7q2m.tdf --purpose law.interdict \\\n    --grant r-7q2m.reply --out "
	  "track.geojson",
	    "a partner's report, with its reply" },
	{ "proviso open r-7q2m --purpose law.interdict --out -", "a report of this home" },
	{ "proviso --gateway https://gw.us.example:8443 open r-7q2m.tdf \\\n    --purpose "
	  "law.interdict",
	    "a partner's report: the own gateway decides, asks the partner's, and opens it" },
	{ 0 },
};
const struct pv_cmd cmd_open = {
	.name = "open",
	.group = PV_GROUP_SHARE,
	.summary = "open a report for a stated purpose",
	.usage = "REPORT|SEALED --purpose PURPOSE [--grant FILE] [--out FILE]",
	.text = "Opens a report of this home, one in custody here, or with --grant one of a "
		"partner. It is decided at this very "
		"moment, and the journal entry is durable before the key is used. Through a "
		"gateway a partner's sealed file needs no "
		"--grant: the gateway asks.\nThe purpose "
		"that you state is a signed "
		"statement, and outcomes are held against it.",
	.args = "file",
	.options = open_options,
	.examples = open_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_open,
};

/* ---- recall ---- */

static int
run_recall(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record record = { .kind = PV_RECALL,
		.recall = { .report = pv_slice_of(r->args.at[0]) } };
	struct pv_apply_answer answer = { 0 };
	const struct pv_report_row *row = NULL;
	size_t n = 0;
	bool yes = false;
	struct pv_err e;

	r->undone = "Not recalled";
	if (!pv_ok(pv_given_texts(r, "text", &record.recall.text, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_reports(d, record.recall.report, r->arena, &row, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (n == 0) {
		pv_ignore(pv_advise(
		    PV_FAIL(&e, PV_E_INPUT, "there is no report \"%s\" here", r->args.at[0]), &e,
		    "What there is: proviso report list"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	pv_state_note(&r->term, PV_STRONG, "RECALL", " of %s, \"%.*s\". Nothing is signed yet.",
	    r->args.at[0], PV_FMT(row->label.report.title));
	pv_note(&r->term,
	    "  It was opened %s. Nothing takes that back; whoever has it is listed in:",
	    pv_show_n(r->arena, row->opened_count, "time", "times"));
	pv_note(&r->term, "  proviso report show %s", r->args.at[0]);
	if (!pv_ok(pv_ask_confirm(
		r, "Type the report's id to recall it, Enter to leave.", r->args.at[0], &yes, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!yes)
		return pv_ask_left(r, "");
	if (!pv_ok(pv_home_act_fill(r, d, &record, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, &record, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act_tell(r, &answer, "Recalled");
}

static const struct pv_opt recall_options[] = {
	{ "text", 0, "LANG=TEXT", "why, or a file with it", true, NULL },
	PV_OPT_CONFIRM,
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example recall_examples[] = {
	{ "proviso recall r-7q2m --text \"en=The position was wrong.\"",
	    "asks for the report's id, then signs" },
	{ 0 },
};
const struct pv_cmd cmd_recall = {
	.name = "recall",
	.group = PV_GROUP_SHARE,
	.summary = "withdraw one report: it is not opened again",
	.usage = "REPORT [--text LANG=TEXT] [--confirm REPORT]",
	.text = "From then on nobody opens it, here or where it is held in custody and this log is "
		"followed. What was opened stays "
		"opened. One officer is enough.",
	.options = recall_options,
	.examples = recall_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_recall,
};
