/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow. A vector of T is any struct with members T *at; size_t n, cap;
 *
 *	PV_VEC(struct pv_slice) names = { 0 };
 *	*PV_VEC_ADD(&names) = s;
 *	for (size_t i = 0; i < names.n; i++) use(names.at[i]);
 *	PV_VEC_FREE(&names);
 */
#ifndef PV_BASE_VEC_H
#define PV_BASE_VEC_H

#include <stddef.h>

#include "base/mem.h"

#define PV_VEC(T)              \
	struct {               \
		T *at;         \
		size_t n, cap; \
	}

void *pv_vec_room(void *at, size_t n, size_t *cap, size_t size);

/* The address of a new last element, not zeroed. */
#define PV_VEC_ADD(v) \
	((v)->at = pv_vec_room((v)->at, (v)->n, &(v)->cap, sizeof(*(v)->at)), &(v)->at[(v)->n++])
#define PV_VEC_FREE(v)                 \
	do {                           \
		pv_free((v)->at);      \
		(v)->at = NULL;        \
		(v)->n = (v)->cap = 0; \
	} while (0)

#endif
