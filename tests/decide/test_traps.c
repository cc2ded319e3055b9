/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other systems got wrong, one case each: a rule that cannot be evaluated
 * must not vanish, an empty list is not everybody, more words never give more,
 * nobody passes by rank, and no answer comes from an old policy.
 */
#include "tap.h"
#include "world.h"

#define S(text) PV_SLICE(text)

struct scene {
	struct world *w;
	struct pv_state *log;
	struct pv_record order, agreement; /* the only ones; kind PV_KIND_NONE: none */
	struct pv_request ask;
};

/* co has an agreement with us for law.interdict; the coast guard asks for a report on a vessel. */
static void
set(struct scene *c)
{
	static const char *const parties[] = { "co", "co.navy", "us", "us.cg", "us.cg.east", "uk" };
	static const char *const topics[] = { "narcotics", "narcotics.maritime", "fishing" };
	static const char *const purposes[] = { "law", "law.interdict", "law.detain", "force",
		"force.strike", "safety" };

	c->w = world_new();
	c->log = world_log(c->w, "co", "");
	for (size_t i = 0; i < sizeof(parties) / sizeof(*parties); i++)
		world_party(c->w, c->log, parties[i]);
	for (size_t i = 0; i < sizeof(topics) / sizeof(*topics); i++)
		world_term(c->w, c->log, PV_TOPIC, topics[i]);
	for (size_t i = 0; i < sizeof(purposes) / sizeof(*purposes); i++)
		world_term(c->w, c->log, PV_PURPOSE, purposes[i]);
	world_term(c->w, c->log, PV_REGION, "caribbean");
	world_term(c->w, c->log, PV_CHANNEL, "taxii");

	c->agreement = (struct pv_record){ .kind = PV_AGREEMENT, .issuer = S("co") };
	c->agreement.agreement.from = S("co");
	c->agreement.agreement.to = S("us");
	c->agreement.agreement.purposes = world_names(c->w, "law safety");
	c->agreement.agreement.custody = true;

	c->order = (struct pv_record){ .issuer = S("co") };
	c->order.order.kind = PV_SUSPEND;
	c->order.order.subject = world_names(c->w, "co");
	c->order.order.counterpart = world_names(c->w, "us");
	c->order.order.direction = PV_BOTH;

	c->ask.matter.originator = S("co.navy");
	c->ask.matter.topics = world_names(c->w, "narcotics.maritime");
	c->ask.matter.regions = world_names(c->w, "caribbean");
	c->ask.recipient = S("us.cg");
	c->ask.purpose = S("law.interdict");
	c->ask.channel = S("taxii");
	c->ask.now_s = c->ask.signed_s = 100;
}

static void
with_order(struct scene *c)
{
	c->order.kind = PV_ORDER;
}

/* ---- unknown constraint dropped (EDC) ------------------------------------------------------- */

static void
order_on_unknown_topic(struct scene *c)
{
	with_order(c);
	c->order.order.topic = S("piracy"); /* nobody declared it */
}

static void
order_on_unknown_purpose(struct scene *c)
{
	with_order(c);
	c->order.order.kind = PV_RESTRICT;
	c->order.order.purposes = world_names(c->w, "coercion");
}

static void
order_on_unknown_channel(struct scene *c)
{
	with_order(c);
	c->order.order.has_channels = true;
	c->order.order.channels = world_names(c->w, "pigeon");
}

static void
agreement_on_unknown_topic(struct scene *c)
{
	c->agreement.agreement.topic = S("piracy");
}

static void
agreement_while_unknown(struct scene *c)
{
	c->agreement.agreement.holds_while = S("no-such-condition");
}

static struct pv_exception exception;

static void
exception_of_unknown(struct scene *c)
{
	with_order(c);
	exception = (struct pv_exception){ .purpose = S("law.interdict"), .topic = S("piracy") };
	c->order.order.except = (struct pv_exceptions){ &exception, 1 };
}

static void
exception_for_unknown_topic(struct scene *c)
{
	with_order(c);
	exception = (struct pv_exception){ .purpose = S("law"), .topic = S("narcotics") };
	c->order.order.except = (struct pv_exceptions){ &exception, 1 };
	c->ask.matter.topics.n = 0;
}

static void
exception_known(struct scene *c)
{
	with_order(c);
	exception = (struct pv_exception){ .purpose = S("law"), .topic = S("narcotics") };
	c->order.order.except = (struct pv_exceptions){ &exception, 1 };
}

/* ---- erroring forbid ignored (Cedar) -------------------------------------------------------- */

static void
order_while_missing(struct scene *c)
{
	with_order(c);
	c->order.order.holds_while = S("no-such-condition");
}

static void
never_unknown(struct scene *c)
{
	c->ask.matter.never = world_names(c->w, "coercion");
}

static void
purpose_unknown_with_never(struct scene *c)
{
	c->ask.matter.never = world_names(c->w, "force");
	c->ask.purpose = S("target-practice");
}

static void
purpose_broad_with_never(struct scene *c)
{
	c->ask.matter.never = world_names(c->w, "law.detain");
	c->ask.purpose = S("law");
}

static void
purpose_unknown_with_restrict(struct scene *c)
{
	with_order(c);
	c->order.order.kind = PV_RESTRICT;
	c->order.order.purposes = world_names(c->w, "force");
	c->ask.purpose = S("target-practice");
}

/* ---- empty group = everybody (MISP#4200) ---------------------------------------------------- */

static void
releasable_to_nobody(struct scene *c)
{
	c->ask.matter.has_releasable_to = true;
}

static void
agreement_without_purposes(struct scene *c)
{
	c->agreement.agreement.purposes.n = 0;
}

static void
agreement_with_no_channel(struct scene *c)
{
	c->agreement.agreement.has_channels = true;
}

static void
order_with_empty_purposes(struct scene *c)
{
	with_order(c);
	c->order.order.has_purposes = true; /* an empty limit of a bar is no limit */
}

static void
order_with_empty_channels(struct scene *c)
{
	with_order(c);
	c->order.order.has_channels = true;
}

static void
recipient_empty(struct scene *c)
{
	c->ask.recipient = PV_NO_SLICE;
}

/* ---- rank order widening access (opencti#1984) ---------------------------------------------- */

static void
second_topic(struct scene *c)
{
	c->agreement.agreement.topic = S("narcotics");
	c->ask.matter.topics = world_names(c->w, "narcotics.maritime fishing");
}

static void
broader_recipient(struct scene *c)
{
	c->agreement.agreement.to = S("us.cg");
	c->ask.recipient = S("us");
}

static void
broader_purpose(struct scene *c)
{
	c->agreement.agreement.purposes = world_names(c->w, "law.interdict");
	c->ask.purpose = S("law");
}

static void
broader_recipient_meets(struct scene *c)
{
	with_order(c);
	c->order.order.counterpart = world_names(c->w, "us.cg.east");
	c->ask.recipient = S("us");
}

static void
name_with_same_start(struct scene *c)
{
	world_party(c->w, c->log, "us-friends");
	c->ask.recipient = S("us-friends");
}

/* ---- admin bypass (opencti#3133) ------------------------------------------------------------ */

static void
originator_asks_itself(struct scene *c)
{
	c->agreement.kind = PV_KIND_NONE;
	c->ask.recipient = c->ask.matter.originator;
}

static void
root_asks_for_its_own(struct scene *c)
{
	c->agreement.kind = PV_KIND_NONE;
	c->ask.recipient = S("co");
}

static void
safety_under_order(struct scene *c)
{
	with_order(c);
	c->ask.purpose = S("safety");
}

static void
grant_of_what_is_not_grantable(struct scene *c)
{
	struct pv_record r = { .kind = PV_TERM };

	r.term.tree = PV_PURPOSE;
	r.term.name = S("kill");
	r.term.not_grantable = true;
	world_add(c->w, c->log, r, 0);
	world_term(c->w, c->log, PV_PURPOSE, "kill.quickly");
	c->agreement.agreement.purposes = world_names(c->w, "kill kill.quickly law");
	c->ask.purpose = S("kill.quickly");
}

/* ---- labels dropped on the way (connectors#6172) -------------------------------------------- */

static void
lost_topics_order(struct scene *c)
{
	with_order(c);
	c->order.order.topic = S("fishing");
	c->ask.matter.topics.n = c->ask.matter.regions.n = 0;
}

static void
lost_topics_agreement(struct scene *c)
{
	c->agreement.agreement.topic = S("narcotics");
	c->ask.matter.topics.n = 0;
}

static void
lost_channel(struct scene *c)
{
	with_order(c);
	c->order.order.has_channels = true;
	c->order.order.channels = world_names(c->w, "taxii");
	c->ask.channel = PV_NO_SLICE;
}

static struct pv_matter source;

static void
source_forbids(struct scene *c)
{
	source = c->ask.matter;
	source.never = world_names(c->w, "law.interdict");
	c->ask.matter.sources = &source;
	c->ask.matter.source_count = 1;
}

static void
source_of_another(struct scene *c)
{
	source = c->ask.matter;
	source.originator = S("uk");
	c->ask.matter.sources = &source;
	c->ask.matter.source_count = 1;
}

static void
through_a_custodian(struct scene *c)
{
	with_order(c);
	c->order.order.counterpart = world_names(c->w, "uk");
	c->ask.matter.custodians = world_names(c->w, "uk");
}

/* ---- restart into stale policy (opa#2097) --------------------------------------------------- */

static void
without_proof(struct scene *c)
{
	c->ask.stale = true;
}

static void
overlay_closed(struct scene *c)
{
	struct pv_record r = { .kind = PV_PEER };

	pv_overlay_add(c->w->overlays[0], c->log, world_add(c->w, c->log, r, 0));
}

static void
order_only_in_overlay(struct scene *c)
{
	struct world *other = c->w;
	struct pv_fact *f;

	with_order(c);
	f = world_add(other, c->log, c->order, 0);
	c->order.kind = PV_KIND_NONE;
	f->ended =
	    0; /* the snapshot sees it as lifted long ago: what bars must come from the overlay */
	pv_overlay_add(other->overlays[0], c->log,
	    &(struct pv_fact){ .r = f->r, .index = f->index, .ended = PV_NEVER });
}

static void
nothing_wrong(struct scene *c)
{
	(void)c;
}

static const struct {
	const char *name;
	void (*change)(struct scene *c);
	enum pv_reason want;
} cases[] = {
	{ "the scene itself is permitted", nothing_wrong, PV_WHY_AGREEMENT },

	{ "unknown constraint: an order on an undeclared topic bars every topic",
	    order_on_unknown_topic, PV_WHY_SUSPENDED },
	{ "unknown constraint: a restriction to an undeclared purpose bars every purpose",
	    order_on_unknown_purpose, PV_WHY_RESTRICTED },
	{ "unknown constraint: an order on an undeclared channel bars every channel",
	    order_on_unknown_channel, PV_WHY_SUSPENDED },
	{ "unknown constraint: an agreement on an undeclared topic permits nothing",
	    agreement_on_unknown_topic, PV_WHY_NO_AGREEMENT },
	{ "unknown constraint: an agreement whose condition is missing permits nothing",
	    agreement_while_unknown, PV_WHY_NO_AGREEMENT },
	{ "unknown constraint: an exception of an undeclared topic excepts nothing",
	    exception_of_unknown, PV_WHY_SUSPENDED },
	{ "unknown constraint: an exception by topic does not hold for a report without one",
	    exception_for_unknown_topic, PV_WHY_SUSPENDED },
	{ "an exception that is known and under does hold", exception_known, PV_WHY_AGREEMENT },

	{ "erroring forbid: an order whose condition is missing is in force", order_while_missing,
	    PV_WHY_SUSPENDED },
	{ "erroring forbid: a never that nobody declared meets every purpose", never_unknown,
	    PV_WHY_REPORT_FORBIDS },
	{ "erroring forbid: an undeclared purpose is met by any never", purpose_unknown_with_never,
	    PV_WHY_REPORT_FORBIDS },
	{ "erroring forbid: a purpose above a never is met by it", purpose_broad_with_never,
	    PV_WHY_REPORT_FORBIDS },
	{ "erroring forbid: an undeclared purpose is covered by any restriction",
	    purpose_unknown_with_restrict, PV_WHY_RESTRICTED },

	{ "empty group: releasable to an empty list is to nobody", releasable_to_nobody,
	    PV_WHY_NOT_RELEASABLE },
	{ "empty group: an agreement without purposes permits none", agreement_without_purposes,
	    PV_WHY_NO_AGREEMENT },
	{ "empty group: an agreement with an empty list of channels permits none",
	    agreement_with_no_channel, PV_WHY_NO_AGREEMENT },
	{ "empty group: an order with an empty list of purposes bars all",
	    order_with_empty_purposes, PV_WHY_SUSPENDED },
	{ "empty group: an order with an empty list of channels bars all",
	    order_with_empty_channels, PV_WHY_SUSPENDED },
	{ "empty group: a recipient without a name is nobody", recipient_empty,
	    PV_WHY_NO_AGREEMENT },

	{ "rank order: a second topic outside the agreement takes the permission away",
	    second_topic, PV_WHY_NO_AGREEMENT },
	{ "rank order: a broader recipient is not under the agreement", broader_recipient,
	    PV_WHY_NO_AGREEMENT },
	{ "rank order: a broader purpose is not under the agreement", broader_purpose,
	    PV_WHY_NO_AGREEMENT },
	{ "rank order: a broader recipient meets an order on one of its own",
	    broader_recipient_meets, PV_WHY_SUSPENDED },
	{ "rank order: us-friends is not under us", name_with_same_start, PV_WHY_NO_AGREEMENT },

	{ "admin bypass: the originator itself needs an agreement", originator_asks_itself,
	    PV_WHY_NO_AGREEMENT },
	{ "admin bypass: so does the root", root_asks_for_its_own, PV_WHY_NO_AGREEMENT },
	{ "admin bypass: no purpose beats an order that does not except it", safety_under_order,
	    PV_WHY_SUSPENDED },
	{ "admin bypass: what is below a term that is not grantable is never permitted",
	    grant_of_what_is_not_grantable, PV_WHY_NO_AGREEMENT },

	{ "labels dropped: a report that lost topic and region meets every order",
	    lost_topics_order, PV_WHY_SUSPENDED },
	{ "labels dropped: and no agreement on a topic", lost_topics_agreement,
	    PV_WHY_NO_AGREEMENT },
	{ "labels dropped: a request without a channel meets an order on any", lost_channel,
	    PV_WHY_SUSPENDED },
	{ "labels dropped: a derived report keeps what its source forbids", source_forbids,
	    PV_WHY_REPORT_FORBIDS },
	{ "labels dropped: a derived report needs what its source needs", source_of_another,
	    PV_WHY_NO_AGREEMENT },
	{ "labels dropped: a stop holds for the copy in custody of a third", through_a_custodian,
	    PV_WHY_SUSPENDED },

	{ "stale policy: without a fresh proof nothing is permitted", without_proof, PV_WHY_STALE },
	{ "stale policy: an act that the overlay cannot hold closes it", overlay_closed,
	    PV_WHY_STALE },
	{ "stale policy: an order bars before it is compiled", order_only_in_overlay,
	    PV_WHY_SUSPENDED },
};

static enum pv_reason
answer(struct scene *c)
{
	struct pv_decision d = { 0 };
	struct pv_origins in;

	if (c->agreement.kind != PV_KIND_NONE)
		world_add(c->w, c->log, c->agreement, 0);
	if (c->order.kind != PV_KIND_NONE)
		world_add(c->w, c->log, c->order, 0);
	world_compile(c->w);
	in = world_origins(c->w);
	pv_decide(&in, &c->ask, &d);
	if ((d.answer == PV_RELEASE) != (d.reason == PV_WHY_AGREEMENT))
		return PV_WHY_NONE;
	return d.reason;
}

int
main(void)
{
	struct pv_decision d = { .answer = PV_RELEASE };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct scene c = { 0 };
		enum pv_reason got;
		set(&c);
		cases[i].change(&c);
		got = answer(&c);
		if (!tap_ok(got == cases[i].want, "%s", cases[i].name))
			tap_note(
			    "got %s, want %s", pv_reason_name(got), pv_reason_name(cases[i].want));
		world_free(c.w);
	}
	pv_decide(&(struct pv_origins){ 0 }, &(struct pv_request){ 0 }, &d);
	tap_ok(d.answer == PV_REFUSE && d.reason == PV_WHY_STALE,
	    "stale policy: with no log at all everything is refused");
	return tap_done();
}
