/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crossings of a ray to the east, in exact integers: a corner counts to the
 * edge above it, so that none is counted twice.
 */
#include "wire/area.h"

#include <math.h>

#include "base/mem.h"
#include "codec/json.h"

struct point {
	int64_t lon, lat;
};

enum side { OUTSIDE = 0, EDGE, INSIDE };

static struct point
point_at(const struct pv_json *doc, uint32_t node)
{
	const struct pv_json_node *lon = pv_json_at(doc, pv_json_at(doc, node)->first),
				  *lat = pv_json_at(doc, lon->next);

	return (struct point){ llround(lon->real * 1e7), llround(lat->real * 1e7) };
}

/* Of the line from a to b: above 0 when p is on its left, 0 when on it. */
static int
left_of(struct point a, struct point b, struct point p)
{
	__int128 cross = (__int128)(b.lon - a.lon) * (p.lat - a.lat) -
			 (__int128)(p.lon - a.lon) * (b.lat - a.lat);

	return cross > 0 ? 1 : cross < 0 ? -1 : 0;
}

static bool
between(int64_t x, int64_t a, int64_t b)
{
	return a <= b ? a <= x && x <= b : b <= x && x <= a;
}

static enum side
side_of_ring(const struct pv_json *doc, uint32_t ring, struct point p)
{
	uint32_t k = pv_json_at(doc, ring)->first;
	struct point a = point_at(doc, k);
	bool inside = false;

	for (k = pv_json_at(doc, k)->next; k != PV_JSON_NONE; k = pv_json_at(doc, k)->next) {
		struct point b = point_at(doc, k);
		int left = left_of(a, b, p);

		if (left == 0 && between(p.lon, a.lon, b.lon) && between(p.lat, a.lat, b.lat))
			return EDGE;
		if (a.lat <= p.lat && b.lat > p.lat && left > 0)
			inside = !inside;
		if (b.lat <= p.lat && a.lat > p.lat && left < 0)
			inside = !inside;
		a = b;
	}
	return inside ? INSIDE : OUTSIDE;
}

/* Within the first ring, and not within a hole; the edge of a hole is still inside. */
static bool
polygon_holds(const struct pv_json *doc, uint32_t polygon, struct point p)
{
	uint32_t ring = pv_json_at(doc, polygon)->first;

	if (side_of_ring(doc, ring, p) == OUTSIDE)
		return false;
	for (ring = pv_json_at(doc, ring)->next; ring != PV_JSON_NONE;
	     ring = pv_json_at(doc, ring)->next)
		if (side_of_ring(doc, ring, p) == INSIDE)
			return false;
	return true;
}

bool
pv_area_holds(struct pv_slice area, const struct pv_position *position)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct point p = { position->lon_e7, position->lat_e7 };
	struct pv_err ignored;
	uint32_t coordinates;

	if (!position->known || area.n == 0 || !pv_ok(pv_json_read(&doc, area, area.n, &ignored)))
		return false;
	coordinates = pv_json_member(doc, 0, PV_SLICE("coordinates"));
	if (pv_slice_is(pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("type")))->text, "Polygon"))
		return polygon_holds(doc, coordinates, p);
	for (uint32_t k = pv_json_at(doc, coordinates)->first; k != PV_JSON_NONE;
	     k = pv_json_at(doc, k)->next)
		if (polygon_holds(doc, k, p))
			return true;
	return false;
}

struct pv_names
pv_area_regions(const struct pv_state *s, const struct pv_position *p, struct pv_arena *a)
{
	const struct pv_facts *terms = &s->by_kind[PV_TERM];
	struct pv_slice *at = pv_arena_alloc_n(a, terms->n, sizeof(*at));
	size_t n = 0;

	for (size_t i = 0; i < terms->n; i++) {
		const struct pv_fact *f = terms->at[i];

		if (f->ended == PV_NEVER && f->r->term.tree == PV_REGION &&
		    pv_area_holds(f->r->term.area, p))
			at[n++] = f->r->term.name;
	}
	return (struct pv_names){ at, n };
}
