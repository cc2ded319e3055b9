/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx.conf: words, ended by ';' or a block. A door is a location that passes
 * to a URL with /door/ in it; what stands before an origin's content is looked
 * at with what it inherits.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "gateway/doctor.h"

#define DEEP_MAX     32
#define WORDS_MAX    64
#define NODES_MAX    100000
#define INCLUDES_MAX 500
#define SLOW_S       10

struct node {
	struct pv_slice words[WORDS_MAX];
	size_t n;
	struct pv_slice file;
	unsigned line;
	struct node *child, *next, *up;
	bool block;
};

struct tree {
	struct pv_traps *f;
	struct pv_arena *a;
	const char *folder; /* what includes are relative to; NULL: none are followed */
	unsigned nodes, includes;
	struct pv_slice doors[WORDS_MAX]; /* names of locations that are doors, for auth_request */
	size_t door_count;
};

struct text {
	struct pv_slice rest, file;
	unsigned line;
};

/* ---- reading ---- */

enum token { TOKEN_END = 0, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_SEMICOLON, TOKEN_BAD };

static char
take(struct text *t)
{
	char c = t->rest.p[0];

	t->rest = pv_slice_sub(t->rest, 1, t->rest.n);
	t->line += c == '\n' ? 1 : 0;
	return c;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct text *t)
{
	while (t->rest.n != 0) {
		if (is_blank(t->rest.p[0])) {
			take(t);
		} else if (t->rest.p[0] == '#') {
			while (t->rest.n != 0 && take(t) != '\n') {
			}
		} else {
			return;
		}
	}
}

/* "${name}", behind its '$'. */
static void
read_braces(struct text *t, struct pv_buf *out)
{
	while (t->rest.n != 0) {
		char c = take(t);

		pv_buf_add_c(out, c);
		if (c == '}')
			return;
	}
}

static bool
ends_word(char c, char quote)
{
	if (quote != '\0')
		return c == quote;
	return is_blank(c) || c == ';' || c == '{' || c == '}';
}

/* A word ends at a blank, ';', '{' or '}'; quotes hold anything. */
static enum token
read_word(struct text *t, struct pv_arena *a, struct pv_slice *word)
{
	char quote = t->rest.p[0] == '"' || t->rest.p[0] == '\'' ? take(t) : '\0';
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

	while (t->rest.n != 0) {
		char c = t->rest.p[0];

		if (quote == '\0' && c == '{' && out.n != 0 && out.p[out.n - 1] == '$') {
			read_braces(t, &out);
			continue;
		}
		if (ends_word(c, quote))
			break;
		pv_buf_add_c(&out, take(t));
		if (c == '\\' && t->rest.n != 0)
			pv_buf_add_c(&out, take(t));
	}
	if (quote != '\0' && (t->rest.n == 0 || take(t) != quote))
		return TOKEN_BAD;
	*word = pv_arena_copy(a, pv_buf_slice(&out));
	return TOKEN_WORD;
}

static enum token
read_token(struct text *t, struct pv_arena *a, struct pv_slice *word)
{
	skip_blanks(t);
	if (t->rest.n == 0)
		return TOKEN_END;
	switch (t->rest.p[0]) {
	case '{':
		take(t);
		return TOKEN_OPEN;
	case '}':
		take(t);
		return TOKEN_CLOSE;
	case ';':
		take(t);
		return TOKEN_SEMICOLON;
	default:
		return read_word(t, a, word);
	}
}

static PV_RESULT read_block(struct tree *t, struct text *text, struct node *up, struct node **out,
    bool in_braces, unsigned depth, struct pv_err *e);

static PV_RESULT
bad(const struct text *t, struct pv_err *e, const char *why)
{
	struct pv_status st = PV_FAIL(e, PV_E_INPUT, "%s", why);

	e->line = t->line;
	snprintf(e->source, sizeof(e->source), "%.*s", PV_FMT(t->file));
	return st;
}

/* What a file includes stands where the include stood. One that is not there is left to nginx. */
static PV_RESULT
include(struct tree *t, const struct node *n, struct node *up, struct node ***end, unsigned depth,
    struct pv_err *e)
{
	struct pv_slice name = n->n > 1 ? n->words[1] : PV_NO_SLICE;
	glob_t found = { 0 };
	struct pv_status st = PV_DONE;

	if (name.n == 0 || t->folder == NULL)
		return PV_DONE;
	if (name.p[0] != '/')
		name = pv_arena_printf(t->a, "%s/%.*s", t->folder, PV_FMT(name));
	if (glob(pv_arena_str(t->a, name), 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	for (size_t i = 0; i < found.gl_pathc && pv_ok(st); i++) {
		struct text text = { .line = 1 };

		if (++t->includes > INCLUDES_MAX)
			st =
			    PV_FAIL(e, PV_E_LIMIT, "more than %d files are included", INCLUDES_MAX);
		else if (pv_ok(pv_doctor_read(t->a, found.gl_pathv[i], &text.rest, e))) {
			text.file = pv_arena_copy(t->a, pv_slice_of(found.gl_pathv[i]));
			st = read_block(t, &text, up, *end, false, depth + 1, e);
			while (**end != NULL)
				*end = &(**end)->next;
		}
	}
	globfree(&found);
	return st;
}

/* One directive, and what ended it: its ';', its block; or the block around it, or the file, is over. */
static PV_RESULT
read_directive(
    struct tree *t, struct text *text, struct node *n, enum token *ended, struct pv_err *e)
{
	struct pv_slice word = PV_NO_SLICE;

	for (;;) {
		*ended = read_token(text, t->a, &word);
		switch (*ended) {
		case TOKEN_WORD:
			if (n->n == 0)
				n->line = text->line;
			if (n->n < WORDS_MAX)
				n->words[n->n++] = word;
			break;
		case TOKEN_SEMICOLON:
			return PV_DONE;
		case TOKEN_OPEN:
			n->block = true;
			return PV_DONE;
		case TOKEN_CLOSE:
		case TOKEN_END:
			return n->n == 0 ? PV_DONE : bad(text, e, "a directive is not ended");
		case TOKEN_BAD:
			return bad(text, e, "a quote is not ended");
		}
	}
}

static PV_RESULT
read_block(struct tree *t, struct text *text, struct node *up, struct node **out, bool in_braces,
    unsigned depth, struct pv_err *e)
{
	struct node **end = out;

	if (depth > DEEP_MAX)
		return bad(text, e, "blocks or includes are nested too deeply");
	for (;;) {
		struct node *n = PV_ARENA_NEW(t->a, struct node);
		enum token ended;

		if (++t->nodes > NODES_MAX)
			return PV_FAIL(e, PV_E_LIMIT, "more than %d directives", NODES_MAX);
		n->up = up;
		n->file = text->file;
		PV_TRY(read_directive(t, text, n, &ended, e));
		if (ended == TOKEN_END && in_braces)
			return bad(text, e, "a block is not ended");
		if (ended == TOKEN_CLOSE && !in_braces)
			return bad(text, e, "a block is ended that was not begun");
		if (ended == TOKEN_END || ended == TOKEN_CLOSE)
			return PV_DONE;
		if (n->block)
			PV_TRY(read_block(t, text, n, &n->child, true, depth + 1, e));
		if (n->n == 0)
			continue;
		if (pv_slice_is(n->words[0], "include")) {
			PV_TRY(include(t, n, up, &end, depth, e));
			continue;
		}
		*end = n;
		end = &n->next;
	}
}

/* ---- what holds where ---- */

static bool
is(const struct node *n, const char *name)
{
	return pv_slice_is(n->words[0], name);
}

static struct pv_slice
word(const struct node *n, size_t i)
{
	return n != NULL && i < n->n ? n->words[i] : PV_NO_SLICE;
}

static const struct node *
own(const struct node *block, const char *name)
{
	for (const struct node *c = block->child; c != NULL; c = c->next)
		if (is(c, name))
			return c;
	return NULL;
}

/* In the block, or the nearest around it that says so. */
static const struct node *
inherited(const struct node *block, const char *name)
{
	for (; block != NULL; block = block->up) {
		const struct node *n = own(block, name);

		if (n != NULL)
			return n;
	}
	return NULL;
}

static const struct node *
own_header(const struct node *block, const char *header)
{
	for (const struct node *c = block->child; c != NULL; c = c->next) {
		struct pv_slice name = word(c, 1);

		if (is(c, "proxy_set_header") && name.n == strlen(header) &&
		    strncasecmp(name.p, header, name.n) == 0)
			return c;
	}
	return NULL;
}

static bool
contains(struct pv_slice s, const char *what)
{
	return s.n != 0 && memmem(s.p, s.n, what, strlen(what)) != NULL;
}

static bool
is_door(const struct node *location)
{
	return contains(word(own(location, "proxy_pass"), 1), "/door/");
}

/* "500ms", "2s", "1m", "2": seconds, at least 1 where it is more than nothing. */
static uint64_t
seconds_of(struct pv_slice text)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && n < 100000000; i++)
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	text = pv_slice_sub(text, i, text.n);
	if (pv_slice_is(text, "ms"))
		return (n + 999) / 1000;
	return pv_slice_is(text, "m") ? n * 60 : pv_slice_is(text, "h") ? n * 3600 : n;
}

static void
say(struct tree *t, enum pv_grave grave, const struct node *n, const char *fix, const char *what)
{
	pv_traps_add(t->f, grave, n->file, n->line, pv_slice_of(what), fix);
}

/* ---- the door itself ---- */

static void
look_at_timeouts(struct tree *t, const struct node *door)
{
	static const char *const names[] = { "proxy_connect_timeout", "proxy_read_timeout",
		"proxy_send_timeout" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct node *n = inherited(door, names[i]);

		if (n == NULL || seconds_of(word(n, 1)) > SLOW_S)
			pv_traps_add(t->f, PV_GRAVE_SLOW, door->file,
			    n != NULL ? n->line : door->line,
			    pv_arena_printf(t->a, "%s at the door is %s", names[i],
				n == NULL ? "not set: 60 s" : "long"),
			    "1 to 2 s: while the gateway is gone every request waits so long");
	}
}

static void
look_at_headers(struct tree *t, const struct node *door)
{
	static const char *const needed[] = { "X-Original-URI", "X-Original-Method", "X-Real-IP" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (own_header(door, needed[i]) == NULL)
			pv_traps_add(t->f, PV_GRAVE_SHUTS, door->file, door->line,
			    pv_arena_printf(t->a, "the door is not told %s", needed[i]),
			    "set it with proxy_set_header in the location of the door: it answers "
			    "500 "
			    "without");
	if (!pv_slice_is(word(inherited(door, "proxy_pass_request_headers"), 1), "off"))
		say(t, PV_GRAVE_OPENS, door, "proxy_pass_request_headers off;",
		    "the client's own headers reach the door: who asks can say who he is");
	if (!pv_slice_is(word(inherited(door, "proxy_pass_request_body"), 1), "off"))
		say(t, PV_GRAVE_SHUTS, door, "proxy_pass_request_body off;",
		    "the door is sent a body, which it refuses");
	else if (own_header(door, "Content-Length") == NULL)
		say(t, PV_GRAVE_SHUTS, door, "proxy_set_header Content-Length \"\";",
		    "the door is told of a body that does not come: it refuses uploads");
}

static void
look_at_tls(struct tree *t, const struct node *door)
{
	struct pv_slice url = word(own(door, "proxy_pass"), 1);

	if (pv_slice_starts(url, PV_SLICE("https://"))) {
		if (!pv_slice_is(word(inherited(door, "proxy_ssl_verify"), 1), "on"))
			say(t, PV_GRAVE_OPENS, door,
			    "proxy_ssl_verify on; with proxy_ssl_trusted_certificate",
			    "anybody between can answer for the gateway");
		return;
	}
	if (!contains(url, "//127.") && !contains(url, "//[::1]") &&
	    !contains(url, "//localhost") && !contains(url, "//unix:"))
		say(t, PV_GRAVE_OPENS, door, "https, and proxy_ssl_verify on",
		    "the door is asked without TLS: anybody between can answer");
}

static void
look_at_door(struct tree *t, const struct node *door)
{
	const struct node *cache = inherited(door, "proxy_cache");

	t->f->doors++;
	if (own(door, "internal") == NULL)
		say(t, PV_GRAVE_OPENS, door, "internal;", "clients can ask at the door themselves");
	if (cache != NULL && !pv_slice_is(word(cache, 1), "off"))
		say(t, PV_GRAVE_OPENS, cache, "proxy_cache off; in the location of the door",
		    "answers of the door are cached: an order is seen late");
	if (pv_slice_is(word(inherited(door, "proxy_intercept_errors"), 1), "on"))
		say(t, PV_GRAVE_OPENS, inherited(door, "proxy_intercept_errors"),
		    "proxy_intercept_errors off; in the location of the door",
		    "an answer of the door can become another one");
	look_at_timeouts(t, door);
	look_at_headers(t, door);
	look_at_tls(t, door);
}

/* ---- what should ask ---- */

static bool
asks_us(const struct tree *t, const struct node *ask)
{
	for (size_t i = 0; i < t->door_count; i++)
		if (pv_slice_eq(t->doors[i], word(ask, 1)))
			return true;
	return false;
}

/* Codes of an error_page that a refusal or no answer of the door has. */
static bool
of_the_door(struct pv_slice code)
{
	static const char *const codes[] = { "401", "403", "500", "502", "503", "504" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (pv_slice_is(code, codes[i]))
			return true;
	return false;
}

/* With "=" the status is another one's; a named location has its content sent, whatever the status. */
static void
look_at_error_page(struct tree *t, const struct node *n)
{
	bool ours = false, changed = false;

	for (size_t i = 1; i < n->n; i++) {
		ours = ours || of_the_door(n->words[i]);
		changed = changed || n->words[i].n == 0 || n->words[i].p[0] == '=' ||
			  n->words[i].p[0] == '@';
	}
	if (ours && changed)
		say(t, PV_GRAVE_OPENS, n,
		    "no error_page with \"=\" or \"@\" for 401, 403, 500, 503",
		    "a refusal of the door becomes another answer");
}

static bool
only_answers(const struct node *location)
{
	return own(location, "return") != NULL || own(location, "internal") != NULL;
}

static void look_in(struct tree *t, const struct node *block);

static void
look_at_location(struct tree *t, const struct node *n)
{
	const struct node *ask = inherited(n, "auth_request"), *mine = own(n, "auth_request");

	if (is_door(n))
		return;
	if (mine != NULL && pv_slice_is(word(mine, 1), "off"))
		say(t, PV_GRAVE_OPENS, mine, "leave it out", "this location does not ask");
	else if (ask == NULL && !only_answers(n))
		say(t, PV_GRAVE_OPENS, n, "auth_request in the server, above all locations",
		    "this location does not ask");
	look_in(t, n);
}

static void
look_at_directive(struct tree *t, const struct node *n)
{
	if (is(n, "auth_request") && !pv_slice_is(word(n, 1), "off") && !asks_us(t, n))
		pv_traps_add(t->f, PV_GRAVE_OPENS, n->file, n->line,
		    pv_arena_printf(
			t->a, "%.*s is no location that asks at our door", PV_FMT(word(n, 1))),
		    "its proxy_pass goes to https://GATEWAY/door/web");
	if (is(n, "satisfy") && pv_slice_is(word(n, 1), "any") &&
	    inherited(n->up, "auth_request") != NULL)
		say(t, PV_GRAVE_OPENS, n, "satisfy all;",
		    "who is let in by an address or a password passes without the door");
	if (is(n, "error_page"))
		look_at_error_page(t, n);
	if (is(n, "location"))
		look_at_location(t, n);
	else if (n->block)
		look_in(t, n);
}

static void
look_in(struct tree *t, const struct node *block)
{
	for (const struct node *c = block->child; c != NULL; c = c->next)
		look_at_directive(t, c);
}

/* A server without locations that never asks gives what it has to anybody. */
static void
look_at_servers(struct tree *t, const struct node *block)
{
	for (const struct node *c = block->child; c != NULL; c = c->next) {
		if (is(c, "server") && c->block && pv_slice_is(block->words[0], "http") &&
		    inherited(c, "auth_request") == NULL && own(c, "location") == NULL &&
		    own(c, "return") == NULL)
			say(t, PV_GRAVE_OPENS, c, "auth_request in it", "this server does not ask");
		if (c->block)
			look_at_servers(t, c);
	}
}

/* Doors first: what asks is then held against them. */
static void
find_doors(struct tree *t, const struct node *block)
{
	for (const struct node *c = block->child; c != NULL; c = c->next) {
		if (is(c, "location") && is_door(c)) {
			if (t->door_count < WORDS_MAX)
				t->doors[t->door_count++] = word(c, c->n - 1);
			look_at_door(t, c);
		} else if (c->block) {
			find_doors(t, c);
		}
	}
}

static PV_RESULT
examine(struct tree *t, struct pv_slice text, const char *name, struct pv_err *e)
{
	struct text in = { .rest = text, .file = pv_slice_of(name), .line = 1 };
	struct node *root = PV_ARENA_NEW(t->a, struct node);

	root->words[0] =
	    PV_SLICE("http"); /* a piece of a configuration is looked at as one of http */
	root->n = 1;
	root->file = in.file;
	PV_TRY(read_block(t, &in, root, &root->child, false, 0, e));
	root->up = NULL;
	find_doors(t, root);
	look_in(t, root);
	look_at_servers(t, root);
	if (t->f->doors == 0)
		pv_traps_add(t->f, PV_GRAVE_OPENS, in.file, 0,
		    PV_SLICE("no location asks at our door"), "docs/doors.md has the lines");
	return PV_DONE;
}

PV_RESULT
pv_doctor_nginx_text(struct pv_traps *f, struct pv_slice text, const char *name, struct pv_err *e)
{
	struct tree t = { .f = f, .a = f->a };

	return examine(&t, text, name, e);
}

PV_RESULT
pv_doctor_nginx(struct pv_traps *f, const char *path, struct pv_err *e)
{
	const char *slash = strrchr(path, '/');
	struct tree t = { .f = f, .a = f->a };
	struct pv_slice text;

	t.folder =
	    slash == NULL ? "." : pv_arena_str(f->a, pv_slice_mem(path, (size_t)(slash - path)));
	PV_TRY(pv_doctor_read(f->a, path, &text, e));
	return examine(&t, text, path, e);
}
