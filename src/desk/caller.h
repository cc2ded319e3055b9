/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls through a gateway. A credential is bound to a party by a `key`
 * record of the own log (use credential, tls, issuer, gateway), or is a short
 * token minted here within such a binding. Who it is says only what may be
 * asked for; every report is decided all the same.
 * docs/protocol/identity.md has the forms.
 */
#ifndef PV_DESK_CALLER_H
#define PV_DESK_CALLER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/record.h"
#include "desk/desk.h"

/* Besides those of core/record.h: a partner's gateway, or one of our own, by a key of use gateway. */
#define PV_ROLE_GATEWAY 16
#define PV_ROLE_ANY \
	(PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR | PV_ROLE_GATEWAY)

#define PV_CREDENTIAL_MAX 8192 /* bytes of a token; more is nobody */
#define PV_ACCOUNT_MAX    200  /* bytes of a user's name, and of a password */

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
	uint64_t until_s;        /* PV_NEVER: no end */
	struct pv_slice binding; /* the key record it rests on; id itself unless that is a token */
	bool passport; /* came with a passport of another gateway, for this gateway alone */
};

/*
 * What is remembered between calls: passwords that were verified within a
 * minute (a keyed MAC of them), how often passwords were tried, the keys of
 * issuers. Any thread. A desk makes its own unless one is lent to it; desks of
 * one home share one.
 */
struct pv_callers;

/* How the keys of issuers are fetched: the whole answer of a GET, its status 200; DOWN else. It may wait. */
struct pv_callers_fetch {
	PV_RESULT (*get)(void *ctx, const char *url, struct pv_buf *out, struct pv_err *e);
	void *ctx;
};
/* fetch NULL: no issuer that needs it is known. */
struct pv_callers *pv_callers_new(const struct pv_env *env, const struct pv_callers_fetch *fetch);
void pv_callers_free(struct pv_callers *c);
void pv_callers_freep(struct pv_callers **c);
/* c must outlive the desk. */
void pv_desk_lend_callers(struct pv_desk *d, struct pv_callers *c);

/*
 * PV_DONE with out->known false: not one that is known here. No private key is used and nothing is written.
 * PV_E_LIMIT: passwords are tried too often, ask again in PV_CALLER_RETRY_S (429). It may wait: for scrypt (130 ms),
 * for an issuer's keys (seconds).
 */
#define PV_CALLER_RETRY_S 2
PV_RESULT pv_desk_caller(struct pv_desk *d, const struct pv_credential *c, struct pv_arena *a,
    struct pv_caller *out, struct pv_err *e);
/* The same, but what would wait is left: *slow, and out not known. pv_desk_caller() elsewhere remembers, then this knows. */
PV_RESULT pv_desk_caller_quick(struct pv_desk *d, const struct pv_credential *c, struct pv_arena *a,
    struct pv_caller *out, bool *slow, struct pv_err *e);

/* May who ask about party (itself and below; officers and overseers of the own authority about anybody)? */
bool pv_caller_speaks_for(const struct pv_caller *who, struct pv_slice party);
bool pv_caller_may_state(const struct pv_caller *who, struct pv_slice purpose);
/* The person at the tool, who holds the home's own files: all roles of its party. */
struct pv_caller pv_caller_local(const struct pv_desk *d, struct pv_slice person);

/* Its texts are copied into a, to live as long as that. */
void pv_caller_keep(struct pv_caller *who, struct pv_arena *a);
/* Words of roles, in the arena: "analyst", ..., "gateway". */
struct pv_names pv_role_names(unsigned roles, struct pv_arena *a);

#endif
