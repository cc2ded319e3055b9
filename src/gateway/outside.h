/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper asks of others: keys of issuers, cosignatures of witnesses, order logs of partners. Each request by itself. */
#ifndef PV_GATEWAY_OUTSIDE_H
#define PV_GATEWAY_OUTSIDE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct pv_outside {
	_Atomic(const char *)
	    ca; /* authorities; NULL: the system's. May change: a path stays where it is */
};

/* ctx of each is a struct pv_outside. They wait. */
PV_RESULT pv_outside_get(void *ctx, const char *url, struct pv_buf *out, struct pv_err *e);
PV_RESULT pv_outside_post(void *ctx, struct pv_slice url, struct pv_slice body, int *status,
    struct pv_buf *answer, struct pv_err *e);
PV_RESULT pv_outside_post_pinned(void *ctx, struct pv_slice url, struct pv_slice pin,
    struct pv_slice body, int *status, struct pv_buf *answer, struct pv_err *e);

#endif
