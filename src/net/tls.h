/* SPDX-License-Identifier: Apache-2.0 */
/* TLS contexts for the server: 1.2 and 1.3, no 0-RTT, sessions resumed by tickets, client certificates asked for and verified. */
#ifndef PV_NET_TLS_H
#define PV_NET_TLS_H

#include "base/err.h"
#include "base/slice.h"

struct ssl_ctx_st;

struct pv_tls_use {
	struct pv_slice certificate; /* PEM, the chain */
	struct pv_slice key;         /* PEM; the caller wipes it */
	struct pv_slice
	    client_ca; /* PEM; empty: any certificate is taken, and counts by its key's digest alone */
};
/* A client certificate is asked for, never demanded; one that does not verify ends the handshake. */
PV_RESULT pv_tls_server(struct ssl_ctx_st **out, const struct pv_tls_use *use, struct pv_err *e);
void pv_tls_free(struct ssl_ctx_st *tls);

/* A P-256 key and a certificate signed with it, for these names and addresses; both as PEM, in a. For a first start. */
struct pv_arena;
PV_RESULT pv_tls_self_signed(const struct pv_slice *names, size_t name_count, uint64_t from_s,
    uint64_t until_s, struct pv_arena *a, struct pv_slice *certificate, struct pv_slice *key,
    struct pv_err *e);
/* "AB:CD:..." of the SHA-256 of the first certificate in pem. */
PV_RESULT pv_tls_fingerprint(
    struct pv_slice certificate, struct pv_arena *a, struct pv_slice *out, struct pv_err *e);
/* Lower-case hex SHA-256 of a certificate's public key (SPKI): what a `key` record of use tls binds. */
struct x509_st;
void pv_tls_spki(const struct x509_st *certificate, char hex[65]);

#endif
