/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
pv_out_of_memory(size_t asked)
{
	fprintf(stderr, "proviso: out of memory (%zu bytes asked). Nothing was released.\n", asked);
	abort();
}

void
pv_free(void *p)
{
	free(p);
}

void *
pv_alloc(size_t n)
{
	return pv_alloc_n(n, 1);
}

void *
pv_alloc_n(size_t n, size_t size)
{
	void *p = calloc(n != 0 ? n : 1, size != 0 ? size : 1);

	if (p == NULL)
		pv_out_of_memory(n);
	return p;
}

void *
pv_realloc_n(void *p, size_t n, size_t size)
{
	void *q = reallocarray(p, n != 0 ? n : 1, size != 0 ? size : 1);

	if (q == NULL)
		pv_out_of_memory(n);
	return q;
}

char *
pv_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(pv_alloc(n), s, n);
}

bool
pv_add_size(size_t a, size_t b, size_t *sum)
{
	if (b > SIZE_MAX - a)
		return false;
	*sum = a + b;
	return true;
}

void
pv_freep(void *pp)
{
	void **p = pp;

	pv_free(*p);
	*p = NULL;
}
