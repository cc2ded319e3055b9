/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers of the calls log.*, witness.* and register. */
#ifndef PV_DESK_CALL_LOG_H
#define PV_DESK_CALL_LOG_H

#include "desk/logs.h"

struct pv_log_which {
	struct pv_slice log;
	uint64_t index;
};
struct pv_log_tile_ask {
	struct pv_slice log;
	bool bundle;
	uint64_t level, n, width;
};
struct pv_log_found {
	bool found; /* and the tail is it */
};
struct pv_log_keys {
	struct pv_slice party, orders, orders_vkey, journal, journal_vkey, witness_vkey;
	struct pv_names signers;
};
struct pv_witness_add_ask { /* the tail is the checkpoint */
	uint64_t old;
	struct pv_names proof;
};
struct pv_witness_added { /* the tail is the cosignature line */
	uint64_t status, size;
	struct pv_slice why;
};
struct pv_witness_seen_ask {
	struct pv_slice origin;
};
struct pv_register_answer {
	struct pv_slice party;
	bool exercise;
	uint64_t now;
	const struct pv_register_row *rows;
	size_t count;
};

#endif
