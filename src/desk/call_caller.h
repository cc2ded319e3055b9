/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers of the calls about callers: who one is, tokens, passports, exchange. Inside of desk/ and gateway/. */
#ifndef PV_DESK_CALL_CALLER_H
#define PV_DESK_CALL_CALLER_H

#include "desk/call.h"
#include "desk/passport.h"

struct pv_whoami {
	struct pv_slice id, party, person;
	struct pv_names roles, purposes;
	bool any_purpose, own, passport;
	uint64_t until;
};

struct pv_token_row {
	struct pv_slice id, binding, party, person;
	struct pv_names roles, purposes;
	uint64_t from, until;
	bool stands;
};
struct pv_tokens_answer {
	const struct pv_token_row *rows;
	size_t count;
	struct pv_slice next;
};
struct pv_token_new_ask {
	struct pv_slice of, party, person;
	struct pv_names roles, purposes;
	uint64_t ttl_s;
};
struct pv_token_new_answer {
	struct pv_token_row row;
	struct pv_slice token;
};
struct pv_token_end_answer {
	bool found;
};

struct pv_passport_new_ask {
	struct pv_slice audience, purpose;
	struct pv_names roles;
	uint64_t ttl_s;
};
struct pv_passport_new_answer {
	bool issued;
	struct pv_slice id, token;
	uint64_t until;
	struct pv_told refused;
};

/* grant_type and the types of tokens are looked at by the edge. */
struct pv_oauth_ask {
	struct pv_slice audience;
	struct pv_names scope; /* purposes, and "role:ROLE" */
};
struct pv_oauth_answer {
	bool issued, passport;
	struct pv_slice token;
	uint64_t seconds;
	struct pv_names scope;
	struct pv_slice why; /* not issued: one line for its own people */
};

#endif
