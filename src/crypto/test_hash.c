/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "tap.h"

static struct pv_slice
unhex(struct pv_buf *b, const char *digits)
{
	pv_buf_clear(b);
	if (!pv_hex_read(b, pv_slice_of(digits)))
		tap_ok(false, "the test's own hex is well formed: %s", digits);
	return pv_buf_slice(b);
}

static void
is_hex(const uint8_t *got, size_t n, const char *want, const char *name)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_hex_write(&b, pv_slice_mem(got, n));
	tap_str(pv_buf_str(&b), want, name);
}

static void
test_sha256(void)
{
	PV_AUTO(pv_hasher_freep) struct pv_hasher *h = pv_hasher_new();
	uint8_t out[PV_HASH], left[PV_HASH], right[PV_HASH];
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(PV_SLICE("abc"), hex);
	tap_str(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "FIPS 180-4, abc");
	pv_hash(PV_NO_SLICE, out);
	is_hex(out, PV_HASH, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "nothing has a hash, too: the empty tree's root");
	pv_hasher_add(h, PV_SLICE("a"));
	pv_hasher_add(h, PV_SLICE("bc"));
	pv_hasher_end(h, out);
	is_hex(out, PV_HASH, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "pieces hash like the whole");
	pv_hasher_add(h, PV_SLICE("abc"));
	pv_hasher_end(h, out);
	is_hex(out, PV_HASH, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "a hasher begins anew after its end");
	pv_hash_leaf(PV_NO_SLICE, left);
	is_hex(left, PV_HASH, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	    "leaf hash of an empty entry (RFC 6962 2.1)");
	pv_hash_leaf(pv_slice_mem("\0", 1), right);
	pv_hash_node(left, right, out);
	is_hex(out, PV_HASH, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	    "node of two leaves (certificate-transparency's tree of two)");
}

static const struct {
	const char *name, *key, *data, *want;
} macs[] = {
	{ "RFC 4231 case 1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "RFC 4231 case 2", "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "an empty key and an empty message", "", "",
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
};

static void
test_hmac(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf key = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf data = { 0 };
	uint8_t out[PV_HASH], again[PV_HASH];

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		PV_AUTO(pv_hmacer_freep) struct pv_hmacer *h = NULL;

		pv_hmac(unhex(&key, macs[i].key), unhex(&data, macs[i].data), out);
		is_hex(out, PV_HASH, macs[i].want, macs[i].name);
		h = pv_hmacer_new(pv_buf_slice(&key));
		for (int round = 0; round < 2; round++) {
			for (size_t k = 0; k < data.n; k++)
				pv_hmacer_add(h, pv_slice_mem(data.p + k, 1));
			pv_hmacer_end(h, again);
			tap_ok(memcmp(out, again, PV_HASH) == 0, "%s, byte by byte, round %d",
			    macs[i].name, round + 1);
		}
	}
	pv_buf_clear(&key); /* RFC 4231 case 6: a key longer than a block */
	for (int i = 0; i < 131; i++)
		pv_buf_add_c(&key, (char)0xaa);
	pv_hmac(pv_buf_slice(&key),
	    PV_SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	is_hex(out, PV_HASH, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	    "RFC 4231 case 6");
}

static void
test_hkdf(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf ikm = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf salt = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf info = { 0 };
	uint8_t out[42];

	pv_hkdf(unhex(&ikm, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
	    unhex(&salt, "000102030405060708090a0b0c"), unhex(&info, "f0f1f2f3f4f5f6f7f8f9"), out,
	    sizeof(out));
	is_hex(out, sizeof(out),
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
	    "RFC 5869 A.1");
	pv_hkdf(pv_buf_slice(&ikm), PV_NO_SLICE, PV_NO_SLICE, out, sizeof(out));
	is_hex(out, sizeof(out),
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
	    "RFC 5869 A.3, no salt and no info");
}

static void *
hash_much(void *result)
{
	uint8_t h[PV_HASH] = { 0 };

	for (int i = 0; i < 2000; i++)
		pv_hash_node(h, h, h);
	memcpy(result, h, PV_HASH);
	return NULL;
}

static void
test_threads(void)
{
	uint8_t results[4][PV_HASH];
	pthread_t threads[4];
	bool same = true;

	for (int i = 0; i < 4; i++) {
		if (pthread_create(&threads[i], NULL, hash_much, results[i]) != 0)
			hash_much(results[i]);
		else
			pthread_join(threads[i], NULL);
	}
	for (int i = 0; i < 4; i++) /* and at once */
		same = pthread_create(&threads[i], NULL, hash_much, results[i]) == 0 && same;
	for (int i = 0; i < 4; i++)
		same = pthread_join(threads[i], NULL) == 0 &&
		       memcmp(results[i], results[0], PV_HASH) == 0 && same;
	tap_ok(same, "threads hash side by side");
}

static void
fill(void *ctx, void *out, size_t n)
{
	memset(out, *(const int *)ctx, n);
}

static void
test_secrets(void)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *a = pv_secret_of("correct horse", 13);
	PV_AUTO(pv_secret_freep) struct pv_secret *b = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *large = pv_secret_new(100000);
	struct pv_buf bytes = { 0 };
	const char zeros[13] = { 0 };
	int seven = 7;
	struct pv_env env = { .random = fill, .ctx = &seven };

	pv_buf_add_str(&bytes, "correct horse");
	b = pv_secret_take(&bytes);
	tap_ok(bytes.p == NULL && bytes.n == 0, "what a secret takes is gone where it was");
	tap_ok(pv_secret_eq(a, b), "equal secrets are equal");
	pv_secret_bytes(b)[12] ^= 1;
	tap_ok(!pv_secret_eq(a, b), "one bit makes them different");
	pv_secret_bytes(b)[12] ^= 1;
	pv_secret_cut(b, 7);
	tap_ok(
	    !pv_secret_eq(a, b) && pv_slice_is(pv_secret_slice(b), "correct"), "so does a length");
	tap_ok(pv_secret_size(large) == 100000 && pv_secret_bytes(large)[99999] == 0,
	    "a secret may span pages");
	pv_secret_freep(&b);
	b = pv_secret_new(13);
	tap_ok(pv_slice_eq(pv_secret_slice(b), pv_slice_mem(zeros, 13)),
	    "a new secret is zero, though its page was used before");
	pv_secret_freep(&b);
	b = pv_secret_random(&env, 3);
	tap_ok(pv_slice_is(pv_secret_slice(b), "\7\7\7"),
	    "random secrets come from the environment's source");
	tap_ok(pv_secret_eq_mem(PV_NO_SLICE, PV_NO_SLICE) &&
		   !pv_secret_eq_mem(PV_NO_SLICE, PV_SLICE("x")),
	    "nothing equals nothing alone");
}

int
main(void)
{
	test_sha256();
	test_hmac();
	test_hkdf();
	test_threads();
	test_secrets();
	return tap_done();
}
