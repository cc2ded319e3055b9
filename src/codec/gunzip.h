/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Encoding: gzip (RFC 1952) of small bodies, by libdeflate. */
#ifndef PV_CODEC_GUNZIP_H
#define PV_CODEC_GUNZIP_H

#include "base/buf.h"
#include "base/slice.h"

/* Appends what one member holds, at most max bytes of it. False, and out->n as it was: it is none, more, or followed by more. */
bool pv_gunzip(struct pv_buf *out, struct pv_slice text, size_t max);

#endif
