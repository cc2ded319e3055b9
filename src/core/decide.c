/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN 4 over compiled snapshots. The steps in their order, each over the
 * report and all its sources: what the report says, orders, agreements. The
 * request is turned into numbers once for each origin and matter (struct view).
 */
#include "core/decide.h"

#include "core/compiled.h"

#define SEEN 16 /* so many topics, regions, custodians are looked up once; more of them each time */

/* One matter of the request in the words of one origin. */
struct view {
	const struct pv_snapshot *s;
	const struct pv_matter *m; /* NULL: not filled in */
	size_t origin;
	struct pv_place purpose, channel;
	uint64_t purposes; /* masks of what bars */
	uint32_t channels;
	uint32_t originator, recipient; /* PV_NO_NODE: never declared by then */
	uint32_t custodians[SEEN];
	struct pv_place topics[SEEN], regions[SEEN];
	struct pv_span topic_span, region_span; /* around all topics, all regions */
	bool single;                            /* one topic or none, one region or none */
};

/*
 * The pairs of one at or above a giver with one at or above a taker that rules are about. They
 * are looked for together, so that the lines of memory come together: first all that the bearers
 * do not rule out, then those that the filter lets through, then their slots.
 */
#define PAIRS 24

struct pairs {
	uint32_t giver, taker; /* whose: giver PV_NO_NODE, nobody's */
	const struct pv_pair *at[PAIRS];
	uint32_t n;
	uint32_t i, k; /* where to go on: more were possible than there is room for */
	bool more;
};

/* A decision under way. */
struct run {
	const struct pv_origins *in;
	const struct pv_request *ask;
	struct pv_decision *out;
	uint64_t now, by_signed;
	bool suspended, restricted;
	struct view view;
	struct pairs pairs; /* the last ones, in the view */
};

/* A giver and a taker, or those by whom they are covered too. */
struct stance {
	uint32_t giver, taker;
	struct pv_span giver_span, taker_span;
	uint32_t giver_point, taker_point; /* the parties themselves, for exceptions */
};

/* ---- views ---------------------------------------------------------------------------------- */

static uint32_t
ever_declared(const struct pv_lexicon *x, struct pv_slice name, uint64_t at)
{
	uint32_t node = pv_lexicon_find(x, name);

	return node != PV_NO_NODE && x->nodes[node].since <= at ? node : PV_NO_NODE;
}

/* The first of them was looked up with all else. */
static struct pv_span
look_up(
    const struct pv_search *first, const struct pv_names *names, struct pv_place *out, uint64_t at)
{
	struct pv_span around = { UINT32_MAX, 0 };

	if (names->n == 0 || names->n > SEEN)
		around = PV_SPAN_ALL;
	for (size_t i = 0; i < names->n && i < SEEN; i++) {
		out[i] = i == 0 ? pv_place_of_node(first->x, pv_search_end(first), at)
				: pv_place_of(first->x, names->at[i], at);
		around.lo = out[i].span.lo < around.lo ? out[i].span.lo : around.lo;
		around.hi = out[i].span.hi > around.hi ? out[i].span.hi : around.hi;
	}
	return around;
}

static struct pv_slice
first_of(const struct pv_names *names)
{
	return names->n == 0 ? PV_NO_SLICE : names->at[0];
}

/* The rules about a party, asked for before the party itself is compared. */
static void
reach_party(const struct pv_snapshot *s, const struct pv_search *search)
{
	uint32_t node = pv_search_reach(search);

	if (node == PV_NO_NODE)
		return;
	__builtin_prefetch(&s->rows[node]);
	__builtin_prefetch((const char *)&s->rows[node] + 64);
}

static uint32_t
end_party(const struct run *r, const struct pv_search *search)
{
	uint32_t node = pv_search_end(search);

	return node != PV_NO_NODE && search->x->nodes[node].since <= r->now ? node : PV_NO_NODE;
}

/* Looks up what every request names; all wait for memory together. */
static void
fill_names(struct run *r, struct view *v)
{
	const struct pv_snapshot *s = v->s;
	const struct pv_lexicon *terms = s->terms;
	struct pv_search from = pv_search_begin(&s->parties, v->m->originator);
	struct pv_search to = pv_search_begin(&s->parties, r->ask->recipient);
	struct pv_search purpose = pv_search_begin(&terms[PV_PURPOSE], r->ask->purpose);
	struct pv_search channel = pv_search_begin(&terms[PV_CHANNEL], r->ask->channel);
	struct pv_search topic = pv_search_begin(&terms[PV_TOPIC], first_of(&v->m->topics));
	struct pv_search region = pv_search_begin(&terms[PV_REGION], first_of(&v->m->regions));

	reach_party(s, &from);
	reach_party(s, &to);
	pv_search_reach(&purpose);
	pv_search_reach(&channel);
	pv_search_reach(&topic);
	pv_search_reach(&region);
	v->originator = end_party(r, &from);
	v->recipient = end_party(r, &to);
	v->purpose = pv_place_of_node(&terms[PV_PURPOSE], pv_search_end(&purpose), r->now);
	v->channel = pv_place_of_node(&terms[PV_CHANNEL], pv_search_end(&channel), r->now);
	v->topic_span = look_up(&topic, &v->m->topics, v->topics, r->now);
	v->region_span = look_up(&region, &v->m->regions, v->regions, r->now);
}

static void
fill(struct run *r, struct view *v)
{
	const struct pv_lexicon *terms = v->s->terms;

	r->pairs.giver = PV_NO_NODE;
	fill_names(r, v);
	for (size_t i = 0; i < v->m->custodians.n && i < SEEN; i++)
		v->custodians[i] = ever_declared(&v->s->parties, v->m->custodians.at[i], r->now);
	v->purposes = UINT64_MAX;
	if (v->purpose.point != PV_UNKNOWN_POINT)
		v->purposes = pv_span_mask(&terms[PV_PURPOSE], v->purpose.span);
	v->channels = UINT32_MAX;
	if (v->channel.point != PV_UNKNOWN_POINT)
		v->channels = (uint32_t)pv_span_mask(&terms[PV_CHANNEL], v->channel.span);
	v->single = v->m->topics.n <= 1 && v->m->regions.n <= 1;
}

static const struct view *
view_of(struct run *r, size_t origin, const struct pv_matter *m)
{
	struct view *v = &r->view;

	if (v->m == m && v->origin == origin)
		return v;
	v->s = r->in->at[origin].snapshot;
	v->m = m;
	v->origin = origin;
	fill(r, v);
	return v;
}

static size_t
count_or_one(const struct pv_names *names)
{
	return names->n == 0 ? 1 : names->n;
}

static struct pv_place
place_at(const struct run *r, const struct pv_lexicon *x, const struct pv_names *names,
    const struct pv_place *seen, size_t i)
{
	if (names->n == 0)
		return (struct pv_place){ PV_NO_NODE, PV_UNKNOWN_POINT, PV_SPAN_ALL };
	return i < SEEN ? seen[i] : pv_place_of(x, names->at[i], r->now);
}

static struct pv_place
topic_at(const struct run *r, const struct view *v, size_t i)
{
	return place_at(r, &v->s->terms[PV_TOPIC], &v->m->topics, v->topics, i);
}

static struct pv_place
region_at(const struct run *r, const struct view *v, size_t i)
{
	return place_at(r, &v->s->terms[PV_REGION], &v->m->regions, v->regions, i);
}

/* Custodian i, or (i the number of them) the originator or the recipient. */
static uint32_t
party_at(const struct run *r, const struct view *v, size_t i, uint32_t last)
{
	if (i == v->m->custodians.n)
		return last;
	return i < SEEN ? v->custodians[i]
			: ever_declared(&v->s->parties, v->m->custodians.at[i], r->now);
}

/* The party for what permits: it must stand. */
static uint32_t
standing(const struct run *r, const struct view *v, uint32_t party)
{
	if (party == PV_NO_NODE || !pv_node_stands(&v->s->parties, party, r->now))
		return PV_UNKNOWN_POINT;
	return party;
}

/* ---- step 2: the report --------------------------------------------------------------------- */

static bool
speaks(const struct run *r, size_t origin, struct pv_slice name, bool permits)
{
	return pv_origin_speaks(r->in, origin, name, permits, r->now);
}

/* The same for the originator, who in a bare log has only to be declared, as most are. */
static bool
speaks_for(struct run *r, size_t origin, const struct pv_matter *m, bool permits)
{
	const struct pv_snapshot *first = r->in->at[0].snapshot;

	if (origin == 0 && first->bare && first->genesis == NULL &&
	    view_of(r, 0, m)->originator != PV_NO_NODE)
		return true;
	return speaks(r, origin, m->originator, permits);
}

/*
 * What a report says is judged where its originator is spoken for; when that is nowhere, by who
 * decides.
 */
static bool
judges_report(const struct run *r, size_t origin, const struct pv_matter *m)
{
	if (r->in->n == 1 || speaks(r, origin, m->originator, false))
		return true;
	for (size_t i = 0; i < r->in->n; i++)
		if (speaks(r, i, m->originator, false))
			return false;
	return origin == 0;
}

static bool
forbids(const struct run *r, const struct view *v)
{
	const struct pv_lexicon *x = &v->s->terms[PV_PURPOSE];

	for (size_t i = 0; i < v->m->never.n; i++) {
		uint32_t node = ever_declared(x, v->m->never.at[i], r->now);
		/* a word that is not known, here or there, may mean anything */
		if (node == PV_NO_NODE || pv_span_meets(pv_node_span(x, node), v->purpose.span))
			return true;
	}
	return false;
}

static bool
releasable(const struct run *r, const struct view *v)
{
	const struct pv_lexicon *x = &v->s->parties;
	uint32_t to = standing(r, v, v->recipient);

	for (size_t i = 0; i < v->m->releasable_to.n && to != PV_UNKNOWN_POINT; i++) {
		struct pv_place p = pv_place_of(x, v->m->releasable_to.at[i], r->now);
		if (p.point != PV_UNKNOWN_POINT && pv_span_has(p.span, to))
			return true;
	}
	return false;
}

static bool
recalled(struct run *r, const struct pv_matter *m)
{
	for (size_t o = 0; o < r->in->n && m->report.n != 0; o++) {
		const struct pv_snapshot *s = r->in->at[o].snapshot;
		for (uint32_t i = pv_map_get(s->recalled, m->report); i != PV_MAP_NONE;
		     i = s->recall_next[i]) {
			const struct pv_fact *f = &s->recalls.at[i];
			if (f->since > r->now || f->ended <= r->now ||
			    !pv_name_under(m->originator, f->r->issuer) ||
			    !speaks(r, o, f->r->issuer, false))
				continue;
			if (r->out->recall.r == NULL)
				r->out->recall = (struct pv_ref){ f->r, f->index, o };
			return true;
		}
	}
	return false;
}

static enum pv_reason
report_says(struct run *r, const struct pv_matter *m)
{
	if (m->never.n != 0)
		for (size_t i = 0; i < r->in->n; i++)
			if (judges_report(r, i, m) && forbids(r, view_of(r, i, m)))
				return PV_WHY_REPORT_FORBIDS;
	if (m->has_releasable_to)
		for (size_t i = 0; i < r->in->n; i++)
			if (judges_report(r, i, m) && !releasable(r, view_of(r, i, m)))
				return PV_WHY_NOT_RELEASABLE;
	if (m->valid_until != 0 && m->valid_until <= r->ask->now_s)
		return PV_WHY_EXPIRED;
	return recalled(r, m) ? PV_WHY_RECALLED : PV_WHY_NONE;
}

/* ---- ids ------------------------------------------------------------------------------------ */

static bool
ref_before(const struct pv_ref *a, const struct pv_ref *b)
{
	return a->origin != b->origin ? a->origin < b->origin : a->index < b->index;
}

static void
sift(struct pv_ref *at, size_t i, size_t n)
{
	struct pv_ref moved = at[i];

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && ref_before(&at[child], &at[child + 1]))
			child++;
		if (!ref_before(&moved, &at[child]))
			break;
		at[i] = at[child];
	}
	at[i] = moved;
}

/* Heap sort, since qsort() may allocate; then each once. */
static void
sort_refs(struct pv_refs *refs)
{
	struct pv_ref *at = refs->at;
	size_t n = 0;

	for (size_t i = refs->n / 2; i-- > 0;)
		sift(at, i, refs->n);
	for (size_t i = refs->n; i-- > 1;) {
		struct pv_ref last = at[i];
		at[i] = at[0];
		at[0] = last;
		sift(at, 0, i);
	}
	for (size_t i = 0; i < refs->n; i++)
		if (n == 0 || ref_before(&at[n - 1], &at[i]))
			at[n++] = at[i];
	refs->found -= refs->n - n;
	refs->n = n;
}

/*
 * The same rule is found more than once, by several parties or topics. When there is no room,
 * those go first.
 */
static void
note(struct pv_refs *refs, size_t origin, const struct pv_fact *f)
{
	if (refs->n == refs->cap && refs->found == refs->n)
		sort_refs(refs);
	if (refs->n < refs->cap)
		refs->at[refs->n++] = (struct pv_ref){ f->r, f->index, origin };
	refs->found++;
}

/* ---- step 3: orders ------------------------------------------------------------------------- */

/* With first_only, a suspend ends the search, and after a restrict only a suspend matters. */
static bool
enough(const struct run *r)
{
	return r->ask->first_only && r->suspended;
}

static void
hit(struct run *r, size_t origin, const struct pv_fact *f, bool suspends)
{
	if (r->ask->first_only)
		r->out->orders.found = r->out->orders.n =
		    0; /* one id: a suspend's, when there is one */
	note(&r->out->orders, origin, f);
	r->suspended |= suspends;
	r->restricted |= !suspends;
}

/* The spans of a list of purposes or channels, where the mask is too coarse. */
static bool
list_meets(const uint32_t *spans, uint32_t n, struct pv_span with)
{
	for (uint32_t i = 0; i < n; i++)
		if (pv_span_meets((struct pv_span){ spans[2 * i], spans[2 * i + 1] }, with))
			return true;
	return false;
}

static bool
purposes_meet(const struct view *v, const struct pv_entry *e)
{
	const uint32_t *list;

	if ((e->purposes & v->purposes) == 0)
		return false;
	if ((e->flags & PV_ENTRY_PURPOSES) == 0)
		return true;
	list = &v->s->lists.at[e->lists];
	return list_meets(list + 2, list[0], v->purpose.span);
}

static bool
channels_meet(const struct view *v, const struct pv_entry *e)
{
	const uint32_t *list;

	if ((e->channels & v->channels) == 0)
		return false;
	if ((e->flags & PV_ENTRY_CHANNELS) == 0)
		return true;
	list = &v->s->lists.at[e->lists];
	return list_meets(list + 2 + 2 * list[0], list[1], v->channel.span);
}

static bool
except_holds(const struct run *r, const struct view *v, const struct pv_except *x,
    struct pv_place topic, struct pv_place region, uint32_t counterpart)
{
	return x->since <= r->now && r->now < x->until &&
	       pv_span_has(x->purpose, v->purpose.point) && pv_span_has(x->topic, topic.point) &&
	       pv_span_has(x->region, region.point) && pv_span_has(x->channel, v->channel.point) &&
	       pv_span_has(x->counterpart, counterpart);
}

static bool
excepted(const struct run *r, const struct view *v, const struct pv_entry *e, struct pv_place topic,
    struct pv_place region, const struct stance *st)
{
	uint32_t counterpart = (e->flags & PV_ENTRY_TAKE) != 0 ? st->giver_point : st->taker_point;
	const uint32_t *list = v->s->excepts.at + e->except;

	for (uint32_t i = 1; i <= list[0]; i++)
		if (except_holds(r, v, &v->s->except_at.at[list[i]], topic, region, counterpart))
			return true;
	return false;
}

/* Whether some topic and region are met, and not excepted. */
static bool
scope_covers(
    const struct run *r, const struct view *v, const struct pv_entry *e, const struct stance *st)
{
	for (size_t t = 0; t < count_or_one(&v->m->topics); t++) {
		struct pv_place topic = topic_at(r, v, t);
		if (!pv_span_meets(e->topic, topic.span))
			continue;
		for (size_t g = 0; g < count_or_one(&v->m->regions); g++) {
			struct pv_place region = region_at(r, v, g);
			if (pv_span_meets(e->region, region.span) &&
			    (e->except == 0 || !excepted(r, v, e, topic, region, st)))
				return true;
		}
	}
	return false;
}

static void
judge_order(struct run *r, const struct view *v, const struct pv_entry *e, const struct stance *st)
{
	const struct pv_snapshot *s = v->s;

	r->out->entries_read++;
	if (r->ask->first_only && r->restricted && (e->flags & PV_ENTRY_SUSPEND) == 0)
		return;
	if (e->start > r->now || e->end <= r->now || e->by_signed <= r->by_signed)
		return;
	if (!purposes_meet(v, e) || !channels_meet(v, e) || !scope_covers(r, v, e, st))
		return;
	if (e->timeline != 0 &&
	    pv_timeline_at(&s->timelines, e->timeline - 1, r->now) == PV_COND_ENDED)
		return;
	if (v->origin != 0 && !speaks(r, v->origin, s->rules.at[e->rule].r->issuer, false))
		return;
	hit(r, v->origin, &s->rules.at[e->rule], (e->flags & PV_ENTRY_SUSPEND) != 0);
}

/* Whether a party that bears something is at or above the one whose row this is. */
static bool
in_row(const struct pv_bearer *at, uint16_t n, uint32_t party)
{
	for (uint16_t i = 0; i < n; i++)
		if (at[i].node == party)
			return true;
	return false;
}

/*
 * Under on the giver's side of what gives; else either way. For lists of what lies below a party;
 * who is above is found in the rows, which were read before, and not at the entry's own parties.
 */
static bool
between(const struct view *v, const struct pv_entry *e, const struct stance *st)
{
	const struct pv_party_row *g = &v->s->rows[st->giver], *t = &v->s->rows[st->taker];

	if (!in_row(pv_row_bearers(v->s, g), g->giver_n, e->giver) &&
	    !((e->flags & PV_ENTRY_TAKE) != 0 && pv_span_has(st->giver_span, e->giver)))
		return false;
	return pv_span_has(st->taker_span, e->taker) ||
	       in_row(pv_row_bearers(v->s, t) + t->giver_n, t->taker_n, e->taker);
}

static bool
shared_holds(const struct run *r, const struct view *v, uint32_t shared, const struct stance *st)
{
	if (shared == 0)
		return false;
	return except_holds(r, v, &v->s->except_at.at[(shared - 1) >> 1], topic_at(r, v, 0),
	    region_at(r, v, 0), ((shared - 1) & 1) != 0 ? st->giver_point : st->taker_point);
}

static bool
box_matters(struct run *r, const struct view *v, const struct pv_box *b, const struct stance *st)
{
	uint64_t earlier = r->now < r->by_signed ? r->now : r->by_signed;

	r->out->nodes_read++;
	if (r->ask->first_only && r->restricted && (b->flags & PV_ENTRY_SUSPEND) == 0)
		return false;
	if (b->start > r->now || b->end <= earlier || (b->purposes & v->purposes) == 0)
		return false;
	if (!pv_span_meets(b->topic, v->topic_span) || !pv_span_meets(b->region, v->region_span) ||
	    !pv_span_meets(b->giver, st->giver_span) || !pv_span_meets(b->taker, st->taker_span))
		return false;
	return !v->single ||
	       !(shared_holds(r, v, b->except0, st) || shared_holds(r, v, b->except1, st));
}

static void
judge_refs(
    struct run *r, const struct view *v, const uint32_t *refs, uint32_t n, const struct stance *st)
{
	for (uint32_t i = 0; i < n && i < PV_LIST_SHORT; i++)
		__builtin_prefetch(&v->s->entries.at[refs[i]]);
	for (uint32_t i = 0; i < n && !enough(r); i++) {
		const struct pv_entry *e = &v->s->entries.at[refs[i]];
		if (between(v, e, st))
			judge_order(r, v, e, st);
		else
			r->out->entries_read++;
	}
}

static void
judge_crowd(struct run *r, const struct view *v, const struct pv_crowd *c, const struct stance *st)
{
	const struct pv_box *boxes = v->s->boxes.at + c->boxes;
	const uint32_t *refs = v->s->refs.at + c->refs;

	if (c->box_n == 0)
		judge_refs(r, v, refs, c->n, st);
	for (uint32_t i = 0; i < c->box_n && !enough(r);) {
		if (!box_matters(r, v, &boxes[i], st)) {
			i = boxes[i].skip;
			continue;
		}
		judge_refs(r, v, refs + boxes[i].first, boxes[i].n, st);
		i++;
	}
}

static void
judge_list(struct run *r, const struct view *v, uint32_t list, const struct stance *st)
{
	if ((list & PV_LIST_CROWD) != 0) {
		judge_crowd(r, v, &v->s->crowds.at[list & ~PV_LIST_CROWD], st);
		return;
	}
	for (uint32_t i = 0; list != 0 && i <= (list & 15) && !enough(r); i++)
		judge_order(r, v, &v->s->entries.at[(list >> 4) + i], st);
}

static const struct pv_pair *
find_pair(struct run *r, const struct pv_snapshot *s, uint64_t hash, uint32_t giver, uint32_t taker)
{
	for (size_t at = hash & s->pair_mask;; at = (at + 1) & s->pair_mask) {
		const struct pv_pair *p = &s->pairs[at];
		r->out->slots_read++;
		if (p->giver == giver && p->taker == taker)
			return p;
		if (p->giver == PV_NO_NODE)
			return NULL;
	}
}

struct candidate {
	uint64_t hash;
	uint32_t giver, taker;
};

static const uint64_t *
filter_word(const struct pv_snapshot *s, uint64_t hash)
{
	return &s->filter[(hash >> 32 & s->filter_mask) >> 6];
}

/* The candidates from where the pairs stopped, as many as have room. */
static uint32_t
candidates(const struct pv_snapshot *s, struct pairs *p, struct candidate *out)
{
	const struct pv_party_row *g = &s->rows[p->giver], *t = &s->rows[p->taker];
	const struct pv_bearer *givers = pv_row_bearers(s, g),
			       *takers = pv_row_bearers(s, t) + t->giver_n;
	uint32_t n = 0;

	p->more = false;
	for (; p->i < g->giver_n; p->i++, p->k = 0)
		for (; p->k < t->taker_n; p->k++) {
			struct pv_bearer a = givers[p->i], b = takers[p->k];
			if ((a.mates & pv_mate_bit(b.node)) == 0 ||
			    (b.mates & pv_mate_bit(a.node)) == 0)
				continue;
			if (n == PAIRS) {
				p->more = true;
				return n;
			}
			out[n] =
			    (struct candidate){ pv_pair_hash(s, a.node, b.node), a.node, b.node };
			__builtin_prefetch(filter_word(s, out[n].hash));
			if (n < 4) /* few enough not to wait for the filter */
				__builtin_prefetch(&s->pairs[out[n].hash & s->pair_mask]);
			n++;
		}
	return n;
}

/* A short list's entries are asked for before they are read. */
static void
reach_list(const struct pv_snapshot *s, uint32_t list)
{
	if (list != 0 && (list & PV_LIST_CROWD) == 0)
		__builtin_prefetch(&s->entries.at[list >> 4]);
}

static void
next_pairs(struct run *r, const struct pv_snapshot *s, struct pairs *p)
{
	struct candidate c[PAIRS];
	uint32_t n = candidates(s, p, c), passed = 0;

	for (uint32_t i = 0; i < n; i++)
		if ((*filter_word(s, c[i].hash) >> (c[i].hash >> 32 & 63) & 1) != 0) {
			__builtin_prefetch(&s->pairs[c[i].hash & s->pair_mask]);
			c[passed++] = c[i];
		}
	p->n = 0;
	for (uint32_t i = 0; i < passed; i++) {
		const struct pv_pair *pair = find_pair(r, s, c[i].hash, c[i].giver, c[i].taker);
		if (pair == NULL)
			continue;
		reach_list(s, pair->orders);
		reach_list(s, pair->agreements);
		p->at[p->n++] = pair;
	}
}

/* The first pairs of these two, which may be those that were looked for last. */
static void
first_pairs(struct run *r, const struct pv_snapshot *s, uint32_t giver, uint32_t taker)
{
	struct pairs *p = &r->pairs;
	bool same = p->giver == giver && p->taker == taker;

	if (same && !p->more && p->i == s->rows[giver].giver_n)
		return;
	p->giver = giver;
	p->taker = taker;
	p->i = p->k = 0;
	next_pairs(r, s, p);
}

static bool
wide_meets(const struct pv_snapshot *s, uint32_t first, uint32_t n, struct pv_span with)
{
	const struct pv_span *spans = s->wide_spans.at + first;
	uint32_t lo = 0, hi = n;

	while (lo < hi) { /* the first span that does not end before */
		uint32_t mid = lo + (hi - lo) / 2;
		if (spans[mid].hi <= with.lo)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && spans[lo].lo < with.hi;
}

static void
judge_wide(struct run *r, const struct view *v, const struct stance *st)
{
	const struct pv_snapshot *s = v->s;
	struct pv_span giver = { st->giver, st->giver + 1 };

	for (size_t i = 0; i < s->wide.n && !enough(r); i++) {
		const struct pv_wide *w = &s->wide.at[i];
		struct pv_entry e = w->entry;
		if ((w->direction & PV_GIVE) != 0 &&
		    wide_meets(s, w->subjects, w->subject_n, giver) &&
		    wide_meets(s, w->counterparts, w->counterpart_n, st->taker_span))
			judge_order(r, v, &e, st);
		e.flags |= PV_ENTRY_TAKE;
		if ((w->direction & PV_TAKE_IN) != 0 &&
		    wide_meets(s, w->subjects, w->subject_n, st->taker_span) &&
		    wide_meets(s, w->counterparts, w->counterpart_n, st->giver_span))
			judge_order(r, v, &e, st);
	}
}

static void
reach_crowd(const struct pv_snapshot *s, uint32_t list)
{
	if (list != 0)
		__builtin_prefetch(&s->crowds.at[list & ~PV_LIST_CROWD]);
}

static void
judge_stance(struct run *r, const struct view *v, struct stance *st)
{
	const struct pv_snapshot *s = v->s;
	struct pairs *p = &r->pairs;

	reach_crowd(s, s->rows[st->taker].below_takers);
	st->giver_span = pv_node_span(&s->parties, st->giver);
	st->taker_span = pv_node_span(&s->parties, st->taker);
	for (first_pairs(r, s, st->giver, st->taker);; next_pairs(r, s, p)) {
		for (uint32_t i = 0; i < p->n && !enough(r); i++)
			judge_list(r, v, p->at[i]->orders, st);
		if (!p->more)
			break;
	}
	judge_list(r, v, s->rows[st->taker].below_takers, st);
	judge_list(r, v, s->rows[st->giver].below_givers, st);
	if (s->wide.n != 0)
		judge_wide(r, v, st);
}

/*
 * Party i of those by whom a party is covered: itself, then its links. PV_NO_NODE: not yet, at
 * that time.
 */
static uint32_t
alias_at(const struct run *r, const struct pv_snapshot *s, uint32_t party, uint32_t i)
{
	const struct pv_link *link;

	if (i == 0)
		return party;
	link = &s->links[s->rows[party].links + i - 1];
	return link->since <= r->now ? link->node : PV_NO_NODE;
}

static void
judge_between(struct run *r, const struct view *v, uint32_t giver, uint32_t taker)
{
	const struct pv_snapshot *s = v->s;
	struct pv_span own = pv_node_span(&s->parties, taker);
	struct stance st = { .giver_point = standing(r, v, giver),
		.taker_point = standing(r, v, taker) };

	for (uint32_t i = 0; i <= s->rows[giver].link_n; i++) {
		st.giver = alias_at(r, s, giver, i);
		for (uint32_t k = 0;
		     k <= s->rows[taker].link_n && st.giver != PV_NO_NODE && !enough(r); k++) {
			st.taker = alias_at(r, s, taker, k);
			if (k > 0 && pv_span_has(own, st.taker))
				continue; /* what meets one below the taker meets the taker */
			if (st.taker != PV_NO_NODE)
				judge_stance(r, v, &st);
		}
	}
}

static void
judge_overlay(struct run *r, size_t origin, const struct pv_matter *m)
{
	const struct pv_overlay *o = r->in->at[origin].overlay;

	for (size_t i = 0; o != NULL && i < o->n && !enough(r); i++) {
		enum pv_status_of status = pv_overlaid_condition(&o->at[i], r->now);
		r->out->entries_read++;
		if (origin != 0 && !speaks(r, origin, o->at[i].fact.r->issuer, false))
			continue;
		if (pv_judge_order(
			r->in->at[origin].snapshot, &o->at[i].fact, status, r->ask, m, true)
			    .misses == 0 &&
		    !(r->ask->first_only && r->restricted &&
			o->at[i].fact.r->order.kind != PV_SUSPEND))
			hit(r, origin, &o->at[i].fact, o->at[i].fact.r->order.kind == PV_SUSPEND);
	}
}

/* Every giver with every taker other than itself. */
static void
orders_say(struct run *r, const struct pv_matter *m)
{
	for (size_t o = 0; o < r->in->n && !enough(r); o++) {
		const struct view *v = view_of(r, o, m);
		for (size_t g = 0; g <= m->custodians.n; g++) {
			uint32_t giver = party_at(r, v, g, v->originator);
			for (size_t t = 0;
			     t <= m->custodians.n && giver != PV_NO_NODE && !enough(r); t++) {
				uint32_t taker = party_at(r, v, t, v->recipient);
				if (taker != PV_NO_NODE && taker != giver)
					judge_between(r, v, giver, taker);
			}
		}
		judge_overlay(r, o, m);
	}
}

/* ---- step 4: agreements --------------------------------------------------------------------- */

/* One party that needs an agreement, for one topic and region. */
struct need {
	struct pv_place topic, region;
	uint32_t from, to;
	bool custody, met;
};

static bool
list_has(const uint32_t *spans, uint32_t n, uint32_t point)
{
	return list_meets(spans, n, (struct pv_span){ point, point + 1 });
}

static bool
purpose_within(const struct view *v, const struct pv_entry *e)
{
	uint32_t bit = v->purpose.point >> v->s->terms[PV_PURPOSE].shift;
	const uint32_t *list;

	if ((e->purposes >> (bit & 63) & 1) == 0)
		return false;
	if ((e->flags & PV_ENTRY_PURPOSES) == 0)
		return true;
	list = &v->s->lists.at[e->lists];
	return list_has(list + 2, list[0], v->purpose.point);
}

static bool
channel_within(const struct view *v, const struct pv_entry *e)
{
	uint32_t bit = v->channel.point >> v->s->terms[PV_CHANNEL].shift;
	const uint32_t *list;

	if ((e->flags & PV_ENTRY_NAMED) == 0)
		return true;
	if (v->channel.point == PV_UNKNOWN_POINT || (e->channels >> (bit & 31) & 1) == 0)
		return false;
	if ((e->flags & PV_ENTRY_CHANNELS) == 0)
		return true;
	list = &v->s->lists.at[e->lists];
	return list_has(list + 2 + 2 * list[0], list[1], v->channel.point);
}

static bool
identified_enough(const struct pv_entry *e, enum pv_identified says)
{
	if ((e->flags & PV_ENTRY_ALL) != 0)
		return says == PV_IDENTIFIED_ALL;
	return (e->flags & PV_ENTRY_SOME) == 0 || says == PV_IDENTIFIED_SOME ||
	       says == PV_IDENTIFIED_ALL;
}

static void
judge_agreement(struct run *r, const struct view *v, const struct pv_entry *e, struct need *n)
{
	const struct pv_snapshot *s = v->s;

	r->out->entries_read++;
	if (e->start > r->now || e->end <= r->now || e->by_signed > r->by_signed)
		return;
	if (!pv_span_has(e->topic, n->topic.point) || !pv_span_has(e->region, n->region.point) ||
	    !purpose_within(v, e) || !channel_within(v, e))
		return;
	if ((n->custody && (e->flags & PV_ENTRY_CUSTODY) == 0) ||
	    !identified_enough(e, v->m->identified))
		return;
	if (e->timeline != 0 &&
	    pv_timeline_at(&s->timelines, e->timeline - 1, r->now) != PV_COND_HOLDS)
		return;
	if (v->origin != 0 && !speaks(r, v->origin, s->rules.at[e->rule].r->issuer, true))
		return;
	n->met = true;
	note(&r->out->agreements, v->origin, &s->rules.at[e->rule]);
}

static bool
met_enough(const struct run *r, const struct need *n)
{
	return r->ask->first_only && n->met;
}

static bool
box_permits(struct run *r, const struct view *v, const struct pv_box *b, const struct need *n)
{
	r->out->nodes_read++;
	return b->start <= r->now && b->end > r->now && (b->purposes & v->purposes) != 0 &&
	       pv_span_has(b->topic, n->topic.point) && pv_span_has(b->region, n->region.point);
}

static void
permit_by_crowd(struct run *r, const struct view *v, const struct pv_crowd *c, struct need *n)
{
	const struct pv_box *boxes = v->s->boxes.at + c->boxes;
	const uint32_t *refs = v->s->refs.at + c->refs;

	for (uint32_t i = 0; c->box_n == 0 && i < c->n && !met_enough(r, n); i++)
		judge_agreement(r, v, &v->s->entries.at[refs[i]], n);
	for (uint32_t i = 0; i < c->box_n && !met_enough(r, n);) {
		if (!box_permits(r, v, &boxes[i], n)) {
			i = boxes[i].skip;
			continue;
		}
		for (uint32_t k = 0; k < boxes[i].n && !met_enough(r, n); k++)
			judge_agreement(r, v, &v->s->entries.at[refs[boxes[i].first + k]], n);
		i++;
	}
}

static void
permit_by_list(struct run *r, const struct view *v, uint32_t list, struct need *n)
{
	if ((list & PV_LIST_CROWD) != 0) {
		permit_by_crowd(r, v, &v->s->crowds.at[list & ~PV_LIST_CROWD], n);
		return;
	}
	for (uint32_t i = 0; list != 0 && i <= (list & 15) && !met_enough(r, n); i++)
		judge_agreement(r, v, &v->s->entries.at[(list >> 4) + i], n);
}

static void
permit_in(struct run *r, const struct view *v, struct need *n)
{
	struct pairs *p = &r->pairs;

	for (first_pairs(r, v->s, n->from, n->to);; next_pairs(r, v->s, p)) {
		for (uint32_t i = 0; i < p->n && !met_enough(r, n); i++)
			permit_by_list(r, v, p->at[i]->agreements, n);
		if (!p->more)
			break;
	}
}

/*
 * Whether party i (custodians, then the recipient) is permitted for topic t and region g, in any
 * log that may say so.
 */
static bool
permitted(struct run *r, const struct pv_matter *m, size_t i, size_t t, size_t g)
{
	struct need n = { .custody = i != m->custodians.n };

	for (size_t o = 0; o < r->in->n && !met_enough(r, &n); o++) {
		const struct view *v;
		if (!speaks_for(r, o, m, true))
			continue;
		v = view_of(r, o, m);
		n.from = standing(r, v, v->originator);
		n.to = standing(r, v, party_at(r, v, i, v->recipient));
		if (n.from == PV_UNKNOWN_POINT || n.to == PV_UNKNOWN_POINT ||
		    v->purpose.point == PV_UNKNOWN_POINT)
			continue;
		n.topic = topic_at(r, v, t);
		n.region = region_at(r, v, g);
		permit_in(r, v, &n);
	}
	return n.met;
}

/*
 * Whether the term, or one above it, is not grantable. Most are declared, and say so in their
 * node.
 */
static bool
barred(const struct run *r, const struct pv_lexicon *x, struct pv_slice name, uint32_t node)
{
	if (node != PV_NO_NODE && (x->nodes[node].flags & PV_NODE_BARRED) == 0)
		return false;
	return pv_name_barred(x, name, r->now);
}

static bool
any_barred(const struct run *r, const struct pv_lexicon *x, const struct pv_names *names,
    const struct pv_place *seen)
{
	for (size_t i = 0; i < names->n; i++)
		if (barred(r, x, names->at[i], i < SEEN ? seen[i].node : PV_NO_NODE))
			return true;
	return false;
}

/* No log that speaks for the originator says grantable: false of anything asked. */
static bool
grantable(struct run *r, const struct pv_matter *m)
{
	for (size_t o = 0; o < r->in->n; o++) {
		const struct pv_lexicon *terms = r->in->at[o].snapshot->terms;
		const struct view *v;
		if (!speaks_for(r, o, m, false))
			continue;
		v = view_of(r, o, m);
		if (barred(r, &terms[PV_PURPOSE], r->ask->purpose, v->purpose.node) ||
		    barred(r, &terms[PV_CHANNEL], r->ask->channel, v->channel.node) ||
		    any_barred(r, &terms[PV_TOPIC], &m->topics, v->topics) ||
		    any_barred(r, &terms[PV_REGION], &m->regions, v->regions))
			return false;
	}
	return true;
}

static enum pv_reason
agreements_say(struct run *r, const struct pv_matter *m)
{
	if (!grantable(r, m))
		return PV_WHY_NO_AGREEMENT;
	for (size_t t = 0; t < count_or_one(&m->topics); t++)
		for (size_t g = 0; g < count_or_one(&m->regions); g++)
			for (size_t i = 0; i <= m->custodians.n; i++)
				if (!permitted(r, m, i, t, g))
					return PV_WHY_NO_AGREEMENT;
	return PV_WHY_AGREEMENT;
}

/* ---- the whole ------------------------------------------------------------------------------ */

typedef enum pv_reason step(struct run *r, const struct pv_matter *m);

static enum pv_reason
orders_step(struct run *r, const struct pv_matter *m)
{
	if (!enough(r))
		orders_say(r, m);
	if (r->suspended)
		return PV_WHY_SUSPENDED;
	return r->restricted ? PV_WHY_RESTRICTED : PV_WHY_NONE;
}

/*
 * A step over the report and all its sources; what comes first in pv_reason wins, saying nothing
 * loses.
 */
static enum pv_reason
over_sources(struct run *r, const struct pv_matter *m, step *one, unsigned depth)
{
	enum pv_reason why = one(r, m);

	for (size_t i = 0; i < m->source_count; i++) {
		enum pv_reason source = PV_WHY_NO_AGREEMENT; /* too deep to look */
		if (depth < PV_SOURCES_DEEP)
			source = over_sources(r, &m->sources[i], one, depth + 1);
		if (source != PV_WHY_NONE && (why == PV_WHY_NONE || source < why))
			why = source;
	}
	return why;
}

static bool
closed(const struct pv_origins *in, const struct pv_request *ask)
{
	if (ask->stale || in->n == 0)
		return true;
	for (size_t i = 0; i < in->n; i++)
		if (in->at[i].snapshot->overfull ||
		    (in->at[i].overlay != NULL && pv_overlay_closed(in->at[i].overlay)))
			return true;
	return false;
}

static enum pv_reason
judge(struct run *r)
{
	const struct pv_matter *m = &r->ask->matter;
	enum pv_reason why;

	if (closed(r->in, r->ask))
		return PV_WHY_STALE;
	why = over_sources(r, m, report_says, 0);
	if (why != PV_WHY_NONE && why != PV_WHY_NO_AGREEMENT)
		return why;
	why = over_sources(r, m, orders_step, 0);
	if (why != PV_WHY_NONE)
		return why;
	return r->ask->side == PV_SIDE_TAKE ? PV_WHY_NOT_BARRED
					    : over_sources(r, m, agreements_say, 0);
}

void
pv_decide(const struct pv_origins *in, const struct pv_request *ask, struct pv_decision *out)
{
	struct run r; /* its view is large, and filled in when it is looked at */

	r.in = in;
	r.ask = ask;
	r.out = out;
	r.suspended = r.restricted = false;
	r.view.m = NULL;
	*out = (struct pv_decision){
		.orders = { .at = out->orders.at, .cap = out->orders.cap },
		.agreements = { .at = out->agreements.at, .cap = out->agreements.cap },
	};
	r.now = ask->now_s < PV_LAST_TIME ? ask->now_s : PV_LAST_TIME - 1;
	r.by_signed = ask->signed_s < PV_LAST_TIME ? ask->signed_s : PV_LAST_TIME - 1;
	out->reason = judge(&r);
	if (out->reason == PV_WHY_AGREEMENT || out->reason == PV_WHY_NOT_BARRED)
		out->answer = PV_RELEASE;
	if (out->reason != PV_WHY_RECALLED)
		out->recall.r = NULL;
	if (out->reason != PV_WHY_AGREEMENT)
		out->agreements.n = out->agreements.found = 0;
	sort_refs(&out->orders);
	sort_refs(&out->agreements);
}

void
pv_decide_ahead(const struct pv_origins *in, const struct pv_request *ask)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct pv_snapshot *s = in->at[i].snapshot;
		struct pv_search from = pv_search_begin(&s->parties, ask->matter.originator);
		struct pv_search to = pv_search_begin(&s->parties, ask->recipient);
		reach_party(s, &from);
		reach_party(s, &to);
	}
}

struct pv_obligations
pv_decision_obligations(const struct pv_decision *d, struct pv_arena *a)
{
	struct pv_obligation *all;
	size_t max = 0, n = 0;

	for (size_t i = 0; i < d->agreements.n; i++)
		max += d->agreements.at[i].r->agreement.obligations.n;
	all = pv_arena_alloc_n(a, max, sizeof(*all));
	for (size_t i = 0; i < d->agreements.n; i++) {
		const struct pv_obligations *o = &d->agreements.at[i].r->agreement.obligations;
		for (size_t k = 0; k < o->n; k++) {
			size_t same = 0;
			while (same < n && (all[same].duty != o->at[k].duty ||
					       all[same].within_s != o->at[k].within_s ||
					       all[same].by != o->at[k].by ||
					       all[same].after_s != o->at[k].after_s))
				same++;
			if (same == n)
				all[n++] = o->at[k];
		}
	}
	return (struct pv_obligations){ all, n };
}

const char *
pv_reason_name(enum pv_reason why)
{
	static const char *const names[] = {
		[PV_WHY_NONE] = "none",
		[PV_WHY_STALE] = "stale",
		[PV_WHY_REPORT_FORBIDS] = "report-forbids",
		[PV_WHY_NOT_RELEASABLE] = "not-releasable",
		[PV_WHY_EXPIRED] = "expired",
		[PV_WHY_RECALLED] = "recalled",
		[PV_WHY_SUSPENDED] = "suspended",
		[PV_WHY_RESTRICTED] = "restricted",
		[PV_WHY_NO_AGREEMENT] = "no-agreement",
		[PV_WHY_AGREEMENT] = "agreement",
		[PV_WHY_NOT_BARRED] = "not-barred",
	};

	return names[why];
}
