/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and holds: who may sign an act, judged at its place in the log. Officers
 * are counted by the names of their keys, so that one person with two keys of
 * one name, or one key bound twice, is one.
 */
#include "core/fold.h"
#include "core/words.h"

#include "base/vec.h"

static struct pv_slice
vkey_name(struct pv_slice vkey)
{
	struct pv_slice name = PV_NO_SLICE;

	(void)pv_slice_next(&vkey, '+', &name);
	return name;
}

/* ---- keys ---- */

static void
add_key(struct pv_state *s, struct pv_known_key k)
{
	uint32_t i = (uint32_t)s->keys.n;

	k.name = vkey_name(k.vkey);
	k.ended = PV_NEVER;
	k.same_vkey = pv_map_get(s->vkeys, k.vkey);
	k.same_name = pv_map_get(s->key_names, k.name);
	*PV_VEC_ADD(&s->keys) = k;
	pv_map_set(s->vkeys, k.vkey, i);
	pv_map_set(s->key_names, k.name, i);
}

void
pv_keys_add_genesis(struct pv_state *s, const struct pv_record *r, uint64_t since)
{
	const struct pv_genesis *g = &r->genesis;

	for (size_t i = 0; i < g->officers.n; i++)
		add_key(s, (struct pv_known_key){ .vkey = g->officers.at[i],
			       .party = g->root,
			       .use = PV_USE_OFFICER,
			       .roles = PV_ROLE_OFFICER,
			       .since = since });
	for (size_t i = 0; i < g->signers.n; i++)
		add_key(s, (struct pv_known_key){ .vkey = g->signers.at[i],
			       .party = g->root,
			       .use = PV_USE_SIGNER,
			       .since = since });
}

void
pv_keys_add(struct pv_state *s, const struct pv_fact *f)
{
	const struct pv_key *k = &f->r->key;

	bool signs = k->use != PV_USE_KAS && k->use != PV_USE_TLS && k->use != PV_USE_CREDENTIAL;

	if (signs && k->key.n > 0)
		add_key(s, (struct pv_known_key){ .vkey = k->key,
			       .party = k->party,
			       .use = k->use,
			       .roles = k->roles,
			       .from = k->from,
			       .until = k->until,
			       .since = f->since,
			       .fact = f });
}

int
pv_keys_genesis_name(const struct pv_state *s, struct pv_slice name)
{
	int found = 0;

	for (uint32_t i = pv_map_get(s->key_names, name); i != PV_MAP_NONE;
	     i = s->keys.at[i].same_name) {
		if (s->keys.at[i].fact != NULL)
			continue;
		if (s->keys.at[i].ended == PV_NEVER)
			return 1;
		found = 2;
	}
	return found;
}

uint64_t
pv_keys_officers(const struct pv_state *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->keys.n; i++) {
		bool newer = false;

		if (s->keys.at[i].use != PV_USE_OFFICER || s->keys.at[i].ended != PV_NEVER)
			continue;
		for (uint32_t k = pv_map_get(s->key_names, s->keys.at[i].name);
		     k != (uint32_t)i && !newer; k = s->keys.at[k].same_name)
			newer =
			    s->keys.at[k].use == PV_USE_OFFICER && s->keys.at[k].ended == PV_NEVER;
		n += newer ? 0 : 1;
	}
	return n;
}

/* ---- who may sign ---- */

enum why_not { MAY = 0, UNKNOWN, WRONG_USE, WRONG_PARTY, NOT_YET, EXPIRED, REVOKED };

static bool
use_allowed(enum pv_use use, const struct pv_record *r)
{
	return use == PV_USE_OFFICER || (use == PV_USE_ATTESTOR && r->kind == PV_ATTESTATION);
}

static enum why_not
judge_key(const struct pv_known_key *k, const struct pv_record *r)
{
	if (k->ended != PV_NEVER)
		return REVOKED;
	if (!use_allowed(k->use, r))
		return WRONG_USE;
	if (!pv_name_under(r->issuer, k->party))
		return WRONG_PARTY;
	if (r->time < k->from)
		return NOT_YET;
	if (k->until != 0 && r->time >= k->until)
		return EXPIRED;
	return MAY;
}

/* A key may be bound more than once; one binding that may is enough. */
static enum why_not
judge(const struct pv_state *s, const struct pv_record *r, struct pv_slice vkey,
    const struct pv_known_key **key)
{
	enum why_not best = UNKNOWN;

	for (uint32_t i = pv_map_get(s->vkeys, vkey); i != PV_MAP_NONE;
	     i = s->keys.at[i].same_vkey) {
		enum why_not why = judge_key(&s->keys.at[i], r);

		if (best == UNKNOWN || why == MAY) {
			best = why;
			*key = &s->keys.at[i];
		}
		if (why == MAY)
			break;
	}
	return best;
}

static struct pv_status
refuse(const struct pv_record *r, const struct pv_known_key *k, enum why_not why, struct pv_err *e)
{
	switch (why) {
	case MAY:
	case UNKNOWN:
		break;
	case WRONG_USE:
		return PV_FAIL(e, PV_E_INPUT,
		    "signed by %.*s, a key of the use \"%s\", which may not sign %s",
		    PV_FMT(k->name), pv_use_name(k->use),
		    r->kind == PV_ATTESTATION ? "attestations" : "acts of authority");
	case WRONG_PARTY:
		return PV_FAIL(e, PV_E_INPUT,
		    "signed by %.*s, an officer of %.*s, who may not sign for %.*s",
		    PV_FMT(k->name), PV_FMT(k->party), PV_FMT(r->issuer));
	case NOT_YET:
		return PV_FAIL(e, PV_E_INPUT,
		    "signed by %.*s, whose key did not stand yet at the record's time",
		    PV_FMT(k->name));
	case EXPIRED:
		return PV_FAIL(e, PV_E_INPUT,
		    "signed by %.*s, whose key had expired at the record's time", PV_FMT(k->name));
	case REVOKED:
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "signed by %.*s, whose key was revoked before this",
			PV_FMT(k->name)),
		    e, "Keep it as evidence, and ask that officer.");
	}
	return PV_FAIL(e, PV_E_BUG, "a signer that is neither good nor bad");
}

/* Whether an officer of that name who may sign is among the first n. */
static bool
counted(const struct pv_state *s, const struct pv_record *r, const struct pv_slice *signers,
    size_t n, struct pv_slice name)
{
	const struct pv_known_key *key;

	for (size_t i = 0; i < n; i++)
		if (pv_slice_eq(vkey_name(signers[i]), name) &&
		    judge(s, r, signers[i], &key) == MAY)
			return true;
	return false;
}

struct pv_status
pv_signers_count(const struct pv_state *s, const struct pv_act *act, const struct pv_held *held,
    uint64_t *count, struct pv_err *e)
{
	const struct pv_record *r = act->record;
	const struct pv_known_key *key = NULL;

	*count = 0;
	for (size_t i = 0; i < act->signer_count; i++) {
		enum why_not why = judge(s, r, act->signers[i], &key);

		if (why == UNKNOWN)
			continue;
		if (why != MAY)
			return refuse(r, key, why, e);
		*count += counted(s, r, act->signers, i, vkey_name(act->signers[i])) ? 0 : 1;
	}
	for (size_t i = 0; held != NULL && i < held->signer_count; i++) {
		struct pv_slice name = vkey_name(held->signers[i]);

		if (judge(s, r, held->signers[i], &key) == MAY &&
		    !counted(s, r, act->signers, act->signer_count, name) &&
		    !counted(s, r, held->signers, i, name))
			*count += 1;
	}
	return PV_DONE;
}

struct pv_status
pv_signers_genesis(const struct pv_act *act, struct pv_err *e)
{
	const struct pv_names *officers = &act->record->genesis.officers;

	for (size_t i = 0; i < officers->n; i++) {
		struct pv_slice name = vkey_name(officers->at[i]);
		bool signed_it = false;

		for (size_t k = 0; k < officers->n && !signed_it; k++)
			for (size_t j = 0; j < act->signer_count && !signed_it; j++)
				signed_it = pv_slice_eq(officers->at[k], act->signers[j]) &&
					    pv_slice_eq(vkey_name(officers->at[k]), name);
		if (!signed_it)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT,
				"%.*s has not signed; every officer signs a genesis", PV_FMT(name)),
			    e, "officers[%zu]", i);
	}
	return PV_DONE;
}

/* ---- holds ---- */

struct pv_held *
pv_held_find(struct pv_state *s, const struct pv_fact *f)
{
	for (size_t i = 0; i < s->holds.n; i++)
		if (s->holds.at[i].fact == f)
			return &s->holds.at[i];
	return NULL;
}

/* Begins a hold, or adds signers to it. */
void
pv_held_add(struct pv_state *s, struct pv_fact *f, const struct pv_act *act)
{
	struct pv_held *h = pv_held_find(s, f);
	struct pv_slice *signers;
	size_t old = h != NULL ? h->signer_count : 0, n = old;

	signers = pv_arena_alloc_n(s->arena, old + act->signer_count, sizeof(*signers));
	if (old > 0)
		memcpy(signers, h->signers, old * sizeof(*signers));
	for (size_t i = 0; i < act->signer_count; i++) {
		bool known = false;

		for (size_t k = 0; k < n && !known; k++)
			known = pv_slice_eq(signers[k], act->signers[i]);
		if (!known)
			signers[n++] = pv_arena_copy(s->arena, act->signers[i]);
	}
	if (h == NULL)
		h = PV_VEC_ADD(&s->holds);
	*h = (struct pv_held){ f, signers, n };
}

void
pv_held_remove(struct pv_state *s, const struct pv_fact *f)
{
	struct pv_held *h = pv_held_find(s, f);

	if (h != NULL)
		*h = s->holds.at[--s->holds.n];
}

/* A hold falls when no officer who may sign it is left. */
static void
drop_holds(struct pv_state *s, const struct pv_act *act)
{
	const struct pv_known_key *key;

	for (size_t i = 0; i < s->holds.n;) {
		struct pv_held *h = &s->holds.at[i];
		bool left = false;

		for (size_t k = 0; k < h->signer_count && !left; k++)
			left = judge(s, h->fact->r, h->signers[k], &key) == MAY;
		if (left) {
			i++;
			continue;
		}
		h->fact->ended = act->since;
		h->fact->ended_by = act->record;
		pv_refs_count(s, h->fact->r, -1);
		*h = s->holds.at[--s->holds.n];
	}
}

void
pv_keys_end(struct pv_state *s, const struct pv_fact *of, struct pv_slice genesis_name,
    const struct pv_act *act)
{
	struct pv_slice name = of != NULL ? vkey_name(of->r->key.key) : genesis_name;

	for (uint32_t i = pv_map_get(s->key_names, name); i != PV_MAP_NONE;
	     i = s->keys.at[i].same_name) {
		struct pv_known_key *k = &s->keys.at[i];

		if (k->fact == of && k->ended == PV_NEVER) /* of the genesis: both NULL */
			k->ended = act->since;
	}
	drop_holds(s, act);
}
