/* SPDX-License-Identifier: Apache-2.0 */
/* init: a home with a log of its own, its officers and its vocabularies. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

static PV_RESULT
no_passphrase(void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	(void)ctx;
	(void)key_name;
	(void)e;
	*out = NULL;
	return PV_DONE;
}

static PV_RESULT
read_ask(struct pv_run *r, struct pv_init_ask *ask, struct pv_err *e)
{
	const char *vocab = pv_option(r, "vocab");

	ask->home = r->home;
	ask->officers = pv_option_all(r, "officer", &ask->officer_count);
	PV_TRY(pv_given_name(r, "party", &ask->party, e));
	if (ask->party.n == 0)
		return PV_USAGE(r, e, "--party is missing: whose home is it?");
	PV_TRY(pv_given_labels(r, "name", &ask->names, e));
	ask->origin = pv_option_slice(r, "origin");
	ask->profile = pv_option_slice(r, "profile");
	ask->url = pv_option_slice(r, "url");
	if (ask->url.n != 0)
		PV_TRY(pv_within(pv_desk_url_check(ask->url, e), e, "--url"));
	PV_TRY(pv_given_number(r, "quorum", &ask->quorum, e));
	ask->exercise = pv_given(r, "exercise");
	if (vocab == NULL)
		ask->vocab_dir = pv_data_path(r, "vocab");
	else if (strcmp(vocab, "none") != 0)
		ask->vocab_dir = vocab;
	return PV_DONE;
}

static void
tell(struct pv_run *r, const struct pv_init_ask *ask, const struct pv_init_answer *made)
{
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_STRONG, "Made", ": the home of %.*s at %s%s.", PV_FMT(ask->party),
	    r->home, ask->exercise ? ", for an EXERCISE" : "");
	pv_blank(t);
	pv_line(t, "  Order log  %.*s, %s, %s", PV_FMT(made->origin),
	    pv_show_n(r->arena, made->log_size, "entry", "entries"),
	    pv_show_n(r->arena, made->terms, "term declared", "terms declared"));
	pv_para(t, "  Genesis    ", "%.*s", PV_FMT(made->genesis_hex));
	pv_para(t, "  In words   ", "%.*s", PV_FMT(made->genesis_words));
	pv_line(t, "             (what partners compare by voice: proviso card)");
	for (size_t i = 0; i < made->key_files.n; i++)
		pv_line(t, "%s%.*s", i == 0 ? "  Keys       " : "             ",
		    PV_FMT(made->key_files.at[i]));
	pv_blank(t);
	pv_para(t, "  ",
	    "Keep a copy of the officers' keys elsewhere: who loses them all can stop nothing and "
	    "lift nothing.");
	if (ask->vocab_dir == NULL && pv_option(r, "vocab") == NULL)
		pv_para(t, "  ",
		    "No vocabularies were found: no topic, region or purpose is declared. Enter "
		    "them with: proviso apply DIR");
	if (!r->home_given)
		return;
	pv_para(t, "  ", "Next: export PROVISO_HOME=%s, then proviso share FILE --help", r->home);
}

static int
run_init(struct pv_run *r)
{
	struct pv_unlock unlock = {
		.passphrase = pv_given(r, "no-passphrase") ? no_passphrase : pv_ask_new_passphrase,
		.ctx = r
	};
	struct pv_init_ask ask = { 0 };
	struct pv_init_answer made = { 0 };
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "No home was made";
	if (!pv_ok(read_ask(r, &ask, &e)) ||
	    !pv_ok(pv_desk_init(&ask, &unlock, &r->env, r->arena, &made, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!r->json) {
		tell(r, &ask, &made);
		return PV_EXIT_DONE;
	}
	pv_json_begin(&out);
	pv_jsonw_str(&out.w, "home", pv_slice_of(r->home));
	pv_jsonw_str(&out.w, "party", ask.party);
	pv_jsonw_str(&out.w, "origin", made.origin);
	pv_jsonw_str(&out.w, "genesis", made.genesis_hex);
	pv_jsonw_str(&out.w, "words", made.genesis_words);
	pv_jsonw_u64(&out.w, "log_size", made.log_size);
	pv_put_names(&out.w, "keys", made.key_files);
	pv_json_end(r, &out);
	return PV_EXIT_DONE;
}

static const struct pv_opt init_options[] = {
	{ "party", 0, "NAME", "the party whose authority it is, as co", false, NULL },
	{ "name", 0, "LANG=TEXT", "its name in a language", true, NULL },
	{ "officer", 0, "NAME", "an officer's name; default: officer1 and officer2", true, NULL },
	{ "quorum", 0, "N", "officers needed to reopen; default: 2, or 1 with one officer", false,
	    NULL },
	{ "profile", 0, "WORD", "how often orders are renewed and how long they serve", false,
	    "courier default tight field satellite" },
	{ "origin", 0, "NAME", "the order log's name; default: PARTY/orders", false, NULL },
	{ "url", 0, "URL",
	    "where its gateway is for others, as https://gw.example: sealed files name it", false,
	    NULL },
	{ "exercise", 0, NULL, "nothing in it is real: every record says so", false, NULL },
	{ "vocab", 0, "DIR",
	    "vocabularies to declare, or none; default: those that came with proviso", false,
	    NULL },
	{ "no-passphrase", 0, NULL, "with --exercise: leave the officers' keys unlocked", false,
	    NULL },
	PV_OPT_PASSPHRASE,
	{ 0 },
};
static const struct pv_example init_examples[] = {
	{ "proviso init --party co --name es=Colombia", "two officers; both must sign to reopen" },
	{ "proviso init --party co --url https://gw.co.example",
	    "its gateway will be there: programs that open sealed files find it" },
	{ "proviso --home try init --party acme --officer me --exercise --no-passphrase",
	    "to try things out: one officer, no passphrase" },
	{ 0 },
};
const struct pv_cmd cmd_init = {
	.name = "init",
	.group = PV_GROUP_HOME,
	.summary = "make a home for an agency on this machine",
	.usage = "--party NAME [--officer NAME]... [options]",
	.text = "Makes the keys, the order log with its genesis signed by each officer, the "
		"journal and the default vocabularies.\n"
		"One officer alone can stop. Reopening needs as many as the quorum says; with a "
		"quorum of one nobody looks twice.",
	.options = init_options,
	.examples = init_examples,
	.run = run_init,
};
