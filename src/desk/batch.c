/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is judged is laid as an item of the journal; one write for all. The
 * second look is one by one, as the key of each leaves; but an order that stops
 * one mostly stops many, so the first that is stopped has all others looked at
 * too, and their entries go in one submission.
 */
#include "desk/batch.h"

#include "base/vec.h"
#include "desk/labels.h"

struct member {
	const struct pv_releasing *what; /* NULL: an entry of the caller's own */
	struct pv_arena *a;
	struct pv_released *r;
	struct pv_journalled *out;
	bool granted; /* by the first look */
	bool finished;
	bool stopped;        /* by the second, and how that went: */
	struct pv_status st; /* also of what could not be written at all */
	struct pv_err err;
};

struct owned {
	void *thing;
	void (*free_thing)(void *thing);
};

struct pv_batch {
	struct pv_desk *d;
	PV_VEC(struct owned) owned;
	PV_VEC(struct member) members;
	PV_VEC(struct pv_journal_item) items; /* one for each */
	struct pv_labels *labels;             /* NULL until it is asked for */
	bool refreshed;
	size_t next; /* members are finished in order, mostly */
	bool committed;
};

struct pv_batch *
pv_batch_new(struct pv_desk *d)
{
	struct pv_batch *b = PV_NEW(struct pv_batch);

	b->d = d;
	return b;
}

void
pv_batch_free(struct pv_batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->owned.n; i++)
		b->owned.at[i].free_thing(b->owned.at[i].thing);
	pv_labels_give(b->labels);
	PV_VEC_FREE(&b->owned);
	PV_VEC_FREE(&b->members);
	PV_VEC_FREE(&b->items);
	pv_free(b);
}

void
pv_batch_freep(struct pv_batch **b)
{
	pv_batch_free(*b);
	*b = NULL;
}

struct pv_desk *
pv_batch_desk(struct pv_batch *b)
{
	return b->d;
}

size_t
pv_batch_count(const struct pv_batch *b)
{
	return b->members.n;
}

void
pv_batch_own(struct pv_batch *b, void *thing, void (*free_thing)(void *thing))
{
	*PV_VEC_ADD(&b->owned) = (struct owned){ thing, free_thing };
}

PV_RESULT
pv_batch_refresh(struct pv_batch *b, struct pv_err *e)
{
	if (b->refreshed)
		return PV_DONE;
	PV_TRY(pv_home_refresh(b->d, e));
	b->refreshed = true;
	return PV_DONE;
}

struct pv_labels *
pv_batch_labels(struct pv_batch *b)
{
	if (b->labels == NULL)
		b->labels = pv_labels_take(b->d);
	return b->labels;
}

/* ---- begin ---- */

static PV_RESULT
add(struct pv_batch *b, const struct member *m, struct pv_journal_item **item, struct pv_err *e)
{
	if (b->committed)
		return PV_FAIL(e, PV_E_BUG, "the batch is written already");
	*PV_VEC_ADD(&b->members) = *m;
	*item = PV_VEC_ADD(&b->items);
	return PV_DONE;
}

PV_RESULT
pv_batch_release(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e)
{
	struct member m = { .what = what, .a = a, .r = r, .out = &r->journalled };
	struct pv_journal_item *item;

	*r = (struct pv_released){ 0 };
	PV_TRY(pv_judge(b->d, what->c, a, &r->judgement, e));
	m.granted = r->judgement.decision.answer == PV_RELEASE;
	PV_TRY(add(b, &m, &item, e));
	if (m.granted)
		pv_release_lay_grant(b->d, what, a, r, item);
	else
		pv_release_lay_refusal(b->d, what, a, r, item);
	return PV_DONE;
}

PV_RESULT
pv_batch_unknown(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e)
{
	struct member m = { .what = what, .a = a, .r = r, .out = &r->journalled };
	struct pv_journal_item *item;

	*r = (struct pv_released){ 0 };
	PV_TRY(add(b, &m, &item, e));
	pv_release_lay_refusal(b->d, what, a, r, item);
	return PV_DONE;
}

static PV_RESULT
add_entry(struct pv_batch *b, const struct pv_journal_item *what, struct pv_err *e)
{
	struct member m = { .a = what->a, .out = what->out };
	struct pv_journal_item *item;

	PV_TRY(add(b, &m, &item, e));
	*item = *what;
	return PV_DONE;
}

PV_RESULT
pv_batch_entry(struct pv_batch *b, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e)
{
	struct pv_journal_item item = {
		.entry = *entry, .rows = rows, .row_count = row_count, .a = a, .out = out
	};

	return add_entry(b, &item, e);
}

PV_RESULT
pv_batch_refusal(struct pv_batch *b, const struct pv_journal_entry *entry, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e)
{
	struct pv_journal_item item = { .entry = *entry, .refusal = true, .a = a, .out = out };

	return add_entry(b, &item, e);
}

/* ---- commit ---- */

PV_RESULT
pv_batch_commit(struct pv_batch *b, struct pv_err *e)
{
	if (b->committed)
		return PV_FAIL(e, PV_E_BUG, "the batch is written already");
	b->committed = true;
	for (size_t i = 0; i < b->members.n; i++)
		b->members.at[i].st = PV_FAIL(
		    &b->members.at[i].err, PV_E_DOWN, "the journal's entry was not written");
	if (b->members.n == 0)
		return PV_DONE;
	PV_TRY(pv_journal_write(b->d, b->items.at, b->items.n, e));
	for (size_t i = 0; i < b->members.n; i++) {
		b->members.at[i].st = b->items.at[i].st;
		b->members.at[i].err = b->items.at[i].err;
	}
	return PV_DONE;
}

/* ---- finish ---- */

static struct member *
find(struct pv_batch *b, const struct pv_journalled *out)
{
	for (size_t i = 0; i < b->members.n; i++) {
		struct member *m = &b->members.at[(b->next + i) % b->members.n];

		if (m->out == out) {
			b->next = (size_t)(m - b->members.at) + 1;
			return m;
		}
	}
	return NULL;
}

static PV_RESULT
failure_of(const struct member *m, struct pv_err *e)
{
	if (!pv_ok(m->st))
		*e = m->err;
	return m->st;
}

static bool
waits(const struct member *m)
{
	return m->granted && !m->finished && !m->stopped && pv_ok(m->st);
}

/* The others of the batch that do not stand any more: mostly all that the same order covers. */
static void
look_at_others(struct pv_batch *b)
{
	for (size_t i = 0; i < b->members.n; i++) {
		struct member *m = &b->members.at[i];
		struct pv_judgement j;
		struct pv_err e;

		/* one that cannot be judged is looked at when its turn comes, and fails then */
		if (!waits(m) || !pv_ok(pv_judge(b->d, m->what->c, m->a, &j, &e)) ||
		    j.decision.answer == PV_RELEASE)
			continue;
		m->r->judgement = j;
		m->stopped = true;
	}
}

static void
stop(struct pv_batch *b)
{
	size_t n = 0;
	PV_AUTO(pv_freep) struct pv_journal_item *items = NULL;
	struct pv_status st;
	struct pv_err e = { 0 };

	for (size_t i = 0; i < b->members.n; i++)
		n += b->members.at[i].stopped && !b->members.at[i].finished ? 1 : 0;
	items = pv_alloc_n(n * PV_RELEASE_STOP_ITEMS, sizeof(*items));
	n = 0;
	for (size_t i = 0; i < b->members.n; i++) {
		struct member *m = &b->members.at[i];

		if (!m->stopped || m->finished)
			continue;
		pv_release_lay_stop(b->d, m->what, 0, m->a, m->r, &items[n]);
		n += PV_RELEASE_STOP_ITEMS;
	}
	st = pv_journal_write(b->d, items, n, &e);
	n = 0;
	for (size_t i = 0; i < b->members.n; i++) {
		struct member *m = &b->members.at[i];

		if (!m->stopped || m->finished)
			continue;
		m->finished = true;
		m->st = st;
		m->err = e;
		for (size_t k = 0; k < PV_RELEASE_STOP_ITEMS && pv_ok(m->st); k++) {
			m->st = items[n + k].st;
			m->err = items[n + k].err;
		}
		n += PV_RELEASE_STOP_ITEMS;
	}
}

PV_RESULT
pv_batch_finish(struct pv_batch *b, const struct pv_releasing *what, struct pv_arena *a,
    struct pv_released *r, struct pv_err *e)
{
	struct member *m = find(b, &r->journalled);
	struct pv_status st;
	struct pv_err other;

	if (!b->committed || m == NULL)
		return PV_FAIL(e, PV_E_BUG, "the release is not of this batch");
	r->granted = false;
	if (!waits(m))
		return failure_of(m, e);
	st = pv_judge_again(b->d, what->c, a, &r->judgement, e);
	if (!pv_ok(st)) {
		m->finished = true;
		m->st = st;
		m->err = *e;
		pv_ignore(pv_release_not_given(
		    b->d, what, r, "it could not be looked at again", a, &other));
		return st;
	}
	if (r->judgement.decision.answer == PV_RELEASE) {
		m->finished = true;
		r->granted = true;
		return PV_DONE;
	}
	m->stopped = true;
	look_at_others(b);
	stop(b);
	return failure_of(m, e);
}

PV_RESULT
pv_batch_written(struct pv_batch *b, const struct pv_journalled *out, struct pv_err *e)
{
	const struct member *m = find(b, out);

	if (!b->committed || m == NULL)
		return PV_FAIL(e, PV_E_BUG, "the entry is not of this batch");
	return failure_of(m, e);
}
