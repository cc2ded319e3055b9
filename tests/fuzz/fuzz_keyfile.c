/* SPDX-License-Identifier: Apache-2.0 */
/* A key file that is read and not locked is written as it was. Unlocking is left out: it is slow on purpose. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_file(struct pv_slice in)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };
	struct pv_env env = pv_env_system();
	struct pv_err e;

	if (!pv_ok(pv_keyfile_read(&k, in, &e)) || pv_keyfile_locked(k))
		return;
	if (!pv_ok(pv_keyfile_write(&b, k, NULL, &env, &e)) || !pv_slice_eq(pv_buf_slice(&b), in))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	char sum[2 * PV_HASH + 1];

	check_file(pv_slice_mem(data, size));
	/* and with the sum that it would need, to get behind it */
	pv_buf_add_mem(&b, data, size);
	pv_hash_hex(pv_buf_slice(&b), sum);
	pv_buf_addf(&b, "sum %s\n", sum);
	check_file(pv_buf_slice(&b));
	return 0;
}
