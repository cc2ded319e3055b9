/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps schema/ and docs/protocol/ in step with the tables.
 *
 *   describe write ROOT    writes schema/KIND.json, and in docs/protocol/KIND.md what stands between the marks
 *   describe check ROOT    TAP: whether they are as they would be written, and the examples on the pages are good
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tap.h"
#include "wire/describe.h"
#include "wire/record.h"

#define BEGIN "<!-- members: written by src/wire/describe -->\n"
#define END   "<!-- /members -->\n"

static const char *root;
static bool checking;

static struct pv_buf
read_whole(const char *path)
{
	struct pv_buf b = { 0 };
	FILE *f = fopen(path, "rb");
	size_t n = 0;

	if (f == NULL)
		return b;
	do {
		n = fread(pv_buf_room(&b, 65536), 1, 65536, f);
		b.n += n;
	} while (n > 0);
	fclose(f);
	return b;
}

/* Compares, or writes. */
static void
settle(const char *path, struct pv_slice now, struct pv_slice want)
{
	FILE *f;

	if (checking) {
		if (!tap_ok(pv_slice_eq(now, want), "%s is as the tables say", path))
			tap_note("in the build folder: src/wire/describe write SOURCE");
		return;
	}
	if (pv_slice_eq(now, want))
		return;
	f = fopen(path, "wb");
	if (f == NULL || fwrite(want.p, 1, want.n, f) != want.n || fclose(f) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	printf("%s\n", path);
}

static void
do_schema(enum pv_kind kind)
{
	char path[4096];
	struct pv_buf now, want = { 0 };

	snprintf(path, sizeof(path), "%s/schema/%s.json", root, pv_kind_name(kind));
	now = read_whole(path);
	pv_schema_write(kind, &want);
	settle(path, pv_buf_slice(&now), pv_buf_slice(&want));
	pv_buf_free(&now);
	pv_buf_free(&want);
}

static const char *
find(struct pv_slice text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what));
}

/* Every ```json block of a page is a record of its kind, in any layout. */
static void
check_examples(const char *path, struct pv_slice page, enum pv_kind kind)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const char *from, *to;
	size_t n = 0;

	while ((from = find(page, "```json\n")) != NULL) {
		struct pv_record r = { .kind = PV_KIND_NONE };
		struct pv_err e = { 0 };

		page = pv_slice_sub(page, (size_t)(from - page.p) + 8, page.n);
		to = find(page, "```");
		if (to == NULL)
			break;
		if (!tap_ok(pv_ok(pv_record_read_text(
				&r, pv_slice_sub(page, 0, (size_t)(to - page.p)), 0, a, &e)) &&
				r.kind == kind,
			"example %zu of %s is good", ++n, path))
			tap_note("%u:%u: %s: %s", e.line, e.col, e.field, e.what);
		page = pv_slice_sub(page, (size_t)(to - page.p) + 3, page.n);
	}
	tap_ok(n > 0, "%s has an example", path);
}

/* kind NONE: the page of what all records have. */
static void
do_page(enum pv_kind kind)
{
	char path[4096];
	struct pv_buf now, want = { 0 };
	struct pv_slice page;
	const char *begin, *end;

	snprintf(path, sizeof(path), "%s/docs/protocol/%s.md", root,
	    kind == PV_KIND_NONE ? "records" : pv_kind_name(kind));
	now = read_whole(path);
	page = pv_buf_slice(&now);
	begin = now.n > 0 ? find(page, BEGIN) : NULL;
	end =
	    begin != NULL ? find(pv_slice_sub(page, (size_t)(begin - page.p), page.n), END) : NULL;
	if (end == NULL) {
		tap_ok(false, "%s is there and has the two marks", path);
	} else {
		pv_buf_add(&want, pv_slice_sub(page, 0, (size_t)(begin - page.p) + strlen(BEGIN)));
		pv_buf_add_c(&want, '\n');
		if (kind == PV_KIND_NONE)
			pv_page_common_write(&want);
		else
			pv_page_write(kind, &want);
		pv_buf_add_c(&want, '\n');
		pv_buf_add(&want, pv_slice_sub(page, (size_t)(end - page.p), page.n));
		settle(path, page, pv_buf_slice(&want));
		if (checking && kind != PV_KIND_NONE)
			check_examples(path, page, kind);
	}
	pv_buf_free(&now);
	pv_buf_free(&want);
}

int
main(int argc, char **argv)
{
	if (argc != 3 || (strcmp(argv[1], "write") != 0 && strcmp(argv[1], "check") != 0)) {
		fprintf(stderr, "usage: %s write|check ROOT\n", argv[0]);
		return 2;
	}
	checking = strcmp(argv[1], "check") == 0;
	root = argv[2];
	do_page(PV_KIND_NONE);
	for (unsigned kind = PV_GENESIS; kind < PV_KIND_COUNT; kind++) {
		do_schema((enum pv_kind)kind);
		do_page((enum pv_kind)kind);
	}
	return checking ? tap_done() : tap_failed != 0;
}
