/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passports (DESIGN 7): a person authenticates at the own agency's gateway,
 * which decides for its own orders (take) and then issues a signed token for
 * one foreign order log and one purpose, which lives at most L and never longer
 * than the proof of the order log on which the decision stood. The foreign
 * gateway accepts it from an issuer that its own log binds, for the parties it
 * binds it to, and cuts its life to its own L.
 *
 * A gateway that calls another says who it is in the same form, for a minute.
 */
#ifndef PV_DESK_PASSPORT_H
#define PV_DESK_PASSPORT_H

#include "crypto/jwt.h"
#include "desk/binding.h"

#define PV_PASSPORT_TYP    "proviso-passport+jwt"
#define PV_GATEWAY_TYP     "proviso-gateway+jwt"
#define PV_PASSPORT_LIFE_S 3600 /* the longest, however long L is */
#define PV_GATEWAY_LIFE_S  60

struct pv_passport_ask {
	struct pv_slice audience; /* the order log where it will be shown: "us/orders" */
	struct pv_slice purpose;
	unsigned roles; /* 0: analyst */
	uint64_t ttl_s; /* 0: as long as it may */
};
struct pv_passport_answer {
	bool issued;
	struct pv_slice id, token;
	uint64_t until_s;
	struct pv_told refused; /* by our own orders */
	uint64_t journal_index;
};
/* For somebody of the own authority. Decided, journalled, looked at again, then signed. */
PV_RESULT pv_desk_passport(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_passport_ask *ask, struct pv_arena *a, struct pv_passport_answer *out,
    struct pv_err *e);

/*
 * Exchange (RFC 8693): for another audience a passport; for our own (or none named) a token of ours within the same
 * binding. It only narrows: party, person as they are, roles and purposes of those there are, no longer life.
 */
struct pv_exchange_ask {
	struct pv_slice audience;
	struct pv_names purposes;
	unsigned roles;
	uint64_t ttl_s;
};
struct pv_exchange_answer {
	bool issued, passport;
	struct pv_slice token; /* in the arena: it is on its way out */
	uint64_t until_s;
	struct pv_names purposes;
	unsigned roles;
	struct pv_told refused;
};
PV_RESULT pv_desk_exchange(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_exchange_ask *ask, struct pv_arena *a, struct pv_exchange_answer *out,
    struct pv_err *e);

/* Says to the gateway of that order log that we are ours; not journalled. */
PV_RESULT pv_desk_gateway_token(struct pv_desk *d, struct pv_slice audience, struct pv_arena *a,
    struct pv_slice *token, struct pv_err *e);

/* ---- inside of the desk ---- */

/* The same of a desk that is elsewhere: for whoever the credential is of. */
PV_RESULT pv_remote_passport(struct pv_desk *d, const struct pv_passport_ask *ask,
    struct pv_arena *a, struct pv_passport_answer *out, struct pv_err *e);

/* Who holds that passport, or that gateway's token; out->known false: nobody. */
void pv_passport_caller(
    struct pv_desk *d, const struct pv_jwt *t, struct pv_arena *a, struct pv_caller *out);

#endif
