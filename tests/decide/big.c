/* SPDX-License-Identifier: Apache-2.0 */
#include "big.h"

#include <stdlib.h>

#include "base/mem.h"

const char *
big_profile_name(enum big_profile p)
{
	static const char *const names[] = {
		[BIG_SPREAD] = "spread",
		[BIG_SAFE] = "one pair, all sparing safety of life",
		[BIG_CROWD] = "one pair, all different",
		[BIG_NARROW] = "one pair, all narrow",
		[BIG_PROFILES] = "",
	};

	return names[p];
}

/* Bytewise, with the dot before all else. */
static int
by_name(const void *va, const void *vb)
{
	const struct pv_slice *a = va, *b = vb;
	size_t n = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < n; i++)
		if (a->p[i] != b->p[i])
			return a->p[i] == '.' ? -1 : b->p[i] == '.' ? 1 : a->p[i] - b->p[i];
	return a->n < b->n ? -1 : a->n > b->n;
}

/* Trees of names: some roots, each other one below one made before, at most depth levels. */
static struct pv_slice *
grow(struct big *b, const char *word, size_t n, size_t roots, unsigned depth)
{
	struct pv_slice *at = pv_alloc_n(n, sizeof(*at));
	unsigned char *level = pv_alloc_n(n, 1);

	for (size_t i = 0; i < n; i++) {
		size_t above = 0;
		if (i < roots) {
			at[i] = pv_arena_printf(b->w->a, "%s%zu", word, i);
			continue;
		}
		do
			above = chance_below(&b->c, i);
		while (level[above] + 1u >= depth);
		level[i] = (unsigned char)(level[above] + 1);
		at[i] = pv_arena_printf(b->w->a, "%.*s.%s%zu", PV_FMT(at[above]), word, i);
	}
	pv_free(level);
	qsort(at, n, sizeof(*at), by_name);
	return at;
}

/* The name, or one above it, each step up with the chance of one in two. */
static struct pv_slice
rise(struct big *b, struct pv_slice name)
{
	while (pv_name_parent(name).n != 0 && chance_one_in(&b->c, 2))
		name = pv_name_parent(name);
	return name;
}

static struct pv_slice
one_of(struct big *b, const struct pv_slice *list, size_t n)
{
	return list[chance_below(&b->c, n)];
}

static struct pv_names
a_few(struct big *b, const struct pv_slice *list, size_t n, size_t most)
{
	size_t count = 1 + chance_below(&b->c, most);
	struct pv_slice *at = pv_arena_alloc_n(b->w->a, count, sizeof(*at));

	for (size_t i = 0; i < count; i++)
		at[i] = rise(b, one_of(b, list, n));
	return (struct pv_names){ at, count };
}

static struct pv_names
just(struct big *b, struct pv_slice name)
{
	struct pv_slice *at = PV_ARENA_NEW(b->w->a, struct pv_slice);

	*at = name;
	return (struct pv_names){ at, 1 };
}

static struct pv_exceptions
spare(struct big *b, struct pv_slice purpose, struct pv_slice topic)
{
	struct pv_exception *at = PV_ARENA_NEW(b->w->a, struct pv_exception);

	at->purpose = purpose;
	at->topic = topic;
	return (struct pv_exceptions){ at, 1 };
}

static void
scope_order(struct big *b, struct pv_order *o)
{
	struct chance *c = &b->c;

	if (b->profile == BIG_NARROW || chance_below(c, 10) < 6)
		o->topic = one_of(b, b->topic, b->topics);
	if (b->profile == BIG_NARROW || chance_below(c, 10) < 4)
		o->region = one_of(b, b->region, b->regions);
	o->kind = chance_one_in(c, 2) ? PV_SUSPEND : PV_RESTRICT;
	if (b->profile == BIG_NARROW || o->kind == PV_RESTRICT || chance_one_in(c, 4)) {
		o->has_purposes = true;
		o->purposes = a_few(b, b->purpose, b->purposes, 3);
	}
	if (chance_one_in(c, 5)) {
		o->has_channels = true;
		o->channels = a_few(b, b->channel, b->channels, 2);
	}
	if (chance_one_in(c, 3))
		o->except =
		    spare(b, one_of(b, b->purpose, b->purposes), one_of(b, b->topic, b->topics));
	o->effective = chance_one_in(c, 10) ? BIG_NOW + 10 : chance_below(c, BIG_NOW);
	if (chance_one_in(c, 4))
		o->until = o->effective + 1 + chance_below(c, 2 * BIG_NOW);
}

static void
add_order(struct big *b)
{
	struct pv_record r = { .kind = PV_ORDER, .issuer = b->root[0] };
	struct pv_order *o = &r.order;
	struct pv_fact *f;

	o->direction = (enum pv_direction)(1 + chance_below(&b->c, 3));
	switch (b->profile) {
	case BIG_SPREAD:
	case BIG_PROFILES:
		o->subject = just(b, rise(b, one_of(b, b->party, b->parties)));
		o->counterpart = just(b, rise(b, one_of(b, b->party, b->parties)));
		scope_order(b, o);
		break;
	case BIG_SAFE:
	case BIG_CROWD:
	case BIG_NARROW:
		o->subject = just(b, b->root[0]);
		o->counterpart = just(b, b->root[1]);
		o->kind = PV_SUSPEND;
		if (b->profile != BIG_SAFE)
			scope_order(b, o);
		else
			o->except = spare(b, b->purpose[0], b->topic[0]);
		break;
	}
	r.issuer = o->subject.at[0];
	f = world_add(b->w, b->w->logs[0], r, o->effective < BIG_NOW ? o->effective : BIG_NOW);
	if (chance_one_in(&b->c, 10))
		f->ended = f->since + 1 + chance_below(&b->c, BIG_NOW);
}

static void
add_agreement(struct big *b)
{
	struct chance *c = &b->c;
	struct pv_record r = { .kind = PV_AGREEMENT };
	struct pv_agreement *a = &r.agreement;

	a->from = rise(b, one_of(b, b->party, b->parties));
	a->to = rise(b, one_of(b, b->party, b->parties));
	if (b->profile != BIG_SPREAD && chance_one_in(c, 2)) {
		a->from = b->root[0];
		a->to = b->root[1];
	}
	r.issuer = a->from;
	if (chance_one_in(c, 2))
		a->topic = rise(b, one_of(b, b->topic, b->topics));
	if (chance_one_in(c, 3))
		a->region = rise(b, one_of(b, b->region, b->regions));
	a->purposes = a_few(b, b->purpose, b->purposes, 3);
	if (chance_one_in(c, 5)) {
		a->has_channels = true;
		a->channels = a_few(b, b->channel, b->channels, 2);
	}
	a->custody = chance_one_in(c, 3);
	a->not_before = chance_one_in(c, 10) ? BIG_NOW + 10 : chance_below(c, BIG_NOW);
	if (chance_one_in(c, 4))
		a->not_after = a->not_before + 1 + chance_below(c, 2 * BIG_NOW);
	world_add(b->w, b->w->logs[0], r, a->not_before < BIG_NOW ? a->not_before : BIG_NOW);
}

/* At the lowest level. */
static bool
is_unit(struct pv_slice name)
{
	size_t dots = 0;

	for (size_t i = 0; i < name.n; i++)
		dots += name.p[i] == '.';
	return dots == 5;
}

static struct pv_slice
some_unit(struct big *b)
{
	struct pv_slice name = one_of(b, b->party, b->parties);

	for (unsigned i = 0; i < 100 && !is_unit(name); i++)
		name = one_of(b, b->party, b->parties);
	return name;
}

static void
declare(struct big *b, const struct pv_slice *names, size_t n, enum pv_tree tree)
{
	for (size_t i = 0; i < n; i++) {
		struct pv_record r = { .kind = tree == PV_TREE_NONE ? PV_PARTY : PV_TERM };
		if (tree == PV_TREE_NONE) {
			r.party.name = names[i];
			/*
			 * one of a hundred is a joint body of units, one of two hundred had
			 * another name
			 */
			if (is_unit(names[i]) && chance_one_in(&b->c, 100))
				r.party.members = just(b, some_unit(b));
			if (is_unit(names[i]) && chance_one_in(&b->c, 200))
				r.party.was = just(b, some_unit(b));
		} else {
			r.term.tree = tree;
			r.term.name = names[i];
		}
		world_add(b->w, b->w->logs[0], r, 0);
	}
}

void
big_make(struct big *b)
{
	size_t roots = b->parties < 400 ? 2 : 200;

	b->w = world_new();
	b->c = (struct chance){ b->seed };
	b->topics = 2000;
	b->regions = 5000;
	b->purposes = 60; /* the default vocabulary has 49 */
	b->channels = 12;
	b->party = grow(b, "s", b->parties, roots, 6);
	b->root[0] = PV_SLICE("s0");
	b->root[1] = PV_SLICE("s1");
	b->topic = grow(b, "t", b->topics, 40, 5);
	b->region = grow(b, "g", b->regions, 100, 6);
	b->purpose = grow(b, "p", b->purposes, 20, 4);
	b->channel = grow(b, "c", b->channels, 4, 2);
	world_log(b->w, "big", "");
	declare(b, b->party, b->parties, PV_TREE_NONE);
	declare(b, b->topic, b->topics, PV_TOPIC);
	declare(b, b->region, b->regions, PV_REGION);
	declare(b, b->purpose, b->purposes, PV_PURPOSE);
	declare(b, b->channel, b->channels, PV_CHANNEL);
	for (size_t i = 0; i < b->agreements; i++)
		add_agreement(b);
	for (size_t i = 0; i < b->orders; i++)
		add_order(b);
}

void
big_clear(struct big *b)
{
	pv_free(b->party);
	pv_free(b->topic);
	pv_free(b->region);
	pv_free(b->purpose);
	pv_free(b->channel);
}

/* A random one below root, or itself. */
static struct pv_slice
sink(struct big *b, struct pv_slice root, const struct pv_slice *list, size_t n)
{
	const struct pv_slice *first = bsearch(&root, list, n, sizeof(*list), by_name);
	size_t lo = (size_t)(first - list), hi = n, from = lo;

	while (lo < hi) { /* the first that is not below */
		size_t mid = lo + (hi - lo) / 2;
		if (pv_name_under(list[mid], root))
			lo = mid + 1;
		else
			hi = mid;
	}
	return list[from + chance_below(&b->c, lo - from)];
}

static struct pv_slice
root_of(struct pv_slice name)
{
	while (pv_name_parent(name).n != 0)
		name = pv_name_parent(name);
	return name;
}

static void
ask_near(struct big *b, struct pv_request *r, const struct pv_agreement *a)
{
	r->matter.originator = sink(b, a->from, b->party, b->parties);
	r->recipient = sink(b, a->to, b->party, b->parties);
	if (a->topic.n != 0)
		r->matter.topics = just(b, sink(b, a->topic, b->topic, b->topics));
	if (a->region.n != 0)
		r->matter.regions = just(b, sink(b, a->region, b->region, b->regions));
	r->purpose = sink(b, a->purposes.at[0], b->purpose, b->purposes);
	if (a->has_channels)
		r->channel = sink(b, a->channels.at[0], b->channel, b->channels);
}

static void
ask_near_order(struct big *b, struct pv_request *r, const struct pv_order *o)
{
	bool give = (o->direction & PV_GIVE) != 0;

	r->matter.originator =
	    sink(b, give ? o->subject.at[0] : o->counterpart.at[0], b->party, b->parties);
	r->recipient =
	    sink(b, give ? o->counterpart.at[0] : o->subject.at[0], b->party, b->parties);
	if (o->topic.n != 0)
		r->matter.topics = just(b, sink(b, o->topic, b->topic, b->topics));
	if (o->region.n != 0)
		r->matter.regions = just(b, sink(b, o->region, b->region, b->regions));
	if (o->has_purposes)
		r->purpose = sink(b, o->purposes.at[0], b->purpose, b->purposes);
}

/* The texts of one request lie together, as they do when it was just read from somewhere. */
static void
gather(struct big *b, struct pv_request *r)
{
	r->matter.originator = pv_arena_copy(b->w->a, r->matter.originator);
	r->recipient = pv_arena_copy(b->w->a, r->recipient);
	r->purpose = pv_arena_copy(b->w->a, r->purpose);
	r->channel = pv_arena_copy(b->w->a, r->channel);
	r->matter.topics = just(b, pv_arena_copy(b->w->a, r->matter.topics.at[0]));
	r->matter.regions = just(b, pv_arena_copy(b->w->a, r->matter.regions.at[0]));
}

void
big_ask(struct big *b, struct pv_request *out, size_t n, bool broad)
{
	const struct pv_facts *agreements = &b->w->logs[0]->by_kind[PV_AGREEMENT];
	const struct pv_facts *orders = &b->w->logs[0]->by_kind[PV_ORDER];

	for (size_t i = 0; i < n; i++) {
		struct pv_request *r = &out[i];
		*r = (struct pv_request){ .now_s = BIG_NOW, .signed_s = BIG_NOW };
		r->matter.originator = one_of(b, b->party, b->parties);
		r->recipient = one_of(b, b->party, b->parties);
		if (b->profile != BIG_SPREAD && chance_one_in(&b->c, 2)) {
			r->matter.originator = sink(b, b->root[0], b->party, b->parties);
			r->recipient = sink(b, b->root[1], b->party, b->parties);
		}
		r->matter.topics = just(b, one_of(b, b->topic, b->topics));
		r->matter.regions = just(b, one_of(b, b->region, b->regions));
		r->purpose = one_of(b, b->purpose, b->purposes);
		if (b->profile == BIG_SAFE && chance_one_in(&b->c, 2)) {
			r->purpose = b->purpose[0];
			r->matter.topics = just(b, b->topic[0]);
		}
		r->channel = one_of(b, b->channel, b->channels);
		if (agreements->n != 0 && chance_one_in(&b->c, 2))
			ask_near(b, r,
			    &agreements->at[chance_below(&b->c, agreements->n)]->r->agreement);
		else if (orders->n != 0 && chance_one_in(&b->c, 2))
			ask_near_order(b, r, &orders->at[chance_below(&b->c, orders->n)]->r->order);
		if (chance_one_in(&b->c, 20))
			r->matter.never = just(b, one_of(b, b->purpose, b->purposes));
		if (broad)
			r->recipient = root_of(r->recipient);
		gather(b, r);
	}
}
