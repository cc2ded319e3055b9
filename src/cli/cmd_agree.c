/* SPDX-License-Identifier: Apache-2.0 */
/* agree, agreement list, agreement show: standing permissions. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

/* ---- making one ---- */

static PV_RESULT
read_duties(struct pv_run *r, struct pv_obligations *out, struct pv_err *e)
{
	struct pv_obligation *at = pv_arena_alloc_n(r->arena, 7, sizeof(*at));
	uint64_t within = 0, after = 0;
	size_t n = 0;

	PV_TRY(pv_given_span(r, "outcome-within", &within, e));
	PV_TRY(pv_given_span(r, "delete-after", &after, e));
	if (pv_given(r, "outcome-within"))
		at[n++] = (struct pv_obligation){ .duty = PV_REPORT_OUTCOME, .within_s = within };
	if (pv_given(r, "delete-after"))
		at[n++] = (struct pv_obligation){ .duty = PV_DELETE_BY, .after_s = after };
	if (pv_given(r, "no-onward"))
		at[n++] = (struct pv_obligation){ .duty = PV_NO_ONWARD };
	if (pv_given(r, "notify"))
		at[n++] = (struct pv_obligation){ .duty = PV_NOTIFY_ORIGINATOR };
	if (pv_given(r, "name-originator"))
		at[n++] = (struct pv_obligation){ .duty = PV_ATTRIBUTE };
	if (pv_given(r, "no-attribution"))
		at[n++] = (struct pv_obligation){ .duty = PV_NO_ATTRIBUTION };
	if (pv_given(r, "human-identification"))
		at[n++] = (struct pv_obligation){ .duty = PV_HUMAN_IDENTIFICATION };
	*out = (struct pv_obligations){ at, n };
	return PV_DONE;
}

static PV_RESULT
read_agreement(struct pv_run *r, struct pv_agreement *a, struct pv_err *e)
{
	unsigned identified = PV_IDENTIFIED_UNKNOWN;

	PV_TRY(pv_given_name(r, "from", &a->from, e));
	PV_TRY(pv_given_name(r, "to", &a->to, e));
	PV_TRY(pv_given_name(r, "topic", &a->topic, e));
	PV_TRY(pv_given_name(r, "region", &a->region, e));
	PV_TRY(pv_given_dotted(r, "purpose", &a->purposes, e));
	PV_TRY(pv_given_dotted(r, "channel", &a->channels, e));
	a->has_channels = pv_given(r, "channel");
	a->custody = pv_given(r, "custody");
	a->holds_while = pv_option_slice(r, "while");
	PV_TRY(pv_given_time(r, "not-before", &a->not_before, e));
	PV_TRY(pv_given_time(r, "not-after", &a->not_after, e));
	PV_TRY(pv_given_word(r, "require-identified", pv_identified_words, &identified, e));
	a->require_identified = (enum pv_identified)identified;
	a->attribute = pv_option_slice(r, "attribute");
	PV_TRY(read_duties(r, &a->obligations, e));
	if (a->to.n == 0 || a->purposes.n == 0)
		return PV_USAGE(
		    r, e, "--to and --purpose are needed: who may open it, and for what?");
	if (a->not_before == 0)
		a->not_before = r->env.realtime_ms(r->env.ctx) / 1000;
	return PV_DONE;
}

static int
run_agree(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_record record = { .kind = PV_AGREEMENT };
	struct pv_apply_answer answer = { 0 };
	struct pv_err e;

	r->undone = "Not agreed";
	if (!pv_ok(read_agreement(r, &record.agreement, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (record.agreement.from.n == 0)
		record.agreement.from = pv_desk_identity(d).party;
	if (!pv_ok(pv_home_act_fill(r, d, &record, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, &record, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act_tell(r, &answer, "Agreed");
}

/* ---- looking at them ---- */

static const char *
agreement_state(const struct pv_desk *d, const struct pv_fact *f)
{
	const struct pv_agreement *a = &f->r->agreement;
	uint64_t now = pv_desk_now(d);
	struct pv_condition_view c;

	if (!pv_fact_stands(f, now))
		return "ended";
	if (now < a->not_before)
		return "not yet";
	if (a->not_after != 0 && now >= a->not_after)
		return "over";
	if (a->holds_while.n == 0)
		return "good";
	c = pv_state_condition(pv_desk_state(d), a->holds_while, f->r->issuer, NULL, now);
	return c.status == PV_COND_HOLDS ? "good" : "waits";
}

static int
run_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "lllll");
	struct pv_slice to;
	const struct pv_facts *facts;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_name(r, "to", &to, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	facts = &pv_desk_state(d)->by_kind[PV_AGREEMENT];
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "agreements");
	for (size_t i = 0; i < facts->n; i++) {
		const struct pv_agreement *a = &facts->at[i]->r->agreement;
		const char *state = agreement_state(d, facts->at[i]);

		if ((to.n != 0 && !pv_name_under(a->to, to)) ||
		    (!pv_given(r, "all") && strcmp(state, "ended") == 0))
			continue;
		pv_jsonw_object(&out.w, NULL);
		pv_jsonw_str(&out.w, "state", pv_slice_of(state));
		pv_put_record(&out.w, "record", facts->at[i]->r);
		pv_jsonw_end(&out.w);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(facts->at[i]->r->id));
		pv_table_cell(table, PV_INK, "%s", state);
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(a->to));
		pv_table_cell(table, PV_INK, "%s", pv_list_names(r->arena, a->purposes, ""));
		pv_table_cell(table, PV_INK, "%.*s%s%.*s%s", PV_FMT(a->topic),
		    a->topic.n != 0 && a->region.n != 0 ? ", " : "", PV_FMT(a->region),
		    a->custody ? "; custody" : "");
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
	} else {
		pv_table_print(table, &r->term, 0);
		pv_buf_free(&out.buf);
	}
	return PV_EXIT_DONE;
}

static void
show(struct pv_run *r, const struct pv_desk *d, const struct pv_fact *f)
{
	const struct pv_agreement *a = &f->r->agreement;
	struct pv_screen *t = &r->term;
	const char *duties = pv_list_duties(r->arena, a->obligations);

	pv_state_line(t, PV_STRONG, pv_arena_str(r->arena, f->r->id), "  agreement of %.*s, %s",
	    PV_FMT(f->r->issuer), agreement_state(d, f));
	pv_para(t, "  Permits   ", "%.*s and all below it to open reports of %.*s and all below it",
	    PV_FMT(a->to), PV_FMT(a->from));
	pv_para(t, "  For       ", "%s", pv_list_names(r->arena, a->purposes, ""));
	pv_line(
	    t, "  About     %.*s", PV_FMT(a->topic.n != 0 ? a->topic : PV_SLICE("every topic")));
	pv_line(
	    t, "  In        %.*s", PV_FMT(a->region.n != 0 ? a->region : PV_SLICE("every region")));
	pv_para(t, "  By        ", "%s",
	    a->has_channels ? pv_list_names(r->arena, a->channels, "no channel") : "every channel");
	if (a->custody)
		pv_line(t, "  Custody   it may hold them and give them on, where another agreement "
			   "covers that");
	if (a->holds_while.n != 0)
		pv_line(t, "  While     %.*s holds", PV_FMT(a->holds_while));
	if (a->require_identified != PV_IDENTIFIED_UNKNOWN)
		pv_line(t, "  Asks      that %s of those on board are identified",
		    pv_identified_name(a->require_identified));
	if (*duties != '\0')
		pv_para(t, "  Duties    ", "%s", duties);
	pv_line(t, "  From      %s%s%s", pv_show_time(r->arena, a->not_before),
	    a->not_after != 0 ? " until " : "",
	    a->not_after != 0 ? pv_show_time(r->arena, a->not_after) : "");
	if (f->ended != PV_NEVER)
		pv_line(t, "  Ended     %s", pv_show_time(r->arena, f->ended));
}

static int
run_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice id = pv_slice_of(r->args.at[0]);
	const struct pv_fact *f;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	f = pv_state_find(pv_desk_state(d), id);
	if (f == NULL || f->r->kind != PV_AGREEMENT) {
		pv_ignore(
		    pv_advise(PV_FAIL(&e, PV_E_INPUT, "there is no agreement \"%.*s\"", PV_FMT(id)),
			&e, "What there is: proviso agreement list --all"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!r->json) {
		show(r, d, f);
		return PV_EXIT_DONE;
	}
	pv_json_begin(&out);
	pv_jsonw_str(&out.w, "state", pv_slice_of(agreement_state(d, f)));
	pv_put_record(&out.w, "record", f->r);
	pv_json_end(r, &out);
	return PV_EXIT_DONE;
}

static const struct pv_opt agree_options[] = {
	{ "to", 0, "PARTY", "who may open, with all below it", false, NULL },
	{ "from", 0, "PARTY", "whose reports; default: this home's party", false, NULL },
	{ "purpose", 0, "PURPOSE", "for what", true, NULL },
	{ "topic", 0, "TOPIC", "only about that", false, NULL },
	{ "region", 0, "REGION", "only there", false, NULL },
	{ "channel", 0, "CHANNEL", "only by that channel", true, NULL },
	{ "custody", 0, NULL, "the reports may be held there and given on", false, NULL },
	{ "while", 0, "CONDITION", "only while that condition is attested as holding", false,
	    NULL },
	{ "not-before", 0, "TIME", "from then; default: now", false, NULL },
	{ "not-after", 0, "TIME", "until then", false, NULL },
	{ "require-identified", 0, "WORD", "only when those on board are identified", false,
	    "all some" },
	{ "outcome-within", 0, "SPAN", "duty: say what came of it, as 72h", false, NULL },
	{ "delete-after", 0, "SPAN", "duty: delete it after that", false, NULL },
	{ "no-onward", 0, NULL, "duty: do not pass it on", false, NULL },
	{ "notify", 0, NULL, "duty: tell the originator", false, NULL },
	{ "name-originator", 0, NULL, "duty: name the originator", false, NULL },
	{ "no-attribution", 0, NULL, "duty: do not name the originator", false, NULL },
	{ "human-identification", 0, NULL, "duty: a person identifies those on board", false,
	    NULL },
	{ "attribute", 0, "URL", "the OpenTDF attribute that stands for it", false, NULL },
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example agree_examples[] = {
	{ "proviso agree --to us.coast-guard --purpose law.interdict \\\n"
	  "    --topic narcotics.maritime --region caribbean \\\n"
	  "    --outcome-within 72h",
	    "interdiction, one matter, one region, and the outcome is to be told" },
	{ 0 },
};
const struct pv_cmd cmd_agree = {
	.name = "agree",
	.group = PV_GROUP_PERMIT,
	.summary = "let a party open reports for stated purposes",
	.usage = "--to PARTY --purpose PURPOSE... [options]",
	.text = "An agreement permits narrowly: what a report does not say is not covered where "
		"the agreement says it. It never "
		"beats an order or the report's own label. It ends by proviso end.",
	.options = agree_options,
	.examples = agree_examples,
	.run = run_agree,
};

static const struct pv_opt list_options[] = {
	{ "to", 0, "PARTY", "only those for that party and below", false, NULL },
	{ "all", 0, NULL, "also those that have ended", false, NULL },
	{ 0 },
};
static const struct pv_example list_examples[] = {
	{ "proviso agreement list --to us", "what us and all below it may open" },
	{ 0 },
};
const struct pv_cmd cmd_agreement_list = {
	.name = "agreement list",
	.group = PV_GROUP_LOOK,
	.summary = "the agreements: for whom, for what",
	.usage = "[--to PARTY] [--all]",
	.text = "Lists agreements in the order of the log: good, not yet, over, or waiting for a "
		"condition. Whether an order stops "
		"them stands on the board: proviso board.",
	.options = list_options,
	.examples = list_examples,
	.run = run_list,
};
static const struct pv_example show_examples[] = {
	{ "proviso agreement show a-0114", "its scope and duties" },
	{ 0 },
};
const struct pv_cmd cmd_agreement_show = {
	.name = "agreement show",
	.group = PV_GROUP_LOOK,
	.summary = "one agreement in full",
	.usage = "ID",
	.text = "Shows who may open what, for which purposes, and which duties come with it.",
	.examples = show_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_show,
};
