/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes have one text in each form, and in hexadecimal digits: what is read is written as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 }, text = { 0 };
	struct pv_slice given = pv_slice_mem(data, size);

	for (enum pv_base64_form form = PV_BASE64; form <= PV_BASE64_URL_PADDED; form++) {
		pv_buf_clear(&bytes);
		pv_buf_clear(&text);
		if (!pv_base64_read(&bytes, given, form))
			continue;
		pv_base64_write(&text, pv_buf_slice(&bytes), form);
		if (!pv_slice_eq(pv_buf_slice(&text), given))
			abort();
	}
	pv_buf_clear(&bytes);
	pv_buf_clear(&text);
	if (pv_hex_read(&bytes, given)) {
		pv_hex_write(&text, pv_buf_slice(&bytes));
		if (!pv_slice_eq(pv_buf_slice(&text), given))
			abort();
	}
	return 0;
}
