/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint that is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tlog/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
see(struct pv_slice in)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const uint8_t pub[PV_SIGN_PUB] = { 9 };
	struct pv_vkey key = pv_vkey_make(PV_SLICE("co/orders"), PV_VKEY_ED25519, pub);
	const struct pv_log_policy *policy;
	struct pv_checkpoint_seen seen;
	struct pv_err e;

	/* nobody has the private half of that key */
	if (!pv_ok(pv_log_policy_make(&policy, &key, NULL, 0, 0, a, &e)) ||
	    pv_ok(pv_checkpoint_open(&seen, in, policy, a, &e)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_checkpoint c;
	struct pv_err e;

	see(in);
	if (!pv_ok(pv_checkpoint_read(&c, in, &e)))
		return 0;
	if (!pv_ok(pv_checkpoint_write(&b, &c, &e)) || !pv_slice_eq(pv_buf_slice(&b), in))
		abort();
	return 0;
}
