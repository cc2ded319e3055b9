/* SPDX-License-Identifier: Apache-2.0 */
/* struct pv_store, between store.c (the door) and submit.c (queue and group commit). */
#ifndef PV_STORE_PRIVATE_H
#define PV_STORE_PRIVATE_H

#include <pthread.h>

#include "store/backend.h"
#include "store/keys.h"
#include "store/reserve.h"

struct pv_store_queued;

struct pv_store {
	const struct pv_backend *b;
	void *db;
	struct pv_store_options o;
	struct pv_keys *keys;
	struct pv_reserve reserve;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;  /* something is queued, or it is time to stop */
	pthread_cond_t answers;
	struct pv_store_queued *first, **last;
	bool committing; /* somebody is at it: the thread, or one of those who wait */
	bool threaded, stop;
	pthread_t thread;
	uint64_t commits, submissions;
	uint64_t changed[PV_STORE_TABLES]; /* how often rows of it were, by this handle */
};

void pv_queue_open(struct pv_store *s);
/* Finishes what is queued. */
void pv_queue_close(struct pv_store *s);

#endif
