/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles that anybody reads, and a witness that never signs two histories: each answer of C2SP tlog-witness, both sides. */
#include "desk/test_homes.h"

#include "desk/logs.h"
#include "desk/stored.h"

/* ---- tiles ---- */

static struct pv_checkpoint
checkpoint_of(struct pv_desk *d, const char *log, struct pv_buf *note)
{
	struct pv_checkpoint c = { 0 };
	struct pv_note read;
	struct pv_err e = { 0 };

	pv_buf_clear(note);
	if (!pv_ok(pv_desk_log_checkpoint(d, pv_slice_of(log), note, &e)) ||
	    !pv_ok(pv_note_read(&read, pv_buf_slice(note), arena, &e)) ||
	    !pv_ok(pv_checkpoint_read(&c, read.text, &e)))
		tap_ok(false, "a checkpoint: %s", e.what);
	return c;
}

static void
test_tiles(void)
{
	struct pv_desk *d;
	struct pv_buf note = { 0 }, bytes = { 0 }, file = { 0 };
	struct pv_checkpoint c;
	struct pv_tile_walk walk;
	struct pv_tile t;
	struct pv_err e = { 0 };
	uint64_t entries = 0;
	size_t same = 0, tiles = 0;
	bool found = false;

	new_case("tiles");
	d = take_home("co");
	c = checkpoint_of(d, "orders", &note);
	tap_ok(c.size > 20, "the order log has a tree of %llu", (unsigned long long)c.size);
	good(pv_desk_log_export(d, PV_SLICE("orders"), in_case("out"), &entries, &e), &e,
	    "it is exported");
	walk = pv_tile_walk(0, c.size);
	while (pv_tile_next(&walk, &t)) {
		PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

		tiles++;
		pv_buf_clear(&bytes);
		pv_buf_addf(&path, "%s/", in_case("out"));
		pv_tile_path(&path, &t);
		pv_buf_free(&file);
		file = read_all(pv_buf_str(&path));
		if (pv_ok(pv_desk_log_tile(d, PV_SLICE("orders"), &t, &bytes, &found, &e)) &&
		    found && pv_slice_eq(pv_buf_slice(&bytes), pv_buf_slice(&file)))
			same++;
	}
	tap_ok(same == tiles && tiles >= 2, "each of its %zu tiles is served as it is exported",
	    tiles);
	t = (struct pv_tile){ .width = (unsigned)c.size + 1 };
	good(pv_desk_log_tile(d, PV_SLICE("orders"), &t, &bytes, &found, &e), &e,
	    "a tile is asked for");
	tap_ok(!found, "a wider tile than the tree has is not there");
	t = (struct pv_tile){ .n = 1, .width = 1 };
	good(pv_desk_log_tile(d, PV_SLICE("orders"), &t, &bytes, &found, &e), &e,
	    "a tile is asked for");
	tap_ok(!found, "nor is one beyond it");
	t = (struct pv_tile){ .level = 1, .width = 1 };
	good(pv_desk_log_tile(d, PV_SLICE("orders"), &t, &bytes, &found, &e), &e,
	    "a tile is asked for");
	tap_ok(!found, "nor one of a level that it does not reach");
	t = (struct pv_tile){ .width = 0 };
	good(pv_desk_log_tile(d, PV_SLICE("orders"), &t, &bytes, &found, &e), &e,
	    "a tile is asked for");
	tap_ok(!found, "nor one of no hashes");
	t = (struct pv_tile){ .width = 1 };
	good(pv_desk_log_tile(d, PV_SLICE("nowhere"), &t, &bytes, &found, &e), &e,
	    "a tile is asked for");
	tap_ok(!found, "nor one of another log");
	pv_buf_free(&note);
	pv_buf_free(&bytes);
	pv_buf_free(&file);
	pv_desk_close(d);
}

/* ---- a log of the test's own, which uk knows by a key record ---- */

static struct pv_pair *log_key;
static struct pv_vkey log_vkey;

struct history {
	uint64_t size;
	uint8_t leaf[64][PV_HASH];
};

static void
grow(struct history *h, uint64_t to, const char *what)
{
	for (; h->size < to; h->size++)
		pv_hash_leaf(pv_arena_printf(arena, "%s %llu", what, (unsigned long long)h->size),
		    h->leaf[h->size]);
}

static struct pv_status
history_hash(void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	const struct history *h = ctx;
	struct pv_tree_edge t = { 0 };

	(void)e;
	for (uint64_t i = n << level; i < (n + 1) << level; i++)
		pv_tree_add(&t, h->leaf[i]);
	pv_tree_top(&t, out);
	return PV_DONE;
}

static void
sign_tree(const struct history *h, uint64_t size, const struct pv_pair *key, struct pv_buf *note)
{
	struct pv_checkpoint c = { .origin = log_vkey.name, .size = size };
	struct pv_tree_edge t = { 0 };
	struct pv_err e = { 0 };

	for (uint64_t i = 0; i < size; i++)
		pv_tree_add(&t, h->leaf[i]);
	pv_tree_top(&t, c.root);
	pv_buf_clear(note);
	good(pv_checkpoint_sign(note, &c, key, &e), &e, "a checkpoint is signed");
}

static struct pv_witness_answer
witness_ask(
    struct pv_desk *d, struct history *h, uint64_t old, uint64_t size, const struct pv_buf *note)
{
	struct pv_tree_reader r = { .hash = history_hash, .ctx = h };
	struct pv_witness_ask ask = { .old = old, .checkpoint = pv_buf_slice(note) };
	struct pv_witness_answer out = { 0 };
	struct pv_err e = { 0 };

	if (old <= size)
		good(pv_tree_prove_growth(&ask.proof, &r, old, size, &e), &e, "growth is proved");
	good(pv_desk_witness(d, &ask, arena, &out, &e), &e, "a witness is asked");
	return out;
}

static bool
signed_by_witness(struct pv_desk *d, struct pv_slice line, const struct pv_buf *note)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };
	struct pv_note_check check = { 0 };
	struct pv_slice vkey;
	struct pv_vkey key;
	struct pv_note read;
	struct pv_err e = { 0 };

	pv_buf_add(&all, pv_buf_slice(note));
	pv_buf_add(&all, line);
	return pv_ok(pv_desk_witness_vkey(d, arena, &vkey, &e)) &&
	       pv_ok(pv_vkey_read(&key, vkey, &e)) &&
	       pv_ok(pv_note_read(&read, pv_buf_slice(&all), arena, &e)) &&
	       pv_ok(pv_note_verify(&read, &key, &check, 1, &e)) && check.good &&
	       check.time == clock_ms / 1000;
}

static void
know_log(struct pv_desk *d)
{
	PV_AUTO(pv_buf_free) struct pv_buf vkey = { 0 };

	pv_vkey_write(&vkey, &log_vkey);
	applies(d,
	    pv_arena_printf(arena,
		"{\"record\":\"key\",\"id\":\"k-log\",\"party\":\"co\",\"use\":\"signer\",\"key\":"
		"\"%s\","
		"\"from\":\"2026-01-01T00:00:00Z\"}\n",
		pv_buf_str(&vkey))
		.p,
	    "a log is made known to a witness");
}

static void
test_witness(void)
{
	struct pv_env env = test_env();
	struct pv_pair *other = pv_pair_new(&env);
	struct history h = { 0 }, fork = { 0 };
	struct pv_buf note = { 0 }, text = { 0 };
	struct pv_witness_answer w;
	struct pv_witness_ask ask;
	struct pv_slice seen;
	struct pv_desk *d;
	struct pv_err e = { 0 };
	char hex[65];
	bool found = false;

	new_case("a witness");
	log_key = pv_pair_new(&env);
	log_vkey = pv_vkey_make(PV_SLICE("co.example/log"), PV_VKEY_ED25519, pv_pair_pub(log_key));
	d = take_home("uk");
	grow(&h, 40, "entry");
	grow(&fork, 7, "entry");
	grow(&fork, 40, "another");
	sign_tree(&h, 5, log_key, &note);
	tap_ok(witness_ask(d, &h, 0, 5, &note).what == PV_WITNESS_UNKNOWN,
	    "404: a log that is not known");
	know_log(d);
	sign_tree(&h, 5, other, &note);
	tap_ok(witness_ask(d, &h, 0, 5, &note).what == PV_WITNESS_UNSIGNED,
	    "403: signed by another key");
	sign_tree(&h, 5, log_key, &note);
	tap_ok(witness_ask(d, &h, 6, 5, &note).what == PV_WITNESS_REFUSED, "400: old is larger");
	w = witness_ask(d, &h, 3, 5, &note);
	tap_ok(w.what == PV_WITNESS_CONFLICT && w.size == 0,
	    "409: old is not what was seen, which is told: 0");
	w = witness_ask(d, &h, 0, 5, &note);
	tap_ok(w.what == PV_WITNESS_SIGNED && signed_by_witness(d, w.line, &note),
	    "200: the first is signed");
	tap_ok(pv_slice_starts(w.line, PV_SLICE("\xe2\x80\x94 uk/witness ")),
	    "and the line is the witness's alone");
	clock_ms += 60000;
	w = witness_ask(d, &h, 5, 5, &note);
	tap_ok(w.what == PV_WITNESS_SIGNED && signed_by_witness(d, w.line, &note),
	    "200: the same tree, with a fresh time");
	w = witness_ask(d, &h, 0, 5, &note);
	tap_ok(
	    w.what == PV_WITNESS_CONFLICT && w.size == 5, "409: it is not forgotten what was seen");
	sign_tree(&h, 20, log_key, &note);
	ask = (struct pv_witness_ask){ .old = 5, .checkpoint = pv_buf_slice(&note) };
	good(pv_desk_witness(d, &ask, arena, &w, &e), &e, "asked without a proof");
	tap_ok(w.what == PV_WITNESS_UNPROVEN, "422: no proof");
	w = witness_ask(d, &h, 5, 20, &note);
	tap_ok(w.what == PV_WITNESS_SIGNED && signed_by_witness(d, w.line, &note),
	    "200: growth that is proved");
	sign_tree(&fork, 20, log_key, &note);
	tap_ok(witness_ask(d, &fork, 20, 20, &note).what == PV_WITNESS_UNPROVEN,
	    "422: another tree of the same size");
	sign_tree(&fork, 30, log_key, &note);
	tap_ok(witness_ask(d, &fork, 20, 30, &note).what == PV_WITNESS_UNPROVEN,
	    "422: growth of another history");
	pv_desk_close(d);
	d = open_home("uk");
	tap_ok(witness_ask(d, &fork, 0, 30, &note).what == PV_WITNESS_CONFLICT,
	    "409: nor is it when the home is opened again");
	sign_tree(&h, 20, log_key, &note);
	clock_ms -= 3600000;
	w = witness_ask(d, &h, 20, 20, &note);
	clock_ms += 3600000;
	tap_ok(w.what == PV_WITNESS_SIGNED && signed_by_witness(d, w.line, &note),
	    "its time does not go back with the clock");
	pv_hash_hex(log_vkey.name, hex);
	good(pv_desk_witnessed(d, pv_slice_of(hex), arena, &seen, &found, &e), &e,
	    "what was cosigned is asked for");
	tap_ok(found && memmem(seen.p, seen.n, "uk/witness", 10) != NULL &&
		   memmem(seen.p, seen.n, "\n20\n", 4) != NULL,
	    "and is the newest, with the cosignature");
	good(pv_desk_witnessed(d, PV_SLICE("../keys"), arena, &seen, &found, &e), &e,
	    "so is what is no digest");
	tap_ok(!found, "and there is none");

	pv_buf_add_str(&text, "old 5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nnote");
	good(pv_witness_read(&ask, pv_buf_slice(&text), &e), &e, "a request is read");
	tap_ok(ask.old == 5 && ask.proof.n == 1 && pv_slice_is(ask.checkpoint, "note"),
	    "as it stands");
	refused_as(pv_witness_read(&ask, PV_SLICE("old 05\n\nx"), &e), &e, PV_E_INPUT, "old SIZE",
	    "not with a leading zero");
	refused_as(pv_witness_read(&ask, PV_SLICE("old 5\nAAAA\n\nx"), &e), &e, PV_E_INPUT, "hash",
	    "not with a short hash");
	refused_as(pv_witness_read(&ask, PV_SLICE("old 5\n"), &e), &e, PV_E_INPUT, "empty line",
	    "not without a checkpoint");
	pv_buf_free(&note);
	pv_buf_free(&text);
	pv_pair_free(other);
	pv_desk_close(d);
}

/* ---- both sides ---- */

struct wire {
	struct pv_desk *witness;
	unsigned posts;
	int status; /* answered instead; 0: the witness's own */
	const char *answer;
};

static struct pv_status
post(void *ctx, struct pv_slice url, struct pv_slice body, int *status, struct pv_buf *out,
    struct pv_err *e)
{
	static const int statuses[] = { 400, 404, 403, 409, 422, 200 };
	struct wire *w = ctx;
	struct pv_witness_ask ask;
	struct pv_witness_answer told;

	w->posts++;
	tap_ok(pv_slice_is(url, "https://uk.example/witness/add-checkpoint"),
	    "the address is the record's");
	if (w->status != 0) {
		*status = w->status;
		pv_buf_add_str(out, w->answer);
		return PV_DONE;
	}
	PV_TRY(pv_witness_read(&ask, body, e));
	PV_TRY(pv_desk_witness(w->witness, &ask, arena, &told, e));
	*status = statuses[told.what];
	if (told.what == PV_WITNESS_CONFLICT)
		pv_buf_addf(out, "%llu\n", (unsigned long long)told.size);
	pv_buf_add(out, told.line);
	return PV_DONE;
}

static bool
has_cosignature(struct pv_desk *d, const char *log)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };

	checkpoint_of(d, log, &note);
	return memmem(note.p, note.n, "uk/witness ", 11) != NULL;
}

static void
test_round(void)
{
	struct wire wire = { 0 };
	struct pv_witness_post by = { .post = post, .ctx = &wire };
	struct pv_witness_round round;
	struct pv_identity id;
	struct pv_slice vkey;
	struct pv_desk *co, *uk;
	struct pv_err e = { 0 };

	new_case("both sides");
	co = take_home("co");
	uk = take_home("uk");
	id = pv_desk_identity(co);
	wire.witness = uk;
	good(pv_desk_witness_vkey(uk, arena, &vkey, &e), &e, "a witness has a key");
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.asked == 0 && wire.posts == 0, "with no witness nobody is asked");
	share(co, "r-1", "so that the journal has an entry");
	applies(co,
	    pv_arena_printf(arena,
		"{\"record\":\"key\",\"id\":\"k-w\",\"party\":\"uk\",\"use\":\"witness\",\"key\":"
		"\"%.*s\",\"binding\":"
		"\"https://uk.example/witness/"
		"add-checkpoint\",\"from\":\"2026-01-01T00:00:00Z\"}\n",
		PV_FMT(vkey))
		.p,
	    "a witness is declared");
	wire.status = 200;
	wire.answer = "\xe2\x80\x94 uk/witness AAAA\n";
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.cosigned == 0 && round.trouble.n != 0 && !has_cosignature(co, "orders"),
	    "an answer that is no signature is not kept");
	wire.status = 500;
	wire.answer = "";
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.cosigned == 0 && memmem(round.trouble.p, round.trouble.n, "500", 3) != NULL,
	    "trouble is told");
	wire.status = 0;
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.cosigned == 0 && memmem(round.trouble.p, round.trouble.n, "404", 3) != NULL,
	    "a witness that does not know the logs says so");
	applies(uk,
	    pv_arena_printf(arena,
		"{\"record\":\"key\",\"id\":\"k-o\",\"party\":\"co\",\"use\":\"signer\",\"key\":\"%"
		".*s\",\"from\":\"2026-01-01T00:00:00Z\"}\n"
		"{\"record\":\"key\",\"id\":\"k-j\",\"party\":\"co\",\"use\":\"signer\",\"key\":\"%"
		".*s\",\"from\":\"2026-01-01T00:00:00Z\"}\n",
		PV_FMT(id.log_vkey), PV_FMT(id.journal_vkey))
		.p,
	    "the logs are made known to it");
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(round.asked == 2 && round.cosigned == 2 && round.trouble.n == 0,
	    "both logs are cosigned");
	tap_ok(has_cosignature(co, "orders") && has_cosignature(co, "journal"),
	    "and their checkpoints say so");
	wire.posts = 0;
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(wire.posts == 0, "what it has signed is not shown to it again");
	share(co, "r-2", "another entry");
	tap_ok(!has_cosignature(co, "journal"), "a new tree has no cosignature yet");
	good(pv_desk_witness_round(co, &by, arena, &round, &e), &e, "a round is made");
	tap_ok(wire.posts == 1 && round.cosigned == 1 && has_cosignature(co, "journal"),
	    "the next round brings it");
	pv_desk_close(co);
	pv_desk_close(uk);
}

static void
test_register(void)
{
	const struct pv_register_row *rows;
	struct pv_desk *d;
	struct pv_err e = { 0 };
	size_t n = 9;

	new_case("the register");
	d = take_home("co");
	good(pv_desk_register(d, arena, &rows, &n, &e), &e, "the register is read");
	tap_ok(n == 0, "no order is public");
	applies(d,
	    ORDER("o-1", "co", "us", "\"public\":true")
		ORDER("o-2", "co", "uk", "\"public\":false"),
	    "a public and a private order");
	good(pv_desk_register(d, arena, &rows, &n, &e), &e, "the register is read");
	tap_ok(n == 1 && pv_slice_is(rows[0].order.id, "o-1") && rows[0].in_force,
	    "it has the public one, in force");
	tap_ok(pv_slice_starts(rows[0].note, rows[0].order.line), "as it was signed");
	pv_desk_close(d);
}

int
main(void)
{
	make_world();
	test_tiles();
	test_witness();
	test_round();
	test_register();
	pv_pair_free(log_key);
	return end_world();
}
