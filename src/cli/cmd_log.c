/* SPDX-License-Identifier: Apache-2.0 */
/* log verify, show, prove, export, rebuild: the logs, and that nobody changed them. */
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "codec/rfc3339.h"

/* ---- verify (UX T8) ---- */

static const char *
check_word(enum pv_check check)
{
	switch (check) {
	case PV_CHECK_NONE:
		return "";
	case PV_CHECK_GOOD:
		return "ok";
	case PV_CHECK_FAILED:
		return "FAILED";
	case PV_CHECK_SKIPPED:
		return "not checked";
	}
	return "";
}

static void
tell_checks(struct pv_run *r, const struct pv_verify_answer *v)
{
	struct pv_table *table = pv_table_new(r->arena, "llw");

	for (size_t i = 0; i < v->log_count; i++)
		pv_line(&r->term, "%.*s", PV_FMT(v->logs[i]));
	for (size_t i = 0; i < v->check_count; i++) {
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(v->checks[i].what));
		pv_table_cell(table, v->checks[i].result == PV_CHECK_FAILED ? PV_ALARM : PV_INK,
		    "%s", check_word(v->checks[i].result));
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(v->checks[i].says));
	}
	pv_table_print(table, &r->term, 2);
}

static bool
failed(const struct pv_verify_answer *v)
{
	for (size_t i = 0; i < v->check_count; i++)
		if (v->checks[i].result == PV_CHECK_FAILED)
			return true;
	return v->bad_count != 0;
}

static bool
all_checked(const struct pv_verify_answer *v)
{
	for (size_t i = 0; i < v->check_count; i++)
		if (v->checks[i].result == PV_CHECK_SKIPPED)
			return false;
	return true;
}

#define SAYS_MOST 72 /* bytes of an entry on one line; all of it with --json */

static void
tell_bad(struct pv_run *r, const struct pv_verify_answer *v)
{
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_ALARM, "TAMPERED", ": this is not the log that was signed.");
	for (size_t i = 0; i < v->bad_count; i++) {
		const struct pv_bad_entry *b = &v->bad[i];

		pv_line(t, "  Entry %s  says now", pv_show_count(r->arena, b->index));
		pv_line(t, "    %.*s%s", PV_FMT(pv_slice_sub(b->says, 0, SAYS_MOST)),
		    b->says.n > SAYS_MOST ? "..." : "");
		if (b->has_hash.n != 0)
			pv_line(t, "    has hash         %.*s...",
			    PV_FMT(pv_slice_sub(b->has_hash, 0, 32)));
		if (b->signed_hash.n != 0)
			pv_line(t, "    the signed tree  %.*s...",
			    PV_FMT(pv_slice_sub(b->signed_hash, 0, 32)));
	}
	pv_line(t, "  Keep this copy as evidence and do not mend it.");
	pv_line(t, "  Whose turn  you: get the log by another way and compare these entries");
	pv_line(t, "              the overseer: has to know of it");
}

static void
tell_verified(struct pv_run *r, const struct pv_verify_answer *v)
{
	struct pv_screen *t = &r->term;

	tell_checks(r, v);
	if (failed(v)) {
		tell_bad(r, v);
		return;
	}
	if (!v->good) {
		pv_state_line(t, PV_STRONG, "NOT PROVED",
		    ": nothing contradicts itself, but not all was checked (above).");
		return;
	}
	if (v->up_to != 0)
		pv_state_line(t, PV_STRONG, "GOOD",
		    ": nothing was changed, removed or reordered up to %s.",
		    pv_show_time(r->arena, v->up_to));
	else
		pv_state_line(t, PV_STRONG, "GOOD", ": nothing was changed, removed or reordered.");
	if (!all_checked(v))
		pv_line(
		    t, "What is marked \"not checked\" above was not, and nothing is said of it.");
	pv_line(t, "It cannot show acts that a gateway never logged.");
}

static void
put_verified(struct pv_jsonw *w, const struct pv_verify_answer *v)
{
	pv_jsonw_bool(w, "good", v->good);
	pv_jsonw_bool(w, "tampered", failed(v));
	pv_jsonw_array(w, "logs");
	for (size_t i = 0; i < v->log_count; i++)
		pv_jsonw_str(w, NULL, v->logs[i]);
	pv_jsonw_end(w);
	pv_jsonw_array(w, "checks");
	for (size_t i = 0; i < v->check_count; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "what", v->checks[i].what);
		pv_jsonw_str(w, "says", v->checks[i].says);
		pv_jsonw_str(w, "result", pv_slice_of(check_word(v->checks[i].result)));
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
	pv_jsonw_array(w, "bad");
	for (size_t i = 0; i < v->bad_count; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_u64(w, "index", v->bad[i].index);
		pv_jsonw_str(w, "says", v->bad[i].says);
		pv_jsonw_str(w, "has_hash", v->bad[i].has_hash);
		pv_jsonw_str(w, "signed_hash", v->bad[i].signed_hash);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
	pv_put_time(w, "up_to", v->up_to);
}

static int
run_verify(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_verify_answer v = { 0 };
	struct pv_json_out out;
	struct pv_status st;
	struct pv_err e;

	r->undone = "Not verified";
	if (r->args.n != 0) {
		/* a home is not needed, but one that is here knows keys */
		if (!pv_given(r, "vkey") && !pv_ok(pv_home_open(r, &d, &e)))
			d = NULL;
		st = pv_desk_verify_path(
		    d, r->args.at[0], pv_option_slice(r, "vkey"), r->arena, &v, &e);
	} else {
		st = pv_home_open(r, &d, &e);
		if (pv_ok(st))
			st = pv_desk_verify(d, r->arena, &v, &e);
	}
	if (!pv_ok(st))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		put_verified(&out.w, &v);
		pv_json_end(r, &out);
	} else {
		tell_verified(r, &v);
	}
	return failed(&v) ? PV_EXIT_UNTRUSTED : v.good ? PV_EXIT_DONE : PV_EXIT_NO;
}

static const struct pv_opt verify_options[] = {
	{ "vkey", 0, "VKEY",
	    "the log's key, as you had it from elsewhere; without it no signature is checked",
	    false, NULL },
	{ 0 },
};
static const struct pv_example verify_examples[] = {
	{ "proviso log verify", "the logs of this home" },
	{ "proviso log verify copy/ --vkey co/log+5f2c91d0+AbCd...",
	    "an exported folder, by anybody, without a home" },
	{ "proviso log verify entry-640.proof --vkey co/log+5f2c91d0+AbCd...",
	    "a proof file alone" },
	{ 0 },
};
const struct pv_cmd cmd_log_verify = {
	.name = "log verify",
	.group = PV_GROUP_PROVE,
	.summary = "check that a log is what was signed: nothing changed, removed, reordered",
	.usage = "[FOLDER|PROOF [--vkey VKEY]]",
	.text = "Without a word it checks this home: hashes, growth, every act's signatures, the "
		"tables in use against a fold from the "
		"start, the private fields. With a folder or a proof file it needs no home. The "
		"exit status is 4 when something "
		"was changed.",
	.args = "file",
	.options = verify_options,
	.examples = verify_examples,
	.max_args = 1,
	.run = run_verify,
};

/* ---- show ---- */

/* Pretty JSON, put on one line. */
static void
put_disclosed(struct pv_jsonw *w, struct pv_slice text)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_err ignored;

	if (text.n == 0 || !pv_ok(pv_json_read(&doc, text, 1 << 20, &ignored)))
		return;
	pv_json_canon(doc, 0, &line);
	pv_jsonw_raw(w, "disclosed", pv_buf_slice(&line));
}

static void
put_entry(struct pv_run *r, const struct pv_log_entry *x)
{
	struct pv_json_out out;

	pv_json_begin(&out);
	pv_jsonw_u64(&out.w, "index", x->index);
	pv_put_time(&out.w, "time", x->time);
	pv_jsonw_str(&out.w, "kind", x->kind);
	pv_jsonw_str(&out.w, "id", x->id);
	pv_jsonw_str(&out.w, "summary", x->summary);
	pv_jsonw_str(&out.w, "entry", x->bytes);
	put_disclosed(&out.w, x->disclosed);
	pv_json_end(r, &out);
}

static void
tell_entry(struct pv_run *r, struct pv_table *table, const struct pv_log_entry *x)
{
	pv_table_cell(table, PV_MUTED, "%s", pv_show_count(r->arena, x->index));
	pv_table_cell(table, PV_INK, "%s", pv_show_time(r->arena, x->time));
	pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(x->kind));
	pv_table_cell(table, PV_INK, "%.*s", PV_FMT(x->id));
	pv_table_cell(table, PV_INK, "%.*s", PV_FMT(x->summary));
}

static PV_RESULT
show_some(
    struct pv_run *r, struct pv_desk *d, struct pv_log_ask *ask, size_t *shown, struct pv_err *e)
{
	const struct pv_log_entry *entries = NULL;
	struct pv_table *table = pv_table_new(r->arena, "rllll");

	PV_TRY(pv_desk_log(d, ask, r->arena, &entries, shown, e));
	for (size_t i = 0; i < *shown; i++) {
		if (r->json)
			put_entry(r, &entries[i]);
		else
			tell_entry(r, table, &entries[i]);
		ask->from = entries[i].index + 1;
	}
	pv_table_print(table, &r->term, 0);
	fflush(r->term.out);
	return PV_DONE;
}

/* Looks for new entries every second, until stdout is gone or somebody stops it. */
static PV_RESULT
follow(struct pv_run *r, struct pv_log_ask *ask, struct pv_err *e)
{
	struct pollfd gone = { .fd = fileno(r->term.out), .events = 0 };
	size_t shown;

	while (!ferror(r->term.out) && poll(&gone, 1, 1000) == 0) {
		/* opened anew: entries that another process wrote are seen, and nothing is held up */
		PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;

		PV_TRY(pv_home_open(r, &d, e));
		PV_TRY(show_some(r, d, ask, &shown, e));
	}
	return PV_DONE;
}

static int
run_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_log_ask ask = { .log = r->args.n != 0 ? pv_slice_of(r->args.at[0])
							: PV_SLICE("orders"),
		.count = UINT64_MAX,
		.kind = pv_option_slice(r, "kind"),
		.id = pv_option_slice(r, "id") };
	size_t shown;
	struct pv_err e;

	if (!pv_ok(pv_given_number(r, "from", &ask.from, &e)) ||
	    !pv_ok(pv_given_number(r, "count", &ask.count, &e)) ||
	    !pv_ok(pv_given_time(r, "since", &ask.since, &e)) ||
	    !pv_ok(pv_given_time(r, "until", &ask.until, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(show_some(r, d, &ask, &shown, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!pv_given(r, "follow"))
		return PV_EXIT_DONE;
	pv_desk_close(PV_TAKE(d));
	return pv_ok(follow(r, &ask, &e)) ? PV_EXIT_DONE : pv_fail(r, &e, PV_NO_SLICE);
}

static const struct pv_opt show_options[] = {
	{ "from", 0, "INDEX", "from that entry on", false, NULL },
	{ "count", 0, "N", "at most so many", false, NULL },
	{ "kind", 0, "KIND", "only records or decisions of that kind", false, NULL },
	{ "id", 0, "ID", "only what is about that record or report", false, NULL },
	{ "since", 0, "TIME", "not before", false, NULL },
	{ "until", 0, "TIME", "not after", false, NULL },
	{ "follow", 0, NULL, "go on with what comes", false, NULL },
	{ 0 },
};
static const struct pv_example show_examples[] = {
	{ "proviso log show", "the acts of the order log" },
	{ "proviso log show journal --since 2025-11-11T00:00:00Z --follow",
	    "what this home decided, and decides" },
	{ 0 },
};
const struct pv_cmd cmd_log_show = {
	.name = "log show",
	.group = PV_GROUP_PROVE,
	.summary = "the entries of a log, one a line",
	.usage = "[orders|journal|ORIGIN] [options]",
	.text = "With --json one object a line, with the entry's bytes and, for the journal, the "
		"private fields that this home holds.",
	.args = "orders journal",
	.options = show_options,
	.examples = show_examples,
	.max_args = 1,
	.run = run_show,
};

/* ---- prove ---- */

static int
run_prove(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf proof = { 0 };
	uint64_t index;
	struct pv_err e;

	if (!pv_slice_u64(pv_slice_of(r->args.at[1]), &index)) {
		pv_ignore(PV_USAGE(
		    r, &e, "\"%s\" is not the number of an entry, counted from 0", r->args.at[1]));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_log_prove(d, pv_slice_of(r->args.at[0]), index, &proof, &e)) ||
	    !pv_ok(pv_output_write(r, pv_option(r, "out"), pv_buf_slice(&proof), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return PV_EXIT_DONE;
}

static const struct pv_opt prove_options[] = {
	{ "out", 'o', "FILE", "a new file; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example prove_examples[] = {
	{ "proviso log prove orders 640 --out entry-640.proof",
	    "anybody can check it: proviso log verify entry-640.proof" },
	{ 0 },
};
const struct pv_cmd cmd_log_prove = {
	.name = "log prove",
	.group = PV_GROUP_PROVE,
	.summary = "write the proof that an entry is in the log",
	.usage = "orders|journal INDEX [--out FILE]",
	.text = "A C2SP tlog-proof file: the entry's place, the hashes to the root and the signed "
		"checkpoint. It verifies offline.",
	.args = "orders journal",
	.options = prove_options,
	.examples = prove_examples,
	.min_args = 2,
	.max_args = 2,
	.run = run_prove,
};

/* ---- export ---- */

static int
run_export(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const char *folder = r->args.at[r->args.n - 1];
	const char *log = r->args.n == 2 ? r->args.at[0] : "orders";
	struct pv_json_out out;
	uint64_t entries = 0;
	struct pv_err e;

	/* The name of a log alone is a folder forgotten. */
	if (r->args.n == 1 && (strcmp(folder, "orders") == 0 || strcmp(folder, "journal") == 0)) {
		pv_ignore(
		    PV_USAGE(r, &e, "too little is said: proviso log export %s FOLDER", folder));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_log_export(d, pv_slice_of(log), folder, &entries, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_u64(&out.w, "entries", entries);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Exported",
	    ": %s to %s, as tiles with a signed checkpoint.",
	    pv_show_n(r->arena, entries, "entry", "entries"), folder);
	return PV_EXIT_DONE;
}

static const struct pv_example export_examples[] = {
	{ "proviso log export orders /srv/www/co-log",
	    "a folder that any web server can give out" },
	{ 0 },
};
const struct pv_cmd cmd_log_export = {
	.name = "log export",
	.group = PV_GROUP_PROVE,
	.summary = "write a log as a folder of tiles, in the C2SP layout",
	.usage = "[orders|journal] FOLDER",
	.text = "Checkpoint, tiles and entry bundles exactly as C2SP tlog-tiles has them; other "
		"tools read it. Private acts are in it "
		"as digests. Without a name it is the order log.",
	.args = "orders journal",
	.examples = export_examples,
	.min_args = 1,
	.max_args = 2,
	.run = run_export,
};

/* ---- key ---- */

static int
run_key(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_identity self;
	struct pv_slice log = pv_slice_of(r->args.at[0]), vkey;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	self = pv_desk_identity(d);
	if (pv_slice_is(log, "orders") || pv_slice_eq(log, self.origin)) {
		vkey = self.log_vkey;
	} else if (pv_slice_is(log, "journal") || pv_slice_eq(log, self.journal)) {
		vkey = self.journal_vkey;
	} else {
		pv_ignore(PV_USAGE(r, &e,
		    "\"%.*s\" is no log that this home writes: orders, journal", PV_FMT(log)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "vkey", vkey);
		pv_json_end(r, &out);
	} else {
		pv_line(&r->term, "%.*s", PV_FMT(vkey));
	}
	return PV_EXIT_DONE;
}

static const struct pv_example key_examples[] = {
	{ "proviso log key orders", "what others pin: proviso log verify FOLDER --vkey KEY" },
	{ 0 },
};
const struct pv_cmd cmd_log_key = {
	.name = "log key",
	.group = PV_GROUP_PROVE,
	.summary = "the public key that signs a log of this home",
	.usage = "orders|journal",
	.text = "Give it to whoever verifies the log, by a way that is not the log's own: a proof "
		"without a pinned key proves nothing.",
	.args = "orders journal",
	.examples = key_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_key,
};

/* ---- rebuild ---- */

static int
run_rebuild(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_rebuild_answer a = { 0 };
	bool repair = pv_given(r, "repair");
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_log_rebuild(d, repair, r->arena, &a, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_u64(&out.w, "entries", a.entries);
		pv_jsonw_u64(&out.w, "rows", a.rows);
		pv_jsonw_u64(&out.w, "differences", a.differences);
		pv_put_names(&out.w, "differing", a.differing);
		pv_jsonw_bool(&out.w, "repaired", repair && a.differences != 0);
		pv_json_end(r, &out);
	} else if (a.differences == 0) {
		pv_state_line(&r->term, PV_STRONG, "GOOD",
		    ": %s fold into %s, the same as the tables in use.",
		    pv_show_n(r->arena, a.entries, "entry", "entries"),
		    pv_show_n(r->arena, a.rows, "row", "rows"));
	} else {
		pv_state_line(&r->term, PV_ALARM, repair ? "REPAIRED" : "DIFFERENT", ": %s: %s.",
		    pv_show_n(r->arena, a.differences, "row differs from the log",
			"rows differ from the log"),
		    pv_list_names(r->arena, a.differing, ""));
		if (!repair)
			pv_line(&r->term, "  The log counts. Make the tables anew from it: proviso "
					  "log rebuild --repair");
	}
	return a.differences != 0 && !repair ? PV_EXIT_UNTRUSTED : PV_EXIT_DONE;
}

static const struct pv_opt rebuild_options[] = {
	{ "repair", 0, NULL, "put what the log says into the tables", false, NULL },
	{ 0 },
};
static const struct pv_example rebuild_examples[] = {
	{ "proviso log rebuild", "compares only" },
	{ 0 },
};
const struct pv_cmd cmd_log_rebuild = {
	.name = "log rebuild",
	.group = PV_GROUP_PROVE,
	.summary = "fold the order log from its start, and compare with the tables in use",
	.usage = "[--repair]",
	.text = "State is nothing but a fold over the log. This makes it again and says where the "
		"tables in use differ.",
	.options = rebuild_options,
	.examples = rebuild_examples,
	.run = run_rebuild,
};
