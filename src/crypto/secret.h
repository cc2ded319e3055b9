/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, passphrases, shares: bytes with one owner, in pages of their own that are kept out of swap and core
 * dumps (as far as the limits of the process allow) and wiped when freed. Never in an arena, a log line or an
 * error.
 */
#ifndef PV_CRYPTO_SECRET_H
#define PV_CRYPTO_SECRET_H

#include "base/buf.h"
#include "base/env.h"
#include "base/slice.h"

struct pv_secret;

struct pv_secret *pv_secret_new(size_t n);               /* n zero bytes */
struct pv_secret *pv_secret_of(const void *p, size_t n); /* a copy; the caller wipes its own */
struct pv_secret *pv_secret_take(
    struct pv_buf *b); /* what b holds; b is wiped and empty afterwards */
struct pv_secret *pv_secret_random(const struct pv_env *env, size_t n);
void pv_secret_free(struct pv_secret *s); /* wipes; NULL is fine */
void pv_secret_freep(struct pv_secret **s);

size_t pv_secret_size(const struct pv_secret *s);
uint8_t *pv_secret_bytes(struct pv_secret *s);
struct pv_slice pv_secret_slice(const struct pv_secret *s); /* borrowed: copy it nowhere */
/* Keeps the first n bytes, wipes the rest. n is at most its size. */
void pv_secret_cut(struct pv_secret *s, size_t n);

/* Constant time in the content; different sizes are unequal. */
bool pv_secret_eq(const struct pv_secret *a, const struct pv_secret *b);
/* The same for what lies elsewhere: MACs, digests, tokens. */
bool pv_secret_eq_mem(struct pv_slice a, struct pv_slice b);

#endif
