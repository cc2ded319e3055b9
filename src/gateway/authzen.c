/* SPDX-License-Identifier: Apache-2.0 */
/* openid/authzen authorization-api-1_0; the stricter readings are those of its certification scenario. */
#include "gateway/authzen.h"

#include "codec/json.h"
#include "codec/rfc3339.h"
#include "wire/request.h"

#define PROPERTIES_MAX 64
#define VALUE_MAX      200
#define NAME_MAX_BYTES 1024

struct reading {
	const struct pv_json *doc;
	struct pv_arena *a;
};

/* ---- entities ---- */

/* The member of node, or of top when node has none (a default is taken whole). PV_JSON_NONE: neither. */
static uint32_t
entity(const struct pv_json *doc, uint32_t node, uint32_t top, const char *name)
{
	uint32_t at = pv_json_member(doc, node, pv_slice_of(name));

	return at != PV_JSON_NONE ? at : pv_json_member(doc, top, pv_slice_of(name));
}

/* Members of the protocol have one type each; null is no value of any. */
static PV_RESULT
check_object(const struct pv_json *doc, uint32_t node, const char *name, struct pv_err *e)
{
	if (node != PV_JSON_NONE && pv_json_at(doc, node)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "%s is not an object", name);
	return PV_DONE;
}

/* A text that must be there, in an entity that must be there. */
static PV_RESULT
need_text(const struct reading *r, uint32_t node, const char *of, const char *name,
    struct pv_slice *out, struct pv_err *e)
{
	uint32_t at = pv_json_member(r->doc, node, pv_slice_of(name));

	if (at == PV_JSON_NONE)
		return PV_FAIL(e, PV_E_INPUT, "%s.%s is missing", of, name);
	if (pv_json_at(r->doc, at)->type != PV_JSON_STRING)
		return PV_FAIL(e, PV_E_INPUT, "%s.%s is not a string", of, name);
	*out = pv_arena_copy(r->a, pv_json_at(r->doc, at)->text);
	if (out->n == 0 || out->n > NAME_MAX_BYTES)
		return PV_FAIL(
		    e, PV_E_INPUT, "%s.%s is %s", of, name, out->n == 0 ? "empty" : "too long");
	return PV_DONE;
}

static PV_RESULT
need_entity(const struct reading *r, uint32_t node, const char *name, struct pv_err *e)
{
	if (node == PV_JSON_NONE)
		return PV_FAIL(e, PV_E_INPUT, "%s is missing", name);
	PV_TRY(check_object(r->doc, node, name, e));
	return pv_within(check_object(r->doc, pv_json_member(r->doc, node, PV_SLICE("properties")),
			     "properties", e),
	    e, "%s", name);
}

/* Properties as name=value: what is a list, an object, null, or long says nothing here. */
static struct pv_names
properties_of(const struct reading *r, uint32_t entity_node)
{
	uint32_t node = pv_json_member(r->doc, entity_node, PV_SLICE("properties"));
	struct pv_slice *at;
	size_t n = 0;

	if (node == PV_JSON_NONE)
		return (struct pv_names){ 0 };
	at = pv_arena_alloc_n(r->a, PROPERTIES_MAX, sizeof(*at));
	for (uint32_t i = pv_json_at(r->doc, node)->first; i != PV_JSON_NONE && n < PROPERTIES_MAX;
	     i = pv_json_at(r->doc, i)->next) {
		const struct pv_json_node *p = pv_json_at(r->doc, i);
		struct pv_slice value = p->text;

		if (p->type == PV_JSON_BOOL)
			value = pv_slice_of(p->integer != 0 ? "true" : "false");
		else if (p->type != PV_JSON_STRING && p->type != PV_JSON_INT)
			continue;
		if (p->name.n != 0 && value.n != 0 && p->name.n + value.n < VALUE_MAX &&
		    memchr(p->name.p, '=', p->name.n) == NULL)
			at[n++] =
			    pv_arena_printf(r->a, "%.*s=%.*s", PV_FMT(p->name), PV_FMT(value));
	}
	return (struct pv_names){ at, n };
}

/* No term and no party is called so: what cannot be read is unknown, and that is covered by what forbids. */
#define NOT_READ PV_SLICE("?")

static struct pv_slice
text_at(const struct reading *r, uint32_t at)
{
	const struct pv_json_node *node = pv_json_at(r->doc, at);

	if (node->type != PV_JSON_STRING || node->text.n > VALUE_MAX)
		return NOT_READ;
	return pv_arena_copy(r->a, node->text);
}

static struct pv_slice
text_of(const struct reading *r, uint32_t node, const char *name)
{
	uint32_t at =
	    node == PV_JSON_NONE ? PV_JSON_NONE : pv_json_member(r->doc, node, pv_slice_of(name));

	return at == PV_JSON_NONE ? PV_NO_SLICE : text_at(r, at);
}

/* A text or a list of them, by either name. */
static struct pv_names
texts_of(const struct reading *r, uint32_t node, const char *one, const char *many)
{
	struct pv_slice *at, alone = text_of(r, node, one);
	uint32_t list =
	    node == PV_JSON_NONE ? PV_JSON_NONE : pv_json_member(r->doc, node, pv_slice_of(many));
	size_t n = 0;

	if (alone.n == 0 && list == PV_JSON_NONE)
		return (struct pv_names){ 0 };
	at = pv_arena_alloc_n(r->a, PROPERTIES_MAX + 2, sizeof(*at));
	if (alone.n != 0)
		at[n++] = alone;
	if (list == PV_JSON_NONE)
		return (struct pv_names){ at, n };
	if (pv_json_at(r->doc, list)->type != PV_JSON_ARRAY ||
	    pv_json_at(r->doc, list)->count > PROPERTIES_MAX) {
		at[n++] = NOT_READ;
		return (struct pv_names){ at, n };
	}
	for (uint32_t i = pv_json_at(r->doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next)
		at[n++] = text_at(r, i);
	return (struct pv_names){ at, n };
}

/* ---- one evaluation ---- */

/* What the request says of a report, should it not be held here. */
static void
read_described(const struct reading *r, uint32_t resource, struct pv_evaluation *q)
{
	uint32_t p = pv_json_member(r->doc, resource, PV_SLICE("properties"));

	q->originator = text_of(r, p, "originator");
	q->topics = texts_of(r, p, "topic", "topics");
	q->regions = texts_of(r, p, "region", "regions");
	q->never = texts_of(r, p, "forbid", "never");
	q->identified = text_of(r, p, "identified");
}

static PV_RESULT
read_one(
    const struct reading *r, uint32_t node, uint32_t top, struct pv_evaluation *q, struct pv_err *e)
{
	uint32_t subject = entity(r->doc, node, top, "subject");
	uint32_t resource = entity(r->doc, node, top, "resource");
	uint32_t action = entity(r->doc, node, top, "action");
	uint32_t context = entity(r->doc, node, top, "context");

	PV_TRY(need_entity(r, subject, "subject", e));
	PV_TRY(need_text(r, subject, "subject", "type", &q->subject_type, e));
	PV_TRY(need_text(r, subject, "subject", "id", &q->subject, e));
	PV_TRY(need_entity(r, resource, "resource", e));
	PV_TRY(need_text(r, resource, "resource", "type", &q->resource_type, e));
	PV_TRY(need_text(r, resource, "resource", "id", &q->resource, e));
	PV_TRY(need_entity(r, action, "action", e));
	PV_TRY(need_text(r, action, "action", "name", &q->action, e));
	PV_TRY(check_object(r->doc, context, "context", e));
	q->subject_says = properties_of(r, subject);
	q->action_says = properties_of(r, action);
	q->channel = text_of(r, context, "channel");
	read_described(r, resource, q);
	return PV_DONE;
}

/* ---- the request ---- */

static PV_RESULT
read_semantic(const struct pv_json *doc, uint32_t top, enum pv_evaluations *out, struct pv_err *e)
{
	uint32_t options = pv_json_member(doc, top, PV_SLICE("options")), at;

	PV_TRY(check_object(doc, options, "options", e));
	at = options == PV_JSON_NONE
		 ? PV_JSON_NONE
		 : pv_json_member(doc, options, PV_SLICE("evaluations_semantic"));
	if (at == PV_JSON_NONE)
		return PV_DONE;
	for (unsigned i = 0; pv_evaluations_words[i] != NULL; i++)
		if (pv_json_at(doc, at)->type == PV_JSON_STRING &&
		    pv_slice_is(pv_json_at(doc, at)->text, pv_evaluations_words[i])) {
			*out = (enum pv_evaluations)i;
			return PV_DONE;
		}
	return PV_FAIL(e, PV_E_INPUT,
	    "options.evaluations_semantic is none of execute_all, deny_on_first_deny, "
	    "permit_on_first_permit");
}

/* The defaults are checked even where no item falls back on them. */
static PV_RESULT
check_defaults(const struct reading *r, struct pv_err *e)
{
	static const char *const names[] = { "subject", "resource", "action", "context" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		PV_TRY(check_object(
		    r->doc, pv_json_member(r->doc, 0, pv_slice_of(names[i])), names[i], e));
	return PV_DONE;
}

static PV_RESULT
read_many(const struct reading *r, uint32_t list, struct pv_authzen *out, struct pv_err *e)
{
	size_t count = pv_json_at(r->doc, list)->count, n = 0;
	struct pv_evaluation *rows;

	if (count > PV_EVALUATIONS_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "more than %d evaluations", PV_EVALUATIONS_MAX);
	PV_TRY(check_defaults(r, e));
	rows = pv_arena_alloc_n(r->a, count, sizeof(*rows));
	for (uint32_t i = pv_json_at(r->doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next) {
		struct pv_evaluation *q = &rows[n++];
		struct pv_err why = { 0 };

		if (pv_json_at(r->doc, i)->type != PV_JSON_OBJECT)
			q->wrong = PV_SLICE("it is not an object");
		else if (!pv_ok(read_one(r, i, 0, q, &why)))
			*q = (struct pv_evaluation){ .wrong = pv_arena_copy(
							 r->a, pv_slice_of(why.what)) };
	}
	out->many = true;
	out->ask.rows = rows;
	out->ask.count = n;
	return PV_DONE;
}

static PV_RESULT
read_request(const struct reading *r, bool batch, struct pv_authzen *out, struct pv_err *e)
{
	uint32_t list = PV_JSON_NONE;
	struct pv_evaluation *q;

	if (pv_json_at(r->doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the request is not an object");
	if (batch) {
		PV_TRY(read_semantic(r->doc, 0, &out->ask.how, e));
		list = pv_json_member(r->doc, 0, PV_SLICE("evaluations"));
		if (list != PV_JSON_NONE && pv_json_at(r->doc, list)->type != PV_JSON_ARRAY)
			return PV_FAIL(e, PV_E_INPUT, "evaluations is not an array");
	}
	if (list != PV_JSON_NONE && pv_json_at(r->doc, list)->count != 0)
		return read_many(r, list, out, e);
	q = PV_ARENA_NEW(r->a, struct pv_evaluation);
	PV_TRY(read_one(r, 0, 0, q, e));
	out->ask.rows = q;
	out->ask.count = 1;
	return PV_DONE;
}

PV_RESULT
pv_authzen_read(
    struct pv_authzen *out, struct pv_slice body, bool batch, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct reading r = { .a = a };

	*out = (struct pv_authzen){ 0 };
	if (body.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "the request has no body");
	PV_TRY(pv_json_read(&doc, body, PV_AUTHZEN_BODY_MAX, e));
	r.doc = doc;
	return read_request(&r, batch, out, e);
}

/* ---- answers ---- */

static void
write_names(struct pv_jsonw *w, const char *name, const struct pv_names *names)
{
	if (names->n == 0)
		return;
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < names->n; i++)
		pv_jsonw_str(w, NULL, names->at[i]);
	pv_jsonw_end(w);
}

static void
write_text(struct pv_jsonw *w, const char *name, struct pv_slice text)
{
	if (text.n != 0)
		pv_jsonw_str(w, name, text);
}

static void
write_error(struct pv_jsonw *w, const struct pv_evaluated *row)
{
	if (row->status == 0)
		return;
	pv_jsonw_object(w, "error");
	pv_jsonw_u64(w, "status", row->status);
	pv_jsonw_str(w, "message", row->error);
	pv_jsonw_end(w);
}

/* What the answer stood on is told with a reason only: whoever may know why may know that. */
static void
write_context(
    struct pv_jsonw *w, const struct pv_evaluated *row, const struct pv_evaluate_answer *all)
{
	PV_AUTO(pv_buf_free) struct pv_buf until = { 0 };

	if (row->status == 0 && row->reason.n == 0 && row->reference.n == 0)
		return;
	pv_jsonw_object(w, "context");
	write_error(w, row);
	write_text(w, "reason", row->reason);
	write_names(w, "orders", &row->orders);
	write_text(w, "lifted_by", row->lifted_by);
	write_names(w, "agreements", &row->agreements);
	if (row->obligations.n != 0) {
		pv_jsonw_array(w, "obligations");
		for (size_t i = 0; i < row->obligations.n; i++)
			pv_obligation_write(w, NULL, &row->obligations.at[i]);
		pv_jsonw_end(w);
	}
	write_text(w, "reference", row->reference);
	if (row->reason.n != 0) {
		pv_time_write(&until, all->lease_until);
		pv_jsonw_u64(w, "orders_seen", all->orders_seen);
		pv_jsonw_str(w, "lease_until", pv_buf_slice(&until));
		pv_jsonw_u64(w, "journal", all->journal_index);
	}
	pv_jsonw_end(w);
}

static void
write_row(struct pv_jsonw *w, const struct pv_evaluated *row, const struct pv_evaluate_answer *all)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_bool(w, "decision", row->decision);
	write_context(w, row, all);
	pv_jsonw_end(w);
}

void
pv_authzen_write(
    const struct pv_authzen *asked, const struct pv_evaluate_answer *answer, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	if (!asked->many && answer->count == 1) {
		write_row(&w, &answer->rows[0], answer);
		return;
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_array(&w, "evaluations");
	for (size_t i = 0; i < answer->count; i++)
		write_row(&w, &answer->rows[i], answer);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}

static void
write_url(struct pv_jsonw *w, const char *name, struct pv_slice url, const char *path)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_buf_add(&b, url);
	pv_buf_add_str(&b, path);
	pv_jsonw_str(w, name, pv_buf_slice(&b));
}

void
pv_authzen_metadata(struct pv_slice url, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "policy_decision_point", url);
	write_url(&w, "access_evaluation_endpoint", url, "/access/v1/evaluation");
	write_url(&w, "access_evaluations_endpoint", url, "/access/v1/evaluations");
	pv_jsonw_end(&w);
}
