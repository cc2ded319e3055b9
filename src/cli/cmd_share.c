/* SPDX-License-Identifier: Apache-2.0 */
/* share, report list, report show: giving out sealed reports, and where they went. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "wire/record.h"

/* ---- who can open it ---- */

static const char *
because(struct pv_run *r, const struct pv_can_open *w)
{
	if (w->because.n != 0)
		return pv_arena_str(r->arena, w->because);
	if (w->yes)
		return pv_arena_printf(r->arena, "%.*s%s%s", PV_FMT(w->id),
		    w->outcome_within_s != 0 ? ", outcome due in " : "",
		    w->outcome_within_s != 0 ? pv_show_span(r->arena, w->outcome_within_s) : "")
		    .p;
	return pv_reason_line(w->why);
}

static void
tell_who(struct pv_run *r, const struct pv_can_open *who, size_t n)
{
	struct pv_screen *t = &r->term;
	struct pv_table *can = pv_table_new(r->arena, "llw"),
			*cannot = pv_table_new(r->arena, "lw");
	size_t yes = 0, no = 0;

	for (size_t i = 0; i < n; i++) {
		if (who[i].yes) {
			yes++;
			pv_table_cell(can, PV_STRONG, "%.*s", PV_FMT(who[i].party));
			pv_table_cell(can, PV_INK, "for %.*s", PV_FMT(who[i].purpose));
			pv_table_cell(can, PV_INK, "%s", because(r, &who[i]));
		} else if (who[i].named) {
			no++;
			pv_table_cell(cannot, PV_STRONG, "%.*s", PV_FMT(who[i].party));
			pv_table_cell(cannot, PV_INK, "%s", because(r, &who[i]));
		}
	}
	if (yes == 0)
		pv_line(t, "  Nobody can open it now: no agreement covers it, or orders stop it.");
	else
		pv_line(t, "  Can open it now:");
	pv_table_print(can, t, 4);
	if (no != 0)
		pv_line(t, "  Named, but cannot:");
	pv_table_print(cannot, t, 4);
}

static void
put_who(struct pv_jsonw *w, const struct pv_can_open *who, size_t n)
{
	pv_jsonw_array(w, "who");
	for (size_t i = 0; i < n; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "party", who[i].party);
		if (who[i].purpose.n != 0)
			pv_jsonw_str(w, "purpose", who[i].purpose);
		pv_jsonw_bool(w, "can_open", who[i].yes);
		pv_jsonw_str(w, "reason", pv_slice_of(pv_reason_name(who[i].why)));
		if (who[i].id.n != 0)
			pv_jsonw_str(w, "by", who[i].id);
		pv_jsonw_bool(w, "named", who[i].named);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

/* ---- the label ---- */

static PV_RESULT
read_label_file(struct pv_run *r, struct pv_record *label, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const char *name;

	PV_TRY(pv_input_read(r, pv_option(r, "label"), &text, &name, e));
	PV_TRY(pv_from(pv_json_read(&doc, pv_buf_slice(&text), PV_RECORD_MAX, e), e, name));
	PV_TRY(pv_from(pv_record_read(label, doc, 0, PV_READ_DRAFT | PV_READ_BARE | PV_READ_LABEL,
			   r->arena, e),
	    e, name));
	if (label->kind != PV_REPORT)
		return pv_from(PV_FAIL(e, PV_E_INPUT, "this is a %s, not the label of a report",
				   pv_kind_name(label->kind)),
		    e, name);
	return PV_DONE;
}

static PV_RESULT
read_persons(struct pv_run *r, struct pv_persons *p, struct pv_err *e)
{
	unsigned identified = p->identified;

	PV_TRY(pv_given_count(r, "aboard", &p->aboard, e));
	PV_TRY(pv_given_word(r, "identified", pv_identified_words, &identified, e));
	p->identified = (enum pv_identified)identified;
	p->given = p->given || pv_given(r, "aboard") || pv_given(r, "identified");
	return PV_DONE;
}

/* Options go over what the label file says. */
static PV_RESULT
read_label(struct pv_run *r, struct pv_record *label, struct pv_err *e)
{
	struct pv_report *p = &label->report;
	unsigned tlp;

	if (pv_given(r, "label"))
		PV_TRY(read_label_file(r, label, e));
	label->kind = PV_REPORT;
	tlp = p->tlp;
	if (pv_given(r, "originator"))
		PV_TRY(pv_given_name(r, "originator", &p->originator, e));
	if (pv_given(r, "topic"))
		PV_TRY(pv_given_dotted(r, "topic", &p->topics, e));
	if (pv_given(r, "region"))
		PV_TRY(pv_given_dotted(r, "region", &p->regions, e));
	if (pv_given(r, "never"))
		PV_TRY(pv_given_dotted(r, "never", &p->never, e));
	if (pv_given(r, "releasable-to")) {
		p->has_releasable_to = true;
		PV_TRY(pv_given_dotted(r, "releasable-to", &p->releasable_to, e));
	}
	if (pv_given(r, "derived-from"))
		PV_TRY(pv_given_names(r, "derived-from", &p->derived_from, e));
	if (pv_given(r, "title"))
		p->title = pv_option_slice(r, "title");
	if (pv_given(r, "handling"))
		p->handling = pv_option_slice(r, "handling");
	if (pv_given(r, "reliability"))
		p->reliability = pv_option_slice(r, "reliability");
	if (pv_given(r, "credibility"))
		p->credibility = pv_option_slice(r, "credibility");
	PV_TRY(pv_given_word(r, "tlp", pv_tlp_words, &tlp, e));
	p->tlp = (enum pv_tlp)tlp;
	PV_TRY(read_persons(r, &p->persons, e));
	PV_TRY(pv_given_position(r, "position", &p->position, e));
	if (pv_given(r, "observed"))
		PV_TRY(pv_given_time(r, "observed", &p->observed, e));
	if (pv_given(r, "valid-until"))
		PV_TRY(pv_given_time(r, "valid-until", &p->valid_until, e));
	if (pv_given(r, "id"))
		label->id = pv_option_slice(r, "id");
	return PV_DONE;
}

/* A report without conditions is not shared (UX T3). */
static bool
has_conditions(const struct pv_run *r, const struct pv_report *p)
{
	return pv_given(r, "like") || ((p->topics.n != 0 || p->regions.n != 0) &&
					  (p->never.n != 0 || p->has_releasable_to));
}

static int
tell_no_conditions(struct pv_run *r, const char *file)
{
	struct pv_screen *t = &r->term;
	struct pv_err e;

	if (r->json) {
		pv_ignore(
		    PV_FAIL(&e, PV_E_INPUT, "a report needs conditions, and this one has none"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	pv_note(t, "Not shared: a report needs conditions, and this one has none.");
	pv_note(t, "  Say what it is about   --topic, --region");
	pv_note(t, "  Say for whom, for what --releasable-to, --never   (or a file: --label FILE)");
	pv_note(t, "  Example                proviso share %s --topic narcotics.maritime \\", file);
	pv_note(t, "                           --region caribbean --never force");
	pv_note(t, "Nothing was written.");
	return PV_EXIT_INPUT;
}

/* A report of another stays another's: that is a no, not a mistake in the command. */
static int
tell_not_ours(struct pv_run *r, struct pv_slice party, struct pv_slice originator)
{
	struct pv_screen *t = &r->term;
	struct pv_json_out out;

	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_object(&out.w, "refused");
		pv_jsonw_str(&out.w, "reason", PV_SLICE("another-originator"));
		pv_jsonw_str(&out.w, "originator", originator);
		pv_jsonw_end(&out.w);
		pv_json_end(r, &out);
		return PV_EXIT_NO;
	}
	pv_note(t, "Not shared: you act for %.*s, and %.*s is not below it.", PV_FMT(party),
	    PV_FMT(originator));
	pv_para_note(t, "  ",
	    "A report of %.*s stays a report of %.*s; only who acts for %.*s can share it. To pass "
	    "on what you opened from there, ask %.*s.",
	    PV_FMT(originator), PV_FMT(originator), PV_FMT(originator), PV_FMT(originator));
	pv_note(t, "Nothing was written.");
	return PV_EXIT_NO;
}

/* ---- sharing ---- */

static void
on_progress(void *ctx, uint64_t bytes)
{
	pv_progress_at(ctx, bytes);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static PV_RESULT
share_file(struct pv_run *r, struct pv_desk *d, const char *path, const struct pv_record *label,
    struct pv_share_answer *out, struct pv_err *e)
{
	bool standard = strcmp(path, "-") == 0;
	struct pv_share_ask ask = { .label = *label,
		.like = pv_option_slice(r, "like"),
		.media_type = pv_option(r, "media-type"),
		.old_form = pv_given(r, "tdf-4.2.2"),
		.out_path = pv_option(r, "out"),
		.progress = on_progress };
	struct pv_progress progress;
	struct stat st = { 0 };
	struct pv_status status;

	ask.name = standard ? "standard input" : base_name(path);
	ask.fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (ask.fd < 0 || fstat(ask.fd, &st) != 0)
		return PV_FAIL(e, PV_E_INPUT, "\"%s\" cannot be opened: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		close(ask.fd);
		return PV_FAIL(
		    e, PV_E_INPUT, "\"%s\" is a folder in a folder: share it by itself", path);
	}
	progress = pv_progress_begin(
	    &r->term, pv_arena_printf(r->arena, "Sealing %s", ask.name).p, (uint64_t)st.st_size);
	ask.progress_ctx = &progress;
	status = pv_desk_share(d, &ask, r->arena, out, e);
	pv_progress_end(&progress);
	if (!standard)
		close(ask.fd);
	return status;
}

static void
tell_label(struct pv_run *r, const struct pv_report *p)
{
	struct pv_screen *t = &r->term;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_buf_addf(&text, "%s; %s",
	    pv_list_names(r->arena, p->topics, "no topic said: every order on a topic meets it"),
	    pv_list_names(
		r->arena, p->regions, "no region said: every order on a region meets it"));
	if (p->persons.aboard.known && p->persons.aboard.has_max)
		pv_buf_addf(&text, "; aboard %llu to %llu",
		    (unsigned long long)p->persons.aboard.min,
		    (unsigned long long)p->persons.aboard.max);
	else if (p->persons.aboard.known)
		pv_buf_addf(
		    &text, "; aboard at least %llu", (unsigned long long)p->persons.aboard.min);
	if (p->persons.given)
		pv_buf_addf(&text, ", %s identified", pv_identified_name(p->persons.identified));
	pv_para(t, "  Label    ", "%s", pv_buf_str(&text));
	if (p->never.n != 0)
		pv_para(t, "  Never    ", "%s, and everything below",
		    pv_list_names(r->arena, p->never, ""));
	if (p->has_releasable_to)
		pv_para(
		    t, "  For      ", "%s", pv_list_names(r->arena, p->releasable_to, "nobody"));
}

static void
tell_shared(struct pv_run *r, struct pv_desk *d, const char *path, const struct pv_share_answer *s)
{
	const struct pv_report_row *row = NULL;
	struct pv_err ignored;
	size_t n = 0;
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_STRONG, "Shared", " %.*s: %s, %s, sealed here. Nothing was sent.",
	    PV_FMT(s->report), base_name(path), pv_show_size(r->arena, s->size_bytes));
	pv_blank(t);
	/* the label as it was recorded: --like fills in what was not said */
	if (pv_ok(pv_desk_reports(d, s->report, r->arena, &row, &n, &ignored)) && n != 0)
		tell_label(r, &row->label.report);
	pv_para(t, "  Sealed   ", "%.*s", PV_FMT(s->sealed_path));
	pv_line(t, "  Journal  entry %s of %.*s", pv_show_count(r->arena, s->journal_index),
	    PV_FMT(pv_desk_identity(d).journal));
	pv_blank(t);
	pv_line(t,
	    "  As of order log %s, proof %s old:", pv_show_count(r->arena, s->order_log_size),
	    pv_show_span(r->arena, s->proof_age_s));
	tell_who(r, s->who, s->who_count);
	pv_line(t, "What is opened cannot be called back. To stop further opening:");
	pv_line(t, "  proviso recall %.*s", PV_FMT(s->report));
}

static void
put_shared(struct pv_jsonw *w, const char *path, const struct pv_share_answer *s)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "report", s->report);
	pv_jsonw_str(w, "file", pv_slice_of(path));
	pv_jsonw_str(w, "sealed", s->sealed_path);
	pv_jsonw_u64(w, "size", s->size_bytes);
	pv_jsonw_u64(w, "journal_index", s->journal_index);
	put_who(w, s->who, s->who_count);
	pv_jsonw_end(w);
}

static int
is_content(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The files to share: one, or those of a folder. */
static PV_RESULT
list_files(struct pv_run *r, const char *path, const char ***out, size_t *n, struct pv_err *e)
{
	struct dirent **list;
	struct stat st;
	int found;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		*out = pv_arena_alloc(r->arena, sizeof(**out));
		(*out)[0] = path;
		*n = 1;
		return PV_DONE;
	}
	found = scandir(path, &list, is_content, alphasort);
	if (found < 0)
		return PV_FAIL(e, PV_E_INPUT, "\"%s\" cannot be read: %s", path, strerror(errno));
	*out = pv_arena_alloc_n(r->arena, (size_t)found, sizeof(**out));
	*n = (size_t)found;
	for (size_t i = 0; i < *n; i++) {
		(*out)[i] = pv_arena_printf(r->arena, "%s/%s", path, list[i]->d_name).p;
		pv_free(list[i]);
	}
	pv_free(list);
	if (*n == 0)
		return PV_FAIL(e, PV_E_INPUT, "there is no file in \"%s\"", path);
	if (*n > 1 && (pv_given(r, "out") || pv_given(r, "id")))
		return PV_FAIL(
		    e, PV_E_INPUT, "--out and --id go with one file, and \"%s\" has %zu", path, *n);
	return PV_DONE;
}

static int
share_all(struct pv_run *r, struct pv_desk *d, const char **files, size_t n,
    const struct pv_record *label)
{
	struct pv_json_out out;
	struct pv_err e;

	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "shared");
	for (size_t i = 0; i < n; i++) {
		struct pv_share_answer s = { 0 };

		if (!pv_ok(share_file(r, d, files[i], label, &s, &e))) {
			pv_buf_free(&out.buf);
			if (i != 0)
				r->nothing =
				    pv_arena_printf(r->arena, "%s shared before it and stay so.",
					pv_show_n(r->arena, i, "file was", "files were"))
					.p;
			return pv_fail(r, &e, PV_NO_SLICE);
		}
		if (r->json)
			put_shared(&out.w, files[i], &s);
		else
			tell_shared(r, d, files[i], &s);
		if (!r->json && i + 1 < n)
			pv_blank(&r->term);
	}
	pv_jsonw_end(&out.w);
	if (r->json)
		pv_json_end(r, &out);
	else
		pv_buf_free(&out.buf);
	return PV_EXIT_DONE;
}

static int
run_share(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record label = { .kind = PV_REPORT };
	const char **files = NULL;
	size_t n = 0;
	struct pv_err e;

	r->undone = "Not shared";
	r->nothing = "Nothing was written.";
	if (!pv_ok(list_files(r, r->args.at[0], &files, &n, &e)) ||
	    !pv_ok(read_label(r, &label, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!has_conditions(r, &label.report))
		return tell_no_conditions(r, r->args.at[0]);
	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (label.report.originator.n != 0 &&
	    !pv_name_under(label.report.originator, pv_desk_identity(d).party))
		return tell_not_ours(r, pv_desk_identity(d).party, label.report.originator);
	return share_all(r, d, files, n, &label);
}

static const struct pv_opt share_options[] = {
	{ "topic", 0, "TOPIC", "what it is about", true, NULL },
	{ "region", 0, "REGION", "where", true, NULL },
	{ "never", 0, "PURPOSE", "what it may never be opened for, with all below", true, NULL },
	{ "releasable-to", 0, "PARTY", "for nobody but these and all below them", true, NULL },
	{ "like", 0, "REPORT", "label it like that report, where nothing else is said", false,
	    NULL },
	{ "label", 0, "FILE", "the label from a file; options go over it", false, NULL },
	{ "title", 0, "TEXT", "default: the file's name", false, NULL },
	{ "aboard", 0, "MIN..MAX", "how many persons", false, NULL },
	{ "identified", 0, "WORD", "how many of them are identified", false,
	    "none some all unknown" },
	{ "position", 0, "LAT,LON", "in degrees", false, NULL },
	{ "observed", 0, "TIME", "when it was seen", false, NULL },
	{ "valid-until", 0, "TIME", "not opened after that", false, NULL },
	{ "derived-from", 0, "REPORT", "what it was made from: all of their conditions stay", true,
	    NULL },
	{ "tlp", 0, "WORD", "Traffic Light Protocol", false, "clear green amber amber+strict red" },
	{ "handling", 0, "TEXT", "further handling, in words", false, NULL },
	{ "reliability", 0, "LETTER", "of the source, A to F", false, NULL },
	{ "credibility", 0, "DIGIT", "of the information, 1 to 6", false, NULL },
	{ "originator", 0, "PARTY", "default: this home's party", false, NULL },
	{ "id", 0, "ID", "the report's id; default: a random one", false, NULL },
	{ "media-type", 0, "TYPE", "default: by the file's name", false, NULL },
	{ "tdf-4.2.2", 0, NULL, "seal it for OpenTDF readers older than 4.3", false, NULL },
	{ "out", 'o', "FILE", "write the sealed file there too", false, NULL },
	{ 0 },
};
static const struct pv_example share_examples[] = {
	{ "proviso share track.geojson --topic narcotics.maritime \\\n    --region caribbean "
	  "--never force --releasable-to us,uk",
	    "one file" },
	{ "proviso share incoming/ --like r-7q2m",
	    "every file of a folder, labelled like an earlier report" },
	{ "mail-export | proviso share - --label label.json -o mail.tdf", "standard input" },
	{ 0 },
};
const struct pv_cmd cmd_share = {
	.name = "share",
	.group = PV_GROUP_SHARE,
	.summary = "seal a file and say who may open it for what",
	.usage = "FILE|FOLDER|- [options]",
	.text = "Seals the content, records its label and says who could open it now and who could "
		"not. Nothing is sent: the sealed "
		"file goes to partners by any way, and each opening is asked for here.",
	.args = "file",
	.options = share_options,
	.examples = share_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_share,
};

/* ---- report list, report show ---- */

static int
run_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "lllrl");
	const struct pv_report_row *rows = NULL;
	size_t n = 0;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_reports(d, PV_NO_SLICE, r->arena, &rows, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "reports");
	for (size_t i = 0; i < n; i++) {
		const struct pv_report *p = &rows[i].label.report;

		pv_jsonw_object(&out.w, NULL);
		pv_put_record(&out.w, "label", &rows[i].label);
		pv_jsonw_bool(&out.w, "held", rows[i].held);
		pv_jsonw_bool(&out.w, "recalled", rows[i].recalled);
		pv_jsonw_u64(&out.w, "opened", rows[i].opened_count);
		pv_jsonw_end(&out.w);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(rows[i].label.id));
		pv_table_cell(table, PV_INK, "%s",
		    rows[i].recalled ? "RECALLED"
		    : rows[i].held   ? "in custody"
				     : "shared");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(p->originator));
		pv_table_cell(table, PV_INK, "%s",
		    pv_show_n(r->arena, rows[i].opened_count, "opening", "openings"));
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(p->title));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_buf_free(&out.buf);
	if (n == 0)
		pv_line(&r->term, "Nothing was shared from here. Share a file: proviso share FILE");
	pv_table_print(table, &r->term, 0);
	return PV_EXIT_DONE;
}

static PV_RESULT
find_report(struct pv_run *r, struct pv_desk *d, const struct pv_report_row **row, struct pv_err *e)
{
	struct pv_slice id = pv_slice_of(r->args.at[0]);
	size_t n = 0;

	PV_TRY(pv_desk_reports(d, id, r->arena, row, &n, e));
	if (n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "there is no report \"%.*s\" here", PV_FMT(id)), e,
		    "What there is: proviso report list");
	return PV_DONE;
}

static struct pv_matter
matter_of(const struct pv_report_row *row)
{
	const struct pv_report *p = &row->label.report;

	return (struct pv_matter){ .report = row->label.id,
		.originator = p->originator,
		.custodians = row->custodians,
		.topics = p->topics,
		.regions = p->regions,
		.never = p->never,
		.has_releasable_to = p->has_releasable_to,
		.releasable_to = p->releasable_to,
		.identified = p->persons.identified,
		.valid_until = p->valid_until };
}

static void
tell_opened(struct pv_run *r, const struct pv_report_row *row)
{
	struct pv_table *table = pv_table_new(r->arena, "llll");

	if (row->opened_count == 0) {
		pv_line(&r->term, "  Nobody has opened it.");
		return;
	}
	pv_line(&r->term, "  Opened by (this cannot be taken back):");
	for (size_t i = 0; i < row->opened_count; i++) {
		const struct pv_opened *o = &row->opened[i];

		pv_table_cell(table, PV_INK, "%s", pv_show_time(r->arena, o->time));
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(o->party));
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(o->purpose));
		if (o->outcomes != 0)
			pv_table_cell(table, PV_INK, "%s",
			    pv_show_n(r->arena, o->outcomes, "outcome told", "outcomes told"));
		else if (o->outcome_due != 0)
			pv_table_cell(table, PV_INK, "outcome %s %s",
			    r->env.realtime_ms(r->env.ctx) / 1000 > o->outcome_due ? "OVERDUE since"
										   : "due",
			    pv_show_time(r->arena, o->outcome_due));
		else
			pv_table_cell(table, PV_INK, "%s", "");
	}
	pv_table_print(table, &r->term, 4);
}

static void
put_report(struct pv_jsonw *w, const struct pv_report_row *row)
{
	pv_put_record(w, "label", &row->label);
	pv_jsonw_bool(w, "held", row->held);
	pv_jsonw_bool(w, "recalled", row->recalled);
	pv_jsonw_str(w, "sealed", row->sealed_path);
	pv_put_names(w, "custodians", row->custodians);
	pv_jsonw_array(w, "opened");
	for (size_t i = 0; i < row->opened_count; i++) {
		const struct pv_opened *o = &row->opened[i];

		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "release", o->release);
		pv_jsonw_str(w, "party", o->party);
		if (o->person.n != 0)
			pv_jsonw_str(w, "person", o->person);
		pv_jsonw_str(w, "purpose", o->purpose);
		pv_put_time(w, "time", o->time);
		pv_jsonw_u64(w, "journal_index", o->journal_index);
		pv_jsonw_u64(w, "outcomes", o->outcomes);
		pv_put_time(w, "outcome_due", o->outcome_due);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

static int
run_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const struct pv_report_row *row = NULL;
	const struct pv_can_open *who = NULL;
	struct pv_matter m;
	size_t n = 0;
	uint64_t at;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_time(r, "at", &at, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(find_report(r, d, &row, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	m = matter_of(row);
	if (!pv_ok(pv_desk_who_can_open(d, &m, at, r->arena, &who, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		put_report(&out.w, row);
		put_who(&out.w, who, n);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, pv_arena_str(r->arena, row->label.id),
	    "  %.*s, of %.*s%s%s", PV_FMT(row->label.report.title),
	    PV_FMT(row->label.report.originator), row->held ? ", in custody here" : "",
	    row->recalled ? ", RECALLED" : "");
	tell_label(r, &row->label.report);
	pv_line(&r->term, "  Content  %s, %.*s",
	    pv_show_size(r->arena, row->label.report.size_bytes),
	    PV_FMT(row->label.report.media_type));
	pv_line(&r->term, "  Sealed   %.*s", PV_FMT(row->sealed_path));
	pv_blank(&r->term);
	tell_who(r, who, n);
	tell_opened(r, row);
	return PV_EXIT_DONE;
}

static const struct pv_example list_examples[] = {
	{ "proviso report list", "all reports shared or held here" },
	{ 0 },
};
const struct pv_cmd cmd_report_list = {
	.name = "report list",
	.group = PV_GROUP_SHARE,
	.summary = "the reports shared from here, or held here for others",
	.usage = "",
	.text = "Lists reports with how often each was opened.",
	.examples = list_examples,
	.run = run_list,
};
static const struct pv_opt show_options[] = { PV_OPT_AT, { 0 } };
static const struct pv_example show_examples[] = {
	{ "proviso report show r-7q2m", "who could open it now, who not and why, and who has it" },
	{ "proviso report show r-7q2m --at 2025-11-11T13:59:00Z", "who could open it then" },
	{ 0 },
};
const struct pv_cmd cmd_report_show = {
	.name = "report show",
	.group = PV_GROUP_SHARE,
	.summary = "one report: its label, who can open it, who has it",
	.usage = "REPORT [--at TIME]",
	.text = "Names and a yes or no, computed now; and every opening that was granted, which "
		"nothing takes back.",
	.options = show_options,
	.examples = show_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_show,
};
