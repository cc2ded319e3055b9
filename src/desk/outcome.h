/* SPDX-License-Identifier: Apache-2.0 */
/* Journal-side records: outcomes, incidents, acknowledgements, answers. Inside of the desk. */
#ifndef PV_DESK_OUTCOME_H
#define PV_DESK_OUTCOME_H

#include "desk/journal.h"

/*
 * Whether a record that came in may be taken: signed by a gateway this log binds to its issuer, about something we know,
 * and not under the id of another. *here: it is here already.
 */
PV_RESULT pv_outcome_check(struct pv_desk *d, const struct pv_record *r, struct pv_slice note,
    struct pv_arena *a, bool *here, struct pv_err *e);
/* Its journal entry and its row, to stand from place base on in a submission. */
PV_RESULT pv_outcome_lay(struct pv_desk *d, const struct pv_record *r, struct pv_slice note,
    size_t base, struct pv_arena *a, struct pv_journal_laid *out, struct pv_err *e);

#endif
