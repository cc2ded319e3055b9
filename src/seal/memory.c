/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed files and contents that are in memory. */
#include "seal/seal.h"

static struct pv_status
read_slice(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	const struct pv_slice *bytes = ctx;

	if (at > bytes->n || n > bytes->n - at)
		return PV_FAIL(e, PV_E_BUG, "a read beyond the file");
	if (n > 0)
		memcpy(into, bytes->p + at, n);
	return PV_DONE;
}

struct pv_seal_file
pv_seal_file_of(struct pv_slice *bytes)
{
	return (struct pv_seal_file){ read_slice, bytes, bytes->n };
}

static struct pv_status
append(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	(void)e;
	pv_buf_add(ctx, bytes);
	return PV_DONE;
}

struct pv_seal_sink
pv_seal_sink_of(struct pv_buf *out)
{
	return (struct pv_seal_sink){ append, out };
}

static struct pv_status
pull_slice(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e)
{
	struct pv_slice *rest = ctx;
	size_t n = rest->n < room ? rest->n : room;

	(void)e;
	if (n > 0)
		memcpy(into, rest->p, n);
	*rest = pv_slice_sub(*rest, n, rest->n);
	*got = n;
	return PV_DONE;
}

struct pv_seal_source
pv_seal_source_of(struct pv_slice *rest)
{
	return (struct pv_seal_source){ pull_slice, rest };
}
