/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space kept for the day the disk is full: a preallocated file beside the store,
 * given up a MiB at a time so that an order still gets in. Its length is the
 * state, so every process that uses the store sees the same. (On a file system
 * that copies on write, a quota or a reservation of its own serves better.)
 */
#ifndef PV_STORE_RESERVE_H
#define PV_STORE_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct pv_reserve {
	char *path;
	int fd; /* -1: none */
	uint64_t want;
};

/* Finds it if it is there; makes nothing yet. want 0: there is none. */
void pv_reserve_open(struct pv_reserve *r, const char *path, uint64_t want);
void pv_reserve_close(struct pv_reserve *r);
uint64_t pv_reserve_left(const struct pv_reserve *r);
/* Makes it, or fills it up again. False when there is still no space for all of it. */
bool pv_reserve_fill(struct pv_reserve *r);
/* Gives up to a MiB back to the disk. False when nothing is left. */
bool pv_reserve_give(struct pv_reserve *r);

#endif
