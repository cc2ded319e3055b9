/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway answers to the tool: each line is the answer to one call, in the order in which they are made here.
 * Whatever it says, the desk behind it stands or an error says what is wrong.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "desk/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pv_status
next_line(void *ctx, const struct pv_call *call, struct pv_slice ask, struct pv_slice tail,
    struct pv_buf *answer, struct pv_buf *tail_out, struct pv_err *e)
{
	struct pv_slice *rest = ctx, line;

	(void)call;
	(void)ask;
	(void)tail;
	if (!pv_slice_next(rest, '\n', &line))
		return PV_FAIL(e, PV_E_LIMIT, "there is nothing more");
	pv_buf_add(answer, line);
	pv_buf_add(tail_out, line);
	return PV_DONE;
}

static void
check(struct pv_status st, const struct pv_err *e)
{
	if (!pv_ok(st) && (e->code == PV_OK || e->code == PV_E_BUG || e->what[0] == '\0'))
		abort();
}

static void
look(struct pv_desk *d, struct pv_arena *a)
{
	const struct pv_explanation *why = NULL;
	const struct pv_report_row *reports = NULL;
	const struct pv_order_row *orders = NULL;
	const struct pv_board_row *board = NULL;
	const struct pv_log_entry *entries = NULL;
	const struct pv_can_open *who = NULL;
	struct pv_status_answer status = { 0 };
	struct pv_verify_answer verified = { 0 };
	struct pv_log_ask log = { .log = PV_SLICE("orders") };
	struct pv_matter m = { .report = PV_SLICE("r-1") };
	struct pv_err e = { 0 };
	size_t n = 0;

	check(pv_desk_status(d, a, &status, &e), &e);
	check(pv_desk_orders(d, PV_NO_SLICE, 0, a, &orders, &n, &e), &e);
	check(pv_desk_board(d, PV_NO_SLICE, 0, a, &board, &n, &e), &e);
	check(pv_desk_reports(d, PV_NO_SLICE, a, &reports, &n, &e), &e);
	check(pv_desk_who_can_open(d, &m, 0, a, &who, &n, &e), &e);
	check(pv_desk_explain(
		  d, PV_SLICE("r-1"), PV_SLICE("us"), PV_SLICE("law"), PV_NO_SLICE, 0, a, &why, &e),
	    &e);
	check(pv_desk_log(d, &log, a, &entries, &n, &e), &e);
	check(pv_desk_verify(d, a, &verified, &e), &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pv_slice rest = pv_slice_mem(data, size);
	struct pv_transport t = { .call = next_line, .ctx = &rest };
	struct pv_env env = pv_env_system();
	struct pv_arena *a = pv_arena_new();
	struct pv_desk *d = NULL;
	struct pv_err e = { 0 };
	struct pv_status st;

	if (size > 1 << 16)
		return 0;
	st = pv_desk_remote(&d, &t, NULL, &env, &e);
	check(st, &e);
	if (pv_ok(st))
		look(d, a);
	pv_desk_close(d);
	pv_arena_free(a);
	return 0;
}
