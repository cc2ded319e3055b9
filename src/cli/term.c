/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/vec.h"
#include "codec/rfc3339.h"

#define TEXT_WIDTH 80 /* lines of text are not made longer than a person reads well */

static const char *const paint[] = {
	[PV_INK] = "",
	[PV_STRONG] = "\033[1m",
	[PV_FLOW] = "\033[34m",
	[PV_WARN] = "\033[33m",
	[PV_ALARM] = "\033[1;31m",
	[PV_MUTED] = "\033[2m",
};

static bool
wants_colour(bool tty, enum pv_colour colour)
{
	const char *no = getenv("NO_COLOR"), *kind = getenv("TERM");

	if (colour != PV_COLOUR_AUTO)
		return colour == PV_COLOUR_ALWAYS;
	return tty && (no == NULL || *no == '\0') && kind != NULL && *kind != '\0' &&
	       strcmp(kind, "dumb") != 0;
}

void
pv_screen_init(struct pv_screen *t, enum pv_colour colour, bool plain)
{
	const char *kind = getenv("TERM");
	struct winsize size = { 0 };

	setlocale(LC_CTYPE, "");
	*t = (struct pv_screen){ .out = stdout, .err = stderr, .width = TEXT_WIDTH };
	t->out_tty = isatty(STDOUT_FILENO);
	t->err_tty = isatty(STDERR_FILENO);
	t->out_colour = wants_colour(t->out_tty, colour);
	t->err_colour = wants_colour(t->err_tty, colour);
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->plain = plain || kind == NULL || strcmp(kind, "dumb") == 0;
	if (t->out_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		t->width = size.ws_col;
}

struct pv_screen
pv_screen_aside(const struct pv_screen *t)
{
	struct pv_screen aside = *t;

	fflush(t->out);
	aside.out = t->err;
	aside.out_tty = t->err_tty;
	aside.out_colour = t->err_colour;
	return aside;
}

/* ---- what is safe ---- */

/* Length of the UTF-8 character at p, 0 when it is none; *c gets it. */
static size_t
decode(const unsigned char *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80                   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : (p[0] & 0xf0) == 0xe0       ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;

	if (len == 0 || len > n)
		return 0;
	*c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return len;
}

/* What a terminal would act on, or what makes a text read otherwise than it is stored. */
static bool
acts(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       c == 0x061c || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

/* U+00C0 to U+00FF without their marks: what Spanish and French need where the locale is not UTF-8. */
static const char unmarked[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy";

static void
put_ascii(struct pv_buf *out, uint32_t c)
{
	if (c >= 0xc0 && c <= 0xff)
		pv_buf_add_c(out, unmarked[c - 0xc0]);
	else if (c == 0xa0)
		pv_buf_add_c(out, ' ');
	else if (c == 0x2018 || c == 0x2019)
		pv_buf_add_c(out, '\'');
	else if (c == 0xab || c == 0xbb || c == 0x201c || c == 0x201d)
		pv_buf_add_c(out, '"');
	else if (c >= 0x2010 && c <= 0x2015)
		pv_buf_add_c(out, '-');
	else
		pv_buf_add_c(out, '?');
}

void
pv_safe(struct pv_buf *out, struct pv_slice s, bool utf8)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		uint32_t c = 0;
		size_t len = decode(p + i, s.n - i, &c);

		if (len == 0)
			pv_buf_addf(out, "\\x%02x", p[i]);
		else if (acts(c))
			pv_buf_addf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		else if (len == 1 || utf8)
			pv_buf_add_mem(out, p + i, len);
		else
			put_ascii(out, c);
		i += len == 0 ? 1 : len;
	}
}

size_t
pv_columns(struct pv_slice safe)
{
	const unsigned char *p = (const unsigned char *)safe.p;
	size_t n = 0;

	for (size_t i = 0; i < safe.n;) {
		uint32_t c = 0;
		size_t len = decode(p + i, safe.n - i, &c);
		int wide = len > 1 ? wcwidth((wchar_t)c) : 1;

		n += wide < 0 ? 1 : (size_t)wide;
		i += len == 0 ? 1 : len;
	}
	return n;
}

/* Bytes of the longest beginning that takes at most `columns`. */
static size_t
fitting(struct pv_slice safe, size_t columns)
{
	size_t i = 0;

	while (i < safe.n) {
		uint32_t c = 0;
		size_t len = decode((const unsigned char *)safe.p + i, safe.n - i, &c);
		struct pv_slice one = { safe.p + i, len == 0 ? 1 : len };
		size_t wide = pv_columns(one);

		if (wide > columns)
			break;
		columns -= wide;
		i += one.n;
	}
	return i;
}

/* ---- lines ---- */

static void
put(FILE *f, struct pv_slice s)
{
	if (s.n != 0)
		fwrite(s.p, 1, s.n, f);
}

__attribute__((format(printf, 3, 0))) static void
vformat(struct pv_buf *out, bool utf8, const char *fmt, va_list ap)
{
	PV_AUTO(pv_freep) char *text = NULL;
	int n = vasprintf(&text, fmt, ap);

	if (n < 0) {
		text = NULL;
		pv_out_of_memory(strlen(fmt));
	}
	pv_safe(out, (struct pv_slice){ text, (size_t)n }, utf8);
}

__attribute__((format(printf, 6, 0))) static void
vline(struct pv_screen *t, FILE *f, bool colour, enum pv_style style, const char *word,
    const char *fmt, va_list ap)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (word != NULL) {
		fputs(colour ? paint[style] : "", f);
		pv_safe(&text, pv_slice_of(word), t->utf8);
		put(f, pv_buf_slice(&text));
		fputs(colour && style != PV_INK ? "\033[0m" : "", f);
		pv_buf_clear(&text);
	}
	vformat(&text, t->utf8, fmt, ap);
	put(f, pv_buf_slice(&text));
	fputc('\n', f);
}

void
pv_line(struct pv_screen *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(t, t->out, false, PV_INK, NULL, fmt, ap);
	va_end(ap);
}

void
pv_note(struct pv_screen *t, const char *fmt, ...)
{
	va_list ap;

	fflush(t->out);
	va_start(ap, fmt);
	vline(t, t->err, false, PV_INK, NULL, fmt, ap);
	va_end(ap);
}

void
pv_state_line(struct pv_screen *t, enum pv_style style, const char *word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(t, t->out, t->out_colour, style, word, fmt, ap);
	va_end(ap);
}

void
pv_state_note(struct pv_screen *t, enum pv_style style, const char *word, const char *fmt, ...)
{
	va_list ap;

	fflush(t->out);
	va_start(ap, fmt);
	vline(t, t->err, t->err_colour, style, word, fmt, ap);
	va_end(ap);
}

void
pv_blank(struct pv_screen *t)
{
	fputc('\n', t->out);
}

void
pv_raw(struct pv_screen *t, struct pv_slice bytes)
{
	put(t->out, bytes);
}

/* ---- wrapped text ---- */

/* Takes the next line of at most `columns` from *rest: broken at a blank, or hard within a longer word. */
static struct pv_slice
next_line(struct pv_slice *rest, size_t columns)
{
	size_t fit, cut;
	struct pv_slice line;

	while (rest->n != 0 && *rest->p == ' ')
		*rest = pv_slice_sub(*rest, 1, rest->n);
	fit = fitting(*rest, columns);
	cut = fit;
	if (fit < rest->n && rest->p[fit] != ' ')
		while (cut > 0 && rest->p[cut - 1] != ' ')
			cut--;
	/* a word longer than the line, such as a path or a hash, stays whole: it would not be found when cut */
	if (cut == 0)
		while (cut < rest->n && rest->p[cut] != ' ')
			cut++;
	line = pv_slice_sub(*rest, 0, cut);
	*rest = pv_slice_sub(*rest, cut, rest->n);
	return pv_slice_trim(line);
}

__attribute__((format(printf, 4, 0))) static void
vpara(struct pv_screen *t, FILE *f, const char *lead, const char *fmt, va_list ap)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf first = { 0 };
	size_t indent, columns, width = t->width < TEXT_WIDTH ? t->width : TEXT_WIDTH;
	struct pv_slice rest;
	bool at_lead = true;

	vformat(&text, t->utf8, fmt, ap);
	pv_safe(&first, pv_slice_of(lead), t->utf8);
	indent = pv_columns(pv_buf_slice(&first));
	columns = width > indent + 20 ? width - indent : 20;
	rest = pv_buf_slice(&text);
	do {
		struct pv_slice line = next_line(&rest, columns);

		if (at_lead)
			put(f, pv_buf_slice(&first));
		else
			fprintf(f, "%*s", (int)indent, "");
		put(f, line);
		fputc('\n', f);
		at_lead = false;
		rest = pv_slice_trim(rest);
	} while (rest.n != 0);
}

void
pv_para(struct pv_screen *t, const char *lead, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpara(t, t->out, lead, fmt, ap);
	va_end(ap);
}

void
pv_para_note(struct pv_screen *t, const char *lead, const char *fmt, ...)
{
	va_list ap;

	fflush(t->out);
	va_start(ap, fmt);
	vpara(t, t->err, lead, fmt, ap);
	va_end(ap);
}

/* ---- tables ---- */

struct cell {
	struct pv_slice text; /* safe */
	size_t columns;
	enum pv_style style;
};

/* A cell as it was given. */
struct given {
	enum pv_style style;
	struct pv_slice raw;
	struct given *next;
};

struct pv_table {
	struct pv_arena *arena;
	const char *columns;
	size_t column_count;
	struct given *first, **end; /* in the arena: a table that is never printed costs no free */
	size_t n;
};

struct pv_table *
pv_table_new(struct pv_arena *a, const char *columns)
{
	struct pv_table *t = PV_ARENA_NEW(a, struct pv_table);

	t->arena = a;
	t->columns = columns;
	t->column_count = strlen(columns);
	t->end = &t->first;
	return t;
}

void
pv_table_cell(struct pv_table *t, enum pv_style style, const char *fmt, ...)
{
	PV_AUTO(pv_freep) char *text = NULL;
	struct given *g;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		pv_out_of_memory(strlen(fmt));
	}
	g = PV_ARENA_NEW(t->arena, struct given);
	g->style = style;
	g->raw = pv_arena_copy(t->arena, (struct pv_slice){ text, (size_t)n });
	*t->end = g;
	t->end = &g->next;
	t->n++;
}

static void
put_cell(struct pv_screen *term, const struct cell *c, struct pv_slice text)
{
	bool coloured = term->out_colour && c->style != PV_INK && text.n != 0;

	fputs(coloured ? paint[c->style] : "", term->out);
	put(term->out, text);
	fputs(coloured ? "\033[0m" : "", term->out);
}

static void
put_last(struct pv_table *t, struct pv_screen *term, const struct cell *c, size_t at)
{
	size_t width = term->width < TEXT_WIDTH ? term->width : TEXT_WIDTH;
	char kind = t->columns[t->column_count - 1];
	struct pv_slice text = c->text;

	if (kind == 'w') {
		size_t room = width > at + 20 ? width - at : 20;

		while (pv_columns(text) > room) {
			struct pv_slice line = next_line(&text, room);

			text = pv_slice_trim(text);
			put_cell(term, c, line);
			if (text.n == 0)
				return;
			fprintf(term->out, "\n%*s", (int)at, "");
		}
	} else if (term->out_tty && at + c->columns > term->width) {
		size_t room = term->width > at + 10 ? term->width - at : 10;

		put_cell(term, c, pv_slice_sub(text, 0, fitting(text, room - 3)));
		fputs("...", term->out);
		return;
	}
	put_cell(term, c, text);
}

static void
put_row(struct pv_table *t, struct pv_screen *term, const struct cell *row, const size_t *widths,
    unsigned indent)
{
	size_t at = indent, pending = indent, last = t->column_count;

	while (last > 0 && row[last - 1].text.n == 0)
		last--; /* no blanks at the end of a line */
	for (size_t i = 0; i < last; i++) {
		size_t fill = widths[i] - (row[i].columns < widths[i] ? row[i].columns : widths[i]);

		if (t->columns[i] == 'r')
			pending += fill;
		fprintf(term->out, "%*s", (int)pending, "");
		if (i + 1 == t->column_count)
			put_last(t, term, &row[i], t->columns[i] == 'r' ? at + fill : at);
		else
			put_cell(term, &row[i], row[i].text);
		pending = 2 + (t->columns[i] == 'r' ? 0 : fill);
		at += widths[i] + 2;
	}
	fputc('\n', term->out);
}

void
pv_table_print(struct pv_table *t, struct pv_screen *term, unsigned indent)
{
	size_t n = t->column_count, rows = (t->n + n - 1) / n, i = 0;
	struct cell *cells = pv_arena_alloc_n(t->arena, rows * n, sizeof(*cells));
	size_t *widths = pv_arena_alloc_n(t->arena, n, sizeof(*widths));

	for (const struct given *g = t->first; g != NULL; g = g->next, i++) {
		PV_AUTO(pv_buf_free) struct pv_buf safe = { 0 };

		pv_safe(&safe, g->raw, term->utf8);
		cells[i] =
		    (struct cell){ pv_arena_copy(t->arena, pv_buf_slice(&safe)), 0, g->style };
		cells[i].columns = pv_columns(cells[i].text);
		if (cells[i].columns > widths[i % n])
			widths[i % n] = cells[i].columns;
	}
	for (i = 0; i < rows; i++)
		put_row(t, term, &cells[i * n], widths, indent);
	*t = (struct pv_table){ t->arena, t->columns, n, NULL, &t->first, 0 };
}

/* ---- progress ---- */

static uint64_t
tick_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct pv_progress
pv_progress_begin(struct pv_screen *t, const char *what, uint64_t total)
{
	return (struct pv_progress){ t, what, total, tick_ms(), false };
}

void
pv_progress_at(struct pv_progress *p, uint64_t done)
{
	uint64_t now, every = p->term->plain ? 5000 : 250;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (!p->term->err_tty)
		return;
	now = tick_ms();
	if (now - p->shown_ms < every)
		return;
	p->shown_ms = now;
	pv_safe(&text, pv_slice_of(p->what), p->term->utf8);
	fprintf(p->term->err, "%s%s  %.1f", p->term->plain ? "" : "\r", pv_buf_str(&text),
	    (double)done / 1e6);
	if (p->total != 0)
		fprintf(p->term->err, " of %.1f", (double)p->total / 1e6);
	fputs(p->term->plain ? " MB\n" : " MB  ", p->term->err);
	fflush(p->term->err);
	p->drawn = !p->term->plain;
}

void
pv_progress_end(struct pv_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", p->term->err);
	p->drawn = false;
}

/* ---- numbers and times for reading ---- */

const char *
pv_show_count(struct pv_arena *a, uint64_t n)
{
	char digits[24], text[32];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), j = 0;

	for (int i = 0; i < len; i++) {
		if (i != 0 && (len - i) % 3 == 0)
			text[j++] = ',';
		text[j++] = digits[i];
	}
	return pv_arena_str(a, (struct pv_slice){ text, (size_t)j });
}

const char *
pv_show_size(struct pv_arena *a, uint64_t bytes)
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB" };
	double v = (double)bytes;
	size_t i = 0;

	if (bytes < 1000)
		return pv_arena_printf(a, "%u B", (unsigned)bytes).p;
	for (; v >= 999.95 && i + 1 < sizeof(unit) / sizeof(*unit); i++)
		v /= 1000;
	return pv_arena_printf(a, "%.1f %s", v, unit[i]).p;
}

const char *
pv_show_span(struct pv_arena *a, uint64_t s)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_time_write_span(&text, s);
	return pv_arena_str(a, pv_buf_slice(&text));
}

const char *
pv_show_time(struct pv_arena *a, uint64_t s)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_time_write_human(&text, s);
	return pv_arena_str(a, pv_buf_slice(&text));
}

const char *
pv_show_n(struct pv_arena *a, uint64_t n, const char *one, const char *many)
{
	return pv_arena_printf(a, "%s %s", pv_show_count(a, n), n == 1 ? one : many).p;
}
