/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrypt is what a flood of passwords would be for, so it is rationed before it
 * runs: whoever was verified within the last minute, and whoever has a
 * certificate or a token, is not touched by the ration.
 */
#include "desk/callers.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "desk/home.h"
#include "desk/issuer.h"

#define VERIFIED 256  /* passwords that are remembered; then the oldest go */
#define PEERS    4096 /* addresses share these places: at worst two share a ration */
#define MILLI    1000
#define ISSUERS  32 /* whose keys are held; as many as records bind, as a rule */

#define KEYS_FRESH_MS 600000  /* then they are fetched again */
#define KEYS_LIVE_MS  3600000 /* then they count no more */
#define AGAIN_MS      60000   /* between two fetches */
#define AGAIN_NONE_MS 20000   /* while there are none at all */

struct bucket {
	uint64_t milli, at_ms; /* thousandths of a try that were used, as of then */
};
struct verified {
	uint8_t mac[PV_HASH];
	uint64_t until_ms; /* 0: empty */
};

struct issuer {
	char *url; /* NULL: empty */
	struct pv_jwks *keys;
	uint64_t fetched_ms, tried_ms; /* 0: never */
	uint64_t again_ms;             /* when it was last tried for a kid that is not among them */
	bool fetching;
};

struct pv_callers {
	pthread_mutex_t lock;
	struct pv_env env;
	struct pv_callers_fetch fetch;
	struct pv_secret *key; /* of the MACs */
	struct verified verified[VERIFIED];
	size_t next;
	struct bucket peers[PEERS], all;
	pthread_mutex_t fetching; /* held while keys are fetched, without the other lock */
	struct issuer issuers[ISSUERS];
	size_t next_issuer;
};

struct pv_callers *
pv_callers_new(const struct pv_env *env, const struct pv_callers_fetch *fetch)
{
	struct pv_callers *c = PV_NEW(struct pv_callers);

	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->fetching, NULL);
	c->env = *env;
	if (fetch != NULL)
		c->fetch = *fetch;
	c->key = pv_secret_random(env, PV_HASH);
	return c;
}

void
pv_callers_free(struct pv_callers *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->fetching);
	for (size_t i = 0; i < ISSUERS; i++) {
		pv_free(c->issuers[i].url);
		pv_jwks_free(c->issuers[i].keys);
	}
	pv_secret_free(c->key);
	pv_free(c);
}

void
pv_callers_freep(struct pv_callers **c)
{
	pv_callers_free(*c);
	*c = NULL;
}

void
pv_desk_lend_callers(struct pv_desk *d, struct pv_callers *c)
{
	if (d->callers_own)
		pv_callers_free(d->callers);
	d->callers = c;
	d->callers_own = false;
}

struct pv_callers *
pv_callers_of(struct pv_desk *d)
{
	if (d->callers == NULL) {
		d->callers = pv_callers_new(&d->env, NULL);
		d->callers_own = true;
	}
	return d->callers;
}

/* The clock that nobody sets. */
static uint64_t
now_ms(const struct pv_callers *c)
{
	return c->env.boottime_ms(c->env.ctx);
}

/* ---- passwords that were verified ---- */

/* Each piece with its length before it, so that no two lists of pieces are one. */
static void
mac_of(const struct pv_callers *c, const struct pv_slice *what, size_t n, uint8_t mac[PV_HASH])
{
	PV_AUTO(pv_hmacer_freep) struct pv_hmacer *h = pv_hmacer_new(pv_secret_slice(c->key));

	for (size_t i = 0; i < n; i++) {
		uint64_t size = what[i].n;

		pv_hmacer_add(h, pv_slice_mem(&size, sizeof(size)));
		pv_hmacer_add(h, what[i]);
	}
	pv_hmacer_end(h, mac);
}

bool
pv_callers_verified(struct pv_callers *c, const struct pv_slice *what, size_t n)
{
	uint8_t mac[PV_HASH];
	bool there = false;

	mac_of(c, what, n, mac);
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < VERIFIED; i++)
		there = there || (now_ms(c) < c->verified[i].until_ms &&
				     pv_secret_eq_mem(pv_slice_mem(c->verified[i].mac, PV_HASH),
					 pv_slice_mem(mac, PV_HASH)));
	pthread_mutex_unlock(&c->lock);
	return there;
}

void
pv_callers_verify(struct pv_callers *c, const struct pv_slice *what, size_t n)
{
	struct verified v;

	mac_of(c, what, n, v.mac);
	pthread_mutex_lock(&c->lock);
	v.until_ms = now_ms(c) + PV_VERIFIED_S * (uint64_t)MILLI;
	c->verified[c->next] = v;
	c->next = (c->next + 1) % VERIFIED;
	pthread_mutex_unlock(&c->lock);
}

/* ---- the ration ---- */

/* Lets what was used run off, then asks whether one more stays below the brim. */
static bool
has_room(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t brim)
{
	uint64_t gone = now > b->at_ms ? now - b->at_ms : 0, off = gone * per_second;

	b->milli = off < b->milli ? b->milli - off : 0;
	b->at_ms = now;
	return b->milli + MILLI <= brim * MILLI;
}

/* Of IPv6 the network: whoever has one address there has them all. */
static struct bucket *
bucket_of(struct pv_callers *c, struct pv_slice peer)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (peer.n < sizeof(text)) {
		memcpy(text, peer.n != 0 ? peer.p : "", peer.n);
		text[peer.n] = '\0';
		if (inet_pton(AF_INET6, text, &v6) == 1)
			return &c->peers[pv_hash64(pv_slice_mem(&v6, 8)) % PEERS];
	}
	return &c->peers[pv_hash64(peer) % PEERS];
}

bool
pv_callers_may_try(struct pv_callers *c, struct pv_slice peer, bool take)
{
	struct bucket *b;
	bool may, all;

	pthread_mutex_lock(&c->lock);
	b = bucket_of(c, peer);
	may = has_room(b, now_ms(c), 1, 8);
	all = has_room(&c->all, now_ms(c), 4, 12);
	if (may && all && take) {
		b->milli += MILLI;
		c->all.milli += MILLI;
	}
	pthread_mutex_unlock(&c->lock);
	return may && all;
}

/* ---- issuers' keys ---- */

/* Its place, one taken from another when all are full; not from one that is being fetched. NULL: none is free. */
static struct issuer *
issuer_of(struct pv_callers *c, struct pv_slice url)
{
	struct issuer *x;

	for (size_t i = 0; i < ISSUERS; i++)
		if (c->issuers[i].url != NULL && pv_slice_is(url, c->issuers[i].url))
			return &c->issuers[i];
	x = &c->issuers[c->next_issuer];
	if (x->fetching)
		return NULL;
	c->next_issuer = (c->next_issuer + 1) % ISSUERS;
	pv_free(x->url);
	pv_jwks_free(x->keys);
	*x = (struct issuer){ .url = pv_alloc(url.n + 1) };
	memcpy(x->url, url.p, url.n);
	return x;
}

enum found { FOUND_NO = 0, FOUND_GOOD, FOUND_BAD };

/* With the keys at hand: BAD is a signature that is not that key's, and no other key would help. */
static enum found
look(const struct pv_callers *c, const struct issuer *x, const struct pv_jwt *t)
{
	const struct pv_jwk *k;

	if (x->keys == NULL || now_ms(c) - x->fetched_ms >= KEYS_LIVE_MS)
		return FOUND_NO;
	k = pv_jwks_find(x->keys, pv_jwt_kid(t), pv_jwt_alg(t));
	if (k == NULL)
		return FOUND_NO;
	return pv_jwt_verify(t, k) ? FOUND_GOOD : FOUND_BAD;
}

/* Keys that are old are fetched anew; for a kid that is not among those that are fresh, too, but less often. */
static bool
may_fetch(const struct pv_callers *c, const struct issuer *x)
{
	uint64_t now = now_ms(c), pause = x->keys != NULL ? AGAIN_MS : AGAIN_NONE_MS;

	if (c->fetch.get == NULL || x->fetching)
		return false;
	if (x->keys == NULL || now - x->fetched_ms >= KEYS_FRESH_MS)
		return x->tried_ms == 0 || now - x->tried_ms >= pause;
	return x->again_ms == 0 || now - x->again_ms >= AGAIN_MS;
}

static PV_RESULT
fetch_keys(struct pv_callers *c, struct pv_slice url, struct pv_jwks **out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice base = url, uri;

	while (base.n > 0 && base.p[base.n - 1] == '/')
		base.n--;
	PV_TRY(c->fetch.get(c->fetch.ctx,
	    pv_arena_printf(a, "%.*s/.well-known/openid-configuration", PV_FMT(base)).p, &b, e));
	PV_TRY(pv_issuer_discover(pv_buf_slice(&b), url, a, &uri, e));
	pv_buf_clear(&b);
	PV_TRY(c->fetch.get(c->fetch.ctx, pv_arena_str(a, uri), &b, e));
	return pv_jwks_read(out, pv_buf_slice(&b), e);
}

/* Called with the lock, which is given up meanwhile. What fails leaves things as they are. */
static void
fetch(struct pv_callers *c, struct issuer *x)
{
	struct pv_jwks *keys = NULL;
	bool again = x->keys != NULL && now_ms(c) - x->fetched_ms < KEYS_FRESH_MS;
	struct pv_status st;
	struct pv_err e;

	x->fetching = true;
	pthread_mutex_unlock(&c->lock);
	pthread_mutex_lock(&c->fetching);
	st = fetch_keys(c, pv_slice_of(x->url), &keys, &e);
	pthread_mutex_unlock(&c->fetching);
	pthread_mutex_lock(&c->lock);
	x->fetching = false;
	/* the pause begins now, however long an issuer that is down took: strangers may make us ask it */
	x->tried_ms = now_ms(c);
	if (again)
		x->again_ms = x->tried_ms;
	if (!pv_ok(st))
		return;
	pv_jwks_free(x->keys);
	x->keys = keys;
	x->fetched_ms = now_ms(c);
}

/* Somebody else is fetching them: called with the lock, which is given up until that is over. */
static void
wait_for(struct pv_callers *c, const struct issuer *x)
{
	while (x->fetching) {
		pthread_mutex_unlock(&c->lock);
		pthread_mutex_lock(&c->fetching);
		pthread_mutex_unlock(&c->fetching);
		pthread_mutex_lock(&c->lock);
	}
}

bool
pv_callers_signed(
    struct pv_callers *c, struct pv_slice issuer, const struct pv_jwt *t, bool may_wait, bool *slow)
{
	enum found found = FOUND_BAD;
	struct issuer *x;

	pthread_mutex_lock(&c->lock);
	x = issuer_of(c, issuer);
	if (x != NULL) {
		bool old;

		found = look(c, x, t);
		old = found == FOUND_GOOD && now_ms(c) - x->fetched_ms >= KEYS_FRESH_MS;
		if (found == FOUND_NO && x->fetching && may_wait) {
			wait_for(c, x);
			x = issuer_of(c, issuer); /* its place may be another's by now */
			found = x != NULL ? look(c, x, t) : FOUND_NO;
		} else if ((found == FOUND_NO || (old && may_wait)) && may_fetch(c, x)) {
			*slow = !may_wait;
			if (may_wait) {
				fetch(c, x);
				found = look(c, x, t);
			}
		} else if (found == FOUND_NO && x->fetching) {
			*slow = true;
		}
	}
	pthread_mutex_unlock(&c->lock);
	return found == FOUND_GOOD;
}

/* ---- for other processes ---- */

struct pv_store_change
pv_callers_moved_row(struct pv_desk *d, struct pv_arena *a)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t raw[8];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	c.row.c[PV_C_META_NAME] = PV_CELL_S(PV_SLICE("callers"));
	c.row.c[PV_C_META_BODY] = PV_CELL_S(pv_arena_copy(a, pv_buf_slice(&b)));
	return c;
}
