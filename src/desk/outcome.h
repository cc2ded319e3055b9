/* SPDX-License-Identifier: Apache-2.0 */
/* Journal-side records: outcomes, incidents, acknowledgements, answers. Inside of the desk. */
#ifndef PV_DESK_OUTCOME_H
#define PV_DESK_OUTCOME_H

#include "desk/home.h"

/* Whether a record that came in may be taken: signed by a gateway this log binds to its issuer, and about something we know. */
PV_RESULT pv_outcome_check(struct pv_desk *d, const struct pv_record *r, struct pv_slice note, struct pv_arena *a, struct pv_err *e);
/* Journals and keeps it; *fresh false when it is here already. */
PV_RESULT pv_outcome_take_in(struct pv_desk *d, const struct pv_record *r, struct pv_slice note, struct pv_arena *a, bool *fresh,
    struct pv_err *e);

#endif
