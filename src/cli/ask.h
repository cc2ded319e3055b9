/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the person at the keyboard: on the terminal only. Elsewhere the
 * answers come from --confirm, --passphrase-file, PROVISO_PASSPHRASE_FILE, or
 * for several officers PROVISO_PASSPHRASES: a folder with a file for each key.
 */
#ifndef PV_CLI_ASK_H
#define PV_CLI_ASK_H

#include "cli/cmd.h"
#include "crypto/secret.h"

/* The options that the functions below look for. */
#define PV_OPT_CONFIRM                                                                           \
	{                                                                                        \
		"confirm", 0, "WORD", "off a terminal: the word that would be typed to confirm", \
		    false, NULL                                                                  \
	}
#define PV_OPT_PASSPHRASE                                                              \
	{                                                                              \
		"passphrase-file", 0, "FILE",                                          \
		    "off a terminal: read the key's passphrase from FILE", false, NULL \
	}

/*
 * For struct pv_unlock: ctx is the struct pv_run. *out stays NULL when the
 * person gives nothing; where nobody can be asked, that is an error.
 */
PV_RESULT pv_ask_passphrase(
    void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e);
/* A passphrase for a key that is being made: asked for twice. */
PV_RESULT pv_ask_new_passphrase(
    void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e);
/* The same, never from a file: where --passphrase-file is the old one. */
PV_RESULT pv_ask_typed_passphrase(
    struct pv_run *r, const char *key_name, struct pv_secret **out, struct pv_err *e);
/* The first line of a file. */
PV_RESULT pv_read_passphrase(const char *path, struct pv_secret **out, struct pv_err *e);
/*
 * Whether the person types `word`. *yes is false for Enter or another word;
 * off a terminal without --confirm it is an error that names the option.
 */
PV_RESULT pv_ask_confirm(
    struct pv_run *r, const char *question, const char *word, bool *yes, struct pv_err *e);

/* What is said when it was not confirmed, and more behind it; the exit status comes back. */
int pv_ask_left(struct pv_run *r, const char *more);

#endif
