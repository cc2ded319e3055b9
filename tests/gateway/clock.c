/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a process and what it forks: the clock of the system is as many seconds off as the file CLOCK_FILE
 * says (a 64-bit number, mapped, so that it holds at once, also where files are shut). The clocks that nobody sets go on.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off_s;

__attribute__((constructor)) static void
map_it(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof(*off_s), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (at == MAP_FAILED)
		abort(); /* a test that moves nothing is none */
	off_s = at;
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int done = (int)syscall(SYS_clock_gettime, id, ts);

	if (done == 0 && off_s != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *off_s;
	return done;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;
	int done = clock_gettime(CLOCK_REALTIME, &ts);

	(void)zone;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return done;
}

time_t
time(time_t *out)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
