/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says which protocol. However a stream is cut, what is read of it is the same: a request that is whole is
 * read from its own bytes alone, and none is read from fewer. Answers are one line.
 */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/postfix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

static void
policies(struct pv_slice text, struct pv_arena *a)
{
	struct pv_policy_request r, again;
	size_t used = 0, same = 0;
	enum pv_line_read got = pv_postfix_policy_read(text, a, &r, &used);

	insist(got != PV_LINE_MORE || text.n < PV_POLICY_BYTES);
	if (got != PV_LINE_DONE)
		return;
	insist(used > 1 && used <= text.n && text.p[used - 1] == '\n' && text.p[used - 2] == '\n');
	insist(
	    pv_postfix_policy_read(pv_slice_sub(text, 0, used), a, &again, &same) == PV_LINE_DONE);
	insist(same == used && pv_slice_eq(r.sender, again.sender) &&
	       pv_slice_eq(r.recipient, again.recipient));
	insist(pv_postfix_policy_read(pv_slice_sub(text, 0, used - 1), a, &again, &same) ==
	       PV_LINE_MORE);
	insist(r.sender.n == 0 || memchr(r.sender.p, '\n', r.sender.n) == NULL);
}

static void
lookups(struct pv_slice text)
{
	struct pv_lookup_request r = { 0 }, again = { 0 };
	size_t used = 0, same = 0;
	enum pv_line_read got = pv_lookup_read(text, &r, &used);

	insist(got != PV_LINE_MORE || text.n < PV_LOOKUP_BYTES + 8);
	if (got != PV_LINE_DONE)
		return;
	insist(used > 2 && used <= text.n && text.p[used - 1] == ',');
	insist(pv_lookup_read(pv_slice_sub(text, 0, used), &again, &same) == PV_LINE_DONE);
	insist(same == used && pv_slice_eq(r.map, again.map) && pv_slice_eq(r.key, again.key));
	insist(pv_lookup_read(pv_slice_sub(text, 0, used - 1), &again, &same) == PV_LINE_MORE);
}

/* Whatever the records say, an answer ends where it should. */
static void
answers(struct pv_slice text)
{
	struct pv_door_answer answer = {
		.order = text, .issuer = text, .desk = text, .reference = text
	};
	struct pv_buf out = { 0 };

	pv_postfix_policy_write(&answer, &out);
	insist(out.n < 2000 && memchr(out.p, '\n', out.n) == out.p + out.n - 2);
	insist(memchr(out.p, '\r', out.n) == NULL);
	pv_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice text = pv_slice_mem(size > 0 ? data + 1 : data, size > 0 ? size - 1 : 0);
	struct pv_arena *a = pv_arena_new();

	if (size > 0 && data[0] == 'p')
		policies(text, a);
	else if (size > 0 && data[0] == 'l')
		lookups(text);
	else
		answers(text);
	pv_arena_free(a);
	return 0;
}
