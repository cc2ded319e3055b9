/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP tlog-checkpoint: a tree's size and root as a signed note, and C2SP tlog-policy: whose signatures make it good.
 */
#ifndef PV_TLOG_CHECKPOINT_H
#define PV_TLOG_CHECKPOINT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/note.h"

struct pv_checkpoint {
	struct pv_slice origin; /* borrowed from the text */
	uint64_t size;
	uint8_t root[PV_HASH];
	struct pv_slice extension; /* lines after the third, with their line feeds; may be empty */
};

/* The text, without signatures. */
PV_RESULT pv_checkpoint_write(struct pv_buf *out, const struct pv_checkpoint *c, struct pv_err *e);
PV_RESULT pv_checkpoint_read(struct pv_checkpoint *out, struct pv_slice text, struct pv_err *e);
/*
 * Appends the note, signed with the log's key (the key's name is the origin). Never for two roots of one size: (size,
 * root) must be durable before.
 */
PV_RESULT pv_checkpoint_sign(struct pv_buf *note, const struct pv_checkpoint *c,
    const struct pv_pair *log_key, struct pv_err *e);

/* ---- policies ---- */

#define PV_POLICY_MAX 65536 /* bytes of a policy file */
#define PV_POLICY_OF  256   /* logs, and witnesses, and groups, at most */

struct pv_log_policy; /* lives in an arena */

/* log VKEY [URL], witness NAME VKEY [URL], group NAME all|any|K NAMES, quorum NAME|none. Errors carry the line. */
PV_RESULT pv_log_policy_read(
    const struct pv_log_policy **out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);
/* One log, and any k of the witnesses (k 0: none needed). */
PV_RESULT pv_log_policy_make(const struct pv_log_policy **out, const struct pv_vkey *log,
    const struct pv_vkey *witnesses, size_t count, size_t k, struct pv_arena *a, struct pv_err *e);
const struct pv_vkey *pv_log_policy_logs(const struct pv_log_policy *p, size_t *count);
const struct pv_vkey *pv_log_policy_witnesses(const struct pv_log_policy *p, size_t *count);
struct pv_slice pv_log_policy_log_url(const struct pv_log_policy *p, size_t i); /* empty: none */
struct pv_slice pv_log_policy_witness_url(
    const struct pv_log_policy *p, size_t i); /* empty: none */
struct pv_slice pv_log_policy_witness_name(const struct pv_log_policy *p, size_t i);

/* ---- verifying ---- */

struct pv_checkpoint_seen {
	struct pv_checkpoint checkpoint;
	struct pv_note note;
	struct pv_vkey log; /* the key that signed */
	size_t witnesses;   /* how many of the policy's witnesses cosigned */
	bool quorum;        /* enough of them */
	uint64_t
	    time; /* a quorum cosigned at this time or later; 0 when no quorum is asked or reached */
};
/*
 * A note signed by one of the policy's logs, under its own name as the origin. UNTRUSTED when it is not, or when a known
 * signature is wrong. Too few cosignatures are an answer: look at quorum. bytes must outlive what is seen.
 */
PV_RESULT pv_checkpoint_see(struct pv_checkpoint_seen *out, struct pv_slice bytes,
    const struct pv_log_policy *p, struct pv_arena *a, struct pv_err *e);
/* The same, and UNTRUSTED without a quorum. */
PV_RESULT pv_checkpoint_open(struct pv_checkpoint_seen *out, struct pv_slice bytes,
    const struct pv_log_policy *p, struct pv_arena *a, struct pv_err *e);

#endif
