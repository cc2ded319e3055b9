/* SPDX-License-Identifier: Apache-2.0 */
/* For this room: what a key of a set is. */
#ifndef PV_CRYPTO_JWKS_H
#define PV_CRYPTO_JWKS_H

#include <openssl/evp.h>

#include "crypto/jwt.h"

enum pv_jwk_kind { PV_JWK_NONE = 0, PV_JWK_P256, PV_JWK_ED25519, PV_JWK_RSA };

struct pv_jwk {
	struct pv_buf kid; /* empty: none */
	enum pv_jwk_kind kind;
	enum pv_jwt_alg alg;      /* NONE: the set does not say */
	EVP_PKEY *key;            /* P256, RSA */
	uint8_t pub[PV_SIGN_PUB]; /* ED25519 */
};

/* Whether alg is one of that key. */
bool pv_jwk_fits(const struct pv_jwk *k, enum pv_jwt_alg alg);
enum pv_jwt_alg pv_jwt_alg_of(struct pv_slice name); /* NONE: not one of ours */

#endif
