/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation in words: for `explain` and `decide --explain`. */
#ifndef PV_CLI_EXPLAIN_H
#define PV_CLI_EXPLAIN_H

#include "codec/json.h"
#include "core/explain.h"

const char *pv_explain_step(enum pv_step step);
const char *pv_explain_effect(const struct pv_explained *x, bool permitted);
const char *pv_explain_row(struct pv_arena *a, const struct pv_explained *x);
const char *pv_explain_way(struct pv_arena *a, const struct pv_change *c);
/* Its members, into an open object: steps, changes, still_barred ... */
void pv_put_explanation(struct pv_arena *a, struct pv_jsonw *w, const struct pv_explanation *x);

#endif
