/* SPDX-License-Identifier: Apache-2.0 */
/* Two entries lie apart within the file, and an exact one is what the writer makes of their bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pv_zip_wanted wanted[PV_ZIP_ENTRIES] = {
	{ { "0.payload", 9 }, UINT64_MAX },
	{ { "0.manifest.json", 15 }, 4096 },
};

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

static struct pv_status
read_at(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	const struct pv_slice *all = ctx;

	(void)e;
	insist(at <= all->n && n <= all->n - at);
	memcpy(into, all->p + at, n);
	return PV_DONE;
}

/* The file again, from its entries; the same but where a stated CRC is wrong. */
static void
check_exact(struct pv_slice all, const struct pv_zip *zip)
{
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *w = pv_zip_writer_new();
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	bool sums = true;

	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++) {
		const struct pv_zip_entry *entry = &zip->entries[i];
		struct pv_slice bytes =
		    pv_slice_sub(all, (size_t)entry->at, (size_t)(entry->at + entry->size));

		sums = sums && pv_zip_crc(0, bytes) == entry->crc;
		pv_zip_begin(w, wanted[i].name, &out);
		pv_zip_add(w, bytes);
		pv_buf_add(&out, bytes);
		pv_zip_end(w, &out);
	}
	pv_zip_finish(w, &out);
	insist(out.n == all.n && (!sums || pv_slice_eq(pv_buf_slice(&out), all)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice all = pv_slice_mem(data, size);
	const struct pv_zip_entry *a, *b;
	struct pv_err e = { 0 };
	struct pv_zip zip;

	if (!pv_ok(pv_zip_read(&zip, (struct pv_zip_file){ read_at, &all, size }, wanted, &e))) {
		insist(e.code == PV_E_UNTRUSTED || e.code == PV_E_LIMIT);
		return 0;
	}
	a = &zip.entries[0];
	b = &zip.entries[1];
	insist(
	    a->at <= size && a->size <= size - a->at && b->at <= size && b->size <= size - b->at);
	insist(a->at + a->size <= b->at || b->at + b->size <= a->at);
	if (zip.exact)
		check_exact(all, &zip);
	return 0;
}
