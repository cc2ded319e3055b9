/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key at rest, as a small text file of mode 0600:
 *
 *	proviso-key 1
 *	name co/officer1
 *	kind ed25519
 *	public co/officer1+530d903a+AekyeRrm...      (a vkey; of p256 and rsa the base64 of the SPKI)
 *	lock scrypt 32768 8 1 <salt> <check>         (or: lock none)
 *	secret <base64>                              (Ed25519 seed, else PKCS #8; IV || AES-256-GCM || tag when locked)
 *	sum <hex>                                    (of the lines above: tells damage from a wrong passphrase)
 *
 * Name, kind and public half are bound to the secret (AAD), so they can be trusted once it is open.
 */
#ifndef PV_CRYPTO_KEYFILE_H
#define PV_CRYPTO_KEYFILE_H

#include "base/env.h"
#include "base/err.h"
#include "base/slice.h"
#include "crypto/secret.h"
#include "crypto/sign.h"

#define PV_KEYFILE_MAX 16384 /* bytes */

enum pv_key_kind { PV_KEY_NONE = 0, PV_KEY_ED25519, PV_KEY_P256, PV_KEY_RSA };

struct pv_keyfile; /* owns what it holds */

/* Refuses a file that others can read or write (CONFIG, "chmod 600 ..."). A locked one comes back locked. */
PV_RESULT pv_keyfile_load(struct pv_keyfile **out, const char *path, struct pv_err *e);
/* The text of one. UNTRUSTED when it is damaged. */
PV_RESULT pv_keyfile_read(struct pv_keyfile **out, struct pv_slice text, struct pv_err *e);
void pv_keyfile_free(struct pv_keyfile *k);
void pv_keyfile_freep(struct pv_keyfile **k);

/* To make one: name as a vkey's. */
struct pv_keyfile *pv_keyfile_of_pair(struct pv_slice name, const struct pv_pair *pair);
/* P-256 and RSA: spki is the DER of the public half, pkcs8 the private key (crypto/wrap.h has both). */
struct pv_keyfile *pv_keyfile_of_der(struct pv_slice name, enum pv_key_kind kind,
    struct pv_slice spki, const struct pv_secret *pkcs8);

struct pv_slice pv_keyfile_name(const struct pv_keyfile *k);
enum pv_key_kind pv_keyfile_kind(const struct pv_keyfile *k);
struct pv_slice pv_keyfile_public(const struct pv_keyfile *k); /* the vkey; base64 of the SPKI */
bool pv_keyfile_locked(const struct pv_keyfile *k);

/* INPUT "wrong passphrase ..." when it is; UNTRUSTED when the file was changed. Fine when not locked. About 130 ms. */
PV_RESULT pv_keyfile_unlock(
    struct pv_keyfile *k, const struct pv_secret *passphrase, struct pv_err *e);
/* The seed, or the PKCS #8; NULL while locked. Owned by k. */
const struct pv_secret *pv_keyfile_secret(const struct pv_keyfile *k);
/* The pair of an unlocked Ed25519 key; the caller's. */
PV_RESULT pv_keyfile_pair(struct pv_pair **out, const struct pv_keyfile *k, struct pv_err *e);

/* The text, locked under passphrase unless that is NULL. k must be unlocked. */
PV_RESULT pv_keyfile_write(struct pv_buf *out, const struct pv_keyfile *k,
    const struct pv_secret *passphrase, const struct pv_env *env, struct pv_err *e);
/* A new file, durable, mode 0600; never over another (INPUT). */
PV_RESULT pv_keyfile_save(const char *path, const struct pv_keyfile *k,
    const struct pv_secret *passphrase, const struct pv_env *env, struct pv_err *e);
/* Either NULL: not locked. The file is replaced as a whole or stays as it was. */
PV_RESULT pv_keyfile_change(const char *path, const struct pv_secret *from,
    const struct pv_secret *to, const struct pv_env *env, struct pv_err *e);

#endif
