/* SPDX-License-Identifier: Apache-2.0 */
/* The state itself, and what can be asked of it; how acts get into it is in fold.c. */
#include "core/state.h"

#include <stdlib.h>

#include "base/mem.h"

struct pv_state *
pv_state_new(struct pv_slice origin, bool bare)
{
	struct pv_state *s = PV_NEW(struct pv_state);

	s->arena = pv_arena_new();
	s->origin = pv_arena_copy(s->arena, origin);
	s->bare = bare;
	s->ids = pv_map_new(64);
	s->parties = pv_map_new(64);
	for (unsigned tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++)
		s->terms[tree] = pv_map_new(64);
	s->vkeys = pv_map_new(16);
	s->key_names = pv_map_new(16);
	s->attested = pv_map_new(16);
	s->lift_quorum = 1;
	return s;
}

void
pv_state_free(struct pv_state *s)
{
	if (s == NULL)
		return;
	PV_VEC_FREE(&s->all);
	for (unsigned kind = 0; kind < PV_KIND_COUNT; kind++)
		PV_VEC_FREE(&s->by_kind[kind]);
	PV_VEC_FREE(&s->keys);
	PV_VEC_FREE(&s->holds);
	PV_VEC_FREE(&s->refs);
	pv_map_free(s->ids);
	pv_map_free(s->parties);
	for (unsigned tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++)
		pv_map_free(s->terms[tree]);
	pv_map_free(s->vkeys);
	pv_map_free(s->key_names);
	pv_map_free(s->attested);
	pv_arena_free(s->arena);
	pv_free(s);
}

void
pv_state_freep(struct pv_state **s)
{
	pv_state_free(*s);
	*s = NULL;
}

/* ---- names and ids ---- */

bool
pv_fact_stands(const struct pv_fact *f, uint64_t at)
{
	return f->since <= at && at < f->ended;
}

static struct pv_fact *
look_up(const struct pv_facts *facts, const struct pv_map *map, struct pv_slice name)
{
	uint32_t i = pv_map_get(map, name);

	return i != PV_MAP_NONE ? facts->at[i] : NULL;
}

const struct pv_fact *
pv_state_party(const struct pv_state *s, struct pv_slice name)
{
	return look_up(&s->by_kind[PV_PARTY], s->parties, name);
}

const struct pv_fact *
pv_state_term(const struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	return look_up(&s->by_kind[PV_TERM], s->terms[tree], name);
}

const struct pv_fact *
pv_state_find(const struct pv_state *s, struct pv_slice id)
{
	return look_up(&s->all, s->ids, id);
}

bool
pv_state_is_root(const struct pv_state *s, struct pv_slice party)
{
	if (s->genesis != NULL)
		return pv_slice_eq(party, s->genesis->genesis.root);
	return s->bare && party.n > 0 && memchr(party.p, '.', party.n) == NULL &&
	       pv_state_party(s, party) != NULL;
}

bool
pv_state_not_grantable(const struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	for (; name.n > 0; name = pv_name_parent(name)) {
		const struct pv_fact *f = pv_state_term(s, tree, name);

		if (f == NULL || f->r->term.not_grantable)
			return true;
	}
	return false;
}

/* ---- the nearest name ---- */

/* As git's help.autocorrect: a slip or two in a short name, more in a long one. */
static unsigned
cut_off(struct pv_slice name)
{
	return name.n < 4 ? 1 : name.n < 10 ? 2 : 3;
}

static struct pv_slice
name_of(const struct pv_record *r)
{
	return r->kind == PV_PARTY ? r->party.name : r->term.name;
}

static struct pv_slice
nearest(const struct pv_facts *facts, enum pv_tree tree, struct pv_slice name)
{
	unsigned best = cut_off(name) + 1;
	struct pv_slice near = PV_NO_SLICE;

	for (size_t i = 0; i < facts->n && best > 1; i++) {
		const struct pv_fact *f = facts->at[i];
		struct pv_slice candidate = name_of(f->r);
		unsigned d;

		if (f->ended != PV_NEVER || (f->r->kind == PV_TERM && f->r->term.tree != tree) ||
		    candidate.n + best < name.n || candidate.n > name.n + best)
			continue;
		d = pv_name_distance(name, candidate, best - 1);
		if (d < best) {
			best = d;
			near = candidate;
		}
	}
	return near;
}

struct pv_slice
pv_state_near_party(const struct pv_state *s, struct pv_slice name)
{
	return nearest(&s->by_kind[PV_PARTY], PV_TREE_NONE, name);
}

struct pv_slice
pv_state_near_term(const struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	return nearest(&s->by_kind[PV_TERM], tree, name);
}

/* ---- keys ---- */

struct pv_key_match
pv_state_key(const struct pv_state *s, struct pv_slice vkey, uint64_t at)
{
	struct pv_key_match m = { .party = PV_NO_SLICE };

	for (uint32_t i = pv_map_get(s->vkeys, vkey); i != PV_MAP_NONE;
	     i = s->keys.at[i].same_vkey) {
		const struct pv_known_key *k = &s->keys.at[i];
		bool revoked = k->ended <= at, not_yet = at < k->since || at < k->from,
		     expired = k->until != 0 && at >= k->until;

		m = (struct pv_key_match){ .vkey = k->vkey,
			.use = k->use,
			.roles = k->roles,
			.found = true,
			.revoked = revoked,
			.not_yet = not_yet,
			.expired = expired };
		if (revoked || not_yet || expired)
			continue;
		m.party = k->party;
		break;
	}
	return m;
}

struct pv_slice
pv_state_vkey_named(const struct pv_state *s, struct pv_slice name, uint32_t *cursor)
{
	*cursor =
	    *cursor == PV_MAP_NONE ? pv_map_get(s->key_names, name) : s->keys.at[*cursor].same_name;
	return *cursor != PV_MAP_NONE ? s->keys.at[*cursor].vkey : PV_NO_SLICE;
}

/* ---- quorums ---- */

static uint64_t
or_lift(const struct pv_state *s, enum pv_kind kind)
{
	return s->needs[kind] != 0 ? s->needs[kind] : s->lift_quorum;
}

static uint64_t
or_one(const struct pv_state *s, enum pv_kind kind)
{
	return s->needs[kind] != 0 ? s->needs[kind] : 1;
}

/*
 * Ending what permits takes one officer, ending what bars takes the quorum. An attestation that a condition holds bars
 * (of an order that it keeps in force), so its end is one that reopens.
 */
static uint64_t
end_needs(const struct pv_state *s, const struct pv_record *r)
{
	const struct pv_fact *of = pv_state_find(s, r->end.of);

	if (of == NULL)
		return or_lift(s, PV_END);
	if (of->r->kind == PV_AGREEMENT || of->r->kind == PV_ASSESSMENT)
		return 1;
	if (of->r->kind == PV_ATTESTATION && of->r->attestation.status == PV_SAYS_ENDED)
		return 1;
	return or_lift(s, PV_END);
}

static size_t
distinct_officers(const struct pv_names *vkeys)
{
	size_t n = 0;

	for (size_t i = 0; i < vkeys->n; i++) {
		struct pv_slice rest = vkeys->at[i], name, other;
		bool seen = false;

		(void)pv_slice_next(&rest, '+', &name);
		for (size_t j = 0; j < i && !seen; j++) {
			rest = vkeys->at[j];
			(void)pv_slice_next(&rest, '+', &other);
			seen = pv_slice_eq(name, other);
		}
		n += seen ? 0 : 1;
	}
	return n;
}

uint64_t
pv_state_needs(const struct pv_state *s, const struct pv_record *r)
{
	if (s->bare)
		return 0;
	switch (r->kind) {
	case PV_GENESIS:
		return distinct_officers(&r->genesis.officers);
	case PV_RECALL:
	case PV_ASSESSMENT:
		return or_one(s, r->kind);
	case PV_ATTESTATION:
		return r->attestation.status == PV_SAYS_HOLDS ? 1 : or_lift(s, r->kind);
	case PV_END:
		return end_needs(s, r);
	case PV_PEER:
	case PV_PARTY:
	case PV_TERM:
	case PV_KEY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_AGREEMENT:
	case PV_ORDER:
	case PV_LIFT:
	case PV_CONDITION:
		return or_lift(s, r->kind);
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_NONE:
	case PV_KIND_COUNT:
		break;
	}
	return UINT64_MAX; /* not an act of the order log */
}

/* ---- conditions ---- */

/* What one attestor says last, as far as it counts. */
struct voice {
	enum pv_says says;
	uint64_t observed;
};

static bool
is_counterpart(const struct pv_names *counterparts, struct pv_slice attestor)
{
	for (size_t i = 0; counterparts != NULL && i < counterparts->n; i++)
		if (pv_name_under(attestor, counterparts->at[i]))
			return true;
	return false;
}

/* The last in the log by that attestor as of `at`; one that has ended says nothing, nor does an older one in its place. */
static struct voice
hear(const struct pv_state *s, struct pv_slice condition, struct pv_slice attestor,
    bool counterpart, uint64_t at)
{
	const struct pv_fact *f;

	for (uint32_t i = pv_map_get(s->attested, condition); i != PV_MAP_NONE; i = f->previous) {
		f = s->all.at[i];
		if (f->since > at || !pv_slice_eq(f->r->issuer, attestor))
			continue;
		if (f->ended <= at || (counterpart && f->r->attestation.status == PV_SAYS_ENDED))
			break;
		return (struct voice){ f->r->attestation.status, f->r->attestation.observed };
	}
	return (struct voice){ PV_SAYS_NONE, 0 };
}

/* Whether a quorum of those who say ended observed it within the window of each other. */
static bool
agree_on_end(const struct voice *voices, size_t n, const struct pv_condition *c)
{
	for (size_t i = 0; i < n; i++) {
		size_t together = 0;

		if (voices[i].says != PV_SAYS_ENDED)
			continue;
		for (size_t k = 0; k < n; k++)
			if (voices[k].says == PV_SAYS_ENDED &&
			    voices[k].observed >= voices[i].observed &&
			    voices[k].observed - voices[i].observed <= c->window_s)
				together++;
		if (together >= c->quorum)
			return true;
	}
	return false;
}

static struct pv_condition_view
view_at(const struct pv_state *s, const struct pv_record *c, const struct pv_names *counterparts,
    uint64_t at)
{
	const struct pv_names *who = &c->condition.attestors;
	struct voice *voices = pv_alloc_n(who->n, sizeof(*voices));
	struct pv_condition_view v = { .status = PV_COND_UNKNOWN };

	for (size_t i = 0; i < who->n; i++) {
		voices[i] =
		    hear(s, c->id, who->at[i], is_counterpart(counterparts, who->at[i]), at);
		v.say_holds += voices[i].says == PV_SAYS_HOLDS ? 1 : 0;
		v.say_ended += voices[i].says == PV_SAYS_ENDED ? 1 : 0;
	}
	if (v.say_holds > 0 && v.say_ended > 0)
		v.status = PV_COND_CONTESTED;
	else if (v.say_holds > 0 && v.say_holds >= c->condition.quorum)
		v.status = PV_COND_HOLDS;
	else if (agree_on_end(voices, who->n, &c->condition))
		v.status = PV_COND_ENDED;
	pv_free(voices);
	return v;
}

static int
by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The times up to `at` when something was said or unsaid, the newest first; from pv_alloc. */
static uint64_t *
turning_points(
    const struct pv_state *s, const struct pv_fact *condition, uint64_t at, size_t *count)
{
	PV_VEC(uint64_t) times = { 0 };
	const struct pv_fact *f;

	*PV_VEC_ADD(&times) = condition->since;
	for (uint32_t i = pv_map_get(s->attested, condition->r->id); i != PV_MAP_NONE;
	     i = f->previous) {
		f = s->all.at[i];
		if (f->since <= at && f->since > condition->since)
			*PV_VEC_ADD(&times) = f->since;
		if (f->ended <= at)
			*PV_VEC_ADD(&times) = f->ended;
	}
	qsort(times.at, times.n, sizeof(*times.at), by_time);
	*count = times.n;
	return times.at;
}

struct pv_condition_view
pv_state_condition(const struct pv_state *s, struct pv_slice id, struct pv_slice used_by_issuer,
    const struct pv_names *counterparts, uint64_t at)
{
	const struct pv_fact *f = pv_state_find(s, id);
	struct pv_condition_view v = { .status = PV_COND_MISSING };
	uint64_t *times;
	size_t n = 0;

	if (f == NULL || f->r->kind != PV_CONDITION ||
	    !pv_name_under(used_by_issuer, f->r->issuer) || at < f->since)
		return v;
	if (f->ended <= at) {
		v.changed = f->ended;
		return v;
	}
	v = view_at(s, f->r, counterparts, at);
	times = turning_points(s, f, at, &n);
	v.changed = times[n - 1];
	for (size_t i = 0; i + 1 < n; i++)
		if (view_at(s, f->r, counterparts, times[i + 1]).status != v.status) {
			v.changed = times[i];
			break;
		}
	pv_free(times);
	return v;
}
