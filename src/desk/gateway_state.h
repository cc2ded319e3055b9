/* SPDX-License-Identifier: Apache-2.0 */
/* How a gateway does, for its page and its health check (call_gateway.c): nothing about who may what. */
#ifndef PV_DESK_GATEWAY_STATE_H
#define PV_DESK_GATEWAY_STATE_H

#include "desk/call.h"

struct pv_gateway_origin {
	struct pv_slice
	    origin; /* of a partner's log: for callers that are known here, else empty */
	bool own, fresh;
	uint64_t size, signed_at, good_until;
	uint64_t age_s; /* since the newest proof was signed */
};
struct pv_gateway_state {
	struct pv_slice party, origin, journal;
	bool exercise, open;
	struct pv_slice why_closed;
	uint64_t now, journal_size;
	const struct pv_gateway_origin *origins; /* the own one first */
	size_t origin_count;
};
extern const struct pv_layout pv_layout_gateway_state;

/* "gateway.state": public, for edges. */
#endif
