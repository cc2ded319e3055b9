/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions for those who enforce them elsewhere: AuthZEN, and the doors of mail, web and file servers. */
#include "desk/batch.h"
#include "desk/call.h"
#include "desk/door.h"
#include "desk/evaluate.h"
#include "desk/home.h"

/* ---- evaluations ---- */

static const struct pv_field evaluation_fields[] = {
	PV_FIELD(struct pv_evaluation, wrong, "wrong", PV_AS_TEXT, 0, "Why it is none."),
	PV_FIELD(struct pv_evaluation, subject_type, "subject_type", PV_AS_TEXT, 0,
	    "\"party\", or a word below the home's party."),
	PV_FIELD(struct pv_evaluation, subject, "subject", PV_AS_TEXT, 0, "Who would have it."),
	PV_FIELD(
	    struct pv_evaluation, resource_type, "resource_type", PV_AS_TEXT, 0, "What it is."),
	PV_FIELD(struct pv_evaluation, resource, "resource", PV_AS_TEXT, 0, "A report's id."),
	PV_FIELD(struct pv_evaluation, action, "action", PV_AS_TEXT, 0,
	    "A purpose, or \"open\" with a property \"purpose\"."),
	PV_FIELD(struct pv_evaluation, subject_says, "subject_says", PV_AS_NAMES, 0,
	    "Properties of the subject, as name=value."),
	PV_FIELD(struct pv_evaluation, action_says, "action_says", PV_AS_NAMES, 0,
	    "Properties of the action, as name=value."),
	PV_FIELD(struct pv_evaluation, channel, "channel", PV_AS_TEXT, 0, "How it would pass."),
	PV_FIELD(struct pv_evaluation, originator, "originator", PV_AS_TEXT, 0,
	    "Of a report that is not held here: whose it is."),
	PV_FIELD(struct pv_evaluation, topics, "topics", PV_AS_NAMES, 0, "Likewise."),
	PV_FIELD(struct pv_evaluation, regions, "regions", PV_AS_NAMES, 0, "Likewise."),
	PV_FIELD(struct pv_evaluation, never, "never", PV_AS_NAMES, 0, "Likewise."),
	PV_FIELD(struct pv_evaluation, identified, "identified", PV_AS_TEXT, 0, "Likewise."),
	{ .name = NULL },
};
static const struct pv_layout evaluation = { "Evaluation", sizeof(struct pv_evaluation),
	evaluation_fields };

static const struct pv_field evaluate_ask_fields[] = {
	{ .name = "how",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_evaluate_ask, how),
	    .words = pv_evaluations_words,
	    .text = "All, or up to the first that is denied or permitted." },
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .flags = PV_MUST,
	    .at = offsetof(struct pv_evaluate_ask, rows),
	    .count_at = offsetof(struct pv_evaluate_ask, count),
	    .of = &evaluation,
	    .text = "The questions." },
	{ .name = NULL },
};
static const struct pv_layout evaluate_ask = { "EvaluateAsk", sizeof(struct pv_evaluate_ask),
	evaluate_ask_fields };

static const struct pv_field evaluated_fields[] = {
	PV_FIELD(struct pv_evaluated, decision, "decision", PV_AS_BOOL, 0, "Whether it may."),
	PV_FIELD(struct pv_evaluated, status, "status", PV_AS_UINT, 0,
	    "0, or why no decision was made: 400, 403."),
	PV_FIELD(struct pv_evaluated, error, "error", PV_AS_TEXT, 0, "The same in words."),
	PV_FIELD(struct pv_evaluated, reason, "reason", PV_AS_TEXT, 0, "What decided."),
	PV_FIELD(struct pv_evaluated, orders, "orders", PV_AS_NAMES, 0, "The orders that refuse."),
	PV_FIELD(struct pv_evaluated, agreements, "agreements", PV_AS_NAMES, 0,
	    "The agreements that permit."),
	PV_FIELD(struct pv_evaluated, lifted_by, "lifted_by", PV_AS_TEXT, 0,
	    "Who issued the first order, and can lift it."),
	PV_FIELD(struct pv_evaluated, obligations, "obligations", PV_AS_OBLIGATIONS, 0,
	    "What the permission obliges to."),
	PV_FIELD(struct pv_evaluated, reference, "reference", PV_AS_TEXT, 0,
	    "What to name when asking an officer about a refusal."),
	{ .name = NULL },
};
static const struct pv_layout evaluated = { "Evaluated", sizeof(struct pv_evaluated),
	evaluated_fields };

static const struct pv_field evaluate_answer_fields[] = {
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_evaluate_answer, rows),
	    .count_at = offsetof(struct pv_evaluate_answer, count),
	    .of = &evaluated,
	    .text = "The answers, in the order of the questions." },
	PV_FIELD(struct pv_evaluate_answer, orders_seen, "orders_seen", PV_AS_U64, 0,
	    "Entries of the order log that were known."),
	PV_FIELD(struct pv_evaluate_answer, lease_until, "lease_until", PV_AS_TIME, 0,
	    "How long this gateway may act on them."),
	PV_FIELD(struct pv_evaluate_answer, journal_index, "journal_index", PV_AS_U64, 0,
	    "The entry of the journal."),
	{ .name = NULL },
};
static const struct pv_layout evaluate_answer = { "EvaluateAnswer",
	sizeof(struct pv_evaluate_answer), evaluate_answer_fields };

static PV_RESULT
begin_evaluate(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	struct pv_evaluating *v;

	PV_TRY(pv_batch_refresh(b, e)); /* a lift, too, is seen at once */
	PV_TRY(pv_evaluate_begin(&v, b, c->who, c->ask, c->a, e));
	c->state = v;
	return PV_DONE;
}

static PV_RESULT
finish_evaluate(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	return pv_evaluate_finish(c->state, b, c->answer, e);
}

/* ---- doors ---- */

static const char *const direction_words[] = { NULL, "give", "take", "both", NULL };

static const struct pv_field door_ask_fields[] = {
	PV_FIELD(struct pv_door_ask, channel, "channel", PV_AS_TEXT, PV_MUST, "mail, web or file."),
	PV_FIELD(struct pv_door_ask, sender, "sender", PV_AS_TEXT, 0, "mail: of the envelope."),
	PV_FIELD(
	    struct pv_door_ask, recipient, "recipient", PV_AS_TEXT, 0, "mail: of the envelope."),
	PV_FIELD(struct pv_door_ask, delivery, "delivery", PV_AS_BOOL, 0,
	    "mail: it is about to leave; the sender is not known."),
	PV_FIELD(struct pv_door_ask, house, "house", PV_AS_TEXT, 0,
	    "Who gives or takes here; left out: the party of this home."),
	PV_FIELD(
	    struct pv_door_ask, address, "address", PV_AS_TEXT, 0, "IP address of the other end."),
	PV_FIELD(struct pv_door_ask, spki, "spki", PV_AS_TEXT, 0,
	    "SHA-256 of its certificate's public key, in hex."),
	PV_FIELD(struct pv_door_ask, headers, "headers", PV_AS_NAMES, 0,
	    "What the server says of it, as name=value."),
	{ .name = "direction",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_door_ask, direction),
	    .words = direction_words,
	    .text = "web and file: what this house does; left out: both." },
	PV_FIELD(struct pv_door_ask, topic, "topic", PV_AS_TEXT, 0, "What the route says."),
	PV_FIELD(struct pv_door_ask, region, "region", PV_AS_TEXT, 0, "Likewise."),
	PV_FIELD(struct pv_door_ask, purpose, "purpose", PV_AS_TEXT, 0, "Likewise."),
	{ .name = NULL },
};
static const struct pv_layout door_ask = { "DoorAsk", sizeof(struct pv_door_ask), door_ask_fields };

static const struct pv_field door_answer_fields[] = {
	{ .name = "say",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_door_answer, say),
	    .words = pv_door_say_words,
	    .text = "refuse, later (this gateway is stale) or pass." },
	PV_FIELD(struct pv_door_answer, known, "known", PV_AS_BOOL, 0,
	    "Both ends are parties of the records."),
	PV_FIELD(struct pv_door_answer, held, "held", PV_AS_BOOL, 0,
	    "It waits because of an order about somebody of this house."),
	PV_FIELD(
	    struct pv_door_answer, order, "order", PV_AS_TEXT, 0, "A public order that refuses."),
	PV_FIELD(struct pv_door_answer, issuer, "issuer", PV_AS_TEXT, 0, "Who issued it."),
	PV_FIELD(struct pv_door_answer, desk, "desk", PV_AS_TEXT, 0, "Whom to ask."),
	PV_FIELD(struct pv_door_answer, reference, "reference", PV_AS_TEXT, 0,
	    "What to name when asking."),
	{ .name = NULL },
};
static const struct pv_layout door_answer = { "DoorAnswer", sizeof(struct pv_door_answer),
	door_answer_fields };

/* A refusal is counted as all are; what passes leaves no trace. */
static PV_RESULT
begin_door(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	const struct pv_door_ask *ask = c->ask;
	struct pv_door_answer *out = c->answer;
	struct pv_journal_entry entry = { .kind = "refused", .purpose = ask->purpose };
	struct pv_journalled *journalled = PV_ARENA_NEW(c->a, struct pv_journalled);

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_desk_door(c->d, ask, c->a, out, e));
	if (out->say != PV_DOOR_REFUSE && !out->held)
		return PV_DONE;
	entry.party = out->taker;
	entry.decision = out->decision;
	entry.detail = pv_door_detail(ask, out, c->a);
	c->state = journalled;
	return pv_batch_refusal(b, &entry, c->a, journalled, e);
}

static PV_RESULT
finish_door(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	return c->state != NULL ? pv_batch_written(b, c->state, e) : PV_DONE;
}

/* ---- the table ---- */

const struct pv_call pv_calls_decide[] = {
	{ .name = "evaluate",
	    .summary = "Decide for others who ask, as AuthZEN 1.0 does.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_QUICK | PV_CALL_INNER,
	    .ask = &evaluate_ask,
	    .answer = &evaluate_answer,
	    .begin = begin_evaluate,
	    .finish = finish_evaluate },
	/* Postfix cannot say who it is: its listeners are on this machine alone, and the answer names public orders only. */
	{ .name = "doors.mail",
	    .summary = "Whether a mail may pass.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_QUICK | PV_CALL_INNER | PV_CALL_PUBLIC,
	    .ask = &door_ask,
	    .answer = &door_answer,
	    .begin = begin_door,
	    .finish = finish_door },
	/* Only a server of our own authority learns who is stopped. */
	{ .name = "doors.web",
	    .summary = "Whether a page or a file may pass.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_QUICK | PV_CALL_INNER | PV_CALL_OWN,
	    .ask = &door_ask,
	    .answer = &door_answer,
	    .begin = begin_door,
	    .finish = finish_door },
	{ .name = NULL },
};
