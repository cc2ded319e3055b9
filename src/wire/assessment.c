/* SPDX-License-Identifier: Apache-2.0 */
/* assessment: what a party holds of a use. */
#include "wire/table.h"

#define OF(member) (offsetof(struct pv_assessment, member))

static const struct pv_member of_members[] = {
	{ .name = "by",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = OF(by),
	    .help = "Whose use." },
	{ .name = "purpose",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_REQUIRED,
	    .at = OF(purpose),
	    .help = "The use, as a purpose." },
	{ .name = "where",
	    .type = PV_T_TEXT,
	    .shape = PV_S_REGION,
	    .at = OF(where),
	    .help = "In this region; absent: anywhere." },
};

static const struct pv_table of_table = {
	.name = "of",
	.members = of_members,
	.count = PV_COUNT_OF(of_members),
	.size = sizeof(struct pv_assessment),
	.help = "The use that is assessed.",
};

static const struct pv_member members[] = {
	{ .name = "finding",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(assessment.finding),
	    .words = pv_finding_words,
	    .help = "lawful, unlawful or contested." },
	{ .name = "of",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(assessment),
	    .nested = &of_table,
	    .help = "The use: which purpose, by whom, where." },
	{ .name = "shares",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(assessment.shares),
	    .help = "Who holds the same." },
};

const struct pv_table pv_table_assessment = {
	.name = "assessment",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "What a party holds of a use: lawful, unlawful, contested.",
};
