/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets in a table of fixed size: a flood of names pushes out those that asked least lately, and costs no memory. */
#ifndef PV_GATEWAY_BUCKET_H
#define PV_GATEWAY_BUCKET_H

#include "base/slice.h"

struct pv_buckets;

/* rate: so many a second, and burst at once. Not locked. */
struct pv_buckets *pv_buckets_new(uint64_t rate, uint64_t burst);
/* From any thread, from now on. */
void pv_buckets_set(struct pv_buckets *b, uint64_t rate, uint64_t burst);
void pv_buckets_free(struct pv_buckets *b);
/* One is taken from name's bucket. False: it is empty, and *retry_s says when it is not. */
bool pv_bucket_take(struct pv_buckets *b, struct pv_slice name, uint64_t now_ms, unsigned *retry_s);

#endif
