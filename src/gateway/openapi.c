/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call that has a path is an operation; its question is parameters or a
 * body, its answer a schema. Schemas are named as the layouts are, records as
 * "record.order" and, before they are signed, "draft.order".
 */
#include "gateway/openapi.h"

#include <stdio.h>

#include "base/mem.h"
#include "codec/json.h"
#include "core/record.h"
#include "desk/call.h"
#include "net/http.h"
#include "wire/describe.h"

#define LAYOUTS_MAX 512

struct openapi {
	struct pv_jsonw w;
	const struct pv_layout *layouts[LAYOUTS_MAX];
	size_t count;
};

static void
str(struct openapi *o, const char *name, const char *value)
{
	pv_jsonw_str(&o->w, name, pv_slice_of(value));
}

static void
begin(struct openapi *o, const char *name)
{
	pv_jsonw_object(&o->w, name);
}

static void
end(struct openapi *o)
{
	pv_jsonw_end(&o->w);
}

static void
ref(struct openapi *o, const char *kind, const char *name)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	pv_buf_addf(&path, "#/components/%s/%s", kind, name);
	pv_jsonw_str(&o->w, "$ref", pv_buf_slice(&path));
}

static bool
in_api(const struct pv_call *c)
{
	return c->path != NULL && (c->flags & PV_CALL_INNER) == 0;
}

static bool
has_body(const struct pv_call *c)
{
	return strcmp(c->method, "GET") != 0 && strcmp(c->method, "DELETE") != 0;
}

/* ---- schemas ---- */

static void
need(struct openapi *o, const struct pv_layout *l)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->layouts[i] == l)
			return;
	if (l == NULL || o->count == LAYOUTS_MAX)
		return;
	o->layouts[o->count++] = l;
	for (const struct pv_field *f = l->fields; f->name != NULL; f++) {
		if (f->shape == PV_AS_ONE || f->shape == PV_AS_LIST)
			need(o, f->of);
		if (f->shape == PV_AS_OBLIGATIONS)
			need(o, &pv_layout_obligation);
	}
}

/* The parts of a question; it has no schema of its own, since path and query are not in it. */
static void
need_within(struct openapi *o, const struct pv_layout *l)
{
	for (const struct pv_field *f = l != NULL ? l->fields : NULL; f != NULL && f->name != NULL;
	     f++) {
		if (f->shape == PV_AS_ONE || f->shape == PV_AS_LIST)
			need(o, f->of);
		if (f->shape == PV_AS_OBLIGATIONS)
			need(o, &pv_layout_obligation);
	}
}

static void
need_answer(struct openapi *o, const struct pv_call *c)
{
	if (c->tail_out != NULL)
		need_within(o, c->answer);
	else
		need(o, c->answer);
}

/* What the home knows itself and fills in. */
static bool
filled_in(const char *kind, struct pv_slice member)
{
	static const char *const draft[] = { "id", "issuer", "log", "time", "basis", "exercise",
		NULL };

	if (strcmp(kind, "label") == 0)
		return !pv_slice_is(member, "record");
	for (size_t i = 0; draft[i] != NULL; i++)
		if (pv_slice_is(member, draft[i]))
			return true;
	return false;
}

static void
write_required(struct openapi *o, const struct pv_json *doc, uint32_t list, const char *how)
{
	pv_jsonw_array(&o->w, "required");
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next)
		if (strcmp(how, "record") == 0 || !filled_in(how, pv_json_at(doc, i)->text))
			pv_jsonw_str(&o->w, NULL, pv_json_at(doc, i)->text);
	pv_jsonw_end(&o->w);
}

/* The schema of schema/KIND.json; how: "record", "draft" or "label". */
static void
write_record(struct openapi *o, enum pv_kind kind, const char *how)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };
	struct pv_err ignored;

	pv_schema_write(kind, &text);
	pv_buf_addf(&name, "%s.%s", how, pv_kind_name(kind));
	if (!pv_ok(pv_json_read(&doc, pv_buf_slice(&text), SIZE_MAX, &ignored)))
		return;
	begin(o, pv_buf_str(&name));
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		const struct pv_json_node *n = pv_json_at(doc, i);

		if (pv_slice_is(n->name, "$schema") || pv_slice_is(n->name, "$id"))
			continue;
		if (pv_slice_is(n->name, "required")) {
			write_required(o, doc, i, how);
			continue;
		}
		pv_jsonw_named(&o->w, n->name);
		pv_jsonw_raw(&o->w, NULL, pv_slice_sub(pv_json_source(doc), n->from, n->to));
	}
	end(o);
}

/* Any record of its kind. */
static void
write_any(struct openapi *o, const char *name, const char *how, const char *says)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	begin(o, name);
	str(o, "description", says);
	pv_jsonw_array(&o->w, "anyOf");
	for (enum pv_kind k = PV_GENESIS; k < PV_KIND_COUNT; k++) {
		pv_buf_clear(&path);
		pv_buf_addf(&path, "%s.%s", how, pv_kind_name(k));
		begin(o, NULL);
		ref(o, "schemas", pv_buf_str(&path));
		end(o);
	}
	pv_jsonw_end(&o->w);
	end(o);
}

static void
write_problem(struct openapi *o)
{
	static const struct pv_field fields[] = {
		{ .name = "type",
		    .shape = PV_AS_TEXT,
		    .flags = PV_MUST,
		    .text = "urn:proviso:problem: and a word that stays." },
		{ .name = "title",
		    .shape = PV_AS_TEXT,
		    .flags = PV_MUST,
		    .text = "The status, in words." },
		{ .name = "status",
		    .shape = PV_AS_UINT,
		    .flags = PV_MUST,
		    .text = "The HTTP status." },
		{ .name = "detail", .shape = PV_AS_TEXT, .text = "What is wrong, in one line." },
		{ .name = "field",
		    .shape = PV_AS_TEXT,
		    .text = "Where in what was sent: record.topics[2]." },
		{ .name = "advice", .shape = PV_AS_TEXT, .text = "What can be done about it." },
		{ .name = NULL },
	};
	static const struct pv_layout layout = { "Problem", 0, fields };

	pv_layout_schema(&layout, &o->w, layout.name);
}

static void
write_schemas(struct openapi *o)
{
	begin(o, "schemas");
	write_problem(o);
	for (size_t i = 0; i < o->count; i++)
		pv_layout_schema(o->layouts[i], &o->w, o->layouts[i]->name);
	write_any(o, "Record", "record", "A record as docs/protocol/ has it.");
	write_any(o, "RecordDraft", "draft",
	    "A record that is not signed yet: id, issuer, log, time and basis may be left out.");
	begin(o, "LabelDraft");
	ref(o, "schemas", "label.report");
	end(o);
	for (enum pv_kind k = PV_GENESIS; k < PV_KIND_COUNT; k++) {
		write_record(o, k, "record");
		write_record(o, k, "draft");
	}
	write_record(o, PV_REPORT, "label");
	end(o);
}

/* ---- operations ---- */

static void
write_schema_parameter(struct openapi *o, const struct pv_field *f, const char *in)
{
	begin(o, NULL);
	str(o, "name", f->name);
	str(o, "in", in);
	if (f->text != NULL)
		str(o, "description", f->text);
	pv_jsonw_bool(&o->w, "required", (f->flags & PV_MUST) != 0 || strcmp(in, "path") == 0);
	pv_field_schema(f, &o->w, "schema");
	end(o);
}

static void
write_text_parameter(struct openapi *o, struct pv_slice name, const char *in, const char *says)
{
	begin(o, NULL);
	pv_jsonw_str(&o->w, "name", name);
	str(o, "in", in);
	if (says != NULL)
		str(o, "description", says);
	pv_jsonw_bool(&o->w, "required", strcmp(in, "path") == 0);
	begin(o, "schema");
	str(o, "type", "string");
	end(o);
	end(o);
}

static void
write_parameters(struct openapi *o, const struct pv_call *c)
{
	pv_jsonw_array(&o->w, "parameters");
	for (const struct pv_field *f = c->ask != NULL ? c->ask->fields : NULL;
	     f != NULL && f->name != NULL; f++) {
		if ((f->flags & PV_PATH) != 0)
			write_schema_parameter(o, f, "path");
		else if (!has_body(c))
			write_schema_parameter(o, f, "query");
	}
	if ((c->flags & PV_CALL_READS) == 0)
		write_text_parameter(o, PV_SLICE("Idempotency-Key"), "header",
		    "The same request under this key is made once, within a day.");
	if (strcmp(c->method, "GET") == 0)
		write_text_parameter(
		    o, PV_SLICE("If-None-Match"), "header", "An ETag: 304 when nothing changed.");
	pv_jsonw_end(&o->w);
}

/* An object of the members that are neither in the path nor elsewhere, and of one text more. */
static void
write_object(struct openapi *o, const struct pv_layout *l, const char *tail, bool tail_must)
{
	const struct pv_field *fields = l != NULL ? l->fields : NULL;

	begin(o, "schema");
	str(o, "type", "object");
	pv_jsonw_bool(&o->w, "additionalProperties", false);
	begin(o, "properties");
	for (const struct pv_field *f = fields; f != NULL && f->name != NULL; f++)
		if ((f->flags & PV_PATH) == 0)
			pv_field_schema(f, &o->w, f->name);
	if (tail != NULL) {
		begin(o, tail);
		str(o, "type", "string");
		end(o);
	}
	end(o);
	pv_jsonw_array(&o->w, "required");
	for (const struct pv_field *f = fields; f != NULL && f->name != NULL; f++)
		if ((f->flags & PV_MUST) != 0 && (f->flags & PV_PATH) == 0)
			str(o, NULL, f->name);
	if (tail != NULL && tail_must)
		str(o, NULL, tail);
	pv_jsonw_end(&o->w);
	end(o);
}

static void
write_media_text(struct openapi *o, const char *type)
{
	begin(o, type);
	begin(o, "schema");
	str(o, "type", strstr(type, "json") != NULL ? "object" : "string");
	end(o);
	end(o);
}

static void
write_request(struct openapi *o, const struct pv_call *c)
{
	if (!has_body(c))
		return;
	begin(o, "requestBody");
	pv_jsonw_bool(&o->w, "required", c->ask != NULL || c->tail_in != NULL);
	begin(o, "content");
	begin(o, "application/json");
	write_object(o, c->ask, c->tail_in, (c->flags & PV_CALL_TAIL) == 0);
	end(o);
	if (c->tail_in != NULL)
		write_media_text(o, "text/plain");
	end(o);
	end(o);
}

static void
write_answer(struct openapi *o, const struct pv_call *c)
{
	begin(o, "200");
	str(o, "description", c->summary);
	begin(o, "content");
	if (c->answer == NULL && c->tail_out != NULL) {
		write_media_text(o, c->tail_type != NULL ? c->tail_type : "text/plain");
	} else {
		begin(o, "application/json");
		if (c->answer != NULL && c->tail_out == NULL) {
			begin(o, "schema");
			ref(o, "schemas", c->answer->name);
			end(o);
		} else {
			write_object(o, c->answer, c->tail_out, true);
		}
		end(o);
	}
	end(o);
	end(o);
}

static void
write_refusals(struct openapi *o)
{
	begin(o, "default");
	ref(o, "responses", "Problem");
	end(o);
}

static void
write_responses(struct openapi *o, const struct pv_call *c)
{
	begin(o, "responses");
	write_answer(o, c);
	if (strcmp(c->method, "GET") == 0) {
		begin(o, "304");
		str(o, "description", "Nothing changed.");
		end(o);
	}
	write_refusals(o);
	end(o);
}

static void
write_tag(struct openapi *o, const char *name)
{
	const char *dot = strchr(name, '.');

	pv_jsonw_array(&o->w, "tags");
	pv_jsonw_str(&o->w, NULL,
	    dot != NULL ? pv_slice_mem(name, (size_t)(dot - name)) : pv_slice_of(name));
	pv_jsonw_end(&o->w);
}

static void
write_roles(struct openapi *o, unsigned roles)
{
	static const struct {
		unsigned role;
		const char *word;
	} words[] = { { PV_ROLE_ANALYST, "analyst" }, { PV_ROLE_OFFICER, "officer" },
		{ PV_ROLE_OVERSEER, "overseer" }, { PV_ROLE_OPERATOR, "operator" },
		{ PV_ROLE_GATEWAY, "gateway" } };

	pv_jsonw_array(&o->w, "x-roles");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if ((roles & words[i].role) != 0)
			str(o, NULL, words[i].word);
	pv_jsonw_end(&o->w);
}

static void
write_operation(struct openapi *o, const struct pv_call *c)
{
	char method[16] = { 0 };

	for (size_t i = 0; c->method[i] != '\0' && i < sizeof(method) - 1; i++)
		method[i] = (char)(c->method[i] | 0x20);
	begin(o, method);
	str(o, "operationId", c->name);
	str(o, "summary", c->summary);
	write_tag(o, c->name);
	if ((c->flags & PV_CALL_PUBLIC) != 0) {
		pv_jsonw_array(&o->w, "security");
		begin(o, NULL);
		end(o);
		pv_jsonw_end(&o->w);
	} else {
		write_roles(o, c->roles);
		if ((c->flags & PV_CALL_OWN) != 0)
			pv_jsonw_bool(&o->w, "x-own-authority", true);
	}
	write_parameters(o, c);
	write_request(o, c);
	write_responses(o, c);
	end(o);
}

static void
write_words(struct openapi *o, const char *words, const char *in)
{
	struct pv_slice rest = pv_slice_of(words), word;

	while (pv_slice_next(&rest, ' ', &word))
		write_text_parameter(o, word, in, NULL);
}

static void
write_path_words(struct openapi *o, const char *path)
{
	for (const char *p = strchr(path, '{'); p != NULL; p = strchr(p, '{')) {
		const char *brace = strchr(p, '}');

		write_text_parameter(o, pv_slice_mem(p + 1, (size_t)(brace - p - 1)), "path", NULL);
		p = brace;
	}
}

static void
write_extra(struct openapi *o, const struct pv_openapi_extra *x)
{
	char method[16] = { 0 }, status[16];

	for (size_t i = 0; x->method[i] != '\0' && i < sizeof(method) - 1; i++)
		method[i] = (char)(x->method[i] | 0x20);
	snprintf(status, sizeof(status), "%d", x->status);
	begin(o, method);
	str(o, "operationId", x->id);
	str(o, "summary", x->summary);
	write_tag(o, x->id);
	pv_jsonw_array(&o->w, "parameters");
	write_path_words(o, x->path);
	write_words(o, x->query, "query");
	write_words(o, x->headers, "header");
	pv_jsonw_end(&o->w);
	if (x->takes != NULL) {
		begin(o, "requestBody");
		pv_jsonw_bool(&o->w, "required", true);
		begin(o, "content");
		begin(o, x->takes);
		end(o);
		end(o);
		end(o);
	}
	begin(o, "responses");
	begin(o, status);
	str(o, "description", x->summary);
	if (x->gives != NULL) {
		begin(o, "content");
		begin(o, x->gives);
		end(o);
		end(o);
	}
	end(o);
	write_refusals(o);
	end(o);
	end(o);
}

/* ---- paths, each once ---- */

static bool
seen_before(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (in_api(pv_call_at(k)) && strcmp(pv_call_at(k)->path, pv_call_at(i)->path) == 0)
			return true;
	return false;
}

static void
write_extras_at(struct openapi *o, const char *path)
{
	for (const struct pv_openapi_extra *x = pv_openapi_extras; x->method != NULL; x++)
		if (strcmp(x->path, path) == 0)
			write_extra(o, x);
}

static bool
extra_seen(const struct pv_openapi_extra *x)
{
	for (size_t i = 0; i < pv_call_count(); i++)
		if (in_api(pv_call_at(i)) && strcmp(pv_call_at(i)->path, x->path) == 0)
			return true;
	for (const struct pv_openapi_extra *y = pv_openapi_extras; y != x; y++)
		if (strcmp(y->path, x->path) == 0)
			return true;
	return false;
}

static void
write_paths(struct openapi *o)
{
	size_t n = pv_call_count();

	begin(o, "paths");
	for (size_t i = 0; i < n; i++) {
		if (!in_api(pv_call_at(i)) || seen_before(i))
			continue;
		begin(o, pv_call_at(i)->path);
		for (size_t k = i; k < n; k++)
			if (in_api(pv_call_at(k)) &&
			    strcmp(pv_call_at(k)->path, pv_call_at(i)->path) == 0)
				write_operation(o, pv_call_at(k));
		write_extras_at(o, pv_call_at(i)->path);
		end(o);
	}
	for (const struct pv_openapi_extra *x = pv_openapi_extras; x->method != NULL; x++) {
		if (extra_seen(x))
			continue;
		begin(o, x->path);
		write_extras_at(o, x->path);
		end(o);
	}
	end(o);
}

/* ---- the document ---- */

static void
write_scheme(struct openapi *o, const char *name, const char *type, const char *scheme)
{
	begin(o, name);
	str(o, "type", type);
	if (scheme != NULL)
		str(o, "scheme", scheme);
	end(o);
}

static void
write_components(struct openapi *o)
{
	begin(o, "components");
	begin(o, "securitySchemes");
	write_scheme(o, "token", "http", "bearer");
	write_scheme(o, "account", "http", "basic");
	write_scheme(o, "certificate", "mutualTLS", NULL);
	end(o);
	begin(o, "responses");
	begin(o, "Problem");
	str(o, "description", "Why not (RFC 9457); nothing was changed.");
	begin(o, "content");
	begin(o, "application/problem+json");
	begin(o, "schema");
	ref(o, "schemas", "Problem");
	end(o);
	end(o);
	end(o);
	end(o);
	end(o);
	write_schemas(o);
	end(o);
}

static void
write_security(struct openapi *o)
{
	static const char *const names[] = { "token", "account", "certificate" };

	pv_jsonw_array(&o->w, "security");
	for (size_t i = 0; i < 3; i++) {
		begin(o, NULL);
		pv_jsonw_array(&o->w, names[i]);
		pv_jsonw_end(&o->w);
		end(o);
	}
	pv_jsonw_end(&o->w);
}

void
pv_openapi_write(struct pv_buf *out)
{
	struct openapi *o = PV_NEW(struct openapi);

	o->w.out = out;
	for (size_t i = 0; i < pv_call_count(); i++) {
		if (!in_api(pv_call_at(i)))
			continue;
		need_within(o, pv_call_at(i)->ask);
		need_answer(o, pv_call_at(i));
	}
	begin(o, NULL);
	str(o, "openapi", "3.1.0");
	begin(o, "info");
	str(o, "title", "Proviso");
	str(o, "version", "1");
	str(o, "description",
	    "What the tool can do, over HTTPS. Lists have cursors, changes keys that make them "
	    "happen once, reads ETags.");
	begin(o, "license");
	str(o, "name", "Apache-2.0");
	str(o, "identifier", "Apache-2.0");
	end(o);
	end(o);
	pv_jsonw_array(&o->w, "servers");
	begin(o, NULL);
	str(o, "url", "/api/v1");
	end(o);
	pv_jsonw_end(&o->w);
	write_security(o);
	write_paths(o);
	write_components(o);
	end(o);
	pv_free(o);
}

PV_RESULT
pv_openapi_write_pretty(struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	pv_openapi_write(&raw);
	PV_TRY(pv_json_read(&doc, pv_buf_slice(&raw), SIZE_MAX, e));
	pv_json_pretty(doc, 0, out);
	pv_buf_add_c(out, '\n');
	return PV_DONE;
}

#define PIECES "application/offset+octet-stream"
#define BYTES  "application/octet-stream"
#define TUS    "Tus-Resumable Upload-Length Upload-Metadata"

const struct pv_openapi_extra pv_openapi_extras[] = {
	{ "GET", "/openapi.json", "api.openapi", "This document", NULL, "application/json", NULL,
	    "If-None-Match", 200 },
	{ "GET", "/events", "api.events",
	    "What changes, as server-sent events: acts of the order log, entries of the journal",
	    NULL, "text/event-stream", NULL, "Last-Event-ID", 200 },
	{ "POST", "/calls/{name}", "api.calls", "The tool's calls (docs/protocol/remote.md)",
	    "application/vnd.proviso.call", "application/vnd.proviso.call", NULL, NULL, 200 },
	{ "POST", "/uploads", "uploads.create", "Begins an upload (tus 1.0); Location says where",
	    NULL, NULL, NULL, TUS, 201 },
	{ "HEAD", "/uploads/{id}", "uploads.offset", "How much of it is here: Upload-Offset", NULL,
	    NULL, NULL, NULL, 200 },
	{ "PATCH", "/uploads/{id}", "uploads.patch", "The next piece", PIECES, NULL, NULL,
	    "Tus-Resumable Upload-Offset", 204 },
	{ "DELETE", "/uploads/{id}", "uploads.delete", "Throws it away", NULL, NULL, NULL, NULL,
	    204 },
	{ "GET", "/reports/{id}/content", "reports.download", "The sealed file of a report", NULL,
	    BYTES, NULL, NULL, 200 },
	{ "GET", "/openings/{handle}/content", "open.content",
	    "What was opened, in pieces: each after the orders were looked at", NULL, BYTES, NULL,
	    NULL, 200 },
	{ .method = NULL },
};
