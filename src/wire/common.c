/* SPDX-License-Identifier: Apache-2.0 */
/* What all records have, and the small objects that several of them share. */
#include "wire/table.h"

/* ---- source ---- */

#define SOURCE(member) offsetof(struct pv_source, member)

static const struct pv_member source_members[] = {
	{ .name = "date",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = SOURCE(date),
	    .help = "When the source said it." },
	{ .name = "lang",
	    .type = PV_T_TEXT,
	    .shape = PV_S_LANG,
	    .at = SOURCE(lang),
	    .help = "The language of the source." },
	{ .name = "status",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = SOURCE(status),
	    .words = pv_claim_words,
	    .help = "How sure it is: alleged, reported, stated by the party itself, confirmed, or "
		    "contested." },
	{ .name = "url",
	    .type = PV_T_TEXT,
	    .shape = PV_S_URL,
	    .at = SOURCE(url),
	    .help = "Where it can be read." },
	{ .name = "via",
	    .type = PV_T_LIST,
	    .flags = PV_M_REQUIRED,
	    .at = SOURCE(via),
	    .help = "Through whom it came here, the nearest to the source first; may be empty." },
	{ .name = "who",
	    .type = PV_T_TEXT,
	    .flags = PV_M_REQUIRED,
	    .at = SOURCE(who),
	    .help = "Who says so." },
};

const struct pv_table pv_table_source = {
	.name = "a source",
	.members = source_members,
	.count = PV_COUNT_OF(source_members),
	.size = sizeof(struct pv_source),
	.help = "Who says so, through whom, how sure it is, and when.",
};

/* ---- count ---- */

#define COUNT(member) offsetof(struct pv_count, member)

static const struct pv_member count_members[] = {
	{ .name = "max",
	    .type = PV_T_UINT,
	    .at = COUNT(max),
	    .has = COUNT(has_max) + 1,
	    .help = "At most so many; absent: no upper bound is known." },
	{ .name = "min",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = COUNT(min),
	    .help = "At least so many." },
};

static struct pv_status
check_count(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_count *c = at;

	(void)flags;
	if (c->has_max && c->max < c->min)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is less than min"), e, "max");
	return PV_DONE;
}

const struct pv_table pv_table_count = {
	.name = "a count",
	.members = count_members,
	.count = PV_COUNT_OF(count_members),
	.size = sizeof(struct pv_count),
	.help = "A number known between bounds, never a bare number.",
	.check = check_count,
};

/* ---- persons ---- */

#define PERSONS(member) offsetof(struct pv_persons, member)

static const struct pv_member persons_members[] = {
	{ .name = "aboard",
	    .type = PV_T_OBJECT,
	    .flags = PV_M_REQUIRED,
	    .at = PERSONS(aboard),
	    .has = PERSONS(aboard.known) + 1,
	    .nested = &pv_table_count,
	    .help = "How many persons; {} when nothing is known." },
	{ .name = "identified",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PERSONS(identified),
	    .words = pv_identified_words,
	    .help = "Whether those on board are identified: none, some, all, unknown." },
};

const struct pv_table pv_table_persons = {
	.name = "persons",
	.members = persons_members,
	.count = PV_COUNT_OF(persons_members),
	.size = sizeof(struct pv_persons),
	.help = "The persons a report or an outcome is about.",
};

/* ---- position ---- */

#define POSITION(member) offsetof(struct pv_position, member)

static const struct pv_member position_members[] = {
	{ .name = "lat_e7",
	    .type = PV_T_INT,
	    .flags = PV_M_REQUIRED,
	    .at = POSITION(lat_e7),
	    .max = 900000000,
	    .help = "Latitude in units of 1e-7 degree, north positive." },
	{ .name = "lon_e7",
	    .type = PV_T_INT,
	    .flags = PV_M_REQUIRED,
	    .at = POSITION(lon_e7),
	    .max = 1800000000,
	    .help = "Longitude in units of 1e-7 degree, east positive." },
};

const struct pv_table pv_table_position = {
	.name = "a position",
	.members = position_members,
	.count = PV_COUNT_OF(position_members),
	.size = sizeof(struct pv_position),
	.help = "A point, WGS 84, in whole units of 1e-7 degree.",
};

/* ---- basis ---- */

#define BASIS(member) offsetof(struct pv_basis, member)

static const struct pv_member basis_members[] = {
	{ .name = "cites",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .at = BASIS(cites),
	    .help = "The id of another record." },
	{ .name = "note", .type = PV_T_TEXT, .at = BASIS(note), .help = "A remark." },
	{ .name = "origin",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ORIGIN,
	    .at = BASIS(origin),
	    .help = "The log the cited record stands in, when it is another." },
	{ .name = "source",
	    .type = PV_T_OBJECT,
	    .at = BASIS(source),
	    .has = BASIS(has_source) + 1,
	    .nested = &pv_table_source,
	    .help = "Who says so, outside any log." },
};

static struct pv_status
check_basis(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_basis *b = at;

	(void)flags;
	if (b->cites.n == 0 && !b->has_source)
		return PV_FAIL(
		    e, PV_E_INPUT, "a basis cites a record or names a source; this does neither");
	if (b->origin.n != 0 && b->cites.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is the log of a cited record, but none is cited"), e,
		    "origin");
	return PV_DONE;
}

static const struct pv_table basis_table = {
	.name = "a basis",
	.members = basis_members,
	.count = PV_COUNT_OF(basis_members),
	.size = sizeof(struct pv_basis),
	.help = "Why: a record cited, a source, or both.",
	.check = check_basis,
	.schema = "\"anyOf\":[{\"required\":[\"cites\"]},{\"required\":[\"source\"]}]",
};

/* ---- every record ---- */

static const struct pv_member common_members[] = {
	{ .name = "basis",
	    .type = PV_T_OBJECTS,
	    .flags = PV_M_REQUIRED | PV_M_DRAFT,
	    .at = PV_AT(basis),
	    .nested = &basis_table,
	    .help = "Why: records cited and sources; may be empty." },
	{ .name = "exercise",
	    .type = PV_T_BOOL,
	    .flags = PV_M_TRUE_ONLY,
	    .at = PV_AT(exercise),
	    .help = "True where nothing is real; otherwise left out." },
	{ .name = "id",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(id),
	    .help = "The record's id, unique in its log." },
	{ .name = "issuer",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED | PV_M_DRAFT,
	    .at = PV_AT(issuer),
	    .help = "The party whose act this is." },
	{ .name = "log",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ORIGIN,
	    .flags = PV_M_SIGNED,
	    .at = PV_AT(log),
	    .help = "The origin of the log it is meant for; must be there when signed." },
	{ .name = "record",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(kind),
	    .words = pv_kind_words,
	    .help = "What kind of record this is." },
	{ .name = "time",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED | PV_M_DRAFT,
	    .at = PV_AT(time),
	    .help = "When it was made, UTC." },
};

const struct pv_table pv_table_common = {
	.name = "a record",
	.members = common_members,
	.count = PV_COUNT_OF(common_members),
	.size = sizeof(struct pv_record),
	.help = "What every record has.",
};

const struct pv_table *
pv_table_of(enum pv_kind kind)
{
	switch (kind) {
	case PV_GENESIS:
		return &pv_table_genesis;
	case PV_PEER:
		return &pv_table_peer;
	case PV_PARTY:
		return &pv_table_party;
	case PV_TERM:
		return &pv_table_term;
	case PV_KEY:
		return &pv_table_key;
	case PV_QUORUM:
		return &pv_table_quorum;
	case PV_PROFILE:
		return &pv_table_profile;
	case PV_AGREEMENT:
		return &pv_table_agreement;
	case PV_ORDER:
		return &pv_table_order;
	case PV_LIFT:
		return &pv_table_lift;
	case PV_RECALL:
		return &pv_table_recall;
	case PV_END:
		return &pv_table_end;
	case PV_CONDITION:
		return &pv_table_condition;
	case PV_ATTESTATION:
		return &pv_table_attestation;
	case PV_ASSESSMENT:
		return &pv_table_assessment;
	case PV_REPORT:
		return &pv_table_report;
	case PV_OUTCOME:
		return &pv_table_outcome;
	case PV_INCIDENT:
		return &pv_table_incident;
	case PV_ANSWER:
		return &pv_table_answer;
	case PV_ACK:
		return &pv_table_ack;
	case PV_KIND_NONE:
	case PV_KIND_COUNT:
		break;
	}
	return NULL;
}

const struct pv_member *
pv_table_next(const struct pv_table *const tables[2], size_t at[2])
{
	const struct pv_member *a = at[0] < tables[0]->count ? &tables[0]->members[at[0]] : NULL;
	const struct pv_member *b =
	    tables[1] != NULL && at[1] < tables[1]->count ? &tables[1]->members[at[1]] : NULL;

	if (a != NULL && (b == NULL || strcmp(a->name, b->name) < 0)) {
		at[0]++;
		return a;
	}
	if (b != NULL)
		at[1]++;
	return b;
}
