/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of records: JSON values one after another (one a line, or pretty, or in
 * a list), each optionally followed by an empty line and signature lines
 * ("— name base64"), so that signed notes set end to end are such a file, and
 * mixtures are too. What `proviso apply` takes and `proviso export` gives.
 *
 *	struct pv_file f;
 *	PV_TRY(pv_file_open(&f, bytes, "records.jsonl", e));
 *	for (;;) {
 *		PV_TRY(pv_file_next(&f, &item, &more, arena, e));
 *		if (!more)
 *			break;
 *		PV_TRY(pv_file_record(&f, &item, &record, 0, arena, e));
 *	}
 *	pv_file_close(&f);
 *
 * A failure of pv_file_record() leaves the stream usable, so that all that is
 * wrong with a file can be told. One of pv_file_next() too when f.broken is
 * false; else nothing after it can be trusted and no more comes.
 */
#ifndef PV_WIRE_FILE_H
#define PV_WIRE_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/record.h"

#define PV_FILE_MAX     (256U * 1024 * 1024)
#define PV_ITEM_RAW_MAX (256U * 1024) /* of one value as it stands in the file, with its blanks */

struct pv_item {
	struct pv_slice raw; /* the value as it stands in the file (borrowed from its bytes) */
	unsigned line, col;  /* where it begins, from 1 */
	struct pv_slice
	    signatures; /* its signature lines, each with its line feed; empty when unsigned */
	unsigned signatures_line;
};

struct pv_file {
	struct pv_slice bytes;
	const char *source;
	size_t at;
	unsigned line;      /* of at */
	size_t line_from;   /* where that line begins */
	unsigned list_line; /* in a list that began there; 0: in none */
	bool list_more;     /* a comma was read */
	bool broken;
	struct pv_json *doc; /* of the last item */
};

/* Borrows bytes and source until closed. */
PV_RESULT pv_file_open(
    struct pv_file *f, struct pv_slice bytes, const char *source, struct pv_err *e);
void pv_file_close(struct pv_file *f);
/* The next value and its signature lines; *more is false at the end. Errors carry source, line and column. */
PV_RESULT pv_file_next(
    struct pv_file *f, struct pv_item *out, bool *more, struct pv_arena *a, struct pv_err *e);
/* The last item as a record. One that is signed must stand in canonical form: it is what was signed. */
PV_RESULT pv_file_record(struct pv_file *f, const struct pv_item *item, struct pv_record *out,
    unsigned flags, struct pv_arena *a, struct pv_err *e);
/* Gives an error that came later (from the fold) its source, line and column by e->field. */
void pv_item_place(const struct pv_item *item, const char *source, struct pv_err *e);
/* Appends a record as it stands in a file: the line, and when there are signature lines an empty line and them. */
void pv_item_write(struct pv_buf *out, struct pv_slice line, struct pv_slice signatures);

#endif
