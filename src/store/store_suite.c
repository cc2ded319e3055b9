/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend must do, run against each. What only one of them can suffer stands in its own test. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "store/test_store.h"

#define ORDERS  PV_SLICE("example.org/orders")
#define JOURNAL PV_SLICE("example.org/journal")
#define FOREIGN PV_SLICE("example.net/orders")

/* Entries "0", "1", ... in steps, so that tiles of all levels up to 2 come to be. */
static void
grow(struct pv_store *s, struct pv_slice log, uint64_t from, uint64_t to, uint8_t (*leaves)[32])
{
	PV_VEC(struct pv_store_entry) entries = { 0 };
	char(*text)[24] = pv_alloc_n(to - from, 24);
	struct pv_store_change c;
	struct pv_store_result r;

	for (uint64_t i = from; i < to; i++) {
		snprintf(text[i - from], 24, "%llu", (unsigned long long)i);
		*PV_VEC_ADD(&entries) = entry_of(text[i - from]);
		memcpy(leaves[i], entries.at[i - from].leaf, 32);
	}
	c = append_of(log, entries.at, entries.n);
	if (apply(s, &c, 1, &r) != PV_STORE_DURABLE || r.placed[0].first != from)
		printf("Bail out! %s\n", r.err.what);
	PV_VEC_FREE(&entries);
	pv_free(text);
}

/* ---- logs ---- */

static bool
same_entries(struct pv_store_view *v, struct pv_slice log, uint64_t from, uint64_t to)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry e;
	struct pv_err err;
	uint64_t index, next = from;
	bool more = true;
	char text[24];

	if (!pv_ok(pv_store_log_entries(&c, v, log, from, to, &err)))
		return false;
	while (more) {
		if (!pv_ok(pv_store_entry_next(c, &index, &e, &more, &err)))
			return false;
		if (!more)
			break;
		snprintf(text, sizeof(text), "%llu", (unsigned long long)next);
		if (index != next++ || !pv_slice_is(e.bytes, text) || e.second != 1700000000)
			return false;
	}
	return next == to;
}

/* All hashes of a level that a tree of n leaves has, read tile by tile, against the definition. */
static bool
same_tiles(struct pv_store_view *v, struct pv_slice log, unsigned level,
    const uint8_t (*leaves)[32], uint64_t n)
{
	uint64_t span = 1ULL << (8 * level), count = n / span;
	uint8_t tile[256][32], want[32];
	struct pv_err e;

	for (uint64_t i = 0; i < count; i += 256) {
		unsigned width = count - i > 256 ? 256 : (unsigned)(count - i);

		if (!pv_ok(pv_store_log_tile(v, log, level, i / 256, width, tile, &e)))
			return false;
		for (unsigned k = 0; k < width; k++) {
			test_mth(leaves + (i + k) * span, span, want);
			if (memcmp(want, tile[k], 32) != 0)
				return false;
		}
	}
	return true;
}

static void
test_logs(const struct suite_backend *b)
{
	static const uint64_t steps[] = { 0, 1, 2, 3, 255, 256, 257, 511, 600, 65535, 65536, 65537,
		70000 };
	const size_t n_steps = sizeof(steps) / sizeof(steps[0]);
	uint8_t(*leaves)[32] = pv_alloc_n(70000, 32);
	struct pv_store *s = open_or_die(suite_path(b, "logs"), PV_STORE_CREATE);
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	bool roots = true, entries = true, tiles = true, past = true, reopened = true;
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	uint8_t want[32], got[32], tile[256][32];
	struct pv_err e;
	bool found;

	tap_ok(apply(s, &c, 1, &r) == PV_STORE_DURABLE, "%s: a log is made", b->name);
	for (size_t i = 1; i < n_steps; i++) {
		grow(s, JOURNAL, steps[i - 1], steps[i], leaves);
		if (i % 3 == 0) { /* what the writer knows of a log is read anew */
			pv_store_free(s);
			s = open_or_die(suite_path(b, "logs"), PV_STORE_WRITE);
		}
		v = view_or_die(s);
		test_mth((const uint8_t(*)[32])leaves, steps[i], want);
		roots &= pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) && found &&
			 head.size == steps[i] && memcmp(head.root, want, 32) == 0;
		pv_store_view_free(v);
	}
	tap_ok(
	    roots, "%s: heads are the tree of RFC 6962, at sizes around 256 and 65,536", b->name);
	v = view_or_die(s);
	entries = same_entries(v, JOURNAL, 0, 70000) && same_entries(v, JOURNAL, 255, 258) &&
		  same_entries(v, JOURNAL, 69999, 70000) && same_entries(v, JOURNAL, 5, 5);
	tap_ok(entries, "%s: entries are read from any index to any index", b->name);
	for (size_t i = 0; i < n_steps; i++) {
		test_mth((const uint8_t(*)[32])leaves, steps[i], want);
		past &= pv_ok(pv_store_log_root(v, JOURNAL, steps[i], got, &e)) &&
			memcmp(got, want, 32) == 0;
	}
	tap_ok(past, "%s: the root of each earlier size can still be had", b->name);
	for (unsigned level = 0; level < 3; level++)
		tiles &= same_tiles(v, JOURNAL, level, (const uint8_t(*)[32])leaves, 70000);
	tap_ok(tiles, "%s: tiles of 70,000 entries: 273 full ones and one of 112, 1 and 17, 1",
	    b->name);
	tap_ok(pv_ok(pv_store_log_tile(v, JOURNAL, 0, 3, 7, tile, &e)) &&
		   memcmp(tile, leaves + 768, 7 * 32) == 0,
	    "%s: a full tile gives its first hashes as a partial one", b->name);
	tap_ok(pv_ok(pv_store_log_leaf(v, JOURNAL, 69999, got, &e)) &&
		   memcmp(got, leaves[69999], 32) == 0,
	    "%s: a single leaf hash", b->name);
	tap_ok(!pv_ok(pv_store_log_tile(v, JOURNAL, 0, 273, 113, tile, &e)) &&
		   !pv_ok(pv_store_log_tile(v, JOURNAL, 2, 0, 2, tile, &e)) &&
		   !pv_ok(pv_store_log_tile(v, JOURNAL, 9, 0, 1, tile, &e)) &&
		   !pv_ok(pv_store_log_leaf(v, JOURNAL, 70000, got, &e)) &&
		   !pv_ok(pv_store_log_root(v, JOURNAL, 70001, got, &e)),
	    "%s: what the log does not have yet is not made up", b->name);
	tap_ok(!pv_ok(pv_store_log_leaf(v, ORDERS, 0, got, &e)) && e.code == PV_E_INPUT &&
		   pv_ok(pv_store_log_head(v, ORDERS, &head, &found, &e)) && !found,
	    "%s: a log that is not there is said not to be there", b->name);
	pv_store_view_free(v);
	reopened = pv_ok(pv_store_check(s, &e));
	if (!tap_ok(
		reopened, "%s: the whole is what it says, checked from the entries up", b->name))
		tap_note("%s", e.what);
	pv_store_free(s);
	pv_free(leaves);
}

/* ---- submissions ---- */

static void
test_submissions(const struct suite_backend *b)
{
	struct pv_store *s = open_or_die(suite_path(b, "submissions"), PV_STORE_CREATE);
	struct pv_store_entry entries[3] = { entry_of("a"), entry_of("b"), entry_of("c") };
	struct pv_store_change c[4] = { new_log(ORDERS, PV_STORE_ORDER_LOG),
		new_log(JOURNAL, PV_STORE_JOURNAL), append_of(ORDERS, entries, 2),
		append_of(JOURNAL, entries, 1) };
	struct pv_store_expect expect[2] = { { ORDERS, 0 }, { JOURNAL, 0 } };
	struct pv_store_submission sub = { c, 4, expect, 2, false };
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	struct pv_slice name;
	struct pv_err e;
	bool found;

	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_DURABLE &&
		   r.n == 2 && r.placed[0].first == 0 && r.placed[0].count == 2 &&
		   r.placed[0].size == 2 && r.placed[1].size == 1,
	    "%s: two logs made and grown in one submission", b->name);
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_MOVED && r.n == 0,
	    "%s: the same again: the logs have moved, which is an answer", b->name);
	expect[0].size = 2;
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_MOVED,
	    "%s: one of two logs has moved: nothing happens in the other", b->name);
	sub.n = 2;
	sub.n_expect = 0;
	tap_ok(pv_ok(pv_store_apply(s, &sub, &r, &e)) && r.outcome == PV_STORE_DURABLE,
	    "%s: making a log again changes nothing", b->name);
	c[0].log_kind = PV_STORE_COPY;
	tap_ok(!pv_ok(pv_store_apply(s, &sub, &r, &e)) && e.code == PV_E_INPUT,
	    "%s: making it again as another kind is refused", b->name);
	c[0] = append_of(FOREIGN, entries, 1);
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_INPUT,
	    "%s: an entry for a log that is not there is refused", b->name);
	entries[2].bytes.n = PV_STORE_ENTRY_MAX + 1;
	c[0] = append_of(ORDERS, entries, 3);
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_LIMIT,
	    "%s: an entry of 65,536 bytes is refused, and those before it with it", b->name);
	c[0].op = PV_OP_NONE;
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_BUG,
	    "%s: a change that was left blank is refused", b->name);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_head(v, ORDERS, &head, &found, &e)) && head.size == 2 &&
		   head.kind == PV_STORE_ORDER_LOG,
	    "%s: after all these the order log has two entries", b->name);
	tap_ok(pv_ok(pv_store_log_name(v, 1, &name, &found, &e)) && found &&
		   pv_slice_eq(name, JOURNAL) &&
		   pv_ok(pv_store_log_name(v, 2, &name, &found, &e)) && !found,
	    "%s: logs can be listed", b->name);
	pv_store_view_free(v);
	pv_store_free(s);
}

static void
test_trees(const struct suite_backend *b)
{
	struct pv_store *s = open_or_die(suite_path(b, "trees"), PV_STORE_CREATE);
	struct pv_store_entry entries[3] = { entry_of("x"), entry_of("y"), entry_of("z") };
	uint8_t leaves[3][32], root[32];
	struct pv_store_change c[4] = { new_log(FOREIGN, PV_STORE_COPY),
		append_of(FOREIGN, entries, 3), { .op = PV_OP_TREE, .log = FOREIGN },
		{ .op = PV_OP_CHECKPOINT, .log = FOREIGN } };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_checkpoint *cp = &c[3].checkpoint, got;
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	struct pv_err e;
	bool found;

	for (size_t i = 0; i < 3; i++)
		memcpy(leaves[i], entries[i].leaf, 32);
	test_mth((const uint8_t(*)[32])leaves, 3, root);
	c[2].checkpoint.size = 3;
	memset(c[2].checkpoint.root, 7, 32);
	*cp = (struct pv_store_checkpoint){ PV_STORE_COSIGNED, 3, { 0 }, 100, PV_SLICE("note 3") };
	memcpy(cp->root, root, 32);
	tap_ok(apply(s, c, 4, &r) == PV_STORE_FAILED && r.err.code == PV_E_UNTRUSTED,
	    "%s: entries that are not the tree of the checkpoint are refused", b->name);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_head(v, FOREIGN, &head, &found, &e)) && !found,
	    "%s: and leave nothing behind, not even the log", b->name);
	pv_store_view_free(v);
	memcpy(c[2].checkpoint.root, root, 32);
	tap_ok(apply(s, c, 4, &r) == PV_STORE_DURABLE, "%s: entries, tree and checkpoint at once",
	    b->name);
	cp->root[5] ^= 1;
	tap_ok(apply(s, &c[3], 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_UNTRUSTED,
	    "%s: a second tree of one size is refused", b->name);
	cp->size = 2;
	tap_ok(apply(s, &c[3], 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_UNTRUSTED,
	    "%s: also a wrong tree of an earlier size", b->name);
	cp->size = 4;
	tap_ok(apply(s, &c[3], 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_INPUT,
	    "%s: a checkpoint of entries that are not held is refused", b->name);
	cp->size = 3;
	memcpy(cp->root, root, 32);
	cp->second = 90;
	cp->note = PV_SLICE("older");
	tap_ok(apply(s, &c[3], 1, &r) == PV_STORE_DURABLE, "%s: an older cosignature is taken",
	    b->name);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_checkpoint(
		   v, FOREIGN, PV_STORE_COSIGNED, UINT64_MAX, a, &got, &found, &e)) &&
		   found && got.second == 100 && pv_slice_is(got.note, "note 3"),
	    "%s: but the newer one stays", b->name);
	pv_store_view_free(v);
	cp->second = 110;
	cp->note = PV_SLICE("newer");
	apply(s, &c[3], 1, &r);
	test_mth((const uint8_t(*)[32])leaves, 2, cp->root);
	cp->size = 2;
	cp->second = 120;
	apply(s, &c[3], 1, &r);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_checkpoint(
		   v, FOREIGN, PV_STORE_COSIGNED, UINT64_MAX, a, &got, &found, &e)) &&
		   found && got.second == 110 && got.size == 3 && memcmp(got.root, root, 32) == 0,
	    "%s: a fresh signature of the same tree replaces it; of an earlier tree it does not",
	    b->name);
	tap_ok(pv_ok(pv_store_log_checkpoint(
		   v, FOREIGN, PV_STORE_SIGNED, UINT64_MAX, a, &got, &found, &e)) &&
		   !found,
	    "%s: cosigned and signed notes are kept apart", b->name);
	pv_store_view_free(v);
	pv_store_free(s);
}

/* A journal's notes: one for each 256 entries, and the newest. */
static void
test_notes(const struct suite_backend *b)
{
	struct pv_store *s = open_or_die(suite_path(b, "notes"), PV_STORE_CREATE);
	struct pv_store_entry entry = entry_of("x");
	struct pv_store_change c[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		append_of(JOURNAL, &entry, 1) };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_checkpoint got;
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_err e;
	uint64_t kept = 0, at = UINT64_MAX;
	bool found = true;

	apply(s, c, 1, &r);
	for (uint64_t i = 1; i <= 600; i++) {
		struct pv_store_change note = { .op = PV_OP_CHECKPOINT, .log = JOURNAL };

		apply(s, &c[1], 1, &r);
		note.checkpoint = (struct pv_store_checkpoint){ PV_STORE_SIGNED, i, { 0 }, 1000 + i,
			PV_SLICE("note") };
		memcpy(note.checkpoint.root, r.placed[0].root, 32);
		apply(s, &note, 1, &r);
	}
	v = view_or_die(s);
	while (
	    found &&
	    pv_ok(pv_store_log_checkpoint(v, JOURNAL, PV_STORE_SIGNED, at, a, &got, &found, &e)) &&
	    found) {
		kept++;
		at = got.size - 1;
	}
	tap_ok(kept == 3, "%s: of a journal's 600 notes three are kept", b->name);
	tap_ok(pv_ok(pv_store_log_checkpoint(
		   v, JOURNAL, PV_STORE_SIGNED, UINT64_MAX, a, &got, &found, &e)) &&
		   found && got.size == 600,
	    "%s: the newest among them", b->name);
	pv_store_view_free(v);
	pv_store_free(s);
}

/* ---- rows ---- */

static void
set_report(struct pv_store_change *c, const char *id, const char *originator, uint64_t created)
{
	c->row.c[PV_C_REPORT_ID].s = pv_slice_of(id);
	c->row.c[PV_C_REPORT_ORIGINATOR].s = pv_slice_of(originator);
	c->row.c[PV_C_REPORT_STATE].s = PV_SLICE("held");
	c->row.c[PV_C_REPORT_CREATED].n = created;
	c->row.c[PV_C_REPORT_DIGEST].s = pv_slice_mem("\0\1\2", 3);
	c->row.c[PV_C_REPORT_BODY].s = PV_SLICE("{}");
}

static uint64_t
count_under(struct pv_store_view *v, const char *root)
{
	struct pv_store_query q = { .table = PV_T_REPORTS, .n = 1 };
	struct pv_err e;
	uint64_t n = 99;

	q.where[0].column = PV_C_REPORT_ORIGINATOR;
	q.where[0].test = PV_Q_UNDER;
	q.where[0].cell.s = pv_slice_of(root);
	pv_ignore(pv_store_rows_count(&n, v, &q, &e));
	return n;
}

static void
test_rows(const struct suite_backend *b)
{
	static const char *const who[] = { "co", "co.navy", "co.navy.pacific", "co-ops", "colombia",
		"co.army" };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store *s = open_or_die(suite_path(b, "rows"), PV_STORE_CREATE);
	struct pv_store_change c[6];
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_row row = { 0 };
	struct pv_store_query q = { .table = PV_T_REPORTS };
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *cur = NULL;
	struct pv_err e;
	char ids[6][8];
	bool found, more;

	for (size_t i = 0; i < 6; i++) {
		snprintf(ids[i], sizeof(ids[i]), "r-%zu", i);
		c[i] = row_of(PV_OP_ADD, PV_T_REPORTS);
		set_report(&c[i], ids[i], who[i], 1000 - i);
	}
	tap_ok(apply(s, c, 6, &r) == PV_STORE_DURABLE, "%s: rows are added", b->name);
	tap_ok(apply(s, c, 6, &r) == PV_STORE_DURABLE, "%s: the same rows again change nothing",
	    b->name);
	c[5].row.c[PV_C_REPORT_BODY].s = PV_SLICE("{\"x\":1}");
	c[4].row.c[PV_C_REPORT_ID].s = PV_SLICE("r-new");
	tap_ok(apply(s, c, 6, &r) == PV_STORE_FAILED && r.err.code == PV_E_INPUT &&
		   strstr(r.err.what, "r-5") != NULL,
	    "%s: the same key with other content is refused, by name", b->name);
	v = view_or_die(s);
	row.c[PV_C_REPORT_ID].s = PV_SLICE("r-new");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_REPORTS, &row, a, &found, &e)) && !found,
	    "%s: and the rows before it with it", b->name);
	row.c[PV_C_REPORT_ID].s = PV_SLICE("r-5");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_REPORTS, &row, a, &found, &e)) && found &&
		   pv_slice_is(row.c[PV_C_REPORT_BODY].s, "{}") &&
		   row.c[PV_C_REPORT_CREATED].n == 995 && row.c[PV_C_REPORT_DIGEST].s.n == 3 &&
		   row.c[PV_C_REPORT_PLACE].s.n == 0,
	    "%s: a row comes back as it went in, zero bytes and empty cells too", b->name);
	tap_ok(count_under(v, "co") == 4 && count_under(v, "co.navy") == 2 &&
		   count_under(v, "c") == 0 && count_under(v, "co.navy.pacific") == 1,
	    "%s: under: co has four, and neither co-ops nor colombia is among them", b->name);
	q.n = 2;
	q.where[0].column = q.where[1].column = PV_C_REPORT_CREATED;
	q.where[0].test = PV_Q_AT_LEAST;
	q.where[0].cell.n = 996;
	q.where[1].test = PV_Q_BELOW;
	q.where[1].cell.n = 999;
	q.order_by = PV_C_REPORT_CREATED;
	q.limit = 2;
	found = pv_ok(pv_store_rows(&cur, v, &q, &e)) &&
		pv_ok(pv_store_row_next(cur, &row, &more, &e)) && more &&
		row.c[PV_C_REPORT_CREATED].n == 996 &&
		pv_ok(pv_store_row_next(cur, &row, &more, &e)) && more &&
		row.c[PV_C_REPORT_CREATED].n == 997 &&
		pv_ok(pv_store_row_next(cur, &row, &more, &e)) && !more;
	tap_ok(found, "%s: rows of a span, in order, no more than asked for", b->name);
	q.where[0].column = PV_C_REPORT_BODY;
	tap_ok(!pv_ok(pv_store_rows(&cur, v, &q, &e)) && e.code == PV_E_BUG,
	    "%s: a question that makes no sense is refused", b->name);
	pv_store_cursor_freep(&cur);
	c[0].op = PV_OP_DELETE;
	c[1].op = PV_OP_PUT;
	c[1].row.c[PV_C_REPORT_STATE].s = PV_SLICE("recalled");
	tap_ok(apply(s, c, 2, &r) == PV_STORE_DURABLE, "%s: a row is deleted, another replaced",
	    b->name);
	row.c[PV_C_REPORT_ID].s = PV_SLICE("r-0");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_REPORTS, &row, a, &found, &e)) && found,
	    "%s: an open view still sees the moment it was opened at", b->name);
	pv_store_view_free(v);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_REPORTS, &row, a, &found, &e)) && !found,
	    "%s: a new one sees the change", b->name);
	row.c[PV_C_REPORT_ID].s = PV_SLICE("r-1");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_REPORTS, &row, a, &found, &e)) && found &&
		   pv_slice_is(row.c[PV_C_REPORT_STATE].s, "recalled"),
	    "%s: and the row replaced", b->name);
	pv_store_view_free(v);
	c[0] = row_of(PV_OP_CLEAR, PV_T_REPORTS);
	apply(s, c, 1, &r);
	v = view_or_die(s);
	tap_ok(count_under(v, "co") == 0, "%s: a table is cleared", b->name);
	pv_store_view_free(v);
	c[0] = row_of(PV_OP_ADD, PV_T_REPORTS);
	set_report(&c[0], "r-9", "co", (uint64_t)INT64_MAX + 1);
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_LIMIT,
	    "%s: a number above 2^63 - 1 is refused", b->name);
	pv_store_free(s);
}

/* Every table takes a row and gives it back; those that name a log name it. */
static void
test_places(const struct suite_backend *b)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store *s = open_or_die(suite_path(b, "places"), PV_STORE_CREATE);
	struct pv_store_entry entries[2] = { entry_of("1"), entry_of("2") };
	struct pv_store_change c[5] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		append_of(JOURNAL, entries, 2), row_of(PV_OP_ADD, PV_T_DISCLOSURES),
		row_of(PV_OP_ADD, PV_T_RELEASES), row_of(PV_OP_ADD, PV_T_DISCLOSURES) };
	struct pv_store_row row = { 0 };
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_err e;
	bool found;

	for (size_t i = 2; i < 5; i += 2) {
		c[i].row.c[PV_C_DISCLOSURE_LOG].s = JOURNAL;
		c[i].row.c[PV_C_DISCLOSURE_INDEX].n = i == 4; /* of the second entry */
		c[i].row.c[PV_C_DISCLOSURE_INDEX].from_append = 2;
		c[i].row.c[PV_C_DISCLOSURE_FIELD].s = PV_SLICE("person");
		c[i].row.c[PV_C_DISCLOSURE_KEY].n = 7 + i;
		c[i].row.c[PV_C_DISCLOSURE_BODY].s = pv_slice_mem("\0sealed", 7);
	}
	c[3].row.c[PV_C_RELEASE_ID].s = PV_SLICE("rel-1");
	c[3].row.c[PV_C_RELEASE_JOURNAL].s = JOURNAL;
	c[3].row.c[PV_C_RELEASE_INDEX].from_append = 2;
	apply(s, c, 2, &r);
	tap_ok(apply(s, c, 5, &r) == PV_STORE_DURABLE && r.placed[0].first == 2,
	    "%s: rows and the entries that they tell of, at once", b->name);
	v = view_or_die(s);
	row.c[PV_C_DISCLOSURE_LOG].s = JOURNAL;
	row.c[PV_C_DISCLOSURE_INDEX].n = 3;
	row.c[PV_C_DISCLOSURE_FIELD].s = PV_SLICE("person");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_DISCLOSURES, &row, a, &found, &e)) && found &&
		   row.c[PV_C_DISCLOSURE_KEY].n == 11 &&
		   pv_slice_eq(row.c[PV_C_DISCLOSURE_LOG].s, JOURNAL),
	    "%s: a row stands at the index that its entry got", b->name);
	row.c[PV_C_RELEASE_ID].s = PV_SLICE("rel-1");
	tap_ok(pv_ok(pv_store_row_get(v, PV_T_RELEASES, &row, a, &found, &e)) && found &&
		   row.c[PV_C_RELEASE_INDEX].n == 2,
	    "%s: also in a table that names the journal beside its key", b->name);
	pv_store_view_free(v);
	c[0] = c[4];
	c[0].row.c[PV_C_DISCLOSURE_INDEX].from_append = 1;
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_BUG,
	    "%s: an index cannot count from what is no append", b->name);
	c[0].row.c[PV_C_DISCLOSURE_INDEX].from_append = 0;
	c[0].row.c[PV_C_DISCLOSURE_LOG].s = FOREIGN;
	tap_ok(apply(s, c, 1, &r) == PV_STORE_FAILED && r.err.code == PV_E_INPUT,
	    "%s: a row of a log that is not there is refused", b->name);
	pv_store_free(s);
}

/* ---- many at once ---- */

#define WRITERS    8
#define PER_WRITER 200

struct writer {
	struct pv_store *s;
	unsigned number;
	bool blocking;
	bool ok;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	size_t answered;
	uint64_t sizes[PER_WRITER];
	uint8_t roots[PER_WRITER][32];
};

static void
on_done(void *ctx, const struct pv_store_result *r)
{
	struct writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	w->ok &=
	    r->outcome == PV_STORE_DURABLE && r->n == 1 && r->placed[0].first < r->placed[0].size;
	w->sizes[w->answered] = r->placed[0].size;
	memcpy(w->roots[w->answered], r->placed[0].root, 32);
	w->answered++;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static void *
write_many(void *ctx)
{
	struct writer *w = ctx;
	struct pv_store_entry entries[PER_WRITER];
	struct pv_store_change c[PER_WRITER];
	struct pv_store_submission sub[PER_WRITER];
	char text[PER_WRITER][40];
	struct pv_store_result r;
	struct pv_err e;

	for (unsigned i = 0; i < PER_WRITER; i++) {
		snprintf(text[i], sizeof(text[i]), "writer %u entry %u", w->number, i);
		entries[i] = entry_of(text[i]);
		c[i] = append_of(JOURNAL, &entries[i], 1);
		sub[i] = (struct pv_store_submission){ .changes = &c[i], .n = 1 };
		if (!w->blocking) {
			pv_store_submit(w->s, &sub[i], on_done, w);
			continue;
		}
		pv_ignore(pv_store_apply(w->s, &sub[i], &r, &e));
		on_done(w, &r);
	}
	pthread_mutex_lock(&w->lock);
	while (w->answered < PER_WRITER)
		pthread_cond_wait(&w->wake, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void
test_many(const struct suite_backend *b, bool blocking)
{
	struct pv_store *s =
	    open_or_die(suite_path(b, blocking ? "many-wait" : "many"), PV_STORE_CREATE);
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	struct writer *w = pv_alloc_n(WRITERS, sizeof(*w));
	const char *how = blocking ? "who wait" : "who are called back";
	struct pv_store_result r;
	struct pv_store_info info;
	struct pv_store_view *v;
	uint8_t root[32];
	bool ok = true, roots = true;
	struct pv_err e;

	apply(s, &c, 1, &r);
	for (unsigned i = 0; i < WRITERS; i++) {
		w[i].s = s;
		w[i].number = i;
		w[i].blocking = blocking;
		w[i].ok = true;
		pthread_mutex_init(&w[i].lock, NULL);
		pthread_cond_init(&w[i].wake, NULL);
		pthread_create(&w[i].thread, NULL, write_many, &w[i]);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		pthread_join(w[i].thread, NULL);
		ok &= w[i].ok;
	}
	tap_ok(ok, "%s: %d writers of %d entries each, %s", b->name, WRITERS, PER_WRITER, how);
	v = view_or_die(s);
	for (unsigned i = 0; i < WRITERS * PER_WRITER; i++) {
		struct writer *at = &w[i / PER_WRITER];

		roots &=
		    pv_ok(pv_store_log_root(v, JOURNAL, at->sizes[i % PER_WRITER], root, &e)) &&
		    memcmp(root, at->roots[i % PER_WRITER], 32) == 0;
	}
	tap_ok(roots, "%s: every root that was told is the log's at that size", b->name);
	pv_store_view_free(v);
	tap_ok(pv_ok(pv_store_info_get(s, &info, &e)) &&
		   info.submissions == WRITERS * PER_WRITER + 1 && info.commits < info.submissions,
	    "%s: they shared commits", b->name);
	tap_note("%llu submissions in %llu commits", (unsigned long long)info.submissions,
	    (unsigned long long)info.commits);
	tap_ok(pv_ok(pv_store_check(s, &e)), "%s: the whole is what it says", b->name);
	pv_store_free(s);
	pv_free(w);
}

struct waiting {
	size_t durable, failed;
};

static void
count_answer(void *ctx, const struct pv_store_result *r)
{
	struct waiting *w = ctx;

	if (r->outcome == PV_STORE_DURABLE)
		w->durable++;
	else
		w->failed++;
}

static void
test_neighbours(const struct suite_backend *b)
{
	struct pv_store *s = open_or_die(suite_path(b, "neighbours"), PV_STORE_CREATE);
	struct pv_store_entry entry = entry_of("n");
	struct pv_store_change good[2] = { append_of(JOURNAL, &entry, 1),
		row_of(PV_OP_PUT, PV_T_META) };
	struct pv_store_change bad[2] = { append_of(JOURNAL, &entry, 1),
		row_of(PV_OP_ADD, PV_T_META) };
	struct pv_store_submission subs[2] = { { .changes = good, .n = 2 },
		{ .changes = bad, .n = 2 } };
	struct pv_store_change c[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		row_of(PV_OP_ADD, PV_T_META) };
	struct waiting w = { 0 };
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	struct pv_err e;
	bool found;

	good[1].row.c[PV_C_META_NAME].s = PV_SLICE("last");
	bad[1].row.c[PV_C_META_NAME].s = c[1].row.c[PV_C_META_NAME].s = PV_SLICE("there");
	bad[1].row.c[PV_C_META_BODY].s = PV_SLICE("other");
	apply(s, c, 2, &r);
	for (unsigned i = 0; i < 1000; i++)
		pv_store_submit(s, &subs[i % 2], count_answer, &w);
	pv_store_free(s); /* finishes what was submitted */
	tap_ok(w.durable == 500 && w.failed == 500,
	    "%s: 500 that are refused leave 500 neighbours alone, and closing waits for all",
	    b->name);
	s = open_or_die(suite_path(b, "neighbours"), PV_STORE_WRITE);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) && head.size == 500,
	    "%s: no entry of those refused stays", b->name);
	pv_store_view_free(v);
	tap_ok(pv_ok(pv_store_check(s, &e)), "%s: the tree is that of those that stayed", b->name);
	pv_store_free(s);
}

/* ---- several processes ---- */

#define PROCESSES   4
#define PER_PROCESS 60

/* ids: where each process leaves those of its keys. */
static int
append_as_process(const char *path, unsigned number, uint64_t *ids)
{
	struct pv_store *s = open_or_die(path, PV_STORE_WRITE);
	struct pv_store_entry entry = entry_of(number % 2 == 0 ? "even" : "odd");
	struct pv_store_change c = append_of(JOURNAL, &entry, 1);
	struct pv_store_result r;
	uint8_t key[PV_STORE_KEY];
	struct pv_err e;

	for (unsigned i = 0; i < PER_PROCESS; i++)
		if (apply(s, &c, 1, &r) != PV_STORE_DURABLE ||
		    !pv_ok(pv_store_key_take(s, &ids[number * PER_PROCESS + i], key, &e)))
			return 1;
	pv_store_free(s);
	return 0;
}

static bool
all_different(const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (ids[i] == ids[k] || ids[i] == 0)
				return false;
	return true;
}

static void
test_processes(const struct suite_backend *b)
{
	const char *path = suite_path(b, "processes");
	struct pv_store *s = open_or_die(path, PV_STORE_CREATE);
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	uint64_t *ids = mmap(NULL, PROCESSES * PER_PROCESS * sizeof(*ids), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[PROCESSES];
	bool ok = true, found;
	struct pv_err e;

	if (ids == MAP_FAILED)
		abort();
	apply(s, &c, 1, &r);
	pv_store_free(s); /* an open store is not carried across a fork */
	for (unsigned i = 0; i < PROCESSES; i++)
		if ((pid[i] = fork()) == 0)
			_exit(append_as_process(path, i, ids));
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		ok &= waitpid(pid[i], &status, 0) == pid[i] && status == 0;
	}
	tap_ok(ok, "%s: %d processes write to one store at once, %d times each", b->name, PROCESSES,
	    PER_PROCESS);
	s = open_or_die(path, PV_STORE_WRITE);
	v = view_or_die(s);
	tap_ok(pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) &&
		   head.size == PROCESSES * PER_PROCESS,
	    "%s: each entry is there once", b->name);
	pv_store_view_free(v);
	tap_ok(pv_ok(pv_store_check(s, &e)), "%s: and the tree is theirs", b->name);
	tap_ok(all_different(ids, PROCESSES * PER_PROCESS),
	    "%s: no two of them were given the same key", b->name);
	munmap(ids, PROCESSES * PER_PROCESS * sizeof(*ids));
	pv_store_free(s);
}

/* ---- keys that erasure destroys ---- */

static bool
file_holds(const char *path, const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(path, "rb");
	PV_AUTO(pv_freep) char *all = pv_alloc(1 << 22);
	size_t got;

	if (f == NULL)
		return false;
	got = fread(all, 1, 1 << 22, f);
	fclose(f);
	return memmem(all, got, bytes, n) != NULL;
}

static void
test_keys(const struct suite_backend *b)
{
	const char *path = suite_path(b, "keys/store");
	uint8_t key[20][PV_STORE_KEY], got[PV_STORE_KEY];
	struct pv_store_change c[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		row_of(PV_OP_ADD, PV_T_DISCLOSURES) };
	struct pv_store_result r;
	struct pv_store *s;
	struct stat st;
	struct pv_err e;
	uint64_t id[20], again;
	bool ok = true, found;

	mkdir(suite_path(b, "keys"), 0700);
	s = open_or_die(path, PV_STORE_CREATE);
	for (size_t i = 0; i < 20; i++) {
		ok &= pv_ok(pv_store_key_take(s, &id[i], key[i], &e)) && id[i] == i + 1;
		ok &= i == 0 || memcmp(key[i], key[i - 1], PV_STORE_KEY) != 0;
	}
	tap_ok(ok, "%s: each key is fresh, ids count from 1", b->name);
	tap_ok(pv_ok(pv_store_key_get(s, id[9], got, &found, &e)) && found &&
		   memcmp(got, key[9], PV_STORE_KEY) == 0,
	    "%s: a key is there when it is asked for", b->name);
	tap_ok(stat(suite_path(b, "keys/erase.db"), &st) == 0 && (st.st_mode & 0777) == 0600 &&
		   st.st_size == 25 * PV_STORE_KEY &&
		   file_holds(suite_path(b, "keys/erase.db"), key[19], 32),
	    "%s: keys are made ahead, in a file of mode 0600", b->name);
	tap_ok(pv_ok(pv_store_key_destroy(s, id[9], &e)) &&
		   pv_ok(pv_store_key_get(s, id[9], got, &found, &e)) && !found &&
		   pv_ok(pv_store_key_destroy(s, id[9], &e)),
	    "%s: a key is destroyed, and destroying it again is fine", b->name);
	tap_ok(!file_holds(suite_path(b, "keys/erase.db"), key[9], 32) &&
		   file_holds(suite_path(b, "keys/erase.db"), key[10], 32),
	    "%s: its bytes are gone from the file, its neighbour's are not", b->name);
	tap_ok(pv_ok(pv_store_key_get(s, 0, got, &found, &e)) && !found &&
		   pv_ok(pv_store_key_get(s, 4000, got, &found, &e)) && !found &&
		   pv_ok(pv_store_key_get(s, UINT64_MAX, got, &found, &e)) && !found,
	    "%s: ids that were never given have no key", b->name);
	c[1].row.c[PV_C_DISCLOSURE_LOG].s = JOURNAL;
	c[1].row.c[PV_C_DISCLOSURE_KEY].n = 500;
	apply(s, c, 2, &r);
	pv_store_free(s);
	s = open_or_die(path, PV_STORE_WRITE);
	tap_ok(pv_ok(pv_store_key_take(s, &again, got, &e)) && again == 25,
	    "%s: what was made ahead is not given after a restart", b->name);
	pv_store_free(s);
	unlink(suite_path(b, "keys/erase.db"));
	s = open_or_die(path, PV_STORE_WRITE);
	tap_ok(pv_ok(pv_store_key_get(s, 500, got, &found, &e)) && !found &&
		   pv_ok(pv_store_key_take(s, &again, got, &e)) && again == 501,
	    "%s: after a loss of the key file no id that a row names means a new key", b->name);
	pv_store_free(s);
}

/* ---- opening, copies ---- */

static bool
fails(const char *path, struct pv_store_options o, enum pv_code code, const char *says)
{
	struct pv_store *s = NULL;
	struct pv_err e = { 0 };

	if (pv_ok(pv_store_open(&s, path, &o, &e))) {
		pv_store_free(s);
		tap_note("opened");
		return false;
	}
	if (e.code == code && strstr(e.what, says) != NULL)
		return true;
	tap_note("code %d: %s", (int)e.code, e.what);
	return false;
}

static void
test_opening(const struct suite_backend *b)
{
	const char *path = suite_path(b, "opening");
	struct pv_store_submission sub = { 0 };
	struct pv_store_result r;
	struct pv_store *s;
	struct stat st;
	struct pv_err e;

	tap_ok(fails(path, suite_options(PV_STORE_WRITE), PV_E_CONFIG, "No such file"),
	    "%s: a store that is not there is not made by opening it", b->name);
	tap_ok(access(path, F_OK) != 0 && access(suite_path(b, "opening.reserve"), F_OK) != 0,
	    "%s: and nothing is left of the attempt", b->name);
	s = open_or_die(path, PV_STORE_CREATE);
	tap_ok(fails(path, suite_options(PV_STORE_CREATE), PV_E_CONFIG, "there already"),
	    "%s: a store is never made over another", b->name);
	tap_ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "%s: the file has mode 0600",
	    b->name);
	pv_store_free(s);
	s = open_or_die(path, PV_STORE_READ);
	tap_ok(!pv_ok(pv_store_apply(s, &sub, &r, &e)) && e.code == PV_E_BUG,
	    "%s: a store opened for reading is not written to", b->name);
	pv_store_free(s);
	tap_ok(fails(suite_path(b, "no/such/folder"), suite_options(PV_STORE_CREATE), PV_E_CONFIG,
		   "No such file"),
	    "%s: a folder that is not there is named as the fault", b->name);
}

struct stop {
	struct pv_store *s;
	bool stop;
	size_t written;
};

static void *
keep_writing(void *ctx)
{
	struct stop *stop = ctx;
	struct pv_store_entry entry = entry_of("while it is copied");
	struct pv_store_change c = append_of(JOURNAL, &entry, 1);
	struct pv_store_result r;

	while (!__atomic_load_n(&stop->stop, __ATOMIC_ACQUIRE))
		if (apply(stop->s, &c, 1, &r) == PV_STORE_DURABLE)
			__atomic_add_fetch(&stop->written, 1, __ATOMIC_ACQ_REL);
	return NULL;
}

static void
test_backup(const struct suite_backend *b)
{
	const char *copy = suite_path(b, "copies/copy"), *keys = suite_path(b, "copies/copy-keys");
	struct pv_store *s;
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	struct pv_store_result r;
	struct pv_store_view *v;
	struct pv_store_head head;
	uint8_t key[PV_STORE_KEY], got[PV_STORE_KEY];
	struct stop stop = { 0 };
	pthread_t writer;
	struct stat st;
	struct pv_err e;
	uint64_t id;
	bool found;

	mkdir(suite_path(b, "copies"), 0700);
	mkdir(suite_path(b, "copied"), 0700);
	s = open_or_die(suite_path(b, "copied/store"), PV_STORE_CREATE);
	apply(s, &c, 1, &r);
	pv_ignore(pv_store_key_take(s, &id, key, &e));
	stop.s = s;
	pthread_create(&writer, NULL, keep_writing, &stop);
	while (__atomic_load_n(&stop.written, __ATOMIC_ACQUIRE) < 50)
		usleep(1000);
	found = pv_ok(pv_store_backup(s, copy, NULL, &e));
	__atomic_store_n(&stop.stop, true, __ATOMIC_RELEASE);
	pthread_join(writer, NULL);
	if (!tap_ok(found, "%s: a backup is made while others write", b->name))
		tap_note("%s", e.what);
	tap_ok(!pv_ok(pv_store_backup(s, copy, NULL, &e)) && e.code == PV_E_CONFIG,
	    "%s: never over another", b->name);
	tap_ok(stat(copy, &st) == 0 && (st.st_mode & 0777) == 0600 &&
		   access(suite_path(b, "copies/erase.db"), F_OK) != 0 && access(keys, F_OK) != 0,
	    "%s: it has mode 0600, and holds no keys", b->name);
	tap_ok(fails(copy, o, PV_E_CONFIG, "backup copy"), "%s: a copy is not written to", b->name);
	o.mode = PV_STORE_READ;
	pv_store_free(s);
	if (pv_ok(pv_store_open(&s, copy, &o, &e))) {
		v = view_or_die(s);
		tap_ok(pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) && head.size >= 50 &&
			   pv_ok(pv_store_check(s, &e)) &&
			   pv_ok(pv_store_key_get(s, id, got, &found, &e)) && !found,
		    "%s: it can be read, and is one whole moment", b->name);
		pv_store_view_free(v);
		pv_store_free(s);
	}
	o.mode = PV_STORE_WRITE;
	o.adopt = true;
	tap_ok(
	    pv_ok(pv_store_open(&s, copy, &o, &e)), "%s: a restore takes it as the store", b->name);
	pv_store_free(s);
	s = open_or_die(copy, PV_STORE_WRITE);
	tap_ok(s != NULL, "%s: from then on it is one", b->name);
	pv_store_free(s);
	s = open_or_die(suite_path(b, "copied/store"), PV_STORE_WRITE);
	tap_ok(pv_ok(pv_store_backup(s, suite_path(b, "copies/second"), keys, &e)) &&
		   file_holds(keys, key, 32) && stat(keys, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "%s: with the keys, in a file of their own, when asked for", b->name);
	pv_store_free(s);
}

int
main(void)
{
	struct suite_backend b = { "sqlite", suite_folder_make() };

	test_logs(&b);
	test_submissions(&b);
	test_trees(&b);
	test_notes(&b);
	test_rows(&b);
	test_places(&b);
	test_many(&b, false);
	test_many(&b, true);
	test_neighbours(&b);
	test_processes(&b);
	test_keys(&b);
	test_opening(&b);
	test_backup(&b);
	suite_folder_remove(b.folder);
	return tap_done();
}
