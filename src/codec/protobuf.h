/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol Buffers, as much of the wire format as messages of strings, bytes and
 * messages within messages need (protobuf.dev/programming-guides/encoding):
 * a reader that goes from field to field and copies nothing, and a writer.
 */
#ifndef PV_CODEC_PROTOBUF_H
#define PV_CODEC_PROTOBUF_H

#include "base/buf.h"
#include "base/slice.h"
#include "codec/json.h"

enum pv_pb_wire { PV_PB_VARINT = 0, PV_PB_64 = 1, PV_PB_BYTES = 2, PV_PB_32 = 5 };

struct pv_pb_field {
	uint32_t number; /* from 1 */
	enum pv_pb_wire wire;
	uint64_t value;        /* VARINT, 64, 32 */
	struct pv_slice bytes; /* BYTES: points into the text */
};

/*
 * The next field of *rest. False at the end, and where the text is none: *bad says which. Groups, field numbers that
 * are 0 or too large, varints of more than 64 bits, lengths beyond the end are none.
 */
bool pv_pb_next(struct pv_slice *rest, struct pv_pb_field *f, bool *bad);

void pv_pb_add_varint(struct pv_buf *out, uint32_t number, uint64_t value);
void pv_pb_add_bytes(struct pv_buf *out, uint32_t number, struct pv_slice bytes);
/* Nothing when it is empty, as the default value is not written. */
void pv_pb_add_text(struct pv_buf *out, uint32_t number, struct pv_slice text);

/* The JSON object or array i as a google.protobuf.Struct or ListValue, any value as a google.protobuf.Value. */
void pv_pb_add_struct(struct pv_buf *out, uint32_t number, const struct pv_json *doc, uint32_t i);
void pv_pb_add_value(struct pv_buf *out, uint32_t number, const struct pv_json *doc, uint32_t i);

#endif
