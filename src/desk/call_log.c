/* SPDX-License-Identifier: Apache-2.0 */
/* Logs, witnessing and the register: for everybody, without a credential. */
#include "desk/call_log.h"
#include "codec/base64.h"
#include "desk/call.h"
#include "desk/feed.h"

#define OPEN_READ (PV_CALL_PUBLIC | PV_CALL_READS | PV_CALL_INNER)

/* ---- layouts ---- */

static const struct pv_field which_fields[] = {
	PV_FIELD(
	    struct pv_log_which, log, "log", PV_AS_TEXT, PV_MUST, "\"orders\" or \"journal\"."),
	PV_FIELD(struct pv_log_which, index, "index", PV_AS_U64, 0, "The entry, of a receipt."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout which = { "LogWhich", sizeof(struct pv_log_which), which_fields };

static const struct pv_field tile_fields[] = {
	PV_FIELD(
	    struct pv_log_tile_ask, log, "log", PV_AS_TEXT, PV_MUST, "\"orders\" or \"journal\"."),
	PV_FIELD(struct pv_log_tile_ask, bundle, "bundle", PV_AS_BOOL, 0, "Entries, not hashes."),
	PV_FIELD(struct pv_log_tile_ask, level, "level", PV_AS_U64, 0, "Its level."),
	PV_FIELD(struct pv_log_tile_ask, n, "n", PV_AS_U64, 0, "Its number in the level."),
	PV_FIELD(
	    struct pv_log_tile_ask, width, "width", PV_AS_U64, PV_MUST, "Hashes or entries in it."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout tile = { "LogTile", sizeof(struct pv_log_tile_ask), tile_fields };

static const struct pv_field found_fields[] = {
	PV_FIELD(struct pv_log_found, found, "found", PV_AS_BOOL, 0, "Whether it is there."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout found = { "LogFound", sizeof(struct pv_log_found), found_fields };

static const struct pv_field add_fields[] = {
	PV_FIELD(
	    struct pv_witness_add_ask, old, "old", PV_AS_U64, 0, "The size that is proved from."),
	PV_FIELD(struct pv_witness_add_ask, proof, "proof", PV_AS_NAMES, 0, "Hashes in base64."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout add = { "WitnessAdd", sizeof(struct pv_witness_add_ask), add_fields };

static const struct pv_field added_fields[] = {
	PV_FIELD(struct pv_witness_added, status, "status", PV_AS_U64, 0,
	    "As C2SP tlog-witness has it."),
	PV_FIELD(struct pv_witness_added, size, "size", PV_AS_U64, 0, "The size last seen."),
	PV_FIELD(struct pv_witness_added, why, "why", PV_AS_TEXT, 0, "Why not."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout added = { "WitnessAdded", sizeof(struct pv_witness_added),
	added_fields };

static const struct pv_field seen_fields[] = {
	PV_FIELD(struct pv_witness_seen_ask, origin, "origin", PV_AS_TEXT, PV_MUST,
	    "SHA-256 of the log's origin, in hex."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout seen = { "WitnessSeen", sizeof(struct pv_witness_seen_ask),
	seen_fields };

static const struct pv_field keys_fields[] = {
	PV_FIELD(struct pv_log_keys, party, "party", PV_AS_TEXT, 0, "Whose logs."),
	PV_FIELD(struct pv_log_keys, orders, "orders", PV_AS_TEXT, 0, "Origin of the order log."),
	PV_FIELD(struct pv_log_keys, orders_vkey, "orders_vkey", PV_AS_TEXT, 0, "What signs it."),
	PV_FIELD(struct pv_log_keys, journal, "journal", PV_AS_TEXT, 0, "Origin of the journal."),
	PV_FIELD(struct pv_log_keys, journal_vkey, "journal_vkey", PV_AS_TEXT, 0, "What signs it."),
	PV_FIELD(struct pv_log_keys, signers, "signers", PV_AS_NAMES, 0, "Freshness signers."),
	PV_FIELD(struct pv_log_keys, witness_vkey, "witness_vkey", PV_AS_TEXT, 0,
	    "Under which this gateway cosigns the logs of others."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout keys = { "LogKeys", sizeof(struct pv_log_keys), keys_fields };

static const struct pv_field row_fields[] = {
	PV_FIELD(struct pv_register_row, order, "order", PV_AS_RECORD, 0, "The order."),
	PV_FIELD(
	    struct pv_register_row, index, "index", PV_AS_U64, 0, "Its entry in the order log."),
	PV_FIELD(struct pv_register_row, since, "since", PV_AS_TIME, 0, "When it was logged."),
	PV_FIELD(struct pv_register_row, ended, "ended", PV_AS_TIME, PV_ELSE_NEVER,
	    "When it was lifted."),
	PV_FIELD(
	    struct pv_register_row, in_force, "in_force", PV_AS_BOOL, 0, "Whether it is in force."),
	PV_FIELD(struct pv_register_row, hold, "hold", PV_AS_BOOL, 0, "Not yet signed by all."),
	PV_FIELD(struct pv_register_row, ended_by, "ended_by", PV_AS_TEXT, 0, "The lift."),
	PV_FIELD(struct pv_register_row, condition_status, "condition_status", PV_AS_TEXT, 0,
	    "Of the condition while which it stands."),
	PV_FIELD(
	    struct pv_register_row, note, "note", PV_AS_TEXT, 0, "As signed (C2SP signed-note)."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout row = { "RegisterRow", sizeof(struct pv_register_row), row_fields };

static const struct pv_field register_fields[] = {
	PV_FIELD(
	    struct pv_register_answer, party, "party", PV_AS_TEXT, 0, "Whose orders these are."),
	PV_FIELD(struct pv_register_answer, exercise, "exercise", PV_AS_BOOL, 0,
	    "Nothing of it is real."),
	PV_FIELD(struct pv_register_answer, now, "now", PV_AS_TIME, 0, "When it was asked for."),
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_register_answer, rows),
	    .count_at = offsetof(struct pv_register_answer, count),
	    .of = &row,
	    .text = "The public orders, oldest first." },
	{ .shape = PV_AS_END },
};
static const struct pv_layout the_register = { "Register", sizeof(struct pv_register_answer),
	register_fields };

/* ---- runs ---- */

static bool
is_own_log(struct pv_slice log)
{
	return pv_slice_is(log, "orders") || pv_slice_is(log, "journal");
}

static PV_RESULT
run_checkpoint(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_log_which *ask = c->ask;
	struct pv_log_found *out = c->answer;

	out->found = is_own_log(ask->log);
	return out->found ? pv_desk_log_checkpoint(c->d, ask->log, c->tail_out, e) : PV_DONE;
}

static PV_RESULT
run_tile(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_log_tile_ask *ask = c->ask;
	struct pv_log_found *out = c->answer;
	struct pv_tile t = { .bundle = ask->bundle, .n = ask->n };

	if (!is_own_log(ask->log) || ask->level >= PV_TILE_LEVELS || ask->width > PV_TILE)
		return PV_DONE;
	t.level = (unsigned)ask->level;
	t.width = (unsigned)ask->width;
	return pv_desk_log_tile(c->d, ask->log, &t, c->tail_out, &out->found, e);
}

static PV_RESULT
run_receipt(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_log_which *ask = c->ask;
	struct pv_log_found *out = c->answer;
	struct pv_status st;

	if (!is_own_log(ask->log))
		return PV_DONE;
	st = pv_desk_log_prove(c->d, ask->log, ask->index, c->tail_out, e);
	out->found = pv_ok(st);
	return st.code == PV_E_INPUT ? PV_DONE : st; /* no such entry */
}

static PV_RESULT
run_witness_add(struct pv_call_run *c, struct pv_err *e)
{
	static const uint64_t statuses[] = { [PV_WITNESS_REFUSED] = 400,
		[PV_WITNESS_UNKNOWN] = 404,
		[PV_WITNESS_UNSIGNED] = 403,
		[PV_WITNESS_CONFLICT] = 409,
		[PV_WITNESS_UNPROVEN] = 422,
		[PV_WITNESS_SIGNED] = 200 };
	const struct pv_witness_add_ask *ask = c->ask;
	struct pv_witness_added *out = c->answer;
	struct pv_witness_ask w = { .old = ask->old, .checkpoint = c->tail };
	struct pv_witness_answer told;

	for (size_t i = 0; i < ask->proof.n; i++) {
		PV_AUTO(pv_buf_free) struct pv_buf hash = { 0 };

		if (w.proof.n == PV_TREE_PATH - 1 ||
		    !pv_base64_read(&hash, ask->proof.at[i], PV_BASE64) || hash.n != PV_HASH)
			return PV_FAIL(e, PV_E_INPUT, "the proof does not read");
		memcpy(w.proof.hash[w.proof.n++], hash.p, PV_HASH);
	}
	PV_TRY(pv_desk_witness(c->d, &w, c->a, &told, e));
	out->status = statuses[told.what];
	out->size = told.size;
	out->why = told.why;
	pv_buf_add(c->tail_out, told.line);
	return PV_DONE;
}

static PV_RESULT
run_witness_seen(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_witness_seen_ask *ask = c->ask;
	struct pv_log_found *out = c->answer;
	struct pv_slice note = PV_NO_SLICE;

	PV_TRY(pv_desk_witnessed(c->d, ask->origin, c->a, &note, &out->found, e));
	pv_buf_add(c->tail_out, note);
	return PV_DONE;
}

static PV_RESULT
run_keys(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_log_keys *out = c->answer;
	struct pv_identity id = pv_desk_identity(c->d);

	*out = (struct pv_log_keys){ .party = id.party,
		.orders = id.origin,
		.orders_vkey = id.log_vkey,
		.journal = id.journal,
		.journal_vkey = id.journal_vkey };
	if (pv_desk_state(c->d)->genesis != NULL)
		out->signers = pv_desk_state(c->d)->genesis->genesis.signers;
	return pv_desk_witness_vkey(c->d, c->a, &out->witness_vkey, e);
}

static PV_RESULT
run_register(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_register_answer *out = c->answer;
	struct pv_identity id = pv_desk_identity(c->d);

	PV_TRY(pv_desk_register(c->d, c->a, &out->rows, &out->count, e));
	out->party = id.party;
	out->exercise = id.exercise;
	out->now = pv_desk_now(c->d);
	return PV_DONE;
}

static PV_RESULT
run_follow(struct pv_call_run *c, struct pv_err *e)
{
	return pv_desk_feed_answer(c->d, c->tail, c->tail_out, e);
}

const struct pv_call pv_calls_log[] = {
	{ .name = "log.checkpoint",
	    .flags = OPEN_READ,
	    .ask = &which,
	    .answer = &found,
	    .run = run_checkpoint },
	{ .name = "log.tile", .flags = OPEN_READ, .ask = &tile, .answer = &found, .run = run_tile },
	{ .name = "log.receipt",
	    .flags = OPEN_READ,
	    .ask = &which,
	    .answer = &found,
	    .run = run_receipt },
	{ .name = "log.keys", .flags = OPEN_READ, .answer = &keys, .run = run_keys },
	{ .name = "witness.add",
	    .flags = PV_CALL_PUBLIC | PV_CALL_INNER,
	    .ask = &add,
	    .answer = &added,
	    .run = run_witness_add },
	{ .name = "witness.seen",
	    .flags = OPEN_READ,
	    .ask = &seen,
	    .answer = &found,
	    .run = run_witness_seen },
	{ .name = "register", .flags = OPEN_READ, .answer = &the_register, .run = run_register },
	{ .name = "exchange.follow", .flags = PV_CALL_PUBLIC | PV_CALL_INNER, .run = run_follow },
	{ .name = NULL },
};
