/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of the table of calls: as JSON (what a keeper reads) and as HTTP
 * requests (what a front reads). The first byte picks the call, the second how.
 * What was read is written, and read again it is the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "desk/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT (1u << 20)

static void
write_object(const struct pv_layout *l, const void *in, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_layout_write(l, in, &w);
	pv_jsonw_end(&w);
}

static bool
read_object(const struct pv_layout *l, struct pv_slice text, struct pv_arena *a, void *out)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_err e = { 0 };

	if (pv_ok(pv_json_read(&doc, text, LIMIT, &e)) &&
	    pv_ok(pv_layout_read(l, doc, 0, a, out, &e)))
		return true;
	if (e.what[0] == '\0' || e.code == PV_OK || e.code == PV_E_BUG)
		abort();
	return false;
}

static void
try_layout(const struct pv_layout *l, struct pv_slice text, struct pv_arena *a)
{
	struct pv_buf first = { 0 }, second = { 0 };
	void *in = pv_arena_alloc(a, l->size), *again = pv_arena_alloc(a, l->size);

	if (read_object(l, text, a, in)) {
		write_object(l, in, &first);
		if (!read_object(l, pv_buf_slice(&first), a, again))
			abort();
		write_object(l, again, &second);
		if (!pv_slice_eq(pv_buf_slice(&first), pv_buf_slice(&second)))
			abort();
	}
	pv_buf_free(&first);
	pv_buf_free(&second);
}

/* text: path parts, a query, a content type and a body, a line each. */
static void
try_http(const struct pv_call *c, struct pv_slice text, struct pv_arena *a)
{
	struct pv_slice parts[8] = { { NULL, 0 } }, tail, body = text;
	struct pv_call_request r = { .parts = parts };
	struct pv_buf ask = { 0 };
	struct pv_err e = { 0 };

	if (c->path == NULL || !pv_slice_next(&body, '\n', &parts[0]) ||
	    !pv_slice_next(&body, '\n', &r.query) || !pv_slice_next(&body, '\n', &r.type))
		return;
	parts[1] = parts[0];
	r.body = body;
	if (pv_ok(pv_call_of_http(c, &r, a, &ask, &tail, &e))) {
		if (c->ask != NULL)
			try_layout(c->ask, pv_buf_slice(&ask), a);
	} else if (e.what[0] == '\0' || e.code == PV_OK || e.code == PV_E_BUG) {
		abort();
	}
	pv_buf_free(&ask);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_call *c;
	struct pv_slice text;

	if (size < 2)
		return 0;
	c = pv_call_at(data[0] % pv_call_count());
	text = pv_slice_mem(data + 2, size - 2);
	if ((data[1] & 1) != 0)
		try_http(c, text, a);
	else if ((data[1] & 2) != 0 && c->answer != NULL)
		try_layout(c->answer, text, a);
	else if (c->ask != NULL)
		try_layout(c->ask, text, a);
	return 0;
}
