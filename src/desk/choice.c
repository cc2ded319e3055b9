/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which acts of the own log an audience is given. It only ever grows: what is
 * given once is given again, whatever is added to the log since.
 */
#include "desk/choice.h"

#include "desk/acts.h"
#include "desk/names.h"

static void
want(struct pv_choice *c, struct pv_slice party)
{
	for (; party.n != 0; party = pv_name_parent(party))
		if (pv_map_get(c->names, party) == PV_MAP_NONE) {
			pv_map_set(c->names, party, 1);
			c->changed = true;
		}
}

static void
want_all(struct pv_choice *c, struct pv_names parties)
{
	for (size_t i = 0; i < parties.n; i++)
		want(c, parties.at[i]);
}

bool
pv_choice_has(const struct pv_choice *c, struct pv_slice id)
{
	uint32_t i = id.n != 0 ? pv_map_get(c->s->ids, id) : PV_MAP_NONE;

	return i != PV_MAP_NONE && c->given[i];
}

static void
add_taker(struct pv_choice *c, struct pv_slice party)
{
	for (size_t i = 0; i < c->takers.n; i++)
		if (pv_slice_eq(c->takers.at[i], party))
			return;
	*PV_VEC_ADD(&c->takers) = party;
}

/* As the decision has it (DESIGN 4): members and former names of a party and of all below it. */
static void
close_takers(struct pv_choice *c)
{
	const struct pv_facts *parties = &c->s->by_kind[PV_PARTY];

	for (size_t t = 0; t < c->takers.n; t++)
		for (size_t i = 0; i < parties->n; i++) {
			const struct pv_party *p = &parties->at[i]->r->party;

			if (!pv_name_under(p->name, c->takers.at[t]))
				continue;
			for (size_t k = 0; k < p->members.n; k++)
				add_taker(c, p->members.at[k]);
			for (size_t k = 0; k < p->was.n; k++)
				add_taker(c, p->was.at[k]);
		}
}

/* By its members and former names an order reaches a taker. */
static bool
leads_on(const struct pv_choice *c, const struct pv_party *p)
{
	for (size_t t = 0; (p->members.n != 0 || p->was.n != 0) && t < c->takers.n; t++)
		if (pv_name_under(p->name, c->takers.at[t]))
			return true;
	return false;
}

/* Who is given a permission is given what stops it. */
static bool
concerns(const struct pv_choice *c, const struct pv_order *o)
{
	for (size_t t = 0; t < c->takers.n; t++)
		if (pv_names_meet(o->counterpart, c->takers.at[t]) ||
		    pv_names_meet(o->subject, c->takers.at[t]))
			return true;
	return false;
}

/* An order that a given one says it replaces must be known where that is read. */
static bool
replaced_by_given(const struct pv_choice *c, struct pv_slice id)
{
	const struct pv_facts *orders = &c->s->by_kind[PV_ORDER];

	for (size_t i = 0; i < orders->n; i++)
		if (pv_slice_eq(orders->at[i]->r->order.replaces, id) &&
		    pv_choice_has(c, orders->at[i]->r->id))
			return true;
	return false;
}

/* A condition is of use to whoever has an order or agreement that names it. */
static bool
condition_given(const struct pv_choice *c, struct pv_slice id)
{
	for (size_t i = 0; i < c->s->all.n; i++) {
		const struct pv_record *r = c->s->all.at[i]->r;

		if (c->given[i] &&
		    ((r->kind == PV_ORDER && pv_slice_eq(r->order.holds_while, id)) ||
			(r->kind == PV_AGREEMENT && pv_slice_eq(r->agreement.holds_while, id))))
			return true;
	}
	return false;
}

static bool
is_wanted(const struct pv_choice *c, const struct pv_record *r)
{
	if (pv_act_public(c->s, r) || pv_names_have(c->include, r->id))
		return true;
	switch (r->kind) {
	case PV_TERM:
		return true;
	case PV_PARTY:
		return pv_map_get(c->names, r->party.name) != PV_MAP_NONE || leads_on(c, &r->party);
	case PV_KEY:
		return pv_name_meets(r->key.party, c->audience) || r->key.use == PV_USE_GATEWAY ||
		       r->key.use == PV_USE_ISSUER ||
		       (r->key.use == PV_USE_ATTESTOR &&
			   pv_map_get(c->names, r->key.party) != PV_MAP_NONE);
	case PV_AGREEMENT:
		return pv_name_meets(r->agreement.to, c->audience);
	case PV_ORDER:
		return concerns(c, &r->order) || replaced_by_given(c, r->id);
	case PV_LIFT:
		return pv_choice_has(c, r->lift.order);
	case PV_END:
		return pv_choice_has(c, r->end.of);
	case PV_CONDITION:
		return condition_given(c, r->id);
	case PV_ATTESTATION:
		return pv_choice_has(c, r->attestation.condition);
	case PV_RECALL:
		return true; /* a custodian must hear of it; it names a report by a random id */
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_COUNT:
		return false;
	}
	return false;
}

/* The parties that an act names must be declared where it is read. */
static void
want_named(struct pv_choice *c, const struct pv_record *r)
{
	want(c, r->issuer);
	switch (r->kind) {
	case PV_AGREEMENT:
		want(c, r->agreement.from);
		want(c, r->agreement.to);
		add_taker(c, r->agreement.to);
		break;
	case PV_PROFILE:
		want(c, r->profile.party);
		break;
	case PV_ORDER:
		want_all(c, r->order.subject);
		want_all(c, r->order.counterpart);
		want(c, r->order.escalate_to);
		for (size_t i = 0; i < r->order.except.n; i++)
			want(c, r->order.except.at[i].counterpart);
		break;
	case PV_PARTY:
		want(c, r->party.name);
		want_all(c, r->party.members);
		want_all(c, r->party.was);
		break;
	case PV_KEY:
		want(c, r->key.party);
		break;
	case PV_CONDITION:
		want_all(c, r->condition.attestors);
		break;
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_TERM:
	case PV_QUORUM:
	case PV_LIFT:
	case PV_RECALL:
	case PV_END:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_COUNT:
		break;
	}
}

void
pv_choice_begin(struct pv_choice *c, const struct pv_state *s, struct pv_slice audience,
    struct pv_names include)
{
	*c = (struct pv_choice){
		.s = s, .audience = audience, .include = include, .names = pv_map_new(256)
	};
	want(c, audience);
	add_taker(c, audience);
}

void
pv_choice_end(struct pv_choice *c)
{
	pv_map_free(c->names);
	PV_VEC_FREE(&c->takers);
}

void
pv_choice_all(struct pv_choice *c, struct pv_arena *a)
{
	c->given = pv_arena_alloc_n(a, c->s->all.n, sizeof(*c->given));
	do {
		c->changed = false;
		close_takers(c);
		for (size_t i = 0; i < c->s->all.n; i++) {
			const struct pv_record *r = c->s->all.at[i]->r;

			if (!c->given[i] && is_wanted(c, r)) {
				c->given[i] = true;
				c->changed = true;
				want_named(c, r);
			}
		}
	} while (c->changed);
}

/* ---- one act by itself ---- */

void
pv_choice_takers(struct pv_choice *c)
{
	const struct pv_facts *agreements = &c->s->by_kind[PV_AGREEMENT];

	for (size_t i = 0; i < agreements->n; i++)
		if (pv_choice_alone(c, agreements->at[i]->r))
			add_taker(c, agreements->at[i]->r->agreement.to);
	close_takers(c);
}

bool
pv_choice_alone(const struct pv_choice *c, const struct pv_record *r)
{
	const struct pv_fact *f;

	if (pv_names_have(c->include, r->id))
		return true;
	switch (r->kind) {
	case PV_TERM:
	case PV_RECALL:
		return true;
	case PV_KEY:
		return pv_name_meets(r->key.party, c->audience) || r->key.use == PV_USE_GATEWAY ||
		       r->key.use == PV_USE_ISSUER;
	case PV_AGREEMENT:
		return pv_name_meets(r->agreement.to, c->audience);
	case PV_ORDER:
		return concerns(c, &r->order);
	case PV_LIFT:
		f = pv_state_find(c->s, r->lift.order);
		return f != NULL && f->r->kind == PV_ORDER && pv_choice_alone(c, f->r);
	case PV_END:
		f = pv_state_find(c->s, r->end.of);
		return f != NULL && f->r->kind != PV_END && pv_choice_alone(c, f->r);
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_PARTY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_CONDITION:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_COUNT:
		return false;
	}
	return false;
}

/* ---- what was given besides ---- */

struct pv_slice
pv_choice_memory(struct pv_slice audience, struct pv_arena *a)
{
	return pv_arena_printf(a, "given.%.*s", PV_FMT(audience));
}

PV_RESULT
pv_choice_remembered(struct pv_desk *d, struct pv_slice audience, struct pv_arena *a,
    struct pv_names *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(pv_choice_memory(audience, a)) };
	struct pv_slice *all, rest, id;
	bool found;
	size_t n = 0;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	rest = found ? row.c[PV_C_META_BODY].s : PV_NO_SLICE;
	all = pv_arena_alloc_n(a, rest.n / 2 + 1, sizeof(*all));
	while (pv_slice_next(&rest, '\n', &id))
		if (id.n != 0)
			all[n++] = id;
	*out = (struct pv_names){ all, n };
	return PV_DONE;
}
