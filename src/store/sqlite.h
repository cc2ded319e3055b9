/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the SQLite backend: sqlite.c (file, schema, faults), sqlite_write.c, sqlite_read.c. */
#ifndef PV_STORE_SQLITE_H
#define PV_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/vec.h"
#include "store/backend.h"

/* An entry's row id is its log's id and its index: one B-tree, appended to at the end of each log's range. */
#define SQ_INDEX_BITS 40
#define SQ_LOG_MAX    (1 << 22)

#define SQ_SCHEMA_VERSION 3
#define SQ_APPLICATION_ID 0x50765374 /* "PvSt" */
#define SQ_BACKUP_ID \
	0x50765362 /* "PvSb": the same, a copy that is not written to before it is adopted */

enum sq_stmt {
	SQ_BEGIN_WRITE,
	SQ_BEGIN_READ,
	SQ_COMMIT,
	SQ_ROLLBACK,
	SQ_SAVE,
	SQ_RELEASE,
	SQ_UNDO,
	SQ_DATA_VERSION,
	SQ_LOG_GET,
	SQ_LOG_NAME,
	SQ_LOG_ADD,
	SQ_LOG_GROW,
	SQ_ENTRY_ADD,
	SQ_LEAVES,
	SQ_TILE_GET,
	SQ_TILE_ADD,
	SQ_TILE_SET,
	SQ_NOTE_GET,
	SQ_NOTE_PUT,
	SQ_NOTE_TRIM,
	SQ_STMTS
};

enum sq_verb { SQ_ROW_ADD, SQ_ROW_PUT, SQ_ROW_GET, SQ_ROW_DELETE, SQ_ROW_CLEAR, SQ_VERBS };

/* Statements of cursors are kept, too: a query of the same form needs no new one. */
#define SQ_KEPT 24
struct sq_kept {
	char *sql;
	sqlite3_stmt *st;
	bool busy;
	uint64_t used;
};

/* A connection, used by one thread at a time, with its prepared statements. */
struct sq_conn {
	sqlite3 *db;
	const char *path;
	sqlite3_stmt *fixed[SQ_STMTS];
	sqlite3_stmt *row[PV_STORE_TABLES][SQ_VERBS];
	struct sq_kept kept[SQ_KEPT];
	uint64_t uses;
	struct sq_conn *next;
};

/* What the writer knows of a log, so that an append reads nothing. */
struct sq_log {
	int64_t id;
	char *name;
	enum pv_store_log_kind kind;
	uint64_t size;
	uint64_t stored_size; /* in the logs row */
	bool root_stale;
	uint8_t root[PV_STORE_HASH];
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	uint8_t tail[PV_STORE_TILE][PV_STORE_HASH]; /* leaf hashes of the unfinished tile */
};

/* A connection in a read transaction. */
struct sq_view {
	struct sq_store *sq;
	struct sq_conn *c;
};

struct sq_undo {
	size_t at; /* in logs */
	struct sq_log was;
};

struct sq_store {
	char *path;
	struct pv_store_options o;
	struct sq_conn *w; /* the writer's; NULL when reading only */

	/* The writer's: one thread at a time. */
	PV_VEC(struct sq_log *) logs;
	int64_t data_version; /* at which logs are true; changes with another connection's commit */
	PV_VEC(uint64_t) firsts; /* by change of the present job: index of its first entry */
	struct sq_undo undo[PV_STORE_LOGS_MAX];
	size_t n_undo;
	unsigned broken; /* a result code after which nothing more is written; 0: fine */
	unsigned wal_pages;
	unsigned wal_next; /* how long the log may get before something is done about it */
	uint64_t commits;

	pthread_mutex_t pool_lock;
	struct sq_conn *pool; /* idle connections of readers */
	pthread_mutex_t version_lock;
	struct sq_conn *version; /* its own: PRAGMA data_version tells of the commits of others alone */
	bool immutable;       /* a read-only disk without a log to recover */
	bool no_space;        /* that is why it could not be opened */

	/* The thread that copies the WAL into the file while the writer goes on. */
	pthread_mutex_t copy_lock;
	pthread_cond_t copy_wake;
	pthread_t copier;
	bool copier_runs, copy_wanted, copier_stop;
	unsigned copied; /* pages of the log that are in the file */
};

/* sqlite.c */
static inline struct pv_status
sq_failed(const struct pv_err *e)
{
	return (struct pv_status){ e->code };
}

int sq_open_db(sqlite3 **db, const char *path, int flags, const char *vfs, bool immutable);
/* NULL with e on failure. */
struct sq_conn *sq_conn_open(struct sq_store *sq, int flags, struct pv_err *e);
void sq_conn_close(struct sq_conn *c);
/* The prepared statement, reset and without bindings; NULL with the code in *rc. */
sqlite3_stmt *sq_stmt(struct sq_conn *c, enum sq_stmt which, int *rc);
sqlite3_stmt *sq_row_stmt(struct sq_conn *c, enum pv_store_table table, enum sq_verb verb, int *rc);
/* A fixed statement without parameters that gives no rows. */
int sq_run(struct sq_conn *c, enum sq_stmt which);
/* Whether more space would help. */
bool sq_no_space(const struct sq_conn *c, int rc);
/* "subject cannot be verb (why)". */
PV_RESULT sq_fail(
    struct sq_conn *c, int rc, const char *subject, const char *verb, struct pv_err *e);
PV_RESULT sq_fail_read(struct sq_conn *c, int rc, struct pv_err *e);
struct pv_status sq_no_space_fail(const struct sq_store *sq, const char *subject, struct pv_err *e);
int sq_bind_cell(
    sqlite3_stmt *st, int at, enum pv_column_kind kind, const struct pv_store_cell *cell);
/* Size, root and edge from three columns beginning at col; false when they do not fit together. */
bool sq_read_head(sqlite3_stmt *st, int col, uint64_t *size, uint8_t root[PV_STORE_HASH],
    uint8_t (*edge)[PV_STORE_HASH]);
void sq_read_cells(sqlite3_stmt *st, const struct pv_table *t, struct pv_store_row *row);

/* The columns as sq_read_cells takes them: a log by its name. */
void sq_add_columns(struct pv_buf *sql, const struct pv_table *t);

/* sqlite_make.c */
PV_RESULT sq_make(const char *path, const struct pv_store_options *o, struct pv_err *e);
PV_RESULT sq_backup(void *db, const char *dst, struct pv_err *e);
/* What schema SQ_SCHEMA_VERSION has and version has not, in one transaction. */
int sq_upgrade(sqlite3 *db, int64_t version);
/* The names of columns [from, to): of fmt, % is the name and # the number from 1. */
void sq_add_names(struct pv_buf *sql, const struct pv_table *t, unsigned from, unsigned to,
    const char *fmt, const char *between);

/* sqlite_check.c */
PV_RESULT sq_check_heads(struct sq_store *sq, struct sq_conn *c, struct pv_err *e);
PV_RESULT sq_check(void *db, struct pv_err *e);

/* sqlite_read.c: also for the writer and the check, inside their transaction */
int sq_tile(struct sq_conn *c, int64_t log, unsigned level, uint64_t n, unsigned width,
    uint8_t (*out)[PV_STORE_HASH]);
/* The right edge of the first size entries. */
int sq_edge(struct sq_conn *c, const struct pv_store_tree *tree, int64_t log, uint64_t size,
    uint8_t (*edge)[PV_STORE_HASH]);

PV_RESULT sq_view_open(void **view, void *db, struct pv_err *e);
uint64_t sq_version(void *db);
uint64_t sq_others(void *db);
void sq_view_close(void *view);
PV_RESULT sq_view_head(
    void *view, struct pv_slice log, struct pv_store_head *out, bool *found, struct pv_err *e);
PV_RESULT sq_view_name(
    void *view, size_t i, struct pv_arena *a, struct pv_slice *out, bool *found, struct pv_err *e);
PV_RESULT sq_view_tile(void *view, struct pv_slice log, unsigned level, uint64_t n, unsigned width,
    uint8_t (*out)[PV_STORE_HASH], struct pv_err *e);
PV_RESULT sq_view_root(
    void *view, struct pv_slice log, uint64_t size, uint8_t out[PV_STORE_HASH], struct pv_err *e);
PV_RESULT sq_view_checkpoint(void *view, struct pv_slice log, enum pv_store_note_kind kind,
    uint64_t size, struct pv_arena *a, struct pv_store_checkpoint *out, bool *found,
    struct pv_err *e);
PV_RESULT sq_view_row(void *view, enum pv_store_table table, struct pv_store_row *row,
    struct pv_arena *a, bool *found, struct pv_err *e);
PV_RESULT sq_view_entries(
    void **cursor, void *view, struct pv_slice log, uint64_t from, uint64_t to, struct pv_err *e);
PV_RESULT sq_view_rows(void **cursor, void *view, const struct pv_store_query *q, struct pv_err *e);
PV_RESULT sq_view_count(
    uint64_t *out, void *view, const struct pv_store_query *q, struct pv_err *e);
PV_RESULT sq_entry_next(
    void *cursor, uint64_t *index, struct pv_store_entry *entry, bool *more, struct pv_err *e);
PV_RESULT sq_row_next(void *cursor, struct pv_store_row *row, bool *more, struct pv_err *e);
void sq_cursor_close(void *cursor);

/* sqlite_write.c */
enum pv_commit sq_commit(void *db, struct pv_store_job *const *jobs, size_t n);
void sq_refuse_no_space(void *db, const struct pv_store_job *job);
void sq_forget_logs(struct sq_store *sq);

#endif
