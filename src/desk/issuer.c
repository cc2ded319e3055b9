/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token says who issued it; only when a record binds that issuer is anything
 * looked up, and only at the addresses that this issuer's own discovery document
 * names. So a stranger's token makes this gateway ask nobody.
 */
#include "desk/issuer.h"

#include "codec/json.h"
#include "core/words.h"
#include "desk/callers.h"
#include "desk/home.h"

/* ---- bindings ---- */

bool
pv_issuer_binding(struct pv_slice binding, struct pv_slice origin, struct pv_slice *url,
    struct pv_slice *audience)
{
	struct pv_slice rest = binding;

	if (!pv_slice_starts(binding, PV_SLICE("https://")) &&
	    !pv_slice_starts(binding, PV_SLICE("http://")))
		return false;
	pv_slice_next(&rest, '#', url);
	*audience = rest.p != NULL ? rest : origin;
	return audience->n != 0;
}

/* ---- claims ---- */

/* roles that are not ours ("offline_access") are nothing */
static bool
take_roles(const struct pv_jwt *t, struct pv_arena *a, struct pv_claimed *c)
{
	const struct pv_slice *at;
	size_t n;

	c->says_roles = pv_jwt_has(t, "proviso_roles");
	if (!pv_jwt_texts(t, "proviso_roles", a, &at, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, at[i]);

		c->roles |= w != NULL ? w->value : 0;
	}
	return true;
}

static bool
take_claims(const struct pv_jwt *t, struct pv_arena *a, struct pv_claimed *c)
{
	*c = (struct pv_claimed){ .party = pv_arena_copy(a, pv_jwt_text(t, "proviso_party")),
		.person = pv_arena_copy(a, pv_jwt_text(t, "sub")),
		.says_purposes = pv_jwt_has(t, "proviso_purposes") };
	if (pv_jwt_has(t, "proviso_party") && c->party.n == 0)
		return false;
	if (c->person.n == 0 || c->person.n > PV_ACCOUNT_MAX || !take_roles(t, a, c))
		return false;
	return pv_jwt_texts(t, "proviso_purposes", a, &c->purposes.at, &c->purposes.n) &&
	       pv_jwt_time(t, "exp", &c->until_s);
}

static bool
is_for(const struct pv_jwt *t, struct pv_slice audience, struct pv_arena *a)
{
	const struct pv_slice *at;
	size_t n;

	if (!pv_jwt_texts(t, "aud", a, &at, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (pv_slice_eq(at[i], audience))
			return true;
	return false;
}

/* The record by which the issuer may vouch for what the token claims: the last in the log that has its audience. */
static bool
find_record(const struct pv_desk *d, const struct pv_jwt *t, uint64_t now, struct pv_arena *a,
    struct pv_caller *out)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];
	struct pv_slice iss = pv_jwt_text(t, "iss"), url, audience;
	struct pv_claimed claimed;

	if (iss.n == 0 || !take_claims(t, a, &claimed))
		return false;
	for (size_t i = keys->n; i-- > 0;) {
		const struct pv_fact *f = keys->at[i];

		if (f->r->key.use != PV_USE_ISSUER || !pv_binding_stands(f, now) ||
		    !pv_issuer_binding(f->r->key.binding, d->origin, &url, &audience) ||
		    !pv_slice_eq(url, iss) || !is_for(t, audience, a))
			continue;
		*out = pv_binding_grant(d, f);
		if (pv_binding_narrow(d, out, &claimed, a))
			return true;
	}
	return false;
}

/* ID tokens and access tokens; nothing that was made for something else (RFC 8725 3.11). */
static bool
is_of_type(const struct pv_jwt *t)
{
	struct pv_slice typ = pv_jwt_typ(t);

	return typ.n == 0 || pv_slice_is(typ, "jwt") || pv_slice_is(typ, "at+jwt");
}

void
pv_issuer_caller(struct pv_desk *d, const struct pv_jwt *t, bool may_wait, struct pv_arena *a,
    struct pv_caller *out, bool *slow)
{
	uint64_t now = pv_desk_now(d);
	struct pv_caller who = { 0 };
	struct pv_err ignored;

	*out = (struct pv_caller){ 0 };
	if (!is_of_type(t) || !pv_ok(pv_jwt_check_times(t, now, d->own.skew_s, &ignored)) ||
	    !find_record(d, t, now, a, &who))
		return;
	if (pv_callers_signed(pv_callers_of(d), pv_jwt_text(t, "iss"), t, may_wait, slow))
		*out = who;
}

/* ---- what issuers publish ---- */

PV_RESULT
pv_issuer_discover(struct pv_slice json, struct pv_slice url, struct pv_arena *a,
    struct pv_slice *jwks_uri, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *issuer, *uri;

	PV_TRY(pv_json_read(&doc, json, PV_JWKS_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the discovery document is no object");
	issuer = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("issuer")));
	uri = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("jwks_uri")));
	if (issuer == NULL || issuer->type != PV_JSON_STRING || !pv_slice_eq(issuer->text, url))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the discovery document is of another issuer than %.*s", PV_FMT(url));
	if (uri == NULL || uri->type != PV_JSON_STRING || uri->text.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "the discovery document has no jwks_uri");
	if (memchr(uri->text.p, '\0', uri->text.n) != NULL)
		return PV_FAIL(e, PV_E_INPUT, "the jwks_uri is no address");
	*jwks_uri = pv_arena_copy(a, uri->text);
	return PV_DONE;
}
