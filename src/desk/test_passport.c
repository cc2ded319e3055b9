/* SPDX-License-Identifier: Apache-2.0 */
/* Passports between gateways, tokens of OpenID Connect issuers, exchange; and the ways to forge them. */
#include "desk/passport.h"

#include "codec/base64.h"
#include "crypto/wrap.h"
#include "desk/callers.h"
#include "desk/issuer.h"
#include "desk/token.h"
#include "test_homes.h"

#define ISS  "https://id.example/realms/navy"
#define ISS2 "https://login.example"
#define KEY(id, use, party, binding, more)                                             \
	"{\"record\":\"key\",\"id\":\"" id "\",\"use\":\"" use "\",\"party\":\"" party \
	"\",\"binding\":\"" binding "\"," more "\"from\":\"2026-01-01T00:00:00Z\"}\n"
#define END(id, of) "{\"record\":\"end\",\"id\":\"" id "\",\"of\":\"" of "\"}\n"

static uint64_t
now_s(void)
{
	return clock_ms / 1000;
}

static struct pv_caller
bearer(struct pv_desk *d, struct pv_slice token)
{
	struct pv_credential c = { PV_CRED_BEARER, token, PV_NO_SLICE, PV_SLICE("192.0.2.7") };
	struct pv_caller who = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_desk_caller(d, &c, arena, &who, &e)))
		tap_note("%s (%s)", e.what, e.raised);
	return who;
}

static struct pv_pair *
pair_of(const char *home, const char *key)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	struct pv_pair *pair = NULL;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_keyfile_load(
		&k, pv_arena_printf(arena, "%s/keys/%s.key", in_case(home), key).p, &e)) ||
	    !pv_ok(pv_keyfile_pair(&pair, k, &e)))
		tap_ok(false, "a key is read: %s", e.what);
	return pair;
}

/* The kid of a home's gateway key. */
static struct pv_slice
kid_of(struct pv_desk *d)
{
	struct pv_slice vkey = pv_desk_identity(d).gateway_vkey;
	const char *plus = memrchr(vkey.p, '+', vkey.n);

	/* base64 may have a plus of its own: the kid ends at the second one */
	plus = memchr(vkey.p, '+', vkey.n);
	plus = memchr(plus + 1, '+', vkey.n - (size_t)(plus + 1 - vkey.p));
	return pv_slice_sub(vkey, 0, (size_t)(plus - vkey.p));
}

static struct pv_slice
signed_claims(const char *typ, struct pv_slice kid, const char *claims, const struct pv_pair *pair)
{
	struct pv_buf b = { 0 };
	struct pv_slice token;

	pv_jwt_sign(&b, typ, kid, pv_slice_of(claims), pair);
	token = pv_arena_copy(arena, pv_buf_slice(&b));
	pv_buf_free(&b);
	return token;
}

/* ---- passports ---- */

static struct pv_caller
analyst(struct pv_desk *d)
{
	struct pv_caller who = pv_caller_local(d, PV_SLICE("rosalind"));

	who.roles = PV_ROLE_ANALYST;
	who.until_s = now_s() + 3600;
	return who;
}

static struct pv_passport_answer
issue(struct pv_desk *d, const struct pv_caller *who, const char *audience, const char *purpose,
    uint64_t ttl_s)
{
	struct pv_passport_ask ask = {
		.audience = pv_slice_of(audience), .purpose = pv_slice_of(purpose), .ttl_s = ttl_s
	};
	struct pv_passport_answer out = { 0 };
	struct pv_err e = { 0 };

	good(pv_desk_passport(d, who, &ask, arena, &out, &e), &e, "a passport is asked for");
	return out;
}

static void
not_issued(struct pv_desk *d, const struct pv_caller *who, struct pv_passport_ask ask,
    const char *says, const char *name)
{
	struct pv_passport_answer out = { 0 };
	struct pv_err e = { 0 };

	refused_as(pv_desk_passport(d, who, &ask, arena, &out, &e), &e, PV_E_INPUT, says, name);
	tap_ok(out.token.n == 0, "and nothing came out");
}

static void
issuing(void)
{
	struct pv_desk *co, *us;
	struct pv_caller who, stranger, limited;
	struct pv_passport_answer p;
	static const struct pv_slice one[] = { { "rescue", 6 } };

	new_case("passports");
	co = take_home("co");
	us = take_home("us");
	who = analyst(us);
	p = issue(us, &who, "co/orders", "law.interdict", 0);
	tap_ok(p.issued && p.until_s == who.until_s, "it is issued, for as long as its holder is");
	tap_ok(journal_count(us, "passport") == 1, "and journalled");
	who = bearer(co, p.token);
	tap_ok(who.known && who.passport && !who.own && pv_slice_is(who.party, "us") &&
		   pv_slice_is(who.person, "rosalind") && who.roles == PV_ROLE_ANALYST,
	    "where it is for, it is party, person and role");
	tap_ok(pv_caller_may_state(&who, PV_SLICE("law.interdict")) &&
		   !pv_caller_may_state(&who, PV_SLICE("rescue")),
	    "and states its one purpose");
	tap_ok(!bearer(us, p.token).known, "where it was issued it is nobody");
	{
		struct pv_desk *uk = take_home("uk");

		tap_ok(!bearer(uk, p.token).known, "at a third gateway it is nobody");
		pv_desk_close(uk);
	}
	tap_ok(issue(us,
		   &(struct pv_caller){ .known = true,
		       .own = true,
		       .party = PV_SLICE("us"),
		       .roles = PV_ROLE_ANALYST,
		       .until_s = PV_NEVER },
		   "co/orders", "law.interdict", 30)
		       .until_s == now_s() + 30,
	    "it lives no longer than was asked");

	who = analyst(us);
	not_issued(us, &who,
	    (struct pv_passport_ask){ PV_SLICE("xx/orders"), PV_SLICE("law"), 0, 0 },
	    "is admitted here", "none for an order log that is not admitted");
	not_issued(us, &who,
	    (struct pv_passport_ask){ PV_SLICE("us/orders"), PV_SLICE("law"), 0, 0 },
	    "is admitted here", "none for the own one");
	not_issued(us, &who, (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_NO_SLICE, 0, 0 },
	    "none is stated", "none without a purpose");
	not_issued(us, &who,
	    (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_SLICE("torture"), 0, 0 },
	    "unknown purpose", "none for a purpose that is not declared");
	not_issued(us, &who,
	    (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_SLICE("law"), PV_ROLE_OFFICER, 0 },
	    "not all of these roles", "none with a role that its holder has not");
	limited = who;
	limited.has_purposes = true;
	limited.purposes = (struct pv_names){ one, 1 };
	not_issued(us, &limited,
	    (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_SLICE("law"), 0, 0 },
	    "may not state", "none for a purpose that its holder may not state");
	stranger = who;
	stranger.own = false;
	stranger.party = PV_SLICE("co");
	not_issued(us, &stranger,
	    (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_SLICE("law"), 0, 0 }, "own agency",
	    "none for others' people");
	stranger = who;
	stranger.passport = true;
	not_issued(us, &stranger,
	    (struct pv_passport_ask){ PV_SLICE("co/orders"), PV_SLICE("law"), 0, 0 }, "own agency",
	    "none for one who came with a passport");

	applies(us,
	    "{\"record\":\"order\",\"id\":\"o-take\",\"kind\":\"suspend\",\"subject\":[\"us\"],"
	    "\"counterpart\":[\"co\"],\"direction\":\"take\",\"except\":[],\"effective\":"
	    "\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"en\":\"stop\"},"
	    "\"authentic\":\"en\",\"topic\":\"narcotics\",\"public\":false}\n",
	    "our own order stops taking of one topic");
	p = issue(us, &who, "co/orders", "law.interdict", 0);
	tap_ok(!p.issued && p.token.n == 0 && p.refused.why == PV_WHY_SUSPENDED,
	    "no passport is issued where the topic is not known yet");
	tap_ok(journal_count(us, "refused") == 1, "the refusal is journalled");
	p = issue(us, &who, "ca/orders", "law.interdict", 0);
	tap_ok(p.issued, "for another partner it is");
	verifies(us, "and the logs verify");
	pv_desk_close(co);
	pv_desk_close(us);
}

#define PASSPORT(aud, iss, iat, exp, party, more)                                             \
	pv_arena_printf(arena,                                                                \
	    "{\"aud\":%s,\"iss\":\"%s\",\"iat\":%llu,\"exp\":%llu,\"proviso_party\":\"%s\"%s" \
	    ",\"sub\":\"mallory\"}",                                                          \
	    aud, iss, (unsigned long long)(iat), (unsigned long long)(exp), party, more)      \
	    .p
#define REST ",\"proviso_purposes\":[\"law\"],\"proviso_roles\":[\"analyst\"]"

static void
forging(void)
{
	struct pv_desk *co, *us;
	struct pv_pair *us_key, *ca_key;
	struct pv_slice us_kid, ca_kid, token;
	uint64_t t = now_s(), l;
	struct pv_caller who;
	struct pv_desk *ca;

	new_case("forged passports");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	us_key = pair_of("us", "gateway");
	ca_key = pair_of("ca", "gateway");
	us_kid = kid_of(us);
	ca_kid = kid_of(ca);
	l = co->own.lease_s < PV_PASSPORT_LIFE_S ? co->own.lease_s : PV_PASSPORT_LIFE_S;
#define SHOWS(claims, typ, kid, key) bearer(co, signed_claims(typ, kid, claims, key)).known
	tap_ok(SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "as it should be, it is accepted");
	tap_ok(SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us.coast-guard", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "also for a party below the issuer's");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "ca", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one for another's party is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "co", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one for our own party is nobody");
	tap_ok(!SHOWS(PASSPORT("\"us/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one for another audience is nobody");
	tap_ok(
	    !SHOWS(PASSPORT("[\"co/orders\",\"us/orders\"]", "us/gateway", t, t + 60, "us", REST),
		PV_PASSPORT_TYP, us_kid, us_key),
	    "one for two audiences is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "ca/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one that names another issuer is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, us_kid, ca_key),
	    "one signed by another gateway's key is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "ca/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, ca_kid, ca_key),
	    "another gateway vouches for its own alone");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t - 60, t, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one that is over is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t + 60, t + 120, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one of the future is nobody");
	token = signed_claims(PV_PASSPORT_TYP, us_kid,
	    PASSPORT("\"co/orders\"", "us/gateway", t, t + 100 * l, "us", REST), us_key);
	who = bearer(co, token);
	tap_ok(who.known && who.until_s == t + l, "one for longer is cut to what we accept");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t - l, t + l, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "so that an old one is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us",
			  ",\"proviso_roles\":[\"analyst\"]"),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one without a purpose is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us",
			  ",\"proviso_purposes\":[\"law\",\"rescue\"]"),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "one for two purposes is nobody");
	who = bearer(
	    co, signed_claims(PV_PASSPORT_TYP, us_kid,
		    PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us",
			",\"proviso_purposes\":\"law\",\"proviso_roles\":[\"officer\",\"operator\","
			"\"analyst\"]"),
		    us_key));
	tap_ok(who.known && who.roles == PV_ROLE_ANALYST,
	    "roles that the card does not grant fall away");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST), "JWT", us_kid,
		   us_key),
	    "without its type it is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, PV_NO_SLICE, us_key),
	    "without a kid it is nobody");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, pv_desk_identity(us).gateway_vkey, us_key),
	    "the whole key as a kid is nobody's");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us",
			  ",\"aud\":\"co/orders\"" REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "a claim that is there twice is nobody's");

	who =
	    bearer(co, signed_claims(PV_GATEWAY_TYP, us_kid,
			   PASSPORT("\"co/orders\"", "us/gateway", t, t + 600, "us", ""), us_key));
	tap_ok(who.known && who.roles == PV_ROLE_GATEWAY && !who.passport &&
		   who.until_s == t + PV_GATEWAY_LIFE_S,
	    "a gateway says who it is, for a minute");
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "ca", ""), PV_GATEWAY_TYP,
		   us_kid, us_key),
	    "not who another is");
	{
		struct pv_slice own;
		struct pv_err e = { 0 };

		good(pv_desk_gateway_token(us, PV_SLICE("co/orders"), arena, &own, &e), &e,
		    "ours says so");
		tap_ok(bearer(co, own).known && !bearer(ca, own).known,
		    "to the one that it is meant for");
	}
	token = signed_claims(PV_PASSPORT_TYP, us_kid,
	    PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST), us_key);
	clock_ms += 30000;
	tap_ok(bearer(co, token).known, "half a minute later it counts");
	clock_ms += 30000;
	tap_ok(!bearer(co, token).known, "a minute later it does not");
	applies(co, "{\"record\":\"end\",\"id\":\"e-iss\",\"of\":\"key-us-issuer\"}\n",
	    "the issuer's record ends");
	t = now_s();
	tap_ok(!SHOWS(PASSPORT("\"co/orders\"", "us/gateway", t, t + 60, "us", REST),
		   PV_PASSPORT_TYP, us_kid, us_key),
	    "and with it all its passports");
	pv_pair_free(us_key);
	pv_pair_free(ca_key);
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* ---- issuers ---- */

/* Two issuers: what they publish, and how often they were asked. */
static struct web {
	struct pv_slice doc[2], keys[2];
	unsigned asked, failing;
	char last[200];
} web;

static PV_RESULT
get(void *ctx, const char *url, struct pv_buf *out, struct pv_err *e)
{
	struct web *w = ctx;
	static const char *const doc[] = { ISS "/.well-known/openid-configuration",
		ISS2 "/.well-known/openid-configuration" },
				 *const keys[] = { ISS "/keys", ISS2 "/keys" };

	w->asked++;
	snprintf(w->last, sizeof(w->last), "%s", url);
	if (w->failing != 0)
		return PV_FAIL(e, PV_E_DOWN, "%s is not reached", url);
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(url, doc[i]) == 0)
			pv_buf_add(out, w->doc[i]);
		else if (strcmp(url, keys[i]) == 0)
			pv_buf_add(out, w->keys[i]);
	}
	return out->n != 0 ? PV_DONE : PV_FAIL(e, PV_E_DOWN, "%s answers 404", url);
}

static struct pv_slice
jwks(struct pv_slice kid, const struct pv_pair *pair)
{
	struct pv_buf b = { 0 };
	struct pv_slice s;

	pv_buf_add_str(&b, "{\"keys\":[");
	pv_jwk_write(&b, kid, pv_pair_pub(pair));
	pv_buf_add_str(&b, "]}");
	s = pv_arena_copy(arena, pv_buf_slice(&b));
	pv_buf_free(&b);
	return s;
}

#define CLAIMS(iss, aud, iat, exp, more)                                                         \
	pv_arena_printf(arena,                                                                   \
	    "{\"iss\":\"%s\",\"aud\":%s,\"iat\":%llu,\"exp\":%llu,\"sub\":\"ana\"%s}", iss, aud, \
	    (unsigned long long)(iat), (unsigned long long)(exp), more)                          \
	    .p

static void
issuers(void)
{
	struct pv_env env = test_env();
	struct pv_callers_fetch fetch = { get, &web };
	PV_AUTO(pv_callers_freep) struct pv_callers *callers = pv_callers_new(&env, &fetch);
	struct pv_pair *one = pv_pair_new(&env), *two = pv_pair_new(&env),
		       *three = pv_pair_new(&env);
	struct pv_desk *co;
	struct pv_caller who;
	struct pv_slice token;
	struct pv_credential c;
	struct pv_err e = { 0 };
	uint64_t t;
	bool slow;

	new_case("issuers");
	web = (struct web){
		.doc = { PV_SLICE("{\"issuer\":\"" ISS "\",\"jwks_uri\":\"" ISS "/keys\"}"),
		    PV_SLICE("{\"issuer\":\"" ISS2 "\",\"jwks_uri\":\"" ISS2 "/keys\"}") }
	};
	web.keys[0] = jwks(PV_SLICE("1"), one);
	web.keys[1] = jwks(PV_SLICE("1"), two);
	co = take_home("co");
	pv_desk_lend_callers(co, callers);
	t = now_s();
#define OIDC(kid, claims, key) signed_claims("JWT", PV_SLICE(kid), claims, key)
	token = OIDC("1", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one);
	tap_ok(!bearer(co, token).known && web.asked == 0,
	    "an issuer that no record binds is nobody, and is not asked for its keys");
	applies(co,
	    KEY("k-navy", "issuer", "co.navy", ISS "#proviso",
		"\"roles\":[\"analyst\",\"officer\"],\"purposes\":[\"law\",\"rescue\"],")
		KEY("k-all", "issuer", "co", ISS2, "\"roles\":[\"analyst\",\"overseer\"],"),
	    "two issuers are bound");
	c = (struct pv_credential){ PV_CRED_BEARER, token, PV_NO_SLICE, PV_NO_SLICE };
	good(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e), &e, "asked without waiting");
	tap_ok(slow && !who.known && web.asked == 0, "what must be fetched is left for later");
	who = bearer(co, token);
	tap_ok(who.known && pv_slice_is(who.party, "co.navy") && pv_slice_is(who.person, "ana") &&
		   pv_slice_is(who.id, "k-navy") && who.own,
	    "its token is somebody of the record's party");
	tap_ok(who.roles == PV_ROLE_ANALYST && who.has_purposes && who.purposes.n == 2 &&
		   who.until_s == t + 300,
	    "an analyst at most, when the token does not say its roles");
	tap_ok(web.asked == 2, "document and keys were fetched");
	good(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e), &e, "again without waiting");
	tap_ok(who.known && !slow && web.asked == 2, "once");
	who = bearer(co,
	    OIDC("1",
		CLAIMS(ISS, "[\"other\",\"proviso\"]", t, t + 300,
		    ",\"proviso_party\":\"co.navy.d7\",\"proviso_roles\":[\"officer\",\"operator\","
		    "\"offline_access\"],\"proviso_purposes\":[\"law.interdict\",\"strike\"]"),
		one));
	tap_ok(who.known && pv_slice_is(who.party, "co.navy.d7") && who.roles == PV_ROLE_OFFICER &&
		   who.purposes.n == 1 && pv_slice_is(who.purposes.at[0], "law.interdict"),
	    "claims count within what the record grants");
#define NOBODY(name, kid, claims, key)                                                          \
	do {                                                                                    \
		unsigned before = web.asked;                                                    \
		tap_ok(!bearer(co, OIDC(kid, claims, key)).known && web.asked == before, name); \
	} while (0)
	NOBODY("one for a party beside the record's is nobody", "1",
	    CLAIMS(ISS, "\"proviso\"", t, t + 300, ",\"proviso_party\":\"co\""), one);
	NOBODY("a party that is no name is nobody's", "1",
	    CLAIMS(ISS, "\"proviso\"", t, t + 300, ",\"proviso_party\":7"), one);
	NOBODY("one that only states what is not granted is nobody", "1",
	    CLAIMS(ISS, "\"proviso\"", t, t + 300, ",\"proviso_purposes\":[\"strike\"]"), one);
	NOBODY("one of another audience is nobody", "1", CLAIMS(ISS, "\"console\"", t, t + 300, ""),
	    one);
	NOBODY("our order log's name is not the audience where another is bound", "1",
	    CLAIMS(ISS, "\"co/orders\"", t, t + 300, ""), one);
	NOBODY("one without an audience is nobody", "1", CLAIMS(ISS, "[]", t, t + 300, ""), one);
	NOBODY("an issuer with a slash more is another", "1",
	    CLAIMS(ISS "/", "\"proviso\"", t, t + 300, ""), one);
	NOBODY("expired is nobody", "1", CLAIMS(ISS, "\"proviso\"", t - 300, t, ""), one);
	NOBODY(
	    "of the future is nobody", "1", CLAIMS(ISS, "\"proviso\"", t + 60, t + 300, ""), one);
	NOBODY("not yet is nobody", "1",
	    pv_arena_printf(arena,
		"{\"iss\":\"" ISS "\",\"aud\":\"proviso\",\"iat\":%llu,\"nbf\":%llu,\"exp\":%llu,"
		"\"sub\":\"ana\"}",
		(unsigned long long)t, (unsigned long long)(t + 60), (unsigned long long)(t + 300))
		.p,
	    one);
	NOBODY("without a subject is nobody", "1",
	    pv_arena_printf(arena,
		"{\"iss\":\"" ISS "\",\"aud\":\"proviso\",\"iat\":%llu,\"exp\":%llu}",
		(unsigned long long)t, (unsigned long long)(t + 300))
		.p,
	    one);
	NOBODY("signed by another key is nobody", "1", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""),
	    three);
	tap_ok(!bearer(co, signed_claims("logout+jwt", PV_SLICE("1"),
			       CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one))
		    .known,
	    "one of another type is nobody");
	tap_ok(bearer(co, signed_claims("at+JWT", PV_SLICE("1"),
			      CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one))
		   .known,
	    "an access token (RFC 9068) is fine");

	/* two issuers, of which one must not speak as the other */
	who = bearer(co, OIDC("1", CLAIMS(ISS2, "\"co/orders\"", t, t + 300, ""), two));
	tap_ok(who.known && pv_slice_is(who.party, "co") && !who.has_purposes,
	    "the other issuer, whose audience is our order log's name");
	tap_ok(!bearer(co, OIDC("1", CLAIMS(ISS2, "\"co/orders\"", t, t + 300, ""), one)).known &&
		   !bearer(co, OIDC("1", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), two)).known,
	    "neither signs for the other, though the kid is the same");

	/* rotation */
	web.keys[0] = jwks(PV_SLICE("2"), three);
	web.asked = 0;
	token = OIDC("2", CLAIMS(ISS, "\"proviso\"", t, t + 9000, ""), three);
	tap_ok(bearer(co, token).known && web.asked == 2, "a new kid makes us fetch the keys anew");
	tap_ok(!bearer(co, OIDC("1", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one)).known &&
		   web.asked == 2,
	    "a key that is not published any more counts no more");
	web.keys[0] = jwks(PV_SLICE("1"), one);
	tap_ok(!bearer(co, OIDC("1", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one)).known &&
		   web.asked == 2,
	    "within a minute of that no kid does so again");
	web.keys[0] = jwks(PV_SLICE("2"), three);
	for (unsigned i = 0; i < 50; i++)
		bearer(co, signed_claims("JWT", pv_arena_printf(arena, "x%u", i),
			       CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one));
	tap_ok(web.asked == 2, "fifty unknown kids make nobody ask");
	web.failing = 1;
	clock_ms += 61000;
	tap_ok(!bearer(co, OIDC("9", CLAIMS(ISS, "\"proviso\"", t, t + 300, ""), one)).known &&
		   web.asked == 3,
	    "a fetch that fails opens nothing");
	tap_ok(bearer(co, token).known, "and shuts nothing at once");
	clock_ms += 3600000;
	tap_ok(!bearer(co, token).known, "after an hour without keys nobody is known");
	web.failing = 0;
	web.doc[0] = web.doc[1];
	clock_ms += 61000;
	tap_ok(!bearer(co, token).known, "a document of another issuer is no document");
	web.doc[0] = PV_SLICE("{\"issuer\":\"" ISS "\",\"jwks_uri\":\"" ISS "/keys\"}");
	web.keys[0] = PV_SLICE("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"2\"}]}");
	clock_ms += 61000;
	tap_ok(!bearer(co, token).known, "nor are symmetric keys keys");
	web.keys[0] = jwks(PV_SLICE("2"), three);
	clock_ms += 61000;
	tap_ok(bearer(co, token).known, "when all is well again it is known again");
	applies(co, END("e-navy", "k-navy"), "the record ends");
	tap_ok(!bearer(co, token).known, "and the issuer vouches for nobody");
	pv_pair_free(one);
	pv_pair_free(two);
	pv_pair_free(three);
	pv_desk_close(co);
}

/* ---- exchange ---- */

static struct pv_exchange_answer
exchange(struct pv_desk *d, const struct pv_caller *who, struct pv_exchange_ask ask,
    struct pv_status *st, struct pv_err *e)
{
	struct pv_exchange_answer out = { 0 };

	*st = pv_desk_exchange(d, who, &ask, arena, &out, e);
	return out;
}

static void
exchanging(void)
{
	static const struct pv_slice law[] = { { "law", 3 } },
				     interdict[] = { { "law.interdict", 13 } },
				     strike[] = { { "strike", 6 } };
	struct pv_desk *co, *us;
	struct pv_token_ask ask = { .party = PV_SLICE("us"),
		.person = PV_SLICE("ana"),
		.purposes = { law, 1 },
		.ttl_s = 900 };
	struct pv_token_answer made = { 0 };
	struct pv_exchange_answer x;
	struct pv_caller by, who, narrow;
	struct pv_status st;
	struct pv_err e = { 0 };

	new_case("exchange");
	us = take_home("us");
	co = take_home("co");
	applies(us,
	    KEY("k-desk", "credential", "us", "desk", "\"roles\":[\"analyst\",\"officer\"],"),
	    "a credential");
	by = pv_caller_local(us, PV_SLICE("operator"));
	good(pv_desk_token_new(us, &ask, &by, arena, &made, &e), &e, "a token");
	who = bearer(us, pv_secret_slice(made.text));
	x = exchange(us, &who,
	    (struct pv_exchange_ask){ .purposes = { interdict, 1 }, .ttl_s = 86400 }, &st, &e);
	tap_ok(pv_ok(st) && x.issued && !x.passport && x.until_s == who.until_s,
	    "a narrower token lives no longer");
	narrow = bearer(us, x.token);
	tap_ok(narrow.known && pv_caller_may_state(&narrow, PV_SLICE("law.interdict")) &&
		   !pv_caller_may_state(&narrow, PV_SLICE("law")) &&
		   pv_slice_is(narrow.person, "ana"),
	    "it is the same person with less");
	x = exchange(us, &narrow, (struct pv_exchange_ask){ .purposes = { law, 1 } }, &st, &e);
	tap_ok(!pv_ok(st) && x.token.n == 0, "and cannot be widened again");
	clock_ms += 60000;
	x = exchange(us, &narrow, (struct pv_exchange_ask){ .ttl_s = 86400 }, &st, &e);
	tap_ok(pv_ok(st) && x.until_s == narrow.until_s, "a refresh lengthens nothing");
	tap_ok(pv_slice_is(x.purposes.at[0], "law.interdict"), "and widens nothing");
	x = exchange(us, &who, (struct pv_exchange_ask){ .roles = PV_ROLE_OFFICER }, &st, &e);
	tap_ok(!pv_ok(st), "a role that the token has not is not given, though its record has it");
	x = exchange(us, &who,
	    (struct pv_exchange_ask){
		.audience = PV_SLICE("co/orders"), .purposes = { interdict, 1 } },
	    &st, &e);
	tap_ok(pv_ok(st) && x.issued && x.passport && x.until_s <= who.until_s,
	    "for a partner it becomes a passport");
	who = bearer(co, x.token);
	tap_ok(
	    who.known && who.passport && pv_slice_is(who.person, "ana"), "which is accepted there");
	x = exchange(co, &who,
	    (struct pv_exchange_ask){
		.audience = PV_SLICE("uk/orders"), .purposes = { interdict, 1 } },
	    &st, &e);
	tap_ok(!pv_ok(st) && x.token.n == 0, "and cannot be exchanged there for the next one");
	x = exchange(co, &who, (struct pv_exchange_ask){ .ttl_s = 86400 }, &st, &e);
	tap_ok(!pv_ok(st) && x.token.n == 0, "nor for a token of theirs");
	who = bearer(us, pv_secret_slice(made.text));
	x = exchange(us, &who,
	    (struct pv_exchange_ask){
		.audience = PV_SLICE("co/orders"), .purposes = { strike, 1 } },
	    &st, &e);
	tap_ok(!pv_ok(st) && x.token.n == 0, "nor for a purpose beside those of the token");
	{
		struct pv_exchange_answer child =
		    exchange(us, &who, (struct pv_exchange_ask){ .ttl_s = 600 }, &st, &e);
		struct pv_caller first = bearer(us, child.token);
		struct pv_exchange_answer grandchild =
		    exchange(us, &first, (struct pv_exchange_ask){ .ttl_s = 300 }, &st, &e);
		bool found;

		tap_ok(bearer(us, grandchild.token).known, "a token of a token of a token");
		good(pv_desk_token_end(us, first.id, &by, &found, &e), &e, "the middle one ends");
		tap_ok(found && !bearer(us, child.token).known &&
			   !bearer(us, grandchild.token).known &&
			   bearer(us, pv_secret_slice(made.text)).known,
		    "with it what was made from it, and nothing else");
	}
	applies(us, END("e-desk", "k-desk"), "the binding ends");
	tap_ok(!bearer(us, pv_secret_slice(made.text)).known, "then nothing is exchanged any more");
	pv_secret_free(made.text);
	verifies(us, "and the logs verify");
	pv_desk_close(us);
	pv_desk_close(co);
}

/* ---- clocks ---- */

static int64_t set_ms; /* what somebody set the clock by */

static uint64_t
set_clock(void *ctx)
{
	(void)ctx;
	return clock_ms + (uint64_t)set_ms;
}

static void
clocks(void)
{
	struct pv_env env = test_env();
	struct pv_desk *us, *co = NULL;
	struct pv_caller who;
	struct pv_passport_answer p;
	struct pv_err e = { 0 };

	new_case("clocks");
	us = take_home("us");
	shell(pv_arena_printf(arena, "cp -a %s/0/co %s/co", world, here).p);
	env.realtime_ms = set_clock;
	good(pv_desk_open(&co, in_case("co"), &env, &e), &e, "a home with a clock that is set");
	who = analyst(us);
	p = issue(us, &who, "co/orders", "law.interdict", 120);
	tap_ok(bearer(co, p.token).known, "a passport counts");
	clock_ms += 121000;
	tap_ok(!bearer(co, p.token).known, "it is over");
	set_ms = -120000;
	tap_ok(!bearer(co, p.token).known, "a clock set back brings nothing back");
	set_ms = 0;
	p = issue(us, &who, "co/orders", "law.interdict", 120);
	tap_ok(bearer(co, p.token).known, "another one");
	set_ms = 3600000;
	tap_ok(!bearer(co, p.token).known, "a clock set forward ends it");
	set_ms = 0;
	pv_desk_close(co);
	pv_desk_close(us);
}

int
main(void)
{
	make_world();
	issuing();
	forging();
	issuers();
	exchanging();
	clocks();
	return end_world();
}
