/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SDKs of OpenTDF send: messages in both forms, a request token, the body in it, the header of obligations. A
 * request that is read has keys as we write them, and an answer to it can be written in both forms.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "gateway/opentdf.h"

#define NOW 1790000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
answer(const struct pv_opentdf_rewrap *asked, struct pv_arena *a)
{
	struct pv_rewrapped *rows = pv_arena_alloc_n(a, asked->ask.count, sizeof(*rows));
	struct pv_rewrap all = { .rows = rows, .count = asked->ask.count };
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 }, proto = { 0 };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_err e;

	for (size_t i = 0; i < all.count; i++)
		rows[i] = (struct pv_rewrapped){ .says = (enum pv_rewrap_says)(i % 7),
			.wrapped = PV_SLICE("AAAA"),
			.reference = asked->ids[i].access };
	pv_opentdf_rewrap_write(asked, &all, PV_SLICE("https://x"), false, &json);
	pv_opentdf_rewrap_write(asked, &all, PV_SLICE("https://x"), true, &proto);
	if (!pv_ok(pv_json_read(&doc, pv_buf_slice(&json), SIZE_MAX, &e)))
		abort();
}

static void
request(struct pv_slice token, struct pv_arena *a)
{
	struct pv_opentdf_rewrap asked;
	struct pv_err e;

	if (!pv_ok(pv_opentdf_rewrap_read(&asked, token, NOW, a, &e)))
		return;
	if (asked.ask.count > PV_KAS_ITEMS_MAX || asked.ask.client_key.n == 0)
		abort();
	answer(&asked, a);
}

/* The input as the body that a token carries: else nothing would get through base64 within JSON within base64. */
static struct pv_slice
wrapped(struct pv_slice body, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf claims = { 0 }, token = { 0 };
	struct pv_jsonw w = { .out = &claims };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_int(&w, "exp", NOW + 1);
	pv_jsonw_str(&w, "requestBody", body);
	pv_jsonw_end(&w);
	pv_buf_add_str(&token, "eyJhbGciOiJSUzI1NiJ9.");
	pv_base64_write(&token, pv_buf_slice(&claims), PV_BASE64_URL);
	pv_buf_add_str(&token, ".x");
	return pv_arena_copy(a, pv_buf_slice(&token));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 }, header = { 0 };
	struct pv_slice in = pv_slice_mem(data, size), text;
	struct pv_names texts;
	struct pv_err e;

	for (int proto = 0; proto < 2; proto++) {
		pv_ignore(pv_opentdf_text(
		    in, proto != 0, "signedRequestToken signed_request_token", 1, a, &text, &e));
		if (pv_ok(pv_opentdf_texts(in, proto != 0, "fqns", 1, a, &texts, &e)))
			pv_opentdf_attributes(texts, proto != 0, &out);
	}
	request(in, a);
	request(wrapped(in, a), a);
	pv_base64_write(&header, in, PV_BASE64);
	if (pv_ok(pv_opentdf_purposes(pv_buf_slice(&header), a, &texts, &e)))
		for (size_t i = 0; i < texts.n; i++)
			if (!pv_name_ok(texts.at[i]))
				abort();
	return 0;
}
