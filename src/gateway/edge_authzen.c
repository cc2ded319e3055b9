/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuthZEN 1.0: /access/v1/evaluation, /access/v1/evaluations and where they are.
 * A denial is an answer, 200 with false; only who asks wrongly gets another status.
 */

#include "gateway/authzen.h"
#include "gateway/edge.h"

#define REQUEST_ID_MAX 512

/* What is wrong, as a JSON string: "an error message string". */
static void
fail_with(struct pv_hit *h, int status, struct pv_slice why)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_json_quote(&b, why);
	pv_edge_json(h, status, pv_buf_slice(&b));
}

/* The value that came is the value that goes back: visible ASCII, so that it cannot be anything else there. */
static bool
echo_request_id(struct pv_hit *h)
{
	bool many;
	struct pv_slice id = pv_header_get(h->head, "x-request-id", &many);

	if (id.n > REQUEST_ID_MAX || many)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] < ' ' || id.p[i] > '~')
			return false;
	if (id.n != 0)
		pv_x_header(h->x, "X-Request-ID", id);
	return true;
}

/* "application/json", in any case, with or without parameters. */
static void
answered(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_authzen *asked = h->user;
	const struct pv_evaluate_answer *answer = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (r->kind != PV_REPLY_DONE) {
		pv_edge_problem_of(h, r);
		return;
	}
	if (!asked->many && answer->count == 1 && answer->rows[0].status != 0) {
		fail_with(h, (int)answer->rows[0].status, answer->rows[0].error);
		return;
	}
	pv_authzen_write(asked, answer, &b);
	pv_edge_json(h, 200, pv_buf_slice(&b));
}

static void
evaluate(struct pv_hit *h, bool batch)
{
	struct pv_authzen *asked = PV_ARENA_NEW(h->a, struct pv_authzen);
	struct pv_err e = { 0 };

	if (!echo_request_id(h)) {
		fail_with(
		    h, 400, PV_SLICE("X-Request-ID is sent twice, is too long, or is not ASCII"));
		return;
	}
	if (!pv_content_is(h->head, "application/json")) {
		fail_with(h, 400, PV_SLICE("Content-Type is not application/json"));
		return;
	}
	if (!pv_ok(pv_authzen_read(asked, h->body, batch, h->a, &e))) {
		fail_with(h, e.code == PV_E_LIMIT ? 413 : 400, pv_slice_of(e.what));
		return;
	}
	h->user = asked;
	pv_edge_ask(h, pv_call_find("evaluate"), &asked->ask, PV_NO_SLICE, answered);
}

static void
run_evaluation(struct pv_hit *h)
{
	evaluate(h, false);
}

static void
run_evaluations(struct pv_hit *h)
{
	evaluate(h, true);
}

static void
run_metadata(struct pv_hit *h)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_authzen_metadata(pv_edge_url(h), &b);
	pv_edge_json(h, 200, pv_buf_slice(&b));
}

/* No handler was reached: the request's id goes back all the same. */
static void
fail(struct pv_hit *h, int status, const char *why)
{
	(void)echo_request_id(h);
	pv_edge_problem(h, status, why);
}

const struct pv_route pv_edge_authzen[] = {
	{ PV_POST, "/access/v1/evaluation", PV_ROUTE_NO_BASIC, PV_AUTHZEN_BODY_MAX, run_evaluation,
	    fail },
	{ PV_POST, "/access/v1/evaluations", PV_ROUTE_NO_BASIC, PV_AUTHZEN_BODY_MAX,
	    run_evaluations, fail },
	{ PV_GET, "/.well-known/authzen-configuration", PV_ROUTE_NO_BASIC, 0, run_metadata, fail },
	{ .pattern = NULL },
};
