/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order logs from files, without a home: what `decide` stands on. Signed notes
 * are checked as in a home; with `bare` the records are taken as they are, in
 * the order of their times.
 */
#ifndef PV_CLI_LOGS_H
#define PV_CLI_LOGS_H

#include "cli/cmd.h"
#include "core/decide.h"

struct pv_logs;

/*
 * Each of paths is a file or folder (a log of its own), or ORIGIN=PATH (paths with
 * the same origin are one log). When something is wrong with the records it is
 * told here, all of it; NULL then, and *status is the exit status.
 */
struct pv_logs *pv_logs_load(
    struct pv_run *r, const char *const *paths, size_t n, bool bare, int *status);
void pv_logs_free(struct pv_logs *logs);
void pv_logs_freep(struct pv_logs **logs);
struct pv_origins pv_logs_origins(const struct pv_logs *logs);

#endif
