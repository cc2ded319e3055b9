/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts: what is written reads back, what is wrong is refused with its path.
 * The table: its rules. Calls: who may see and do what, on homes of a world.
 */
#include "core/words.h"
#include "desk/acts.h"
#include "desk/layouts.h"
#include "desk/once.h"
#include "desk/sight.h"
#include "desk/test_homes.h"

/* ---- layouts ---- */

struct part {
	struct pv_slice name;
	uint64_t n;
};
struct all {
	struct pv_slice text, bytes, json;
	const char *cstr;
	char chars[8];
	struct pv_names names;
	struct pv_texts texts;
	bool yes;
	uint64_t number, time, never;
	unsigned small;
	enum pv_reason word;
	struct pv_record record;
	const struct pv_record *records;
	size_t record_count;
	struct part part;
	const struct part *parts;
	size_t part_count;
	struct pv_obligations duties;
};

static const struct pv_field part_fields[] = {
	PV_FIELD(struct part, name, "name", PV_AS_TEXT, PV_MUST, "Its name."),
	PV_FIELD(struct part, n, "n", PV_AS_U64, 0, "Its number."),
	{ .name = NULL },
};
static const struct pv_layout part_layout = { "Part", sizeof(struct part), part_fields };

static const struct pv_field all_fields[] = {
	PV_FIELD(struct all, text, "text", PV_AS_TEXT, 0, ""),
	PV_FIELD(struct all, bytes, "bytes", PV_AS_BYTES, 0, ""),
	PV_FIELD(struct all, json, "json", PV_AS_JSON, 0, ""),
	PV_FIELD(struct all, cstr, "cstr", PV_AS_CSTR, 0, ""),
	{ .name = "chars",
	    .shape = PV_AS_CHARS,
	    .at = offsetof(struct all, chars),
	    .count_at = sizeof(((struct all *)NULL)->chars) },
	PV_FIELD(struct all, names, "names", PV_AS_NAMES, 0, ""),
	PV_FIELD(struct all, texts, "texts", PV_AS_TEXTS, 0, ""),
	PV_FIELD(struct all, yes, "yes", PV_AS_BOOL, 0, ""),
	PV_FIELD(struct all, number, "number", PV_AS_U64, 0, ""),
	PV_FIELD(struct all, time, "time", PV_AS_TIME, 0, ""),
	PV_FIELD(struct all, never, "never", PV_AS_TIME, PV_ELSE_NEVER, ""),
	PV_FIELD(struct all, small, "small", PV_AS_UINT, 0, ""),
	{ .name = "word",
	    .shape = PV_AS_WORD,
	    .at = offsetof(struct all, word),
	    .words = pv_reason_words_at },
	{ .name = "record", .shape = PV_AS_RECORD, .at = offsetof(struct all, record) },
	{ .name = "records",
	    .shape = PV_AS_RECORDS,
	    .at = offsetof(struct all, records),
	    .count_at = offsetof(struct all, record_count) },
	{ .name = "part",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct all, part),
	    .of = &part_layout },
	{ .name = "parts",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct all, parts),
	    .count_at = offsetof(struct all, part_count),
	    .of = &part_layout },
	PV_FIELD(struct all, duties, "duties", PV_AS_OBLIGATIONS, 0, ""),
	{ .name = NULL },
};
static const struct pv_layout all_layout = { "All", sizeof(struct all), all_fields };

static PV_RESULT
read_doc(const char *text, struct all *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	*e = (struct pv_err){ 0 };
	PV_TRY(pv_json_read(&doc, pv_slice_of(text), SIZE_MAX, e));
	return pv_layout_read(&all_layout, doc, 0, arena, out, e);
}

static const char *
written(const struct pv_layout *l, const void *in)
{
	struct pv_buf out = { 0 };
	struct pv_jsonw w = { .out = &out };
	const char *kept;

	pv_jsonw_object(&w, NULL);
	pv_layout_write(l, in, &w);
	pv_jsonw_end(&w);
	kept = pv_arena_str(arena, pv_buf_slice(&out));
	pv_buf_free(&out);
	return kept;
}

#define RECORD                                                                                   \
	"{\"basis\":[],\"id\":\"end-1\",\"issuer\":\"co\",\"log\":\"co/orders\",\"of\":\"a-1\"," \
	"\"record\":\"end\",\"time\":\"2026-01-01T00:00:00Z\"}"
#define ALL                                                                                      \
	"{\"text\":\"x\\u0000y\",\"bytes\":\"AAEC\",\"json\":{\"a\":[1]},\"cstr\":\"c\","        \
	"\"chars\":\"seven..\",\"names\":[\"a\",\"b\"],\"texts\":{\"en\":\"yes\"},\"yes\":true," \
	"\"number\":9007199254740991,\"time\":\"2026-01-01T00:00:00Z\","                         \
	"\"never\":\"1970-01-01T00:00:00Z\",\"small\":4294967295,\"word\":\"suspended\","        \
	"\"record\":" RECORD ",\"records\":[" RECORD "," RECORD "],\"part\":{\"name\":\"p\","    \
	"\"n\":0},\"parts\":[{\"name\":\"\",\"n\":7}],\"duties\":[{\"duty\":\"report-outcome\"," \
	"\"within\":3600,\"after\":0}]}"

static void
test_layouts(void)
{
	static const struct {
		const char *text, *field, *what, *name;
	} wrong[] = {
		{ "[]", "", "must be an object", "a list is no object" },
		{ "{\"nothing\":1}", "nothing", "no such member", "an unknown member is refused" },
		{ "{\"text\":1}", "text", "must be a string", "a number is no text" },
		{ "{\"text\":null}", "text", "not null", "null is nothing that can be meant" },
		{ "{\"bytes\":\"A\"}", "bytes", "base64", "bytes are base64" },
		{ "{\"cstr\":\"a\\u0000\"}", "cstr", "NUL", "a NUL ends no C string" },
		{ "{\"chars\":\"12345678\"}", "chars", "7 bytes", "text in place has room" },
		{ "{\"names\":\"a\"}", "names", "a list of strings", "one name is no list" },
		{ "{\"names\":[\"a\",2]}", "names[1]", "must be a string", "a list of names" },
		{ "{\"texts\":{\"en\":[]}}", "texts.en", "must be a string", "a text a language" },
		{ "{\"yes\":\"true\"}", "yes", "true or false", "a word is no truth value" },
		{ "{\"number\":-1}", "number", "from 0", "no negative numbers" },
		{ "{\"number\":1.5}", "number", "whole number", "no fractions" },
		{ "{\"small\":4294967296}", "small", "to 4294967295", "no larger than it is" },
		{ "{\"time\":\"2026-01-01\"}", "time", "no time", "a day is no time" },
		{ "{\"word\":\"maybe\"}", "word", "none of stale", "a word of the list" },
		{ "{\"word\":\"none\"}", "word", "none of", "not the one for nothing" },
		{ "{\"record\":{\"record\":\"end\"}}", "record.basis", "",
		    "a record as wire has it" },
		{ "{\"records\":[" RECORD ",{}]}", "records[1].record", "", "each of them" },
		{ "{\"part\":{\"n\":1}}", "part.name", "missing", "what must be there" },
		{ "{\"parts\":[{\"name\":\"a\"},{\"name\":\"b\",\"n\":\"1\"}]}", "parts[1].n",
		    "whole number", "a path through a list" },
		{ "{\"duties\":[{}]}", "duties[0].duty", "missing", "a duty has a name" },
	};
	struct all got;
	struct pv_err e;

	good(read_doc(ALL, &got, &e), &e, "every shape is read");
	tap_str(written(&all_layout, &got), ALL, "and written as it was");
	tap_ok(got.text.n == 3 && got.never == 0 && got.word == PV_WHY_SUSPENDED &&
		   got.duties.at[0].within_s == 3600 && got.record_count == 2 &&
		   got.records[1].kind == PV_END,
	    "as what it means");
	good(read_doc("{}", &got, &e), &e, "nothing is read");
	tap_ok(got.never == PV_NEVER && got.time == 0 && got.record.kind == PV_KIND_NONE,
	    "as nothing, and never");
	tap_str(written(&all_layout, &got),
	    "{\"number\":0,\"small\":0,\"records\":[],\"parts\":[]}",
	    "and counts and lists are always there");
	good(read_doc("{\"number\":2,\"text\":\"late\"}", &got, &e), &e, "in any order");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct pv_status st = read_doc(wrong[i].text, &got, &e);

		if (!tap_ok(!pv_ok(st) && e.code == PV_E_INPUT &&
				strcmp(e.field, wrong[i].field) == 0 &&
				strstr(e.what, wrong[i].what) != NULL,
			"%s", wrong[i].name))
			tap_note("%s: %s", e.field, e.what);
	}
}

/* ---- words ---- */

static void
test_words(void)
{
	bool same = true;

	for (unsigned i = 1; i <= PV_WHY_NOT_BARRED; i++)
		same = same && strcmp(pv_reason_words_at[i], pv_reason_name(i)) == 0;
	for (unsigned i = 1; i < PV_KIND_COUNT; i++)
		same = same && strcmp(pv_kind_words_at[i], pv_kind_name(i)) == 0;
	for (unsigned i = 0; i <= PV_COND_ENDED; i++)
		same = same && strcmp(pv_status_of_words_at[i], pv_status_of_name(i)) == 0;
	for (unsigned i = 1; i <= PV_HUMAN_IDENTIFICATION; i++)
		same =
		    same && strcmp(pv_layout_obligation.fields[0].words[i], pv_duty_name(i)) == 0;
	tap_ok(same, "the words are those of the records");
	tap_ok(pv_kind_words_at[PV_KIND_COUNT] == NULL &&
		   pv_reason_words_at[PV_WHY_NOT_BARRED + 1] == NULL &&
		   pv_layout_obligation.fields[0].words[PV_HUMAN_IDENTIFICATION + 1] == NULL,
	    "and no more");
}

/* ---- the table ---- */

static bool
path_has(const char *path, const char *name)
{
	const char *part = pv_arena_printf(arena, "{%s}", name).p;

	return path != NULL && strstr(path, part) != NULL;
}

static size_t
parts_of(const char *path)
{
	size_t n = 0;

	for (; path != NULL && *path != '\0'; path++)
		n += *path == '{' ? 1 : 0;
	return n;
}

static bool
good_layout(const struct pv_layout *l, const char **why)
{
	size_t n = 0;

	for (const struct pv_field *f = l->fields; f->name != NULL; f++, n++) {
		*why = f->name;
		if (f->shape == PV_AS_END || f->text == NULL || f->text[0] == '\0' ||
		    f->at >= l->size)
			return false;
		if ((f->shape == PV_AS_ONE || f->shape == PV_AS_LIST) &&
		    (f->of == NULL || !good_layout(f->of, why)))
			return false;
		if (f->shape == PV_AS_WORD && f->words == NULL)
			return false;
		if ((f->shape == PV_AS_LIST || f->shape == PV_AS_RECORDS) && f->count_at == 0)
			return false;
		for (const struct pv_field *g = l->fields; g != f; g++)
			if (strcmp(f->name, g->name) == 0)
				return false;
	}
	return n <= PV_FIELDS_MAX;
}

static bool
good_path(const struct pv_call *c)
{
	size_t n = 0;

	for (const struct pv_field *f = c->ask != NULL ? c->ask->fields : NULL;
	     f != NULL && f->name != NULL; f++) {
		bool there = path_has(c->path, f->name);

		if (there != (c->path != NULL && (f->flags & PV_PATH) != 0))
			return false;
		n += there ? 1 : 0;
	}
	return n == parts_of(c->path);
}

static bool
good_call(const struct pv_call *c, const char **why)
{
	*why = "runs";
	if ((c->flags & PV_CALL_QUICK) != 0 ? c->begin == NULL || c->finish == NULL
					    : c->run == NULL)
		return false;
	*why = "a GET changes nothing, and has a summary";
	if (c->path != NULL &&
	    (c->method == NULL || c->summary == NULL ||
		(strcmp(c->method, "GET") == 0 && (c->flags & PV_CALL_READS) == 0)))
		return false;
	*why = "somebody may";
	if (c->roles == 0 && (c->flags & PV_CALL_PUBLIC) == 0)
		return false;
	*why = "the parts of its path are members of its question";
	if (!good_path(c))
		return false;
	*why = "an answer that is one thing says whether it was found";
	if ((c->flags & PV_CALL_FOUND) != 0 &&
	    pv_layout_field(c->answer, PV_SLICE("found")) == NULL)
		return false;
	*why = "a tail has a name of its own";
	if ((c->tail_in != NULL && pv_layout_field(c->ask, pv_slice_of(c->tail_in)) != NULL) ||
	    (c->tail_out != NULL && pv_layout_field(c->answer, pv_slice_of(c->tail_out)) != NULL))
		return false;
	return (c->ask == NULL || good_layout(c->ask, why)) &&
	       (c->answer == NULL || good_layout(c->answer, why));
}

static void
test_table(void)
{
	size_t n = pv_call_count();

	tap_ok(n > 40 && pv_call_at(n) == NULL, "there are calls, %zu of them", n);
	for (size_t i = 0; i < n; i++) {
		const struct pv_call *c = pv_call_at(i);
		const char *why = "";
		bool twice = false;

		for (size_t k = 0; k < i; k++)
			twice = twice || strcmp(pv_call_at(k)->name, c->name) == 0 ||
				(c->path != NULL && pv_call_at(k)->path != NULL &&
				    strcmp(pv_call_at(k)->path, c->path) == 0 &&
				    strcmp(pv_call_at(k)->method, c->method) == 0);
		if (!tap_ok(!twice && pv_call_find(c->name) == c && pv_call_index(c) == i &&
				good_call(c, &why),
			"%s is well described", c->name))
			tap_note("%s", twice ? "its name or path is there twice" : why);
	}
	tap_ok(pv_call_find("nothing") == NULL, "and no other");
}

/* ---- over HTTP ---- */

static void
test_http(void)
{
	static const struct {
		const char *call, *ask, *tail, *target, *body, *name;
	} rows[] = {
		{ "orders.list", "{\"at\":\"2026-01-01T00:00:00Z\",\"limit\":5}", "",
		    "/orders?at=2026-01-01T00%3A00%3A00Z&limit=5", "", "a question in the query" },
		{ "orders.show", "{\"id\":\"o/1 ?\"}", "", "/orders/o%2F1%20%3F", "",
		    "an id in the path" },
		{ "export", "{\"include\":[\"a\",\"b&c\"],\"public_only\":true}", "",
		    "/export?include=a&include=b%26c&public_only=true", "",
		    "a list is said again and again" },
		{ "acts.apply", "{\"dry_run\":true}", "a \"note\"\n", "/acts",
		    "{\"dry_run\":true,\"notes\":\"a \\\"note\\\"\\n\"}", "a tail in the body" },
		{ "card", "{}", "", "/card", "", "nothing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct pv_call *c = pv_call_find(rows[i].call);
		struct pv_buf target = { 0 }, body = { 0 }, ask = { 0 };
		struct pv_slice parts[1] = { PV_SLICE("o/1 ?") }, tail = PV_NO_SLICE;
		struct pv_call_request r = { .parts = parts };
		struct pv_err e = { 0 };
		const char *query;

		good(pv_call_to_http(c, pv_slice_of(rows[i].ask), pv_slice_of(rows[i].tail),
			 &target, &body, &e),
		    &e, rows[i].name);
		tap_str(pv_buf_str(&target), rows[i].target, "its target");
		tap_str(pv_buf_str(&body), rows[i].body, "its body");
		query = strchr(pv_buf_str(&target), '?');
		r.query = pv_slice_of(query != NULL ? query + 1 : NULL);
		r.body = pv_buf_slice(&body);
		r.type = r.body.n != 0 ? PV_SLICE("application/json; charset=utf-8") : PV_NO_SLICE;
		good(pv_call_of_http(c, &r, arena, &ask, &tail, &e), &e, "and back");
		tap_ok(pv_slice_is(tail, rows[i].tail), "with its tail");
		/* the members may stand in the layout's order now */
		tap_ok(ask.n == strlen(rows[i].ask), "and with what was asked");
		pv_buf_free(&target);
		pv_buf_free(&body);
		pv_buf_free(&ask);
	}
}

static void
test_http_wrong(void)
{
	static const struct {
		const char *call, *query, *type, *body, *field, *name;
	} rows[] = {
		{ "orders.list", "no=1", "", "", "no", "a parameter that is none" },
		{ "orders.list", "limit=1&limit=2", "", "", "limit", "a parameter twice" },
		{ "orders.list", "at=%zz", "", "", "", "a bad escape" },
		{ "orders.show", "id=o-1", "", "", "id", "what stands in the path, in the query" },
		{ "acts.apply", "", "application/json", "[]", "", "a body that is a list" },
		{ "acts.apply", "", "application/json", "{}", "notes", "a body without its text" },
		{ "acts.apply", "", "application/json", "{\"notes\":1}", "notes", "no text" },
		{ "acts.apply", "x=1", "application/json", "{\"notes\":\"\"}", "", "a query too" },
		{ "acts.apply", "dry_run=1", "text/plain", "\xff", "notes", "no UTF-8" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pv_slice parts[1] = { PV_SLICE("o-1") }, tail;
		struct pv_call_request r = { .parts = parts,
			.query = pv_slice_of(rows[i].query),
			.type = pv_slice_of(rows[i].type),
			.body = pv_slice_of(rows[i].body) };
		struct pv_buf ask = { 0 };
		struct pv_err e = { 0 };
		struct pv_status st =
		    pv_call_of_http(pv_call_find(rows[i].call), &r, arena, &ask, &tail, &e);

		if (!tap_ok(
			!pv_ok(st) && e.code == PV_E_INPUT && strcmp(e.field, rows[i].field) == 0,
			"refused: %s", rows[i].name))
			tap_note("%s: %s", e.field, e.what);
		pv_buf_free(&ask);
	}
}

/* ---- who calls ---- */

static struct pv_caller
caller(const char *party, unsigned roles)
{
	return (struct pv_caller){ .known = true,
		.id = pv_slice_of(party),
		.party = pv_slice_of(party),
		.roles = roles,
		.own = pv_name_under(pv_slice_of(party), PV_SLICE("co")),
		.until_s = PV_NEVER };
}

struct said {
	bool allowed;
	struct pv_status st;
	struct pv_err e;
	const char *json, *tail;
};

static struct said
call_with(struct pv_desk *d, const struct pv_caller *who, const char *name, const char *ask,
    struct pv_slice tail)
{
	struct said out = { .st = PV_DONE };
	struct pv_buf json = { 0 }, tail_out = { 0 };
	struct pv_call_run run = {
		.d = d, .who = who, .tail = tail, .tail_out = &tail_out, .a = arena
	};

	out.allowed = pv_call_allows(pv_call_find(name), who);
	if (out.allowed)
		out.st =
		    pv_call_run_json(&run, pv_call_find(name), pv_slice_of(ask), &json, &out.e);
	out.json = pv_arena_str(arena, pv_buf_slice(&json));
	out.tail = pv_arena_str(arena, pv_buf_slice(&tail_out));
	pv_buf_free(&json);
	pv_buf_free(&tail_out);
	return out;
}

static struct said
call(struct pv_desk *d, const struct pv_caller *who, const char *name, const char *ask)
{
	return call_with(d, who, name, ask, PV_NO_SLICE);
}

static bool
says(const struct said *s, const char *text)
{
	bool ok = s->allowed && pv_ok(s->st) && strstr(s->json, text) != NULL;

	if (!ok)
		tap_note("%s: %s: %s", s->e.field, s->e.what, s->json);
	return ok;
}

static bool
refuses(const struct said *s, const char *what)
{
	bool ok = s->allowed && !pv_ok(s->st) && s->e.code == PV_E_INPUT &&
		  strstr(s->e.what, what) != NULL;

	if (!ok)
		tap_note("%d %d \"%s\"", s->allowed, (int)s->st.code, s->e.what);
	return ok;
}

static bool
sees(struct pv_desk *d, const struct pv_caller *who, const char *id)
{
	struct said s = call(d, who, "acts.show", pv_arena_printf(arena, "{\"id\":\"%s\"}", id).p);

	return s.allowed && pv_ok(s.st) && strstr(s.json, "\"found\":true") != NULL;
}

/* All that is read folds by itself, as the tool on a gateway does it. */
static uint64_t
folds(struct pv_desk *d, const struct pv_caller *who)
{
	struct pv_acts_ask ask = { .limit = 3 };
	struct pv_state *s = pv_state_new(PV_SLICE("co/orders"), false);
	struct pv_err e = { 0 };
	uint64_t n = 0;
	bool ok = true;

	for (;;) {
		struct pv_acts_answer out = { 0 };
		struct pv_call_run run = {
			.d = d, .who = who, .ask = &ask, .answer = &out, .a = arena
		};

		ok = ok && pv_ok(pv_call_find("acts.list")->run(&run, &e));
		for (size_t i = 0; ok && i < out.count; i++, n++) {
			struct pv_record *r = PV_ARENA_NEW(arena, struct pv_record);
			struct pv_act act = { .record = r,
				.since = out.rows[i].second,
				.has_index = true,
				.index = out.rows[i].index };
			enum pv_applied applied;

			ok = pv_ok(pv_act_row_read(out.rows[i].body, arena, r, &act.signers,
				 &act.signer_count, &e)) &&
			     pv_ok(pv_state_apply(s, &act, &applied, &e));
		}
		if (!ok || out.next >= out.size)
			break;
		ask.from = out.next;
	}
	if (!ok)
		tap_note("%s: %s", e.field, e.what);
	pv_state_free(s);
	return ok ? n : 0;
}

static void
test_sight(void)
{
	struct pv_caller officer = caller("co", PV_ROLE_OFFICER),
			 analyst = caller("co", PV_ROLE_ANALYST),
			 navy = caller("co.navy", PV_ROLE_ANALYST),
			 us = caller("us", PV_ROLE_ANALYST), ca = caller("ca", PV_ROLE_OFFICER),
			 nobody = { 0 };
	struct pv_desk *d;
	uint64_t all;

	new_case("who may read which act");
	d = take_home("co");
	applies(d,
	    ORDER("o-open", "co", "us", "\"public\":true") ORDER("o-private", "co", "uk",
		"\"public\":false") "{\"record\":\"lift\",\"id\":\"lift-"
				    "1\",\"order\":\"o-private\",\"reopen\":\"hold\"}\n",
	    "a public order and a private one");
	tap_ok(sees(d, &officer, "o-private") && sees(d, &officer, "a-ca"), "an officer sees all");
	tap_ok(sees(d, &us, "a-us") && !sees(d, &us, "a-ca"),
	    "a partner sees the agreement with it, and no other");
	tap_ok(sees(d, &us, "o-open") && !sees(d, &us, "o-private") && !sees(d, &us, "lift-1"),
	    "and of orders those that are public or name it");
	tap_ok(!sees(d, &ca, "o-private"), "an officer of a partner is no officer here");
	tap_ok(sees(d, &analyst, "o-private") && sees(d, &analyst, "a-ca"),
	    "an analyst of the issuer sees orders and agreements of its own party");
	tap_ok(sees(d, &navy, "o-open") && !sees(d, &navy, "no-such-act"),
	    "what is not there is not seen");
	tap_ok(!call(d, &nobody, "acts.show", "{\"id\":\"o-open\"}").allowed,
	    "nobody asks without a credential");
	all = folds(d, &officer);
	tap_ok(all > 20, "what an officer reads folds: %llu acts", (unsigned long long)all);
	tap_ok(folds(d, &us) > 10 && folds(d, &us) < all, "what a partner reads folds");
	tap_ok(folds(d, &navy) > 10, "what an analyst reads folds");
	pv_desk_close(d);
}

static void
test_orders(void)
{
	struct pv_caller officer = caller("co", PV_ROLE_OFFICER),
			 us = caller("us", PV_ROLE_ANALYST);
	struct said s;
	struct pv_desk *d;

	new_case("orders");
	d = take_home("co");
	applies(d,
	    ORDER("o-1", "co", "us", "\"public\":true")
		ORDER("o-2", "co", "uk", "\"public\":false"),
	    "two orders");
	s = call(d, &officer, "orders.list", "{\"limit\":1}");
	tap_ok(says(&s, "\"o-1\"") && says(&s, "\"next\":\"1\""), "a page of one");
	s = call(d, &officer, "orders.list", "{\"limit\":1,\"cursor\":\"1\"}");
	tap_ok(says(&s, "\"o-2\"") && strstr(s.json, "next") == NULL, "and the next, the last");
	s = call(d, &officer, "orders.list", "{\"cursor\":\"x\"}");
	tap_ok(refuses(&s, "cursor"), "a cursor that is none");
	s = call(d, &us, "orders.list", "{}");
	tap_ok(says(&s, "\"o-1\"") && strstr(s.json, "o-2") == NULL, "a partner sees its own");
	s = call(d, &us, "orders.show", "{\"id\":\"o-2\"}");
	tap_ok(says(&s, "\"found\":false"), "and of the other not that it exists");
	s = call(d, &us, "orders.preview", "{\"record\":{}}");
	tap_ok(!s.allowed, "previews are not for partners");
	s = call(d, &officer, "orders.preview",
	    "{\"record\":{\"record\":\"order\",\"kind\":\"suspend\",\"subject\":[\"co\"],"
	    "\"counterpart\":[\"ca\"],\"direction\":\"both\",\"except\":[],"
	    "\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"en\":\"x\"},"
	    "\"authentic\":\"en\",\"public\":false}}");
	tap_ok(says(&s, "\"stopped_agreements\":[\"a-ca to ca for law\"]"),
	    "a preview of what nobody signed yet");
	s = call_with(d, &us, "acts.apply", "{}",
	    pv_slice_of("{\"record\":\"ack\",\"id\":\"ack-1\",\"issuer\":\"us\",\"log\":"
			"\"co/orders\",\"time\":\"2026-09-21T00:00:00Z\",\"basis\":[],\"order\":"
			"\"o-2\",\"party\":\"us\",\"state\":\"seen\"}\n"));
	tap_ok(refuses(&s, "no order \"o-2\" in co/orders"),
	    "who acknowledges an order that is not for it learns nothing");
	s = call_with(d, &us, "acts.apply", "{}", pv_slice_of(PARTY("fr")));
	tap_ok(refuses(&s, "officer of co/orders"), "a partner brings no acts");
	pv_desk_close(d);
}

/* ---- drafted, signed elsewhere, applied ---- */

static void
test_signing(void)
{
	struct pv_caller officer = caller("co", PV_ROLE_OFFICER);
	struct pv_record r = { .kind = PV_KIND_NONE };
	struct pv_buf one, two, merged = { 0 };
	struct pv_slice line;
	struct pv_err e = { 0 };
	struct said s;
	struct pv_desk *d;

	new_case("an act is signed where the keys are");
	d = take_home("co");
	s = call_with(d, &officer, "acts.apply", "{}", pv_slice_of(PARTY("fr")));
	tap_ok(says(&s, "nobody signed"), "keys of the home sign nothing that comes by the API");
	s = call(d, &officer, "acts.draft",
	    "{\"record\":{\"record\":\"party\",\"name\":\"fr\",\"names\":{\"en\":\"France\"}}}");
	tap_ok(says(&s, "\"needs\":2") && says(&s, "\"exercise\":true"), "a draft is filled in");
	{
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

		good(pv_json_read(&doc, pv_slice_of(s.json), SIZE_MAX, &e), &e, "it is JSON");
		line = pv_arena_copy(
		    arena, pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("text")))->text);
	}
	line = pv_slice_sub(line, 0, line.n - 1);
	good(pv_record_read_text(&r, line, 0, arena, &e), &e, "its text is the record");
	one = sign_as("co", "officer1", line);
	two = sign_as("co", "officer2", line);
	s = call_with(d, &officer, "acts.apply", "{\"dry_run\":true}", pv_buf_slice(&one));
	tap_ok(says(&s, "\"errors\":[{"), "one officer is not enough for a party");
	good(pv_note_merge(&merged, pv_buf_slice(&one), pv_buf_slice(&two), &e), &e, "two sign");
	s = call_with(d, &officer, "acts.apply", "{}", pv_buf_slice(&merged));
	tap_ok(says(&s, "\"applied\":1"), "and it stands");
	s = call_with(d, &officer, "acts.apply", "{}", pv_buf_slice(&merged));
	tap_ok(says(&s, "\"unchanged\":1"), "once");
	pv_buf_free(&one);
	pv_buf_free(&two);
	pv_buf_free(&merged);
	pv_desk_close(d);
}

/* ---- statements ---- */

#define INCIDENT(id)                                                                               \
	"{\"record\":{\"record\":\"incident\"" id ",\"kind\":\"strike\",\"topic\":\"narcotics\","  \
	"\"region\":\"caribbean\",\"observed\":{\"from\":\"2026-09-01T00:00:00Z\",\"to\":"         \
	"\"2026-09-01T01:00:00Z\"},\"dead\":{\"min\":1},\"source\":{\"who\":\"press\",\"via\":[]," \
	"\"status\":\"reported\",\"date\":\"2026-09-02T00:00:00Z\"}}"

static void
test_statements(void)
{
	struct pv_caller analyst = caller("co", PV_ROLE_ANALYST),
			 navy = caller("co.navy", PV_ROLE_ANALYST),
			 overseer = caller("co", PV_ROLE_OVERSEER),
			 us = caller("us", PV_ROLE_ANALYST);
	struct said s;
	struct pv_desk *d;

	new_case("statements");
	d = take_home("co");
	analyst.person = PV_SLICE("person-1");
	s = call(d, &analyst, "records.state", INCIDENT("") "}");
	tap_ok(says(&s, "\"journal_index\"") && strstr(s.tail, "\xe2\x80\x94 ") != NULL,
	    "an incident is stated, and signed by the gateway");
	s = call(d, &analyst, "records.state", INCIDENT("") ",\"person\":\"person-2\"}");
	tap_ok(refuses(&s, "credential"), "in the caller's own name");
	s = call(d, &navy, "records.state", INCIDENT(",\"issuer\":\"co\"") "}");
	tap_ok(refuses(&s, "you act for co.navy"), "and for its own party");
	s = call(d, &navy, "records.state", INCIDENT("") "}");
	tap_ok(says(&s, "\"issuer\":\"co.navy\""), "which is its issuer when none is said");
	tap_ok(!call(d, &overseer, "records.state", INCIDENT("") "}").allowed &&
		   !call(d, &us, "records.state", INCIDENT("") "}").allowed,
	    "not by an overseer, not by a partner");
	s = call(d, &analyst, "records.state", "{\"record\":{\"record\":\"end\",\"of\":\"a-us\"}}");
	tap_ok(refuses(&s, "signed by officers"), "an act is no statement");
	pv_desk_close(d);
}

/* ---- looking ---- */

static void
test_looking(void)
{
	struct pv_caller officer = caller("co", PV_ROLE_OFFICER),
			 navy = caller("co.navy", PV_ROLE_ANALYST),
			 overseer = caller("co", PV_ROLE_OVERSEER),
			 operator_ = caller("co", PV_ROLE_OPERATOR),
			 us = caller("us", PV_ROLE_OVERSEER);
	const struct pv_explanation *x, *again;
	struct pv_explain_answer flat;
	struct pv_err e = { 0 };
	struct said s;
	struct pv_desk *d;

	new_case("looking");
	d = take_home("co");
	share(d, "r-1", "where it was seen");
	applies(d, ORDER("o-1", "co", "us", "\"public\":true"), "an order");
	s = call(d, &officer, "board", "{}");
	tap_ok(says(&s, "\"partner\":\"us\"") && says(&s, "\"cell\":\"stopped\""), "the board");
	s = call(d, &navy, "board", "{}");
	tap_ok(refuses(&s, "you act for co.navy"), "an echelon's analyst asks about its own");
	tap_ok(!call(d, &us, "board", "{}").allowed, "partners do not look at it");
	s = call(d, &officer, "explain",
	    "{\"report\":\"r-1\",\"recipient\":\"us\",\"purpose\":\"law.interdict\"}");
	tap_ok(says(&s, "\"release\":false") && says(&s, "\"reason\":\"suspended\"") &&
		   says(&s, "\"way\":\"lift\""),
	    "an explanation");
	good(pv_desk_explain(d, PV_SLICE("r-1"), PV_SLICE("us"), PV_SLICE("law.interdict"),
		 PV_NO_SLICE, 0, arena, &x, &e),
	    &e, "the same from the desk");
	pv_explanation_flat(x, arena, &flat);
	again = pv_explanation_whole(&flat, arena);
	tap_ok(again->answer == x->answer && again->reason == x->reason &&
		   again->row_count == x->row_count && again->change_count == x->change_count &&
		   again->rows[0].because == x->rows[0].because &&
		   again->changes[0].way == x->changes[0].way,
	    "an explanation goes flat and comes back whole");
	s = call(d, &overseer, "log.show", "{\"log\":\"journal\"}");
	tap_ok(says(&s, "\"disclosed\""), "an overseer reads the journal");
	s = call(d, &operator_, "log.show", "{\"log\":\"journal\"}");
	tap_ok(says(&s, "\"rows\"") && strstr(s.json, "disclosed") == NULL &&
		   strstr(s.json, "summary") == NULL,
	    "an operator sees that there are entries, not what is in them");
	s = call(d, &operator_, "log.verify", "{}");
	tap_ok(says(&s, "\"good\":true"), "and verifies them");
	s = call(d, &operator_, "log.rebuild", "{\"repair\":true}");
	tap_ok(refuses(&s, "machine of the home"), "nothing is repaired from afar");
	s = call(d, &operator_, "log.prove", "{\"log\":\"orders\",\"index\":0}");
	tap_ok(s.allowed && pv_ok(s.st) && strstr(s.tail, "tlog-proof") != NULL, "a proof");
	pv_desk_close(d);
}

static void
test_events(void)
{
	struct pv_caller officer = caller("co", PV_ROLE_OFFICER),
			 operator_ = caller("co", PV_ROLE_OPERATOR),
			 us = caller("us", PV_ROLE_ANALYST), ca = caller("ca", PV_ROLE_ANALYST);
	struct pv_desk *d, *from;
	struct said s;

	new_case("events");
	d = take_home("co");
	from = take_home("us");
	share(d, "r-1", "where it was seen");
	s = call(d, &officer, "events.read",
	    "{\"orders\":9007199254740991,\"journal\":9007199254740991}");
	tap_ok(says(&s, "\"rows\":[]"), "from now on: nothing yet");
	tap_ok(gets(from, d, in_case("r-1.tdf"), "", in_case("r-1.txt"), false), "us opens it");
	applies(d, ORDER("o-1", "co", "ca", "\"public\":false"), "an order");
	s = call(d, &officer, "events.read", "{\"orders\":0,\"journal\":0}");
	tap_ok(says(&s, "\"o-1\"") && says(&s, "\"kind\":\"granted\",\"id\":\"r-1\""),
	    "an officer hears of all");
	s = call(d, &operator_, "events.read", "{\"orders\":0,\"journal\":0}");
	tap_ok(says(&s, "\"kind\":\"granted\"") && strstr(s.json, "r-1") == NULL,
	    "an operator not which report");
	s = call(d, &us, "events.read", "{\"orders\":0,\"journal\":0}");
	tap_ok(says(&s, "\"kind\":\"granted\",\"id\":\"r-1\"") && strstr(s.json, "o-1") == NULL,
	    "a partner of its own openings, and not of orders for others");
	s = call(d, &ca, "events.read", "{\"orders\":0,\"journal\":0}");
	tap_ok(says(&s, "\"o-1\"") && strstr(s.json, "granted") == NULL,
	    "and the other of the order that names it");
	pv_desk_close(d);
	pv_desk_close(from);
}

/* ---- once ---- */

static struct said
once(struct pv_desk *d, const struct pv_caller *who, const char *key, const char *ask)
{
	struct pv_buf question = { 0 };
	struct pv_jsonw w = { .out = &question };
	struct said s;

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "key", pv_slice_of(key));
	pv_jsonw_str(&w, "call", PV_SLICE("records.state"));
	pv_jsonw_raw(&w, "ask", pv_slice_of(ask));
	pv_jsonw_end(&w);
	s = call(d, who, "once", pv_buf_str(&question));
	pv_buf_free(&question);
	return s;
}

static void
test_once(void)
{
	struct pv_caller analyst = caller("co", PV_ROLE_ANALYST),
			 other = caller("co.navy", PV_ROLE_ANALYST),
			 us = caller("us", PV_ROLE_ANALYST);
	struct said first, again, s;
	uint64_t before;
	struct pv_desk *d;

	new_case("a call under a key is made once");
	d = take_home("co");
	before = journal_count(d, "incident");
	first = once(d, &analyst, "k-1", INCIDENT("") "}");
	tap_ok(says(&first, "\"once\":\"done\""), "it is made");
	again = once(d, &analyst, "k-1", INCIDENT("") "}");
	tap_ok(
	    says(&again, "\"once\":\"again\"") &&
		strcmp(strstr(first.json, "\"answer\""), strstr(again.json, "\"answer\"")) == 0 &&
		strcmp(first.tail, again.tail) == 0,
	    "and answered again as it was");
	tap_ok(journal_count(d, "incident") == before + 1, "one incident is in the journal");
	s = once(d, &analyst, "k-1", INCIDENT(",\"id\":\"inc-9\"") "}");
	tap_ok(says(&s, "\"once\":\"other\""), "the key is not for another question");
	s = once(d, &other, "k-1", INCIDENT(",\"issuer\":\"co.navy\"") "}");
	tap_ok(says(&s, "\"once\":\"done\""), "another caller's key is another key");
	s = once(d, &us, "k-1", INCIDENT("") "}");
	tap_ok(says(&s, "\"once\":\"not-allowed\""), "a key opens nothing");
	s = once(d, &analyst, "k-2", "{\"record\":{\"record\":\"end\",\"of\":\"a-us\"}}");
	tap_ok(refuses(&s, "signed by officers"), "what fails is told");
	s = once(d, &analyst, "k-2", INCIDENT("") "}");
	tap_ok(says(&s, "\"once\":\"done\""), "and its key is free again");
	s = once(d, &analyst, "bad key", INCIDENT("") "}");
	tap_ok(refuses(&s, "visible ASCII"), "a key with a blank is none");
	clock_ms += (uint64_t)(PV_ONCE_S + 1) * 1000;
	s = once(d, &analyst, "k-1", INCIDENT("") "}");
	tap_ok(says(&s, "\"once\":\"done\""), "after a day it is forgotten");
	clock_ms -= (uint64_t)(PV_ONCE_S + 1) * 1000;
	pv_desk_close(d);
}

/* ---- between homes ---- */

static void
test_bundles(void)
{
	struct pv_caller us = caller("us", PV_ROLE_GATEWAY),
			 officer = caller("co", PV_ROLE_OFFICER),
			 navy = caller("co.navy", PV_ROLE_ANALYST);
	struct pv_desk *d, *to;
	struct said s;

	new_case("bundles");
	d = take_home("co");
	to = take_home("us");
	s = call(d, &us, "export", "{\"audience\":\"ca\"}");
	tap_ok(refuses(&s, "what is for us"), "a partner is not given another's bundle");
	s = call(d, &us, "export", "{\"include\":[\"a-ca\"]}");
	tap_ok(refuses(&s, "and no more"), "nor what it asks for besides");
	s = call(d, &us, "export", "{}");
	tap_ok(s.allowed && pv_ok(s.st) && strstr(s.tail, "a-ca") == NULL, "its own it is given");
	{
		struct pv_caller local = caller("us", PV_ROLE_OPERATOR);
		struct said f = call_with(to, &local, "follow", "{}", pv_slice_of(s.tail));

		tap_ok(says(&f, "\"origin\":\"co/orders\""), "and follows it");
	}
	s = call(d, &officer, "export", "{}");
	tap_ok(pv_ok(s.st) && strstr(s.tail, "a-ca") != NULL, "an officer exports all");
	s = call(d, &navy, "export", "{}");
	tap_ok(pv_ok(s.st) && strstr(s.tail, "a-ca") == NULL, "an analyst what is public");
	pv_desk_close(d);
	pv_desk_close(to);
}

int
main(void)
{
	make_world();
	test_layouts();
	test_words();
	test_table();
	test_http();
	test_http_wrong();
	test_sight();
	test_orders();
	test_signing();
	test_statements();
	test_looking();
	test_events();
	test_once();
	test_bundles();
	return end_world();
}
