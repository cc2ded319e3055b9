/* SPDX-License-Identifier: Apache-2.0 */
/* The fold, from C records; the bad inputs that people write are in tests/vectors/records/bad/. */
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "core/state.h"
#include "core/words.h"
#include "tap.h"

#define T0      1762800000ULL /* 2025-11-10T18:40:00Z */
#define S(text) PV_SLICE(text)

static struct pv_arena *arena;

static const struct pv_slice officers[] = { { "co/o1+00000001+k1", 17 },
	{ "co/o2+00000002+k2", 17 } };
static const struct pv_slice o1_again[] = { { "co/o1+00000001+k1", 17 },
	{ "co/o1+00000003+k3", 17 } };

/* ---- records ---- */

static struct pv_record *
make(enum pv_kind kind, const char *id, uint64_t time)
{
	struct pv_record *r = PV_ARENA_NEW(arena, struct pv_record);

	r->kind = kind;
	r->id = pv_slice_of(id);
	r->issuer = S("co");
	r->log = S("co/orders");
	r->time = time;
	r->line =
	    pv_arena_printf(arena, "%s %s %llu", pv_kind_name(kind), id, (unsigned long long)time);
	return r;
}

static struct pv_names
names(const char *list)
{
	struct pv_slice *at = pv_arena_alloc_n(arena, 8, sizeof(*at)), rest = pv_slice_of(list);
	size_t n = 0;

	while (n < 8 && pv_slice_next(&rest, ' ', &at[n]))
		n++;
	return (struct pv_names){ at, n };
}

static struct pv_record *
party(const char *name, uint64_t time)
{
	struct pv_record *r = make(PV_PARTY,
	    (const char *)pv_arena_str(arena, pv_arena_printf(arena, "p-%s", name)), time);

	r->party.name = pv_slice_of(name);
	return r;
}

static struct pv_record *
term(enum pv_tree tree, const char *name, uint64_t time)
{
	struct pv_record *r =
	    make(PV_TERM, pv_arena_str(arena, pv_arena_printf(arena, "t-%s", name)), time);

	r->term.tree = tree;
	r->term.name = pv_slice_of(name);
	return r;
}

static struct pv_record *
order(const char *id, const char *subject, const char *counterpart, uint64_t time)
{
	struct pv_record *r = make(PV_ORDER, id, time);

	r->order.kind = PV_SUSPEND;
	r->order.direction = PV_BOTH;
	r->order.subject = names(subject);
	r->order.counterpart = names(counterpart);
	r->order.effective = time;
	return r;
}

static struct pv_record *
attestation(const char *id, const char *by, enum pv_says says, uint64_t time)
{
	struct pv_record *r = make(PV_ATTESTATION, id, time);

	r->issuer = pv_slice_of(by);
	r->attestation.condition = S("c");
	r->attestation.status = says;
	r->attestation.observed = time;
	return r;
}

static struct pv_record *
end(const char *id, const char *of, uint64_t time)
{
	struct pv_record *r = make(PV_END, id, time);

	r->end.of = pv_slice_of(of);
	return r;
}

static struct pv_record *
genesis(void)
{
	struct pv_record *r = make(PV_GENESIS, "genesis", T0);
	struct pv_slice *at = pv_arena_alloc_n(arena, 3, sizeof(*at));

	at[0] = officers[0];
	at[1] = officers[1];
	at[2] = o1_again[1];
	r->genesis.origin = S("co/orders");
	r->genesis.root = S("co");
	r->genesis.officers = (struct pv_names){ at, 3 };
	r->genesis.quorum = 2;
	return r;
}

/* ---- applying ---- */

static enum pv_applied
apply(struct pv_state *s, const struct pv_record *r, const struct pv_slice *signers, size_t n,
    uint64_t since, struct pv_err *e)
{
	struct pv_act act = { .record = r, .since = since, .signers = signers, .signer_count = n };
	enum pv_applied out = PV_APPLIED_NOT;

	*e = (struct pv_err){ 0 };
	return pv_ok(pv_state_apply(s, &act, &out, e)) ? out : PV_APPLIED_NOT;
}

static bool
both(struct pv_state *s, const struct pv_record *r)
{
	struct pv_err e;

	if (apply(s, r, officers, 2, r->time, &e) == PV_APPLIED)
		return true;
	tap_note("%.*s: %s: %s", PV_FMT(r->id), e.field, e.what);
	return false;
}

static bool
refused(struct pv_state *s, const struct pv_record *r, const struct pv_slice *signers, size_t n,
    const char *field, const char *says)
{
	struct pv_err e;
	size_t before = s->all.n;
	bool ok = apply(s, r, signers, n, r->time, &e) == PV_APPLIED_NOT && s->all.n == before &&
		  strcmp(e.field, field) == 0 && strstr(e.what, says) != NULL;

	if (!ok)
		tap_note("%s: %s", e.field, e.what);
	return ok;
}

/* co and its officers; parties us and below, un.ohchr. */
static struct pv_state *
world(void)
{
	static const char *const parties[] = { "co", "co.navy", "co.army", "us", "us.security",
		"un", "un.ohchr" };
	struct pv_state *s = pv_state_new(S("co/orders"), false);
	bool ok = both(s, genesis());

	for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++)
		ok = both(s, party(parties[i], T0)) && ok;
	ok = both(s, term(PV_TOPIC, "narcotics", T0)) && ok;
	tap_ok(ok, "a log begins with its genesis and declares its parties");
	return s;
}

/* ---- tests ---- */

static void
test_genesis(void)
{
	struct pv_state *s = pv_state_new(S("co/orders"), false);
	struct pv_record *elsewhere = genesis();

	tap_ok(refused(s, party("co", T0), officers, 2, "record", "first entry"),
	    "nothing comes before the genesis");
	tap_ok(refused(s, genesis(), officers, 1, "officers[1]", "has not signed"),
	    "each officer signs the genesis");
	elsewhere->log = S("uk/orders");
	tap_ok(refused(s, elsewhere, officers, 2, "log", "is for the log"),
	    "a genesis is for its own log");
	tap_ok(both(s, genesis()), "two keys of one name are one officer: one of them has signed");
	elsewhere = genesis();
	elsewhere->id = S("again");
	tap_ok(refused(s, elsewhere, officers, 2, "record", "first entry of a log"),
	    "there is one genesis");
	tap_ok(pv_state_is_root(s, S("co")) && !pv_state_is_root(s, S("us")),
	    "its root is the root of the log");
	pv_state_free(s);
	s = pv_state_new(PV_NO_SLICE, false);
	elsewhere = genesis();
	elsewhere->log = S("uk/orders");
	tap_ok(refused(s, elsewhere, officers, 2, "log", "is for the log"),
	    "a log that nobody named is that of its genesis");
	elsewhere = party("co", T0);
	elsewhere->log = S("uk/orders");
	tap_ok(both(s, genesis()) &&
		   refused(s, elsewhere, officers, 2, "log", "not for \"co/orders\""),
	    "and of no other from then on");
	pv_state_free(s);
}

static void
test_signers(void)
{
	struct pv_state *s = world();
	struct pv_record *k = make(PV_KEY, "k-navy", T0), *early;
	static const struct pv_slice navy[] = { { "co.navy/o1+00000009+k9", 22 } },
				     stranger[] = { { "xx/o1+00000008+k8", 17 } };
	struct pv_err e;

	k->key = (struct pv_key){ .party = S("co.navy"),
		.use = PV_USE_OFFICER,
		.key = navy[0],
		.from = T0 + 10,
		.until = T0 + 100 };
	tap_ok(both(s, k), "a key is bound to a party");
	tap_ok(refused(s, party("co.police", T0 + 20), officers, 1, "",
		   "needs 2 different officers, has 1"),
	    "a party needs two officers");
	tap_ok(refused(s, party("co.police", T0 + 20), o1_again, 2, "",
		   "needs 2 different officers, has 1"),
	    "one officer with two keys is one");
	tap_ok(refused(s, party("co.police", T0 + 20), stranger, 1, "", "has 0"),
	    "an unknown key is not counted");
	tap_ok(refused(s, order("o-x", "co", "us", T0 + 20), navy, 1, "", "may not sign for co"),
	    "an officer below may not sign for what is above");
	early = order("o-n", "co.navy", "us", T0 + 5);
	early->issuer = S("co.navy");
	tap_ok(refused(s, early, navy, 1, "", "did not stand yet"), "a key stands from its time");
	early->time = T0 + 100;
	tap_ok(
	    refused(s, early, navy, 1, "", "had expired"), "a key stands until its time, excluded");
	early->time = T0 + 99;
	tap_ok(
	    apply(s, early, navy, 1, T0 + 99, &e) == PV_APPLIED && s->by_kind[PV_ORDER].at[0]->hold,
	    "an officer of the issuer alone holds");
	tap_ok(both(s, end("e-k", "k-navy", T0 + 99)), "a key is revoked");
	tap_ok(s->by_kind[PV_ORDER].at[0]->ended == T0 + 99,
	    "that drops the hold that it alone had signed");
	early = order("o-n2", "co.navy", "us", T0 + 99);
	early->issuer = S("co.navy");
	tap_ok(refused(s, early, navy, 1, "", "revoked"), "a revoked key signs nothing more");
	apply(s, early, navy, 1, T0 + 99, &e);
	tap_ok(e.code == PV_E_UNTRUSTED, "and such a signature is evidence");
	pv_state_free(s);
}

static void
test_holds(void)
{
	struct pv_state *s = world();
	struct pv_record *o = order("o-1", "co", "us.security", T0 + 10),
			 *late = order("o-2", "co", "us", T0 + 10);
	struct pv_record *lift = make(PV_LIFT, "l-1", T0 + 30);
	struct pv_err e;

	lift->lift.order = S("o-1");
	tap_ok(
	    apply(s, o, officers, 1, T0 + 11, &e) == PV_APPLIED && s->by_kind[PV_ORDER].at[0]->hold,
	    "one officer holds");
	tap_ok(apply(s, o, officers, 1, T0 + 12, &e) == PV_UNCHANGED &&
		   s->by_kind[PV_ORDER].at[0]->hold,
	    "the same again changes nothing");
	tap_ok(apply(s, o, officers + 1, 1, T0 + 13, &e) == PV_COMPLETED &&
		   !s->by_kind[PV_ORDER].at[0]->hold,
	    "the second officer's signature makes it an order");
	tap_ok(apply(s, o, officers, 2, T0 + 14, &e) == PV_UNCHANGED,
	    "an order again changes nothing");
	tap_ok(refused(s, lift, officers, 1, "", "needs 2"), "a lift needs the quorum");
	tap_ok(
	    both(s, lift) && s->by_kind[PV_ORDER].at[0]->ended == T0 + 30, "a lift ends the order");
	tap_ok(apply(s, o, officers, 2, T0 + 40, &e) == PV_APPLIED_NOT &&
		   strstr(e.what, "ended since") != NULL,
	    "a lifted order does not come again");
	lift = make(PV_LIFT, "l-2", T0 + 50);
	lift->lift.order = S("o-1");
	tap_ok(refused(s, lift, officers, 2, "order", "has ended already"), "it is lifted once");
	lift->lift.order = S("o-9");
	tap_ok(refused(s, lift, officers, 2, "order", "not in the log"),
	    "what is not in the log is not lifted");
	tap_ok(apply(s, late, officers, 1, T0 + 10 + PV_HOLD_S, &e) == PV_APPLIED_NOT,
	    "a day later one signature no longer holds");
	tap_ok(apply(s, late, officers, 1, T0 + 9 + PV_HOLD_S, &e) == PV_APPLIED,
	    "a second before it does");
	tap_ok(apply(s, late, officers, 2, T0 + 10 + PV_HOLD_S, &e) == PV_APPLIED_NOT &&
		   strstr(e.what, "lapsed") != NULL,
	    "once lapsed its id never holds again");
	pv_state_free(s);
}

static void
test_names(void)
{
	struct pv_state *s = world();
	struct pv_record *o = order("o-1", "co", "us.securty", T0), *body = party("co.joint", T0);
	struct pv_err e;

	tap_ok(refused(s, o, officers, 2, "counterpart[0]", "unknown party \"us.securty\""),
	    "a misspelt party is refused");
	apply(s, o, officers, 2, T0, &e);
	tap_str(e.fix, "us is declared, us.securty is not. Did you mean \"us.security\"?",
	    "with the nearest that is declared");
	o->order.counterpart = names("zz.nothing");
	apply(s, o, officers, 2, T0, &e);
	tap_str(e.fix, "Nothing like it is declared. proviso party list zz", "or where to look");
	o->order.counterpart = names("us");
	o->order.topic = S("narcotic");
	apply(s, o, officers, 2, T0, &e);
	tap_str(e.fix, "Did you mean \"narcotics\"?", "a misspelt topic too");
	tap_ok(refused(s, party("co.air.one", T0), officers, 2, "name", "unknown party \"co.air\""),
	    "a parent is declared first");
	tap_ok(refused(s, party("co.navy", T0 + 1), officers, 2, "id", "another content"),
	    "an id has one content");
	body->party.members = names("co.navy co.army");
	tap_ok(both(s, body), "a joint body has members");
	o->order = order("o-1", "us", "co", T0)->order;
	tap_ok(refused(s, o, officers, 2, "subject[0]", "may not order us"),
	    "an order is to what is below");
	tap_ok(refused(s, end("e-us", "p-us", T0), officers, 2, "of", "still below it"),
	    "a party with parties below it does not end");
	o->order = order("o-1", "co", "us.security", T0)->order;
	tap_ok(both(s, o), "an order names a party");
	tap_ok(refused(
		   s, end("e-us", "p-us.security", T0), officers, 2, "of", "order o-1 still names"),
	    "which does not end then");
	o = make(PV_LIFT, "l-1", T0 + 1);
	o->lift.order = S("o-1");
	tap_ok(
	    both(s, o) && both(s, end("e-us", "p-us.security", T0 + 2)), "after the lift it does");
	tap_ok(
	    refused(s, end("e-us2", "p-us.security", T0 + 3), officers, 2, "of", "ended already"),
	    "once");
	tap_ok(pv_state_party(s, S("us.security")) != NULL &&
		   !pv_fact_stands(pv_state_party(s, S("us.security")), T0 + 2),
	    "it stays known, and no longer stands");
	pv_state_free(s);
}

static void
test_cycle(void)
{
	struct pv_state *s = world();
	struct pv_record *a = party("co.a", T0), *b = party("co.b", T0),
			 *again = party("co.a", T0 + 2);

	b->party.members = names("co.a");
	again->id = S("p-co.a-2");
	again->party.members = names("co.b");
	tap_ok(both(s, a) && both(s, b) && both(s, end("e-a", "p-co.a", T0 + 1)),
	    "a party that is a member of another ends");
	tap_ok(refused(s, again, officers, 2, "members[0]", "a cycle"),
	    "and does not come back with the other as its member");
	again->party.members = (struct pv_names){ NULL, 0 };
	again->party.was = names("co.b");
	tap_ok(refused(s, again, officers, 2, "was[0]", "a cycle"), "nor as what it was");
	again->party.was = names("co.navy");
	tap_ok(both(s, again), "otherwise it does");
	pv_state_free(s);
}

static void
test_condition(void)
{
	struct pv_state *s = world();
	static const char *const ids[] = { "k-1", "k-2", "k-3" };
	struct pv_record *c = make(PV_CONDITION, "c", T0);
	static const struct pv_slice un[] = { { "un/a+00000007+k7", 16 },
		{ "un/a+00000008+k8", 16 }, { "un/b+00000009+k9", 16 } };
	struct pv_names us = names("us"), co = names("co.army");
	struct pv_condition_view v;
	struct pv_err e;

	bool ok;

	c->condition.attestors = names("co.navy co.army un.ohchr");
	c->condition.quorum = 2;
	c->condition.window_s = 100;
	ok = both(s, c);

	for (unsigned i = 0; i < 3; i++) {
		struct pv_record *k = make(PV_KEY, ids[i], T0);

		k->key = (struct pv_key){
			.party = S("un"), .use = PV_USE_ATTESTOR, .key = un[i], .from = T0
		};
		ok = both(s, k) && ok;
	}
	tap_ok(ok, "a condition is declared");
#define STATUS(counterparts, at) \
	pv_state_condition(s, S("c"), S("co.navy"), (counterparts), (at)).status
	tap_ok(STATUS(&us, T0) == PV_COND_UNKNOWN && STATUS(&us, T0 - 1) == PV_COND_MISSING,
	    "it is unknown until somebody speaks");
	tap_ok(pv_state_condition(s, S("c"), S("uk"), NULL, T0).status == PV_COND_MISSING,
	    "for others it is missing");
	tap_ok(refused(s, attestation("at-0", "us", PV_SAYS_HOLDS, T0), officers, 2, "issuer",
		   "not an attestor"),
	    "only attestors speak");
	tap_ok(apply(s, attestation("at-1", "co.navy", PV_SAYS_HOLDS, T0 + 10), officers, 1,
		   T0 + 10, &e) == PV_APPLIED,
	    "one officer says it holds");
	tap_ok(refused(s, attestation("at-2", "un.ohchr", PV_SAYS_ENDED, T0 + 20), un, 1, "",
		   "needs 2"),
	    "that it has ended needs the quorum of officers");
	tap_ok(apply(s, attestation("at-3", "un.ohchr", PV_SAYS_HOLDS, T0 + 20), un, 1, T0 + 20,
		   &e) == PV_APPLIED,
	    "a foreign attestor's key speaks for it");
	tap_ok(STATUS(&us, T0 + 19) == PV_COND_UNKNOWN && STATUS(&us, T0 + 20) == PV_COND_HOLDS,
	    "two of three hold");
	v = pv_state_condition(s, S("c"), S("co"), &us, T0 + 30);
	tap_ok(v.say_holds == 2 && v.say_ended == 0 && v.changed == T0 + 20,
	    "who says what, and since when");
	tap_ok(both(s, attestation("at-4", "co.navy", PV_SAYS_ENDED, T0 + 40)) &&
		   STATUS(&us, T0 + 40) == PV_COND_CONTESTED,
	    "one of each is contested");
	tap_ok(refused(s, attestation("at-x", "un.ohchr", PV_SAYS_ENDED, T0 + 141), un, 2, "",
		   "needs 2"),
	    "one officer with two keys is one here too");
	tap_ok(apply(s, attestation("at-5", "un.ohchr", PV_SAYS_ENDED, T0 + 141), un + 1, 2,
		   T0 + 141, &e) == PV_APPLIED &&
		   STATUS(&us, T0 + 141) == PV_COND_UNKNOWN,
	    "observed a second outside the window, two do not agree");
	tap_ok(both(s, attestation("at-6", "co.army", PV_SAYS_ENDED, T0 + 140)) &&
		   STATUS(&us, T0 + 141) == PV_COND_ENDED,
	    "within it they do");
	tap_ok(STATUS(&co, T0 + 141) == PV_COND_UNKNOWN,
	    "an attestor that is a counterpart does not end it");
	tap_ok(apply(s, end("e-6", "at-6", T0 + 145), officers, 1, T0 + 145, &e) == PV_APPLIED &&
		   STATUS(&us, T0 + 145) == PV_COND_UNKNOWN &&
		   STATUS(&us, T0 + 144) == PV_COND_ENDED,
	    "what is withdrawn says nothing from then on, and one officer does it");
	tap_ok(apply(s, attestation("at-7", "co.army", PV_SAYS_HOLDS, T0 + 150), officers, 1,
		   T0 + 150, &e) == PV_APPLIED &&
		   STATUS(&us, T0 + 150) == PV_COND_CONTESTED &&
		   STATUS(&co, T0 + 150) == PV_COND_CONTESTED,
	    "one who says it holds again ends the end at once");
	tap_ok(both(s, end("e-c", "c", T0 + 160)) && STATUS(&us, T0 + 160) == PV_COND_MISSING,
	    "a condition that has ended is missing");
	pv_state_free(s);
}

static void
test_quorum(void)
{
	struct pv_state *s = world();
	struct pv_record *q = make(PV_QUORUM, "q-1", T0), *r = make(PV_RECALL, "rc-1", T0),
			 *h = end("e-at", "at-h", T0 + 3);
	struct pv_record *c = make(PV_CONDITION, "c", T0 + 1);
	struct pv_err e;

	r->recall.report = S("r-1");
	tap_ok(apply(s, r, officers, 1, T0, &e) == PV_APPLIED, "a recall needs one");
	tap_ok(refused(s, end("e-r", "rc-1", T0), officers, 1, "", "needs 2"), "its end needs two");
	q->quorum.needs[PV_KIND_NONE] = 3;
	tap_ok(refused(s, q, officers, 2, "needs.lift", "only 2 have keys"),
	    "a quorum that nobody can meet is refused");
	q->quorum.needs[PV_KIND_NONE] = 0;
	q->quorum.needs[PV_ORDER] = 1;
	tap_ok(refused(s, q, officers, 1, "", "needs 2"), "to change a quorum needs the quorum");
	tap_ok(both(s, q), "two change it");
	tap_ok(apply(s, order("o-1", "co", "us", T0 + 1), officers, 1, T0 + 1, &e) == PV_APPLIED &&
		   !s->by_kind[PV_ORDER].at[0]->hold,
	    "then an order needs one");
	c->condition.attestors = names("co.navy");
	c->condition.quorum = 1;
	tap_ok(both(s, c) && both(s, attestation("at-h", "co.navy", PV_SAYS_HOLDS, T0 + 2)),
	    "an attestation that a condition holds");
	tap_ok(refused(s, h, officers, 1, "", "needs 2"),
	    "is withdrawn by two, since that may reopen");
	tap_ok(refused(s, end("e-o", "o-1", T0 + 4), officers, 2, "of", "orders end by a lift"),
	    "an order does not end otherwise");
	tap_ok(refused(s, end("e-q", "q-1", T0 + 4), officers, 2, "of", "does not end"),
	    "nor does a quorum");
	tap_ok(both(s, end("e-o1", "co/o1", T0 + 5)), "a key of the genesis ends by its name");
	tap_ok(refused(s, party("co.x", T0 + 6), officers, 2, "", "revoked"),
	    "both keys of that name have ended");
	pv_state_free(s);
}

static void
test_bare(void)
{
	struct pv_state *s = pv_state_new(PV_NO_SLICE, true);
	struct pv_record *us = party("us", T0), *a = make(PV_AGREEMENT, "a-1", T0),
			 *force = term(PV_PURPOSE, "force", T0);
	struct pv_err e;

	us->issuer = S("us");
	a->agreement = (struct pv_agreement){
		.from = S("co"), .to = S("us"), .purposes = names("force.lethal"), .not_before = T0
	};
	force->term.not_grantable = true;
	tap_ok(apply(s, party("co", T0), NULL, 0, T0, &e) == PV_APPLIED &&
		   apply(s, us, NULL, 0, T0, &e) == PV_APPLIED,
	    "without a genesis a root party declares itself");
	tap_ok(pv_state_is_root(s, S("co")) && pv_state_is_root(s, S("us")) &&
		   !pv_state_is_root(s, S("uk")),
	    "every one of them is a root");
	tap_ok(apply(s, force, NULL, 0, T0, &e) == PV_APPLIED &&
		   apply(s, term(PV_PURPOSE, "force.lethal", T0), NULL, 0, T0, &e) == PV_APPLIED,
	    "a purpose that may not be granted");
	tap_ok(refused(s, a, NULL, 0, "purposes[0]", "may not be granted"),
	    "nor may what is below it");
	a->issuer = S("us");
	tap_ok(refused(s, a, NULL, 0, "issuer", "the giver is co"),
	    "who may is asked of bare records too");
	pv_state_free(s);
}

/* 100,000 records in well under two seconds: no check looks through all that came before. */
static void
test_many(void)
{
	struct pv_state *s = pv_state_new(S("co/orders"), true);
	struct pv_err e;
	clock_t begin;
	bool ok = apply(s, party("co", T0), NULL, 0, T0, &e) == PV_APPLIED;
	double seconds;

	begin = clock();
	for (unsigned i = 0; i < 50000 && ok; i++) {
		struct pv_record *p =
		    party(pv_arena_str(arena, pv_arena_printf(arena, "co.p%u", i)), T0);
		struct pv_record *o =
		    order(pv_arena_str(arena, pv_arena_printf(arena, "o-%u", i)), "co", "co", T0);
		struct pv_slice *at = pv_arena_alloc_n(arena, 1, sizeof(*at));

		at[0] = p->party.name;
		o->order.subject = o->order.counterpart = (struct pv_names){ at, 1 };
		ok = apply(s, p, NULL, 0, T0, &e) == PV_APPLIED &&
		     apply(s, o, NULL, 0, T0, &e) == PV_APPLIED;
	}
	seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	tap_note("100,001 records in %.3f s", seconds);
	tap_ok(ok && s->all.n == 100001 && seconds < 2,
	    "100,000 records are folded within two seconds");
	pv_state_free(s);
}

int
main(void)
{
	arena = pv_arena_new();
	test_genesis();
	test_signers();
	test_holds();
	test_names();
	test_cycle();
	test_condition();
	test_quorum();
	test_bare();
	test_many();
	pv_arena_free(arena);
	return tap_done();
}
