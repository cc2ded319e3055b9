/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second evaluator, written from DESIGN 4 alone: loops over the records, no
 * index, nothing of core/ but its types. What core/decide.c answers is compared
 * with it on random worlds.
 */
#ifndef PV_TESTS_DECIDE_SLOW_H
#define PV_TESTS_DECIDE_SLOW_H

#include "core/decide.h"
#include "core/state.h"

#define SLOW_MAX 256

struct slow_id {
	size_t origin;
	uint64_t index;
};
struct slow_answer {
	enum pv_reason reason;
	struct slow_id orders[SLOW_MAX], agreements[SLOW_MAX]; /* by origin and place, each once */
	size_t order_count, agreement_count;
};

/*
 * Of a state only origin, bare, genesis and the list of all facts are read. The first state
 * decides.
 */
struct slow_answer slow_decide(
    const struct pv_state *const *logs, size_t n, const struct pv_request *ask);

enum pv_status_of slow_condition(const struct pv_state *log, struct pv_slice id,
    struct pv_slice issuer, const struct pv_names *counterparts, uint64_t at);

#endif
