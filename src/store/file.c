/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "base/mem.h"

bool
pv_file_sync_folder(const char *path)
{
	PV_AUTO(pv_freep) char *copy = pv_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}
