/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key service for OpenTDF's SDKs: Connect (POST /package.Service/Method, in
 * JSON or Protocol Buffers) at the origin's root, where SDKs look for it, and
 * the REST of older ones below /kas. Errors are Connect's {"code","message"}
 * everywhere. A key on its way is cut when an order lands or the lease ends.
 */
#include "base/env.h"
#include "base/mem.h"
#include "codec/gunzip.h"
#include "codec/protobuf.h"
#include "gateway/edge.h"
#include "gateway/opentdf.h"

struct kas_hit {
	bool proto;
	struct pv_slice algorithm; /* PublicKey */
	enum { KEY_OBJECT = 0, KEY_TEXT } as;
	struct pv_names fqns;
	struct pv_opentdf_rewrap rewrap;
	uint64_t stood; /* what was granted was decided by so much of the order logs */
};

/* ---- answers ---- */

/* https://connectrpc.com/docs/protocol#error-codes, and what HTTP calls them. */
static const char *
code_of(int status)
{
	switch (status) {
	case 400:
	case 413:
	case 415:
		return "invalid_argument";
	case 401:
		return "unauthenticated";
	case 403:
		return "permission_denied";
	case 404:
		return "not_found";
	case 405:
	case 501:
		return "unimplemented";
	case 429:
		return "resource_exhausted";
	case 503:
		return "unavailable";
	default:
		return "internal";
	}
}

static int
status_of(const char *code)
{
	static const int all[] = { 400, 403, 404, 429, 503 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(code, code_of(all[i])) == 0)
			return all[i];
	return 500;
}

static void
fail_with(struct pv_hit *h, int status, struct pv_slice message)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "code", pv_slice_of(code_of(status)));
	pv_jsonw_str(&w, "message", message);
	pv_jsonw_end(&w);
	if (status == 401)
		pv_x_header(h->x, "WWW-Authenticate", PV_SLICE("Bearer"));
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_edge_json(h, status, pv_buf_slice(&b));
}

static void
fail(struct pv_hit *h, int status, const char *why)
{
	if (status == 429 || status == 503)
		pv_x_header(h->x, "Retry-After", PV_SLICE("1"));
	fail_with(h, status, pv_slice_of(why));
}

static void
fail_reply(struct pv_hit *h, const struct pv_edge_reply *r)
{
	int status = pv_edge_status(r);

	if (r->kind == PV_REPLY_UNAUTHENTICATED)
		fail(h, 401, "unauthenticated");
	else if (r->kind == PV_REPLY_FORBIDDEN)
		fail(h, 403, "forbidden");
	else if (r->kind == PV_REPLY_LIMITED)
		fail(h, 429, "too many requests");
	else if (r->kind == PV_REPLY_DOWN || status == 503)
		fail(h, 503, "not ready");
	else
		fail(h, status, status >= 500 ? "internal error" : r->err.what);
}

static void
answer(struct pv_hit *h, const struct pv_buf *body)
{
	const struct kas_hit *k = h->user;

	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_x_reply(
	    h->x, 200, k->proto ? "application/proto" : "application/json", pv_buf_slice(body));
}

/* Some SDKs compress all they send. */
static bool
unpack(struct pv_hit *h, struct pv_slice coding)
{
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };

	if (coding.n == 0 || pv_slice_is(coding, "identity"))
		return true;
	if (!pv_slice_is(coding, "gzip")) {
		fail(h, 501, "requests are taken as they are, or by gzip");
		return false;
	}
	if (!pv_gunzip(&plain, h->body, PV_OPENTDF_BODY_MAX)) {
		fail(h, 400, "the body is no gzip, or too large");
		return false;
	}
	h->body = pv_arena_copy(h->a, pv_buf_slice(&plain));
	return true;
}

/* JSON or Protocol Buffers. False: it was answered. */
static bool
begin(struct pv_hit *h)
{
	struct kas_hit *k = PV_ARENA_NEW(h->a, struct kas_hit);
	bool many;
	struct pv_slice type = pv_header_get(h->head, "content-type", &many);

	h->user = k;
	if (!unpack(h, pv_header_get(h->head, "content-encoding", &many)))
		return false;
	k->proto = pv_media_allows(type, "application/proto") && type.n != 0 &&
		   !pv_media_allows(type, "application/json");
	if (!k->proto && type.n != 0 && !pv_media_allows(type, "application/json")) {
		fail(h, 415, "application/json or application/proto is wanted");
		return false;
	}
	return true;
}

/* ---- public keys ---- */

static void
write_key(struct pv_hit *h, const struct pv_kas_key *key)
{
	const struct kas_hit *k = h->user;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	if (k->proto) {
		pv_pb_add_text(&b, 1, key->pem);
		if (k->as == KEY_OBJECT)
			pv_pb_add_text(&b, 2, key->kid);
	} else if (k->as == KEY_TEXT)
		pv_json_quote(&b, key->pem);
	else {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "publicKey", key->pem);
		pv_jsonw_str(&w, "kid", key->kid);
		pv_jsonw_end(&w);
	}
	answer(h, &b);
}

static void
answer_key(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct kas_hit *k = h->user;
	const struct pv_kas_keys *keys = r->answer;

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	for (size_t i = 0; i < keys->count; i++)
		if (pv_slice_eq(keys->rows[i].algorithm, k->algorithm)) {
			write_key(h, &keys->rows[i]);
			return;
		}
	fail(h, 404, "no key of this algorithm");
}

/* RSA unless the client asks for another: those who do not ask know nothing else. */
static void
ask_key(struct pv_hit *h)
{
	struct kas_hit *k = h->user;

	if (k->algorithm.n == 0)
		k->algorithm = PV_SLICE("rsa:2048");
	pv_edge_ask(h, pv_call_find("kas.keys"), NULL, PV_NO_SLICE, answer_key);
}

static void
public_key(struct pv_hit *h, bool legacy)
{
	struct kas_hit *k;
	struct pv_err e = { 0 };

	if (!begin(h))
		return;
	k = h->user;
	k->as = legacy ? KEY_TEXT : KEY_OBJECT;
	if (pv_ok(pv_opentdf_text(h->body, k->proto, "algorithm", 1, h->a, &k->algorithm, &e)))
		ask_key(h);
	else
		fail(h, 400, e.what);
}

static void
run_public_key(struct pv_hit *h)
{
	public_key(h, false);
}

static void
run_legacy_public_key(struct pv_hit *h)
{
	public_key(h, true);
}

/* Of older clients: ?algorithm=rsa:2048&v=2; without v the key alone. */
static void
run_get_key(struct pv_hit *h)
{
	struct pv_slice rest = h->head->query, name, value;
	struct kas_hit *k = PV_ARENA_NEW(h->a, struct kas_hit);
	bool bad = false;

	h->user = k;
	k->as = memmem(h->head->path.p, h->head->path.n, "/v2/", 4) != NULL ? KEY_OBJECT : KEY_TEXT;
	while (pv_query_next(&rest, h->a, &name, &value, &bad)) {
		if (pv_slice_is(name, "algorithm"))
			k->algorithm = value;
		else if (pv_slice_is(name, "v") && pv_slice_is(value, "2"))
			k->as = KEY_OBJECT;
	}
	if (bad)
		fail(h, 400, "the query cannot be read");
	else
		ask_key(h);
}

/* ---- where things are ---- */

static void
answer_configuration(struct pv_hit *h, const struct pv_edge_reply *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	pv_opentdf_configuration(r->answer, pv_edge_url(h), &b);
	answer(h, &b);
}

static void
run_get_configuration(struct pv_hit *h)
{
	h->user = PV_ARENA_NEW(h->a, struct kas_hit);
	pv_edge_ask(h, pv_call_find("kas.keys"), NULL, PV_NO_SLICE, answer_configuration);
}

/* Where SDKs look for the token endpoint. There is one grant, by which what a caller has already is narrowed. */
static void
run_issuer(struct pv_hit *h)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };
	struct pv_slice url = pv_edge_url(h);

	h->user = PV_ARENA_NEW(h->a, struct kas_hit);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_array(&w, "grant_types_supported");
	pv_jsonw_str(&w, NULL, PV_SLICE("urn:ietf:params:oauth:grant-type:token-exchange"));
	pv_jsonw_end(&w);
	pv_jsonw_str(&w, "issuer", url);
	pv_jsonw_array(&w, "response_types_supported");
	pv_jsonw_end(&w);
	pv_jsonw_str(&w, "token_endpoint", pv_arena_printf(h->a, "%.*s/oauth2/token", PV_FMT(url)));
	pv_jsonw_end(&w);
	answer(h, &b);
}

static void
answer_rpc_configuration(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct kas_hit *k = h->user;
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_jsonw w = { .out = &b };
	struct pv_err e;

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	pv_opentdf_configuration(r->answer, pv_edge_url(h), &json);
	if (!k->proto) {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_raw(&w, "configuration", pv_buf_slice(&json));
		pv_jsonw_end(&w);
	} else if (pv_ok(pv_json_read(&doc, pv_buf_slice(&json), SIZE_MAX, &e)))
		pv_pb_add_struct(&b, 1, doc, 0);
	answer(h, &b);
}

static void
run_configuration(struct pv_hit *h)
{
	if (begin(h))
		pv_edge_ask(
		    h, pv_call_find("kas.keys"), NULL, PV_NO_SLICE, answer_rpc_configuration);
}

static void
answer_servers(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct kas_hit *k = h->user;
	const struct pv_kas_attributes *registry = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice urls[2];
	size_t n = 1;

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	urls[0] = pv_arena_printf(h->a, "%.*s/kas", PV_FMT(pv_edge_url(h)));
	if (registry->url.n != 0 && !pv_slice_eq(registry->url, urls[0]))
		urls[n++] = registry->url;
	pv_opentdf_servers((struct pv_names){ urls, n }, k->proto, &b);
	answer(h, &b);
}

static void
run_servers(struct pv_hit *h)
{
	static const struct pv_kas_attributes_ask none;

	if (begin(h))
		pv_edge_ask(h, pv_call_find("kas.attributes"), &none, PV_NO_SLICE, answer_servers);
}

static void
answer_attributes(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct kas_hit *k = h->user;
	const struct pv_kas_attributes *found = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	if (found->unknown.n != 0) {
		fail_with(h, 404,
		    pv_arena_printf(h->a, "no agreement that you may see has the attribute %.*s",
			PV_FMT(pv_slice_sub(found->unknown.at[0], 0, 300))));
		return;
	}
	pv_opentdf_attributes(k->fqns, k->proto, &b);
	answer(h, &b);
}

static void
run_attributes(struct pv_hit *h)
{
	struct pv_kas_attributes_ask ask = { 0 };
	struct kas_hit *k;
	struct pv_err e = { 0 };

	if (!begin(h))
		return;
	k = h->user;
	if (!pv_ok(pv_opentdf_texts(h->body, k->proto, "fqns", 1, h->a, &ask.fqns, &e))) {
		fail(h, 400, e.what);
		return;
	}
	k->fqns = ask.fqns;
	pv_edge_ask(h, pv_call_find("kas.attributes"), &ask, PV_NO_SLICE, answer_attributes);
}

/* ---- rewrap ---- */

static uint64_t
now_s(void)
{
	struct pv_env env = pv_env_system();

	return env.realtime_ms(env.ctx) / 1000;
}

/* More is known than what it was decided by. Or it cannot be known: then no key goes on its way. */
static void
cut_when_older(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct kas_hit *k = h->user;
	const struct pv_kas_standing *now = r->answer;

	if (r->kind != PV_REPLY_DONE || now->stood != k->stood)
		pv_x_cut(h->x);
}

/* Not what was written a moment ago, either: an order may be about it, if it came after the last look. */
static void
changed(struct pv_hit *h, struct pv_slice what)
{
	if (pv_slice_is(what, "orders"))
		pv_edge_ask(h, pv_call_find("kas.stood"), NULL, PV_NO_SLICE, cut_when_older);
}

static bool
any_granted(const struct pv_rewrap *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].says == PV_REWRAP_GRANTED)
			return true;
	return false;
}

/* A client of one share alone looks at the status. */
static void
fail_one(struct pv_hit *h, const struct pv_rewrapped *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf why = { 0 };

	pv_opentdf_failure(r, &why);
	fail_with(h, status_of(pv_opentdf_code(r->says)), pv_buf_slice(&why));
}

static void
answer_rewrap(struct pv_hit *h, const struct pv_edge_reply *r)
{
	struct kas_hit *k = h->user;
	const struct pv_rewrap *all = r->answer;
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };

	if (r->kind != PV_REPLY_DONE) {
		fail_reply(h, r);
		return;
	}
	if (!k->rewrap.bulk && all->count == 1 && all->rows[0].says != PV_REWRAP_GRANTED) {
		fail_one(h, &all->rows[0]);
		return;
	}
	pv_opentdf_rewrap_write(&k->rewrap, all, pv_edge_url(h), k->proto, &b);
	if (any_granted(all)) {
		pv_x_deliver_within(
		    h->x, all->deliver_ms < 60000 ? (unsigned)all->deliver_ms : 60000);
		k->stood = all->stood;
		pv_edge_watch(h, changed);
	}
	answer(h, &b);
}

static void
run_rewrap(struct pv_hit *h)
{
	struct kas_hit *k;
	struct pv_slice token, context;
	struct pv_err e = { 0 };
	bool many;

	if (!begin(h))
		return;
	if (h->credential.kind == PV_CRED_NONE) {
		fail(h, 401, "unauthenticated");
		return;
	}
	k = h->user;
	context = pv_header_get(h->head, "x-rewrap-additional-context", &many);
	if (!many &&
	    pv_ok(pv_opentdf_text(h->body, k->proto, "signedRequestToken signed_request_token", 1,
		h->a, &token, &e)) &&
	    pv_ok(pv_opentdf_rewrap_read(&k->rewrap, token, now_s(), h->a, &e)) &&
	    pv_ok(pv_opentdf_purposes(context, h->a, &k->rewrap.ask.purposes, &e))) {
		pv_edge_ask(
		    h, pv_call_find("kas.rewrap"), &k->rewrap.ask, PV_NO_SLICE, answer_rewrap);
		return;
	}
	fail_with(h, 400,
	    many
		? PV_SLICE("X-Rewrap-Additional-Context is sent twice")
		: pv_arena_printf(h->a, "%s%s%s", e.field, e.field[0] != '\0' ? ": " : "", e.what));
}

/* ---- the table ---- */

#define RPC(name) "/" name
#define HOW       PV_ROUTE_NO_BASIC, PV_OPENTDF_BODY_MAX

const struct pv_route pv_edge_kas[] = {
	{ PV_POST, RPC("kas.AccessService/PublicKey"), HOW, run_public_key, fail },
	{ PV_POST, RPC("kas.AccessService/LegacyPublicKey"), HOW, run_legacy_public_key, fail },
	{ PV_POST, RPC("kas.AccessService/Rewrap"), HOW, run_rewrap, fail },
	{ PV_POST, RPC("wellknownconfiguration.WellKnownService/GetWellKnownConfiguration"), HOW,
	    run_configuration, fail },
	{ PV_POST, RPC("policy.kasregistry.KeyAccessServerRegistryService/ListKeyAccessServers"),
	    HOW, run_servers, fail },
	{ PV_POST, RPC("policy.attributes.AttributesService/GetAttributeValuesByFqns"), HOW,
	    run_attributes, fail },
	{ PV_GET, "/.well-known/opentdf-configuration", PV_ROUTE_NO_BASIC, 0, run_get_configuration,
	    fail },
	{ PV_GET, "/.well-known/openid-configuration", PV_ROUTE_NO_BASIC, 0, run_issuer, fail },
	{ PV_GET, "/key-access-servers", PV_ROUTE_NO_BASIC, 0, run_servers, fail },
	{ PV_GET, "/kas/kas_public_key", PV_ROUTE_NO_BASIC, 0, run_get_key, fail },
	{ PV_GET, "/kas/v2/kas_public_key", PV_ROUTE_NO_BASIC, 0, run_get_key, fail },
	{ PV_POST, "/kas/v2/rewrap", HOW, run_rewrap, fail },
	{ PV_POST, "/v2/rewrap", HOW, run_rewrap, fail },
	{ .pattern = NULL },
};
