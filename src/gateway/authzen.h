/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuthZEN Authorization API 1.0, its JSON alone: requests as the desk takes
 * them, answers as the protocol has them. What is not known is ignored, as the
 * text wants it; of what is known, types are strict.
 */
#ifndef PV_GATEWAY_AUTHZEN_H
#define PV_GATEWAY_AUTHZEN_H

#include "base/buf.h"
#include "desk/evaluate.h"

#define PV_AUTHZEN_BODY_MAX (1024u * 1024)

struct pv_authzen {
	bool many; /* the answer is a list */
	struct pv_evaluate_ask ask;
};

/*
 * batch: an `evaluations` that is there and not empty makes it many; then an item that lacks something is a question
 * that is wrong. All else that is wrong is an error, and the whole request is.
 */
PV_RESULT pv_authzen_read(
    struct pv_authzen *out, struct pv_slice body, bool batch, struct pv_arena *a, struct pv_err *e);

/* What stands in `context` beside the decision; and all of an answer, one or many. */
void pv_authzen_write(
    const struct pv_authzen *asked, const struct pv_evaluate_answer *answer, struct pv_buf *out);

/* Where things are, as /.well-known/authzen-configuration has it. */
void pv_authzen_metadata(struct pv_slice url, struct pv_buf *out);

#endif
