/* SPDX-License-Identifier: Apache-2.0 */
/* One record of any kind. What is read is written, and read again it is the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try(struct pv_slice text, unsigned flags)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_record r = { .kind = PV_KIND_NONE }, again = { .kind = PV_KIND_NONE };
	struct pv_buf first = { 0 }, second = { 0 };
	struct pv_err e = { 0 };

	if (pv_ok(pv_record_read_text(&r, text, flags, a, &e))) {
		pv_record_write(&r, &first);
		if (flags == 0 && first.n <= PV_RECORD_MAX) {
			if (!pv_ok(pv_record_read_text(&again, pv_buf_slice(&first), flags, a, &e)))
				abort();
			pv_record_write(&again, &second);
			if (!pv_slice_eq(pv_buf_slice(&first), pv_buf_slice(&second)))
				abort();
		}
	} else if (e.what[0] == '\0' || e.code == PV_OK || e.code == PV_E_BUG) {
		abort();
	}
	pv_buf_free(&first);
	pv_buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice text = pv_slice_mem(data, size);

	try(text, 0);
	try(text, PV_READ_BARE);
	try(text, PV_READ_DRAFT);
	return 0;
}
