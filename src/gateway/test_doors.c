/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, routes, the lines of Postfix, the JSON of AuthZEN: what is read how, and what is not. */
#include "gateway/doors.h"

#include "gateway/authzen.h"
#include "gateway/postfix.h"
#include "tap.h"

static struct pv_arena *a;

/* ---- paths ---- */

static void
paths(void)
{
	static const struct {
		const char *target, *path; /* NULL: not sure */
		const char *name;
	} rows[] = {
		{ "/", "/", "the root" },
		{ "/a/b", "/a/b", "a path" },
		{ "/a/b/", "/a/b/", "with its last slash" },
		{ "/a?x=/b", "/a", "without its query" },
		{ "/a#b", "/a", "without a fragment" },
		{ "//a///b", "/a/b", "many slashes are one" },
		{ "/./a/./b", "/a/b", "dots are nothing" },
		{ "/a/../b", "/b", "two dots go up" },
		{ "/a/b/../../c", "/c", "and up again" },
		{ "/%61/%62", "/a/b", "escapes are undone" },
		{ "/a%2fb", "/a/b", "also of a slash" },
		{ "/a/%2e%2e/b", "/b", "and of dots" },
		{ "/%2561", "/%61", "once" },
		{ "/..", NULL, "above the root" },
		{ "/a/../../b", NULL, "above it in the end" },
		{ "/a%zz", NULL, "a bad escape" },
		{ "/a%2", NULL, "half of one" },
		{ "/a%00b", NULL, "NUL" },
		{ "a", NULL, "no path" },
		{ "", NULL, "nothing" },
		{ "?x", NULL, "a query alone" },
		{ "http://x/a", NULL, "a whole URL" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pv_slice got = PV_NO_SLICE;
		bool sure = pv_door_path(pv_slice_of(rows[i].target), a, &got);

		tap_ok(rows[i].path == NULL ? !sure : sure && pv_slice_is(got, rows[i].path),
		    "path: %s", rows[i].name);
	}
}

/* ---- routes ---- */

static void
routes(void)
{
	static const struct pv_door_route all[] = {
		{ .channel = { "mail", 4 }, .at = { "@army.example", 13 }, .topic = { "one", 3 } },
		{ .channel = { "mail", 4 },
		    .at = { "ops@army.example", 16 },
		    .topic = { "two", 3 } },
		{ .channel = { "web", 3 }, .at = { "/tracks", 7 }, .topic = { "three", 5 } },
		{ .channel = { "web", 3 }, .at = { "/tracks/new/", 12 }, .topic = { "four", 4 } },
		{ .channel = { "file", 4 }, .at = { "/", 1 }, .topic = { "five", 4 } },
	};
	static const struct pv_doors_config c = { .routes = all, .route_count = 5 };
	static const struct {
		const char *channel, *what, *topic;
	} rows[] = {
		{ "mail", "ops@army.example", "two" },
		{ "mail", "a@army.example", "one" },
		{ "mail", "a@mail.army.example", "one" },
		{ "mail", "a@navy-army.example", NULL },
		{ "mail", "a@example", NULL },
		{ "mail", "", NULL },
		{ "web", "/tracks", "three" },
		{ "web", "/tracks/1", "three" },
		{ "web", "/tracksuit", NULL },
		{ "web", "/tracks/new/1", "four" },
		{ "web", "/tracks/new", "three" },
		{ "web", "/", NULL },
		{ "file", "/x", "five" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pv_door_route *r =
		    pv_door_route_find(&c, pv_slice_of(rows[i].channel), pv_slice_of(rows[i].what));

		tap_ok(rows[i].topic == NULL ? r == NULL
					     : r != NULL && pv_slice_is(r->topic, rows[i].topic),
		    "route: %s %s", rows[i].channel, rows[i].what);
	}
	tap_ok(pv_door_route_find(NULL, PV_SLICE("web"), PV_SLICE("/")) == NULL,
	    "no routes, no route");
}

static void
settings(void)
{
	static const struct {
		const char *at;
		bool good;
	} listeners[] = {
		{ "127.0.0.1:10041", true },
		{ "127.8.0.1:1", true },
		{ "[::1]:10041", true },
		{ "unix:/run/proviso/policy", true },
		{ "0.0.0.0:10041", false },
		{ "192.0.2.1:10041", false },
		{ "[::]:10041", false },
		{ "localhost:10041", false },
		{ "127.0.0.1", false },
		{ "127.0.0.1:99999", false },
		{ ":10041", false },
		{ "", false },
	};
	static const struct {
		struct pv_door_route r;
		const char *field; /* NULL: good */
	} checks[] = {
		{ { PV_SLICE("mail"), PV_SLICE("@x.example"), PV_SLICE("t"), PV_NO_SLICE,
		      PV_NO_SLICE },
		    NULL },
		{ { PV_SLICE("fax"), PV_SLICE("/"), PV_SLICE("t"), PV_NO_SLICE, PV_NO_SLICE },
		    "channel" },
		{ { PV_SLICE("mail"), PV_SLICE("/x"), PV_SLICE("t"), PV_NO_SLICE, PV_NO_SLICE },
		    "at" },
		{ { PV_SLICE("web"), PV_SLICE("x"), PV_SLICE("t"), PV_NO_SLICE, PV_NO_SLICE },
		    "at" },
		{ { PV_SLICE("web"), PV_SLICE("/"), PV_NO_SLICE, PV_NO_SLICE, PV_NO_SLICE }, "" },
		{ { PV_SLICE("web"), PV_SLICE("/"), PV_SLICE("No Name"), PV_NO_SLICE, PV_NO_SLICE },
		    "" },
	};
	struct pv_err e;

	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
		e = (struct pv_err){ 0 };
		tap_ok(pv_ok(pv_door_listener_check(pv_slice_of(listeners[i].at), &e)) ==
			   listeners[i].good,
		    "a listener at \"%s\" is %s", listeners[i].at,
		    listeners[i].good ? "taken" : "refused");
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		bool good;

		e = (struct pv_err){ 0 };
		good = pv_ok(pv_door_route_check(&checks[i].r, &e));
		tap_ok(
		    checks[i].field == NULL ? good : !good && strcmp(e.field, checks[i].field) == 0,
		    "route %zu: %s", i, good ? "good" : e.what);
	}
}

/* ---- Postfix ---- */

static void
policy(void)
{
	static const struct {
		const char *text;
		enum pv_line_read got;
		const char *name;
	} rows[] = {
		{ "request=smtpd_access_policy\n\n", PV_LINE_DONE, "the least" },
		{ "request=smtpd_access_policy\nsender=\nx=y=z\n\n", PV_LINE_DONE,
		    "an empty value, and an equals sign in one" },
		{ "request=smtpd_access_policy\nsender=a", PV_LINE_MORE, "not whole yet" },
		{ "request=smtpd_access_policy\n", PV_LINE_MORE, "without its empty line" },
		{ "", PV_LINE_MORE, "nothing yet" },
		{ "\n", PV_LINE_BAD, "no request" },
		{ "request=other\n\n", PV_LINE_BAD, "another request" },
		{ "sender=a\n\n", PV_LINE_BAD, "no request named" },
		{ "request=smtpd_access_policy\njunk\n\n", PV_LINE_BAD, "a line that is none" },
		{ "request=smtpd_access_policy\n=x\n\n", PV_LINE_BAD, "no name" },
		{ "request=smtpd_access_policy\nsender=a\nsender=\n\n", PV_LINE_BAD,
		    "a name twice" },
	};
	struct pv_policy_request r;
	size_t used = 0;
	static const char whole[] = "request=smtpd_access_policy\nsender=a@x.example\n"
				    "recipient=b@y.example\nclient_address=192.0.2.1\n"
				    "ccert_pubkey_fingerprint=0A:b1:FF\n\nrequest=";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(
		    pv_postfix_policy_read(pv_slice_of(rows[i].text), a, &r, &used) == rows[i].got,
		    "policy: %s", rows[i].name);
	tap_ok(pv_postfix_policy_read(pv_slice_of(whole), a, &r, &used) == PV_LINE_DONE &&
		   used == sizeof(whole) - 1 - strlen("request=") &&
		   pv_slice_is(r.sender, "a@x.example") &&
		   pv_slice_is(r.recipient, "b@y.example") &&
		   pv_slice_is(r.client_address, "192.0.2.1") &&
		   pv_slice_is(r.key_fingerprint, "0ab1ff"),
	    "policy: its values, and no more than its bytes");
}

static void
lookups(void)
{
	static const struct {
		const char *text;
		enum pv_line_read got;
		const char *name;
	} rows[] = {
		{ "3:a b,", PV_LINE_DONE, "a map and a key" },
		{ "2:a ,", PV_LINE_DONE, "an empty key" },
		{ "7:a b c d,x", PV_LINE_DONE, "blanks in a key" },
		{ "3:a b", PV_LINE_MORE, "without its comma yet" },
		{ "12", PV_LINE_MORE, "a length alone" },
		{ "", PV_LINE_MORE, "nothing yet" },
		{ "3:a b;", PV_LINE_BAD, "another end" },
		{ "1:a,", PV_LINE_BAD, "no key" },
		{ "0:,", PV_LINE_BAD, "nothing in it" },
		{ "03:a b,", PV_LINE_BAD, "a zero before" },
		{ "-3:a b,", PV_LINE_BAD, "a sign" },
		{ "99999:a b,", PV_LINE_BAD, "too long" },
		{ "1234567", PV_LINE_BAD, "a length without end" },
		{ ":a b,", PV_LINE_BAD, "no length" },
	};
	struct pv_lookup_request r;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(pv_lookup_read(pv_slice_of(rows[i].text), &r, &used) == rows[i].got,
		    "look-up: %s", rows[i].name);
	tap_ok(
	    pv_lookup_read(PV_SLICE("23:transport x@dea.example,9:"), &r, &used) == PV_LINE_DONE &&
		used == 27 && pv_slice_is(r.map, "transport") &&
		pv_slice_is(r.key, "x@dea.example"),
	    "look-up: its parts, and no more than its bytes");
}

static void
says(const struct pv_door_answer *answer, const char *policy_text, const char *lookup_text,
    const char *name)
{
	struct pv_buf p = { 0 }, l = { 0 };

	pv_postfix_policy_write(answer, &p);
	pv_lookup_write(answer, &l);
	tap_str(pv_buf_str(&p), policy_text, name);
	tap_str(pv_buf_str(&l), lookup_text, name);
	pv_buf_free(&p);
	pv_buf_free(&l);
}

static void
replies(void)
{
	struct pv_door_answer pass = { .say = PV_DOOR_PASS }, later = { .say = PV_DOOR_LATER },
			      forgotten = { 0 };
	struct pv_door_answer refuse = { .order = PV_SLICE("o-1"),
		.issuer = PV_SLICE("co"),
		.desk = PV_SLICE("a\r\nRCPT\x1b, \xc3\xa9t\xc3\xa9"),
		.reference = PV_SLICE("7F3A-91C2") };

	says(&pass, "action=DUNNO\n\n", "9:NOTFOUND ,", "what passes is left to others, never OK");
	says(&later,
	    "action=450 4.7.1 This gateway has no fresh proof of its orders; try again later\n\n",
	    "77:OK retry:4.7.1 This gateway has no fresh proof of its orders; try again later,",
	    "a stale gateway");
	says(&forgotten, "action=554 5.7.1 This exchange is not possible; reference \n\n",
	    "56:OK error:5.7.1 This exchange is not possible; reference ,",
	    "a forgotten assignment refuses");
	says(&refuse,
	    "action=554 5.7.1 Exchange stopped by order o-1 of co; ask a??RCPT?, ??t??; reference "
	    "7F3A-91C2\n\n",
	    "92:OK error:5.7.1 Exchange stopped by order o-1 of co; ask a??RCPT?, ??t??; reference "
	    "7F3A-91C2,",
	    "a text of the records cannot break the reply");
}

/* ---- AuthZEN ---- */

#define S "\"subject\":{\"type\":\"party\",\"id\":\"us\"}"
#define R "\"resource\":{\"type\":\"report\",\"id\":\"r-1\"}"
#define A "\"action\":{\"name\":\"law\"}"

static void
authzen(void)
{
	static const struct {
		const char *body, *wrong; /* NULL: good */
		bool batch;
	} rows[] = {
		{ "{" S "," R "," A "}", NULL, false },
		{ "{" S "," R "," A ",\"context\":{},\"x\":[1]}", NULL, false },
		{ "{" S "," R "," A ",\"evaluations\":\"x\"}", NULL, false },
		{ "{" R "," A "}", "subject is missing", false },
		{ "{" S "," A "}", "resource is missing", false },
		{ "{" S "," R "}", "action is missing", false },
		{ "{" S "," R ",\"action\":{\"name\":1}}", "action.name is not a string", false },
		{ "{" S "," R ",\"action\":{\"name\":\"\"}}", "action.name is empty", false },
		{ "{" S "," R ",\"action\":null}", "action is not an object", false },
		{ "{" S "," R "," A ",\"context\":1}", "context is not an object", false },
		{ "{\"subject\":{\"type\":\"p\",\"id\":\"x\",\"properties\":[]}," R "," A "}",
		    "properties is not an object", false },
		{ "[]", "the request is not an object", false },
		{ "", "the request has no body", false },
		{ "{" S "," R "," A ",\"evaluations\":\"x\"}", "evaluations is not an array",
		    true },
		{ "{" S "," R "," A ",\"options\":[]}", "options is not an object", true },
		{ "{" S "," R "," A ",\"evaluations\":[]}", NULL, true },
		{ "{\"evaluations\":[{}]}", NULL, true },
	};
	struct pv_authzen z;
	struct pv_err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good;

		e = (struct pv_err){ 0 };
		good = pv_ok(pv_authzen_read(&z, pv_slice_of(rows[i].body), rows[i].batch, a, &e));
		tap_ok(rows[i].wrong == NULL ? good : !good && strcmp(e.what, rows[i].wrong) == 0,
		    "AuthZEN: %s", rows[i].wrong == NULL ? "it is taken" : rows[i].wrong);
	}
	e = (struct pv_err){ 0 };
	tap_ok(pv_ok(pv_authzen_read(&z,
		   PV_SLICE("{" S "," A ",\"evaluations\":[{" R
			    "},{},{\"resource\":{\"type\":\"x\"}}]}"),
		   true, a, &e)) &&
		   z.many && z.ask.count == 3 && z.ask.rows[0].wrong.n == 0 &&
		   pv_slice_is(z.ask.rows[1].wrong, "resource is missing") &&
		   pv_slice_is(z.ask.rows[2].wrong, "resource.id is missing"),
	    "an item that lacks something is wrong, the others are not");
	tap_ok(
	    pv_ok(pv_authzen_read(&z,
		PV_SLICE(
		    "{\"subject\":{\"type\":\"user\",\"id\":\"a\",\"properties\":{\"role\":\"x\","
		    "\"n\":5,\"b\":true,\"l\":[1],\"o\":{},\"z\":null,\"e\":\"\",\"a=b\":\"c\"}}," R
		    "," A "}"),
		false, a, &e)) &&
		z.ask.rows[0].subject_says.n == 3 &&
		pv_slice_is(z.ask.rows[0].subject_says.at[0], "role=x") &&
		pv_slice_is(z.ask.rows[0].subject_says.at[1], "n=5") &&
		pv_slice_is(z.ask.rows[0].subject_says.at[2], "b=true"),
	    "properties that are text, numbers, truth values; nothing else");
	tap_ok(
	    pv_ok(pv_authzen_read(&z,
		PV_SLICE("{" S "," A ",\"resource\":{\"type\":\"r\",\"id\":\"x\",\"properties\":{"
			 "\"topic\":\"a\",\"regions\":[\"b\",\"c\"],\"never\":[1,\"d\"],"
			 "\"topics\":7}}}"),
		false, a, &e)) &&
		z.ask.rows[0].topics.n == 2 && pv_slice_is(z.ask.rows[0].topics.at[1], "?") &&
		z.ask.rows[0].regions.n == 2 && z.ask.rows[0].never.n == 2 &&
		pv_slice_is(z.ask.rows[0].never.at[0], "?"),
	    "what cannot be read of a report is unknown, never left out");
}

int
main(void)
{
	a = pv_arena_new();
	paths();
	routes();
	settings();
	policy();
	lookups();
	replies();
	authzen();
	pv_arena_free(a);
	return tap_done();
}
