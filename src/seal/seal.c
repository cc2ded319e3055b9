/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing. Segments are read, sealed in place and written one after the other;
 * of each stay its size and its tag, over which the root signature runs along.
 * The payload key lives from pv_seal_new to pv_seal_finish.
 *
 * Content of no bytes is one segment of 0, as Go's SDK has it: so that it is
 * authenticated too.
 */
#include "seal/seal.h"

#include "base/mem.h"
#include "base/vec.h"
#include "codec/zip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

enum step { STEP_BROKEN = 0, STEP_NEW, STEP_WRITTEN };

struct pv_seal {
	enum step step;
	struct pv_seal_sink sink;
	const struct pv_env *env;
	struct pv_zip_writer *zip;
	uint32_t segment_size;
	enum pv_tdf_form form;
	struct pv_secret *key;
	struct pv_aead *aead;
	struct pv_hasher *content;
	struct pv_hmacer *root;
	uint8_t *segment; /* IV, plaintext and then ciphertext, tag */
	PV_VEC(struct pv_segment) segments;
	uint64_t size;
};

void
pv_seal_free(struct pv_seal *s)
{
	if (s == NULL)
		return;
	pv_zip_writer_free(s->zip);
	pv_secret_free(s->key);
	pv_aead_free(s->aead);
	pv_hasher_free(s->content);
	pv_hmacer_free(s->root);
	if (s->segment != NULL)
		explicit_bzero(s->segment,
		    s->segment_size + PV_SEGMENT_EXTRA); /* a failure may leave plaintext */
	pv_free(s->segment);
	PV_VEC_FREE(&s->segments);
	pv_free(s);
}

void
pv_seal_freep(struct pv_seal **s)
{
	pv_seal_free(*s);
	*s = NULL;
}

PV_RESULT
pv_seal_new(struct pv_seal **out, struct pv_seal_sink sink, uint32_t segment_size,
    const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;

	if (segment_size == 0)
		segment_size = PV_SEGMENT_DEFAULT;
	if (segment_size < PV_SEGMENT_MIN || segment_size > PV_SEGMENT_MAX)
		return PV_FAIL(e, PV_E_CONFIG, "a segment of %u bytes is outside %d to %d",
		    (unsigned)segment_size, PV_SEGMENT_MIN, PV_SEGMENT_MAX);
	s = PV_NEW(struct pv_seal);
	s->sink = sink;
	s->env = env;
	s->segment_size = segment_size;
	s->key = pv_secret_random(env, PV_SHARE);
	s->aead = pv_aead_new(s->key);
	s->content = pv_hasher_new();
	s->root = pv_hmacer_new(pv_secret_slice(s->key));
	s->segment = pv_alloc(segment_size + PV_SEGMENT_EXTRA);
	s->zip = pv_zip_writer_new();
	s->step = STEP_NEW;
	*out = PV_TAKE(s);
	return PV_DONE;
}

void
pv_seal_as(struct pv_seal *s, enum pv_tdf_form form)
{
	s->form = form;
}

/* ---- the container ---- */

static PV_RESULT
put(struct pv_seal *s, struct pv_slice bytes, struct pv_err *e)
{
	return s->sink.put(s->sink.ctx, bytes, e);
}

static PV_RESULT
put_content(struct pv_seal *s, struct pv_slice bytes, struct pv_err *e)
{
	pv_zip_add(s->zip, bytes);
	return put(s, bytes, e);
}

static PV_RESULT
begin_entry(struct pv_seal *s, const char *name, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf frame = { 0 };

	pv_zip_begin(s->zip, pv_slice_of(name), &frame);
	return put(s, pv_buf_slice(&frame), e);
}

static PV_RESULT
end_entry(struct pv_seal *s, bool last, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf frame = { 0 };

	pv_zip_end(s->zip, &frame);
	if (last)
		pv_zip_finish(s->zip, &frame);
	return put(s, pv_buf_slice(&frame), e);
}

/* ---- step one ---- */

/* As much of the next segment as source has. */
static PV_RESULT
fill(struct pv_seal *s, struct pv_seal_source source, size_t *got, struct pv_err *e)
{
	char *into = (char *)s->segment + PV_AEAD_IV;
	size_t n = 0, more = 1;

	while (n < s->segment_size && more > 0) {
		PV_TRY(source.pull(source.ctx, into + n, s->segment_size - n, &more, e));
		if (more > s->segment_size - n)
			return PV_FAIL(e, PV_E_BUG, "a source gave more than it was asked for");
		n += more;
	}
	*got = n;
	return PV_DONE;
}

static PV_RESULT
seal_segment(struct pv_seal *s, size_t n, struct pv_err *e)
{
	struct pv_slice plain = pv_slice_mem(s->segment + PV_AEAD_IV, n), tag;
	struct pv_slice sealed = pv_slice_mem(s->segment, n + PV_SEGMENT_EXTRA);
	struct pv_segment *made;

	if (s->segments.n == PV_MANIFEST_SEGMENTS_OUT)
		return pv_advise(
		    PV_FAIL(e, PV_E_LIMIT, "the content has more than %d segments of %u bytes",
			PV_MANIFEST_SEGMENTS_OUT, (unsigned)s->segment_size),
		    e, "seal it in larger segments, of up to %d bytes", PV_SEGMENT_MAX);
	pv_hasher_add(s->content, plain);
	pv_aead_seal_fresh(s->aead, s->env, PV_NO_SLICE, plain, s->segment);
	tag = pv_aead_tag(sealed);
	pv_manifest_root_add(s->root, s->form, tag);
	made = PV_VEC_ADD(&s->segments);
	*made = (struct pv_segment){ .size = (uint32_t)n };
	memcpy(made->hash, tag.p, tag.n);
	s->size += n;
	return put_content(s, sealed, e);
}

PV_RESULT
pv_seal_write(
    struct pv_seal *s, struct pv_seal_source source, struct pv_seal_content *out, struct pv_err *e)
{
	struct pv_seal_content content;
	size_t got = 0;

	if (s->step != STEP_NEW)
		return PV_FAIL(e, PV_E_BUG, "a file is sealed once");
	s->step = STEP_BROKEN;
	PV_TRY(begin_entry(s, "0.payload", e));
	do {
		PV_TRY(fill(s, source, &got, e));
		if (got > 0 || s->segments.n == 0)
			PV_TRY(seal_segment(s, got, e));
	} while (got == s->segment_size);
	PV_TRY(end_entry(s, false, e));
	pv_hasher_end(s->content, content.sha256);
	content.size = s->size;
	*out = content;
	s->step = STEP_WRITTEN;
	return PV_DONE;
}

/* ---- step two ---- */

/* RFC 9562 version 4. */
static struct pv_slice
make_uuid(struct pv_seal *s, struct pv_arena *a)
{
	uint8_t r[16];

	s->env->random(s->env->ctx, r, sizeof(r));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	return pv_arena_printf(a,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1],
	    r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14],
	    r[15]);
}

/* The next share: random, but the last one, which makes the XOR of all the key. *rest begins as the key. */
static struct pv_secret *
next_share(struct pv_seal *s, struct pv_secret **rest, bool last)
{
	struct pv_secret *share = last ? pv_secret_of(pv_secret_bytes(*rest), PV_SHARE)
				       : pv_secret_random(s->env, PV_SHARE);
	const struct pv_secret *both[2] = { *rest, share };
	struct pv_secret *left = pv_share_join(both, 2);

	pv_secret_free(*rest);
	*rest = left;
	return share;
}

static PV_RESULT
wrap_all(struct pv_seal *s, struct pv_access *access, const struct pv_kas_pub *kas, size_t n,
    struct pv_slice policy, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep)
	struct pv_secret *rest = pv_secret_of(pv_secret_bytes(s->key), PV_SHARE);

	for (size_t i = 0; i < n; i++) {
		PV_AUTO(pv_secret_freep) struct pv_secret *share = next_share(s, &rest, i + 1 == n);

		PV_TRY(pv_within(pv_share_wrap(&access[i], share, &kas[i], policy, s->env, a, e), e,
		    "kas[%zu]", i));
		if (n > 1)
			access[i].sid = pv_arena_printf(a, "%zu", i + 1);
	}
	return PV_DONE;
}

/* Reads back what was written: nobody finds out a year later that a url was too long, or not UTF-8. */
static PV_RESULT
check_written(struct pv_slice text, const struct pv_access *access, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_manifest m;

	PV_TRY(pv_manifest_read(&m, text, a, e));
	for (size_t i = 0; i < m.access_count; i++)
		if (!pv_slice_eq(m.access[i].url, access[i].url) ||
		    !pv_slice_eq(m.access[i].kid, access[i].kid))
			return PV_FAIL(e, PV_E_INPUT, "the url or kid of a KAS is not UTF-8");
	return pv_manifest_exact(&m, text, e);
}

static PV_RESULT
make_manifest(struct pv_seal *s, const struct pv_policy *policy, const struct pv_kas_pub *kas,
    size_t n, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_access access[PV_MANIFEST_KEYS_MAX];
	struct pv_policy p = *policy;
	struct pv_manifest m = {
		.form = s->form,
		.segment_size = s->segment_size,
		.segments = s->segments.at,
		.segment_count = s->segments.n,
		.access = access,
		.access_count = n,
	};

	if (p.uuid.n == 0)
		p.uuid = make_uuid(s, a);
	PV_TRY(pv_policy_write(&p, &text, e));
	m.policy = pv_buf_slice(&text);
	PV_TRY(wrap_all(s, access, kas, n, m.policy, a, e));
	pv_hmacer_end(s->root, m.root);
	PV_TRY(pv_manifest_write(&m, out, e));
	return check_written(pv_buf_slice(out), access, e);
}

PV_RESULT
pv_seal_finish(struct pv_seal *s, const struct pv_policy *policy, const struct pv_kas_pub *kas,
    size_t n, struct pv_seal_done *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf manifest = { 0 };
	struct pv_seal_done done;

	if (s->step != STEP_WRITTEN)
		return PV_FAIL(e, PV_E_BUG, "a payload comes before its manifest");
	s->step = STEP_BROKEN;
	if (n == 0 || n > PV_MANIFEST_KEYS_MAX)
		return PV_FAIL(
		    e, PV_E_INPUT, "%zu KAS keys are outside 1 to %d", n, PV_MANIFEST_KEYS_MAX);
	PV_TRY(make_manifest(s, policy, kas, n, &manifest, e));
	pv_hash(pv_buf_slice(&manifest), done.id);
	PV_TRY(begin_entry(s, "0.manifest.json", e));
	PV_TRY(put_content(s, pv_buf_slice(&manifest), e));
	PV_TRY(end_entry(s, true, e));
	done.size = pv_zip_size(s->zip);
	*out = done;
	return PV_DONE;
}
