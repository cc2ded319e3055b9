/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef PV_CODEC_UTF8_H
#define PV_CODEC_UTF8_H

#include "base/slice.h"

/* How many bytes from the beginning of s are UTF-8: s.n when all are. */
size_t pv_utf8_valid(struct pv_slice s);
/* Bytes of the character that s begins with, 0 when it begins with none. */
size_t pv_utf8_step(struct pv_slice s);
/* Writes c, which is no surrogate and at most 0x10ffff, and says how many bytes it took. */
size_t pv_utf8_put(char out[4], uint32_t c);

#endif
