/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness signs that it has seen a log grow, and never two histories of it:
 * what it signs next is proved to begin with what it signed last. That is kept
 * as rows of the meta table,
 *
 *	witness.HEX        "SIZE ROOT SECOND\n" and the note, of the log whose origin has that SHA-256
 *	shown.HEX.KEYID    the size that a witness of ours last signed
 *	cosigned.ORIGIN    the note of an own log with the cosignatures it got
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/note.h"
#include "desk/logs.h"
#include "desk/stored.h"

#define BODY_MAX (64u * 1024)

/* ---- what is sent to a witness ---- */

static PV_RESULT
read_hash(struct pv_tree_proof *p, struct pv_slice line, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf hash = { 0 };

	if (p->n == PV_TREE_PATH - 1)
		return PV_FAIL(e, PV_E_INPUT, "a proof has at most 63 hashes");
	if (!pv_base64_read(&hash, line, PV_BASE64) || hash.n != PV_HASH)
		return PV_FAIL(e, PV_E_INPUT, "a hash of the proof does not read");
	memcpy(p->hash[p->n++], hash.p, PV_HASH);
	return PV_DONE;
}

PV_RESULT
pv_witness_read(struct pv_witness_ask *out, struct pv_slice body, struct pv_err *e)
{
	struct pv_slice rest = body, line;

	*out = (struct pv_witness_ask){ 0 };
	if (body.n > BODY_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "the request has more than %u bytes", BODY_MAX);
	if (!pv_slice_next(&rest, '\n', &line) || !pv_slice_starts(line, PV_SLICE("old ")) ||
	    !pv_slice_u64(pv_slice_sub(line, 4, line.n), &out->old) ||
	    (line.n > 5 && line.p[4] == '0'))
		return PV_FAIL(e, PV_E_INPUT, "the first line is not \"old SIZE\"");
	while (pv_slice_next(&rest, '\n', &line)) {
		if (line.n == 0) {
			out->checkpoint = rest;
			break;
		}
		PV_TRY(read_hash(&out->proof, line, e));
	}
	if (out->checkpoint.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "there is no empty line with a checkpoint behind it");
	return PV_DONE;
}

/* ---- whose logs are known ---- */

static bool
is_log_key(struct pv_slice text, struct pv_slice origin, struct pv_vkey *out)
{
	struct pv_err ignored;

	return pv_ok(pv_vkey_read(out, text, &ignored)) && out->kind == PV_VKEY_ED25519 &&
	       pv_slice_eq(out->name, origin);
}

/* The key's name is borrowed from d or a. */
static bool
find_log_key(struct pv_desk *d, struct pv_slice origin, struct pv_vkey *out)
{
	struct pv_identity own = pv_desk_identity(d);
	const struct pv_log *copy = pv_home_log(d, origin);
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];

	if (is_log_key(own.log_vkey, origin, out) || is_log_key(own.journal_vkey, origin, out))
		return true;
	if (copy != NULL && !copy->broken && copy->state->genesis != NULL)
		for (size_t i = 0; i < copy->state->genesis->genesis.signers.n; i++)
			if (is_log_key(copy->state->genesis->genesis.signers.at[i], origin, out))
				return true;
	for (size_t i = 0; i < keys->n; i++)
		if (keys->at[i]->ended == PV_NEVER && keys->at[i]->r->key.use == PV_USE_SIGNER &&
		    is_log_key(keys->at[i]->r->key.key, origin, out))
			return true;
	return false;
}

/* ---- what was seen last ---- */

struct seen {
	uint64_t size, second;
	uint8_t root[PV_HASH];
	struct pv_slice note;
};

static struct pv_slice
seen_name(struct pv_slice origin, struct pv_arena *a)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(origin, hex);
	return pv_arena_printf(a, "witness.%s", hex);
}

static PV_RESULT
get_meta(struct pv_desk *d, struct pv_slice name, struct pv_arena *a, struct pv_slice *body,
    bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(name) };

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, found, e));
	*body = row.c[PV_C_META_BODY].s;
	return PV_DONE;
}

static PV_RESULT
put_meta(struct pv_desk *d, struct pv_slice name, struct pv_slice body, struct pv_err *e)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };
	struct pv_store_submission sub = { .changes = &c, .n = 1 };
	struct pv_store_result r;
	bool moved;

	c.row.c[PV_C_META_NAME] = PV_CELL_S(name);
	c.row.c[PV_C_META_BODY] = PV_CELL_S(body);
	return pv_home_submit(d, &sub, &r, &moved, e);
}

/* One that cannot be read is not taken for "never seen": that would sign a second history. */
static PV_RESULT
read_seen(struct pv_desk *d, struct pv_slice origin, struct pv_arena *a, struct seen *out,
    struct pv_err *e)
{
	struct pv_slice body, line, field;
	bool found;

	*out = (struct seen){ 0 };
	pv_hash(PV_NO_SLICE, out->root);
	PV_TRY(get_meta(d, seen_name(origin, a), a, &body, &found, e));
	if (!found)
		return PV_DONE;
	if (!pv_slice_next(&body, '\n', &line) || !pv_slice_next(&line, ' ', &field) ||
	    !pv_slice_u64(field, &out->size) || !pv_slice_next(&line, ' ', &field) ||
	    !pv_hex_read_n(out->root, PV_HASH, field) || !pv_slice_u64(line, &out->second))
		return PV_FAIL(e, PV_E_UNTRUSTED, "what was last witnessed of %.*s does not read",
		    PV_FMT(origin));
	out->note = body;
	return PV_DONE;
}

static PV_RESULT
write_seen(struct pv_desk *d, struct pv_slice origin, const struct seen *s, struct pv_arena *a,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };

	pv_buf_addf(&body, "%llu ", (unsigned long long)s->size);
	pv_hex_write(&body, pv_slice_mem(s->root, PV_HASH));
	pv_buf_addf(&body, " %llu\n", (unsigned long long)s->second);
	pv_buf_add(&body, s->note);
	return put_meta(d, seen_name(origin, a), pv_buf_slice(&body), e);
}

/* ---- the witness's key ---- */

static struct pv_slice
witness_name(struct pv_desk *d, struct pv_arena *a)
{
	return pv_arena_printf(a, "%.*s/witness", PV_FMT(d->party));
}

static PV_RESULT
witness_pair(struct pv_desk *d, struct pv_arena *a, struct pv_pair **out, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_pair_freep) struct pv_pair *new = NULL;
	struct pv_err lost;

	if (!pv_home_has_key(d, "witness")) {
		new = pv_pair_new(&d->env);
		k = pv_keyfile_of_pair(witness_name(d, a), new);
		/* two at once: one of them is in time, and both use that */
		pv_ignore(pv_keyfile_save(
		    pv_home_path(d, a, "keys/witness.key"), k, NULL, &d->env, &lost));
	}
	return pv_home_pair(d, "witness", out, NULL, a, e);
}

PV_RESULT
pv_desk_witness_vkey(struct pv_desk *d, struct pv_arena *a, struct pv_slice *vkey, struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_vkey k;

	PV_TRY(witness_pair(d, a, &pair, e));
	k = pv_vkey_make(witness_name(d, a), PV_VKEY_COSIGNER, pv_pair_pub(pair));
	pv_vkey_write(&text, &k);
	*vkey = pv_arena_copy(a, pv_buf_slice(&text));
	return PV_DONE;
}

/* ---- witnessing ---- */

/* One at a time, also of other processes: what was seen last is read, held against the new, and written. */
static PV_RESULT
begin_alone(struct pv_desk *d, struct pv_arena *a, int *fd, struct pv_err *e)
{
	*fd = open(pv_home_path(d, a, "home.json"), O_RDONLY | O_CLOEXEC);
	if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
		return PV_DONE;
	if (*fd >= 0)
		close(*fd);
	return PV_FAIL(e, PV_E_CONFIG, "the home cannot be locked: %s", strerror(errno));
}

static struct pv_witness_answer
answer(enum pv_witnessed what, uint64_t size, const char *why)
{
	return (struct pv_witness_answer){ .what = what, .size = size, .why = pv_slice_of(why) };
}

/* SIGNED when it may be. */
static struct pv_witness_answer
weigh(const struct pv_witness_ask *ask, const struct pv_checkpoint *c, const struct seen *last)
{
	if (ask->old > c->size)
		return answer(PV_WITNESS_REFUSED, 0, "old is larger than the checkpoint");
	if (ask->old != last->size)
		return answer(
		    PV_WITNESS_CONFLICT, last->size, "old is not the size last seen here");
	if (!pv_tree_verify_growth(&ask->proof, last->size, last->root, c->size, c->root))
		return answer(PV_WITNESS_UNPROVEN, last->size,
		    "the tree is not proved to grow from the one last seen here");
	return answer(PV_WITNESS_SIGNED, c->size, "");
}

static PV_RESULT
cosign(struct pv_desk *d, const struct pv_checkpoint *c, struct pv_slice note, struct seen *last,
    struct pv_arena *a, struct pv_slice *line, struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf signed_note = { 0 };
	struct pv_slice name = witness_name(d, a);
	uint64_t now = pv_home_clock(d);
	struct pv_note read;

	PV_TRY(witness_pair(d, a, &pair, e));
	last->second = now > last->second ? now : last->second;
	last->size = c->size;
	memcpy(last->root, c->root, PV_HASH);
	pv_buf_add(&signed_note, note);
	PV_TRY(pv_note_cosign(&signed_note, name, pair, last->second, e));
	last->note = pv_arena_copy(a, pv_buf_slice(&signed_note));
	PV_TRY(pv_note_read(&read, last->note, a, e));
	for (size_t i = 0; i < read.sig_count; i++)
		if (pv_slice_eq(read.sigs[i].name, name))
			*line = read.sigs[i].line;
	return write_seen(d, c->origin, last, a, e); /* durable before it leaves */
}

static PV_RESULT
witness_alone(struct pv_desk *d, const struct pv_witness_ask *ask, const struct pv_checkpoint *c,
    struct pv_arena *a, struct pv_witness_answer *out, struct pv_err *e)
{
	struct seen last;

	PV_TRY(read_seen(d, c->origin, a, &last, e));
	*out = weigh(ask, c, &last);
	if (out->what != PV_WITNESS_SIGNED)
		return PV_DONE;
	return cosign(d, c, ask->checkpoint, &last, a, &out->line, e);
}

PV_RESULT
pv_desk_witness(struct pv_desk *d, const struct pv_witness_ask *ask, struct pv_arena *a,
    struct pv_witness_answer *out, struct pv_err *e)
{
	struct pv_checkpoint c;
	struct pv_note_check check;
	struct pv_vkey key;
	struct pv_note note;
	struct pv_status st;
	struct pv_err wrong;
	int fd;

	if (!pv_ok(pv_note_read(&note, ask->checkpoint, a, &wrong)) ||
	    !pv_ok(pv_checkpoint_read(&c, note.text, &wrong))) {
		*out = answer(PV_WITNESS_REFUSED, 0, "the checkpoint does not read");
		return PV_DONE;
	}
	PV_TRY(pv_home_refresh(d, e));
	if (!find_log_key(d, c.origin, &key)) {
		*out = answer(PV_WITNESS_UNKNOWN, 0, "this log is not known here");
		return PV_DONE;
	}
	if (!pv_ok(pv_note_verify(&note, &key, &check, 1, &wrong)) || !check.good) {
		*out =
		    answer(PV_WITNESS_UNSIGNED, 0, "the log's own signature is missing or wrong");
		return PV_DONE;
	}
	PV_TRY(begin_alone(d, a, &fd, e));
	st = witness_alone(d, ask, &c, a, out, e);
	close(fd);
	return st;
}

PV_RESULT
pv_desk_witnessed(struct pv_desk *d, struct pv_slice origin_hex, struct pv_arena *a,
    struct pv_slice *note, bool *found, struct pv_err *e)
{
	struct pv_slice body, line;
	uint8_t hash[PV_HASH];

	*found = pv_hex_read_n(hash, sizeof(hash), origin_hex);
	if (!*found)
		return PV_DONE;
	PV_TRY(get_meta(
	    d, pv_arena_printf(a, "witness.%.*s", PV_FMT(origin_hex)), a, &body, found, e));
	if (*found)
		pv_slice_next(&body, '\n', &line);
	*note = body;
	return PV_DONE;
}

/* ---- being witnessed ---- */

struct showing {
	struct pv_desk *d;
	const struct pv_witness_post *by;
	struct pv_arena *a;
	struct pv_slice log, note; /* what is shown */
	struct pv_checkpoint tree;
	struct pv_vkey witness;
	struct pv_slice url;
};

static struct pv_slice
shown_name(const struct showing *s)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(s->log, hex);
	return pv_arena_printf(s->a, "shown.%s.%08x", hex, s->witness.id);
}

static PV_RESULT
growth(const struct showing *s, uint64_t old, struct pv_tree_proof *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_tiles_freep) struct pv_tiles *tiles = NULL;
	struct pv_stored_log stored = { .log = s->log };
	struct pv_tile_source source = pv_log_tiles(&stored);
	struct pv_tree_reader reader;

	PV_TRY(pv_store_view_open(&v, s->d->store, e));
	stored.v = v;
	tiles = pv_tiles_new(&source, s->tree.size);
	reader = pv_tiles_reader(tiles);
	return pv_tree_prove_growth(out, &reader, old, s->tree.size, e);
}

static PV_RESULT
show(const struct showing *s, uint64_t old, int *status, struct pv_buf *answer_text,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_tree_proof p = { 0 };

	PV_TRY(growth(s, old, &p, e));
	pv_buf_addf(&body, "old %llu\n", (unsigned long long)old);
	for (size_t i = 0; i < p.n; i++) {
		pv_base64_write(&body, pv_slice_mem(p.hash[i], PV_HASH), PV_BASE64);
		pv_buf_add_c(&body, '\n');
	}
	pv_buf_add_c(&body, '\n');
	pv_buf_add(&body, s->note);
	return s->by->post(s->by->ctx, s->url, pv_buf_slice(&body), status, answer_text, e);
}

/* The lines of the answer under the note that was shown: good when the witness's is among them. */
static PV_RESULT
keep(const struct showing *s, struct pv_slice lines, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf theirs = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf merged = { 0 };
	struct pv_slice name = pv_arena_printf(s->a, "cosigned.%.*s", PV_FMT(s->log)), kept;
	struct pv_note_check check;
	struct pv_note note, old;
	bool found;

	PV_TRY(pv_note_read(&note, s->note, s->a, e));
	pv_buf_add(&theirs, note.text);
	pv_buf_add_c(&theirs, '\n');
	pv_buf_add(&theirs, lines);
	PV_TRY(pv_note_read(&note, pv_buf_slice(&theirs), s->a, e));
	PV_TRY(pv_note_verify(&note, &s->witness, &check, 1, e));
	if (!check.good)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the answer does not have its signature");
	PV_TRY(get_meta(s->d, name, s->a, &kept, &found, e));
	if (found && pv_ok(pv_note_read(&old, kept, s->a, e)) && pv_slice_eq(old.text, note.text))
		PV_TRY(pv_note_merge(&merged, kept, pv_buf_slice(&theirs), e));
	else
		pv_buf_add(&merged, pv_buf_slice(&theirs));
	return put_meta(s->d, name, pv_buf_slice(&merged), e);
}

static PV_RESULT
show_to(const struct showing *s, bool *cosigned, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_slice body;
	uint64_t old = 0, theirs;
	int status = 0;
	bool found;

	PV_TRY(get_meta(s->d, shown_name(s), s->a, &body, &found, e));
	if (found && (!pv_slice_u64(body, &old) || old > s->tree.size))
		old = 0;
	if (found && old == s->tree.size)
		return PV_DONE; /* it has signed this one */
	PV_TRY(show(s, old, &status, &text, e));
	if (status == 409 && pv_slice_u64(pv_slice_trim(pv_buf_slice(&text)), &theirs) &&
	    theirs <= s->tree.size) {
		pv_buf_clear(&text);
		PV_TRY(show(s, theirs, &status, &text, e));
	}
	if (status != 200)
		return PV_FAIL(e, PV_E_DOWN, "it answered %d", status);
	PV_TRY(keep(s, pv_buf_slice(&text), e));
	*cosigned = true;
	return put_meta(s->d, shown_name(s),
	    pv_arena_printf(s->a, "%llu", (unsigned long long)s->tree.size), e);
}

static PV_RESULT
begin_showing(struct showing *s, struct pv_slice log, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_checkpoint c;
	struct pv_note note;

	PV_TRY(pv_store_view_open(&v, s->d->store, e));
	PV_TRY(pv_log_newest(v, log, s->a, &c, e));
	s->log = log;
	s->note = c.note;
	PV_TRY(pv_note_read(&note, s->note, s->a, e));
	return pv_checkpoint_read(&s->tree, note.text, e);
}

PV_RESULT
pv_desk_witness_round(struct pv_desk *d, const struct pv_witness_post *by, struct pv_arena *a,
    struct pv_witness_round *out, struct pv_err *e)
{
	const struct pv_slice logs[] = { d->origin, d->journal };
	struct showing s = { .d = d, .by = by, .a = a };

	*out = (struct pv_witness_round){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	for (size_t i = 0; i < d->own.state->by_kind[PV_KEY].n; i++) {
		const struct pv_fact *f = d->own.state->by_kind[PV_KEY].at[i];

		if (f->ended != PV_NEVER || f->r->key.use != PV_USE_WITNESS ||
		    f->r->key.binding.n == 0)
			continue;
		PV_TRY(pv_vkey_read(&s.witness, f->r->key.key, e));
		s.url = f->r->key.binding;
		for (size_t k = 0; k < 2; k++) {
			bool cosigned = false;
			struct pv_err trouble;

			out->asked++;
			if (pv_ok(begin_showing(&s, logs[k], &trouble)) &&
			    pv_ok(show_to(&s, &cosigned, &trouble)))
				out->cosigned += cosigned ? 1 : 0;
			else
				out->trouble = pv_arena_printf(a, "%.*s at %.*s: %s",
				    PV_FMT(s.witness.name), PV_FMT(s.url), trouble.what);
		}
	}
	return PV_DONE;
}
