/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tree.h"

#include "base/mem.h"
#include "codec/hex.h"
#include "tap.h"

#define MOST 300 /* sizes that are tried out whole */

static struct pv_err err;
static uint8_t leaves[MOST][PV_HASH];
static uint8_t roots[MOST + 1][PV_HASH];

/* RFC 6962 2.1 as it is written, to compare with. */
static void
mth(const uint8_t (*leaf)[PV_HASH], size_t n, uint8_t out[PV_HASH])
{
	uint8_t left[PV_HASH], right[PV_HASH];
	size_t k = 1;

	if (n == 0) {
		pv_hash(PV_NO_SLICE, out);
		return;
	}
	if (n == 1) {
		memcpy(out, leaf[0], PV_HASH);
		return;
	}
	while (2 * k < n)
		k *= 2;
	mth(leaf, k, left);
	mth(leaf + k, n - k, right);
	pv_hash_node(left, right, out);
}

/* Complete subtrees, each made of two below it. */
static uint8_t subtrees[9][MOST][PV_HASH];

static void
make_subtrees(size_t leaf_count)
{
	memcpy(subtrees[0], leaves, leaf_count * PV_HASH);
	for (unsigned level = 1; level < 9; level++) {
		for (size_t n = 0; (n + 1) << level <= leaf_count; n++)
			pv_hash_node(subtrees[level - 1][2 * n], subtrees[level - 1][2 * n + 1],
			    subtrees[level][n]);
	}
}

static PV_RESULT
read_hash(void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	size_t size = *(size_t *)ctx;

	if ((n + 1) << level > size)
		return PV_FAIL(e, PV_E_BUG, "asked for subtree %u, %llu of %zu", level,
		    (unsigned long long)n, size);
	memcpy(out, subtrees[level][n], PV_HASH);
	return PV_DONE;
}

static PV_RESULT
no_hash(void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	(void)ctx, (void)level, (void)n;
	memset(out, 0, PV_HASH);
	return PV_FAIL(e, PV_E_DOWN, "no disk");
}

/* ---- vectors of certificate-transparency, as transparency-dev/merkle has them ---- */

static const char *const ct_leaves[] = { "", "00", "10", "2021", "3031", "40414243",
	"5051525354555657", "606162636465666768696a6b6c6d6e6f" };
static const char *const ct_roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
};
static const struct {
	uint64_t index, size;
	const char *path[4];
} ct_inclusion[] = {
	{ 0, 8,
	    { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
	{ 5, 8,
	    { "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
		"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 2, 3, { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
};
static const struct {
	uint64_t old, size;
	const char *path[4];
} ct_growth[] = {
	{ 1, 8,
	    { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
	{ 6, 8,
	    { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 2, 5,
	    { "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
};

static bool
path_is(const struct pv_tree_proof *p, const char *const want[4])
{
	size_t n = 0;

	for (; want[n] != NULL; n++) {
		uint8_t h[PV_HASH];

		if (n >= p->n || !pv_hex_read_n(h, PV_HASH, pv_slice_of(want[n])) ||
		    memcmp(h, p->hash[n], PV_HASH) != 0)
			return false;
	}
	return p->n == n;
}

static void
test_vectors(void)
{
	struct pv_tree_edge t = { 0 };
	struct pv_tree_proof p;
	size_t size = 8;
	struct pv_tree_reader r = { read_hash, &size };

	for (size_t i = 0; i <= 8; i++) {
		PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };
		uint8_t want[PV_HASH], got[PV_HASH];

		pv_tree_top(&t, got);
		tap_ok(pv_hex_read_n(want, PV_HASH, pv_slice_of(ct_roots[i])) &&
			   memcmp(got, want, PV_HASH) == 0,
		    "certificate-transparency's root of %zu", i);
		if (i == 8 || !pv_hex_read(&entry, pv_slice_of(ct_leaves[i])))
			break;
		pv_hash_leaf(pv_buf_slice(&entry), leaves[i]);
		pv_tree_add_entry(&t, pv_buf_slice(&entry));
	}
	make_subtrees(8);
	for (size_t i = 0; i < sizeof(ct_inclusion) / sizeof(ct_inclusion[0]); i++) {
		tap_ok(pv_ok(pv_tree_prove(
			   &p, &r, ct_inclusion[i].index, ct_inclusion[i].size, &err)) &&
			   path_is(&p, ct_inclusion[i].path),
		    "its inclusion proof of %d in %d", (int)ct_inclusion[i].index,
		    (int)ct_inclusion[i].size);
	}
	for (size_t i = 0; i < sizeof(ct_growth) / sizeof(ct_growth[0]); i++) {
		tap_ok(pv_ok(pv_tree_prove_growth(
			   &p, &r, ct_growth[i].old, ct_growth[i].size, &err)) &&
			   path_is(&p, ct_growth[i].path),
		    "its consistency proof of %d to %d", (int)ct_growth[i].old,
		    (int)ct_growth[i].size);
	}
}

/* ---- all sizes ---- */

static void
test_growing(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	struct pv_tree_edge t = { 0 }, back;
	bool same = true, restored = true, read = true;

	for (size_t i = 0; i < MOST; i++) {
		pv_hash_leaf(pv_slice_mem(&i, sizeof(i)), leaves[i]);
		mth((const uint8_t(*)[PV_HASH])leaves, i, roots[i]);
	}
	mth((const uint8_t(*)[PV_HASH])leaves, MOST, roots[MOST]);
	make_subtrees(MOST);
	for (size_t i = 0; i <= MOST; i++) {
		struct pv_tree_reader r = { read_hash, &i };
		uint8_t root[PV_HASH];

		pv_tree_top(&t, root);
		same = memcmp(root, roots[i], PV_HASH) == 0 && same;
		restored = pv_ok(pv_tree_restore(&back, &r, i, &err)) && back.size == i &&
			   memcmp(back.edge, t.edge, pv_tree_edge_count(i) * PV_HASH) == 0 &&
			   restored;
		pv_buf_clear(&bytes);
		pv_tree_write(&bytes, &t);
		read = pv_ok(pv_tree_read(&back, pv_buf_slice(&bytes), &err)) && back.size == i &&
		       memcmp(back.edge, t.edge, pv_tree_edge_count(i) * PV_HASH) == 0 && read;
		if (i < MOST)
			pv_tree_add(&t, leaves[i]);
	}
	tap_ok(same, "the edge gives the root of the whole tree, sizes 0 to %d", MOST);
	tap_ok(restored, "the edge is restored from stored hashes, sizes 0 to %d", MOST);
	tap_ok(read, "the edge is written and read, sizes 0 to %d", MOST);
	tap_ok(
	    !pv_ok(pv_tree_read(&back, pv_slice_sub(pv_buf_slice(&bytes), 0, bytes.n - 1), &err)),
	    "not when it is cut");
	tap_ok(!pv_ok(pv_tree_read(&back, PV_SLICE("\0\0\0"), &err)), "nor when it has no size");
}

static void
test_all_inclusion(void)
{
	bool proven = true, shy = true, fails = true;
	struct pv_tree_proof p;

	for (size_t size = 1; size <= MOST; size++) {
		struct pv_tree_reader r = { read_hash, &size };

		for (size_t i = 0; i < size; i++) {
			proven = pv_ok(pv_tree_prove(&p, &r, i, size, &err)) &&
				 pv_tree_verify(&p, leaves[i], i, size, roots[size]) && proven;
			shy = !pv_tree_verify(&p, leaves[(i + 1) % MOST], i, size, roots[size]) &&
			      !pv_tree_verify(&p, leaves[i], i, size, roots[size - 1]) &&
			      !pv_tree_verify(&p, leaves[i], size, size, roots[size]) && shy;
			if (size > 1) /* another place in the same tree */
				shy = !pv_tree_verify(
					  &p, leaves[i], (i + 1) % size, size, roots[size]) &&
				      shy;
			p.hash[p.n][0] = 1;
			p.n++;
			fails = !pv_tree_verify(&p, leaves[i], i, size, roots[size]) && fails;
			p.n--;
			for (size_t k = 0; k < p.n && i % 5 == 0; k++) {
				p.hash[k][k] ^= 1;
				fails =
				    !pv_tree_verify(&p, leaves[i], i, size, roots[size]) && fails;
				p.hash[k][k] ^= 1;
			}
			if (p.n > 0) {
				p.n--;
				fails =
				    !pv_tree_verify(&p, leaves[i], i, size, roots[size]) && fails;
			}
		}
	}
	tap_ok(proven, "every entry is proven in every tree up to %d", MOST);
	tap_ok(shy, "no proof serves another leaf, root or place");
	tap_ok(fails, "nor with a hash changed, missing or too many");
}

static void
test_all_growth(void)
{
	bool proven = true, shy = true, fails = true;
	struct pv_tree_proof p;

	for (size_t size = 0; size <= MOST; size++) {
		struct pv_tree_reader r = { read_hash, &size };

		for (size_t old = 0; old <= size; old++) {
			proven = pv_ok(pv_tree_prove_growth(&p, &r, old, size, &err)) &&
				 pv_tree_verify_growth(&p, old, roots[old], size, roots[size]) &&
				 proven;
			if (old > 0 && old < size)
				shy = !pv_tree_verify_growth(
					  &p, old, roots[old - 1], size, roots[size]) &&
				      !pv_tree_verify_growth(
					  &p, old, roots[old], size, roots[size - 1]) &&
				      !pv_tree_verify_growth(
					  &p, size, roots[size], old, roots[old]) &&
				      shy;
			for (size_t k = 0; k < p.n; k++) {
				p.hash[k][k % PV_HASH] ^= 1;
				fails = !pv_tree_verify_growth(
					    &p, old, roots[old], size, roots[size]) &&
					fails;
				p.hash[k][k % PV_HASH] ^= 1;
			}
			p.hash[p.n][0] = 1;
			p.n++;
			fails =
			    !pv_tree_verify_growth(&p, old, roots[old], size, roots[size]) && fails;
			p.n--;
			if (p.n > 0) {
				p.n--;
				fails = !pv_tree_verify_growth(
					    &p, old, roots[old], size, roots[size]) &&
					fails;
			}
		}
	}
	tap_ok(proven, "every tree up to %d is proven to grow into every larger one", MOST);
	tap_ok(shy, "no such proof serves another root, or backwards");
	tap_ok(fails, "nor with a hash changed, missing or too many");
	p.n = 0;
	tap_ok(!pv_tree_verify_growth(&p, 0, roots[1], 5, roots[5]),
	    "a tree of none has the root of none");
	tap_ok(!pv_tree_verify_growth(&p, 5, roots[5], 5, roots[4]), "a tree has one root");
}

static void
test_refusals(void)
{
	size_t size = 5;
	struct pv_tree_reader r = { read_hash, &size }, none = { no_hash, NULL };
	struct pv_tree_proof p;
	struct pv_tree_edge t;

	tap_ok(pv_tree_prove(&p, &r, 5, 5, &err).code == PV_E_INPUT,
	    "an entry that is not there is not proven");
	tap_ok(
	    pv_tree_prove_growth(&p, &r, 6, 5, &err).code == PV_E_INPUT, "a log does not shrink");
	tap_ok(pv_tree_prove(&p, &none, 0, 5, &err).code == PV_E_DOWN &&
		   pv_tree_prove_growth(&p, &none, 3, 5, &err).code == PV_E_DOWN &&
		   pv_tree_restore(&t, &none, 5, &err).code == PV_E_DOWN,
	    "what the reader of hashes fails with comes back");
	p.n = PV_TREE_PATH + 1;
	tap_ok(!pv_tree_verify(&p, leaves[0], 0, 5, roots[5]) &&
		   !pv_tree_verify_growth(&p, 3, roots[3], 5, roots[5]),
	    "a proof of too many hashes is none");
}

int
main(void)
{
	test_vectors();
	test_growing();
	test_all_inclusion();
	test_all_growth();
	test_refusals();
	return tap_done();
}
