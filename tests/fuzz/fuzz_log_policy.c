/* SPDX-License-Identifier: Apache-2.0 */
/* A policy that is read can be asked, and no checkpoint meets it unsigned. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tlog/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_of(seed);
	struct pv_checkpoint c = { .origin = PV_SLICE("fuzz") };
	const struct pv_log_policy *p;
	struct pv_checkpoint_seen seen;
	struct pv_err e;
	size_t logs, witnesses;

	if (!pv_ok(pv_log_policy_read(&p, pv_slice_mem(data, size), a, &e)))
		return 0;
	pv_log_policy_logs(p, &logs);
	pv_log_policy_witnesses(p, &witnesses);
	for (size_t i = 0; i < logs; i++)
		(void)pv_log_policy_log_url(p, i);
	for (size_t i = 0; i < witnesses; i++) {
		if (pv_log_policy_witness_name(p, i).n == 0)
			abort();
		(void)pv_log_policy_witness_url(p, i);
	}
	if (!pv_ok(pv_checkpoint_sign(&note, &c, pair, &e)))
		abort();
	pv_ignore(pv_checkpoint_see(&seen, pv_buf_slice(&note), p, a, &e));
	return 0;
}
