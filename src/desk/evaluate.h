/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions for others who ask and enforce them (AuthZEN 1.0): may this party
 * have that report for this purpose? Nothing is released by it; it is decided
 * and journalled as if it were, one entry for all that was asked at once.
 *
 * Foreign words become ours by rules that only ever narrow (docs/protocol/authzen.md):
 * a subject of type "party" is the party with that id, one of any other type T
 * the party HOME.T.ID; a role R counts when the party HOME.role.R has it among
 * its members, which then asks; an action is a purpose, its property P of value V
 * the purpose ACTION.P-V where such a term is declared; the purpose of the action
 * "open" is its property "purpose".
 */
#ifndef PV_DESK_EVALUATE_H
#define PV_DESK_EVALUATE_H

#include "desk/caller.h"

struct pv_batch;

#define PV_EVALUATIONS_MAX 1000

/* One question, as the edge read it. */
struct pv_evaluation {
	struct pv_slice wrong; /* not empty: it is none, for this reason */
	struct pv_slice subject_type, subject, resource_type, resource, action;
	struct pv_names subject_says,
	    action_says; /* "role=admin": properties that are text, numbers or truth values */
	struct pv_slice channel;
	/* Of a report that is not held here; ignored for one that is. */
	struct pv_slice originator;
	struct pv_names topics, regions, never;
	struct pv_slice identified;
};

enum pv_evaluations { PV_EVALUATE_ALL = 0, PV_EVALUATE_TO_DENY, PV_EVALUATE_TO_PERMIT };
extern const char *const pv_evaluations_words[]; /* "execute_all", ... */

struct pv_evaluate_ask {
	enum pv_evaluations how;
	const struct pv_evaluation *rows;
	size_t count;
};

/* What is left empty is not told to this caller. */
struct pv_evaluated {
	bool decision;
	unsigned status; /* 0; 400, 403: no decision was made, and error says why */
	struct pv_slice error;
	struct pv_slice reason;
	struct pv_names orders, agreements;
	struct pv_slice lifted_by; /* the issuer of the first order */
	struct pv_obligations obligations;
	struct pv_slice reference; /* of a refusal */
};
struct pv_evaluate_answer {
	const struct pv_evaluated *rows; /* to deny, to permit: up to the one that decided */
	size_t count;
	uint64_t orders_seen, lease_until, journal_index;
};

/* Decides, lays the entry. ask must live until the batch is finished. */
struct pv_evaluating;
PV_RESULT pv_evaluate_begin(struct pv_evaluating **out, struct pv_batch *b,
    const struct pv_caller *who, const struct pv_evaluate_ask *ask, struct pv_arena *a,
    struct pv_err *e);
/* The entry is durable: looks again at what was permitted, and tells. */
PV_RESULT pv_evaluate_finish(
    struct pv_evaluating *v, struct pv_batch *b, struct pv_evaluate_answer *out, struct pv_err *e);

#endif
