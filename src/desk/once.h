/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are made once, whatever their client repeats (Idempotency-Key). Inside of the desk. */
#ifndef PV_DESK_ONCE_H
#define PV_DESK_ONCE_H

#include "desk/layouts.h"

#define PV_ONCE_S         86400 /* a key is remembered for a day */
#define PV_ONCE_BUSY_S    60    /* one that was begun and not finished, after a crash: as long */
#define PV_ONCE_BYTES_MAX (1u << 20) /* answers that are larger are not remembered */
#define PV_ONCE_KEY_MAX   255

/* The call "once": struct pv_once_ask, and the tail of the question within. */
PV_RESULT pv_run_once(struct pv_call_run *c, struct pv_err *e);
/* Runs another call with a question that is JSON; its answer as an object. The caller was checked. */
PV_RESULT pv_call_run_json(struct pv_call_run *c, const struct pv_call *call, struct pv_slice ask,
    struct pv_buf *answer, struct pv_err *e);

#endif
