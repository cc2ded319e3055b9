/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to number: open addressing, keys borrowed (they must outlive the map).
 * Seeded, so that a hostile set of names cannot make it slow.
 */
#ifndef PV_BASE_MAP_H
#define PV_BASE_MAP_H

#include "base/slice.h"

#define PV_MAP_NONE UINT32_MAX

struct pv_map;

struct pv_map *pv_map_new(size_t expected);
void pv_map_free(struct pv_map *m);
void pv_map_freep(struct pv_map **m);
/* Sets key to value (not PV_MAP_NONE), whether it was there or not. */
void pv_map_set(struct pv_map *m, struct pv_slice key, uint32_t value);
/* PV_MAP_NONE when key is not there. */
uint32_t pv_map_get(const struct pv_map *m, struct pv_slice key);
size_t pv_map_count(const struct pv_map *m);
size_t pv_map_bytes(const struct pv_map *m);
/* A seeded 64-bit hash, the same within one process. */
uint64_t pv_hash64(struct pv_slice key);

#endif
