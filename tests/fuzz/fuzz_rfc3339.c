/* SPDX-License-Identifier: Apache-2.0 */
/* A time has one spelling: what is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	uint64_t seconds;

	if (!pv_time_read(pv_slice_mem(data, size), &seconds))
		return 0;
	pv_time_write(&text, seconds);
	if (seconds > PV_TIME_MAX || !pv_slice_eq(pv_buf_slice(&text), pv_slice_mem(data, size)))
		abort();
	return 0;
}
