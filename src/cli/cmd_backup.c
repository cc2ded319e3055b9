/* SPDX-License-Identifier: Apache-2.0 */
/* backup, restore, demo. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

static int
run_backup(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	const char *keys = pv_option(r, "with-keys");
	struct pv_err e;

	r->undone = "No backup was made";
	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_desk_backup(d, r->args.at[0], keys, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_raw(&r->term, PV_SLICE("{\"done\":true}\n"));
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Backed up",
	    ": %s, one moment of the home, while others may go on.", r->args.at[0]);
	if (keys != NULL)
		pv_para(&r->term, "  ",
		    "The keys are in %s: keep the two apart. Whoever has both can open what is "
		    "sealed here.",
		    keys);
	else
		pv_para(&r->term, "  ",
		    "Without keys. To open what is sealed after a loss, keep a copy of the keys "
		    "too: --with-keys FILE.");
	return PV_EXIT_DONE;
}

static const struct pv_opt backup_options[] = {
	{ "with-keys", 0, "FILE", "the keys too, in a file of their own", false, NULL },
	{ 0 },
};
static const struct pv_example backup_examples[] = {
	{ "proviso backup /media/a/co-2025-11-11.backup \\\n    --with-keys "
	  "/media/b/co-2025-11-11.keys",
	    "two media, kept apart" },
	{ 0 },
};
const struct pv_cmd cmd_backup = {
	.name = "backup",
	.group = PV_GROUP_HOME,
	.summary = "copy the home to a file, while it is in use",
	.usage = "FILE [--with-keys FILE]",
	.text = "What was erased stays erased only when the keys are kept out of old backups; so "
		"they go to a file of their own.",
	.args = "file",
	.options = backup_options,
	.examples = backup_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_backup,
};

static int
run_restore(struct pv_run *r)
{
	struct pv_err e;

	r->undone = "Not restored";
	if (!pv_ok(pv_desk_restore(r->args.at[0], pv_option(r, "with-keys"), r->home, &r->env, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_raw(&r->term, PV_SLICE("{\"done\":true}\n"));
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Restored", ": %s from %s.", r->home, r->args.at[0]);
	pv_para(&r->term, "  ",
	    "A log that goes on from a backup may sign a second tree of one size. Before the first "
	    "new act, "
	    "compare with what followers and partners have seen: proviso log verify, and ask them "
	    "for their last bundle.");
	return PV_EXIT_DONE;
}

static const struct pv_opt restore_options[] = {
	{ "with-keys", 0, "FILE", "the file with the keys", false, NULL },
	{ 0 },
};
static const struct pv_example restore_examples[] = {
	{ "proviso --home /srv/co restore co-2025-11-11.backup \\\n    --with-keys "
	  "co-2025-11-11.keys",
	    "into a new home" },
	{ 0 },
};
const struct pv_cmd cmd_restore = {
	.name = "restore",
	.group = PV_GROUP_HOME,
	.summary = "make a home from a backup",
	.usage = "FILE [--with-keys FILE]",
	.text = "Writes a home where none is, at --home or PROVISO_HOME.",
	.args = "file",
	.options = restore_options,
	.examples = restore_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_restore,
};

/* ---- demo ---- */

/* The daemon beside this tool: where it was built, or where it is installed. */
static const char *
daemon_path(struct pv_run *r, const char *self)
{
	const char *places[] = { "/../gateway/provisod", "/../sbin/provisod", "/provisod" };
	const char *slash = strrchr(self, '/');

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

		pv_buf_add(&path, pv_slice_mem(self, (size_t)(slash - self)));
		pv_buf_add_str(&path, places[i]);
		if (access(pv_buf_str(&path), X_OK) == 0)
			return pv_arena_str(r->arena, pv_buf_slice(&path));
	}
	return NULL;
}

static int
run_demo(struct pv_run *r)
{
	const char *script = pv_data_path(r, "examples/caribbean/demo.sh"),
		   *keep = pv_option(r, "keep"), *argv[6] = { "bash", script }, *daemon;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t count = 2;
	struct pv_err e;

	r->undone = "No demo";
	if (script == NULL || n <= 0) {
		pv_ignore(pv_advise(
		    PV_FAIL(&e, PV_E_CONFIG, "the example is not installed beside this proviso"),
		    &e, "Name the folder that holds examples/caribbean with PROVISO_DATA."));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	self[n] = '\0';
	setenv("PROVISO", self, 1);
	daemon = daemon_path(r, self);
	if (daemon != NULL)
		setenv("PROVISOD", daemon, 0);
	if (pv_given(r, "stay"))
		argv[count++] = "--stay";
	if (keep != NULL) {
		argv[count++] = "--keep";
		argv[count++] = keep;
	}
	fflush(r->term.out);
	execvp("bash", (char *const *)(uintptr_t)argv);
	pv_ignore(PV_FAIL(&e, PV_E_CONFIG, "\"%s\" cannot be run: %s", script, strerror(errno)));
	return pv_fail(r, &e, PV_NO_SLICE);
}

static const struct pv_opt demo_options[] = {
	{ "keep", 0, "DIR", "leave the homes there, to play in", false, NULL },
	{ "stay", 0, NULL,
	    "only the gateways; they go on running, and demo.env has what a client needs", false,
	    NULL },
	{ 0 },
};
static const struct pv_example demo_examples[] = {
	{ "proviso demo", "the story, then one order at every door; about two minutes" },
	{ "proviso demo --keep story", "and go on playing in story/" },
	{ "proviso demo --stay", "for trying a TAXII, OpenTDF, AuthZEN or log client of your own" },
	{ 0 },
};
const struct pv_cmd cmd_demo = {
	.name = "demo",
	.group = PV_GROUP_ALONE,
	.summary = "play the example: four agencies share, one order stops it",
	.usage = "[--keep DIR] [--stay]",
	.text =
	    "Runs the real commands in throw-away homes and shows each: first the story, with "
	    "files that pass between four agencies; then gateways of the four on loopback, and one "
	    "order at every door. All of it is an exercise with invented reports.\n"
	    "With --stay the gateways go on running, and demo.env (shell syntax) in the current "
	    "folder has addresses, accounts and tokens for clients of your own.",
	.options = demo_options,
	.examples = demo_examples,
	.run = run_demo,
};
