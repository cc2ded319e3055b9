/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function of desk.h on a desk that is elsewhere: its arguments become
 * the question of a call, the answer becomes its result. The acts of the order
 * log are taken in when the desk is opened and folded by the code of a home, so
 * that what looks at the state, fills in a draft or signs it is the same too.
 */
#include "desk/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "desk/acts.h"
#include "desk/call_report.h"
#include "desk/home.h"
#include "desk/layouts.h"
#include "desk/passing.h"
#include "desk/tdf.h"

#define ANSWER_MAX (64 * 1024 * 1024)
#define TRIES      4 /* of a piece that goes up or down */

struct pv_remote {
	struct pv_transport t;
	struct pv_identity id;
	const char *officers;
	int64_t ahead_s; /* the gateway's clock before ours */
	/* the newest row of each act's id, as the gateway gave it */
	struct pv_map *standing;
	PV_VEC(struct pv_act_entry) acts;
};

/* ---- a call ---- */

static PV_RESULT
read_answer(const struct pv_call *c, struct pv_slice text, struct pv_arena *a, void *answer,
    struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_status st;

	if (c->answer == NULL)
		return PV_DONE;
	st = pv_json_read(&doc, text, ANSWER_MAX, e);
	if (pv_ok(st))
		st = pv_layout_read(c->answer, doc, 0, a, answer, e);
	if (pv_ok(st))
		return st;
	e->line = e->col = 0;
	e->code = PV_E_UNTRUSTED;
	return pv_advise(pv_from((struct pv_status){ PV_E_UNTRUSTED }, e, "the gateway's answer"),
	    e, "This tool and the gateway may be of different versions: see proviso --version");
}

static PV_RESULT
ask(struct pv_desk *d, const char *name, const void *question, struct pv_slice tail,
    struct pv_arena *a, void *answer, struct pv_buf *tail_out, struct pv_err *e)
{
	const struct pv_call *c = pv_call_find(name);
	PV_AUTO(pv_buf_free) struct pv_buf asked = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf answered = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf unused = { 0 };
	struct pv_jsonw w = { .out = &asked };

	if (c == NULL)
		return PV_FAIL(e, PV_E_BUG, "there is no call %s", name);
	pv_jsonw_object(&w, NULL);
	if (c->ask != NULL)
		pv_layout_write(c->ask, question, &w);
	pv_jsonw_end(&w);
	PV_TRY(d->remote->t.call(d->remote->t.ctx, c, pv_buf_slice(&asked), tail, &answered,
	    tail_out != NULL ? tail_out : &unused, e));
	return read_answer(c, pv_buf_slice(&answered), a, answer, e);
}

/* A list that comes in pages: where its answer has rows, their count and the cursor. */
struct paged {
	const char *call;
	size_t answer_size, row_size;
	size_t rows, count, next;
};
#define PAGED(name, answer, row)                                           \
	{                                                                  \
		name, sizeof(answer), sizeof(row), offsetof(answer, rows), \
		    offsetof(answer, count), offsetof(answer, next)        \
	}

/* All of it, in a; page is that of the question q. */
static PV_RESULT
all_pages(struct pv_desk *d, const struct paged *p, const void *q, struct pv_page *page,
    struct pv_arena *a, const void **rows, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };
	size_t count;
	char *kept;

	do {
		char *got = pv_arena_alloc(a, p->answer_size);
		const void *some;

		memset(got, 0, p->answer_size);
		PV_TRY(ask(d, p->call, q, PV_NO_SLICE, a, got, NULL, e));
		memcpy(&some, got + p->rows, sizeof(some));
		memcpy(&count, got + p->count, sizeof(count));
		memcpy(&page->cursor, got + p->next, sizeof(page->cursor));
		if (count != 0)
			pv_buf_add_mem(&all, some, count * p->row_size);
	} while (page->cursor.n != 0 && count != 0);
	kept = pv_arena_alloc(a, all.n);
	if (all.n != 0)
		memcpy(kept, all.p, all.n);
	*rows = kept;
	*n = all.n / p->row_size;
	return PV_DONE;
}

PV_RESULT
pv_remote_call(struct pv_desk *d, const char *name, const void *question, struct pv_arena *a,
    void *answer, struct pv_err *e)
{
	return ask(d, name, question, PV_NO_SLICE, a, answer, NULL, e);
}

PV_RESULT
pv_remote_needs_home(const char *what, struct pv_err *e)
{
	return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s works on a home, not through a gateway", what),
	    e, "Run it where the home is, without --gateway");
}

/* ---- opening: who is there, and what its order log says ---- */

static void
keep_act(struct pv_remote *r, const struct pv_act_entry *x, struct pv_log *log)
{
	struct pv_act_entry kept = { .index = x->index,
		.second = x->second,
		.id = pv_arena_copy(log->arena, x->id),
		.body = pv_arena_copy(log->arena, x->body) };

	pv_map_set(r->standing, kept.id, (uint32_t)r->acts.n);
	*PV_VEC_ADD(&r->acts) = kept;
}

static PV_RESULT
fold_page(struct pv_desk *d, struct pv_acts_ask *page, bool *more, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_acts_answer got = { 0 };

	PV_TRY(ask(d, "acts.list", page, PV_NO_SLICE, a, &got, NULL, e));
	for (size_t i = 0; i < got.count; i++) {
		const struct pv_act_entry *x = &got.rows[i];

		if (!pv_ok(pv_home_log_act(&d->own, x->index, x->second, x->body, e)))
			return pv_advise((struct pv_status){ e->code }, e,
			    "entry %llu of %.*s does not fold with what this caller may see of it",
			    (unsigned long long)x->index, PV_FMT(d->origin));
		keep_act(d->remote, x, &d->own);
	}
	*more = got.next > page->from && got.next < got.size;
	page->from = got.next;
	d->own.loaded = got.size;
	return PV_DONE;
}

static void
forget(struct pv_desk *d)
{
	pv_snapshot_free(d->own.snapshot);
	pv_state_free(d->own.state);
	pv_arena_free(d->own.arena);
	d->own = (struct pv_log){ 0 };
	pv_map_free(d->remote->standing);
	d->remote->standing = pv_map_new(64);
	d->remote->acts.n = 0;
}

PV_RESULT
pv_remote_refold(struct pv_desk *d, struct pv_err *e)
{
	struct pv_acts_ask page = { 0 };
	uint64_t signed_s = d->own.signed_s;
	bool more = true;

	forget(d);
	pv_home_log_begin(&d->own, d->origin, true);
	d->own.signed_s = signed_s;
	while (more)
		PV_TRY(fold_page(d, &page, &more, e));
	pv_home_log_leases(&d->own);
	return PV_DONE;
}

static PV_RESULT
meet(struct pv_desk *d, struct pv_err *e)
{
	struct pv_identity_answer who = { 0 };

	PV_TRY(ask(d, "identity", NULL, PV_NO_SLICE, d->arena, &who, NULL, e));
	d->remote->id = who.id;
	d->party = who.id.party;
	d->origin = who.id.origin;
	d->journal = who.id.journal;
	d->own.signed_s = who.signed_at;
	d->remote->ahead_s = (int64_t)who.now - (int64_t)(d->env.realtime_ms(d->env.ctx) / 1000);
	return pv_remote_refold(d, e);
}

PV_RESULT
pv_desk_remote(struct pv_desk **out, const struct pv_transport *t, const char *officers,
    const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = PV_NEW(struct pv_desk);

	d->env = *env;
	d->real_ms = env->realtime_ms(env->ctx);
	d->boot_ms = env->boottime_ms(env->ctx);
	d->arena = pv_arena_new();
	d->remote = PV_NEW(struct pv_remote);
	d->remote->t = *t;
	d->remote->officers =
	    officers != NULL ? pv_arena_str(d->arena, pv_slice_of(officers)) : NULL;
	PV_TRY(meet(d, e));
	*out = PV_TAKE(d);
	return PV_DONE;
}

void
pv_remote_free(struct pv_remote *r)
{
	if (r == NULL)
		return;
	if (r->t.close != NULL)
		r->t.close(r->t.ctx);
	pv_map_free(r->standing);
	PV_VEC_FREE(&r->acts);
	pv_free(r);
}

struct pv_identity
pv_remote_identity(const struct pv_desk *d)
{
	return d->remote->id;
}

const char *
pv_remote_officers(const struct pv_desk *d)
{
	return d->remote->officers;
}

/* Times of acts are the gateway's to judge: what is made here bears its time. */
uint64_t
pv_remote_clock(const struct pv_desk *d)
{
	int64_t now = (int64_t)(d->env.realtime_ms(d->env.ctx) / 1000) + d->remote->ahead_s;

	return now > 0 ? (uint64_t)now : 0;
}

PV_RESULT
pv_remote_act_standing(struct pv_desk *d, struct pv_slice id, struct pv_arena *a,
    struct pv_store_row *row, bool *found, struct pv_err *e)
{
	uint32_t i = pv_map_get(d->remote->standing, id);

	(void)e;
	*found = i != PV_MAP_NONE;
	if (*found) {
		row->c[PV_C_ACT_INDEX] = PV_CELL_N(d->remote->acts.at[i].index);
		row->c[PV_C_ACT_BODY] = PV_CELL_S(pv_arena_copy(a, d->remote->acts.at[i].body));
	}
	return PV_DONE;
}

/* ---- acts ---- */

PV_RESULT
pv_remote_apply(struct pv_desk *d, struct pv_slice notes, const char *source, struct pv_arena *a,
    struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_apply_ask q = { .source = source };

	return ask(d, "acts.apply", &q, notes, a, out, NULL, e);
}

PV_RESULT
pv_remote_export(
    struct pv_desk *d, const struct pv_export_ask *q, struct pv_buf *out, struct pv_err *e)
{
	return ask(d, "export", q, PV_NO_SLICE, d->arena, NULL, out, e);
}

PV_RESULT
pv_remote_follow(struct pv_desk *d, struct pv_slice bundle, const char *source, struct pv_arena *a,
    struct pv_follow_answer *out, struct pv_err *e)
{
	struct pv_follow_ask q = { .source = source };

	return ask(d, "follow", &q, bundle, a, out, NULL, e);
}

PV_RESULT
pv_remote_card(struct pv_desk *d, struct pv_buf *out, struct pv_err *e)
{
	return ask(d, "card", NULL, PV_NO_SLICE, d->arena, NULL, out, e);
}

/* ---- files go up ---- */

static void
wait_a_moment(unsigned try)
{
	struct timespec t = { .tv_sec = try == 0 ? 0 : 1, .tv_nsec = 200 * 1000 * 1000 };

	nanosleep(&t, NULL);
}

struct uploading {
	struct pv_desk *d;
	struct pv_slice id, name;
	uint64_t offset;
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
	struct pv_arena *a;
};

/* The piece may have arrived, or a part of it, though its answer was lost: the gateway says where it stands. */
static PV_RESULT
stands_at(struct uploading *u, uint64_t *offset, struct pv_err *e)
{
	struct pv_upload_call q = { .id = u->id };
	struct pv_upload_answer got = { 0 };

	PV_TRY(ask(u->d, "uploads.look", &q, PV_NO_SLICE, u->a, &got, NULL, e));
	if (!got.found)
		return PV_FAIL(e, PV_E_DOWN, "the gateway no longer has the upload");
	*offset = got.upload.offset;
	return PV_DONE;
}

static PV_RESULT
send_piece(struct uploading *u, struct pv_slice piece, bool last, struct pv_err *e)
{
	uint64_t begin = u->offset, at = begin;
	struct pv_upload_answer got = { 0 };
	struct pv_status st;

	for (unsigned try = 0;; try++) {
		struct pv_upload_call q = { .id = u->id, .offset = at, .last = last };

		st = ask(u->d, "uploads.append", &q,
		    pv_slice_sub(piece, (size_t)(at - begin), piece.n), u->a, &got, NULL, e);
		if (pv_ok(st) || st.code != PV_E_DOWN || try + 1 == TRIES)
			break;
		wait_a_moment(try);
		if (!pv_ok(stands_at(u, &at, e)))
			continue;
		if (at < begin || at > begin + piece.n)
			return PV_FAIL(e, PV_E_UNTRUSTED,
			    "the gateway says the upload stands at %llu, where nothing was sent",
			    (unsigned long long)at);
	}
	PV_TRY(st);
	u->offset = begin + piece.n;
	if (u->progress != NULL)
		u->progress(u->progress_ctx, u->offset);
	return PV_DONE;
}

static PV_RESULT
read_piece(int fd, char *into, size_t room, size_t *n, struct pv_err *e)
{
	*n = 0;
	while (*n < room) {
		ssize_t got = read(fd, into + *n, room - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return PV_FAIL(
			    e, PV_E_INPUT, "cannot read the content: %s", strerror(errno));
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	return PV_DONE;
}

static PV_RESULT
send_all(struct uploading *u, int fd, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf buf = { 0 };
	char *into = pv_buf_room(&buf, PV_PIECE);
	size_t n;

	do {
		PV_TRY(read_piece(fd, into, PV_PIECE, &n, e));
		PV_TRY(send_piece(u, pv_slice_mem(into, n), n < PV_PIECE, e));
	} while (n == PV_PIECE);
	return PV_DONE;
}

static PV_RESULT
begin_upload(struct uploading *u, struct pv_err *e)
{
	struct pv_upload_call q = { .name = u->name };
	struct pv_upload_answer got = { 0 };

	PV_TRY(ask(u->d, "uploads.begin", &q, PV_NO_SLICE, u->a, &got, NULL, e));
	u->id = got.upload.id;
	return PV_DONE;
}

static void
drop_upload(struct uploading *u)
{
	struct pv_upload_call q = { .id = u->id };
	struct pv_upload_answer got = { 0 };
	struct pv_err ignored;

	if (u->id.n != 0)
		pv_ignore(ask(u->d, "uploads.drop", &q, PV_NO_SLICE, u->a, &got, NULL, &ignored));
}

static PV_RESULT
upload_file(struct uploading *u, const char *path, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pv_status st;

	if (fd < 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s: %s", path, strerror(errno));
	st = begin_upload(u, e);
	if (pv_ok(st))
		st = send_all(u, fd, e);
	close(fd);
	return st;
}

/* ---- files come down ---- */

/* A piece is asked for again when the line broke: it is looked at and counted anew there. */
static PV_RESULT
ask_again(struct pv_desk *d, const char *name, const void *q, struct pv_arena *a, void *answer,
    struct pv_buf *piece, struct pv_err *e)
{
	struct pv_status st;

	for (unsigned try = 0; try < TRIES; try++) {
		if (try != 0)
			wait_a_moment(try);
		pv_buf_clear(piece);
		st = ask(d, name, q, PV_NO_SLICE, a, answer, piece, e);
		if (pv_ok(st) || st.code != PV_E_DOWN)
			return st;
	}
	return st;
}

static PV_RESULT
fetch_sealed(struct pv_desk *d, struct pv_slice report, int fd, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf piece = { 0 };
	struct pv_content_ask q = { .id = report };

	for (;;) {
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_content_answer got = { 0 };

		PV_TRY(ask_again(d, "reports.content", &q, a, &got, &piece, e));
		if (!got.found || (piece.n == 0 && q.offset < got.size))
			return PV_FAIL(e, PV_E_UNTRUSTED, "the gateway gives no sealed file");
		PV_TRY(pv_report_sink(&fd).put(&fd, pv_buf_slice(&piece), e));
		q.offset += piece.n;
		if (q.offset >= got.size)
			return PV_DONE;
	}
}

/* A new file, or none: what came half is taken away. */
static int
create(const char *path, mode_t mode, struct pv_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		pv_ignore(PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG,
		    "cannot write %s: %s", path, strerror(errno)));
	return fd;
}

/* ---- sharing ---- */

static PV_RESULT
share_upload(
    struct uploading *u, struct pv_share_ask *q, struct pv_share_called *got, struct pv_err *e)
{
	struct pv_share_call call = { .upload = u->id,
		.label = q->label,
		.like = q->like,
		.name = u->name,
		.media_type = q->media_type != NULL ? pv_slice_of(q->media_type) : PV_NO_SLICE,
		.old_form = q->old_form };

	call.label.kind = PV_REPORT;
	return ask(u->d, "reports.share", &call, PV_NO_SLICE, u->a, got, NULL, e);
}

static PV_RESULT
copy_sealed(struct pv_desk *d, struct pv_slice report, const char *path, struct pv_err *e)
{
	int fd = create(path, 0666, e);
	struct pv_status st;

	if (fd < 0)
		return (struct pv_status){ e->code };
	st = fetch_sealed(d, report, fd, e);
	if (pv_ok(st) && fsync(fd) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	if (!pv_ok(st))
		unlink(path);
	return st;
}

PV_RESULT
pv_remote_share(struct pv_desk *d, struct pv_share_ask *q, struct pv_arena *a,
    struct pv_share_answer *out, struct pv_err *e)
{
	struct uploading u = { .d = d,
		.name = pv_slice_of(q->name != NULL ? q->name : "report"),
		.progress = q->progress,
		.progress_ctx = q->progress_ctx,
		.a = a };
	struct pv_share_called got = { 0 };
	struct pv_status st;

	if (q->out_path != NULL && access(q->out_path, F_OK) == 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot write %s: %s", q->out_path, strerror(EEXIST));
	PV_TRY(begin_upload(&u, e));
	st = send_all(&u, q->fd, e);
	if (pv_ok(st))
		st = share_upload(&u, q, &got, e);
	if (!pv_ok(st)) {
		drop_upload(&u);
		return st;
	}
	*out = got.answer;
	if (q->out_path == NULL)
		return PV_DONE;
	PV_TRY(copy_sealed(d, out->report, q->out_path, e));
	out->sealed_path = pv_slice_of(q->out_path);
	return PV_DONE;
}

PV_RESULT
pv_remote_tdf_register(struct pv_desk *d, struct pv_tdf_ask *q, struct pv_arena *a,
    struct pv_tdf_answer *out, struct pv_err *e)
{
	const struct pv_report *r = &q->label.report;
	struct uploading u = {
		.d = d, .name = pv_slice_of(q->name != NULL ? q->name : "sealed.tdf"), .a = a
	};
	struct pv_tdf_call call = { .attribute = q->attribute,
		.id = q->label.id,
		.title = r->title,
		.topics = r->topics,
		.regions = r->regions,
		.never = r->never,
		.releasable_to = r->releasable_to };
	struct pv_tdf_called got = { 0 };
	struct pv_status st;

	*out = (struct pv_tdf_answer){ 0 };
	PV_TRY(begin_upload(&u, e));
	st = send_all(&u, q->fd, e);
	call.upload = u.id;
	if (pv_ok(st))
		st = ask(d, "tdf.register", &call, PV_NO_SLICE, a, &got, NULL, e);
	if (!pv_ok(st)) {
		drop_upload(&u);
		return st;
	}
	out->agreement = got.agreement;
	out->label = got.label;
	out->shared = (struct pv_share_answer){ .report = got.report,
		.size_bytes = got.size_bytes,
		.journal_index = got.journal_index };
	return PV_DONE;
}

PV_RESULT
pv_remote_who_can_open(struct pv_desk *d, const struct pv_matter *m, uint64_t at,
    struct pv_arena *a, const struct pv_can_open **who, size_t *n, struct pv_err *e)
{
	struct pv_who_ask q = { .id = m->report, .at = at };
	struct pv_who_answer got = { 0 };

	PV_TRY(ask(d, "reports.who", &q, PV_NO_SLICE, a, &got, NULL, e));
	*who = got.rows;
	*n = got.count;
	return PV_DONE;
}

PV_RESULT
pv_remote_reports(struct pv_desk *d, struct pv_slice only_id, struct pv_arena *a,
    const struct pv_report_row **rows, size_t *n, struct pv_err *e)
{
	static const struct paged pages =
	    PAGED("reports.list", struct pv_reports_answer, struct pv_report_row);
	struct pv_reports_ask q = { .id = only_id };
	const void *all = NULL;

	PV_TRY(all_pages(d, &pages, &q, &q.page, a, &all, n, e));
	*rows = all;
	return PV_DONE;
}

/* ---- asking, answering, opening ---- */

PV_RESULT
pv_remote_ask(struct pv_desk *d, const struct pv_ask_ask *q, struct pv_buf *request,
    struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e)
{
	struct uploading u = { .d = d, .name = pv_slice_of(q->sealed_path), .a = a };
	struct pv_status st = upload_file(&u, q->sealed_path, e);

	if (pv_ok(st)) {
		struct pv_ask_call call = { .upload = u.id,
			.name = u.name,
			.party = q->party,
			.person = q->person,
			.purpose = q->purpose,
			.of = q->of };

		st = ask(d, "asks.make", &call, PV_NO_SLICE, a, out, request, e);
	}
	drop_upload(&u);
	return st;
}

PV_RESULT
pv_remote_answer(struct pv_desk *d, struct pv_slice request, const char *source,
    struct pv_buf *reply, struct pv_arena *a, struct pv_answer_answer *out, struct pv_err *e)
{
	struct pv_answer_call q = { .source = pv_slice_of(source) };

	return ask(d, "asks.answer", &q, request, a, out, reply, e);
}

/* Piece by piece; the gateway looks at its orders before each of them. */
static PV_RESULT
take_pieces(struct pv_desk *d, const struct pv_open_ask *q, const struct pv_open_called *o, int fd,
    struct pv_arena *a, struct pv_open_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf piece = { 0 };
	struct pv_read_call read = { .handle = o->handle };

	do {
		struct pv_read_answer got = { 0 };

		PV_TRY(ask_again(d, "open.read", &read, a, &got, &piece, e));
		out->opened = got.going;
		out->refused = got.refused;
		if (!got.going)
			return PV_DONE;
		if (piece.n == 0 && read.offset < out->size_bytes)
			return PV_FAIL(e, PV_E_UNTRUSTED, "the gateway ends after %llu bytes",
			    (unsigned long long)read.offset);
		PV_TRY(pv_report_sink(&fd).put(&fd, pv_buf_slice(&piece), e));
		read.offset += piece.n;
		if (q->progress != NULL)
			q->progress(q->progress_ctx, read.offset);
	} while (read.offset < out->size_bytes);
	return PV_DONE;
}

static PV_RESULT
end_opening(struct pv_desk *d, const struct pv_open_called *o, bool taken, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_read_call q = { .handle = o->handle, .taken = taken };
	struct pv_read_answer got = { 0 };

	return ask(d, "open.end", &q, PV_NO_SLICE, a, &got, NULL, e);
}

static PV_RESULT
take_down(struct pv_desk *d, const struct pv_open_ask *q, const struct pv_open_called *o,
    struct pv_arena *a, struct pv_open_answer *out, struct pv_err *e)
{
	bool standard = strcmp(q->out_path, "-") == 0;
	int fd = standard ? dup(STDOUT_FILENO) : create(q->out_path, 0600, e);
	struct pv_err other;
	struct pv_status st;

	if (fd < 0)
		st = standard ? PV_FAIL(e, PV_E_CONFIG, "cannot write: %s", strerror(errno))
			      : (struct pv_status){ e->code };
	else
		st = take_pieces(d, q, o, fd, a, out, e);
	if (pv_ok(st) && out->opened && !standard && fsync(fd) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", q->out_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && !standard && (!pv_ok(st) || !out->opened))
		unlink(q->out_path);
	if (!pv_ok(st)) {
		out->opened = false;
		pv_ignore(end_opening(d, o, false, a, &other));
		return st;
	}
	return out->opened ? end_opening(d, o, true, a, e) : PV_DONE;
}

static PV_RESULT
check_out_path(const char *path, struct pv_err *e)
{
	if (path == NULL)
		return PV_FAIL(e, PV_E_INPUT,
		    "where should the content go? -o FILE, or -o - for standard output");
	if (strcmp(path, "-") != 0 && access(path, F_OK) == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s is already there", path), e,
		    "Say another place: -o FILE");
	return PV_DONE;
}

static PV_RESULT
begin_opening(
    struct uploading *u, const struct pv_open_ask *q, struct pv_open_called *got, struct pv_err *e)
{
	struct pv_open_call call = { .party = q->party,
		.person = q->person,
		.purpose = q->purpose,
		.of = q->of,
		.name = pv_slice_of(q->report),
		.grant_source =
		    q->grant_source != NULL ? pv_slice_of(q->grant_source) : PV_NO_SLICE,
		.keep = q->keep };

	/* a report of the gateway's by its id; else a sealed file that is here */
	if (q->grant.n == 0 && access(q->report, F_OK) != 0)
		call.id = pv_slice_of(q->report);
	else
		PV_TRY(upload_file(u, q->report, e));
	call.upload = u->id;
	return ask(u->d, "open.begin", &call, q->grant, u->a, got, NULL, e);
}

PV_RESULT
pv_remote_open_report(struct pv_desk *d, const struct pv_open_ask *q, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct uploading u = { .d = d, .name = pv_slice_of(q->report), .a = a };
	struct pv_open_called got = { 0 };
	struct pv_status st;

	PV_TRY(check_out_path(q->out_path, e));
	st = begin_opening(&u, q, &got, e);
	*out = got.answer;
	if (pv_ok(st) && out->opened)
		st = take_down(d, q, &got, a, out, e);
	drop_upload(&u);
	if (pv_ok(st) && (out->opened || u.id.n == 0))
		out->out_path = pv_slice_of(q->out_path);
	return st;
}

PV_RESULT
pv_remote_state_record(struct pv_desk *d, struct pv_record *r, struct pv_slice person,
    struct pv_buf *note, uint64_t *journal_index, struct pv_arena *a, struct pv_err *e)
{
	struct pv_state_ask q = { .record = *r, .person = person };
	struct pv_state_answer got = { 0 };

	PV_TRY(ask(d, "records.state", &q, PV_NO_SLICE, a, &got, note, e));
	*r = got.record;
	*journal_index = got.journal_index;
	return PV_DONE;
}

/* ---- orders ---- */

PV_RESULT
pv_remote_preview(struct pv_desk *d, const struct pv_record *order_or_lift, struct pv_arena *a,
    struct pv_preview *out, struct pv_err *e)
{
	struct pv_preview_ask q = { .record = *order_or_lift };

	return ask(d, "orders.preview", &q, PV_NO_SLICE, a, out, NULL, e);
}

PV_RESULT
pv_remote_orders(struct pv_desk *d, struct pv_slice only_id, uint64_t at, struct pv_arena *a,
    const struct pv_order_row **rows, size_t *n, struct pv_err *e)
{
	static const struct paged pages =
	    PAGED("orders.list", struct pv_orders_answer, struct pv_order_row);
	struct pv_orders_ask q = { .id = only_id, .at = at };
	const void *all = NULL;

	PV_TRY(all_pages(d, &pages, &q, &q.page, a, &all, n, e));
	*rows = all;
	return PV_DONE;
}

/* ---- looking ---- */

PV_RESULT
pv_remote_board(struct pv_desk *d, struct pv_slice to, uint64_t at, struct pv_arena *a,
    const struct pv_board_row **rows, size_t *n, struct pv_err *e)
{
	static const struct paged pages =
	    PAGED("board", struct pv_board_answer, struct pv_board_row);
	struct pv_board_ask q = { .to = to, .at = at };
	const void *all = NULL;

	PV_TRY(all_pages(d, &pages, &q, &q.page, a, &all, n, e));
	*rows = all;
	return PV_DONE;
}

PV_RESULT
pv_remote_explain(struct pv_desk *d, struct pv_slice report, struct pv_slice recipient,
    struct pv_slice purpose, struct pv_slice channel, uint64_t at, struct pv_arena *a,
    const struct pv_explanation **out, struct pv_err *e)
{
	struct pv_explain_ask q = { report, recipient, purpose, channel, at };
	struct pv_explain_answer got = { 0 };

	PV_TRY(ask(d, "explain", &q, PV_NO_SLICE, a, &got, NULL, e));
	*out = pv_explanation_whole(&got, a);
	return PV_DONE;
}

PV_RESULT
pv_remote_status(
    struct pv_desk *d, struct pv_arena *a, struct pv_status_answer *out, struct pv_err *e)
{
	return ask(d, "status", NULL, PV_NO_SLICE, a, out, NULL, e);
}

PV_RESULT
pv_remote_verify(
    struct pv_desk *d, struct pv_arena *a, struct pv_verify_answer *out, struct pv_err *e)
{
	return ask(d, "log.verify", NULL, PV_NO_SLICE, a, out, NULL, e);
}

PV_RESULT
pv_remote_log(struct pv_desk *d, const struct pv_log_ask *asked, struct pv_arena *a,
    const struct pv_log_entry **entries, size_t *n, struct pv_err *e)
{
	struct pv_log_ask q = *asked;
	PV_VEC(struct pv_log_entry) all = { 0 };
	struct pv_log_answer got;
	struct pv_log_entry *kept;
	struct pv_status st;
	bool more;

	do {
		got = (struct pv_log_answer){ 0 };
		st = ask(d, "log.show", &q, PV_NO_SLICE, a, &got, NULL, e);
		for (size_t i = 0; pv_ok(st) && i < got.count; i++)
			*PV_VEC_ADD(&all) = got.entries[i];
		more = got.next > q.from;
		q.from = got.next;
		if (asked->count != 0 && asked->count > all.n)
			q.count = asked->count - all.n;
	} while (pv_ok(st) && more && (asked->count == 0 || all.n < asked->count));
	kept = pv_arena_alloc_n(a, all.n, sizeof(*kept));
	if (all.n != 0)
		memcpy(kept, all.at, all.n * sizeof(*kept));
	*entries = kept;
	*n = all.n;
	PV_VEC_FREE(&all);
	return st;
}

PV_RESULT
pv_remote_log_prove(
    struct pv_desk *d, struct pv_slice log, uint64_t index, struct pv_buf *proof, struct pv_err *e)
{
	struct pv_prove_ask q = { .log = log, .index = index };

	return ask(d, "log.prove", &q, PV_NO_SLICE, d->arena, NULL, proof, e);
}

PV_RESULT
pv_remote_log_rebuild(struct pv_desk *d, bool repair, struct pv_arena *a,
    struct pv_rebuild_answer *out, struct pv_err *e)
{
	struct pv_rebuild_ask q = { .repair = repair };

	return ask(d, "log.rebuild", &q, PV_NO_SLICE, a, out, NULL, e);
}
