/* SPDX-License-Identifier: Apache-2.0 */
/* apply, sign, export, end: records into the order log and out of it. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

/* ---- several files as one text: all or nothing ---- */

struct part {
	const char *name;
	unsigned first_line; /* of the whole */
};
struct whole {
	struct pv_buf text;
	unsigned lines;
	PV_VEC(struct part) parts;
};

static void
free_whole(struct whole *w)
{
	pv_buf_free(&w->text);
	PV_VEC_FREE(&w->parts);
}

static PV_RESULT
add_file(struct pv_run *r, struct whole *w, const char *path, struct pv_err *e)
{
	size_t from = w->text.n;
	const char *name;

	PV_TRY(pv_input_read(r, path, &w->text, &name, e));
	if (w->text.n != from && w->text.p[w->text.n - 1] != '\n')
		pv_buf_add_c(&w->text, '\n');
	*PV_VEC_ADD(&w->parts) = (struct part){ name, w->lines + 1 };
	for (size_t i = from; i < w->text.n; i++)
		w->lines += w->text.p[i] == '\n';
	return PV_DONE;
}

static PV_RESULT
read_whole(struct pv_run *r, struct whole *w, struct pv_err *e)
{
	for (size_t i = 0; i < r->args.n; i++) {
		const char **files;
		size_t n;

		PV_TRY(pv_record_files(r, r->args.at[i], &files, &n, e));
		for (size_t j = 0; j < n; j++)
			PV_TRY(add_file(r, w, files[j], e));
	}
	return PV_DONE;
}

/* From the line of the whole to that of the file. */
static void
to_file(const struct whole *w, struct pv_err *e)
{
	const struct part *p = &w->parts.at[0];

	for (size_t i = 1; i < w->parts.n && w->parts.at[i].first_line <= e->line; i++)
		p = &w->parts.at[i];
	snprintf(e->source, sizeof(e->source), "%s", p->name);
	if (e->line >= p->first_line)
		e->line -= p->first_line - 1;
}

/* The text of one file of the whole, for the excerpts. */
static struct pv_slice
text_of(const struct whole *w, const char *source)
{
	struct pv_slice rest = pv_buf_slice(&w->text), line;
	size_t from = 0;
	unsigned at = 1;

	for (size_t i = 0; i < w->parts.n; i++) {
		if (strncmp(
			w->parts.at[i].name, source, sizeof(((struct pv_err *)0)->source) - 1) != 0)
			continue;
		for (; at < w->parts.at[i].first_line && pv_slice_next(&rest, '\n', &line); at++)
			from += line.n + 1;
		return pv_slice_sub(pv_buf_slice(&w->text), from, w->text.n);
	}
	return PV_NO_SLICE;
}

/* ---- telling ---- */

static int
tell_wrong(struct pv_run *r, const struct whole *w, const struct pv_apply_answer *answer)
{
	struct pv_err *errors = pv_arena_alloc_n(r->arena, answer->error_count, sizeof(*errors));
	size_t all = answer->act_count + answer->error_count; /* what is wrong is no act */
	const char *last;
	struct pv_slice text;

	memcpy(errors, answer->errors, answer->error_count * sizeof(*errors));
	for (size_t i = 0; i < answer->error_count; i++)
		to_file(w, &errors[i]);
	/* excerpts are of one file: of the first that has an error */
	text = text_of(w, errors[0].source);
	for (size_t i = 1; i < answer->error_count; i++)
		if (strcmp(errors[i].source, errors[0].source) != 0)
			text = PV_NO_SLICE;
	last = pv_arena_printf(r->arena, "Nothing was applied: %s good, %s not, %s in all.",
	    pv_show_n(r->arena, answer->act_count, "record is", "records are"),
	    pv_show_n(r->arena, answer->error_count, "is", "are"), pv_show_count(r->arena, all))
		   .p;
	return pv_fail_all(r, errors, answer->error_count, text, last);
}

static void
put_lines(struct pv_run *r, const char *mark, struct pv_slice text)
{
	struct pv_slice line;

	while (pv_slice_next(&text, '\n', &line))
		pv_line(&r->term, "  %s %.*s", mark, PV_FMT(line));
}

static void
tell_acts(struct pv_run *r, const struct pv_apply_answer *answer, bool dry)
{
	static const char *const words[] = { [PV_DID_NOTHING] = "unchanged",
		[PV_DID_APPLY] = "applied",
		[PV_DID_HOLD] = "HOLD",
		[PV_DID_COMPLETE] = "completed",
		[PV_DID_SIGN] = "signed" };

	for (size_t i = 0; i < answer->act_count; i++) {
		const struct pv_act_done *a = &answer->acts[i];

		if (dry && a->did != PV_DID_NOTHING) {
			pv_state_line(&r->term, PV_STRONG, pv_kind_name(a->kind),
			    " %.*s: would be %s, by %s of %s officers", PV_FMT(a->id),
			    words[a->did], pv_show_count(r->arena, a->signers),
			    pv_show_count(r->arena, a->needs));
			put_lines(r, "-", a->before);
			put_lines(r, "+", a->after);
		} else if (a->did == PV_DID_HOLD || a->did == PV_DID_COMPLETE ||
			   a->did == PV_DID_SIGN) {
			pv_line(&r->term, "%s  %s %.*s, signed by %s of %s officers", words[a->did],
			    pv_kind_name(a->kind), PV_FMT(a->id),
			    pv_show_count(r->arena, a->signers), pv_show_count(r->arena, a->needs));
		}
	}
}

/* What comes back as it came was signed by nobody here: a script must not send it on as signed. */
static PV_RESULT
check_added(const struct whole *w, const struct pv_apply_answer *answer, struct pv_err *e)
{
	if (!pv_slice_eq(answer->notes, pv_buf_slice(&w->text)))
		return PV_DONE;
	return pv_advise(PV_FAIL(e, PV_E_INPUT, "no signature was added"), e,
	    "Whoever was to sign has signed already, or has no key here that may: proviso key "
	    "list; one from elsewhere: --key FILE");
}

static int
apply_whole(struct pv_run *r, const struct whole *w, bool draft)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_unlock unlock = pv_home_unlock(r);
	struct pv_apply_ask ask = { .bytes = pv_buf_slice(&w->text),
		.source = w->parts.at[0].name,
		.dry_run = pv_given(r, "dry-run"),
		.draft = draft };
	struct pv_apply_answer answer = { 0 };
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!pv_ok(pv_desk_apply(d, &ask, &unlock, r->arena, &answer, &e))) {
		if (e.line != 0)
			to_file(w, &e);
		return pv_fail(r, &e, text_of(w, e.source));
	}
	if (answer.error_count != 0)
		return tell_wrong(r, w, &answer);
	if (r->cmd == &cmd_sign && !pv_ok(check_added(w, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (draft) {
		if (!pv_ok(pv_output_write(r, pv_option(r, "out"), answer.notes, &e)))
			return pv_fail(r, &e, PV_NO_SLICE);
		if (pv_option(r, "out") == NULL || strcmp(pv_option(r, "out"), "-") == 0)
			return PV_EXIT_DONE;
	}
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_bool(&out.w, "dry_run", ask.dry_run);
		pv_put_acts(&out.w, &answer);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	tell_acts(r, &answer, ask.dry_run);
	if (draft)
		pv_line(&r->term, "signed %s, nothing entered. Enter them: proviso apply %s",
		    pv_show_count(r->arena, answer.act_count), pv_option(r, "out"));
	else
		pv_line(&r->term, "%sapplied %llu, unchanged %llu%s",
		    ask.dry_run ? "dry run, nothing was done: " : "",
		    (unsigned long long)answer.applied, (unsigned long long)answer.unchanged,
		    answer.held != 0
			? pv_arena_printf(r->arena, ", held %llu", (unsigned long long)answer.held)
			      .p
			: "");
	return PV_EXIT_DONE;
}

static int
run_apply_or_sign(struct pv_run *r, bool draft)
{
	PV_AUTO(free_whole) struct whole w = { 0 };
	struct pv_err e;

	r->undone = draft ? "Nothing was signed" : "Nothing was applied";
	if (!pv_ok(read_whole(r, &w, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return apply_whole(r, &w, draft);
}

static int
run_apply(struct pv_run *r)
{
	return run_apply_or_sign(r, pv_given(r, "draft"));
}

static int
run_sign(struct pv_run *r)
{
	return run_apply_or_sign(r, true);
}

static const struct pv_opt apply_options[] = {
	{ "dry-run", 0, NULL, "show what would be done, and do nothing", false, NULL },
	PV_OPT_SIGN,
	{ 0 },
};
static const struct pv_example apply_examples[] = {
	{ "proviso apply records.jsonl",
	    "sign what is not signed yet, check all, enter all or nothing" },
	{ "proviso apply --dry-run policy/",
	    "the difference that the files of a folder would make" },
	{ "proviso apply --draft --out a.note agreement.json",
	    "the first officer signs; the second: proviso sign a.note" },
	{ 0 },
};
const struct pv_cmd cmd_apply = {
	.name = "apply",
	.group = PV_GROUP_PERMIT,
	.summary = "enter records: all of them, or none",
	.usage = "FILE|DIR|-... [--dry-run] [options]",
	.text =
	    "Takes JSON, JSON lines and signed notes, mixed. Everything is checked first; when "
	    "anything is wrong nothing is "
	    "entered, and each message names file, line and column. What stands already stays: "
	    "\"unchanged\".\n"
	    "Records that are not signed are drafts: log, time and issuer are filled in, and the "
	    "officers of this home sign "
	    "them. Outcomes and acknowledgements of a partner's gateway are taken in the same way.",
	.args = "file",
	.options = apply_options,
	.examples = apply_examples,
	.min_args = 1,
	.max_args = 1000,
	.run = run_apply,
};

static const struct pv_opt sign_options[] = {
	PV_OPT_SIGNERS,
	{ "out", 'o', "FILE", "where the signed note is written; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example sign_examples[] = {
	{ "proviso sign lift.note --out lift-2.note",
	    "the second officer adds a signature; then: proviso apply lift-2.note" },
	{ 0 },
};
const struct pv_cmd cmd_sign = {
	.name = "sign",
	.group = PV_GROUP_PERMIT,
	.summary = "add an officer's signature to an act, without entering it",
	.usage = "FILE... [--as OFFICER] [--out FILE]",
	.text = "For acts that need two officers who work at different homes: one makes the draft, "
		"the other signs the same "
		"bytes, and either enters the result with apply.",
	.args = "file",
	.options = sign_options,
	.examples = sign_examples,
	.min_args = 1,
	.max_args = 1000,
	.run = run_sign,
};

/* ---- export ---- */

static int
run_export(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_export_ask ask = { .origin = pv_option_slice(r, "log"),
		.public_only = pv_given(r, "public") };
	struct pv_err e;

	if (!pv_ok(pv_given_name(r, "for", &ask.audience, &e)) ||
	    !pv_ok(pv_given_names(r, "include", &ask.include, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_desk_export(d, &ask, &out, &e)) ||
	    !pv_ok(pv_output_write(r, pv_option(r, "out"), pv_buf_slice(&out), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return PV_EXIT_DONE;
}

static const struct pv_opt export_options[] = {
	{ "log", 0, "ORIGIN", "another log that this home holds; default: its own", false, NULL },
	{ "public", 0, NULL, "only acts that are public", false, NULL },
	{ "for", 0, "PARTY",
	    "a bundle for a partner: what is public, and what names it; for proviso follow there",
	    false, NULL },
	{ "include", 0, "ID", "with --for: a private act that it is given besides", true, NULL },
	{ "out", 'o', "FILE", "a new file; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example export_examples[] = {
	{ "proviso export --out acts.note", "all acts, as apply takes them" },
	{ "proviso export --for uk --out for-uk.bundle", "what the uk follows of this log" },
	{ 0 },
};
const struct pv_cmd cmd_export = {
	.name = "export",
	.group = PV_GROUP_PROVE,
	.summary = "give out the acts of the order log",
	.usage = "[--for PARTY] [--public] [--out FILE]",
	.text =
	    "Without --for it gives back what apply takes. With --for it makes a bundle: "
	    "checkpoint, entries and proof; acts "
	    "that the partner may not see are there as digests only, so the log still verifies.",
	.options = export_options,
	.examples = export_examples,
	.run = run_export,
};

/* ---- end ---- */

static int
run_end(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_END, .end = { .of = pv_slice_of(r->args.at[0]) } };

	r->undone = "Not ended";
	return pv_home_act(r, &record, "Ended");
}

static const struct pv_opt end_options[] = { PV_OPT_ACT, { 0 } };
static const struct pv_example end_examples[] = {
	{ "proviso end a-0114 --note \"replaced by a-0120\" --cites a-0120", "an agreement" },
	{ "proviso end co/officer2+1f2e3d4c+AbCd...", "a key, by its name" },
	{ 0 },
};
const struct pv_cmd cmd_end = {
	.name = "end",
	.group = PV_GROUP_PERMIT,
	.summary = "end an agreement, party, term, key, condition or recall",
	.usage = "ID [options]",
	.text = "Records never change; they end. An order ends by a lift: proviso order lift.",
	.options = end_options,
	.examples = end_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_end,
};
