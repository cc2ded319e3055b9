/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/chores.h"

#include "base/mem.h"
#include "desk/feed.h"
#include "desk/gateway_state.h"
#include "desk/logs.h"
#include "desk/service.h"

struct pv_chores {
	struct pv_desk *desk;
	struct pv_service *service;
	struct pv_outside *outside;
	const struct pv_logger *log;
	struct pv_keeper_stats *stats;
	struct pv_arena *a; /* of a turn */
	int was_open;       /* -1: not known yet */
	unsigned turn;
};

struct pv_chores *
pv_chores_new(struct pv_desk *d, struct pv_service *service, struct pv_outside *outside,
    const struct pv_logger *log, struct pv_keeper_stats *stats)
{
	struct pv_chores *c = PV_NEW(struct pv_chores);

	*c = (struct pv_chores){ .desk = d,
		.service = service,
		.outside = outside,
		.log = log,
		.stats = stats,
		.a = pv_arena_new(),
		.was_open = -1 };
	return c;
}

void
pv_chores_free(struct pv_chores *c)
{
	if (c == NULL)
		return;
	pv_arena_free(c->a);
	pv_free(c);
}

/* Keeps the own order log's proof young, and says in the log when the gateway opens or closes. */
static void
look_at_lease(struct pv_chores *c)
{
	const struct pv_call *call = pv_call_find("gateway.state");
	static const struct pv_caller nobody = { .known = false };
	struct pv_gateway_state state = { 0 };
	struct pv_call_run run = { .d = c->desk, .who = &nobody, .answer = &state, .a = c->a };
	struct pv_err e = { 0 };

	if (call == NULL || !pv_ok(call->run(&run, &e))) {
		pv_log_err(c->log, PV_LOG_WARNING, "the gateway's state is not known", &e);
		state.open = false;
	}
	pv_count_set(&c->stats->open, state.open);
	pv_count_set(&c->stats->lease_age_s, state.origin_count != 0 ? state.origins[0].age_s : 0);
	if (c->was_open != (int)state.open)
		pv_log(c->log, state.open ? PV_LOG_NOTICE : PV_LOG_WARNING,
		    state.open ? "open" : "closed: nothing is released", NULL);
	c->was_open = state.open;
}

static void
follow_partners(struct pv_chores *c)
{
	struct pv_feed_post by = { pv_outside_post_pinned, c->outside };
	struct pv_feed_round round = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_desk_feed_round(c->desk, &by, c->a, &round, &e)))
		pv_log_err(c->log, PV_LOG_WARNING, "partners' order logs were not followed", &e);
	else if (round.trouble.n != 0)
		pv_log(c->log, PV_LOG_INFO, "a partner's order log was not followed", "why",
		    pv_arena_str(c->a, round.trouble), NULL);
}

static void
ask_witnesses(struct pv_chores *c)
{
	struct pv_witness_post by = { pv_outside_post, c->outside };
	struct pv_witness_round round = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_desk_witness_round(c->desk, &by, c->a, &round, &e)))
		pv_log_err(c->log, PV_LOG_WARNING, "witnesses were not asked", &e);
	else if (round.trouble.n != 0)
		pv_log(c->log, PV_LOG_INFO, "a witness did not cosign", "why",
		    pv_arena_str(c->a, round.trouble), NULL);
}

void
pv_chores_turn(struct pv_chores *c)
{
	pv_arena_reset(c->a);
	look_at_lease(c);
	follow_partners(c);
	if (c->turn % 10 == 0)
		ask_witnesses(c);
	if (c->turn % 10 == 5)
		pv_service_sweep(c->service, c->desk);
	c->turn++;
}
