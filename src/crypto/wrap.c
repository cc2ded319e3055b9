/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What costs in OpenSSL 3.0 is not the arithmetic but finding algorithms and decoders by name: d2i_PUBKEY() takes
 * 180 us, PEM_read_bio_PUBKEY() 500. So PEM is unpacked as bytes, RSA keys go through a decoder that each thread
 * keeps (12 us), and P-256 keys, whose SPKI is a fixed head and a point, through set1_encoded (8.5 us).
 *
 * A P-256 point is checked to be on the curve when it is decoded. The cofactor is 1 and infinity has another
 * encoding, so nothing is left to check, and deriving need not validate the peer again (62 us instead of 124).
 */
#include "crypto/wrap.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/fail.h"
#include "crypto/hash.h"

#define PEM_MAX   65536 /* characters, a certificate with a long name included */
#define POINT     65    /* 04 || x || y */
#define EC_SPKI   91
#define EC_SECRET 32

/* What stands before the point in the SPKI of a P-256 key (RFC 5480), uncompressed. */
static const uint8_t ec_head[EC_SPKI - POINT] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
	0x03, 0x42, 0x00 };

struct pv_wrap_pub {
	EVP_PKEY *key;
	enum pv_key_kind kind;
	struct pv_buf spki;
	char algorithm[24];
	char kid[PV_WRAP_KID + 1];
};

struct pv_wrap_key {
	EVP_PKEY *key;
	struct pv_wrap_pub *pub;
};

/* ---- public keys ---- */

void
pv_wrap_pub_free(struct pv_wrap_pub *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	pv_buf_free(&k->spki);
	pv_free(k);
}

void
pv_wrap_pub_freep(struct pv_wrap_pub **k)
{
	pv_wrap_pub_free(*k);
	*k = NULL;
}

/* One decoder for RSA keys a thread: finding it is what costs. */
struct decoder {
	OSSL_DECODER_CTX *ctx;
	EVP_PKEY *found;
};
static pthread_key_t decoder_key, keygen_key;
static EVP_PKEY *p256; /* parameters without a key */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static __thread struct decoder *decoder;
static __thread EVP_PKEY_CTX *keygen;

static void
free_decoder(void *p)
{
	struct decoder *d = p;

	OSSL_DECODER_CTX_free(d->ctx);
	pv_free(d);
	decoder = NULL;
}

static void
free_keygen(void *p)
{
	EVP_PKEY_CTX_free(p);
	keygen = NULL;
}

static void
prepare(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	PV_CRYPTO_MUST(ctx != NULL && EVP_PKEY_paramgen_init(ctx) == 1 &&
			   EVP_PKEY_CTX_set_group_name(ctx, "P-256") == 1 &&
			   EVP_PKEY_paramgen(ctx, &p256) == 1,
	    "P-256");
	EVP_PKEY_CTX_free(ctx);
	PV_CRYPTO_MUST(pthread_key_create(&decoder_key, free_decoder) == 0 &&
			   pthread_key_create(&keygen_key, free_keygen) == 0,
	    "thread keys");
}

static struct decoder *
my_decoder(void)
{
	if (decoder != NULL)
		return decoder;
	pthread_once(&prepared, prepare);
	decoder = PV_NEW(struct decoder);
	decoder->ctx = OSSL_DECODER_CTX_new_for_pkey(
	    &decoder->found, "DER", "SubjectPublicKeyInfo", "RSA", EVP_PKEY_PUBLIC_KEY, NULL, NULL);
	PV_CRYPTO_MUST(decoder->ctx != NULL, "the decoding of RSA keys");
	PV_CRYPTO_MUST(pthread_setspecific(decoder_key, decoder) == 0, "thread keys");
	return decoder;
}

static EVP_PKEY_CTX *
my_keygen(void)
{
	if (keygen != NULL)
		return keygen;
	keygen = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	PV_CRYPTO_MUST(keygen != NULL && EVP_PKEY_keygen_init(keygen) == 1 &&
			   EVP_PKEY_CTX_set_group_name(keygen, "P-256") == 1 &&
			   pthread_setspecific(keygen_key, keygen) == 0,
	    "P-256");
	return keygen;
}

/* NULL when the point is not on the curve. */
static EVP_PKEY *
ec_from_point(const uint8_t *point)
{
	EVP_PKEY *key;

	pthread_once(&prepared, prepare);
	key = EVP_PKEY_new();
	PV_CRYPTO_MUST(key != NULL && EVP_PKEY_copy_parameters(key, p256) == 1, "P-256");
	if (EVP_PKEY_set1_encoded_public_key(key, point, POINT) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *
rsa_from_der(struct pv_slice der)
{
	struct decoder *d = my_decoder();
	const uint8_t *p = (const uint8_t *)der.p;
	size_t left = der.n;
	EVP_PKEY *key;

	d->found = NULL;
	if (OSSL_DECODER_from_data(d->ctx, &p, &left) != 1)
		left = der.n;
	key = d->found;
	d->found = NULL;
	if (key != NULL && (left != 0 || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static PV_RESULT
check_rsa(EVP_PKEY *key, struct pv_err *e)
{
	int bits = EVP_PKEY_get_bits(key);

	if (bits < 2048)
		return PV_FAIL(
		    e, PV_E_INPUT, "an RSA key of %d bits is too short, 2048 is the least", bits);
	if (bits > 8192)
		return PV_FAIL(
		    e, PV_E_LIMIT, "an RSA key of %d bits is too long, 8192 is the most", bits);
	return PV_DONE;
}

/* Takes key and copies der. */
static struct pv_wrap_pub *
make_pub(EVP_PKEY *key, enum pv_key_kind kind, struct pv_slice der)
{
	struct pv_wrap_pub *k = PV_NEW(struct pv_wrap_pub);
	char hex[2 * PV_HASH + 1];

	k->key = key;
	k->kind = kind;
	pv_buf_add(&k->spki, der);
	if (kind == PV_KEY_RSA)
		snprintf(k->algorithm, sizeof(k->algorithm), "rsa:%d", EVP_PKEY_get_bits(key));
	else
		snprintf(k->algorithm, sizeof(k->algorithm), "ec:secp256r1");
	pv_hash_hex(der, hex);
	memcpy(k->kid, hex, PV_WRAP_KID);
	return k;
}

struct pv_status
pv_wrap_pub_read_der(struct pv_wrap_pub **out, struct pv_slice spki, struct pv_err *e)
{
	bool ec = spki.n == EC_SPKI && memcmp(spki.p, ec_head, sizeof(ec_head)) == 0;
	EVP_PKEY *key;
	struct pv_status st;

	if (spki.n == 0 || spki.n > PEM_MAX)
		return PV_FAIL(e, PV_E_INPUT, "no public key: %zu bytes", spki.n);
	key = ec ? ec_from_point((const uint8_t *)spki.p + sizeof(ec_head)) : rsa_from_der(spki);
	ERR_clear_error();
	if (key == NULL && ec)
		return PV_FAIL(e, PV_E_INPUT, "the point of the P-256 key is not on the curve");
	if (key == NULL)
		return PV_FAIL(
		    e, PV_E_INPUT, "no public key of RSA or P-256 (with an uncompressed point)");
	if (!ec) {
		st = check_rsa(key, e);
		if (!pv_ok(st)) {
			EVP_PKEY_free(key);
			return st;
		}
	}
	*out = make_pub(key, ec ? PV_KEY_P256 : PV_KEY_RSA, spki);
	return PV_DONE;
}

/* The SPKI of a certificate; *n 0 when there is none. The caller frees with OPENSSL_free. */
static uint8_t *
spki_of_certificate(const uint8_t *der, long size, long *n)
{
	const uint8_t *p = der;
	X509 *cert = d2i_X509(NULL, &p, size);
	uint8_t *out = NULL;

	*n = 0;
	if (cert != NULL && p == der + size)
		*n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &out);
	if (*n < 0)
		*n = 0;
	X509_free(cert);
	return out;
}

static PV_RESULT
read_block(struct pv_wrap_pub **out, const char *name, const uint8_t *der, long n, struct pv_err *e)
{
	uint8_t *spki;
	struct pv_status st;

	if (strcmp(name, "PUBLIC KEY") == 0)
		return pv_wrap_pub_read_der(out, pv_slice_mem(der, (size_t)n), e);
	if (strcmp(name, "CERTIFICATE") != 0)
		return PV_FAIL(e, PV_E_INPUT,
		    "PEM of a %.40s where a PUBLIC KEY or a CERTIFICATE is wanted", name);
	spki = spki_of_certificate(der, n, &n);
	if (n == 0)
		st = PV_FAIL(e, PV_E_INPUT, "the certificate cannot be read");
	else
		st = pv_wrap_pub_read_der(out, pv_slice_mem(spki, (size_t)n), e);
	OPENSSL_free(spki);
	return st;
}

struct pv_status
pv_wrap_pub_read(struct pv_wrap_pub **out, struct pv_slice pem, struct pv_err *e)
{
	BIO *bio;
	char *name = NULL, *head = NULL;
	uint8_t *der = NULL;
	long n = 0;
	struct pv_status st;

	if (pem.n > PEM_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a public key of %zu characters", pem.n);
	bio = BIO_new_mem_buf(pem.n > 0 ? pem.p : "", (int)pem.n);
	PV_CRYPTO_MUST(bio != NULL, "memory");
	if (PEM_read_bio(bio, &name, &head, &der, &n) != 1)
		st = PV_FAIL(e, PV_E_INPUT, "no PEM block");
	else
		st = read_block(out, name, der, n, e);
	ERR_clear_error();
	OPENSSL_free(name);
	OPENSSL_free(head);
	OPENSSL_free(der);
	BIO_free(bio);
	return st;
}

enum pv_key_kind
pv_wrap_pub_kind(const struct pv_wrap_pub *k)
{
	return k->kind;
}

const char *
pv_wrap_pub_algorithm(const struct pv_wrap_pub *k)
{
	return k->algorithm;
}

struct pv_slice
pv_wrap_pub_spki(const struct pv_wrap_pub *k)
{
	return pv_buf_slice(&k->spki);
}

void
pv_wrap_pub_write(struct pv_buf *out, const struct pv_wrap_pub *k)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	PV_CRYPTO_MUST(bio != NULL && PEM_write_bio(bio, "PUBLIC KEY", "",
					  (const uint8_t *)k->spki.p, (long)k->spki.n) > 0,
	    "PEM");
	n = BIO_get_mem_data(bio, &text);
	pv_buf_add_mem(out, text, (size_t)n);
	BIO_free(bio);
}

const char *
pv_wrap_pub_kid(const struct pv_wrap_pub *k)
{
	return k->kid;
}

/* ---- private keys ---- */

void
pv_wrap_key_free(struct pv_wrap_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	pv_wrap_pub_free(k->pub);
	pv_free(k);
}

void
pv_wrap_key_freep(struct pv_wrap_key **k)
{
	pv_wrap_key_free(*k);
	*k = NULL;
}

/* The SPKI, without the encoder for P-256 (it takes longer than making the key). */
static void
write_spki(struct pv_buf *out, EVP_PKEY *key, enum pv_key_kind kind)
{
	uint8_t *p = NULL;
	size_t n;

	if (kind == PV_KEY_P256) {
		n = EVP_PKEY_get1_encoded_public_key(key, &p);
		PV_CRYPTO_MUST(n == POINT && p[0] == 4, "uncompressed points");
		pv_buf_add_mem(out, ec_head, sizeof(ec_head));
	} else {
		int size = i2d_PUBKEY(key, &p);

		PV_CRYPTO_MUST(size > 0, "the encoding of RSA keys");
		n = (size_t)size;
	}
	pv_buf_add_mem(out, p, n);
	OPENSSL_free(p);
}

/* One context a thread for making P-256 keys: making it takes as long as a key. */
static EVP_PKEY *
new_p256(void)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	pthread_once(&prepared, prepare);
	ctx = my_keygen();
	PV_CRYPTO_MUST(EVP_PKEY_keygen(ctx, &key) == 1, "the making of keys");
	return key;
}

/* Of a key that was made here nothing is to be checked: its halves are one object. */
static struct pv_wrap_key *
fresh_p256(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf spki = { 0 };
	struct pv_wrap_key *k = PV_NEW(struct pv_wrap_key);

	k->key = new_p256();
	write_spki(&spki, k->key, PV_KEY_P256);
	PV_CRYPTO_MUST(EVP_PKEY_up_ref(k->key) == 1, "keys");
	k->pub = make_pub(k->key, PV_KEY_P256, pv_buf_slice(&spki));
	return k;
}

/* Takes key, also when it fails. */
static PV_RESULT
make_key(struct pv_wrap_key **out, EVP_PKEY *key, enum pv_key_kind kind, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *k = PV_NEW(struct pv_wrap_key);
	PV_AUTO(pv_buf_free) struct pv_buf spki = { 0 };

	k->key = key;
	write_spki(&spki, key, kind);
	PV_TRY(pv_wrap_pub_read_der(&k->pub, pv_buf_slice(&spki), e));
	*out = PV_TAKE(k);
	return PV_DONE;
}

struct pv_status
pv_wrap_key_new(struct pv_wrap_key **out, enum pv_key_kind kind, struct pv_err *e)
{
	EVP_PKEY *key = NULL;

	switch (kind) {
	case PV_KEY_RSA:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
		break;
	case PV_KEY_P256:
		*out = fresh_p256();
		return PV_DONE;
	case PV_KEY_NONE:
	case PV_KEY_ED25519:
		return PV_FAIL(e, PV_E_BUG, "no key of this kind wraps");
	}
	PV_CRYPTO_MUST(key != NULL, "the making of keys");
	return make_key(out, key, kind, e);
}

struct pv_status
pv_wrap_key_read(struct pv_wrap_key **out, const struct pv_secret *pkcs8, struct pv_err *e)
{
	struct pv_slice der = pv_secret_slice(pkcs8);
	const uint8_t *p = (const uint8_t *)der.p;
	EVP_PKEY *key = NULL;
	char group[32] = "";

	if (der.n < LONG_MAX)
		key = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
	ERR_clear_error();
	if (key != NULL && p == (const uint8_t *)der.p + der.n) {
		if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
			return make_key(out, key, PV_KEY_RSA, e);
		if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
		    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
		    strcmp(group, "prime256v1") == 0)
			return make_key(out, key, PV_KEY_P256, e);
	}
	EVP_PKEY_free(key);
	return PV_FAIL(e, PV_E_INPUT, "no private key of RSA or P-256");
}

struct pv_status
pv_wrap_key_load(struct pv_wrap_key **out, const struct pv_keyfile *file, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *k = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *same = NULL;

	if (pv_keyfile_kind(file) != PV_KEY_RSA && pv_keyfile_kind(file) != PV_KEY_P256)
		return PV_FAIL(e, PV_E_INPUT, "key \"%.*s\" signs, it does not wrap",
		    PV_FMT(pv_keyfile_name(file)));
	if (pv_keyfile_secret(file) == NULL)
		return PV_FAIL(
		    e, PV_E_INPUT, "key \"%.*s\" is locked", PV_FMT(pv_keyfile_name(file)));
	PV_TRY(pv_wrap_key_read(&k, pv_keyfile_secret(file), e));
	same = pv_wrap_key_file(pv_keyfile_name(file), k);
	if (!pv_slice_eq(pv_keyfile_public(same), pv_keyfile_public(file)))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the public half of key \"%.*s\" is another key's",
		    PV_FMT(pv_keyfile_name(file)));
	*out = PV_TAKE(k);
	return PV_DONE;
}

struct pv_secret *
pv_wrap_key_pkcs8(const struct pv_wrap_key *k)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->key);
	uint8_t *p = NULL;
	int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &p) : 0;
	struct pv_secret *s;

	PV_CRYPTO_MUST(n > 0, "PKCS #8");
	s = pv_secret_of(p, (size_t)n);
	OPENSSL_clear_free(p, (size_t)n);
	PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
	return s;
}

struct pv_keyfile *
pv_wrap_key_file(struct pv_slice name, const struct pv_wrap_key *k)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = pv_wrap_key_pkcs8(k);

	return pv_keyfile_of_der(name, k->pub->kind, pv_wrap_pub_spki(k->pub), pkcs8);
}

const struct pv_wrap_pub *
pv_wrap_key_pub(const struct pv_wrap_key *k)
{
	return k->pub;
}

/* ---- RSA-OAEP ---- */

static bool
set_oaep(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha1()) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()) == 1;
}

static PV_RESULT
check_share(const struct pv_secret *share, struct pv_err *e)
{
	size_t n = pv_secret_size(share);

	if (n == 0 || n > PV_WRAP_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a secret of %zu bytes cannot be wrapped", n);
	return PV_DONE;
}

struct pv_status
pv_wrap_rsa(struct pv_buf *out, const struct pv_wrap_pub *to, const struct pv_secret *share,
    struct pv_err *e)
{
	struct pv_slice in = pv_secret_slice(share);
	EVP_PKEY_CTX *ctx;
	size_t n = (size_t)EVP_PKEY_get_size(to->key);
	bool done;

	if (to->kind != PV_KEY_RSA)
		return PV_FAIL(e, PV_E_BUG, "not an RSA key");
	PV_TRY(check_share(share, e));
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, to->key, NULL);
	PV_CRYPTO_MUST(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx), "RSA-OAEP");
	done = EVP_PKEY_encrypt(
		   ctx, (uint8_t *)pv_buf_room(out, n), &n, (const uint8_t *)in.p, in.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!done) /* a modulus that no honest key has */
		return PV_FAIL(e, PV_E_INPUT, "the RSA key cannot be used");
	out->n += n;
	return PV_DONE;
}

struct pv_status
pv_unwrap_rsa(struct pv_secret **out, const struct pv_wrap_key *key, struct pv_slice wrapped,
    struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *s = NULL;
	EVP_PKEY_CTX *ctx;
	size_t n = (size_t)EVP_PKEY_get_size(key->key);
	bool done;

	if (key->pub->kind != PV_KEY_RSA)
		return PV_FAIL(e, PV_E_BUG, "not an RSA key");
	s = pv_secret_new(n);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
	PV_CRYPTO_MUST(ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx), "RSA-OAEP");
	done = EVP_PKEY_decrypt(ctx, pv_secret_bytes(s), &n,
		   (const uint8_t *)(wrapped.n > 0 ? wrapped.p : ""), wrapped.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!done || n == 0)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the wrapped key cannot be opened");
	pv_secret_cut(s, n);
	*out = PV_TAKE(s);
	return PV_DONE;
}

/* ---- P-256 ---- */

/* The x coordinate between two halves. NULL: they do not fit. */
static struct pv_secret *
derive(EVP_PKEY *mine, EVP_PKEY *theirs)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *x = pv_secret_new(EC_SECRET);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	size_t n = EC_SECRET;
	bool done;

	PV_CRYPTO_MUST(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1, "ECDH");
	done = EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
	       EVP_PKEY_derive(ctx, pv_secret_bytes(x), &n) == 1 && n == EC_SECRET;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return done ? PV_TAKE(x) : NULL;
}

/* The wrapping key between two halves. NULL: they do not fit. */
static struct pv_aead *
agree(EVP_PKEY *mine, EVP_PKEY *theirs)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *x = derive(mine, theirs);
	PV_AUTO(pv_secret_freep) struct pv_secret *wrapping = pv_secret_new(PV_AEAD_KEY);
	uint8_t salt[PV_HASH];

	if (x == NULL)
		return NULL;
	pv_hash(PV_SLICE("TDF"), salt);
	pv_hkdf(pv_secret_slice(x), pv_slice_mem(salt, sizeof(salt)), PV_NO_SLICE,
	    pv_secret_bytes(wrapping), PV_AEAD_KEY);
	return pv_aead_new(wrapping);
}

struct pv_status
pv_wrap_shared(struct pv_secret **out, const struct pv_wrap_key *mine,
    const struct pv_wrap_pub *theirs, struct pv_err *e)
{
	if (mine->pub->kind != PV_KEY_P256 || theirs->kind != PV_KEY_P256)
		return PV_FAIL(e, PV_E_BUG, "not P-256 keys");
	*out = derive(mine->key, theirs->key);
	if (*out == NULL)
		return PV_FAIL(e, PV_E_INPUT, "the P-256 key cannot be used");
	return PV_DONE;
}

struct pv_status
pv_wrap_ec(struct pv_buf *out, const struct pv_wrap_key *ephemeral, const struct pv_wrap_pub *to,
    const struct pv_secret *share, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_aead_freep) struct pv_aead *a = NULL;
	size_t n = pv_secret_size(share) + PV_AEAD_OVER;

	if (to->kind != PV_KEY_P256 || ephemeral->pub->kind != PV_KEY_P256)
		return PV_FAIL(e, PV_E_BUG, "not P-256 keys");
	PV_TRY(check_share(share, e));
	a = agree(ephemeral->key, to->key);
	if (a == NULL)
		return PV_FAIL(e, PV_E_INPUT, "the P-256 key cannot be used");
	pv_aead_seal_fresh(
	    a, env, PV_NO_SLICE, pv_secret_slice(share), (uint8_t *)pv_buf_room(out, n));
	out->n += n;
	return PV_DONE;
}

struct pv_status
pv_unwrap_ec(struct pv_secret **out, const struct pv_wrap_key *key,
    const struct pv_wrap_pub *ephemeral, struct pv_slice wrapped, struct pv_err *e)
{
	PV_AUTO(pv_aead_freep) struct pv_aead *a = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *s = NULL;

	if (key->pub->kind != PV_KEY_P256)
		return PV_FAIL(e, PV_E_BUG, "not a P-256 key");
	if (ephemeral->kind != PV_KEY_P256 || wrapped.n <= PV_AEAD_OVER ||
	    wrapped.n > PV_WRAP_MAX + PV_AEAD_OVER)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the wrapped key cannot be opened");
	a = agree(key->key, ephemeral->key);
	s = pv_secret_new(wrapped.n - PV_AEAD_OVER);
	if (a == NULL || !pv_aead_open(a, PV_NO_SLICE, wrapped, pv_secret_bytes(s)))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the wrapped key cannot be opened");
	*out = PV_TAKE(s);
	return PV_DONE;
}

/* ---- whichever fits ---- */

struct pv_status
pv_wrap(struct pv_buf *out, struct pv_buf *ephemeral_pem, const struct pv_wrap_pub *to,
    const struct pv_secret *share, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *ephemeral = NULL;

	if (to->kind == PV_KEY_RSA)
		return pv_wrap_rsa(out, to, share, e);
	PV_TRY(pv_wrap_key_new(&ephemeral, PV_KEY_P256, e));
	PV_TRY(pv_wrap_ec(out, ephemeral, to, share, env, e));
	pv_wrap_pub_write(ephemeral_pem, ephemeral->pub);
	return PV_DONE;
}

struct pv_status
pv_unwrap(struct pv_secret **out, const struct pv_wrap_key *key, struct pv_slice wrapped,
    struct pv_slice ephemeral_pem, struct pv_err *e)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *ephemeral = NULL;

	if (key->pub->kind == PV_KEY_RSA)
		return pv_unwrap_rsa(out, key, wrapped, e);
	PV_TRY(pv_within(pv_wrap_pub_read(&ephemeral, ephemeral_pem, e), e, "ephemeralPublicKey"));
	return pv_unwrap_ec(out, key, ephemeral, wrapped, e);
}
