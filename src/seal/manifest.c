/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TDF 4.3.0 and 4.2.2. The version is told as the SDKs of Go and Java tell it,
 * by schemaVersion, and a file that JavaScript's would read in the other way is
 * refused: an attacker must not choose which reading a gateway gets.
 *
 * A missing segmentSize is the default's (JavaScript leaves it out when equal).
 */
#include "seal/manifest.h"

#include <stdio.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "seal/field.h"
#include "seal/policy.h"

#define TEXT_MAX     1000
#define WRAPPED_MAX  4096
#define PEM_MAX      4096
#define POLICY_TEXT  (PV_POLICY_MAX / 3 * 4)
#define GMAC         16
#define HS256        32
#define BINDING_TEXT 88 /* base64 of 64 hex digits */
#define P256_SPKI    91 /* DER bytes, of which the point is the last 65 */
#define P256_POINT   65
#define UNCOMPRESSED 4

/* ---- words ---- */

const char *
pv_access_type_name(enum pv_access_type type)
{
	switch (type) {
	case PV_ACCESS_NONE:
		break;
	case PV_ACCESS_RSA:
		return "wrapped";
	case PV_ACCESS_EC:
		return "ec-wrapped";
	}
	return "none";
}

enum pv_access_type
pv_access_type_of(struct pv_slice name)
{
	if (pv_slice_is(name, "wrapped"))
		return PV_ACCESS_RSA;
	if (pv_slice_is(name, "ec-wrapped"))
		return PV_ACCESS_EC;
	return PV_ACCESS_NONE;
}

/* base64 of n raw bytes, or of their 2n hex digits. */
static bool
mac_read(uint8_t *out, size_t n, struct pv_slice text, bool raw, bool hex)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };

	if (text.n > 4 * HS256 || !pv_base64_read(&bytes, text, PV_BASE64))
		return false;
	if (raw && bytes.n == n) {
		memcpy(out, bytes.p, n);
		return true;
	}
	return hex && pv_hex_read_n(out, n, pv_buf_slice(&bytes));
}

bool
pv_access_binding(const struct pv_access *access, uint8_t out[32])
{
	return mac_read(out, HS256, access->binding, true, true);
}

/* ---- reading: key access ---- */

static PV_RESULT
read_binding(struct pv_access *k, const struct pv_fields *f, struct pv_err *e)
{
	uint32_t i = pv_json_member(f->doc, f->at, PV_SLICE("policyBinding"));
	struct pv_fields b = { f->doc, i, f->a };
	struct pv_slice alg;
	uint8_t mac[HS256];

	if (i != PV_JSON_NONE && pv_json_at(f->doc, i)->type == PV_JSON_STRING) {
		PV_TRY(pv_field_text(f, "policyBinding", TEXT_MAX, &k->binding, e));
	} else {
		PV_TRY(pv_field_need(f, "policyBinding", PV_JSON_OBJECT, &b.at, e));
		PV_TRY(
		    pv_within(pv_field_text_if(&b, "alg", TEXT_MAX, &alg, e), e, "policyBinding"));
		if (alg.n != 0 && !pv_slice_is(alg, "HS256"))
			return pv_within(PV_FAIL(e, PV_E_INPUT, "is \"%.*s\", not \"HS256\"",
					     PV_FMT(pv_slice_sub(alg, 0, 80))),
			    e, "policyBinding.alg");
		PV_TRY(pv_within(
		    pv_field_text(&b, "hash", TEXT_MAX, &k->binding, e), e, "policyBinding"));
	}
	if (!pv_access_binding(k, mac))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is not an HMAC-SHA256 in base64"), e, "policyBinding");
	return PV_DONE;
}

static PV_RESULT
read_type(struct pv_access *k, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_slice type;

	PV_TRY(pv_field_text(f, "type", TEXT_MAX, &type, e));
	k->type = pv_access_type_of(type);
	if (k->type == PV_ACCESS_NONE)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not \"wrapped\" or \"ec-wrapped\"",
			PV_FMT(pv_slice_sub(type, 0, 80))),
		    e, "type");
	return PV_DONE;
}

static PV_RESULT
read_access(struct pv_access *k, const struct pv_fields *f, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };

	PV_TRY(read_type(k, f, e));
	PV_TRY(pv_field_is(f, "protocol", "kas", e));
	PV_TRY(pv_field_text(f, "url", TEXT_MAX, &k->url, e));
	PV_TRY(pv_field_text_if(f, "kid", TEXT_MAX, &k->kid, e));
	PV_TRY(pv_field_text_if(f, "sid", TEXT_MAX, &k->sid, e));
	PV_TRY(pv_field_text(f, "wrappedKey", WRAPPED_MAX, &k->wrapped, e));
	if (!pv_base64_read(&bytes, k->wrapped, PV_BASE64))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is not base64"), e, "wrappedKey");
	if (k->type == PV_ACCESS_EC)
		PV_TRY(pv_field_lines(f, "ephemeralPublicKey", PEM_MAX, &k->ephemeral, e));
	return read_binding(k, f, e);
}

/*
 * One object a split id. A second one would be an alternative, and whoever may
 * choose the KAS chooses who decides (DESIGN 7).
 */
static PV_RESULT
check_alternatives(const struct pv_access *all, size_t n, struct pv_err *e)
{
	const struct pv_access *k = &all[n];

	for (size_t i = 0; i < n; i++) {
		if (!pv_slice_eq(all[i].sid, k->sid))
			continue;
		if (pv_slice_eq(all[i].url, k->url))
			return PV_FAIL(
			    e, PV_E_INPUT, "has the url and the split id of keyAccess[%zu]", i);
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" stands as an alternative to \"%.*s\"",
			PV_FMT(pv_slice_sub(k->url, 0, 120)),
			PV_FMT(pv_slice_sub(all[i].url, 0, 120))),
		    e, "url");
	}
	return PV_DONE;
}

static PV_RESULT
read_access_list(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_access *all;
	const struct pv_json_node *list;
	uint32_t i = PV_JSON_NONE;
	size_t n = 0;

	PV_TRY(pv_field_need(f, "keyAccess", PV_JSON_ARRAY, &i, e));
	list = pv_json_at(f->doc, i);
	if (list->count == 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is empty"), e, "keyAccess");
	if (list->count > PV_MANIFEST_KEYS_MAX)
		return pv_within(PV_FAIL(e, PV_E_LIMIT, "holds %u objects, the limit is %d",
				     (unsigned)list->count, PV_MANIFEST_KEYS_MAX),
		    e, "keyAccess");
	all = pv_arena_alloc_n(f->a, list->count, sizeof(*all));
	for (i = list->first; i != PV_JSON_NONE; i = pv_json_at(f->doc, i)->next, n++) {
		struct pv_fields one = { f->doc, i, f->a };

		if (pv_json_at(f->doc, i)->type != PV_JSON_OBJECT)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "is not an object"), e, "keyAccess[%zu]", n);
		PV_TRY(pv_within(read_access(&all[n], &one, e), e, "keyAccess[%zu]", n));
		PV_TRY(pv_within(check_alternatives(all, n, e), e, "keyAccess[%zu]", n));
	}
	m->access = all;
	m->access_count = n;
	return PV_DONE;
}

/* ---- reading: integrity ---- */

static PV_RESULT
read_root(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_fields root = *f;
	struct pv_slice sig;

	PV_TRY(pv_field_need(f, "rootSignature", PV_JSON_OBJECT, &root.at, e));
	/* GMAC "of the root" is the last segment's tag and proves nothing about the others */
	PV_TRY(pv_within(pv_field_is(&root, "alg", "HS256", e), e, "rootSignature"));
	PV_TRY(pv_within(pv_field_text(&root, "sig", TEXT_MAX, &sig, e), e, "rootSignature"));
	if (!mac_read(m->root, HS256, sig, m->form == PV_TDF_RAW, m->form == PV_TDF_HEX))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is not an HMAC-SHA256 in base64"), e,
		    "rootSignature.sig");
	return PV_DONE;
}

static PV_RESULT
read_segment_alg(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_slice alg;

	PV_TRY(pv_field_text(f, "segmentHashAlg", TEXT_MAX, &alg, e));
	if (pv_slice_is(alg, "GMAC"))
		m->segment_alg = PV_SEGMENT_GMAC;
	else if (pv_slice_is(alg, "HS256"))
		m->segment_alg = PV_SEGMENT_HS256;
	else
		return pv_within(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not \"GMAC\" or \"HS256\"",
				     PV_FMT(pv_slice_sub(alg, 0, 80))),
		    e, "segmentHashAlg");
	return PV_DONE;
}

static PV_RESULT
read_sizes(const struct pv_fields *f, const char *plain_name, const char *sealed_name,
    uint64_t fallback, uint32_t *out, struct pv_err *e)
{
	uint64_t plain, sealed;

	PV_TRY(pv_field_number(f, plain_name, PV_SEGMENT_MAX, fallback, &plain, e));
	PV_TRY(pv_field_number(f, sealed_name, PV_SEGMENT_MAX + PV_SEGMENT_EXTRA,
	    fallback + PV_SEGMENT_EXTRA, &sealed, e));
	if (sealed != plain + PV_SEGMENT_EXTRA)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is %llu, not %d more than %s",
				     (unsigned long long)sealed, PV_SEGMENT_EXTRA, plain_name),
		    e, "%s", sealed_name);
	*out = (uint32_t)plain;
	return PV_DONE;
}

static PV_RESULT
read_segment(
    struct pv_segment *s, const struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	size_t n = m->segment_alg == PV_SEGMENT_GMAC ? GMAC : HS256;
	uint32_t i = PV_JSON_NONE;

	PV_TRY(read_sizes(f, "segmentSize", "encryptedSegmentSize", m->segment_size, &s->size, e));
	PV_TRY(pv_field_need(f, "hash", PV_JSON_STRING, &i, e));
	if (!mac_read(s->hash, n, pv_json_at(f->doc, i)->text, m->form == PV_TDF_RAW,
		m->form == PV_TDF_HEX))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is not %zu bytes in base64", n), e, "hash");
	return PV_DONE;
}

static PV_RESULT
read_segments(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	const struct pv_json_node *list;
	struct pv_segment *all;
	uint32_t i = PV_JSON_NONE;
	size_t n = 0;

	PV_TRY(pv_field_need(f, "segments", PV_JSON_ARRAY, &i, e));
	list = pv_json_at(f->doc, i);
	if (list->count > PV_MANIFEST_SEGMENTS_MAX)
		return pv_within(PV_FAIL(e, PV_E_LIMIT, "holds %u segments, the limit is %d",
				     (unsigned)list->count, PV_MANIFEST_SEGMENTS_MAX),
		    e, "segments");
	all = pv_arena_alloc_n(f->a, list->count, sizeof(*all));
	for (i = list->first; i != PV_JSON_NONE; i = pv_json_at(f->doc, i)->next, n++) {
		struct pv_fields one = { f->doc, i, f->a };

		if (pv_json_at(f->doc, i)->type != PV_JSON_OBJECT)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "is not an object"), e, "segments[%zu]", n);
		PV_TRY(pv_within(read_segment(&all[n], m, &one, e), e, "segments[%zu]", n));
		m->plain_bytes += all[n].size;
		m->sealed_bytes += (uint64_t)all[n].size + PV_SEGMENT_EXTRA;
	}
	m->segments = all;
	m->segment_count = n;
	return PV_DONE;
}

static PV_RESULT
read_integrity(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	PV_TRY(read_root(m, f, e));
	PV_TRY(read_segment_alg(m, f, e));
	PV_TRY(read_sizes(
	    f, "segmentSizeDefault", "encryptedSegmentSizeDefault", 0, &m->segment_size, e));
	if (m->segment_size == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is missing or 0"), e, "segmentSizeDefault");
	return read_segments(m, f, e);
}

/* ---- reading: the whole ---- */

static PV_RESULT
read_form(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_slice schema, spec;

	PV_TRY(pv_field_text_if(f, "schemaVersion", TEXT_MAX, &schema, e));
	PV_TRY(pv_field_text_if(f, "tdf_spec_version", TEXT_MAX, &spec, e));
	if (pv_slice_is(schema, "4.3.0"))
		m->form = PV_TDF_RAW;
	else if (schema.n != 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not \"4.3.0\"",
				     PV_FMT(pv_slice_sub(schema, 0, 80))),
		    e, "schemaVersion");
	else if (spec.n != 0 && !pv_slice_is(spec, "4.2.2"))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT,
			"\"%.*s\" without a schemaVersion: readers differ on what it means",
			PV_FMT(pv_slice_sub(spec, 0, 80))),
		    e, "tdf_spec_version");
	else
		m->form = PV_TDF_HEX;
	return PV_DONE;
}

static PV_RESULT
read_payload(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_is(f, "type", "reference", e));
	PV_TRY(pv_field_is(f, "url", "0.payload", e));
	PV_TRY(pv_field_is(f, "protocol", "zip", e));
	PV_TRY(pv_field_need(f, "isEncrypted", PV_JSON_BOOL, &i, e));
	if (pv_json_at(f->doc, i)->integer != 1)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is false"), e, "isEncrypted");
	return pv_field_text_if(f, "mimeType", TEXT_MAX, &m->media_type, e);
}

static PV_RESULT
read_encryption(struct pv_manifest *m, const struct pv_fields *f, struct pv_err *e)
{
	struct pv_fields in = *f;

	PV_TRY(pv_field_is(f, "type", "split", e));
	PV_TRY(pv_field_text(f, "policy", POLICY_TEXT, &m->policy, e));
	PV_TRY(pv_field_need(f, "method", PV_JSON_OBJECT, &in.at, e));
	PV_TRY(pv_within(pv_field_is(&in, "algorithm", "AES-256-GCM", e), e, "method"));
	PV_TRY(read_access_list(m, f, e));
	PV_TRY(pv_field_need(f, "integrityInformation", PV_JSON_OBJECT, &in.at, e));
	return pv_within(read_integrity(m, &in, e), e, "integrityInformation");
}

/* An upper bound, before memory is asked for: each value but the first follows one of these. */
static bool
too_many_values(struct pv_slice text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ',' || text.p[i] == '[' || text.p[i] == '{';
	return n > PV_MANIFEST_VALUES_MAX;
}

PV_RESULT
pv_manifest_read(
    struct pv_manifest *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_manifest m = { 0 };
	struct pv_fields f, in;

	if (text.n > PV_MANIFEST_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "the manifest has %zu bytes, the limit is %d", text.n,
		    PV_MANIFEST_MAX);
	if (too_many_values(text))
		return PV_FAIL(e, PV_E_LIMIT, "the manifest holds more than %d values",
		    PV_MANIFEST_VALUES_MAX);
	PV_TRY(pv_json_read(&doc, text, PV_MANIFEST_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the manifest is not an object");
	f = in = (struct pv_fields){ doc, 0, a };
	PV_TRY(read_form(&m, &f, e));
	PV_TRY(pv_field_need(&f, "payload", PV_JSON_OBJECT, &in.at, e));
	PV_TRY(pv_within(read_payload(&m, &in, e), e, "payload"));
	PV_TRY(pv_field_need(&f, "encryptionInformation", PV_JSON_OBJECT, &in.at, e));
	PV_TRY(pv_within(read_encryption(&m, &in, e), e, "encryptionInformation"));
	*out = m;
	return PV_DONE;
}

/* ---- writing ---- */

void
pv_manifest_root_add(struct pv_hmacer *h, enum pv_tdf_form form, struct pv_slice hash)
{
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };

	if (form == PV_TDF_HEX) {
		pv_hex_write(&hex, hash);
		hash = pv_buf_slice(&hex);
	}
	pv_hmacer_add(h, hash);
}

/* The bytes, or in the old form their hex digits. */
static void
write_mac(
    struct pv_jsonw *w, const struct pv_manifest *m, const char *name, const void *bytes, size_t n)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	struct pv_slice mac = pv_slice_mem(bytes, n);

	if (m->form == PV_TDF_HEX) {
		pv_hex_write(&hex, mac);
		mac = pv_buf_slice(&hex);
	}
	pv_base64_write(&text, mac, PV_BASE64);
	pv_jsonw_str(w, name, pv_buf_slice(&text));
}

static void
write_access(struct pv_jsonw *w, const struct pv_access *k)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "type", pv_slice_of(pv_access_type_name(k->type)));
	pv_jsonw_str(w, "url", k->url);
	pv_jsonw_str(w, "protocol", PV_SLICE("kas"));
	pv_jsonw_str(w, "kid", k->kid);
	if (k->sid.n != 0)
		pv_jsonw_str(w, "sid", k->sid);
	pv_jsonw_str(w, "wrappedKey", k->wrapped);
	if (k->type == PV_ACCESS_EC)
		pv_jsonw_str(w, "ephemeralPublicKey", k->ephemeral);
	pv_jsonw_object(w, "policyBinding");
	pv_jsonw_str(w, "alg", PV_SLICE("HS256"));
	pv_jsonw_str(w, "hash", k->binding);
	pv_jsonw_end(w);
	pv_jsonw_str(w, "schemaVersion", PV_SLICE("1.0"));
	pv_jsonw_end(w);
}

static void
write_segment(struct pv_jsonw *w, const struct pv_manifest *m, const struct pv_segment *s)
{
	pv_jsonw_object(w, NULL);
	write_mac(w, m, "hash", s->hash, GMAC);
	/* always: the SDKs of Go and Java read a missing size as 0 */
	pv_jsonw_u64(w, "segmentSize", s->size);
	pv_jsonw_u64(w, "encryptedSegmentSize", (uint64_t)s->size + PV_SEGMENT_EXTRA);
	pv_jsonw_end(w);
}

static void
write_integrity(struct pv_jsonw *w, const struct pv_manifest *m)
{
	pv_jsonw_object(w, "integrityInformation");
	pv_jsonw_object(w, "rootSignature");
	pv_jsonw_str(w, "alg", PV_SLICE("HS256"));
	write_mac(w, m, "sig", m->root, HS256);
	pv_jsonw_end(w);
	pv_jsonw_str(w, "segmentHashAlg", PV_SLICE("GMAC"));
	pv_jsonw_u64(w, "segmentSizeDefault", m->segment_size);
	pv_jsonw_u64(
	    w, "encryptedSegmentSizeDefault", (uint64_t)m->segment_size + PV_SEGMENT_EXTRA);
	pv_jsonw_array(w, "segments");
	for (size_t i = 0; i < m->segment_count; i++)
		write_segment(w, m, &m->segments[i]);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

static void
write_encryption(struct pv_jsonw *w, const struct pv_manifest *m)
{
	pv_jsonw_object(w, "encryptionInformation");
	pv_jsonw_str(w, "type", PV_SLICE("split"));
	pv_jsonw_str(w, "policy", m->policy);
	pv_jsonw_array(w, "keyAccess");
	for (size_t i = 0; i < m->access_count; i++)
		write_access(w, &m->access[i]);
	pv_jsonw_end(w);
	pv_jsonw_object(w, "method");
	pv_jsonw_str(w, "algorithm", PV_SLICE("AES-256-GCM"));
	pv_jsonw_bool(w, "isStreamable", true);
	pv_jsonw_str(w, "iv", PV_NO_SLICE);
	pv_jsonw_end(w);
	write_integrity(w, m);
	pv_jsonw_end(w);
}

PV_RESULT
pv_manifest_write(const struct pv_manifest *m, struct pv_buf *out, struct pv_err *e)
{
	size_t before = out->n;
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	if (m->form != PV_TDF_HEX)
		pv_jsonw_str(&w, "schemaVersion", PV_SLICE("4.3.0"));
	pv_jsonw_object(&w, "payload");
	pv_jsonw_str(&w, "type", PV_SLICE("reference"));
	pv_jsonw_str(&w, "url", PV_SLICE("0.payload"));
	pv_jsonw_str(&w, "protocol", PV_SLICE("zip"));
	pv_jsonw_bool(&w, "isEncrypted", true);
	/* Python's SDK reads no file without; what the content is stands in the label */
	pv_jsonw_str(&w, "mimeType", PV_SLICE("application/octet-stream"));
	pv_jsonw_end(&w);
	write_encryption(&w, m);
	pv_jsonw_end(&w);
	if (out->n - before > PV_MANIFEST_MAX) {
		out->n = before;
		return pv_advise(
		    PV_FAIL(e, PV_E_LIMIT, "the manifest of %zu segments grows beyond %d bytes",
			m->segment_count, PV_MANIFEST_MAX),
		    e, "seal it in larger segments");
	}
	return PV_DONE;
}

/* ---- the one form of ours ---- */

static bool
segments_regular(const struct pv_manifest *m)
{
	if (m->segment_size < PV_SEGMENT_MIN || m->segment_count == 0)
		return false;
	for (size_t i = 0; i + 1 < m->segment_count; i++)
		if (m->segments[i].size != m->segment_size)
			return false;
	/* the last one is shorter, and empty only when there is nothing else */
	return m->segments[m->segment_count - 1].size <= m->segment_size &&
	       (m->segment_count == 1 || m->segments[m->segment_count - 1].size > 0);
}

/*
 * A PEM that any reader takes for a key has many spellings: blanks, line
 * lengths, and in the key itself the point's hybrid form (SEC 1, 2.3.4), which
 * OpenSSL reads too. Ours is one.
 */
static bool
ephemeral_regular(struct pv_slice pem)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *key = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };
	struct pv_slice spki;
	struct pv_err ignored;

	if (!pv_ok(pv_wrap_pub_read(&key, pem, &ignored)) || pv_wrap_pub_kind(key) != PV_KEY_P256)
		return false;
	spki = pv_wrap_pub_spki(key);
	if (spki.n != P256_SPKI || spki.p[P256_SPKI - P256_POINT] != UNCOMPRESSED)
		return false;
	pv_wrap_pub_write(&again, key);
	return pv_slice_eq(pv_buf_slice(&again), pem);
}

static bool
access_regular(const struct pv_access *k, size_t i, size_t n)
{
	char sid[24] = "";

	if (n > 1)
		snprintf(sid, sizeof(sid), "%zu", i + 1);
	return pv_slice_is(k->sid, sid) && k->kid.n != 0 && k->binding.n == BINDING_TEXT &&
	       (k->type == PV_ACCESS_RSA || ephemeral_regular(k->ephemeral));
}

PV_RESULT
pv_manifest_exact(const struct pv_manifest *m, struct pv_slice text, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };
	bool exact = m->segment_alg == PV_SEGMENT_GMAC && segments_regular(m);

	for (size_t i = 0; exact && i < m->access_count; i++)
		exact = access_regular(&m->access[i], i, m->access_count);
	if (exact) {
		PV_TRY(pv_manifest_write(m, &again, e));
		exact = pv_slice_eq(pv_buf_slice(&again), text);
	}
	if (!exact)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the manifest is not in the form that Proviso writes");
	return PV_DONE;
}
