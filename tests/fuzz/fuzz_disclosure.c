/* SPDX-License-Identifier: Apache-2.0 */
/* What a disclosure opens to, committed again with its salt, opens to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/commit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_commit_opening o, again;
	struct pv_err e;

	if (!pv_ok(pv_commit_read(&o, pv_slice_mem(data, size), a, &e)))
		return 0;
	pv_commit_disclose(&b, o.salt, o.name, o.value);
	if (b.n > PV_COMMIT_MAX)
		return 0; /* a name that is longer when escaped */
	if (!pv_ok(pv_commit_read(&again, pv_buf_slice(&b), a, &e)) ||
	    !pv_slice_eq(o.name, again.name) || !pv_slice_eq(o.value, again.value))
		abort();
	return 0;
}
