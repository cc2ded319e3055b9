/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each secret has pages of its own: mlock() and MADV_DONTDUMP work on pages, and unlocking a page that two secrets
 * share would let the other go to swap. Getting and locking a page takes 10 us, so some are kept, wiped, for the next
 * secret. Where the limit on locked memory is used up the secret is kept all the same, unlocked: swap is a lesser evil
 * than a gateway that cannot open.
 */
#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

#define SPARES 64

struct pv_secret {
	size_t n;
	size_t room;            /* bytes to be wiped, n <= room */
	size_t mapped;          /* of the whole, this head included */
	struct pv_secret *next; /* when it is spare */
	uint8_t bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pv_secret *spares; /* of one page each */
static size_t spare_count;

static struct pv_secret *
take_spare(void)
{
	struct pv_secret *s;

	pthread_mutex_lock(&lock);
	s = spares;
	if (s != NULL) {
		spares = s->next;
		spare_count--;
	}
	pthread_mutex_unlock(&lock);
	return s;
}

static bool
keep_spare(struct pv_secret *s)
{
	bool kept;

	pthread_mutex_lock(&lock);
	kept = spare_count < SPARES;
	if (kept) {
		s->next = spares;
		spares = s;
		spare_count++;
	}
	pthread_mutex_unlock(&lock);
	return kept;
}

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct pv_secret *
map_pages(size_t size)
{
	struct pv_secret *s =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		pv_out_of_memory(size);
	(void)!mlock(s, size);
	(void)!madvise(s, size, MADV_DONTDUMP);
	s->mapped = size;
	return s;
}

struct pv_secret *
pv_secret_new(size_t n)
{
	size_t page = page_size(), size;
	struct pv_secret *s = NULL;

	if (!pv_add_size(n, sizeof(*s) + page - 1, &size))
		pv_out_of_memory(n);
	size -= size % page;
	if (size == page)
		s = take_spare();
	if (s == NULL)
		s = map_pages(size);
	s->n = s->room = n;
	s->next = NULL;
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
	if (s->mapped != page_size() || !keep_spare(s))
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
