/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking whether the file still says what it said: a little at each opening
 * (heads), and all of it when asked (pages, indexes, every hash from the entries).
 */
#include "store/sqlite.h"

/* ---- at each opening ---- */

static PV_RESULT
check_head(struct sq_store *sq, struct sq_conn *c, sqlite3_stmt *st, struct pv_err *e)
{
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH] = { 0 }, root[PV_STORE_HASH];
	uint64_t size = (uint64_t)sqlite3_column_int64(st, 1);
	size_t bytes = (size_t)sqlite3_column_bytes(st, 3);
	bool good = size <= PV_STORE_SIZE_MAX && sqlite3_column_bytes(st, 2) == PV_STORE_HASH &&
		    bytes == (size_t)__builtin_popcountll(size) * PV_STORE_HASH &&
		    (uint64_t)sqlite3_column_int64(st, 4) == size;

	if (good && bytes > 0)
		memcpy(edge, sqlite3_column_blob(st, 3), bytes);
	if (good)
		sq->o.tree.root(sq->o.tree.ctx, size,
		    size > 0 ? (const uint8_t(*)[PV_STORE_HASH])edge : NULL, root);
	if (good && memcmp(root, sqlite3_column_blob(st, 2), PV_STORE_HASH) == 0)
		return PV_DONE;
	return pv_advise(
	    PV_FAIL(e, PV_E_UNTRUSTED, "the log \"%s\" and its tree of %llu entries do not agree",
		(const char *)sqlite3_column_text(st, 0), (unsigned long long)size),
	    e, "keep the file \"%s\" as it is, and restore the newest backup beside it", c->path);
}

/* Each log's head against its edge and its last entry: what a torn or mixed-up file gets wrong. */
PV_RESULT
sq_check_heads(struct sq_store *sq, struct sq_conn *c, struct pv_err *e)
{
	struct pv_status status = PV_DONE;
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(c->db,
	    "SELECT name, size, root, edge, coalesce((SELECT max(e.id) - (logs.id << 40) + 1 FROM "
	    "entries e"
	    " WHERE e.id >= logs.id << 40 AND e.id < (logs.id + 1) << 40), 0) FROM logs",
	    -1, &st, NULL);

	if (rc != SQLITE_OK)
		return sq_fail_read(c, rc, e);
	while (pv_ok(status) && (rc = sqlite3_step(st)) == SQLITE_ROW)
		status = check_head(sq, c, st, e);
	sqlite3_finalize(st);
	if (pv_ok(status) && rc != SQLITE_DONE)
		status = sq_fail_read(c, rc, e);
	return status;
}

/* ---- all of it ---- */

static PV_RESULT
check_pages(struct sq_conn *c, struct pv_err *e)
{
	struct pv_status status = PV_DONE;
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &st, NULL);

	if (rc != SQLITE_OK)
		return sq_fail_read(c, rc, e);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		status = sq_fail_read(c, rc, e);
	else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		status = PV_FAIL(e, PV_E_UNTRUSTED, "the store \"%s\" is damaged: %s", c->path,
		    (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return status;
}

struct tree_check {
	struct sq_store *sq;
	struct sq_conn *c;
	struct pv_slice name;
	int64_t log;
	uint64_t size;
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	uint8_t tile[PV_STORE_TILE][PV_STORE_HASH];
};

static PV_RESULT
check_entry(
    struct tree_check *t, uint64_t index, const struct pv_store_entry *entry, struct pv_err *e)
{
	const struct pv_store_tree *tree = &t->sq->o.tree;
	uint8_t leaf[PV_STORE_HASH], kept[PV_STORE_TILE][PV_STORE_HASH];
	int rc;

	tree->leaf(tree->ctx, entry->bytes, leaf);
	if (index != t->size || memcmp(leaf, entry->leaf, sizeof(leaf)) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "entry %llu of the log \"%.*s\" is not what it was",
		    (unsigned long long)t->size, PV_FMT(t->name));
	memcpy(t->tile[index % PV_STORE_TILE], leaf, sizeof(leaf));
	tree->append(tree->ctx, t->size++, t->edge, leaf);
	if (t->size % PV_STORE_TILE != 0)
		return PV_DONE;
	rc = sq_tile(t->c, t->log, 0, index / PV_STORE_TILE, PV_STORE_TILE, kept);
	if (rc != SQLITE_OK)
		return sq_fail_read(t->c, rc, e);
	if (memcmp(kept, t->tile, sizeof(kept)) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "tile 0/%llu of the log \"%.*s\" is not that of its entries",
		    (unsigned long long)(index / PV_STORE_TILE), PV_FMT(t->name));
	return PV_DONE;
}

/* The head from the entries, and once more from the tiles. */
static PV_RESULT
check_root(struct tree_check *t, const struct pv_store_head *head, struct pv_err *e)
{
	const struct pv_store_tree *tree = &t->sq->o.tree;
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH], root[PV_STORE_HASH];
	size_t bytes = (size_t)__builtin_popcountll(head->size) * PV_STORE_HASH;
	int rc = sq_edge(t->c, tree, t->log, head->size, edge);

	if (rc != SQLITE_OK)
		return sq_fail_read(t->c, rc, e);
	tree->root(tree->ctx, t->size,
	    t->size > 0 ? (const uint8_t(*)[PV_STORE_HASH])t->edge : NULL, root);
	if (t->size != head->size || memcmp(root, head->root, sizeof(root)) != 0 ||
	    memcmp(t->edge, head->edge, bytes) != 0 || memcmp(t->edge, edge, bytes) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the log \"%.*s\" and its tree of %llu entries do not agree", PV_FMT(t->name),
		    (unsigned long long)head->size);
	return PV_DONE;
}

static PV_RESULT
check_entries(struct tree_check *t, void *view, struct pv_err *e)
{
	struct pv_status st = PV_DONE;
	struct pv_store_entry entry;
	uint64_t index;
	void *cursor;
	bool more = true;

	PV_TRY(sq_view_entries(&cursor, view, t->name, 0, UINT64_MAX, e));
	while (pv_ok(st) && more) {
		st = sq_entry_next(cursor, &index, &entry, &more, e);
		if (pv_ok(st) && more)
			st = check_entry(t, index, &entry, e);
	}
	sq_cursor_close(cursor);
	return st;
}

static PV_RESULT
check_log(struct sq_store *sq, void *view, struct pv_slice name, struct pv_err *e)
{
	struct sq_view *v = view;
	struct tree_check t = { .sq = sq, .c = v->c, .name = name };
	struct pv_store_head head;
	sqlite3_stmt *st;
	bool found;
	int rc;

	PV_TRY(sq_view_head(view, name, &head, &found, e));
	if ((st = sq_stmt(v->c, SQ_LOG_GET, &rc)) == NULL)
		return sq_fail_read(v->c, rc, e);
	sqlite3_bind_text(st, 1, name.p, (int)name.n, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		t.log = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	PV_TRY(check_entries(&t, view, e));
	return check_root(&t, &head, e);
}

static PV_RESULT
check_logs(struct sq_store *sq, void *view, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice name;
	bool found = true;

	for (size_t i = 0; found; i++) {
		PV_TRY(sq_view_name(view, i, a, &name, &found, e));
		if (found)
			PV_TRY(check_log(sq, view, name, e));
	}
	return PV_DONE;
}

PV_RESULT
sq_check(void *db, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct sq_store *sq = db;
	struct pv_status st;
	void *view;

	PV_TRY(sq_view_open(&view, sq, e));
	st = check_pages(((struct sq_view *)view)->c, e);
	if (pv_ok(st))
		st = check_logs(sq, view, a, e);
	sq_view_close(view);
	return st;
}
