/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read which act. What is read must fold: an end, a lift comes with what it ends. */
#include "desk/sight.h"

#include "desk/acts.h"
#include "desk/names.h"

bool
pv_sees_all(const struct pv_caller *who)
{
	return who->known && who->own && (who->roles & (PV_ROLE_OFFICER | PV_ROLE_OVERSEER)) != 0;
}

PV_RESULT
pv_sight_begin(struct pv_sight *out, struct pv_desk *d, const struct pv_caller *who,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_names besides;

	*out = (struct pv_sight){ .who = who, .s = d->own.state };
	if (!who->known || who->own)
		return PV_DONE;
	PV_TRY(pv_choice_remembered(d, who->party, a, &besides, e));
	pv_choice_begin(&out->choice, d->own.state, who->party, besides);
	pv_choice_all(&out->choice, a);
	out->chosen = true;
	return PV_DONE;
}

void
pv_sight_end(struct pv_sight *s)
{
	if (s->chosen)
		pv_choice_end(&s->choice);
	s->chosen = false;
}

/* An order that another one which is read says it replaces is read too. */
static bool
replaced_by_read(const struct pv_sight *s, struct pv_slice id)
{
	const struct pv_facts *orders = &s->s->by_kind[PV_ORDER];

	for (size_t i = 0; i < orders->n; i++)
		if (pv_slice_eq(orders->at[i]->r->order.replaces, id) &&
		    pv_sight_has(s, orders->at[i]->r))
			return true;
	return false;
}

static bool
own_reads_order(const struct pv_sight *s, const struct pv_record *r)
{
	return r->order.is_public || pv_names_meet(r->order.subject, s->who->party) ||
	       pv_names_meet(r->order.counterpart, s->who->party) || replaced_by_read(s, r->id);
}

/* The own authority's people. */
static bool
own_reads(const struct pv_sight *s, const struct pv_record *r)
{
	switch (r->kind) {
	case PV_GENESIS:
	case PV_PEER:
	case PV_PARTY:
	case PV_TERM:
	case PV_KEY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_CONDITION:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_RECALL:
		return true;
	case PV_AGREEMENT:
		return pv_name_meets(r->agreement.from, s->who->party) ||
		       pv_name_meets(r->agreement.to, s->who->party);
	case PV_ORDER:
		return own_reads_order(s, r);
	case PV_LIFT:
		return pv_sight_has_id(s, r->lift.order);
	case PV_END:
		return pv_sight_has_id(s, r->end.of);
	case PV_KIND_NONE:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_COUNT:
		break;
	}
	return false;
}

bool
pv_sight_has(const struct pv_sight *s, const struct pv_record *r)
{
	if (pv_sees_all(s->who) || pv_act_public(s->s, r))
		return true;
	if (!s->who->known)
		return false;
	return s->chosen ? pv_choice_has(&s->choice, r->id) : s->who->own && own_reads(s, r);
}

bool
pv_sight_has_id(const struct pv_sight *s, struct pv_slice id)
{
	const struct pv_fact *f = id.n != 0 ? pv_state_find(s->s, id) : NULL;

	return f != NULL && pv_sight_has(s, f->r);
}
