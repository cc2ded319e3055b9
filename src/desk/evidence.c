/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the logs say, and proofs of it. Verifying the own home trusts nothing
 * that is kept: hashes are made again from the entries, signatures verified
 * again, the state folded again and held against the tables.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rfc3339.h"
#include "crypto/commit.h"
#include "desk/acts.h"
#include "desk/journal.h"
#include "desk/remote.h"
#include "desk/stored.h"
#include "desk/words.h"
#include "tlog/checkpoint.h"
#include "tlog/folder.h"
#include "tlog/proof.h"
#include "tlog/tile.h"
#include "wire/record.h"
#include "wire/signed.h"

#define PROOF_MAX (1u << 20)

PV_RESULT
pv_desk_log_prove(
    struct pv_desk *d, struct pv_slice log, uint64_t index, struct pv_buf *proof, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_tiles_freep) struct pv_tiles *tiles = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };
	struct pv_stored_log s = { .log = pv_log_name(d, log) };
	struct pv_tile_source source = pv_log_tiles(&s);
	struct pv_proof p = { .index = index, .has_extra = true };
	struct pv_store_checkpoint c;
	struct pv_store_head head;
	struct pv_tree_reader reader;

	if (d->remote != NULL)
		return pv_remote_log_prove(d, log, index, proof, e);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	s.v = v;
	PV_TRY(pv_log_find(v, s.log, &head, e));
	PV_TRY(pv_log_newest(v, s.log, a, &c, e));
	if (index >= c.size)
		return PV_FAIL(e, PV_E_INPUT, "%.*s has %llu entries under its newest checkpoint",
		    PV_FMT(s.log), (unsigned long long)c.size);
	tiles = pv_tiles_new(&source, c.size);
	reader = pv_tiles_reader(tiles);
	PV_TRY(pv_tree_prove(&p.path, &reader, index, c.size, e));
	PV_TRY(pv_log_entry_at(v, s.log, index, &entry, e));
	p.extra =
	    pv_buf_slice(&entry); /* the proof's hash covers it: who verifies hashes it anew */
	p.checkpoint = c.note;
	pv_proof_write(proof, &p);
	return PV_DONE;
}

/* ---- export ---- */

struct exporting {
	struct pv_store_cursor *cursor;
};

static struct pv_status
export_entry(void *ctx, uint64_t index, struct pv_buf *out, struct pv_err *e)
{
	struct exporting *x = ctx;
	struct pv_store_entry entry;
	uint64_t at;
	bool more;

	PV_TRY(pv_store_entry_next(x->cursor, &at, &entry, &more, e));
	if (!more || at != index)
		return PV_FAIL(e, PV_E_UNTRUSTED, "entry %llu is missing in the store",
		    (unsigned long long)index);
	pv_buf_add(out, entry.bytes);
	return PV_DONE;
}

PV_RESULT
pv_desk_log_export(
    struct pv_desk *d, struct pv_slice log, const char *dir, uint64_t *entries, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *cursor = NULL;
	struct pv_slice name = pv_log_name(d, log);
	struct pv_folder_entries from = { .entry = export_entry };
	struct pv_store_checkpoint c;
	struct pv_store_head head;
	struct exporting x;

	if (d->remote != NULL)
		return pv_remote_needs_home("log export", e);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_log_find(v, name, &head, e));
	PV_TRY(pv_log_newest(v, name, a, &c, e));
	PV_TRY(pv_store_log_entries(&cursor, v, name, 0, c.size, e));
	x.cursor = cursor;
	from.ctx = &x;
	PV_TRY(pv_folder_write(dir, c.note, &from, e));
	*entries = c.size;
	return PV_DONE;
}

/* ---- show ---- */

static struct pv_slice
member_text(const struct pv_json *doc, const char *name, struct pv_arena *a)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	if (i == PV_JSON_NONE || pv_json_at(doc, i)->type != PV_JSON_STRING)
		return PV_NO_SLICE;
	return pv_arena_copy(a, pv_json_at(doc, i)->text);
}

static PV_RESULT
read_journal_entry(struct pv_desk *d, struct pv_store_view *v, struct pv_log_entry *out,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf shown = { 0 };
	struct pv_journal_field fields[PV_JOURNAL_FIELDS];
	struct pv_jsonw w = { .out = &shown };
	PV_AUTO(pv_buf_free) struct pv_buf summary = { 0 };
	size_t n;

	PV_TRY(pv_json_read(&doc, out->bytes, PV_STORE_ENTRY_MAX, e));
	out->kind = member_text(doc, "kind", a);
	PV_TRY(pv_journal_fields(d, v, out->index, a, fields, &n, e));
	pv_jsonw_object(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		bool empty = !fields[i].held || pv_slice_is(fields[i].value, "null") ||
			     pv_slice_is(fields[i].value, "\"\"");

		if (pv_slice_is(fields[i].name, "report") && !empty)
			out->id = pv_slice_sub(fields[i].value, 1, fields[i].value.n - 1);
		if (!fields[i].held)
			pv_jsonw_str(&w, pv_arena_str(a, fields[i].name), PV_SLICE("erased"));
		else if (!empty)
			pv_jsonw_raw(&w, pv_arena_str(a, fields[i].name), fields[i].value);
		if (!empty && (pv_slice_is(fields[i].name, "report") ||
				  pv_slice_is(fields[i].name, "party") ||
				  pv_slice_is(fields[i].name, "purpose")))
			pv_buf_addf(&summary, "%s%.*s", summary.n == 0 ? "" : "  ",
			    (int)(fields[i].value.n - 2), fields[i].value.p + 1);
	}
	pv_jsonw_end(&w);
	out->summary = pv_arena_copy(a, pv_buf_slice(&summary));
	out->disclosed = pv_arena_copy(a, pv_buf_slice(&shown));
	return PV_DONE;
}

static PV_RESULT
read_order_entry(struct pv_desk *d, struct pv_store_view *v, struct pv_slice log,
    struct pv_log_entry *out, struct pv_arena *a, struct pv_err *e)
{
	struct pv_store_row row = { 0 };
	struct pv_slice body, line;
	struct pv_record r;
	const char *end;
	bool found;

	(void)d;
	row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(log);
	row.c[PV_C_ACT_INDEX] = PV_CELL_N(out->index);
	PV_TRY(pv_store_row_get(v, PV_T_ACTS, &row, a, &found, e));
	if (!found) {
		out->kind = PV_SLICE("private");
		out->summary = PV_SLICE("an act whose text was not given to us");
		return PV_DONE;
	}
	body = pv_act_row_note(row.c[PV_C_ACT_BODY].s);
	end = body.n != 0 ? memchr(body.p, '\n', body.n) : NULL;
	if (end == NULL)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the row of entry %llu is damaged",
		    (unsigned long long)out->index);
	line = pv_slice_sub(body, 0, (size_t)(end - body.p));
	PV_TRY(pv_record_read_text(&r, line, 0, a, e));
	out->kind = pv_slice_of(pv_kind_name(r.kind));
	out->id = r.id;
	out->disclosed = body;
	out->summary = pv_arena_printf(a, "%.*s  by %.*s", PV_FMT(r.id), PV_FMT(r.issuer));
	return PV_DONE;
}

static bool
wanted(const struct pv_log_ask *ask, const struct pv_log_entry *entry)
{
	return (ask->kind.n == 0 || pv_slice_eq(ask->kind, entry->kind)) &&
	       (ask->id.n == 0 || pv_slice_eq(ask->id, entry->id)) &&
	       (ask->since == 0 || entry->time >= ask->since) &&
	       (ask->until == 0 || entry->time < ask->until);
}

PV_RESULT
pv_desk_log(struct pv_desk *d, const struct pv_log_ask *ask, struct pv_arena *a,
    const struct pv_log_entry **entries, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_slice name = pv_log_name(d, ask->log);
	PV_VEC(struct pv_log_entry) list = { 0 };
	struct pv_log_entry *kept;
	struct pv_store_entry entry;
	struct pv_store_head head;
	struct pv_status st;
	uint64_t index;
	bool more = true;

	if (d->remote != NULL)
		return pv_remote_log(d, ask, a, entries, n, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_log_find(v, name, &head, e));
	PV_TRY(pv_store_log_entries(&c, v, name, ask->from, UINT64_MAX, e));
	while (pv_ok(st = pv_store_entry_next(c, &index, &entry, &more, e)) && more &&
	       (ask->count == 0 || list.n < ask->count)) {
		struct pv_log_entry x = {
			.index = index, .time = entry.second, .bytes = pv_arena_copy(a, entry.bytes)
		};

		st = head.kind == PV_STORE_JOURNAL ? read_journal_entry(d, v, &x, a, e)
						   : read_order_entry(d, v, name, &x, a, e);
		if (!pv_ok(st))
			break;
		if (wanted(ask, &x))
			*PV_VEC_ADD(&list) = x;
	}
	kept = pv_arena_alloc_n(a, list.n, sizeof(*kept));
	if (list.n != 0)
		memcpy(kept, list.at, list.n * sizeof(*kept));
	*entries = kept;
	*n = list.n;
	PV_VEC_FREE(&list);
	return st;
}

/* ---- rows of an answer ---- */

struct checking {
	struct pv_arena *a;
	uint64_t now; /* UINT64_MAX: not asked of a home in use */
	struct pv_verify_answer *out;
	PV_VEC(struct pv_check_row) rows;
	PV_VEC(struct pv_bad_entry) bad;
	PV_VEC(struct pv_slice) logs;
};

__attribute__((format(printf, 4, 5))) static void
check_row(struct checking *k, const char *what, enum pv_check result, const char *fmt, ...)
{
	char says[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(says, sizeof(says), fmt, ap);
	va_end(ap);
	*PV_VEC_ADD(&k->rows) = (struct pv_check_row){ pv_slice_of(what),
		pv_arena_copy(k->a, pv_slice_of(says)), result };
	if (result == PV_CHECK_FAILED)
		k->out->good = false;
}

#define KEEP(k, from, to, count, T)                                           \
	do {                                                                  \
		T *kept_ = pv_arena_alloc_n((k)->a, (k)->from.n, sizeof(T));  \
		if ((k)->from.n != 0)                                         \
			memcpy(kept_, (k)->from.at, (k)->from.n * sizeof(T)); \
		(k)->out->to = kept_;                                         \
		(k)->out->count = (k)->from.n;                                \
		PV_VEC_FREE(&(k)->from);                                      \
	} while (0)

static void
finish(struct checking *k)
{
	KEEP(k, rows, checks, check_count, struct pv_check_row);
	KEEP(k, bad, bad, bad_count, struct pv_bad_entry);
	KEEP(k, logs, logs, log_count, struct pv_slice);
}

static struct pv_slice
hex_slice(const uint8_t *hash, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_hex_write(&b, pv_slice_mem(hash, PV_HASH));
	return pv_arena_copy(a, pv_buf_slice(&b));
}

/* ---- a home ---- */

/* Signatures and rules of every act, from the entries and texts themselves; compared with the rows in use. */
struct refold {
	uint64_t acts, withheld, differences;
	struct pv_state *state;
	struct pv_arena *arena;
	PV_VEC(struct pv_slice) differing;
	PV_VEC(uint64_t) places;             /* of the acts whose text is here */
	PV_VEC(struct pv_store_change) mend; /* the rows as they should be, where they differ */
};

static PV_RESULT
private_text(struct pv_store_view *v, struct pv_slice log, uint64_t index,
    const uint8_t digest[PV_HASH], struct pv_arena *a, struct pv_slice *note, struct pv_err *e)
{
	struct pv_store_row row = { 0 };
	uint8_t again[PV_HASH];
	struct pv_slice body;
	bool found;

	row.c[PV_C_TEXT_ORIGIN] = PV_CELL_S(log);
	row.c[PV_C_TEXT_INDEX] = PV_CELL_N(index);
	PV_TRY(pv_store_row_get(v, PV_T_TEXTS, &row, a, &found, e));
	*note = PV_NO_SLICE;
	if (!found)
		return PV_DONE;
	body = row.c[PV_C_TEXT_BODY].s;
	if (body.n < 32)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the text of entry %llu is damaged",
		    (unsigned long long)index);
	pv_act_private_digest((const uint8_t *)body.p, pv_slice_sub(body, 32, body.n), again);
	if (memcmp(again, digest, PV_HASH) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the text of entry %llu is not the one that was logged",
		    (unsigned long long)index);
	*note = pv_slice_sub(body, 32, body.n);
	return PV_DONE;
}

static struct pv_store_row
act_row(const struct refold *f, struct pv_slice log, const struct pv_act *act, struct pv_slice note)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_store_row row = { 0 };

	pv_act_row_write(&body, act->signers, act->signer_count, note);
	row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(log);
	row.c[PV_C_ACT_INDEX] = PV_CELL_N(act->index);
	row.c[PV_C_ACT_KIND] = PV_CELL_S(pv_slice_of(pv_kind_name(act->record->kind)));
	row.c[PV_C_ACT_ID] = PV_CELL_S(act->record->id);
	row.c[PV_C_ACT_ISSUER] = PV_CELL_S(act->record->issuer);
	row.c[PV_C_ACT_SECOND] = PV_CELL_N(act->since);
	row.c[PV_C_ACT_BODY] = PV_CELL_S(pv_arena_copy(f->arena, pv_buf_slice(&body)));
	return row;
}

static bool
same_row(const struct pv_store_row *a, const struct pv_store_row *b)
{
	for (size_t i = 0; i < PV_STORE_COLUMNS; i++)
		if (a->c[i].n != b->c[i].n || !pv_slice_eq(a->c[i].s, b->c[i].s))
			return false;
	return true;
}

/* Who signed is verified anew, and every cell compared: the rows are what decisions stand on. */
static PV_RESULT
compare_row(struct refold *f, struct pv_store_view *v, struct pv_slice log,
    const struct pv_act *act, struct pv_slice note, struct pv_err *e)
{
	struct pv_store_row want = act_row(f, log, act, note), row = { 0 };
	bool found;

	row.c[PV_C_ACT_ORIGIN] = want.c[PV_C_ACT_ORIGIN];
	row.c[PV_C_ACT_INDEX] = want.c[PV_C_ACT_INDEX];
	PV_TRY(pv_store_row_get(v, PV_T_ACTS, &row, f->arena, &found, e));
	if (found && same_row(&row, &want))
		return PV_DONE;
	f->differences++;
	*PV_VEC_ADD(&f->differing) =
	    pv_arena_printf(f->arena, "entry %llu, %s %.*s", (unsigned long long)act->index,
		pv_kind_name(act->record->kind), PV_FMT(act->record->id));
	*PV_VEC_ADD(&f->mend) =
	    (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_ACTS, .row = want };
	return PV_DONE;
}

static PV_RESULT
refold_entry(struct refold *f, struct pv_store_view *v, struct pv_slice log, uint64_t index,
    const struct pv_store_entry *entry, struct pv_err *e)
{
	struct pv_record *r = PV_ARENA_NEW(f->arena, struct pv_record);
	struct pv_act act = {
		.record = r, .has_index = true, .index = index, .since = entry->second
	};
	uint8_t digest[PV_HASH];
	struct pv_slice bytes = entry->bytes, note = pv_arena_copy(f->arena, bytes);
	enum pv_applied applied;
	const char *end;

	if (pv_act_private_read(bytes, digest)) {
		PV_TRY(private_text(v, log, index, digest, f->arena, &note, e));
		if (note.n == 0) {
			f->withheld++;
			return PV_DONE;
		}
	}
	end = memchr(note.p, '\n', note.n);
	if (end == NULL)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "entry %llu is no act", (unsigned long long)index);
	PV_TRY(
	    pv_record_read_text(r, pv_slice_sub(note, 0, (size_t)(end - note.p)), 0, f->arena, e));
	PV_TRY(pv_signed_verify(f->state, r, note, f->arena, &act.signers, &act.signer_count, e));
	PV_TRY(pv_state_apply(f->state, &act, &applied, e));
	f->acts++;
	*PV_VEC_ADD(&f->places) = index;
	return compare_row(f, v, log, &act, note, e);
}

/* Rows that no entry of the log gives. */
static PV_RESULT
find_made_up(struct refold *f, struct pv_store_view *v, struct pv_slice log, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_ACTS, .n = 1 };
	struct pv_store_row row;
	size_t next = 0;
	bool more;

	q.where[0].column = PV_C_ACT_ORIGIN;
	q.where[0].cell = PV_CELL_S(log);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		uint64_t index;

		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		index = row.c[PV_C_ACT_INDEX].n;
		while (next < f->places.n && f->places.at[next] < index)
			next++;
		if (next < f->places.n && f->places.at[next] == index)
			continue;
		f->differences++;
		*PV_VEC_ADD(&f->differing) = pv_arena_printf(
		    f->arena, "row %llu, which no entry gives", (unsigned long long)index);
		*PV_VEC_ADD(&f->mend) =
		    (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_ACTS };
		f->mend.at[f->mend.n - 1].row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(log);
		f->mend.at[f->mend.n - 1].row.c[PV_C_ACT_INDEX] = PV_CELL_N(index);
	}
}

static PV_RESULT
refold_log(struct refold *f, struct pv_store_view *v, struct pv_slice log, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry;
	uint64_t index;
	bool more;

	f->arena = pv_arena_new();
	f->state = pv_state_new(log, false);
	PV_TRY(pv_store_log_entries(&c, v, log, 0, UINT64_MAX, e));
	for (;;) {
		PV_TRY(pv_store_entry_next(c, &index, &entry, &more, e));
		if (!more)
			return find_made_up(f, v, log, e);
		PV_TRY(refold_entry(f, v, log, index, &entry, e));
	}
}

static void
refold_free(struct refold *f)
{
	PV_VEC_FREE(&f->differing);
	PV_VEC_FREE(&f->places);
	PV_VEC_FREE(&f->mend);
	pv_state_free(f->state);
	pv_arena_free(f->arena);
}

static PV_RESULT
count_acts(struct pv_store_view *v, struct pv_slice log, uint64_t *n, struct pv_err *e)
{
	struct pv_store_query q = { .table = PV_T_ACTS, .n = 1 };

	q.where[0].column = PV_C_ACT_ORIGIN;
	q.where[0].cell = PV_CELL_S(log);
	return pv_store_rows_count(n, v, &q, e);
}

/* An act that was made up in the tables has no entry. */
static PV_RESULT
check_acts(struct pv_desk *d, struct pv_store_view *v, struct pv_slice log, struct checking *k,
    struct pv_err *e)
{
	struct refold f = { 0 };
	uint64_t rows;
	struct pv_err wrong;
	struct pv_status st = refold_log(&f, v, log, &wrong);

	(void)d;
	if (!pv_ok(st) && wrong.code != PV_E_UNTRUSTED && wrong.code != PV_E_INPUT) {
		*e = wrong;
		refold_free(&f);
		return st;
	}
	if (!pv_ok(st))
		check_row(k, "officers", PV_CHECK_FAILED, "%s", wrong.what);
	else
		check_row(k, "officers", PV_CHECK_GOOD,
		    "%llu of %llu acts, each by a key valid then, quorum met",
		    (unsigned long long)f.acts, (unsigned long long)f.acts);
	st = count_acts(v, log, &rows, e);
	if (pv_ok(st) && f.differences != 0)
		check_row(k, "rebuilt state", PV_CHECK_FAILED,
		    "differs from the tables in use: %llu acts in the log, %llu rows, %llu differ",
		    (unsigned long long)f.acts, (unsigned long long)rows,
		    (unsigned long long)f.differences);
	else if (pv_ok(st))
		check_row(k, "rebuilt state", PV_CHECK_GOOD, "equals the tables in use");
	if (f.withheld != 0)
		check_row(k, "not given to us", PV_CHECK_SKIPPED,
		    "%llu acts of %.*s stand as digests", (unsigned long long)f.withheld,
		    PV_FMT(log));
	refold_free(&f);
	return st;
}

/* Under load a journal's newest entries are in no checkpoint yet: the next commit keeps it (journal.c). */
#define OWED_S 60

static PV_RESULT
is_owed(struct pv_store_view *v, struct pv_slice log, const struct pv_store_head *head,
    const struct pv_checkpoint *tree, uint64_t now, bool *owed, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry;
	uint8_t root[PV_HASH];
	uint64_t index;
	bool more;

	*owed = false;
	if (head->kind != PV_STORE_JOURNAL || tree->size >= head->size)
		return PV_DONE;
	PV_TRY(pv_store_log_root(v, log, tree->size, root, e));
	PV_TRY(pv_store_log_entries(&c, v, log, tree->size, tree->size + 1, e));
	PV_TRY(pv_store_entry_next(c, &index, &entry, &more, e));
	*owed = more && memcmp(root, tree->root, PV_HASH) == 0 && entry.second + OWED_S > now;
	return PV_DONE;
}

static PV_RESULT
check_signature(struct pv_store_view *v, struct pv_slice log, struct pv_slice vkey_text,
    const struct pv_names *signers, struct checking *k, struct pv_err *e)
{
	struct pv_store_checkpoint c;
	struct pv_store_head head;
	struct pv_vkey keys[16];
	struct pv_note_check checks[16] = { 0 };
	struct pv_checkpoint tree;
	struct pv_note note;
	struct pv_err wrong;
	size_t n = 0, cosigned = 0;
	bool owed;

	PV_TRY(pv_log_find(v, log, &head, e));
	PV_TRY(pv_log_newest(v, log, k->a, &c, e));
	if (signers != NULL)
		for (size_t i = 0; i < signers->n && n < 16; i++)
			PV_TRY(pv_vkey_read(&keys[n++], signers->at[i], e));
	else if (vkey_text.n != 0)
		PV_TRY(pv_vkey_read(&keys[n++], vkey_text, e));
	if (n == 0) {
		check_row(
		    k, "signed by", PV_CHECK_SKIPPED, "no key of %.*s is known here", PV_FMT(log));
		return PV_DONE;
	}
	if (!pv_ok(pv_note_read(&note, c.note, k->a, &wrong)) ||
	    !pv_ok(pv_checkpoint_read(&tree, note.text, &wrong)) ||
	    !pv_ok(pv_note_verify(&note, keys, checks, n, &wrong))) {
		check_row(k, "signed by", PV_CHECK_FAILED, "%.*s: %s", PV_FMT(log), wrong.what);
		return PV_DONE;
	}
	for (size_t i = 0; i < n; i++)
		if (checks[i].good && keys[i].kind == PV_VKEY_COSIGNER) {
			cosigned++;
			k->out->up_to =
			    checks[i].time > k->out->up_to ? checks[i].time : k->out->up_to;
		}
	if (c.second > k->out->up_to)
		k->out->up_to = c.second;
	PV_TRY(is_owed(v, log, &head, &tree, k->now, &owed, e));
	if (owed)
		check_row(k, "signed by", PV_CHECK_GOOD,
		    "%.*s by log key %08x; the newest %llu entries are in no checkpoint yet",
		    PV_FMT(log), keys[0].id, (unsigned long long)(head.size - tree.size));
	else if (tree.size != head.size || memcmp(tree.root, head.root, PV_HASH) != 0)
		check_row(k, "signed by", PV_CHECK_FAILED,
		    "%.*s has %llu entries, the newest checkpoint is of %llu", PV_FMT(log),
		    (unsigned long long)head.size, (unsigned long long)tree.size);
	else
		check_row(k, "signed by", PV_CHECK_GOOD, "%.*s by log key %08x%s", PV_FMT(log),
		    keys[0].id,
		    signers == NULL ? ""
		    : cosigned != 0 ? ", and a freshness signer"
				    : "; no freshness signer");
	return PV_DONE;
}

/* Each disclosure that is held must be what one of the entry's digests committed to. */
static PV_RESULT
check_fields(struct pv_desk *d, struct pv_store_view *v, struct checking *k, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_journal_field fields[PV_JOURNAL_FIELDS];
	struct pv_store_entry entry;
	uint64_t index, held = 0, erased = 0, wrong = 0;
	struct pv_err damaged;
	size_t n;
	bool more;

	PV_TRY(pv_store_log_entries(&c, v, d->journal, 0, UINT64_MAX, e));
	for (;;) {
		PV_TRY(pv_store_entry_next(c, &index, &entry, &more, e));
		if (!more)
			break;
		pv_arena_reset(a);
		if (!pv_ok(pv_journal_fields(d, v, index, a, fields, &n, &damaged))) {
			wrong++;
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			char digest[PV_COMMIT_DIGEST + 1];

			if (!fields[i].held) {
				erased++;
				continue;
			}
			pv_commit_digest(digest, fields[i].disclosure);
			if (memmem(entry.bytes.p, entry.bytes.n, digest, PV_COMMIT_DIGEST) == NULL)
				wrong++;
			held++;
		}
	}
	if (wrong != 0)
		check_row(k, "private fields", PV_CHECK_FAILED,
		    "%llu do not match what the journal committed to", (unsigned long long)wrong);
	else
		check_row(k, "private fields", PV_CHECK_GOOD,
		    "%llu commitments open as they were made; %llu erased",
		    (unsigned long long)held, (unsigned long long)erased);
	return PV_DONE;
}

/* As the order log binds it; the home's own file is no authority, and may be gone. */
static struct pv_slice
journal_vkey(struct pv_desk *d, struct pv_slice in_file)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];

	for (size_t i = 0; i < keys->n; i++) {
		const struct pv_key *key = &keys->at[i]->r->key;
		struct pv_vkey vkey;
		struct pv_err ignored;

		if (key->use == PV_USE_GATEWAY && pv_name_under(key->party, d->party) &&
		    pv_ok(pv_vkey_read(&vkey, key->key, &ignored)) &&
		    pv_slice_eq(vkey.name, d->journal))
			return key->key;
	}
	return in_file;
}

PV_RESULT
pv_desk_verify(
    struct pv_desk *d, struct pv_arena *a, struct pv_verify_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct checking k = { .a = a, .now = pv_home_clock(d), .out = out };
	struct pv_store_head orders, journal;
	struct pv_identity id = pv_desk_identity(d);
	struct pv_err wrong;
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_verify(d, a, out, e);
	*out = (struct pv_verify_answer){ .good = true };
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_log_find(v, d->origin, &orders, e));
	PV_TRY(pv_log_find(v, d->journal, &journal, e));
	*PV_VEC_ADD(&k.logs) = pv_arena_printf(a, "order log of %.*s, %llu %s", PV_FMT(d->party),
	    (unsigned long long)orders.size, orders.size == 1 ? "entry" : "entries");
	*PV_VEC_ADD(&k.logs) = pv_arena_printf(a, "journal of %.*s, %llu %s", PV_FMT(d->party),
	    (unsigned long long)journal.size, journal.size == 1 ? "entry" : "entries");
	st = pv_store_check(d->store, &wrong);
	if (!pv_ok(st))
		check_row(&k, "hashes", PV_CHECK_FAILED, "%s", wrong.what);
	else
		check_row(&k, "hashes", PV_CHECK_GOOD,
		    "%llu of %llu entries, made again from the first to the last",
		    (unsigned long long)(orders.size + journal.size),
		    (unsigned long long)(orders.size + journal.size));
	st = check_signature(v, d->origin, id.log_vkey,
	    d->own.state->genesis != NULL ? &d->own.state->genesis->genesis.signers : NULL, &k, e);
	if (pv_ok(st) && journal.size != 0)
		st = check_signature(v, d->journal, journal_vkey(d, id.journal_vkey), NULL, &k, e);
	if (pv_ok(st))
		st = check_acts(d, v, d->origin, &k, e);
	if (pv_ok(st))
		st = check_fields(d, v, &k, e);
	finish(&k);
	return st;
}

/* ---- rebuild ---- */

static PV_RESULT
rebuild(struct pv_desk *d, struct refold *f, struct pv_arena *a, struct pv_rebuild_answer *out,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_slice *names;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(refold_log(f, v, d->origin, e));
	PV_TRY(count_acts(v, d->origin, &out->rows, e));
	names = pv_arena_alloc_n(a, f->differing.n, sizeof(*names));
	for (size_t i = 0; i < f->differing.n; i++)
		names[i] = pv_arena_copy(a, f->differing.at[i]);
	out->differing = (struct pv_names){ names, f->differing.n };
	out->entries = f->acts + f->withheld;
	out->differences = f->differences;
	return PV_DONE;
}

/* All rows that differ, at once; what differed stays in the answer. Then the home folds them, and is open again. */
static PV_RESULT
mend(struct pv_desk *d, const struct refold *f, struct pv_arena *a, struct pv_err *e)
{
	struct pv_store_expect expect = { d->origin, f->acts + f->withheld };
	struct pv_store_submission sub = {
		.changes = f->mend.at, .n = f->mend.n, .expect = &expect, .n_expect = 1
	};
	struct pv_journal_entry entry = { .kind = "admin", .party = d->party };
	struct pv_journalled journalled;
	struct pv_store_result r;
	struct refold again = { 0 };
	struct pv_rebuild_answer after = { 0 };
	struct pv_status st;
	bool moved;

	entry.detail = pv_arena_printf(a, "{\"rebuilt\":%zu}", f->mend.n);
	PV_TRY(pv_journal_add(d, &entry, NULL, 0, a, &journalled, e));
	PV_TRY(pv_home_submit(d, &sub, &r, &moved, e));
	if (moved)
		return PV_FAIL(e, PV_E_DOWN,
		    "another process added to %.*s at the same moment; give the command again",
		    PV_FMT(d->origin));
	st = rebuild(d, &again, a, &after, e);
	refold_free(&again);
	PV_TRY(st);
	if (after.differences != 0)
		return PV_FAIL(e, PV_E_BUG, "%llu rows still differ after they were written anew",
		    (unsigned long long)after.differences);
	return pv_home_refold(d, e);
}

PV_RESULT
pv_desk_log_rebuild(struct pv_desk *d, bool repair, struct pv_arena *a,
    struct pv_rebuild_answer *out, struct pv_err *e)
{
	struct refold f = { 0 };
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_log_rebuild(d, repair, a, out, e);
	*out = (struct pv_rebuild_answer){ 0 };
	st = rebuild(d, &f, a, out, e);
	if (pv_ok(st) && repair && f.differences != 0)
		st = mend(d, &f, a, e);
	refold_free(&f);
	return st;
}

/* ---- a folder, or a proof file: no home ---- */

static PV_RESULT
policy_of(struct pv_slice vkey, struct pv_slice origin, struct pv_arena *a,
    const struct pv_log_policy **policy, struct pv_err *e)
{
	struct pv_vkey key;

	if (vkey.n != 0) {
		PV_TRY(pv_vkey_read(&key, vkey, e));
	} else {
		/* a key that nobody has: the signature is looked at and found to be by nobody we know */
		struct pv_env env = pv_env_system();
		PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_new(&env);

		key = pv_vkey_make(origin, PV_VKEY_ED25519, pv_pair_pub(pair));
	}
	return pv_log_policy_make(policy, &key, NULL, 0, 0, a, e);
}

static struct pv_slice
origin_of(struct pv_slice note)
{
	struct pv_slice rest = note, line;

	return pv_slice_next(&rest, '\n', &line) && line.n != 0 ? line : PV_SLICE("unknown");
}

static void
report_fault(struct checking *k, const struct pv_fault *f)
{
	struct pv_bad_entry *bad;
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	if (f->kind == PV_FAULT_TILE || f->kind == PV_FAULT_TILE_GONE) {
		pv_tile_path(&path, &f->tile);
		check_row(k, "tile", PV_CHECK_FAILED, "%.*s %s", PV_FMT(pv_buf_slice(&path)),
		    f->kind == PV_FAULT_TILE ? "is not what the signed tree has" : "is missing");
		return;
	}
	bad = PV_VEC_ADD(&k->bad);
	*bad = (struct pv_bad_entry){ .index = f->index };
	if (f->kind == PV_FAULT_ENTRY_GONE)
		bad->says = PV_SLICE("(missing)");
	else
		bad->says = pv_arena_copy(k->a, pv_slice_sub(f->entry, 0, 400));
	if (f->has_known)
		bad->has_hash = hex_slice(f->has, k->a);
	if (f->want_known)
		bad->signed_hash = hex_slice(f->want, k->a);
}

/* The key that this home holds for a log: its own, or that of a partner's genesis which it admitted. */
static struct pv_slice
pinned(struct pv_desk *d, struct pv_slice origin)
{
	struct pv_log *log = d != NULL ? pv_home_log(d, origin) : NULL;
	const struct pv_names *signers;
	struct pv_vkey key;
	struct pv_err ignored;

	if (d != NULL && pv_slice_eq(origin, d->journal))
		return pv_desk_identity(d).journal_vkey;
	if (log == NULL || log->state->genesis == NULL)
		return PV_NO_SLICE;
	signers = &log->state->genesis->genesis.signers;
	for (size_t i = 0; i < signers->n; i++)
		if (pv_ok(pv_vkey_read(&key, signers->at[i], &ignored)) &&
		    key.kind == PV_VKEY_ED25519)
			return signers->at[i];
	return PV_NO_SLICE;
}

static PV_RESULT
verify_folder(struct pv_desk *d, const char *path, struct pv_slice given, struct checking *k,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	const struct pv_log_policy *policy;
	struct pv_folder_report r;
	struct pv_slice vkey;

	PV_TRY(pv_folder_read_checkpoint(path, &note, e));
	vkey = given.n != 0 ? given : pinned(d, origin_of(pv_buf_slice(&note)));
	PV_TRY(policy_of(vkey, origin_of(pv_buf_slice(&note)), k->a, &policy, e));
	PV_TRY(pv_folder_verify(&r, path, policy, 0, NULL, k->a, e));
	*PV_VEC_ADD(&k->logs) = pv_arena_printf(k->a, "log %.*s, %llu entries",
	    PV_FMT(r.seen.checkpoint.origin), (unsigned long long)r.seen.checkpoint.size);
	check_row(k, "hashes",
	    r.root_good && r.entries_good == r.seen.checkpoint.size ? PV_CHECK_GOOD
								    : PV_CHECK_FAILED,
	    "%llu of %llu entries", (unsigned long long)r.entries_good,
	    (unsigned long long)r.seen.checkpoint.size);
	check_row(k, "tiles", r.tiles_good == r.tiles ? PV_CHECK_GOOD : PV_CHECK_FAILED,
	    "%llu of %llu", (unsigned long long)r.tiles_good, (unsigned long long)r.tiles);
	if (vkey.n == 0) {
		k->out->good = false;
		check_row(k, "signed by", PV_CHECK_SKIPPED,
		    "no key given: a proof without a key you trust proves nothing (--vkey)");
	} else {
		check_row(k, "signed by", r.signature_good ? PV_CHECK_GOOD : PV_CHECK_FAILED, "%s",
		    !r.signature_good ? r.signature_err.what
		    : given.n != 0    ? "the key you gave"
				      : "the key this home holds for it");
	}
	for (size_t i = 0; i < r.fault_count; i++)
		report_fault(k, &r.faults[i]);
	return PV_DONE;
}

static PV_RESULT
verify_proof(struct pv_desk *d, const char *path, struct pv_slice given, struct checking *k,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	const struct pv_log_policy *policy;
	struct pv_checkpoint_seen seen;
	struct pv_err wrong;
	struct pv_slice vkey;
	struct pv_proof p;

	PV_TRY(pv_read_file(&bytes, path, PROOF_MAX, e));
	PV_TRY(pv_from(pv_proof_read(&p, pv_buf_slice(&bytes), k->a, e), e, path));
	if (!p.has_extra)
		return PV_FAIL(e, PV_E_INPUT,
		    "this proof carries no entry; verify it with the entry at hand and any C2SP "
		    "tool");
	*PV_VEC_ADD(&k->logs) = pv_arena_printf(k->a, "log %.*s, entry %llu",
	    PV_FMT(origin_of(p.checkpoint)), (unsigned long long)p.index);
	vkey = given.n != 0 ? given : pinned(d, origin_of(p.checkpoint));
	PV_TRY(policy_of(vkey, origin_of(p.checkpoint), k->a, &policy, e));
	if (vkey.n == 0) {
		k->out->good = false;
		check_row(k, "signed by", PV_CHECK_SKIPPED,
		    "no key given: a proof without a key you trust proves nothing (--vkey)");
		return PV_DONE;
	}
	if (pv_ok(pv_proof_verify(&seen, &p, p.extra, policy, k->a, &wrong)))
		check_row(k, "inclusion", PV_CHECK_GOOD,
		    "entry %llu is in the tree of %llu that was signed",
		    (unsigned long long)p.index, (unsigned long long)seen.checkpoint.size);
	else
		check_row(k, "inclusion", PV_CHECK_FAILED, "%s", wrong.what);
	return PV_DONE;
}

PV_RESULT
pv_desk_verify_path(struct pv_desk *d, const char *path, struct pv_slice vkey, struct pv_arena *a,
    struct pv_verify_answer *out, struct pv_err *e)
{
	struct checking k = { .a = a, .now = UINT64_MAX, .out = out };
	struct pv_status ok;
	struct stat st;

	*out = (struct pv_verify_answer){ .good = true };
	if (stat(path, &st) != 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s: %s", path, strerror(errno));
	ok = S_ISDIR(st.st_mode) ? verify_folder(d, path, vkey, &k, e)
				 : verify_proof(d, path, vkey, &k, e);
	finish(&k);
	return ok;
}
