/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: JSON <-> struct pv_record. Reading is strict (unknown members, wrong
 * types, names that are not well-formed, times out of order are refused) and
 * says where: the field path, line and column. Whether a name is declared, and
 * whether the issuer may, is judged by the fold (core/state.h).
 *
 * Writing gives the canonical line (RFC 8785); read(write(x)) is x.
 */
#ifndef PV_WIRE_RECORD_H
#define PV_WIRE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/record.h"

#define PV_RECORD_MAX (32 * 1024) /* bytes of the canonical line */

/*
 * BARE: policy testing without signatures. `log` may be absent; lists, maps and objects may be left out and count as
 * empty, save those that must not be empty, and `except`.
 * DRAFT: not signed yet. `log`, `time`, `issuer` and `basis` may be absent; the signer fills them in.
 * LABEL: a report that is yet to be shared: what sharing fills in may be absent too.
 * NEW: no id yet; who takes it in gives it one.
 */
#define PV_READ_BARE  1u
#define PV_READ_DRAFT 2u
#define PV_READ_LABEL 4u
#define PV_READ_NEW   8u

/*
 * Reads value `node` of doc. All text is copied into the arena; out->line is the canonical text. Errors carry the
 * field path and where the value stands in the document (of an unknown member: its name).
 */
PV_RESULT pv_record_read(struct pv_record *out, const struct pv_json *doc, uint32_t node,
    unsigned flags, struct pv_arena *a, struct pv_err *e);
/* The same from text, which holds one record and nothing else. */
PV_RESULT pv_record_read_text(struct pv_record *out, struct pv_slice text, unsigned flags,
    struct pv_arena *a, struct pv_err *e);
/* Appends the canonical line, without a newline. Of a draft, what is empty is left out. */
void pv_record_write(const struct pv_record *r, struct pv_buf *out);
/* Writes r into the arena and sets r->line. */
void pv_record_seal(struct pv_record *r, struct pv_arena *a);
/*
 * Where the value at a field path stands, or the nearest thing above it that is there: for errors that come later, from
 * the fold. Line and column from 1.
 */
void pv_record_place(
    const struct pv_json *doc, uint32_t node, struct pv_slice path, unsigned *line, unsigned *col);

#endif
