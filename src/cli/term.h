/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to a person: lines, wrapped text, aligned tables, a progress line.
 *
 * Everything passes one place that makes it safe: control characters, bytes
 * that are not UTF-8 and marks that turn the reading direction are shown as
 * \x1b, never acted on; a line cannot be broken by a text from outside. Where
 * the locale is not UTF-8 only ASCII comes out. Colour doubles a word, on
 * terminals alone. pv_raw() is for what programs read.
 */
#ifndef PV_CLI_TERM_H
#define PV_CLI_TERM_H

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

enum pv_colour { PV_COLOUR_AUTO = 0, PV_COLOUR_NEVER, PV_COLOUR_ALWAYS };

/* A stop in force is ink; red is for what needs a person (UX 1.2). */
enum pv_style { PV_INK = 0, PV_STRONG, PV_FLOW, PV_WARN, PV_ALARM, PV_MUTED };

struct pv_screen {
	FILE *out, *err;
	bool out_tty, err_tty;
	bool out_colour, err_colour;
	bool utf8;
	bool plain;     /* no redrawing */
	unsigned width; /* of a terminal; 80 elsewhere */
};

void pv_screen_init(struct pv_screen *t, enum pv_colour colour, bool plain);

/* The same screen, with what goes to stdout on stderr: for when stdout carries content. */
struct pv_screen pv_screen_aside(const struct pv_screen *t);

/* One line on stdout, or on stderr. The format holds no newline. */
void pv_line(struct pv_screen *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pv_note(struct pv_screen *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, the first word in a style. */
void pv_state_line(struct pv_screen *t, enum pv_style style, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pv_state_note(struct pv_screen *t, enum pv_style style, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pv_blank(struct pv_screen *t);
/* Wrapped to at most 80 columns: the first line begins with `lead`, the others with as many blanks. */
void pv_para(struct pv_screen *t, const char *lead, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void pv_para_note(struct pv_screen *t, const char *lead, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Bytes for programs, as they are. */
void pv_raw(struct pv_screen *t, struct pv_slice bytes);
/* Appends s as it is fit for a terminal. */
void pv_safe(struct pv_buf *out, struct pv_slice s, bool utf8);
/* Columns it takes on a terminal. */
size_t pv_columns(struct pv_slice safe);

/*
 * Tables. One letter a column: l left, r right, w (last only) wrapped. Nothing
 * is cut but the last column on a terminal.
 *
 *	struct pv_table *t = pv_table_new(arena, "lrw");
 *	pv_table_cell(t, PV_STRONG, "%s", name); ...    cells fill the rows one by one
 *	pv_table_print(t, term, 2);
 */
struct pv_table;
struct pv_table *pv_table_new(struct pv_arena *a, const char *columns);
void pv_table_cell(struct pv_table *t, enum pv_style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void pv_table_print(struct pv_table *t, struct pv_screen *term, unsigned indent);

/* Long work: one line redrawn on a terminal, a line now and then with --plain, nothing elsewhere. */
struct pv_progress {
	struct pv_screen *term;
	const char *what;
	uint64_t total; /* 0: not known */
	uint64_t shown_ms;
	bool drawn;
};
struct pv_progress pv_progress_begin(struct pv_screen *t, const char *what, uint64_t total);
void pv_progress_at(struct pv_progress *p, uint64_t done_bytes);
void pv_progress_end(struct pv_progress *p);

/* "48,211", "18.4 kB", "3 h", "2025-11-11 14:07:02 UTC"; the text lives in the arena. */
const char *pv_show_count(struct pv_arena *a, uint64_t n);
const char *pv_show_size(struct pv_arena *a, uint64_t bytes);
const char *pv_show_span(struct pv_arena *a, uint64_t seconds);
const char *pv_show_time(struct pv_arena *a, uint64_t s);
/* "1 report", "2 reports" */
const char *pv_show_n(struct pv_arena *a, uint64_t n, const char *one, const char *many);

#endif
