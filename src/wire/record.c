/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: walks the members of an object once, finds each in the table of
 * its record (or of all records), and then looks for what is missing. A failure
 * is placed where it is first seen, so that the innermost value is named.
 */
#include "wire/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "codec/rfc3339.h"
#include "wire/json_shape.h"
#include "wire/table.h"

#define MEMBERS_MAX 64 /* of a record with what is common; test_record checks it */

struct reader {
	const struct pv_json *doc;
	unsigned flags;
	struct pv_arena *arena;
	struct pv_err *e;
};

static PV_RESULT read_members(
    struct reader *r, const struct pv_table *const tables[2], void *out, uint32_t node);

void
pv_record_place(
    const struct pv_json *doc, uint32_t node, struct pv_slice path, unsigned *line, unsigned *col)
{
	uint32_t found = pv_json_path(doc, node, path);

	while (found == PV_JSON_NONE && path.n > 0) {
		do
			path.n--;
		while (path.n > 0 && path.p[path.n] != '.' && path.p[path.n] != '[');
		found = pv_json_path(doc, node, path);
	}
	pv_json_place(doc, pv_json_at(doc, found == PV_JSON_NONE ? node : found)->from, line, col);
}

/* Says where a failure stands, unless something further in has. */
static struct pv_status
placed(struct reader *r, uint32_t node, struct pv_status st)
{
	if (!pv_ok(st) && r->e->line == 0)
		pv_record_place(r->doc, node, pv_slice_of(r->e->field), &r->e->line, &r->e->col);
	return st;
}

static const char *
type_name(const struct pv_json_node *node)
{
	switch (node->type) {
	case PV_JSON_NULL:
		return "null";
	case PV_JSON_BOOL:
		return node->integer != 0 ? "true" : "false";
	case PV_JSON_INT:
	case PV_JSON_REAL:
		return "a number";
	case PV_JSON_STRING:
		return "a text";
	case PV_JSON_ARRAY:
		return "a list";
	case PV_JSON_OBJECT:
		return "an object";
	}
	return "something else";
}

static PV_RESULT
want(struct reader *r, const struct pv_json_node *node, enum pv_json_type type, const char *wanted)
{
	if (node->type == type)
		return PV_DONE;
	return PV_FAIL(r->e, PV_E_INPUT, "%s stands here; %s is wanted", type_name(node), wanted);
}

/* ---- single values ---- */

static PV_RESULT
read_text(struct reader *r, const struct pv_member *m, struct pv_slice *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	enum pv_shape shape = m->shape;

	if (shape == PV_S_VKEY && (r->flags & PV_READ_BARE) != 0)
		shape = PV_S_TEXT; /* nobody signs, so any word stands for a key */
	PV_TRY(want(r, node, PV_JSON_STRING, pv_shape_name(m->shape)));
	PV_TRY(pv_shape_check(shape, node->text, r->e));
	*out = pv_arena_copy(r->arena, node->text);
	return PV_DONE;
}

/* "a, b or c", and the nearest to what was found. */
static struct pv_status
unknown_word(struct reader *r, const struct pv_word *words, struct pv_slice found)
{
	char list[300] = "";
	const char *near = NULL;
	unsigned best = 3;
	size_t n = 0;

	for (const struct pv_word *w = words; w->word != NULL; w++) {
		unsigned d = pv_name_distance(found, pv_slice_of(w->word), best);

		if (d < best && d * 3 <= strlen(w->word) + 2) {
			best = d;
			near = w->word;
		}
		if (n < sizeof(list))
			n += (size_t)snprintf(
			    list + n, sizeof(list) - n, "%s%s", n == 0 ? "" : ", ", w->word);
	}
	return pv_advise(
	    PV_FAIL(r->e, PV_E_INPUT, "unknown word \"%.*s\"", PV_FMT(pv_slice_sub(found, 0, 80))),
	    r->e, "%s%s%sAllowed: %s.", near != NULL ? "Did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"? " : "", list);
}

static PV_RESULT
read_word(struct reader *r, const struct pv_member *m, unsigned *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	const struct pv_word *found;

	if ((m->flags & PV_M_TRUE_WORD) != 0 && node->type == PV_JSON_BOOL && node->integer != 0) {
		*out = m->words[0].value;
		return PV_DONE;
	}
	PV_TRY(want(r, node, PV_JSON_STRING, "a word"));
	found = pv_word_find(m->words, node->text);
	if (found == NULL)
		return unknown_word(r, m->words, node->text);
	*out = found->value;
	return PV_DONE;
}

static PV_RESULT
read_bool(struct reader *r, const struct pv_member *m, bool *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);

	PV_TRY(want(
	    r, node, PV_JSON_BOOL, (m->flags & PV_M_TRUE_ONLY) != 0 ? "true" : "true or false"));
	if ((m->flags & PV_M_TRUE_ONLY) != 0 && node->integer == 0)
		return pv_advise(PV_FAIL(r->e, PV_E_INPUT, "false stands here; only true may"),
		    r->e, "Leave \"%s\" out.", m->name);
	*out = (node->integer != 0) != ((m->flags & PV_M_NEGATED) != 0);
	return PV_DONE;
}

static PV_RESULT
read_time(struct reader *r, uint64_t *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	uint64_t t = 0;

	PV_TRY(want(r, node, PV_JSON_STRING, "a time such as 2025-11-11T14:07:02Z"));
	if (!pv_time_read(node->text, &t) || t == 0)
		return pv_advise(PV_FAIL(r->e, PV_E_INPUT, "\"%.*s\" is not a time",
				     PV_FMT(pv_slice_sub(node->text, 0, 80))),
		    r->e, "Times are UTC, after 1970, such as 2025-11-11T14:07:02Z.");
	*out = t;
	return PV_DONE;
}

static struct pv_status
out_of_range(struct reader *r, const struct pv_json_node *node, long long min, long long max)
{
	struct pv_slice found = pv_slice_sub(pv_json_source(r->doc), node->from, node->from + 40);

	found = pv_slice_sub(found, 0, node->to - node->from);
	return PV_FAIL(r->e, PV_E_INPUT, "%.*s is not allowed; a whole number from %lld to %lld is",
	    PV_FMT(found), min, max);
}

#define WHOLE_MAX ((1ULL << 53) - 1)

static PV_RESULT
read_number(struct reader *r, const struct pv_member *m, void *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	long long max = (long long)(m->max != 0 ? m->max : WHOLE_MAX),
		  min = m->type == PV_T_INT ? -max : (long long)m->min;

	if (node->type != PV_JSON_REAL)
		PV_TRY(want(r, node, PV_JSON_INT, "a whole number"));
	if (node->type == PV_JSON_REAL || node->integer < min || node->integer > max)
		return out_of_range(r, node, min, max);
	if (m->type == PV_T_INT)
		*(int64_t *)out = node->integer;
	else
		*(uint64_t *)out = (uint64_t)node->integer;
	return PV_DONE;
}

/* ---- lists and maps ---- */

static PV_RESULT
check_filled(struct reader *r, const struct pv_member *m, const struct pv_json_node *node)
{
	if (node->count == 0 && (m->flags & PV_M_NONEMPTY) != 0)
		return pv_advise(PV_FAIL(r->e, PV_E_INPUT, "is empty; at least one must be named"),
		    r->e, "%s", m->help);
	return PV_DONE;
}

static PV_RESULT
read_list(struct reader *r, const struct pv_member *m, struct pv_names *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	struct pv_slice *at;
	size_t n = 0;

	PV_TRY(want(r, node, PV_JSON_ARRAY, "a list"));
	PV_TRY(check_filled(r, m, node));
	at = pv_arena_alloc_n(r->arena, node->count, sizeof(*at));
	for (uint32_t k = node->first; k != PV_JSON_NONE; k = pv_json_at(r->doc, k)->next, n++) {
		struct pv_status st = read_text(r, m, &at[n], k);

		if (pv_ok(st) && m->words != NULL && pv_word_find(m->words, at[n]) == NULL)
			st = unknown_word(r, m->words, at[n]);
		PV_TRY(pv_within(placed(r, k, st), r->e, "[%zu]", n));
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static PV_RESULT
read_flags(struct reader *r, const struct pv_member *m, unsigned *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	unsigned flags = 0, flag = 0;
	size_t n = 0;

	PV_TRY(want(r, node, PV_JSON_ARRAY, "a list"));
	PV_TRY(check_filled(r, m, node));
	for (uint32_t k = node->first; k != PV_JSON_NONE; k = pv_json_at(r->doc, k)->next, n++) {
		PV_TRY(pv_within(placed(r, k, read_word(r, m, &flag, k)), r->e, "[%zu]", n));
		flags |= flag;
	}
	*out = flags;
	return PV_DONE;
}

static int
by_lang(const void *a, const void *b)
{
	return pv_slice_cmp(((const struct pv_text *)a)->lang, ((const struct pv_text *)b)->lang);
}

/* A map from language to text; a text alone is taken as English. */
static PV_RESULT
read_texts(struct reader *r, const struct pv_member *m, struct pv_texts *out, uint32_t i)
{
	static const struct pv_member one = { .shape = PV_S_TEXT };
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	struct pv_text *at =
	    pv_arena_alloc_n(r->arena, node->type == PV_JSON_STRING ? 1 : node->count, sizeof(*at));
	size_t n = 0;

	if (node->type == PV_JSON_STRING) {
		at[0].lang = PV_SLICE("en");
		PV_TRY(read_text(r, &one, &at[0].text, i));
		*out = (struct pv_texts){ at, 1 };
		return PV_DONE;
	}
	PV_TRY(want(r, node, PV_JSON_OBJECT, "texts by language, such as {\"en\": \"...\"},"));
	PV_TRY(check_filled(r, m, node));
	for (uint32_t k = node->first; k != PV_JSON_NONE; k = pv_json_at(r->doc, k)->next, n++) {
		struct pv_slice lang = pv_json_at(r->doc, k)->name;
		struct pv_status st = pv_shape_check(PV_S_LANG, lang, r->e);

		if (!pv_ok(st))
			pv_json_place(
			    r->doc, pv_json_at(r->doc, k)->name_from, &r->e->line, &r->e->col);
		else
			st = placed(r, k, read_text(r, &one, &at[n].text, k));
		PV_TRY(pv_within(st, r->e, "%.*s", PV_FMT(lang)));
		at[n].lang = pv_arena_copy(r->arena, lang);
	}
	if (n > 1)
		qsort(at, n, sizeof(*at), by_lang);
	*out = (struct pv_texts){ at, n };
	return PV_DONE;
}

/* Officers by kind of act; "lift" is the quorum of all that have none of their own. */
static PV_RESULT
read_needs(struct reader *r, const struct pv_member *m, uint64_t *needs, uint32_t i)
{
	const struct pv_member count = {
		.name = m->name, .type = PV_T_UINT, .min = m->min, .max = m->max
	};
	const struct pv_json_node *node = pv_json_at(r->doc, i);

	PV_TRY(want(r, node, PV_JSON_OBJECT, "an object such as {\"lift\": 2}"));
	PV_TRY(check_filled(r, m, node));
	for (uint32_t k = node->first; k != PV_JSON_NONE; k = pv_json_at(r->doc, k)->next) {
		struct pv_slice name = pv_json_at(r->doc, k)->name;
		const struct pv_word *kind = pv_word_find(m->words, name);
		struct pv_status st;

		if (kind == NULL) {
			st = unknown_word(r, m->words, name);
			pv_json_place(
			    r->doc, pv_json_at(r->doc, k)->name_from, &r->e->line, &r->e->col);
		} else {
			st = placed(r, k, read_number(r, &count, &needs[kind->value], k));
		}
		PV_TRY(pv_within(st, r->e, "%.*s", PV_FMT(name)));
	}
	return PV_DONE;
}

static PV_RESULT
read_json(struct reader *r, const struct pv_member *m, struct pv_slice *out, uint32_t i)
{
	struct pv_buf canon = { 0 };

	PV_TRY(pv_json_shape_check(m->shape, r->doc, i, r->e));
	pv_json_canon(r->doc, i, &canon);
	*out = pv_arena_copy(r->arena, pv_buf_slice(&canon));
	pv_buf_free(&canon);
	return PV_DONE;
}

/* ---- objects ---- */

/* A string in the place of an object: the word that the object must have, and nothing else of it. */
static PV_RESULT
read_short(struct reader *r, const struct pv_table *table, void *out, uint32_t i)
{
	const struct pv_member *m = table->members;

	while ((m->flags & PV_M_REQUIRED) == 0)
		m++;
	PV_TRY(read_word(r, m, (unsigned *)(void *)((char *)out + m->at), i));
	return table->check(out, r->flags, r->e);
}

static PV_RESULT
read_object(struct reader *r, const struct pv_member *m, void *out, uint32_t i)
{
	const struct pv_table *const tables[2] = { m->nested, NULL };
	const struct pv_json_node *node = pv_json_at(r->doc, i);

	if ((m->flags & PV_M_SHORT) != 0 && node->type == PV_JSON_STRING)
		return read_short(r, m->nested, out, i);
	PV_TRY(want(r, node, PV_JSON_OBJECT, "an object"));
	return read_members(r, tables, out, i);
}

static PV_RESULT
read_objects(struct reader *r, const struct pv_member *m, void *out, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(r->doc, i);
	struct pv_names list; /* every list is a pointer and a count */
	char *at;
	size_t n = 0;

	PV_TRY(want(r, node, PV_JSON_ARRAY, "a list"));
	PV_TRY(check_filled(r, m, node));
	at = pv_arena_alloc_n(r->arena, node->count, m->nested->size);
	for (uint32_t k = node->first; k != PV_JSON_NONE; k = pv_json_at(r->doc, k)->next, n++)
		PV_TRY(pv_within(placed(r, k, read_object(r, m, at + n * m->nested->size, k)), r->e,
		    "[%zu]", n));
	list = (struct pv_names){ (const struct pv_slice *)(const void *)at, n };
	memcpy(out, &list, sizeof(list));
	return PV_DONE;
}

/* In bare files what is left out counts as empty, so what is empty counts as left out: no such scope. */
static bool
as_if_absent(const struct reader *r, const struct pv_member *m, const struct pv_json_node *node)
{
	return (r->flags & PV_READ_BARE) != 0 &&
	       (m->flags & (PV_M_NONEMPTY | PV_M_REQUIRED)) == PV_M_NONEMPTY &&
	       m->type == PV_T_LIST && node->type == PV_JSON_ARRAY && node->count == 0;
}

static PV_RESULT
read_member(struct reader *r, const struct pv_member *m, void *out, uint32_t i)
{
	void *at = (char *)out + m->at;
	const struct pv_json_node *node = pv_json_at(r->doc, i);

	/* An object that says nothing is not given. */
	if (m->type == PV_T_OBJECT && node->type == PV_JSON_OBJECT && node->count == 0)
		return check_filled(r, m, node);
	if (as_if_absent(r, m, node))
		return PV_DONE;
	if (m->has != 0)
		*((bool *)out + (m->has - 1)) = true;
	switch (m->type) {
	case PV_T_TEXT:
		PV_TRY(read_text(r, m, at, i));
		if (m->words != NULL &&
		    pv_word_find(m->words, *(const struct pv_slice *)at) == NULL)
			return unknown_word(r, m->words, *(const struct pv_slice *)at);
		return PV_DONE;
	case PV_T_LIST:
		return read_list(r, m, at, i);
	case PV_T_WORD:
		return read_word(r, m, at, i);
	case PV_T_FLAGS:
		return read_flags(r, m, at, i);
	case PV_T_SWITCH: {
		unsigned word = 0;

		PV_TRY(read_word(r, m, &word, i));
		*(bool *)at = true;
		return PV_DONE;
	}
	case PV_T_BOOL:
		return read_bool(r, m, at, i);
	case PV_T_TIME:
		return read_time(r, at, i);
	case PV_T_UINT:
	case PV_T_INT:
		return read_number(r, m, at, i);
	case PV_T_TEXTS:
		return read_texts(r, m, at, i);
	case PV_T_OBJECT:
		return read_object(r, m, at, i);
	case PV_T_OBJECTS:
		return read_objects(r, m, at, i);
	case PV_T_JSON:
		return read_json(r, m, at, i);
	case PV_T_NEEDS:
		return read_needs(r, m, at, i);
	}
	return PV_FAIL(r->e, PV_E_BUG, "a member of no type");
}

/* ---- members of an object ---- */

static bool
may_be_empty(const struct pv_member *m)
{
	switch (m->type) {
	case PV_T_LIST:
	case PV_T_FLAGS:
	case PV_T_TEXTS:
	case PV_T_OBJECT:
	case PV_T_OBJECTS:
	case PV_T_JSON:
	case PV_T_NEEDS:
		return (m->flags & (PV_M_NONEMPTY | PV_M_ALWAYS)) == 0;
	case PV_T_TEXT:
	case PV_T_WORD:
	case PV_T_SWITCH:
	case PV_T_BOOL:
	case PV_T_TIME:
	case PV_T_UINT:
	case PV_T_INT:
		return false;
	}
	return false;
}

bool
pv_member_filled_in(const char *name)
{
	static const char *const names[] = { "id", "originator", "title", "created", "content",
		"reliability", "credibility" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool
may_be_missing(const struct pv_member *m, unsigned flags)
{
	if ((m->flags & PV_M_SIGNED) != 0)
		return (flags & (PV_READ_BARE | PV_READ_DRAFT)) != 0;
	if ((m->flags & PV_M_REQUIRED) == 0)
		return true;
	if ((flags & PV_READ_LABEL) != 0 && pv_member_filled_in(m->name))
		return true;
	if ((flags & PV_READ_NEW) != 0 && strcmp(m->name, "id") == 0)
		return true;
	if ((flags & PV_READ_DRAFT) != 0 && (m->flags & PV_M_DRAFT) != 0)
		return true;
	return (flags & PV_READ_BARE) != 0 && ((m->flags & PV_M_BARE) != 0 || may_be_empty(m));
}

static const struct pv_member *
find_member(const struct pv_table *const tables[2], struct pv_slice name, size_t *index)
{
	*index = 0;
	for (size_t t = 0; t < 2 && tables[t] != NULL; t++)
		for (size_t k = 0; k < tables[t]->count; k++, (*index)++)
			if (pv_slice_is(name, tables[t]->members[k].name))
				return &tables[t]->members[k];
	return NULL;
}

static struct pv_status
unknown_member(
    struct reader *r, const struct pv_table *const tables[2], const struct pv_json_node *node)
{
	const char *near = NULL;
	unsigned best = 4;
	struct pv_status st;

	for (size_t t = 0; t < 2 && tables[t] != NULL; t++)
		for (size_t k = 0; k < tables[t]->count; k++) {
			const char *name = tables[t]->members[k].name;
			unsigned d = pv_name_distance(node->name, pv_slice_of(name), best);

			if (d < best && d * 3 <= strlen(name) + 2) {
				best = d;
				near = name;
			}
		}
	st = PV_FAIL(r->e, PV_E_INPUT, "unknown member");
	if (near != NULL)
		st = pv_advise(st, r->e, "Did you mean \"%s\"?", near);
	else
		st = pv_advise(st, r->e, "No member of %s has a name like it.",
		    (tables[1] != NULL ? tables[1] : tables[0])->name);
	pv_json_place(r->doc, node->name_from, &r->e->line, &r->e->col);
	return pv_within(st, r->e, "%.*s", PV_FMT(pv_slice_sub(node->name, 0, 80)));
}

static PV_RESULT
check_missing(
    struct reader *r, const struct pv_table *const tables[2], const bool *seen, uint32_t node)
{
	for (size_t t = 0, index = 0; t < 2 && tables[t] != NULL; t++)
		for (size_t k = 0; k < tables[t]->count; k++, index++) {
			const struct pv_member *m = &tables[t]->members[k];
			struct pv_status st;

			if (seen[index] || may_be_missing(m, r->flags))
				continue;
			st =
			    pv_advise(PV_FAIL(r->e, PV_E_INPUT, "is missing"), r->e, "%s", m->help);
			return pv_within(placed(r, node, st), r->e, "%s", m->name);
		}
	return PV_DONE;
}

static PV_RESULT
read_members(struct reader *r, const struct pv_table *const tables[2], void *out, uint32_t node)
{
	bool seen[MEMBERS_MAX] = { false };
	size_t index;

	for (uint32_t k = pv_json_at(r->doc, node)->first; k != PV_JSON_NONE;
	     k = pv_json_at(r->doc, k)->next) {
		const struct pv_member *m =
		    find_member(tables, pv_json_at(r->doc, k)->name, &index);

		if (m == NULL)
			return unknown_member(r, tables, pv_json_at(r->doc, k));
		PV_TRY(pv_within(placed(r, k, read_member(r, m, out, k)), r->e, "%s", m->name));
		seen[index] = true;
	}
	PV_TRY(check_missing(r, tables, seen, node));
	for (size_t t = 0; t < 2 && tables[t] != NULL; t++)
		if (tables[t]->check != NULL)
			PV_TRY(placed(r, node, tables[t]->check(out, r->flags, r->e)));
	return PV_DONE;
}

/* ---- a record ---- */

static PV_RESULT
read_kind(struct reader *r, uint32_t node, enum pv_kind *kind)
{
	uint32_t k;
	const struct pv_word *word;

	PV_TRY(want(r, pv_json_at(r->doc, node), PV_JSON_OBJECT, "a record (an object)"));
	k = pv_json_member(r->doc, node, PV_SLICE("record"));
	if (k == PV_JSON_NONE)
		return pv_within(pv_advise(PV_FAIL(r->e, PV_E_INPUT, "is missing"), r->e,
				     "It says what kind of record this is, such as \"order\"."),
		    r->e, "record");
	if (pv_json_at(r->doc, k)->type != PV_JSON_STRING)
		return pv_within(
		    want(r, pv_json_at(r->doc, k), PV_JSON_STRING, "a word"), r->e, "record");
	word = pv_word_find(pv_kind_words, pv_json_at(r->doc, k)->text);
	if (word == NULL)
		return pv_within(
		    unknown_word(r, pv_kind_words, pv_json_at(r->doc, k)->text), r->e, "record");
	*kind = (enum pv_kind)word->value;
	return PV_DONE;
}

static PV_RESULT
read_line(struct reader *r, uint32_t node, struct pv_slice *line)
{
	struct pv_buf canon = { 0 };
	struct pv_status st = PV_DONE;

	pv_json_canon(r->doc, node, &canon);
	if (canon.n > PV_RECORD_MAX)
		st = PV_FAIL(r->e, PV_E_LIMIT,
		    "the record is %zu bytes long; at most %d are allowed", canon.n, PV_RECORD_MAX);
	else
		*line = pv_arena_copy(r->arena, pv_buf_slice(&canon));
	pv_buf_free(&canon);
	return st;
}

struct pv_status
pv_record_read(struct pv_record *out, const struct pv_json *doc, uint32_t node, unsigned flags,
    struct pv_arena *a, struct pv_err *e)
{
	struct reader r = { doc, flags, a, e };
	const struct pv_table *tables[2] = { &pv_table_common, NULL };
	struct pv_record record = { 0 };

	PV_TRY(placed(&r, node, read_kind(&r, node, &record.kind)));
	tables[1] = pv_table_of(record.kind);
	PV_TRY(read_members(&r, tables, &record, node));
	PV_TRY(placed(&r, node, read_line(&r, node, &record.line)));
	*out = record;
	return PV_DONE;
}

struct pv_status
pv_record_read_text(struct pv_record *out, struct pv_slice text, unsigned flags, struct pv_arena *a,
    struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	PV_TRY(pv_json_read(&doc, text, 8 * PV_RECORD_MAX, e));
	return pv_record_read(out, doc, 0, flags, a, e);
}
