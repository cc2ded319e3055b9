/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server's question: the head of an HTTP request with the door's headers. What is taken is of a known channel, has
 * an address and a path that is clean, and the path is the same when it is read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/doors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

static void
check_path(struct pv_slice target, struct pv_arena *a)
{
	struct pv_slice path, escaped, again;
	char *out;
	size_t n = 0;

	if (!pv_door_path(target, a, &path))
		return;
	insist(path.n != 0 && path.p[0] == '/' && memchr(path.p, '\0', path.n) == NULL);
	for (size_t i = 0; i + 1 < path.n; i++)
		insist(path.p[i] != '/' || path.p[i + 1] != '/');
	insist(
	    memmem(path.p, path.n, "/../", 4) == NULL && memmem(path.p, path.n, "/./", 3) == NULL);
	/* with its marks escaped it is read as itself */
	out = pv_arena_alloc(a, 3 * path.n + 1);
	for (size_t i = 0; i < path.n; i++) {
		static const char hex[] = "0123456789abcdef";
		unsigned char c = (unsigned char)path.p[i];

		if (c != '%' && c != '?' && c != '#') {
			out[n++] = path.p[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	escaped = pv_slice_mem(out, n);
	insist(pv_door_path(escaped, a, &again) && pv_slice_eq(again, path));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_door_route routes[] = {
		{ .channel = { "web", 3 }, .at = { "/a/", 3 }, .topic = { "t", 1 } },
		{ .channel = { "mail", 4 }, .at = { "@x.example", 10 }, .topic = { "t", 1 } },
	};
	static const struct pv_doors_config config = { .routes = routes, .route_count = 2 };
	struct pv_slice text = pv_slice_mem(data, size);
	struct pv_arena *a = pv_arena_new();
	struct pv_request_head *head = PV_ARENA_NEW(a, struct pv_request_head);
	struct pv_door_ask ask;
	struct pv_err e = { 0 };
	const char *why;
	size_t used;
	int status;

	check_path(text, a);
	pv_door_route_find(&config, PV_SLICE("mail"), pv_door_mail(text, a));
	if (pv_request_head_read(head, text, a, &used, &status, &why) == PV_HTTP_DONE &&
	    pv_ok(pv_door_web_read(&ask, head, PV_SLICE("web"), &config, a, &e))) {
		insist(ask.address.n != 0 && ask.direction != PV_DIRECTION_NONE);
		insist(ask.spki.n == 0 || ask.spki.n == 64);
		insist(ask.headers.n <= 16);
	}
	pv_arena_free(a);
	return 0;
}
