/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls over HTTPS, on one connection that is kept: a question is a POST to
 * /api/v1/calls/NAME, its JSON on one line and what follows it behind; the
 * answer has the same form. A refusal comes as a problem document, from which
 * the error that the desk raised is made again. docs/protocol/remote.md.
 */
#include "cli/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/fail.h"
#include "codec/json.h"
#include "desk/remote.h"
#include "net/fetch.h"

#define TOKEN_MAX  8192
#define CALL_TYPE  "application/vnd.proviso.call"
#define ANSWER_MAX (64u << 20)

struct line {
	struct pv_fetcher *fetcher;
	struct pv_arena *arena;
	const char *url; /* without a slash at its end */
	const char *headers[4];
	struct pv_secret *authorization;
	bool pinned;
};

/* ---- what was given ---- */

const char *
pv_gateway_named(const struct pv_run *r)
{
	const char *env = getenv("PROVISO_GATEWAY");

	if (pv_given(r, "gateway"))
		return pv_option(r, "gateway");
	if (r->home_given && pv_given(r, "home"))
		return NULL; /* a home that is named in the command is meant, whatever the environment says */
	return env != NULL && *env != '\0' ? env : NULL;
}

PV_RESULT
pv_gateway_refuse(const struct pv_run *r, struct pv_err *e)
{
	static const char *const files[] = { "init", "backup", "restore", "key new", "key unlock",
		"key passphrase", "log export", "demo" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (pv_given(r, "gateway") && strcmp(r->cmd->name, files[i]) == 0)
			return pv_remote_needs_home(files[i], e);
	/* collections are the home's own tables; the gateway's clients see them by TAXII */
	if (pv_gateway_named(r) != NULL && strncmp(r->cmd->name, "collection ", 11) == 0)
		return pv_remote_needs_home(r->cmd->name, e);
	return PV_DONE;
}

static PV_RESULT
check_url(const char *given, struct pv_arena *a, const char **out, struct pv_err *e)
{
	struct pv_slice url = pv_slice_of(given);

	while (url.n != 0 && url.p[url.n - 1] == '/')
		url.n--;
	if (pv_slice_starts(url, PV_SLICE("http://")))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "\"%s\" is not encrypted", given), e,
		    "A gateway speaks HTTPS: --gateway https://%.*s",
		    PV_FMT(pv_slice_sub(url, 7, url.n)));
	if (!pv_slice_starts(url, PV_SLICE("https://")) || url.n == 8)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "\"%s\" is no gateway's address", given), e,
		    "It looks like this: --gateway https://gw.example:8443");
	for (size_t i = 8; i < url.n; i++)
		if (url.p[i] == '/' || url.p[i] == '?' || url.p[i] == '#' || url.p[i] == '@' ||
		    url.p[i] <= ' ')
			return pv_advise(PV_FAIL(e, PV_E_INPUT,
					     "\"%s\" is more than a gateway's address", given),
			    e, "Leave out what follows the name and the port: --gateway %.*s",
			    (int)i, url.p);
	*out = pv_arena_str(a, url);
	return PV_DONE;
}

/* The first line of a file, or of PROVISO_TOKEN itself. */
static PV_RESULT
read_token(struct pv_run *r, struct pv_secret **out, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	const char *path = pv_option(r, "token"), *env = getenv("PROVISO_TOKEN");
	struct pv_slice token, rest;
	ssize_t got;
	int fd;

	if (path == NULL && (env == NULL || *env == '\0'))
		return PV_DONE;
	pv_buf_add_str(&text, "Authorization: Bearer ");
	if (path == NULL) {
		pv_buf_add_str(&text, env);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd >= 0 ? read(fd, pv_buf_room(&text, TOKEN_MAX), TOKEN_MAX) : -1;
		if (fd >= 0)
			close(fd);
		if (got < 0)
			return PV_FAIL(e, PV_E_CONFIG, "cannot read the token in %s: %s", path,
			    strerror(errno));
		text.n += (size_t)got;
	}
	rest = pv_buf_slice(&text);
	if (!pv_slice_next(&rest, '\n', &token))
		token = pv_buf_slice(&text);
	token = pv_slice_trim(token);
	for (size_t i = 22; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] >= 0x7f)
			token.n = 0;
	if (token.n <= 22)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "%s holds no token",
				     path != NULL ? path : "PROVISO_TOKEN"),
		    e, "A token is one line of letters and digits: proviso token new, at the home");
	*out = pv_secret_new(token.n + 1);
	memcpy(pv_secret_bytes(*out), token.p, token.n);
	((char *)pv_secret_bytes(*out))[token.n] = '\0';
	return PV_DONE;
}

/* ---- errors ---- */

static struct pv_slice
member(const struct pv_json *doc, const char *name)
{
	uint32_t i = doc != NULL ? pv_json_member(doc, 0, pv_slice_of(name)) : PV_JSON_NONE;

	return i != PV_JSON_NONE && pv_json_at(doc, i)->type == PV_JSON_STRING
		   ? pv_json_at(doc, i)->text
		   : PV_NO_SLICE;
}

static enum pv_code
code_of(int status, struct pv_slice word)
{
	static const struct {
		const char *word;
		enum pv_code code;
	} codes[] = { { "input", PV_E_INPUT }, { "config", PV_E_CONFIG },
		{ "untrusted", PV_E_UNTRUSTED }, { "limit", PV_E_LIMIT }, { "down", PV_E_DOWN } };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (pv_slice_is(word, codes[i].word))
			return codes[i].code;
	if (status == 413)
		return PV_E_LIMIT;
	return status == 400                                                      ? PV_E_INPUT
	       : status == 429 || status == 502 || status == 503 || status == 504 ? PV_E_DOWN
										  : PV_E_CONFIG;
}

/* The desk's error, as it was raised there. */
static PV_RESULT
again(enum pv_code code, const struct pv_json *doc, struct pv_err *e)
{
	struct pv_status st = PV_FAIL(e, code, "%.*s", PV_FMT(member(doc, "detail")));
	struct pv_slice fix = member(doc, "advice");

	snprintf(e->field, sizeof(e->field), "%.*s", PV_FMT(member(doc, "field")));
	return fix.n != 0 ? pv_advise(st, e, "%.*s", PV_FMT(fix)) : st;
}

static PV_RESULT
refused(const struct line *l, const struct pv_fetched *got, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_err ignored;
	enum pv_code code;

	if (!pv_ok(pv_json_read(&doc, pv_buf_slice(&got->body), 1 << 20, &ignored)) ||
	    member(doc, "title").n == 0)
		return pv_advise(
		    PV_FAIL(e, got->status >= 500 ? PV_E_DOWN : PV_E_CONFIG,
			"%s answers %d, and not as a Proviso gateway does", l->url, got->status),
		    e, "Is it the right address? At https://HOST:PORT/ a gateway says what it is");
	if (got->status == 401)
		return pv_advise(
		    PV_FAIL(e, PV_E_CONFIG, "%s does not know who calls: %s", l->url,
			l->authorization != NULL ? "the token is not one of its own, or has expired"
						 : "no credential was given"),
		    e,
		    "Name one with --token FILE or PROVISO_TOKEN, or --cert and --cert-key. A new "
		    "token: proviso token new, at the home");
	if (got->status == 403)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "this credential may not do that at %s: %.*s", l->url,
			PV_FMT(member(doc, "detail"))),
		    e,
		    "An officer of the home can give it the role that is needed: proviso key add");
	if (got->status == 429)
		return pv_advise(
		    PV_FAIL(e, PV_E_DOWN, "%s is asked too often by this credential", l->url), e,
		    "Wait %.*s seconds and try again",
		    PV_FMT(got->retry_after.n != 0 ? got->retry_after : PV_SLICE("a few")));
	code = code_of(got->status, member(doc, "code"));
	return again(code, doc, e);
}

/* ---- a call ---- */

static struct pv_status
call(void *ctx, const struct pv_call *c, struct pv_slice ask, struct pv_slice tail,
    struct pv_buf *answer, struct pv_buf *tail_out, struct pv_err *e)
{
	struct line *l = ctx;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_wipe) struct pv_buf body = { 0 };
	struct pv_fetch what = { .method = "POST", .headers = l->headers, .limit = ANSWER_MAX };
	struct pv_fetched got = { 0 };
	struct pv_slice rest, json;
	struct pv_status st;

	pv_buf_add(&body, ask);
	pv_buf_add_c(&body, '\n');
	pv_buf_add(&body, tail);
	what.url = pv_arena_printf(a, "%s/api/v1/calls/%s", l->url, c->name).p;
	what.body = pv_buf_slice(&body);
	st = pv_fetch(l->fetcher, &what, a, &got, e);
	if (!pv_ok(st) && e->code == PV_E_UNTRUSTED && !l->pinned)
		pv_ignore(pv_advise(st, e,
		    "Its certificate: --ca FILE (or PROVISO_CA). Without the file: --pin and the "
		    "fingerprint that provisod prints, told by voice"));
	if (pv_ok(st) && got.status != 200)
		st = refused(l, &got, e);
	rest = pv_buf_slice(&got.body);
	if (pv_ok(st) && !pv_slice_next(&rest, '\n', &json))
		st = PV_FAIL(
		    e, PV_E_UNTRUSTED, "%s answers, and not as a Proviso gateway does", l->url);
	if (pv_ok(st)) {
		pv_buf_add(answer, json);
		pv_buf_add(tail_out, rest);
	}
	pv_buf_wipe(&got.body);
	return st;
}

static void
hang_up(void *ctx)
{
	struct line *l = ctx;

	pv_fetcher_free(l->fetcher);
	pv_secret_free(l->authorization);
}

/* ---- opening ---- */

static PV_RESULT
dial(struct pv_run *r, struct line *l, struct pv_err *e)
{
	struct pv_fetch_use use = { .ca_path = pv_option(r, "ca"),
		.pin = pv_option(r, "pin"),
		.cert_path = pv_option(r, "cert"),
		.key_path = pv_option(r, "cert-key"),
		.total_ms = 180000 };

	if (use.ca_path == NULL && use.pin == NULL)
		use.ca_path = getenv("PROVISO_CA");
	l->pinned = use.pin != NULL;
	if ((use.cert_path == NULL) != (use.key_path == NULL))
		return PV_USAGE(r, e, "--cert and --cert-key belong together");
	PV_TRY(read_token(r, &l->authorization, e));
	l->headers[0] = "Content-Type: " CALL_TYPE;
	l->headers[1] = "Accept: " CALL_TYPE;
	if (l->authorization != NULL)
		l->headers[2] = (const char *)pv_secret_bytes(l->authorization);
	return pv_fetcher_new(&l->fetcher, &use, e);
}

PV_RESULT
pv_gateway_open(struct pv_run *r, const char *url, struct pv_desk **out, struct pv_err *e)
{
	struct line *l = PV_ARENA_NEW(r->arena, struct line);
	struct pv_transport t = { call, hang_up, l };
	struct stat st;
	struct pv_status status;

	PV_TRY(check_url(url, r->arena, &l->url, e));
	status = dial(r, l, e);
	if (!pv_ok(status)) {
		hang_up(l);
		return status;
	}
	return pv_desk_remote(out, &t, stat(r->home, &st) == 0 ? r->home : NULL, &r->env, e);
}
