/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/scrypt.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "crypto/fail.h"

struct pv_secret *
pv_scrypt(struct pv_slice text, const uint8_t salt[PV_SCRYPT_SALT], uint64_t cost, size_t n)
{
	struct pv_secret *out = pv_secret_new(n);
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	union {
		const void *in;
		void *out;
	} p = { .in = text.n > 0 ? text.p : "" }, s = { .in = salt }; /* libcrypto reads only */
	uint64_t r = 8, one = 1, most = 128 * 8 * cost + (1u << 20);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, p.out, text.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, s.out, PV_SCRYPT_SALT),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &one),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
		OSSL_PARAM_construct_end(),
	};

	PV_CRYPTO_MUST(
	    ctx != NULL && EVP_KDF_derive(ctx, pv_secret_bytes(out), n, params) == 1, "scrypt");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return out;
}
