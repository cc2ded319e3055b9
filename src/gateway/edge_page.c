/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person, a load balancer and a monitor see of the gateway: the page at
 * its URL, /healthz and /livez, /metrics. The page is HTML that works without
 * script. None of it names a partner to a stranger. The state is asked for
 * at most once a second by each loop.
 */
#include "base/mem.h"
#include "codec/rfc3339.h"
#include "desk/gateway_state.h"
#include "gateway/front.h"
#include "gateway/html.h"
#include "gateway/metrics.h"

#define KEEP_MS  1000
#define STUCK_MS 5000 /* the keeper turns at least once a second */

static const struct pv_call *
state_call(void)
{
	return pv_call_find("gateway.state");
}

/* ---- /livez, /healthz ---- */

static void
run_livez(struct pv_hit *h)
{
	pv_edge_json(h, 200, PV_SLICE("{\"status\":\"alive\"}\n"));
}

struct kept {
	uint64_t at_ms;
	int status;
	struct pv_buf body;
};

static void
kept_release(void *p)
{
	struct kept *k = p;

	pv_buf_free(&k->body);
	pv_free(k);
}

static struct kept *
kept_of(struct pv_front *f)
{
	static const char key = 0;
	struct kept *k = pv_front_kept(f, &key);

	if (k == NULL) {
		k = PV_NEW(struct kept);
		pv_front_keep(f, &key, k, kept_release);
	}
	return k;
}

static void
put_origins(struct pv_jsonw *w, const struct pv_gateway_state *s)
{
	pv_jsonw_array(w, "origins");
	for (size_t i = 0; i < s->origin_count; i++) {
		const struct pv_gateway_origin *o = &s->origins[i];

		pv_jsonw_object(w, NULL);
		if (o->origin.n != 0)
			pv_jsonw_str(w, "origin", o->origin);
		pv_jsonw_bool(w, "own", o->own);
		pv_jsonw_bool(w, "fresh", o->fresh);
		pv_jsonw_u64(w, "age_s", o->age_s);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

static void
put_health(struct pv_jsonw *w, const struct pv_gateway_state *s)
{
	const struct pv_gateway_origin *own = &s->origins[0];
	struct pv_buf when = { 0 };

	pv_jsonw_str(w, "status", s->open ? PV_SLICE("open") : PV_SLICE("closed"));
	if (!s->open)
		pv_jsonw_str(w, "why", s->why_closed);
	pv_jsonw_u64(w, "lease_age_s", own->age_s);
	pv_time_write(&when, own->good_until);
	pv_jsonw_str(w, "good_until", pv_buf_slice(&when));
	pv_buf_free(&when);
	pv_jsonw_u64(w, "journal_size", s->journal_size);
	put_origins(w, s);
}

static void
on_health(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_gateway_state *s = r->answer;
	struct kept *k = kept_of(h->front);
	struct pv_jsonw w = { .out = &k->body };
	bool known = r->kind == PV_REPLY_DONE && s->origin_count != 0;

	pv_buf_clear(&k->body);
	pv_jsonw_object(&w, NULL);
	if (known) {
		put_health(&w, s);
	} else {
		pv_jsonw_str(&w, "status", PV_SLICE("closed"));
		pv_jsonw_str(&w, "why",
		    pv_slice_of(r->err.code == PV_E_DOWN ? r->err.what : "its home is in trouble"));
	}
	pv_jsonw_end(&w);
	pv_buf_add_c(&k->body, '\n');
	k->status = known && s->open ? 200 : 503;
	k->at_ms = pv_monotonic_ms();
	pv_edge_json(h, k->status, pv_buf_slice(&k->body));
}

/* Said at once: a load balancer does not wait for what is stuck. */
static bool
keeper_is_stuck(struct pv_hit *h)
{
	uint64_t beat = pv_count_get(&pv_front_stats(h->front)->keeper.beat_ms);

	return beat != 0 && pv_monotonic_ms() > beat + STUCK_MS;
}

static void
run_healthz(struct pv_hit *h)
{
	struct kept *k = kept_of(h->front);

	if (keeper_is_stuck(h)) {
		pv_edge_json(h, 503,
		    PV_SLICE("{\"status\":\"closed\",\"why\":\"the keeper does not answer\"}\n"));
		return;
	}

	h->credential = (struct pv_credential){ .peer = h->credential.peer };
	if (k->at_ms != 0 && pv_monotonic_ms() < k->at_ms + KEEP_MS)
		pv_edge_json(h, k->status, pv_buf_slice(&k->body));
	else
		pv_edge_ask(h, state_call(), NULL, PV_NO_SLICE, on_health);
}

/* ---- the page ---- */

static void
put_origin(struct pv_buf *out, const struct pv_gateway_origin *o)
{
	pv_buf_add_str(out, "<tr><td>");
	if (o->origin.n != 0)
		pv_html_text(out, o->origin);
	else
		pv_buf_add_str(out, "<span class=\"soft\">a partner's</span>");
	pv_buf_addf(out, "</td><td class=\"%s\">%s</td><td>", o->fresh ? "state" : "warn",
	    o->fresh ? "fresh" : "stale");
	if (o->signed_at != 0)
		pv_time_write_span(out, o->age_s);
	else
		pv_buf_add_str(out, "never");
	pv_buf_add_str(out, "</td><td>");
	if (o->signed_at != 0)
		pv_time_write(out, o->good_until);
	pv_buf_add_str(out, "</td></tr>\n");
}

static void
put_state(struct pv_buf *out, const struct pv_gateway_state *s)
{
	pv_buf_addf(out, "<article%s><p class=\"%s\">%s</p><p>", s->open ? "" : " class=\"stands\"",
	    s->open ? "state" : "warn", s->open ? "Open" : "Closed");
	if (s->open) {
		pv_buf_add_str(out, "Its proof of the order log is fresh: reports are opened where "
				    "an agreement allows it "
				    "and no order forbids it.");
	} else {
		pv_html_text(out, s->why_closed);
		pv_buf_add_str(out, ". Nothing is released until there is a fresh one.");
	}
	pv_buf_add_str(out, "</p></article>\n<h2>What it stands on</h2>\n<table><tr><th>Order "
			    "log</th><th>Proof</th>"
			    "<th>Age</th><th>Good until</th></tr>\n");
	for (size_t i = 0; i < s->origin_count; i++)
		put_origin(out, &s->origins[i]);
	pv_buf_addf(out, "</table>\n<p>Its journal, <code>");
	pv_html_text(out, s->journal);
	pv_buf_addf(out, "</code>, has %llu entries.</p>\n", (unsigned long long)s->journal_size);
}

struct place {
	const char *path, *what;
	bool link;
};

static const struct place places[] = {
	{ "/register/", "Public orders, each with its proof; also as a feed", true },
	{ "/api/v1/openapi.json", "The HTTP API, described (OpenAPI 3.1)", true },
	{ "/taxii2/",
	    "TAXII 2.1, for MISP, OpenCTI and other clients: one API root for each purpose",
	    false },
	{ "/.well-known/opentdf-configuration", "OpenTDF: the key service, for SDKs", true },
	{ "/.well-known/authzen-configuration", "AuthZEN 1.0: may this be opened?", true },
	{ "/log/orders/checkpoint", "The order log as tiles (C2SP tlog-tiles)", true },
	{ "/log/journal/checkpoint", "The journal as tiles", true },
	{ "/healthz", "Open or closed, for a load balancer", true },
	{ "/metrics", "Numbers for Prometheus, for those the operator lets in", false },
};

static void
put_places(struct pv_buf *out, struct pv_slice url)
{
	pv_buf_add_str(out, "<h2>What it speaks</h2>\n<table>\n");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct place *p = &places[i];

		pv_buf_addf(out, "<tr><td>%s</td><td>", p->what);
		if (p->link)
			pv_buf_addf(out, "<a href=\"%s\"><code>", p->path);
		else
			pv_buf_add_str(out, "<code>");
		pv_html_text(out, url);
		pv_buf_addf(out, "%s</code>%s</td></tr>\n", p->path, p->link ? "</a>" : "");
	}
	pv_buf_add_str(out, "</table>\n");
}

static void
put_partner(struct pv_buf *out, struct pv_slice url)
{
	pv_buf_add_str(out,
	    "<h2>To open a <code>.tdf</code> file without Proviso</h2>\n"
	    "<p>A report leaves here as an OpenTDF file. Any OpenTDF SDK opens it, if this gateway "
	    "decides that "
	    "you may for the purpose that your credential states. Ask the agency that runs it for "
	    "a token; "
	    "then, with <code>otdfctl</code>:</p>\n<pre>otdfctl decrypt report.tdf --host ");
	pv_html_text(out, url);
	pv_buf_add_str(out, " --with-access-token TOKEN</pre>\n"
			    "<p>or in a program, with this address as the platform's and the token "
			    "as the bearer. A refusal says "
			    "so and changes nothing; asking again does not help until the order or "
			    "the agreement has changed. "
			    "What was opened is in the journal.</p>\n");
}

static void
put_certificate(struct pv_buf *out, struct pv_slice fingerprint)
{
	pv_buf_add_str(out, "<h2>Is this the right gateway?</h2>\n<p>The SHA-256 of its "
			    "certificate, to be compared by "
			    "voice or on paper:</p>\n<pre>");
	pv_html_text(out, fingerprint);
	pv_buf_add_str(out, "</pre>\n");
}

static void
write_page(struct pv_hit *h, const struct pv_gateway_state *s, struct pv_buf *out)
{
	struct pv_slice title = pv_arena_printf(h->a, "Proviso gateway of %.*s", PV_FMT(s->party));

	pv_html_begin(out, "en", title);
	pv_buf_add_str(out, "<h1>");
	pv_html_text(out, title);
	pv_buf_add_str(out, "</h1>\n");
	if (s->exercise)
		pv_buf_add_str(out, "<p class=\"warn\">Exercise: nothing here is real.</p>\n");
	put_state(out, s);
	put_places(out, pv_edge_url(h));
	put_partner(out, pv_edge_url(h));
	put_certificate(out, pv_front_fingerprint(h->front));
	pv_html_end(out);
}

static void
on_page(struct pv_hit *h, const struct pv_edge_reply *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf page = { 0 };
	const struct pv_gateway_state *s = r->answer;

	if (r->kind ==
	    PV_REPLY_UNAUTHENTICATED) { /* the page is for everybody, whatever the browser sent along */
		h->credential = (struct pv_credential){ .peer = h->credential.peer };
		pv_edge_ask(h, state_call(), NULL, PV_NO_SLICE, on_page);
		return;
	}
	if (r->kind != PV_REPLY_DONE) {
		pv_edge_problem_of(h, r);
		return;
	}
	write_page(h, s, &page);
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_html_reply(h, pv_buf_slice(&page));
}

static void
run_page(struct pv_hit *h)
{
	pv_edge_ask(h, state_call(), NULL, PV_NO_SLICE, on_page);
}

/* ---- /metrics ---- */

static bool
may_read_metrics(const struct pv_hit *h)
{
	const struct pv_config_names *from = &pv_front_config(h->front)->metrics.from;

	for (size_t i = 0; i < from->n; i++)
		if (pv_slice_is(from->at[i], "any") || pv_slice_eq(from->at[i], h->credential.peer))
			return true;
	return false;
}

static void
run_metrics(struct pv_hit *h)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (!may_read_metrics(h)) {
		pv_edge_problem(h, 403, "metrics are not for this address");
		return;
	}
	pv_metrics_write(pv_front_stats(h->front), &text);
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_edge_text(h, 200, "text/plain; version=0.0.4; charset=utf-8", pv_buf_slice(&text));
}

const struct pv_route pv_edge_page[] = {
	{ .methods = PV_GET, .pattern = "/", .run = run_page },
	{ .methods = PV_GET, .pattern = "/healthz", .run = run_healthz },
	{ .methods = PV_GET, .pattern = "/livez", .run = run_livez },
	{ .methods = PV_GET, .pattern = "/metrics", .run = run_metrics },
	{ .pattern = NULL },
};
