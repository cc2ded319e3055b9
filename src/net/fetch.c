/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl with everything off that would go elsewhere than it was told: redirects, proxies of the environment, other
 * protocols, its own trust beside the one that was named. A pin is checked within the handshake, before a byte of ours
 * is sent.
 */
#include "net/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/tls.h"

#define CONNECT_MS 5000
#define TOTAL_MS   30000
#define LIMIT      (16u << 20)

struct pv_fetcher {
	CURL *curl;
	char *ca_path, *pin, *cert_path, *key_path;
	bool plain_loopback;
	bool pin_differs; /* seen in this handshake */
	char said[CURL_ERROR_SIZE];
};

/* One request under way. */
struct going {
	struct pv_fetcher *f;
	const struct pv_fetch *what;
	struct pv_fetched *out;
	uint64_t limit, got, sent;
	off_t from; /* where the body begins in body_fd */
	bool too_large, enough, unreadable;
};

/* ---- trust ---- */

#define PIN_OF_CERTIFICATE (3 * 32 - 1) /* "AB:CD:..." */
#define PIN_OF_KEY         64           /* hex, as pv_tls_spki() has it */

/* Whether the leaf, or its public key, has that digest; in any case. */
static bool
has_pin(X509 *leaf, const char *pin)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char text[3 * 32 + 1], key[65];

	if (leaf != NULL && strlen(pin) == PIN_OF_KEY) {
		pv_tls_spki(leaf, key);
		return strcasecmp(key, pin) == 0;
	}
	if (leaf == NULL || X509_digest(leaf, EVP_sha256(), md, &n) != 1 || n != 32)
		return false;
	for (unsigned i = 0; i < n; i++)
		snprintf(text + (size_t)i * 3, 4, i + 1 < n ? "%02X:" : "%02X", md[i]);
	return strcasecmp(text, pin) == 0;
}

static int
check_pin(X509_STORE_CTX *store, void *arg)
{
	struct pv_fetcher *f = arg;

	f->pin_differs = !has_pin(X509_STORE_CTX_get0_cert(store), f->pin);
	X509_STORE_CTX_set_error(store, f->pin_differs ? X509_V_ERR_CERT_REJECTED : X509_V_OK);
	return f->pin_differs ? 0 : 1;
}

static CURLcode
set_pin(CURL *curl, void *ctx, void *arg)
{
	(void)curl;
	SSL_CTX_set_cert_verify_callback(ctx, check_pin, arg);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return CURLE_OK;
}

static bool
set_trust(struct pv_fetcher *f)
{
	CURL *c = f->curl;

	if (f->pin != NULL) /* then the names and dates in the certificate say nothing more */
		return curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, set_pin) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, f) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
	if (f->ca_path != NULL) /* and no other */
		return curl_easy_setopt(c, CURLOPT_CAINFO, f->ca_path) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
	return true;
}

static bool
set_rules(struct pv_fetcher *f, const struct pv_fetch_use *use)
{
	CURL *c = f->curl;
	long connect_ms = use->connect_ms == 0 ? CONNECT_MS : use->connect_ms;
	long total_ms = use->total_ms == 0 ? TOTAL_MS : use->total_ms;

	return curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
		   f->plain_loopback ? "http,https" : "https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, total_ms) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->said) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "proviso/" PV_VERSION) == CURLE_OK &&
	       (f->cert_path == NULL ||
		   curl_easy_setopt(c, CURLOPT_SSLCERT, f->cert_path) == CURLE_OK) &&
	       (f->key_path == NULL ||
		   curl_easy_setopt(c, CURLOPT_SSLKEY, f->key_path) == CURLE_OK) &&
	       set_trust(f);
}

static char *
copy(const char *s)
{
	return s == NULL ? NULL : pv_strdup(s);
}

PV_RESULT
pv_fetcher_new(struct pv_fetcher **out, const struct pv_fetch_use *use, struct pv_err *e)
{
	PV_AUTO(pv_fetcher_freep) struct pv_fetcher *f = PV_NEW(struct pv_fetcher);

	f->ca_path = copy(use->ca_path);
	f->pin = copy(use->pin);
	f->cert_path = copy(use->cert_path);
	f->key_path = copy(use->key_path);
	f->plain_loopback = use->plain_loopback;
	if (f->pin != NULL && strlen(f->pin) != PIN_OF_CERTIFICATE && strlen(f->pin) != PIN_OF_KEY)
		return PV_FAIL(e, PV_E_CONFIG,
		    "\"%s\" is not a SHA-256 fingerprint (AB:CD:..., 32 bytes)", f->pin);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (f->curl = curl_easy_init()) == NULL || !set_rules(f, use))
		return PV_FAIL(e, PV_E_BUG, "libcurl cannot be set up as it must be");
	*out = PV_TAKE(f);
	return PV_DONE;
}

void
pv_fetcher_free(struct pv_fetcher *f)
{
	if (f == NULL)
		return;
	curl_easy_cleanup(f->curl);
	pv_free(f->ca_path);
	pv_free(f->pin);
	pv_free(f->cert_path);
	pv_free(f->key_path);
	pv_free(f);
}

void
pv_fetcher_freep(struct pv_fetcher **f)
{
	pv_fetcher_free(*f);
}

/* ---- where to ---- */

static bool
is_loopback(const char *host)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

/* Names the place for messages: scheme, host and port, none of what may be secret in a URL. */
static PV_RESULT
check_url(const struct pv_fetcher *f, const char *url, struct pv_arena *a, struct pv_slice *place,
    struct pv_err *e)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	struct pv_status st = PV_DONE;

	if (u == NULL)
		pv_out_of_memory(sizeof(void *));
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		st = PV_FAIL(e, PV_E_INPUT, "\"%s\" is not a URL", url);
	else if (strcmp(scheme, "http") == 0 && !(f->plain_loopback && is_loopback(host)))
		st = PV_FAIL(e, PV_E_INPUT, "http://%s is not asked without TLS", host);
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		st = PV_FAIL(e, PV_E_INPUT, "%s:// is not spoken here", scheme);
	else
		*place = pv_arena_printf(a, "%s://%s:%s", scheme, host, port);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return st;
}

/* ---- what goes and what comes ---- */

static size_t
send_some(char *into, size_t size, size_t n, void *arg)
{
	struct going *g = arg;
	uint64_t left = g->what->body_size - g->sent;
	size_t room = size * n < left ? size * n : (size_t)left;
	ssize_t got = room == 0 ? 0 : pread(g->what->body_fd, into, room, g->from + (off_t)g->sent);

	if (got < 0 || (got == 0 && room > 0)) {
		g->unreadable = true;
		return CURL_READFUNC_ABORT;
	}
	g->sent += (uint64_t)got;
	return (size_t)got;
}

static int
send_again(void *arg, curl_off_t offset, int origin)
{
	struct going *g = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > g->what->body_size)
		return CURL_SEEKFUNC_CANTSEEK;
	g->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
take_some(char *p, size_t size, size_t n, void *arg)
{
	struct going *g = arg;
	struct pv_slice data = { p, size * n };
	long status = 0;

	g->got += data.n;
	g->too_large = g->got > g->limit;
	if (g->too_large)
		return CURL_WRITEFUNC_ERROR;
	curl_easy_getinfo(g->f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (g->what->some == NULL || status < 200 || status > 299) {
		pv_buf_add(&g->out->body, data);
		return data.n;
	}
	g->enough = !g->what->some(g->what->ctx, data);
	return g->enough ? CURL_WRITEFUNC_ERROR : data.n;
}

static struct curl_slist *
add_line(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		pv_out_of_memory(strlen(line));
	return longer;
}

static struct curl_slist *
header_list(const struct pv_fetch *what)
{
	struct curl_slist *list = NULL;
	bool typed = false;

	for (const char *const *h = what->headers; h != NULL && *h != NULL; h++) {
		typed = typed || strncasecmp(*h, "Content-Type:", 13) == 0;
		list = add_line(list, *h);
	}
	return typed ? list : add_line(list, "Content-Type:"); /* else libcurl invents one */
}

static bool
set_method(CURL *c, const struct pv_fetch *what, struct going *g)
{
	bool posts = what->body_fd > 0 || what->body.n > 0 || strcmp(what->method, "POST") == 0 ||
		     strcmp(what->method, "PUT") == 0 || strcmp(what->method, "PATCH") == 0;

	if (!posts && strcmp(what->method, "HEAD") == 0)
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (!posts)
		return curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, what->method) == CURLE_OK;
	if (curl_easy_setopt(c, CURLOPT_POST, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, what->method) != CURLE_OK)
		return false;
	if (what->body_fd <= 0)
		return curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->body.n) ==
			   CURLE_OK &&
		       curl_easy_setopt(
			   c, CURLOPT_POSTFIELDS, what->body.n > 0 ? what->body.p : "") == CURLE_OK;
	return curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->body_size) ==
		   CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READFUNCTION, send_some) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READDATA, g) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, send_again) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKDATA, g) == CURLE_OK;
}

/* What the last request set goes, the rules stay. */
static void
forget_request(CURL *c)
{
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, NULL);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, NULL);
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL);
}

/* ---- how it ended ---- */

static struct pv_status
not_fetched(struct going *g, CURLcode code, struct pv_slice place, struct pv_err *e)
{
	struct pv_fetcher *f = g->f;
	const char *why = f->said[0] != '\0' ? f->said : curl_easy_strerror(code);

	for (char *p = f->said; *p != '\0'; p++) /* names in a certificate are foreign text */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (g->too_large)
		return PV_FAIL(e, PV_E_LIMIT, "%.*s answers with more than %llu bytes",
		    PV_FMT(place), (unsigned long long)g->limit);
	if (g->enough)
		return PV_FAIL(e, PV_E_DOWN, "%.*s was not heard to the end", PV_FMT(place));
	if (g->unreadable)
		return PV_FAIL(
		    e, PV_E_INPUT, "the file to send is shorter than it was, or unreadable");
	if (f->pin_differs)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "%.*s has another certificate than the one pinned", PV_FMT(place));
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return PV_FAIL(e, PV_E_UNTRUSTED, "%.*s is not trusted: %s", PV_FMT(place), why);
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return PV_FAIL(e, PV_E_CONFIG, "%.*s: %s", PV_FMT(place), why);
	default:
		return PV_FAIL(e, PV_E_DOWN, "%.*s: %s", PV_FMT(place), why);
	}
}

static struct pv_slice
header_of(CURL *c, const char *name, struct pv_arena *a)
{
	struct curl_header *h;

	if (curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return PV_NO_SLICE;
	return pv_arena_copy(a, pv_slice_of(h->value));
}

static void
take_headers(CURL *c, struct pv_arena *a, struct pv_fetched *out)
{
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->type = header_of(c, "Content-Type", a);
	out->etag = header_of(c, "ETag", a);
	out->location = header_of(c, "Location", a);
	out->retry_after = header_of(c, "Retry-After", a);
	out->www_authenticate = header_of(c, "WWW-Authenticate", a);
}

static CURLcode
run(struct going *g)
{
	CURL *c = g->f->curl;
	struct curl_slist *list = header_list(g->what);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	g->f->said[0] = '\0';
	g->f->pin_differs = false;
	if (set_method(c, g->what, g) &&
	    curl_easy_setopt(c, CURLOPT_URL, g->what->url) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_some) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_WRITEDATA, g) == CURLE_OK)
		code = curl_easy_perform(c);
	forget_request(c);
	curl_slist_free_all(list);
	return code;
}

PV_RESULT
pv_fetch(struct pv_fetcher *f, const struct pv_fetch *what, struct pv_arena *a,
    struct pv_fetched *out, struct pv_err *e)
{
	struct pv_fetched got = { 0 };
	struct going g = {
		.f = f, .what = what, .out = &got, .limit = what->limit == 0 ? LIMIT : what->limit
	};
	struct pv_slice place = PV_NO_SLICE;
	CURLcode code;

	PV_TRY(check_url(f, what->url, a, &place, e));
	if (what->body_fd > 0 && (g.from = lseek(what->body_fd, 0, SEEK_CUR)) < 0)
		return PV_FAIL(e, PV_E_INPUT,
		    "the file to send cannot be read from where it stands: %s", strerror(errno));
	code = run(&g);
	if (code != CURLE_OK) {
		pv_buf_free(&got.body);
		return not_fetched(&g, code, place, e);
	}
	take_headers(f->curl, a, &got);
	*out = got;
	return PV_DONE;
}
