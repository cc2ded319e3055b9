/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations of other programs: an error or findings, each whole; and it comes to an end. */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/doctor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

static void
check(struct pv_traps *f)
{
	for (size_t i = 0; i < f->all.n; i++)
		insist(f->all.at[i].grave != PV_GRAVE_NONE && f->all.at[i].what.n != 0 &&
		       f->all.at[i].fix.n != 0 && f->all.at[i].file.n != 0);
	pv_traps_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice text = pv_slice_mem(data, size), main_cf = text, part;
	struct pv_arena *a = pv_arena_new();
	struct pv_traps web = { .a = a }, mail = { .a = a };
	struct pv_err e = { 0 };

	if (size > 65536) {
		pv_arena_free(a);
		return 0;
	}
	if (pv_ok(pv_doctor_nginx_text(&web, text, "nginx.conf", &e)))
		insist(web.doors != 0 || web.all.n != 0);
	check(&web);
	/* main.cf and master.cf, parted by a form feed */
	pv_slice_next(&main_cf, '\f', &part);
	if (pv_ok(pv_doctor_postfix_text(&mail, part, main_cf, "/etc/postfix", &e)))
		insist(mail.doors != 0 || mail.all.n != 0);
	check(&mail);
	pv_arena_free(a);
	return 0;
}
