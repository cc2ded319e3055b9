/* SPDX-License-Identifier: Apache-2.0 */
/* Large worlds from a seed, for measuring, and requests in them. */
#ifndef PV_TESTS_DECIDE_BIG_H
#define PV_TESTS_DECIDE_BIG_H

#include "world.h"

enum big_profile {
	BIG_SPREAD = 0, /* rules all over the trees of parties */
	BIG_SAFE,       /* all orders on one pair of roots, each sparing safety of life */
	BIG_CROWD,      /* the same pair, each with its own scopes, exceptions and times */
	BIG_NARROW, /* and each with topic, region and purposes, so that most requests meet none */
	BIG_PROFILES,
};
const char *big_profile_name(enum big_profile p);

struct big {
	enum big_profile profile;
	size_t parties, agreements, orders;
	uint64_t seed;

	struct world *w;
	struct chance c;
	struct pv_slice *party, *topic, *region, *purpose,
	    *channel;            /* sorted, what is below a name after it */
	struct pv_slice root[2]; /* two parties above others */
	size_t topics, regions, purposes, channels;
};

/* Fills in the rest of b; world_free(b->w) and big_clear(b) release it. */
void big_make(struct big *b);
void big_clear(struct big *b);
/*
 * Fills in n requests. Half are near an agreement, a quarter near an order. broad: the recipient
 * is a root.
 */
void big_ask(struct big *b, struct pv_request *out, size_t n, bool broad);

#define BIG_NOW 1000

#endif
