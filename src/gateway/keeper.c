/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread reads the lines and sorts what they bring into three queues; each
 * lane has a thread and a desk of its own on the same home. The quick lane
 * takes all that waits, begins each, pays one fsync, and finishes each. Who
 * wrote a credential that was not seen in the last minute waits in the queue
 * of logins first, so that a password's 120 ms hold up nobody else. Answers are
 * written by the lane that has them. All queues are bounded: what does not fit
 * is told to come again.
 */
#include "gateway/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "desk/batch.h"
#include "desk/call.h"
#include "desk/journal.h"
#include "desk/service.h"
#include "desk/watch.h"
#include "gateway/bucket.h"
#include "gateway/chores.h"
#include "gateway/edge.h"
#include "gateway/frame.h"
#include "gateway/logins.h"

#define SLOW_LANES    2
#define BATCH_MAX     256
#define LOGINS_MAX    512
#define WAITING_BYTES (256u << 20) /* of all questions that wait */
#define LINE_OUT_MAX  (256u << 20)
#define WAIT_MS       110000 /* a question older than this has nobody waiting for it */
#define WATCH_MS      250
#define SETTLE_MS     50

struct line {
	int fd;
	struct pv_buf in;
	size_t in_from;
	pthread_mutex_t lock; /* of what follows */
	struct pv_buf out;
	size_t out_from;
	bool closed;
};

struct job {
	struct job *next;
	struct line *line;
	const struct pv_call *call;
	struct pv_buf bytes; /* the frame, wiped: a password may be in it */
	struct pv_frame frame;
	struct pv_known *known; /* NULL: nobody */
	uint64_t since_ms;
	bool cancelled; /* under the keeper's lock */
};

struct queue {
	struct job *first, **end;
	size_t n;
	pthread_cond_t some;
};

struct lane {
	struct pv_keeper *keeper;
	struct queue *queue;
	void (*work)(struct lane *l, struct job **jobs, size_t n);
	size_t at_once;
	bool owes; /* a checkpoint */
	struct pv_desk *desk;
	pthread_t thread;
	bool running;
};

enum { LANE_QUICK = 0, LANE_LOGIN, LANE_SLOW, LANES = LANE_SLOW + SLOW_LANES };

struct pv_keeper {
	struct pv_keeper_use use;
	struct pv_keeper_stats *stats;
	struct line *lines;
	struct lane lanes[LANES];
	struct pv_service *service;
	struct pv_callers *callers;
	struct pv_logins *logins;
	struct pv_buckets *by_caller, *by_address; /* the reading thread's */
	struct pv_watch *watch;
	struct pv_outside outside;
	_Atomic uint64_t quick_max, slow_max; /* settings, with those of the buckets and outside */
	struct pv_arena *paths; /* each that was ever fetch.ca: somebody may use it still */
	struct pv_desk *chores_desk;
	struct pv_chores *chores;
	pthread_t watcher, chores_thread;
	bool watching, doing_chores;
	int wake; /* a lane has left something to be written */

	pthread_mutex_t lock;
	struct queue quick, slow, login;
	size_t waiting_bytes;
	bool stop;
	pthread_cond_t stopping;
};

/* ---- lines ---- */

/* What was sent is wiped: shares of keys may have gone through it. */
static void
drop_sent(struct line *l)
{
	if (l->out.n == 0)
		return;
	explicit_bzero(l->out.p, l->out_from);
	memmove(l->out.p, l->out.p + l->out_from, l->out.n - l->out_from);
	l->out.n -= l->out_from;
	l->out_from = 0;
	if (l->out.n == 0 && l->out.cap > 1u << 20)
		pv_buf_wipe(&l->out);
}

/* Under the line's lock. False: something is left for later. */
static bool
line_write(struct line *l)
{
	while (!l->closed && l->out_from < l->out.n) {
		ssize_t did = send(l->fd, l->out.p + l->out_from, l->out.n - l->out_from,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0 && errno == EAGAIN) {
			if (l->out_from > 1u << 20)
				drop_sent(l);
			return false;
		}
		if (did < 0)
			l->closed = true;
		else
			l->out_from += (size_t)did;
	}
	drop_sent(l);
	return true;
}

static void
wake(struct pv_keeper *k)
{
	uint64_t one = 1;

	if (write(k->wake, &one, sizeof(one)) < 0)
		return; /* it is full, and wakes anyway */
}

static void
line_put(struct pv_keeper *k, struct line *l, const struct pv_frame *frame)
{
	bool all;

	pthread_mutex_lock(&l->lock);
	if (l->out.n - l->out_from > LINE_OUT_MAX)
		l->closed = true; /* a front that reads no answers */
	if (!l->closed)
		pv_frame_write(frame, &l->out);
	all = line_write(l);
	pthread_mutex_unlock(&l->lock);
	if (!all)
		wake(k);
}

/* ---- answers ---- */

static void
job_free(struct pv_keeper *k, struct job *j)
{
	pthread_mutex_lock(&k->lock);
	k->waiting_bytes -= j->bytes.n;
	pthread_mutex_unlock(&k->lock);
	pv_buf_wipe(&j->bytes);
	pv_known_give(j->known);
	pv_free(j);
}

static void
answer(struct pv_keeper *k, struct job *j, enum pv_edge_reply_kind kind, const struct pv_err *e,
    unsigned retry_s, struct pv_slice json, struct pv_slice tail)
{
	struct pv_frame f = {
		.kind = PV_FRAME_REPLY, .id = j->frame.id, .flags = kind, .word = retry_s
	};

	if (e != NULL) {
		f.call = e->code;
		f.part[PV_PART_WHAT] = pv_slice_of(e->what);
		f.part[PV_PART_FIELD] = pv_slice_of(e->field);
		f.part[PV_PART_FIX] = pv_slice_of(e->fix);
	}
	f.part[PV_PART_JSON] = json;
	f.part[PV_PART_TAIL] = tail;
	pv_count_add(&k->stats->calls[kind], 1);
	line_put(k, j->line, &f);
	job_free(k, j);
}

static void
refuse(struct pv_keeper *k, struct job *j, enum pv_edge_reply_kind kind, unsigned retry_s,
    const char *why)
{
	struct pv_err e = { 0 };

	pv_ignore(PV_FAIL(&e, PV_E_DOWN, "%s", why));
	answer(k, j, kind, &e, retry_s, PV_NO_SLICE, PV_NO_SLICE);
}

static void
fail(struct pv_keeper *k, struct job *j, const struct pv_err *e)
{
	bool ours = e->code == PV_E_BUG || e->code == PV_E_CONFIG || e->code == PV_E_UNTRUSTED;

	pv_log_err(k->use.log, ours ? PV_LOG_WARNING : PV_LOG_DEBUG, j->call->name, e);
	answer(k, j, PV_REPLY_FAILED, e, 0, PV_NO_SLICE, PV_NO_SLICE);
}

/* ---- queues; under the keeper's lock ---- */

/* Waiting goes by the clock that nobody sets. */
static void
cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

static struct timespec
in_ms(long ms)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000L;
	t.tv_nsec %= 1000000000L;
	return t;
}

static void
queue_init(struct queue *q)
{
	q->end = &q->first;
	cond_init(&q->some);
}

static void
queue_add(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->end = j;
	q->end = &j->next;
	q->n++;
	pthread_cond_signal(&q->some);
}

static struct job *
queue_take(struct queue *q)
{
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->next;
	if (q->first == NULL)
		q->end = &q->first;
	q->n--;
	return j;
}

static void
show_queues(struct pv_keeper *k)
{
	pv_count_set(&k->stats->quick_waiting, k->quick.n);
	pv_count_set(&k->stats->slow_waiting, k->slow.n);
	pv_count_set(&k->stats->callers_waiting, k->login.n);
}

static bool
cancel_in(struct queue *q, const struct line *l, uint64_t id)
{
	for (struct job *j = q->first; j != NULL; j = j->next)
		if (j->line == l && j->frame.id == id) {
			j->cancelled = true;
			return true;
		}
	return false;
}

/* ---- sorting ---- */

static struct pv_slice
asked_by(const struct job *j)
{
	return j->known != NULL ? j->known->who.party : j->frame.part[PV_PART_PEER];
}

/*
 * Of the slow queue one party (of those who are nobody, one address) may fill half, and half of the bytes that may
 * wait: a partner that asks much holds up nobody's order.
 */
static bool
has_share(const struct pv_keeper *k, const struct queue *q, size_t max, const struct job *j)
{
	size_t n = 0, bytes = 0;

	if (q != &k->slow)
		return true;
	for (const struct job *o = q->first; o != NULL; o = o->next)
		if (pv_slice_eq(asked_by(o), asked_by(j))) {
			n++;
			bytes += o->bytes.n;
		}
	return n < max / 2 + 1 && bytes <= WAITING_BYTES / 2;
}

/* To its queue, when there is room. */
static void
enqueue(struct pv_keeper *k, struct queue *q, size_t max, struct job *j)
{
	bool full;

	pthread_mutex_lock(&k->lock);
	full =
	    q->n >= max || k->waiting_bytes > WAITING_BYTES || k->stop || !has_share(k, q, max, j);
	if (!full)
		queue_add(q, j);
	show_queues(k);
	pthread_mutex_unlock(&k->lock);
	if (!full)
		return;
	pv_count_add(&k->stats->refused_full, 1);
	refuse(k, j, PV_REPLY_DOWN, 2, "too much waits here already");
}

/* The caller is known, or nobody. */
static void
dispatch(struct pv_keeper *k, struct job *j)
{
	static const struct pv_caller nobody = { .known = false };
	const struct pv_caller *who = j->known != NULL ? &j->known->who : &nobody;

	if (!pv_call_allows(j->call, who)) {
		if (who->known)
			refuse(
			    k, j, PV_REPLY_FORBIDDEN, 0, "this is not among what you may ask for");
		else
			refuse(k, j, PV_REPLY_UNAUTHENTICATED, 0, "say who you are");
		return;
	}
	if ((j->call->flags & PV_CALL_QUICK) != 0)
		enqueue(k, &k->quick, k->quick_max, j);
	else
		enqueue(k, &k->slow, k->slow_max, j);
}

static struct pv_credential
credential_of(const struct job *j)
{
	return (struct pv_credential){ .kind = (enum pv_credential_kind)j->frame.flags,
		.text = j->frame.part[PV_PART_TEXT],
		.secret = j->frame.part[PV_PART_SECRET],
		.peer = j->frame.part[PV_PART_PEER] };
}

/* The limits: so many calls of one caller; and of one address so many by nobody, and so many credentials to be looked up. */
static void
sort(struct pv_keeper *k, struct job *j)
{
	struct pv_credential c = credential_of(j);
	uint8_t digest[PV_HASH];
	unsigned retry_s = 1;
	bool allowed;

	if (c.kind != PV_CRED_NONE) {
		pv_logins_digest(k->logins, &c, digest);
		j->known = pv_logins_get(k->logins, digest, j->since_ms);
	}
	if (j->known != NULL)
		allowed = pv_bucket_take(k->by_caller, j->known->who.id, j->since_ms, &retry_s);
	else if (c.kind == PV_CRED_NONE)
		allowed = pv_bucket_take(k->by_caller, c.peer, j->since_ms, &retry_s);
	else
		allowed = pv_bucket_take(k->by_address, c.peer, j->since_ms, &retry_s);
	if (!allowed) {
		pv_count_add(&k->stats->limited, 1);
		refuse(k, j, PV_REPLY_LIMITED, retry_s, "you ask too often");
	} else if (j->known != NULL || c.kind == PV_CRED_NONE) {
		dispatch(k, j);
	} else {
		enqueue(k, &k->login, LOGINS_MAX, j);
	}
}

/* ---- lanes ---- */

static bool
is_late(struct pv_keeper *k, struct job *j)
{
	if (pv_monotonic_ms() < j->since_ms + WAIT_MS)
		return false;
	refuse(k, j, PV_REPLY_DOWN, 5, "it waited here too long");
	return true;
}

static void
login(struct lane *l, struct job *j)
{
	struct pv_keeper *k = l->keeper;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_credential c = credential_of(j);
	uint64_t epoch = pv_logins_epoch(k->logins), now = pv_monotonic_ms();
	struct pv_caller who = { 0 };
	uint8_t digest[PV_HASH];
	struct pv_err e = { 0 };

	pv_logins_digest(k->logins, &c, digest);
	j->known =
	    pv_logins_get(k->logins, digest, now); /* another asked with the same just before */
	if (j->known == NULL) {
		pv_count_add(&k->stats->callers_looked_up, 1);
		if (!pv_ok(pv_desk_caller(l->desk, &c, a, &who, &e))) {
			if (e.code == PV_E_LIMIT)
				refuse(k, j, PV_REPLY_LIMITED, PV_CALLER_RETRY_S, e.what);
			else
				fail(k, j, &e);
			return;
		}
		if (!who.known) {
			refuse(
			    k, j, PV_REPLY_UNAUTHENTICATED, 0, "that is nobody who is known here");
			return;
		}
		j->known = pv_logins_put(k->logins, digest, &who, epoch, now,
		    k->use.env->realtime_ms(k->use.env->ctx) / 1000);
	}
	dispatch(k, j);
}

static void
login_work(struct lane *l, struct job **jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_late(l->keeper, jobs[i]))
			login(l, jobs[i]);
}

/* A call on its way through a lane. */
struct running {
	struct job *job;
	struct pv_arena *a;
	struct pv_buf tail;
	struct pv_call_run run;
	struct pv_caller nobody;
	bool begun;
};

static PV_RESULT
read_question(struct running *r, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_call *call = r->job->call;
	struct pv_slice json = r->job->frame.part[PV_PART_JSON];
	void *ask;

	if (call->ask == NULL)
		return PV_DONE;
	if (json.n == 0)
		json = PV_SLICE("{}");
	ask = pv_arena_alloc(r->a, call->ask->size);
	PV_TRY(pv_json_read(&doc, json, PV_FRAME_JSON_MAX, e));
	PV_TRY(pv_layout_read(call->ask, doc, 0, r->a, ask, e));
	r->run.ask = ask;
	return PV_DONE;
}

static PV_RESULT
prepare(struct lane *l, struct running *r, struct job *j, struct pv_err *e)
{
	*r = (struct running){ .job = j, .a = pv_arena_new() };
	r->run = (struct pv_call_run){ .d = l->desk,
		.service = l->keeper->service,
		.who = j->known != NULL ? &j->known->who : &r->nobody,
		.tail = j->frame.part[PV_PART_TAIL],
		.tail_out = &r->tail,
		.a = r->a };
	if (j->call->answer != NULL)
		r->run.answer = pv_arena_alloc(r->a, j->call->answer->size);
	return read_question(r, e);
}

static void
running_over(struct running *r)
{
	pv_arena_free(r->a);
	pv_buf_wipe(&r->tail);
}

static void
answer_done(struct lane *l, struct running *r)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf json = { 0 };
	struct pv_jsonw w = { .out = &json };

	pv_jsonw_object(&w, NULL);
	if (r->job->call->answer != NULL)
		pv_layout_write(r->job->call->answer, r->run.answer, &w);
	pv_jsonw_end(&w);
	if (json.n > PV_FRAME_JSON_MAX || r->tail.n > PV_FRAME_TAIL_MAX) {
		struct pv_err e = { 0 };

		pv_ignore(PV_FAIL(&e, PV_E_LIMIT,
		    "the answer is larger than can be given at once: ask for less"));
		fail(l->keeper, r->job, &e);
		return;
	}
	answer(
	    l->keeper, r->job, PV_REPLY_DONE, NULL, 0, pv_buf_slice(&json), pv_buf_slice(&r->tail));
}

static void
slow_one(struct lane *l, struct job *j)
{
	struct pv_err e = { 0 };
	struct running r;
	struct pv_status st = prepare(l, &r, j, &e);

	if (pv_ok(st))
		st = j->call->run(&r.run, &e);
	if (pv_ok(st))
		answer_done(l, &r);
	else
		fail(l->keeper, j, &e);
	running_over(&r);
}

static void
slow_work(struct lane *l, struct job **jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_late(l->keeper, jobs[i]))
			slow_one(l, jobs[i]);
}

/* Begins each; what fails is answered at once and has no part in the rest. */
static size_t
begin_all(struct lane *l, struct pv_batch *b, struct job **jobs, size_t n, struct running *rs)
{
	size_t begun = 0;

	for (size_t i = 0; i < n; i++) {
		struct running *r = &rs[begun];
		struct pv_err e = { 0 };
		struct pv_status st;

		if (is_late(l->keeper, jobs[i]))
			continue;
		st = prepare(l, r, jobs[i], &e);
		if (pv_ok(st))
			st = jobs[i]->call->begin(&r->run, b, &e);
		if (pv_ok(st)) {
			begun++;
			continue;
		}
		fail(l->keeper, jobs[i], &e);
		running_over(r);
	}
	return begun;
}

/* The last commit's checkpoint is owed until the next one keeps it, or until nobody came for a while: it costs an fsync. */
static void
settle(struct lane *l)
{
	struct pv_err e = { 0 };

	l->owes = false;
	if (!pv_ok(pv_journal_settle(l->desk, &e)))
		pv_log_err(l->keeper->use.log, PV_LOG_WARNING,
		    "a checkpoint of the journal is owed still", &e);
}

static void
fail_all(struct lane *l, struct job **jobs, size_t n, const struct pv_err *e)
{
	for (size_t i = 0; i < n; i++)
		fail(l->keeper, jobs[i], e);
}

/* The second half: after the commit, or after it failed. */
static void
finish_all(struct lane *l, struct pv_batch *b, struct running *rs, size_t n, struct pv_status st,
    const struct pv_err *commit)
{
	for (size_t i = 0; i < n; i++) {
		struct pv_err e = *commit;
		struct pv_status one = st;

		if (pv_ok(st))
			one = rs[i].job->call->finish(&rs[i].run, b, &e);
		if (pv_ok(one))
			answer_done(l, &rs[i]);
		else
			fail(l->keeper, rs[i].job, &e);
	}
}

static void
quick_work(struct lane *l, struct job **jobs, size_t n)
{
	struct pv_err e = { 0 };
	struct running *rs;
	struct pv_batch *b;
	struct pv_status st;
	size_t begun;

	/* Once for all: what others have written since the last batch is seen before the first of this one. */
	if (!pv_ok(pv_home_refresh(l->desk, &e))) {
		fail_all(l, jobs, n, &e);
		return;
	}
	rs = pv_alloc_n(n, sizeof(*rs));
	b = pv_batch_new(l->desk);
	begun = begin_all(l, b, jobs, n, rs);
	st = begun != 0 ? pv_batch_commit(b, &e) : PV_DONE;
	pv_count_add(&l->keeper->stats->commits, begun != 0);
	pv_count_add(&l->keeper->stats->batched, begun);
	finish_all(l, b, rs, begun, st, &e);
	pv_batch_free(b);
	for (size_t i = 0; i < begun; i++)
		running_over(&rs[i]);
	pv_free(rs);
	l->owes = true;
}

/* Takes what waits, when something does; none: it stops, or a checkpoint is owed and nobody came for a while. */
static size_t
take_jobs(struct lane *l, struct job **jobs)
{
	struct pv_keeper *k = l->keeper;
	struct job *j, *cancelled = NULL;
	size_t n = 0;

	struct timespec until = in_ms(SETTLE_MS);
	bool late = false;

	pthread_mutex_lock(&k->lock);
	while (l->queue->n == 0 && !k->stop && !late)
		if (l->owes)
			late = pthread_cond_timedwait(&l->queue->some, &k->lock, &until) != 0;
		else
			pthread_cond_wait(&l->queue->some, &k->lock);
	while (n < l->at_once && (j = queue_take(l->queue)) != NULL) {
		if (!j->cancelled) {
			jobs[n++] = j;
			continue;
		}
		j->next = cancelled;
		cancelled = j;
	}
	show_queues(k);
	pthread_mutex_unlock(&k->lock);
	while ((j = cancelled) != NULL) {
		cancelled = j->next;
		pv_count_add(&k->stats->cancelled, 1);
		job_free(k, j);
	}
	return n;
}

static bool
lane_over(struct lane *l)
{
	bool over;

	pthread_mutex_lock(&l->keeper->lock);
	over = l->keeper->stop && l->queue->n == 0;
	pthread_mutex_unlock(&l->keeper->lock);
	return over;
}

static void *
lane_run(void *ctx)
{
	struct lane *l = ctx;
	struct job *jobs[BATCH_MAX];

	do {
		size_t n = take_jobs(l, jobs);

		if (n != 0)
			l->work(l, jobs, n);
		else if (l->owes)
			settle(l);
	} while (!lane_over(l));
	if (l->owes)
		settle(l);
	return NULL;
}

/* ---- watching the home, where other processes write, too ---- */

static void
tell_changed(struct pv_keeper *k, const char *what)
{
	struct pv_frame f = { .kind = PV_FRAME_CHANGED };

	f.part[PV_PART_WHAT] = pv_slice_of(what);
	for (size_t i = 0; i < k->use.line_count; i++)
		line_put(k, &k->lines[i], &f);
}

static void
watch_once(struct pv_keeper *k)
{
	struct pv_watched now;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_watch_look(k->watch, &now, &e))) {
		pv_log_err(k->use.log, PV_LOG_WARNING, "the home could not be looked at", &e);
		return;
	}
	pv_count_set(&k->stats->order_log_size, now.orders);
	pv_count_set(&k->stats->journal_size, now.journal);
	pv_count_set(&k->stats->callers_cached, pv_logins_count(k->logins));
	if (now.orders_moved || now.callers_moved)
		pv_logins_forget(k->logins);
	if (now.orders_moved)
		tell_changed(k, "orders");
	if (now.callers_moved)
		tell_changed(k, "callers");
	if (now.journal_moved)
		tell_changed(k, "journal");
}

/* Waits so long, or until the keeper stops: then true. */
static bool
rest(struct pv_keeper *k, long ms)
{
	struct timespec until = in_ms(ms);
	bool stop;

	pthread_mutex_lock(&k->lock);
	if (!k->stop)
		pthread_cond_timedwait(&k->stopping, &k->lock, &until);
	stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	return stop;
}

static void *
watch_run(void *ctx)
{
	struct pv_keeper *k = ctx;

	do
		watch_once(k);
	while (!rest(k, WATCH_MS));
	return NULL;
}

static void *
chores_run(void *ctx)
{
	struct pv_keeper *k = ctx;

	do
		pv_chores_turn(k->chores);
	while (!rest(k, 1000));
	return NULL;
}

/* ---- reading ---- */

static void
line_close(struct pv_keeper *k, struct line *l, bool bad, const char *why)
{
	pthread_mutex_lock(&l->lock);
	if (!l->closed)
		pv_log(k->use.log, bad ? PV_LOG_ERROR : PV_LOG_DEBUG, "a front's line is closed",
		    "why", why, NULL);
	l->closed = true;
	shutdown(l->fd, SHUT_RDWR);
	pthread_mutex_unlock(&l->lock);
}

static void
on_cancel(struct pv_keeper *k, const struct line *l, uint64_t id)
{
	pthread_mutex_lock(&k->lock);
	if (!cancel_in(&k->quick, l, id) && !cancel_in(&k->slow, l, id))
		cancel_in(&k->login, l, id);
	pthread_mutex_unlock(&k->lock);
}

/* A copy of the frame, and its parts in that copy. */
static struct job *
job_new(struct pv_keeper *k, struct line *l, const struct pv_frame *f, struct pv_slice bytes)
{
	struct job *j = PV_NEW(struct job);

	j->line = l;
	j->call = pv_call_at(f->call);
	j->since_ms = pv_monotonic_ms();
	pv_buf_add(&j->bytes, bytes);
	j->frame = *f;
	for (size_t i = 0; i < PV_FRAME_PARTS; i++)
		j->frame.part[i].p = j->bytes.p + (f->part[i].p - bytes.p);
	pthread_mutex_lock(&k->lock);
	k->waiting_bytes += j->bytes.n;
	pthread_mutex_unlock(&k->lock);
	return j;
}

/* False: this is nothing that a front of ours sends. */
static bool
on_frame(struct pv_keeper *k, struct line *l, const struct pv_frame *f, struct pv_slice bytes)
{
	if (f->kind == PV_FRAME_CANCEL) {
		on_cancel(k, l, f->id);
		return true;
	}
	if (f->kind != PV_FRAME_ASK || f->call >= pv_call_count() || f->flags > PV_CRED_BASIC)
		return false;
	sort(k, job_new(k, l, f, bytes));
	return true;
}

static void
on_bytes(struct pv_keeper *k, struct line *l)
{
	struct pv_frame frame;
	size_t used;

	for (;;) {
		struct pv_slice rest = pv_slice_sub(pv_buf_slice(&l->in), l->in_from, l->in.n);
		enum pv_frame_got got = pv_frame_read(&frame, rest, &used);

		if (got == PV_FRAME_MORE)
			break;
		if (got == PV_FRAME_BAD || !on_frame(k, l, &frame, pv_slice_sub(rest, 0, used))) {
			line_close(k, l, true, "what came is no question");
			return;
		}
		l->in_from += used;
	}
	if (l->in_from != 0) {
		memmove(l->in.p, l->in.p + l->in_from, l->in.n - l->in_from);
		l->in.n -= l->in_from;
		l->in_from = 0;
	}
	if (l->in.n == 0 && l->in.cap > 1u << 20)
		pv_buf_wipe(&l->in);
}

static void
line_read(struct pv_keeper *k, struct line *l)
{
	ssize_t got = recv(l->fd, pv_buf_room(&l->in, 256 * 1024), 256 * 1024, MSG_DONTWAIT);

	if (got > 0) {
		l->in.n += (size_t)got;
		on_bytes(k, l);
	} else if (got == 0) {
		line_close(k, l, false, "it ended");
	} else if (errno != EAGAIN && errno != EINTR) {
		line_close(k, l, true, strerror(errno));
	}
}

/* Fills in what is waited for; how many lines are open. */
static size_t
set_polls(struct pv_keeper *k, struct pollfd *fds)
{
	size_t open = 0;

	for (size_t i = 0; i < k->use.line_count; i++) {
		struct line *l = &k->lines[i];

		pthread_mutex_lock(&l->lock);
		fds[i] = (struct pollfd){ .fd = l->closed ? -1 : l->fd, .events = POLLIN };
		if (l->out_from < l->out.n)
			fds[i].events |= POLLOUT;
		open += !l->closed;
		pthread_mutex_unlock(&l->lock);
	}
	return open;
}

static void
on_polled(struct pv_keeper *k, struct line *l, short events)
{
	if ((events & POLLOUT) != 0) {
		pthread_mutex_lock(&l->lock);
		line_write(l);
		pthread_mutex_unlock(&l->lock);
	}
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		line_read(k, l);
}

static void
stop_lanes(struct pv_keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_broadcast(&k->quick.some);
	pthread_cond_broadcast(&k->slow.some);
	pthread_cond_broadcast(&k->login.some);
	pthread_cond_broadcast(&k->stopping);
	pthread_mutex_unlock(&k->lock);
	for (size_t i = 0; i < LANES; i++)
		if (k->lanes[i].running)
			pthread_join(k->lanes[i].thread, NULL);
	if (k->watching)
		pthread_join(k->watcher, NULL);
	if (k->doing_chores)
		pthread_join(k->chores_thread, NULL);
}

static bool
start_threads(struct pv_keeper *k)
{
	for (size_t i = 0; i < LANES; i++) {
		k->lanes[i].running =
		    pthread_create(&k->lanes[i].thread, NULL, lane_run, &k->lanes[i]) == 0;
		if (!k->lanes[i].running)
			return false;
	}
	k->watching = pthread_create(&k->watcher, NULL, watch_run, k) == 0;
	k->doing_chores = pthread_create(&k->chores_thread, NULL, chores_run, k) == 0;
	return k->watching && k->doing_chores;
}

void
pv_keeper_run(struct pv_keeper *k, int stop_fd)
{
	size_t n = k->use.line_count;
	struct pollfd *fds = pv_alloc_n(n + 2, sizeof(*fds));

	if (!start_threads(k))
		pv_log(k->use.log, PV_LOG_ERROR, "no thread for a lane", NULL);
	else
		for (;;) {
			uint64_t count;

			if (set_polls(k, fds) == 0)
				break;
			fds[n] = (struct pollfd){ .fd = k->wake, .events = POLLIN };
			fds[n + 1] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
			poll(fds, n + 2, 1000);
			pv_count_set(&k->stats->beat_ms, pv_monotonic_ms());
			if (fds[n + 1].revents != 0)
				break;
			if (fds[n].revents != 0 && read(k->wake, &count, sizeof(count)) < 0)
				count = 0; /* another look, then */
			for (size_t i = 0; i < n; i++)
				on_polled(k, &k->lines[i], fds[i].revents);
		}
	stop_lanes(k);
	pv_free(fds);
}

/* ---- making ---- */

static PV_RESULT
open_desk(struct pv_keeper *k, struct pv_desk **out, struct pv_err *e)
{
	PV_TRY(pv_desk_open(out, k->use.home, k->use.env, e));
	pv_desk_lend_callers(*out, k->callers);
	pv_desk_count_decisions(*out, k->stats->decided);
	return PV_DONE;
}

static PV_RESULT
open_lanes(struct pv_keeper *k, struct pv_err *e)
{
	for (size_t i = 0; i < LANES; i++) {
		struct lane *l = &k->lanes[i];

		l->keeper = k;
		l->queue = i == LANE_QUICK ? &k->quick : i == LANE_LOGIN ? &k->login : &k->slow;
		l->work = i == LANE_QUICK ? quick_work : i == LANE_LOGIN ? login_work : slow_work;
		l->at_once = i == LANE_QUICK ? BATCH_MAX : 1;
		PV_TRY(open_desk(k, &l->desk, e));
	}
	PV_TRY(open_desk(k, &k->chores_desk, e));
	k->chores = pv_chores_new(k->chores_desk, k->service, &k->outside, k->use.log, k->stats);
	return PV_DONE;
}

/* Landlock answers when a file is opened, not before. */
static bool
can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void
use_ca(struct pv_keeper *k, const char *path)
{
	if (path != NULL)
		path = pv_arena_str(k->paths, pv_slice_of(path));
	k->outside.ca = path;
	pv_service_ca(k->service, path);
}

static void
use_limits(struct pv_keeper *k, const struct pv_config *c)
{
	k->quick_max = c->limits.quick_waiting;
	k->slow_max = c->limits.slow_waiting;
	pv_buckets_set(k->by_caller, c->limits.calls_per_s, c->limits.calls_burst);
	pv_buckets_set(k->by_address, c->limits.logins_per_s, c->limits.logins_burst);
}

bool
pv_keeper_settings(struct pv_keeper *k, const struct pv_config *c)
{
	const char *was = k->outside.ca, *is = c->fetch.ca;
	bool same = was == is || (was != NULL && is != NULL && strcmp(was, is) == 0);

	use_limits(k, c);
	if (!same && is != NULL && !can_read(is))
		return false;
	if (!same)
		use_ca(k, is);
	return true;
}

PV_RESULT
pv_keeper_new(struct pv_keeper **out, const struct pv_keeper_use *use, struct pv_err *e)
{
	struct pv_keeper *k = PV_NEW(struct pv_keeper);
	struct pv_status st;

	k->use = *use;
	k->stats = &use->stats->keeper;
	pthread_mutex_init(&k->lock, NULL);
	cond_init(&k->stopping);
	queue_init(&k->quick);
	queue_init(&k->slow);
	queue_init(&k->login);
	k->lines = pv_alloc_n(use->line_count + 1, sizeof(*k->lines));
	for (size_t i = 0; i < use->line_count; i++) {
		k->lines[i].fd = use->lines[i];
		pthread_mutex_init(&k->lines[i].lock, NULL);
	}
	k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->logins = pv_logins_new(use->env);
	k->paths = pv_arena_new();
	k->callers =
	    pv_callers_new(use->env, &(struct pv_callers_fetch){ pv_outside_get, &k->outside });
	k->service = pv_service_new(use->home, use->env);
	use_ca(k, use->config->fetch.ca);
	k->by_caller =
	    pv_buckets_new(use->config->limits.calls_per_s, use->config->limits.calls_burst);
	k->by_address =
	    pv_buckets_new(use->config->limits.logins_per_s, use->config->limits.logins_burst);
	use_limits(k, use->config);
	st = k->wake >= 0 ? PV_DONE : PV_FAIL(e, PV_E_DOWN, "no eventfd: %s", strerror(errno));
	if (pv_ok(st))
		st = open_lanes(k, e);
	if (pv_ok(st))
		st = pv_watch_open(&k->watch, use->home, use->env, e);
	if (!pv_ok(st)) {
		pv_keeper_free(k);
		return st;
	}
	*out = k;
	return PV_DONE;
}

static void
queue_drop(struct pv_keeper *k, struct queue *q)
{
	struct job *j;

	while ((j = queue_take(q)) != NULL)
		job_free(k, j);
	pthread_cond_destroy(&q->some);
}

void
pv_keeper_free(struct pv_keeper *k)
{
	if (k == NULL)
		return;
	queue_drop(k, &k->quick);
	queue_drop(k, &k->slow);
	queue_drop(k, &k->login);
	pv_watch_free(k->watch);
	for (size_t i = 0; i < LANES; i++)
		pv_desk_close(k->lanes[i].desk);
	pv_chores_free(k->chores);
	pv_desk_close(k->chores_desk);
	pv_service_free(k->service);
	pv_callers_free(k->callers);
	pv_logins_free(k->logins);
	pv_buckets_free(k->by_caller);
	pv_buckets_free(k->by_address);
	pv_arena_free(k->paths);
	for (size_t i = 0; i < k->use.line_count; i++) {
		close(k->lines[i].fd);
		pv_buf_wipe(&k->lines[i].in);
		pv_buf_wipe(&k->lines[i].out);
		pthread_mutex_destroy(&k->lines[i].lock);
	}
	pv_free(k->lines);
	if (k->wake >= 0)
		close(k->wake);
	pthread_cond_destroy(&k->stopping);
	pthread_mutex_destroy(&k->lock);
	pv_free(k);
}
