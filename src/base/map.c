/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <pthread.h>
#include <sys/random.h>

#include "base/mem.h"

struct slot {
	const char *p;
	uint32_t n;
	uint32_t value;
};

struct pv_map {
	struct slot *slots;
	size_t cap, count; /* cap is a power of two, at least twice the count */
};

static uint64_t seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void
draw_seed(void)
{
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		pv_out_of_memory(sizeof(seed));
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND(v0, v1, v2, v3)     \
	do {                         \
		(v0) += (v1);        \
		(v1) = ROTL(v1, 13); \
		(v1) ^= (v0);        \
		(v0) = ROTL(v0, 32); \
		(v2) += (v3);        \
		(v3) = ROTL(v3, 16); \
		(v3) ^= (v2);        \
		(v0) += (v3);        \
		(v3) = ROTL(v3, 21); \
		(v3) ^= (v0);        \
		(v2) += (v1);        \
		(v1) = ROTL(v1, 17); \
		(v1) ^= (v2);        \
		(v2) = ROTL(v2, 32); \
	} while (0)

/* SipHash-1-3 (Aumasson, Bernstein 2012). */
uint64_t
pv_hash64(struct pv_slice key)
{
	uint64_t v0, v1, v2, v3, m;
	size_t i;

	pthread_once(&seeded, draw_seed);
	v0 = seed[0] ^ 0x736f6d6570736575u;
	v1 = seed[1] ^ 0x646f72616e646f6du;
	v2 = seed[0] ^ 0x6c7967656e657261u;
	v3 = seed[1] ^ 0x7465646279746573u;
	for (i = 0; i + 8 <= key.n; i += 8) {
		memcpy(&m, key.p + i, 8);
		v3 ^= m;
		SIPROUND(v0, v1, v2, v3);
		v0 ^= m;
	}
	m = (uint64_t)key.n << 56;
	for (unsigned b = 0; i < key.n; i++, b += 8)
		m |= (uint64_t)(unsigned char)key.p[i] << b;
	v3 ^= m;
	SIPROUND(v0, v1, v2, v3);
	v0 ^= m;
	v2 ^= 0xff;
	SIPROUND(v0, v1, v2, v3);
	SIPROUND(v0, v1, v2, v3);
	SIPROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

static struct slot *
find(const struct pv_map *m, struct pv_slice key)
{
	size_t i = pv_hash64(key) & (m->cap - 1);

	while (m->slots[i].p != NULL &&
	       !pv_slice_eq((struct pv_slice){ m->slots[i].p, m->slots[i].n }, key))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

struct pv_map *
pv_map_new(size_t expected)
{
	struct pv_map *m = PV_NEW(struct pv_map);

	m->cap = 16;
	while (m->cap < expected * 2)
		m->cap *= 2;
	m->slots = pv_alloc_n(m->cap, sizeof(*m->slots));
	return m;
}

void
pv_map_free(struct pv_map *m)
{
	if (m == NULL)
		return;
	pv_free(m->slots);
	pv_free(m);
}

void
pv_map_freep(struct pv_map **m)
{
	pv_map_free(*m);
	*m = NULL;
}

static void
grow(struct pv_map *m)
{
	struct slot *old = m->slots;
	size_t cap = m->cap;

	m->cap *= 2;
	m->slots = pv_alloc_n(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < cap; i++)
		if (old[i].p != NULL)
			*find(m, (struct pv_slice){ old[i].p, old[i].n }) = old[i];
	pv_free(old);
}

void
pv_map_set(struct pv_map *m, struct pv_slice key, uint32_t value)
{
	struct slot *s = find(m, key);

	if (s->p == NULL) {
		if ((m->count + 1) * 2 > m->cap) {
			grow(m);
			s = find(m, key);
		}
		m->count++;
		s->p = key.p != NULL ? key.p : "";
		s->n = (uint32_t)key.n;
	}
	s->value = value;
}

uint32_t
pv_map_get(const struct pv_map *m, struct pv_slice key)
{
	const struct slot *s = find(m, key);

	return s->p != NULL ? s->value : PV_MAP_NONE;
}

size_t
pv_map_count(const struct pv_map *m)
{
	return m->count;
}

size_t
pv_map_bytes(const struct pv_map *m)
{
	return sizeof(*m) + m->cap * sizeof(*m->slots);
}
