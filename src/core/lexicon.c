/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names sorted so that what is below a name follows it: bytewise, with the dot
 * before every other character ("a", "a.b", "a-b"). The number of a name is its
 * place; its span ends where the names below it end.
 */
#include <stdlib.h>

#include "core/compiled.h"

struct spelled {
	struct pv_slice name;
	const struct pv_fact *fact;
};

static struct pv_slice
declared_name(const struct pv_fact *f, enum pv_tree tree)
{
	if (tree == PV_TREE_NONE)
		return f->r->party.name;
	return f->r->term.tree == tree ? f->r->term.name : PV_NO_SLICE;
}

static int
rank(char c)
{
	return c == '.' ? 0 : (unsigned char)c;
}

static int
by_name(const void *va, const void *vb)
{
	const struct spelled *a = va, *b = vb;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;

	for (size_t i = 0; i < n; i++)
		if (a->name.p[i] != b->name.p[i])
			return rank(a->name.p[i]) - rank(b->name.p[i]);
	if (a->name.n != b->name.n)
		return a->name.n < b->name.n ? -1 : 1;
	return a->fact->index < b->fact->index ? -1 : a->fact->index > b->fact->index;
}

struct pv_slice
pv_node_name(const struct pv_node *n)
{
	const char *far;

	if (n->name_n <= sizeof(n->name))
		return (struct pv_slice){ n->name, n->name_n };
	memcpy(&far, n->name, sizeof(far));
	return (struct pv_slice){ far, n->name_n };
}

static void
spell(struct pv_node *n, struct pv_slice name)
{
	n->name_n = (uint8_t)name.n;
	if (name.n <= sizeof(n->name))
		memcpy(n->name, name.p, name.n);
	else
		memcpy(n->name, &name.p, sizeof(name.p));
}

/* One more time that the node stood; all those of one node come one after the other. */
static void
stand(struct pv_lexicon *x, struct pv_node *n, const struct pv_fact *f, bool first)
{
	struct pv_stood *st = &x->stood[x->stood_n];

	st->since = pv_time_cut(f->since) & PV_LAST_TIME;
	st->until = pv_time_cut(f->ended) & PV_LAST_TIME;
	st->not_grantable = f->r->kind == PV_TERM && f->r->term.not_grantable;
	if (st->not_grantable)
		n->flags |= PV_NODE_BARRED;
	if (first) {
		n->stood = x->stood_n & PV_MAX_INDEX;
		n->since = st->since;
		n->until = st->until;
	} else {
		n->flags |= PV_NODE_OFTEN;
		n->since = st->since < n->since ? st->since : n->since;
	}
	x->stood_n++;
}

/* Spans end where the first name follows that is not below; what is barred bars all below. */
static void
close_spans(struct pv_lexicon *x)
{
	for (uint32_t i = x->n; i-- > 0;) {
		uint32_t next = i + 1;
		while (next < x->n &&
		       pv_name_under(pv_node_name(&x->nodes[next]), pv_node_name(&x->nodes[i])))
			next = x->nodes[next].hi;
		x->nodes[i].hi = next;
	}
	for (uint32_t i = 0, barred = 0; i < x->n; i++) {
		if (i < barred)
			x->nodes[i].flags |= PV_NODE_BARRED;
		else if ((x->nodes[i].flags & PV_NODE_BARRED) != 0)
			barred = x->nodes[i].hi;
	}
}

static void
hash_names(struct pv_lexicon *x)
{
	size_t cap = 16;

	while (cap < (size_t)x->n * 2)
		cap *= 2;
	x->slots = pv_alloc_n(cap, sizeof(*x->slots));
	x->mask = (uint32_t)(cap - 1);
	for (uint32_t i = 0; i < x->n; i++) {
		uint64_t h = pv_name_hash(pv_node_name(&x->nodes[i]), x->salt);
		size_t at = h & x->mask;
		while (x->slots[at].node != 0)
			at = (at + 1) & x->mask;
		x->slots[at] = (struct pv_name_slot){ (uint32_t)(h >> 32), i + 1 };
	}
}

bool
pv_lexicon_build(struct pv_lexicon *x, const struct pv_facts *facts, enum pv_tree tree)
{
	struct spelled *all;
	size_t n = 0;
	bool room = true;

	for (size_t i = 0; i < facts->n; i++)
		n += declared_name(facts->at[i], tree).n != 0;
	room = n < PV_MAX_INDEX;
	n = room ? n : 0;
	all = pv_alloc_n(n, sizeof(*all));
	for (size_t i = 0, k = 0; i < facts->n && k < n; i++)
		if (declared_name(facts->at[i], tree).n != 0)
			all[k++] =
			    (struct spelled){ declared_name(facts->at[i], tree), facts->at[i] };
	qsort(all, n, sizeof(*all), by_name);

	x->node_block = pv_alloc_n(n + 1, sizeof(*x->nodes));
	x->nodes = pv_line_of(x->node_block);
	x->stood = pv_alloc_n(n, sizeof(*x->stood));
	for (size_t i = 0; i < n; i++) {
		bool first = i == 0 || !pv_slice_eq(all[i].name, all[i - 1].name);
		if (all[i].name.n > UINT8_MAX) {
			room = false;
			continue;
		}
		if (first)
			spell(&x->nodes[x->n++], all[i].name);
		stand(x, &x->nodes[x->n - 1], all[i].fact, first);
	}
	pv_free(all);
	while (x->n >> x->shift > (tree == PV_CHANNEL ? 31 : 63))
		x->shift++;
	close_spans(x);
	x->salt = pv_hash64(PV_SLICE("names"));
	hash_names(x);
	return room;
}

void
pv_lexicon_clear(struct pv_lexicon *x)
{
	pv_free(x->stood); /* nodes and slots are the snapshot's */
	*x = (struct pv_lexicon){ 0 };
}

size_t
pv_lexicon_bytes(const struct pv_lexicon *x)
{
	return x->n * sizeof(*x->nodes) + (x->mask + 1) * sizeof(*x->slots) +
	       x->stood_n * sizeof(*x->stood);
}

uint32_t
pv_lexicon_find(const struct pv_lexicon *x, struct pv_slice name)
{
	struct pv_search s = { x, name, 0 };

	if (name.n == 0)
		return PV_NO_NODE;
	s.hash = pv_name_hash(name, x->salt);
	return pv_search_end(&s);
}

/* The end of the node's times: where the next node's begin. */
static uint32_t
stood_end(const struct pv_lexicon *x, uint32_t node)
{
	return node + 1 < x->n ? x->nodes[node + 1].stood : x->stood_n;
}

bool
pv_node_stood(const struct pv_lexicon *x, uint32_t node, uint64_t at)
{
	for (uint32_t i = x->nodes[node].stood; i < stood_end(x, node); i++)
		if (x->stood[i].since <= at && at < x->stood[i].until)
			return true;
	return false;
}

static bool
stands_barred(const struct pv_lexicon *x, uint32_t node, uint64_t at)
{
	for (uint32_t i = x->nodes[node].stood; i < stood_end(x, node); i++)
		if (x->stood[i].not_grantable && x->stood[i].since <= at && at < x->stood[i].until)
			return true;
	return false;
}

bool
pv_name_barred(const struct pv_lexicon *x, struct pv_slice name, uint64_t at)
{
	uint32_t node = pv_lexicon_find(x, name);

	if (node != PV_NO_NODE && (x->nodes[node].flags & PV_NODE_BARRED) == 0)
		return false;
	for (; name.n != 0; name = pv_name_parent(name)) {
		node = pv_lexicon_find(x, name);
		if (node != PV_NO_NODE && stands_barred(x, node, at))
			return true;
	}
	return false;
}
