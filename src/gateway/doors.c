/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "gateway/config.h"
#include "net/tls.h"

#define DOOR_HEADERS_MAX 16

/* ---- settings ---- */

#define TEXT(type, member, needed, look, sample, says)                               \
	{                                                                            \
		.name = #member, .kind = PV_SET_TEXT, .must = needed, .check = look, \
		.at = offsetof(type, member), .example = sample, .text = says        \
	}

static PV_RESULT
check_listener(const void *value, struct pv_err *e)
{
	return pv_door_listener_check(*(const struct pv_slice *)value, e);
}

static PV_RESULT
check_route(const void *value, struct pv_err *e)
{
	return pv_door_route_check(value, e);
}

static const struct pv_setting settings_route[] = {
	TEXT(struct pv_door_route, channel, true, NULL, "mail", "mail, web or file."),
	TEXT(struct pv_door_route, at, true, NULL, "@ops.navy.example",
	    "An address, \"@domain\", or a path with all below it."),
	TEXT(struct pv_door_route, topic, false, NULL, "drug-trafficking", "What passes there."),
	TEXT(struct pv_door_route, region, false, NULL, "caribbean", "Where it is about."),
	TEXT(struct pv_door_route, purpose, false, NULL, "law.interdict", "What it is for."),
	{ .name = NULL },
};

const struct pv_setting pv_settings_doors[] = {
	TEXT(struct pv_doors_config, policy, false, check_listener, "127.0.0.1:10041",
	    "Where Postfix asks at RCPT (check_policy_service): this machine alone."),
	TEXT(struct pv_doors_config, lookup, false, check_listener, "127.0.0.1:10042",
	    "Where Postfix asks at delivery (transport_maps, socketmap): this machine alone."),
	{ .name = "routes",
	    .kind = PV_SET_GROUPS,
	    .at = offsetof(struct pv_doors_config, routes),
	    .count_at = offsetof(struct pv_doors_config, route_count),
	    .size = sizeof(struct pv_door_route),
	    .of = settings_route,
	    .check = check_route,
	    .text = "What passes over which address or path: a label, never a permission." },
	{ .name = NULL },
};
const size_t pv_doors_config_size = sizeof(struct pv_doors_config);

static bool
one_of(struct pv_slice word, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (pv_slice_is(word, words[i]))
			return true;
	return false;
}

PV_RESULT
pv_door_route_check(const struct pv_door_route *r, struct pv_err *e)
{
	static const char *const channels[] = { "mail", "web", "file", NULL };
	bool mail = pv_slice_is(r->channel, "mail");

	if (!one_of(r->channel, channels))
		return pv_within(PV_FAIL(e, PV_E_CONFIG, "\"%.*s\" is none of mail, web, file",
				     PV_FMT(r->channel)),
		    e, "channel");
	if (mail && memchr(r->at.n != 0 ? r->at.p : "", '@', r->at.n) == NULL)
		return pv_within(PV_FAIL(e, PV_E_CONFIG,
				     "\"%.*s\" is no mail address and no @domain", PV_FMT(r->at)),
		    e, "at");
	if (!mail && !pv_slice_starts(r->at, PV_SLICE("/")))
		return pv_within(PV_FAIL(e, PV_E_CONFIG,
				     "\"%.*s\" is no path: it begins with \"/\"", PV_FMT(r->at)),
		    e, "at");
	if ((r->topic.n != 0 && !pv_name_ok(r->topic)) ||
	    (r->region.n != 0 && !pv_name_ok(r->region)) ||
	    (r->purpose.n != 0 && !pv_name_ok(r->purpose)))
		return PV_FAIL(e, PV_E_CONFIG, "topic, region and purpose are ids of terms");
	if (r->topic.n == 0 && r->region.n == 0 && r->purpose.n == 0)
		return PV_FAIL(
		    e, PV_E_CONFIG, "a route without topic, region or purpose says nothing");
	return PV_DONE;
}

static bool
is_loopback(struct pv_slice host)
{
	char text[64] = { 0 };
	struct in6_addr six;
	struct in_addr four;

	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = pv_slice_sub(host, 1, host.n - 1);
	if (host.n == 0 || host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	if (inet_pton(AF_INET, text, &four) == 1)
		return (ntohl(four.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

PV_RESULT
pv_door_listener_check(struct pv_slice at, struct pv_err *e)
{
	size_t colon = at.n;
	uint64_t port;

	if (pv_slice_starts(at, PV_SLICE("unix:/")))
		return PV_DONE;
	while (colon > 0 && at.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !pv_slice_u64(pv_slice_sub(at, colon, at.n), &port) || port > 65535)
		return PV_FAIL(
		    e, PV_E_CONFIG, "\"%.*s\" is neither ADDRESS:PORT nor unix:/PATH", PV_FMT(at));
	if (!is_loopback(pv_slice_sub(at, 0, colon - 1)))
		return pv_advise(
		    PV_FAIL(e, PV_E_CONFIG, "\"%.*s\" is not on this machine alone", PV_FMT(at)), e,
		    "Postfix cannot say who it is: use 127.0.0.1, [::1] or unix:/PATH");
	return PV_DONE;
}

/* ---- routes ---- */

/* "@navy.example" fits ops@navy.example and ops@mail.navy.example. */
static bool
domain_fits(struct pv_slice at, struct pv_slice address)
{
	struct pv_slice domain = pv_slice_sub(at, 1, at.n);
	size_t from = address.n - domain.n;

	if (address.n <= domain.n || !pv_slice_eq(pv_slice_sub(address, from, address.n), domain))
		return false;
	return address.p[from - 1] == '@' || address.p[from - 1] == '.';
}

static bool
path_fits(struct pv_slice at, struct pv_slice path)
{
	if (!pv_slice_starts(path, at))
		return false;
	return at.p[at.n - 1] == '/' || path.n == at.n || path.p[at.n] == '/';
}

static bool
fits(const struct pv_door_route *r, struct pv_slice what)
{
	if (!pv_slice_is(r->channel, "mail"))
		return path_fits(r->at, what);
	return r->at.p[0] == '@' ? domain_fits(r->at, what) : pv_slice_eq(r->at, what);
}

const struct pv_door_route *
pv_door_route_find(const struct pv_doors_config *c, struct pv_slice channel, struct pv_slice what)
{
	const struct pv_door_route *best = NULL;

	for (size_t i = 0; c != NULL && what.n != 0 && i < c->route_count; i++) {
		const struct pv_door_route *r = &c->routes[i];

		if (pv_slice_eq(r->channel, channel) && r->at.n != 0 && fits(r, what) &&
		    (best == NULL || r->at.n > best->at.n))
			best = r;
	}
	return best;
}

/* ---- what is asked about, in one form ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Escapes undone into out, of the target's size. False: a bad one, or NUL. */
static bool
unescape(struct pv_slice target, char *out, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < target.n && target.p[i] != '?' && target.p[i] != '#'; i++) {
		char c = target.p[i];

		if (c == '%') {
			int high = i + 2 < target.n ? hex_digit(target.p[i + 1]) : -1;
			int low = i + 2 < target.n ? hex_digit(target.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return false;
		out[(*n)++] = c;
	}
	return *n != 0 && out[0] == '/';
}

bool
pv_door_path(struct pv_slice target, struct pv_arena *a, struct pv_slice *out)
{
	char *raw = pv_arena_alloc(a, target.n + 1), *path = pv_arena_alloc(a, target.n + 2);
	struct pv_slice rest, segment;
	size_t n, used = 0;

	if (!unescape(target, raw, &n))
		return false;
	rest = pv_slice_mem(raw + 1, n - 1);
	path[used++] = '/';
	while (pv_slice_next(&rest, '/', &segment)) {
		if (segment.n == 0 || pv_slice_is(segment, "."))
			continue;
		if (pv_slice_is(segment, "..")) {
			if (used <= 1)
				return false;
			for (used--; path[used - 1] != '/';)
				used--;
			continue;
		}
		memcpy(path + used, segment.p, segment.n);
		used += segment.n;
		path[used++] = '/';
	}
	if (used > 1 && raw[n - 1] != '/')
		used--;
	*out = pv_slice_mem(path, used);
	return true;
}

struct pv_slice
pv_door_mail(struct pv_slice address, struct pv_arena *a)
{
	char *out;

	address = pv_slice_trim(address);
	if (address.n >= 2 && address.p[0] == '<' && address.p[address.n - 1] == '>')
		address = pv_slice_sub(address, 1, address.n - 1);
	if (address.n != 0 && address.p[address.n - 1] == '.')
		address.n--;
	out = pv_arena_alloc(a, address.n + 1);
	for (size_t i = 0; i < address.n; i++)
		out[i] = address.p[i] >= 'A' && address.p[i] <= 'Z' ? (char)(address.p[i] + 32)
								    : address.p[i];
	return pv_slice_mem(out, address.n);
}

void
pv_door_label(struct pv_door_ask *ask, const struct pv_door_route *r)
{
	if (r == NULL)
		return;
	ask->topic = r->topic;
	ask->region = r->region;
	ask->purpose = r->purpose;
}

/* ---- a web server's question ---- */

static PV_RESULT
need_header(
    const struct pv_request_head *head, const char *name, struct pv_slice *out, struct pv_err *e)
{
	bool many;

	*out = pv_header_get(head, name, &many);
	if (out->n == 0 || many)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "the header %s is %s", name,
				     many ? "there twice" : "missing"),
		    e, "docs/doors.md has the lines that the web server's configuration needs");
	return PV_DONE;
}

static PV_RESULT
read_certificate(
    struct pv_slice escaped, struct pv_arena *a, struct pv_slice *spki, struct pv_err *e)
{
	struct pv_slice pem;
	char hex[65];
	X509 *x = NULL;
	BIO *b;

	if (!pv_url_decode(escaped, false, a, &pem) || pem.n > 65536)
		return PV_FAIL(
		    e, PV_E_INPUT, "the header x-client-cert does not read as escaped PEM");
	b = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (b != NULL)
		x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	if (x == NULL)
		return PV_FAIL(e, PV_E_INPUT, "the header x-client-cert is no certificate");
	pv_tls_spki(x, hex);
	X509_free(x);
	*spki = pv_arena_copy(a, pv_slice_of(hex));
	return PV_DONE;
}

static PV_RESULT
read_door_headers(
    const struct pv_request_head *head, struct pv_arena *a, struct pv_names *out, struct pv_err *e)
{
	struct pv_slice *at = pv_arena_alloc_n(a, DOOR_HEADERS_MAX, sizeof(*at));
	size_t n = 0;

	for (size_t i = 0; i < head->header_count; i++) {
		const struct pv_header *h = &head->headers[i];

		if (!pv_slice_starts(h->name, PV_SLICE("x-door-")) || h->value.n == 0)
			continue;
		if (n == DOOR_HEADERS_MAX)
			return PV_FAIL(
			    e, PV_E_LIMIT, "more than %d headers X-Door-", DOOR_HEADERS_MAX);
		at[n++] = pv_arena_printf(a, "%.*s=%.*s", PV_FMT(h->name), PV_FMT(h->value));
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

static enum pv_direction
direction_of(struct pv_slice method)
{
	return pv_slice_is(method, "GET") || pv_slice_is(method, "HEAD") ||
		       pv_slice_is(method, "OPTIONS") || pv_slice_is(method, "PROPFIND")
		   ? PV_GIVE
		   : PV_BOTH;
}

PV_RESULT
pv_door_web_read(struct pv_door_ask *out, const struct pv_request_head *head,
    struct pv_slice channel, const struct pv_doors_config *c, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice target, method, path, certificate;
	bool many;

	*out = (struct pv_door_ask){ .channel = channel };
	if (!pv_slice_is(channel, "web") && !pv_slice_is(channel, "file"))
		return PV_FAIL(e, PV_E_INPUT, "there are doors for web and file");
	PV_TRY(need_header(head, "x-original-uri", &target, e));
	PV_TRY(need_header(head, "x-original-method", &method, e));
	PV_TRY(need_header(head, "x-real-ip", &out->address, e));
	if (!pv_door_path(target, a, &path))
		return PV_FAIL(e, PV_E_INPUT, "the header x-original-uri is no path that is sure");
	out->direction = direction_of(method);
	certificate = pv_header_get(head, "x-client-cert", &many);
	if (many)
		return PV_FAIL(e, PV_E_INPUT, "the header x-client-cert is there twice");
	if (certificate.n != 0)
		PV_TRY(read_certificate(certificate, a, &out->spki, e));
	PV_TRY(read_door_headers(head, a, &out->headers, e));
	pv_door_label(out, pv_door_route_find(c, channel, path));
	return PV_DONE;
}
