/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define FIRST_BLOCK   4096
#define LARGEST_BLOCK (1024 * 1024)

struct block {
	struct block *next;
	size_t used, cap;
	_Alignas(max_align_t) char bytes[];
};

struct pv_arena {
	struct block *blocks; /* newest first; pieces come from the first */
	size_t total;
};

static void
add_block(struct pv_arena *a, size_t n)
{
	size_t cap = a->blocks == NULL ? FIRST_BLOCK : a->blocks->cap * 2;
	size_t total;
	struct block *b;

	if (cap > LARGEST_BLOCK)
		cap = LARGEST_BLOCK;
	if (cap < n)
		cap = n;
	if (!pv_add_size(sizeof(*b), cap, &total))
		pv_out_of_memory(n);
	b = pv_realloc_n(NULL, total, 1);
	*b = (struct block){ .next = a->blocks, .cap = cap };
	a->blocks = b;
	a->total += total;
}

struct pv_arena *
pv_arena_new(void)
{
	return PV_NEW(struct pv_arena);
}

void
pv_arena_reset(struct pv_arena *a)
{
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct block *next = a->blocks->next;

		a->total -= sizeof(struct block) + a->blocks->cap;
		pv_free(a->blocks);
		a->blocks = next;
	}
	if (a->blocks != NULL)
		a->blocks->used = 0;
}

void
pv_arena_free(struct pv_arena *a)
{
	if (a == NULL)
		return;
	pv_arena_reset(a);
	pv_free(a->blocks);
	pv_free(a);
}

void
pv_arena_join(struct pv_arena *into, struct pv_arena *from)
{
	struct block **end = &into->blocks;

	while (*end != NULL)
		end = &(*end)->next;
	*end = from->blocks;
	into->total += from->total;
	pv_free(from);
}

void
pv_arena_freep(struct pv_arena **a)
{
	pv_arena_free(*a);
	*a = NULL;
}

static void *
take(struct pv_arena *a, size_t n)
{
	size_t size = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	void *p;

	if (size < n)
		pv_out_of_memory(n);
	if (a->blocks == NULL || a->blocks->cap - a->blocks->used < size)
		add_block(a, size);
	p = a->blocks->bytes + a->blocks->used;
	a->blocks->used += size;
	return p;
}

void *
pv_arena_alloc(struct pv_arena *a, size_t n)
{
	return memset(take(a, n), 0, n);
}

void *
pv_arena_alloc_n(struct pv_arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		pv_out_of_memory(n);
	return pv_arena_alloc(a, n * size);
}

struct pv_slice
pv_arena_copy(struct pv_arena *a, struct pv_slice s)
{
	char *p;

	if (s.n == 0)
		return (struct pv_slice){ "", 0 };
	p = take(a, s.n);
	memcpy(p, s.p, s.n);
	return (struct pv_slice){ p, s.n };
}

struct pv_slice
pv_arena_printf(struct pv_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	p = take(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct pv_slice){ p, (size_t)n };
}

const char *
pv_arena_str(struct pv_arena *a, struct pv_slice s)
{
	char *p = take(a, s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

size_t
pv_arena_bytes(const struct pv_arena *a)
{
	return a->total;
}
