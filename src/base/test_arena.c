/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"
#include "tap.h"

static void
pieces(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct {
		char *p;
		size_t n;
	} at[500];
	size_t i, k;
	bool aligned = true, zeroed = true;

	for (i = 0; i < 500; i++) {
		at[i].n = i * 7 % 300;
		at[i].p = pv_arena_alloc(a, at[i].n);
		aligned = aligned && (uintptr_t)at[i].p % _Alignof(max_align_t) == 0;
		for (k = 0; k < at[i].n; k++)
			zeroed = zeroed && at[i].p[k] == 0;
		memset(at[i].p, (int)(i % 251), at[i].n);
	}
	tap_ok(aligned && zeroed, "pieces are aligned and zeroed");
	for (i = 0; i < 500; i++) {
		for (k = 0; k < at[i].n && (unsigned char)at[i].p[k] == i % 251; k++)
			;
		if (k < at[i].n)
			break;
	}
	tap_ok(i == 500, "and do not overlap");
	tap_ok(pv_arena_bytes(a) >= 500 * 100, "the arena knows what it took: %zu bytes",
	    pv_arena_bytes(a));
}

static void
texts(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	char source[] = "abc";
	struct pv_slice copy = pv_arena_copy(a, pv_slice_of(source)),
			empty = pv_arena_copy(a, PV_NO_SLICE);
	const char *str = pv_arena_str(a, PV_SLICE("de")), *none = pv_arena_str(a, PV_NO_SLICE);

	source[0] = 'x';
	tap_ok(pv_slice_is(copy, "abc"), "a copy does not follow its source");
	tap_ok(empty.p != NULL && empty.n == 0, "a copy of nothing is empty");
	tap_ok(strcmp(str, "de") == 0 && strcmp(none, "") == 0, "a C string ends in NUL");
	tap_ok(pv_slice_is(pv_arena_printf(a, "%s-%05d", "x", 42), "x-00042"),
	    "what is printed is as long as it is");
	tap_ok(
	    pv_arena_printf(a, "%20000d", 1).n == 20000, "and longer than a block when it must be");
}

static void
resets(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new(), *none = NULL;
	char *first;
	size_t after;

	memset(pv_arena_alloc(a, 3000000), 1, 3000000);
	memset(pv_arena_alloc(a, 100), 1, 100);
	pv_arena_reset(a);
	after = pv_arena_bytes(a);
	first = pv_arena_alloc(a, 100);
	tap_ok(first[0] == 0 && first[99] == 0, "after a reset memory is zeroed again");
	for (int i = 0; i < 1000; i++) {
		pv_arena_reset(a);
		pv_arena_alloc_n(a, 10, 10);
	}
	tap_ok(
	    pv_arena_bytes(a) == after, "and what fits in the block that was kept takes no more");
	pv_arena_free(none);
	pv_arena_freep(&none);
	none = pv_arena_new();
	tap_ok(pv_arena_bytes(none) == 0,
	    "freeing no arena is nothing, and a new one has taken nothing");
}

int
main(void)
{
	pieces();
	texts();
	resets();
	return tap_done();
}
