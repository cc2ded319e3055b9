/* SPDX-License-Identifier: Apache-2.0 */
/* The member tables of the pages in docs/protocol/. */
#include "wire/describe.h"
#include "wire/table.h"

static void
write_bounds(struct pv_buf *out, const struct pv_member *m)
{
	if (m->type == PV_T_INT)
		pv_buf_addf(out, ", %lld to %lld", -(long long)m->max, (long long)m->max);
	else if (m->max != 0)
		pv_buf_addf(
		    out, ", %llu to %llu", (unsigned long long)m->min, (unsigned long long)m->max);
	else if (m->min != 0)
		pv_buf_addf(out, ", at least %llu", (unsigned long long)m->min);
}

static void
write_words(struct pv_buf *out, const struct pv_word *words)
{
	for (const struct pv_word *w = words; w->word != NULL; w++)
		pv_buf_addf(out, "%s`%s`", w == words ? "" : ", ", w->word);
}

/* "a party" in lists: "parties" would need more than a table knows, so "list: a party". */
static void
write_type(struct pv_buf *out, const struct pv_member *m)
{
	switch (m->type) {
	case PV_T_TEXT:
		if (m->words != NULL)
			write_words(out, m->words);
		else
			pv_buf_add_str(out, pv_shape_name(m->shape));
		break;
	case PV_T_LIST:
		pv_buf_add_str(out, "list: ");
		if (m->words != NULL)
			write_words(out, m->words);
		else
			pv_buf_add_str(out, pv_shape_name(m->shape));
		break;
	case PV_T_FLAGS:
		pv_buf_add_str(out, "list: ");
		write_words(out, m->words);
		break;
	case PV_T_WORD:
	case PV_T_SWITCH:
		write_words(out, m->words);
		if ((m->flags & PV_M_TRUE_WORD) != 0)
			pv_buf_add_str(out, ", `true`");
		break;
	case PV_T_BOOL:
		pv_buf_add_str(
		    out, (m->flags & PV_M_TRUE_ONLY) != 0 ? "`true`" : "`true`, `false`");
		break;
	case PV_T_TIME:
		pv_buf_add_str(out, "time");
		break;
	case PV_T_UINT:
	case PV_T_INT:
		pv_buf_add_str(out, "whole number");
		write_bounds(out, m);
		break;
	case PV_T_TEXTS:
		pv_buf_add_str(out, "texts by language");
		break;
	case PV_T_OBJECT:
		pv_buf_addf(out, "object, [below](#%s)", m->name);
		break;
	case PV_T_OBJECTS:
		pv_buf_addf(out, "list of objects, [below](#%s)", m->name);
		break;
	case PV_T_JSON:
		pv_buf_add_str(out, m->shape == PV_S_AREA   ? "GeoJSON geometry"
				    : m->shape == PV_S_MAPS ? "object of texts or lists of texts"
							    : "list of texts or objects");
		break;
	case PV_T_NEEDS:
		pv_buf_add_str(out, "object of whole numbers");
		write_bounds(out, m);
		pv_buf_add_str(out, ": ");
		write_words(out, m->words);
		break;
	}
	if ((m->flags & PV_M_NONEMPTY) != 0)
		pv_buf_add_str(out, ", not empty");
}

static void
write_table(struct pv_buf *out, const struct pv_table *table)
{
	pv_buf_add_str(out, "| member | | what stands there | |\n|---|---|---|---|\n");
	for (size_t k = 0; k < table->count; k++) {
		const struct pv_member *m = &table->members[k];

		pv_buf_addf(out, "| `%s` | %s | ", m->name,
		    (m->flags & (PV_M_REQUIRED | PV_M_SIGNED)) != 0 ? "must" : "may");
		write_type(out, m);
		pv_buf_addf(out, " | %s |\n", m->help);
	}
}

/* The objects within, each after the table that names it. */
static void
write_nested(struct pv_buf *out, const struct pv_table *table)
{
	for (size_t k = 0; k < table->count; k++) {
		const struct pv_member *m = &table->members[k];

		if (m->nested == NULL)
			continue;
		pv_buf_addf(out, "\n#### %s\n\n%s\n\n", m->name, m->nested->help);
		write_table(out, m->nested);
		write_nested(out, m->nested);
	}
}

void
pv_page_write(enum pv_kind kind, struct pv_buf *out)
{
	write_table(out, pv_table_of(kind));
	write_nested(out, pv_table_of(kind));
}

void
pv_page_common_write(struct pv_buf *out)
{
	write_table(out, &pv_table_common);
	write_nested(out, &pv_table_common);
}
