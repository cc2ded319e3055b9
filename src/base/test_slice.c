/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
compare(void)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = { { "", "", 0 }, { "a", "a", 0 }, { "a", "b", -1 }, { "b", "a", 1 },
		{ "a", "ab", -1 }, { "ab", "a", 1 }, { "", "a", -1 }, { "\x7f", "\x80", -1 },
		{ "a\xff", "b", -1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		int got = pv_slice_cmp(pv_slice_of(rows[i].a), pv_slice_of(rows[i].b));

		tap_ok((got > 0) - (got < 0) == rows[i].order &&
			   pv_slice_eq(pv_slice_of(rows[i].a), pv_slice_of(rows[i].b)) ==
			       (rows[i].order == 0),
		    "\"%s\" %s \"%s\"", rows[i].a,
		    rows[i].order < 0   ? "<"
		    : rows[i].order > 0 ? ">"
					: "=",
		    rows[i].b);
	}
	tap_ok(
	    pv_slice_cmp(PV_NO_SLICE, PV_SLICE("")) == 0 && pv_slice_eq(PV_NO_SLICE, PV_SLICE("")),
	    "no slice equals an empty one");
	tap_ok(!pv_slice_eq(PV_SLICE("a\0b"), PV_SLICE("a\0c")), "what is after a NUL counts");
	tap_ok(pv_slice_starts(PV_SLICE("abc"), PV_SLICE("ab")) &&
		   pv_slice_starts(PV_SLICE("a"), PV_NO_SLICE) &&
		   !pv_slice_starts(PV_SLICE("a"), PV_SLICE("ab")) &&
		   !pv_slice_starts(PV_SLICE("xab"), PV_SLICE("ab")),
	    "a slice starts with its beginning and with nothing else");
}

static void
cut(void)
{
	struct pv_slice s = PV_SLICE("abcdef");

	tap_ok(pv_slice_is(pv_slice_sub(s, 1, 3), "bc"), "[1, 3)");
	tap_ok(pv_slice_is(pv_slice_sub(s, 4, 100), "ef"), "an end beyond the end is the end");
	tap_ok(pv_slice_sub(s, 3, 2).n == 0 && pv_slice_sub(s, 100, 200).n == 0,
	    "what ends before it begins is empty");
	tap_ok(pv_slice_sub(PV_NO_SLICE, 0, 5).n == 0, "nothing has no parts");
	tap_ok(pv_slice_is(pv_slice_trim(PV_SLICE(" \t\r\na b\n ")), "a b"),
	    "blanks at both ends are cut off");
	tap_ok(pv_slice_trim(PV_SLICE(" \n")).n == 0 && pv_slice_trim(PV_NO_SLICE).n == 0,
	    "blanks alone leave nothing");
}

static void
fields(void)
{
	static const struct {
		const char *text, *fields; /* each in brackets */
	} rows[] = { { "a,b", "[a][b]" }, { "", "[]" }, { ",", "[][]" }, { "a,", "[a][]" },
		{ ",a", "[][a]" }, { "a", "[a]" }, { "a,,b", "[a][][b]" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pv_slice rest = pv_slice_of(rows[i].text), field;
		char got[64] = "";
		size_t n = 0;

		while (pv_slice_next(&rest, ',', &field))
			n += (size_t)snprintf(got + n, sizeof(got) - n, "[%.*s]", PV_FMT(field));
		tap_str(got, rows[i].fields, rows[i].fields);
	}
	{
		struct pv_slice none = PV_NO_SLICE, field;

		tap_ok(!pv_slice_next(&none, ',', &field), "no slice has no fields");
	}
}

static void
numbers(void)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} rows[] = { { "0", true, 0 }, { "7", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX }, { "18446744073709551616", false, 0 },
		{ "18446744073709551620", false, 0 }, { "99999999999999999999", false, 0 },
		{ "100000000000000000000", false, 0 }, { "", false, 0 }, { "01", false, 0 },
		{ "00", false, 0 }, { "+1", false, 0 }, { "-1", false, 0 }, { " 1", false, 0 },
		{ "1 ", false, 0 }, { "1a", false, 0 }, { "0x1", false, 0 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t got = 0;

		tap_ok(pv_slice_u64(pv_slice_of(rows[i].text), &got) == rows[i].ok &&
			   got == rows[i].value,
		    "\"%s\" is %s", rows[i].text, rows[i].ok ? "a number" : "no number");
	}
}

static void
names(void)
{
	static const struct {
		const char *name, *root;
		bool under;
	} under[] = { { "law.interdict", "law", true }, { "law", "law", true },
		{ "lawful", "law", false }, { "law", "law.interdict", false },
		{ "a.b.c", "a.b", true }, { "a.bc", "a.b", false }, { "law", "", false },
		{ "", "", false }, { "", "law", false } };
	static const struct {
		const char *name;
		bool ok;
	} names[] = { { "law", true }, { "law.interdict", true }, { "co.public-force.navy", true },
		{ "x9.0", true }, { "", false }, { ".", false }, { ".law", false },
		{ "law.", false }, { "a..b", false }, { "Law", false }, { "law_x", false },
		{ "law x", false }, { "l\xc3\xa9i", false }, { "-", true } };
	static const struct {
		const char *name, *parent;
	} parents[] = { { "law.interdict", "law" }, { "law", "" }, { "a.b.c", "a.b" }, { "", "" } };
	char long_name[202];

	for (size_t i = 0; i < COUNT(under); i++)
		tap_ok(pv_name_under(pv_slice_of(under[i].name), pv_slice_of(under[i].root)) ==
			   under[i].under,
		    "\"%s\" is%s under \"%s\"", under[i].name, under[i].under ? "" : " not",
		    under[i].root);
	for (size_t i = 0; i < COUNT(names); i++)
		tap_ok(pv_name_ok(pv_slice_of(names[i].name)) == names[i].ok, "\"%s\" is %s name",
		    names[i].name, names[i].ok ? "a" : "no");
	for (size_t i = 0; i < COUNT(parents); i++)
		tap_ok(pv_slice_is(pv_name_parent(pv_slice_of(parents[i].name)), parents[i].parent),
		    "the parent of \"%s\" is \"%s\"", parents[i].name, parents[i].parent);
	memset(long_name, 'a', sizeof(long_name));
	tap_ok(
	    pv_name_ok(pv_slice_mem(long_name, 200)) && !pv_name_ok(pv_slice_mem(long_name, 201)),
	    "a name has at most 200 bytes");
}

static void
distances(void)
{
	static const struct {
		const char *a, *b;
		unsigned limit, want;
	} rows[] = { { "us.uscg", "us.uscg", 3, 0 }, { "us.usgc", "us.uscg", 3, 1 },
		{ "", "abc", 3, 3 }, { "kitten", "sitting", 5, 3 }, { "ca", "abc", 5, 3 },
		{ "abcd", "badc", 5, 2 }, { "a", "b", 3, 1 }, { "abc", "xyz", 2, 3 },
		{ "a", "abcdef", 2, 3 }, { "", "", 0, 0 }, { "a", "b", 0, 1 } };
	char a[202], b[202];

	for (size_t i = 0; i < COUNT(rows); i++)
		tap_ok(pv_name_distance(pv_slice_of(rows[i].a), pv_slice_of(rows[i].b),
			   rows[i].limit) == rows[i].want &&
			   pv_name_distance(pv_slice_of(rows[i].b), pv_slice_of(rows[i].a),
			       rows[i].limit) == rows[i].want,
		    "from \"%s\" to \"%s\" it is %u, counting to %u", rows[i].a, rows[i].b,
		    rows[i].want, rows[i].limit);
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	tap_ok(pv_name_distance(pv_slice_mem(a, 200), pv_slice_mem(b, 200), 500) == 200,
	    "200 bytes are compared");
	tap_ok(pv_name_distance(pv_slice_mem(a, 201), pv_slice_mem(a, 201), 2) == 3,
	    "longer ones are far apart");
}

int
main(void)
{
	compare();
	cut();
	fields();
	numbers();
	names();
	distances();
	return tap_done();
}
