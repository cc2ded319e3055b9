/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /api/v1: what the tool can do. Nothing here knows a call by name: paths,
 * parameters, bodies and answers come from the table of calls (desk/call.h), and
 * so does the OpenAPI document. What is not a call is in edge_events.c.
 */
#include "codec/hex.h"
#include "crypto/hash.h"
#include "gateway/api.h"
#include "gateway/front.h"
#include "gateway/openapi.h"

#define SMALL_MAX (256u << 10) /* a question */
#define TEXT_MAX  (16u << 20)  /* with notes, a bundle: from somebody who is known */
#define ROOT      "/api/v1"

/* ---- problems ---- */

static const char *
problem_word(int status)
{
	switch (status) {
	case 400:
		return "input";
	case 401:
		return "unauthenticated";
	case 403:
		return "forbidden";
	case 404:
		return "not-found";
	case 405:
		return "method";
	case 409:
		return "busy";
	case 413:
		return "too-large";
	case 415:
		return "media-type";
	case 422:
		return "key-reused";
	case 429:
		return "too-often";
	case 503:
		return "down";
	default:
		return status < 500 ? "request" : "gateway";
	}
}

static void
say_how_to_go_on(struct pv_hit *h, int status, unsigned retry_s)
{
	if (status == 401)
		pv_x_header(h->x, "WWW-Authenticate",
		    PV_SLICE(
			"Bearer realm=\"proviso\", Basic realm=\"proviso\", charset=\"UTF-8\""));
	if (status == 409 || status == 429 || status == 503)
		pv_x_header(
		    h->x, "Retry-After", pv_arena_printf(h->a, "%u", retry_s != 0 ? retry_s : 5));
}

static void
problem(
    struct pv_hit *h, int status, const struct pv_err *err, const char *detail, unsigned retry_s)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_jsonw w = { .out = &body };

	say_how_to_go_on(h, status, retry_s);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(
	    &w, "type", pv_arena_printf(h->a, "urn:proviso:problem:%s", problem_word(status)));
	pv_jsonw_str(&w, "title", pv_slice_of(pv_status_text(status)));
	pv_jsonw_int(&w, "status", status);
	if (detail != NULL && detail[0] != '\0')
		pv_jsonw_str(&w, "detail", pv_slice_of(detail));
	if (err != NULL && err->field[0] != '\0')
		pv_jsonw_str(&w, "field", pv_slice_of(err->field));
	if (err != NULL && err->fix[0] != '\0')
		pv_jsonw_str(&w, "advice", pv_slice_of(err->fix));
	pv_jsonw_end(&w);
	pv_buf_add_c(&body, '\n');
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_x_reply(h->x, status, "application/problem+json", pv_buf_slice(&body));
}

void
pv_api_fail(struct pv_hit *h, int status, const char *why)
{
	problem(h, status, NULL, why, 0);
}

/* What only the operator can mend is in the keeper's log; it names places of this machine. */
void
pv_api_problem_of(struct pv_hit *h, const struct pv_edge_reply *r)
{
	int status = pv_edge_status(r);

	switch (r->kind) {
	case PV_REPLY_UNAUTHENTICATED:
		problem(h, status, NULL, "who calls is not known here", 0);
		return;
	case PV_REPLY_FORBIDDEN:
		problem(h, status, NULL, "this is not for this caller", 0);
		return;
	case PV_REPLY_LIMITED:
		problem(h, status, NULL, "too many requests", r->retry_s);
		return;
	case PV_REPLY_DOWN:
		problem(h, status, NULL, "not now; try again", r->retry_s);
		return;
	case PV_REPLY_DONE:
	case PV_REPLY_FAILED:
		break;
	}
	if (status == 500)
		problem(h, status, NULL, "this gateway cannot do that now; its log says why", 0);
	else
		problem(h, status, &r->err, r->err.what, r->retry_s);
}

/* ---- answers ---- */

static struct pv_slice
etag_of(struct pv_hit *h, struct pv_slice body)
{
	PV_AUTO(pv_buf_free) struct pv_buf tag = { 0 };
	uint8_t digest[PV_HASH];

	pv_hash(body, digest);
	pv_buf_add_c(&tag, '"');
	pv_hex_write(&tag, pv_slice_mem(digest, 16));
	pv_buf_add_c(&tag, '"');
	return pv_arena_copy(h->a, pv_buf_slice(&tag));
}

/* RFC 9110 13.1.2: a list of tags, or "*"; weak ones compare as strong ones here. */
static bool
none_match(const struct pv_request_head *head, struct pv_slice tag)
{
	struct pv_slice rest = pv_header_get(head, "if-none-match", NULL), one;

	while (pv_slice_next(&rest, ',', &one)) {
		one = pv_slice_trim(one);
		if (pv_slice_starts(one, PV_SLICE("W/")))
			one = pv_slice_sub(one, 2, one.n);
		if (pv_slice_is(one, "*") || pv_slice_eq(one, tag))
			return false;
	}
	return true;
}

void
pv_api_body(struct pv_hit *h, const char *type, struct pv_slice body)
{
	bool reads = (h->head->method & (PV_GET | PV_HEAD)) != 0;
	struct pv_slice tag = reads ? etag_of(h, body) : PV_NO_SLICE;

	pv_x_header(h->x, "Vary", PV_SLICE("Authorization"));
	if (!reads) {
		pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
		pv_x_reply(h->x, 200, type, body);
		return;
	}
	pv_x_header(h->x, "Cache-Control", PV_SLICE("private, no-cache"));
	pv_x_header(h->x, "ETag", tag);
	if (none_match(h->head, tag))
		pv_x_reply(h->x, 200, type, body);
	else
		pv_x_reply(h->x, 304, NULL, PV_NO_SLICE);
}

static const char *
type_of(const struct pv_call *c)
{
	if (c->answer != NULL || c->tail_out == NULL)
		return "application/json";
	return c->tail_type != NULL ? c->tail_type : "text/plain; charset=utf-8";
}

static void
answer(struct pv_hit *h, const struct pv_call *c, struct pv_slice json, struct pv_slice tail)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_err e = { 0 };

	if (pv_ok(pv_call_answer_http(c, json, tail, &body, &e)))
		pv_api_body(h, type_of(c), pv_buf_slice(&body));
	else
		problem(h, 500, NULL, "the answer is not text", 0);
}

static bool
was_found(const struct pv_call *c, const void *the_answer)
{
	const struct pv_field *f = pv_layout_field(c->answer, PV_SLICE("found"));

	if ((c->flags & PV_CALL_FOUND) == 0 || f == NULL || the_answer == NULL)
		return true;
	return *(const bool *)((const char *)the_answer + f->at);
}

static void
call_done(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_call *const *c = h->user;

	if (r->kind != PV_REPLY_DONE)
		pv_api_problem_of(h, r);
	else if (!was_found(*c, r->answer))
		problem(h, 404, NULL, "there is nothing of that name", 0);
	else
		answer(h, *c, r->json, r->tail);
}

/* ---- calls under a key ---- */

/* The same of an answer that is JSON alone. */
static bool
says_found(const struct pv_call *c, struct pv_slice json)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *found;
	struct pv_err ignored;

	if ((c->flags & PV_CALL_FOUND) == 0 || !pv_ok(pv_json_read(&doc, json, SIZE_MAX, &ignored)))
		return true;
	found = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("found")));
	return found != NULL && found->integer != 0;
}

static void
answer_once(struct pv_hit *h, const struct pv_call *c, const struct pv_edge_reply *r)
{
	const struct pv_once_answer *out = r->answer;

	if (says_found(c, out->answer))
		answer(h, c, out->answer, r->tail);
	else
		problem(h, 404, NULL, "there is nothing of that name", 0);
}

static void
once_done(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_once_answer *out = r->answer;
	const struct pv_call *const *c = h->user;

	if (r->kind != PV_REPLY_DONE) {
		pv_api_problem_of(h, r);
		return;
	}
	switch (out->once) {
	case PV_ONCE_AGAIN:
		pv_x_header(h->x, "Idempotent-Replayed", PV_SLICE("true"));
		answer_once(h, *c, r);
		return;
	case PV_ONCE_DONE:
		answer_once(h, *c, r);
		return;
	case PV_ONCE_OTHER:
		problem(h, 422, NULL, "this Idempotency-Key was used for another request", 0);
		return;
	case PV_ONCE_BUSY:
		problem(h, 409, NULL, "the request of this Idempotency-Key is being answered", 1);
		return;
	case PV_ONCE_NOT_ALLOWED:
		problem(h, 403, NULL, "this is not for this caller", 0);
		return;
	case PV_ONCE_NONE:
		break;
	}
	problem(h, 500, NULL, NULL, 0);
}

static void
ask_once(struct pv_hit *h, const struct pv_call *c, struct pv_slice key, struct pv_slice ask,
    struct pv_slice tail)
{
	struct pv_once_ask once = { .key = key, .call = pv_slice_of(c->name), .ask = ask };

	pv_edge_ask(h, pv_call_find("once"), &once, tail, once_done);
}

/* ---- from a request to its call ---- */

/* Whether path (as sent, behind /api/v1) is of that call; literal counts its segments that are written out. */
static bool
meets(const struct pv_call *c, struct pv_slice path, struct pv_arena *a,
    struct pv_slice parts[PV_PARTS_MAX], size_t *literal)
{
	struct pv_slice want = pv_slice_of(c->path), w, p;
	size_t n = 0;

	*literal = 0;
	while (pv_path_segment(&want, &w)) {
		if (!pv_path_segment(&path, &p) || p.n == 0)
			return false;
		if (w.p[0] != '{') {
			(*literal)++;
			if (!pv_slice_eq(w, p))
				return false;
		} else if (n == PV_PARTS_MAX || !pv_url_decode(p, false, a, &parts[n++])) {
			return false;
		}
	}
	return path.n == 0;
}

struct met {
	const struct pv_call *call;
	struct pv_slice parts[PV_PARTS_MAX];
	bool get, post, put, remove; /* methods that the path has */
};

static void
note_method(struct met *m, const char *method)
{
	m->get = m->get || strcmp(method, "GET") == 0;
	m->post = m->post || strcmp(method, "POST") == 0;
	m->put = m->put || strcmp(method, "PUT") == 0;
	m->remove = m->remove || strcmp(method, "DELETE") == 0;
}

static void
find_call(struct pv_hit *h, struct pv_slice path, struct met *m)
{
	struct pv_slice method =
	    h->head->method == PV_HEAD ? PV_SLICE("GET") : h->head->method_name;
	size_t best = 0;

	*m = (struct met){ .call = NULL };
	for (size_t i = 0; i < pv_call_count(); i++) {
		const struct pv_call *c = pv_call_at(i);
		struct pv_slice parts[PV_PARTS_MAX];
		size_t literal;

		if (c->path == NULL || (c->flags & PV_CALL_INNER) != 0 ||
		    !meets(c, path, h->a, parts, &literal))
			continue;
		note_method(m, c->method);
		if (!pv_slice_is(method, c->method) || (m->call != NULL && literal <= best))
			continue;
		m->call = c;
		best = literal;
		memcpy(m->parts, parts, sizeof(parts));
	}
}

static void
no_call(struct pv_hit *h, const struct met *m)
{
	if (!m->get && !m->post && !m->put && !m->remove) {
		problem(h, 404, NULL, "there is nothing of that name", 0);
		return;
	}
	pv_x_header(h->x, "Allow",
	    pv_arena_printf(h->a, "%s%s%s%s", m->get ? "GET, HEAD" : "",
		m->post ? (m->get ? ", POST" : "POST") : "",
		m->put ? (m->get || m->post ? ", PUT" : "PUT") : "",
		m->remove ? (m->get || m->post || m->put ? ", DELETE" : "DELETE") : ""));
	problem(h, 405, NULL, NULL, 0);
}

/* JSON, or where a call takes text besides, that. */
static bool
good_type(const struct pv_call *c, struct pv_slice type, struct pv_slice body)
{
	if (type.n == 0)
		return body.n == 0;
	return pv_media_allows(type, "application/json") ||
	       (c->tail_in != NULL && !pv_media_allows(type, "application/x-www-form-urlencoded") &&
		   !pv_slice_starts(type, PV_SLICE("multipart/")));
}

static void
make_call(struct pv_hit *h, struct met *m)
{
	struct pv_call_request r = { .parts = m->parts, .query = h->head->query, .body = h->body };
	struct pv_slice tail, json, key;
	struct pv_buf ask = { 0 };
	struct pv_err e = { 0 };
	bool many = false;

	r.type = pv_header_get(h->head, "content-type", &many);
	key = pv_header_get(h->head, "idempotency-key", &many);
	if (many) {
		problem(h, 400, NULL, "a header is there more than once", 0);
		return;
	}
	if (!good_type(m->call, r.type, r.body)) {
		problem(h, 415, NULL, "the body is to be application/json", 0);
		return;
	}
	if (!pv_ok(pv_call_of_http(m->call, &r, h->a, &ask, &tail, &e))) {
		pv_buf_free(&ask);
		problem(h, e.code == PV_E_LIMIT ? 413 : 400, &e, e.what, 0);
		return;
	}
	json = pv_arena_copy(h->a, pv_buf_slice(&ask));
	pv_buf_free(&ask);
	pv_api_call(h, m->call, key, json, tail);
}

void
pv_api_call(struct pv_hit *h, const struct pv_call *c, struct pv_slice key, struct pv_slice ask,
    struct pv_slice tail)
{
	const struct pv_call **kept = pv_arena_alloc(h->a, sizeof(*kept));

	*kept = c;
	h->user = kept;
	if (key.n != 0 && c->run != NULL && (c->flags & PV_CALL_READS) == 0)
		ask_once(h, c, key, ask, tail);
	else
		pv_edge_ask_json(h, c, ask, tail, call_done);
}

static void
on_body(struct pv_x *x, struct pv_slice body)
{
	struct pv_hit *h = pv_x_user(x);

	h->body = body;
	make_call(h, h->user);
}

/* Room for a large body is given to somebody who is known alone. */
static void
known(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (r->kind != PV_REPLY_DONE)
		pv_api_problem_of(h, r);
	else
		pv_x_collect(h->x, TEXT_MAX, on_body);
}

static void
collect(struct pv_hit *h, const struct met *m)
{
	uint64_t max = m->call->tail_in != NULL ? TEXT_MAX : SMALL_MAX;

	if (h->head->has_length && h->head->length > max)
		problem(h, 413, NULL, "the body is too large", 0);
	else if (max == SMALL_MAX || (h->head->has_length && h->head->length <= SMALL_MAX) ||
		 (!h->head->has_length && !h->head->chunked))
		pv_x_collect(h->x, SMALL_MAX, on_body);
	else
		pv_edge_ask(h, pv_call_find("whoami"), NULL, PV_NO_SLICE, known);
}

static void
run_call(struct pv_hit *h)
{
	struct pv_slice path = pv_slice_sub(h->head->path, sizeof(ROOT) - 1, h->head->path.n);
	struct met *m = PV_ARENA_NEW(h->a, struct met);

	find_call(h, path, m);
	h->user = m;
	if (m->call == NULL)
		no_call(h, m);
	else if (h->credential.kind == PV_CRED_NONE && (m->call->flags & PV_CALL_PUBLIC) == 0)
		problem(h, 401, NULL, "a credential is needed here", 0);
	else
		collect(h, m);
}

/* ---- the document ---- */

static void
forget_document(void *p)
{
	pv_buf_free(p);
	pv_free(p);
}

static void
run_openapi(struct pv_hit *h)
{
	static const char key;
	struct pv_buf *document = pv_front_kept(h->front, &key);

	if (document == NULL) {
		document = PV_NEW(struct pv_buf);
		pv_openapi_write(document);
		pv_front_keep(h->front, &key, document, forget_document);
	}
	pv_api_body(h, "application/json", pv_buf_slice(document));
}

const struct pv_route pv_edge_api[] = {
	{ .methods = PV_GET,
	    .pattern = ROOT "/openapi.json",
	    .run = run_openapi,
	    .fail = pv_api_fail },
	{ .methods = PV_GET, .pattern = ROOT "/events", .run = pv_api_events, .fail = pv_api_fail },
	{ .methods = PV_GET | PV_POST | PV_PUT | PV_PATCH | PV_DELETE,
	    .pattern = ROOT "/{rest...}",
	    .flags = PV_ROUTE_STREAM,
	    .run = run_call,
	    .fail = pv_api_fail },
	{ .pattern = NULL },
};
