/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite VFS over the system's own that fails when told to, counts, and keeps
 * an image of what a power cut would leave. One at a time, for one thread's use
 * of the settings; the counters may be read from any.
 */
#ifndef PV_TESTS_FAULT_VFS_H
#define PV_TESTS_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_VFS "proviso-fault"

enum fault_kind {
	FAULT_NONE = 0,
	FAULT_DISK,  /* any call: EIO */
	FAULT_SPACE, /* writes, and what makes a file longer: no space */
};

struct fault {
	enum fault_kind kind;
	uint64_t at;    /* the call that fails, counted from 1 */
	bool once;      /* else all from there on */
	uint64_t calls; /* of the kinds of call that can fail, since fault_set */
	uint64_t syncs; /* since the start */
	bool hit;       /* the fault has happened */
	const char
	    *image; /* a folder: each file's bytes are copied there as it is synced; NULL: none */
};

extern struct fault fault;

/* Makes the VFS known, once. */
void fault_vfs_add(void);
/* Begins to count anew. */
void fault_set(enum fault_kind kind, uint64_t at, bool once);

#endif
