/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Our own small requests do not fail: with no memory left the process
 * stops, and a stopped gateway releases nothing. A size that comes from outside
 * meets a stated limit before it gets here.
 */
#ifndef PV_BASE_MEM_H
#define PV_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Fresh memory that pv_free() releases. Only gcc can be told who releases it. */
#ifdef __clang__
#	define PV_ALLOCATES __attribute__((malloc, returns_nonnull))
#else
#	define PV_ALLOCATES __attribute__((malloc, malloc(pv_free, 1), returns_nonnull))
#endif

void pv_free(void *p);
/* Zeroed memory. Never NULL; 0 bytes give a unique pointer. */
void *pv_alloc(size_t n) PV_ALLOCATES;
/* n objects of size bytes each, zeroed; the product is checked. */
void *pv_alloc_n(size_t n, size_t size) PV_ALLOCATES;
/* Grows or shrinks p to n * size bytes; what is new is not zeroed. */
void *pv_realloc_n(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *pv_strdup(const char *s) PV_ALLOCATES;
/* Says what was asked for and stops. */
void pv_out_of_memory(size_t asked) __attribute__((noreturn));

/* *sum = a + b; false, and *sum untouched, when it would overflow. */
bool pv_add_size(size_t a, size_t b, size_t *sum);

#define PV_NEW(type) ((type *)pv_alloc(sizeof(type)))

/* A local that owns something: released when its scope ends. */
#define PV_AUTO(freep) __attribute__((cleanup(freep)))
/* Hands on what a PV_AUTO local owns. */
#define PV_TAKE(p)                             \
	({                                     \
		__typeof__(p) pv_taken_ = (p); \
		(p) = NULL;                    \
		pv_taken_;                     \
	})

void pv_freep(void *pp); /* for PV_AUTO on a pointer from pv_alloc */

#endif
