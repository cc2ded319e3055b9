/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/field.h"

static const char *
type_name(enum pv_json_type type)
{
	switch (type) {
	case PV_JSON_NULL:
		return "null";
	case PV_JSON_BOOL:
		return "true or false";
	case PV_JSON_INT:
		return "a whole number";
	case PV_JSON_REAL:
		return "a number";
	case PV_JSON_STRING:
		return "a text";
	case PV_JSON_ARRAY:
		return "a list";
	case PV_JSON_OBJECT:
		return "an object";
	}
	return "nothing";
}

PV_RESULT
pv_field_find(const struct pv_fields *f, const char *name, enum pv_json_type type, uint32_t *out,
    struct pv_err *e)
{
	uint32_t i = pv_json_member(f->doc, f->at, pv_slice_of(name));
	enum pv_json_type found = i == PV_JSON_NONE ? PV_JSON_NULL : pv_json_at(f->doc, i)->type;

	if (found == PV_JSON_NULL) {
		*out = PV_JSON_NONE;
		return PV_DONE;
	}
	if (found != type)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is %s, not %s", type_name(found), type_name(type)), e,
		    "%s", name);
	*out = i;
	return PV_DONE;
}

PV_RESULT
pv_field_need(const struct pv_fields *f, const char *name, enum pv_json_type type, uint32_t *out,
    struct pv_err *e)
{
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_find(f, name, type, &i, e));
	if (i == PV_JSON_NONE)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is missing"), e, "%s", name);
	*out = i;
	return PV_DONE;
}

static bool
has_control(struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static PV_RESULT
text_at(const struct pv_fields *f, const char *name, uint32_t i, bool lines, size_t max,
    struct pv_slice *out, struct pv_err *e)
{
	struct pv_slice s = pv_json_at(f->doc, i)->text;

	if (s.n > max)
		return pv_within(
		    PV_FAIL(e, PV_E_LIMIT, "has %zu bytes, the limit is %zu", s.n, max), e, "%s",
		    name);
	if (!lines && has_control(s))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "holds control characters"), e, "%s", name);
	*out = pv_arena_copy(f->a, s);
	return PV_DONE;
}

PV_RESULT
pv_field_text(
    const struct pv_fields *f, const char *name, size_t max, struct pv_slice *out, struct pv_err *e)
{
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_need(f, name, PV_JSON_STRING, &i, e));
	return text_at(f, name, i, false, max, out, e);
}

PV_RESULT
pv_field_text_if(
    const struct pv_fields *f, const char *name, size_t max, struct pv_slice *out, struct pv_err *e)
{
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_find(f, name, PV_JSON_STRING, &i, e));
	if (i != PV_JSON_NONE)
		return text_at(f, name, i, false, max, out, e);
	*out = PV_NO_SLICE;
	return PV_DONE;
}

PV_RESULT
pv_field_lines(
    const struct pv_fields *f, const char *name, size_t max, struct pv_slice *out, struct pv_err *e)
{
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_need(f, name, PV_JSON_STRING, &i, e));
	return text_at(f, name, i, true, max, out, e);
}

PV_RESULT
pv_field_is(const struct pv_fields *f, const char *name, const char *want, struct pv_err *e)
{
	struct pv_slice got;
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_need(f, name, PV_JSON_STRING, &i, e));
	got = pv_json_at(f->doc, i)->text;
	if (!pv_slice_is(got, want))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is \"%.*s\", not \"%s\"",
				     PV_FMT(pv_slice_sub(got, 0, 80)), want),
		    e, "%s", name);
	return PV_DONE;
}

PV_RESULT
pv_field_number(const struct pv_fields *f, const char *name, uint64_t max, uint64_t fallback,
    uint64_t *out, struct pv_err *e)
{
	int64_t v;
	uint32_t i = PV_JSON_NONE;

	PV_TRY(pv_field_find(f, name, PV_JSON_INT, &i, e));
	if (i == PV_JSON_NONE) {
		*out = fallback;
		return PV_DONE;
	}
	v = pv_json_at(f->doc, i)->integer;
	if (v < 0 || (uint64_t)v > max)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "is %lld, outside 0 to %llu", (long long)v,
				     (unsigned long long)max),
		    e, "%s", name);
	*out = (uint64_t)v;
	return PV_DONE;
}
