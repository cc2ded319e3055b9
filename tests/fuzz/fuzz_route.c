/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a front reads of a request before an edge does: the first line is a
 * path, met with the routes of all edges; the second the value of Authorization;
 * the third one of X-Forwarded-For.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/front.h"
#include "gateway/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pv_route *const tables[] = { PV_EDGE_TABLES };

static void
route(struct pv_slice path, struct pv_arena *a)
{
	static const enum pv_method methods[] = { PV_GET, PV_HEAD, PV_POST, PV_DELETE,
		PV_METHOD_OTHER };

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		struct pv_slice part[PV_PARTS_MAX] = { 0 };
		const struct pv_route *r;
		unsigned table = 0, allowed;

		if (pv_route_find(tables, sizeof(tables) / sizeof(*tables), methods[i], path, a, &r,
			&table, part, &allowed) != PV_ROUTE_FOUND)
			continue;
		if (r == NULL || table >= sizeof(tables) / sizeof(*tables) ||
		    methods[i] == PV_METHOD_OTHER)
			abort();
		for (size_t k = 0; k < PV_PARTS_MAX; k++)
			if (part[k].n > path.n)
				abort();
	}
}

static void
authorize(struct pv_slice value, struct pv_arena *a)
{
	for (int basic = 0; basic < 2; basic++) {
		struct pv_credential c = { 0 };
		const char *why = NULL;
		int status = 0;

		if (!pv_authorization_read(value, basic != 0, a, &c, &status, &why) &&
		    (why == NULL || status < 400))
			abort();
		if ((c.kind == PV_CRED_BASIC && basic == 0) || c.kind == PV_CRED_TLS ||
		    c.text.n + c.secret.n > value.n)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_slice names[] = { { "192.0.2.7", 9 } };
	static const struct pv_config_names proxies = { names, 1 };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_slice rest = pv_slice_mem(data, size), line;

	if (pv_slice_next(&rest, '\n', &line))
		route(line, a);
	if (pv_slice_next(&rest, '\n', &line))
		authorize(line, a);
	if (pv_slice_next(&rest, '\n', &line) && pv_forwarded_for(names[0], line, &proxies).n > 64)
		abort();
	return 0;
}
