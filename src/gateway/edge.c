/* SPDX-License-Identifier: Apache-2.0 */
/* The answers that edges have in common. */
#include "gateway/edge.h"

#include "gateway/front.h"

int
pv_edge_status(const struct pv_edge_reply *r)
{
	switch (r->kind) {
	case PV_REPLY_DOWN:
		return 503;
	case PV_REPLY_DONE:
		return 200;
	case PV_REPLY_UNAUTHENTICATED:
		return 401;
	case PV_REPLY_FORBIDDEN:
		return 403;
	case PV_REPLY_LIMITED:
		return 429;
	case PV_REPLY_FAILED:
		break;
	}
	switch (r->err.code) {
	case PV_OK:
	case PV_E_CONFIG:
	case PV_E_BUG:
		return 500;
	case PV_E_INPUT:
	case PV_E_UNTRUSTED:
		return 400;
	case PV_E_LIMIT:
		return 413;
	case PV_E_DOWN:
		return 503;
	}
	return 500;
}

static void
say_how_to_go_on(struct pv_hit *h, int status, unsigned retry_s)
{
	if (status == 401)
		pv_x_header(h->x, "WWW-Authenticate", PV_SLICE("Bearer realm=\"proviso\""));
	if (status == 401 && h->route != NULL && (h->route->flags & PV_ROUTE_NO_BASIC) == 0)
		pv_x_header(h->x, "WWW-Authenticate",
		    PV_SLICE("Basic realm=\"proviso\", charset=\"UTF-8\""));
	if (status == 429 || status == 503)
		pv_x_header(
		    h->x, "Retry-After", pv_arena_printf(h->a, "%u", retry_s != 0 ? retry_s : 5));
}

static void
problem(struct pv_hit *h, int status, struct pv_slice detail, const struct pv_err *err,
    unsigned retry_s)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_jsonw w = { .out = &body };

	say_how_to_go_on(h, status, retry_s);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "type", PV_SLICE("about:blank"));
	pv_jsonw_str(&w, "title", pv_slice_of(pv_status_text(status)));
	pv_jsonw_int(&w, "status", status);
	if (detail.n != 0)
		pv_jsonw_str(&w, "detail", detail);
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
pv_edge_problem(struct pv_hit *h, int status, const char *detail)
{
	problem(h, status, pv_slice_of(detail), NULL, 0);
}

/* What only the operator can mend is told to the operator, by the keeper's log: it names places of this machine. */
void
pv_edge_problem_of(struct pv_hit *h, const struct pv_edge_reply *r)
{
	int status = pv_edge_status(r);

	if (status == 500)
		problem(h, status, PV_SLICE("this gateway cannot do that now; its log says why"),
		    NULL, 0);
	else
		problem(h, status, pv_slice_of(r->err.what), &r->err, r->retry_s);
}

void
pv_edge_json(struct pv_hit *h, int status, struct pv_slice json)
{
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_x_reply(h->x, status, "application/json", json);
}

void
pv_edge_text(struct pv_hit *h, int status, const char *type, struct pv_slice body)
{
	pv_x_reply(h->x, status, type, body);
}

struct pv_slice
pv_edge_url(const struct pv_hit *h)
{
	return pv_arena_copy(
	    h->a, pv_front_url(h->front)); /* the settings may change before the answer */
}
