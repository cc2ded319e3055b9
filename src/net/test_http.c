/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "tap.h"

#define H "Host: h\r\n"

/* ---- heads ---- */

struct refusal {
	const char *name;
	int status;
	const char *text; /* up to a '\n' at its end; "\\0" in it is a NUL */
	size_t n;
};
#define T(s) s, sizeof(s) - 1

static const struct refusal refused[] = {
	/* what build.md lists */
	{ "Content-Length beside Transfer-Encoding", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n") },
	{ "Transfer-Encoding beside Content-Length", 400,
	    T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n") },
	{ "two Content-Length that differ", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\nContent-Length: 5\r\n\r\n") },
	{ "two Content-Length that agree", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 4\r\ncontent-length: 4\r\n\r\n") },
	{ "a list as Content-Length", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 4, 4\r\n\r\n") },
	{ "a blank before the colon", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length : 4\r\n\r\n") },
	{ "a tab before the colon", 400, T("POST / HTTP/1.1\r\n" H "Content-Length\t: 4\r\n\r\n") },
	{ "a sign", 400, T("POST / HTTP/1.1\r\n" H "Content-Length: +4\r\n\r\n") },
	{ "a minus", 400, T("POST / HTTP/1.1\r\n" H "Content-Length: -4\r\n\r\n") },
	{ "a blank within the number", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 4 4\r\n\r\n") },
	{ "a hexadecimal length", 400, T("POST / HTTP/1.1\r\n" H "Content-Length: 0x4\r\n\r\n") },
	{ "a leading zero", 400, T("POST / HTTP/1.1\r\n" H "Content-Length: 010\r\n\r\n") },
	{ "an empty length", 400, T("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n") },
	{ "a length above 2^63", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n") },
	{ "a length above 2^64", 400,
	    T("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n") },
	{ "gzip, chunked", 501,
	    T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n") },
	{ "xchunked", 501, T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n") },
	{ "chunked, chunked", 501,
	    T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n") },
	{ "identity", 501, T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n") },
	{ "an empty Transfer-Encoding", 501,
	    T("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n") },
	{ "a vertical tab before chunked", 400,
	    T("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
	      "chunked\r\n\r\n") },
	{ "two Transfer-Encoding", 400,
	    T("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n") },
	{ "Transfer-Encoding in HTTP/1.0", 400,
	    T("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n") },
	{ "a body on GET", 400, T("GET / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n") },
	{ "a chunked body on GET", 400,
	    T("GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n") },
	{ "a body on HEAD", 400, T("HEAD / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n") },
	{ "a body on DELETE", 400, T("DELETE / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n") },
	{ "two Host", 400, T("GET / HTTP/1.1\r\n" H H "\r\n") },
	{ "no Host", 400, T("GET / HTTP/1.1\r\n\r\n") },
	{ "an empty Host", 400, T("GET / HTTP/1.1\r\nHost:\r\n\r\n") },
	{ "a path as Host", 400, T("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") },
	{ "a user in Host", 400, T("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n") },
	{ "two hosts in Host", 400, T("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n") },
	{ "an empty name", 400, T("GET / HTTP/1.1\r\n" H ": v\r\n\r\n") },
	{ "HTTP/1.2", 505, T("GET / HTTP/1.2\r\n" H "\r\n") },
	{ "HTTP/2.0", 505, T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
	{ "HTTP/0.9", 400, T("GET /\r\n") },
	{ "http/1.1", 400, T("GET / http/1.1\r\n" H "\r\n") },
	{ "HTTP/1.10", 400, T("GET / HTTP/1.10\r\n" H "\r\n") },
	{ "a folded line", 400, T("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n") },
	{ "a line folded by a tab", 400, T("GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n") },
	{ "a first header line with a blank before it", 400, T("GET / HTTP/1.1\r\n " H "\r\n") },
	{ "bare LF behind the request line", 400, T("GET / HTTP/1.1\n" H "\r\n") },
	{ "bare LF behind a header line", 400, T("GET / HTTP/1.1\r\nHost: h\n\r\n") },
	{ "bare LF as the end", 400, T("GET / HTTP/1.1\r\n" H "\n") },
	{ "bare CR in a value", 400, T("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n") },
	{ "bare CR in the request line", 400, T("GET /\r HTTP/1.1\r\n" H "\r\n") },
	{ "CR CR LF", 400, T("GET / HTTP/1.1\r\r\n" H "\r\n") },
	{ "NUL in a value", 400, T("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n") },
	{ "NUL first in a header line", 400, T("GET / HTTP/1.1\r\n" H "\0\r\n\r\n") },
	{ "NUL in the path", 400, T("GET /\0 HTTP/1.1\r\n" H "\r\n") },
	{ "NUL in the method", 400, T("GE\0T / HTTP/1.1\r\n" H "\r\n") },
	{ "DEL in a value", 400, T("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n") },
	{ "a line without a colon", 400, T("GET / HTTP/1.1\r\n" H "X\r\n\r\n") },
	{ "a blank in a name", 400, T("GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n") },
	{ "a high byte in a name", 400, T("GET / HTTP/1.1\r\n" H "X\xff: a\r\n\r\n") },
	/* the request line */
	{ "an empty line first", 400, T("\r\nGET / HTTP/1.1\r\n" H "\r\n") },
	{ "two blanks", 400, T("GET  / HTTP/1.1\r\n" H "\r\n") },
	{ "two blanks before the version", 400, T("GET /  HTTP/1.1\r\n" H "\r\n") },
	{ "a tab for a blank", 400, T("GET\t/ HTTP/1.1\r\n" H "\r\n") },
	{ "a blank at the end", 400, T("GET / HTTP/1.1 \r\n" H "\r\n") },
	{ "no method", 400, T(" / HTTP/1.1\r\n" H "\r\n") },
	{ "the hello of TLS", 400, T("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n") },
	{ "the hello of TLS, which has no line end", 400,
	    T("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") },
	{ "an unknown method", 501, T("BREW / HTTP/1.1\r\n" H "\r\n") },
	{ "a method in lower case", 501, T("get / HTTP/1.1\r\n" H "\r\n") },
	{ "CONNECT", 501, T("CONNECT h:443 HTTP/1.1\r\n" H "\r\n") },
	{ "the absolute form", 400, T("GET http://h/ HTTP/1.1\r\n" H "\r\n") },
	{ "the asterisk", 400, T("OPTIONS * HTTP/1.1\r\n" H "\r\n") },
	{ "no slash", 400, T("GET a HTTP/1.1\r\n" H "\r\n") },
	{ "a query alone", 400, T("GET ?a HTTP/1.1\r\n" H "\r\n") },
	{ "a fragment", 400, T("GET /#a HTTP/1.1\r\n" H "\r\n") },
	{ "a fragment in the query", 400, T("GET /?a#b HTTP/1.1\r\n" H "\r\n") },
	{ "a high byte in the path", 400, T("GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n") },
	{ "a backslash", 400, T("GET /a\\b HTTP/1.1\r\n" H "\r\n") },
	{ "dot segment", 400, T("GET /a/./b HTTP/1.1\r\n" H "\r\n") },
	{ "two dots", 400, T("GET /a/../b HTTP/1.1\r\n" H "\r\n") },
	{ "two dots at the end", 400, T("GET /a/.. HTTP/1.1\r\n" H "\r\n") },
	{ "two dots before a query", 400, T("GET /..?a HTTP/1.1\r\n" H "\r\n") },
	{ "escaped dots", 400, T("GET /a/%2e%2E/b HTTP/1.1\r\n" H "\r\n") },
	{ "one escaped dot of two", 400, T("GET /a/.%2e/b HTTP/1.1\r\n" H "\r\n") },
	{ "dots behind an escaped slash", 400, T("GET /a%2f../b HTTP/1.1\r\n" H "\r\n") },
	{ "dots before an escaped slash", 400, T("GET /a/..%2fb HTTP/1.1\r\n" H "\r\n") },
	{ "dots beside an escaped backslash", 400, T("GET /a/..%5cb HTTP/1.1\r\n" H "\r\n") },
	{ "a broken escape", 400, T("GET /%2 HTTP/1.1\r\n" H "\r\n") },
	{ "an escape of no digits", 400, T("GET /%zz HTTP/1.1\r\n" H "\r\n") },
	{ "an escaped NUL", 400, T("GET /a%00b HTTP/1.1\r\n" H "\r\n") },
	{ "an escaped line end", 400, T("GET /a%0d%0ab HTTP/1.1\r\n" H "\r\n") },
	/* expectations */
	{ "another expectation", 417,
	    T("POST / HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 1\r\n\r\n") },
	{ "two expectations", 417,
	    T("POST / HTTP/1.1\r\n" H
	      "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n") },
};

struct taken {
	const char *name;
	const char *text;
	size_t n;
	enum pv_method method;
	const char *path, *query;
	bool has_length, chunked, keep_alive, expect;
	uint64_t length;
};
static const struct taken taken[] = {
	{ "a plain GET", T("GET /a/b?c=d HTTP/1.1\r\n" H "\r\n"), PV_GET, "/a/b", "c=d",
	    .keep_alive = true },
	{ "a query with brackets and a second mark",
	    T("GET /?match[type]=a,b?c HTTP/1.1\r\n" H "\r\n"), PV_GET, "/", "match[type]=a,b?c",
	    .keep_alive = true },
	{ "an escaped slash within a segment", T("GET /a%2Fb/..c/d.. HTTP/1.1\r\n" H "\r\n"),
	    PV_GET, "/a%2Fb/..c/d..", "", .keep_alive = true },
	{ "HTTP/1.0 without Host", T("GET / HTTP/1.0\r\n\r\n"), PV_GET, "/", "",
	    .keep_alive = false },
	{ "HTTP/1.0 that stays", T("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), PV_GET, "/",
	    "", .keep_alive = true },
	{ "close in a list", T("GET / HTTP/1.1\r\n" H "Connection: te, Close\r\n\r\n"), PV_GET, "/",
	    "", .keep_alive = false },
	{ "a length", T("POST / HTTP/1.1\r\n" H "CONTENT-LENGTH:\t42 \r\n\r\n"), PV_POST, "/", "",
	    .has_length = true, .length = 42, .keep_alive = true },
	{ "the largest length",
	    T("PUT / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n"), PV_PUT, "/",
	    "", .has_length = true, .length = INT64_MAX, .keep_alive = true },
	{ "a GET of length 0", T("GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), PV_GET, "/",
	    "", .has_length = true, .keep_alive = true },
	{ "chunks", T("PATCH / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"), PV_PATCH, "/",
	    "", .chunked = true, .keep_alive = true },
	{ "an expectation",
	    T("POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"), PV_POST,
	    "/", "", .has_length = true, .length = 1, .keep_alive = true, .expect = true },
	{ "high bytes and tabs in a value",
	    T("OPTIONS /x HTTP/1.1\r\n" H "X: \xc3\xa4\tb\r\nY:\r\n\r\n"), PV_OPTIONS, "/x", "",
	    .keep_alive = true },
	{ "an address as Host", T("DELETE / HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n"),
	    PV_DELETE, "/", "", .keep_alive = true },
};

static enum pv_http_read
read_head(struct pv_request_head *h, const char *text, size_t n, struct pv_arena *a, size_t *used,
    int *status, const char **why)
{
	pv_arena_reset(a);
	return pv_request_head_read(h, pv_slice_mem(text, n), a, used, status, why);
}

/* As it comes byte by byte: the first answer that is not "more" is the one of the whole. */
static bool
same_in_pieces(const char *text, size_t n, enum pv_http_read want, int status, struct pv_arena *a)
{
	struct pv_request_head h;
	enum pv_http_read got = PV_HTTP_MORE;
	size_t used, i = 0;
	const char *why;
	int s = 0;

	while (got == PV_HTTP_MORE && i < n)
		got = read_head(&h, text, ++i, a, &used, &s, &why);
	return got == want && s == status;
}

static void
test_heads(struct pv_arena *a)
{
	struct pv_request_head h;
	const char *why;
	size_t used;
	int status;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct refusal *r = &refused[i];
		enum pv_http_read got = read_head(&h, r->text, r->n, a, &used, &status, &why);

		if (!tap_ok(got == PV_HTTP_BAD && status == r->status && why != NULL &&
				same_in_pieces(r->text, r->n, PV_HTTP_BAD, r->status, a),
			"refused with %d: %s", r->status, r->name))
			tap_note("got %d, status %d", (int)got, status);
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		const struct taken *t = &taken[i];
		enum pv_http_read got = read_head(&h, t->text, t->n, a, &used, &status, &why);

		if (!tap_ok(got == PV_HTTP_DONE && used == t->n && h.method == t->method &&
				pv_slice_is(h.path, t->path) && pv_slice_is(h.query, t->query) &&
				h.has_length == t->has_length && h.length == t->length &&
				h.chunked == t->chunked && h.keep_alive == t->keep_alive &&
				h.expect_continue == t->expect &&
				same_in_pieces(t->text, t->n, PV_HTTP_DONE, 0, a),
			"taken: %s", t->name))
			tap_note("got %d, status %d: %s", (int)got, status, why == NULL ? "" : why);
	}
}

static void
test_sizes(struct pv_arena *a)
{
	struct pv_buf b = { 0 };
	struct pv_request_head h;
	const char *why;
	size_t used;
	int status;

	pv_buf_add_str(&b, "GET /");
	while (b.n <= PV_HEAD_MAX)
		pv_buf_add_c(&b, 'a');
	tap_ok(read_head(&h, b.p, PV_HEAD_MAX, a, &used, &status, &why) == PV_HTTP_MORE,
	    "a request line that fills the head may still end");
	tap_ok(read_head(&h, b.p, PV_HEAD_MAX + 1, a, &used, &status, &why) == PV_HTTP_BAD &&
		   status == 414,
	    "one byte more is refused with 414");
	b.n = 0;
	pv_buf_add_str(&b, "GET / HTTP/1.1\r\n" H "X: ");
	while (b.n < PV_HEAD_MAX - 4)
		pv_buf_add_c(&b, 'a');
	pv_buf_add_str(&b, "\r\n\r\n");
	tap_ok(
	    read_head(&h, b.p, b.n, a, &used, &status, &why) == PV_HTTP_DONE && used == PV_HEAD_MAX,
	    "a head of exactly the limit is taken");
	b.n -= 4;
	pv_buf_add_str(&b, "a\r\n\r\n");
	tap_ok(read_head(&h, b.p, b.n, a, &used, &status, &why) == PV_HTTP_BAD && status == 431,
	    "one byte more is refused with 431");
	b.n = 0;
	pv_buf_add_str(&b, "GET / HTTP/1.1\r\n" H);
	for (int i = 0; i < PV_HEADERS_MAX - 1; i++)
		pv_buf_add_str(&b, "X: a\r\n");
	pv_buf_add_str(&b, "\r\n");
	tap_ok(read_head(&h, b.p, b.n, a, &used, &status, &why) == PV_HTTP_DONE &&
		   h.header_count == PV_HEADERS_MAX,
	    "as many header lines as may be are taken");
	b.n -= 2;
	pv_buf_add_str(&b, "X: a\r\n\r\n");
	tap_ok(read_head(&h, b.p, b.n, a, &used, &status, &why) == PV_HTTP_BAD && status == 431,
	    "one line more is refused with 431");
	pv_buf_free(&b);
}

/* ---- bodies ---- */

struct body {
	const char *name;
	enum pv_http_read want;
	const char *text;
	size_t n;
	size_t used; /* when it ends before the text does; 0: all */
	const char *data;
};
#define BODY_BAD PV_HTTP_BAD
static const struct body bodies[] = {
	{ "one chunk", PV_HTTP_DONE, T("3\r\nabc\r\n0\r\n\r\n"), 0, "abc" },
	{ "two chunks, upper and lower case, leading zeros", PV_HTTP_DONE,
	    T("0A\r\n0123456789\r\n0b\r\nabcdefghijk\r\n00\r\n\r\n"), 0, "0123456789abcdefghijk" },
	{ "no chunk", PV_HTTP_DONE, T("0\r\n\r\n"), 0, "" },
	{ "a trailer", PV_HTTP_DONE, T("1\r\na\r\n0\r\nX-Sum: \xc3\xa4 1\r\nY:\r\n\r\n"), 0, "a" },
	{ "what follows is another request", PV_HTTP_DONE,
	    T("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), 11, "a" },
	{ "data that looks like framing", PV_HTTP_DONE, T("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 0,
	    "0\r\n\r\n" },
	{ "unfinished", PV_HTTP_MORE, T("5\r\nab"), 0, "ab" },
	{ "0x3", BODY_BAD, T("0x3\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a sign", BODY_BAD, T("+3\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a minus", BODY_BAD, T("-1\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "an extension", BODY_BAD, T("3;a=b\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a blank before the size", BODY_BAD, T(" 3\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a blank behind the size", BODY_BAD, T("3 \r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "no size", BODY_BAD, T("\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "bare LF behind the size", BODY_BAD, T("3\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "bare CR behind the size", BODY_BAD, T("3\rabc\r\n0\r\n\r\n"), 0, NULL },
	{ "bare LF behind the data", BODY_BAD, T("3\r\nabc\n0\r\n\r\n"), 0, NULL },
	{ "data longer than its size", BODY_BAD, T("3\r\nabcd\r\n0\r\n\r\n"), 0, NULL },
	{ "data shorter than its size", BODY_BAD, T("5\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a size of 16 digits", BODY_BAD, T("0000000000000003\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "a size that overflows", BODY_BAD, T("10000000000000003\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "NUL in the size", BODY_BAD, T("3\0\r\nabc\r\n0\r\n\r\n"), 0, NULL },
	{ "bare LF as the end", BODY_BAD, T("0\r\n\n"), 0, NULL },
	{ "a trailer with a blank before its colon", BODY_BAD, T("0\r\nX : a\r\n\r\n"), 0, NULL },
	{ "a trailer without a colon", BODY_BAD, T("0\r\nX\r\n\r\n"), 0, NULL },
	{ "a folded trailer", BODY_BAD, T("0\r\nX: a\r\n b\r\n\r\n"), 0, NULL },
	{ "NUL in a trailer", BODY_BAD, T("0\r\nX: a\0\r\n\r\n"), 0, NULL },
	{ "bare LF in a trailer", BODY_BAD, T("0\r\nX: a\n\r\n"), 0, NULL },
};

/* Feeds text in pieces of step bytes. */
static enum pv_http_read
read_body(const struct pv_request_head *h, const char *text, size_t n, size_t step,
    struct pv_buf *data, size_t *used)
{
	struct pv_body_reader r;
	enum pv_http_read got = PV_HTTP_MORE;

	pv_body_begin(&r, h);
	data->n = 0;
	*used = 0;
	while (got == PV_HTTP_MORE && *used < n) {
		size_t room = n - *used < step ? n - *used : step, took;
		struct pv_slice piece;

		got = pv_body_read(&r, pv_slice_mem(text + *used, room), &took, &piece);
		pv_buf_add(data, piece);
		*used += took;
		if (took == 0)
			break;
	}
	return got;
}

static void
test_bodies(void)
{
	struct pv_request_head h = { .chunked = true };
	struct pv_buf data = { 0 };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct body *b = &bodies[i];
		bool ok = true;

		for (size_t step = 1; step <= b->n; step++) {
			size_t used;
			enum pv_http_read got = read_body(&h, b->text, b->n, step, &data, &used);

			ok = ok && got == b->want;
			if (b->want != BODY_BAD)
				ok = ok && pv_slice_is(pv_buf_slice(&data), b->data) &&
				     used == (b->used == 0 ? b->n : b->used);
		}
		tap_ok(ok, "chunks, %s: %s", b->want == BODY_BAD ? "refused" : "taken", b->name);
	}
	pv_buf_free(&data);
}

static void
test_body_sizes(void)
{
	struct pv_request_head h = { .has_length = true, .length = 5 };
	struct pv_buf data = { 0 }, text = { 0 };
	struct pv_body_reader r;
	struct pv_slice piece;
	size_t used;

	tap_ok(read_body(&h, "abcdefgh", 8, 3, &data, &used) == PV_HTTP_DONE && used == 5 &&
		   pv_slice_is(pv_buf_slice(&data), "abcde"),
	    "a length takes its bytes and no more");
	h.length = 0;
	pv_body_begin(&r, &h);
	tap_ok(pv_body_read(&r, PV_SLICE("GET"), &used, &piece) == PV_HTTP_DONE && used == 0,
	    "a length of 0 is over at once");
	h = (struct pv_request_head){ 0 };
	pv_body_begin(&r, &h);
	tap_ok(pv_body_read(&r, PV_NO_SLICE, &used, &piece) == PV_HTTP_DONE,
	    "without framing there is no body");
	h.chunked = true;
	pv_buf_add_str(&text, "0\r\nX: ");
	while (text.n < 4096 + 1)
		pv_buf_add_c(&text, 'a');
	pv_buf_add_str(&text, "\r\n\r\n");
	tap_ok(read_body(&h, text.p, text.n - 2, text.n, &data, &used) != PV_HTTP_BAD,
	    "4 KiB of trailers are read away");
	text.n -= 4;
	pv_buf_add_str(&text, "aaaaaaaaaaaa\r\n\r\n");
	tap_ok(read_body(&h, text.p, text.n, text.n, &data, &used) == PV_HTTP_BAD,
	    "more of them are refused");
	pv_buf_free(&data);
	pv_buf_free(&text);
}

/* ---- what stands in heads ---- */

struct escaped {
	const char *text;
	bool query, ok;
	const char *want;
};
static const struct escaped escapes[] = {
	{ "abc", false, true, "abc" },
	{ "a%20b+c", false, true, "a b+c" },
	{ "a%20b+c", true, true, "a b c" },
	{ "%c3%A4", false, true, "\xc3\xa4" },
	{ "", false, true, "" },
	{ "%", false, false, "" },
	{ "%4", false, false, "" },
	{ "a%4", false, false, "" },
	{ "%4g", false, false, "" },
	{ "%00", false, false, "" },
	{ "%ff", false, false, "" },
	{ "%c3", false, false, "" },
	{ "%ed%a0%80", false, false, "" },
};

static void
test_urls(struct pv_arena *a)
{
	struct pv_slice rest = PV_SLICE("a=1&&b&c=%20+&=x&d=%zz&e=2"), name, value, out;
	bool bad, ok;

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		const struct escaped *x = &escapes[i];

		ok = pv_url_decode(pv_slice_of(x->text), x->query, a, &out) == x->ok &&
		     (!x->ok || pv_slice_is(out, x->want));
		tap_ok(ok, "decoding \"%s\"%s: %s", x->text, x->query ? " of a query" : "",
		    x->ok ? "taken" : "refused");
	}
	ok = pv_query_next(&rest, a, &name, &value, &bad) && !bad && pv_slice_is(name, "a") &&
	     pv_slice_is(value, "1") && pv_query_next(&rest, a, &name, &value, &bad) && !bad &&
	     pv_slice_is(name, "b") && value.n == 0 &&
	     pv_query_next(&rest, a, &name, &value, &bad) && !bad && pv_slice_is(name, "c") &&
	     pv_slice_is(value, "  ") && pv_query_next(&rest, a, &name, &value, &bad) && !bad &&
	     name.n == 0 && pv_slice_is(value, "x") &&
	     pv_query_next(&rest, a, &name, &value, &bad) && bad &&
	     pv_query_next(&rest, a, &name, &value, &bad) && !bad && pv_slice_is(name, "e") &&
	     !pv_query_next(&rest, a, &name, &value, &bad) && !bad;
	tap_ok(ok, "a query is read pair by pair");
	rest = PV_NO_SLICE;
	tap_ok(!pv_query_next(&rest, a, &name, &value, &bad), "no query has no pair");
}

struct media {
	const char *header, *type;
	bool allows;
};
#define TAXII "application/taxii+json;version=2.1"
static const struct media medias[] = {
	{ "application/json", "application/json", true },
	{ "Application/JSON; charset=utf-8", "application/json", true },
	{ "text/html, application/json;q=0.5", "application/json", true },
	{ "text/html, application/json;q=0", "application/json", false },
	{ "text/html, application/json; q=0.000", "application/json", false },
	{ "*/*", TAXII, true },
	{ "application/*", TAXII, true },
	{ "text/*", TAXII, false },
	{ "application/taxii+json", TAXII, true },
	{ "application/taxii+json;version=2.1", TAXII, true },
	{ "application/taxii+json; version=\"2.1\"", TAXII, true },
	{ "application/taxii+json ;\tVERSION = 2.1", TAXII, true },
	{ "application/taxii+json;version=2.0", TAXII, false },
	{ "application/taxii+json;version=2.0, application/taxii+json;version=2.1", TAXII, true },
	{ "application/vnd.oasis.taxii+json", TAXII, false },
	{ "application/taxii+json;x=\"a,b\\\",*/*\"", TAXII, false },
	{ "application/jsonx", "application/json", false },
	{ "", "application/json", false },
	{ ",", "application/json", false },
	{ ",,application/json", "application/json", true },
	{ "\"", "application/json", false },
	{ ";;;=\"", "application/json", false },
};

static void
test_names(struct pv_arena *a)
{
	static const char text[] = "GET / HTTP/1.1\r\nHOST: h\r\nx-A:  1\r\nX-a: 2 \r\n\r\n";
	struct pv_request_head h;
	const char *why;
	size_t used;
	bool many;
	int status;

	(void)read_head(&h, text, sizeof(text) - 1, a, &used, &status, &why);
	tap_ok(pv_slice_is(pv_header_get(&h, "x-a", &many), "1") && many,
	    "of two lines of a name the first is given, and said so");
	tap_ok(pv_slice_is(pv_header_get(&h, "host", &many), "h") && !many,
	    "names are found in lower case");
	tap_ok(pv_header_get(&h, "x-b", &many).n == 0 && !many, "what is not there is empty");
}

int
main(void)
{
	struct pv_arena *a = pv_arena_new();

	test_heads(a);
	test_sizes(a);
	test_bodies();
	test_body_sizes();
	test_names(a);
	test_urls(a);
	for (size_t i = 0; i < sizeof(medias) / sizeof(medias[0]); i++)
		tap_ok(pv_media_allows(pv_slice_of(medias[i].header), medias[i].type) ==
			   medias[i].allows,
		    "'%s' %s %s", medias[i].header, medias[i].allows ? "allows" : "does not allow",
		    medias[i].type);
	pv_arena_free(a);
	return tap_done();
}
