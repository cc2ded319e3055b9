/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk that is elsewhere: the same questions (desk.h), asked of a gateway's API.
 * The tool's commands do not notice. Officers' keys stay here: acts are drafted
 * there, signed here, and applied there.
 */
#ifndef PV_DESK_REMOTE_H
#define PV_DESK_REMOTE_H

#include "desk/call.h"

/* How a call reaches the gateway; the answer's JSON goes to answer, its tail to tail_out. */
struct pv_transport {
	PV_RESULT (*call)(void *ctx, const struct pv_call *call, struct pv_slice ask,
	    struct pv_slice tail, struct pv_buf *answer, struct pv_buf *tail_out, struct pv_err *e);
	void *ctx;
};
/* Asks who is there and takes in the acts of its order log, as far as the caller may see them. */
PV_RESULT pv_desk_remote(
    struct pv_desk **out, const struct pv_transport *t, const struct pv_env *env, struct pv_err *e);

#endif
