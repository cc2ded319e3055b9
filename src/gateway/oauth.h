/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a token request (RFC 6749 3.2, RFC 8693 2.1), read and checked. */
#ifndef PV_GATEWAY_OAUTH_H
#define PV_GATEWAY_OAUTH_H

#include "desk/call_caller.h"

#define PV_OAUTH_BODY_MAX 16384
#define PV_OAUTH_SCOPE    32 /* words */

struct pv_oauth_form {
	struct pv_slice subject_token;
	struct pv_oauth_ask ask;
	const char *error; /* not read: the code of RFC 6749 5.2 */
};

/* false: form->error says which error it is, *why what is wrong. Texts live in a. */
bool pv_oauth_read(
    struct pv_oauth_form *form, struct pv_slice body, struct pv_arena *a, const char **why);

#endif
