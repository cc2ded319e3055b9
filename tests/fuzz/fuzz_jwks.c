/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that an issuer publishes. */
#include "base/mem.h"
#include "crypto/jwt.h"

#include <stdlib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_jwks_freep) struct pv_jwks *s = NULL;
	struct pv_err e;

	if (!pv_ok(pv_jwks_read(&s, pv_slice_mem(data, size), &e)))
		return 0;
	if (pv_jwks_count(s) > PV_JWKS_KEYS || pv_jwks_find(s, PV_SLICE("x"), PV_JWT_NONE) != NULL)
		abort();
	return 0;
}
