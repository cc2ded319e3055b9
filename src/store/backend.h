/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backend gives: a file of its own (sqlite.c). Queue, group commit,
 * reserve and erasable keys are the same for all and stand above it (store.c,
 * reserve.c, keys.c). Arguments have been checked when they get here.
 */
#ifndef PV_STORE_BACKEND_H
#define PV_STORE_BACKEND_H

#include "store/tables.h"

struct pv_store_job {
	const struct pv_store_submission *sub;
	struct pv_store_result *r;
};

enum pv_commit {
	PV_COMMIT_FAILED = 0, /* nothing of any job was applied; each result says why */
	PV_COMMIT_NO_SPACE,   /* the same, and more space would help */
	PV_COMMIT_DONE,       /* each result says what became of its job */
};

struct pv_backend {
	/* *no_space: it failed, and more space would help. */
	PV_RESULT (*open)(void **db, const char *path, const struct pv_store_options *o,
	    bool *no_space, struct pv_err *e);
	void (*close)(void *db);
	/* All jobs in one transaction, each as a whole or not at all. By one thread at a time. */
	enum pv_commit (*commit)(void *db, struct pv_store_job *const *jobs, size_t n);
	/* Called between commits, after their answers: work that may wait. in_background: a daemon is running. */
	void (*tidy)(void *db, bool in_background);
	/* The highest id of an erasable key that a row names. */
	/* Says of a job that there is no space for it. */
	void (*refuse_no_space)(void *db, const struct pv_store_job *job);
	PV_RESULT (*top_key)(void *db, uint64_t *id, struct pv_err *e);

	PV_RESULT (*view_open)(void **view, void *db, struct pv_err *e);
	void (*view_close)(void *view);
	uint64_t (*version)(void *db);
	/* The same, of commits of others only. Not while one of ours is under way. */
	uint64_t (*others)(void *db);
	PV_RESULT (*head)(void *view, struct pv_slice log, struct pv_store_head *out, bool *found,
	    struct pv_err *e);
	PV_RESULT (*name)(void *view, size_t i, struct pv_arena *a, struct pv_slice *out,
	    bool *found, struct pv_err *e);
	PV_RESULT (*tile)(void *view, struct pv_slice log, unsigned level, uint64_t n,
	    unsigned width, uint8_t (*out)[PV_STORE_HASH], struct pv_err *e);
	PV_RESULT (*root)(void *view, struct pv_slice log, uint64_t size,
	    uint8_t out[PV_STORE_HASH], struct pv_err *e);
	PV_RESULT (*checkpoint)(void *view, struct pv_slice log, enum pv_store_note_kind kind,
	    uint64_t size, struct pv_arena *a, struct pv_store_checkpoint *out, bool *found,
	    struct pv_err *e);
	PV_RESULT (*row)(void *view, enum pv_store_table table, struct pv_store_row *row,
	    struct pv_arena *a, bool *found, struct pv_err *e);

	PV_RESULT (*entries)(void **cursor, void *view, struct pv_slice log, uint64_t from,
	    uint64_t to, struct pv_err *e);
	PV_RESULT (*rows)(
	    void **cursor, void *view, const struct pv_store_query *q, struct pv_err *e);
	PV_RESULT (*count)(
	    uint64_t *out, void *view, const struct pv_store_query *q, struct pv_err *e);
	PV_RESULT (*entry_next)(void *cursor, uint64_t *index, struct pv_store_entry *entry,
	    bool *more, struct pv_err *e);
	PV_RESULT (*row_next)(void *cursor, struct pv_store_row *row, bool *more, struct pv_err *e);
	void (*cursor_close)(void *cursor);

	PV_RESULT (*backup)(void *db, const char *dst, struct pv_err *e);
	PV_RESULT (*check)(void *db, struct pv_err *e);
	PV_RESULT (*info)(void *db, struct pv_store_info *out, struct pv_err *e);
};

extern const struct pv_backend pv_store_sqlite;

#endif
