/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that a record refers to: listed once, then checked, counted, or
 * searched. What forbids may name what has ended (the bar stays); what permits
 * may not, nor may anything else.
 */
#include "core/fold.h"
#include "core/words.h"

#include "base/vec.h"

/* ---- listing ---- */

static struct pv_mention *
add(struct pv_state *s, enum pv_tree tree, struct pv_slice name, const char *field)
{
	struct pv_mention *ref = PV_VEC_ADD(&s->refs);

	*ref = (struct pv_mention){ .tree = tree, .name = name, .field = field };
	return ref;
}

static void
add_one(struct pv_state *s, enum pv_tree tree, struct pv_slice name, const char *field)
{
	if (name.n > 0)
		add(s, tree, name, field);
}

static void
add_list(struct pv_state *s, enum pv_tree tree, const struct pv_names *names, const char *field)
{
	for (size_t i = 0; i < names->n; i++) {
		struct pv_mention *ref = add(s, tree, names->at[i], field);

		ref->indexed = true;
		ref->index = i;
	}
}

static void
add_sub(struct pv_state *s, enum pv_tree tree, struct pv_slice name, size_t index, const char *sub)
{
	struct pv_mention *ref;

	if (name.n == 0)
		return;
	ref = add(s, tree, name, "except");
	ref->indexed = true;
	ref->index = index;
	ref->sub = sub;
}

static void
list_agreement(struct pv_state *s, const struct pv_agreement *a)
{
	add_one(s, PV_TREE_NONE, a->from, "from");
	add_one(s, PV_TREE_NONE, a->to, "to");
	add_one(s, PV_TOPIC, a->topic, "topic");
	add_one(s, PV_REGION, a->region, "region");
	add_list(s, PV_PURPOSE, &a->purposes, "purposes");
	add_list(s, PV_CHANNEL, &a->channels, "channels");
	for (size_t i = 2; i < s->refs.n; i++)
		s->refs.at[i].granted = true;
}

static void
list_order(struct pv_state *s, const struct pv_order *o)
{
	add_list(s, PV_TREE_NONE, &o->subject, "subject");
	add_list(s, PV_TREE_NONE, &o->counterpart, "counterpart");
	add_one(s, PV_TOPIC, o->topic, "topic");
	add_one(s, PV_REGION, o->region, "region");
	add_list(s, PV_PURPOSE, &o->purposes, "purposes");
	add_list(s, PV_CHANNEL, &o->channels, "channels");
	for (size_t i = 0; i < s->refs.n; i++)
		s->refs.at[i].ever = true;
	for (size_t i = 0; i < o->except.n; i++) {
		const struct pv_exception *x = &o->except.at[i];

		add_sub(s, PV_PURPOSE, x->purpose, i, "purpose");
		add_sub(s, PV_TOPIC, x->topic, i, "topic");
		add_sub(s, PV_REGION, x->region, i, "region");
		add_sub(s, PV_CHANNEL, x->channel, i, "channel");
		add_sub(s, PV_TREE_NONE, x->counterpart, i, "counterpart");
	}
	add_one(s, PV_TREE_NONE, o->escalate_to, "escalate_to");
}

static void
list_assessment(struct pv_state *s, const struct pv_assessment *a)
{
	add_one(s, PV_PURPOSE, a->purpose, "of.purpose");
	add_one(s, PV_TREE_NONE, a->by, "of.by");
	add_one(s, PV_REGION, a->where, "of.where");
	add_list(s, PV_TREE_NONE, &a->shares, "shares");
}

static void
list_party(struct pv_state *s, const struct pv_party *p)
{
	add_list(s, PV_TREE_NONE, &p->was, "was");
	for (size_t i = 0; i < s->refs.n; i++)
		s->refs.at[i].ever = true; /* a former name may have ended */
	add_list(s, PV_TREE_NONE, &p->members, "members");
}

void
pv_refs_list(struct pv_state *s, const struct pv_record *r)
{
	s->refs.n = 0;
	switch (r->kind) {
	case PV_PEER:
		add_list(s, PV_TREE_NONE, &r->peer.names, "names");
		break;
	case PV_PARTY:
		list_party(s, &r->party);
		break;
	case PV_KEY:
		add_one(s, PV_TREE_NONE, r->key.party, "party");
		add_list(s, PV_PURPOSE, &r->key.purposes, "purposes");
		break;
	case PV_PROFILE:
		add_one(s, PV_TREE_NONE, r->profile.party, "party");
		break;
	case PV_AGREEMENT:
		list_agreement(s, &r->agreement);
		break;
	case PV_ORDER:
		list_order(s, &r->order);
		break;
	case PV_CONDITION:
		add_list(s, PV_TREE_NONE, &r->condition.attestors, "attestors");
		break;
	case PV_ASSESSMENT:
		list_assessment(s, &r->assessment);
		break;
	case PV_GENESIS:
	case PV_TERM:
	case PV_QUORUM:
	case PV_LIFT:
	case PV_RECALL:
	case PV_END:
	case PV_ATTESTATION:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_NONE:
	case PV_KIND_COUNT:
		break;
	}
}

/* ---- checking ---- */

const char *
pv_tree_word(enum pv_tree tree)
{
	return tree == PV_TREE_NONE ? "party" : pv_tree_name(tree);
}

struct pv_fact *
pv_named(const struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	const struct pv_facts *facts = &s->by_kind[tree == PV_TREE_NONE ? PV_PARTY : PV_TERM];
	uint32_t i = pv_map_get(tree == PV_TREE_NONE ? s->parties : s->terms[tree], name);

	return i != PV_MAP_NONE ? facts->at[i] : NULL;
}

static bool
stands(const struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	const struct pv_fact *f = pv_named(s, tree, name);

	return f != NULL && f->ended == PV_NEVER;
}

/* Where to look for it: among the parties of its state, or the terms of its tree. */
static struct pv_status
advise_list(struct pv_status st, enum pv_tree tree, struct pv_slice name, struct pv_err *e)
{
	struct pv_slice first = PV_NO_SLICE;

	(void)pv_slice_next(&name, '.', &first);
	if (tree == PV_TREE_NONE)
		return pv_advise(
		    st, e, "Nothing like it is declared. proviso party list %.*s", PV_FMT(first));
	return pv_advise(
	    st, e, "Nothing like it is declared. proviso term list %s", pv_tree_name(tree));
}

struct pv_status
pv_refs_unknown(const struct pv_state *s, enum pv_tree tree, struct pv_slice name, struct pv_err *e)
{
	struct pv_slice near =
	    tree == PV_TREE_NONE ? pv_state_near_party(s, name) : pv_state_near_term(s, tree, name);
	struct pv_slice above = pv_name_parent(name), below = name;
	struct pv_status st =
	    PV_FAIL(e, PV_E_INPUT, "unknown %s \"%.*s\"", pv_tree_word(tree), PV_FMT(name));

	if (near.n == 0)
		return advise_list(st, tree, name, e);
	while (above.n > 0 && !stands(s, tree, above)) {
		below = above;
		above = pv_name_parent(above);
	}
	if (above.n == 0)
		return pv_advise(st, e, "Did you mean \"%.*s\"?", PV_FMT(near));
	return pv_advise(st, e, "%.*s is declared, %.*s is not. Did you mean \"%.*s\"?",
	    PV_FMT(above), PV_FMT(below), PV_FMT(near));
}

static struct pv_status
within(struct pv_status st, const struct pv_mention *ref, struct pv_err *e)
{
	if (ref->sub != NULL)
		return pv_within(st, e, "%s[%zu].%s", ref->field, ref->index, ref->sub);
	if (ref->indexed)
		return pv_within(st, e, "%s[%zu]", ref->field, ref->index);
	return pv_within(st, e, "%s", ref->field);
}

static PV_RESULT
check(const struct pv_state *s, const struct pv_mention *ref, struct pv_err *e)
{
	const struct pv_fact *f = pv_named(s, ref->tree, ref->name);

	if (f == NULL)
		return pv_refs_unknown(s, ref->tree, ref->name, e);
	if (f->ended != PV_NEVER && !ref->ever)
		return PV_FAIL(e, PV_E_INPUT, "%s \"%.*s\" has ended (%.*s)",
		    pv_tree_word(ref->tree), PV_FMT(ref->name), PV_FMT(f->ended_by->id));
	if (ref->granted && pv_state_not_grantable(s, ref->tree, ref->name))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s \"%.*s\" may not be granted",
				     pv_tree_word(ref->tree), PV_FMT(ref->name)),
		    e,
		    "It, or a term above it, is declared with grantable false: it can be barred "
		    "and reported, never granted.");
	return PV_DONE;
}

struct pv_status
pv_refs_check(const struct pv_state *s, struct pv_err *e)
{
	for (size_t i = 0; i < s->refs.n; i++)
		PV_TRY(within(check(s, &s->refs.at[i], e), &s->refs.at[i], e));
	return PV_DONE;
}

/* ---- counting and searching ---- */

static bool
counts(enum pv_kind kind)
{
	return kind == PV_ORDER || kind == PV_AGREEMENT || kind == PV_CONDITION || kind == PV_KEY;
}

void
pv_refs_count(struct pv_state *s, const struct pv_record *r, int by)
{
	if (!counts(r->kind))
		return;
	pv_refs_list(s, r);
	for (size_t i = 0; i < s->refs.n; i++) {
		struct pv_fact *f = pv_named(s, s->refs.at[i].tree, s->refs.at[i].name);

		if (f != NULL && by > 0)
			f->uses++;
		else if (f != NULL && f->uses > 0)
			f->uses--;
	}
}

/* Whether it still does anything, or could again. */
static bool
is_over(const struct pv_fact *f, uint64_t at)
{
	if (f->ended != PV_NEVER)
		return true;
	if (f->r->kind == PV_ORDER)
		return pv_fact_lapsed(f, at) || (f->r->order.until != 0 && f->r->order.until <= at);
	if (f->r->kind == PV_AGREEMENT)
		return f->r->agreement.not_after != 0 && f->r->agreement.not_after <= at;
	if (f->r->kind == PV_KEY)
		return f->r->key.until != 0 && f->r->key.until <= at;
	return false;
}

const struct pv_fact *
pv_refs_first(struct pv_state *s, enum pv_tree tree, struct pv_slice name, uint64_t at)
{
	for (size_t i = 0; i < s->all.n; i++) {
		const struct pv_fact *f = s->all.at[i];

		if (!counts(f->r->kind) || is_over(f, at))
			continue;
		pv_refs_list(s, f->r);
		for (size_t k = 0; k < s->refs.n; k++)
			if (s->refs.at[k].tree == tree && pv_slice_eq(s->refs.at[k].name, name))
				return f;
	}
	return NULL;
}
