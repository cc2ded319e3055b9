/* SPDX-License-Identifier: Apache-2.0 */
/* Who one is, tokens, passports, exchange. */
#include "desk/call_caller.h"

#include "core/words.h"
#include "desk/layouts.h"
#include "desk/token.h"

/* ---- layouts ---- */

static const struct pv_field whoami_fields[] = {
	PV_FIELD(struct pv_whoami, id, "id", PV_AS_TEXT, 0,
	    "What the credential is: a key record, or a token."),
	PV_FIELD(struct pv_whoami, party, "party", PV_AS_TEXT, 0, "For which party it calls."),
	PV_FIELD(struct pv_whoami, person, "person", PV_AS_TEXT, 0,
	    "Who it is, as far as the credential says."),
	PV_FIELD(struct pv_whoami, roles, "roles", PV_AS_NAMES, 0,
	    "analyst, officer, overseer, operator, gateway."),
	PV_FIELD(struct pv_whoami, purposes, "purposes", PV_AS_NAMES, 0,
	    "The purposes that it may state."),
	PV_FIELD(struct pv_whoami, any_purpose, "any_purpose", PV_AS_BOOL, 0,
	    "It may state every purpose."),
	PV_FIELD(struct pv_whoami, own, "own", PV_AS_BOOL, 0, "It is of this gateway's authority."),
	PV_FIELD(struct pv_whoami, passport, "passport", PV_AS_BOOL, 0,
	    "It came with another gateway's passport."),
	PV_FIELD(struct pv_whoami, until, "until", PV_AS_TIME, PV_ELSE_NEVER, "Until when."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout whoami = { "WhoAmI", sizeof(struct pv_whoami), whoami_fields };

static const struct pv_field token_fields[] = {
	PV_FIELD(struct pv_token_row, id, "id", PV_AS_TEXT, 0, "To end it by."),
	PV_FIELD(struct pv_token_row, binding, "binding", PV_AS_TEXT, 0,
	    "The key record it rests on; it ends with that."),
	PV_FIELD(struct pv_token_row, party, "party", PV_AS_TEXT, 0, "Whose it is."),
	PV_FIELD(struct pv_token_row, person, "person", PV_AS_TEXT, 0, "Who holds it."),
	PV_FIELD(struct pv_token_row, roles, "roles", PV_AS_NAMES, 0, "What its holder may do."),
	PV_FIELD(struct pv_token_row, purposes, "purposes", PV_AS_NAMES, 0,
	    "What its holder may state; left out: what the key record grants."),
	PV_FIELD(struct pv_token_row, from, "from", PV_AS_TIME, 0, "When it was made."),
	PV_FIELD(struct pv_token_row, until, "until", PV_AS_TIME, 0, "When it is over."),
	PV_FIELD(struct pv_token_row, stands, "stands", PV_AS_BOOL, 0,
	    "False: its key record has ended, and it is nobody's."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout token = { "Token", sizeof(struct pv_token_row), token_fields };

static const struct pv_field tokens_fields[] = {
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_tokens_answer, rows),
	    .count_at = offsetof(struct pv_tokens_answer, count),
	    .of = &token,
	    .text = "Those that are not over." },
	PV_NEXT_FIELD(struct pv_tokens_answer),
	{ .shape = PV_AS_END },
};
static const struct pv_layout tokens = { "Tokens", sizeof(struct pv_tokens_answer), tokens_fields };

static const struct pv_field token_new_fields[] = {
	PV_FIELD(struct pv_token_new_ask, of, "of", PV_AS_TEXT, 0,
	    "The key record to make it within; left out: the caller's own."),
	PV_FIELD(struct pv_token_new_ask, party, "party", PV_AS_TEXT, 0,
	    "Whose it shall be; left out: the caller's."),
	PV_FIELD(struct pv_token_new_ask, person, "person", PV_AS_TEXT, 0,
	    "Who will hold it; left out: the caller."),
	PV_FIELD(struct pv_token_new_ask, roles, "roles", PV_AS_NAMES, 0,
	    "What its holder may do; left out: analyst."),
	PV_FIELD(struct pv_token_new_ask, purposes, "purposes", PV_AS_NAMES, 0,
	    "What its holder may state; left out: what the caller may."),
	PV_FIELD(struct pv_token_new_ask, ttl_s, "ttl", PV_AS_U64, 0,
	    "Seconds that it lives; left out: 3600."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout token_new = { "TokenNew", sizeof(struct pv_token_new_ask),
	token_new_fields };

static const struct pv_field token_made_fields[] = {
	{ .name = "row",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct pv_token_new_answer, row),
	    .of = &token,
	    .text = "What it is." },
	PV_FIELD(struct pv_token_new_answer, token, "token", PV_AS_TEXT, 0,
	    "The token; it is shown this once."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout token_made = { "TokenMade", sizeof(struct pv_token_new_answer),
	token_made_fields };

static const struct pv_field token_end_fields[] = {
	PV_FIELD(struct pv_token_end_answer, found, "found", PV_AS_BOOL, 0,
	    "Whether there was such a token."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout token_ended = { "TokenEnded", sizeof(struct pv_token_end_answer),
	token_end_fields };

static const struct pv_field passport_new_fields[] = {
	PV_FIELD(struct pv_passport_new_ask, audience, "audience", PV_AS_TEXT, PV_MUST,
	    "The order log of the partner to whom it will be shown."),
	PV_FIELD(struct pv_passport_new_ask, purpose, "purpose", PV_AS_TEXT, PV_MUST,
	    "The one purpose that it states."),
	PV_FIELD(struct pv_passport_new_ask, roles, "roles", PV_AS_NAMES, 0, "Left out: analyst."),
	PV_FIELD(struct pv_passport_new_ask, ttl_s, "ttl", PV_AS_U64, 0,
	    "Seconds that it lives; left out: as long as it may."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout passport_new = { "PassportNew", sizeof(struct pv_passport_new_ask),
	passport_new_fields };

static const struct pv_field passport_made_fields[] = {
	PV_FIELD(struct pv_passport_new_answer, issued, "issued", PV_AS_BOOL, 0,
	    "False: our own orders refuse it."),
	PV_FIELD(struct pv_passport_new_answer, id, "id", PV_AS_TEXT, 0, "Its jti."),
	PV_FIELD(struct pv_passport_new_answer, token, "token", PV_AS_TEXT, 0, "The passport."),
	PV_FIELD(struct pv_passport_new_answer, until, "until", PV_AS_TIME, 0, "When it is over."),
	{ .name = "refused",
	    .shape = PV_AS_ONE,
	    .at = offsetof(struct pv_passport_new_answer, refused),
	    .of = &pv_layout_told,
	    .text = "Why not." },
	{ .shape = PV_AS_END },
};
static const struct pv_layout passport_made = { "PassportMade",
	sizeof(struct pv_passport_new_answer), passport_made_fields };

static const struct pv_field oauth_fields[] = {
	PV_FIELD(struct pv_oauth_ask, audience, "audience", PV_AS_TEXT, 0,
	    "An order log; left out: this gateway's."),
	PV_FIELD(
	    struct pv_oauth_ask, scope, "scope", PV_AS_NAMES, 0, "Purposes, and \"role:ROLE\"."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout oauth = { "OAuthExchange", sizeof(struct pv_oauth_ask),
	oauth_fields };

static const struct pv_field oauth_made_fields[] = {
	PV_FIELD(struct pv_oauth_answer, issued, "issued", PV_AS_BOOL, 0, "Whether it was."),
	PV_FIELD(struct pv_oauth_answer, passport, "passport", PV_AS_BOOL, 0, "It is a passport."),
	PV_FIELD(struct pv_oauth_answer, token, "token", PV_AS_TEXT, 0, "The token."),
	PV_FIELD(struct pv_oauth_answer, seconds, "seconds", PV_AS_U64, 0, "How long it lives."),
	PV_FIELD(struct pv_oauth_answer, scope, "scope", PV_AS_NAMES, 0, "What it may state."),
	PV_FIELD(struct pv_oauth_answer, why, "why", PV_AS_TEXT, 0, "Why not."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout oauth_made = { "OAuthExchanged", sizeof(struct pv_oauth_answer),
	oauth_made_fields };

/* ---- runs ---- */

static PV_RESULT
run_whoami(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_whoami *out = c->answer;
	const struct pv_caller *w = c->who;

	(void)e;
	*out = (struct pv_whoami){ .id = w->id,
		.party = w->party,
		.person = w->person,
		.roles = pv_role_names(w->roles, c->a),
		.purposes = w->has_purposes ? w->purposes : (struct pv_names){ 0 },
		.any_purpose = !w->has_purposes,
		.own = w->own,
		.passport = w->passport,
		.until = w->until_s };
	return PV_DONE;
}

static struct pv_token_row
row_of(const struct pv_token *t, struct pv_arena *a)
{
	return (struct pv_token_row){ .id = t->id,
		.binding = t->binding,
		.party = t->party,
		.person = t->person,
		.roles = pv_role_names(t->roles, a),
		.purposes = t->purposes,
		.from = t->from_s,
		.until = t->until_s,
		.stands = t->stands };
}

/* Those of the own authority who look after it see all; anybody else what rests on the same record as they do. */
static bool
sees_all(const struct pv_caller *who)
{
	return who->own && (who->roles & (PV_ROLE_OFFICER | PV_ROLE_OPERATOR)) != 0;
}

static bool
is_of(const struct pv_caller *who, const struct pv_token *t)
{
	return sees_all(who) || pv_slice_eq(t->id, who->id) ||
	       (pv_slice_eq(t->binding, who->binding) && pv_slice_eq(t->person, who->person) &&
		   pv_name_under(t->party, who->party));
}

static PV_RESULT
run_tokens(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_tokens_answer *out = c->answer;
	const struct pv_token *all;
	struct pv_token_row *rows;
	size_t n, seen = 0, from;

	PV_TRY(pv_desk_tokens(c->d, c->a, &all, &n, e));
	rows = pv_arena_alloc_n(c->a, n, sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		if (is_of(c->who, &all[i]))
			rows[seen++] = row_of(&all[i], c->a);
	PV_TRY(pv_page_some(c->ask, seen, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

static PV_RESULT
read_roles(struct pv_names words, const char *field, unsigned *roles, struct pv_err *e)
{
	*roles = 0;
	for (size_t i = 0; i < words.n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, words.at[i]);

		if (w == NULL)
			return pv_within(
			    PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no role", PV_FMT(words.at[i])), e,
			    "%s[%zu]", field, i);
		*roles |= w->value;
	}
	return PV_DONE;
}

/* What somebody who is no officer asks for is narrowed to what the caller is. */
static PV_RESULT
within_caller(const struct pv_caller *who, struct pv_token_ask *ask, struct pv_err *e)
{
	if (who->passport || (who->roles & PV_ROLE_GATEWAY) != 0)
		return PV_FAIL(e, PV_E_INPUT, "no token is made from a passport or for a gateway");
	if (ask->of.n != 0 && !pv_slice_eq(ask->of, who->binding))
		return PV_FAIL(e, PV_E_INPUT,
		    "only officers make tokens within other key records than their own");
	if (ask->party.n != 0 && !pv_name_under(ask->party, who->party))
		return PV_FAIL(e, PV_E_INPUT, "%.*s is not at or below %.*s", PV_FMT(ask->party),
		    PV_FMT(who->party));
	if ((ask->roles & ~who->roles) != 0)
		return PV_FAIL(e, PV_E_INPUT, "you have not all of these roles");
	for (size_t i = 0; i < ask->purposes.n; i++)
		if (!pv_caller_may_state(who, ask->purposes.at[i]))
			return PV_FAIL(e, PV_E_INPUT, "you may not state the purpose \"%.*s\"",
			    PV_FMT(ask->purposes.at[i]));
	if (ask->person.n != 0 && who->person.n != 0 && !pv_slice_eq(ask->person, who->person) &&
	    !(who->own && (who->roles & PV_ROLE_OFFICER) != 0))
		return PV_FAIL(e, PV_E_INPUT, "this credential is of %.*s", PV_FMT(who->person));
	ask->of = who->binding;
	if (ask->party.n == 0)
		ask->party = who->party;
	if (ask->person.n == 0)
		ask->person = who->person;
	if (ask->purposes.n == 0 && who->has_purposes)
		ask->purposes = who->purposes;
	ask->until_s = who->until_s != PV_NEVER ? who->until_s : 0;
	if (!pv_slice_eq(who->id, who->binding))
		ask->parent = who->id;
	return PV_DONE;
}

/* An officer may for others, within what the order log grants them; for itself it narrows as everybody does. */
static bool
is_for_others(const struct pv_caller *who, const struct pv_token_new_ask *ask)
{
	if (!who->own || (who->roles & PV_ROLE_OFFICER) == 0)
		return false;
	if (ask->of.n != 0)
		return !pv_slice_eq(ask->of, who->binding);
	return ask->party.n != 0 && !pv_slice_eq(ask->party, who->party);
}

static PV_RESULT
run_token_new(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_token_new_ask *in = c->ask;
	struct pv_token_new_answer *out = c->answer;
	struct pv_token_ask ask = { .of = in->of,
		.party = in->party,
		.person = in->person,
		.purposes = in->purposes,
		.ttl_s = in->ttl_s };
	struct pv_token_answer made = { 0 };

	PV_TRY(read_roles(in->roles, "roles", &ask.roles, e));
	if (ask.roles == 0)
		ask.roles = PV_ROLE_ANALYST;
	if (is_for_others(c->who, in)) {
		if (!pv_slice_eq(c->who->id, c->who->binding))
			ask.parent = c->who->id; /* and ends with the officer's token */
	} else {
		PV_TRY(within_caller(c->who, &ask, e));
	}
	PV_TRY(pv_desk_token_new(c->d, &ask, c->who, c->a, &made, e));
	out->row = row_of(&made.token, c->a);
	out->token = pv_arena_copy(c->a, pv_secret_slice(made.text)); /* on its way out */
	pv_secret_free(made.text);
	return PV_DONE;
}

static PV_RESULT
run_token_end(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_id_ask *ask = c->ask;
	struct pv_token_end_answer *out = c->answer;
	const struct pv_token *all;
	size_t n;

	PV_TRY(pv_desk_tokens(c->d, c->a, &all, &n, e));
	for (size_t i = 0; i < n; i++)
		if (pv_slice_eq(all[i].id, ask->id) && is_of(c->who, &all[i]))
			return pv_desk_token_end(c->d, ask->id, c->who, &out->found, e);
	return PV_DONE; /* not there, or not the caller's to know of */
}

static PV_RESULT
run_passport(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_passport_new_ask *in = c->ask;
	struct pv_passport_new_answer *out = c->answer;
	struct pv_passport_ask ask = {
		.audience = in->audience, .purpose = in->purpose, .ttl_s = in->ttl_s
	};
	struct pv_passport_answer made;

	PV_TRY(read_roles(in->roles, "roles", &ask.roles, e));
	PV_TRY(pv_desk_passport(c->d, c->who, &ask, c->a, &made, e));
	*out = (struct pv_passport_new_answer){ .issued = made.issued,
		.id = made.id,
		.token = made.token,
		.until = made.until_s,
		.refused = made.refused };
	return PV_DONE;
}

/* "role:officer" is a role, any other word a purpose. */
static PV_RESULT
read_scope(struct pv_names scope, struct pv_arena *a, struct pv_exchange_ask *ask, struct pv_err *e)
{
	struct pv_slice *purposes = pv_arena_alloc_n(a, scope.n, sizeof(*purposes));

	ask->purposes.at = purposes;
	for (size_t i = 0; i < scope.n; i++) {
		const struct pv_word *w;

		if (!pv_slice_starts(scope.at[i], PV_SLICE("role:"))) {
			purposes[ask->purposes.n++] = scope.at[i];
			continue;
		}
		w = pv_word_find(pv_role_words, pv_slice_sub(scope.at[i], 5, scope.at[i].n));
		if (w == NULL)
			return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no role", PV_FMT(scope.at[i]));
		ask->roles |= w->value;
	}
	return PV_DONE;
}

static struct pv_slice
why_not(const struct pv_told *told, struct pv_arena *a)
{
	if (!told->entitled)
		return pv_arena_printf(a, "refused; reference %.*s", PV_FMT(told->reference));
	return pv_arena_printf(a, "refused by our own orders: %s%s%.*s", pv_reason_name(told->why),
	    told->orders.n != 0 ? ", " : "",
	    PV_FMT(told->orders.n != 0 ? told->orders.at[0] : PV_NO_SLICE));
}

static PV_RESULT
run_oauth(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_oauth_ask *in = c->ask;
	struct pv_oauth_answer *out = c->answer;
	struct pv_exchange_ask ask = { .audience = in->audience };
	struct pv_exchange_answer made;
	uint64_t now;

	PV_TRY(read_scope(in->scope, c->a, &ask, e));
	PV_TRY(pv_desk_exchange(c->d, c->who, &ask, c->a, &made, e));
	now = pv_desk_now(c->d);
	*out = (struct pv_oauth_answer){ .issued = made.issued,
		.passport = made.passport,
		.token = made.token,
		.seconds = made.until_s > now ? made.until_s - now : 0,
		.scope = made.purposes };
	if (!made.issued)
		out->why = why_not(&made.refused, c->a);
	return PV_DONE;
}

const struct pv_call pv_calls_caller[] = {
	{ .name = "whoami",
	    .method = "GET",
	    .path = "/whoami",
	    .summary = "Who the caller is here, and what it may ask for",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS,
	    .answer = &whoami,
	    .run = run_whoami },
	{ .name = "tokens.list",
	    .method = "GET",
	    .path = "/tokens",
	    .summary =
		"The tokens that are out: all, for officers and operators; else the caller's",
	    .roles = PV_ROLE_ANY & ~PV_ROLE_GATEWAY,
	    .flags = PV_CALL_READS,
	    .ask = &pv_layout_page,
	    .answer = &tokens,
	    .run = run_tokens },
	{ .name = "tokens.new",
	    .method = "POST",
	    .path = "/tokens",
	    .summary = "A short-lived token within the caller's own credential, or, for officers, "
		       "within a key record that they name",
	    .roles = PV_ROLE_ANY & ~PV_ROLE_GATEWAY,
	    .flags = PV_CALL_ANEW,
	    .ask = &token_new,
	    .answer = &token_made,
	    .run = run_token_new },
	{ .name = "tokens.end",
	    .method = "DELETE",
	    .path = "/tokens/{id}",
	    .summary = "Ends a token now",
	    .roles = PV_ROLE_ANY & ~PV_ROLE_GATEWAY,
	    .flags = PV_CALL_FOUND,
	    .ask = &pv_layout_id_ask,
	    .answer = &token_ended,
	    .run = run_token_end },
	{ .name = "passports.new",
	    .method = "POST",
	    .path = "/passports",
	    .summary = "A passport for a partner's gateway, for one purpose, after our own orders "
		       "were asked",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER,
	    .flags = PV_CALL_OWN | PV_CALL_ANEW,
	    .ask = &passport_new,
	    .answer = &passport_made,
	    .run = run_passport },
	{ .name = "oauth.exchange",
	    .summary = "Token exchange (RFC 8693)",
	    .roles = PV_ROLE_ANY & ~PV_ROLE_GATEWAY,
	    .flags = PV_CALL_INNER,
	    .ask = &oauth,
	    .answer = &oauth_made,
	    .run = run_oauth },
	{ .name = NULL },
};
