/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an error is told: what failed in one line, with its place; the line it
 * stands in, underlined; the advice; whose turn it is. On stderr, or with
 * --json as one object on stdout. Returns the exit status.
 */
#ifndef PV_CLI_FAIL_H
#define PV_CLI_FAIL_H

#include "cli/cmd.h"

/* text: the source that e names, when it is at hand; else PV_NO_SLICE. */
int pv_fail(struct pv_run *r, const struct pv_err *e, struct pv_slice text);
/* Many errors of one source, then `last` as the last line (may be NULL). The exit status is that of the gravest. */
int pv_fail_all(struct pv_run *r, const struct pv_err *errors, size_t n, struct pv_slice text,
    const char *last);
int pv_exit_of(enum pv_code code);

#endif
