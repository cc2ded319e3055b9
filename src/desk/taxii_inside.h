/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of desk/taxii.h. */
#ifndef PV_DESK_TAXII_INSIDE_H
#define PV_DESK_TAXII_INSIDE_H

#include "desk/taxii.h"

/* Flags of a member row. */
#define PV_MEMBER_LAST 1u /* the newest version of the newest spec_version */
#define PV_MEMBER_ONLY 2u /* there is no other version of it here */
#define PV_MEMBER_SPEC 4u /* of its newest spec_version */

/* The keys of members: "t:narcotics.maritime", "p:us.coast-guard". */
struct pv_slice pv_taxii_key(bool topic, struct pv_slice name, struct pv_arena *a);
/* Every collection that an object with this label stands in: its topics, its originator, and what is above them. */
struct pv_names pv_taxii_keys(const struct pv_taxii_label *l, struct pv_arena *a);

/* One process at a time gives out places; held until what it gave is durable. */
struct pv_taxii_lock {
	int fd;
};
PV_RESULT pv_taxii_lock(struct pv_desk *d, struct pv_taxii_lock *l, struct pv_err *e);
void pv_taxii_unlock(struct pv_taxii_lock *l);

/* A number kept by name; 0 when it never was. */
PV_RESULT pv_taxii_number(
    struct pv_store_view *v, const char *name, struct pv_arena *a, uint64_t *out, struct pv_err *e);
struct pv_store_change pv_taxii_number_row(const char *name, uint64_t n, struct pv_arena *a);
#define PV_TAXII_LAST   "objects.last"
#define PV_TAXII_LABELS "objects.labels"
#define PV_TAXII_CURSOR "objects.cursor-key"

PV_RESULT pv_taxii_label_load(struct pv_store_view *v, uint64_t id, struct pv_arena *a,
    struct pv_taxii_label *out, struct pv_err *e);

/* Keys that were fetched for one page. */
struct pv_taxii_keys {
	struct {
		uint64_t id;
		struct pv_aead *aead;
	} at[128];
	size_t n;
	struct pv_buf aad;
};
void pv_taxii_keys_free(struct pv_taxii_keys *k);
/* The bytes of an object's row; *held false: its key was destroyed. */
PV_RESULT pv_taxii_unseal(struct pv_desk *d, struct pv_taxii_keys *keys,
    const struct pv_store_row *row, struct pv_arena *a, struct pv_slice *out, bool *held,
    struct pv_err *e);
struct pv_slice pv_taxii_seal(struct pv_desk *d, struct pv_aead *aead, struct pv_slice stix,
    uint64_t added, struct pv_slice bytes, struct pv_arena *a);

/* All versions of an object that are here, in their order; rows without their bytes' meaning. */
PV_RESULT pv_taxii_versions(struct pv_store_view *v, struct pv_slice id, struct pv_arena *a,
    struct pv_store_row **rows, size_t *n, struct pv_err *e);
/* Before, same or after: by time, then as text. */
int pv_taxii_version_cmp(struct pv_slice x, struct pv_slice y);
/* The same moment, however many digits it has. */
bool pv_taxii_version_same(struct pv_slice x, struct pv_slice y);
/* The rows of all memberships of all versions of one object, with true flags. */
PV_RESULT pv_taxii_member_rows(struct pv_store_view *v, const struct pv_store_row *versions,
    size_t n, const struct pv_taxii_label *labels, struct pv_arena *a,
    struct pv_store_change **changes, size_t *change_count, struct pv_err *e);

/* ---- cursors (taxii_cursor.c) ---- */

/* The cursor for what is after place; it says its filters itself where they are short. */
PV_RESULT pv_taxii_cursor_write(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, uint64_t place, struct pv_arena *a, struct pv_slice *out,
    struct pv_err *e);
/*
 * Reads ask->next: *ok false: it is not one of ours, or not for this question. Filters that the question leaves out are
 * put into ask; *place is where to go on.
 */
PV_RESULT pv_taxii_cursor_read(struct pv_desk *d, const struct pv_caller *who,
    struct pv_taxii_ask *ask, struct pv_arena *a, uint64_t *place, bool *ok, struct pv_err *e);

/* What a cursor says, without its MAC. Pure. The second reads into ask as above. */
void pv_taxii_cursor_text_write(const struct pv_taxii_ask *ask, uint64_t place, struct pv_buf *out);
bool pv_taxii_cursor_text_read(
    struct pv_taxii_ask *ask, struct pv_slice text, struct pv_arena *a, uint64_t *place);

/* An id for the note that stands for a sealed object; and back. */
PV_RESULT pv_taxii_stub_id(
    struct pv_desk *d, uint64_t added, struct pv_arena *a, struct pv_slice *out, struct pv_err *e);
PV_RESULT pv_taxii_stub_read(
    struct pv_desk *d, struct pv_slice id, uint64_t *added, bool *is, struct pv_err *e);

/* ---- the order in which one reader sees a collection (taxii_stream.c) ---- */

struct pv_taxii_item {
	uint64_t place; /* date_added, for this reader */
	uint64_t added; /* where it lies */
	struct pv_slice stix, version, type, spec;
	uint64_t label;
	unsigned flags;
};
struct pv_taxii_gap {
	uint64_t label, from, to;
	enum { PV_GAP_OPEN = 0, PV_GAP_RELEASED, PV_GAP_OFFERED } state;
	struct pv_slice orders;
};
struct pv_taxii_stream {
	struct pv_slice name; /* of reader, purpose, collection */
	struct pv_slice key;  /* of the collection */
	struct pv_arena *a;
	struct pv_store_view *v; /* borrowed */
	struct pv_taxii_gap *gaps;
	size_t gap_count;
	struct pv_store_cursor *base, *offers;
	struct pv_taxii_item next_base, next_offer;
	bool has_base, has_offer, any_offers;
};
struct pv_slice pv_taxii_stream_name(
    const struct pv_caller *who, struct pv_slice purpose, struct pv_slice key, struct pv_arena *a);
/* Its gaps alone; then from a place on. */
PV_RESULT pv_taxii_stream_begin(struct pv_taxii_stream *s, struct pv_store_view *v,
    struct pv_slice name, struct pv_slice key, struct pv_arena *a, struct pv_err *e);
PV_RESULT pv_taxii_stream_go(struct pv_taxii_stream *s, uint64_t from, struct pv_err *e);
/* Both. */
PV_RESULT pv_taxii_stream_open(struct pv_taxii_stream *s, struct pv_store_view *v,
    struct pv_slice name, struct pv_slice key, uint64_t from, struct pv_arena *a, struct pv_err *e);
void pv_taxii_stream_close(struct pv_taxii_stream *s);
/* The texts of *out live in the arena. */
PV_RESULT pv_taxii_stream_next(
    struct pv_taxii_stream *s, struct pv_taxii_item *out, bool *more, struct pv_err *e);
/* The places at which that stored version stands in the stream: the one that is not hidden. */
PV_RESULT pv_taxii_stream_find(struct pv_taxii_stream *s, uint64_t added, struct pv_taxii_item *out,
    bool *found, struct pv_err *e);
/* Whether what has that label at that place was offered again at another one. */
bool pv_taxii_stream_moved(const struct pv_taxii_stream *s, uint64_t label, uint64_t place);
/*
 * New places for what of that gap is still at its old one, at most PV_TAXII_LIMIT_MAX; *left: there is more. Under the
 * lock; journalled.
 */
PV_RESULT pv_taxii_stream_offer(struct pv_desk *d, const struct pv_caller *who,
    struct pv_slice name, struct pv_slice key, const struct pv_taxii_gap *gap, struct pv_err *e);
struct pv_store_change pv_taxii_gap_row(
    struct pv_slice stream, const struct pv_taxii_gap *gap, enum pv_store_op op);

/* What a page needs of a collection: no title, no default label. */
PV_RESULT pv_taxii_collection_rights(struct pv_desk *d, const struct pv_caller *who,
    struct pv_slice purpose, struct pv_slice id_or_alias, struct pv_arena *a,
    struct pv_taxii_collection *out, bool *found, struct pv_err *e);

bool pv_taxii_own(const struct pv_desk *d, struct pv_slice party); /* of this home's authority */

#endif
