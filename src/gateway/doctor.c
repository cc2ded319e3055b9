/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

const char *const pv_grave_words[] = { NULL, "opens", "shuts", "slow", NULL };

void
pv_traps_free(struct pv_traps *f)
{
	PV_VEC_FREE(&f->all);
}

void
pv_traps_add(struct pv_traps *f, enum pv_grave grave, struct pv_slice file, unsigned line,
    struct pv_slice what, const char *fix)
{
	*PV_VEC_ADD(&f->all) = (struct pv_trap){
		.grave = grave, .file = file, .line = line, .what = what, .fix = pv_slice_of(fix)
	};
}

PV_RESULT
pv_doctor_read(struct pv_arena *a, const char *path, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s: %s", path, strerror(errno));
	while (got > 0 && b.n <= PV_DOCTOR_BYTES) {
		got = read(fd, pv_buf_room(&b, 65536), 65536);
		b.n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (got < 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s", path);
	if (b.n > PV_DOCTOR_BYTES)
		return PV_FAIL(e, PV_E_LIMIT, "%s is larger than %u bytes", path, PV_DOCTOR_BYTES);
	*out = pv_arena_copy(a, pv_buf_slice(&b));
	return PV_DONE;
}
