/* SPDX-License-Identifier: Apache-2.0 */
/* The key schedule is made once; each segment sets the IV only. NIST SP 800-38D, 12-byte IVs, 16-byte tags. */
#include "crypto/aead.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/mem.h"
#include "crypto/fail.h"

#define SEGMENT_MAX (1u << 30) /* libcrypto counts in int */

struct pv_aead {
	EVP_CIPHER_CTX *ctx;
};

static EVP_CIPHER *cipher;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void
fetch(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	PV_CRYPTO_MUST(cipher != NULL, "AES-256-GCM");
}

static const uint8_t *
bytes_of(struct pv_slice s)
{
	return (const uint8_t *)(s.n > 0 ? s.p : "");
}

struct pv_aead *
pv_aead_new(const struct pv_secret *key)
{
	struct pv_aead *a = PV_NEW(struct pv_aead);

	pthread_once(&fetched, fetch);
	a->ctx = EVP_CIPHER_CTX_new();
	PV_CRYPTO_MUST(pv_secret_size(key) == PV_AEAD_KEY && a->ctx != NULL &&
			   EVP_CipherInit_ex2(
			       a->ctx, cipher, bytes_of(pv_secret_slice(key)), NULL, 1, NULL) == 1,
	    "AES-256-GCM");
	return a;
}

void
pv_aead_free(struct pv_aead *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->ctx); /* wipes the schedule */
	pv_free(a);
}

void
pv_aead_freep(struct pv_aead **a)
{
	pv_aead_free(*a);
	*a = NULL;
}

static void
begin(struct pv_aead *a, const uint8_t *iv, bool sealing, struct pv_slice aad)
{
	int n;

	PV_CRYPTO_MUST(
	    EVP_CipherInit_ex2(a->ctx, NULL, NULL, iv, sealing ? 1 : 0, NULL) == 1, "AES-256-GCM");
	PV_CRYPTO_MUST(aad.n <= SEGMENT_MAX, "a gigabyte of AAD");
	if (aad.n > 0)
		PV_CRYPTO_MUST(EVP_CipherUpdate(a->ctx, NULL, &n, bytes_of(aad), (int)aad.n) == 1,
		    "AES-256-GCM");
}

void
pv_aead_seal(struct pv_aead *a, const uint8_t iv[PV_AEAD_IV], struct pv_slice aad,
    struct pv_slice plain, uint8_t *out)
{
	uint8_t *text = out + PV_AEAD_IV, rest[1];
	int n = 0;

	PV_CRYPTO_MUST(plain.n <= SEGMENT_MAX, "a segment of more than a gigabyte");
	begin(a, iv, true, aad);
	if (plain.n > 0)
		PV_CRYPTO_MUST(
		    EVP_CipherUpdate(a->ctx, text, &n, bytes_of(plain), (int)plain.n) == 1,
		    "AES-256-GCM");
	PV_CRYPTO_MUST(EVP_CipherFinal_ex(a->ctx, rest, &n) == 1 &&
			   EVP_CIPHER_CTX_ctrl(
			       a->ctx, EVP_CTRL_AEAD_GET_TAG, PV_AEAD_TAG, text + plain.n) == 1,
	    "AES-256-GCM");
	memmove(out, iv, PV_AEAD_IV);
}

void
pv_aead_seal_fresh(struct pv_aead *a, const struct pv_env *env, struct pv_slice aad,
    struct pv_slice plain, uint8_t *out)
{
	uint8_t iv[PV_AEAD_IV];

	env->random(env->ctx, iv, sizeof(iv));
	pv_aead_seal(a, iv, aad, plain, out);
}

bool
pv_aead_open(struct pv_aead *a, struct pv_slice aad, struct pv_slice sealed, uint8_t *out)
{
	uint8_t iv[PV_AEAD_IV], tag[PV_AEAD_TAG], rest[1];
	size_t size;
	int n = 0;

	if (sealed.n < PV_AEAD_OVER || sealed.n - PV_AEAD_OVER > SEGMENT_MAX)
		return false;
	size = sealed.n - PV_AEAD_OVER;
	memcpy(iv, sealed.p, sizeof(iv));
	memcpy(tag, sealed.p + PV_AEAD_IV + size, sizeof(tag));
	begin(a, iv, false, aad);
	if (size > 0)
		PV_CRYPTO_MUST(EVP_CipherUpdate(a->ctx, out, &n,
				   (const uint8_t *)sealed.p + PV_AEAD_IV, (int)size) == 1,
		    "AES-256-GCM");
	PV_CRYPTO_MUST(EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, PV_AEAD_TAG, tag) == 1,
	    "AES-256-GCM");
	if (EVP_CipherFinal_ex(a->ctx, rest, &n) == 1)
		return true;
	if (size > 0)
		explicit_bzero(out, size);
	return false;
}

struct pv_slice
pv_aead_tag(struct pv_slice sealed)
{
	return sealed.n < PV_AEAD_OVER ? PV_NO_SLICE
				       : pv_slice_sub(sealed, sealed.n - PV_AEAD_TAG, sealed.n);
}
