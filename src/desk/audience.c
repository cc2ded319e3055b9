/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/audience.h"

#include "codec/base64.h"
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/choice.h"

struct audience {
	struct pv_slice kid; /* of the partner's key */
	struct pv_hmacer *tagger;
	struct pv_choice choice; /* of the own log: what this audience is given */
};

struct pv_audiences {
	struct pv_desk *d;
	struct pv_slice origin;
	bool own;
	struct pv_arena *arena;
	struct pv_wrap_key *key;
	PV_VEC(struct audience) all;
};

void
pv_audiences_free(struct pv_audiences *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->all.n; i++) {
		pv_hmacer_free(m->all.at[i].tagger);
		pv_choice_end(&m->all.at[i].choice);
	}
	PV_VEC_FREE(&m->all);
	pv_wrap_key_free(m->key);
	pv_arena_free(m->arena);
	pv_free(m);
}

void
pv_audiences_freep(struct pv_audiences **m)
{
	pv_audiences_free(*m);
	*m = NULL;
}

size_t
pv_audiences_count(const struct pv_audiences *m)
{
	return m->all.n;
}

/* ---- keys ---- */

/* Whether a peer record of ours that stands lets this party speak, of a copy: for that log. */
static bool
admitted(const struct pv_audiences *m, struct pv_slice party)
{
	const struct pv_facts *peers = &m->d->own.state->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		if (peers->at[i]->ended != PV_NEVER ||
		    (!m->own && !pv_slice_eq(p->origin, m->origin)))
			continue;
		for (size_t k = 0; k < p->names.n; k++)
			if (pv_name_under(party, p->names.at[k]))
				return true;
	}
	return false;
}

static bool
known(const struct pv_audiences *m, const char *kid)
{
	for (size_t i = 0; i < m->all.n; i++)
		if (pv_slice_is(m->all.at[i].kid, kid))
			return true;
	return pv_slice_is(pv_slice_of(pv_wrap_pub_kid(pv_wrap_key_pub(m->key))), kid);
}

/* NULL: a key of RSA, or none. */
static struct pv_wrap_pub *
read_pub(struct pv_slice base64)
{
	PV_AUTO(pv_buf_free) struct pv_buf der = { 0 };
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *pub = NULL;
	struct pv_err e;

	if (!pv_base64_read(&der, base64, PV_BASE64) ||
	    !pv_ok(pv_wrap_pub_read_der(&pub, pv_buf_slice(&der), &e)) ||
	    pv_wrap_pub_kind(pub) != PV_KEY_P256)
		return NULL;
	return PV_TAKE(pub);
}

static PV_RESULT
make_tagger(const struct pv_audiences *m, const struct pv_wrap_pub *pub, struct pv_hmacer **out,
    struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *shared = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_HASH);

	PV_TRY(pv_wrap_shared(&shared, m->key, pub, e));
	pv_hkdf(pv_secret_slice(shared), PV_SLICE("proviso/audience/1"), m->origin,
	    pv_secret_bytes(key), PV_HASH);
	*out = pv_hmacer_new(pv_secret_slice(key));
	return PV_DONE;
}

static PV_RESULT
add_audience(struct pv_audiences *m, const struct pv_fact *f, struct pv_err *e)
{
	const struct pv_key *k = &f->r->key;
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *pub = NULL;
	struct pv_hmacer *tagger = NULL;
	struct pv_names include = { 0 };
	struct audience *new;

	/* A partner's key that has ended still finds what was tagged for us while it stood. */
	if (k->use != PV_USE_KAS || (m->own && f->ended != PV_NEVER) || !admitted(m, k->party))
		return PV_DONE;
	pub = read_pub(k->key);
	if (pub == NULL || known(m, pv_wrap_pub_kid(pub)))
		return PV_DONE;
	if (m->own)
		PV_TRY(pv_choice_remembered(m->d, k->party, m->arena, &include, e));
	PV_TRY(make_tagger(m, pub, &tagger, e));
	new = PV_VEC_ADD(&m->all);
	*new = (struct audience){ .tagger = tagger,
		.kid = pv_arena_copy(m->arena, pv_slice_of(pv_wrap_pub_kid(pub))) };
	pv_choice_begin(&new->choice, m->d->own.state, k->party, include);
	if (m->own)
		pv_choice_takers(&new->choice);
	return PV_DONE;
}

PV_RESULT
pv_audiences_open(
    struct pv_audiences **out, struct pv_desk *d, struct pv_slice origin, struct pv_err *e)
{
	PV_AUTO(pv_audiences_freep) struct pv_audiences *m = PV_NEW(struct pv_audiences);
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];

	m->d = d;
	m->arena = pv_arena_new();
	m->origin = pv_arena_copy(m->arena, origin);
	m->own = pv_slice_eq(origin, d->origin);
	if (d->own.state->by_kind[PV_PEER].n != 0 && pv_home_has_key(d, "kas-ec")) {
		PV_TRY(pv_home_wrap_key(d, "kas-ec", &m->key, e));
		for (size_t i = 0; i < keys->n; i++)
			PV_TRY(add_audience(m, keys->at[i], e));
	}
	*out = PV_TAKE(m);
	return PV_DONE;
}

/* ---- tags ---- */

static void
tag_of(const struct audience *a, const uint8_t digest[PV_HASH], uint8_t out[PV_TAG])
{
	uint8_t mac[PV_HASH];

	pv_hmacer_add(
	    a->tagger, pv_slice_mem("proviso/tag", sizeof("proviso/tag"))); /* with its zero byte */
	pv_hmacer_add(a->tagger, pv_slice_mem(digest, PV_HASH));
	pv_hmacer_end(a->tagger, mac);
	memcpy(out, mac, PV_TAG);
}

/* Of n slots, of which the first ones are tags, any order is as likely. */
static void
shuffle(uint8_t (*slots)[PV_TAG], size_t n, const struct pv_env *env)
{
	for (size_t i = n - 1; i > 0; i--) {
		uint64_t draw;
		uint8_t other[PV_TAG];
		size_t k;

		env->random(env->ctx, &draw, sizeof(draw));
		k = draw % (i + 1);
		memcpy(other, slots[i], PV_TAG);
		memcpy(slots[i], slots[k], PV_TAG);
		memcpy(slots[k], other, PV_TAG);
	}
}

void
pv_audiences_tag(const struct pv_audiences *m, const struct pv_record *r,
    const uint8_t digest[PV_HASH], const struct pv_env *env, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf slots = { 0 };
	size_t n, bytes;

	for (size_t i = 0; m != NULL && i < m->all.n; i++)
		if (pv_choice_alone(&m->all.at[i].choice, r)) {
			tag_of(&m->all.at[i], digest, (uint8_t *)pv_buf_room(&slots, PV_TAG));
			slots.n += PV_TAG;
		}
	n = slots.n / PV_TAG;
	n = n == 0 ? PV_TAG_SLOTS : (n + PV_TAG_SLOTS - 1) / PV_TAG_SLOTS * PV_TAG_SLOTS;
	bytes = n * PV_TAG - slots.n;
	if (bytes != 0)
		env->random(env->ctx, pv_buf_room(&slots, bytes), bytes);
	slots.n += bytes;
	shuffle((uint8_t(*)[PV_TAG])slots.p, n, env);
	pv_buf_add(out, pv_buf_slice(&slots));
}

bool
pv_audiences_meant(const struct pv_audiences *m, struct pv_slice entry)
{
	PV_AUTO(pv_buf_free) struct pv_buf tags = { 0 };
	uint8_t digest[PV_HASH], ours[PV_TAG];

	if (m->all.n == 0 || !pv_act_private_read(entry, digest) ||
	    !pv_act_private_tags(entry, &tags))
		return false;
	for (size_t i = 0; i < m->all.n; i++) {
		tag_of(&m->all.at[i], digest, ours);
		for (size_t at = 0; at + PV_TAG <= tags.n; at += PV_TAG)
			if (memcmp(tags.p + at, ours, PV_TAG) == 0)
				return true;
	}
	return false;
}
