/* SPDX-License-Identifier: Apache-2.0 */
/* usage: test_record tests/vectors/records (good/kinds.jsonl holds canonical records, at least one of each kind) */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "tap.h"
#include "wire/record.h"
#include "wire/table.h"

static struct pv_slice
read_whole(const char *dir, const char *name)
{
	char path[4096];
	size_t n = 0, cap = 1 << 20;
	char *p = pv_alloc(cap);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f != NULL) {
		n = fread(p, 1, cap, f);
		fclose(f);
	}
	return (struct pv_slice){ p, n };
}

/* ---- the tables ---- */

static void
test_tables(void)
{
	for (unsigned kind = PV_GENESIS; kind < PV_KIND_COUNT; kind++) {
		const struct pv_table *const tables[2] = { &pv_table_common,
			pv_table_of((enum pv_kind)kind) };
		size_t at[2] = { 0, 0 }, n = 0;
		const char *last = "";
		bool sorted = tables[1] != NULL, helped = true;

		for (const struct pv_member *m = pv_table_next(tables, at); m != NULL;
		     m = pv_table_next(tables, at), n++) {
			sorted = sorted && strcmp(last, m->name) < 0;
			helped =
			    helped && m->help[0] != '\0' && m->help[strlen(m->help) - 1] == '.';
			last = m->name;
			for (size_t k = 1; m->nested != NULL && k < m->nested->count; k++)
				sorted = sorted && strcmp(m->nested->members[k - 1].name,
						       m->nested->members[k].name) < 0;
		}
		tap_ok(sorted && helped && n <= 64,
		    "the members of %s stand in order, each with its sentence",
		    pv_kind_name((enum pv_kind)kind));
	}
}

/* ---- round trips ---- */

static bool
round_trip(struct pv_slice line, unsigned flags, struct pv_record *out, struct pv_arena *a)
{
	struct pv_buf again = { 0 };
	struct pv_err e = { 0 };
	bool same;

	if (!pv_ok(pv_record_read_text(out, line, flags, a, &e))) {
		tap_note("%u:%u %s: %s", e.line, e.col, e.field, e.what);
		return false;
	}
	pv_record_write(out, &again);
	same = pv_slice_eq(pv_buf_slice(&again), line) && pv_slice_eq(out->line, line);
	if (!same)
		tap_note("%.*s", PV_FMT(pv_buf_slice(&again)));
	pv_buf_free(&again);
	return same;
}

/* Every member of a record, with another value in its place. */
static struct pv_slice
replaced(const struct pv_json *doc, uint32_t member, struct pv_slice value, struct pv_arena *a)
{
	struct pv_slice line = pv_json_source(doc);
	const struct pv_json_node *node = pv_json_at(doc, member);

	return pv_arena_printf(a, "%.*s%.*s%.*s", PV_FMT(pv_slice_sub(line, 0, node->from)),
	    PV_FMT(value), PV_FMT(pv_slice_sub(line, node->to, line.n)));
}

static void
test_wrong_types(struct pv_slice line, struct pv_arena *a)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_record r;
	struct pv_err e = { 0 };
	bool ok = pv_ok(pv_json_read(&doc, line, 100000, &e));

	for (uint32_t k = pv_json_at(doc, 0)->first; k != PV_JSON_NONE;
	     k = pv_json_at(doc, k)->next) {
		struct pv_slice name = pv_json_at(doc, k)->name,
				wrong = replaced(doc, k, PV_SLICE("17.5"), a);
		bool refused;

		e = (struct pv_err){ 0 };
		refused = !pv_ok(pv_record_read_text(&r, wrong, 0, a, &e)) &&
			  e.code == PV_E_INPUT && pv_slice_eq(pv_slice_of(e.field), name) &&
			  e.line == 1 && e.col == pv_json_at(doc, k)->from + 1;
		if (!refused)
			tap_note("%.*s: %s at %u:%u", PV_FMT(name), e.field, e.line, e.col);
		ok = ok && refused;
	}
	tap_ok(ok, "a fraction in the place of any member is refused by name and column");
}

/* Leaves out one member at a time: what is required is missed by name, by the flags alone. */
static void
test_missing(struct pv_slice line, enum pv_kind kind, struct pv_arena *a)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_table *const tables[2] = { &pv_table_common, pv_table_of(kind) };
	size_t at[2] = { 0, 0 };
	struct pv_err e = { 0 };
	struct pv_record r;
	bool ok = pv_ok(pv_json_read(&doc, line, 100000, &e));

	for (const struct pv_member *m = pv_table_next(tables, at); ok && m != NULL;
	     m = pv_table_next(tables, at)) {
		uint32_t k = pv_json_member(doc, 0, pv_slice_of(m->name));
		struct pv_slice without;

		if (k == PV_JSON_NONE || (m->flags & (PV_M_REQUIRED | PV_M_SIGNED)) == 0)
			continue;
		without = pv_arena_printf(
		    a, "{%.*s}", PV_FMT(pv_slice_sub(line, 1, pv_json_at(doc, k)->name_from)));
		if (pv_json_at(doc, k)->next != PV_JSON_NONE)
			without = pv_arena_printf(a, "%.*s%.*s",
			    PV_FMT(pv_slice_sub(without, 0, without.n - 1)),
			    PV_FMT(pv_slice_sub(line,
				pv_json_at(doc, pv_json_at(doc, k)->next)->name_from, line.n)));
		else
			without = pv_arena_printf(
			    a, "%.*s}", PV_FMT(pv_slice_sub(without, 0, without.n - 2)));
		e = (struct pv_err){ 0 };
		ok = !pv_ok(pv_record_read_text(&r, without, 0, a, &e)) &&
		     strcmp(e.field, m->name) == 0 && e.line == 1 && e.col >= 1;
		if (!ok)
			tap_note("without %s: %s: %s", m->name, e.field, e.what);
	}
	tap_ok(ok, "every required member of %s is missed by its name", pv_kind_name(kind));
}

static void
test_kinds(const char *dir)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_slice file = read_whole(dir, "good/kinds.jsonl"), rest = file, line;
	bool seen[PV_KIND_COUNT] = { false };
	struct pv_record r;

	while (pv_slice_next(&rest, '\n', &line)) {
		if (line.n == 0)
			continue;
		r = (struct pv_record){ 0 };
		tap_ok(round_trip(line, 0, &r, a), "read and written again, %s %.*s is the same",
		    pv_kind_name(r.kind), PV_FMT(r.id));
		seen[r.kind] = true;
		test_wrong_types(line, a);
		test_missing(line, r.kind, a);
	}
	for (unsigned kind = PV_GENESIS; kind < PV_KIND_COUNT; kind++)
		tap_ok(seen[kind], "there is a sample of %s", pv_kind_name((enum pv_kind)kind));
	pv_free((void *)(uintptr_t)file.p);
}

/* ---- what is kept ---- */

#define COMMON                                                                                   \
	"\"id\":\"x\",\"issuer\":\"co\",\"time\":\"2025-11-11T14:07:02Z\",\"basis\":[],\"log\":" \
	"\"co/orders\","

static void
test_values(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_record r = { 0 };
	struct pv_err e;

	tap_ok(
	    pv_ok(pv_record_read_text(&r,
		PV_SLICE(
		    "{\"record\":\"agreement\"," COMMON
		    "\"from\":\"co\",\"to\":\"us\",\"purposes\":[\"law\"],"
		    "\"not_before\":\"2025-01-01T00:00:00Z\",\"require\":{\"identified\":true},"
		    "\"obligations\":[\"no-onward\",{\"duty\":\"report-outcome\",\"within\":60}]}"),
		0, a, &e)) &&
		r.agreement.require_identified == PV_IDENTIFIED_ALL &&
		r.agreement.obligations.n == 2 &&
		r.agreement.obligations.at[0].duty == PV_NO_ONWARD &&
		r.agreement.obligations.at[1].within_s == 60 && !r.agreement.has_channels,
	    "identified: true is all, and a duty without arguments may be a word");
	tap_ok(pv_ok(pv_record_read_text(&r,
		   PV_SLICE("{\"record\":\"recall\"," COMMON
			    "\"report\":\"r\",\"text\":\"Sent in error.\"}"),
		   0, a, &e)) &&
		   r.recall.text.n == 1 && pv_slice_is(r.recall.text.at[0].lang, "en"),
	    "a text without a language is kept as English");
	tap_ok(pv_ok(pv_record_read_text(&r,
		   PV_SLICE("{\"record\":\"quorum\"," COMMON "\"needs\":{\"order\":1,\"lift\":3}}"),
		   0, a, &e)) &&
		   r.quorum.needs[PV_ORDER] == 1 && r.quorum.needs[PV_KIND_NONE] == 3 &&
		   r.quorum.needs[PV_LIFT] == 0,
	    "\"lift\" sets the quorum of all that have none of their own");
	tap_ok(pv_ok(pv_record_read_text(&r,
		   PV_SLICE("{\"record\":\"recall\"," COMMON
			    "\"report\":\"r\",\"text\":{\"es\":\"b\",\"en\":\"a\"}}"),
		   0, a, &e)) &&
		   pv_slice_is(r.recall.text.at[0].lang, "en") &&
		   pv_slice_is(r.recall.text.at[1].text, "b"),
	    "texts are kept in order of language");
}

/* What is made in C and written, without the words that say it is given. */
static void
test_made(void)
{
	static const struct pv_slice one[] = { { "law", 3 } };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_record r = { .kind = PV_ORDER,
		.id = PV_SLICE("o"),
		.issuer = PV_SLICE("co"),
		.log = PV_SLICE("l"),
		.time = 1 },
			 back = { 0 };
	struct pv_err e = { 0 };

	r.order = (struct pv_order){ .kind = PV_RESTRICT,
		.subject = { one, 1 },
		.counterpart = { one, 1 },
		.direction = PV_GIVE,
		.effective = 1 };
	r.order.purposes = (struct pv_names){ one, 1 };
	r.order.authentic = PV_SLICE("en");
	pv_record_seal(&r, a);
	tap_ok(pv_ok(pv_record_read_text(&back, r.line, 0, a, &e)) && back.order.has_purposes &&
		   back.order.purposes.n == 1 && !back.order.has_channels &&
		   back.order.reopen == PV_REOPEN_HOLD,
	    "a list that is filled in is written, whether has_ says so or not");
	tap_ok(pv_slice_eq(back.line, r.line), "and the sealed line is the canonical one");
	if (e.code != PV_OK)
		tap_note("%s: %s", e.field, e.what);
}

static void
test_leniency(void)
{
	static const char bare[] =
	    "{\"record\":\"order\",\"id\":\"o1\",\"issuer\":\"co\",\"time\":\"2025-11-11T14:07:"
	    "02Z\",\"kind\":\"suspend\","
	    "\"subject\":[\"co\"],\"counterpart\":[\"us\"],\"direction\":\"both\",\"except\":[],"
	    "\"effective\":\"2025-11-11T14:07:02Z\"}";
	static const char empty_scope[] =
	    "{\"record\":\"order\",\"id\":\"o1\",\"issuer\":\"co\",\"time\":\"2025-11-11T14:07:"
	    "02Z\",\"kind\":\"suspend\","
	    "\"subject\":[\"co\"],\"counterpart\":[\"us\"],\"direction\":\"both\",\"except\":[],"
	    "\"channels\":[],\"purposes\":[],"
	    "\"effective\":\"2025-11-11T14:07:02Z\"}";
	static const char fake_key[] =
	    "{\"record\":\"key\",\"id\":\"k1\",\"issuer\":\"co\",\"time\":\"2025-11-11T14:07:02Z\","
	    "\"party\":\"co\","
	    "\"use\":\"officer\",\"key\":\"someone\",\"from\":\"2025-11-11T14:07:02Z\"}";
	static const char no_except[] =
	    "{\"record\":\"order\",\"id\":\"o1\",\"issuer\":\"co\",\"time\":\"2025-11-11T14:07:"
	    "02Z\",\"kind\":\"suspend\","
	    "\"subject\":[\"co\"],\"counterpart\":[\"us\"],\"direction\":\"both\",\"effective\":"
	    "\"2025-11-11T14:07:02Z\"}";
	static const char draft[] = "{\"record\":\"end\",\"id\":\"e1\",\"of\":\"a-1\"}";
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_record r = { 0 };
	struct pv_err e = { 0 };

	tap_ok(pv_ok(pv_record_read_text(&r, pv_slice_of(bare), PV_READ_BARE, a, &e)),
	    "bare records may leave out log, basis, text");
	tap_ok(!pv_ok(pv_record_read_text(&r, pv_slice_of(bare), 0, a, &e)), "others may not");
	tap_ok(pv_ok(pv_record_read_text(&r, pv_slice_of(empty_scope), PV_READ_BARE, a, &e)) &&
		   !r.order.has_channels && !r.order.has_purposes,
	    "in bare records an empty list of channels or purposes is no such scope");
	tap_ok(pv_ok(pv_record_read_text(&r, pv_slice_of(fake_key), PV_READ_BARE, a, &e)),
	    "in bare records any word stands for a key");
	tap_ok(!pv_ok(pv_record_read_text(&r, pv_slice_of(no_except), PV_READ_BARE, a, &e)) &&
		   strcmp(e.field, "except") == 0,
	    "except must be there in bare records too");
	tap_ok(pv_ok(pv_record_read_text(&r, pv_slice_of(draft), PV_READ_DRAFT, a, &e)),
	    "a draft may leave out what its signer fills in");
	tap_ok(!pv_ok(pv_record_read_text(&r, pv_slice_of(draft), PV_READ_BARE, a, &e)) &&
		   strcmp(e.field, "issuer") == 0,
	    "a bare record has an issuer");
}

/* ---- what is refused: text, field, line, column, a piece of the message or advice ---- */

struct bad {
	const char *name, *text, *field;
	unsigned line, col;
	const char *says;
};

#define ORDER                                                                           \
	"{\"record\":\"order\"," COMMON                                                 \
	"\"subject\":[\"co\"],\"direction\":\"both\",\"text\":{},\"authentic\":\"en\"," \
	"\"public\":true,\"effective\":\"2025-11-11T14:07:02Z\",\n"

static const struct bad bads[] = {
	{ "an unknown member is named, with the nearest",
	    "{\"record\":\"end\"," COMMON "\n \"off\":\"a\"}", "off", 2, 2,
	    "Did you mean \"of\"?" },
	{ "an unknown kind is named, with the nearest", "{\"record\":\"ordr\"}", "record", 1, 11,
	    "Did you mean \"order\"?" },
	{ "a record is an object", "[1]", "", 1, 1,
	    "a list stands here; a record (an object) is wanted" },
	{ "a record says its kind", "{\"id\":\"x\"}", "record", 1, 1, "is missing" },
	{ "a kind is a word", "{\"record\":5}", "record", 1, 11,
	    "a number stands here; a word is wanted" },
	{ "an empty counterpart is refused",
	    ORDER "\"kind\":\"suspend\",\"except\":[],\n\"counterpart\":[]}", "counterpart", 3, 15,
	    "is empty" },
	{ "a name has small letters",
	    ORDER "\"kind\":\"suspend\",\"except\":[],\n\"counterpart\":[\"us\",\"US\"]}",
	    "counterpart[1]", 3, 21, "\"US\" is not a party" },
	{ "an exception that names a purpose alone is refused",
	    ORDER "\"kind\":\"suspend\",\"counterpart\":[\"us\"],\n\"except\":[{\"topic\":\"a\"},{"
		  "\"purpose\":\"safety\"}]}",
	    "except[1]", 3, 25, "names a purpose alone" },
	{ "an empty exception is refused",
	    ORDER "\"kind\":\"suspend\",\"counterpart\":[\"us\"],\n\"except\":[{}]}", "except[0]",
	    3, 11, "would except everything" },
	{ "a restrict names purposes",
	    ORDER "\"kind\":\"restrict\",\"counterpart\":[\"us\"],\n\"except\":[]}", "purposes", 1,
	    1, "is missing; a restrict" },
	{ "until comes after effective",
	    ORDER "\"kind\":\"suspend\",\"counterpart\":[\"us\"],\"except\":[],\n\"until\":\"2025-"
		  "11-11T14:07:02Z\"}",
	    "until", 3, 9, "is not later than effective" },
	{ "a channel list that is given names one",
	    ORDER "\"kind\":\"suspend\",\"counterpart\":[\"us\"],\"except\":[],\n\"channels\":[]}",
	    "channels", 3, 12, "is empty" },
	{ "a word is suggested",
	    ORDER "\"kind\":\"suspned\",\"counterpart\":[\"us\"],\"except\":[]}", "kind", 2, 8,
	    "Did you mean \"suspend\"?" },
	{ "a time has one spelling", "{\"record\":\"end\",\"id\":\"x\",\"time\":\"2025-11-11\"}",
	    "time", 1, 33, "is not a time" },
	{ "a whole number has bounds", "{\"record\":\"quorum\"," COMMON "\"needs\":{\"lift\":17}}",
	    "needs.lift", 1, 118, "17 is not allowed; a whole number from 1 to 16 is" },
	{ "a quorum of none is refused", "{\"record\":\"quorum\"," COMMON "\"needs\":{\"lift\":0}}",
	    "needs.lift", 1, 118, "0 is not allowed" },
	{ "a number is not a text", "{\"record\":\"quorum\"," COMMON "\"needs\":{\"lift\":\"2\"}}",
	    "needs.lift", 1, 118, "a text stands here" },
	{ "a quorum is of a kind of act",
	    "{\"record\":\"quorum\"," COMMON "\"needs\":{\"lifts\":2}}", "needs.lifts", 1, 111,
	    "Did you mean \"lift\"?" },
	{ "exercise is true or not there", "{\"record\":\"end\",\"exercise\":false}", "exercise", 1,
	    28, "only true may" },
	{ "a basis cites or names a source", "{\"record\":\"end\",\"basis\":[{\"note\":\"x\"}]}",
	    "basis[0]", 1, 26, "does neither" },
	{ "bounds are in order", "{\"record\":\"incident\",\"dead\":{\"min\":4,\"max\":2}}",
	    "dead.max", 1, 44, "is less than min" },
	{ "no attestor is above another",
	    "{\"record\":\"condition\"," COMMON
	    "\"text\":{},\"quorum\":1,\"window\":1,\"attestors\":[\"a\",\"a.b\"]}",
	    "attestors[1]", 1, 154, "would count twice" },
	{ "no more attestors can agree than there are",
	    "{\"record\":\"condition\"," COMMON
	    "\"text\":{},\"quorum\":2,\"window\":1,\"attestors\":[\"a\"]}",
	    "quorum", 1, 124, "1 are named" },
	{ "a fraction of a second is not a number of seconds",
	    "{\"record\":\"order\",\"ack_due\":1.5}", "ack_due", 1, 29, "1.5 is not allowed" },
	{ "an area is closed",
	    "{\"record\":\"term\",\"area\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,"
	    "1],[0,1]]]}}",
	    "area", 1, 77, "not closed" },
	{ "a language is one", "{\"record\":\"recall\",\"text\":{\"english\":\"a\",\"e\":\"b\"}}",
	    "text.e", 1, 42, "is not a language" },
	{ "the authentic text is there",
	    "{\"record\":\"order\"," COMMON "\"subject\":[\"co\"],\"counterpart\":[\"us\"],"
	    "\"direction\":\"both\",\"text\":{\"en\":\"x\"},"
	    "\"authentic\":\"es\",\"public\":true,\"effective\":\"2025-11-11T14:07:02Z\",\"kind\":"
	    "\"suspend\",\"except\":[]}",
	    "authentic", 1, 188, "no text in \"es\"" },
	{ "a duty has its own arguments",
	    "{\"record\":\"agreement\",\"obligations\":[{\"duty\":\"no-onward\",\"within\":5}]}",
	    "obligations[0].within", 1, 67, "does not go with" },
	{ "report-outcome needs its time",
	    "{\"record\":\"agreement\",\"obligations\":[\"report-outcome\"]}",
	    "obligations[0].within", 1, 38, "is missing" },
	{ "an officer's key signs",
	    "{\"record\":\"key\"," COMMON "\"party\":\"co\",\"use\":\"officer\",\"binding\":\"b\","
	    "\"from\":\"2025-11-11T14:07:02Z\"}",
	    "key", 1, 1, "is missing" },
	{ "observed comes before the record",
	    "{\"record\":\"attestation\"," COMMON
	    "\"condition\":\"c\",\"status\":\"ended\",\"source\":{},\"observed\":\"2025-11-11T14:"
	    "07:03Z\"}",
	    "observed", 1, 163, "is later than" },
	{ "a party is not in itself",
	    "{\"record\":\"party\"," COMMON "\"name\":\"co\",\"names\":{},\"members\":[\"co\"]}",
	    "members[0]", 1, 135, "not a member of itself" },
	{ "a genesis names as many officers as it asks for",
	    "{\"record\":\"genesis\"," COMMON "\"origin\":\"co/"
	    "orders\",\"root\":\"co\",\"quorum\":2,\"signers\":[],\"profile\":\"courier\","
	    "\"officers\":[\"co/officer1+bb563574+AcqXgRLKG73K+sIxs5oj3E2nhu/4FHxOcrmAd4Wv7ki7\"]}",
	    "quorum", 1, 145, "2 different officers" },
};

static void
test_bad(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();

	for (size_t i = 0; i < PV_COUNT_OF(bads); i++) {
		const struct bad *b = &bads[i];
		struct pv_record r = { .kind = PV_KIND_NONE };
		struct pv_err e = { 0 };
		bool refused = !pv_ok(pv_record_read_text(&r, pv_slice_of(b->text), 0, a, &e));

		if (!tap_ok(
			refused && e.code == PV_E_INPUT && strcmp(e.field, b->field) == 0 &&
			    e.line == b->line && e.col == b->col &&
			    (strstr(e.what, b->says) != NULL || strstr(e.fix, b->says) != NULL) &&
			    r.kind == PV_KIND_NONE,
			"%s", b->name))
			tap_note("%u:%u: %s: %s / %s", e.line, e.col, e.field, e.what, e.fix);
	}
}

static void
test_size(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_buf text = { 0 };
	struct pv_record r;
	struct pv_err e = { 0 };

	pv_buf_add_str(
	    &text, "{\"record\":\"recall\"," COMMON "\"report\":\"r\",\"text\":{\"en\":\"");
	while (text.n < PV_RECORD_MAX - 3)
		pv_buf_add_c(&text, 'x');
	pv_buf_add_str(&text, "\"}}");
	tap_ok(text.n == PV_RECORD_MAX &&
		   pv_ok(pv_record_read_text(&r, pv_buf_slice(&text), 0, a, &e)),
	    "a record of 32 KiB is read");
	text.n -= 3;
	pv_buf_add_str(&text, "x\"}}");
	tap_ok(
	    !pv_ok(pv_record_read_text(&r, pv_buf_slice(&text), 0, a, &e)) && e.code == PV_E_LIMIT,
	    "one byte more is too much");
	pv_buf_free(&text);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	test_tables();
	test_kinds(argv[1]);
	test_values();
	test_made();
	test_leniency();
	test_bad();
	test_size();
	return tap_done();
}
