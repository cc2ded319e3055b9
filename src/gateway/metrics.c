/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/metrics.h"

#include "core/decide.h"
#include "gateway/request.h"

static const char *const edges[] = { PV_EDGE_NAMES };
#define EDGES (sizeof(edges) / sizeof(*edges))
_Static_assert(EDGES <= PV_EDGES_MAX, "an edge has no place in struct pv_loop_stats");
_Static_assert(
    PV_WHY_NOT_BARRED < sizeof(((struct pv_keeper_stats *)0)->decided) / sizeof(pv_count),
    "a reason has no place");

static void
head(struct pv_buf *out, const char *name, const char *type, const char *help)
{
	pv_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
one(struct pv_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	pv_buf_addf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* The sum of a counter over all loops: at is its offset in struct pv_loop_stats. */
static uint64_t
sum(const struct pv_stats *s, size_t at)
{
	uint64_t all = 0;

	for (size_t i = 0; i < s->loops; i++)
		all +=
		    pv_count_get((const pv_count *)(const void *)((const char *)&s->loop[i] + at));
	return all;
}
#define SUM(s, member) sum((s), offsetof(struct pv_loop_stats, member))

static void
put_histogram(const struct pv_stats *s, size_t edge, struct pv_buf *out)
{
	static const char name[] = "proviso_http_request_duration_seconds";
	uint64_t all = 0;

	for (size_t b = 0; b < PV_BUCKETS; b++) {
		all += sum(s, offsetof(struct pv_loop_stats, latency) +
				  (edge * PV_BUCKETS + b) * sizeof(pv_count));
		pv_buf_addf(out, "%s_bucket{edge=\"%s\",le=\"", name, edges[edge]);
		if (b < PV_BUCKETS - 1)
			pv_buf_addf(out, "%g\"} %llu\n", (double)pv_latency_us[b] / 1e6,
			    (unsigned long long)all);
		else
			pv_buf_addf(out, "+Inf\"} %llu\n", (unsigned long long)all);
	}
	pv_buf_addf(out, "%s_sum{edge=\"%s\"} %.6f\n", name, edges[edge],
	    (double)sum(
		s, offsetof(struct pv_loop_stats, latency_sum_us) + edge * sizeof(pv_count)) /
		1e6);
	pv_buf_addf(
	    out, "%s_count{edge=\"%s\"} %llu\n", name, edges[edge], (unsigned long long)all);
}

static void
put_requests(const struct pv_stats *s, struct pv_buf *out)
{
	head(out, "proviso_http_requests_total", "counter",
	    "Requests answered, by edge and class of status.");
	for (size_t i = 0; i < EDGES; i++)
		for (size_t c = 1; c < 6; c++)
			pv_buf_addf(out,
			    "proviso_http_requests_total{edge=\"%s\",class=\"%zuxx\"} %llu\n",
			    edges[i], c,
			    (unsigned long long)sum(s, offsetof(struct pv_loop_stats, answered) +
							   (i * 6 + c) * sizeof(pv_count)));
	head(out, "proviso_http_request_duration_seconds", "histogram",
	    "From a request's head to its answer taken whole, by edge.");
	for (size_t i = 0; i < EDGES; i++)
		put_histogram(s, i, out);
}

static void
put_connections(const struct pv_stats *s, struct pv_buf *out)
{
	one(out, "proviso_http_connections", "gauge", "Open connections.", SUM(s, open));
	one(out, "proviso_http_connections_accepted_total", "counter", "Connections accepted.",
	    SUM(s, accepted));
	one(out, "proviso_http_connections_refused_total", "counter", "Connections beyond a limit.",
	    SUM(s, refused));
	one(out, "proviso_http_bad_requests_total", "counter", "Requests that could not be read.",
	    SUM(s, bad));
	one(out, "proviso_http_timeouts_total", "counter", "Connections cut at a deadline.",
	    SUM(s, timeouts));
	one(out, "proviso_tls_handshakes_failed_total", "counter", "TLS handshakes that failed.",
	    SUM(s, handshakes_failed));
	one(out, "proviso_calls_asked_total", "counter", "Calls sent to the keeper.",
	    SUM(s, asked));
	one(out, "proviso_calls_waiting", "gauge", "Calls that wait for the keeper's answer.",
	    SUM(s, asking));
	one(out, "proviso_calls_unclaimed_total", "counter",
	    "Answers of the keeper whose client had left.", SUM(s, dropped));
}

static void
put_keeper(const struct pv_keeper_stats *k, struct pv_buf *out)
{
	static const char *const ends[] = { "done", "unauthenticated", "forbidden", "limited",
		"failed" };

	head(out, "proviso_keeper_calls_total", "counter",
	    "Calls of the keeper, by how they ended.");
	pv_buf_addf(out, "proviso_keeper_calls_total{end=\"down\"} %llu\n",
	    (unsigned long long)pv_count_get(&k->calls[0]));
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		pv_buf_addf(out, "proviso_keeper_calls_total{end=\"%s\"} %llu\n", ends[i],
		    (unsigned long long)pv_count_get(&k->calls[i + 1]));
	head(out, "proviso_keeper_waiting", "gauge", "Calls in the keeper's queues.");
	pv_buf_addf(out, "proviso_keeper_waiting{lane=\"quick\"} %llu\n",
	    (unsigned long long)pv_count_get(&k->quick_waiting));
	pv_buf_addf(out, "proviso_keeper_waiting{lane=\"slow\"} %llu\n",
	    (unsigned long long)pv_count_get(&k->slow_waiting));
	pv_buf_addf(out, "proviso_keeper_waiting{lane=\"login\"} %llu\n",
	    (unsigned long long)pv_count_get(&k->callers_waiting));
	one(out, "proviso_keeper_refused_total", "counter",
	    "Calls turned away since a queue was full.", pv_count_get(&k->refused_full));
	one(out, "proviso_keeper_cancelled_total", "counter",
	    "Calls dropped in a queue since their client left.", pv_count_get(&k->cancelled));
	one(out, "proviso_keeper_limited_total", "counter",
	    "Calls beyond a caller's or an address's rate.", pv_count_get(&k->limited));
	one(out, "proviso_keeper_commits_total", "counter",
	    "Commits of the quick lane, one fsync each.", pv_count_get(&k->commits));
	one(out, "proviso_keeper_batched_calls_total", "counter",
	    "Calls that shared those commits.", pv_count_get(&k->batched));
	one(out, "proviso_callers_cached", "gauge", "Credentials verified in the last minute.",
	    pv_count_get(&k->callers_cached));
	one(out, "proviso_callers_looked_up_total", "counter",
	    "Credentials that had to be verified.", pv_count_get(&k->callers_looked_up));
}

static void
put_decisions(const struct pv_keeper_stats *k, struct pv_buf *out)
{
	head(out, "proviso_decisions_total", "counter",
	    "Decisions, by reason; agreement and not-barred permit.");
	for (unsigned i = PV_WHY_STALE; i <= PV_WHY_NOT_BARRED; i++)
		pv_buf_addf(out, "proviso_decisions_total{reason=\"%s\"} %llu\n",
		    pv_reason_name((enum pv_reason)i),
		    (unsigned long long)pv_count_get(&k->decided[i]));
}

void
pv_metrics_write(const struct pv_stats *s, struct pv_buf *out)
{
	const struct pv_keeper_stats *k = &s->keeper;

	head(out, "proviso_build_info", "gauge", "The version, as a label.");
	pv_buf_addf(out, "proviso_build_info{version=\"%s\"} 1\n", PV_VERSION);
	one(out, "proviso_open", "gauge",
	    "1: reports can be opened; 0: closed, nothing is released.", pv_count_get(&k->open));
	one(out, "proviso_lease_age_seconds", "gauge",
	    "Age of the newest proof of the own order log.", pv_count_get(&k->lease_age_s));
	one(out, "proviso_order_log_entries", "gauge", "Entries of all order logs held here.",
	    pv_count_get(&k->order_log_size));
	one(out, "proviso_journal_entries", "gauge", "Entries of the journal.",
	    pv_count_get(&k->journal_size));
	put_decisions(k, out);
	put_keeper(k, out);
	put_requests(s, out);
	put_connections(s, out);
}
