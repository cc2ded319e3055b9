/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include "base/mem.h"

int
pv_slice_cmp(struct pv_slice a, struct pv_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n != 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

struct pv_slice
pv_slice_sub(struct pv_slice s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return (struct pv_slice){ from > 0 ? s.p + from : s.p,
		to - from }; /* NULL + 0 is undefined in C */
}

bool
pv_slice_next(struct pv_slice *rest, char sep, struct pv_slice *field)
{
	const char *end;

	if (rest->p == NULL)
		return false;
	end = rest->n != 0 ? memchr(rest->p, sep, rest->n) : NULL;
	if (end == NULL) {
		*field = *rest;
		*rest = PV_NO_SLICE;
		return true;
	}
	*field = (struct pv_slice){ rest->p, (size_t)(end - rest->p) };
	rest->n -= field->n + 1;
	rest->p = end + 1;
	return true;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct pv_slice
pv_slice_trim(struct pv_slice s)
{
	while (s.n != 0 && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
pv_slice_u64(struct pv_slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 20 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(s.p[i] - '0');

		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool
pv_name_under(struct pv_slice x, struct pv_slice root)
{
	if (root.n == 0 || !pv_slice_starts(x, root))
		return false;
	return x.n == root.n || x.p[root.n] == '.';
}

bool
pv_name_ok(struct pv_slice name)
{
	bool in_label = false;

	if (name.n == 0 || name.n > 200)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '.') {
			if (!in_label)
				return false;
			in_label = false;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') {
			in_label = true;
		} else {
			return false;
		}
	}
	return in_label;
}

struct pv_slice
pv_name_parent(struct pv_slice name)
{
	size_t n = name.n;

	while (n > 0 && name.p[n - 1] != '.')
		n--;
	return n == 0 ? PV_NO_SLICE : (struct pv_slice){ name.p, n - 1 };
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Three rows of the table are enough: swaps look two rows back. */
unsigned
pv_name_distance(struct pv_slice a, struct pv_slice b, unsigned limit)
{
	unsigned rows[3][202];

	if (a.n > 200 || b.n > 200 || (a.n > b.n ? a.n - b.n : b.n - a.n) > limit)
		return limit + 1;
	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned same = a.p[i - 1] == b.p[j - 1] ? 0 : 1;

			now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + same);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] && older[j - 2] + 1 < now[j])
				now[j] = older[j - 2] + 1;
		}
	}
	return rows[a.n % 3][b.n] <= limit ? rows[a.n % 3][b.n] : limit + 1;
}
