/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes, incidents, acknowledgements and answers: stated here and signed by
 * this home's gateway, or taken in from a partner's. Each is journalled with
 * its row in one transaction. The person who states it is a committed field.
 */
#include "desk/outcome.h"

#include "desk/acts.h"
#include "desk/passing.h"
#include "desk/remote.h"
#include "wire/record.h"

static struct pv_store_change
row_of(const struct pv_record *r, struct pv_slice note)
{
	struct pv_store_change c = { .op = PV_OP_ADD };

	switch (r->kind) {
	case PV_OUTCOME:
		c.table = PV_T_OUTCOMES;
		c.row.c[PV_C_OUTCOME_ID] = PV_CELL_S(r->id);
		c.row.c[PV_C_OUTCOME_REPORT] = PV_CELL_S(r->outcome.report);
		c.row.c[PV_C_OUTCOME_RELEASE] = PV_CELL_S(r->outcome.release);
		c.row.c[PV_C_OUTCOME_PARTY] = PV_CELL_S(r->outcome.by);
		c.row.c[PV_C_OUTCOME_SECOND] = PV_CELL_N(r->outcome.observed);
		c.row.c[PV_C_OUTCOME_BODY] = PV_CELL_S(note);
		return c;
	case PV_INCIDENT:
		c.table = PV_T_INCIDENTS;
		c.row.c[PV_C_INCIDENT_ID] = PV_CELL_S(r->id);
		c.row.c[PV_C_INCIDENT_TOPIC] = PV_CELL_S(r->incident.topic);
		c.row.c[PV_C_INCIDENT_REGION] = PV_CELL_S(r->incident.region);
		c.row.c[PV_C_INCIDENT_SECOND] = PV_CELL_N(r->incident.observed_from);
		c.row.c[PV_C_INCIDENT_BODY] = PV_CELL_S(note);
		return c;
	case PV_ACK:
		c.table = PV_T_ACKS;
		c.row.c[PV_C_ACK_ORDER] = PV_CELL_S(r->ack.order);
		c.row.c[PV_C_ACK_PARTY] = PV_CELL_S(r->ack.party);
		c.row.c[PV_C_ACK_STATE] = PV_CELL_S(r->id);
		c.row.c[PV_C_ACK_SECOND] = PV_CELL_N(r->time);
		c.row.c[PV_C_ACK_BODY] = PV_CELL_S(note);
		return c;
	case PV_ANSWER:
		c.op = PV_OP_PUT;
		c.table = PV_T_ANSWERS;
		c.row.c[PV_C_ANSWER_NOTICE] = PV_CELL_S(r->answer.order);
		c.row.c[PV_C_ANSWER_PARTY] = PV_CELL_S(r->issuer);
		c.row.c[PV_C_ANSWER_VERDICT] = PV_CELL_S(r->id);
		c.row.c[PV_C_ANSWER_SECOND] = PV_CELL_N(r->time);
		c.row.c[PV_C_ANSWER_BODY] = PV_CELL_S(note);
		return c;
	case PV_KIND_NONE:
	case PV_GENESIS:
	case PV_PEER:
	case PV_PARTY:
	case PV_TERM:
	case PV_KEY:
	case PV_QUORUM:
	case PV_PROFILE:
	case PV_AGREEMENT:
	case PV_ORDER:
	case PV_LIFT:
	case PV_RECALL:
	case PV_END:
	case PV_CONDITION:
	case PV_ATTESTATION:
	case PV_ASSESSMENT:
	case PV_REPORT:
	case PV_KIND_COUNT:
		break;
	}
	return c;
}

static PV_RESULT
entry_of(const struct pv_record *r, struct pv_slice person, struct pv_journal_entry *out,
    struct pv_err *e)
{
	*out = (struct pv_journal_entry){ .kind = pv_kind_name(r->kind),
		.party = r->issuer,
		.person = person,
		.detail = r->line };
	if (row_of(r, PV_NO_SLICE).op == PV_OP_NONE)
		return PV_FAIL(
		    e, PV_E_INPUT, "a %s does not belong in the journal", pv_kind_name(r->kind));
	if (r->kind == PV_OUTCOME) {
		out->report = r->outcome.report;
		out->release = r->outcome.release;
		out->purpose = r->outcome.purpose_used;
	}
	return PV_DONE;
}

PV_RESULT
pv_outcome_lay(struct pv_desk *d, const struct pv_record *r, struct pv_slice note, size_t base,
    struct pv_arena *a, struct pv_journal_laid *out, struct pv_err *e)
{
	struct pv_store_change row = row_of(r, note);
	struct pv_journal_entry entry;

	PV_TRY(entry_of(r, PV_NO_SLICE, &entry, e));
	return pv_journal_lay(d, &entry, &row, 1, base, a, out, e);
}

/* ---- what it is about must be known here ---- */

static PV_RESULT
find_release(struct pv_desk *d, const struct pv_outcome *o, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_RELEASE_ID] = PV_CELL_S(o->release) };
	bool found;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_RELEASES, &row, a, &found, e));
	if (!found || !pv_slice_eq(row.c[PV_C_RELEASE_REPORT].s, o->report))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "no opening %.*s of report %.*s was given here",
			PV_FMT(o->release), PV_FMT(o->report)),
		    e, "release");
	if (!pv_name_under(o->by, row.c[PV_C_RELEASE_PARTY].s) &&
	    !pv_name_under(row.c[PV_C_RELEASE_PARTY].s, o->by))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "%.*s did not open it; %.*s did",
				     PV_FMT(o->by), PV_FMT(row.c[PV_C_RELEASE_PARTY].s)),
		    e, "by");
	return PV_DONE;
}

static PV_RESULT
check_outcome(struct pv_desk *d, const struct pv_record *r, struct pv_arena *a, struct pv_err *e)
{
	if (!pv_name_under(r->outcome.by, r->issuer) && !pv_name_under(r->issuer, r->outcome.by))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "%.*s does not speak for %.*s",
				     PV_FMT(r->issuer), PV_FMT(r->outcome.by)),
		    e, "by");
	return find_release(d, &r->outcome, a, e);
}

/* Acknowledgements, and answers to notices. */
static PV_RESULT
check_order(struct pv_desk *d, const struct pv_record *r, struct pv_err *e)
{
	struct pv_slice order = r->kind == PV_ACK ? r->ack.order : r->answer.order;
	const struct pv_fact *f = pv_state_find(d->own.state, order);

	if (f == NULL || f->r->kind != PV_ORDER)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "no order \"%.*s\" in %.*s", PV_FMT(order),
				     PV_FMT(d->origin)),
		    e, "order");
	if (r->kind == PV_ACK && !pv_name_under(r->ack.party, r->issuer))
		return pv_within(PV_FAIL(e, PV_E_INPUT, "%.*s does not speak for %.*s",
				     PV_FMT(r->issuer), PV_FMT(r->ack.party)),
		    e, "party");
	return PV_DONE;
}

static PV_RESULT
check_about(struct pv_desk *d, const struct pv_record *r, struct pv_arena *a, struct pv_err *e)
{
	if (r->kind == PV_OUTCOME)
		return check_outcome(d, r, a, e);
	if (r->kind == PV_ACK || r->kind == PV_ANSWER)
		return check_order(d, r, e);
	if (r->kind != PV_INCIDENT)
		return PV_FAIL(e, PV_E_INPUT, "a %s comes with a sealed file, not by itself",
		    pv_kind_name(r->kind));
	if (r->incident.observed_from > pv_desk_now(d) + 300)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this is in the future"), e, "observed.from");
	return PV_DONE;
}

static PV_RESULT
check_signature(struct pv_desk *d, const struct pv_record *r, struct pv_slice bytes,
    struct pv_arena *a, struct pv_err *e)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];
	uint64_t now = pv_desk_now(d);
	struct pv_note note;

	PV_TRY(pv_note_read(&note, bytes, a, e));
	for (size_t i = 0; i < keys->n; i++) {
		bool signs;

		if (!pv_name_under(r->issuer, keys->at[i]->r->key.party))
			continue;
		PV_TRY(pv_key_signed(keys->at[i], PV_USE_GATEWAY, now, &note, &signs, e));
		if (signs)
			return PV_DONE;
	}
	return PV_FAIL(e, PV_E_UNTRUSTED, "not signed by a gateway that %.*s binds to %.*s",
	    PV_FMT(d->origin), PV_FMT(r->issuer));
}

static PV_RESULT
is_here(struct pv_desk *d, const struct pv_record *r, struct pv_slice note, struct pv_arena *a,
    bool *here, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_change row = row_of(r, note);
	struct pv_store_row found_row = row.row;
	bool found;

	*here = false;
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, row.table, &found_row, a, &found, e));
	if (!found)
		return PV_DONE;
	for (size_t i = 0; i < PV_STORE_COLUMNS && !*here; i++)
		*here = pv_slice_eq(found_row.c[i].s, note);
	if (!*here && row.op == PV_OP_ADD)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is here with other content", PV_FMT(r->id)), e,
		    "id");
	return PV_DONE;
}

PV_RESULT
pv_outcome_check(struct pv_desk *d, const struct pv_record *r, struct pv_slice note,
    struct pv_arena *a, bool *here, struct pv_err *e)
{
	*here = false;
	if (note.n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "a %s must be signed by the gateway of who states it",
			pv_kind_name(r->kind)),
		    e, "state your own with 'proviso %s'",
		    r->kind == PV_ACK ? "order ack" : pv_kind_name(r->kind));
	PV_TRY(check_signature(d, r, note, a, e));
	PV_TRY(check_about(d, r, a, e));
	return is_here(d, r, note, a, here, e);
}

/* ---- stating one's own ---- */

static struct pv_slice
random_id(struct pv_desk *d, const char *prefix, struct pv_arena *a)
{
	uint32_t r[2];

	d->env.random(d->env.ctx, r, sizeof(r));
	return pv_arena_printf(a, "%s-%08x%08x", prefix, r[0], r[1]);
}

/* A recipient states outcomes of what was opened here, so the opening is one of its own journal's, or it names what the grant named. */
PV_RESULT
pv_desk_state_record(struct pv_desk *d, struct pv_record *r, struct pv_slice person,
    struct pv_buf *note, uint64_t *journal_index, struct pv_arena *a, struct pv_err *e)
{
	struct pv_journal_entry entry;
	struct pv_journalled journalled;
	struct pv_store_change row;

	if (d->remote != NULL)
		return pv_remote_state_record(d, r, person, note, journal_index, a, e);
	PV_TRY(pv_home_refresh(d, e));
	if (r->id.n == 0)
		r->id = random_id(d, pv_kind_name(r->kind), a);
	if (r->issuer.n == 0)
		r->issuer = d->party;
	if (r->time == 0)
		r->time = pv_desk_now(d);
	if (r->log.n == 0)
		r->log = d->origin;
	r->exercise = d->own.state->genesis != NULL && d->own.state->genesis->exercise;
	pv_record_seal(r, a);
	PV_TRY(pv_record_read_text(r, r->line, 0, a, e)); /* as strict as what comes in */
	if (!pv_name_under(r->issuer, d->party))
		return PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
		    PV_FMT(d->party), PV_FMT(r->issuer));
	if (r->kind == PV_ACK || r->kind == PV_ANSWER || r->kind == PV_INCIDENT)
		PV_TRY(r->kind == PV_ANSWER ? PV_DONE : check_about(d, r, a, e));
	PV_TRY(pv_line_sign(d, r->line, note, e));
	PV_TRY(entry_of(r, person, &entry, e));
	row = row_of(r, pv_arena_copy(a, pv_buf_slice(note)));
	PV_TRY(pv_journal_add(d, &entry, &row, 1, a, &journalled, e));
	*journal_index = journalled.index;
	return PV_DONE;
}
