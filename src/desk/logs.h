/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs as others' tools read them: checkpoints, tiles, entry bundles (C2SP
 * tlog-tiles), and what a witness does (C2SP tlog-witness), on both sides.
 *
 * Both logs are open to everybody: what is private stands in them as salted
 * digests only.
 */
#ifndef PV_DESK_LOGS_H
#define PV_DESK_LOGS_H

#include "desk/desk.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

/* ---- tiles.c ---- */

/* The newest checkpoint of "orders", "journal" or an origin that is held here, with all cosignatures of that very tree. */
PV_RESULT pv_desk_log_checkpoint(
    struct pv_desk *d, struct pv_slice log, struct pv_buf *note, struct pv_err *e);
/* *found false: no such log, or the tile is not (yet) in the tree that the newest checkpoint speaks of. */
PV_RESULT pv_desk_log_tile(struct pv_desk *d, struct pv_slice log, const struct pv_tile *t,
    struct pv_buf *out, bool *found, struct pv_err *e);

/* ---- witness.c ---- */

enum pv_witnessed {
	PV_WITNESS_REFUSED =
	    0,              /* 400: old is larger than the checkpoint's size, or it does not read */
	PV_WITNESS_UNKNOWN, /* 404: not a log that is known here */
	PV_WITNESS_UNSIGNED, /* 403: not signed by that log's key */
	PV_WITNESS_CONFLICT, /* 409: old is not the size last seen; that is in size */
	PV_WITNESS_UNPROVEN, /* 422: the proof does not fit, or another root for the same size */
	PV_WITNESS_SIGNED,   /* 200: the cosignature line is in line */
};
struct pv_witness_ask {
	uint64_t old;
	struct pv_tree_proof proof;
	struct pv_slice checkpoint; /* the note */
};
struct pv_witness_answer {
	enum pv_witnessed what;
	uint64_t size;
	struct pv_slice line;
	struct pv_slice why;
};
/* "old N", hashes, an empty line, the checkpoint (C2SP tlog-witness); checkpoint is borrowed from body. */
PV_RESULT pv_witness_read(struct pv_witness_ask *out, struct pv_slice body, struct pv_err *e);
/* What is signed was made durable before. Known are the own two logs, those followed, and those named by a `key` of use signer. */
PV_RESULT pv_desk_witness(struct pv_desk *d, const struct pv_witness_ask *ask, struct pv_arena *a,
    struct pv_witness_answer *out, struct pv_err *e);
/* The newest checkpoint that was cosigned here, by the hex SHA-256 of its origin. */
PV_RESULT pv_desk_witnessed(struct pv_desk *d, struct pv_slice origin_hex, struct pv_arena *a,
    struct pv_slice *note, bool *found, struct pv_err *e);
/* The vkey under which this home cosigns as a witness; its key is made when it is first asked for. */
PV_RESULT pv_desk_witness_vkey(
    struct pv_desk *d, struct pv_arena *a, struct pv_slice *vkey, struct pv_err *e);

/*
 * The other side: to each standing `key` record of use witness whose binding is its address the newest checkpoint of both own
 * logs is shown, unless it has cosigned that one; what it signs is kept with the checkpoint. post() is one HTTPS POST:
 * *status and the answer's body. How many cosigned, and what went wrong last (empty: nothing).
 */
struct pv_witness_post {
	PV_RESULT (*post)(void *ctx, struct pv_slice url, struct pv_slice body, int *status,
	    struct pv_buf *answer, struct pv_err *e);
	void *ctx;
};
struct pv_witness_round {
	unsigned asked, cosigned;
	struct pv_slice trouble;
};
PV_RESULT pv_desk_witness_round(struct pv_desk *d, const struct pv_witness_post *by,
    struct pv_arena *a, struct pv_witness_round *out, struct pv_err *e);

/* ---- register.c: the public orders, for everybody ---- */

struct pv_register_row {
	struct pv_record order;
	uint64_t index, since,
	    ended; /* its entry in the order log; ended: PV_NEVER while it stands */
	bool in_force, hold;
	struct pv_slice ended_by;
	struct pv_slice condition_status; /* "unknown", "holds" ...; empty: it has no condition */
	struct pv_slice note;             /* as signed */
};
PV_RESULT pv_desk_register(struct pv_desk *d, struct pv_arena *a,
    const struct pv_register_row **rows, size_t *n, struct pv_err *e);

#endif
