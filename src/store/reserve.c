/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define STEP_BYTES (1u << 20)

void
pv_reserve_open(struct pv_reserve *r, const char *path, uint64_t want)
{
	*r = (struct pv_reserve){ .fd = -1, .want = want, .path = pv_strdup(path) };
	if (want > 0)
		r->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

void
pv_reserve_close(struct pv_reserve *r)
{
	if (r->fd >= 0)
		close(r->fd);
	pv_free(r->path);
	*r = (struct pv_reserve){ .fd = -1 };
}

uint64_t
pv_reserve_left(const struct pv_reserve *r)
{
	struct stat st;

	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return 0;
	return (uint64_t)st.st_size;
}

bool
pv_reserve_fill(struct pv_reserve *r)
{
	uint64_t left = pv_reserve_left(r);

	if (left >= r->want)
		return true;
	if (r->fd < 0)
		r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return false;
	if (posix_fallocate(r->fd, 0, (off_t)r->want) == 0)
		return true;
	/* Some file systems keep what they got before they ran out: that would starve the store. */
	if (pv_reserve_left(r) > left)
		(void)!ftruncate(r->fd, (off_t)left);
	return false;
}

bool
pv_reserve_give(struct pv_reserve *r)
{
	uint64_t left = pv_reserve_left(r);

	if (left == 0 || ftruncate(r->fd, (off_t)(left > STEP_BYTES ? left - STEP_BYTES : 0)) != 0)
		return false;
	/* The blocks are free for others only once the file system has noted it. */
	(void)fsync(r->fd);
	return true;
}
