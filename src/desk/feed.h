/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a partner's gateway keeps a copy of our order log up to date over a
 * network: it asks with a line that its gateway has signed, and is given the
 * bundle that `proviso export --for PARTY` would write. What it learns is
 * checked as a bundle that came as a file is.
 */
#ifndef PV_DESK_FEED_H
#define PV_DESK_FEED_H

#include "desk/desk.h"

#define PV_FEED_ASK_MAX 4096
#define PV_FEED_LIFE_S \
	120 /* of a question: TLS keeps others from hearing it, this from using it later */
#define PV_FEED_PATH "/exchange/v1/follow"

/* The question to the authority of that order log. */
PV_RESULT pv_desk_feed_ask(
    struct pv_desk *d, struct pv_slice origin, struct pv_buf *note, struct pv_err *e);
/* The answer: signed by a gateway that our log knows, for its own party only. No key of ours is used before that is sure. */
PV_RESULT pv_desk_feed_answer(
    struct pv_desk *d, struct pv_slice note, struct pv_buf *bundle, struct pv_err *e);

/*
 * Asks each admitted authority whose party record has an address, when its copy here is older than its refresh time.
 * post() is one HTTPS POST; server_pin is the hex SHA-256 of the server's public key that a `key` record of use tls binds
 * to that party (empty: none; then a CA must vouch for it).
 */
struct pv_feed_post {
	PV_RESULT (*post)(void *ctx, struct pv_slice url, struct pv_slice server_pin,
	    struct pv_slice body, int *status, struct pv_buf *answer, struct pv_err *e);
	void *ctx;
};
struct pv_feed_round {
	unsigned asked, followed;
	struct pv_slice trouble; /* the last, in a */
};
PV_RESULT pv_desk_feed_round(struct pv_desk *d, const struct pv_feed_post *by, struct pv_arena *a,
    struct pv_feed_round *out, struct pv_err *e);
/*
 * Where a party's gateway is, and the hex SHA-256 of its server's public key (empty: not bound, a CA must vouch): by a
 * `key` record of use tls whose binding is the address and whose key is that digest, else by the nearest party record at or
 * above it that has an address.
 */
bool pv_gateway_of(
    struct pv_desk *d, struct pv_slice party, struct pv_slice *url, struct pv_slice *pin);

#endif
