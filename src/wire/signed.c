/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/signed.h"

#include "base/vec.h"
#include "crypto/note.h"

/* ---- the keys that may have signed ---- */

struct candidates {
	const struct pv_state *s;
	const struct pv_names *officers; /* of a genesis; else NULL */
	struct pv_slice name;
	uint32_t cursor;
	size_t i;
};

/* The next vkey with that name, or empty. */
static struct pv_slice
next_candidate(struct candidates *c)
{
	if (c->officers == NULL)
		return pv_state_vkey_named(c->s, c->name, &c->cursor);
	return c->i < c->officers->n ? c->officers->at[c->i++] : PV_NO_SLICE;
}

/* The known key that a signature line names, by name and id. */
static bool
find_key(const struct pv_state *s, const struct pv_record *r, const struct pv_note_sig *sig,
    struct pv_vkey *key, struct pv_slice *vkey)
{
	struct candidates c = { .s = s, .name = sig->name, .cursor = PV_MAP_NONE };
	struct pv_err ignored;

	if (r->kind == PV_GENESIS)
		c.officers = &r->genesis.officers;
	for (*vkey = next_candidate(&c); vkey->n > 0; *vkey = next_candidate(&c)) {
		if (pv_ok(pv_vkey_read(key, *vkey, &ignored)) && key->id == sig->id &&
		    pv_slice_eq(key->name, sig->name))
			return true;
	}
	return false;
}

/* ---- the note ---- */

static PV_RESULT
read_note(struct pv_note *out, const struct pv_record *r, struct pv_slice note, struct pv_arena *a,
    struct pv_err *e)
{
	PV_TRY(pv_note_read(out, note, a, e));
	if (out->text.n != r->line.n + 1 || !pv_slice_starts(out->text, r->line))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the text that was signed is not this record's");
	return PV_DONE;
}

static bool
has(const struct pv_slice *list, size_t n, struct pv_slice x)
{
	for (size_t i = 0; i < n; i++)
		if (pv_slice_eq(list[i], x))
			return true;
	return false;
}

static PV_RESULT
check_signature(const struct pv_note *note, const struct pv_vkey *key, struct pv_err *e)
{
	struct pv_note_check check = { .good = false };
	struct pv_err ignored;

	if (pv_ok(pv_note_verify(note, key, &check, 1, &ignored)) && check.good)
		return PV_DONE;
	return pv_advise(
	    PV_FAIL(e, PV_E_UNTRUSTED,
		"the signature by %.*s does not match this text: it was changed after signing",
		PV_FMT(key->name)),
	    e, "Keep the file as it is, as evidence, and get it from its signer again.");
}

struct pv_status
pv_signed_verify(const struct pv_state *s, const struct pv_record *r, struct pv_slice note,
    struct pv_arena *a, const struct pv_slice **signers, size_t *count, struct pv_err *e)
{
	struct pv_note n = { .sig_count = 0 };
	struct pv_slice *good, vkey;
	struct pv_vkey key;
	size_t found = 0;

	PV_TRY(read_note(&n, r, note, a, e));
	good = pv_arena_alloc_n(a, n.sig_count, sizeof(*good));
	for (size_t i = 0; i < n.sig_count; i++) {
		if (!find_key(s, r, &n.sigs[i], &key, &vkey))
			continue;
		PV_TRY(check_signature(&n, &key, e));
		if (!has(good, found, vkey))
			good[found++] = vkey;
	}
	*signers = good;
	*count = found;
	return PV_DONE;
}

struct pv_status
pv_signed_unknown(const struct pv_state *s, const struct pv_record *r, struct pv_slice note,
    struct pv_arena *a, struct pv_names *out, struct pv_err *e)
{
	struct pv_note n = { .sig_count = 0 };
	struct pv_slice *names, vkey;
	struct pv_vkey key;
	size_t found = 0;

	PV_TRY(read_note(&n, r, note, a, e));
	names = pv_arena_alloc_n(a, n.sig_count, sizeof(*names));
	for (size_t i = 0; i < n.sig_count; i++)
		if (!find_key(s, r, &n.sigs[i], &key, &vkey) && !has(names, found, n.sigs[i].name))
			names[found++] = pv_arena_copy(a, n.sigs[i].name);
	*out = (struct pv_names){ names, found };
	return PV_DONE;
}
