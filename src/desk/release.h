/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way by which a key leaves: decide, write the journal, wait until it
 * is durable, look at the clock and the orders again. Inside of the desk.
 */
#ifndef PV_DESK_RELEASE_H
#define PV_DESK_RELEASE_H

#include "desk/journal.h"
#include "desk/judge.h"
#include "desk/report.h"

struct pv_releasing {
	const struct pv_case *c;
	const struct pv_kept *report;
	struct pv_slice person;
	const struct pv_store_change *rows; /* to be written with the entry, whichever it is */
	size_t row_count;
};

struct pv_released {
	bool granted;              /* the caller may write the key now, at once */
	struct pv_slice release;   /* granted */
	struct pv_slice reference; /* refused */
	struct pv_judgement judgement;
	struct pv_journalled journalled;
};

/* A batch of one: desk/batch.h. */
PV_RESULT pv_release(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *out, struct pv_err *e);
/* A refusal about a report that is not here. */
PV_RESULT pv_release_unknown(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *out, struct pv_err *e);
/* It was looked at once more and is refused now: after some bytes left ("cut"), or none ("not-given"). r->judgement is the new one. */
PV_RESULT pv_release_stop(struct pv_desk *d, const struct pv_releasing *what, uint64_t bytes,
    struct pv_arena *a, struct pv_released *r, struct pv_err *e);
/* What was granted did not leave after all. */
PV_RESULT pv_release_not_given(struct pv_desk *d, const struct pv_releasing *what,
    const struct pv_released *r, const char *why, struct pv_arena *a, struct pv_err *e);

/*
 * The entries of a release, to be written by pv_journal_write(); r says which release it is, or what was judged. What is
 * laid lives in a.
 */
void pv_release_lay_grant(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_journal_item *item);
void pv_release_lay_refusal(struct pv_desk *d, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_journal_item *item);
/* It was granted and is not now: two entries, that it did not leave (or how much of it did), and why it is refused. */
#define PV_RELEASE_STOP_ITEMS 2
void pv_release_lay_stop(struct pv_desk *d, const struct pv_releasing *what, uint64_t bytes,
    struct pv_arena *a, struct pv_released *r, struct pv_journal_item items[PV_RELEASE_STOP_ITEMS]);

/* What a caller may be told: an order that is public, or anything when the caller is of this authority. */
PV_RESULT pv_tell(struct pv_desk *d, const struct pv_released *r, struct pv_slice caller,
    struct pv_arena *a, struct pv_told *out, struct pv_err *e);

/* JSON array of the obligations; custody: an agreement lets the recipient keep it and give it on. */
struct pv_slice pv_terms_json(const struct pv_judgement *j, struct pv_arena *a);

#endif
