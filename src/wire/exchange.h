/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two gateways say to each other when a report is asked for: a request,
 * and a reply that grants or refuses. Each is one canonical JSON line (the
 * text of a signed note), so that it can pass as a file as well as by HTTP.
 * docs/protocol/exchange.md is the page.
 *
 * The readers are strict: unknown members, wrong types and sizes over the
 * limits are refused. Signatures are the caller's business.
 */
#ifndef PV_WIRE_EXCHANGE_H
#define PV_WIRE_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/record.h"

#define PV_EXCHANGE_MAX (256 * 1024)

/* The recipient's passport and request in one: party, person, one purpose, one audience, short. */
struct pv_exchange_request {
	struct pv_slice id;     /* "q-" and 32 hex digits */
	struct pv_slice log;    /* the originator's order log: for nobody else */
	struct pv_slice issuer; /* the party whose gateway vouches */
	struct pv_slice party, person, purpose, channel;
	struct pv_slice report;
	struct pv_slice label; /* lower-case hex digest, as the sealed file has it */
	uint64_t time, expires;
	/* the key access object of the sealed file */
	struct pv_slice kid, wrap_type, wrapped, ephemeral, policy, binding;
	struct pv_slice client_key; /* PEM SPKI, made for this request alone */
};

struct pv_exchange_reply {
	bool granted;
	struct pv_slice request; /* its id */
	struct pv_slice digest;  /* lower-case hex SHA-256 of the request's text */
	struct pv_slice log, issuer, report;
	uint64_t time;
	struct pv_slice journal; /* the journal's origin and the place in it */
	uint64_t journal_index;
	struct pv_names disclosures; /* of that entry: what it says about the asker */
	/* granted */
	struct pv_slice release;
	struct pv_slice wrapped;     /* base64, to the client key */
	struct pv_slice session_key; /* PEM, for EC; else empty */
	struct pv_slice label;       /* the signed note of the label */
	struct pv_slice terms;       /* JSON array of the obligations, canonical */
	struct pv_names agreements;
	/* refused: a reference alone, or the reason for who may know it */
	struct pv_slice reference;
	struct pv_slice reason;
	struct pv_names orders;      /* ids */
	struct pv_names order_notes; /* the signed notes of those that are public */
};

PV_RESULT pv_exchange_request_read(
    struct pv_exchange_request *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);
void pv_exchange_request_write(const struct pv_exchange_request *r, struct pv_buf *out);
PV_RESULT pv_exchange_reply_read(
    struct pv_exchange_reply *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);
void pv_exchange_reply_write(const struct pv_exchange_reply *r, struct pv_buf *out);

#endif
