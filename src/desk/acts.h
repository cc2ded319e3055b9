/* SPDX-License-Identifier: Apache-2.0 */
/* How acts lie in the order log and in the store. Inside of the desk. */
#ifndef PV_DESK_ACTS_H
#define PV_DESK_ACTS_H

#include "crypto/hash.h"
#include "desk/home.h"

/* The row's body: the vkeys that were verified, one line each, an empty line, the note (a bare record has none). */
void pv_act_row_write(
    struct pv_buf *out, const struct pv_slice *signers, size_t n, struct pv_slice note);
PV_RESULT pv_act_row_read(struct pv_slice body, struct pv_arena *a, struct pv_record *r,
    const struct pv_slice **signers, size_t *n, struct pv_err *e);
struct pv_slice pv_act_row_note(struct pv_slice body);

/* The newest row of that id; its body lives in a. */
PV_RESULT pv_act_standing(struct pv_desk *d, struct pv_slice origin, struct pv_slice id,
    struct pv_arena *a, struct pv_store_row *row, bool *found, struct pv_err *e);

/* Whether the act stands in the log as itself (docs/protocol/order-log.md). */
bool pv_act_public(const struct pv_state *s, const struct pv_record *r);
/* The entry of a private act: the digest of its salt and note, and its tags (desk/audience.h). */
void pv_act_private_entry(struct pv_buf *out, const uint8_t digest[PV_HASH], struct pv_slice tags);
/* Is this entry that of a private act? Then *digest is its commitment (32 bytes). */
bool pv_act_private_read(struct pv_slice entry, uint8_t digest[PV_HASH]);
/* Appends its tags, eight bytes each. */
bool pv_act_private_tags(struct pv_slice entry, struct pv_buf *tags);
void pv_act_private_digest(const uint8_t salt[32], struct pv_slice note, uint8_t digest[PV_HASH]);

/* SHA-256 of the genesis' canonical line and its line feed. */
void pv_genesis_digest(const struct pv_record *genesis, uint8_t digest[PV_HASH]);

PV_RESULT pv_read_file(struct pv_buf *out, const char *path, size_t limit, struct pv_err *e);

#endif
