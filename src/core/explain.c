/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through every rule of every origin by its names (judge.c), step by step. */
#include "core/explain.h"

#include "core/compiled.h"

struct rows {
	struct pv_explained *at;
	size_t n, cap;
};

struct explaining {
	const struct pv_origins *in;
	const struct pv_request *ask;
	struct pv_arena *a;
	struct pv_explanation *x;
	struct rows rows, near;
	PV_VEC(struct pv_change) changes;
	PV_VEC(struct pv_slice) never;
	PV_VEC(struct pv_ref) permits;
	unsigned group;
	enum pv_reason reason; /* the first so far; PV_WHY_NONE */
	bool missing;          /* an agreement is */
};

/* ---- helpers -------------------------------------------------------------------------------- */

static void
deny(struct explaining *x, enum pv_reason why)
{
	if (x->reason == PV_WHY_NONE || why < x->reason)
		x->reason = why;
}

static struct pv_explained *
add_row(struct rows *rows, enum pv_step step, enum pv_effect effect, unsigned because)
{
	struct pv_explained *row = PV_VEC_ADD(rows);

	*row = (struct pv_explained){ .step = step, .effect = effect, .because = because };
	return row;
}

/* A way out of what stops; new_group: it is needed besides all others. */
static struct pv_change *
add_change(struct explaining *x, enum pv_way way, bool new_group)
{
	struct pv_change *c = PV_VEC_ADD(&x->changes);

	x->group += new_group;
	*c = (struct pv_change){ .way = way, .group = x->group };
	return c;
}

static uint64_t
officers(const struct explaining *x, size_t origin, enum pv_kind kind)
{
	const struct pv_snapshot *s = x->in->at[origin].snapshot;

	return s->needs[kind] != 0 ? s->needs[kind] : s->lift_quorum;
}

static size_t
count_or_one(const struct pv_names *names)
{
	return names->n == 0 ? 1 : names->n;
}

static struct pv_slice
nth(const struct pv_names *names, size_t i)
{
	return names->n == 0 ? PV_NO_SLICE : names->at[i];
}

static bool
one_bit(unsigned bits)
{
	return bits != 0 && (bits & (bits - 1)) == 0;
}

typedef void visit(struct explaining *x, const struct pv_matter *m);

static void
each_matter(struct explaining *x, const struct pv_matter *m, visit *one, unsigned depth)
{
	one(x, m);
	for (size_t i = 0; i < m->source_count; i++) {
		if (depth == PV_SOURCES_DEEP) { /* not looked at, so not permitted */
			x->missing = true;
			return;
		}
		each_matter(x, &m->sources[i], one, depth + 1);
	}
}

static bool
any_speaks(const struct explaining *x, struct pv_slice name)
{
	for (size_t i = 0; i < x->in->n; i++)
		if (pv_origin_speaks(x->in, i, name, false, x->ask->now_s))
			return true;
	return false;
}

/* ---- 1 fresh -------------------------------------------------------------------------------- */

static bool
is_closed(const struct explaining *x)
{
	for (size_t i = 0; i < x->in->n; i++)
		if (x->in->at[i].snapshot->overfull ||
		    (x->in->at[i].overlay != NULL && pv_overlay_closed(x->in->at[i].overlay)))
			return true;
	return x->ask->stale || x->in->n == 0;
}

static void
explain_fresh(struct explaining *x)
{
	if (!is_closed(x)) {
		add_row(&x->rows, PV_STEP_FRESH, PV_EFFECT_GO_ON, 0);
		return;
	}
	add_row(&x->rows, PV_STEP_FRESH, PV_EFFECT_STOP, PV_BECAUSE_FRESH);
	add_change(x, PV_WAY_PROOF, true);
	deny(x, PV_WHY_STALE);
}

/* ---- 2 the report --------------------------------------------------------------------------- */

static void
stop_report(struct explaining *x, const struct pv_matter *m, unsigned because, struct pv_slice name,
    enum pv_reason why, enum pv_way way)
{
	struct pv_explained *row = add_row(&x->rows, PV_STEP_REPORT, PV_EFFECT_STOP, because);

	row->matter = m;
	row->name = name;
	row->taker = x->ask->recipient;
	deny(x, why);
	if (way != PV_WAY_NONE)
		add_change(x, way, true)->giver = m->originator;
}

static bool
asks_for(
    const struct pv_lexicon *purposes, struct pv_slice never, struct pv_slice purpose, uint64_t now)
{
	uint32_t node = pv_lexicon_find(purposes, purpose);

	return node == PV_NO_NODE || !pv_node_stands(purposes, node, now) ||
	       !pv_name_ever(purposes, never, now) || pv_name_under(never, purpose) ||
	       pv_name_under(purpose, never);
}

static bool
stands_under(const struct pv_lexicon *x, struct pv_slice name, struct pv_slice above, uint64_t now)
{
	uint32_t a = pv_lexicon_find(x, name), b = pv_lexicon_find(x, above);

	return pv_name_under(name, above) && a != PV_NO_NODE && b != PV_NO_NODE &&
	       pv_node_stands(x, a, now) && pv_node_stands(x, b, now);
}

static bool
released(const struct explaining *x, const struct pv_snapshot *s, const struct pv_matter *m)
{
	for (size_t i = 0; i < m->releasable_to.n; i++)
		if (stands_under(
			&s->parties, x->ask->recipient, m->releasable_to.at[i], x->ask->now_s))
			return true;
	return false;
}

static void
remember_never(struct explaining *x, const struct pv_matter *m)
{
	for (size_t i = 0; i < m->never.n; i++) {
		size_t same = 0;
		while (same < x->never.n && !pv_slice_eq(x->never.at[same], m->never.at[i]))
			same++;
		if (same == x->never.n)
			*PV_VEC_ADD(&x->never) = m->never.at[i];
	}
}

/* What the report says, in the words of one origin that may judge it. */
static void
explain_label(struct explaining *x, const struct pv_matter *m, const struct pv_snapshot *s)
{
	for (size_t i = 0; i < m->never.n; i++)
		if (asks_for(
			&s->terms[PV_PURPOSE], m->never.at[i], x->ask->purpose, x->ask->now_s)) {
			stop_report(x, m, PV_BECAUSE_NEVER, m->never.at[i], PV_WHY_REPORT_FORBIDS,
			    PV_WAY_PURPOSE);
			break;
		}
	if (m->has_releasable_to && !released(x, s, m))
		stop_report(x, m, PV_BECAUSE_RELEASABLE, PV_NO_SLICE, PV_WHY_NOT_RELEASABLE,
		    PV_WAY_RELEASE);
}

static void
explain_recalls(struct explaining *x, const struct pv_matter *m)
{
	for (size_t o = 0; o < x->in->n && m->report.n != 0; o++) {
		const struct pv_snapshot *s = x->in->at[o].snapshot;
		for (size_t i = 0; i < s->recalls.n; i++) {
			const struct pv_fact *f = &s->recalls.at[i];
			struct pv_change *c;
			if (!pv_slice_eq(f->r->recall.report, m->report) ||
			    f->since > x->ask->now_s || f->ended <= x->ask->now_s ||
			    !pv_name_under(m->originator, f->r->issuer) ||
			    !pv_origin_speaks(x->in, o, f->r->issuer, false, x->ask->now_s))
				continue;
			stop_report(
			    x, m, PV_BECAUSE_RECALLED, PV_NO_SLICE, PV_WHY_RECALLED, PV_WAY_NONE);
			c = add_change(x, PV_WAY_RECALL, true);
			x->rows.at[x->rows.n - 1].rule = c->rule =
			    (struct pv_ref){ f->r, f->index, o };
			c->officers = officers(x, o, PV_END);
		}
	}
}

static void
explain_report(struct explaining *x, const struct pv_matter *m)
{
	size_t before = x->rows.n;
	bool spoken_for = any_speaks(x, m->originator);

	remember_never(x, m);
	for (size_t i = 0; i < x->in->n; i++)
		if (spoken_for ? pv_origin_speaks(x->in, i, m->originator, false, x->ask->now_s)
			       : i == 0)
			explain_label(x, m, x->in->at[i].snapshot);
	if (m->valid_until != 0 && m->valid_until <= x->ask->now_s)
		stop_report(x, m, PV_BECAUSE_EXPIRED, PV_NO_SLICE, PV_WHY_EXPIRED, PV_WAY_RELEASE);
	explain_recalls(x, m);
	if (x->rows.n == before)
		add_row(&x->rows, PV_STEP_REPORT, PV_EFFECT_GO_ON, 0)->matter = m;
}

/* ---- 3 orders ------------------------------------------------------------------------------- */

/* The condition that a rule names, when it is one that serves it. */
static const struct pv_record *
condition_of(const struct pv_snapshot *s, const struct pv_record *r, uint64_t now)
{
	struct pv_slice id = r->kind == PV_ORDER ? r->order.holds_while : r->agreement.holds_while;

	for (size_t i = 0; i < s->conditions.n && id.n != 0; i++) {
		const struct pv_fact *f = &s->conditions.at[i];
		if (pv_slice_eq(f->r->id, id) && pv_name_under(r->issuer, f->r->issuer) &&
		    pv_fact_stands(f, now))
			return f->r;
	}
	return NULL;
}

static void
add_condition_way(
    struct explaining *x, const struct pv_snapshot *s, struct pv_ref rule, bool new_group)
{
	const struct pv_record *condition = condition_of(s, rule.r, x->ask->now_s);
	struct pv_change *c;
	struct pv_slice *who;
	size_t n = 0;

	if (condition == NULL)
		return;
	who = pv_arena_alloc_n(x->a, condition->condition.attestors.n, sizeof(*who));
	for (size_t i = 0; i < condition->condition.attestors.n; i++) {
		bool left_out = false;
		for (size_t k = 0; rule.r->kind == PV_ORDER && k < rule.r->order.counterpart.n; k++)
			left_out |= pv_name_under(
			    condition->condition.attestors.at[i], rule.r->order.counterpart.at[k]);
		if (!left_out)
			who[n++] = condition->condition.attestors.at[i];
	}
	if (n < condition->condition.quorum)
		return; /* too few whose word counts */
	c = add_change(x, PV_WAY_CONDITION, new_group);
	c->rule = rule;
	c->condition = condition;
	c->quorum = condition->condition.quorum;
	c->attestors = (struct pv_names){ who, n };
}

static void
add_order_ways(
    struct explaining *x, const struct pv_snapshot *s, const struct pv_fact *f, struct pv_ref rule)
{
	const struct pv_order *o = &f->r->order;
	struct pv_change *c = add_change(x, PV_WAY_LIFT, true);

	c->rule = rule;
	c->officers = officers(x, rule.origin, PV_LIFT);
	if (f->hold || o->until != 0) {
		uint64_t lapse = f->hold ? f->r->time + PV_HOLD_S : PV_NEVER;
		c = add_change(x, PV_WAY_TIME, false);
		c->rule = rule;
		c->at = o->until != 0 && o->until < lapse ? o->until : lapse;
	}
	add_condition_way(x, s, rule, false);
}

/* The order against the report and all its sources; the one that it misses least. */
static void
judge_all(struct explaining *x, const struct pv_matter *m, size_t origin, const struct pv_fact *f,
    enum pv_status_of status, bool fresh, struct pv_judged *best, const struct pv_matter **where,
    unsigned depth)
{
	const struct pv_snapshot *s = x->in->at[origin].snapshot;
	struct pv_judged j = pv_judge_order(s, f, status, x->ask, m, fresh);

	if (*where == NULL || __builtin_popcount(j.misses) < __builtin_popcount(best->misses)) {
		*best = j;
		*where = m;
	}
	for (size_t i = 0; i < m->source_count && depth < PV_SOURCES_DEEP && best->misses != 0; i++)
		judge_all(x, &m->sources[i], origin, f, status, fresh, best, where, depth + 1);
}

/* What of the request the order is not about. */
static struct pv_slice
missed_name(const struct pv_request *ask, const struct pv_matter *m, const struct pv_judged *j)
{
	switch (j->misses) {
	case PV_BECAUSE_GIVER:
		return j->giver;
	case PV_BECAUSE_TAKER:
		return j->taker;
	case PV_BECAUSE_TOPIC:
		return nth(&m->topics, 0);
	case PV_BECAUSE_REGION:
		return nth(&m->regions, 0);
	case PV_BECAUSE_PURPOSE:
		return ask->purpose;
	case PV_BECAUSE_CHANNEL:
		return ask->channel;
	default: /* a set of bits, not an enum */
		return PV_NO_SLICE;
	}
}

static void
explain_order(struct explaining *x, size_t origin, const struct pv_fact *f,
    enum pv_status_of status, bool fresh)
{
	struct pv_ref rule = { f->r, f->index, origin };
	const struct pv_matter *where = NULL;
	struct pv_judged j = { 0 };
	struct pv_explained *row;

	judge_all(x, &x->ask->matter, origin, f, status, fresh, &j, &where, 0);
	if (origin != 0 && !pv_origin_speaks(x->in, origin, f->r->issuer, false, x->ask->now_s))
		j.misses |= PV_BECAUSE_ADMITTED;
	if (j.misses != 0 && (!one_bit(j.misses) || x->near.n == PV_EXPLAIN_NEAR)) {
		x->x->more_orders++;
		return;
	}
	row = add_row(j.misses == 0 ? &x->rows : &x->near, PV_STEP_ORDERS,
	    j.misses == 0 ? PV_EFFECT_STOP : PV_EFFECT_NOTHING, j.misses);
	row->matter = where;
	row->rule = rule;
	row->giver = j.giver;
	row->taker = j.taker;
	row->name = missed_name(x->ask, where, &j);
	row->overlay = fresh;
	row->hold = f->hold;
	if (j.misses != 0)
		return;
	deny(x, f->r->order.kind == PV_SUSPEND ? PV_WHY_SUSPENDED : PV_WHY_RESTRICTED);
	add_order_ways(x, x->in->at[origin].snapshot, f, rule);
}

static enum pv_status_of
status_of(const struct pv_snapshot *s, size_t rule, uint64_t now)
{
	uint32_t line = s->rule_lines.at[rule];

	return line == 0 ? PV_COND_MISSING : pv_timeline_at(&s->timelines, line - 1, now);
}

/* Whether the overlay has the order too: then it speaks there, maybe completed since. */
static bool
overlaid(const struct pv_overlay *o, const struct pv_record *r)
{
	for (size_t i = 0; o != NULL && i < o->n; i++)
		if (o->at[i].fact.r == r)
			return true;
	return false;
}

static void
put_near(struct explaining *x)
{
	for (size_t i = 0; i < x->near.n; i++)
		*PV_VEC_ADD(&x->rows) = x->near.at[i];
	x->near.n = 0;
}

static void
explain_orders(struct explaining *x)
{
	size_t before = x->rows.n;
	uint64_t now = x->ask->now_s;

	for (size_t o = 0; o < x->in->n; o++) {
		const struct pv_snapshot *s = x->in->at[o].snapshot;
		const struct pv_overlay *over = x->in->at[o].overlay;
		for (size_t i = 0; i < s->rules.n; i++)
			if (s->rules.at[i].r->kind == PV_ORDER && !overlaid(over, s->rules.at[i].r))
				explain_order(x, o, &s->rules.at[i], status_of(s, i, now), false);
		for (size_t i = 0; over != NULL && i < over->n; i++)
			explain_order(x, o, &over->at[i].fact,
			    pv_overlaid_condition(&over->at[i], now), true);
	}
	if (x->rows.n == before)
		add_row(&x->rows, PV_STEP_ORDERS, PV_EFFECT_GO_ON, 0);
	put_near(x);
}

/* ---- 4 agreements --------------------------------------------------------------------------- */

struct seeking {
	struct pv_need need;
	struct pv_ref near; /* the first that misses in one thing */
	unsigned near_misses;
	bool found;
};

static unsigned
judge_for(struct explaining *x, size_t origin, size_t rule, const struct pv_matter *m,
    const struct pv_need *need)
{
	const struct pv_snapshot *s = x->in->at[origin].snapshot;
	const struct pv_fact *f = &s->rules.at[rule];
	uint64_t now = x->ask->now_s;
	unsigned misses = pv_judge_agreement(s, f, status_of(s, rule, now), x->ask, m, need);

	if (!pv_origin_speaks(x->in, origin, m->originator, true, now) ||
	    (origin != 0 && !pv_origin_speaks(x->in, origin, f->r->issuer, true, now)))
		misses |= PV_BECAUSE_ADMITTED;
	return misses;
}

static struct pv_slice
not_grantable_name(const struct explaining *x, const struct pv_matter *m)
{
	const struct pv_request *ask = x->ask;

	for (size_t o = 0; o < x->in->n; o++) {
		const struct pv_lexicon *t = x->in->at[o].snapshot->terms;
		if (!pv_origin_speaks(x->in, o, m->originator, false, ask->now_s))
			continue;
		if (pv_name_barred(&t[PV_PURPOSE], ask->purpose, ask->now_s))
			return ask->purpose;
		if (pv_name_barred(&t[PV_CHANNEL], ask->channel, ask->now_s))
			return ask->channel;
		for (size_t i = 0; i < m->topics.n; i++)
			if (pv_name_barred(&t[PV_TOPIC], m->topics.at[i], ask->now_s))
				return m->topics.at[i];
		for (size_t i = 0; i < m->regions.n; i++)
			if (pv_name_barred(&t[PV_REGION], m->regions.at[i], ask->now_s))
				return m->regions.at[i];
	}
	return PV_NO_SLICE;
}

/* Ways to a permission; they are alternatives. */
static void
add_agreement_ways(struct explaining *x, const struct pv_matter *m, const struct seeking *sk)
{
	const struct pv_ref *near = &sk->near;
	struct pv_change *c = add_change(x, PV_WAY_AGREEMENT, true);

	c->giver = m->originator;
	c->taker = sk->need.to;
	c->rule = *near;
	c->because = sk->near_misses;
	c->officers = officers(x, near->r != NULL ? near->origin : 0, PV_AGREEMENT);
	if (sk->near_misses == PV_BECAUSE_IDENTIFIED)
		add_change(x, PV_WAY_IDENTIFY, false)->rule = *near;
	if (sk->near_misses == PV_BECAUSE_CONDITION)
		add_condition_way(x, x->in->at[near->origin].snapshot, *near, false);
	if (sk->near_misses == PV_BECAUSE_NOT_YET &&
	    near->r->agreement.not_before > x->ask->signed_s) {
		c = add_change(x, PV_WAY_TIME, false);
		c->rule = *near;
		c->at = near->r->agreement.not_before;
	}
}

static void
add_missing(struct explaining *x, const struct pv_matter *m, const struct pv_need *need,
    unsigned because, struct pv_slice name)
{
	struct pv_explained *row =
	    add_row(&x->rows, PV_STEP_AGREEMENTS, PV_EFFECT_MISSING, because);

	row->matter = m;
	row->giver = m->originator;
	row->taker = need->to;
	row->topic = need->topic;
	row->region = need->region;
	row->name = name;
	x->missing = true;
}

/* Looks for what permits one party, one topic, one region. */
static void
seek(struct explaining *x, const struct pv_matter *m, const struct pv_need *need)
{
	struct seeking sk = { .need = *need };

	for (size_t o = 0; o < x->in->n && !sk.found; o++) {
		const struct pv_snapshot *s = x->in->at[o].snapshot;
		for (size_t i = 0; i < s->rules.n && !sk.found; i++) {
			unsigned misses;
			if (s->rules.at[i].r->kind != PV_AGREEMENT)
				continue;
			misses = judge_for(x, o, i, m, need);
			sk.found = misses == 0;
			if (one_bit(misses) && sk.near.r == NULL) {
				sk.near =
				    (struct pv_ref){ s->rules.at[i].r, s->rules.at[i].index, o };
				sk.near_misses = misses;
			}
		}
	}
	if (sk.found)
		return;
	add_missing(x, m, need, need->custody ? PV_BECAUSE_CUSTODY : 0, PV_NO_SLICE);
	add_agreement_ways(x, m, &sk);
}

typedef void needed(struct explaining *x, const struct pv_matter *m, const struct pv_need *need);

static void
each_need(struct explaining *x, const struct pv_matter *m, needed *one)
{
	for (size_t t = 0; t < count_or_one(&m->topics); t++)
		for (size_t r = 0; r < count_or_one(&m->regions); r++)
			for (size_t i = 0; i <= m->custodians.n; i++) {
				bool custody = i < m->custodians.n;
				struct pv_need need = { custody ? m->custodians.at[i]
								: x->ask->recipient,
					nth(&m->topics, t), nth(&m->regions, r), custody };
				one(x, m, &need);
			}
}

static void
seek_matter(struct explaining *x, const struct pv_matter *m)
{
	struct pv_slice barred = not_grantable_name(x, m);

	if (barred.n != 0) {
		add_missing(x, m, &(struct pv_need){ .to = x->ask->recipient },
		    PV_BECAUSE_GRANTABLE, barred);
		add_change(x, PV_WAY_PURPOSE, true)->giver = m->originator;
		return;
	}
	each_need(x, m, seek);
}

/* One agreement against everything that is needed; the least that it misses. */
static void
judge_needs(struct explaining *x, const struct pv_matter *m, size_t origin, size_t rule,
    struct pv_explained *best, unsigned depth)
{
	for (size_t t = 0; t < count_or_one(&m->topics); t++)
		for (size_t r = 0; r < count_or_one(&m->regions); r++)
			for (size_t i = 0;
			     i <= m->custodians.n && (best->matter == NULL || best->because != 0);
			     i++) {
				bool custody = i < m->custodians.n;
				struct pv_need need = { custody ? m->custodians.at[i]
								: x->ask->recipient,
					nth(&m->topics, t), nth(&m->regions, r), custody };
				unsigned misses = judge_for(x, origin, rule, m, &need);
				if (best->matter != NULL &&
				    __builtin_popcount(misses) >= __builtin_popcount(best->because))
					continue;
				best->because = misses;
				best->matter = m;
				best->giver = m->originator;
				best->taker = need.to;
				best->topic = need.topic;
				best->region = need.region;
			}
	for (size_t i = 0; i < m->source_count && depth < PV_SOURCES_DEEP; i++)
		judge_needs(x, &m->sources[i], origin, rule, best, depth + 1);
}

static void
explain_agreement(struct explaining *x, size_t origin, size_t rule)
{
	const struct pv_fact *f = &x->in->at[origin].snapshot->rules.at[rule];
	struct pv_explained row = { .step = PV_STEP_AGREEMENTS,
		.rule = { f->r, f->index, origin } };
	struct pv_judged j;

	judge_needs(x, &x->ask->matter, origin, rule, &row, 0);
	if (row.because != 0 && (!one_bit(row.because) || x->near.n == PV_EXPLAIN_NEAR)) {
		x->x->more_agreements++;
		return;
	}
	j = (struct pv_judged){ row.because, row.giver, row.taker };
	row.name = missed_name(x->ask, row.matter, &j);
	row.effect = row.because == 0 ? PV_EFFECT_PERMIT : PV_EFFECT_NOTHING;
	if (row.because == 0)
		*PV_VEC_ADD(&x->permits) = row.rule;
	*PV_VEC_ADD(row.because == 0 ? &x->rows : &x->near) = row;
}

static void
explain_agreements(struct explaining *x)
{
	for (size_t o = 0; o < x->in->n; o++)
		for (size_t i = 0; i < x->in->at[o].snapshot->rules.n; i++)
			if (x->in->at[o].snapshot->rules.at[i].r->kind == PV_AGREEMENT)
				explain_agreement(x, o, i);
	each_matter(x, &x->ask->matter, seek_matter, 0);
	put_near(x);
	if (x->missing)
		deny(x, PV_WHY_NO_AGREEMENT);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void *
keep(struct pv_arena *a, const void *from, size_t n, size_t size)
{
	void *to = pv_arena_alloc_n(a, n, size);

	if (n != 0)
		memcpy(to, from, n * size);
	return to;
}

static void
finish(struct explaining *x)
{
	struct pv_explanation *out = x->x;
	bool take = x->ask->side == PV_SIDE_TAKE;

	out->reason = x->reason != PV_WHY_NONE ? x->reason
		      : take                   ? PV_WHY_NOT_BARRED
					       : PV_WHY_AGREEMENT;
	out->answer = x->reason == PV_WHY_NONE ? PV_RELEASE : PV_REFUSE;
	out->rows = keep(x->a, x->rows.at, x->rows.n, sizeof(*x->rows.at));
	out->row_count = x->rows.n;
	out->changes = keep(x->a, x->changes.at, x->changes.n, sizeof(*x->changes.at));
	out->change_count = x->changes.n;
	out->still_barred.at = keep(x->a, x->never.at, x->never.n, sizeof(*x->never.at));
	out->still_barred.n = x->never.n;
	if (!x->missing && !take) {
		out->then_agreements.at =
		    keep(x->a, x->permits.at, x->permits.n, sizeof(*x->permits.at));
		out->then_agreements.n = out->then_agreements.cap = out->then_agreements.found =
		    x->permits.n;
	}
	PV_VEC_FREE(&x->rows);
	PV_VEC_FREE(&x->near);
	PV_VEC_FREE(&x->changes);
	PV_VEC_FREE(&x->never);
	PV_VEC_FREE(&x->permits);
}

const struct pv_explanation *
pv_explain(const struct pv_origins *in, const struct pv_request *ask, struct pv_arena *a)
{
	struct explaining x = {
		.in = in, .ask = ask, .a = a, .x = PV_ARENA_NEW(a, struct pv_explanation)
	};

	x.x->now_s = ask->now_s;
	explain_fresh(&x);
	if (in->n != 0) {
		each_matter(&x, &ask->matter, explain_report, 0);
		explain_orders(&x);
		if (ask->side == PV_SIDE_GIVE)
			explain_agreements(&x);
		else if (x.missing) /* too deep to look */
			deny(&x, PV_WHY_NO_AGREEMENT);
	}
	finish(&x);
	return x.x;
}
