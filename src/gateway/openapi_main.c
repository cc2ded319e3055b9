/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps docs/openapi.json in step with the table of calls.
 *
 *   openapi write ROOT    writes it
 *   openapi check ROOT    TAP: whether it is as it would be written
 */
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "gateway/openapi.h"
#include "tap.h"

static struct pv_buf
read_whole(const char *path)
{
	struct pv_buf b = { 0 };
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return b;
	do {
		n = fread(pv_buf_room(&b, 65536), 1, 65536, f);
		b.n += n;
	} while (n > 0);
	fclose(f);
	return b;
}

static int
write_whole(const char *path, struct pv_slice text)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	printf("%s\n", path);
	return 0;
}

int
main(int argc, char **argv)
{
	PV_AUTO(pv_buf_free) struct pv_buf want = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf now = { 0 };
	struct pv_err e;
	char path[4096];

	if (argc != 3 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0)) {
		fprintf(stderr, "usage: openapi write|check ROOT\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/docs/openapi.json", argv[2]);
	if (!pv_ok(pv_openapi_write_pretty(&want, &e))) {
		fprintf(stderr, "%u:%u: %s\n", e.line, e.col, e.what);
		return 1;
	}
	if (strcmp(argv[1], "write") == 0)
		return write_whole(path, pv_buf_slice(&want));
	now = read_whole(path);
	if (!tap_ok(pv_slice_eq(pv_buf_slice(&now), pv_buf_slice(&want)),
		"docs/openapi.json is as the table of calls says"))
		tap_note("in the build folder: src/gateway/openapi write SOURCE");
	return tap_done();
}
