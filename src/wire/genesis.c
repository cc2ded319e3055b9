/* SPDX-License-Identifier: Apache-2.0 */
/* genesis: the first entry of an order log, signed by each officer it names. */
#include "wire/table.h"

static const struct pv_member members[] = {
	{ .name = "officers",
	    .type = PV_T_LIST,
	    .shape = PV_S_VKEY,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(genesis.officers),
	    .help = "The officers' verification keys; two keys of one name are one officer." },
	{ .name = "origin",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ORIGIN,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(genesis.origin),
	    .help = "The name of this log." },
	{ .name = "profile",
	    .type = PV_T_TEXT,
	    .shape = PV_S_LABEL,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(genesis.profile),
	    .help =
		"The profile of times it begins with: default, tight, field, satellite, courier." },
	{ .name = "quorum",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(genesis.quorum),
	    .min = 1,
	    .max = 16,
	    .help = "How many different officers it takes to reopen anything (the lift quorum)." },
	{ .name = "root",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(genesis.root),
	    .help = "The party whose authority this log is." },
	{ .name = "signers",
	    .type = PV_T_LIST,
	    .shape = PV_S_VKEY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(genesis.signers),
	    .help = "The verification keys of the freshness signers; may be empty." },
};

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;
	size_t officers = pv_names_distinct(&r->genesis.officers, true);

	(void)flags;
	if (r->log.n != 0 && !pv_slice_eq(r->log, r->genesis.origin))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is not the origin that this genesis begins"), e, "log");
	if (r->issuer.n != 0 && !pv_slice_eq(r->issuer, r->genesis.root))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "a genesis is issued by its root"), e, "issuer");
	if (r->genesis.quorum > officers)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "%llu different officers are asked for, and %zu named",
			(unsigned long long)r->genesis.quorum, officers),
		    e, "quorum");
	return PV_DONE;
}

const struct pv_table pv_table_genesis = {
	.name = "genesis",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "The first entry of an order log: whose it is, and who may sign.",
	.check = check,
};
