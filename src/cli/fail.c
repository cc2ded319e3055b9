/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fail.h"

#include <string.h>

#include "codec/json.h"

int
pv_exit_of(enum pv_code code)
{
	switch (code) {
	case PV_OK:
		return PV_EXIT_DONE;
	case PV_E_INPUT:
		return PV_EXIT_INPUT;
	case PV_E_CONFIG:
		return PV_EXIT_CONFIG;
	case PV_E_UNTRUSTED:
		return PV_EXIT_UNTRUSTED;
	case PV_E_LIMIT:
		return PV_EXIT_LIMIT;
	case PV_E_DOWN:
		return PV_EXIT_DOWN;
	case PV_E_BUG:
		return PV_EXIT_BUG;
	}
	return PV_EXIT_BUG;
}

static const char *
code_name(enum pv_code code)
{
	switch (code) {
	case PV_OK:
		return "ok";
	case PV_E_INPUT:
		return "input";
	case PV_E_CONFIG:
		return "configuration";
	case PV_E_UNTRUSTED:
		return "untrusted";
	case PV_E_LIMIT:
		return "limit";
	case PV_E_DOWN:
		return "down";
	case PV_E_BUG:
		return "bug";
	}
	return "bug";
}

static const char *
whose_turn(enum pv_code code)
{
	switch (code) {
	case PV_OK:
	case PV_E_INPUT:
		return NULL; /* whoever reads the line above */
	case PV_E_CONFIG:
		return "the operator, then give the same command again";
	case PV_E_UNTRUSTED:
		return "whoever sent it: ask by another way. Keep this as evidence and do not mend "
		       "it";
	case PV_E_LIMIT:
		return "the sender: ask for less, or in parts";
	case PV_E_DOWN:
		return "nobody's: give the same command again in a while";
	case PV_E_BUG:
		return "ours: please report it with the command that you gave";
	}
	return NULL;
}

/* ---- the line it stands in ---- */

static struct pv_slice
line_of(struct pv_slice text, unsigned line)
{
	struct pv_slice one = PV_NO_SLICE;

	for (unsigned i = 0; i < line; i++)
		if (!pv_slice_next(&text, '\n', &one))
			return PV_NO_SLICE;
	return one;
}

/* How many bytes from `at` on belong to what is wrong: a string with its quotes, or a word. */
static size_t
token_length(struct pv_slice line, size_t at)
{
	size_t i = at + 1;

	if (at >= line.n)
		return 1;
	if (line.p[at] == '"') {
		while (i < line.n && line.p[i] != '"')
			i += line.p[i] == '\\' ? 2 : 1;
		return i < line.n ? i + 1 - at : line.n - at;
	}
	while (i < line.n && strchr(",:]} \t", line.p[i]) == NULL)
		i++;
	return i - at;
}

/* Where a character begins, at or before i. */
static size_t
char_start(struct pv_slice s, size_t i)
{
	while (i > 0 && i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/*
 *	  217  ... "from":"co.forces.navy","to":"us.securty.coast-guard","topic" ...
 *	                                        ^^^^^^^^^^^^^^^^^^^^^^^^
 * cut around the column, to 80 at most.
 */
static void
show_place(struct pv_run *r, const struct pv_err *e, struct pv_slice text)
{
	PV_AUTO(pv_buf_free) struct pv_buf shown = { 0 };
	struct pv_slice line = line_of(text, e->line);
	size_t at = e->col != 0 ? e->col - 1 : 0, room = 60, from, to, under, lead;

	if (line.n == 0 || e->line == 0 || e->col == 0 || at > line.n)
		return;
	while (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	from = line.n <= room || at < room / 2 ? 0 : char_start(line, at - room / 2);
	to = from + room < line.n ? char_start(line, from + room) : line.n;
	pv_buf_addf(&shown, "  %u  %s", e->line, from != 0 ? "... " : "");
	pv_safe(&shown, pv_slice_sub(line, from, at), r->term.utf8);
	lead = pv_columns(pv_buf_slice(&shown));
	pv_safe(&shown, pv_slice_sub(line, at, to), r->term.utf8);
	pv_note(&r->term, "%s%s", pv_buf_str(&shown), to < line.n ? " ..." : "");
	under = token_length(line, at);
	if (at + under > to)
		under = to > at ? to - at : 1;
	pv_buf_clear(&shown);
	pv_safe(&shown, pv_slice_sub(line, at, at + under), r->term.utf8);
	under = pv_columns(pv_buf_slice(&shown));
	pv_buf_clear(&shown);
	for (size_t i = 0; i < (under == 0 ? 1 : under); i++)
		pv_buf_add_c(&shown, '^');
	pv_note(&r->term, "%*s%s", (int)lead, "", pv_buf_str(&shown));
}

/* ---- telling ---- */

/* "records.jsonl:217:71: to: ", or "Not done: " */
static void
place(struct pv_run *r, const struct pv_err *e, struct pv_buf *out)
{
	if (e->source[0] == '\0') {
		pv_buf_addf(out, "%s: ", r->undone != NULL ? r->undone : "Not done");
	} else {
		pv_buf_add_str(out, e->source);
		if (e->line != 0)
			pv_buf_addf(out, ":%u", e->line);
		if (e->line != 0 && e->col != 0)
			pv_buf_addf(out, ":%u", e->col);
		pv_buf_add_str(out, ": ");
	}
}

static bool
ends_sentence(const struct pv_buf *line)
{
	return line->n != 0 && strchr(".?!:", line->p[line->n - 1]) != NULL;
}

static void
tell(struct pv_run *r, const struct pv_err *e, struct pv_slice text)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	place(r, e, &line);
	if (e->field[0] != '\0')
		pv_buf_addf(&line, "%s: ", e->field);
	pv_buf_add_str(&line, e->what);
	if (e->source[0] == '\0')
		pv_para_note(
		    &r->term, "", "%s%s", pv_buf_str(&line), ends_sentence(&line) ? "" : ".");
	else
		pv_note(&r->term, "%s",
		    pv_buf_str(&line)); /* one line: other programs read file:line:col */
	show_place(r, e, text);
	if (e->fix[0] != '\0')
		pv_para_note(&r->term, "  ", "%s", e->fix);
	if (r->debug && e->raised != NULL)
		pv_note(&r->term, "  raised at %s", e->raised);
}

static void
close_telling(struct pv_run *r, const struct pv_err *gravest, const char *last)
{
	const char *turn = whose_turn(gravest->code);

	if (last != NULL)
		pv_note(&r->term, "%s", last);
	if (turn != NULL)
		pv_para_note(&r->term, "  Whose turn   ", "%s.", turn);
}

static void
put_json(struct pv_jsonw *w, const char *name, const struct pv_err *e)
{
	pv_jsonw_object(w, name);
	pv_jsonw_str(w, "code", pv_slice_of(code_name(e->code)));
	pv_jsonw_str(w, "what", pv_slice_of(e->what));
	if (e->source[0] != '\0')
		pv_jsonw_str(w, "source", pv_slice_of(e->source));
	if (e->line != 0)
		pv_jsonw_u64(w, "line", e->line);
	if (e->col != 0)
		pv_jsonw_u64(w, "col", e->col);
	if (e->field[0] != '\0')
		pv_jsonw_str(w, "field", pv_slice_of(e->field));
	if (e->fix[0] != '\0')
		pv_jsonw_str(w, "advice", pv_slice_of(e->fix));
	pv_jsonw_end(w);
}

static void
tell_json(struct pv_run *r, const struct pv_err *errors, size_t n, int status)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_jsonw w = { .out = &out };

	pv_jsonw_object(&w, NULL);
	put_json(&w, "error", &errors[0]);
	if (n > 1) {
		pv_jsonw_array(&w, "errors");
		for (size_t i = 0; i < n; i++)
			put_json(&w, NULL, &errors[i]);
		pv_jsonw_end(&w);
	}
	pv_jsonw_int(&w, "exit", status);
	pv_jsonw_end(&w);
	pv_buf_add_c(&out, '\n');
	pv_raw(&r->term, pv_buf_slice(&out));
}

static const struct pv_err *
gravest_of(const struct pv_err *errors, size_t n)
{
	/* untrusted before all: evidence must not drown in typing errors; then what is ours, then the others as they come */
	static const enum pv_code first[] = { PV_E_UNTRUSTED, PV_E_BUG, PV_E_CONFIG, PV_E_DOWN,
		PV_E_LIMIT };

	for (size_t c = 0; c < sizeof(first) / sizeof(*first); c++)
		for (size_t i = 0; i < n; i++)
			if (errors[i].code == first[c])
				return &errors[i];
	return &errors[0];
}

/* The same mistake again is one line. */
static bool
told_before(const struct pv_err *errors, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(errors[j].what, errors[i].what) == 0 &&
		    strcmp(errors[j].fix, errors[i].fix) == 0)
			return true;
	return false;
}

#define SHOWN_MOST 20

int
pv_fail_all(
    struct pv_run *r, const struct pv_err *errors, size_t n, struct pv_slice text, const char *last)
{
	const struct pv_err *gravest = gravest_of(errors, n);
	int status = pv_exit_of(gravest->code);

	if (r->json && !r->streams) {
		tell_json(r, errors, n, status);
		return status;
	}
	for (size_t i = 0; i < n && i < SHOWN_MOST; i++) {
		if (told_before(errors, i)) {
			PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

			place(r, &errors[i], &line);
			if (errors[i].field[0] != '\0')
				pv_buf_addf(&line, "%s: ", errors[i].field);
			pv_note(&r->term, "%sthe same", pv_buf_str(&line));
		} else {
			tell(r, &errors[i], text);
		}
	}
	if (n > SHOWN_MOST)
		pv_note(&r->term, "... and %zu more like these", n - SHOWN_MOST);
	close_telling(r, gravest, last != NULL ? last : r->nothing);
	return status;
}

int
pv_fail(struct pv_run *r, const struct pv_err *e, struct pv_slice text)
{
	return pv_fail_all(r, e, 1, text, NULL);
}
