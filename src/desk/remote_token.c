/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and passports of a desk that is elsewhere: the calls of call_caller.c, asked through remote.h. */
#include "core/words.h"
#include "desk/call_caller.h"
#include "desk/layouts.h"
#include "desk/remote.h"
#include "desk/token.h"

static struct pv_token
token_of(const struct pv_token_row *row)
{
	struct pv_token t = { .id = row->id,
		.binding = row->binding,
		.party = row->party,
		.person = row->person,
		.purposes = row->purposes,
		.from_s = row->from,
		.until_s = row->until,
		.stands = row->stands };

	for (size_t i = 0; i < row->roles.n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, row->roles.at[i]);

		t.roles |= w != NULL ? w->value : 0;
	}
	return t;
}

PV_RESULT
pv_remote_token_new(struct pv_desk *d, const struct pv_token_ask *ask, struct pv_arena *a,
    struct pv_token_answer *out, struct pv_err *e)
{
	struct pv_token_new_ask question = { .of = ask->of,
		.party = ask->party,
		.person = ask->person,
		.roles = pv_role_names(ask->roles, a),
		.purposes = ask->purposes,
		.ttl_s = ask->ttl_s };
	struct pv_token_new_answer made = { 0 };

	PV_TRY(pv_remote_call(d, "tokens.new", &question, a, &made, e));
	*out = (struct pv_token_answer){ .token = token_of(&made.row),
		.text = pv_secret_of(made.token.p, made.token.n) };
	return PV_DONE;
}

PV_RESULT
pv_remote_tokens(struct pv_desk *d, struct pv_arena *a, const struct pv_token **tokens, size_t *n,
    struct pv_err *e)
{
	struct pv_tokens_answer all = { 0 };
	struct pv_token *list;

	PV_TRY(pv_remote_call(d, "tokens.list", &(struct pv_page){ 0 }, a, &all, e));
	list = pv_arena_alloc_n(a, all.count, sizeof(*list));
	for (size_t i = 0; i < all.count; i++)
		list[i] = token_of(&all.rows[i]);
	*tokens = list;
	*n = all.count;
	return PV_DONE;
}

PV_RESULT
pv_remote_token_end(struct pv_desk *d, struct pv_slice id, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_id_ask question = { .id = id };
	struct pv_token_end_answer ended = { 0 };

	PV_TRY(pv_remote_call(d, "tokens.end", &question, a, &ended, e));
	*found = ended.found;
	return PV_DONE;
}

PV_RESULT
pv_remote_passport(struct pv_desk *d, const struct pv_passport_ask *ask, struct pv_arena *a,
    struct pv_passport_answer *out, struct pv_err *e)
{
	struct pv_passport_new_ask question = { .audience = ask->audience,
		.purpose = ask->purpose,
		.roles = pv_role_names(ask->roles, a),
		.ttl_s = ask->ttl_s };
	struct pv_passport_new_answer made = { 0 };

	PV_TRY(pv_remote_call(d, "passports.new", &question, a, &made, e));
	*out = (struct pv_passport_answer){ .issued = made.issued,
		.id = made.id,
		.token = made.token,
		.until_s = made.until,
		.refused = made.refused };
	return PV_DONE;
}
