/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening. What is read before the key is known is checked for form; what then
 * vouches for what:
 *
 *	share   --HMAC--> policy text                      (binding)
 *	key     --HMAC--> hashes of all segments, in order (root signature)
 *	hash, key --GCM-> a segment                        (so none is cut, moved, doubled)
 *	form    --------> the rest: a file whose policy is ours has but one manifest
 *	                  text and one zip frame, so what nothing vouches for cannot vary
 *
 * A foreign file's members that nothing vouches for are its writer's problem;
 * none of them is used.
 */
#include "seal/seal.h"

#include "base/mem.h"
#include "codec/zip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

/* What all segments that a manifest may name can hold. */
#define PAYLOAD_MAX ((uint64_t)PV_MANIFEST_SEGMENTS_MAX * (PV_SEGMENT_MAX + PV_SEGMENT_EXTRA))

struct pv_sealed {
	struct pv_seal_file file;
	struct pv_arena *a;
	struct pv_manifest manifest;
	struct pv_policy policy;
	uint8_t id[PV_HASH];
	uint64_t payload_at;
	uint32_t payload_crc;
	struct pv_aead *aead;   /* NULL until unlocked */
	struct pv_hmacer *hmac; /* for segment hashes of kind HS256 */
	uint8_t *segment;
	size_t segment_room;
	/* where pv_sealed_read stands: segment number here begins at these offsets */
	size_t here;
	uint64_t here_plain, here_sealed;
	bool loaded; /* and lies open in segment */
};

void
pv_sealed_free(struct pv_sealed *f)
{
	if (f == NULL)
		return;
	pv_arena_free(f->a);
	pv_aead_free(f->aead);
	pv_hmacer_free(f->hmac);
	if (f->segment != NULL)
		explicit_bzero(f->segment, f->segment_room);
	pv_free(f->segment);
	pv_free(f);
}

void
pv_sealed_freep(struct pv_sealed **f)
{
	pv_sealed_free(*f);
	*f = NULL;
}

const struct pv_manifest *
pv_sealed_manifest(const struct pv_sealed *f)
{
	return &f->manifest;
}

const struct pv_policy *
pv_sealed_policy(const struct pv_sealed *f)
{
	return &f->policy;
}

const uint8_t *
pv_sealed_id(const struct pv_sealed *f)
{
	return f->id;
}

/* ---- what the file says ---- */

static PV_RESULT
read_manifest_bytes(struct pv_buf *out, struct pv_seal_file file, const struct pv_zip_entry *entry,
    struct pv_err *e)
{
	char *into = pv_buf_room(out, (size_t)entry->size);

	PV_TRY(file.read_at(file.ctx, entry->at, into, (size_t)entry->size, e));
	out->n = (size_t)entry->size;
	if (pv_zip_crc(0, pv_buf_slice(out)) != entry->crc)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the manifest's CRC-32 is not the one that the container states");
	return PV_DONE;
}

static PV_RESULT
check_exact(
    const struct pv_manifest *m, struct pv_slice text, const struct pv_zip *zip, struct pv_err *e)
{
	if (!zip->exact)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the container is not in the form that Proviso writes");
	return pv_manifest_exact(m, text, e);
}

static PV_RESULT
read_manifest(struct pv_sealed *f, const struct pv_zip *zip, struct pv_err *e)
{
	const struct pv_zip_entry *payload = &zip->entries[0];
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_manifest *m = &f->manifest;

	PV_TRY(read_manifest_bytes(&text, f->file, &zip->entries[1], e));
	pv_hash(pv_buf_slice(&text), f->id);
	PV_TRY(pv_from(pv_manifest_read(m, pv_buf_slice(&text), f->a, e), e, "0.manifest.json"));
	PV_TRY(pv_within(pv_policy_read(&f->policy, m->policy, f->a, e), e, "policy"));
	if (f->policy.ours)
		PV_TRY(check_exact(m, pv_buf_slice(&text), zip, e));
	if (m->sealed_bytes != payload->size)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the payload has %llu bytes, its segments %llu",
		    (unsigned long long)payload->size, (unsigned long long)m->sealed_bytes);
	f->payload_at = payload->at;
	f->payload_crc = payload->crc;
	return PV_DONE;
}

static void
make_room(struct pv_sealed *f)
{
	f->segment_room = PV_SEGMENT_EXTRA;
	for (size_t i = 0; i < f->manifest.segment_count; i++)
		if (f->manifest.segments[i].size + (size_t)PV_SEGMENT_EXTRA > f->segment_room)
			f->segment_room = f->manifest.segments[i].size + (size_t)PV_SEGMENT_EXTRA;
	f->segment = pv_alloc(f->segment_room);
}

PV_RESULT
pv_sealed_open(struct pv_sealed **out, struct pv_seal_file file, struct pv_err *e)
{
	static const struct pv_zip_wanted wanted[PV_ZIP_ENTRIES] = {
		{ { "0.payload", 9 }, PAYLOAD_MAX },
		{ { "0.manifest.json", 15 }, PV_MANIFEST_MAX },
	};
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = PV_NEW(struct pv_sealed);
	struct pv_zip zip;

	f->file = file;
	f->a = pv_arena_new();
	PV_TRY(pv_zip_read(
	    &zip, (struct pv_zip_file){ file.read_at, file.ctx, file.size }, wanted, e));
	PV_TRY(read_manifest(f, &zip, e));
	make_room(f);
	*out = PV_TAKE(f);
	return PV_DONE;
}

/* ---- the key ---- */

static PV_RESULT
check_root(const struct pv_manifest *m, const struct pv_secret *key, struct pv_err *e)
{
	PV_AUTO(pv_hmacer_freep) struct pv_hmacer *h = pv_hmacer_new(pv_secret_slice(key));
	uint8_t root[PV_HASH];

	for (size_t i = 0; i < m->segment_count; i++)
		pv_manifest_root_add(h, m->form,
		    pv_slice_mem(m->segments[i].hash,
			m->segment_alg == PV_SEGMENT_GMAC ? PV_AEAD_TAG : PV_HASH));
	pv_hmacer_end(h, root);
	if (!pv_secret_eq_mem(
		pv_slice_mem(root, sizeof(root)), pv_slice_mem(m->root, sizeof(m->root))))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the root signature does not hold: the manifest was changed");
	return PV_DONE;
}

PV_RESULT
pv_sealed_unlock(
    struct pv_sealed *f, const struct pv_secret *const *shares, size_t n, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;
	const struct pv_manifest *m = &f->manifest;

	if (f->aead != NULL || n != m->access_count)
		return PV_FAIL(
		    e, PV_E_BUG, "%zu shares for %zu key access objects", n, m->access_count);
	for (size_t i = 0; i < n; i++) {
		if (pv_secret_size(shares[i]) != PV_SHARE)
			return PV_FAIL(
			    e, PV_E_UNTRUSTED, "a share has %zu bytes", pv_secret_size(shares[i]));
		if (!pv_ok(pv_share_check(shares[i], &m->access[i], m->policy, e)))
			return pv_within(
			    PV_FAIL(e, PV_E_UNTRUSTED, "the share is not bound to this policy"), e,
			    "keyAccess[%zu]", i);
	}
	key = pv_share_join(shares, n);
	PV_TRY(check_root(m, key, e));
	f->aead = pv_aead_new(key);
	if (m->segment_alg == PV_SEGMENT_HS256)
		f->hmac = pv_hmacer_new(pv_secret_slice(key));
	return PV_DONE;
}

/* ---- the payload ---- */

static bool
hash_holds(struct pv_sealed *f, const struct pv_segment *s, struct pv_slice sealed)
{
	uint8_t mac[PV_HASH];

	if (f->manifest.segment_alg == PV_SEGMENT_GMAC)
		return pv_secret_eq_mem(pv_aead_tag(sealed), pv_slice_mem(s->hash, PV_AEAD_TAG));
	pv_hmacer_add(f->hmac, sealed);
	pv_hmacer_end(f->hmac, mac);
	return pv_secret_eq_mem(
	    pv_slice_mem(mac, sizeof(mac)), pv_slice_mem(s->hash, sizeof(s->hash)));
}

/* Reads segment i, from offset at of the payload, and opens it where it lies. */
static PV_RESULT
open_segment(struct pv_sealed *f, size_t i, uint64_t at, uint32_t *crc, struct pv_slice *plain,
    struct pv_err *e)
{
	const struct pv_segment *s = &f->manifest.segments[i];
	struct pv_slice sealed = pv_slice_mem(f->segment, (size_t)s->size + PV_SEGMENT_EXTRA);

	PV_TRY(f->file.read_at(f->file.ctx, f->payload_at + at, (char *)f->segment, sealed.n, e));
	*crc = pv_zip_crc(*crc, sealed);
	if (!hash_holds(f, s, sealed) ||
	    !pv_aead_open(f->aead, PV_NO_SLICE, sealed, f->segment + PV_AEAD_IV))
		return PV_FAIL(e, PV_E_UNTRUSTED, "segment %zu of %zu is not what was sealed",
		    i + 1, f->manifest.segment_count);
	*plain = pv_slice_mem(f->segment + PV_AEAD_IV, s->size);
	return PV_DONE;
}

static PV_RESULT
pass(struct pv_sealed *f, const struct pv_seal_sink *sink, struct pv_seal_content *out,
    struct pv_err *e)
{
	PV_AUTO(pv_hasher_freep) struct pv_hasher *h = out != NULL ? pv_hasher_new() : NULL;
	const struct pv_manifest *m = &f->manifest;
	uint64_t at = 0;
	uint32_t crc = 0;

	if (f->aead == NULL)
		return PV_FAIL(e, PV_E_BUG, "the file is not unlocked");
	f->loaded = false;
	for (size_t i = 0; i < m->segment_count; i++) {
		struct pv_slice plain;

		PV_TRY(open_segment(f, i, at, &crc, &plain, e));
		if (h != NULL)
			pv_hasher_add(h, plain);
		if (sink != NULL && plain.n > 0)
			PV_TRY(sink->put(sink->ctx, plain, e));
		at += (uint64_t)plain.n + PV_SEGMENT_EXTRA;
	}
	if (crc != f->payload_crc)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the payload's CRC-32 is not the one that the container states");
	if (out != NULL) {
		pv_hasher_end(h, out->sha256);
		out->size = m->plain_bytes;
	}
	return PV_DONE;
}

PV_RESULT
pv_sealed_verify(struct pv_sealed *f, struct pv_seal_content *out, struct pv_err *e)
{
	return pass(f, NULL, out, e);
}

PV_RESULT
pv_sealed_extract(
    struct pv_sealed *f, struct pv_seal_sink sink, struct pv_seal_content *out, struct pv_err *e)
{
	return pass(f, &sink, out, e);
}

/* Moves to the segment that holds offset; past the last one at the end. */
static void
seek(struct pv_sealed *f, uint64_t offset)
{
	const struct pv_manifest *m = &f->manifest;
	size_t was = f->here;

	if (offset < f->here_plain) {
		f->here = 0;
		f->here_plain = f->here_sealed = 0;
	}
	while (f->here < m->segment_count && offset - f->here_plain >= m->segments[f->here].size) {
		f->here_plain += m->segments[f->here].size;
		f->here_sealed += (uint64_t)m->segments[f->here].size + PV_SEGMENT_EXTRA;
		f->here++;
	}
	f->loaded = f->loaded && f->here == was;
}

PV_RESULT
pv_sealed_read(struct pv_sealed *f, uint64_t offset, struct pv_slice *plain, struct pv_err *e)
{
	struct pv_slice whole;
	uint32_t crc = 0;

	*plain = PV_NO_SLICE;
	if (f->aead == NULL)
		return PV_FAIL(e, PV_E_BUG, "the file is not unlocked");
	seek(f, offset);
	if (f->here == f->manifest.segment_count)
		return PV_DONE;
	if (!f->loaded)
		PV_TRY(open_segment(f, f->here, f->here_sealed, &crc, &whole, e));
	f->loaded = true;
	whole = pv_slice_mem(f->segment + PV_AEAD_IV, f->manifest.segments[f->here].size);
	*plain = pv_slice_sub(whole, (size_t)(offset - f->here_plain), whole.n);
	return PV_DONE;
}
