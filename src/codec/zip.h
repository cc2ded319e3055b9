/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zip of OpenTDF: two stored entries and nothing else (APPNOTE 6.3.10).
 *
 * The writer makes the frame only; the caller writes it and the entries' bytes
 * wherever they go, a pipe too, since nothing is mended afterwards:
 *
 *	w = pv_zip_writer_new();
 *	pv_zip_begin(w, PV_SLICE("0.payload"), &frame);  write frame, clear it
 *	pv_zip_add(w, bytes);                            write bytes, as often as needed
 *	pv_zip_end(w, &frame);                           write frame, clear it
 *	... the manifest likewise ...
 *	pv_zip_finish(w, &frame);                        write frame
 *
 * The reader is strict: two zip programs must not see two different files. The
 * bytes of a container are two local headers, two entries, their descriptors
 * and one directory, each named by the others, with nothing between them,
 * before or after.
 */
#ifndef PV_CODEC_ZIP_H
#define PV_CODEC_ZIP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define PV_ZIP_ENTRIES 2

struct pv_zip_writer;

struct pv_zip_writer *pv_zip_writer_new(void);
void pv_zip_writer_free(struct pv_zip_writer *w);
void pv_zip_writer_freep(struct pv_zip_writer **w);
/* Appends what stands before an entry's bytes. name is copied, at most 64 bytes; at most PV_ZIP_ENTRIES entries. */
void pv_zip_begin(struct pv_zip_writer *w, struct pv_slice name, struct pv_buf *frame);
/* Counts and sums bytes that the caller writes; keeps none. */
void pv_zip_add(struct pv_zip_writer *w, struct pv_slice bytes);
/* Appends what stands after an entry's bytes. */
void pv_zip_end(struct pv_zip_writer *w, struct pv_buf *frame);
/* Appends the directory, the end of the file. */
void pv_zip_finish(struct pv_zip_writer *w, struct pv_buf *frame);
/* Size of the file so far: the frame and what was added. */
uint64_t pv_zip_size(const struct pv_zip_writer *w);

/* CRC-32 of more bytes; begins with 0. */
uint32_t pv_zip_crc(uint32_t crc, struct pv_slice bytes);

/* Gives all n bytes at an offset, or fails; never asked beyond size. */
struct pv_zip_file {
	struct pv_status (*read_at)(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e);
	void *ctx;
	uint64_t size;
};

struct pv_zip_wanted {
	struct pv_slice name;
	uint64_t max_size;
};

struct pv_zip_entry {
	uint64_t at, size;
	uint32_t crc; /* as the file states it: who reads the bytes compares */
};

struct pv_zip {
	struct pv_zip_entry
	    entries[PV_ZIP_ENTRIES]; /* as wanted, whatever their order in the file */
	bool
	    exact; /* the frame is, byte for byte, the one that our writer makes of these entries in this order */
};

/* UNTRUSTED says which rule the file breaks; LIMIT an entry above its max_size; else what read_at says. */
PV_RESULT pv_zip_read(struct pv_zip *out, struct pv_zip_file file,
    const struct pv_zip_wanted wanted[PV_ZIP_ENTRIES], struct pv_err *e);

#endif
