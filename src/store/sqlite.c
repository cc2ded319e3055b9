/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite backend: the file, its schema, and what its faults mean.
 *
 * WAL with synchronous=FULL: a commit is one fdatasync of the log, and what was
 * answered survives a power cut. The file is made under another name, whole, and
 * renamed, so that a store is there or is not. The log file stays when the last
 * process leaves, emptied: a read-only or full disk then still opens.
 *
 * Copying the log into the file ("checkpoint" in SQLite's words) costs an fsync
 * of both; under a daemon a thread of its own does it, so that no answer waits.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define WRITE_CACHE_KIB 32768
#define WAL_COPY_PAGES  8000 /* a daemon: the copier begins */
#define WAL_TURN_PAGES \
	12000 /* the writer does the rest, if it is little, so that the log begins anew */
#define WAL_LIMIT_PAGES 64000 /* even if it is much */
#define WAL_STEP_PAGES  1000  /* and again after so many; also a single command's measure */
#define BUSY_OFTEN      500
#define BUSY_OFTEN_US   200
#define BUSY_STEP_US    2000

static const char note_get_sql[] =
    "SELECT size, root, second, note FROM checkpoints"
    " WHERE log = ?1 AND kind = ?2 AND size <= ?3 ORDER BY size DESC LIMIT 1";
static const char note_put_sql[] =
    "INSERT INTO checkpoints (log, kind, size, root, second, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    " ON CONFLICT DO UPDATE SET second = excluded.second, note = excluded.note";

static const char note_trim_sql[] =
    "DELETE FROM checkpoints WHERE log = ?1 AND kind = ?2 AND size >= ?3 AND size < ?4";

static const char *const fixed_sql[SQ_STMTS] = {
	[SQ_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQ_BEGIN_READ] = "BEGIN",
	[SQ_COMMIT] = "COMMIT",
	[SQ_ROLLBACK] = "ROLLBACK",
	[SQ_SAVE] = "SAVEPOINT job",
	[SQ_RELEASE] = "RELEASE job",
	[SQ_UNDO] = "ROLLBACK TO job",
	[SQ_DATA_VERSION] = "PRAGMA data_version",
	[SQ_LOG_GET] = "SELECT id, kind, size, root, edge FROM logs WHERE name = ?1",
	[SQ_LOG_NAME] = "SELECT name FROM logs ORDER BY id LIMIT 1 OFFSET ?1",
	[SQ_LOG_ADD] = "INSERT INTO logs (name, kind, root) VALUES (?1, ?2, ?3)",
	[SQ_LOG_GROW] =
	    "UPDATE logs SET size = ?1, root = ?2, edge = ?3 WHERE id = ?4 AND size = ?5",
	[SQ_ENTRY_ADD] = "INSERT INTO entries (id, second, leaf, body) VALUES (?1, ?2, ?3, ?4)",
	[SQ_LEAVES] = "SELECT leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id",
	[SQ_TILE_GET] = "SELECT hashes FROM tiles WHERE log = ?1 AND level = ?2 AND n = ?3",
	[SQ_TILE_ADD] = "INSERT INTO tiles (hashes, log, level, n) VALUES (?1, ?2, ?3, ?4)",
	[SQ_TILE_SET] = "UPDATE tiles SET hashes = ?1 WHERE log = ?2 AND level = ?3 AND n = ?4",
	[SQ_NOTE_GET] = note_get_sql,
	[SQ_NOTE_PUT] = note_put_sql,
	[SQ_NOTE_TRIM] = note_trim_sql,
};

/* ---- what a fault means ---- */

static int
system_errno(const struct sq_conn *c)
{
	int err = c != NULL && c->db != NULL ? sqlite3_system_errno(c->db) : 0;

	return err != 0 ? err : errno; /* SQLite forgets some, as that of a write to its log */
}

bool
sq_no_space(const struct sq_conn *c, int rc)
{
	int err = system_errno(c);

	if ((rc & 0xff) == SQLITE_FULL)
		return true;
	return ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) &&
	       (err == ENOSPC || err == EDQUOT || err == EFBIG);
}

struct pv_status
sq_no_space_fail(const struct sq_store *sq, const char *subject, struct pv_err *e)
{
	uint64_t mib = sq->o.reserve_bytes >> 20;

	return pv_advise(
	    PV_FAIL(e, PV_E_CONFIG, "%s cannot be written (no space on the store's disk)", subject),
	    e, "free %llu MiB on the disk of \"%s\"", (unsigned long long)(mib > 64 ? mib : 64),
	    sq->path);
}

PV_RESULT
sq_fail(struct sq_conn *c, int rc, const char *subject, const char *verb, struct pv_err *e)
{
	int err = system_errno(c);

	if (sq_no_space(c, rc))
		return PV_FAIL(e, PV_E_CONFIG, "%s cannot be %s (no space on the store's disk)",
		    subject, verb);
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return pv_advise(
		    PV_FAIL(e, PV_E_DOWN, "%s cannot be %s (another process is writing to it)",
			subject, verb),
		    e, "give the same command again when the other one has ended");
	case SQLITE_READONLY:
		return PV_FAIL(
		    e, PV_E_CONFIG, "%s cannot be %s (the store is read-only)", subject, verb);
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return PV_FAIL(e, PV_E_CONFIG, "%s cannot be %s (%s)", subject, verb,
		    err != 0 ? strerror(err) : "it cannot be opened");
	case SQLITE_IOERR:
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "%s cannot be %s (the disk fails: %s)",
				     subject, verb, err != 0 ? strerror(err) : sqlite3_errstr(rc)),
		    e, "check the disk; what was acknowledged stays acknowledged");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "%s cannot be %s (the store's file is damaged)",
			subject, verb),
		    e, "keep the file \"%s\" as it is, and restore the newest backup beside it",
		    c->path);
	case SQLITE_CONSTRAINT:
		return PV_FAIL(e, PV_E_UNTRUSTED, "%s cannot be %s (%s)", subject, verb,
		    c->db != NULL ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
	case SQLITE_TOOBIG:
		return PV_FAIL(e, PV_E_LIMIT, "%s cannot be %s (too large)", subject, verb);
	case SQLITE_NOMEM:
		pv_out_of_memory(0);
	default:
		return PV_FAIL(
		    e, PV_E_BUG, "%s cannot be %s (%s)", subject, verb, sqlite3_errstr(rc));
	}
}

PV_RESULT
sq_fail_read(struct sq_conn *c, int rc, struct pv_err *e)
{
	return sq_fail(c, rc, "the store", "read", e);
}

static PV_RESULT
fail_open(struct sq_store *sq, struct sq_conn *c, int rc, struct pv_err *e)
{
	char subject[300];

	__atomic_store_n(&sq->no_space, sq_no_space(c, rc),
	    __ATOMIC_RELAXED); /* any thread may open a connection */
	if (rc == SQLITE_ERROR)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "\"%s\" is not a store of Proviso, or is damaged", sq->path);
	snprintf(subject, sizeof(subject), "the store \"%s\"", sq->path);
	return sq_fail(c, rc, subject, "opened", e);
}

/* ---- statements ---- */

sqlite3_stmt *
sq_stmt(struct sq_conn *c, enum sq_stmt which, int *rc)
{
	*rc = SQLITE_OK;
	if (c->fixed[which] == NULL)
		*rc = sqlite3_prepare_v3(
		    c->db, fixed_sql[which], -1, SQLITE_PREPARE_PERSISTENT, &c->fixed[which], NULL);
	if (*rc != SQLITE_OK)
		return NULL;
	sqlite3_reset(c->fixed[which]);
	sqlite3_clear_bindings(c->fixed[which]);
	return c->fixed[which];
}

int
sq_run(struct sq_conn *c, enum sq_stmt which)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(c, which, &rc);

	if (st == NULL)
		return rc;
	rc = sqlite3_step(st);
	/* The reset tells the whole code where step gave a short one. */
	if (rc == SQLITE_DONE)
		rc = SQLITE_OK;
	sqlite3_reset(st);
	return rc;
}

static void
add_insert(struct pv_buf *sql, const struct pv_table *t)
{
	pv_buf_addf(sql, "INSERT INTO %s (", t->name);
	sq_add_names(sql, t, 0, t->columns, "%", ", ");
	pv_buf_add_str(sql, ") VALUES (");
	sq_add_names(sql, t, 0, t->columns, "?#", ", ");
	pv_buf_add_str(sql, ") ON CONFLICT (");
	sq_add_names(sql, t, 0, t->keys, "%", ", ");
}

void
sq_add_columns(struct pv_buf *sql, const struct pv_table *t)
{
	for (unsigned i = 0; i < t->columns; i++) {
		if (i > 0)
			pv_buf_add_str(sql, ", ");
		if (t->c[i].kind == PV_COL_LOG)
			pv_buf_addf(
			    sql, "(SELECT name FROM logs WHERE logs.id = %s)", t->c[i].name);
		else
			pv_buf_add_str(sql, t->c[i].name);
	}
}

static void
add_get(struct pv_buf *sql, const struct pv_table *t)
{
	pv_buf_add_str(sql, "SELECT ");
	sq_add_columns(sql, t);
	pv_buf_addf(sql, " FROM %s WHERE ", t->name);
	sq_add_names(sql, t, 0, t->keys, "% = ?#", " AND ");
}

static void
add_row_sql(struct pv_buf *sql, const struct pv_table *t, enum sq_verb verb)
{
	switch (verb) {
	case SQ_ROW_ADD:
		add_insert(sql, t);
		pv_buf_add_str(sql, ") DO NOTHING");
		return;
	case SQ_ROW_PUT:
		add_insert(sql, t);
		pv_buf_add_str(sql, ") DO UPDATE SET ");
		sq_add_names(sql, t, t->keys, t->columns, "% = excluded.%", ", ");
		return;
	case SQ_ROW_GET:
		add_get(sql, t);
		return;
	case SQ_ROW_DELETE:
		pv_buf_addf(sql, "DELETE FROM %s WHERE ", t->name);
		sq_add_names(sql, t, 0, t->keys, "% = ?#", " AND ");
		return;
	case SQ_ROW_CLEAR:
		pv_buf_addf(sql, "DELETE FROM %s", t->name);
		return;
	case SQ_VERBS:
		return;
	}
}

sqlite3_stmt *
sq_row_stmt(struct sq_conn *c, enum pv_store_table table, enum sq_verb verb, int *rc)
{
	PV_AUTO(pv_buf_free) struct pv_buf sql = { 0 };
	sqlite3_stmt **st = &c->row[table][verb];

	*rc = SQLITE_OK;
	if (*st == NULL) {
		add_row_sql(&sql, pv_table_get(table), verb);
		*rc = sqlite3_prepare_v3(
		    c->db, pv_buf_str(&sql), -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
		if (*rc != SQLITE_OK)
			return NULL;
	}
	sqlite3_reset(*st);
	sqlite3_clear_bindings(*st);
	return *st;
}

int
sq_bind_cell(sqlite3_stmt *st, int at, enum pv_column_kind kind, const struct pv_store_cell *cell)
{
	const char *p = cell->s.n > 0 ? cell->s.p : "";

	switch (kind) {
	case PV_COL_LOG: /* n is the log's id by now; no name, no log */
		return cell->s.n == 0 ? sqlite3_bind_null(st, at)
				      : sqlite3_bind_int64(st, at, (int64_t)cell->n);
	case PV_COL_NUMBER:
		return sqlite3_bind_int64(st, at, (int64_t)cell->n);
	case PV_COL_TEXT:
		return sqlite3_bind_text(st, at, p, (int)cell->s.n, SQLITE_STATIC);
	case PV_COL_BYTES:
		return sqlite3_bind_blob(st, at, p, (int)cell->s.n, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

bool
sq_read_head(sqlite3_stmt *st, int col, uint64_t *size, uint8_t root[PV_STORE_HASH],
    uint8_t (*edge)[PV_STORE_HASH])
{
	int n;

	*size = (uint64_t)sqlite3_column_int64(st, col);
	n = __builtin_popcountll(*size) * PV_STORE_HASH;
	if (*size > PV_STORE_SIZE_MAX || sqlite3_column_bytes(st, col + 1) != PV_STORE_HASH ||
	    sqlite3_column_bytes(st, col + 2) != n)
		return false;
	memcpy(root, sqlite3_column_blob(st, col + 1), PV_STORE_HASH);
	if (n > 0)
		memcpy(edge, sqlite3_column_blob(st, col + 2), (size_t)n);
	return true;
}

void
sq_read_cells(sqlite3_stmt *st, const struct pv_table *t, struct pv_store_row *row)
{
	*row = (struct pv_store_row){ 0 };
	for (unsigned i = 0; i < t->columns; i++) {
		struct pv_store_cell *cell = &row->c[i];

		if (t->c[i].kind == PV_COL_NUMBER) {
			cell->n = (uint64_t)sqlite3_column_int64(st, (int)i);
			continue;
		}
		/* The pointer before the length: that is the order SQLite asks for. */
		cell->s.p = t->c[i].kind == PV_COL_BYTES
				? sqlite3_column_blob(st, (int)i)
				: (const char *)sqlite3_column_text(st, (int)i);
		cell->s.n = (size_t)sqlite3_column_bytes(st, (int)i);
	}
}

/* ---- connections ---- */

/*
 * Looked at often in the beginning: a busy writer lets go of the lock for some
 * microseconds between two commits, and whoever looks seldom never sees it free.
 */
static int
wait_for_writer(void *ctx, int tries)
{
	const struct sq_store *sq = ctx;
	unsigned n = (unsigned)tries;
	uint64_t waited_us = n <= BUSY_OFTEN
				 ? n * BUSY_OFTEN_US
				 : BUSY_OFTEN * BUSY_OFTEN_US + (n - BUSY_OFTEN) * BUSY_STEP_US;

	if (waited_us >= sq->o.busy_ms * 1000ULL)
		return 0;
	usleep(n < BUSY_OFTEN ? BUSY_OFTEN_US : BUSY_STEP_US);
	return 1;
}

static int
set_pragmas(sqlite3 *db)
{
	/*
	 * Page 4096 and UTF-8 are SQLite's own choice; cell_size_check finds damage early. The log
	 * keeps its length when it begins anew: to overwrite is faster to sync than to grow. (It is
	 * emptied when the last process leaves.)
	 */
	return sqlite3_exec(db,
	    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
	    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
	    "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;",
	    NULL, NULL, NULL);
}

static int
keep_log_file(sqlite3 *db)
{
	int on = 1;

	return sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

/* path as a URI, for immutable=1: what means something there is written as %xx. */
static void
add_uri(struct pv_buf *uri, const char *path)
{
	pv_buf_add_str(uri, "file:");
	for (const char *p = path; *p != '\0'; p++)
		if (*p == '?' || *p == '#' || *p == '%')
			pv_buf_addf(uri, "%%%02x", (unsigned char)*p);
		else
			pv_buf_add_c(uri, *p);
	pv_buf_add_str(uri, "?immutable=1");
}

int
sq_open_db(sqlite3 **db, const char *path, int flags, const char *vfs, bool immutable)
{
	PV_AUTO(pv_buf_free) struct pv_buf uri = { 0 };

	if (immutable)
		add_uri(&uri, path);
	return sqlite3_open_v2(immutable ? pv_buf_str(&uri) : path, db,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (immutable ? SQLITE_OPEN_URI : 0),
	    vfs);
}

struct sq_conn *
sq_conn_open(struct sq_store *sq, int flags, struct pv_err *e)
{
	struct sq_conn *c = PV_NEW(struct sq_conn);
	int rc = sq_open_db(&c->db, sq->path, flags, sq->o.vfs, sq->immutable);

	c->path = sq->path;
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_handler(c->db, wait_for_writer, sq);
	if (rc == SQLITE_OK)
		rc = set_pragmas(c->db);
	if (rc == SQLITE_OK)
		rc = keep_log_file(c->db);
	if (rc != SQLITE_OK) {
		pv_ignore(fail_open(sq, c, rc, e));
		sq_conn_close(c);
		return NULL;
	}
	return c;
}

void
sq_conn_close(struct sq_conn *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SQ_STMTS; i++)
		sqlite3_finalize(c->fixed[i]);
	for (size_t i = 0; i < PV_STORE_TABLES; i++)
		for (size_t k = 0; k < SQ_VERBS; k++)
			sqlite3_finalize(c->row[i][k]);
	for (size_t i = 0; i < SQ_KEPT; i++) {
		sqlite3_finalize(c->kept[i].st);
		pv_free(c->kept[i].sql);
	}
	sqlite3_close(c->db);
	pv_free(c);
}

static int
get_number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_ERROR : rc;
}

/* ---- opening one ---- */

static PV_RESULT
check_kind(struct sq_store *sq, struct sq_conn *c, struct pv_err *e)
{
	int64_t id = 0, version = 0;
	int rc = get_number(c->db, "PRAGMA application_id", &id);

	if (rc == SQLITE_OK)
		rc = get_number(c->db, "PRAGMA user_version", &version);
	if (rc != SQLITE_OK)
		return fail_open(sq, c, rc, e);
	if (id != SQ_APPLICATION_ID && id != SQ_BACKUP_ID)
		return PV_FAIL(e, PV_E_UNTRUSTED, "\"%s\" is not a store of Proviso", sq->path);
	if (id == SQ_BACKUP_ID && sq->o.mode == PV_STORE_WRITE && !sq->o.adopt)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG,
				     "\"%s\" is a backup copy, and is not written to", sq->path),
		    e,
		    "restore it: a log must first take back what it grew since the copy was made");
	if (version >= 1 && version < SQ_SCHEMA_VERSION && sq->o.mode == PV_STORE_READ)
		return pv_advise(
		    PV_FAIL(e, PV_E_CONFIG,
			"the store \"%s\" has version %lld, and is opened for reading only",
			sq->path, (long long)version),
		    e,
		    "run any command that writes here once, 'proviso status' for one: it brings "
		    "the "
		    "store to version %d",
		    SQ_SCHEMA_VERSION);
	if (version >= 1 && version < SQ_SCHEMA_VERSION) {
		rc = sq_upgrade(c->db, version);
		if (rc != SQLITE_OK)
			return fail_open(sq, c, rc, e);
		version = SQ_SCHEMA_VERSION;
	}
	if (version != SQ_SCHEMA_VERSION)
		return pv_advise(
		    PV_FAIL(e, PV_E_CONFIG,
			"the store \"%s\" has version %lld; this program knows version %d",
			sq->path, (long long)version, SQ_SCHEMA_VERSION),
		    e, "use the program that wrote it, or a newer one");
	return PV_DONE;
}

static int
on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct sq_store *sq = ctx;

	(void)db;
	(void)name;
	sq->wal_pages = (unsigned)pages;
	return SQLITE_OK;
}

/* Whether only the shared-memory file keeps a reader out, and no log waits to be recovered. */
static bool
may_be_immutable(const struct sq_store *sq)
{
	PV_AUTO(pv_buf_free) struct pv_buf wal = { 0 };
	struct stat st;

	pv_buf_addf(&wal, "%s-wal", sq->path);
	return sq->o.mode == PV_STORE_READ && (stat(pv_buf_str(&wal), &st) != 0 || st.st_size == 0);
}

/* The first connection, after a look at what it leads to. NULL with e on failure. */
static struct sq_conn *
open_first(struct sq_store *sq, struct pv_err *e)
{
	int flags = sq->o.mode == PV_STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	struct sq_conn *c = sq_conn_open(sq, flags, e);
	struct pv_status st;
	int64_t logs;
	int rc;

	if (c == NULL)
		return NULL;
	rc = get_number(c->db, "SELECT count(*) FROM logs", &logs);
	if (((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) && !sq->immutable &&
	    may_be_immutable(sq)) {
		sq_conn_close(c);
		sq->immutable = true;
		return open_first(sq, e);
	}
	/* "no such table" is said better by what the file is */
	st = rc == SQLITE_OK || rc == SQLITE_ERROR ? check_kind(sq, c, e) : fail_open(sq, c, rc, e);
	if (pv_ok(st))
		st = sq_check_heads(sq, c, e);
	if (pv_ok(st))
		return c;
	sq_conn_close(c);
	return NULL;
}

static PV_RESULT
make_writer(struct sq_store *sq, struct sq_conn *c, struct pv_err *e)
{
	char sql[100];
	int rc = SQLITE_OK;

	sq->w = c;
	sqlite3_wal_hook(c->db, on_commit, sq);
	snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%d", WRITE_CACHE_KIB);
	rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK && sq->o.adopt) {
		snprintf(sql, sizeof(sql), "PRAGMA application_id=%d", SQ_APPLICATION_ID);
		rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? PV_DONE : fail_open(sq, c, rc, e);
}

static void
close_store(void *db)
{
	struct sq_store *sq = db;
	struct sq_conn *c;

	if (sq->copier_runs) {
		pthread_mutex_lock(&sq->copy_lock);
		sq->copier_stop = true;
		pthread_cond_signal(&sq->copy_wake);
		pthread_mutex_unlock(&sq->copy_lock);
		pthread_join(sq->copier, NULL);
	}
	while ((c = sq->pool) != NULL) {
		sq->pool = c->next;
		sq_conn_close(c);
	}
	sq_conn_close(sq->version);
	sq_forget_logs(sq);
	sq_conn_close(sq->w); /* last: it empties the log file if nobody else has it open */
	PV_VEC_FREE(&sq->logs);
	PV_VEC_FREE(&sq->firsts);
	pthread_mutex_destroy(&sq->pool_lock);
	pthread_mutex_destroy(&sq->version_lock);
	pthread_mutex_destroy(&sq->copy_lock);
	pthread_cond_destroy(&sq->copy_wake);
	pv_free(sq->path);
	pv_free(sq);
}

static PV_RESULT
open_store(
    void **db, const char *path, const struct pv_store_options *o, bool *no_space, struct pv_err *e)
{
	struct sq_store *sq;
	struct sq_conn *c;
	struct pv_status st = PV_DONE;

	*no_space = false;
	if (o->mode == PV_STORE_CREATE)
		PV_TRY(sq_make(path, o, e));
	sq = PV_NEW(struct sq_store);
	sq->path = pv_strdup(path);
	sq->o = *o;
	sq->data_version = -1;
	pthread_mutex_init(&sq->pool_lock, NULL);
	pthread_mutex_init(&sq->version_lock, NULL);
	pthread_mutex_init(&sq->copy_lock, NULL);
	pthread_cond_init(&sq->copy_wake, NULL);
	c = open_first(sq, e);
	if (c == NULL)
		st = sq_failed(e);
	else if (o->mode != PV_STORE_READ)
		st = make_writer(sq, c, e);
	else
		sq->pool = c;
	if (!pv_ok(st)) {
		*no_space = sq->no_space;
		close_store(sq);
		return st;
	}
	*db = sq;
	return PV_DONE;
}

/* ---- keeping the log short ---- */

static void *
copy_log(void *ctx)
{
	struct sq_store *sq = ctx;
	struct sq_conn *c = NULL;
	int copied = 0;
	struct pv_err e;

	pthread_mutex_lock(&sq->copy_lock);
	while (!sq->copier_stop) {
		if (!sq->copy_wanted) {
			pthread_cond_wait(&sq->copy_wake, &sq->copy_lock);
			continue;
		}
		sq->copy_wanted = false;
		pthread_mutex_unlock(&sq->copy_lock);
		/* A failure (a full disk) leaves the log as it is: nothing is lost, and it is tried again. */
		if (c == NULL)
			c = sq_conn_open(sq, SQLITE_OPEN_READWRITE, &e);
		if (c != NULL)
			(void)sqlite3_wal_checkpoint_v2(
			    c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
		pthread_mutex_lock(&sq->copy_lock);
		sq->copied = copied > 0 ? (unsigned)copied : 0;
	}
	pthread_mutex_unlock(&sq->copy_lock);
	sq_conn_close(c);
	return NULL;
}

/* False where there is none. */
static bool
ask_copier(struct sq_store *sq)
{
	if (!sq->copier_runs)
		sq->copier_runs = pthread_create(&sq->copier, NULL, copy_log, sq) == 0;
	pthread_mutex_lock(&sq->copy_lock);
	sq->copy_wanted = true;
	pthread_cond_signal(&sq->copy_wake);
	pthread_mutex_unlock(&sq->copy_lock);
	return sq->copier_runs;
}

static bool
little_is_left(struct sq_store *sq)
{
	unsigned copied;

	pthread_mutex_lock(&sq->copy_lock);
	copied = sq->copied;
	pthread_mutex_unlock(&sq->copy_lock);
	return sq->wal_pages < copied + 2 * WAL_STEP_PAGES;
}

/*
 * While the copier copies, we append: the log would never end. But each of its
 * rounds leaves less; when little is left, the writer does that itself. A reader
 * who stays long only makes the log longer; it is tried again a step later.
 */
static void
tidy(void *db, bool in_background)
{
	struct sq_store *sq = db;
	unsigned first = in_background ? WAL_COPY_PAGES : WAL_STEP_PAGES;

	if (sq->wal_pages < first)
		sq->wal_next = first; /* it has begun anew */
	if (sq->wal_pages < sq->wal_next)
		return;
	sq->wal_next = sq->wal_pages + WAL_STEP_PAGES;
	if (in_background && sq->wal_pages < WAL_LIMIT_PAGES &&
	    (sq->wal_pages < WAL_TURN_PAGES || !little_is_left(sq)) && ask_copier(sq))
		return;
	(void)sqlite3_wal_checkpoint_v2(sq->w->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* ---- the rest of the door ---- */

static PV_RESULT
top_key(void *db, uint64_t *id, struct pv_err *e)
{
	struct pv_status st = PV_DONE;
	struct sq_view *v;
	int64_t top = 0;
	void *view;
	int rc;

	PV_TRY(sq_view_open(&view, db, e));
	v = view;
	rc = get_number(v->c->db,
	    "SELECT max(coalesce((SELECT max(erase_key) FROM disclosures), 0),"
	    " coalesce((SELECT max(erase_key) FROM texts), 0),"
	    " coalesce((SELECT max(erase_key) FROM objects), 0))",
	    &top);
	if (rc != SQLITE_OK)
		st = sq_fail_read(v->c, rc, e);
	*id = (uint64_t)top;
	sq_view_close(view);
	return st;
}

static uint64_t
bytes_of(const char *path, const char *suffix)
{
	PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };
	struct stat st;

	pv_buf_addf(&name, "%s%s", path, suffix);
	return stat(pv_buf_str(&name), &st) == 0 ? (uint64_t)st.st_size : 0;
}

static PV_RESULT
info(void *db, struct pv_store_info *out, struct pv_err *e)
{
	const struct sq_store *sq = db;

	(void)e;
	out->schema = SQ_SCHEMA_VERSION;
	out->bytes = bytes_of(sq->path, "") + bytes_of(sq->path, "-wal");
	return PV_DONE;
}

const struct pv_backend pv_store_sqlite = {
	.open = open_store,
	.close = close_store,
	.commit = sq_commit,
	.tidy = tidy,
	.refuse_no_space = sq_refuse_no_space,
	.top_key = top_key,
	.view_open = sq_view_open,
	.version = sq_version,
	.others = sq_others,
	.view_close = sq_view_close,
	.head = sq_view_head,
	.name = sq_view_name,
	.tile = sq_view_tile,
	.root = sq_view_root,
	.checkpoint = sq_view_checkpoint,
	.row = sq_view_row,
	.entries = sq_view_entries,
	.rows = sq_view_rows,
	.count = sq_view_count,
	.entry_next = sq_entry_next,
	.row_next = sq_row_next,
	.cursor_close = sq_cursor_close,
	.backup = sq_backup,
	.check = sq_check,
	.info = info,
};
