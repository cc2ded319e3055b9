/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapping of key shares as OpenTDF does it (facts: TDF 4.3): RSA-OAEP with SHA-1 and MGF1-SHA-1 under "rsa:2048"
 * keys, and "ec-wrapped" under P-256: ECDH x coordinate, HKDF-SHA256 with salt SHA-256("TDF"), AES-256-GCM, 60 bytes
 * for a share of 32. Keys may be used from several threads.
 */
#ifndef PV_CRYPTO_WRAP_H
#define PV_CRYPTO_WRAP_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"

#define PV_WRAP_KID 16  /* characters of a kid */
#define PV_WRAP_MAX 128 /* bytes of a secret that can be wrapped */

struct pv_wrap_pub;
struct pv_wrap_key; /* the private half with the public one */

/* ---- keys ---- */

/* PEM of an SPKI or of a certificate (whose signature and dates are not looked at); RSA of 2048 to 8192 bits, or P-256. */
PV_RESULT pv_wrap_pub_read(struct pv_wrap_pub **out, struct pv_slice pem, struct pv_err *e);
PV_RESULT pv_wrap_pub_read_der(struct pv_wrap_pub **out, struct pv_slice spki, struct pv_err *e);
void pv_wrap_pub_free(struct pv_wrap_pub *k);
void pv_wrap_pub_freep(struct pv_wrap_pub **k);
enum pv_key_kind pv_wrap_pub_kind(const struct pv_wrap_pub *k); /* PV_KEY_RSA or PV_KEY_P256 */
const char *pv_wrap_pub_algorithm(
    const struct pv_wrap_pub *k); /* "rsa:2048", "rsa:4096", "ec:secp256r1" */
struct pv_slice pv_wrap_pub_spki(const struct pv_wrap_pub *k);           /* DER, owned by k */
void pv_wrap_pub_write(struct pv_buf *out, const struct pv_wrap_pub *k); /* PEM */
const char *pv_wrap_pub_kid(
    const struct pv_wrap_pub *k); /* PV_WRAP_KID hex digits: SHA-256 of the SPKI begins so */

/* kind: PV_KEY_RSA (2048 bits, 0.1 to 1 s) or PV_KEY_P256. Randomness is libcrypto's own. */
PV_RESULT pv_wrap_key_new(struct pv_wrap_key **out, enum pv_key_kind kind, struct pv_err *e);
PV_RESULT pv_wrap_key_read(
    struct pv_wrap_key **out, const struct pv_secret *pkcs8, struct pv_err *e); /* DER */
/* From an unlocked key file. */
PV_RESULT pv_wrap_key_load(
    struct pv_wrap_key **out, const struct pv_keyfile *file, struct pv_err *e);
struct pv_secret *pv_wrap_key_pkcs8(const struct pv_wrap_key *k); /* the caller's */
struct pv_keyfile *pv_wrap_key_file(
    struct pv_slice name, const struct pv_wrap_key *k); /* to be saved; the caller's */
void pv_wrap_key_free(struct pv_wrap_key *k);
void pv_wrap_key_freep(struct pv_wrap_key **k);
const struct pv_wrap_pub *pv_wrap_key_pub(const struct pv_wrap_key *k); /* owned by k */

/* ---- wrapping ---- */

/* Appends the wrapped bytes. */
PV_RESULT pv_wrap_rsa(struct pv_buf *out, const struct pv_wrap_pub *to,
    const struct pv_secret *share, struct pv_err *e);
/* One answer, UNTRUSTED, whatever is wrong. */
PV_RESULT pv_unwrap_rsa(struct pv_secret **out, const struct pv_wrap_key *key,
    struct pv_slice wrapped, struct pv_err *e);

/* Between key and peer, either the sender's ephemeral private key and the recipient's public one, or the other way round. */
PV_RESULT pv_wrap_ec(struct pv_buf *out, const struct pv_wrap_key *ephemeral,
    const struct pv_wrap_pub *to, const struct pv_secret *share, const struct pv_env *env,
    struct pv_err *e);
PV_RESULT pv_unwrap_ec(struct pv_secret **out, const struct pv_wrap_key *key,
    const struct pv_wrap_pub *ephemeral, struct pv_slice wrapped, struct pv_err *e);

/* The raw ECDH secret (x, 32 bytes) of two P-256 keys: to derive from, never to be used as it is. */
PV_RESULT pv_wrap_shared(struct pv_secret **out, const struct pv_wrap_key *mine,
    const struct pv_wrap_pub *theirs, struct pv_err *e);

/* Whichever fits the key: for P-256 a fresh ephemeral key is made and its PEM appended to ephemeral_pem, for RSA nothing. */
PV_RESULT pv_wrap(struct pv_buf *out, struct pv_buf *ephemeral_pem, const struct pv_wrap_pub *to,
    const struct pv_secret *share, const struct pv_env *env, struct pv_err *e);
/* ephemeral_pem is empty for RSA. */
PV_RESULT pv_unwrap(struct pv_secret **out, const struct pv_wrap_key *key, struct pv_slice wrapped,
    struct pv_slice ephemeral_pem, struct pv_err *e);

#endif
