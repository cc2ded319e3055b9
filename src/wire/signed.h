/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a signed note to what the fold wants: the vkeys whose signatures are
 * good, among those that the log knows (of a genesis: those that it names).
 * Whether these keys may is judged by pv_state_apply().
 */
#ifndef PV_WIRE_SIGNED_H
#define PV_WIRE_SIGNED_H

#include "base/arena.h"
#include "base/err.h"
#include "core/state.h"

/*
 * note: r's line, an empty line, signature lines. UNTRUSTED when the signature of a key that the log knows does not match
 * the text, even beside good ones. Signers that it does not know are passed over: count may be 0.
 */
PV_RESULT pv_signed_verify(const struct pv_state *s, const struct pv_record *r,
    struct pv_slice note, struct pv_arena *a, const struct pv_slice **signers, size_t *count,
    struct pv_err *e);
/* The names of those who signed with keys that the log does not know. */
PV_RESULT pv_signed_unknown(const struct pv_state *s, const struct pv_record *r,
    struct pv_slice note, struct pv_arena *a, struct pv_names *out, struct pv_err *e);

#endif
