/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/sign.h"
#include "tap.h"

static const struct {
	const char *name, *seed, *pub, *msg, *sig;
} rfc8032[] = {
	{ "RFC 8032 7.1 test 1, an empty message",
	    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
	    "701cf9b46bd25bf5f0595b"
	    "be24655141438e7a100b" },
	{ "RFC 8032 7.1 test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
	    "13d0f11d8c387b2eaeb430"
	    "2aeeb00d291612bb0c00" },
	{ "RFC 8032 7.1 test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
	    "60984dc6594a7c15e9716e"
	    "d28dc027beceea1ec40a" },
};

static void
test_vectors(void)
{
	for (size_t i = 0; i < sizeof(rfc8032) / sizeof(rfc8032[0]); i++) {
		PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);
		PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
		PV_AUTO(pv_buf_free) struct pv_buf msg = { 0 };
		uint8_t pub[PV_SIGN_PUB], want[PV_SIGN_SIG], sig[PV_SIGN_SIG];

		if (!pv_hex_read_n(
			pv_secret_bytes(seed), PV_SIGN_SEED, pv_slice_of(rfc8032[i].seed)) ||
		    !pv_hex_read_n(pub, sizeof(pub), pv_slice_of(rfc8032[i].pub)) ||
		    !pv_hex_read_n(want, sizeof(want), pv_slice_of(rfc8032[i].sig)) ||
		    !pv_hex_read(&msg, pv_slice_of(rfc8032[i].msg))) {
			tap_ok(false, "the test's own hex");
			continue;
		}
		pair = pv_pair_of(seed);
		tap_ok(memcmp(pv_pair_pub(pair), pub, sizeof(pub)) == 0, "%s: public key",
		    rfc8032[i].name);
		pv_pair_sign(pair, pv_buf_slice(&msg), sig);
		tap_ok(memcmp(sig, want, sizeof(sig)) == 0, "%s: signature", rfc8032[i].name);
		tap_ok(pv_sign_verify(pub, pv_buf_slice(&msg), pv_slice_mem(sig, sizeof(sig))),
		    "%s: verifies", rfc8032[i].name);
		tap_ok(
		    pv_secret_eq(pv_pair_seed(pair), seed), "%s: keeps its seed", rfc8032[i].name);
	}
}

static void
test_refusals(void)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_new(&env);
	PV_AUTO(pv_pair_freep) struct pv_pair *other = pv_pair_new(&env);
	struct pv_slice msg = PV_SLICE("o-0031 is in force");
	uint8_t sig[PV_SIGN_SIG], bad[PV_SIGN_SIG];
	bool refused = true;

	pv_pair_sign(pair, msg, sig);
	tap_ok(pv_sign_verify(pv_pair_pub(pair), msg, pv_slice_mem(sig, sizeof(sig))),
	    "a fresh pair signs");
	tap_ok(!pv_sign_verify(pv_pair_pub(other), msg, pv_slice_mem(sig, sizeof(sig))),
	    "not for another key");
	tap_ok(!pv_sign_verify(pv_pair_pub(pair), PV_SLICE("o-0032 is in force"),
		   pv_slice_mem(sig, sizeof(sig))),
	    "not for another message");
	tap_ok(!pv_sign_verify(pv_pair_pub(pair), msg, pv_slice_mem(sig, sizeof(sig) - 1)) &&
		   !pv_sign_verify(pv_pair_pub(pair), msg, PV_NO_SLICE),
	    "not when it is shorter");
	for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
		memcpy(bad, sig, sizeof(sig));
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused = !pv_sign_verify(pv_pair_pub(pair), msg, pv_slice_mem(bad, sizeof(bad))) &&
			  refused;
	}
	tap_ok(refused, "not when any one bit is flipped");
}

/* S + L is the same number modulo the order: it must not be a second signature of the same message. */
static void
test_second_spelling(void)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10 };
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_new(&env);
	uint8_t sig[PV_SIGN_SIG];
	unsigned carry = 0;

	pv_pair_sign(pair, PV_SLICE("m"), sig);
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	tap_ok(!pv_sign_verify(pv_pair_pub(pair), PV_SLICE("m"), pv_slice_mem(sig, sizeof(sig))),
	    "S above the order of the group is refused");
}

/* With a key of order 1, R = identity and S = 0 satisfy the equation for every message. */
static void
test_small_order(void)
{
	uint8_t pub[PV_SIGN_PUB] = { 1 }, sig[PV_SIGN_SIG] = { 1 };

	tap_ok(!pv_sign_pub_ok(pub), "the neutral element is no key");
	tap_ok(!pv_sign_verify(pub, PV_SLICE("anything"), pv_slice_mem(sig, sizeof(sig))),
	    "and signs nothing");
	pub[0] = 0;
	tap_ok(!pv_sign_pub_ok(pub), "nor is y = 0");
	pub[31] = 0x80;
	tap_ok(!pv_sign_pub_ok(pub), "whatever its sign bit");
	pub[0] = 9;
	tap_ok(pv_sign_pub_ok(pub), "another y may be");
}

int
main(void)
{
	test_vectors();
	test_refusals();
	test_second_spelling();
	test_small_order();
	return tap_done();
}
