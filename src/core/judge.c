/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One order at a time, by its names: for the overlay, where there is no index
 * yet, and for explanations, where a miss must say in what.
 */
#include <stdlib.h>

#include "core/compiled.h"
#include "core/explain.h"

bool
pv_origin_speaks(
    const struct pv_origins *in, size_t i, struct pv_slice name, bool permits, uint64_t now)
{
	const struct pv_snapshot *first = in->at[0].snapshot;

	if (i == 0 && first->genesis != NULL)
		return pv_name_under(name, first->genesis->genesis.root);
	if (i == 0) { /* without genesis each declared root is a root of the log */
		for (; first->bare && name.n != 0; name = pv_name_parent(name))
			if (pv_name_ever(&first->parties, name, now))
				return true;
		return false;
	}
	for (size_t k = 0; k < first->peers.n; k++) {
		const struct pv_fact *f = &first->peers.at[k];
		const struct pv_peer *p = &f->r->peer;
		if (f->since > now || (permits && f->ended <= now) ||
		    !pv_slice_eq(p->origin, in->at[i].snapshot->origin))
			continue;
		for (size_t j = 0; j < p->names.n; j++)
			if (pv_name_under(name, p->names.at[j]))
				return true;
	}
	return false;
}

struct judging {
	const struct pv_snapshot *s;
	const struct pv_order *o;
	const struct pv_request *ask;
	const struct pv_matter *m;
	uint64_t now;
	bool fresh;
};

/* A name of the order: the state knows it when the order is fresh, whatever the snapshot says. */
static bool
known(const struct judging *j, const struct pv_lexicon *x, struct pv_slice name)
{
	return j->fresh || pv_name_ever(x, name, j->now);
}

static bool
stands(const struct judging *j, const struct pv_lexicon *x, struct pv_slice name)
{
	uint32_t node = pv_lexicon_find(x, name);

	return node != PV_NO_NODE && pv_node_stands(x, node, j->now);
}

/* Some word of a bar meets what is asked. What is unknown on either side is met. */
static bool
words_meet(const struct judging *j, enum pv_tree tree, const struct pv_slice *words, size_t n,
    struct pv_slice asked)
{
	const struct pv_lexicon *x = &j->s->terms[tree];

	for (size_t i = 0; i < n; i++)
		if (!stands(j, x, asked) || !known(j, x, words[i]) ||
		    pv_name_under(asked, words[i]) || pv_name_under(words[i], asked))
			return true;
	return n == 0;
}

static bool
topic_meets(const struct judging *j, struct pv_slice topic)
{
	return words_meet(j, PV_TOPIC, &j->o->topic, j->o->topic.n != 0, topic);
}

static bool
region_meets(const struct judging *j, struct pv_slice region)
{
	return words_meet(j, PV_REGION, &j->o->region, j->o->region.n != 0, region);
}

static bool
name_fits(const struct judging *j, struct pv_slice name, const struct pv_names *list, bool meets)
{
	for (size_t i = 0; i < list->n; i++)
		if (known(j, &j->s->parties, list->at[i]) &&
		    (pv_name_under(name, list->at[i]) ||
			(meets && pv_name_under(list->at[i], name))))
			return true;
	return false;
}

/* The party or one by which it is covered too. */
static bool
party_fits(const struct judging *j, struct pv_slice party, const struct pv_names *list, bool meets)
{
	uint32_t node = pv_lexicon_find(&j->s->parties, party);
	const struct pv_party_row *row;

	if (node == PV_NO_NODE || j->s->parties.nodes[node].since > j->now)
		return false;
	if (name_fits(j, party, list, meets))
		return true;
	row = &j->s->rows[node];
	for (uint32_t i = 0; i < row->link_n; i++) {
		const struct pv_link *link = &j->s->links[row->links + i];
		if (link->since <= j->now &&
		    name_fits(j, pv_node_name(&j->s->parties.nodes[link->node]), list, meets))
			return true;
	}
	return false;
}

static bool
within(const struct judging *j, const struct pv_lexicon *x, struct pv_slice word,
    struct pv_slice asked)
{
	if (word.n == 0)
		return true;
	return pv_name_under(asked, word) && stands(j, x, asked) &&
	       (j->fresh || stands(j, x, word));
}

static bool
excepted(const struct judging *j, struct pv_slice counterpart, struct pv_slice topic,
    struct pv_slice region)
{
	const struct pv_lexicon *t = j->s->terms;

	for (size_t i = 0; i < j->o->except.n; i++) {
		const struct pv_exception *x = &j->o->except.at[i];
		if (within(j, &t[PV_PURPOSE], x->purpose, j->ask->purpose) &&
		    within(j, &t[PV_TOPIC], x->topic, topic) &&
		    within(j, &t[PV_REGION], x->region, region) &&
		    within(j, &t[PV_CHANNEL], x->channel, j->ask->channel) &&
		    within(j, &j->s->parties, x->counterpart, counterpart))
			return true;
	}
	return false;
}

static struct pv_slice
nth(const struct pv_names *names, size_t i)
{
	return names->n == 0 ? PV_NO_SLICE : names->at[i];
}

static size_t
count_or_one(const struct pv_names *names)
{
	return names->n == 0 ? 1 : names->n;
}

/*
 * What the scope misses for every topic and region; 0 when some pair is met, and then whether
 * each such one is excepted.
 */
static unsigned
scope_misses(const struct judging *j, struct pv_slice counterpart, bool *all_excepted)
{
	unsigned misses = PV_BECAUSE_TOPIC | PV_BECAUSE_REGION;
	bool met = false;

	*all_excepted = true;
	for (size_t t = 0; t < count_or_one(&j->m->topics); t++)
		for (size_t r = 0; r < count_or_one(&j->m->regions); r++) {
			struct pv_slice topic = nth(&j->m->topics, t),
					region = nth(&j->m->regions, r);
			bool on_topic = topic_meets(j, topic), in_region = region_meets(j, region);
			misses &=
			    (on_topic ? 0 : PV_BECAUSE_TOPIC) | (in_region ? 0 : PV_BECAUSE_REGION);
			if (!on_topic || !in_region)
				continue;
			met = true;
			*all_excepted &= excepted(j, counterpart, topic, region);
		}
	/* one topic in one region, another in another: neither alone is to blame */
	return met ? 0 : misses != 0 ? misses : PV_BECAUSE_TOPIC | PV_BECAUSE_REGION;
}

static unsigned
misses_between(const struct judging *j, struct pv_slice giver, struct pv_slice taker, bool take)
{
	const struct pv_names *givers = take ? &j->o->counterpart : &j->o->subject;
	const struct pv_names *takers = take ? &j->o->subject : &j->o->counterpart;
	unsigned misses = 0;
	bool all_excepted;

	if (!party_fits(j, giver, givers, take))
		misses |= PV_BECAUSE_GIVER;
	if (!party_fits(j, taker, takers, true))
		misses |= PV_BECAUSE_TAKER;
	misses |= scope_misses(j, take ? giver : taker, &all_excepted);
	if (!words_meet(j, PV_PURPOSE, j->o->purposes.at, j->o->purposes.n, j->ask->purpose))
		misses |= PV_BECAUSE_PURPOSE;
	if (!words_meet(j, PV_CHANNEL, j->o->channels.at, j->o->channels.n, j->ask->channel))
		misses |= PV_BECAUSE_CHANNEL;
	if ((misses & (PV_BECAUSE_TOPIC | PV_BECAUSE_REGION)) == 0 && all_excepted)
		misses |= PV_BECAUSE_EXCEPTED;
	return misses;
}

static unsigned
time_misses(const struct judging *j, const struct pv_fact *f, enum pv_status_of condition)
{
	uint64_t by_signed = j->ask->signed_s;
	unsigned misses = 0;

	if (f->since > j->now || f->r->order.effective > j->now)
		misses |= PV_BECAUSE_NOT_YET;
	if (f->ended <= j->now)
		misses |= PV_BECAUSE_ENDED;
	if (f->r->order.until != 0 && f->r->order.until <= by_signed)
		misses |= PV_BECAUSE_OVER;
	if (f->hold && by_signed >= PV_HOLD_S && f->r->time <= by_signed - PV_HOLD_S)
		misses |= PV_BECAUSE_OVER;
	if (condition == PV_COND_ENDED)
		misses |= PV_BECAUSE_CONDITION;
	return misses;
}

struct pv_judged
pv_judge_order(const struct pv_snapshot *s, const struct pv_fact *f, enum pv_status_of condition,
    const struct pv_request *ask, const struct pv_matter *m, bool fresh)
{
	struct judging j = { s, &f->r->order, ask, m, ask->now_s, fresh };
	struct pv_judged best = { .misses = UINT32_MAX };
	unsigned times = time_misses(&j, f, condition);

	for (size_t g = 0; g <= m->custodians.n; g++)
		for (size_t t = 0; t <= m->custodians.n; t++)
			for (unsigned take = 0; take < 2; take++) {
				struct pv_slice giver =
				    g == 0 ? m->originator : m->custodians.at[g - 1];
				struct pv_slice taker =
				    t == 0 ? ask->recipient : m->custodians.at[t - 1];
				unsigned misses;
				if ((f->r->order.direction & (take ? PV_TAKE_IN : PV_GIVE)) == 0 ||
				    pv_slice_eq(giver, taker))
					continue;
				misses = times | misses_between(&j, giver, taker, take != 0);
				if (__builtin_popcount(misses) < __builtin_popcount(best.misses))
					best = (struct pv_judged){ misses, giver, taker };
			}
	if (best.misses == UINT32_MAX) /* nobody gives to another */
		best.misses = times | PV_BECAUSE_GIVER | PV_BECAUSE_TAKER;
	return best;
}

/* ---- agreements ----------------------------------------------------------------------------- */

static bool
within_any(
    const struct judging *j, enum pv_tree tree, const struct pv_names *words, struct pv_slice asked)
{
	for (size_t i = 0; i < words->n; i++)
		if (within(j, &j->s->terms[tree], words->at[i], asked))
			return true;
	return false;
}

static unsigned
agreement_times(const struct pv_fact *f, enum pv_status_of condition, const struct pv_request *ask)
{
	const struct pv_agreement *a = &f->r->agreement;
	unsigned misses = 0;

	if (f->since > ask->now_s || a->not_before > ask->signed_s)
		misses |= PV_BECAUSE_NOT_YET;
	if (f->ended <= ask->now_s)
		misses |= PV_BECAUSE_ENDED;
	if (a->not_after != 0 && a->not_after <= ask->now_s)
		misses |= PV_BECAUSE_OVER;
	if (a->holds_while.n != 0 && condition != PV_COND_HOLDS)
		misses |= PV_BECAUSE_CONDITION;
	return misses;
}

static bool
identified_enough(enum pv_identified needs, enum pv_identified says)
{
	if (needs == PV_IDENTIFIED_UNKNOWN)
		return true;
	return says == PV_IDENTIFIED_ALL ||
	       (needs == PV_IDENTIFIED_SOME && says == PV_IDENTIFIED_SOME);
}

unsigned
pv_judge_agreement(const struct pv_snapshot *s, const struct pv_fact *f,
    enum pv_status_of condition, const struct pv_request *ask, const struct pv_matter *m,
    const struct pv_need *need)
{
	struct judging j = { .s = s, .ask = ask, .m = m, .now = ask->now_s };
	const struct pv_agreement *a = &f->r->agreement;
	unsigned misses = agreement_times(f, condition, ask);

	if (!within(&j, &s->parties, a->from, m->originator))
		misses |= PV_BECAUSE_GIVER;
	if (!within(&j, &s->parties, a->to, need->to))
		misses |= PV_BECAUSE_TAKER;
	if (!within(&j, &s->terms[PV_TOPIC], a->topic, need->topic))
		misses |= PV_BECAUSE_TOPIC;
	if (!within(&j, &s->terms[PV_REGION], a->region, need->region))
		misses |= PV_BECAUSE_REGION;
	if (!within_any(&j, PV_PURPOSE, &a->purposes, ask->purpose))
		misses |= PV_BECAUSE_PURPOSE;
	if (a->has_channels && !within_any(&j, PV_CHANNEL, &a->channels, ask->channel))
		misses |= PV_BECAUSE_CHANNEL;
	if (need->custody && !a->custody)
		misses |= PV_BECAUSE_CUSTODY;
	if (!identified_enough(a->require_identified, m->identified))
		misses |= PV_BECAUSE_IDENTIFIED;
	return misses;
}

/* ---- the overlay ---------------------------------------------------------------------------- */

struct pv_overlay *
pv_overlay_new(void)
{
	return PV_NEW(struct pv_overlay);
}

void
pv_overlay_clear(struct pv_overlay *o)
{
	for (size_t i = 0; i < o->n; i++)
		pv_timelines_clear(&o->at[i].timelines);
	*o = (struct pv_overlay){ 0 };
}

void
pv_overlay_free(struct pv_overlay *o)
{
	if (o == NULL)
		return;
	pv_overlay_clear(o);
	pv_free(o);
}

void
pv_overlay_freep(struct pv_overlay **o)
{
	pv_overlay_free(*o);
	*o = NULL;
}

/* Whether an act can only let more pass: then it may wait. */
static bool
only_widens(const struct pv_fact *f)
{
	const struct pv_record *r = f->r;

	switch (r->kind) {
	case PV_AGREEMENT:
	case PV_CONDITION: /* what nobody has spoken of yet is as good as missing */
	case PV_LIFT:
	case PV_ASSESSMENT:
	case PV_KEY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
		return true;
	case PV_PARTY: /* by its members and former names orders cover more */
		return r->party.members.n == 0 && r->party.was.n == 0;
	case PV_TERM: /* until the snapshot knows it, it is unknown, and barred widely */
		return !r->term.not_grantable;
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_ORDER:
	case PV_RECALL:
	case PV_END:
	case PV_ATTESTATION:
	case PV_KIND_COUNT:
		break;
	}
	return false;
}

/* The order again, now with enough signatures, or with its lift. */
static struct pv_overlaid *
find_overlaid(struct pv_overlay *o, const struct pv_record *r)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->at[i].fact.r == r || pv_slice_eq(o->at[i].fact.r->id, r->id))
			return &o->at[i];
	return NULL;
}

void
pv_overlay_add(struct pv_overlay *o, const struct pv_state *s, const struct pv_fact *f)
{
	struct pv_overlaid *at;

	if (f->r->kind != PV_ORDER) {
		o->closed |= !only_widens(f);
		return;
	}
	at = find_overlaid(o, f->r);
	if (at == NULL && o->n == PV_OVERLAY_MAX) {
		o->closed = true;
		return;
	}
	if (at == NULL)
		at = &o->at[o->n++];
	pv_timelines_clear(&at->timelines);
	*at = (struct pv_overlaid){ .fact = *f };
	if (f->r->order.holds_while.n == 0)
		return;
	pv_timelines_begin(&at->timelines, s);
	at->timeline = pv_timelines_add(&at->timelines, f->r) + 1;
}

bool
pv_overlay_closed(const struct pv_overlay *o)
{
	return o->closed;
}

size_t
pv_overlay_count(const struct pv_overlay *o)
{
	return o->n;
}

enum pv_status_of
pv_overlaid_condition(const struct pv_overlaid *o, uint64_t at)
{
	return o->timeline == 0 ? PV_COND_MISSING
				: pv_timeline_at(&o->timelines, o->timeline - 1, at);
}
