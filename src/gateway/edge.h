/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an edge sees: requests that met one of its routes, the keeper to ask,
 * answers to give. An edge is thin: it reads its protocol, asks, writes its
 * protocol. It holds no key and decides nothing. Everything of one request
 * happens in the thread of its loop.
 */
#ifndef PV_GATEWAY_EDGE_H
#define PV_GATEWAY_EDGE_H

#include "codec/json.h"
#include "desk/call.h"
#include "net/http.h"

struct pv_front; /* one loop: a server, a line to the keeper */

#define PV_PARTS_MAX 6

/* One request on its way. Gone when its client left: then no callback comes any more. */
struct pv_hit {
	struct pv_front *front;
	struct pv_x *x;
	struct pv_arena *a; /* the request's */
	const struct pv_request_head *head;
	const struct pv_route *route;
	struct pv_slice part[PV_PARTS_MAX]; /* what stood for {…} in the pattern, decoded */
	struct pv_slice body;               /* collected, unless the route streams */
	struct pv_credential credential;
	void *user; /* the edge's own, in the arena */
	/* May be set: called once when x is over, answered or not, for what the edge must free. */
	void (*gone)(struct pv_hit *h);
};
/* pv_x_user(), pv_x_on_gone() and pv_x_on_done() of a hit's x are the front's: pv_x_user(x) is the hit. */

#define PV_ROUTE_STREAM   1u /* the handler takes the body itself (pv_x_stream_in) */
#define PV_ROUTE_NO_BASIC 2u /* HTTP Basic is not looked at here */

struct pv_route {
	unsigned methods; /* enum pv_method; HEAD comes with GET */
	const char
	    *pattern; /* "/taxii2/{root}/collections/{id}/"; "{...}" at the end takes the rest */
	unsigned flags;
	size_t body_max; /* 0: no body is expected (one is refused 413) */
	void (*run)(struct pv_hit *h);
	/* What this edge writes when no handler was reached: 404, 405, 413, 429, 503 ...; NULL: a problem document. */
	void (*fail)(struct pv_hit *h, int status, const char *why);
};

/* Routes of an edge, up to one without a pattern. */
extern const struct pv_route pv_edge_page[]; /* the page at the URL, /healthz, /metrics */
extern const struct pv_route pv_edge_api[];  /* /api/v1 */
extern const struct pv_route pv_edge_files[]; /* uploads, content, the tool's calls, a partner's gateway */
extern const struct pv_route pv_edge_taxii[];
extern const struct pv_route pv_edge_kas[];
extern const struct pv_route pv_edge_authzen[];
extern const struct pv_route pv_edge_oauth[]; /* token exchange */
extern const struct pv_route pv_edge_door[];     /* nginx auth_request */
extern const struct pv_route pv_edge_log[];      /* tiles, witness */
extern const struct pv_route pv_edge_register[]; /* public orders */

/* ---- asking the keeper ---- */

enum pv_edge_reply_kind {
	PV_REPLY_DOWN = 0,        /* no keeper, or too much waits: 503, with Retry-After */
	PV_REPLY_DONE,            /* answer is there */
	PV_REPLY_UNAUTHENTICATED, /* no credential, or not one that is known */
	PV_REPLY_FORBIDDEN,       /* known, but not for this */
	PV_REPLY_LIMITED,         /* asks too often: 429; retry_s */
	PV_REPLY_FAILED,          /* err says why */
};
struct pv_edge_reply {
	enum pv_edge_reply_kind kind;
	struct pv_err err;
	unsigned retry_s;
	const void *answer;   /* of the call's layout; in the hit's arena */
	struct pv_slice tail; /* valid during the callback */
	struct pv_slice json; /* the answer as it came, valid during the callback */
};
/* The answer comes to done(), never before ask() returned; not at all when the client left. */
void pv_edge_ask(struct pv_hit *h, const struct pv_call *call, const void *ask,
    struct pv_slice tail, void (*done)(struct pv_hit *h, const struct pv_edge_reply *r));
/* The same with the question as JSON that is ready (an object); it is checked by the keeper. */
void pv_edge_ask_json(struct pv_hit *h, const struct pv_call *call, struct pv_slice json,
    struct pv_slice tail, void (*done)(struct pv_hit *h, const struct pv_edge_reply *r));
/*
 * Called in this loop whenever something changed at the keeper's: what is "orders", "journal" or "callers". And "stop" when
 * the daemon is going to end: then end the answer. For event streams and long polls.
 */
void pv_edge_watch(struct pv_hit *h, void (*changed)(struct pv_hit *h, struct pv_slice what));

/* ---- answering ---- */

/* What HTTP status an error is: INPUT 400, CONFIG 500, UNTRUSTED 400, LIMIT 413, DOWN 503, BUG 500. */
int pv_edge_status(const struct pv_edge_reply *r);
/* RFC 9457; title from the status; detail may be NULL. 401 gets its WWW-Authenticate, 429 and 503 Retry-After. */
void pv_edge_problem(struct pv_hit *h, int status, const char *detail);
void pv_edge_problem_of(struct pv_hit *h, const struct pv_edge_reply *r);
void pv_edge_json(struct pv_hit *h, int status, struct pv_slice json);
void pv_edge_text(struct pv_hit *h, int status, const char *type, struct pv_slice body);

/* Where this gateway is for others: "https://gw.example:8443", from the configuration, never from Host. */
struct pv_slice pv_edge_url(const struct pv_hit *h);

#endif
