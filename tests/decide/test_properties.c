/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The properties that DESIGN 4 promises, each on random worlds: a request is
 * decided, something is changed, it is decided again.
 *   test_properties --seed N [--worlds N]
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tap.h"
#include "world.h"

#define ASKS 60

struct trial {
	struct world *w;
	struct chance c;
	struct pv_arena *a;
	uint64_t seed, broken, tried;
};

static struct pv_decision
decide(const struct world *w, const struct pv_request *ask)
{
	struct pv_origins in = world_origins(w);
	struct pv_decision d = { 0 };

	pv_decide(&in, ask, &d);
	return d;
}

static enum pv_reason
why(const struct world *w, const struct pv_request *ask)
{
	return decide(w, ask).reason;
}

static bool
permits(const struct world *w, const struct pv_request *ask)
{
	return decide(w, ask).answer == PV_RELEASE;
}

/* One more thing that must hold for this trial. */
static void
must(struct trial *t, bool holds)
{
	t->tried++;
	if (!holds && t->broken++ < 3)
		tap_note("seed %" PRIu64, t->seed);
}

static struct pv_state *
some_log(struct trial *t)
{
	return t->w->logs[chance_below(&t->c, t->w->n)];
}

static struct pv_fact *
some_fact(struct trial *t, enum pv_kind kind)
{
	struct pv_facts *f = &some_log(t)->by_kind[kind];

	return f->n == 0 ? NULL : f->at[chance_below(&t->c, f->n)];
}

/* ---- default deny --------------------------------------------------------------------------- */

static void
nothing_permits_nothing(struct trial *t)
{
	for (size_t i = 0; i < t->w->n; i++)
		for (size_t k = 0; k < t->w->logs[i]->by_kind[PV_AGREEMENT].n; k++)
			t->w->logs[i]->by_kind[PV_AGREEMENT].at[k]->ended = 0;
	world_compile(t->w);
	for (unsigned i = 0; i < ASKS; i++) {
		struct pv_request *ask = request_random(&t->c, t->a);
		ask->side = PV_SIDE_GIVE;
		must(t, !permits(t->w, ask));
	}
}

/* ---- a change of the log -------------------------------------------------------------------- */

typedef bool change(struct trial *t);

/* Decides many requests, changes the log, and decides them again. */
static void
around(struct trial *t, change *one, bool permit_stays, bool deny_stays)
{
	struct pv_request *asks[ASKS];
	bool before[ASKS];

	for (unsigned i = 0; i < ASKS; i++) {
		asks[i] = request_random(&t->c, t->a);
		asks[i]->signed_s = asks[i]->now_s;
		before[i] = permits(t->w, asks[i]);
	}
	if (!one(t))
		return;
	world_compile(t->w);
	for (unsigned i = 0; i < ASKS; i++) {
		bool after = permits(t->w, asks[i]);
		must(t,
		    (!permit_stays || !before[i] || after) && (!deny_stays || before[i] || !after));
	}
}

static bool
add_order(struct trial *t)
{
	struct world *other = world_random(3 * t->seed + 1000000);
	struct pv_facts *orders = &other->logs[0]->by_kind[PV_ORDER];
	struct pv_state *s = some_log(t);
	bool any = orders->n != 0;

	if (any) {
		struct pv_record r = *orders->at[chance_below(&t->c, orders->n)]->r;
		r.order.subject = world_names(t->w, "a b.x");
		r.order.counterpart = world_names(t->w, "b a.x c");
		r.order.purposes.n = r.order.channels.n = r.order.except.n = 0;
		r.order.holds_while = PV_NO_SLICE;
		r.order.topic = r.order.region = PV_NO_SLICE;
		r.id = PV_SLICE("added");
		r.issuer = s->genesis != NULL ? s->genesis->genesis.root : PV_SLICE("a");
		world_add(t->w, s, r, r.order.effective);
	}
	world_free(other);
	return any;
}

static bool
lift_order(struct trial *t)
{
	struct pv_fact *f = some_fact(t, PV_ORDER);

	if (f == NULL || f->ended < 60)
		return false;
	f->ended = 60;
	return true;
}

static bool
lapse_order(struct trial *t)
{
	struct pv_fact *f = some_fact(t, PV_ORDER);

	if (f == NULL || (f->r->order.until != 0 && f->r->order.until < 60))
		return false;
	((struct pv_record *)(uintptr_t)f->r)->order.until = 60;
	return true;
}

static bool
end_condition_of_order(struct trial *t)
{
	struct pv_fact *f = some_fact(t, PV_ORDER);

	if (f == NULL || f->r->order.holds_while.n != 0)
		return false;
	((struct pv_record *)(uintptr_t)f->r)->order.holds_while =
	    PV_SLICE("c1"); /* ended, sometimes */
	return true;
}

static bool
end_agreement(struct trial *t)
{
	struct pv_fact *f = some_fact(t, PV_AGREEMENT);

	if (f == NULL)
		return false;
	f->ended = f->since;
	return true;
}

static void
adding_an_order(struct trial *t)
{
	around(t, add_order, false, true);
}

static void
lifting_an_order(struct trial *t)
{
	around(t, lift_order, true, false);
}

static void
lapse_of_an_order(struct trial *t)
{
	around(t, lapse_order, true, false);
}

static void
end_of_a_condition(struct trial *t)
{
	around(t, end_condition_of_order, true, false);
}

static void
end_of_an_agreement(struct trial *t)
{
	around(t, end_agreement, false, true);
}

/*
 * Sequence and duplicates: the facts of each kind in another order, some twice, with the places
 * they have in the log.
 */
static bool
shuffle(struct trial *t)
{
	static const enum pv_kind kinds[] = { PV_ORDER, PV_AGREEMENT, PV_RECALL, PV_PARTY,
		PV_TERM };

	for (size_t i = 0; i < t->w->n; i++) {
		struct pv_state *s = t->w->logs[i];
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
			struct pv_facts *f = &s->by_kind[kinds[k]];
			size_t n = f->n;
			if (n != 0 && (kinds[k] == PV_ORDER || kinds[k] == PV_AGREEMENT)) {
				struct pv_fact *twice = f->at[chance_below(&t->c, n)];
				*PV_VEC_ADD(f) = twice;
			}
			for (size_t j = f->n; j > 1; j--) {
				size_t other = chance_below(&t->c, j);
				struct pv_fact *swap = f->at[other];
				f->at[other] = f->at[j - 1];
				f->at[j - 1] = swap;
			}
		}
		s->all.n = 0;
		for (enum pv_kind kind = PV_GENESIS; kind < PV_KIND_COUNT; kind++)
			for (size_t j = 0; j < s->by_kind[kind].n; j++)
				*PV_VEC_ADD(&s->all) = s->by_kind[kind].at[j];
	}
	return true;
}

static void
sequence_and_duplicates(struct trial *t)
{
	around(t, shuffle, true, true);
}

/* ---- a change of the request ---------------------------------------------------------------- */

static bool
by_order(enum pv_reason r)
{
	return r == PV_WHY_SUSPENDED || r == PV_WHY_RESTRICTED;
}

static struct pv_slice
vaguer(struct chance *c, struct pv_slice name)
{
	struct pv_slice up = pv_name_parent(name);

	return up.n == 0 || chance_one_in(c, 3) ? PV_SLICE("unheard") : up;
}

static void
vaguer_names(struct chance *c, struct pv_arena *a, struct pv_names *names)
{
	struct pv_slice *at = pv_arena_alloc_n(a, names->n, sizeof(*at));

	for (size_t i = 0; i < names->n; i++)
		at[i] = chance_one_in(c, 2) ? names->at[i] : vaguer(c, names->at[i]);
	*names = (struct pv_names){ at, names->n };
	if (chance_one_in(c, 4))
		names->n = 0;
}

/* Broader, but neither originator nor custodian, who do not give to themselves. */
static void
broaden_recipient(struct pv_request *ask)
{
	struct pv_slice up = pv_name_parent(ask->recipient);
	const struct pv_matter *m = &ask->matter;

	for (size_t i = 0; i < m->custodians.n; i++)
		if (pv_slice_eq(m->custodians.at[i], up))
			return;
	if (up.n != 0 && !pv_slice_eq(up, m->originator) && m->source_count == 0)
		ask->recipient = up;
}

static void
vaguer_requests(struct trial *t)
{
	for (unsigned i = 0; i < ASKS * 4; i++) {
		struct pv_request *ask = request_random(&t->c, t->a);
		struct pv_request vague = *ask;
		if (!by_order(why(t->w, ask)))
			continue;
		if (chance_one_in(&t->c, 2))
			broaden_recipient(&vague);
		if (chance_one_in(&t->c, 2))
			vague.purpose = vaguer(&t->c, vague.purpose);
		if (chance_one_in(&t->c, 2))
			vague.channel = vaguer(&t->c, vague.channel);
		vaguer_names(&t->c, t->a, &vague.matter.topics);
		vaguer_names(&t->c, t->a, &vague.matter.regions);
		must(t, !permits(t->w, &vague));
	}
}

static void
adding_a_custodian(struct trial *t)
{
	for (unsigned i = 0; i < ASKS * 4; i++) {
		struct pv_request *ask = request_random(&t->c, t->a),
				  *other = request_random(&t->c, t->a);
		struct pv_request more = *ask;
		struct pv_slice *at =
		    pv_arena_alloc_n(t->a, ask->matter.custodians.n + 1, sizeof(*at));
		size_t n = ask->matter.custodians.n;
		if (n != 0)
			memcpy(at, ask->matter.custodians.at, n * sizeof(*at));
		at[n] = other->recipient;
		more.matter.custodians = (struct pv_names){ at, n + 1 };
		must(t, permits(t->w, ask) || !permits(t->w, &more));
	}
}

static void
adding_a_source(struct trial *t)
{
	for (unsigned i = 0; i < ASKS * 4; i++) {
		struct pv_request *ask = request_random(&t->c, t->a),
				  *other = request_random(&t->c, t->a);
		struct pv_request more = *ask;
		struct pv_matter *at =
		    pv_arena_alloc_n(t->a, ask->matter.source_count + 1, sizeof(*at));
		size_t n = ask->matter.source_count;
		if (n != 0)
			memcpy(at, ask->matter.sources, n * sizeof(*at));
		at[n] = other->matter;
		more.matter.sources = at;
		more.matter.source_count = n + 1;
		must(t, permits(t->w, ask) || !permits(t->w, &more));
	}
}

/* Deny beats permit: whoever is denied by an order stays denied, whatever is agreed besides. */
static void
agreeing_to_everything(struct trial *t)
{
	struct pv_request *asks[ASKS];
	bool stopped[ASKS];

	for (unsigned i = 0; i < ASKS; i++) {
		asks[i] = request_random(&t->c, t->a);
		stopped[i] = why(t->w, asks[i]) < PV_WHY_NO_AGREEMENT;
	}
	for (size_t i = 0; i < t->w->n; i++) {
		struct pv_record r = { .kind = PV_AGREEMENT, .issuer = PV_SLICE("a") };
		r.agreement.from = PV_SLICE("a");
		r.agreement.to = PV_SLICE("b");
		r.agreement.purposes = world_names(t->w, "p q force");
		r.agreement.custody = true;
		world_add(t->w, t->w->logs[i], r, 0);
	}
	world_compile(t->w);
	for (unsigned i = 0; i < ASKS; i++)
		must(t, !stopped[i] || !permits(t->w, asks[i]));
}

static void
time_only_restores(struct trial *t)
{
	for (unsigned i = 0; i < ASKS; i++) {
		struct pv_request *ask = request_random(&t->c, t->a), behind = *ask;
		ask->signed_s = ask->now_s;
		behind = *ask;
		/* no proof of the time at all: every bar stands, no permit has begun */
		behind.signed_s = 0;
		must(t, permits(t->w, ask) || !permits(t->w, &behind));
	}
}

static const struct {
	const char *name;
	void (*run)(struct trial *t);
} properties[] = {
	{ "default deny: without agreements nothing is permitted", nothing_permits_nothing },
	{ "adding an order never turns deny into permit", adding_an_order },
	{ "the lift of an order, all else equal, never turns permit into deny", lifting_an_order },
	{ "the lapse of an order, all else equal, never turns permit into deny",
	    lapse_of_an_order },
	{ "a condition that ends an order never turns permit into deny", end_of_a_condition },
	{ "the end of an agreement never turns deny into permit", end_of_an_agreement },
	{ "making a request vaguer never turns deny by an order into permit", vaguer_requests },
	{ "adding a custodian never turns deny into permit", adding_a_custodian },
	{ "adding a source never turns deny into permit", adding_a_source },
	{ "sequence and duplicates of the folded set change nothing", sequence_and_duplicates },
	{ "deny beats permit, whatever the number of agreements", agreeing_to_everything },
	{ "a signed time that lags never turns deny into permit", time_only_restores },
};

static void
run_property(size_t which, uint64_t first, uint64_t worlds)
{
	struct trial t = { 0 };

	for (t.seed = first; t.seed < first + worlds; t.seed++) {
		t.w = world_random(
		    3 * t.seed + 1); /* all parties that rules name are declared there */
		t.c = (struct chance){ t.seed ^ (which << 32) };
		t.a = pv_arena_new();
		world_compile(t.w);
		properties[which].run(&t);
		pv_arena_free(t.a);
		world_free(t.w);
	}
	tap_ok(t.broken == 0 && t.tried > worlds, "%s", properties[which].name);
}

int
main(int argc, char **argv)
{
	uint64_t first = 1, worlds = getenv("PV_SOAK") != NULL ? 20000 : 600;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			first = strtoull(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--worlds") == 0)
			worlds = strtoull(argv[i + 1], NULL, 10);
	}
	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++)
		run_property(i, first, worlds);
	return tap_done();
}
