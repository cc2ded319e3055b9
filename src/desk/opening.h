/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opening that takes a while: decided and journalled in the beginning, then
 * handed over piece by piece. Clock and orders are looked at before each piece
 * (DESIGN 6.3), by whatever desk of the home is at hand; what was refused in
 * the middle is journalled as cut. Inside of the desk.
 */
#ifndef PV_DESK_OPENING_H
#define PV_DESK_OPENING_H

#include "desk/home.h"

#define PV_PIECE (1024 * 1024)

struct pv_opening;

/*
 * As pv_desk_open_report, but that nothing is written anywhere (out_path is only checked: "-"). *out stays NULL when it was
 * refused: answer->refused says why. What is asked is copied; the answer lives as long as the opening, or in a.
 */
PV_RESULT pv_opening_begin(struct pv_opening **out, struct pv_desk *d,
    const struct pv_open_ask *ask, struct pv_arena *a, struct pv_open_answer *answer,
    struct pv_err *e);
/* Gives up what it holds, the key first; the texts of its answer live on in a (NULL: nowhere). Nothing is journalled. */
void pv_opening_free(struct pv_opening *o, struct pv_arena *a);

uint64_t pv_opening_size(const struct pv_opening *o);
uint64_t pv_opening_left(const struct pv_opening *o); /* bytes that have left */

/*
 * The content from offset on, which must not lie beyond what has left: one piece, empty at the end; borrowed until the
 * next call. *going false: it was looked at again and is refused now; that is journalled, *told says why, and there is
 * nothing more to read.
 */
PV_RESULT pv_opening_read(struct pv_opening *o, struct pv_desk *d, uint64_t offset,
    struct pv_slice *piece, bool *going, struct pv_arena *a, struct pv_told *told,
    struct pv_err *e);
/* All of it was taken: the answer to a request is used up. */
PV_RESULT pv_opening_end(struct pv_opening *o, struct pv_desk *d, struct pv_err *e);
/*
 * It was not taken whole: "not-given" when nothing left, or when what left is known to be destroyed; else nothing is
 * said, and it counts as given. After a refusal in the middle it does nothing.
 */
PV_RESULT pv_opening_drop(
    struct pv_opening *o, struct pv_desk *d, bool destroyed, const char *why, struct pv_err *e);

#endif
