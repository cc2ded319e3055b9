/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 (RFC 8032). About 57 us to sign, 140 us to verify. A pair may be used from several threads. */
#ifndef PV_CRYPTO_SIGN_H
#define PV_CRYPTO_SIGN_H

#include <stdint.h>

#include "base/env.h"
#include "base/slice.h"
#include "crypto/secret.h"

#define PV_SIGN_PUB  32
#define PV_SIGN_SEED 32
#define PV_SIGN_SIG  64

struct pv_pair; /* a private key with its public half */

struct pv_pair *pv_pair_new(const struct pv_env *env);
/* seed must hold PV_SIGN_SEED bytes. */
struct pv_pair *pv_pair_of(const struct pv_secret *seed);
void pv_pair_free(struct pv_pair *k);
void pv_pair_freep(struct pv_pair **k);
const uint8_t *pv_pair_pub(const struct pv_pair *k);           /* PV_SIGN_PUB bytes */
const struct pv_secret *pv_pair_seed(const struct pv_pair *k); /* owned by k */
void pv_pair_sign(const struct pv_pair *k, struct pv_slice msg, uint8_t sig[PV_SIGN_SIG]);

/* False for a key of small order, which signs everything. */
bool pv_sign_pub_ok(const uint8_t pub[PV_SIGN_PUB]);
/* Is sig (of any length) this key's signature of msg? Never for a key of small order. */
bool pv_sign_verify(const uint8_t pub[PV_SIGN_PUB], struct pv_slice msg, struct pv_slice sig)
    __attribute__((warn_unused_result));

#endif
