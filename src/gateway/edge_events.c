/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api/v1/events: what changes, as server-sent events (WHATWG HTML 9.2). An
 * event's id is how much of the two logs was seen with it, so a client that was
 * away goes on where it stopped (Last-Event-ID), whatever happened to us
 * meanwhile. Every look is a call of its own under the caller's credential: one
 * that was ended ends the stream.
 */
#include <event2/event.h>

#include "codec/rfc3339.h"
#include "gateway/api.h"

#define STREAMS_MAX    512 /* of one loop */
#define PER_CREDENTIAL 16  /* of one loop */
#define HEARTBEAT_S    15
#define WAITING_MAX    65536

struct stream {
	struct pv_hit *h;
	struct stream *next, **at; /* all of this loop */
	struct pv_arena *a;        /* of one look */
	struct pv_front_ticket *ticket;
	struct event *heartbeat;
	uint64_t orders, journal;
	bool begun, again, ended;
};

struct streams {
	struct stream *first;
	size_t n;
};

static const char streams_key;

static struct streams *
streams_of(struct pv_front *f)
{
	struct streams *s = pv_front_kept(f, &streams_key);

	if (s == NULL) {
		s = PV_NEW(struct streams);
		pv_front_keep(f, &streams_key, s, pv_free);
	}
	return s;
}

static void look(struct stream *s);

/* ---- its end ---- */

static void
gone(struct pv_hit *h)
{
	struct stream *s = h->user;

	if (s->ticket != NULL)
		pv_front_drop(s->ticket);
	if (s->heartbeat != NULL)
		event_free(s->heartbeat);
	pv_arena_free(s->a);
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	streams_of(h->front)->n--;
}

static void
end(struct stream *s)
{
	if (s->ended)
		return;
	s->ended = true;
	if (s->begun)
		pv_x_end(s->h->x);
	else
		pv_api_fail(s->h, 503, "this gateway is about to stop");
}

/* ---- writing ---- */

static void
write_event(struct pv_buf *out, const struct pv_event *row)
{
	struct pv_jsonw w = { .out = out };

	pv_buf_addf(out, "id: %llu-%llu\nevent: %.*s\ndata: ", (unsigned long long)row->orders,
	    (unsigned long long)row->journal, PV_FMT(row->event));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "kind", row->kind);
	if (row->id.n != 0)
		pv_jsonw_str(&w, "id", row->id);
	pv_jsonw_u64(&w, "index", row->index);
	pv_jsonw_raw(&w, "time", PV_SLICE("\""));
	pv_time_write(out, row->time);
	pv_buf_add_c(out, '"');
	pv_jsonw_end(&w);
	pv_buf_add_str(out, "\n\n");
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *s = ctx;

	(void)fd;
	(void)what;
	if (pv_x_waiting(s->h->x) < WAITING_MAX)
		pv_x_write(s->h->x, PV_SLICE(":\n\n"));
}

static void
drained(struct pv_x *x, void *user)
{
	struct pv_hit *h = user;

	(void)x;
	look(h->user);
}

static void
begin(struct stream *s)
{
	static const struct timeval every = { .tv_sec = HEARTBEAT_S };

	s->begun = true;
	pv_x_header(s->h->x, "Cache-Control", PV_SLICE("no-store"));
	pv_x_header(s->h->x, "X-Accel-Buffering", PV_SLICE("no")); /* nginx: pass it on at once */
	pv_x_begin(s->h->x, 200, "text/event-stream", UINT64_MAX);
	pv_x_on_drained(s->h->x, drained);
	pv_x_write(s->h->x, PV_SLICE("retry: 3000\n\n"));
	s->heartbeat = event_new(pv_front_base(s->h->front), -1, EV_PERSIST, on_heartbeat, s);
	if (s->heartbeat != NULL)
		event_add(s->heartbeat, &every);
}

/* ---- looking ---- */

static void
looked(void *ctx, const struct pv_edge_reply *r)
{
	struct stream *s = ctx;
	const struct pv_events_answer *out = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	s->ticket = NULL;
	if (r->kind != PV_REPLY_DONE && !s->begun) {
		s->ended = true;
		pv_api_problem_of(s->h, r);
		return;
	}
	if (r->kind != PV_REPLY_DONE) {
		end(s); /* the client comes back, and is told why not */
		return;
	}
	for (size_t i = 0; i < out->count; i++)
		write_event(&text, &out->rows[i]);
	if (!s->begun) {
		/* From now on: the client learns where that is. */
		if (s->orders == PV_EVENTS_NOW)
			pv_buf_addf(&text, "id: %llu-%llu\n\n", (unsigned long long)out->orders,
			    (unsigned long long)out->journal);
		begin(s);
	}
	s->orders = out->orders;
	s->journal = out->journal;
	s->again = s->again || out->more;
	if (text.n != 0)
		pv_x_write(s->h->x, pv_buf_slice(&text));
	if (s->again)
		look(s);
}

static void
look(struct stream *s)
{
	struct pv_events_ask ask = { .orders = s->orders, .journal = s->journal };

	if (s->ended)
		return;
	if (s->ticket != NULL || (s->begun && pv_x_waiting(s->h->x) >= WAITING_MAX)) {
		s->again = true;
		return;
	}
	s->again = false;
	pv_arena_reset(s->a);
	s->ticket = pv_front_ask(s->h->front, &s->h->credential, pv_call_find("events.read"), &ask,
	    PV_NO_SLICE, s->a, looked, s);
}

static void
changed(struct pv_hit *h, struct pv_slice what)
{
	struct stream *s = h->user;

	if (pv_slice_is(what, "stop"))
		end(s);
	else
		look(s);
}

/* ---- its beginning ---- */

/* "ORDERS-JOURNAL", as an event has it; anything else, an empty one too: from now on. */
static void
read_id(struct pv_slice id, struct stream *s)
{
	struct pv_slice orders, journal;
	uint64_t n, m;

	s->orders = s->journal = PV_EVENTS_NOW;
	if (!pv_slice_next(&id, '-', &orders) || !pv_slice_next(&id, '-', &journal) || id.n != 0 ||
	    !pv_slice_u64(orders, &n) || !pv_slice_u64(journal, &m) || n > PV_EVENTS_NOW ||
	    m > PV_EVENTS_NOW)
		return;
	s->orders = n;
	s->journal = m;
}

static bool
same_credential(const struct pv_credential *a, const struct pv_credential *b)
{
	return a->kind == b->kind && pv_slice_eq(a->text, b->text);
}

static bool
too_many(const struct streams *all, const struct pv_hit *h)
{
	size_t same = 0;

	for (const struct stream *s = all->first; s != NULL; s = s->next)
		same += same_credential(&s->h->credential, &h->credential) ? 1 : 0;
	return all->n >= STREAMS_MAX || same >= PER_CREDENTIAL;
}

void
pv_api_events(struct pv_hit *h)
{
	struct streams *all = streams_of(h->front);
	struct stream *s;

	if (h->head->method == PV_HEAD || h->head->query.n != 0) {
		pv_api_fail(
		    h, h->head->method == PV_HEAD ? 405 : 400, "this is a stream of events");
		return;
	}
	if (too_many(all, h)) {
		pv_api_fail(h, 429, "too many streams of events are open");
		return;
	}
	s = PV_ARENA_NEW(h->a, struct stream);
	s->h = h;
	s->a = pv_arena_new();
	s->next = all->first;
	s->at = &all->first;
	if (s->next != NULL)
		s->next->at = &s->next;
	all->first = s;
	all->n++;
	h->user = s;
	h->gone = gone;
	read_id(pv_header_get(h->head, "last-event-id", NULL), s);
	pv_edge_watch(h, changed);
	look(s);
}
