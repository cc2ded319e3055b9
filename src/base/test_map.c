/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/arena.h"
#include "base/mem.h"
#include "tap.h"

#define MANY 100000

static void
one_by_one(void)
{
	PV_AUTO(pv_map_freep) struct pv_map *m = pv_map_new(0);

	tap_ok(pv_map_get(m, PV_SLICE("a")) == PV_MAP_NONE && pv_map_count(m) == 0,
	    "an empty map has nothing");
	pv_map_set(m, PV_SLICE("a"), 1);
	pv_map_set(m, PV_SLICE("b"), 2);
	tap_ok(pv_map_get(m, PV_SLICE("a")) == 1 && pv_map_get(m, PV_SLICE("b")) == 2,
	    "what was set is there");
	tap_ok(pv_map_get(m, PV_SLICE("ab")) == PV_MAP_NONE, "what begins like a key is not");
	pv_map_set(m, PV_SLICE("a"), 3);
	tap_ok(pv_map_get(m, PV_SLICE("a")) == 3 && pv_map_count(m) == 2, "setting again replaces");
	pv_map_set(m, PV_SLICE("x\0y"), 4);
	tap_ok(pv_map_get(m, PV_SLICE("x\0y")) == 4 &&
		   pv_map_get(m, PV_SLICE("x\0z")) == PV_MAP_NONE &&
		   pv_map_get(m, PV_SLICE("x")) == PV_MAP_NONE,
	    "a key may hold NUL");
	tap_ok(pv_map_get(m, PV_NO_SLICE) == PV_MAP_NONE,
	    "the empty key is not there before it is set");
	pv_map_set(m, PV_NO_SLICE, 5);
	tap_ok(pv_map_get(m, PV_SLICE("")) == 5 && pv_map_get(m, PV_NO_SLICE) == 5 &&
		   pv_map_count(m) == 4,
	    "the empty key is a key");
}

static void
many(void)
{
	PV_AUTO(pv_map_freep) struct pv_map *m = pv_map_new(10);
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	uint32_t i;

	for (i = 0; i < MANY; i++)
		pv_map_set(m, pv_arena_printf(a, "key-%u", i), i);
	for (i = 0; i < MANY; i++)
		if (pv_map_get(m, pv_arena_printf(a, "key-%u", i)) != i)
			break;
	tap_ok(i == MANY && pv_map_count(m) == MANY, "100,000 keys are found while the map grows");
	for (i = 0; i < MANY; i++)
		if (pv_map_get(m, pv_arena_printf(a, "none-%u", i)) != PV_MAP_NONE)
			break;
	tap_ok(i == MANY, "and 100,000 others are not");
	tap_ok(pv_map_bytes(m) >= MANY * 2 * 16 && pv_map_bytes(m) <= MANY * 6 * 16,
	    "it takes what it should: %zu bytes", pv_map_bytes(m));
}

static void
hashes(void)
{
	char text[64];
	uint64_t all = 0, none = UINT64_MAX;
	unsigned same = 0;

	tap_ok(pv_hash64(PV_SLICE("abc")) == pv_hash64(PV_SLICE("abc")),
	    "a hash stays the same within a process");
	memset(text, 'a', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		uint64_t h = pv_hash64(pv_slice_mem(text, n));

		for (size_t k = 0; k < n; k++)
			same += pv_hash64(pv_slice_mem(text, k)) == h ? 1 : 0;
		all |= h;
		none &= h;
	}
	tap_ok(same == 0, "texts of 0 to 63 letters have 64 hashes");
	tap_ok(all == UINT64_MAX && none == 0, "and every bit of a hash changes");
}

int
main(void)
{
	one_by_one();
	many();
	hashes();
	return tap_done();
}
