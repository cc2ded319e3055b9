/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many entries in one list: a tree of boxes over them, in preorder, each with a
 * skip to what follows it. Splitting goes round the things by which entries
 * differ, and keeps equals together where it can, so that a thousand orders
 * with one exception in common, or long over, end up in boxes that are skipped
 * whole.
 */
#include <stdlib.h>

#include "core/compiled.h"

#define LEAF   8
#define SAMPLE 16

enum dimension {
	BY_EXCEPT,
	BY_PURPOSES,
	BY_TAKER,
	BY_TOPIC,
	BY_GIVER,
	BY_REGION,
	BY_END,
	DIMENSIONS
};

struct member {
	uint64_t key;
	uint64_t
	    excepts; /* its two most shared ones, as pv_shared(), the first in the upper half */
	uint32_t ref;
};

struct work {
	struct pv_snapshot *s;
	struct pv_crowd *c;
	struct member *members;
	enum pv_crowd_of of;
};

static uint64_t
end_of(const struct pv_entry *e, bool agreement)
{
	return agreement || e->end < e->by_signed ? e->end : e->by_signed;
}

static bool
is_agreement(const struct pv_snapshot *s, const struct pv_entry *e)
{
	return s->rules.at[e->rule].r->kind == PV_AGREEMENT;
}

static uint64_t
span_key(struct pv_span s)
{
	return s.hi == UINT32_MAX ? 0 : (uint64_t)s.lo + 1;
}

/*
 * What is broad and lasts comes first: it is the likeliest to match, and one match often ends a
 * search.
 */
static uint64_t
key_of(const struct work *w, const struct member *m, enum dimension by)
{
	const struct pv_entry *e = &w->s->entries.at[m->ref];

	switch (by) {
	case BY_EXCEPT:
		return m->excepts;
	case BY_PURPOSES:
		return e->purposes == UINT64_MAX ? 0 : e->purposes;
	case BY_TAKER:
		return e->taker;
	case BY_TOPIC:
		return span_key(e->topic);
	case BY_GIVER:
		return e->giver;
	case BY_REGION:
		return span_key(e->region);
	case BY_END:
	case DIMENSIONS:
		break;
	}
	return UINT64_MAX - end_of(e, is_agreement(w->s, e));
}

/* ---- exceptions that many share ------------------------------------------------------------- */

static const uint32_t *
excepts_of(const struct pv_snapshot *s, const struct pv_entry *e)
{
	static const uint32_t none[1] = { 0 };

	return e->except == 0 ? none : &s->excepts.at[e->except];
}

/* 0 for one whose number is too great to be shared. */
static uint32_t
shared_by(const struct pv_snapshot *s, const struct pv_entry *e, uint32_t except)
{
	bool turned =
	    (e->flags & PV_ENTRY_TAKE) != 0 && s->except_at.at[except].counterpart.hi != UINT32_MAX;

	return except < PV_MAX_INDEX / 2 - 1 ? pv_shared(except, turned) : 0;
}

static bool
shares(const struct pv_snapshot *s, const struct pv_entry *e, uint32_t shared)
{
	const uint32_t *list = excepts_of(s, e);

	for (uint32_t i = 1; i <= list[0]; i++)
		if (shared_by(s, e, list[i]) == shared)
			return true;
	return false;
}

static int
by_number(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* How many times one is in the sorted list. */
static uint32_t
count_of(const uint32_t *sorted, size_t n, uint32_t one)
{
	size_t lo = 0, hi = n, first;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (sorted[mid] < one)
			lo = mid + 1;
		else
			hi = mid;
	}
	first = lo;
	while (lo < n && sorted[lo] == one)
		lo += 1;
	return (uint32_t)(lo - first);
}

/* Its two exceptions that most others share; what few share is none. */
static uint64_t
most_shared(const struct work *w, const struct pv_entry *e, const uint32_t *counted,
    const uint32_t *counts, size_t n)
{
	const uint32_t *list = excepts_of(w->s, e);
	uint32_t best[2] = { 0, 0 }, best_count[2] = { 0, 0 };

	for (uint32_t i = 1; i <= list[0]; i++) {
		uint32_t one = shared_by(w->s, e, list[i]), count = 0;
		const uint32_t *at = bsearch(&one, counted, n, sizeof(one), by_number);
		if (at != NULL)
			count = counts[at - counted];
		if (count < 2 || count < w->c->n / 16)
			continue;
		if (count > best_count[0] || (count == best_count[0] && one < best[0])) {
			best[1] = best[0];
			best_count[1] = best_count[0];
			best[0] = one;
			best_count[0] = count;
		} else if (count > best_count[1]) {
			best[1] = one;
			best_count[1] = count;
		}
	}
	return (uint64_t)best[0] << 32 | best[1];
}

static void
find_shared(const struct work *w)
{
	PV_VEC(uint32_t) all = { 0 };
	uint32_t *counts;
	size_t n = 0;

	for (uint32_t i = 0; i < w->c->n; i++) {
		const struct pv_entry *e = &w->s->entries.at[w->members[i].ref];
		const uint32_t *list = excepts_of(w->s, e);
		for (uint32_t k = 1; k <= list[0]; k++)
			*PV_VEC_ADD(&all) = shared_by(w->s, e, list[k]);
	}
	if (all.n == 0)
		return;
	qsort(all.at, all.n, sizeof(*all.at), by_number);
	counts = pv_alloc_n(all.n, sizeof(*counts));
	for (size_t i = 0; i < all.n; n++) {
		uint32_t count = count_of(all.at + i, all.n - i, all.at[i]), one = all.at[i];
		i += count;
		all.at[n] = one;
		counts[n] = one != 0 ? count : 0;
	}
	for (uint32_t i = 0; i < w->c->n; i++)
		w->members[i].excepts =
		    most_shared(w, &w->s->entries.at[w->members[i].ref], all.at, counts, n);
	pv_free(counts);
	PV_VEC_FREE(&all);
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static struct pv_span
around(struct pv_span a, struct pv_span b)
{
	return (struct pv_span){ a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi };
}

static void
box_entry(const struct pv_snapshot *s, struct pv_box *b, const struct pv_entry *e)
{
	uint64_t end = end_of(e, is_agreement(s, e));

	b->giver = around(b->giver, pv_node_span(&s->parties, e->giver));
	b->taker = around(b->taker, pv_node_span(&s->parties, e->taker));
	b->topic = around(b->topic, e->topic);
	b->region = around(b->region, e->region);
	b->purposes |= e->purposes;
	b->start = (e->start < b->start ? e->start : b->start) & PV_LAST_TIME;
	b->end = (end > b->end ? end : b->end) & PV_LAST_TIME;
	b->flags |= e->flags & PV_ENTRY_SUSPEND;
	if (b->except0 != 0 && !shares(s, e, b->except0))
		b->except0 = 0;
	if (b->except1 != 0 && !shares(s, e, b->except1))
		b->except1 = 0;
}

static uint32_t
one_of_two(uint32_t one, const struct pv_box *b)
{
	return one == b->except0 || one == b->except1 ? one : 0;
}

static void
box_box(struct pv_box *b, const struct pv_box *with)
{
	b->giver = around(b->giver, with->giver);
	b->taker = around(b->taker, with->taker);
	b->topic = around(b->topic, with->topic);
	b->region = around(b->region, with->region);
	b->purposes |= with->purposes;
	b->start = with->start < b->start ? with->start : b->start;
	b->end = with->end > b->end ? with->end : b->end;
	b->flags |= with->flags;
	b->except0 = one_of_two(b->except0, with) & PV_MAX_INDEX;
	b->except1 = one_of_two(b->except1, with) & PV_MAX_INDEX;
}

static int
by_key(const void *va, const void *vb)
{
	const struct member *a = va, *b = vb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

/* Where equal keys part, nearest to the middle; 0 when all are equal. */
static uint32_t
parting(const struct member *m, uint32_t n)
{
	for (uint32_t off = 0; off < n / 2; off++) {
		if (m[n / 2 - off - 1].key != m[n / 2 - off].key)
			return n / 2 - off;
		if (n / 2 + off + 1 < n && m[n / 2 + off].key != m[n / 2 + off + 1].key)
			return n / 2 + off + 1;
	}
	return 0;
}

/* How evenly this would split them: the smaller part of a sample. */
static uint32_t
evenness(const struct work *w, const struct member *m, uint32_t n, enum dimension by)
{
	struct member sample[SAMPLE];
	uint32_t count = n < SAMPLE ? n : SAMPLE, at;

	for (uint32_t i = 0; i < count; i++) {
		sample[i] = m[(uint64_t)i * n / count];
		sample[i].key = key_of(w, &sample[i], by);
	}
	qsort(sample, count, sizeof(*sample), by_key);
	at = parting(sample, count);
	return at < count - at ? at * SAMPLE / count : (count - at) * SAMPLE / count;
}

/*
 * What lies below a party differs most in the other party: two of three splits are by that one.
 * The rest goes round the scopes, as all splits do within a pair.
 */
static enum dimension
choose(const struct work *w, const struct member *m, uint32_t n, unsigned depth)
{
	enum dimension other = w->of == PV_CROWD_BELOW_TAKER ? BY_GIVER : BY_TAKER, best = BY_END;
	uint32_t best_even = 0;

	if (w->of != PV_CROWD_PAIR && depth % 3 != 2 && evenness(w, m, n, other) >= SAMPLE / 4)
		return other;
	for (unsigned i = 0; i < DIMENSIONS; i++) {
		enum dimension by = (depth + i) % DIMENSIONS;
		uint32_t even = evenness(w, m, n, by);
		if (even >= SAMPLE / 4)
			return by;
		if (even > best_even) {
			best = by;
			best_even = even;
		}
	}
	return best;
}

static uint32_t
split(const struct work *w, struct member *m, uint32_t n, unsigned depth)
{
	enum dimension by = choose(w, m, n, depth);
	uint32_t at;

	for (uint32_t i = 0; i < n; i++)
		m[i].key = key_of(w, &m[i], by);
	qsort(m, n, sizeof(*m), by_key);
	at = parting(m, n);
	return at < n / 8 || at > n - n / 8 || at == 0 ? n / 2 : at;
}

static void
build(struct work *w, uint32_t first, uint32_t n, unsigned depth)
{
	struct member *m = w->members + first;
	size_t me = w->s->boxes.n;
	struct pv_box b = {
		.giver = { UINT32_MAX, 0 },
		.taker = { UINT32_MAX, 0 },
		.topic = { UINT32_MAX, 0 },
		.region = { UINT32_MAX, 0 },
		.start = PV_LAST_TIME,
		.first = first,
	};

	*PV_VEC_ADD(&w->s->boxes) = b;
	if (n <= LEAF) {
		b.n = n;
		b.except0 = m[0].excepts >> 32 & PV_MAX_INDEX;
		b.except1 = m[0].excepts & PV_MAX_INDEX;
		for (uint32_t i = 0; i < n; i++)
			box_entry(w->s, &b, &w->s->entries.at[m[i].ref]);
	} else {
		uint32_t left = split(w, m, n, depth);
		size_t second;
		build(w, first, left, depth + 1);
		second = w->s->boxes.n;
		build(w, first + left, n - left, depth + 1);
		b = w->s->boxes.at[me + 1];
		b.n = 0;
		box_box(&b, &w->s->boxes.at[second]);
	}
	b.skip = (uint32_t)(w->s->boxes.n - w->c->boxes);
	w->s->boxes.at[me] = b;
}

void
pv_crowd_build(struct pv_snapshot *s, struct pv_crowd *c, enum pv_crowd_of of)
{
	struct work w = { s, c, pv_alloc_n(c->n, sizeof(*w.members)), of };

	for (uint32_t i = 0; i < c->n; i++)
		w.members[i].ref = s->refs.at[c->refs + i];
	find_shared(&w);
	c->boxes = (uint32_t)s->boxes.n;
	build(&w, 0, c->n, 0);
	c->box_n = (uint32_t)(s->boxes.n - c->boxes);
	for (uint32_t i = 0; i < c->n; i++)
		s->refs.at[c->refs + i] = w.members[i].ref;
	pv_free(w.members);
}
