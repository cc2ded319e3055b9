/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision (DESIGN 4). Pure: no I/O, clock, randomness; no allocation on
 * the way to an answer. A state is compiled into a read-only snapshot
 * (core/snapshot.h); a decision is the conjunction over the snapshots of all
 * origins it depends on. core/explain.h says why at length.
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
	uint64_t valid_until;            /* 0: none */
	const struct pv_matter *sources; /* derived_from: all must be permitted */
	size_t source_count;
};

/*
 * Sources of sources are followed this deep; what lies deeper is not known, so it is not
 * permitted.
 */
#define PV_SOURCES_DEEP 64

/*
 * Who asks. PV_SIDE_GIVE is the whole decision, at the gateway of the originator or of a
 * custodian. PV_SIDE_TAKE is the recipient's own gateway: it judges what bars (report, orders)
 * and asks for no agreement.
 */
enum pv_side { PV_SIDE_GIVE = 0, PV_SIDE_TAKE };

struct pv_request {
	struct pv_matter matter;
	struct pv_slice recipient, purpose, channel;
	uint64_t now_s;    /* lease_now(): judges what ends a permit or begins a bar */
	uint64_t signed_s; /* the newest signed time: judges what ends a bar */
	bool stale;        /* the caller found no fresh proof */
	enum pv_side side;
	/*
	 * Answer and reason are exact as ever, but one id is enough: for a look ahead. Not for a
	 * release, which carries the obligations of all.
	 */
	bool first_only;
};

enum pv_reason {
	PV_WHY_NONE = 0,
	PV_WHY_STALE, /* in the order in which one hides the next */
	PV_WHY_REPORT_FORBIDS,
	PV_WHY_NOT_RELEASABLE,
	PV_WHY_EXPIRED,
	PV_WHY_RECALLED,
	PV_WHY_SUSPENDED,
	PV_WHY_RESTRICTED,
	PV_WHY_NO_AGREEMENT,
	PV_WHY_AGREEMENT,  /* the one that permits */
	PV_WHY_NOT_BARRED, /* PV_SIDE_TAKE: nothing here bars it */
};
enum pv_answer_kind { PV_REFUSE = 0, PV_RELEASE };

const char *pv_reason_name(enum pv_reason why); /* "report-forbids", ... */

/* One order log of those that the decision depends on. */
struct pv_origin {
	const struct pv_snapshot *snapshot;
	const struct pv_overlay *overlay; /* orders newer than the snapshot; NULL: none */
};

/*
 * The first is the deciding party's own: it speaks for what is under its root,
 * and its peer records say for whom each other one may speak (by the name of
 * its log). An origin that no peer record admits speaks for nobody.
 */
struct pv_origins {
	const struct pv_origin *at;
	size_t n; /* none at all is stale */
};

/* A record that decided: of which origin, and its place there. */
struct pv_ref {
	const struct pv_record *r;
	uint64_t index;
	size_t origin;
};

/*
 * The caller gives at and cap. Afterwards n are there, each once, by origin and place, and found
 * is n; or found is more than cap, some are missing, and asking again with that much room gives
 * all.
 */
struct pv_refs {
	struct pv_ref *at;
	size_t cap;
	size_t n, found;
};

struct pv_decision {
	enum pv_answer_kind answer;
	enum pv_reason reason;
	struct pv_refs orders;     /* suspended, restricted: all that cover, of both kinds */
	struct pv_refs agreements; /* agreement: all that permit recipient or custodians */
	struct pv_ref recall;      /* recalled: the first; r is NULL else */
	/* What it cost: rules looked at, index nodes and index slots read. */
	uint32_t entries_read, nodes_read, slots_read;
};

/* Only orders and agreements (at, cap) of *out are read; everything else of it is written. */
void pv_decide(const struct pv_origins *in, const struct pv_request *ask, struct pv_decision *out);

/*
 * Asks memory for what the decision of this request will read first. Who decides many calls it
 * for the next one before deciding this one; it changes nothing else.
 */
void pv_decide_ahead(const struct pv_origins *in, const struct pv_request *ask);

/* The obligations of all agreements of a decision, each once, in their order. */
struct pv_obligations pv_decision_obligations(const struct pv_decision *d, struct pv_arena *a);

#endif
