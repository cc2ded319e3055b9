/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as RFC 9112 writes them, without what it tolerates for the sake of old peers. The text is read line by
 * line in its order and the first fault is the answer, so that it does not matter in how many pieces it came.
 */
#include "net/http.h"

#include "base/mem.h"

#define BAD(code, what)           \
	do {                      \
		*status = (code); \
		*why = (what);    \
		return false;     \
	} while (0)

/* ---- characters ---- */

static bool
is_token(unsigned char c) /* RFC 9110 5.6.2 */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_path(unsigned char c) /* RFC 3986 3.3: pchar, "/" and the "%" of an escape */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$&'()*+,;=:@/%", c) != NULL);
}

static bool
is_host(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$&'()*+;=:[]%", c) != NULL);
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
all(struct pv_slice s, bool (*is)(unsigned char c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is((unsigned char)s.p[i]))
			return false;
	return true;
}

static unsigned char
lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* lit in lower case */
static bool
is_caseless(struct pv_slice s, const char *lit)
{
	size_t n = strlen(lit);

	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower((unsigned char)s.p[i]) != (unsigned char)lit[i])
			return false;
	return true;
}

/* OWS is blank and tab alone; pv_slice_trim() would take CR and LF too. */
static struct pv_slice
trim(struct pv_slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* ---- the request line ---- */

static const struct {
	const char *name;
	enum pv_method method;
} methods[] = {
	{ "GET", PV_GET },
	{ "HEAD", PV_HEAD },
	{ "POST", PV_POST },
	{ "PUT", PV_PUT },
	{ "PATCH", PV_PATCH },
	{ "DELETE", PV_DELETE },
	{ "OPTIONS", PV_OPTIONS },
};

static enum pv_method
method_of(struct pv_slice name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (pv_slice_is(name, methods[i].name))
			return methods[i].method;
	return PV_METHOD_OTHER;
}

/* The byte at *i of a path, its escape undone; -1: a bad escape. */
static int
path_byte(struct pv_slice path, size_t *i)
{
	int high, low;

	if (path.p[*i] != '%')
		return (unsigned char)path.p[(*i)++];
	if (path.n - *i < 3)
		return -1;
	high = hex_digit((unsigned char)path.p[*i + 1]);
	low = hex_digit((unsigned char)path.p[*i + 2]);
	*i += 3;
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/*
 * No escape may be broken or hide a control character, and no segment may be "." or "..", also not where only an
 * escape makes the segment or its end: whoever decodes before us must see the same path.
 */
static bool
check_path(struct pv_slice path, int *status, const char **why)
{
	size_t dots = 0, others = 1; /* of this segment; what stands before the first '/' is none */

	for (size_t i = 0; i < path.n;) {
		int c = path_byte(path, &i);

		if (c < 0)
			BAD(400, "the path has a broken escape");
		if (c < 0x20 || c == 0x7f)
			BAD(400, "the path has an escaped control character");
		if (c == '/' || c == '\\') {
			if (others == 0 && (dots == 1 || dots == 2))
				BAD(400, "the path has a dot segment");
			dots = others = 0;
		} else if (c == '.') {
			dots++;
		} else {
			others++;
		}
	}
	if (others == 0 && (dots == 1 || dots == 2))
		BAD(400, "the path has a dot segment");
	return true;
}

static bool
read_target(struct pv_request_head *out, struct pv_slice target, int *status, const char **why)
{
	const char *mark;

	if (target.n == 0 || target.p[0] != '/')
		BAD(400, "the target is not an absolute path");
	mark = memchr(target.p, '?', target.n);
	out->path = target;
	if (mark != NULL) {
		out->path.n = (size_t)(mark - target.p);
		out->query = pv_slice_mem(mark + 1, target.n - out->path.n - 1);
	}
	if (!all(out->path, is_path))
		BAD(400, "the path has a character that must be escaped");
	for (size_t i = 0; i < out->query.n; i++)
		if (out->query.p[i] <= 0x20 || out->query.p[i] == 0x7f || out->query.p[i] == '#')
			BAD(400, "the query has a character that must be escaped");
	return check_path(out->path, status, why);
}

static bool
read_version(struct pv_slice v, bool *one_one, int *status, const char **why)
{
	*one_one = pv_slice_is(v, "HTTP/1.1");
	if (*one_one || pv_slice_is(v, "HTTP/1.0"))
		return true;
	if (v.n == 8 && memcmp(v.p, "HTTP/", 5) == 0 && v.p[5] >= '0' && v.p[5] <= '9' &&
	    v.p[6] == '.' && v.p[7] >= '0' && v.p[7] <= '9')
		BAD(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	BAD(400, "the request line does not end with a version");
}

static bool
read_request_line(
    struct pv_request_head *out, struct pv_slice line, bool *one_one, int *status, const char **why)
{
	const char *first = memchr(line.p, ' ', line.n);
	const char *second;
	struct pv_slice version, target;

	if (first == NULL)
		BAD(400, "the request line has no target");
	out->method_name = pv_slice_mem(line.p, (size_t)(first - line.p));
	if (out->method_name.n == 0 || !all(out->method_name, is_token))
		BAD(400, "the request line does not begin with a method");
	target = pv_slice_mem(first + 1, line.n - out->method_name.n - 1);
	second = memchr(target.p, ' ', target.n);
	if (second == NULL)
		BAD(400, "the request line does not end with a version");
	version = pv_slice_mem(second + 1, target.n - (size_t)(second - target.p) - 1);
	target.n = (size_t)(second - target.p);
	if (!read_version(version, one_one, status, why))
		return false;
	out->method = method_of(out->method_name);
	if (out->method == PV_METHOD_OTHER)
		BAD(501, "this method is not known here");
	return read_target(out, target, status, why);
}

/* ---- header lines ---- */

static bool
check_field(struct pv_slice line, struct pv_header *out, int *status, const char **why)
{
	const char *colon;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		BAD(400, "a header line is folded");
	colon = memchr(line.p, ':', line.n);
	if (colon == NULL)
		BAD(400, "a header line has no colon");
	out->name = pv_slice_mem(line.p, (size_t)(colon - line.p));
	if (out->name.n == 0 || !all(out->name, is_token))
		BAD(400, "a header name has a blank or another character that is none of a name's");
	out->value = trim(pv_slice_mem(colon + 1, line.n - out->name.n - 1));
	for (size_t i = 0; i < out->value.n; i++) {
		unsigned char c = (unsigned char)out->value.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			BAD(400, "a header value has a control character");
	}
	return true;
}

static bool
read_field(struct pv_request_head *out, struct pv_slice line, int *status, const char **why)
{
	struct pv_header h;

	if (!check_field(line, &h, status, why))
		return false;
	if (out->header_count == PV_HEADERS_MAX)
		BAD(431, "too many header lines");
	out->headers[out->header_count++] = h;
	return true;
}

static void
lower_names(struct pv_request_head *out, struct pv_arena *a)
{
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < out->header_count; i++)
		n += out->headers[i].name.n;
	p = pv_arena_alloc(a, n);
	for (size_t i = 0; i < out->header_count; i++) {
		struct pv_slice *name = &out->headers[i].name;

		for (size_t k = 0; k < name->n; k++)
			p[k] = (char)lower((unsigned char)name->p[k]);
		name->p = p;
		p += name->n;
	}
}

/* ---- what the header says about the message ---- */

static bool
read_host(struct pv_request_head *out, int *status, const char **why)
{
	bool many;

	out->host = pv_header_get(out, "host", &many);
	if (many)
		BAD(400, "there are two Host lines");
	if (out->host.n == 0) {
		if (!out->http10)
			BAD(400, "there is no Host line");
		return true;
	}
	if (!all(out->host, is_host))
		BAD(400, "Host is not a host");
	return true;
}

static bool
read_length(struct pv_request_head *out, int *status, const char **why)
{
	for (size_t i = 0; i < out->header_count; i++) {
		const struct pv_header *h = &out->headers[i];

		if (!pv_slice_is(h->name, "content-length"))
			continue;
		if (out->has_length)
			BAD(400, "there are two Content-Length lines");
		out->has_length = true;
		if (!pv_slice_u64(h->value, &out->length) || out->length > INT64_MAX)
			BAD(400,
			    "Content-Length is not a number without sign, blank or leading zero");
	}
	return true;
}

static bool
read_coding(struct pv_request_head *out, int *status, const char **why)
{
	for (size_t i = 0; i < out->header_count; i++) {
		const struct pv_header *h = &out->headers[i];

		if (!pv_slice_is(h->name, "transfer-encoding"))
			continue;
		if (out->http10)
			BAD(400, "HTTP/1.0 has no Transfer-Encoding");
		if (out->has_length)
			BAD(400, "there are both Content-Length and Transfer-Encoding");
		if (out->chunked)
			BAD(400, "there are two Transfer-Encoding lines");
		if (!is_caseless(h->value, "chunked"))
			BAD(501, "no transfer coding but \"chunked\" is known here");
		out->chunked = true;
	}
	return true;
}

static bool
read_expect(struct pv_request_head *out, int *status, const char **why)
{
	bool many;
	struct pv_slice v = pv_header_get(out, "expect", &many);

	if (v.n == 0 && !many)
		return true;
	if (many || !is_caseless(v, "100-continue"))
		BAD(417, "nothing but 100-continue can be expected here");
	out->expect_continue = !out->http10 && (out->chunked || out->length > 0);
	return true;
}

static void
read_connection(struct pv_request_head *out)
{
	bool close = false, keep = false;

	for (size_t i = 0; i < out->header_count; i++) {
		struct pv_slice rest = out->headers[i].value, option;

		if (!pv_slice_is(out->headers[i].name, "connection"))
			continue;
		while (pv_slice_next(&rest, ',', &option)) {
			close = close || is_caseless(trim(option), "close");
			keep = keep || is_caseless(trim(option), "keep-alive");
		}
	}
	out->keep_alive = !close && (!out->http10 || keep);
}

static bool
read_framing(struct pv_request_head *out, int *status, const char **why)
{
	if (!read_host(out, status, why) || !read_length(out, status, why) ||
	    !read_coding(out, status, why) || !read_expect(out, status, why))
		return false;
	if ((out->method == PV_GET || out->method == PV_HEAD || out->method == PV_DELETE) &&
	    (out->chunked || out->length > 0))
		BAD(400, "GET, HEAD and DELETE have no body here");
	read_connection(out);
	return true;
}

/* ---- the head ---- */

/* A control character that no line has, wherever: so that what is no HTTP at all need not end to be refused. */
static bool
has_control(struct pv_slice line)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
			return true;
	}
	return false;
}

/* Takes the next line from *rest, without its CR LF. MORE: it has not ended. */
static enum pv_http_read
next_line(struct pv_slice *rest, struct pv_slice *line, int *status, const char **why)
{
	const char *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
	size_t n = end == NULL ? rest->n : (size_t)(end - rest->p);

	if (has_control(pv_slice_mem(rest->p, n))) {
		*status = 400;
		*why = "a line has a control character";
		return PV_HTTP_BAD;
	}
	if (end == NULL)
		return PV_HTTP_MORE;
	if (n == 0 || rest->p[n - 1] != '\r') {
		*status = 400;
		*why = "a line ends with a bare LF";
		return PV_HTTP_BAD;
	}
	*line = pv_slice_mem(rest->p, n - 1);
	*rest = pv_slice_mem(end + 1, rest->n - n - 1);
	return PV_HTTP_DONE;
}

enum pv_http_read
pv_request_head_read(struct pv_request_head *out, struct pv_slice text, struct pv_arena *a,
    size_t *used, int *status, const char **why)
{
	struct pv_slice rest = pv_slice_sub(text, 0, PV_HEAD_MAX), line;
	bool first = true, one_one = false;
	enum pv_http_read got;

	memset(out, 0, sizeof(*out));
	*used = 0;
	*status = 0;
	*why = NULL;
	while ((got = next_line(&rest, &line, status, why)) == PV_HTTP_DONE) {
		if (first && !read_request_line(out, line, &one_one, status, why))
			return PV_HTTP_BAD;
		if (!first && line.n > 0 && !read_field(out, line, status, why))
			return PV_HTTP_BAD;
		if (!first && line.n == 0)
			break;
		first = false;
	}
	if (got == PV_HTTP_MORE && text.n > PV_HEAD_MAX) {
		*status = first ? 414 : 431;
		*why = first ? "the request line is too long" : "the header is too large";
		return PV_HTTP_BAD;
	}
	if (got != PV_HTTP_DONE)
		return got;
	out->http10 = !one_one;
	lower_names(out, a);
	if (!read_framing(out, status, why))
		return PV_HTTP_BAD;
	*used = (size_t)(rest.p - text.p);
	return PV_HTTP_DONE;
}

/* ---- the body ---- */

enum {
	PLAIN = 0,     /* left bytes of the one length */
	SIZE_FIRST,    /* before the first digit */
	SIZE,          /* among the digits; trailer counts them */
	SIZE_LF,       /* behind their CR */
	DATA,          /* left bytes of this chunk */
	DATA_CR,       /* behind them */
	DATA_LF,       /* behind their CR */
	TRAILER_FIRST, /* a trailer line may begin, or the end */
	TRAILER_NAME,  /* in its name */
	TRAILER_VALUE, /* behind the colon */
	TRAILER_LF,    /* behind its CR */
	END_LF,        /* behind the last CR */
	OVER,
};

#define SIZE_DIGITS 15 /* so many cannot overflow */
#define TRAILER_MAX 4096

void
pv_body_begin(struct pv_body_reader *r, const struct pv_request_head *head)
{
	*r = (struct pv_body_reader){ .chunked = head->chunked, .left = head->length };
	if (head->chunked)
		r->state = SIZE_FIRST;
	else if (head->length == 0)
		r->state = OVER;
}

static bool
size_digit(struct pv_body_reader *r, unsigned char c)
{
	int digit = hex_digit(c);

	if (digit < 0 || ++r->trailer > SIZE_DIGITS)
		return false;
	r->left = r->left * 16 + (uint64_t)digit;
	r->state = SIZE;
	return true;
}

static bool
to(struct pv_body_reader *r, bool right, int state)
{
	r->state = state;
	return right;
}

static bool
trailer_byte(struct pv_body_reader *r, unsigned char c)
{
	if (++r->trailer > TRAILER_MAX)
		return false;
	if (r->state == TRAILER_FIRST && c == '\r')
		return to(r, true, END_LF);
	if (r->state == TRAILER_FIRST)
		return to(r, is_token(c), TRAILER_NAME);
	if (r->state == TRAILER_NAME)
		return to(r, c == ':' || is_token(c), c == ':' ? TRAILER_VALUE : TRAILER_NAME);
	if (c == '\r')
		return to(r, true, TRAILER_LF);
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

/* One byte that is not data. False: it cannot stand there. */
static bool
framing_byte(struct pv_body_reader *r, unsigned char c)
{
	switch (r->state) {
	case SIZE_FIRST:
		r->left = 0;
		r->trailer = 0;
		return size_digit(r, c);
	case SIZE:
		return c == '\r' ? to(r, true, SIZE_LF) : size_digit(r, c);
	case SIZE_LF:
		r->trailer = 0;
		return to(r, c == '\n', r->left > 0 ? DATA : TRAILER_FIRST);
	case DATA_CR:
		return to(r, c == '\r', DATA_LF);
	case DATA_LF:
		return to(r, c == '\n', SIZE_FIRST);
	case TRAILER_LF:
		return to(r, c == '\n', TRAILER_FIRST);
	case END_LF:
		return to(r, c == '\n', OVER);
	default:
		return trailer_byte(r, c);
	}
}

enum pv_http_read
pv_body_read(struct pv_body_reader *r, struct pv_slice text, size_t *used, struct pv_slice *data)
{
	size_t i = 0;

	*data = PV_NO_SLICE;
	while (i < text.n && r->state != PLAIN && r->state != DATA && r->state != OVER)
		if (!framing_byte(r, (unsigned char)text.p[i++])) {
			*used = i;
			return PV_HTTP_BAD;
		}
	if (r->state == PLAIN || r->state == DATA) {
		size_t n = text.n - i < r->left ? text.n - i : (size_t)r->left;

		*data = pv_slice_mem(n > 0 ? text.p + i : NULL, n);
		i += n;
		r->left -= n;
		if (r->left == 0)
			r->state = r->state == PLAIN ? OVER : DATA_CR;
	}
	*used = i;
	return r->state == OVER ? PV_HTTP_DONE : PV_HTTP_MORE;
}
