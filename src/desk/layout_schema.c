/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). */
#include "desk/call.h"
#include "wire/record.h"

#define INTEGER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */

static void
write_ref(struct pv_jsonw *w, const char *name)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	pv_buf_addf(&path, "#/components/schemas/%s", name);
	pv_jsonw_str(w, "$ref", pv_buf_slice(&path));
}

static void
write_type(struct pv_jsonw *w, const char *type)
{
	pv_jsonw_str(w, "type", pv_slice_of(type));
}

static const char *
record_schema(const struct pv_field *f)
{
	if ((f->record_flags & PV_READ_LABEL) != 0)
		return "LabelDraft";
	return (f->record_flags & PV_READ_DRAFT) != 0 ? "RecordDraft" : "Record";
}

static void
write_number(struct pv_jsonw *w, int64_t max)
{
	write_type(w, "integer");
	pv_jsonw_int(w, "minimum", 0);
	pv_jsonw_int(w, "maximum", max);
}

static void
write_words(struct pv_jsonw *w, const char *const *words)
{
	write_type(w, "string");
	pv_jsonw_array(w, "enum");
	for (size_t i = words[0] == NULL ? 1 : 0; words[i] != NULL; i++)
		pv_jsonw_str(w, NULL, pv_slice_of(words[i]));
	pv_jsonw_end(w);
}

static void
write_list_of(struct pv_jsonw *w, const char *of)
{
	write_type(w, "array");
	pv_jsonw_object(w, "items");
	if (of == NULL)
		write_type(w, "string");
	else
		write_ref(w, of);
	pv_jsonw_end(w);
}

/* What is within the object of one member. */
static void
write_member(struct pv_jsonw *w, const struct pv_field *f)
{
	switch (f->shape) {
	case PV_AS_TEXT:
	case PV_AS_CSTR:
		write_type(w, "string");
		return;
	case PV_AS_CHARS:
		write_type(w, "string");
		pv_jsonw_u64(w, "maxLength", f->count_at - 1);
		return;
	case PV_AS_BYTES:
		write_type(w, "string");
		pv_jsonw_str(w, "contentEncoding", PV_SLICE("base64"));
		return;
	case PV_AS_JSON:
		return;
	case PV_AS_NAMES:
		write_list_of(w, NULL);
		return;
	case PV_AS_TEXTS:
		write_type(w, "object");
		pv_jsonw_object(w, "additionalProperties");
		write_type(w, "string");
		pv_jsonw_end(w);
		return;
	case PV_AS_BOOL:
		write_type(w, "boolean");
		return;
	case PV_AS_U64:
		write_number(w, INTEGER_MAX);
		return;
	case PV_AS_UINT:
		write_number(w, UINT32_MAX);
		return;
	case PV_AS_TIME:
		write_type(w, "string");
		pv_jsonw_str(w, "format", PV_SLICE("date-time"));
		pv_jsonw_str(w, "pattern",
		    PV_SLICE("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"));
		return;
	case PV_AS_WORD:
		write_words(w, f->words);
		return;
	case PV_AS_RECORD:
		write_ref(w, record_schema(f));
		return;
	case PV_AS_RECORDS:
		write_list_of(w, record_schema(f));
		return;
	case PV_AS_ONE:
		write_ref(w, f->of->name);
		return;
	case PV_AS_LIST:
		write_list_of(w, f->of->name);
		return;
	case PV_AS_OBLIGATIONS:
		write_list_of(w, "Obligation");
		return;
	case PV_AS_END:
		return;
	}
}

void
pv_field_schema(const struct pv_field *f, struct pv_jsonw *w, const char *name)
{
	pv_jsonw_object(w, name);
	if (f->text != NULL && f->text[0] != '\0')
		pv_jsonw_str(w, "description", pv_slice_of(f->text));
	write_member(w, f);
	pv_jsonw_end(w);
}

void
pv_layout_schema(const struct pv_layout *l, struct pv_jsonw *w, const char *name)
{
	pv_jsonw_object(w, name);
	write_type(w, "object");
	pv_jsonw_bool(w, "additionalProperties", false);
	pv_jsonw_object(w, "properties");
	for (const struct pv_field *f = l->fields; f->name != NULL; f++)
		pv_field_schema(f, w, f->name);
	pv_jsonw_end(w);
	pv_jsonw_array(w, "required");
	for (const struct pv_field *f = l->fields; f->name != NULL; f++)
		if ((f->flags & PV_MUST) != 0)
			pv_jsonw_str(w, NULL, pv_slice_of(f->name));
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}
