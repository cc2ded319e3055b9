/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/aead.h"
#include "tap.h"

/* NIST SP 800-38D / gcmEncryptExtIV256, and McGrew and Viega's test case 16. */
static const struct {
	const char *name, *key, *iv, *aad, *plain, *sealed;
} vectors[] = {
	{ "test case 14: zeros", "0000000000000000000000000000000000000000000000000000000000000000",
	    "000000000000000000000000", "", "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ "test case 13: nothing at all",
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "test case 16: with AAD",
	    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	    "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
	    "2449a6b525b16aedf5aa0de657ba"
	    "637b39",
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b"
	    "1056828838c5f61e6393ba7a0abcc9"
	    "f66276fc6ece0f4e1768cddf8853bb2d551b" },
};

static struct pv_secret *
key_of(const char *hex)
{
	struct pv_secret *key = pv_secret_new(PV_AEAD_KEY);

	if (!pv_hex_read_n(pv_secret_bytes(key), PV_AEAD_KEY, pv_slice_of(hex)))
		tap_ok(false, "the test's own hex");
	return key;
}

static void
test_vector(size_t i)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = key_of(vectors[i].key);
	PV_AUTO(pv_aead_freep) struct pv_aead *a = pv_aead_new(key);
	PV_AUTO(pv_buf_free) struct pv_buf aad = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf want = { 0 };
	uint8_t iv[PV_AEAD_IV], out[256], back[256];
	struct pv_slice sealed;

	if (!pv_hex_read_n(iv, sizeof(iv), pv_slice_of(vectors[i].iv)) ||
	    !pv_hex_read(&aad, pv_slice_of(vectors[i].aad)) ||
	    !pv_hex_read(&plain, pv_slice_of(vectors[i].plain)) ||
	    !pv_hex_read(&want, pv_slice_of(vectors[i].iv)) ||
	    !pv_hex_read(&want, pv_slice_of(vectors[i].sealed))) {
		tap_ok(false, "the test's own hex");
		return;
	}
	for (int round = 0; round < 2; round++) {
		pv_aead_seal(a, iv, pv_buf_slice(&aad), pv_buf_slice(&plain), out);
		sealed = pv_slice_mem(out, plain.n + PV_AEAD_OVER);
		tap_ok(pv_slice_eq(sealed, pv_buf_slice(&want)), "%s: sealed, round %d",
		    vectors[i].name, round + 1);
		tap_ok(pv_aead_open(a, pv_buf_slice(&aad), sealed, back) &&
			   memcmp(back, plain.p != NULL ? plain.p : "", plain.n) == 0,
		    "%s: opened, round %d", vectors[i].name, round + 1);
	}
	tap_ok(pv_slice_eq(
		   pv_aead_tag(sealed), pv_slice_sub(pv_buf_slice(&want), want.n - 16, want.n)),
	    "%s: its tag", vectors[i].name);
}

static void
test_refusals(void)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_random(&env, PV_AEAD_KEY);
	PV_AUTO(pv_secret_freep) struct pv_secret *other = pv_secret_random(&env, PV_AEAD_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *a = pv_aead_new(key);
	PV_AUTO(pv_aead_freep) struct pv_aead *b = pv_aead_new(other);
	struct pv_slice plain = PV_SLICE("the share of r-7q2m");
	uint8_t sealed[19 + PV_AEAD_OVER], second[19 + PV_AEAD_OVER], out[19], zero[19] = { 0 };
	struct pv_slice whole = pv_slice_mem(sealed, sizeof(sealed));
	bool refused = true;

	pv_aead_seal_fresh(a, &env, PV_SLICE("aad"), plain, sealed);
	pv_aead_seal_fresh(a, &env, PV_SLICE("aad"), plain, second);
	tap_ok(memcmp(sealed, second, sizeof(sealed)) != 0,
	    "the same text is never sealed twice alike");
	tap_ok(!pv_aead_open(b, PV_SLICE("aad"), whole, out), "another key does not open it");
	tap_ok(memcmp(out, zero, sizeof(out)) == 0, "and leaves nothing behind");
	tap_ok(!pv_aead_open(a, PV_SLICE("aaD"), whole, out), "nor other additional data");
	tap_ok(!pv_aead_open(a, PV_SLICE("aad"), pv_slice_sub(whole, 0, whole.n - 1), out),
	    "nor when it is cut");
	tap_ok(!pv_aead_open(a, PV_SLICE("aad"), pv_slice_sub(whole, 0, PV_AEAD_OVER - 1), out),
	    "nor when it is too short to be");
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused = !pv_aead_open(a, PV_SLICE("aad"), whole, out) && refused;
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	tap_ok(refused, "nor when any one bit is flipped");
	tap_ok(pv_aead_open(a, PV_SLICE("aad"), whole, sealed + PV_AEAD_IV) &&
		   memcmp(sealed + PV_AEAD_IV, plain.p, plain.n) == 0,
	    "it opens in place");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		test_vector(i);
	test_refusals();
	return tap_done();
}
