/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "wire/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, and reads as the same text again. */
static void
check_request(const struct pv_exchange_request *r, struct pv_arena *a)
{
	struct pv_exchange_request again;
	struct pv_buf once = { 0 }, twice = { 0 };
	struct pv_err e = { 0 };

	pv_exchange_request_write(r, &once);
	if (!pv_ok(pv_exchange_request_read(&again, pv_buf_slice(&once), a, &e)))
		abort();
	pv_exchange_request_write(&again, &twice);
	if (!pv_slice_eq(pv_buf_slice(&once), pv_buf_slice(&twice)))
		abort();
	pv_buf_free(&once);
	pv_buf_free(&twice);
}

static void
check_reply(const struct pv_exchange_reply *r, struct pv_arena *a)
{
	struct pv_exchange_reply again;
	struct pv_buf once = { 0 }, twice = { 0 };
	struct pv_err e = { 0 };

	pv_exchange_reply_write(r, &once);
	if (!pv_ok(pv_exchange_reply_read(&again, pv_buf_slice(&once), a, &e)))
		abort();
	pv_exchange_reply_write(&again, &twice);
	if (!pv_slice_eq(pv_buf_slice(&once), pv_buf_slice(&twice)))
		abort();
	pv_buf_free(&once);
	pv_buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_arena *a = pv_arena_new();
	struct pv_slice text = pv_slice_mem(data, size);
	struct pv_exchange_request request;
	struct pv_exchange_reply reply;
	struct pv_err e = { 0 };

	if (pv_ok(pv_exchange_request_read(&request, text, a, &e)))
		check_request(&request, a);
	if (pv_ok(pv_exchange_reply_read(&reply, text, a, &e)))
		check_reply(&reply, a);
	pv_arena_free(a);
	return 0;
}
