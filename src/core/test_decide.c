/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision over states made by the fold. What needs many worlds is in
 * tests/decide/; here are edges of time, of lists and of sizes.
 */
#include "core/decide.h"

#include <inttypes.h>

#include "core/explain.h"
#include "core/snapshot.h"
#include "tap.h"

#define S(text)      PV_SLICE(text)
#define LIST(array)  ((struct pv_names){ (array), sizeof(array) / sizeof(*(array)) })
#define SET(of, ...) ((struct pv_record){ .kind = (of), __VA_ARGS__ })

static const struct pv_slice co[] = { PV_SLICE("co") }, us[] = { PV_SLICE("us") },
			     law[] = { PV_SLICE("law") };

/* A bare log in which co and us are declared, and all records of a test. */
struct log {
	struct pv_state *s;
	struct pv_arena *a;
	struct pv_snapshot *snapshot;
	struct pv_overlay *overlay;
	struct pv_origin origin;
	uint64_t records;
};

static const struct pv_fact *
put(struct log *l, struct pv_record r, uint64_t time)
{
	struct pv_record *kept = PV_ARENA_NEW(l->a, struct pv_record);
	struct pv_act act = { .record = kept, .since = time };
	enum pv_applied did;
	struct pv_err e = { 0 };

	*kept = r;
	kept->time = time;
	if (kept->issuer.n == 0)
		kept->issuer = S("co");
	if (kept->id.n == 0)
		kept->id = pv_arena_printf(l->a, "r%" PRIu64, l->records);
	l->records++;
	if (!pv_ok(pv_state_apply(l->s, &act, &did, &e)) || did == PV_APPLIED_NOT)
		tap_ok(false, "apply %.*s: %s: %s", PV_FMT(kept->id), e.field, e.what);
	return pv_state_find(l->s, kept->id);
}

static void
party(struct log *l, const char *name)
{
	struct pv_slice own = pv_slice_of(name), up = pv_name_parent(own);

	put(l, SET(PV_PARTY, .issuer = up.n != 0 ? up : own, .party = { .name = own }), 1);
}

static const struct pv_texts *
some_text(void)
{
	static const struct pv_text text[] = { { PV_SLICE("en"), PV_SLICE("text") } };
	static const struct pv_texts texts = { text, 1 };

	return &texts;
}

static void
term(struct log *l, enum pv_tree tree, const char *name)
{
	put(l,
	    SET(PV_TERM, .term = { .tree = tree,
			     .name = pv_slice_of(name),
			     .allows = *some_text(),
			     .excludes = *some_text() }),
	    1);
}

static struct log
open_log(void)
{
	struct log l = {
		.s = pv_state_new(S("co"), true), .a = pv_arena_new(), .overlay = pv_overlay_new()
	};

	party(&l, "co");
	party(&l, "us");
	party(&l, "us.cg");
	party(&l, "un");
	term(&l, PV_PURPOSE, "law");
	term(&l, PV_TOPIC, "boats");
	term(&l, PV_CHANNEL, "mail");
	return l;
}

static void
close_log(struct log *l)
{
	pv_snapshot_free(l->snapshot);
	pv_overlay_free(l->overlay);
	pv_state_free(l->s);
	pv_arena_free(l->a);
}

static const struct pv_fact *
agree(struct log *l, uint64_t time)
{
	return put(l,
	    SET(PV_AGREEMENT, .agreement = { .from = S("co"),
				  .to = S("us"),
				  .purposes = LIST(law),
				  .custody = true,
				  .not_before = time }),
	    time);
}

static struct pv_record
suspend(uint64_t effective)
{
	return SET(PV_ORDER, .order = { .kind = PV_SUSPEND,
				 .subject = LIST(co),
				 .counterpart = LIST(us),
				 .direction = PV_BOTH,
				 .effective = effective,
				 .authentic = S("en"),
				 .text = *some_text() });
}

static struct pv_request
ask_at(uint64_t now)
{
	return (struct pv_request){ .matter = { .originator = S("co") },
		.recipient = S("us.cg"),
		.purpose = S("law"),
		.channel = S("mail"),
		.now_s = now,
		.signed_s = now };
}

static struct pv_origins
compile(struct log *l)
{
	pv_snapshot_free(l->snapshot);
	l->snapshot = pv_snapshot_build(l->s);
	l->origin = (struct pv_origin){ l->snapshot, l->overlay };
	return (struct pv_origins){ &l->origin, 1 };
}

static enum pv_reason
reason_of(struct log *l, const struct pv_request *ask)
{
	struct pv_origins in = { &l->origin, 1 };
	struct pv_decision d = { 0 };

	pv_decide(&in, ask, &d);
	return d.reason;
}

static enum pv_reason
reason_at(struct log *l, uint64_t now)
{
	struct pv_request ask = ask_at(now);

	return reason_of(l, &ask);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void
test_order_times(void)
{
	struct log l = open_log();
	struct pv_record r = suspend(120);
	struct pv_request ask;

	agree(&l, 50);
	r.order.until = 200;
	put(&l, r, 100);
	compile(&l);
	tap_ok(reason_at(&l, 119) == PV_WHY_AGREEMENT,
	    "a second before it is effective an order does nothing");
	tap_ok(reason_at(&l, 120) == PV_WHY_SUSPENDED, "it begins in the very second");
	tap_ok(reason_at(&l, 199) == PV_WHY_SUSPENDED, "it stands in the last second before until");
	tap_ok(reason_at(&l, 200) == PV_WHY_AGREEMENT, "it is over at until");
	ask = ask_at(300);
	ask.signed_s = 199;
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED,
	    "until is judged by the newest signed time, however late it is here");
	ask = ask_at(119);
	ask.signed_s = 300;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "the beginning by this gateway's clock");
	close_log(&l);
}

static void
test_lift_times(void)
{
	struct log l = open_log();
	const struct pv_fact *order;

	agree(&l, 50);
	order = put(&l, suspend(100), 100);
	put(&l, SET(PV_LIFT, .lift = { .order = order->r->id }), 150);
	compile(&l);
	tap_ok(reason_at(&l, 149) == PV_WHY_SUSPENDED && reason_at(&l, 150) == PV_WHY_AGREEMENT,
	    "a lift ends an order in the second in which it takes effect, and the past is answered "
	    "as it was");
	tap_ok(reason_at(&l, 99) == PV_WHY_AGREEMENT && reason_at(&l, 49) == PV_WHY_NO_AGREEMENT,
	    "before that as it was then");
	close_log(&l);
}

static void
test_agreement_times(void)
{
	struct log l = open_log();
	struct pv_record r = SET(PV_AGREEMENT, .agreement = { .from = S("co"),
						   .to = S("us"),
						   .purposes = LIST(law),
						   .not_before = 120,
						   .not_after = 200 });
	struct pv_request ask;

	put(&l, r, 100);
	compile(&l);
	tap_ok(reason_at(&l, 119) == PV_WHY_NO_AGREEMENT && reason_at(&l, 120) == PV_WHY_AGREEMENT,
	    "an agreement begins at not_before");
	tap_ok(reason_at(&l, 199) == PV_WHY_AGREEMENT && reason_at(&l, 200) == PV_WHY_NO_AGREEMENT,
	    "and is over at not_after");
	ask = ask_at(130);
	ask.signed_s = 119;
	tap_ok(reason_of(&l, &ask) == PV_WHY_NO_AGREEMENT,
	    "not_before is judged by the newest signed time");
	ask = ask_at(200);
	ask.signed_s = 130;
	tap_ok(reason_of(&l, &ask) == PV_WHY_NO_AGREEMENT, "not_after by this gateway's clock");
	ask = ask_at(130);
	ask.matter.valid_until = 131;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT,
	    "a report is good up to the second before valid_until");
	ask.matter.valid_until = 130;
	tap_ok(reason_of(&l, &ask) == PV_WHY_EXPIRED, "and has expired at valid_until");
	ask.now_s = ask.signed_s = UINT64_MAX;
	tap_ok(reason_of(&l, &ask) == PV_WHY_EXPIRED, "the end of time is only late");
	close_log(&l);
}

static void
test_recall(void)
{
	struct log l = open_log();
	struct pv_request ask = ask_at(200);
	struct pv_origins in;
	struct pv_decision d = { 0 };
	const struct pv_fact *recall;

	agree(&l, 50);
	put(&l, SET(PV_RECALL, .issuer = S("us"), .recall = { .report = S("r-1") }), 90);
	recall = put(&l, SET(PV_RECALL, .recall = { .report = S("r-1") }), 100);
	put(&l, SET(PV_END, .end = { .of = recall->r->id }), 300);
	in = compile(&l);
	ask.matter.report = S("r-1");
	pv_decide(&in, &ask, &d);
	tap_ok(d.reason == PV_WHY_RECALLED && d.recall.r == recall->r,
	    "a recall by the originator is obeyed, and named");
	ask.now_s = 99;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "not before; and nobody else's recall is");
	ask.now_s = ask.signed_s = 300;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "nor once it was ended");
	close_log(&l);
}

/* ---- conditions ----------------------------------------------------------------------------- */

static void
attest(struct log *l, const char *who, enum pv_says says, uint64_t observed, uint64_t time)
{
	put(l,
	    SET(PV_ATTESTATION, .issuer = pv_slice_of(who),
		.attestation = { .condition = S("strikes"), .status = says, .observed = observed }),
	    time);
}

static void
test_condition(void)
{
	static const struct pv_slice attestors[] = { PV_SLICE("co"), PV_SLICE("un"),
		PV_SLICE("us.cg") };
	struct log l = open_log();
	struct pv_record r = suspend(100);
	uint64_t same = 0;

	agree(&l, 50);
	put(&l,
	    SET(PV_CONDITION, .id = S("strikes"),
		.condition = { .text = *some_text(),
		    .attestors = LIST(attestors),
		    .quorum = 2,
		    .window_s = 50 }),
	    90);
	r.order.holds_while = S("strikes");
	put(&l, r, 100);
	attest(&l, "us.cg", PV_SAYS_ENDED, 110, 110);
	attest(&l, "co", PV_SAYS_ENDED, 120, 120);
	attest(&l, "un", PV_SAYS_ENDED, 170, 170);
	attest(&l, "un", PV_SAYS_HOLDS, 190, 190);
	attest(&l, "un", PV_SAYS_ENDED, 200, 200);
	attest(&l, "co", PV_SAYS_ENDED, 210, 210);
	compile(&l);
	tap_ok(reason_at(&l, 120) == PV_WHY_SUSPENDED,
	    "a counterpart's word that it has ended does not count");
	tap_ok(
	    reason_at(&l, 170) == PV_WHY_AGREEMENT, "two others, just within the window, end it");
	tap_ok(reason_at(&l, 190) == PV_WHY_SUSPENDED, "one of them puts it back at once");
	tap_ok(reason_at(&l, 200) == PV_WHY_SUSPENDED, "out of the window they do not end it");
	tap_ok(reason_at(&l, 210) == PV_WHY_AGREEMENT, "said again, they do");
	for (uint64_t at = 80; at < 220; at++) {
		struct pv_names counterpart = LIST(us);
		bool ended =
		    pv_state_condition(l.s, S("strikes"), S("co"), &counterpart, at).status ==
		    PV_COND_ENDED;
		same += at < 100 || ended == (reason_at(&l, at) == PV_WHY_AGREEMENT);
	}
	tap_ok(same == 140, "the compiled timeline says at every second what the state says");
	close_log(&l);
}

/* ---- what is answered ----------------------------------------------------------------------- */

static void
test_ids(void)
{
	struct log l = open_log();
	struct pv_ref one[1], many[8];
	struct pv_decision d = { .orders = { .at = one, .cap = 1 } };
	struct pv_request ask = ask_at(200);
	struct pv_origins in;
	struct pv_record r = suspend(100);

	agree(&l, 50);
	for (unsigned i = 0; i < 3; i++)
		put(&l, r, 100 + i);
	r.order.kind = PV_RESTRICT;
	r.order.has_purposes = true;
	r.order.purposes = LIST(law);
	put(&l, r, 110);
	in = compile(&l);
	pv_decide(&in, &ask, &d);
	tap_ok(d.reason == PV_WHY_SUSPENDED && d.orders.n == 1 && d.orders.found >= 4,
	    "a list that is too short tells how long it would have to be");
	d.orders = (struct pv_refs){ .at = many, .cap = 8 };
	pv_decide(&in, &ask, &d);
	tap_ok(d.orders.n == 4 && d.orders.at[0].index < d.orders.at[1].index &&
		   d.orders.at[2].index < d.orders.at[3].index,
	    "all orders that cover are named, of both kinds, in the order of the log, each once");
	ask.first_only = true;
	pv_decide(&in, &ask, &d);
	tap_ok(d.reason == PV_WHY_SUSPENDED && d.orders.n == 1 &&
		   d.orders.at[0].r->order.kind == PV_SUSPEND,
	    "with first_only one of those that give the reason");
	close_log(&l);
}

static void
test_obligations(void)
{
	static const struct pv_obligation first[] = { { .duty = PV_REPORT_OUTCOME, .within_s = 60 },
		{ .duty = PV_NO_ONWARD } };
	static const struct pv_obligation second[] = { { .duty = PV_NO_ONWARD },
		{ .duty = PV_REPORT_OUTCOME, .within_s = 30 } };
	struct log l = open_log();
	struct pv_record r = SET(PV_AGREEMENT, .agreement = { .from = S("co"),
						   .to = S("us"),
						   .purposes = LIST(law),
						   .obligations = { first, 2 } });
	struct pv_ref agreements[8];
	struct pv_decision d = { .agreements = { .at = agreements, .cap = 8 } };
	struct pv_request ask = ask_at(200);
	struct pv_obligations all;
	struct pv_origins in;

	put(&l, r, 50);
	r.agreement.obligations = (struct pv_obligations){ second, 2 };
	put(&l, r, 60);
	in = compile(&l);
	pv_decide(&in, &ask, &d);
	all = pv_decision_obligations(&d, l.a);
	tap_ok(d.agreements.n == 2 && all.n == 3 && all.at[0].within_s == 60 &&
		   all.at[1].duty == PV_NO_ONWARD && all.at[2].within_s == 30,
	    "the obligations of all agreements, each once");
	close_log(&l);
}

static void
test_take(void)
{
	struct log l = open_log();
	struct pv_request ask = ask_at(90);

	put(&l, suspend(100), 100);
	compile(&l);
	ask.side = PV_SIDE_TAKE;
	tap_ok(reason_of(&l, &ask) == PV_WHY_NOT_BARRED, "who takes asks for no agreement");
	ask.now_s = 100;
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED, "but obeys orders");
	close_log(&l);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

#define MANY 40

static void
test_many(void)
{
	struct log l = open_log();
	struct pv_slice topics[MANY], custodians[MANY], parties[MANY];
	struct pv_request ask = ask_at(200);
	struct pv_record r = suspend(100);

	agree(&l, 50);
	for (size_t i = 0; i < MANY; i++) {
		topics[i] = pv_arena_printf(l.a, "topic%zu", i);
		parties[i] = pv_arena_printf(l.a, "us.unit%zu", i);
		term(&l, PV_TOPIC, pv_arena_str(l.a, topics[i]));
		party(&l, pv_arena_str(l.a, parties[i]));
		custodians[i] = parties[i];
	}
	ask.matter.topics = LIST(topics);
	ask.matter.custodians = LIST(custodians);
	compile(&l);
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT,
	    "forty topics and forty custodians are permitted one by one");
	r.order.topic = topics[MANY - 1];
	r.order.counterpart = (struct pv_names){ &parties[MANY - 1], 1 };
	put(&l, r, 100);
	compile(&l);
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED, "and barred by the last of them");
	ask.matter.topics.n--;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "but only by that one");
	r.order.topic = PV_NO_SLICE;
	r.order.counterpart = LIST(parties); /* more pairs than are spelled out */
	r.order.subject = LIST(co);
	put(&l, r, 100);
	compile(&l);
	tap_ok(
	    reason_of(&l, &ask) == PV_WHY_SUSPENDED, "an order with a long list bars each on it");
	ask.matter.custodians.n = 0;
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "and nobody else");
	ask.recipient = S("us");
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED, "but whoever is above one of them");
	close_log(&l);
}

static void
test_deep_sources(void)
{
	struct log l = open_log();
	struct pv_request ask = ask_at(200);
	struct pv_matter *m = &ask.matter;
	struct pv_matter chain[PV_SOURCES_DEEP + 2];

	agree(&l, 50);
	compile(&l);
	for (size_t i = 0; i < PV_SOURCES_DEEP + 2; i++) {
		chain[i] = (struct pv_matter){ .originator = S("co") };
		if (i + 1 < PV_SOURCES_DEEP + 2) {
			chain[i].sources = &chain[i + 1];
			chain[i].source_count = 1;
		}
	}
	m->source_count = 1;
	m->sources = &chain[2];
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "sources of sources are followed");
	m->sources = &chain[1];
	tap_ok(reason_of(&l, &ask) == PV_WHY_NO_AGREEMENT,
	    "too deep, they are not known, and not permitted");
	close_log(&l);
}

/* ---- the overlay ---------------------------------------------------------------------------- */

static void
test_overlay(void)
{
	struct log l = open_log();
	struct pv_record r = suspend(100);
	struct pv_request ask = ask_at(200);

	agree(&l, 50);
	compile(&l);
	pv_overlay_add(l.overlay, l.s, put(&l, r, 100));
	tap_ok(
	    reason_of(&l, &ask) == PV_WHY_SUSPENDED, "a new order bars before the next snapshot");
	pv_overlay_clear(l.overlay);
	tap_ok(reason_of(&l, &ask) == PV_WHY_AGREEMENT, "the snapshot alone does not know it");
	pv_overlay_add(l.overlay, l.s, agree(&l, 150));
	tap_ok(!pv_overlay_closed(l.overlay) && pv_overlay_count(l.overlay) == 0,
	    "an agreement waits for the build");
	r.order.topic = S("boats");
	ask.matter.topics = (struct pv_names){ &r.order.topic, 1 };
	for (unsigned i = 0; i < PV_OVERLAY_MAX; i++)
		pv_overlay_add(l.overlay, l.s, put(&l, r, 160));
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED, "a full overlay still answers");
	pv_overlay_add(l.overlay, l.s, put(&l, r, 160));
	tap_ok(reason_of(&l, &ask) == PV_WHY_STALE, "one more closes it");
	pv_overlay_clear(l.overlay);
	compile(&l);
	tap_ok(reason_of(&l, &ask) == PV_WHY_SUSPENDED, "until the next snapshot");
	pv_overlay_add(
	    l.overlay, l.s, put(&l, SET(PV_RECALL, .recall = { .report = S("r-1") }), 170));
	tap_ok(pv_overlay_closed(l.overlay), "a recall closes it");
	pv_overlay_clear(l.overlay);
	r = SET(PV_PARTY, .issuer = S("jtf"), .party = { .name = S("jtf"), .members = LIST(us) });
	pv_overlay_add(l.overlay, l.s, put(&l, r, 180));
	tap_ok(pv_overlay_closed(l.overlay),
	    "so does a party with members, by whom orders cover more");
	close_log(&l);
}

/* ---- explanations --------------------------------------------------------------------------- */

static const struct pv_explained *
row_of(const struct pv_explanation *x, enum pv_step step, enum pv_effect effect)
{
	for (size_t i = 0; i < x->row_count; i++)
		if (x->rows[i].step == step && x->rows[i].effect == effect)
			return &x->rows[i];
	return NULL;
}

static void
test_explain(void)
{
	static const struct pv_slice attestors[] = { PV_SLICE("co"), PV_SLICE("un") },
				     un[] = { PV_SLICE("un") };
	static const struct pv_slice force[] = { PV_SLICE("force") };
	struct log l = open_log();
	const struct pv_explanation *x;
	const struct pv_explained *row;
	struct pv_record r = suspend(100);
	struct pv_request ask = ask_at(200);
	struct pv_origins in;

	term(&l, PV_PURPOSE, "force");
	agree(&l, 50);
	put(&l,
	    SET(PV_CONDITION, .id = S("strikes"),
		.condition = { .text = *some_text(),
		    .attestors = LIST(attestors),
		    .quorum = 2,
		    .window_s = 50 }),
	    90);
	r.order.holds_while = S("strikes");
	put(&l, r, 100);
	r = suspend(100);
	r.order.counterpart = LIST(un);
	put(&l, r, 110);
	in = compile(&l);
	ask.matter.never = LIST(force);
	x = pv_explain(&in, &ask, l.a);
	row = row_of(x, PV_STEP_ORDERS, PV_EFFECT_STOP);
	tap_ok(
	    x->reason == PV_WHY_SUSPENDED && row != NULL && row->rule.r->order.counterpart.at == us,
	    "an explanation names the order that stops");
	row = row_of(x, PV_STEP_ORDERS, PV_EFFECT_NOTHING);
	tap_ok(row != NULL && row->because == PV_BECAUSE_TAKER && pv_slice_is(row->name, "us.cg"),
	    "and the one that is near, but not about this taker");
	row = row_of(x, PV_STEP_AGREEMENTS, PV_EFFECT_PERMIT);
	tap_ok(row != NULL && x->then_agreements.n == 1, "and the agreement that would permit");
	tap_ok(row_of(x, PV_STEP_REPORT, PV_EFFECT_GO_ON) != NULL && x->still_barred.n == 1,
	    "and what the report bars in any case");
	tap_ok(x->change_count == 2 && x->changes[0].way == PV_WAY_LIFT &&
		   x->changes[1].way == PV_WAY_CONDITION &&
		   x->changes[0].group == x->changes[1].group && x->changes[1].quorum == 2 &&
		   x->changes[1].attestors.n == 2,
	    "either the lift or the end of the condition would do, and who may say it");
	ask.recipient = S("un");
	x = pv_explain(&in, &ask, l.a);
	row = row_of(x, PV_STEP_AGREEMENTS, PV_EFFECT_MISSING);
	tap_ok(x->reason == PV_WHY_SUSPENDED && row != NULL && pv_slice_is(row->taker, "un") &&
		   x->then_agreements.n == 0,
	    "without an agreement the lift alone would not help");
	close_log(&l);
}

int
main(void)
{
	test_order_times();
	test_lift_times();
	test_agreement_times();
	test_recall();
	test_condition();
	test_ids();
	test_obligations();
	test_take();
	test_many();
	test_deep_sources();
	test_overlay();
	test_explain();
	return tap_done();
}
