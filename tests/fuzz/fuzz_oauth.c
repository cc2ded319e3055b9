/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a token request: read, or an error that RFC 6749 names. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_oauth_form form;
	const char *why = NULL;
	bool read =
	    size <= PV_OAUTH_BODY_MAX && pv_oauth_read(&form, pv_slice_mem(data, size), a, &why);

	if (size > PV_OAUTH_BODY_MAX)
		return 0;
	if (read && (form.subject_token.n == 0 || form.ask.scope.n > PV_OAUTH_SCOPE))
		abort();
	if (!read && (form.error == NULL || why == NULL))
		abort();
	return 0;
}
