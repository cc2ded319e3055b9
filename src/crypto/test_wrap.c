/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/wrap.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "tap.h"

static struct pv_err err;
static struct pv_env env;

static struct pv_wrap_key *
new_key(enum pv_key_kind kind)
{
	struct pv_wrap_key *k = NULL;

	if (!pv_ok(pv_wrap_key_new(&k, kind, &err)))
		tap_ok(false, "a key is made: %s", err.what);
	return k;
}

static enum pv_code
pem_code(struct pv_slice pem)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *k = NULL;

	return pv_wrap_pub_read(&k, pem, &err).code;
}

/* The PEM of an OpenSSL key, which is freed. */
static void
add_pem(struct pv_buf *out, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	PEM_write_bio_PUBKEY(bio, key);
	n = BIO_get_mem_data(bio, &text);
	pv_buf_add_mem(out, text, (size_t)n);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void
test_round_trip(enum pv_key_kind kind, const char *algorithm)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = new_key(kind);
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *other = new_key(kind);
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *pub = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_random(&env, 32);
	PV_AUTO(pv_secret_freep) struct pv_secret *back = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf ephemeral = { 0 };

	pv_wrap_pub_write(&pem, pv_wrap_key_pub(key));
	tap_ok(pv_ok(pv_wrap_pub_read(&pub, pv_buf_slice(&pem), &err)), "%s: its PEM is read",
	    algorithm);
	tap_str(pv_wrap_pub_algorithm(pub), algorithm, "its algorithm is told");
	tap_ok(pv_wrap_pub_kind(pub) == kind &&
		   strcmp(pv_wrap_pub_kid(pub), pv_wrap_pub_kid(pv_wrap_key_pub(key))) == 0 &&
		   strlen(pv_wrap_pub_kid(pub)) == PV_WRAP_KID,
	    "%s: and its kid", algorithm);
	tap_ok(pv_ok(pv_wrap(&wrapped, &ephemeral, pub, share, &env, &err)),
	    "%s: a share is wrapped", algorithm);
	tap_ok(wrapped.n == (kind == PV_KEY_RSA ? 256 : 60), "%s: in as many bytes as OpenTDF has",
	    algorithm);
	tap_ok(
	    pv_ok(pv_unwrap(&back, key, pv_buf_slice(&wrapped), pv_buf_slice(&ephemeral), &err)) &&
		pv_secret_eq(back, share),
	    "%s: and unwrapped", algorithm);
	pv_secret_freep(&back);
	tap_ok(
	    pv_unwrap(&back, other, pv_buf_slice(&wrapped), pv_buf_slice(&ephemeral), &err).code ==
		PV_E_UNTRUSTED,
	    "%s: not by another key", algorithm);
	wrapped.p[wrapped.n / 2] ^= 1;
	tap_ok(pv_unwrap(&back, key, pv_buf_slice(&wrapped), pv_buf_slice(&ephemeral), &err).code ==
		       PV_E_UNTRUSTED &&
		   back == NULL,
	    "%s: not when it was changed", algorithm);
	wrapped.p[wrapped.n / 2] ^= 1;
	tap_ok(pv_unwrap(&back, key, pv_slice_sub(pv_buf_slice(&wrapped), 0, wrapped.n - 1),
		   pv_buf_slice(&ephemeral), &err)
			   .code == PV_E_UNTRUSTED &&
		   pv_unwrap(&back, key, PV_NO_SLICE, pv_buf_slice(&ephemeral), &err).code ==
		       PV_E_UNTRUSTED,
	    "%s: not when it was cut", algorithm);
}

static void
test_private(enum pv_key_kind kind, const char *name)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = new_key(kind);
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *back = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = pv_wrap_key_pkcs8(key);
	struct pv_secret *cut;

	tap_ok(pv_ok(pv_wrap_key_read(&back, pkcs8, &err)) &&
		   pv_slice_eq(pv_wrap_pub_spki(pv_wrap_key_pub(back)),
		       pv_wrap_pub_spki(pv_wrap_key_pub(key))),
	    "%s: the private key comes back from PKCS #8", name);
	cut = pv_secret_of(pv_secret_slice(pkcs8).p, pv_secret_size(pkcs8) - 1);
	pv_wrap_key_freep(&back);
	tap_ok(
	    pv_wrap_key_read(&back, cut, &err).code == PV_E_INPUT, "%s: not when it is cut", name);
	pv_secret_free(cut);
}

static void
test_refusals(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf der = { 0 };
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *ec = new_key(PV_KEY_P256);
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *k = NULL;

	add_pem(&pem, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
	tap_ok(pem_code(pv_buf_slice(&pem)) == PV_E_INPUT && strstr(err.what, "2048") != NULL,
	    "an RSA key of 1024 bits is refused");
	pv_buf_clear(&pem);
	add_pem(&pem, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
	tap_ok(pem_code(pv_buf_slice(&pem)) == PV_E_INPUT, "so is P-384");
	pv_buf_clear(&pem);
	add_pem(&pem, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	tap_ok(pem_code(pv_buf_slice(&pem)) == PV_E_INPUT, "and Ed25519");
	tap_ok(pem_code(PV_SLICE("")) == PV_E_INPUT && pem_code(PV_SLICE("no key")) == PV_E_INPUT,
	    "and what is no PEM");
	tap_ok(pem_code(PV_SLICE(
		   "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")) == PV_E_INPUT,
	    "and a private key");
	pv_buf_add(&der, pv_wrap_pub_spki(pv_wrap_key_pub(ec)));
	der.p[der.n - 1] ^= 1;
	tap_ok(pv_wrap_pub_read_der(&k, pv_buf_slice(&der), &err).code == PV_E_INPUT &&
		   strstr(err.what, "not on the curve") != NULL,
	    "a point off the curve is refused");
	memset(der.p + 27, 0, 64);
	tap_ok(pv_wrap_pub_read_der(&k, pv_buf_slice(&der), &err).code == PV_E_INPUT,
	    "so is one of zeros");
	pv_buf_clear(&der);
	pv_buf_add(&der, pv_wrap_pub_spki(pv_wrap_key_pub(ec)));
	pv_buf_add_c(&der, 0);
	tap_ok(pv_wrap_pub_read_der(&k, pv_buf_slice(&der), &err).code == PV_E_INPUT,
	    "a byte after the key is refused");
}

static void
test_der_garbage(void)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *rsa = new_key(PV_KEY_RSA);
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *k = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf der = { 0 };
	bool refused = true;

	pv_buf_add(&der, pv_wrap_pub_spki(pv_wrap_key_pub(rsa)));
	for (size_t i = 0; i < der.n; i++) {
		refused =
		    pv_wrap_pub_read_der(&k, pv_slice_sub(pv_buf_slice(&der), 0, i), &err).code ==
			PV_E_INPUT &&
		    refused;
	}
	tap_ok(refused, "an RSA key that is cut anywhere is refused");
	pv_buf_add_c(&der, 0);
	tap_ok(pv_wrap_pub_read_der(&k, pv_buf_slice(&der), &err).code == PV_E_INPUT,
	    "so is one with a byte after it");
	tap_ok(
	    pv_ok(pv_wrap_pub_read_der(&k, pv_slice_sub(pv_buf_slice(&der), 0, der.n - 1), &err)),
	    "the decoder still reads a good one afterwards");
}

static void
test_certificate(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *k = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	uint8_t *spki = NULL;
	char *text;
	long size;
	int n;

	X509_set_pubkey(cert, key);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 60);
	X509_sign(cert, key, EVP_sha256());
	PEM_write_bio_X509(bio, cert);
	size = BIO_get_mem_data(bio, &text);
	pv_buf_add_mem(&pem, text, (size_t)size);
	n = i2d_PUBKEY(key, &spki);
	tap_ok(pv_ok(pv_wrap_pub_read(&k, pv_buf_slice(&pem), &err)) && n > 0 &&
		   pv_slice_eq(pv_wrap_pub_spki(k), pv_slice_mem(spki, (size_t)n)),
	    "the key of a certificate is read");
	OPENSSL_free(spki);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Libcrypto's own OAEP, by its defaults (SHA-1, MGF1 with SHA-1), opens what we wrap. */
static void
test_oaep_defaults(void)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = new_key(PV_KEY_RSA);
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = pv_wrap_key_pkcs8(key);
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_random(&env, 32);
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	const uint8_t *p = pv_secret_bytes(pkcs8);
	EVP_PKEY *own = d2i_AutoPrivateKey(NULL, &p, (long)pv_secret_size(pkcs8));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	uint8_t out[256];
	size_t n = sizeof(out);

	tap_ok(pv_ok(pv_wrap_rsa(&wrapped, pv_wrap_key_pub(key), share, &err)) &&
		   EVP_PKEY_decrypt_init(ctx) == 1 &&
		   EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		   EVP_PKEY_decrypt(ctx, out, &n, (const uint8_t *)wrapped.p, wrapped.n) == 1 &&
		   pv_slice_eq(pv_slice_mem(out, n), pv_secret_slice(share)),
	    "RSA-OAEP is that with SHA-1");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
}

/*
 * The key of RFC 5903 8.1 (ECDH P-256): its shared x, and from there the steps by hand, against ours: HKDF with salt
 * SHA-256("TDF"), then AES-256-GCM.
 */
static void
test_ec_by_hand(void)
{
	static const char i_pkcs8[] =
	    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"
	    "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433a14403420004"
	    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c"
	    "456fa3e59a"
	    "b1f45b33accf5f58389e0577b8990bb3";
	static const char r_spki[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
				     "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494b"
				     "f6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e7"
				     "4f33039872ab";
	static const char shared[] =
	    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *wrapping = pv_secret_new(PV_AEAD_KEY);
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *peer = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	PV_AUTO(pv_aead_freep) struct pv_aead *a = NULL;
	uint8_t x[32], salt[PV_HASH], sealed[5 + PV_AEAD_OVER];

	if (!pv_hex_read(&b, PV_SLICE(i_pkcs8)) || !pv_hex_read_n(x, sizeof(x), PV_SLICE(shared)))
		tap_ok(false, "the test's own hex");
	pkcs8 = pv_secret_take(&b);
	tap_ok(pv_hex_read(&b, PV_SLICE(r_spki)) && pv_ok(pv_wrap_key_read(&key, pkcs8, &err)) &&
		   pv_ok(pv_wrap_pub_read_der(&peer, pv_buf_slice(&b), &err)),
	    "the keys of RFC 5903 are read");
	pv_hash(PV_SLICE("TDF"), salt);
	pv_hkdf(pv_slice_mem(x, sizeof(x)), pv_slice_mem(salt, sizeof(salt)), PV_NO_SLICE,
	    pv_secret_bytes(wrapping), PV_AEAD_KEY);
	a = pv_aead_new(wrapping);
	pv_aead_seal_fresh(a, &env, PV_NO_SLICE, PV_SLICE("share"), sealed);
	tap_ok(key != NULL && peer != NULL &&
		   pv_ok(pv_unwrap_ec(
		       &share, key, peer, pv_slice_mem(sealed, sizeof(sealed)), &err)) &&
		   pv_slice_is(pv_secret_slice(share), "share"),
	    "what was wrapped by hand under their shared x is unwrapped");
	pv_secret_freep(&share);
	tap_ok(key != NULL && peer != NULL && pv_ok(pv_wrap_shared(&share, key, peer, &err)) &&
		   pv_slice_eq(pv_secret_slice(share), pv_slice_mem(x, sizeof(x))),
	    "and x itself is what RFC 5903 says");
}

static void
test_shared(void)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *a = new_key(PV_KEY_P256);
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *b = new_key(PV_KEY_P256);
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *rsa = new_key(PV_KEY_RSA);
	PV_AUTO(pv_secret_freep) struct pv_secret *ab = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *ba = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *aa = NULL;

	tap_ok(pv_ok(pv_wrap_shared(&ab, a, pv_wrap_key_pub(b), &err)) &&
		   pv_ok(pv_wrap_shared(&ba, b, pv_wrap_key_pub(a), &err)) &&
		   pv_ok(pv_wrap_shared(&aa, a, pv_wrap_key_pub(a), &err)),
	    "two keys share a secret");
	tap_ok(pv_secret_size(ab) == 32 && pv_secret_eq(ab, ba) && !pv_secret_eq(ab, aa),
	    "the same from both sides, and another with another key");
	pv_secret_freep(&aa);
	tap_ok(pv_wrap_shared(&aa, rsa, pv_wrap_key_pub(b), &err).code == PV_E_BUG &&
		   pv_wrap_shared(&aa, a, pv_wrap_key_pub(rsa), &err).code == PV_E_BUG &&
		   aa == NULL,
	    "RSA keys share none");
}

int
main(void)
{
	env = pv_env_system();
	test_round_trip(PV_KEY_RSA, "rsa:2048");
	test_round_trip(PV_KEY_P256, "ec:secp256r1");
	test_private(PV_KEY_RSA, "RSA");
	test_private(PV_KEY_P256, "P-256");
	test_refusals();
	test_der_garbage();
	test_certificate();
	test_oaep_defaults();
	test_ec_by_hand();
	test_shared();
	return tap_done();
}
