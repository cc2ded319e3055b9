/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

void *
pv_vec_room(void *at, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return at;
	*cap = *cap == 0 ? 8 : *cap * 2;
	return pv_realloc_n(at, *cap, size);
}
