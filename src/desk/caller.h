/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls through a gateway. A credential is bound to a party by a `key`
 * record of the own log (use credential, tls, issuer, gateway), or is a short
 * token minted here within such a binding. Who it is says only what may be
 * asked for; every report is decided all the same.
 */
#ifndef PV_DESK_CALLER_H
#define PV_DESK_CALLER_H

#include "base/arena.h"
#include "base/err.h"
#include "core/record.h"
#include "desk/desk.h"

/* Besides those of core/record.h: a partner's gateway, or one of our own, by a key of use gateway. */
#define PV_ROLE_GATEWAY 16
#define PV_ROLE_ANY \
	(PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR | PV_ROLE_GATEWAY)

/* As it was presented; the front has proved a certificate's possession, nothing else. */
enum pv_credential_kind { PV_CRED_NONE = 0, PV_CRED_TLS, PV_CRED_BEARER, PV_CRED_BASIC };
struct pv_credential {
	enum pv_credential_kind kind;
	struct pv_slice text;   /* hex SHA-256 of the certificate's SPKI; the token; the user */
	struct pv_slice secret; /* BASIC: the password */
	struct pv_slice peer;   /* address */
};

struct pv_caller {
	bool known;         /* false: nobody; nothing else is set */
	struct pv_slice id; /* what bound it: a record's id, or a token's */
	struct pv_slice party, person;
	unsigned roles;           /* PV_ROLE_... */
	bool own;                 /* party is of this home's authority: at or below its party */
	struct pv_names purposes; /* the only ones it may state; none: has_purposes false */
	bool has_purposes;
	uint64_t until_s; /* PV_NEVER: no end */
};

/* PV_DONE with out->known false: not one that is known here. No private key is used and nothing is written. */
PV_RESULT pv_desk_caller(struct pv_desk *d, const struct pv_credential *c, struct pv_arena *a,
    struct pv_caller *out, struct pv_err *e);
/* May who ask about party (itself and below; officers and overseers of the own authority about anybody)? */
bool pv_caller_speaks_for(const struct pv_caller *who, struct pv_slice party);
bool pv_caller_may_state(const struct pv_caller *who, struct pv_slice purpose);

#endif
