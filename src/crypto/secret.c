/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each secret has pages of its own: mlock() and MADV_DONTDUMP work on pages, and unlocking a page that two secrets
 * share would let the other go to swap. That costs 2 us and a page each; there are few secrets. Where the limit on
 * locked memory is used up the secret is kept all the same, unlocked: swap is a lesser evil than a gateway that
 * cannot open.
 */
#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

struct pv_secret {
	size_t n;
	size_t room;   /* bytes at the beginning, for n <= room */
	size_t mapped; /* of the whole, this head included */
	uint8_t bytes[];
};

struct pv_secret *
pv_secret_new(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), mapped;
	struct pv_secret *s;

	if (!pv_add_size(n, sizeof(*s) + page - 1, &mapped))
		pv_out_of_memory(n);
	mapped -= mapped % page;
	s = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		pv_out_of_memory(n);
	(void)!mlock(s, mapped);
	(void)!madvise(s, mapped, MADV_DONTDUMP);
	s->n = s->room = n;
	s->mapped = mapped;
	return s;
}

struct pv_secret *
pv_secret_of(const void *p, size_t n)
{
	struct pv_secret *s = pv_secret_new(n);

	if (n > 0)
		memcpy(s->bytes, p, n);
	return s;
}

struct pv_secret *
pv_secret_take(struct pv_buf *b)
{
	struct pv_secret *s = pv_secret_of(b->p, b->n);

	pv_buf_wipe(b);
	return s;
}

struct pv_secret *
pv_secret_random(const struct pv_env *env, size_t n)
{
	struct pv_secret *s = pv_secret_new(n);

	env->random(env->ctx, s->bytes, n);
	return s;
}

void
pv_secret_free(struct pv_secret *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s->bytes, s->room);
	munmap(s, s->mapped); /* unlocks, too */
}

void
pv_secret_freep(struct pv_secret **s)
{
	pv_secret_free(*s);
	*s = NULL;
}

size_t
pv_secret_size(const struct pv_secret *s)
{
	return s->n;
}

uint8_t *
pv_secret_bytes(struct pv_secret *s)
{
	return s->bytes;
}

struct pv_slice
pv_secret_slice(const struct pv_secret *s)
{
	return pv_slice_mem(s->bytes, s->n);
}

void
pv_secret_cut(struct pv_secret *s, size_t n)
{
	if (n >= s->n)
		return;
	explicit_bzero(s->bytes + n, s->n - n);
	s->n = n;
}

bool
pv_secret_eq(const struct pv_secret *a, const struct pv_secret *b)
{
	return pv_secret_eq_mem(pv_secret_slice(a), pv_secret_slice(b));
}

bool
pv_secret_eq_mem(struct pv_slice a, struct pv_slice b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
