/* SPDX-License-Identifier: Apache-2.0 */
/* What the front and the keeper stand on, without sockets: frames, routes, credentials, buckets, remembered logins, addresses, settings. */
#include "base/mem.h"
#include "gateway/bucket.h"
#include "gateway/config.h"
#include "gateway/frame.h"
#include "gateway/front.h"
#include "gateway/listen.h"
#include "gateway/logins.h"
#include "gateway/request.h"
#include "tap.h"

/* ---- frames ---- */

static void
check_frames(void)
{
	struct pv_frame f = { .kind = PV_FRAME_ASK,
		.id = 0x1122334455667788,
		.call = 7,
		.flags = 2 },
			got;
	struct pv_buf b = { 0 };
	size_t used;

	f.part[PV_PART_TEXT] = PV_SLICE("token");
	f.part[PV_PART_JSON] = PV_SLICE("{}");
	f.part[PV_PART_TAIL] = PV_SLICE("\0\1\2");
	pv_frame_write(&f, &b);
	tap_ok(pv_frame_read(&got, pv_buf_slice(&b), &used) == PV_FRAME_DONE && used == b.n &&
		   got.id == f.id && got.call == 7 &&
		   pv_slice_is(got.part[PV_PART_TEXT], "token") && got.part[PV_PART_TAIL].n == 3 &&
		   got.part[PV_PART_SECRET].n == 0,
	    "a frame reads as it was written");
	for (size_t n = 0; n < b.n; n++)
		if (pv_frame_read(&got, pv_slice_sub(pv_buf_slice(&b), 0, n), &used) !=
		    PV_FRAME_MORE)
			tap_ok(false, "a frame cut at %zu waits for more", n);
	tap_ok(true, "a frame cut anywhere waits for more");
	b.p[0] = 'X';
	tap_ok(pv_frame_read(&got, pv_slice_sub(pv_buf_slice(&b), 0, 4), &used) == PV_FRAME_BAD,
	    "another magic is bad at once");
	b.p[0] = 'P';
	b.p[4] = 9;
	tap_ok(
	    pv_frame_read(&got, pv_buf_slice(&b), &used) == PV_FRAME_BAD, "an unknown kind is bad");
	b.p[4] = PV_FRAME_CANCEL;
	tap_ok(
	    pv_frame_read(&got, pv_buf_slice(&b), &used) == PV_FRAME_BAD, "a cancel has no parts");
	b.p[4] = PV_FRAME_ASK;
	b.p[31] = 1;
	tap_ok(pv_frame_read(&got, pv_buf_slice(&b), &used) == PV_FRAME_BAD,
	    "a part beyond its limit is bad before its bytes have come");
	pv_buf_free(&b);
}

/* ---- routes ---- */

static void
run_none(struct pv_hit *h)
{
	(void)h;
}

static const struct pv_route routes[] = {
	{ .methods = PV_GET, .pattern = "/", .run = run_none },
	{ .methods = PV_GET, .pattern = "/a/{rest...}", .run = run_none },
	{ .methods = PV_GET, .pattern = "/a/{x}/b/", .run = run_none },
	{ .methods = PV_GET, .pattern = "/a/one/b/", .run = run_none },
	{ .methods = PV_POST, .pattern = "/a/one/c", .run = run_none },
	{ .methods = PV_DELETE, .pattern = "/only/{x}", .run = run_none },
	{ .pattern = NULL },
};
static const struct pv_route *const route_tables[] = { routes };

struct routed {
	const char *name, *path;
	enum pv_method method;
	enum pv_routed how;
	int route; /* -1: none */
	const char *part;
};
static const struct routed routed[] = {
	{ "the root", "/", PV_GET, PV_ROUTE_FOUND, 0, NULL },
	{ "HEAD comes with GET", "/", PV_HEAD, PV_ROUTE_FOUND, 0, NULL },
	{ "what is written out comes before a variable", "/a/one/b/", PV_GET, PV_ROUTE_FOUND, 3,
	    NULL },
	{ "a variable comes before the rest", "/a/two/b/", PV_GET, PV_ROUTE_FOUND, 2, "two" },
	{ "the rest is all of it", "/a/two/b", PV_GET, PV_ROUTE_FOUND, 1, "two/b" },
	{ "the rest may be empty", "/a/", PV_GET, PV_ROUTE_FOUND, 1, "" },
	{ "the method decides between routes", "/a/one/c", PV_POST, PV_ROUTE_FOUND, 4, NULL },
	{ "another method finds the rest", "/a/one/c", PV_GET, PV_ROUTE_FOUND, 1, "one/c" },
	{ "escapes are undone", "/a/t%20o/b/", PV_GET, PV_ROUTE_FOUND, 2, "t o" },
	{ "an escaped slash does not make two parts of one", "/a/t%2Fo/b/", PV_GET, PV_ROUTE_BAD, 2,
	    NULL },
	{ "a bad escape", "/a/%zz/b/", PV_GET, PV_ROUTE_BAD, 2, NULL },
	{ "a variable is not empty", "/only/", PV_DELETE, PV_ROUTE_NONE, -1, NULL },
	{ "a known path by another method", "/only/x", PV_GET, PV_ROUTE_METHOD, 5, NULL },
	{ "a method without a name of ours", "/only/x", PV_METHOD_OTHER, PV_ROUTE_METHOD, 5, NULL },
	{ "no slash at the end is another path", "/a", PV_GET, PV_ROUTE_NONE, -1, NULL },
	{ "two slashes are not one", "//", PV_GET, PV_ROUTE_NONE, -1, NULL },
};

static void
check_routes(void)
{
	for (size_t i = 0; i < sizeof(routed) / sizeof(*routed); i++) {
		const struct routed *c = &routed[i];
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_slice part[PV_PARTS_MAX] = { 0 };
		const struct pv_route *r;
		unsigned table = 0, allowed = 0;
		enum pv_routed how = pv_route_find(route_tables, 1, c->method, pv_slice_of(c->path),
		    a, &r, &table, part, &allowed);

		tap_ok(how == c->how && r == (c->route < 0 ? NULL : &routes[c->route]) &&
			   (c->part == NULL || pv_slice_is(part[0], c->part)) &&
			   (how != PV_ROUTE_METHOD || allowed == PV_DELETE),
		    "%s", c->name);
	}
}

/* ---- credentials ---- */

struct authorized {
	const char *value;
	bool basic, good;
	enum pv_credential_kind kind;
	const char *text, *secret;
};
static const struct authorized authorized[] = {
	{ "Bearer abc.def-_~+/=", true, true, PV_CRED_BEARER, "abc.def-_~+/=", "" },
	{ "bEARER   x", true, true, PV_CRED_BEARER, "x", "" },
	{ "Bearer a b", true, false, PV_CRED_NONE, "", "" },
	{ "Bearer \"a\"", true, false, PV_CRED_NONE, "", "" },
	{ "Basic YWxhZGRpbjpvcGVuOnNlc2FtZQ==", true, true, PV_CRED_BASIC, "aladdin",
	    "open:sesame" },
	{ "Basic YWxhZGRpbg==", true, false, PV_CRED_NONE, "", "" }, /* no colon */
	{ "Basic YTpiAA==", true, false, PV_CRED_NONE, "", "" },     /* a NUL */
	{ "Basic YTpi/w==", true, false, PV_CRED_NONE, "", "" },     /* not UTF-8 */
	{ "Basic YTpi", true, true, PV_CRED_BASIC, "a", "b" },
	{ "Basic YTp i", true, false, PV_CRED_NONE, "", "" },
	{ "Basic YTpi", false, true, PV_CRED_NONE, "", "" }, /* not looked at here */
	{ "DPoP abc", true, true, PV_CRED_NONE, "", "" },
	{ "Bearer", true, true, PV_CRED_NONE, "", "" },
};

static void
check_credentials(void)
{
	for (size_t i = 0; i < sizeof(authorized) / sizeof(*authorized); i++) {
		const struct authorized *c = &authorized[i];
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_credential got = { 0 };
		const char *why;
		int status;
		bool good =
		    pv_authorization_read(pv_slice_of(c->value), c->basic, a, &got, &status, &why);

		tap_ok(good == c->good && got.kind == c->kind && pv_slice_is(got.text, c->text) &&
			   pv_slice_is(got.secret, c->secret),
		    "Authorization: %s", c->value);
	}
}

static void
check_forwarded(void)
{
	static const struct pv_slice names[] = { { "127.0.0.1", 9 } };
	static const struct pv_config_names proxies = { names, 1 };

	tap_ok(pv_slice_is(pv_forwarded_for(
			       PV_SLICE("127.0.0.1"), PV_SLICE("6.6.6.6, 192.0.2.1"), &proxies),
		   "192.0.2.1"),
	    "a proxy of ours is believed, in what it added last");
	tap_ok(pv_slice_is(pv_forwarded_for(PV_SLICE("192.0.2.9"), PV_SLICE("127.0.0.1"), &proxies),
		   "192.0.2.9"),
	    "nobody else is");
	tap_ok(pv_slice_is(
		   pv_forwarded_for(PV_SLICE("127.0.0.1"), PV_NO_SLICE, &proxies), "127.0.0.1"),
	    "a proxy that says nothing is itself");
}

/* ---- buckets, remembered logins ---- */

static void
check_buckets(void)
{
	struct pv_buckets *b = pv_buckets_new(2, 3);
	unsigned retry = 0, taken = 0;

	for (int i = 0; i < 5; i++)
		taken += pv_bucket_take(b, PV_SLICE("a"), 1000, &retry);
	tap_ok(taken == 3 && retry == 1, "a burst of three, then come again in a second");
	tap_ok(
	    pv_bucket_take(b, PV_SLICE("b"), 1000, &retry), "another name has a bucket of its own");
	tap_ok(!pv_bucket_take(b, PV_SLICE("a"), 1400, &retry) &&
		   pv_bucket_take(b, PV_SLICE("a"), 1500, &retry) &&
		   !pv_bucket_take(b, PV_SLICE("a"), 1500, &retry),
	    "two a second come back");
	taken = 0;
	for (int i = 0; i < 9; i++)
		taken += pv_bucket_take(b, PV_SLICE("a"), UINT64_MAX / 2, &retry);
	tap_ok(taken == 3, "never more than the burst, however long it was quiet");
	pv_buckets_free(b);
}

static void
check_logins(void)
{
	struct pv_env env = pv_env_system();
	struct pv_logins *l = pv_logins_new(&env);
	struct pv_credential c = {
		.kind = PV_CRED_BASIC, .text = PV_SLICE("ab"), .secret = PV_SLICE("c")
	};
	struct pv_credential d = {
		.kind = PV_CRED_BASIC, .text = PV_SLICE("a"), .secret = PV_SLICE("bc")
	};
	struct pv_caller who = {
		.known = true, .id = PV_SLICE("k-1"), .party = PV_SLICE("co"), .until_s = PV_NEVER
	};
	uint8_t x[PV_HASH], y[PV_HASH];
	struct pv_known *k, *again;
	uint64_t epoch;

	pv_logins_digest(l, &c, x);
	pv_logins_digest(l, &d, y);
	tap_ok(
	    memcmp(x, y, sizeof(x)) != 0, "user ab with password c is not user a with password bc");
	k = pv_logins_put(l, x, &who, pv_logins_epoch(l), 5000, 100);
	again = pv_logins_get(l, x, 64999);
	tap_ok(again == k && pv_slice_is(again->who.party, "co"),
	    "a verified credential is remembered");
	pv_known_give(again);
	tap_ok(pv_logins_get(l, x, 65000) == NULL, "for a minute");
	pv_known_give(k);
	k = pv_logins_put(l, x, &who, pv_logins_epoch(l), 5000, 100);
	epoch = pv_logins_epoch(l);
	pv_logins_forget(l);
	tap_ok(pv_logins_get(l, x, 5001) == NULL && pv_slice_is(k->who.id, "k-1"),
	    "all are forgotten when a log moves; who has one still holds it");
	pv_known_give(k);
	k = pv_logins_put(l, x, &who, epoch, 5000, 100);
	tap_ok(pv_logins_get(l, x, 5001) == NULL,
	    "what was looked up before that is not remembered after it");
	pv_known_give(k);
	who.until_s = 103;
	k = pv_logins_put(l, x, &who, pv_logins_epoch(l), 5000, 100);
	tap_ok(pv_logins_get(l, x, 8000) == NULL, "nor beyond its own end");
	pv_known_give(k);
	for (uint32_t i = 0; i < 20000; i++) {
		memcpy(x, &i, sizeof(i));
		memcpy(x + 8, &i, sizeof(i));
		pv_known_give(pv_logins_put(l, x, &who, pv_logins_epoch(l), 5000, 100));
	}
	tap_ok(pv_logins_count(l) <= 4096, "a flood of names costs no more than 4,096 places");
	pv_logins_free(l);
}

/* ---- addresses, settings ---- */

static void
check_addresses(void)
{
	static const char *const good[] = { "127.0.0.1:8443", "[::1]:0", "0.0.0.0:65535",
		"unix:/run/x" };
	static const char *const bad[] = { "", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1",
		"localhost:1", "::1:443", "[::1]", "[127.0.0.1]:1", "unix:x",
		"127.0.0.1:", "1.2.3.4:08443", " 127.0.0.1:1" };
	struct pv_address at;
	struct pv_err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		tap_ok(pv_ok(pv_address_read(pv_slice_of(good[i]), &at, &e)), "an address: %s",
		    good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(
		    !pv_ok(pv_address_read(pv_slice_of(bad[i]), &at, &e)), "none: \"%s\"", bad[i]);
}

static void
check_settings(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_err *errors;
	struct pv_config c;
	struct pv_err e;
	size_t n;

	pv_config_default(&c);
	tap_ok(pv_ok(pv_config_read(&c,
		   PV_SLICE("home = \"h\";\nlisten = \"127.0.0.1:1\";\nlog: { form = \"json\"; "
			    "};\nlimits: { head_s = 7; };\n"),
		   "/etc/p/x.conf", a, &errors, &n, &e)) &&
		   strcmp(c.home, "/etc/p/h") == 0 && c.listen.n == 1 &&
		   c.log.form == PV_LOG_JSON && c.limits.head_s == 7 && c.limits.body_s == 60,
	    "settings on top of what holds without; a path counts from the file's folder");
	pv_config_default(&c);
	tap_ok(
	    !pv_ok(pv_config_read(&c, PV_SLICE("a = 1;\n\nlimits: { head_z = 1;\n idle_s = 0; };"),
		"x.conf", a, &errors, &n, &e)) &&
		n == 3 && errors[0].line == 1 && errors[1].line == 3 && errors[2].line == 4 &&
		strcmp(errors[1].field, "limits.head_z") == 0 &&
		strcmp(errors[1].fix, "did you mean head_s?") == 0,
	    "every mistake at once, each with its line, its name, and the nearest right one");
}

int
main(void)
{
	check_frames();
	check_routes();
	check_credentials();
	check_forwarded();
	check_buckets();
	check_logins();
	check_addresses();
	check_settings();
	return tap_done();
}
