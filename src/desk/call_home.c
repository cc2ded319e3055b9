/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on the home itself: who it is, how it does, the acts of its order log
 * and what passes between homes. Officers sign where their keys are: an act is
 * drafted here, signed there, and applied here. Nothing is ever signed with an
 * officer's key that may lie in this home.
 */
#include "desk/acts.h"
#include "desk/layouts.h"
#include "desk/once.h"
#include "desk/sight.h"
#include "wire/file.h"
#include "wire/record.h"

#define OWN_PEOPLE (PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR)

/* ---- who, and how ---- */

static PV_RESULT
run_identity(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_identity_answer *out = c->answer;

	PV_TRY(pv_home_refresh(c->d, e));
	*out = (struct pv_identity_answer){ .id = pv_desk_identity(c->d),
		.log_size = c->d->own.loaded,
		.signed_at = c->d->own.signed_s,
		.now = pv_desk_now(c->d) };
	return PV_DONE;
}

static PV_RESULT
run_status(struct pv_call_run *c, struct pv_err *e)
{
	return pv_desk_status(c->d, c->a, c->answer, e);
}

/* ---- acts, as they were signed ---- */

static PV_RESULT
query_acts(struct pv_call_run *c, struct pv_store_view *v, uint64_t from,
    struct pv_store_cursor **out, struct pv_err *e)
{
	struct pv_store_query q = { .table = PV_T_ACTS, .n = 2 };

	q.where[0].column = PV_C_ACT_ORIGIN;
	q.where[0].cell = PV_CELL_S(c->d->origin);
	q.where[1].column = PV_C_ACT_INDEX;
	q.where[1].test = PV_Q_AT_LEAST;
	q.where[1].cell = PV_CELL_N(from);
	return pv_store_rows(out, v, &q, e);
}

static void
keep_act(struct pv_call_run *c, struct pv_act_entry *to, const struct pv_store_row *row)
{
	*to = (struct pv_act_entry){ .index = row->c[PV_C_ACT_INDEX].n,
		.second = row->c[PV_C_ACT_SECOND].n,
		.kind = pv_arena_copy(c->a, row->c[PV_C_ACT_KIND].s),
		.id = pv_arena_copy(c->a, row->c[PV_C_ACT_ID].s),
		.body = pv_arena_copy(c->a, row->c[PV_C_ACT_BODY].s) };
}

static PV_RESULT
read_acts(struct pv_call_run *c, const struct pv_sight *sight, struct pv_err *e)
{
	const struct pv_acts_ask *ask = c->ask;
	struct pv_acts_answer *out = c->answer;
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *rows = NULL;
	uint64_t limit = ask->limit == 0 || ask->limit > PV_PAGE_MAX ? PV_PAGE_MAX : ask->limit;
	struct pv_act_entry *list = pv_arena_alloc_n(c->a, limit, sizeof(*list));
	struct pv_store_row row;
	bool more = true;

	out->rows = list;
	out->size = out->next = c->d->own.loaded;
	PV_TRY(pv_store_view_open(&v, c->d->store, e));
	PV_TRY(query_acts(c, v, ask->from, &rows, e));
	for (;;) {
		PV_TRY(pv_store_row_next(rows, &row, &more, e));
		if (!more || row.c[PV_C_ACT_INDEX].n >= out->size)
			return PV_DONE;
		if (!pv_sight_has_id(sight, row.c[PV_C_ACT_ID].s))
			continue;
		if (out->count == limit) {
			out->next = row.c[PV_C_ACT_INDEX].n;
			return PV_DONE;
		}
		keep_act(c, &list[out->count++], &row);
	}
}

static PV_RESULT
run_acts(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_sight sight;
	struct pv_status st;

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	st = read_acts(c, &sight, e);
	pv_sight_end(&sight);
	return st;
}

/* ---- acts, as they stand ---- */

static struct pv_fact_row
fact_row(const struct pv_fact *f)
{
	return (struct pv_fact_row){ .record = *f->r,
		.index = f->index,
		.since = f->since,
		.ended = f->ended,
		.ended_by = f->ended_by != NULL ? f->ended_by->id : PV_NO_SLICE,
		.hold = f->hold };
}

/* Of this party and those below; a term is of a tree. */
static bool
is_under(const struct pv_record *r, struct pv_slice under)
{
	if (under.n == 0)
		return true;
	if (r->kind == PV_PARTY)
		return pv_name_under(r->party.name, under);
	if (r->kind == PV_TERM)
		return pv_slice_is(under, pv_tree_name(r->term.tree));
	if (r->kind == PV_KEY)
		return pv_name_under(r->key.party, under);
	if (r->kind == PV_AGREEMENT)
		return pv_name_under(r->agreement.from, under) ||
		       pv_name_under(r->agreement.to, under);
	return pv_name_under(r->issuer, under);
}

static PV_RESULT
list_facts(struct pv_call_run *c, const struct pv_sight *sight, enum pv_kind kind, struct pv_err *e)
{
	const struct pv_facts *facts = &c->d->own.state->by_kind[kind];
	const struct pv_facts_ask *ask = c->ask;
	struct pv_facts_answer *out = c->answer;
	uint64_t now = pv_desk_now(c->d);
	struct pv_fact_row *list;
	struct pv_slice ignored;
	size_t i, n;

	PV_TRY(pv_page_of(&ask->page, facts->n, c->a, &i, &n, &ignored, e));
	list = pv_arena_alloc_n(c->a, n, sizeof(*list));
	for (; i < facts->n && out->count < n; i++) {
		const struct pv_fact *f = facts->at[i];

		if ((ask->all || pv_fact_stands(f, now)) && is_under(f->r, ask->under) &&
		    pv_sight_has(sight, f->r))
			list[out->count++] = fact_row(f);
	}
	out->rows = list;
	out->next = i < facts->n ? pv_arena_printf(c->a, "%zu", i) : PV_NO_SLICE;
	return PV_DONE;
}

static PV_RESULT
run_facts(struct pv_call_run *c, enum pv_kind kind, struct pv_err *e)
{
	struct pv_sight sight;
	struct pv_status st;

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	st = list_facts(c, &sight, kind, e);
	pv_sight_end(&sight);
	return st;
}

#define FACTS(name, kind)                                              \
	static PV_RESULT name(struct pv_call_run *c, struct pv_err *e) \
	{                                                              \
		return run_facts(c, kind, e);                          \
	}
FACTS(run_parties, PV_PARTY)
FACTS(run_terms, PV_TERM)
FACTS(run_keys, PV_KEY)
FACTS(run_peers, PV_PEER)
FACTS(run_agreements, PV_AGREEMENT)
FACTS(run_conditions, PV_CONDITION)
FACTS(run_attestations, PV_ATTESTATION)
FACTS(run_assessments, PV_ASSESSMENT)
FACTS(run_recalls, PV_RECALL)

static PV_RESULT
show_act(struct pv_call_run *c, const struct pv_fact *f, struct pv_err *e)
{
	struct pv_fact_answer *out = c->answer;
	struct pv_store_row row = { 0 };
	bool found;

	PV_TRY(pv_act_standing(c->d, c->d->origin, f->r->id, c->a, &row, &found, e));
	out->found = true;
	out->row = fact_row(f);
	if (found)
		out->note = pv_act_row_note(row.c[PV_C_ACT_BODY].s);
	return PV_DONE;
}

/* "Not there" and "not for you" are one answer. */
static PV_RESULT
run_act_show(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_id_ask *ask = c->ask;
	struct pv_sight sight;
	bool seen;

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
	seen = pv_sight_has_id(&sight, ask->id);
	pv_sight_end(&sight);
	return seen ? show_act(c, pv_state_find(c->d->own.state, ask->id), e) : PV_DONE;
}

/* ---- acts to be signed ---- */

/* As pv_desk_act() has it: what the home knows itself. */
static void
fill_in(struct pv_desk *d, struct pv_record *r, struct pv_arena *a)
{
	const struct pv_fact *standing;

	if (r->id.n == 0)
		r->id = pv_desk_next_id(d, r->kind, a);
	standing = pv_state_find(d->own.state, r->id);
	if (r->time == 0)
		r->time = standing != NULL ? standing->r->time : pv_desk_now(d);
	if (r->issuer.n == 0)
		r->issuer = d->party;
	r->log = d->origin;
	r->exercise = d->own.state->genesis != NULL && d->own.state->genesis->exercise;
	pv_record_seal(r, a);
}

static PV_RESULT
run_draft(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_draft_ask *ask = c->ask;
	struct pv_draft_answer *out = c->answer;
	struct pv_record r = ask->record;
	const struct pv_fact *standing;
	struct pv_store_row row = { 0 };
	bool found = false;

	PV_TRY(pv_home_refresh(c->d, e));
	if (r.kind >= PV_REPORT || r.kind == PV_GENESIS)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "a %s is no act that officers sign here",
				     pv_kind_name(r.kind)),
		    e, "record.record");
	fill_in(c->d, &r, c->a);
	PV_TRY(pv_within(pv_record_read_text(&out->record, r.line, 0, c->a, e), e, "record"));
	out->text = pv_arena_printf(c->a, "%.*s\n", PV_FMT(r.line));
	out->needs = pv_state_needs(c->d->own.state, &out->record);
	standing = pv_state_find(c->d->own.state, r.id);
	if (standing != NULL && pv_slice_eq(standing->r->line, r.line))
		PV_TRY(pv_act_standing(c->d, c->d->origin, r.id, c->a, &row, &found, e));
	if (found)
		out->stand = pv_act_row_note(row.c[PV_C_ACT_BODY].s);
	return PV_DONE;
}

static PV_RESULT
run_next_id(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_next_id_ask *ask = c->ask;
	struct pv_next_id_answer *out = c->answer;

	PV_TRY(pv_home_refresh(c->d, e));
	out->id = pv_desk_next_id(c->d, ask->kind, c->a);
	return PV_DONE;
}

/* ---- taking in ---- */

/* Who is no officer brings statements of gateways, and attestations: what they say and who signed it decides. */
static PV_RESULT
may_bring(const struct pv_caller *who, const struct pv_sight *sight, const struct pv_record *r,
    struct pv_err *e)
{
	struct pv_slice order = r->kind == PV_ACK      ? r->ack.order
				: r->kind == PV_ANSWER ? r->answer.order
						       : PV_NO_SLICE;

	if (r->kind == PV_OUTCOME || r->kind == PV_INCIDENT ||
	    (r->kind == PV_ATTESTATION && who->own))
		return PV_DONE;
	if (r->kind != PV_ACK && r->kind != PV_ANSWER)
		return PV_FAIL(e, PV_E_INPUT, "a %s is for an officer of %.*s to bring",
		    pv_kind_name(r->kind), PV_FMT(sight->s->origin));
	if (pv_sight_has_id(sight, order))
		return PV_DONE;
	return pv_within(PV_FAIL(e, PV_E_INPUT, "no order \"%.*s\" in %.*s", PV_FMT(order),
			     PV_FMT(sight->s->origin)),
	    e, "order");
}

/* Records that do not read are left to pv_desk_apply(), which says all that is wrong. */
static PV_RESULT
look_through(
    struct pv_call_run *c, const struct pv_sight *sight, const char *source, struct pv_err *e)
{
	struct pv_item item;
	struct pv_file f;
	struct pv_err ignored;
	struct pv_status st = PV_DONE;
	bool more = true;

	PV_TRY(pv_file_open(&f, c->tail, source, e));
	while (pv_ok(st) && !f.broken) {
		struct pv_record r = { .kind = PV_KIND_NONE };

		if (!pv_ok(pv_file_next(&f, &item, &more, c->a, &ignored)))
			continue;
		if (!more)
			break;
		if (pv_ok(pv_file_record(
			&f, &item, &r, item.signatures.n == 0 ? PV_READ_DRAFT : 0, c->a, &ignored)))
			st = may_bring(c->who, sight, &r, e);
		else
			st = PV_FAIL(e, PV_E_INPUT, "%s", ignored.what);
		if (!pv_ok(st))
			pv_item_place(&item, source, e);
	}
	pv_file_close(&f);
	return pv_from(st, e, source);
}

static PV_RESULT
run_apply(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_apply_ask ask = *(const struct pv_apply_ask *)c->ask;
	struct pv_sight sight;
	struct pv_status st = PV_DONE;

	ask.bytes = c->tail;
	if (ask.source == NULL)
		ask.source = "what was sent";
	if (!c->who->own || (c->who->roles & PV_ROLE_OFFICER) == 0) {
		PV_TRY(pv_home_refresh(c->d, e));
		PV_TRY(pv_sight_begin(&sight, c->d, c->who, c->a, e));
		st = look_through(c, &sight, ask.source, e);
		pv_sight_end(&sight);
	}
	return pv_ok(st) ? pv_desk_apply(c->d, &ask, NULL, c->a, c->answer, e) : st;
}

/* ---- between homes ---- */

/* A partner is given its own bundle and nothing else. */
static PV_RESULT
run_export(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_export_ask ask = *(const struct pv_export_ask *)c->ask;

	if (!c->who->own) {
		if (ask.origin.n != 0 && !pv_slice_eq(ask.origin, c->d->origin))
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "no log \"%.*s\" here", PV_FMT(ask.origin)), e,
			    "origin");
		if (ask.audience.n == 0)
			ask.audience = c->who->party;
		if (!pv_caller_speaks_for(c->who, ask.audience) || ask.include.n != 0 ||
		    !pv_slice_eq(ask.audience, c->who->party))
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "%.*s is given what is for %.*s, and no more",
				PV_FMT(c->who->party), PV_FMT(c->who->party)),
			    e, "audience");
	} else if (!pv_sees_all(c->who)) {
		ask.public_only = true;
		if (ask.audience.n != 0 || ask.include.n != 0)
			return pv_within(PV_FAIL(e, PV_E_INPUT, "bundles are for officers to give"),
			    e, "audience");
	}
	return pv_desk_export(c->d, &ask, c->tail_out, e);
}

static PV_RESULT
run_follow(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_follow_ask *ask = c->ask;

	return pv_desk_follow(
	    c->d, c->tail, ask->source != NULL ? ask->source : "what was sent", c->a, c->answer, e);
}

static PV_RESULT
run_card(struct pv_call_run *c, struct pv_err *e)
{
	return pv_desk_card(c->d, c->tail_out, e);
}

static PV_RESULT
run_card_words(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_words_answer *out = c->answer;

	return pv_desk_card_words(c->tail, c->a, &out->words, e);
}

static PV_RESULT
run_card_records(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_card_records_ask *ask = c->ask;
	struct pv_words_answer *out = c->answer;

	return pv_desk_card_records(c->d, c->tail,
	    ask->source != NULL ? ask->source : "what was sent", ask->names, c->a, c->tail_out,
	    &out->words, e);
}

/* ---- the table ---- */

#define LIST(what, where, runs, says)                                                      \
	{                                                                                  \
		.name = what ".list", .method = "GET", .path = where, .summary = says,     \
		.roles = PV_ROLE_ANY, .flags = PV_CALL_READS, .ask = &pv_layout_facts_ask, \
		.answer = &pv_layout_facts, .run = runs                                    \
	}

const struct pv_call pv_calls_home[] = {
	{ .name = "identity",
	    .method = "GET",
	    .path = "/identity",
	    .summary = "Whose gateway this is, and the names and keys of its logs",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_PUBLIC | PV_CALL_READS,
	    .answer = &pv_layout_identity,
	    .run = run_identity },
	{ .name = "status",
	    .method = "GET",
	    .path = "/status",
	    .summary = "How it does: open or closed, proofs, counts, what needs somebody",
	    .roles = OWN_PEOPLE,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .answer = &pv_layout_status,
	    .run = run_status },
	{ .name = "acts.list",
	    .method = "GET",
	    .path = "/acts",
	    .summary = "The acts of the order log as they were signed, for who folds them",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS,
	    .ask = &pv_layout_acts_ask,
	    .answer = &pv_layout_acts,
	    .run = run_acts },
	{ .name = "acts.show",
	    .method = "GET",
	    .path = "/acts/{id}",
	    .summary = "One act, and the note that was signed",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS | PV_CALL_FOUND,
	    .ask = &pv_layout_id_ask,
	    .answer = &pv_layout_fact,
	    .run = run_act_show },
	{ .name = "acts.draft",
	    .method = "POST",
	    .path = "/drafts",
	    .summary = "An act filled in: the text that officers sign",
	    .roles = PV_ROLE_OFFICER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_draft_ask,
	    .answer = &pv_layout_draft,
	    .run = run_draft },
	{ .name = "acts.apply",
	    .method = "POST",
	    .path = "/acts",
	    .summary = "Signed notes into the order log, statements of gateways into the journal",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_GATEWAY,
	    .ask = &pv_layout_apply_ask,
	    .answer = &pv_layout_apply,
	    .tail_in = "notes",
	    .run = run_apply },
	{ .name = "acts.next-id",
	    .method = "GET",
	    .path = "/next-id/{kind}",
	    .summary = "The next free id of a kind of record",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_next_id_ask,
	    .answer = &pv_layout_next_id,
	    .run = run_next_id },
	LIST("parties", "/parties", run_parties, "Who there is"),
	LIST("terms", "/terms", run_terms, "The words: topics, regions, purposes, channels"),
	LIST("keys", "/keys", run_keys, "Keys and credentials, and whose they are"),
	LIST("peers", "/peers", run_peers, "Other authorities' logs that are admitted"),
	LIST("agreements", "/agreements", run_agreements, "Who may have what, for what"),
	LIST("conditions", "/conditions", run_conditions, "Propositions that orders depend on"),
	LIST("attestations", "/attestations", run_attestations, "What was stated of conditions"),
	LIST("assessments", "/assessments", run_assessments, "How uses were judged"),
	LIST("recalls", "/recalls", run_recalls, "Reports that were called back"),
	{ .name = "export",
	    .method = "GET",
	    .path = "/export",
	    .summary = "The signed acts as apply takes them, or a bundle for a partner",
	    .roles = OWN_PEOPLE | PV_ROLE_GATEWAY,
	    .flags = PV_CALL_READS,
	    .ask = &pv_layout_export_ask,
	    .tail_out = "notes",
	    .tail_type = "text/plain; charset=utf-8",
	    .run = run_export },
	{ .name = "follow",
	    .method = "POST",
	    .path = "/follow",
	    .summary = "Takes in a bundle of another authority's log",
	    .roles = PV_ROLE_OFFICER | PV_ROLE_OPERATOR | PV_ROLE_GATEWAY,
	    .ask = &pv_layout_follow_ask,
	    .answer = &pv_layout_follow,
	    .tail_in = "bundle",
	    .run = run_follow },
	{ .name = "card",
	    .method = "GET",
	    .path = "/card",
	    .summary = "This home's card, for a partner",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_PUBLIC | PV_CALL_READS,
	    .tail_out = "card",
	    .tail_type = "application/json",
	    .run = run_card },
	{ .name = "card.words",
	    .method = "POST",
	    .path = "/card/words",
	    .summary = "The words of a card, to be compared by voice",
	    .roles = OWN_PEOPLE,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .answer = &pv_layout_words,
	    .tail_in = "card",
	    .run = run_card_words },
	{ .name = "card.records",
	    .method = "POST",
	    .path = "/card/records",
	    .summary = "The peer and key records that admit a partner, for officers to sign",
	    .roles = PV_ROLE_OFFICER,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_card_records_ask,
	    .answer = &pv_layout_words,
	    .tail_in = "card",
	    .tail_out = "records",
	    .run = run_card_records },
	{ .name = "once",
	    .summary = "Another call, at most once under a key",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_INNER,
	    .ask = &pv_layout_once_ask,
	    .answer = &pv_layout_once,
	    .run = pv_run_once },
	{ .name = NULL },
};
