/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our reader beside libhttp-parser (what Node used for years), on the same bytes: requests of the corpus, changed at
 * random by a seeded generator. The whole requests that both read, until one of them refuses, must be the same: method,
 * target, header lines, bodies, and where each ends.
 *
 *	second_opinion [ROUNDS [SEED]]
 */
#include <http_parser.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/http.h"
#include "tap.h"

#define H    "Host: h\r\n"
#define NEXT "GET /next HTTP/1.1\r\n" H "\r\n"

static const char *const seeds[] = {
	"GET /a/b?c=d HTTP/1.1\r\n" H "Accept: */*\r\nX-A:  b \r\n\r\n" NEXT,
	"POST /p HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc" NEXT,
	"POST /p HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n" NEXT,
	"PUT /p HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n\r\n",
	"DELETE /%2fx HTTP/1.1\r\n" H "Connection: keep-alive, te\r\n\r\n" NEXT,
	"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /next HTTP/1.0\r\n\r\n",
	"PATCH /p HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 30\r\n\r\nGET /in "
	"HTTP/1.1\r\nHost: i\r\n\r\n.." NEXT,
	"POST /p HTTP/1.1\r\n" H
	"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
};
/* Pieces that matter to framing, put in at random. */
static const char *const pieces[] = {
	"\r\n",
	"\n",
	"\r",
	" ",
	"\t",
	"\r\n\r\n",
	":",
	"0",
	"1",
	"0x",
	"+",
	"-",
	";a=b",
	",",
	"\x0b",
	"\x01",
	"%2e%2e/",
	"Content-Length: 4\r\n",
	"Content-Length : 4\r\n",
	"content-length:0\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Transfer-Encoding: identity\r\n",
	"Transfer-Encoding:\tchunked\r\n",
	"gzip, ",
	"chunked",
	H,
	" folded\r\n",
	"0\r\n\r\n",
	"GET /in HTTP/1.1\r\n",
	"HTTP/1.0",
	"HTTP/1.1",
	"Connection: close\r\n",
	"Upgrade: h2c\r\n",
	"X: y\r\n",
	"HEAD",
	"#",
	"?",
	"\xc3\xa4",
	"ffffffffffffffff",
	"10000000000000000",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t rng;

static size_t
below(size_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (size_t)(rng % n);
}

/* What one of the two read: told in one form, request by request. */
struct reading {
	struct pv_buf told;
	size_t requests; /* whole ones */
	size_t whole;    /* bytes of told that are about those */
	bool bad;
};

/* ---- ours ---- */

static bool
read_our_body(
    struct pv_slice text, size_t *at, const struct pv_request_head *h, struct reading *out)
{
	struct pv_body_reader body;
	enum pv_http_read got;

	pv_body_begin(&body, h);
	do {
		struct pv_slice data;
		size_t used;

		got = pv_body_read(&body, pv_slice_sub(text, *at, text.n), &used, &data);
		*at += used;
		pv_buf_add(&out->told, data);
		if (got == PV_HTTP_MORE && used == 0)
			return false;
	} while (got == PV_HTTP_MORE);
	out->bad = got == PV_HTTP_BAD;
	return got == PV_HTTP_DONE;
}

static void
read_ours(struct pv_slice text, struct pv_arena *a, struct reading *out)
{
	struct pv_request_head h = { .keep_alive = true };
	size_t at = 0, used;
	int status;
	const char *why;

	while (h.keep_alive && at < text.n) {
		enum pv_http_read got;

		pv_arena_reset(a);
		got = pv_request_head_read(
		    &h, pv_slice_sub(text, at, text.n), a, &used, &status, &why);
		out->bad = got == PV_HTTP_BAD;
		if (got != PV_HTTP_DONE)
			return;
		at += used;
		pv_buf_addf(&out->told, "%.*s %.*s", PV_FMT(h.method_name), PV_FMT(h.path));
		if (h.query.p != NULL)
			pv_buf_addf(&out->told, "?%.*s", PV_FMT(h.query));
		pv_buf_addf(&out->told, " 1.%d\n", h.http10 ? 0 : 1);
		for (size_t i = 0; i < h.header_count; i++)
			pv_buf_addf(&out->told, "%.*s:%.*s\n", PV_FMT(h.headers[i].name),
			    PV_FMT(h.headers[i].value));
		if (!read_our_body(text, &at, &h, out))
			return;
		out->requests++;
		pv_buf_addf(&out->told, "\nends at %zu\n", at);
		out->whole = out->told.n;
	}
}

/* ---- theirs ---- */

struct theirs {
	struct reading *out;
	struct pv_slice text;
	struct pv_buf url, name, value;
	bool in_trailer, was_value;
	size_t consumed; /* at the end of the last message */
};

static void
tell_header(struct theirs *t)
{
	size_t n = t->value.n;

	if (t->name.n > 0 && !t->in_trailer) {
		for (size_t i = 0; i < t->name.n; i++)
			if (t->name.p[i] >= 'A' && t->name.p[i] <= 'Z')
				t->name.p[i] = (char)(t->name.p[i] + 32);
		while (n > 0 && (t->value.p[n - 1] == ' ' || t->value.p[n - 1] == '\t'))
			n--;
		pv_buf_addf(&t->out->told, "%.*s:%.*s\n", PV_FMT(pv_buf_slice(&t->name)), (int)n,
		    n > 0 ? t->value.p : "");
	}
	pv_buf_clear(&t->name);
	pv_buf_clear(&t->value);
	t->was_value = false;
}

static int
on_begin(http_parser *p)
{
	struct theirs *t = p->data;

	pv_buf_clear(&t->url);
	t->in_trailer = false;
	return 0;
}

static int
on_url(http_parser *p, const char *at, size_t n)
{
	pv_buf_add_mem(&((struct theirs *)p->data)->url, at, n);
	return 0;
}

static void
tell_line(http_parser *p, struct theirs *t)
{
	if (t->url.n == 0)
		return;
	pv_buf_addf(&t->out->told, "%s %.*s %d.%d\n", http_method_str((enum http_method)p->method),
	    PV_FMT(pv_buf_slice(&t->url)), p->http_major, p->http_minor);
	pv_buf_clear(&t->url);
}

static int
on_field(http_parser *p, const char *at, size_t n)
{
	struct theirs *t = p->data;

	tell_line(p, t);
	if (t->was_value)
		tell_header(t);
	pv_buf_add_mem(&t->name, at, n);
	return 0;
}

static int
on_value(http_parser *p, const char *at, size_t n)
{
	struct theirs *t = p->data;

	pv_buf_add_mem(&t->value, at, n);
	t->was_value = true;
	return 0;
}

static int
on_head(http_parser *p)
{
	struct theirs *t = p->data;

	tell_line(p, t);
	tell_header(t);
	t->in_trailer = true;
	return 0;
}

static int
on_body(http_parser *p, const char *at, size_t n)
{
	pv_buf_add_mem(&((struct theirs *)p->data)->out->told, at, n);
	return 0;
}

static int
on_complete(http_parser *p)
{
	tell_header(p->data);
	http_parser_pause(p, 1); /* to see where it ends */
	return 0;
}

static void
read_theirs(struct pv_slice text, struct reading *out)
{
	static const http_parser_settings settings = { .on_message_begin = on_begin,
		.on_url = on_url,
		.on_header_field = on_field,
		.on_header_value = on_value,
		.on_headers_complete = on_head,
		.on_body = on_body,
		.on_message_complete = on_complete };
	struct theirs t = { .out = out, .text = text };
	http_parser p;
	size_t at = 0;

	http_parser_init(&p, HTTP_REQUEST);
	p.data = &t;
	while (at < text.n && !p.upgrade) {
		at += http_parser_execute(&p, &settings, text.p + at, text.n - at);
		if (HTTP_PARSER_ERRNO(&p) != HPE_PAUSED) {
			out->bad = HTTP_PARSER_ERRNO(&p) != HPE_OK;
			break;
		}
		http_parser_pause(&p, 0);
		/* It pauses before the last byte of a message that has no data there. */
		if (at < text.n && p.nread != 0)
			at += http_parser_execute(&p, &settings, text.p + at, 1);
		out->requests++;
		pv_buf_addf(&out->told, "\nends at %zu\n", at);
		out->whole = out->told.n;
		http_parser_init(&p, HTTP_REQUEST); /* also behind a close */
		p.data = &t;
	}
	pv_buf_free(&t.url);
	pv_buf_free(&t.name);
	pv_buf_free(&t.value);
}

/* ---- the two beside each other ---- */

static void
change(struct pv_buf *b, const char *seed)
{
	size_t changes = below(4);

	pv_buf_clear(b);
	pv_buf_add_str(b, seed);
	for (size_t i = 0; i < changes; i++) {
		const char *piece = pieces[below(COUNT(pieces))];
		size_t n = strlen(piece), at = below(b->n + 1), cut = below(3) == 0 ? below(8) : 0;

		if (cut > b->n - at)
			cut = b->n - at;
		(void)pv_buf_room(b, n);
		memmove(b->p + at + n, b->p + at + cut, b->n - at - cut);
		memcpy(b->p + at, piece, n);
		b->n += n - cut;
	}
}

struct tally {
	unsigned long both, ours_only, theirs_only, neither, differ;
};

static void
show(struct pv_slice in, const struct reading *o, const struct reading *t)
{
	fprintf(stderr, "---- input\n%.*s\n---- ours (%zu)\n%.*s\n---- theirs (%zu)\n%.*s\n",
	    PV_FMT(in), o->requests, PV_FMT(pv_buf_slice(&o->told)), t->requests,
	    PV_FMT(pv_buf_slice(&t->told)));
}

/*
 * The whole requests that one read begin what the other read; and we do not see one where it, not refusing, still waits.
 */
static bool
agree(const struct reading *o, const struct reading *t)
{
	size_t n = o->whole < t->whole ? o->whole : t->whole;

	return (n == 0 || memcmp(o->told.p, t->told.p, n) == 0) &&
	       (o->requests <= t->requests || t->bad);
}

static void
compare(struct pv_slice in, struct pv_arena *a, struct tally *sum)
{
	struct reading o = { 0 }, t = { 0 };

	read_ours(in, a, &o);
	read_theirs(in, &t);
	if (!agree(&o, &t)) {
		if (sum->differ++ < 5)
			show(in, &o, &t);
	} else if (o.bad && t.bad) {
		sum->neither++;
	} else if (o.bad) {
		sum->theirs_only++;
	} else if (t.bad) {
		sum->ours_only++;
	} else {
		sum->both++;
	}
	pv_buf_free(&o.told);
	pv_buf_free(&t.told);
}

int
main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	struct pv_arena *a = pv_arena_new();
	struct pv_buf b = { 0 };
	struct tally sum = { 0 };

	rng = argc > 2 ? strtoull(argv[2], NULL, 10) : 0x9e3779b97f4a7c15u;
	for (unsigned long i = 0; i < rounds; i++) {
		change(&b, seeds[below(COUNT(seeds))]);
		compare(pv_buf_slice(&b), a, &sum);
	}
	tap_ok(sum.both > rounds / 20, "%lu of %lu inputs are taken by both", sum.both, rounds);
	tap_ok(sum.differ == 0, "none is read differently (%lu were)", sum.differ);
	tap_ok(sum.theirs_only > 0,
	    "%lu are refused by us alone, %lu by libhttp-parser alone, %lu by both",
	    sum.theirs_only, sum.ours_only, sum.neither);
	pv_buf_free(&b);
	pv_arena_free(a);
	return tap_done();
}
