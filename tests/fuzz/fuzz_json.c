/* SPDX-License-Identifier: Apache-2.0 */
/* What is read has one canonical form, which is read as the same; so is the indented one. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT (1024 * 1024)

static void
insist(bool ok)
{
	if (!ok)
		abort();
}

/* Reads text again and compares its canonical form. */
static void
check_again(struct pv_slice text, struct pv_slice canon)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	struct pv_err e = { 0 };

	insist(pv_ok(pv_json_read(&doc, text, 16 * LIMIT, &e)));
	pv_json_canon(doc, 0, &out);
	insist(pv_slice_eq(pv_buf_slice(&out), canon));
}

static void
check(const struct pv_json *doc)
{
	PV_AUTO(pv_buf_free) struct pv_buf canon = { 0 }, pretty = { 0 };
	struct pv_slice source = pv_json_source(doc);
	const struct pv_json_node *node;

	for (uint32_t i = 0; (node = pv_json_at(doc, i)) != NULL; i++)
		insist(
		    node->from < node->to && node->to <= source.n && node->name_from <= node->from);
	pv_json_canon(doc, 0, &canon);
	pv_json_pretty(doc, 0, &pretty);
	check_again(pv_buf_slice(&canon), pv_buf_slice(&canon));
	check_again(pv_buf_slice(&pretty), pv_buf_slice(&canon));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL, *one = NULL;
	struct pv_slice text = pv_slice_mem(data, size);
	struct pv_err e = { 0 };
	size_t used;

	if (pv_ok(pv_json_read_one(&one, text, LIMIT, 1, &used, &e))) {
		insist(used > 0 && used <= size);
		check(one);
	}
	if (pv_ok(pv_json_read(&doc, text, LIMIT, &e))) {
		insist(one != NULL);
		check(doc);
	} else {
		insist(e.what[0] != '\0' && (e.code == PV_E_LIMIT || (e.line > 0 && e.col > 0)));
	}
	return 0;
}
