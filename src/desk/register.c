/* SPDX-License-Identifier: Apache-2.0 */
#include "core/words.h"
#include "desk/acts.h"
#include "desk/logs.h"

static struct pv_slice
status_word(const struct pv_order_row *o)
{
	return o->order.order.holds_while.n != 0
		   ? pv_slice_of(pv_status_of_name(o->condition.status))
		   : PV_NO_SLICE;
}

static PV_RESULT
fill(struct pv_desk *d, const struct pv_order_row *o, struct pv_register_row *row,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_store_row act = { 0 };
	bool found;

	*row = (struct pv_register_row){ .order = o->order,
		.index = o->index,
		.since = o->since,
		.ended = o->ended,
		.in_force = o->in_force,
		.hold = o->hold,
		.ended_by = o->ended_by,
		.condition_status = status_word(o) };
	PV_TRY(pv_act_standing(d, d->origin, o->order.id, a, &act, &found, e));
	if (found)
		row->note = pv_act_row_note(act.c[PV_C_ACT_BODY].s);
	return PV_DONE;
}

PV_RESULT
pv_desk_register(struct pv_desk *d, struct pv_arena *a, const struct pv_register_row **rows,
    size_t *n, struct pv_err *e)
{
	const struct pv_order_row *orders;
	struct pv_register_row *list;
	size_t count;

	PV_TRY(pv_desk_orders(d, PV_NO_SLICE, 0, a, &orders, &count, e));
	list = pv_arena_alloc_n(a, count, sizeof(*list));
	*n = 0;
	for (size_t i = 0; i < count; i++)
		if (orders[i].order.order.is_public)
			PV_TRY(fill(d, &orders[i], &list[(*n)++], a, e));
	*rows = list;
	return PV_DONE;
}
