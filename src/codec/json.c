/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: one pass over a copy of the text that ends in a NUL, so that looking one byte ahead needs
 * no length. What is open stands on a stack of 64 levels, nothing recurses. Strings without escapes are
 * slices of the copy; unescaped ones go to a second buffer, which needs no more room than the text had
 * (an escape is never shorter than what it stands for) and so never moves. Names are compared when their
 * object ends: pairwise when few, else by a seeded hash, so that no object takes quadratic time.
 */
#include "codec/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "codec/utf8.h"

#define INTEGER_MAX 9007199254740991 /* 2^53 - 1 */
#define FEW_MEMBERS 16
/* More than any fraction has digits, so that none can make up for it. */
#define EXPONENT_MAX (INT64_C(1) << 40)

struct level {
	uint32_t node, last_child;
};

struct pv_json {
	struct pv_buf source, strings;
	struct pv_json_node *nodes;
	size_t count, cap;
	uint32_t *table; /* of names, while an object is closed */
	size_t table_cap;
	unsigned first_line;
};

struct reader {
	struct pv_json *doc;
	const char *p, *end;
	struct level levels[PV_JSON_DEPTH];
	unsigned depth;
	struct pv_err *e;
};

/* Errors */

/* Adds where it is to a failure. */
static struct pv_status
at(const struct reader *r, const char *where, struct pv_status st)
{
	pv_json_place(r->doc, (size_t)(where - r->doc->source.p), &r->e->line, &r->e->col);
	return st;
}

#define FAIL_AT(r, where, ...) at((r), (where), PV_FAIL((r)->e, PV_E_INPUT, __VA_ARGS__))

/* How much of a name a message shows, whole characters. */
static int
clip(struct pv_slice name)
{
	size_t n = name.n < 80 ? name.n : 80;

	while (n > 0 && n < name.n && ((unsigned char)name.p[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

struct found {
	char text[48];
};

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* What stands at p, for a message. */
static struct found
found(const struct reader *r, const char *p)
{
	struct found f;
	size_t n = 0;

	while (n < 20 && is_word(p[n]))
		n++;
	if (p == r->end)
		snprintf(f.text, sizeof(f.text), "the end of the text");
	else if (n > 1)
		snprintf(f.text, sizeof(f.text), "\"%.*s\"", (int)n, p);
	else if (*p > 0x20 && *p < 0x7f)
		snprintf(f.text, sizeof(f.text), "'%c'", *p);
	else if ((unsigned char)*p >= 0x80)
		snprintf(f.text, sizeof(f.text), "\"%.*s\"",
		    (int)pv_utf8_step(pv_slice_mem(p, (size_t)(r->end - p))), p);
	else
		snprintf(f.text, sizeof(f.text), "byte 0x%02x", (unsigned)(unsigned char)*p);
	return f;
}

/* Strings */

/* What ends the plain part of a string. */
static const bool special[256] = { [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true };

static const char *
skip_plain(const char *p)
{
	while (!special[(unsigned char)*p])
		p++;
	return p;
}

static PV_RESULT
read_hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++) {
		char c = r->p[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			digit = (uint32_t)((c | 0x20) - 'a') + 10;
		else
			return FAIL_AT(r, r->p + i,
			    "expected four hexadecimal digits after \\u, found %s",
			    found(r, r->p + i).text);
		v = v << 4 | digit;
	}
	r->p += 4;
	*out = v;
	return PV_DONE;
}

/* After "\u": one unit, or two that make a pair (RFC 8259 7). */
static PV_RESULT
read_unit(struct reader *r, uint32_t *out)
{
	const char *begin = r->p - 2;
	uint32_t high, low;

	PV_TRY(read_hex4(r, &high));
	*out = high;
	if (high < 0xd800 || high > 0xdfff)
		return PV_DONE;
	if (high > 0xdbff || r->p[0] != '\\' || r->p[1] != 'u')
		return FAIL_AT(r, begin, "\\u%04x is half of a pair and means nothing alone", high);
	r->p += 2;
	PV_TRY(read_hex4(r, &low));
	if (low < 0xdc00 || low > 0xdfff)
		return FAIL_AT(r, begin, "\\u%04x\\u%04x is no pair of surrogates", high, low);
	*out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return PV_DONE;
}

/* At a backslash: appends what it stands for. */
static PV_RESULT
read_escape(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	struct pv_buf *out = &r->doc->strings;
	const char *known;
	uint32_t c;

	known = r->p[1] != '\0' ? strchr(from, r->p[1]) : NULL;
	if (known != NULL) {
		out->p[out->n++] = to[known - from];
		r->p += 2;
		return PV_DONE;
	}
	if (r->p[1] != 'u')
		return FAIL_AT(
		    r, r->p, "unknown escape: a backslash before %s", found(r, r->p + 1).text);
	r->p += 2;
	PV_TRY(read_unit(r, &c));
	out->n += pv_utf8_put(out->p + out->n, c);
	return PV_DONE;
}

static PV_RESULT
read_escaped(struct reader *r, const char *begin, struct pv_slice *out)
{
	struct pv_buf *to = &r->doc->strings;
	size_t from;

	/* only while it is empty, so that nothing moves */
	if (to->cap < r->doc->source.n)
		pv_buf_room(to, r->doc->source.n);
	from = to->n;
	for (const char *plain = begin + 1;; plain = r->p) {
		size_t n;

		r->p = skip_plain(plain);
		n = (size_t)(r->p - plain);
		memcpy(to->p + to->n, plain, n);
		to->n += n;
		if (*r->p != '\\')
			break;
		PV_TRY(read_escape(r));
	}
	*out = (struct pv_slice){ to->p + from, to->n - from };
	return PV_DONE;
}

/* At a quote. */
static PV_RESULT
read_string(struct reader *r, struct pv_slice *out)
{
	const char *begin = r->p;

	r->p = skip_plain(begin + 1);
	*out = (struct pv_slice){ begin + 1, (size_t)(r->p - begin) - 1 };
	if (*r->p == '\\')
		PV_TRY(read_escaped(r, begin, out));
	if (r->p == r->end)
		return FAIL_AT(r, begin, "a string begins here and does not end");
	if (*r->p != '"')
		return pv_advise(FAIL_AT(r, r->p, "byte 0x%02x may not stand in a string",
				     (unsigned)(unsigned char)*r->p),
		    r->e, "write \\u%04x, or \\n for a line break, or close the string before it",
		    (unsigned)(unsigned char)*r->p);
	r->p++;
	return PV_DONE;
}

/* Numbers */

struct digits {
	uint64_t v;     /* the first 18 digits */
	unsigned count; /* of those that matter, or 19 for more than 18 */
	int64_t scale;  /* the power of ten, when count is at most 18 */
	bool whole;     /* neither fraction nor exponent */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static PV_RESULT
read_digits(struct reader *r, struct digits *d)
{
	if (!is_digit(*r->p))
		return FAIL_AT(r, r->p, "expected a digit, found %s", found(r, r->p).text);
	for (; is_digit(*r->p); r->p++) {
		if (d->count == 0 && *r->p == '0')
			continue;
		if (d->count < 18)
			d->v = d->v * 10 + (uint64_t)(*r->p - '0');
		if (d->count < 19)
			d->count++;
	}
	return PV_DONE;
}

static PV_RESULT
read_exponent(struct reader *r, struct digits *d)
{
	struct digits exponent = { 0 };
	bool minus = r->p[1] == '-';
	int64_t v;

	r->p += r->p[1] == '-' || r->p[1] == '+' ? 2 : 1;
	PV_TRY(read_digits(r, &exponent));
	v = exponent.v > EXPONENT_MAX ? EXPONENT_MAX : (int64_t)exponent.v;
	d->scale += minus ? -v : v;
	d->whole = false;
	return PV_DONE;
}

/* RFC 8259 6. Leaves r->p after the number. */
static PV_RESULT
read_grammar(struct reader *r, struct digits *d)
{
	const char *first;

	if (*r->p == '-')
		r->p++;
	first = r->p;
	PV_TRY(read_digits(r, d));
	if (*first == '0' && r->p - first > 1)
		return FAIL_AT(r, first, "a number may not begin with 0");
	if (*r->p == '.') {
		const char *point = r->p++;

		PV_TRY(read_digits(r, d));
		d->scale -= r->p - point - 1;
		d->whole = false;
	}
	if (*r->p == 'e' || *r->p == 'E')
		PV_TRY(read_exponent(r, d));
	return PV_DONE;
}

/*
 * With at most 15 digits and a power of ten that a double holds exactly, one operation rounds once (Clinger
 * 1990); the rest is for strtod, in the locale that has a point, which glibc and musl keep ready: nothing is
 * allocated.
 */
static double
real_of(const struct digits *d, const char *text)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	double v = (double)d->v, answer;
	locale_t c_locale;

	if (FLT_EVAL_METHOD == 0 && d->count <= 15 && d->scale >= -22 && d->scale <= 22) {
		v = d->scale < 0 ? v / powers[-d->scale] : v * powers[d->scale];
		return *text == '-' ? -v : v;
	}
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	answer = strtod_l(text, NULL, c_locale);
	freelocale(c_locale);
	return answer;
}

static PV_RESULT
read_number(struct reader *r, struct pv_json_node *node)
{
	const char *begin = r->p;
	struct digits d = { .whole = true };

	PV_TRY(read_grammar(r, &d));
	node->text = (struct pv_slice){ begin, (size_t)(r->p - begin) };
	if (d.whole && d.count <= 16 && d.v <= INTEGER_MAX) {
		node->type = PV_JSON_INT;
		node->integer = *begin == '-' ? -(int64_t)d.v : (int64_t)d.v;
		node->real = (double)node->integer;
		return PV_DONE;
	}
	node->type = PV_JSON_REAL;
	node->real = d.whole ? INFINITY : real_of(&d, begin);
	/* from 1e21 on the canonical form has an exponent, so it is read as what it was */
	if (isinf(node->real) || (fabs(node->real) > INTEGER_MAX && fabs(node->real) < 1e21))
		return FAIL_AT(r, begin, "number out of range: %.*s%s",
		    node->text.n > 40 ? 40 : (int)node->text.n, begin,
		    node->text.n > 40 ? "..." : "");
	return PV_DONE;
}

/* The tree */

static void
skip_blanks(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')
		r->p++;
}

static struct pv_json_node *
top(const struct reader *r)
{
	return &r->doc->nodes[r->levels[r->depth - 1].node];
}

static bool
in_object(const struct reader *r)
{
	return r->depth > 0 && top(r)->type == PV_JSON_OBJECT;
}

/* A new last child of what is open. */
static struct pv_json_node *
add_node(struct reader *r)
{
	struct pv_json *doc = r->doc;
	uint32_t i = (uint32_t)doc->count;

	if (doc->count == doc->cap) {
		doc->cap = doc->cap == 0 ? 16 : doc->cap * 2;
		doc->nodes = pv_realloc_n(doc->nodes, doc->cap, sizeof(*doc->nodes));
	}
	doc->count++;
	if (r->depth > 0) {
		struct level *l = &r->levels[r->depth - 1];

		if (l->last_child == PV_JSON_NONE)
			doc->nodes[l->node].first = i;
		else
			doc->nodes[l->last_child].next = i;
		doc->nodes[l->node].count++;
		l->last_child = i;
	}
	doc->nodes[i] = (struct pv_json_node){ .first = PV_JSON_NONE, .next = PV_JSON_NONE };
	return &doc->nodes[i];
}

static PV_RESULT
fail_twice(
    const struct reader *r, const struct pv_json_node *first, const struct pv_json_node *second)
{
	unsigned line, col;

	pv_json_place(r->doc, first->name_from, &line, &col);
	return FAIL_AT(r, r->doc->source.p + second->name_from,
	    "the name \"%.*s\" stands twice in one object, first in line %u, column %u",
	    clip(second->name), second->name.p, line, col);
}

static PV_RESULT
compare_pairs(const struct reader *r, uint32_t first)
{
	const struct pv_json_node *nodes = r->doc->nodes;

	for (uint32_t i = first; i != PV_JSON_NONE; i = nodes[i].next)
		for (uint32_t k = first; k != i; k = nodes[k].next)
			if (pv_slice_eq(nodes[i].name, nodes[k].name))
				return fail_twice(r, &nodes[k], &nodes[i]);
	return PV_DONE;
}

static PV_RESULT
compare_by_hash(const struct reader *r, uint32_t first, uint32_t count)
{
	struct pv_json *doc = r->doc;
	size_t cap = 64;

	while (cap < (size_t)count * 2)
		cap *= 2;
	if (doc->table_cap < cap) {
		doc->table = pv_realloc_n(doc->table, cap, sizeof(*doc->table));
		doc->table_cap = cap;
	}
	memset(doc->table, 0xff, cap * sizeof(*doc->table)); /* PV_JSON_NONE */
	for (uint32_t i = first; i != PV_JSON_NONE; i = doc->nodes[i].next) {
		size_t slot = pv_hash64(doc->nodes[i].name) & (cap - 1);

		for (; doc->table[slot] != PV_JSON_NONE; slot = (slot + 1) & (cap - 1))
			if (pv_slice_eq(doc->nodes[doc->table[slot]].name, doc->nodes[i].name))
				return fail_twice(r, &doc->nodes[doc->table[slot]], &doc->nodes[i]);
		doc->table[slot] = i;
	}
	return PV_DONE;
}

/* At the bracket that closes what is open. */
static PV_RESULT
close_top(struct reader *r)
{
	struct pv_json_node *node = top(r);

	r->p++;
	node->to = (size_t)(r->p - r->doc->source.p);
	r->depth--;
	if (node->type == PV_JSON_ARRAY)
		return PV_DONE;
	return node->count <= FEW_MEMBERS ? compare_pairs(r, node->first)
					  : compare_by_hash(r, node->first, node->count);
}

/* A name and its colon. */
static PV_RESULT
read_name(struct reader *r, struct pv_slice *name)
{
	const char *begin = r->p;

	if (*r->p != '"')
		return FAIL_AT(r, r->p, "expected a member name in double quotes, found %s",
		    found(r, r->p).text);
	PV_TRY(read_string(r, name));
	if (memchr(name->p, '\0', name->n) != NULL)
		return FAIL_AT(r, begin, "a member name may not hold NUL");
	skip_blanks(r);
	if (*r->p != ':')
		return FAIL_AT(r, r->p, "expected ':' after the member name \"%.*s\", found %s",
		    clip(*name), name->p, found(r, r->p).text);
	r->p++;
	skip_blanks(r);
	return PV_DONE;
}

static PV_RESULT
open_container(struct reader *r, struct pv_json_node *node)
{
	node->type = *r->p == '{' ? PV_JSON_OBJECT : PV_JSON_ARRAY;
	if (r->depth == PV_JSON_DEPTH)
		return at(
		    r, r->p, PV_FAIL(r->e, PV_E_LIMIT, "nested more than %d deep", PV_JSON_DEPTH));
	r->levels[r->depth++] = (struct level){ (uint32_t)(node - r->doc->nodes), PV_JSON_NONE };
	r->p++;
	return PV_DONE;
}

static bool
take_word(struct reader *r, struct pv_slice word)
{
	if ((size_t)(r->end - r->p) < word.n || memcmp(r->p, word.p, word.n) != 0 ||
	    is_word(r->p[word.n]))
		return false;
	r->p += word.n;
	return true;
}

static PV_RESULT
read_word(struct reader *r, struct pv_json_node *node)
{
	if (take_word(r, PV_SLICE("null"))) {
		node->type = PV_JSON_NULL;
		return PV_DONE;
	}
	node->type = PV_JSON_BOOL;
	if (take_word(r, PV_SLICE("true")))
		node->integer = 1;
	else if (!take_word(r, PV_SLICE("false")))
		return pv_advise(
		    FAIL_AT(r, r->p, "expected a value, found %s", found(r, r->p).text), r->e,
		    "text stands in double quotes, JSON has no comments, and a comma stands only "
		    "between two values");
	return PV_DONE;
}

/* One value, or the beginning of a container. */
static PV_RESULT
read_value(struct reader *r, struct pv_slice name, size_t name_from)
{
	struct pv_json_node *node = add_node(r);

	node->name = name;
	node->name_from = name_from;
	node->from = (size_t)(r->p - r->doc->source.p);
	if (*r->p == '{' || *r->p == '[')
		return open_container(r, node);
	if (*r->p == '"') {
		node->type = PV_JSON_STRING;
		PV_TRY(read_string(r, &node->text));
	} else if (*r->p == '-' || is_digit(*r->p)) {
		PV_TRY(read_number(r, node));
	} else {
		PV_TRY(read_word(r, node));
	}
	node->to = (size_t)(r->p - r->doc->source.p);
	return PV_DONE;
}

/* Closes what ends here; whether another value must follow. */
static PV_RESULT
read_between(struct reader *r, bool *more)
{
	for (*more = true; r->depth > 0;) {
		bool object = in_object(r);
		const char *comma;

		skip_blanks(r);
		if (*r->p == (object ? '}' : ']')) {
			PV_TRY(close_top(r));
			continue;
		}
		if (top(r)->count == 0) /* just opened */
			return PV_DONE;
		if (*r->p != ',')
			return FAIL_AT(r, r->p, "expected ',' or '%c' after %s, found %s",
			    object ? '}' : ']', object ? "a member" : "an element",
			    found(r, r->p).text);
		comma = r->p++;
		skip_blanks(r);
		if (*r->p == '}' || *r->p == ']')
			return FAIL_AT(r, comma, "one ',' too many before '%c'", *r->p);
		return PV_DONE;
	}
	*more = false;
	return PV_DONE;
}

static PV_RESULT
read_tree(struct reader *r)
{
	bool more = true;

	skip_blanks(r);
	while (more) {
		struct pv_slice name = PV_SLICE("");
		size_t name_from = (size_t)(r->p - r->doc->source.p);

		if (in_object(r))
			PV_TRY(read_name(r, &name));
		PV_TRY(read_value(r, name, name_from));
		PV_TRY(read_between(r, &more));
	}
	skip_blanks(r);
	if (r->p != r->end)
		return FAIL_AT(r, r->p, "expected the end of the text after the value, found %s",
		    found(r, r->p).text);
	return PV_DONE;
}

static PV_RESULT
check_bytes(const struct reader *r)
{
	struct pv_slice text = pv_buf_slice(&r->doc->source);
	size_t valid = pv_utf8_valid(text);

	if (valid != text.n)
		return FAIL_AT(r, text.p + valid, "byte 0x%02x is not UTF-8 here",
		    (unsigned)(unsigned char)text.p[valid]);
	if (pv_slice_starts(text, PV_SLICE("\xef\xbb\xbf")))
		return FAIL_AT(r, text.p, "the text begins with a byte order mark");
	return PV_DONE;
}

static PV_RESULT
read_all(struct pv_json *doc, struct pv_slice text, unsigned first_line, struct pv_err *e)
{
	struct reader r = { .doc = doc, .e = e };

	pv_buf_clear(&doc->source);
	pv_buf_clear(&doc->strings);
	pv_buf_add(&doc->source, text);
	r.p = pv_buf_str(&doc->source);
	r.end = r.p + text.n;
	doc->count = 0;
	doc->first_line = first_line;
	PV_TRY(check_bytes(&r));
	return read_tree(&r);
}

static PV_RESULT
fail_limit(size_t limit, unsigned line, struct pv_err *e)
{
	struct pv_status st = PV_FAIL(e, PV_E_LIMIT, "longer than %zu bytes", limit);

	e->line = line;
	e->col = line != 0 ? 1 : 0;
	return st;
}

/* Offsets of nodes fit in 32 bits because no text has more nodes than bytes. */
static size_t
cut_limit(size_t limit)
{
	return limit < UINT32_MAX - 1 ? limit : UINT32_MAX - 1;
}

struct pv_status
pv_json_reread(struct pv_json *doc, struct pv_slice text, size_t limit, struct pv_err *e)
{
	struct pv_status st;

	doc->count = 0;
	if (text.n > cut_limit(limit))
		return fail_limit(cut_limit(limit), 0, e);
	st = read_all(doc, text, 1, e);
	if (!pv_ok(st))
		doc->count = 0;
	return st;
}

struct pv_status
pv_json_read(struct pv_json **out, struct pv_slice text, size_t limit, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();

	PV_TRY(pv_json_reread(doc, text, limit, e));
	*out = PV_TAKE(doc);
	return PV_DONE;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where a number or word that begins at i ends. */
static size_t
end_of_word(struct pv_slice text, size_t i)
{
	size_t begin = i;

	while (i < text.n && !is_blank(text.p[i]) && strchr("{}[],:\"", text.p[i]) == NULL)
		i++;
	return i > begin || i == text.n ? i : i + 1;
}

/*
 * How far the value at the beginning reaches, so that only it is copied. Right for what is JSON; for what is
 * not, it gives the reader enough to find out.
 */
static size_t
extent(struct pv_slice text)
{
	size_t i = 0, depth = 0;
	bool string = false;

	while (i < text.n && is_blank(text.p[i]))
		i++;
	for (; i < text.n; i++) {
		char c = text.p[i];

		if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		else if (!string && (c == '{' || c == '['))
			depth++;
		else if (!string && (c == '}' || c == ']'))
			depth -= depth > 0 ? 1 : 0;
		else if (!string && depth == 0)
			return end_of_word(text, i);
		if (!string && depth == 0)
			return i + 1;
	}
	return text.n;
}

struct pv_status
pv_json_read_one(struct pv_json **out, struct pv_slice text, size_t limit, unsigned first_line,
    size_t *used, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();
	size_t most = cut_limit(limit), n = extent(pv_slice_sub(text, 0, most + 1));

	if (n > most)
		return fail_limit(most, first_line, e);
	PV_TRY(read_all(doc, pv_slice_sub(text, 0, n), first_line, e));
	*used = n;
	*out = PV_TAKE(doc);
	return PV_DONE;
}

struct pv_json *
pv_json_new(void)
{
	return PV_NEW(struct pv_json);
}

void
pv_json_free(struct pv_json *doc)
{
	if (doc == NULL)
		return;
	pv_buf_free(&doc->source);
	pv_buf_free(&doc->strings);
	pv_free(doc->nodes);
	pv_free(doc->table);
	pv_free(doc);
}

void
pv_json_freep(struct pv_json **doc)
{
	pv_json_free(*doc);
	*doc = NULL;
}

/* What was read */

const struct pv_json_node *
pv_json_at(const struct pv_json *doc, uint32_t i)
{
	return i < doc->count ? &doc->nodes[i] : NULL;
}

uint32_t
pv_json_member(const struct pv_json *doc, uint32_t i, struct pv_slice name)
{
	const struct pv_json_node *node = pv_json_at(doc, i);

	if (node == NULL || node->type != PV_JSON_OBJECT)
		return PV_JSON_NONE;
	for (i = node->first; i != PV_JSON_NONE; i = doc->nodes[i].next)
		if (pv_slice_eq(doc->nodes[i].name, name))
			return i;
	return PV_JSON_NONE;
}

static uint32_t
element(const struct pv_json *doc, uint32_t i, uint64_t index)
{
	const struct pv_json_node *node = pv_json_at(doc, i);

	if (node == NULL || node->type != PV_JSON_ARRAY || index >= node->count)
		return PV_JSON_NONE;
	for (i = node->first; index > 0; index--)
		i = doc->nodes[i].next;
	return i;
}

/* Takes "[12]" or "name" from *path, and the point between it and a name after it. */
static uint32_t
path_step(const struct pv_json *doc, uint32_t i, struct pv_slice *path)
{
	struct pv_slice step = *path;
	uint64_t index = 0;
	size_t n = 0;

	if (step.p[0] == '[') {
		while (n < step.n && step.p[n] != ']')
			n++;
		*path = pv_slice_sub(step, n + 1, step.n);
		i = n < step.n && pv_slice_u64(pv_slice_sub(step, 1, n), &index)
			? element(doc, i, index)
			: PV_JSON_NONE;
	} else {
		while (n < step.n && step.p[n] != '.' && step.p[n] != '[')
			n++;
		*path = pv_slice_sub(step, n, step.n);
		i = pv_json_member(doc, i, pv_slice_sub(step, 0, n));
	}
	if (path->n > 0 && path->p[0] != '.' && path->p[0] != '[')
		return PV_JSON_NONE; /* after a bracket */
	if (path->n > 1 && path->p[0] == '.' && path->p[1] != '[')
		*path = pv_slice_sub(*path, 1, path->n);
	return i;
}

uint32_t
pv_json_path(const struct pv_json *doc, uint32_t i, struct pv_slice path)
{
	while (path.n != 0 && i != PV_JSON_NONE)
		i = path_step(doc, i, &path);
	return i;
}

void
pv_json_place(const struct pv_json *doc, size_t offset, unsigned *line, unsigned *col)
{
	struct pv_slice before = pv_slice_sub(pv_buf_slice(&doc->source), 0, offset);
	const char *newline;

	*line = doc->first_line;
	while (before.n != 0 && (newline = memchr(before.p, '\n', before.n)) != NULL) {
		++*line;
		before = pv_slice_sub(before, (size_t)(newline - before.p) + 1, before.n);
	}
	*col = (unsigned)before.n + 1;
}

struct pv_slice
pv_json_source(const struct pv_json *doc)
{
	return pv_buf_slice(&doc->source);
}
