/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds where each value ends by its brackets alone, within a limit, so that
 * neither a huge value nor a deep one is ever made into a tree. What is not
 * JSON is left to the reader, which says what is wrong and where.
 */
#include "wire/file.h"

#include <stdio.h>

#include "base/mem.h"
#include "wire/record.h"

#define DASH "\xe2\x80\x94 " /* begins a signature line */

struct pv_status
pv_file_open(struct pv_file *f, struct pv_slice bytes, const char *source, struct pv_err *e)
{
	*f = (struct pv_file){ .bytes = bytes, .source = source, .line = 1 };
	if (bytes.n > PV_FILE_MAX)
		return pv_from(PV_FAIL(e, PV_E_LIMIT,
				   "the file is %zu bytes long; at most %u are read at once",
				   bytes.n, PV_FILE_MAX),
		    e, source);
	f->doc = pv_json_new();
	return PV_DONE;
}

void
pv_file_close(struct pv_file *f)
{
	pv_json_freep(&f->doc);
}

/* ---- moving on ---- */

static void
move_to(struct pv_file *f, size_t to)
{
	for (; f->at < to; f->at++)
		if (f->bytes.p[f->at] == '\n') {
			f->line++;
			f->line_from = f->at + 1;
		}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct pv_file *f)
{
	size_t to = f->at;

	while (to < f->bytes.n && is_blank(f->bytes.p[to]))
		to++;
	move_to(f, to);
}

static bool
begins_with(const struct pv_file *f, size_t at, const char *what)
{
	return pv_slice_starts(pv_slice_sub(f->bytes, at, f->bytes.n), pv_slice_of(what));
}

static struct pv_status
fail_here(struct pv_file *f, struct pv_err *e, enum pv_code code, const char *what)
{
	struct pv_status st = PV_FAIL(e, code, "%s", what);

	e->line = f->line;
	e->col = (unsigned)(f->at - f->line_from) + 1;
	f->broken = true;
	return pv_from(st, e, f->source);
}

/* ---- where a value ends ---- */

enum extent { ENDS, BROKEN, TOO_LONG };

/* From the first byte of a string to after its last quote; a raw line end in it means that it is not closed. */
static enum extent
string_extent(struct pv_slice text, size_t *i)
{
	for ((*i)++; *i < text.n; (*i)++) {
		char c = text.p[*i];

		if (c == '\n')
			return BROKEN;
		if (c == '\\')
			(*i)++;
		else if (c == '"') {
			(*i)++;
			return ENDS;
		}
	}
	return BROKEN;
}

static bool
ends_word(struct pv_slice text, size_t i)
{
	return i == text.n || is_blank(text.p[i]) || text.p[i] == ',' || text.p[i] == ']';
}

static enum extent
extent(struct pv_slice text, size_t *n)
{
	size_t i = 0, depth = 0;

	text = pv_slice_sub(text, 0, PV_ITEM_RAW_MAX + 1);
	while (i < text.n && depth <= PV_JSON_DEPTH) {
		char c = text.p[i];

		if (c == '"' && string_extent(text, &i) == BROKEN)
			break;
		if (c != '"')
			i++;
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && depth > 0)
			depth--;
		/* a bare word goes on up to what may follow it */
		if (depth == 0 && (c == '"' || c == '}' || c == ']' || ends_word(text, i))) {
			*n = i;
			return i <= PV_ITEM_RAW_MAX ? ENDS : TOO_LONG;
		}
	}
	*n = i < text.n ? i + 1 : text.n;
	return i >= text.n && text.n > PV_ITEM_RAW_MAX ? TOO_LONG : BROKEN;
}

/* ---- positions ---- */

/* From a value's own line and column to the file's. */
static void
shift(const struct pv_item *item, struct pv_err *e)
{
	if (e->line == 0) {
		e->line = item->line;
		e->col = item->col;
		return;
	}
	if (e->line == 1)
		e->col += item->col - 1;
	e->line += item->line - 1;
}

void
pv_item_place(const struct pv_item *item, const char *source, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_err ignored;

	e->line = e->col = 0;
	if (pv_ok(pv_json_read(&doc, item->raw, PV_ITEM_RAW_MAX + 1, &ignored)))
		pv_record_place(doc, 0, pv_slice_of(e->field), &e->line, &e->col);
	shift(item, e);
	pv_ignore(pv_from((struct pv_status){ e->code }, e, source));
}

/* ---- signature lines ---- */

/* The end of the line at `at`, after its line feed, or 0 when there is none. */
static size_t
line_end(const struct pv_file *f, size_t at)
{
	const char *lf = at < f->bytes.n ? memchr(f->bytes.p + at, '\n', f->bytes.n - at) : NULL;

	return lf != NULL ? (size_t)(lf - f->bytes.p) + 1 : 0;
}

static bool
line_is_blank(const struct pv_file *f, size_t from, size_t to)
{
	return pv_slice_trim(pv_slice_sub(f->bytes, from, to)).n == 0;
}

/* Where the signature lines that belong to the value before f->at begin, or 0. */
static size_t
find_signatures(const struct pv_file *f)
{
	size_t rest = line_end(f, f->at), empty = rest != 0 ? line_end(f, rest) : 0;

	if (empty == 0 || !line_is_blank(f, f->at, rest) || !line_is_blank(f, rest, empty) ||
	    !begins_with(f, empty, DASH))
		return 0;
	return empty;
}

/* Signature lines as they were, with line feeds alone: what carries files may turn line ends. */
static struct pv_slice
take_lines(struct pv_file *f, size_t from, size_t to, struct pv_arena *a)
{
	struct pv_slice lines = pv_slice_sub(f->bytes, from, to);
	char *p;
	size_t n = 0;

	if (memchr(lines.p, '\r', lines.n) == NULL && lines.p[lines.n - 1] == '\n')
		return lines;
	p = pv_arena_alloc(a, lines.n + 1);
	for (size_t i = 0; i < lines.n; i++)
		if (lines.p[i] != '\r')
			p[n++] = lines.p[i];
	if (p[n - 1] != '\n')
		p[n++] = '\n';
	return (struct pv_slice){ p, n };
}

static void
read_signatures(struct pv_file *f, struct pv_item *item, struct pv_arena *a)
{
	size_t from = f->list_line == 0 ? find_signatures(f) : 0, to = from;

	if (from == 0)
		return;
	while (to < f->bytes.n && begins_with(f, to, DASH)) {
		size_t next = line_end(f, to);

		to = next != 0 ? next : f->bytes.n;
	}
	move_to(f, from);
	item->signatures_line = f->line;
	item->signatures = take_lines(f, from, to, a);
	move_to(f, to);
}

/* ---- values ---- */

/* Up to the first byte of the next value, through lists and commas; *more is false at the end. */
static PV_RESULT
find_value(struct pv_file *f, bool *more, struct pv_err *e)
{
	bool first = false;

	*more = false;
	for (;;) {
		skip_blanks(f);
		if (f->at == f->bytes.n && f->list_line != 0) {
			char what[80];

			snprintf(what, sizeof(what),
			    "the file ends within the list that begins in line %u", f->list_line);
			return fail_here(f, e, PV_E_INPUT, what);
		}
		if (f->at == f->bytes.n)
			return PV_DONE;
		if (f->list_line == 0 && f->bytes.p[f->at] == '[') {
			f->list_line = f->line;
			f->list_more = first = true;
			f->at++;
		} else if (f->list_line != 0 && f->bytes.p[f->at] == ']' &&
			   (first || !f->list_more)) {
			f->list_line = 0;
			f->at++;
		} else if (f->list_line != 0 && !f->list_more && f->bytes.p[f->at] == ',') {
			f->list_more = true;
			f->at++;
		} else {
			break;
		}
	}
	if (f->list_line != 0 && !f->list_more)
		return fail_here(f, e, PV_E_INPUT, "expected ',' or ']' after a value of the list");
	if (begins_with(f, f->at, DASH))
		return fail_here(f, e, PV_E_INPUT,
		    "a signature line without a record and an empty line before it");
	f->list_more = false;
	*more = true;
	return PV_DONE;
}

/* What is wrong with a value, told in lines of the file. */
static void
read_again(const struct pv_item *item, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_err told = { 0 };
	size_t used;

	if (pv_ok(
		pv_json_read_one(&doc, item->raw, PV_ITEM_RAW_MAX + 1, item->line, &used, &told)) ||
	    told.line == 0) {
		shift(item, e); /* it saw less than the whole, so that the whole is what is told */
		return;
	}
	*e = told;
	if (e->line == item->line)
		e->col += item->col - 1;
}

static struct pv_status
fail_too_long(struct pv_file *f, struct pv_err *e)
{
	return pv_advise(
	    fail_here(f, e, PV_E_LIMIT, "the record that begins here is too long to be one"), e,
	    "A record has at most %d bytes in canonical form, and at most %u with its blanks.",
	    PV_RECORD_MAX, PV_ITEM_RAW_MAX);
}

struct pv_status
pv_file_next(
    struct pv_file *f, struct pv_item *out, bool *more, struct pv_arena *a, struct pv_err *e)
{
	struct pv_item item = { 0 };
	struct pv_status st;
	enum extent found;
	size_t n = 0;

	*more = false;
	if (f->broken)
		return PV_DONE;
	PV_TRY(find_value(f, more, e));
	if (!*more)
		return PV_DONE;
	found = extent(pv_slice_sub(f->bytes, f->at, f->bytes.n), &n);
	item.line = f->line;
	item.col = (unsigned)(f->at - f->line_from) + 1;
	item.raw = pv_slice_sub(f->bytes, f->at, f->at + n);
	if (found == TOO_LONG)
		return fail_too_long(f, e);
	f->broken = found == BROKEN;
	st = pv_json_reread(f->doc, item.raw, PV_ITEM_RAW_MAX + 1, e);
	if (!pv_ok(st))
		read_again(&item, e);
	move_to(f, f->at + n);
	read_signatures(f, &item, a);
	PV_TRY(pv_from(st, e, f->source));
	*out = item;
	return PV_DONE;
}

struct pv_status
pv_file_record(struct pv_file *f, const struct pv_item *item, struct pv_record *out, unsigned flags,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_status st = pv_record_read(out, f->doc, 0, flags, a, e);

	if (pv_ok(st) && item->signatures.n != 0 && !pv_slice_eq(out->line, item->raw))
		st = pv_advise(
		    PV_FAIL(e, PV_E_INPUT,
			"this record is signed, but does not stand in its canonical form"),
		    e, "What is signed is one line in the form of RFC 8785; this is another text.");
	if (!pv_ok(st))
		shift(item, e);
	return pv_from(st, e, f->source);
}

void
pv_item_write(struct pv_buf *out, struct pv_slice line, struct pv_slice signatures)
{
	pv_buf_add(out, line);
	pv_buf_add_c(out, '\n');
	if (signatures.n == 0)
		return;
	pv_buf_add_c(out, '\n');
	pv_buf_add(out, signatures);
}
