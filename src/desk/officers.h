/* SPDX-License-Identifier: Apache-2.0 */
/* Officers who sign: key files of the home (or named ones), or keys in an ssh-agent. Inside of the desk. */
#ifndef PV_DESK_OFFICERS_H
#define PV_DESK_OFFICERS_H

#include "core/state.h"
#include "desk/desk.h"

struct pv_officers;

/* unlock NULL: nobody signs. Passphrases are asked for when a signature is first needed. */
PV_RESULT pv_officers_open(struct pv_officers **out, const char *home, struct pv_unlock *unlock,
    const struct pv_env *env, struct pv_err *e);
void pv_officers_close(struct pv_officers *o);

/*
 * Adds signatures to *note (empty: a new note of r->line): of those named in unlock->as, else of the officers of this home who
 * may sign for r's issuer, in order, until the act has as many as it needs. One who declines is passed over.
 */
PV_RESULT pv_officers_sign(struct pv_officers *o, const struct pv_state *s,
    const struct pv_record *r, uint64_t now, struct pv_slice *note, struct pv_arena *a,
    struct pv_err *e);

#endif
