/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit. Submissions queue; one thread at a time takes all that is queued
 * and commits it as one transaction, so while the disk syncs one batch, the next
 * one gathers. Under a daemon that is the writer's thread. Without it (a single
 * command) it is whoever waits for an answer and finds nobody at it.
 */
#include "store/private.h"

#include "base/mem.h"

#define BATCH_JOBS  4096
#define BATCH_BYTES (32u << 20)

struct pv_store_queued {
	struct pv_store_queued *next;
	const struct pv_store_submission *sub;
	struct pv_store_result *r;
	pv_store_done *done; /* NULL: somebody waits for answered */
	void *ctx;
	bool bad; /* r says already why it is refused */
	bool answered;
};

/* One that nobody waits for owns its result. */
struct owned {
	struct pv_store_queued q;
	struct pv_store_result r;
};

static size_t
weight(const struct pv_store_submission *sub)
{
	size_t bytes = 0;

	for (size_t i = 0; i < sub->n; i++) {
		for (size_t k = 0; sub->changes[i].op == PV_OP_APPEND && k < sub->changes[i].n; k++)
			bytes += sub->changes[i].entries[k].bytes.n;
		for (size_t k = 0; k < PV_STORE_COLUMNS; k++)
			bytes += sub->changes[i].row.c[k].s.n;
	}
	return bytes;
}

/* Cuts a batch off the front of the queue, which is not empty. With the lock held. */
static struct pv_store_queued *
take_batch(struct pv_store *s, size_t *n)
{
	struct pv_store_queued *first = s->first, *end = first;
	size_t bytes = weight(end->sub);

	for (*n = 1; end->next != NULL && *n < BATCH_JOBS && bytes < BATCH_BYTES; ++*n) {
		end = end->next;
		bytes += weight(end->sub);
	}
	s->first = end->next;
	if (s->first == NULL)
		s->last = &s->first;
	end->next = NULL;
	return first;
}

/* Gives up the reserve, step by step, until what must get in is in, or nothing is left. */
static void
commit_urgent(struct pv_store *s, struct pv_store_job *const *jobs, size_t n)
{
	while (s->b->commit(s->db, jobs, n) == PV_COMMIT_NO_SPACE && pv_reserve_give(&s->reserve))
		;
}

/*
 * As long as the reserve is not whole, what may not use it is refused, else it
 * would eat what was given up for the rest.
 */
static void
commit_on_full_disk(struct pv_store *s, struct pv_store_job *const *jobs, size_t n)
{
	PV_AUTO(pv_freep)
	struct pv_store_job **urgent = pv_alloc_n(n, sizeof(struct pv_store_job *));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (jobs[i]->sub->urgent)
			urgent[k++] = jobs[i];
		else
			s->b->refuse_no_space(s->db, jobs[i]);
	if (k > 0)
		commit_urgent(s, urgent, k);
}

static void
commit_batch(struct pv_store *s, struct pv_store_queued *first, size_t n)
{
	PV_AUTO(pv_freep) struct pv_store_job *job = pv_alloc_n(n, sizeof(*job));
	PV_AUTO(pv_freep) struct pv_store_job **jobs = pv_alloc_n(n, sizeof(struct pv_store_job *));
	size_t k = 0;

	for (struct pv_store_queued *q = first; q != NULL; q = q->next)
		if (!q->bad) {
			job[k] = (struct pv_store_job){ q->sub, q->r };
			jobs[k] = &job[k];
			k++;
		}
	if (k == 0)
		return;
	if (!pv_reserve_fill(&s->reserve) || s->b->commit(s->db, jobs, k) == PV_COMMIT_NO_SPACE)
		commit_on_full_disk(s, jobs, k);
}

/* Those who wait hold their own record; the others' is freed with their answer. */
static void
answer_batch(struct pv_store *s, struct pv_store_queued *first)
{
	struct pv_store_queued *q = first, *next;
	bool waiting = false;

	for (; q != NULL; q = next) {
		next = q->next;
		if (q->done == NULL) {
			waiting = true;
			continue;
		}
		q->done(q->ctx, q->r);
	}
	pthread_mutex_lock(&s->lock);
	for (q = first; q != NULL; q = next) {
		next = q->next;
		if (q->done != NULL)
			pv_free(q);
		else
			q->answered = true;
	}
	if (waiting)
		pthread_cond_broadcast(&s->answers);
	pthread_mutex_unlock(&s->lock);
}

static void
count_changes(struct pv_store *s, const struct pv_store_queued *q)
{
	pthread_mutex_lock(&s->lock);
	for (; q != NULL; q = q->next)
		for (size_t i = 0; i < q->sub->n; i++)
			if (pv_table_get(q->sub->changes[i].table) != NULL)
				s->changed[q->sub->changes[i].table]++;
	pthread_mutex_unlock(&s->lock);
}

/* Takes what is queued and sees it through. With the lock held, let go meanwhile. */
static void
serve(struct pv_store *s)
{
	size_t n;
	struct pv_store_queued *first = take_batch(s, &n);

	s->committing = true;
	pthread_mutex_unlock(&s->lock);
	commit_batch(s, first, n);
	count_changes(s, first); /* before anybody is told */
	answer_batch(s, first);
	s->b->tidy(s->db, s->threaded);
	pthread_mutex_lock(&s->lock);
	s->committing = false;
	s->commits++;
	s->submissions += n;
	pthread_cond_broadcast(&s->answers);
	pthread_cond_signal(&s->work);
}

static void *
write_queued(void *ctx)
{
	struct pv_store *s = ctx;

	pthread_mutex_lock(&s->lock);
	while (s->first != NULL || !s->stop) {
		if (s->first == NULL || s->committing)
			pthread_cond_wait(&s->work, &s->lock);
		else
			serve(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* With the lock held. */
static void
enqueue(struct pv_store *s, struct pv_store_queued *q)
{
	*s->last = q;
	s->last = &q->next;
	pthread_cond_signal(&s->work);
}

/* ---- what may be submitted ---- */

static PV_RESULT
check_entries(const struct pv_store_change *c, struct pv_err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->entries[i].bytes.n > PV_STORE_ENTRY_MAX)
			return PV_FAIL(e, PV_E_LIMIT,
			    "an entry of %zu bytes; a log takes %d at most", c->entries[i].bytes.n,
			    PV_STORE_ENTRY_MAX);
		if (c->entries[i].second > INT64_MAX)
			return PV_FAIL(e, PV_E_LIMIT, "an entry of a second that is out of range");
	}
	return PV_DONE;
}

static PV_RESULT
check_cell(const struct pv_store_submission *sub, size_t change, const struct pv_table *t,
    unsigned at, struct pv_err *e)
{
	const struct pv_store_cell *cell = &sub->changes[change].row.c[at];
	const struct pv_column *col = &t->c[at];

	if (cell->s.n > PV_STORE_BODY_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "%s.%s: %zu bytes; the store takes %u at most",
		    t->name, col->name, cell->s.n, PV_STORE_BODY_MAX);
	if (col->kind == PV_COL_NUMBER && cell->n > INT64_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "%s.%s: the number is out of range", t->name, col->name);
	if (cell->from_append > 0 &&
	    (cell->from_append > change || sub->changes[cell->from_append - 1].op != PV_OP_APPEND))
		return PV_FAIL(e, PV_E_BUG, "%s.%s: counts from an append that is not before it",
		    t->name, col->name);
	return PV_DONE;
}

static PV_RESULT
check_row(const struct pv_store_submission *sub, size_t change, struct pv_err *e)
{
	const struct pv_table *t = pv_table_get(sub->changes[change].table);
	enum pv_store_op op = sub->changes[change].op;
	unsigned columns;

	if (t == NULL)
		return PV_FAIL(e, PV_E_BUG, "a change to a table that the store does not have");
	columns = op == PV_OP_CLEAR ? 0 : op == PV_OP_DELETE ? t->keys : t->columns;
	for (unsigned i = 0; i < columns; i++)
		PV_TRY(check_cell(sub, change, t, i, e));
	return PV_DONE;
}

static PV_RESULT
check_log_name(struct pv_slice name, struct pv_err *e)
{
	if (name.n == 0 || name.n > PV_STORE_NAME_MAX || memchr(name.p, '\0', name.n) != NULL)
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" cannot name a log",
		    PV_FMT(pv_slice_sub(name, 0, 100)));
	return PV_DONE;
}

static PV_RESULT
check_change(const struct pv_store_submission *sub, size_t i, struct pv_err *e)
{
	const struct pv_store_change *c = &sub->changes[i];

	switch (c->op) {
	case PV_OP_NONE:
		return PV_FAIL(e, PV_E_BUG, "a change to the store without a kind");
	case PV_OP_LOG:
	case PV_OP_TREE:
		return check_log_name(c->log, e);
	case PV_OP_APPEND:
		PV_TRY(check_log_name(c->log, e));
		return check_entries(c, e);
	case PV_OP_CHECKPOINT:
		PV_TRY(check_log_name(c->log, e));
		if (c->checkpoint.note.n > PV_STORE_BODY_MAX || c->checkpoint.second > INT64_MAX)
			return PV_FAIL(e, PV_E_LIMIT, "a checkpoint that is out of range");
		return PV_DONE;
	case PV_OP_ADD:
	case PV_OP_PUT:
	case PV_OP_DELETE:
	case PV_OP_CLEAR:
		return check_row(sub, i, e);
	}
	return PV_FAIL(e, PV_E_BUG, "a change to the store of no known kind");
}

static PV_RESULT
check_submission(const struct pv_store *s, const struct pv_store_submission *sub, struct pv_err *e)
{
	if (s->o.mode == PV_STORE_READ)
		return PV_FAIL(
		    e, PV_E_BUG, "the store was opened for reading, and is not written to");
	for (size_t i = 0; i < sub->n; i++)
		PV_TRY(check_change(sub, i, e));
	return PV_DONE;
}

static void
prepare(const struct pv_store *s, struct pv_store_queued *q)
{
	*q->r = (struct pv_store_result){ .outcome = PV_STORE_FAILED };
	q->bad = !pv_ok(check_submission(s, q->sub, &q->r->err));
}

/* ---- the door's ---- */

void
pv_store_submit(
    struct pv_store *s, const struct pv_store_submission *sub, pv_store_done *done, void *ctx)
{
	struct owned *o = PV_NEW(struct owned);

	o->q = (struct pv_store_queued){ .sub = sub, .r = &o->r, .done = done, .ctx = ctx };
	prepare(s, &o->q);
	pthread_mutex_lock(&s->lock);
	/* Without a thread nobody would ever answer: as without memory, we stop. */
	if (!s->threaded && pthread_create(&s->thread, NULL, write_queued, s) != 0)
		pv_out_of_memory(0);
	s->threaded = true;
	enqueue(s, &o->q);
	pthread_mutex_unlock(&s->lock);
}

PV_RESULT
pv_store_apply(struct pv_store *s, const struct pv_store_submission *sub, struct pv_store_result *r,
    struct pv_err *e)
{
	struct pv_store_queued q = { .sub = sub, .r = r };

	prepare(s, &q);
	if (!q.bad) {
		pthread_mutex_lock(&s->lock);
		enqueue(s, &q);
		while (!q.answered) {
			if (s->threaded || s->committing)
				pthread_cond_wait(&s->answers, &s->lock);
			else
				serve(s);
		}
		pthread_mutex_unlock(&s->lock);
	}
	if (r->outcome != PV_STORE_FAILED)
		return PV_DONE;
	*e = r->err;
	return (struct pv_status){ e->code };
}

void
pv_queue_open(struct pv_store *s)
{
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	pthread_cond_init(&s->answers, NULL);
	s->last = &s->first;
}

void
pv_queue_close(struct pv_store *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	if (s->threaded)
		pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->answers);
	pthread_mutex_destroy(&s->lock);
}
