/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two line protocols that Postfix asks in, on loops of the front: policy
 * delegation (SMTPD_POLICY_README) at RCPT, and socketmap look-ups
 * (socketmap_table(5)) of the transport at delivery. Who stays silent, fails
 * closed: Postfix then answers 451, or keeps the message in its queue. So what
 * cannot be read or answered closes the connection and says nothing.
 */
#ifndef PV_GATEWAY_POSTFIX_H
#define PV_GATEWAY_POSTFIX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "desk/door.h"

/* ---- the protocols: pure ---- */

#define PV_POLICY_BYTES 16384 /* bytes of one request */
#define PV_LOOKUP_BYTES 4096  /* bytes of one key, with the map's name */

enum pv_line_read { PV_LINE_BAD = 0, PV_LINE_MORE, PV_LINE_DONE };

struct pv_policy_request {
	struct pv_slice request, protocol_state, sender, recipient, client_address, sasl_username,
	    key_fingerprint; /* ccert_pubkey_fingerprint: hex, the colons gone */
};
/* name=value lines up to an empty one. Texts are in text, but for the fingerprint (in a). *used: bytes of the request. */
enum pv_line_read pv_postfix_policy_read(
    struct pv_slice text, struct pv_arena *a, struct pv_policy_request *out, size_t *used);

struct pv_lookup_request {
	struct pv_slice map, key;
};
/* A netstring: "<length>:<map> <key>,". */
enum pv_line_read pv_lookup_read(struct pv_slice text, struct pv_lookup_request *out, size_t *used);

/* The reply to a request, with its ending. */
void pv_postfix_policy_write(const struct pv_door_answer *answer, struct pv_buf *out);
void pv_lookup_write(const struct pv_door_answer *answer, struct pv_buf *out);

/* ---- the listeners ---- */

struct event_base;
struct pv_front;
struct pv_postfix;

enum pv_postfix_kind { PV_POSTFIX_NONE = 0, PV_POSTFIX_POLICY, PV_POSTFIX_LOOKUP };

struct pv_postfix_use {
	struct pv_front *front;
	struct event_base *base;
	int listener; /* bound and listening, non-blocking; this one's from now on */
	enum pv_postfix_kind kind;
};

PV_RESULT pv_postfix_new(
    struct pv_postfix **out, const struct pv_postfix_use *use, struct pv_err *e);
void pv_postfix_drain(
    struct pv_postfix *p); /* no new connections; those open end with their answer */
bool pv_postfix_idle(const struct pv_postfix *p); /* drained, and none is open */
void pv_postfix_free(struct pv_postfix *p);

#endif
