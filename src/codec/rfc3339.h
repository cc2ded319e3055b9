/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times in records have one spelling: 2025-11-11T14:07:02Z. No fraction, no
 * other zone, no small letters, no leap second; years 1970 to 9999.
 */
#ifndef PV_CODEC_RFC3339_H
#define PV_CODEC_RFC3339_H

#include "base/buf.h"
#include "base/slice.h"

#define PV_TIME_MAX 253402300799u /* 9999-12-31T23:59:59Z */

/* False, and *seconds untouched, for any other spelling and for days that no calendar has. */
bool pv_time_read(struct pv_slice text, uint64_t *seconds);
/* 2025-11-11T14:07:02Z. What is after PV_TIME_MAX is written as PV_TIME_MAX. */
void pv_time_write(struct pv_buf *out, uint64_t seconds);
/* For people: 2025-11-11 14:07:02 UTC */
void pv_time_write_human(struct pv_buf *out, uint64_t seconds);
/* A length of time for people, cut to one unit: 21 s, 4 min, 3 h, 41 d (hours up to two days). */
void pv_time_write_span(struct pv_buf *out, uint64_t seconds);

#endif
