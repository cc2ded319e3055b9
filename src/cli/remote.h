/* SPDX-License-Identifier: Apache-2.0 */
/* A desk behind a gateway's API: which gateway, with which credential, and how it is known to be the right one. */
#ifndef PV_CLI_REMOTE_H
#define PV_CLI_REMOTE_H

#include "cli/cmd.h"
#include "desk/desk.h"

/* The gateway that was named by --gateway or PROVISO_GATEWAY; NULL: none, the home on this machine is meant. */
const char *pv_gateway_named(const struct pv_run *r);
/* Of a command that works on files of a home: an error when --gateway was given. */
PV_RESULT pv_gateway_refuse(const struct pv_run *r, struct pv_err *e);
/* Meets it. */
PV_RESULT pv_gateway_open(
    struct pv_run *r, const char *url, struct pv_desk **out, struct pv_err *e);

#endif
