/* SPDX-License-Identifier: Apache-2.0 */
/* A note that is read is whole, merges with itself, and takes another signature. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_note(const struct pv_note *n, struct pv_slice in)
{
	size_t at = n->text.n + 1;

	must(n->text.p == in.p && n->sig_count > 0 && n->sig_count <= PV_NOTE_SIGS);
	for (size_t i = 0; i < n->sig_count; i++) {
		must(n->sigs[i].line.p == in.p + at && pv_vkey_name_ok(n->sigs[i].name) &&
		     n->sigs[i].sig.n > 0);
		at += n->sigs[i].line.n;
	}
	must(at == in.n);
}

static void
check_signing(struct pv_slice in, const struct pv_note *n, struct pv_arena *a)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_of(seed);
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_vkey key = pv_vkey_make(PV_SLICE("fuzz"), PV_VKEY_ED25519, pv_pair_pub(pair));
	struct pv_note_check check;
	struct pv_note more;
	struct pv_err e;

	if (n->sig_count == PV_NOTE_SIGS || in.n > PV_NOTE_MAX - 200)
		return;
	for (size_t i = 0; i < n->sig_count; i++) {
		if (pv_slice_eq(n->sigs[i].name, key.name))
			return; /* a wrong signature of ours is there */
	}
	pv_buf_add(&b, in);
	must(pv_ok(pv_note_sign(&b, key.name, pair, &e)));
	must(
	    pv_ok(pv_note_read(&more, pv_buf_slice(&b), a, &e)) && pv_slice_eq(more.text, n->text));
	must(pv_ok(pv_note_verify(&more, &key, &check, 1, &e)) && check.good);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf merged = { 0 };
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_note n, one;
	struct pv_err e;
	size_t used;

	if (pv_ok(pv_note_read_one(&one, in, &used, a, &e)))
		check_note(&one, pv_slice_sub(in, 0, used));
	if (!pv_ok(pv_note_read(&n, in, a, &e)))
		return 0;
	check_note(&n, in);
	must(pv_ok(pv_note_merge(&merged, in, in, &e)) && merged.n <= in.n);
	check_signing(in, &n, a);
	return 0;
}
