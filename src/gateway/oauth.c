/* SPDX-License-Identifier: Apache-2.0 */
/* Every parameter once; one that is not known is not looked at, one that would change the meaning is refused. */
#include "gateway/oauth.h"

#include "net/http.h"

#define GRANT  "urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE   "urn:ietf:params:oauth:token-type:"
#define ACCESS TYPE "access_token"
#define JWT    TYPE "jwt"
#define ID     TYPE "id_token"

enum {
	GRANT_TYPE,
	SUBJECT,
	SUBJECT_TYPE,
	REQUESTED_TYPE,
	AUDIENCE,
	SCOPE,
	ACTOR,
	ACTOR_TYPE,
	RESOURCE,
	PARAMETERS
};
static const char *const names[PARAMETERS] = { [GRANT_TYPE] = "grant_type",
	[SUBJECT] = "subject_token",
	[SUBJECT_TYPE] = "subject_token_type",
	[REQUESTED_TYPE] = "requested_token_type",
	[AUDIENCE] = "audience",
	[SCOPE] = "scope",
	[ACTOR] = "actor_token",
	[ACTOR_TYPE] = "actor_token_type",
	[RESOURCE] = "resource" };

static bool
fail(struct pv_oauth_form *form, const char *error, const char *says, const char **why)
{
	form->error = error;
	*why = says;
	return false;
}

static bool
read_scope(struct pv_oauth_form *form, struct pv_slice text, struct pv_arena *a, const char **why)
{
	struct pv_slice *at = pv_arena_alloc_n(a, PV_OAUTH_SCOPE, sizeof(*at)), word;

	form->ask.scope.at = at;
	while (pv_slice_next(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (form->ask.scope.n == PV_OAUTH_SCOPE)
			return fail(form, "invalid_scope", "the scope has too many words", why);
		at[form->ask.scope.n++] = word;
	}
	return true;
}

static bool
is_type(struct pv_slice type)
{
	return pv_slice_is(type, ACCESS) || pv_slice_is(type, JWT) || pv_slice_is(type, ID);
}

static bool
check(struct pv_oauth_form *form, const struct pv_slice *v, struct pv_arena *a, const char **why)
{
	if (v[GRANT_TYPE].n == 0)
		return fail(form, "invalid_request", "grant_type is missing", why);
	if (!pv_slice_is(v[GRANT_TYPE], GRANT))
		return fail(form, "unsupported_grant_type", "only token exchange is offered", why);
	if (v[SUBJECT].n == 0 || !is_type(v[SUBJECT_TYPE]))
		return fail(form, "invalid_request",
		    "subject_token is missing, or its type is none of access_token, jwt, id_token",
		    why);
	if (v[ACTOR].n != 0 || v[ACTOR_TYPE].n != 0)
		return fail(form, "invalid_request", "nobody acts for another here", why);
	if (v[RESOURCE].n != 0)
		return fail(form, "invalid_target", "name an order log by audience", why);
	if (v[REQUESTED_TYPE].n != 0 && !pv_slice_is(v[REQUESTED_TYPE], ACCESS) &&
	    !pv_slice_is(v[REQUESTED_TYPE], JWT))
		return fail(form, "invalid_request", "no token of that type is issued", why);
	form->subject_token = v[SUBJECT];
	form->ask.audience = v[AUDIENCE];
	return read_scope(form, v[SCOPE], a, why);
}

bool
pv_oauth_read(
    struct pv_oauth_form *form, struct pv_slice body, struct pv_arena *a, const char **why)
{
	struct pv_slice v[PARAMETERS] = { 0 }, name, value;
	bool seen[PARAMETERS] = { false }, bad = false;

	*form = (struct pv_oauth_form){ 0 };
	while (pv_query_next(&body, a, &name, &value, &bad)) {
		for (size_t i = 0; i < PARAMETERS; i++) {
			if (!pv_slice_is(name, names[i]))
				continue;
			if (seen[i])
				return fail(
				    form, "invalid_request", "a parameter is sent twice", why);
			seen[i] = true;
			v[i] = value;
		}
	}
	if (bad)
		return fail(form, "invalid_request", "the form does not decode", why);
	return check(form, v, a, why);
}
