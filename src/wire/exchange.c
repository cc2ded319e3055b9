/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table per document drives reading and writing; members are written in
 * the order of RFC 8785 because the tables stand in that order.
 */
#include "wire/exchange.h"

#include <stddef.h>

#include "base/vec.h"
#include "codec/json.h"
#include "codec/rfc3339.h"

enum type { TEXT, NAMES, TIME, NUMBER, JSON };

struct member {
	const char *name;
	enum type type;
	bool optional;
	size_t at;
};

#define REQUEST(member) offsetof(struct pv_exchange_request, member)
#define REPLY(member)   offsetof(struct pv_exchange_reply, member)

static const struct member request_members[] = {
	{ "binding", TEXT, false, REQUEST(binding) },
	{ "channel", TEXT, false, REQUEST(channel) },
	{ "client_key", TEXT, false, REQUEST(client_key) },
	{ "ephemeral", TEXT, true, REQUEST(ephemeral) },
	{ "expires", TIME, false, REQUEST(expires) },
	{ "id", TEXT, false, REQUEST(id) },
	{ "issuer", TEXT, false, REQUEST(issuer) },
	{ "kid", TEXT, false, REQUEST(kid) },
	{ "label", TEXT, false, REQUEST(label) },
	{ "log", TEXT, false, REQUEST(log) },
	{ "party", TEXT, false, REQUEST(party) },
	{ "person", TEXT, false, REQUEST(person) },
	{ "policy", TEXT, false, REQUEST(policy) },
	{ "purpose", TEXT, false, REQUEST(purpose) },
	{ "report", TEXT, false, REQUEST(report) },
	{ "time", TIME, false, REQUEST(time) },
	{ "wrap_type", TEXT, false, REQUEST(wrap_type) },
	{ "wrapped", TEXT, false, REQUEST(wrapped) },
};

/* Without "exchange" itself, which says granted or refused. */
static const struct member reply_members[] = {
	{ "agreements", NAMES, true, REPLY(agreements) },
	{ "digest", TEXT, false, REPLY(digest) },
	{ "disclosures", NAMES, true, REPLY(disclosures) },
	{ "issuer", TEXT, false, REPLY(issuer) },
	{ "journal", TEXT, true, REPLY(journal) },
	{ "journal_index", NUMBER, true, REPLY(journal_index) },
	{ "label", TEXT, true, REPLY(label) },
	{ "log", TEXT, false, REPLY(log) },
	{ "order_notes", NAMES, true, REPLY(order_notes) },
	{ "orders", NAMES, true, REPLY(orders) },
	{ "reason", TEXT, true, REPLY(reason) },
	{ "reference", TEXT, true, REPLY(reference) },
	{ "release", TEXT, true, REPLY(release) },
	{ "report", TEXT, false, REPLY(report) },
	{ "request", TEXT, false, REPLY(request) },
	{ "session_key", TEXT, true, REPLY(session_key) },
	{ "terms", JSON, true, REPLY(terms) },
	{ "time", TIME, false, REPLY(time) },
	{ "wrapped", TEXT, true, REPLY(wrapped) },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- reading ---- */

static PV_RESULT
read_names(struct pv_names *out, const struct pv_json *doc, const struct pv_json_node *node,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice *at;
	size_t n = 0;

	if (node->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "a list of texts is wanted");
	at = pv_arena_alloc_n(a, node->count, sizeof(*at));
	for (uint32_t i = node->first; i != PV_JSON_NONE; i = pv_json_at(doc, i)->next) {
		if (pv_json_at(doc, i)->type != PV_JSON_STRING)
			return PV_FAIL(e, PV_E_INPUT, "a list of texts is wanted");
		at[n++] = pv_arena_copy(a, pv_json_at(doc, i)->text);
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static PV_RESULT
read_member(void *out, const struct member *m, const struct pv_json *doc, uint32_t i,
    struct pv_arena *a, struct pv_err *e)
{
	const struct pv_json_node *node = pv_json_at(doc, i);
	void *at = (char *)out + m->at;
	struct pv_buf json = { 0 };

	switch (m->type) {
	case TEXT:
		if (node->type != PV_JSON_STRING)
			return PV_FAIL(e, PV_E_INPUT, "a text is wanted");
		*(struct pv_slice *)at = pv_arena_copy(a, node->text);
		return PV_DONE;
	case TIME:
		if (node->type != PV_JSON_STRING || !pv_time_read(node->text, at))
			return PV_FAIL(
			    e, PV_E_INPUT, "a time such as 2025-11-11T14:07:02Z is wanted");
		return PV_DONE;
	case NUMBER:
		if (node->type != PV_JSON_INT || node->integer < 0)
			return PV_FAIL(e, PV_E_INPUT, "a whole number is wanted");
		*(uint64_t *)at = (uint64_t)node->integer;
		return PV_DONE;
	case NAMES:
		return read_names(at, doc, node, a, e);
	case JSON:
		pv_json_canon(doc, i, &json);
		*(struct pv_slice *)at = pv_arena_copy(a, pv_buf_slice(&json));
		pv_buf_free(&json);
		return PV_DONE;
	}
	return PV_FAIL(e, PV_E_BUG, "unknown member type");
}

static PV_RESULT
read_all(void *out, const struct member *members, size_t n, const struct pv_json *doc,
    struct pv_arena *a, struct pv_err *e)
{
	size_t found = 0;

	for (size_t k = 0; k < n; k++) {
		uint32_t i = pv_json_member(doc, 0, pv_slice_of(members[k].name));

		if (i == PV_JSON_NONE && members[k].optional)
			continue;
		if (i == PV_JSON_NONE)
			return PV_FAIL(e, PV_E_INPUT, "\"%s\" is missing", members[k].name);
		PV_TRY(pv_within(
		    read_member(out, &members[k], doc, i, a, e), e, "%s", members[k].name));
		found++;
	}
	if (found + 2 != pv_json_at(doc, 0)->count) /* and "exchange", "v" */
		return PV_FAIL(e, PV_E_INPUT, "members that do not belong here");
	return PV_DONE;
}

/* The document, its kind checked against the words that may stand there. */
static PV_RESULT
open_document(struct pv_json **doc, struct pv_slice text, struct pv_slice *kind, struct pv_err *e)
{
	uint32_t k, v;

	PV_TRY(pv_json_read(doc, text, PV_EXCHANGE_MAX, e));
	if (pv_json_at(*doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "an object is wanted");
	k = pv_json_member(*doc, 0, PV_SLICE("exchange"));
	v = pv_json_member(*doc, 0, PV_SLICE("v"));
	if (k == PV_JSON_NONE || v == PV_JSON_NONE || pv_json_at(*doc, k)->type != PV_JSON_STRING)
		return PV_FAIL(e, PV_E_INPUT, "this is neither a request nor a reply");
	if (pv_json_at(*doc, v)->type != PV_JSON_INT || pv_json_at(*doc, v)->integer != 1)
		return PV_FAIL(e, PV_E_INPUT, "version 1 is wanted");
	*kind = pv_json_at(*doc, k)->text;
	return PV_DONE;
}

PV_RESULT
pv_exchange_request_read(
    struct pv_exchange_request *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_exchange_request r = { 0 };
	struct pv_slice kind;

	PV_TRY(open_document(&doc, text, &kind, e));
	if (!pv_slice_is(kind, "request"))
		return PV_FAIL(e, PV_E_INPUT, "a request is wanted, this is a %.*s", PV_FMT(kind));
	PV_TRY(read_all(&r, request_members, COUNT(request_members), doc, a, e));
	*out = r;
	return PV_DONE;
}

static PV_RESULT
check_reply(const struct pv_exchange_reply *r, struct pv_err *e)
{
	if (r->granted && (r->wrapped.n == 0 || r->label.n == 0 || r->release.n == 0))
		return PV_FAIL(e, PV_E_INPUT, "a grant needs release, label and wrapped");
	if (!r->granted && r->wrapped.n != 0)
		return PV_FAIL(e, PV_E_INPUT, "a refusal carries no key");
	return PV_DONE;
}

PV_RESULT
pv_exchange_reply_read(
    struct pv_exchange_reply *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_exchange_reply r = { 0 };
	struct pv_slice kind;

	PV_TRY(open_document(&doc, text, &kind, e));
	r.granted = pv_slice_is(kind, "grant");
	if (!r.granted && !pv_slice_is(kind, "refusal"))
		return PV_FAIL(
		    e, PV_E_INPUT, "a grant or a refusal is wanted, this is a %.*s", PV_FMT(kind));
	PV_TRY(read_all(&r, reply_members, COUNT(reply_members), doc, a, e));
	PV_TRY(check_reply(&r, e));
	*out = r;
	return PV_DONE;
}

/* ---- writing ---- */

static bool
absent(const struct member *m, const void *at)
{
	switch (m->type) {
	case TEXT:
	case JSON:
		return ((const struct pv_slice *)at)->n == 0;
	case NAMES:
		return ((const struct pv_names *)at)->n == 0;
	case TIME:
	case NUMBER:
		return false;
	}
	return false;
}

static void
write_member(struct pv_jsonw *w, const struct member *m, const void *at)
{
	struct pv_buf time = { 0 };
	const struct pv_names *names = at;

	switch (m->type) {
	case TEXT:
		pv_jsonw_str(w, m->name, *(const struct pv_slice *)at);
		break;
	case JSON:
		pv_jsonw_raw(w, m->name, *(const struct pv_slice *)at);
		break;
	case NUMBER:
		pv_jsonw_u64(w, m->name, *(const uint64_t *)at);
		break;
	case TIME:
		pv_time_write(&time, *(const uint64_t *)at);
		pv_jsonw_str(w, m->name, pv_buf_slice(&time));
		pv_buf_free(&time);
		break;
	case NAMES:
		pv_jsonw_array(w, m->name);
		for (size_t i = 0; i < names->n; i++)
			pv_jsonw_str(w, NULL, names->at[i]);
		pv_jsonw_end(w);
		break;
	}
}

/* "exchange" stands where the alphabet puts it, "v" too. */
static void
write_all(
    const void *in, const char *kind, const struct member *members, size_t n, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };
	bool named = false, versioned = false;

	pv_jsonw_object(&w, NULL);
	for (size_t k = 0; k < n; k++) {
		const void *at = (const char *)in + members[k].at;

		if (!named && strcmp("exchange", members[k].name) < 0) {
			pv_jsonw_str(&w, "exchange", pv_slice_of(kind));
			named = true;
		}
		if (!versioned && strcmp("v", members[k].name) < 0) {
			pv_jsonw_int(&w, "v", 1);
			versioned = true;
		}
		if (!members[k].optional || !absent(&members[k], at))
			write_member(&w, &members[k], at);
	}
	pv_jsonw_end(&w);
}

void
pv_exchange_request_write(const struct pv_exchange_request *r, struct pv_buf *out)
{
	write_all(r, "request", request_members, COUNT(request_members), out);
}

void
pv_exchange_reply_write(const struct pv_exchange_reply *r, struct pv_buf *out)
{
	write_all(r, r->granted ? "grant" : "refusal", reply_members, COUNT(reply_members), out);
}
