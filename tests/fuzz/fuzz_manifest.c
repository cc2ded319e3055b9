/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest that is read and can be written is read again as the same. */
#include <stdlib.h>

#include "base/mem.h"
#include "seal/manifest.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf once = { 0 }, twice = { 0 };
	struct pv_manifest m, again;
	struct pv_err e;

	if (!pv_ok(pv_manifest_read(&m, pv_slice_mem(data, size), a, &e)))
		return 0;
	pv_ignore(pv_manifest_exact(&m, pv_slice_mem(data, size), &e));
	if (m.segment_alg != PV_SEGMENT_GMAC || !pv_ok(pv_manifest_write(&m, &once, &e)))
		return 0;
	if (!pv_ok(pv_manifest_read(&again, pv_buf_slice(&once), a, &e)) ||
	    again.plain_bytes != m.plain_bytes || !pv_ok(pv_manifest_write(&again, &twice, &e)) ||
	    !pv_slice_eq(pv_buf_slice(&once), pv_buf_slice(&twice)))
		abort();
	return 0;
}
