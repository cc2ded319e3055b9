/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log for a partner, as a file: every entry as it stands, and beside those
 * private acts that name the partner their salt and text. The partner checks
 * the whole tree, so nothing can be left out or changed on the way; what it is
 * not given it sees as a digest.
 *
 *	{"bundle":1,"origin":"co/orders","size":913}
 *	{"e":"<entry>","i":0}
 *	{"e":"<entry>","i":1,"salt":"<base64url>","t":"<note>"}
 *	{"checkpoint":"<note>"}
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "desk/acts.h"
#include "desk/audience.h"
#include "desk/choice.h"
#include "desk/journal.h"
#include "desk/names.h"
#include "desk/remote.h"
#include "desk/words.h"
#include "tlog/checkpoint.h"
#include "tlog/tree.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

#define BUNDLE_MAX      (256u << 20)
#define BUNDLE_LINE_MAX (256u << 10)
#define SIGNERS_MAX     16

/* ---- export ---- */

static PV_RESULT
write_bundle_entry(struct pv_desk *d, struct pv_store_view *v, uint64_t index,
    struct pv_slice bytes, bool give, struct pv_arena *a, struct pv_buf *out, struct pv_err *e)
{
	struct pv_jsonw w = { .out = out };
	struct pv_store_row row = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf salt = { 0 };
	bool found = false;

	if (give) {
		row.c[PV_C_TEXT_ORIGIN] = PV_CELL_S(d->origin);
		row.c[PV_C_TEXT_INDEX] = PV_CELL_N(index);
		PV_TRY(pv_store_row_get(v, PV_T_TEXTS, &row, a, &found, e));
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "e", bytes);
	pv_jsonw_u64(&w, "i", index);
	if (found) {
		pv_base64_write(&salt, pv_slice_sub(row.c[PV_C_TEXT_BODY].s, 0, 32), PV_BASE64_URL);
		pv_jsonw_str(&w, "salt", pv_buf_slice(&salt));
		pv_jsonw_str(
		    &w, "t", pv_slice_sub(row.c[PV_C_TEXT_BODY].s, 32, row.c[PV_C_TEXT_BODY].s.n));
	}
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
	return PV_DONE;
}

static PV_RESULT
write_bundle(struct pv_desk *d, struct pv_store_view *v, const struct pv_choice *c,
    struct pv_arena *a, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *cursor = NULL;
	struct pv_store_checkpoint note;
	struct pv_store_entry entry;
	struct pv_jsonw w = { .out = out };
	uint64_t index;
	bool found, more;

	PV_TRY(pv_store_log_checkpoint(
	    v, d->origin, PV_STORE_COSIGNED, UINT64_MAX, a, &note, &found, e));
	if (!found)
		return PV_FAIL(
		    e, PV_E_DOWN, "no freshness signature of %.*s yet", PV_FMT(d->origin));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_int(&w, "bundle", 1);
	pv_jsonw_str(&w, "origin", d->origin);
	pv_jsonw_u64(&w, "size", note.size);
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
	PV_TRY(pv_store_log_entries(&cursor, v, d->origin, 0, note.size, e));
	for (;;) {
		struct pv_store_row act = { 0 };

		PV_TRY(pv_store_entry_next(cursor, &index, &entry, &more, e));
		if (!more)
			break;
		act.c[PV_C_ACT_ORIGIN] = PV_CELL_S(d->origin);
		act.c[PV_C_ACT_INDEX] = PV_CELL_N(index);
		PV_TRY(pv_store_row_get(v, PV_T_ACTS, &act, a, &found, e));
		PV_TRY(write_bundle_entry(d, v, index, entry.bytes,
		    found && pv_choice_has(c, act.c[PV_C_ACT_ID].s), a, out, e));
	}
	w = (struct pv_jsonw){ .out = out };
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "checkpoint", note.note);
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
	return PV_DONE;
}

/* What an audience was given once it is given again, so that what ends it reaches it too. */
static PV_RESULT
remember_include(struct pv_desk *d, struct pv_slice audience, struct pv_names *include,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_store_change put = { .op = PV_OP_PUT, .table = PV_T_META };
	struct pv_store_submission sub = { .changes = &put, .n = 1 };
	struct pv_names before;
	struct pv_store_result r;
	struct pv_slice *all;
	bool moved;
	size_t n;

	PV_TRY(pv_choice_remembered(d, audience, a, &before, e));
	all = pv_arena_alloc_n(a, before.n + include->n, sizeof(*all));
	for (n = 0; n < before.n; n++)
		all[n] = before.at[n];
	for (size_t i = 0; i < include->n; i++)
		if (!pv_names_have((struct pv_names){ all, n }, include->at[i]))
			all[n++] = include->at[i];
	*include = (struct pv_names){ all, n };
	if (n == before.n)
		return PV_DONE;
	for (size_t i = 0; i < n; i++) {
		pv_buf_add(&body, all[i]);
		pv_buf_add_c(&body, '\n');
	}
	put.row.c[PV_C_META_NAME] = PV_CELL_S(pv_choice_memory(audience, a));
	put.row.c[PV_C_META_BODY] = PV_CELL_S(pv_buf_slice(&body));
	return pv_home_submit(d, &sub, &r, &moved, e);
}

static PV_RESULT
export_bundle(
    struct pv_desk *d, const struct pv_export_ask *ask, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_choice_end) struct pv_choice c = { 0 };
	const struct pv_state *s = d->own.state;
	struct pv_names include = ask->include;
	bool fresh;

	if (pv_state_party(s, ask->audience) == NULL)
		return PV_FAIL(e, PV_E_INPUT, "unknown party \"%.*s\"", PV_FMT(ask->audience));
	for (size_t i = 0; i < ask->include.n; i++)
		if (pv_state_find(s, ask->include.at[i]) == NULL)
			return PV_FAIL(e, PV_E_INPUT, "no act \"%.*s\" in %.*s",
			    PV_FMT(ask->include.at[i]), PV_FMT(d->origin));
	PV_TRY(remember_include(d, ask->audience, &include, a, e));
	pv_choice_begin(&c, s, ask->audience, include);
	pv_choice_all(&c, a);
	PV_TRY(pv_home_fresh(d, &d->own, &fresh, e)); /* what is handed on is as new as can be */
	PV_TRY(pv_store_view_open(&v, d->store, e));
	return write_bundle(d, v, &c, a, out, e);
}

/* Notes set end to end, in log order: what `apply` takes. */
static PV_RESULT
export_notes(struct pv_desk *d, const struct pv_export_ask *ask, struct pv_slice origin,
    struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_query q = { .table = PV_T_ACTS, .n = 1 };
	struct pv_log *log = pv_home_log(d, origin);
	struct pv_store_row row;
	bool more;

	if (log == NULL)
		return PV_FAIL(e, PV_E_INPUT, "no log \"%.*s\" here", PV_FMT(origin));
	q.where[0].column = PV_C_ACT_ORIGIN;
	q.where[0].cell = PV_CELL_S(origin);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		struct pv_store_row newest;
		const struct pv_fact *f;
		bool found;

		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		PV_TRY(pv_act_standing(d, origin, row.c[PV_C_ACT_ID].s, a, &newest, &found, e));
		f = pv_state_find(log->state, row.c[PV_C_ACT_ID].s);
		if (!found || (f != NULL && f->index != row.c[PV_C_ACT_INDEX].n))
			continue; /* a hold that was signed again later: once is enough, where it stood first */
		if (ask->public_only && (f == NULL || !pv_act_public(log->state, f->r)))
			continue;
		pv_buf_add(out, pv_act_row_note(newest.c[PV_C_ACT_BODY].s));
	}
}

PV_RESULT
pv_desk_export(
    struct pv_desk *d, const struct pv_export_ask *ask, struct pv_buf *out, struct pv_err *e)
{
	if (d->remote != NULL)
		return pv_remote_export(d, ask, out, e);
	PV_TRY(pv_home_refresh(d, e));
	if (ask->audience.n != 0)
		return export_bundle(d, ask, out, e);
	return export_notes(d, ask, ask->origin.n != 0 ? ask->origin : d->origin, out, e);
}

/* ---- follow ---- */

struct given {
	uint64_t index;
	struct pv_slice entry, note; /* note: of a public act the entry itself; empty: withheld */
	struct pv_slice text;        /* salt and note of a private act */
	uint64_t since;              /* in effect here from */
	struct pv_slice known;       /* the body of the row that has it; empty: none */
	struct pv_record *r;
	const struct pv_slice *signers;
	size_t signer_count;
};

struct following {
	struct pv_desk *d;
	struct pv_arena *a;
	struct pv_slice origin, checkpoint;
	uint64_t size;
	PV_VEC(struct given) entries;
	struct pv_checkpoint_seen seen;
	struct pv_store_head head; /* of the copy that is held */
	bool held;
	uint64_t withheld, acts;
};

static PV_RESULT
text_member(const struct pv_json *doc, const char *name, struct pv_slice *out, struct pv_arena *a,
    struct pv_err *e)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	if (i == PV_JSON_NONE || pv_json_at(doc, i)->type != PV_JSON_STRING)
		return PV_FAIL(
		    e, PV_E_INPUT, "\"%s\" is missing: this is no bundle of a log", name);
	*out = pv_arena_copy(a, pv_json_at(doc, i)->text);
	return PV_DONE;
}

static PV_RESULT
number_member(const struct pv_json *doc, const char *name, uint64_t *out, struct pv_err *e)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	if (i == PV_JSON_NONE || pv_json_at(doc, i)->type != PV_JSON_INT ||
	    pv_json_at(doc, i)->integer < 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "\"%s\" is missing: this is no bundle of a log", name);
	*out = (uint64_t)pv_json_at(doc, i)->integer;
	return PV_DONE;
}

static PV_RESULT
read_entry(struct following *f, const struct pv_json *doc, struct pv_err *e)
{
	struct given g = { 0 };
	uint8_t digest[PV_HASH], again[PV_HASH];
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_slice salt;

	PV_TRY(number_member(doc, "i", &g.index, e));
	PV_TRY(text_member(doc, "e", &g.entry, f->a, e));
	if (g.index != f->entries.n)
		return PV_FAIL(e, PV_E_INPUT, "entry %llu stands where entry %zu should",
		    (unsigned long long)g.index, f->entries.n);
	if (!pv_act_private_read(g.entry, digest)) {
		g.note = g.entry;
	} else if (pv_json_member(doc, 0, PV_SLICE("t")) != PV_JSON_NONE) {
		PV_TRY(text_member(doc, "t", &g.note, f->a, e));
		PV_TRY(text_member(doc, "salt", &salt, f->a, e));
		if (!pv_base64_read(&text, salt, PV_BASE64_URL) || text.n != 32)
			return PV_FAIL(e, PV_E_INPUT, "the salt of entry %llu is damaged",
			    (unsigned long long)g.index);
		pv_act_private_digest((const uint8_t *)text.p, g.note, again);
		if (memcmp(again, digest, PV_HASH) != 0)
			return PV_FAIL(e, PV_E_UNTRUSTED,
			    "the text of entry %llu is not the one that was logged",
			    (unsigned long long)g.index);
		pv_buf_add(&text, g.note);
		g.text = pv_arena_copy(f->a, pv_buf_slice(&text));
	} else {
		f->withheld++;
	}
	*PV_VEC_ADD(&f->entries) = g;
	return PV_DONE;
}

static PV_RESULT
read_lines(struct following *f, struct pv_slice bytes, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();
	struct pv_slice rest = bytes, line;
	unsigned n = 0;

	while (pv_slice_next(&rest, '\n', &line)) {
		n++;
		if (line.n == 0)
			continue;
		if (!pv_ok(pv_json_reread(doc, line, BUNDLE_LINE_MAX, e)) ||
		    pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
			return PV_FAIL(e, PV_E_INPUT, "line %u is no part of a bundle", n);
		if (n == 1) {
			PV_TRY(text_member(doc, "origin", &f->origin, f->a, e));
			PV_TRY(number_member(doc, "size", &f->size, e));
		} else if (pv_json_member(doc, 0, PV_SLICE("checkpoint")) != PV_JSON_NONE) {
			PV_TRY(text_member(doc, "checkpoint", &f->checkpoint, f->a, e));
		} else {
			PV_TRY(read_entry(f, doc, e));
		}
	}
	if (f->checkpoint.n == 0 || f->entries.n != f->size || f->size == 0)
		return PV_FAIL(e, PV_E_INPUT, "the bundle is cut off: %zu of %llu entries",
		    f->entries.n, (unsigned long long)f->size);
	return PV_DONE;
}

static PV_RESULT
read_act(struct given *g, struct pv_arena *a, struct pv_err *e)
{
	const char *end = memchr(g->note.p, '\n', g->note.n);

	if (end == NULL)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "entry %llu is no act", (unsigned long long)g->index);
	g->r = PV_ARENA_NEW(a, struct pv_record);
	return pv_record_read_text(
	    g->r, pv_slice_sub(g->note, 0, (size_t)(end - g->note.p)), 0, a, e);
}

/* The first entry is the genesis that a peer record of ours names; its signers vouch for the checkpoint. */
static PV_RESULT
check_genesis(struct following *f, struct pv_err *e)
{
	const struct pv_facts *peers = &f->d->own.state->by_kind[PV_PEER];
	struct given *g = &f->entries.at[0];
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	uint8_t digest[PV_HASH];

	if (g->note.n == 0)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the first entry is no genesis");
	PV_TRY(read_act(g, f->a, e));
	if (g->r->kind != PV_GENESIS || !pv_slice_eq(g->r->genesis.origin, f->origin))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the first entry is not the genesis of %.*s",
		    PV_FMT(f->origin));
	if (f->d->own.state->genesis != NULL &&
	    f->d->own.state->genesis->exercise != g->r->exercise)
		return PV_FAIL(e, PV_E_INPUT,
		    g->r->exercise ? "%.*s is the log of an exercise, and this home is not of one"
				   : "%.*s is a real log, and this home is of an exercise",
		    PV_FMT(f->origin));
	pv_genesis_digest(g->r, digest);
	pv_hex_write(&hex, pv_slice_mem(digest, PV_HASH));
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		if (peers->at[i]->ended != PV_NEVER || !pv_slice_eq(p->origin, f->origin))
			continue;
		if (!pv_slice_eq(p->genesis, pv_buf_slice(&hex)))
			return pv_advise(PV_FAIL(e, PV_E_UNTRUSTED,
					     "this is another %.*s than the one that was admitted",
					     PV_FMT(f->origin)),
			    e, "its genesis reads: %.*s", PV_FMT(pv_words(digest, 8, f->a)));
		return PV_DONE;
	}
	return pv_advise(
	    PV_FAIL(e, PV_E_UNTRUSTED, "no peer record admits %.*s", PV_FMT(f->origin)), e,
	    "admit it first: proviso peer add CARD (its genesis reads: %.*s)",
	    PV_FMT(pv_words(digest, 8, f->a)));
}

static PV_RESULT
check_checkpoint(struct following *f, struct pv_err *e)
{
	const struct pv_genesis *g = &f->entries.at[0].r->genesis;
	const struct pv_log_policy *policy;
	struct pv_vkey keys[SIGNERS_MAX], log = { 0 };
	size_t cosigners = 0;
	uint64_t now = f->d->env.realtime_ms(f->d->env.ctx) / 1000;

	for (size_t i = 0; i < g->signers.n && cosigners < SIGNERS_MAX; i++) {
		PV_TRY(pv_vkey_read(&keys[cosigners], g->signers.at[i], e));
		if (keys[cosigners].kind == PV_VKEY_COSIGNER)
			cosigners++;
		else
			log = keys[cosigners];
	}
	if (log.name.n == 0 || cosigners == 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the genesis of %.*s names no log key or no freshness signer",
		    PV_FMT(f->origin));
	PV_TRY(pv_log_policy_make(&policy, &log, keys, cosigners, cosigners / 2 + 1, f->a, e));
	PV_TRY(pv_checkpoint_open(&f->seen, f->checkpoint, policy, f->a, e));
	if (!pv_slice_eq(f->seen.checkpoint.origin, f->origin) ||
	    f->seen.checkpoint.size != f->size)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the checkpoint is not of this tree");
	if (f->seen.time > now + 2)
		return PV_FAIL(e, PV_E_DOWN,
		    "the freshness signature is from the future: one of the two clocks is wrong");
	return PV_DONE;
}

/* The tree of these entries is the signed one, and begins with the tree that is held here. */
static PV_RESULT
check_tree(struct following *f, struct pv_store_view *v, struct pv_err *e)
{
	struct pv_tree_edge t = { 0 };
	uint8_t root[PV_HASH];

	PV_TRY(pv_store_log_head(v, f->origin, &f->head, &f->held, e));
	if (f->held && f->head.size > f->size)
		return PV_FAIL(e, PV_E_INPUT,
		    "this bundle has %llu entries, and %llu are held here: it is older",
		    (unsigned long long)f->size, (unsigned long long)f->head.size);
	for (uint64_t i = 0; i < f->size; i++) {
		if (f->held && i == f->head.size && i != 0) {
			pv_tree_top(&t, root);
			if (memcmp(root, f->head.root, PV_HASH) != 0)
				break;
		}
		pv_tree_add_entry(&t, f->entries.at[i].entry);
	}
	pv_tree_top(&t, root);
	if (t.size != f->size ||
	    (f->held && f->head.size == f->size && memcmp(root, f->head.root, PV_HASH) != 0))
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED,
			"%.*s does not grow from what is held here: two histories were signed",
			PV_FMT(f->origin)),
		    e, "keep both as evidence: this file, and 'proviso log export %.*s DIR'",
		    PV_FMT(f->origin));
	if (memcmp(root, f->seen.checkpoint.root, PV_HASH) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the entries are not those that were signed");
	return PV_DONE;
}

/* What was given with an earlier bundle, and is not with this one, is known here all the same. */
static PV_RESULT
take_known(struct following *f, struct pv_store_view *v, struct given *g, struct pv_err *e)
{
	struct pv_store_row row = { 0 };
	bool found;

	row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(f->origin);
	row.c[PV_C_ACT_INDEX] = PV_CELL_N(g->index);
	g->since = pv_desk_now(f->d);
	PV_TRY(pv_store_row_get(v, PV_T_ACTS, &row, f->a, &found, e));
	if (!found)
		return PV_DONE;
	g->since = row.c[PV_C_ACT_SECOND].n;
	g->known = row.c[PV_C_ACT_BODY].s;
	if (g->note.n == 0) {
		g->note = pv_act_row_note(g->known);
		f->withheld--;
	}
	return PV_DONE;
}

/*
 * A hold binds for a day from its own time. One that we hear of later was a hold then, or is completed further down:
 * it is taken in as of its last second, so that the fold goes as it went where the log is kept.
 */
static PV_RESULT
fold_one(struct pv_state *s, struct given *g, struct pv_err *e)
{
	struct pv_act act = { .record = g->r,
		.has_index = true,
		.index = g->index,
		.signers = g->signers,
		.signer_count = g->signer_count,
		.since = g->since };
	enum pv_applied applied;
	struct pv_status st = pv_state_apply(s, &act, &applied, e);

	if (pv_ok(st) || g->r->kind != PV_ORDER || g->since < g->r->time + PV_HOLD_S)
		return st;
	g->since = act.since = g->r->time + PV_HOLD_S - 1;
	return pv_state_apply(s, &act, &applied, e);
}

/* Signatures and rules of every act that we were given, now or before: what will be folded when the home is opened. */
static PV_RESULT
fold_all(struct following *f, struct pv_store_view *v, struct pv_err *e)
{
	PV_AUTO(pv_state_freep) struct pv_state *s = pv_state_new(f->origin, false);

	for (size_t i = 0; i < f->entries.n; i++) {
		struct given *g = &f->entries.at[i];

		PV_TRY(take_known(f, v, g, e));
		if (g->note.n == 0)
			continue;
		if (g->r == NULL)
			PV_TRY(read_act(g, f->a, e));
		PV_TRY(pv_signed_verify(s, g->r, g->note, f->a, &g->signers, &g->signer_count, e));
		PV_TRY(fold_one(s, g, e));
		f->acts++;
	}
	return PV_DONE;
}

/* A row that is there as it should be stays; one that was damaged is written anew. */
/* A text that was meant for us and is not here: somebody cut it from the bundle, or it is another's bundle. */
static PV_RESULT
check_meant(struct following *f, struct pv_err *e)
{
	PV_AUTO(pv_audiences_freep) struct pv_audiences *us = NULL;

	PV_TRY(pv_audiences_open(&us, f->d, f->origin, e));
	for (size_t i = 0; i < f->entries.n; i++) {
		const struct given *g = &f->entries.at[i];

		if (g->note.n == 0 && pv_audiences_meant(us, g->entry))
			return pv_advise(
			    PV_FAIL(e, PV_E_UNTRUSTED,
				"entry %llu of %.*s is meant for us, and its text was left out",
				(unsigned long long)g->index, PV_FMT(f->origin)),
			    e,
			    "ask for a whole one (proviso export --for %.*s), and keep this file "
			    "as evidence",
			    PV_FMT(f->d->party));
	}
	return PV_DONE;
}

static void
add_rows(struct following *f, const struct given *g, struct pv_store_change *c, size_t *n)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };

	pv_act_row_write(&body, g->signers, g->signer_count, g->note);
	if (pv_slice_eq(pv_buf_slice(&body), g->known))
		return;
	c[*n] = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_ACTS };
	c[*n].row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(f->origin);
	c[*n].row.c[PV_C_ACT_INDEX] = PV_CELL_N(g->index);
	c[*n].row.c[PV_C_ACT_KIND] = PV_CELL_S(pv_slice_of(pv_kind_name(g->r->kind)));
	c[*n].row.c[PV_C_ACT_ID] = PV_CELL_S(g->r->id);
	c[*n].row.c[PV_C_ACT_ISSUER] = PV_CELL_S(g->r->issuer);
	c[*n].row.c[PV_C_ACT_SECOND] = PV_CELL_N(g->since);
	c[*n].row.c[PV_C_ACT_BODY] = PV_CELL_S(pv_arena_copy(f->a, pv_buf_slice(&body)));
	(*n)++;
	if (g->text.n == 0)
		return;
	c[*n] = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_TEXTS };
	c[*n].row.c[PV_C_TEXT_ORIGIN] = PV_CELL_S(f->origin);
	c[*n].row.c[PV_C_TEXT_INDEX] = PV_CELL_N(g->index);
	c[*n].row.c[PV_C_TEXT_BODY] = PV_CELL_S(g->text);
	(*n)++;
}

/* How many texts are here: it may grow while the log does not, and then other desks of this home must fold anew. */
static struct pv_store_change
texts_row(const struct following *f)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };
	uint64_t texts = 0;

	for (size_t i = 0; i < f->entries.n; i++)
		texts += f->entries.at[i].note.n != 0 || f->entries.at[i].known.n != 0 ? 1 : 0;
	c.row.c[PV_C_META_NAME] = PV_CELL_S(pv_home_texts_name(f->origin, f->a));
	c.row.c[PV_C_META_BODY] =
	    PV_CELL_S(pv_arena_printf(f->a, "%llu", (unsigned long long)texts));
	return c;
}

static PV_RESULT
keep(struct following *f, struct pv_err *e)
{
	uint64_t held = f->held ? f->head.size : 0;
	struct pv_store_entry *entries = pv_arena_alloc_n(f->a, f->entries.n, sizeof(*entries));
	struct pv_store_change *c = pv_arena_alloc_n(f->a, 2 * f->entries.n + 5, sizeof(*c));
	struct pv_store_expect expect = { f->origin, held };
	struct pv_store_submission sub = {
		.changes = c, .expect = &expect, .n_expect = 1, .urgent = true
	};
	struct pv_store_checkpoint note = { .kind = PV_STORE_COSIGNED,
		.size = f->size,
		.second = f->seen.time,
		.note = f->checkpoint };
	struct pv_store_result r;
	size_t n = 0;
	bool moved;

	memcpy(note.root, f->seen.checkpoint.root, PV_HASH);
	c[n++] = (struct pv_store_change){
		.op = PV_OP_LOG, .log = f->origin, .log_kind = PV_STORE_COPY
	};
	for (uint64_t i = held; i < f->size; i++) {
		entries[i] = (struct pv_store_entry){ .bytes = f->entries.at[i].entry,
			.second = f->seen.time };
		pv_hash_leaf(entries[i].bytes, entries[i].leaf);
	}
	if (f->size > held)
		c[n++] = (struct pv_store_change){ .op = PV_OP_APPEND,
			.log = f->origin,
			.entries = entries + held,
			.n = f->size - held };
	for (size_t i = 0; i < f->entries.n; i++) {
		if (f->entries.at[i].note.n != 0)
			add_rows(f, &f->entries.at[i], c, &n);
	}
	c[n++] = (struct pv_store_change){ .op = PV_OP_TREE, .log = f->origin, .checkpoint = note };
	c[n++] = (struct pv_store_change){
		.op = PV_OP_CHECKPOINT, .log = f->origin, .checkpoint = note
	};
	c[n++] = texts_row(f);
	sub.n = n;
	PV_TRY(pv_home_submit(f->d, &sub, &r, &moved, e));
	if (moved)
		return PV_FAIL(e, PV_E_DOWN,
		    "another process took in %.*s at the same moment; give the command again",
		    PV_FMT(f->origin));
	return PV_DONE;
}

static PV_RESULT
follow(struct following *f, struct pv_slice bytes, struct pv_follow_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_journal_entry entry = { .kind = "admin", .party = f->d->party };
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_jsonw w = { .out = &detail };
	struct pv_journalled journalled;
	struct pv_log *log;

	PV_TRY(read_lines(f, bytes, e));
	if (pv_slice_eq(f->origin, f->d->origin))
		return PV_FAIL(
		    e, PV_E_INPUT, "%.*s is the log of this home itself", PV_FMT(f->origin));
	PV_TRY(check_genesis(f, e));
	PV_TRY(check_checkpoint(f, e));
	PV_TRY(pv_store_view_open(&v, f->d->store, e));
	PV_TRY(check_tree(f, v, e));
	PV_TRY(fold_all(f, v, e));
	PV_TRY(check_meant(f, e));
	PV_TRY(keep(f, e));
	PV_TRY(pv_home_forget(
	    f->d, f->origin, e)); /* texts of older entries may have come: folded anew */
	log = pv_home_log(f->d, f->origin);
	if (log == NULL)
		return PV_FAIL(e, PV_E_BUG, "the log that was taken in is not there");
	*out = (struct pv_follow_answer){ .origin = f->origin,
		.size_before = f->held ? f->head.size : 0,
		.size_after = f->size,
		.acts = f->acts,
		.withheld = f->withheld,
		.signed_at = f->seen.time,
		.good_until = f->seen.time + log->lease_s };
	if (f->held && f->head.size == f->size)
		return PV_DONE; /* a fresh proof of what is held, as comes every few seconds, tells nobody anything */
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "followed", f->origin);
	pv_jsonw_u64(&w, "size", f->size);
	pv_jsonw_end(&w);
	entry.detail = pv_buf_slice(&detail);
	return pv_journal_add(f->d, &entry, NULL, 0, f->a, &journalled, e);
}

PV_RESULT
pv_desk_follow(struct pv_desk *d, struct pv_slice bundle, const char *source, struct pv_arena *a,
    struct pv_follow_answer *out, struct pv_err *e)
{
	struct following f = { .d = d, .a = a };
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_follow(d, bundle, source, a, out, e);
	*out = (struct pv_follow_answer){ 0 };
	if (bundle.n > BUNDLE_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a bundle of %zu bytes is too large", bundle.n);
	PV_TRY(pv_home_refresh(d, e));
	st = pv_from(follow(&f, bundle, out, e), e, source);
	PV_VEC_FREE(&f.entries);
	return st;
}

/* ---- cards ---- */

PV_RESULT
pv_desk_card(struct pv_desk *d, struct pv_buf *out, struct pv_err *e)
{
	struct pv_identity id = pv_desk_identity(d);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *kas = NULL;
	struct pv_jsonw w = { .out = out };

	if (d->remote != NULL)
		return pv_remote_card(d, out, e);
	if (pv_home_has_key(d, "kas-ec"))
		PV_TRY(pv_home_key(d, "kas-ec", &kas, e));
	if (id.genesis_hex.n == 0 || id.gateway_vkey.n == 0)
		return PV_FAIL(e, PV_E_CONFIG, "this home has no genesis or no gateway key");
	pv_jsonw_object(&w, NULL);
	pv_jsonw_int(&w, "card", 1);
	pv_jsonw_str(&w, "gateway", id.gateway_vkey);
	pv_jsonw_str(&w, "genesis", id.genesis_hex);
	pv_jsonw_str(&w, "journal", id.journal_vkey);
	if (kas != NULL)
		pv_jsonw_str(&w, "kas", pv_keyfile_public(kas));
	pv_jsonw_str(&w, "origin", id.origin);
	pv_jsonw_str(&w, "party", id.party);
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
	return PV_DONE;
}

static void
card_key(struct pv_buf *out, struct pv_slice party, const char *use, struct pv_slice key,
    struct pv_arena *a)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "record", PV_SLICE("key"));
	pv_jsonw_str(&w, "id", pv_arena_printf(a, "key-%.*s-%s", PV_FMT(party), use));
	pv_jsonw_str(&w, "party", party);
	pv_jsonw_str(&w, "use", pv_slice_of(use));
	pv_jsonw_str(&w, "key", key);
	pv_jsonw_str(&w, "from", PV_SLICE("2020-01-01T00:00:00Z"));
	pv_jsonw_end(&w);
	pv_buf_add_c(out, '\n');
}

/* Of the whole card: who puts another key into it on the way changes the words. */
static struct pv_slice
card_words(const struct pv_json *doc, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	uint8_t digest[PV_HASH];

	pv_json_canon(doc, 0, &text);
	pv_hash(pv_buf_slice(&text), digest);
	return pv_words(digest, 8, a);
}

PV_RESULT
pv_desk_card_words(
    struct pv_slice card, struct pv_arena *a, struct pv_slice *words, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

	PV_TRY(pv_json_read(&doc, card, 65536, e));
	*words = card_words(doc, a);
	return PV_DONE;
}

PV_RESULT
pv_desk_card_records(struct pv_desk *d, struct pv_slice card, const char *source,
    struct pv_names names, struct pv_arena *a, struct pv_buf *records, struct pv_slice *words,
    struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_slice gateway, genesis, origin, party, kas = PV_NO_SLICE;
	struct pv_jsonw w = { .out = records };
	uint8_t digest[PV_HASH];

	(void)d;
	PV_TRY(pv_from(pv_json_read(&doc, card, 65536, e), e, source));
	PV_TRY(pv_from(text_member(doc, "gateway", &gateway, a, e), e, source));
	PV_TRY(pv_from(text_member(doc, "genesis", &genesis, a, e), e, source));
	PV_TRY(pv_from(text_member(doc, "origin", &origin, a, e), e, source));
	PV_TRY(pv_from(text_member(doc, "party", &party, a, e), e, source));
	if (pv_json_member(doc, 0, PV_SLICE("kas")) != PV_JSON_NONE)
		PV_TRY(pv_from(text_member(doc, "kas", &kas, a, e), e, source));
	if (!pv_hex_read_n(digest, sizeof(digest), genesis))
		return pv_from(
		    PV_FAIL(e, PV_E_INPUT, "the card's genesis is no SHA-256"), e, source);
	*words = card_words(doc, a);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "record", PV_SLICE("peer"));
	pv_jsonw_str(&w, "id", pv_arena_printf(a, "peer-%.*s", PV_FMT(party)));
	pv_jsonw_str(&w, "origin", origin);
	pv_jsonw_str(&w, "genesis", genesis);
	pv_jsonw_array(&w, "names");
	if (names.n == 0)
		pv_jsonw_str(&w, NULL, party);
	for (size_t i = 0; i < names.n; i++)
		pv_jsonw_str(&w, NULL, names.at[i]);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	pv_buf_add_c(records, '\n');
	card_key(records, party, "gateway", gateway, a);
	card_key(records, party, "issuer", gateway, a);
	if (kas.n != 0)
		card_key(records, party, "kas", kas, a);
	return PV_DONE;
}
