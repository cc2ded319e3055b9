/* SPDX-License-Identifier: Apache-2.0 */
/* What only a SQLite file can suffer. More of it, with crashes and failing disks, in tests/log/. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite.h"
#include "store/test_store.h"

/* What the schema itself refuses, whoever writes to the file. */
static void
test_triggers(const struct suite_backend *b)
{
	static const struct {
		const char *name, *sql;
	} rows[] = {
		{ "another root for the same size",
		    "UPDATE logs SET root = zeroblob(32) WHERE id = 1" },
		{ "a log that shrinks", "UPDATE logs SET size = size - 1, root = zeroblob(32)" },
		{ "another name for a log", "UPDATE logs SET name = 'x' WHERE id = 1" },
		{ "a log removed", "DELETE FROM logs" },
		{ "an entry changed", "UPDATE entries SET body = x'00'" },
		{ "an entry removed", "DELETE FROM entries" },
		{ "a row of a log that is not there",
		    "INSERT INTO acts VALUES (99, 0, '', '', '', 0, x'')" },
		{ "a tile changed", "UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0" },
		{ "a second root in the checkpoints",
		    "INSERT INTO checkpoints VALUES (1, 0, 5, zeroblob(32), 0, x''),"
		    " (1, 1, 5, randomblob(32), 0, x'')" },
	};
	struct pv_store *s = open_or_die(suite_path(b, "triggers"), PV_STORE_CREATE);
	struct pv_store_change c[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		append_of(JOURNAL, NULL, 1) };
	struct pv_store_entry entry;
	struct pv_store_result r;
	sqlite3 *db;
	char text[20];

	c[1].entries = &entry;
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "entry %d", i);
		entry = entry_of(text);
		apply(s, c, 2, &r);
	}
	pv_store_free(s);
	if (sqlite3_open(suite_path(b, "triggers"), &db) != SQLITE_OK)
		return;
	sqlite3_exec(db, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(
		    (sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL) & 0xff) == SQLITE_CONSTRAINT,
		    "the file itself refuses: %s", rows[i].name);
	sqlite3_close(db);
}

/* Somebody who knows SQLite gets round the triggers; not round the hashes. */
static void
test_tampering(const struct suite_backend *b)
{
	static const struct {
		const char *name, *sql, *says;
	} rows[] = {
		{ "an entry",
		    "DROP TRIGGER entries_same; UPDATE entries SET body = x'78' WHERE id % 1024 = "
		    "77",
		    "entry 77 " },
		{ "an entry with its leaf hash",
		    "DROP TRIGGER entries_same; UPDATE entries SET (body, leaf) ="
		    " (SELECT body, leaf FROM entries e WHERE e.id % 1024 = 5) WHERE id % 1024 = "
		    "290",
		    "do not agree" },
		{ "an entry removed",
		    "DROP TRIGGER entries_stay; DELETE FROM entries WHERE id % 1024 = 3",
		    "entry 3 " },
		{ "the last entry removed",
		    "DROP TRIGGER entries_stay; DELETE FROM entries WHERE id % 1024 = 299",
		    "do not agree" },
		{ "a tile of leaf hashes",
		    "DROP TRIGGER tiles_grow; UPDATE tiles SET hashes = zeroblob(8192) WHERE level "
		    "= 0",
		    "tile 0/0 " },
		{ "a tile above",
		    "DROP TRIGGER tiles_grow; UPDATE tiles SET hashes = zeroblob(32) WHERE level = "
		    "1",
		    "tile 1/0 " },
		{ "a root", "DROP TRIGGER logs_one_root; UPDATE logs SET root = zeroblob(32)",
		    "do not agree" },
		{ "a size", "DROP TRIGGER logs_one_root; UPDATE logs SET size = 299",
		    "do not agree" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pv_store_options o = suite_options(PV_STORE_WRITE);
		char name[20], copy[600];
		struct pv_store *s;
		struct pv_err e = { 0 };
		sqlite3 *db;
		bool found = false;

		s = open_or_die(suite_path(b, "triggers"), PV_STORE_READ);
		snprintf(name, sizeof(name), "tampered-%zu", i);
		snprintf(copy, sizeof(copy), "%s", suite_path(b, name));
		o.adopt = true;
		if (pv_ok(pv_store_backup(s, copy, NULL, &e)) &&
		    sqlite3_open(copy, &db) == SQLITE_OK) {
			found = sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL) == SQLITE_OK;
			sqlite3_close(db);
		}
		pv_store_free(s);
		s = NULL;
		found =
		    found &&
		    (!pv_ok(pv_store_open(&s, copy, &o, &e)) || !pv_ok(pv_store_check(s, &e))) &&
		    e.code == PV_E_UNTRUSTED && strstr(e.what, rows[i].says) != NULL;
		pv_store_free(s);
		if (!tap_ok(found, "found out: %s changed in the file", rows[i].name))
			tap_note("code %d: %s", (int)e.code, e.what);
	}
}

static void
test_foreign_files(const struct suite_backend *b)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	const char *path = suite_path(b, "foreign");
	struct pv_store *s;
	struct pv_err e;
	sqlite3 *db;
	FILE *f;

	sqlite3_open(path, &db);
	sqlite3_exec(db, "CREATE TABLE cars (x)", NULL, NULL, NULL);
	sqlite3_close(db);
	tap_ok(!pv_ok(pv_store_open(&s, path, &o, &e)) && e.code == PV_E_UNTRUSTED &&
		   strstr(e.what, "not a store of Proviso") != NULL,
	    "a database of somebody else is not a store");
	if ((f = fopen(path, "wb")) == NULL)
		return;
	for (int i = 0; i < 1000; i++)
		fputs("to be or not to be ", f);
	fclose(f);
	tap_ok(!pv_ok(pv_store_open(&s, path, &o, &e)) && e.code == PV_E_UNTRUSTED,
	    "a text file is not a store");
	path = suite_path(b, "later");
	pv_store_free(open_or_die(path, PV_STORE_CREATE));
	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	tap_ok(!pv_ok(pv_store_open(&s, path, &o, &e)) && e.code == PV_E_CONFIG &&
		   strstr(e.what, "version 99") != NULL,
	    "a store of a later version is left alone");
}

/* What an older program wrote gets the tables that it has not. */
static void
test_upgrade(const struct suite_backend *b)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	const char *path = suite_path(b, "older");
	struct pv_store_change c[2] = { { .op = PV_OP_PUT, .table = PV_T_META },
		{ .op = PV_OP_PUT, .table = PV_T_OFFERS } };
	struct pv_store_submission sub = { .changes = c, .n = 1 };
	struct pv_store_result r;
	struct pv_store *s = open_or_die(path, PV_STORE_CREATE);
	struct pv_arena *a = pv_arena_new();
	struct pv_store_view *v = NULL;
	struct pv_store_info info = { 0 };
	struct pv_err e = { 0 };
	bool found = false;
	sqlite3 *db;

	c[0].row.c[PV_C_META_NAME].s = PV_SLICE("kept");
	c[0].row.c[PV_C_META_BODY].s = PV_SLICE("through it");
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)), "a row of before");
	pv_store_free(s);
	sqlite3_open(path, &db);
	for (unsigned t = PV_T_OBJECTS; t < PV_STORE_TABLES; t++) {
		char sql[100];

		snprintf(
		    sql, sizeof(sql), "DROP TABLE %s", pv_table_get((enum pv_store_table)t)->name);
		sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL);
	sqlite3_close(db);
	o.mode = PV_STORE_READ;
	tap_ok(!pv_ok(pv_store_open(&s, path, &o, &e)) && e.code == PV_E_CONFIG &&
		   strstr(e.what, "version 1") != NULL,
	    "a store of version 1 is not changed by who only reads it");
	o.mode = PV_STORE_WRITE;
	if (!tap_ok(pv_ok(pv_store_open(&s, path, &o, &e)), "a store of version 1 is brought on"))
		return;
	tap_ok(pv_ok(pv_store_info_get(s, &info, &e)) && info.schema == SQ_SCHEMA_VERSION,
	    "it has the newest schema then");
	sub.n = 2;
	c[1].row.c[PV_C_OFFER_STREAM].s = PV_SLICE("s");
	c[1].row.c[PV_C_OFFER_ADDED].n = 7;
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_DURABLE,
	    "and takes rows of the new tables");
	if (pv_ok(pv_store_view_open(&v, s, &e))) {
		tap_ok(pv_ok(pv_store_row_get(v, PV_T_META, &c[0].row, a, &found, &e)) && found &&
			   pv_slice_is(c[0].row.c[PV_C_META_BODY].s, "through it"),
		    "what was there is there");
		pv_store_view_free(v);
	}
	tap_ok(pv_ok(pv_store_check(s, &e)), "and the file is whole");
	pv_store_free(s);
	pv_arena_free(a);
}

/* Another process holds the lock for longer than we wait. */
static void
test_locked(const struct suite_backend *b)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };
	struct pv_store_submission sub = { .changes = &c, .n = 1 };
	struct pv_store_result r;
	struct pv_store_view *v = NULL;
	struct pv_store *s;
	struct pv_err e;
	sqlite3 *db;

	o.busy_ms = 50;
	c.row.c[PV_C_META_NAME].s = PV_SLICE("x");
	pv_store_free(open_or_die(suite_path(b, "locked"), PV_STORE_CREATE));
	if (!tap_ok(pv_ok(pv_store_open(&s, suite_path(b, "locked"), &o, &e)), "a store to lock") ||
	    sqlite3_open(suite_path(b, "locked"), &db) != SQLITE_OK)
		return;
	sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	tap_ok(!pv_ok(pv_store_apply(s, &sub, &r, &e)) && e.code == PV_E_DOWN &&
		   strstr(e.what, "another process is writing") != NULL,
	    "a writer who waited long enough says for whom");
	tap_ok(pv_ok(pv_store_view_open(&v, s, &e)), "readers do not wait for writers");
	pv_store_view_free(v);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_DURABLE,
	    "then it is the next one's turn");
	pv_store_free(s);
}

/* ---- beside a busy daemon ---- */

struct answers {
	unsigned all, failed;
};

static void
go_on(void *ctx, const struct pv_store_result *r)
{
	struct answers *a = ctx;

	__atomic_add_fetch(&a->all, 1, __ATOMIC_ACQ_REL);
	a->failed += r->outcome != PV_STORE_DURABLE;
}

static int
one_command(const char *path)
{
	struct pv_store *s = open_or_die(path, PV_STORE_WRITE);
	struct pv_store_entry entry = entry_of("a command");
	struct pv_store_change c = append_of(ORDERS, &entry, 1);
	struct pv_store_result r;
	int failed = 0;

	for (int i = 0; i < 100; i++)
		failed |= apply(s, &c, 1, &r) != PV_STORE_DURABLE;
	pv_store_free(s);
	return failed;
}

/* The daemon has always something to write; a command must get its turn all the same. */
static void
test_turns(const struct suite_backend *b)
{
	const char *path = suite_path(b, "turns");
	struct pv_store *s = open_or_die(path, PV_STORE_CREATE);
	struct pv_store_change c[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		new_log(ORDERS, PV_STORE_ORDER_LOG) };
	struct pv_store_entry entry = entry_of("busy");
	struct pv_store_change append = append_of(JOURNAL, &entry, 1);
	struct pv_store_submission sub = { .changes = &append, .n = 1 };
	struct pv_store_result r;
	struct answers answers = { 0 };
	unsigned submitted = 0;
	int status = 0, start[2];
	char go = 'g';
	pid_t pid;

	apply(s, c, 2, &r);
	pv_store_free(s);
	if (pipe(start) != 0)
		return;
	if ((pid = fork()) == 0) {
		if (read(start[0], &go, 1) != 1)
			_exit(9);
		_exit(one_command(path));
	}
	s = open_or_die(path, PV_STORE_WRITE);
	if (write(start[1], &go, 1) != 1)
		return;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		while (submitted - __atomic_load_n(&answers.all, __ATOMIC_ACQUIRE) < 256) {
			pv_store_submit(s, &sub, go_on, &answers);
			submitted++;
		}
		usleep(100);
	}
	pv_store_free(s);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && answers.failed == 0,
	    "100 commands got their turn beside a busy daemon, which wrote %u entries meanwhile",
	    answers.all);
	close(start[0]);
	close(start[1]);
}

int
main(void)
{
	struct suite_backend b = { "sqlite", suite_folder_make() };

	test_triggers(&b);
	test_tampering(&b);
	test_foreign_files(&b);
	test_upgrade(&b);
	test_locked(&b);
	test_turns(&b);
	suite_folder_remove(b.folder);
	return tap_done();
}
