/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold: each act is checked against what stands before it, in one order:
 * is it for this log, is it known already, may its issuer, is everything it
 * names declared, and is it signed by enough officers. Only then is anything
 * changed (commit), so that an act that fails leaves no trace.
 */
#include "core/fold.h"
#include "core/words.h"

#include "base/vec.h"

#define AHEAD_S \
	300 /* a record may not be from later than its place in the log, save for clocks that differ */

static PV_RESULT
within(struct pv_status st, const char *field, struct pv_err *e)
{
	return pv_within(st, e, "%s", field);
}

#define REFUSE(e, field, ...) within(PV_FAIL((e), PV_E_INPUT, __VA_ARGS__), (field), (e))

static bool
stands(const struct pv_fact *f)
{
	return f != NULL && f->ended == PV_NEVER;
}

/* ---- the log and the issuer ---- */

static bool
in_order_log(enum pv_kind kind)
{
	return kind >= PV_GENESIS && kind <= PV_ASSESSMENT;
}

/* A log whose origin is not known yet takes that of its genesis; a bare record need not say. */
static bool
for_this_log(const struct pv_state *s, const struct pv_record *r)
{
	if (s->origin.n == 0)
		return s->bare || r->kind != PV_GENESIS || pv_slice_eq(r->log, r->genesis.origin);
	return (s->bare && r->log.n == 0) || pv_slice_eq(r->log, s->origin);
}

static PV_RESULT
check_log(const struct pv_state *s, const struct pv_act *act, struct pv_err *e)
{
	const struct pv_record *r = act->record;

	if (!in_order_log(r->kind))
		return REFUSE(e, "record",
		    "a record of the kind \"%s\" does not stand in an order log",
		    pv_kind_name(r->kind));
	if (!for_this_log(s, r))
		return pv_advise(
		    REFUSE(e, "log", "this record is for the log \"%.*s\", not for \"%.*s\"",
			PV_FMT(r->log), PV_FMT(s->origin)),
		    e, "A record is signed for one log. Make it again for this one.");
	if (!s->bare && r->time > act->since && r->time - act->since > AHEAD_S)
		return REFUSE(e, "time", "is %llu s later than its place in the log",
		    (unsigned long long)(r->time - act->since));
	if (r->kind == PV_GENESIS && s->all.n != 0)
		return REFUSE(e, "record",
		    "a genesis is the first entry of a log, and this one has %zu already",
		    s->all.n);
	if (r->kind != PV_GENESIS && s->all.n == 0 && !s->bare)
		return REFUSE(e, "record", "the first entry of a log is its genesis, not \"%s\"",
		    pv_kind_name(r->kind));
	return PV_DONE;
}

/* In a file without a genesis, a root party declares itself. */
static bool
declares_itself(const struct pv_state *s, const struct pv_record *r)
{
	return s->bare && s->genesis == NULL && r->kind == PV_PARTY &&
	       pv_slice_eq(r->party.name, r->issuer) && pv_name_parent(r->issuer).n == 0;
}

static PV_RESULT
check_issuer(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_party(s, r->issuer);
	bool foreign_may = r->kind == PV_ATTESTATION || r->kind == PV_ASSESSMENT;

	if (r->kind == PV_GENESIS || declares_itself(s, r) ||
	    (s->genesis != NULL && pv_state_is_root(s, r->issuer)))
		return PV_DONE;
	if (f == NULL)
		return within(pv_refs_unknown(s, PV_TREE_NONE, r->issuer, e), "issuer", e);
	if (!stands(f))
		return REFUSE(e, "issuer", "party \"%.*s\" has ended (%.*s)", PV_FMT(r->issuer),
		    PV_FMT(f->ended_by->id));
	if (s->genesis != NULL && !foreign_may &&
	    !pv_name_under(r->issuer, s->genesis->genesis.root))
		return REFUSE(e, "issuer",
		    "%.*s is not under %.*s, whose log this is, and may not issue %s here",
		    PV_FMT(r->issuer), PV_FMT(s->genesis->genesis.root), pv_kind_name(r->kind));
	return PV_DONE;
}

/* A root of the log, or a party above the subject. */
static PV_RESULT
check_rule(
    const struct pv_state *s, const struct pv_record *r, struct pv_slice subject, struct pv_err *e)
{
	bool above =
	    subject.n > 0 && pv_name_under(subject, r->issuer) && !pv_slice_eq(subject, r->issuer);

	if (above || pv_state_is_root(s, r->issuer) || declares_itself(s, r))
		return PV_DONE;
	if (subject.n == 0)
		return REFUSE(e, "issuer", "%.*s may not issue %s; the root of the log may",
		    PV_FMT(r->issuer), pv_kind_name(r->kind));
	return REFUSE(e, "issuer",
	    "%.*s may not issue %s for %.*s; the root of the log may, or a party above it",
	    PV_FMT(r->issuer), pv_kind_name(r->kind), PV_FMT(subject));
}

static PV_RESULT
check_above(const struct pv_record *r, struct pv_slice subject, const char *what, struct pv_err *e)
{
	if (pv_name_under(subject, r->issuer))
		return PV_DONE;
	return REFUSE(e, "issuer", "%.*s may not; %s is %.*s, and only it or a party above it may",
	    PV_FMT(r->issuer), what, PV_FMT(subject));
}

/* ---- what is declared ---- */

/* The parent is declared first, and the name is new among those that stand. */
static PV_RESULT
check_declared(const struct pv_state *s, const struct pv_record *r, enum pv_tree tree,
    struct pv_slice name, struct pv_err *e)
{
	struct pv_slice parent = pv_name_parent(name);
	const struct pv_fact *f = pv_named(s, tree, name);
	bool root = tree == PV_TREE_NONE && s->genesis != NULL &&
		    pv_slice_eq(name, s->genesis->genesis.root);

	(void)r;
	if (stands(f))
		return REFUSE(e, "name", "%s \"%.*s\" is declared already (%.*s)",
		    pv_tree_word(tree), PV_FMT(name), PV_FMT(f->r->id));
	if (parent.n == 0 || root || stands(pv_named(s, tree, parent)))
		return PV_DONE;
	f = pv_named(s, tree, parent);
	if (f != NULL)
		return REFUSE(e, "name", "its parent \"%.*s\" has ended (%.*s)", PV_FMT(parent),
		    PV_FMT(f->ended_by->id));
	return within(pv_advise(pv_refs_unknown(s, tree, parent, e), e,
			  "A parent is declared before what is below it: declare \"%.*s\" first.",
			  PV_FMT(parent)),
	    "name", e);
}

/* Whether one can get from f to the name by members and former names. */
static bool
reaches(struct pv_state *s, struct pv_slice from, struct pv_slice name)
{
	PV_VEC(struct pv_slice) open = { 0 };
	bool found = false;

	s->marks++;
	*PV_VEC_ADD(&open) = from;
	while (open.n > 0 && !found) {
		struct pv_slice at = open.at[--open.n];
		struct pv_fact *f = pv_named(s, PV_TREE_NONE, at);

		found = pv_slice_eq(at, name);
		if (f == NULL || f->mark == s->marks)
			continue;
		f->mark = s->marks;
		for (size_t i = 0; i < f->r->party.members.n; i++)
			*PV_VEC_ADD(&open) = f->r->party.members.at[i];
		for (size_t i = 0; i < f->r->party.was.n; i++)
			*PV_VEC_ADD(&open) = f->r->party.was.at[i];
	}
	PV_VEC_FREE(&open);
	return found;
}

static PV_RESULT
check_cycle(struct pv_state *s, struct pv_slice name, const struct pv_names *names,
    const char *field, struct pv_err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (reaches(s, names->at[i], name))
			return pv_within(PV_FAIL(e, PV_E_INPUT,
					     "a cycle: \"%.*s\" comes back to \"%.*s\" by members "
					     "and former names",
					     PV_FMT(names->at[i]), PV_FMT(name)),
			    e, "%s[%zu]", field, i);
	return PV_DONE;
}

static PV_RESULT
check_party(struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	PV_TRY(check_rule(s, r, r->party.name, e));
	PV_TRY(check_declared(s, r, PV_TREE_NONE, r->party.name, e));
	PV_TRY(check_cycle(s, r->party.name, &r->party.members, "members", e));
	return check_cycle(s, r->party.name, &r->party.was, "was", e);
}

static PV_RESULT
check_term(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	PV_TRY(check_rule(s, r, PV_NO_SLICE, e));
	return check_declared(s, r, r->term.tree, r->term.name, e);
}

static PV_RESULT
check_unique(
    const struct pv_state *s, const struct pv_record *r, const char *field, struct pv_err *e)
{
	for (size_t i = 0; i < s->by_kind[r->kind].n; i++) {
		const struct pv_fact *f = s->by_kind[r->kind].at[i];
		bool same = r->kind == PV_PEER ? pv_slice_eq(f->r->peer.origin, r->peer.origin)
					       : pv_slice_eq(f->r->profile.name, r->profile.name);

		if (same && stands(f))
			return REFUSE(e, field, "is declared already (%.*s)", PV_FMT(f->r->id));
	}
	return PV_DONE;
}

static PV_RESULT
check_peer(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	PV_TRY(check_rule(s, r, PV_NO_SLICE, e));
	if (s->origin.n != 0 && pv_slice_eq(r->peer.origin, s->origin))
		return REFUSE(e, "origin", "is this log itself");
	return check_unique(s, r, "origin", e);
}

static PV_RESULT
check_profile(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	PV_TRY(check_rule(s, r, r->profile.party, e));
	return check_unique(s, r, "name", e);
}

/* A quorum that nobody can meet would close the log for good. */
static PV_RESULT
check_quorum(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	uint64_t officers = pv_keys_officers(s);

	PV_TRY(check_rule(s, r, PV_NO_SLICE, e));
	for (unsigned k = 0; !s->bare && k < PV_KIND_COUNT; k++)
		if (r->quorum.needs[k] > officers)
			return pv_within(
			    REFUSE(e, k == PV_KIND_NONE ? "lift" : pv_kind_name((enum pv_kind)k),
				"%llu different officers are asked for, and only %llu have keys",
				(unsigned long long)r->quorum.needs[k],
				(unsigned long long)officers),
			    e, "needs");
	return PV_DONE;
}

/* ---- orders and what ends things ---- */

static PV_RESULT
check_order(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	const struct pv_fact *replaced;

	for (size_t i = 0; i < r->order.subject.n; i++)
		if (!pv_name_under(r->order.subject.at[i], r->issuer))
			return pv_within(PV_FAIL(e, PV_E_INPUT,
					     "%.*s may not order %.*s, which is not at or below it",
					     PV_FMT(r->issuer), PV_FMT(r->order.subject.at[i])),
			    e, "subject[%zu]", i);
	if (r->order.replaces.n == 0)
		return PV_DONE;
	replaced = pv_state_find(s, r->order.replaces);
	if (replaced == NULL || replaced->r->kind != PV_ORDER)
		return REFUSE(e, "replaces", "\"%.*s\" is not an order of this log",
		    PV_FMT(r->order.replaces));
	return PV_DONE;
}

static PV_RESULT
check_lift(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_find(s, r->lift.order);

	if (f == NULL || f->r->kind != PV_ORDER)
		return REFUSE(e, "order", "a lift of an order not in the log: \"%.*s\"",
		    PV_FMT(r->lift.order));
	if (!stands(f))
		return REFUSE(e, "order", "\"%.*s\" has ended already (%.*s)",
		    PV_FMT(r->lift.order), PV_FMT(f->ended_by->id));
	return check_above(r, f->r->issuer, "the order's issuer", e);
}

static PV_RESULT
check_attestation(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_find(s, r->attestation.condition);

	if (f == NULL || f->r->kind != PV_CONDITION)
		return REFUSE(e, "condition", "\"%.*s\" is not a condition of this log",
		    PV_FMT(r->attestation.condition));
	if (!stands(f))
		return REFUSE(e, "condition", "\"%.*s\" has ended (%.*s)",
		    PV_FMT(r->attestation.condition), PV_FMT(f->ended_by->id));
	for (size_t i = 0; i < f->r->condition.attestors.n; i++)
		if (pv_slice_eq(f->r->condition.attestors.at[i], r->issuer))
			return PV_DONE;
	return REFUSE(e, "issuer", "%.*s is not an attestor of \"%.*s\"", PV_FMT(r->issuer),
	    PV_FMT(r->attestation.condition));
}

/* Of a party or term: nothing that stands is below it or names it. */
static PV_RESULT
check_unused(
    struct pv_state *s, const struct pv_act *act, const struct pv_fact *f, struct pv_err *e)
{
	bool party = f->r->kind == PV_PARTY;
	enum pv_tree tree = party ? PV_TREE_NONE : f->r->term.tree;
	struct pv_slice name = party ? f->r->party.name : f->r->term.name;
	const struct pv_facts *same = &s->by_kind[f->r->kind];
	const struct pv_fact *user = f->uses > 0 ? pv_refs_first(s, tree, name, act->since) : NULL;

	for (size_t i = 0; f->children > 0 && i < same->n; i++) {
		const struct pv_record *r = same->at[i]->r;
		struct pv_slice child = party ? r->party.name : r->term.name;

		if (stands(same->at[i]) && (party || r->term.tree == tree) &&
		    pv_slice_eq(pv_name_parent(child), name))
			return REFUSE(e, "of", "%s \"%.*s\" is still below it (%.*s)",
			    pv_tree_word(tree), PV_FMT(child), PV_FMT(r->id));
	}
	if (user != NULL)
		return REFUSE(e, "of", "%s %.*s still names %s \"%.*s\"",
		    pv_kind_name(user->r->kind), PV_FMT(user->r->id), pv_tree_word(tree),
		    PV_FMT(name));
	return PV_DONE;
}

static PV_RESULT
check_end_of_genesis_key(const struct pv_state *s, const struct pv_record *r, struct pv_err *e)
{
	int found = pv_keys_genesis_name(s, r->end.of);

	if (found == 0)
		return REFUSE(e, "of",
		    "there is no record \"%.*s\" in this log, and no key of that name in its "
		    "genesis",
		    PV_FMT(r->end.of));
	if (found == 2)
		return REFUSE(e, "of", "the key \"%.*s\" has ended already", PV_FMT(r->end.of));
	return check_above(r, s->genesis->genesis.root, "the key's party", e);
}

static PV_RESULT
check_end(struct pv_state *s, const struct pv_act *act, struct pv_err *e)
{
	const struct pv_record *r = act->record;
	const struct pv_fact *f = pv_state_find(s, r->end.of);

	if (f == NULL)
		return check_end_of_genesis_key(s, r, e);
	if (f->r->kind == PV_ORDER)
		return pv_advise(REFUSE(e, "of", "\"%.*s\" is an order; orders end by a lift",
				     PV_FMT(r->end.of)),
		    e, "proviso order lift %.*s", PV_FMT(r->end.of));
	if (f->r->kind == PV_GENESIS || f->r->kind == PV_LIFT || f->r->kind == PV_END ||
	    f->r->kind == PV_QUORUM)
		return REFUSE(e, "of", "\"%.*s\" is a %s, which does not end", PV_FMT(r->end.of),
		    pv_kind_name(f->r->kind));
	if (!stands(f))
		return REFUSE(e, "of", "\"%.*s\" has ended already (%.*s)", PV_FMT(r->end.of),
		    PV_FMT(f->ended_by->id));
	PV_TRY(check_above(r, f->r->issuer, "the record's issuer", e));
	if (f->r->kind == PV_PARTY || f->r->kind == PV_TERM)
		return check_unused(s, act, f, e);
	return PV_DONE;
}

static PV_RESULT
check_kind(struct pv_state *s, const struct pv_act *act, struct pv_err *e)
{
	const struct pv_record *r = act->record;

	switch (r->kind) {
	case PV_GENESIS:
		if (s->origin.n != 0 && !pv_slice_eq(r->genesis.origin, s->origin))
			return REFUSE(e, "origin",
			    "this genesis begins the log \"%.*s\", not \"%.*s\"",
			    PV_FMT(r->genesis.origin), PV_FMT(s->origin));
		return PV_DONE;
	case PV_PEER:
		return check_peer(s, r, e);
	case PV_PARTY:
		return check_party(s, r, e);
	case PV_TERM:
		return check_term(s, r, e);
	case PV_KEY:
		return check_rule(s, r, r->key.party, e);
	case PV_QUORUM:
		return check_quorum(s, r, e);
	case PV_PROFILE:
		return check_profile(s, r, e);
	case PV_AGREEMENT:
		return check_above(r, r->agreement.from, "the giver", e);
	case PV_ORDER:
		return check_order(s, r, e);
	case PV_LIFT:
		return check_lift(s, r, e);
	case PV_END:
		return check_end(s, act, e);
	case PV_ATTESTATION:
		return check_attestation(s, r, e);
	case PV_RECALL:
	case PV_CONDITION:
	case PV_ASSESSMENT:
		return PV_DONE;
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_NONE:
	case PV_KIND_COUNT:
		break;
	}
	return PV_FAIL(e, PV_E_BUG, "a kind that check_log() let pass");
}

/* ---- signatures ---- */

/* Sets *hold for an order that has officers, but too few. */
static PV_RESULT
check_signed(const struct pv_state *s, const struct pv_act *act, const struct pv_held *held,
    bool *hold, struct pv_err *e)
{
	uint64_t needs = pv_state_needs(s, act->record), has = 0;
	bool fresh = act->since < act->record->time + PV_HOLD_S;

	*hold = false;
	if (s->bare)
		return PV_DONE;
	if (act->record->kind == PV_GENESIS)
		return pv_signers_genesis(act, e);
	PV_TRY(pv_signers_count(s, act, held, &has, e));
	if (has >= needs)
		return PV_DONE;
	if (act->record->kind == PV_ORDER && has > 0 && fresh) {
		*hold = true;
		return PV_DONE;
	}
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT, "needs %llu different officer%s, has %llu",
		(unsigned long long)needs, needs == 1 ? "" : "s", (unsigned long long)has),
	    e,
	    act->record->kind == PV_ORDER && has > 0
		? "On fewer signatures an order is a hold for 24 hours, and this one is older."
		: "Two keys of one name are one officer. Have another officer sign the same text.");
}

/* ---- known already ---- */

static bool
same_record(const struct pv_record *a, const struct pv_record *b)
{
	return a == b || (a->line.n > 0 && pv_slice_eq(a->line, b->line));
}

static PV_RESULT
meet_again(struct pv_state *s, struct pv_fact *f, const struct pv_act *act, enum pv_applied *out,
    struct pv_err *e)
{
	struct pv_held *held = pv_held_find(s, f);
	bool hold = false;

	if (!same_record(f->r, act->record))
		return pv_advise(
		    REFUSE(e, "id", "\"%.*s\" is in the log already with another content",
			PV_FMT(f->r->id)),
		    e, "Records never change. End it, and make a new one under another id.");
	if (!stands(f))
		return REFUSE(e, "id", "\"%.*s\" was applied before and has ended since (%.*s)",
		    PV_FMT(f->r->id), PV_FMT(f->ended_by->id));
	*out = PV_UNCHANGED;
	if (held == NULL)
		return PV_DONE;
	if (pv_fact_lapsed(f, act->since))
		return pv_advise(
		    REFUSE(e, "id", "the hold \"%.*s\" has lapsed; its id never holds again",
			PV_FMT(f->r->id)),
		    e, "Make the order anew under another id.");
	PV_TRY(check_signed(s, act, held, &hold, e));
	if (hold) {
		pv_held_add(s, f, act);
		return PV_DONE;
	}
	pv_held_remove(s, f);
	f->hold = false;
	*out = PV_COMPLETED;
	return PV_DONE;
}

/* ---- commit: nothing fails from here on ---- */

static void
end_fact(struct pv_state *s, struct pv_fact *f, const struct pv_act *act)
{
	struct pv_slice name = f->r->kind == PV_PARTY  ? f->r->party.name
			       : f->r->kind == PV_TERM ? f->r->term.name
						       : PV_NO_SLICE;
	struct pv_fact *parent = NULL;

	f->ended = act->since;
	f->ended_by = act->record;
	pv_refs_count(s, f->r, -1);
	if (pv_name_parent(name).n > 0)
		parent = pv_named(s, f->r->kind == PV_PARTY ? PV_TREE_NONE : f->r->term.tree,
		    pv_name_parent(name));
	if (parent != NULL && parent->children > 0)
		parent->children--;
	if (f->r->kind == PV_KEY)
		pv_keys_end(s, f, PV_NO_SLICE, act);
	if (f->hold)
		pv_held_remove(s, f);
}

static void
declare(struct pv_state *s, enum pv_tree tree, struct pv_slice name)
{
	struct pv_fact *parent =
	    pv_name_parent(name).n > 0 ? pv_named(s, tree, pv_name_parent(name)) : NULL;
	const struct pv_fact *before = pv_named(s, tree, name);
	const struct pv_facts *facts = &s->by_kind[tree == PV_TREE_NONE ? PV_PARTY : PV_TERM];
	size_t i = facts->n - 1;

	if (before != NULL)
		facts->at[i]->uses = before->uses; /* what names it, names it again */
	pv_map_set(tree == PV_TREE_NONE ? s->parties : s->terms[tree], name, (uint32_t)i);
	if (parent != NULL)
		parent->children++;
}

static void
commit_end(struct pv_state *s, const struct pv_act *act)
{
	uint32_t i = pv_map_get(s->ids, act->record->end.of);

	if (i != PV_MAP_NONE)
		end_fact(s, s->all.at[i], act);
	else
		pv_keys_end(s, NULL, act->record->end.of, act);
}

static void
commit_quorum(struct pv_state *s, const struct pv_quorum *q)
{
	if (q->needs[PV_KIND_NONE] != 0)
		s->lift_quorum = q->needs[PV_KIND_NONE];
	for (unsigned k = PV_GENESIS; k < PV_KIND_COUNT; k++)
		if (q->needs[k] != 0)
			s->needs[k] = q->needs[k];
}

static void
commit_kind(struct pv_state *s, const struct pv_act *act, struct pv_fact *f)
{
	const struct pv_record *r = act->record;

	switch (r->kind) {
	case PV_GENESIS:
		s->genesis = r;
		s->lift_quorum = r->genesis.quorum;
		if (s->origin.n == 0)
			s->origin = r->genesis.origin;
		pv_keys_add_genesis(s, r, act->since);
		break;
	case PV_PARTY:
		declare(s, PV_TREE_NONE, r->party.name);
		break;
	case PV_TERM:
		declare(s, r->term.tree, r->term.name);
		break;
	case PV_KEY:
		pv_keys_add(s, f);
		break;
	case PV_QUORUM:
		commit_quorum(s, &r->quorum);
		break;
	case PV_LIFT:
		end_fact(s, s->all.at[pv_map_get(s->ids, r->lift.order)], act);
		break;
	case PV_END:
		commit_end(s, act);
		break;
	case PV_ATTESTATION:
		f->previous = pv_map_get(s->attested, r->attestation.condition);
		pv_map_set(s->attested, r->attestation.condition, (uint32_t)(s->all.n - 1));
		break;
	case PV_ORDER:
		if (f->hold)
			pv_held_add(s, f, act);
		break;
	case PV_PEER:
	case PV_PROFILE:
	case PV_AGREEMENT:
	case PV_RECALL:
	case PV_CONDITION:
	case PV_ASSESSMENT:
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

static void
commit(struct pv_state *s, const struct pv_act *act, bool hold)
{
	struct pv_fact *f = PV_ARENA_NEW(s->arena, struct pv_fact);

	*f = (struct pv_fact){ .r = act->record,
		.index = act->has_index ? act->index : s->all.n,
		.since = act->since,
		.ended = PV_NEVER,
		.hold = hold,
		.previous = PV_MAP_NONE };
	*PV_VEC_ADD(&s->all) = f;
	*PV_VEC_ADD(&s->by_kind[act->record->kind]) = f;
	pv_map_set(s->ids, act->record->id, (uint32_t)(s->all.n - 1));
	if (act->record->time > s->last_time)
		s->last_time = act->record->time;
	if (s->bare && s->origin.n == 0)
		s->origin = act->record->log;
	pv_refs_count(s, act->record, 1);
	commit_kind(s, act, f);
}

struct pv_status
pv_state_apply(struct pv_state *s, const struct pv_act *act, enum pv_applied *out, struct pv_err *e)
{
	uint32_t known = pv_map_get(s->ids, act->record->id);
	bool hold = false;

	if (known != PV_MAP_NONE)
		return meet_again(s, s->all.at[known], act, out, e);
	PV_TRY(check_log(s, act, e));
	PV_TRY(check_issuer(s, act->record, e));
	PV_TRY(check_kind(s, act, e));
	pv_refs_list(s, act->record);
	PV_TRY(pv_refs_check(s, e));
	PV_TRY(check_signed(s, act, NULL, &hold, e));
	commit(s, act, hold);
	*out = PV_APPLIED;
	return PV_DONE;
}
