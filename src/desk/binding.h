/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a `key` record grants to who holds the credential that it binds, and
 * how what rests on it is kept within it. Inside of the desk.
 */
#ifndef PV_DESK_BINDING_H
#define PV_DESK_BINDING_H

#include "core/state.h"
#include "desk/caller.h"

/* Whether the record counts at now: in the log, not ended, within its own times. */
bool pv_binding_stands(const struct pv_fact *f, uint64_t now);
/* The record of that use whose binding is text, the last in the log of those that stand; NULL. */
const struct pv_fact *pv_binding_find(
    const struct pv_state *s, enum pv_use use, struct pv_slice text, uint64_t now);
/* What it grants; texts are borrowed from the record. */
struct pv_caller pv_binding_grant(const struct pv_desk *d, const struct pv_fact *f);

/* What somebody asks to be, within a grant. Empty: not said. */
struct pv_claimed {
	struct pv_slice party, person;
	bool says_roles, says_purposes;
	unsigned roles;
	struct pv_names purposes;
	uint64_t until_s;
};
/*
 * Narrows *who to what is claimed. Roles that are not granted fall away; one that does not say its roles is an analyst
 * at most. false: the party is not at or below the granted one, or none of the purposes is granted.
 */
bool pv_binding_narrow(const struct pv_desk *d, struct pv_caller *who,
    const struct pv_claimed *claimed, struct pv_arena *a);

/* Whether all of it is granted: nothing falls away. e says what is not. */
PV_RESULT pv_binding_covers(
    const struct pv_caller *grant, const struct pv_claimed *claimed, struct pv_err *e);

#endif
