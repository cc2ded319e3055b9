/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

static bool
within(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* The table of RFC 3629 section 4: only the second byte has limits of its own. */
size_t
pv_utf8_step(struct pv_slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = within(p[0], 0xc2, 0xdf)   ? 2
	    : within(p[0], 0xe0, 0xef) ? 3
	    : within(p[0], 0xf0, 0xf4) ? 4
				       : 0;
	if (n == 0 || s.n < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (!within(p[1], low, high))
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!within(p[i], 0x80, 0xbf))
			return 0;
	return n;
}

size_t
pv_utf8_valid(struct pv_slice s)
{
	size_t i = 0;

	while (i < s.n) {
		uint64_t eight;
		size_t step;

		if (s.n - i >= sizeof(eight)) {
			memcpy(&eight, s.p + i, sizeof(eight));
			if ((eight & 0x8080808080808080u) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		step = pv_utf8_step((struct pv_slice){ s.p + i, s.n - i });
		if (step == 0)
			return i;
		i += step;
	}
	return i;
}

size_t
pv_utf8_put(char out[4], uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}
