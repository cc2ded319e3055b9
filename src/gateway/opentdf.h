/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of OpenTDF's services (docs/protocol/opentdf.md), in JSON and in
 * Protocol Buffers: what SDKs send, as the desk takes it, and the desk's answers
 * in the forms that SDKs read. Unknown members are ignored, as protojson does;
 * both spellings of names and all of base64 are taken.
 */
#ifndef PV_GATEWAY_OPENTDF_H
#define PV_GATEWAY_OPENTDF_H

#include "base/buf.h"
#include "desk/kas.h"

#define PV_OPENTDF_BODY_MAX (1024u * 1024)
#define PV_OPENTDF_SKEW_S   60

/* ---- small questions ---- */

/* One text member of a message: by its JSON names ("publicKey public_key"), or its number. Empty: it is not there. */
PV_RESULT pv_opentdf_text(struct pv_slice body, bool proto, const char *names, uint32_t number,
    struct pv_arena *a, struct pv_slice *out, struct pv_err *e);
/* The list of texts likewise. */
PV_RESULT pv_opentdf_texts(struct pv_slice body, bool proto, const char *names, uint32_t number,
    struct pv_arena *a, struct pv_names *out, struct pv_err *e);

/* ---- rewrap ---- */

struct pv_opentdf_ids {
	struct pv_slice policy, access; /* of a share: its policy's id, its own */
	size_t group;                   /* the request of the list that it came in */
};
struct pv_opentdf_rewrap {
	struct pv_rewrap_ask ask;
	const struct pv_opentdf_ids *ids; /* one a share */
	bool
	    bulk; /* has a list of requests: failures of shares are in the answer, not instead of it */
};

/* The request token (JWS, compact): its claims, not its signature: nobody vouches for its key. INPUT, LIMIT. */
PV_RESULT pv_opentdf_rewrap_read(struct pv_opentdf_rewrap *out, struct pv_slice token,
    uint64_t now_s, struct pv_arena *a, struct pv_err *e);
/* The purposes among the obligations that a caller says it can fulfil: X-Rewrap-Additional-Context. */
PV_RESULT pv_opentdf_purposes(
    struct pv_slice header, struct pv_arena *a, struct pv_names *out, struct pv_err *e);

/* How a failure is told: "permission_denied", and the text that SDKs look into. url: of this gateway. */
const char *pv_opentdf_code(enum pv_rewrap_says says);
void pv_opentdf_failure(const struct pv_rewrapped *r, struct pv_buf *out);
void pv_opentdf_rewrap_write(const struct pv_opentdf_rewrap *asked, const struct pv_rewrap *answer,
    struct pv_slice url, bool proto, struct pv_buf *out);

/* ---- answers without more to them ---- */

/* The JSON object that is at /.well-known/opentdf-configuration. */
void pv_opentdf_configuration(
    const struct pv_kas_keys *keys, struct pv_slice url, struct pv_buf *out);
/* GetAttributeValuesByFqns: attributes of which no more is said than that they are. */
void pv_opentdf_attributes(struct pv_names fqns, bool proto, struct pv_buf *out);
/* ListKeyAccessServers. */
void pv_opentdf_servers(struct pv_names urls, bool proto, struct pv_buf *out);

#endif
