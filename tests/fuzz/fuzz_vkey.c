/* SPDX-License-Identifier: Apache-2.0 */
/* A verifier key that is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_vkey k;
	struct pv_err e;

	if (!pv_ok(pv_vkey_read_any(&k, in, &e)) || k.kind == PV_VKEY_OTHER)
		return 0;
	pv_vkey_write(&b, &k);
	if (!pv_slice_eq(pv_buf_slice(&b), in))
		abort();
	return 0;
}
