/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/edge.h"

const struct pv_route pv_edge_page[] = {
	{ .pattern = NULL },
};
