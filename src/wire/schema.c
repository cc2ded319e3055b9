/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schemas of the records, signed (`log` is required). They say what one record can say of itself; that names are
 * declared and issuers may is for the fold.
 */
#include "base/mem.h"
#include "codec/json.h"
#include "wire/describe.h"
#include "wire/json_shape.h"
#include "wire/table.h"

#define TIME_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

static void write_object(
    struct pv_jsonw *w, const struct pv_table *const tables[2], enum pv_kind kind);

static void
write_text(struct pv_jsonw *w, enum pv_shape shape)
{
	pv_jsonw_str(w, "type", PV_SLICE("string"));
	pv_jsonw_int(w, "minLength", 1);
	if (pv_shape_pattern(shape) != NULL) {
		pv_jsonw_str(w, "pattern", pv_slice_of(pv_shape_pattern(shape)));
		pv_jsonw_u64(w, "maxLength", pv_shape_max(shape));
	}
}

static void
write_words(struct pv_jsonw *w, const struct pv_word *words)
{
	pv_jsonw_array(w, "enum");
	for (; words->word != NULL; words++)
		pv_jsonw_str(w, NULL, pv_slice_of(words->word));
	pv_jsonw_end(w);
}

static void
write_item(struct pv_jsonw *w, const struct pv_member *m)
{
	pv_jsonw_object(w, "items");
	if (m->words != NULL)
		write_words(w, m->words);
	else
		write_text(w, m->shape);
	pv_jsonw_end(w);
}

static void
write_array(struct pv_jsonw *w, const struct pv_member *m)
{
	pv_jsonw_str(w, "type", PV_SLICE("array"));
	if ((m->flags & PV_M_NONEMPTY) != 0)
		pv_jsonw_int(w, "minItems", 1);
}

/* One of two: pv_jsonw_object(), the second, two ends. */
static void
begin_either(struct pv_jsonw *w)
{
	pv_jsonw_array(w, "anyOf");
	pv_jsonw_object(w, NULL);
}

static void
write_texts(struct pv_jsonw *w)
{
	begin_either(w);
	write_text(w, PV_S_TEXT);
	pv_jsonw_end(w);
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "type", PV_SLICE("object"));
	pv_jsonw_object(w, "propertyNames");
	pv_jsonw_str(w, "pattern", pv_slice_of(pv_shape_pattern(PV_S_LANG)));
	pv_jsonw_end(w);
	pv_jsonw_object(w, "additionalProperties");
	write_text(w, PV_S_TEXT);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

static void
write_range(struct pv_jsonw *w, const struct pv_member *m)
{
	int64_t max = m->max != 0 ? (int64_t)m->max : (INT64_C(1) << 53) - 1;

	pv_jsonw_str(w, "type", PV_SLICE("integer"));
	pv_jsonw_int(w, "minimum", m->type == PV_T_INT ? -max : (int64_t)m->min);
	pv_jsonw_int(w, "maximum", max);
}

static void
write_needs(struct pv_jsonw *w, const struct pv_member *m)
{
	pv_jsonw_str(w, "type", PV_SLICE("object"));
	pv_jsonw_int(w, "minProperties", 1);
	pv_jsonw_bool(w, "additionalProperties", false);
	pv_jsonw_object(w, "properties");
	for (const struct pv_word *word = m->words; word->word != NULL; word++) {
		pv_jsonw_object(w, word->word);
		write_range(w, m);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

/* The object, or what may stand in its place: {}, or a word alone. */
static void
write_nested(struct pv_jsonw *w, const struct pv_member *m)
{
	const struct pv_table *const tables[2] = { m->nested, NULL };
	bool or_empty = m->type == PV_T_OBJECT && (m->flags & PV_M_NONEMPTY) == 0;
	const struct pv_member *word = m->nested->members;

	if (!or_empty && (m->flags & PV_M_SHORT) == 0) {
		write_object(w, tables, PV_KIND_NONE);
		return;
	}
	begin_either(w);
	while (!or_empty && (word->flags & PV_M_REQUIRED) == 0)
		word++;
	if (or_empty) {
		pv_jsonw_str(w, "type", PV_SLICE("object"));
		pv_jsonw_int(w, "maxProperties", 0);
	} else {
		write_words(w, word->words);
	}
	pv_jsonw_end(w);
	pv_jsonw_object(w, NULL);
	write_object(w, tables, PV_KIND_NONE);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

static void
write_word(struct pv_jsonw *w, const struct pv_member *m)
{
	if ((m->flags & PV_M_TRUE_WORD) == 0) {
		write_words(w, m->words);
		return;
	}
	begin_either(w);
	write_words(w, m->words);
	pv_jsonw_end(w);
	pv_jsonw_object(w, NULL);
	pv_jsonw_bool(w, "const", true);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

/* JSON text without its outer braces: more members of the object that is open. */
static void
write_inside(struct pv_jsonw *w, const char *json)
{
	if (w->comma[w->depth])
		pv_buf_add_c(w->out, ',');
	pv_buf_add_str(w->out, json);
	w->comma[w->depth] = true;
}

static void
write_json_shape(struct pv_jsonw *w, enum pv_shape shape)
{
	struct pv_slice schema = pv_slice_of(pv_json_shape_schema(shape));
	char *inside = pv_strdup(schema.p);

	inside[schema.n - 1] = '\0';
	write_inside(w, inside + 1);
	pv_free(inside);
}

static void
write_type(struct pv_jsonw *w, const struct pv_member *m)
{
	switch (m->type) {
	case PV_T_TEXT:
		if (m->words != NULL)
			write_words(w, m->words);
		else
			write_text(w, m->shape);
		break;
	case PV_T_LIST:
	case PV_T_FLAGS:
		write_array(w, m);
		write_item(w, m);
		break;
	case PV_T_WORD:
	case PV_T_SWITCH:
		write_word(w, m);
		break;
	case PV_T_BOOL:
		if ((m->flags & PV_M_TRUE_ONLY) != 0)
			pv_jsonw_bool(w, "const", true);
		else
			pv_jsonw_str(w, "type", PV_SLICE("boolean"));
		break;
	case PV_T_TIME:
		pv_jsonw_str(w, "type", PV_SLICE("string"));
		pv_jsonw_str(w, "format", PV_SLICE("date-time"));
		pv_jsonw_str(w, "pattern", PV_SLICE(TIME_PATTERN));
		break;
	case PV_T_UINT:
	case PV_T_INT:
		write_range(w, m);
		break;
	case PV_T_TEXTS:
		write_texts(w);
		break;
	case PV_T_OBJECT:
		write_nested(w, m);
		break;
	case PV_T_OBJECTS:
		write_array(w, m);
		pv_jsonw_object(w, "items");
		write_nested(w, m);
		pv_jsonw_end(w);
		break;
	case PV_T_JSON:
		write_json_shape(w, m->shape);
		break;
	case PV_T_NEEDS:
		write_needs(w, m);
		break;
	}
}

static void
write_member(struct pv_jsonw *w, const struct pv_member *m, enum pv_kind kind)
{
	pv_jsonw_object(w, m->name);
	pv_jsonw_str(w, "description", pv_slice_of(m->help));
	if (kind != PV_KIND_NONE && m->words == pv_kind_words)
		pv_jsonw_str(w, "const", pv_slice_of(pv_kind_name(kind)));
	else
		write_type(w, m);
	pv_jsonw_end(w);
}

/* The members of a schema whose object is open. */
static void
write_object(struct pv_jsonw *w, const struct pv_table *const tables[2], enum pv_kind kind)
{
	size_t at[2] = { 0, 0 };

	pv_jsonw_str(w, "type", PV_SLICE("object"));
	pv_jsonw_bool(w, "additionalProperties", false);
	pv_jsonw_object(w, "properties");
	for (const struct pv_member *m = pv_table_next(tables, at); m != NULL;
	     m = pv_table_next(tables, at))
		write_member(w, m, kind);
	pv_jsonw_end(w);
	pv_jsonw_array(w, "required");
	at[0] = at[1] = 0;
	for (const struct pv_member *m = pv_table_next(tables, at); m != NULL;
	     m = pv_table_next(tables, at))
		if ((m->flags & (PV_M_REQUIRED | PV_M_SIGNED)) != 0)
			pv_jsonw_str(w, NULL, pv_slice_of(m->name));
	pv_jsonw_end(w);
	for (size_t t = 0; t < 2 && tables[t] != NULL; t++)
		if (tables[t]->schema != NULL)
			write_inside(w, tables[t]->schema);
}

void
pv_schema_write(enum pv_kind kind, struct pv_buf *out)
{
	const struct pv_table *const tables[2] = { &pv_table_common, pv_table_of(kind) };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_buf raw = { 0 }, id = { 0 };
	struct pv_jsonw w = { .out = &raw };
	struct pv_err e;

	pv_buf_addf(&id, "urn:proviso:schema:%s", pv_kind_name(kind));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "$schema", PV_SLICE("https://json-schema.org/draft/2020-12/schema"));
	pv_jsonw_str(&w, "$id", pv_buf_slice(&id));
	pv_jsonw_str(&w, "title", pv_slice_of(pv_kind_name(kind)));
	pv_jsonw_str(&w, "description", pv_slice_of(tables[1]->help));
	write_object(&w, tables, kind);
	pv_jsonw_end(&w);
	if (pv_ok(pv_json_read(&doc, pv_buf_slice(&raw), SIZE_MAX, &e)))
		pv_json_pretty(doc, 0, out);
	pv_buf_add_c(out, '\n');
	pv_buf_free(&raw);
	pv_buf_free(&id);
}
