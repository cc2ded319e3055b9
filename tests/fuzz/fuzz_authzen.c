/* SPDX-License-Identifier: Apache-2.0 */
/* A request is refused, or each of its questions is whole or says what is wrong with it; an answer to it is JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "codec/json.h"
#include "gateway/authzen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

static void
check(const struct pv_authzen *z, struct pv_arena *a)
{
	struct pv_evaluated *rows = pv_arena_alloc_n(a, z->ask.count, sizeof(*rows));
	struct pv_evaluate_answer answer = { .rows = rows, .count = z->ask.count };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_buf out = { 0 };
	struct pv_err e = { 0 };

	insist(z->ask.count > 0 && z->ask.count <= PV_EVALUATIONS_MAX);
	insist(z->many || (z->ask.count == 1 && z->ask.rows[0].wrong.n == 0));
	for (size_t i = 0; i < z->ask.count; i++) {
		const struct pv_evaluation *q = &z->ask.rows[i];

		insist(q->wrong.n != 0 ||
		       (q->subject_type.n != 0 && q->subject.n != 0 && q->resource_type.n != 0 &&
			   q->resource.n != 0 && q->action.n != 0));
		rows[i].reason = q->subject;
		rows[i].error = q->wrong;
		rows[i].status = q->wrong.n != 0 ? 400 : 0;
	}
	pv_authzen_write(z, &answer, &out);
	insist(pv_ok(pv_json_read(&doc, pv_buf_slice(&out), 64u << 20, &e)));
	insist((pv_json_member(doc, 0, PV_SLICE("evaluations")) != PV_JSON_NONE) == z->many);
	pv_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_arena *a = pv_arena_new();
	struct pv_authzen z;
	struct pv_err e = { 0 };

	for (int batch = 0; batch < 2; batch++)
		if (pv_ok(pv_authzen_read(&z, pv_slice_mem(data, size), batch != 0, a, &e)))
			check(&z, a);
	pv_arena_free(a);
	return 0;
}
