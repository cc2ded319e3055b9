/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking whether the file still says what it said: a little at each opening
 * (heads), and all of it when asked (pages, indexes, every hash from the entries).
 */
#include "store/sqlite.h"

#define LEVELS (SQ_INDEX_BITS / 8)

/* ---- at each opening ---- */

static PV_RESULT
check_head(struct sq_store *sq, struct sq_conn *c, sqlite3_stmt *st, struct pv_err *e)
{
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH], kept[PV_STORE_HASH], root[PV_STORE_HASH];
	uint64_t size;

	if (sq_read_head(st, 1, &size, kept, edge) &&
	    (uint64_t)sqlite3_column_int64(st, 4) == size) {
		sq->o.tree.root(sq->o.tree.ctx, size,
		    size > 0 ? (const uint8_t(*)[PV_STORE_HASH])edge : NULL, root);
		if (memcmp(root, kept, sizeof(root)) == 0)
			return PV_DONE;
	}
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
	/* the tiles that are being filled, and how many there were before, at each level */
	uint8_t tile[LEVELS][PV_STORE_TILE][PV_STORE_HASH];
	unsigned width[LEVELS];
	uint64_t full[LEVELS];
};

static PV_RESULT
compare_tile(struct tree_check *t, unsigned level, struct pv_err *e)
{
	uint8_t kept[PV_STORE_TILE][PV_STORE_HASH];
	int rc = sq_tile(t->c, t->log, level, t->full[level], t->width[level], kept);

	if (rc != SQLITE_OK)
		return sq_fail_read(t->c, rc, e);
	if (memcmp(kept, t->tile[level], t->width[level] * (size_t)PV_STORE_HASH) == 0)
		return PV_DONE;
	return PV_FAIL(e, PV_E_UNTRUSTED,
	    "tile %u/%llu of the log \"%.*s\" is not that of its entries", level,
	    (unsigned long long)t->full[level], PV_FMT(t->name));
}

/* Adds a hash to a level; a full tile's own goes to the one above. */
static PV_RESULT
add_hash(struct tree_check *t, unsigned level, const uint8_t hash[PV_STORE_HASH], struct pv_err *e)
{
	const struct pv_store_tree *tree = &t->sq->o.tree;
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH], above[PV_STORE_HASH];

	memcpy(t->tile[level][t->width[level]++], hash, PV_STORE_HASH);
	if (t->width[level] < PV_STORE_TILE)
		return PV_DONE;
	PV_TRY(compare_tile(t, level, e));
	for (uint64_t i = 0; i < PV_STORE_TILE; i++)
		tree->append(tree->ctx, i, edge, t->tile[level][i]);
	tree->root(tree->ctx, PV_STORE_TILE, (const uint8_t(*)[PV_STORE_HASH])edge, above);
	t->width[level] = 0;
	t->full[level]++;
	return level + 1 < LEVELS ? add_hash(t, level + 1, above, e) : PV_DONE;
}

static PV_RESULT
check_entry(
    struct tree_check *t, uint64_t index, const struct pv_store_entry *entry, struct pv_err *e)
{
	const struct pv_store_tree *tree = &t->sq->o.tree;
	uint8_t leaf[PV_STORE_HASH];

	tree->leaf(tree->ctx, entry->bytes, leaf);
	if (index != t->size || memcmp(leaf, entry->leaf, sizeof(leaf)) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "entry %llu of the log \"%.*s\" is not what it was",
		    (unsigned long long)t->size, PV_FMT(t->name));
	tree->append(tree->ctx, t->size++, t->edge, leaf);
	return add_hash(t, 0, leaf, e);
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
	PV_AUTO(pv_freep) struct tree_check *t = PV_NEW(struct tree_check);
	struct pv_store_head head;
	sqlite3_stmt *st;
	bool found;
	int rc;

	t->sq = sq;
	t->c = v->c;
	t->name = name;
	PV_TRY(sq_view_head(view, name, &head, &found, e));
	if ((st = sq_stmt(v->c, SQ_LOG_GET, &rc)) == NULL)
		return sq_fail_read(v->c, rc, e);
	sqlite3_bind_text(st, 1, name.p, (int)name.n, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		t->log = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	PV_TRY(check_entries(t, view, e));
	for (unsigned level = 1; level < LEVELS; level++)
		if (t->width[level] > 0)
			PV_TRY(compare_tile(t, level, e));
	return check_root(t, &head, e);
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
