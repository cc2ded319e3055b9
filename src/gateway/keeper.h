/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that holds the keys: it opens the home, learns who calls, and
 * makes the calls of the fronts. What a front sends is checked frame by frame,
 * and a line that brings anything else is closed.
 */
#ifndef PV_GATEWAY_KEEPER_H
#define PV_GATEWAY_KEEPER_H

#include "base/env.h"
#include "gateway/config.h"
#include "gateway/logger.h"
#include "gateway/stats.h"

struct pv_keeper;

struct pv_keeper_use {
	const char *home;
	const int *lines; /* one a loop of a front; the keeper's from now on */
	size_t line_count;
	const struct pv_config *config;
	const struct pv_env *env;
	const struct pv_logger *log;
	struct pv_stats *stats;
};

/* Opens the home as often as there are lanes. */
PV_RESULT pv_keeper_new(struct pv_keeper **out, const struct pv_keeper_use *use, struct pv_err *e);
void pv_keeper_free(struct pv_keeper *k);
/*
 * Limits and authorities as c has them, from now on; from any thread. False: its fetch.ca is not to be read from within
 * this process, which gave up files at its start, so the one from before stays.
 */
bool pv_keeper_settings(struct pv_keeper *k, const struct pv_config *c);
/* Runs until stop_fd can be read or all lines are closed; finishes what was begun. */
void pv_keeper_run(struct pv_keeper *k, int stop_fd);

#endif
