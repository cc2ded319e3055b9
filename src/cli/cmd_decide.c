/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide: requests against records, without a home or keys. Answers leave as
 * soon as no more input is at hand, so it also serves as a co-process.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/explain.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/logs.h"
#include "core/decide.h"
#include "wire/request.h"

#define CHUNK 262144

struct deciding {
	struct pv_run *r;
	struct pv_origins origins;
	const char *source; /* of the requests */
	uint64_t default_s;
	bool explain;
	unsigned line;
	struct pv_request_reader reader;
	struct pv_arena *arena; /* of one request */
	struct pv_ref *refs;    /* two halves of cap: orders, agreements */
	size_t cap;
	struct pv_buf answer, extra;
};

static void
deciding_free(struct deciding *d)
{
	pv_request_reader_free(&d->reader);
	pv_arena_free(d->arena);
	pv_free(d->refs);
	pv_buf_free(&d->answer);
	pv_buf_free(&d->extra);
}

/* Decides; asks again with more room when more rules were found than fit. */
static void
decide(struct deciding *d, const struct pv_request *ask, struct pv_decision *out)
{
	size_t most;

	for (;;) {
		out->orders = (struct pv_refs){ .at = d->refs, .cap = d->cap };
		out->agreements = (struct pv_refs){ .at = d->refs + d->cap, .cap = d->cap };
		pv_decide(&d->origins, ask, out);
		most = out->orders.found > out->agreements.found ? out->orders.found
								 : out->agreements.found;
		if (most <= d->cap)
			return;
		d->cap = most;
		d->refs = pv_realloc_n(d->refs, 2 * d->cap, sizeof(*d->refs));
	}
}

static void
explain(struct deciding *d, const struct pv_request *ask)
{
	struct pv_jsonw w = { .out = &d->extra };

	pv_buf_add_str(&d->extra, "\"explain\":");
	pv_jsonw_object(&w, NULL);
	pv_put_explanation(d->arena, &w, pv_explain(&d->origins, ask, d->arena));
	pv_jsonw_end(&w);
}

/* One request, one line of answer; nothing of it is written when the request is wrong. */
static PV_RESULT
answer_line(struct deciding *d, struct pv_slice line, struct pv_err *e)
{
	struct pv_obligations duties;
	struct pv_decision out;
	struct pv_request ask;
	struct pv_slice id;

	if (pv_slice_trim(line).n == 0)
		return PV_DONE;
	PV_TRY(pv_request_read(&ask, &id, line, d->default_s, d->line, &d->reader, e));
	decide(d, &ask, &out);
	pv_arena_reset(d->arena);
	duties = pv_decision_obligations(&out, d->arena);
	pv_buf_clear(&d->answer);
	pv_buf_clear(&d->extra);
	if (d->explain)
		explain(d, &ask);
	pv_answer_write(&d->answer, id, &out, &duties, pv_buf_slice(&d->extra));
	pv_raw(&d->r->term, pv_buf_slice(&d->answer));
	return PV_DONE;
}

/* Takes the complete lines out of buf; at the end of input also the last one without a line feed. */
static PV_RESULT
answer_lines(
    struct deciding *d, struct pv_buf *buf, bool ended, struct pv_slice *wrong, struct pv_err *e)
{
	struct pv_slice rest = pv_buf_slice(buf);

	while (rest.n != 0) {
		const char *feed = memchr(rest.p, '\n', rest.n);
		struct pv_slice line = { rest.p, feed != NULL ? (size_t)(feed - rest.p) : rest.n };

		/* a line that is too long is read as far as it came: the reader says so */
		if (feed == NULL && !ended && rest.n <= PV_REQUEST_MAX)
			break;
		d->line++;
		*wrong = line;
		PV_TRY(pv_from(answer_line(d, line, e), e, d->source));
		rest = pv_slice_sub(rest, line.n + (feed != NULL), rest.n);
	}
	memmove(buf->p, rest.p, rest.n);
	buf->n = rest.n;
	return PV_DONE;
}

static PV_RESULT
answer_all(struct deciding *d, int fd, struct pv_buf *buf, struct pv_slice *wrong, struct pv_err *e)
{
	bool ended = false;

	while (!ended) {
		ssize_t n = read(fd, pv_buf_room(buf, CHUNK), CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PV_FAIL(
			    e, PV_E_INPUT, "\"%s\" cannot be read: %s", d->source, strerror(errno));
		ended = n == 0;
		buf->n += (size_t)n;
		PV_TRY(answer_lines(d, buf, ended, wrong, e));
		if (fflush(d->r->term.out) != 0)
			return PV_FAIL(
			    e, PV_E_CONFIG, "the answers cannot be written: %s", strerror(errno));
	}
	return PV_DONE;
}

/* The excerpt of an error is looked for by its line: as many line feeds are put before the request. */
static int
tell_wrong(struct deciding *d, const struct pv_err *e, struct pv_slice wrong)
{
	struct pv_err one = *e;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (e->line == 0 || wrong.n == 0 || e->line > 10000000)
		return pv_fail(d->r, e, PV_NO_SLICE);
	for (unsigned i = 1; i < e->line; i++)
		pv_buf_add_c(&text, '\n');
	pv_buf_add(&text, wrong);
	return pv_fail(d->r, &one, pv_buf_slice(&text));
}

static int
answer_requests(
    struct pv_run *r, const struct pv_logs *logs, int fd, const char *source, uint64_t at)
{
	PV_AUTO(deciding_free)
	struct deciding d = { .r = r,
		.origins = pv_logs_origins(logs),
		.source = source,
		.default_s = at,
		.explain = pv_given(r, "explain"),
		.arena = pv_arena_new(),
		.cap = 64 };
	PV_AUTO(pv_buf_free) struct pv_buf buf = { 0 };
	struct pv_slice wrong = PV_NO_SLICE;
	struct pv_err e;
	int status = PV_EXIT_DONE;

	d.refs = pv_alloc_n(2 * d.cap, sizeof(*d.refs));
	if (!pv_ok(answer_all(&d, fd, &buf, &wrong, &e)))
		status = tell_wrong(&d, &e, wrong);
	return status;
}

/* --records, and words behind it: "--records a.jsonl b.jsonl" is what people type. */
static const char *const *
record_paths(struct pv_run *r, size_t *n)
{
	size_t options = pv_option_count(r, "records");
	const char **paths;

	*n = options + r->args.n;
	paths = pv_arena_alloc_n(r->arena, *n, sizeof(*paths));
	for (size_t i = 0; i < options; i++)
		paths[i] = pv_option_at(r, "records", i);
	for (size_t i = 0; i < r->args.n; i++)
		paths[options + i] = r->args.at[i];
	return paths;
}

static int
run_decide(struct pv_run *r)
{
	PV_AUTO(pv_logs_freep) struct pv_logs *logs = NULL;
	const char *requests = pv_option(r, "requests"), *source;
	const char *const *paths;
	int fd, status;
	uint64_t at;
	size_t n;
	struct pv_err e;

	r->streams = true;
	paths = record_paths(r, &n);
	if (n == 0 || requests == NULL) {
		pv_ignore(PV_USAGE(r, &e, "%s is missing", n == 0 ? "--records" : "--requests"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_given_time(r, "at", &at, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	source = strcmp(requests, "-") == 0 ? "standard input" : requests;
	fd = strcmp(requests, "-") == 0 ? STDIN_FILENO : open(requests, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		pv_ignore(PV_FAIL(
		    &e, PV_E_INPUT, "\"%s\" cannot be opened: %s", requests, strerror(errno)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	logs = pv_logs_load(r, paths, n, pv_given(r, "unsigned"), &status);
	if (logs != NULL)
		status = answer_requests(r, logs, fd, source, at);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

static const struct pv_opt decide_options[] = {
	{ "records", 0, "PATH",
	    "a file or folder of records: a log; ORIGIN=PATH names it. The first decides", true,
	    NULL },
	{ "requests", 0, "FILE", "requests in AuthZEN's shape, one a line; - for standard input",
	    false, NULL },
	{ "at", 0, "TIME",
	    "the time of the decision where a request gives none, as 2025-11-11T14:00:00Z", false,
	    NULL },
	{ "explain", 0, NULL,
	    "say in context.explain which rules applied and what would have to change", false,
	    NULL },
	{ "unsigned", 0, NULL, "take records without signatures: for trying policies", false,
	    NULL },
	{ 0 },
};
static const struct pv_example decide_examples[] = {
	{ "proviso decide --unsigned --records policy.jsonl --requests q.jsonl", "try a policy" },
	{ "proviso decide --records co/orders=co/ --records uk/orders=uk/ \\\n    --requests - "
	  "--explain < q.jsonl",
	    "signed logs of two authorities, and why" },
	{ 0 },
};
const struct pv_cmd cmd_decide = {
	.name = "decide",
	.group = PV_GROUP_ALONE,
	.summary = "answer requests against records, without a home or keys",
	.usage = "--records [ORIGIN=]PATH... --requests FILE|- [options]",
	.text = "Reads requests as JSON lines and writes one answer a line, in their order. The "
		"exit status is 0 when every request was "
		"answered, whatever the answers were. A request that cannot be read ends it with 2 "
		"and names file, line and "
		"column; what was answered before stays.\n"
		"Each PATH without a name is one log. Signatures, quorums and the genesis are "
		"checked as in a home, unless --unsigned "
		"is given; then log and signatures may be absent, and every declared root party "
		"counts as a root of the log.",
	.args = "file",
	.options = decide_options,
	.examples = decide_examples,
	.max_args = 1000,
	.run = run_decide,
};
