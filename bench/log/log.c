/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable entries: how many a second, how long one waits, how many syncs each
 * costs. Beside it, turn by turn in the same run: the same bytes appended to a
 * file with one fdatasync a batch (the limit), and tessera's POSIX storage (the
 * peer). Every figure is of entries that are durable and in the tree.
 *
 *	bench_log [-d FOLDER] [-s SECONDS] [-b BYTES] [-t TESSERA_SOURCE]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"
#include "log/fault_vfs.h"
#include "store/test_store.h"

#define FRONTS      2    /* threads that make entries and submit them */
#define RATE        1000 /* offered entries a second, in the second table */
#define RATE_BLOCKS 5

static const size_t windows[] = { 1, 4, 16, 64, 256, 1024, 4096 };
#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

struct setting {
	const char *folder;
	const char *tessera; /* its built program; NULL: none */
	double seconds;
	size_t bytes;
};

typedef PV_VEC(uint32_t) times_t; /* us */

struct figures {
	double rate, p50_ms, p99_ms;
	double syncs; /* an entry */
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int
by_time(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* of sorted ones */
static uint32_t
of_all(const times_t *t, size_t percent)
{
	return t->at[t->n * percent / 100];
}

static void
sum_up(struct figures *f, times_t *t)
{
	if (t->n == 0)
		return;
	qsort(t->at, t->n, sizeof(t->at[0]), by_time);
	f->p50_ms = (double)of_all(t, 50) / 1000;
	f->p99_ms = (double)of_all(t, 99) / 1000;
}

/* ---- the limit: append and fdatasync ---- */

static int
open_raw(const struct setting *set)
{
	char path[500];
	int fd;

	snprintf(path, sizeof(path), "%s/raw", set->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void
append_raw(int fd, const char *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n || fdatasync(fd) != 0) {
		fprintf(stderr, "raw: %s\n", strerror(errno));
		exit(1);
	}
}

static struct figures
run_raw(const struct setting *set, size_t window)
{
	PV_AUTO(pv_freep) char *bytes = pv_alloc(window * set->bytes);
	struct figures f = { .syncs = 1.0 / (double)window };
	uint64_t start = now_us(), end = start + (uint64_t)(set->seconds * 1e6), n = 0, now = start;
	times_t times = { 0 };
	int fd = open_raw(set);

	while (now < end) {
		uint64_t begin = now;

		append_raw(fd, bytes, window * set->bytes);
		now = now_us();
		*PV_VEC_ADD(&times) = (uint32_t)(now - begin);
		n += window;
	}
	close(fd);
	f.rate = (double)n / ((double)(now - start) / 1e6);
	sum_up(&f, &times);
	PV_VEC_FREE(&times);
	return f;
}

/* ---- the store ---- */

struct slot {
	struct front *front;
	struct slot *next; /* free ones */
	uint64_t begin;
	struct pv_store_entry entry;
	struct pv_store_change change;
	struct pv_store_submission sub;
	char *bytes;
};

/* Makes and submits entries, with as many under way as it has slots. */
struct front {
	const struct setting *set;
	struct pv_store *s;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct slot *slots, *free;
	size_t n, under_way;
	bool waits;
	uint64_t end;
	times_t times;
};

static void
on_durable(void *ctx, const struct pv_store_result *r)
{
	struct slot *slot = ctx;
	struct front *front = slot->front;

	if (r->outcome != PV_STORE_DURABLE) {
		fprintf(stderr, "%s\n", r->err.what);
		exit(1);
	}
	pthread_mutex_lock(&front->lock);
	*PV_VEC_ADD(&front->times) = (uint32_t)(now_us() - slot->begin);
	slot->next = front->free;
	front->free = slot;
	front->under_way--;
	if (front->waits)
		pthread_cond_signal(&front->wake);
	pthread_mutex_unlock(&front->lock);
}

static void
make_slots(struct front *front)
{
	front->slots = pv_alloc_n(front->n, sizeof(struct slot));
	for (size_t i = 0; i < front->n; i++) {
		struct slot *slot = &front->slots[i];

		slot->front = front;
		slot->bytes = pv_alloc(front->set->bytes);
		slot->entry.bytes = pv_slice_mem(slot->bytes, front->set->bytes);
		slot->change = append_of(JOURNAL, &slot->entry, 1);
		slot->sub = (struct pv_store_submission){ .changes = &slot->change, .n = 1 };
		slot->next = front->free;
		front->free = slot;
	}
}

static void
submit(struct front *front, struct slot *slot, uint64_t begin)
{
	slot->begin = begin;
	memcpy(slot->bytes, &begin, sizeof(begin));
	test_leaf(NULL, slot->entry.bytes, slot->entry.leaf);
	pv_store_submit(front->s, &slot->sub, on_durable, slot);
}

static struct slot *
take_slot(struct front *front)
{
	struct slot *slot;

	pthread_mutex_lock(&front->lock);
	while ((slot = front->free) == NULL) {
		front->waits = true;
		pthread_cond_wait(&front->wake, &front->lock);
		front->waits = false;
	}
	front->free = slot->next;
	front->under_way++;
	pthread_mutex_unlock(&front->lock);
	return slot;
}

static void
wait_for_all(struct front *front)
{
	pthread_mutex_lock(&front->lock);
	while (front->under_way > 0) {
		front->waits = true;
		pthread_cond_wait(&front->wake, &front->lock);
	}
	front->waits = false;
	pthread_mutex_unlock(&front->lock);
}

static void *
run_front(void *ctx)
{
	struct front *front = ctx;

	while (now_us() < front->end) {
		struct slot *slot = take_slot(front);

		submit(front, slot, now_us());
	}
	wait_for_all(front);
	return NULL;
}

static void
front_open(struct front *front, const struct setting *set, struct pv_store *s, size_t n)
{
	*front = (struct front){ .set = set, .s = s, .n = n };
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->wake, NULL);
	make_slots(front);
}

static void
front_close(struct front *front)
{
	for (size_t i = 0; i < front->n; i++)
		pv_free(front->slots[i].bytes);
	pv_free(front->slots);
	PV_VEC_FREE(&front->times);
}

static void
remove_store(const struct setting *set)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[600];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s/store%s", set->folder, suffixes[i]);
		unlink(name);
	}
}

static struct pv_store *
new_store(const struct setting *set, bool counted)
{
	struct pv_store_options o = suite_options(PV_STORE_CREATE);
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	struct pv_store_result r;
	struct pv_store *s;
	struct pv_err e;
	char path[500];

	remove_store(set);
	snprintf(path, sizeof(path), "%s/store", set->folder);
	o.vfs = counted ? FAULT_VFS : NULL;
	if (!pv_ok(pv_store_open(&s, path, &o, &e))) {
		fprintf(stderr, "%s\n", e.what);
		exit(1);
	}
	apply(s, &c, 1, &r);
	return s;
}

static struct figures
run_store(const struct setting *set, size_t window, bool counted)
{
	struct pv_store *s = new_store(set, counted);
	struct front front[FRONTS];
	size_t fronts = window < FRONTS ? 1 : FRONTS;
	struct figures f = { 0 };
	times_t all = { 0 };
	uint64_t start = now_us(), syncs = fault.syncs;

	for (size_t i = 0; i < fronts; i++) {
		front_open(&front[i], set, s, window / fronts);
		front[i].end = start + (uint64_t)(set->seconds * 1e6);
	}
	for (size_t i = 0; i < fronts; i++)
		pthread_create(&front[i].thread, NULL, run_front, &front[i]);
	for (size_t i = 0; i < fronts; i++) {
		pthread_join(front[i].thread, NULL);
		for (size_t k = 0; k < front[i].times.n; k++)
			*PV_VEC_ADD(&all) = front[i].times.at[k];
	}
	f.rate = (double)all.n / ((double)(now_us() - start) / 1e6);
	f.syncs = (double)(fault.syncs - syncs) / (double)all.n;
	pv_store_free(s);
	for (size_t i = 0; i < fronts; i++)
		front_close(&front[i]);
	sum_up(&f, &all);
	PV_VEC_FREE(&all);
	return f;
}

/* ---- the peer ---- */

static char *
build_tessera(const char *source, const char *folder)
{
	PV_AUTO(pv_buf_free) struct pv_buf cmd = { 0 };
	struct stat st;

	if (source == NULL)
		return NULL;
	pv_buf_addf(&cmd,
	    "cd '%s' && timeout 600 go build -o '%s/tessera-peer' . 2>'%s/tessera.err'", source,
	    folder, folder);
	if (system(pv_buf_str(&cmd)) != 0) { /* NOLINT(cert-env33-c): a measure, run by hand */
		printf(
		    "tessera: skipped, it cannot be built here (needs Go 1.24 and its modules)\n");
		return NULL;
	}
	pv_buf_clear(&cmd);
	pv_buf_addf(&cmd, "%s/tessera-peer", folder);
	return stat(pv_buf_str(&cmd), &st) == 0 ? pv_strdup(pv_buf_str(&cmd)) : NULL;
}

static struct figures
run_tessera(const struct setting *set, size_t window)
{
	PV_AUTO(pv_buf_free) struct pv_buf cmd = { 0 };
	struct figures f = { 0 };
	char line[200], *end;
	FILE *p;

	pv_buf_addf(&cmd,
	    "rm -rf '%s/tlog' && mkdir '%s/tlog' && '%s' '%s/tlog' %zu %.1f %zu 2>/dev/null",
	    set->folder, set->folder, set->tessera, set->folder, window, set->seconds, set->bytes);
	p = popen(pv_buf_str(&cmd), "r"); /* NOLINT(cert-env33-c) */
	if (p == NULL)
		return f;
	if (fgets(line, sizeof(line), p) != NULL) {
		f.rate = strtod(line, &end);
		f.p50_ms = strtod(end, &end);
		f.p99_ms = strtod(end, NULL);
	}
	pclose(p);
	return f;
}

/* ---- offered load ---- */

struct pace {
	times_t raw, store;
};

static void
pace_raw(const struct setting *set, struct pace *p)
{
	PV_AUTO(pv_freep) char *bytes = pv_alloc(set->bytes);
	uint64_t next = now_us(), end = next + (uint64_t)(set->seconds * 1e6);
	int fd = open_raw(set);

	for (; next < end; next += 1000000 / RATE) {
		uint64_t now = now_us();

		if (now < next)
			usleep((useconds_t)(next - now));
		now = now_us();
		append_raw(fd, bytes, set->bytes);
		*PV_VEC_ADD(&p->raw) = (uint32_t)(now_us() - now);
	}
	close(fd);
}

/* At their due times, whether the ones before are durable or not; from the call to the answer, as for fdatasync. */
static void
pace_store(const struct setting *set, struct pv_store *s, struct pace *p)
{
	uint64_t next = now_us(), end = next + (uint64_t)(set->seconds * 1e6);
	struct front front;

	front_open(&front, set, s, 4096);
	for (; next < end; next += 1000000 / RATE) {
		uint64_t now = now_us();

		if (now < next)
			usleep((useconds_t)(next - now));
		submit(&front, take_slot(&front), now_us());
	}
	wait_for_all(&front);
	for (size_t i = 0; i < front.times.n; i++)
		*PV_VEC_ADD(&p->store) = front.times.at[i];
	front_close(&front);
}

static void
table_of_rate(const struct setting *set)
{
	struct pv_store *s = new_store(set, false);
	struct pace p = { 0 };
	struct figures raw = { 0 }, store = { 0 };

	for (int i = 0; i < RATE_BLOCKS; i++) {
		pace_raw(set, &p);
		pace_store(set, s, &p);
	}
	pv_store_free(s);
	sum_up(&raw, &p.raw);
	sum_up(&store, &p.store);
	printf("\n%d entries a second offered, one by one, from submitted to durable\n", RATE);
	printf("  fdatasync alone    p50 %6.2f  p99 %6.2f ms\n", raw.p50_ms, raw.p99_ms);
	printf("  the store          p50 %6.2f  p99 %6.2f ms\n", store.p50_ms, store.p99_ms);
	printf("  aim: p99 within 5 ms of fdatasync's own: %+.2f ms, %s\n",
	    store.p99_ms - raw.p99_ms, store.p99_ms - raw.p99_ms <= 5 ? "reached" : "not reached");
	PV_VEC_FREE(&p.raw);
	PV_VEC_FREE(&p.store);
}

/* ---- tables ---- */

static void
print_load(const char *when)
{
	double load[3] = { 0 };

	if (getloadavg(load, 3) == 3)
		printf("%s: load average %.2f %.2f %.2f\n", when, load[0], load[1], load[2]);
}

static void
print_machine(const struct setting *set)
{
	char line[300];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "model name", 10) == 0) {
			printf("%ld x%s", sysconf(_SC_NPROCESSORS_ONLN), strchr(line, ':') + 1);
			break;
		}
	if (f != NULL)
		fclose(f);
	printf("entries of %zu bytes, %.1f s each, in %s\n", set->bytes, set->seconds, set->folder);
}

static void
print_row(size_t window, const struct figures *raw, const struct figures *store,
    const struct figures *peer)
{
	printf("%6zu | %8.0f %7.2f %7.2f | %8.0f %7.2f %7.2f  %6.4f |", window, raw->rate,
	    raw->p50_ms, raw->p99_ms, store->rate, store->p50_ms, store->p99_ms, store->syncs);
	if (peer->rate > 0)
		printf(" %8.0f %7.2f %7.2f | %5.1fx\n", peer->rate, peer->p50_ms, peer->p99_ms,
		    store->rate / peer->rate);
	else
		printf(" %8s %7s %7s |\n", "-", "-", "-");
	fflush(stdout);
}

static void
table_of_windows(const struct setting *set)
{
	double best = 0, best_peer = 0;

	printf("\n under | append + fdatasync        | the store                           | "
	       "tessera POSIX\n");
	printf("   way |      /s     p50     p99 ms |      /s     p50     p99 ms sync/e |"
	       "      /s     p50     p99 ms | ratio\n");
	for (size_t i = 0; i < WINDOWS; i++) {
		struct setting brief = *set;
		struct figures raw = run_raw(set, windows[i]), peer = { 0 };
		struct figures store = run_store(set, windows[i], false);

		/* counted apart, so that counting costs nothing here */
		brief.seconds = 0.5;
		store.syncs = run_store(&brief, windows[i], true).syncs;
		if (set->tessera != NULL)
			peer = run_tessera(set, windows[i]);
		print_row(windows[i], &raw, &store, &peer);
		best = store.rate > best ? store.rate : best;
		best_peer = peer.rate > best_peer ? peer.rate : best_peer;
	}
	if (best_peer > 0)
		printf("  aim: 3 times tessera, best against best: %.1f times, %s\n",
		    best / best_peer, best >= 3 * best_peer ? "reached" : "not reached");
}

int
main(int argc, char **argv)
{
	static char folder[] = "bench-log-XXXXXX";
	struct setting set = { .seconds = 3, .bytes = 1024 };
	const char *source = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "d:s:b:t:")) != -1) {
		if (opt == 'd' && chdir(optarg) != 0) {
			fprintf(stderr, "%s: %s\n", optarg, strerror(errno));
			return 1;
		}
		if (opt == 's')
			set.seconds = strtod(optarg, NULL);
		if (opt == 'b')
			set.bytes = strtoul(optarg, NULL, 10);
		if (opt == 't')
			source = optarg;
		if (opt == '?')
			return 2;
	}
	if (set.seconds <= 0 || set.bytes < 8 || set.bytes > PV_STORE_ENTRY_MAX ||
	    mkdtemp(folder) == NULL || (set.folder = realpath(folder, NULL)) == NULL)
		return 2;
	fault_vfs_add();
	print_load("before");
	print_machine(&set);
	set.tessera = build_tessera(source, set.folder);
	table_of_windows(&set);
	table_of_rate(&set);
	print_load("after");
	suite_folder_remove(set.folder);
	return 0;
}
