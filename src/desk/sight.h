/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which acts of the own order log a caller may read. Officers and overseers of
 * the own authority: all. Its other people: the vocabulary, what is public, and
 * agreements and orders that name their party. A partner: what a bundle for it
 * has (desk/choice.h). Nobody: what is public. Inside of the desk.
 */
#ifndef PV_DESK_SIGHT_H
#define PV_DESK_SIGHT_H

#include "desk/caller.h"
#include "desk/choice.h"

struct pv_sight {
	const struct pv_caller *who;
	const struct pv_state *s;
	struct pv_choice choice;
	bool chosen; /* a partner: choice is made */
};

/* Of the state as it is folded now; end it before the next refresh. */
PV_RESULT pv_sight_begin(struct pv_sight *out, struct pv_desk *d, const struct pv_caller *who,
    struct pv_arena *a, struct pv_err *e);
void pv_sight_end(struct pv_sight *s);
bool pv_sight_has(const struct pv_sight *s, const struct pv_record *r);
/* The same by id; false when there is none. */
bool pv_sight_has_id(const struct pv_sight *s, struct pv_slice id);

/* Officers and overseers of the own authority. */
bool pv_sees_all(const struct pv_caller *who);

#endif
