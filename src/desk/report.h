/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as a home keeps them: shared from here, or held in custody for another. Inside of the desk. */
#ifndef PV_DESK_REPORT_H
#define PV_DESK_REPORT_H

#include "desk/home.h"
#include "seal/seal.h"

struct pv_kept {
	struct pv_record label;
	struct pv_slice note;   /* the label as its originator signed it */
	struct pv_slice digest; /* lower-case hex, of the canonical label */
	struct pv_slice place;  /* path of the sealed file, relative to the home */
	struct pv_slice state;  /* "shared", "held" */
	uint64_t created;
	struct pv_names custodians; /* held: this home's party */
	struct pv_slice share;      /* held: the share, wrapped to the own KAS key (base64) */
};

PV_RESULT pv_report_find(struct pv_desk *d, struct pv_slice id, struct pv_arena *a,
    struct pv_kept *out, bool *found, struct pv_err *e);
PV_RESULT pv_report_row_read(struct pv_desk *d, const struct pv_store_row *row, struct pv_arena *a,
    struct pv_kept *out, struct pv_err *e);
struct pv_store_change pv_report_row(const struct pv_kept *h, const uint8_t sealed_id[32],
    struct pv_slice content_hex, struct pv_arena *a);

/*
 * A file that was sealed elsewhere (ask->fd) becomes a report of ours, its bytes kept as they came. prove() is given the
 * copy that is kept and says what is in it; row goes with the journal's entry.
 */
struct pv_adopting {
	PV_RESULT (*prove)(void *ctx, int fd, struct pv_seal_content *content, uint8_t id[32],
	    struct pv_store_change *row, struct pv_err *e);
	void *ctx;
	struct pv_slice person;
};
PV_RESULT pv_report_adopt(struct pv_desk *d, struct pv_share_ask *ask,
    const struct pv_adopting *how, struct pv_arena *a, struct pv_share_answer *out,
    struct pv_err *e);

/* A sealed file on the disk, read at offsets; close(fd) is the caller's. */
struct pv_seal_file pv_report_file(int *fd, uint64_t size);
struct pv_seal_sink pv_report_sink(int *fd);

#endif
