/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a snapshot: names, conditions, rules into entries (compile), then the
 * index over the entries (index). compiled.h says what the parts are.
 *
 * What cannot be compiled must not be lost: an order that names something never
 * declared bars as if it had not said it; an agreement or exception that does
 * permits nothing; and where there is no room the whole snapshot is closed.
 */
#include "core/snapshot.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/compiled.h"

#define WIDE_PAIRS 64 /* an order with more pairs of parties is not spelled out */
#define LINKS_MAX  (UINT32_C(1) << 24)
#define REFS_MAX   (UINT32_C(1) << 31)

struct window {
	uint64_t since, until;
};
struct windows {
	struct window *at;
	size_t n, cap;
};

struct build {
	struct pv_snapshot *s;
	struct pv_arena *arena;
	struct pv_map *lists_known, *excepts_known, *except_known; /* content -> place */
	uint32_t *parent;                                          /* of each party */
};

/* ---- parties: parents, closures ------------------------------------------------------------- */

static void
find_parents(struct build *b)
{
	const struct pv_lexicon *x = &b->s->parties;

	b->parent = pv_arena_alloc_n(b->arena, x->n + 1, sizeof(*b->parent));
	for (uint32_t i = 0; i < x->n; i++) {
		uint32_t above = i == 0 ? PV_NO_NODE : i - 1;
		while (above != PV_NO_NODE && x->nodes[above].hi <= i)
			above = b->parent[above];
		b->parent[i] = above;
	}
}

struct edge {
	uint32_t from, to;
	uint64_t since;
};
struct edges {
	struct edge *at;
	size_t n, cap;
};

static int
by_from(const void *va, const void *vb)
{
	const struct edge *a = va, *b = vb;

	return a->from < b->from ? -1 : a->from > b->from;
}

static void
add_edges(struct edges *v, const struct pv_lexicon *x, uint32_t from, const struct pv_names *names,
    uint64_t since)
{
	for (size_t i = 0; i < names->n; i++) {
		uint32_t to = pv_lexicon_find(x, names->at[i]);
		if (to != PV_NO_NODE)
			*PV_VEC_ADD(v) = (struct edge){ from, to, since };
	}
}

/* The first edge from node or a later one. */
static size_t
edge_from(const struct edges *v, uint32_t node)
{
	size_t lo = 0, hi = v->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (v->at[mid].from < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct links {
	struct pv_link *at;
	size_t n, cap;
	size_t *place; /* of each party in the closure that is being made, + 1 */
};

/* A party covers since the latest step on the way; of several ways the earliest counts. */
static bool
link_one(struct links *l, const struct pv_lexicon *x, uint32_t to, uint64_t since)
{
	uint64_t declared = x->nodes[to].since;

	since = since > declared ? since : declared;
	if (l->place[to] != 0) {
		struct pv_link *known = &l->at[l->place[to] - 1];
		if (known->since <= since)
			return false;
		known->since = since;
		return true;
	}
	*PV_VEC_ADD(l) = (struct pv_link){ .since = since, .node = to };
	l->place[to] = l->n;
	return true;
}

static void
close_party(struct links *l, const struct pv_lexicon *x, const struct edges *edges, uint32_t party)
{
	size_t first = l->n;
	bool changed = true;

	if (edge_from(edges, party) == edge_from(edges, x->nodes[party].hi))
		return;
	link_one(l, x, party, 0);
	while (changed) { /* rounds: a way found late may be earlier in time */
		changed = false;
		for (size_t i = first; i < l->n && l->n < LINKS_MAX; i++) {
			uint32_t at = l->at[i].node;
			for (size_t k = edge_from(edges, at);
			     k < edges->n && edges->at[k].from < x->nodes[at].hi; k++) {
				uint64_t since = l->at[i].since > edges->at[k].since
						     ? l->at[i].since
						     : edges->at[k].since;
				changed |= link_one(l, x, edges->at[k].to, since);
			}
		}
	}
	for (size_t i = first; i < l->n; i++)
		l->place[l->at[i].node] = 0;
	l->at[first] = l->at[--l->n]; /* itself goes without saying */
}

static void
close_parties(struct build *b, const struct pv_facts *parties)
{
	struct pv_snapshot *s = b->s;
	struct edges edges = { 0 };
	struct links links = { .place = pv_alloc_n(s->parties.n, sizeof(*links.place)) };

	for (size_t i = 0; i < parties->n; i++) {
		const struct pv_party *p = &parties->at[i]->r->party;
		uint32_t from = pv_lexicon_find(&s->parties, p->name);
		if (from == PV_NO_NODE)
			continue;
		add_edges(&edges, &s->parties, from, &p->was, parties->at[i]->since);
		add_edges(&edges, &s->parties, from, &p->members, parties->at[i]->since);
	}
	if (edges.n != 0)
		qsort(edges.at, edges.n, sizeof(*edges.at), by_from);
	for (uint32_t i = 0; i < s->parties.n && edges.n != 0; i++) {
		size_t first = links.n;
		close_party(&links, &s->parties, &edges, i);
		s->rows[i].links = (uint32_t)first;
		s->rows[i].link_n = (uint32_t)(links.n - first);
	}
	s->overfull |= links.n >= LINKS_MAX;
	s->links = links.at;
	s->link_n = links.n;
	pv_free(links.place);
	PV_VEC_FREE(&edges);
}

/* ---- compile -------------------------------------------------------------------------------- */

/* Cuts the windows to the times at which a name stands. */
static void
cut(struct windows *v, const struct pv_lexicon *x, uint32_t node)
{
	struct windows out = { 0 };
	uint32_t first, upto;

	if (node == PV_NO_NODE) {
		v->n = 0;
		return;
	}
	first = x->nodes[node].stood;
	upto = node + 1 < x->n ? x->nodes[node + 1].stood : x->stood_n;
	for (size_t i = 0; i < v->n; i++)
		for (uint32_t k = first; k < upto; k++) {
			struct window w = v->at[i];
			w.since = w.since > x->stood[k].since ? w.since : x->stood[k].since;
			w.until = w.until < x->stood[k].until ? w.until : x->stood[k].until;
			if (w.since < w.until)
				*PV_VEC_ADD(&out) = w;
		}
	PV_VEC_FREE(v);
	*v = out;
}

static void
cut_name(struct windows *v, const struct pv_lexicon *x, struct pv_slice name)
{
	if (name.n != 0)
		cut(v, x, pv_lexicon_find(x, name));
}

/* The span of what a rule names; all when it names nothing, or what was never declared. */
static struct pv_span
span_of(const struct pv_lexicon *x, struct pv_slice name)
{
	uint32_t node = pv_lexicon_find(x, name);

	return node == PV_NO_NODE ? PV_SPAN_ALL : pv_node_span(x, node);
}

/* The place of this content in a vector of numbers; added when it is new. */
static uint32_t
intern(struct build *b, struct pv_map *known, const uint32_t *words, size_t n, uint32_t **at,
    size_t *count, size_t *cap)
{
	struct pv_slice key = pv_slice_mem(words, n * sizeof(*words));
	uint32_t place = pv_map_get(known, key);

	if (place != PV_MAP_NONE)
		return place;
	place = (uint32_t)*count;
	for (size_t i = 0; i < n; i++) {
		*at = pv_vec_room(*at, *count, cap, sizeof(**at));
		(*at)[(*count)++] = words[i];
	}
	pv_map_set(known, pv_arena_copy(b->arena, key), place);
	b->s->overfull |= place > PV_MAX_INDEX;
	return place;
}

struct numbers {
	uint32_t *at;
	size_t n, cap;
};

/*
 * The mask of some names of a tree. A name that was never declared makes it everything: so for
 * bars only.
 */
static uint64_t
mask_of(const struct pv_lexicon *x, const struct pv_slice *names, size_t n, struct numbers *spans)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++) {
		struct pv_span span = span_of(x, names[i]);
		mask |= span.hi == UINT32_MAX ? UINT64_MAX : pv_span_mask(x, span);
		*PV_VEC_ADD(spans) = span.lo;
		*PV_VEC_ADD(spans) = span.hi;
	}
	return mask;
}

/* Purposes and channels; none given: all. */
static void
scope_lists(struct build *b, struct pv_entry *e, const struct pv_slice *purposes, size_t purpose_n,
    const struct pv_slice *channels, size_t channel_n)
{
	struct pv_snapshot *s = b->s;
	struct numbers words = { 0 };
	unsigned flags = e->flags;

	*PV_VEC_ADD(&words) = (uint32_t)purpose_n;
	*PV_VEC_ADD(&words) = (uint32_t)channel_n;
	e->purposes = UINT64_MAX;
	e->channels = UINT32_MAX;
	if (purpose_n != 0)
		e->purposes = mask_of(&s->terms[PV_PURPOSE], purposes, purpose_n, &words);
	if (channel_n != 0)
		e->channels = (uint32_t)mask_of(&s->terms[PV_CHANNEL], channels, channel_n, &words);
	if (purpose_n != 0 && s->terms[PV_PURPOSE].shift != 0)
		flags |= PV_ENTRY_PURPOSES;
	if (channel_n != 0)
		flags |= PV_ENTRY_NAMED;
	if (channel_n != 0 && s->terms[PV_CHANNEL].shift != 0)
		flags |= PV_ENTRY_CHANNELS;
	e->flags = flags & UINT8_MAX;
	if ((flags & (PV_ENTRY_PURPOSES | PV_ENTRY_CHANNELS)) != 0)
		e->lists = intern(b, b->lists_known, words.at, words.n, &s->lists.at, &s->lists.n,
			       &s->lists.cap) &
			   PV_MAX_INDEX;
	PV_VEC_FREE(&words);
}

static uint32_t
intern_except(struct build *b, const struct pv_except *x)
{
	struct pv_snapshot *s = b->s;
	struct pv_slice key = pv_slice_mem(x, sizeof(*x));
	uint32_t place = pv_map_get(b->except_known, key);

	if (place == PV_MAP_NONE) {
		place = (uint32_t)s->except_at.n;
		*PV_VEC_ADD(&s->except_at) = *x;
		pv_map_set(b->except_known, pv_arena_copy(b->arena, key), place);
	}
	return place;
}

/* An exception holds while all it names stand. */
static void
compile_except(struct build *b, const struct pv_exception *from, struct numbers *out)
{
	struct pv_snapshot *s = b->s;
	const struct pv_lexicon *t = s->terms;
	struct windows when = { 0 };

	*PV_VEC_ADD(&when) = (struct window){ 0, PV_LAST_TIME };
	cut_name(&when, &t[PV_PURPOSE], from->purpose);
	cut_name(&when, &t[PV_TOPIC], from->topic);
	cut_name(&when, &t[PV_REGION], from->region);
	cut_name(&when, &t[PV_CHANNEL], from->channel);
	cut_name(&when, &s->parties, from->counterpart);
	for (size_t i = 0; i < when.n; i++) {
		struct pv_except x = { 0 };
		x.since = when.at[i].since & PV_LAST_TIME;
		x.until = when.at[i].until & PV_LAST_TIME;
		x.purpose = span_of(&t[PV_PURPOSE], from->purpose);
		x.topic = span_of(&t[PV_TOPIC], from->topic);
		x.region = span_of(&t[PV_REGION], from->region);
		x.channel = span_of(&t[PV_CHANNEL], from->channel);
		x.counterpart = span_of(&s->parties, from->counterpart);
		*PV_VEC_ADD(out) = intern_except(b, &x);
	}
	PV_VEC_FREE(&when);
}

static uint32_t
compile_excepts(struct build *b, const struct pv_exceptions *list)
{
	struct numbers words = { 0 };
	uint32_t place = 0;

	*PV_VEC_ADD(&words) = 0;
	for (size_t i = 0; i < list->n; i++)
		compile_except(b, &list->at[i], &words);
	words.at[0] = (uint32_t)(words.n - 1);
	if (words.n > 1)
		place = intern(b, b->excepts_known, words.at, words.n, &b->s->excepts.at,
		    &b->s->excepts.n, &b->s->excepts.cap);
	PV_VEC_FREE(&words);
	return place;
}

static int
by_number(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static void
add_wide_spans(struct build *b, const struct pv_names *names, uint32_t *first, uint32_t *n)
{
	struct pv_snapshot *s = b->s;
	struct numbers nodes = { 0 };
	uint32_t end = 0;

	for (size_t i = 0; i < names->n; i++) {
		uint32_t node = pv_lexicon_find(&s->parties, names->at[i]);
		if (node != PV_NO_NODE)
			*PV_VEC_ADD(&nodes) = node;
	}
	if (nodes.n != 0)
		qsort(nodes.at, nodes.n, sizeof(*nodes.at), by_number);
	*first = (uint32_t)s->wide_spans.n;
	for (size_t i = 0; i < nodes.n; i++) {
		if (nodes.at[i] < end)
			continue; /* below the one before */
		end = s->parties.nodes[nodes.at[i]].hi;
		*PV_VEC_ADD(&s->wide_spans) = pv_node_span(&s->parties, nodes.at[i]);
	}
	*n = (uint32_t)s->wide_spans.n - *first;
	PV_VEC_FREE(&nodes);
}

static void
add_wide(struct build *b, const struct pv_entry *e, const struct pv_order *o)
{
	struct pv_wide w = { .entry = *e, .direction = o->direction };

	add_wide_spans(b, &o->subject, &w.subjects, &w.subject_n);
	add_wide_spans(b, &o->counterpart, &w.counterparts, &w.counterpart_n);
	*PV_VEC_ADD(&b->s->wide) = w;
}

static void
add_pair(
    struct build *b, const struct pv_entry *like, uint32_t giver, uint32_t taker, unsigned flags)
{
	const struct pv_node *nodes = b->s->parties.nodes;
	struct pv_entry *e = PV_VEC_ADD(&b->s->entries);

	*e = *like;
	e->giver = giver;
	e->taker = taker;
	e->flags = (like->flags | flags) & UINT8_MAX;
	e->start = e->start > nodes[giver].since ? e->start : nodes[giver].since;
	e->start = e->start > nodes[taker].since ? e->start : nodes[taker].since;
}

static void
add_pairs(struct build *b, const struct pv_entry *e, const struct pv_order *o)
{
	for (size_t i = 0; i < o->subject.n; i++) {
		uint32_t subject = pv_lexicon_find(&b->s->parties, o->subject.at[i]);
		for (size_t k = 0; k < o->counterpart.n && subject != PV_NO_NODE; k++) {
			uint32_t counterpart =
			    pv_lexicon_find(&b->s->parties, o->counterpart.at[k]);
			if (counterpart == PV_NO_NODE)
				continue;
			if ((o->direction & PV_GIVE) != 0)
				add_pair(b, e, subject, counterpart, 0);
			if ((o->direction & PV_TAKE_IN) != 0)
				add_pair(b, e, counterpart, subject, PV_ENTRY_TAKE);
		}
	}
}

/* When a bar ends by the signed time: until, or a day after a hold. */
static uint64_t
until_of(const struct pv_fact *f)
{
	uint64_t until = f->r->order.until != 0 ? f->r->order.until : PV_NEVER;
	uint64_t lapse =
	    f->hold && f->r->time < PV_NEVER - PV_HOLD_S ? f->r->time + PV_HOLD_S : PV_NEVER;

	return pv_time_cut(until < lapse ? until : lapse);
}

static void
compile_order(struct build *b, const struct pv_fact *f, uint32_t rule)
{
	const struct pv_order *o = &f->r->order;
	struct pv_snapshot *s = b->s;
	struct pv_entry e = { 0 };

	e.start = pv_time_cut(f->since > o->effective ? f->since : o->effective) & PV_LAST_TIME;
	e.end = pv_time_cut(f->ended) & PV_LAST_TIME;
	e.by_signed = until_of(f) & PV_LAST_TIME;
	e.rule = rule & PV_MAX_INDEX;
	if (o->holds_while.n != 0) /* missing is in force: as if it said nothing */
		e.timeline = (pv_timelines_add(&s->timelines, f->r) + 1) & PV_MAX_INDEX;
	s->rule_lines.at[rule] = e.timeline;
	e.except = compile_excepts(b, &o->except) & PV_MAX_INDEX;
	e.topic = span_of(&s->terms[PV_TOPIC], o->topic);
	e.region = span_of(&s->terms[PV_REGION], o->region);
	e.flags = o->kind == PV_SUSPEND ? PV_ENTRY_SUSPEND : 0;
	scope_lists(b, &e, o->purposes.at, o->purposes.n, o->channels.at, o->channels.n);
	if (o->subject.n * o->counterpart.n > WIDE_PAIRS)
		add_wide(b, &e, o);
	else
		add_pairs(b, &e, o);
}

/* Whether every name stands all through the window. */
static bool
all_stand(const struct pv_lexicon *x, const struct pv_names *names, struct window w)
{
	for (size_t i = 0; i < names->n; i++) {
		uint32_t node = pv_lexicon_find(x, names->at[i]);
		if (node == PV_NO_NODE || (x->nodes[node].flags & PV_NODE_OFTEN) != 0 ||
		    x->nodes[node].since > w.since || x->nodes[node].until < w.until)
			return false;
	}
	return true;
}

static void
add_agreement(struct build *b, const struct pv_entry *like, struct window w,
    const struct pv_slice *purposes, size_t purpose_n, const struct pv_slice *channels,
    size_t channel_n)
{
	struct pv_entry e = *like;

	e.start = w.since & PV_LAST_TIME;
	e.end = w.until & PV_LAST_TIME;
	scope_lists(b, &e, purposes, purpose_n, channels, channel_n);
	*PV_VEC_ADD(&b->s->entries) = e;
}

/*
 * A purpose or channel was declared or ended within the window: one entry for each, while both
 * stand.
 */
static void
add_one_by_one(
    struct build *b, const struct pv_entry *like, struct window w, const struct pv_agreement *a)
{
	for (size_t i = 0; i < a->purposes.n; i++)
		for (size_t k = 0; k < (a->has_channels ? a->channels.n : 1); k++) {
			struct windows when = { 0 };
			*PV_VEC_ADD(&when) = w;
			cut_name(&when, &b->s->terms[PV_PURPOSE], a->purposes.at[i]);
			if (a->has_channels)
				cut_name(&when, &b->s->terms[PV_CHANNEL], a->channels.at[k]);
			for (size_t j = 0; j < when.n; j++)
				add_agreement(b, like, when.at[j], &a->purposes.at[i], 1,
				    a->has_channels ? &a->channels.at[k] : NULL,
				    a->has_channels ? 1 : 0);
			PV_VEC_FREE(&when);
		}
}

static unsigned
agreement_flags(const struct pv_agreement *a)
{
	unsigned flags = a->custody ? PV_ENTRY_CUSTODY : 0;

	if (a->require_identified == PV_IDENTIFIED_SOME)
		flags |= PV_ENTRY_SOME;
	else if (a->require_identified != PV_IDENTIFIED_UNKNOWN)
		flags |= PV_ENTRY_ALL;
	return flags;
}

static void
compile_agreement(struct build *b, const struct pv_fact *f, uint32_t rule)
{
	const struct pv_agreement *a = &f->r->agreement;
	struct pv_snapshot *s = b->s;
	const struct pv_lexicon *t = s->terms;
	uint64_t not_after = a->not_after != 0 ? a->not_after : PV_NEVER;
	struct windows when = { 0 };
	struct pv_entry e = { 0 };

	if (a->holds_while.n != 0) {
		uint32_t timeline = pv_timelines_add(&s->timelines, f->r);
		if (timeline == PV_MAP_NONE)
			return; /* its condition is missing, so it does not hold */
		e.timeline = (timeline + 1) & PV_MAX_INDEX;
		s->rule_lines.at[rule] = e.timeline;
	}
	*PV_VEC_ADD(&when) = (struct window){ pv_time_cut(f->since),
		pv_time_cut(f->ended < not_after ? f->ended : not_after) };
	cut(&when, &s->parties, pv_lexicon_find(&s->parties, a->from));
	cut(&when, &s->parties, pv_lexicon_find(&s->parties, a->to));
	cut_name(&when, &t[PV_TOPIC], a->topic);
	cut_name(&when, &t[PV_REGION], a->region);
	e.rule = rule & PV_MAX_INDEX;
	e.by_signed = pv_time_cut(a->not_before) & PV_LAST_TIME;
	e.topic = span_of(&t[PV_TOPIC], a->topic);
	e.region = span_of(&t[PV_REGION], a->region);
	e.giver = pv_lexicon_find(&s->parties, a->from);
	e.taker = pv_lexicon_find(&s->parties, a->to);
	e.flags = agreement_flags(a) & UINT8_MAX;
	for (size_t i = 0; i < when.n; i++) {
		bool whole =
		    a->purposes.n != 0 && all_stand(&t[PV_PURPOSE], &a->purposes, when.at[i]) &&
		    (!a->has_channels || (a->channels.n != 0 &&
					     all_stand(&t[PV_CHANNEL], &a->channels, when.at[i])));
		if (whole)
			add_agreement(b, &e, when.at[i], a->purposes.at, a->purposes.n,
			    a->channels.at, a->has_channels ? a->channels.n : 0);
		else
			add_one_by_one(b, &e, when.at[i], a);
	}
	PV_VEC_FREE(&when);
}

static void
compile_rules(struct build *b, const struct pv_state *st)
{
	struct pv_snapshot *s = b->s;

	*PV_VEC_ADD(&s->excepts) = 0; /* place 0: no list */
	for (size_t i = 0; i < st->all.n && !s->overfull; i++) {
		const struct pv_fact *f = st->all.at[i];
		uint32_t rule = (uint32_t)s->rules.n;
		if (f->r->kind != PV_ORDER && f->r->kind != PV_AGREEMENT)
			continue;
		*PV_VEC_ADD(&s->rules) = *f;
		*PV_VEC_ADD(&s->rule_lines) = 0;
		if (f->r->kind == PV_ORDER)
			compile_order(b, f, rule);
		else
			compile_agreement(b, f, rule);
		s->order_n += f->r->kind == PV_ORDER;
		s->agreement_n += f->r->kind == PV_AGREEMENT;
		s->overfull |= s->rules.n > PV_MAX_INDEX || s->timelines.at.n >= PV_MAX_INDEX ||
			       s->excepts.n > PV_MAX_INDEX || s->entries.n >= UINT32_MAX / 2;
	}
}

/* ---- index ---------------------------------------------------------------------------------- */

struct placed {
	uint64_t pair;
	uint32_t entry;
	bool agreement;
};

static int
by_pair(const void *va, const void *vb)
{
	const struct placed *a = va, *b = vb;

	if (a->pair != b->pair)
		return a->pair < b->pair ? -1 : 1;
	if (a->agreement != b->agreement)
		return a->agreement ? 1 : -1;
	return a->entry < b->entry ? -1 : 1;
}

/* Entries of one pair lie together, its orders first. */
static void
sort_entries(struct pv_snapshot *s)
{
	size_t n = s->entries.n;
	struct placed *order = pv_alloc_n(n, sizeof(*order));
	struct pv_entry *sorted;

	for (size_t i = 0; i < n; i++) {
		const struct pv_entry *e = &s->entries.at[i];
		order[i] = (struct placed){ (uint64_t)e->giver << 32 | e->taker, (uint32_t)i,
			s->rules.at[e->rule].r->kind == PV_AGREEMENT };
	}
	qsort(order, n, sizeof(*order), by_pair);
	s->entry_block = pv_alloc_n(n + 1, sizeof(*sorted));
	sorted = pv_line_of(s->entry_block);
	for (size_t i = 0; i < n; i++)
		sorted[i] = s->entries.at[order[i].entry];
	pv_free(order);
	pv_free(s->entries.at);
	s->entries.at = sorted; /* from here on in entry_block */
	s->entries.cap = 0;
}

static uint32_t
add_crowd(struct pv_snapshot *s, uint32_t first_ref, uint32_t n, enum pv_crowd_of of)
{
	struct pv_crowd c = { .refs = first_ref, .n = n };

	if (n > PV_LIST_SHORT)
		pv_crowd_build(s, &c, of);
	*PV_VEC_ADD(&s->crowds) = c;
	return PV_LIST_CROWD | (uint32_t)(s->crowds.n - 1);
}

static uint32_t
list_of(struct pv_snapshot *s, size_t first, size_t n)
{
	uint32_t refs = (uint32_t)s->refs.n;

	if (n == 0)
		return 0;
	/* the first entry of all in a list of one would read as none */
	if (n <= PV_LIST_SHORT && first < PV_LIST_FIRST && (first << 4 | (n - 1)) != 0)
		return (uint32_t)(first << 4 | (n - 1));
	for (size_t i = 0; i < n; i++)
		*PV_VEC_ADD(&s->refs) = (uint32_t)(first + i);
	return add_crowd(s, refs, (uint32_t)n, PV_CROWD_PAIR);
}

static void
add_pair_slot(struct pv_snapshot *s, struct pv_pair pair)
{
	uint64_t h = pv_pair_hash(s, pair.giver, pair.taker);
	size_t at = h & s->pair_mask;

	while (s->pairs[at].giver != PV_NO_NODE)
		at = (at + 1) & s->pair_mask;
	s->pairs[at] = pair;
	s->pair_n++;
	h >>= 32;
	s->filter[(h & s->filter_mask) >> 6] |= UINT64_C(1) << (h & 63);
}

/* Where the orders (agreements) of the pair of entry like end that begin at first. */
static size_t
run(const struct pv_snapshot *s, size_t like, size_t first, bool agreement)
{
	const struct pv_entry *e = s->entries.at;
	size_t i = first;

	while (i < s->entries.n && e[i].giver == e[like].giver && e[i].taker == e[like].taker &&
	       (s->rules.at[e[i].rule].r->kind == PV_AGREEMENT) == agreement)
		i++;
	return i;
}

static void
index_pairs(struct pv_snapshot *s)
{
	size_t cap = 16, bits = 1024;

	while (cap < s->entries.n * 2)
		cap *= 2;
	while (bits < s->entries.n * 10)
		bits *= 2;
	s->salt = pv_hash64(PV_SLICE("pairs"));
	s->pairs = pv_alloc_n(cap, sizeof(*s->pairs));
	s->pair_mask = (uint32_t)(cap - 1);
	s->filter = pv_alloc_n(bits / 64, sizeof(*s->filter));
	s->filter_mask = (uint32_t)(bits - 1);
	for (size_t i = 0; i < cap; i++)
		s->pairs[i].giver = PV_NO_NODE;
	for (size_t i = 0; i < s->entries.n;) {
		size_t agreements = run(s, i, i, false), end = run(s, i, agreements, true);
		add_pair_slot(s,
		    (struct pv_pair){ s->entries.at[i].giver, s->entries.at[i].taker,
			list_of(s, i, agreements - i), list_of(s, agreements, end - agreements) });
		i = end;
	}
}

/*
 * For each party those at or above it that bear something: a bearer, and the nearest of them
 * further up.
 */
struct chain {
	uint32_t *mates, *nearest; /* of each party; nearest PV_NO_NODE: none */
};

static struct chain
chain_bearers(const struct build *b, bool giver)
{
	const struct pv_snapshot *s = b->s;
	struct chain c = { pv_alloc_n(s->parties.n, sizeof(*c.mates)),
		pv_alloc_n(s->parties.n, sizeof(*c.nearest)) };

	for (size_t i = 0; i < s->entries.n; i++) {
		const struct pv_entry *e = &s->entries.at[i];
		c.mates[giver ? e->giver : e->taker] |= pv_mate_bit(giver ? e->taker : e->giver);
	}
	for (uint32_t i = 0; i < s->parties.n; i++)
		c.nearest[i] = c.mates[i] != 0              ? i
			       : b->parent[i] != PV_NO_NODE ? c.nearest[b->parent[i]]
							    : PV_NO_NODE;
	return c;
}

static uint16_t
follow_chain(const struct build *b, const struct chain *c, uint32_t party, struct pv_bearer *out)
{
	uint16_t n = 0;

	for (uint32_t at = c->nearest[party]; at != PV_NO_NODE;
	     at = b->parent[at] != PV_NO_NODE ? c->nearest[b->parent[at]] : PV_NO_NODE)
		out[n++] = (struct pv_bearer){ at, c->mates[at] };
	return n;
}

static void
index_bearers(struct build *b)
{
	struct pv_snapshot *s = b->s;
	struct chain givers = chain_bearers(b, true), takers = chain_bearers(b, false);
	struct {
		struct pv_bearer *at;
		size_t n, cap;
	} others = { 0 };

	for (uint32_t i = 0; i < s->parties.n; i++) {
		struct pv_party_row *row = &s->rows[i];
		struct pv_bearer
		    all[2 * UINT8_MAX]; /* a name has at most so many bytes, so fewer labels */
		row->giver_n = follow_chain(b, &givers, i, all);
		row->taker_n = follow_chain(b, &takers, i, all + row->giver_n);
		row->others = (uint32_t)others.n;
		if (row->giver_n + row->taker_n <= PV_ROW_OWN)
			memcpy(row->own, all, (size_t)(row->giver_n + row->taker_n) * sizeof(*all));
		else
			for (uint32_t k = 0; k < (uint32_t)row->giver_n + row->taker_n; k++)
				*PV_VEC_ADD(&others) = all[k];
	}
	s->bearers = others.at;
	s->bearer_n = others.n;
	pv_free(givers.mates);
	pv_free(givers.nearest);
	pv_free(takers.mates);
	pv_free(takers.nearest);
}

/* Calls for each order and each party strictly above one of its sides: counts, or files it. */
static void
file_below(struct build *b, bool giver, uint32_t *place, bool count)
{
	struct pv_snapshot *s = b->s;

	for (size_t i = 0; i < s->entries.n; i++) {
		const struct pv_entry *e = &s->entries.at[i];
		if (s->rules.at[e->rule].r->kind != PV_ORDER ||
		    (giver && (e->flags & PV_ENTRY_TAKE) == 0))
			continue; /* what gives is matched under on its own side */
		for (uint32_t up = b->parent[giver ? e->giver : e->taker]; up != PV_NO_NODE;
		     up = b->parent[up]) {
			if (!count)
				s->refs.at[place[up]] = (uint32_t)i;
			place[up]++;
		}
	}
}

static void
index_below(struct build *b, bool giver)
{
	struct pv_snapshot *s = b->s;
	uint32_t *counts = pv_alloc_n(s->parties.n, sizeof(*counts));
	uint32_t *place = pv_alloc_n(s->parties.n, sizeof(*place));
	uint64_t sum = s->refs.n;
	enum pv_crowd_of of = giver ? PV_CROWD_BELOW_GIVER : PV_CROWD_BELOW_TAKER;

	file_below(b, giver, counts, true);
	for (uint32_t i = 0; i < s->parties.n; i++) {
		place[i] = (uint32_t)sum;
		sum += counts[i];
	}
	s->overfull |= sum >= REFS_MAX;
	if (!s->overfull) {
		s->refs.at = pv_realloc_n(s->refs.at, sum, sizeof(*s->refs.at));
		s->refs.n = s->refs.cap = sum;
		file_below(b, giver, place, false);
		for (uint32_t i = 0; i < s->parties.n; i++) {
			uint32_t list =
			    counts[i] == 0 ? 0 : add_crowd(s, place[i] - counts[i], counts[i], of);
			if (giver)
				s->rows[i].below_givers = list;
			else
				s->rows[i].below_takers = list;
		}
	}
	pv_free(counts);
	pv_free(place);
}

static void
index_recalls(struct pv_snapshot *s, const struct pv_facts *recalls)
{
	s->recalled = pv_map_new(recalls->n);
	s->recall_next = pv_alloc_n(recalls->n, sizeof(*s->recall_next));
	for (size_t i = recalls->n; i-- > 0;) {
		struct pv_slice report = recalls->at[i]->r->recall.report;
		s->recall_next[i] = pv_map_get(s->recalled, report);
		pv_map_set(s->recalled, report, (uint32_t)i);
	}
	for (size_t i = 0; i < recalls->n; i++)
		*PV_VEC_ADD(&s->recalls) = *recalls->at[i];
}

/* ---- packing -------------------------------------------------------------------------------- */

#define LARGE_PAGE ((size_t)2 << 20)

/* Where a piece goes: at a cache line. */
static void *
place(char **room, const void *from, size_t bytes)
{
	void *to = *room;

	if (bytes != 0)
		memcpy(to, from, bytes);
	*room += (bytes + 63) & ~(size_t)63;
	return to;
}

#define MOVE(room, p, n, owner)                                             \
	do {                                                                \
		void *to_ = place((room), (p), (size_t)(n) * sizeof(*(p))); \
		pv_free(owner);                                             \
		(p) = to_;                                                  \
	} while (0)

static void
move_lexicon(char **room, struct pv_lexicon *x)
{
	MOVE(room, x->slots, (size_t)x->mask + 1, x->slots);
	MOVE(room, x->nodes, x->n, x->node_block);
	x->node_block = NULL;
}

/*
 * Moves all that decisions read into one block on large pages: finding where a small page lies
 * costs as much as reading it, and a decision reads some twenty lines all over.
 */
static void
pack(struct pv_snapshot *s)
{
	size_t bytes =
	    pv_snapshot_stats(s).bytes + 32 * 64; /* and what each piece is rounded up by */
	size_t align = bytes > 2 * LARGE_PAGE ? LARGE_PAGE : 64;
	char *room;

	s->block = pv_alloc(bytes + align);
	room = (char *)s->block + (-(uintptr_t)s->block & (align - 1));
	if (align == LARGE_PAGE) /* advice: it may be refused */
		(void)madvise(room, bytes & ~(size_t)4095, MADV_HUGEPAGE);
	move_lexicon(&room, &s->parties);
	for (enum pv_tree tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++)
		move_lexicon(&room, &s->terms[tree]);
	MOVE(&room, s->rows, s->parties.n, s->row_block);
	MOVE(&room, s->bearers, s->bearer_n, s->bearers);
	MOVE(&room, s->links, s->link_n, s->links);
	MOVE(&room, s->filter, ((size_t)s->filter_mask + 1) / 64, s->filter);
	MOVE(&room, s->pairs, (size_t)s->pair_mask + 1, s->pairs);
	MOVE(&room, s->entries.at, s->entries.n, s->entry_block);
	MOVE(&room, s->lists.at, s->lists.n, s->lists.at);
	MOVE(&room, s->excepts.at, s->excepts.n, s->excepts.at);
	MOVE(&room, s->except_at.at, s->except_at.n, s->except_at.at);
	MOVE(&room, s->crowds.at, s->crowds.n, s->crowds.at);
	MOVE(&room, s->boxes.at, s->boxes.n, s->boxes.at);
	MOVE(&room, s->refs.at, s->refs.n, s->refs.at);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool
build_lexicons(struct pv_snapshot *s, const struct pv_state *st)
{
	bool room = pv_lexicon_build(&s->parties, &st->by_kind[PV_PARTY], PV_TREE_NONE);

	for (enum pv_tree tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++)
		room &= pv_lexicon_build(&s->terms[tree], &st->by_kind[PV_TERM], tree);
	return room;
}

struct pv_snapshot *
pv_snapshot_build(const struct pv_state *st)
{
	struct pv_snapshot *s = PV_NEW(struct pv_snapshot);
	struct build b = { .s = s,
		.arena = pv_arena_new(),
		.lists_known = pv_map_new(64),
		.excepts_known = pv_map_new(64),
		.except_known = pv_map_new(64) };

	s->origin = st->origin;
	s->genesis = st->genesis;
	s->bare = st->bare;
	s->acts = st->all.n;
	s->lift_quorum = st->lift_quorum;
	memcpy(s->needs, st->needs, sizeof(s->needs));
	s->overfull = !build_lexicons(s, st);
	s->row_block = pv_alloc_n((size_t)s->parties.n + 1, sizeof(*s->rows));
	s->rows = pv_line_of(s->row_block);
	find_parents(&b);
	close_parties(&b, &st->by_kind[PV_PARTY]);
	pv_timelines_begin(&s->timelines, st);
	compile_rules(&b, st);
	sort_entries(s);
	index_pairs(s);
	index_bearers(&b);
	index_below(&b, true);
	index_below(&b, false);
	index_recalls(s, &st->by_kind[PV_RECALL]);
	for (size_t i = 0; i < st->by_kind[PV_CONDITION].n; i++)
		*PV_VEC_ADD(&s->conditions) = *st->by_kind[PV_CONDITION].at[i];
	for (size_t i = 0; i < st->by_kind[PV_PEER].n; i++)
		*PV_VEC_ADD(&s->peers) = *st->by_kind[PV_PEER].at[i];
	pack(s);
	pv_map_free(b.lists_known);
	pv_map_free(b.excepts_known);
	pv_map_free(b.except_known);
	pv_arena_free(b.arena);
	return s;
}

void
pv_snapshot_free(struct pv_snapshot *s)
{
	if (s == NULL)
		return;
	pv_free(s->block);
	pv_lexicon_clear(&s->parties);
	for (enum pv_tree tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++)
		pv_lexicon_clear(&s->terms[tree]);
	pv_timelines_clear(&s->timelines);
	PV_VEC_FREE(&s->rules);
	PV_VEC_FREE(&s->rule_lines);
	PV_VEC_FREE(&s->wide);
	PV_VEC_FREE(&s->wide_spans);
	PV_VEC_FREE(&s->peers);
	PV_VEC_FREE(&s->recalls);
	PV_VEC_FREE(&s->conditions);
	pv_map_free(s->recalled);
	pv_free(s->recall_next);
	pv_free(s);
}

void
pv_snapshot_freep(struct pv_snapshot **s)
{
	pv_snapshot_free(*s);
	*s = NULL;
}

struct pv_snapshot_stats
pv_snapshot_stats(const struct pv_snapshot *s)
{
	struct pv_snapshot_stats st = {
		.origin = s->origin,
		.acts = s->acts,
		.parties = s->parties.n,
		.agreements = s->agreement_n,
		.orders = s->order_n,
		.entries = s->entries.n + s->wide.n,
		.pairs = s->pair_n,
		.tree_nodes = s->boxes.n,
		.closure_links = s->link_n,
		.timelines = s->timelines.at.n,
	};

	st.bytes =
	    sizeof(*s) + pv_lexicon_bytes(&s->parties) + s->parties.n * sizeof(*s->rows) +
	    s->bearer_n * sizeof(*s->bearers) + s->link_n * sizeof(*s->links) +
	    ((size_t)s->pair_mask + 1) * sizeof(*s->pairs) + ((size_t)s->filter_mask + 1) / 8 +
	    s->rules.n * (sizeof(*s->rules.at) + sizeof(*s->rule_lines.at)) +
	    s->entries.n * sizeof(*s->entries.at) + s->wide.n * sizeof(*s->wide.at) +
	    s->wide_spans.n * sizeof(*s->wide_spans.at) + s->excepts.n * sizeof(*s->excepts.at) +
	    s->except_at.n * sizeof(*s->except_at.at) + s->lists.n * sizeof(*s->lists.at) +
	    s->crowds.n * sizeof(*s->crowds.at) + s->boxes.n * sizeof(*s->boxes.at) +
	    s->refs.n * sizeof(*s->refs.at) +
	    s->timelines.turns.n * sizeof(*s->timelines.turns.at) +
	    s->timelines.at.n * sizeof(*s->timelines.at.at) +
	    (s->peers.n + s->recalls.n + s->conditions.n) * sizeof(struct pv_fact) +
	    pv_map_bytes(s->recalled) + s->recalls.n * sizeof(*s->recall_next);
	for (enum pv_tree tree = PV_TOPIC; tree < PV_TREE_COUNT; tree++) {
		st.terms += s->terms[tree].n;
		st.bytes += pv_lexicon_bytes(&s->terms[tree]);
	}
	for (size_t i = 0; i < s->crowds.n; i++)
		st.crowded += s->crowds.at[i].box_n != 0;
	return st;
}
