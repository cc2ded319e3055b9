/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making files: a new store with its schema, and backup copies. Each is made
 * whole under another name and linked into its place, so that it is there or is
 * not, and nothing that is there is ever written over.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/file.h"

/* The logs. What must never happen is refused here too, whoever writes to the file. */
static const char schema_sql[] =
    "CREATE TABLE logs ("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,"
    " size INTEGER NOT NULL DEFAULT 0, root BLOB NOT NULL, edge BLOB NOT NULL DEFAULT x'',"
    " CHECK (size >= 0), CHECK (length(root) = 32), CHECK (length(edge) % 32 = 0 AND length(edge) "
    "<= 1280)"
    ") STRICT;"
    "CREATE TRIGGER logs_one_root BEFORE UPDATE ON logs"
    " WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)"
    "  OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.kind <> OLD.kind"
    " BEGIN SELECT RAISE(ABORT, 'a log only grows, and a size has one root'); END;"
    "CREATE TRIGGER logs_stay BEFORE DELETE ON logs"
    " BEGIN SELECT RAISE(ABORT, 'a log is never removed'); END;"
    "CREATE TABLE entries ("
    " id INTEGER PRIMARY KEY," /* log << 40 | index */
    " second INTEGER NOT NULL, leaf BLOB NOT NULL, body BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER entries_same BEFORE UPDATE ON entries"
    " BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END;"
    "CREATE TRIGGER entries_stay BEFORE DELETE ON entries"
    " BEGIN SELECT RAISE(ABORT, 'an entry is never removed'); END;"
    "CREATE TABLE tiles ("
    " log INTEGER NOT NULL REFERENCES logs, level INTEGER NOT NULL, n INTEGER NOT NULL,"
    " hashes BLOB NOT NULL, PRIMARY KEY (log, level, n)"
    ") STRICT;"
    "CREATE TRIGGER tiles_grow BEFORE UPDATE ON tiles"
    " WHEN substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes"
    " BEGIN SELECT RAISE(ABORT, 'a tile only grows'); END;"
    "CREATE TABLE checkpoints ("
    " log INTEGER NOT NULL REFERENCES logs, kind INTEGER NOT NULL, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, second INTEGER NOT NULL, note BLOB NOT NULL,"
    " PRIMARY KEY (log, kind, size), CHECK (length(root) = 32)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER checkpoints_one_root BEFORE INSERT ON checkpoints"
    " WHEN EXISTS (SELECT 1 FROM checkpoints AS c"
    "  WHERE c.log = NEW.log AND c.size = NEW.size AND c.root <> NEW.root)"
    " BEGIN SELECT RAISE(ABORT, 'a size has one root'); END;";

void
sq_add_names(struct pv_buf *sql, const struct pv_table *t, unsigned from, unsigned to,
    const char *fmt, const char *between)
{
	for (unsigned i = from; i < to; i++) {
		if (i > from)
			pv_buf_add_str(sql, between);
		for (const char *f = fmt; *f != '\0'; f++)
			if (*f == '%')
				pv_buf_add_str(sql, t->c[i].name);
			else if (*f == '#')
				pv_buf_add_u64(sql, i + 1);
			else
				pv_buf_add_c(sql, *f);
	}
}

/* ---- making a store ---- */

static void
add_table_sql(struct pv_buf *sql, const struct pv_table *t)
{
	static const char *const types[] = { [PV_COL_LOG] = "INTEGER REFERENCES logs",
		[PV_COL_TEXT] = "TEXT NOT NULL",
		[PV_COL_NUMBER] = "INTEGER NOT NULL",
		[PV_COL_BYTES] = "BLOB NOT NULL" };

	pv_buf_addf(sql, "CREATE TABLE %s (", t->name);
	for (unsigned i = 0; i < t->columns; i++)
		pv_buf_addf(sql, "%s %s%s, ", t->c[i].name, types[t->c[i].kind],
		    i < t->keys && t->c[i].kind == PV_COL_LOG ? " NOT NULL" : "");
	pv_buf_add_str(sql, "PRIMARY KEY (");
	sq_add_names(sql, t, 0, t->keys, "%", ", ");
	pv_buf_addf(sql, ")) STRICT%s;", t->clustered ? ", WITHOUT ROWID" : "");
	for (unsigned i = 0; i < t->columns; i++)
		if (t->c[i].indexed)
			pv_buf_addf(sql, "CREATE INDEX %s_%s ON %s (%s);", t->name, t->c[i].name,
			    t->name, t->c[i].name);
}

static int
make_schema(sqlite3 *db)
{
	PV_AUTO(pv_buf_free) struct pv_buf sql = { 0 };

	pv_buf_add_str(&sql, "BEGIN;");
	pv_buf_add_str(&sql, schema_sql);
	for (unsigned i = 0; i < PV_STORE_TABLES; i++)
		add_table_sql(&sql, pv_table_get((enum pv_store_table)i));
	pv_buf_addf(&sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
	    SQ_APPLICATION_ID, SQ_SCHEMA_VERSION);
	return sqlite3_exec(db, pv_buf_str(&sql), NULL, NULL, NULL);
}

/* The first table that a schema has and those before it have not. */
static const enum pv_store_table first_of_schema[SQ_SCHEMA_VERSION + 1] = {
	[2] = PV_T_OBJECTS,
	[3] = PV_STORE_TABLES, /* none: a journal's disclosures may be one row an entry */
};

int
sq_upgrade(sqlite3 *db, int64_t version)
{
	PV_AUTO(pv_buf_free) struct pv_buf sql = { 0 };
	int64_t now = 0;
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	/* another process may have done it while we waited */
	rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		now = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (rc == SQLITE_OK && now == version) {
		for (unsigned i = first_of_schema[version + 1]; i < PV_STORE_TABLES; i++)
			add_table_sql(&sql, pv_table_get((enum pv_store_table)i));
		pv_buf_addf(&sql, "PRAGMA user_version=%d;", SQ_SCHEMA_VERSION);
		rc = sqlite3_exec(db, pv_buf_str(&sql), NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* With what SQLite may have left beside it. */
static void
remove_part(const char *part)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };

		pv_buf_addf(&name, "%s%s", part, suffixes[i]);
		unlink(pv_buf_str(&name));
	}
}

/* Into its place, never over what is there. */
static PV_RESULT
put_in_place(const char *part, const char *path, const char *what, struct pv_err *e)
{
	if (link(part, path) == 0 && pv_file_sync_folder(path))
		return PV_DONE;
	return PV_FAIL(e, PV_E_CONFIG, "the %s \"%s\" cannot be made (%s)", what, path,
	    errno == EEXIST ? "it is there already" : strerror(errno));
}

static PV_RESULT
make_empty(const char *part, const char *path, const char *what, struct pv_err *e)
{
	int fd;

	remove_part(part);
	fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "the %s \"%s\" cannot be made (%s)", what, path,
		    strerror(errno));
	close(fd);
	return PV_DONE;
}

static PV_RESULT
make_part(const char *part, const char *path, const struct pv_store_options *o, struct pv_err *e)
{
	struct sq_conn c = { .path = path };
	struct pv_status st = PV_DONE;
	int rc;

	PV_TRY(make_empty(part, path, "store", e));
	rc = sq_open_db(&c.db, part, SQLITE_OPEN_READWRITE, o->vfs, false);
	if (rc == SQLITE_OK)
		rc = make_schema(c.db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c.db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		st = sq_fail(&c, rc, "the store", "made", e);
	sqlite3_close(c.db);
	return st;
}

PV_RESULT
sq_make(const char *path, const struct pv_store_options *o, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf part = { 0 };
	struct pv_status st;

	pv_buf_addf(&part, "%s.%ld.part", path, (long)getpid());
	st = make_part(pv_buf_str(&part), path, o, e);
	if (pv_ok(st))
		st = put_in_place(pv_buf_str(&part), path, "store", e);
	remove_part(pv_buf_str(&part));
	return st;
}

/* ---- copies ---- */

static int
copy_pages(sqlite3 *dst, sqlite3 *src)
{
	sqlite3_backup *b = sqlite3_backup_init(dst, "main", src, "main");
	char sql[100];
	int rc;

	if (b == NULL)
		return sqlite3_extended_errcode(dst);
	rc = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	if (rc != SQLITE_DONE)
		return rc;
	snprintf(
	    sql, sizeof(sql), "PRAGMA journal_mode=DELETE; PRAGMA application_id=%d", SQ_BACKUP_ID);
	rc = sqlite3_exec(dst, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? sqlite3_exec(dst, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)
			       : rc;
}

static PV_RESULT
copy_to_part(struct sq_store *sq, const char *part, const char *dst, struct pv_err *e)
{
	struct sq_conn *src, to = { .path = dst };
	struct pv_status st = PV_DONE;
	int rc;

	PV_TRY(make_empty(part, dst, "backup", e));
	if ((src = sq_conn_open(sq, SQLITE_OPEN_READONLY, e)) == NULL)
		return sq_failed(e);
	rc = sq_open_db(&to.db, part, SQLITE_OPEN_READWRITE, NULL, false);
	if (rc == SQLITE_OK)
		rc = copy_pages(to.db, src->db);
	if (rc != SQLITE_OK)
		st = sq_fail(&to, rc, "the backup", "made", e);
	sqlite3_close(to.db);
	sq_conn_close(src);
	return st;
}

PV_RESULT
sq_backup(void *db, const char *dst, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf part = { 0 };
	struct pv_status st;

	pv_buf_addf(&part, "%s.%ld.part", dst, (long)getpid());
	st = copy_to_part(db, pv_buf_str(&part), dst, e);
	if (pv_ok(st))
		st = put_in_place(pv_buf_str(&part), dst, "backup", e);
	remove_part(pv_buf_str(&part));
	return st;
}
