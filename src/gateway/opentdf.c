/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and names are those of opentdf/platform's .proto files: kas.proto,
 * wellknown_configuration.proto, policy/objects.proto.
 */
#include "gateway/opentdf.h"

#include "base/mem.h"
#include "base/vec.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/protobuf.h"
#include "codec/utf8.h"
#include "crypto/wrap.h"

#define TEXT_MAX    1024
#define PEM_MAX     65536
#define CONTEXT_MAX 16384

/* ---- JSON members by any of their names ---- */

/* names: "keyAccess key_access". */
static uint32_t
member(const struct pv_json *doc, uint32_t i, const char *names)
{
	struct pv_slice rest = pv_slice_of(names), name;

	if (pv_json_at(doc, i) == NULL || pv_json_at(doc, i)->type != PV_JSON_OBJECT)
		return PV_JSON_NONE;
	while (pv_slice_next(&rest, ' ', &name)) {
		uint32_t m = pv_json_member(doc, i, name);

		if (m != PV_JSON_NONE && pv_json_at(doc, m)->type != PV_JSON_NULL)
			return m;
	}
	return PV_JSON_NONE;
}

/* What is not there is empty, as protojson has it. */
static PV_RESULT
text_of(const struct pv_json *doc, uint32_t i, const char *names, struct pv_arena *a,
    struct pv_slice *out, struct pv_err *e)
{
	uint32_t m = member(doc, i, names);

	*out = PV_NO_SLICE;
	if (m == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(doc, m)->type != PV_JSON_STRING)
		return PV_FAIL(e, PV_E_INPUT, "%s: a text is wanted", names);
	*out = pv_arena_copy(a, pv_json_at(doc, m)->text);
	return PV_DONE;
}

static PV_RESULT
read_json(struct pv_json **doc, struct pv_slice text, struct pv_err *e)
{
	PV_TRY(pv_json_read(doc, text, PV_OPENTDF_BODY_MAX, e));
	if (pv_json_at(*doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "an object is wanted");
	return PV_DONE;
}

static PV_RESULT
not_protobuf(struct pv_err *e)
{
	return PV_FAIL(e, PV_E_INPUT, "the message is no Protocol Buffers");
}

/* Of a field that comes twice the last one counts, as the format has it. */
static PV_RESULT
text_of_proto(struct pv_slice body, uint32_t number, struct pv_arena *a, struct pv_slice *out,
    struct pv_err *e)
{
	struct pv_pb_field f;
	bool bad;

	*out = PV_NO_SLICE;
	while (pv_pb_next(&body, &f, &bad))
		if (f.number == number && f.wire == PV_PB_BYTES)
			*out = f.bytes;
	if (bad || pv_utf8_valid(*out) != out->n)
		return not_protobuf(e);
	*out = pv_arena_copy(a, *out);
	return PV_DONE;
}

PV_RESULT
pv_opentdf_text(struct pv_slice body, bool proto, const char *names, uint32_t number,
    struct pv_arena *a, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	if (proto)
		return text_of_proto(body, number, a, out, e);
	*out = PV_NO_SLICE;
	if (body.n == 0)
		return PV_DONE;
	PV_TRY(read_json(&doc, body, e));
	return text_of(doc, 0, names, a, out, e);
}

static PV_RESULT
texts_of_proto(struct pv_slice body, uint32_t number, struct pv_arena *a, struct pv_names *out,
    struct pv_err *e)
{
	struct pv_slice rest = body, *at;
	struct pv_pb_field f;
	size_t n = 0;
	bool bad;

	while (pv_pb_next(&rest, &f, &bad))
		n += f.number == number && f.wire == PV_PB_BYTES ? 1 : 0;
	if (bad)
		return not_protobuf(e);
	at = pv_arena_alloc_n(a, n, sizeof(*at));
	n = 0;
	while (pv_pb_next(&body, &f, &bad))
		if (f.number == number && f.wire == PV_PB_BYTES) {
			if (pv_utf8_valid(f.bytes) != f.bytes.n)
				return not_protobuf(e);
			at[n++] = pv_arena_copy(a, f.bytes);
		}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static PV_RESULT
texts_of(const struct pv_json *doc, uint32_t list, const char *names, struct pv_arena *a,
    struct pv_names *out, struct pv_err *e)
{
	struct pv_slice *at;
	size_t n = 0;

	*out = (struct pv_names){ 0 };
	if (list == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(doc, list)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "%s: a list is wanted", names);
	at = pv_arena_alloc_n(a, pv_json_at(doc, list)->count, sizeof(*at));
	for (uint32_t c = pv_json_at(doc, list)->first; c != PV_JSON_NONE;
	     c = pv_json_at(doc, c)->next) {
		if (pv_json_at(doc, c)->type != PV_JSON_STRING)
			return PV_FAIL(e, PV_E_INPUT, "%s[%zu]: a text is wanted", names, n);
		at[n++] = pv_arena_copy(a, pv_json_at(doc, c)->text);
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

PV_RESULT
pv_opentdf_texts(struct pv_slice body, bool proto, const char *names, uint32_t number,
    struct pv_arena *a, struct pv_names *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	if (proto)
		return texts_of_proto(body, number, a, out, e);
	PV_TRY(read_json(&doc, body, e));
	return texts_of(doc, member(doc, 0, names), names, a, out, e);
}

/* ---- the request token ---- */

static PV_RESULT
part_of_token(struct pv_slice part, const char *name, struct pv_json **doc, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (!pv_base64_read(&text, part, PV_BASE64_URL))
		return PV_FAIL(e, PV_E_INPUT, "the request token's %s is no base64url", name);
	return pv_within(read_json(doc, pv_buf_slice(&text), e), e, "request token's %s", name);
}

/* Seconds; fractions are cut. False: it is not there, or none. */
static bool
time_of(const struct pv_json *doc, const char *name, double *out)
{
	uint32_t m = member(doc, 0, name);

	if (m == PV_JSON_NONE ||
	    (pv_json_at(doc, m)->type != PV_JSON_INT && pv_json_at(doc, m)->type != PV_JSON_REAL))
		return false;
	*out = pv_json_at(doc, m)->real;
	return true;
}

static PV_RESULT
check_times(const struct pv_json *claims, uint64_t now_s, struct pv_err *e)
{
	double now = (double)now_s, at;

	if (!time_of(claims, "exp", &at))
		return PV_FAIL(e, PV_E_INPUT, "the request token has no exp");
	if (at + PV_OPENTDF_SKEW_S < now)
		return PV_FAIL(e, PV_E_INPUT, "the request token is expired");
	if ((time_of(claims, "iat", &at) && at > now + PV_OPENTDF_SKEW_S) ||
	    (time_of(claims, "nbf", &at) && at > now + PV_OPENTDF_SKEW_S))
		return PV_FAIL(e, PV_E_INPUT, "the request token is of a time to come");
	return PV_DONE;
}

/* base64 in any of its forms, as protojson takes it, in ours. */
static bool
one_base64(struct pv_slice text, struct pv_arena *a, struct pv_slice *out)
{
	static const enum pv_base64_form forms[] = { PV_BASE64, PV_BASE64_BARE, PV_BASE64_URL,
		PV_BASE64_URL_PADDED };
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (pv_base64_read(&bytes, text, forms[i])) {
			pv_base64_write(&again, pv_buf_slice(&bytes), PV_BASE64);
			*out = pv_arena_copy(a, pv_buf_slice(&again));
			return true;
		}
	return false;
}

/* The keeper gets keys as we write them, not as they came. */
static PV_RESULT
own_pem(struct pv_slice *pem, enum pv_key_kind only, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *key = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf again = { 0 };

	if (pem->n > PEM_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a public key of %zu bytes", pem->n);
	PV_TRY(pv_wrap_pub_read(&key, *pem, e));
	if (only != PV_KEY_NONE && pv_wrap_pub_kind(key) != only)
		return PV_FAIL(e, PV_E_INPUT, "the public key is of another kind");
	pv_wrap_pub_write(&again, key);
	*pem = pv_arena_copy(a, pv_buf_slice(&again));
	return PV_DONE;
}

/* {"alg":"HS256","hash":"..."}, or of old files the hash alone. */
static PV_RESULT
read_binding(const struct pv_json *doc, uint32_t access, struct pv_arena *a, struct pv_slice *out,
    struct pv_err *e)
{
	uint32_t binding = member(doc, access, "policyBinding policy_binding");
	struct pv_slice alg = PV_NO_SLICE, hash = PV_NO_SLICE;

	if (binding != PV_JSON_NONE && pv_json_at(doc, binding)->type == PV_JSON_STRING)
		hash = pv_json_at(doc, binding)->text;
	else {
		PV_TRY(text_of(doc, binding, "hash", a, &hash, e));
		PV_TRY(text_of(doc, binding, "alg algorithm", a, &alg, e));
	}
	if (alg.n != 0 && !pv_slice_is(alg, "HS256"))
		return PV_FAIL(e, PV_E_INPUT, "policyBinding.alg: HS256 is wanted");
	if (!one_base64(hash, a, out))
		return PV_FAIL(e, PV_E_INPUT, "policyBinding.hash: no base64");
	return PV_DONE;
}

static PV_RESULT
read_access(const struct pv_json *doc, uint32_t access, struct pv_rewrap_item *out,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice wrapped;

	PV_TRY(text_of(doc, access, "type keyType key_type", a, &out->type, e));
	PV_TRY(text_of(doc, access, "kid", a, &out->kid, e));
	PV_TRY(text_of(doc, access, "wrappedKey wrapped_key", a, &wrapped, e));
	PV_TRY(
	    text_of(doc, access, "ephemeralPublicKey ephemeral_public_key", a, &out->ephemeral, e));
	if (out->kid.n > TEXT_MAX || out->type.n > TEXT_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a kid or type of more than %d bytes", TEXT_MAX);
	if (!one_base64(wrapped, a, &out->wrapped))
		return PV_FAIL(e, PV_E_INPUT, "wrappedKey: no base64");
	if (out->ephemeral.n != 0)
		PV_TRY(pv_within(
		    own_pem(&out->ephemeral, PV_KEY_P256, a, e), e, "ephemeralPublicKey"));
	return read_binding(doc, access, a, &out->binding, e);
}

struct reading {
	PV_VEC(struct pv_rewrap_item) items;
	PV_VEC(struct pv_opentdf_ids) ids;
};

static void
end_reading(struct reading *r)
{
	PV_VEC_FREE(&r->items);
	PV_VEC_FREE(&r->ids);
}

static PV_RESULT
add_share(struct reading *r, const struct pv_json *doc, uint32_t access, struct pv_slice policy,
    struct pv_opentdf_ids ids, struct pv_arena *a, struct pv_err *e)
{
	struct pv_rewrap_item item = { .policy = policy };

	if (r->items.n == PV_KAS_ITEMS_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "more than %d shares in one request", PV_KAS_ITEMS_MAX);
	PV_TRY(read_access(doc, access, &item, a, e));
	*PV_VEC_ADD(&r->items) = item;
	*PV_VEC_ADD(&r->ids) = ids;
	return PV_DONE;
}

static PV_RESULT
read_group(struct reading *r, const struct pv_json *doc, uint32_t group, size_t number,
    struct pv_arena *a, struct pv_err *e)
{
	uint32_t policy = member(doc, group, "policy");
	uint32_t list = member(doc, group, "keyAccessObjects key_access_objects");
	struct pv_opentdf_ids ids = { .group = number };
	struct pv_slice body;

	PV_TRY(text_of(doc, policy, "id", a, &ids.policy, e));
	PV_TRY(text_of(doc, policy, "body", a, &body, e));
	if (list == PV_JSON_NONE || pv_json_at(doc, list)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "keyAccessObjects: a list is wanted");
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		PV_TRY(
		    text_of(doc, i, "keyAccessObjectId key_access_object_id", a, &ids.access, e));
		PV_TRY(add_share(
		    r, doc, member(doc, i, "keyAccessObject key_access_object"), body, ids, a, e));
	}
	return PV_DONE;
}

static PV_RESULT
read_groups(struct reading *r, const struct pv_json *doc, uint32_t list, struct pv_arena *a,
    struct pv_err *e)
{
	size_t n = 0;

	if (pv_json_at(doc, list)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "requests: a list is wanted");
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		PV_TRY(pv_within(read_group(r, doc, i, n, a, e), e, "requests[%zu]", n));
		n++;
	}
	return PV_DONE;
}

static PV_RESULT
read_request(struct pv_opentdf_rewrap *out, struct reading *r, const struct pv_json *doc,
    struct pv_arena *a, struct pv_err *e)
{
	uint32_t list = member(doc, 0, "requests"), access = member(doc, 0, "keyAccess key_access");
	struct pv_slice policy;

	PV_TRY(text_of(doc, 0, "clientPublicKey client_public_key", a, &out->ask.client_key, e));
	PV_TRY(pv_within(own_pem(&out->ask.client_key, PV_KEY_NONE, a, e), e, "clientPublicKey"));
	out->bulk = list != PV_JSON_NONE && pv_json_at(doc, list)->count != 0;
	if (out->bulk)
		return read_groups(r, doc, list, a, e);
	if (access == PV_JSON_NONE)
		return PV_FAIL(e, PV_E_INPUT, "the request names no key access object");
	PV_TRY(text_of(doc, 0, "policy", a, &policy, e));
	return add_share(r, doc, access, policy, (struct pv_opentdf_ids){ 0 }, a, e);
}

static PV_RESULT
read_body(struct pv_opentdf_rewrap *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(end_reading) struct reading r = { 0 };
	struct pv_rewrap_item *items;
	struct pv_opentdf_ids *ids;

	PV_TRY(read_json(&doc, text, e));
	PV_TRY(read_request(out, &r, doc, a, e));
	items = pv_arena_alloc_n(a, r.items.n, sizeof(*items));
	ids = pv_arena_alloc_n(a, r.ids.n, sizeof(*ids));
	if (r.items.n != 0) {
		memcpy(items, r.items.at, r.items.n * sizeof(*items));
		memcpy(ids, r.ids.at, r.ids.n * sizeof(*ids));
	}
	out->ask.rows = items;
	out->ask.count = r.items.n;
	out->ids = ids;
	return PV_DONE;
}

PV_RESULT
pv_opentdf_rewrap_read(struct pv_opentdf_rewrap *out, struct pv_slice token, uint64_t now_s,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *head = NULL;
	PV_AUTO(pv_json_freep) struct pv_json *claims = NULL;
	struct pv_slice rest = token, part[3], alg, body;

	*out = (struct pv_opentdf_rewrap){ 0 };
	for (size_t i = 0; i < 3; i++)
		if (!pv_slice_next(&rest, '.', &part[i]))
			return PV_FAIL(e, PV_E_INPUT, "the request token is no JWS");
	if (rest.n != 0)
		return PV_FAIL(e, PV_E_INPUT, "the request token is no JWS");
	PV_TRY(part_of_token(part[0], "header", &head, e));
	PV_TRY(part_of_token(part[1], "payload", &claims, e));
	PV_TRY(text_of(head, 0, "alg", a, &alg, e));
	if (alg.n == 0 || pv_slice_is(alg, "none"))
		return PV_FAIL(e, PV_E_INPUT, "the request token is not signed");
	PV_TRY(check_times(claims, now_s, e));
	PV_TRY(text_of(claims, 0, "requestBody", a, &body, e));
	return pv_within(read_body(out, body, a, e), e, "requestBody");
}

/* ---- the purpose ---- */

/* ".../obl/purpose/value/law.interdict" */
static bool
purpose_in(struct pv_slice fqn, struct pv_slice *out)
{
	static const char mark[] = "/obl/purpose/value/";
	const char *at = fqn.n != 0 ? memmem(fqn.p, fqn.n, mark, sizeof(mark) - 1) : NULL;

	if (at == NULL)
		return false;
	*out = pv_slice_sub(fqn, (size_t)(at - fqn.p) + sizeof(mark) - 1, fqn.n);
	return pv_name_ok(*out);
}

PV_RESULT
pv_opentdf_purposes(
    struct pv_slice header, struct pv_arena *a, struct pv_names *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_slice again, *at;
	struct pv_names fqns;
	size_t n = 0;

	*out = (struct pv_names){ 0 };
	if (header.n == 0)
		return PV_DONE;
	if (header.n > CONTEXT_MAX || !one_base64(header, a, &again) ||
	    !pv_base64_read(&text, again, PV_BASE64))
		return PV_FAIL(e, PV_E_INPUT, "X-Rewrap-Additional-Context: no base64");
	PV_TRY(
	    pv_within(read_json(&doc, pv_buf_slice(&text), e), e, "X-Rewrap-Additional-Context"));
	PV_TRY(texts_of(doc,
	    member(doc, member(doc, 0, "obligations"), "fulfillableFQNs fulfillable_fqns"),
	    "fulfillableFQNs", a, &fqns, e));
	at = pv_arena_alloc_n(a, fqns.n, sizeof(*at));
	for (size_t i = 0; i < fqns.n; i++)
		n += purpose_in(fqns.at[i], &at[n]) ? 1 : 0;
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

/* ---- how a failure is told ---- */

const char *
pv_opentdf_code(enum pv_rewrap_says says)
{
	switch (says) {
	case PV_REWRAP_REFUSED:
	case PV_REWRAP_PURPOSE:
		return "permission_denied";
	case PV_REWRAP_TAMPERED:
	case PV_REWRAP_INVALID:
		return "invalid_argument";
	case PV_REWRAP_LIMITED:
		return "resource_exhausted";
	case PV_REWRAP_GRANTED:
	case PV_REWRAP_FAILED:
		break;
	}
	return "internal";
}

/* The words of gRPC, which SDKs look for. */
static const char *
grpc_word(enum pv_rewrap_says says)
{
	switch (says) {
	case PV_REWRAP_REFUSED:
	case PV_REWRAP_PURPOSE:
		return "PermissionDenied";
	case PV_REWRAP_TAMPERED:
	case PV_REWRAP_INVALID:
		return "InvalidArgument";
	case PV_REWRAP_LIMITED:
		return "ResourceExhausted";
	case PV_REWRAP_GRANTED:
	case PV_REWRAP_FAILED:
		break;
	}
	return "Internal";
}

static void
add_orders(struct pv_buf *out, const struct pv_rewrapped *r)
{
	if (r->reason.n != 0)
		pv_buf_addf(out, ": %.*s", PV_FMT(r->reason));
	for (size_t i = 0; i < r->orders.n; i++)
		pv_buf_addf(out, "%s%.*s", i == 0 ? " by order " : ", ", PV_FMT(r->orders.at[i]));
	if (r->lifted_by.n != 0)
		pv_buf_addf(out, ", which %.*s can lift", PV_FMT(r->lifted_by));
	if (r->reference.n != 0)
		pv_buf_addf(out, " (reference %.*s)", PV_FMT(r->reference));
}

/* "bad request" is what SDKs take for tampering, so nothing else may say it. */
void
pv_opentdf_failure(const struct pv_rewrapped *r, struct pv_buf *out)
{
	pv_buf_addf(out,
	    "%s: request error\nrpc error: code = %s desc = ", pv_opentdf_code(r->says),
	    grpc_word(r->says));
	switch (r->says) {
	case PV_REWRAP_REFUSED:
		pv_buf_add_str(out, "forbidden");
		add_orders(out, r);
		return;
	case PV_REWRAP_PURPOSE:
		pv_buf_add_str(out, "forbidden: a purpose is to be stated, one that this "
				    "credential allows");
		return;
	case PV_REWRAP_TAMPERED:
		pv_buf_add_str(out, "bad request");
		return;
	case PV_REWRAP_LIMITED:
		pv_buf_add_str(out, "too many keys that do not open; wait a minute");
		return;
	case PV_REWRAP_INVALID:
	case PV_REWRAP_FAILED:
	case PV_REWRAP_GRANTED:
		pv_buf_add(out, r->text);
		return;
	}
}

/* ---- the answer ---- */

static void
write_metadata(const struct pv_rewrapped *r, const struct pv_rewrap *all, struct pv_slice url,
    struct pv_jsonw *w, const char *name)
{
	pv_jsonw_object(w, name);
	if (r->says == PV_REWRAP_PURPOSE) {
		pv_jsonw_array(w, "X-Required-Obligations");
		for (size_t i = 0; i < all->may_state.n; i++) {
			PV_AUTO(pv_buf_free) struct pv_buf fqn = { 0 };

			pv_buf_addf(&fqn, "%.*s/obl/purpose/value/%.*s", PV_FMT(url),
			    PV_FMT(all->may_state.at[i]));
			pv_jsonw_str(w, NULL, pv_buf_slice(&fqn));
		}
		pv_jsonw_end(w);
	}
	if (r->lifted_by.n != 0)
		pv_jsonw_str(w, "X-Proviso-Lifted-By", r->lifted_by);
	if (r->orders.n != 0) {
		pv_jsonw_array(w, "X-Proviso-Orders");
		for (size_t i = 0; i < r->orders.n; i++)
			pv_jsonw_str(w, NULL, r->orders.at[i]);
		pv_jsonw_end(w);
	}
	if (r->reason.n != 0)
		pv_jsonw_str(w, "X-Proviso-Reason", r->reason);
	if (r->reference.n != 0)
		pv_jsonw_str(w, "X-Proviso-Reference", r->reference);
	if (r->release.n != 0)
		pv_jsonw_str(w, "X-Proviso-Release", r->release);
	pv_jsonw_end(w);
}

static void
write_result(const struct pv_opentdf_ids *ids, const struct pv_rewrapped *r,
    const struct pv_rewrap *all, struct pv_slice url, struct pv_jsonw *w)
{
	PV_AUTO(pv_buf_free) struct pv_buf why = { 0 };

	pv_jsonw_object(w, NULL);
	write_metadata(r, all, url, w, "metadata");
	pv_jsonw_str(w, "keyAccessObjectId", ids->access);
	pv_jsonw_str(w, "status", pv_slice_of(r->says == PV_REWRAP_GRANTED ? "permit" : "fail"));
	if (r->says == PV_REWRAP_GRANTED)
		pv_jsonw_str(w, "kasWrappedKey", r->wrapped);
	else {
		pv_opentdf_failure(r, &why);
		pv_jsonw_str(w, "error", pv_buf_slice(&why));
	}
	pv_jsonw_end(w);
}

static void
write_json(const struct pv_opentdf_rewrap *asked, const struct pv_rewrap *answer,
    struct pv_slice url, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "sessionPublicKey", answer->session_key);
	if (!asked->bulk && answer->count == 1)
		pv_jsonw_str(&w, "entityWrappedKey", answer->rows[0].wrapped);
	pv_jsonw_array(&w, "responses");
	for (size_t i = 0; i < answer->count; i++) {
		bool begins = i == 0 || asked->ids[i].group != asked->ids[i - 1].group;
		bool ends =
		    i + 1 == answer->count || asked->ids[i].group != asked->ids[i + 1].group;

		if (begins) {
			pv_jsonw_object(&w, NULL);
			pv_jsonw_str(&w, "policyId", asked->ids[i].policy);
			pv_jsonw_array(&w, "results");
		}
		write_result(&asked->ids[i], &answer->rows[i], answer, url, &w);
		if (ends) {
			pv_jsonw_end(&w);
			pv_jsonw_end(&w);
		}
	}
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}

/* A map of text to google.protobuf.Value: an entry is a message of key and value. */
static void
add_metadata(struct pv_buf *out, const struct pv_json *doc, uint32_t metadata)
{
	for (uint32_t i = pv_json_at(doc, metadata)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };

		pv_pb_add_bytes(&entry, 1, pv_json_at(doc, i)->name);
		pv_pb_add_value(&entry, 2, doc, i);
		pv_pb_add_bytes(out, 1, pv_buf_slice(&entry));
	}
}

static void
add_base64(struct pv_buf *out, uint32_t number, struct pv_slice base64)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };

	if (base64.n != 0 && pv_base64_read(&bytes, base64, PV_BASE64))
		pv_pb_add_bytes(out, number, pv_buf_slice(&bytes));
}

static struct pv_slice
text_at(const struct pv_json *doc, uint32_t i, const char *name)
{
	uint32_t m = member(doc, i, name);

	return m != PV_JSON_NONE ? pv_json_at(doc, m)->text : PV_NO_SLICE;
}

/* KeyAccessRewrapResult */
static void
add_result(struct pv_buf *out, const struct pv_json *doc, uint32_t result)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	add_metadata(&b, doc, member(doc, result, "metadata"));
	pv_pb_add_text(&b, 2, text_at(doc, result, "keyAccessObjectId"));
	pv_pb_add_text(&b, 3, text_at(doc, result, "status"));
	add_base64(&b, 4, text_at(doc, result, "kasWrappedKey"));
	pv_pb_add_text(&b, 5, text_at(doc, result, "error"));
	pv_pb_add_bytes(out, 2, pv_buf_slice(&b));
}

/* Our own JSON, so that the two forms cannot say different things. */
static void
json_to_proto(struct pv_slice json, struct pv_buf *out)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	uint32_t list, results;
	struct pv_err e;

	if (!pv_ok(pv_json_read(&doc, json, SIZE_MAX, &e)))
		return; /* what we wrote reads */
	add_base64(out, 2, text_at(doc, 0, "entityWrappedKey"));
	pv_pb_add_text(out, 3, text_at(doc, 0, "sessionPublicKey"));
	list = member(doc, 0, "responses");
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

		pv_pb_add_text(&b, 1, text_at(doc, i, "policyId"));
		results = member(doc, i, "results");
		for (uint32_t k = pv_json_at(doc, results)->first; k != PV_JSON_NONE;
		     k = pv_json_at(doc, k)->next)
			add_result(&b, doc, k);
		pv_pb_add_bytes(out, 5, pv_buf_slice(&b));
	}
}

void
pv_opentdf_rewrap_write(const struct pv_opentdf_rewrap *asked, const struct pv_rewrap *answer,
    struct pv_slice url, bool proto, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 };

	if (!proto) {
		write_json(asked, answer, url, out);
		return;
	}
	write_json(asked, answer, url, &json);
	json_to_proto(pv_buf_slice(&json), out);
}

/* ---- answers without more to them ---- */

static void
add_url(struct pv_jsonw *w, const char *name, struct pv_slice url, const char *path)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_buf_add(&b, url);
	pv_buf_add_str(&b, path);
	pv_jsonw_str(w, name, pv_buf_slice(&b));
}

void
pv_opentdf_configuration(const struct pv_kas_keys *keys, struct pv_slice url, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	if (keys->count != 0) {
		pv_jsonw_object(&w, "base_key");
		add_url(&w, "kas_uri", url, "/kas");
		pv_jsonw_object(&w, "public_key");
		pv_jsonw_str(&w, "algorithm", keys->rows[0].algorithm);
		pv_jsonw_str(&w, "kid", keys->rows[0].kid);
		pv_jsonw_str(&w, "pem", keys->rows[0].pem);
		pv_jsonw_end(&w);
		pv_jsonw_end(&w);
	}
	pv_jsonw_object(&w, "health");
	add_url(&w, "endpoint", url, "/healthz");
	pv_jsonw_end(&w);
	pv_jsonw_object(&w, "idp");
	pv_jsonw_str(&w, "issuer", url);
	add_url(&w, "token_endpoint", url, "/oauth2/token");
	pv_jsonw_end(&w);
	pv_jsonw_str(&w, "platform_issuer", url);
	pv_jsonw_bool(&w, "supports_dpop", false);
	pv_jsonw_end(&w);
}

/* https://NAMESPACE/attr/NAME/value/VALUE; what is not of that form has no parts. */
struct fqn {
	struct pv_slice space, space_fqn, name, attribute, value;
};

static struct fqn
fqn_parts(struct pv_slice all)
{
	static const char attr[] = "/attr/", value[] = "/value/";
	const char *a = memmem(all.p, all.n, attr, sizeof(attr) - 1), *v, *scheme;
	struct fqn f = { 0 };
	size_t at;

	if (a == NULL)
		return f;
	at = (size_t)(a - all.p);
	v = memmem(a, all.n - at, value, sizeof(value) - 1);
	if (v == NULL)
		return f;
	f.space_fqn = pv_slice_sub(all, 0, at);
	scheme = memmem(all.p, at, "://", 3);
	f.space =
	    scheme != NULL ? pv_slice_sub(all, (size_t)(scheme - all.p) + 3, at) : f.space_fqn;
	f.attribute = pv_slice_sub(all, 0, (size_t)(v - all.p));
	f.name = pv_slice_sub(all, at + sizeof(attr) - 1, (size_t)(v - all.p));
	f.value = pv_slice_sub(all, (size_t)(v - all.p) + sizeof(value) - 1, all.n);
	return f;
}

static void
write_attribute(struct pv_jsonw *w, struct pv_slice fqn)
{
	struct fqn f = fqn_parts(fqn);

	pv_jsonw_named(w, fqn);
	pv_jsonw_object(w, NULL);
	pv_jsonw_object(w, "attribute");
	pv_jsonw_object(w, "namespace");
	pv_jsonw_str(w, "name", f.space);
	pv_jsonw_str(w, "fqn", f.space_fqn);
	pv_jsonw_bool(w, "active", true);
	pv_jsonw_end(w);
	pv_jsonw_str(w, "name", f.name);
	pv_jsonw_str(w, "rule", PV_SLICE("ATTRIBUTE_RULE_TYPE_ENUM_ANY_OF"));
	pv_jsonw_str(w, "fqn", f.attribute);
	pv_jsonw_bool(w, "active", true);
	pv_jsonw_end(w);
	pv_jsonw_object(w, "value");
	pv_jsonw_str(w, "value", f.value);
	pv_jsonw_str(w, "fqn", fqn);
	pv_jsonw_bool(w, "active", true);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

/* google.protobuf.BoolValue */
static void
add_true(struct pv_buf *out, uint32_t number)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_pb_add_varint(&b, 1, 1);
	pv_pb_add_bytes(out, number, pv_buf_slice(&b));
}

#define ANY_OF 2 /* AttributeRuleTypeEnum */

static void
add_attribute(struct pv_buf *out, struct pv_slice fqn)
{
	struct fqn f = fqn_parts(fqn);
	PV_AUTO(pv_buf_free) struct pv_buf space = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf attribute = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf value = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf both = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };

	pv_pb_add_text(&space, 2, f.space);
	pv_pb_add_text(&space, 3, f.space_fqn);
	add_true(&space, 4);
	pv_pb_add_bytes(&attribute, 2, pv_buf_slice(&space));
	pv_pb_add_text(&attribute, 3, f.name);
	pv_pb_add_varint(&attribute, 4, ANY_OF);
	pv_pb_add_text(&attribute, 7, f.attribute);
	add_true(&attribute, 8);
	pv_pb_add_text(&value, 3, f.value);
	pv_pb_add_text(&value, 6, fqn);
	add_true(&value, 7);
	pv_pb_add_bytes(&both, 1, pv_buf_slice(&attribute));
	pv_pb_add_bytes(&both, 2, pv_buf_slice(&value));
	pv_pb_add_bytes(&entry, 1, fqn);
	pv_pb_add_bytes(&entry, 2, pv_buf_slice(&both));
	pv_pb_add_bytes(out, 1, pv_buf_slice(&entry));
}

void
pv_opentdf_attributes(struct pv_names fqns, bool proto, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	if (proto) {
		for (size_t i = 0; i < fqns.n; i++)
			add_attribute(out, fqns.at[i]);
		return;
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_object(&w, "fqnAttributeValues");
	for (size_t i = 0; i < fqns.n; i++)
		write_attribute(&w, fqns.at[i]);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}

void
pv_opentdf_servers(struct pv_names urls, bool proto, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	if (proto) {
		for (size_t i = 0; i < urls.n; i++) {
			PV_AUTO(pv_buf_free) struct pv_buf server = { 0 };

			pv_pb_add_text(&server, 2, urls.at[i]);
			pv_pb_add_bytes(out, 1, pv_buf_slice(&server));
		}
		return;
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_array(&w, "keyAccessServers");
	for (size_t i = 0; i < urls.n; i++) {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "uri", urls.at[i]);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	pv_jsonw_object(&w, "pagination");
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}
