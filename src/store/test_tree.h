/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 6962 hashing for the store's own tests, written apart from tlog/: once
 * incrementally, for the store, and once as the RFC defines it, to compare.
 */
#ifndef PV_STORE_TEST_TREE_H
#define PV_STORE_TEST_TREE_H

#include <openssl/sha.h>
#include <string.h>

#include "base/mem.h"
#include "store/store.h"

static void
test_node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
	uint8_t in[65] = { 1 };

	memcpy(in + 1, left, 32);
	memcpy(in + 33, right, 32);
	SHA256(in, sizeof(in), out);
}

static void
test_leaf(void *ctx, struct pv_slice bytes, uint8_t out[32])
{
	SHA256_CTX c;

	(void)ctx;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	SHA256_Init(&c);
	SHA256_Update(&c, "", 1);
	SHA256_Update(&c, bytes.n > 0 ? bytes.p : "", bytes.n);
	SHA256_Final(out, &c);
#pragma GCC diagnostic pop
}

static void
test_append(void *ctx, uint64_t size, uint8_t (*edge)[32], const uint8_t leaf[32])
{
	unsigned n = (unsigned)__builtin_popcountll(size);
	uint8_t h[32];

	(void)ctx;
	memcpy(h, leaf, 32);
	for (; (size & 1) != 0; size >>= 1)
		test_node(edge[--n], h, h);
	memcpy(edge[n], h, 32);
}

static void
test_root(void *ctx, uint64_t size, const uint8_t (*edge)[32], uint8_t out[32])
{
	unsigned n = (unsigned)__builtin_popcountll(size);

	(void)ctx;
	if (n == 0) {
		SHA256((const uint8_t *)"", 0, out);
		return;
	}
	memcpy(out, edge[--n], 32);
	while (n > 0)
		test_node(edge[--n], out, out);
}

static const struct pv_store_tree test_tree = { test_leaf, test_append, test_root, NULL };

/* MTH of RFC 6962 2.1, of n leaf hashes. */
__attribute__((unused)) static void
test_mth(const uint8_t (*leaf)[32], uint64_t n, uint8_t out[32])
{
	uint8_t left[32], right[32];
	uint64_t k = 1;

	if (n == 0) {
		SHA256((const uint8_t *)"", 0, out);
		return;
	}
	if (n == 1) {
		memcpy(out, leaf[0], 32);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	test_mth(leaf, k, left);
	test_mth(leaf + k, n - k, right);
	test_node(left, right, out);
}

#endif
