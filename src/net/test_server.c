/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server and client in one thread: the loop is turned by hand between what the client sends and what it reads, so that
 * each story has one order of events.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http.h"
#include "net/tls.h"
#include "tap.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* ---- the server's side ---- */

struct world {
	struct event_base *base;
	struct pv_server *server;
	unsigned short port;
	struct pv_x *held; /* one that waits */
	unsigned gone, done, wholes, drains;
	struct pv_buf seen; /* bodies */
	bool last;
	struct pv_slice reply; /* for /body */
};
static struct world *world_of(struct pv_x *x);

static void
count_gone(struct pv_x *x, void *user)
{
	struct world *w = user;

	w->gone++;
	if (w->held == x)
		w->held = NULL;
	/* Whatever a handler still does to one that is gone changes nothing. */
	pv_x_reply(x, 200, "text/plain", PV_SLICE("late"));
	pv_x_write(x, PV_SLICE("late"));
	pv_x_end(x);
	pv_x_pause(x, true);
	pv_x_pause(x, false);
	pv_x_on_drained(x, NULL);
	pv_x_cut(x);
}

static void
count_done(struct pv_x *x, void *user)
{
	struct world *w = user;

	(void)x;
	w->done++;
}

static struct world *
world_of(struct pv_x *x)
{
	return pv_x_user(x);
}

static void
whole(struct pv_x *x, struct pv_slice body)
{
	struct world *w = world_of(x);

	w->wholes++;
	pv_buf_clear(&w->seen);
	pv_buf_add(&w->seen, body);
	pv_x_reply(x, 200, "text/plain", body);
}

static void
some(struct pv_x *x, struct pv_slice data, bool last)
{
	struct world *w = world_of(x);

	pv_buf_add(&w->seen, data);
	w->last = last;
	if (last)
		pv_x_reply(x, 204, NULL, PV_NO_SLICE);
	else
		pv_x_pause(x, true);
}

static void
drained(struct pv_x *x, void *user)
{
	struct world *w = user;

	if (w->drains++ < 10)
		pv_x_write(x, PV_SLICE("0123456789"));
	else
		pv_x_end(x);
}

static void
reply_twice(struct pv_x *x)
{
	pv_x_reply(x, 200, "text/plain", PV_SLICE("first"));
	pv_x_reply(x, 500, "text/plain", PV_SLICE("second"));
	pv_x_begin(x, 500, "text/plain", 3);
	pv_x_write(x, PV_SLICE("abc"));
	pv_x_end(x);
}

static void
in_pieces(struct pv_x *x, uint64_t length)
{
	pv_x_begin(x, 200, "text/plain", length);
	pv_x_write(x, PV_SLICE("abc"));
	pv_x_write(x, PV_NO_SLICE);
	pv_x_write(x, PV_SLICE("defghi"));
	pv_x_end(x);
}

static void
on_request(struct pv_x *x, void *ctx)
{
	struct world *w = ctx;
	struct pv_slice path = pv_x_head(x)->path;

	pv_x_set_user(x, w);
	pv_x_on_gone(x, count_gone);
	pv_x_on_done(x, count_done);
	if (pv_slice_is(path, "/hold")) {
		w->held = x;
	} else if (pv_slice_is(path, "/collect")) {
		pv_x_collect(x, 100, whole);
	} else if (pv_slice_is(path, "/stream")) {
		w->held = x;
		pv_buf_clear(&w->seen);
		w->last = false;
		pv_x_stream_in(x, 1 << 20, some);
	} else if (pv_slice_is(path, "/twice")) {
		reply_twice(x);
	} else if (pv_slice_is(path, "/pieces")) {
		in_pieces(x, UINT64_MAX);
	} else if (pv_slice_is(path, "/nine")) {
		in_pieces(x, 9);
	} else if (pv_slice_is(path, "/short")) {
		in_pieces(x, 10);
	} else if (pv_slice_is(path, "/long")) {
		in_pieces(x, 5);
	} else if (pv_slice_is(path, "/drained")) {
		w->drains = 0;
		pv_x_begin(x, 200, "text/plain", UINT64_MAX);
		pv_x_on_drained(x, drained);
	} else if (pv_slice_is(path, "/cut")) {
		pv_x_begin(x, 200, "text/plain", 1000);
		pv_x_write(x, PV_SLICE("a secret"));
		pv_x_cut(x);
		pv_x_write(x, PV_SLICE("another"));
	} else if (pv_slice_is(path, "/inject")) {
		pv_x_header(x, "X-Said", PV_SLICE("a\r\nSet-Cookie: b\0c"));
		pv_x_reply(x, 200, "text/plain", PV_NO_SLICE);
	} else if (pv_slice_is(path, "/peer")) {
		char hex[65] = "-";

		if (pv_x_certificate(x) != NULL)
			pv_tls_spki(pv_x_certificate(x), hex);
		pv_x_header(x, "X-Key", pv_slice_of(hex));
		pv_x_reply(x, 200, "text/plain", pv_x_peer(x));
	} else if (pv_slice_is(path, "/304")) {
		pv_x_reply(x, 304, NULL, PV_SLICE("nothing"));
	} else if (pv_slice_is(path, "/large")) {
		pv_x_reply(x, 200, "text/plain", w->reply);
	} else {
		pv_x_reply(x, 200, "text/plain", PV_SLICE("ok"));
	}
}

static int
listen_here(unsigned short *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, n) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) != 0) {
		printf("Bail out! no listener: %s\n", strerror(errno));
		_exit(1);
	}
	*port = ntohs(in.sin_port);
	return fd;
}

static void
world_begin(struct world *w, struct pv_server_limits limits, SSL_CTX *tls)
{
	struct pv_server_use use = {
		.tls = tls, .limits = limits, .on_request = on_request, .ctx = w
	};
	struct pv_err e = { 0 };

	*w = (struct world){ .base = event_base_new() };
	use.base = w->base;
	use.listener = listen_here(&w->port);
	if (!pv_ok(pv_server_new(&w->server, &use, &e)))
		printf("Bail out! %s\n", e.what);
}

static void
world_end(struct world *w)
{
	pv_server_free(w->server);
	event_base_free(w->base);
	pv_buf_free(&w->seen);
}

/* Turns the loop for about ms. */
static void
turn(struct world *w, int ms)
{
	struct timespec nap = { .tv_nsec = 1000000 };

	do {
		event_base_loop(w->base, EVLOOP_NONBLOCK);
		if (ms > 0)
			nanosleep(&nap, NULL);
	} while (ms-- > 0);
}

/* ---- the client's side ---- */

static int
dial_only(struct world *w)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(w->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		printf("Bail out! no connection: %s\n", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int
dial(struct world *w)
{
	int fd = dial_only(w);

	turn(w, 2);
	return fd;
}

static void
say(struct world *w, int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	turn(w, 3);
}

enum heard { STILL_OPEN, ENDED, RESET };
/* What has come by now, into text (its end, when it is much); how the connection stands. */
static enum heard
hear(struct world *w, int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	turn(w, 3);
	while ((got = recv(fd, text + n, size - 1 - n, MSG_DONTWAIT)) > 0) {
		n += (size_t)got;
		if (n > size / 2) {
			memmove(text, text + n - size / 4, size / 4);
			n = size / 4;
		}
		turn(w, 1);
	}
	text[n] = '\0';
	if (got == 0)
		return ENDED;
	return errno == EAGAIN ? STILL_OPEN : RESET;
}

static bool
ends(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* ---- stories ---- */

struct exchange {
	const char *name;
	const char *ask;
	enum heard then;
	const char *begins, *has, *ends;
};
static const struct exchange exchanges[] = {
	{ "a GET is answered and the connection stays", GET("/"), STILL_OPEN,
	    "HTTP/1.1 200 OK\r\nDate: ", "\r\nContent-Length: 2\r\n", "\r\n\r\nok" },
	{ "HEAD gets the length and no body", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 2\r\n", "\r\n\r\n" },
	{ "HEAD of pieces gets no body", "HEAD /pieces HTTP/1.1\r\nHost: h\r\n\r\n", STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked", "\r\n\r\n" },
	{ "HEAD of a known length gets no body", "HEAD /nine HTTP/1.1\r\nHost: h\r\n\r\n",
	    STILL_OPEN, "HTTP/1.1 200 OK\r\n", "Content-Length: 9", "\r\n\r\n" },
	{ "close is said and done", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", ENDED,
	    "HTTP/1.1 200 OK\r\n", "\r\nConnection: close\r\n", "\r\n\r\nok" },
	{ "HTTP/1.0 is closed", "GET / HTTP/1.0\r\n\r\n", ENDED, "HTTP/1.1 200 OK\r\n",
	    "\r\nConnection: close\r\n", "ok" },
	{ "HTTP/1.0 that wants to stay is told so",
	    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", STILL_OPEN, "HTTP/1.1 200 OK\r\n",
	    "\r\nConnection: keep-alive\r\n", "ok" },
	{ "pieces come as chunks", GET("/pieces"), STILL_OPEN, "HTTP/1.1 200 OK\r\n",
	    "Transfer-Encoding: chunked", "\r\n\r\n3\r\nabc\r\n6\r\ndefghi\r\n0\r\n\r\n" },
	{ "pieces for HTTP/1.0 end with the connection", "GET /pieces HTTP/1.0\r\n\r\n", ENDED,
	    "HTTP/1.1 200 OK\r\n", "Connection: close", "\r\n\r\nabcdefghi" },
	{ "pieces of a known length", GET("/nine"), STILL_OPEN, "HTTP/1.1 200 OK\r\n",
	    "Content-Length: 9", "\r\n\r\nabcdefghi" },
	{ "an answer shorter than promised is cut, not ended", GET("/short"), RESET, "", "", "" },
	{ "an answer longer than promised is held to it", GET("/long"), STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "Content-Length: 5", "\r\n\r\nabcde" },
	{ "only the first answer counts", GET("/twice"), STILL_OPEN, "HTTP/1.1 200 OK\r\n", "",
	    "\r\n\r\nfirst" },
	{ "304 has no body and no length", GET("/304"), STILL_OPEN, "HTTP/1.1 304 Not Modified\r\n",
	    "", "\r\n\r\n" },
	{ "more is asked for while the client takes it", GET("/drained"), STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "", "a\r\n0123456789\r\n0\r\n\r\n" },
	{ "a cut leaves not one byte", GET("/cut"), RESET, "", "", "" },
	{ "a header value writes no lines", GET("/inject"), STILL_OPEN, "HTTP/1.1 200 OK\r\n",
	    "X-Said: a  Set-Cookie: b c\r\n", "\r\n\r\n" },
	{ "the address of the client", GET("/peer"), STILL_OPEN, "HTTP/1.1 200 OK\r\n",
	    "X-Key: -\r\n", "127.0.0.1" },
	{ "a body is collected",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "", "\r\n\r\nabc" },
	{ "a chunked body is collected",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
	    STILL_OPEN, "HTTP/1.1 200 OK\r\n", "", "\r\n\r\nabc" },
	{ "no body is collected as an empty one", "POST /collect HTTP/1.1\r\nHost: h\r\n\r\n",
	    STILL_OPEN, "HTTP/1.1 200 OK\r\n", "Content-Length: 0", "\r\n\r\n" },
	{ "a body announced as too large is refused before it comes",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
	    "101\r\n\r\n",
	    ENDED, "HTTP/1.1 413 Content Too Large\r\n", "Connection: close", "}\n" },
	{ "a chunked body that becomes too large is refused",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaa",
	    ENDED, "HTTP/1.1 413 Content Too Large\r\n", "Connection: close", "}\n" },
	{ "100 Continue is said when it is awaited",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
	    "3\r\n\r\n",
	    STILL_OPEN, "HTTP/1.1 100 Continue\r\n\r\n", "", "100 Continue\r\n\r\n" },
	{ "no 100 Continue where the body is there already",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
	    "3\r\n\r\nabc",
	    STILL_OPEN, "HTTP/1.1 200 OK\r\n", "", "\r\n\r\nabc" },
	{ "an answer before the body ends the connection",
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", ENDED, "HTTP/1.1 200 OK\r\n",
	    "Connection: close", "ok" },
	{ "bad framing is refused, what follows is not read",
	    "GET / HTTP/1.1\r\nHost : h\r\n\r\n" GET("/"), ENDED, "HTTP/1.1 400 Bad Request\r\n",
	    "Connection: close", "a name's\"}\n" },
	{ "a bad chunk is refused, what follows is not read",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" GET("/"),
	    ENDED, "HTTP/1.1 400 Bad Request\r\n", "Connection: close", "}\n" },
	{ "two requests at once are answered in their order", GET("/twice") GET("/"), STILL_OPEN,
	    "HTTP/1.1 200 OK\r\n", "first", "\r\n\r\nok" },
	{ "a request behind a body is answered",
	    "POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" GET("/"),
	    STILL_OPEN, "HTTP/1.1 200 OK\r\n", "abc", "\r\n\r\nok" },
	{ "nothing is answered behind a close",
	    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET("/twice"), ENDED,
	    "HTTP/1.1 200 OK\r\n", "", "\r\n\r\nok" },
};

static void
test_exchanges(void)
{
	struct world w;
	char text[4096];

	world_begin(&w, (struct pv_server_limits){ 0 }, NULL);
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		const struct exchange *x = &exchanges[i];
		int fd = dial(&w);
		enum heard then;

		say(&w, fd, x->ask);
		then = hear(&w, fd, text, sizeof(text));
		if (!tap_ok(then == x->then && strncmp(text, x->begins, strlen(x->begins)) == 0 &&
				strstr(text, x->has) != NULL && ends(text, x->ends),
			"%s", x->name))
			tap_note("connection %d: %s", (int)then, text);
		close(fd);
		turn(&w, 3);
	}
	tap_ok(pv_server_counts(w.server).open == 0, "none is left open");
	tap_ok(w.gone + w.done == pv_server_counts(w.server).requests,
	    "each request was told one end: %u gone, %u done", w.gone, w.done);
	world_end(&w);
}

static void
test_byte_by_byte(void)
{
	static const char ask[] = "POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
				  "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
	struct world w;
	char text[4096];
	int fd;

	world_begin(&w, (struct pv_server_limits){ 0 }, NULL);
	fd = dial(&w);
	for (size_t i = 0; i < sizeof(ask) - 1; i++) {
		(void)!send(fd, ask + i, 1, MSG_NOSIGNAL);
		turn(&w, 1);
	}
	tap_ok(hear(&w, fd, text, sizeof(text)) == STILL_OPEN && ends(text, "\r\n\r\nabc"),
	    "a request may come byte by byte");
	close(fd);
	world_end(&w);
}

static void
test_waiting(void)
{
	struct world w;
	char text[4096];
	int fd;

	world_begin(&w, (struct pv_server_limits){ .idle_ms = 60 }, NULL);
	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	turn(&w, 150);
	tap_ok(w.held != NULL && hear(&w, fd, text, sizeof(text)) == STILL_OPEN && text[0] == '\0',
	    "a handler may take its time: no deadline of the connection runs meanwhile");
	pv_x_reply(w.held, 200, "text/plain", PV_SLICE("at last"));
	tap_ok(
	    hear(&w, fd, text, sizeof(text)) == STILL_OPEN && ends(text, "at last") && w.done == 1,
	    "and answer later");
	turn(&w, 100);
	tap_ok(hear(&w, fd, text, sizeof(text)) == ENDED && text[0] == '\0',
	    "an idle connection is ended");
	close(fd);

	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	close(fd);
	turn(&w, 5);
	tap_ok(w.gone == 1 && w.held == NULL, "a client that left while it waited is noticed");

	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	shutdown(fd, SHUT_WR);
	turn(&w, 5);
	tap_ok(w.gone == 2 && hear(&w, fd, text, sizeof(text)) == ENDED,
	    "so is one that closed its sending side");
	close(fd);

	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	pv_x_cut(w.held);
	tap_ok(w.gone == 2, "a cut tells its handler, but not beneath it");
	tap_ok(hear(&w, fd, text, sizeof(text)) == RESET && w.gone == 3,
	    "and the client gets a reset");
	close(fd);

	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	for (int i = 0; i < 1000; i++)
		(void)!send(
		    fd, GET("/") GET("/"), 2 * strlen(GET("/")), MSG_DONTWAIT | MSG_NOSIGNAL);
	turn(&w, 5);
	tap_ok(w.held != NULL && pv_server_counts(w.server).requests == 5,
	    "what a client sends ahead waits");
	pv_x_reply(w.held, 200, "text/plain", PV_SLICE("first"));
	(void)hear(&w, fd, text, sizeof(text));
	tap_ok(pv_server_counts(w.server).requests == 2005 && ends(text, "ok"),
	    "and is answered afterwards, each");
	world_end(&w);
	tap_ok(w.gone == 3, "the end of a server is told to those that wait");
	close(fd);
}

static void
test_sent_ahead(void)
{
	struct world w;
	int fd;

	world_begin(&w, (struct pv_server_limits){ .head_ms = 80 }, NULL);
	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	for (int i = 0; i < 2000; i++)
		(void)!send(fd, GET("/"), strlen(GET("/")), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
	turn(&w, 20);
	tap_ok(w.gone == 0, "one that sent much ahead and left is not seen to leave,");
	turn(&w, 120);
	tap_ok(w.gone == 1 && pv_server_counts(w.server).open == 0, "and is not borne for long");
	world_end(&w);
}

static void
test_end_of_server(void)
{
	struct world w;
	int fd;

	world_begin(&w, (struct pv_server_limits){ 0 }, NULL);
	fd = dial(&w);
	say(&w, fd, GET("/hold"));
	world_end(&w);
	tap_ok(w.gone == 1 && w.held == NULL, "a server that goes tells those that wait");
	close(fd);
}

static void
test_streaming_in(void)
{
	struct world w;
	char text[4096];
	int fd;

	world_begin(&w, (struct pv_server_limits){ 0 }, NULL);
	fd = dial(&w);
	say(&w, fd, "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nab");
	tap_ok(pv_slice_is(pv_buf_slice(&w.seen), "ab") && !w.last, "a body is given as it comes");
	say(&w, fd, "cd");
	tap_ok(pv_slice_is(pv_buf_slice(&w.seen), "ab"), "not while the handler pauses");
	pv_x_pause(w.held, false);
	turn(&w, 3);
	tap_ok(pv_slice_is(pv_buf_slice(&w.seen), "abcd"),
	    "what came meanwhile is given when it goes on");
	pv_x_pause(w.held, false);
	say(&w, fd, "efgh");
	tap_ok(pv_slice_is(pv_buf_slice(&w.seen), "abcdefgh") && w.last, "to the end");
	tap_ok(hear(&w, fd, text, sizeof(text)) == STILL_OPEN &&
		   strncmp(text, "HTTP/1.1 204 ", 13) == 0 &&
		   strstr(text, "Content-Length") == NULL,
	    "204 has no length");
	say(&w, fd,
	    "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
	close(fd);
	turn(&w, 5);
	tap_ok(w.gone == 1, "a client that left is seen even while its body is not wanted");
	world_end(&w);
}

static void
test_deadlines(void)
{
	struct pv_server_limits limits = {
		.head_ms = 80, .body_ms = 80, .idle_ms = 1000, .answer_ms = 80
	};
	struct world w;
	char text[4096];
	int fd;

	world_begin(&w, limits, NULL);
	fd = dial(&w);
	for (int i = 0; i < 20; i++) {
		(void)!send(fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(&w, 10);
	}
	tap_ok(hear(&w, fd, text, sizeof(text)) != STILL_OPEN &&
		   strncmp(text, "HTTP/1.1 408 ", 13) == 0,
	    "a head that dribbles is cut, however busily");
	close(fd);
	fd = dial(&w);
	turn(&w, 120);
	tap_ok(hear(&w, fd, text, sizeof(text)) == ENDED && text[0] == '\0',
	    "so is a connection that says nothing");
	close(fd);
	fd = dial(&w);
	say(&w, fd, "POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 90\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		(void)!send(fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(&w, 10);
	}
	tap_ok(hear(&w, fd, text, sizeof(text)) != STILL_OPEN &&
		   strncmp(text, "HTTP/1.1 408 ", 13) == 0 && w.wholes == 0 && w.gone == 1,
	    "a body that dribbles is cut, and its handler told");
	close(fd);
	fd = dial(&w);
	say(&w, fd, "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 90\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		(void)!send(fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(&w, 1);
		if (w.held != NULL)
			pv_x_pause(w.held, false);
		turn(&w, 9);
	}
	tap_ok(hear(&w, fd, text, sizeof(text)) != STILL_OPEN && w.gone == 2,
	    "a streamed body that dribbles too");
	close(fd);
	world_end(&w);
}

static void
test_slow_reader(void)
{
	struct pv_server_limits limits = { .answer_ms = 100 };
	char *large = pv_alloc(32 << 20);
	struct world w;
	char text[4096];
	int fd;

	world_begin(&w, limits, NULL);
	w.reply = pv_slice_mem(large, 32 << 20);
	fd = dial(&w);
	say(&w, fd, GET("/large"));
	turn(&w, 250);
	tap_ok(w.gone == 1 && pv_server_counts(w.server).timeouts == 1 &&
		   pv_server_counts(w.server).open == 0,
	    "a client that does not take its answer is cut");
	while (recv(fd, text, sizeof(text), 0) > 0)
		;
	close(fd);
	world_end(&w);
	pv_free(large);
}

static void
test_limits(void)
{
	struct world w;
	char text[4096];
	int fds[4];

	world_begin(&w, (struct pv_server_limits){ .per_address = 2 }, NULL);
	for (int i = 0; i < 3; i++)
		fds[i] = dial(&w);
	tap_ok(hear(&w, fds[2], text, sizeof(text)) == ENDED &&
		   pv_server_counts(w.server).refused == 1,
	    "from one address come no more connections than may");
	close(fds[0]);
	turn(&w, 3);
	fds[3] = dial(&w);
	say(&w, fds[3], GET("/"));
	tap_ok(hear(&w, fds[3], text, sizeof(text)) == STILL_OPEN && ends(text, "ok"),
	    "another when one has ended");
	for (int i = 1; i < 4; i++)
		close(fds[i]);
	world_end(&w);

	world_begin(&w, (struct pv_server_limits){ .connections = 1, .requests = 2 }, NULL);
	fds[0] = dial(&w);
	fds[1] = dial(&w);
	tap_ok(hear(&w, fds[1], text, sizeof(text)) == ENDED, "nor in all");
	say(&w, fds[0], GET("/"));
	tap_ok(hear(&w, fds[0], text, sizeof(text)) == STILL_OPEN,
	    "a connection has so many requests,");
	say(&w, fds[0], GET("/"));
	tap_ok(hear(&w, fds[0], text, sizeof(text)) == ENDED &&
		   strstr(text, "Connection: close") != NULL,
	    "and the last says so");
	close(fds[0]);
	close(fds[1]);
	world_end(&w);
}

static void
test_drain(void)
{
	struct world w;
	char text[4096];
	int idle, busy, late;

	world_begin(&w, (struct pv_server_limits){ 0 }, NULL);
	idle = dial(&w);
	busy = dial(&w);
	say(&w, busy, GET("/hold"));
	tap_ok(!pv_server_idle(w.server), "a server that was not told to end is not idle");
	late = dial_only(&w);
	pv_server_drain(w.server);
	tap_ok(hear(&w, idle, text, sizeof(text)) == ENDED, "a graceful end: idle connections go");
	tap_ok(!pv_server_idle(w.server) && w.held != NULL, "those with a request stay");
	say(&w, late, GET("/"));
	tap_ok(hear(&w, late, text, sizeof(text)) == ENDED && ends(text, "ok") &&
		   strstr(text, "Connection: close") != NULL,
	    "those that came just before have their answer");
	pv_x_reply(w.held, 200, "text/plain", PV_SLICE("bye"));
	tap_ok(hear(&w, busy, text, sizeof(text)) == ENDED && ends(text, "bye") &&
		   strstr(text, "Connection: close") != NULL,
	    "until they have their answer");
	tap_ok(pv_server_idle(w.server), "then it is idle");
	close(idle);
	close(busy);
	close(late);
	world_end(&w);
}

/* ---- TLS ---- */

struct pair {
	struct pv_slice certificate, key;
};

static struct pair
make_pair(struct pv_arena *a, const char *name)
{
	struct pv_slice names[] = { pv_slice_of(name), PV_SLICE("127.0.0.1") };
	uint64_t now = (uint64_t)time(NULL);
	struct pv_err e = { 0 };
	struct pair p = { 0 };

	if (!pv_ok(
		pv_tls_self_signed(names, 2, now - 60, now + 3600, a, &p.certificate, &p.key, &e)))
		printf("Bail out! %s\n", e.what);
	return p;
}

static SSL_CTX *
client_ctx(const struct pair *mine)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (mine != NULL) {
		BIO *cert = BIO_new_mem_buf(mine->certificate.p, (int)mine->certificate.n);
		BIO *key = BIO_new_mem_buf(mine->key.p, (int)mine->key.n);
		X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
		EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

		SSL_CTX_use_certificate(c, x);
		SSL_CTX_use_PrivateKey(c, k);
		X509_free(x);
		EVP_PKEY_free(k);
		BIO_free(cert);
		BIO_free(key);
	}
	return c;
}

/* A whole exchange on a connection of its own; what was heard, and the session for the next. */
static bool
ask_tls(
    struct world *w, SSL_CTX *ctx, SSL_SESSION **session, const char *ask, char *text, size_t size)
{
	int fd = dial(w), n = 0;
	SSL *ssl = SSL_new(ctx);
	bool resumed = false;

	text[0] = '\0';
	SSL_set_fd(ssl, fd);
	SSL_set_connect_state(ssl);
	if (session != NULL && *session != NULL)
		SSL_set_session(ssl, *session);
	fd = SSL_get_fd(ssl);
	struct timeval tv = { .tv_usec = 20000 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	for (int i = 0; i < 50 && SSL_do_handshake(ssl) != 1; i++)
		turn(w, 2);
	if (SSL_is_init_finished(ssl) && SSL_write(ssl, ask, (int)strlen(ask)) > 0) {
		turn(w, 10);
		for (int i = 0; i < 50 && n <= 0; i++) {
			n = SSL_read(ssl, text, (int)size - 1);
			turn(w, 2);
		}
		text[n > 0 ? n : 0] = '\0';
		resumed = SSL_session_reused(ssl) == 1;
		if (session != NULL) {
			SSL_SESSION_free(*session);
			*session = SSL_get1_session(ssl);
		}
		SSL_shutdown(ssl);
	}
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
	turn(w, 3);
	return resumed;
}

static SSL_CTX *
server_ctx(const struct pair *p, struct pv_slice client_ca)
{
	struct pv_tls_use use = {
		.certificate = p->certificate, .key = p->key, .client_ca = client_ca
	};
	struct pv_err e = { 0 };
	SSL_CTX *tls = NULL;

	if (!pv_ok(pv_tls_server(&tls, &use, &e)))
		printf("Bail out! %s\n", e.what);
	return tls;
}

static void
test_tls(void)
{
	struct pv_arena *a = pv_arena_new();
	struct pair server = make_pair(a, "localhost"), client = make_pair(a, "client"),
		    other = make_pair(a, "other");
	SSL_CTX *tls = server_ctx(&server, PV_NO_SLICE),
		*strict = server_ctx(&server, client.certificate);
	SSL_CTX *bare = client_ctx(NULL), *mine = client_ctx(&client),
		*strange = client_ctx(&other);
	SSL_SESSION *session = NULL;
	char text[4096], key[65];
	struct world w;

	world_begin(&w, (struct pv_server_limits){ .handshake_ms = 80 }, tls);
	ask_tls(&w, bare, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(strstr(text, "X-Key: -\r\n") != NULL && ends(text, "127.0.0.1"),
	    "TLS: without a certificate one is served");
	ask_tls(&w, mine, &session, GET("/peer"), text, sizeof(text));
	tap_ok(strncmp(text, "HTTP/1.1 200", 12) == 0 && strstr(text, "X-Key: -\r\n") == NULL,
	    "any certificate is taken where no CA is named");
	memcpy(key, strstr(text, "X-Key: ") + 7, 64);
	key[64] = '\0';
	tap_ok(ask_tls(&w, mine, &session, GET("/peer"), text, sizeof(text)) &&
		   strstr(text, key) != NULL,
	    "a session is resumed, and still has the certificate");
	SSL_CTX_set_max_proto_version(mine, TLS1_2_VERSION);
	SSL_SESSION_free(session);
	session = NULL;
	ask_tls(&w, mine, &session, GET("/peer"), text, sizeof(text));
	tap_ok(ask_tls(&w, mine, &session, GET("/peer"), text, sizeof(text)) &&
		   strstr(text, key) != NULL,
	    "with TLS 1.2 too");
	SSL_CTX_set_min_proto_version(bare, TLS1_VERSION);
	SSL_CTX_set_security_level(bare, 0);
	SSL_CTX_set_max_proto_version(bare, TLS1_1_VERSION);
	ask_tls(&w, bare, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(text[0] == '\0', "TLS 1.1 is not spoken");
	SSL_CTX_set_max_proto_version(bare, TLS1_3_VERSION);
	SSL_CTX_set_alpn_protos(bare, (const unsigned char *)"\x02h2", 3);
	ask_tls(&w, bare, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(text[0] == '\0', "a client that speaks HTTP/2 alone is told so in the handshake");
	SSL_CTX_set_alpn_protos(bare, (const unsigned char *)"\x02h2\x08http/1.1", 12);
	ask_tls(&w, bare, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(text[0] != '\0', "one that speaks HTTP/1.1 too is served");

	pv_server_tls(w.server, strict);
	SSL_CTX_set_max_proto_version(mine, TLS1_3_VERSION);
	tap_ok(!ask_tls(&w, mine, &session, GET("/peer"), text, sizeof(text)) &&
		   strstr(text, key) != NULL,
	    "after a reload no session is resumed that the old context made");
	ask_tls(&w, strange, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(text[0] == '\0',
	    "where a CA is named, a certificate that it did not sign ends the handshake");
	ask_tls(&w, bare, NULL, GET("/peer"), text, sizeof(text));
	tap_ok(strstr(text, "X-Key: -\r\n") != NULL, "and none is still no certificate");

	int fd = dial(&w);
	for (int i = 0; i < 20; i++) {
		(void)!send(fd, &"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"[i % 10], 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(&w, 10);
	}
	tap_ok(hear(&w, fd, text, sizeof(text)) != STILL_OPEN, "a handshake that dribbles is cut");
	close(fd);
	fd = dial(&w);
	say(&w, fd, GET("/"));
	tap_ok(
	    hear(&w, fd, text, sizeof(text)) != STILL_OPEN && strstr(text, "HTTP/1.1 200") == NULL,
	    "plain text is not served on a TLS port");
	close(fd);
	turn(&w, 5);
	tap_ok(pv_server_counts(w.server).open == 0 &&
		   pv_server_counts(w.server).handshakes_failed >= 4,
	    "failed handshakes are counted");
	world_end(&w);
	SSL_SESSION_free(session);
	SSL_CTX_free(bare);
	SSL_CTX_free(mine);
	SSL_CTX_free(strange);
	pv_tls_free(tls);
	pv_tls_free(strict);
	pv_arena_free(a);
}

struct bad_files {
	const char *name;
	bool cert, key, other_key;
	struct pv_slice ca;
	const char *what;
};
static const struct bad_files bad_files[] = {
	{ "no certificate", false, true, false, { NULL, 0 }, "the certificate is not PEM" },
	{ "no key", true, false, false, { NULL, 0 }, "the TLS key is not PEM without passphrase" },
	{ "another's key", true, true, true, { NULL, 0 },
	    "the TLS key does not belong to the certificate" },
	{ "a CA that is none", true, true, false, PV_SLICE("-----BEGIN CERTIFICATE-----\nAA\n"),
	    "the client CA is not PEM" },
};

static void
test_files(void)
{
	struct pv_arena *a = pv_arena_new();
	struct pair p = make_pair(a, "localhost"), o = make_pair(a, "other");
	struct pv_slice print;
	struct pv_err e = { 0 };
	SSL_CTX *tls;

	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		const struct bad_files *b = &bad_files[i];
		struct pv_tls_use use = { .client_ca = b->ca };
		struct pv_status st;

		if (b->cert)
			use.certificate = p.certificate;
		if (b->key)
			use.key = b->other_key ? o.key : p.key;
		st = pv_tls_server(&tls, &use, &e);
		tap_ok(st.code == PV_E_CONFIG && strncmp(e.what, b->what, strlen(b->what)) == 0,
		    "TLS with %s: %s", b->name, e.what);
	}
	if (!pv_ok(pv_tls_fingerprint(p.certificate, a, &print, &e)))
		print = PV_NO_SLICE;
	tap_ok(print.n == 95 && print.p[2] == ':' && print.p[92] == ':', "a fingerprint: %.*s",
	    PV_FMT(print));
	tap_ok(pv_tls_fingerprint(PV_SLICE("x"), a, &print, &e).code == PV_E_CONFIG,
	    "none of what is not PEM");
	pv_arena_free(a);
}

int
main(void)
{
	test_exchanges();
	test_byte_by_byte();
	test_waiting();
	test_sent_ahead();
	test_end_of_server();
	test_streaming_in();
	test_deadlines();
	test_slow_reader();
	test_limits();
	test_drain();
	test_files();
	test_tls();
	return tap_done();
}
