/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648), so strict that bytes have one text and texts one meaning:
 * no blanks or line ends, nothing after the padding, padding there or not as
 * the form says, and the bits that no byte uses must be zero.
 */
#ifndef PV_CODEC_BASE64_H
#define PV_CODEC_BASE64_H

#include "base/buf.h"
#include "base/slice.h"

enum pv_base64_form {
	PV_BASE64,            /* + and /, padded: PEM, OpenTDF, signed notes */
	PV_BASE64_BARE,       /* + and /, not padded */
	PV_BASE64_URL,        /* - and _, not padded: JOSE */
	PV_BASE64_URL_PADDED, /* - and _, padded */
};

void pv_base64_write(struct pv_buf *out, struct pv_slice bytes, enum pv_base64_form form);
/* Appends the bytes; false, and out->n as it was, when text is not of that form. */
bool pv_base64_read(struct pv_buf *out, struct pv_slice text, enum pv_base64_form form);

#endif
