/* SPDX-License-Identifier: Apache-2.0 */
/* condition and attestation: a named proposition, and who says whether it holds. */
#include "wire/record.h"
#include "wire/table.h"

static const struct pv_member condition_members[] = {
	{ .name = "attestors",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(condition.attestors),
	    .help = "The parties that may say whether it holds; none is above another." },
	{ .name = "quorum",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(condition.quorum),
	    .min = 1,
	    .max = 1000,
	    .help = "How many of them must agree." },
	{ .name = "text",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(condition.text),
	    .help = "The proposition, by language." },
	{ .name = "window",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(condition.window_s),
	    .help = "Seconds within which they must have observed its end." },
};

static struct pv_status
check_condition(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_condition *c = &((const struct pv_record *)at)->condition;

	(void)flags;
	for (size_t i = 0; i < c->attestors.n; i++)
		for (size_t j = 0; j < c->attestors.n; j++)
			if (i != j && pv_name_under(c->attestors.at[i], c->attestors.at[j]))
				return pv_within(
				    PV_FAIL(e, PV_E_INPUT,
					"\"%.*s\" is \"%.*s\" or below it, and would count twice",
					PV_FMT(c->attestors.at[i]), PV_FMT(c->attestors.at[j])),
				    e, "attestors[%zu]", i);
	if (c->quorum > c->attestors.n)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "%llu must agree, and %zu are named",
				     (unsigned long long)c->quorum, c->attestors.n),
		    e, "quorum");
	return PV_DONE;
}

const struct pv_table pv_table_condition = {
	.name = "condition",
	.members = condition_members,
	.count = PV_COUNT_OF(condition_members),
	.size = sizeof(struct pv_record),
	.help = "A named proposition while which orders or agreements are in force.",
	.check = check_condition,
};

static const struct pv_member attestation_members[] = {
	{ .name = "condition",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(attestation.condition),
	    .help = "The condition's id." },
	{ .name = "observed",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(attestation.observed),
	    .help = "When it was observed." },
	{ .name = "source",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(attestation.source),
	    .nested = &pv_table_source,
	    .help = "On whose word; {} for the attestor's own." },
	{ .name = "status",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(attestation.status),
	    .words = pv_says_words,
	    .help = "holds, or ended." },
};

static struct pv_status
check_attestation(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;

	(void)flags;
	return pv_check_past(r->attestation.observed, r->time, "observed", e);
}

const struct pv_table pv_table_attestation = {
	.name = "attestation",
	.members = attestation_members,
	.count = PV_COUNT_OF(attestation_members),
	.size = sizeof(struct pv_record),
	.help = "A statement that a condition holds or has ended.",
	.check = check_attestation,
};
