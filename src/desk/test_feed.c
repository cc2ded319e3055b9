/* SPDX-License-Identifier: Apache-2.0 */
/* A partner's copy is kept up to date over a network, and only the partner is given what is meant for it. */
#include "desk/test_homes.h"

#include "desk/feed.h"

struct net {
	struct pv_desk *at; /* who answers; NULL: nobody */
	unsigned posts;
	const char *instead;
};

static struct pv_status
post(void *ctx, struct pv_slice url, struct pv_slice pin, struct pv_slice body, int *status,
    struct pv_buf *answer, struct pv_err *e)
{
	struct net *net = ctx;

	net->posts++;
	tap_ok(pv_slice_is(url, "https://co.example/exchange/v1/follow") && pin.n == 64,
	    "the address and the pin are the records'");
	*status = 200;
	if (net->at == NULL)
		return PV_FAIL(e, PV_E_DOWN, "nobody is there");
	if (net->instead != NULL)
		pv_buf_add_str(answer, net->instead);
	else
		PV_TRY(pv_desk_feed_answer(net->at, body, answer, e));
	return PV_DONE;
}

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static bool
copy_is(struct pv_desk *d, struct pv_desk *of)
{
	const struct pv_log *copy = pv_home_log(d, PV_SLICE("co/orders"));

	return copy != NULL && copy->loaded == of->own.loaded && copy->signed_s == of->own.signed_s;
}

static void
test_follow(void)
{
	struct net net = { 0 };
	struct pv_feed_post by = { .post = post, .ctx = &net };
	struct pv_feed_round round;
	struct pv_desk *co, *ca;
	struct pv_err e = { 0 };
	bool fresh = false;

	new_case("following over a network");
	co = take_home("co");
	ca = take_home("ca");
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.asked == 0, "nobody is asked whose address is not known");
	applies(ca,
	    "{\"record\":\"key\",\"id\":\"k-at\",\"party\":\"co\",\"use\":\"tls\",\"key\":\"" PIN
	    "\",\"binding\":\"https://co.example\",\"from\":\"2026-01-01T00:00:00Z\"}\n",
	    "the partner's address is declared, and its server's key");
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.asked == 1 && round.followed == 0 &&
		   memmem(round.trouble.p, round.trouble.n, "nobody is there", 15) != NULL,
	    "a partner that is down is told, and nothing else happens");
	net.at = co;
	net.instead = "not a bundle";
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.followed == 0 && pv_home_log(ca, PV_SLICE("co/orders")) == NULL,
	    "garbage is not taken in");
	net.instead = NULL;
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.followed == 1 && copy_is(ca, co), "the log is followed");
	net.posts = 0;
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(net.posts == 0, "a copy that is fresh is not asked for again");
	applies(co, ORDER("o-1", "co", "us", "\"public\":true"), "an order of the partner");
	clock_ms += 3600 * 1000;
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e,
	    "a round is made after its refresh time");
	tap_ok(round.followed == 1 && copy_is(ca, co) &&
		   pv_state_find(pv_home_log(ca, PV_SLICE("co/orders"))->state, PV_SLICE("o-1")) !=
		       NULL,
	    "the order is here");
	good(pv_home_fresh(ca, pv_home_log(ca, PV_SLICE("co/orders")), &fresh, &e), &e,
	    "freshness is asked for");
	tap_ok(fresh, "and the copy is fresh");
	pv_desk_close(co);
	pv_desk_close(ca);
}

static bool
has_act(struct pv_desk *d, const char *id)
{
	struct pv_err e = { 0 };
	const struct pv_log *copy;

	good(pv_home_refresh(d, &e), &e, "a desk looks again");
	copy = pv_home_log(d, PV_SLICE("co/orders"));
	return copy != NULL && pv_state_find(copy->state, pv_slice_of(id)) != NULL;
}

/* What is given besides changes nothing in the log: another desk of the home must see it all the same. */
static void
test_texts(void)
{
	static const struct pv_slice include[] = { { "a-us", 4 } };
	struct pv_export_ask give = { .audience = PV_SLICE("ca"), .include = { include, 1 } };
	struct net net = { 0 };
	struct pv_feed_post by = { .post = post, .ctx = &net };
	struct pv_feed_round round;
	struct pv_buf bundle = { 0 };
	struct pv_desk *co, *ca, *lane;
	struct pv_err e = { 0 };
	uint64_t entries;

	new_case("texts that come later");
	co = take_home("co");
	ca = take_home("ca");
	net.at = co;
	applies(ca,
	    "{\"record\":\"key\",\"id\":\"k-at\",\"party\":\"co\",\"use\":\"tls\",\"key\":\"" PIN
	    "\",\"binding\":\"https://co.example\",\"from\":\"2026-01-01T00:00:00Z\"}\n",
	    "the partner's address is declared");
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	lane = open_home("ca");
	tap_ok(
	    !has_act(ca, "a-us") && !has_act(lane, "a-us"), "an agreement of others is not told");
	good(pv_desk_export(co, &give, &bundle, &e), &e, "it is given besides");
	entries = journal_count(ca, "admin");
	clock_ms += 3600 * 1000;
	good(pv_desk_feed_round(ca, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.followed == 1 && has_act(ca, "a-us"), "it has come");
	tap_ok(has_act(lane, "a-us"), "and another desk of the home sees it");
	tap_ok(journal_count(ca, "admin") == entries,
	    "a copy that did not grow is no entry of the journal");
	pv_buf_free(&bundle);
	pv_desk_close(lane);
	pv_desk_close(co);
	pv_desk_close(ca);
}

static void
refuses(struct pv_desk *co, const struct pv_buf *note, enum pv_code code, const char *says,
    const char *name)
{
	PV_AUTO(pv_buf_free) struct pv_buf bundle = { 0 };
	struct pv_err e = { 0 };

	refused_as(pv_desk_feed_answer(co, pv_buf_slice(note), &bundle, &e), &e, code, says, name);
	tap_ok(bundle.n == 0, "and nothing is told");
}

static struct pv_buf
forged(const char *line, const char *home)
{
	return sign_as(home, "gateway", pv_slice_of(line));
}

static void
test_questions(void)
{
	struct pv_desk *co, *ca;
	struct pv_buf note = { 0 }, bundle = { 0 };
	struct pv_err e = { 0 };

	new_case("who is answered");
	co = take_home("co");
	ca = take_home("ca");
	good(pv_desk_feed_ask(ca, PV_SLICE("co/orders"), &note, &e), &e, "a question");
	good(pv_desk_feed_answer(co, pv_buf_slice(&note), &bundle, &e), &e, "is answered");
	clock_ms += (PV_FEED_LIFE_S + 1) * 1000;
	refuses(co, &note, PV_E_DOWN, "another time", "an old question is not");
	pv_buf_free(&note);
	note = (struct pv_buf){ 0 };
	good(pv_desk_feed_ask(ca, PV_SLICE("uk/orders"), &note, &e), &e,
	    "a question for another log");
	refuses(co, &note, PV_E_INPUT, "uk/orders", "is not answered here");
	pv_buf_free(&note);
	note = forged("{\"audience\":\"uk\",\"feed\":1,\"issuer\":\"ca\",\"log\":\"co/"
		      "orders\",\"time\":\"2026-09-21T14:15:22Z\"}",
	    "ca");
	refuses(co, &note, PV_E_UNTRUSTED, "does not speak for uk",
	    "a partner is not given what is another's");
	pv_buf_free(&note);
	note = forged("{\"audience\":\"ca\",\"feed\":2,\"issuer\":\"ca\",\"log\":\"co/"
		      "orders\",\"time\":\"2026-09-21T14:15:22Z\"}",
	    "ca");
	refuses(co, &note, PV_E_INPUT, "feed 2", "another version is refused");
	pv_buf_free(&note);
	note = forged("{\"audience\":\"ca\",\"feed\":1,\"issuer\":\"ca\",\"log\":\"co/"
		      "orders\",\"more\":1,\"time\":\"2026-09-21T14:15:22Z\"}",
	    "ca");
	refuses(co, &note, PV_E_INPUT, "no such member", "so is one with more in it");
	pv_buf_free(&note);
	note = (struct pv_buf){ 0 };
	pv_buf_add_str(&note, "no note");
	refuses(co, &note, PV_E_INPUT, "", "and what is no note");
	pv_buf_free(&note);
	pv_buf_free(&bundle);
	pv_desk_close(co);
	pv_desk_close(ca);
}

int
main(void)
{
	make_world();
	test_follow();
	test_texts();
	test_questions();
	return end_world();
}
