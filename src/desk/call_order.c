/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/call.h"

const struct pv_call pv_calls_order[] = {
	{ .name = NULL },
};
