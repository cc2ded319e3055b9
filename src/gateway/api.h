/* SPDX-License-Identifier: Apache-2.0 */
/* What the edges below /api/v1 share. */
#ifndef PV_GATEWAY_API_H
#define PV_GATEWAY_API_H

#include "base/mem.h"
#include "desk/layouts.h"
#include "gateway/front.h"

/* Problem documents (RFC 9457) with a type that stays: "urn:proviso:problem:forbidden". */
void pv_api_fail(struct pv_hit *h, int status, const char *why);
void pv_api_problem_of(struct pv_hit *h, const struct pv_edge_reply *r);
/* 200 with an ETag, or 304. */
void pv_api_body(struct pv_hit *h, const char *type, struct pv_slice body);
/* Asks and answers; under an Idempotency-Key when there is one. */
void pv_api_call(struct pv_hit *h, const struct pv_call *c, struct pv_slice key,
    struct pv_slice ask, struct pv_slice tail);

void pv_api_events(struct pv_hit *h); /* edge_events.c */

#endif
