/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz harness over the files of a folder, with any compiler: what once broke a parser stays in
 * its corpus and is tried again in the ordinary suite. libFuzzer brings a main() of its own instead.
 *
 *   usage: fuzz_json FOLDER      (TAP: one line a file)
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The file in a block of exactly its size, so that a sanitizer sees a read one byte past its end. NULL
 * when it cannot be read. Not from base/mem.h: no harness need link base for the sake of this.
 */
static uint8_t *
read_whole(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;

	if (f == NULL)
		return NULL;
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (size_t)st.st_size;
		data = malloc(*size > 0 ? *size : 1);
	}
	if (data != NULL && fread(data, 1, *size, f) != *size) {
		free(data);
		data = NULL;
	}
	fclose(f);
	return data;
}

static void
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data = NULL;
	size_t size = 0;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n > 0 && (size_t)n < sizeof(path))
		data = read_whole(path, &size);
	if (data == NULL) {
		tap_ok(false, "%s is read", name);
		return;
	}
	printf("# %s\n", name); /* so that a crash says which input it was */
	fflush(stdout);
	tap_ok(LLVMFuzzerTestOneInput(data, size) == 0, "%s, %zu bytes", name, size);
	free(data);
}

static int
skip_dots(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **found = NULL;
	int n;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &found, skip_dots, alphasort);
	if (n <= 0)
		tap_ok(false, "%s holds inputs (%s)", argv[1],
		    n < 0 ? strerror(errno) : "it is empty");
	for (int i = 0; i < n; i++) {
		replay(argv[1], found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return tap_done();
}
