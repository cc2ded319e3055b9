/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the outside gives: clock and randomness, passed in so that a test can
 * stand at any second. Nobody below desk/ asks for the clock.
 */
#ifndef PV_BASE_ENV_H
#define PV_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

struct pv_env {
	uint64_t (*realtime_ms)(void *ctx); /* CLOCK_REALTIME, ms since 1970 */
	uint64_t (*boottime_ms)(void *ctx); /* CLOCK_BOOTTIME */
	void (*random)(void *ctx, void *out, size_t n);
	void *ctx;
};

/* The real ones. */
struct pv_env pv_env_system(void);

#endif
