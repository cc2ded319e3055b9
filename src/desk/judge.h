/* SPDX-License-Identifier: Apache-2.0 */
/* From what a home holds to a decision: the only caller of pv_decide(). Inside of the desk. */
#ifndef PV_DESK_JUDGE_H
#define PV_DESK_JUDGE_H

#include "core/explain.h"
#include "desk/home.h"

struct pv_case {
	struct pv_matter matter;
	struct pv_slice recipient, purpose, channel;
	uint64_t at;         /* 0: now, and every origin must be fresh; else as it was then */
	uint64_t held_since; /* in custody here since then; 0: it is the originator's own */
	enum pv_side side;
};

struct pv_stood {
	const struct pv_log *log;
	uint64_t size;
};

struct pv_judgement {
	struct pv_decision decision;
	struct pv_obligations obligations;
	uint64_t now_s;
	/* what it stood on, to be looked at again before a key leaves */
	struct pv_stood *stood;
	size_t stood_count;
	/* what was asked, for pv_explain() and for the second look */
	struct pv_origins origins;
	struct pv_request request;
};

/* Answer and reasons live in a; the records that decided are borrowed from the logs. */
PV_RESULT pv_judge(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a,
    struct pv_judgement *out, struct pv_err *e);

/* Whether the judgement still stands: the clock, the leases, the sizes of the logs; when something moved, judged anew. */
PV_RESULT pv_judge_again(struct pv_desk *d, const struct pv_case *c, struct pv_arena *a,
    struct pv_judgement *j, struct pv_err *e);

/* The matter of a label that stands in this home; its sources are looked up. */
PV_RESULT pv_matter_of(struct pv_desk *d, const struct pv_record *label, struct pv_names custodians,
    struct pv_arena *a, struct pv_matter *out, struct pv_err *e);

/* {"answer":"refuse","reason":"suspended","orders":[...],"agreements":[...]}, for the journal. */
struct pv_slice pv_judgement_json(const struct pv_judgement *j, struct pv_arena *a);
struct pv_names pv_ref_ids(const struct pv_refs *refs, struct pv_arena *a);

#endif
