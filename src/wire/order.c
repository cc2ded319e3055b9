/* SPDX-License-Identifier: Apache-2.0 */
/* order: a suspend or a restrict. */
#include "wire/record.h"
#include "wire/table.h"

/* ---- exceptions ---- */

#define EXCEPT(member) offsetof(struct pv_exception, member)

static const struct pv_member except_members[] = {
	{ .name = "channel",
	    .type = PV_T_TEXT,
	    .shape = PV_S_CHANNEL,
	    .at = EXCEPT(channel),
	    .help = "On this channel." },
	{ .name = "counterpart",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .at = EXCEPT(counterpart),
	    .help = "With this party." },
	{ .name = "purpose",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PURPOSE,
	    .at = EXCEPT(purpose),
	    .help = "For this purpose; never alone." },
	{ .name = "region",
	    .type = PV_T_TEXT,
	    .shape = PV_S_REGION,
	    .at = EXCEPT(region),
	    .help = "On this region." },
	{ .name = "topic",
	    .type = PV_T_TEXT,
	    .shape = PV_S_TOPIC,
	    .at = EXCEPT(topic),
	    .help = "On this topic." },
};

static struct pv_status
check_exception(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_exception *x = at;

	(void)flags;
	if (x->topic.n != 0 || x->region.n != 0 || x->channel.n != 0 || x->counterpart.n != 0)
		return PV_DONE;
	if (x->purpose.n == 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "an exception that names nothing would except everything");
	return pv_advise(PV_FAIL(e, PV_E_INPUT, "an exception names a purpose alone"), e,
	    "A purpose is what the asker states. Name also a topic, region, channel or "
	    "counterpart.");
}

static const struct pv_table except_table = {
	.name = "an exception",
	.members = except_members,
	.count = PV_COUNT_OF(except_members),
	.size = sizeof(struct pv_exception),
	.help = "What the order does not stop; all that is named must hold, and must be known.",
	.check = check_exception,
	.schema = "\"anyOf\":[{\"required\":[\"topic\"]},{\"required\":[\"region\"]},{\"required\":"
		  "[\"channel\"]},"
		  "{\"required\":[\"counterpart\"]}]",
};

/* ---- the order ---- */

static const struct pv_member members[] = {
	{ .name = "ack_due",
	    .type = PV_T_UINT,
	    .at = PV_AT(order.ack_due_s),
	    .min = 1,
	    .max = 31536000,
	    .help = "Seconds after which an echelon that has not answered is telephoned." },
	{ .name = "authentic",
	    .type = PV_T_TEXT,
	    .shape = PV_S_LANG,
	    .flags = PV_M_REQUIRED | PV_M_BARE,
	    .at = PV_AT(order.authentic),
	    .help = "The language of the text that counts." },
	{ .name = "channels",
	    .type = PV_T_LIST,
	    .shape = PV_S_CHANNEL,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(order.channels),
	    .has = PV_HAS(order.has_channels),
	    .help = "The channels it stops; absent: every one." },
	{ .name = "counterpart",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(order.counterpart),
	    .help = "With whom, any of these; never empty." },
	{ .name = "dealings",
	    .type = PV_T_LIST,
	    .at = PV_AT(order.dealings),
	    .help = "What no machine can stop (liaison, meetings), settled by hand one by one." },
	{ .name = "direction",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(order.direction),
	    .words = pv_direction_words,
	    .help = "Whether giving stops, taking, or both." },
	{ .name = "effective",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(order.effective),
	    .help = "In force from this time." },
	{ .name = "escalate_to",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(order.escalate_to),
	    .help = "Who is told when an echelon does not answer." },
	{ .name = "except",
	    .type = PV_T_OBJECTS,
	    .flags = PV_M_REQUIRED | PV_M_ALWAYS,
	    .at = PV_AT(order.except),
	    .nested = &except_table,
	    .help = "What goes on; must be there, may be empty." },
	{ .name = "kind",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(order.kind),
	    .words = pv_order_kind_words,
	    .help = "suspend: everything within the scope stops; restrict: certain purposes do." },
	{ .name = "public",
	    .type = PV_T_BOOL,
	    .flags = PV_M_REQUIRED | PV_M_BARE,
	    .at = PV_AT(order.is_public),
	    .help = "Whether it stands in the public register." },
	{ .name = "published",
	    .type = PV_T_TIME,
	    .at = PV_AT(order.published),
	    .help = "When it was made public, when that was another time." },
	{ .name = "purposes",
	    .type = PV_T_LIST,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(order.purposes),
	    .has = PV_HAS(order.has_purposes),
	    .help = "For these purposes; absent: for every one. A restrict needs them." },
	{ .name = "region",
	    .type = PV_T_TEXT,
	    .shape = PV_S_REGION,
	    .at = PV_AT(order.region),
	    .help = "On this region; absent: on every one." },
	{ .name = "reopen",
	    .type = PV_T_WORD,
	    .at = PV_AT(order.reopen),
	    .words = pv_reopen_words,
	    .help = "After its end: release offers again what was withheld, hold (the default) "
		    "waits for an officer." },
	{ .name = "replaces",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .at = PV_AT(order.replaces),
	    .help = "An earlier order that this one is about; it ends by its own lift only." },
	{ .name = "subject",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(order.subject),
	    .help = "Who must obey, and all below; never empty." },
	{ .name = "text",
	    .type = PV_T_TEXTS,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(order.text),
	    .help = "Its words, by language." },
	{ .name = "topic",
	    .type = PV_T_TEXT,
	    .shape = PV_S_TOPIC,
	    .at = PV_AT(order.topic),
	    .help = "On this topic; absent: on every one." },
	{ .name = "until",
	    .type = PV_T_TIME,
	    .at = PV_AT(order.until),
	    .help = "It lapses at this time." },
	{ .name = "while",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ID,
	    .at = PV_AT(order.holds_while),
	    .help = "The condition while which it is in force; unknown counts as holding." },
};

static PV_RESULT
check_authentic(const struct pv_order *o, struct pv_err *e)
{
	for (size_t i = 0; i < o->text.n; i++)
		if (pv_slice_eq(o->text.at[i].lang, o->authentic))
			return PV_DONE;
	if (o->text.n == 0 || o->authentic.n == 0)
		return PV_DONE;
	return PV_FAIL(e, PV_E_INPUT, "there is no text in \"%.*s\"", PV_FMT(o->authentic));
}

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_record *r = at;
	const struct pv_order *o = &r->order;

	(void)flags;
	if (o->kind == PV_RESTRICT && o->purposes.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is missing; a restrict says which purposes it bars"), e,
		    "purposes");
	PV_TRY(pv_within(check_authentic(o, e), e, "authentic"));
	if (o->replaces.n != 0 && pv_slice_eq(o->replaces, r->id))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "an order does not replace itself"), e, "replaces");
	return pv_check_after(o->effective, o->until, "until", "effective", e);
}

const struct pv_table pv_table_order = {
	.name = "order",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "Stops (suspend) or narrows (restrict) what its subjects give and take.",
	.check = check,
	.schema = "\"if\":{\"properties\":{\"kind\":{\"const\":\"restrict\"}}},\"then\":{"
		  "\"required\":[\"purposes\"]}",
};
