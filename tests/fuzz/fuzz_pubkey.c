/* SPDX-License-Identifier: Apache-2.0 */
/* A public key that is read, from DER or PEM, is written and read again as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_key(const struct pv_wrap_pub *k)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *again = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	struct pv_err e;

	pv_wrap_pub_write(&pem, k);
	if (!pv_ok(pv_wrap_pub_read(&again, pv_buf_slice(&pem), &e)) ||
	    !pv_slice_eq(pv_wrap_pub_spki(k), pv_wrap_pub_spki(again)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *der = NULL;
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *pem = NULL;
	struct pv_slice in = pv_slice_mem(data, size);
	struct pv_err e;

	if (pv_ok(pv_wrap_pub_read_der(&der, in, &e)))
		check_key(der);
	if (pv_ok(pv_wrap_pub_read(&pem, in, &e)))
		check_key(pem);
	return 0;
}
