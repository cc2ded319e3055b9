/* SPDX-License-Identifier: Apache-2.0 */
/* Doors: who is who, what an order stops at them and what it leaves alone; and decisions for others who ask. */
#include "desk/door.h"

#include "desk/batch.h"
#include "desk/evaluate.h"
#include "desk/test_homes.h"

#define PARTY_AT(name, domains, more)                                                           \
	"{\"record\":\"party\",\"id\":\"pd-" name "\",\"name\":\"" name "\",\"names\":{}," more \
	"\"domains\":[" domains "]}\n"
#define TLS(id, party, binding)                                    \
	"{\"record\":\"key\",\"id\":\"" id "\",\"party\":\"" party \
	"\",\"use\":\"tls\",\"binding\":\"" binding "\",\"from\":\"2026-01-01T00:00:00Z\"}\n"
#define SPKI "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct pv_desk *
take_house(void)
{
	struct pv_desk *d = take_home("co");

	applies(d,
	    TERM("tc1", "channel", "mail") TERM("tc2", "channel", "web") TERM("tc3", "channel",
		"file") PARTY_AT("co.army", "\"army.co.example\"", "\"desk\":\"+57 1 555 0100\",")
		PARTY_AT("co.police", "\"police.co.example\"", "") PARTY_AT("us.dea",
		    "\"dea.example\"", "") PARTY_AT("us.marshals", "\"marshals.example\"", "")
		    TLS("k-1", "us.dea", SPKI) TLS("k-2", "us.dea", "address:198.51.100.0/24")
			TLS("k-3", "us.marshals", "address:198.51.100.7")
			    TLS("k-4", "us.dea", "header:x-door-user=agent")
				TLS("k-5", "us.dea", "address:2001:db8::/32"),
	    "a house with domains and bindings");
	return d;
}

static struct pv_door_answer
mail(struct pv_desk *d, const char *from, const char *to)
{
	struct pv_door_ask ask = { .channel = PV_SLICE("mail"),
		.sender = pv_slice_of(from),
		.recipient = pv_slice_of(to),
		.address = PV_SLICE("203.0.113.9") };
	struct pv_door_answer out = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_home_refresh(d, &e)) || !pv_ok(pv_desk_door(d, &ask, arena, &out, &e)))
		tap_ok(false, "a door answers: %s", e.what);
	return out;
}

static struct pv_door_answer
web(struct pv_desk *d, struct pv_door_ask ask)
{
	struct pv_door_answer out = { 0 };
	struct pv_err e = { 0 };

	ask.channel = PV_SLICE("web");
	if (!pv_ok(pv_home_refresh(d, &e)) || !pv_ok(pv_desk_door(d, &ask, arena, &out, &e)))
		tap_ok(false, "a door answers: %s", e.what);
	return out;
}

struct mail_row {
	const char *from, *to;
	enum pv_door_say say;
	const char *name;
};

static void
mails(struct pv_desk *d, const struct mail_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tap_ok(mail(d, rows[i].from, rows[i].to).say == rows[i].say, "%s", rows[i].name);
}
#define MAILS(d, rows) mails((d), (rows), sizeof(rows) / sizeof((rows)[0]))

static void
stopped_mail(void)
{
	static const struct mail_row before[] = {
		{ "a@army.co.example", "x@dea.example", PV_DOOR_PASS,
		    "without an order mail passes" },
		{ "x@dea.example", "a@army.co.example", PV_DOOR_PASS, "both ways" },
	};
	static const struct mail_row after[] = {
		{ "a@army.co.example", "x@dea.example", PV_DOOR_REFUSE,
		    "what is given is stopped" },
		{ "x@dea.example", "a@army.co.example", PV_DOOR_REFUSE, "and what is taken" },
		{ "x@DEA.Example", "a@Army.Co.Example.", PV_DOOR_REFUSE, "in any case" },
		{ "x@mail.dea.example", "a@army.co.example", PV_DOOR_REFUSE,
		    "from below their domain" },
		{ "x@notdea.example", "a@army.co.example", PV_DOOR_PASS,
		    "a name that ends alike passes" },
		{ "a@army.co.example", "b@police.co.example", PV_DOOR_PASS, "inner mail passes" },
		{ "x@dea.example", "b@police.co.example", PV_DOOR_PASS,
		    "another service's mail with them passes" },
		{ "x@marshals.example", "a@army.co.example", PV_DOOR_PASS,
		    "another partner's passes" },
		{ "s@stranger.example", "a@army.co.example", PV_DOOR_PASS, "a stranger's passes" },
		{ "", "a@army.co.example", PV_DOOR_PASS, "a bounce passes" },
		{ "a@army.co.example", "x%dea.example@relay.example", PV_DOOR_REFUSE,
		    "a domain behind a percent sign counts" },
		{ "a@army.co.example", "dea.example!x@relay.example", PV_DOOR_REFUSE,
		    "and one before a bang" },
		{ "a@army.co.example", "x@[198.51.100.9]", PV_DOOR_REFUSE,
		    "and an address that is theirs" },
		{ "a@army.co.example", "x@[IPv6:2001:db8::25]", PV_DOOR_REFUSE, "of either kind" },
		{ "a@army.co.example", "@a.example,@b.example:x@dea.example", PV_DOOR_REFUSE,
		    "and what stands behind a route" },
		{ "a@army.co.example", "", PV_DOOR_PASS, "no recipient is nobody's" },
		{ "x@dea.example", "s@stranger.example", PV_DOOR_REFUSE,
		    "through us to a stranger: this house may be the army's" },
		{ "s@stranger.example", "t@stranger.example", PV_DOOR_PASS,
		    "between strangers it passes" },
	};
	struct pv_door_answer a;
	struct pv_door_ask by = { .recipient = PV_SLICE("a@army.co.example"),
		.channel = PV_SLICE("mail"),
		.sender = PV_SLICE("s@stranger.example"),
		.spki = PV_SLICE(SPKI) };
	struct pv_err e = { 0 };
	struct pv_desk *d;

	new_case("an order stops mail with a counterpart, and nothing else");
	d = take_house();
	MAILS(d, before);
	applies(
	    d, ORDER("o-1", "co.army", "us.dea", "\"public\":true"), "the army stops with them");
	MAILS(d, after);
	a = mail(d, "a@army.co.example", "x@dea.example");
	tap_ok(pv_slice_is(a.order, "o-1") && pv_slice_is(a.issuer, "co") && a.reference.n == 9,
	    "the public order is named, and its issuer");
	tap_ok(a.known && pv_slice_is(a.giver, "co.army") && pv_slice_is(a.taker, "us.dea"),
	    "between these two");
	good(pv_desk_door(d, &by, arena, &a, &e), &e,
	    "a stranger's envelope with their certificate");
	tap_ok(a.say == PV_DOOR_REFUSE, "is refused: an envelope proves nothing");
	applies(d,
	    "{\"record\":\"lift\",\"id\":\"l-1\",\"order\":\"o-1\",\"reopen\":\"release\"}\n",
	    "it is lifted");
	MAILS(d, before);
	pv_desk_close(d);
}

static void
hidden_and_scoped(void)
{
	struct pv_door_ask ask = { .channel = PV_SLICE("mail"),
		.sender = PV_SLICE("a@army.co.example"),
		.recipient = PV_SLICE("x@dea.example") };
	struct pv_door_answer a;
	struct pv_err e = { 0 };
	struct pv_desk *d;

	new_case("orders that are not public, and orders about something");
	d = take_house();
	applies(d, ORDER("o-1", "co", "us.dea", "\"topic\":\"narcotics\",\"public\":true"),
	    "an order about a topic");
	tap_ok(mail(d, "a@army.co.example", "x@dea.example").say == PV_DOOR_PASS,
	    "does not meet a route without a label");
	ask.topic = PV_SLICE("narcotics.maritime");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "a route with a label");
	tap_ok(a.say == PV_DOOR_REFUSE, "is met by it");
	ask.topic = PV_SLICE("never-declared");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "a label that is not known");
	tap_ok(a.say == PV_DOOR_REFUSE, "is met by it too");
	ask.topic = PV_NO_SLICE;
	ask.delivery = true;
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "at delivery");
	tap_ok(a.say == PV_DOOR_PASS, "it is the same");
	applies(d,
	    ORDER("o-2", "co", "us.dea",
		"\"topic\":\"narcotics\",\"channels\":[\"mail\"],\"public\":false"),
	    "an order that names the channel");
	a = mail(d, "a@army.co.example", "x@dea.example");
	tap_ok(a.say == PV_DOOR_REFUSE, "meets a route without a label");
	tap_ok(a.order.n == 0 && a.issuer.n == 0 && a.reference.n == 9,
	    "one that is not public is not named");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.9") }).say == PV_DOOR_PASS,
	    "the web is another channel");
	ask.house = PV_SLICE("co.typo");
	refused_as(pv_desk_door(d, &ask, arena, &a, &e), &e, PV_E_INPUT, "no party",
	    "a house that is not known is an error");
	tap_ok(a.say == PV_DOOR_REFUSE, "which refuses");
	pv_desk_close(d);
}

static void
delivered(void)
{
	struct pv_door_ask ask = { .channel = PV_SLICE("mail"), .delivery = true };
	static const struct mail_row rows[] = {
		{ NULL, "x@dea.example", PV_DOOR_REFUSE, "what this house gives them is stopped" },
		{ NULL, "dea.example", PV_DOOR_REFUSE, "a look-up of the domain alone too" },
		{ NULL, ".dea.example", PV_DOOR_REFUSE, "and of all below it" },
		{ NULL, "a@army.co.example", PV_DOOR_PASS, "inner mail passes" },
		{ NULL, "s@stranger.example", PV_DOOR_PASS, "a stranger's passes" },
		{ NULL, "*", PV_DOOR_PASS, "no recipient passes" },
	};
	struct pv_door_answer a;
	struct pv_err e = { 0 };
	struct pv_desk *d;

	new_case("at delivery the sender is not known");
	d = take_house();
	applies(d, ORDER("o-1", "co", "us.dea", "\"public\":true"), "all of co stops with them");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask.recipient = pv_slice_of(rows[i].to);
		good(pv_desk_door(d, &ask, arena, &a, &e), &e, "a look-up is answered");
		tap_ok(a.say == rows[i].say, "%s", rows[i].name);
	}
	pv_desk_close(d);

	new_case("an order about one of several who share a mail server");
	d = take_house();
	applies(
	    d, ORDER("o-1", "co.army", "us.dea", "\"public\":true"), "the army stops with them");
	ask.recipient = PV_SLICE("x@dea.example");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "the house delivers to them");
	tap_ok(a.say == PV_DOOR_LATER && a.held && pv_slice_is(a.order, "o-1"),
	    "it waits: it may be the army's");
	ask.house = PV_SLICE("co.army");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "the army's own server");
	tap_ok(a.say == PV_DOOR_REFUSE && !a.held, "is refused");
	ask.house = PV_SLICE("co.police");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "another service's");
	tap_ok(a.say == PV_DOOR_PASS, "passes");
	ask.house = PV_NO_SLICE;
	ask.recipient = PV_SLICE("x@marshals.example");
	good(pv_desk_door(d, &ask, arena, &a, &e), &e, "to another partner");
	tap_ok(a.say == PV_DOOR_PASS, "it passes");
	pv_desk_close(d);
}

static void
at_the_web(void)
{
	struct pv_desk *d;

	new_case("who is at a web server's door");
	d = take_house();
	applies(d, ORDER("o-1", "co", "us.dea", "\"public\":true"), "all of co stops with them");
	tap_ok(web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.9") }).say ==
		   PV_DOOR_REFUSE,
	    "by address range");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.7") }).say == PV_DOOR_PASS,
	    "the longest range that fits says who");
	tap_ok(web(d, (struct pv_door_ask){ .address = PV_SLICE("::ffff:198.51.100.9") }).say ==
		   PV_DOOR_REFUSE,
	    "in IPv6's clothes too");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.101.9") }).say == PV_DOOR_PASS,
	    "an address beside it passes");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("192.0.2.1"), .spki = PV_SLICE(SPKI) })
		    .say == PV_DOOR_REFUSE,
	    "by certificate");
	tap_ok(web(d, (struct pv_door_ask){ .address = PV_SLICE("192.0.2.1"),
			  .headers = { &(struct pv_slice){ "x-door-user=agent", 17 }, 1 } })
		       .say == PV_DOOR_REFUSE,
	    "by header");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("no address") }).say == PV_DOOR_PASS,
	    "who cannot be read is a stranger");
	applies(d, ORDER("o-2", "co", "us.marshals", "\"public\":false"), "another partner");
	tap_ok(web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.7") }).order.n == 0,
	    "is not told of an order that is not public");
	pv_desk_close(d);
}

static void
one_way(void)
{
	struct pv_door_ask ask = { .address = PV_SLICE("198.51.100.9"), .direction = PV_GIVE };
	struct pv_desk *d;

	new_case("one direction");
	d = take_house();
	applies(d,
	    "{\"record\":\"order\",\"id\":\"o-1\",\"kind\":\"suspend\",\"subject\":[\"co\"],"
	    "\"counterpart\":[\"us.dea\"],\"direction\":\"give\",\"except\":[],"
	    "\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"es\":\"alto\"},"
	    "\"authentic\":\"es\",\"public\":true}\n",
	    "co no longer gives");
	tap_ok(web(d, ask).say == PV_DOOR_REFUSE, "a page is not given");
	ask.direction = PV_TAKE_IN;
	tap_ok(web(d, ask).say == PV_DOOR_PASS, "an upload is taken");
	ask.direction = PV_BOTH;
	tap_ok(web(d, ask).say == PV_DOOR_REFUSE, "what goes both ways is not");
	tap_ok(mail(d, "x@dea.example", "a@army.co.example").say == PV_DOOR_PASS,
	    "their mail still comes");
	tap_ok(mail(d, "a@army.co.example", "x@dea.example").say == PV_DOOR_REFUSE,
	    "ours does not go");
	pv_desk_close(d);
}

static void
stale(void)
{
	static const struct mail_row rows[] = {
		{ "a@army.co.example", "x@dea.example", PV_DOOR_LATER,
		    "what is between parties waits" },
		{ "x@dea.example", "a@army.co.example", PV_DOOR_LATER, "both ways" },
		{ "a@army.co.example", "b@police.co.example", PV_DOOR_PASS, "inner mail passes" },
		{ "s@stranger.example", "a@army.co.example", PV_DOOR_PASS, "a stranger's passes" },
	};
	uint64_t then = clock_ms;
	struct pv_desk *d;

	new_case("a gateway without a fresh proof");
	d = take_house();
	shell(pv_arena_printf(arena, "rm %s/co/keys/signer.key", here).p);
	pv_desk_close(d);
	d = open_home("co");
	clock_ms += 8ull * 86400 * 1000; /* the lease of the courier profile is a week */
	MAILS(d, rows);
	clock_ms = then;
	pv_desk_close(d);
}

static void
moved_domain(void)
{
	struct pv_desk *d;

	new_case("a domain that has moved");
	d = take_house();
	applies(d, ORDER("o-1", "co", "us.dea", "\"public\":true"), "an order");
	applies(d, "{\"record\":\"end\",\"id\":\"e-1\",\"of\":\"k-2\"}\n", "a binding ends");
	tap_ok(web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.9") }).say ==
		   PV_DOOR_REFUSE,
	    "who was known by it is known while nobody else is");
	applies(d, TLS("k-9", "co.police", "address:198.51.100.0/24"), "it is another's now");
	tap_ok(
	    web(d, (struct pv_door_ask){ .address = PV_SLICE("198.51.100.9") }).say == PV_DOOR_PASS,
	    "then it is the other's");
	pv_desk_close(d);
}

/* ---- evaluations ---- */

/* The fixture of the AuthZEN certification scenario, in our records: see docs/protocol/authzen.md. */
static void
make_records(struct pv_desk *d)
{
	applies(d,
	    TERM("x1", "purpose", "read") TERM("x2", "purpose", "write")
		TERM("x3", "purpose", "delete") TERM("x4", "purpose", "delete.soft-true")
		    TERM("x5", "topic", "active") TERM("x6", "topic", "archived") PARTY("co.user")
			PARTY("co.role") PARTY("co.user.alice") PARTY("co.user.bob")
			    PARTY_AT("co.role.admin", "", "\"members\":[\"co.user.bob\"],"),
	    "users, a role, actions");
	applies(d,
	    AGREE("a1", "co.user", "read", "") "[]}\n" AGREE("a2", "co.user.alice", "write",
		"\"topic\":\"active\",") "[]}\n" AGREE("a3", "co.user.alice", "delete.soft-true",
		"\"topic\":\"active\",") "[]}\n" AGREE("a4", "co.role.admin", "write", "") "[]}\n",
	    "who may what");
}

static void
share_as(struct pv_desk *d, const char *id, struct pv_slice topic)
{
	static const struct pv_slice region = { "caribbean", 9 },
				     to[] = { { "co.user", 7 }, { "co.role", 7 } };
	struct pv_share_ask ask = { .name = "record.txt" };
	struct pv_share_answer shared;
	struct pv_err e = { 0 };
	int fds[2];

	ask.label.id = pv_slice_of(id);
	ask.label.report.topics = (struct pv_names){ &topic, 1 };
	ask.label.report.regions = (struct pv_names){ &region, 1 };
	ask.label.report.has_releasable_to = true;
	ask.label.report.releasable_to = (struct pv_names){ to, 2 };
	if (pipe(fds) != 0 || write(fds[1], id, strlen(id)) < 0)
		abort();
	close(fds[1]);
	ask.fd = fds[0];
	good(pv_desk_share(d, &ask, arena, &shared, &e), &e, "a record is shared");
	close(fds[0]);
}

static struct pv_evaluate_answer
evaluate(struct pv_desk *d, const struct pv_caller *who, const struct pv_evaluate_ask *ask)
{
	struct pv_evaluate_answer out = { 0 };
	PV_AUTO(pv_batch_freep) struct pv_batch *b = pv_batch_new(d);
	struct pv_evaluating *v;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_evaluate_begin(&v, b, who, ask, arena, &e)) ||
	    !pv_ok(pv_batch_commit(b, &e)) || !pv_ok(pv_evaluate_finish(v, b, &out, &e)))
		tap_ok(false, "it is evaluated: %s", e.what);
	return out;
}

static struct pv_evaluation
question(const char *type, const char *subject, const char *action, const char *report)
{
	return (struct pv_evaluation){ .subject_type = pv_slice_of(type),
		.subject = pv_slice_of(subject),
		.action = pv_slice_of(action),
		.resource_type = PV_SLICE("record"),
		.resource = pv_slice_of(report) };
}

static bool
decides(struct pv_desk *d, const struct pv_caller *who, struct pv_evaluation q)
{
	struct pv_evaluate_ask ask = { .rows = &q, .count = 1 };
	struct pv_evaluate_answer a = evaluate(d, who, &ask);

	return a.count == 1 && a.rows[0].status == 0 && a.rows[0].decision;
}

static const struct pv_caller enforcer = { .known = true,
	.party = { "co", 2 },
	.person = { "pep", 3 },
	.roles = PV_ROLE_OFFICER,
	.own = true,
	.until_s = PV_NEVER };

static void
certification(void)
{
	static const struct pv_slice admin = { "role=admin", 10 }, manager = { "role=manager", 12 },
				     soft = { "soft=true", 9 }, hard = { "soft=false", 10 };
	struct pv_evaluation q;
	struct pv_desk *d;
	uint64_t entries;

	new_case("the eight decisions of the certification scenario");
	d = take_home("co");
	make_records(d);
	share_as(d, "record-1", PV_SLICE("active"));
	share_as(d, "record-2", PV_SLICE("archived"));
	entries = journal_count(d, "evaluated");
	tap_ok(
	    decides(d, &enforcer, question("user", "alice", "read", "record-1")), "1: alice reads");
	tap_ok(decides(d, &enforcer, question("user", "alice", "write", "record-1")),
	    "2: alice writes");
	tap_ok(decides(d, &enforcer, question("user", "bob", "read", "record-1")), "3: bob reads");
	tap_ok(!decides(d, &enforcer, question("user", "bob", "write", "record-1")),
	    "4: bob does not write");
	tap_ok(!decides(d, &enforcer, question("user", "alice", "write", "record-2")),
	    "5: alice does not write what is archived");
	q = question("user", "bob", "write", "record-2");
	q.subject_says = (struct pv_names){ &admin, 1 };
	tap_ok(decides(d, &enforcer, q), "6: bob as admin writes what is archived");
	q = question("user", "alice", "delete", "record-1");
	q.action_says = (struct pv_names){ &soft, 1 };
	tap_ok(decides(d, &enforcer, q), "7: alice deletes softly");
	q.action_says = (struct pv_names){ &hard, 1 };
	tap_ok(!decides(d, &enforcer, q), "8: and not else");
	tap_ok(journal_count(d, "evaluated") == entries + 8, "each has its entry");
	q = question("user", "alice", "write", "record-2");
	q.subject_says = (struct pv_names){ &admin, 1 };
	tap_ok(!decides(d, &enforcer, q), "a role in which the log does not have her is none");
	q = question("user", "alice", "read", "record-1");
	q.subject_says = (struct pv_names){ &manager, 1 };
	tap_ok(decides(d, &enforcer, q), "a role that is not known says nothing");
	q = question("user", "alice", "write", "record-2");
	q.topics = (struct pv_names){ &(struct pv_slice){ "active", 6 }, 1 };
	tap_ok(!decides(d, &enforcer, q), "what is said of a report that is held here is ignored");
	pv_desk_close(d);
}

static void
semantics(void)
{
	static const enum pv_evaluations how[] = { PV_EVALUATE_ALL, PV_EVALUATE_TO_DENY,
		PV_EVALUATE_TO_PERMIT };
	static const size_t counts[] = { 4, 2, 1 };
	struct pv_evaluation rows[4];
	struct pv_evaluate_ask ask = { .rows = rows, .count = 4 };
	struct pv_evaluate_answer a;
	struct pv_desk *d;
	uint64_t entries;

	new_case("several at once");
	d = take_home("co");
	share(d, "r-1", "a boat");
	rows[0] = question("party", "us", "law.interdict", "r-1");
	rows[1] = question("party", "us", "strike", "r-1");
	rows[2] = (struct pv_evaluation){ .wrong = PV_SLICE("resource is missing") };
	rows[3] = question("party", "ca", "law.interdict", "r-1");
	entries = journal_count(d, "evaluated");
	for (size_t i = 0; i < 3; i++) {
		ask.how = how[i];
		a = evaluate(d, &enforcer, &ask);
		tap_ok(a.count == counts[i], "%s", pv_evaluations_words[how[i]]);
	}
	tap_ok(journal_count(d, "evaluated") == entries + 3, "one entry for all of a request");
	ask.how = PV_EVALUATE_ALL;
	a = evaluate(d, &enforcer, &ask);
	tap_ok(a.rows[0].decision && !a.rows[1].decision && !a.rows[2].decision &&
		   a.rows[2].status == 400 && a.rows[3].decision,
	    "each its own decision");
	tap_ok(pv_slice_is(a.rows[1].reason, "report-forbids") && a.rows[1].reference.n == 9,
	    "an officer is told why");
	pv_desk_close(d);
}

static void
who_may_ask(void)
{
	struct pv_caller us = { .known = true,
		.party = PV_SLICE("us"),
		.roles = PV_ROLE_ANALYST,
		.until_s = PV_NEVER };
	struct pv_caller pep = enforcer;
	struct pv_evaluation q;
	struct pv_evaluate_ask ask = { .rows = &q, .count = 1 };
	struct pv_evaluate_answer a;
	struct pv_desk *d;

	new_case("who may ask, and who is told why");
	d = take_home("co");
	share(d, "r-1", "a boat");
	q = question("party", "us", "law.interdict", "r-1");
	a = evaluate(d, &us, &ask);
	tap_ok(a.rows[0].decision && a.rows[0].agreements.n == 1, "a caller asks about itself");
	q = question("party", "ca", "law.interdict", "r-1");
	a = evaluate(d, &us, &ask);
	tap_ok(!a.rows[0].decision && a.rows[0].status == 403, "not about another");
	q = question("party", "us", "strike", "r-1");
	a = evaluate(d, &us, &ask);
	tap_ok(a.rows[0].reason.n == 0 && a.rows[0].reference.n == 9,
	    "why it is refused is not told to a partner");
	q = question("party", "us", "law.interdict", "r-unknown");
	a = evaluate(d, &us, &ask);
	tap_ok(!a.rows[0].decision && a.rows[0].reason.n == 0 && a.rows[0].reference.n == 9,
	    "a report that is not here is refused alike");
	q.originator = PV_SLICE("co");
	q.topics = (struct pv_names){ &(struct pv_slice){ "narcotics", 9 }, 1 };
	tap_ok(!decides(d, &us, q), "and a partner cannot describe one");
	tap_ok(decides(d, &enforcer, q), "which who is of this authority can");
	pep.roles = PV_ROLE_ANALYST;
	pep.party = PV_SLICE("co.navy");
	q = question("party", "us", "strike", "r-1");
	a = evaluate(d, &pep, &ask);
	tap_ok(!a.rows[0].decision && a.rows[0].status == 0 && a.rows[0].reason.n == 0,
	    "an analyst here may ask about others, and is not told why");
	applies(d, ORDER("o-1", "co", "us", "\"public\":true"), "a public order");
	q = question("party", "us", "law.interdict", "r-1");
	a = evaluate(d, &us, &ask);
	tap_ok(pv_slice_is(a.rows[0].reason, "suspended") && a.rows[0].orders.n == 1 &&
		   pv_slice_is(a.rows[0].lifted_by, "co"),
	    "a public order is named, and who can lift it");
	pv_desk_close(d);
}

static struct pv_desk *other;

static void
order_arrives(void *ctx)
{
	(void)ctx;
	applies(other, ORDER("o-late", "co", "us", "\"public\":true"), "an order arrives");
}

static void
order_in_between(void)
{
	struct pv_evaluation q;
	struct pv_evaluate_ask ask = { .rows = &q, .count = 1 };
	struct pv_evaluate_answer a = { 0 };
	struct pv_evaluating *v = NULL;
	struct pv_batch *b;
	struct pv_err e = { 0 };
	struct pv_desk *d;

	new_case("an order while the entry is written");
	d = take_home("co");
	other = open_home("co");
	share(d, "r-1", "a boat");
	b = pv_batch_new(d);
	q = question("party", "us", "law.interdict", "r-1");
	good(pv_evaluate_begin(&v, b, &enforcer, &ask, arena, &e), &e, "it is permitted");
	good(pv_batch_commit(b, &e), &e, "the entry is written");
	order_arrives(NULL);
	good(pv_evaluate_finish(v, b, &a, &e), &e, "it is looked at again");
	tap_ok(a.count == 1 && !a.rows[0].decision && pv_slice_is(a.rows[0].reason, "suspended"),
	    "and refused");
	tap_ok(journal_count(d, "not-given") == 1, "which the journal says");
	pv_batch_free(b);
	pv_desk_close(other);
	pv_desk_close(d);
}

int
main(void)
{
	make_world();
	stopped_mail();
	hidden_and_scoped();
	delivered();
	at_the_web();
	one_way();
	stale();
	moved_domain();
	certification();
	semantics();
	who_may_ask();
	order_in_between();
	return end_world();
}
