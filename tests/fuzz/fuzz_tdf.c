/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole container. The files of the corpus are sealed with shares that are
 * known here (share i: 32 bytes of i + 1), so that inputs get past the lock; what opens there gives as
 * many bytes as it says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seal/seal.h"

static void
open_payload(struct pv_sealed *f)
{
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };
	struct pv_seal_content verified, extracted;
	struct pv_err e;
	bool ok = pv_ok(pv_sealed_verify(f, &verified, &e));

	if (ok != pv_ok(pv_sealed_extract(f, pv_seal_sink_of(&plain), &extracted, &e)))
		abort();
	if (ok && (plain.n != extracted.size || verified.size != extracted.size ||
		      memcmp(verified.sha256, extracted.sha256, 32) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice bytes = pv_slice_mem(data, size);
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_secret *shares[PV_MANIFEST_KEYS_MAX];
	const struct pv_secret *borrowed[PV_MANIFEST_KEYS_MAX];
	struct pv_err e;
	size_t n;

	if (!pv_ok(pv_sealed_open(&f, pv_seal_file_of(&bytes), &e)))
		return 0;
	n = pv_sealed_manifest(f)->access_count;
	for (size_t i = 0; i < n; i++) {
		shares[i] = pv_secret_new(PV_SHARE);
		memset(pv_secret_bytes(shares[i]), (int)i + 1, PV_SHARE);
		borrowed[i] = shares[i];
	}
	if (pv_ok(pv_sealed_unlock(f, borrowed, n, &e)))
		open_payload(f);
	for (size_t i = 0; i < n; i++)
		pv_secret_free(shares[i]);
	return 0;
}
