/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that were verified less than a minute ago, and whose they are: a
 * password costs 120 ms. Kept under an HMAC with a key of this process, never as
 * they are; all are forgotten when a log of orders moves, since a key record may
 * have been revoked in it.
 */
#ifndef PV_GATEWAY_LOGINS_H
#define PV_GATEWAY_LOGINS_H

#include "base/env.h"
#include "crypto/hash.h"
#include "desk/caller.h"

struct pv_logins; /* locked inside */

/* One verified credential; shared, counted. */
struct pv_known {
	struct pv_caller who;
	uint64_t until_ms; /* monotonic */
};

struct pv_logins *pv_logins_new(const struct pv_env *env);
void pv_logins_free(struct pv_logins *c);
void pv_logins_digest(
    struct pv_logins *c, const struct pv_credential *credential, uint8_t digest[PV_HASH]);
/* NULL: not there, or too old. The caller gives it back. */
struct pv_known *pv_logins_get(struct pv_logins *c, const uint8_t digest[PV_HASH], uint64_t now_ms);
/* A number that pv_logins_forget() moves: who looks a credential up takes it first and hands it in with the answer. */
uint64_t pv_logins_epoch(struct pv_logins *c);
/* Copies who. It is remembered unless all was forgotten since epoch. The caller gives it back. */
struct pv_known *pv_logins_put(struct pv_logins *c, const uint8_t digest[PV_HASH],
    const struct pv_caller *who, uint64_t epoch, uint64_t now_ms, uint64_t now_s);
struct pv_known *pv_known_take(struct pv_known *k);
void pv_known_give(struct pv_known *k);
void pv_logins_forget(struct pv_logins *c);
size_t pv_logins_count(struct pv_logins *c);

#endif
