/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many answers, one fsync: the quick lane of a gateway decides a handful of
 * requests, writes all their journal entries in one submission, and after it is
 * durable looks at clock and orders once more for each. pv_release() is a batch
 * of one, so there is one way by which a key leaves. Inside of the desk.
 *
 *	begin (each)  pv_batch_release() or pv_batch_entry()
 *	once          pv_batch_commit()
 *	finish (each) pv_batch_finish() -> r->granted is final: write the key now
 *
 * What is handed in must live until the batch is freed.
 */
#ifndef PV_DESK_BATCH_H
#define PV_DESK_BATCH_H

#include "desk/release.h"

struct pv_batch;

struct pv_batch *pv_batch_new(struct pv_desk *d);
void pv_batch_free(struct pv_batch *b);
void pv_batch_freep(struct pv_batch **b);
struct pv_desk *pv_batch_desk(struct pv_batch *b);
size_t pv_batch_count(const struct pv_batch *b);

/* Judges, and lays the entry (granted, or refused and counted). r is filled by commit and finish. */
PV_RESULT pv_batch_release(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e);
/* A refusal without a judgement: no such report here, or not one that the caller may ask for. what->report has its id. */
PV_RESULT pv_batch_unknown(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e);
/* An entry of the caller's own, with rows as in pv_journal_add(). */
PV_RESULT pv_batch_entry(struct pv_batch *b, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e);
/* A refusal of the caller's own, of which repeats are counted, as in pv_journal_refusal(). */
PV_RESULT pv_batch_refusal(struct pv_batch *b, const struct pv_journal_entry *entry,
    struct pv_arena *a, struct pv_journalled *out, struct pv_err *e);
/*
 * One submission, one fsync. A failure fails all of them, and nothing was released. The checkpoint is owed then: the
 * next commit keeps it, or pv_journal_settle() when nobody waits.
 */
PV_RESULT pv_batch_commit(struct pv_batch *b, struct pv_err *e);
/*
 * The second look at what pv_batch_release() granted, for each, refused or not. What is refused now gets its entries
 * (not-given, refused) at once, with all others of the batch that are as well. A release that is never finished counts
 * as given.
 */
PV_RESULT pv_batch_finish(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e);
/* The same for pv_batch_entry(): whether it was written. out is filled by commit. */
PV_RESULT pv_batch_written(struct pv_batch *b, const struct pv_journalled *out, struct pv_err *e);

/* Freed with the batch, however it went: what a call holds from begin to finish and no arena may (secrets). */
void pv_batch_own(struct pv_batch *b, void *thing, void (*free_thing)(void *thing));

/* Sees what others have written, once for all that begin in this batch: each was asked before the first of them began. */
PV_RESULT pv_batch_refresh(struct pv_batch *b, struct pv_err *e);
/* The labels of the batch, which has them as long as it is there. */
struct pv_labels *pv_batch_labels(struct pv_batch *b);

#endif
