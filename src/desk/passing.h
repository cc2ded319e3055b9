/* SPDX-License-Identifier: Apache-2.0 */
/* What passes between two homes for one report, as asking, answering and opening all need it. Inside of the desk. */
#ifndef PV_DESK_PASSING_H
#define PV_DESK_PASSING_H

#include "desk/release.h"
#include "wire/exchange.h"

#define PV_REQUEST_LIFE_S  (7 * 86400)
#define PV_CHANNEL_COURIER PV_SLICE("exchange.courier")
#define PV_CHANNEL_API     PV_SLICE("exchange.api")
#define PV_VOICES_MAX      16

/* ---- signed lines between homes ---- */

/* The line, with a newline after it, signed by this home's gateway. */
PV_RESULT pv_line_sign(
    struct pv_desk *d, struct pv_slice line, struct pv_buf *note, struct pv_err *e);
/* Lower-case hex SHA-256 of the line without its newline, in the arena. */
struct pv_slice pv_line_digest(struct pv_slice line, struct pv_arena *a);

/*
 * Whether this key record, standing at now and meant for that use, binds a key that signed the note. An error: the note
 * bears a signature in that key's name that is not its.
 */
PV_RESULT pv_key_signed(const struct pv_fact *key, enum pv_use use, uint64_t now,
    const struct pv_note *note, bool *signs, struct pv_err *e);

/* The key records by which a note's signer may speak. They belong to the own log's state. */
struct pv_voices {
	const struct pv_record *at[PV_VOICES_MAX];
	size_t n;
};

/*
 * Verifies a note with the keys that the own log binds, now, for that use, and says by which records they are bound (one
 * at least). Nobody else's word counts. source: what it is called in an error. *line points into bytes.
 */
PV_RESULT pv_line_verify(struct pv_desk *d, struct pv_slice bytes, const char *source,
    enum pv_use use, struct pv_arena *a, struct pv_slice *line, struct pv_voices *who,
    struct pv_err *e);
/* Whether one of them is bound to the party, or to one above it. */
bool pv_voices_speak_for(const struct pv_voices *who, struct pv_slice party);

/* ---- the sealed file that came ---- */

/* Starts as { 0 }; pv_carried_close is due whether it was opened or not. */
struct pv_carried {
	int fd;
	struct pv_sealed *sealed;
};

PV_RESULT pv_carried_open(struct pv_carried *f, const char *path, struct pv_err *e);
/* A report of a Proviso originator, with one key: nothing else is asked for or opened. path: as the person calls it. */
PV_RESULT pv_carried_check(const struct pv_carried *f, const char *path, struct pv_err *e);
void pv_carried_close(struct pv_carried *f);

/* ---- what a request leaves here ---- */

/* Where the key lies that only this request's answer can be opened with. */
const char *pv_asked_key_path(struct pv_desk *d, struct pv_slice id, struct pv_arena *a);
struct pv_store_change pv_asked_row(const struct pv_exchange_request *r, const char *state,
    struct pv_slice body, enum pv_store_op op);
/*
 * The row of a request that is over: its digest, not its text, which names a person whose data must be erasable. A
 * random part makes two answers given at the same moment two rows, of which the second is refused.
 */
struct pv_store_change pv_asked_over_row(struct pv_desk *d, const struct pv_exchange_request *r,
    const char *state, struct pv_slice line, struct pv_arena *a, enum pv_store_op op);

/* ---- the recipient's own side ---- */

/* Whether this home acts for the party, and the purpose is stated and known. */
PV_RESULT pv_asker_check(
    struct pv_desk *d, struct pv_slice party, struct pv_slice purpose, struct pv_err *e);
/*
 * Our own orders on taking it, into *j, and what they were asked, into *c. What is not known of the report (its topics,
 * before the label is here) counts as covered.
 */
PV_RESULT pv_take_judge(struct pv_desk *d, const struct pv_matter *m, struct pv_slice party,
    struct pv_slice purpose, struct pv_slice channel, struct pv_arena *a, struct pv_judgement *j,
    struct pv_case *c, struct pv_err *e);
/* They refuse it: journalled, and told in full, since it is our own side that hears it. */
PV_RESULT pv_take_refuse(struct pv_desk *d, const struct pv_judgement *j, const struct pv_case *c,
    struct pv_slice report, struct pv_slice person, struct pv_arena *a, struct pv_told *told,
    struct pv_err *e);

/* ---- an answer, whichever way the request came ---- */

/* pv_desk_answer(), of a request that came by this channel and must say so: a channel is how, not a wish. */
PV_RESULT pv_answer_by(struct pv_desk *d, struct pv_slice channel, struct pv_slice request,
    const char *source, struct pv_buf *reply, struct pv_arena *a, struct pv_answer_answer *out,
    struct pv_err *e);

/* ---- the share of a kept report ---- */

/*
 * The share of the payload key, once it is sure that what r says of the file (kid, wrapped, policy, binding, label) is
 * of the one that was sealed for h. The caller's, to be freed.
 */
PV_RESULT pv_kept_share(struct pv_desk *d, const struct pv_exchange_request *r,
    const struct pv_kept *h, struct pv_secret **share, struct pv_arena *a, struct pv_err *e);

/* ---- terms ---- */

/*
 * Reads what pv_terms_json wrote: the obligations as the originator has them; *custody when it lets us keep the report
 * and give it on, and *chain then, through whom it came, as the one who gave it says. Empty text: no terms.
 */
PV_RESULT pv_terms_read(struct pv_slice json, struct pv_arena *a, struct pv_obligations *out,
    bool *custody, struct pv_names *chain, struct pv_err *e);

#endif
