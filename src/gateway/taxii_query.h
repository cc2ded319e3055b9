/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a TAXII request (TAXII 2.1 3.4), read strictly: what is said twice or not understood is refused. */
#ifndef PV_GATEWAY_TAXII_QUERY_H
#define PV_GATEWAY_TAXII_QUERY_H

#include "desk/taxii.h"

/* Puts limit, next and the filters that ask->what has into ask. False: *why says what is wrong. Fields of others are ignored. */
bool pv_taxii_query_read(
    struct pv_slice query, struct pv_arena *a, struct pv_taxii_ask *ask, const char **why);

#endif
