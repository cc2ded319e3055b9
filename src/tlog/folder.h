/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a folder in the layout of C2SP tlog-tiles (checkpoint, tile/L/N, tile/entries/N), to be served by any web
 * server, carried on a stick, verified by anybody.
 */
#ifndef PV_TLOG_FOLDER_H
#define PV_TLOG_FOLDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

/* ---- writing ---- */

struct pv_folder_entries {
	/* Appends entry index to out; asked for in order, each once. */
	struct pv_status (*entry)(void *ctx, uint64_t index, struct pv_buf *out, struct pv_err *e);
	void *ctx;
};

/*
 * Writes all that belongs to the checkpoint (a signed note; its signature is not looked at), and the checkpoint last:
 * whoever reads it finds every file it speaks of, whenever we stop. What is there already is left alone if it is the same, and
 * refused if it is not (UNTRUSTED). So is a checkpoint whose root the entries do not give, and one older than that of the
 * folder. The folder is made if it is not there.
 */
PV_RESULT pv_folder_write(const char *folder, struct pv_slice checkpoint,
    const struct pv_folder_entries *entries, struct pv_err *e);

/* ---- reading ---- */

/* The file's bytes appended. INPUT when it is not there. A partial tile or bundle may be cut from the full one. */
PV_RESULT pv_folder_read_checkpoint(const char *folder, struct pv_buf *out, struct pv_err *e);
PV_RESULT pv_folder_read_tile(
    const char *folder, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e);
/* For pv_tiles_new: ctx is the folder's path (const char *). */
struct pv_tile_source pv_folder_tiles(const char *folder);

/* ---- verifying ---- */

enum pv_fault_kind {
	PV_FAULT_ENTRY = 0,  /* entry index has a hash that is not the signed tree's */
	PV_FAULT_ENTRY_GONE, /* entry index is missing: its bundle is missing or cut off */
	PV_FAULT_BUNDLE,     /* bytes after the bundle's last entry */
	PV_FAULT_TILE,       /* the tile is not what the signed tree has, or is not whole */
	PV_FAULT_TILE_GONE,
	PV_FAULT_RANGE, /* among the entries from index to last at least one is not as signed; the tiles do not tell which */
};

struct pv_fault {
	enum pv_fault_kind kind;
	uint64_t index,
	    last; /* entries; last == index but for PV_FAULT_RANGE and tiles, which cover several */
	struct pv_tile tile; /* where it was found: bundle or tile */
	bool has_known;      /* has is what the entry hashes to */
	bool want_known;     /* want is what the signed tree has, proven */
	uint8_t has[PV_HASH], want[PV_HASH];
	struct pv_slice entry; /* what it says now, when it is there */
};

#define PV_FOLDER_FAULTS 1000 /* kept; more are counted */

struct pv_folder_report {
	bool good; /* signature, quorum, root, every entry, every tile */
	/* the checkpoint */
	bool signature_good; /* signed by a log of the policy, no known signature is wrong */
	struct pv_err signature_err; /* why not */
	struct pv_checkpoint_seen
	    seen;       /* checkpoint and note are filled in even when the signature is not good */
	bool root_good; /* the tree under the checkpoint can be made of tiles and entries */
	uint64_t entries_good;         /* of seen.checkpoint.size */
	uint64_t tiles, tiles_good;    /* hash tiles */
	const struct pv_fault *faults; /* in order: entries, then tiles */
	size_t fault_count;            /* kept here */
	size_t faults_more;            /* and not kept */
};

/*
 * Looks at every entry, every tile, the root, and the signature. What does not hold is in the report; an error comes back only
 * when there is nothing to judge (no folder, no checkpoint, not readable, too large). At most limit entries (0: 2^26).
 * visit, if given, sees each entry whose hash is the signed tree's, in order.
 */
struct pv_folder_visit {
	struct pv_status (*entry)(
	    void *ctx, uint64_t index, struct pv_slice bytes, struct pv_err *e);
	void *ctx;
};
PV_RESULT pv_folder_verify(struct pv_folder_report *out, const char *folder,
    const struct pv_log_policy *policy, uint64_t limit, const struct pv_folder_visit *visit,
    struct pv_arena *a, struct pv_err *e);

#endif
