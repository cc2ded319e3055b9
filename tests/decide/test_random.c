/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine against the slow evaluator, on random worlds. A difference prints
 * the seed of its world and the number of the request:
 *   test_random --seed N [--worlds N]
 */
#include <inttypes.h>
#include <stdlib.h>

#include "core/explain.h"
#include "slow.h"
#include "tap.h"
#include "world.h"

#define ASKS 250

struct tally {
	uint64_t asked, differ, first_differ, overlaid;
	uint64_t reasons[PV_WHY_NOT_BARRED + 1], explained, explained_wrong;
};

static bool
same_ids(const struct pv_refs *got, const struct slow_id *want, size_t n)
{
	if (got->n != n || got->found < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (got->at[i].origin != want[i].origin || got->at[i].index != want[i].index)
			return false;
	return true;
}

static bool
has_id(const struct pv_refs *got, const struct slow_id *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (got->n != 0 && got->at[0].origin == want[i].origin &&
		    got->at[0].index == want[i].index)
			return true;
	return got->n == 0 && n == 0;
}

static void
print_ids(const char *what, const struct pv_refs *got, const struct slow_id *want, size_t n)
{
	printf("#   %s: got", what);
	for (size_t i = 0; i < got->n; i++)
		printf(" %zu/%" PRIu64, got->at[i].origin, got->at[i].index);
	printf(", want");
	for (size_t i = 0; i < n; i++)
		printf(" %zu/%" PRIu64, want[i].origin, want[i].index);
	printf("\n");
}

static struct pv_refs
stops_of(const struct pv_explanation *x, struct pv_arena *a)
{
	struct pv_refs refs = { .at = pv_arena_alloc_n(a, x->row_count, sizeof(*refs.at)) };

	for (size_t i = 0; i < x->row_count; i++)
		if (x->rows[i].step == PV_STEP_ORDERS && x->rows[i].effect == PV_EFFECT_STOP)
			refs.at[refs.n++] = x->rows[i].rule;
	refs.found = refs.n;
	return refs;
}

/* What denies, and by which rules; a denial says what would have to change. */
static void
check_explanation(const struct pv_origins *in, const struct pv_request *ask,
    const struct slow_answer *want, uint64_t seed, uint64_t number, struct tally *t)
{
	struct pv_arena *a = pv_arena_new();
	const struct pv_explanation *x = pv_explain(in, ask, a);
	struct pv_refs stops = stops_of(x, a);
	bool right = x->reason == want->reason &&
		     (x->answer == PV_RELEASE) == (want->reason >= PV_WHY_AGREEMENT) &&
		     (x->change_count != 0) == (x->answer == PV_REFUSE);

	if (want->reason >= PV_WHY_SUSPENDED)
		right &= same_ids(&stops, want->orders, want->order_count);
	if (want->reason == PV_WHY_AGREEMENT)
		right &= same_ids(&x->then_agreements, want->agreements, want->agreement_count);
	t->explained++;
	if (!right && t->explained_wrong++ < 5) {
		tap_note("seed %" PRIu64 ", request %" PRIu64 ": explained as %s, want %s", seed,
		    number, pv_reason_name(x->reason), pv_reason_name(want->reason));
		print_ids("stops", &stops, want->orders, want->order_count);
	}
	pv_arena_free(a);
}

static void
compare(const struct world *w, const struct pv_request *ask, uint64_t seed, uint64_t number,
    struct tally *t)
{
	const struct pv_state *logs[WORLD_LOGS];
	struct pv_origins origins = world_origins(w);
	struct pv_ref orders[SLOW_MAX * 8], agreements[SLOW_MAX * 8];
	struct pv_decision d = { .orders = { .at = orders, .cap = SLOW_MAX * 8 },
		.agreements = { .at = agreements, .cap = SLOW_MAX * 8 } };
	struct pv_request quick = *ask;
	struct slow_answer want;

	for (size_t i = 0; i < w->n; i++)
		logs[i] = w->logs[i];
	want = slow_decide(logs, w->n, ask);
	pv_decide(&origins, ask, &d);
	t->asked++;
	t->reasons[want.reason]++;
	if (d.reason != want.reason || !same_ids(&d.orders, want.orders, want.order_count) ||
	    !same_ids(&d.agreements, want.agreements, want.agreement_count) ||
	    (d.answer == PV_RELEASE) != (want.reason >= PV_WHY_AGREEMENT)) {
		if (t->differ++ < 5) {
			tap_note("seed %" PRIu64 ", request %" PRIu64 ": got %s, want %s", seed,
			    number, pv_reason_name(d.reason), pv_reason_name(want.reason));
			print_ids("orders", &d.orders, want.orders, want.order_count);
			print_ids(
			    "agreements", &d.agreements, want.agreements, want.agreement_count);
		}
		return;
	}
	if (number % 10 == 0)
		check_explanation(&origins, ask, &want, seed, number, t);
	quick.first_only = true;
	pv_decide(&origins, &quick, &d);
	if (d.reason != want.reason || !has_id(&d.orders, want.orders, want.order_count) ||
	    !has_id(&d.agreements, want.agreements, want.agreement_count))
		if (t->first_differ++ < 5)
			tap_note("seed %" PRIu64 ", request %" PRIu64
				 ": first only: got %s, want %s",
			    seed, number, pv_reason_name(d.reason), pv_reason_name(want.reason));
}

/*
 * In a third of the worlds (not those whose rules name undeclared parties) the newest orders are
 * not compiled but stand in an overlay.
 */
static void
compile(struct world *w, uint64_t seed, struct chance *c, struct tally *t)
{
	struct pv_state *whole[WORLD_LOGS], *less[WORLD_LOGS];
	bool overlay = seed % 3 == 1;

	for (size_t i = 0; i < w->n; i++) {
		struct pv_fact *dropped[128];
		size_t orders = w->logs[i]->by_kind[PV_ORDER].n;
		size_t n = overlay ? chance_below(c, (orders < 64 ? orders : 64) + 1) : 0;
		whole[i] = w->logs[i];
		less[i] = world_without(w, w->logs[i], n, dropped);
		w->logs[i] = less[i];
		for (size_t k = 0; k < n; k++)
			pv_overlay_add(w->overlays[i], whole[i], dropped[k]);
		t->overlaid += n;
	}
	world_compile(w);
	for (size_t i = 0; i < w->n; i++) {
		for (size_t k = 0; k < PV_KIND_COUNT; k++)
			PV_VEC_FREE(&less[i]->by_kind[k]);
		PV_VEC_FREE(&less[i]->all);
		w->logs[i] = whole[i];
	}
}

static void
one_world(uint64_t seed, struct tally *t)
{
	struct world *w = world_random(seed);
	struct chance c = { seed ^ UINT64_C(0x5eed) };
	struct pv_arena *a = pv_arena_new();

	compile(w, seed, &c, t);
	for (uint64_t i = 0; i < ASKS; i++) {
		compare(w, request_random(&c, a), seed, i, t);
		pv_arena_reset(a);
	}
	pv_arena_free(a);
	world_free(w);
}

int
main(int argc, char **argv)
{
	struct tally t = { 0 };
	uint64_t first = 1, worlds = 4200;

	if (getenv("PV_SOAK") != NULL)
		worlds *= 40;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			first = strtoull(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--worlds") == 0)
			worlds = strtoull(argv[i + 1], NULL, 10);
	}
	for (uint64_t seed = first; seed < first + worlds; seed++)
		one_world(seed, &t);
	tap_note("seeds %" PRIu64 " to %" PRIu64 ", %" PRIu64 " requests, %" PRIu64
		 " orders in overlays",
	    first, first + worlds - 1, t.asked, t.overlaid);
	for (enum pv_reason why = PV_WHY_STALE; why <= PV_WHY_NOT_BARRED; why++)
		tap_note("%-15s %" PRIu64, pv_reason_name(why), t.reasons[why]);
	tap_ok(t.differ == 0,
	    "two independent evaluators agree on decision, reason, orders and agreements");
	tap_ok(t.explained_wrong == 0 && t.explained != 0,
	    "explanations name the same reason and rules, and a way out");
	tap_ok(
	    t.first_differ == 0, "with first_only the reason is the same, and the one id decided");
	for (enum pv_reason why = PV_WHY_STALE; why <= PV_WHY_NOT_BARRED; why++)
		tap_ok(t.reasons[why] * 500 > t.asked, "%s is the answer often enough to be tested",
		    pv_reason_name(why));
	return tap_done();
}
