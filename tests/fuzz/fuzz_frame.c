/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line between a front and the keeper: frames as they come, and of each
 * question or answer the JSON as its call reads it. A frame that was read is
 * written the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "desk/call.h"
#include "gateway/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_json(const struct pv_layout *l, struct pv_slice json)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_err e = { 0 };

	if (l == NULL || json.n == 0)
		return;
	if (!pv_ok(pv_json_read(&doc, json, PV_FRAME_JSON_MAX, &e)) ||
	    !pv_ok(pv_layout_read(l, doc, 0, a, pv_arena_alloc(a, l->size), &e)))
		if (e.what[0] == '\0' || e.code == PV_E_BUG)
			abort();
}

static void
write_again(const struct pv_frame *f, struct pv_slice bytes)
{
	struct pv_buf again = { 0 };

	pv_frame_write(f, &again);
	if (!pv_slice_eq(pv_buf_slice(&again), bytes))
		abort();
	pv_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice rest = pv_slice_mem(data, size);
	struct pv_frame f;
	size_t used;

	while (pv_frame_read(&f, rest, &used) == PV_FRAME_DONE) {
		const struct pv_call *c = f.call < pv_call_count() ? pv_call_at(f.call) : NULL;

		if (used < PV_FRAME_HEAD || used > rest.n)
			abort();
		write_again(&f, pv_slice_sub(rest, 0, used));
		if (c != NULL && f.kind == PV_FRAME_ASK)
			read_json(c->ask, f.part[PV_PART_JSON]);
		if (c != NULL && f.kind == PV_FRAME_REPLY)
			read_json(c->answer, f.part[PV_PART_JSON]);
		rest = pv_slice_sub(rest, used, rest.n);
	}
	return 0;
}
