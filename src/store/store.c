/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door: checks what comes in, and hands it to the backend, the queue
 * (submit.c), the reserve or the keys.
 */
#include "store/private.h"

#include <libgen.h>

#include "base/buf.h"
#include "base/mem.h"

#define BUSY_MS 5000

struct pv_store_view {
	struct pv_store *s;
	void *view;
	struct pv_arena *a;
};

struct pv_store_cursor {
	const struct pv_backend *b;
	void *cursor;
};

/* ---- opening ---- */

static void
add_erase_path(struct pv_buf *out, const char *path, const struct pv_store_options *o)
{
	PV_AUTO(pv_freep) char *copy = pv_strdup(path);

	if (o->erase_path != NULL)
		pv_buf_add_str(out, o->erase_path);
	else
		pv_buf_addf(out, "%s/erase.db", dirname(copy));
}

static void
open_files(struct pv_store *s, const char *path)
{
	PV_AUTO(pv_buf_free) struct pv_buf erase = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf reserve = { 0 };
	bool writes = s->o.mode != PV_STORE_READ;

	add_erase_path(&erase, path, &s->o);
	pv_buf_addf(&reserve, "%s.reserve", path);
	s->keys = pv_keys_new(pv_buf_str(&erase), s->o.key_batch, writes, &s->o.env);
	pv_reserve_open(&s->reserve, pv_buf_str(&reserve), writes ? s->o.reserve_bytes : 0);
}

PV_RESULT
pv_store_open(
    struct pv_store **out, const char *path, const struct pv_store_options *o, struct pv_err *e)
{
	PV_AUTO(pv_store_freep) struct pv_store *s = PV_NEW(struct pv_store);
	struct pv_status st;
	bool no_space;

	s->b = &pv_store_sqlite;
	s->o = *o;
	s->o.busy_ms = o->busy_ms != 0 ? o->busy_ms : BUSY_MS;
	s->o.key_batch = o->key_batch != 0 ? o->key_batch : PV_STORE_KEY_BATCH;
	pv_queue_open(s);
	open_files(s, path);
	do
		st = s->b->open(&s->db, path, &s->o, &no_space, e);
	/* Even to be opened a store needs a little space (its shared memory), and orders must get in. */
	while (!pv_ok(st) && no_space && pv_reserve_give(&s->reserve));
	PV_TRY(st);
	(void)pv_reserve_fill(&s->reserve);
	*out = PV_TAKE(s);
	return PV_DONE;
}

void
pv_store_free(struct pv_store *s)
{
	if (s == NULL)
		return;
	pv_queue_close(s);
	if (s->db != NULL)
		s->b->close(s->db);
	pv_keys_free(s->keys);
	pv_reserve_close(&s->reserve);
	pv_free(s);
}

void
pv_store_freep(struct pv_store **s)
{
	pv_store_free(*s);
	*s = NULL;
}

/* ---- reading ---- */

PV_RESULT
pv_store_view_open(struct pv_store_view **out, struct pv_store *s, struct pv_err *e)
{
	struct pv_store_view *v;
	void *view;

	PV_TRY(s->b->view_open(&view, s->db, e));
	v = PV_NEW(struct pv_store_view);
	v->s = s;
	v->view = view;
	v->a = pv_arena_new();
	*out = v;
	return PV_DONE;
}

uint64_t
pv_store_version(struct pv_store *s)
{
	return s->b->version(s->db);
}

uint64_t
pv_store_stamp(struct pv_store *s, enum pv_store_table table)
{
	uint64_t others = 0, own;

	pthread_mutex_lock(&s->lock);
	own = s->changed[table];
	if (!s->committing && s->first == NULL)
		others = s->b->others(s->db);
	pthread_mutex_unlock(&s->lock);
	return others == 0 ? 0 : others << 32 | (own & UINT32_MAX);
}

void
pv_store_view_free(struct pv_store_view *v)
{
	if (v == NULL)
		return;
	v->s->b->view_close(v->view);
	pv_arena_free(v->a);
	pv_free(v);
}

void
pv_store_view_freep(struct pv_store_view **v)
{
	pv_store_view_free(*v);
	*v = NULL;
}

PV_RESULT
pv_store_log_head(struct pv_store_view *v, struct pv_slice log, struct pv_store_head *out,
    bool *found, struct pv_err *e)
{
	return v->s->b->head(v->view, log, out, found, e);
}

PV_RESULT
pv_store_log_name(
    struct pv_store_view *v, size_t i, struct pv_slice *out, bool *found, struct pv_err *e)
{
	return v->s->b->name(v->view, i, v->a, out, found, e);
}

PV_RESULT
pv_store_log_leaf(struct pv_store_view *v, struct pv_slice log, uint64_t index,
    uint8_t out[PV_STORE_HASH], struct pv_err *e)
{
	uint8_t tile[PV_STORE_TILE][PV_STORE_HASH];
	unsigned place = (unsigned)(index % PV_STORE_TILE);

	PV_TRY(pv_store_log_tile(v, log, 0, index / PV_STORE_TILE, place + 1, tile, e));
	memcpy(out, tile[place], PV_STORE_HASH);
	return PV_DONE;
}

PV_RESULT
pv_store_log_tile(struct pv_store_view *v, struct pv_slice log, unsigned level, uint64_t n,
    unsigned width, uint8_t (*out)[PV_STORE_HASH], struct pv_err *e)
{
	if (width == 0 || width > PV_STORE_TILE)
		return PV_FAIL(e, PV_E_BUG, "a tile of %u hashes", width);
	return v->s->b->tile(v->view, log, level, n, width, out, e);
}

PV_RESULT
pv_store_log_root(struct pv_store_view *v, struct pv_slice log, uint64_t size,
    uint8_t out[PV_STORE_HASH], struct pv_err *e)
{
	return v->s->b->root(v->view, log, size, out, e);
}

PV_RESULT
pv_store_log_checkpoint(struct pv_store_view *v, struct pv_slice log, enum pv_store_note_kind kind,
    uint64_t size, struct pv_arena *a, struct pv_store_checkpoint *out, bool *found,
    struct pv_err *e)
{
	return v->s->b->checkpoint(v->view, log, kind, size, a, out, found, e);
}

PV_RESULT
pv_store_row_get(struct pv_store_view *v, enum pv_store_table table, struct pv_store_row *row,
    struct pv_arena *a, bool *found, struct pv_err *e)
{
	const struct pv_table *t = pv_table_get(table);

	if (t == NULL)
		return PV_FAIL(e, PV_E_BUG, "a table that the store does not have");
	*found = false;
	for (unsigned i = 0; i < t->keys; i++)
		if (row->c[i].n > INT64_MAX || row->c[i].s.n > PV_STORE_BODY_MAX)
			return PV_DONE;
	return v->s->b->row(v->view, table, row, a, found, e);
}

/* ---- cursors ---- */

static void
make_cursor(struct pv_store_cursor **out, const struct pv_store_view *v, void *cursor)
{
	struct pv_store_cursor *c = PV_NEW(struct pv_store_cursor);

	*c = (struct pv_store_cursor){ v->s->b, cursor };
	*out = c;
}

PV_RESULT
pv_store_log_entries(struct pv_store_cursor **out, struct pv_store_view *v, struct pv_slice log,
    uint64_t from, uint64_t to, struct pv_err *e)
{
	void *cursor;

	PV_TRY(v->s->b->entries(&cursor, v->view, log, from, to, e));
	make_cursor(out, v, cursor);
	return PV_DONE;
}

PV_RESULT
pv_store_entry_next(struct pv_store_cursor *c, uint64_t *index, struct pv_store_entry *entry,
    bool *more, struct pv_err *e)
{
	return c->b->entry_next(c->cursor, index, entry, more, e);
}

static PV_RESULT
check_query(const struct pv_store_query *q, struct pv_err *e)
{
	const struct pv_table *t = pv_table_get(q->table);

	if (t == NULL || q->n > PV_STORE_WHERE || q->order_by >= t->columns)
		return PV_FAIL(e, PV_E_BUG, "a question that the store does not understand");
	for (size_t i = 0; i < q->n; i++) {
		enum pv_column_kind kind;

		if (q->where[i].column >= t->columns || q->where[i].cell.s.n > PV_STORE_BODY_MAX)
			return PV_FAIL(e, PV_E_BUG, "%s: cannot be asked so", t->name);
		kind = t->c[q->where[i].column].kind;
		if ((q->where[i].test == PV_Q_UNDER && kind != PV_COL_TEXT) ||
		    (q->where[i].test >= PV_Q_AT_LEAST && kind != PV_COL_NUMBER))
			return PV_FAIL(e, PV_E_BUG, "%s.%s: cannot be asked so", t->name,
			    t->c[q->where[i].column].name);
	}
	return PV_DONE;
}

PV_RESULT
pv_store_rows(struct pv_store_cursor **out, struct pv_store_view *v, const struct pv_store_query *q,
    struct pv_err *e)
{
	void *cursor;

	PV_TRY(check_query(q, e));
	PV_TRY(v->s->b->rows(&cursor, v->view, q, e));
	make_cursor(out, v, cursor);
	return PV_DONE;
}

PV_RESULT
pv_store_row_next(struct pv_store_cursor *c, struct pv_store_row *row, bool *more, struct pv_err *e)
{
	return c->b->row_next(c->cursor, row, more, e);
}

PV_RESULT
pv_store_rows_count(
    uint64_t *out, struct pv_store_view *v, const struct pv_store_query *q, struct pv_err *e)
{
	PV_TRY(check_query(q, e));
	return v->s->b->count(out, v->view, q, e);
}

void
pv_store_cursor_free(struct pv_store_cursor *c)
{
	if (c == NULL)
		return;
	c->b->cursor_close(c->cursor);
	pv_free(c);
}

void
pv_store_cursor_freep(struct pv_store_cursor **c)
{
	pv_store_cursor_free(*c);
	*c = NULL;
}

/* ---- keys that erasure destroys ---- */

PV_RESULT
pv_store_key_take(struct pv_store *s, uint64_t *id, uint8_t key[PV_STORE_KEY], struct pv_err *e)
{
	if (s->o.mode == PV_STORE_READ)
		return PV_FAIL(
		    e, PV_E_BUG, "the store was opened for reading, and gives no new keys");
	if (!pv_keys_there(s->keys)) {
		uint64_t top;

		/* Lost, or left out of a backup: an id that a row names must never mean a new key. */
		PV_TRY(s->b->top_key(s->db, &top, e));
		PV_TRY(pv_keys_make(s->keys, top + 1, e));
	}
	return pv_keys_take(s->keys, id, key, e);
}

PV_RESULT
pv_store_key_get(
    struct pv_store *s, uint64_t id, uint8_t key[PV_STORE_KEY], bool *found, struct pv_err *e)
{
	return pv_keys_get(s->keys, id, key, found, e);
}

PV_RESULT
pv_store_key_destroy(struct pv_store *s, uint64_t id, struct pv_err *e)
{
	if (s->o.mode == PV_STORE_READ)
		return PV_FAIL(
		    e, PV_E_BUG, "the store was opened for reading, and destroys no keys");
	return pv_keys_destroy(s->keys, id, e);
}

/* ---- keeping it ---- */

PV_RESULT
pv_store_backup(struct pv_store *s, const char *dst, const char *keys_dst, struct pv_err *e)
{
	PV_TRY(s->b->backup(s->db, dst, e));
	/* After the store's copy: every key that a row of it names is in. */
	return keys_dst == NULL || !pv_keys_there(s->keys) ? PV_DONE
							   : pv_keys_copy(s->keys, keys_dst, e);
}

PV_RESULT
pv_store_check(struct pv_store *s, struct pv_err *e)
{
	return s->b->check(s->db, e);
}

PV_RESULT
pv_store_info_get(struct pv_store *s, struct pv_store_info *out, struct pv_err *e)
{
	*out = (struct pv_store_info){ .reserve_bytes = pv_reserve_left(&s->reserve) };
	pthread_mutex_lock(&s->lock);
	out->commits = s->commits;
	out->submissions = s->submissions;
	pthread_mutex_unlock(&s->lock);
	return s->b->info(s->db, out, e);
}
