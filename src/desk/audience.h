/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blinded tags (docs/protocol/order-log.md): by them, and by nothing else, a partner can tell that a text which was
 * meant for it is missing. Two homes have a key for each order log between them, from their P-256 KAS keys; the tag of
 * an entry is a MAC under it of the entry's digest. To everybody else it is random. Inside of the desk.
 */
#ifndef PV_DESK_AUDIENCE_H
#define PV_DESK_AUDIENCE_H

#include "crypto/hash.h"
#include "desk/home.h"

#define PV_TAG       8 /* bytes */
#define PV_TAG_SLOTS 8 /* an entry has a multiple of that many */

struct pv_audiences;

/*
 * The keys of log origin that this home has: of the own log with every partner that a peer record admits, of a copy
 * with whom it is of. None when a key is missing on either side: then nothing can be tagged or checked.
 */
PV_RESULT pv_audiences_open(
    struct pv_audiences **out, struct pv_desk *d, struct pv_slice origin, struct pv_err *e);
void pv_audiences_free(struct pv_audiences *m);
void pv_audiences_freep(struct pv_audiences **m);
size_t pv_audiences_count(const struct pv_audiences *m);

/* Of the own log: appends the tags of an act whose entry has that digest, at random places among random bytes. m may be NULL. */
void pv_audiences_tag(const struct pv_audiences *m, const struct pv_record *r,
    const uint8_t digest[PV_HASH], const struct pv_env *env, struct pv_buf *out);
/* Of a copy: whether the text of this entry is meant for us. */
bool pv_audiences_meant(const struct pv_audiences *m, struct pv_slice entry);

#endif
