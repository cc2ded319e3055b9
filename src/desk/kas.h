/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key service of OpenTDF (docs/protocol/opentdf.md): which keys it has, and
 * the rewrap of a share. What the container says is only where to look: the
 * label that decides is the recorded one, of a report of ours by its id and
 * digest, of a foreign file by its registration (desk/tdf.h).
 *
 * The edge has read the protocol; what comes here are its fields. Inside of the desk.
 */
#ifndef PV_DESK_KAS_H
#define PV_DESK_KAS_H

#include "desk/batch.h"
#include "desk/caller.h"

#define PV_KAS_ITEMS_MAX  64  /* shares in one request */
#define PV_KAS_FQNS_MAX   250 /* attributes in one question */
#define PV_KAS_BAD_MINUTE 30  /* shares that do not open, of one caller; more are not tried */
#define PV_CHANNEL_TDF    PV_SLICE("exchange.tdf")

/* ---- what anybody may ask ---- */

struct pv_kas_key {
	struct pv_slice algorithm, kid, pem; /* "rsa:2048", "ec:secp256r1" */
};
struct pv_kas_keys {
	const struct pv_kas_key *rows; /* the first one is what new files are best wrapped to */
	size_t count;
	struct pv_slice url; /* as sealed files name this service */
};
PV_RESULT pv_desk_kas_keys(
    struct pv_desk *d, struct pv_arena *a, struct pv_kas_keys *out, struct pv_err *e);

/* ---- attributes ---- */

struct pv_kas_attributes_ask {
	struct pv_names fqns;
};
struct pv_kas_attributes {
	struct pv_names unknown; /* also those that the caller may not see */
	struct pv_slice url;     /* of the key service, as sealed files name it */
};
/* An attribute is one of a standing agreement from or to the caller's party, or of any for who oversees it. */
PV_RESULT pv_desk_kas_attributes(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_kas_attributes_ask *ask, struct pv_arena *a, struct pv_kas_attributes *out,
    struct pv_err *e);

/* ---- rewrap ---- */

struct pv_rewrap_item {
	struct pv_slice type, kid; /* of the key access object */
	struct pv_slice policy;    /* base64 text */
	struct pv_slice wrapped;   /* base64 */
	struct pv_slice ephemeral; /* PEM, as pv_wrap_pub_write() has it; of type ec-wrapped */
	struct pv_slice binding;   /* base64 */
};
struct pv_rewrap_ask {
	struct pv_slice client_key; /* PEM, as pv_wrap_pub_write() has it */
	struct pv_names purposes;   /* that the request states */
	const struct pv_rewrap_item *rows;
	size_t count;
};

enum pv_rewrap_says {
	PV_REWRAP_REFUSED = 0,
	PV_REWRAP_GRANTED,
	PV_REWRAP_TAMPERED, /* what is told of it is "bad request" */
	PV_REWRAP_INVALID,  /* text says what */
	PV_REWRAP_PURPOSE,  /* none is stated, or one that this caller may not state */
	PV_REWRAP_LIMITED,  /* too many that did not open */
	PV_REWRAP_FAILED,   /* text says why; nothing was given */
};
extern const char *const pv_rewrap_words[];

/* What is left empty is not told to this caller. */
struct pv_rewrapped {
	enum pv_rewrap_says says;
	struct pv_slice wrapped; /* base64, to the client's key */
	struct pv_slice release, reference, reason, lifted_by, text;
	struct pv_names orders;
	uint64_t journal_index;
};
struct pv_rewrap {
	const struct pv_rewrapped *rows; /* as many as were asked for */
	size_t count;
	struct pv_slice session_key; /* PEM, for a P-256 client key */
	uint64_t deliver_ms;         /* what was granted must have arrived by then */
	struct pv_names may_state;   /* PURPOSE: what the caller's own credential allows */
	uint64_t stood;              /* pv_kas_stood() of the last look */
};
/* Grows with every entry of every order log that is held here. */
struct pv_kas_standing {
	uint64_t stood;
};
uint64_t pv_kas_stood(const struct pv_desk *d);

/* Proves, decides, lays the entries. ask must live until the batch is finished. */
struct pv_rewrapping;
PV_RESULT pv_rewrap_begin(struct pv_rewrapping **out, struct pv_batch *b,
    const struct pv_caller *who, const struct pv_rewrap_ask *ask, struct pv_arena *a,
    struct pv_err *e);
/* They are durable: looks again at what was granted and wraps it. */
PV_RESULT pv_rewrap_finish(
    struct pv_rewrapping *w, struct pv_batch *b, struct pv_rewrap *out, struct pv_err *e);

/* ---- for tdf.c ---- */

/*
 * The own key of that kid, loaded once; NULL: none is. Without a kid it is the RSA key, as old clients mean it: for files
 * that are, or become, registered, where it is proved to be the one.
 */
PV_RESULT pv_kas_own_key(
    struct pv_desk *d, struct pv_slice kid, const struct pv_wrap_key **out, struct pv_err *e);

#endif
