/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/protobuf.h"

#include "base/mem.h"

#define NUMBER_MAX ((1u << 29) - 1)

/* ---- reading ---- */

static bool
read_varint(struct pv_slice *rest, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && rest->n > 0; shift += 7) {
		uint8_t c = (uint8_t)*rest->p;

		rest->p++;
		rest->n--;
		if (shift == 63 && c > 1)
			return false; /* more than 64 bits */
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = v;
			return true;
		}
	}
	return false;
}

/* Little-endian. */
static bool
read_fixed(struct pv_slice *rest, size_t n, uint64_t *out)
{
	*out = 0;
	if (rest->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		*out |= (uint64_t)(uint8_t)rest->p[i] << (8 * i);
	*rest = pv_slice_sub(*rest, n, rest->n);
	return true;
}

static bool
read_bytes(struct pv_slice *rest, struct pv_slice *out)
{
	uint64_t n;

	if (!read_varint(rest, &n) || n > rest->n)
		return false;
	*out = pv_slice_sub(*rest, 0, (size_t)n);
	*rest = pv_slice_sub(*rest, (size_t)n, rest->n);
	return true;
}

static bool
read_field(struct pv_slice *rest, struct pv_pb_field *f)
{
	uint64_t key;

	*f = (struct pv_pb_field){ 0 };
	if (!read_varint(rest, &key) || key >> 3 == 0 || key >> 3 > NUMBER_MAX)
		return false;
	f->number = (uint32_t)(key >> 3);
	switch (key & 7) {
	case PV_PB_VARINT:
		f->wire = PV_PB_VARINT;
		return read_varint(rest, &f->value);
	case PV_PB_64:
		f->wire = PV_PB_64;
		return read_fixed(rest, 8, &f->value);
	case PV_PB_BYTES:
		f->wire = PV_PB_BYTES;
		return read_bytes(rest, &f->bytes);
	case PV_PB_32:
		f->wire = PV_PB_32;
		return read_fixed(rest, 4, &f->value);
	default: /* groups, and what is not assigned */
		return false;
	}
}

bool
pv_pb_next(struct pv_slice *rest, struct pv_pb_field *f, bool *bad)
{
	*bad = false;
	if (rest->n == 0)
		return false;
	*bad = !read_field(rest, f);
	return !*bad;
}

/* ---- writing ---- */

static void
write_varint(struct pv_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		pv_buf_add_c(out, (char)(uint8_t)(v | 0x80));
	pv_buf_add_c(out, (char)(uint8_t)v);
}

static void
write_key(struct pv_buf *out, uint32_t number, enum pv_pb_wire wire)
{
	write_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

void
pv_pb_add_varint(struct pv_buf *out, uint32_t number, uint64_t value)
{
	write_key(out, number, PV_PB_VARINT);
	write_varint(out, value);
}

void
pv_pb_add_bytes(struct pv_buf *out, uint32_t number, struct pv_slice bytes)
{
	write_key(out, number, PV_PB_BYTES);
	write_varint(out, bytes.n);
	pv_buf_add(out, bytes);
}

void
pv_pb_add_text(struct pv_buf *out, uint32_t number, struct pv_slice text)
{
	if (text.n != 0)
		pv_pb_add_bytes(out, number, text);
}

/* ---- google/protobuf/struct.proto ---- */

enum { VALUE_NULL = 1, VALUE_NUMBER, VALUE_STRING, VALUE_BOOL, VALUE_STRUCT, VALUE_LIST };
enum { STRUCT_FIELDS = 1, LIST_VALUES = 1, MAP_KEY = 1, MAP_VALUE = 2 };

static void
write_double(struct pv_buf *out, uint32_t number, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	write_key(out, number, PV_PB_64);
	for (unsigned i = 0; i < 8; i++)
		pv_buf_add_c(out, (char)(uint8_t)(bits >> (8 * i)));
}

/* The depth is that of a document that was read: PV_JSON_DEPTH at most. */
void
pv_pb_add_struct(struct pv_buf *out, uint32_t number, const struct pv_json *doc, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(doc, i);
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };

	for (uint32_t c = node->first; c != PV_JSON_NONE; c = pv_json_at(doc, c)->next) {
		PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };

		if (node->type == PV_JSON_ARRAY) {
			pv_pb_add_value(&all, LIST_VALUES, doc, c);
			continue;
		}
		pv_pb_add_bytes(&entry, MAP_KEY, pv_json_at(doc, c)->name);
		pv_pb_add_value(&entry, MAP_VALUE, doc, c);
		pv_pb_add_bytes(&all, STRUCT_FIELDS, pv_buf_slice(&entry));
	}
	pv_pb_add_bytes(out, number, pv_buf_slice(&all));
}

void
pv_pb_add_value(struct pv_buf *out, uint32_t number, const struct pv_json *doc, uint32_t i)
{
	const struct pv_json_node *node = pv_json_at(doc, i);
	PV_AUTO(pv_buf_free) struct pv_buf value = { 0 };

	switch (node->type) {
	case PV_JSON_NULL:
		pv_pb_add_varint(&value, VALUE_NULL, 0);
		break;
	case PV_JSON_BOOL:
		pv_pb_add_varint(&value, VALUE_BOOL, node->integer != 0);
		break;
	case PV_JSON_INT:
	case PV_JSON_REAL:
		write_double(&value, VALUE_NUMBER, node->real);
		break;
	case PV_JSON_STRING:
		pv_pb_add_bytes(&value, VALUE_STRING, node->text);
		break;
	case PV_JSON_ARRAY:
		pv_pb_add_struct(&value, VALUE_LIST, doc, i);
		break;
	case PV_JSON_OBJECT:
		pv_pb_add_struct(&value, VALUE_STRUCT, doc, i);
		break;
	}
	pv_pb_add_bytes(out, number, pv_buf_slice(&value));
}
