/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slot 0 holds the mark, slot id the key of that id. Taking keys means: with the
 * file locked, write a batch of fresh random keys at its end, fdatasync, hand
 * them out one by one. So two processes never share a key, and what a crash
 * leaves is unused slots. Never read back what was taken before a crash: its
 * rows were not durable, but its ciphertext may have been seen.
 */
#include "store/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/file.h"

#define COPY_BYTES 65536

static const char mark[PV_STORE_KEY] = "proviso erasable keys, v1\n";

struct pv_keys {
	pthread_mutex_t lock;
	char *path;
	struct pv_env env;
	size_t batch;     /* of the next filling */
	size_t batch_max; /* who takes many makes many at once */
	bool writable;
	int fd;           /* -1: not opened yet */
	uint8_t *pool;    /* wiped as they are taken */
	size_t count;     /* of keys in the pool */
	size_t used;      /* of them */
	uint64_t pool_id; /* of the pool's first key */
};

struct pv_keys *
pv_keys_new(const char *path, size_t batch, bool writable, const struct pv_env *env)
{
	struct pv_keys *k = PV_NEW(struct pv_keys);

	pthread_mutex_init(&k->lock, NULL);
	k->path = pv_strdup(path);
	k->env = *env;
	k->batch = batch;
	k->batch_max = batch < PV_STORE_KEY_BATCH / 16 ? batch * 16
		       : batch < PV_STORE_KEY_BATCH    ? PV_STORE_KEY_BATCH
						       : batch;
	k->writable = writable;
	k->fd = -1;
	k->pool = pv_alloc_n(k->batch_max, PV_STORE_KEY);
	return k;
}

void
pv_keys_free(struct pv_keys *k)
{
	if (k == NULL)
		return;
	if (k->fd >= 0)
		close(k->fd);
	explicit_bzero(k->pool, k->batch_max * PV_STORE_KEY);
	pv_free(k->pool);
	pv_free(k->path);
	pthread_mutex_destroy(&k->lock);
	pv_free(k);
}

bool
pv_keys_there(const struct pv_keys *k)
{
	return __atomic_load_n(&k->fd, __ATOMIC_ACQUIRE) >= 0 || access(k->path, F_OK) == 0;
}

/* Says what the system answered, and whose turn it is. */
static PV_RESULT
failed(const struct pv_keys *k, const char *verb, struct pv_err *e)
{
	int err = errno;

	if (err == ENOSPC || err == EDQUOT || err == EFBIG)
		return PV_FAIL(e, PV_E_CONFIG,
		    "the file of erasable keys \"%s\" cannot be %s (no space on the store's disk)",
		    k->path, verb);
	return PV_FAIL(e, PV_E_CONFIG, "the file of erasable keys \"%s\" cannot be %s (%s)",
	    k->path, verb, strerror(err));
}

static bool
write_all(int fd, const void *p, size_t n, off_t at)
{
	const char *from = p;

	while (n > 0) {
		ssize_t got = pwrite(fd, from, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		from += got;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* A short file reads as zeros, as its end does after a crash. */
static bool
read_slot(int fd, uint64_t id, uint8_t key[PV_STORE_KEY])
{
	memset(key, 0, PV_STORE_KEY);
	return pread(fd, key, PV_STORE_KEY, (off_t)(id * PV_STORE_KEY)) >= 0;
}

/* Of the whole file, between processes. */
static bool
lock_file(int fd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };
	int rc;

	while ((rc = fcntl(fd, F_OFD_SETLKW, &l)) != 0 && errno == EINTR)
		;
	return rc == 0;
}

static void
unlock_file(int fd)
{
	int err = errno;

	(void)lock_file(fd, F_UNLCK);
	errno = err;
}

/* Made under another name and linked, so that it is there as a whole or not at all. */
static bool
make_file(const char *path, const char *part, uint64_t first)
{
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	/* What lies before the first id is a hole: zeros, that is, destroyed. */
	ok = ftruncate(fd, (off_t)(first * PV_STORE_KEY)) == 0 &&
	     write_all(fd, mark, sizeof(mark), 0) && fsync(fd) == 0 &&
	     (link(part, path) == 0 || errno == EEXIST) && pv_file_sync_folder(path);
	close(fd);
	return ok;
}

PV_RESULT
pv_keys_make(struct pv_keys *k, uint64_t first, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf part = { 0 };
	struct pv_status st = PV_DONE;

	pv_buf_addf(&part, "%s.%ld", k->path, (long)getpid());
	pthread_mutex_lock(&k->lock);
	if (!pv_keys_there(k) && !make_file(k->path, pv_buf_str(&part), first))
		st = failed(k, "made", e);
	unlink(pv_buf_str(&part));
	pthread_mutex_unlock(&k->lock);
	return st;
}

static PV_RESULT
open_file(struct pv_keys *k, struct pv_err *e)
{
	uint8_t first[PV_STORE_KEY];
	int fd;

	if (k->fd >= 0)
		return PV_DONE;
	fd = open(k->path, (k->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return failed(k, "opened", e);
	if (!read_slot(fd, 0, first) || memcmp(first, mark, sizeof(mark)) != 0) {
		close(fd);
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "\"%s\" is not a file of erasable keys, or is damaged", k->path);
	}
	__atomic_store_n(&k->fd, fd, __ATOMIC_RELEASE);
	return PV_DONE;
}

/* Fills the pool with fresh keys at the end of the file, durable. */
static PV_RESULT
fill_pool(struct pv_keys *k, struct pv_err *e)
{
	size_t n = k->batch * PV_STORE_KEY;
	struct stat st;
	bool ok;

	k->env.random(k->env.ctx, k->pool, n);
	ok = lock_file(k->fd, F_WRLCK) && fstat(k->fd, &st) == 0;
	if (ok) {
		k->pool_id = ((uint64_t)st.st_size + PV_STORE_KEY - 1) / PV_STORE_KEY;
		ok = write_all(k->fd, k->pool, n, (off_t)(k->pool_id * PV_STORE_KEY)) &&
		     fdatasync(k->fd) == 0;
	}
	unlock_file(k->fd);
	if (!ok)
		return failed(k, "written", e);
	k->used = 0;
	k->count = k->batch;
	k->batch = k->batch * 2 <= k->batch_max ? k->batch * 2 : k->batch_max;
	return PV_DONE;
}

static PV_RESULT
take(struct pv_keys *k, uint64_t *id, uint8_t key[PV_STORE_KEY], struct pv_err *e)
{
	uint8_t *slot;

	PV_TRY(open_file(k, e));
	if (k->used == k->count)
		PV_TRY(fill_pool(k, e));
	slot = k->pool + k->used * PV_STORE_KEY;
	memcpy(key, slot, PV_STORE_KEY);
	explicit_bzero(slot, PV_STORE_KEY);
	*id = k->pool_id + k->used++;
	return PV_DONE;
}

PV_RESULT
pv_keys_take(struct pv_keys *k, uint64_t *id, uint8_t key[PV_STORE_KEY], struct pv_err *e)
{
	struct pv_status st;

	pthread_mutex_lock(&k->lock);
	st = take(k, id, key, e);
	pthread_mutex_unlock(&k->lock);
	return st;
}

PV_RESULT
pv_keys_get(
    struct pv_keys *k, uint64_t id, uint8_t key[PV_STORE_KEY], bool *found, struct pv_err *e)
{
	static const uint8_t destroyed[PV_STORE_KEY];
	struct pv_status st;

	*found = false;
	if (id == 0 || id > INT64_MAX / PV_STORE_KEY || !pv_keys_there(k))
		return PV_DONE;
	pthread_mutex_lock(&k->lock);
	st = open_file(k, e);
	pthread_mutex_unlock(&k->lock);
	PV_TRY(st);
	if (!read_slot(k->fd, id, key))
		return failed(k, "read", e);
	*found = memcmp(key, destroyed, PV_STORE_KEY) != 0;
	return PV_DONE;
}

PV_RESULT
pv_keys_destroy(struct pv_keys *k, uint64_t id, struct pv_err *e)
{
	uint8_t key[PV_STORE_KEY];
	bool found;

	PV_TRY(pv_keys_get(k, id, key, &found, e));
	explicit_bzero(key, sizeof(key));
	if (!found)
		return PV_DONE;
	if (!write_all(k->fd, (const uint8_t[PV_STORE_KEY]){ 0 }, PV_STORE_KEY,
		(off_t)(id * PV_STORE_KEY)) ||
	    fdatasync(k->fd) != 0)
		return failed(k, "written", e);
	return PV_DONE;
}

/* With the file locked against takers, so that the copy ends between two batches. */
static bool
copy_bytes(int from, int to)
{
	uint8_t part[COPY_BYTES];
	ssize_t n;
	off_t at = 0;
	bool ok = lock_file(from, F_RDLCK);

	while (ok && (n = pread(from, part, sizeof(part), at)) != 0) {
		ok = n > 0 && write_all(to, part, (size_t)n, at);
		at += n;
	}
	unlock_file(from);
	explicit_bzero(part, sizeof(part));
	return ok && fsync(to) == 0;
}

static PV_RESULT
copy(struct pv_keys *k, const char *dst, struct pv_err *e)
{
	struct pv_status st = PV_DONE;
	int fd;

	PV_TRY(open_file(k, e));
	fd = open(dst, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG,
		    "the copy of the erasable keys \"%s\" cannot be made (%s)", dst,
		    strerror(errno));
	if (!copy_bytes(k->fd, fd) || !pv_file_sync_folder(dst)) {
		st = failed(k, "copied", e);
		unlink(dst);
	}
	close(fd);
	return st;
}

PV_RESULT
pv_keys_copy(struct pv_keys *k, const char *dst, struct pv_err *e)
{
	struct pv_status st;

	pthread_mutex_lock(&k->lock);
	st = copy(k, dst, e);
	pthread_mutex_unlock(&k->lock);
	return st;
}
