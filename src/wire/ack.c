/* SPDX-License-Identifier: Apache-2.0 */
/* answer and ack: a counterpart's answer to a notice, an echelon's to an order. */
#include "wire/table.h"

static const struct pv_member answer_members[] = {
	{ .name = "by_person",
	    .type = PV_T_TEXT,
	    .at = PV_AT(answer.by_person),
	    .help = "The person who answered, when no gateway did." },
	{ .name = "means",
	    .type = PV_T_TEXT,
	    .at = PV_AT(answer.means),
	    .help = "By what means that person did: telephone, mail, in person." },
	{ .name = "order",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(answer.order),
	    .help = "The order that the notice was about." },
	{ .name = "reply",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(answer.reply),
	    .words = pv_reply_words,
	    .help = "accepted, refused, or none." },
};

static struct pv_status
check_answer(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_answer *a = &((const struct pv_record *)at)->answer;

	(void)flags;
	return pv_check_means(a->by_person, a->means, e);
}

const struct pv_table pv_table_answer = {
	.name = "answer",
	.members = answer_members,
	.count = PV_COUNT_OF(answer_members),
	.size = sizeof(struct pv_record),
	.help = "A counterpart's answer to a notice.",
	.check = check_answer,
};

static const struct pv_member ack_members[] = {
	{ .name = "by_person",
	    .type = PV_T_TEXT,
	    .at = PV_AT(ack.by_person),
	    .help = "The person who answered, when no gateway did." },
	{ .name = "dealing",
	    .type = PV_T_TEXT,
	    .at = PV_AT(ack.dealing),
	    .help = "The dealing that is settled, when it is one of the order's." },
	{ .name = "means",
	    .type = PV_T_TEXT,
	    .at = PV_AT(ack.means),
	    .help = "By what means that person did: telephone, mail, in person." },
	{ .name = "openings_cut",
	    .type = PV_T_UINT,
	    .at = PV_AT(ack.openings_cut),
	    .help = "How many openings were cut." },
	{ .name = "order",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(ack.order),
	    .help = "The order that is answered." },
	{ .name = "party",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(ack.party),
	    .help = "The echelon that answers." },
	{ .name = "state",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(ack.state),
	    .words = pv_ack_words,
	    .help = "seen, in-force, settled, or cannot." },
};

static struct pv_status
check_ack(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_ack *a = &((const struct pv_record *)at)->ack;

	(void)flags;
	return pv_check_means(a->by_person, a->means, e);
}

const struct pv_table pv_table_ack = {
	.name = "ack",
	.members = ack_members,
	.count = PV_COUNT_OF(ack_members),
	.size = sizeof(struct pv_record),
	.help = "An echelon's answer to an order.",
	.check = check_ack,
};
