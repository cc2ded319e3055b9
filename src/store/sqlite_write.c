/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: many jobs, one transaction. Each job runs in a savepoint, so that
 * one that is refused leaves no trace while the others go on. Heads are written
 * once, at the end, with the root of all that the transaction appended; so a
 * root is worked out once for many jobs, and is durable with its entries.
 *
 * What the writer knows of a log is kept between transactions and is true as
 * long as PRAGMA data_version stays the same: no other process has written.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>

enum step {
	BROKEN = 0, /* the database failed: all jobs fail */
	REFUSED,    /* this job alone; its err says why */
	MOVED,
	APPLIED,
};

struct tx {
	struct sq_store *sq;
	int rc; /* of what broke */
};

static enum step
broke(struct tx *tx, int rc)
{
	tx->rc = rc != SQLITE_OK ? rc : SQLITE_ERROR;
	return BROKEN;
}

static enum step
refused(struct pv_status st)
{
	pv_ignore(st);
	return REFUSED;
}

/* ---- what is known of the logs ---- */

void
sq_forget_logs(struct sq_store *sq)
{
	for (size_t i = 0; i < sq->logs.n; i++) {
		pv_free(sq->logs.at[i]->name);
		pv_free(sq->logs.at[i]);
	}
	sq->logs.n = 0;
	sq->n_undo = 0;
}

static int
read_tail(struct sq_store *sq, struct sq_log *l)
{
	unsigned width = (unsigned)(l->size % PV_STORE_TILE);

	return width == 0 ? SQLITE_OK
			  : sq_tile(sq->w, l->id, 0, l->size / PV_STORE_TILE, width, l->tail);
}

static struct sq_log *
add_known(struct sq_store *sq, struct pv_slice name, int64_t id, enum pv_store_log_kind kind)
{
	struct sq_log *l = PV_NEW(struct sq_log);

	l->id = id;
	l->kind = kind;
	l->name = pv_alloc(name.n + 1);
	memcpy(l->name, name.p, name.n);
	*PV_VEC_ADD(&sq->logs) = l; /* NOLINT(bugprone-sizeof-expression): of pointers, yes */
	return l;
}

/* *out NULL when there is no such log. */
static int
find_log(struct sq_store *sq, struct pv_slice name, struct sq_log **out)
{
	sqlite3_stmt *st;
	struct sq_log *l;
	int rc;

	*out = NULL;
	for (size_t i = 0; i < sq->logs.n; i++)
		if (pv_slice_is(name, sq->logs.at[i]->name)) {
			*out = sq->logs.at[i];
			return SQLITE_OK;
		}
	if ((st = sq_stmt(sq->w, SQ_LOG_GET, &rc)) == NULL)
		return rc;
	sqlite3_bind_text(st, 1, name.p, (int)name.n, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	l = add_known(sq, name, sqlite3_column_int64(st, 0),
	    (enum pv_store_log_kind)sqlite3_column_int(st, 1));
	rc = sq_read_head(st, 2, &l->size, l->root, l->edge) ? SQLITE_OK : SQLITE_CORRUPT;
	l->stored_size = l->size;
	sqlite3_reset(st);
	if (rc == SQLITE_OK)
		rc = read_tail(sq, l);
	if (rc != SQLITE_OK)
		sq_forget_logs(sq);
	else
		*out = l;
	return rc;
}

/* A log that must be there. */
static enum step
need_log(struct tx *tx, struct pv_slice name, struct sq_log **out, struct pv_err *e)
{
	int rc = find_log(tx->sq, name, out);

	if (rc != SQLITE_OK)
		return broke(tx, rc);
	if (*out == NULL)
		return refused(
		    PV_FAIL(e, PV_E_INPUT, "the store has no log \"%.*s\"", PV_FMT(name)));
	return APPLIED;
}

/* Before a job changes what is known of a log: the state to go back to. False: too many logs. */
static bool
keep_for_undo(struct sq_store *sq, struct sq_log *l)
{
	size_t at = 0;

	for (size_t i = 0; i < sq->n_undo; i++)
		if (sq->logs.at[sq->undo[i].at] == l)
			return true;
	if (sq->n_undo == PV_STORE_LOGS_MAX)
		return false;
	while (sq->logs.at[at] != l)
		at++;
	sq->undo[sq->n_undo].at = at;
	sq->undo[sq->n_undo].was = *l;
	sq->n_undo++;
	return true;
}

static void
undo_job(struct sq_store *sq, size_t logs_before)
{
	for (size_t i = 0; i < sq->n_undo; i++)
		*sq->logs.at[sq->undo[i].at] = sq->undo[i].was;
	sq->n_undo = 0;
	while (sq->logs.n > logs_before) {
		struct sq_log *l = sq->logs.at[--sq->logs.n];

		pv_free(l->name);
		pv_free(l);
	}
}

static const uint8_t *
root_of(struct sq_store *sq, struct sq_log *l)
{
	if (l->root_stale)
		sq->o.tree.root(
		    sq->o.tree.ctx, l->size, (const uint8_t(*)[PV_STORE_HASH])l->edge, l->root);
	l->root_stale = false;
	return l->root;
}

/* ---- changes to logs ---- */

static enum step
make_log(struct tx *tx, const struct pv_store_change *c, struct pv_err *e)
{
	struct sq_store *sq = tx->sq;
	uint8_t root[PV_STORE_HASH];
	sqlite3_stmt *st;
	struct sq_log *l;
	int64_t id;
	int rc = find_log(sq, c->log, &l);

	if (rc != SQLITE_OK)
		return broke(tx, rc);
	if (l != NULL && l->kind != c->log_kind)
		return refused(PV_FAIL(e, PV_E_INPUT,
		    "the log \"%.*s\" is there as one of another kind", PV_FMT(c->log)));
	if (l != NULL)
		return APPLIED;
	if ((st = sq_stmt(sq->w, SQ_LOG_ADD, &rc)) == NULL)
		return broke(tx, rc);
	sq->o.tree.root(sq->o.tree.ctx, 0, NULL, root);
	sqlite3_bind_text(st, 1, c->log.p, (int)c->log.n, SQLITE_STATIC);
	sqlite3_bind_int(st, 2, (int)c->log_kind);
	sqlite3_bind_blob(st, 3, root, sizeof(root), SQLITE_TRANSIENT);
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		return broke(tx, rc);
	id = sqlite3_last_insert_rowid(sq->w->db);
	if (id >= SQ_LOG_MAX)
		return refused(
		    PV_FAIL(e, PV_E_LIMIT, "the store has %d logs, and takes no more", SQ_LOG_MAX));
	l = add_known(sq, c->log, id, c->log_kind);
	memcpy(l->root, root, sizeof(root));
	return APPLIED;
}

static int
write_tile(struct sq_conn *c, enum sq_stmt how, int64_t log, unsigned level, uint64_t n,
    uint8_t (*hashes)[PV_STORE_HASH], unsigned width)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(c, how, &rc);

	if (st == NULL)
		return rc;
	sqlite3_bind_blob(st, 1, hashes, (int)(width * PV_STORE_HASH), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, log);
	sqlite3_bind_int(st, 3, (int)level);
	sqlite3_bind_int64(st, 4, (int64_t)n);
	rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Tile n of a level is complete: its hash goes into the level above, whose own tile may be complete then. */
static int
hash_upward(
    struct sq_store *sq, int64_t log, unsigned level, uint64_t n, uint8_t (*full)[PV_STORE_HASH])
{
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	uint8_t above[PV_STORE_TILE][PV_STORE_HASH];
	unsigned place = (unsigned)(n % PV_STORE_TILE);
	int rc;

	for (uint64_t i = 0; i < PV_STORE_TILE; i++)
		sq->o.tree.append(sq->o.tree.ctx, i, edge, full[i]);
	if (place > 0) {
		rc = sq_tile(sq->w, log, level + 1, n / PV_STORE_TILE, place, above);
		if (rc != SQLITE_OK)
			return rc;
	}
	sq->o.tree.root(
	    sq->o.tree.ctx, PV_STORE_TILE, (const uint8_t(*)[PV_STORE_HASH])edge, above[place]);
	rc = write_tile(sq->w, place == 0 ? SQ_TILE_ADD : SQ_TILE_SET, log, level + 1,
	    n / PV_STORE_TILE, above, place + 1);
	if (rc != SQLITE_OK || place + 1 < PV_STORE_TILE)
		return rc;
	return hash_upward(sq, log, level + 1, n / PV_STORE_TILE, above);
}

static int
append_entry(struct sq_store *sq, struct sq_log *l, const struct pv_store_entry *entry)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(sq->w, SQ_ENTRY_ADD, &rc);

	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, (l->id << SQ_INDEX_BITS) | (int64_t)l->size);
	sqlite3_bind_int64(st, 2, (int64_t)entry->second);
	sqlite3_bind_blob(st, 3, entry->leaf, PV_STORE_HASH, SQLITE_STATIC);
	if (entry->bytes.n > 0)
		sqlite3_bind_blob(st, 4, entry->bytes.p, (int)entry->bytes.n, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(st, 4, 0);
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		return rc;
	sq->o.tree.append(sq->o.tree.ctx, l->size, l->edge, entry->leaf);
	memcpy(l->tail[l->size % PV_STORE_TILE], entry->leaf, PV_STORE_HASH);
	l->size++;
	l->root_stale = true;
	if (l->size % PV_STORE_TILE != 0)
		return SQLITE_OK;
	rc = write_tile(
	    sq->w, SQ_TILE_ADD, l->id, 0, l->size / PV_STORE_TILE - 1, l->tail, PV_STORE_TILE);
	return rc != SQLITE_OK ? rc
			       : hash_upward(sq, l->id, 0, l->size / PV_STORE_TILE - 1, l->tail);
}

static void
note_place(struct pv_store_result *r, struct pv_slice log, uint64_t first, uint64_t count)
{
	for (size_t i = 0; i < r->n; i++)
		if (pv_slice_eq(r->placed[i].log, log)) {
			r->placed[i].count += count;
			return;
		}
	r->placed[r->n++] = (struct pv_store_placed){ .log = log, .first = first, .count = count };
}

static enum step
append(struct tx *tx, const struct pv_store_change *c, uint64_t *first, struct pv_store_result *r)
{
	struct sq_log *l;
	enum step step = need_log(tx, c->log, &l, &r->err);

	if (step != APPLIED)
		return step;
	*first = l->size;
	if (c->n > PV_STORE_SIZE_MAX - l->size)
		return refused(
		    PV_FAIL(&r->err, PV_E_LIMIT, "the log \"%.*s\" is full", PV_FMT(c->log)));
	if (!keep_for_undo(tx->sq, l))
		return refused(PV_FAIL(&r->err, PV_E_LIMIT,
		    "a submission may touch %d logs at most", PV_STORE_LOGS_MAX));
	for (size_t i = 0; i < c->n; i++) {
		int rc = append_entry(tx->sq, l, &c->entries[i]);

		if (rc != SQLITE_OK)
			return broke(tx, rc);
	}
	if (c->n > 0)
		note_place(r, c->log, *first, c->n);
	return APPLIED;
}

static enum step
check_tree(struct tx *tx, const struct pv_store_change *c, struct pv_err *e)
{
	struct sq_log *l;
	enum step step = need_log(tx, c->log, &l, e);

	if (step != APPLIED)
		return step;
	if (l->size != c->checkpoint.size)
		return refused(PV_FAIL(e, PV_E_UNTRUSTED,
		    "the log \"%.*s\" has %llu entries here, and %llu where it comes from",
		    PV_FMT(c->log), (unsigned long long)l->size,
		    (unsigned long long)c->checkpoint.size));
	if (memcmp(root_of(tx->sq, l), c->checkpoint.root, PV_STORE_HASH) != 0)
		return refused(PV_FAIL(e, PV_E_UNTRUSTED,
		    "the %llu entries of the log \"%.*s\" are not the tree that its checkpoint "
		    "names",
		    (unsigned long long)l->size, PV_FMT(c->log)));
	return APPLIED;
}

static enum step
root_at(struct tx *tx, struct sq_log *l, uint64_t size, uint8_t root[PV_STORE_HASH])
{
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH];
	int rc;

	if (size == l->size) {
		memcpy(root, root_of(tx->sq, l), PV_STORE_HASH);
		return APPLIED;
	}
	rc = sq_edge(tx->sq->w, &tx->sq->o.tree, l->id, size, edge);
	if (rc != SQLITE_OK)
		return broke(tx, rc);
	tx->sq->o.tree.root(tx->sq->o.tree.ctx, size, (const uint8_t(*)[PV_STORE_HASH])edge, root);
	return APPLIED;
}

/* Whether the kept note of that kind is newer: then c changes nothing. */
static int
is_older(struct sq_conn *w, int64_t log, const struct pv_store_checkpoint *c, bool *older)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(w, SQ_NOTE_GET, &rc);

	*older = false;
	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, log);
	sqlite3_bind_int(st, 2, (int)c->kind);
	sqlite3_bind_int64(st, 3, INT64_MAX);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		uint64_t size = (uint64_t)sqlite3_column_int64(st, 0);
		uint64_t second = (uint64_t)sqlite3_column_int64(st, 2);

		*older = size > c->size || second > c->second;
		sqlite3_reset(st);
		return SQLITE_OK;
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
put_note(struct sq_conn *w, int64_t log, const struct pv_store_checkpoint *c)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(w, SQ_NOTE_PUT, &rc);

	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, log);
	sqlite3_bind_int(st, 2, (int)c->kind);
	sqlite3_bind_int64(st, 3, (int64_t)c->size);
	sqlite3_bind_blob(st, 4, c->root, PV_STORE_HASH, SQLITE_STATIC);
	sqlite3_bind_int64(st, 5, (int64_t)c->second);
	sqlite3_bind_blob(st, 6, c->note.n > 0 ? c->note.p : "", (int)c->note.n, SQLITE_STATIC);
	rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A journal has a note for every commit: of each full tile's span the last is kept, the newest proves all before it. */
static int
trim_notes(struct sq_conn *w, int64_t log, const struct pv_store_checkpoint *c)
{
	int rc;
	sqlite3_stmt *st = sq_stmt(w, SQ_NOTE_TRIM, &rc);

	if (st == NULL)
		return rc;
	sqlite3_bind_int64(st, 1, log);
	sqlite3_bind_int(st, 2, (int)c->kind);
	sqlite3_bind_int64(st, 3, (int64_t)(c->size - c->size % PV_STORE_TILE));
	sqlite3_bind_int64(st, 4, (int64_t)c->size);
	rc = sqlite3_step(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static enum step
keep_checkpoint(struct tx *tx, const struct pv_store_change *c, struct pv_err *e)
{
	uint8_t root[PV_STORE_HASH];
	bool older;
	struct sq_log *l;
	int rc;
	enum step step = need_log(tx, c->log, &l, e);

	if (step != APPLIED)
		return step;
	if (c->checkpoint.size > l->size)
		return refused(PV_FAIL(e, PV_E_INPUT,
		    "a checkpoint of %llu entries, but the log \"%.*s\" has %llu here",
		    (unsigned long long)c->checkpoint.size, PV_FMT(c->log),
		    (unsigned long long)l->size));
	step = root_at(tx, l, c->checkpoint.size, root);
	if (step != APPLIED)
		return step;
	if (memcmp(root, c->checkpoint.root, PV_STORE_HASH) != 0)
		return refused(pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "two trees of %llu entries for the log \"%.*s\"",
			(unsigned long long)c->checkpoint.size, PV_FMT(c->log)),
		    e, "keep both checkpoints: together they prove that the log was forked"));
	rc = is_older(tx->sq->w, l->id, &c->checkpoint, &older);
	if (rc == SQLITE_OK && !older)
		rc = put_note(tx->sq->w, l->id, &c->checkpoint);
	if (rc == SQLITE_OK && !older && l->kind == PV_STORE_JOURNAL)
		rc = trim_notes(tx->sq->w, l->id, &c->checkpoint);
	return rc == SQLITE_OK ? APPLIED : broke(tx, rc);
}

/* ---- changes to rows ---- */

/* The number a cell stands for, and the id of the log it names. */
static enum step
resolve_cell(struct tx *tx, const struct pv_store_cell *cell, const struct pv_column *col,
    struct pv_store_cell *out, struct pv_err *e)
{
	struct sq_log *l;

	*out = *cell;
	if (col->kind == PV_COL_NUMBER && cell->from_append > 0)
		out->n += tx->sq->firsts.at[cell->from_append - 1];
	if (col->kind != PV_COL_LOG || cell->s.n == 0)
		return APPLIED;
	enum step step = need_log(tx, cell->s, &l, e);
	if (step == APPLIED)
		out->n = (uint64_t)l->id;
	return step;
}

static enum step
bind_row(struct tx *tx, sqlite3_stmt *st, const struct pv_table *t, unsigned columns,
    const struct pv_store_row *row, struct pv_err *e)
{
	for (unsigned i = 0; i < columns; i++) {
		struct pv_store_cell cell;
		enum step step = resolve_cell(tx, &row->c[i], &t->c[i], &cell, e);
		int rc;

		if (step != APPLIED)
			return step;
		rc = sq_bind_cell(st, (int)i + 1, t->c[i].kind, &cell);
		if (rc != SQLITE_OK)
			return broke(tx, rc);
	}
	return APPLIED;
}

static bool
same_row(sqlite3_stmt *st, const struct pv_table *t, const struct pv_store_row *row,
    const struct sq_store *sq)
{
	struct pv_store_row there;

	sq_read_cells(st, t, &there);
	for (unsigned i = 0; i < t->columns; i++) {
		uint64_t n = row->c[i].n;

		if (row->c[i].from_append > 0)
			n += sq->firsts.at[row->c[i].from_append - 1];
		if (t->c[i].kind == PV_COL_NUMBER ? there.c[i].n != n
						  : !pv_slice_eq(there.c[i].s, row->c[i].s))
			return false;
	}
	return true;
}

/* The key was there already: fine when all the rest is the same too. */
static enum step
compare_row(
    struct tx *tx, const struct pv_store_change *c, const struct pv_table *t, struct pv_err *e)
{
	int rc;
	sqlite3_stmt *st = sq_row_stmt(tx->sq->w, c->table, SQ_ROW_GET, &rc);
	enum step step;

	if (st == NULL)
		return broke(tx, rc);
	step = bind_row(tx, st, t, t->keys, &c->row, e);
	if (step != APPLIED)
		return step;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return broke(tx, rc);
	if (!same_row(st, t, &c->row, tx->sq))
		step =
		    refused(t->c[0].kind == PV_COL_TEXT
				? PV_FAIL(e, PV_E_INPUT,
				      "%s: \"%.*s\" is there already, with other content", t->name,
				      PV_FMT(c->row.c[0].s))
				: PV_FAIL(e, PV_E_INPUT,
				      "%s: a row of \"%.*s\" is there already, with other content",
				      t->name, PV_FMT(c->row.c[0].s)));
	sqlite3_reset(st);
	return step;
}

static enum step
change_row(struct tx *tx, const struct pv_store_change *c, enum sq_verb verb, struct pv_err *e)
{
	const struct pv_table *t = pv_table_get(c->table);
	unsigned bound = verb == SQ_ROW_CLEAR ? 0 : verb == SQ_ROW_DELETE ? t->keys : t->columns;
	int rc;
	sqlite3_stmt *st = sq_row_stmt(tx->sq->w, c->table, verb, &rc);
	enum step step;

	if (st == NULL)
		return broke(tx, rc);
	step = bind_row(tx, st, t, bound, &c->row, e);
	if (step != APPLIED)
		return step;
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		return broke(tx, rc);
	if (verb == SQ_ROW_ADD && sqlite3_changes(tx->sq->w->db) == 0)
		return compare_row(tx, c, t, e);
	return APPLIED;
}

/* ---- a job, a transaction ---- */

static enum step
apply_change(
    struct tx *tx, const struct pv_store_change *c, uint64_t *first, struct pv_store_result *r)
{
	switch (c->op) {
	case PV_OP_NONE:
		break;
	case PV_OP_LOG:
		return make_log(tx, c, &r->err);
	case PV_OP_APPEND:
		return append(tx, c, first, r);
	case PV_OP_TREE:
		return check_tree(tx, c, &r->err);
	case PV_OP_CHECKPOINT:
		return keep_checkpoint(tx, c, &r->err);
	case PV_OP_ADD:
		return change_row(tx, c, SQ_ROW_ADD, &r->err);
	case PV_OP_PUT:
		return change_row(tx, c, SQ_ROW_PUT, &r->err);
	case PV_OP_DELETE:
		return change_row(tx, c, SQ_ROW_DELETE, &r->err);
	case PV_OP_CLEAR:
		return change_row(tx, c, SQ_ROW_CLEAR, &r->err);
	}
	return refused(PV_FAIL(&r->err, PV_E_BUG, "a change to the store without a kind"));
}

static enum step
check_sizes(struct tx *tx, const struct pv_store_submission *sub)
{
	for (size_t i = 0; i < sub->n_expect; i++) {
		struct sq_log *l;
		int rc = find_log(tx->sq, sub->expect[i].log, &l);

		if (rc != SQLITE_OK)
			return broke(tx, rc);
		if ((l == NULL ? 0 : l->size) != sub->expect[i].size)
			return MOVED;
	}
	return APPLIED;
}

static enum step
apply_job(struct tx *tx, const struct pv_store_job *job)
{
	const struct pv_store_submission *sub = job->sub;
	enum step step = check_sizes(tx, sub);

	*job->r = (struct pv_store_result){ .outcome = PV_STORE_FAILED };
	tx->sq->n_undo = 0;
	tx->sq->firsts.n = 0;
	for (size_t i = 0; i < sub->n && step == APPLIED; i++) {
		uint64_t *first = PV_VEC_ADD(&tx->sq->firsts);

		*first = 0;
		step = apply_change(tx, &sub->changes[i], first, job->r);
	}
	return step;
}

/* In a savepoint of its own, unless it is alone in the transaction. */
static enum step
apply_job_safely(struct tx *tx, const struct pv_store_job *job, bool alone)
{
	struct sq_store *sq = tx->sq;
	size_t logs_before = sq->logs.n;
	int rc = alone ? SQLITE_OK : sq_run(sq->w, SQ_SAVE);
	enum step step = rc == SQLITE_OK ? apply_job(tx, job) : broke(tx, rc);

	if (step == BROKEN)
		return step;
	if (step != APPLIED) {
		job->r->outcome = step == MOVED ? PV_STORE_MOVED : PV_STORE_FAILED;
		job->r->n = 0;
		undo_job(sq, logs_before);
		rc = alone ? SQLITE_OK : sq_run(sq->w, SQ_UNDO);
	}
	if (rc == SQLITE_OK && !alone)
		rc = sq_run(sq->w, SQ_RELEASE);
	return rc == SQLITE_OK ? step : broke(tx, rc);
}

static int
write_heads(struct sq_store *sq)
{
	for (size_t i = 0; i < sq->logs.n; i++) {
		struct sq_log *l = sq->logs.at[i];
		sqlite3_stmt *st;
		int rc;

		if (l->size == l->stored_size)
			continue;
		if ((st = sq_stmt(sq->w, SQ_LOG_GROW, &rc)) == NULL)
			return rc;
		sqlite3_bind_int64(st, 1, (int64_t)l->size);
		sqlite3_bind_blob(st, 2, root_of(sq, l), PV_STORE_HASH, SQLITE_STATIC);
		sqlite3_bind_blob(
		    st, 3, l->edge, __builtin_popcountll(l->size) * PV_STORE_HASH, SQLITE_STATIC);
		sqlite3_bind_int64(st, 4, l->id);
		sqlite3_bind_int64(st, 5, (int64_t)l->stored_size);
		rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			return rc;
		if (sqlite3_changes(sq->w->db) != 1)
			return SQLITE_CORRUPT;
		l->stored_size = l->size;
	}
	return SQLITE_OK;
}

static int
begin(struct sq_store *sq)
{
	sqlite3_stmt *st;
	int rc = sq_run(sq->w, SQ_BEGIN_WRITE);

	if (rc != SQLITE_OK || (st = sq_stmt(sq->w, SQ_DATA_VERSION, &rc)) == NULL)
		return rc;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc;
	if (sq->data_version != sqlite3_column_int64(st, 0))
		sq_forget_logs(sq);
	sq->data_version = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return SQLITE_OK;
}

/* "the journal": what the job would have written to, in the words of who asked for it. */
static void
name_subject(struct sq_store *sq, const struct pv_store_submission *sub, char *out, size_t n)
{
	snprintf(out, n, "the store");
	for (size_t i = 0; i < sub->n; i++) {
		const struct pv_store_change *c = &sub->changes[i];
		struct sq_log *l;

		if (c->op != PV_OP_APPEND || find_log(sq, c->log, &l) != SQLITE_OK || l == NULL)
			continue;
		if (l->kind == PV_STORE_JOURNAL) {
			snprintf(out, n, "the journal");
			return;
		}
		snprintf(out, n, "the order log of %.*s", PV_FMT(c->log));
	}
}

static void
fail_job(struct sq_store *sq, const struct pv_store_job *job, int rc)
{
	char subject[200];
	int err = errno;

	name_subject(sq, job->sub, subject, sizeof(subject));
	errno = err;
	*job->r = (struct pv_store_result){ .outcome = PV_STORE_FAILED };
	if (rc == SQLITE_FULL)
		pv_ignore(sq_no_space_fail(sq, subject, &job->r->err));
	else
		pv_ignore(sq_fail(sq->w, rc, subject, "written", &job->r->err));
}

void
sq_refuse_no_space(void *db, const struct pv_store_job *job)
{
	fail_job(db, job, SQLITE_FULL);
}

/* After these nothing is sure about what lies on the disk: no more is written until it is opened anew. */
static bool
is_final(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
	       rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC ||
	       rc == SQLITE_CONSTRAINT_TRIGGER;
}

/* What was said once is said again, without touching the file. */
static enum pv_commit
stay_broken(struct sq_store *sq, struct pv_store_job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pv_err *e = &jobs[i]->r->err;

		*jobs[i]->r = (struct pv_store_result){ .outcome = PV_STORE_FAILED };
		if ((sq->broken & 0xff) == SQLITE_IOERR)
			pv_ignore(pv_advise(PV_FAIL(e, PV_E_CONFIG,
						"the store cannot be written (the disk did not "
						"confirm an earlier write)"),
			    e, "check the disk, then start again: what was acknowledged stays"));
		else
			pv_ignore(sq_fail(sq->w, (int)sq->broken, "the store", "written", e));
	}
	return PV_COMMIT_FAILED;
}

static enum pv_commit
fail_all(struct sq_store *sq, struct pv_store_job *const *jobs, size_t n, int rc)
{
	bool no_space = sq_no_space(sq->w, rc);

	if (is_final(rc) && !no_space)
		sq->broken = (unsigned)rc;
	/* The reason first: a rollback would overwrite it. */
	for (size_t i = 0; i < n; i++)
		fail_job(sq, jobs[i], no_space ? SQLITE_FULL : rc);
	if (!sqlite3_get_autocommit(sq->w->db))
		(void)sq_run(sq->w, SQ_ROLLBACK);
	sq_forget_logs(sq);
	return no_space ? PV_COMMIT_NO_SPACE : PV_COMMIT_FAILED;
}

static void
answer(struct sq_store *sq, struct pv_store_result *r)
{
	if (r->outcome != PV_STORE_DURABLE)
		return;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < sq->logs.n; k++)
			if (pv_slice_is(r->placed[i].log, sq->logs.at[k]->name)) {
				r->placed[i].size = sq->logs.at[k]->size;
				memcpy(r->placed[i].root, sq->logs.at[k]->root, PV_STORE_HASH);
			}
}

enum pv_commit
sq_commit(void *db, struct pv_store_job *const *jobs, size_t n)
{
	struct sq_store *sq = db;
	struct tx tx = { .sq = sq };
	size_t applied = 0;
	int rc;

	if (sq->broken != 0)
		return stay_broken(sq, jobs, n);
	rc = begin(sq);
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		enum step step = apply_job_safely(&tx, jobs[i], n == 1);

		if (step == BROKEN)
			rc = tx.rc;
		/* Not before COMMIT is it true; but nobody looks before we return. */
		if (step == APPLIED) {
			jobs[i]->r->outcome = PV_STORE_DURABLE;
			applied++;
		}
	}
	if (rc == SQLITE_OK)
		rc = write_heads(sq);
	if (rc == SQLITE_OK)
		rc = sq_run(sq->w, applied > 0 ? SQ_COMMIT : SQ_ROLLBACK);
	if (rc != SQLITE_OK)
		return fail_all(sq, jobs, n, rc);
	sq->commits++;
	for (size_t i = 0; i < n; i++)
		answer(sq, jobs[i]->r);
	return PV_COMMIT_DONE;
}
