/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of process that the parent forks: what each does from its first breath to its exit status. */
#ifndef PV_GATEWAY_PROCESS_H
#define PV_GATEWAY_PROCESS_H

#include "base/env.h"
#include "gateway/settings.h"
#include "gateway/stats.h"

#define PV_DRAIN_MS 10000 /* for what is in flight when the daemon is told to stop */

struct pv_process {
	const struct pv_config *config; /* of the start */
	const struct pv_given *given;   /* for those that come later */
	const struct pv_env *env;
	struct pv_logger log; /* its form and level change with the settings */
	struct pv_stats *stats;
	int control;
	size_t loops;
	const int *lines;     /* one a loop */
	const int *listeners; /* front: loops times listener_count, a loop's beside each other */
	size_t listener_count;
	const int *policy, *lookup; /* front: of Postfix, one a loop; -1: none */
	struct pv_slice url;
};

int pv_process_keeper(struct pv_process *p);
int pv_process_front(struct pv_process *p);

#endif
