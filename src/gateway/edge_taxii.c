/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAXII 2.1. Discovery is at /taxii2/ (8.2.1), an API root at
 * /taxii2/roots/PURPOSE/: who asks there states that purpose. What comes is read
 * here, strictly; what leaves comes from the keeper as it leaves.
 */
#include "gateway/edge.h"
#include "gateway/taxii_query.h"

#define TYPE "application/taxii+json;version=2.1"

/* ---- answers ---- */

static void
reply(struct pv_hit *h, int status, struct pv_slice body)
{
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_x_reply(h->x, status, TYPE, body);
}

static const char *
title_of(int status)
{
	switch (status) {
	case 400:
		return "The request is not well-formed";
	case 401:
		return "Authentication is needed";
	case 403:
		return "Not permitted";
	case 404:
		return "Not found";
	case 405:
		return "No such method here";
	case 406:
		return "Only " TYPE " is given";
	case 413:
		return "Too large";
	case 415:
		return "Only " TYPE " is taken";
	case 422:
		return "The envelope cannot be taken";
	case 429:
		return "Too many requests";
	case 503:
		return "Not now";
	default:
		return "The gateway cannot do that";
	}
}

/* An error message (3.6.1). */
static void
say(struct pv_hit *h, int status, struct pv_slice why, unsigned retry_s)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	if (status == 401)
		pv_x_header(h->x, "WWW-Authenticate",
		    PV_SLICE("Basic realm=\"proviso\", charset=\"UTF-8\""));
	if (status == 401)
		pv_x_header(h->x, "WWW-Authenticate", PV_SLICE("Bearer realm=\"proviso\""));
	if (status == 429 || status == 503)
		pv_x_header(
		    h->x, "Retry-After", pv_arena_printf(h->a, "%u", retry_s != 0 ? retry_s : 5));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "title", pv_slice_of(title_of(status)));
	if (why.n != 0)
		pv_jsonw_str(&w, "description", why);
	pv_jsonw_str(&w, "http_status", pv_arena_printf(h->a, "%d", status));
	pv_jsonw_end(&w);
	reply(h, status, pv_buf_slice(&b));
}

static void
fail(struct pv_hit *h, int status, const char *why)
{
	say(h, status, pv_slice_of(why), 0);
}

/* True when the keeper did not answer the question itself. */
static bool
failed(struct pv_hit *h, const struct pv_edge_reply *r)
{
	int status = pv_edge_status(r);

	if (r->kind == PV_REPLY_DONE)
		return false;
	say(h, status, status == 500 ? PV_SLICE("its log says why") : pv_slice_of(r->err.what),
	    r->retry_s);
	return true;
}

static int
status_of(enum pv_taxii_result result, int good)
{
	switch (result) {
	case PV_TAXII_OK:
		return good;
	case PV_TAXII_NOT_FOUND:
		return 404;
	case PV_TAXII_FORBIDDEN:
		return 403;
	case PV_TAXII_BAD:
		return 400;
	case PV_TAXII_AGAIN:
		return 503;
	}
	return 500;
}

/* ---- what may be asked ---- */

/* Several fields of one name are one list (RFC 9110 5.3). */
static struct pv_slice
joined(struct pv_hit *h, const char *name)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	for (size_t i = 0; i < h->head->header_count; i++) {
		if (!pv_slice_is(h->head->headers[i].name, name))
			continue;
		if (b.n != 0)
			pv_buf_add_c(&b, ',');
		pv_buf_add(&b, h->head->headers[i].value);
	}
	return pv_arena_copy(h->a, pv_buf_slice(&b));
}

/* Who does not say who it is hears that first; then whether it takes what we speak. */
static bool
may_ask(struct pv_hit *h)
{
	struct pv_slice accept = joined(h, "accept");

	if (h->credential.kind == PV_CRED_NONE) {
		fail(h, 401, NULL);
		return false;
	}
	if (accept.n != 0 && !pv_media_allows(accept, TYPE)) {
		fail(h, 406, NULL);
		return false;
	}
	return true;
}

static const struct pv_call *
call(const char *name)
{
	return pv_call_find(name);
}

/* ---- discovery and roots ---- */

static struct pv_slice
root_url(struct pv_hit *h, struct pv_slice purpose)
{
	struct pv_slice url = pv_edge_url(h);

	/* absolute by HTTPS, else relative: 4.1.1 */
	return pv_arena_printf(h->a, "%.*s/taxii2/roots/%.*s/",
	    PV_FMT(pv_slice_starts(url, PV_SLICE("https://")) ? url : PV_NO_SLICE),
	    PV_FMT(purpose));
}

static void
roots_known(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_purposes *p = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	if (failed(h, r))
		return;
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "title", PV_SLICE("Proviso"));
	pv_jsonw_str(&w, "description",
	    PV_SLICE(
		"One API root for each purpose that you may state: what you ask for there, you "
		"ask for that purpose."));
	if (p->purposes.n != 0)
		pv_jsonw_array(&w, "api_roots");
	for (size_t i = 0; i < p->purposes.n; i++)
		pv_jsonw_str(&w, NULL, root_url(h, p->purposes.at[i]));
	if (p->purposes.n != 0)
		pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	reply(h, 200, pv_buf_slice(&b));
}

static void
discovery(struct pv_hit *h)
{
	if (may_ask(h))
		pv_edge_ask(h, call("taxii.roots"), NULL, PV_NO_SLICE, roots_known);
}

static void
root_known(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_known *k = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	if (failed(h, r))
		return;
	if (!k->found) {
		fail(h, 404, "no such API root");
		return;
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "title", k->title.n != 0 ? k->title : h->part[0]);
	pv_jsonw_str(&w, "description",
	    pv_arena_printf(h->a, "Who asks here states the purpose %.*s.", PV_FMT(h->part[0])));
	pv_jsonw_array(&w, "versions");
	pv_jsonw_str(&w, NULL, PV_SLICE(TYPE));
	pv_jsonw_end(&w);
	pv_jsonw_u64(&w, "max_content_length", PV_TAXII_BODY_MAX);
	pv_jsonw_end(&w);
	reply(h, 200, pv_buf_slice(&b));
}

static void
root(struct pv_hit *h)
{
	const struct pv_taxii_where ask = { .purpose = h->part[0] };

	if (may_ask(h))
		pv_edge_ask(h, call("taxii.collections"), &ask, PV_NO_SLICE, root_known);
}

static void
write_collection(struct pv_jsonw *w, const struct pv_taxii_collection *c)
{
	pv_jsonw_str(w, "id", c->id);
	pv_jsonw_str(w, "title", c->title);
	pv_jsonw_str(w, "description", c->description);
	pv_jsonw_str(w, "alias", c->alias);
	pv_jsonw_bool(w, "can_read", c->can_read);
	pv_jsonw_bool(w, "can_write", c->can_write);
	pv_jsonw_array(w, "media_types");
	pv_jsonw_str(w, NULL, PV_SLICE("application/stix+json;version=2.1"));
	pv_jsonw_end(w);
}

static void
collections_known(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_known *k = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };
	bool one = h->part[1].n != 0;

	if (failed(h, r))
		return;
	if (!k->found) {
		fail(h, 404, one ? "no such collection" : "no such API root");
		return;
	}
	pv_jsonw_object(&w, NULL);
	if (!one && k->count != 0)
		pv_jsonw_array(&w, "collections");
	for (size_t i = 0; i < k->count; i++) {
		if (!one)
			pv_jsonw_object(&w, NULL);
		write_collection(&w, &k->rows[i]);
		if (!one)
			pv_jsonw_end(&w);
	}
	if (!one && k->count != 0)
		pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	reply(h, 200, pv_buf_slice(&b));
}

static void
collections(struct pv_hit *h)
{
	const struct pv_taxii_where ask = { .purpose = h->part[0], .collection = h->part[1] };

	if (may_ask(h))
		pv_edge_ask(h, call("taxii.collections"), &ask, PV_NO_SLICE, collections_known);
}

/* ---- statuses ---- */

static void
status_known(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_found *f = r->answer;

	if (failed(h, r))
		return;
	if (f->found)
		reply(h, 200, r->tail);
	else
		fail(h, 404, "no such status, or it is more than a day old");
}

static void
push_status(struct pv_hit *h)
{
	const struct pv_taxii_where ask = { .purpose = h->part[0], .id = h->part[1] };

	if (may_ask(h))
		pv_edge_ask(h, call("taxii.status"), &ask, PV_NO_SLICE, status_known);
}

/* ---- pages ---- */

static void
add_date(struct pv_hit *h, const char *name, uint64_t us)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_stix_time_write(&b, us);
	pv_x_header(h->x, name, pv_buf_slice(&b));
}

/* An empty page has no dates to tell (oasis-tcs/cti-taxii2 #117). */
static void
page_made(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_answer *a = r->answer;
	const struct pv_taxii_ask *ask = h->user;

	if (failed(h, r))
		return;
	if (a->result != PV_TAXII_OK) {
		say(h, status_of(a->result, 200), a->why, 0);
		return;
	}
	if (a->count != 0 && ask->what != PV_TAXII_MARKINGS) {
		add_date(h, "X-TAXII-Date-Added-First", a->first_us);
		add_date(h, "X-TAXII-Date-Added-Last", a->last_us);
	}
	reply(h, 200, r->tail);
}

static struct pv_taxii_ask *
read_ask(struct pv_hit *h, enum pv_taxii_what what)
{
	struct pv_taxii_ask *ask = PV_ARENA_NEW(h->a, struct pv_taxii_ask);
	const char *why;

	if (!may_ask(h))
		return NULL;
	*ask = (struct pv_taxii_ask){ .what = what,
		.purpose = h->part[0],
		.collection = h->part[1],
		.object = h->part[2],
		.url = pv_edge_url(h) };
	h->user = ask;
	if (pv_taxii_query_read(h->head->query, h->a, ask, &why))
		return ask;
	fail(h, 400, why);
	return NULL;
}

static void
page(struct pv_hit *h, enum pv_taxii_what what)
{
	const struct pv_taxii_ask *ask = read_ask(h, what);

	if (ask != NULL)
		pv_edge_ask(h, call("taxii.page"), ask, PV_NO_SLICE, page_made);
}

static void
objects(struct pv_hit *h)
{
	page(h, PV_TAXII_OBJECTS);
}

static void
manifest(struct pv_hit *h)
{
	page(h, PV_TAXII_MANIFEST);
}

static void
object(struct pv_hit *h)
{
	page(h, PV_TAXII_OBJECT);
}

static void
versions(struct pv_hit *h)
{
	page(h, PV_TAXII_VERSIONS);
}

static void
markings(struct pv_hit *h)
{
	page(h, PV_TAXII_MARKINGS);
}

static void
deleted(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_answer *a = r->answer;

	if (failed(h, r))
		return;
	if (a->result == PV_TAXII_OK)
		reply(h, 200, PV_NO_SLICE);
	else
		say(h, status_of(a->result, 200), a->why, 0);
}

static void
delete_object(struct pv_hit *h)
{
	const struct pv_taxii_ask *ask = read_ask(h, PV_TAXII_NOTHING);

	if (ask != NULL)
		pv_edge_ask(h, call("taxii.delete"), ask, PV_NO_SLICE, deleted);
}

static void
sealed_made(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_answer *a = r->answer;

	if (failed(h, r))
		return;
	if (a->result == PV_TAXII_OK)
		pv_edge_text(h, 200, "application/zip", r->tail);
	else
		say(h, status_of(a->result, 200), a->why, 0);
}

/* An OpenTDF file is what it is whatever the client would rather have. */
static void
sealed(struct pv_hit *h)
{
	struct pv_taxii_ask *ask = PV_ARENA_NEW(h->a, struct pv_taxii_ask);

	*ask = (struct pv_taxii_ask){
		.purpose = h->part[0], .collection = h->part[1], .object = h->part[2]
	};
	if (h->credential.kind == PV_CRED_NONE)
		fail(h, 401, NULL);
	else
		pv_edge_ask(h, call("taxii.sealed"), ask, PV_NO_SLICE, sealed_made);
}

/* ---- pushes ---- */

static void
push_taken(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_taxii_pushed *p = r->answer;

	if (failed(h, r))
		return;
	if (p->result == PV_TAXII_OK)
		reply(h, 202, r->tail);
	else
		say(h, status_of(p->result, 202), p->why, 0);
}

static void
push_whole(struct pv_hit *h, struct pv_slice body)
{
	struct pv_taxii_push ask = { .purpose = h->part[0], .collection = h->part[1] };
	struct pv_err e = { 0 };
	struct pv_status st =
	    pv_taxii_envelope_read(body, h->a, &ask.objects, &ask.object_count, &e);

	if (pv_ok(st))
		pv_edge_ask(h, call("taxii.push"), &ask, body, push_taken);
	else
		fail(h, st.code == PV_E_LIMIT ? 422 : 400, e.what);
}

static void
push_over(struct pv_hit *h)
{
	pv_buf_free(h->user);
}

/* The body is collected here, so that also "too large" is said as TAXII says it. */
static void
push_some(struct pv_x *x, struct pv_slice data, bool last)
{
	struct pv_hit *h = pv_x_user(x);
	struct pv_buf *body = h->user;

	if (body->n + data.n > PV_TAXII_BODY_MAX) {
		fail(h, 413, NULL);
		return;
	}
	pv_buf_add(body, data);
	if (last)
		push_whole(h, pv_buf_slice(body));
}

static void
push(struct pv_hit *h)
{
	struct pv_slice type = joined(h, "content-type");

	if (!may_ask(h))
		return;
	if (type.n == 0 || !pv_media_allows(type, TYPE)) {
		fail(h, 415, NULL);
		return;
	}
	if (h->head->has_length && h->head->length > PV_TAXII_BODY_MAX) {
		fail(h, 413, NULL);
		return;
	}
	h->user = PV_ARENA_NEW(h->a, struct pv_buf);
	h->gone = push_over;
	pv_x_stream_in(h->x, UINT64_MAX, push_some);
}

/* ---- what is not there ---- */

static void
nothing(struct pv_hit *h)
{
	if (may_ask(h))
		fail(h, 404, "no such resource (each path ends in a slash)");
}

#define ROOT       "/taxii2/roots/{root}/"
#define COLLECTION ROOT "collections/{id}/"

const struct pv_route pv_edge_taxii[] = {
	{ PV_GET, "/taxii2/", 0, 0, discovery, fail },
	{ PV_GET, ROOT, 0, 0, root, fail },
	{ PV_GET, ROOT "status/{id}/", 0, 0, push_status, fail },
	{ PV_GET, ROOT "collections/", 0, 0, collections, fail },
	{ PV_GET, COLLECTION, 0, 0, collections, fail },
	{ PV_GET, COLLECTION "manifest/", 0, 0, manifest, fail },
	{ PV_GET, COLLECTION "objects/", 0, 0, objects, fail },
	{ PV_POST, COLLECTION "objects/", PV_ROUTE_STREAM, 0, push, fail },
	{ PV_GET, COLLECTION "objects/{oid}/", 0, 0, object, fail },
	{ PV_DELETE, COLLECTION "objects/{oid}/", 0, 0, delete_object, fail },
	{ PV_GET, COLLECTION "objects/{oid}/versions/", 0, 0, versions, fail },
	{ PV_GET, COLLECTION "objects/{oid}/sealed/", 0, 0, sealed, fail },
	{ PV_GET, ROOT "markings/", 0, 0, markings, fail },
	{ PV_GET, "/taxii2/{rest...}", 0, 0, nothing, fail },
	{ .pattern = NULL },
};
