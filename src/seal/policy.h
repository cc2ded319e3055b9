/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of a sealed file: what its key is bound to. OpenTDF's members
 * (uuid, dataAttributes, dissem), and in the body ours:
 *
 *	"proviso":{"label":"<hex sha-256>","origin":"...","originator":"...","report":"..."}
 *
 * It names the signed label and carries none of it: what decides is the label
 * recorded at the originator's (DESIGN 7).
 */
#ifndef PV_SEAL_POLICY_H
#define PV_SEAL_POLICY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define PV_POLICY_MAX            (64 * 1024) /* bytes of the JSON text */
#define PV_POLICY_ATTRIBUTES_MAX 256

struct pv_policy {
	struct pv_slice uuid;              /* as RFC 9562 writes it, lower case */
	const struct pv_slice *attributes; /* FQNs; may be none */
	size_t attribute_count;
	size_t
	    dissem_count; /* of a foreign file: persons or addresses; nothing here enforces them */
	bool ours; /* the four below are there; else a foreign file, which has none of them */
	struct pv_slice report, originator, origin;
	struct pv_slice label; /* lower-case hex SHA-256 of the canonical label record */
};

/* From the base64 text of the manifest; what out holds is in a. A policy of ours in any but our own form is refused. */
PV_RESULT pv_policy_read(
    struct pv_policy *out, struct pv_slice base64, struct pv_arena *a, struct pv_err *e);
/* Appends the base64 text. INPUT when it is one that the reader would refuse. */
PV_RESULT pv_policy_write(const struct pv_policy *p, struct pv_buf *out, struct pv_err *e);

#endif
