/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenID Connect issuers: a `key` record of use issuer whose binding is
 * "URL#AUDIENCE" (without #AUDIENCE: this home's order log's name) lets the
 * issuer at that URL vouch for the record's party and those below it, within
 * the record's roles and purposes. Claims say the rest (docs/protocol/identity.md).
 * Inside of the desk.
 */
#ifndef PV_DESK_ISSUER_H
#define PV_DESK_ISSUER_H

#include "crypto/jwt.h"
#include "desk/binding.h"

/* Splits "URL#AUDIENCE"; false: not the binding of such an issuer. */
bool pv_issuer_binding(struct pv_slice binding, struct pv_slice origin, struct pv_slice *url,
    struct pv_slice *audience);

/* Who holds that token of an issuer; out->known false: nobody. */
void pv_issuer_caller(struct pv_desk *d, const struct pv_jwt *t, bool may_wait, struct pv_arena *a,
    struct pv_caller *out, bool *slow);

/* Where an issuer says its keys are: of the discovery document at URL, which must be of that issuer. The text in a. */
PV_RESULT pv_issuer_discover(struct pv_slice json, struct pv_slice url, struct pv_arena *a,
    struct pv_slice *jwks_uri, struct pv_err *e);

#endif
