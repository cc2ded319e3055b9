/* SPDX-License-Identifier: Apache-2.0 */
/* A policy of ours has one text: what is read is what would be written. The input is the JSON within the base64. */
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "seal/policy.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, again = { 0 };
	struct pv_policy p;
	struct pv_err e;

	pv_ignore(pv_policy_read(&p, pv_slice_mem(data, size), a, &e)); /* as base64, or not */
	pv_base64_write(&text, pv_slice_mem(data, size), PV_BASE64);
	if (!pv_ok(pv_policy_read(&p, pv_buf_slice(&text), a, &e)) || !p.ours)
		return 0;
	if (!pv_ok(pv_policy_write(&p, &again, &e)) ||
	    !pv_slice_eq(pv_buf_slice(&text), pv_buf_slice(&again)))
		abort();
	return 0;
}
