/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed tokens: JWS in its compact form (RFC 7515) with claims (RFC 7519), as
 * RFC 8725 wants them read. ES256, EdDSA (Ed25519), RS256 and PS256, each with
 * keys of its own kind alone; "none" and HS* are no algorithms here. A token
 * never brings its key: jwk, jku, x5c and x5u are refused, and so are crit,
 * b64, zip, a nested token, duplicate members, any spelling of base64url but
 * the one. Reading verifies nothing: look at claims after pv_jwt_verify().
 */
#ifndef PV_CRYPTO_JWT_H
#define PV_CRYPTO_JWT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/secret.h"
#include "crypto/sign.h"

#define PV_JWT_MAX   8192  /* bytes of a token */
#define PV_JWKS_MAX  65536 /* bytes of a set of keys */
#define PV_JWKS_KEYS 32    /* keys of a set; what comes after them is not looked at */
#define PV_KID_MAX   200   /* bytes */

enum pv_jwt_alg { PV_JWT_NONE = 0, PV_JWT_ES256, PV_JWT_EDDSA, PV_JWT_RS256, PV_JWT_PS256 };
const char *pv_jwt_alg_name(enum pv_jwt_alg alg); /* "ES256" */

/* ---- keys ---- */

struct pv_jwk;  /* a public key, owned by its set */
struct pv_jwks; /* RFC 7517 */

/*
 * Keys that cannot verify here (symmetric, for encryption, of another curve, too short, private) are passed over. A set
 * in which two usable keys have one kid is refused; it may be empty.
 */
PV_RESULT pv_jwks_read(struct pv_jwks **out, struct pv_slice json, struct pv_err *e);
/* A set of one key: Ed25519. */
struct pv_jwks *pv_jwks_of(struct pv_slice kid, const uint8_t pub[PV_SIGN_PUB]);
void pv_jwks_free(struct pv_jwks *s);
void pv_jwks_freep(struct pv_jwks **s);
size_t pv_jwks_count(const struct pv_jwks *s);
/* By its kid, compared byte by byte. Without one: the only key for that algorithm, if there is one only. NULL. */
const struct pv_jwk *pv_jwks_find(
    const struct pv_jwks *s, struct pv_slice kid, enum pv_jwt_alg alg);
/* Appends {"crv":..,"kid":..,"kty":..,...} of an Ed25519 key, for others to verify with. */
void pv_jwk_write(struct pv_buf *out, struct pv_slice kid, const uint8_t pub[PV_SIGN_PUB]);

/* ---- reading ---- */

struct pv_jwt;

/* The form alone. INPUT when it is not such a token. */
PV_RESULT pv_jwt_read(struct pv_jwt **out, struct pv_slice text, struct pv_err *e);
void pv_jwt_free(struct pv_jwt *t);
void pv_jwt_freep(struct pv_jwt **t);
enum pv_jwt_alg pv_jwt_alg(const struct pv_jwt *t);
struct pv_slice pv_jwt_kid(const struct pv_jwt *t); /* empty: none; owned by t, as all of it */
/* Lower case, without "application/": "jwt", "at+jwt", ...; empty: none. */
struct pv_slice pv_jwt_typ(const struct pv_jwt *t);
/* Is it signed by that key, with an algorithm that is the key's? */
bool pv_jwt_verify(const struct pv_jwt *t, const struct pv_jwk *key)
    __attribute__((warn_unused_result));

/* ---- claims ---- */

/* Empty: not there, or no text. */
struct pv_slice pv_jwt_text(const struct pv_jwt *t, const char *claim);
bool pv_jwt_has(const struct pv_jwt *t, const char *claim);
/* NumericDate in whole seconds (a fraction is cut); false: not there, or no such number. */
bool pv_jwt_time(const struct pv_jwt *t, const char *claim, uint64_t *seconds);
/* A text, or a list of texts; in a. false: there, and neither. Not there: none, true. */
bool pv_jwt_texts(const struct pv_jwt *t, const char *claim, struct pv_arena *a,
    const struct pv_slice **out, size_t *n);

/*
 * The times: exp and iat must be there, exp after iat; not over at now_s, not from later than now_s + skew_s (iat, nbf).
 * An end is never stretched by skew.
 */
PV_RESULT pv_jwt_check_times(
    const struct pv_jwt *t, uint64_t now_s, uint64_t skew_s, struct pv_err *e);

/* ---- making ---- */

/* claims: a JSON object. typ: "JWT", ... */
void pv_jwt_sign(struct pv_buf *out, const char *typ, struct pv_slice kid, struct pv_slice claims,
    const struct pv_pair *pair);
/* ES256: pkcs8 is the DER of a P-256 key. */
PV_RESULT pv_jwt_sign_es256(struct pv_buf *out, const char *typ, struct pv_slice kid,
    struct pv_slice claims, const struct pv_secret *pkcs8, struct pv_err *e);

#endif
