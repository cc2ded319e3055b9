/* SPDX-License-Identifier: Apache-2.0 */
/* Queries, escapes and media types of others: what decodes is UTF-8 without NUL and no longer than it was. */
#include <stdint.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct pv_slice s, size_t at_most)
{
	if (s.n > at_most || pv_utf8_valid(s) != s.n || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice text = pv_slice_mem(size > 0 ? (const void *)data : "", size), rest = text,
			name, value, out;
	struct pv_arena *a = pv_arena_new();
	size_t pairs = 0;
	bool bad;

	if (pv_url_decode(text, false, a, &out))
		check(out, size);
	while (pv_query_next(&rest, a, &name, &value, &bad)) {
		if (++pairs > size + 1)
			abort();
		if (!bad) {
			check(name, size);
			check(value, size);
		}
	}
	/* A range that names a version does not allow another. */
	if (pv_media_allows(text, "a/b;version=1") && pv_media_allows(text, "a/b;version=2") &&
	    !pv_media_allows(text, "a/b"))
		/* two ranges, one each: it takes two "version" in the text */
		if (size < 2 * sizeof("a/b;version=1") - 2)
			abort();
	pv_arena_free(a);
	return 0;
}
