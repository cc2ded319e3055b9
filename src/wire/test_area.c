/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "tap.h"
#include "wire/area.h"

#define BOX \
	"{\"type\":\"Polygon\",\"coordinates\":[[[-90,8],[-60,8],[-60,24.5],[-90,24.5],[-90,8]]]}"
#define RING_WITH_HOLE                                                                             \
	"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[6,4]," \
	"[6,6],[4,6],[4,4]]]}"
#define TWO                                                                                     \
	"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[0,1],[0,0]]],[[[170,-50],[" \
	"180,-50],[180,-40],[170,-50]]]]}"
#define STAR                                                                                       \
	"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,2],[8,0],[6,4],[8,8],[4,6],[0,8],[2,4]," \
	"[0,0]]]}"

struct row {
	const char *name, *area;
	double lat, lon;
	bool in;
};

static const struct row rows[] = {
	{ "inside a box", BOX, 12.5, -71.5, true },
	{ "north of it", BOX, 24.5000001, -71.5, false },
	{ "on its northern edge", BOX, 24.5, -71.5, true },
	{ "on a corner", BOX, 8, -90, true },
	{ "a ten-millionth of a degree outside a corner", BOX, 8, -90.0000001, false },
	{ "level with a corner, beyond it", BOX, 8, -50, false },
	{ "in a polygon with a hole", RING_WITH_HOLE, 2, 2, true },
	{ "in the hole", RING_WITH_HOLE, 5, 5, false },
	{ "on the edge of the hole", RING_WITH_HOLE, 5, 4, true },
	{ "level with corners of the hole, west of it", RING_WITH_HOLE, 4, 1, true },
	{ "in the first of two", TWO, 0.2, 0.2, true },
	{ "in the second of two", TWO, -49, 179, true },
	{ "in neither", TWO, 0.6, 0.6, false },
	{ "on the long edge of a triangle", TWO, 0.5, 0.5, true },
	{ "in the middle of a star", STAR, 4, 4, true },
	{ "between its points", STAR, 1, 4, false },
	{ "level with two of its points", STAR, 0, 4, false },
	{ "level with a corner that points inward", STAR, 4, 1, false },
	{ "no area holds anything", "", 0, 0, false },
};

int
main(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_state_freep) struct pv_state *s = pv_state_new(PV_SLICE("co/orders"), true);
	struct pv_record records[3] = {
		{ .kind = PV_PARTY,
		    .id = PV_SLICE("p"),
		    .issuer = PV_SLICE("co"),
		    .party = { .name = PV_SLICE("co") } },
		{ .kind = PV_TERM,
		    .id = PV_SLICE("a"),
		    .issuer = PV_SLICE("co"),
		    .term = { .tree = PV_REGION,
			.name = PV_SLICE("caribbean"),
			.area = PV_SLICE(BOX) } },
		{ .kind = PV_TERM,
		    .id = PV_SLICE("b"),
		    .issuer = PV_SLICE("co"),
		    .term = { .tree = PV_REGION,
			.name = PV_SLICE("star"),
			.area = PV_SLICE(STAR) } },
	};
	struct pv_position here = { true, 125000000, -715000000 }, unknown = { .known = false };
	bool ok = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pv_position p = { true,
			(int64_t)(rows[i].lat * 1e7 + (rows[i].lat < 0 ? -0.5 : 0.5)),
			(int64_t)(rows[i].lon * 1e7 + (rows[i].lon < 0 ? -0.5 : 0.5)) };

		tap_ok(pv_area_holds(pv_slice_of(rows[i].area), &p) == rows[i].in, "%s: %s",
		    rows[i].name, rows[i].in ? "held" : "not held");
	}
	for (size_t i = 0; i < 3; i++) {
		struct pv_act act = { .record = &records[i], .since = 1 };
		enum pv_applied applied;
		struct pv_err e;

		ok = ok && pv_ok(pv_state_apply(s, &act, &applied, &e));
	}
	tap_ok(ok && pv_area_regions(s, &here, a).n == 1 &&
		   pv_slice_is(pv_area_regions(s, &here, a).at[0], "caribbean"),
	    "the regions of a position are named");
	tap_ok(pv_area_regions(s, &unknown, a).n == 0, "a position that is not known is in none");
	return tap_done();
}
