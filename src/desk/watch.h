/* SPDX-License-Identifier: Apache-2.0 */
/* What moved in a home since the last look, whoever moved it: for a gateway that tells its clients. Cheap. */
#ifndef PV_DESK_WATCH_H
#define PV_DESK_WATCH_H

#include "base/env.h"
#include "base/err.h"
#include "desk/desk.h"

struct pv_watch;

struct pv_watched {
	uint64_t orders;  /* entries of all order logs that are held */
	uint64_t journal; /* of the own journal */
	bool orders_moved, journal_moved;
	bool
	    callers_moved; /* the META row "callers", which whoever binds or frees a credential changes */
};

PV_RESULT pv_watch_open(
    struct pv_watch **out, const char *home, const struct pv_env *env, struct pv_err *e);
void pv_watch_free(struct pv_watch *w);
/* The first look tells of no move. */
PV_RESULT pv_watch_look(struct pv_watch *w, struct pv_watched *out, struct pv_err *e);

/* From now on each decision of d adds one at the place of its reason; counts outlives d. */
#define PV_REASON_COUNTS (PV_WHY_NOT_BARRED + 1)
void pv_desk_count_decisions(struct pv_desk *d, _Atomic uint64_t counts[PV_REASON_COUNTS]);

#endif
