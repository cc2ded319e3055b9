/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/acts.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "wire/record.h"

#define PRIVATE "{\"private\":\""
#define TAGS    "\",\"tags\":\""
#define DIGEST  43 /* characters of base64url */

void
pv_act_row_write(struct pv_buf *out, const struct pv_slice *signers, size_t n, struct pv_slice note)
{
	for (size_t i = 0; i < n; i++) {
		pv_buf_add(out, signers[i]);
		pv_buf_add_c(out, '\n');
	}
	pv_buf_add_c(out, '\n');
	pv_buf_add(out, note);
}

/* Where the note begins: after the first empty line. */
static size_t
note_at(struct pv_slice body)
{
	for (size_t i = 0; i < body.n; i++)
		if (body.p[i] == '\n' && (i == 0 || body.p[i - 1] == '\n'))
			return i + 1;
	return body.n;
}

struct pv_slice
pv_act_row_note(struct pv_slice body)
{
	return pv_slice_sub(body, note_at(body), body.n);
}

static struct pv_slice
first_line(struct pv_slice note)
{
	const char *end = note.n != 0 ? memchr(note.p, '\n', note.n) : NULL;

	return end != NULL ? pv_slice_sub(note, 0, (size_t)(end - note.p)) : note;
}

PV_RESULT
pv_act_row_read(struct pv_slice body, struct pv_arena *a, struct pv_record *r,
    const struct pv_slice **signers, size_t *n, struct pv_err *e)
{
	size_t begin = note_at(body), count = 0;
	struct pv_slice head = pv_slice_sub(body, 0, begin), line, *list;

	list = pv_arena_alloc_n(a, begin / 40 + 1, sizeof(*list));
	while (pv_slice_next(&head, '\n', &line))
		if (line.n != 0)
			list[count++] = pv_arena_copy(a, line);
	*signers = list;
	*n = count;
	return pv_record_read_text(r, first_line(pv_act_row_note(body)), 0, a, e);
}

/* A lift is as public as its order. */
bool
pv_act_public(const struct pv_state *s, const struct pv_record *r)
{
	const struct pv_fact *f;

	switch (r->kind) {
	case PV_GENESIS:
	case PV_QUORUM:
	case PV_PROFILE:
		return true;
	case PV_KEY:
		return r->key.use == PV_USE_OFFICER || r->key.use == PV_USE_SIGNER;
	case PV_ORDER:
		return r->order.is_public;
	case PV_LIFT:
		f = pv_state_find(s, r->lift.order);
		return f != NULL && f->r->kind == PV_ORDER && f->r->order.is_public;
	case PV_END:
		f = pv_state_find(s, r->end.of);
		return f != NULL && f->r->kind != PV_END && pv_act_public(s, f->r);
	case PV_KIND_NONE:
	case PV_PEER:
	case PV_PARTY:
	case PV_TERM:
	case PV_AGREEMENT:
	case PV_RECALL:
	case PV_CONDITION:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_OUTCOME:
	case PV_INCIDENT:
	case PV_ANSWER:
	case PV_ACK:
	case PV_KIND_COUNT:
		return false;
	}
	return false;
}

void
pv_act_private_digest(const uint8_t salt[32], struct pv_slice note, uint8_t digest[PV_HASH])
{
	struct pv_hasher *h = pv_hasher_new();

	pv_hasher_add(h, pv_slice_mem(salt, 32));
	pv_hasher_add(h, note);
	pv_hasher_end(h, digest);
	pv_hasher_free(h);
}

void
pv_act_private_entry(struct pv_buf *out, const uint8_t digest[PV_HASH], struct pv_slice tags)
{
	pv_buf_add_str(out, PRIVATE);
	pv_base64_write(out, pv_slice_mem(digest, PV_HASH), PV_BASE64_URL);
	pv_buf_add_str(out, TAGS);
	pv_base64_write(out, tags, PV_BASE64_URL);
	pv_buf_add_str(out, "\",\"v\":1}");
}

bool
pv_act_private_read(struct pv_slice entry, uint8_t digest[PV_HASH])
{
	const struct pv_slice begin = PV_SLICE(PRIVATE);
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	if (!pv_slice_starts(entry, begin) || entry.n < begin.n + DIGEST)
		return false;
	if (!pv_base64_read(&raw, pv_slice_sub(entry, begin.n, begin.n + DIGEST), PV_BASE64_URL) ||
	    raw.n != PV_HASH)
		return false;
	memcpy(digest, raw.p, PV_HASH);
	return true;
}

bool
pv_act_private_tags(struct pv_slice entry, struct pv_buf *tags)
{
	size_t at = sizeof(PRIVATE) - 1 + DIGEST;
	struct pv_slice rest = at < entry.n ? pv_slice_sub(entry, at, entry.n) : PV_NO_SLICE;
	const char *end;

	if (!pv_slice_starts(rest, PV_SLICE(TAGS)))
		return false;
	rest = pv_slice_sub(rest, sizeof(TAGS) - 1, rest.n);
	end = rest.n != 0 ? memchr(rest.p, '"', rest.n) : NULL;
	return end != NULL &&
	       pv_base64_read(tags, pv_slice_sub(rest, 0, (size_t)(end - rest.p)), PV_BASE64_URL);
}
