/* SPDX-License-Identifier: Apache-2.0 */
/* agreement: a standing permission. */
#include "wire/table.h"

/* ---- require ---- */

static const struct pv_word require_words[] = { { "all", PV_IDENTIFIED_ALL },
	{ "some", PV_IDENTIFIED_SOME }, { NULL, 0 } };

static const struct pv_member require_members[] = {
	{ .name = "identified",
	    .type = PV_T_WORD,
	    .flags = PV_M_TRUE_WORD,
	    .words = require_words,
	    .help = "The persons of the report must be identified: all (or true), or some." },
};

static const struct pv_table require_table = {
	.name = "require",
	.members = require_members,
	.count = PV_COUNT_OF(require_members),
	.size = sizeof(enum pv_identified),
	.help = "What a report must say for the agreement to hold.",
};

/* ---- obligations ---- */

#define DUTY(member) offsetof(struct pv_obligation, member)

static const struct pv_member duty_members[] = {
	{ .name = "after",
	    .type = PV_T_UINT,
	    .at = DUTY(after_s),
	    .min = 1,
	    .help = "delete-by: seconds after the opening." },
	{ .name = "by", .type = PV_T_TIME, .at = DUTY(by), .help = "delete-by: the time." },
	{ .name = "duty",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = DUTY(duty),
	    .words = pv_duty_words,
	    .help = "What the recipient must do." },
	{ .name = "within",
	    .type = PV_T_UINT,
	    .at = DUTY(within_s),
	    .min = 1,
	    .help = "report-outcome, notify-originator: seconds after the opening." },
};

static PV_RESULT
refuse(const struct pv_obligation *o, const char *member, struct pv_err *e)
{
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "does not go with the duty \"%s\"", pv_duty_name(o->duty)), e,
	    "%s", member);
}

static struct pv_status
check_duty(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_obligation *o = at;
	bool within_ok = o->duty == PV_REPORT_OUTCOME || o->duty == PV_NOTIFY_ORIGINATOR;

	(void)flags;
	if (o->within_s != 0 && !within_ok)
		return refuse(o, "within", e);
	if (o->by != 0 && o->duty != PV_DELETE_BY)
		return refuse(o, "by", e);
	if (o->after_s != 0 && o->duty != PV_DELETE_BY)
		return refuse(o, "after", e);
	if (o->duty == PV_REPORT_OUTCOME && o->within_s == 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT,
				     "is missing; report-outcome says within how many seconds"),
		    e, "within");
	if (o->duty == PV_DELETE_BY && (o->by == 0) == (o->after_s == 0))
		return PV_FAIL(
		    e, PV_E_INPUT, "delete-by says either by (a time) or after (seconds)");
	return PV_DONE;
}

static const struct pv_table duty_table = {
	.name = "an obligation",
	.members = duty_members,
	.count = PV_COUNT_OF(duty_members),
	.size = sizeof(struct pv_obligation),
	.help =
	    "A duty that goes with what is opened; a duty without arguments may be its word alone.",
	.check = check_duty,
};

/* ---- the agreement ---- */

static const struct pv_member members[] = {
	{ .name = "attribute",
	    .type = PV_T_TEXT,
	    .shape = PV_S_URL,
	    .at = PV_AT(agreement.attribute),
	    .help = "The OpenTDF attribute that foreign files under this agreement carry." },
	{ .name = "channels",
	    .type = PV_T_LIST,
	    .shape = PV_S_CHANNEL,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(agreement.channels),
	    .has = PV_HAS(agreement.has_channels),
	    .help = "The channels it holds on; absent: every one." },
	{ .name = "custody",
	    .type = PV_T_BOOL,
	    .at = PV_AT(agreement.custody),
	    .help = "Whether the recipient may hold reports and give them on. Default false." },
	{ .name = "from",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(agreement.from),
	    .help = "Whose reports, and of all below it." },
	{ .name = "not_after",
	    .type = PV_T_TIME,
	    .at = PV_AT(agreement.not_after),
	    .help = "It no longer holds from this time." },
	{ .name = "not_before",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(agreement.not_before),
	    .help = "It holds from this time." },
	{ .name = "obligations",
	    .type = PV_T_OBJECTS,
	    .flags = PV_M_REQUIRED | PV_M_SHORT,
	    .at = PV_AT(agreement.obligations),
	    .nested = &duty_table,
	    .help = "What the recipient must do; may be empty." },
	{ .name = "purposes",
	    .type = PV_T_LIST,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(agreement.purposes),
	    .help = "For what; at least one, each grantable." },
	{ .name = "region",
	    .type = PV_T_TEXT,
	    .shape = PV_S_REGION,
	    .at = PV_AT(agreement.region),
	    .help = "Reports on this region; absent: on every one." },
	{ .name = "require",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(agreement.require_identified),
	    .nested = &require_table,
	    .help = "What the report must say; may be empty." },
	{ .name = "to",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(agreement.to),
	    .help = "Who may have them, and all below it." },
	{ .name = "topic",
	    .type = PV_T_TEXT,
	    .shape = PV_S_TOPIC,
	    .at = PV_AT(agreement.topic),
	    .help = "Reports on this topic; absent: on every one." },
	{ .name = "while",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .at = PV_AT(agreement.holds_while),
	    .help = "The condition while which it holds." },
};

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_agreement *a = &((const struct pv_record *)at)->agreement;

	(void)flags;
	return pv_check_after(a->not_before, a->not_after, "not_after", "not_before", e);
}

const struct pv_table pv_table_agreement = {
	.name = "agreement",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "A standing permission: who may have what, for what, on what terms.",
	.check = check,
};
