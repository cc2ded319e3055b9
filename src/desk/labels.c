/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set stands for one state of the table of reports. The desk holds the
 * newest; a batch that stands on an older one holds that until it is over.
 */
#include "desk/labels.h"

#include "base/map.h"
#include "base/vec.h"
#include "desk/judge.h"

#define LABELS_MAX 2048 /* of some kilobytes each */

struct pv_labels {
	unsigned holders; /* of one thread, as the desk is */
	uint64_t stamp;   /* 0: for one holder alone */
	struct pv_arena *a;
	struct pv_map *ids;
	PV_VEC(struct pv_labelled *) all;
};

static struct pv_labels *
labels_new(uint64_t stamp)
{
	struct pv_labels *l = PV_NEW(struct pv_labels);

	l->holders = 1;
	l->stamp = stamp;
	l->a = pv_arena_new();
	l->ids = pv_map_new(64);
	return l;
}

struct pv_labels *
pv_labels_take(struct pv_desk *d)
{
	uint64_t stamp = pv_store_stamp(d->store, PV_T_REPORTS);

	if (stamp == 0)
		return labels_new(0);
	if (d->labels == NULL || d->labels->stamp != stamp || d->labels->all.n >= LABELS_MAX) {
		pv_labels_give(d->labels);
		d->labels = labels_new(stamp);
	}
	d->labels->holders++;
	return d->labels;
}

void
pv_labels_give(struct pv_labels *l)
{
	if (l == NULL || --l->holders != 0)
		return;
	PV_VEC_FREE(&l->all);
	pv_map_free(l->ids);
	pv_arena_free(l->a);
	pv_free(l);
}

PV_RESULT
pv_labels_find(struct pv_labels *l, struct pv_desk *d, struct pv_slice id,
    const struct pv_labelled **out, struct pv_err *e)
{
	uint32_t at = pv_map_get(l->ids, id);
	struct pv_labelled *one;
	bool found;

	*out = NULL;
	if (at != PV_MAP_NONE) {
		*out = l->all.at[at];
		return PV_DONE;
	}
	one = PV_ARENA_NEW(l->a, struct pv_labelled);
	PV_TRY(pv_report_find(d, id, l->a, &one->kept, &found, e));
	if (!found)
		return PV_DONE;
	PV_TRY(pv_matter_of(d, &one->kept.label, one->kept.custodians, l->a, &one->matter, e));
	pv_map_set(l->ids, pv_arena_copy(l->a, id), (uint32_t)l->all.n);
	*PV_VEC_ADD(&l->all) = one; /* NOLINT(bugprone-sizeof-expression): of pointers, yes */
	*out = one;
	return PV_DONE;
}
