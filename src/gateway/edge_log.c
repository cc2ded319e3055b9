/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logs for anybody's tools: C2SP tlog-tiles below /log/orders/ and /log/journal/, C2SP tlog-witness below /witness/.
 * What never changes may be kept for ever, but only once it is there: a 404 says no-store, else a cache would hide the
 * tile that comes later.
 */
#include <libdeflate.h>

#include "codec/base64.h"
#include "desk/call_log.h"
#include "desk/feed.h"
#include "gateway/edge.h"

#define NOTE_TYPE   "text/plain; charset=utf-8"
#define TILE_TYPE   "application/octet-stream"
#define FOR_EVER    PV_SLICE("public, max-age=31536000, immutable")
#define NEVER_KEPT  PV_SLICE("no-store")
#define ADD_MAX     (64u * 1024)
#define ORIGIN_OPEN PV_SLICE("*")

static void
not_there(struct pv_hit *h)
{
	pv_x_header(h->x, "Cache-Control", NEVER_KEPT);
	pv_edge_text(h, 404, NOTE_TYPE, PV_SLICE("there is no such thing in this log\n"));
}

/* The reply that is no answer: not to be kept, either. */
static bool
failed(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (r->kind == PV_REPLY_DONE)
		return false;
	pv_x_header(h->x, "Cache-Control", NEVER_KEPT);
	pv_edge_problem_of(h, r);
	return true;
}

static void
for_everybody(struct pv_hit *h, struct pv_slice keep)
{
	pv_x_header(h->x, "Cache-Control", keep);
	pv_x_header(h->x, "Access-Control-Allow-Origin", ORIGIN_OPEN);
}

/* ---- checkpoints and receipts ---- */

static void
got_note(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_log_found *found = r->answer;

	if (failed(h, r))
		return;
	if (!found->found) {
		not_there(h);
		return;
	}
	for_everybody(h, NEVER_KEPT);
	pv_edge_text(h, 200, NOTE_TYPE, r->tail);
}

static void
run_checkpoint(struct pv_hit *h)
{
	const struct pv_log_which ask = { .log = h->part[0] };

	pv_edge_ask(h, pv_call_find("log.checkpoint"), &ask, PV_NO_SLICE, got_note);
}

static void
run_receipt(struct pv_hit *h)
{
	struct pv_log_which ask = { .log = h->part[0] };
	struct pv_slice number = h->part[1];

	if (number.n > 11 &&
	    pv_slice_is(pv_slice_sub(number, number.n - 11, number.n), ".tlog-proof"))
		number.n -= 11;
	if (!pv_slice_u64(number, &ask.index)) {
		not_there(h);
		return;
	}
	pv_edge_ask(h, pv_call_find("log.receipt"), &ask, PV_NO_SLICE, got_note);
}

/* ---- tiles ---- */

/* gzip as tlog-tiles asks for entry bundles; hashes do not compress. */
static bool
wants_gzip(const struct pv_hit *h)
{
	struct pv_slice rest, field;
	bool many;

	rest = pv_header_get(h->head, "accept-encoding", &many);
	while (pv_slice_next(&rest, ',', &field)) {
		struct pv_slice name, q = field;

		pv_slice_next(&q, ';', &name);
		if (pv_slice_is(pv_slice_trim(name), "gzip"))
			return !pv_slice_is(pv_slice_trim(q), "q=0");
	}
	return false;
}

static bool
gzip(struct pv_slice bytes, struct pv_buf *out)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t room, n;

	if (c == NULL)
		return false;
	room = libdeflate_gzip_compress_bound(c, bytes.n);
	n = libdeflate_gzip_compress(c, bytes.p, bytes.n, pv_buf_room(out, room), room);
	libdeflate_free_compressor(c);
	out->n += n;
	return n != 0;
}

static void
got_tile(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_log_found *found = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf packed = { 0 };
	const struct pv_tile *t = h->user;

	if (failed(h, r))
		return;
	if (!found->found) {
		not_there(h);
		return;
	}
	for_everybody(h, FOR_EVER);
	if (t->bundle)
		pv_x_header(h->x, "Vary", PV_SLICE("Accept-Encoding"));
	if (t->bundle && wants_gzip(h) && gzip(r->tail, &packed)) {
		pv_x_header(h->x, "Content-Encoding", PV_SLICE("gzip"));
		pv_edge_text(h, 200, TILE_TYPE, pv_buf_slice(&packed));
		return;
	}
	pv_edge_text(h, 200, TILE_TYPE, r->tail);
}

static void
run_tile(struct pv_hit *h)
{
	struct pv_tile *t = PV_ARENA_NEW(h->a, struct pv_tile);
	struct pv_log_tile_ask ask = { .log = h->part[0] };

	if (!pv_tile_path_read(t, pv_arena_printf(h->a, "tile/%.*s", PV_FMT(h->part[1])))) {
		not_there(h);
		return;
	}
	h->user = t;
	ask.bundle = t->bundle;
	ask.level = t->level;
	ask.n = t->n;
	ask.width = t->width;
	pv_edge_ask(h, pv_call_find("log.tile"), &ask, PV_NO_SLICE, got_tile);
}

/* ---- keys ---- */

static void
got_keys(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (failed(h, r))
		return;
	for_everybody(h, NEVER_KEPT);
	pv_edge_json(h, 200, r->json);
}

static void
run_keys(struct pv_hit *h)
{
	pv_edge_ask(h, pv_call_find("log.keys"), NULL, PV_NO_SLICE, got_keys);
}

/* ---- witnessing ---- */

static void
got_cosignature(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_witness_added *w = r->answer;

	if (failed(h, r))
		return;
	pv_x_header(h->x, "Cache-Control", NEVER_KEPT);
	if (w->status == 200)
		pv_edge_text(h, 200, NOTE_TYPE, r->tail);
	else if (w->status == 409)
		pv_edge_text(h, 409, "text/x.tlog.size",
		    pv_arena_printf(h->a, "%llu\n", (unsigned long long)w->size));
	else
		pv_edge_text(
		    h, (int)w->status, NOTE_TYPE, pv_arena_printf(h->a, "%.*s\n", PV_FMT(w->why)));
}

static void
run_add(struct pv_hit *h)
{
	struct pv_witness_add_ask ask = { 0 };
	struct pv_witness_ask read;
	struct pv_slice *proof;
	struct pv_err e;

	if (!pv_ok(pv_witness_read(&read, h->body, &e))) {
		pv_edge_text(h, 400, NOTE_TYPE, pv_arena_printf(h->a, "%s\n", e.what));
		return;
	}
	proof = pv_arena_alloc_n(h->a, read.proof.n, sizeof(*proof));
	for (size_t i = 0; i < read.proof.n; i++) {
		PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

		pv_base64_write(&text, pv_slice_mem(read.proof.hash[i], PV_HASH), PV_BASE64);
		proof[i] = pv_arena_copy(h->a, pv_buf_slice(&text));
	}
	ask.old = read.old;
	ask.proof = (struct pv_names){ proof, read.proof.n };
	pv_edge_ask(h, pv_call_find("witness.add"), &ask, read.checkpoint, got_cosignature);
}

static void
run_seen(struct pv_hit *h)
{
	const struct pv_witness_seen_ask ask = { .origin = h->part[0] };

	pv_edge_ask(h, pv_call_find("witness.seen"), &ask, PV_NO_SLICE, got_note);
}

/* ---- a partner's gateway follows the order log, with the texts that are meant for it (desk/feed.h) ---- */

static void
got_bundle(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (failed(h, r))
		return;
	pv_x_header(h->x, "Cache-Control", NEVER_KEPT);
	pv_edge_text(h, 200, "application/vnd.proviso.bundle", r->tail);
}

static void
run_follow(struct pv_hit *h)
{
	pv_edge_ask(h, pv_call_find("exchange.follow"), NULL, h->body, got_bundle);
}

static void
run_nothing(struct pv_hit *h)
{
	not_there(h);
}

const struct pv_route pv_edge_log[] = {
	{ .methods = PV_GET, .pattern = "/log/keys", .run = run_keys },
	{ .methods = PV_GET, .pattern = "/log/{log}/checkpoint", .run = run_checkpoint },
	{ .methods = PV_GET, .pattern = "/log/{log}/tile/{path...}", .run = run_tile },
	{ .methods = PV_GET, .pattern = "/log/{log}/proof/{index}", .run = run_receipt },
	{ .methods = PV_GET, .pattern = "/log/{rest...}", .run = run_nothing },
	{ .methods = PV_POST,
	    .pattern = "/witness/add-checkpoint",
	    .body_max = ADD_MAX,
	    .run = run_add },
	{ .methods = PV_GET, .pattern = "/witness/{hash}/checkpoint", .run = run_seen },
	{ .methods = PV_POST,
	    .pattern = PV_FEED_PATH,
	    .body_max = PV_FEED_ASK_MAX,
	    .run = run_follow },
	{ .pattern = NULL },
};
