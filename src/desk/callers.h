/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered between calls (struct pv_callers). Inside of the desk. */
#ifndef PV_DESK_CALLERS_H
#define PV_DESK_CALLERS_H

#include "crypto/jwt.h"
#include "desk/caller.h"
#include "store/store.h"

/* The desk's, made when there is none yet. */
struct pv_callers *pv_callers_of(struct pv_desk *d);

/*
 * Passwords that were verified. what: all that the answer rested on (the record, the name, the password, the stored
 * hash), so that a change of any of them is another question. Kept for a minute, as a MAC under a key of this process.
 */
#define PV_VERIFIED_S 60
bool pv_callers_verified(struct pv_callers *c, const struct pv_slice *what, size_t n);
void pv_callers_verify(struct pv_callers *c, const struct pv_slice *what, size_t n);

/*
 * Whether scrypt may run now for somebody at that address: eight at once and then one a second for an address, twelve
 * and then four a second for all. take: it will.
 */
bool pv_callers_may_try(struct pv_callers *c, struct pv_slice peer, bool take);

/*
 * Whether a key of that issuer signed the token. Its keys are fetched when there are none, when the token names one that
 * is not among them, or when they are ten minutes old: at most once a minute. None that is older than an hour counts.
 * may_wait false: what would be fetched is left, *slow.
 */
bool pv_callers_signed(struct pv_callers *c, struct pv_slice issuer, const struct pv_jwt *t,
    bool may_wait, bool *slow);

/* Goes with every change of tokens and passwords: META "callers", another body each time, for who keeps answers of ours. */
struct pv_store_change pv_callers_moved_row(struct pv_desk *d, struct pv_arena *a);

#endif
