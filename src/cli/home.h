/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a home have in common: opening it, signing, telling what an act did. */
#ifndef PV_CLI_HOME_H
#define PV_CLI_HOME_H

#include "cli/ask.h"
#include "cli/cmd.h"
#include "cli/words.h"
#include "desk/desk.h"

/* Of the home, or through the gateway that was named. Says how to make a home when there is none. */
PV_RESULT pv_home_open(struct pv_run *r, struct pv_desk **out, struct pv_err *e);

/* A file or folder that came with proviso ("vocab"): in PROVISO_DATA, where it is installed,
 * where it was built from, or here; NULL when nowhere. */
const char *pv_data_path(struct pv_run *r, const char *name);

/* The options of whatever is signed by officers. */
#define PV_OPT_AS                                                                                \
	{ "as", 0, "OFFICER", "who signs, by the key's name; default: those of this home", true, \
		NULL },                                                                          \
	    PV_OPT_PASSPHRASE
#define PV_OPT_SIGNERS                                                            \
	PV_OPT_AS,                                                                \
	{                                                                         \
		"key", 0, "FILE", "a key from elsewhere to sign with", true, NULL \
	}
#define PV_OPT_DRAFT                                                                         \
	{ "draft", 0, NULL, "sign, but do not enter it: write the note for another officer", \
		false, NULL },                                                               \
	{                                                                                    \
		"out", 'o', "FILE", "where a draft is written; default: stdout", false, NULL \
	}
#define PV_OPT_SIGN PV_OPT_SIGNERS, PV_OPT_DRAFT
struct pv_unlock pv_home_unlock(struct pv_run *r);

/*
 * Fills in what acts have in common (--id, --issuer, --cites ...), then signs and
 * enters the act (or writes the draft). What it did is in *out.
 */
#define PV_OPT_ACT_BASE                                                                         \
	{ "id", 0, "ID", "the record's id; default: the next free one", false, NULL },          \
	    { "issuer", 0, "PARTY", "who issues it; default: this home's party", false, NULL }, \
	    PV_OPT_BASIS
#define PV_OPT_ACT         PV_OPT_ACT_BASE, PV_OPT_SIGN
#define PV_OPT_ACT_OF_HOME PV_OPT_ACT_BASE, PV_OPT_AS, PV_OPT_DRAFT /* without --key */
PV_RESULT pv_home_act_fill(
    struct pv_run *r, struct pv_desk *d, struct pv_record *record, struct pv_err *e);
PV_RESULT pv_home_act_enter(struct pv_run *r, struct pv_desk *d, struct pv_record *record,
    struct pv_apply_answer *out, struct pv_err *e);
/* Tells what an act did, in one line or in JSON; `done` is the word for success ("Declared"). Returns the exit status. */
int pv_home_act_tell(struct pv_run *r, const struct pv_apply_answer *answer, const char *done);
/* All of it for an act that asks nothing. */
int pv_home_act(struct pv_run *r, struct pv_record *record, const char *done);

/*
 * A refusal (UX T4). It never holds a purpose other than the one that was stated: a list of those an order spares
 * would teach people what to state. Safety of life alone is pointed to. Returns PV_EXIT_NO, or PV_EXIT_DOWN if stale.
 */
struct pv_refusal {
	const struct pv_told *told;
	struct pv_slice report, party, purpose; /* what was asked */
	const char *undone;                     /* "Nothing was opened." */
	struct pv_slice own;                    /* whose home this is */
	struct pv_slice journal;                /* whose journal has it */
};
int pv_tell_refusal(struct pv_run *r, const struct pv_refusal *f);
void pv_put_refusal(struct pv_jsonw *w, const struct pv_told *told);

void pv_put_acts(struct pv_jsonw *w, const struct pv_apply_answer *answer);

#endif
