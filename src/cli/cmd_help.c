/* SPDX-License-Identifier: Apache-2.0 */
/* help, completion: what the tool says of itself. */
#include <string.h>

#include "cli/cmd.h"
#include "cli/cmds.h"
#include "cli/fail.h"
#include "codec/json.h"

/* ---- pages that are not of one command ---- */

struct word {
	const char *word, *means;
};

static const struct word words[] = {
	{ "party", "a state, service, unit, team or joint body" },
	{ "echelon", "any party under an order's subject. One with a gateway acknowledges by "
		     "machine, any other by a "
		     "person, and the two are counted apart" },
	{ "originator", "the party whose report it is" },
	{ "custodian", "a party that holds a report of another and may give it on" },
	{ "recipient", "the party that asks" },
	{ "topic, region, purpose, channel",
	    "terms of four trees: what it is about, where, what for, by which way. "
	    "law.interdict is under law" },
	{ "label",
	    "what a report says of itself: originator, topics, regions, what it is never for" },
	{ "agreement", "a standing permission: from, to, for which purposes" },
	{ "order", "a suspend (stop) or a restrict (not for these purposes)" },
	{ "hold", "an order that is not yet signed by enough officers. It is obeyed on sight and "
		  "lapses after 24 hours" },
	{ "lift", "ends an order" },
	{ "lapse", "an order's end by its condition or its time" },
	{ "recall", "withdraws one report: it is not opened again. What was opened stays opened" },
	{ "condition", "a named proposition, such as: the strikes go on. While it is not known it "
		       "counts as holding" },
	{ "attestation", "a statement of an attestor that a condition holds or has ended" },
	{ "decision", "the answer to one request: permitted or refused, and by what" },
	{ "open", "to get the key of a sealed report" },
	{ "outcome", "what use was made of a report" },
	{ "incident", "a public event that may show use" },
	{ "order log", "the acts of an authority" },
	{ "journal", "the decisions of a gateway or a home" },
	{ "authority", "a party with an order log of its own" },
	{ "checkpoint", "the signed size and root of a log: what nobody can change later without "
			"being found out" },
	{ "proof", "inclusion: this entry is in that log. Consistency: the newer log only grew" },
	{ "lease", "how long a home or gateway may act on the orders that it knows" },
};

static void
print_words(struct pv_run *r)
{
	size_t n = sizeof(words) / sizeof(*words);

	for (size_t i = 0; i < n; i++) {
		pv_state_line(&r->term, PV_STRONG, words[i].word, "%s", "");
		pv_para(&r->term, "    ", "%s.", words[i].means);
	}
	pv_blank(&r->term);
	pv_para(&r->term, "",
	    "Names of parties and terms are dotted, parent first, and a parent stands for all "
	    "below it. "
	    "What permits is matched narrowly, what forbids widely: a vague label or a broad "
	    "purpose never slips past "
	    "an order.");
}

static void
print_exit(struct pv_run *r)
{
	static const struct word rows[] = {
		{ "0", "done, permitted, good" },
		{ "1", "the answer is no: refused, not shared, left as it was. Nothing is broken" },
		{ "2", "the input is wrong: a file, a record, the command line. Who sent it mends "
		       "it" },
		{ "3", "the configuration, a key or the disk: the operator mends it" },
		{ "4", "not to be trusted: a bad signature, a changed log. Keep the evidence and "
		       "mend nothing" },
		{ "5", "a limit: ask for less, or in parts" },
		{ "6", "down, stale or waiting: the same command may work later" },
		{ "70", "a bug of ours. Please report it, with --debug" },
	};
	struct pv_table *t = pv_table_new(r->arena, "rw");

	pv_line(&r->term, "The exit status says whose turn it is:");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pv_table_cell(t, PV_STRONG, "%s", rows[i].word);
		pv_table_cell(t, PV_INK, "%s", rows[i].means);
	}
	pv_table_print(t, &r->term, 2);
	pv_para(&r->term, "",
	    "'decide' ends with 0 when every request was answered, whatever the answers were.");
}

static void
print_safety_of_life(struct pv_run *r)
{
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_STRONG, "Lives are at risk", ", and a stop is in the way:");
	pv_blank(t);
	pv_para(t, "  1  ",
	    "Call. The rescue coordination centre, by telephone or radio, now. An order stops the "
	    "opening of "
	    "sealed reports. It never stops a distress call, nor what you have seen yourself.");
	pv_para(t, "  2  ",
	    "Look at the refusal. When the order excepts safety of life it says so under "
	    "\"Excepts\": then ask "
	    "again, and state the purpose that is true: proviso open REPORT --purpose safety.sar");
	pv_para(t, "  3  ",
	    "Telephone whoever can lift it. The refusal names the party; its desk and telephone "
	    "are in "
	    "proviso party show PARTY. One officer there can share what you need as a report of "
	    "its own, two can lift the "
	    "order or replace it by one that excepts safety of life.");
	pv_blank(t);
	pv_para(t, "",
	    "A stated purpose is a signed statement. It stands in the journals of both sides, and "
	    "outcomes are held "
	    "against it. No command passes round an order: who needs that, needs its issuer.");
}

/* ---- help ---- */

static void
commands_json(struct pv_run *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_jsonw w = { .out = &out };

	pv_jsonw_array(&w, NULL);
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		const struct pv_cmd *c = pv_commands[i];

		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "name", pv_slice_of(c->name));
		pv_jsonw_str(&w, "summary", pv_slice_of(c->summary));
		pv_jsonw_array(&w, "options");
		for (const struct pv_opt *o = c->options; o != NULL && o->name != NULL; o++)
			pv_jsonw_str(&w, NULL, pv_slice_of(o->name));
		pv_jsonw_end(&w);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	pv_buf_add_c(&out, '\n');
	pv_raw(&r->term, pv_buf_slice(&out));
}

static void
list_commands(struct pv_run *r)
{
	struct pv_screen *t = &r->term;

	pv_line(t, "proviso: share, provided that.");
	pv_help_commands(t);
	pv_blank(t);
	pv_line(t, "Pages");
	pv_line(t, "  help words           what the words mean");
	pv_line(t, "  help exit            what the exit statuses mean");
	pv_line(t, "  help safety-of-life  lives are at risk and a stop is in the way");
	pv_blank(t);
	pv_line(t, "Usage and examples: proviso COMMAND --help");
}

static int
help_man(struct pv_run *r, struct pv_slice name)
{
	PV_AUTO(pv_buf_free) struct pv_buf page = { 0 };
	const struct pv_cmd *c = pv_command(pv_arena_str(r->arena, name));
	struct pv_err e;

	if (name.n == 0) {
		pv_help_man_all(&page);
	} else if (c != NULL) {
		pv_help_man(&page, c);
	} else {
		pv_ignore(PV_USAGE(r, &e, "there is no command \"%.*s\"", PV_FMT(name)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	pv_raw(&r->term, pv_buf_slice(&page));
	return PV_EXIT_DONE;
}

static int
help_topic(struct pv_run *r, struct pv_slice name)
{
	const struct pv_cmd *c = pv_command(pv_arena_str(r->arena, name));
	struct pv_err e;

	if (pv_slice_is(name, "words")) {
		print_words(r);
	} else if (pv_slice_is(name, "exit")) {
		print_exit(r);
	} else if (pv_slice_is(name, "safety-of-life")) {
		print_safety_of_life(r);
	} else if (pv_slice_is(name, "commands")) {
		commands_json(r);
	} else if (c != NULL) {
		pv_help_command(&r->term, c);
	} else {
		for (size_t i = 0; pv_commands[i] != NULL; i++) {
			if (pv_in_family(pv_commands[i], name)) {
				pv_help_family(&r->term, pv_arena_str(r->arena, name));
				return PV_EXIT_DONE;
			}
		}
		pv_ignore(PV_USAGE(r, &e, "there is no command or page \"%.*s\"", PV_FMT(name)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	return PV_EXIT_DONE;
}

static int
run_help(struct pv_run *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };

	for (size_t i = 0; i < r->args.n; i++) {
		pv_buf_add_str(&name, i == 0 ? "" : " ");
		pv_buf_add_str(&name, r->args.at[i]);
	}
	if (pv_given(r, "man"))
		return help_man(r, pv_buf_slice(&name));
	if (name.n != 0)
		return help_topic(r, pv_buf_slice(&name));
	if (r->json)
		commands_json(r);
	else
		list_commands(r);
	return PV_EXIT_DONE;
}

static const struct pv_opt help_options[] = {
	{ "man", 0, NULL,
	    "write the manual page for scdoc; without a command that of proviso itself", false,
	    NULL },
	{ 0 },
};
static const struct pv_example help_examples[] = {
	{ "proviso help", "all commands" },
	{ "proviso help words", "what the words mean" },
	{ "proviso help decide", "the same as proviso decide --help" },
	{ 0 },
};
const struct pv_cmd cmd_help = {
	.name = "help",
	.group = PV_GROUP_ALONE,
	.summary = "what there is, and how it is used",
	.usage = "[COMMAND | words | exit | safety-of-life]",
	.text = "Shows all commands, or the usage of one, or a page.\nWith --json it lists the "
		"commands and their options for "
		"programs.",
	.args = "words exit safety-of-life",
	.options = help_options,
	.examples = help_examples,
	.max_args = 2,
	.run = run_help,
};

/* ---- completion ---- */

static int
run_completion(struct pv_run *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_err e;

	if (strcmp(r->args.at[0], "bash") != 0) {
		pv_ignore(PV_USAGE(
		    r, &e, "there is completion for bash only, not for \"%s\"", r->args.at[0]));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	pv_completion_bash(&out);
	pv_raw(&r->term, pv_buf_slice(&out));
	return PV_EXIT_DONE;
}

static const struct pv_example completion_examples[] = {
	{ "source <(proviso completion bash)", "completion in this shell" },
	{ 0 },
};
const struct pv_cmd cmd_completion = {
	.name = "completion",
	.group = PV_GROUP_ALONE,
	.summary = "completion of commands and options for a shell",
	.usage = "bash",
	.text = "Writes a script that completes commands, options and their words. An installed "
		"proviso has it already.",
	.args = "bash",
	.examples = completion_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};
