/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row "token.<SHA-256 of the token's text>" says what it grants. What a token
 * is worth is worked out anew at each use from its binding as it stands then,
 * so that an end, a narrower record or a shorter life counts at once.
 */
#include "desk/token.h"

#include "base/map.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "core/words.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "desk/callers.h"
#include "desk/journal.h"

#define ROW       "token"
#define RANDOM    32
#define ROW_MAX   32768
#define DEFAULT_S 3600
#define GONE_MAX  32

/* ---- rows ---- */

static struct pv_slice
row_name(struct pv_slice text, struct pv_arena *a)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(text, hex);
	return pv_arena_printf(a, ROW ".%s", hex);
}

static void
write_names(struct pv_jsonw *w, const char *name, struct pv_names names)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < names.n; i++)
		pv_jsonw_str(w, NULL, names.at[i]);
	pv_jsonw_end(w);
}

static struct pv_slice
write_row(const struct pv_token *t, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "binding", t->binding);
	pv_jsonw_u64(&w, "from", t->from_s);
	pv_jsonw_str(&w, "id", t->id);
	pv_jsonw_str(&w, "parent", t->parent);
	pv_jsonw_str(&w, "party", t->party);
	pv_jsonw_str(&w, "person", t->person);
	write_names(&w, "purposes", t->purposes);
	write_names(&w, "roles", pv_role_names(t->roles, a));
	pv_jsonw_u64(&w, "until", t->until_s);
	pv_jsonw_end(&w);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static struct pv_slice
text_of(const struct pv_json *doc, const char *name, struct pv_arena *a)
{
	const struct pv_json_node *n = pv_json_at(doc, pv_json_member(doc, 0, pv_slice_of(name)));

	return n != NULL && n->type == PV_JSON_STRING ? pv_arena_copy(a, n->text) : PV_NO_SLICE;
}

static uint64_t
number_of(const struct pv_json *doc, const char *name)
{
	const struct pv_json_node *n = pv_json_at(doc, pv_json_member(doc, 0, pv_slice_of(name)));

	return n != NULL && n->type == PV_JSON_INT && n->integer > 0 ? (uint64_t)n->integer : 0;
}

static struct pv_names
names_of(const struct pv_json *doc, const char *name, struct pv_arena *a)
{
	const struct pv_json_node *list =
	    pv_json_at(doc, pv_json_member(doc, 0, pv_slice_of(name)));
	struct pv_slice *at;
	size_t n = 0;

	if (list == NULL || list->type != PV_JSON_ARRAY)
		return (struct pv_names){ 0 };
	at = pv_arena_alloc_n(a, list->count, sizeof(*at));
	for (const struct pv_json_node *x = pv_json_at(doc, list->first); x != NULL;
	     x = pv_json_at(doc, x->next))
		at[n++] = pv_arena_copy(a, x->text);
	return (struct pv_names){ at, n };
}

/* A row that cannot be read grants nothing: it has no end, so it is over. */
static struct pv_token
read_row(struct pv_slice body, struct pv_arena *a)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_token t = { 0 };
	struct pv_names roles;
	struct pv_err ignored;

	if (!pv_ok(pv_json_read(&doc, body, ROW_MAX, &ignored)) ||
	    pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return t;
	t.binding = text_of(doc, "binding", a);
	t.id = text_of(doc, "id", a);
	t.parent = text_of(doc, "parent", a);
	t.party = text_of(doc, "party", a);
	t.person = text_of(doc, "person", a);
	t.from_s = number_of(doc, "from");
	t.until_s = number_of(doc, "until");
	t.purposes = names_of(doc, "purposes", a);
	roles = names_of(doc, "roles", a);
	for (size_t i = 0; i < roles.n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, roles.at[i]);

		t.roles |= w != NULL ? w->value : 0;
	}
	return t;
}

/* ---- who holds one ---- */

/* Record, party, roles, purposes as they stand now. */
static bool
grant_of(const struct pv_desk *d, const struct pv_token *t, uint64_t now, struct pv_arena *a,
    struct pv_caller *out)
{
	const struct pv_fact *f = pv_state_find(d->own.state, t->binding);
	struct pv_claimed claimed = { .party = t->party,
		.person = t->person,
		.says_roles = true,
		.roles = t->roles,
		.says_purposes = t->purposes.n != 0,
		.purposes = t->purposes,
		.until_s = t->until_s };

	if (f == NULL || f->r->kind != PV_KEY || !pv_binding_stands(f, now) || now >= t->until_s ||
	    t->party.n == 0)
		return false;
	*out = pv_binding_grant(d, f);
	return pv_binding_narrow(d, out, &claimed, a) && now < out->until_s;
}

PV_RESULT
pv_token_caller(struct pv_desk *d, struct pv_slice text, struct pv_arena *a, struct pv_caller *out,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(row_name(text, a)) };
	struct pv_caller who;
	struct pv_token t;
	bool found;

	*out = (struct pv_caller){ 0 };
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (!found)
		return PV_DONE;
	t = read_row(row.c[PV_C_META_BODY].s, a);
	if (!grant_of(d, &t, pv_desk_now(d), a, &who))
		return PV_DONE;
	who.id = t.id;
	*out = who;
	return PV_DONE;
}

/* ---- those there are ---- */

struct found {
	struct pv_token token;
	struct pv_slice row;
};

static PV_RESULT
read_all(struct pv_desk *d, struct pv_arena *a, struct found **out, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_META, .n = 1 };
	struct pv_store_row row;
	uint64_t rows;
	bool more;

	q.where[0].column = PV_C_META_NAME;
	q.where[0].test = PV_Q_UNDER;
	q.where[0].cell = PV_CELL_S(PV_SLICE(ROW));
	*n = 0;
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows_count(&rows, v, &q, e));
	*out = pv_arena_alloc_n(a, rows, sizeof(**out));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (*n < rows) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			break;
		(*out)[*n].row = pv_arena_copy(a, row.c[PV_C_META_NAME].s);
		(*out)[*n].token = read_row(row.c[PV_C_META_BODY].s, a);
		(*n)++;
	}
	return PV_DONE;
}

/* ---- minting ---- */

/* Who is who at a door by address or header is no login (desk/door.h). */
static bool
may_bind(const struct pv_key *k)
{
	if (pv_slice_starts(k->binding, PV_SLICE("address:")) ||
	    pv_slice_starts(k->binding, PV_SLICE("header:")) || k->binding.n == 0)
		return false;
	return k->use == PV_USE_CREDENTIAL || k->use == PV_USE_ISSUER ||
	       (k->use == PV_USE_TLS && k->key.n == 0); /* with a key it is a server of theirs */
}

static PV_RESULT
no_binding(const struct pv_token_ask *ask, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_names roles = pv_role_names(ask->roles, a);

	for (size_t i = 0; i < roles.n; i++)
		pv_buf_addf(&b, " --role %.*s", PV_FMT(roles.at[i]));
	for (size_t i = 0; i < ask->purposes.n; i++)
		pv_buf_addf(&b, " --purpose %.*s", PV_FMT(ask->purposes.at[i]));
	return pv_advise(PV_FAIL(e, PV_E_INPUT,
			     "no key record grants this to %.*s: a token only narrows what "
			     "officers have declared",
			     PV_FMT(ask->party)),
	    e, "declare it: proviso key add --use credential --binding NAME --party %.*s%.*s",
	    PV_FMT(ask->party), PV_FMT(pv_buf_slice(&b)));
}

static PV_RESULT
find_binding(struct pv_desk *d, const struct pv_token_ask *ask, const struct pv_claimed *claimed,
    struct pv_arena *a, struct pv_caller *grant, struct pv_err *e)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];
	uint64_t now = pv_desk_now(d);

	for (size_t i = keys->n; i-- > 0;) {
		const struct pv_fact *f = keys->at[i];
		struct pv_claimed c = *claimed;

		if (ask->of.n != 0 ? !pv_slice_eq(f->r->id, ask->of) : !may_bind(&f->r->key))
			continue;
		if (!pv_binding_stands(f, now))
			continue;
		*grant = pv_binding_grant(d, f);
		if (ask->of.n != 0 && !may_bind(&f->r->key))
			return PV_FAIL(e, PV_E_INPUT,
			    "%.*s is a key for the use \"%s\": no tokens are minted within it",
			    PV_FMT(ask->of), pv_use_name(f->r->key.use));
		if (c.party.n == 0)
			c.party = grant->party;
		if (ask->of.n != 0)
			return pv_binding_covers(grant, &c, e);
		if (pv_ok(pv_binding_covers(grant, &c, e)))
			return PV_DONE;
	}
	if (ask->of.n != 0)
		return PV_FAIL(e, PV_E_INPUT, "no key record %.*s stands", PV_FMT(ask->of));
	return no_binding(ask, a, e);
}

static PV_RESULT
check_ask(struct pv_desk *d, const struct pv_token_ask *ask, struct pv_err *e)
{
	if (ask->party.n == 0 && ask->of.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "a party or a key record must be named");
	if (ask->ttl_s > PV_TOKEN_LIFE_S)
		return PV_FAIL(
		    e, PV_E_INPUT, "a token lives at most %d days", PV_TOKEN_LIFE_S / 86400);
	if (ask->person.n > PV_ACCOUNT_MAX)
		return PV_FAIL(
		    e, PV_E_INPUT, "a person's name of more than %d bytes", PV_ACCOUNT_MAX);
	for (size_t i = 0; i < ask->purposes.n; i++)
		if (pv_state_term(d->own.state, PV_PURPOSE, ask->purposes.at[i]) == NULL)
			return PV_FAIL(
			    e, PV_E_INPUT, "unknown purpose \"%.*s\"", PV_FMT(ask->purposes.at[i]));
	return PV_DONE;
}

static struct pv_secret *
make_text(struct pv_desk *d)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *raw = pv_secret_random(&d->env, RANDOM);
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };

	pv_buf_room(&b, 128); /* at once: growing would leave a copy behind */
	pv_buf_add(&b, PV_TOKEN_PREFIX);
	pv_base64_write(&b, pv_secret_slice(raw), PV_BASE64_URL);
	return pv_secret_take(&b);
}

static struct pv_slice
make_id(struct pv_desk *d, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t raw[6];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add_str(&b, "t-");
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	return pv_arena_copy(a, pv_buf_slice(&b));
}

/* What the journal says of it; of the token itself nothing. by: who made or ended it, where that is somebody else. */
static void
write_detail(
    struct pv_buf *out, const struct pv_token *t, const struct pv_caller *by, struct pv_arena *a)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "binding", t->binding);
	pv_jsonw_str(&w, "by", by->id);
	pv_jsonw_str(&w, "by_party", by->party);
	pv_jsonw_str(&w, "by_person", by->person);
	write_names(&w, "purposes", t->purposes);
	write_names(&w, "roles", pv_role_names(t->roles, a));
	pv_jsonw_str(&w, "token", t->id);
	pv_jsonw_u64(&w, "until", t->until_s);
	pv_jsonw_end(&w);
}

static PV_RESULT
journal(struct pv_desk *d, const char *kind, const struct pv_token *t, const struct pv_caller *by,
    const struct pv_store_change *rows, size_t n, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_journal_entry entry = { .kind = kind,
		.party = t->party,
		.person = t->person,
		.purpose = t->purposes.n == 1 ? t->purposes.at[0] : PV_NO_SLICE };
	struct pv_journalled journalled;

	write_detail(&detail, t, by, a);
	entry.detail = pv_buf_slice(&detail);
	return pv_journal_add(d, &entry, rows, n, a, &journalled, e);
}

/* Rows of tokens that are over go with the next one that is made. Of one record so many may be out. */
static PV_RESULT
lay_gone(struct pv_desk *d, struct pv_slice binding, struct pv_arena *a,
    struct pv_store_change *rows, size_t *n, struct pv_err *e)
{
	struct found *all;
	size_t count, out = 0;
	uint64_t now = pv_desk_now(d);

	*n = 0;
	PV_TRY(read_all(d, a, &all, &count, e));
	for (size_t i = 0; i < count; i++) {
		if (now < all[i].token.until_s) {
			out += pv_slice_eq(all[i].token.binding, binding) ? 1 : 0;
			continue;
		}
		if (*n == GONE_MAX)
			continue;
		rows[*n] = (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_META };
		rows[(*n)++].row.c[PV_C_META_NAME] = PV_CELL_S(all[i].row);
	}
	if (out >= PV_TOKENS_MAX)
		return pv_advise(PV_FAIL(e, PV_E_LIMIT, "%d tokens of %.*s are out", PV_TOKENS_MAX,
				     PV_FMT(binding)),
		    e, "End some: proviso token list, proviso token end ID");
	return PV_DONE;
}

PV_RESULT
pv_desk_token_new(struct pv_desk *d, const struct pv_token_ask *ask, const struct pv_caller *by,
    struct pv_arena *a, struct pv_token_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *text = NULL;
	struct pv_store_change rows[2 + GONE_MAX];
	size_t n;
	struct pv_token_ask filled = *ask;
	struct pv_claimed claimed;
	struct pv_caller grant = { 0 };
	struct pv_token t;

	if (d->remote != NULL)
		return pv_remote_token_new(d, ask, a, out, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(check_ask(d, ask, e));
	if (filled.roles == 0)
		filled.roles = PV_ROLE_ANALYST;
	claimed = (struct pv_claimed){
		.party = ask->party, .roles = filled.roles, .purposes = ask->purposes
	};
	PV_TRY(find_binding(d, &filled, &claimed, a, &grant, e));
	t = (struct pv_token){ .id = make_id(d, a),
		.parent = ask->parent,
		.binding = grant.binding,
		.party = ask->party.n != 0 ? ask->party : grant.party,
		.person = ask->person,
		.roles = filled.roles,
		.purposes = ask->purposes,
		.from_s = pv_desk_now(d),
		.stands = true };
	t.until_s = t.from_s + (ask->ttl_s != 0 ? ask->ttl_s : DEFAULT_S);
	if (ask->until_s != 0 && t.until_s > ask->until_s)
		t.until_s = ask->until_s;
	if (t.until_s > grant.until_s)
		t.until_s = grant.until_s;
	text = make_text(d);
	rows[0] = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_META };
	rows[0].row.c[PV_C_META_NAME] = PV_CELL_S(row_name(pv_secret_slice(text), a));
	rows[0].row.c[PV_C_META_BODY] = PV_CELL_S(write_row(&t, a));
	rows[1] = pv_callers_moved_row(d, a);
	PV_TRY(lay_gone(d, t.binding, a, rows + 2, &n, e));
	PV_TRY(journal(d, "token", &t, by, rows, 2 + n, a, e));
	*out = (struct pv_token_answer){ .token = t, .text = PV_TAKE(text) };
	return PV_DONE;
}

/* ---- listing and ending ---- */

PV_RESULT
pv_desk_tokens(struct pv_desk *d, struct pv_arena *a, const struct pv_token **tokens, size_t *n,
    struct pv_err *e)
{
	struct pv_token *list;
	struct found *all;
	struct pv_caller grant;
	size_t count;
	uint64_t now;

	if (d->remote != NULL)
		return pv_remote_tokens(d, a, tokens, n, e);
	PV_TRY(pv_home_refresh(d, e));
	now = pv_desk_now(d);
	PV_TRY(read_all(d, a, &all, &count, e));
	list = pv_arena_alloc_n(a, count, sizeof(*list));
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (now >= all[i].token.until_s)
			continue;
		list[*n] = all[i].token;
		list[(*n)++].stands = grant_of(d, &all[i].token, now, a, &grant);
	}
	*tokens = list;
	return PV_DONE;
}

/* Marks the token and those that were made from one that is marked; a child is looked at again for each generation. */
static size_t
mark_family(const struct found *all, size_t n, size_t first, bool *marked)
{
	PV_AUTO(pv_map_freep) struct pv_map *ids = pv_map_new(n);
	size_t count = 1, before = 0;

	for (size_t i = 0; i < n; i++)
		pv_map_set(ids, all[i].token.id, (uint32_t)i);
	marked[first] = true;
	while (count != before) {
		before = count;
		for (size_t i = 0; i < n; i++) {
			uint32_t parent = all[i].token.parent.n != 0
					      ? pv_map_get(ids, all[i].token.parent)
					      : PV_MAP_NONE;

			if (marked[i] || parent == PV_MAP_NONE || !marked[parent])
				continue;
			marked[i] = true;
			count++;
		}
	}
	return count;
}

static PV_RESULT
end_family(struct pv_desk *d, const struct found *all, size_t n, size_t first,
    const struct pv_caller *by, struct pv_arena *a, struct pv_err *e)
{
	bool *marked = pv_arena_alloc_n(a, n, sizeof(*marked));
	size_t count = mark_family(all, n, first, marked), k = 0;
	struct pv_store_change *rows = pv_arena_alloc_n(a, count + 1, sizeof(*rows));

	for (size_t i = 0; i < n; i++) {
		if (!marked[i])
			continue;
		rows[k] = (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_META };
		rows[k++].row.c[PV_C_META_NAME] = PV_CELL_S(all[i].row);
	}
	rows[k++] = pv_callers_moved_row(d, a);
	return journal(d, "token-ended", &all[first].token, by, rows, k, a, e);
}

PV_RESULT
pv_desk_token_end(struct pv_desk *d, struct pv_slice id, const struct pv_caller *by, bool *found,
    struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct found *all;
	size_t n;

	*found = false;
	if (d->remote != NULL)
		return pv_remote_token_end(d, id, found, e);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(read_all(d, a, &all, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (id.n == 0 || !pv_slice_eq(all[i].token.id, id))
			continue;
		*found = true;
		return end_family(d, all, n, i, by, a, e);
	}
	return PV_DONE;
}
