/* SPDX-License-Identifier: Apache-2.0 */
/* A proof that is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tlog/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_proof p;
	struct pv_err e;

	if (!pv_ok(pv_proof_read(&p, in, a, &e)))
		return 0;
	pv_proof_write(&b, &p);
	if (!pv_slice_eq(pv_buf_slice(&b), in))
		abort();
	return 0;
}
