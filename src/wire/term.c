/* SPDX-License-Identifier: Apache-2.0 */
/* term: a topic, region, purpose or channel. */
#include "wire/record.h"
#include "wire/table.h"

static const struct pv_member members[] = {
	{ .name = "allows",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.allows),
	    .help = "What a purpose allows, by language; {} for other terms." },
	{ .name = "area",
	    .type = PV_T_JSON,
	    .shape = PV_S_AREA,
	    .at = PV_AT(term.area),
	    .help = "Where a region is: a GeoJSON Polygon or MultiPolygon." },
	{ .name = "excludes",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.excludes),
	    .help = "What a purpose does not allow, by language; {} for other terms." },
	{ .name = "grantable",
	    .type = PV_T_BOOL,
	    .flags = PV_M_NEGATED,
	    .at = PV_AT(term.not_grantable),
	    .help = "False: no agreement may grant it or anything below it. Default true." },
	{ .name = "maps",
	    .type = PV_T_JSON,
	    .shape = PV_S_MAPS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.maps),
	    .help =
		"What it is called in other vocabularies (cise, dpv, acs, ...); may be empty." },
	{ .name = "name",
	    .type = PV_T_TEXT,
	    .shape = PV_S_TERM,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.name),
	    .help = "Its dotted name, below a term declared before." },
	{ .name = "names",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.names),
	    .help = "What it is called, by language." },
	{ .name = "tree",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(term.tree),
	    .words = pv_tree_words,
	    .help = "Which of the four trees it is in." },
};

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_term *t = &((const struct pv_record *)at)->term;

	if (t->area.n != 0 && t->tree != PV_REGION)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "only a region has an area"), e, "area");
	if ((flags & PV_READ_BARE) != 0 || t->tree != PV_PURPOSE)
		return PV_DONE;
	if (t->allows.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is empty; a purpose says what it allows"), e, "allows");
	if (t->excludes.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is empty; a purpose says what it does not allow"), e,
		    "excludes");
	return PV_DONE;
}

const struct pv_table pv_table_term = {
	.name = "term",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "Declares a topic, region, purpose or channel.",
	.check = check,
};
