/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls as HTTP requests and answers, both ways. A question's members stand in
 * the path ({id}), for GET and DELETE the others in the query, else in a JSON
 * body. A tail of text is one more member of the body; or, where the client says
 * so by the media type, the body itself, with the other members in the query.
 */
#include "base/vec.h"
#include "codec/utf8.h"
#include "desk/call.h"
#include "net/http.h"

/* ---- the path ---- */

/* The next {name} of a pattern; false at the end. before: what stands before it. */
static bool
next_part(struct pv_slice *pattern, struct pv_slice *before, struct pv_slice *name)
{
	const char *from = pattern->n != 0 ? memchr(pattern->p, '{', pattern->n) : NULL;
	const char *to =
	    from != NULL ? memchr(from, '}', pattern->n - (size_t)(from - pattern->p)) : NULL;

	if (to == NULL) {
		*before = *pattern;
		*pattern = PV_NO_SLICE;
		return false;
	}
	*before = pv_slice_sub(*pattern, 0, (size_t)(from - pattern->p));
	*name = pv_slice_mem(from + 1, (size_t)(to - from - 1));
	*pattern = pv_slice_sub(*pattern, (size_t)(to + 1 - pattern->p), pattern->n);
	return true;
}

static bool
has_body(const struct pv_call *c)
{
	return strcmp(c->method, "GET") != 0 && strcmp(c->method, "DELETE") != 0;
}

static void
add_escaped(struct pv_buf *out, struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];

		if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		    (ch >= '0' && ch <= '9') || ch == '-' || ch == '.' || ch == '_' || ch == '~')
			pv_buf_add_c(out, ch);
		else
			pv_buf_addf(out, "%%%02X", (unsigned char)ch);
	}
}

/* A value as it stands in a path or query: strings as they are, all else as JSON has it. */
static void
add_value(struct pv_buf *out, const struct pv_json *doc, const struct pv_json_node *n)
{
	add_escaped(out, n->type == PV_JSON_STRING
			     ? n->text
			     : pv_slice_sub(pv_json_source(doc), n->from, n->to));
}

/* ---- a question as a request ---- */

static PV_RESULT
write_path(
    const struct pv_call *c, const struct pv_json *doc, struct pv_buf *target, struct pv_err *e)
{
	struct pv_slice rest = pv_slice_of(c->path), before, name;

	while (next_part(&rest, &before, &name)) {
		uint32_t i = pv_json_member(doc, 0, name);

		pv_buf_add(target, before);
		if (i == PV_JSON_NONE)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "this is missing"), e, "%.*s", PV_FMT(name));
		add_value(target, doc, pv_json_at(doc, i));
	}
	pv_buf_add(target, before);
	return PV_DONE;
}

static bool
in_path(const struct pv_call *c, struct pv_slice name)
{
	const struct pv_field *f = pv_layout_field(c->ask, name);

	return f != NULL && (f->flags & PV_PATH) != 0;
}

static void
write_query(const struct pv_call *c, const struct pv_json *doc, struct pv_buf *target)
{
	char sign = '?';

	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		const struct pv_json_node *n = pv_json_at(doc, i);
		uint32_t item = n->type == PV_JSON_ARRAY ? n->first : i;

		if (in_path(c, n->name))
			continue;
		for (; item != PV_JSON_NONE;
		     item = n->type == PV_JSON_ARRAY ? pv_json_at(doc, item)->next : PV_JSON_NONE) {
			pv_buf_add_c(target, sign);
			add_escaped(target, n->name);
			pv_buf_add_c(target, '=');
			add_value(target, doc, pv_json_at(doc, item));
			sign = '&';
		}
	}
}

static PV_RESULT
check_text(struct pv_slice tail, const char *name, struct pv_err *e)
{
	if (pv_utf8_valid(tail) == tail.n)
		return PV_DONE;
	return pv_within(PV_FAIL(e, PV_E_INPUT, "this is not text (UTF-8)"), e, "%s", name);
}

static void
write_members(const struct pv_call *c, const struct pv_json *doc, struct pv_jsonw *w)
{
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		const struct pv_json_node *n = pv_json_at(doc, i);

		if (in_path(c, n->name))
			continue;
		pv_jsonw_named(w, n->name);
		pv_jsonw_raw(w, NULL, pv_slice_sub(pv_json_source(doc), n->from, n->to));
	}
}

PV_RESULT
pv_call_to_http(const struct pv_call *c, struct pv_slice ask, struct pv_slice tail,
    struct pv_buf *target, struct pv_buf *body, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_jsonw w = { .out = body };

	if (c->path == NULL)
		return PV_FAIL(e, PV_E_BUG, "%s is not in the API", c->name);
	PV_TRY(pv_json_read(&doc, ask.n != 0 ? ask : PV_SLICE("{}"), PV_CALL_HTTP_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_BUG, "a question is an object");
	PV_TRY(write_path(c, doc, target, e));
	if (!has_body(c)) {
		write_query(c, doc, target);
		return PV_DONE;
	}
	pv_jsonw_object(&w, NULL);
	write_members(c, doc, &w);
	if (c->tail_in != NULL) {
		PV_TRY(check_text(tail, c->tail_in, e));
		pv_jsonw_str(&w, c->tail_in, tail);
	}
	pv_jsonw_end(&w);
	return PV_DONE;
}

/* ---- a request as a question ---- */

/* One value of a path or query, as the layout has it. Bad ones are written as strings: the reader says what is wrong. */
static void
write_value(struct pv_jsonw *w, const struct pv_field *f, struct pv_slice value)
{
	uint64_t number;

	switch (f->shape) {
	case PV_AS_U64:
	case PV_AS_UINT:
		if (pv_slice_u64(value, &number))
			pv_jsonw_u64(w, NULL, number);
		else
			pv_jsonw_str(w, NULL, value);
		return;
	case PV_AS_BOOL:
		if (pv_slice_is(value, "true") || pv_slice_is(value, "false"))
			pv_jsonw_bool(w, NULL, pv_slice_is(value, "true"));
		else
			pv_jsonw_str(w, NULL, value);
		return;
	case PV_AS_TEXT:
	case PV_AS_CSTR:
	case PV_AS_CHARS:
	case PV_AS_BYTES:
	case PV_AS_JSON:
	case PV_AS_NAMES:
	case PV_AS_TEXTS:
	case PV_AS_TIME:
	case PV_AS_WORD:
	case PV_AS_RECORD:
	case PV_AS_RECORDS:
	case PV_AS_ONE:
	case PV_AS_LIST:
	case PV_AS_OBLIGATIONS:
	case PV_AS_END:
		break;
	}
	pv_jsonw_str(w, NULL, value);
}

struct parameter {
	const struct pv_field *f;
	struct pv_slice value;
};
struct parameters {
	struct parameter *at;
	size_t n, cap;
};

static PV_RESULT
read_query(const struct pv_call *c, struct pv_slice query, struct pv_arena *a,
    struct parameters *out, struct pv_err *e)
{
	struct pv_slice name, value;
	bool bad = false;

	while (pv_query_next(&query, a, &name, &value, &bad)) {
		const struct pv_field *f = bad ? NULL : pv_layout_field(c->ask, name);

		if (bad)
			return PV_FAIL(e, PV_E_INPUT, "the query does not decode (%%XX, UTF-8)");
		if (f == NULL || (f->flags & PV_PATH) != 0)
			return pv_within(PV_FAIL(e, PV_E_INPUT, "there is no such parameter"), e,
			    "%.*s", PV_FMT(pv_slice_sub(name, 0, 60)));
		for (size_t i = 0; f->shape != PV_AS_NAMES && i < out->n; i++)
			if (out->at[i].f == f)
				return pv_within(PV_FAIL(e, PV_E_INPUT, "this is there twice"), e,
				    "%s", f->name);
		*PV_VEC_ADD(out) = (struct parameter){ f, value };
	}
	return PV_DONE;
}

/* Members from path and query. Repeated ones are a list. */
static void
write_parameters(struct pv_jsonw *w, const struct pv_layout *l, const struct parameters *p)
{
	for (const struct pv_field *f = l != NULL ? l->fields : NULL; f != NULL && f->name != NULL;
	     f++) {
		bool begun = false;

		for (size_t i = 0; i < p->n; i++) {
			if (p->at[i].f != f)
				continue;
			if (!begun && f->shape == PV_AS_NAMES)
				pv_jsonw_array(w, f->name);
			else if (!begun)
				pv_jsonw_named(w, pv_slice_of(f->name));
			begun = true;
			write_value(w, f, p->at[i].value);
		}
		if (begun && f->shape == PV_AS_NAMES)
			pv_jsonw_end(w);
	}
}

static void
read_parts(const struct pv_call *c, const struct pv_slice *parts, struct parameters *out)
{
	struct pv_slice rest = pv_slice_of(c->path), before, name;

	for (size_t i = 0; next_part(&rest, &before, &name); i++)
		*PV_VEC_ADD(out) = (struct parameter){ pv_layout_field(c->ask, name), parts[i] };
}

/* The members of a JSON body but those of the path; the tail is taken out. */
static PV_RESULT
copy_body(const struct pv_call *c, const struct pv_json *doc, struct pv_jsonw *w,
    struct pv_arena *a, struct pv_slice *tail, struct pv_err *e)
{
	bool tail_seen = false;

	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the body must be a JSON object");
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		const struct pv_json_node *n = pv_json_at(doc, i);

		if (in_path(c, n->name))
			return pv_within(PV_FAIL(e, PV_E_INPUT, "this stands in the path"), e,
			    "%.*s", PV_FMT(n->name));
		if (c->tail_in != NULL && pv_slice_is(n->name, c->tail_in)) {
			if (n->type != PV_JSON_STRING)
				return pv_within(PV_FAIL(e, PV_E_INPUT, "this must be a string"), e,
				    "%s", c->tail_in);
			*tail = pv_arena_copy(a, n->text);
			tail_seen = true;
			continue;
		}
		if (pv_layout_field(c->ask, n->name) == NULL)
			return pv_within(PV_FAIL(e, PV_E_INPUT, "there is no such member"), e,
			    "%.*s", PV_FMT(pv_slice_sub(n->name, 0, 60)));
		pv_jsonw_named(w, n->name);
		pv_jsonw_raw(w, NULL, pv_slice_sub(pv_json_source(doc), n->from, n->to));
	}
	if (c->tail_in != NULL && !tail_seen && (c->flags & PV_CALL_TAIL) == 0)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "this is missing"), e, "%s", c->tail_in);
	return PV_DONE;
}

static bool
is_json(struct pv_slice type)
{
	return pv_media_allows(type, "application/json");
}

/* What is asked is short but for its texts; a tree of a million numbers is not made for it. */
#define VALUES_MAX 100000

static bool
too_many_values(struct pv_slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n <= VALUES_MAX; i++) {
		if (text.p[i] == ',' || text.p[i] == '[' || text.p[i] == '{')
			n++;
		if (text.p[i] != '"')
			continue;
		for (i++; i < text.n && text.p[i] != '"'; i++)
			if (text.p[i] == '\\')
				i++;
	}
	return n > VALUES_MAX;
}

static PV_RESULT
of_body(const struct pv_call *c, const struct pv_call_request *r, struct pv_jsonw *w,
    struct pv_arena *a, struct pv_slice *tail, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	if (c->ask == NULL && c->tail_in == NULL && r->body.n == 0)
		return PV_DONE;
	if (too_many_values(r->body))
		return PV_FAIL(e, PV_E_LIMIT, "more than %d values in one question", VALUES_MAX);
	PV_TRY(pv_json_read(&doc, r->body, PV_CALL_HTTP_MAX, e));
	return copy_body(c, doc, w, a, tail, e);
}

PV_RESULT
pv_call_of_http(const struct pv_call *c, const struct pv_call_request *r, struct pv_arena *a,
    struct pv_buf *ask, struct pv_slice *tail, struct pv_err *e)
{
	bool raw = c->tail_in != NULL && r->type.n != 0 && !is_json(r->type);
	struct parameters p = { 0 };
	struct pv_jsonw w = { .out = ask };
	struct pv_status st = PV_DONE;

	*tail = PV_NO_SLICE;
	read_parts(c, r->parts, &p);
	if (has_body(c) && !raw && r->query.n != 0)
		st = PV_FAIL(e, PV_E_INPUT, "what is asked stands in the body, not in the query");
	else
		st = read_query(c, r->query, a, &p, e);
	if (pv_ok(st)) {
		pv_jsonw_object(&w, NULL);
		write_parameters(&w, c->ask, &p);
		if (raw) {
			*tail = r->body;
			st = check_text(*tail, c->tail_in, e);
		} else if (has_body(c)) {
			st = of_body(c, r, &w, a, tail, e);
		}
		pv_jsonw_end(&w);
	}
	PV_VEC_FREE(&p);
	return st;
}

/* ---- answers ---- */

PV_RESULT
pv_call_answer_http(const struct pv_call *c, struct pv_slice answer, struct pv_slice tail,
    struct pv_buf *body, struct pv_err *e)
{
	if (c->answer == NULL && c->tail_out != NULL) {
		pv_buf_add(body, tail);
		return PV_DONE;
	}
	if (c->tail_out == NULL || answer.n < 2) {
		pv_buf_add(body, answer.n != 0 ? answer : PV_SLICE("{}"));
		return PV_DONE;
	}
	PV_TRY(check_text(tail, c->tail_out, e));
	pv_buf_add(body, pv_slice_sub(answer, 0, answer.n - 1));
	pv_buf_addf(body, "%s\"%s\":", answer.n > 2 ? "," : "", c->tail_out);
	pv_json_quote(body, tail);
	pv_buf_add_c(body, '}');
	return PV_DONE;
}

PV_RESULT
pv_call_from_http(const struct pv_call *c, struct pv_slice body, struct pv_buf *answer,
    struct pv_buf *tail, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_jsonw w = { .out = answer };

	if (c->answer == NULL && c->tail_out != NULL) {
		pv_buf_add(tail, body);
		pv_buf_add_str(answer, "{}");
		return PV_DONE;
	}
	PV_TRY(pv_json_read(&doc, body, PV_CALL_HTTP_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the answer is no JSON object");
	pv_jsonw_object(&w, NULL);
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		const struct pv_json_node *n = pv_json_at(doc, i);

		if (c->tail_out != NULL && pv_slice_is(n->name, c->tail_out) &&
		    n->type == PV_JSON_STRING) {
			pv_buf_add(tail, n->text);
			continue;
		}
		pv_jsonw_named(&w, n->name);
		pv_jsonw_raw(&w, NULL, pv_slice_sub(pv_json_source(doc), n->from, n->to));
	}
	pv_jsonw_end(&w);
	return PV_DONE;
}
