/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keeper does without being asked, turn by turn: keeps its own proof
 * young, follows partners' order logs, shows its logs to witnesses, drops what
 * nobody came for. It may wait for others, so it has a thread and a desk.
 */
#ifndef PV_GATEWAY_CHORES_H
#define PV_GATEWAY_CHORES_H

#include "desk/desk.h"
#include "gateway/logger.h"
#include "gateway/outside.h"
#include "gateway/stats.h"

struct pv_chores;
struct pv_service;

/* All are borrowed. */
struct pv_chores *pv_chores_new(struct pv_desk *d, struct pv_service *service,
    struct pv_outside *outside, const struct pv_logger *log, struct pv_keeper_stats *stats);
void pv_chores_free(struct pv_chores *c);
void pv_chores_turn(struct pv_chores *c); /* about once a second */

#endif
