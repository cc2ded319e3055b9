/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes between a front and the keeper: frames on a stream socket, a
 * fixed header and then its parts, one after the other. Numbers are little
 * endian, so that a written frame reads the same everywhere.
 *
 *	0  u32 "PVQ1"      4  u32 kind     8  u64 id (of the question)
 *	16 u32 call        20 u32 flags    24 u32 word
 *	28 u32 length of each of the six parts; 52 ends the header
 *
 *	            call   flags            word       parts
 *	ASK         index  credential kind  -          credential text, its secret, peer, JSON, tail
 *	CANCEL      -      -                -
 *	REPLY       -      reply kind       retry_s    what, field, fix, JSON, tail; call: the error's code
 *	CHANGED     -      -                -          what
 *
 * Whoever reads a frame that is not exactly so closes the line.
 */
#ifndef PV_GATEWAY_FRAME_H
#define PV_GATEWAY_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define PV_FRAME_HEAD     52
#define PV_FRAME_PARTS    6
#define PV_FRAME_NAME_MAX 16384 /* credential, peer, message */
#define PV_FRAME_JSON_MAX (24u << 20)
#define PV_FRAME_TAIL_MAX (24u << 20)

enum pv_frame_kind {
	PV_FRAME_NONE = 0,
	PV_FRAME_ASK,
	PV_FRAME_CANCEL,
	PV_FRAME_REPLY,
	PV_FRAME_CHANGED
};

/* The parts by their place. */
enum {
	PV_PART_TEXT = 0,
	PV_PART_SECRET = 1,
	PV_PART_PEER = 2,
	PV_PART_JSON = 3,
	PV_PART_TAIL = 4,
	PV_PART_SPARE = 5, /* always empty */

	PV_PART_WHAT = 0,
	PV_PART_FIELD = 1,
	PV_PART_FIX = 2,
};

struct pv_frame {
	enum pv_frame_kind kind;
	uint64_t id;
	uint32_t call, flags, word;
	struct pv_slice part[PV_FRAME_PARTS];
};

enum pv_frame_got { PV_FRAME_BAD = 0, PV_FRAME_MORE, PV_FRAME_DONE };

void pv_frame_write(const struct pv_frame *f, struct pv_buf *out);
/* Reads one from the beginning of text: *used bytes were it, parts point into text. MORE: *used is how many are needed in all. */
enum pv_frame_got pv_frame_read(struct pv_frame *out, struct pv_slice text, size_t *used);

#endif
