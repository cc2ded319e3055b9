/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which regions hold a position (DESIGN 4: worked out when a label is made, in
 * integers of 1e-7 degree, the edge being inside). An area does not cross the
 * 180th meridian; RFC 7946 3.1.9 has it cut there.
 */
#ifndef PV_WIRE_AREA_H
#define PV_WIRE_AREA_H

#include "base/arena.h"
#include "core/state.h"

/* area: the GeoJSON text of a region's record. */
bool pv_area_holds(struct pv_slice area, const struct pv_position *p);
/* The regions that stand and whose areas hold the position, in log order; none when it is not known. */
struct pv_names pv_area_regions(
    const struct pv_state *s, const struct pv_position *p, struct pv_arena *a);

#endif
