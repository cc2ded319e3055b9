/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doors: whether mail, a page or a file may pass between two who are known by
 * their domain, certificate, address or header (DESIGN 8). A door is not a
 * release: it asks for freshness and orders only, and only between parties of
 * the records. Nothing that somebody says of himself proves who he is: all that
 * is known of him is looked at, and any of it can refuse.
 */
#ifndef PV_DESK_DOOR_H
#define PV_DESK_DOOR_H

#include "desk/desk.h"

struct pv_doors; /* who is who, kept with the desk */
void pv_doors_free(struct pv_doors *x);

/* Zero refuses. */
enum pv_door_say { PV_DOOR_REFUSE = 0, PV_DOOR_LATER, PV_DOOR_PASS };
extern const char *const pv_door_say_words[]; /* "refuse", "later", "pass" */

struct pv_door_ask {
	struct pv_slice channel; /* mail, web, file */
	/* mail: addresses of the envelope; an empty sender is nobody's. At delivery there is no sender. */
	struct pv_slice sender, recipient;
	bool delivery;         /* the sender is this house */
	struct pv_slice house; /* who gives or takes here; empty: the party of this home */
	/* Who is at the other end: IP address, hex SHA-256 of a certificate's public key, "name=value" of headers. */
	struct pv_slice address, spki;
	struct pv_names headers;
	enum pv_direction direction;            /* web, file: what this house does */
	struct pv_slice topic, region, purpose; /* what a route says; empty: not said */
};

struct pv_door_answer {
	enum pv_door_say say;
	bool known; /* both ends are parties of the records */
	bool
	    held; /* later, because of an order: it covers somebody of this house, and who gives is not known */
	/* Not passed: what may be told to anybody. An order only when it is public. */
	struct pv_slice order, issuer, desk; /* desk: whom to ask, as the issuer's record has it */
	struct pv_slice reference;
	/* For the journal, never for who is at the door. */
	struct pv_slice giver, taker;
	struct pv_slice decision; /* JSON */
};

/* From memory: nothing is read but what other processes may have appended, nothing is written. */
PV_RESULT pv_desk_door(struct pv_desk *d, const struct pv_door_ask *ask, struct pv_arena *a,
    struct pv_door_answer *out, struct pv_err *e);
/* Of a refusal, for the journal: {"channel":...,"door":...,"from":...,"to":...,"reference":...}. */
struct pv_slice pv_door_detail(
    const struct pv_door_ask *ask, const struct pv_door_answer *answer, struct pv_arena *a);
/* Short enough for the telephone, random, so it says nothing: it leads to the journal's entry of a refusal. */
struct pv_slice pv_door_reference(const struct pv_desk *d, struct pv_arena *a);

#endif
