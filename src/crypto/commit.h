/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Salted commitments in the disclosure form of SD-JWT (RFC 9901 4.2): what is logged is the digest, what is given to
 * those entitled is the disclosure.
 *
 *	disclosure = base64url(["<base64url of a 16-byte salt>","name",value])
 *	digest     = base64url(SHA-256(the disclosure's characters))
 *
 * A fresh salt for each field of each entry: equal values must not look equal.
 */
#ifndef PV_CRYPTO_COMMIT_H
#define PV_CRYPTO_COMMIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define PV_COMMIT_SALT   16    /* bytes */
#define PV_COMMIT_DIGEST 43    /* characters */
#define PV_COMMIT_MAX    65536 /* characters of a disclosure */

/* Appends the disclosure. value is JSON text, taken as it is. */
void pv_commit_disclose(struct pv_buf *out, const uint8_t salt[PV_COMMIT_SALT],
    struct pv_slice name, struct pv_slice value);
void pv_commit_digest(char out[PV_COMMIT_DIGEST + 1], struct pv_slice disclosure);

struct pv_commit_field {
	struct pv_slice name;
	struct pv_slice value; /* JSON text */
	/* filled in by pv_commit_make: */
	struct pv_slice disclosure; /* in the arena */
	char digest[PV_COMMIT_DIGEST + 1];
};
/* All fields at once; salts holds count * PV_COMMIT_SALT random bytes, drawn together (8 draws cost 8 us, one costs 1). */
void pv_commit_make(
    struct pv_commit_field *fields, size_t count, const uint8_t *salts, struct pv_arena *a);

struct pv_commit_opening {
	uint8_t salt[PV_COMMIT_SALT];
	struct pv_slice name;  /* unescaped */
	struct pv_slice value; /* JSON text as it was committed; both in the arena */
};
/* Reads a disclosure, strictly: an array of salt (16 bytes), name, value. */
PV_RESULT pv_commit_read(struct pv_commit_opening *out, struct pv_slice disclosure,
    struct pv_arena *a, struct pv_err *e);
/* Is this what the digest (43 characters) committed to? */
bool pv_commit_matches(struct pv_slice disclosure, struct pv_slice digest)
    __attribute__((warn_unused_result));

#endif
