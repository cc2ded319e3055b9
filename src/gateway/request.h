/* SPDX-License-Identifier: Apache-2.0 */
/* What a front reads of a request besides its route: who it says it is, and from where. */
#ifndef PV_GATEWAY_REQUEST_H
#define PV_GATEWAY_REQUEST_H

#include "gateway/config.h"
#include "gateway/edge.h"

/* The tables of all edges, in the order of `edge` labels in /metrics. */
#define PV_EDGE_TABLES                                                                       \
	pv_edge_page, pv_edge_files, pv_edge_api, pv_edge_taxii, pv_edge_kas, pv_edge_authzen, \
	    pv_edge_door, pv_edge_log, pv_edge_register, pv_edge_oauth
#define PV_EDGE_NAMES \
	"page", "files", "api", "taxii", "kas", "authzen", "door", "log", "register", "oauth"

/*
 * From the value of Authorization, one header or none. False: it is not to be read, and *status (400 or 401) and *why say so.
 * Another scheme than Bearer and Basic is no credential.
 */
bool pv_authorization_read(struct pv_slice value, bool basic, struct pv_arena *a,
    struct pv_credential *out, int *status, const char **why);
/* The address that counts for limits: the peer's, or the last of X-Forwarded-For when the peer is a proxy of ours. */
struct pv_slice pv_forwarded_for(
    struct pv_slice peer, struct pv_slice forwarded, const struct pv_config_names *proxies);

#endif
