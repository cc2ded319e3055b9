/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the TAXII edge, and those of officers about collections. */
#include "desk/layouts.h"
#include "desk/taxii.h"

static const char *const result_words[] = { "not-found", "ok", "forbidden", "bad", "again", NULL };
static const char *const what_words[] = { NULL, "objects", "manifest", "object", "versions",
	"markings", NULL };
static const char *const tlp_words[] = { NULL, "clear", "green", "amber", "amber+strict", "red",
	NULL };

/* ---- roots ---- */

static const struct pv_field roots_answer_fields[] = {
	PV_FIELD(struct pv_taxii_purposes, purposes, "purposes", PV_AS_NAMES, 0,
	    "The purposes that the caller may state; each is an API root."),
	{ 0 },
};
static const struct pv_layout roots_answer_layout = { "TaxiiRoots",
	sizeof(struct pv_taxii_purposes), roots_answer_fields };

static PV_RESULT
run_roots(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_taxii_purposes *out = c->answer;

	PV_TRY(pv_home_refresh(c->d, e));
	return pv_taxii_roots(c->d, c->who, c->a, &out->purposes, e);
}

/* ---- collections ---- */

static const struct pv_field where_fields[] = {
	PV_FIELD(struct pv_taxii_where, purpose, "purpose", PV_AS_TEXT, PV_MUST, "The API root."),
	PV_FIELD(struct pv_taxii_where, collection, "collection", PV_AS_TEXT, 0,
	    "One collection, by id or alias."),
	PV_FIELD(struct pv_taxii_where, id, "id", PV_AS_TEXT, 0, "A status."),
	{ 0 },
};
static const struct pv_layout where_layout = { "TaxiiWhere", sizeof(struct pv_taxii_where),
	where_fields };

#define C(member, as, doc) PV_FIELD(struct pv_taxii_collection, member, #member, as, 0, doc)
static const struct pv_field collection_fields[] = {
	C(id, PV_AS_TEXT, "Its id, a UUID."),
	C(alias, PV_AS_TEXT, "What may stand in its place."),
	C(title, PV_AS_TEXT, "Its title."),
	C(description, PV_AS_TEXT, "What is in it."),
	C(can_read, PV_AS_BOOL, "An agreement gives from it to the caller."),
	C(can_write, PV_AS_BOOL, "The caller may give to this home."),
	C(has_default, PV_AS_BOOL, "What comes unmarked is taken."),
	C(topic, PV_AS_BOOL, "It is a topic, else a party."),
	C(name, PV_AS_TEXT, "The topic or the party."),
	{ 0 },
};
static const struct pv_layout collection_layout = { "TaxiiCollection",
	sizeof(struct pv_taxii_collection), collection_fields };

static const struct pv_field collections_fields[] = {
	PV_FIELD(struct pv_taxii_known, found, "found", PV_AS_BOOL, 0,
	    "There is such a root (such a collection) for the caller."),
	PV_FIELD(struct pv_taxii_known, title, "title", PV_AS_TEXT, 0, "Of the root."),
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_taxii_known, rows),
	    .count_at = offsetof(struct pv_taxii_known, count),
	    .of = &collection_layout,
	    .text = "The collections." },
	{ 0 },
};
static const struct pv_layout collections_layout = { "TaxiiCollections",
	sizeof(struct pv_taxii_known), collections_fields };

static PV_RESULT
run_collections(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_taxii_where *ask = c->ask;
	struct pv_taxii_known *out = c->answer;
	struct pv_taxii_collection *one;

	PV_TRY(pv_home_refresh(c->d, e));
	out->found = pv_taxii_root_ok(c->d, c->who, ask->purpose, &out->title);
	if (!out->found)
		return PV_DONE;
	if (ask->collection.n == 0)
		return pv_taxii_collections(
		    c->d, c->who, ask->purpose, c->a, &out->rows, &out->count, e);
	one = PV_ARENA_NEW(c->a, struct pv_taxii_collection);
	PV_TRY(pv_taxii_collection(
	    c->d, c->who, ask->purpose, ask->collection, c->a, one, &out->found, e));
	out->rows = one;
	out->count = out->found ? 1 : 0;
	return PV_DONE;
}

/* ---- statuses ---- */

static const struct pv_field found_fields[] = {
	PV_FIELD(struct pv_taxii_found, found, "found", PV_AS_BOOL, 0, "There is one."),
	{ 0 },
};
static const struct pv_layout found_layout = { "TaxiiFound", sizeof(struct pv_taxii_found),
	found_fields };

static PV_RESULT
run_status(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_taxii_where *ask = c->ask;
	struct pv_taxii_found *out = c->answer;
	struct pv_slice json;

	PV_TRY(pv_home_refresh(c->d, e));
	if (!pv_taxii_root_ok(c->d, c->who, ask->purpose, NULL))
		return PV_DONE;
	PV_TRY(
	    pv_taxii_status_find(c->d, c->who, ask->purpose, ask->id, c->a, &json, &out->found, e));
	if (out->found)
		pv_buf_add(c->tail_out, json);
	return PV_DONE;
}

/* ---- pages ---- */

#define A(member, json, as, doc) PV_FIELD(struct pv_taxii_ask, member, json, as, 0, doc)
static const struct pv_field ask_fields[] = {
	{ .name = "what",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_taxii_ask, what),
	    .words = what_words,
	    .text = "What is asked for." },
	A(purpose, "purpose", PV_AS_TEXT, "The API root."),
	A(collection, "collection", PV_AS_TEXT, "By id or alias."),
	A(object, "object", PV_AS_TEXT, "One object."),
	A(next, "next", PV_AS_TEXT, "Where to go on."),
	A(has_added_after, "has_added_after", PV_AS_BOOL, "added_after is said."),
	A(added_after, "added_after", PV_AS_U64, "Microseconds since 1970."),
	A(limit, "limit", PV_AS_U64, "At most so many objects."),
	A(ids, "ids", PV_AS_NAMES, "Only these objects."),
	A(types, "types", PV_AS_NAMES, "Only these types."),
	A(versions, "versions", PV_AS_NAMES, "Only these versions."),
	A(specs, "specs", PV_AS_NAMES, "Only of these versions of STIX."),
	A(url, "url", PV_AS_TEXT, "Where the gateway is."),
	{ 0 },
};
static const struct pv_layout ask_layout = { "TaxiiAsk", sizeof(struct pv_taxii_ask), ask_fields };

#define R(member, as, doc) PV_FIELD(struct pv_taxii_answer, member, #member, as, 0, doc)
static const struct pv_field answer_fields[] = {
	{ .name = "result",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_taxii_answer, result),
	    .words = result_words,
	    .text = "What came of it." },
	R(why, PV_AS_TEXT, "Why not."),
	R(more, PV_AS_BOOL, "There is more."),
	R(next, PV_AS_TEXT, "Where to go on."),
	R(first_us, PV_AS_U64, "date_added of the first."),
	R(last_us, PV_AS_U64, "date_added of the last."),
	R(count, PV_AS_U64, "How many."),
	R(journal_index, PV_AS_U64, "The journal's entry."),
	{ 0 },
};
static const struct pv_layout answer_layout = { "TaxiiAnswer", sizeof(struct pv_taxii_answer),
	answer_fields };

static PV_RESULT
begin_page(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	struct pv_taxii_page *p = NULL;

	PV_TRY(pv_taxii_page_begin(&p, b, c->who, c->ask, c->a, e));
	c->state = p;
	return PV_DONE;
}

static PV_RESULT
finish_page(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	return pv_taxii_page_end(c->state, b, c->answer, c->tail_out, e);
}

static PV_RESULT
run_delete(struct pv_call_run *c, struct pv_err *e)
{
	return pv_taxii_delete(c->d, c->who, c->ask, c->a, c->answer, e);
}

static PV_RESULT
run_sealed(struct pv_call_run *c, struct pv_err *e)
{
	return pv_taxii_sealed(c->d, c->who, c->ask, c->a, c->answer, c->tail_out, e);
}

/* ---- pushes ---- */

#define K(member, as, doc) PV_FIELD(struct pv_stix_claim, member, #member, as, 0, doc)
static const struct pv_field claim_fields[] = {
	K(given, PV_AS_BOOL, "It is a marking-definition."),
	K(ours, PV_AS_BOOL, "It has our extension."),
	K(words, PV_AS_BOOL, "It has a statement."),
	K(foreign, PV_AS_BOOL, "It says something that is not understood."),
	{ .name = "tlp",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_stix_claim, tlp),
	    .words = tlp_words,
	    .text = "Its TLP." },
	K(has_permitted, PV_AS_BOOL, "Only some purposes."),
	K(permitted, PV_AS_NAMES, "Which."),
	K(forbidden, PV_AS_NAMES, "Purposes it is never for."),
	K(has_releasable_to, PV_AS_BOOL, "Only some parties."),
	K(releasable_to, PV_AS_NAMES, "Which."),
	K(topics, PV_AS_NAMES, "Topics."),
	K(regions, PV_AS_NAMES, "Regions."),
	K(originator, PV_AS_TEXT, "Whose it is."),
	K(not_after, PV_AS_U64, "Not after, seconds since 1970."),
	K(acs, PV_AS_BOOL, "It has ACS."),
	K(acs_permits, PV_AS_BOOL, "Its default is to permit."),
	K(acs_permit, PV_AS_NAMES, "Actions permitted."),
	K(acs_deny, PV_AS_NAMES, "Actions denied."),
	{ 0 },
};
static const struct pv_layout claim_layout = { "TaxiiClaim", sizeof(struct pv_stix_claim),
	claim_fields };

#define O(member, as, doc) PV_FIELD(struct pv_taxii_object, member, #member, as, 0, doc)
static const struct pv_field object_fields[] = {
	O(id, PV_AS_TEXT, "Its id."),
	O(type, PV_AS_TEXT, "Its type."),
	O(spec_version, PV_AS_TEXT, "Its version of STIX."),
	O(version, PV_AS_TEXT, "modified, or created."),
	O(markings, PV_AS_NAMES, "Its markings."),
	{ .name = "claim",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct pv_taxii_object, claim),
	    .of = &claim_layout,
	    .text = "What it defines." },
	O(refused, PV_AS_TEXT, "Why it was not read."),
	O(same, PV_AS_TEXT, "SHA-256 of its canonical form."),
	O(from, PV_AS_U64, "Where its bytes begin."),
	O(to, PV_AS_U64, "Where they end."),
	{ 0 },
};
static const struct pv_layout object_layout = { "TaxiiObject", sizeof(struct pv_taxii_object),
	object_fields };

static const struct pv_field push_fields[] = {
	PV_FIELD(struct pv_taxii_push, purpose, "purpose", PV_AS_TEXT, PV_MUST, "The API root."),
	PV_FIELD(
	    struct pv_taxii_push, collection, "collection", PV_AS_TEXT, PV_MUST, "By id or alias."),
	{ .name = "objects",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_taxii_push, objects),
	    .count_at = offsetof(struct pv_taxii_push, object_count),
	    .of = &object_layout,
	    .text = "What was sent." },
	{ 0 },
};
static const struct pv_layout push_layout = { "TaxiiPush", sizeof(struct pv_taxii_push),
	push_fields };

static const struct pv_field push_answer_fields[] = {
	{ .name = "result",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_taxii_pushed, result),
	    .words = result_words,
	    .text = "What came of it; the status is behind it." },
	PV_FIELD(struct pv_taxii_pushed, why, "why", PV_AS_TEXT, 0, "Why not."),
	{ 0 },
};
static const struct pv_layout push_answer_layout = { "TaxiiPushed", sizeof(struct pv_taxii_pushed),
	push_answer_fields };

static PV_RESULT
run_push(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_taxii_pushed *out = c->answer;
	struct pv_taxii_status s;

	PV_TRY(pv_taxii_take(c->d, c->who, c->ask, c->tail, c->a, &s, e));
	out->result = s.result;
	out->why = s.why;
	if (s.result == PV_TAXII_OK)
		pv_taxii_status_write(&s, c->tail_out);
	return PV_DONE;
}

/* ---- for officers ---- */

#define L(member, as, doc) PV_FIELD(struct pv_taxii_label, member, #member, as, 0, doc)
static const struct pv_field label_fields[] = {
	L(topics, PV_AS_NAMES, "Topics besides the collection's."),
	L(regions, PV_AS_NAMES, "Regions."),
	L(never, PV_AS_NAMES, "Purposes it is never for."),
	L(has_permitted, PV_AS_BOOL, "Only some purposes."),
	L(permitted, PV_AS_NAMES, "Which."),
	L(has_releasable_to, PV_AS_BOOL, "Only some parties."),
	L(releasable_to, PV_AS_NAMES, "Which."),
	{ .name = "tlp",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct pv_taxii_label, tlp),
	    .words = tlp_words,
	    .text = "TLP." },
	L(valid_until, PV_AS_TIME, "Nobody is given it from then on."),
	{ 0 },
};
static const struct pv_layout label_layout = { "CollectionLabel", sizeof(struct pv_taxii_label),
	label_fields };

#define W(member, as, doc) PV_FIELD(struct pv_taxii_row, member, #member, as, 0, doc)
static const struct pv_field row_fields[] = {
	W(name, PV_AS_TEXT, "The topic."),
	W(objects, PV_AS_U64, "Objects in it."),
	W(last_us, PV_AS_U64, "date_added of the last, microseconds since 1970."),
	W(has_default, PV_AS_BOOL, "What comes unmarked is taken."),
	{ .name = "label",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct pv_taxii_row, label),
	    .of = &label_layout,
	    .text = "With this label." },
	W(readers, PV_AS_NAMES, "Parties with an agreement to read it."),
	W(writers, PV_AS_NAMES, "Parties with an agreement to give to it."),
	{ 0 },
};
static const struct pv_layout row_layout = { "CollectionRow", sizeof(struct pv_taxii_row),
	row_fields };

struct rows_answer {
	const struct pv_taxii_row *rows;
	size_t count;
	struct pv_slice next;
};
static const struct pv_field rows_fields[] = {
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct rows_answer, rows),
	    .count_at = offsetof(struct rows_answer, count),
	    .of = &row_layout,
	    .text = "Topics with objects, agreements or a default label." },
	PV_NEXT_FIELD(struct rows_answer),
	{ 0 },
};
static const struct pv_layout rows_layout = { "CollectionRows", sizeof(struct rows_answer),
	rows_fields };

static PV_RESULT
run_rows(struct pv_call_run *c, struct pv_err *e)
{
	struct rows_answer *out = c->answer;
	const struct pv_taxii_row *rows;
	size_t n, from;

	PV_TRY(pv_taxii_rows(c->d, c->a, &rows, &n, e));
	PV_TRY(pv_page_some(c->ask, n, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

struct default_ask {
	struct pv_slice topic;
	bool none;
	struct pv_taxii_label label;
};
static const struct pv_field default_fields[] = {
	PV_FIELD(struct default_ask, topic, "topic", PV_AS_TEXT, PV_MUST | PV_PATH, "The topic."),
	PV_FIELD(
	    struct default_ask, none, "none", PV_AS_BOOL, 0, "Unmarked objects are refused again."),
	{ .name = "label",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct default_ask, label),
	    .of = &label_layout,
	    .text = "What unmarked objects get." },
	{ 0 },
};
static const struct pv_layout default_layout = { "CollectionDefault", sizeof(struct default_ask),
	default_fields };

struct entry_answer {
	uint64_t streams, journal_index;
};
static const struct pv_field entry_fields[] = {
	PV_FIELD(struct entry_answer, streams, "streams", PV_AS_U64, 0,
	    "Readers and collections that it is offered to."),
	PV_FIELD(struct entry_answer, journal_index, "journal_index", PV_AS_U64, 0,
	    "The journal's entry."),
	{ 0 },
};
static const struct pv_layout entry_layout = { "CollectionEntry", sizeof(struct entry_answer),
	entry_fields };

static PV_RESULT
run_default(struct pv_call_run *c, struct pv_err *e)
{
	const struct default_ask *ask = c->ask;
	struct entry_answer *out = c->answer;

	return pv_taxii_default_set(c->d, ask->topic, ask->none ? NULL : &ask->label,
	    c->who->person, c->a, &out->journal_index, e);
}

struct offer_ask {
	struct pv_slice order;
};
static const struct pv_field offer_fields[] = {
	PV_FIELD(struct offer_ask, order, "order", PV_AS_TEXT, PV_MUST | PV_PATH,
	    "The order that kept it back."),
	{ 0 },
};
static const struct pv_layout offer_layout = { "CollectionOffer", sizeof(struct offer_ask),
	offer_fields };

static PV_RESULT
run_offer(struct pv_call_run *c, struct pv_err *e)
{
	const struct offer_ask *ask = c->ask;
	struct entry_answer *out = c->answer;

	return pv_taxii_offer(
	    c->d, ask->order, c->who->person, c->a, &out->streams, &out->journal_index, e);
}

#define SERVES \
	(PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR | PV_ROLE_GATEWAY)

const struct pv_call pv_calls_taxii[] = {
	{ .name = "taxii.roots",
	    .summary = "API roots: the purposes that the caller may state",
	    .roles = SERVES,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .answer = &roots_answer_layout,
	    .run = run_roots },
	{ .name = "taxii.collections",
	    .summary = "Collections under an API root, or one of them",
	    .roles = SERVES,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .ask = &where_layout,
	    .answer = &collections_layout,
	    .run = run_collections },
	{ .name = "taxii.status",
	    .summary = "What became of a push",
	    .roles = SERVES,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .ask = &where_layout,
	    .answer = &found_layout,
	    .tail_out = "status",
	    .run = run_status },
	{ .name = "taxii.page",
	    .summary = "A page of objects, manifest entries, versions or markings",
	    .roles = SERVES,
	    .flags = PV_CALL_READS | PV_CALL_INNER | PV_CALL_QUICK,
	    .ask = &ask_layout,
	    .answer = &answer_layout,
	    .tail_out = "page",
	    .begin = begin_page,
	    .finish = finish_page },
	{ .name = "taxii.push",
	    .summary = "Takes objects in",
	    .roles = SERVES,
	    .flags = PV_CALL_INNER,
	    .ask = &push_layout,
	    .answer = &push_answer_layout,
	    .tail_in = "envelope",
	    .tail_out = "status",
	    .run = run_push },
	{ .name = "taxii.delete",
	    .summary = "Removes an object",
	    .roles = SERVES,
	    .flags = PV_CALL_INNER,
	    .ask = &ask_layout,
	    .answer = &answer_layout,
	    .run = run_delete },
	{ .name = "taxii.sealed",
	    .summary = "The sealed file of an object that may not be given on",
	    .roles = SERVES,
	    .flags = PV_CALL_INNER,
	    .ask = &ask_layout,
	    .answer = &answer_layout,
	    .tail_out = "sealed",
	    .run = run_sealed },
	{ .name = "collections.list",
	    .method = "GET",
	    .path = "/collections",
	    .summary = "Topics with STIX objects, their readers, writers and default label",
	    .roles = PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR | PV_ROLE_ANALYST,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_page,
	    .answer = &rows_layout,
	    .run = run_rows },
	{ .name = "collections.default",
	    .method = "PUT",
	    .path = "/collections/{topic}/default",
	    .summary = "Sets the label that unmarked objects of a collection get",
	    .roles = PV_ROLE_OFFICER,
	    .flags = PV_CALL_OWN,
	    .ask = &default_layout,
	    .answer = &entry_layout,
	    .run = run_default },
	{ .name = "collections.offer",
	    .method = "POST",
	    .path = "/collections/offer/{order}",
	    .summary = "Offers again what an order, which is over, kept from readers",
	    .roles = PV_ROLE_OFFICER,
	    .flags = PV_CALL_OWN,
	    .ask = &offer_layout,
	    .answer = &entry_layout,
	    .run = run_offer },
	{ .name = NULL },
};
