/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/mem.h"
#include "base/vec.h"

struct world *
world_new(void)
{
	struct world *w = PV_NEW(struct world);

	w->a = pv_arena_new();
	return w;
}

static void
clear_facts(struct pv_state *s)
{
	PV_VEC_FREE(&s->all);
	for (size_t k = 0; k < PV_KIND_COUNT; k++)
		PV_VEC_FREE(&s->by_kind[k]);
}

void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		clear_facts(w->logs[i]);
		pv_snapshot_free(w->snapshots[i]);
		pv_overlay_free(w->overlays[i]);
	}
	pv_arena_free(w->a);
	pv_free(w);
}

struct pv_state *
world_log(struct world *w, const char *origin, const char *root)
{
	struct pv_state *s = PV_ARENA_NEW(w->a, struct pv_state);

	s->origin = pv_slice_of(origin);
	s->bare = root[0] == '\0';
	s->lift_quorum = 2;
	w->overlays[w->n] = pv_overlay_new();
	w->logs[w->n++] = s;
	if (!s->bare) {
		struct pv_record r = { .kind = PV_GENESIS, .issuer = pv_slice_of(root) };
		r.genesis.origin = s->origin;
		r.genesis.root = pv_slice_of(root);
		s->genesis = world_add(w, s, r, 0)->r;
	}
	return s;
}

struct pv_fact *
world_add(struct world *w, struct pv_state *s, struct pv_record r, uint64_t since)
{
	struct pv_record *kept = PV_ARENA_NEW(w->a, struct pv_record);
	struct pv_fact *f = PV_ARENA_NEW(w->a, struct pv_fact);

	*kept = r;
	if (kept->id.n == 0)
		kept->id = pv_arena_printf(w->a, "%zu", s->all.n);
	if (kept->time == 0)
		kept->time = since;
	*f = (struct pv_fact){ .r = kept, .index = s->all.n, .since = since, .ended = PV_NEVER };
	*PV_VEC_ADD(&s->all) = f;
	*PV_VEC_ADD(&s->by_kind[r.kind]) = f;
	return f;
}

struct pv_fact *
world_party(struct world *w, struct pv_state *s, const char *name)
{
	struct pv_record r = { .kind = PV_PARTY, .issuer = pv_slice_of(name) };

	r.party.name = pv_slice_of(name);
	return world_add(w, s, r, 0);
}

struct pv_fact *
world_term(struct world *w, struct pv_state *s, enum pv_tree tree, const char *name)
{
	struct pv_record r = { .kind = PV_TERM };

	r.term.tree = tree;
	r.term.name = pv_slice_of(name);
	return world_add(w, s, r, 0);
}

struct pv_names
world_names(struct world *w, const char *words)
{
	struct pv_slice rest = pv_slice_of(words), one;
	struct pv_slice *at = pv_arena_alloc_n(w->a, rest.n + 1, sizeof(*at));
	size_t n = 0;

	while (pv_slice_next(&rest, ' ', &one))
		if (one.n != 0)
			at[n++] = one;
	return (struct pv_names){ at, n };
}

struct pv_state *
world_without(struct world *w, const struct pv_state *s, size_t orders, struct pv_fact **dropped)
{
	struct pv_state *less = PV_ARENA_NEW(w->a, struct pv_state);
	size_t keep = s->by_kind[PV_ORDER].n - orders, seen = 0;

	*less = *s;
	less->all = (struct pv_facts){ 0 };
	memset(less->by_kind, 0, sizeof(less->by_kind));
	for (size_t i = 0; i < s->all.n; i++) {
		struct pv_fact *f = s->all.at[i];
		if (f->r->kind == PV_ORDER && seen++ >= keep) {
			*dropped++ = f;
			continue;
		}
		*PV_VEC_ADD(&less->all) = f;
		*PV_VEC_ADD(&less->by_kind[f->r->kind]) = f;
	}
	return less;
}

void
world_compile(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		pv_snapshot_free(w->snapshots[i]);
		w->snapshots[i] = pv_snapshot_build(w->logs[i]);
		w->origins[i] = (struct pv_origin){ w->snapshots[i], w->overlays[i] };
	}
}

struct pv_origins
world_origins(const struct world *w)
{
	return (struct pv_origins){ w->origins, w->n };
}
