/* SPDX-License-Identifier: Apache-2.0 */
/* AuthZEN Authorization API 1.0, 5 and 6; the properties are ours. */
#include "wire/request.h"

#include "codec/rfc3339.h"
#include "core/words.h"

struct reader {
	const struct pv_json *doc;
	struct pv_arena *arena;
	size_t sources;
	struct pv_err *e;
};

static PV_RESULT read_matter(
    struct reader *r, struct pv_matter *out, uint32_t node, unsigned depth);

/* ---- values ---- */

static struct pv_status
wrong(struct reader *r, uint32_t node, const char *wanted)
{
	struct pv_status st = PV_FAIL(r->e, PV_E_INPUT, "%s is wanted", wanted);

	pv_json_place(r->doc, pv_json_at(r->doc, node)->from, &r->e->line, &r->e->col);
	return st;
}

static PV_RESULT
within(struct pv_status st, const char *name, struct pv_err *e)
{
	return pv_within(st, e, "%s", name);
}

static struct pv_status
missing(struct reader *r, uint32_t node, const char *name)
{
	struct pv_status st = PV_FAIL(r->e, PV_E_INPUT, "is missing");

	pv_json_place(r->doc, pv_json_at(r->doc, node)->from, &r->e->line, &r->e->col);
	return within(st, name, r->e);
}

/* The member, or PV_JSON_NONE. */
static uint32_t
member(const struct reader *r, uint32_t node, const char *name)
{
	return node != PV_JSON_NONE ? pv_json_member(r->doc, node, pv_slice_of(name))
				    : PV_JSON_NONE;
}

static PV_RESULT
read_text(struct reader *r, struct pv_slice *out, uint32_t node, const char *name)
{
	uint32_t i = member(r, node, name);

	if (i == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(r->doc, i)->type != PV_JSON_STRING)
		return within(wrong(r, i, "a text"), name, r->e);
	*out = pv_json_at(r->doc, i)->text;
	return PV_DONE;
}

static PV_RESULT
need_text(struct reader *r, struct pv_slice *out, uint32_t node, const char *name)
{
	if (member(r, node, name) == PV_JSON_NONE)
		return missing(r, node, name);
	return read_text(r, out, node, name);
}

static PV_RESULT
read_object(struct reader *r, uint32_t *out, uint32_t node, const char *name)
{
	*out = member(r, node, name);
	if (*out != PV_JSON_NONE && pv_json_at(r->doc, *out)->type != PV_JSON_OBJECT)
		return within(wrong(r, *out, "an object"), name, r->e);
	return PV_DONE;
}

static PV_RESULT
read_names(struct reader *r, struct pv_names *out, uint32_t node, const char *name, bool *given)
{
	uint32_t i = member(r, node, name);
	struct pv_slice *at;
	size_t n = 0;

	if (i == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(r->doc, i)->type != PV_JSON_ARRAY)
		return within(wrong(r, i, "a list of names"), name, r->e);
	if (given != NULL)
		*given = true;
	at = pv_arena_alloc_n(r->arena, pv_json_at(r->doc, i)->count, sizeof(*at));
	for (uint32_t k = pv_json_at(r->doc, i)->first; k != PV_JSON_NONE;
	     k = pv_json_at(r->doc, k)->next) {
		if (pv_json_at(r->doc, k)->type != PV_JSON_STRING)
			return pv_within(wrong(r, k, "a name"), r->e, "%s[%zu]", name, n);
		at[n++] = pv_json_at(r->doc, k)->text;
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static PV_RESULT
read_time(struct reader *r, uint64_t *out, uint32_t node, const char *name)
{
	uint32_t i = member(r, node, name);

	if (i == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(r->doc, i)->type != PV_JSON_STRING ||
	    !pv_time_read(pv_json_at(r->doc, i)->text, out))
		return within(wrong(r, i, "a time such as 2025-11-11T14:07:02Z"), name, r->e);
	return PV_DONE;
}

/* ---- the resource's properties ---- */

static PV_RESULT
read_persons(struct reader *r, enum pv_identified *out, uint32_t node)
{
	struct pv_slice word = PV_NO_SLICE;
	const struct pv_word *found;
	uint32_t persons = PV_JSON_NONE;

	PV_TRY(read_object(r, &persons, node, "persons"));
	PV_TRY(within(read_text(r, &word, persons, "identified"), "persons", r->e));
	if (word.p == NULL)
		return PV_DONE;
	found = pv_word_find(pv_identified_words, word);
	if (found == NULL)
		return within(
		    within(wrong(r, member(r, persons, "identified"), "none, some, all or unknown"),
			"identified", r->e),
		    "persons", r->e);
	*out = (enum pv_identified)found->value;
	return PV_DONE;
}

static struct pv_status
too_many(struct reader *r, uint32_t node)
{
	struct pv_status st =
	    PV_FAIL(r->e, PV_E_LIMIT, "at most %d sources in all, and sources of sources %d deep",
		PV_REQUEST_SOURCES, PV_REQUEST_DEEP);

	pv_json_place(r->doc, pv_json_at(r->doc, node)->from, &r->e->line, &r->e->col);
	return st;
}

static PV_RESULT
read_sources(struct reader *r, struct pv_matter *out, uint32_t node, unsigned depth)
{
	uint32_t i = member(r, node, "derived_from");
	struct pv_matter *at;
	size_t n = 0;

	if (i == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(r->doc, i)->type != PV_JSON_ARRAY)
		return within(
		    wrong(r, i, "a list of the properties of each source"), "derived_from", r->e);
	r->sources += pv_json_at(r->doc, i)->count;
	if (r->sources > PV_REQUEST_SOURCES ||
	    (depth == PV_REQUEST_DEEP && pv_json_at(r->doc, i)->count > 0))
		return within(too_many(r, i), "derived_from", r->e);
	at = pv_arena_alloc_n(r->arena, pv_json_at(r->doc, i)->count, sizeof(*at));
	for (uint32_t k = pv_json_at(r->doc, i)->first; k != PV_JSON_NONE;
	     k = pv_json_at(r->doc, k)->next, n++) {
		if (pv_json_at(r->doc, k)->type != PV_JSON_OBJECT)
			return pv_within(wrong(r, k, "the properties of a source (an object)"),
			    r->e, "derived_from[%zu]", n);
		PV_TRY(
		    pv_within(read_matter(r, &at[n], k, depth + 1), r->e, "derived_from[%zu]", n));
	}
	out->sources = at;
	out->source_count = n;
	return PV_DONE;
}

static PV_RESULT
read_matter(struct reader *r, struct pv_matter *out, uint32_t node, unsigned depth)
{
	PV_TRY(read_text(r, &out->report, node, "id"));
	PV_TRY(read_text(r, &out->originator, node, "originator"));
	PV_TRY(read_names(r, &out->custodians, node, "custodians", NULL));
	PV_TRY(read_names(r, &out->topics, node, "topics", NULL));
	PV_TRY(read_names(r, &out->regions, node, "regions", NULL));
	PV_TRY(read_names(r, &out->never, node, "never", NULL));
	PV_TRY(read_names(r, &out->releasable_to, node, "releasable_to", &out->has_releasable_to));
	PV_TRY(read_persons(r, &out->identified, node));
	PV_TRY(read_time(r, &out->valid_until, node, "valid_until"));
	return read_sources(r, out, node, depth);
}

/* ---- the request ---- */

static PV_RESULT
need_object(struct reader *r, uint32_t *out, uint32_t node, const char *name)
{
	PV_TRY(read_object(r, out, node, name));
	if (*out == PV_JSON_NONE)
		return missing(r, node, name);
	return PV_DONE;
}

static PV_RESULT
read_subject(struct reader *r, struct pv_request *out)
{
	struct pv_slice type = PV_NO_SLICE;
	uint32_t subject = PV_JSON_NONE;

	PV_TRY(need_object(r, &subject, 0, "subject"));
	PV_TRY(within(need_text(r, &type, subject, "type"), "subject", r->e));
	PV_TRY(within(need_text(r, &out->recipient, subject, "id"), "subject", r->e));
	if (!pv_slice_is(type, "party"))
		out->recipient = PV_NO_SLICE; /* what is no party is under nothing */
	return PV_DONE;
}

static PV_RESULT
read_action(struct reader *r, struct pv_request *out)
{
	struct pv_slice name = PV_NO_SLICE;
	uint32_t action = PV_JSON_NONE, properties = PV_JSON_NONE;
	struct pv_status st;

	PV_TRY(need_object(r, &action, 0, "action"));
	PV_TRY(within(need_text(r, &name, action, "name"), "action", r->e));
	PV_TRY(within(read_object(r, &properties, action, "properties"), "action", r->e));
	st = within(read_text(r, &out->purpose, properties, "purpose"), "properties", r->e);
	if (!pv_slice_is(name, "open"))
		out->recipient = PV_NO_SLICE; /* opening is the only thing that is ever permitted */
	return within(st, "action", r->e);
}

static PV_RESULT
read_resource(struct reader *r, struct pv_request *out)
{
	struct pv_slice type = PV_NO_SLICE, id = PV_NO_SLICE;
	uint32_t resource = PV_JSON_NONE, properties = PV_JSON_NONE;
	struct pv_status st = PV_DONE;

	PV_TRY(need_object(r, &resource, 0, "resource"));
	PV_TRY(within(need_text(r, &type, resource, "type"), "resource", r->e));
	PV_TRY(within(need_text(r, &id, resource, "id"), "resource", r->e));
	PV_TRY(within(read_object(r, &properties, resource, "properties"), "resource", r->e));
	if (properties != PV_JSON_NONE)
		st = within(read_matter(r, &out->matter, properties, 0), "properties", r->e);
	out->matter.report = id;
	if (!pv_slice_is(type, "report"))
		out->matter.originator = PV_NO_SLICE;
	return within(st, "resource", r->e);
}

static PV_RESULT
read_context(struct reader *r, struct pv_request *out, uint64_t default_s)
{
	uint32_t context = PV_JSON_NONE;
	uint64_t time = default_s;

	PV_TRY(read_object(r, &context, 0, "context"));
	PV_TRY(within(read_text(r, &out->purpose, context, "purpose"), "context", r->e));
	PV_TRY(within(read_text(r, &out->channel, context, "channel"), "context", r->e));
	PV_TRY(within(read_time(r, &time, context, "time"), "context", r->e));
	if (time == 0)
		return within(pv_advise(missing(r, 0, "time"), r->e, "Say it there, or with --at."),
		    "context", r->e);
	out->now_s = out->signed_s = time;
	return PV_DONE;
}

static PV_RESULT
read_request(struct reader *r, struct pv_request *out, struct pv_slice *id, uint64_t default_s)
{
	if (pv_json_at(r->doc, 0)->type != PV_JSON_OBJECT)
		return wrong(r, 0, "a request (an object)");
	PV_TRY(read_text(r, id, 0, "id"));
	PV_TRY(read_subject(r, out));
	PV_TRY(read_action(r, out));
	PV_TRY(read_resource(r, out));
	return read_context(r, out, default_s);
}

struct pv_status
pv_request_read(struct pv_request *out, struct pv_slice *id, struct pv_slice text,
    uint64_t default_s, unsigned line, struct pv_request_reader *reader, struct pv_err *e)
{
	struct reader r = { .e = e };
	struct pv_request request = { .stale = false };
	struct pv_status st;

	if (reader->doc == NULL) {
		reader->doc = pv_json_new();
		reader->arena = pv_arena_new();
	}
	pv_arena_reset(reader->arena);
	r.doc = reader->doc;
	r.arena = reader->arena;
	*id = PV_NO_SLICE;
	st = pv_json_reread(reader->doc, text, PV_REQUEST_MAX, e);
	if (pv_ok(st))
		st = read_request(&r, &request, id, default_s);
	if (!pv_ok(st) && line != 0)
		e->line = line + (e->line > 0 ? e->line - 1 : 0);
	if (pv_ok(st))
		*out = request;
	return st;
}

void
pv_request_reader_free(struct pv_request_reader *r)
{
	pv_json_freep(&r->doc);
	pv_arena_freep(&r->arena);
}

/* ---- the answer ---- */

static void
write_refs(struct pv_jsonw *w, const char *name, const struct pv_refs *refs)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < refs->n; i++)
		pv_jsonw_str(w, NULL, refs->at[i].r->id);
	pv_jsonw_end(w);
}

void
pv_obligation_write(struct pv_jsonw *w, const char *name, const struct pv_obligation *o)
{
	struct pv_buf time = { 0 };

	pv_jsonw_object(w, name);
	if (o->after_s != 0)
		pv_jsonw_u64(w, "after", o->after_s);
	if (o->by != 0) {
		pv_time_write(&time, o->by);
		pv_jsonw_str(w, "by", pv_buf_slice(&time));
		pv_buf_free(&time);
	}
	pv_jsonw_str(w, "duty", pv_slice_of(pv_duty_name(o->duty)));
	if (o->within_s != 0)
		pv_jsonw_u64(w, "within", o->within_s);
	pv_jsonw_end(w);
}

void
pv_answer_write(struct pv_buf *out, struct pv_slice id, const struct pv_decision *d,
    const struct pv_obligations *obligations, struct pv_slice extra)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	if (id.p != NULL)
		pv_jsonw_str(&w, "id", id);
	pv_jsonw_bool(&w, "decision", d->answer == PV_RELEASE);
	pv_jsonw_object(&w, "context");
	pv_jsonw_str(&w, "reason", pv_slice_of(pv_reason_name(d->reason)));
	write_refs(&w, "orders", &d->orders);
	write_refs(&w, "agreements", &d->agreements);
	pv_jsonw_array(&w, "obligations");
	for (size_t i = 0; i < obligations->n; i++)
		pv_obligation_write(&w, NULL, &obligations->at[i]);
	pv_jsonw_end(&w);
	if (extra.n > 0) {
		pv_buf_add_c(out, ',');
		pv_buf_add(out, extra);
	}
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
}
