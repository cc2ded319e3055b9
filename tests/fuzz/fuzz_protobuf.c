/* SPDX-License-Identifier: Apache-2.0 */
/* Fields read as they were written again; and a body that was compressed is as large as it was let be. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/gunzip.h"
#include "codec/protobuf.h"

#define PLAIN_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 }, plain = { 0 };
	struct pv_slice rest = pv_slice_mem(data, size), second;
	struct pv_pb_field f, g;
	bool bad, other;

	while (pv_pb_next(&rest, &f, &bad)) {
		if (f.number == 0 ||
		    (f.bytes.n != 0 && (f.bytes.p < (const char *)data ||
					   f.bytes.p + f.bytes.n > (const char *)data + size)))
			abort();
		if (f.wire != PV_PB_BYTES && f.wire != PV_PB_VARINT)
			continue;
		pv_buf_clear(&again);
		if (f.wire == PV_PB_BYTES)
			pv_pb_add_bytes(&again, f.number, f.bytes);
		else
			pv_pb_add_varint(&again, f.number, f.value);
		second = pv_buf_slice(&again);
		if (!pv_pb_next(&second, &g, &other) || other || second.n != 0 ||
		    g.number != f.number || g.wire != f.wire || g.value != f.value ||
		    !pv_slice_eq(g.bytes, f.bytes))
			abort();
	}
	if (!bad && rest.n != 0)
		abort();
	if (pv_gunzip(&plain, pv_slice_mem(data, size), PLAIN_MAX) ? plain.n > PLAIN_MAX
								   : plain.n != 0)
		abort();
	return 0;
}
