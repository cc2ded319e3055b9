/* SPDX-License-Identifier: Apache-2.0 */
/* scrypt (RFC 7914) with r = 8, p = 1: what passphrases and passwords go through. cost is N; 32,768 takes 32 MiB and 130 ms. */
#ifndef PV_CRYPTO_SCRYPT_H
#define PV_CRYPTO_SCRYPT_H

#include <stdint.h>

#include "crypto/secret.h"

#define PV_SCRYPT_COST 32768u
#define PV_SCRYPT_SALT 16 /* bytes */

/* n bytes; the caller's. */
struct pv_secret *pv_scrypt(
    struct pv_slice text, const uint8_t salt[PV_SCRYPT_SALT], uint64_t cost, size_t n);

#endif
