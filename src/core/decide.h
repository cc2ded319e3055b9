/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision (DESIGN 4). Pure: no I/O, clock, randomness; no allocation on
 * the way to an answer. A state is compiled into a read-only snapshot; a
 * decision is the conjunction over the snapshots of all origins it depends on.
 */
#ifndef PV_CORE_DECIDE_H
#define PV_CORE_DECIDE_H

#include "base/arena.h"
#include "base/err.h"
#include "core/record.h"
#include "core/state.h"

/* What a report says of itself, and where it came from; absent topics or regions are unknown. */
struct pv_matter {
	struct pv_slice report; /* id, for recalls; may be empty */
	struct pv_slice originator;
	struct pv_names custodians; /* in order, may be none */
	struct pv_names topics, regions;
	struct pv_names never;
	bool has_releasable_to;
	struct pv_names releasable_to;
	enum pv_identified identified;
	uint64_t valid_until; /* 0: none */
	const struct pv_matter *sources; /* derived_from: all must be permitted */
	size_t source_count;
};

struct pv_request {
	struct pv_matter matter;
	struct pv_slice recipient, purpose, channel;
	uint64_t now_s;    /* lease_now(): judges what ends a permit or begins a bar */
	uint64_t signed_s; /* the newest signed time: judges what ends a bar */
	bool stale;        /* the caller found no fresh proof */
};

enum pv_reason {
	PV_WHY_NONE = 0,
	PV_WHY_STALE,
	PV_WHY_REPORT_FORBIDS,
	PV_WHY_NOT_RELEASABLE,
	PV_WHY_EXPIRED,
	PV_WHY_RECALLED,
	PV_WHY_SUSPENDED,
	PV_WHY_RESTRICTED,
	PV_WHY_NO_AGREEMENT,
	PV_WHY_AGREEMENT, /* the one that permits */
};
enum pv_answer_kind { PV_REFUSE = 0, PV_RELEASE };

const char *pv_reason_name(enum pv_reason why); /* "report-forbids", ... */

#endif
