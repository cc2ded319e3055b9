/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: the members of a record and those that all records have, merged
 * by name, which is the order of RFC 8785 (all names are ASCII). What is not
 * required and says nothing is left out.
 */
#include "codec/json.h"
#include "codec/rfc3339.h"
#include "wire/record.h"
#include "wire/table.h"

static void write_members(
    struct pv_jsonw *w, const struct pv_table *const tables[2], const void *in);

/* ---- what is not given ---- */

static bool
unset(const struct pv_member *m, const void *in)
{
	const void *at = (const char *)in + m->at;
	const struct pv_names *list = at; /* every list and map begins with a pointer and a count */

	/* Said to be given; or else anything in it says so: nothing that somebody filled in is lost. */
	if (m->has != 0 && *((const bool *)in + (m->has - 1)))
		return false;
	switch (m->type) {
	case PV_T_TEXT:
	case PV_T_JSON:
		return ((const struct pv_slice *)at)->n == 0;
	case PV_T_LIST:
	case PV_T_TEXTS:
	case PV_T_OBJECTS:
		return list->n == 0;
	case PV_T_WORD:
	case PV_T_FLAGS:
		return *(const unsigned *)at == 0;
	case PV_T_SWITCH:
	case PV_T_BOOL:
		return !*(const bool *)at;
	case PV_T_TIME:
	case PV_T_UINT:
		return *(const uint64_t *)at == 0;
	case PV_T_INT:
		return *(const int64_t *)at == 0;
	case PV_T_OBJECT:
		for (size_t k = 0; k < m->nested->count; k++)
			if (!unset(&m->nested->members[k], at))
				return false;
		return true;
	case PV_T_NEEDS:
		for (size_t k = 0; k < PV_KIND_COUNT; k++)
			if (((const uint64_t *)at)[k] != 0)
				return false;
		return true;
	}
	return true;
}

/* Of drafts: these members are filled in later. */
static bool
left_out(const struct pv_member *m, const void *in)
{
	return unset(m, in) && ((m->flags & PV_M_REQUIRED) == 0 || strcmp(m->name, "id") == 0 ||
				   ((m->flags & PV_M_DRAFT) != 0 && m->type != PV_T_OBJECTS));
}

/* ---- values ---- */

static void
write_list(struct pv_jsonw *w, const char *name, const struct pv_names *list)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < list->n; i++)
		pv_jsonw_str(w, NULL, list->at[i]);
	pv_jsonw_end(w);
}

static void
write_flags(struct pv_jsonw *w, const struct pv_member *m, unsigned flags)
{
	pv_jsonw_array(w, m->name);
	for (const struct pv_word *word = m->words; word->word != NULL; word++)
		if ((flags & word->value) != 0)
			pv_jsonw_str(w, NULL, pv_slice_of(word->word));
	pv_jsonw_end(w);
}

static void
write_time(struct pv_jsonw *w, const char *name, uint64_t t)
{
	struct pv_buf b = { 0 };

	pv_time_write(&b, t);
	pv_jsonw_str(w, name, pv_buf_slice(&b));
	pv_buf_free(&b);
}

/* The text of the language that follows `after`, in order. */
static const struct pv_text *
next_text(const struct pv_texts *texts, const struct pv_text *after)
{
	const struct pv_text *next = NULL;

	for (size_t i = 0; i < texts->n; i++) {
		const struct pv_text *t = &texts->at[i];

		if ((after == NULL || pv_slice_cmp(t->lang, after->lang) > 0) &&
		    (next == NULL || pv_slice_cmp(t->lang, next->lang) < 0))
			next = t;
	}
	return next;
}

static void
write_texts(struct pv_jsonw *w, const char *name, const struct pv_texts *texts)
{
	pv_jsonw_object(w, name);
	for (const struct pv_text *t = next_text(texts, NULL); t != NULL; t = next_text(texts, t)) {
		pv_jsonw_named(w, t->lang);
		pv_jsonw_str(w, NULL, t->text);
	}
	pv_jsonw_end(w);
}

/* The words in order of name, as RFC 8785 wants members. */
static const struct pv_word *
next_need(const struct pv_word *words, const uint64_t *needs, const struct pv_word *after)
{
	const struct pv_word *next = NULL;

	for (; words->word != NULL; words++)
		if (needs[words->value] != 0 &&
		    (after == NULL || strcmp(words->word, after->word) > 0) &&
		    (next == NULL || strcmp(words->word, next->word) < 0))
			next = words;
	return next;
}

static void
write_needs(struct pv_jsonw *w, const struct pv_member *m, const uint64_t *needs)
{
	pv_jsonw_object(w, m->name);
	for (const struct pv_word *k = next_need(m->words, needs, NULL); k != NULL;
	     k = next_need(m->words, needs, k))
		pv_jsonw_u64(w, k->word, needs[k->value]);
	pv_jsonw_end(w);
}

static void
write_object(struct pv_jsonw *w, const struct pv_member *m, const void *at, bool given)
{
	const struct pv_table *const tables[2] = { m->nested, NULL };

	if (given) {
		write_members(w, tables, at);
		return;
	}
	pv_jsonw_object(w, NULL);
	pv_jsonw_end(w);
}

static void
write_objects(struct pv_jsonw *w, const struct pv_member *m, const void *at)
{
	const struct pv_table *const tables[2] = { m->nested, NULL };
	struct pv_names list;

	memcpy(&list, at, sizeof(list));
	pv_jsonw_array(w, m->name);
	for (size_t i = 0; i < list.n; i++)
		write_members(w, tables, (const char *)(const void *)list.at + i * m->nested->size);
	pv_jsonw_end(w);
}

static void
write_member(struct pv_jsonw *w, const struct pv_member *m, const void *in)
{
	const void *at = (const char *)in + m->at;

	switch (m->type) {
	case PV_T_TEXT:
		pv_jsonw_str(w, m->name, *(const struct pv_slice *)at);
		break;
	case PV_T_LIST:
		write_list(w, m->name, at);
		break;
	case PV_T_WORD:
		pv_jsonw_str(w, m->name, pv_slice_of(pv_word_of(m->words, *(const unsigned *)at)));
		break;
	case PV_T_FLAGS:
		write_flags(w, m, *(const unsigned *)at);
		break;
	case PV_T_SWITCH:
		pv_jsonw_str(w, m->name, pv_slice_of(m->words[0].word));
		break;
	case PV_T_BOOL:
		pv_jsonw_bool(w, m->name, *(const bool *)at != ((m->flags & PV_M_NEGATED) != 0));
		break;
	case PV_T_TIME:
		write_time(w, m->name, *(const uint64_t *)at);
		break;
	case PV_T_UINT:
		pv_jsonw_u64(w, m->name, *(const uint64_t *)at);
		break;
	case PV_T_INT:
		pv_jsonw_int(w, m->name, *(const int64_t *)at);
		break;
	case PV_T_TEXTS:
		write_texts(w, m->name, at);
		break;
	case PV_T_OBJECT:
		pv_jsonw_named(w, pv_slice_of(m->name));
		write_object(w, m, at, !unset(m, in));
		break;
	case PV_T_OBJECTS:
		write_objects(w, m, at);
		break;
	case PV_T_JSON:
		if (unset(m, in))
			pv_jsonw_raw(
			    w, m->name, m->shape == PV_S_SEIZED ? PV_SLICE("[]") : PV_SLICE("{}"));
		else
			pv_jsonw_raw(w, m->name, *(const struct pv_slice *)at);
		break;
	case PV_T_NEEDS:
		write_needs(w, m, at);
		break;
	}
}

static void
write_some(
    struct pv_jsonw *w, const struct pv_table *const tables[2], const void *in, bool to_be_shared)
{
	size_t at[2] = { 0, 0 };

	pv_jsonw_object(w, NULL);
	for (const struct pv_member *m = pv_table_next(tables, at); m != NULL;
	     m = pv_table_next(tables, at))
		if (!left_out(m, in) &&
		    !(to_be_shared && unset(m, in) && pv_member_filled_in(m->name)))
			write_member(w, m, in);
	pv_jsonw_end(w);
}

static void
write_members(struct pv_jsonw *w, const struct pv_table *const tables[2], const void *in)
{
	write_some(w, tables, in, false);
}

void
pv_record_write(const struct pv_record *r, struct pv_buf *out)
{
	const struct pv_table *const tables[2] = { &pv_table_common, pv_table_of(r->kind) };
	struct pv_jsonw w = { .out = out };

	/* a label without a digest of its content was never shared, so never signed */
	write_some(&w, tables, r, r->kind == PV_REPORT && r->report.sha256.n == 0);
}

void
pv_record_seal(struct pv_record *r, struct pv_arena *a)
{
	struct pv_buf b = { 0 };

	pv_record_write(r, &b);
	r->line = pv_arena_copy(a, pv_buf_slice(&b));
	pv_buf_free(&b);
}
