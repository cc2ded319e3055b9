/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The share of a payload key: wrapped to a KAS by who seals, unwrapped and
 * wrapped again by the KAS, unwrapped by who opens. Whether it may be is decided
 * elsewhere, after pv_share_unwrap and before pv_share_rewrap.
 *
 * What a wrapped share or a binding has wrong is one error, "bad request"
 * (UNTRUSTED), whatever it is: a KAS that tells them apart is an oracle.
 */
#ifndef PV_SEAL_SHARE_H
#define PV_SEAL_SHARE_H

#include "base/env.h"
#include "crypto/wrap.h"
#include "seal/manifest.h"

#define PV_SHARE 32 /* bytes of a share and of a payload key */

/* ---- who seals ---- */

/* A KAS that must say yes. */
struct pv_kas_pub {
	struct pv_slice url; /* as OpenTDF clients call it: https://host/kas */
	struct pv_slice kid; /* empty: pv_wrap_pub_kid() of the key */
	const struct pv_wrap_pub *key;
};

/* share wrapped to kas and bound to policy (base64 text). What out holds is in a, or borrowed from kas. */
PV_RESULT pv_share_wrap(struct pv_access *out, const struct pv_secret *share,
    const struct pv_kas_pub *kas, struct pv_slice policy, const struct pv_env *env,
    struct pv_arena *a, struct pv_err *e);

/* ---- the KAS ---- */

/* A KAS key. An access object must name its kid, and its url unless that is empty. */
struct pv_kas {
	struct pv_slice url; /* empty: not looked at */
	struct pv_slice kid; /* empty: pv_wrap_pub_kid() of the key */
	bool kidless; /* serves objects without a kid too (old clients); default is to refuse */
	const struct pv_wrap_key *key;
};

/*
 * The share, once it is proven that whoever wrapped it bound it to this very
 * policy text. INPUT: not for this key. UNTRUSTED: "bad request".
 */
PV_RESULT pv_share_unwrap(struct pv_secret **out, const struct pv_kas *kas,
    const struct pv_access *access, struct pv_slice policy, struct pv_err *e);
/* The answer: wrapped (base64) and, for a P-256 client key, session_pem are appended. INPUT when the client's key is none. */
PV_RESULT pv_share_rewrap(struct pv_buf *wrapped, struct pv_buf *session_pem,
    const struct pv_secret *share, struct pv_slice client_pem, const struct pv_env *env,
    struct pv_err *e);

/* ---- who opens ---- */

/* The share from the KAS's answer to the key that was made for the question. session_pem is empty for RSA. */
PV_RESULT pv_share_receive(struct pv_secret **out, const struct pv_wrap_key *client,
    struct pv_slice wrapped, struct pv_slice session_pem, struct pv_err *e);
/* UNTRUSTED unless access binds share to policy. */
PV_RESULT pv_share_check(const struct pv_secret *share, const struct pv_access *access,
    struct pv_slice policy, struct pv_err *e);
/* The payload key: XOR of all n shares (at least one), each of PV_SHARE bytes. */
struct pv_secret *pv_share_join(const struct pv_secret *const *shares, size_t n);

#endif
