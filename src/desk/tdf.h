/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign sealed files (OpenTDF, sealed by another's SDK to our key): such a
 * file opens only after an authenticated party registered it and so became its
 * originator, under an agreement's `attribute` (DESIGN 7). From then on it is a
 * report as any other.
 */
#ifndef PV_DESK_TDF_H
#define PV_DESK_TDF_H

#include "desk/report.h"

#define PV_TDF_MAX (UINT64_C(64) << 30)

struct pv_tdf_ask {
	int fd;                    /* the sealed file, from its beginning */
	struct pv_slice attribute; /* by which agreement; empty: the file has one alone */
	/* what is not said of the label is taken from the agreement: topic, region, to whom */
	struct pv_record label;
	const char *name;
	struct pv_slice party, person; /* who registers it; party empty: this home's */
};
struct pv_tdf_answer {
	struct pv_slice agreement;
	struct pv_record label;
	struct pv_share_answer shared;
};
/* Everything in the file is proved with our key: binding, root, each segment; its content's digest is the label's. */
PV_RESULT pv_desk_tdf_register(struct pv_desk *d, struct pv_tdf_ask *ask, struct pv_arena *a,
    struct pv_tdf_answer *out, struct pv_err *e);

/* The same over a gateway: the file is an upload, or on its way to be one. */
struct pv_tdf_call {
	struct pv_slice upload, attribute, id, title;
	struct pv_names topics, regions, never, releasable_to;
};
struct pv_tdf_called {
	struct pv_slice report, agreement;
	struct pv_record label;
	uint64_t size_bytes, journal_index;
};
PV_RESULT pv_remote_tdf_register(struct pv_desk *d, struct pv_tdf_ask *ask, struct pv_arena *a,
    struct pv_tdf_answer *out, struct pv_err *e);

enum pv_tdf_found {
	PV_TDF_UNKNOWN = 0,
	PV_TDF_REGISTERED,
	PV_TDF_CHANGED /* that share was registered, under another policy */
};
/* By the wrapped share (base64) and the policy (base64) of a key access object. */
PV_RESULT pv_tdf_find(struct pv_desk *d, struct pv_slice policy, struct pv_slice wrapped,
    struct pv_arena *a, struct pv_kept *report, enum pv_tdf_found *found, struct pv_err *e);

/* SDKs write attributes in lower case. An empty one is no other's. */
bool pv_tdf_same_attribute(struct pv_slice a, struct pv_slice b);

#endif
