/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names, whole and while they grow. Inside of the desk. */
#ifndef PV_DESK_NAMES_H
#define PV_DESK_NAMES_H

#include "base/arena.h"
#include "base/vec.h"
#include "core/record.h"

bool pv_names_have(struct pv_names names, struct pv_slice name);
/* DESIGN 4, *meets*: either is under the other. */
bool pv_name_meets(struct pv_slice a, struct pv_slice b);
bool pv_names_meet(struct pv_names names, struct pv_slice name);

struct pv_name_list {
	struct pv_slice *at;
	size_t n, cap;
};

void pv_name_list_add_once(struct pv_name_list *v, struct pv_slice name);
/* Moves the list into the arena; the names are borrowed. */
struct pv_names pv_name_list_keep(struct pv_name_list *v, struct pv_arena *a);

#endif
