/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-tiles. */
#include "tlog/tile.h"

#include "base/mem.h"

#define TILE_BITS 8

/* ---- paths ---- */

void
pv_tile_path(struct pv_buf *out, const struct pv_tile *t)
{
	uint64_t groups[7]; /* 2^64 has 20 digits */
	size_t n = 0;

	for (uint64_t rest = t->n; n == 0 || rest > 0; rest /= 1000)
		groups[n++] = rest % 1000;
	if (t->bundle)
		pv_buf_add_str(out, "tile/entries");
	else
		pv_buf_addf(out, "tile/%u", t->level);
	while (n-- > 0)
		pv_buf_addf(out, n > 0 ? "/x%03u" : "/%03u", (unsigned)groups[n]);
	if (t->width < PV_TILE)
		pv_buf_addf(out, ".p/%u", t->width);
}

static bool
read_group(struct pv_slice s, uint64_t *n)
{
	uint64_t v = 0;

	if (s.n != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (*n > (UINT64_MAX - v) / 1000)
		return false;
	*n = *n * 1000 + v;
	return true;
}

/* x001/x234/067; no group that only adds zeros in front. */
static bool
read_number(struct pv_slice s, uint64_t *n)
{
	struct pv_slice group;
	bool first = true;

	*n = 0;
	while (pv_slice_next(&s, '/', &group)) {
		if (s.p == NULL)
			return read_group(group, n);
		if (group.n != 4 || group.p[0] != 'x' ||
		    !read_group(pv_slice_sub(group, 1, 4), n) || (first && *n == 0))
			return false;
		first = false;
	}
	return false;
}

static bool
read_level(struct pv_slice s, struct pv_tile *t)
{
	uint64_t level;

	t->bundle = pv_slice_is(s, "entries");
	if (t->bundle)
		return true;
	if (!pv_slice_u64(s, &level) || level > 63)
		return false;
	t->level = (unsigned)level;
	return true;
}

bool
pv_tile_path_read(struct pv_tile *out, struct pv_slice path)
{
	struct pv_tile t = { .width = PV_TILE };
	struct pv_slice rest = path, word;
	const char *partial;
	uint64_t width;

	if (!pv_slice_next(&rest, '/', &word) || !pv_slice_is(word, "tile") ||
	    !pv_slice_next(&rest, '/', &word) || !read_level(word, &t) || rest.n == 0)
		return false;
	partial = memmem(rest.p, rest.n, ".p/", 3);
	if (partial != NULL) {
		size_t at = (size_t)(partial - rest.p);

		if (!pv_slice_u64(pv_slice_sub(rest, at + 3, rest.n), &width) || width == 0 ||
		    width >= PV_TILE)
			return false;
		t.width = (unsigned)width;
		rest = pv_slice_sub(rest, 0, at);
	}
	if (!read_number(rest, &t.n))
		return false;
	*out = t;
	return true;
}

/* ---- which there are ---- */

uint64_t
pv_tile_hashes(uint64_t size, unsigned level)
{
	return level < PV_TILE_LEVELS ? size >> (TILE_BITS * level) : 0;
}

unsigned
pv_tile_width(uint64_t size, unsigned level, uint64_t n)
{
	uint64_t hashes = pv_tile_hashes(size, level);

	if (n < hashes / PV_TILE)
		return PV_TILE;
	return n == hashes / PV_TILE ? (unsigned)(hashes % PV_TILE) : 0;
}

struct pv_tile_walk
pv_tile_walk(uint64_t old_size, uint64_t size)
{
	return (struct pv_tile_walk){ .old_size = old_size, .size = size };
}

bool
pv_tile_next(struct pv_tile_walk *w, struct pv_tile *out)
{
	for (; w->stage <= PV_TILE_LEVELS; w->stage++, w->begun = false) {
		unsigned level = w->stage > 0 ? w->stage - 1 : 0, width;

		if (!w->begun)
			w->n = pv_tile_hashes(w->old_size, level) / PV_TILE;
		w->begun = true;
		width = pv_tile_width(w->size, level, w->n);
		if (width == pv_tile_width(w->old_size, level, w->n) && width < PV_TILE)
			continue; /* the old tree has this one, or there is none */
		if (width == 0)
			continue;
		*out = (struct pv_tile){
			.bundle = w->stage == 0, .level = level, .n = w->n++, .width = width
		};
		return true;
	}
	return false;
}

void
pv_tile_root(const uint8_t (*hashes)[PV_HASH], size_t count, uint8_t out[PV_HASH])
{
	uint8_t edge[PV_TREE_EDGE][PV_HASH] = { 0 };

	for (size_t i = 0; i < count; i++)
		pv_tree_append(i, edge, hashes[i]);
	pv_tree_root(count, (const uint8_t(*)[PV_HASH])edge, out);
}

/* ---- entry bundles ---- */

struct pv_status
pv_bundle_add(struct pv_buf *bundle, struct pv_slice entry, struct pv_err *e)
{
	if (entry.n > PV_TILE_ENTRY_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "an entry of %zu bytes, %d are the most", entry.n,
		    PV_TILE_ENTRY_MAX);
	pv_buf_add_c(bundle, (char)(uint8_t)(entry.n >> 8));
	pv_buf_add_c(bundle, (char)(uint8_t)entry.n);
	pv_buf_add(bundle, entry);
	return PV_DONE;
}

bool
pv_bundle_next(struct pv_slice *rest, struct pv_slice *entry)
{
	size_t n;

	if (rest->n < 2)
		return false;
	n = (size_t)(uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1];
	if (n > rest->n - 2)
		return false;
	*entry = pv_slice_sub(*rest, 2, 2 + n);
	*rest = pv_slice_sub(*rest, 2 + n, rest->n);
	return true;
}

struct pv_status
pv_bundle_check(struct pv_slice bundle, unsigned width, struct pv_err *e)
{
	struct pv_slice entry;

	for (unsigned i = 0; i < width; i++) {
		if (!pv_bundle_next(&bundle, &entry))
			return PV_FAIL(
			    e, PV_E_INPUT, "the bundle is cut off in entry %u of %u", i, width);
	}
	if (bundle.n > 0)
		return PV_FAIL(e, PV_E_INPUT, "the bundle has %zu bytes after its %u entries",
		    bundle.n, width);
	return PV_DONE;
}

/* ---- hashes from tiles ---- */

#define SLOTS 32 /* two a level for the path and the edge of several proofs */

struct slot {
	struct pv_tile tile;
	uint8_t hash[PV_TILE][PV_HASH];
};

struct pv_tiles {
	struct pv_tile_source from;
	uint64_t size;
	struct slot *slots[SLOTS];
	size_t next;
};

struct pv_tiles *
pv_tiles_new(const struct pv_tile_source *from, uint64_t size)
{
	struct pv_tiles *t = PV_NEW(struct pv_tiles);

	t->from = *from;
	t->size = size;
	return t;
}

void
pv_tiles_free(struct pv_tiles *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		pv_free(t->slots[i]);
	pv_free(t);
}

void
pv_tiles_freep(struct pv_tiles **t)
{
	pv_tiles_free(*t);
	*t = NULL;
}

static PV_RESULT
load_slot(struct pv_tiles *t, struct slot *s, const struct pv_tile *tile, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	s->tile.width = 0; /* nothing, should reading fail */
	PV_TRY(t->from.read(t->from.ctx, tile, &b, e));
	if (b.n != (size_t)tile->width * PV_HASH)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "tile %llu of level %u has %zu bytes instead of %u",
		    (unsigned long long)tile->n, tile->level, b.n, tile->width * PV_HASH);
	memcpy(s->hash, b.p, b.n);
	s->tile = *tile;
	return PV_DONE;
}

static PV_RESULT
find_slot(struct pv_tiles *t, const struct pv_tile *tile, const struct slot **out, struct pv_err *e)
{
	struct slot *s;

	for (size_t i = 0; i < SLOTS && t->slots[i] != NULL; i++) {
		s = t->slots[i];
		if (s->tile.n == tile->n && s->tile.level == tile->level &&
		    s->tile.width == tile->width) {
			*out = s;
			return PV_DONE;
		}
	}
	if (t->slots[t->next] == NULL)
		t->slots[t->next] = PV_NEW(struct slot);
	s = t->slots[t->next];
	t->next = (t->next + 1) % SLOTS;
	PV_TRY(load_slot(t, s, tile, e));
	*out = s;
	return PV_DONE;
}

static PV_RESULT
tiles_hash(void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	struct pv_tiles *t = ctx;
	unsigned below = level % TILE_BITS; /* levels of the subtree inside the tile */
	uint64_t first = n << below;
	struct pv_tile tile = { .level = level / TILE_BITS, .n = first / PV_TILE };
	size_t at = first % PV_TILE, count = (size_t)1 << below;
	const struct slot *s;

	tile.width = pv_tile_width(t->size, tile.level, tile.n);
	if (at + count > tile.width)
		return PV_FAIL(e, PV_E_BUG, "a subtree that the tree does not have: %u, %llu",
		    level, (unsigned long long)n);
	PV_TRY(find_slot(t, &tile, &s, e));
	pv_tile_root((const uint8_t(*)[PV_HASH])s->hash + at, count, out);
	return PV_DONE;
}

struct pv_tree_reader
pv_tiles_reader(struct pv_tiles *t)
{
	return (struct pv_tree_reader){ .hash = tiles_hash, .ctx = t };
}
