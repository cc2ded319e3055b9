/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a TAXII request, for each kind of question. What is taken has no byte that a cursor gives a meaning to. */
#include <stdlib.h>

#include "gateway/taxii_query.h"

static void
check(const struct pv_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->at[i].n == 0 || memchr(names->at[i].p, ';', names->at[i].n) != NULL ||
		    memchr(names->at[i].p, ',', names->at[i].n) != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_arena *a = pv_arena_new();

	for (enum pv_taxii_what what = PV_TAXII_NOTHING; what <= PV_TAXII_MARKINGS; what++) {
		struct pv_taxii_ask ask = { .what = what };
		const char *why;

		if (!pv_taxii_query_read(pv_slice_mem(data, size), a, &ask, &why)) {
			if (why == NULL)
				abort();
			continue;
		}
		check(&ask.ids);
		check(&ask.types);
		check(&ask.versions);
		check(&ask.specs);
		if (ask.limit > PV_TAXII_LIMIT_MAX)
			abort();
	}
	pv_arena_free(a);
	return 0;
}
