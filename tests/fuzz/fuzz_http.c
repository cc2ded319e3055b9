/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's bytes, read as the server reads them: head, body, head ... The first byte says in how many pieces they
 * come. However they are cut, the same requests and the same end must be read; and a head that is written again from
 * what was read must be read the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/http.h"

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
tell(struct pv_buf *out, const struct pv_request_head *h)
{
	pv_buf_addf(out, "%.*s %.*s", PV_FMT(h->method_name), PV_FMT(h->path));
	if (h->query.n > 0)
		pv_buf_addf(out, "?%.*s", PV_FMT(h->query));
	pv_buf_addf(out, " HTTP/1.%d\r\n", h->http10 ? 0 : 1);
	for (size_t i = 0; i < h->header_count; i++)
		pv_buf_addf(
		    out, "%.*s:%.*s\r\n", PV_FMT(h->headers[i].name), PV_FMT(h->headers[i].value));
	pv_buf_add_str(out, "\r\n");
}

static void
check_head(const struct pv_request_head *h)
{
	bool many;

	MUST(h->method != PV_METHOD_OTHER && h->path.n > 0 && h->path.p[0] == '/');
	MUST(!(h->chunked && h->has_length));
	MUST(h->method == PV_POST || h->method == PV_PUT || h->method == PV_PATCH ||
	     h->method == PV_OPTIONS || (!h->chunked && h->length == 0));
	MUST(h->http10 || (pv_header_get(h, "host", &many).n > 0 && !many));
	for (size_t i = 0; i < h->header_count; i++) {
		MUST(h->headers[i].name.n > 0 &&
		     memchr(h->headers[i].name.p, ':', h->headers[i].name.n) == NULL);
		for (size_t k = 0; k < h->headers[i].value.n; k++)
			MUST(strchr("\r\n", h->headers[i].value.p[k]) == NULL);
	}
}

/* Written and read again. It cannot grow, but by the one colon or none: blanks around values are gone. */
static void
check_again(const struct pv_request_head *h)
{
	struct pv_arena *a = pv_arena_new();
	struct pv_buf first = { 0 }, second = { 0 };
	struct pv_request_head again;
	size_t used;
	int status;
	const char *why;

	tell(&first, h);
	MUST(pv_request_head_read(&again, pv_buf_slice(&first), a, &used, &status, &why) ==
	     PV_HTTP_DONE);
	tell(&second, &again);
	MUST(used == first.n && pv_slice_eq(pv_buf_slice(&first), pv_buf_slice(&second)));
	MUST(h->chunked == again.chunked && h->length == again.length &&
	     h->keep_alive == again.keep_alive && h->expect_continue == again.expect_continue);
	pv_buf_free(&first);
	pv_buf_free(&second);
	pv_arena_free(a);
}

/* One connection: bytes arrive by step, as much as can be is read each time. What was read is told. */
static void
run(struct pv_slice text, size_t step, struct pv_buf *told)
{
	struct pv_arena *a = pv_arena_new();
	struct pv_request_head h;
	struct pv_body_reader body;
	enum pv_http_read got = PV_HTTP_DONE;
	bool in_body = false;
	size_t at = 0, come = 0;

	while (got != PV_HTTP_BAD && (come < text.n || got == PV_HTTP_DONE)) {
		struct pv_slice data = PV_NO_SLICE, here;
		size_t used;
		int status;
		const char *why;

		if (got == PV_HTTP_MORE || come == 0)
			come = text.n - come < step ? text.n : come + step;
		here = pv_slice_sub(text, at, come);
		if (in_body) {
			got = pv_body_read(&body, here, &used, &data);
			MUST(used <= here.n && data.n <= used);
			pv_buf_add(told, data);
			at += used;
			if (got == PV_HTTP_BAD)
				pv_buf_add_str(told, "bad body");
			if (got == PV_HTTP_MORE && at < come)
				got = PV_HTTP_DONE; /* there is more to read already */
			else if (got == PV_HTTP_DONE)
				in_body = false;
			continue;
		}
		pv_arena_reset(a);
		got = pv_request_head_read(&h, here, a, &used, &status, &why);
		if (got == PV_HTTP_BAD)
			pv_buf_addf(told, "%d %s", status, why);
		if (got != PV_HTTP_DONE)
			continue;
		MUST(used > 0 && used <= PV_HEAD_MAX);
		check_head(&h);
		check_again(&h);
		tell(told, &h);
		at += used;
		pv_body_begin(&body, &h);
		in_body = true;
	}
	pv_arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_buf whole = { 0 }, bytes = { 0 }, pieces = { 0 };
	struct pv_slice text;

	if (size == 0)
		return 0;
	text = pv_slice_mem(data + 1, size - 1);
	run(text, size, &whole);
	run(text, 1, &bytes);
	run(text, 2 + data[0], &pieces);
	MUST(pv_slice_eq(pv_buf_slice(&whole), pv_buf_slice(&bytes)));
	MUST(pv_slice_eq(pv_buf_slice(&whole), pv_buf_slice(&pieces)));
	pv_buf_free(&whole);
	pv_buf_free(&bytes);
	pv_buf_free(&pieces);
	return 0;
}
