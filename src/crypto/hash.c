/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each EVP_sha256() use fetches the algorithm anew behind the scenes and costs more than hashing 65 bytes; so the
 * algorithms are fetched once in the process and each thread keeps one context of each kind, freed when it ends.
 */
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/fail.h"

void
pv_crypto_stop(const char *what)
{
	char why[256] = "";

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	fprintf(stderr, "proviso: libcrypto cannot do %s (%s). Nothing was released.\n", what, why);
	abort();
}

/* ---- what is fetched once, and kept by each thread ---- */

struct pv_hasher {
	EVP_MD_CTX *ctx;
};

struct pv_hmacer {
	EVP_MAC_CTX *ctx;
};

struct tools {
	EVP_MD_CTX *md;
	EVP_MAC_CTX *mac;
};

static EVP_MD *sha256;
static EVP_MAC *hmac;
static pthread_key_t tools_key;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static __thread struct tools *tools;

static void
free_tools(void *p)
{
	struct tools *t = p;

	EVP_MD_CTX_free(t->md);
	EVP_MAC_CTX_free(t->mac);
	pv_free(t);
	tools = NULL;
}

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	PV_CRYPTO_MUST(sha256 != NULL && hmac != NULL, "SHA-256 and HMAC");
	PV_CRYPTO_MUST(pthread_key_create(&tools_key, free_tools) == 0, "thread keys");
}

static EVP_MAC_CTX *
new_mac(void)
{
	char name[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);

	PV_CRYPTO_MUST(ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1, "HMAC-SHA-256");
	return ctx;
}

static EVP_MD_CTX *
new_md(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	PV_CRYPTO_MUST(ctx != NULL && EVP_DigestInit_ex2(ctx, sha256, NULL) == 1, "SHA-256");
	return ctx;
}

static struct tools *
my_tools(void)
{
	if (tools != NULL)
		return tools;
	pthread_once(&fetched, fetch);
	tools = PV_NEW(struct tools);
	tools->md = new_md();
	tools->mac = new_mac();
	PV_CRYPTO_MUST(pthread_setspecific(tools_key, tools) == 0, "thread keys");
	return tools;
}

/* ---- SHA-256 ---- */

static void
begin(EVP_MD_CTX *ctx)
{
	PV_CRYPTO_MUST(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1, "SHA-256");
}

static void
add(EVP_MD_CTX *ctx, const void *p, size_t n)
{
	PV_CRYPTO_MUST(EVP_DigestUpdate(ctx, p, n) == 1, "SHA-256");
}

static void
end(EVP_MD_CTX *ctx, uint8_t out[PV_HASH])
{
	PV_CRYPTO_MUST(EVP_DigestFinal_ex(ctx, out, NULL) == 1, "SHA-256");
}

void
pv_hash(struct pv_slice s, uint8_t out[PV_HASH])
{
	EVP_MD_CTX *ctx = my_tools()->md;

	begin(ctx);
	add(ctx, s.p, s.n);
	end(ctx, out);
}

void
pv_hash_hex(struct pv_slice s, char out[2 * PV_HASH + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t h[PV_HASH];

	pv_hash(s, h);
	for (size_t i = 0; i < PV_HASH; i++) {
		out[2 * i] = digits[h[i] >> 4];
		out[2 * i + 1] = digits[h[i] & 15];
	}
	out[2 * PV_HASH] = '\0';
}

void
pv_hash_leaf(struct pv_slice entry, uint8_t out[PV_HASH])
{
	EVP_MD_CTX *ctx = my_tools()->md;

	begin(ctx);
	add(ctx, "\0", 1);
	add(ctx, entry.p, entry.n);
	end(ctx, out);
}

void
pv_hash_node(const uint8_t left[PV_HASH], const uint8_t right[PV_HASH], uint8_t out[PV_HASH])
{
	EVP_MD_CTX *ctx = my_tools()->md;
	uint8_t both[1 + 2 * PV_HASH] = { 1 };

	memcpy(both + 1, left, PV_HASH);
	memcpy(both + 1 + PV_HASH, right, PV_HASH);
	begin(ctx);
	add(ctx, both, sizeof(both));
	end(ctx, out);
}

struct pv_hasher *
pv_hasher_new(void)
{
	struct pv_hasher *h = PV_NEW(struct pv_hasher);

	pthread_once(&fetched, fetch);
	h->ctx = new_md();
	return h;
}

void
pv_hasher_free(struct pv_hasher *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	pv_free(h);
}

void
pv_hasher_freep(struct pv_hasher **h)
{
	pv_hasher_free(*h);
	*h = NULL;
}

void
pv_hasher_add(struct pv_hasher *h, struct pv_slice s)
{
	add(h->ctx, s.p, s.n);
}

void
pv_hasher_end(struct pv_hasher *h, uint8_t out[PV_HASH])
{
	end(h->ctx, out);
	begin(h->ctx);
}

/* ---- HMAC-SHA256 ---- */

/* key NULL: the one it had */
static void
mac_begin(EVP_MAC_CTX *ctx, const void *key, size_t n)
{
	PV_CRYPTO_MUST(EVP_MAC_init(ctx, key, n, NULL) == 1, "HMAC-SHA-256");
}

static void
mac_add(EVP_MAC_CTX *ctx, struct pv_slice s)
{
	PV_CRYPTO_MUST(EVP_MAC_update(ctx, (const uint8_t *)s.p, s.n) == 1, "HMAC-SHA-256");
}

static void
mac_end(EVP_MAC_CTX *ctx, uint8_t out[PV_HASH])
{
	size_t n = 0;

	PV_CRYPTO_MUST(EVP_MAC_final(ctx, out, &n, PV_HASH) == 1 && n == PV_HASH, "HMAC-SHA-256");
}

void
pv_hmac(struct pv_slice key, struct pv_slice s, uint8_t out[PV_HASH])
{
	static const uint8_t wiped[1];
	EVP_MAC_CTX *ctx = my_tools()->mac;

	mac_begin(ctx, key.n > 0 ? key.p : "", key.n);
	mac_add(ctx, s);
	mac_end(ctx, out);
	mac_begin(ctx, wiped, sizeof(wiped)); /* the thread's context does not keep the key */
}

struct pv_hmacer *
pv_hmacer_new(struct pv_slice key)
{
	struct pv_hmacer *h = PV_NEW(struct pv_hmacer);

	pthread_once(&fetched, fetch);
	h->ctx = new_mac();
	mac_begin(h->ctx, key.n > 0 ? key.p : "", key.n);
	return h;
}

void
pv_hmacer_free(struct pv_hmacer *h)
{
	if (h == NULL)
		return;
	EVP_MAC_CTX_free(h->ctx); /* libcrypto wipes the key */
	pv_free(h);
}

void
pv_hmacer_freep(struct pv_hmacer **h)
{
	pv_hmacer_free(*h);
	*h = NULL;
}

void
pv_hmacer_add(struct pv_hmacer *h, struct pv_slice s)
{
	mac_add(h->ctx, s);
}

void
pv_hmacer_end(struct pv_hmacer *h, uint8_t out[PV_HASH])
{
	mac_end(h->ctx, out);
	mac_begin(h->ctx, NULL, 0);
}

/* ---- HKDF-SHA256 ---- */

/* By the thread's own context: EVP_KDF makes one each time and looks up its digest, 10 us instead of 3. */
void
pv_hkdf(struct pv_slice ikm, struct pv_slice salt, struct pv_slice info, uint8_t *out, size_t n)
{
	static const uint8_t wiped[1];
	EVP_MAC_CTX *ctx = my_tools()->mac;
	uint8_t prk[PV_HASH], t[PV_HASH], no_salt[PV_HASH] = { 0 };

	PV_CRYPTO_MUST(n <= 255 * PV_HASH, "HKDF-SHA-256");
	pv_hmac(salt.n > 0 ? salt : pv_slice_mem(no_salt, sizeof(no_salt)), ikm, prk);
	for (size_t at = 0, i = 1; at < n; at += PV_HASH, i++) {
		uint8_t counter = (uint8_t)i;

		mac_begin(ctx, (const char *)prk, sizeof(prk));
		if (i > 1)
			mac_add(ctx, pv_slice_mem(t, sizeof(t)));
		mac_add(ctx, info);
		mac_add(ctx, pv_slice_mem(&counter, 1));
		mac_end(ctx, t);
		memcpy(out + at, t, n - at < PV_HASH ? n - at : PV_HASH);
	}
	mac_begin(ctx, (const char *)wiped, sizeof(wiped));
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(t, sizeof(t));
}
