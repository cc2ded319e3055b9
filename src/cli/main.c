/* SPDX-License-Identifier: Apache-2.0 */
/* The tool `proviso`: the table of its commands, and the way into one of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/remote.h"

const struct pv_cmd *const pv_commands[] = {
	&cmd_share,
	&cmd_ask,
	&cmd_answer,
	&cmd_open,
	&cmd_passport,
	&cmd_recall,
	&cmd_tdf_register,
	&cmd_report_list,
	&cmd_report_show,
	&cmd_outcome,
	&cmd_incident,

	&cmd_agree,
	&cmd_order_suspend,
	&cmd_order_restrict,
	&cmd_order_lift,
	&cmd_order_sign,
	&cmd_order_preview,
	&cmd_order_ack,
	&cmd_condition_declare,
	&cmd_condition_attest,
	&cmd_end,
	&cmd_apply,
	&cmd_sign,
	&cmd_party_add,
	&cmd_term_add,
	&cmd_key_add,
	&cmd_account_add,
	&cmd_collection_label,
	&cmd_collection_offer,

	&cmd_status,
	&cmd_board,
	&cmd_explain,
	&cmd_order_list,
	&cmd_order_show,
	&cmd_condition_show,
	&cmd_agreement_list,
	&cmd_agreement_show,
	&cmd_party_list,
	&cmd_party_show,
	&cmd_term_list,
	&cmd_term_show,
	&cmd_key_list,
	&cmd_token_list,
	&cmd_collection_list,

	&cmd_log_show,
	&cmd_log_verify,
	&cmd_log_prove,
	&cmd_log_export,
	&cmd_log_key,
	&cmd_log_rebuild,
	&cmd_export,

	&cmd_init,
	&cmd_card,
	&cmd_peer_add,
	&cmd_follow,
	&cmd_key_new,
	&cmd_key_unlock,
	&cmd_key_passphrase,
	&cmd_token_new,
	&cmd_token_end,
	&cmd_account_password,
	&cmd_doctor,
	&cmd_backup,
	&cmd_restore,

	&cmd_demo,
	&cmd_decide,
	&cmd_help,
	&cmd_completion,
	NULL,
};

const struct pv_opt pv_global_options[] = {
	{ "home", 0, "DIR", "the home to work in (or PROVISO_HOME)", false, NULL },
	{ "gateway", 0, "URL", "the gateway to work through, instead of a home (or PROVISO_GATEWAY)",
	    false, NULL },
	{ "token", 0, "FILE", "with --gateway: a file with a token (or PROVISO_TOKEN: the token)",
	    false, NULL },
	{ "ca", 0, "FILE", "with --gateway: certificates that vouch for it (or PROVISO_CA)", false,
	    NULL },
	{ "pin", 0, "FP", "with --gateway: the fingerprint of its certificate, instead of --ca",
	    false, NULL },
	{ "cert", 0, "FILE", "with --gateway: a client certificate", false, NULL },
	{ "cert-key", 0, "FILE", "with --gateway: its key", false, NULL },
	{ "json", 0, NULL, "answer in JSON, errors too", false, NULL },
	{ "plain", 0, NULL, "no redrawing: one line a change", false, NULL },
	{ "color", 0, NULL, "colour even where stdout is no terminal", false, NULL },
	{ "no-color", 0, NULL, "no colour (or NO_COLOR)", false, NULL },
	{ "debug", 0, NULL, "say where in the program an error was raised", false, NULL },
	{ "help", 'h', NULL, "usage and examples", false, NULL },
	{ "version", 0, NULL, "the version", false, NULL },
	{ 0 },
};

/* The home when none is named: the place for a user's data. */
static void
find_home(struct pv_run *r)
{
	const char *given = getenv("PROVISO_HOME"), *data = getenv("XDG_DATA_HOME"),
		   *user = getenv("HOME");

	if (given != NULL && *given != '\0') {
		r->home = given;
		r->home_given = true;
	} else if (data != NULL && *data == '/') {
		r->home = pv_arena_printf(r->arena, "%s/proviso", data).p;
	} else {
		r->home =
		    pv_arena_printf(r->arena, "%s/.local/share/proviso", user != NULL ? user : "")
			.p;
	}
}

static int
run(struct pv_run *r, int argc, char **argv)
{
	struct pv_err e = { 0 };
	struct pv_status st = pv_args_read(r, argc, argv, &e);

	pv_screen_init(&r->term, r->colour, r->plain);
	if (!pv_ok(st))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->version) {
		pv_line(&r->term, "proviso %s", PV_VERSION);
		return PV_EXIT_DONE;
	}
	if (r->cmd == NULL) {
		if (r->family != NULL)
			pv_help_family(&r->term, r->family);
		else
			pv_help_front(r);
		return PV_EXIT_DONE;
	}
	if (r->help) {
		pv_help_command(&r->term, r->cmd);
		return PV_EXIT_DONE;
	}
	if (!pv_ok(pv_gateway_refuse(r, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return r->cmd->run(r);
}

/* What was not written was not said: a full disk under stdout must not look like success. */
static int
close_output(struct pv_run *r, int status)
{
	struct pv_err e;

	if (fflush(r->term.out) == 0 && !ferror(r->term.out))
		return status;
	r->json = false;
	pv_ignore(PV_FAIL(&e, PV_E_CONFIG, "the answer could not be written: %s", strerror(errno)));
	return pv_fail(r, &e, PV_NO_SLICE);
}

int
main(int argc, char **argv)
{
	struct pv_run r = { .env = pv_env_system(), .arena = pv_arena_new() };
	int status;

	find_home(&r);
	pv_screen_init(&r.term, PV_COLOUR_AUTO, false);
	status = run(&r, argc, argv);
	status = close_output(&r, status);
	PV_VEC_FREE(&r.values);
	PV_VEC_FREE(&r.args);
	pv_arena_free(r.arena);
	return status;
}
