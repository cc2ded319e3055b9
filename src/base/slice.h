/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and bytes: a pointer and a length. A slice borrows; it may hold NUL and
 * is not terminated. C strings exist only where libc wants one.
 */
#ifndef PV_BASE_SLICE_H
#define PV_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pv_slice {
	const char *p;
	size_t n;
};

#define PV_SLICE(literal) ((struct pv_slice){ (literal), sizeof(literal) - 1 })
#define PV_NO_SLICE       ((struct pv_slice){ NULL, 0 })
/* For "%.*s". */
#define PV_FMT(s) (int)(s).n, (s).n != 0 ? (s).p : ""

static inline struct pv_slice
pv_slice_of(const char *s)
{
	return (struct pv_slice){ s, s != NULL ? strlen(s) : 0 };
}

static inline struct pv_slice
pv_slice_mem(const void *p, size_t n)
{
	return (struct pv_slice){ p, n };
}

static inline bool
pv_slice_eq(struct pv_slice a, struct pv_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
pv_slice_is(struct pv_slice a, const char *s)
{
	return pv_slice_eq(a, pv_slice_of(s));
}

static inline bool
pv_slice_starts(struct pv_slice a, struct pv_slice prefix)
{
	return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* Bytewise order, shorter first when one begins the other. */
int pv_slice_cmp(struct pv_slice a, struct pv_slice b);
/* [from, to), cut to what there is. */
struct pv_slice pv_slice_sub(struct pv_slice s, size_t from, size_t to);
/* Takes the next field up to sep from *rest; false when nothing is left. */
bool pv_slice_next(struct pv_slice *rest, char sep, struct pv_slice *field);
/* Without blanks, tabs, CR and LF at both ends. */
struct pv_slice pv_slice_trim(struct pv_slice s);
/* Decimal without sign or leading zero, at most UINT64_MAX. */
bool pv_slice_u64(struct pv_slice s, uint64_t *out);

/* Dotted names: x is at or below root ("law.interdict" is under "law"). An empty root is above nothing. */
bool pv_name_under(struct pv_slice x, struct pv_slice root);
/* [a-z0-9-] labels joined by dots, 1 to 200 bytes. */
bool pv_name_ok(struct pv_slice name);
/* "law.interdict" -> "law"; empty when name is a root. */
struct pv_slice pv_name_parent(struct pv_slice name);
/* Optimal string alignment distance (Damerau), stops counting above limit and answers limit + 1. */
unsigned pv_name_distance(struct pv_slice a, struct pv_slice b, unsigned limit);

#endif
