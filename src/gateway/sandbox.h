/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process of the daemon gives up before it reads the first byte from
 * outside: new privileges, files (Landlock), system calls (seccomp). Where the
 * kernel has no Landlock the rest holds.
 */
#ifndef PV_GATEWAY_SANDBOX_H
#define PV_GATEWAY_SANDBOX_H

#include "base/err.h"
#include "gateway/logger.h"

/* The front: opens no file, makes no socket, starts no program. Before its threads. */
PV_RESULT pv_sandbox_front(const struct pv_logger *log, struct pv_err *e);
/* The keeper: writes below home only, reads what the system's libraries need and ca (NULL: none), starts no program. */
PV_RESULT pv_sandbox_keeper(
    const char *home, const char *ca, const struct pv_logger *log, struct pv_err *e);

#endif
