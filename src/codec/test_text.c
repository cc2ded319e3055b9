/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/rfc3339.h"
#include "codec/utf8.h"
#include "tap.h"

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static void
base64_of_rfc4648(void)
{
	static const struct {
		struct pv_slice bytes;
		const char *padded, *bare;
	} rows[] = {
		{ BYTES(""), "", "" },
		{ BYTES("f"), "Zg==", "Zg" },
		{ BYTES("fo"), "Zm8=", "Zm8" },
		{ BYTES("foo"), "Zm9v", "Zm9v" },
		{ BYTES("foob"), "Zm9vYg==", "Zm9vYg" },
		{ BYTES("fooba"), "Zm9vYmE=", "Zm9vYmE" },
		{ BYTES("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
		{ BYTES("\xff\xfb\x00"), "//sA", "//sA" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf a = { 0 }, b = { 0 }, back = { 0 };

		pv_base64_write(&a, rows[i].bytes, PV_BASE64);
		tap_str(pv_buf_str(&a), rows[i].padded, rows[i].padded);
		pv_base64_write(&b, rows[i].bytes, PV_BASE64_BARE);
		tap_str(pv_buf_str(&b), rows[i].bare, rows[i].bare);
		tap_ok(pv_base64_read(&back, pv_buf_slice(&a), PV_BASE64) &&
			   pv_slice_eq(pv_buf_slice(&back), rows[i].bytes),
		    "\"%s\" is read back", rows[i].padded);
		pv_buf_clear(&back);
		tap_ok(pv_base64_read(&back, pv_buf_slice(&b), PV_BASE64_BARE) &&
			   pv_slice_eq(pv_buf_slice(&back), rows[i].bytes),
		    "\"%s\" is read back bare", rows[i].bare);
	}
}

static void
base64_is_strict(void)
{
	static const struct {
		const char *name;
		struct pv_slice text;
		enum pv_base64_form form;
		bool ok;
	} rows[] = {
		{ "the url alphabet has - and _", BYTES("-_8"), PV_BASE64_URL, true },
		{ "the url alphabet may be padded when asked", BYTES("-_8="), PV_BASE64_URL_PADDED,
		    true },
		{ "the url alphabet has no +", BYTES("+_8"), PV_BASE64_URL, false },
		{ "the standard alphabet has no -", BYTES("-/8="), PV_BASE64, false },
		{ "padding must be there when the form has it", BYTES("Zg"), PV_BASE64, false },
		{ "half of the padding is not enough", BYTES("Zg="), PV_BASE64, false },
		{ "padding must not be there when the form has none", BYTES("Zg=="), PV_BASE64_URL,
		    false },
		{ "three signs of padding are too many", BYTES("Z==="), PV_BASE64, false },
		{ "padding alone is nothing", BYTES("===="), PV_BASE64, false },
		{ "nothing stands after the padding", BYTES("Zg==Zg=="), PV_BASE64, false },
		{ "one letter is no byte", BYTES("Zm9vZ"), PV_BASE64_BARE, false },
		{ "bits that no byte uses are zero (4 bits)", BYTES("Zh=="), PV_BASE64, false },
		{ "bits that no byte uses are zero (2 bits)", BYTES("Zm9="), PV_BASE64, false },
		{ "no line end within", BYTES("Zm9v\nZg=="), PV_BASE64, false },
		{ "no line end after", BYTES("Zm9v\n"), PV_BASE64, false },
		{ "no blank before", BYTES(" Zm9v"), PV_BASE64, false },
		{ "no NUL", BYTES("Zm9\0"), PV_BASE64, false },
		{ "no byte above 127", BYTES("Zm9\xff"), PV_BASE64, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

		tap_ok(pv_base64_read(&out, rows[i].text, rows[i].form) == rows[i].ok &&
			   (out.n == 0) == !rows[i].ok,
		    "%s", rows[i].name);
	}
}

static void
hex(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	unsigned char two[2] = { 7, 7 };

	pv_hex_write(&out, PV_SLICE("\x00\x9a\xff"));
	tap_str(pv_buf_str(&out), "009aff", "hex is written in lower case");
	pv_buf_clear(&out);
	tap_ok(pv_hex_read(&out, PV_SLICE("009aff")) &&
		   pv_slice_eq(pv_buf_slice(&out), PV_SLICE("\x00\x9a\xff")),
	    "hex is read");
	tap_ok(!pv_hex_read(&out, PV_SLICE("9A")) && out.n == 3, "upper case is refused");
	tap_ok(!pv_hex_read(&out, PV_SLICE("9")), "an odd number of digits is refused");
	tap_ok(!pv_hex_read(&out, PV_SLICE("0x")), "other letters are refused");
	tap_ok(!pv_hex_read_n(two, 2, PV_SLICE("010203")) &&
		   !pv_hex_read_n(two, 2, PV_SLICE("01")) && two[0] == 7,
	    "another number of bytes than asked is refused");
	tap_ok(pv_hex_read_n(two, 2, PV_SLICE("0102")) && two[0] == 1 && two[1] == 2,
	    "a known number of bytes is read");
	tap_ok(pv_hex_read_n(two, 0, PV_NO_SLICE), "no digits are no bytes");
}

static void
times_read(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-03-01T00:00:00Z", 5097600 },
		{ "1999-12-31T23:59:59Z", 946684799 },
		{ "2000-02-29T12:34:56Z", 951827696 },
		{ "2025-11-11T14:07:02Z", 1762870022 },
		{ "2026-11-24T00:00:00Z", 1795478400 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "2100-03-01T00:00:00Z", 4107542400 },
		{ "9999-12-31T23:59:59Z", PV_TIME_MAX },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
		uint64_t got = 1;

		tap_ok(pv_time_read(pv_slice_of(rows[i].text), &got) && got == rows[i].seconds,
		    "%s is second %llu", rows[i].text, (unsigned long long)rows[i].seconds);
		pv_time_write(&out, rows[i].seconds);
		tap_str(pv_buf_str(&out), rows[i].text, "and is written so");
	}
}

static void
times_refused(void)
{
	static const struct {
		const char *name;
		struct pv_slice text;
	} rows[] = {
		{ "a fraction", BYTES("2025-11-11T14:07:02.0Z") },
		{ "another zone", BYTES("2025-11-11T14:07:02+00:00") },
		{ "no zone", BYTES("2025-11-11T14:07:02") },
		{ "a small t", BYTES("2025-11-11t14:07:02Z") },
		{ "a small z", BYTES("2025-11-11T14:07:02z") },
		{ "a blank for the T", BYTES("2025-11-11 14:07:02Z") },
		{ "a day alone", BYTES("2025-11-11") },
		{ "a blank after it", BYTES("2025-11-11T14:07:02Z ") },
		{ "a NUL after it", BYTES("2025-11-11T14:07:02Z\0") },
		{ "29 February of a year that is no leap year", BYTES("2025-02-29T00:00:00Z") },
		{ "29 February 2100", BYTES("2100-02-29T00:00:00Z") },
		{ "31 April", BYTES("2025-04-31T00:00:00Z") },
		{ "month 13", BYTES("2025-13-01T00:00:00Z") },
		{ "month 0", BYTES("2025-00-01T00:00:00Z") },
		{ "day 0", BYTES("2025-01-00T00:00:00Z") },
		{ "hour 24", BYTES("2025-11-11T24:00:00Z") },
		{ "minute 60", BYTES("2025-11-11T14:60:00Z") },
		{ "a leap second", BYTES("2016-12-31T23:59:60Z") },
		{ "a year before 1970", BYTES("1969-12-31T23:59:59Z") },
		{ "a year of five digits", BYTES("10000-01-01T00:00:00Z") },
		{ "a sign", BYTES("+025-11-11T14:07:02Z") },
		{ "a blank for a digit", BYTES("2025-11- 1T14:07:02Z") },
		{ "nothing", BYTES("") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t got = 42;

		tap_ok(!pv_time_read(rows[i].text, &got) && got == 42, "a time with %s is refused",
		    rows[i].name);
	}
}

/* Each day of 8,030 years: as long as the next is one more, the calendar is right throughout. */
static void
every_day(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	uint64_t day, got;

	for (day = 0; day <= PV_TIME_MAX / 86400; day++) {
		pv_buf_clear(&out);
		pv_time_write(&out, day * 86400 + 86399);
		if (!pv_time_read(pv_buf_slice(&out), &got) || got != day * 86400 + 86399)
			break;
	}
	tap_ok(day == 2932897, "every day until 9999 is written and read back");
}

static void
for_people(void)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {
		{ 0, "0 s" },
		{ 21, "21 s" },
		{ 59, "59 s" },
		{ 60, "1 min" },
		{ 3599, "59 min" },
		{ 3600, "1 h" },
		{ 3 * 3600 + 59, "3 h" },
		{ 172799, "47 h" },
		{ 172800, "2 d" },
		{ 41 * 86400, "41 d" },
		{ UINT64_MAX, "213503982334601 d" },
	};
	PV_AUTO(pv_buf_free) struct pv_buf human = { 0 }, late = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

		pv_time_write_span(&out, rows[i].seconds);
		tap_str(pv_buf_str(&out), rows[i].text, rows[i].text);
	}
	pv_time_write_human(&human, 1762870022);
	tap_str(pv_buf_str(&human), "2025-11-11 14:07:02 UTC", "people read a time with its zone");
	pv_time_write(&late, UINT64_MAX);
	tap_str(pv_buf_str(&late), "9999-12-31T23:59:59Z",
	    "what is later than all times is the last of them");
}

static void
utf8(void)
{
	static const struct {
		const char *name;
		struct pv_slice text;
		size_t valid;
	} rows[] = {
		{ "letters of one to four bytes", BYTES("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa2"),
		    10 },
		{ "the first and last of each length",
		    BYTES("\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f"
			  "\xbf\xbf"),
		    20 },
		{ "an overlong slash", BYTES("12345678\xc0\xaf"), 8 },
		{ "an overlong slash of three bytes", BYTES("\xe0\x80\xaf"), 0 },
		{ "an overlong slash of four bytes", BYTES("\xf0\x80\x80\xaf"), 0 },
		{ "a surrogate", BYTES("ab\xed\xa0\x80"), 2 },
		{ "a character above U+10FFFF", BYTES("\xf4\x90\x80\x80"), 0 },
		{ "a lead byte that no character has", BYTES("\xf5\x80\x80\x80"), 0 },
		{ "a lone continuation", BYTES("a\x80"), 1 },
		{ "a character cut short at the end", BYTES("a\xe2\x82"), 1 },
		{ "a character cut short by a letter", BYTES("a\xe2\x82z"), 1 },
		{ "nothing", BYTES(""), 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(pv_utf8_valid(rows[i].text) == rows[i].valid, "UTF-8: %s", rows[i].name);
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char out[4];
		size_t n = pv_utf8_put(out, c);
		bool surrogate = c >= 0xd800 && c <= 0xdfff;

		if (pv_utf8_step(pv_slice_mem(out, n)) != (surrogate ? 0 : n)) {
			tap_ok(false, "U+%04X is written as UTF-8", c);
			return;
		}
	}
	tap_ok(true, "every character is written as UTF-8, and no surrogate is taken for one");
}

int
main(void)
{
	base64_of_rfc4648();
	base64_is_strict();
	hex();
	times_read();
	times_refused();
	every_day();
	for_people();
	utf8();
	return tap_done();
}
