/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worlds in which index and trees matter: the engine against the slow
 * evaluator, and what a decision may read at most, however many orders there
 * are. What it reads is counted, so it is the same on every machine.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "big.h"
#include "slow.h"
#include "tap.h"

#define ASKS 4000

/* DESIGN 13 */
#define MOST_READ 300

struct cost {
	uint32_t most;
	double mean;
};

static struct cost
cost_of(struct big *b, bool broad)
{
	struct pv_request *asks = pv_alloc_n(ASKS, sizeof(*asks));
	struct pv_origins in = world_origins(b->w);
	struct cost c = { 0 };

	big_ask(b, asks, ASKS, broad);
	for (size_t i = 0; i < ASKS; i++) {
		struct pv_decision d = { 0 };
		asks[i].first_only = true;
		pv_decide(&in, &asks[i], &d);
		c.most = d.entries_read > c.most ? d.entries_read : c.most;
		c.mean += (double)d.entries_read / ASKS;
	}
	pv_free(asks);
	return c;
}

static void
test_reading(enum big_profile profile, size_t orders)
{
	struct big b = { .profile = profile,
		.parties = 20000,
		.agreements = orders / 10,
		.orders = orders,
		.seed = 7 };
	struct cost c;

	big_make(&b);
	world_compile(b.w);
	c = cost_of(&b, false);
	tap_ok(c.most <= MOST_READ && c.mean > 0,
	    "%s, %zu orders: a decision reads %.1f rules, %u at most", big_profile_name(profile),
	    orders, c.mean, c.most);
	c = cost_of(&b, true);
	tap_ok(c.most <= MOST_READ, "%s, %zu orders: for a broad recipient %.1f, %u at most",
	    big_profile_name(profile), orders, c.mean, c.most);
	world_free(b.w);
	big_clear(&b);
}

static void
test_agreeing(enum big_profile profile)
{
	struct big b = {
		.profile = profile, .parties = 600, .agreements = 300, .orders = 400, .seed = 11
	};
	struct pv_request *asks = pv_alloc_n(ASKS, sizeof(*asks));
	const struct pv_state *logs[1];
	size_t wrong = 0, decided = 0;
	struct pv_origins in;

	big_make(&b);
	world_compile(b.w);
	in = world_origins(b.w);
	logs[0] = b.w->logs[0];
	big_ask(&b, asks, ASKS / 100, false);
	big_ask(&b, asks + ASKS / 100, ASKS / 100, true);
	for (size_t i = 0; i < ASKS / 50; i++) {
		struct pv_decision d = { 0 };
		struct slow_answer want = slow_decide(logs, 1, &asks[i]);
		pv_decide(&in, &asks[i], &d);
		wrong += d.reason != want.reason;
		decided += want.reason != PV_WHY_NO_AGREEMENT;
	}
	tap_ok(wrong == 0 && decided > ASKS / 200,
	    "%s: the slow evaluator agrees (%zu of %d not for want of an agreement)",
	    big_profile_name(profile), decided, ASKS / 50);
	world_free(b.w);
	big_clear(&b);
	pv_free(asks);
}

int
main(void)
{
	for (enum big_profile p = BIG_SPREAD; p < BIG_PROFILES; p++) {
		test_agreeing(p);
		test_reading(p, 20000);
	}
	return tap_done();
}
