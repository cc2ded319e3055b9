/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper lends to calls that take a while, one for all lanes: uploads
 * that can be resumed, in HOME/spool; openings on their way, by a handle that
 * only its caller knows; requests to other gateways. All of it expires, and a
 * caller has a limited number of each. Inside of the desk.
 */
#ifndef PV_DESK_SERVICE_H
#define PV_DESK_SERVICE_H

#include "desk/call.h"
#include "desk/opening.h"

#define PV_UPLOAD_MAX      (UINT64_C(64) << 30) /* bytes of one */
#define PV_UPLOADS_MAX     16                   /* of one caller */
#define PV_UPLOAD_LIFE_S   86400                /* since the last byte came */
#define PV_TRANSFERS_MAX   16                   /* of one caller; 256 in all */
#define PV_TRANSFER_IDLE_S 120

struct pv_service;

/* spool: made when it is first needed. env is borrowed. */
struct pv_service *pv_service_new(const char *home, const struct pv_env *env);
void pv_service_free(struct pv_service *s);
void pv_service_freep(struct pv_service **s);

/* ---- uploads ---- */

struct pv_upload {
	struct pv_slice id, name;
	bool has_size; /* else it is whole when the last piece says so */
	uint64_t size, offset, expires;
	bool whole;
	struct pv_slice report; /* it was shared as that */
};
/* Texts live in a. Somebody else's upload is not there. */
PV_RESULT pv_upload_begin(struct pv_service *s, const struct pv_caller *who,
    const struct pv_upload *ask, struct pv_arena *a, struct pv_upload *out, struct pv_err *e);
/* bytes must begin where it stands; last: they are the end. */
PV_RESULT pv_upload_append(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    uint64_t offset, struct pv_slice bytes, bool last, struct pv_arena *a, struct pv_upload *out,
    struct pv_err *e);
PV_RESULT pv_upload_look(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_arena *a, bool *found, struct pv_upload *out, struct pv_err *e);
PV_RESULT pv_upload_drop(
    struct pv_service *s, const struct pv_caller *who, struct pv_slice id, struct pv_err *e);
/* A whole one, to be read: its path in a. */
PV_RESULT pv_upload_take(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_arena *a, struct pv_upload *out, const char **path, struct pv_err *e);
/* It was shared as that report: its bytes go, its name stays until it expires. */
PV_RESULT pv_upload_used(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_slice report, struct pv_err *e);

/* ---- openings on their way ---- */

/* The service's from now on. *handle lives in a. */
PV_RESULT pv_transfer_add(struct pv_service *s, const struct pv_caller *who, struct pv_opening *o,
    struct pv_arena *a, struct pv_slice *handle, struct pv_err *e);
/* Whether there is room for one more of this caller: asked before anything is decided. */
PV_RESULT pv_transfer_room(struct pv_service *s, const struct pv_caller *who, struct pv_err *e);
/* For the caller's use alone until it is given back. Unknown, expired, another's: INPUT. */
PV_RESULT pv_transfer_borrow(struct pv_service *s, const struct pv_caller *who,
    struct pv_slice handle, struct pv_opening **out, struct pv_err *e);
/* over: it is done with, and freed; what it told lives on in a. */
void pv_transfer_return(struct pv_service *s, struct pv_opening *o, bool over, struct pv_arena *a);

/* What nobody came for is dropped and journalled: from time to time, by any lane. */
void pv_service_sweep(struct pv_service *s, struct pv_desk *d);

/* ---- other gateways ---- */

/*
 * POSTs a signed request to a gateway's /exchange/v1/ask and gives the reply's bytes. tls_key: hex SHA-256 of its public
 * key, or empty: then its certificate must verify under ca_path (NULL: the system's). DOWN: not reached.
 */
struct pv_exchange_at {
	struct pv_slice url, tls_key;
};
PV_RESULT pv_service_exchange(struct pv_service *s, const struct pv_exchange_at *at,
    struct pv_slice request, struct pv_buf *reply, struct pv_err *e);
/* A file of CAs for the gateways of others, from the configuration. */
void pv_service_ca(struct pv_service *s, const char *ca_path);

#endif
