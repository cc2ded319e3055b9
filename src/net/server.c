/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: one loop, libevent's buffers, OpenSSL below them where there is TLS.
 *
 * Who owns what. The server owns its connections, a connection its one request (pv_x). Neither is ever freed beneath a
 * handler: whatever ends a connection (a client that left, a deadline, a cut) only marks it dead and puts it on the
 * server's list of things to do; the loop then tells the handler (gone) and frees it. An answer that was taken is
 * freed from the write callback of the loop, after done. So x is good from on_request until gone or done returned, of
 * which exactly one comes; calls on an x that is dead or answered do nothing.
 *
 * Deadlines are ours, one timer a connection, absolute: libevent's own begin anew with every byte. The timer is lazy:
 * it stays where it is when a deadline moves back, and looks again when it fires.
 *
 * Reading stays on while a handler thinks, else a client that left would not be seen. What a pipelining client can make
 * us hold is bounded by a watermark, and by us: libevent calls back in a busy loop for as long as it stands above one;
 * and in time, since a client that leaves behind much that is unread is not seen to leave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "net/http.h"

#define READ_HIGH    32768 /* bytes held unread; more than a head has */
#define DRAINED      65536 /* fewer waiting to be sent: the handler may write more */
#define ONE_WRITE    65536 /* answers up to this leave in one piece */
#define LINGER_MS    2000  /* for the client to read an answer that came before its body was over */
#define LINGER_BYTES (1 << 20) /* and what we read away meanwhile */
#define WINDOW       (1 << 20) /* of an answer, in answer_ms */
#define WINDOW_IN    65536     /* of a streamed body, in body_ms */
#define ACCEPT_BATCH 32
#define ACCEPT_PAUSE 100 /* ms, when the system has no descriptors left */
#define ADDRESSES    4096

enum phase {
	PHASE_HANDSHAKE,
	PHASE_IDLE, /* no byte of a next request */
	PHASE_HEAD,
	PHASE_BODY,    /* the body is being read */
	PHASE_HANDLER, /* an answer is awaited; no deadline of ours */
	PHASE_ANSWER,
	PHASE_LINGER,
};

enum mode { BODY_UNDECIDED, BODY_COLLECT, BODY_STREAM };
enum answer { ANSWER_NONE, ANSWER_PIECES, ANSWER_ENDED };

struct address {
	struct address *next;
	uint8_t bytes[16]; /* IPv6 by its /64 */
	unsigned count;
};

struct conn {
	struct pv_server *server;
	struct conn *prev, *next;
	struct conn *todo; /* the next one on the list of things to do */
	struct bufferevent *bev;
	SSL *ssl; /* bev's; NULL: plain */
	struct address *address;
	struct pv_x *x;
	struct event timer;
	uint64_t deadline, ahead, armed; /* monotonic ms; 0: none. ahead: while it is full */
	uint64_t taken;                  /* the mark of a window: bytes in or out so far */
	uint64_t out;                    /* bytes of answers handed to bev */
	size_t scanned;                  /* of the head, for line ends */
	unsigned requests;
	enum phase phase;
	bool dead, queued, working, close, reset;
	bool full; /* reading is off: enough is held */
	char peer[INET6_ADDRSTRLEN];
};

struct pv_x {
	struct conn *c;
	struct pv_arena *arena;
	struct pv_request_head head;
	struct pv_body_reader reader;
	enum mode mode;
	bool over, handed, paused; /* the body: was read, was given whole, is not wanted now */
	uint64_t max, got;
	unsigned time_left; /* ms, while it is paused */
	struct pv_buf body;
	void (*whole)(struct pv_x *x, struct pv_slice body);
	void (*some)(struct pv_x *x, struct pv_slice data, bool last);
	enum answer answer;
	bool chunked, mute; /* the answer; mute: no body is sent */
	bool refused;       /* it is ours, not the handler's */
	bool ask;           /* drained is to be called */
	uint64_t left;
	int status; /* of the answer; 0: none yet */
	struct pv_buf headers;
	void (*gone)(struct pv_x *x, void *user);
	void (*done)(struct pv_x *x, void *user);
	void (*drained)(struct pv_x *x, void *user);
	void *user;
};

struct pv_server {
	struct event_base *base;
	SSL_CTX *tls;
	struct pv_server_limits limits;
	void (*on_request)(struct pv_x *x, void *ctx);
	void *ctx;
	int listener;
	struct event accept, retry, work;
	struct conn *conns; /* all */
	struct conn *todo;
	struct address *addresses[ADDRESSES];
	struct pv_server_counts counts;
	struct pv_buf scratch;
	time_t date_s;
	char date[40];
	bool draining;
};

static void work_on(struct conn *c);
static void conn_free(struct conn *c);

/* ---- time ---- */

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The earlier of the two; 0: none. */
static uint64_t
next_deadline(const struct conn *c)
{
	if (c->deadline == 0 || (c->ahead != 0 && c->ahead < c->deadline))
		return c->ahead;
	return c->deadline;
}

/* Sees to it that the timer fires no later than it must. */
static void
arm(struct conn *c, uint64_t now)
{
	uint64_t at = next_deadline(c), ms = at > now ? at - now : 1;
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	if (at == 0 || (c->armed != 0 && c->armed <= at))
		return;
	c->armed = at;
	event_add(&c->timer, &tv);
}

/* 0: no deadline */
static void
enter(struct conn *c, enum phase phase, unsigned ms)
{
	uint64_t now = now_ms();

	c->phase = phase;
	c->deadline = ms == 0 ? 0 : now + ms;
	arm(c, now);
}

/* ---- things to do: never beneath a handler ---- */

static void
queue(struct conn *c)
{
	if (c->queued)
		return;
	c->queued = true;
	c->todo = c->server->todo;
	c->server->todo = c;
	event_active(&c->server->work, EV_TIMEOUT, 1);
}

static void
kill_conn(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	queue(c);
}

/* Not one more byte: the kernel forgets what it has to send, the client gets a reset. */
static void
cut(struct conn *c)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	evutil_socket_t fd = bufferevent_getfd(c->bev);
	struct evbuffer *out = bufferevent_get_output(c->bev);

	kill_conn(c);
	c->reset = true;
	if (fd >= 0)
		(void)connect(fd, &none, sizeof(none));
	evbuffer_drain(out, evbuffer_get_length(out));
}

static void
do_work(evutil_socket_t fd, short what, void *arg)
{
	struct pv_server *s = arg;
	struct conn *list = s->todo;

	(void)fd;
	(void)what;
	s->todo = NULL;
	while (list != NULL) {
		struct conn *c = list;

		list = c->todo;
		c->queued = false;
		if (!c->dead)
			work_on(c);
		if (c->dead && !c->queued)
			conn_free(c);
	}
}

/* ---- addresses ---- */

static void
address_of(const struct sockaddr_storage *ss, uint8_t bytes[16], char peer[INET6_ADDRSTRLEN])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(bytes, 0, 16);
	peer[0] = '\0';
	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		memcpy(bytes, mapped, 12);
		memcpy(bytes + 12, &in->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(bytes, &((const struct sockaddr_in6 *)ss)->sin6_addr, 16);
	}
	if (memcmp(bytes, mapped, 12) == 0) {
		inet_ntop(AF_INET, bytes + 12, peer, INET6_ADDRSTRLEN);
	} else {
		inet_ntop(AF_INET6, bytes, peer, INET6_ADDRSTRLEN);
		memset(bytes + 8, 0, 8);
	}
}

static struct address **
address_slot(struct pv_server *s, const uint8_t bytes[16])
{
	uint64_t h = pv_hash64(pv_slice_mem(bytes, 16));
	struct address **slot = &s->addresses[h % ADDRESSES];

	while (*slot != NULL && memcmp((*slot)->bytes, bytes, 16) != 0)
		slot = &(*slot)->next;
	return slot;
}

/* NULL: there are as many from there as may be. */
static struct address *
address_enter(struct pv_server *s, const uint8_t bytes[16])
{
	struct address **slot = address_slot(s, bytes);

	if (*slot == NULL) {
		*slot = PV_NEW(struct address);
		memcpy((*slot)->bytes, bytes, 16);
	} else if ((*slot)->count >= s->limits.per_address) {
		return NULL;
	}
	(*slot)->count++;
	return *slot;
}

static void
address_leave(struct pv_server *s, struct address *a)
{
	struct address **slot;

	if (--a->count > 0)
		return;
	slot = address_slot(s, a->bytes);
	*slot = a->next;
	pv_free(a);
}

/* ---- the end of requests and connections ---- */

static void
x_free(struct pv_x *x)
{
	pv_buf_free(&x->body);
	pv_buf_free(&x->headers);
	pv_arena_free(x->arena);
	pv_free(x);
}

static void
conn_free(struct conn *c)
{
	struct pv_server *s = c->server;
	struct pv_x *x = c->x;

	c->queued = true; /* whatever gone does, it is not put on the list again */
	c->x = NULL;
	if (x != NULL && x->gone != NULL)
		x->gone(x, x->user);
	if (x != NULL)
		x_free(x);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	address_leave(s, c->address);
	event_del(&c->timer);
	/* A session that ends without an alert is as good for resumption as one with it: the tickets hold it. */
	if (c->ssl != NULL && !c->reset && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	bufferevent_free(c->bev);
	s->counts.open--;
	pv_free(c);
}

/* The answer was handed over; the request may have bytes that nobody will read. */
static void
linger(struct conn *c)
{
	evutil_socket_t fd = bufferevent_getfd(c->bev);

	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	shutdown(fd, SHUT_WR);
	c->taken = 0;
	enter(c, PHASE_LINGER, LINGER_MS);
	queue(c);
}

static void
finish(struct conn *c)
{
	struct pv_x *x = c->x;
	bool unread = !x->over;
	void (*last)(struct pv_x *, void *) = x->refused ? x->gone : x->done;

	c->x = NULL;
	if (last != NULL)
		last(x, x->user);
	x_free(x);
	if (c->dead)
		return;
	c->close = c->close || c->server->draining;
	if (c->close && (unread || evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)) {
		linger(c);
	} else if (c->close) {
		kill_conn(c);
	} else {
		enter(c, PHASE_IDLE, c->server->limits.idle_ms);
		work_on(c);
	}
}

/* ---- answers ---- */

static const char *
date_now(struct pv_server *s)
{
	struct timeval tv;
	struct tm tm;

	event_base_gettimeofday_cached(s->base, &tv);
	if (tv.tv_sec != s->date_s) {
		s->date_s = tv.tv_sec;
		gmtime_r(&s->date_s, &tm);
		strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return s->date;
}

static void
send_bytes(struct conn *c, struct pv_slice s)
{
	if (c->dead || s.n == 0)
		return;
	if (evbuffer_add(bufferevent_get_output(c->bev), s.p, s.n) != 0) {
		cut(c);
		return;
	}
	c->out += s.n;
}

static void
write_head(struct pv_buf *out, struct pv_server *s, const struct conn *c, int status,
    const char *type, struct pv_slice headers)
{
	pv_buf_add_str(out, "HTTP/1.1 ");
	pv_buf_add_u64(out, (uint64_t)status);
	pv_buf_add_c(out, ' ');
	pv_buf_add_str(out, pv_status_text(status));
	pv_buf_add_str(out, "\r\nDate: ");
	pv_buf_add_str(out, date_now(s));
	if (type != NULL) {
		pv_buf_add_str(out, "\r\nContent-Type: ");
		pv_buf_add_str(out, type);
	}
	pv_buf_add_str(out, c->close ? "\r\nConnection: close\r\n" : "\r\n");
	pv_buf_add(out, headers);
}

static void
count_answer(struct pv_server *s, int status)
{
	if (status >= 100 && status < 600)
		s->counts.by_class[status / 100]++;
}

/* From here on the client has to take what waits for it. */
static void
expect_taking(struct conn *c)
{
	if (c->phase == PHASE_ANSWER && c->deadline != 0)
		return;
	c->taken = c->out - evbuffer_get_length(bufferevent_get_output(c->bev));
	enter(c, PHASE_ANSWER, c->server->limits.answer_ms);
}

static bool
bodyless(int status)
{
	return status == 204 || status == 304 || status < 200;
}

/* A request that is no more: its connection says so and ends. */
static void
refuse(struct conn *c, int status, const char *why)
{
	struct pv_server *s = c->server;
	struct pv_buf *out = &s->scratch;
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };

	c->close = true;
	count_answer(s, status);
	pv_buf_addf(&body,
	    "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
	    pv_status_text(status), status, why);
	pv_buf_clear(out);
	write_head(out, s, c, status, "application/problem+json", PV_NO_SLICE);
	pv_buf_addf(out, "Content-Length: %zu\r\n\r\n", body.n);
	if (c->x == NULL || c->x->head.method != PV_HEAD)
		pv_buf_add(out, pv_buf_slice(&body));
	send_bytes(c, pv_buf_slice(out));
	if (c->x != NULL) {
		c->x->answer = ANSWER_ENDED;
		c->x->refused = true;
		c->x->status = status;
	}
	expect_taking(c);
}

static bool
may_answer(const struct pv_x *x)
{
	return !x->c->dead && x->answer == ANSWER_NONE;
}

static void
begin_answer(struct pv_x *x, int status)
{
	struct conn *c = x->c;

	x->mute = x->head.method == PV_HEAD || bodyless(status);
	c->close = c->close || !x->over || !x->head.keep_alive || c->server->draining ||
		   c->requests >= c->server->limits.requests;
	count_answer(c->server, status);
	x->status = status;
}

static void
add_keep_alive(struct pv_x *x, struct pv_buf *out)
{
	/* An HTTP/1.0 client keeps the connection only when told; it is told also where it knows. */
	if (!x->c->close && pv_header_get(&x->head, "connection", NULL).n > 0)
		pv_buf_add_str(out, "Connection: keep-alive\r\n");
}

void
pv_x_reply(struct pv_x *x, int status, const char *type, struct pv_slice body)
{
	struct conn *c = x->c;
	struct pv_server *s = c->server;
	struct pv_buf *out = &s->scratch;

	if (!may_answer(x))
		return;
	begin_answer(x, status);
	x->answer = ANSWER_ENDED;
	pv_buf_clear(out);
	write_head(out, s, c, status, type, pv_buf_slice(&x->headers));
	add_keep_alive(x, out);
	if (!bodyless(status))
		pv_buf_addf(out, "Content-Length: %zu\r\n", body.n);
	pv_buf_add_str(out, "\r\n");
	if (x->mute)
		body = PV_NO_SLICE;
	if (body.n <= ONE_WRITE)
		pv_buf_add(out, body);
	send_bytes(c, pv_buf_slice(out));
	if (body.n > ONE_WRITE)
		send_bytes(c, body);
	expect_taking(c);
}

void
pv_x_begin(struct pv_x *x, int status, const char *type, uint64_t length)
{
	struct conn *c = x->c;
	struct pv_buf *out = &c->server->scratch;
	bool http10 = x->head.http10;

	if (!may_answer(x))
		return;
	begin_answer(x, status);
	x->answer = ANSWER_PIECES;
	x->left = length;
	x->chunked = length == UINT64_MAX && !http10 && !bodyless(status);
	c->close = c->close || (length == UINT64_MAX && http10);
	pv_buf_clear(out);
	write_head(out, c->server, c, status, type, pv_buf_slice(&x->headers));
	add_keep_alive(x, out);
	if (x->chunked)
		pv_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
	else if (length != UINT64_MAX && !bodyless(status))
		pv_buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)length);
	pv_buf_add_str(out, "\r\n");
	send_bytes(c, pv_buf_slice(out));
	expect_taking(c);
}

void
pv_x_write(struct pv_x *x, struct pv_slice data)
{
	struct conn *c = x->c;
	char size[24];

	if (c->dead || x->answer != ANSWER_PIECES || x->mute || data.n == 0)
		return;
	if (!x->chunked && data.n > x->left)
		data.n = (size_t)x->left; /* a length was promised */
	if (x->left != UINT64_MAX)
		x->left -= data.n;
	if (x->chunked) {
		int n = snprintf(size, sizeof(size), "%zx\r\n", data.n);

		send_bytes(c, pv_slice_mem(size, (size_t)n));
	}
	send_bytes(c, data);
	if (x->chunked)
		send_bytes(c, PV_SLICE("\r\n"));
	expect_taking(c);
}

void
pv_x_end(struct pv_x *x)
{
	struct conn *c = x->c;

	if (c->dead || x->answer != ANSWER_PIECES)
		return;
	if (!x->chunked && !x->mute && x->left != UINT64_MAX && x->left > 0) {
		cut(c); /* the client must not take a part for the whole */
		return;
	}
	x->answer = ANSWER_ENDED;
	if (x->chunked && !x->mute)
		send_bytes(c, PV_SLICE("0\r\n\r\n"));
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0)
		expect_taking(c);
	else
		queue(c);
}

void
pv_x_cut(struct pv_x *x)
{
	if (x->c->x == x)
		cut(x->c);
}

void
pv_x_deliver_within(struct pv_x *x, unsigned ms)
{
	evutil_socket_t fd = bufferevent_getfd(x->c->bev);

	if (!x->c->dead && setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) != 0 &&
	    errno != EOPNOTSUPP)
		cut(x->c);
}

size_t
pv_x_waiting(const struct pv_x *x)
{
	return evbuffer_get_length(bufferevent_get_output(x->c->bev));
}

void
pv_x_on_drained(struct pv_x *x, void (*drained)(struct pv_x *x, void *user))
{
	x->ask = x->drained == NULL;
	x->drained = drained;
	if (x->ask)
		queue(x->c);
}

void
pv_x_header(struct pv_x *x, const char *name, struct pv_slice value)
{
	size_t at;

	pv_buf_add_str(&x->headers, name);
	pv_buf_add_str(&x->headers, ": ");
	at = x->headers.n;
	pv_buf_add(&x->headers, value);
	/* What came from outside does not write header lines. */
	for (size_t i = at; i < x->headers.n; i++)
		if ((unsigned char)x->headers.p[i] < 0x20 || x->headers.p[i] == 0x7f)
			x->headers.p[i] = ' ';
	pv_buf_add_str(&x->headers, "\r\n");
}

/* ---- bodies ---- */

static bool
over_limit(const struct pv_x *x)
{
	return x->got > x->max || (x->head.has_length && x->head.length > x->max);
}

static void
take_body(struct pv_x *x)
{
	struct conn *c = x->c;

	if (over_limit(x)) {
		refuse(c, 413, "the body is larger than this place takes");
		return;
	}
	if (x->head.expect_continue && !x->over &&
	    evbuffer_get_length(bufferevent_get_input(c->bev)) == 0)
		send_bytes(c, PV_SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	c->taken = 0;
	x->time_left = c->server->limits.body_ms;
	if (!x->paused)
		enter(c, PHASE_BODY, x->time_left);
	if (!c->working)
		queue(c);
}

void
pv_x_collect(struct pv_x *x, size_t max, void (*whole)(struct pv_x *x, struct pv_slice body))
{
	if (!may_answer(x) || x->mode != BODY_UNDECIDED)
		return;
	x->mode = BODY_COLLECT;
	x->max = max;
	x->whole = whole;
	take_body(x);
}

void
pv_x_stream_in(
    struct pv_x *x, uint64_t max, void (*some)(struct pv_x *x, struct pv_slice data, bool last))
{
	if (!may_answer(x) || x->mode != BODY_UNDECIDED)
		return;
	x->mode = BODY_STREAM;
	x->max = max;
	x->some = some;
	take_body(x);
}

void
pv_x_pause(struct pv_x *x, bool pause)
{
	struct conn *c = x->c;

	if (x->paused == pause)
		return;
	x->paused = pause;
	if (c->dead || x->mode != BODY_STREAM || x->answer != ANSWER_NONE)
		return;
	/* The client's time stands still meanwhile; it does not begin anew, else one that dribbles had for ever. */
	if (pause) {
		uint64_t now = now_ms();

		x->time_left = c->deadline > now ? (unsigned)(c->deadline - now) : 1;
		enter(c, PHASE_HANDLER, 0);
	} else {
		enter(c, PHASE_BODY, x->time_left);
		queue(c);
	}
}

/* Gives the handler what there is. The request may be answered or dead afterwards. */
static void
hand_on(struct pv_x *x, struct pv_slice data, bool last)
{
	struct conn *c = x->c;

	x->handed = last;
	if (last)
		enter(c, PHASE_HANDLER, 0);
	if (x->mode == BODY_STREAM) {
		x->some(x, data, last);
		return;
	}
	pv_buf_add(&x->body, data);
	if (last)
		x->whole(x, pv_buf_slice(&x->body));
}

/* One run of bytes of the body. False: nothing to do now. */
static bool
body_step(struct conn *c)
{
	struct pv_x *x = c->x;
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t n = evbuffer_get_contiguous_space(in), used;
	struct pv_slice data;
	enum pv_http_read got;

	if (x->mode == BODY_UNDECIDED || x->paused || x->handed || x->answer != ANSWER_NONE)
		return false;
	if (x->over) { /* it has none */
		hand_on(x, PV_NO_SLICE, true);
		return true;
	}
	got = pv_body_read(&x->reader,
	    pv_slice_mem(n > 0 ? evbuffer_pullup(in, (ev_ssize_t)n) : NULL, n), &used, &data);
	if (got == PV_HTTP_BAD) {
		c->server->counts.bad++;
		refuse(c, 400, "a chunk of the body is not as it must be");
		return true;
	}
	if (got == PV_HTTP_MORE && used == 0)
		return false;
	x->got += data.n;
	if (x->got + x->reader.left > x->max) { /* a chunk says how large it will be */
		refuse(c, 413, "the body is larger than this place takes");
		return true;
	}
	x->over = got == PV_HTTP_DONE;
	if (data.n > 0 || x->over)
		hand_on(x, data, x->over);
	evbuffer_drain(in, used);
	return true;
}

/* ---- heads ---- */

static void
start_request(struct conn *c, struct pv_x *x)
{
	c->x = x;
	c->requests++;
	c->server->counts.requests++;
	pv_body_begin(&x->reader, &x->head);
	x->over = !x->head.chunked && x->head.length == 0;
	enter(c, PHASE_HANDLER, 0);
	c->server->on_request(x, c->server->ctx);
}

/* Whether these bytes may end a line, or are more than a head. */
static bool
worth_reading(struct conn *c, struct pv_slice text)
{
	size_t from = c->scanned;

	c->scanned = text.n;
	return from == 0 || text.n > PV_HEAD_MAX ||
	       memchr(text.p + from, '\n', text.n - from) != NULL;
}

static bool
head_step(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t n = evbuffer_get_length(in), used;
	struct pv_slice text;
	struct pv_x *x;
	const char *why;
	int status;
	enum pv_http_read got;

	if (n == 0)
		return false;
	if (c->phase == PHASE_IDLE)
		enter(c, PHASE_HEAD, c->server->limits.head_ms);
	if (n > PV_HEAD_MAX + 1)
		n = PV_HEAD_MAX + 1;
	text = pv_slice_mem(evbuffer_pullup(in, (ev_ssize_t)n), n);
	if (!worth_reading(c, text))
		return false;
	x = PV_NEW(struct pv_x);
	x->c = c;
	x->arena = pv_arena_new();
	got = pv_request_head_read(
	    &x->head, pv_arena_copy(x->arena, text), x->arena, &used, &status, &why);
	if (got == PV_HTTP_DONE) {
		c->scanned = 0;
		evbuffer_drain(in, used);
		start_request(c, x);
		return true;
	}
	x_free(x);
	if (got == PV_HTTP_BAD) {
		c->server->counts.bad++;
		refuse(c, status, why);
	}
	return false;
}

/* ---- what the loop says ---- */

static bool
step(struct conn *c)
{
	if (c->dead)
		return false;
	if (c->phase == PHASE_LINGER) {
		struct evbuffer *in = bufferevent_get_input(c->bev);

		c->taken += evbuffer_get_length(in);
		evbuffer_drain(in, evbuffer_get_length(in));
		if (c->taken > LINGER_BYTES)
			kill_conn(c);
		return false;
	}
	if (c->phase == PHASE_HANDSHAKE || (c->x == NULL && c->close))
		return false;
	return c->x == NULL ? head_step(c) : body_step(c);
}

/*
 * Reading goes off while enough is held, and on again. While it is off, nobody sees the client leave: so what is more
 * than this request, and has no end, is not borne for long.
 */
static void
read_or_not(struct conn *c)
{
	bool full = evbuffer_get_length(bufferevent_get_input(c->bev)) >= READ_HIGH;
	uint64_t now = now_ms();

	if (c->dead)
		return;
	if (!full)
		c->ahead = 0;
	else if (c->ahead == 0 && (c->x == NULL || c->x->over || c->x->mode == BODY_UNDECIDED))
		c->ahead = now + c->server->limits.head_ms;
	arm(c, now);
	if (full == c->full)
		return;
	c->full = full;
	if (full)
		bufferevent_disable(c->bev, EV_READ);
	else
		bufferevent_enable(c->bev, EV_READ);
}

/* Whatever can be done now: read on, ask for more to send, or finish. */
static void
work_on(struct conn *c)
{
	if (c->working)
		return;
	c->working = true;
	if (c->x != NULL && c->x->answer == ANSWER_PIECES && c->x->ask) {
		c->x->ask = false;
		if (c->x->drained != NULL && pv_x_waiting(c->x) < DRAINED)
			c->x->drained(c->x, c->x->user);
	}
	while (step(c))
		;
	read_or_not(c);
	c->working = false;
	if (!c->dead && c->x != NULL && c->x->answer == ANSWER_ENDED &&
	    evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
		finish(c);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (!c->dead)
		work_on(c);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	size_t waiting = evbuffer_get_length(bufferevent_get_output(bev));

	if (c->dead)
		return;
	if (c->x == NULL && c->close && waiting == 0 && c->phase == PHASE_ANSWER) {
		linger(c); /* refused before it was a request */
	} else if (c->x != NULL && c->x->answer == ANSWER_ENDED && waiting == 0) {
		finish(c);
	} else if (c->x != NULL && c->x->answer == ANSWER_PIECES) {
		if (waiting == 0)
			enter(c, PHASE_ANSWER, 0); /* it is the handler's turn */
		if (c->x->drained != NULL)
			c->x->drained(c->x, c->x->user);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	if (c->dead)
		return;
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		if (c->phase == PHASE_HANDSHAKE)
			enter(c, PHASE_IDLE, c->server->limits.head_ms);
		work_on(c);
		return;
	}
	if (c->phase == PHASE_HANDSHAKE)
		c->server->counts.handshakes_failed++;
	/* Its sending side is closed: an answer that is on its way may still be taken. */
	if ((what & BEV_EVENT_EOF) != 0 && c->phase == PHASE_ANSWER &&
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0 &&
	    (c->x == NULL || c->x->answer == ANSWER_ENDED)) {
		c->close = true;
		return;
	}
	ERR_clear_error();
	kill_conn(c);
}

/* A window of an answer or a body has passed: enough of it came by, or it is over. */
static bool
window_moves(struct conn *c)
{
	uint64_t sum = c->phase == PHASE_ANSWER
			   ? c->out - evbuffer_get_length(bufferevent_get_output(c->bev))
			   : c->x->got;
	uint64_t least = c->phase == PHASE_ANSWER ? WINDOW : WINDOW_IN;
	unsigned ms =
	    c->phase == PHASE_ANSWER ? c->server->limits.answer_ms : c->server->limits.body_ms;

	if (sum - c->taken < least)
		return false;
	c->taken = sum;
	enter(c, c->phase, ms);
	return true;
}

static void
time_is_up(struct conn *c)
{
	c->server->counts.timeouts++;
	switch (c->phase) {
	case PHASE_HEAD:
		refuse(c, 408, "the head of the request took too long");
		break;
	case PHASE_BODY:
		if (c->x->mode == BODY_STREAM && window_moves(c))
			c->server->counts.timeouts--;
		else
			refuse(c, 408, "the body of the request took too long");
		break;
	case PHASE_ANSWER:
		if (window_moves(c))
			c->server->counts.timeouts--;
		else
			cut(c);
		break;
	case PHASE_IDLE:
	case PHASE_LINGER:
		c->server->counts.timeouts--; /* nothing was under way */
		kill_conn(c);
		break;
	case PHASE_HANDSHAKE:
	case PHASE_HANDLER:
		kill_conn(c);
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	uint64_t now = now_ms();

	(void)fd;
	(void)what;
	c->armed = 0;
	if (c->dead)
		return;
	if (c->ahead != 0 && now >= c->ahead) {
		c->server->counts.timeouts++;
		cut(c);
	} else if (c->deadline != 0 && now >= c->deadline) {
		time_is_up(c);
	}
	if (!c->dead)
		arm(c, now);
}

/* ---- connections ---- */

static struct bufferevent *
new_bev(struct pv_server *s, int fd, SSL **ssl)
{
	*ssl = NULL;
	if (s->tls == NULL)
		return bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	*ssl = SSL_new(s->tls);
	if (*ssl == NULL)
		return NULL;
	return bufferevent_openssl_socket_new(
	    s->base, fd, *ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

static void
conn_new(struct pv_server *s, struct bufferevent *bev, SSL *ssl, struct address *address,
    const char *peer)
{
	struct conn *c = PV_NEW(struct conn);

	c->server = s;
	c->bev = bev;
	c->ssl = ssl;
	c->address = address;
	memcpy(c->peer, peer, sizeof(c->peer));
	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->counts.open++;
	event_assign(&c->timer, s->base, -1, 0, on_timer, c);
	bufferevent_setcb(bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(bev, EV_READ, 0, READ_HIGH);
	bufferevent_setwatermark(bev, EV_WRITE, DRAINED - 1, 0);
	if (ssl != NULL)
		enter(c, PHASE_HANDSHAKE, s->limits.handshake_ms);
	else
		enter(c, PHASE_IDLE, s->limits.head_ms);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void
welcome(struct pv_server *s, int fd, const struct sockaddr_storage *ss)
{
	uint8_t bytes[16];
	char peer[INET6_ADDRSTRLEN];
	struct address *address;
	struct bufferevent *bev;
	SSL *ssl;

	address_of(ss, bytes, peer);
	if (s->counts.open >= s->limits.connections ||
	    (address = address_enter(s, bytes)) == NULL) {
		s->counts.refused++;
		close(fd);
		return;
	}
	s->counts.accepted++;
	bev = new_bev(s, fd, &ssl);
	if (bev != NULL) {
		conn_new(s, bev, ssl, address, peer);
		return;
	}
	ERR_clear_error(); /* out of memory; whose the SSL is then, libevent does not say */
	close(fd);
	address_leave(s, address);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct pv_server *s = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t n = sizeof(ss);
		int fd =
		    accept4(listener, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(s, fd, &ss);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			struct timeval tv = { .tv_usec = ACCEPT_PAUSE * 1000 };

			event_del(&s->accept);
			event_add(&s->retry, &tv);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pv_server *s = arg;

	(void)fd;
	(void)what;
	if (!s->draining)
		event_add(&s->accept, NULL);
}

/* ---- the server ---- */

static void
set_default(unsigned *value, unsigned by_default)
{
	if (*value == 0)
		*value = by_default;
}

static struct pv_server_limits
with_defaults(struct pv_server_limits l)
{
	set_default(&l.connections, 10000);
	set_default(&l.per_address, 256);
	set_default(&l.handshake_ms, 10000);
	set_default(&l.head_ms, 10000);
	set_default(&l.body_ms, 60000);
	set_default(&l.idle_ms, 75000);
	set_default(&l.answer_ms, 60000);
	set_default(&l.requests, 100000);
	return l;
}

PV_RESULT
pv_server_new(struct pv_server **out, const struct pv_server_use *use, struct pv_err *e)
{
	struct pv_server *s = PV_NEW(struct pv_server);
	int on = 1;

	signal(SIGPIPE, SIG_IGN);
	s->base = use->base;
	s->listener = use->listener;
	s->limits = with_defaults(use->limits);
	s->on_request = use->on_request;
	s->ctx = use->ctx;
	pv_server_tls(s, use->tls);
	/* Those accepted inherit it. */
	(void)setsockopt(s->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event_assign(&s->accept, s->base, s->listener, EV_READ | EV_PERSIST, on_accept, s);
	event_assign(&s->retry, s->base, -1, 0, on_retry, s);
	event_assign(&s->work, s->base, -1, 0, do_work, s);
	if (event_add(&s->accept, NULL) != 0) {
		pv_server_free(s);
		return PV_FAIL(e, PV_E_BUG, "the loop does not take a listener");
	}
	*out = s;
	return PV_DONE;
}

void
pv_server_tls(struct pv_server *s, struct ssl_ctx_st *tls)
{
	if (tls != NULL)
		SSL_CTX_up_ref(tls);
	SSL_CTX_free(s->tls);
	s->tls = tls;
}

void
pv_server_limit(struct pv_server *s, const struct pv_server_limits *limits)
{
	s->limits = with_defaults(*limits);
}

static void
stop_listening(struct pv_server *s)
{
	if (s->listener < 0)
		return;
	event_del(&s->accept);
	event_del(&s->retry);
	close(s->listener);
	s->listener = -1;
}

void
pv_server_drain(struct pv_server *s)
{
	s->draining = true;
	for (struct conn *c = s->conns; c != NULL; c = c->next)
		if (c->phase == PHASE_IDLE)
			kill_conn(c);
	/* Whom the kernel has taken in already would be reset with the listener: they have their one answer. */
	if (s->listener >= 0)
		on_accept(s->listener, EV_READ, s);
	stop_listening(s);
}

bool
pv_server_idle(const struct pv_server *s)
{
	return s->draining && s->conns == NULL;
}

void
pv_server_free(struct pv_server *s)
{
	if (s == NULL)
		return;
	stop_listening(s);
	for (struct conn *c = s->conns; c != NULL; c = c->next)
		c->dead = c->queued = true;
	while (s->conns != NULL)
		conn_free(s->conns);
	event_del(&s->work);
	SSL_CTX_free(s->tls);
	pv_buf_free(&s->scratch);
	pv_free(s);
}

struct pv_server_counts
pv_server_counts(const struct pv_server *s)
{
	return s->counts;
}

/* ---- what a handler may ask ---- */

const struct pv_request_head *
pv_x_head(const struct pv_x *x)
{
	return &x->head;
}

struct pv_arena *
pv_x_arena(struct pv_x *x)
{
	return x->arena;
}

struct pv_slice
pv_x_peer(const struct pv_x *x)
{
	return pv_slice_of(x->c->peer);
}

int
pv_x_status(const struct pv_x *x)
{
	return x->status;
}

bool
pv_x_tls(const struct pv_x *x)
{
	return x->c->ssl != NULL;
}

struct x509_st *
pv_x_certificate(const struct pv_x *x)
{
	return x->c->ssl == NULL ? NULL : SSL_get0_peer_certificate(x->c->ssl);
}

void *
pv_x_user(const struct pv_x *x)
{
	return x->user;
}

void
pv_x_set_user(struct pv_x *x, void *user)
{
	x->user = user;
}

void
pv_x_on_gone(struct pv_x *x, void (*gone)(struct pv_x *x, void *user))
{
	x->gone = gone;
}

void
pv_x_on_done(struct pv_x *x, void (*done)(struct pv_x *x, void *user))
{
	x->done = done;
}
