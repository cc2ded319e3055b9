/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a sealed file, and what becomes of one that was changed. open_as()
 * does what a gateway and a recipient do together, so that a change counts as
 * refused when any of them refuses it.
 */
#include "seal/seal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/zip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "tap.h"

#define LABEL "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

enum { RSA = 1, EC = 2 };

static struct pv_env env;
static struct pv_wrap_key *kas_key[3]; /* by RSA, EC */

static const struct pv_policy policy = {
	.uuid = { "3f2504e0-4f89-41d3-9a0c-0305e82c3301", 36 },
	.report = { "r-1", 3 },
	.originator = { "co.navy", 7 },
	.origin = { "ex.org/orders", 13 },
	.label = { LABEL, 64 },
};

static const char *
url_of(unsigned kind)
{
	return kind == RSA ? "https://rsa.example/kas" : "https://ec.example/kas";
}

/* ---- sealing and opening ---- */

static enum pv_tdf_form form = PV_TDF_RAW; /* of what is sealed */

static bool
seal_to(struct pv_buf *out, struct pv_slice content, unsigned kinds, uint32_t segment,
    struct pv_seal_content *said, struct pv_err *e)
{
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	struct pv_kas_pub kas[2];
	struct pv_seal_done done;
	struct pv_slice rest = content;
	size_t n = 0;

	for (unsigned kind = RSA; kind <= EC; kind++)
		if (kinds & kind)
			kas[n++] = (struct pv_kas_pub){ .url = pv_slice_of(url_of(kind)),
				.key = pv_wrap_key_pub(kas_key[kind]) };
	if (!pv_ok(pv_seal_new(&s, pv_seal_sink_of(out), segment, &env, e)))
		return false;
	pv_seal_as(s, form);
	return pv_ok(pv_seal_write(s, pv_seal_source_of(&rest), said, e)) &&
	       pv_ok(pv_seal_finish(s, &policy, kas, n, &done, e)) && done.size == out->n;
}

/* What the KASes do: each answers for its own url and key. */
static struct pv_status
get_shares(struct pv_secret **shares, const struct pv_manifest *m, struct pv_err *e)
{
	for (size_t i = 0; i < m->access_count; i++) {
		unsigned kind = pv_slice_is(m->access[i].url, url_of(RSA)) ? RSA : EC;
		struct pv_kas kas = { .url = pv_slice_of(url_of(kind)), .key = kas_key[kind] };

		PV_TRY(pv_share_unwrap(&shares[i], &kas, &m->access[i], m->policy, e));
	}
	return PV_DONE;
}

/* What the recipient does with them, and with the label it was shown. */
static struct pv_status
open_payload(struct pv_sealed *f, const struct pv_secret *const *shares, struct pv_buf *plain,
    struct pv_err *e)
{
	struct pv_seal_content verified, extracted;

	PV_TRY(pv_sealed_unlock(f, shares, pv_sealed_manifest(f)->access_count, e));
	PV_TRY(pv_sealed_verify(f, &verified, e));
	PV_TRY(pv_sealed_extract(f, pv_seal_sink_of(plain), &extracted, e));
	if (verified.size != extracted.size || extracted.size != plain->n ||
	    memcmp(verified.sha256, extracted.sha256, 32) != 0)
		return PV_FAIL(e, PV_E_BUG, "two passes differ");
	return PV_DONE;
}

static struct pv_status
open_as(struct pv_slice bytes, bool foreign, struct pv_buf *plain, struct pv_err *e)
{
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_secret *shares[PV_MANIFEST_KEYS_MAX] = { 0 };
	const struct pv_secret *borrowed[PV_MANIFEST_KEYS_MAX];
	struct pv_status st;

	PV_TRY(pv_sealed_open(&f, pv_seal_file_of(&bytes), e));
	if (pv_sealed_policy(f)->ours == foreign)
		return PV_FAIL(e, PV_E_UNTRUSTED, foreign ? "not foreign" : "not ours");
	st = get_shares(shares, pv_sealed_manifest(f), e);
	memcpy(borrowed, shares, sizeof(borrowed));
	if (pv_ok(st))
		st = open_payload(f, borrowed, plain, e);
	for (size_t i = 0; i < PV_MANIFEST_KEYS_MAX; i++)
		pv_secret_free(shares[i]);
	return st;
}

static struct pv_status
open_it(struct pv_slice bytes, struct pv_buf *plain, struct pv_err *e)
{
	return open_as(bytes, false, plain, e);
}

/* ---- round trips ---- */

static void
fill_pattern(struct pv_buf *b, size_t n)
{
	char *p = pv_buf_room(b, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
	b->n = n;
}

static void
test_round(size_t size, unsigned kinds, uint32_t segment)
{
	PV_AUTO(pv_buf_free) struct pv_buf content = { 0 }, sealed = { 0 }, plain = { 0 };
	struct pv_seal_content said = { 0 };
	struct pv_err e = { 0 };
	uint8_t digest[32];
	bool ok;

	fill_pattern(&content, size);
	ok = seal_to(&sealed, pv_buf_slice(&content), kinds, segment, &said, &e);
	if (!tap_ok(ok, "%zu bytes are sealed in segments of %u to KAS %u", size, segment, kinds))
		tap_note("%s", e.what);
	pv_hash(pv_buf_slice(&content), digest);
	tap_ok(said.size == size && memcmp(said.sha256, digest, 32) == 0,
	    "and counted and hashed on the way");
	ok = pv_ok(open_it(pv_buf_slice(&sealed), &plain, &e));
	if (!tap_ok(ok && pv_slice_eq(pv_buf_slice(&plain), pv_buf_slice(&content)), "and opened"))
		tap_note("%s: %s", e.field, e.what);
}

static void
test_rounds(void)
{
	static const size_t sizes[] = { 0, 1, 16384, 1048575, 1048576, 1048577, 5 * 1048576 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		test_round(sizes[i], i % 2 == 0 ? RSA : EC, PV_SEGMENT_DEFAULT);
	test_round(100000, RSA | EC, PV_SEGMENT_MIN);
	test_round(16384 * 3, RSA | EC, PV_SEGMENT_MIN);
	test_round(9 * 1048576, EC, PV_SEGMENT_MAX);
	test_round(0, RSA | EC, PV_SEGMENT_MAX);
}

static struct pv_status
sink_fails(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	size_t *left = ctx;

	if (bytes.n > *left)
		return PV_FAIL(e, PV_E_DOWN, "the disk is full");
	*left -= bytes.n;
	return PV_DONE;
}

static struct pv_status
source_fails(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e)
{
	size_t *left = ctx;

	if (*left == 0)
		return PV_FAIL(e, PV_E_DOWN, "the line broke");
	*got = *left < room ? *left : room;
	memset(into, 'x', *got);
	*left -= *got;
	return PV_DONE;
}

static void
test_broken_pipes(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL, *t = NULL;
	struct pv_kas_pub kas = { .url = PV_SLICE("https://a/kas"),
		.key = pv_wrap_key_pub(kas_key[EC]) };
	struct pv_seal_content said;
	struct pv_seal_done done;
	struct pv_err e = { 0 };
	size_t left = 100000, room = 50000;

	pv_ignore(pv_seal_new(&s, pv_seal_sink_of(&out), PV_SEGMENT_MIN, &env, &e));
	tap_ok(
	    !pv_ok(pv_seal_write(s, (struct pv_seal_source){ source_fails, &left }, &said, &e)) &&
		e.code == PV_E_DOWN && strcmp(e.what, "the line broke") == 0,
	    "a source's failure is the caller's to see");
	tap_ok(!pv_ok(pv_seal_finish(s, &policy, &kas, 1, &done, &e)) && e.code == PV_E_BUG,
	    "and a file that broke off is not finished");
	left = 100000;
	pv_ignore(
	    pv_seal_new(&t, (struct pv_seal_sink){ sink_fails, &room }, PV_SEGMENT_MIN, &env, &e));
	tap_ok(
	    !pv_ok(pv_seal_write(t, (struct pv_seal_source){ source_fails, &left }, &said, &e)) &&
		strcmp(e.what, "the disk is full") == 0,
	    "so is a sink's");
}

static void
test_order_of_calls(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 }, sealed = { 0 }, plain = { 0 };
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_slice rest = PV_SLICE("abc"), bytes;
	struct pv_kas_pub kas = { .url = PV_SLICE("https://a/kas"),
		.key = pv_wrap_key_pub(kas_key[EC]) };
	struct pv_seal_content said;
	struct pv_seal_done done;
	struct pv_err e = { 0 };

	tap_ok(!pv_ok(pv_seal_new(&s, pv_seal_sink_of(&out), PV_SEGMENT_MIN - 1, &env, &e)),
	    "segments are not too small");
	tap_ok(!pv_ok(pv_seal_new(&s, pv_seal_sink_of(&out), PV_SEGMENT_MAX + 1, &env, &e)),
	    "nor too large");
	pv_ignore(pv_seal_new(&s, pv_seal_sink_of(&out), 0, &env, &e));
	tap_ok(!pv_ok(pv_seal_finish(s, &policy, &kas, 1, &done, &e)),
	    "the payload comes before the manifest");
	tap_ok(
	    pv_ok(pv_seal_write(s, pv_seal_source_of(&rest), &said, &e)), "a payload is written");
	tap_ok(
	    !pv_ok(pv_seal_finish(s, &policy, &kas, 0, &done, &e)), "somebody must hold a share");
	pv_seal_freep(&s);
	rest = PV_SLICE("abc");
	kas.url = PV_SLICE("https://\xff/kas");
	pv_ignore(pv_seal_new(&s, pv_seal_sink_of(&out), 0, &env, &e));
	pv_ignore(pv_seal_write(s, pv_seal_source_of(&rest), &said, &e));
	tap_ok(!pv_ok(pv_seal_finish(s, &policy, &kas, 1, &done, &e)) && e.code == PV_E_INPUT,
	    "a KAS has a url that JSON can hold");
	if (!seal_to(&sealed, PV_SLICE("abc"), EC, 0, &said, &e))
		tap_ok(false, "%s", e.what);
	bytes = pv_buf_slice(&sealed);
	pv_ignore(pv_sealed_open(&f, pv_seal_file_of(&bytes), &e));
	tap_ok(!pv_ok(pv_sealed_extract(f, pv_seal_sink_of(&plain), &said, &e)) &&
		   e.code == PV_E_BUG && plain.n == 0,
	    "nothing comes out of a locked file");
}

/* ---- every byte ---- */

static bool
opens(struct pv_buf *b, const char *what, size_t at)
{
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(open_it(pv_buf_slice(b), &plain, &e)))
		return false;
	tap_note("%s at %zu was not noticed", what, at);
	return true;
}

/* There is no byte that does not matter. */
static void
test_every_byte(unsigned kinds, const uint8_t *masks, size_t n)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 }, shorter = { 0 }, longer = { 0 };
	unsigned flipped = 0, cut = 0, doubled = 0, truncated = 0;
	struct pv_seal_content said;
	struct pv_err e = { 0 };

	if (!seal_to(&b, PV_SLICE("three boats, seven persons aboard"), kinds, 0, &said, &e))
		tap_ok(false, "%s", e.what);
	for (size_t i = 0; i < b.n; i++) {
		for (size_t m = 0; m < n; m++) {
			b.p[i] = (char)(b.p[i] ^ masks[m]);
			flipped += opens(&b, "a flip", i);
			b.p[i] = (char)(b.p[i] ^ masks[m]);
		}
		pv_buf_clear(&shorter);
		pv_buf_add_mem(&shorter, b.p, i);
		truncated += opens(&shorter, "an end", i);
		pv_buf_add_mem(&shorter, b.p + i + 1, b.n - i - 1);
		cut += opens(&shorter, "a missing byte", i);
		pv_buf_clear(&longer);
		pv_buf_add_mem(&longer, b.p, i + 1);
		pv_buf_add_mem(&longer, b.p + i, b.n - i);
		doubled += opens(&longer, "a doubled byte", i);
	}
	tap_ok(flipped == 0, "KAS %u: any of %zu bytes changed (%zu ways each) is refused", kinds,
	    b.n, n);
	tap_ok(cut == 0, "KAS %u: any byte left out is refused", kinds);
	tap_ok(doubled == 0, "KAS %u: any byte written twice is refused", kinds);
	tap_ok(truncated == 0, "KAS %u: any shorter file is refused", kinds);
}

/* The container around other bytes, with sums that are right. */
static void
frame(struct pv_buf *out, struct pv_slice payload, struct pv_slice manifest)
{
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *zip = pv_zip_writer_new();

	pv_buf_clear(out);
	pv_zip_begin(zip, PV_SLICE("0.payload"), out);
	pv_zip_add(zip, payload);
	pv_buf_add(out, payload);
	pv_zip_end(zip, out);
	pv_zip_begin(zip, PV_SLICE("0.manifest.json"), out);
	pv_zip_add(zip, manifest);
	pv_buf_add(out, manifest);
	pv_zip_end(zip, out);
	pv_zip_finish(zip, out);
}

static struct pv_slice
entry_of(const struct pv_buf *b, unsigned which)
{
	static const struct pv_zip_wanted wanted[PV_ZIP_ENTRIES] = {
		{ { "0.payload", 9 }, 1 << 20 }, { { "0.manifest.json", 15 }, 1 << 20 }
	};
	struct pv_slice bytes = pv_buf_slice(b);
	struct pv_seal_file file = pv_seal_file_of(&bytes);
	struct pv_err e = { 0 };
	struct pv_zip zip;

	if (!pv_ok(pv_zip_read(
		&zip, (struct pv_zip_file){ file.read_at, file.ctx, file.size }, wanted, &e)))
		abort();
	return pv_slice_sub(
	    bytes, zip.entries[which].at, zip.entries[which].at + zip.entries[which].size);
}

/*
 * The same where it is harder: a CRC-32 keeps nobody out who means it. Each byte of manifest and payload
 * is changed, left out or written twice in a container that is then made right.
 */
static void
test_every_byte_framed(unsigned kinds, unsigned which, const uint8_t *masks, size_t n)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 }, part = { 0 }, framed = { 0 };
	unsigned flipped = 0, cut = 0, doubled = 0;
	struct pv_slice parts[2], good;
	struct pv_seal_content said;
	struct pv_err e = { 0 };

	if (!seal_to(&b, PV_SLICE("three boats, seven persons aboard"), kinds, 0, &said, &e))
		tap_ok(false, "%s", e.what);
	parts[0] = entry_of(&b, 0);
	parts[1] = entry_of(&b, 1);
	good = parts[which];
	frame(&framed, parts[0], parts[1]);
	tap_ok(pv_slice_eq(pv_buf_slice(&framed), pv_buf_slice(&b)),
	    "the container is made as the sealer makes it");
	pv_buf_add(&part, good);
	for (size_t i = 0; i < good.n; i++) {
		for (size_t m = 0; m < n; m++) {
			part.n = good.n;
			memcpy(part.p, good.p, good.n);
			part.p[i] = (char)(part.p[i] ^ masks[m]);
			parts[which] = pv_buf_slice(&part);
			frame(&framed, parts[0], parts[1]);
			flipped += opens(&framed, "a flip", i);
		}
		pv_buf_clear(&part);
		pv_buf_add_mem(&part, good.p, i);
		pv_buf_add_mem(&part, good.p + i + 1, good.n - i - 1);
		parts[which] = pv_buf_slice(&part);
		frame(&framed, parts[0], parts[1]);
		cut += opens(&framed, "a missing byte", i);
		pv_buf_clear(&part);
		pv_buf_add_mem(&part, good.p, i + 1);
		pv_buf_add_mem(&part, good.p + i, good.n - i);
		parts[which] = pv_buf_slice(&part);
		frame(&framed, parts[0], parts[1]);
		doubled += opens(&framed, "a doubled byte", i);
	}
	tap_ok(flipped == 0, "KAS %u: any byte of the %s changed is refused", kinds,
	    which == 0 ? "payload" : "manifest");
	tap_ok(cut == 0, "KAS %u: any byte of it left out is refused", kinds);
	tap_ok(doubled == 0, "KAS %u: any byte of it written twice is refused", kinds);
}

/* What is said when from in the manifest becomes to. */
static bool
refused_for(const struct pv_buf *b, struct pv_slice from, struct pv_slice to, const char *what)
{
	PV_AUTO(pv_buf_free) struct pv_buf manifest = { 0 }, framed = { 0 }, plain = { 0 };
	struct pv_slice text = entry_of(b, 1);
	const char *at = memmem(text.p, text.n, from.p, from.n);
	struct pv_err e = { 0 };

	if (at == NULL)
		abort();
	pv_buf_add(&manifest, pv_slice_sub(text, 0, (size_t)(at - text.p)));
	pv_buf_add(&manifest, to);
	pv_buf_add(&manifest, pv_slice_sub(text, (size_t)(at - text.p) + from.n, text.n));
	frame(&framed, entry_of(b, 0), pv_buf_slice(&manifest));
	if (open_it(pv_buf_slice(&framed), &plain, &e).code == PV_E_UNTRUSTED &&
	    strstr(e.what, what) != NULL && plain.n == 0)
		return true;
	tap_note("%s: %s", e.field, e.what);
	return false;
}

/* Changes that keep to the form of ours. */
static void
test_named(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 }, own = { 0 }, other = { 0 };
	struct pv_policy changed = policy;
	struct pv_seal_content said;
	struct pv_err e = { 0 };

	changed.label =
	    PV_SLICE("0000000000000000000000000000000000000000000000000000000000000000");
	if (!seal_to(&b, PV_SLICE("three boats"), RSA, 0, &said, &e) ||
	    !pv_ok(pv_policy_write(&policy, &own, &e)) ||
	    !pv_ok(pv_policy_write(&changed, &other, &e)))
		tap_ok(false, "%s", e.what);
	tap_ok(refused_for(&b, pv_buf_slice(&own), pv_buf_slice(&other), "bad request"),
	    "another label's digest is refused by the binding");
	changed.label = policy.label;
	changed.report = PV_SLICE("r-2");
	pv_buf_clear(&other);
	pv_ignore(pv_policy_write(&changed, &other, &e));
	tap_ok(refused_for(&b, pv_buf_slice(&own), pv_buf_slice(&other), "bad request"),
	    "so is another report's id");
	tap_ok(refused_for(&b, PV_SLICE("\"mimeType\":\"application/octet-stream\""),
		   PV_SLICE("\"mimeType\":\"text/html\""), "not in the form"),
	    "another media type is refused, though no key vouches for it");
	tap_ok(refused_for(&b, PV_SLICE("{\"schemaVersion\""),
		   PV_SLICE("{\"x\":1,\"schemaVersion\""), "not in the form"),
	    "so is a member more");
}

/* Which form a file has is told by one member: it must not be read as the other. */
static void
test_hex_form(void)
{
	PV_AUTO(pv_buf_free)
	struct pv_buf b = { 0 }, manifest = { 0 }, framed = { 0 }, plain = { 0 };
	static const struct pv_slice from = { "\"schemaVersion\":\"4.3.0\",", 24 };
	struct pv_seal_content said;
	struct pv_err e = { 0 };
	struct pv_slice text;

	if (!seal_to(&b, PV_SLICE("three boats"), RSA, 0, &said, &e))
		tap_ok(false, "%s", e.what);
	text = entry_of(&b, 1);
	pv_buf_add_c(&manifest, '{');
	pv_buf_add(&manifest, pv_slice_sub(text, 1 + from.n, text.n));
	frame(&framed, entry_of(&b, 0), pv_buf_slice(&manifest));
	tap_ok(pv_slice_starts(pv_slice_sub(text, 1, text.n), from) &&
		   !pv_ok(open_it(pv_buf_slice(&framed), &plain, &e)) &&
		   strstr(e.field, "rootSignature.sig") != NULL,
	    "ours without its schemaVersion is of the old form, where its hashes are none");
}

int
main(void)
{
	static const uint8_t bits[] = { 1, 2, 4, 8, 16, 32, 64, 128 }, some[] = { 1, 0x20 };
	struct pv_err e = { 0 };

	env = pv_env_system();
	if (!pv_ok(pv_wrap_key_new(&kas_key[RSA], PV_KEY_RSA, &e)) ||
	    !pv_ok(pv_wrap_key_new(&kas_key[EC], PV_KEY_P256, &e)))
		return 99;
	test_rounds();
	test_broken_pipes();
	test_order_of_calls();
	test_every_byte(EC, bits, sizeof(bits));
	test_every_byte(RSA, some, sizeof(some));
	test_every_byte(RSA | EC, some, 1);
	form = PV_TDF_HEX;
	test_round(0, EC, PV_SEGMENT_DEFAULT);
	test_round(100000, RSA | EC, PV_SEGMENT_MIN);
	test_every_byte(EC, some, sizeof(some));
	form = PV_TDF_RAW;
	test_named();
	test_hex_form();
	for (unsigned which = 0; which < 2; which++) {
		test_every_byte_framed(EC, which, bits, sizeof(bits));
		test_every_byte_framed(RSA, which, some, sizeof(some));
		test_every_byte_framed(RSA | EC, which, bits, sizeof(bits));
	}
	pv_wrap_key_free(kas_key[RSA]);
	pv_wrap_key_free(kas_key[EC]);
	return tap_done();
}
