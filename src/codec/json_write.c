/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers. RFC 8785 in short: members sorted by the UTF-16 units of their names, numbers as ECMAScript
 * writes them, strings with the fewest escapes, no blanks.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/json.h"
#include "codec/utf8.h"

/* Numbers */

/* The number m * 10^scale, in as few digits as tell it from its neighbours. */
struct decimal {
	uint64_t m;
	int scale;
};

/* Written without a point, strtod reads it alike in every locale. */
static bool
means(struct decimal d, double v)
{
	char text[40];

	snprintf(text, sizeof(text), "%" PRIu64 "e%d", d.m, d.scale);
	return strtod(text, NULL) == v;
}

/* v > 0, rounded to that many digits. */
static struct decimal
rounded(double v, int digits)
{
	struct decimal d = { 0, 0 };
	char text[40];
	const char *p;

	snprintf(text, sizeof(text), "%.*e", digits - 1, v);
	for (p = text; *p != 'e'; p++)
		if (*p >= '0' && *p <= '9') /* what is no digit is the point of some locale */
			d.m = d.m * 10 + (uint64_t)(*p - '0');
	d.scale = (int)strtol(p + 1, NULL, 10) - (digits - 1);
	return d;
}

/*
 * ECMAScript Number::toString: as few digits as possible, and of those the nearest. Up to 15 digits survive
 * the way through a double, so a shorter form would show as zeros at the end of 15; not so below the normal
 * doubles. Above a power of two the gap is twice the gap below, so a number can be nearer below and yet only
 * the next one above is read as v (2^-44 is 5.684341886080802e-14).
 */
static struct decimal
shortest(double v)
{
	struct decimal d = { 0, 0 };

	for (int digits = v < 2.2250738585072014e-308 ? 1 : 15; digits <= 17; digits++) {
		d = rounded(v, digits);
		if (means(d, v))
			break;
		d.m++;
		if (means(d, v))
			break;
	}
	for (; d.m % 10 == 0; d.m /= 10)
		d.scale++;
	return d;
}

static void
add_zeros(struct pv_buf *out, int n)
{
	for (; n > 0; n--)
		pv_buf_add_c(out, '0');
}

/* ECMA-262 6.1.6.1.20; n is where the point stands, counted from the first digit. */
static void
add_decimal(struct pv_buf *out, struct decimal d)
{
	char digits[24];
	int k = snprintf(digits, sizeof(digits), "%" PRIu64, d.m), n = k + d.scale;

	if (n > 21 || n <= -6) {
		pv_buf_add_mem(out, digits, 1);
		if (k > 1) {
			pv_buf_add_c(out, '.');
			pv_buf_add_mem(out, digits + 1, (size_t)k - 1);
		}
		pv_buf_addf(out, "e%+d", n - 1);
	} else if (n <= 0) {
		pv_buf_add_str(out, "0.");
		add_zeros(out, -n);
		pv_buf_add_mem(out, digits, (size_t)k);
	} else if (n < k) {
		pv_buf_add_mem(out, digits, (size_t)n);
		pv_buf_add_c(out, '.');
		pv_buf_add_mem(out, digits + n, (size_t)(k - n));
	} else {
		pv_buf_add_mem(out, digits, (size_t)k);
		add_zeros(out, n - k);
	}
}

void
pv_json_number(struct pv_buf *out, double v)
{
	if (!isfinite(v)) {
		pv_buf_add_str(out, "null");
		return;
	}
	if (v < 0) {
		pv_buf_add_c(out, '-');
		v = -v;
	}
	if (v <= 9007199254740991.0 && v == (double)(uint64_t)v)
		pv_buf_add_u64(out, (uint64_t)v); /* also for minus zero */
	else
		add_decimal(out, shortest(v));
}

/* Strings */

static void
add_escape(struct pv_buf *out, unsigned char c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};

	if (c == '"' || c == '\\')
		pv_buf_addf(out, "\\%c", c);
	else if (letters[c] != 0)
		pv_buf_addf(out, "\\%c", letters[c]);
	else
		pv_buf_addf(out, "\\u%04x", c);
}

/* Bytes that stand for themselves: ASCII but for controls, the quote and the backslash. */
static const bool plain[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0x7f] = true
};

/* The part of s from i on that stands for itself ends there. */
static size_t
plain_to(struct pv_slice s, size_t i)
{
	while (i < s.n && plain[(unsigned char)s.p[i]])
		i++;
	return i;
}

static void
quote_rest(struct pv_buf *out, struct pv_slice s, size_t i)
{
	size_t from = 0;

	pv_buf_add_c(out, '"');
	for (; i < s.n; i = plain_to(s, i)) {
		unsigned char c = (unsigned char)s.p[i];
		size_t step = c >= 0x80 ? pv_utf8_step(pv_slice_sub(s, i, s.n)) : 0;

		if (step != 0) {
			i += step;
			continue;
		}
		pv_buf_add(out, pv_slice_sub(s, from, i));
		if (c >= 0x80)
			pv_buf_add_str(out, "\xef\xbf\xbd");
		else
			add_escape(out, c);
		from = ++i;
	}
	pv_buf_add(out, pv_slice_sub(s, from, i));
	pv_buf_add_c(out, '"');
}

void
pv_json_quote(struct pv_buf *out, struct pv_slice s)
{
	size_t n = plain_to(s, 0);
	char *to;

	if (n != s.n) {
		quote_rest(out, s, n);
		return;
	}
	to = pv_buf_room(out, n + 2);
	to[0] = '"';
	if (n != 0)
		memcpy(to + 1, s.p, n);
	to[n + 1] = '"';
	out->n += n + 2;
}

/* Documents */

static void
add_scalar(const struct pv_json_node *node, struct pv_buf *out)
{
	switch (node->type) {
	case PV_JSON_NULL:
		pv_buf_add_str(out, "null");
		return;
	case PV_JSON_BOOL:
		pv_buf_add_str(out, node->integer != 0 ? "true" : "false");
		return;
	case PV_JSON_INT:
	case PV_JSON_REAL:
		pv_json_number(out, node->real);
		return;
	case PV_JSON_STRING:
		pv_json_quote(out, node->text);
		return;
	case PV_JSON_ARRAY:
	case PV_JSON_OBJECT:
		return;
	}
}

/*
 * By UTF-16 units (RFC 8785 3.2.3). UTF-8 sorts by code points, which differs in one place: U+E000 to U+FFFF
 * (first byte 0xee, 0xef) come after the surrogates that stand for all above (first byte 0xf0 and more).
 */
static int
compare_names(const void *a, const void *b)
{
	struct pv_slice x = (*(const struct pv_json_node *const *)a)->name;
	struct pv_slice y = (*(const struct pv_json_node *const *)b)->name;
	size_t n = x.n < y.n ? x.n : y.n;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)x.p[i], d = (unsigned char)y.p[i];

		if (c == d)
			continue;
		if (c >= 0xee && d >= 0xee && (c >= 0xf0) != (d >= 0xf0))
			return c >= 0xf0 ? -1 : 1;
		return c < d ? -1 : 1;
	}
	return x.n < y.n ? -1 : x.n > y.n;
}

/* The children of node, in the order of RFC 8785 when it is an object. The caller's to free. */
static const struct pv_json_node **
children(const struct pv_json *doc, const struct pv_json_node *node)
{
	const struct pv_json_node **all =
	    pv_alloc_n(node->count, sizeof(const struct pv_json_node *));
	uint32_t n = 0;

	for (uint32_t i = node->first; i != PV_JSON_NONE; i = all[n - 1]->next)
		all[n++] = pv_json_at(doc, i);
	if (node->type == PV_JSON_OBJECT)
		qsort(all, n, sizeof(const struct pv_json_node *), compare_names);
	return all;
}

/* Recurses as deep as the reader lets a document be. */
static void
add_canon(const struct pv_json *doc, const struct pv_json_node *node, struct pv_buf *out)
{
	bool object = node->type == PV_JSON_OBJECT;
	const struct pv_json_node **all;

	if (!object && node->type != PV_JSON_ARRAY) {
		add_scalar(node, out);
		return;
	}
	all = children(doc, node);
	pv_buf_add_c(out, object ? '{' : '[');
	for (uint32_t i = 0; i < node->count; i++) {
		if (i > 0)
			pv_buf_add_c(out, ',');
		if (object) {
			pv_json_quote(out, all[i]->name);
			pv_buf_add_c(out, ':');
		}
		add_canon(doc, all[i], out);
	}
	pv_buf_add_c(out, object ? '}' : ']');
	pv_free(all);
}

void
pv_json_canon(const struct pv_json *doc, uint32_t i, struct pv_buf *out)
{
	const struct pv_json_node *node = pv_json_at(doc, i);

	if (node != NULL)
		add_canon(doc, node, out);
}

static void
add_line(struct pv_buf *out, unsigned depth)
{
	pv_buf_add_c(out, '\n');
	for (; depth > 0; depth--)
		pv_buf_add_str(out, "  ");
}

static void
add_pretty(
    const struct pv_json *doc, const struct pv_json_node *node, unsigned depth, struct pv_buf *out)
{
	bool object = node->type == PV_JSON_OBJECT;

	if (!object && node->type != PV_JSON_ARRAY) {
		add_scalar(node, out);
		return;
	}
	pv_buf_add_c(out, object ? '{' : '[');
	for (uint32_t i = node->first; i != PV_JSON_NONE; i = pv_json_at(doc, i)->next) {
		if (i != node->first)
			pv_buf_add_c(out, ',');
		add_line(out, depth + 1);
		if (object) {
			pv_json_quote(out, pv_json_at(doc, i)->name);
			pv_buf_add_str(out, ": ");
		}
		add_pretty(doc, pv_json_at(doc, i), depth + 1, out);
	}
	if (node->count > 0)
		add_line(out, depth);
	pv_buf_add_c(out, object ? '}' : ']');
}

void
pv_json_pretty(const struct pv_json *doc, uint32_t i, struct pv_buf *out)
{
	const struct pv_json_node *node = pv_json_at(doc, i);

	if (node != NULL)
		add_pretty(doc, node, 0, out);
}

/* Piece by piece */

/* The comma before a value or name, and the name. */
static void
begin_value(struct pv_jsonw *w, const char *name)
{
	if (name != NULL) {
		pv_jsonw_named(w, pv_slice_of(name));
	} else if (w->comma[w->depth]) {
		pv_buf_add_c(w->out, ',');
	}
	w->comma[w->depth] = true;
}

/* The value that follows puts the next comma. */
void
pv_jsonw_named(struct pv_jsonw *w, struct pv_slice name)
{
	if (w->comma[w->depth])
		pv_buf_add_c(w->out, ',');
	pv_json_quote(w->out, name);
	pv_buf_add_c(w->out, ':');
	w->comma[w->depth] = false;
}

static void
open_level(struct pv_jsonw *w, const char *name, bool array)
{
	begin_value(w, name);
	if (w->depth == PV_JSON_DEPTH)
		abort(); /* no reader of ours would take it: a mistake in the program, not in its input */
	w->depth++;
	w->array[w->depth] = array;
	w->comma[w->depth] = false;
	pv_buf_add_c(w->out, array ? '[' : '{');
}

void
pv_jsonw_object(struct pv_jsonw *w, const char *name)
{
	open_level(w, name, false);
}

void
pv_jsonw_array(struct pv_jsonw *w, const char *name)
{
	open_level(w, name, true);
}

void
pv_jsonw_end(struct pv_jsonw *w)
{
	if (w->depth == 0)
		abort(); /* more ends than beginnings */
	pv_buf_add_c(w->out, w->array[w->depth] ? ']' : '}');
	w->depth--;
}

void
pv_jsonw_str(struct pv_jsonw *w, const char *name, struct pv_slice value)
{
	begin_value(w, name);
	pv_json_quote(w->out, value);
}

void
pv_jsonw_int(struct pv_jsonw *w, const char *name, int64_t value)
{
	begin_value(w, name);
	pv_buf_addf(w->out, "%" PRId64, value);
}

void
pv_jsonw_u64(struct pv_jsonw *w, const char *name, uint64_t value)
{
	begin_value(w, name);
	pv_buf_add_u64(w->out, value);
}

void
pv_jsonw_bool(struct pv_jsonw *w, const char *name, bool value)
{
	begin_value(w, name);
	pv_buf_add_str(w->out, value ? "true" : "false");
}

void
pv_jsonw_null(struct pv_jsonw *w, const char *name)
{
	begin_value(w, name);
	pv_buf_add_str(w->out, "null");
}

void
pv_jsonw_raw(struct pv_jsonw *w, const char *name, struct pv_slice json)
{
	begin_value(w, name);
	pv_buf_add(w->out, json);
}
