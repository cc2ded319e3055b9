/* SPDX-License-Identifier: Apache-2.0 */
/* A file of records, read to its end; what is good in it is folded, and every error has its place. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/state.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_place(const struct pv_err *e)
{
	if (e->line == 0 || e->col == 0 || e->what[0] == '\0' || e->code == PV_E_BUG)
		abort();
}

static void
fold(struct pv_state *s, const struct pv_item *item, const struct pv_record *r, struct pv_arena *a)
{
	struct pv_act act = { .record = r, .since = r->time };
	struct pv_err e = { 0 };
	struct pv_buf note = { 0 };
	enum pv_applied applied;

	pv_item_write(&note, r->line, item->signatures);
	if (item->signatures.n > 0)
		pv_ignore(pv_signed_verify(
		    s, r, pv_buf_slice(&note), a, &act.signers, &act.signer_count, &e));
	pv_buf_free(&note);
	e = (struct pv_err){ 0 };
	if (!pv_ok(pv_state_apply(s, &act, &applied, &e))) {
		pv_item_place(item, "fuzz", &e);
		check_place(&e);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_state_freep) struct pv_state *s = pv_state_new(PV_NO_SLICE, true);
	struct pv_file f;
	struct pv_item item;
	struct pv_err e = { 0 };
	bool more = true;

	if (!pv_ok(pv_file_open(&f, pv_slice_mem(data, size), "fuzz", &e)))
		return 0;
	while (more) {
		struct pv_record *r = PV_ARENA_NEW(a, struct pv_record);

		e = (struct pv_err){ 0 };
		if (!pv_ok(pv_file_next(&f, &item, &more, a, &e))) {
			check_place(&e);
			if (f.broken)
				break;
			more = true;
			continue;
		}
		if (!more)
			break;
		if (pv_ok(pv_file_record(&f, &item, r, PV_READ_BARE, a, &e)))
			fold(s, &item, r, a);
		else
			check_place(&e);
	}
	pv_file_close(&f);
	return 0;
}
