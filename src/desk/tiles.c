/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/logs.h"
#include "desk/stored.h"
#include "tlog/checkpoint.h"

/* ---- which log ---- */

struct pv_slice
pv_log_name(const struct pv_desk *d, struct pv_slice log)
{
	if (log.n == 0 || pv_slice_is(log, "orders"))
		return d->origin;
	if (pv_slice_is(log, "journal"))
		return d->journal;
	return log;
}

PV_RESULT
pv_log_find(
    struct pv_store_view *v, struct pv_slice log, struct pv_store_head *head, struct pv_err *e)
{
	bool found;

	PV_TRY(pv_store_log_head(v, log, head, &found, e));
	if (!found)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "no log \"%.*s\" here", PV_FMT(log)), e,
		    "there are: orders, journal, and the partners' that are followed");
	return PV_DONE;
}

/* The newest note of the log, the cosigned one where there is one as new. */
PV_RESULT
pv_log_newest(struct pv_store_view *v, struct pv_slice log, struct pv_arena *a,
    struct pv_store_checkpoint *out, struct pv_err *e)
{
	struct pv_store_checkpoint cosigned;
	bool found, more;

	PV_TRY(pv_store_log_checkpoint(v, log, PV_STORE_SIGNED, UINT64_MAX, a, out, &found, e));
	PV_TRY(
	    pv_store_log_checkpoint(v, log, PV_STORE_COSIGNED, UINT64_MAX, a, &cosigned, &more, e));
	if (more && (!found || cosigned.size >= out->size))
		*out = cosigned;
	if (!found && !more)
		return PV_FAIL(e, PV_E_DOWN, "no checkpoint of %.*s was signed yet", PV_FMT(log));
	return PV_DONE;
}

/* ---- hashes from the store ---- */

static struct pv_status
read_tile(void *ctx, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e)
{
	struct pv_stored_log *s = ctx;
	uint8_t(*into)[PV_HASH] = (void *)pv_buf_room(out, (size_t)t->width * PV_HASH);

	PV_TRY(pv_store_log_tile(s->v, s->log, t->level, t->n, t->width, into, e));
	out->n += (size_t)t->width * PV_HASH;
	return PV_DONE;
}

PV_RESULT
pv_log_entry_at(struct pv_store_view *v, struct pv_slice log, uint64_t index, struct pv_buf *out,
    struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry;
	uint64_t at;
	bool more;

	PV_TRY(pv_store_log_entries(&c, v, log, index, index + 1, e));
	PV_TRY(pv_store_entry_next(c, &at, &entry, &more, e));
	if (!more)
		return PV_FAIL(e, PV_E_INPUT, "%.*s has no entry %llu", PV_FMT(log),
		    (unsigned long long)index);
	pv_buf_add(out, entry.bytes);
	return PV_DONE;
}

struct pv_tile_source
pv_log_tiles(struct pv_stored_log *log)
{
	return (struct pv_tile_source){ .read = read_tile, .ctx = log };
}

/* ---- for anybody's tools ---- */

/* Witnesses' signatures of this very tree, kept by pv_desk_witness_round(). */
static PV_RESULT
add_cosignatures(struct pv_store_view *v, struct pv_slice log, struct pv_slice note,
    struct pv_arena *a, struct pv_buf *out, struct pv_err *e)
{
	struct pv_store_row row = { 0 };
	struct pv_note kept, newest;
	bool found;

	row.c[PV_C_META_NAME] = PV_CELL_S(pv_arena_printf(a, "cosigned.%.*s", PV_FMT(log)));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (found) {
		PV_TRY(pv_note_read(&kept, row.c[PV_C_META_BODY].s, a, e));
		PV_TRY(pv_note_read(&newest, note, a, e));
		if (pv_slice_eq(kept.text, newest.text))
			return pv_note_merge(out, note, row.c[PV_C_META_BODY].s, e);
	}
	pv_buf_add(out, note);
	return PV_DONE;
}

PV_RESULT
pv_desk_log_checkpoint(
    struct pv_desk *d, struct pv_slice log, struct pv_buf *note, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_slice name = pv_log_name(d, log);
	struct pv_store_checkpoint c;
	struct pv_store_head head;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_log_find(v, name, &head, e));
	PV_TRY(pv_log_newest(v, name, a, &c, e));
	return add_cosignatures(v, name, c.note, a, note, e);
}

static PV_RESULT
read_bundle(struct pv_store_view *v, struct pv_slice log, const struct pv_tile *t,
    struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	uint64_t first = t->n * PV_TILE, at;
	struct pv_store_entry entry;
	bool more;

	PV_TRY(pv_store_log_entries(&c, v, log, first, first + t->width, e));
	for (unsigned i = 0; i < t->width; i++) {
		PV_TRY(pv_store_entry_next(c, &at, &entry, &more, e));
		if (!more || at != first + i)
			return PV_FAIL(e, PV_E_UNTRUSTED, "entry %llu is missing in the store",
			    (unsigned long long)(first + i));
		PV_TRY(pv_bundle_add(out, entry.bytes, e));
	}
	return PV_DONE;
}

PV_RESULT
pv_desk_log_tile(struct pv_desk *d, struct pv_slice log, const struct pv_tile *t,
    struct pv_buf *out, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_stored_log s = { .log = pv_log_name(d, log) };
	struct pv_store_checkpoint c;
	struct pv_store_head head;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_log_head(v, s.log, &head, found, e));
	if (!*found)
		return PV_DONE;
	PV_TRY(pv_log_newest(v, s.log, a, &c, e));
	*found = t->level < PV_TILE_LEVELS && t->width >= 1 &&
		 t->width <= pv_tile_width(c.size, t->level, t->n);
	if (!*found)
		return PV_DONE;
	s.v = v;
	return t->bundle ? read_bundle(v, s.log, t, out, e) : read_tile(&s, t, out, e);
}
