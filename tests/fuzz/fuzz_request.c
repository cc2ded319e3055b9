/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_request_reader reader = { 0 };
	struct pv_request q;
	struct pv_slice id;
	struct pv_err e = { 0 };

	for (unsigned round = 0; round < 2;
	     round++) /* the second with what the first left behind */
		if (!pv_ok(pv_request_read(
			&q, &id, pv_slice_mem(data, size), round, 1, &reader, &e)) &&
		    (e.line == 0 || e.what[0] == '\0'))
			abort();
	pv_request_reader_free(&reader);
	return 0;
}
