/* SPDX-License-Identifier: Apache-2.0 */
/* report: the label, what a report says of itself. */
#include "wire/record.h"
#include "wire/table.h"

static const struct pv_word reliability_words[] = { { "A", 0 }, { "B", 0 }, { "C", 0 }, { "D", 0 },
	{ "E", 0 }, { "F", 0 }, { NULL, 0 } };
static const struct pv_word credibility_words[] = { { "1", 0 }, { "2", 0 }, { "3", 0 }, { "4", 0 },
	{ "5", 0 }, { "6", 0 }, { NULL, 0 } };
static const struct pv_word stale_words[] = { { "safety", 1 }, { NULL, 0 } };

#define CONTENT(member) (offsetof(struct pv_report, member))

static const struct pv_member content_members[] = {
	{ .name = "media_type",
	    .type = PV_T_TEXT,
	    .shape = PV_S_MEDIA_TYPE,
	    .flags = PV_M_REQUIRED,
	    .at = CONTENT(media_type),
	    .help = "What kind of file it is." },
	{ .name = "sha256",
	    .type = PV_T_TEXT,
	    .shape = PV_S_HEX32,
	    .flags = PV_M_REQUIRED,
	    .at = CONTENT(sha256),
	    .help = "SHA-256 of the content." },
	{ .name = "size",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = CONTENT(size_bytes),
	    .help = "Its size in bytes." },
};

static const struct pv_table content_table = {
	.name = "content",
	.members = content_members,
	.count = PV_COUNT_OF(content_members),
	.size = sizeof(struct pv_report),
	.help = "The file itself.",
};

static const struct pv_member members[] = {
	{ .name = "content",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(report),
	    .nested = &content_table,
	    .help = "The file: its digest, size and media type." },
	{ .name = "created",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.created),
	    .help = "When the content was made." },
	{ .name = "credibility",
	    .type = PV_T_TEXT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.credibility),
	    .words = credibility_words,
	    .help = "How credible the information is, 1 (confirmed) to 6 (cannot be judged)." },
	{ .name = "derived_from",
	    .type = PV_T_LIST,
	    .shape = PV_S_ID,
	    .at = PV_AT(report.derived_from),
	    .help = "The reports it was made from; it opens only where each of them would." },
	{ .name = "handling",
	    .type = PV_T_TEXT,
	    .at = PV_AT(report.handling),
	    .help = "Handling conditions in words." },
	{ .name = "if_stale",
	    .type = PV_T_SWITCH,
	    .at = PV_AT(report.if_stale_safety),
	    .words = stale_words,
	    .help = "safety: two persons may open it while orders cannot be proved fresh, to save "
		    "life." },
	{ .name = "lease",
	    .type = PV_T_UINT,
	    .at = PV_AT(report.lease_s),
	    .min = 1,
	    .max = 2592000,
	    .help = "A shorter lease than the profile's, in seconds." },
	{ .name = "never",
	    .type = PV_T_LIST,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.never),
	    .help = "Purposes it is never for, whatever an agreement says." },
	{ .name = "observed",
	    .type = PV_T_TIME,
	    .at = PV_AT(report.observed),
	    .help = "When what it tells of was seen." },
	{ .name = "originator",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.originator),
	    .help = "Whose report it is." },
	{ .name = "persons",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.persons),
	    .has = PV_HAS(report.persons.given),
	    .nested = &pv_table_persons,
	    .help = "The persons it is about; {} when about none." },
	{ .name = "position",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(report.position),
	    .has = PV_HAS(report.position.known),
	    .nested = &pv_table_position,
	    .help = "Where." },
	{ .name = "regions",
	    .type = PV_T_LIST,
	    .shape = PV_S_REGION,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.regions),
	    .help = "Its regions; empty: unknown." },
	{ .name = "releasable_to",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(report.releasable_to),
	    .has = PV_HAS(report.has_releasable_to),
	    .help = "Only these and all below; absent: whoever an agreement permits." },
	{ .name = "reliability",
	    .type = PV_T_TEXT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.reliability),
	    .words = reliability_words,
	    .help = "How reliable the source is, A (completely) to F (cannot be judged)." },
	{ .name = "title",
	    .type = PV_T_TEXT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.title),
	    .help = "Its title." },
	{ .name = "tlp",
	    .type = PV_T_WORD,
	    .at = PV_AT(report.tlp),
	    .words = pv_tlp_words,
	    .help = "Its TLP 2.0 marking." },
	{ .name = "topics",
	    .type = PV_T_LIST,
	    .shape = PV_S_TOPIC,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(report.topics),
	    .help = "Its topics; empty: unknown." },
	{ .name = "valid_until",
	    .type = PV_T_TIME,
	    .at = PV_AT(report.valid_until),
	    .help = "Nobody opens it from this time." },
};

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;

	(void)flags;
	for (size_t i = 0; i < r->report.derived_from.n; i++)
		if (pv_slice_eq(r->report.derived_from.at[i], r->id))
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "a report is not derived from itself"), e,
			    "derived_from[%zu]", i);
	PV_TRY(pv_check_past(r->report.created, r->time, "created", e));
	PV_TRY(pv_check_past(r->report.observed, r->time, "observed", e));
	return pv_check_after(
	    r->report.created, r->report.valid_until, "valid_until", "created", e);
}

const struct pv_table pv_table_report = {
	.name = "report",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "The label: what a report says of itself.",
	.check = check,
};
