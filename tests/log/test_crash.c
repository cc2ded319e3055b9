/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 in a loop, during heavy appends by several submitters. The child tells
 * each durable entry over a pipe; the parent kills it at a random moment, drains
 * the pipe, and opens the store at once. Then: nothing that was told is lost, each
 * (size, root) ever told is still the log's, no size had two, no entry is there
 * without its row, and the tree made from the entries is the head.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "store/test_store.h"

#define ROUNDS     40
#define SOAK       1000
#define SUBMITTERS 6
#define WINDOW     16 /* submissions that one submitter has under way */
#define KILL_MS    70 /* at most, after the start */

/* What the child tells: short enough to pass a pipe in one piece. */
struct told {
	uint32_t round, submitter, number;
	bool order; /* in the order log too */
	uint64_t index, size, order_index, order_size;
	uint8_t root[32], order_root[32];
};

/* ---- the child ---- */

struct submitter {
	struct pv_store *s;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint32_t round, number;
	int pipe;
	unsigned under_way;
};

struct pending {
	struct submitter *by;
	uint32_t number;
	char text[80];
	struct pv_store_entry entry;
	struct pv_store_change c[3];
	struct pv_store_submission sub;
};

static void
write_text(char *out, size_t n, uint32_t round, uint32_t submitter, uint32_t number)
{
	snprintf(out, n, "round %u submitter %u entry %u", round, submitter, number);
}

static void
tell(void *ctx, const struct pv_store_result *r)
{
	struct pending *p = ctx;
	struct submitter *by = p->by;
	struct told t = { .round = by->round, .submitter = by->number, .number = p->number };

	/* nothing here may fail: a child that says so is seen by its exit status */
	if (r->outcome != PV_STORE_DURABLE || r->n == 0)
		_exit(3);
	t.index = r->placed[0].first;
	t.size = r->placed[0].size;
	memcpy(t.root, r->placed[0].root, 32);
	t.order = r->n == 2;
	if (t.order) {
		t.order_index = r->placed[1].first;
		t.order_size = r->placed[1].size;
		memcpy(t.order_root, r->placed[1].root, 32);
	}
	if (write(by->pipe, &t, sizeof(t)) != (ssize_t)sizeof(t))
		_exit(4);
	pthread_mutex_lock(&by->lock);
	by->under_way--;
	pthread_cond_signal(&by->wake);
	pthread_mutex_unlock(&by->lock);
	pv_free(p);
}

static struct pending *
make_pending(struct submitter *by, uint32_t number)
{
	struct pending *p = PV_NEW(struct pending);

	p->by = by;
	p->number = number;
	write_text(p->text, sizeof(p->text), by->round, by->number, number);
	p->entry = entry_of(p->text);
	p->c[0] = append_of(JOURNAL, &p->entry, 1);
	p->c[1] = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_DISCLOSURES };
	p->c[1].row.c[PV_C_DISCLOSURE_LOG].s = JOURNAL;
	p->c[1].row.c[PV_C_DISCLOSURE_INDEX].from_append = 1;
	p->c[1].row.c[PV_C_DISCLOSURE_BODY].s = p->entry.bytes;
	p->c[2] = append_of(ORDERS, &p->entry, 1);
	p->sub = (struct pv_store_submission){ .changes = p->c, .n = number % 5 == 0 ? 3 : 2 };
	return p;
}

static void *
submit_for_ever(void *ctx)
{
	struct submitter *by = ctx;

	for (uint32_t i = 0;; i++) {
		struct pending *p = make_pending(by, i);

		pthread_mutex_lock(&by->lock);
		while (by->under_way == WINDOW)
			pthread_cond_wait(&by->wake, &by->lock);
		by->under_way++;
		pthread_mutex_unlock(&by->lock);
		pv_store_submit(by->s, &p->sub, tell, p);
	}
	return NULL;
}

static void
be_killed(const char *path, uint32_t round, int pipe)
{
	static struct submitter by[SUBMITTERS];
	struct pv_store *s = open_or_die(path, PV_STORE_WRITE);

	for (uint32_t i = 0; i < SUBMITTERS; i++) {
		by[i] = (struct submitter){ .s = s,
			.round = round,
			.number = i,
			.pipe = pipe,
			.lock = PTHREAD_MUTEX_INITIALIZER,
			.wake = PTHREAD_COND_INITIALIZER };
		pthread_t thread;
		if (pthread_create(&thread, NULL, submit_for_ever, &by[i]) != 0)
			_exit(5);
	}
	for (;;)
		pause();
}

/* ---- the parent ---- */

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct history {
	PV_VEC(struct told) told;
	uint64_t slowest_us; /* opening after a kill */
	bool killed;         /* each child died of our kill, not of a failure */
};

static void
drain(int from, struct history *h)
{
	struct told t;
	size_t n = 0;
	ssize_t got;

	while ((got = read(from, (char *)&t + n, sizeof(t) - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		n += (size_t)got;
		if (n == sizeof(t)) {
			*PV_VEC_ADD(&h->told) = t;
			n = 0;
		}
	}
}

static void
live_and_die(const char *path, uint32_t round, struct history *h)
{
	int pipes[2], status;
	uint64_t end;
	pid_t pid;

	if (pipe(pipes) != 0) {
		h->killed = false;
		return;
	}
	fflush(stdout);
	end = now_us() + (uint64_t)(random() % (KILL_MS * 1000));
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		be_killed(path, round, pipes[1]);
	}
	close(pipes[1]);
	/* The pipe is read all the time, else the child would wait for us; the killer is a process of its own. */
	if (fork() == 0) {
		uint64_t now = now_us();

		if (now < end)
			usleep((useconds_t)(end - now));
		kill(pid, SIGKILL);
		_exit(0);
	}
	drain(pipes[0], h);
	close(pipes[0]);
	waitpid(pid, &status, 0);
	h->killed &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	wait(&status);
}

/* All entries from the first, and the root at each size on the way. */
static bool
rebuild(struct pv_store_view *v, struct pv_slice log, uint8_t (**roots)[32], uint64_t *size)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	uint8_t edge[PV_STORE_EDGE_MAX][32], leaf[32];
	struct pv_store_entry entry;
	struct pv_store_head head;
	uint64_t index, n = 0;
	bool more = true, found;
	struct pv_err e;

	if (!pv_ok(pv_store_log_head(v, log, &head, &found, &e)) || !found ||
	    !pv_ok(pv_store_log_entries(&c, v, log, 0, UINT64_MAX, &e)))
		return false;
	*roots = pv_alloc_n(head.size + 1, 32);
	while (pv_ok(pv_store_entry_next(c, &index, &entry, &more, &e)) && more) {
		if (index != n || n == head.size)
			return false;
		test_leaf(NULL, entry.bytes, leaf);
		test_append(NULL, n++, edge, leaf);
		test_root(NULL, n, (const uint8_t(*)[32])edge, (*roots)[n]);
	}
	*size = n;
	return n == head.size && (n == 0 || memcmp((*roots)[n], head.root, 32) == 0);
}

static bool
entry_is(struct pv_store_view *v, struct pv_slice log, uint64_t index, const struct told *t)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry;
	struct pv_err e;
	char text[80];
	uint64_t at;
	bool more;

	write_text(text, sizeof(text), t->round, t->submitter, t->number);
	return pv_ok(pv_store_log_entries(&c, v, log, index, index + 1, &e)) &&
	       pv_ok(pv_store_entry_next(c, &at, &entry, &more, &e)) && more && at == index &&
	       pv_slice_is(entry.bytes, text);
}

struct verdict {
	bool opens, kept, one_root, whole, tree;
};

static void
check_told(struct pv_store_view *v, const struct history *h, size_t from, struct verdict *ok)
{
	PV_AUTO(pv_freep) uint8_t(*roots)[32] = NULL;
	PV_AUTO(pv_freep) uint8_t(*order_roots)[32] = NULL;
	uint64_t size = 0, order_size = 0;

	ok->tree &=
	    rebuild(v, JOURNAL, &roots, &size) && rebuild(v, ORDERS, &order_roots, &order_size);
	for (size_t i = 0; i < h->told.n && ok->tree; i++) {
		const struct told *t = &h->told.at[i];

		/* every tree that was ever told, in all rounds, is one that these entries give */
		ok->one_root &= t->size <= size && memcmp(t->root, roots[t->size], 32) == 0;
		if (t->order)
			ok->one_root &= t->order_size <= order_size &&
					memcmp(t->order_root, order_roots[t->order_size], 32) == 0;
		/* what earlier rounds told was looked at then; its tree has not changed since */
		if (i < from)
			continue;
		ok->kept &= entry_is(v, JOURNAL, t->index, t);
		if (t->order)
			ok->kept &= entry_is(v, ORDERS, t->order_index, t);
	}
}

static void
look(const char *path, struct history *h, size_t from, struct verdict *ok)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	struct pv_store_query q = { .table = PV_T_DISCLOSURES };
	struct pv_store_view *v = NULL;
	struct pv_store_head head;
	struct pv_store *s = NULL;
	uint64_t rows, start = now_us();
	struct pv_err e;
	bool found;

	if (!pv_ok(pv_store_open(&s, path, &o, &e)) || !pv_ok(pv_store_view_open(&v, s, &e))) {
		ok->opens = false;
		tap_note("%s", e.what);
		pv_store_free(s);
		return;
	}
	start = now_us() - start;
	h->slowest_us = start > h->slowest_us ? start : h->slowest_us;
	check_told(v, h, from, ok);
	ok->whole &= pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) &&
		     pv_ok(pv_store_rows_count(&rows, v, &q, &e)) && rows == head.size;
	pv_store_view_free(v);
	pv_store_free(s);
}

int
main(void)
{
	const char *folder = suite_folder_make();
	struct suite_backend b = { "sqlite", folder };
	const char *path = suite_path(&b, "store");
	uint32_t rounds = getenv("PV_SOAK") != NULL ? SOAK : ROUNDS, round;
	struct verdict ok = { true, true, true, true, true };
	struct history h = { .killed = true };
	struct pv_store_change logs[2] = { new_log(JOURNAL, PV_STORE_JOURNAL),
		new_log(ORDERS, PV_STORE_ORDER_LOG) };
	struct pv_store *s = open_or_die(path, PV_STORE_CREATE);
	struct pv_store_result r;
	uint64_t start = now_us();
	struct pv_err e;
	bool checked;

	apply(s, logs, 2, &r);
	pv_store_free(s);
	srandom((unsigned)start);
	for (round = 0; round < rounds && ok.opens; round++) {
		size_t from = h.told.n;

		live_and_die(path, round, &h);
		look(path, &h, from, &ok);
	}
	s = open_or_die(path, PV_STORE_READ);
	checked = pv_ok(pv_store_check(s, &e));
	pv_store_free(s);
	tap_ok(
	    h.killed, "%u times a process was killed while %d submitters wrote", round, SUBMITTERS);
	tap_ok(h.told.n > 10 * round, "it had told enough");
	tap_note("%zu entries told, %.1f s, seed %u", h.told.n, (double)(now_us() - start) / 1e6,
	    (unsigned)start);
	tap_ok(ok.opens, "the store opens again at once");
	tap_note("slowest opening %.1f ms", (double)h.slowest_us / 1000);
	tap_ok(
	    ok.kept, "nothing that was acknowledged is lost, and each is where it was said to be");
	tap_ok(ok.one_root, "no size ever has two roots");
	tap_ok(ok.whole, "no entry without its row");
	tap_ok(ok.tree, "the tree made from the entries is the head");
	tap_ok(checked, "pages, indexes, tiles and hashes are what they say");
	PV_VEC_FREE(&h.told);
	suite_folder_remove(folder);
	return tap_done();
}
