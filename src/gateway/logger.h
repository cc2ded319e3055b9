/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on stderr, as text or as JSON (one object a line). Under systemd each
 * begins with its <priority>. What came from outside is quoted with its control
 * characters defused; no credential ever gets here.
 */
#ifndef PV_GATEWAY_LOGGER_H
#define PV_GATEWAY_LOGGER_H

#include "base/err.h"
#include "base/slice.h"

enum pv_level {
	PV_LOG_ERROR = 3,
	PV_LOG_WARNING = 4,
	PV_LOG_NOTICE = 5,
	PV_LOG_INFO = 6,
	PV_LOG_DEBUG = 7
};

struct pv_logger {
	const char *who; /* "provisod", "keeper", "front" */
	bool json, priority;
	enum pv_level level; /* what is more talkative is left out */
};

/* Safe from any thread: a line is one write. Further words are pairs: name, value, ..., NULL. */
void pv_log(const struct pv_logger *l, enum pv_level level, const char *event, ...)
    __attribute__((sentinel));
/* From now on; others may be writing lines. */
void pv_log_set(struct pv_logger *l, bool json, enum pv_level level);
/* An error, with its source, line and advice. */
void pv_log_err(
    const struct pv_logger *l, enum pv_level level, const char *event, const struct pv_err *e);

#endif
