/* SPDX-License-Identifier: Apache-2.0 */
/* party: a state, service, unit, team or joint body. */
#include "wire/table.h"

static const struct pv_member members[] = {
	{ .name = "desk",
	    .type = PV_T_TEXT,
	    .at = PV_AT(party.desk),
	    .help = "Whom to telephone." },
	{ .name = "domains",
	    .type = PV_T_LIST,
	    .shape = PV_S_DOMAIN,
	    .at = PV_AT(party.domains),
	    .help = "Its mail and web domains." },
	{ .name = "gateway",
	    .type = PV_T_TEXT,
	    .shape = PV_S_URL,
	    .at = PV_AT(party.gateway),
	    .help = "The address of its gateway; a party without one answers by a person." },
	{ .name = "members",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(party.members),
	    .help = "Who serves in it, when it is a joint body: what covers a member covers it." },
	{ .name = "name",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(party.name),
	    .help = "Its dotted name, below a party declared before." },
	{ .name = "names",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(party.names),
	    .help = "What it is called, by language." },
	{ .name = "was",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(party.was),
	    .help = "Its former names: what covers one of them covers it." },
};

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_party *p = &((const struct pv_record *)at)->party;

	(void)flags;
	for (size_t i = 0; i < p->members.n; i++)
		if (pv_slice_eq(p->members.at[i], p->name))
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "a party is not a member of itself"), e,
			    "members[%zu]", i);
	for (size_t i = 0; i < p->was.n; i++)
		if (pv_slice_eq(p->was.at[i], p->name))
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "a party is not its own former name"), e,
			    "was[%zu]", i);
	return PV_DONE;
}

const struct pv_table pv_table_party = {
	.name = "party",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "Declares a party.",
	.check = check,
};
