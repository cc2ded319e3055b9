/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of an upload, within a request's head: a number is what stands there, once; a name is UTF-8 and no longer than its header. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/utf8.h"
#include "gateway/tus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_number(const struct pv_request_head *head, const char *name)
{
	uint64_t number;
	bool many;
	char text[24];

	if (!pv_tus_number(head, name, &number))
		return;
	snprintf(text, sizeof(text), "%" PRIu64, number);
	if (!pv_slice_is(pv_header_get(head, name, &many), text) || many)
		abort();
}

static void
check_name(const struct pv_request_head *head, struct pv_arena *a)
{
	struct pv_slice name = pv_tus_filename(head, a);
	bool many;

	if (name.n == 0)
		return;
	if (pv_utf8_valid(name) != name.n || name.n > PV_TUS_META_MAX ||
	    pv_header_get(head, "upload-metadata", &many).n <= name.n || many)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_request_head head;
	size_t used;
	int status;
	const char *why;

	pv_buf_add_str(&text, "PATCH /api/v1/uploads/u HTTP/1.1\r\nHost: gw.example\r\n");
	pv_buf_add(&text, pv_slice_mem(data, size));
	pv_buf_add_str(&text, "\r\n\r\n");
	if (pv_request_head_read(&head, pv_buf_slice(&text), a, &used, &status, &why) !=
	    PV_HTTP_DONE)
		return 0;
	check_number(&head, "upload-offset");
	check_number(&head, "upload-length");
	check_name(&head, a);
	return 0;
}
