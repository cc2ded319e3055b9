/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lives as long as a request, a document or a snapshot: taken piece by
 * piece, released at once. Never keys (crypto/secret.h).
 */
#ifndef PV_BASE_ARENA_H
#define PV_BASE_ARENA_H

#include "base/slice.h"

struct pv_arena;

struct pv_arena *pv_arena_new(void);
void pv_arena_free(struct pv_arena *a);
void pv_arena_freep(struct pv_arena **a);
/* What was taken from the one lives as long as the other from now on; from is gone. */
void pv_arena_join(struct pv_arena *into, struct pv_arena *from);
void pv_arena_reset(struct pv_arena *a); /* forgets all pieces, keeps one block */
/* Zeroed, aligned for any type. */
void *pv_arena_alloc(struct pv_arena *a, size_t n) __attribute__((returns_nonnull));
void *pv_arena_alloc_n(struct pv_arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
struct pv_slice pv_arena_copy(struct pv_arena *a, struct pv_slice s);
struct pv_slice pv_arena_printf(struct pv_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
const char *pv_arena_str(struct pv_arena *a, struct pv_slice s); /* NUL-terminated copy */
size_t pv_arena_bytes(const struct pv_arena *a);                 /* taken from the system */

#define PV_ARENA_NEW(a, type) ((type *)pv_arena_alloc((a), sizeof(type)))

#endif
