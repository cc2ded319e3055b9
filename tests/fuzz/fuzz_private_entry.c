/* SPDX-License-Identifier: Apache-2.0 */
/* The entry of a private act, as a partner's log has it. What is read is written, and read again it is the same. */
#include <stdint.h>
#include <stdlib.h>

#include "desk/acts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf tags = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };
	struct pv_slice text = pv_slice_mem(data, size);
	uint8_t digest[PV_HASH], same[PV_HASH];

	if (!pv_act_private_read(text, digest) || !pv_act_private_tags(text, &tags))
		return 0;
	pv_act_private_entry(&entry, digest, pv_buf_slice(&tags));
	if (!pv_act_private_read(pv_buf_slice(&entry), same) ||
	    !pv_act_private_tags(pv_buf_slice(&entry), &again) ||
	    memcmp(digest, same, PV_HASH) != 0 ||
	    !pv_slice_eq(pv_buf_slice(&tags), pv_buf_slice(&again)))
		abort();
	return 0;
}
