/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot is made of; for snapshot.c, decide.c, explain.c and their
 * neighbours alone.
 *
 * Names get dense numbers in preorder, so a subtree is an interval: x is under
 * y when x's number lies in y's span, and two names meet when their spans
 * overlap (spans nest or are apart).
 *
 * An order or agreement becomes one entry, a cache line, for each pair of
 * parties that it names. giver and taker are the two sides of an entry: an
 * order that binds what its subject takes has its counterpart as giver. Entries
 * of one pair lie together and are found by a hash of the pair: a request looks
 * up each ancestor of its giver with each ancestor of its taker, of those that
 * bear anything. That is all of *under*. *Meets* wants also what lies below the
 * asked party: each party has a list of the orders whose taker side lies below
 * it, and one of those whose giver side does (where the giver side meets).
 *
 * Long lists carry a tree of boxes: each box says what its entries have in
 * common, so that a search skips what cannot matter (other topics, other
 * purposes, over long ago, excepted all together).
 */
#ifndef PV_CORE_COMPILED_H
#define PV_CORE_COMPILED_H

#include "base/map.h"
#include "base/mem.h"
#include "core/decide.h"
#include "core/snapshot.h"

#define PV_NO_NODE  UINT32_MAX
#define PV_SPAN_ALL ((struct pv_span){ 0, UINT32_MAX })
/* What is not known lies in no span but PV_SPAN_ALL. */
#define PV_UNKNOWN_POINT (UINT32_MAX - 1)
/* Times are kept in 40 bits (the year 36812); the last one stands for never. */
#define PV_LAST_TIME ((UINT64_C(1) << 40) - 1)
#define PV_MAX_INDEX ((UINT32_C(1) << 24) - 1)

struct pv_span {
	uint32_t lo, hi; /* [lo, hi) */
};

static inline bool
pv_span_has(struct pv_span s, uint32_t point)
{
	return s.lo <= point && point < s.hi;
}

static inline bool
pv_span_meets(struct pv_span a, struct pv_span b)
{
	return a.lo < b.hi && b.lo < a.hi;
}

static inline uint64_t
pv_time_cut(uint64_t t)
{
	return t < PV_LAST_TIME ? t : PV_LAST_TIME;
}

/* The first cache line in a block that has room for one line more. */
static inline void *
pv_line_of(void *block)
{
	return (char *)block + (-(uintptr_t)block & 63);
}

/* A hold lapses so long after its record's time unless it is completed (DESIGN 6.5). */
#define PV_HOLD_S 86400

/* ---- lexicon.c: the names of one tree ------------------------------------------------------- */

/* A time during which a name was declared. */
struct pv_stood {
	uint64_t since : 40, : 24;
	uint64_t until : 40, not_grantable : 1, : 23;
};

/* Barred: it or one above it was ever not grantable. */
enum { PV_NODE_OFTEN = 1, PV_NODE_BARRED = 2 };

struct pv_node {
	uint64_t since : 40; /* first declared */
	uint64_t name_n : 8; /* a name has at most 200 bytes */
	uint64_t flags : 16; /* PV_NODE_OFTEN: stood more than once; PV_NODE_BARRED */
	uint64_t until : 40; /* unless OFTEN */
	uint64_t stood : 24; /* its first of lexicon.stood */
	uint32_t hi;         /* its span is [its number, hi) */
	char name[44];       /* a longer one: a pointer to it */
};

struct pv_name_slot {
	uint32_t tag;
	uint32_t node; /* number + 1; 0: free */
};

struct pv_lexicon {
	struct pv_node *nodes; /* at a cache line of node_block */
	void *node_block;      /* NULL: within the snapshot's block */
	uint32_t n;
	unsigned shift; /* number >> shift is the bit in masks, of 64 (channels: 32) */
	struct pv_name_slot *slots;
	uint32_t mask;
	uint64_t salt;
	struct pv_stood *stood;
	uint32_t stood_n;
};

/*
 * The names that these facts declare: parties, or the terms of one tree. False when there are too
 * many.
 */
bool pv_lexicon_build(struct pv_lexicon *x, const struct pv_facts *facts, enum pv_tree tree);
void pv_lexicon_clear(struct pv_lexicon *x);
size_t pv_lexicon_bytes(const struct pv_lexicon *x);
/* PV_NO_NODE when it was never declared. */
uint32_t pv_lexicon_find(const struct pv_lexicon *x, struct pv_slice name);

/*
 * The same in steps, so that several names wait for memory at once: begin all, reach all, end
 * all.
 */
struct pv_search {
	const struct pv_lexicon *x;
	struct pv_slice name;
	uint64_t hash;
};

/*
 * Seeded, so that nobody can choose names that collide; short, since a decision does it six
 * times. A multiplication folded for each eight bytes (as in wyhash).
 */
static inline uint64_t
pv_name_hash(struct pv_slice name, uint64_t salt)
{
	uint64_t h = salt ^ name.n, word = 0;
	unsigned __int128 m;

	for (; name.n > 8; name.p += 8, name.n -= 8) {
		memcpy(&word, name.p, 8);
		m = (unsigned __int128)(h ^ word) * UINT64_C(0xa0761d6478bd642f);
		h = (uint64_t)m ^ (uint64_t)(m >> 64);
	}
	word = 0;
	if (name.n != 0)
		memcpy(&word, name.p, name.n);
	m = (unsigned __int128)(h ^ word) * (salt | 1);
	m = (unsigned __int128)((uint64_t)m ^ (uint64_t)(m >> 64)) * UINT64_C(0xe7037ed1a0b428db);
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline struct pv_search
pv_search_begin(const struct pv_lexicon *x, struct pv_slice name)
{
	struct pv_search s = { x, name, pv_name_hash(name, x->salt) };

	__builtin_prefetch(&x->slots[s.hash & x->mask]);
	return s;
}

/* The node that it most likely ends at, not compared yet; PV_NO_NODE. */
static inline uint32_t
pv_search_reach(const struct pv_search *s)
{
	struct pv_name_slot first = s->x->slots[s->hash & s->x->mask];

	if (first.node == 0)
		return PV_NO_NODE;
	__builtin_prefetch(&s->x->nodes[first.node - 1]);
	return first.node - 1;
}

static inline bool
pv_node_is(const struct pv_node *n, struct pv_slice name)
{
	const char *far;

	if (n->name_n != name.n)
		return false;
	if (name.n <= sizeof(n->name))
		return memcmp(n->name, name.p, name.n) == 0;
	memcpy(&far, n->name, sizeof(far));
	return memcmp(far, name.p, name.n) == 0;
}

static inline uint32_t
pv_search_end(const struct pv_search *s)
{
	const struct pv_lexicon *x = s->x;

	for (size_t at = s->hash & x->mask; x->slots[at].node != 0; at = (at + 1) & x->mask)
		if (x->slots[at].tag == (uint32_t)(s->hash >> 32) &&
		    pv_node_is(&x->nodes[x->slots[at].node - 1], s->name))
			return x->slots[at].node - 1;
	return PV_NO_NODE;
}

struct pv_slice pv_node_name(const struct pv_node *n);
bool pv_node_stood(const struct pv_lexicon *x, uint32_t node, uint64_t at);
/* Whether it, declared or not, or one above it stands there as not grantable. */
bool pv_name_barred(const struct pv_lexicon *x, struct pv_slice name, uint64_t at);

static inline struct pv_span
pv_node_span(const struct pv_lexicon *x, uint32_t node)
{
	return (struct pv_span){ node, x->nodes[node].hi };
}

static inline bool
pv_node_stands(const struct pv_lexicon *x, uint32_t node, uint64_t at)
{
	const struct pv_node *n = &x->nodes[node];

	if ((n->flags & PV_NODE_OFTEN) != 0)
		return pv_node_stood(x, node, at);
	return n->since <= at && at < n->until;
}

/* The bits of a span: the least and the greatest name's, and all between. */
static inline uint64_t
pv_span_mask(const struct pv_lexicon *x, struct pv_span s)
{
	uint64_t upto = UINT64_MAX >> (63 - ((s.hi - 1) >> x->shift & 63));

	return upto & (UINT64_MAX << (s.lo >> x->shift & 63));
}

/* ---- timeline.c: the status of conditions --------------------------------------------------- */

struct pv_turn {
	uint64_t at;
	enum pv_status_of status; /* from then on; before the first: missing */
};

struct pv_timeline {
	uint32_t first, n; /* of timelines.turns */
};

struct pv_timelines {
	PV_VEC(struct pv_turn) turns;
	PV_VEC(struct pv_timeline) at;
	struct pv_map *words; /* condition id -> index in heads */
	/* [0] is the condition, then its attestations in log order */
	PV_VEC(struct pv_facts) heads;
	struct pv_map *known; /* condition and who does not count -> index in at */
	struct pv_arena *arena;
};

void pv_timelines_begin(struct pv_timelines *t, const struct pv_state *s);
void pv_timelines_clear(struct pv_timelines *t);
/* PV_MAP_NONE: always missing. */
uint32_t pv_timelines_add(struct pv_timelines *t, const struct pv_record *user);
enum pv_status_of pv_timeline_at(const struct pv_timelines *t, uint32_t timeline, uint64_t at);

/* ---- entries -------------------------------------------------------------------------------- */

enum {
	PV_ENTRY_TAKE = 1, /* the giver side meets, too */
	PV_ENTRY_SUSPEND = 2,
	PV_ENTRY_CUSTODY = 4,
	PV_ENTRY_SOME = 8, /* require identified */
	PV_ENTRY_ALL = 16,
	PV_ENTRY_PURPOSES = 32, /* the mask is not exact: look at lists */
	PV_ENTRY_CHANNELS = 64,
	PV_ENTRY_NAMED = 128, /* it names channels, so an unknown one is not among them */
};

struct pv_entry {
	uint64_t start : 40;     /* in the log, and effective */
	uint64_t rule : 24;      /* which order or agreement */
	uint64_t end : 40;       /* lifted; an agreement: ended, or not_after */
	uint64_t timeline : 24;  /* + 1; 0: none */
	uint64_t by_signed : 40; /* an order: until; an agreement: not_before */
	uint64_t except : 24;    /* its first of excepts; 0: none */
	struct pv_span topic, region;
	uint64_t purposes; /* mask */
	uint32_t channels; /* mask; the lexicon of channels has half as many bits */
	uint32_t lists : 24, flags : 8;
	uint32_t giver, taker;
};
_Static_assert(sizeof(struct pv_entry) == 64, "an entry is a cache line");

struct pv_except {
	uint64_t since : 40, : 24;
	uint64_t until : 40, : 24;
	struct pv_span purpose, topic, region, channel, counterpart;
	uint64_t unused;
};

/*
 * An order with too many pairs to spell out: judged for each request. Spans are sorted and apart.
 */
struct pv_wide {
	struct pv_entry entry;
	uint32_t subjects, subject_n, counterparts, counterpart_n; /* of wide_spans */
	enum pv_direction direction;
};

/*
 * A list of entries, in one word. 0: none. Without the top bit: up to 16 entries that lie together,
 * first << 4 | (n - 1). With it: a crowd.
 */
#define PV_LIST_CROWD (UINT32_C(1) << 31)
#define PV_LIST_SHORT 16
#define PV_LIST_FIRST (UINT32_C(1) << 27) /* entries beyond cannot be named in a short list */

struct pv_crowd {
	uint32_t refs, n;      /* of refs: numbers of entries */
	uint32_t boxes, box_n; /* of boxes; none: all are read */
};

struct pv_box {
	struct pv_span giver, taker, topic, region; /* around all */
	uint64_t purposes;
	uint64_t start : 40, except0 : 24; /* none begins before; what all have (pv_shared) */
	uint64_t end : 40, except1 : 24;   /* none lasts longer, by either clock; another */
	uint32_t skip;  /* the next box when nothing in this one matters, within the crowd */
	uint32_t first; /* of the crowd's refs */
	uint32_t n;     /* 0: not a leaf */
	uint32_t flags; /* PV_ENTRY_SUSPEND: one of them is */
};

/*
 * An exception that many entries have, in one number that is not 0: which, and for one with a
 * counterpart whether these entries take (then their giver is the counterpart).
 */
static inline uint32_t
pv_shared(uint32_t except, bool take)
{
	return (except << 1 | take) + 1;
}

struct pv_pair {
	uint32_t giver, taker;       /* giver PV_NO_NODE: free */
	uint32_t orders, agreements; /* lists */
};

/* One that bears something, at or above a party; mates: a bit for each party on the other side. */
struct pv_bearer {
	uint32_t node, mates;
};

#define PV_ROW_OWN 12

struct pv_party_row { /* two cache lines */
	uint16_t giver_n, taker_n;
	uint32_t others; /* of bearers, when the row has no room for them; givers, then takers */
	uint32_t below_givers, below_takers; /* lists: orders with that side strictly below */
	uint32_t links, link_n;
	uint64_t unused;
	struct pv_bearer own[PV_ROW_OWN]; /* givers, then takers */
};
_Static_assert(sizeof(struct pv_party_row) == 128, "a row is two cache lines");

/* A party by which another is covered too, since then. */
struct pv_link {
	uint64_t since;
	uint32_t node, unused;
};

struct pv_snapshot {
	void *block; /* holds all arrays that decisions read, one after the other, on large pages */
	struct pv_slice origin;
	const struct pv_record *genesis;
	bool bare;
	bool overfull; /* something had no room: every decision is stale */
	uint64_t acts, lift_quorum, needs[PV_KIND_COUNT];

	struct pv_lexicon parties, terms[PV_TREE_COUNT];
	struct pv_party_row *rows;
	void *row_block, *entry_block; /* while building: where they are, before block */
	struct pv_bearer *bearers;
	struct pv_link *links;
	size_t bearer_n, link_n;

	struct pv_pair *pairs;
	uint64_t *filter;
	uint32_t pair_mask, pair_n, filter_mask;
	uint64_t salt;

	PV_VEC(struct pv_fact) rules; /* orders and agreements as they were, in log order */
	PV_VEC(uint32_t) rule_lines;  /* the timeline of each, + 1; 0: none, or missing */
	size_t order_n, agreement_n;
	PV_VEC(struct pv_entry) entries;
	PV_VEC(struct pv_wide) wide;
	PV_VEC(struct pv_span) wide_spans;
	PV_VEC(uint32_t) excepts; /* lists: n, then numbers of except_at */
	PV_VEC(struct pv_except) except_at;
	PV_VEC(uint32_t) lists; /* n purposes, n channels, then their spans' lo, hi */
	PV_VEC(struct pv_crowd) crowds;
	PV_VEC(struct pv_box) boxes;
	PV_VEC(uint32_t) refs;
	struct pv_timelines timelines;

	PV_VEC(struct pv_fact) peers; /* in log order */
	PV_VEC(struct pv_fact) recalls;
	PV_VEC(struct pv_fact) conditions;
	struct pv_map *recalled; /* report -> its first of recalls */
	uint32_t *recall_next;   /* the next one of the same report; PV_MAP_NONE */
};

/* Those at or above a party that bear something as givers, then those that do as takers. */
static inline const struct pv_bearer *
pv_row_bearers(const struct pv_snapshot *s, const struct pv_party_row *row)
{
	return row->giver_n + row->taker_n <= PV_ROW_OWN ? row->own : s->bearers + row->others;
}

static inline uint64_t
pv_pair_hash(const struct pv_snapshot *s, uint32_t giver, uint32_t taker)
{
	uint64_t h = ((uint64_t)giver << 32 | taker) ^ s->salt;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* Where the other side shows in pv_bearer.mates. */
static inline uint32_t
pv_mate_bit(uint32_t node)
{
	return UINT32_C(1) << (node * UINT32_C(0x9e3779b1) >> 27);
}

/* ---- the request in the words of one origin ------------------------------------------------- */

/*
 * A name as what permits sees it, and as what bars does: unknown is in no span, and meets every
 * one.
 */
struct pv_place {
	uint32_t node; /* declared at any time; PV_NO_NODE */
	uint32_t point;
	struct pv_span span;
};

static inline struct pv_place
pv_place_of_node(const struct pv_lexicon *x, uint32_t node, uint64_t at)
{
	if (node == PV_NO_NODE || !pv_node_stands(x, node, at))
		return (struct pv_place){ node, PV_UNKNOWN_POINT, PV_SPAN_ALL };
	return (struct pv_place){ node, node, pv_node_span(x, node) };
}

static inline struct pv_place
pv_place_of(const struct pv_lexicon *x, struct pv_slice name, uint64_t at)
{
	return pv_place_of_node(x, pv_lexicon_find(x, name), at);
}

/* ---- judge.c: rules by their names ---------------------------------------------------------- */

/* Whether name was declared by then, so that an order can meet it. */
static inline bool
pv_name_ever(const struct pv_lexicon *x, struct pv_slice name, uint64_t at)
{
	uint32_t node = pv_lexicon_find(x, name);

	return node != PV_NO_NODE && x->nodes[node].since <= at;
}

/*
 * For whom origin i may speak (decide.h, struct pv_origins). permits: what bars counts for
 * longer.
 */
bool pv_origin_speaks(
    const struct pv_origins *in, size_t i, struct pv_slice name, bool permits, uint64_t now);

/* A party that needs an agreement, for one topic and one region (empty: unknown). */
struct pv_need {
	struct pv_slice to, topic, region;
	bool custody;
};

struct pv_judged {
	unsigned misses;              /* enum pv_because of explain.h; 0: it covers */
	struct pv_slice giver, taker; /* between whom, or nearest to */
};
/*
 * The order against one matter of a request, without the index: what it misses in. fresh: it is
 * newer than the snapshot, and so are maybe the names in it; the state has checked them.
 */
struct pv_judged pv_judge_order(const struct pv_snapshot *s, const struct pv_fact *f,
    enum pv_status_of condition, const struct pv_request *ask, const struct pv_matter *m,
    bool fresh);

/* The same for an agreement, one party that needs it, one topic and one region. */
unsigned pv_judge_agreement(const struct pv_snapshot *s, const struct pv_fact *f,
    enum pv_status_of condition, const struct pv_request *ask, const struct pv_matter *m,
    const struct pv_need *need);

/* An order of the overlay, with its own condition. */
struct pv_overlaid {
	struct pv_fact fact;
	struct pv_timelines timelines;
	uint32_t timeline; /* + 1; 0: none, or missing */
};
struct pv_overlay {
	struct pv_overlaid at[PV_OVERLAY_MAX];
	size_t n;
	bool closed;
};
enum pv_status_of pv_overlaid_condition(const struct pv_overlaid *o, uint64_t at);

/* crowd.c: sorts these refs for searching and gives them boxes. */
enum pv_crowd_of { PV_CROWD_PAIR, PV_CROWD_BELOW_TAKER, PV_CROWD_BELOW_GIVER };
void pv_crowd_build(struct pv_snapshot *s, struct pv_crowd *c, enum pv_crowd_of of);

#endif
