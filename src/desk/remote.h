/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk that is elsewhere: the same questions (desk.h), asked of a gateway's API.
 * The tool's commands do not notice. Officers' keys stay here: acts are drafted
 * there, signed here, and applied there.
 */
#ifndef PV_DESK_REMOTE_H
#define PV_DESK_REMOTE_H

#include "desk/call.h"

/* How a call reaches the gateway; the answer's JSON goes to answer, its tail to tail_out. */
struct pv_transport {
	PV_RESULT (*call)(void *ctx, const struct pv_call *call, struct pv_slice ask,
	    struct pv_slice tail, struct pv_buf *answer, struct pv_buf *tail_out, struct pv_err *e);
	void (*close)(void *ctx); /* with the desk; NULL */
	void *ctx;
};
/*
 * Asks who is there and takes in the acts of its order log, as far as the caller may see them. officers: a home on this
 * machine whose officers sign; NULL: only keys that are named. The transport is closed also when this fails.
 */
PV_RESULT pv_desk_remote(struct pv_desk **out, const struct pv_transport *t, const char *officers,
    const struct pv_env *env, struct pv_err *e);

/* One call, without tails; question and answer are of its layouts. */
PV_RESULT pv_remote_call(struct pv_desk *d, const char *name, const void *question,
    struct pv_arena *a, void *answer, struct pv_err *e);

/* ---- the doors in desk/: each is the function without "remote_", of a desk that is elsewhere ---- */

struct pv_remote;
struct pv_store_row;

void pv_remote_free(struct pv_remote *r);
/* Of a command that works on files of a home: an error that says so. */
PV_RESULT pv_remote_needs_home(const char *what, struct pv_err *e);
struct pv_identity pv_remote_identity(const struct pv_desk *d);
uint64_t pv_remote_clock(const struct pv_desk *d); /* seconds, as the gateway's clock has it */
const char *pv_remote_officers(const struct pv_desk *d);
PV_RESULT pv_remote_refold(struct pv_desk *d, struct pv_err *e);
PV_RESULT pv_remote_act_standing(struct pv_desk *d, struct pv_slice id, struct pv_arena *a,
    struct pv_store_row *row, bool *found, struct pv_err *e);
/* Signed notes, all or nothing. */
PV_RESULT pv_remote_apply(struct pv_desk *d, struct pv_slice notes, const char *source,
    struct pv_arena *a, struct pv_apply_answer *out, struct pv_err *e);
PV_RESULT pv_remote_export(
    struct pv_desk *d, const struct pv_export_ask *ask, struct pv_buf *out, struct pv_err *e);
PV_RESULT pv_remote_follow(struct pv_desk *d, struct pv_slice bundle, const char *source,
    struct pv_arena *a, struct pv_follow_answer *out, struct pv_err *e);
PV_RESULT pv_remote_card(struct pv_desk *d, struct pv_buf *out, struct pv_err *e);
PV_RESULT pv_remote_share(struct pv_desk *d, struct pv_share_ask *ask, struct pv_arena *a,
    struct pv_share_answer *out, struct pv_err *e);
PV_RESULT pv_remote_who_can_open(struct pv_desk *d, const struct pv_matter *m, uint64_t at,
    struct pv_arena *a, const struct pv_can_open **who, size_t *n, struct pv_err *e);
PV_RESULT pv_remote_reports(struct pv_desk *d, struct pv_slice only_id, struct pv_arena *a,
    const struct pv_report_row **rows, size_t *n, struct pv_err *e);
PV_RESULT pv_remote_ask(struct pv_desk *d, const struct pv_ask_ask *ask, struct pv_buf *request,
    struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e);
PV_RESULT pv_remote_answer(struct pv_desk *d, struct pv_slice request, const char *source,
    struct pv_buf *reply, struct pv_arena *a, struct pv_answer_answer *out, struct pv_err *e);
/* With a sealed file and no grant, the gateway asks the partner's. */
PV_RESULT pv_remote_open_report(struct pv_desk *d, const struct pv_open_ask *ask,
    struct pv_arena *a, struct pv_open_answer *out, struct pv_err *e);
PV_RESULT pv_remote_state_record(struct pv_desk *d, struct pv_record *r, struct pv_slice person,
    struct pv_buf *note, uint64_t *journal_index, struct pv_arena *a, struct pv_err *e);
PV_RESULT pv_remote_preview(struct pv_desk *d, const struct pv_record *order_or_lift,
    struct pv_arena *a, struct pv_preview *out, struct pv_err *e);
PV_RESULT pv_remote_orders(struct pv_desk *d, struct pv_slice only_id, uint64_t at,
    struct pv_arena *a, const struct pv_order_row **rows, size_t *n, struct pv_err *e);
PV_RESULT pv_remote_board(struct pv_desk *d, struct pv_slice to, uint64_t at, struct pv_arena *a,
    const struct pv_board_row **rows, size_t *n, struct pv_err *e);
PV_RESULT pv_remote_explain(struct pv_desk *d, struct pv_slice report, struct pv_slice recipient,
    struct pv_slice purpose, struct pv_slice channel, uint64_t at, struct pv_arena *a,
    const struct pv_explanation **out, struct pv_err *e);
PV_RESULT pv_remote_status(
    struct pv_desk *d, struct pv_arena *a, struct pv_status_answer *out, struct pv_err *e);
PV_RESULT pv_remote_verify(
    struct pv_desk *d, struct pv_arena *a, struct pv_verify_answer *out, struct pv_err *e);
PV_RESULT pv_remote_log(struct pv_desk *d, const struct pv_log_ask *ask, struct pv_arena *a,
    const struct pv_log_entry **entries, size_t *n, struct pv_err *e);
PV_RESULT pv_remote_log_prove(
    struct pv_desk *d, struct pv_slice log, uint64_t index, struct pv_buf *proof, struct pv_err *e);
PV_RESULT pv_remote_log_rebuild(struct pv_desk *d, bool repair, struct pv_arena *a,
    struct pv_rebuild_answer *out, struct pv_err *e);

#endif
