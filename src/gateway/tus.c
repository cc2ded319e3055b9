/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/tus.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/utf8.h"

bool
pv_tus_number(const struct pv_request_head *head, const char *name, uint64_t *out)
{
	bool many;

	return pv_slice_u64(pv_header_get(head, name, &many), out) && !many;
}

/* "filename d29ybGQ=,type ..." */
struct pv_slice
pv_tus_filename(const struct pv_request_head *head, struct pv_arena *a)
{
	bool many;
	struct pv_slice rest = pv_header_get(head, "upload-metadata", &many), pair;

	if (many || rest.n > PV_TUS_META_MAX)
		return PV_NO_SLICE;
	while (pv_slice_next(&rest, ',', &pair)) {
		PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };
		struct pv_slice value = pv_slice_trim(pair), key;

		pv_slice_next(&value, ' ', &key);
		if (pv_slice_is(key, "filename") && pv_base64_read(&name, value, PV_BASE64) &&
		    pv_utf8_valid(pv_buf_slice(&name)) == name.n)
			return pv_arena_copy(a, pv_buf_slice(&name));
	}
	return PV_NO_SLICE;
}
