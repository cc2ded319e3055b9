/* SPDX-License-Identifier: Apache-2.0 */
/* Each tile has one path: what is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_tile t;

	if (!pv_tile_path_read(&t, in))
		return 0;
	pv_tile_path(&b, &t);
	if (!pv_slice_eq(pv_buf_slice(&b), in))
		abort();
	return 0;
}
