/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STIX 2.1 objects as they come from others: what is checked before one is
 * kept, and what its markings say. The object itself is never printed again
 * from what was read: its bytes are kept as they came.
 *
 * A marking is a claim in one of five languages: ours (an extension of a
 * marking-definition), TLP 1, TLP 2, ACS 3.0, a statement in words. What is in
 * none of them says something that is not understood here, and that is told
 * apart from saying nothing.
 */
#ifndef PV_WIRE_STIX_H
#define PV_WIRE_STIX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/record.h"

#define PV_STIX_OBJECT_MAX (2u << 20) /* bytes of one object */
#define PV_STIX_MARKINGS   64         /* of one object */
#define PV_STIX_LIST       256        /* names in one list of a claim */
#define PV_STIX_UUID       36
#define PV_STIX_EXTENSION  "extension-definition--e99213f7-2e52-4392-a909-c06001142b71"
#define PV_STIX_TLP2       "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
#define PV_STIX_ACS        "extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce"

/* What a marking-definition says, as far as it is understood. */
struct pv_stix_claim {
	bool given;   /* it is a marking-definition */
	bool ours;    /* it has our extension: its conditions are whole */
	bool words;   /* it has a statement */
	bool foreign; /* it says something besides that is not understood here */
	enum pv_tlp tlp;
	bool has_permitted, has_releasable_to;
	struct pv_names permitted, forbidden; /* purposes */
	struct pv_names releasable_to;        /* parties */
	struct pv_names topics, regions;
	struct pv_slice originator;
	uint64_t not_after;
	/* ACS 3.0: actions, to be translated by the vocabulary */
	bool acs, acs_permits; /* acs_permits: what is not denied is permitted */
	struct pv_names acs_permit, acs_deny;
};

struct pv_stix {
	struct pv_slice id, type, spec_version;
	struct pv_slice version;  /* modified, else created, as written; empty: it has neither */
	struct pv_names markings; /* ids, of the whole object and of its parts, each once */
	struct pv_stix_claim claim;
};

/* Reads one object; doc is used again and again. All text of *out lives in a. */
PV_RESULT pv_stix_read(struct pv_stix *out, struct pv_json *doc, struct pv_slice text,
    struct pv_arena *a, struct pv_err *e);

/*
 * The objects of an envelope (TAXII 2.1 3.7), one a call: where the next one stands in text. The whole is checked as it
 * is walked, without a tree of it. Zero it, set text.
 */
struct pv_stix_envelope {
	struct pv_slice text;
	size_t at;
	int state;
	bool seen; /* "objects" */
};
PV_RESULT pv_stix_next(struct pv_stix_envelope *w, struct pv_json *doc, struct pv_slice *object,
    bool *more, struct pv_err *e);

bool pv_stix_type_ok(struct pv_slice type);
/* "type--uuid", lower case; *type may be NULL. */
bool pv_stix_id_ok(struct pv_slice id, struct pv_slice *type);
/* An RFC 3339 time in UTC with any fraction, in microseconds since 1970; what is finer is cut. */
bool pv_stix_time_read(struct pv_slice text, uint64_t *us);
/* Always six digits: TAXII 2.1 2. */
void pv_stix_time_write(struct pv_buf *out, uint64_t us);

/* UUIDs made from a name: version 5 under our extension's UUID; shaped as version 4, from SHA-256. */
void pv_stix_uuid5(struct pv_slice name, char out[PV_STIX_UUID + 1]);
void pv_stix_uuid4(struct pv_slice name, char out[PV_STIX_UUID + 1]);
/* A random one. */
void pv_stix_uuid_of(const uint8_t raw[16], unsigned version, char out[PV_STIX_UUID + 1]);

/* The TLP of one of the nine published marking-definitions; NONE for any other id. */
enum pv_tlp pv_stix_tlp(struct pv_slice marking_id);

/* What a marking of ours says. */
struct pv_stix_condition {
	struct pv_slice originator;
	struct pv_names topics, regions;
	bool has_permitted;
	struct pv_names permitted, never;
	bool has_releasable_to;
	struct pv_names releasable_to;
	enum pv_tlp tlp;
	uint64_t not_after;
	bool no_onward;
};
/*
 * Our marking-definition: the extension, and the same in words for readers that do not know it. The same condition has
 * the same id and the same bytes everywhere. *id lives in a.
 */
void pv_stix_marking_write(
    const struct pv_stix_condition *c, struct pv_arena *a, struct pv_slice *id, struct pv_buf *out);
/* The extension-definition that it refers to. */
void pv_stix_extension_write(struct pv_buf *out);

#endif
