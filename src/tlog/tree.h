/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of a log: RFC 6962 2.1, RFC 9162 2.1 (SHA-256). Leaf and node hashes are pv_hash_leaf and
 * pv_hash_node (crypto/hash.h); the empty tree's root is SHA-256 of nothing.
 *
 * A log needs to keep no more than its right edge: one hash for each bit set in size, the largest subtree first. That is
 * what struct pv_store_tree (store/store.h) hands on, and these calls fit it.
 */
#ifndef PV_TLOG_TREE_H
#define PV_TLOG_TREE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "crypto/hash.h"

#define PV_TREE_EDGE 64 /* hashes of an edge at most */
#define PV_TREE_PATH 64 /* hashes of a proof at most */

/* ---- growing ---- */

size_t pv_tree_edge_count(uint64_t size); /* bits set in size */
/* edge is of a tree of size leaves, and of size + 1 afterwards. */
void pv_tree_append(uint64_t size, uint8_t (*edge)[PV_HASH], const uint8_t leaf[PV_HASH]);
void pv_tree_root(uint64_t size, const uint8_t (*edge)[PV_HASH], uint8_t out[PV_HASH]);

struct pv_tree_edge { /* all zero: the empty tree */
	uint64_t size;
	uint8_t edge[PV_TREE_EDGE][PV_HASH];
};
void pv_tree_add(struct pv_tree_edge *t, const uint8_t leaf[PV_HASH]);
void pv_tree_add_entry(struct pv_tree_edge *t, struct pv_slice entry);
void pv_tree_top(const struct pv_tree_edge *t, uint8_t out[PV_HASH]); /* its root */
/* Size (u64, big-endian) and edge. */
void pv_tree_write(struct pv_buf *out, const struct pv_tree_edge *t);
PV_RESULT pv_tree_read(struct pv_tree_edge *out, struct pv_slice bytes, struct pv_err *e);

/* ---- proofs ---- */

/*
 * Where hashes are kept. hash() gives that of the complete subtree n of 2^level leaves: the entries from n * 2^level on,
 * 2^level of them (level 0: a leaf hash). Only complete ones are asked for. See pv_tiles_reader (tlog/tile.h).
 */
struct pv_tree_reader {
	struct pv_status (*hash)(
	    void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e);
	void *ctx;
};

struct pv_tree_proof {
	size_t n;
	uint8_t hash[PV_TREE_PATH][PV_HASH];
};

/* That entry index (below size) is in the tree of size: the leaf's sibling first. */
PV_RESULT pv_tree_prove(struct pv_tree_proof *out, const struct pv_tree_reader *r, uint64_t index,
    uint64_t size, struct pv_err *e);
/* That the tree of size begins with that of old (at most size). Empty when old is 0 or size. */
PV_RESULT pv_tree_prove_growth(struct pv_tree_proof *out, const struct pv_tree_reader *r,
    uint64_t old, uint64_t size, struct pv_err *e);
/* The tree of size, its edge read back. */
PV_RESULT pv_tree_restore(
    struct pv_tree_edge *out, const struct pv_tree_reader *r, uint64_t size, struct pv_err *e);

bool pv_tree_verify(const struct pv_tree_proof *p, const uint8_t leaf[PV_HASH], uint64_t index,
    uint64_t size, const uint8_t root[PV_HASH]) __attribute__((warn_unused_result));
/* old 0 needs the empty tree's root. */
bool pv_tree_verify_growth(const struct pv_tree_proof *p, uint64_t old,
    const uint8_t old_root[PV_HASH], uint64_t size, const uint8_t root[PV_HASH])
    __attribute__((warn_unused_result));

#endif
