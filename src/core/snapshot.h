/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state compiled for deciding: read-only, so that any number of threads may
 * decide over it while the log grows. Times are kept and compared when asked:
 * one snapshot answers for any second. It borrows the records (not the state),
 * which must outlive it.
 *
 * What was applied after it was built is not in it. Orders that are newer stand
 * in an overlay beside it until the next snapshot is built.
 */
#ifndef PV_CORE_SNAPSHOT_H
#define PV_CORE_SNAPSHOT_H

#include "core/state.h"

struct pv_snapshot;
struct pv_overlay;

struct pv_snapshot *pv_snapshot_build(const struct pv_state *s);
void pv_snapshot_free(struct pv_snapshot *s);
void pv_snapshot_freep(struct pv_snapshot **s);

struct pv_snapshot_stats {
	struct pv_slice origin;
	uint64_t acts; /* records of the state it was built from */
	size_t parties, terms, agreements, orders;
	size_t entries; /* compiled rules: a pair of parties each */
	size_t pairs;   /* different pairs */
	size_t crowded; /* lists that are searched by a tree */
	size_t tree_nodes, closure_links, timelines;
	size_t bytes;
};
struct pv_snapshot_stats pv_snapshot_stats(const struct pv_snapshot *s);

/*
 * The overlay. Only what bars may take effect before a build, so an act that
 * the overlay cannot hold, and that could take a permission away, closes it:
 * every decision over it is stale until the next snapshot is built. What only
 * widens (an agreement, a lift, a new party) waits for the build.
 *
 * One thread adds, while nobody decides over it.
 */
#define PV_OVERLAY_MAX 64

struct pv_overlay *pv_overlay_new(void);
void pv_overlay_free(struct pv_overlay *o);
void pv_overlay_freep(struct pv_overlay **o);
/* A fact that pv_state_apply() has just added to s, or completed. */
void pv_overlay_add(struct pv_overlay *o, const struct pv_state *s, const struct pv_fact *f);
/* After a snapshot was built that has all of it. */
void pv_overlay_clear(struct pv_overlay *o);
bool pv_overlay_closed(const struct pv_overlay *o);
size_t pv_overlay_count(const struct pv_overlay *o);

#endif
