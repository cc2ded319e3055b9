/* SPDX-License-Identifier: Apache-2.0 */
/* outcome and incident: what use was made of a report; a public event that may show use. */
#include "wire/record.h"
#include "wire/table.h"

/* ---- outcome ---- */

static const struct pv_word action_words[] = {
	{ "boarded", 0 },
	{ "searched", 0 },
	{ "diverted", 0 },
	{ "detained", 0 },
	{ "arrested", 0 },
	{ "seized", 0 },
	{ "released", 0 },
	{ "rescued", 0 },
	{ "assisted", 0 },
	{ "struck", 0 },
	{ "warned", 0 },
	{ "blocked", 0 },
	{ "notified", 0 },
	{ "treated", 0 },
	{ "investigated", 0 },
	{ "prosecuted", 0 },
	{ "monitored", 0 },
	{ "passed-on", 0 },
	{ "other", 0 },
	{ "none", 0 },
	{ NULL, 0 },
};

static const struct pv_member outcome_members[] = {
	{ .name = "actions",
	    .type = PV_T_LIST,
	    .shape = PV_S_LABEL,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(outcome.actions),
	    .words = action_words,
	    .help = "What was done; none when nothing was." },
	{ .name = "by",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.by),
	    .help = "Who did it." },
	{ .name = "corrects",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .at = PV_AT(outcome.corrects),
	    .help = "An earlier outcome that this one corrects." },
	{ .name = "dead",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.dead),
	    .has = PV_HAS(outcome.dead.known),
	    .nested = &pv_table_count,
	    .help = "How many died; {} when nothing is known." },
	{ .name = "injured",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.injured),
	    .has = PV_HAS(outcome.injured.known),
	    .nested = &pv_table_count,
	    .help = "How many were injured; {} when nothing is known." },
	{ .name = "observed",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.observed),
	    .help = "When it happened." },
	{ .name = "persons",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.persons),
	    .has = PV_HAS(outcome.persons.given),
	    .nested = &pv_table_persons,
	    .help = "The persons met; {} when none." },
	{ .name = "position",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(outcome.position),
	    .has = PV_HAS(outcome.position.known),
	    .nested = &pv_table_position,
	    .help = "Where." },
	{ .name = "purpose_used",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.purpose_used),
	    .help = "For what it was used." },
	{ .name = "release",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.release),
	    .help = "The opening it follows." },
	{ .name = "report",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.report),
	    .help = "The report that was used." },
	{ .name = "seized",
	    .type = PV_T_JSON,
	    .shape = PV_S_SEIZED,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.seized),
	    .help = "What was seized, a list; may be empty." },
	{ .name = "source",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(outcome.source),
	    .nested = &pv_table_source,
	    .help = "Who says so." },
};

static struct pv_status
check_outcome(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;

	(void)flags;
	if (r->outcome.corrects.n != 0 && pv_slice_eq(r->outcome.corrects, r->id))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "an outcome does not correct itself"), e, "corrects");
	return pv_check_past(r->outcome.observed, r->time, "observed", e);
}

const struct pv_table pv_table_outcome = {
	.name = "outcome",
	.members = outcome_members,
	.count = PV_COUNT_OF(outcome_members),
	.size = sizeof(struct pv_record),
	.help = "What use was made of a report.",
	.check = check_outcome,
};

/* ---- incident ---- */

#define SPAN(member) (offsetof(struct pv_incident, member))

static const struct pv_member span_members[] = {
	{ .name = "from",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = SPAN(observed_from),
	    .help = "Not earlier than this." },
	{ .name = "to",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = SPAN(observed_to),
	    .help = "Not later than this." },
};

static struct pv_status
check_span(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_incident *i = at;

	(void)flags;
	if (i->observed_to < i->observed_from)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is earlier than from"), e, "to");
	return PV_DONE;
}

static const struct pv_table span_table = {
	.name = "observed",
	.members = span_members,
	.count = PV_COUNT_OF(span_members),
	.size = sizeof(struct pv_incident),
	.help = "When, between two times.",
	.check = check_span,
};

static const struct pv_member incident_members[] = {
	{ .name = "by",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(incident.by),
	    .help = "Who is said to have done it." },
	{ .name = "dead",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(incident.dead),
	    .has = PV_HAS(incident.dead.known),
	    .nested = &pv_table_count,
	    .help = "How many died; {} when nothing is known." },
	{ .name = "kind",
	    .type = PV_T_TEXT,
	    .shape = PV_S_LABEL,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(incident.kind),
	    .help = "What happened, in a word: strike, collision, leak." },
	{ .name = "observed",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(incident),
	    .nested = &span_table,
	    .help = "When, between two times." },
	{ .name = "position",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(incident.position),
	    .has = PV_HAS(incident.position.known),
	    .nested = &pv_table_position,
	    .help = "Where." },
	{ .name = "region",
	    .type = PV_T_TEXT,
	    .shape = PV_S_REGION,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(incident.region),
	    .help = "In which region." },
	{ .name = "source",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(incident.source),
	    .nested = &pv_table_source,
	    .help = "Who says so." },
	{ .name = "topic",
	    .type = PV_T_TEXT,
	    .shape = PV_S_TOPIC,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(incident.topic),
	    .help = "What it is about." },
};

static struct pv_status
check_incident(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;

	(void)flags;
	return pv_within(pv_check_past(r->incident.observed_to, r->time, "to", e), e, "observed");
}

const struct pv_table pv_table_incident = {
	.name = "incident",
	.members = incident_members,
	.count = PV_COUNT_OF(incident_members),
	.size = sizeof(struct pv_record),
	.help = "A public event that may show a use.",
	.check = check_incident,
};
