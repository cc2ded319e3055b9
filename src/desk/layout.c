/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs <-> JSON objects, by their layouts. It is on the way of every request,
 * so: members are looked for where the writer puts them (in the order of the
 * layout) before anywhere else, nothing is allocated but texts in the arena, and
 * what is absent is never written.
 */
#include "base/err.h"
#include "codec/base64.h"
#include "codec/rfc3339.h"
#include "core/words.h"
#include "desk/call.h"
#include "wire/record.h"

#define INTEGER_MAX UINT64_C(9007199254740991) /* 2^53 - 1 */
#define LIST_MAX    (64u << 20)                /* bytes of what a list is read into */

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "counts are read and written as U64");
_Static_assert(
    sizeof(enum pv_reason) == sizeof(unsigned), "enums are read and written as unsigned");

/* ---- obligations, as an agreement lists them ---- */

static const char *const duty_words[] = { NULL, "report-outcome", "delete-by", "no-onward",
	"notify-originator", "attribute", "no-attribution", "human-identification", NULL };

static const struct pv_field obligation_fields[] = {
	{ .name = "duty",
	    .shape = PV_AS_WORD,
	    .flags = PV_MUST,
	    .at = offsetof(struct pv_obligation, duty),
	    .words = duty_words,
	    .text = "What is to be done." },
	PV_FIELD(struct pv_obligation, within_s, "within", PV_AS_U64, 0,
	    "Seconds after the opening; 0: none given."),
	PV_FIELD(struct pv_obligation, by, "by", PV_AS_TIME, 0, "Until when."),
	PV_FIELD(struct pv_obligation, after_s, "after", PV_AS_U64, 0,
	    "So many seconds after the opening; 0: none given."),
	{ .name = NULL },
};
const struct pv_layout pv_layout_obligation = { "Obligation", sizeof(struct pv_obligation),
	obligation_fields };

/* ---- where things are ---- */

static const void *
member(const void *in, size_t at)
{
	return (const char *)in + at;
}

static void *
place(void *out, size_t at)
{
	return (char *)out + at;
}

/* Of RECORDS, LIST and OBLIGATIONS: what one element is. */
static size_t
element_size(const struct pv_field *f)
{
	switch (f->shape) {
	case PV_AS_RECORDS:
		return sizeof(struct pv_record);
	case PV_AS_LIST:
		return f->of->size;
	case PV_AS_OBLIGATIONS:
		return sizeof(struct pv_obligation);
	case PV_AS_END:
	case PV_AS_TEXT:
	case PV_AS_CSTR:
	case PV_AS_CHARS:
	case PV_AS_BYTES:
	case PV_AS_JSON:
	case PV_AS_NAMES:
	case PV_AS_TEXTS:
	case PV_AS_BOOL:
	case PV_AS_U64:
	case PV_AS_UINT:
	case PV_AS_TIME:
	case PV_AS_WORD:
	case PV_AS_RECORD:
	case PV_AS_ONE:
		break;
	}
	return 0;
}

/* { const T *at; size_t n } has its count behind the pointer; other lists say where. */
static size_t
count_at(const struct pv_field *f)
{
	return f->shape == PV_AS_OBLIGATIONS ? f->at + offsetof(struct pv_obligations, n)
					     : f->count_at;
}

const struct pv_field *
pv_layout_field(const struct pv_layout *l, struct pv_slice name)
{
	for (const struct pv_field *f = l != NULL ? l->fields : NULL; f != NULL && f->name != NULL;
	     f++)
		if (pv_slice_is(name, f->name))
			return f;
	return NULL;
}

/* ---- reading ---- */

struct reading {
	const struct pv_json *doc;
	struct pv_arena *a;
};

static PV_RESULT read_object(
    const struct reading *r, const struct pv_layout *l, uint32_t node, void *out, struct pv_err *e);

static const char *
type_name(enum pv_json_type type)
{
	switch (type) {
	case PV_JSON_NULL:
		return "null";
	case PV_JSON_BOOL:
		return "true or false";
	case PV_JSON_INT:
	case PV_JSON_REAL:
		return "a number";
	case PV_JSON_STRING:
		return "a string";
	case PV_JSON_ARRAY:
		return "a list";
	case PV_JSON_OBJECT:
		return "an object";
	}
	return "nothing";
}

static PV_RESULT
expect(const struct pv_json_node *n, enum pv_json_type type, const char *what, struct pv_err *e)
{
	if (n->type == type)
		return PV_DONE;
	return PV_FAIL(e, PV_E_INPUT, "this must be %s, not %s", what, type_name(n->type));
}

static PV_RESULT
read_text(
    const struct reading *r, const struct pv_json_node *n, struct pv_slice *out, struct pv_err *e)
{
	PV_TRY(expect(n, PV_JSON_STRING, "a string", e));
	*out = pv_arena_copy(r->a, n->text);
	return PV_DONE;
}

static PV_RESULT
read_cstr(const struct reading *r, const struct pv_json_node *n, const char **out, struct pv_err *e)
{
	PV_TRY(expect(n, PV_JSON_STRING, "a string", e));
	if (n->text.n != 0 && memchr(n->text.p, '\0', n->text.n) != NULL)
		return PV_FAIL(e, PV_E_INPUT, "there is a NUL in it");
	*out = pv_arena_str(r->a, n->text);
	return PV_DONE;
}

static PV_RESULT
read_chars(const struct pv_json_node *n, char *out, size_t size, struct pv_err *e)
{
	PV_TRY(expect(n, PV_JSON_STRING, "a string", e));
	if (n->text.n >= size || (n->text.n != 0 && memchr(n->text.p, '\0', n->text.n) != NULL))
		return PV_FAIL(e, PV_E_INPUT, "it has a NUL, or more than %zu bytes", size - 1);
	if (n->text.n != 0)
		memcpy(out, n->text.p, n->text.n);
	return PV_DONE;
}

static PV_RESULT
read_bytes(
    const struct reading *r, const struct pv_json_node *n, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };

	PV_TRY(expect(n, PV_JSON_STRING, "a string (base64)", e));
	if (!pv_base64_read(&bytes, n->text, PV_BASE64))
		return PV_FAIL(e, PV_E_INPUT, "this is not base64 (RFC 4648, padded)");
	*out = pv_arena_copy(r->a, pv_buf_slice(&bytes));
	return PV_DONE;
}

static PV_RESULT
read_names(
    const struct reading *r, const struct pv_json_node *n, struct pv_names *out, struct pv_err *e)
{
	struct pv_slice *list;
	size_t i = 0;

	PV_TRY(expect(n, PV_JSON_ARRAY, "a list of strings", e));
	list = pv_arena_alloc_n(r->a, n->count, sizeof(*list));
	for (uint32_t at = n->first; at != PV_JSON_NONE; i++) {
		const struct pv_json_node *item = pv_json_at(r->doc, at);

		PV_TRY(pv_within(read_text(r, item, &list[i], e), e, "[%zu]", i));
		at = item->next;
	}
	*out = (struct pv_names){ list, i };
	return PV_DONE;
}

static PV_RESULT
read_texts(
    const struct reading *r, const struct pv_json_node *n, struct pv_texts *out, struct pv_err *e)
{
	struct pv_text *list;
	size_t i = 0;

	PV_TRY(expect(n, PV_JSON_OBJECT, "an object of languages", e));
	list = pv_arena_alloc_n(r->a, n->count, sizeof(*list));
	for (uint32_t at = n->first; at != PV_JSON_NONE; i++) {
		const struct pv_json_node *item = pv_json_at(r->doc, at);

		list[i].lang = pv_arena_copy(r->a, item->name);
		PV_TRY(
		    pv_within(read_text(r, item, &list[i].text, e), e, "%.*s", PV_FMT(item->name)));
		at = item->next;
	}
	*out = (struct pv_texts){ list, i };
	return PV_DONE;
}

static PV_RESULT
read_number(const struct pv_json_node *n, uint64_t max, uint64_t *out, struct pv_err *e)
{
	PV_TRY(expect(n, PV_JSON_INT, "a whole number", e));
	if (n->integer < 0 || (uint64_t)n->integer > max)
		return PV_FAIL(
		    e, PV_E_INPUT, "this must be from 0 to %llu", (unsigned long long)max);
	*out = (uint64_t)n->integer;
	return PV_DONE;
}

static PV_RESULT
read_time(const struct pv_json_node *n, uint64_t *out, struct pv_err *e)
{
	PV_TRY(expect(n, PV_JSON_STRING, "a time", e));
	if (!pv_time_read(n->text, out))
		return PV_FAIL(e, PV_E_INPUT,
		    "\"%.*s\" is no time: it has the form 2025-11-11T14:07:02Z",
		    PV_FMT(pv_slice_sub(n->text, 0, 40)));
	return PV_DONE;
}

static PV_RESULT
read_word(const struct pv_field *f, const struct pv_json_node *n, unsigned *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };

	PV_TRY(expect(n, PV_JSON_STRING, "a word", e));
	for (unsigned i = f->words[0] == NULL ? 1 : 0; f->words[i] != NULL; i++) {
		if (pv_slice_is(n->text, f->words[i])) {
			*out = i;
			return PV_DONE;
		}
		pv_buf_addf(&all, "%s%s", all.n != 0 ? ", " : "", f->words[i]);
	}
	return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is none of %s",
	    PV_FMT(pv_slice_sub(n->text, 0, 40)), pv_buf_str(&all));
}

/* Elements of an array, in one piece of the arena. */
static PV_RESULT
read_list(const struct reading *r, const struct pv_field *f, const struct pv_json_node *n,
    void *out, struct pv_err *e)
{
	size_t size = element_size(f), i = 0;
	const void *list;
	char *items;

	PV_TRY(expect(n, PV_JSON_ARRAY, "a list", e));
	if (n->count > LIST_MAX / size)
		return PV_FAIL(e, PV_E_LIMIT, "more than %zu of them", LIST_MAX / size);
	items = pv_arena_alloc_n(r->a, n->count, size);
	for (uint32_t at = n->first; at != PV_JSON_NONE; i++) {
		void *item = items + i * size;

		if (f->shape == PV_AS_RECORDS)
			PV_TRY(pv_within(pv_record_read(item, r->doc, at, f->record_flags, r->a, e),
			    e, "[%zu]", i));
		else
			PV_TRY(pv_within(
			    read_object(r, f->shape == PV_AS_LIST ? f->of : &pv_layout_obligation,
				at, item, e),
			    e, "[%zu]", i));
		at = pv_json_at(r->doc, at)->next;
	}
	list = items;
	memcpy(place(out, f->at), &list, sizeof(list));
	memcpy(place(out, count_at(f)), &i, sizeof(i));
	return PV_DONE;
}

static PV_RESULT
read_field(
    const struct reading *r, const struct pv_field *f, uint32_t node, void *out, struct pv_err *e)
{
	const struct pv_json_node *n = pv_json_at(r->doc, node);
	void *at = place(out, f->at);
	uint64_t number = 0;

	switch (f->shape) {
	case PV_AS_TEXT:
		return read_text(r, n, at, e);
	case PV_AS_CSTR:
		return read_cstr(r, n, at, e);
	case PV_AS_CHARS:
		return read_chars(n, at, f->count_at, e);
	case PV_AS_BYTES:
		return read_bytes(r, n, at, e);
	case PV_AS_JSON:
		*(struct pv_slice *)at =
		    pv_arena_copy(r->a, pv_slice_sub(pv_json_source(r->doc), n->from, n->to));
		return PV_DONE;
	case PV_AS_NAMES:
		return read_names(r, n, at, e);
	case PV_AS_TEXTS:
		return read_texts(r, n, at, e);
	case PV_AS_BOOL:
		PV_TRY(expect(n, PV_JSON_BOOL, "true or false", e));
		*(bool *)at = n->integer != 0;
		return PV_DONE;
	case PV_AS_U64:
		return read_number(n, INTEGER_MAX, at, e);
	case PV_AS_UINT:
		PV_TRY(read_number(n, UINT32_MAX, &number, e));
		*(unsigned *)at = (unsigned)number;
		return PV_DONE;
	case PV_AS_TIME:
		return read_time(n, at, e);
	case PV_AS_WORD:
		return read_word(f, n, at, e);
	case PV_AS_RECORD:
		return pv_record_read(at, r->doc, node, f->record_flags, r->a, e);
	case PV_AS_ONE:
		return read_object(r, f->of, node, at, e);
	case PV_AS_RECORDS:
	case PV_AS_LIST:
	case PV_AS_OBLIGATIONS:
		return read_list(r, f, n, out, e);
	case PV_AS_END:
		break;
	}
	return PV_FAIL(e, PV_E_BUG, "a layout with a member of no shape");
}

/* Of what is left out and must not be zero. */
static void
set_defaults(const struct pv_layout *l, void *out)
{
	for (const struct pv_field *f = l->fields; f->name != NULL; f++)
		if ((f->flags & PV_ELSE_NEVER) != 0)
			*(uint64_t *)place(out, f->at) = PV_NEVER;
}

/* The field of that name, looked for from *next on first; its number. */
static const struct pv_field *
find_field(const struct pv_layout *l, struct pv_slice name, size_t *next, size_t *number)
{
	const struct pv_field *f = &l->fields[*next];

	if (f->name != NULL && pv_slice_is(name, f->name)) {
		*number = (*next)++;
		return f;
	}
	for (size_t i = 0; l->fields[i].name != NULL; i++)
		if (pv_slice_is(name, l->fields[i].name)) {
			*number = i;
			*next = i + 1;
			return &l->fields[i];
		}
	return NULL;
}

static PV_RESULT
check_must(const struct pv_layout *l, uint64_t seen, struct pv_err *e)
{
	for (size_t i = 0; l->fields[i].name != NULL; i++)
		if ((l->fields[i].flags & PV_MUST) != 0 && (seen >> i & 1) == 0)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "this is missing"), e, "%s", l->fields[i].name);
	return PV_DONE;
}

static PV_RESULT
read_object(
    const struct reading *r, const struct pv_layout *l, uint32_t node, void *out, struct pv_err *e)
{
	const struct pv_json_node *n = pv_json_at(r->doc, node);
	size_t next = 0, number = 0;
	uint64_t seen = 0;

	PV_TRY(expect(n, PV_JSON_OBJECT, "an object", e));
	set_defaults(l, out);
	for (uint32_t at = n->first; at != PV_JSON_NONE;) {
		const struct pv_json_node *item = pv_json_at(r->doc, at);
		const struct pv_field *f = find_field(l, item->name, &next, &number);

		if (f == NULL)
			return pv_within(PV_FAIL(e, PV_E_INPUT, "there is no such member"), e,
			    "%.*s", PV_FMT(pv_slice_sub(item->name, 0, 60)));
		PV_TRY(pv_within(read_field(r, f, at, out, e), e, "%s", f->name));
		seen |= UINT64_C(1) << number;
		at = item->next;
	}
	return check_must(l, seen, e);
}

PV_RESULT
pv_layout_read(const struct pv_layout *l, const struct pv_json *doc, uint32_t node,
    struct pv_arena *a, void *out, struct pv_err *e)
{
	const struct reading r = { doc, a };

	memset(out, 0, l->size);
	return read_object(&r, l, node, out, e);
}

/* ---- writing ---- */

static bool
all_zero(const void *at, size_t n)
{
	const unsigned char *p = at;

	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
write_time(struct pv_jsonw *w, const struct pv_field *f, uint64_t t)
{
	if (t == PV_NEVER || (t == 0 && (f->flags & PV_ELSE_NEVER) == 0))
		return;
	pv_jsonw_raw(w, f->name, PV_SLICE("\""));
	pv_time_write(w->out, t);
	pv_buf_add_c(w->out, '"');
}

static void
write_names(struct pv_jsonw *w, const struct pv_field *f, struct pv_names names)
{
	if (names.n == 0 && (f->flags & PV_MUST) == 0)
		return;
	pv_jsonw_array(w, f->name);
	for (size_t i = 0; i < names.n; i++)
		pv_jsonw_str(w, NULL, names.at[i]);
	pv_jsonw_end(w);
}

static void
write_texts(struct pv_jsonw *w, const struct pv_field *f, struct pv_texts texts)
{
	if (texts.n == 0 && (f->flags & PV_MUST) == 0)
		return;
	pv_jsonw_object(w, f->name);
	for (size_t i = 0; i < texts.n; i++) {
		pv_jsonw_named(w, texts.at[i].lang);
		pv_jsonw_str(w, NULL, texts.at[i].text);
	}
	pv_jsonw_end(w);
}

static void
write_bytes(struct pv_jsonw *w, const char *name, struct pv_slice bytes)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_base64_write(&text, bytes, PV_BASE64);
	pv_jsonw_str(w, name, pv_buf_slice(&text));
}

static void
write_record(struct pv_jsonw *w, const char *name, const struct pv_record *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	if (r->line.n != 0) {
		pv_jsonw_raw(w, name, r->line);
		return;
	}
	pv_record_write(r, &line);
	pv_jsonw_raw(w, name, pv_buf_slice(&line));
}

static void
write_word(struct pv_jsonw *w, const struct pv_field *f, unsigned value)
{
	for (unsigned i = f->words[0] == NULL ? 1 : 0; f->words[i] != NULL; i++)
		if (i == value)
			pv_jsonw_str(w, f->name, pv_slice_of(f->words[i]));
}

static void
write_list(struct pv_jsonw *w, const struct pv_field *f, const void *in)
{
	size_t size = element_size(f), n;
	const char *items;

	memcpy(&items, member(in, f->at), sizeof(items));
	memcpy(&n, member(in, count_at(f)), sizeof(n));
	if (n == 0 && f->shape == PV_AS_OBLIGATIONS && (f->flags & PV_MUST) == 0)
		return;
	pv_jsonw_array(w, f->name);
	for (size_t i = 0; i < n; i++) {
		const void *item = items + i * size;

		if (f->shape == PV_AS_RECORDS) {
			write_record(w, NULL, item);
			continue;
		}
		pv_jsonw_object(w, NULL);
		pv_layout_write(f->shape == PV_AS_LIST ? f->of : &pv_layout_obligation, item, w);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

static void
write_text(struct pv_jsonw *w, const struct pv_field *f, struct pv_slice text)
{
	if (text.n != 0 || (f->flags & PV_MUST) != 0)
		pv_jsonw_str(w, f->name, text);
}

static void
write_field(struct pv_jsonw *w, const struct pv_field *f, const void *in)
{
	const void *at = member(in, f->at);

	switch (f->shape) {
	case PV_AS_TEXT:
		write_text(w, f, *(const struct pv_slice *)at);
		return;
	case PV_AS_CSTR:
		write_text(w, f, pv_slice_of(*(const char *const *)at));
		return;
	case PV_AS_CHARS:
		write_text(w, f, pv_slice_mem(at, strnlen(at, f->count_at)));
		return;
	case PV_AS_BYTES:
		if (((const struct pv_slice *)at)->n != 0 || (f->flags & PV_MUST) != 0)
			write_bytes(w, f->name, *(const struct pv_slice *)at);
		return;
	case PV_AS_JSON:
		if (((const struct pv_slice *)at)->n != 0)
			pv_jsonw_raw(w, f->name, *(const struct pv_slice *)at);
		return;
	case PV_AS_NAMES:
		write_names(w, f, *(const struct pv_names *)at);
		return;
	case PV_AS_TEXTS:
		write_texts(w, f, *(const struct pv_texts *)at);
		return;
	case PV_AS_BOOL:
		if (*(const bool *)at || (f->flags & PV_MUST) != 0)
			pv_jsonw_bool(w, f->name, *(const bool *)at);
		return;
	case PV_AS_U64:
		if (*(const uint64_t *)at <= INTEGER_MAX)
			pv_jsonw_u64(w, f->name, *(const uint64_t *)at);
		return;
	case PV_AS_UINT:
		pv_jsonw_u64(w, f->name, *(const unsigned *)at);
		return;
	case PV_AS_TIME:
		write_time(w, f, *(const uint64_t *)at);
		return;
	case PV_AS_WORD:
		write_word(w, f, *(const unsigned *)at);
		return;
	case PV_AS_RECORD:
		if (((const struct pv_record *)at)->kind != PV_KIND_NONE)
			write_record(w, f->name, at);
		return;
	case PV_AS_ONE:
		if ((f->flags & PV_MUST) == 0 && all_zero(at, f->of->size))
			return;
		pv_jsonw_object(w, f->name);
		pv_layout_write(f->of, at, w);
		pv_jsonw_end(w);
		return;
	case PV_AS_RECORDS:
	case PV_AS_LIST:
	case PV_AS_OBLIGATIONS:
		write_list(w, f, in);
		return;
	case PV_AS_END:
		return;
	}
}

void
pv_layout_write(const struct pv_layout *l, const void *in, struct pv_jsonw *w)
{
	for (const struct pv_field *f = l->fields; f->name != NULL; f++)
		write_field(w, f, in);
}
