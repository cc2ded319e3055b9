/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/manifest.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "tap.h"

/* A key access object as a JavaScript SDK of 2023 wrote it, and the parts of a manifest of that time. */
#define POLICY "eyJ1dWlkIjoieCIsImJvZHkiOnt9fQ=="
#define HEX64 \
	"MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZg=="
#define HEX32 "MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY="
#define RAW32 "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="
#define RAW16 "ABEiM0RVZneImaq7zN3u/w=="
#define KAO                                          \
	"{\"type\":\"wrapped\",\"url\":\"https://a/" \
	"kas\",\"protocol\":\"kas\",\"wrappedKey\":\"AAAA\",\"policyBinding\":\"" HEX64 "\"}"
#define PAYLOAD                                                                                    \
	"{\"type\":\"reference\",\"url\":\"0.payload\",\"protocol\":\"zip\",\"isEncrypted\":true," \
	"\"mimeType\":\"text/plain\"}"
#define MANIFEST(schema, root, hash)                                                        \
	"{" schema "\"payload\":" PAYLOAD                                                   \
	",\"encryptionInformation\":{\"type\":\"split\",\"policy\":\"" POLICY "\","         \
	"\"keyAccess\":[" KAO                                                               \
	"],\"method\":{\"algorithm\":\"AES-256-GCM\",\"isStreamable\":true,\"iv\":\"\"},"   \
	"\"integrityInformation\":{\"rootSignature\":{\"alg\":\"HS256\",\"sig\":\"" root    \
	"\"},\"segmentHashAlg\":\"GMAC\","                                                  \
	"\"segmentSizeDefault\":20000,\"encryptedSegmentSizeDefault\":20028,\"segments\":[" \
	"{\"hash\":\"" hash "\"},{\"hash\":\"" hash                                         \
	"\",\"segmentSize\":5,\"encryptedSegmentSize\":33}]}}}"
#define RAW "\"schemaVersion\":\"4.3.0\","

static const char raw_form[] = MANIFEST(RAW, RAW32, RAW16);
static const char hex_form[] = MANIFEST("", HEX64, HEX32);

static void
test_forms(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_manifest raw = { 0 }, hex = { 0 };
	struct pv_err e = { 0 };

	if (!tap_ok(
		pv_ok(pv_manifest_read(&raw, PV_SLICE(raw_form), a, &e)), "the raw form is read"))
		tap_note("%s: %s", e.field, e.what);
	tap_ok(raw.form == PV_TDF_RAW, "and told by its schemaVersion");
	if (!tap_ok(
		pv_ok(pv_manifest_read(&hex, PV_SLICE(hex_form), a, &e)), "the hex form is read"))
		tap_note("%s: %s", e.field, e.what);
	tap_ok(hex.form == PV_TDF_HEX, "and told by having none");
	tap_ok(raw.segment_count == 2 && hex.segment_count == 2 &&
		   memcmp(raw.segments[1].hash, hex.segments[1].hash, 16) == 0 &&
		   memcmp(raw.root, hex.root, 32) == 0,
	    "both mean the same hashes");
	tap_ok(raw.segments[0].size == 20000 && raw.segments[1].size == 5,
	    "a missing size is the default's");
	tap_ok(raw.plain_bytes == 20005 && raw.sealed_bytes == 20061, "sizes are added up");
	tap_ok(raw.access_count == 1 && raw.access[0].type == PV_ACCESS_RSA &&
		   raw.access[0].kid.n == 0 && pv_slice_is(raw.access[0].url, "https://a/kas"),
	    "the key access object is read");
	tap_ok(pv_slice_is(raw.media_type, "text/plain"), "and the media type");
}

/* Replaces the first from. */
static void
edit(struct pv_buf *out, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (at == NULL)
		abort(); /* the table is wrong */
	pv_buf_clear(out);
	pv_buf_add_mem(out, text, (size_t)(at - text));
	pv_buf_add_str(out, to);
	pv_buf_add_str(out, at + strlen(from));
}

struct edit {
	const char *name, *from, *to;
	const char *field; /* NULL: still read */
};

static const struct edit raw_edits[] = {
	{ "an unknown member is tolerated",
	    "\"payload\":", "\"assertions\":[{\"x\":1}],\"payload\":", NULL },
	{ "a binding may be an object", "\"policyBinding\":\"" HEX64 "\"",
	    "\"policyBinding\":{\"alg\":\"HS256\",\"hash\":\"" HEX64 "\"}", NULL },
	{ "or of raw bytes", "\"policyBinding\":\"" HEX64 "\"",
	    "\"policyBinding\":{\"hash\":\"" RAW32 "\"}", NULL },
	{ "but not of another algorithm", "\"policyBinding\":\"" HEX64 "\"",
	    "\"policyBinding\":{\"alg\":\"none\",\"hash\":\"" HEX64 "\"}",
	    "encryptionInformation.keyAccess[0].policyBinding.alg" },
	{ "nor of another length", "\"policyBinding\":\"" HEX64 "\"",
	    "\"policyBinding\":\"" RAW16 "\"", "encryptionInformation.keyAccess[0].policyBinding" },
	{ "nor missing", "\"policyBinding\":\"" HEX64 "\"", "\"x\":1",
	    "encryptionInformation.keyAccess[0].policyBinding" },
	{ "another schemaVersion is refused", "4.3.0", "5.0.0", "schemaVersion" },
	{ "4.2.2 said outright is read two ways by SDKs, so it is refused", "4.3.0", "4.2.2",
	    "schemaVersion" },
	{ "a version in the spec's member alone likewise", "schemaVersion", "tdf_spec_version",
	    "tdf_spec_version" },
	{ "hex hashes in the raw form are refused", RAW16, HEX32,
	    "encryptionInformation.integrityInformation.segments[0].hash" },
	{ "a payload elsewhere is refused", "\"url\":\"0.payload\"", "\"url\":\"https://evil/p\"",
	    "payload.url" },
	{ "a payload in another entry is refused", "\"url\":\"0.payload\"", "\"url\":\"1.payload\"",
	    "payload.url" },
	{ "a payload that is no reference is refused", "\"reference\"", "\"inline\"",
	    "payload.type" },
	{ "a payload in no zip is refused", "\"protocol\":\"zip\"", "\"protocol\":\"tar\"",
	    "payload.protocol" },
	{ "a payload in clear is refused", "\"isEncrypted\":true", "\"isEncrypted\":false",
	    "payload.isEncrypted" },
	{ "also when it does not say", "\"isEncrypted\":true", "\"isEncryptet\":true",
	    "payload.isEncrypted" },
	{ "another cipher is refused", "AES-256-GCM", "AES-256-CBC",
	    "encryptionInformation.method.algorithm" },
	{ "another key arrangement is refused", "\"split\"", "\"shamir\"",
	    "encryptionInformation.type" },
	{ "a GMAC root signature proves nothing and is refused", "\"alg\":\"HS256\"",
	    "\"alg\":\"GMAC\"", "encryptionInformation.integrityInformation.rootSignature.alg" },
	{ "another segment hash is refused", "\"segmentHashAlg\":\"GMAC\"",
	    "\"segmentHashAlg\":\"CRC\"",
	    "encryptionInformation.integrityInformation.segmentHashAlg" },
	{ "sizes that are not 28 apart are refused", "\"encryptedSegmentSize\":33",
	    "\"encryptedSegmentSize\":34",
	    "encryptionInformation.integrityInformation.segments[1].encryptedSegmentSize" },
	{ "half a pair of sizes is refused when it does not fit", ",\"encryptedSegmentSize\":33",
	    "", "encryptionInformation.integrityInformation.segments[1].encryptedSegmentSize" },
	{ "default sizes that are not 28 apart are refused", "20028", "20000",
	    "encryptionInformation.integrityInformation.encryptedSegmentSizeDefault" },
	{ "a default size is needed",
	    "\"segmentSizeDefault\":20000,\"encryptedSegmentSizeDefault\":20028,", "",
	    "encryptionInformation.integrityInformation.segmentSizeDefault" },
	{ "a segment over 4 MiB is refused", "\"segmentSize\":5,\"encryptedSegmentSize\":33",
	    "\"segmentSize\":4194305,\"encryptedSegmentSize\":4194333",
	    "encryptionInformation.integrityInformation.segments[1].segmentSize" },
	{ "a negative size is refused", "\"segmentSize\":5", "\"segmentSize\":-1",
	    "encryptionInformation.integrityInformation.segments[1].segmentSize" },
	{ "a size that is a text is refused", "\"segmentSize\":5", "\"segmentSize\":\"5\"",
	    "encryptionInformation.integrityInformation.segments[1].segmentSize" },
	{ "a broken size is refused", "\"segmentSize\":5", "\"segmentSize\":5.5",
	    "encryptionInformation.integrityInformation.segments[1].segmentSize" },
	{ "no key access is refused", KAO, "", "encryptionInformation.keyAccess" },
	{ "two objects of one KAS and split are refused", KAO, KAO "," KAO,
	    "encryptionInformation.keyAccess[1]" },
	{ "another KAS as an alternative is refused", KAO,
	    KAO ",{\"type\":\"wrapped\",\"url\":\"https://b/"
		"kas\",\"protocol\":\"kas\",\"wrappedKey\":\"AAAA\",\"policyBinding\":\"" HEX64
		"\"}",
	    "encryptionInformation.keyAccess[1].url" },
	{ "another KAS of which both are needed is read", KAO,
	    KAO ",{\"type\":\"wrapped\",\"url\":\"https://b/"
		"kas\",\"sid\":\"2\",\"protocol\":\"kas\",\"wrappedKey\":\"AAAA\","
		"\"policyBinding\":\"" HEX64 "\"}",
	    NULL },
	{ "a remote key is refused", "\"wrapped\"", "\"remote\"",
	    "encryptionInformation.keyAccess[0].type" },
	{ "an EC share without its key is refused", "\"wrapped\"", "\"ec-wrapped\"",
	    "encryptionInformation.keyAccess[0].ephemeralPublicKey" },
	{ "another key protocol is refused", "\"protocol\":\"kas\"", "\"protocol\":\"kms\"",
	    "encryptionInformation.keyAccess[0].protocol" },
	{ "a share that is no base64 is refused", "\"AAAA\"", "\"AA-A\"",
	    "encryptionInformation.keyAccess[0].wrappedKey" },
	{ "control characters in a url are refused", "https://a/kas", "https://a/\\u001b",
	    "encryptionInformation.keyAccess[0].url" },
	{ "a member twice is refused", "\"isEncrypted\":true",
	    "\"isEncrypted\":true,\"isEncrypted\":true", "" },
	{ "bytes behind are refused", "]}}}", "]}}} x", "" },
};

static const struct edit hex_edits[] = {
	{ "raw hashes in the hex form are refused", HEX32, RAW16,
	    "encryptionInformation.integrityInformation.segments[0].hash" },
	{ "a raw root signature in the hex form is refused", "\"sig\":\"" HEX64, "\"sig\":\"" RAW32,
	    "encryptionInformation.integrityInformation.rootSignature.sig" },
	{ "the spec's member may say 4.2.2", "{\"payload\"",
	    "{\"tdf_spec_version\":\"4.2.2\",\"payload\"", NULL },
	{ "HS256 segment hashes are 32 bytes", "\"GMAC\"", "\"HS256\"",
	    "encryptionInformation.integrityInformation.segments[0].hash" },
};

static void
test_edits(const char *text, const struct edit *edits, size_t n)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_manifest m = { 0 };
		struct pv_err e = { 0 };
		bool ok;

		edit(&b, text, edits[i].from, edits[i].to);
		ok = pv_ok(pv_manifest_read(&m, pv_buf_slice(&b), a, &e));
		if (!tap_ok(
			edits[i].field == NULL ? ok : !ok && strcmp(e.field, edits[i].field) == 0,
			"%s", edits[i].name))
			tap_note("field \"%s\": %s", e.field, e.what);
	}
}

/* In place of from, n times piece, in which # is the number. */
static bool
takes(const char *from, const char *piece, size_t n, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf many = { 0 }, text = { 0 };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_manifest m;

	for (size_t i = 0; i < n; i++) {
		pv_buf_add_str(&many, i > 0 ? "," : "");
		for (const char *c = piece; *c != '\0'; c++)
			if (*c == '#')
				pv_buf_add_u64(&many, i);
			else
				pv_buf_add_c(&many, *c);
	}
	edit(&text, raw_form, from, pv_buf_str(&many));
	return pv_ok(pv_manifest_read(&m, pv_buf_slice(&text), a, e));
}

#define SPLIT                                                                                 \
	"{\"type\":\"wrapped\",\"url\":\"https://a/"                                          \
	"kas\",\"sid\":\"#\",\"protocol\":\"kas\",\"wrappedKey\":\"AAAA\",\"policyBinding\":" \
	"\"" HEX64 "\"}"

static void
test_limits(void)
{
	struct pv_err e = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf big = { 0 };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_manifest m;

	tap_ok(takes(KAO, SPLIT, PV_MANIFEST_KEYS_MAX, &e), "%d key access objects are read",
	    PV_MANIFEST_KEYS_MAX);
	tap_ok(!takes(KAO, SPLIT, PV_MANIFEST_KEYS_MAX + 1, &e) && e.code == PV_E_LIMIT,
	    "one more is refused");
	tap_ok(takes("{\"hash\":\"" RAW16 "\"}", "{\"hash\":\"" RAW16 "\"}", 200000, &e),
	    "200000 segments are read");
	tap_ok(!takes("{\"hash\":\"" RAW16 "\"}", "{\"hash\":\"" RAW16 "\"}",
		   PV_MANIFEST_SEGMENTS_MAX, &e) &&
		   e.code == PV_E_LIMIT,
	    "more than %d are refused", PV_MANIFEST_SEGMENTS_MAX);
	tap_ok(
	    !takes("\"payload\":", "\"x#\":0", PV_MANIFEST_VALUES_MAX, &e) && e.code == PV_E_LIMIT,
	    "more than %d values are refused", PV_MANIFEST_VALUES_MAX);
	pv_buf_add_str(&big, raw_form);
	memset(pv_buf_room(&big, PV_MANIFEST_MAX), ' ', PV_MANIFEST_MAX);
	big.n = PV_MANIFEST_MAX;
	tap_ok(pv_ok(pv_manifest_read(&m, pv_buf_slice(&big), a, &e)), "10 MiB are read");
	big.n++;
	big.p[PV_MANIFEST_MAX] = ' ';
	tap_ok(!pv_ok(pv_manifest_read(&m, pv_buf_slice(&big), a, &e)) && e.code == PV_E_LIMIT,
	    "a byte more is refused");
}

static void
test_write(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, again = { 0 };
	PV_VEC(struct pv_segment) segments = { 0 };
	struct pv_access access = { .type = PV_ACCESS_RSA,
		.url = PV_SLICE("https://a/kas"),
		.kid = PV_SLICE("k1"),
		.wrapped = PV_SLICE("AAAA"),
		.binding = PV_SLICE(HEX64) };
	struct pv_manifest m = { .segment_size = PV_SEGMENT_MAX,
		.policy = PV_SLICE(POLICY),
		.access = &access,
		.access_count = 1 };
	struct pv_manifest got = { 0 };
	struct pv_err e = { 0 };

	for (size_t i = 0; i < PV_MANIFEST_SEGMENTS_OUT; i++)
		*PV_VEC_ADD(&segments) = (struct pv_segment){ .size = PV_SEGMENT_MAX };
	m.segments = segments.at;
	m.segment_count = segments.n;
	tap_ok(pv_ok(pv_manifest_write(&m, &text, &e)), "%zu segments are written", segments.n);
	tap_ok(pv_ok(pv_manifest_read(&got, pv_buf_slice(&text), a, &e)) &&
		   got.segment_count == segments.n,
	    "and read back");
	tap_ok(pv_ok(pv_manifest_exact(&got, pv_buf_slice(&text), &e)), "in the one form of ours");
	pv_buf_add(&again, pv_buf_slice(&text));
	pv_buf_add_c(&again, '\n');
	tap_ok(pv_ok(pv_manifest_read(&got, pv_buf_slice(&again), a, &e)) &&
		   !pv_ok(pv_manifest_exact(&got, pv_buf_slice(&again), &e)) &&
		   e.code == PV_E_UNTRUSTED,
	    "which a blank at the end leaves");
	edit(&again, pv_buf_str(&text), "\"wrappedKey\"", "\"sid\":\"7\",\"wrappedKey\"");
	tap_ok(pv_ok(pv_manifest_read(&got, pv_buf_slice(&again), a, &e)) &&
		   !pv_ok(pv_manifest_exact(&got, pv_buf_slice(&again), &e)),
	    "and a split id of one's own");
	edit(&again, pv_buf_str(&text), HEX64, RAW32);
	tap_ok(pv_ok(pv_manifest_read(&got, pv_buf_slice(&again), a, &e)) &&
		   !pv_ok(pv_manifest_exact(&got, pv_buf_slice(&again), &e)),
	    "and the other form of binding");
	segments.at[3].size = 5;
	pv_buf_clear(&again);
	tap_ok(pv_ok(pv_manifest_write(&m, &again, &e)) &&
		   pv_ok(pv_manifest_read(&got, pv_buf_slice(&again), a, &e)) &&
		   !pv_ok(pv_manifest_exact(&got, pv_buf_slice(&again), &e)),
	    "and a short segment in the middle");
	PV_VEC_FREE(&segments);
}

int
main(void)
{
	test_forms();
	test_edits(raw_form, raw_edits, sizeof(raw_edits) / sizeof(raw_edits[0]));
	test_edits(hex_form, hex_edits, sizeof(hex_edits) / sizeof(hex_edits[0]));
	test_limits();
	test_write();
	return tap_done();
}
