/* SPDX-License-Identifier: Apache-2.0 */
/* Fields as protobuf.dev/programming-guides/encoding has them, Struct as struct.proto, and bodies by gzip. */
#include "codec/protobuf.h"

#include <libdeflate.h>

#include "base/mem.h"
#include "codec/gunzip.h"
#include "codec/hex.h"
#include "tap.h"

static void
reading(void)
{
	static const struct {
		const char *hex;
		bool good;
		const char *name;
	} rows[] = {
		{ "", true, "nothing is an empty message" },
		{ "089601", true, "a varint, as the guide has it" },
		{ "120774657374696e67", true, "a text" },
		{ "0d01020304", true, "32 bits" },
		{ "110102030405060708", true, "64 bits" },
		{ "08ffffffffffffffffff01", true, "the largest varint" },
		{ "08ffffffffffffffffff02", false, "one of more than 64 bits" },
		{ "08ffffffffffffffffffff01", false, "one of eleven bytes" },
		{ "08", false, "a varint that is not there" },
		{ "0880", false, "one that does not end" },
		{ "12077465", false, "a length beyond the end" },
		{ "12ffffffffffffffffff0174", false, "a length beyond all" },
		{ "0b0c", false, "a group" },
		{ "0200", false, "field 0" },
		{ "0e", false, "a kind that is not assigned" },
		{ "8280808010", false, "a field number of 30 bits" },
		{ "0d010203", false, "32 bits of which 24 are there" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
		struct pv_slice rest;
		struct pv_pb_field f;
		bool bad;

		if (!pv_hex_read(&bytes, pv_slice_of(rows[i].hex)))
			tap_ok(false, "%s", rows[i].hex);
		rest = pv_buf_slice(&bytes);
		while (pv_pb_next(&rest, &f, &bad))
			;
		tap_ok(bad == !rows[i].good, "%s: %s", rows[i].name,
		    rows[i].good ? "is read" : "is refused");
	}
}

static void
values(void)
{
	struct pv_slice rest = PV_SLICE("\x08\x96\x01\x12\x02hi\x0d\x04\x03\x02\x01");
	struct pv_pb_field f;
	bool bad;

	tap_ok(pv_pb_next(&rest, &f, &bad) && f.number == 1 && f.wire == PV_PB_VARINT &&
		   f.value == 150,
	    "150 is 96 01");
	tap_ok(pv_pb_next(&rest, &f, &bad) && f.number == 2 && pv_slice_is(f.bytes, "hi"),
	    "a text is where it stands");
	tap_ok(pv_pb_next(&rest, &f, &bad) && f.wire == PV_PB_32 && f.value == 0x01020304,
	    "numbers are little-endian");
	tap_ok(!pv_pb_next(&rest, &f, &bad) && !bad, "then it is over");
}

static void
structs(void)
{
	static const char want[] = "0a2b"                                 /* field 1, a Struct */
				   "0a070a016112022001"                   /* "a": true */
				   "0a100a0162120b32090a031a01630a020800" /* "b": ["c", null] */
				   "0a0e0a016e120911000000000000f83f";    /* "n": 1.5 */
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	struct pv_err e;

	if (!pv_ok(pv_json_read(
		&doc, PV_SLICE("{\"a\":true,\"b\":[\"c\",null],\"n\":1.5}"), 1000, &e)))
		tap_ok(false, "%s", e.what);
	pv_pb_add_struct(&out, 1, doc, 0);
	pv_hex_write(&hex, pv_buf_slice(&out));
	tap_str(pv_buf_str(&hex), want, "a Struct has an entry for each member");
}

static void
gzip(void)
{
	static char plain[100000];
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	char packed[4096];
	size_t n;
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

	memset(plain, 'x', sizeof(plain));
	n = libdeflate_gzip_compress(c, plain, sizeof(plain), packed, sizeof(packed) - 1);
	libdeflate_free_compressor(c);
	tap_ok(n != 0 && pv_gunzip(&out, pv_slice_mem(packed, n), sizeof(plain)) &&
		   pv_slice_eq(pv_buf_slice(&out), pv_slice_mem(plain, sizeof(plain))),
	    "what was compressed comes out");
	pv_buf_clear(&out);
	tap_ok(!pv_gunzip(&out, pv_slice_mem(packed, n), sizeof(plain) - 1) && out.n == 0,
	    "not when it is a byte too much");
	tap_ok(!pv_gunzip(&out, pv_slice_mem(packed, n - 1), sizeof(plain)) && out.n == 0,
	    "not without its end");
	packed[n] = 'x';
	tap_ok(!pv_gunzip(&out, pv_slice_mem(packed, n + 1), sizeof(plain)) && out.n == 0,
	    "not with more behind it");
	tap_ok(!pv_gunzip(&out, PV_SLICE("plain"), sizeof(plain)), "what was not is refused");
}

int
main(void)
{
	reading();
	values();
	structs();
	gzip();
	return tap_done();
}
