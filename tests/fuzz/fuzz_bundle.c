/* SPDX-License-Identifier: Apache-2.0 */
/* A width (one byte) and a bundle: one that is right is the same when its entries are bundled again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice in, rest, entry;
	struct pv_err e;
	unsigned n = 0;

	if (size == 0)
		return 0;
	in = rest = pv_slice_mem(data + 1, size - 1);
	for (; pv_bundle_next(&rest, &entry); n++) {
		if (!pv_ok(pv_bundle_add(&b, entry, &e)))
			abort();
	}
	if (b.n + rest.n != in.n || memcmp(b.p != NULL ? b.p : "", in.p, b.n) != 0)
		abort();
	if (pv_ok(pv_bundle_check(in, data[0], &e)) != (n == data[0] && rest.n == 0))
		abort();
	return 0;
}
