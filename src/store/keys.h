/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of keys that erasure destroys. A key is 32 bytes at 32 * its id, so
 * it can be overwritten where it lies: no journal, log or free page ever held
 * another copy. All zeros: destroyed, or never given out. The file is kept out
 * of backups, else a restore would undo an erasure.
 */
#ifndef PV_STORE_KEYS_H
#define PV_STORE_KEYS_H

#include "store/store.h"

struct pv_keys;

/*
 * Nothing is made or read before the first use. first is asked only where the
 * file must be made: the id to begin with, beyond all that rows name already.
 */
struct pv_keys *pv_keys_new(
    const char *path, size_t batch, bool writable, const struct pv_env *env);
void pv_keys_free(struct pv_keys *k);

bool pv_keys_there(const struct pv_keys *k);
PV_RESULT pv_keys_make(struct pv_keys *k, uint64_t first, struct pv_err *e);
PV_RESULT pv_keys_take(
    struct pv_keys *k, uint64_t *id, uint8_t key[PV_STORE_KEY], struct pv_err *e);
PV_RESULT pv_keys_get(
    struct pv_keys *k, uint64_t id, uint8_t key[PV_STORE_KEY], bool *found, struct pv_err *e);
PV_RESULT pv_keys_destroy(struct pv_keys *k, uint64_t id, struct pv_err *e);
PV_RESULT pv_keys_copy(struct pv_keys *k, const char *dst, struct pv_err *e);

#endif
