/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on pv_server that others can be pointed at: tests/interop/http and bench/http.
 *
 *	echo_server [-t] [-C FOLDER] [-c CONNECTIONS] [-a PER_ADDRESS] [-m MILLISECONDS] [-l LOOPS] [-L FILE]
 *
 * -t: TLS with a certificate of its own, written to FOLDER/cert.pem. -m: every deadline. -L: where each request that
 * was read whole by /see is told, a line each. It prints its port and serves until its standard input ends.
 *
 *	/hello          a line
 *	/see            (and any other path) what was read: method, target, headers X-..., length and sum of the body
 *	/collect        the body, back
 *	/sum            length and sum of a streamed body
 *	/big?n          n bytes in pieces
 *	/pieces         three chunks
 *	/wait           answered by the next /wake
 *	/key            a long answer, cut by the next /wake
 *	/never          not answered
 *	/stats          counts and memory
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http.h"
#include "net/tls.h"

struct waiter {
	struct waiter *next, **at;
	struct pv_x *x;
	bool key;
};

struct loop {
	struct event_base *base;
	struct pv_server *server;
	struct waiter *waiters;
	unsigned gone, done;
	FILE *log;
};

struct pump {
	struct pv_x *x;
	uint64_t left;
};

static uint64_t
sum_of(uint64_t sum, struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		sum = (sum ^ (unsigned char)s.p[i]) * 0x100000001b3u; /* FNV-1a */
	return sum;
}
#define SUM_BEGIN 0xcbf29ce484222325u

static struct loop *
loop_of(struct pv_x *x)
{
	return pv_x_user(x);
}

/* ---- what is answered ---- */

static void
see(struct pv_x *x, struct pv_slice body)
{
	const struct pv_request_head *h = pv_x_head(x);
	struct pv_buf out = { 0 };

	pv_buf_addf(&out, "%.*s %.*s", PV_FMT(h->method_name), PV_FMT(h->path));
	if (h->query.n > 0)
		pv_buf_addf(&out, "?%.*s", PV_FMT(h->query));
	for (size_t i = 0; i < h->header_count; i++)
		if (pv_slice_starts(h->headers[i].name, PV_SLICE("x-")))
			pv_buf_addf(&out, " %.*s=%.*s", PV_FMT(h->headers[i].name),
			    PV_FMT(h->headers[i].value));
	pv_buf_addf(
	    &out, " body=%zu:%016llx\n", body.n, (unsigned long long)sum_of(SUM_BEGIN, body));
	if (loop_of(x)->log != NULL)
		fwrite(out.p, 1, out.n, loop_of(x)->log);
	pv_x_reply(x, 200, "text/plain", pv_buf_slice(&out));
	pv_buf_free(&out);
}

static void
collected(struct pv_x *x, struct pv_slice body)
{
	pv_x_reply(x, 200, "application/octet-stream", body);
}

struct adder {
	uint64_t n, sum;
};

static void
add_some(struct pv_x *x, struct pv_slice data, bool last)
{
	struct adder *s = pv_x_user(x);
	char text[80];
	int n;

	s->n += data.n;
	s->sum = sum_of(s->sum, data);
	if (!last)
		return;
	n = snprintf(text, sizeof(text), "%llu %016llx\n", (unsigned long long)s->n,
	    (unsigned long long)s->sum);
	pv_x_reply(x, 200, "text/plain", pv_slice_mem(text, (size_t)n));
}

static void
pump_more(struct pv_x *x, void *user)
{
	static const char block[16384];
	struct pump *p = user;

	while (p->left > 0 && pv_x_waiting(x) < sizeof(block) * 4) {
		size_t n = p->left < sizeof(block) ? (size_t)p->left : sizeof(block);

		pv_x_write(x, pv_slice_mem(block, n));
		p->left -= n;
	}
	if (p->left == 0)
		pv_x_end(x);
}

static void
send_big(struct pv_x *x)
{
	struct pump *p = PV_ARENA_NEW(pv_x_arena(x), struct pump);
	uint64_t n = 0;

	if (!pv_slice_u64(pv_x_head(x)->query, &n)) {
		pv_x_reply(x, 400, "text/plain", PV_SLICE("how many?\n"));
		return;
	}
	*p = (struct pump){ x, n };
	pv_x_set_user(x, p);
	pv_x_begin(x, 200, "application/octet-stream", n);
	pv_x_on_drained(x, pump_more);
}

static void
send_pieces(struct pv_x *x)
{
	pv_x_begin(x, 200, "text/plain", UINT64_MAX);
	pv_x_write(x, PV_SLICE("one\n"));
	pv_x_write(x, PV_SLICE("two\n"));
	pv_x_write(x, PV_SLICE("three\n"));
	pv_x_end(x);
}

/* ---- those that wait ---- */

static void
unlink_waiter(struct waiter *w)
{
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
}

static void
waiter_gone(struct pv_x *x, void *user)
{
	struct waiter *w = user;

	(void)x;
	if (w->at != NULL)
		unlink_waiter(w);
}

static void
add_waiter(struct loop *l, struct pv_x *x, bool key)
{
	struct waiter *w = PV_ARENA_NEW(pv_x_arena(x), struct waiter);

	*w = (struct waiter){ .next = l->waiters, .at = &l->waiters, .x = x, .key = key };
	if (w->next != NULL)
		w->next->at = &w->next;
	l->waiters = w;
	pv_x_set_user(x, w);
	pv_x_on_gone(x, waiter_gone);
	if (!key)
		return;
	pv_x_deliver_within(x, 1000);
	pv_x_begin(x, 200, "application/octet-stream", 1 << 22);
	for (int i = 0; i < 64; i++)
		pv_x_write(x,
		    PV_SLICE("key key key key key key key key key key key key key key key key\n"));
}

static void
wake(struct loop *l, struct pv_x *x)
{
	char text[40];
	int n = 0;

	while (l->waiters != NULL) {
		struct waiter *w = l->waiters;

		l->waiters = w->next;
		if (l->waiters != NULL)
			l->waiters->at = &l->waiters;
		w->at = NULL;
		n++;
		if (w->key)
			pv_x_cut(w->x);
		else
			pv_x_reply(w->x, 200, "text/plain", PV_SLICE("woken\n"));
	}
	n = snprintf(text, sizeof(text), "%d\n", n);
	pv_x_reply(x, 200, "text/plain", pv_slice_mem(text, (size_t)n));
}

static long
resident_kib(void)
{
	char line[200], *rest;
	FILE *f = fopen("/proc/self/statm", "re");
	bool got = f != NULL && fgets(line, sizeof(line), f) != NULL;

	if (f != NULL)
		fclose(f);
	if (!got)
		return -1;
	(void)strtol(line, &rest, 10); /* all pages; then those that are there */
	return strtol(rest, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
stats(struct loop *l, struct pv_x *x)
{
	struct pv_server_counts c = pv_server_counts(l->server);
	unsigned waiting = 0;
	char text[400];
	int n;

	malloc_trim(0);
	for (struct waiter *w = l->waiters; w != NULL; w = w->next)
		waiting++;
	n = snprintf(text, sizeof(text),
	    "{\"accepted\":%llu,\"refused\":%llu,\"open\":%llu,\"requests\":%llu,\"bad\":%llu,"
	    "\"timeouts\":%llu,"
	    "\"handshakes_failed\":%llu,\"waiting\":%u,\"gone\":%u,\"done\":%u,\"resident_kib\":%"
	    "ld}\n",
	    (unsigned long long)c.accepted, (unsigned long long)c.refused,
	    (unsigned long long)c.open, (unsigned long long)c.requests, (unsigned long long)c.bad,
	    (unsigned long long)c.timeouts, (unsigned long long)c.handshakes_failed, waiting,
	    l->gone, l->done, resident_kib());
	pv_x_reply(x, 200, "application/json", pv_slice_mem(text, (size_t)n));
}

static void
never_gone(struct pv_x *x, void *user)
{
	(void)x;
	((struct loop *)user)->gone++;
}

static void
on_request(struct pv_x *x, void *ctx)
{
	struct loop *l = ctx;
	struct pv_slice path = pv_x_head(x)->path;

	pv_x_set_user(x, l);
	if (pv_slice_is(path, "/hello")) {
		pv_x_reply(x, 200, "text/plain", PV_SLICE("hello\n"));
	} else if (pv_slice_is(path, "/collect")) {
		pv_x_collect(x, 1 << 20, collected);
	} else if (pv_slice_is(path, "/sum")) {
		struct adder *s = PV_ARENA_NEW(pv_x_arena(x), struct adder);

		s->sum = SUM_BEGIN;
		pv_x_set_user(x, s);
		pv_x_stream_in(x, 1 << 30, add_some);
	} else if (pv_slice_is(path, "/big")) {
		send_big(x);
	} else if (pv_slice_is(path, "/pieces")) {
		send_pieces(x);
	} else if (pv_slice_is(path, "/wait") || pv_slice_is(path, "/key")) {
		add_waiter(l, x, pv_slice_is(path, "/key"));
	} else if (pv_slice_is(path, "/wake")) {
		wake(loop_of(x), x);
	} else if (pv_slice_is(path, "/never")) {
		pv_x_on_gone(x, never_gone);
	} else if (pv_slice_is(path, "/stats")) {
		stats(l, x);
	} else {
		pv_x_collect(x, 1 << 20, see);
	}
}

/* ---- the program ---- */

struct options {
	bool tls;
	const char *folder, *log;
	struct pv_server_limits limits;
	unsigned loops;
};

static void
die(const char *what)
{
	fprintf(stderr, "echo_server: %s\n", what);
	exit(1);
}

static int
listen_on(unsigned short port, unsigned short *got)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0 || listen(fd, 1024) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) != 0)
		die(strerror(errno));
	*got = ntohs(in.sin_port);
	return fd;
}

static void
write_file(const char *folder, const char *name, struct pv_slice text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	if (f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0)
		die(path);
}

static SSL_CTX *
make_tls(const struct options *o)
{
	struct pv_slice names[] = { PV_SLICE("localhost"), PV_SLICE("127.0.0.1") };
	struct pv_arena *a = pv_arena_new();
	struct pv_tls_use use = { 0 };
	uint64_t now = (uint64_t)time(NULL);
	struct pv_err e = { 0 };
	SSL_CTX *tls = NULL;

	if (!pv_ok(pv_tls_self_signed(
		names, 2, now - 3600, now + 86400, a, &use.certificate, &use.key, &e)) ||
	    !pv_ok(pv_tls_server(&tls, &use, &e)))
		die(e.what);
	write_file(o->folder, "cert.pem", use.certificate);
	write_file(o->folder, "key.pem", use.key);
	pv_arena_free(a);
	return tls;
}

static void
start_loop(struct loop *l, const struct options *o, SSL_CTX *tls, unsigned short *port)
{
	struct pv_server_use use = {
		.tls = tls, .limits = o->limits, .on_request = on_request, .ctx = l
	};
	struct pv_err e = { 0 };

	l->base = event_base_new();
	if (o->log != NULL && (l->log = fopen(o->log, "ae")) == NULL)
		die(o->log);
	if (l->log != NULL)
		setvbuf(l->log, NULL, _IOLBF, 0);
	use.base = l->base;
	use.listener = listen_on(*port, port);
	if (!pv_ok(pv_server_new(&l->server, &use, &e)))
		die(e.what);
}

static void *
run_loop(void *arg)
{
	struct loop *l = arg;

	event_base_dispatch(l->base);
	return NULL;
}

static void
on_stdin(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	char c;

	(void)what;
	if (read((int)fd, &c, 1) == 0)
		event_base_loopbreak(l->base);
}

static struct options
read_options(int argc, char **argv)
{
	struct options o = { .folder = ".", .loops = 1 };
	int c;

	while ((c = getopt(argc, argv, "tC:c:a:m:l:L:")) != -1) {
		unsigned n = optarg == NULL ? 0 : (unsigned)strtoul(optarg, NULL, 10);

		switch (c) {
		case 't':
			o.tls = true;
			break;
		case 'C':
			o.folder = optarg;
			break;
		case 'L':
			o.log = optarg;
			break;
		case 'c':
			o.limits.connections = n;
			break;
		case 'a':
			o.limits.per_address = n;
			break;
		case 'm':
			o.limits.handshake_ms = o.limits.head_ms = o.limits.body_ms =
			    o.limits.answer_ms = o.limits.idle_ms = n;
			break;
		case 'l':
			o.loops = n;
			break;
		default:
			die("unknown option");
		}
	}
	return o;
}

int
main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	SSL_CTX *tls = o.tls ? make_tls(&o) : NULL;
	struct loop loops[16] = { 0 };
	unsigned short port = 0;
	struct event *end;

	if (o.loops < 1 || o.loops > 16)
		die("1 to 16 loops");
	for (unsigned i = 0; i < o.loops; i++)
		start_loop(&loops[i], &o, tls, &port);
	for (unsigned i = 1; i < o.loops; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, run_loop, &loops[i]) != 0)
			die("no thread");
		pthread_detach(t);
	}
	end = event_new(loops[0].base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, &loops[0]);
	event_add(end, NULL);
	printf("%u\n", port);
	fflush(stdout);
	event_base_dispatch(loops[0].base);
	if (o.loops > 1)
		_exit(0); /* the others are in the midst of it */
	pv_server_free(loops[0].server);
	if (loops[0].log != NULL)
		fclose(loops[0].log);
	event_free(end);
	event_base_free(loops[0].base);
	pv_tls_free(tls);
	return 0;
}
