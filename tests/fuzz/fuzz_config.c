/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's settings: whatever the file has, it is taken or every mistake has words, and nothing is out of its bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* A text that never ends is left behind by libconfig's scanner: once, at a start that fails. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_err *errors;
	struct pv_config c;
	struct pv_err e = { 0 };
	size_t n;

	pv_config_default(&c);
	if (!pv_ok(pv_config_read(
		&c, pv_slice_mem(data, size), "/etc/proviso/provisod.conf", a, &errors, &n, &e))) {
		if (e.what[0] == '\0' || (size <= 1u << 20 && n == 0))
			abort();
		for (size_t i = 0; i < n; i++)
			if (errors[i].what[0] == '\0' || errors[i].source[0] == '\0')
				abort();
	}
	if (c.front.loops < 1 || c.front.loops > 32 || c.log.level < 0 || c.log.level > 4 ||
	    c.limits.calls_per_s < 1)
		abort();
	return 0;
}
