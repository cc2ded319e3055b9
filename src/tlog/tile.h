/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP tlog-tiles: a log as files that never change. A tile holds 256 hashes (fewer at the right edge: partial); hash i
 * of tile n of a level is the root of the 256^level entries from (n * 256 + i) * 256^level on. A bundle holds the
 * entries under a tile of level 0, each a length (u16, big-endian) and bytes.
 *
 *	tile/0/273.p/112      level 0, tile 273, 112 hashes so far
 *	tile/1/x001/067       level 1, tile 1067, full
 *	tile/entries/000      a bundle
 */
#ifndef PV_TLOG_TILE_H
#define PV_TLOG_TILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "tlog/tree.h"

#define PV_TILE            256
#define PV_TILE_LEVELS     8     /* a size has 64 bits */
#define PV_TILE_ENTRY_MAX  65535 /* bytes of an entry */
#define PV_TILE_BUNDLE_MAX (PV_TILE * (2 + PV_TILE_ENTRY_MAX))

struct pv_tile {
	bool bundle;    /* entries; level is 0 then */
	unsigned level; /* below PV_TILE_LEVELS for what any size has; up to 63 in a path */
	uint64_t n;
	unsigned width; /* 1 to PV_TILE */
};

void pv_tile_path(struct pv_buf *out, const struct pv_tile *t);
/* Strict: each tile has one path. */
bool pv_tile_path_read(struct pv_tile *out, struct pv_slice path)
    __attribute__((warn_unused_result));

/* How many hashes has a tree of size at a level, over all tiles: size / 256^level. */
uint64_t pv_tile_hashes(uint64_t size, unsigned level);
/* Width of tile n of a level in a tree of size: PV_TILE, less at the edge, 0 when it is not there. */
unsigned pv_tile_width(uint64_t size, unsigned level, uint64_t n);
/*
 * Walks the tiles and bundles of a tree of size that one of old_size does not have (old_size 0: all), bundles first, then
 * levels from 0: struct pv_tile_walk w = pv_tile_walk(old, size); while (pv_tile_next(&w, &tile)) ...
 */
struct pv_tile_walk {
	uint64_t old_size, size;
	unsigned stage; /* 0 bundles, then level + 1 */
	uint64_t n;     /* next tile */
	bool begun;
};
struct pv_tile_walk pv_tile_walk(uint64_t old_size, uint64_t size);
bool pv_tile_next(struct pv_tile_walk *w, struct pv_tile *out);

/* The root of 2^k hashes side by side, at most PV_TILE: for a full tile, its hash in the level above. */
void pv_tile_root(const uint8_t (*hashes)[PV_HASH], size_t count, uint8_t out[PV_HASH]);

/* ---- entry bundles ---- */

PV_RESULT pv_bundle_add(struct pv_buf *bundle, struct pv_slice entry,
    struct pv_err *e); /* LIMIT when it is too large */
/* Takes the next entry from *rest; false when it is cut off or nothing is left (then rest->n is 0). */
bool pv_bundle_next(struct pv_slice *rest, struct pv_slice *entry);
/* Exactly width entries? */
PV_RESULT pv_bundle_check(struct pv_slice bundle, unsigned width, struct pv_err *e);

/* ---- hashes from tiles ---- */

/* Where tiles are kept. read() appends the width * 32 bytes of a tile (never a bundle). */
struct pv_tile_source {
	struct pv_status (*read)(
	    void *ctx, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e);
	void *ctx;
};

struct pv_tiles; /* a few tiles of a tree, kept in memory; one thread at a time */
struct pv_tiles *pv_tiles_new(const struct pv_tile_source *from, uint64_t size);
void pv_tiles_free(struct pv_tiles *t);
void pv_tiles_freep(struct pv_tiles **t);
/* Hashes as the tiles say, unverified: verify the proof that is made of them. Lives as long as t. */
struct pv_tree_reader pv_tiles_reader(struct pv_tiles *t);

#endif
