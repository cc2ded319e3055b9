/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop of a front: it owns a server on each address, one line to the
 * keeper, and the requests between them. Everything happens in the loop's thread.
 */
#ifndef PV_GATEWAY_FRONT_H
#define PV_GATEWAY_FRONT_H

#include "gateway/config.h"
#include "gateway/edge.h"
#include "gateway/logger.h"
#include "gateway/settings.h"
#include "gateway/stats.h"

struct pv_front_use {
	unsigned loop;        /* its number */
	const int *listeners; /* bound and listening; the front's from now on */
	size_t listener_count;
	int policy, lookup;     /* where Postfix asks; -1: not; the front's from now on */
	int keeper;             /* the line; the front's from now on */
	struct ssl_ctx_st *tls; /* NULL: plain */
	const struct pv_config *config;
	struct pv_slice url, fingerprint;
	const struct pv_logger *log;
	struct pv_stats *stats;
	void (*lost)(void *ctx); /* the keeper is gone */
	void *ctx;
};

PV_RESULT pv_front_new(struct pv_front **out, const struct pv_front_use *use, struct pv_err *e);
void pv_front_free(struct pv_front *f);
/* Runs until it was drained, at most \wait_ms after pv_front_drain(). */
void pv_front_loop(struct pv_front *f);
/* From any thread. */
void pv_front_drain(struct pv_front *f, unsigned wait_ms);
void pv_front_tls(
    struct pv_front *f, struct ssl_ctx_st *tls, struct pv_slice fingerprint); /* takes tls */
void pv_front_settings(struct pv_front *f, struct pv_settings *s);            /* takes it */

/* ---- for edges that do not speak HTTP, and for edge_page.c ---- */

struct event_base;
struct event_base *pv_front_base(struct pv_front *f);
const struct pv_config *pv_front_config(const struct pv_front *f);
const struct pv_logger *pv_front_log(const struct pv_front *f);
/* NULL: there are none */
const struct pv_doors_config *pv_front_doors(const struct pv_front *f);
struct pv_stats *pv_front_stats(const struct pv_front *f);
struct pv_slice pv_front_url(const struct pv_front *f);
struct pv_slice pv_front_fingerprint(const struct pv_front *f); /* borrowed until the loop turns */
/* What an edge keeps in a loop from one request to the next, by its own address as key; freed by release(). */
void *pv_front_kept(struct pv_front *f, const void *key);
void pv_front_keep(struct pv_front *f, const void *key, void *p, void (*release)(void *p));

struct pv_front_ticket;
/* As pv_edge_ask(); the answer lives in a, which must outlive the ticket. done is called once, unless it was dropped before. */
struct pv_front_ticket *pv_front_ask(struct pv_front *f, const struct pv_credential *who,
    const struct pv_call *call, const void *ask, struct pv_slice tail, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx);
struct pv_front_ticket *pv_front_ask_json(struct pv_front *f, const struct pv_credential *who,
    const struct pv_call *call, struct pv_slice json, struct pv_slice tail, struct pv_arena *a,
    void (*done)(void *ctx, const struct pv_edge_reply *r), void *ctx);
void pv_front_drop(struct pv_front_ticket *t);

/* ---- routing: pure ---- */

/* The next segment of what begins with '/'; false: nothing is left. An empty one is one, too. */
bool pv_path_segment(struct pv_slice *rest, struct pv_slice *segment);
enum pv_routed { PV_ROUTE_NONE = 0, PV_ROUTE_METHOD, PV_ROUTE_BAD, PV_ROUTE_FOUND };
/* METHOD: the path is known, and *allowed says with which methods. BAD: a part of it does not decode. */
enum pv_routed pv_route_find(const struct pv_route *const *tables, size_t n, enum pv_method method,
    struct pv_slice path, struct pv_arena *a, const struct pv_route **out, unsigned *table,
    struct pv_slice part[PV_PARTS_MAX], unsigned *allowed);

#endif
