/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/outside.h"

#include "base/mem.h"
#include "net/fetch.h"

#define GET_MAX  (1u << 20)
#define POST_MAX (64u << 20) /* the bundle of a whole order log */
#define GET_MS   5000        /* logins wait for it */
#define POST_MS  20000

static PV_RESULT
fetch(const struct pv_outside *o, const char *pin, unsigned total_ms, const struct pv_fetch *what,
    int *status, struct pv_buf *answer, struct pv_err *e)
{
	PV_AUTO(pv_fetcher_freep) struct pv_fetcher *f = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_fetch_use use = {
		.ca_path = o->ca, .pin = pin, .total_ms = total_ms, .plain_loopback = true
	};
	struct pv_fetched got = { 0 };
	struct pv_status st;

	PV_TRY(pv_fetcher_new(&f, &use, e));
	st = pv_fetch(f, what, a, &got, e);
	if (pv_ok(st)) {
		*status = got.status;
		pv_buf_add(answer, pv_buf_slice(&got.body));
	}
	pv_buf_free(&got.body);
	return st;
}

PV_RESULT
pv_outside_get(void *ctx, const char *url, struct pv_buf *out, struct pv_err *e)
{
	struct pv_fetch what = { .method = "GET", .url = url, .limit = GET_MAX };
	int status;

	PV_TRY(fetch(ctx, NULL, GET_MS, &what, &status, out, e));
	if (status != 200)
		return PV_FAIL(e, PV_E_DOWN, "%s answered %d", url, status);
	return PV_DONE;
}

PV_RESULT
pv_outside_post_pinned(void *ctx, struct pv_slice url, struct pv_slice pin, struct pv_slice body,
    int *status, struct pv_buf *answer, struct pv_err *e)
{
	static const char *const headers[] = { "Content-Type: text/plain; charset=utf-8", NULL };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_fetch what = { .method = "POST",
		.url = pv_arena_str(a, url),
		.headers = headers,
		.body = body,
		.limit = POST_MAX };

	return fetch(
	    ctx, pin.n != 0 ? pv_arena_str(a, pin) : NULL, POST_MS, &what, status, answer, e);
}

PV_RESULT
pv_outside_post(void *ctx, struct pv_slice url, struct pv_slice body, int *status,
    struct pv_buf *answer, struct pv_err *e)
{
	return pv_outside_post_pinned(ctx, url, PV_NO_SLICE, body, status, answer, e);
}
