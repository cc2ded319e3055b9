/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records into the order log: read, filled in, signed or verified, folded one
 * by one, and only when all of them are good appended, in one transaction with
 * their rows. What failed half way is forgotten by folding anew from the store.
 */
#include <stdio.h>

#include "codec/json.h"
#include "desk/acts.h"
#include "desk/audience.h"
#include "desk/journal.h"
#include "desk/officers.h"
#include "desk/outcome.h"
#include "desk/remote.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

#define ACTS_MAX       200000
#define STATEMENTS_MAX 5000 /* each is an entry of the journal with its commitments */

/* One record on its way in. */
struct pending {
	struct pv_record *r;
	struct pv_item item;
	struct pv_slice note; /* signed */
	const struct pv_slice *signers;
	size_t signer_count;
	enum pv_applied applied;
	bool journal_side, appends;
	struct pv_slice before; /* the note that stood there */
	uint64_t index;         /* its place, when it is appended */
};

struct batch {
	struct pv_desk *d;
	struct pv_arena *a;
	const struct pv_apply_ask *ask;
	struct pv_unlock *unlock;
	struct pv_officers *officers; /* unlocked once for all records */
	PV_VEC(struct pending) acts;
	PV_VEC(struct pv_err) errors;
	struct pv_map *stated; /* ids of statements -> place in acts */
	size_t statements;     /* that are new */
	uint64_t next;         /* the place in the log of the next act that is appended */
};

static bool
is_journal_side(enum pv_kind kind)
{
	return kind == PV_REPORT || kind == PV_OUTCOME || kind == PV_INCIDENT ||
	       kind == PV_ANSWER || kind == PV_ACK;
}

/* ---- reading ---- */

/* Of a draft: what is for the home to say. */
static void
fill_in(struct batch *b, struct pv_record *r)
{
	const struct pv_fact *standing = pv_state_find(b->d->own.state, r->id);

	if (standing != NULL && r->time == 0)
		r->time = standing->r->time; /* the same draft again is the same act */
	if (r->log.n == 0)
		r->log = b->d->origin;
	if (r->time == 0)
		r->time = pv_desk_now(b->d);
	if (r->issuer.n == 0)
		r->issuer = b->d->party;
	if (b->d->own.state->genesis != NULL && b->d->own.state->genesis->exercise)
		r->exercise = true;
	pv_record_seal(r, b->a);
}

static PV_RESULT
check_exercise(struct batch *b, const struct pv_record *r, struct pv_err *e)
{
	const struct pv_record *genesis = b->d->own.state->genesis;

	if (genesis == NULL || genesis->exercise == r->exercise)
		return PV_DONE;
	if (r->exercise)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this record is an exercise, and this log is not"), e,
		    "exercise");
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "this log is an exercise, and this record does not say so"), e,
	    "exercise");
}

/* "a-0114: to", once the place is known by the field alone. */
static void
name_record(struct pv_err *e, struct pv_slice id)
{
	char field[2 * sizeof(e->field)];

	if (id.n == 0)
		return;
	snprintf(field, sizeof(field), "%.*s%s%s", PV_FMT(id), e->field[0] != '\0' ? ": " : "",
	    e->field);
	memcpy(e->field, field, sizeof(e->field));
	e->field[sizeof(e->field) - 1] = '\0';
}

static void
note_error(struct batch *b, struct pv_err *e, const struct pv_item *item, struct pv_slice id)
{
	if (item != NULL && e->line == 0)
		pv_item_place(item, b->ask->source, e);
	name_record(e, id);
	pv_ignore(pv_from((struct pv_status){ e->code }, e, b->ask->source));
	*PV_VEC_ADD(&b->errors) = *e;
}

/* The note that the file gives: line and signature lines. */
static struct pv_slice
note_of(struct batch *b, const struct pv_record *r, struct pv_slice signatures)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };

	pv_buf_add(&note, r->line);
	pv_buf_add_str(&note, "\n\n");
	pv_buf_add(&note, signatures);
	return pv_arena_copy(b->a, pv_buf_slice(&note));
}

/* ---- signing ---- */

/* What stands under its id: of a hold that was completed there are several entries, and the newest counts. */
PV_RESULT
pv_act_standing(struct pv_desk *d, struct pv_slice origin, struct pv_slice id, struct pv_arena *a,
    struct pv_store_row *row, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_ACTS,
		.n = 2,
		.order_by = PV_C_ACT_INDEX,
		.descending = true,
		.limit = 1 };
	struct pv_store_row newest;

	if (d->remote != NULL)
		return pv_remote_act_standing(d, id, a, row, found, e);
	q.where[0].column = PV_C_ACT_ID;
	q.where[0].cell = PV_CELL_S(id);
	q.where[1].column = PV_C_ACT_ORIGIN;
	q.where[1].cell = PV_CELL_S(origin);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	PV_TRY(pv_store_row_next(c, &newest, found, e));
	if (*found) {
		*row = newest;
		row->c[PV_C_ACT_BODY].s = pv_arena_copy(a, newest.c[PV_C_ACT_BODY].s);
	}
	return PV_DONE;
}

/* A record that stands here already: its signatures come first. */
static PV_RESULT
take_standing(struct batch *b, struct pending *p, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_find(b->d->own.state, p->r->id);
	PV_AUTO(pv_buf_free) struct pv_buf merged = { 0 };
	struct pv_store_row row = { 0 };
	bool found;

	if (f == NULL || !pv_slice_eq(f->r->line, p->r->line))
		return PV_DONE;
	PV_TRY(pv_act_standing(b->d, b->d->origin, p->r->id, b->a, &row, &found, e));
	if (!found)
		return PV_DONE; /* it came earlier in this very file */
	p->before = pv_act_row_note(row.c[PV_C_ACT_BODY].s);
	if (p->note.n == 0) {
		p->note = p->before;
		return PV_DONE;
	}
	PV_TRY(pv_note_merge(&merged, p->before, p->note, e));
	p->note = pv_arena_copy(b->a, pv_buf_slice(&merged));
	return PV_DONE;
}

/* Whether keys of this home, or given ones, sign it here: what nobody signed yet, and whatever somebody asked to sign. */
static bool
signs_here(const struct batch *b, const struct pending *p)
{
	if (b->unlock == NULL)
		return false;
	return b->ask->draft || p->note.n == 0 || b->unlock->as_count != 0 ||
	       b->unlock->key_file_count != 0;
}

/* The fold judges a key by the record's time, which its signer wrote; here we know when it really is placed. */
static PV_RESULT
check_not_expired(struct batch *b, const struct pending *p, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_find(b->d->own.state, p->r->id);
	uint64_t now = pv_desk_now(b->d);

	if (f != NULL && !f->hold)
		return PV_DONE; /* it was placed in time */
	for (size_t i = 0; i < p->signer_count; i++)
		if (pv_state_key(b->d->own.state, p->signers[i], now).expired)
			return PV_FAIL(
			    e, PV_E_INPUT, "a key that signed %.*s has expired", PV_FMT(p->r->id));
	return PV_DONE;
}

static PV_RESULT
sign_and_verify(struct batch *b, struct pending *p, struct pv_err *e)
{
	PV_TRY(take_standing(b, p, e));
	if (signs_here(b, p))
		PV_TRY(pv_officers_sign(
		    b->officers, b->d->own.state, p->r, pv_desk_now(b->d), &p->note, b->a, e));
	if (p->note.n == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "nobody signed %.*s", PV_FMT(p->r->id)), e,
		    "sign with an officer's key of this home: --as NAME");
	PV_TRY(pv_signed_verify(
	    b->d->own.state, p->r, p->note, b->a, &p->signers, &p->signer_count, e));
	return check_not_expired(b, p, e);
}

/* A hold that still wants officers keeps each signature it gets; what is signed by nobody we know is none. */
static PV_RESULT
more_signatures(const struct batch *b, const struct pending *p, bool *more, struct pv_err *e)
{
	const struct pv_fact *f = pv_state_find(b->d->own.state, p->r->id);
	const struct pv_slice *signers;
	size_t n;

	*more = false;
	if (f == NULL || !f->hold || p->before.n == 0)
		return PV_DONE;
	PV_TRY(pv_signed_verify(b->d->own.state, p->r, p->before, b->a, &signers, &n, e));
	*more = p->signer_count > n;
	return PV_DONE;
}

/* The same statement twice in one file is one; two under one id are an error. */
static PV_RESULT
check_twice(struct batch *b, const struct pending *p, bool *here, struct pv_err *e)
{
	uint32_t i = pv_map_get(b->stated, p->r->id);

	if (i == PV_MAP_NONE) {
		pv_map_set(b->stated, p->r->id, (uint32_t)b->acts.n);
		return PV_DONE;
	}
	if (!pv_slice_eq(b->acts.at[i].note, p->note))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is here with other content", PV_FMT(p->r->id)),
		    e, "id");
	*here = true;
	return PV_DONE;
}

static PV_RESULT
take_statement(struct batch *b, struct pending *p, struct pv_err *e)
{
	bool here = false;

	p->journal_side = true;
	if (b->d->remote == NULL)
		PV_TRY(pv_outcome_check(b->d, p->r, p->note, b->a, &here, e));
	else if (p->note.n == 0) /* the gateway looks at the rest */
		return PV_FAIL(e, PV_E_INPUT, "nobody signed %.*s", PV_FMT(p->r->id));
	PV_TRY(check_twice(b, p, &here, e));
	p->applied = here ? PV_UNCHANGED : PV_APPLIED;
	b->statements += here ? 0 : 1;
	if (b->statements > STATEMENTS_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "more than %d statements in one file", STATEMENTS_MAX);
	return PV_DONE;
}

static PV_RESULT
take_act(struct batch *b, struct pending *p, struct pv_err *e)
{
	struct pv_act act = {
		.record = p->r, .since = pv_desk_now(b->d), .has_index = true, .index = b->next
	};
	bool more = false;

	PV_TRY(check_exercise(b, p->r, e));
	if (is_journal_side(p->r->kind))
		return take_statement(b, p, e);
	PV_TRY(sign_and_verify(b, p, e));
	if (b->ask->draft)
		return PV_DONE;
	act.signers = p->signers;
	act.signer_count = p->signer_count;
	PV_TRY(pv_state_apply(b->d->own.state, &act, &p->applied, e));
	if (p->applied == PV_UNCHANGED)
		PV_TRY(more_signatures(b, p, &more, e));
	p->appends = p->applied == PV_APPLIED || p->applied == PV_COMPLETED || more;
	p->index = b->next;
	b->next += p->appends ? 1 : 0;
	return PV_DONE;
}

static PV_RESULT
take_item(struct batch *b, struct pv_file *f, const struct pv_item *item, struct pv_slice *id,
    struct pv_err *e)
{
	struct pending p = { .item = *item, .r = PV_ARENA_NEW(b->a, struct pv_record) };
	bool draft = item->signatures.n == 0;

	*id = PV_NO_SLICE;
	PV_TRY(pv_file_record(f, item, p.r, draft ? PV_READ_DRAFT : 0, b->a, e));
	*id = p.r->id;
	if (draft)
		fill_in(b, p.r);
	else
		p.note = note_of(b, p.r, item->signatures);
	PV_TRY(take_act(b, &p, e));
	*PV_VEC_ADD(&b->acts) = p;
	return PV_DONE;
}

/* Goes on after an error, so that all that is wrong with a file is told at once. */
static PV_RESULT
take_file(struct batch *b, struct pv_err *e)
{
	struct pv_item item;
	struct pv_slice id;
	struct pv_file f;
	struct pv_err wrong;
	bool more = true;

	PV_TRY(pv_file_open(&f, b->ask->bytes, b->ask->source, e));
	while (more && !f.broken) {
		if (!pv_ok(pv_file_next(&f, &item, &more, b->a, &wrong))) {
			note_error(b, &wrong, NULL, PV_NO_SLICE);
			continue;
		}
		if (!more)
			break;
		if (b->acts.n == ACTS_MAX) {
			pv_file_close(&f);
			return PV_FAIL(e, PV_E_LIMIT, "more than %d records in one file", ACTS_MAX);
		}
		if (!pv_ok(take_item(b, &f, &item, &id, &wrong))) {
			if (wrong.code != PV_E_INPUT && wrong.code != PV_E_UNTRUSTED &&
			    wrong.code != PV_E_LIMIT) {
				*e = wrong;
				pv_file_close(&f);
				return (struct pv_status){ wrong.code };
			}
			note_error(b, &wrong, &item, id);
		}
	}
	pv_file_close(&f);
	return PV_DONE;
}

/* ---- appending ---- */

struct laid {
	struct pv_store_entry *entries;
	struct pv_store_change *changes;
	size_t entry_count, change_count;
	bool urgent;
};

static void
lay_private(struct batch *b, const struct pending *p, const struct pv_audiences *who,
    struct pv_store_entry *entry, struct pv_store_change *text, size_t offset)
{
	PV_AUTO(pv_buf_free) struct pv_buf tags = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	uint8_t salt[32], digest[PV_HASH];

	b->d->env.random(b->d->env.ctx, salt, sizeof(salt));
	pv_act_private_digest(salt, p->note, digest);
	pv_audiences_tag(who, p->r, digest, &b->d->env, &tags);
	pv_act_private_entry(&line, digest, pv_buf_slice(&tags));
	entry->bytes = pv_arena_copy(b->a, pv_buf_slice(&line));
	pv_buf_add_mem(&body, salt, sizeof(salt));
	pv_buf_add(&body, p->note);
	*text = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_TEXTS };
	text->row.c[PV_C_TEXT_ORIGIN] = PV_CELL_S(b->d->origin);
	text->row.c[PV_C_TEXT_INDEX] = (struct pv_store_cell){ .n = offset, .from_append = 1 };
	text->row.c[PV_C_TEXT_BODY] = PV_CELL_S(pv_arena_copy(b->a, pv_buf_slice(&body)));
}

static struct pv_store_change
act_row(struct batch *b, const struct pending *p, size_t offset, uint64_t since)
{
	struct pv_store_change c = { .op = PV_OP_ADD, .table = PV_T_ACTS };
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };

	pv_act_row_write(&body, p->signers, p->signer_count, p->note);
	c.row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(b->d->origin);
	c.row.c[PV_C_ACT_INDEX] = (struct pv_store_cell){ .n = offset, .from_append = 1 };
	c.row.c[PV_C_ACT_KIND] = PV_CELL_S(pv_slice_of(pv_kind_name(p->r->kind)));
	c.row.c[PV_C_ACT_ID] = PV_CELL_S(p->r->id);
	c.row.c[PV_C_ACT_ISSUER] = PV_CELL_S(p->r->issuer);
	c.row.c[PV_C_ACT_SECOND] = PV_CELL_N(since);
	c.row.c[PV_C_ACT_BODY] = PV_CELL_S(pv_arena_copy(b->a, pv_buf_slice(&body)));
	return c;
}

static void
lay_out(struct batch *b, struct laid *l, uint64_t since)
{
	PV_AUTO(pv_audiences_freep) struct pv_audiences *who = NULL;
	struct pv_err ignored;

	/* A key that cannot be read holds up no order: it goes without tags, and is given all the same. */
	pv_ignore(pv_audiences_open(&who, b->d, b->d->origin, &ignored));
	l->entries = pv_arena_alloc_n(b->a, b->acts.n, sizeof(*l->entries));
	l->changes = pv_arena_alloc_n(b->a, 2 * b->acts.n + 1, sizeof(*l->changes));
	l->change_count = 1;
	for (size_t i = 0; i < b->acts.n; i++) {
		struct pending *p = &b->acts.at[i];
		struct pv_store_entry *entry = &l->entries[l->entry_count];

		if (!p->appends)
			continue;
		if (pv_act_public(b->d->own.state, p->r))
			entry->bytes = p->note;
		else
			lay_private(
			    b, p, who, entry, &l->changes[l->change_count++], l->entry_count);
		pv_hash_leaf(entry->bytes, entry->leaf);
		entry->second = since;
		l->changes[l->change_count++] = act_row(b, p, l->entry_count++, since);
		l->urgent = l->urgent || p->r->kind == PV_ORDER || p->r->kind == PV_RECALL;
	}
	l->changes[0] = (struct pv_store_change){
		.op = PV_OP_APPEND, .log = b->d->origin, .entries = l->entries, .n = l->entry_count
	};
}

static PV_RESULT
check_sizes(const struct laid *l, struct pv_err *e)
{
	for (size_t i = 0; i < l->entry_count; i++)
		if (l->entries[i].bytes.n > PV_STORE_ENTRY_MAX)
			return PV_FAIL(e, PV_E_LIMIT,
			    "a note of %zu bytes does not fit the log (65,535 at most)",
			    l->entries[i].bytes.n);
	return PV_DONE;
}

/* Statements: each an entry of the journal and a row, in the same submission. */
static PV_RESULT
lay_statements(struct batch *b, struct pv_store_change **changes, size_t *n, struct pv_err *e)
{
	PV_VEC(struct pv_store_change) all = { 0 };
	struct pv_status st = PV_DONE;

	if (b->statements == 0)
		return PV_DONE; /* an order waits for nothing of the journal's */
	PV_TRY(pv_journal_flush(b->d, e));
	for (size_t i = 0; i < *n; i++)
		*PV_VEC_ADD(&all) = (*changes)[i];
	for (size_t i = 0; pv_ok(st) && i < b->acts.n; i++) {
		struct pending *p = &b->acts.at[i];
		struct pv_journal_laid laid = { 0 };

		if (!p->journal_side || p->applied != PV_APPLIED)
			continue;
		st = pv_outcome_lay(b->d, p->r, p->note, all.n, b->a, &laid, e);
		for (size_t k = 0; pv_ok(st) && k < laid.n; k++)
			*PV_VEC_ADD(&all) = laid.changes[k];
	}
	*changes = pv_arena_alloc_n(b->a, all.n, sizeof(**changes));
	if (all.n != 0)
		memcpy(*changes, all.at, all.n * sizeof(**changes));
	*n = all.n;
	PV_VEC_FREE(&all);
	return st;
}

/* All of it in one transaction. */
static PV_RESULT
append(struct batch *b, struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_desk *d = b->d;
	struct laid l = { 0 };
	struct pv_store_expect expect = { d->origin, d->own.loaded };
	struct pv_store_submission sub = { .expect = &expect };
	struct pv_store_result r;
	bool moved;

	lay_out(b, &l, pv_desk_now(d));
	PV_TRY(check_sizes(&l, e));
	if (l.entry_count == 0)
		l.change_count = 0;
	sub.n_expect = l.entry_count != 0 ? 1 : 0;
	PV_TRY(lay_statements(b, &l.changes, &l.change_count, e));
	if (l.change_count == 0)
		return PV_DONE;
	sub.changes = l.changes;
	sub.n = l.change_count;
	sub.urgent = l.urgent;
	PV_TRY(pv_home_submit(d, &sub, &r, &moved, e));
	if (moved)
		return PV_FAIL(e, PV_E_DOWN,
		    "another process added to %.*s at the same moment; give the command again",
		    PV_FMT(d->origin));
	for (size_t i = 0; i < r.n; i++) {
		PV_TRY(
		    pv_home_checkpoint(d, r.placed[i].log, r.placed[i].size, r.placed[i].root, e));
		if (pv_slice_eq(r.placed[i].log, d->origin))
			out->log_size = r.placed[i].size;
	}
	return PV_DONE;
}

/* ---- answering ---- */

static struct pv_slice
pretty(struct pv_arena *a, struct pv_slice line)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_err e;

	if (!pv_ok(pv_json_read(&doc, line, PV_ITEM_RAW_MAX, &e)))
		return line;
	pv_json_pretty(doc, 0, &b);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static enum pv_did
did(const struct batch *b, const struct pending *p)
{
	const struct pv_fact *f;

	if (b->ask->draft)
		return PV_DID_SIGN;
	switch (p->applied) {
	case PV_APPLIED:
		f = p->journal_side ? NULL : pv_state_find(b->d->own.state, p->r->id);
		return f != NULL && f->hold ? PV_DID_HOLD : PV_DID_APPLY;
	case PV_COMPLETED:
		f = pv_state_find(b->d->own.state, p->r->id);
		return f != NULL && f->hold ? PV_DID_HOLD : PV_DID_COMPLETE;
	case PV_UNCHANGED:
		return p->appends ? PV_DID_HOLD : PV_DID_NOTHING;
	case PV_APPLIED_NOT:
		break;
	}
	return PV_DID_NOTHING;
}

static void
report_acts(struct batch *b, struct pv_apply_answer *out)
{
	struct pv_act_done *acts = pv_arena_alloc_n(b->a, b->acts.n, sizeof(*acts));

	for (size_t i = 0; i < b->acts.n; i++) {
		const struct pending *p = &b->acts.at[i];
		const struct pv_fact *f =
		    p->journal_side ? NULL : pv_state_find(b->d->own.state, p->r->id);

		acts[i] = (struct pv_act_done){ .kind = p->r->kind,
			.id = p->r->id,
			.did = did(b, p),
			.line = p->item.line,
			.signers = p->signer_count,
			.needs = p->journal_side ? 0 : pv_state_needs(b->d->own.state, p->r),
			.index = p->appends  ? p->index
				 : f != NULL ? f->index
					     : 0 };
		if (b->ask->dry_run)
			acts[i].after = pretty(b->a, p->r->line);
		if (acts[i].did == PV_DID_HOLD)
			out->held++;
		if (acts[i].did == PV_DID_NOTHING)
			out->unchanged++;
		else if (acts[i].did != PV_DID_SIGN)
			out->applied++;
	}
	out->acts = acts;
	out->act_count = b->acts.n;
}

static void
report_errors(struct batch *b, struct pv_apply_answer *out)
{
	struct pv_err *errors = pv_arena_alloc_n(b->a, b->errors.n, sizeof(*errors));

	if (b->errors.n != 0)
		memcpy(errors, b->errors.at, b->errors.n * sizeof(*errors));
	out->errors = errors;
	out->error_count = b->errors.n;
}

/* Same notes, so that what was signed here can be handed to the next officer. */
static void
report_notes(struct batch *b, struct pv_apply_answer *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf notes = { 0 };

	for (size_t i = 0; i < b->acts.n; i++)
		pv_buf_add(&notes, b->acts.at[i].note);
	out->notes = pv_arena_copy(b->a, pv_buf_slice(&notes));
}

/* The place in the notes that were sent is not the place in the file that was given. */
static const struct pv_item *
item_at(const struct batch *b, unsigned line)
{
	unsigned at = 1;

	for (size_t i = 0; i < b->acts.n; i++) {
		for (size_t k = 0; k < b->acts.at[i].note.n; k++)
			at += b->acts.at[i].note.p[k] == '\n';
		if (line < at)
			return &b->acts.at[i].item;
	}
	return NULL;
}

/* "a-0114: to" is looked for as "to". */
static void
place_again(const struct pv_item *item, const char *source, struct pv_err *e)
{
	const char *field = strstr(e->field, ": ");
	struct pv_err bare = *e;

	if (field != NULL)
		snprintf(bare.field, sizeof(bare.field), "%s", field + 2);
	pv_item_place(item, source, &bare);
	e->line = bare.line;
	e->col = bare.col;
	snprintf(e->source, sizeof(e->source), "%s", source);
}

/* To a gateway: what was signed here is checked again there, and entered. */
static PV_RESULT
send(struct batch *b, struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_act_done *acts;
	struct pv_err *errors;

	report_notes(b, out);
	PV_TRY(pv_remote_apply(b->d, out->notes, b->ask->source, b->a, out, e));
	acts = pv_arena_alloc_n(b->a, out->act_count, sizeof(*acts));
	for (size_t i = 0; i < out->act_count; i++) {
		acts[i] = out->acts[i];
		if (i < b->acts.n)
			acts[i].line = b->acts.at[i].item.line;
	}
	errors = pv_arena_alloc_n(b->a, out->error_count, sizeof(*errors));
	for (size_t i = 0; i < out->error_count; i++) {
		const struct pv_item *item = item_at(b, out->errors[i].line);

		errors[i] = out->errors[i];
		if (item != NULL)
			place_again(item, b->ask->source, &errors[i]);
	}
	out->acts = acts;
	out->errors = errors;
	return PV_DONE;
}

static PV_RESULT
finish(struct batch *b, struct pv_apply_answer *out, struct pv_err *e)
{
	report_errors(b, out);
	report_acts(b, out);
	if (b->ask->draft)
		report_notes(b, out);
	if (b->errors.n != 0 || b->ask->dry_run || b->ask->draft)
		return b->ask->draft ? PV_DONE : pv_home_refold(b->d, e);
	if (b->d->remote != NULL)
		PV_TRY(send(b, out, e));
	else
		PV_TRY(append(b, out, e));
	return pv_home_refold(b->d, e);
}

static PV_RESULT
run(struct batch *b, struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_status st = take_file(b, e);

	if (pv_ok(st))
		st = finish(b, out, e);
	if (!pv_ok(st)) {
		struct pv_err other;

		pv_ignore(pv_home_refold(b->d, &other)); /* what was folded half way is forgotten */
	}
	return st;
}

PV_RESULT
pv_desk_apply(struct pv_desk *d, const struct pv_apply_ask *ask, struct pv_unlock *unlock,
    struct pv_arena *a, struct pv_apply_answer *out, struct pv_err *e)
{
	struct batch b = { .d = d, .a = a, .ask = ask, .unlock = unlock };
	struct pv_status st;

	*out = (struct pv_apply_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	out->log_size = b.next = d->own.loaded;
	PV_TRY(pv_officers_open(&b.officers, d->remote != NULL ? pv_remote_officers(d) : d->path,
	    unlock, &d->env, e));
	b.stated = pv_map_new(16);
	st = run(&b, out, e);
	pv_officers_close(b.officers);
	pv_map_free(b.stated);
	PV_VEC_FREE(&b.acts);
	PV_VEC_FREE(&b.errors);
	return st;
}

/* ---- one act made here ---- */

static const char *
id_prefix(enum pv_kind kind)
{
	switch (kind) {
	case PV_AGREEMENT:
		return "a";
	case PV_ORDER:
		return "o";
	case PV_LIFT:
		return "lift";
	case PV_RECALL:
		return "recall";
	case PV_END:
		return "end";
	case PV_ATTESTATION:
		return "att";
	case PV_ASSESSMENT:
		return "as";
	case PV_KEY:
		return "key";
	case PV_PEER:
		return "peer";
	case PV_PARTY:
		return "party";
	case PV_TERM:
		return "term";
	case PV_QUORUM:
		return "quorum";
	case PV_PROFILE:
		return "profile";
	case PV_CONDITION:
		return "c";
	case PV_OUTCOME:
		return "out";
	case PV_INCIDENT:
		return "inc";
	case PV_ANSWER:
		return "ans";
	case PV_ACK:
		return "ack";
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_REPORT:
	case PV_KIND_COUNT:
		break;
	}
	return "x";
}

/* "o-0031": to be said on the telephone. The next after how many of the kind there are, and free. */
struct pv_slice
pv_desk_next_id(const struct pv_desk *d, enum pv_kind kind, struct pv_arena *a)
{
	uint64_t n = d->own.state->by_kind[kind].n + 1;

	for (;; n++) {
		struct pv_slice id =
		    pv_arena_printf(a, "%s-%04llu", id_prefix(kind), (unsigned long long)n);

		if (pv_state_find(d->own.state, id) == NULL)
			return id;
	}
}

PV_RESULT
pv_desk_act(struct pv_desk *d, struct pv_record *r, bool draft, struct pv_unlock *unlock,
    struct pv_arena *a, struct pv_apply_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_apply_ask ask = { .source = "this act", .draft = draft };

	PV_TRY(pv_home_refresh(d, e));
	if (r->id.n == 0)
		r->id = pv_desk_next_id(d, r->kind, a);
	if (r->time == 0)
		r->time = pv_desk_now(d);
	if (r->issuer.n == 0)
		r->issuer = d->party;
	r->log = d->origin;
	r->exercise = d->own.state->genesis != NULL && d->own.state->genesis->exercise;
	pv_record_write(r, &line);
	ask.bytes = pv_buf_slice(&line);
	return pv_desk_apply(d, &ask, unlock, a, out, e);
}
