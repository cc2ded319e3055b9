/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP tlog-proof v1: a file that shows, without a network, that an entry is in a log. Suffix .tlog-proof.
 *
 *	c2sp.org/tlog-proof@v1
 *	extra BASE64            (optional, proves nothing)
 *	index 73894
 *	BASE64                  (a hash a line, the leaf's sibling first)
 *
 *	CHECKPOINT              (a signed note, as it is)
 */
#ifndef PV_TLOG_PROOF_H
#define PV_TLOG_PROOF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tlog/checkpoint.h"
#include "tlog/tree.h"

struct pv_proof {
	uint64_t index;
	struct pv_tree_proof path;
	struct pv_slice checkpoint; /* the note */
	bool has_extra;
	struct pv_slice extra; /* decoded */
};

void pv_proof_write(struct pv_buf *out, const struct pv_proof *p);
/* checkpoint is borrowed from bytes; extra is in the arena. */
PV_RESULT pv_proof_read(
    struct pv_proof *out, struct pv_slice bytes, struct pv_arena *a, struct pv_err *e);
/* Entry, path and checkpoint, under the policy and its quorum. UNTRUSTED when one of them does not hold. */
PV_RESULT pv_proof_verify(struct pv_checkpoint_seen *out, const struct pv_proof *p,
    struct pv_slice entry, const struct pv_log_policy *policy, struct pv_arena *a,
    struct pv_err *e);
/* The same when only the entry's leaf hash is known. */
PV_RESULT pv_proof_verify_hash(struct pv_checkpoint_seen *out, const struct pv_proof *p,
    const uint8_t leaf[PV_HASH], const struct pv_log_policy *policy, struct pv_arena *a,
    struct pv_err *e);

#endif
