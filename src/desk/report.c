/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing: the content is sealed on the way in, the label is signed over its
 * digest, the file is whole on the disk before the journal says that it was
 * shared, and only then the caller hears of it.
 */
#include "desk/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/journal.h"
#include "desk/judge.h"
#include "desk/passing.h"
#include "desk/remote.h"
#include "wire/area.h"
#include "wire/record.h"

/* ---- files ---- */

static struct pv_status
file_read_at(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	int fd = *(int *)ctx;

	while (n > 0) {
		ssize_t got = pread(fd, into, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return PV_FAIL(e, PV_E_UNTRUSTED, "the sealed file ends too early");
		into += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return PV_DONE;
}

struct pv_seal_file
pv_report_file(int *fd, uint64_t size)
{
	return (struct pv_seal_file){ .read_at = file_read_at, .ctx = fd, .size = size };
}

static struct pv_status
file_put(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	int fd = *(int *)ctx;

	while (bytes.n > 0) {
		ssize_t put = write(fd, bytes.p, bytes.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return PV_FAIL(e, PV_E_CONFIG, "cannot write: %s", strerror(errno));
		bytes.p += put;
		bytes.n -= (size_t)put;
	}
	return PV_DONE;
}

struct pv_seal_sink
pv_report_sink(int *fd)
{
	return (struct pv_seal_sink){ .put = file_put, .ctx = fd };
}

/* ---- rows ---- */

static struct pv_slice
hex_of(struct pv_slice bytes, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_hex_write(&b, bytes);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static struct pv_slice
bytes_of(struct pv_slice hex, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (!pv_hex_read(&b, hex))
		return PV_NO_SLICE;
	return pv_arena_copy(a, pv_buf_slice(&b));
}

/* extra: the wrapped share, then the custodians, a line each. */
struct pv_store_change
pv_report_row(const struct pv_kept *h, const uint8_t sealed_id[32], struct pv_slice content_hex,
    struct pv_arena *a)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_REPORTS };
	PV_AUTO(pv_buf_free) struct pv_buf extra = { 0 };

	pv_buf_add(&extra, h->share);
	for (size_t i = 0; i < h->custodians.n; i++) {
		pv_buf_add_c(&extra, '\n');
		pv_buf_add(&extra, h->custodians.at[i]);
	}
	c.row.c[PV_C_REPORT_ID] = PV_CELL_S(h->label.id);
	c.row.c[PV_C_REPORT_ORIGINATOR] = PV_CELL_S(h->label.report.originator);
	c.row.c[PV_C_REPORT_STATE] = PV_CELL_S(h->state);
	c.row.c[PV_C_REPORT_PLACE] = PV_CELL_S(h->place);
	c.row.c[PV_C_REPORT_DIGEST] = PV_CELL_S(bytes_of(h->digest, a));
	c.row.c[PV_C_REPORT_SEALED] = PV_CELL_S(pv_arena_copy(a, pv_slice_mem(sealed_id, 32)));
	c.row.c[PV_C_REPORT_CONTENT] = PV_CELL_S(bytes_of(content_hex, a));
	c.row.c[PV_C_REPORT_CREATED] = PV_CELL_N(h->created);
	c.row.c[PV_C_REPORT_BODY] = PV_CELL_S(h->note);
	c.row.c[PV_C_REPORT_EXTRA] = PV_CELL_S(pv_arena_copy(a, pv_buf_slice(&extra)));
	return c;
}

PV_RESULT
pv_report_row_read(struct pv_desk *d, const struct pv_store_row *row, struct pv_arena *a,
    struct pv_kept *out, struct pv_err *e)
{
	struct pv_slice extra = pv_arena_copy(a, row->c[PV_C_REPORT_EXTRA].s), line, rest,
			*custodians;
	char digest[2 * PV_HASH + 1];
	const char *end;
	size_t n = 0;

	(void)d;
	*out = (struct pv_kept){ .note = pv_arena_copy(a, row->c[PV_C_REPORT_BODY].s),
		.created = row->c[PV_C_REPORT_CREATED].n };
	out->digest = hex_of(row->c[PV_C_REPORT_DIGEST].s, a);
	out->place = pv_arena_copy(a, row->c[PV_C_REPORT_PLACE].s);
	out->state = pv_arena_copy(a, row->c[PV_C_REPORT_STATE].s);
	custodians = pv_arena_alloc_n(a, extra.n / 2 + 1, sizeof(*custodians));
	rest = extra;
	if (pv_slice_next(&rest, '\n', &line))
		out->share = line;
	while (pv_slice_next(&rest, '\n', &line))
		custodians[n++] = line;
	out->custodians = (struct pv_names){ custodians, n };
	end = memchr(out->note.p, '\n', out->note.n);
	if (end == NULL)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the label of a report is damaged");
	line = pv_slice_sub(out->note, 0, (size_t)(end - out->note.p));
	pv_hash_hex(line,
	    digest); /* the sealed file's key is bound to this digest: the label that decides is the one that was signed */
	if (!pv_slice_is(out->digest, digest))
		return pv_advise(PV_FAIL(e, PV_E_UNTRUSTED,
				     "the label of report %.*s is not the one that was signed",
				     PV_FMT(row->c[PV_C_REPORT_ID].s)),
		    e,
		    "Somebody changed the store. Keep it as evidence, and restore the newest "
		    "backup beside it");
	return pv_record_read_text(&out->label, line, 0, a, e);
}

PV_RESULT
pv_report_find(struct pv_desk *d, struct pv_slice id, struct pv_arena *a, struct pv_kept *out,
    bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_REPORT_ID] = PV_CELL_S(id) };

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_REPORTS, &row, a, found, e));
	return *found ? pv_report_row_read(d, &row, a, out, e) : PV_DONE;
}

/* ---- the label ---- */

static PV_RESULT
check_term(const struct pv_state *s, enum pv_tree tree, const char *field, size_t i,
    struct pv_slice name, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_term(s, tree, name);
	struct pv_slice near;

	if (f != NULL && f->ended == PV_NEVER)
		return PV_DONE;
	near = pv_state_near_term(s, tree, name);
	if (near.n != 0)
		return pv_within(pv_advise(PV_FAIL(e, PV_E_INPUT, "unknown %s \"%.*s\"",
					       pv_tree_name(tree), PV_FMT(name)),
				     e, "Did you mean \"%.*s\"?", PV_FMT(near)),
		    e, "%s[%zu]", field, i);
	return pv_within(
	    pv_advise(
		PV_FAIL(e, PV_E_INPUT, "unknown %s \"%.*s\"", pv_tree_name(tree), PV_FMT(name)), e,
		"Nothing like it is declared. See: proviso term list %s", pv_tree_name(tree)),
	    e, "%s[%zu]", field, i);
}

static PV_RESULT
check_party(
    const struct pv_state *s, const char *field, size_t i, struct pv_slice name, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_party(s, name);
	struct pv_slice near;

	if (f != NULL && f->ended == PV_NEVER)
		return PV_DONE;
	near = pv_state_near_party(s, name);
	if (near.n != 0)
		return pv_within(
		    pv_advise(PV_FAIL(e, PV_E_INPUT, "unknown party \"%.*s\"", PV_FMT(name)), e,
			"Did you mean \"%.*s\"?", PV_FMT(near)),
		    e, "%s[%zu]", field, i);
	return pv_within(pv_advise(PV_FAIL(e, PV_E_INPUT, "unknown party \"%.*s\"", PV_FMT(name)),
			     e, "Nothing like it is declared. See: proviso party list"),
	    e, "%s[%zu]", field, i);
}

static PV_RESULT
check_label(struct pv_desk *d, const struct pv_report *r, struct pv_err *e)
{
	const struct pv_state *s = d->own.state;

	if (r->topics.n == 0 || (r->releasable_to.n == 0 && r->never.n == 0))
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "%s",
			r->topics.n == 0 && r->releasable_to.n == 0 && r->never.n == 0
			    ? "a report needs conditions, and this one has none"
			: r->topics.n == 0 ? "a report needs to say what it is about"
					   : "a report needs to say for whom or for what it is"),
		    e,
		    "Say what it is about: --topic, --region. Say for whom, for what: "
		    "--releasable-to, --never (or a file: --label FILE)");
	if (!pv_name_under(r->originator, d->party))
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
			PV_FMT(d->party), PV_FMT(r->originator)),
		    e,
		    "A report of %.*s stays a report of %.*s; only who acts for it can share it. "
		    "To pass on what you opened, ask it",
		    PV_FMT(r->originator), PV_FMT(r->originator));
	PV_TRY(check_party(s, "originator", 0, r->originator, e));
	for (size_t i = 0; i < r->topics.n; i++)
		PV_TRY(check_term(s, PV_TOPIC, "topics", i, r->topics.at[i], e));
	for (size_t i = 0; i < r->regions.n; i++)
		PV_TRY(check_term(s, PV_REGION, "regions", i, r->regions.at[i], e));
	for (size_t i = 0; i < r->never.n; i++)
		PV_TRY(check_term(s, PV_PURPOSE, "never", i, r->never.at[i], e));
	for (size_t i = 0; i < r->releasable_to.n; i++)
		PV_TRY(check_party(s, "releasable_to", i, r->releasable_to.at[i], e));
	return PV_DONE;
}

/* What this label does not say is taken from another report's. */
static PV_RESULT
take_like(struct pv_desk *d, struct pv_slice like, struct pv_report *r, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_kept other;
	bool found;

	if (like.n == 0)
		return PV_DONE;
	PV_TRY(pv_report_find(d, like, a, &other, &found, e));
	if (!found)
		return PV_FAIL(
		    e, PV_E_INPUT, "no report %.*s here to take the label from", PV_FMT(like));
	if (r->topics.n == 0)
		r->topics = other.label.report.topics;
	if (r->regions.n == 0)
		r->regions = other.label.report.regions;
	if (r->never.n == 0)
		r->never = other.label.report.never;
	if (!r->has_releasable_to) {
		r->has_releasable_to = other.label.report.has_releasable_to;
		r->releasable_to = other.label.report.releasable_to;
	}
	if (!r->persons.given)
		r->persons = other.label.report.persons;
	if (r->originator.n == 0)
		r->originator = other.label.report.originator;
	if (r->handling.n == 0)
		r->handling = other.label.report.handling;
	if (r->tlp == PV_TLP_NONE)
		r->tlp = other.label.report.tlp;
	return PV_DONE;
}

static struct pv_slice
new_id(struct pv_desk *d, struct pv_arena *a)
{
	static const char letters[32] = "23456789abcdefghjkmnpqrstuvwxyz7";
	uint8_t raw[8];
	char id[2 + sizeof(raw)] = "r-";

	d->env.random(d->env.ctx, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		id[2 + i] = letters[raw[i] % 31];
	return pv_arena_copy(a, pv_slice_mem(id, sizeof(id)));
}

static const char *
media_type_of(const char *name)
{
	static const char *const known[][2] = { { ".json", "application/json" },
		{ ".geojson", "application/geo+json" }, { ".txt", "text/plain" },
		{ ".pdf", "application/pdf" }, { ".md", "text/markdown" }, { ".csv", "text/csv" },
		{ ".png", "image/png" }, { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" },
		{ ".xml", "application/xml" }, { ".nmea", "text/plain" },
		{ ".zip", "application/zip" } };
	const char *dot = name != NULL ? strrchr(name, '.') : NULL;

	for (size_t i = 0; dot != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(dot, known[i][0]) == 0)
			return known[i][1];
	return "application/octet-stream";
}

/* ---- sealing ---- */

struct reading {
	int fd;
	uint64_t bytes;
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
};

static struct pv_status
read_on(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e)
{
	struct reading *r = ctx;
	ssize_t n;

	do
		n = read(r->fd, into, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read the content: %s", strerror(errno));
	*got = (size_t)n;
	r->bytes += (uint64_t)n;
	if (r->progress != NULL)
		r->progress(r->progress_ctx, r->bytes);
	return PV_DONE;
}

/* Step one done, the label can be made: content known, signed by the gateway. */
static PV_RESULT
sign_label(struct pv_desk *d, struct pv_record *label, const struct pv_seal_content *content,
    struct pv_kept *h, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	label->report.sha256 = hex_of(pv_slice_mem(content->sha256, 32), a);
	label->report.size_bytes = content->size;
	pv_record_write(label, &line);
	PV_TRY(pv_line_sign(d, pv_buf_slice(&line), &note, e));
	h->note = pv_arena_copy(a, pv_buf_slice(&note));
	h->digest = pv_line_digest(pv_buf_slice(&line), a);
	/* read back, so that what is kept is what was signed */
	return pv_record_read_text(&h->label, pv_slice_sub(h->note, 0, line.n), 0, a, e);
}

static PV_RESULT
seal_to(struct pv_desk *d, struct pv_share_ask *ask, struct pv_record *label, int *fd,
    struct pv_kept *h, struct pv_seal_done *done, struct pv_arena *a, struct pv_err *e)
{
	struct reading from = {
		.fd = ask->fd, .progress = ask->progress, .progress_ctx = ask->progress_ctx
	};
	struct pv_seal_source source = { .pull = read_on, .ctx = &from };
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *kas = NULL;
	struct pv_seal_content content;
	struct pv_policy policy = { .ours = true };
	struct pv_kas_pub to = { .url = d->kas_url };

	PV_TRY(pv_home_wrap_key(d, d->seal_ec ? "kas-ec" : "kas", &kas, e));
	PV_TRY(pv_seal_new(&s, pv_report_sink(fd), 0, &d->env, e));
	pv_seal_as(s, ask->old_form ? PV_TDF_HEX : PV_TDF_RAW);
	PV_TRY(pv_seal_write(s, source, &content, e));
	PV_TRY(sign_label(d, label, &content, h, a, e));
	policy.report = label->id;
	policy.originator = label->report.originator;
	policy.origin = d->origin;
	policy.label = h->digest;
	to.key = pv_wrap_key_pub(kas);
	return pv_seal_finish(s, &policy, &to, 1, done, e);
}

static PV_RESULT
sync_into_place(const char *temporary, const char *path, int fd, struct pv_err *e)
{
	PV_AUTO(pv_freep) char *dir = pv_strdup(path);
	char *slash = strrchr(dir, '/');
	int folder;

	if (fsync(fd) != 0 || rename(temporary, path) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	if (slash != NULL)
		*slash = '\0';
	folder = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder) != 0) {
		if (folder >= 0)
			close(folder);
		return PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	}
	close(folder);
	return PV_DONE;
}

/* A copy for the courier: a new file, never over another. */
static PV_RESULT
copy_out(int fd, const char *path, struct pv_err *e)
{
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	char part[65536];
	ssize_t n = 0;
	off_t at = 0;
	struct pv_status st = PV_DONE;

	if (to < 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot write %s: %s",
		    path, strerror(errno));
	while (pv_ok(st) && (n = pread(fd, part, sizeof(part), at)) > 0) {
		st = file_put(&to, pv_slice_mem(part, (size_t)n), e);
		at += n;
	}
	if (pv_ok(st) && (n < 0 || fsync(to) != 0))
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	close(to);
	if (!pv_ok(st))
		unlink(path);
	return st;
}

static void
fill_label(struct pv_desk *d, struct pv_share_ask *ask, struct pv_arena *a)
{
	struct pv_record *label = &ask->label;
	struct pv_report *r = &label->report;

	label->kind = PV_REPORT;
	if (label->id.n == 0)
		label->id = new_id(d, a);
	label->time = d->env.realtime_ms(d->env.ctx) / 1000;
	label->exercise = d->own.state->genesis != NULL && d->own.state->genesis->exercise;
	if (r->originator.n == 0)
		r->originator = d->party;
	if (label->issuer.n == 0)
		label->issuer = r->originator;
	if (label->log.n == 0)
		label->log = d->origin;
	if (r->created == 0)
		r->created = label->time;
	if (r->title.n == 0)
		r->title = pv_slice_of(ask->name != NULL ? ask->name : "report");
	if (r->media_type.n == 0)
		r->media_type = pv_slice_of(
		    ask->media_type != NULL ? ask->media_type : media_type_of(ask->name));
	if (r->reliability.n == 0)
		r->reliability = PV_SLICE("F"); /* cannot be judged */
	if (r->credibility.n == 0)
		r->credibility = PV_SLICE("6");
}

/* A report also counts in each region whose area holds its position (DESIGN 4). */
static void
add_regions(struct pv_desk *d, struct pv_report *r, struct pv_arena *a)
{
	struct pv_names more = pv_area_regions(d->own.state, &r->position, a);
	struct pv_slice *at = pv_arena_alloc_n(a, r->regions.n + more.n, sizeof(*at));
	size_t n = r->regions.n;

	if (n != 0)
		memcpy(at, r->regions.at, n * sizeof(*at));
	for (size_t i = 0; i < more.n; i++) {
		bool there = false;

		for (size_t k = 0; k < n; k++)
			there = there || pv_slice_eq(at[k], more.at[i]);
		if (!there)
			at[n++] = more.at[i];
	}
	r->regions = (struct pv_names){ at, n };
}

/* What another gave into our custody stays its own, whatever label is put on it here (DESIGN 7). */
static PV_RESULT
check_content(struct pv_desk *d, struct pv_slice sha256_hex, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_REPORTS, .n = 1 };
	struct pv_store_row row;
	bool more;

	q.where[0].column = PV_C_REPORT_CONTENT;
	q.where[0].cell = PV_CELL_S(bytes_of(sha256_hex, a));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		if (!pv_name_under(row.c[PV_C_REPORT_ORIGINATOR].s, d->party))
			return pv_advise(
			    PV_FAIL(e, PV_E_INPUT, "this is the content of %.*s, a report of %.*s",
				PV_FMT(row.c[PV_C_REPORT_ID].s),
				PV_FMT(row.c[PV_C_REPORT_ORIGINATOR].s)),
			    e, "A report of %.*s stays a report of %.*s",
			    PV_FMT(row.c[PV_C_REPORT_ORIGINATOR].s),
			    PV_FMT(row.c[PV_C_REPORT_ORIGINATOR].s));
	}
}

/* An id becomes a file's name, and belongs to one report for ever. */
static PV_RESULT
check_new(struct pv_desk *d, struct pv_slice id, struct pv_arena *a, struct pv_err *e)
{
	struct pv_kept other;
	bool found;

	for (size_t i = 0; i < id.n; i++)
		if (!(id.p[i] >= 'a' && id.p[i] <= 'z') && !(id.p[i] >= '0' && id.p[i] <= '9') &&
		    id.p[i] != '-')
			return PV_FAIL(e, PV_E_INPUT,
			    "\"%.*s\" is no report's id: small letters, digits and - only",
			    PV_FMT(id));
	if (id.n > 60)
		return PV_FAIL(e, PV_E_INPUT, "a report's id has at most 60 letters");
	PV_TRY(pv_report_find(d, id, a, &other, &found, e));
	if (found)
		return PV_FAIL(e, PV_E_INPUT, "there is a report %.*s here already", PV_FMT(id));
	return PV_DONE;
}

/* The sealed bytes are whole in fd, the label is signed: into place, and then the entry that says so. */
static PV_RESULT
keep_report(struct pv_desk *d, struct pv_share_ask *ask, struct pv_kept *h, const uint8_t id[32],
    struct pv_slice person, const struct pv_store_change *more, int fd, const char *temporary,
    struct pv_arena *a, struct pv_share_answer *out, struct pv_err *e)
{
	struct pv_journal_entry entry = {
		.kind = "shared", .report = ask->label.id, .person = person, .label = h->digest
	};
	struct pv_journalled journalled;
	struct pv_store_change rows[2];
	const char *path;

	PV_TRY(check_content(d, h->label.report.sha256, a, e));
	h->place = pv_arena_printf(a, "sealed/%.*s.tdf", PV_FMT(ask->label.id));
	path = pv_home_path(d, a, pv_arena_str(a, h->place));
	PV_TRY(sync_into_place(temporary, path, fd, e));
	entry.party = h->label.report.originator;
	rows[0] = pv_report_row(h, id, h->label.report.sha256, a);
	rows[0].op = PV_OP_ADD;
	if (more != NULL)
		rows[1] = *more;
	if (!pv_ok(pv_journal_add(d, &entry, rows, more != NULL ? 2 : 1, a, &journalled, e))) {
		unlink(path);
		return (struct pv_status){ e->code };
	}
	if (ask->out_path != NULL)
		PV_TRY(copy_out(fd, ask->out_path, e));
	out->report = h->label.id;
	out->sealed_path = pv_slice_of(ask->out_path != NULL ? ask->out_path : path);
	out->size_bytes = h->label.report.size_bytes;
	out->journal_index = journalled.index;
	ask->label = h->label;
	return PV_DONE;
}

static PV_RESULT
share_sealed(struct pv_desk *d, struct pv_share_ask *ask, int *fd, const char *temporary,
    struct pv_arena *a, struct pv_share_answer *out, struct pv_err *e)
{
	struct pv_kept h = { .state = PV_SLICE("shared"), .created = ask->label.time };
	struct pv_seal_done done;

	PV_TRY(seal_to(d, ask, &ask->label, fd, &h, &done, a, e));
	return keep_report(d, ask, &h, done.id, PV_NO_SLICE, NULL, *fd, temporary, a, out, e);
}

static PV_RESULT
copy_sealed(int from, int *to, struct pv_err *e)
{
	char part[65536];
	ssize_t n;

	while ((n = read(from, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PV_FAIL(
			    e, PV_E_INPUT, "cannot read the sealed file: %s", strerror(errno));
		PV_TRY(file_put(to, pv_slice_mem(part, (size_t)n), e));
	}
	return PV_DONE;
}

static PV_RESULT
adopt_sealed(struct pv_desk *d, struct pv_share_ask *ask, const struct pv_adopting *how, int *fd,
    const char *temporary, struct pv_arena *a, struct pv_share_answer *out, struct pv_err *e)
{
	struct pv_kept h = { .state = PV_SLICE("shared"), .created = ask->label.time };
	struct pv_seal_content content;
	struct pv_store_change row;
	uint8_t id[32];

	PV_TRY(copy_sealed(ask->fd, fd, e));
	PV_TRY(how->prove(how->ctx, *fd, &content, id, &row, e));
	PV_TRY(sign_label(d, &ask->label, &content, &h, a, e));
	return keep_report(d, ask, &h, id, how->person, &row, *fd, temporary, a, out, e);
}

/* What a killed share left is taken away; who still writes holds the lock. */
static PV_RESULT
open_temporary(const char *path, int *fd, struct pv_err *e)
{
	int left = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (left >= 0 && flock(left, LOCK_EX | LOCK_NB) == 0)
		unlink(path);
	if (left >= 0)
		close(left);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return PV_DONE;
	close(*fd);
	return PV_FAIL(e, PV_E_CONFIG, "%s is being written by another share", path);
}

/* how NULL: the content is sealed here. */
static PV_RESULT
make_report(struct pv_desk *d, struct pv_share_ask *ask, const struct pv_adopting *how,
    struct pv_arena *a, struct pv_share_answer *out, struct pv_err *e)
{
	struct pv_matter matter;
	const char *temporary;
	struct pv_status st;
	int fd;

	*out = (struct pv_share_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(take_like(d, ask->like, &ask->label.report, a, e));
	fill_label(d, ask, a);
	add_regions(d, &ask->label.report, a);
	PV_TRY(check_label(d, &ask->label.report, e));
	PV_TRY(check_new(d, ask->label.id, a, e));
	temporary = pv_arena_printf(a, "%s/sealed/.%.*s.tmp", d->path, PV_FMT(ask->label.id)).p;
	PV_TRY(open_temporary(temporary, &fd, e));
	st = how == NULL ? share_sealed(d, ask, &fd, temporary, a, out, e)
			 : adopt_sealed(d, ask, how, &fd, temporary, a, out, e);
	close(fd);
	unlink(temporary);
	PV_TRY(st);
	PV_TRY(pv_matter_of(d, &ask->label, (struct pv_names){ 0 }, a, &matter, e));
	out->order_log_size = d->own.loaded;
	out->proof_age_s = pv_desk_now(d) - d->own.signed_s;
	return pv_desk_who_can_open(d, &matter, 0, a, &out->who, &out->who_count, e);
}

PV_RESULT
pv_desk_share(struct pv_desk *d, struct pv_share_ask *ask, struct pv_arena *a,
    struct pv_share_answer *out, struct pv_err *e)
{
	if (d->remote != NULL)
		return pv_remote_share(d, ask, a, out, e);
	return make_report(d, ask, NULL, a, out, e);
}

PV_RESULT
pv_report_adopt(struct pv_desk *d, struct pv_share_ask *ask, const struct pv_adopting *how,
    struct pv_arena *a, struct pv_share_answer *out, struct pv_err *e)
{
	return make_report(d, ask, how, a, out, e);
}

/* ---- who can open it ---- */

struct listing {
	PV_VEC(struct pv_can_open) rows;
};

static bool
listed(const struct listing *l, struct pv_slice party, struct pv_slice purpose)
{
	for (size_t i = 0; i < l->rows.n; i++)
		if (pv_slice_eq(l->rows.at[i].party, party) &&
		    pv_slice_eq(l->rows.at[i].purpose, purpose))
			return true;
	return false;
}

static bool
any_yes(const struct listing *l, struct pv_slice party)
{
	for (size_t i = 0; i < l->rows.n; i++)
		if (l->rows.at[i].yes && (pv_name_under(l->rows.at[i].party, party) ||
					     pv_name_under(party, l->rows.at[i].party)))
			return true;
	return false;
}

static struct pv_slice
because(const struct pv_judgement *j, const struct pv_matter *m, struct pv_arena *a)
{
	switch (j->decision.reason) {
	case PV_WHY_NO_AGREEMENT:
		return m->topics.n != 0
			   ? pv_arena_printf(a, "no agreement covers %.*s", PV_FMT(m->topics.at[0]))
			   : PV_SLICE("no agreement covers it");
	case PV_WHY_SUSPENDED:
		return PV_SLICE("stopped");
	case PV_WHY_RESTRICTED:
		return PV_SLICE("barred for this purpose");
	case PV_WHY_REPORT_FORBIDS:
		return PV_SLICE("the report itself says never");
	case PV_WHY_NOT_RELEASABLE:
		return PV_SLICE("not named in releasable to");
	case PV_WHY_EXPIRED:
		return PV_SLICE("expired");
	case PV_WHY_RECALLED:
		return PV_SLICE("recalled");
	case PV_WHY_STALE:
		return PV_SLICE("no fresh proof of the orders");
	case PV_WHY_NONE:
	case PV_WHY_AGREEMENT:
	case PV_WHY_NOT_BARRED:
		break;
	}
	return PV_NO_SLICE;
}

static uint64_t
outcome_within(const struct pv_obligations *o)
{
	uint64_t within = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->at[i].duty == PV_REPORT_OUTCOME &&
		    (within == 0 || o->at[i].within_s < within))
			within = o->at[i].within_s;
	return within;
}

static PV_RESULT
try_one(struct pv_desk *d, const struct pv_matter *m, struct pv_slice party,
    struct pv_slice purpose, uint64_t at, bool keep_no, struct listing *l, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_case c = { .matter = *m,
		.recipient = party,
		.purpose = purpose,
		.channel = PV_SLICE("exchange.courier"),
		.at = at };
	struct pv_judgement j;
	struct pv_can_open *row;

	PV_TRY(pv_judge(d, &c, a, &j, e));
	if (j.decision.answer != PV_RELEASE && !keep_no)
		return PV_DONE;
	row = PV_VEC_ADD(&l->rows);
	*row = (struct pv_can_open){ .party = party,
		.purpose = purpose,
		.yes = j.decision.answer == PV_RELEASE,
		.why = j.decision.reason };
	if (row->yes && j.decision.agreements.n != 0)
		row->id = j.decision.agreements.at[0].r->id;
	else if (j.decision.orders.n != 0)
		row->id = j.decision.orders.at[0].r->id;
	row->because = because(&j, m, a);
	row->outcome_within_s = outcome_within(&j.obligations);
	return PV_DONE;
}

static PV_RESULT
list_who(struct pv_desk *d, const struct pv_matter *m, uint64_t at, struct listing *l,
    struct pv_arena *a, struct pv_err *e)
{
	const struct pv_facts *agreements = &d->own.state->by_kind[PV_AGREEMENT];
	size_t yes;

	for (size_t i = 0; i < agreements->n; i++) {
		const struct pv_agreement *g = &agreements->at[i]->r->agreement;

		if (!pv_name_under(m->originator, g->from))
			continue;
		for (size_t k = 0; k < g->purposes.n; k++)
			if (!listed(l, g->to, g->purposes.at[k]))
				PV_TRY(try_one(d, m, g->to, g->purposes.at[k], at, false, l, a, e));
	}
	yes = l->rows.n;
	/* who is named, or has an agreement with us, and cannot: once each, with the reason for the purpose that came nearest */
	for (size_t i = 0; i < m->releasable_to.n; i++)
		if (!any_yes(l, m->releasable_to.at[i])) {
			struct pv_slice purpose = PV_NO_SLICE;

			for (size_t k = 0; k < agreements->n && purpose.n == 0; k++)
				if (pv_name_under(m->releasable_to.at[i],
					agreements->at[k]->r->agreement.to) ||
				    pv_name_under(
					agreements->at[k]->r->agreement.to, m->releasable_to.at[i]))
					purpose = agreements->at[k]->r->agreement.purposes.at[0];
			PV_TRY(try_one(d, m, m->releasable_to.at[i], purpose, at, true, l, a, e));
			l->rows.at[l->rows.n - 1].named = true;
		}
	for (size_t i = 0; i < agreements->n; i++) {
		const struct pv_agreement *g = &agreements->at[i]->r->agreement;

		if (agreements->at[i]->ended != PV_NEVER ||
		    !pv_name_under(m->originator, g->from) || any_yes(l, g->to))
			continue;
		for (size_t k = yes; k < l->rows.n; k++)
			if (pv_slice_eq(l->rows.at[k].party, g->to))
				goto next;
		PV_TRY(try_one(d, m, g->to, g->purposes.at[0], at, true, l, a, e));
	next:;
	}
	return PV_DONE;
}

/* Of a report that is here: what it is derived from counts, too. */
static PV_RESULT
with_sources(struct pv_desk *d, const struct pv_matter *m, struct pv_arena *a,
    struct pv_matter *out, struct pv_err *e)
{
	struct pv_kept h;
	bool found = false;

	*out = *m;
	if (m->report.n != 0 && m->source_count == 0)
		PV_TRY(pv_report_find(d, m->report, a, &h, &found, e));
	return found ? pv_matter_of(d, &h.label, h.custodians, a, out, e) : PV_DONE;
}

PV_RESULT
pv_desk_who_can_open(struct pv_desk *d, const struct pv_matter *m, uint64_t at, struct pv_arena *a,
    const struct pv_can_open **who, size_t *n, struct pv_err *e)
{
	struct listing l = { 0 };
	struct pv_can_open *rows;
	struct pv_matter whole;
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_who_can_open(d, m, at, a, who, n, e);
	PV_TRY(with_sources(d, m, a, &whole, e));
	st = list_who(d, &whole, at, &l, a, e);
	if (pv_ok(st)) {
		rows = pv_arena_alloc_n(a, l.rows.n, sizeof(*rows));
		if (l.rows.n != 0)
			memcpy(rows, l.rows.at, l.rows.n * sizeof(*rows));
		*who = rows;
		*n = l.rows.n;
	}
	PV_VEC_FREE(&l.rows);
	return st;
}

/* ---- looking at reports ---- */

static PV_RESULT
read_opened(struct pv_desk *d, struct pv_store_view *v, struct pv_slice report, struct pv_arena *a,
    struct pv_report_row *out, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = {
		.table = PV_T_RELEASES, .n = 1, .order_by = PV_C_RELEASE_SECOND
	};
	PV_VEC(struct pv_opened) list = { 0 };
	struct pv_store_query told = { .table = PV_T_OUTCOMES, .n = 1 };
	struct pv_opened *kept;
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	(void)d;
	q.where[0].column = PV_C_RELEASE_REPORT;
	q.where[0].cell = PV_CELL_S(report);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct pv_opened o = { .release = pv_arena_copy(a, row.c[PV_C_RELEASE_ID].s),
			.party = pv_arena_copy(a, row.c[PV_C_RELEASE_PARTY].s),
			.purpose = pv_arena_copy(a, row.c[PV_C_RELEASE_PURPOSE].s),
			.time = row.c[PV_C_RELEASE_SECOND].n,
			.journal_index = row.c[PV_C_RELEASE_INDEX].n };
		struct pv_slice body = row.c[PV_C_RELEASE_BODY].s, due;

		if (pv_slice_next(&body, '\n', &due) && !pv_slice_u64(due, &o.outcome_due))
			o.outcome_due = 0;
		if (body.p != NULL)
			o.person = pv_arena_copy(a, body);
		if (pv_slice_is(row.c[PV_C_RELEASE_STATE].s, "granted") ||
		    pv_slice_is(row.c[PV_C_RELEASE_STATE].s, "cut"))
			*PV_VEC_ADD(&list) = o;
	}
	for (size_t i = 0; pv_ok(st) && i < list.n; i++) {
		told.where[0].column = PV_C_OUTCOME_RELEASE;
		told.where[0].cell = PV_CELL_S(list.at[i].release);
		st = pv_store_rows_count(&list.at[i].outcomes, v, &told, e);
	}
	kept = pv_arena_alloc_n(a, list.n, sizeof(*kept));
	if (list.n != 0)
		memcpy(kept, list.at, list.n * sizeof(*kept));
	out->opened = kept;
	out->opened_count = list.n;
	PV_VEC_FREE(&list);
	return st;
}

static bool
is_recalled(struct pv_desk *d, const struct pv_record *label)
{
	const struct pv_facts *recalls = &d->own.state->by_kind[PV_RECALL];

	for (size_t i = 0; i < recalls->n; i++)
		if (recalls->at[i]->ended == PV_NEVER &&
		    pv_slice_eq(recalls->at[i]->r->recall.report, label->id) &&
		    pv_name_under(label->report.originator, recalls->at[i]->r->issuer))
			return true;
	return false;
}

PV_RESULT
pv_desk_reports(struct pv_desk *d, struct pv_slice only_id, struct pv_arena *a,
    const struct pv_report_row **rows, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_REPORTS, .order_by = PV_C_REPORT_CREATED };
	PV_VEC(struct pv_report_row) list = { 0 };
	struct pv_report_row *kept;
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	if (d->remote != NULL)
		return pv_remote_reports(d, only_id, a, rows, n, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	if (only_id.n != 0) {
		q.n = 1;
		q.order_by = 0;
		q.where[0].column = PV_C_REPORT_ID;
		q.where[0].cell = PV_CELL_S(only_id);
	}
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct pv_report_row *r = PV_VEC_ADD(&list);
		struct pv_kept h;

		*r = (struct pv_report_row){ 0 };
		st = pv_report_row_read(d, &row, a, &h, e);
		if (!pv_ok(st))
			break;
		r->label = h.label;
		r->held = pv_slice_is(h.state, "held");
		r->custodians = h.custodians;
		r->sealed_path = pv_slice_of(pv_home_path(d, a, pv_arena_str(a, h.place)));
		r->recalled = is_recalled(d, &h.label);
		st = read_opened(d, v, h.label.id, a, r, e);
		if (!pv_ok(st))
			break;
	}
	kept = pv_arena_alloc_n(a, list.n, sizeof(*kept));
	if (list.n != 0)
		memcpy(kept, list.at, list.n * sizeof(*kept));
	*rows = kept;
	*n = list.n;
	PV_VEC_FREE(&list);
	return st;
}
