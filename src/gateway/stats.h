/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of a running daemon, in memory that its processes share: each part is written
 * by one process and read by all. Nothing is ever decided by them.
 */
#ifndef PV_GATEWAY_STATS_H
#define PV_GATEWAY_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

#define PV_LOOPS_MAX 32
#define PV_EDGES_MAX 12
#define PV_BUCKETS   12 /* of a histogram of latencies; the last is +Inf */

typedef _Atomic uint64_t pv_count;

struct pv_loop_stats {
	pv_count beat_ms;                           /* CLOCK_MONOTONIC of the loop's last turn */
	pv_count answered[PV_EDGES_MAX][6];         /* by route's edge and class of status */
	pv_count latency[PV_EDGES_MAX][PV_BUCKETS]; /* from the head read to the answer taken */
	pv_count latency_sum_us[PV_EDGES_MAX];
	pv_count open, accepted, refused, bad, timeouts, handshakes_failed;
	pv_count asked, asking, dropped; /* of the keeper; now waiting; answers nobody waited for */
};

struct pv_keeper_stats {
	pv_count beat_ms;
	pv_count calls[6]; /* by how they ended: enum pv_edge_reply_kind */
	pv_count refused_full, cancelled;
	pv_count quick_waiting, slow_waiting, callers_waiting;
	pv_count commits, batched; /* calls that shared those commits */
	pv_count callers_cached, callers_looked_up, limited;
	pv_count order_log_size, journal_size;
	pv_count decided[16];       /* by enum pv_reason */
	pv_count open, lease_age_s; /* of the own order log, at the last look */
};

struct pv_stats {
	struct pv_keeper_stats keeper;
	uint64_t loops;
	struct pv_loop_stats loop[PV_LOOPS_MAX];
};

PV_RESULT pv_stats_new(
    struct pv_stats **out, struct pv_err *e); /* shared by processes forked later */
uint64_t pv_monotonic_ms(void);
uint64_t pv_monotonic_us(void);

static inline void
pv_count_add(pv_count *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}
static inline void
pv_count_set(pv_count *c, uint64_t n)
{
	atomic_store_explicit(c, n, memory_order_relaxed);
}
static inline uint64_t
pv_count_get(const pv_count *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}
extern const uint64_t pv_latency_us[PV_BUCKETS - 1]; /* the upper bounds */
void pv_stats_latency(struct pv_loop_stats *s, unsigned edge, uint64_t us);

#endif
