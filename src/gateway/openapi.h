/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI 3.1 document of /api/v1, made from the table of calls and, for
 * what is no call by itself (event stream, content in pieces), from one of routes.
 */
#ifndef PV_GATEWAY_OPENAPI_H
#define PV_GATEWAY_OPENAPI_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the document, compact. */
void pv_openapi_write(struct pv_buf *out);
/* The same as it stands in docs/openapi.json: indented, with a line end. It fails when two schemas have one name. */
PV_RESULT pv_openapi_write_pretty(struct pv_buf *out, struct pv_err *e);

/* An operation that is no call of the table, by hand. */
struct pv_openapi_extra {
	const char *method, *path, *id, *summary;
	const char *takes, *gives; /* media types; NULL: no body */
	const char *query;         /* parameters, "name name ..."; NULL: none */
	const char *headers;       /* the same of request headers */
	int status;                /* of a good answer */
};
extern const struct pv_openapi_extra pv_openapi_extras[]; /* up to one without a method */

#endif
