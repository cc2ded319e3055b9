/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN 4, sentence by sentence. Where the text leaves a choice, the one that
 * refuses more was taken; each such place says so.
 */
#include "slow.h"

#include <stdlib.h>

struct slow {
	const struct pv_state *const *logs;
	size_t n;
	const struct pv_request *ask;
	struct slow_answer *out;
};

static bool
same(struct pv_slice a, struct pv_slice b)
{
	return a.n == b.n && memcmp(a.p != NULL ? a.p : "", b.p != NULL ? b.p : "", a.n) == 0;
}

/* By the dots alone. */
static bool
below(struct pv_slice x, struct pv_slice root)
{
	if (root.n == 0 || x.n < root.n || memcmp(x.p, root.p, root.n) != 0)
		return false;
	return x.n == root.n || x.p[root.n] == '.';
}

static bool
either_below(struct pv_slice a, struct pv_slice b)
{
	return below(a, b) || below(b, a);
}

static bool
was_there(const struct pv_fact *f, uint64_t at)
{
	return f->since <= at;
}

static bool
is_there(const struct pv_fact *f, uint64_t at)
{
	return f->since <= at && at < f->ended;
}

/* tree PV_TREE_NONE: parties. */
static bool
names_it(const struct pv_fact *f, enum pv_tree tree, struct pv_slice name)
{
	if (tree == PV_TREE_NONE)
		return f->r->kind == PV_PARTY && same(f->r->party.name, name);
	return f->r->kind == PV_TERM && f->r->term.tree == tree && same(f->r->term.name, name);
}

static bool
ever(const struct pv_state *log, enum pv_tree tree, struct pv_slice name, uint64_t at)
{
	for (size_t i = 0; i < log->all.n; i++)
		if (names_it(log->all.at[i], tree, name) && was_there(log->all.at[i], at))
			return true;
	return false;
}

static bool
stands(const struct pv_state *log, enum pv_tree tree, struct pv_slice name, uint64_t at)
{
	for (size_t i = 0; i < log->all.n; i++)
		if (names_it(log->all.at[i], tree, name) && is_there(log->all.at[i], at))
			return true;
	return false;
}

/* x under y for what permits: both stand. */
static bool
under_now(const struct pv_state *log, enum pv_tree tree, struct pv_slice x, struct pv_slice y,
    uint64_t at)
{
	return below(x, y) && stands(log, tree, x, at) && stands(log, tree, y, at);
}

/* ---- for whom a log speaks ------------------------------------------------------------------ */

static bool
speaks(const struct slow *w, size_t i, struct pv_slice name, bool permits)
{
	const struct pv_state *first = w->logs[0];
	uint64_t at = w->ask->now_s;

	if (i == 0 && first->genesis != NULL)
		return below(name, first->genesis->genesis.root);
	for (size_t k = 0; k < first->all.n; k++) {
		const struct pv_fact *f = first->all.at[k];
		/* a bare file without genesis: each declared party has a declared root above it */
		if (i == 0 && first->bare && f->r->kind == PV_PARTY && was_there(f, at) &&
		    below(name, f->r->party.name))
			return true;
		if (i == 0 || f->r->kind != PV_PEER || !same(f->r->peer.origin, w->logs[i]->origin))
			continue;
		/* who was ever admitted keeps its bars; only who is admitted now permits */
		if (permits ? !is_there(f, at) : !was_there(f, at))
			continue;
		for (size_t j = 0; j < f->r->peer.names.n; j++)
			if (below(name, f->r->peer.names.at[j]))
				return true;
	}
	return false;
}

/*
 * Who may act in the deciding log was judged when it was applied; of another only those it is
 * admitted for count.
 */
static bool
may_act(const struct slow *w, size_t i, struct pv_slice issuer, bool permits)
{
	return i == 0 || speaks(w, i, issuer, permits);
}

/*
 * Whether log i judges what the report says of itself: it speaks for the originator, or nobody
 * does and it decides.
 */
static bool
judges_report(const struct slow *w, size_t i, const struct pv_matter *m)
{
	for (size_t k = 0; k < w->n; k++)
		if (speaks(w, k, m->originator, false))
			return speaks(w, i, m->originator, false);
	return i == 0;
}

/* ---- the report ----------------------------------------------------------------------------- */

/*
 * The words of a bar against what is asked: meets; what is unknown or cannot be evaluated is met.
 */
static bool
bars(const struct pv_state *log, enum pv_tree tree, const struct pv_names *words,
    struct pv_slice asked, uint64_t at)
{
	for (size_t i = 0; i < words->n; i++) {
		if (!stands(log, tree, asked, at) || !ever(log, tree, words->at[i], at))
			return true;
		if (either_below(asked, words->at[i]))
			return true;
	}
	return false;
}

static bool
releasable(const struct slow *w, size_t i, const struct pv_matter *m)
{
	for (size_t k = 0; k < m->releasable_to.n; k++)
		if (under_now(w->logs[i], PV_TREE_NONE, w->ask->recipient, m->releasable_to.at[k],
			w->ask->now_s))
			return true;
	return false;
}

static bool
recalled(const struct slow *w, const struct pv_matter *m)
{
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->logs[i]->all.n; k++) {
			const struct pv_fact *f = w->logs[i]->all.at[k];
			if (f->r->kind == PV_RECALL && m->report.n != 0 &&
			    same(f->r->recall.report, m->report) && is_there(f, w->ask->now_s) &&
			    below(m->originator, f->r->issuer) && speaks(w, i, f->r->issuer, false))
				return true;
		}
	return false;
}

static enum pv_reason
report_says(const struct slow *w, const struct pv_matter *m)
{
	for (size_t i = 0; i < w->n; i++)
		if (judges_report(w, i, m) &&
		    bars(w->logs[i], PV_PURPOSE, &m->never, w->ask->purpose, w->ask->now_s))
			return PV_WHY_REPORT_FORBIDS;
	for (size_t i = 0; i < w->n; i++)
		if (m->has_releasable_to && judges_report(w, i, m) && !releasable(w, i, m))
			return PV_WHY_NOT_RELEASABLE;
	if (m->valid_until != 0 && m->valid_until <= w->ask->now_s)
		return PV_WHY_EXPIRED;
	return recalled(w, m) ? PV_WHY_RECALLED : PV_WHY_NONE;
}

/* ---- conditions ----------------------------------------------------------------------------- */

static bool
one_of(struct pv_slice name, const struct pv_names *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(name, list->at[i]))
			return true;
	return false;
}

/* The attestor's latest word, the last in the log; one that was ended says nothing any more. */
static const struct pv_record *
last_word(
    const struct pv_state *log, struct pv_slice condition, struct pv_slice attestor, uint64_t at)
{
	const struct pv_fact *last = NULL;

	for (size_t i = 0; i < log->all.n; i++) {
		const struct pv_fact *f = log->all.at[i];
		if (f->r->kind == PV_ATTESTATION && same(f->r->attestation.condition, condition) &&
		    same(f->r->issuer, attestor) && was_there(f, at))
			last = f;
	}
	return last != NULL && is_there(last, at) ? last->r : NULL;
}

/* The most of them that were observed within the window of each other. */
static size_t
within_window(const uint64_t *observed, size_t n, uint64_t window)
{
	size_t best = 0;

	for (size_t i = 0; i < n; i++) {
		size_t near = 0;
		for (size_t k = 0; k < n; k++)
			if (observed[k] >= observed[i] && observed[k] - observed[i] <= window)
				near++;
		best = near > best ? near : best;
	}
	return best;
}

enum pv_status_of
slow_condition(const struct pv_state *log, struct pv_slice id, struct pv_slice issuer,
    const struct pv_names *counterparts, uint64_t at)
{
	const struct pv_condition *c = NULL;
	uint64_t observed[SLOW_MAX];
	size_t holds = 0, ended = 0;

	for (size_t i = 0; i < log->all.n; i++) {
		const struct pv_fact *f = log->all.at[i];
		if (f->r->kind == PV_CONDITION && same(f->r->id, id) && is_there(f, at) &&
		    below(issuer, f->r->issuer))
			c = &f->r->condition;
	}
	if (c == NULL)
		return PV_COND_MISSING;
	for (size_t i = 0; i < c->attestors.n; i++) {
		const struct pv_record *r = last_word(log, id, c->attestors.at[i], at);
		bool interested = false;
		if (one_of(c->attestors.at[i], &(struct pv_names){ c->attestors.at, i }))
			continue; /* named twice, it is one */
		for (size_t k = 0; counterparts != NULL && k < counterparts->n; k++)
			interested |= below(c->attestors.at[i], counterparts->at[k]);
		if (r != NULL && r->attestation.status == PV_SAYS_HOLDS)
			holds++;
		else if (r != NULL && r->attestation.status == PV_SAYS_ENDED && !interested)
			observed[ended++] = r->attestation.observed;
	}
	if (holds > 0 && ended > 0)
		return PV_COND_CONTESTED;
	if (ended > 0 && within_window(observed, ended, c->window_s) >= c->quorum)
		return PV_COND_ENDED;
	return holds > 0 && holds >= c->quorum ? PV_COND_HOLDS : PV_COND_UNKNOWN;
}

/* ---- orders --------------------------------------------------------------------------------- */

/*
 * The names by which a party is covered: its own, and from each its former names and members, and
 * those of all below it.
 */
static size_t
closure(const struct pv_state *log, struct pv_slice party, uint64_t at, struct pv_slice *set)
{
	size_t n = 0;

	if (!ever(log, PV_TREE_NONE, party, at))
		return 0;
	set[n++] = party;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < log->all.n; k++) {
			const struct pv_fact *f = log->all.at[k];
			if (f->r->kind != PV_PARTY || !was_there(f, at) ||
			    !below(f->r->party.name, set[i]))
				continue;
			for (size_t j = 0; j < f->r->party.was.n + f->r->party.members.n; j++) {
				struct pv_slice q =
				    j < f->r->party.was.n
					? f->r->party.was.at[j]
					: f->r->party.members.at[j - f->r->party.was.n];
				if (!one_of(q, &(struct pv_names){ set, n }) && n < SLOW_MAX &&
				    ever(log, PV_TREE_NONE, q, at))
					set[n++] = q;
			}
		}
	return n;
}

static bool
party_matches(const struct pv_state *log, struct pv_slice party, const struct pv_names *list,
    bool meets, uint64_t at)
{
	struct pv_slice set[SLOW_MAX];
	size_t n = closure(log, party, at, set);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list->n; k++)
			if (ever(log, PV_TREE_NONE, set[i], at) &&
			    ever(log, PV_TREE_NONE, list->at[k], at) &&
			    (below(set[i], list->at[k]) || (meets && below(list->at[k], set[i]))))
				return true;
	return false;
}

static bool
order_in_force(const struct pv_state *log, const struct pv_fact *f, const struct pv_request *ask)
{
	const struct pv_order *o = &f->r->order;

	if (!is_there(f, ask->now_s) || ask->now_s < o->effective)
		return false;
	if (o->until != 0 && o->until <= ask->signed_s)
		return false;
	if (f->hold && f->r->time + 86400 <= ask->signed_s)
		return false;
	return o->holds_while.n == 0 || slow_condition(log, o->holds_while, f->r->issuer,
					    &o->counterpart, ask->now_s) != PV_COND_ENDED;
}

/*
 * Everything of an order but the parties. An absent or empty list of purposes or channels is no
 * limit to a bar.
 */
static bool
scope_covers(const struct pv_state *log, const struct pv_order *o, struct pv_slice topic,
    struct pv_slice region, const struct pv_request *ask)
{
	uint64_t at = ask->now_s;

	if (o->topic.n != 0 && !bars(log, PV_TOPIC, &(struct pv_names){ &o->topic, 1 }, topic, at))
		return false;
	if (o->region.n != 0 &&
	    !bars(log, PV_REGION, &(struct pv_names){ &o->region, 1 }, region, at))
		return false;
	if (o->purposes.n != 0 && !bars(log, PV_PURPOSE, &o->purposes, ask->purpose, at))
		return false;
	return o->channels.n == 0 || bars(log, PV_CHANNEL, &o->channels, ask->channel, at);
}

static bool
excepted(const struct pv_state *log, const struct pv_order *o, struct pv_slice counterpart,
    struct pv_slice topic, struct pv_slice region, const struct pv_request *ask)
{
	uint64_t at = ask->now_s;

	for (size_t i = 0; i < o->except.n; i++) {
		const struct pv_exception *x = &o->except.at[i];
		if ((x->purpose.n == 0 ||
			under_now(log, PV_PURPOSE, ask->purpose, x->purpose, at)) &&
		    (x->topic.n == 0 || under_now(log, PV_TOPIC, topic, x->topic, at)) &&
		    (x->region.n == 0 || under_now(log, PV_REGION, region, x->region, at)) &&
		    (x->channel.n == 0 ||
			under_now(log, PV_CHANNEL, ask->channel, x->channel, at)) &&
		    (x->counterpart.n == 0 ||
			under_now(log, PV_TREE_NONE, counterpart, x->counterpart, at)))
			return true;
	}
	return false;
}

/* Topics or regions of a matter: none at all is one unknown. */
static size_t
count_or_one(const struct pv_names *list)
{
	return list->n == 0 ? 1 : list->n;
}

static struct pv_slice
at_or_none(const struct pv_names *list, size_t i)
{
	return list->n == 0 ? PV_NO_SLICE : list->at[i];
}

static bool
covers_between(const struct pv_state *log, const struct pv_order *o, struct pv_slice giver,
    struct pv_slice taker, const struct pv_matter *m, const struct pv_request *ask)
{
	uint64_t at = ask->now_s;
	bool give = (o->direction & PV_GIVE) != 0 &&
		    party_matches(log, giver, &o->subject, false, at) &&
		    party_matches(log, taker, &o->counterpart, true, at);
	bool take = (o->direction & PV_TAKE_IN) != 0 &&
		    party_matches(log, taker, &o->subject, true, at) &&
		    party_matches(log, giver, &o->counterpart, true, at);

	for (size_t t = 0; (give || take) && t < count_or_one(&m->topics); t++)
		for (size_t r = 0; r < count_or_one(&m->regions); r++) {
			struct pv_slice topic = at_or_none(&m->topics, t),
					region = at_or_none(&m->regions, r);
			if (!scope_covers(log, o, topic, region, ask))
				continue;
			if (give && !excepted(log, o, taker, topic, region, ask))
				return true;
			if (take && !excepted(log, o, giver, topic, region, ask))
				return true;
		}
	return false;
}

static bool
order_covers(const struct pv_state *log, const struct pv_fact *f, const struct pv_matter *m,
    const struct pv_request *ask)
{
	if (!order_in_force(log, f, ask))
		return false;
	for (size_t g = 0; g < 1 + m->custodians.n; g++)
		for (size_t t = 0; t < 1 + m->custodians.n; t++) {
			struct pv_slice giver = g == 0 ? m->originator : m->custodians.at[g - 1];
			struct pv_slice taker = t == 0 ? ask->recipient : m->custodians.at[t - 1];
			if (!same(giver, taker) &&
			    covers_between(log, &f->r->order, giver, taker, m, ask))
				return true;
		}
	return false;
}

static void
add_id(struct slow_id *ids, size_t *n, size_t origin, uint64_t index)
{
	size_t i = *n;

	for (size_t k = 0; k < *n; k++)
		if (ids[k].origin == origin && ids[k].index == index)
			return;
	if (*n == SLOW_MAX)
		abort();
	for (; i > 0 && (ids[i - 1].origin > origin ||
			    (ids[i - 1].origin == origin && ids[i - 1].index > index));
	     i--)
		ids[i] = ids[i - 1];
	ids[i] = (struct slow_id){ origin, index };
	++*n;
}

static enum pv_reason
orders_say(struct slow *w, const struct pv_matter *m)
{
	enum pv_reason reason = PV_WHY_NONE;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->logs[i]->all.n; k++) {
			const struct pv_fact *f = w->logs[i]->all.at[k];
			if (f->r->kind != PV_ORDER || !may_act(w, i, f->r->issuer, false) ||
			    !order_covers(w->logs[i], f, m, w->ask))
				continue;
			add_id(w->out->orders, &w->out->order_count, i, f->index);
			if (f->r->order.kind == PV_SUSPEND || reason == PV_WHY_NONE)
				reason = f->r->order.kind == PV_SUSPEND ? PV_WHY_SUSPENDED
									: PV_WHY_RESTRICTED;
		}
	return reason;
}

/* ---- agreements ----------------------------------------------------------------------------- */

static bool
not_grantable(const struct pv_state *log, enum pv_tree tree, struct pv_slice name, uint64_t at)
{
	for (size_t i = 0; i < log->all.n; i++) {
		const struct pv_fact *f = log->all.at[i];
		if (f->r->kind == PV_TERM && f->r->term.tree == tree && f->r->term.not_grantable &&
		    is_there(f, at) && below(name, f->r->term.name))
			return true;
	}
	return false;
}

/* Of every log that may speak for the originator: one that says no is enough. */
static bool
grantable(const struct slow *w, const struct pv_matter *m)
{
	uint64_t at = w->ask->now_s;

	for (size_t i = 0; i < w->n; i++) {
		bool no = not_grantable(w->logs[i], PV_PURPOSE, w->ask->purpose, at) ||
			  not_grantable(w->logs[i], PV_CHANNEL, w->ask->channel, at);
		for (size_t t = 0; t < m->topics.n; t++)
			no |= not_grantable(w->logs[i], PV_TOPIC, m->topics.at[t], at);
		for (size_t r = 0; r < m->regions.n; r++)
			no |= not_grantable(w->logs[i], PV_REGION, m->regions.at[r], at);
		if (no && speaks(w, i, m->originator, false))
			return false;
	}
	return true;
}

static bool
agreement_in_force(
    const struct pv_state *log, const struct pv_fact *f, const struct pv_request *ask)
{
	const struct pv_agreement *a = &f->r->agreement;

	return is_there(f, ask->now_s) && a->not_before <= ask->signed_s &&
	       (a->not_after == 0 || ask->now_s < a->not_after) &&
	       (a->holds_while.n == 0 || slow_condition(log, a->holds_while, f->r->issuer, NULL,
					     ask->now_s) == PV_COND_HOLDS);
}

static bool
under_any(const struct pv_state *log, enum pv_tree tree, struct pv_slice asked,
    const struct pv_names *words, uint64_t at)
{
	for (size_t i = 0; i < words->n; i++)
		if (under_now(log, tree, asked, words->at[i], at))
			return true;
	return false;
}

static bool
agreement_covers(const struct pv_state *log, const struct pv_fact *f, const struct pv_matter *m,
    struct pv_slice to, struct pv_slice topic, struct pv_slice region, const struct pv_request *ask)
{
	const struct pv_agreement *a = &f->r->agreement;
	uint64_t at = ask->now_s;

	if (!agreement_in_force(log, f, ask) ||
	    !under_now(log, PV_TREE_NONE, m->originator, a->from, at) ||
	    !under_now(log, PV_TREE_NONE, to, a->to, at))
		return false;
	if (a->topic.n != 0 && !under_now(log, PV_TOPIC, topic, a->topic, at))
		return false;
	if (a->region.n != 0 && !under_now(log, PV_REGION, region, a->region, at))
		return false;
	if (!under_any(log, PV_PURPOSE, ask->purpose, &a->purposes, at))
		return false;
	if (a->has_channels && !under_any(log, PV_CHANNEL, ask->channel, &a->channels, at))
		return false;
	if (a->require_identified == PV_IDENTIFIED_SOME)
		return m->identified == PV_IDENTIFIED_SOME || m->identified == PV_IDENTIFIED_ALL;
	if (a->require_identified != PV_IDENTIFIED_UNKNOWN)
		return m->identified == PV_IDENTIFIED_ALL;
	return true;
}

/* Whether something permits this party for this topic and region; all that does is noted. */
static bool
permitted(struct slow *w, const struct pv_matter *m, struct pv_slice to, bool custody,
    struct pv_slice topic, struct pv_slice region)
{
	bool found = false;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->logs[i]->all.n; k++) {
			const struct pv_fact *f = w->logs[i]->all.at[k];
			if (f->r->kind != PV_AGREEMENT || (custody && !f->r->agreement.custody) ||
			    !speaks(w, i, m->originator, true) ||
			    !may_act(w, i, f->r->issuer, true) ||
			    !agreement_covers(w->logs[i], f, m, to, topic, region, w->ask))
				continue;
			add_id(w->out->agreements, &w->out->agreement_count, i, f->index);
			found = true;
		}
	return found;
}

static enum pv_reason
agreements_say(struct slow *w, const struct pv_matter *m)
{
	bool all = grantable(w, m);

	for (size_t t = 0; t < count_or_one(&m->topics); t++)
		for (size_t r = 0; r < count_or_one(&m->regions); r++) {
			struct pv_slice topic = at_or_none(&m->topics, t),
					region = at_or_none(&m->regions, r);
			all &= permitted(w, m, w->ask->recipient, false, topic, region);
			for (size_t c = 0; c < m->custodians.n; c++)
				all &= permitted(w, m, m->custodians.at[c], true, topic, region);
		}
	return all ? PV_WHY_AGREEMENT : PV_WHY_NO_AGREEMENT;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum pv_reason
matter_says(struct slow *w, const struct pv_matter *m)
{
	enum pv_reason reason = report_says(w, m);

	if (reason == PV_WHY_NONE)
		reason = orders_say(w, m);
	if (reason == PV_WHY_NONE && w->ask->side == PV_SIDE_TAKE)
		reason = PV_WHY_NOT_BARRED;
	if (reason == PV_WHY_NONE)
		reason = agreements_say(w, m);
	for (size_t i = 0; i < m->source_count; i++) {
		enum pv_reason of_source = matter_says(w, &m->sources[i]);
		reason = of_source < reason ? of_source : reason;
	}
	return reason;
}

struct slow_answer
slow_decide(const struct pv_state *const *logs, size_t n, const struct pv_request *ask)
{
	struct slow_answer out = { .reason = PV_WHY_STALE };
	struct slow w = { logs, n, ask, &out };

	if (ask->stale || n == 0)
		return out;
	out.reason = matter_says(&w, &ask->matter);
	if (out.reason != PV_WHY_SUSPENDED && out.reason != PV_WHY_RESTRICTED)
		out.order_count = 0;
	if (out.reason != PV_WHY_AGREEMENT)
		out.agreement_count = 0;
	return out;
}
