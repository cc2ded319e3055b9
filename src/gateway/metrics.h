/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a daemon as Prometheus reads them (text format 0.0.4). They name no party, report or order. */
#ifndef PV_GATEWAY_METRICS_H
#define PV_GATEWAY_METRICS_H

#include "base/buf.h"
#include "gateway/stats.h"

void pv_metrics_write(const struct pv_stats *s, struct pv_buf *out);

#endif
