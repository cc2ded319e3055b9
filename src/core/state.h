/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one order log says: the fold over its acts, in log order (DESIGN 3, 5).
 *
 * Every act is checked against what stands before it: who may, how many
 * officers, what is declared, what has ended. An act that fails changes
 * nothing. Signatures are verified by the caller (core/ does no cryptography),
 * who passes the vkeys whose signatures are good; whether those keys may is
 * judged here, at the act's place in the log.
 *
 * Time enters as a value: `since` is when an act takes effect (DESIGN 4, Time);
 * the state keeps it beside each fact, so that the past can be asked about.
 */
#ifndef PV_CORE_STATE_H
#define PV_CORE_STATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/record.h"

#define PV_NEVER UINT64_MAX

/* One record that stands in the log. */
struct pv_fact {
	const struct pv_record *r;
	uint64_t index; /* its place */
	uint64_t since; /* in effect from */
	uint64_t ended; /* an `end` or a lift took effect then; PV_NEVER */
	const struct pv_record *ended_by;
	bool hold; /* an order with too few signatures (DESIGN 6.5) */
	/* for the fold: of a party or term */
	uint32_t children; /* standing ones right below it */
	uint32_t
	    uses; /* standing orders, agreements, conditions, keys that name it, each mention counted */
	uint32_t mark; /* seen in the search for cycles that has this number */
	uint32_t
	    previous; /* of an attestation: the one before it on the same condition, an index in all; PV_MAP_NONE */
};

struct pv_facts {
	struct pv_fact **at; /* each fact is made once and shared by the views */
	size_t n, cap;
};

/* A key that the log knows: from the genesis (fact is NULL) or from a key record. */
struct pv_known_key {
	struct pv_slice vkey, name, party;
	enum pv_use use;
	unsigned roles;
	uint64_t from, until;  /* [from, until); until 0: no end */
	uint64_t since, ended; /* in the log; ended PV_NEVER while it stands */
	const struct pv_fact *fact;
	uint32_t same_vkey, same_name; /* the next older entry, PV_MAP_NONE at the end */
};
struct pv_known_keys {
	struct pv_known_key *at;
	size_t n, cap;
};
/* A hold that stands, and who has signed it. */
struct pv_held {
	struct pv_fact *fact;
	struct pv_slice *signers; /* vkeys, in the arena */
	size_t signer_count;
};
struct pv_helds {
	struct pv_held *at;
	size_t n, cap;
};
/* A name that a record refers to, and where it stands in it. */
struct pv_mention {
	enum pv_tree tree; /* NONE: a party */
	struct pv_slice name;
	const char *field, *sub; /* "except", "topic" */
	size_t index;
	bool indexed;
	bool ever;    /* enough that it was declared once: what forbids */
	bool granted; /* must be grantable */
};
struct pv_mentions {
	struct pv_mention *at;
	size_t n, cap;
};

struct pv_state {
	struct pv_slice origin;
	bool bare; /* unsigned records: signatures, quorums, genesis not asked for */
	struct pv_arena *arena;
	const struct pv_record *genesis; /* NULL in bare files that have none */
	/* facts in log order; all holds everything, the others are views by kind */
	struct pv_facts all;
	struct pv_facts by_kind[PV_KIND_COUNT];
	struct pv_map *ids;                  /* id -> index in all */
	struct pv_map *parties;              /* name -> index in by_kind[PV_PARTY] */
	struct pv_map *terms[PV_TREE_COUNT]; /* name -> index in by_kind[PV_TERM] */
	uint64_t lift_quorum;
	uint64_t needs[PV_KIND_COUNT];
	uint64_t last_time; /* the newest record's time */
	struct pv_known_keys keys;
	struct pv_map *vkeys;     /* vkey -> its newest entry in keys */
	struct pv_map *key_names; /* name of a vkey -> its newest entry */
	struct pv_map *attested;  /* condition id -> its newest attestation, an index in all */
	struct pv_helds holds;
	struct pv_mentions refs; /* of the record at hand */
	uint32_t marks;
};

enum pv_applied {
	PV_APPLIED_NOT = 0,
	PV_APPLIED,
	PV_UNCHANGED,
	PV_COMPLETED /* a hold became an order */
};

struct pv_act {
	const struct pv_record *record; /* must outlive the state */
	uint64_t since;
	bool has_index; /* else the place is the next: of a log that is held whole */
	uint64_t index; /* of a partner's log, of which we may hold only a part, the real place */
	const struct pv_slice *signers; /* vkeys whose signatures on this record are good */
	size_t signer_count;
};

struct pv_state *pv_state_new(struct pv_slice origin, bool bare);
void pv_state_free(struct pv_state *s);
void pv_state_freep(struct pv_state **s);

/*
 * Checks the act against all that stands and adds it. On failure e names the
 * field ("counterpart[1]"), and nothing changed. PV_UNCHANGED: the same record
 * stands already (its other signatures may be new: the caller merges notes).
 */
PV_RESULT pv_state_apply(
    struct pv_state *s, const struct pv_act *act, enum pv_applied *out, struct pv_err *e);

/* Questions. Names that ever were declared stay known for what forbids; for what permits they must stand at `at`. */
const struct pv_fact *pv_state_party(const struct pv_state *s, struct pv_slice name);
const struct pv_fact *pv_state_term(
    const struct pv_state *s, enum pv_tree tree, struct pv_slice name);
const struct pv_fact *pv_state_find(const struct pv_state *s, struct pv_slice id);
bool pv_fact_stands(const struct pv_fact *f, uint64_t at); /* since <= at < ended */
/* The officer, attestor, signer ... key with that vkey that stands (from, until, ended) at `at`; empty party when none does. */
struct pv_key_match {
	struct pv_slice party, vkey;
	enum pv_use use;
	unsigned roles;
	bool found, revoked, not_yet, expired;
};
struct pv_key_match pv_state_key(const struct pv_state *s, struct pv_slice vkey, uint64_t at);
/*
 * The vkeys with that name that the log ever knew, one a call: set *cursor to PV_MAP_NONE first; empty when there are no
 * more. The same vkey may come more than once.
 */
struct pv_slice pv_state_vkey_named(
    const struct pv_state *s, struct pv_slice name, uint32_t *cursor);
/* How many different officers the act needs. */
uint64_t pv_state_needs(const struct pv_state *s, const struct pv_record *r);
/* Whether p is a root of this log: genesis root; in bare files without genesis any declared root party. */
bool pv_state_is_root(const struct pv_state *s, struct pv_slice party);
/* The nearest declared name within the cut-off of git's help.autocorrect, or empty: for "did you mean". */
struct pv_slice pv_state_near_party(const struct pv_state *s, struct pv_slice name);
struct pv_slice pv_state_near_term(
    const struct pv_state *s, enum pv_tree tree, struct pv_slice name);

/* Whether a term, or one above it, has grantable false; also true for one that is not declared. */
bool pv_state_not_grantable(const struct pv_state *s, enum pv_tree tree, struct pv_slice name);
/* A hold that has lapsed by the newest signed time. */
#define PV_HOLD_S 86400
static inline bool
pv_fact_lapsed(const struct pv_fact *f, uint64_t signed_s)
{
	return f->hold && signed_s >= f->r->time + PV_HOLD_S;
}

/* The condition's status as it was at `at`, seen by an order with these counterparts (NULL: by an agreement). */
enum pv_status_of {
	PV_COND_MISSING = 0,
	PV_COND_UNKNOWN,
	PV_COND_CONTESTED,
	PV_COND_HOLDS,
	PV_COND_ENDED
};
struct pv_condition_view {
	enum pv_status_of status;
	size_t say_holds, say_ended; /* attestors whose latest attestation counts and says so */
	uint64_t changed;            /* since when it has this status */
};
struct pv_condition_view pv_state_condition(const struct pv_state *s, struct pv_slice id,
    struct pv_slice used_by_issuer, const struct pv_names *counterparts, uint64_t at);

#endif
