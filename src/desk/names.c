/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/names.h"

#include <string.h>

bool
pv_names_have(struct pv_names names, struct pv_slice name)
{
	for (size_t i = 0; i < names.n; i++)
		if (pv_slice_eq(names.at[i], name))
			return true;
	return false;
}

bool
pv_name_meets(struct pv_slice a, struct pv_slice b)
{
	return pv_name_under(a, b) || pv_name_under(b, a);
}

bool
pv_names_meet(struct pv_names names, struct pv_slice name)
{
	for (size_t i = 0; i < names.n; i++)
		if (pv_name_meets(names.at[i], name))
			return true;
	return false;
}

void
pv_name_list_add_once(struct pv_name_list *v, struct pv_slice name)
{
	if (!pv_names_have((struct pv_names){ v->at, v->n }, name))
		*PV_VEC_ADD(v) = name;
}

struct pv_names
pv_name_list_keep(struct pv_name_list *v, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, v->n, sizeof(*at));
	struct pv_names names = { at, v->n };

	if (v->n != 0)
		memcpy(at, v->at, v->n * sizeof(*at));
	PV_VEC_FREE(v);
	return names;
}
