/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: every decision that released, every refusal, outcome, act of
 * administration. docs/protocol/journal.md has the form. An entry is durable
 * before its call returns.
 */
#ifndef PV_DESK_JOURNAL_H
#define PV_DESK_JOURNAL_H

#include "desk/home.h"

#define PV_JOURNAL_FIELDS 8
#define PV_JOURNAL_BYTES  768

/* What may be said of it in clear is the kind; all else is committed. Empty fields are committed too. */
struct pv_journal_entry {
	const char *kind;
	struct pv_slice release; /* random; empty: none */
	struct pv_slice report, party, person, purpose;
	struct pv_slice decision; /* JSON */
	struct pv_slice label;    /* lower-case hex digest */
	struct pv_slice detail;   /* JSON */
};

struct pv_journalled {
	uint64_t index;
	uint64_t second;
	struct pv_names disclosures; /* of all fields, in the arena */
};

/* Writes the counts of repeated refusals whose minute is over. Every entry does so first. */
PV_RESULT pv_journal_flush(struct pv_desk *d, struct pv_err *e);

/*
 * The changes of one entry and its rows, to stand from place base on in a submission of the caller's own. A row's cell
 * with from_append set (to anything) is given the entry's index.
 */
struct pv_journal_laid {
	const struct pv_store_change *changes; /* in the arena */
	size_t n;
	uint64_t second;
	struct pv_names disclosures;
};
PV_RESULT pv_journal_lay(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, size_t base, struct pv_arena *a,
    struct pv_journal_laid *out, struct pv_err *e);
/* Appends the entry, with rows (changes of tables) in the same transaction; from_append as above. */
PV_RESULT pv_journal_add(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e);

/*
 * A refusal: the first of a minute is an entry at once (out->index), its repeats are counted and written as one
 * refused-again when the minute is over. *first says which.
 */
PV_RESULT pv_journal_refusal(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, bool *first, struct pv_err *e);

/* One of several that are written together. */
struct pv_journal_item {
	struct pv_journal_entry entry;
	const struct pv_store_change *rows;
	size_t row_count;
	bool refusal;       /* counted, as above */
	struct pv_arena *a; /* for out */
	struct pv_journalled *out;
	/* filled in */
	bool first;          /* of a refusal */
	struct pv_status st; /* its own failure, said in err: it was left out */
	struct pv_err err;
};
/*
 * One submission, so one fsync, for all of them; its failure is that of all. The checkpoint is signed after they are
 * durable, and kept with the next submission of this desk or by pv_journal_settle().
 */
PV_RESULT pv_journal_write(
    struct pv_desk *d, struct pv_journal_item *items, size_t n, struct pv_err *e);
/* Keeps the checkpoint that is still owed, if one is: when nobody waits, and when a desk is closed. */
PV_RESULT pv_journal_settle(struct pv_desk *d, struct pv_err *e);

/* The fields of an entry that this home can still open: NULL value where erased or never held. */
struct pv_journal_field {
	struct pv_slice name, value; /* JSON text */
	struct pv_slice disclosure;
	bool held;
};
PV_RESULT pv_journal_fields(struct pv_desk *d, struct pv_store_view *v, uint64_t index,
    struct pv_arena *a, struct pv_journal_field *fields, size_t *n, struct pv_err *e);

#endif
