/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/logins.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

#define SETS   1024 /* of four: 4,096 credentials */
#define WAYS   4
#define AGE_MS 60000

struct known {
	struct pv_known k; /* first */
	atomic_uint holders;
	struct pv_arena *a;
};

struct entry {
	uint8_t digest[PV_HASH];
	struct known *known; /* NULL: free */
};

struct pv_logins {
	const struct pv_env *env;
	pthread_mutex_t lock;
	uint8_t key[PV_HASH];
	uint64_t epoch;
	size_t count;
	struct entry at[SETS][WAYS];
};

struct pv_logins *
pv_logins_new(const struct pv_env *env)
{
	struct pv_logins *c = PV_NEW(struct pv_logins);

	pthread_mutex_init(&c->lock, NULL);
	c->env = env;
	env->random(env->ctx, c->key, sizeof(c->key));
	return c;
}

void
pv_logins_free(struct pv_logins *c)
{
	if (c == NULL)
		return;
	pv_logins_forget(c);
	pthread_mutex_destroy(&c->lock);
	pv_free(c);
}

/* Each part with its length before it, so that no two credentials read the same. */
void
pv_logins_digest(
    struct pv_logins *c, const struct pv_credential *credential, uint8_t digest[PV_HASH])
{
	struct pv_hmacer *h = pv_hmacer_new(pv_slice_mem(c->key, sizeof(c->key)));
	uint64_t sizes[3] = { credential->kind, credential->text.n, credential->secret.n };

	pv_hmacer_add(h, pv_slice_mem(sizes, sizeof(sizes)));
	pv_hmacer_add(h, credential->text);
	pv_hmacer_add(h, credential->secret);
	pv_hmacer_end(h, digest);
	pv_hmacer_free(h);
}

struct pv_known *
pv_known_take(struct pv_known *k)
{
	struct known *known = (struct known *)k;

	if (known != NULL)
		atomic_fetch_add(&known->holders, 1);
	return k;
}

void
pv_known_give(struct pv_known *k)
{
	struct known *known = (struct known *)k;

	if (known == NULL || atomic_fetch_sub(&known->holders, 1) != 1)
		return;
	pv_arena_free(known->a);
	pv_free(known);
}

static struct entry *
set_of(struct pv_logins *c, const uint8_t digest[PV_HASH])
{
	return c->at[(digest[0] | (unsigned)digest[1] << 8) % SETS];
}

static void
drop(struct pv_logins *c, struct entry *one)
{
	if (one->known == NULL)
		return;
	pv_known_give(&one->known->k);
	one->known = NULL;
	c->count--;
}

struct pv_known *
pv_logins_get(struct pv_logins *c, const uint8_t digest[PV_HASH], uint64_t now_ms)
{
	uint64_t now_s = c->env->realtime_ms(c->env->ctx) / 1000;
	struct pv_known *found = NULL;
	struct entry *set = set_of(c, digest);

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < WAYS && found == NULL; i++) {
		if (set[i].known == NULL || memcmp(set[i].digest, digest, PV_HASH) != 0)
			continue;
		/* by the steady clock, and by the one that may be set: whichever is first */
		if (now_ms < set[i].known->k.until_ms && now_s < set[i].known->k.who.until_s)
			found = pv_known_take(&set[i].known->k);
		else
			drop(c, &set[i]);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

uint64_t
pv_logins_epoch(struct pv_logins *c)
{
	uint64_t epoch;

	pthread_mutex_lock(&c->lock);
	epoch = c->epoch;
	pthread_mutex_unlock(&c->lock);
	return epoch;
}

static struct known *
known_new(const struct pv_caller *who, uint64_t now_ms, uint64_t now_s)
{
	struct known *known = PV_NEW(struct known);
	uint64_t left_s = who->until_s > now_s ? who->until_s - now_s : 0;

	known->a = pv_arena_new();
	known->holders = 1;
	known->k.who = *who;
	pv_caller_keep(&known->k.who, known->a);
	known->k.until_ms = now_ms + (left_s < AGE_MS / 1000 ? left_s * 1000 : AGE_MS);
	return known;
}

struct pv_known *
pv_logins_put(struct pv_logins *c, const uint8_t digest[PV_HASH], const struct pv_caller *who,
    uint64_t epoch, uint64_t now_ms, uint64_t now_s)
{
	struct known *known = known_new(who, now_ms, now_s);
	struct entry *set = set_of(c, digest), *place = &set[0];

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].known == NULL || memcmp(set[i].digest, digest, PV_HASH) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].known->k.until_ms < place->known->k.until_ms)
			place = &set[i];
	}
	if (epoch == c->epoch) {
		drop(c, place);
		memcpy(place->digest, digest, PV_HASH);
		place->known = known;
		pv_known_take(&known->k);
		c->count++;
	}
	pthread_mutex_unlock(&c->lock);
	return &known->k;
}

void
pv_logins_forget(struct pv_logins *c)
{
	pthread_mutex_lock(&c->lock);
	c->epoch++;
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++)
			drop(c, &c->at[i][k]);
	pthread_mutex_unlock(&c->lock);
}

size_t
pv_logins_count(struct pv_logins *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->count;
	pthread_mutex_unlock(&c->lock);
	return n;
}
