/* SPDX-License-Identifier: Apache-2.0 */
/* condition declare, attest, show: named propositions, and who says that they hold. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

static int
run_declare(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_CONDITION };
	struct pv_condition *c = &record.condition;
	struct pv_err e;

	r->undone = "Not declared";
	c->quorum = 1;
	c->window_s = 7 * 86400;
	if (!pv_ok(pv_given_texts(r, "text", &c->text, &e)) ||
	    !pv_ok(pv_given_dotted(r, "attestor", &c->attestors, &e)) ||
	    !pv_ok(pv_given_number(r, "quorum", &c->quorum, &e)) ||
	    !pv_ok(pv_given_span(r, "window", &c->window_s, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (c->text.n == 0 || c->attestors.n == 0) {
		pv_ignore(PV_USAGE(r, &e,
		    "--text and --attestor are needed: what is it that holds, and who says so?"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	r->act_id = pv_slice_of(r->args.at[0]);
	return pv_home_act(r, &record, "Declared");
}

static int
run_attest(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_ATTESTATION };
	struct pv_attestation *t = &record.attestation;
	const struct pv_word *says = pv_word_find(pv_says_words, pv_slice_of(r->args.at[1]));
	bool sourced = false;
	struct pv_err e;

	r->undone = "Not attested";
	t->condition = pv_slice_of(r->args.at[0]);
	if (says == NULL) {
		pv_ignore(PV_USAGE(r, &e, "\"%s\" is neither holds nor ended", r->args.at[1]));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	t->status = (enum pv_says)says->value;
	if (!pv_ok(pv_given_time(r, "observed", &t->observed, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (t->observed == 0)
		t->observed = r->env.realtime_ms(r->env.ctx) / 1000;
	if (!pv_ok(pv_given_source(r, t->observed, &t->source, &sourced, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!sourced) {
		pv_ignore(
		    PV_USAGE(r, &e, "--source-who is missing: an attestation names its source"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	return pv_home_act(r, &record, "Attested");
}

/* ---- show ---- */

static void
tell(struct pv_run *r, const struct pv_desk *d, const struct pv_fact *f, uint64_t at)
{
	const struct pv_condition *c = &f->r->condition;
	struct pv_condition_view v =
	    pv_state_condition(pv_desk_state(d), f->r->id, f->r->issuer, NULL, at);
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_STRONG, pv_status_of_name(v.status), "  %.*s, of %.*s%s",
	    PV_FMT(f->r->id), PV_FMT(f->r->issuer),
	    v.status == PV_COND_UNKNOWN || v.status == PV_COND_CONTESTED
		? ": for an order it counts as holding"
		: "");
	for (size_t i = 0; i < c->text.n; i++)
		pv_para(t, "  Text       ", "%.*s \"%.*s\"", PV_FMT(c->text.at[i].lang),
		    PV_FMT(c->text.at[i].text));
	pv_para(t, "  Attestors  ", "%s; %llu must agree, and a statement counts for %s",
	    pv_list_names(r->arena, c->attestors, "none"), (unsigned long long)c->quorum,
	    pv_show_span(r->arena, c->window_s));
	pv_line(t, "  They say   holds: %zu, ended: %zu", v.say_holds, v.say_ended);
	if (v.changed != 0)
		pv_line(t, "  Since      %s", pv_show_time(r->arena, v.changed));
}

static void
put(struct pv_jsonw *w, const struct pv_desk *d, const struct pv_fact *f, uint64_t at)
{
	struct pv_condition_view v =
	    pv_state_condition(pv_desk_state(d), f->r->id, f->r->issuer, NULL, at);

	pv_jsonw_object(w, NULL);
	pv_put_record(w, "record", f->r);
	pv_jsonw_str(w, "status", pv_slice_of(pv_status_of_name(v.status)));
	pv_jsonw_u64(w, "say_holds", v.say_holds);
	pv_jsonw_u64(w, "say_ended", v.say_ended);
	pv_put_time(w, "changed", v.changed);
	pv_jsonw_end(w);
}

static int
run_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice only = r->args.n != 0 ? pv_slice_of(r->args.at[0]) : PV_NO_SLICE;
	const struct pv_facts *facts;
	size_t shown = 0;
	uint64_t at;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_given_time(r, "at", &at, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	facts = &pv_desk_state(d)->by_kind[PV_CONDITION];
	at = at != 0 ? at : pv_desk_now(d);
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "conditions");
	for (size_t i = 0; i < facts->n; i++) {
		if ((only.n != 0 && !pv_slice_eq(facts->at[i]->r->id, only)) ||
		    facts->at[i]->since > at)
			continue;
		if (r->json)
			put(&out.w, d, facts->at[i], at);
		else
			tell(r, d, facts->at[i], at);
		shown++;
	}
	pv_jsonw_end(&out.w);
	if (r->json)
		pv_json_end(r, &out);
	else
		pv_buf_free(&out.buf);
	if (only.n != 0 && shown == 0) {
		pv_ignore(pv_advise(
		    PV_FAIL(&e, PV_E_INPUT, "there is no condition \"%.*s\"", PV_FMT(only)), &e,
		    "What there is: proviso condition show"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (shown == 0 && !r->json)
		pv_line(&r->term, "No condition is declared.");
	return PV_EXIT_DONE;
}

static const struct pv_opt declare_options[] = {
	{ "text", 0, "LANG=TEXT", "what it is that holds, or LANG=FILE", true, NULL },
	{ "attestor", 0, "PARTY", "whose word counts", true, NULL },
	{ "quorum", 0, "N", "how many of them must agree; default: 1", false, NULL },
	{ "window", 0, "SPAN", "how long a statement counts; default: 7d", false, NULL },
	{ "issuer", 0, "PARTY", "who issues it; default: this home's party", false, NULL },
	PV_OPT_BASIS,
	PV_OPT_SIGN,
	{ 0 },
};
static const struct pv_example declare_examples[] = {
	{ "proviso condition declare strikes-caribbean \\\n    --text \"en=The strikes on boats go "
	  "on.\" \\\n"
	  "    --attestor un.ohchr,co.foreign-ministry --quorum 2 --window 7d",
	    "an order can then say: --while strikes-caribbean" },
	{ 0 },
};
const struct pv_cmd cmd_condition_declare = {
	.name = "condition declare",
	.group = PV_GROUP_PERMIT,
	.summary = "name a proposition on which orders and agreements may depend",
	.usage = "ID --text LANG=TEXT --attestor PARTY... [options]",
	.text = "An order that stands while a condition holds stays in force until enough "
		"attestors say that it has ended: unknown "
		"and contested count as holding. An agreement needs it attested as holding.",
	.options = declare_options,
	.examples = declare_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_declare,
};

static const struct pv_opt attest_options[] = {
	{ "observed", 0, "TIME", "when it was so; default: now", false, NULL },
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example attest_examples[] = {
	{ "proviso condition attest strikes-caribbean ended \\\n    --issuer un.ohchr --source-who "
	  "un.ohchr --key ohchr.key",
	    "by an attestor, with its own key" },
	{ 0 },
};
const struct pv_cmd cmd_condition_attest = {
	.name = "condition attest",
	.group = PV_GROUP_PERMIT,
	.summary = "state that a condition holds or has ended",
	.usage = "CONDITION holds|ended --source-who NAME [options]",
	.text = "Only an attestor's word counts. \"ended\" needs as many officers as a lift, for "
		"it can reopen what an order stops.",
	.args = "",
	.options = attest_options,
	.examples = attest_examples,
	.min_args = 2,
	.max_args = 2,
	.run = run_attest,
};

static const struct pv_opt show_options[] = { PV_OPT_AT, { 0 } };
static const struct pv_example show_examples[] = {
	{ "proviso condition show", "all conditions, and what their attestors say" },
	{ "proviso condition show strikes-caribbean --at 2025-12-01T00:00:00Z", "as it was then" },
	{ 0 },
};
const struct pv_cmd cmd_condition_show = {
	.name = "condition show",
	.group = PV_GROUP_LOOK,
	.summary = "conditions: holds, ended, unknown or contested",
	.usage = "[CONDITION] [--at TIME]",
	.text = "Shows the text, the attestors and what they say now.",
	.options = show_options,
	.examples = show_examples,
	.max_args = 1,
	.run = run_show,
};
