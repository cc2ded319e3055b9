/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API edge cannot make from its table, because bytes go with it: files
 * that go up in resumable parts (tus 1.0: creation, expiration, termination),
 * sealed files and opened reports that come down in pieces, the tool's calls
 * (docs/protocol/remote.md), and what a partner's gateway asks. Pieces come from the
 * keeper one at a time, each after it looked at its orders; when it says cut, not one
 * byte more reaches the client.
 */
#include <time.h>

#include "desk/call_report.h"
#include "gateway/edge.h"
#include "gateway/tus.h"
#include "wire/exchange.h"

#define CALL_TYPE  "application/vnd.proviso.call"
#define CALL_MAX   (24u << 20)
#define PIECE_TYPE "application/offset+octet-stream"
#define PIECE      (512u * 1024) /* of what goes up */
#define KEY_WITHIN 10000         /* ms in which a key, or what was opened, must reach its client */
#define NO_STORE   PV_SLICE("no-store")

/* ---- the tool's calls ---- */

static struct pv_slice
code_word(enum pv_code code)
{
	switch (code) {
	case PV_E_INPUT:
		return PV_SLICE("input");
	case PV_E_CONFIG:
		return PV_SLICE("config");
	case PV_E_UNTRUSTED:
		return PV_SLICE("untrusted");
	case PV_E_LIMIT:
		return PV_SLICE("limit");
	case PV_E_DOWN:
		return PV_SLICE("down");
	case PV_OK:
	case PV_E_BUG:
		break;
	}
	return PV_SLICE("bug");
}

/* A problem document from which the tool makes the error of the desk again. */
static void
tell_failed(struct pv_hit *h, const struct pv_edge_reply *r)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_jsonw w = { .out = &body };
	int status = pv_edge_status(r);

	if (r->kind != PV_REPLY_FAILED || status == 500) {
		pv_edge_problem_of(h, r);
		return;
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "type",
	    pv_arena_printf(h->a, "urn:proviso:problem:%.*s", PV_FMT(code_word(r->err.code))));
	pv_jsonw_str(&w, "title", pv_slice_of(pv_status_text(status)));
	pv_jsonw_int(&w, "status", status);
	pv_jsonw_str(&w, "detail", pv_slice_of(r->err.what));
	pv_jsonw_str(&w, "code", code_word(r->err.code));
	if (r->err.field[0] != '\0')
		pv_jsonw_str(&w, "field", pv_slice_of(r->err.field));
	if (r->err.fix[0] != '\0')
		pv_jsonw_str(&w, "advice", pv_slice_of(r->err.fix));
	pv_jsonw_end(&w);
	pv_buf_add_c(&body, '\n');
	pv_x_header(h->x, "Cache-Control", NO_STORE);
	pv_x_reply(h->x, status, "application/problem+json", pv_buf_slice(&body));
}

static void
called(struct pv_hit *h, const struct pv_edge_reply *r)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf body = { 0 };

	if (r->kind != PV_REPLY_DONE) {
		tell_failed(h, r);
		return;
	}
	pv_buf_add(&body, r->json.n != 0 ? r->json : PV_SLICE("{}"));
	pv_buf_add_c(&body, '\n');
	pv_buf_add(&body, r->tail);
	pv_x_header(h->x, "Cache-Control", NO_STORE);
	pv_x_deliver_within(h->x, KEY_WITHIN);
	pv_x_reply(h->x, 200, CALL_TYPE, pv_buf_slice(&body));
}

static void
run_call(struct pv_hit *h)
{
	const struct pv_call *call = pv_call_find(pv_arena_str(h->a, h->part[0]));
	struct pv_slice rest = h->body, json;
	bool many;

	if (call == NULL || (call->flags & PV_CALL_INNER) != 0) {
		pv_edge_problem(
		    h, 404, "there is no such call; this gateway may be older than the tool");
		return;
	}
	if (!pv_media_allows(pv_header_get(h->head, "content-type", &many), CALL_TYPE)) {
		pv_edge_problem(h, 415, "a call is of type " CALL_TYPE);
		return;
	}
	if (!pv_slice_next(&rest, '\n', &json)) {
		pv_edge_problem(h, 400, "a call is a JSON object on one line, and what follows it");
		return;
	}
	pv_edge_ask_json(h, call, json, rest, called);
}

/* ---- uploads: tus 1.0 ---- */

static void
tus_headers(struct pv_hit *h)
{
	pv_x_header(h->x, "Tus-Resumable", PV_SLICE("1.0.0"));
	pv_x_header(h->x, "Cache-Control", NO_STORE);
}

static void
tus_problem(struct pv_hit *h, int status, const char *detail)
{
	tus_headers(h);
	pv_edge_problem(h, status, detail);
}

static void
tus_fail(struct pv_hit *h, const struct pv_edge_reply *r)
{
	tus_headers(h);
	tell_failed(h, r);
}

/* OPTIONS, which needs no credential. */
static void
tus_options(struct pv_hit *h)
{
	pv_x_header(h->x, "Tus-Version", PV_SLICE("1.0.0"));
	pv_x_header(h->x, "Tus-Extension", PV_SLICE("creation,expiration,termination"));
	pv_x_header(
	    h->x, "Tus-Max-Size", pv_arena_printf(h->a, "%llu", (unsigned long long)PV_UPLOAD_MAX));
	tus_headers(h);
	pv_x_reply(h->x, 204, NULL, PV_NO_SLICE);
}

static bool
tus_version_ok(struct pv_hit *h)
{
	bool many;

	if (pv_slice_is(pv_header_get(h->head, "tus-resumable", &many), "1.0.0"))
		return true;
	pv_x_header(h->x, "Tus-Version", PV_SLICE("1.0.0"));
	tus_problem(h, 412, "Tus-Resumable: 1.0.0 is wanted");
	return false;
}

/* RFC 9110 5.6.7 */
static struct pv_slice
http_date(struct pv_hit *h, uint64_t at)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)at;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	return pv_arena_printf(h->a, "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
say_where(struct pv_hit *h, const struct pv_upload *u)
{
	if (!u->whole)
		pv_x_header(h->x, "Upload-Expires", http_date(h, u->expires));
	pv_x_header(
	    h->x, "Upload-Offset", pv_arena_printf(h->a, "%llu", (unsigned long long)u->offset));
	if (u->has_size)
		pv_x_header(h->x, "Upload-Length",
		    pv_arena_printf(h->a, "%llu", (unsigned long long)u->size));
	tus_headers(h);
}

static void
created(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_upload_answer *got = r->answer;

	if (r->kind != PV_REPLY_DONE) {
		tus_fail(h, r);
		return;
	}
	pv_x_header(h->x, "Location",
	    pv_arena_printf(
		h->a, "%.*s/api/v1/uploads/%.*s", PV_FMT(pv_edge_url(h)), PV_FMT(got->upload.id)));
	say_where(h, &got->upload);
	pv_x_reply(h->x, 201, "application/json", r->json);
}

static void
run_create(struct pv_hit *h)
{
	struct pv_upload_call q = { .has_size = true, .name = pv_tus_filename(h->head, h->a) };

	if (h->head->method == PV_OPTIONS) {
		tus_options(h);
		return;
	}
	if (!tus_version_ok(h))
		return;
	if (!pv_tus_number(h->head, "upload-length", &q.size)) {
		tus_problem(h, 400, "Upload-Length is wanted: the size in bytes");
		return;
	}
	pv_edge_ask(h, pv_call_find("uploads.begin"), &q, PV_NO_SLICE, created);
}

static void
looked(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_upload_answer *got = r->answer;

	if (r->kind != PV_REPLY_DONE) {
		tus_fail(h, r);
		return;
	}
	if (!got->found) {
		tus_problem(h, 404, "there is no such upload; it may have expired");
		return;
	}
	say_where(h, &got->upload);
	pv_x_reply(h->x, 200, "application/json", r->json);
}

static void
dropped(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (r->kind != PV_REPLY_DONE) {
		tus_fail(h, r);
		return;
	}
	tus_headers(h);
	pv_x_reply(h->x, 204, NULL, PV_NO_SLICE);
}

static void
run_upload(struct pv_hit *h)
{
	struct pv_upload_call q = { .id = h->part[0] };

	if (h->head->method == PV_OPTIONS)
		tus_options(h);
	else if (!tus_version_ok(h))
		return;
	else if (h->head->method == PV_DELETE)
		pv_edge_ask(h, pv_call_find("uploads.drop"), &q, PV_NO_SLICE, dropped);
	else
		pv_edge_ask(h, pv_call_find("uploads.look"), &q, PV_NO_SLICE, looked);
}

/* ---- a piece that goes up ---- */

struct going_up {
	struct pv_buf piece;
	uint64_t offset;
	bool last, asking;
	struct pv_upload at;
};

static void
going_up_gone(struct pv_hit *h)
{
	struct going_up *u = h->user;

	pv_buf_free(&u->piece);
}

static void appended(struct pv_hit *h, const struct pv_edge_reply *r);

static void
send_up(struct pv_hit *h)
{
	struct going_up *u = h->user;
	struct pv_upload_call q = { .id = h->part[0], .offset = u->offset };

	u->asking = true;
	pv_x_pause(h->x, true);
	pv_edge_ask(h, pv_call_find("uploads.append"), &q, pv_buf_slice(&u->piece), appended);
	pv_buf_clear(&u->piece);
}

static void
appended(struct pv_hit *h, const struct pv_edge_reply *r)
{
	struct going_up *u = h->user;
	const struct pv_upload_answer *got = r->answer;

	u->asking = false;
	if (r->kind != PV_REPLY_DONE) {
		if (r->kind == PV_REPLY_FAILED && strcmp(r->err.field, "offset") == 0)
			tus_problem(h, 409, r->err.what);
		else
			tus_fail(h, r);
		return;
	}
	u->offset = got->upload.offset;
	u->at = got->upload;
	if (u->piece.n != 0) {
		send_up(h);
		return;
	}
	if (!u->last) {
		pv_x_pause(h->x, false);
		return;
	}
	say_where(h, &u->at);
	pv_x_reply(h->x, 204, NULL, PV_NO_SLICE);
}

static void
piece_came(struct pv_x *x, struct pv_slice data, bool last)
{
	struct pv_hit *h = pv_x_user(x);
	struct going_up *u = h->user;

	pv_buf_add(&u->piece, data);
	u->last = u->last || last;
	if (!u->asking && (u->last || u->piece.n >= PIECE))
		send_up(h);
}

static void
run_patch(struct pv_hit *h)
{
	struct going_up *u = PV_ARENA_NEW(h->a, struct going_up);
	bool many, type;

	if (!tus_version_ok(h))
		return;
	type = pv_slice_is(pv_header_get(h->head, "content-type", &many), PIECE_TYPE);
	if (!type) {
		tus_problem(h, 415, "a piece is of type " PIECE_TYPE);
		return;
	}
	if (!pv_tus_number(h->head, "upload-offset", &u->offset)) {
		tus_problem(h, 400, "Upload-Offset is wanted: where the piece begins");
		return;
	}
	h->user = u;
	h->gone = going_up_gone;
	pv_x_stream_in(h->x, PV_UPLOAD_MAX, piece_came);
}

/* ---- what comes down ---- */

struct coming_down {
	struct pv_slice id;
	uint64_t offset, size;
	bool opened;         /* of an opening; else a sealed file */
	bool asking, begun;  /* a piece is on its way; the head was sent */
	bool waits;          /* the client has room for the next piece */
	struct pv_buf ahead; /* one that was asked for before it had */
};

static void
coming_down_gone(struct pv_hit *h)
{
	struct coming_down *s = h->user;

	pv_buf_wipe(&s->ahead);
}

static void got_sealed(struct pv_hit *h, const struct pv_edge_reply *r);
static void got_opened(struct pv_hit *h, const struct pv_edge_reply *r);

static void
ask_piece(struct pv_hit *h)
{
	struct coming_down *s = h->user;
	struct pv_content_ask sealed = { .id = s->id, .offset = s->offset };
	struct pv_read_call opened = { .handle = s->id, .offset = s->offset };

	s->asking = true;
	if (s->opened)
		pv_edge_ask(h, pv_call_find("open.read"), &opened, PV_NO_SLICE, got_opened);
	else
		pv_edge_ask(h, pv_call_find("reports.content"), &sealed, PV_NO_SLICE, got_sealed);
}

static void
ended(struct pv_hit *h, const struct pv_edge_reply *r)
{
	(void)r; /* all of it left: it counts as given whatever comes of this */
	pv_x_end(h->x);
}

static void
go_on(struct pv_hit *h)
{
	struct coming_down *s = h->user;
	struct pv_read_call q = { .handle = s->id, .taken = true };

	if (s->ahead.n != 0) {
		s->waits = false;
		pv_x_write(h->x, pv_buf_slice(&s->ahead));
		s->offset += s->ahead.n;
		pv_buf_wipe(&s->ahead);
		return;
	}
	if (s->offset < s->size) {
		ask_piece(h);
		return;
	}
	s->asking = true;
	if (s->opened)
		pv_edge_ask(h, pv_call_find("open.end"), &q, PV_NO_SLICE, ended);
	else
		pv_x_end(h->x);
}

static void
drained(struct pv_x *x, void *user)
{
	struct pv_hit *h = user;
	struct coming_down *s = h->user;

	(void)x;
	s->waits = true;
	if (!s->asking)
		go_on(h);
}

/* An order landed while the client takes its time: it is looked at again now, not when it is ready for more. */
static void
orders_changed(struct pv_hit *h, struct pv_slice what)
{
	struct coming_down *s = h->user;

	if (pv_slice_is(what, "orders") && s->begun && !s->asking && s->ahead.n == 0 &&
	    s->offset < s->size)
		ask_piece(h);
}

static void
begin_down(struct pv_hit *h)
{
	struct coming_down *s = h->user;

	s->begun = true;
	pv_x_header(h->x, "Cache-Control", NO_STORE);
	pv_x_header(h->x, "X-Content-Type-Options", PV_SLICE("nosniff"));
	if (s->opened)
		pv_x_deliver_within(h->x, KEY_WITHIN);
	pv_x_begin(h->x, 200, "application/octet-stream", s->size);
	pv_x_on_drained(h->x, drained);
}

static void
take_piece(struct pv_hit *h, struct pv_slice piece)
{
	struct coming_down *s = h->user;

	s->asking = false;
	if (piece.n == 0 && s->offset < s->size) {
		pv_x_cut(h->x);
		return;
	}
	pv_buf_add(&s->ahead, piece);
	if (!s->begun)
		begin_down(h);
	else if (s->waits)
		go_on(h);
}

/* Nothing was sent yet: an error. Else the connection is cut, since a status was promised. */
static bool
broken(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct coming_down *s = h->user;

	if (r->kind == PV_REPLY_DONE)
		return false;
	if (s->begun)
		pv_x_cut(h->x);
	else
		tell_failed(h, r);
	return true;
}

static void
got_sealed(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_content_answer *got = r->answer;
	struct coming_down *s = h->user;

	if (broken(h, r))
		return;
	if (!got->found && !s->begun) {
		pv_edge_problem(h, 404, "there is no such report here, or not for you");
		return;
	}
	if (!got->found || (s->begun && got->size != s->size)) {
		pv_x_cut(h->x);
		return;
	}
	s->size = got->size;
	if (!s->begun)
		pv_x_header(h->x, "Content-Disposition",
		    pv_arena_printf(h->a, "attachment; filename=\"%.*s.tdf\"", PV_FMT(s->id)));
	take_piece(h, r->tail);
}

static void
got_opened(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_read_answer *got = r->answer;
	struct coming_down *s = h->user;

	if (broken(h, r))
		return;
	if (got->going) {
		s->size = got->size;
		take_piece(h, r->tail);
	} else if (s->begun) {
		pv_x_cut(h->x);
	} else {
		pv_edge_json(h, 403, r->json);
	}
}

static void
run_down(struct pv_hit *h, bool opened)
{
	struct coming_down *s = PV_ARENA_NEW(h->a, struct coming_down);

	s->id = h->part[0];
	s->opened = opened;
	h->user = s;
	h->gone = coming_down_gone;
	if (opened)
		pv_edge_watch(h, orders_changed);
	ask_piece(h);
}

static void
run_content(struct pv_hit *h)
{
	run_down(h, false);
}

static void
run_opening(struct pv_hit *h)
{
	if (h->head->method == PV_HEAD)
		pv_edge_problem(h, 405, "an opening is read with GET");
	else
		run_down(h, true);
}

/* ---- a partner's gateway ---- */

/* A key is in the answer: an order that lands before it is delivered cuts the line, and it is asked for again. */
static void
cut_key(struct pv_hit *h, struct pv_slice what)
{
	if (pv_slice_is(what, "orders"))
		pv_x_cut(h->x);
}

static void
answered(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (r->kind != PV_REPLY_DONE) {
		tell_failed(h, r);
		return;
	}
	pv_edge_watch(h, cut_key);
	pv_x_header(h->x, "Cache-Control", NO_STORE);
	pv_x_deliver_within(h->x, KEY_WITHIN);
	pv_edge_text(h, 200, "text/plain; charset=utf-8", r->tail);
}

static void
run_exchange(struct pv_hit *h)
{
	pv_edge_ask(h, pv_call_find("exchange.ask"), NULL, h->body, answered);
}

const struct pv_route pv_edge_files[] = {
	{ PV_POST, "/api/v1/calls/{name}", PV_ROUTE_NO_BASIC, CALL_MAX, run_call, NULL },
	{ PV_POST | PV_OPTIONS, "/api/v1/uploads", PV_ROUTE_NO_BASIC, 0, run_create, NULL },
	{ PV_GET | PV_DELETE | PV_OPTIONS, "/api/v1/uploads/{id}", PV_ROUTE_NO_BASIC, 0, run_upload,
	    NULL },
	{ PV_PATCH, "/api/v1/uploads/{id}", PV_ROUTE_NO_BASIC | PV_ROUTE_STREAM, 0, run_patch,
	    NULL },
	{ PV_GET, "/api/v1/reports/{id}/content", PV_ROUTE_NO_BASIC, 0, run_content, NULL },
	{ PV_GET, "/api/v1/openings/{handle}/content", PV_ROUTE_NO_BASIC, 0, run_opening, NULL },
	{ PV_POST, "/exchange/v1/ask", PV_ROUTE_NO_BASIC, PV_EXCHANGE_MAX, run_exchange, NULL },
	{ .pattern = NULL },
};
