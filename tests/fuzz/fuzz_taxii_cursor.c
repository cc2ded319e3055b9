/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a cursor, as if its MAC were good. What is taken is written again as a text that is taken, and means the
 * same place and the same filters; and no list grows out of nothing.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "desk/taxii_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf once = { 0 }, twice = { 0 };
	struct pv_taxii_ask ask = { 0 }, again = { 0 }, other = { 0 };
	uint64_t place, place_again;

	if (!pv_taxii_cursor_text_read(&ask, pv_slice_mem(data, size), a, &place))
		return 0;
	insist(ask.ids.n + ask.specs.n + ask.types.n + ask.versions.n <= size);
	pv_taxii_cursor_text_write(&ask, place, &once);
	if (memchr(once.p, '#', once.n) !=
	    NULL) { /* it says its filters by their hash, to who has them */
		insist(pv_taxii_cursor_text_read(&ask, pv_buf_slice(&once), a, &place_again));
		insist(place_again == place);
		return 0;
	}
	insist(pv_taxii_cursor_text_read(&again, pv_buf_slice(&once), a, &place_again));
	insist(place_again == place && again.has_added_after == ask.has_added_after &&
	       again.ids.n == ask.ids.n && again.specs.n == ask.specs.n &&
	       again.types.n == ask.types.n && again.versions.n == ask.versions.n);
	pv_taxii_cursor_text_write(&again, place_again, &twice);
	insist(pv_slice_eq(pv_buf_slice(&once), pv_buf_slice(&twice)));
	/* with a filter of another question it is none of its cursors, unless it had just that one */
	other.ids = (struct pv_names){ &PV_SLICE("indicator--not-there"), 1 };
	if (ask.ids.n == 0)
		insist(!pv_taxii_cursor_text_read(&other, pv_buf_slice(&once), a, &place_again));
	return 0;
}
