/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a head: header lines by name, escapes, queries, media types. */
#include "codec/utf8.h"
#include "net/http.h"

#include <string.h>
#include <strings.h>

struct pv_slice
pv_header_get(const struct pv_request_head *h, const char *name, bool *many)
{
	struct pv_slice got = PV_NO_SLICE;
	size_t n = strlen(name), found = 0;

	for (size_t i = 0; i < h->header_count; i++) {
		const struct pv_header *x = &h->headers[i];

		if (x->name.n != n || memcmp(x->name.p, name, n) != 0)
			continue;
		if (found++ == 0)
			got = x->value;
	}
	if (many != NULL)
		*many = found > 1;
	return got;
}

/* ---- escapes ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
pv_url_decode(struct pv_slice text, bool query, struct pv_arena *a, struct pv_slice *out)
{
	char *p = pv_arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '%') {
			int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && query) {
			c = ' ';
		}
		if (c == '\0')
			return false;
		p[n++] = c;
	}
	*out = pv_slice_mem(p, n);
	return pv_utf8_valid(*out) == n;
}

bool
pv_query_next(struct pv_slice *rest, struct pv_arena *a, struct pv_slice *name,
    struct pv_slice *value, bool *bad)
{
	struct pv_slice pair;

	*bad = false;
	while (pv_slice_next(rest, '&', &pair)) {
		const char *mark;
		struct pv_slice v = PV_NO_SLICE;

		if (pair.n == 0)
			continue;
		mark = memchr(pair.p, '=', pair.n);
		if (mark != NULL) {
			v = pv_slice_mem(mark + 1, pair.n - (size_t)(mark - pair.p) - 1);
			pair.n = (size_t)(mark - pair.p);
		}
		*bad = !pv_url_decode(pair, true, a, name) || !pv_url_decode(v, true, a, value);
		return true;
	}
	return false;
}

/* ---- media types ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void
skip_blanks(struct pv_slice *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) {
		s->p++;
		s->n--;
	}
}

static bool
take(struct pv_slice *s, char c)
{
	skip_blanks(s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	skip_blanks(s);
	return true;
}

/* A word up to a delimiter, or a quoted string without its quotes (escapes are left: no type of ours has one). */
static struct pv_slice
take_word(struct pv_slice *s)
{
	struct pv_slice w = { s->p, 0 };

	if (s->n > 0 && s->p[0] == '"') {
		size_t end = 1;

		while (end < s->n && s->p[end] != '"')
			end += s->p[end] == '\\' ? 2 : 1;
		w = pv_slice_sub(*s, 1, end);
		*s = pv_slice_sub(*s, end + 1, s->n);
		return w;
	}
	while (w.n < s->n && strchr(" \t,;=\"", s->p[w.n]) == NULL)
		w.n++;
	*s = pv_slice_sub(*s, w.n, s->n);
	return w;
}

static bool
same(struct pv_slice s, struct pv_slice lit)
{
	if (s.n != lit.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (lower(s.p[i]) != lower(lit.p[i]))
			return false;
	return true;
}

/* "a/b" against "a/b", "a" + "/" + "*" or everything */
static bool
range_covers(struct pv_slice range, struct pv_slice type)
{
	const char *slash = memchr(type.p, '/', type.n);
	size_t n = slash == NULL ? type.n : (size_t)(slash - type.p) + 1;

	return same(range, PV_SLICE("*/*")) || same(range, type) ||
	       (range.n == n + 1 && range.p[n] == '*' &&
		   same(pv_slice_sub(range, 0, n), pv_slice_sub(type, 0, n)));
}

/* Whether a type with these parameters has that one, or says nothing about it. */
static bool
has_parameter(struct pv_slice params, struct pv_slice name, struct pv_slice value)
{
	while (take(&params, ';')) {
		struct pv_slice n = take_word(&params), v = PV_NO_SLICE;

		if (take(&params, '='))
			v = take_word(&params);
		if (same(n, name))
			return same(v, value);
	}
	return false;
}

static bool
is_zero(struct pv_slice q) /* "0", "0.", "0.000" */
{
	if (q.n == 0 || q.p[0] != '0')
		return false;
	for (size_t i = 1; i < q.n; i++)
		if (q.p[i] != '0' && q.p[i] != '.')
			return false;
	return true;
}

/* Reads one range with its parameters from *s. */
static bool
range_allows(struct pv_slice *s, struct pv_slice type, struct pv_slice params)
{
	bool allows = range_covers(take_word(s), type);

	while (take(s, ';')) {
		struct pv_slice name = take_word(s), value = PV_NO_SLICE;

		if (take(s, '='))
			value = take_word(s);
		if (same(name, PV_SLICE("q"))) {
			allows = allows && !is_zero(value);
			break; /* behind it are no parameters of the type */
		}
		if (name.n > 0 && !same(name, PV_SLICE("charset")))
			allows = allows && has_parameter(params, name, value);
	}
	return allows;
}

static void
skip_to_comma(struct pv_slice *s)
{
	while (s->n > 0 && s->p[0] != ',') {
		if (take_word(s).n == 0 && s->n > 0 && s->p[0] != ',' && s->p[0] != '"')
			*s = pv_slice_sub(*s, 1, s->n);
	}
}

bool
pv_media_allows(struct pv_slice header, const char *type)
{
	struct pv_slice bare = pv_slice_of(type), params;
	const char *mark = strchr(type, ';');

	params = mark == NULL ? PV_NO_SLICE : pv_slice_of(mark);
	bare.n -= params.n;
	skip_blanks(&header);
	while (header.n > 0) {
		if (range_allows(&header, bare, params))
			return true;
		skip_to_comma(&header);
		take(&header, ',');
	}
	return false;
}

bool
pv_content_is(const struct pv_request_head *h, const char *type)
{
	struct pv_slice rest, said;
	bool many;

	rest = pv_header_get(h, "content-type", &many);
	if (many || !pv_slice_next(&rest, ';', &said))
		return false;
	said = pv_slice_trim(said);
	return said.n == strlen(type) && strncasecmp(said.p, type, said.n) == 0;
}
