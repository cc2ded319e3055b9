/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM in the form of a TDF segment: IV (12 bytes), ciphertext, tag (16). One object a key, for any
 * number of segments; used by one thread at a time.
 */
#ifndef PV_CRYPTO_AEAD_H
#define PV_CRYPTO_AEAD_H

#include "base/env.h"
#include "base/slice.h"
#include "crypto/secret.h"

#define PV_AEAD_KEY  32
#define PV_AEAD_IV   12
#define PV_AEAD_TAG  16
#define PV_AEAD_OVER (PV_AEAD_IV + PV_AEAD_TAG) /* what sealing adds */

struct pv_aead;

struct pv_aead *pv_aead_new(const struct pv_secret *key); /* PV_AEAD_KEY bytes */
void pv_aead_free(struct pv_aead *a);
void pv_aead_freep(struct pv_aead **a);

/* Writes plain.n + PV_AEAD_OVER bytes to out. plain may stand at out + PV_AEAD_IV, else they do not overlap. At most 1 GiB. */
void pv_aead_seal(struct pv_aead *a, const uint8_t iv[PV_AEAD_IV], struct pv_slice aad,
    struct pv_slice plain, uint8_t *out);
/* A fresh IV from env. */
void pv_aead_seal_fresh(struct pv_aead *a, const struct pv_env *env, struct pv_slice aad,
    struct pv_slice plain, uint8_t *out);
/*
 * Writes sealed.n - PV_AEAD_OVER bytes to out, which may be the ciphertext's own place. False, and out wiped, when it is
 * not what this key sealed.
 */
bool pv_aead_open(struct pv_aead *a, struct pv_slice aad, struct pv_slice sealed, uint8_t *out)
    __attribute__((warn_unused_result));
/* The tag of a sealed segment, for GMAC segment hashes. */
struct pv_slice pv_aead_tag(struct pv_slice sealed);

#endif
