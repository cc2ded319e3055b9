/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a token or a claim says, it only takes away from what officers put into the log (DESIGN 3, key). */
#include "desk/binding.h"

#include "core/words.h"
#include "desk/home.h"
#include "desk/names.h"

bool
pv_binding_stands(const struct pv_fact *f, uint64_t now)
{
	const struct pv_key *k = &f->r->key;

	return pv_fact_stands(f, now) && now >= k->from && (k->until == 0 || now < k->until);
}

const struct pv_fact *
pv_binding_find(const struct pv_state *s, enum pv_use use, struct pv_slice text, uint64_t now)
{
	const struct pv_facts *keys = &s->by_kind[PV_KEY];

	if (text.n == 0)
		return NULL;
	for (size_t i = keys->n; i-- > 0;) {
		const struct pv_key *k = &keys->at[i]->r->key;

		if (k->use == use && pv_slice_eq(k->binding, text) &&
		    pv_binding_stands(keys->at[i], now))
			return keys->at[i];
	}
	return NULL;
}

static bool
is_own(const struct pv_desk *d, struct pv_slice party)
{
	return pv_name_under(party, d->party);
}

struct pv_caller
pv_binding_grant(const struct pv_desk *d, const struct pv_fact *f)
{
	const struct pv_key *k = &f->r->key;
	unsigned roles = k->roles;

	/* what a card says of a gateway has no roles: it is one, and vouches for analysts */
	if (k->use == PV_USE_GATEWAY)
		roles = PV_ROLE_GATEWAY;
	else if (k->use == PV_USE_ISSUER && k->key.n != 0 && roles == 0)
		roles = PV_ROLE_ANALYST;
	return (struct pv_caller){ .known = true,
		.id = f->r->id,
		.binding = f->r->id,
		.party = k->party,
		.roles = roles,
		.own = is_own(d, k->party),
		.purposes = k->purposes,
		.has_purposes = k->purposes.n != 0,
		.until_s = k->until == 0 ? PV_NEVER : k->until };
}

/* Those of \asked that are under one that is granted. */
static struct pv_names
granted_of(const struct pv_caller *grant, struct pv_names asked, struct pv_arena *a)
{
	struct pv_name_list kept = { 0 };

	for (size_t i = 0; i < asked.n; i++)
		if (pv_caller_may_state(grant, asked.at[i]))
			pv_name_list_add_once(&kept, asked.at[i]);
	return pv_name_list_keep(&kept, a);
}

bool
pv_binding_narrow(const struct pv_desk *d, struct pv_caller *who, const struct pv_claimed *claimed,
    struct pv_arena *a)
{
	if (claimed->party.n != 0) {
		if (!pv_name_ok(claimed->party) || !pv_name_under(claimed->party, who->party))
			return false;
		who->party = claimed->party;
		who->own = is_own(d, who->party);
	}
	who->person = claimed->person;
	who->roles &= claimed->says_roles ? claimed->roles : (unsigned)PV_ROLE_ANALYST;
	if (claimed->says_purposes) {
		who->purposes = granted_of(who, claimed->purposes, a);
		who->has_purposes = true;
		if (who->purposes.n == 0)
			return false;
	}
	if (claimed->until_s < who->until_s)
		who->until_s = claimed->until_s;
	return true;
}

PV_RESULT
pv_binding_covers(const struct pv_caller *grant, const struct pv_claimed *claimed, struct pv_err *e)
{
	if (!pv_name_under(claimed->party, grant->party))
		return PV_FAIL(e, PV_E_INPUT, "%.*s is bound to %.*s, and %.*s is not below it",
		    PV_FMT(grant->binding), PV_FMT(grant->party), PV_FMT(claimed->party));
	if ((claimed->roles & ~grant->roles) != 0)
		return PV_FAIL(e, PV_E_INPUT, "%.*s does not grant the role of %s",
		    PV_FMT(grant->binding),
		    pv_word_of(pv_role_words,
			claimed->roles & ~grant->roles & -(claimed->roles & ~grant->roles)));
	for (size_t i = 0; i < claimed->purposes.n; i++)
		if (!pv_caller_may_state(grant, claimed->purposes.at[i]))
			return PV_FAIL(e, PV_E_INPUT, "%.*s does not grant the purpose \"%.*s\"",
			    PV_FMT(grant->binding), PV_FMT(claimed->purposes.at[i]));
	return PV_DONE;
}
