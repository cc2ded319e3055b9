/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request.h"

#include <strings.h>

#include "codec/base64.h"
#include "codec/utf8.h"

static bool
scheme_is(struct pv_slice value, const char *scheme, struct pv_slice *rest)
{
	size_t n = strlen(scheme);

	if (value.n <= n || strncasecmp(value.p, scheme, n) != 0 || value.p[n] != ' ')
		return false;
	*rest = pv_slice_trim(pv_slice_sub(value, n, value.n));
	return true;
}

/* RFC 6750 2.1: b64token */
static bool
is_token(struct pv_slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr("-._~+/=", c) != NULL)))
			return false;
	}
	return text.n != 0;
}

/* RFC 7617: the user ends at the first colon; control characters are none of either. */
static bool
read_basic(struct pv_slice text, struct pv_arena *a, struct pv_credential *out)
{
	struct pv_buf pair = { 0 };
	const char *colon = NULL;
	bool good =
	    pv_base64_read(&pair, text, PV_BASE64) && pv_utf8_valid(pv_buf_slice(&pair)) == pair.n;

	for (size_t i = 0; good && i < pair.n; i++)
		good = (uint8_t)pair.p[i] >= 0x20 && pair.p[i] != 0x7f;
	if (good)
		colon = pair.n != 0 ? memchr(pair.p, ':', pair.n) : NULL;
	if (colon != NULL) {
		struct pv_slice copy = pv_arena_copy(a, pv_buf_slice(&pair));
		size_t at = (size_t)(colon - pair.p);

		out->kind = PV_CRED_BASIC;
		out->text = pv_slice_sub(copy, 0, at);
		out->secret = pv_slice_sub(copy, at + 1, copy.n);
	}
	pv_buf_wipe(&pair);
	return colon != NULL;
}

bool
pv_authorization_read(struct pv_slice value, bool basic, struct pv_arena *a,
    struct pv_credential *out, int *status, const char **why)
{
	struct pv_slice rest;

	*status = 401;
	if (scheme_is(value, "bearer", &rest)) {
		*why = "the bearer token is not of the form of one";
		if (!is_token(rest))
			return false;
		out->kind = PV_CRED_BEARER;
		out->text = rest;
	} else if (basic && scheme_is(value, "basic", &rest)) {
		*why = "the user and password are not in the form of RFC 7617";
		return read_basic(rest, a, out);
	}
	return true;
}

struct pv_slice
pv_forwarded_for(
    struct pv_slice peer, struct pv_slice forwarded, const struct pv_config_names *proxies)
{
	for (size_t i = 0; i < proxies->n; i++) {
		struct pv_slice last = PV_NO_SLICE, one;

		if (!pv_slice_eq(peer, proxies->at[i]))
			continue;
		while (pv_slice_next(&forwarded, ',', &one))
			last = pv_slice_trim(one);
		return last.n != 0 && last.n <= 64 ? last : peer;
	}
	return peer;
}
