/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

static uint64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return UINT64_MAX; /* later than any lease: refuses */
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint64_t
realtime_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_REALTIME);
}

static uint64_t
boottime_ms(void *ctx)
{
	(void)ctx;
	return clock_ms(CLOCK_BOOTTIME);
}

static void
draw(void *ctx, void *out, size_t n)
{
	char *p = out;

	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got <= 0)
			pv_out_of_memory(n); /* without randomness nothing may go on */
		p += got;
		n -= (size_t)got;
	}
}

struct pv_env
pv_env_system(void)
{
	return (struct pv_env){
		.realtime_ms = realtime_ms, .boottime_ms = boottime_ms, .random = draw
	};
}
