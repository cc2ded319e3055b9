/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /oauth2/token: token exchange (RFC 8693). The subject token is the
 * credential of the request; what comes back is a passport for a partner, or a
 * narrower token for here. It never says more, and never lives longer.
 */

#include "gateway/edge.h"
#include "gateway/oauth.h"

static void
fail_with(struct pv_hit *h, int status, const char *error, struct pv_slice why)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "error", pv_slice_of(error));
	pv_jsonw_str(&w, "error_description", why);
	pv_jsonw_end(&w);
	pv_edge_json(h, status, pv_buf_slice(&b));
}

static void
write_made(struct pv_hit *h, const struct pv_oauth_answer *made)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf scope = { 0 };
	struct pv_jsonw w = { .out = &b };

	for (size_t i = 0; i < made->scope.n; i++)
		pv_buf_addf(&scope, "%s%.*s", i != 0 ? " " : "", PV_FMT(made->scope.at[i]));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "access_token", made->token);
	pv_jsonw_str(&w, "issued_token_type",
	    made->passport ? PV_SLICE("urn:ietf:params:oauth:token-type:jwt")
			   : PV_SLICE("urn:ietf:params:oauth:token-type:access_token"));
	pv_jsonw_str(&w, "token_type", PV_SLICE("Bearer"));
	pv_jsonw_u64(&w, "expires_in", made->seconds);
	if (scope.n != 0)
		pv_jsonw_str(&w, "scope", pv_buf_slice(&scope));
	pv_jsonw_end(&w);
	pv_edge_json(h, 200, pv_buf_slice(&b));
}

static void
answered(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_oauth_answer *made = r->answer;

	switch (r->kind) {
	case PV_REPLY_DONE:
		if (made->issued)
			write_made(h, made);
		else
			fail_with(h, 400, "invalid_target", made->why);
		return;
	case PV_REPLY_UNAUTHENTICATED:
		fail_with(h, 400, "invalid_grant", PV_SLICE("the subject token is nobody's here"));
		return;
	case PV_REPLY_FORBIDDEN:
		fail_with(h, 400, "unauthorized_client",
		    PV_SLICE("nothing is exchanged for the holder of this token"));
		return;
	case PV_REPLY_FAILED:
		if (r->err.code == PV_E_INPUT) {
			fail_with(h, 400, "invalid_request", pv_slice_of(r->err.what));
			return;
		}
		break;
	case PV_REPLY_DOWN:
	case PV_REPLY_LIMITED:
		break;
	}
	pv_edge_problem_of(h, r);
}

/* "application/x-www-form-urlencoded", with or without parameters. */
static void
run_token(struct pv_hit *h)
{
	struct pv_oauth_form form;
	const char *why;
	bool many;

	if (!pv_content_is(h->head, "application/x-www-form-urlencoded")) {
		fail_with(h, 400, "invalid_request",
		    PV_SLICE("Content-Type is not application/x-www-form-urlencoded"));
		return;
	}
	if (pv_header_get(h->head, "authorization", &many).n != 0 || many) {
		fail_with(h, 400, "invalid_request",
		    PV_SLICE("the subject token speaks for itself: send no Authorization"));
		return;
	}
	if (!pv_oauth_read(&form, h->body, h->a, &why)) {
		fail_with(h, 400, form.error, pv_slice_of(why));
		return;
	}
	/* also where a certificate came with the connection: it is the token that is exchanged */
	h->credential.kind = PV_CRED_BEARER;
	h->credential.text = form.subject_token;
	h->credential.secret = PV_NO_SLICE;
	pv_edge_ask(h, pv_call_find("oauth.exchange"), &form.ask, PV_NO_SLICE, answered);
}

const struct pv_route pv_edge_oauth[] = {
	{ .methods = PV_POST,
	    .pattern = "/oauth2/token",
	    .flags = PV_ROUTE_NO_BASIC,
	    .body_max = PV_OAUTH_BODY_MAX,
	    .run = run_token },
	{ .pattern = NULL },
};
