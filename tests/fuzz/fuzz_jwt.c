/* SPDX-License-Identifier: Apache-2.0 */
/* A signed token of a stranger: read, looked at, and verified by no key that did not sign it. */
#include "base/mem.h"
#include "crypto/jwt.h"

#include <stdlib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pub[PV_SIGN_PUB] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
		0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
		0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
	PV_AUTO(pv_jwt_freep) struct pv_jwt *t = NULL;
	PV_AUTO(pv_jwks_freep) struct pv_jwks *s = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = NULL;
	const struct pv_jwk *k;
	const struct pv_slice *at;
	struct pv_err e;
	uint64_t time;
	size_t n;

	if (!pv_ok(pv_jwt_read(&t, pv_slice_mem(data, size), &e)))
		return 0;
	if (pv_jwt_alg(t) == PV_JWT_NONE || pv_jwt_kid(t).n > PV_KID_MAX)
		abort();
	a = pv_arena_new();
	s = pv_jwks_of(pv_jwt_kid(t), pub);
	k = pv_jwks_find(s, pv_jwt_kid(t), pv_jwt_alg(t));
	if (k != NULL && pv_jwt_verify(t, k) && pv_jwt_alg(t) != PV_JWT_EDDSA)
		abort();
	pv_ignore(pv_jwt_check_times(t, 1000, 2, &e));
	if (pv_jwt_texts(t, "aud", a, &at, &n) && n > 0 && at == NULL)
		abort();
	if (pv_jwt_time(t, "exp", &time) && !pv_jwt_has(t, "exp"))
		abort();
	return (int)(pv_jwt_text(t, "iss").n & 0);
}
