/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why, at length: every rule that applied or nearly did, and what would have to
 * change (UX T9). It goes through all rules one by one by their names, without
 * the index, so it is also a check of pv_decide(). For people, not for hot paths.
 *
 * Who may see what of it is not judged here: the desk leaves out.
 */
#ifndef PV_CORE_EXPLAIN_H
#define PV_CORE_EXPLAIN_H

#include "core/decide.h"

enum pv_step {
	PV_STEP_NONE = 0,
	PV_STEP_FRESH,
	PV_STEP_REPORT,
	PV_STEP_ORDERS,
	PV_STEP_AGREEMENTS
};

enum pv_effect {
	PV_EFFECT_NONE = 0,
	PV_EFFECT_GO_ON,   /* the step lets it pass */
	PV_EFFECT_STOP,    /* this denies */
	PV_EFFECT_NOTHING, /* a rule that is near, but not about this: because says in what */
	PV_EFFECT_PERMIT,  /* an agreement that permits, or would if nothing denied */
	PV_EFFECT_MISSING, /* nothing permits this taker for this topic and region */
};

/* In what a rule misses, or what of the report decides. Bits, or-ed. */
enum pv_because {
	PV_BECAUSE_FRESH = 1u << 0,      /* a proof is missing */
	PV_BECAUSE_NEVER = 1u << 1,      /* never meets the purpose; name says which */
	PV_BECAUSE_RELEASABLE = 1u << 2, /* not under any of releasable_to */
	PV_BECAUSE_EXPIRED = 1u << 3,    /* valid_until */
	PV_BECAUSE_RECALLED = 1u << 4,
	PV_BECAUSE_GIVER = 1u << 5, /* another giver */
	PV_BECAUSE_TAKER = 1u << 6, /* another taker, recipient or custodian */
	PV_BECAUSE_TOPIC = 1u << 7,
	PV_BECAUSE_REGION = 1u << 8,
	PV_BECAUSE_PURPOSE = 1u << 9,
	PV_BECAUSE_CHANNEL = 1u << 10,
	PV_BECAUSE_EXCEPTED = 1u << 11,   /* an exception of the order */
	PV_BECAUSE_NOT_YET = 1u << 12,    /* effective, not_before, or not in the log then */
	PV_BECAUSE_ENDED = 1u << 13,      /* lifted, ended */
	PV_BECAUSE_OVER = 1u << 14,       /* until, not_after, a hold that lapsed */
	PV_BECAUSE_CONDITION = 1u << 15,  /* the order's has ended, the agreement's does not hold */
	PV_BECAUSE_IDENTIFIED = 1u << 16, /* require */
	PV_BECAUSE_CUSTODY = 1u << 17,    /* a custodian needs one with custody */
	PV_BECAUSE_GRANTABLE = 1u << 18,  /* grantable: false */
	PV_BECAUSE_ADMITTED = 1u << 19, /* its log may not speak for the issuer or the originator */
};

struct pv_explained {
	enum pv_step step;
	enum pv_effect effect;
	unsigned because;               /* enum pv_because */
	const struct pv_matter *matter; /* the report or one of its sources */
	struct pv_ref rule;           /* order, agreement, recall; r NULL: the step itself speaks */
	struct pv_slice name;         /* a never term; what of the request a rule is not about */
	struct pv_slice giver, taker; /* of an order; for whom an agreement is or is missing */
	struct pv_slice topic, region; /* PV_EFFECT_MISSING; empty: unknown */
	bool overlay;                  /* newer than the snapshot */
	bool hold;
};

enum pv_way {
	PV_WAY_NONE = 0,
	PV_WAY_PROOF,     /* a fresh proof of the order logs */
	PV_WAY_PURPOSE,   /* only another purpose: this one stays barred as long as the report is */
	PV_WAY_RELEASE,   /* the originator shares it anew, to the recipient too or for longer */
	PV_WAY_RECALL,    /* the recall is ended by its issuer or above, with that many officers */
	PV_WAY_LIFT,      /* rule is lifted by its issuer or above, with that many officers */
	PV_WAY_TIME,      /* by itself at that time */
	PV_WAY_CONDITION, /* rule's condition is attested by quorum of attestors: as ended, for an
	                   * order; as holding, for an agreement */
	PV_WAY_AGREEMENT, /* an agreement of giver for taker; rule, if any, misses by because alone */
	PV_WAY_IDENTIFY, /* those on board are identified, as rule requires */
};

/* All changes with different group must happen; those of one group are alternatives. */
struct pv_change {
	enum pv_way way;
	unsigned group;
	struct pv_ref rule;
	uint64_t officers; /* PV_WAY_LIFT, PV_WAY_RECALL, PV_WAY_AGREEMENT: in that log */
	uint64_t at;       /* PV_WAY_TIME */
	const struct pv_record *condition; /* PV_WAY_CONDITION */
	uint64_t quorum;
	struct pv_names attestors; /* whose word counts for it */
	struct pv_slice giver, taker;
	unsigned because; /* PV_WAY_AGREEMENT: in what rule misses */
};

struct pv_explanation {
	enum pv_answer_kind answer;
	enum pv_reason reason;
	uint64_t now_s;
	/*
	 * Step by step; in a step what stops or permits first, then what is near, by origin and
	 * place.
	 */
	const struct pv_explained *rows;
	size_t row_count;
	size_t more_orders, more_agreements; /* rules that are further off, and so not listed */
	const struct pv_change *changes;
	size_t change_count;
	struct pv_refs then_agreements; /* permit once all changes happened; none: one is missing */
	struct pv_names still_barred;   /* never, of the report and its sources, in any case */
};

/* So many rules that are near are listed of orders, and of agreements. */
#define PV_EXPLAIN_NEAR 64

/*
 * Everything is made in a. Near is a rule that misses in one thing alone; others are counted, not
 * listed. reason is what pv_decide() answers, found in another way.
 */
const struct pv_explanation *pv_explain(
    const struct pv_origins *in, const struct pv_request *ask, struct pv_arena *a);

#endif
