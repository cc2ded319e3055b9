/* SPDX-License-Identifier: Apache-2.0 */
/* Files of records, and the signatures on them. */
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/note.h"
#include "tap.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

#define END(id)                                                           \
	"{\"basis\":[],\"id\":\"" id "\",\"issuer\":\"co\",\"log\":\"co/" \
	"orders\",\"of\":\"a-1\",\"record\":\"end\",\"time\":\"2025-11-11T14:07:02Z\"}"
#define DASH "\xe2\x80\x94 "

static struct pv_arena *arena;

/* ---- streams ---- */

struct seen {
	size_t items, records, signed_items;
	unsigned lines[8], cols[8];
	struct pv_err e; /* the first */
};

static struct seen
walk(struct pv_slice bytes, unsigned flags)
{
	struct seen s = { .items = 0 };
	struct pv_err e = { 0 };
	struct pv_file f;
	struct pv_item item;
	struct pv_record r;
	bool more = true;

	if (!pv_ok(pv_file_open(&f, bytes, "x.jsonl", &s.e)))
		return s;
	while (more && s.items < 1000) {
		if (!pv_ok(pv_file_next(&f, &item, &more, arena, &e))) {
			if (s.e.code == PV_OK)
				s.e = e;
			if (f.broken)
				break;
			continue;
		}
		if (!more)
			break;
		if (s.items < 8) {
			s.lines[s.items] = item.line;
			s.cols[s.items] = item.col;
		}
		s.items++;
		s.signed_items += item.signatures.n != 0 ? 1 : 0;
		if (pv_ok(pv_file_record(&f, &item, &r, flags, arena, &e)))
			s.records++;
		else if (s.e.code == PV_OK)
			s.e = e;
	}
	pv_file_close(&f);
	return s;
}

static bool
fails(const char *text, unsigned line, unsigned col, enum pv_code code, const char *says)
{
	struct seen s = walk(pv_slice_of(text), 0);
	bool ok = s.e.code == code && s.e.line == line && s.e.col == col &&
		  strstr(s.e.what, says) != NULL && strcmp(s.e.source, "x.jsonl") == 0;

	if (!ok)
		tap_note("%s:%u:%u: %s: %s (%d)", s.e.source, s.e.line, s.e.col, s.e.field,
		    s.e.what, (int)s.e.code);
	return ok;
}

static void
test_forms(void)
{
	struct seen s = walk(pv_slice_of(END("e1") "\n" END("e2") "\n\n" END("e3")), 0);

	tap_ok(s.records == 3 && s.lines[2] == 4,
	    "JSON lines are read, the last without a line end too");
	s = walk(pv_slice_of("  {\n \"record\": \"end\",\n \"id\": \"e\", \"issuer\": \"co\", "
			     "\"log\": \"l\", \"basis\": [],\n"
			     " \"of\": \"a\", \"time\": \"2025-11-11T14:07:02Z\"\n}\n"
			     "{ \"record\": \"end\", \"id\": \"e\", \"issuer\": \"co\", \"log\": "
			     "\"l\", \"basis\": [],"
			     " \"of\": \"a\", \"time\": \"2025-11-11T14:07:02Z\" }"),
	    0);
	tap_ok(s.records == 2 && s.lines[0] == 1 && s.cols[0] == 3 && s.lines[1] == 6,
	    "pretty JSON too");
	s = walk(pv_slice_of("[" END("e1") ",\n " END("e2") "]\n" END("e3")), 0);
	tap_ok(s.records == 3 && s.cols[0] == 2 && s.lines[1] == 2 && s.lines[2] == 3,
	    "a list too, and what follows it");
	s = walk(pv_slice_of("[]"), 0);
	tap_ok(s.items == 0 && s.e.code == PV_OK, "an empty list holds nothing");
	s = walk(pv_slice_of(" \n\t\r\n"), 0);
	tap_ok(s.items == 0 && s.e.code == PV_OK, "so does an empty file");
	s = walk(pv_slice_of(END("e1") "\n\n" DASH "a Zm9v\n" DASH "b YmFy\n" END(
		     "e2") "\n\n" DASH "a Zm9v\n\n" END("e3") "\n"),
	    0);
	tap_ok(s.records == 3 && s.signed_items == 2 && s.lines[1] == 5 && s.lines[2] == 9,
	    "signed notes and lines are mixed");
	s = walk(pv_slice_of(END("e1") "\r\n\r\n" DASH "a Zm9v\r\n" END("e2") "\r\n"), 0);
	tap_ok(s.records == 2 && s.signed_items == 1, "turned line ends do no harm");
}

static void
test_faults(void)
{
	struct pv_buf b = { 0 };
	struct seen s;

	tap_ok(fails("{\"record\":\"end\",\n\"id\":5}", 2, 6, PV_E_INPUT, "a number stands here"),
	    "a wrong type is placed in the file");
	tap_ok(fails(END("e") "\n{\"id\":1,\"id\":2}", 2, 9, PV_E_INPUT,
		   "stands twice in one object, first in line 2, column 2"),
	    "a name that stands twice is placed");
	tap_ok(fails(END("e") "\n"
			      "{\"id\":\"a\xff\"}",
		   2, 9, PV_E_INPUT, "not UTF-8"),
	    "a byte that is not UTF-8 is placed");
	tap_ok(
	    fails(END("e") "\n{\"record\":\"end\",\"id\":\"e", 2, 22, PV_E_INPUT, "does not end"),
	    "a file that breaks off in a string says so");
	tap_ok(fails(END("e") "\n{\"record\":\"end\",", 2, 17, PV_E_INPUT, "the end of the text"),
	    "one that breaks off after a comma too");
	tap_ok(fails("[" END("e") ",", 1, 112, PV_E_INPUT, "ends within the list"),
	    "and one that breaks off in a list");
	tap_ok(fails("[" END("e") " " END("e") "]", 1, 112, PV_E_INPUT, "expected ',' or ']'"),
	    "a list has commas");
	tap_ok(fails(END("e") "\n" DASH "co/officer1 Zm9v\n", 2, 1, PV_E_INPUT,
		   "without a record and an empty line"),
	    "a signature line follows an empty line");
	tap_ok(fails("hello", 1, 1, PV_E_INPUT, "expected a value"), "what is not JSON is placed");
	tap_ok(fails("{\"record\": \"end\"}\n\n" DASH "a Zm9v\n", 1, 1, PV_E_INPUT, "missing"),
	    "a record that is signed is a record first");
	s = walk(pv_slice_of("{ "
			     "\"basis\":[],\"id\":\"e\",\"issuer\":\"co\",\"log\":\"co/"
			     "orders\",\"of\":\"a-1\",\"record\":\"end\",\"time\":"
			     "\"2025-11-11T14:07:02Z\"}\n\n" DASH "a Zm9v\n"),
	    0);
	tap_ok(s.records == 0 && strstr(s.e.what, "canonical form") != NULL,
	    "what is signed stands in canonical form");
	s = walk(pv_slice_of("{\"record\":\"ned\"}\n{\"id\":1,\"id\":1}\n" END("e") "\n"), 0);
	tap_ok(s.items == 2 && s.records == 1, "after a bad record the next is read");
	for (size_t i = 0; i < 200000; i++)
		pv_buf_add_c(&b, '[');
	s = walk(pv_buf_slice(&b), 0);
	tap_ok(s.e.code == PV_E_LIMIT && strstr(s.e.what, "nested") != NULL && s.e.col <= 70,
	    "200,000 brackets are refused at the limit");
	pv_buf_clear(&b);
	pv_buf_add_str(&b, END("e") "\n{\"record\":\"");
	memset(pv_buf_room(&b, 100000000), '.', 100000000);
	b.n += 100000000;
	tap_ok(b.n > 100000000, "a record of 100 MB");
	s = walk(pv_buf_slice(&b), 0);
	tap_ok(s.records == 1 && s.e.code == PV_E_LIMIT && s.e.line == 2 && s.e.col == 1 &&
		   strstr(s.e.what, "too long") != NULL,
	    "is refused where it begins");
	pv_buf_free(&b);
}

static void
test_place(void)
{
	struct pv_slice file =
	    PV_SLICE("\n  {\"record\":\"end\",\n\"id\":\"e\",\"list\":[1,{\"to\":2}]}");
	struct pv_item item = { .raw = pv_slice_sub(file, 3, file.n), .line = 2, .col = 3 };
	struct pv_err e = { .code = PV_E_INPUT, .field = "list[1].to" };

	pv_item_place(&item, "f", &e);
	tap_ok(e.line == 3 && e.col == 26 && strcmp(e.source, "f") == 0,
	    "an error of the fold is placed by its field");
	e = (struct pv_err){ .code = PV_E_INPUT, .field = "record" };
	pv_item_place(&item, "f", &e);
	tap_ok(e.line == 2 && e.col == 13, "in the first line from its column on");
	e = (struct pv_err){ .code = PV_E_INPUT, .field = "list[7].x" };
	pv_item_place(&item, "f", &e);
	tap_ok(e.line == 3 && e.col == 17, "of what is not there, what is above it");
	e = (struct pv_err){ .code = PV_E_INPUT, .field = "nothing" };
	pv_item_place(&item, "f", &e);
	tap_ok(e.line == 2 && e.col == 3, "at last the record");
}

/* ---- signatures ---- */

static struct pv_slice
vkey_of(const char *name, const struct pv_pair *pair)
{
	struct pv_vkey k = pv_vkey_make(pv_slice_of(name), PV_VKEY_ED25519, pv_pair_pub(pair));
	struct pv_buf b = { 0 };
	struct pv_slice text;

	pv_vkey_write(&b, &k);
	text = pv_arena_copy(arena, pv_buf_slice(&b));
	pv_buf_free(&b);
	return text;
}

static void
sign(struct pv_buf *note, const struct pv_record *r, const char *a, const struct pv_pair *pa,
    const char *b, const struct pv_pair *pb)
{
	struct pv_err e;
	struct pv_buf text = { 0 };

	pv_buf_clear(note);
	pv_buf_add(&text, r->line);
	pv_buf_add_c(&text, '\n');
	tap_ok(pv_ok(pv_note_begin(note, pv_buf_slice(&text), &e)) &&
		   pv_ok(pv_note_sign(note, pv_slice_of(a), pa, &e)) &&
		   pv_ok(pv_note_sign(note, pv_slice_of(b), pb, &e)),
	    "a note is signed by %s and %s", a, b);
	pv_buf_free(&text);
}

static void
test_signed(void)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_pair_freep)
	struct pv_pair *one = pv_pair_new(&env), *two = pv_pair_new(&env),
		       *other = pv_pair_new(&env);
	PV_AUTO(pv_state_freep) struct pv_state *s = pv_state_new(PV_SLICE("co/orders"), false);
	struct pv_slice keys[2] = { vkey_of("co/officer1", one), vkey_of("co/officer2", two) };
	struct pv_record g = { .kind = PV_GENESIS,
		.id = PV_SLICE("g"),
		.issuer = PV_SLICE("co"),
		.log = PV_SLICE("co/orders"),
		.time = 1762800000 };
	struct pv_record p = { .kind = PV_PARTY,
		.id = PV_SLICE("p"),
		.issuer = PV_SLICE("co"),
		.log = PV_SLICE("co/orders"),
		.time = 1762800000 };
	struct pv_buf note = { 0 };
	const struct pv_slice *signers = NULL;
	struct pv_names unknown = { 0 };
	struct pv_act act = { .record = &g, .since = 1762800000 };
	enum pv_applied applied;
	struct pv_err e = { 0 };
	size_t n = 0;

	g.genesis = (struct pv_genesis){ .origin = PV_SLICE("co/orders"),
		.root = PV_SLICE("co"),
		.officers = { keys, 2 },
		.quorum = 2 };
	p.party.name = PV_SLICE("co");
	pv_record_seal(&g, arena);
	pv_record_seal(&p, arena);
	sign(&note, &g, "co/officer1", one, "co/officer2", two);
	tap_ok(pv_ok(pv_signed_verify(s, &g, pv_buf_slice(&note), arena, &signers, &n, &e)) &&
		   n == 2 && pv_slice_eq(signers[1], keys[1]),
	    "a genesis is signed by the keys that it names");
	act.signers = signers;
	act.signer_count = n;
	tap_ok(pv_ok(pv_state_apply(s, &act, &applied, &e)), "and begins a log");
	sign(&note, &p, "co/officer1", one, "xx/stranger", other);
	tap_ok(pv_ok(pv_signed_verify(s, &p, pv_buf_slice(&note), arena, &signers, &n, &e)) &&
		   n == 1 && pv_slice_eq(signers[0], keys[0]),
	    "of a record the known signers are told");
	tap_ok(pv_ok(pv_signed_unknown(s, &p, pv_buf_slice(&note), arena, &unknown, &e)) &&
		   unknown.n == 1 && pv_slice_is(unknown.at[0], "xx/stranger"),
	    "and the unknown ones by name");
	tap_ok(!pv_ok(pv_signed_verify(s, &g, pv_buf_slice(&note), arena, &signers, &n, &e)) &&
		   e.code == PV_E_UNTRUSTED,
	    "a note of another record is refused");
	p.party.name = PV_SLICE("xx");
	pv_record_seal(&p, arena);
	memcpy(note.p, p.line.p, p.line.n); /* the same length: one name in the text is another */
	tap_ok(!pv_ok(pv_signed_verify(s, &p, pv_buf_slice(&note), arena, &signers, &n, &e)) &&
		   e.code == PV_E_UNTRUSTED,
	    "a text that was changed is refused");
	tap_str(e.what,
	    "the signature by co/officer1 does not match this text: it was changed after signing",
	    "by the name of the signer");
	sign(&note, &p, "co/officer1", other, "co/officer2", two);
	tap_ok(pv_ok(pv_signed_verify(s, &p, pv_buf_slice(&note), arena, &signers, &n, &e)) &&
		   n == 1 && pv_slice_eq(signers[0], keys[1]),
	    "another key of an officer's name is unknown");
	pv_buf_free(&note);
}

static void
test_write(void)
{
	struct pv_buf b = { 0 };
	struct seen s;

	pv_item_write(&b, pv_slice_of(END("e1")), PV_NO_SLICE);
	pv_item_write(&b, pv_slice_of(END("e2")), PV_SLICE(DASH "a Zm9v\n"));
	pv_item_write(&b, pv_slice_of(END("e3")), PV_NO_SLICE);
	s = walk(pv_buf_slice(&b), 0);
	tap_ok(s.records == 3 && s.signed_items == 1, "what is written is read again");
	pv_buf_free(&b);
}

int
main(void)
{
	arena = pv_arena_new();
	test_forms();
	test_faults();
	test_place();
	test_signed();
	test_write();
	pv_arena_free(arena);
	return tap_done();
}
