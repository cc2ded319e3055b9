/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/hex.h"

void
pv_hex_write(struct pv_buf *out, struct pv_slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *to = pv_buf_room(out, bytes.n * 2);

	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];

		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	out->n += bytes.n * 2;
}

/* 0 to 15, or 16. */
static unsigned
digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 16;
}

bool
pv_hex_read_n(void *out, size_t n, struct pv_slice text)
{
	unsigned char *to = out;

	if (text.n % 2 != 0 || text.n / 2 != n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (digit(text.p[i]) > 15)
			return false;
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(digit(text.p[2 * i]) << 4 | digit(text.p[2 * i + 1]));
	return true;
}

bool
pv_hex_read(struct pv_buf *out, struct pv_slice text)
{
	if (!pv_hex_read_n(pv_buf_room(out, text.n / 2), text.n / 2, text))
		return false;
	out->n += text.n / 2;
	return true;
}
