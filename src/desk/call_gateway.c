/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/call.h"

const struct pv_call pv_calls_gateway[] = {
	{ .name = NULL },
};
