/* SPDX-License-Identifier: Apache-2.0 */
/* Our client before our server, which runs in a thread of its own. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/fetch.h"
#include "net/http.h"
#include "net/tls.h"
#include "tap.h"

struct world {
	struct event_base *base;
	struct pv_server *plain, *tls;
	unsigned plain_port, tls_port;
	int stop[2];
	pthread_t thread;
	char folder[64], ca[96], client_cert[96], client_key[96];
	struct pv_slice pin, other_pin;
	char spki[65];
	struct pv_arena *a;
};

/* ---- the server ---- */

static void
echo(struct pv_x *x, struct pv_slice body)
{
	const struct pv_request_head *h = pv_x_head(x);
	struct pv_slice type = pv_header_get(h, "content-type", NULL);
	struct pv_buf b = { 0 };

	pv_buf_addf(&b, "%.*s %.*s type=%.*s n=%zu", PV_FMT(h->method_name), PV_FMT(h->path),
	    PV_FMT(type), body.n);
	if (pv_x_certificate(x) != NULL) {
		char hex[65];

		pv_tls_spki(pv_x_certificate(x), hex);
		pv_buf_addf(&b, " cert=%s", hex);
	}
	pv_x_header(x, "ETag", PV_SLICE("\"1\""));
	pv_x_reply(x, 200, "text/plain", pv_buf_slice(&b));
	pv_buf_free(&b);
}

static void
on_request(struct pv_x *x, void *ctx)
{
	static const char block[65536];
	struct pv_slice path = pv_x_head(x)->path;

	(void)ctx;
	if (pv_slice_is(path, "/moved")) {
		pv_x_header(x, "Location", PV_SLICE("/echo"));
		pv_x_reply(x, 308, NULL, PV_NO_SLICE);
	} else if (pv_slice_is(path, "/refused")) {
		pv_x_header(x, "WWW-Authenticate", PV_SLICE("Bearer"));
		pv_x_header(x, "Retry-After", PV_SLICE("7"));
		pv_x_reply(x, 401, "application/problem+json", PV_SLICE("{}"));
	} else if (pv_slice_is(path, "/large")) {
		pv_x_reply(x, 200, "text/plain", pv_slice_mem(block, sizeof(block)));
	} else if (pv_slice_is(path, "/part")) {
		pv_x_begin(x, 200, "text/plain", 100);
		pv_x_write(x, PV_SLICE("a part"));
		pv_x_end(x);
	} else if (pv_slice_is(path, "/never")) {
		/* not answered */
	} else {
		pv_x_collect(x, 8 << 20, echo);
	}
}

static struct pv_server *
serve(struct world *w, struct ssl_ctx_st *tls, unsigned *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pv_server_use use = {
		.base = w->base, .listener = fd, .tls = tls, .on_request = on_request
	};
	struct pv_server *s = NULL;
	struct pv_err e;

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, n) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) != 0 ||
	    !pv_ok(pv_server_new(&s, &use, &e))) {
		printf("Bail out! no server\n");
		_exit(1);
	}
	*port = ntohs(in.sin_port);
	return s;
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void *
run(void *arg)
{
	struct world *w = arg;
	struct event *stop = event_new(w->base, w->stop[0], EV_READ, on_stop, w->base);

	event_add(stop, NULL);
	event_base_dispatch(w->base);
	event_free(stop);
	return NULL;
}

static void
put(char path[96], const struct world *w, const char *name, struct pv_slice text)
{
	FILE *f;

	snprintf(path, 96, "%s/%s", w->folder, name);
	f = fopen(path, "we");
	if (f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0)
		printf("Bail out! %s\n", path);
}

static void
make_pair(struct world *w, const char *name, struct pv_slice *cert, struct pv_slice *key)
{
	struct pv_slice names[] = { pv_slice_of(name) };
	uint64_t now = (uint64_t)time(NULL);
	struct pv_err e;

	if (!pv_ok(pv_tls_self_signed(names, 1, now - 60, now + 600, w->a, cert, key, &e)))
		printf("Bail out! %s\n", e.what);
}

static void
spki_of(struct pv_slice pem, char hex[65])
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	pv_tls_spki(x, hex);
	X509_free(x);
	BIO_free(b);
}

static void
world_begin(struct world *w)
{
	struct pv_slice cert, key, other, other_key;
	struct pv_tls_use use = { 0 };
	struct ssl_ctx_st *tls = NULL;
	struct pv_err e;

	*w = (struct world){ .a = pv_arena_new(), .base = event_base_new() };
	snprintf(w->folder, sizeof(w->folder), "/tmp/pv-fetch-XXXXXX");
	if (mkdtemp(w->folder) == NULL || pipe2(w->stop, O_CLOEXEC) != 0)
		printf("Bail out! no folder\n");
	make_pair(w, "localhost", &cert, &key);
	make_pair(w, "localhost", &other, &other_key);
	spki_of(cert, w->spki);
	use.certificate = cert;
	use.key = key;
	put(w->ca, w, "ca.pem", cert);
	put(w->client_cert, w, "client.pem", other);
	put(w->client_key, w, "client.key", other_key);
	if (!pv_ok(pv_tls_fingerprint(cert, w->a, &w->pin, &e)) ||
	    !pv_ok(pv_tls_fingerprint(other, w->a, &w->other_pin, &e)) ||
	    !pv_ok(pv_tls_server(&tls, &use, &e)))
		printf("Bail out! %s\n", e.what);
	w->plain = serve(w, NULL, &w->plain_port);
	w->tls = serve(w, tls, &w->tls_port);
	pv_tls_free(tls);
	pthread_create(&w->thread, NULL, run, w);
}

static void
world_end(struct world *w)
{
	(void)!write(w->stop[1], "x", 1);
	pthread_join(w->thread, NULL);
	pv_server_free(w->plain);
	pv_server_free(w->tls);
	event_base_free(w->base);
	close(w->stop[0]);
	close(w->stop[1]);
	unlink(w->ca);
	unlink(w->client_cert);
	unlink(w->client_key);
	rmdir(w->folder);
	pv_arena_free(w->a);
}

/* ---- the client ---- */

static char said[600]; /* the last answer's body, or what went wrong */

static struct pv_fetcher *
fetcher(const struct pv_fetch_use *use)
{
	struct pv_fetcher *f = NULL;
	struct pv_err e;

	if (!pv_ok(pv_fetcher_new(&f, use, &e)))
		printf("Bail out! %s\n", e.what);
	return f;
}

/* What it came to. */
static enum pv_code
fetch(struct world *w, struct pv_fetcher *f, struct pv_fetch what, unsigned port, const char *path,
    struct pv_fetched *got, struct pv_err *e)
{
	struct pv_slice url;
	struct pv_status st;

	url = pv_arena_printf(
	    w->a, "%s://localhost:%u%s", port == w->tls_port ? "https" : "http", port, path);
	what.url = pv_arena_str(w->a, url);
	*got = (struct pv_fetched){ 0 };
	*e = (struct pv_err){ 0 };
	st = pv_fetch(f, &what, w->a, got, e);
	snprintf(said, sizeof(said), "%.*s",
	    PV_FMT(pv_ok(st) ? pv_buf_slice(&got->body) : pv_slice_of(e->what)));
	if (pv_ok(st))
		pv_buf_free(&got->body);
	return st.code;
}

struct ask {
	const char *name, *method, *path, *body;
	int status;
	const char *want;
};
static const struct ask asks[] = {
	{ "GET", "GET", "/echo", "", 200, "GET /echo type= n=0" },
	{ "POST with a body, and no type that was not given", "POST", "/echo", "abc", 200,
	    "POST /echo type= n=3" },
	{ "POST without a body", "POST", "/echo", "", 200, "POST /echo type= n=0" },
	{ "PUT", "PUT", "/echo", "abcd", 200, "PUT /echo type= n=4" },
	{ "PATCH", "PATCH", "/echo", "abcd", 200, "PATCH /echo type= n=4" },
	{ "DELETE", "DELETE", "/echo", "", 200, "DELETE /echo type= n=0" },
	{ "HEAD", "HEAD", "/echo", "", 200, "" },
	{ "GET again: nothing is left of what was before", "GET", "/echo", "", 200,
	    "GET /echo type= n=0" },
	{ "a redirect is an answer, not followed", "GET", "/moved", "", 308, "" },
	{ "a refusal is an answer", "GET", "/refused", "", 401, "{}" },
};

static void
test_asks(struct world *w)
{
	struct pv_fetcher *f =
	    fetcher(&(struct pv_fetch_use){ .ca_path = w->ca, .plain_loopback = true });
	static const char *const typed[] = { "content-type: text/x", "X-A: b", NULL };
	struct pv_fetched got;
	struct pv_err e;

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		for (int tls = 0; tls < 2; tls++) {
			struct pv_fetch what = { .method = asks[i].method,
				.body = pv_slice_of(asks[i].body) };
			enum pv_code code = fetch(
			    w, f, what, tls ? w->tls_port : w->plain_port, asks[i].path, &got, &e);

			if (!tap_ok(code == PV_OK && got.status == asks[i].status &&
					strcmp(said, asks[i].want) == 0,
				"%s: %s", tls ? "https" : "http", asks[i].name))
				tap_note("%d, %d: %s", (int)code, got.status, said);
		}
	(void)fetch(w, f, (struct pv_fetch){ .method = "POST", .headers = typed }, w->tls_port,
	    "/echo", &got, &e);
	tap_ok(strcmp(said, "POST /echo type=text/x n=0") == 0 && pv_slice_is(got.etag, "\"1\"") &&
		   pv_slice_is(got.type, "text/plain"),
	    "header lines go and come");
	(void)fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->tls_port, "/refused", &got, &e);
	tap_ok(pv_slice_is(got.www_authenticate, "Bearer") && pv_slice_is(got.retry_after, "7") &&
		   got.etag.n == 0,
	    "those of a refusal too");
	(void)fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->tls_port, "/moved", &got, &e);
	tap_ok(pv_slice_is(got.location, "/echo"), "and where a redirect leads");
	pv_fetcher_free(f);
}

static bool
count_some(void *ctx, struct pv_slice data)
{
	size_t *n = ctx;

	*n += data.n;
	return *n < 100000;
}

static bool
enough(void *ctx, struct pv_slice data)
{
	(void)ctx;
	(void)data;
	return false;
}

static void
test_bodies(struct world *w)
{
	struct pv_fetcher *f = fetcher(&(struct pv_fetch_use){ .ca_path = w->ca, .total_ms = 400 });
	FILE *file = tmpfile();
	struct pv_fetched got;
	struct pv_err e;
	size_t n = 0;
	int fd = file == NULL ? -1 : fileno(file);

	if (fd < 0 || ftruncate(fd, 3000000) != 0 || lseek(fd, 1000000, SEEK_SET) != 1000000)
		printf("Bail out! no file\n");
	tap_ok(
	    fetch(w, f, (struct pv_fetch){ .method = "PUT", .body_fd = fd, .body_size = 2000000 },
		w->tls_port, "/echo", &got, &e) == PV_OK &&
		strcmp(said, "PUT /echo type= n=2000000") == 0,
	    "a body from a file, from where it stands");
	tap_ok(
	    fetch(w, f, (struct pv_fetch){ .method = "PUT", .body_fd = fd, .body_size = 2000001 },
		w->tls_port, "/echo", &got, &e) == PV_E_INPUT,
	    "a file that is too short: %s", said);
	if (file != NULL)
		fclose(file);
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET", .some = count_some, .ctx = &n },
		   w->tls_port, "/large", &got, &e) == PV_OK &&
		   n == 65536 && got.body.n == 0,
	    "an answer as it comes");
	n = 0;
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET", .some = count_some, .ctx = &n },
		   w->tls_port, "/refused", &got, &e) == PV_OK &&
		   n == 0 && strcmp(said, "{}") == 0,
	    "a refusal is collected all the same");
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET", .some = enough }, w->tls_port,
		   "/large", &got, &e) == PV_E_DOWN,
	    "until it is enough: %s", said);
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET", .limit = 65535 }, w->tls_port,
		   "/large", &got, &e) == PV_E_LIMIT,
	    "more than the limit: %s", said);
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET", .limit = 65536 }, w->tls_port,
		   "/large", &got, &e) == PV_OK,
	    "as much as the limit is an answer");
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->tls_port, "/part", &got, &e) ==
		   PV_E_DOWN,
	    "an answer that breaks off is none: %s", said);
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->tls_port, "/never", &got, &e) ==
		   PV_E_DOWN,
	    "one that does not come: %s", said);
	pv_fetcher_free(f);
}

/* What a fetcher of that kind comes to at the TLS server. */
static enum pv_code
with(struct world *w, struct pv_fetch_use use)
{
	struct pv_fetcher *f = fetcher(&use);
	struct pv_fetched got;
	struct pv_err e;
	enum pv_code code =
	    fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->tls_port, "/echo", &got, &e);

	pv_fetcher_free(f);
	return code;
}

static void
test_trust(struct world *w)
{
	const char *pin = pv_arena_str(w->a, w->pin), *other = pv_arena_str(w->a, w->other_pin);
	struct pv_fetcher *f = NULL;
	struct pv_err e;

	tap_ok(with(w, (struct pv_fetch_use){ 0 }) == PV_E_UNTRUSTED,
	    "no CA of the system knows it: %s", said);
	tap_ok(with(w, (struct pv_fetch_use){ .ca_path = w->client_cert }) == PV_E_UNTRUSTED,
	    "another CA does not: %s", said);
	tap_ok(with(w, (struct pv_fetch_use){ .ca_path = "/nowhere.pem" }) == PV_E_CONFIG,
	    "a CA that is not there: %s", said);
	tap_ok(with(w, (struct pv_fetch_use){ .pin = pin }) == PV_OK, "the pin of its certificate");
	tap_ok(with(w, (struct pv_fetch_use){ .pin = other }) == PV_E_UNTRUSTED, "another pin: %s",
	    said);
	tap_ok(with(w, (struct pv_fetch_use){ .pin = other, .ca_path = w->ca }) == PV_E_UNTRUSTED,
	    "another pin is not healed by a CA");
	tap_ok(pv_fetcher_new(&f, &(struct pv_fetch_use){ .pin = "AB:CD" }, &e).code == PV_E_CONFIG,
	    "half a pin: %s", e.what);
	tap_ok(with(w, (struct pv_fetch_use){ .ca_path = w->ca,
			   .cert_path = w->client_cert,
			   .key_path = w->client_key }) == PV_OK &&
		   strstr(said, " cert=") != NULL,
	    "a client certificate is shown: %s", said);
	const char *spki = pv_arena_str(w->a, pv_slice_of(strstr(said, " cert=") + 6));
	tap_ok(with(w, (struct pv_fetch_use){ .pin = spki }) == PV_E_UNTRUSTED,
	    "the pin of another's key: %s", said);
	tap_ok(with(w, (struct pv_fetch_use){ .pin = w->spki }) == PV_OK, "the pin of its key");
}

static void
test_urls(struct world *w)
{
	static const struct {
		const char *url;
		enum pv_code code;
	} urls[] = {
		{ "http://127.evil.example/", PV_E_INPUT },
		{ "http://192.0.2.1/", PV_E_INPUT },
		{ "ftp://localhost/", PV_E_INPUT },
		{ "file:///etc/passwd", PV_E_INPUT },
		{ "no url", PV_E_INPUT },
		{ "https://127.0.0.1:1/", PV_E_DOWN },
	};
	struct pv_fetcher *f = fetcher(&(struct pv_fetch_use){ .plain_loopback = true });
	struct pv_fetcher *strict = fetcher(&(struct pv_fetch_use){ 0 });
	struct pv_fetched got;
	struct pv_err e;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct pv_fetch what = { .method = "GET", .url = urls[i].url };
		struct pv_status st = pv_fetch(f, &what, w->a, &got, &e);

		tap_ok(st.code == urls[i].code, "%s: %s", urls[i].url, e.what);
	}
	tap_ok(fetch(w, strict, (struct pv_fetch){ .method = "GET" }, w->plain_port, "/echo", &got,
		   &e) == PV_E_INPUT,
	    "loopback is not asked in plain either where that is not allowed: %s", said);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	tap_ok(fetch(w, f, (struct pv_fetch){ .method = "GET" }, w->plain_port, "/echo", &got,
		   &e) == PV_OK,
	    "a proxy of the environment is not asked");
	pv_fetcher_free(f);
	pv_fetcher_free(strict);
}

int
main(void)
{
	struct world w;

	world_begin(&w);
	test_asks(&w);
	test_bodies(&w);
	test_trust(&w);
	test_urls(&w);
	world_end(&w);
	return tap_done();
}
