/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own tokens: random, short-lived, stored as a digest only. One is minted
 * within a binding that stands in the order log (a key record of use
 * credential, tls or issuer) and takes only away from it: party, roles,
 * purposes, life. It ends with its binding.
 */
#ifndef PV_DESK_TOKEN_H
#define PV_DESK_TOKEN_H

#include "desk/binding.h"

#define PV_TOKEN_PREFIX PV_SLICE("pvt1_")
#define PV_TOKEN_LIFE_S (31 * 86400) /* the longest */
#define PV_TOKENS_MAX   1000         /* that are out, of one key record */

struct pv_token {
	struct pv_slice id, binding, party, person;
	struct pv_slice
	    parent; /* the token it was made from, and with which it is ended; empty: none */
	unsigned roles;
	struct pv_names purposes; /* none: those of the binding */
	uint64_t from_s, until_s;
	bool stands; /* of a list: the binding stands, too */
};

struct pv_token_ask {
	struct pv_slice of;            /* the key record; empty: one that grants all of this */
	struct pv_slice party, person; /* party empty: the binding's */
	struct pv_slice parent;        /* the id of the token it is made from; empty: none */
	unsigned roles;                /* 0: analyst */
	struct pv_names purposes;      /* none: those of the binding */
	uint64_t ttl_s;                /* 0: one hour */
	uint64_t until_s;              /* and not longer than that; 0: no such bound */
};
struct pv_token_answer {
	struct pv_token token;
	struct pv_secret *text; /* the caller's; shown once */
};
/* by: who asks, for the journal. Journalled before the token is told. */
PV_RESULT pv_desk_token_new(struct pv_desk *d, const struct pv_token_ask *ask,
    const struct pv_caller *by, struct pv_arena *a, struct pv_token_answer *out, struct pv_err *e);
/* Those that are not over. */
PV_RESULT pv_desk_tokens(struct pv_desk *d, struct pv_arena *a, const struct pv_token **tokens,
    size_t *n, struct pv_err *e);
/* With all that were made from it. *found false: no such token. Journalled. */
PV_RESULT pv_desk_token_end(struct pv_desk *d, struct pv_slice id, const struct pv_caller *by,
    bool *found, struct pv_err *e);

/* ---- inside of the desk ---- */

/* Who holds that token; out->known false: none that stands. */
PV_RESULT pv_token_caller(struct pv_desk *d, struct pv_slice text, struct pv_arena *a,
    struct pv_caller *out, struct pv_err *e);

/* The same three of a desk that is elsewhere. */
PV_RESULT pv_remote_token_new(struct pv_desk *d, const struct pv_token_ask *ask, struct pv_arena *a,
    struct pv_token_answer *out, struct pv_err *e);
PV_RESULT pv_remote_tokens(struct pv_desk *d, struct pv_arena *a, const struct pv_token **tokens,
    size_t *n, struct pv_err *e);
PV_RESULT pv_remote_token_end(struct pv_desk *d, struct pv_slice id, bool *found, struct pv_err *e);

#endif
