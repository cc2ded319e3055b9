/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

static const char std_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool
is_url(enum pv_base64_form form)
{
	return form == PV_BASE64_URL || form == PV_BASE64_URL_PADDED;
}

static bool
is_padded(enum pv_base64_form form)
{
	return form == PV_BASE64 || form == PV_BASE64_URL_PADDED;
}

static uint32_t
byte_at(struct pv_slice s, size_t i)
{
	return i < s.n ? (unsigned char)s.p[i] : 0;
}

void
pv_base64_write(struct pv_buf *out, struct pv_slice bytes, enum pv_base64_form form)
{
	const char *letters = is_url(form) ? url_letters : std_letters;
	char *begin = pv_buf_room(out, (bytes.n / 3 + 1) * 4), *to = begin;
	size_t missing = (3 - bytes.n % 3) % 3; /* letters that stand for no byte */

	for (size_t i = 0; i < bytes.n; i += 3) {
		uint32_t v =
		    byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);

		*to++ = letters[v >> 18];
		*to++ = letters[v >> 12 & 63];
		*to++ = letters[v >> 6 & 63];
		*to++ = letters[v & 63];
	}
	if (is_padded(form))
		memset(to - missing, '=', missing);
	else
		to -= missing;
	out->n += (size_t)(to - begin);
}

/* What a letter stands for, or 64. */
static uint32_t
value_of(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : 64;
}

/* Without its padding; false when that is not as it must be. */
static bool
strip(struct pv_slice *text, enum pv_base64_form form)
{
	if (is_padded(form)) {
		if (text->n % 4 != 0)
			return false;
		for (unsigned i = 0; i < 2 && text->n != 0 && text->p[text->n - 1] == '='; i++)
			text->n--;
	}
	return text->n % 4 != 1;
}

bool
pv_base64_read(struct pv_buf *out, struct pv_slice text, enum pv_base64_form form)
{
	bool url = is_url(form);
	uint32_t v = 0;
	unsigned bits = 0;
	char *to, *begin;

	if (!strip(&text, form))
		return false;
	to = begin = pv_buf_room(out, text.n / 4 * 3 + 3);
	for (size_t i = 0; i < text.n; i++) {
		uint32_t six = value_of(text.p[i], url);

		if (six > 63)
			return false;
		v = v << 6 | six;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (char)(v >> bits & 0xff);
		}
	}
	if ((v & ((1u << bits) - 1)) != 0)
		return false;
	out->n += (size_t)(to - begin);
	return true;
}
