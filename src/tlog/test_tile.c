/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tile.h"

#include "base/mem.h"
#include "tap.h"

#define SIZE 70000

static struct pv_err err;

/* ---- paths ---- */

static const struct {
	const char *path;
	struct pv_tile tile;
} paths[] = {
	{ "tile/0/000", { .level = 0, .n = 0, .width = 256 } },
	{ "tile/0/005", { .level = 0, .n = 5, .width = 256 } },
	{ "tile/0/067", { .level = 0, .n = 67, .width = 256 } },
	{ "tile/1/x001/067", { .level = 1, .n = 1067, .width = 256 } },
	{ "tile/0/x001/x234/067", { .level = 0, .n = 1234067, .width = 256 } },
	{ "tile/0/x001/x000/000.p/1", { .level = 0, .n = 1000000, .width = 1 } },
	{ "tile/0/273.p/112", { .level = 0, .n = 273, .width = 112 } },
	{ "tile/1/001.p/17", { .level = 1, .n = 1, .width = 17 } },
	{ "tile/2/000.p/1", { .level = 2, .n = 0, .width = 1 } },
	{ "tile/63/000.p/255", { .level = 63, .n = 0, .width = 255 } },
	{ "tile/entries/000", { .bundle = true, .n = 0, .width = 256 } },
	{ "tile/entries/x123/456.p/7", { .bundle = true, .n = 123456, .width = 7 } },
	{ "tile/0/x018/x446/x744/x073/x709/x551/615",
	    { .level = 0, .n = UINT64_MAX, .width = 256 } },
};
static const char *const bad_paths[] = { "", "tile", "tile/", "tile/0", "tile/0/", "tile//000",
	"/tile/0/000", "tile/0/000/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000",
	"tile/data/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000", "tile/0/x000/001",
	"tile/0/001/x002", "tile/0/001/002", "tile/0/x001/2", "tile/0/x01/002", "tile/0/X001/002",
	"tile/0/00a", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01",
	"tile/0/000.p/256", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.P/1",
	"tile/0/000 ", "tile/0/../0/000", "checkpoint", "tile/0/x018/x446/x744/x073/x709/x551/616",
	"tile/0/x100/x000/x000/x000/x000/x000/000" };

static bool
tile_eq(const struct pv_tile *a, const struct pv_tile *b)
{
	return a->bundle == b->bundle && a->level == b->level && a->n == b->n &&
	       a->width == b->width;
}

static void
test_paths(void)
{
	struct pv_tile t;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

		pv_tile_path(&b, &paths[i].tile);
		tap_str(pv_buf_str(&b), paths[i].path, "a path is written");
		tap_ok(pv_tile_path_read(&t, pv_slice_of(paths[i].path)) &&
			   tile_eq(&t, &paths[i].tile),
		    "%s is read", paths[i].path);
	}
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++)
		tap_ok(!pv_tile_path_read(&t, pv_slice_of(bad_paths[i])),
		    "\"%s\" is no tile's path", bad_paths[i]);
	tap_ok(!pv_tile_path_read(&t, PV_SLICE("tile/0/000\0")), "nor is one with a NUL");
}

/* ---- which there are ---- */

static void
test_existence(void)
{
	tap_ok(pv_tile_width(70000, 0, 272) == 256 && pv_tile_width(70000, 0, 273) == 112 &&
		   pv_tile_width(70000, 0, 274) == 0,
	    "70000 entries: 273 tiles and one of 112");
	tap_ok(pv_tile_width(70000, 1, 0) == 256 && pv_tile_width(70000, 1, 1) == 17 &&
		   pv_tile_width(70000, 1, 2) == 0,
	    "above them one and one of 17");
	tap_ok(pv_tile_width(70000, 2, 0) == 1 && pv_tile_width(70000, 2, 1) == 0 &&
		   pv_tile_width(70000, 3, 0) == 0,
	    "and one of 1, and no more");
	tap_ok(pv_tile_width(256, 0, 0) == 256 && pv_tile_width(256, 0, 1) == 0 &&
		   pv_tile_width(256, 1, 0) == 1,
	    "256 entries: a full tile and one of 1 above it");
	tap_ok(pv_tile_width(0, 0, 0) == 0 && pv_tile_width(255, 0, 0) == 255 &&
		   pv_tile_width(255, 1, 0) == 0,
	    "none has none, 255 have no level above");
	tap_ok(pv_tile_width(UINT64_MAX, 7, 0) == 255 && pv_tile_width(UINT64_MAX, 8, 0) == 0,
	    "2^64 - 1 entries have 8 levels");
}

/* How many tiles of a tree are not in an older one, counted by their width. */
static size_t
count_fresh(uint64_t old, uint64_t size)
{
	size_t n = 0;

	for (unsigned level = 0; level < PV_TILE_LEVELS; level++) {
		for (uint64_t i = 0; pv_tile_width(size, level, i) > 0; i++) {
			if (pv_tile_width(size, level, i) != pv_tile_width(old, level, i))
				n += level == 0 ? 2 : 1; /* its bundle, too */
		}
	}
	return n;
}

static bool
walk_is_right(uint64_t old, uint64_t size)
{
	struct pv_tile_walk w = pv_tile_walk(old, size);
	struct pv_tile t, before = { 0 };
	size_t n = 0;

	for (; pv_tile_next(&w, &t); n++) {
		if (t.width != pv_tile_width(size, t.level, t.n) ||
		    t.width == pv_tile_width(old, t.level, t.n))
			return false;
		if (n > 0 && !(before.bundle && !t.bundle) &&
		    !(t.level > before.level || (t.level == before.level && t.n > before.n)))
			return false; /* out of order, or twice */
		before = t;
	}
	return n == count_fresh(old, size);
}

static void
test_walk(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536,
		65537, 65792, 70000, 131072, 140001 };
	bool right = true;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j <= i; j++)
			right = walk_is_right(sizes[j], sizes[i]) && right;
	}
	tap_ok(right, "a walk meets each tile that the older tree does not have, once, from below");
}

/* ---- bundles ---- */

static void
test_bundles(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf large = { 0 };
	struct pv_slice rest, entry;
	bool cut = true;

	pv_buf_room(&large, PV_TILE_ENTRY_MAX + 1);
	memset(large.p, 'x', PV_TILE_ENTRY_MAX + 1);
	large.n = PV_TILE_ENTRY_MAX;
	tap_ok(pv_ok(pv_bundle_add(&b, PV_SLICE("one"), &err)) &&
		   pv_ok(pv_bundle_add(&b, PV_NO_SLICE, &err)) &&
		   pv_ok(pv_bundle_add(&b, pv_buf_slice(&large), &err)),
	    "entries of 3, 0 and 65,535 bytes are bundled");
	tap_ok(b.n == 3 * 2 + 3 + 65535 && memcmp(b.p, "\0\3one\0\0\xff\xff", 9) == 0,
	    "with their lengths before them");
	rest = pv_buf_slice(&b);
	tap_ok(pv_bundle_next(&rest, &entry) && pv_slice_is(entry, "one") &&
		   pv_bundle_next(&rest, &entry) && entry.n == 0 && pv_bundle_next(&rest, &entry) &&
		   pv_slice_eq(entry, pv_buf_slice(&large)) && rest.n == 0 &&
		   !pv_bundle_next(&rest, &entry),
	    "and come out again");
	tap_ok(
	    pv_ok(pv_bundle_check(pv_buf_slice(&b), 3, &err)), "a bundle of three is one of three");
	tap_ok(!pv_ok(pv_bundle_check(pv_buf_slice(&b), 2, &err)) &&
		   !pv_ok(pv_bundle_check(pv_buf_slice(&b), 4, &err)),
	    "not of two, nor of four");
	for (size_t i = 0; i < b.n; i += i < 20 ? 1 : 997)
		cut = !pv_ok(pv_bundle_check(pv_slice_sub(pv_buf_slice(&b), 0, i), 3, &err)) && cut;
	tap_ok(cut, "a bundle that is cut anywhere is found out");
	large.n++;
	tap_ok(pv_bundle_add(&b, pv_buf_slice(&large), &err).code == PV_E_LIMIT &&
		   b.n == 3 * 2 + 3 + 65535,
	    "one byte more is too large an entry");
}

/* ---- hashes from tiles ---- */

static uint8_t level0[SIZE][PV_HASH];
static uint8_t level1[SIZE / 256][PV_HASH];
static uint8_t level2[1][PV_HASH];
static unsigned reads;
static bool broken;

static PV_RESULT
read_tile(void *ctx, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e)
{
	uint8_t(*const levels[])[PV_HASH] = { level0, level1, level2 };

	(void)ctx;
	reads++;
	if (t->bundle || t->level > 2 || t->width != pv_tile_width(SIZE, t->level, t->n))
		return PV_FAIL(e, PV_E_BUG, "asked for a tile that is not there");
	pv_buf_add_mem(out, levels[t->level][t->n * 256], (size_t)t->width * PV_HASH - broken);
	return PV_DONE;
}

static void
test_reader(void)
{
	static const uint64_t indexes[] = { 0, 1, 255, 256, 65535, 65536, 69887, 69888, 69998,
		69999 };
	static const uint64_t olds[] = { 1, 255, 256, 257, 65536, 69888, 69889, 69999, 70000 };
	struct pv_tile_source from = { .read = read_tile };
	PV_AUTO(pv_tiles_freep) struct pv_tiles *tiles = pv_tiles_new(&from, SIZE);
	struct pv_tree_reader r = pv_tiles_reader(tiles);
	struct pv_tree_edge t = { 0 }, back, old;
	struct pv_tree_proof p;
	uint8_t root[PV_HASH], old_root[PV_HASH];
	bool proven = true, grown = true;

	for (uint32_t i = 0; i < SIZE; i++) {
		pv_hash_leaf(pv_slice_mem(&i, sizeof(i)), level0[i]);
		pv_tree_add(&t, level0[i]);
	}
	for (size_t i = 0; i < SIZE / 256; i++)
		pv_tile_root((const uint8_t(*)[PV_HASH])level0 + 256 * i, 256, level1[i]);
	pv_tile_root((const uint8_t(*)[PV_HASH])level1, 256, level2[0]);
	pv_tree_top(&t, root);
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++)
		proven = pv_ok(pv_tree_prove(&p, &r, indexes[i], SIZE, &err)) && p.n <= 17 &&
			 pv_tree_verify(&p, level0[indexes[i]], indexes[i], SIZE, root) && proven;
	tap_ok(proven, "entries of a log of 70,000 are proven from its tiles");
	for (size_t i = 0; i < sizeof(olds) / sizeof(olds[0]); i++) {
		grown = pv_ok(pv_tree_prove_growth(&p, &r, olds[i], SIZE, &err)) && grown;
		memset(&old, 0, sizeof(old));
		for (uint64_t k = 0; k < olds[i]; k++)
			pv_tree_add(&old, level0[k]);
		pv_tree_top(&old, old_root);
		grown = pv_tree_verify_growth(&p, olds[i], old_root, SIZE, root) && grown;
	}
	tap_ok(grown, "so is its growth");
	tap_ok(pv_ok(pv_tree_restore(&back, &r, SIZE, &err)) &&
		   memcmp(back.edge, t.edge, pv_tree_edge_count(SIZE) * PV_HASH) == 0,
	    "its edge is restored from them");
	tap_ok(reads <= 12, "each tile was read once (%u reads)", reads);
}

static void
test_broken_tiles(void)
{
	struct pv_tile_source from = { .read = read_tile };
	PV_AUTO(pv_tiles_freep) struct pv_tiles *tiles = pv_tiles_new(&from, SIZE);
	struct pv_tree_reader r = pv_tiles_reader(tiles);
	struct pv_tree_proof p;
	uint8_t h[PV_HASH];

	broken = true;
	tap_ok(pv_tree_prove(&p, &r, 0, SIZE, &err).code == PV_E_UNTRUSTED,
	    "a tile of a wrong size is refused");
	broken = false;
	tap_ok(pv_ok(pv_tree_prove(&p, &r, 0, SIZE, &err)), "and not kept");
	tap_ok(r.hash(r.ctx, 17, 0, h, &err).code == PV_E_BUG,
	    "a subtree that is not whole is not asked for");
}

int
main(void)
{
	test_paths();
	test_existence();
	test_walk();
	test_bundles();
	test_reader();
	test_broken_tiles();
	return tap_done();
}
