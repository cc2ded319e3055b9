/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto refuses an S that is not below the group's order (RFC 8032 5.1.7). It does not refuse public keys of
 * small order, for which one signature fits every message: they are refused here, so that a signature in a log says
 * one thing.
 */
#include "crypto/sign.h"

#include <openssl/evp.h>

#include "base/mem.h"
#include "crypto/fail.h"

struct pv_pair {
	EVP_PKEY *key;
	struct pv_secret *seed;
	uint8_t pub[PV_SIGN_PUB];
};

/*
 * y of the points of small order, the sign bit left out, with the encodings that are not reduced (y >= p) among
 * them; the list is that of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020), table 1.
 */
static const uint8_t small[7][PV_SIGN_PUB] = {
	{ 0 }, /* y = 0, order 4 */
	{ 1 }, /* y = 1, the neutral element */
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
	    0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
	    0x53, 0xfc, 0x05 }, /* order 8 */
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
	    0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
	    0xac, 0x03, 0x7a }, /* order 8 */
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* y = p - 1, order 2 */
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* y = p */
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0x7f }, /* y = p + 1 */
};

bool
pv_sign_pub_ok(const uint8_t pub[PV_SIGN_PUB])
{
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		if (memcmp(pub, small[i], PV_SIGN_PUB - 1) == 0 &&
		    (pub[PV_SIGN_PUB - 1] & 0x7f) == small[i][PV_SIGN_PUB - 1])
			return false;
	}
	return true;
}

struct pv_pair *
pv_pair_of(const struct pv_secret *seed)
{
	struct pv_pair *k = PV_NEW(struct pv_pair);
	size_t n = sizeof(k->pub);

	PV_CRYPTO_MUST(pv_secret_size(seed) == PV_SIGN_SEED, "a seed of another size");
	k->seed = pv_secret_of(pv_secret_slice(seed).p, PV_SIGN_SEED);
	k->key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, pv_secret_bytes(k->seed), PV_SIGN_SEED);
	PV_CRYPTO_MUST(
	    k->key != NULL && EVP_PKEY_get_raw_public_key(k->key, k->pub, &n) == 1, "Ed25519");
	return k;
}

struct pv_pair *
pv_pair_new(const struct pv_env *env)
{
	struct pv_secret *seed = pv_secret_random(env, PV_SIGN_SEED);
	struct pv_pair *k = pv_pair_of(seed);

	pv_secret_free(seed);
	return k;
}

void
pv_pair_free(struct pv_pair *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	pv_secret_free(k->seed);
	pv_free(k);
}

void
pv_pair_freep(struct pv_pair **k)
{
	pv_pair_free(*k);
	*k = NULL;
}

const uint8_t *
pv_pair_pub(const struct pv_pair *k)
{
	return k->pub;
}

const struct pv_secret *
pv_pair_seed(const struct pv_pair *k)
{
	return k->seed;
}

static const uint8_t *
bytes_of(struct pv_slice s)
{
	return (const uint8_t *)(s.n > 0 ? s.p : "");
}

void
pv_pair_sign(const struct pv_pair *k, struct pv_slice msg, uint8_t sig[PV_SIGN_SIG])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = PV_SIGN_SIG;

	PV_CRYPTO_MUST(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key) == 1 &&
			   EVP_DigestSign(ctx, sig, &n, bytes_of(msg), msg.n) == 1,
	    "Ed25519");
	EVP_MD_CTX_free(ctx);
}

bool
pv_sign_verify(const uint8_t pub[PV_SIGN_PUB], struct pv_slice msg, struct pv_slice sig)
{
	EVP_PKEY *key;
	EVP_MD_CTX *ctx;
	bool good = false;

	if (sig.n != PV_SIGN_SIG || !pv_sign_pub_ok(pub))
		return false;
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, PV_SIGN_PUB);
	ctx = EVP_MD_CTX_new();
	PV_CRYPTO_MUST(key != NULL && ctx != NULL, "Ed25519");
	if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1)
		good = EVP_DigestVerify(ctx, bytes_of(sig), sig.n, bytes_of(msg), msg.n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
