/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails: at every single call in turn (as SQLite tests itself), full,
 * read-only, torn, overwritten, without power. Each time: a clear message, nothing
 * half-written, nothing lost that was acknowledged, and it opens again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "store/test_store.h"

static const char *folder;

/* For a while: see suite_path(). */
static const char *
at(const char *name)
{
	struct suite_backend b = { "sqlite", folder };

	return suite_path(&b, name);
}

/* For good: a test's own path. */
static const char *
own(const char *name)
{
	static char paths[20][500];
	static unsigned n;

	snprintf(paths[n], sizeof(paths[0]), "%s", at(name));
	return paths[n++];
}

static void
remove_store(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", ".reserve" };
	char name[600];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

static bool
copy_file(const char *from, const char *to)
{
	char part[65536];
	FILE *in = fopen(from, "rb"), *out;
	size_t n;

	if (in == NULL)
		return false;
	out = fopen(to, "wb");
	while (out != NULL && (n = fread(part, 1, sizeof(part), in)) > 0)
		fwrite(part, 1, n, out);
	fclose(in);
	return out != NULL && fclose(out) == 0;
}

static void
copy_store(const char *from, const char *to)
{
	char a[600], b[600];

	remove_store(to);
	copy_file(from, to);
	snprintf(a, sizeof(a), "%s-wal", from);
	snprintf(b, sizeof(b), "%s-wal", to);
	copy_file(a, b);
}

/* One entry with a row that tells of it, in one submission: neither may be there without the other. */
static enum pv_store_outcome
add_one(struct pv_store *s, const char *text, bool urgent, struct pv_store_result *r)
{
	struct pv_store_entry entry = entry_of(text);
	struct pv_store_change c[2] = { append_of(JOURNAL, &entry, 1),
		{ .op = PV_OP_ADD, .table = PV_T_DISCLOSURES } };
	struct pv_store_submission sub = { .changes = c, .n = 2, .urgent = urgent };
	struct pv_err e;

	c[1].row.c[PV_C_DISCLOSURE_LOG].s = JOURNAL;
	c[1].row.c[PV_C_DISCLOSURE_INDEX].from_append = 1;
	c[1].row.c[PV_C_DISCLOSURE_BODY].s = pv_slice_of(text);
	pv_ignore(pv_store_apply(s, &sub, r, &e));
	return r->outcome;
}

static struct pv_store *
make_journal(const char *path)
{
	struct pv_store *s = open_or_die(path, PV_STORE_CREATE);
	struct pv_store_change c = new_log(JOURNAL, PV_STORE_JOURNAL);
	struct pv_store_result r;

	apply(s, &c, 1, &r);
	return s;
}

/* Opens; every entry has its row; the tree is that of the entries. Returns the size, or -1 with a note. */
static long
whole_size(const char *path)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	struct pv_store_query q = { .table = PV_T_DISCLOSURES };
	struct pv_store_view *v = NULL;
	struct pv_store_head head;
	struct pv_store *s = NULL;
	struct pv_err e;
	uint64_t rows = 0;
	long size = -1;
	bool found;

	if (pv_ok(pv_store_open(&s, path, &o, &e)) && pv_ok(pv_store_check(s, &e)) &&
	    pv_ok(pv_store_view_open(&v, s, &e)) &&
	    pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) &&
	    pv_ok(pv_store_rows_count(&rows, v, &q, &e)))
		size = !found ? 0 : head.size == rows ? (long)head.size : -1;
	else
		tap_note("%s", e.what);
	pv_store_view_free(v);
	pv_store_free(s);
	return size;
}

/* ---- the n-th call fails ---- */

/* What a fault may be called: somebody can mend it, and it is not our bug. */
static bool
sensible(const struct pv_err *e)
{
	if ((e->code == PV_E_CONFIG || e->code == PV_E_UNTRUSTED || e->code == PV_E_DOWN) &&
	    e->what[0] != '\0')
		return true;
	tap_note("code %d: %s", (int)e->code, e->what);
	return false;
}

/* Opens and adds five; counts what was acknowledged. False when a failure is not told sensibly. */
static bool
work(const char *path, long *acknowledged)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	struct pv_store_result r;
	struct pv_store *s;
	struct pv_err e;
	bool good = true;
	char text[20];

	o.vfs = FAULT_VFS;
	if (!pv_ok(pv_store_open(&s, path, &o, &e)))
		return sensible(&e);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "entry %d", i);
		if (add_one(s, text, false, &r) == PV_STORE_DURABLE)
			++*acknowledged;
		else
			good &= sensible(&r.err);
	}
	pv_store_free(s);
	return good;
}

static void
test_each_call(enum fault_kind kind, bool once, const char *name)
{
	const char *path = own("nth"), *fresh = own("nth-fresh");
	uint64_t n = 0;
	bool good = true, kept = true;
	struct pv_store *s;

	remove_store(fresh);
	s = make_journal(fresh);
	struct pv_store_result r;
	add_one(s, "before", false, &r);
	pv_store_free(s);
	do {
		long acknowledged = 1, size;

		copy_store(fresh, path);
		fault_set(kind, ++n, once);
		good &= work(path, &acknowledged);
		fault.kind = FAULT_NONE;
		size = whole_size(path);
		/* one more may be there: it was written when the sync failed, and nobody was told */
		if (size < acknowledged || size > acknowledged + 1) {
			kept = false;
			tap_note("call %llu: %ld acknowledged, %ld there", (unsigned long long)n,
			    acknowledged, size);
		}
	} while (fault.hit && n < 3000);
	tap_ok(good, "%s at each of %llu calls: said clearly", name, (unsigned long long)n - 1);
	tap_ok(kept && n > 5, "%s: nothing half-written, nothing acknowledged is lost", name);
}

/* Making a store fails at each call: it is there whole, or it is not there. */
static void
test_each_call_of_making(void)
{
	const char *path = own("made/store");
	uint64_t n = 0;
	bool good = true, whole = true;

	mkdir(at("made"), 0700);
	do {
		struct pv_store_options o = suite_options(PV_STORE_CREATE);
		struct pv_store *s;
		struct pv_err e;

		remove_store(path);
		o.vfs = FAULT_VFS;
		fault_set(FAULT_DISK, ++n, true);
		if (pv_ok(pv_store_open(&s, path, &o, &e)))
			pv_store_free(s);
		else
			good &= sensible(&e);
		fault.kind = FAULT_NONE;
		whole &= access(path, F_OK) != 0 || whole_size(path) == 0;
	} while (fault.hit && n < 3000);
	tap_ok(good && n > 5, "making a store: a failure at each of %llu calls is said clearly",
	    (unsigned long long)n - 1);
	tap_ok(whole, "making a store: it is there as a whole or not at all");
	remove_store(path);
	/* rmdir succeeds only on an empty folder */
	tap_ok(rmdir(at("made")) == 0, "making a store: nothing is left of the attempts");
}

/* ---- after a failed sync ---- */

static void
test_failed_sync(void)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	const char *path = own("sync");
	struct pv_store_result r;
	struct pv_store *s;
	struct pv_err e;
	uint64_t n = 0;

	pv_store_free(make_journal(path));
	o.vfs = FAULT_VFS;
	if (!tap_ok(
		pv_ok(pv_store_open(&s, path, &o, &e)), "a store on a disk whose sync will fail"))
		return;
	/* the call in a submission that is its sync: the one whose failure leaves the message */
	do {
		fault_set(FAULT_DISK, ++n, true);
		add_one(s, "x", false, &r);
		fault.kind = FAULT_NONE;
	} while (r.outcome == PV_STORE_FAILED && add_one(s, "y", false, &r) == PV_STORE_DURABLE &&
		 n < 100);
	tap_ok(r.outcome == PV_STORE_FAILED && r.err.code == PV_E_CONFIG,
	    "after a failed sync nothing more is written, though the disk works again");
	tap_note("%s", r.err.what);
	pv_store_free(s);
	tap_ok(whole_size(path) >= 0, "until it is opened anew");
}

/* ---- without power ---- */

static void
test_power_cut(void)
{
	struct pv_store_options o = suite_options(PV_STORE_WRITE);
	const char *path = own("power");
	PV_AUTO(pv_freep) char *text = pv_alloc(60001), *image = pv_strdup(at("image"));
	struct pv_store_result r;
	struct pv_store *s;
	struct pv_err e;
	bool kept = true;
	long n = 0;

	mkdir(image, 0700);
	pv_store_free(make_journal(path));
	copy_store(path, at("image/power"));
	fault_set(FAULT_NONE, 0, false);
	fault.image = image;
	o.vfs = FAULT_VFS;
	memset(text, 'x', 60000);
	if (!tap_ok(pv_ok(pv_store_open(&s, path, &o, &e)), "a store whose power will be cut"))
		return;
	/* 15 pages each and more: the log is copied into the file and begins anew several times */
	for (; n < 160 && kept; n++) {
		if (add_one(s, n % 2 == 0 ? text : "short", false, &r) != PV_STORE_DURABLE)
			break;
		if (n % 4 != 3 && n % 71 > 3)
			continue;
		copy_store(at("image/power"), at("after"));
		kept = whole_size(at("after")) >= n + 1;
	}
	if (!kept)
		tap_note("%ld acknowledged, %ld there", n, whole_size(at("after")));
	tap_ok(kept && n == 160, "what was acknowledged is there with only what was synced before");
	fault.image = NULL;
	pv_store_free(s);
}

/* ---- full ---- */

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Root of a name space of our own, which may mount. */
static bool
become_root_here(void)
{
	char uids[40], gids[40];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)getuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER) == 0 && write_text("/proc/self/uid_map", uids) &&
	       write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", gids);
}

/* A small file system of our own, where that is allowed. */
static bool
mount_small(const char *path, const char *options)
{
	mkdir(path, 0700);
	return (getuid() == 0 || become_root_here()) && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", path, "tmpfs", 0, options) == 0;
}

/* Fills what is left of the disk. */
static void
fill_disk(const char *path)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (fd >= 0 && write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

static void
test_full_disk(void)
{
	struct pv_store_options o = suite_options(PV_STORE_CREATE);
	struct pv_store_change c[2] = { new_log(ORDERS, PV_STORE_ORDER_LOG),
		new_log(JOURNAL, PV_STORE_JOURNAL) };
	struct pv_store_entry order = entry_of("an order");
	struct pv_store_change stop = append_of(ORDERS, &order, 1);
	struct pv_store_submission urgent = { .changes = &stop, .n = 1, .urgent = true };
	struct pv_store_result r;
	struct pv_store_info before, after;
	struct pv_store *s;
	struct pv_err e;
	const char *path;
	long n = 0, orders = 0;

	path = own("small/store");
	o.reserve_bytes = 2 << 20;
	if (!tap_ok(
		pv_ok(pv_store_open(&s, path, &o, &e)), "a store with a reserve on a small disk"))
		return;
	apply(s, c, 2, &r);
	while (add_one(s, "before", false, &r) == PV_STORE_DURABLE && ++n < 20)
		;
	fill_disk(at("small/filler"));
	while (add_one(s, "a journal entry", false, &r) == PV_STORE_DURABLE && ++n < 100000)
		;
	tap_ok(r.outcome == PV_STORE_FAILED && r.err.code == PV_E_CONFIG &&
		   strcmp(r.err.what,
		       "the journal cannot be written (no space on the store's disk)") == 0,
	    "a full disk: the journal says that it cannot be written, and why");
	tap_note("%s; %s", r.err.what, r.err.fix);
	pv_ignore(pv_store_info_get(s, &before, &e));
	tap_ok(before.reserve_bytes == 2 << 20, "the reserve is untouched by what may wait");
	for (int i = 0; i < 50; i++)
		orders +=
		    pv_ok(pv_store_apply(s, &urgent, &r, &e)) && r.outcome == PV_STORE_DURABLE;
	tap_ok(orders == 50, "50 orders still get in");
	pv_ignore(pv_store_info_get(s, &after, &e));
	tap_ok(after.reserve_bytes < before.reserve_bytes && after.reserve_bytes > 0,
	    "for which a part of the reserve was given up");
	tap_ok(add_one(s, "again", false, &r) == PV_STORE_FAILED && r.err.code == PV_E_CONFIG,
	    "what may wait still waits: it does not eat what was given up");
	pv_store_free(s);
	fill_disk(at("small/filler2"));
	o.mode = PV_STORE_WRITE;
	tap_ok(pv_ok(pv_store_open(&s, path, &o, &e)), "a store on a full disk opens");
	tap_ok(pv_ok(pv_store_apply(s, &urgent, &r, &e)), "and takes an order");
	unlink(at("small/filler"));
	unlink(at("small/filler2"));
	if (!tap_ok(add_one(s, "with space", false, &r) == PV_STORE_DURABLE,
		"with space again all goes on"))
		tap_note("%s", r.err.what);
	pv_ignore(pv_store_info_get(s, &after, &e));
	tap_ok(after.reserve_bytes == 2 << 20, "and the reserve is whole again");
	tap_ok(pv_ok(pv_store_check(s, &e)), "the whole is what it says");
	pv_store_free(s);
	tap_ok(whole_size(path) == n + 1, "each acknowledged entry is there");
}

/* No rights to mount: a limit on the length of files stands for the disk. */
static void
test_file_limit(void)
{
	const char *path = own("limited");
	struct pv_store *s = make_journal(path);
	struct rlimit limit, before;
	struct pv_store_result r;
	long n = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 400000;
	setrlimit(RLIMIT_FSIZE, &limit);
	while (add_one(s, "until it is too long", false, &r) == PV_STORE_DURABLE && ++n < 100000)
		;
	tap_ok(n > 5 && r.err.code == PV_E_CONFIG && strstr(r.err.what, "no space") != NULL,
	    "files that may not grow: said as no space, after %ld entries", n);
	setrlimit(RLIMIT_FSIZE, &before);
	tap_note("%s", r.err.what);
	tap_ok(add_one(s, "without the limit", false, &r) == PV_STORE_DURABLE,
	    "and it goes on without the limit");
	pv_store_free(s);
	tap_ok(whole_size(path) == n + 1, "each acknowledged entry is there");
}

static void
test_read_only_disk(void)
{
	struct pv_store_options o = suite_options(PV_STORE_READ);
	const char *path = own("small/ro");
	struct pv_store_view *v = NULL;
	struct pv_store_result r;
	struct pv_store_head head;
	struct pv_store *s = make_journal(path);
	struct pv_err e;
	bool found;

	add_one(s, "x", false, &r);
	pv_store_free(s);
	if (mount(NULL, at("small"), NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
		tap_note("the disk cannot be made read-only here (%s)", strerror(errno));
		return;
	}
	tap_ok(pv_ok(pv_store_open(&s, path, &o, &e)) && pv_ok(pv_store_view_open(&v, s, &e)) &&
		   pv_ok(pv_store_log_head(v, JOURNAL, &head, &found, &e)) && head.size == 1,
	    "a store on a read-only disk is read");
	pv_store_view_free(v);
	pv_store_free(s);
	o.mode = PV_STORE_WRITE;
	if (pv_ok(pv_store_open(&s, path, &o, &e))) {
		add_one(s, "y", false, &r);
		e = r.err;
		pv_store_free(s);
	}
	tap_ok(e.code == PV_E_CONFIG && strstr(e.what, "ead-only") != NULL,
	    "to write to it is refused, and why");
	tap_note("%s", e.what);
}

static void
test_on_small_disk(void)
{
	if (!mount_small(at("small"), "size=6m")) {
		tap_note("no rights to mount: a full and a read-only disk are not tried (a limit "
			 "on files is)");
		return;
	}
	test_full_disk();
	test_read_only_disk();
	umount2(at("small"), MNT_DETACH);
}

/* ---- damaged ---- */

static bool
overwrite(const char *path, long offset, size_t n)
{
	FILE *f = fopen(path, "r+b");
	bool ok = f != NULL && fseek(f, offset, SEEK_SET) == 0;

	for (size_t i = 0; ok && i < n; i++)
		ok = fputc(0xa5, f) != EOF;
	if (f != NULL)
		fclose(f);
	return ok;
}

/* Each page in turn is overwritten: it is found out, or it was free. Never is something else read than was written. */
static void
test_damaged_pages(void)
{
	const char *path = own("pages"), *copy = own("pages-copy");
	struct pv_store_result r;
	struct pv_store *s = make_journal(path);
	struct stat st;
	long pages, found = 0, other = 0, still_good = 0;
	char text[400];

	memset(text, 'e', sizeof(text));
	for (int i = 0; i < 120; i++) {
		snprintf(text, sizeof(text), "%0300d", i);
		add_one(s, text, false, &r);
	}
	pv_store_free(s);
	stat(path, &st);
	pages = st.st_size / 4096;
	for (long page = 0; page < pages; page++) {
		struct pv_store_options o = suite_options(PV_STORE_WRITE);
		struct pv_err e = { 0 };

		copy_store(path, copy);
		overwrite(copy, page * 4096, 16);
		s = NULL;
		if (pv_ok(pv_store_open(&s, copy, &o, &e)) && pv_ok(pv_store_check(s, &e)))
			still_good++;
		else if (e.code == PV_E_UNTRUSTED)
			found++;
		else {
			other++;
			tap_note("page %ld: code %d: %s", page, (int)e.code, e.what);
		}
		pv_store_free(s);
	}
	tap_ok(found >= pages - 2 && other == 0,
	    "an overwritten page is found out: %ld of %ld (%ld were unused there)", found, pages,
	    still_good);
	copy_store(path, copy);
	if (truncate(copy, st.st_size / 2) == 0)
		tap_ok(whole_size(copy) == -1, "a file cut in half is found out");
}

/* A byte of an entry is changed by somebody who knows how the file is built: the pages are sound, the tree is not. */
static void
test_edited_entry(void)
{
	const char *path = own("edited");
	struct pv_store_result r;
	struct pv_store *s = make_journal(path);
	PV_AUTO(pv_freep) char *all = pv_alloc(1 << 20);
	struct pv_err e;
	char *p;
	FILE *f;
	size_t n;

	add_one(s, "nobody may change this sentence", false, &r);
	pv_store_free(s);
	f = fopen(path, "r+b");
	n = fread(all, 1, 1 << 20, f);
	p = memmem(all, n, "nobody may change", 17);
	if (p != NULL) {
		fseek(f, p - all, SEEK_SET);
		fputc('N', f);
	}
	/* the row beside it holds the text too: change the entry's copy wherever it lies */
	if (p != NULL &&
	    (p = memmem(p + 1, n - (size_t)(p + 1 - all), "nobody may change", 17)) != NULL) {
		fseek(f, p - all, SEEK_SET);
		fputc('N', f);
	}
	fclose(f);
	s = open_or_die(path, PV_STORE_WRITE);
	tap_ok(!pv_ok(pv_store_check(s, &e)) && e.code == PV_E_UNTRUSTED &&
		   strstr(e.what, "entry 0") != NULL,
	    "an edited entry is found out, by number");
	tap_note("%s", e.what);
	pv_store_free(s);
}

/* The write-ahead log cut anywhere: what is left is a whole, earlier moment. */
static void
test_torn_log(void)
{
	const char *path = own("torn"), *copy = own("torn-copy");
	struct pv_store_result r;
	struct pv_store *s = make_journal(path);
	char wal[600];
	struct stat st;
	bool whole = true, grows = true;
	long last = 0;

	for (int i = 0; i < 40; i++)
		add_one(s, "an entry that will be torn", false, &r);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	stat(wal, &st);
	srandom(1);
	for (int i = 0; i <= 60; i++) {
		long size, cut = i == 60 ? st.st_size : st.st_size * i / 60 + random() % 4000;

		copy_store(path, copy);
		snprintf(wal, sizeof(wal), "%s-wal", copy);
		if (cut < st.st_size && truncate(wal, cut) != 0)
			return;
		size = whole_size(copy);
		whole &= size >= 0;
		grows &= size >= last;
		last = size;
	}
	pv_store_free(s);
	tap_ok(whole, "a log torn at any place: the store opens, whole");
	tap_ok(grows && last == 40, "and with all that came before the tear");
}

int
main(void)
{
	folder = suite_folder_make();
	fault_vfs_add();
	test_each_call(FAULT_DISK, true, "one failing call");
	test_each_call(FAULT_DISK, false, "a disk that fails from a call on");
	test_each_call(FAULT_SPACE, false, "a disk that is full from a call on");
	test_each_call_of_making();
	test_failed_sync();
	test_power_cut();
	test_file_limit();
	test_damaged_pages();
	test_edited_entry();
	test_torn_log();
	test_on_small_disk();
	suite_folder_remove(folder);
	return tap_done();
}
