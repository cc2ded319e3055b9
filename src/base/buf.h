/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes. Zero it to begin; the owner frees it. */
#ifndef PV_BASE_BUF_H
#define PV_BASE_BUF_H

#include <stdint.h>

#include "base/slice.h"

struct pv_buf {
	char *p;
	size_t n;
	size_t cap;
};

void pv_buf_free(
    struct pv_buf *b); /* releases the bytes and zeroes b; also for PV_AUTO on a struct pv_buf */
void pv_buf_wipe(struct pv_buf *
	b); /* the same for secrets: overwrites first (all that was ever in it but what realloc moved) */
void pv_buf_clear(struct pv_buf *b); /* keeps the memory */
/* Room for n more bytes; returns where they begin. The caller adds to b->n what it used. */
char *pv_buf_room(struct pv_buf *b, size_t n);
void pv_buf_add(struct pv_buf *b, struct pv_slice s);
void pv_buf_add_mem(struct pv_buf *b, const void *p, size_t n);
void pv_buf_add_c(struct pv_buf *b, char c);
void pv_buf_add_str(struct pv_buf *b, const char *s);
void pv_buf_add_u64(struct pv_buf *b, uint64_t v); /* decimal */
void pv_buf_addf(struct pv_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3), nonnull(2)));
/* NUL after the content, not counted in n. Owned by b. */
const char *pv_buf_str(struct pv_buf *b);

static inline struct pv_slice
pv_buf_slice(const struct pv_buf *b)
{
	return (struct pv_slice){ b->p, b->n };
}

#endif
