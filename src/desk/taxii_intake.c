/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pushed. Each object is judged for itself: it is labelled, the label
 * is decided (may this home have it, does an order bar it), and what is good is
 * stored with one entry in the journal, in one submission. A push happens while
 * this process alone gives out places, so that no reader ever sees a later
 * place before an earlier one.
 *
 * DESIGN 7, at intake: an id that is held keeps its originator, and every
 * version of it has the strictest of all that was ever said of it; the same
 * content as a report's keeps that report's originator and bars. Only who acts
 * for the originator adds versions.
 */
#include <stdlib.h>

#include "base/map.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "desk/names.h"
#include "desk/taxii_inside.h"

struct labelled {
	struct pv_taxii_label label;
	uint64_t id;
	uint8_t digest[PV_HASH];
	bool judged, taken;
	bool announced; /* our marking of it is there, or comes with this push */
	struct pv_slice why;
};

/* All versions of an object, with those that this push adds. */
struct touched {
	struct pv_slice id;
	struct pv_store_row *versions;
	size_t n;
	struct pv_taxii_label label; /* of all of them */
};

struct intake {
	struct pv_desk *d;
	const struct pv_caller *who;
	const struct pv_taxii_push *push;
	struct pv_slice bytes;
	struct pv_arena *a;
	struct pv_taxii_collection c;
	struct pv_taxii_label
	    base; /* whose it is if nothing is said, and what the collection adds */
	struct pv_taxii_label unmarked;
	bool has_unmarked;
	struct pv_store_view *v;
	uint64_t now_us, last, label_last;
	PV_VEC(struct labelled) labels;
	PV_VEC(struct pv_store_change) rows;
	PV_VEC(struct pv_taxii_detail) good, bad;
	PV_VEC(struct touched) touched;
	struct pv_map *touched_at; /* by id */
	PV_VEC(size_t) claims;     /* objects of the push that are marking-definitions */
	struct pv_hasher *list;
	struct pv_aead *aead;
	uint64_t key_id;
	size_t key_used;
};

/* ---- what is here already ---- */

int
pv_taxii_version_cmp(struct pv_slice x, struct pv_slice y)
{
	uint64_t tx = 0, ty = 0;

	if (!pv_stix_time_read(x, &tx) || !pv_stix_time_read(y, &ty) || tx == ty)
		return pv_slice_cmp(x, y);
	return tx < ty ? -1 : 1;
}

bool
pv_taxii_version_same(struct pv_slice x, struct pv_slice y)
{
	uint64_t tx = 0, ty = 0;

	return pv_slice_eq(x, y) ||
	       (pv_stix_time_read(x, &tx) && pv_stix_time_read(y, &ty) && tx == ty);
}

static int
by_version(const void *x, const void *y)
{
	const struct pv_store_row *rx = x, *ry = y;

	return pv_taxii_version_cmp(rx->c[PV_C_OBJECT_VERSION].s, ry->c[PV_C_OBJECT_VERSION].s);
}

PV_RESULT
pv_taxii_versions(struct pv_store_view *v, struct pv_slice id, struct pv_arena *a,
    struct pv_store_row **rows, size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_OBJECTS, .n = 1 };
	PV_VEC(struct pv_store_row) list = { 0 };
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	q.where[0].column = PV_C_OBJECT_STIX;
	q.where[0].cell = PV_CELL_S(id);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		for (size_t i = 0; i < PV_STORE_COLUMNS; i++)
			if (row.c[i].s.n != 0)
				row.c[i].s = pv_arena_copy(a, row.c[i].s);
		*PV_VEC_ADD(&list) = row;
	}
	*n = list.n;
	*rows = pv_arena_alloc_n(a, list.n + 1, sizeof(**rows)); /* room for one more */
	if (list.n != 0) {
		memcpy(*rows, list.at, list.n * sizeof(**rows));
		qsort(*rows, list.n, sizeof(**rows), by_version);
	}
	PV_VEC_FREE(&list);
	return st;
}

/* The newest spec_version among them, and which of it is the last version. */
static void
find_last(const struct pv_store_row *versions, size_t n, struct pv_slice *spec, size_t *last)
{
	*spec = PV_NO_SLICE;
	*last = 0;
	for (size_t i = 0; i < n; i++)
		if (pv_slice_cmp(versions[i].c[PV_C_OBJECT_SPEC].s, *spec) >= 0) {
			*spec = versions[i].c[PV_C_OBJECT_SPEC].s;
			*last = i;
		}
}

PV_RESULT
pv_taxii_member_rows(struct pv_store_view *v, const struct pv_store_row *versions, size_t n,
    const struct pv_taxii_label *label, struct pv_arena *a, struct pv_store_change **changes,
    size_t *change_count, struct pv_err *e)
{
	struct pv_names keys = pv_taxii_keys(label, a);
	struct pv_store_change *out = pv_arena_alloc_n(a, keys.n * n, sizeof(*out));
	struct pv_slice spec;
	size_t last, count = 0;

	(void)v;
	(void)e;
	find_last(versions, n, &spec, &last);
	for (size_t i = 0; i < n; i++) {
		const struct pv_store_cell *o = versions[i].c;
		unsigned flags = n == 1 ? PV_MEMBER_ONLY : 0;

		if (pv_slice_eq(o[PV_C_OBJECT_SPEC].s, spec))
			flags |= PV_MEMBER_SPEC;
		if (i == last)
			flags |= PV_MEMBER_LAST;
		for (size_t k = 0; k < keys.n; k++) {
			struct pv_store_change *c = &out[count++];

			*c = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_MEMBERS };
			c->row.c[PV_C_MEMBER_COLLECTION] = PV_CELL_S(keys.at[k]);
			c->row.c[PV_C_MEMBER_ADDED] = o[PV_C_OBJECT_ADDED];
			c->row.c[PV_C_MEMBER_STIX] = o[PV_C_OBJECT_STIX];
			c->row.c[PV_C_MEMBER_VERSION] = o[PV_C_OBJECT_VERSION];
			c->row.c[PV_C_MEMBER_TYPE] = o[PV_C_OBJECT_TYPE];
			c->row.c[PV_C_MEMBER_SPEC] = o[PV_C_OBJECT_SPEC];
			c->row.c[PV_C_MEMBER_LABEL] = o[PV_C_OBJECT_LABEL];
			c->row.c[PV_C_MEMBER_FLAGS] = PV_CELL_N(flags);
		}
	}
	*changes = out;
	*change_count = count;
	return PV_DONE;
}

/* ---- sealing ---- */

/* What an object is sealed with: its id and place. */
static void
place_aad(struct pv_buf *out, struct pv_slice stix, uint64_t added)
{
	pv_buf_clear(out);
	pv_buf_add(out, stix);
	pv_buf_add_c(out, ' ');
	pv_buf_add_u64(out, added);
}

struct pv_slice
pv_taxii_seal(struct pv_desk *d, struct pv_aead *aead, struct pv_slice stix, uint64_t added,
    struct pv_slice bytes, struct pv_arena *a)
{
	uint8_t *sealed = pv_arena_alloc(a, bytes.n + PV_AEAD_OVER);
	PV_AUTO(pv_buf_free) struct pv_buf aad = { 0 };

	place_aad(&aad, stix, added);
	pv_aead_seal_fresh(aead, &d->env, pv_buf_slice(&aad), bytes, sealed);
	return pv_slice_mem(sealed, bytes.n + PV_AEAD_OVER);
}

void
pv_taxii_keys_free(struct pv_taxii_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		pv_aead_free(k->at[i].aead);
	k->n = 0;
	pv_buf_free(&k->aad);
}

static PV_RESULT
key_of(struct pv_desk *d, struct pv_taxii_keys *keys, uint64_t id, struct pv_aead **out,
    struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;
	bool held;

	*out = NULL;
	for (size_t i = 0; i < keys->n; i++)
		if (keys->at[i].id == id) {
			*out = keys->at[i].aead;
			return PV_DONE;
		}
	key = pv_secret_new(PV_STORE_KEY);
	PV_TRY(pv_store_key_get(d->store, id, pv_secret_bytes(key), &held, e));
	if (!held)
		return PV_DONE;
	if (keys->n == sizeof(keys->at) / sizeof(keys->at[0]))
		pv_taxii_keys_free(keys); /* rare: many small pushes */
	*out = pv_aead_new(key);
	keys->at[keys->n].id = id;
	keys->at[keys->n++].aead = *out;
	return PV_DONE;
}

PV_RESULT
pv_taxii_unseal(struct pv_desk *d, struct pv_taxii_keys *keys, const struct pv_store_row *row,
    struct pv_arena *a, struct pv_slice *out, bool *held, struct pv_err *e)
{
	struct pv_slice sealed = row->c[PV_C_OBJECT_BODY].s;
	struct pv_aead *aead;
	uint8_t *plain;

	PV_TRY(key_of(d, keys, row->c[PV_C_OBJECT_KEY].n, &aead, e));
	*held = aead != NULL;
	if (aead == NULL)
		return PV_DONE;
	plain = pv_arena_alloc(a, sealed.n);
	place_aad(&keys->aad, row->c[PV_C_OBJECT_STIX].s, row->c[PV_C_OBJECT_ADDED].n);
	if (sealed.n < PV_AEAD_OVER || !pv_aead_open(aead, pv_buf_slice(&keys->aad), sealed, plain))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the object %.*s in the store was changed",
		    PV_FMT(row->c[PV_C_OBJECT_STIX].s));
	*out = pv_slice_mem(plain, sealed.n - PV_AEAD_OVER);
	return PV_DONE;
}

/* A new key for each PV_TAXII_CHUNK objects. */
static PV_RESULT
next_key(struct intake *in, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;

	if (in->aead != NULL && in->key_used < PV_TAXII_CHUNK) {
		in->key_used++;
		return PV_DONE;
	}
	key = pv_secret_new(PV_STORE_KEY);
	PV_TRY(pv_store_key_take(in->d->store, &in->key_id, pv_secret_bytes(key), e));
	pv_aead_free(in->aead);
	in->aead = pv_aead_new(key);
	in->key_used = 1;
	return PV_DONE;
}

static uint64_t
next_place(struct intake *in)
{
	in->last = in->now_us > in->last ? in->now_us : in->last + 1;
	return in->last;
}

/* ---- labels ---- */

/* The label among those of this push or of the store; a new one gets a number. */
static PV_RESULT
number_label(
    struct intake *in, const struct pv_taxii_label *l, struct labelled **out, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *cursor = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_store_query q = { .table = PV_T_LABELS, .n = 1, .limit = 1 };
	struct pv_store_change *c;
	struct pv_store_row row;
	uint8_t digest[PV_HASH];
	struct pv_slice kept;
	bool more;

	pv_taxii_label_write(l, &body);
	pv_hash(pv_buf_slice(&body), digest);
	for (size_t i = 0; i < in->labels.n; i++)
		if (memcmp(in->labels.at[i].digest, digest, sizeof(digest)) == 0) {
			*out = &in->labels.at[i];
			return PV_DONE;
		}
	kept = pv_arena_copy(in->a, pv_slice_mem(digest, sizeof(digest)));
	q.where[0].column = PV_C_LABEL_DIGEST;
	q.where[0].cell = PV_CELL_S(kept);
	PV_TRY(pv_store_rows(&cursor, in->v, &q, e));
	PV_TRY(pv_store_row_next(cursor, &row, &more, e));
	*out = PV_VEC_ADD(&in->labels);
	**out = (struct labelled){ .label = *l, .id = more ? row.c[PV_C_LABEL_ID].n : 0 };
	memcpy((*out)->digest, digest, sizeof(digest));
	if (more)
		return PV_DONE;
	(*out)->id = ++in->label_last;
	c = PV_VEC_ADD(&in->rows);
	*c = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_LABELS };
	c->row.c[PV_C_LABEL_ID] = PV_CELL_N((*out)->id);
	c->row.c[PV_C_LABEL_DIGEST] = PV_CELL_S(kept);
	c->row.c[PV_C_LABEL_BODY] = PV_CELL_S(pv_arena_copy(in->a, pv_buf_slice(&body)));
	return PV_DONE;
}

static PV_RESULT
stored_claim(
    struct intake *in, struct pv_slice id, struct pv_stix_claim *out, bool *found, struct pv_err *e)
{
	struct pv_store_row row = { .c[PV_C_MARKING_ID] = PV_CELL_S(id) };

	*found = true;
	for (size_t i = 0; i < in->claims.n; i++) {
		const struct pv_taxii_object *o = &in->push->objects[in->claims.at[i]];

		if (pv_slice_eq(o->id, id)) {
			*out = o->claim;
			return PV_DONE;
		}
	}
	PV_TRY(pv_store_row_get(in->v, PV_T_MARKINGS, &row, in->a, found, e));
	if (*found)
		return pv_taxii_claim_read(out, row.c[PV_C_MARKING_BODY].s, in->a, e);
	*out = (struct pv_stix_claim){ .given = true, .tlp = pv_stix_tlp(id) };
	*found = out->tlp != PV_TLP_NONE;
	return PV_DONE;
}

/* What its markings say, those of ours first: they say whose it is, which the others need to know. */
static PV_RESULT
label_of(
    struct intake *in, const struct pv_taxii_object *o, struct pv_taxii_marked *m, struct pv_err *e)
{
	m->label = in->base;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < o->markings.n; i++) {
			struct pv_stix_claim claim;
			bool found;

			PV_TRY(stored_claim(in, o->markings.at[i], &claim, &found, e));
			if (!found)
				return PV_FAIL(e, PV_E_INPUT,
				    "the marking %.*s is not known here: send it along, or before",
				    PV_FMT(o->markings.at[i]));
			if (claim.ours == (round == 0))
				PV_TRY(pv_taxii_mark(in->d, m, &claim, in->who->party, in->a, e));
		}
		if (o->claim.given && !o->claim.foreign && o->claim.ours == (round == 0))
			PV_TRY(pv_taxii_mark(in->d, m, &o->claim, in->who->party, in->a, e));
	}
	if (o->claim.given)
		m->understood = true; /* a definition tells no more than it defines */
	if (m->understood)
		return PV_DONE;
	if (!in->has_unmarked)
		return PV_FAIL(e, PV_E_INPUT,
		    "it has no marking with a condition, and the collection has no label for what "
		    "comes without");
	m->label = pv_taxii_label_join(&m->label, &in->unmarked, in->a);
	return PV_DONE;
}

/* Bars and originator of a report with the same content. */
static PV_RESULT
join_report(struct intake *in, struct pv_slice hash, struct pv_taxii_label *l, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_REPORTS, .n = 1, .limit = 1 };
	struct pv_store_row row;
	struct pv_kept kept;
	bool more;

	q.where[0].column = PV_C_REPORT_CONTENT;
	q.where[0].cell = PV_CELL_S(hash);
	PV_TRY(pv_store_rows(&c, in->v, &q, e));
	PV_TRY(pv_store_row_next(c, &row, &more, e));
	if (!more)
		return PV_DONE;
	PV_TRY(pv_report_row_read(in->d, &row, in->a, &kept, e));
	{
		const struct pv_report *r = &kept.label.report;
		const struct pv_taxii_label held = { .originator = r->originator,
			.custodians = kept.custodians,
			.topics = r->topics,
			.regions = r->regions,
			.never = r->never,
			.has_releasable_to = r->has_releasable_to,
			.releasable_to = r->releasable_to,
			.tlp = r->tlp,
			.valid_until = r->valid_until };

		*l = pv_taxii_label_join(&held, l, in->a);
	}
	return PV_DONE;
}

/* May this home have it; our own may say what they like of what is theirs. */
static PV_RESULT
judge_label(struct intake *in, struct labelled *l, struct pv_err *e)
{
	struct pv_case c;
	struct pv_judgement j;

	if (l->judged)
		return PV_DONE;
	l->judged = true;
	l->taken = pv_taxii_own(in->d, l->label.originator) && in->who->own;
	if (l->taken)
		return PV_DONE;
	PV_TRY(pv_taxii_case(
	    in->d, &l->label, PV_NO_SLICE, in->d->party, in->push->purpose, 0, in->a, &c, e));
	PV_TRY(pv_judge(in->d, &c, in->a, &j, e));
	l->taken = j.decision.answer == PV_RELEASE;
	l->why = j.decision.reason == PV_WHY_STALE
		     ? PV_SLICE("it may not be taken here: no fresh proof of the orders of its "
				"originator")
		     : pv_arena_printf(in->a, "it may not be taken here: %s",
			   pv_reason_name(j.decision.reason));
	return PV_DONE;
}

/* ---- an object ---- */

static void
tell(struct intake *in, bool good, const struct pv_taxii_object *o, struct pv_slice version,
    struct pv_slice message)
{
	struct pv_taxii_detail *d = good ? PV_VEC_ADD(&in->good) : PV_VEC_ADD(&in->bad);

	*d = (struct pv_taxii_detail){ .id = o->id.n != 0 ? o->id : PV_SLICE("unknown"),
		.version = version,
		.message = message };
}

/* What is here of that id, this push included, which no view shows. Valid until the next call. */
static PV_RESULT
touch(struct intake *in, struct pv_slice id, struct touched **out, struct pv_err *e)
{
	uint32_t at = pv_map_get(in->touched_at, id);
	struct touched t = { .id = id };

	if (at == PV_MAP_NONE) {
		PV_TRY(pv_taxii_versions(in->v, id, in->a, &t.versions, &t.n, e));
		if (t.n != 0)
			PV_TRY(pv_taxii_label_load(
			    in->v, t.versions[0].c[PV_C_OBJECT_LABEL].n, in->a, &t.label, e));
		at = (uint32_t)in->touched.n;
		*PV_VEC_ADD(&in->touched) = t;
		pv_map_set(in->touched_at, id, at);
	}
	*out = &in->touched.at[at];
	return PV_DONE;
}

static void
add_version(struct intake *in, struct touched *t, const struct pv_store_row *row)
{
	struct pv_store_row *versions = pv_arena_alloc_n(in->a, t->n + 1, sizeof(*versions));
	size_t i = t->n;

	if (t->n != 0)
		memcpy(versions, t->versions, t->n * sizeof(*versions));
	for (; i > 0 && by_version(&versions[i - 1], row) > 0; i--)
		versions[i] = versions[i - 1];
	versions[i] = *row;
	t->versions = versions;
	t->n++;
}

static struct pv_store_change *
put_object(struct intake *in, const struct pv_store_row *row)
{
	struct pv_store_change *c = PV_VEC_ADD(&in->rows);

	*c = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_OBJECTS, .row = *row };
	return c;
}

static PV_RESULT
store_row(struct intake *in, struct pv_slice id, struct pv_slice type, struct pv_slice spec,
    struct pv_slice version, uint64_t label, struct pv_slice same, struct pv_slice bytes,
    struct pv_slice party, struct pv_store_row *row, struct pv_err *e)
{
	uint64_t added;

	PV_TRY(next_key(in, e));
	added = next_place(in);
	if (version.n == 0) {
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

		pv_stix_time_write(&b, added);
		version = pv_arena_copy(in->a, pv_buf_slice(&b));
	}
	*row = (struct pv_store_row){ 0 };
	row->c[PV_C_OBJECT_ADDED] = PV_CELL_N(added);
	row->c[PV_C_OBJECT_STIX] = PV_CELL_S(id);
	row->c[PV_C_OBJECT_VERSION] = PV_CELL_S(version);
	row->c[PV_C_OBJECT_TYPE] = PV_CELL_S(type);
	row->c[PV_C_OBJECT_SPEC] = PV_CELL_S(spec);
	row->c[PV_C_OBJECT_LABEL] = PV_CELL_N(label);
	row->c[PV_C_OBJECT_PARTY] = PV_CELL_S(party);
	row->c[PV_C_OBJECT_HASH] = PV_CELL_S(same);
	row->c[PV_C_OBJECT_KEY] = PV_CELL_N(in->key_id);
	row->c[PV_C_OBJECT_BODY] =
	    PV_CELL_S(pv_taxii_seal(in->d, in->aead, id, added, bytes, in->a));
	pv_hasher_add(in->list, id);
	pv_hasher_add(in->list, PV_SLICE(" "));
	pv_hasher_add(in->list, version);
	pv_hasher_add(in->list, PV_SLICE("\n"));
	return PV_DONE;
}

static PV_RESULT
put_members(struct intake *in, const struct pv_store_row *versions, size_t n,
    const struct pv_taxii_label *label, struct pv_err *e)
{
	struct pv_store_change *changes;
	size_t count;

	PV_TRY(pv_taxii_member_rows(in->v, versions, n, label, in->a, &changes, &count, e));
	for (size_t i = 0; i < count; i++)
		*PV_VEC_ADD(&in->rows) = changes[i];
	return PV_DONE;
}

static struct pv_slice
hash_bytes(struct pv_slice text, struct pv_arena *a)
{
	uint8_t hash[PV_HASH];

	pv_hash(text, hash);
	return pv_arena_copy(a, pv_slice_mem(hash, sizeof(hash)));
}

/* Our marking-definition of a label stands before the first object that has it, for the same readers. */
static PV_RESULT
announce(struct intake *in, const struct labelled *l, struct pv_err *e)
{
	const struct pv_stix_condition condition = pv_taxii_condition(&l->label);
	const struct pv_stix_claim claim = { .given = true,
		.ours = true,
		.originator = l->label.originator,
		.topics = l->label.topics,
		.regions = l->label.regions,
		.has_permitted = l->label.has_permitted,
		.permitted = l->label.permitted,
		.forbidden = l->label.never,
		.has_releasable_to = l->label.has_releasable_to,
		.releasable_to = l->label.releasable_to,
		.tlp = l->label.tlp,
		.not_after = l->label.valid_until };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, body = { 0 };
	struct pv_store_change *c;
	struct pv_store_row row;
	struct pv_slice id, bytes;
	struct touched *t;

	pv_stix_marking_write(&condition, in->a, &id, &text);
	PV_TRY(touch(in, id, &t, e));
	if (t->n != 0)
		return PV_DONE;
	bytes = pv_arena_copy(in->a, pv_buf_slice(&text));
	PV_TRY(store_row(in, id, PV_SLICE("marking-definition"), PV_SLICE("2.1"),
	    PV_SLICE("2026-01-01T00:00:00.000Z"), l->id, hash_bytes(bytes, in->a), bytes,
	    in->d->party, &row, e));
	put_object(in, &row);
	add_version(in, t, &row);
	t->label = l->label;
	PV_TRY(put_members(in, &row, 1, &l->label, e));
	pv_taxii_claim_write(&claim, &body);
	c = PV_VEC_ADD(&in->rows);
	*c = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_MARKINGS };
	c->row.c[PV_C_MARKING_ID] = PV_CELL_S(id);
	c->row.c[PV_C_MARKING_PARTY] = PV_CELL_S(in->d->party);
	c->row.c[PV_C_MARKING_BODY] = PV_CELL_S(pv_arena_copy(in->a, pv_buf_slice(&body)));
	return PV_DONE;
}

static PV_RESULT
keep_claim(struct intake *in, const struct pv_taxii_object *o, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_store_row row = { .c[PV_C_MARKING_ID] = PV_CELL_S(o->id) };
	struct pv_store_change *c;
	bool found;

	if (!o->claim.given)
		return PV_DONE;
	PV_TRY(pv_store_row_get(in->v, PV_T_MARKINGS, &row, in->a, &found, e));
	if (found)
		return PV_DONE; /* what it said first is what counts */
	pv_taxii_claim_write(&o->claim, &body);
	c = PV_VEC_ADD(&in->rows);
	*c = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_MARKINGS };
	c->row.c[PV_C_MARKING_ID] = PV_CELL_S(o->id);
	c->row.c[PV_C_MARKING_PARTY] = PV_CELL_S(in->who->party);
	c->row.c[PV_C_MARKING_BODY] = PV_CELL_S(pv_arena_copy(in->a, pv_buf_slice(&body)));
	return PV_DONE;
}

/* Every version of it gets the label; memberships that it adds come with it. */
static PV_RESULT
relabel(struct intake *in, struct touched *t, const struct labelled *l, struct pv_err *e)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->versions[i].c[PV_C_OBJECT_LABEL].n != l->id) {
			t->versions[i].c[PV_C_OBJECT_LABEL].n = l->id;
			put_object(in, &t->versions[i]);
		}
	t->label = l->label;
	return put_members(in, t->versions, t->n, &l->label, e);
}

static bool
acts_for(const struct intake *in, struct pv_slice originator)
{
	return pv_name_under(originator, in->who->party);
}

/* The object or version is refused for what e says; anything else than the sender's mistake is an error. */
static PV_RESULT
refuse(
    struct intake *in, const struct pv_taxii_object *o, struct pv_status st, const struct pv_err *e)
{
	if (st.code != PV_E_INPUT && st.code != PV_E_LIMIT)
		return st;
	tell(in, false, o, o->version, pv_arena_copy(in->a, pv_slice_of(e->what)));
	return PV_DONE;
}

/* The version that is held: the same one, or the same content where it has none. */
static const struct pv_store_row *
held_version(const struct touched *t, const struct pv_taxii_object *o, struct pv_slice same)
{
	for (size_t i = 0; i < t->n; i++)
		if (o->version.n != 0
			? pv_slice_eq(t->versions[i].c[PV_C_OBJECT_VERSION].s, o->version)
			: pv_slice_eq(t->versions[i].c[PV_C_OBJECT_HASH].s, same))
			return &t->versions[i];
	return NULL;
}

static PV_RESULT
take_new(struct intake *in, const struct pv_taxii_object *o, struct pv_slice same,
    struct pv_slice bytes, struct touched *t, struct labelled *l, struct pv_err *e)
{
	struct pv_store_row row;

	if (t->n != 0 && !acts_for(in, t->label.originator))
		return PV_FAIL(e, PV_E_INPUT,
		    "it is held here as another party's, and only that party adds versions");
	PV_TRY(judge_label(in, l, e));
	if (!l->taken)
		return PV_FAIL(e, PV_E_INPUT, "%.*s", PV_FMT(l->why));
	PV_TRY(store_row(in, o->id, o->type, o->spec_version, o->version, l->id, same, bytes,
	    in->who->party, &row, e));
	put_object(in, &row);
	add_version(in, t, &row);
	PV_TRY(relabel(in, t, l, e));
	PV_TRY(keep_claim(in, o, e));
	tell(in, true, o, row.c[PV_C_OBJECT_VERSION].s, PV_NO_SLICE);
	return PV_DONE;
}

static PV_RESULT
take_checked(
    struct intake *in, const struct pv_taxii_object *o, struct pv_slice bytes, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf same_b = { 0 };
	struct pv_taxii_marked m = { 0 };
	const struct pv_store_row *held;
	struct touched *t;
	struct labelled *l;
	struct pv_slice same;

	if (!pv_hex_read(&same_b, o->same) || same_b.n != PV_HASH)
		return PV_FAIL(e, PV_E_BUG, "an object without its digest");
	same = pv_arena_copy(in->a, pv_buf_slice(&same_b));
	PV_TRY(label_of(in, o, &m, e));
	PV_TRY(join_report(in, hash_bytes(bytes, in->a), &m.label, e));
	PV_TRY(touch(in, o->id, &t, e));
	if (t->n != 0)
		m.label = pv_taxii_label_join(&t->label, &m.label, in->a);
	held = held_version(t, o, same);
	if (held != NULL && !pv_slice_eq(held->c[PV_C_OBJECT_HASH].s, same))
		return PV_FAIL(e, PV_E_INPUT, "another content is held under this id and version");
	PV_TRY(number_label(in, &m.label, &l, e));
	if (!o->claim.given && !l->announced) {
		PV_TRY(judge_label(in, l, e));
		if (l->taken || held != NULL) {
			l->announced = true;
			PV_TRY(announce(in, l, e));
			PV_TRY(touch(in, o->id, &t, e));
		}
	}
	if (held == NULL)
		return take_new(in, o, same, bytes, t, l, e);
	if (!pv_taxii_label_same(&t->label, &m.label))
		PV_TRY(relabel(in, t, l, e));
	tell(in, true, o, held->c[PV_C_OBJECT_VERSION].s, PV_SLICE("already held here"));
	return PV_DONE;
}

static PV_RESULT
take_one(struct intake *in, const struct pv_taxii_object *o, struct pv_err *e)
{
	struct pv_status st;

	if (o->refused.n != 0) {
		tell(in, false, o, o->version, o->refused);
		return PV_DONE;
	}
	if (o->from > o->to || o->to > in->bytes.n)
		return PV_FAIL(e, PV_E_INPUT, "an object lies outside of what was sent");
	st = take_checked(in, o, pv_slice_sub(in->bytes, o->from, o->to), e);
	return pv_ok(st) ? st : refuse(in, o, st, e);
}

/* ---- a push ---- */

static PV_RESULT
begin(struct intake *in, struct pv_err *e)
{
	struct pv_slice *topics = PV_ARENA_NEW(in->a, struct pv_slice);
	bool fresh;

	PV_TRY(pv_home_fresh(in->d, &in->d->own, &fresh, e));
	if (!fresh)
		return PV_FAIL(e, PV_E_DOWN,
		    "stale: no fresh proof of the orders, so nothing is taken until there is one");
	*topics = in->c.name;
	in->base = (struct pv_taxii_label){ .originator = in->who->party, .topics = { topics, 1 } };
	PV_TRY(pv_taxii_default_get(in->d, in->c.name, in->a, &in->unmarked, &in->has_unmarked, e));
	PV_TRY(pv_store_view_open(&in->v, in->d->store, e));
	PV_TRY(pv_taxii_number(in->v, PV_TAXII_LAST, in->a, &in->last, e));
	PV_TRY(pv_taxii_number(in->v, PV_TAXII_LABELS, in->a, &in->label_last, e));
	in->now_us = in->d->env.realtime_ms(in->d->env.ctx) * 1000;
	in->list = pv_hasher_new();
	in->touched_at = pv_map_new(in->push->object_count);
	for (size_t i = 0; i < in->push->object_count; i++)
		if (in->push->objects[i].claim.given)
			*PV_VEC_ADD(&in->claims) = i;
	return PV_DONE;
}

static void
end(struct intake *in)
{
	pv_store_view_free(in->v);
	pv_hasher_free(in->list);
	pv_aead_free(in->aead);
	PV_VEC_FREE(&in->labels);
	PV_VEC_FREE(&in->rows);
	PV_VEC_FREE(&in->touched);
	pv_map_free(in->touched_at);
	PV_VEC_FREE(&in->claims);
	PV_VEC_FREE(&in->good);
	PV_VEC_FREE(&in->bad);
}

static struct pv_store_change
status_row(const struct intake *in, const struct pv_taxii_status *s)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 };
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_STATUSES };

	pv_taxii_status_write(s, &body);
	c.row.c[PV_C_STATUS_ID] = PV_CELL_S(s->id);
	c.row.c[PV_C_STATUS_PARTY] = PV_CELL_S(in->who->party);
	c.row.c[PV_C_STATUS_ROOT] = PV_CELL_S(in->push->purpose);
	c.row.c[PV_C_STATUS_SECOND] = PV_CELL_N(s->requested_us / 1000000);
	c.row.c[PV_C_STATUS_BODY] = PV_CELL_S(pv_arena_copy(in->a, pv_buf_slice(&body)));
	return c;
}

/* Statuses whose day is over. */
static PV_RESULT
forget_statuses(struct intake *in, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_STATUSES, .n = 1, .limit = 100 };
	uint64_t now = in->now_us / 1000000;
	struct pv_store_row row;
	bool more = true;

	q.where[0].column = PV_C_STATUS_SECOND;
	q.where[0].test = PV_Q_BELOW;
	q.where[0].cell = PV_CELL_N(now > PV_TAXII_STATUS_S ? now - PV_TAXII_STATUS_S : 0);
	PV_TRY(pv_store_rows(&c, in->v, &q, e));
	while (more) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (more) {
			struct pv_store_change *gone = PV_VEC_ADD(&in->rows);

			*gone =
			    (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_STATUSES };
			gone->row.c[PV_C_STATUS_ID] =
			    PV_CELL_S(pv_arena_copy(in->a, row.c[PV_C_STATUS_ID].s));
		}
	}
	return PV_DONE;
}

static struct pv_slice
detail_of(struct intake *in)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 }, hex = { 0 };
	struct pv_jsonw w = { .out = &b };
	uint8_t digest[PV_HASH];

	pv_hasher_end(in->list, digest);
	pv_hex_write(&hex, pv_slice_mem(digest, sizeof(digest)));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "channel", PV_TAXII_CHANNEL);
	pv_jsonw_str(&w, "collection", in->c.alias);
	pv_jsonw_u64(&w, "refused", in->bad.n);
	pv_jsonw_str(&w, "list_sha256", pv_buf_slice(&hex));
	pv_jsonw_u64(&w, "taken", in->good.n);
	pv_jsonw_end(&w);
	return pv_arena_copy(in->a, pv_buf_slice(&b));
}

static PV_RESULT
finish(struct intake *in, struct pv_taxii_status *out, struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "pushed",
		.party = in->who->party,
		.person = in->who->person,
		.purpose = in->push->purpose };
	struct pv_journalled done;
	char id[PV_STIX_UUID + 1];
	uint8_t raw[16];

	in->d->env.random(in->d->env.ctx, raw, sizeof(raw));
	pv_stix_uuid_of(raw, 4, id);
	*out = (struct pv_taxii_status){ .result = PV_TAXII_OK,
		.id = pv_arena_copy(in->a, pv_slice_of(id)),
		.requested_us = in->now_us,
		.success_count = in->good.n,
		.failure_count = in->bad.n };
	out->successes = pv_arena_alloc_n(in->a, in->good.n, sizeof(*out->successes));
	out->failures = pv_arena_alloc_n(in->a, in->bad.n, sizeof(*out->failures));
	for (size_t i = 0; i < in->good.n; i++)
		((struct pv_taxii_detail *)(uintptr_t)out->successes)[i] = in->good.at[i];
	for (size_t i = 0; i < in->bad.n; i++)
		((struct pv_taxii_detail *)(uintptr_t)out->failures)[i] = in->bad.at[i];
	*PV_VEC_ADD(&in->rows) = status_row(in, out);
	*PV_VEC_ADD(&in->rows) = pv_taxii_number_row(PV_TAXII_LAST, in->last, in->a);
	*PV_VEC_ADD(&in->rows) = pv_taxii_number_row(PV_TAXII_LABELS, in->label_last, in->a);
	PV_TRY(forget_statuses(in, e));
	entry.detail = detail_of(in);
	return pv_journal_add(in->d, &entry, in->rows.at, in->rows.n, in->a, &done, e);
}

static PV_RESULT
take_all(struct intake *in, struct pv_taxii_status *out, struct pv_err *e)
{
	PV_TRY(begin(in, e));
	for (size_t i = 0; i < in->push->object_count; i++)
		PV_TRY(take_one(in, &in->push->objects[i], e));
	return finish(in, out, e);
}

PV_RESULT
pv_taxii_take(struct pv_desk *d, const struct pv_caller *who, const struct pv_taxii_push *push,
    struct pv_slice bytes, struct pv_arena *a, struct pv_taxii_status *out, struct pv_err *e)
{
	struct intake in = { .d = d, .who = who, .push = push, .bytes = bytes, .a = a };
	struct pv_taxii_lock lock;
	struct pv_status st;
	bool found;

	*out = (struct pv_taxii_status){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	if (!pv_taxii_root_ok(d, who, push->purpose, NULL))
		return PV_DONE;
	PV_TRY(pv_taxii_collection(d, who, push->purpose, push->collection, a, &in.c, &found, e));
	if (!found || (!in.c.can_read && !in.c.can_write))
		return PV_DONE;
	if (!in.c.can_write) {
		out->result = PV_TAXII_FORBIDDEN;
		return PV_DONE;
	}
	PV_TRY(pv_taxii_lock(d, &lock, e));
	st = take_all(&in, out, e);
	pv_taxii_unlock(&lock);
	end(&in);
	return st;
}

/* ---- statuses ---- */

static void
write_details(struct pv_jsonw *w, const char *name, const struct pv_taxii_detail *at, size_t n)
{
	if (n == 0)
		return;
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < n; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "id", at[i].id);
		pv_jsonw_str(w, "version",
		    at[i].version.n != 0 ? at[i].version : PV_SLICE("1970-01-01T00:00:00.000000Z"));
		if (at[i].message.n != 0)
			pv_jsonw_str(w, "message", at[i].message);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

void
pv_taxii_status_write(const struct pv_taxii_status *s, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf time = { 0 };
	struct pv_jsonw w = { .out = out };

	pv_stix_time_write(&time, s->requested_us);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "id", s->id);
	pv_jsonw_str(&w, "status", PV_SLICE("complete"));
	pv_jsonw_str(&w, "request_timestamp", pv_buf_slice(&time));
	pv_jsonw_u64(&w, "total_count", s->success_count + s->failure_count);
	pv_jsonw_u64(&w, "success_count", s->success_count);
	write_details(&w, "successes", s->successes, s->success_count);
	pv_jsonw_u64(&w, "failure_count", s->failure_count);
	write_details(&w, "failures", s->failures, s->failure_count);
	pv_jsonw_u64(&w, "pending_count", 0);
	pv_jsonw_end(&w);
}

PV_RESULT
pv_taxii_status_find(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_slice id, struct pv_arena *a, struct pv_slice *json, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_STATUS_ID] = PV_CELL_S(id) };
	uint64_t now = d->env.realtime_ms(d->env.ctx) / 1000;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_STATUSES, &row, a, found, e));
	*found = *found && pv_slice_eq(row.c[PV_C_STATUS_PARTY].s, who->party) &&
		 pv_slice_eq(row.c[PV_C_STATUS_ROOT].s, purpose) &&
		 now < row.c[PV_C_STATUS_SECOND].n + PV_TAXII_STATUS_S;
	*json = row.c[PV_C_STATUS_BODY].s;
	return PV_DONE;
}
