/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct file {
	sqlite3_file base;
	const char *name;   /* NULL: a temporary file */
	sqlite3_file *real; /* lies behind this struct */
};

struct fault fault;

static sqlite3_vfs *real_vfs;

void
fault_set(enum fault_kind kind, uint64_t at, bool once)
{
	fault.kind = kind;
	fault.at = at;
	fault.once = once;
	fault.calls = 0;
	fault.hit = false;
}

/* Whether this call is to fail. grows: it may need space. */
static bool
fails(bool grows)
{
	uint64_t n;

	if (fault.kind == FAULT_NONE || (fault.kind == FAULT_SPACE && !grows))
		return false;
	n = __atomic_add_fetch(&fault.calls, 1, __ATOMIC_ACQ_REL);
	if (n < fault.at || (fault.once && n > fault.at))
		return false;
	fault.hit = true;
	errno = fault.kind == FAULT_SPACE ? ENOSPC : EIO;
	return true;
}

static sqlite3_file *
real(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

/* ---- a file's calls ---- */

static int
f_close(sqlite3_file *f)
{
	return real(f)->pMethods != NULL ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}

static int
f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return fails(false) ? SQLITE_IOERR_READ : real(f)->pMethods->xRead(real(f), p, n, at);
}

static int
f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (!fails(true))
		return real(f)->pMethods->xWrite(real(f), p, n, at);
	/* as a disk does it: a part gets there */
	if (n > 512)
		real(f)->pMethods->xWrite(real(f), p, 512, at);
	errno = fault.kind == FAULT_SPACE ? ENOSPC : EIO;
	return fault.kind == FAULT_SPACE ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int
f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return fails(false) ? SQLITE_IOERR_TRUNCATE : real(f)->pMethods->xTruncate(real(f), size);
}

/* What lies on the disk now for sure. */
static void
copy_to_image(sqlite3_file *f, const char *name)
{
	const char *slash = strrchr(name, '/');
	char path[600], part[65536];
	sqlite3_int64 size = 0;
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", fault.image, slash != NULL ? slash + 1 : name);
	real(f)->pMethods->xFileSize(real(f), &size);
	if ((to = fopen(path, "wb")) == NULL)
		return;
	/* in parts: SQLite reads no more than 128 KiB at once */
	for (sqlite3_int64 at = 0; at < size; at += (sqlite3_int64)sizeof(part)) {
		int n =
		    size - at < (sqlite3_int64)sizeof(part) ? (int)(size - at) : (int)sizeof(part);

		if (real(f)->pMethods->xRead(real(f), part, n, at) == SQLITE_OK)
			fwrite(part, 1, (size_t)n, to);
	}
	fclose(to);
}

static int
f_sync(sqlite3_file *f, int flags)
{
	const char *name = ((struct file *)f)->name;
	int rc;

	if (fails(true))
		return SQLITE_IOERR_FSYNC;
	__atomic_add_fetch(&fault.syncs, 1, __ATOMIC_ACQ_REL);
	rc = real(f)->pMethods->xSync(real(f), flags);
	if (rc == SQLITE_OK && fault.image != NULL && name != NULL)
		copy_to_image(f, name);
	return rc;
}

static int
f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real(f)->pMethods->xFileSize(real(f), size);
}

static int
f_lock(sqlite3_file *f, int kind)
{
	return real(f)->pMethods->xLock(real(f), kind);
}

static int
f_unlock(sqlite3_file *f, int kind)
{
	return real(f)->pMethods->xUnlock(real(f), kind);
}

static int
f_check_reserved(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int
f_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
f_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
f_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int
f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return fails(true) ? SQLITE_IOERR_SHMSIZE
			   : real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int
f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void
f_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int
f_shm_unmap(sqlite3_file *f, int remove)
{
	return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* no memory mapping: every read is a call */
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_check_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_traits,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

/* ---- the VFS ---- */

static int
v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *file = (struct file *)f;
	int rc;

	(void)vfs;
	*file = (struct file){ .name = name, .real = (sqlite3_file *)(file + 1) };
	if (fails((flags & SQLITE_OPEN_CREATE) != 0))
		return SQLITE_CANTOPEN;
	rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
	if (rc == SQLITE_OK)
		f->pMethods = &methods;
	return rc;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	return fails(false) ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

void
fault_vfs_add(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = FAULT_VFS;
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	vfs.xOpen = v_open;
	vfs.xDelete = v_delete;
	sqlite3_vfs_register(&vfs, 0);
}
