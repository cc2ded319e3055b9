/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests, read strictly (RFC 9112 less what it only tolerates), and
 * a server of one loop on libevent's buffers and OpenSSL. What two parsers may
 * read in two ways is refused, never repaired, and the connection ends with it:
 * Content-Length beside Transfer-Encoding, twice, signed or with a blank;
 * any coding but one "chunked"; chunk sizes with 0x, a sign or extensions; bare
 * LF, bare CR, NUL, folded lines, blanks before the colon; no Host or two;
 * versions other than 1.0 and 1.1; a body on GET, HEAD or DELETE; a target that
 * is not an absolute path, or has dot segments or an escape that hides one.
 *
 * One server belongs to one thread and one loop; make one a thread, on listeners
 * of their own (SO_REUSEPORT). Nothing here waits.
 */
#ifndef PV_NET_HTTP_H
#define PV_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* ---- the request head: pure, no I/O (http.c) ---- */

enum pv_method {
	PV_METHOD_OTHER = 0, /* a token that is none of these: answered 501 */
	PV_GET = 1 << 0,
	PV_HEAD = 1 << 1,
	PV_POST = 1 << 2,
	PV_PUT = 1 << 3,
	PV_PATCH = 1 << 4,
	PV_DELETE = 1 << 5,
	PV_OPTIONS = 1 << 6,
};

#define PV_HEAD_MAX    16384 /* bytes of request line and header */
#define PV_HEADERS_MAX 64

struct pv_header {
	struct pv_slice name;  /* lower case */
	struct pv_slice value; /* trimmed */
};

struct pv_request_head {
	enum pv_method method;
	struct pv_slice method_name;
	struct pv_slice path;  /* as sent, escapes and all; begins with '/' */
	struct pv_slice query; /* behind the '?', as sent; empty: none */
	struct pv_slice host;
	struct pv_header headers[PV_HEADERS_MAX];
	size_t header_count;
	bool http10; /* 1.0, not 1.1 */
	bool chunked, expect_continue, keep_alive;
	bool has_length;
	uint64_t length; /* of the body, when has_length */
};

enum pv_http_read { PV_HTTP_BAD = 0, PV_HTTP_MORE, PV_HTTP_DONE };

/*
 * Reads a head from the beginning of text. DONE: *used bytes were it; slices point into text, but for header names,
 * which live in a. MORE: not whole yet (and not too large). BAD: *status is what to answer (400, 414, 417, 431, 501, 505) and
 * why says it; close afterwards.
 */
enum pv_http_read pv_request_head_read(struct pv_request_head *out, struct pv_slice text,
    struct pv_arena *a, size_t *used, int *status, const char **why);

/* The body's framing. Zero it, set what the head said. Feed it what came; it says how much is data. */
struct pv_body_reader {
	bool chunked;
	uint64_t left; /* of the length, or of this chunk */
	int state;
	size_t trailer; /* bytes of size lines and trailers so far */
};
void pv_body_begin(struct pv_body_reader *r, const struct pv_request_head *head);
/*
 * Takes from text: *used bytes were consumed, of which data (a part of text, may be empty) is body. DONE: the body is
 * over. Trailers are read and dropped, at most 4 KiB of them.
 */
enum pv_http_read pv_body_read(
    struct pv_body_reader *r, struct pv_slice text, size_t *used, struct pv_slice *data);

/* The first header of that lower-case name; empty when there is none. *many: there is more than one. */
struct pv_slice pv_header_get(const struct pv_request_head *h, const char *name, bool *many);
/* One path segment or query value: %XX undone (and '+' as a blank in a query). False: a bad escape, NUL, or not UTF-8. */
bool pv_url_decode(struct pv_slice text, bool query, struct pv_arena *a, struct pv_slice *out);
/* The next name=value of a query, decoded. False at the end; *bad when it does not decode. */
bool pv_query_next(struct pv_slice *rest, struct pv_arena *a, struct pv_slice *name,
    struct pv_slice *value, bool *bad);
/*
 * Whether an Accept or Content-Type (RFC 9110 12.5.1, 8.3.1: lists, q, quotes, any case) allows this media type, given in
 * lower case with its parameters ("application/taxii+json;version=2.1"). A range without the parameter allows it too.
 */
bool pv_media_allows(struct pv_slice header, const char *type);
/* Whether there is one Content-Type, and it is this media type, whatever its parameters and case. */
bool pv_content_is(const struct pv_request_head *h, const char *type);

/* ---- the server (server.c) ---- */

struct event_base;
struct ssl_ctx_st;
struct x509_st;
struct pv_server;
struct pv_x; /* one request and its answer */

struct pv_server_limits {
	unsigned connections, per_address; /* 0: 10,000 and 256; of IPv6 each /64 is one address */
	unsigned handshake_ms, head_ms;    /* absolute; 0: 10,000 each */
	unsigned body_ms;                  /* absolute, for what the handler collects; 0: 60,000 */
	unsigned idle_ms;                  /* between requests; 0: 75,000 */
	unsigned
	    answer_ms; /* for the client to take an answer (of a stream: each 1 MiB); 0: 60,000 */
	unsigned requests; /* on one connection; 0: 100,000 */
};

struct pv_server_use {
	struct event_base *base;
	int listener; /* bound and listening, close-on-exec, non-blocking; the server's from now on */
	struct ssl_ctx_st *tls; /* NULL: plain, for loopback and tests */
	struct pv_server_limits limits;
	/* A head was read. Say what becomes of the body (none, collect, stream), or reply at once. */
	void (*on_request)(struct pv_x *x, void *ctx);
	void *ctx;
};

struct pv_server_counts {
	uint64_t accepted, refused, open, requests, bad, timeouts, handshakes_failed;
	uint64_t by_class[6]; /* answers 1xx to 5xx */
};

/* Has the process ignore SIGPIPE. Not to be freed from within a handler. */
PV_RESULT pv_server_new(struct pv_server **out, const struct pv_server_use *use, struct pv_err *e);
void pv_server_tls(struct pv_server *s, struct ssl_ctx_st *tls); /* for new connections */
/* From now on; a deadline that runs already stays as it is, and nothing is cut for being too many. */
void pv_server_limit(struct pv_server *s, const struct pv_server_limits *limits);
/* No new ones; idle ones end, the others with their next answer, or by their deadlines. */
void pv_server_drain(struct pv_server *s);
bool pv_server_idle(const struct pv_server *s); /* drained, and none is open */
void pv_server_free(struct pv_server *s);       /* cuts what is open; each on_gone is called */
struct pv_server_counts pv_server_counts(const struct pv_server *s);

/* ---- within a request ---- */

/*
 * x is the server's. It is good until on_gone or on_done returned: exactly one of the two is called for each request
 * (if it was set), from the loop, never beneath a call of yours. Calls on an x that was cut, left or answered do
 * nothing. A client that closes its sending side counts as having left, unless its answer is already on its way.
 */

const struct pv_request_head *pv_x_head(const struct pv_x *x); /* lives as long as x */
struct pv_arena *pv_x_arena(struct pv_x *x);                   /* lives as long as x */
struct pv_slice pv_x_peer(const struct pv_x *x);               /* "192.0.2.1" or "2001:db8::1" */
bool pv_x_tls(const struct pv_x *x);
int pv_x_status(const struct pv_x *x); /* what was answered, in on_done and on_gone; 0: nothing */
struct x509_st *pv_x_certificate(
    const struct pv_x *x); /* the client's, as OpenSSL verified it; NULL: none. Borrowed */
void *pv_x_user(const struct pv_x *x);
void pv_x_set_user(struct pv_x *x, void *user);
/* Called once: the client left, was cut or refused (413, 408 ...), or a deadline passed. Afterwards x is gone. */
void pv_x_on_gone(struct pv_x *x, void (*gone)(struct pv_x *x, void *user));
/* Called once when the answer was handed over whole, just before x is gone. */
void pv_x_on_done(struct pv_x *x, void (*done)(struct pv_x *x, void *user));

/* The whole body in memory, at most max bytes (more: 413, and the handler is not called). No body: called at once, empty. It lives as long as x. */
void pv_x_collect(struct pv_x *x, size_t max, void (*whole)(struct pv_x *x, struct pv_slice body));
/*
 * The body as it comes, at most max bytes in all. Reading stops while pv_x_pause(x, true). last: the body is over.
 * Memory stays below 256 KiB a request.
 */
void pv_x_stream_in(
    struct pv_x *x, uint64_t max, void (*some)(struct pv_x *x, struct pv_slice data, bool last));
void pv_x_pause(struct pv_x *x, bool pause);

/* ---- answering; from the loop's thread only, at any later time ---- */

/* To be set before the answer; value is copied. Date, Content-Length, Connection and Content-Type are the server's. */
void pv_x_header(struct pv_x *x, const char *name, struct pv_slice value);
/* Ends the exchange; body is copied, head and body leave in one write. HEAD gets no body. */
void pv_x_reply(struct pv_x *x, int status, const char *type, struct pv_slice body);
/*
 * An answer in pieces: length UINT64_MAX: chunked (on HTTP/1.0: until close). drained is called when less than 64 KiB wait to be
 * sent: then write more. After end or cut x is gone.
 */
void pv_x_begin(struct pv_x *x, int status, const char *type, uint64_t length);
void pv_x_on_drained(struct pv_x *x, void (*drained)(struct pv_x *x, void *user));
void pv_x_write(struct pv_x *x, struct pv_slice data);
size_t pv_x_waiting(const struct pv_x *x); /* bytes that the client did not take yet */
void pv_x_end(struct pv_x *x);
/*
 * Not one more byte reaches the client, also none of those written but not yet delivered (connect(AF_UNSPEC): a reset).
 * For keys, when an order lands.
 */
void pv_x_cut(struct pv_x *x);
/* Before a key: unacknowledged data is given up by the kernel after so long (TCP_USER_TIMEOUT). */
void pv_x_deliver_within(struct pv_x *x, unsigned ms);

const char *pv_status_text(int status);

#endif
