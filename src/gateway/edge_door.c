/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx's auth_request: /door/web and /door/file, or /door/web/PARTY. 204 lets pass, 403 refuses;
 * all else makes nginx answer 500, so everything that is not an answer is one of
 * those: 503 when it may be otherwise later.
 */
#include "gateway/doors.h"
#include "gateway/edge.h"
#include "gateway/front.h"

static void
fail_with(struct pv_hit *h, int status, const char *why)
{
	if (status == 503)
		pv_x_header(h->x, "Retry-After", PV_SLICE("5"));
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_edge_text(h, status, "text/plain; charset=utf-8", pv_arena_printf(h->a, "%s\n", why));
}

/* A server whose own credential is wrong must not have its clients asked for theirs: no 401 and no 403. */
static void
not_asked(struct pv_hit *h, const struct pv_edge_reply *r)
{
	switch (r->kind) {
	case PV_REPLY_UNAUTHENTICATED:
	case PV_REPLY_FORBIDDEN:
		fail_with(h, 500, "a web server asks here with a credential of this authority");
		return;
	case PV_REPLY_DOWN:
	case PV_REPLY_LIMITED:
		fail_with(h, 503, "this gateway cannot say now");
		return;
	case PV_REPLY_DONE:
	case PV_REPLY_FAILED:
		break;
	}
	fail_with(h, pv_edge_status(r) == 503 ? 503 : 500, "this gateway cannot say");
}

static void
header(struct pv_hit *h, const char *name, struct pv_slice value)
{
	if (value.n != 0)
		pv_x_header(h->x, name, value);
}

static void
refuse(struct pv_hit *h, const struct pv_door_answer *a)
{
	header(h, "X-Proviso-Order", a->order);
	header(h, "X-Proviso-Issuer", a->issuer);
	header(h, "X-Proviso-Reference", a->reference);
	if (a->order.n != 0)
		fail_with(h, 403,
		    pv_arena_printf(
			h->a, "stopped by order %.*s of %.*s", PV_FMT(a->order), PV_FMT(a->issuer))
			.p);
	else
		fail_with(h, 403,
		    pv_arena_printf(h->a, "not possible; reference %.*s", PV_FMT(a->reference)).p);
}

static void
answered(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_door_answer *a = r->answer;

	if (r->kind != PV_REPLY_DONE) {
		not_asked(h, r);
		return;
	}
	switch (a->say) {
	case PV_DOOR_REFUSE:
		refuse(h, a);
		return;
	case PV_DOOR_LATER:
		fail_with(h, 503, "this gateway has no fresh proof of the orders");
		return;
	case PV_DOOR_PASS:
		pv_x_header(h->x, "Cache-Control", PV_SLICE("no-store"));
		pv_x_reply(h->x, 204, NULL, PV_NO_SLICE);
		return;
	}
}

static void
run_door(struct pv_hit *h)
{
	struct pv_door_ask ask;
	struct pv_err e = { 0 };

	if (!pv_ok(
		pv_door_web_read(&ask, h->head, h->part[0], pv_front_doors(h->front), h->a, &e))) {
		fail_with(h, 500, pv_arena_printf(h->a, "%s", e.what).p);
		return;
	}
	ask.house = h->part[1]; /* whose server it is; empty: the home's party's */
	pv_edge_ask(h, pv_call_find("doors.web"), &ask, PV_NO_SLICE, answered);
}

static void
fail(struct pv_hit *h, int status, const char *why)
{
	fail_with(h, status == 503 ? 503 : 500, why != NULL ? why : "this gateway cannot say");
}

const struct pv_route pv_edge_door[] = {
	{ PV_GET, "/door/{channel}", PV_ROUTE_NO_BASIC, 0, run_door, fail },
	{ PV_GET, "/door/{channel}/{house}", PV_ROUTE_NO_BASIC, 0, run_door, fail },
	{ .pattern = NULL },
};
