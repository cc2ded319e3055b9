/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to a witness: what reads is what was written. */
#include <stdlib.h>

#include "codec/base64.h"
#include "desk/logs.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };
	struct pv_witness_ask ask;
	struct pv_err e;

	if (!pv_ok(pv_witness_read(&ask, pv_slice_mem(data, size), &e)))
		return 0;
	pv_buf_addf(&again, "old %llu\n", (unsigned long long)ask.old);
	for (size_t i = 0; i < ask.proof.n; i++) {
		pv_base64_write(&again, pv_slice_mem(ask.proof.hash[i], PV_HASH), PV_BASE64);
		pv_buf_add_c(&again, '\n');
	}
	pv_buf_add_c(&again, '\n');
	pv_buf_add(&again, ask.checkpoint);
	if (!pv_slice_eq(pv_buf_slice(&again), pv_slice_mem(data, size)))
		abort(); /* it reads as another request */
	return 0;
}
