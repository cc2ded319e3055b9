/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed by the gateway's key, which a card binds for the uses gateway and
 * issuer. What is signed cannot be taken for a note: a note's text ends in a
 * line feed, a token's has none.
 */
#include "desk/passport.h"

#include "codec/hex.h"
#include "codec/json.h"
#include "core/words.h"
#include "crypto/note.h"
#include "desk/home.h"
#include "desk/journal.h"
#include "desk/names.h"
#include "desk/passing.h"
#include "desk/token.h"

#define CHANNEL PV_SLICE("exchange") /* where it will be used is not known yet */

/* ---- writing ---- */

/* "co/gateway+59aaea81" of the whole verification key. */
static struct pv_slice
kid_of(struct pv_slice vkey)
{
	size_t plus = 0;

	for (size_t i = 0; i < vkey.n; i++) {
		if (vkey.p[i] != '+')
			continue;
		if (plus != 0)
			return pv_slice_sub(vkey, 0, i);
		plus = i;
	}
	return PV_NO_SLICE;
}

struct writing {
	const char *typ;
	struct pv_slice audience, id, party, person, purpose;
	unsigned roles;
	uint64_t from_s, until_s;
};

static void
write_claims(
    struct pv_buf *out, const struct writing *p, struct pv_slice issuer, struct pv_arena *a)
{
	struct pv_names roles = pv_role_names(p->roles, a);
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "aud", p->audience);
	pv_jsonw_u64(&w, "exp", p->until_s);
	pv_jsonw_u64(&w, "iat", p->from_s);
	pv_jsonw_str(&w, "iss", issuer);
	pv_jsonw_str(&w, "jti", p->id);
	pv_jsonw_str(&w, "proviso_party", p->party);
	if (p->purpose.n != 0) {
		pv_jsonw_array(&w, "proviso_purposes");
		pv_jsonw_str(&w, NULL, p->purpose);
		pv_jsonw_end(&w);
	}
	if (roles.n != 0) {
		pv_jsonw_array(&w, "proviso_roles");
		for (size_t i = 0; i < roles.n; i++)
			pv_jsonw_str(&w, NULL, roles.at[i]);
		pv_jsonw_end(&w);
	}
	pv_jsonw_str(&w, "sub", p->person.n != 0 ? p->person : p->party);
	pv_jsonw_end(&w);
}

static PV_RESULT
sign(struct pv_desk *d, const struct writing *p, struct pv_arena *a, struct pv_slice *token,
    struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf claims = { 0 }, out = { 0 };
	struct pv_slice text;
	struct pv_vkey vkey;

	PV_TRY(pv_home_pair(d, "gateway", &pair, &text, a, e));
	PV_TRY(pv_vkey_read(&vkey, text, e));
	write_claims(&claims, p, vkey.name, a);
	pv_jwt_sign(&out, p->typ, kid_of(text), pv_buf_slice(&claims), pair);
	*token = pv_arena_copy(a, pv_buf_slice(&out));
	return PV_DONE;
}

static struct pv_slice
random_id(struct pv_desk *d, const char *prefix, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t raw[8];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add_str(&b, prefix);
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	return pv_arena_copy(a, pv_buf_slice(&b));
}

/* ---- issuing ---- */

static const struct pv_record *
peer_of(const struct pv_desk *d, struct pv_slice origin)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++)
		if (peers->at[i]->ended == PV_NEVER &&
		    pv_slice_eq(peers->at[i]->r->peer.origin, origin))
			return peers->at[i]->r;
	return NULL;
}

static PV_RESULT
check_ask(const struct pv_desk *d, const struct pv_caller *who, const struct pv_passport_ask *ask,
    unsigned roles, struct pv_err *e)
{
	if (!who->known || !who->own || who->passport || (who->roles & PV_ROLE_GATEWAY) != 0)
		return PV_FAIL(e, PV_E_INPUT,
		    "a passport is issued by the own agency's gateway, to its own people");
	if (peer_of(d, ask->audience) == NULL)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "no order log \"%.*s\" is admitted here",
				     PV_FMT(ask->audience)),
		    e, "Whom a passport may be for: the origins of peer records");
	if (ask->purpose.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "a passport is for one purpose, and none is stated");
	if (pv_state_term(d->own.state, PV_PURPOSE, ask->purpose) == NULL)
		return PV_FAIL(e, PV_E_INPUT, "unknown purpose \"%.*s\"", PV_FMT(ask->purpose));
	if (!pv_caller_may_state(who, ask->purpose))
		return PV_FAIL(
		    e, PV_E_INPUT, "you may not state the purpose \"%.*s\"", PV_FMT(ask->purpose));
	if ((roles & ~who->roles) != 0)
		return PV_FAIL(e, PV_E_INPUT, "you have not all of these roles");
	return PV_DONE;
}

/*
 * Whatever the holder may ask for there: of the whole authority, whose topics and regions are not known yet, so that an
 * order about any of them bars it. The first party that is refused is the answer.
 */
static PV_RESULT
judge(struct pv_desk *d, const struct pv_caller *who, const struct pv_passport_ask *ask,
    struct pv_arena *a, struct pv_judgement *j, struct pv_case *c, struct pv_err *e)
{
	const struct pv_record *peer = peer_of(d, ask->audience);
	struct pv_names names = peer != NULL ? peer->peer.names : (struct pv_names){ 0 };

	if (names.n == 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "no order log \"%.*s\" is admitted here", PV_FMT(ask->audience));
	for (size_t i = 0; i < names.n; i++) {
		struct pv_matter m = { .originator = names.at[i] };

		PV_TRY(pv_take_judge(d, &m, who->party, ask->purpose, CHANNEL, a, j, c, e));
		if (j->decision.answer != PV_RELEASE)
			return PV_DONE;
	}
	return PV_DONE;
}

static uint64_t
least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

/* L, or an hour where L is longer: homes that are joined by files have an L of days. */
static uint64_t
life_of(const struct pv_desk *d)
{
	return least(d->own.lease_s, PV_PASSPORT_LIFE_S);
}

/* As long as the order log's proof, at most L from now, as long as the caller may, as was asked. */
static uint64_t
end_of(const struct pv_desk *d, const struct pv_caller *who, uint64_t ttl_s, uint64_t now)
{
	uint64_t life = ttl_s != 0 ? least(ttl_s, life_of(d)) : life_of(d);

	return least(least(now + life, d->own.signed_s + d->own.lease_s), who->until_s);
}

static PV_RESULT
journal(struct pv_desk *d, const struct writing *p, const struct pv_caller *who,
    const struct pv_judgement *j, struct pv_arena *a, uint64_t *index, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_jsonw w = { .out = &detail };
	struct pv_journal_entry entry = { .kind = "passport",
		.party = p->party,
		.person = p->person,
		.purpose = p->purpose,
		.decision = pv_judgement_json(j, a) };
	struct pv_journalled journalled;

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "audience", p->audience);
	pv_jsonw_str(&w, "by", who->id);
	pv_jsonw_str(&w, "passport", p->id);
	pv_jsonw_u64(&w, "until", p->until_s);
	pv_jsonw_end(&w);
	entry.detail = pv_buf_slice(&detail);
	PV_TRY(pv_journal_add(d, &entry, NULL, 0, a, &journalled, e));
	*index = journalled.index;
	return PV_DONE;
}

PV_RESULT
pv_desk_passport(struct pv_desk *d, const struct pv_caller *who, const struct pv_passport_ask *ask,
    struct pv_arena *a, struct pv_passport_answer *out, struct pv_err *e)
{
	struct writing p = { .typ = PV_PASSPORT_TYP,
		.audience = ask->audience,
		.party = who->party,
		.person = who->person,
		.purpose = ask->purpose,
		.roles = ask->roles != 0 ? ask->roles : PV_ROLE_ANALYST };
	struct pv_judgement j;
	struct pv_case c;

	*out = (struct pv_passport_answer){ 0 };
	if (d->remote != NULL)
		return pv_remote_passport(d, ask, a, out, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(check_ask(d, who, ask, p.roles, e));
	PV_TRY(judge(d, who, ask, a, &j, &c, e));
	if (j.decision.answer != PV_RELEASE)
		return pv_take_refuse(d, &j, &c, PV_NO_SLICE, who->person, a, &out->refused, e);
	p.from_s = pv_desk_now(d);
	p.until_s = end_of(d, who, ask->ttl_s, p.from_s);
	if (p.until_s <= p.from_s)
		return PV_FAIL(e, PV_E_DOWN, "the proof of %.*s is over within this second",
		    PV_FMT(d->origin));
	p.id = random_id(d, "pp-", a);
	PV_TRY(journal(d, &p, who, &j, a, &out->journal_index, e));
	/* and again, as the last thing before the key is used (DESIGN 6.3) */
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(judge(d, who, ask, a, &j, &c, e));
	if (j.decision.answer != PV_RELEASE || pv_desk_now(d) >= p.until_s)
		return pv_take_refuse(d, &j, &c, PV_NO_SLICE, who->person, a, &out->refused, e);
	PV_TRY(sign(d, &p, a, &out->token, e));
	out->issued = true;
	out->id = p.id;
	out->until_s = p.until_s;
	return PV_DONE;
}

PV_RESULT
pv_desk_gateway_token(struct pv_desk *d, struct pv_slice audience, struct pv_arena *a,
    struct pv_slice *token, struct pv_err *e)
{
	struct writing p = { .typ = PV_GATEWAY_TYP,
		.audience = audience,
		.id = random_id(d, "gw-", a),
		.party = d->party,
		.from_s = pv_desk_now(d) };

	p.until_s = p.from_s + PV_GATEWAY_LIFE_S;
	return sign(d, &p, a, token, e);
}

/* ---- exchanging ---- */

static PV_RESULT
exchange_own(struct pv_desk *d, const struct pv_caller *who, const struct pv_exchange_ask *ask,
    struct pv_arena *a, struct pv_exchange_answer *out, struct pv_err *e)
{
	struct pv_token_ask narrower = { .of = who->binding,
		.party = who->party,
		.person = who->person,
		.parent = pv_slice_eq(who->id, who->binding) ? PV_NO_SLICE : who->id,
		.roles = ask->roles != 0 ? ask->roles : who->roles & PV_ROLE_ANALYST,
		.purposes = ask->purposes.n != 0 ? ask->purposes : who->purposes,
		.ttl_s = ask->ttl_s,
		.until_s = who->until_s };
	struct pv_token_answer made = { 0 };

	if (narrower.roles == 0 || (narrower.roles & ~who->roles) != 0)
		return PV_FAIL(e, PV_E_INPUT, "you have not all of these roles");
	for (size_t i = 0; i < ask->purposes.n; i++)
		if (!pv_caller_may_state(who, ask->purposes.at[i]))
			return PV_FAIL(e, PV_E_INPUT, "you may not state the purpose \"%.*s\"",
			    PV_FMT(ask->purposes.at[i]));
	if (narrower.until_s == PV_NEVER)
		narrower.until_s = 0;
	PV_TRY(pv_desk_token_new(d, &narrower, who, a, &made, e));
	*out = (struct pv_exchange_answer){ .issued = true,
		.token = pv_arena_copy(a, pv_secret_slice(made.text)),
		.until_s = made.token.until_s,
		.purposes = made.token.purposes,
		.roles = made.token.roles };
	pv_secret_free(made.text);
	return PV_DONE;
}

static PV_RESULT
exchange_passport(struct pv_desk *d, const struct pv_caller *who, const struct pv_exchange_ask *ask,
    struct pv_arena *a, struct pv_exchange_answer *out, struct pv_err *e)
{
	struct pv_passport_ask wanted = {
		.audience = ask->audience, .roles = ask->roles, .ttl_s = ask->ttl_s
	};
	struct pv_slice *purpose = PV_ARENA_NEW(a, struct pv_slice);
	struct pv_passport_answer made;

	if (ask->purposes.n > 1)
		return PV_FAIL(
		    e, PV_E_INPUT, "a passport is for one purpose, not for %zu", ask->purposes.n);
	if (ask->purposes.n == 1)
		wanted.purpose = ask->purposes.at[0];
	PV_TRY(pv_desk_passport(d, who, &wanted, a, &made, e));
	*purpose = wanted.purpose;
	*out = (struct pv_exchange_answer){ .issued = made.issued,
		.passport = true,
		.token = made.token,
		.until_s = made.until_s,
		.purposes = { purpose, 1 },
		.roles = ask->roles != 0 ? ask->roles : PV_ROLE_ANALYST,
		.refused = made.refused };
	return PV_DONE;
}

PV_RESULT
pv_desk_exchange(struct pv_desk *d, const struct pv_caller *who, const struct pv_exchange_ask *ask,
    struct pv_arena *a, struct pv_exchange_answer *out, struct pv_err *e)
{
	*out = (struct pv_exchange_answer){ 0 };
	if (!who->known || who->passport || (who->roles & PV_ROLE_GATEWAY) != 0)
		return PV_FAIL(e, PV_E_INPUT,
		    "what another gateway issued is not exchanged here: ask that one");
	if (ask->audience.n == 0 || pv_slice_eq(ask->audience, d->origin))
		return exchange_own(d, who, ask, a, out, e);
	return exchange_passport(d, who, ask, a, out, e);
}

/* ---- accepting ---- */

/* The claims of a passport must all be there; a gateway speaks for itself. */
static bool
take_claims(const struct pv_jwt *t, bool passport, uint64_t until_s, struct pv_arena *a,
    struct pv_claimed *c)
{
	const struct pv_slice *roles;
	size_t n;

	*c = (struct pv_claimed){ .party = pv_arena_copy(a, pv_jwt_text(t, "proviso_party")),
		.person = pv_arena_copy(a, pv_jwt_text(t, "sub")),
		.says_roles = true,
		.until_s = until_s };
	if (c->party.n == 0 || c->person.n == 0 || c->person.n > PV_ACCOUNT_MAX)
		return false;
	if (!passport) {
		c->person = PV_NO_SLICE;
		c->roles = PV_ROLE_GATEWAY;
		return true;
	}
	c->says_purposes = true;
	if (!pv_jwt_texts(t, "proviso_purposes", a, &c->purposes.at, &c->purposes.n) ||
	    c->purposes.n != 1 || !pv_jwt_texts(t, "proviso_roles", a, &roles, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, roles[i]);

		c->roles |= w != NULL ? w->value : 0;
	}
	return true;
}

/* From when to when, cut to our own L (of a gateway: a minute); 0: not now. */
static uint64_t
end_of_life(const struct pv_desk *d, const struct pv_jwt *t, bool passport, uint64_t now)
{
	uint64_t iat = 0, exp = 0, life = passport ? life_of(d) : PV_GATEWAY_LIFE_S;
	struct pv_err ignored;

	if (!pv_ok(pv_jwt_check_times(t, now, d->own.skew_s, &ignored)) ||
	    !pv_jwt_time(t, "iat", &iat) || !pv_jwt_time(t, "exp", &exp))
		return 0;
	exp = least(exp, iat + life);
	return now < exp ? exp : 0;
}

/* Whether this record's key is the one that the token names, and signed it. */
static bool
signed_by(const struct pv_jwt *t, const struct pv_key *k, struct pv_slice *name)
{
	PV_AUTO(pv_jwks_freep) struct pv_jwks *keys = NULL;
	struct pv_slice kid = kid_of(k->key);
	struct pv_vkey vkey;
	struct pv_err ignored;

	if (kid.n == 0 || !pv_slice_eq(pv_jwt_kid(t), kid) ||
	    !pv_ok(pv_vkey_read(&vkey, k->key, &ignored)) || vkey.kind != PV_VKEY_ED25519)
		return false;
	keys = pv_jwks_of(kid, vkey.pub);
	*name = vkey.name;
	return pv_jwt_alg(t) == PV_JWT_EDDSA &&
	       pv_jwt_verify(t, pv_jwks_find(keys, kid, PV_JWT_EDDSA));
}

void
pv_passport_caller(
    struct pv_desk *d, const struct pv_jwt *t, struct pv_arena *a, struct pv_caller *out)
{
	const struct pv_facts *facts = &d->own.state->by_kind[PV_KEY];
	bool passport = pv_slice_is(pv_jwt_typ(t), PV_PASSPORT_TYP);
	enum pv_use use = passport ? PV_USE_ISSUER : PV_USE_GATEWAY;
	uint64_t now = pv_desk_now(d), until = end_of_life(d, t, passport, now);
	struct pv_claimed claimed;
	struct pv_slice name;

	*out = (struct pv_caller){ 0 };
	if (until == 0 || !pv_slice_eq(pv_jwt_text(t, "aud"), d->origin) ||
	    !take_claims(t, passport, until, a, &claimed))
		return;
	for (size_t i = facts->n; i-- > 0;) {
		const struct pv_key *k = &facts->at[i]->r->key;
		struct pv_caller who;

		if (k->use != use || !pv_binding_stands(facts->at[i], now) ||
		    !signed_by(t, k, &name) || !pv_slice_eq(pv_jwt_text(t, "iss"), name))
			continue;
		who = pv_binding_grant(d, facts->at[i]);
		if (!pv_binding_narrow(d, &who, &claimed, a))
			continue;
		who.passport = passport;
		*out = who;
		return;
	}
}
