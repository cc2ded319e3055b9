/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls: certificates, passwords, own tokens; and what of them counts no more. */
#include "crypto/hash.h"
#include "desk/account.h"
#include "desk/caller.h"
#include "desk/callers.h"
#include "desk/token.h"
#include "test_homes.h"

#define KEY(id, use, party, binding, more)                                             \
	"{\"record\":\"key\",\"id\":\"" id "\",\"use\":\"" use "\",\"party\":\"" party \
	"\",\"binding\":\"" binding "\"," more "\"from\":\"2026-01-01T00:00:00Z\"}\n"
#define END(id, of) "{\"record\":\"end\",\"id\":\"" id "\",\"of\":\"" of "\"}\n"
#define SPKI        "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4"

/* ---- asking ---- */

static struct pv_caller
call(struct pv_desk *d, enum pv_credential_kind kind, struct pv_slice text, struct pv_slice secret)
{
	struct pv_credential c = { kind, text, secret, PV_SLICE("192.0.2.7") };
	struct pv_caller who = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_desk_caller(d, &c, arena, &who, &e)))
		tap_note("%s (%s)", e.what, e.raised);
	return who;
}

static struct pv_caller
by_token(struct pv_desk *d, const struct pv_secret *token)
{
	return call(d, PV_CRED_BEARER, pv_secret_slice(token), PV_NO_SLICE);
}

static struct pv_token_answer
mint(struct pv_desk *d, struct pv_token_ask ask, const char *name)
{
	struct pv_token_answer made = { 0 };
	struct pv_caller by = pv_caller_local(d, PV_SLICE("operator"));
	struct pv_err e = { 0 };

	good(pv_desk_token_new(d, &ask, &by, arena, &made, &e), &e, name);
	return made;
}

static void
not_minted(struct pv_desk *d, struct pv_token_ask ask, const char *says, const char *name)
{
	struct pv_token_answer made = { 0 };
	struct pv_caller by = pv_caller_local(d, PV_SLICE("operator"));
	struct pv_err e = { 0 };

	refused_as(pv_desk_token_new(d, &ask, &by, arena, &made, &e), &e, PV_E_INPUT, says, name);
	pv_secret_free(made.text);
}

static struct pv_names
names(const char *const *at, size_t n)
{
	struct pv_slice *list = pv_arena_alloc_n(arena, n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = pv_slice_of(at[i]);
	return (struct pv_names){ list, n };
}
#define NAMES(...)                                  \
	names((const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* ---- certificates ---- */

static void
certificates(void)
{
	struct pv_desk *co;
	struct pv_caller who;
	struct pv_vkey vkey;
	struct pv_buf spki = { 0 };
	char hex[2 * PV_HASH + 1];
	struct pv_err e = { 0 };

	new_case("certificates");
	co = take_home("co");
	applies(co,
	    KEY("k-tls", "tls", "us.coast-guard", SPKI,
		"\"roles\":[\"analyst\"],\"purposes\":[\"law.interdict\"],"),
	    "a certificate is bound");
	who = call(co, PV_CRED_TLS, PV_SLICE(SPKI), PV_NO_SLICE);
	tap_ok(who.known && pv_slice_is(who.party, "us.coast-guard") && !who.own &&
		   who.roles == PV_ROLE_ANALYST && pv_slice_is(who.id, "k-tls"),
	    "a bound certificate is its party");
	tap_ok(pv_caller_may_state(&who, PV_SLICE("law.interdict")) &&
		   !pv_caller_may_state(&who, PV_SLICE("law")) &&
		   !pv_caller_may_state(&who, PV_SLICE("strike")),
	    "it may state the purposes of its record, and none above them");
	tap_ok(pv_caller_speaks_for(&who, PV_SLICE("us.coast-guard.d7")) &&
		   !pv_caller_speaks_for(&who, PV_SLICE("us")) &&
		   !pv_caller_speaks_for(&who, PV_SLICE("co")),
	    "it speaks for its party and those below");
	who = call(co, PV_CRED_TLS,
	    PV_SLICE("A1B2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4"),
	    PV_NO_SLICE);
	tap_ok(!who.known, "a digest in capitals is nobody");
	tap_ok(!call(co, PV_CRED_TLS, PV_NO_SLICE, PV_NO_SLICE).known, "an empty one is nobody");
	tap_ok(!call(co, PV_CRED_BASIC, PV_SLICE(SPKI), PV_SLICE("x")).known,
	    "the digest as a user's name is nobody");

	good(pv_vkey_read(&vkey, pv_desk_identity(co).gateway_vkey, &e), &e, "the gateway's key");
	pv_buf_add_mem(&spki, "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
	pv_buf_add_mem(&spki, vkey.pub, sizeof(vkey.pub));
	pv_hash_hex(pv_buf_slice(&spki), hex);
	who = call(co, PV_CRED_TLS, pv_slice_of(hex), PV_NO_SLICE);
	tap_ok(who.known && who.roles == PV_ROLE_GATEWAY && who.own,
	    "a certificate over a gateway's own key is that gateway");
	pv_buf_free(&spki);

	applies(co, END("e-tls", "k-tls"), "the binding ends");
	tap_ok(!call(co, PV_CRED_TLS, PV_SLICE(SPKI), PV_NO_SLICE).known,
	    "and the certificate is nobody at once");
	pv_desk_close(co);
}

/* ---- passwords ---- */

static void
passwords(void)
{
	struct pv_desk *co;
	struct pv_secret *password = NULL, *next = NULL;
	struct pv_caller by, who;
	struct pv_credential c = { PV_CRED_BASIC, PV_SLICE("taxii-us"), PV_NO_SLICE,
		PV_SLICE("2001:db8::1") };
	struct pv_err e = { 0 };
	unsigned limited = 0;
	bool slow;

	new_case("passwords");
	co = take_home("co");
	by = pv_caller_local(co, PV_SLICE("operator"));
	applies(co,
	    KEY("k-acc", "credential", "us.coast-guard", "taxii-us",
		"\"roles\":[\"analyst\"],\"purposes\":[\"law.interdict\",\"rescue\"],"),
	    "an account is bound");
	tap_ok(!call(co, PV_CRED_BASIC, c.text, PV_SLICE("guess")).known,
	    "an account without a password is nobody's");
	good(pv_desk_account_password(co, c.text, &by, &password, &e), &e, "a password is made");
	tap_ok(pv_secret_size(password) == 29, "24 characters in groups of four");
	c.secret = pv_secret_slice(password);
	good(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e), &e, "asked without waiting");
	tap_ok(slow && !who.known, "a password that was not verified is left for later");
	who = call(co, PV_CRED_BASIC, c.text, c.secret);
	tap_ok(who.known && pv_slice_is(who.id, "k-acc") && pv_slice_is(who.person, "taxii-us") &&
		   who.purposes.n == 2,
	    "name and password are the party of the account");
	good(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e), &e, "again without waiting");
	tap_ok(!slow && who.known, "it is remembered");
	clock_ms += 61000;
	good(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e), &e, "a minute later");
	tap_ok(slow && !who.known, "it is not remembered any more");
	tap_ok(!call(co, PV_CRED_BASIC, c.text, PV_SLICE("abcd-efgh-jkmn-pqrs-tuvw-xyz2")).known,
	    "a wrong password is nobody");
	tap_ok(!call(co, PV_CRED_BASIC, PV_SLICE("taxii-uk"), c.secret).known,
	    "the same password under another name is nobody");
	tap_ok(!call(co, PV_CRED_BASIC, c.text, PV_NO_SLICE).known, "no password is nobody");
	tap_ok(!call(co, PV_CRED_BEARER, c.text, c.secret).known, "as a bearer it is nobody");

	tap_ok(call(co, PV_CRED_BASIC, c.text, c.secret).known, "verified again");
	good(pv_desk_account_password(co, c.text, &by, &next, &e), &e, "a new password");
	tap_ok(!call(co, PV_CRED_BASIC, c.text, c.secret).known,
	    "the old one counts no more, though it was remembered");
	tap_ok(call(co, PV_CRED_BASIC, c.text, pv_secret_slice(next)).known, "the new one does");
	applies(co, END("e-acc", "k-acc"), "the account ends");
	tap_ok(!call(co, PV_CRED_BASIC, c.text, pv_secret_slice(next)).known,
	    "and its password is nobody's at once");
	tap_ok(journal_count(co, "password") == 2, "each password made is journalled, no try is");

	clock_ms += 60000;
	c.secret = PV_SLICE("flood");
	for (unsigned i = 0; i < 20; i++) {
		struct pv_status st = pv_desk_caller(co, &c, arena, &who, &e);

		limited += !pv_ok(st) && e.code == PV_E_LIMIT ? 1 : 0;
	}
	tap_ok(limited == 12, "of twenty passwords from one place at once eight cost anything");
	c.peer = PV_SLICE("2001:db8::77");
	tap_ok(!pv_ok(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e)) && e.code == PV_E_LIMIT,
	    "another address of that network is the same place");
	clock_ms += 3000;
	tap_ok(pv_ok(pv_desk_caller_quick(co, &c, arena, &who, &slow, &e)), "later it may again");
	verifies(co, "and the logs verify");
	pv_secret_free(password);
	pv_secret_free(next);
	pv_desk_close(co);
}

/* ---- own tokens ---- */

static bool
is_listed(struct pv_desk *d, struct pv_slice id, bool *stands)
{
	const struct pv_token *tokens;
	struct pv_err e = { 0 };
	size_t n;

	good(pv_desk_tokens(d, arena, &tokens, &n, &e), &e, "tokens are listed");
	for (size_t i = 0; i < n; i++) {
		if (!pv_slice_eq(tokens[i].id, id))
			continue;
		*stands = tokens[i].stands;
		return true;
	}
	return false;
}

static void
tokens(void)
{
	struct pv_desk *co;
	struct pv_token_answer t, wide, other;
	struct pv_caller who, by;
	struct pv_err e = { 0 };
	bool stands = false, found;
	struct pv_buf changed = { 0 };

	new_case("tokens");
	co = take_home("co");
	by = pv_caller_local(co, PV_SLICE("operator"));
	not_minted(co, (struct pv_token_ask){ .party = PV_SLICE("us.coast-guard") },
	    "no key record grants this", "without a binding there is no token");
	applies(co,
	    KEY("k-desk", "credential", "us", "us-desk",
		"\"roles\":[\"analyst\",\"overseer\"],\"purposes\":[\"law\"],"
		"\"until\":\"2026-12-01T00:00:00Z\","),
	    "a credential is bound");
	not_minted(co, (struct pv_token_ask){ .party = PV_SLICE("us"), .roles = PV_ROLE_OFFICER },
	    "no key record grants this", "none with a role that is not granted");
	not_minted(co,
	    (struct pv_token_ask){ .party = PV_SLICE("us"), .purposes = NAMES("strike") },
	    "no key record grants this", "none with a purpose that is not granted");
	not_minted(co,
	    (struct pv_token_ask){ .party = PV_SLICE("us"), .purposes = NAMES("torture") },
	    "unknown purpose", "none with a purpose that is not declared");
	not_minted(co, (struct pv_token_ask){ .party = PV_SLICE("ca"), .of = PV_SLICE("k-desk") },
	    "is not below it", "none for a party beside the binding's");
	not_minted(co, (struct pv_token_ask){ .of = PV_SLICE("k-none") }, "stands",
	    "none of a record that is not there");
	not_minted(co,
	    (struct pv_token_ask){ .party = PV_SLICE("us"), .ttl_s = PV_TOKEN_LIFE_S + 1 },
	    "31 days", "none for longer than a month");
	tap_ok(journal_count(co, "token") == 0, "none of that is journalled");

	t = mint(co,
	    (struct pv_token_ask){ .party = PV_SLICE("us.coast-guard"),
		.person = PV_SLICE("rosalind"),
		.purposes = NAMES("law.interdict"),
		.ttl_s = 600 },
	    "a token is made");
	tap_ok(pv_slice_starts(pv_secret_slice(t.text), PV_TOKEN_PREFIX) &&
		   pv_secret_size(t.text) == 48,
	    "of 256 random bits");
	who = by_token(co, t.text);
	tap_ok(who.known && pv_slice_is(who.party, "us.coast-guard") &&
		   pv_slice_is(who.person, "rosalind") && who.roles == PV_ROLE_ANALYST &&
		   pv_slice_eq(who.id, t.token.id) && pv_slice_is(who.binding, "k-desk"),
	    "it is party, person and role");
	tap_ok(pv_caller_may_state(&who, PV_SLICE("law.interdict")) &&
		   !pv_caller_may_state(&who, PV_SLICE("law")),
	    "and states its purpose alone");
	tap_ok(who.until_s == t.token.from_s + 600, "for as long as was said");
	tap_ok(journal_count(co, "token") == 1, "its making is journalled");
	shell(pv_arena_printf(
	    arena, "! grep -rqF %.*s %s/co/*", PV_FMT(pv_secret_slice(t.text)), here)
		  .p);
	tap_ok(true, "its text is in none of the home's files");

	wide = mint(co, (struct pv_token_ask){ .party = PV_SLICE("us") }, "one that says less");
	who = by_token(co, wide.text);
	tap_ok(who.known && who.roles == PV_ROLE_ANALYST && who.has_purposes &&
		   pv_caller_may_state(&who, PV_SLICE("law.interdict")) &&
		   !pv_caller_may_state(&who, PV_SLICE("strike")),
	    "is an analyst with the purposes of its record");
	pv_buf_add(&changed, pv_secret_slice(t.text));
	changed.p[20] = changed.p[20] == 'A' ? 'B' : 'A';
	tap_ok(!call(co, PV_CRED_BEARER, pv_buf_slice(&changed), PV_NO_SLICE).known,
	    "one with a letter changed is nobody");
	tap_ok(!call(co, PV_CRED_BASIC, pv_secret_slice(t.text), PV_SLICE("x")).known,
	    "as a user's name it is nobody");
	pv_buf_free(&changed);

	tap_ok(is_listed(co, t.token.id, &stands) && stands, "it is listed");
	clock_ms += 599000;
	tap_ok(by_token(co, t.text).known, "in its last second it counts");
	clock_ms += 1000;
	tap_ok(!by_token(co, t.text).known, "in the next it does not");
	tap_ok(!is_listed(co, t.token.id, &stands), "nor is it listed");
	good(pv_desk_token_end(co, wide.token.id, &by, &found, &e), &e, "the other is ended");
	tap_ok(found && !by_token(co, wide.text).known && journal_count(co, "token-ended") == 1,
	    "and is nobody at once, journalled");
	good(pv_desk_token_end(co, wide.token.id, &by, &found, &e), &e, "again");
	tap_ok(!found && journal_count(co, "token-ended") == 1, "there is nothing to end");

	other = mint(co, (struct pv_token_ask){ .party = PV_SLICE("us"), .ttl_s = PV_TOKEN_LIFE_S },
	    "a long one");
	applies(co, END("e-desk", "k-desk"), "the binding ends");
	tap_ok(!by_token(co, other.text).known, "with it every token that rests on it");
	tap_ok(is_listed(co, other.token.id, &stands) && !stands, "which is listed as void");
	applies(co, KEY("k-desk2", "credential", "us", "us-desk", "\"roles\":[\"analyst\"],"),
	    "the same name is bound again");
	tap_ok(!by_token(co, other.text).known, "that does not bring the token back");
	verifies(co, "and the logs verify");
	pv_secret_free(t.text);
	pv_secret_free(wide.text);
	pv_secret_free(other.text);
	pv_desk_close(co);
}

int
main(void)
{
	make_world();
	certificates();
	passwords();
	tokens();
	return end_world();
}
