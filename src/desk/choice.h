/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which acts of the own order log an audience is given in a bundle. It only ever grows: what is given once is given
 * again, whatever is added to the log since. Inside of the desk.
 */
#ifndef PV_DESK_CHOICE_H
#define PV_DESK_CHOICE_H

#include "base/map.h"
#include "desk/home.h"

struct pv_choice {
	const struct pv_state *s;
	struct pv_slice audience;
	struct pv_names include; /* ids that are given besides */
	bool *given;             /* by place in s->all */
	struct pv_map *names;    /* parties that must be declared there */
	PV_VEC(struct pv_slice)
	takers; /* the audience, whom it may give to, and by what names orders reach them */
	bool changed;
};

void pv_choice_begin(struct pv_choice *c, const struct pv_state *s, struct pv_slice audience,
    struct pv_names include);
void pv_choice_end(struct pv_choice *c);
/* Chooses among all acts; then pv_choice_has answers. */
void pv_choice_all(struct pv_choice *c, struct pv_arena *a);
bool pv_choice_has(const struct pv_choice *c, struct pv_slice id);

/* For single acts, without looking at all of them: pv_choice_takers once, then pv_choice_alone for each. */
void pv_choice_takers(struct pv_choice *c);
/* Whether the act is given for what it says itself. Parties, conditions and the like that come because another act names them are not. */
bool pv_choice_alone(const struct pv_choice *c, const struct pv_record *r);

/* What the audience was given besides (--include), one time or another: the ids, in a. */
PV_RESULT pv_choice_remembered(struct pv_desk *d, struct pv_slice audience, struct pv_arena *a,
    struct pv_names *out, struct pv_err *e);
struct pv_slice pv_choice_memory(
    struct pv_slice audience, struct pv_arena *a); /* the name of that row */

#endif
