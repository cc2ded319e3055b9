/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status of a condition as turns in time, worked out once, so that asking
 * is a binary search. Which attestors' word that it has ended counts depends on
 * who the counterparts of the order are (DESIGN 4, Condition): there is one
 * timeline for each condition and set of attestors that are left out.
 */
#include <stdlib.h>

#include "core/compiled.h"

void
pv_timelines_begin(struct pv_timelines *t, const struct pv_state *s)
{
	const struct pv_facts *conditions = &s->by_kind[PV_CONDITION];
	const struct pv_facts *attestations = &s->by_kind[PV_ATTESTATION];

	t->words = pv_map_new(conditions->n);
	t->known = pv_map_new(16);
	t->arena = pv_arena_new();
	for (size_t i = 0; i < conditions->n; i++) {
		pv_map_set(t->words, conditions->at[i]->r->id, (uint32_t)t->heads.n);
		*PV_VEC_ADD(&t->heads) = (struct pv_facts){ 0 };
		*PV_VEC_ADD(&t->heads.at[t->heads.n - 1]) = conditions->at[i];
	}
	for (size_t i = 0; i < attestations->n; i++) {
		uint32_t head = pv_map_get(t->words, attestations->at[i]->r->attestation.condition);
		if (head != PV_MAP_NONE)
			*PV_VEC_ADD(&t->heads.at[head]) = attestations->at[i];
	}
}

/* Frees what only building needs; what pv_timeline_at() reads stays. */
static void
end_building(struct pv_timelines *t)
{
	for (size_t i = 0; i < t->heads.n; i++)
		PV_VEC_FREE(&t->heads.at[i]);
	PV_VEC_FREE(&t->heads);
	pv_map_freep(&t->words);
	pv_map_freep(&t->known);
	pv_arena_freep(&t->arena);
}

void
pv_timelines_clear(struct pv_timelines *t)
{
	end_building(t);
	PV_VEC_FREE(&t->turns);
	PV_VEC_FREE(&t->at);
}

static int
by_number(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* A quorum of them within the window of each other. observed is sorted here. */
static bool
quorum_within(uint64_t *observed, size_t n, uint64_t quorum, uint64_t window)
{
	size_t first = 0;

	if (n == 0)
		return false;
	qsort(observed, n, sizeof(*observed), by_number);
	for (size_t i = 0; i < n; i++) {
		while (observed[i] - observed[first] > window)
			first++;
		if (i - first + 1 >= quorum)
			return true;
	}
	return false;
}

/* What each attestor says at one time. */
struct hearing {
	const struct pv_condition *condition;
	const char *left_out;         /* a character each: '1' does not count when it says ended */
	const struct pv_fact **words; /* the latest of each */
	uint64_t *observed;
};

static enum pv_status_of
status_at(const struct hearing *h, uint64_t at)
{
	size_t holds = 0, ended = 0;

	for (size_t i = 0; i < h->condition->attestors.n; i++) {
		const struct pv_fact *f = h->words[i];
		if (f == NULL || f->ended <= at)
			continue;
		if (f->r->attestation.status == PV_SAYS_HOLDS)
			holds++;
		else if (f->r->attestation.status == PV_SAYS_ENDED && h->left_out[i] == '0')
			h->observed[ended++] = f->r->attestation.observed;
	}
	if (holds > 0 && ended > 0)
		return PV_COND_CONTESTED;
	if (quorum_within(h->observed, ended, h->condition->quorum, h->condition->window_s))
		return PV_COND_ENDED;
	return holds > 0 && holds >= h->condition->quorum ? PV_COND_HOLDS : PV_COND_UNKNOWN;
}

/* An attestation, and whose it is among the attestors. */
struct word {
	const struct pv_fact *fact;
	size_t attestor;
};

static int
by_since(const void *va, const void *vb)
{
	const struct word *a = va, *b = vb;

	return a->fact->since < b->fact->since ? -1 : a->fact->since > b->fact->since;
}

/* The words that count at all, by when they took effect. An attestor named twice is one. */
static size_t
gather(struct word *words, const struct pv_facts *said)
{
	const struct pv_names *who = &said->at[0]->r->condition.attestors;
	size_t n = 0;

	for (size_t k = 1; k < said->n; k++)
		for (size_t i = 0; i < who->n; i++)
			if (pv_slice_eq(who->at[i], said->at[k]->r->issuer)) {
				words[n++] = (struct word){ said->at[k], i };
				break;
			}
	qsort(words, n, sizeof(*words), by_since);
	return n;
}

static void
add_turn(struct pv_timelines *t, struct pv_timeline *line, uint64_t at, enum pv_status_of status)
{
	enum pv_status_of last =
	    line->n == 0 ? PV_COND_MISSING : t->turns.at[t->turns.n - 1].status;

	if (status == last)
		return;
	*PV_VEC_ADD(&t->turns) = (struct pv_turn){ at, status };
	line->n++;
}

/* Every time at which something may change, sorted, each once. */
static size_t
times_of(const struct pv_facts *said, uint64_t *times)
{
	size_t n = 0, unique = 0;

	for (size_t k = 0; k < said->n; k++) {
		times[n++] = said->at[k]->since;
		if (said->at[k]->ended != PV_NEVER)
			times[n++] = said->at[k]->ended;
	}
	qsort(times, n, sizeof(*times), by_number);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || times[unique - 1] != times[i])
			times[unique++] = times[i];
	return unique;
}

static void
compile(struct pv_timelines *t, struct pv_timeline *line, const struct pv_facts *said,
    const char *left_out)
{
	const struct pv_fact *c = said->at[0];
	size_t attestors = c->r->condition.attestors.n;
	uint64_t *times = pv_alloc_n(2 * said->n, sizeof(*times));
	struct word *words = pv_alloc_n(said->n, sizeof(*words));
	size_t n = times_of(said, times), word_n = gather(words, said), k = 0;
	struct hearing h = {
		.condition = &c->r->condition,
		.left_out = left_out,
		.words = pv_alloc_n(attestors, sizeof(*h.words)),
		.observed = pv_alloc_n(attestors, sizeof(*h.observed)),
	};

	line->first = (uint32_t)t->turns.n;
	for (size_t i = 0; i < n; i++) {
		for (; k < word_n && words[k].fact->since <= times[i]; k++) {
			const struct pv_fact **last = &h.words[words[k].attestor];
			if (*last == NULL || (*last)->index < words[k].fact->index)
				*last =
				    words[k].fact; /* the last in the log, whatever the times say */
		}
		add_turn(t, line, times[i],
		    c->since <= times[i] && times[i] < c->ended ? status_at(&h, times[i])
								: PV_COND_MISSING);
	}
	pv_free(h.words);
	pv_free(h.observed);
	pv_free(words);
	pv_free(times);
}

/* Which attestors are under a counterpart of the order; for an agreement, none. */
static void
leave_out(char *left_out, const struct pv_condition *c, const struct pv_record *user)
{
	for (size_t i = 0; i < c->attestors.n; i++) {
		left_out[i] = '0';
		for (size_t k = 0; user->kind == PV_ORDER && k < user->order.counterpart.n; k++)
			if (pv_name_under(c->attestors.at[i], user->order.counterpart.at[k]))
				left_out[i] = '1';
	}
}

uint32_t
pv_timelines_add(struct pv_timelines *t, const struct pv_record *user)
{
	struct pv_slice id =
	    user->kind == PV_ORDER ? user->order.holds_while : user->agreement.holds_while;
	uint32_t head = pv_map_get(t->words, id), line;
	const struct pv_record *condition;
	struct pv_slice key;
	char *left_out;

	if (head == PV_MAP_NONE)
		return PV_MAP_NONE;
	condition = t->heads.at[head].at[0]->r;
	if (!pv_name_under(user->issuer, condition->issuer))
		return PV_MAP_NONE; /* another's condition: missing here */
	left_out = pv_arena_alloc(t->arena, condition->condition.attestors.n + 1);
	leave_out(left_out, &condition->condition, user);
	key = pv_arena_printf(t->arena, "%u:%s", head, left_out);
	line = pv_map_get(t->known, key);
	if (line == PV_MAP_NONE) {
		line = (uint32_t)t->at.n;
		*PV_VEC_ADD(&t->at) = (struct pv_timeline){ 0 };
		compile(t, &t->at.at[line], &t->heads.at[head], left_out);
		pv_map_set(t->known, key, line);
	}
	return line;
}

enum pv_status_of
pv_timeline_at(const struct pv_timelines *t, uint32_t timeline, uint64_t at)
{
	const struct pv_timeline *line = &t->at.at[timeline];
	const struct pv_turn *turns = &t->turns.at[line->first];
	size_t lo = 0, hi = line->n;

	while (lo < hi) { /* the first turn after at */
		size_t mid = lo + (hi - lo) / 2;
		if (turns[mid].at <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? PV_COND_MISSING : turns[lo - 1].status;
}
