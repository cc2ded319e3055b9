/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/watch.h"

#include "base/mem.h"
#include "crypto/hash.h"
#include "desk/home.h"

struct pv_watch {
	struct pv_store *store;
	struct pv_arena *a;
	bool looked;
	uint64_t orders, journal;
	uint8_t callers[PV_HASH];
};

PV_RESULT
pv_watch_open(struct pv_watch **out, const char *home, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_options o = { .mode = PV_STORE_READ, .tree = pv_home_tree(), .env = *env };
	struct pv_store *store;
	struct pv_watch *w;

	PV_TRY(pv_store_open(&store, pv_arena_printf(a, "%s/proviso.db", home).p, &o, e));
	w = PV_NEW(struct pv_watch);
	w->store = store;
	w->a = pv_arena_new();
	*out = w;
	return PV_DONE;
}

void
pv_watch_free(struct pv_watch *w)
{
	if (w == NULL)
		return;
	pv_store_free(w->store);
	pv_arena_free(w->a);
	pv_free(w);
}

static PV_RESULT
add_sizes(struct pv_store_view *v, struct pv_watched *out, struct pv_err *e)
{
	for (size_t i = 0;; i++) {
		struct pv_store_head head;
		struct pv_slice name;
		bool found;

		PV_TRY(pv_store_log_name(v, i, &name, &found, e));
		if (!found)
			return PV_DONE;
		PV_TRY(pv_store_log_head(v, name, &head, &found, e));
		if (head.kind == PV_STORE_JOURNAL)
			out->journal += head.size;
		else
			out->orders += head.size;
	}
}

static PV_RESULT
callers_digest(
    struct pv_watch *w, struct pv_store_view *v, uint8_t digest[PV_HASH], struct pv_err *e)
{
	struct pv_store_row row = { 0 };
	bool found;

	row.c[PV_C_META_NAME] = PV_CELL_S(PV_SLICE("callers"));
	pv_arena_reset(w->a);
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, w->a, &found, e));
	pv_hash(found ? row.c[PV_C_META_BODY].s : PV_NO_SLICE, digest);
	return PV_DONE;
}

PV_RESULT
pv_watch_look(struct pv_watch *w, struct pv_watched *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_watched now = { 0 };
	uint8_t callers[PV_HASH];

	PV_TRY(pv_store_view_open(&v, w->store, e));
	PV_TRY(add_sizes(v, &now, e));
	PV_TRY(callers_digest(w, v, callers, e));
	now.orders_moved = w->looked && now.orders != w->orders;
	now.journal_moved = w->looked && now.journal != w->journal;
	now.callers_moved = w->looked && memcmp(callers, w->callers, PV_HASH) != 0;
	w->looked = true;
	w->orders = now.orders;
	w->journal = now.journal;
	memcpy(w->callers, callers, PV_HASH);
	*out = now;
	return PV_DONE;
}

void
pv_desk_count_decisions(struct pv_desk *d, _Atomic uint64_t counts[PV_REASON_COUNTS])
{
	d->decided = counts;
}
