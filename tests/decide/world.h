/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worlds for the tests of the decision: order logs filled in by hand, since
 * what may stand in a log is tested elsewhere. Times are small numbers.
 */
#ifndef PV_TESTS_DECIDE_WORLD_H
#define PV_TESTS_DECIDE_WORLD_H

#include "base/arena.h"
#include "core/decide.h"
#include "core/snapshot.h"
#include "core/state.h"

#define WORLD_LOGS 3

struct world {
	struct pv_arena *a;
	struct pv_state *logs[WORLD_LOGS];
	size_t n;
	struct pv_snapshot *snapshots[WORLD_LOGS];
	struct pv_overlay *overlays[WORLD_LOGS];
	struct pv_origin origins[WORLD_LOGS];
};

struct world *world_new(void);
void world_free(struct world *w);

/* A log; root empty: a bare one, without genesis. */
struct pv_state *world_log(struct world *w, const char *origin, const char *root);
/* One more fact; r is copied, id and issuer are filled in where empty. */
struct pv_fact *world_add(struct world *w, struct pv_state *s, struct pv_record r, uint64_t since);
struct pv_fact *world_party(struct world *w, struct pv_state *s, const char *name);
struct pv_fact *world_term(
    struct world *w, struct pv_state *s, enum pv_tree tree, const char *name);
/* "a b c" -> three names. */
struct pv_names world_names(struct world *w, const char *words);
/* Another list of the same facts, without the last orders of s; those come out in dropped. */
struct pv_state *world_without(
    struct world *w, const struct pv_state *s, size_t orders, struct pv_fact **dropped);

/* Compiles every log (again), with what stands in the overlays. */
void world_compile(struct world *w);
struct pv_origins world_origins(const struct world *w);

/* ---- random worlds, random.c ---------------------------------------------------------------- */

struct chance {
	uint64_t state;
};
uint64_t chance_next(struct chance *c);
uint64_t chance_below(struct chance *c, uint64_t n);
bool chance_one_in(struct chance *c, uint64_t n);

/* The world of a seed, not compiled. */
struct world *world_random(uint64_t seed);
/* A request in that world; lives in a. */
struct pv_request *request_random(struct chance *c, struct pv_arena *a);

#endif
