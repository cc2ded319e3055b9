/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints as words, for the telephone. */
#ifndef PV_DESK_WORDS_H
#define PV_DESK_WORDS_H

#include "base/arena.h"
#include "base/buf.h"

/* The first n bytes of a digest, a word each. Eight words are 64 bits: enough against a forger who must hit one digest. */
struct pv_slice pv_words(const uint8_t *digest, size_t n, struct pv_arena *a);

#endif
