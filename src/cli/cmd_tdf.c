/* SPDX-License-Identifier: Apache-2.0 */
/* tdf register: a file that another's OpenTDF SDK sealed to our key becomes a report. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "desk/tdf.h"

static PV_RESULT
read_ask(struct pv_run *r, struct pv_tdf_ask *ask, struct pv_err *e)
{
	struct pv_report *p = &ask->label.report;
	const char *slash = strrchr(r->args.at[0], '/');

	ask->attribute = pv_option_slice(r, "attribute");
	ask->label.id = pv_option_slice(r, "id");
	p->title = pv_option_slice(r, "title");
	PV_TRY(pv_given_dotted(r, "topic", &p->topics, e));
	PV_TRY(pv_given_dotted(r, "region", &p->regions, e));
	PV_TRY(pv_given_dotted(r, "never", &p->never, e));
	PV_TRY(pv_given_dotted(r, "releasable-to", &p->releasable_to, e));
	p->has_releasable_to = pv_given(r, "releasable-to");
	PV_TRY(pv_given_name(r, "originator", &ask->party, e));
	ask->name = slash != NULL ? slash + 1 : r->args.at[0];
	ask->fd = open(r->args.at[0], O_RDONLY | O_CLOEXEC);
	if (ask->fd < 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "\"%s\" cannot be opened: %s", r->args.at[0], strerror(errno));
	return PV_DONE;
}

static void
tell(struct pv_run *r, const struct pv_tdf_answer *done)
{
	struct pv_screen *t = &r->term;
	const struct pv_report *p = &done->label.report;
	PV_AUTO(pv_buf_free) struct pv_buf label = { 0 };

	pv_state_line(t, PV_STRONG, "Registered",
	    " %s as report %.*s: %s. It opens under the rules from now on.", r->args.at[0],
	    PV_FMT(done->label.id), pv_show_size(r->arena, done->shared.size_bytes));
	pv_line(t, "  By       agreement %.*s", PV_FMT(done->agreement));
	pv_buf_addf(&label, "%s; %s", pv_list_names(r->arena, p->topics, "no topic said"),
	    pv_list_names(r->arena, p->regions, "no region said"));
	pv_para(t, "  Label    ", "%s", pv_buf_str(&label));
	if (p->never.n != 0)
		pv_para(t, "  Never    ", "%s, and everything below",
		    pv_list_names(r->arena, p->never, ""));
	if (p->has_releasable_to)
		pv_para(
		    t, "  For      ", "%s", pv_list_names(r->arena, p->releasable_to, "nobody"));
	pv_line(t, "  Journal  entry %s", pv_show_count(r->arena, done->shared.journal_index));
	pv_line(t, "To stop further opening:");
	pv_line(t, "  proviso recall %.*s", PV_FMT(done->label.id));
}

static void
put(struct pv_run *r, const struct pv_tdf_answer *done)
{
	struct pv_json_out out;

	pv_json_begin(&out);
	pv_jsonw_str(&out.w, "report", done->label.id);
	pv_jsonw_str(&out.w, "agreement", done->agreement);
	pv_put_record(&out.w, "label", &done->label);
	pv_jsonw_u64(&out.w, "size", done->shared.size_bytes);
	pv_jsonw_u64(&out.w, "journal_index", done->shared.journal_index);
	pv_json_end(r, &out);
}

static int
run_register(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_tdf_ask ask = { .fd = -1 };
	struct pv_tdf_answer done;
	struct pv_status st;
	struct pv_err e;

	r->undone = "Not registered";
	r->nothing = "Nothing was written.";
	st = read_ask(r, &ask, &e);
	if (pv_ok(st))
		st = pv_home_open(r, &d, &e);
	if (pv_ok(st))
		st = pv_desk_tdf_register(d, &ask, r->arena, &done, &e);
	if (ask.fd >= 0)
		close(ask.fd);
	if (!pv_ok(st))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json)
		put(r, &done);
	else
		tell(r, &done);
	return PV_EXIT_DONE;
}

static const struct pv_opt register_options[] = {
	{ "attribute", 0, "URL", "of which agreement; default: the first that the file has", false,
	    NULL },
	{ "topic", 0, "TOPIC", "what it is about; default: the agreement's", true, NULL },
	{ "region", 0, "REGION", "where; default: the agreement's", true, NULL },
	{ "never", 0, "PURPOSE", "what it may never be opened for, with all below", true, NULL },
	{ "releasable-to", 0, "PARTY",
	    "for nobody but these and all below them; default, without --never: to whom the "
	    "agreement is",
	    true, NULL },
	{ "title", 0, "TEXT", "default: the file's name", false, NULL },
	{ "originator", 0, "PARTY", "whose report it becomes; default: this home's party", false,
	    NULL },
	{ "id", 0, "ID", "the report's id; default: a random one", false, NULL },
	{ 0 },
};
static const struct pv_example register_examples[] = {
	{ "proviso tdf register photo.jpg.tdf \\\n    --attribute "
	  "https://co.example/attr/partner/value/us",
	    "a partner opens it under that agreement from now on" },
	{ 0 },
};
const struct pv_cmd cmd_tdf_register = {
	.name = "tdf register",
	.group = PV_GROUP_SHARE,
	.summary = "make a file that an OpenTDF program sealed a report of ours",
	.usage = "FILE [--attribute URL] [options]",
	.text = "The file is sealed to this home's key, and carries the attribute of a standing "
		"agreement from the one who registers it. Everything in it is proved; from then on "
		"it opens as a report does, and to nobody before.",
	.args = "file",
	.options = register_options,
	.examples = register_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_register,
};
