/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenTDF binds a policy by the base64 text of its JSON, so a text is never
 * rewritten on its way. Ours is RFC 8785; a policy that claims to be ours is
 * written again and compared, so it has one text, and what the reader of a
 * report sees in a manifest is all there is.
 */
#include "seal/policy.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "seal/field.h"

#define TEXT_MAX 1000 /* bytes of one name, id or FQN */

static bool
uuid_ok(struct pv_slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = s.p[i];

		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static PV_RESULT
check_ours(const struct pv_policy *p, struct pv_err *e)
{
	uint8_t digest[32];

	if (!uuid_ok(p->uuid))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not a UUID in lower case",
				     PV_FMT(pv_slice_sub(p->uuid, 0, 80))),
		    e, "uuid");
	if (p->dissem_count != 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is not empty: who may open is what the agreements say"),
		    e, "body.dissem");
	if (!pv_hex_read_n(digest, sizeof(digest), p->label))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not a SHA-256 in lower-case hex",
			PV_FMT(pv_slice_sub(p->label, 0, 80))),
		    e, "body.proviso.label");
	if (p->report.n == 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is empty"), e, "body.proviso.report");
	if (p->origin.n == 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is empty"), e, "body.proviso.origin");
	if (!pv_name_ok(p->originator))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not the name of a party",
				     PV_FMT(pv_slice_sub(p->originator, 0, 80))),
		    e, "body.proviso.originator");
	return PV_DONE;
}

/* ---- writing ---- */

static void
write_json(const struct pv_policy *p, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_object(&w, "body");
	pv_jsonw_array(&w, "dataAttributes");
	for (size_t i = 0; i < p->attribute_count; i++) {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "attribute", p->attributes[i]);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	pv_jsonw_array(&w, "dissem");
	pv_jsonw_end(&w);
	pv_jsonw_object(&w, "proviso");
	pv_jsonw_str(&w, "label", p->label);
	pv_jsonw_str(&w, "origin", p->origin);
	pv_jsonw_str(&w, "originator", p->originator);
	pv_jsonw_str(&w, "report", p->report);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	pv_jsonw_str(&w, "uuid", p->uuid);
	pv_jsonw_end(&w);
}

PV_RESULT
pv_policy_write(const struct pv_policy *p, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 }, text = { 0 };
	struct pv_policy again;

	write_json(p, &json);
	pv_base64_write(&text, pv_buf_slice(&json), PV_BASE64);
	PV_TRY(pv_within(pv_policy_read(&again, pv_buf_slice(&text), a, e), e, "policy"));
	/* JSON cannot hold what is not UTF-8: the writer puts U+FFFD there */
	if (!pv_slice_eq(again.report, p->report) || !pv_slice_eq(again.origin, p->origin))
		return PV_FAIL(e, PV_E_INPUT, "the policy holds text that is not UTF-8");
	pv_buf_add(out, pv_buf_slice(&text));
	return PV_DONE;
}

/* ---- reading ---- */

static PV_RESULT
read_attributes(struct pv_policy *p, const struct pv_fields *body, struct pv_err *e)
{
	struct pv_slice *names;
	uint32_t list, i;

	PV_TRY(pv_field_find(body, "dataAttributes", PV_JSON_ARRAY, &list, e));
	if (list == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(body->doc, list)->count > PV_POLICY_ATTRIBUTES_MAX)
		return pv_within(
		    PV_FAIL(e, PV_E_LIMIT, "holds %u attributes, the limit is %d",
			(unsigned)pv_json_at(body->doc, list)->count, PV_POLICY_ATTRIBUTES_MAX),
		    e, "dataAttributes");
	names = pv_arena_alloc_n(body->a, pv_json_at(body->doc, list)->count, sizeof(*names));
	for (i = pv_json_at(body->doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(body->doc, i)->next) {
		struct pv_fields one = { body->doc, i, body->a };

		if (pv_json_at(body->doc, i)->type != PV_JSON_OBJECT)
			return pv_within(PV_FAIL(e, PV_E_INPUT, "is not an object"), e,
			    "dataAttributes[%zu]", p->attribute_count);
		PV_TRY(pv_within(
		    pv_field_text(&one, "attribute", TEXT_MAX, &names[p->attribute_count], e), e,
		    "dataAttributes[%zu]", p->attribute_count));
		p->attribute_count++;
	}
	p->attributes = names;
	return PV_DONE;
}

static PV_RESULT
read_proviso(struct pv_policy *p, const struct pv_fields *body, struct pv_err *e)
{
	struct pv_fields own = *body;

	PV_TRY(pv_field_find(body, "proviso", PV_JSON_OBJECT, &own.at, e));
	if (own.at == PV_JSON_NONE)
		return PV_DONE;
	p->ours = true;
	PV_TRY(pv_within(pv_field_text(&own, "label", TEXT_MAX, &p->label, e), e, "proviso"));
	PV_TRY(pv_within(pv_field_text(&own, "origin", TEXT_MAX, &p->origin, e), e, "proviso"));
	PV_TRY(pv_within(
	    pv_field_text(&own, "originator", TEXT_MAX, &p->originator, e), e, "proviso"));
	return pv_within(pv_field_text(&own, "report", TEXT_MAX, &p->report, e), e, "proviso");
}

static PV_RESULT
read_body(struct pv_policy *p, const struct pv_fields *body, struct pv_err *e)
{
	uint32_t list;

	PV_TRY(read_attributes(p, body, e));
	PV_TRY(pv_field_find(body, "dissem", PV_JSON_ARRAY, &list, e));
	if (list != PV_JSON_NONE)
		p->dissem_count = pv_json_at(body->doc, list)->count;
	return read_proviso(p, body, e);
}

PV_RESULT
pv_policy_read(struct pv_policy *out, struct pv_slice base64, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, again = { 0 };
	struct pv_policy p = { 0 };
	struct pv_fields f, body;

	if (base64.n > PV_POLICY_MAX / 3 * 4)
		return PV_FAIL(e, PV_E_LIMIT, "the policy has %zu bytes, the limit is %d", base64.n,
		    PV_POLICY_MAX / 3 * 4);
	if (!pv_base64_read(&text, base64, PV_BASE64))
		return PV_FAIL(e, PV_E_INPUT, "the policy is not base64");
	PV_TRY(pv_json_read(&doc, pv_buf_slice(&text), PV_POLICY_MAX, e));
	f = (struct pv_fields){ doc, 0, a };
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the policy is not an object");
	PV_TRY(pv_field_text(&f, "uuid", TEXT_MAX, &p.uuid, e));
	body = f;
	PV_TRY(pv_field_need(&f, "body", PV_JSON_OBJECT, &body.at, e));
	PV_TRY(pv_within(read_body(&p, &body, e), e, "body"));
	if (p.ours) {
		PV_TRY(check_ours(&p, e));
		write_json(&p, &again);
		if (!pv_slice_eq(pv_buf_slice(&again), pv_buf_slice(&text)))
			return PV_FAIL(
			    e, PV_E_UNTRUSTED, "the policy is not in the form that Proviso writes");
	}
	*out = p;
	return PV_DONE;
}
