/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal digits, in lower case and nothing else. */
#ifndef PV_CODEC_HEX_H
#define PV_CODEC_HEX_H

#include "base/buf.h"
#include "base/slice.h"

void pv_hex_write(struct pv_buf *out, struct pv_slice bytes);
/* Appends the bytes; false, and out as it was, for an odd length or anything but 0-9 and a-f. */
bool pv_hex_read(struct pv_buf *out, struct pv_slice text);
/* The same for a known number of bytes, such as a digest: text must be 2 * n digits. */
bool pv_hex_read_n(void *out, size_t n, struct pv_slice text);

#endif
