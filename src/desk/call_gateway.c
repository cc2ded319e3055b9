/* SPDX-License-Identifier: Apache-2.0 */
/* How the gateway does. Public, so it names no partner to strangers, and counts nothing that an order or a report would move. */
#include "desk/call.h"
#include "desk/gateway_state.h"
#include "desk/home.h"

#define FIELD(member, json, as, doc) PV_FIELD(struct pv_gateway_origin, member, json, as, 0, doc)

static const struct pv_field origin_fields[] = {
	FIELD(origin, "origin", PV_AS_TEXT,
	    "The order log; of a partner's, told to known callers only."),
	FIELD(own, "own", PV_AS_BOOL, "It is this gateway's own."),
	FIELD(fresh, "fresh", PV_AS_BOOL, "Its newest proof is young enough to act on."),
	FIELD(size, "size", PV_AS_U64, "Entries of it that are held here."),
	FIELD(signed_at, "signed_at", PV_AS_TIME, "When the newest proof was signed."),
	FIELD(good_until, "good_until", PV_AS_TIME, "Until when it may be acted on."),
	FIELD(age_s, "age_s", PV_AS_U64, "Seconds since it was signed."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout layout_origin = { "GatewayOrigin", sizeof(struct pv_gateway_origin),
	origin_fields };

#undef FIELD
#define FIELD(member, json, as, doc) PV_FIELD(struct pv_gateway_state, member, json, as, 0, doc)

static const struct pv_field state_fields[] = {
	FIELD(party, "party", PV_AS_TEXT, "Whose gateway it is."),
	FIELD(origin, "origin", PV_AS_TEXT, "Its order log."),
	FIELD(journal, "journal", PV_AS_TEXT, "Its journal."),
	FIELD(exercise, "exercise", PV_AS_BOOL, "Nothing here is real."),
	FIELD(open, "open", PV_AS_BOOL, "It can open reports now."),
	FIELD(why_closed, "why_closed", PV_AS_TEXT, "Why it cannot."),
	FIELD(now, "now", PV_AS_TIME, "Its clock."),
	FIELD(journal_size, "journal_size", PV_AS_U64, "Entries of its journal."),
	{ .name = "origins",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_gateway_state, origins),
	    .count_at = offsetof(struct pv_gateway_state, origin_count),
	    .of = &layout_origin,
	    .text = "The order logs that decisions here stand on, the own one first." },
	{ .shape = PV_AS_END },
};
const struct pv_layout pv_layout_gateway_state = { "GatewayState", sizeof(struct pv_gateway_state),
	state_fields };

static PV_RESULT
look_at(struct pv_desk *d, struct pv_log *log, bool tell_name, struct pv_gateway_origin *o,
    struct pv_err *e)
{
	uint64_t now;

	*o = (struct pv_gateway_origin){ .own = log->own, .size = log->loaded };
	PV_TRY(pv_home_fresh(d, log, &o->fresh, e));
	if (log->own || tell_name)
		o->origin = log->origin;
	now = pv_home_now(d, log);
	o->signed_at = log->signed_s;
	o->good_until = log->signed_s + log->lease_s;
	o->age_s = now > log->signed_s ? now - log->signed_s : 0;
	return PV_DONE;
}

static PV_RESULT
run_state(struct pv_call_run *c, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_gateway_state *out = c->answer;
	struct pv_desk *d = c->d;
	struct pv_gateway_origin *origins;
	struct pv_store_head head;
	bool found;

	PV_TRY(pv_home_refresh(d, e));
	origins = pv_arena_alloc_n(c->a, d->copies.n + 1, sizeof(*origins));
	for (size_t i = 0; i <= d->copies.n; i++)
		PV_TRY(look_at(
		    d, i == 0 ? &d->own : d->copies.at[i - 1], c->who->known, &origins[i], e));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_log_head(v, d->journal, &head, &found, e));
	out->party = d->party;
	out->origin = d->origin;
	out->journal = d->journal;
	out->exercise = pv_desk_identity(d).exercise;
	out->open = origins[0].fresh;
	if (!out->open)
		out->why_closed =
		    pv_arena_printf(c->a, "no fresh proof of %.*s", PV_FMT(d->origin));
	out->now = pv_home_now(d, &d->own);
	out->journal_size = found ? head.size : 0;
	out->origins = origins;
	out->origin_count = d->copies.n + 1;
	return PV_DONE;
}

const struct pv_call pv_calls_gateway[] = {
	{ .name = "gateway.state",
	    .summary = "Open or closed, and the age of what that stands on.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_PUBLIC | PV_CALL_READS | PV_CALL_INNER,
	    .answer = &pv_layout_gateway_state,
	    .run = run_state },
	{ .name = NULL },
};
