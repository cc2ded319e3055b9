/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gunzip.h"

#include <libdeflate.h>

#define FIRST_ROOM 16384

bool
pv_gunzip(struct pv_buf *out, struct pv_slice text, size_t max)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;
	size_t room = max < FIRST_ROOM ? max : FIRST_ROOM, used = 0, got = 0;

	while (d != NULL && result == LIBDEFLATE_INSUFFICIENT_SPACE) {
		result = libdeflate_gzip_decompress_ex(
		    d, text.p, text.n, pv_buf_room(out, room), room, &used, &got);
		if (room == max)
			break;
		room = room > max / 4 ? max : room * 4;
	}
	libdeflate_free_decompressor(d);
	if (result != LIBDEFLATE_SUCCESS || used != text.n)
		return false;
	out->n += got;
	return true;
}
