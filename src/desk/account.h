/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts for clients that can only send a name and a password (HTTP Basic,
 * as TAXII clients do). Whose the account is stands in the order log (use
 * credential, binding: the name); the store has a hash of its password, by
 * scrypt. Passwords are made here and shown once.
 */
#ifndef PV_DESK_ACCOUNT_H
#define PV_DESK_ACCOUNT_H

#include "desk/caller.h"

/* 1 to PV_ACCOUNT_MAX printable ASCII characters, no colon (RFC 7617), no blank. */
bool pv_account_name_ok(struct pv_slice name);

/*
 * Gives the account a new password; the old one counts no more. *password is the caller's. Whether a record
 * binds the name is not asked: without one the password opens nothing. Journalled.
 */
PV_RESULT pv_desk_account_password(struct pv_desk *d, struct pv_slice name,
    const struct pv_caller *by, struct pv_secret **password, struct pv_err *e);

/* ---- inside of the desk ---- */

/* What the store has for that name; empty: nothing. */
PV_RESULT pv_account_hash(struct pv_desk *d, struct pv_slice name, struct pv_arena *a,
    struct pv_slice *hash, struct pv_err *e);
/* Runs scrypt, also when hash is empty: then the answer is no, and takes as long. */
bool pv_account_check(struct pv_slice hash, struct pv_slice password);

#endif
