/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a path meets: segment by segment, what is written out before what stands for anything. */
#include "gateway/front.h"

/* How well a pattern fits, as a number with one digit a segment: 3 written out, 2 {one}, 1 {the rest...}. */
struct fit {
	char digit[16];
	size_t n;
	struct pv_slice part[PV_PARTS_MAX]; /* as sent */
	bool rest[PV_PARTS_MAX];
	size_t parts;
};

static bool
is_variable(struct pv_slice segment, bool *rest)
{
	if (segment.n < 2 || segment.p[0] != '{' || segment.p[segment.n - 1] != '}')
		return false;
	*rest = segment.n > 5 && memcmp(segment.p + segment.n - 4, "...", 3) == 0;
	return true;
}

bool
pv_path_segment(struct pv_slice *rest, struct pv_slice *segment)
{
	const char *slash;

	if (rest->n == 0 || rest->p[0] != '/')
		return false;
	*rest = pv_slice_sub(*rest, 1, rest->n);
	slash = rest->n != 0 ? memchr(rest->p, '/', rest->n) : NULL;
	*segment = pv_slice_sub(*rest, 0, slash != NULL ? (size_t)(slash - rest->p) : rest->n);
	*rest = pv_slice_sub(*rest, segment->n, rest->n);
	return true;
}

static bool
fits(const char *pattern, struct pv_slice path, struct fit *f)
{
	struct pv_slice want = pv_slice_of(pattern), w, p;
	bool rest = false;

	f->n = f->parts = 0;
	while (pv_path_segment(&want, &w)) {
		struct pv_slice whole = path;

		if (f->n == sizeof(f->digit) || !pv_path_segment(&path, &p))
			return false;
		if (!is_variable(w, &rest)) {
			f->digit[f->n++] = 3;
			if (!pv_slice_eq(w, p))
				return false;
			continue;
		}
		if (f->parts == PV_PARTS_MAX || (p.n == 0 && !rest))
			return false;
		f->rest[f->parts] = rest;
		f->part[f->parts++] = rest ? pv_slice_sub(whole, 1, whole.n) : p;
		f->digit[f->n++] = rest ? 1 : 2;
		if (rest)
			return want.n == 0;
	}
	return path.n == 0;
}

static bool
better(const struct fit *a, const struct fit *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] > b->digit[i];
	return a->n > b->n;
}

/* An escaped slash would make two segments of one: no id of ours has it. */
static bool
decode(const struct fit *f, struct pv_arena *a, struct pv_slice part[PV_PARTS_MAX])
{
	for (size_t i = 0; i < f->parts; i++) {
		if (!pv_url_decode(f->part[i], false, a, &part[i]))
			return false;
		if (!f->rest[i] && memchr(part[i].p, '/', part[i].n) != NULL)
			return false;
	}
	return true;
}

enum pv_routed
pv_route_find(const struct pv_route *const *tables, size_t n, enum pv_method method,
    struct pv_slice path, struct pv_arena *a, const struct pv_route **out, unsigned *table,
    struct pv_slice part[PV_PARTS_MAX], unsigned *allowed)
{
	unsigned wanted = method == PV_HEAD ? PV_GET : (unsigned)method;
	struct fit best, one;
	bool known = false;

	*out = NULL;
	*allowed = 0;
	for (size_t t = 0; t < n; t++) {
		for (const struct pv_route *r = tables[t]; r->pattern != NULL; r++) {
			if (!fits(r->pattern, path, &one))
				continue;
			if ((r->methods & wanted) == 0) {
				*allowed |= r->methods;
				if (!known) {
					*out = r;
					*table = (unsigned)t;
				}
				continue;
			}
			if (known && !better(&one, &best))
				continue;
			best = one;
			known = true;
			*out = r;
			*table = (unsigned)t;
		}
	}
	if (!known)
		return *out != NULL ? PV_ROUTE_METHOD : PV_ROUTE_NONE;
	return decode(&best, a, part) ? PV_ROUTE_FOUND : PV_ROUTE_BAD;
}
