/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever is not known is nobody, whatever was wrong: who tries is told no
 * more than that. The order log is read anew before each answer, so that an
 * end of a record counts from the next call on.
 */
#include "desk/caller.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "core/words.h"
#include "crypto/hash.h"
#include "crypto/note.h"
#include "desk/account.h"
#include "desk/callers.h"
#include "desk/home.h"
#include "desk/issuer.h"
#include "desk/passport.h"
#include "desk/token.h"

/* ---- certificates ---- */

/* SHA-256 of the SubjectPublicKeyInfo (RFC 8410) of an Ed25519 key, in hex: of a certificate that has this key. */
static void
spki_digest(const uint8_t pub[PV_SIGN_PUB], char hex[2 * PV_HASH + 1])
{
	static const uint8_t head[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
		0x03, 0x21, 0x00 };
	uint8_t spki[sizeof(head) + PV_SIGN_PUB];

	memcpy(spki, head, sizeof(head));
	memcpy(spki + sizeof(head), pub, PV_SIGN_PUB);
	pv_hash_hex(pv_slice_mem(spki, sizeof(spki)), hex);
}

/* A gateway's certificate may have its gateway key: then no record more is needed. */
static const struct pv_fact *
find_gateway(const struct pv_state *s, struct pv_slice digest, uint64_t now)
{
	const struct pv_facts *keys = &s->by_kind[PV_KEY];
	char hex[2 * PV_HASH + 1];
	struct pv_vkey vkey;
	struct pv_err ignored;

	for (size_t i = keys->n; i-- > 0;) {
		const struct pv_fact *f = keys->at[i];

		if (f->r->key.use != PV_USE_GATEWAY || !pv_binding_stands(f, now) ||
		    !pv_ok(pv_vkey_read(&vkey, f->r->key.key, &ignored)))
			continue;
		spki_digest(vkey.pub, hex);
		if (pv_slice_is(digest, hex))
			return f;
	}
	return NULL;
}

static void
by_certificate(struct pv_desk *d, struct pv_slice digest, struct pv_caller *out)
{
	const struct pv_fact *f = NULL;
	uint8_t raw[PV_HASH];
	uint64_t now = pv_desk_now(d);

	if (!pv_hex_read_n(raw, sizeof(raw), digest))
		return;
	f = pv_binding_find(d->own.state, PV_USE_TLS, digest, now);
	if (f == NULL)
		f = pv_binding_find(d->own.state, PV_USE_CREDENTIAL, digest, now);
	if (f == NULL)
		f = find_gateway(d->own.state, digest, now);
	if (f != NULL)
		*out = pv_binding_grant(d, f);
}

/* ---- passwords ---- */

static PV_RESULT
by_password(struct pv_desk *d, const struct pv_credential *c, bool may_wait, struct pv_arena *a,
    struct pv_caller *out, bool *slow, struct pv_err *e)
{
	struct pv_callers *callers = pv_callers_of(d);
	const struct pv_fact *f;
	struct pv_slice hash, what[4];
	bool good;

	if (!pv_account_name_ok(c->text) || c->secret.n == 0 || c->secret.n > PV_ACCOUNT_MAX)
		return PV_DONE;
	PV_TRY(pv_account_hash(d, c->text, a, &hash, e));
	f = pv_binding_find(d->own.state, PV_USE_CREDENTIAL, c->text, pv_desk_now(d));
	what[0] = f != NULL ? f->r->id : PV_NO_SLICE;
	what[1] = c->text;
	what[2] = c->secret;
	what[3] = hash;
	good = f != NULL && pv_callers_verified(callers, what, sizeof(what) / sizeof(what[0]));
	if (!good) {
		if (!pv_callers_may_try(callers, c->peer, may_wait))
			return PV_FAIL(
			    e, PV_E_LIMIT, "passwords are tried too often; wait a moment");
		*slow = !may_wait;
		if (!may_wait)
			return PV_DONE;
		good = pv_account_check(hash, c->secret) && f != NULL;
		if (good)
			pv_callers_verify(callers, what, sizeof(what) / sizeof(what[0]));
	}
	if (!good)
		return PV_DONE;
	*out = pv_binding_grant(d, f);
	out->person = pv_arena_copy(a, c->text);
	return PV_DONE;
}

/* ---- tokens ---- */

static PV_RESULT
by_token(struct pv_desk *d, struct pv_slice text, bool may_wait, struct pv_arena *a,
    struct pv_caller *out, bool *slow, struct pv_err *e)
{
	PV_AUTO(pv_jwt_freep) struct pv_jwt *t = NULL;
	struct pv_err ignored;

	if (text.n > PV_CREDENTIAL_MAX)
		return PV_DONE;
	if (pv_slice_starts(text, PV_TOKEN_PREFIX))
		return pv_token_caller(d, text, a, out, e);
	if (!pv_ok(pv_jwt_read(&t, text, &ignored)))
		return PV_DONE;
	if (pv_slice_is(pv_jwt_typ(t), PV_PASSPORT_TYP) ||
	    pv_slice_is(pv_jwt_typ(t), PV_GATEWAY_TYP))
		pv_passport_caller(d, t, a, out);
	else
		pv_issuer_caller(d, t, may_wait, a, out, slow);
	return PV_DONE;
}

/* ---- all of them ---- */

static PV_RESULT
resolve(struct pv_desk *d, const struct pv_credential *c, bool may_wait, struct pv_arena *a,
    struct pv_caller *out, bool *slow, struct pv_err *e)
{
	*out = (struct pv_caller){ 0 };
	*slow = false;
	if (c->kind == PV_CRED_NONE)
		return PV_DONE;
	PV_TRY(pv_home_refresh(d, e));
	switch (c->kind) {
	case PV_CRED_NONE:
		break;
	case PV_CRED_TLS:
		by_certificate(d, c->text, out);
		break;
	case PV_CRED_BEARER:
		PV_TRY(by_token(d, c->text, may_wait, a, out, slow, e));
		break;
	case PV_CRED_BASIC:
		PV_TRY(by_password(d, c, may_wait, a, out, slow, e));
		break;
	}
	return PV_DONE;
}

void
pv_caller_keep(struct pv_caller *who, struct pv_arena *a)
{
	struct pv_slice *purposes = pv_arena_alloc_n(a, who->purposes.n, sizeof(*purposes));

	who->id = pv_arena_copy(a, who->id);
	who->binding = pv_arena_copy(a, who->binding);
	who->party = pv_arena_copy(a, who->party);
	who->person = pv_arena_copy(a, who->person);
	for (size_t i = 0; i < who->purposes.n; i++)
		purposes[i] = pv_arena_copy(a, who->purposes.at[i]);
	who->purposes.at = purposes;
}

PV_RESULT
pv_desk_caller(struct pv_desk *d, const struct pv_credential *c, struct pv_arena *a,
    struct pv_caller *out, struct pv_err *e)
{
	bool slow;

	PV_TRY(resolve(d, c, true, a, out, &slow, e));
	pv_caller_keep(out, a); /* what of it is the record's must outlive the next act */
	return PV_DONE;
}

PV_RESULT
pv_desk_caller_quick(struct pv_desk *d, const struct pv_credential *c, struct pv_arena *a,
    struct pv_caller *out, bool *slow, struct pv_err *e)
{
	PV_TRY(resolve(d, c, false, a, out, slow, e));
	pv_caller_keep(out, a); /* what of it is the record's must outlive the next act */
	return PV_DONE;
}

/* ---- questions about one ---- */

bool
pv_caller_speaks_for(const struct pv_caller *who, struct pv_slice party)
{
	if (!who->known || party.n == 0)
		return false;
	return pv_name_under(party, who->party) ||
	       (who->own && (who->roles & (PV_ROLE_OFFICER | PV_ROLE_OVERSEER)) != 0);
}

bool
pv_caller_may_state(const struct pv_caller *who, struct pv_slice purpose)
{
	if (!who->known || purpose.n == 0)
		return false;
	if (!who->has_purposes)
		return true;
	for (size_t i = 0; i < who->purposes.n; i++)
		if (pv_name_under(purpose, who->purposes.at[i]))
			return true;
	return false;
}

struct pv_caller
pv_caller_local(const struct pv_desk *d, struct pv_slice person)
{
	return (struct pv_caller){ .known = true,
		.id = PV_SLICE("local"),
		.binding = PV_SLICE("local"),
		.party = d->party,
		.person = person,
		.roles = PV_ROLE_ANY & ~(unsigned)PV_ROLE_GATEWAY,
		.own = true,
		.until_s = PV_NEVER };
}

struct pv_names
pv_role_names(unsigned roles, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, 8, sizeof(*at));
	size_t n = 0;

	for (const struct pv_word *w = pv_role_words; w->word != NULL; w++)
		if ((roles & w->value) != 0)
			at[n++] = pv_slice_of(w->word);
	if ((roles & PV_ROLE_GATEWAY) != 0)
		at[n++] = PV_SLICE("gateway");
	return (struct pv_names){ at, n };
}
