/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad input: every file of tests/vectors/records/bad/ is refused, at its field, line and column, in the words that
 * expect.jsonl has, and the state is as it was before the record that failed. The good ones are not refused.
 *
 *   usage: test_apply tests/vectors/records
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/state.h"
#include "tap.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

#define T \
	1762776000ULL /* 2025-11-10T12:00:00Z: the world's time, and what drafts are filled in with */

enum form { DRAFT, SIGNED, BARE };

static const char *root;

static struct pv_buf
read_whole(const char *folder, struct pv_slice name)
{
	char path[4096];
	struct pv_buf b = { 0 };
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%.*s", root, folder, PV_FMT(name));
	f = fopen(path, "rb");
	if (f == NULL) {
		tap_ok(false, "%s is there", path);
		return b;
	}
	do {
		n = fread(pv_buf_room(&b, 65536), 1, 65536, f);
		b.n += n;
	} while (n > 0);
	fclose(f);
	return b;
}

/* ---- a world ---- */

struct world {
	struct pv_state *s;
	struct pv_arena *arena; /* of what is applied to it besides */
	enum form form;
};

/* All of the state that an act may change, in one number. */
static uint64_t
digest(const struct pv_state *s)
{
	struct pv_buf b = { 0 };
	uint64_t h;

	pv_buf_addf(&b, "%zu %zu %llu;", s->all.n, s->holds.n, (unsigned long long)s->lift_quorum);
	for (size_t i = 0; i < s->all.n; i++) {
		const struct pv_fact *f = s->all.at[i];

		pv_buf_addf(&b, "%p %llu %llu %d %u %u;", (const void *)f->r,
		    (unsigned long long)f->since, (unsigned long long)f->ended, f->hold,
		    f->children, f->uses);
	}
	for (size_t i = 0; i < s->keys.n; i++)
		pv_buf_addf(&b, "%llu;", (unsigned long long)s->keys.at[i].ended);
	h = pv_hash64(pv_buf_slice(&b));
	pv_buf_free(&b);
	return h;
}

/* What the signer of a draft fills in. */
static void
fill_in(struct pv_record *r, struct pv_arena *a)
{
	r->log = PV_SLICE("co/orders");
	r->time = r->time != 0 ? r->time : T;
	r->issuer = r->issuer.n != 0 ? r->issuer : PV_SLICE("co");
	pv_record_seal(r, a);
}

static PV_RESULT
take_signers(struct world *w, const struct pv_item *item, struct pv_act *act, struct pv_err *e)
{
	struct pv_buf note = { 0 };
	struct pv_slice whole;

	if (w->form == BARE)
		return PV_DONE;
	if (item->signatures.n == 0) { /* whoever applies it signs it */
		act->signers = w->s->genesis->genesis.officers.at;
		act->signer_count = w->s->genesis->genesis.officers.n;
		return PV_DONE;
	}
	pv_item_write(&note, act->record->line, item->signatures);
	whole = pv_arena_copy(w->arena, pv_buf_slice(&note));
	pv_buf_free(&note);
	return pv_signed_verify(
	    w->s, act->record, whole, w->arena, &act->signers, &act->signer_count, e);
}

static PV_RESULT
take_item(struct world *w, struct pv_file *f, const struct pv_item *item, struct pv_err *e)
{
	static const unsigned flags[] = {
		[DRAFT] = PV_READ_DRAFT, [SIGNED] = 0, [BARE] = PV_READ_BARE
	};
	struct pv_record *r = PV_ARENA_NEW(w->arena, struct pv_record);
	struct pv_act act = { .record = r };
	enum pv_applied applied;

	PV_TRY(pv_file_record(f, item, r, flags[w->form], w->arena, e));
	if (w->form == DRAFT)
		fill_in(r, w->arena);
	/* recorded at T, or when it was made if that is much later: a little later is from the future */
	act.since = w->form == BARE || r->time > T + 600 ? r->time : T;
	PV_TRY(take_signers(w, item, &act, e));
	return pv_state_apply(w->s, &act, &applied, e);
}

/* Applies what bytes hold, up to the first error. */
static PV_RESULT
apply(struct world *w, struct pv_slice bytes, const char *source, size_t *applied, struct pv_err *e)
{
	struct pv_file f;
	struct pv_item item;
	struct pv_status st;
	bool more = true;

	*applied = 0;
	PV_TRY(pv_file_open(&f, bytes, source, e));
	for (;;) {
		st = pv_file_next(&f, &item, &more, w->arena, e);
		if (!pv_ok(st) || !more)
			break;
		st = take_item(w, &f, &item, e);
		if (!pv_ok(st)) {
			if (e->line == 0)
				pv_item_place(&item, source, e);
			break;
		}
		(*applied)++;
	}
	pv_file_close(&f);
	return st;
}

/* The records of the good world and who signed them: verified once, folded for every test. */
static struct pv_arena *kept;
static struct pv_act *acts;
static size_t act_count;

static void
read_world(void)
{
	struct world w = { .arena = pv_arena_new(), .form = SIGNED };
	struct pv_buf file = read_whole("good", PV_SLICE("world.note"));
	struct pv_file f;
	struct pv_item item;
	struct pv_err e = { 0 };
	bool more = true, ok = pv_ok(pv_file_open(&f, pv_buf_slice(&file), "world.note", &e));
	enum pv_applied applied;

	kept = w.arena;
	acts = pv_arena_alloc_n(kept, 1000, sizeof(*acts));
	w.s = pv_state_new(PV_SLICE("co/orders"), false);
	while (ok) {
		struct pv_act *act = &acts[act_count];
		struct pv_record *r = PV_ARENA_NEW(kept, struct pv_record);

		ok = pv_ok(pv_file_next(&f, &item, &more, kept, &e));
		if (!ok || !more)
			break;
		*act = (struct pv_act){ .record = r, .since = T };
		ok = pv_ok(pv_file_record(&f, &item, r, 0, kept, &e)) &&
		     pv_ok(take_signers(&w, &item, act, &e)) &&
		     pv_ok(pv_state_apply(w.s, act, &applied, &e));
		act_count++;
	}
	tap_ok(ok && act_count > 30, "a world of %zu records is good", act_count);
	if (!ok)
		tap_note("%u:%u: %s: %s", e.line, e.col, e.field, e.what);
	pv_file_close(&f);
	pv_buf_free(&file);
	pv_state_free(w.s);
}

static struct world
begin(enum form form)
{
	struct world w = { .arena = pv_arena_new(), .form = form };
	enum pv_applied applied;
	struct pv_err e = { 0 };

	w.s = pv_state_new(form == BARE ? PV_NO_SLICE : PV_SLICE("co/orders"), form == BARE);
	for (size_t i = 0; form != BARE && i < act_count; i++)
		if (!pv_ok(pv_state_apply(w.s, &acts[i], &applied, &e)))
			tap_ok(false, "the world is good again: %s: %s", e.field, e.what);
	return w;
}

static void
finish(struct world *w)
{
	pv_state_free(w->s);
	pv_arena_free(w->arena);
}

/* ---- good ---- */

static void
test_good(void)
{
	struct world w = begin(SIGNED), drafts = begin(BARE);
	struct pv_buf notes = read_whole("good", PV_SLICE("world.note")),
		      lines = read_whole("good", PV_SLICE("world.jsonl"));
	struct pv_err e = { 0 };
	enum pv_applied applied;
	size_t n = 0;
	bool ok;

	pv_state_free(drafts.s);
	drafts.s = pv_state_new(PV_SLICE("co/orders"), false);
	drafts.form = DRAFT;
	ok = pv_ok(pv_state_apply(drafts.s, &acts[0], &applied, &e)) &&
	     pv_ok(apply(&drafts, pv_buf_slice(&lines), "world.jsonl", &n, &e));
	if (!tap_ok(
		ok && drafts.s->all.n == w.s->all.n, "so are its drafts, signed by both officers"))
		tap_note("%s:%u:%u: %s: %s", e.source, e.line, e.col, e.field, e.what);
	for (size_t i = 0; ok && i < w.s->all.n; i++)
		ok = pv_slice_eq(w.s->all.at[i]->r->line, drafts.s->all.at[i]->r->line);
	tap_ok(ok, "and give the same lines");
	tap_ok(!pv_ok(apply(&w, pv_buf_slice(&notes), "world.note", &n, &e)) &&
		   strstr(e.what, "ended since") != NULL && n > 20,
	    "applied again, all stands unchanged up to what has ended since");
	pv_buf_free(&notes);
	pv_buf_free(&lines);
	finish(&w);
	finish(&drafts);
}

/* ---- bad ---- */

struct expected {
	struct pv_slice file, name, form, code, field, says, fix, make;
	int64_t exit, line, col, applied;
};

static struct pv_slice
text(const struct pv_json *doc, const char *name)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	return i != PV_JSON_NONE ? pv_json_at(doc, i)->text : PV_NO_SLICE;
}

static int64_t
number(const struct pv_json *doc, const char *name)
{
	return pv_json_at(doc, pv_json_member(doc, 0, pv_slice_of(name)))->integer;
}

static struct pv_buf
make(struct pv_slice what)
{
	struct pv_buf b = { 0 };
	size_t n = pv_slice_is(what, "brackets") ? 200000 : 100000000;

	if (n == 100000000)
		pv_buf_add_str(&b, "{\"record\":\"recall\",\"text\":\"");
	memset(pv_buf_room(&b, n), n == 200000 ? '[' : 'x', n);
	b.n += n;
	return b;
}

static bool
holds(const char *whole, struct pv_slice part)
{
	return part.n == 0 || memmem(whole, strlen(whole), part.p, part.n) != NULL;
}

static bool
code_is(enum pv_code code, struct pv_slice name, int64_t exit)
{
	return (code == PV_E_INPUT && pv_slice_is(name, "input") && exit == 2) ||
	       (code == PV_E_UNTRUSTED && pv_slice_is(name, "untrusted") && exit == 4) ||
	       (code == PV_E_LIMIT && pv_slice_is(name, "limit") && exit == 5);
}

/* The state right before the record that fails: the same file up to it, applied to another world. */
static uint64_t
digest_before(enum form form, struct pv_slice bytes, size_t records)
{
	struct world w = begin(form);
	struct pv_file f;
	struct pv_item item;
	struct pv_err e;
	bool more = true;
	size_t done = 0;
	uint64_t shape;

	if (pv_ok(pv_file_open(&f, bytes, "", &e))) {
		while (done < records && pv_ok(pv_file_next(&f, &item, &more, w.arena, &e)) &&
		       more && pv_ok(take_item(&w, &f, &item, &e)))
			done++;
		pv_file_close(&f);
	}
	for (size_t i = 0; i < w.s->all.n; i++)
		w.s->all.at[i]->r = NULL;
	shape = digest(w.s);
	finish(&w);
	return shape;
}

static void
test_one(const struct pv_json *doc)
{
	struct expected x = { text(doc, "file"), text(doc, "name"), text(doc, "form"),
		text(doc, "code"), text(doc, "field"), text(doc, "says"), text(doc, "fix"),
		text(doc, "make"), number(doc, "exit"), number(doc, "line"), number(doc, "col"),
		number(doc, "applied") };
	enum form form = pv_slice_is(x.form, "draft")    ? DRAFT
			 : pv_slice_is(x.form, "signed") ? SIGNED
							 : BARE;
	struct pv_buf bytes = x.make.n != 0 ? make(x.make) : read_whole("bad", x.file);
	struct world w = begin(form);
	char source[256];
	struct pv_err e = { 0 };
	size_t applied = 0;
	bool refused, said, placed, unchanged;

	snprintf(source, sizeof(source), "%.*s", PV_FMT(x.file));
	refused = !pv_ok(apply(&w, pv_buf_slice(&bytes), source, &applied, &e));
	said = refused && code_is(e.code, x.code, x.exit) && holds(e.what, x.says) &&
	       holds(e.fix, x.fix);
	placed = (int64_t)e.line == x.line && (int64_t)e.col == x.col &&
		 pv_slice_eq(pv_slice_of(e.field), x.field) && strcmp(e.source, source) == 0;
	for (size_t i = 0; i < w.s->all.n; i++)
		w.s->all.at[i]->r = NULL;
	unchanged = (int64_t)applied == x.applied &&
		    digest(w.s) == digest_before(form, pv_buf_slice(&bytes), applied);
	if (!tap_ok(refused && said && placed && unchanged, "%.*s is refused: %.*s", PV_FMT(x.name),
		PV_FMT(x.file)))
		tap_note("%s:%u:%u: %s: %s / %s (code %d, applied %zu%s)", e.source, e.line, e.col,
		    e.field, e.what, e.fix, (int)e.code, applied,
		    unchanged ? "" : ", STATE CHANGED");
	pv_buf_free(&bytes);
	finish(&w);
}

static void
test_bad(void)
{
	struct pv_buf expect = read_whole("bad", PV_SLICE("expect.jsonl"));
	struct pv_slice rest = pv_buf_slice(&expect), line;
	size_t n = 0;

	while (pv_slice_next(&rest, '\n', &line)) {
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
		struct pv_err e;

		if (line.n == 0)
			continue;
		if (!pv_ok(pv_json_read(&doc, line, 65536, &e))) {
			tap_ok(false, "expect.jsonl is read: %s", e.what);
			continue;
		}
		test_one(doc);
		n++;
	}
	tap_ok(n > 100, "%zu bad inputs were tried", n);
	pv_buf_free(&expect);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	root = argv[1];
	read_world();
	test_good();
	test_bad();
	pv_arena_free(kept);
	return tap_done();
}
