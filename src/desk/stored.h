/* SPDX-License-Identifier: Apache-2.0 */
/* A log's tree, read from the store. Inside of the desk. */
#ifndef PV_DESK_STORED_H
#define PV_DESK_STORED_H

#include "desk/home.h"
#include "tlog/tile.h"

/* "orders" (or nothing), "journal", or an origin. */
struct pv_slice pv_log_name(const struct pv_desk *d, struct pv_slice log);
/* INPUT when there is no such log. */
PV_RESULT pv_log_find(
    struct pv_store_view *v, struct pv_slice log, struct pv_store_head *head, struct pv_err *e);
/* Its newest note, the cosigned one where there is one as new. DOWN when none was signed yet. */
PV_RESULT pv_log_newest(struct pv_store_view *v, struct pv_slice log, struct pv_arena *a,
    struct pv_store_checkpoint *out, struct pv_err *e);
PV_RESULT pv_log_entry_at(struct pv_store_view *v, struct pv_slice log, uint64_t index,
    struct pv_buf *out, struct pv_err *e);

/* The tiles of log in v, for pv_tiles_new(); both must outlive the source. */
struct pv_stored_log {
	struct pv_store_view *v;
	struct pv_slice log;
};
struct pv_tile_source pv_log_tiles(struct pv_stored_log *log);

#endif
