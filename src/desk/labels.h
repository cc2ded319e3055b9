/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was read of the reports, kept as long as no report changed: reading a
 * label and proving its digest costs more than deciding about it.
 */
#ifndef PV_DESK_LABELS_H
#define PV_DESK_LABELS_H

#include "core/decide.h"
#include "desk/report.h"

struct pv_labels;

struct pv_labelled {
	struct pv_kept kept;
	struct pv_matter matter;
};

/*
 * As the store stands now, and what was read of it before if no row of a report changed since. It stays as it is until
 * it is given back, whatever happens meanwhile.
 */
struct pv_labels *pv_labels_take(struct pv_desk *d);

/* *out: NULL when it is not held here. */
PV_RESULT pv_labels_find(struct pv_labels *l, struct pv_desk *d, struct pv_slice id,
    const struct pv_labelled **out, struct pv_err *e);

#endif
