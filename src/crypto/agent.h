/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys held by an ssh-agent (draft-miller-ssh-agent), ssh-ed25519 only: unlock once, sign several times. What
 * the agent signs are raw bytes, so its signatures stand in signed notes like ours.
 */
#ifndef PV_CRYPTO_AGENT_H
#define PV_CRYPTO_AGENT_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/sign.h"

struct pv_agent;

struct pv_agent_key {
	uint8_t pub[PV_SIGN_PUB];
	struct pv_slice comment;
};

/* path NULL: that of SSH_AUTH_SOCK; CONFIG when it is not set, DOWN when nobody answers there. */
PV_RESULT pv_agent_open(struct pv_agent **out, const char *path, struct pv_err *e);
void pv_agent_close(struct pv_agent *g);
void pv_agent_closep(struct pv_agent **g);

PV_RESULT pv_agent_list(struct pv_agent *g, struct pv_arena *a, const struct pv_agent_key **keys,
    size_t *count, struct pv_err *e);
/* INPUT when the agent does not have the key, or its owner declined. The signature is verified before it is given. */
PV_RESULT pv_agent_sign(struct pv_agent *g, const uint8_t pub[PV_SIGN_PUB], struct pv_slice msg,
    uint8_t sig[PV_SIGN_SIG], struct pv_err *e);
/* The agent forgets it after lifetime_s (0: never by itself). */
PV_RESULT pv_agent_add(struct pv_agent *g, const struct pv_pair *pair, struct pv_slice comment,
    uint32_t lifetime_s, struct pv_err *e);
PV_RESULT pv_agent_remove(struct pv_agent *g, const uint8_t pub[PV_SIGN_PUB], struct pv_err *e);

#endif
