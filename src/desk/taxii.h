/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STIX objects and the collections they stand in, as a TAXII server needs them.
 *
 * An object is a report whose content is one STIX object: it has a label, which
 * is made from its markings and from what an officer set for the collection,
 * and each time it leaves that is decided by the label. One API root is one
 * purpose. A collection is a topic or an originator, and is there for whom some
 * agreement gives a right to it: nothing about collections is configured but
 * the label of what comes in unmarked.
 *
 * At rest the content of an object is sealed under a key that erasure destroys
 * (at most PV_TAXII_CHUNK objects of one push share one; deleting one of them
 * seals the others anew); its id, type, version, place and label lie in the
 * store as they are, since by them it is found.
 *
 * date_added is the place of an object: microseconds, no two alike, and in the
 * order in which objects became visible. What an order kept from a reader is
 * not passed over: once the order is over it gets new places, for that reader
 * in that collection and for that purpose alone.
 */
#ifndef PV_DESK_TAXII_H
#define PV_DESK_TAXII_H

#include "desk/batch.h"
#include "desk/caller.h"
#include "wire/stix.h"

#define PV_TAXII_CHANNEL     PV_SLICE("exchange.taxii")
#define PV_TAXII_CHUNK       64
#define PV_TAXII_LIMIT       100  /* objects of a page when the client does not say */
#define PV_TAXII_LIMIT_MAX   1000 /* and never more */
#define PV_TAXII_BODY_MAX    (10u << 20)
#define PV_TAXII_OBJECTS_MAX 20000 /* of one push */
#define PV_TAXII_STATUS_S    86400

/* What comes of a question; the edge gives each its HTTP status. */
enum pv_taxii_result {
	PV_TAXII_NOT_FOUND = 0,
	PV_TAXII_OK,
	PV_TAXII_FORBIDDEN,
	PV_TAXII_BAD,   /* why says what is wrong with the question */
	PV_TAXII_AGAIN, /* an order arrived, or no fresh proof: nothing was given, nothing is lost */
};

/* ---- roots and collections ---- */

/* The purposes that who may state and that some agreement of its has: its API roots. */
PV_RESULT pv_taxii_roots(struct pv_desk *d, const struct pv_caller *who, struct pv_arena *a,
    struct pv_names *purposes, struct pv_err *e);
bool pv_taxii_root_ok(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_slice *title);

struct pv_taxii_collection {
	struct pv_slice id;    /* shaped as a UUID of version 4, the same for ever */
	struct pv_slice alias; /* "topics.narcotics.maritime", "parties.us.coast-guard" */
	struct pv_slice title, description;
	bool can_read, can_write;
	bool has_default;     /* unmarked objects are taken */
	bool topic;           /* else by originator */
	struct pv_slice name; /* of the topic or the party */
};
/* Those that who may know of under that root, by alias. */
PV_RESULT pv_taxii_collections(struct pv_desk *d, const struct pv_caller *who,
    struct pv_slice purpose, struct pv_arena *a, const struct pv_taxii_collection **out, size_t *n,
    struct pv_err *e);
PV_RESULT pv_taxii_collection(struct pv_desk *d, const struct pv_caller *who,
    struct pv_slice purpose, struct pv_slice id_or_alias, struct pv_arena *a,
    struct pv_taxii_collection *out, bool *found, struct pv_err *e);

/* ---- labels ---- */

/* The label of an object. What is empty is not said. */
struct pv_taxii_label {
	struct pv_slice originator;
	struct pv_names custodians; /* through whom it came, without this home */
	struct pv_names topics, regions, never;
	bool has_permitted, has_releasable_to;
	struct pv_names permitted, releasable_to;
	enum pv_tlp tlp;
	uint64_t valid_until;
};
/* Canonical JSON. */
void pv_taxii_label_write(const struct pv_taxii_label *l, struct pv_buf *out);
PV_RESULT pv_taxii_label_read(
    struct pv_taxii_label *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);
/* What both say; of two limits the narrower. The originator and chain are those of the first. */
struct pv_taxii_label pv_taxii_label_join(
    const struct pv_taxii_label *first, const struct pv_taxii_label *second, struct pv_arena *a);
bool pv_taxii_label_same(const struct pv_taxii_label *x, const struct pv_taxii_label *y);
/* The case to be judged. added_us: when it came here; 0: it is coming. */
PV_RESULT pv_taxii_case(struct pv_desk *d, const struct pv_taxii_label *l, struct pv_slice object,
    struct pv_slice recipient, struct pv_slice purpose, uint64_t added_us, struct pv_arena *a,
    struct pv_case *out, struct pv_err *e);
/* The condition that our marking of it states. */
struct pv_stix_condition pv_taxii_condition(const struct pv_taxii_label *l);

/* Made from markings. understood: one of them at least says a condition that is understood. */
struct pv_taxii_marked {
	struct pv_taxii_label label;
	bool understood;
};
/* Adds what one marking says to m. giver: who brought it. An error: it says what is not understood, or names unknown. */
PV_RESULT pv_taxii_mark(struct pv_desk *d, struct pv_taxii_marked *m,
    const struct pv_stix_claim *claim, struct pv_slice giver, struct pv_arena *a, struct pv_err *e);
/* Of a claim, for the store. */
void pv_taxii_claim_write(const struct pv_stix_claim *c, struct pv_buf *out);
PV_RESULT pv_taxii_claim_read(
    struct pv_stix_claim *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);

/* What comes in unmarked to a collection by topic. An officer's act, journalled; label NULL takes it away. */
PV_RESULT pv_taxii_default_set(struct pv_desk *d, struct pv_slice topic,
    const struct pv_taxii_label *label, struct pv_slice person, struct pv_arena *a,
    uint64_t *journal_index, struct pv_err *e);
PV_RESULT pv_taxii_default_get(struct pv_desk *d, struct pv_slice topic, struct pv_arena *a,
    struct pv_taxii_label *out, bool *found, struct pv_err *e);

/* ---- what comes in ---- */

struct pv_taxii_object {
	struct pv_slice id, type, spec_version, version;
	struct pv_names markings;
	struct pv_stix_claim claim; /* of a marking-definition */
	struct pv_slice refused;    /* why it was not even read; empty: it was */
	struct pv_slice same;       /* hex SHA-256 of its canonical form */
	uint64_t from, to;          /* its bytes in the tail of the question */
};
struct pv_taxii_push {
	struct pv_slice purpose, collection;
	const struct pv_taxii_object *objects;
	size_t object_count;
};
struct pv_taxii_detail {
	struct pv_slice id, version, message;
};
struct pv_taxii_status {
	enum pv_taxii_result result;
	struct pv_slice why;
	struct pv_slice id;
	uint64_t requested_us;
	const struct pv_taxii_detail *successes, *failures;
	size_t success_count, failure_count;
};
/*
 * The objects of an envelope, for the process that reads foreign bytes; it needs no desk. What is wrong with one object is
 * said in it; an error: the envelope itself is wrong.
 */
PV_RESULT pv_taxii_envelope_read(struct pv_slice text, struct pv_arena *a,
    const struct pv_taxii_object **out, size_t *n, struct pv_err *e);
PV_RESULT pv_taxii_take(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_push *push, struct pv_slice bytes, struct pv_arena *a,
    struct pv_taxii_status *out, struct pv_err *e);
/* The status as TAXII has it (4.3.1), of who's own push, while it is kept. */
PV_RESULT pv_taxii_status_find(struct pv_desk *d, const struct pv_caller *who,
    struct pv_slice purpose, struct pv_slice id, struct pv_arena *a, struct pv_slice *json,
    bool *found, struct pv_err *e);
void pv_taxii_status_write(const struct pv_taxii_status *s, struct pv_buf *out);

/* ---- what goes out ---- */

enum pv_taxii_what {
	PV_TAXII_NOTHING = 0,
	PV_TAXII_OBJECTS,
	PV_TAXII_MANIFEST,
	PV_TAXII_OBJECT,
	PV_TAXII_VERSIONS,
	PV_TAXII_MARKINGS,
};
struct pv_taxii_ask {
	enum pv_taxii_what what;
	struct pv_slice purpose, collection;
	struct pv_slice object; /* OBJECT, VERSIONS */
	struct pv_slice next;   /* a cursor; empty: none */
	bool has_added_after;
	uint64_t added_after; /* microseconds */
	uint64_t limit;       /* 0: PV_TAXII_LIMIT */
	struct pv_names ids, types, versions, specs;
	struct pv_slice url; /* of the gateway, for links to sealed files */
};
struct pv_taxii_answer {
	enum pv_taxii_result result;
	struct pv_slice why;
	bool more;
	struct pv_slice next;
	uint64_t first_us, last_us; /* 0: the page is empty */
	uint64_t count, journal_index;
};
struct pv_taxii_page; /* one on its way */
/*
 * Decides and makes the page, and lays its entry; then, when that is durable, looks again. The body of the answer is
 * appended to body by end.
 */
PV_RESULT pv_taxii_page_begin(struct pv_taxii_page **out, struct pv_batch *b,
    const struct pv_caller *who, const struct pv_taxii_ask *ask, struct pv_arena *a,
    struct pv_err *e);
PV_RESULT pv_taxii_page_end(struct pv_taxii_page *p, struct pv_batch *b,
    struct pv_taxii_answer *out, struct pv_buf *body, struct pv_err *e);
/* Both, with a batch of its own. */
PV_RESULT pv_taxii_page(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, struct pv_arena *a, struct pv_taxii_answer *out,
    struct pv_buf *body, struct pv_err *e);

/* Removes versions of an object, as match[version] and match[spec_version] say; none: all of them. */
PV_RESULT pv_taxii_delete(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, struct pv_arena *a, struct pv_taxii_answer *out,
    struct pv_err *e);

/* The sealed file that a note stands for (ask->object). */
PV_RESULT pv_taxii_sealed(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, struct pv_arena *a, struct pv_taxii_answer *out,
    struct pv_buf *body, struct pv_err *e);

/* An officer offers again what an order, which is over, kept from readers (reopen: hold). */
PV_RESULT pv_taxii_offer(struct pv_desk *d, struct pv_slice order, struct pv_slice person,
    struct pv_arena *a, uint64_t *streams, uint64_t *journal_index, struct pv_err *e);

/* For an officer: what there is. */
struct pv_taxii_row {
	struct pv_slice name; /* of the topic or party */
	bool topic;
	uint64_t objects;
	uint64_t last_us;
	bool has_default;
	struct pv_taxii_label label;      /* the default */
	struct pv_names readers, writers; /* parties with an agreement for it */
};
PV_RESULT pv_taxii_rows(struct pv_desk *d, struct pv_arena *a, const struct pv_taxii_row **out,
    size_t *n, struct pv_err *e);

/* ---- what the edge and the keeper pass to each other besides (desk/call_taxii.c) ---- */

struct pv_taxii_where {
	struct pv_slice purpose, collection, id; /* id: of a status */
};
struct pv_taxii_purposes {
	struct pv_names purposes;
};
struct pv_taxii_known {
	bool found;
	struct pv_slice title;
	const struct pv_taxii_collection *rows;
	size_t count;
};
struct pv_taxii_found {
	bool found;
};
struct pv_taxii_pushed {
	enum pv_taxii_result result;
	struct pv_slice why;
};

#endif
