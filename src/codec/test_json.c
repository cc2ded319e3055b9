/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "codec/json.h"
#include "tap.h"

#define LIMIT 100000000
#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static void
accepts(void)
{
	static const struct {
		const char *name, *text, *canon;
	} rows[] = {
		{ "an empty object", "{}", "{}" },
		{ "an empty array, with blanks", " [ \t\r\n ] ", "[]" },
		{ "each kind of value", "[null,true,false,0,1.5,\"a\",[],{}]",
		    "[null,true,false,0,1.5,\"a\",[],{}]" },
		{ "members sorted", "{\"b\":1,\"a\":{\"d\":[],\"c\":null}}",
		    "{\"a\":{\"c\":null,\"d\":[]},\"b\":1}" },
		{ "a bare string", "\"x\"", "\"x\"" },
		{ "a bare number", "-12", "-12" },
		{ "the largest whole number", "9007199254740991", "9007199254740991" },
		{ "the smallest whole number", "-9007199254740991", "-9007199254740991" },
		{ "minus zero as zero", "[-0,-0.0,0e5,0.000e-99999999999999999999]", "[0,0,0,0]" },
		{ "fractions and exponents", "[1.0,1e3,1.5E+1,25e-1,0.1]", "[1,1000,15,2.5,0.1]" },
		{ "a fraction that its exponent makes up for", "[0.0000000000000000000000001e25]",
		    "[1]" },
		{ "more digits than a double has", "[3.14159265358979323846264338327950288]",
		    "[3.141592653589793]" },
		{ "what is too small as zero", "1e-400", "0" },
		{ "the largest double", "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "every escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\"",
		    "\"\\\"\\\\/\\b\\f\\n\\r\\tA\xc3\xa9\xe2\x82\xac\"" },
		{ "a pair of surrogates", "\"\\ud83d\\uDEA2\"", "\"\xf0\x9f\x9a\xa2\"" },
		{ "an escape after plain text, twice", "[\"ab\\ncd\",\"e\\u0000f\"]",
		    "[\"ab\\ncd\",\"e\\u0000f\"]" },
		{ "an empty name", "{\"\":1}", "{\"\":1}" },
		{ "DEL and C1 as they are", "\"\x7f\xc2\x80\"", "\"\x7f\xc2\x80\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
		struct pv_err e = { 0 };

		if (!pv_ok(pv_json_read(&doc, pv_slice_of(rows[i].text), LIMIT, &e))) {
			tap_ok(false, "reads %s", rows[i].name);
			tap_note("%s", e.what);
			continue;
		}
		pv_json_canon(doc, 0, &out);
		tap_str(pv_buf_str(&out), rows[i].canon, rows[i].name);
	}
}

static void
refuses(void)
{
	static const struct {
		struct pv_slice text;
		unsigned line, col;
		const char *what;
	} rows[] = {
		{ BYTES(""), 1, 1, "expected a value, found the end of the text" },
		{ BYTES(" \n "), 2, 2, "expected a value, found the end of the text" },
		{ BYTES("{"), 1, 2,
		    "expected a member name in double quotes, found the end of the text" },
		{ BYTES("{\"a\":1"), 1, 7,
		    "expected ',' or '}' after a member, found the end of the text" },
		{ BYTES("{\n  \"a\": 1\n  \"b\": 2\n}"), 3, 3,
		    "expected ',' or '}' after a member, found '\"'" },
		{ BYTES("[1 2]"), 1, 4, "expected ',' or ']' after an element, found '2'" },
		{ BYTES("[1}"), 1, 3, "expected ',' or ']' after an element, found '}'" },
		{ BYTES("[12abc]"), 1, 4, "expected ',' or ']' after an element, found \"abc\"" },
		{ BYTES("{\"a\":1,}"), 1, 7, "one ',' too many before '}'" },
		{ BYTES("[1,]"), 1, 3, "one ',' too many before ']'" },
		{ BYTES("[,1]"), 1, 2, "expected a value, found ','" },
		{ BYTES("{a:1}"), 1, 2, "expected a member name in double quotes, found 'a'" },
		{ BYTES("{'a':1}"), 1, 2, "expected a member name in double quotes, found '''" },
		{ BYTES("{1:1}"), 1, 2, "expected a member name in double quotes, found '1'" },
		{ BYTES("{\"a\" 1}"), 1, 6, "expected ':' after the member name \"a\", found '1'" },
		{ BYTES("{\"a\":}"), 1, 6, "expected a value, found '}'" },
		{ BYTES("{\"a\":1,\"a\":2}"), 1, 8,
		    "the name \"a\" stands twice in one object, first in line 1, column 2" },
		{ BYTES("{\"a\":1,\n\"\\u0061\":2}"), 2, 1,
		    "the name \"a\" stands twice in one object, first in line 1, column 2" },
		{ BYTES("{\"a\\u0000\":1}"), 1, 2, "a member name may not hold NUL" },
		{ BYTES("{} {}"), 1, 4, "expected the end of the text after the value, found '{'" },
		{ BYTES("1 x"), 1, 3, "expected the end of the text after the value, found 'x'" },
		{ BYTES("]"), 1, 1, "expected a value, found ']'" },
		{ BYTES("True"), 1, 1, "expected a value, found \"True\"" },
		{ BYTES("nul"), 1, 1, "expected a value, found \"nul\"" },
		{ BYTES("nullx"), 1, 1, "expected a value, found \"nullx\"" },
		{ BYTES("[\xc3\xa9]"), 1, 2, "expected a value, found \"\xc3\xa9\"" },
		{ BYTES("[1]\0"), 1, 4,
		    "expected the end of the text after the value, found byte 0x00" },
		{ BYTES("[\0]"), 1, 2, "expected a value, found byte 0x00" },
		{ BYTES("// x\n1"), 1, 1, "expected a value, found '/'" },
		{ BYTES("\xef\xbb\xbf{}"), 1, 1, "the text begins with a byte order mark" },
		{ BYTES("\"abc"), 1, 1, "a string begins here and does not end" },
		{ BYTES("[\n \"abc\\\""), 2, 2, "a string begins here and does not end" },
		{ BYTES("\"a\nb\""), 1, 3, "byte 0x0a may not stand in a string" },
		{ BYTES("\"a\\nb\0\""), 1, 6, "byte 0x00 may not stand in a string" },
		{ BYTES("\"\xff\""), 1, 2, "byte 0xff is not UTF-8 here" },
		{ BYTES("\"\xed\xa0\x80\""), 1, 2, "byte 0xed is not UTF-8 here" },
		{ BYTES("\"\\x\""), 1, 2, "unknown escape: a backslash before 'x'" },
		{ BYTES("\"\\"), 1, 2, "unknown escape: a backslash before the end of the text" },
		{ BYTES("\"\\u12g4\""), 1, 6,
		    "expected four hexadecimal digits after \\u, found \"g4\"" },
		{ BYTES("\"\\u12"), 1, 6,
		    "expected four hexadecimal digits after \\u, found the end of the text" },
		{ BYTES("\"\\ud800\""), 1, 2, "\\ud800 is half of a pair and means nothing alone" },
		{ BYTES("\"\\udc00\""), 1, 2, "\\udc00 is half of a pair and means nothing alone" },
		{ BYTES("\"\\ud800\\ud800\""), 1, 2, "\\ud800\\ud800 is no pair of surrogates" },
		{ BYTES("01"), 1, 1, "a number may not begin with 0" },
		{ BYTES("-01"), 1, 2, "a number may not begin with 0" },
		{ BYTES("-"), 1, 2, "expected a digit, found the end of the text" },
		{ BYTES("+1"), 1, 1, "expected a value, found '+'" },
		{ BYTES(".5"), 1, 1, "expected a value, found '.'" },
		{ BYTES("1."), 1, 3, "expected a digit, found the end of the text" },
		{ BYTES("[1.e3]"), 1, 4, "expected a digit, found \"e3\"" },
		{ BYTES("[1e]"), 1, 4, "expected a digit, found ']'" },
		{ BYTES("[1e+]"), 1, 5, "expected a digit, found ']'" },
		{ BYTES("0x10"), 1, 2,
		    "expected the end of the text after the value, found \"x10\"" },
		{ BYTES("NaN"), 1, 1, "expected a value, found \"NaN\"" },
		{ BYTES("9007199254740992"), 1, 1, "number out of range: 9007199254740992" },
		{ BYTES("-9007199254740992"), 1, 1, "number out of range: -9007199254740992" },
		{ BYTES("100000000000000000000000000000000000000000"), 1, 1,
		    "number out of range: 1000000000000000000000000000000000000000..." },
		{ BYTES("9007199254740992.0"), 1, 1, "number out of range: 9007199254740992.0" },
		{ BYTES("[1e20]"), 1, 2, "number out of range: 1e20" },
		{ BYTES("1e400"), 1, 1, "number out of range: 1e400" },
		{ BYTES("-1e99999999999999999999999"), 1, 1,
		    "number out of range: -1e99999999999999999999999" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
		struct pv_err e = { 0 };
		bool ok = !pv_ok(pv_json_read(&doc, rows[i].text, LIMIT, &e)) && doc == NULL;

		tap_ok(ok && e.code == PV_E_INPUT && strcmp(e.what, rows[i].what) == 0 &&
			   e.line == rows[i].line && e.col == rows[i].col,
		    "refused at %u:%u: %s", rows[i].line, rows[i].col, rows[i].what);
		if (!ok || strcmp(e.what, rows[i].what) != 0 || e.line != rows[i].line ||
		    e.col != rows[i].col)
			tap_note("got %u:%u: %s", e.line, e.col, e.what);
	}
}

static PV_RESULT
read_nested(size_t depth, char opening, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < depth; i++)
		pv_buf_add_str(&text, opening == '[' ? "[" : "{\"a\":");
	pv_buf_add_str(&text, "1");
	for (size_t i = 0; i < depth; i++)
		pv_buf_add_c(&text, opening == '[' ? ']' : '}');
	return pv_json_read(&doc, pv_buf_slice(&text), LIMIT, e);
}

static void
depth(void)
{
	struct pv_err e = { 0 };

	tap_ok(pv_ok(read_nested(64, '[', &e)), "64 nested arrays are read");
	tap_ok(pv_ok(read_nested(64, '{', &e)), "64 nested objects are read");
	tap_ok(!pv_ok(read_nested(65, '[', &e)) && e.code == PV_E_LIMIT && e.col == 65,
	    "65 are refused at the 65th");
	tap_ok(!pv_ok(read_nested(200000, '[', &e)) && e.code == PV_E_LIMIT && e.line == 1 &&
		   e.col == 65,
	    "200,000 nested arrays are refused: %s", e.what);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
add_members(struct pv_buf *text, unsigned n)
{
	pv_buf_add_c(text, '{');
	for (unsigned i = 0; i < n; i++)
		pv_buf_addf(text, "%s\"member-%u\":%u", i > 0 ? "," : "", i, i);
}

static void
many_members(void)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL, *none = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf good = { 0 }, bad = { 0 };
	uint64_t begin, spent;
	struct pv_err e = { 0 };

	add_members(&good, 100000);
	pv_buf_add_c(&good, '}');
	begin = now_ns();
	tap_ok(pv_ok(pv_json_read(&doc, pv_buf_slice(&good), LIMIT, &e)) &&
		   pv_json_at(doc, 0)->count == 100000,
	    "100,000 members are read");
	spent = now_ns() - begin;
	tap_ok(spent < 2000000000u, "and their names are not compared pairwise");
	tap_note("%llu us", (unsigned long long)spent / 1000);
	tap_ok(pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("member-99999")))->integer == 99999,
	    "the last is found");
	add_members(&bad, 100000);
	pv_buf_add_str(&bad, ",\"member-5\":1}");
	tap_ok(!pv_ok(pv_json_read(&none, pv_buf_slice(&bad), LIMIT, &e)) &&
		   strstr(e.what, "\"member-5\" stands twice"),
	    "one name twice among 100,000 is found: %s", e.what);
}

static void
tree(void)
{
	static const char text[] = "{ \"id\": \"x\",\n  \"counterpart\": [ \"a\", { \"within\": 7 "
				   "} ],\n  \"t\": true, \"n\": -1.5 }";
	static const struct {
		const char *path, *source; /* NULL: there is none */
	} rows[] = {
		{ "", text },
		{ "id", "\"x\"" },
		{ "counterpart[0]", "\"a\"" },
		{ "counterpart[1].within", "7" },
		{ "t", "true" },
		{ "n", "-1.5" },
		{ "counterpart", "[ \"a\", { \"within\": 7 } ]" },
		{ "counterpart[2]", NULL },
		{ "counterpart[-1]", NULL },
		{ "counterpart[1", NULL },
		{ "counterpart[]", NULL },
		{ "counterpart.within", NULL },
		{ "id[0]", NULL },
		{ "id.x", NULL },
		{ ".id", NULL },
		{ "counterpart[1]within", NULL },
		{ "nothing", NULL },
		{ "counterpart.[0]", NULL },
		{ "id.", NULL },
		{ "counterpart[99999999999999999999]", NULL },
	};
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pretty = { 0 }, empty = { 0 };
	const struct pv_json_node *node;
	struct pv_err e = { 0 };
	unsigned line, col;

	if (!tap_ok(pv_ok(pv_json_read(&doc, pv_slice_of(text), LIMIT, &e)), "a document is read"))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pv_json_node *value =
		    pv_json_at(doc, pv_json_path(doc, 0, pv_slice_of(rows[i].path)));
		bool there = value != NULL;
		struct pv_slice found =
		    there ? pv_slice_sub(pv_json_source(doc), value->from, value->to) : PV_NO_SLICE;

		tap_ok(there == (rows[i].source != NULL) &&
			   (!there || pv_slice_is(found, rows[i].source)),
		    "\"%s\" leads to %s", rows[i].path, there ? "its value" : "nothing");
	}
	node = pv_json_at(doc, pv_json_path(doc, 0, PV_SLICE("counterpart[1].within")));
	pv_json_place(doc, node->from, &line, &col);
	tap_ok(line == 2 && col == 37, "a value knows its place");
	pv_json_place(doc, node->name_from, &line, &col);
	tap_ok(line == 2 && col == 27, "its name knows its own");
	tap_ok(pv_slice_is(node->name, "within") && pv_slice_is(node->text, "7") &&
		   node->integer == 7 && node->real == 7,
	    "a whole number is there as text, integer and real");
	node = pv_json_at(doc, pv_json_path(doc, 0, PV_SLICE("n")));
	tap_ok(node->type == PV_JSON_REAL && node->real == -1.5 && pv_slice_is(node->text, "-1.5"),
	    "a fraction is real");
	node = pv_json_at(doc, pv_json_path(doc, 0, PV_SLICE("t")));
	tap_ok(node->type == PV_JSON_BOOL && node->integer == 1, "true is 1");
	pv_json_pretty(doc, 0, &pretty);
	tap_str(pv_buf_str(&pretty),
	    "{\n  \"id\": \"x\",\n  \"counterpart\": [\n    \"a\",\n    {\n      \"within\": 7\n   "
	    " }\n  ],\n  \"t\": true,\n"
	    "  \"n\": -1.5\n}",
	    "pretty: two spaces, members in the order they came");
	tap_ok(pv_ok(pv_json_reread(doc, PV_SLICE("[{},[]]"), LIMIT, &e)),
	    "the same document reads again");
	pv_json_pretty(doc, 0, &empty);
	tap_str(pv_buf_str(&empty), "[\n  {},\n  []\n]", "what is empty stays on its line");
	tap_ok(
	    pv_json_at(doc, 3) == NULL && pv_json_at(doc, PV_JSON_NONE) == NULL, "no node is NULL");
}

static void
streams(void)
{
	struct pv_slice text =
	    PV_SLICE("\n{\"a\":\"}\\\"\"}{\"b\":[1]}\n \"x]\" 12 null\n{\"c\":\n!}\n{}");
	static const struct {
		const char *canon;
		unsigned line;
	} rows[] = { { "{\"a\":\"}\\\"\"}", 1 }, { "{\"b\":[1]}", 2 }, { "\"x]\"", 2 }, { "12", 3 },
		{ "null", 3 } };
	PV_AUTO(pv_json_freep) struct pv_json *bad = NULL;
	struct pv_err e = { 0 };
	size_t used = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

		if (!tap_ok(pv_ok(pv_json_read_one(&doc, text, 100, rows[i].line, &used, &e)),
			"value %zu of a stream", i))
			return;
		pv_json_canon(doc, 0, &out);
		tap_str(pv_buf_str(&out), rows[i].canon, rows[i].canon);
		text = pv_slice_sub(text, used, text.n);
	}
	tap_ok(!pv_ok(pv_json_read_one(&bad, text, 100, 3, &used, &e)) && e.line == 5 && e.col == 1,
	    "a mistake in a stream has the line of the file");
	tap_ok(!pv_ok(pv_json_read_one(&bad, PV_SLICE("[1,2,3]"), 6, 9, &used, &e)) &&
		   e.code == PV_E_LIMIT && e.line == 9,
	    "one value longer than the limit is refused: %s", e.what);
	tap_ok(!pv_ok(pv_json_read_one(&bad, PV_SLICE("[1,2"), 100, 1, &used, &e)) && e.col == 5,
	    "a stream that ends within a value is refused: %s", e.what);
	tap_ok(!pv_ok(pv_json_read_one(&bad, PV_SLICE("}{}"), 100, 1, &used, &e)),
	    "a value cannot begin with '}'");
	tap_ok(!pv_ok(pv_json_read_one(&bad, PV_SLICE(" \n"), 100, 1, &used, &e)),
	    "blanks are no value");
	tap_ok(!pv_ok(pv_json_read(&bad, PV_SLICE("[1,2,3]"), 6, &e)) && e.code == PV_E_LIMIT,
	    "a text longer than the limit is refused");
	tap_ok(pv_ok(pv_json_read(&bad, PV_SLICE("[1,2,3]"), 7, &e)),
	    "one as long as the limit is read");
}

/* RFC 8785 appendix B. */
static void
numbers_of_rfc8785(void)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} rows[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
		/* not in the RFC: powers of two, where the gap below is half the gap above */
		{ 0x3d30000000000000, "5.684341886080802e-14" },
		{ 0x4350000000000000, "18014398509481984" },
		{ 0x0010000000000000, "2.2250738585072014e-308" },
		{ 0x000fffffffffffff, "2.225073858507201e-308" },
		{ 0x3fb999999999999a, "0.1" },
		{ 0x7ff0000000000000, "null" },
		{ 0x7ff8000000000000, "null" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
		double v;

		memcpy(&v, &rows[i].bits, sizeof(v));
		pv_json_number(&out, v);
		tap_str(pv_buf_str(&out), rows[i].text, rows[i].text);
	}
}

/* RFC 8785 3.2.2 and 3.2.3. */
static void
canon_of_rfc8785(void)
{
	static const struct {
		const char *name, *text, *canon;
	} rows[] = {
		{ "the sample object of 3.2.2",
		    "{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n              2e-3, "
		    "0.000000000000000000000000001],\n"
		    "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
		    "  \"literals\": [null, true, false]\n}",
		    "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0."
		    "002,1e-27],"
		    "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
		{ "the sorting of 3.2.3",
		    "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew "
		    "Letter Dalet With Dagesh\","
		    "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning "
		    "Face\",\"\\u0080\":\"Control\","
		    "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
		    "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		    "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro "
		    "Sign\","
		    "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew "
		    "Letter Dalet With Dagesh\"}" },
		{ "a name sorts before those that begin with it", "{\"ab\":1,\"a\":2,\"\":3}",
		    "{\"\":3,\"a\":2,\"ab\":1}" },
		{ "code points above U+FFFF sort among themselves",
		    "{\"\\ud83d\\ude01\":1,\"\\ud83d\\ude00\":2}",
		    "{\"\xf0\x9f\x98\x80\":2,\"\xf0\x9f\x98\x81\":1}" },
		{ "arrays keep their order", "[2,1,{\"b\":[3,1],\"a\":0}]",
		    "[2,1,{\"a\":0,\"b\":[3,1]}]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL, *again = NULL;
		PV_AUTO(pv_buf_free) struct pv_buf out = { 0 }, twice = { 0 };
		struct pv_err e = { 0 };

		if (!tap_ok(pv_ok(pv_json_read(&doc, pv_slice_of(rows[i].text), LIMIT, &e)),
			"%s: read", rows[i].name))
			continue;
		pv_json_canon(doc, 0, &out);
		tap_str(pv_buf_str(&out), rows[i].canon, rows[i].name);
		tap_ok(
		    pv_ok(pv_json_read(&again, pv_buf_slice(&out), LIMIT, &e)), "and read again");
		pv_json_canon(again, 0, &twice);
		tap_ok(pv_slice_eq(pv_buf_slice(&out), pv_buf_slice(&twice)), "and the same again");
	}
}

static void
quote(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

	pv_json_quote(&out, PV_SLICE("a\"\\\b\f\n\r\t\x01\x1f\x7f\xc3\xa9/\0z"));
	tap_str(pv_buf_str(&out), "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9/\\u0000z\"",
	    "few escapes");
	pv_buf_clear(&out);
	pv_json_quote(&out, PV_SLICE("a\xff\xed\xa0\x80z\xe2\x82"));
	tap_str(pv_buf_str(&out),
	    "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"",
	    "bytes that are not UTF-8 become U+FFFD");
	pv_buf_clear(&out);
	pv_json_quote(&out, PV_NO_SLICE);
	tap_str(pv_buf_str(&out), "\"\"", "nothing is an empty string");
}

static void
writer(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_jsonw w = { .out = &out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "id", PV_SLICE("o-1"));
	pv_jsonw_array(&w, "list");
	pv_jsonw_str(&w, NULL, PV_SLICE("a"));
	pv_jsonw_int(&w, NULL, -3);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_end(&w);
	pv_jsonw_array(&w, NULL);
	pv_jsonw_end(&w);
	pv_jsonw_null(&w, NULL);
	pv_jsonw_end(&w);
	pv_jsonw_named(&w, PV_SLICE("from\n data"));
	pv_jsonw_bool(&w, NULL, true);
	pv_jsonw_named(&w, PV_SLICE("object"));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_u64(&w, "n", UINT64_MAX);
	pv_jsonw_raw(&w, "raw", PV_SLICE("[1]"));
	pv_jsonw_end(&w);
	pv_jsonw_bool(&w, "last", false);
	pv_jsonw_end(&w);
	tap_str(pv_buf_str(&out),
	    "{\"id\":\"o-1\",\"list\":[\"a\",-3,{},[],null],\"from\\n data\":true,"
	    "\"object\":{\"n\":18446744073709551615,\"raw\":[1]},\"last\":false}",
	    "the writer puts the commas");
	tap_ok(w.depth == 0, "and closes what it opened");
}

/* A request of about 300 bytes. */
static const char request[] = "{\"originator\":\"co.public-force.navy\",\"custodians\":[],"
			      "\"recipient\":\"us.dhs.uscg\",\"channel\":\"api\","
			      "\"purpose\":\"law.interdict\",\"topics\":[\"maritime.vessel\","
			      "\"drugs.cocaine\"],\"regions\":[\"caribbean.west\"],"
			      "\"time\":1762870022,\"label\":{\"never\":[\"force\"],\"tlp\":"
			      "\"amber\",\"persons\":{\"min\":2,\"max\":4}},"
			      "\"note\":\"seen at dawn\\u002c twice\"}";

static void
warm(void)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();
	struct pv_err e = { 0 };
	size_t before;
	bool ok = true;

	ok = pv_ok(pv_json_reread(doc, pv_slice_of(request), LIMIT, &e));
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < 1000; i++)
		ok = ok && pv_ok(pv_json_reread(doc, pv_slice_of(request), LIMIT, &e));
	tap_ok(ok && mallinfo2().uordblks == before, "reading again takes no more memory");
	tap_ok(!pv_ok(pv_json_reread(doc, PV_SLICE("[1"), LIMIT, &e)) && pv_json_at(doc, 0) == NULL,
	    "after a failure nothing is left of the document");
}

/* Told, not judged: machines differ. The regression counter is in warm() and many_members(). */
static void
speed(void)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();
	PV_AUTO(pv_buf_free) struct pv_buf large = { 0 }, out = { 0 };
	struct pv_err e = { 0 };
	uint64_t begin = now_ns();

	for (unsigned i = 0; i < 20000; i++)
		pv_ignore(pv_json_reread(doc, pv_slice_of(request), LIMIT, &e));
	tap_note("a request of %zu bytes: %llu ns", sizeof(request) - 1,
	    (unsigned long long)(now_ns() - begin) / 20000);
	pv_buf_add_c(&large, '[');
	while (large.n < 10000000) {
		if (large.n > 1)
			pv_buf_add_c(&large, ',');
		pv_buf_add_str(&large, request);
	}
	pv_buf_add_c(&large, ']');
	begin = now_ns();
	tap_ok(pv_ok(pv_json_reread(doc, pv_buf_slice(&large), LIMIT, &e)), "10 MB are read");
	tap_note("%llu us the first time", (unsigned long long)(now_ns() - begin) / 1000);
	begin = now_ns();
	pv_ignore(pv_json_reread(doc, pv_buf_slice(&large), LIMIT, &e));
	tap_note("%llu us the second", (unsigned long long)(now_ns() - begin) / 1000);
	begin = now_ns();
	pv_json_canon(doc, 0, &out);
	tap_note(
	    "%llu us to write in canonical form", (unsigned long long)(now_ns() - begin) / 1000);
}

int
main(void)
{
	accepts();
	refuses();
	depth();
	many_members();
	tree();
	streams();
	numbers_of_rfc8785();
	canon_of_rfc8785();
	quote();
	writer();
	warm();
	speed();
	return tap_done();
}
