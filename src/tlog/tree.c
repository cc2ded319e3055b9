/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of n leaves is split at k, the largest power of two below n: the left part is complete, the right one is split
 * again (RFC 6962 2.1). Walking that way down from the root gives every proof from its last hash to its first, without
 * recursion.
 */
#include "tlog/tree.h"

#include "base/mem.h"

/* The largest power of two below n, n > 1. */
static uint64_t
split_at(uint64_t n)
{
	return 1ULL << (63 - __builtin_clzll(n - 1));
}

static unsigned
log2_of(uint64_t power)
{
	return (unsigned)__builtin_ctzll(power);
}

static bool
is_power(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* ---- growing ---- */

size_t
pv_tree_edge_count(uint64_t size)
{
	return (size_t)__builtin_popcountll(size);
}

void
pv_tree_append(uint64_t size, uint8_t (*edge)[PV_HASH], const uint8_t leaf[PV_HASH])
{
	size_t n = pv_tree_edge_count(size);
	uint8_t h[PV_HASH];

	memcpy(h, leaf, PV_HASH);
	for (; (size & 1) != 0; size >>= 1)
		pv_hash_node(edge[--n], h, h);
	memcpy(edge[n], h, PV_HASH);
}

void
pv_tree_root(uint64_t size, const uint8_t (*edge)[PV_HASH], uint8_t out[PV_HASH])
{
	size_t n = pv_tree_edge_count(size);
	uint8_t h[PV_HASH];

	if (n == 0) {
		pv_hash(PV_NO_SLICE, out);
		return;
	}
	memcpy(h, edge[--n], PV_HASH);
	while (n > 0)
		pv_hash_node(edge[--n], h, h);
	memcpy(out, h, PV_HASH);
}

void
pv_tree_add(struct pv_tree_edge *t, const uint8_t leaf[PV_HASH])
{
	pv_tree_append(t->size++, t->edge, leaf);
}

void
pv_tree_add_entry(struct pv_tree_edge *t, struct pv_slice entry)
{
	uint8_t leaf[PV_HASH];

	pv_hash_leaf(entry, leaf);
	pv_tree_add(t, leaf);
}

void
pv_tree_top(const struct pv_tree_edge *t, uint8_t out[PV_HASH])
{
	pv_tree_root(t->size, (const uint8_t(*)[PV_HASH])t->edge, out);
}

void
pv_tree_write(struct pv_buf *out, const struct pv_tree_edge *t)
{
	for (int i = 0; i < 8; i++)
		pv_buf_add_c(out, (char)(uint8_t)(t->size >> (56 - 8 * i)));
	pv_buf_add_mem(out, t->edge, pv_tree_edge_count(t->size) * PV_HASH);
}

struct pv_status
pv_tree_read(struct pv_tree_edge *out, struct pv_slice bytes, struct pv_err *e)
{
	struct pv_tree_edge t = { 0 };

	if (bytes.n < 8)
		return PV_FAIL(e, PV_E_INPUT, "a tree of %zu bytes", bytes.n);
	for (int i = 0; i < 8; i++)
		t.size = t.size << 8 | (uint8_t)bytes.p[i];
	if (bytes.n != 8 + pv_tree_edge_count(t.size) * PV_HASH)
		return PV_FAIL(e, PV_E_INPUT,
		    "the edge of a tree of %llu entries has %zu hashes, not %zu bytes",
		    (unsigned long long)t.size, pv_tree_edge_count(t.size), bytes.n - 8);
	memcpy(t.edge, bytes.p + 8, bytes.n - 8);
	*out = t;
	return PV_DONE;
}

/* ---- proving ---- */

/* The root of the n > 0 leaves from lo on; lo is a multiple of the largest power of two in n, as splits give it. */
static PV_RESULT
range_root(
    const struct pv_tree_reader *r, uint64_t lo, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	uint8_t parts[PV_TREE_EDGE][PV_HASH] = { 0 };
	uint64_t whole = n;
	size_t count = 0;

	while (n > 0) {
		uint64_t k = is_power(n) ? n : split_at(n);

		PV_TRY(r->hash(r->ctx, log2_of(k), lo >> log2_of(k), parts[count++], e));
		lo += k;
		n -= k;
	}
	pv_tree_root(whole, (const uint8_t(*)[PV_HASH])parts, out);
	return PV_DONE;
}

static void
reverse(struct pv_tree_proof *p)
{
	uint8_t h[PV_HASH];

	for (size_t i = 0, j = p->n; i + 1 < j; i++) {
		j--;
		memcpy(h, p->hash[i], PV_HASH);
		memcpy(p->hash[i], p->hash[j], PV_HASH);
		memcpy(p->hash[j], h, PV_HASH);
	}
}

struct pv_status
pv_tree_prove(struct pv_tree_proof *out, const struct pv_tree_reader *r, uint64_t index,
    uint64_t size, struct pv_err *e)
{
	uint64_t lo = 0, n = size, k;

	out->n = 0;
	if (index >= size)
		return PV_FAIL(e, PV_E_INPUT, "the log has %llu entries, there is no entry %llu",
		    (unsigned long long)size, (unsigned long long)index);
	while (n > 1) {
		k = split_at(n);
		if (index - lo < k) {
			PV_TRY(range_root(r, lo + k, n - k, out->hash[out->n], e));
			n = k;
		} else {
			PV_TRY(range_root(r, lo, k, out->hash[out->n], e));
			lo += k;
			n -= k;
		}
		out->n++;
	}
	reverse(out);
	return PV_DONE;
}

struct pv_status
pv_tree_prove_growth(struct pv_tree_proof *out, const struct pv_tree_reader *r, uint64_t old,
    uint64_t size, struct pv_err *e)
{
	uint64_t lo = 0, n = size, k;

	out->n = 0;
	if (old > size)
		return PV_FAIL(e, PV_E_INPUT, "a log of %llu entries does not begin with %llu",
		    (unsigned long long)size, (unsigned long long)old);
	if (old == 0)
		return PV_DONE;
	while (old - lo != n) {
		k = split_at(n);
		if (old - lo <= k) {
			PV_TRY(range_root(r, lo + k, n - k, out->hash[out->n], e));
			n = k;
		} else {
			PV_TRY(range_root(r, lo, k, out->hash[out->n], e));
			lo += k;
			n -= k;
		}
		out->n++;
	}
	if (lo > 0) { /* the old root cannot be known from this part alone */
		PV_TRY(range_root(r, lo, n, out->hash[out->n], e));
		out->n++;
	}
	reverse(out);
	return PV_DONE;
}

struct pv_status
pv_tree_restore(
    struct pv_tree_edge *out, const struct pv_tree_reader *r, uint64_t size, struct pv_err *e)
{
	struct pv_tree_edge t = { .size = size };
	uint64_t lo = 0;
	size_t n = 0;

	for (unsigned level = 64; level-- > 0;) {
		if ((size >> level & 1) == 0)
			continue;
		PV_TRY(r->hash(r->ctx, level, lo >> level, t.edge[n++], e));
		lo += 1ULL << level;
	}
	*out = t;
	return PV_DONE;
}

/* ---- verifying: RFC 9162 2.1.3.2 and 2.1.4.2 ---- */

/*
 * One step up from node fn, sn being the last node of the level. True when the next hash of the proof stands at the left;
 * both are then moved to where it was joined.
 */
static bool
climb(uint64_t *fn, uint64_t *sn)
{
	bool left = (*fn & 1) != 0 || *fn == *sn;

	if (left) {
		while ((*fn & 1) == 0 && *fn != 0) {
			*fn >>= 1;
			*sn >>= 1;
		}
	}
	*fn >>= 1;
	*sn >>= 1;
	return left;
}

bool
pv_tree_verify(const struct pv_tree_proof *p, const uint8_t leaf[PV_HASH], uint64_t index,
    uint64_t size, const uint8_t root[PV_HASH])
{
	uint64_t fn = index, sn = size - 1;
	uint8_t h[PV_HASH];

	if (index >= size || p->n > PV_TREE_PATH)
		return false;
	memcpy(h, leaf, PV_HASH);
	for (size_t i = 0; i < p->n; i++) {
		if (sn == 0)
			return false;
		if (climb(&fn, &sn))
			pv_hash_node(p->hash[i], h, h);
		else
			pv_hash_node(h, p->hash[i], h);
	}
	return sn == 0 && memcmp(h, root, PV_HASH) == 0;
}

/* The two roots that a proof of growth leads to, from the hash that both trees begin with. */
static bool
climb_both(const struct pv_tree_proof *p, size_t from, uint64_t fn, uint64_t sn,
    uint8_t first[PV_HASH], uint8_t second[PV_HASH])
{
	for (size_t i = from; i < p->n; i++) {
		if (sn == 0)
			return false;
		if (climb(&fn, &sn)) {
			pv_hash_node(p->hash[i], first, first);
			pv_hash_node(p->hash[i], second, second);
		} else {
			pv_hash_node(second, p->hash[i], second);
		}
	}
	return sn == 0;
}

bool
pv_tree_verify_growth(const struct pv_tree_proof *p, uint64_t old, const uint8_t old_root[PV_HASH],
    uint64_t size, const uint8_t root[PV_HASH])
{
	uint64_t fn = old - 1, sn = size - 1;
	uint8_t first[PV_HASH], second[PV_HASH];
	size_t from = 0;

	if (old > size || p->n > PV_TREE_PATH)
		return false;
	if (old == size)
		return p->n == 0 && memcmp(old_root, root, PV_HASH) == 0;
	if (old == 0) {
		pv_hash(PV_NO_SLICE, first);
		return p->n == 0 && memcmp(old_root, first, PV_HASH) == 0;
	}
	if (p->n == 0)
		return false;
	if (is_power(old))
		memcpy(first, old_root,
		    PV_HASH); /* the old tree is a subtree of the new one: its root is not repeated */
	else
		memcpy(first, p->hash[from++], PV_HASH);
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	memcpy(second, first, PV_HASH);
	return climb_both(p, from, fn, sn, first, second) &&
	       memcmp(first, old_root, PV_HASH) == 0 && memcmp(second, root, PV_HASH) == 0;
}
