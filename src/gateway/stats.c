/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/stats.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

const uint64_t pv_latency_us[PV_BUCKETS - 1] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 1000000, 10000000 };

PV_RESULT
pv_stats_new(struct pv_stats **out, struct pv_err *e)
{
	void *p = mmap(NULL, sizeof(struct pv_stats), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return PV_FAIL(e, PV_E_CONFIG, "no memory to share: %s", strerror(errno));
	*out = p;
	return PV_DONE;
}

uint64_t
pv_monotonic_us(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
pv_monotonic_ms(void)
{
	return pv_monotonic_us() / 1000;
}

void
pv_stats_latency(struct pv_loop_stats *s, unsigned edge, uint64_t us)
{
	unsigned b = 0;

	while (b < PV_BUCKETS - 1 && us > pv_latency_us[b])
		b++;
	pv_count_add(&s->latency[edge][b], 1);
	pv_count_add(&s->latency_sum_us[edge], us);
}
