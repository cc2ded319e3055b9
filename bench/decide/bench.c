/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions per second, and what bounds them. Times depend on the machine and
 * on who else uses it, so each run also prints the load, the time of a cache
 * miss as measured here, and counters that do not: entries, nodes and slots
 * read per decision.
 *
 *   bench_decide [--parties N] [--seed N] [--only ORDERS] [--check N]
 *
 * --check compares N requests of each world with the slow evaluator.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "big.h"
#include "slow.h"

#define COLD  300000
#define WARM  2000
#define ROUND 50 /* times the warm requests are repeated */

#define CHUNK 200 /* requests between two looks at the clock */

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double
load(void)
{
	double one = 0;

	return getloadavg(&one, 1) == 1 ? one : -1;
}

/*
 * One load that waits for the one before, over this much memory in random order: the time of a
 * cache miss.
 */
static double
miss_ns(size_t bytes)
{
	size_t n = bytes / 64, steps = 2000000, at = 0;
	size_t *next = pv_alloc_n(n, 64);
	struct chance c = { 1 };
	uint64_t begin;

	for (size_t i = 0; i < n; i++)
		next[i * 8] = i;
	for (size_t i = n - 1; i > 0; i--) { /* one cycle through all (Sattolo) */
		size_t k = chance_below(&c, i), swap = next[i * 8];
		next[i * 8] = next[k * 8];
		next[k * 8] = swap;
	}
	begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = 0; i < steps; i++)
		at = next[at * 8];
	begin = now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
	pv_free(next);
	return (double)begin / (double)steps + (at == n ? 1 : 0);
}

/*
 * Reads what requests say, so that it is in the cache as it is when a request has just come in:
 * cold is the snapshot.
 */
static uint64_t
touch(const struct pv_request *asks, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct pv_request *r = &asks[i];
		const struct pv_slice texts[] = { r->matter.originator, r->recipient, r->purpose,
			r->channel, r->matter.topics.at[0], r->matter.regions.at[0] };
		for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
			sum += (uint64_t)(unsigned char)texts[k].p[0] +
			       (uint64_t)(unsigned char)texts[k].p[texts[k].n - 1];
		sum += r->matter.never.n + r->now_s + r->matter.source_count;
	}
	return sum;
}

struct measure {
	double per_s, best_per_s, entries, nodes, slots;
	uint64_t p50_ns, p99_ns, most_entries, touched;
	uint64_t reasons[PV_WHY_NOT_BARRED + 1];
};

static int
by_time(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static struct measure
run(const struct pv_origins *in, struct pv_request *asks, size_t n, unsigned rounds,
    bool first_only, bool ahead)
{
	static struct pv_ref orders[100000], agreements[100000];
	struct pv_decision d = { .orders = { .at = orders, .cap = 100000 },
		.agreements = { .at = agreements, .cap = 100000 } };
	struct measure m = { 0 };
	uint64_t begin, all = 0, best = UINT64_MAX, entries = 0, nodes = 0, slots = 0;
	uint32_t *times = pv_alloc_n(n, sizeof(*times));

	for (size_t i = 0; i < n; i++)
		asks[i].first_only = first_only;
	for (size_t i = 0; i < n * rounds; i += CHUNK) {
		uint64_t took;
		begin =
		    now_ns(CLOCK_THREAD_CPUTIME_ID); /* what others take of the core is not ours */
		for (size_t k = i; k < i + CHUNK; k++) {
			if (ahead)
				pv_decide_ahead(in, &asks[(k + 1) % n]);
			pv_decide(in, &asks[k % n], &d);
			m.reasons[d.reason]++;
			entries += d.entries_read;
			nodes += d.nodes_read;
			slots += d.slots_read;
			m.most_entries =
			    d.entries_read > m.most_entries ? d.entries_read : m.most_entries;
		}
		took = now_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
		all += took;
		best = took < best ? took : best;
	}
	m.per_s = (double)n * rounds * 1e9 / (double)all;
	m.best_per_s = CHUNK * 1e9 / (double)best;
	m.entries = (double)entries / (double)n / rounds;
	m.nodes = (double)nodes / (double)n / rounds;
	m.slots = (double)slots / (double)n / rounds;
	for (size_t i = 0; i < n; i++) { /* again, each by itself: reading the clock costs */
		m.touched += touch(&asks[i], 1);
		begin = now_ns(CLOCK_MONOTONIC);
		pv_decide(in, &asks[i], &d);
		times[i] = (uint32_t)(now_ns(CLOCK_MONOTONIC) - begin);
	}
	qsort(times, n, sizeof(*times), by_time);
	m.p50_ns = times[n / 2];
	m.p99_ns = times[n * 99 / 100];
	pv_free(times);
	return m;
}

static void
print(const char *what, const struct measure *m)
{
	uint64_t all = 0;

	for (size_t i = 0; i <= PV_WHY_NOT_BARRED; i++)
		all += m->reasons[i];
	printf("  %-22s %7.3f M/s (best %7.3f)  p50 %5" PRIu64 " p99 %6" PRIu64
	       " ns  entries %6.2f (most %" PRIu64
	       ")  nodes %6.2f  slots %5.2f   permit %2.0f%% order %2.0f%%\n",
	    what, m->per_s / 1e6, m->best_per_s / 1e6, m->p50_ns, m->p99_ns, m->entries,
	    m->most_entries, m->nodes, m->slots,
	    100.0 * (double)m->reasons[PV_WHY_AGREEMENT] / (double)all,
	    100.0 * (double)(m->reasons[PV_WHY_SUSPENDED] + m->reasons[PV_WHY_RESTRICTED]) /
		(double)all);
}

static size_t
disagree(const struct big *b, const struct pv_request *asks, size_t n)
{
	const struct pv_state *log = b->w->logs[0];
	const struct pv_state *logs[] = { log };
	struct pv_origins in = world_origins(b->w);
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct pv_request ask = asks[i];
		struct pv_decision d = { 0 };
		ask.first_only = true;
		pv_decide(&in, &ask, &d);
		wrong += d.reason != slow_decide(logs, 1, &ask).reason;
	}
	return wrong;
}

static void
one_world(struct big *b, size_t check)
{
	struct pv_request *asks = pv_alloc_n(COLD, sizeof(*asks));
	struct pv_snapshot_stats st;
	struct pv_origins in;
	struct measure m;
	uint64_t begin;
	double built_ms, miss;

	big_make(b);
	begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
	world_compile(b->w);
	built_ms = (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1e6;
	st = pv_snapshot_stats(b->w->snapshots[0]);
	in = world_origins(b->w);
	miss = miss_ns(st.bytes);
	printf("\n%s: %zu agreements, %zu orders, %zu parties\n", big_profile_name(b->profile),
	    b->agreements, b->orders, b->parties);
	printf("  snapshot %.1f MB in %.0f ms: %zu entries, %zu pairs, %zu crowds, %zu boxes, %zu "
	       "links; a miss in so much "
	       "memory takes %.0f ns; load %.2f\n",
	    (double)st.bytes / 1e6, built_ms, st.entries, st.pairs, st.crowded, st.tree_nodes,
	    st.closure_links, miss, load());
	big_ask(b, asks, COLD, false);
	if (check != 0)
		printf("  %zu of %zu requests are answered otherwise by the slow evaluator\n",
		    disagree(b, asks, check), check);
	m = run(&in, asks, COLD, 1, true, false);
	print("cold, first", &m);
	printf("  %-22s one decision is as long as %.1f misses one after the other\n", "",
	    1e9 / m.per_s / miss);
	m = run(&in, asks, b->profile == BIG_SPREAD ? COLD : WARM, 1, false, false);
	print("cold, all ids", &m);
	m = run(&in, asks, COLD, 1, true, true);
	print("cold, first, ahead", &m);
	m = run(&in, asks, WARM, ROUND, true, false);
	print("warm, first", &m);
	m = run(&in, asks, WARM, b->profile == BIG_SPREAD ? ROUND : 1, false, false);
	print("warm, all ids", &m);
	big_ask(b, asks, 20000, true);
	m = run(&in, asks, 20000, 1, true, false);
	print("broad recipient, first", &m);
	world_free(b->w);
	big_clear(b);
	pv_free(asks);
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 100, 1000, 10000, 100000 };
	size_t parties = 100000, only = 0, check = 0;
	uint64_t seed = 1;

	for (int i = 1; i + 1 < argc; i += 2) {
		size_t n = strtoull(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--parties") == 0)
			parties = n;
		else if (strcmp(argv[i], "--seed") == 0)
			seed = n;
		else if (strcmp(argv[i], "--only") == 0)
			only = n;
		else if (strcmp(argv[i], "--check") == 0)
			check = n;
	}
	printf("one core; load %.2f; seed %" PRIu64 "\n", load(), seed);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (only == 0 || only == sizes[i])
			one_world(&(struct big){ .parties = parties,
				      .agreements = sizes[i],
				      .orders = sizes[i],
				      .seed = seed },
			    check);
	for (enum big_profile p = BIG_SAFE; p < BIG_PROFILES; p++)
		one_world(&(struct big){ .profile = p,
			      .parties = parties,
			      .agreements = 10000,
			      .orders = only != 0 ? only : 100000,
			      .seed = seed },
		    check);
	return 0;
}
