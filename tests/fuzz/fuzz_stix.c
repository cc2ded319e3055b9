/* SPDX-License-Identifier: Apache-2.0 */
/* An envelope of STIX objects: each object is a part of the text, and what is read is what the checks promise. */
#include <stdlib.h>

#include "wire/stix.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_stix_envelope w = { .text = pv_slice_mem(data, size) };
	struct pv_arena *a = pv_arena_new();
	struct pv_json *doc = pv_json_new();
	struct pv_slice object, type;
	struct pv_err e = { 0 };
	bool more = true;

	while (pv_ok(pv_stix_next(&w, doc, &object, &more, &e)) && more) {
		struct pv_stix s;

		if (object.p < w.text.p || object.p + object.n > w.text.p + w.text.n)
			abort();
		if (!pv_ok(pv_stix_read(&s, doc, object, a, &e)))
			continue;
		if (!pv_stix_id_ok(s.id, &type) || !pv_slice_eq(type, s.type))
			abort();
		for (size_t i = 0; i < s.markings.n; i++)
			if (!pv_stix_id_ok(s.markings.at[i], NULL))
				abort();
	}
	pv_json_free(doc);
	pv_arena_free(a);
	return 0;
}
