/* SPDX-License-Identifier: Apache-2.0 */
/* What tus 1.0 says in headers of a request: pure, no I/O. */
#ifndef PV_GATEWAY_TUS_H
#define PV_GATEWAY_TUS_H

#include "net/http.h"

#define PV_TUS_META_MAX 1024

/* Upload-Length, Upload-Offset (the name in lower case): once, decimal, no sign. */
bool pv_tus_number(const struct pv_request_head *head, const char *name, uint64_t *out);
/* Of Upload-Metadata the value of "filename", UTF-8; all else in it is passed over. Empty: there is none that reads. */
struct pv_slice pv_tus_filename(const struct pv_request_head *head, struct pv_arena *a);

#endif
