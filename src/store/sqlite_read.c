/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: a connection in a read transaction, so that all that one view reads is
 * of one moment. Connections are kept for the next view, with their statements.
 *
 * Tiles (C2SP tlog-tiles): a full tile of leaf hashes is a row of its own; the
 * unfinished one is read from the entries. Each higher level's tile is a row
 * from its first hash on, and grows until it is full.
 */
#include "store/sqlite.h"

#include "base/buf.h"

#define TILE_BITS 8

struct cursor {
	struct sq_conn *c;
	sqlite3_stmt *st;
	struct sq_kept *kept;     /* whose statement it is; NULL: its own */
	const struct pv_table *t; /* NULL: entries */
};

/* ---- the tree ---- */

static int
read_stored_tile(struct sq_conn *c, int64_t log, unsigned level, uint64_t n, size_t bytes,
    void *out, bool *found)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(c, SQ_TILE_GET, &rc);

	*found = false;
	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, log);
	sqlite3_bind_int(st, 2, (int)level);
	sqlite3_bind_int64(st, 3, (int64_t)n);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	if (rc != SQLITE_ROW)
		return rc;
	*found = (size_t)sqlite3_column_bytes(st, 0) >= bytes;
	if (*found)
		memcpy(out, sqlite3_column_blob(st, 0), bytes);
	sqlite3_reset(st);
	return SQLITE_OK;
}

/* SQLITE_CORRUPT where the log has fewer. */
static int
read_leaves(
    struct sq_conn *c, int64_t log, uint64_t from, unsigned n, uint8_t (*out)[PV_STORE_HASH])
{
	int rc;
	sqlite3_stmt *st = sq_stmt(c, SQ_LEAVES, &rc);
	unsigned i;

	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, (log << SQ_INDEX_BITS) | (int64_t)from);
	sqlite3_bind_int64(st, 2, (log << SQ_INDEX_BITS) | (int64_t)(from + n));
	for (i = 0; (rc = sqlite3_step(st)) == SQLITE_ROW; i++) {
		if (sqlite3_column_bytes(st, 0) != PV_STORE_HASH)
			break;
		memcpy(out[i], sqlite3_column_blob(st, 0), PV_STORE_HASH);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_DONE)
		return i == n ? SQLITE_OK : SQLITE_CORRUPT;
	return rc == SQLITE_ROW ? SQLITE_CORRUPT : rc;
}

int
sq_tile(struct sq_conn *c, int64_t log, unsigned level, uint64_t n, unsigned width,
    uint8_t (*out)[PV_STORE_HASH])
{
	bool found;
	int rc = read_stored_tile(c, log, level, n, (size_t)width * PV_STORE_HASH, out, &found);

	if (rc != SQLITE_OK || found)
		return rc;
	return level == 0 ? read_leaves(c, log, n * PV_STORE_TILE, width, out) : SQLITE_CORRUPT;
}

/* The hash of 2^bit leaves from the leaf at: 2^(bit mod 8) hashes of one tile, put together. */
static int
subtree(struct sq_conn *c, const struct pv_store_tree *tree, int64_t log, uint64_t at, unsigned bit,
    uint8_t out[PV_STORE_HASH])
{
	uint8_t hashes[PV_STORE_TILE][PV_STORE_HASH];
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	unsigned level = bit / TILE_BITS, n = 1u << (bit % TILE_BITS);
	uint64_t first = at >> (level * TILE_BITS);
	unsigned place = (unsigned)(first % PV_STORE_TILE);
	int rc = sq_tile(c, log, level, first / PV_STORE_TILE, place + n, hashes);

	if (rc != SQLITE_OK)
		return rc;
	for (unsigned i = 0; i < n; i++)
		tree->append(tree->ctx, i, edge, hashes[place + i]);
	tree->root(tree->ctx, n, (const uint8_t(*)[PV_STORE_HASH])edge, out);
	return SQLITE_OK;
}

int
sq_edge(struct sq_conn *c, const struct pv_store_tree *tree, int64_t log, uint64_t size,
    uint8_t (*edge)[PV_STORE_HASH])
{
	uint64_t at = 0;
	unsigned n = 0;

	for (unsigned bit = SQ_INDEX_BITS; bit-- > 0;) {
		int rc;

		if ((size >> bit & 1) == 0)
			continue;
		rc = subtree(c, tree, log, at, bit, edge[n++]);
		if (rc != SQLITE_OK)
			return rc;
		at += 1ULL << bit;
	}
	return SQLITE_OK;
}

/* ---- views ---- */

PV_RESULT
sq_view_open(void **view, void *db, struct pv_err *e)
{
	struct sq_store *sq = db;
	struct sq_view *v;
	struct sq_conn *c;
	int rc;

	pthread_mutex_lock(&sq->pool_lock);
	c = sq->pool;
	if (c != NULL)
		sq->pool = c->next;
	pthread_mutex_unlock(&sq->pool_lock);
	if (c == NULL && (c = sq_conn_open(sq, SQLITE_OPEN_READONLY, e)) == NULL)
		return sq_failed(e);
	rc = sq_run(c, SQ_BEGIN_READ);
	/* BEGIN alone does not yet fix the moment; the first look does. */
	if (rc == SQLITE_OK) {
		sqlite3_stmt *st = sq_stmt(c, SQ_LOG_NAME, &rc);

		if (st != NULL) {
			sqlite3_bind_int64(st, 1, 0);
			rc = sqlite3_step(st);
			sqlite3_reset(st);
		}
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		struct pv_status st = sq_fail_read(c, rc, e);

		sq_conn_close(c);
		return st;
	}
	v = PV_NEW(struct sq_view);
	v->sq = sq;
	v->c = c;
	*view = v;
	return PV_DONE;
}

static uint64_t
read_version(struct sq_conn *c)
{
	uint64_t version = 0;
	int rc;
	sqlite3_stmt *st = sq_stmt(c, SQ_DATA_VERSION, &rc);

	if (st == NULL)
		return 0;
	if (sqlite3_step(st) == SQLITE_ROW)
		version = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return version;
}

uint64_t
sq_version(void *db)
{
	struct sq_store *sq = db;
	uint64_t version = 0;
	struct pv_err e;

	pthread_mutex_lock(&sq->version_lock);
	if (sq->version == NULL)
		sq->version = sq_conn_open(sq, SQLITE_OPEN_READONLY, &e);
	if (sq->version != NULL)
		version = read_version(sq->version);
	pthread_mutex_unlock(&sq->version_lock);
	return version;
}

/* To the writer's connection its own commits are no change. */
uint64_t
sq_others(void *db)
{
	struct sq_store *sq = db;

	return sq->w != NULL ? read_version(sq->w) : 0;
}

void
sq_view_close(void *view)
{
	struct sq_view *v = view;

	if (sq_run(v->c, SQ_COMMIT) == SQLITE_OK) {
		pthread_mutex_lock(&v->sq->pool_lock);
		v->c->next = v->sq->pool;
		v->sq->pool = v->c;
		pthread_mutex_unlock(&v->sq->pool_lock);
	} else {
		sq_conn_close(v->c);
	}
	pv_free(v);
}

/* The log's row, to be read and reset; NULL with SQLITE_DONE in *rc when there is none. */
static sqlite3_stmt *
log_row(struct sq_view *v, struct pv_slice log, int *rc)
{
	sqlite3_stmt *st = sq_stmt(v->c, SQ_LOG_GET, rc);

	if (st == NULL)
		return NULL;
	sqlite3_bind_text(st, 1, log.p, (int)log.n, SQLITE_STATIC);
	*rc = sqlite3_step(st);
	return *rc == SQLITE_ROW ? st : NULL;
}

static PV_RESULT
need_log(struct sq_view *v, struct pv_slice log, int64_t *id, uint64_t *size, struct pv_err *e)
{
	int rc;
	sqlite3_stmt *st = log_row(v, log, &rc);

	if (st == NULL && rc != SQLITE_DONE)
		return sq_fail_read(v->c, rc, e);
	if (st == NULL)
		return PV_FAIL(e, PV_E_INPUT, "the store has no log \"%.*s\"", PV_FMT(log));
	*id = sqlite3_column_int64(st, 0);
	*size = (uint64_t)sqlite3_column_int64(st, 2);
	sqlite3_reset(st);
	return PV_DONE;
}

PV_RESULT
sq_view_head(
    void *view, struct pv_slice log, struct pv_store_head *out, bool *found, struct pv_err *e)
{
	struct sq_view *v = view;
	int rc;
	sqlite3_stmt *st = log_row(v, log, &rc);

	*found = st != NULL;
	if (st == NULL)
		return rc == SQLITE_DONE ? PV_DONE : sq_fail_read(v->c, rc, e);
	*out = (struct pv_store_head){ .kind = (enum pv_store_log_kind)sqlite3_column_int(st, 1) };
	if (!sq_read_head(st, 2, &out->size, out->root, out->edge))
		return sq_fail_read(v->c, SQLITE_CORRUPT, e);
	sqlite3_reset(st);
	return PV_DONE;
}

PV_RESULT
sq_view_name(
    void *view, size_t i, struct pv_arena *a, struct pv_slice *out, bool *found, struct pv_err *e)
{
	struct sq_view *v = view;
	int rc;
	sqlite3_stmt *st = sq_stmt(v->c, SQ_LOG_NAME, &rc);

	*found = false;
	if (st == NULL)
		return sq_fail_read(v->c, rc, e);
	sqlite3_bind_int64(st, 1, (int64_t)i);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return PV_DONE;
	if (rc != SQLITE_ROW)
		return sq_fail_read(v->c, rc, e);
	*out = pv_arena_copy(
	    a, pv_slice_mem(sqlite3_column_text(st, 0), (size_t)sqlite3_column_bytes(st, 0)));
	*found = true;
	sqlite3_reset(st);
	return PV_DONE;
}

PV_RESULT
sq_view_tile(void *view, struct pv_slice log, unsigned level, uint64_t n, unsigned width,
    uint8_t (*out)[PV_STORE_HASH], struct pv_err *e)
{
	struct sq_view *v = view;
	uint64_t size = 0;
	int64_t id = 0;
	int rc;

	PV_TRY(need_log(v, log, &id, &size, e));
	if (level * TILE_BITS >= SQ_INDEX_BITS || n > PV_STORE_SIZE_MAX / PV_STORE_TILE ||
	    n * PV_STORE_TILE + width > size >> (level * TILE_BITS))
		return PV_FAIL(e, PV_E_BUG, "the log \"%.*s\" has no tile %u/%llu of %u hashes",
		    PV_FMT(log), level, (unsigned long long)n, width);
	rc = sq_tile(v->c, id, level, n, width, out);
	return rc == SQLITE_OK ? PV_DONE : sq_fail_read(v->c, rc, e);
}

PV_RESULT
sq_view_root(
    void *view, struct pv_slice log, uint64_t size, uint8_t out[PV_STORE_HASH], struct pv_err *e)
{
	struct sq_view *v = view;
	const struct pv_store_tree *tree = &v->sq->o.tree;
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	uint64_t held = 0;
	int64_t id = 0;
	int rc;

	PV_TRY(need_log(v, log, &id, &held, e));
	if (size > held)
		return PV_FAIL(e, PV_E_BUG, "the log \"%.*s\" has %llu entries, not %llu",
		    PV_FMT(log), (unsigned long long)held, (unsigned long long)size);
	rc = sq_edge(v->c, tree, id, size, edge);
	if (rc != SQLITE_OK)
		return sq_fail_read(v->c, rc, e);
	tree->root(tree->ctx, size, (const uint8_t(*)[PV_STORE_HASH])edge, out);
	return PV_DONE;
}

PV_RESULT
sq_view_checkpoint(void *view, struct pv_slice log, enum pv_store_note_kind kind, uint64_t size,
    struct pv_arena *a, struct pv_store_checkpoint *out, bool *found, struct pv_err *e)
{
	struct sq_view *v = view;
	uint64_t held = 0;
	int64_t id = 0;
	int rc;
	sqlite3_stmt *st;

	*found = false;
	PV_TRY(need_log(v, log, &id, &held, e));
	if ((st = sq_stmt(v->c, SQ_NOTE_GET, &rc)) == NULL)
		return sq_fail_read(v->c, rc, e);
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, (int)kind);
	sqlite3_bind_int64(st, 3, size > INT64_MAX ? INT64_MAX : (int64_t)size);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return PV_DONE;
	if (rc != SQLITE_ROW)
		return sq_fail_read(v->c, rc, e);
	if (sqlite3_column_bytes(st, 1) != PV_STORE_HASH)
		return sq_fail_read(v->c, SQLITE_CORRUPT, e);
	*out = (struct pv_store_checkpoint){ .kind = kind,
		.size = (uint64_t)sqlite3_column_int64(st, 0),
		.second = (uint64_t)sqlite3_column_int64(st, 2) };
	memcpy(out->root, sqlite3_column_blob(st, 1), PV_STORE_HASH);
	out->note = pv_arena_copy(
	    a, pv_slice_mem(sqlite3_column_blob(st, 3), (size_t)sqlite3_column_bytes(st, 3)));
	*found = true;
	sqlite3_reset(st);
	return PV_DONE;
}

/* ---- rows ---- */

/* A log's name as its id; -1, which no row has, when there is no such log. */
static int
resolve_log(struct sq_conn *c, const struct pv_store_cell *cell, struct pv_store_cell *out)
{
	int rc;
	sqlite3_stmt *st;

	*out = *cell;
	if (cell->s.n == 0 || (st = sq_stmt(c, SQ_LOG_GET, &rc)) == NULL)
		return cell->s.n == 0 ? SQLITE_OK : rc;
	sqlite3_bind_text(st, 1, cell->s.p, (int)cell->s.n, SQLITE_STATIC);
	rc = sqlite3_step(st);
	out->n = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : SQ_LOG_MAX;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
bind_value(struct sq_conn *c, sqlite3_stmt *st, int at, enum pv_column_kind kind,
    const struct pv_store_cell *cell)
{
	struct pv_store_cell value = *cell;
	int rc = kind == PV_COL_LOG ? resolve_log(c, cell, &value) : SQLITE_OK;

	return rc == SQLITE_OK ? sq_bind_cell(st, at, kind, &value) : rc;
}

static void
copy_cells(const struct pv_table *t, struct pv_store_row *row, struct pv_arena *a)
{
	for (unsigned i = 0; i < t->columns; i++)
		if (row->c[i].s.n > 0)
			row->c[i].s = pv_arena_copy(a, row->c[i].s);
}

PV_RESULT
sq_view_row(void *view, enum pv_store_table table, struct pv_store_row *row, struct pv_arena *a,
    bool *found, struct pv_err *e)
{
	struct sq_view *v = view;
	const struct pv_table *t = pv_table_get(table);
	int rc;
	sqlite3_stmt *st = sq_row_stmt(v->c, table, SQ_ROW_GET, &rc);

	*found = false;
	for (unsigned i = 0; st != NULL && i < t->keys; i++) {
		rc = bind_value(v->c, st, (int)i + 1, t->c[i].kind, &row->c[i]);
		if (rc != SQLITE_OK)
			st = NULL;
	}
	if (st == NULL)
		return sq_fail_read(v->c, rc, e);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return PV_DONE;
	if (rc != SQLITE_ROW)
		return sq_fail_read(v->c, rc, e);
	sq_read_cells(st, t, row);
	copy_cells(t, row, a);
	*found = true;
	sqlite3_reset(st);
	return PV_DONE;
}

/* ---- cursors ---- */

/* A statement of that form which nobody uses now; else the place of the one that was used least lately. NULL: all are busy. */
static struct sq_kept *
find_kept(struct sq_conn *c, const char *sql)
{
	struct sq_kept *oldest = NULL;

	for (size_t i = 0; i < SQ_KEPT; i++) {
		struct sq_kept *k = &c->kept[i];

		if (k->busy)
			continue;
		if (k->st != NULL && strcmp(k->sql, sql) == 0)
			return k;
		if (oldest == NULL || k->used < oldest->used)
			oldest = k;
	}
	return oldest;
}

static int
take_kept(struct sq_conn *c, struct sq_kept *k, const char *sql)
{
	int rc = SQLITE_OK;

	if (k->st == NULL || strcmp(k->sql, sql) != 0) {
		sqlite3_finalize(k->st);
		pv_free(k->sql);
		k->st = NULL;
		k->sql = NULL;
		rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &k->st, NULL);
		if (rc == SQLITE_OK)
			k->sql = pv_strdup(sql);
	}
	k->busy = rc == SQLITE_OK;
	k->used = ++c->uses;
	return rc;
}

/* NULL with e on failure. */
static struct cursor *
open_cursor(struct sq_view *v, const char *sql, const struct pv_table *t, struct pv_err *e)
{
	struct sq_kept *kept = find_kept(v->c, sql);
	struct cursor *cur;
	sqlite3_stmt *st = NULL;
	int rc = kept != NULL ? take_kept(v->c, kept, sql)
			      : sqlite3_prepare_v2(v->c->db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK) {
		pv_ignore(sq_fail_read(v->c, rc, e));
		return NULL;
	}
	cur = PV_NEW(struct cursor);
	*cur = (struct cursor){ v->c, kept != NULL ? kept->st : st, kept, t };
	return cur;
}

void
sq_cursor_close(void *cursor)
{
	struct cursor *cur = cursor;

	if (cur->kept != NULL) {
		sqlite3_reset(cur->st);
		sqlite3_clear_bindings(cur->st);
		cur->kept->busy = false;
	} else {
		sqlite3_finalize(cur->st);
	}
	pv_free(cur);
}

PV_RESULT
sq_view_entries(
    void **cursor, void *view, struct pv_slice log, uint64_t from, uint64_t to, struct pv_err *e)
{
	struct sq_view *v = view;
	uint64_t size = 0;
	int64_t id = 0;
	struct cursor *cur;

	PV_TRY(need_log(v, log, &id, &size, e));
	to = to > size ? size : to;
	from = from > to ? to : from;
	cur = open_cursor(v,
	    "SELECT id, second, leaf, body FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id",
	    NULL, e);
	if (cur == NULL)
		return sq_failed(e);
	sqlite3_bind_int64(cur->st, 1, (id << SQ_INDEX_BITS) | (int64_t)from);
	sqlite3_bind_int64(cur->st, 2, (id << SQ_INDEX_BITS) + (int64_t)to);
	*cursor = cur;
	return PV_DONE;
}

PV_RESULT
sq_entry_next(
    void *cursor, uint64_t *index, struct pv_store_entry *entry, bool *more, struct pv_err *e)
{
	struct cursor *cur = cursor;
	int rc = sqlite3_step(cur->st);

	*more = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? PV_DONE : sq_fail_read(cur->c, rc, e);
	if (sqlite3_column_bytes(cur->st, 2) != PV_STORE_HASH)
		return sq_fail_read(cur->c, SQLITE_CORRUPT, e);
	*index = (uint64_t)sqlite3_column_int64(cur->st, 0) & (PV_STORE_SIZE_MAX - 1);
	entry->second = (uint64_t)sqlite3_column_int64(cur->st, 1);
	memcpy(entry->leaf, sqlite3_column_blob(cur->st, 2), PV_STORE_HASH);
	entry->bytes =
	    pv_slice_mem(sqlite3_column_blob(cur->st, 3), (size_t)sqlite3_column_bytes(cur->st, 3));
	return PV_DONE;
}

static void
add_condition(struct pv_buf *sql, const char *column, enum pv_store_test test, int param)
{
	switch (test) {
	case PV_Q_IS:
		pv_buf_addf(sql, "%s = ?%d", column, param);
		return;
	case PV_Q_UNDER: /* '.' and '/' are neighbours, so this is a range */
		pv_buf_addf(sql, "(%s = ?%d OR (%s > ?%d || '.' AND %s < ?%d || '/'))", column,
		    param, column, param, column, param);
		return;
	case PV_Q_AT_LEAST:
		pv_buf_addf(sql, "%s >= ?%d", column, param);
		return;
	case PV_Q_BELOW:
		pv_buf_addf(sql, "%s < ?%d", column, param);
		return;
	}
}

static void
add_where(struct pv_buf *sql, const struct pv_store_query *q, const struct pv_table *t)
{
	pv_buf_addf(sql, " FROM %s", t->name);
	for (size_t i = 0; i < q->n; i++) {
		pv_buf_add_str(sql, i == 0 ? " WHERE " : " AND ");
		add_condition(sql, t->c[q->where[i].column].name, q->where[i].test, (int)i + 1);
	}
}

static PV_RESULT
bind_where(
    struct cursor *cur, const struct pv_store_query *q, const struct pv_table *t, struct pv_err *e)
{
	for (size_t i = 0; i < q->n; i++) {
		struct pv_store_cell cell = q->where[i].cell;
		int rc;

		/* "below the largest number" is no limit, and not an error */
		if (t->c[q->where[i].column].kind == PV_COL_NUMBER && cell.n > INT64_MAX)
			cell.n = INT64_MAX;
		rc = bind_value(cur->c, cur->st, (int)i + 1, t->c[q->where[i].column].kind, &cell);
		if (rc != SQLITE_OK)
			return sq_fail_read(cur->c, rc, e);
	}
	return PV_DONE;
}

static void
add_order(struct pv_buf *sql, const struct pv_store_query *q, const struct pv_table *t)
{
	const char *way = q->descending ? " DESC" : "";

	pv_buf_addf(sql, " ORDER BY %s%s", t->c[q->order_by].name, way);
	for (unsigned i = 0; i < t->keys; i++)
		if (i != q->order_by)
			pv_buf_addf(sql, ", %s%s", t->c[i].name, way);
	if (q->limit > 0)
		pv_buf_addf(sql, " LIMIT %llu",
		    (unsigned long long)(q->limit > INT64_MAX ? INT64_MAX : q->limit));
}

PV_RESULT
sq_view_rows(void **cursor, void *view, const struct pv_store_query *q, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf sql = { 0 };
	const struct pv_table *t = pv_table_get(q->table);
	struct pv_status st;
	struct cursor *cur;

	pv_buf_add_str(&sql, "SELECT ");
	sq_add_columns(&sql, t);
	add_where(&sql, q, t);
	add_order(&sql, q, t);
	if ((cur = open_cursor(view, pv_buf_str(&sql), t, e)) == NULL)
		return sq_failed(e);
	st = bind_where(cur, q, t, e);
	if (pv_ok(st))
		*cursor = cur;
	else
		sq_cursor_close(cur);
	return st;
}

PV_RESULT
sq_view_count(uint64_t *out, void *view, const struct pv_store_query *q, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf sql = { 0 };
	const struct pv_table *t = pv_table_get(q->table);
	struct pv_status st;
	struct cursor *cur;
	int rc;

	pv_buf_add_str(&sql, "SELECT count(*)");
	add_where(&sql, q, t);
	if ((cur = open_cursor(view, pv_buf_str(&sql), t, e)) == NULL)
		return sq_failed(e);
	st = bind_where(cur, q, t, e);
	if (pv_ok(st) && (rc = sqlite3_step(cur->st)) != SQLITE_ROW)
		st = sq_fail_read(cur->c, rc, e);
	if (pv_ok(st))
		*out = (uint64_t)sqlite3_column_int64(cur->st, 0);
	sq_cursor_close(cur);
	return st;
}

PV_RESULT
sq_row_next(void *cursor, struct pv_store_row *row, bool *more, struct pv_err *e)
{
	struct cursor *cur = cursor;
	int rc = sqlite3_step(cur->st);

	*more = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? PV_DONE : sq_fail_read(cur->c, rc, e);
	sq_read_cells(cur->st, cur->t, row);
	return PV_DONE;
}
