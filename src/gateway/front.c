/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop of the front. A request is routed, its credential read, and it waits
 * as a hit; what it asks of the keeper is a ticket on the loop's one line. A
 * ticket outlives neither its hit nor the line: whoever goes first lets go of
 * the other, so no answer finds a request that is gone.
 */
#include "gateway/front.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "gateway/frame.h"
#include "gateway/postfix.h"
#include "gateway/request.h"
#include "net/tls.h"

#define ASKING_MAX   8192        /* tickets that wait on one line */
#define LINE_OUT_MAX (64u << 20) /* bytes that wait to be sent on it */
#define QUICK_WAIT   20000       /* ms */
#define SLOW_WAIT    120000

struct hit {
	struct pv_hit h; /* first: an edge holds this */
	struct pv_front_ticket *tickets;
	void (*changed)(struct pv_hit *h, struct pv_slice what);
	struct hit *next_watch, **watch_at;
	unsigned table;
	uint64_t began_us;
};

struct pv_front_ticket {
	struct pv_front *front;
	struct pv_front_ticket *next, **at; /* of the hit */
	uint32_t slot, generation;
	const struct pv_call *call;
	struct pv_arena *a;
	void (*done)(void *ctx, const struct pv_edge_reply *r);
	void *ctx;
	uint64_t until_ms;
	bool down; /* never left: answered in the next turn */
};

struct slot {
	struct pv_front_ticket *t;
	uint32_t generation, next_free;
};
#define NO_SLOT UINT32_MAX

struct kept {
	const void *key;
	void *p;
	void (*release)(void *p);
};

struct pv_front {
	struct pv_front_use use;
	struct event_base *base;
	struct pv_server **servers;
	size_t server_count;
	struct pv_postfix *postfix[2]; /* policy, lookup; NULL: none */
	struct pv_loop_stats *stats;

	int line; /* -1: lost */
	struct event *readable, *writable, *tick, *later, *woken;
	struct pv_buf in, out;
	size_t in_from, out_from;
	PV_VEC(struct slot) slots;
	uint32_t free_slot;
	size_t asking, down; /* tickets; those of them that never left */
	struct hit *watchers;
	PV_VEC(struct kept) kept;

	/* from other threads, under lock, told by wake */
	pthread_mutex_t lock;
	int wake;
	struct ssl_ctx_st *new_tls;
	char new_fingerprint[128], fingerprint[128];
	struct pv_settings *new_settings, *settings; /* NULL: as at the start */
	bool drain, draining;
	uint64_t drain_ms, drain_until_ms;
};

static const struct pv_route *const tables[] = { PV_EDGE_TABLES };
#define TABLES (sizeof(tables) / sizeof(*tables))

/* ---- tickets ---- */

static void
slot_free(struct pv_front *f, uint32_t i)
{
	f->slots.at[i].t = NULL;
	f->slots.at[i].generation++;
	f->slots.at[i].next_free = f->free_slot;
	f->free_slot = i;
	f->asking--;
	pv_count_set(&f->stats->asking, f->asking);
}

static void
ticket_unlink(struct pv_front_ticket *t)
{
	t->front->down -= t->down;
	slot_free(t->front, t->slot);
	if (t->at != NULL) {
		*t->at = t->next;
		if (t->next != NULL)
			t->next->at = t->at;
	}
}

static struct pv_front_ticket *
ticket_new(struct pv_front *f, const struct pv_call *call, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx)
{
	struct pv_front_ticket *t = PV_NEW(struct pv_front_ticket);

	if (f->free_slot == NO_SLOT) {
		f->free_slot = (uint32_t)f->slots.n;
		*PV_VEC_ADD(&f->slots) = (struct slot){ .generation = 1, .next_free = NO_SLOT };
	}
	t->front = f;
	t->slot = f->free_slot;
	t->generation = f->slots.at[t->slot].generation;
	f->free_slot = f->slots.at[t->slot].next_free;
	f->slots.at[t->slot].t = t;
	f->asking++;
	pv_count_set(&f->stats->asking, f->asking);
	t->call = call;
	t->a = a;
	t->done = done;
	t->ctx = ctx;
	t->until_ms =
	    pv_monotonic_ms() + ((call->flags & PV_CALL_QUICK) != 0 ? QUICK_WAIT : SLOW_WAIT);
	return t;
}

/* Takes the ticket out first: done() may end the request and all that it has. */
static void
ticket_answer(struct pv_front_ticket *t, const struct pv_edge_reply *r)
{
	void (*done)(void *ctx, const struct pv_edge_reply *r) = t->done;
	void *ctx = t->ctx;

	ticket_unlink(t);
	pv_free(t);
	done(ctx, r);
}

static void
ticket_fail(struct pv_front_ticket *t, const char *why)
{
	struct pv_edge_reply r = { .kind = PV_REPLY_DOWN, .retry_s = 5 };

	pv_ignore(PV_FAIL(&r.err, PV_E_DOWN, "%s", why));
	ticket_answer(t, &r);
}

static uint64_t
ticket_id(const struct pv_front_ticket *t)
{
	return (uint64_t)t->generation << 32 | t->slot;
}

static struct pv_front_ticket *
ticket_find(struct pv_front *f, uint64_t id)
{
	uint32_t i = (uint32_t)id;

	if (i >= f->slots.n || f->slots.at[i].t == NULL ||
	    f->slots.at[i].generation != (uint32_t)(id >> 32))
		return NULL;
	return f->slots.at[i].t;
}

/* ---- the line ---- */

static void
line_lost(struct pv_front *f, const char *why)
{
	if (f->line < 0)
		return;
	pv_log(f->use.log, PV_LOG_ERROR, "the line to the keeper is closed", "why", why, NULL);
	event_del(f->readable);
	event_del(f->writable);
	close(f->line);
	f->line = -1;
	for (size_t i = 0; i < f->slots.n; i++)
		if (f->slots.at[i].t != NULL)
			ticket_fail(f->slots.at[i].t, "the gateway's keeper is not there");
	if (f->use.lost != NULL)
		f->use.lost(f->use.ctx);
}

/* What was sent is wiped: passwords went through it. */
static void
drop_sent(struct pv_front *f)
{
	if (f->out.n == 0)
		return;
	explicit_bzero(f->out.p, f->out_from);
	memmove(f->out.p, f->out.p + f->out_from, f->out.n - f->out_from);
	f->out.n -= f->out_from;
	f->out_from = 0;
	if (f->out.n == 0 && f->out.cap > 1u << 20)
		pv_buf_wipe(&f->out);
}

static void
line_write(struct pv_front *f)
{
	while (f->line >= 0 && f->out_from < f->out.n) {
		ssize_t did = send(f->line, f->out.p + f->out_from, f->out.n - f->out_from,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0 && errno == EAGAIN) {
			event_add(f->writable, NULL);
			if (f->out_from > 1u << 20)
				drop_sent(f);
			return;
		}
		if (did < 0) {
			line_lost(f, strerror(errno));
			return;
		}
		f->out_from += (size_t)did;
	}
	drop_sent(f);
}

/* What this turn of the loop asked leaves in one write. */
static void
line_flush_later(struct pv_front *f)
{
	event_active(f->later, EV_TIMEOUT, 0);
}

static void
line_put(struct pv_front *f, const struct pv_frame *frame)
{
	if (f->line < 0)
		return;
	pv_frame_write(frame, &f->out);
	line_flush_later(f);
}

static void
read_error(const struct pv_frame *frame, struct pv_err *e)
{
	e->code = frame->call <= PV_E_BUG ? (enum pv_code)frame->call : PV_E_BUG;
	snprintf(e->what, sizeof(e->what), "%.*s", PV_FMT(frame->part[PV_PART_WHAT]));
	snprintf(e->field, sizeof(e->field), "%.*s", PV_FMT(frame->part[PV_PART_FIELD]));
	snprintf(e->fix, sizeof(e->fix), "%.*s", PV_FMT(frame->part[PV_PART_FIX]));
}

static PV_RESULT
read_answer(const struct pv_front_ticket *t, struct pv_edge_reply *r, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	void *answer;

	if (t->call->answer == NULL)
		return PV_DONE;
	answer = pv_arena_alloc(t->a, t->call->answer->size);
	PV_TRY(pv_json_read(&doc, r->json, PV_FRAME_JSON_MAX, e));
	PV_TRY(pv_layout_read(t->call->answer, doc, 0, t->a, answer, e));
	r->answer = answer;
	return PV_DONE;
}

static void
on_reply(struct pv_front *f, const struct pv_frame *frame)
{
	struct pv_front_ticket *t = ticket_find(f, frame->id);
	struct pv_edge_reply r = { .retry_s = frame->word,
		.json = frame->part[PV_PART_JSON],
		.tail = frame->part[PV_PART_TAIL] };

	if (t == NULL) { /* its client left meanwhile */
		pv_count_add(&f->stats->dropped, 1);
		return;
	}
	r.kind =
	    frame->flags <= PV_REPLY_FAILED ? (enum pv_edge_reply_kind)frame->flags : PV_REPLY_DOWN;
	read_error(frame, &r.err);
	if (r.kind == PV_REPLY_DONE && !pv_ok(read_answer(t, &r, &r.err))) {
		pv_log_err(f->use.log, PV_LOG_ERROR, "the keeper's answer does not read", &r.err);
		r.err.code = PV_E_BUG;
		r.kind = PV_REPLY_FAILED;
		r.answer = NULL;
	}
	ticket_answer(t, &r);
}

static void
tell_watchers(struct pv_front *f, struct pv_slice what)
{
	struct hit *h = f->watchers, *first = NULL, **end = &first;

	/* A watcher may leave, and watchers may come, while they are told: walk a list that is taken off. */
	f->watchers = NULL;
	if (h != NULL) {
		first = h;
		h->watch_at = end;
	}
	while ((h = first) != NULL) {
		first = h->next_watch;
		if (first != NULL)
			first->watch_at = &first;
		h->next_watch = f->watchers;
		if (f->watchers != NULL)
			f->watchers->watch_at = &h->next_watch;
		f->watchers = h;
		h->watch_at = &f->watchers;
		h->changed(&h->h, what);
	}
}

static void
on_frames(struct pv_front *f)
{
	struct pv_frame frame;
	size_t used;

	while (f->line >= 0) {
		struct pv_slice rest = pv_slice_sub(pv_buf_slice(&f->in), f->in_from, f->in.n);
		enum pv_frame_got got = pv_frame_read(&frame, rest, &used);

		if (got == PV_FRAME_MORE)
			break;
		if (got == PV_FRAME_BAD) {
			line_lost(f, "what came is no frame");
			return;
		}
		f->in_from += used;
		if (frame.kind == PV_FRAME_REPLY)
			on_reply(f, &frame);
		else if (frame.kind == PV_FRAME_CHANGED)
			tell_watchers(f, frame.part[PV_PART_WHAT]);
	}
	if (f->in_from != 0) {
		memmove(f->in.p, f->in.p + f->in_from, f->in.n - f->in_from);
		f->in.n -= f->in_from;
		f->in_from = 0;
	}
	if (f->in.n == 0 && f->in.cap > 1u << 20)
		pv_buf_free(&f->in);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct pv_front *f = ctx;
	ssize_t got = recv((int)fd, pv_buf_room(&f->in, 256 * 1024), 256 * 1024, MSG_DONTWAIT);

	(void)what;
	if (got > 0) {
		f->in.n += (size_t)got;
		on_frames(f);
	} else if (got == 0) {
		line_lost(f, "it ended");
	} else if (errno != EAGAIN && errno != EINTR) {
		line_lost(f, strerror(errno));
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	line_write(ctx);
}

static void
fail_those_down(struct pv_front *f)
{
	for (size_t i = 0; i < f->slots.n; i++)
		if (f->slots.at[i].t != NULL && f->slots.at[i].t->down)
			ticket_fail(f->slots.at[i].t, f->line < 0
							  ? "the gateway's keeper is not there"
							  : "too many requests wait here");
}

static void
on_later(evutil_socket_t fd, short what, void *ctx)
{
	struct pv_front *f = ctx;

	(void)fd;
	(void)what;
	if (f->down > 0)
		fail_those_down(f);
	line_write(f);
}

/* ---- asking ---- */

static struct pv_front_ticket *
ask(struct pv_front *f, const struct pv_credential *who, const struct pv_call *call,
    struct pv_slice json, struct pv_slice tail, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx)
{
	bool full = f->line < 0 || f->asking >= ASKING_MAX || f->out.n > LINE_OUT_MAX ||
		    json.n > PV_FRAME_JSON_MAX || tail.n > PV_FRAME_TAIL_MAX ||
		    who->text.n > PV_FRAME_NAME_MAX || who->secret.n > PV_FRAME_NAME_MAX;
	struct pv_front_ticket *t = ticket_new(f, call, a, done, ctx);
	struct pv_frame frame = { .kind = PV_FRAME_ASK,
		.id = ticket_id(t),
		.call = (uint32_t)pv_call_index(call),
		.flags = who->kind };

	pv_count_add(&f->stats->asked, 1);
	t->down = full;
	f->down += full;
	if (full) {
		line_flush_later(f);
		return t;
	}
	frame.part[PV_PART_TEXT] = who->text;
	frame.part[PV_PART_SECRET] = who->secret;
	frame.part[PV_PART_PEER] = who->peer;
	frame.part[PV_PART_JSON] = json;
	frame.part[PV_PART_TAIL] = tail;
	line_put(f, &frame);
	return t;
}

struct pv_front_ticket *
pv_front_ask_json(struct pv_front *f, const struct pv_credential *who, const struct pv_call *call,
    struct pv_slice json, struct pv_slice tail, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx)
{
	return ask(f, who, call, json, tail, a, done, ctx);
}

struct pv_front_ticket *
pv_front_ask(struct pv_front *f, const struct pv_credential *who, const struct pv_call *call,
    const void *question, struct pv_slice tail, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx)
{
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 };
	struct pv_jsonw w = { .out = &json };

	pv_jsonw_object(&w, NULL);
	if (call->ask != NULL && question != NULL)
		pv_layout_write(call->ask, question, &w);
	pv_jsonw_end(&w);
	return ask(f, who, call, pv_buf_slice(&json), tail, a, done, ctx);
}

/* Nobody waits any more: what the keeper has not begun it need not begin. */
void
pv_front_drop(struct pv_front_ticket *t)
{
	struct pv_frame cancel = { .kind = PV_FRAME_CANCEL, .id = ticket_id(t) };
	struct pv_front *f = t->front;

	if (!t->down)
		line_put(f, &cancel);
	ticket_unlink(t);
	pv_free(t);
}

struct asked {
	struct pv_hit *h;
	void (*done)(struct pv_hit *h, const struct pv_edge_reply *r);
};

static void
asked_done(void *ctx, const struct pv_edge_reply *r)
{
	struct asked *a = ctx; /* in the hit's arena */

	a->done(a->h, r);
}

static void
hit_ticket(struct hit *h, struct pv_front_ticket *t)
{
	t->next = h->tickets;
	if (t->next != NULL)
		t->next->at = &t->next;
	t->at = &h->tickets;
	h->tickets = t;
}

static struct asked *
asked_new(struct pv_hit *h, void (*done)(struct pv_hit *h, const struct pv_edge_reply *r))
{
	struct asked *a = PV_ARENA_NEW(h->a, struct asked);

	a->h = h;
	a->done = done;
	return a;
}

void
pv_edge_ask(struct pv_hit *h, const struct pv_call *call, const void *question,
    struct pv_slice tail, void (*done)(struct pv_hit *h, const struct pv_edge_reply *r))
{
	hit_ticket((struct hit *)h, pv_front_ask(h->front, &h->credential, call, question, tail,
					h->a, asked_done, asked_new(h, done)));
}

void
pv_edge_ask_json(struct pv_hit *h, const struct pv_call *call, struct pv_slice json,
    struct pv_slice tail, void (*done)(struct pv_hit *h, const struct pv_edge_reply *r))
{
	hit_ticket((struct hit *)h, pv_front_ask_json(h->front, &h->credential, call, json, tail,
					h->a, asked_done, asked_new(h, done)));
}

void
pv_edge_watch(struct pv_hit *hit, void (*changed)(struct pv_hit *h, struct pv_slice what))
{
	struct hit *h = (struct hit *)hit;
	struct pv_front *f = hit->front;

	if (h->changed != NULL) {
		h->changed = changed;
		return;
	}
	h->changed = changed;
	h->next_watch = f->watchers;
	if (f->watchers != NULL)
		f->watchers->watch_at = &h->next_watch;
	f->watchers = h;
	h->watch_at = &f->watchers;
}

/* ---- requests ---- */

static void
hit_over(struct hit *h)
{
	if (h->changed != NULL) {
		*h->watch_at = h->next_watch;
		if (h->next_watch != NULL)
			h->next_watch->watch_at = h->watch_at;
		h->changed = NULL;
	}
	while (h->tickets != NULL)
		pv_front_drop(h->tickets);
	if (h->h.gone != NULL)
		h->h.gone(&h->h);
}

static void
count_answer(const struct pv_x *x, struct hit *h)
{
	int class = pv_x_status(x) / 100;

	if (class >= 1 && class <= 5)
		pv_count_add(&h->h.front->stats->answered[h->table][class], 1);
}

static void
on_gone(struct pv_x *x, void *user)
{
	count_answer(x, user);
	hit_over(user);
}

static void
on_done(struct pv_x *x, void *user)
{
	struct hit *h = user;

	count_answer(x, h);
	pv_stats_latency(h->h.front->stats, h->table, pv_monotonic_us() - h->began_us);
	hit_over(h);
}

static void
fail(struct pv_hit *h, int status, const char *why)
{
	if (h->route != NULL && h->route->fail != NULL)
		h->route->fail(h, status, why);
	else
		pv_edge_problem(h, status, why);
}

static void
on_body(struct pv_x *x, struct pv_slice body)
{
	struct pv_hit *h = pv_x_user(x);

	h->body = body;
	h->route->run(h);
}

static void
say_allowed(struct pv_x *x, unsigned methods)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = { { PV_GET, "GET, HEAD" }, { PV_POST, "POST" }, { PV_PUT, "PUT" },
		{ PV_PATCH, "PATCH" }, { PV_DELETE, "DELETE" }, { PV_OPTIONS, "OPTIONS" } };
	struct pv_slice all = PV_NO_SLICE;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((methods & names[i].method) != 0)
			all = pv_arena_printf(pv_x_arena(x), "%.*s%s%s", PV_FMT(all),
			    all.n != 0 ? ", " : "", names[i].name);
	pv_x_header(x, "Allow", all);
}

/* What Authorization says comes before the certificate: it is the narrower of the two. */
static bool
read_credential(struct pv_hit *h, int *status, const char **why)
{
	struct x509_st *certificate;
	struct pv_slice value;
	bool many, basic = (h->route->flags & PV_ROUTE_NO_BASIC) == 0;
	char hex[65];

	value = pv_header_get(h->head, "authorization", &many);
	if (many) {
		*status = 400;
		*why = "there is more than one Authorization header";
		return false;
	}
	if (value.n != 0 && !pv_authorization_read(value, basic, h->a, &h->credential, status, why))
		return false;
	certificate = pv_x_certificate(h->x);
	if (h->credential.kind == PV_CRED_NONE && certificate != NULL) {
		pv_tls_spki(certificate, hex);
		h->credential.kind = PV_CRED_TLS;
		h->credential.text = pv_arena_copy(h->a, pv_slice_of(hex));
	}
	return true;
}

static void
on_routed(struct hit *h, enum pv_routed routed, unsigned allowed)
{
	struct pv_hit *hit = &h->h;
	const char *why = NULL;
	int status = 404;

	if (routed == PV_ROUTE_NONE || routed == PV_ROUTE_BAD) {
		fail(hit, 404, NULL);
	} else if (routed == PV_ROUTE_METHOD) {
		say_allowed(hit->x, allowed);
		fail(hit, hit->head->method == PV_METHOD_OTHER ? 501 : 405, NULL);
	} else if (!read_credential(hit, &status, &why)) {
		fail(hit, status, why);
	} else if ((hit->route->flags & PV_ROUTE_STREAM) != 0) {
		hit->route->run(hit);
	} else if (hit->route->body_max == 0 && (hit->head->chunked || hit->head->length > 0)) {
		fail(hit, 413, "no body is expected here");
	} else if (hit->head->has_length && hit->head->length > hit->route->body_max) {
		fail(hit, 413, "the body is larger than is taken here");
	} else {
		pv_x_collect(hit->x, hit->route->body_max, on_body);
	}
}

/* Two X-Forwarded-For are no proxy of ours, or one that lets its clients write them. */
static struct pv_slice
client_address(const struct pv_front *f, struct pv_x *x)
{
	bool many;
	struct pv_slice forwarded = pv_header_get(pv_x_head(x), "x-forwarded-for", &many);

	return pv_forwarded_for(
	    pv_x_peer(x), many ? PV_NO_SLICE : forwarded, &f->use.config->front.proxies);
}

static void
on_request(struct pv_x *x, void *ctx)
{
	struct pv_front *f = ctx;
	struct pv_arena *a = pv_x_arena(x);
	struct hit *h = PV_ARENA_NEW(a, struct hit);
	unsigned allowed;
	enum pv_routed routed;

	h->began_us = pv_monotonic_us();
	h->h.front = f;
	h->h.x = x;
	h->h.a = a;
	h->h.head = pv_x_head(x);
	h->h.credential.peer = client_address(f, x);
	pv_x_set_user(x, h);
	pv_x_on_gone(x, on_gone);
	pv_x_on_done(x, on_done);
	routed = pv_route_find(tables, TABLES, h->h.head->method, h->h.head->path, a, &h->h.route,
	    &h->table, h->h.part, &allowed);
	on_routed(h, routed, allowed);
}

/* ---- the loop ---- */

static void
count_servers(struct pv_front *f)
{
	struct pv_server_counts all = { 0 };

	for (size_t i = 0; i < f->server_count; i++) {
		struct pv_server_counts c = pv_server_counts(f->servers[i]);

		all.open += c.open;
		all.accepted += c.accepted;
		all.refused += c.refused;
		all.bad += c.bad;
		all.timeouts += c.timeouts;
		all.handshakes_failed += c.handshakes_failed;
	}
	pv_count_set(&f->stats->open, all.open);
	pv_count_set(&f->stats->accepted, all.accepted);
	pv_count_set(&f->stats->refused, all.refused);
	pv_count_set(&f->stats->bad, all.bad);
	pv_count_set(&f->stats->timeouts, all.timeouts);
	pv_count_set(&f->stats->handshakes_failed, all.handshakes_failed);
}

static void
give_up_late_ones(struct pv_front *f, uint64_t now)
{
	for (size_t i = 0; i < f->slots.n; i++) {
		struct pv_front_ticket *t = f->slots.at[i].t;
		struct pv_frame cancel = { .kind = PV_FRAME_CANCEL };

		if (t == NULL || now < t->until_ms)
			continue;
		cancel.id = ticket_id(t);
		line_put(f, &cancel);
		ticket_fail(t, "the gateway was too slow to answer in time");
	}
}

static bool
is_idle(const struct pv_front *f)
{
	for (size_t i = 0; i < f->server_count; i++)
		if (!pv_server_idle(f->servers[i]))
			return false;
	for (size_t i = 0; i < 2; i++)
		if (f->postfix[i] != NULL && !pv_postfix_idle(f->postfix[i]))
			return false;
	return f->asking == 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct pv_front *f = ctx;
	uint64_t now = pv_monotonic_ms();

	(void)fd;
	(void)what;
	pv_count_set(&f->stats->beat_ms, now);
	count_servers(f);
	give_up_late_ones(f, now);
	if (f->draining && (now >= f->drain_until_ms || is_idle(f)))
		event_base_loopbreak(f->base);
}

static void
begin_drain(struct pv_front *f)
{
	static const struct timeval often = { 0, 20000 };

	f->draining = true;
	f->drain_until_ms = pv_monotonic_ms() + f->drain_ms;
	for (size_t i = 0; i < f->server_count; i++)
		pv_server_drain(f->servers[i]);
	for (size_t i = 0; i < 2; i++)
		if (f->postfix[i] != NULL)
			pv_postfix_drain(f->postfix[i]);
	tell_watchers(f, PV_SLICE("stop"));
	event_del(f->tick);
	event_add(f->tick, &often);
}

static struct pv_server_limits server_limits(const struct pv_config *c);

static void
use_settings(struct pv_front *f, struct pv_settings *s)
{
	struct pv_server_limits limits = server_limits(&s->config);

	for (size_t i = 0; i < f->server_count; i++)
		pv_server_limit(f->servers[i], &limits);
	f->use.config = &s->config;
	f->use.url = s->url;
	pv_settings_give(f->settings);
	f->settings = s;
}

static void
on_woken(evutil_socket_t fd, short what, void *ctx)
{
	struct pv_front *f = ctx;
	struct ssl_ctx_st *tls;
	struct pv_settings *settings;
	uint64_t count;
	bool drain;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&f->lock);
	tls = PV_TAKE(f->new_tls);
	settings = PV_TAKE(f->new_settings);
	drain = f->drain && !f->draining;
	if (tls != NULL)
		memcpy(f->fingerprint, f->new_fingerprint, sizeof(f->fingerprint));
	pthread_mutex_unlock(&f->lock);
	if (tls != NULL) {
		for (size_t i = 0; i < f->server_count; i++)
			pv_server_tls(f->servers[i], tls);
		pv_tls_free(f->use.tls);
		f->use.tls = tls;
	}
	if (settings != NULL)
		use_settings(f, settings);
	if (drain)
		begin_drain(f);
}

static void
wake(struct pv_front *f)
{
	uint64_t one = 1;

	if (write(f->wake, &one, sizeof(one)) < 0)
		return; /* full: it wakes anyway */
}

void
pv_front_drain(struct pv_front *f, unsigned wait_ms)
{
	pthread_mutex_lock(&f->lock);
	f->drain = true;
	f->drain_ms = wait_ms;
	pthread_mutex_unlock(&f->lock);
	wake(f);
}

void
pv_front_tls(struct pv_front *f, struct ssl_ctx_st *tls, struct pv_slice fingerprint)
{
	pthread_mutex_lock(&f->lock);
	pv_tls_free(f->new_tls);
	f->new_tls = tls;
	snprintf(f->new_fingerprint, sizeof(f->new_fingerprint), "%.*s", PV_FMT(fingerprint));
	pthread_mutex_unlock(&f->lock);
	wake(f);
}

void
pv_front_settings(struct pv_front *f, struct pv_settings *s)
{
	pthread_mutex_lock(&f->lock);
	pv_settings_give(f->new_settings);
	f->new_settings = s;
	pthread_mutex_unlock(&f->lock);
	wake(f);
}

static struct pv_server_limits
server_limits(const struct pv_config *c)
{
	return (struct pv_server_limits){
		.connections = (unsigned)c->limits.connections,
		.per_address = (unsigned)c->limits.per_address,
		.handshake_ms = (unsigned)c->limits.head_s * 1000,
		.head_ms = (unsigned)c->limits.head_s * 1000,
		.body_ms = (unsigned)c->limits.body_s * 1000,
		.idle_ms = (unsigned)c->limits.idle_s * 1000,
	};
}

static PV_RESULT
make_postfix(struct pv_front *f, struct pv_err *e)
{
	static const enum pv_postfix_kind kinds[2] = { PV_POSTFIX_POLICY, PV_POSTFIX_LOOKUP };
	int listeners[2] = { f->use.policy, f->use.lookup };

	for (size_t i = 0; i < 2; i++) {
		struct pv_postfix_use use = {
			.front = f, .base = f->base, .listener = listeners[i], .kind = kinds[i]
		};

		if (listeners[i] >= 0)
			PV_TRY(pv_postfix_new(&f->postfix[i], &use, e));
	}
	return PV_DONE;
}

static PV_RESULT
make_servers(struct pv_front *f, struct pv_err *e)
{
	struct pv_server_use use = { .base = f->base,
		.tls = f->use.tls,
		.limits = server_limits(f->use.config),
		.on_request = on_request,
		.ctx = f };

	f->servers = pv_alloc_n(f->use.listener_count + 1, sizeof(struct pv_server *));
	for (size_t i = 0; i < f->use.listener_count; i++) {
		use.listener = f->use.listeners[i];
		PV_TRY(pv_server_new(&f->servers[i], &use, e));
		f->server_count++;
	}
	return make_postfix(f, e);
}

PV_RESULT
pv_front_new(struct pv_front **out, const struct pv_front_use *use, struct pv_err *e)
{
	static const struct timeval second = { 1, 0 };
	struct pv_front *f = PV_NEW(struct pv_front);

	f->use = *use;
	f->stats = &use->stats->loop[use->loop];
	f->line = use->keeper;
	f->free_slot = NO_SLOT;
	pthread_mutex_init(&f->lock, NULL);
	snprintf(f->fingerprint, sizeof(f->fingerprint), "%.*s", PV_FMT(use->fingerprint));
	f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->base = event_base_new();
	if (f->base == NULL || f->wake < 0) {
		pv_front_free(f);
		return PV_FAIL(e, PV_E_DOWN, "no event loop: %s", strerror(errno));
	}
	f->readable = event_new(f->base, f->line, EV_READ | EV_PERSIST, on_readable, f);
	f->writable = event_new(f->base, f->line, EV_WRITE, on_writable, f);
	f->tick = event_new(f->base, -1, EV_PERSIST, on_tick, f);
	f->later = event_new(f->base, -1, 0, on_later, f);
	f->woken = event_new(f->base, f->wake, EV_READ | EV_PERSIST, on_woken, f);
	event_add(f->readable, NULL);
	event_add(f->tick, &second);
	event_add(f->woken, NULL);
	if (!pv_ok(make_servers(f, e))) {
		pv_front_free(f);
		return (struct pv_status){ e->code };
	}
	*out = f;
	return PV_DONE;
}

static void
event_freep(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
pv_front_free(struct pv_front *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->server_count; i++)
		pv_server_free(f->servers[i]);
	pv_free(f->servers);
	for (size_t i = 0; i < 2; i++)
		if (f->postfix[i] != NULL)
			pv_postfix_free(f->postfix[i]);
	for (size_t i = 0; i < f->slots.n; i++)
		if (f->slots.at[i].t != NULL)
			pv_front_drop(f->slots.at[i].t);
	for (size_t i = 0; i < f->kept.n; i++)
		f->kept.at[i].release(f->kept.at[i].p);
	PV_VEC_FREE(&f->kept);
	PV_VEC_FREE(&f->slots);
	event_freep(f->readable);
	event_freep(f->writable);
	event_freep(f->tick);
	event_freep(f->later);
	event_freep(f->woken);
	if (f->line >= 0)
		close(f->line);
	if (f->wake >= 0)
		close(f->wake);
	if (f->base != NULL)
		event_base_free(f->base);
	pv_tls_free(f->use.tls);
	pv_tls_free(f->new_tls);
	pv_settings_give(f->settings);
	pv_settings_give(f->new_settings);
	pv_buf_wipe(&f->out);
	pv_buf_free(&f->in);
	pthread_mutex_destroy(&f->lock);
	pv_free(f);
}

void
pv_front_loop(struct pv_front *f)
{
	pv_count_set(&f->stats->beat_ms, pv_monotonic_ms());
	event_base_loop(f->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

/* ---- what edges see of it ---- */

struct event_base *
pv_front_base(struct pv_front *f)
{
	return f->base;
}

const struct pv_config *
pv_front_config(const struct pv_front *f)
{
	return f->use.config;
}

const struct pv_logger *
pv_front_log(const struct pv_front *f)
{
	return f->use.log;
}

struct pv_stats *
pv_front_stats(const struct pv_front *f)
{
	return f->use.stats;
}

const struct pv_doors_config *
pv_front_doors(const struct pv_front *f)
{
	return f->use.config->doors;
}

struct pv_slice
pv_front_url(const struct pv_front *f)
{
	return f->use.url;
}

struct pv_slice
pv_front_fingerprint(const struct pv_front *f)
{
	return pv_slice_of(f->fingerprint);
}

void *
pv_front_kept(struct pv_front *f, const void *key)
{
	for (size_t i = 0; i < f->kept.n; i++)
		if (f->kept.at[i].key == key)
			return f->kept.at[i].p;
	return NULL;
}

void
pv_front_keep(struct pv_front *f, const void *key, void *p, void (*release)(void *p))
{
	*PV_VEC_ADD(&f->kept) = (struct kept){ key, p, release };
}
