/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

void
pv_buf_free(struct pv_buf *b)
{
	pv_free(b->p);
	*b = (struct pv_buf){ 0 };
}

void
pv_buf_wipe(struct pv_buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	pv_buf_free(b);
}

void
pv_buf_clear(struct pv_buf *b)
{
	b->n = 0;
}

char *
pv_buf_room(struct pv_buf *b, size_t n)
{
	size_t need, cap;

	if (b->p != NULL && n <= b->cap - b->n)
		return b->p + b->n;
	if (!pv_add_size(b->n, n, &need))
		pv_out_of_memory(n);
	if (b->p == NULL || need > b->cap) {
		cap = b->cap < 64 ? 64 : b->cap;
		while (cap < need)
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		b->p = pv_realloc_n(b->p, cap, 1);
		b->cap = cap;
	}
	return b->p + b->n;
}

void
pv_buf_add_mem(struct pv_buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(pv_buf_room(b, n), p, n);
	b->n += n;
}

void
pv_buf_add(struct pv_buf *b, struct pv_slice s)
{
	pv_buf_add_mem(b, s.p, s.n);
}

void
pv_buf_add_c(struct pv_buf *b, char c)
{
	*pv_buf_room(b, 1) = c;
	b->n++;
}

void
pv_buf_add_str(struct pv_buf *b, const char *s)
{
	pv_buf_add(b, pv_slice_of(s));
}

void
pv_buf_add_u64(struct pv_buf *b, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	pv_buf_add_mem(b, digits + i, sizeof(digits) - i);
}

void
pv_buf_addf(struct pv_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	va_start(ap, fmt);
	vsnprintf(pv_buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

const char *
pv_buf_str(struct pv_buf *b)
{
	*pv_buf_room(b, 1) = '\0';
	return b->p;
}
