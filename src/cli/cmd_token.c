/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token, account: credentials of those who call a gateway. A token or a
 * password goes to stdout alone, so that a script can take it; what it is
 * goes to stderr.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "cli/remote.h"
#include "desk/account.h"
#include "desk/remote.h"
#include "desk/token.h"

static struct pv_slice
this_person(void)
{
	const char *user = getenv("USER");

	return pv_slice_of(user != NULL ? user : "");
}

/* A secret and a line feed, on stdout, with no copy of it left. */
static void
tell_secret(struct pv_run *r, const struct pv_secret *s)
{
	pv_raw(&r->term, pv_secret_slice(s));
	pv_raw(&r->term, PV_SLICE("\n"));
}

/* ---- token new ---- */

static PV_RESULT
read_ask(struct pv_run *r, struct pv_token_ask *ask, struct pv_err *e)
{
	ask->of = pv_option_slice(r, "of");
	ask->person = pv_option_slice(r, "person");
	PV_TRY(pv_given_name(r, "party", &ask->party, e));
	PV_TRY(pv_given_roles(r, &ask->roles, e));
	PV_TRY(pv_given_dotted(r, "purpose", &ask->purposes, e));
	PV_TRY(pv_given_span(r, "ttl", &ask->ttl_s, e));
	if (ask->party.n == 0 && ask->of.n == 0)
		return PV_USAGE(r, e, "--party is missing: whose token is it?");
	return PV_DONE;
}

static void
put_token(struct pv_run *r, struct pv_jsonw *w, const struct pv_token *t)
{
	pv_jsonw_str(w, "id", t->id);
	pv_jsonw_str(w, "binding", t->binding);
	pv_jsonw_str(w, "party", t->party);
	pv_jsonw_str(w, "person", t->person);
	pv_put_names(w, "roles", pv_role_names(t->roles, r->arena));
	pv_put_names(w, "purposes", t->purposes);
	pv_put_time(w, "from", t->from_s);
	pv_put_time(w, "until", t->until_s);
}

static void
tell_new(struct pv_run *r, const struct pv_token_answer *made)
{
	const struct pv_token *t = &made->token;

	tell_secret(r, made->text);
	pv_state_note(&r->term, PV_STRONG, "Made", ": %.*s for %.*s (%s), until %s.", PV_FMT(t->id),
	    PV_FMT(t->party), pv_list_names(r->arena, pv_role_names(t->roles, r->arena), ""),
	    pv_show_time(r->arena, t->until_s));
	pv_note(&r->term, "  It may state: %s.",
	    pv_list_names(r->arena, t->purposes, "whatever its key record grants"));
	pv_note(&r->term, "  It is shown this once. It rests on %.*s and ends with it.",
	    PV_FMT(t->binding));
	pv_note(&r->term, "  To end it now: proviso token end %.*s", PV_FMT(t->id));
}

static int
run_token_new(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_token_ask ask = { 0 };
	struct pv_token_answer made = { 0 };
	struct pv_caller by;
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "No token was made";
	if (!pv_ok(read_ask(r, &ask, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	by = pv_caller_local(d, this_person());
	if (!pv_ok(pv_desk_token_new(d, &ask, &by, r->arena, &made, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		put_token(r, &out.w, &made.token);
		pv_jsonw_str(&out.w, "token", pv_secret_slice(made.text));
		pv_json_end(r, &out);
	} else {
		tell_new(r, &made);
	}
	pv_secret_free(made.text);
	return PV_EXIT_DONE;
}

static const struct pv_opt token_new_options[] = {
	{ "party", 0, "PARTY", "whose it is", false, NULL },
	{ "role", 0, "ROLE", "analyst, officer, overseer, operator; default: analyst", true, NULL },
	{ "purpose", 0, "PURPOSE",
	    "the purposes that may be stated with it; default: those of its "
	    "key record",
	    true, NULL },
	{ "person", 0, "NAME", "who holds it; for the journal", false, NULL },
	{ "ttl", 0, "SPAN", "how long it lives, at most 31 days; default: 1h", false, NULL },
	{ "of", 0, "ID", "the key record it rests on; default: one that grants all of this", false,
	    NULL },
	{ 0 },
};
static const struct pv_example token_new_examples[] = {
	{ "proviso token new --party us.coast-guard --role analyst \\\n"
	  "    --purpose law.interdict --ttl 1h",
	    "a bearer token for an hour" },
	{ 0 },
};
const struct pv_cmd cmd_token_new = {
	.name = "token new",
	.group = PV_GROUP_HOME,
	.summary = "make a short-lived token for who calls this gateway",
	.usage = "--party PARTY [--role ROLE] [--purpose PURPOSE] [--ttl SPAN]",
	.text = "A token only narrows what officers have declared: a key record of use credential, "
		"tls or issuer, for the same party or one above. It goes to stdout and is not "
		"kept: the home has its digest alone. Making one is journalled.",
	.options = token_new_options,
	.examples = token_new_examples,
	.run = run_token_new,
};

/* ---- token list, token end ---- */

static int
run_token_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "lllllw");
	const struct pv_token *tokens;
	struct pv_json_out out;
	struct pv_err e;
	size_t n;

	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_desk_tokens(d, r->arena, &tokens, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "tokens");
	for (size_t i = 0; i < n; i++) {
		const struct pv_token *t = &tokens[i];

		pv_jsonw_object(&out.w, NULL);
		put_token(r, &out.w, t);
		pv_jsonw_bool(&out.w, "stands", t->stands);
		pv_jsonw_end(&out.w);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(t->id));
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(t->party));
		pv_table_cell(table, PV_INK, "%s",
		    pv_list_names(r->arena, pv_role_names(t->roles, r->arena), "none"));
		pv_table_cell(table, PV_INK, "until %s", pv_show_time(r->arena, t->until_s));
		pv_table_cell(
		    table, PV_INK, "%s%.*s", t->stands ? "of " : "VOID: ", PV_FMT(t->binding));
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(t->person));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_buf_free(&out.buf);
	if (n == 0)
		pv_line(&r->term, "No token is out.");
	pv_table_print(table, &r->term, 0);
	return PV_EXIT_DONE;
}

static const struct pv_example token_list_examples[] = {
	{ "proviso token list", "whose they are, and until when" },
	{ 0 },
};
const struct pv_cmd cmd_token_list = {
	.name = "token list",
	.group = PV_GROUP_LOOK,
	.summary = "the tokens that are out",
	.usage = "",
	.text = "Lists the tokens that are not over. One whose key record has ended is VOID.",
	.examples = token_list_examples,
	.run = run_token_list,
};

static int
run_token_end(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice id = pv_slice_of(r->args.at[0]);
	struct pv_caller by;
	struct pv_json_out out;
	struct pv_err e;
	bool found;

	r->undone = "Not ended";
	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	by = pv_caller_local(d, this_person());
	if (!pv_ok(pv_desk_token_end(d, id, &by, &found, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (!found) {
		pv_ignore(pv_advise(PV_FAIL(&e, PV_E_INPUT, "no token \"%.*s\"", PV_FMT(id)), &e,
		    "Those that are out: proviso token list"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "ended", id);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Ended", ": %.*s is nobody's any more.", PV_FMT(id));
	return PV_EXIT_DONE;
}

static const struct pv_example token_end_examples[] = {
	{ "proviso token end t-3f9a01c2d4e5", "by the id of token list" },
	{ 0 },
};
const struct pv_cmd cmd_token_end = {
	.name = "token end",
	.group = PV_GROUP_HOME,
	.summary = "end a token now",
	.usage = "ID",
	.text = "The token is refused from the next request on. Journalled.",
	.examples = token_end_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_token_end,
};

/* ---- account add, account password ---- */

static PV_RESULT
give_password(struct pv_desk *d, struct pv_slice name, struct pv_secret **out, struct pv_err *e)
{
	struct pv_caller by = pv_caller_local(d, this_person());

	return pv_desk_account_password(d, name, &by, out, e);
}

/* A password is made where its hash is kept: before anything is declared it is sure that it can be. */
static PV_RESULT
check_here(struct pv_run *r, struct pv_err *e)
{
	return pv_gateway_named(r) != NULL ? pv_remote_needs_home("a new password", e) : PV_DONE;
}

static void
put_account(struct pv_run *r, struct pv_slice name, const struct pv_secret *password,
    const struct pv_apply_answer *acts)
{
	struct pv_json_out out;

	pv_json_begin(&out);
	pv_jsonw_str(&out.w, "user", name);
	pv_jsonw_str(&out.w, "password", pv_secret_slice(password));
	if (acts != NULL)
		pv_put_acts(&out.w, acts);
	pv_json_end(r, &out);
}

static PV_RESULT
read_account(struct pv_run *r, struct pv_record *record, struct pv_err *e)
{
	struct pv_key *k = &record->key;

	k->use = PV_USE_CREDENTIAL;
	k->binding = pv_slice_of(r->args.at[0]);
	PV_TRY(pv_given_name(r, "party", &k->party, e));
	PV_TRY(pv_given_roles(r, &k->roles, e));
	PV_TRY(pv_given_dotted(r, "purpose", &k->purposes, e));
	PV_TRY(pv_given_time(r, "from", &k->from, e));
	PV_TRY(pv_given_time(r, "until", &k->until, e));
	if (k->party.n == 0)
		return PV_USAGE(r, e, "--party is missing: whose account is it?");
	if (!pv_account_name_ok(k->binding))
		return PV_USAGE(r, e,
		    "\"%s\" is no name for an account: printable characters, no colon, no blank",
		    r->args.at[0]);
	if (k->roles == 0)
		k->roles = PV_ROLE_ANALYST;
	if (k->from == 0)
		k->from = r->env.realtime_ms(r->env.ctx) / 1000;
	return PV_DONE;
}

static int
run_account_add(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *password = NULL;
	struct pv_record record = { .kind = PV_KEY };
	struct pv_apply_answer answer = { 0 };
	struct pv_err e;

	r->undone = "No account was made";
	if (!pv_ok(read_account(r, &record, &e)) || !pv_ok(check_here(r, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_home_act_fill(r, d, &record, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, &record, &answer, &e)) ||
	    !pv_ok(give_password(d, record.key.binding, &password, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		put_account(r, record.key.binding, password, &answer);
		return PV_EXIT_DONE;
	}
	tell_secret(r, password);
	pv_state_note(&r->term, PV_STRONG, "Made", ": account %.*s of %.*s (%.*s).",
	    PV_FMT(record.key.binding), PV_FMT(record.key.party), PV_FMT(answer.acts[0].id));
	pv_note(&r->term, "  The password above is shown this once.");
	pv_note(
	    &r->term, "  Another one: proviso account password %.*s", PV_FMT(record.key.binding));
	return PV_EXIT_DONE;
}

static const struct pv_opt account_add_options[] = {
	{ "party", 0, "PARTY", "whose account it is", false, NULL },
	{ "role", 0, "ROLE", "analyst, officer, overseer, operator; default: analyst", true, NULL },
	{ "purpose", 0, "PURPOSE", "the purposes that may be stated with it; default: any", true,
	    NULL },
	{ "from", 0, "TIME", "it counts from then; default: now", false, NULL },
	{ "until", 0, "TIME", "and not after", false, NULL },
	PV_OPT_ACT_BASE,
	PV_OPT_AS,
	{ 0 },
};
static const struct pv_example account_add_examples[] = {
	{ "proviso account add taxii-uscg --party us.coast-guard \\\n"
	  "    --purpose law.interdict",
	    "for a TAXII client that knows names and passwords only" },
	{ 0 },
};
const struct pv_cmd cmd_account_add = {
	.name = "account add",
	.group = PV_GROUP_PERMIT,
	.summary = "declare an account with a password, for clients of this gateway",
	.usage = "NAME --party PARTY [--role ROLE] [--purpose PURPOSE] [options]",
	.text = "For clients that can send a name and a password alone (HTTP Basic). Whose the "
		"account is stands in the order log, as a key record of use credential; it ends "
		"with proviso end. The password is made here and goes to stdout, once; the home "
		"keeps its hash (scrypt).",
	.options = account_add_options,
	.examples = account_add_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_account_add,
};

static int
run_account_password(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *password = NULL;
	struct pv_slice name = pv_slice_of(r->args.at[0]);
	struct pv_err e;

	r->undone = "Not changed";
	if (!pv_ok(check_here(r, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (pv_binding_find(pv_desk_state(d), PV_USE_CREDENTIAL, name, pv_desk_now(d)) == NULL) {
		pv_ignore(
		    pv_advise(PV_FAIL(&e, PV_E_INPUT, "no account \"%.*s\" stands", PV_FMT(name)),
			&e, "Those there are: proviso key list"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(give_password(d, name, &password, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		put_account(r, name, password, NULL);
		return PV_EXIT_DONE;
	}
	tell_secret(r, password);
	pv_state_note(&r->term, PV_STRONG, "Changed",
	    ": the password of %.*s is the one above, shown this once. The old one counts no more.",
	    PV_FMT(name));
	return PV_EXIT_DONE;
}

static const struct pv_example account_password_examples[] = {
	{ "proviso account password taxii-uscg", "a new one; the old one counts no more" },
	{ 0 },
};
const struct pv_cmd cmd_account_password = {
	.name = "account password",
	.group = PV_GROUP_HOME,
	.summary = "give an account a new password",
	.usage = "NAME",
	.text = "Makes a new password and shows it once.",
	.examples = account_password_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_account_password,
};
