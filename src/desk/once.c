/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key is a row of its own: first "begun" (added, so that of two lanes one
 * wins), then "done" with the answer. It names the caller and the question by
 * digests. A call that failed takes its row away again: nothing was changed, so
 * the client may try anew. The row is as durable as the act: after a crash
 * between the two the key is free again after a minute, and every act of ours
 * changes nothing when it is repeated.
 */
#include "desk/once.h"

#include "codec/hex.h"
#include "crypto/hash.h"
#include "desk/home.h"

static void
hash_part(struct pv_hasher *h, struct pv_slice s)
{
	uint64_t n = s.n;

	pv_hasher_add(h, pv_slice_mem(&n, sizeof(n)));
	pv_hasher_add(h, s);
}

static struct pv_slice
hash_hex(struct pv_arena *a, const struct pv_slice *parts, size_t n)
{
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	struct pv_hasher *h = pv_hasher_new();
	uint8_t digest[PV_HASH];

	for (size_t i = 0; i < n; i++)
		hash_part(h, parts[i]);
	pv_hasher_end(h, digest);
	pv_hasher_free(h);
	pv_hex_write(&hex, pv_slice_mem(digest, sizeof(digest)));
	return pv_arena_copy(a, pv_buf_slice(&hex));
}

/* ---- rows: "SECOND QUESTION STATE ANSWER-BYTES NONCE\n" answer tail ---- */

struct kept {
	uint64_t second, answer_bytes;
	struct pv_slice question; /* its digest */
	bool done;
	uint64_t
	    nonce; /* two lanes that begin in one second write different rows, so one of them loses */
	struct pv_slice answer, tail;
};

static bool
row_read(struct pv_slice body, struct kept *out)
{
	struct pv_slice line, second, question, state, bytes;
	const char *end = body.n != 0 ? memchr(body.p, '\n', body.n) : NULL;

	if (end == NULL)
		return false;
	line = pv_slice_sub(body, 0, (size_t)(end - body.p));
	body = pv_slice_sub(body, line.n + 1, body.n);
	if (!pv_slice_next(&line, ' ', &second) || !pv_slice_next(&line, ' ', &question) ||
	    !pv_slice_next(&line, ' ', &state) || !pv_slice_next(&line, ' ', &bytes))
		return false;
	*out = (struct kept){ .question = question, .done = pv_slice_is(state, "done") };
	if (!pv_slice_u64(second, &out->second) || !pv_slice_u64(bytes, &out->answer_bytes) ||
	    out->answer_bytes > body.n)
		return false;
	out->answer = pv_slice_sub(body, 0, (size_t)out->answer_bytes);
	out->tail = pv_slice_sub(body, (size_t)out->answer_bytes, body.n);
	return true;
}

static struct pv_slice
row_body(const struct kept *k, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_buf_addf(&b, "%llu %.*s %s %zu %llx\n", (unsigned long long)k->second,
	    PV_FMT(k->question), k->done ? "done" : "begun", k->answer.n,
	    (unsigned long long)k->nonce);
	pv_buf_add(&b, k->answer);
	pv_buf_add(&b, k->tail);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static PV_RESULT
row_change(struct pv_desk *d, enum pv_store_op op, struct pv_slice name, struct pv_slice body,
    struct pv_err *e)
{
	struct pv_store_change change = { .op = op, .table = PV_T_META };
	struct pv_store_submission sub = { .changes = &change, .n = 1 };
	struct pv_store_result r;
	bool moved;

	change.row.c[PV_C_META_NAME] = PV_CELL_S(name);
	change.row.c[PV_C_META_BODY] = PV_CELL_S(body);
	return pv_home_submit(d, &sub, &r, &moved, e);
}

static PV_RESULT
row_get(struct pv_desk *d, struct pv_slice name, struct pv_arena *a, struct kept *out, bool *found,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(name) };

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, found, e));
	if (*found && !row_read(row.c[PV_C_META_BODY].s, out))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the row of a call's key is damaged");
	return PV_DONE;
}

/* ---- those that are over ---- */

static bool
is_over(const struct kept *k, uint64_t now)
{
	return now >= k->second + (k->done ? PV_ONCE_S : PV_ONCE_BUSY_S);
}

/* Now and then: rows of days before. */
static PV_RESULT
sweep(struct pv_desk *d, uint64_t now, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_META, .n = 1 };
	PV_VEC(struct pv_store_change) old = { 0 };
	struct pv_store_submission sub = { 0 };
	struct pv_store_row row;
	struct pv_store_result r;
	struct pv_status st;
	bool more = true, moved;

	q.where[0].column = PV_C_META_NAME;
	q.where[0].test = PV_Q_UNDER;
	q.where[0].cell = PV_CELL_S(PV_SLICE("once"));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct kept k;

		if (row_read(row.c[PV_C_META_BODY].s, &k) && now < k.second + PV_ONCE_S)
			continue;
		struct pv_store_change *change = PV_VEC_ADD(&old);
		*change = (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_META };
		change->row.c[PV_C_META_NAME] =
		    PV_CELL_S(pv_arena_copy(a, row.c[PV_C_META_NAME].s));
	}
	pv_store_cursor_free(PV_TAKE(c));
	pv_store_view_free(PV_TAKE(v));
	sub.changes = old.at;
	sub.n = old.n;
	if (pv_ok(st) && old.n != 0)
		st = pv_home_submit(d, &sub, &r, &moved, e);
	PV_VEC_FREE(&old);
	return st;
}

/* ---- the call within ---- */

PV_RESULT
pv_call_run_json(struct pv_call_run *c, const struct pv_call *call, struct pv_slice ask,
    struct pv_buf *answer, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_call_run inner = *c;
	struct pv_jsonw w = { .out = answer };
	void *question = NULL;

	PV_TRY(pv_json_read(&doc, ask, PV_CALL_HTTP_MAX, e));
	if (call->ask != NULL) {
		question = pv_arena_alloc(c->a, call->ask->size);
		PV_TRY(pv_layout_read(call->ask, doc, 0, c->a, question, e));
	}
	inner.ask = question;
	inner.answer = call->answer != NULL ? pv_arena_alloc(c->a, call->answer->size) : NULL;
	PV_TRY(call->run(&inner, e));
	pv_jsonw_object(&w, NULL);
	if (call->answer != NULL)
		pv_layout_write(call->answer, inner.answer, &w);
	pv_jsonw_end(&w);
	return PV_DONE;
}

/* Runs it, and remembers what it answered; a failure is forgotten. */
static PV_RESULT
run_kept(struct pv_call_run *c, const struct pv_call *call, struct pv_slice name, struct kept *k,
    struct pv_err *e)
{
	const struct pv_once_ask *ask = c->ask;
	struct pv_once_answer *out = c->answer;
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 };
	struct pv_status st = pv_call_run_json(c, call, ask->ask, &answer, e);
	struct pv_err other;

	if (!pv_ok(st)) {
		pv_ignore(row_change(c->d, PV_OP_DELETE, name, PV_NO_SLICE, &other));
		return st;
	}
	out->once = PV_ONCE_DONE;
	out->answer = pv_arena_copy(c->a, pv_buf_slice(&answer));
	k->done = true;
	k->answer = out->answer;
	k->tail = pv_buf_slice(c->tail_out);
	/* It was done; that it cannot be remembered must not make it look undone. */
	if (k->answer.n + k->tail.n <= PV_ONCE_BYTES_MAX)
		pv_ignore(row_change(c->d, PV_OP_PUT, name, row_body(k, c->a), &other));
	else
		pv_ignore(row_change(c->d, PV_OP_DELETE, name, PV_NO_SLICE, &other));
	return PV_DONE;
}

static PV_RESULT
check_key(struct pv_slice key, struct pv_err *e)
{
	bool good = key.n > 0 && key.n <= PV_ONCE_KEY_MAX;

	for (size_t i = 0; good && i < key.n; i++)
		good = key.p[i] > ' ' && key.p[i] <= '~';
	if (good)
		return PV_DONE;
	return pv_within(
	    PV_FAIL(e, PV_E_INPUT, "a key has 1 to %d visible ASCII characters", PV_ONCE_KEY_MAX),
	    e, "Idempotency-Key");
}

static void
answer_again(struct pv_call_run *c, const struct kept *k)
{
	struct pv_once_answer *out = c->answer;

	out->once = PV_ONCE_AGAIN;
	out->answer = k->answer;
	pv_buf_add(c->tail_out, k->tail);
}

/* A token would lie in the store, a grant be given again against an order: such an answer is never kept. */
static PV_RESULT
run_anew(struct pv_call_run *c, const struct pv_call *call, struct pv_err *e)
{
	const struct pv_once_ask *ask = c->ask;
	struct pv_once_answer *out = c->answer;
	PV_AUTO(pv_buf_wipe) struct pv_buf answer = { 0 };

	PV_TRY(pv_call_run_json(c, call, ask->ask, &answer, e));
	out->once = PV_ONCE_DONE;
	out->answer = pv_arena_copy(c->a, pv_buf_slice(&answer));
	return PV_DONE;
}

/* The same person with a newer token that may as much is the same caller. */
static struct pv_slice
row_name(const struct pv_caller *who, struct pv_slice key, struct pv_arena *a)
{
	struct pv_slice *parts = pv_arena_alloc_n(a, 5 + who->purposes.n, sizeof(*parts));

	parts[0] = who->binding.n != 0 ? who->binding : who->id;
	parts[1] = who->party;
	parts[2] = who->person;
	parts[3] = pv_arena_printf(a, "%u %d", who->roles, who->has_purposes);
	parts[4] = key;
	for (size_t i = 0; i < who->purposes.n; i++)
		parts[5 + i] = who->purposes.at[i];
	return pv_arena_printf(a, "once.%.*s", PV_FMT(hash_hex(a, parts, 5 + who->purposes.n)));
}

PV_RESULT
pv_run_once(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_once_ask *ask = c->ask;
	struct pv_once_answer *out = c->answer;
	const struct pv_call *call = pv_call_find(pv_arena_str(c->a, ask->call));
	struct pv_slice name, question_parts[3] = { ask->call, ask->ask, c->tail };
	struct kept mine = { .second = pv_desk_now(c->d) }, kept = { 0 };
	struct pv_err lost;
	bool found;

	if (call == NULL || call->run == NULL ||
	    (call->flags & (PV_CALL_INNER | PV_CALL_READS)) != 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "no call \"%.*s\" that changes anything", PV_FMT(ask->call));
	if (!pv_call_allows(call, c->who)) {
		out->once = PV_ONCE_NOT_ALLOWED;
		return PV_DONE;
	}
	PV_TRY(check_key(ask->key, e));
	if ((call->flags & PV_CALL_ANEW) != 0)
		return run_anew(c, call, e);
	name = row_name(c->who, ask->key, c->a);
	mine.question = hash_hex(c->a, question_parts, 3);
	PV_TRY(row_get(c->d, name, c->a, &kept, &found, e));
	if (found && !is_over(&kept, mine.second)) {
		if (!pv_slice_eq(kept.question, mine.question))
			out->once = PV_ONCE_OTHER;
		else if (!kept.done)
			out->once = PV_ONCE_BUSY;
		else
			answer_again(c, &kept);
		return PV_DONE;
	}
	c->d->env.random(c->d->env.ctx, &mine.nonce, sizeof(mine.nonce));
	if ((mine.nonce & 63) == 0)
		PV_TRY(sweep(c->d, mine.second, c->a, e));
	if (found)
		PV_TRY(row_change(c->d, PV_OP_DELETE, name, PV_NO_SLICE, e));
	if (!pv_ok(row_change(c->d, PV_OP_ADD, name, row_body(&mine, c->a), &lost))) {
		if (lost.code != PV_E_INPUT) {
			*e = lost;
			return (struct pv_status){ lost.code };
		}
		out->once = PV_ONCE_BUSY; /* another lane was there first */
		return PV_DONE;
	}
	return run_kept(c, call, name, &mine, e);
}
