/* SPDX-License-Identifier: Apache-2.0 */
/* lift, recall, end: what ends an order, a report, any other record. */
#include "wire/record.h"
#include "wire/table.h"

static const struct pv_member lift_members[] = {
	{ .name = "order",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(lift.order),
	    .help = "The order that ends." },
	{ .name = "reopen",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED | PV_M_BARE,
	    .at = PV_AT(lift.reopen),
	    .has = PV_HAS(lift.has_reopen),
	    .words = pv_reopen_words,
	    .help = "release offers again what was withheld, hold waits for an officer." },
};

const struct pv_table pv_table_lift = {
	.name = "lift",
	.members = lift_members,
	.count = PV_COUNT_OF(lift_members),
	.size = sizeof(struct pv_record),
	.help = "Ends an order.",
};

static const struct pv_member recall_members[] = {
	{ .name = "report",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(recall.report),
	    .help = "The report that nobody opens any more." },
	{ .name = "text",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(recall.text),
	    .help = "Why, by language; may be empty." },
};

const struct pv_table pv_table_recall = {
	.name = "recall",
	.members = recall_members,
	.count = PV_COUNT_OF(recall_members),
	.size = sizeof(struct pv_record),
	.help = "Withdraws one report.",
};

static const struct pv_member end_members[] = {
	{ .name = "of",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(end.of),
	    .help = "The id of the record that ends; of a key of the genesis, the key's name." },
};

const struct pv_table pv_table_end = {
	.name = "end",
	.members = end_members,
	.count = PV_COUNT_OF(end_members),
	.size = sizeof(struct pv_record),
	.help = "Ends a record other than an order, which ends by a lift.",
};
