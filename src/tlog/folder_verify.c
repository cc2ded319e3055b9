/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a wrong entry is told from a wrong tile. Each level of tiles is had twice: as the files say, and worked out from the
 * entries. The checkpoint's root can be made from the partial tiles alone, one a level; then each hash of a level proves a
 * whole tile below it. Where file and entries differ, one of the two is right if the proven hash comes out, so a few
 * differences are tried in all combinations, many all one way and all the other. What is proven down to a leaf is compared
 * with the entry. A tile for which nothing comes out leaves the entries under it undecided: among them at least one is not
 * as signed, and the tile that could tell which is not either.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "tlog/folder.h"

#define DEFAULT_LIMIT (1ULL << 26)
#define CHOICES       6 /* hashes of which two are had that are tried in all combinations */

/* The hashes of one level. */
struct level {
	uint64_t n;
	uint8_t (*own)[PV_HASH];  /* from the entries */
	bool *known;              /* own is there: no entry under it is missing */
	uint8_t (*want)[PV_HASH]; /* as signed */
	bool *proven;             /* want is there */
};

struct check {
	const char *folder;
	const struct pv_folder_visit *visit;
	struct pv_folder_report *report;
	uint64_t size;
	struct level levels[PV_TILE_LEVELS];
	unsigned level_count;
	PV_VEC(struct pv_fault) faults;
	size_t more;
	struct pv_arena *a;
};

static void
free_check(struct check *c)
{
	for (unsigned i = 0; i < PV_TILE_LEVELS; i++) {
		pv_free(c->levels[i].own);
		pv_free(c->levels[i].known);
		pv_free(c->levels[i].want);
		pv_free(c->levels[i].proven);
	}
	PV_VEC_FREE(&c->faults);
}

static void
add_fault(struct check *c, struct pv_fault f)
{
	if (c->faults.n >= PV_FOLDER_FAULTS) {
		c->more++;
		return;
	}
	f.entry = f.entry.p != NULL ? pv_arena_copy(c->a, f.entry) : PV_NO_SLICE;
	*PV_VEC_ADD(&c->faults) = f;
}

/* The entries under a tile, the last one included; cut to the size of the tree. */
static void
span(const struct check *c, const struct pv_tile *t, uint64_t *first, uint64_t *last)
{
	unsigned bits = 8 * (t->level + 1);
	uint64_t each = bits < 64 ? 1ULL << bits : 0;

	*first = each != 0 ? t->n * each : 0;
	*last = each != 0 && c->size - *first > each ? *first + each - 1 : c->size - 1;
}

static void
add_tile_fault(struct check *c, enum pv_fault_kind kind, const struct pv_tile *t)
{
	struct pv_fault f = { .kind = kind, .tile = *t };

	span(c, t, &f.index, &f.last);
	add_fault(c, f);
}

/* ---- the entries' own hashes ---- */

static void
make_level(struct check *c, unsigned i)
{
	struct level *l = &c->levels[i];
	size_t n = (size_t)pv_tile_hashes(c->size, i);

	*l = (struct level){ .n = n,
		.own = pv_alloc_n(n, PV_HASH),
		.known = pv_alloc_n(n, sizeof(bool)),
		.want = pv_alloc_n(n, PV_HASH),
		.proven = pv_alloc_n(n, sizeof(bool)) };
}

/* Hashes the entries of a bundle. What is missing stays unknown. */
static PV_RESULT
hash_bundle(struct check *c, const struct pv_tile *t, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	struct level *l = &c->levels[0];
	struct pv_slice rest, entry;
	struct pv_status st = pv_folder_read_tile(c->folder, t, &bytes, e);

	if (st.code == PV_E_CONFIG)
		return st; /* not readable: that says nothing about the log */
	rest = pv_buf_slice(&bytes);
	for (uint64_t i = t->n * PV_TILE; i < t->n * PV_TILE + t->width; i++) {
		if (!pv_bundle_next(&rest, &entry))
			break;
		pv_hash_leaf(entry, l->own[i]);
		l->known[i] = true;
	}
	return PV_DONE;
}

static void
hash_level(struct check *c, unsigned i)
{
	const struct level *below = &c->levels[i - 1];
	struct level *l = &c->levels[i];

	for (uint64_t n = 0; n < l->n; n++) {
		bool known = true;

		for (uint64_t k = n * PV_TILE; k < (n + 1) * PV_TILE; k++)
			known = known && below->known[k];
		l->known[n] = known;
		if (known)
			pv_tile_root((const uint8_t(*)[PV_HASH])below->own + n * PV_TILE, PV_TILE,
			    l->own[n]);
	}
}

static PV_RESULT
hash_all(struct check *c, struct pv_err *e)
{
	struct pv_tile t = { .bundle = true };

	do { /* there is at least one entry */
		make_level(c, c->level_count++);
	} while (c->level_count < PV_TILE_LEVELS && pv_tile_hashes(c->size, c->level_count) > 0);
	for (; (t.width = pv_tile_width(c->size, 0, t.n)) > 0; t.n++)
		PV_TRY(hash_bundle(c, &t, e));
	for (unsigned i = 1; i < c->level_count; i++)
		hash_level(c, i);
	return PV_DONE;
}

/* ---- one tile, twice ---- */

/* Where file and entries differ, both may be right: a bit of a mask says which is taken. */
struct twice {
	struct pv_tile tile;
	enum { MISSING, BROKEN, WHOLE } file;
	uint8_t hash[PV_TILE][PV_HASH]; /* of the file, when it is WHOLE */
	const uint8_t (*own)[PV_HASH];
	const bool *known;    /* own is there */
	uint8_t bit[PV_TILE]; /* of the mask, and one; 0: there is no choice */
	size_t choices;
	bool complete; /* each hash is there, from one or the other */
};

static PV_RESULT
load_twice(struct check *c, struct twice *t, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	const struct level *l = &c->levels[t->tile.level];
	struct pv_status st = pv_folder_read_tile(c->folder, &t->tile, &bytes, e);

	if (st.code == PV_E_CONFIG)
		return st;
	t->file = st.code == PV_E_INPUT ? MISSING : BROKEN;
	if (pv_ok(st) && bytes.n == (size_t)t->tile.width * PV_HASH) {
		t->file = WHOLE;
		memcpy(t->hash, bytes.p, bytes.n);
	}
	t->own = (const uint8_t(*)[PV_HASH])l->own + t->tile.n * PV_TILE;
	t->known = l->known + t->tile.n * PV_TILE;
	t->complete = true;
	for (unsigned i = 0; i < t->tile.width; i++) {
		t->complete = t->complete && (t->file == WHOLE || t->known[i]);
		t->bit[i] =
		    t->file == WHOLE && t->known[i] && memcmp(t->hash[i], t->own[i], PV_HASH) != 0;
		t->choices += t->bit[i];
	}
	return PV_DONE;
}

/* Numbers the choices from *next on: one bit for each, or one for all of them. */
static void
number_choices(struct twice *t, unsigned *next, bool each)
{
	if (t->choices == 0)
		return;
	for (unsigned i = 0; i < t->tile.width; i++) {
		if (t->bit[i] != 0)
			t->bit[i] = (uint8_t)(each ? ++*next : *next + 1);
	}
	if (!each)
		++*next;
}

/* The hashes that a mask chooses. */
static void
choose(const struct twice *t, unsigned mask, uint8_t (*out)[PV_HASH])
{
	for (unsigned i = 0; i < t->tile.width; i++) {
		bool own =
		    t->file != WHOLE || (t->bit[i] != 0 && (mask >> (t->bit[i] - 1) & 1) != 0);

		memcpy(out[i], own ? t->own[i] : t->hash[i], PV_HASH);
	}
}

/* right: the hashes that were proven, or NULL. */
static void
judge(struct check *c, const struct twice *t, const uint8_t (*right)[PV_HASH])
{
	struct level *l = &c->levels[t->tile.level];
	size_t n = t->tile.width;
	uint64_t first = t->tile.n * PV_TILE;

	c->report->tiles++;
	if (right != NULL) {
		memcpy(l->want[first], right, n * PV_HASH);
		for (size_t i = 0; i < n; i++)
			l->proven[first + i] = true;
		if (t->file == WHOLE && memcmp(t->hash, right, n * PV_HASH) == 0) {
			c->report->tiles_good++;
			return;
		}
	}
	add_tile_fault(c, t->file == MISSING ? PV_FAULT_TILE_GONE : PV_FAULT_TILE, &t->tile);
}

/* ---- the root, from the partial tiles ---- */

/* One for each level, NULL where there is none. */
struct edge {
	struct twice *partial[PV_TILE_LEVELS];
	unsigned bits;
	bool complete;
};

static void
free_edge(struct edge *g)
{
	for (unsigned i = 0; i < PV_TILE_LEVELS; i++)
		pv_free(g->partial[i]);
}

static PV_RESULT
load_edge(struct check *c, struct edge *g, struct pv_err *e)
{
	size_t choices = 0;

	g->complete = true;
	for (unsigned i = 0; i < c->level_count; i++) {
		struct pv_tile t = { .level = i, .n = c->levels[i].n / PV_TILE };

		t.width = pv_tile_width(c->size, i, t.n);
		if (t.width == 0)
			continue;
		g->partial[i] = PV_NEW(struct twice);
		g->partial[i]->tile = t;
		PV_TRY(load_twice(c, g->partial[i], e));
		choices += g->partial[i]->choices;
		g->complete = g->complete && g->partial[i]->complete;
	}
	for (unsigned i = 0; i < c->level_count; i++) {
		if (g->partial[i] != NULL)
			number_choices(g->partial[i], &g->bits, choices <= CHOICES);
	}
	return PV_DONE;
}

static void
edge_root(const struct check *c, const struct edge *g, unsigned mask, uint8_t out[PV_HASH])
{
	uint8_t hash[PV_TILE][PV_HASH], edge[PV_TREE_EDGE][PV_HASH] = { 0 };
	size_t n = 0;

	for (unsigned i = c->level_count; i-- > 0;) {
		if (g->partial[i] == NULL)
			continue;
		choose(g->partial[i], mask, hash);
		for (unsigned k = 0; k < g->partial[i]->tile.width; k++)
			pv_tree_append(k, edge + n, hash[k]);
		n += pv_tree_edge_count(g->partial[i]->tile.width);
	}
	pv_tree_root(c->size, (const uint8_t(*)[PV_HASH])edge, out);
}

/* The mask that gives the signed root. */
static bool
find_root(const struct check *c, const struct edge *g, unsigned *mask)
{
	uint8_t root[PV_HASH];

	for (*mask = 0; g->complete && *mask < 1u << g->bits; ++*mask) {
		edge_root(c, g, *mask, root);
		if (memcmp(root, c->report->seen.checkpoint.root, PV_HASH) == 0)
			return true;
	}
	return false;
}

static PV_RESULT
prove_edge(struct check *c, struct pv_err *e)
{
	PV_AUTO(free_edge) struct edge g = { 0 };
	uint8_t right[PV_TILE][PV_HASH];
	unsigned mask;

	PV_TRY(load_edge(c, &g, e));
	c->report->root_good = find_root(c, &g, &mask);
	for (unsigned i = 0; i < c->level_count; i++) {
		const struct twice *t = g.partial[i];

		if (t == NULL)
			continue;
		if (c->report->root_good) {
			choose(t, mask, right);
			judge(c, t, (const uint8_t(*)[PV_HASH])right);
		} else if (t->file == WHOLE) {
			c->report->tiles++; /* nothing is proven, nothing can be held against it */
		} else {
			judge(c, t, NULL);
		}
	}
	return PV_DONE;
}

/* ---- down from there, a tile at a time ---- */

/* The hashes whose root is want; false when no choice gives it. */
static bool
find_hashes(struct twice *t, const uint8_t want[PV_HASH], uint8_t (*out)[PV_HASH])
{
	unsigned bits = 0;
	uint8_t root[PV_HASH];

	number_choices(t, &bits, t->choices <= CHOICES);
	for (unsigned mask = 0; t->complete && mask < 1u << bits; mask++) {
		choose(t, mask, out);
		pv_tile_root((const uint8_t(*)[PV_HASH])out, PV_TILE, root);
		if (memcmp(root, want, PV_HASH) == 0)
			return true;
	}
	return false;
}

static void
add_range(struct check *c, const struct pv_tile *t)
{
	struct pv_fault f = { .kind = PV_FAULT_RANGE, .tile = *t };

	span(c, t, &f.index, &f.last);
	add_fault(c, f);
}

/* Full tile n of a level, proven by hash n of the level above if that is. */
static PV_RESULT
prove_tile(struct check *c, unsigned level, uint64_t n, struct pv_err *e)
{
	const struct level *above = &c->levels[level + 1];
	struct twice t = { .tile = { .level = level, .n = n, .width = PV_TILE } };
	uint8_t right[PV_TILE][PV_HASH];

	PV_TRY(load_twice(c, &t, e));
	if (!above->proven[n]) {
		c->report->tiles++; /* the range that it is in has been told */
	} else if (find_hashes(&t, above->want[n], right)) {
		judge(c, &t, (const uint8_t(*)[PV_HASH])right);
	} else {
		judge(c, &t, NULL);
		add_range(c, &t.tile);
	}
	return PV_DONE;
}

static PV_RESULT
prove_tiles(struct check *c, struct pv_err *e)
{
	for (unsigned level = c->level_count; level-- > 1;) {
		for (uint64_t n = 0; n < c->levels[level].n; n++)
			PV_TRY(prove_tile(c, level - 1, n, e));
	}
	return PV_DONE;
}

/* ---- the entries, once more, against what is proven ---- */

static PV_RESULT
check_entry(struct check *c, const struct pv_tile *t, uint64_t i, const struct pv_slice *entry,
    struct pv_err *e)
{
	const struct level *l = &c->levels[0];
	struct pv_fault f = { .kind = PV_FAULT_ENTRY_GONE, .index = i, .last = i, .tile = *t };

	f.want_known = l->proven[i];
	if (f.want_known)
		memcpy(f.want, l->want[i], PV_HASH);
	if (entry == NULL) {
		add_fault(c, f);
		return PV_DONE;
	}
	if (!f.want_known)
		return PV_DONE; /* in a range that has been told */
	pv_hash_leaf(*entry, f.has);
	if (memcmp(f.has, f.want, PV_HASH) == 0) {
		c->report->entries_good++;
		return c->visit != NULL ? c->visit->entry(c->visit->ctx, i, *entry, e) : PV_DONE;
	}
	f.kind = PV_FAULT_ENTRY;
	f.has_known = true;
	f.entry = *entry;
	add_fault(c, f);
	return PV_DONE;
}

static PV_RESULT
check_bundle(struct check *c, const struct pv_tile *t, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	struct pv_slice rest, entry;
	struct pv_status st = pv_folder_read_tile(c->folder, t, &bytes, e);
	uint64_t first = t->n * PV_TILE, i;

	if (st.code == PV_E_CONFIG)
		return st;
	rest = pv_buf_slice(&bytes);
	for (i = first; i < first + t->width && pv_bundle_next(&rest, &entry); i++)
		PV_TRY(check_entry(c, t, i, &entry, e));
	if (i == first + t->width && rest.n > 0)
		add_fault(
		    c, (struct pv_fault){
			   .kind = PV_FAULT_BUNDLE, .index = first, .last = i - 1, .tile = *t });
	for (; i < first + t->width; i++)
		PV_TRY(check_entry(c, t, i, NULL, e));
	return PV_DONE;
}

static PV_RESULT
check_entries(struct check *c, struct pv_err *e)
{
	struct pv_tile t = { .bundle = true };

	if (!c->report->root_good && c->size > 0)
		add_fault(c, (struct pv_fault){ .kind = PV_FAULT_RANGE,
				 .last = c->size - 1,
				 .tile = { .width = PV_TILE } });
	for (; (t.width = pv_tile_width(c->size, 0, t.n)) > 0; t.n++)
		PV_TRY(check_bundle(c, &t, e));
	return PV_DONE;
}

/* ---- the report ---- */

static int
is_about_tile(const struct pv_fault *f)
{
	return f->kind == PV_FAULT_TILE || f->kind == PV_FAULT_TILE_GONE;
}

static int
by_place(const void *pa, const void *pb)
{
	const struct pv_fault *a = pa, *b = pb;

	if (is_about_tile(a) != is_about_tile(b))
		return is_about_tile(a) - is_about_tile(b);
	if (is_about_tile(a) && a->tile.level != b->tile.level)
		return a->tile.level < b->tile.level ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

static void
finish(struct check *c)
{
	struct pv_folder_report *r = c->report;
	struct pv_fault *kept = pv_arena_alloc_n(c->a, c->faults.n, sizeof(*kept));

	for (size_t i = 0; i < c->faults.n; i++)
		kept[i] = c->faults.at[i];
	qsort(kept, c->faults.n, sizeof(*kept), by_place);
	r->faults = kept;
	r->fault_count = c->faults.n;
	r->faults_more = c->more;
	r->good = r->signature_good && r->seen.quorum && r->root_good && r->fault_count == 0 &&
		  r->entries_good == c->size && r->tiles_good == r->tiles;
}

/* The checkpoint is read in any case; whose it is may be wrong. */
static PV_RESULT
see(struct pv_folder_report *r, struct pv_slice bytes, const struct pv_log_policy *policy,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_checkpoint_seen seen;

	PV_TRY(pv_note_read(&r->seen.note, bytes, a, e));
	PV_TRY(pv_checkpoint_read(&r->seen.checkpoint, r->seen.note.text, e));
	r->signature_good = pv_ok(pv_checkpoint_see(&seen, bytes, policy, a, &r->signature_err));
	if (r->signature_good)
		r->seen = seen;
	return PV_DONE;
}

static PV_RESULT
check_all(struct check *c, struct pv_err *e)
{
	uint8_t root[PV_HASH];

	if (c->size == 0) {
		pv_hash(PV_NO_SLICE, root);
		c->report->root_good = memcmp(root, c->report->seen.checkpoint.root, PV_HASH) == 0;
		return PV_DONE;
	}
	PV_TRY(hash_all(c, e));
	PV_TRY(prove_edge(c, e));
	PV_TRY(prove_tiles(c, e));
	return check_entries(c, e);
}

struct pv_status
pv_folder_verify(struct pv_folder_report *out, const char *folder,
    const struct pv_log_policy *policy, uint64_t limit, const struct pv_folder_visit *visit,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	PV_AUTO(free_check)
	struct check c = { .folder = folder, .visit = visit, .report = out, .a = a };

	*out = (struct pv_folder_report){ 0 };
	limit = limit != 0 ? limit : DEFAULT_LIMIT;
	PV_TRY(pv_folder_read_checkpoint(folder, &bytes, e));
	PV_TRY(see(out, pv_arena_copy(a, pv_buf_slice(&bytes)), policy, a, e));
	c.size = out->seen.checkpoint.size;
	if (c.size > limit)
		return PV_FAIL(e, PV_E_LIMIT,
		    "a log of %llu entries, more than the %llu that are looked at",
		    (unsigned long long)c.size, (unsigned long long)limit);
	PV_TRY(check_all(&c, e));
	finish(&c);
	return PV_DONE;
}
