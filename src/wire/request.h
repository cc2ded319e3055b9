/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers in the shape of the AuthZEN Authorization API 1.0, a
 * JSON object a line. Unknown members are ignored, as AuthZEN says; wrong types
 * are errors. Names are taken as they are: one that is undeclared, or not even
 * well-formed, is answered by the rules. docs/protocol/request.md is the page.
 */
#ifndef PV_WIRE_REQUEST_H
#define PV_WIRE_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/decide.h"

#define PV_REQUEST_MAX     (1024 * 1024) /* bytes */
#define PV_REQUEST_DEEP    16            /* derived_from within derived_from */
#define PV_REQUEST_SOURCES 1024          /* in all */

/* Kept from one request to the next, so that reading allocates nothing once it is warm. Zero it to begin. */
struct pv_request_reader {
	struct pv_json *doc;
	struct pv_arena *arena;
};
void pv_request_reader_free(struct pv_request_reader *r);

/*
 * Reads one request. What it holds is valid until the reader's next. id is empty when it has none. default_s stands in
 * for an absent context.time; 0: there is no such, and absence is an error. Errors carry the field path, and line as
 * given (0: the request's own lines) with the column.
 */
PV_RESULT pv_request_read(struct pv_request *out, struct pv_slice *id, struct pv_slice text,
    uint64_t default_s, unsigned line, struct pv_request_reader *r, struct pv_err *e);

/*
 * Appends the answer as a line with its line feed. ids and obligations as pv_decide() gave them. extra: more members of
 * the context, as JSON ("\"explain\":[...]"); empty: none.
 */
void pv_answer_write(struct pv_buf *out, struct pv_slice id, const struct pv_decision *d,
    const struct pv_obligations *obligations, struct pv_slice extra);
/* One obligation as a JSON object. */
void pv_obligation_write(struct pv_jsonw *w, const char *name, const struct pv_obligation *o);

#endif
