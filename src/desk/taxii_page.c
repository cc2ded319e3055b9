/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages. All objects with one label are decided by one decision; a page of a
 * hundred costs as many as it has labels. What is decided is one entry of the
 * journal with a commitment over the list, and after that is durable every
 * decision is made again, with the clock and the orders of that moment: a page
 * that is barred then does not leave, and is said not to have.
 */
#include <stdlib.h>

#include "base/map.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rfc3339.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "desk/names.h"
#include "desk/taxii_inside.h"

#define SCAN_MAX  20000      /* rows looked at for one page */
#define BYTES_MAX (8u << 20) /* of a page's objects */
#define TRIES     3
#define OFFERS    4 /* gaps closed for one page */

enum way { OMITTED = 0, GIVEN, WITHHELD };

/* One label, and what of it is decided for this reader. */
struct class
{
	uint64_t label;
	struct pv_slice object; /* of one that was recalled: it is decided for itself */
	struct pv_taxii_label l;
	struct pv_case c;
	enum way way;
	bool sealed; /* no-onward */
	enum pv_reason why;
	struct pv_slice decision, orders;
	bool reopens;      /* of those orders, none says hold */
	uint64_t from, to; /* where it was withheld */
	uint64_t given;
};

struct chosen {
	struct pv_taxii_item item;
	size_t class;
	struct pv_slice id, bytes; /* id: also of a stub */
};

struct pv_taxii_page {
	struct pv_desk *d;
	const struct pv_caller *who;
	struct pv_taxii_ask ask;
	struct pv_arena *a;
	struct pv_taxii_collection c;
	struct pv_slice key, stream;
	struct pv_store_view *v;
	PV_VEC(struct class) classes;
	PV_VEC(struct chosen) chosen;
	PV_VEC(struct pv_store_change) rows;
	struct pv_map *recalled;
	size_t bytes; /* of the objects */
	bool passed;  /* something is here that the filters leave out */
	bool gap_left;
	uint64_t last_place;
	struct pv_taxii_answer out;
	struct pv_journalled entry, refusal;
	bool has_entry;
};

static void
clear(struct pv_taxii_page *p)
{
	pv_store_view_free(p->v);
	p->v = NULL;
	pv_map_free(p->recalled);
	p->recalled = NULL;
	PV_VEC_FREE(&p->classes);
	PV_VEC_FREE(&p->chosen);
	PV_VEC_FREE(&p->rows);
	p->passed = p->gap_left = p->has_entry = false;
	p->last_place = 0;
	p->out = (struct pv_taxii_answer){ 0 };
}

static PV_RESULT
answer(struct pv_taxii_page *p, enum pv_taxii_result result, const char *why)
{
	p->out.result = result;
	p->out.why = pv_slice_of(why);
	return PV_DONE;
}

/* ---- decisions ---- */

static void
find_recalls(struct pv_taxii_page *p)
{
	p->recalled = pv_map_new(16);
	for (size_t i = 0; i < 1 + p->d->copies.n; i++) {
		const struct pv_log *log = i == 0 ? &p->d->own : p->d->copies.at[i - 1];
		const struct pv_facts *facts = &log->state->by_kind[PV_RECALL];

		for (size_t k = 0; k < facts->n; k++)
			pv_map_set(
			    p->recalled, pv_arena_copy(p->a, facts->at[k]->r->recall.report), 1);
	}
}

static struct pv_slice
order_names(const struct pv_refs *orders, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	for (size_t i = 0; i < orders->n && i < 16; i++) {
		if (i > 0)
			pv_buf_add_c(&b, ' ');
		pv_buf_add(&b, orders->at[i].r->id);
	}
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static bool
no_onward(const struct pv_obligations *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->at[i].duty == PV_NO_ONWARD)
			return true;
	return false;
}

static PV_RESULT
decide(struct pv_taxii_page *p, struct class *c, struct pv_err *e)
{
	struct pv_judgement j;

	PV_TRY(pv_judge(p->d, &c->c, p->a, &j, e));
	c->why = j.decision.reason;
	c->way =
	    j.decision.answer == PV_RELEASE ? GIVEN
	    : c->why == PV_WHY_SUSPENDED || c->why == PV_WHY_RESTRICTED || c->why == PV_WHY_STALE
		? WITHHELD
		: OMITTED;
	c->sealed = c->way == GIVEN && no_onward(&j.obligations);
	c->decision = pv_judgement_json(&j, p->a);
	c->orders = order_names(&j.decision.orders, p->a);
	return PV_DONE;
}

static PV_RESULT
class_of(
    struct pv_taxii_page *p, uint64_t label, struct pv_slice stix, size_t *out, struct pv_err *e)
{
	struct pv_slice alone = pv_map_get(p->recalled, stix) != PV_MAP_NONE ? stix : PV_NO_SLICE;
	struct class *c;

	for (size_t i = 0; i < p->classes.n; i++)
		if (p->classes.at[i].label == label &&
		    pv_slice_eq(p->classes.at[i].object, alone)) {
			*out = i;
			return PV_DONE;
		}
	*out = p->classes.n;
	c = PV_VEC_ADD(&p->classes);
	*c = (struct class){ .label = label, .object = alone };
	PV_TRY(pv_taxii_label_load(p->v, label, p->a, &c->l, e));
	PV_TRY(pv_taxii_case(p->d, &c->l, alone, p->who->party, p->ask.purpose, 0, p->a, &c->c, e));
	return decide(p, c, e);
}

/* ---- gaps of before, whose orders are over ---- */

static bool
order_reopens(const struct pv_desk *d, struct pv_slice id)
{
	for (size_t i = 0; i < 1 + d->copies.n; i++) {
		const struct pv_log *log = i == 0 ? &d->own : d->copies.at[i - 1];
		const struct pv_fact *f = pv_state_find(log->state, id);

		if (f == NULL || f->r->kind != PV_ORDER)
			continue;
		if (f->ended_by != NULL && f->ended_by->kind == PV_LIFT &&
		    f->ended_by->lift.has_reopen)
			return f->ended_by->lift.reopen == PV_REOPEN_RELEASE;
		return f->r->order.reopen == PV_REOPEN_RELEASE;
	}
	return false;
}

/* What no order kept back but a missing proof is offered as soon as there is one. */
static bool
reopens(const struct pv_desk *d, const struct pv_taxii_gap *gap)
{
	struct pv_slice rest = gap->orders, id;

	if (gap->state == PV_GAP_RELEASED)
		return true;
	while (pv_slice_next(&rest, ' ', &id))
		if (id.n != 0 && !order_reopens(d, id))
			return false;
	return true;
}

static PV_RESULT
reopen_view(struct pv_taxii_page *p, struct pv_err *e)
{
	pv_store_view_free(p->v);
	p->v = NULL;
	return pv_store_view_open(&p->v, p->d->store, e);
}

/* The first gap that may be closed now; NULL: none. */
static PV_RESULT
ready_gap(struct pv_taxii_page *p, const struct pv_taxii_stream *s, const struct pv_taxii_gap **out,
    struct pv_err *e)
{
	*out = NULL;
	for (size_t i = 0; i < s->gap_count && *out == NULL; i++) {
		const struct pv_taxii_gap *g = &s->gaps[i];
		size_t class;

		if (g->state == PV_GAP_OFFERED || !reopens(p->d, g))
			continue;
		PV_TRY(class_of(p, g->label, PV_NO_SLICE, &class, e));
		if (p->classes.at[class].way == GIVEN)
			*out = g;
	}
	return PV_DONE;
}

static PV_RESULT
close_gaps(struct pv_taxii_page *p, struct pv_err *e)
{
	for (unsigned i = 0;; i++) {
		struct pv_taxii_stream s = { 0 };
		const struct pv_taxii_gap *gap = NULL;
		struct pv_status st = pv_taxii_stream_begin(&s, p->v, p->stream, p->key, p->a, e);

		if (pv_ok(st))
			st = ready_gap(p, &s, &gap, e);
		pv_taxii_stream_close(&s);
		PV_TRY(st);
		p->gap_left = gap != NULL;
		if (gap == NULL || i == OFFERS)
			return PV_DONE;
		PV_TRY(pv_taxii_stream_offer(p->d, p->who, p->stream, p->key, gap, e));
		PV_TRY(reopen_view(p, e));
	}
}

/* ---- filters ---- */

static bool
spec_ok(const struct pv_taxii_ask *ask, struct pv_slice spec, unsigned flags)
{
	return ask->specs.n != 0 ? pv_names_have(ask->specs, spec) : (flags & PV_MEMBER_SPEC) != 0;
}

static bool
asks_version(const struct pv_taxii_ask *ask, const char *word)
{
	for (size_t i = 0; i < ask->versions.n; i++)
		if (pv_slice_is(ask->versions.at[i], word))
			return true;
	return false;
}

/* Whether it is the first (the last) of those versions that the spec filter lets through. */
static PV_RESULT
is_end(struct pv_taxii_page *p, const struct pv_taxii_item *item, bool last, bool *is,
    struct pv_err *e)
{
	struct pv_store_row *rows;
	struct pv_slice found = { 0 };
	size_t n;

	if ((item->flags & PV_MEMBER_ONLY) != 0 || (last && p->ask.specs.n == 0)) {
		*is = !last || (item->flags & PV_MEMBER_LAST) != 0;
		return PV_DONE;
	}
	PV_TRY(pv_taxii_versions(p->v, item->stix, p->a, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		bool newest = pv_slice_eq(rows[i].c[PV_C_OBJECT_SPEC].s, item->spec);

		if (p->ask.specs.n != 0
			? !pv_names_have(p->ask.specs, rows[i].c[PV_C_OBJECT_SPEC].s)
			: !newest)
			continue;
		if (found.n == 0 || last)
			found = rows[i].c[PV_C_OBJECT_VERSION].s;
	}
	*is = pv_slice_eq(found, item->version);
	return PV_DONE;
}

static PV_RESULT
version_ok(struct pv_taxii_page *p, const struct pv_taxii_item *item, bool *ok, struct pv_err *e)
{
	const struct pv_taxii_ask *ask = &p->ask;

	*ok = ask->what == PV_TAXII_VERSIONS || asks_version(ask, "all");
	for (size_t i = 0; !*ok && i < ask->versions.n; i++)
		*ok = pv_taxii_version_same(ask->versions.at[i], item->version);
	if (!*ok && (ask->versions.n == 0 || asks_version(ask, "last")))
		PV_TRY(is_end(p, item, true, ok, e));
	if (!*ok && asks_version(ask, "first"))
		PV_TRY(is_end(p, item, false, ok, e));
	return PV_DONE;
}

static PV_RESULT
filters_ok(struct pv_taxii_page *p, const struct pv_taxii_item *item, bool *ok, struct pv_err *e)
{
	*ok = (p->ask.types.n == 0 || pv_names_have(p->ask.types, item->type)) &&
	      spec_ok(&p->ask, item->spec, item->flags);
	return *ok ? version_ok(p, item, ok, e) : PV_DONE;
}

/* ---- choosing ---- */

/* *full: the page has all it may have, and this one is more. */
static PV_RESULT
consider(struct pv_taxii_page *p, const struct pv_taxii_item *item, bool passing, bool *full,
    struct pv_err *e)
{
	struct class *c;
	struct chosen *ch;
	size_t class;
	bool ok;

	*full = false;
	PV_TRY(filters_ok(p, item, &ok, e));
	if (!ok && !passing)
		return PV_DONE;
	PV_TRY(class_of(p, item->label, item->stix, &class, e));
	c = &p->classes.at[class];
	if (!ok) {
		p->passed = p->passed || c->way == GIVEN;
		return PV_DONE;
	}
	if (c->way == WITHHELD) {
		c->from = c->from == 0 || item->place < c->from ? item->place : c->from;
		c->to = item->place > c->to ? item->place : c->to;
	}
	if (c->way != GIVEN)
		return PV_DONE;
	p->passed = true;
	*full = p->chosen.n == p->ask.limit;
	if (*full)
		return PV_DONE;
	ch = PV_VEC_ADD(&p->chosen);
	*ch = (struct chosen){ .item = *item, .class = class, .id = item->stix };
	p->last_place = item->place;
	c->given++;
	return PV_DONE;
}

static PV_RESULT
choose_in_order(struct pv_taxii_page *p, uint64_t from, struct pv_err *e)
{
	struct pv_taxii_stream s = { 0 };
	struct pv_taxii_item item;
	struct pv_status st = pv_taxii_stream_open(&s, p->v, p->stream, p->key, from, p->a, e);
	bool more = pv_ok(st), full = false;

	for (unsigned i = 0; pv_ok(st) && more && !full; i++) {
		st = pv_taxii_stream_next(&s, &item, &more, e);
		if (!pv_ok(st) || !more)
			break;
		if (i == SCAN_MAX) {
			full = true; /* go on from here, whatever was found */
			p->last_place = item.place - 1;
			break;
		}
		st = consider(p, &item, false, &full, e);
	}
	pv_taxii_stream_close(&s);
	p->out.more = full;
	return st;
}

static int
by_place(const void *x, const void *y)
{
	const struct pv_taxii_item *ix = x, *iy = y;

	return ix->place < iy->place ? -1 : ix->place > iy->place;
}

/* Of some ids: what is here of each, put in order. */
static PV_RESULT
choose_ids(
    struct pv_taxii_page *p, struct pv_names ids, uint64_t from, bool passing, struct pv_err *e)
{
	struct pv_taxii_stream s = { 0 };
	PV_VEC(struct pv_taxii_item) items = { 0 };
	struct pv_status st = pv_taxii_stream_begin(&s, p->v, p->stream, p->key, p->a, e);
	bool full = false;

	for (size_t i = 0; pv_ok(st) && i < ids.n; i++) {
		struct pv_store_row *rows;
		size_t n = 0;

		st = pv_taxii_versions(p->v, ids.at[i], p->a, &rows, &n, e);
		for (size_t k = 0; pv_ok(st) && k < n; k++) {
			struct pv_taxii_item item;
			bool found = false;

			st = pv_taxii_stream_find(
			    &s, rows[k].c[PV_C_OBJECT_ADDED].n, &item, &found, e);
			if (pv_ok(st) && found)
				*PV_VEC_ADD(&items) = item;
		}
	}
	pv_taxii_stream_close(&s);
	if (items.n > 1)
		qsort(items.at, items.n, sizeof(*items.at), by_place);
	for (size_t i = 0; pv_ok(st) && !full && i < items.n; i++)
		if (items.at[i].place >= from)
			st = consider(p, &items.at[i], passing, &full, e);
		else if (passing)
			p->passed = true;
	for (size_t i = 0; i < p->classes.n; i++) /* asking by id passes nothing over */
		p->classes.at[i].from = p->classes.at[i].to = 0;
	PV_VEC_FREE(&items);
	p->out.more = full;
	return st;
}

/* A stub asked for by its id is the object that it stands for, if that is given as one. */
static PV_RESULT
choose_stub(struct pv_taxii_page *p, uint64_t added, bool *is, struct pv_err *e)
{
	struct pv_taxii_stream s = { 0 };
	struct pv_taxii_item item;
	struct pv_status st = pv_taxii_stream_begin(&s, p->v, p->stream, p->key, p->a, e);
	bool full;

	*is = false;
	if (pv_ok(st))
		st = pv_taxii_stream_find(&s, added, &item, is, e);
	pv_taxii_stream_close(&s);
	if (pv_ok(st) && *is)
		st = consider(p, &item, true, &full, e);
	return st;
}

/* ---- what is written ---- */

static void
write_refs(struct pv_jsonw *w, const char *name, struct pv_slice id)
{
	pv_jsonw_array(w, name);
	pv_jsonw_str(w, NULL, id);
	pv_jsonw_end(w);
}

/* An object that may not be given on leaves as a note that says where its sealed file is. */
static PV_RESULT
make_stub(struct pv_taxii_page *p, struct chosen *ch, const struct class *c, struct pv_err *e)
{
	const struct pv_stix_condition condition = pv_taxii_condition(&c->l);
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 }, ignored = { 0 }, time = { 0 };
	struct pv_jsonw w = { .out = &b };
	struct pv_slice marking, when = ch->item.version;
	uint64_t us;

	PV_TRY(pv_taxii_stub_id(p->d, ch->item.added, p->a, &ch->id, e));
	pv_stix_marking_write(&condition, p->a, &marking, &ignored);
	if (!pv_stix_time_read(when, &us)) {
		pv_stix_time_write(&time, ch->item.added);
		when = pv_buf_slice(&time);
	}
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "type", PV_SLICE("note"));
	pv_jsonw_str(&w, "spec_version", PV_SLICE("2.1"));
	pv_jsonw_str(&w, "id", ch->id);
	pv_jsonw_str(&w, "created", when);
	pv_jsonw_str(&w, "modified", when);
	pv_jsonw_str(&w, "abstract", PV_SLICE("Sealed: it may not be given on"));
	pv_jsonw_str(&w, "content",
	    pv_arena_printf(p->a,
		"%.*s of %.*s is given sealed, and opens only with a key that its originator "
		"releases for a stated purpose. Fetch the file and open it with Proviso or an "
		"OpenTDF client.",
		PV_FMT(ch->item.stix), PV_FMT(c->l.originator)));
	write_refs(&w, "object_refs", ch->item.stix);
	pv_jsonw_array(&w, "external_references");
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "source_name", PV_SLICE("proviso"));
	pv_jsonw_str(&w, "description", PV_SLICE("the sealed file"));
	pv_jsonw_str(&w, "url",
	    pv_arena_printf(p->a, "%.*s/taxii2/roots/%.*s/collections/%.*s/objects/%.*s/sealed/",
		PV_FMT(p->ask.url), PV_FMT(p->ask.purpose), PV_FMT(p->c.id), PV_FMT(ch->id)));
	pv_jsonw_str(&w, "external_id", ch->item.stix);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	write_refs(&w, "object_marking_refs", marking);
	pv_jsonw_end(&w);
	ch->bytes = pv_arena_copy(p->a, pv_buf_slice(&b));
	return PV_DONE;
}

/* Objects lie in the order of their places: those of a page are mostly one run, read in one go. */
struct run {
	struct pv_store_cursor *c;
	struct pv_store_row row;
	bool more;
};

static PV_RESULT
run_begin(struct pv_taxii_page *p, struct run *r, struct pv_err *e)
{
	struct pv_store_query q = { .table = PV_T_OBJECTS, .n = 1, .limit = 4 * p->chosen.n };

	*r = (struct run){ 0 };
	if (p->chosen.n < 4 || p->chosen.at[0].item.place != p->chosen.at[0].item.added)
		return PV_DONE;
	q.where[0].column = PV_C_OBJECT_ADDED;
	q.where[0].test = PV_Q_AT_LEAST;
	q.where[0].cell = PV_CELL_N(p->chosen.at[0].item.added);
	PV_TRY(pv_store_rows(&r->c, p->v, &q, e));
	return pv_store_row_next(r->c, &r->row, &r->more, e);
}

/* The row at that place, valid until the next call. */
static PV_RESULT
run_to(struct pv_taxii_page *p, struct run *r, uint64_t added, struct pv_store_row *row,
    bool *found, struct pv_err *e)
{
	while (r->more && r->row.c[PV_C_OBJECT_ADDED].n < added)
		PV_TRY(pv_store_row_next(r->c, &r->row, &r->more, e));
	*found = r->more && r->row.c[PV_C_OBJECT_ADDED].n == added;
	*row = r->row;
	if (*found)
		return PV_DONE;
	*row = (struct pv_store_row){ .c[PV_C_OBJECT_ADDED] = PV_CELL_N(added) };
	return pv_store_row_get(p->v, PV_T_OBJECTS, row, p->a, found, e);
}

static PV_RESULT
fetch_one(struct pv_taxii_page *p, struct run *r, struct pv_taxii_keys *keys, struct chosen *ch,
    bool *held, struct pv_err *e)
{
	const struct class *c = &p->classes.at[ch->class];
	struct pv_store_row row;

	*held = true;
	if (c->sealed && !pv_slice_is(ch->item.type, "marking-definition"))
		return make_stub(p, ch, c, e);
	if (p->ask.what != PV_TAXII_OBJECTS && p->ask.what != PV_TAXII_OBJECT)
		return PV_DONE;
	PV_TRY(run_to(p, r, ch->item.added, &row, held, e));
	return *held ? pv_taxii_unseal(p->d, keys, &row, p->a, &ch->bytes, held, e) : PV_DONE;
}

/* What was erased is not there; what would make the page too large waits for the next. */
static PV_RESULT
fetch_all(struct pv_taxii_page *p, struct run *r, struct pv_taxii_keys *keys, struct pv_err *e)
{
	size_t bytes = 0, kept = 0;

	for (size_t i = 0; i < p->chosen.n; i++) {
		struct chosen *ch = &p->chosen.at[i];
		bool held;

		PV_TRY(fetch_one(p, r, keys, ch, &held, e));
		if (!held)
			continue;
		bytes += ch->bytes.n;
		if (bytes > BYTES_MAX && kept > 0) {
			p->out.more = true;
			p->last_place = p->chosen.at[kept - 1].item.place;
			break;
		}
		p->chosen.at[kept++] = *ch;
	}
	p->chosen.n = kept;
	p->bytes = bytes;
	return PV_DONE;
}

static PV_RESULT
fetch(struct pv_taxii_page *p, struct pv_taxii_keys *keys, struct pv_err *e)
{
	struct run r = { 0 };
	struct pv_status st = PV_DONE;

	if (p->ask.what == PV_TAXII_OBJECTS || p->ask.what == PV_TAXII_OBJECT)
		st = run_begin(p, &r, e);
	if (pv_ok(st))
		st = fetch_all(p, &r, keys, e);
	pv_store_cursor_free(r.c);
	return st;
}

static PV_RESULT
choose(struct pv_taxii_page *p, uint64_t from, struct pv_err *e)
{
	struct pv_taxii_keys keys = { 0 };
	struct pv_status st;
	uint64_t added;
	bool is = false;

	if (p->ask.what == PV_TAXII_OBJECT || p->ask.what == PV_TAXII_VERSIONS) {
		PV_TRY(pv_taxii_stub_read(p->d, p->ask.object, &added, &is, e));
		if (is)
			PV_TRY(choose_stub(p, added, &is, e));
		if (!is)
			PV_TRY(
			    choose_ids(p, (struct pv_names){ &p->ask.object, 1 }, from, true, e));
	} else if (p->ask.ids.n != 0) {
		PV_TRY(choose_ids(p, p->ask.ids, from, false, e));
	} else {
		PV_TRY(choose_in_order(p, from, e));
	}
	st = fetch(p, &keys, e);
	pv_taxii_keys_free(&keys);
	return st;
}

static void
write_time(struct pv_jsonw *w, const char *name, uint64_t us)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_stix_time_write(&b, us);
	pv_jsonw_str(w, name, pv_buf_slice(&b));
}

static void
write_entry(struct pv_jsonw *w, const struct chosen *ch)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "id", ch->id);
	write_time(w, "date_added", ch->item.place);
	pv_jsonw_str(w, "version", ch->item.version);
	pv_jsonw_str(w, "media_type",
	    pv_slice_is(ch->item.spec, "2.0") ? PV_SLICE("application/stix+json;version=2.0")
					      : PV_SLICE("application/stix+json;version=2.1"));
	pv_jsonw_end(w);
}

static void
write_page(const struct pv_taxii_page *p, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };
	bool versions = p->ask.what == PV_TAXII_VERSIONS;

	pv_buf_room(out, p->bytes + p->chosen.n + 512);
	pv_jsonw_object(&w, NULL);
	if (p->out.more) {
		pv_jsonw_bool(&w, "more", true);
		pv_jsonw_str(&w, "next", p->out.next);
	} else if (p->chosen.n != 0) {
		pv_jsonw_bool(&w, "more", false);
	}
	if (p->chosen.n != 0)
		pv_jsonw_array(&w, versions ? "versions" : "objects");
	for (size_t i = 0; i < p->chosen.n; i++)
		if (versions)
			pv_jsonw_str(&w, NULL, p->chosen.at[i].item.version);
		else if (p->ask.what == PV_TAXII_MANIFEST)
			write_entry(&w, &p->chosen.at[i]);
		else
			pv_jsonw_raw(&w, NULL, p->chosen.at[i].bytes);
	if (p->chosen.n != 0)
		pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}

/* ---- the journal ---- */

static const char *const what_names[] = { "", "objects", "manifest", "object", "versions",
	"markings" };

/* Where they lie: the first, then how far each is from the one before. */
static struct pv_slice
places(const struct pv_taxii_page *p)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	int64_t before = 0;

	for (size_t i = 0; i < p->chosen.n; i++) {
		int64_t at = (int64_t)p->chosen.at[i].item.added;

		if (i > 0)
			pv_buf_add_c(&b, ',');
		if (at < before)
			pv_buf_add_c(&b, '-');
		pv_buf_add_u64(&b, (uint64_t)(at < before ? before - at : at - before));
		before = at;
	}
	return pv_arena_copy(p->a, pv_buf_slice(&b));
}

static void
list_digest(const struct pv_taxii_page *p, char hex[2 * PV_HASH + 1])
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	for (size_t i = 0; i < p->chosen.n; i++) {
		pv_buf_add(&b, p->chosen.at[i].item.stix);
		pv_buf_add_c(&b, ' ');
		pv_buf_add(&b, p->chosen.at[i].item.version);
		pv_buf_add_c(&b, '\n');
	}
	pv_hash_hex(pv_buf_slice(&b), hex);
}

static struct pv_slice
page_detail(const struct pv_taxii_page *p)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };
	char hex[2 * PV_HASH + 1];

	list_digest(p, hex);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "channel", PV_TAXII_CHANNEL);
	pv_jsonw_str(&w, "collection", p->c.alias);
	pv_jsonw_u64(&w, "count", p->chosen.n);
	pv_jsonw_str(&w, "list_sha256", pv_slice_of(hex));
	pv_jsonw_str(&w, "places", places(p));
	pv_jsonw_str(&w, "what", pv_slice_of(what_names[p->ask.what]));
	pv_jsonw_end(&w);
	return pv_arena_copy(p->a, pv_buf_slice(&b));
}

/* One decision for each label of the page, with how many objects it gave. */
static struct pv_slice
page_decision(const struct pv_taxii_page *p)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_array(&w, NULL);
	for (size_t i = 0; i < p->classes.n && b.n < 32768; i++) {
		if (p->classes.at[i].given == 0)
			continue;
		pv_jsonw_object(&w, NULL);
		pv_jsonw_raw(&w, "decision", p->classes.at[i].decision);
		pv_jsonw_u64(&w, "label", p->classes.at[i].label);
		pv_jsonw_u64(&w, "objects", p->classes.at[i].given);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	return pv_arena_copy(p->a, pv_buf_slice(&b));
}

static struct pv_journal_entry
page_entry(const struct pv_taxii_page *p)
{
	return (struct pv_journal_entry){ .kind = "page",
		.party = p->who->party,
		.person = p->who->person,
		.purpose = p->ask.purpose,
		.decision = page_decision(p),
		.detail = page_detail(p) };
}

/* ---- gaps that are made ---- */

static struct pv_store_change
withheld_row(const struct pv_taxii_page *p, struct pv_slice order)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_WITHHELD };

	c.row.c[PV_C_WITHHELD_ORDER] = PV_CELL_S(order);
	c.row.c[PV_C_WITHHELD_REPORT] =
	    PV_CELL_S(pv_arena_printf(p->a, "taxii:%.*s", PV_FMT(p->c.alias)));
	c.row.c[PV_C_WITHHELD_PARTY] = PV_CELL_S(p->who->party);
	c.row.c[PV_C_WITHHELD_STATE] = PV_CELL_S(PV_SLICE("withheld"));
	c.row.c[PV_C_WITHHELD_SECOND] = PV_CELL_N(p->d->env.realtime_ms(p->d->env.ctx) / 1000);
	return c;
}

/* Names of both, each once: what one order says of reopening is not forgotten when another one follows. */
static struct pv_slice
both_orders(struct pv_slice old, struct pv_slice now, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice rest = old, id, other, seek;

	pv_buf_add(&b, now);
	while (pv_slice_next(&rest, ' ', &id)) {
		bool there = id.n == 0;

		for (seek = now; !there && pv_slice_next(&seek, ' ', &other);)
			there = pv_slice_eq(other, id);
		if (there)
			continue;
		if (b.n != 0)
			pv_buf_add_c(&b, ' ');
		pv_buf_add(&b, id);
	}
	return pv_arena_copy(a, pv_buf_slice(&b));
}

/* The gap of this label is widened; nothing is written where it was as wide before. */
static void
widen(struct pv_taxii_page *p, const struct class *c, const struct pv_taxii_stream *s, bool *wider)
{
	struct pv_taxii_gap gap = {
		.label = c->label, .from = c->from, .to = c->to, .orders = c->orders
	};
	struct pv_slice rest = c->orders, id;

	*wider = true;
	for (size_t i = 0; i < s->gap_count; i++) {
		const struct pv_taxii_gap *g = &s->gaps[i];

		if (g->state == PV_GAP_OFFERED || g->label != c->label)
			continue;
		gap.orders = both_orders(g->orders, c->orders, p->a);
		*wider = c->from < g->from || c->to > g->to || gap.orders.n != g->orders.n ||
			 g->state != PV_GAP_OPEN;
		gap.from = c->from < g->from ? c->from : g->from;
		gap.to = c->to > g->to ? c->to : g->to;
		if (*wider)
			*PV_VEC_ADD(&p->rows) = pv_taxii_gap_row(s->name, g, PV_OP_DELETE);
		break;
	}
	if (!*wider)
		return;
	*PV_VEC_ADD(&p->rows) = pv_taxii_gap_row(s->name, &gap, PV_OP_PUT);
	while (pv_slice_next(&rest, ' ', &id))
		if (id.n != 0)
			*PV_VEC_ADD(&p->rows) = withheld_row(p, id);
}

/* *withheld: the class whose refusal is new, to be told to the journal. */
static PV_RESULT
note_gaps(struct pv_taxii_page *p, const struct class **withheld, struct pv_err *e)
{
	struct pv_taxii_stream s = { 0 };
	struct pv_status st;
	bool any = false;

	*withheld = NULL;
	for (size_t i = 0; i < p->classes.n; i++)
		any = any || p->classes.at[i].to != 0;
	if (!any)
		return PV_DONE;
	st = pv_taxii_stream_begin(&s, p->v, p->stream, p->key, p->a, e);
	for (size_t i = 0; pv_ok(st) && i < p->classes.n; i++) {
		bool wider = false;

		if (p->classes.at[i].to != 0)
			widen(p, &p->classes.at[i], &s, &wider);
		if (wider && *withheld == NULL)
			*withheld = &p->classes.at[i];
	}
	pv_taxii_stream_close(&s);
	return st;
}

/* ---- a page ---- */

static PV_RESULT
check_ask(struct pv_taxii_page *p, uint64_t *from, bool *good, struct pv_err *e)
{
	uint64_t place = 0;
	bool ok = true;

	*good = false;
	if (p->ask.next.n != 0)
		PV_TRY(pv_taxii_cursor_read(p->d, p->who, &p->ask, p->a, &place, &ok, e));
	if (!ok)
		return answer(
		    p, PV_TAXII_BAD, "next is not a cursor that was given for this question");
	if (p->ask.has_added_after && p->ask.added_after > place)
		place = p->ask.added_after;
	if (place >= INT64_MAX - 1)
		place = INT64_MAX - 2;
	*from = place + 1;
	if (p->ask.limit == 0)
		p->ask.limit = PV_TAXII_LIMIT;
	if (p->ask.limit > PV_TAXII_LIMIT_MAX)
		p->ask.limit = PV_TAXII_LIMIT_MAX;
	*good = true;
	return PV_DONE;
}

static PV_RESULT
find_collection(struct pv_taxii_page *p, bool *found, struct pv_err *e)
{
	*found = false;
	if (!pv_taxii_root_ok(p->d, p->who, p->ask.purpose, NULL))
		return answer(p, PV_TAXII_NOT_FOUND, "no such API root");
	PV_TRY(pv_taxii_collection_rights(
	    p->d, p->who, p->ask.purpose, p->ask.collection, p->a, &p->c, found, e));
	if (!*found)
		return answer(p, PV_TAXII_NOT_FOUND, "no such collection");
	p->ask.collection = p->c.id; /* by alias or by id, it is one question */
	*found = p->c.can_read;
	if (!*found)
		return answer(p, p->c.can_write ? PV_TAXII_FORBIDDEN : PV_TAXII_NOT_FOUND,
		    p->c.can_write ? "this collection may not be read for this purpose"
				   : "no such collection");
	p->key = pv_taxii_key(p->c.topic, p->c.name, p->a);
	p->stream = pv_taxii_stream_name(p->who, p->ask.purpose, p->key, p->a);
	return PV_DONE;
}

static PV_RESULT
choose_markings(struct pv_taxii_page *p, uint64_t from, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_LABELS, .n = 1 };
	struct pv_store_row row;
	bool more = true;

	q.where[0].column = PV_C_LABEL_ID;
	q.where[0].test = PV_Q_AT_LEAST;
	q.where[0].cell = PV_CELL_N(from);
	PV_TRY(pv_store_rows(&c, p->v, &q, e));
	for (unsigned i = 0; more; i++) {
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
		struct pv_stix_condition condition;
		struct chosen *ch;
		size_t class;

		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			break;
		PV_TRY(class_of(p, row.c[PV_C_LABEL_ID].n, PV_NO_SLICE, &class, e));
		if (p->chosen.n == p->ask.limit || i == SCAN_MAX) {
			p->out.more = true;
			break;
		}
		p->last_place = row.c[PV_C_LABEL_ID].n;
		if (p->classes.at[class].way != GIVEN)
			continue;
		condition = pv_taxii_condition(&p->classes.at[class].l);
		ch = PV_VEC_ADD(&p->chosen);
		*ch = (struct chosen){ .class = class };
		pv_stix_marking_write(&condition, p->a, &ch->id, &b);
		ch->item.stix = ch->id;
		ch->item.added = p->last_place;
		ch->bytes = pv_arena_copy(p->a, pv_buf_slice(&b));
		p->classes.at[class].given++;
	}
	return PV_DONE;
}

/* Decides and chooses. */
static PV_RESULT
make(struct pv_taxii_page *p, struct pv_err *e)
{
	bool good = true, fresh;
	uint64_t from = 0;

	clear(p);
	PV_TRY(pv_home_refresh(p->d, e));
	if (p->ask.what == PV_TAXII_MARKINGS) {
		if (!pv_taxii_root_ok(p->d, p->who, p->ask.purpose, NULL))
			return answer(p, PV_TAXII_NOT_FOUND, "no such API root");
	} else {
		PV_TRY(find_collection(p, &good, e));
	}
	if (good)
		PV_TRY(check_ask(p, &from, &good, e));
	if (!good)
		return PV_DONE;
	PV_TRY(pv_home_fresh(p->d, &p->d->own, &fresh, e));
	if (!fresh)
		return answer(p, PV_TAXII_AGAIN,
		    "stale: no fresh proof of the orders, so nothing is given until there is one");
	p->out.result = PV_TAXII_OK;
	PV_TRY(pv_store_view_open(&p->v, p->d->store, e));
	find_recalls(p);
	if (p->ask.what == PV_TAXII_MARKINGS) {
		PV_TRY(choose_markings(p, from, e));
	} else {
		PV_TRY(close_gaps(p, e));
		PV_TRY(choose(p, from, e));
		if ((p->ask.what == PV_TAXII_OBJECT || p->ask.what == PV_TAXII_VERSIONS) &&
		    !p->passed)
			return answer(p, PV_TAXII_NOT_FOUND, "no such object");
	}
	p->out.count = p->chosen.n;
	if (p->chosen.n != 0) {
		p->out.first_us = p->chosen.at[0].item.place;
		p->out.last_us = p->chosen.at[p->chosen.n - 1].item.place;
	}
	if (p->gap_left && !p->out.more) {
		p->out.more =
		    true; /* what is still to be offered again comes after all that is here */
		p->last_place = p->last_place != 0 ? p->last_place : from - 1;
	}
	if (p->out.more)
		PV_TRY(pv_taxii_cursor_write(
		    p->d, p->who, &p->ask, p->last_place, p->a, &p->out.next, e));
	return PV_DONE;
}

static struct pv_journal_entry
refusal_entry(const struct pv_taxii_page *p, const struct class *c)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "channel", PV_TAXII_CHANNEL);
	pv_jsonw_str(&w, "collection", p->c.alias);
	pv_jsonw_end(&w);
	return (struct pv_journal_entry){ .kind = "refused",
		.party = p->who->party,
		.person = p->who->person,
		.purpose = p->ask.purpose,
		.decision = c->decision,
		.detail = pv_arena_copy(p->a, pv_buf_slice(&b)) };
}

/* A gap must be durable before the page that passes over it leaves. */
static PV_RESULT
lay(struct pv_taxii_page *p, struct pv_batch *b, struct pv_err *e)
{
	const struct class *withheld;
	struct pv_journal_entry entry;

	if (p->out.result != PV_TAXII_OK)
		return PV_DONE;
	PV_TRY(note_gaps(p, &withheld, e));
	if (withheld != NULL) {
		struct pv_store_submission sub = { .changes = p->rows.at, .n = p->rows.n };
		struct pv_store_result r;
		bool moved;

		PV_TRY(pv_home_submit(p->d, &sub, &r, &moved, e));
		entry = refusal_entry(p, withheld);
		PV_TRY(pv_batch_refusal(b, &entry, p->a, &p->refusal, e));
	}
	if (p->chosen.n == 0)
		return PV_DONE;
	entry = page_entry(p);
	p->has_entry = true;
	return pv_batch_entry(b, &entry, NULL, 0, p->a, &p->entry, e);
}

PV_RESULT
pv_taxii_page_begin(struct pv_taxii_page **out, struct pv_batch *b, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, struct pv_arena *a, struct pv_err *e)
{
	struct pv_taxii_page *p = PV_ARENA_NEW(a, struct pv_taxii_page);
	struct pv_status st;

	*p = (struct pv_taxii_page){ .d = pv_batch_desk(b), .who = who, .ask = *ask, .a = a };
	st = make(p, e);
	if (pv_ok(st))
		st = lay(p, b, e);
	if (!pv_ok(st)) {
		clear(p);
		return st;
	}
	pv_store_view_free(p->v);
	p->v = NULL;
	*out = p;
	return PV_DONE;
}

/* Every decision once more, at this moment. */
static PV_RESULT
still_given(struct pv_taxii_page *p, bool *still, struct pv_err *e)
{
	*still = true;
	if (!p->has_entry)
		return PV_DONE;
	PV_TRY(pv_home_refresh(p->d, e));
	for (size_t i = 0; *still && i < p->classes.n; i++) {
		struct class *c = &p->classes.at[i];
		bool sealed = c->sealed;

		if (c->given == 0)
			continue;
		PV_TRY(decide(p, c, e));
		*still = c->way == GIVEN && (sealed || !c->sealed);
	}
	return PV_DONE;
}

static PV_RESULT
not_given(struct pv_taxii_page *p, struct pv_err *e)
{
	struct pv_journal_entry entry = page_entry(p);
	struct pv_journalled done;

	entry.kind = "not-given";
	entry.detail = pv_arena_printf(p->a,
	    "{\"entry\":%llu,\"why\":\"an order arrived before the page left\"}",
	    (unsigned long long)p->entry.index);
	return pv_journal_add(p->d, &entry, NULL, 0, p->a, &done, e);
}

/* Once more, alone: the batch is over. */
static PV_RESULT
again(struct pv_taxii_page *p, struct pv_err *e)
{
	PV_AUTO(pv_batch_freep) struct pv_batch *b = pv_batch_new(p->d);

	PV_TRY(not_given(p, e));
	PV_TRY(make(p, e));
	PV_TRY(lay(p, b, e));
	PV_TRY(pv_batch_commit(b, e));
	return p->has_entry ? pv_batch_written(b, &p->entry, e) : PV_DONE;
}

static PV_RESULT
look_again(struct pv_taxii_page *p, struct pv_err *e)
{
	bool still;

	for (unsigned i = 0; i < TRIES; i++) {
		PV_TRY(still_given(p, &still, e));
		if (still)
			return PV_DONE;
		PV_TRY(again(p, e));
	}
	PV_TRY(still_given(p, &still, e));
	if (still)
		return PV_DONE;
	PV_TRY(not_given(p, e));
	p->chosen.n = 0;
	p->out = (struct pv_taxii_answer){ 0 };
	return answer(p, PV_TAXII_AGAIN, "orders arrive faster than a page can be made");
}

PV_RESULT
pv_taxii_page_end(struct pv_taxii_page *p, struct pv_batch *b, struct pv_taxii_answer *out,
    struct pv_buf *body, struct pv_err *e)
{
	struct pv_status st = PV_DONE;

	if (p->has_entry)
		st = pv_batch_written(b, &p->entry, e);
	if (pv_ok(st))
		st = look_again(p, e);
	if (pv_ok(st)) {
		p->out.journal_index = p->has_entry ? p->entry.index : 0;
		if (p->out.result == PV_TAXII_OK)
			write_page(p, body);
		*out = p->out;
	}
	clear(p);
	return st;
}

PV_RESULT
pv_taxii_page(struct pv_desk *d, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    struct pv_arena *a, struct pv_taxii_answer *out, struct pv_buf *body, struct pv_err *e)
{
	PV_AUTO(pv_batch_freep) struct pv_batch *b = pv_batch_new(d);
	struct pv_taxii_page *p;
	struct pv_status st;

	PV_TRY(pv_taxii_page_begin(&p, b, who, ask, a, e));
	st = pv_batch_commit(b, e);
	if (!pv_ok(st)) {
		clear(p);
		return st;
	}
	return pv_taxii_page_end(p, b, out, body, e);
}

/* ---- an officer offers again ---- */

PV_RESULT
pv_taxii_offer(struct pv_desk *d, struct pv_slice order, struct pv_slice person, struct pv_arena *a,
    uint64_t *streams, uint64_t *journal_index, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_GAPS, .n = 1 };
	PV_VEC(struct pv_store_change) rows = { 0 };
	struct pv_journal_entry entry = { .kind = "admin", .party = d->party, .person = person };
	struct pv_journalled done = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_jsonw w = { .out = &detail };
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	q.where[0].column = PV_C_GAP_STATE;
	q.where[0].cell = PV_CELL_S(PV_SLICE("open"));
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct pv_slice rest = row.c[PV_C_GAP_ORDERS].s, id;
		bool names = false;

		while (pv_slice_next(&rest, ' ', &id))
			names = names || pv_slice_eq(id, order);
		if (names) {
			const struct pv_taxii_gap gap = { .label = row.c[PV_C_GAP_LABEL].n,
				.from = row.c[PV_C_GAP_FROM].n,
				.to = row.c[PV_C_GAP_TO].n,
				.state = PV_GAP_RELEASED,
				.orders = pv_arena_copy(a, row.c[PV_C_GAP_ORDERS].s) };

			*PV_VEC_ADD(&rows) = pv_taxii_gap_row(
			    pv_arena_copy(a, row.c[PV_C_GAP_STREAM].s), &gap, PV_OP_PUT);
		}
	}
	*streams = rows.n;
	if (pv_ok(st) && rows.n != 0) {
		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "offer_order", order);
		pv_jsonw_u64(&w, "streams", rows.n);
		pv_jsonw_end(&w);
		entry.detail = pv_buf_slice(&detail);
		st = pv_journal_add(d, &entry, rows.at, rows.n, a, &done, e);
	}
	PV_VEC_FREE(&rows);
	*journal_index = done.index;
	return st;
}

/* ---- deleting ---- */

static bool
goes(const struct pv_taxii_ask *ask, const struct pv_store_row *rows, size_t n, size_t i)
{
	struct pv_slice version = rows[i].c[PV_C_OBJECT_VERSION].s;

	if (ask->specs.n != 0 && !pv_names_have(ask->specs, rows[i].c[PV_C_OBJECT_SPEC].s))
		return false;
	if (ask->versions.n == 0 || asks_version(ask, "all") ||
	    (asks_version(ask, "first") && i == 0) || (asks_version(ask, "last") && i == n - 1))
		return true;
	for (size_t k = 0; k < ask->versions.n; k++)
		if (pv_taxii_version_same(ask->versions.at[k], version))
			return true;
	return false;
}

struct removal {
	struct pv_desk *d;
	struct pv_arena *a;
	struct pv_store_view *v;
	struct pv_taxii_label label;
	struct pv_store_row *gone, *kept;
	size_t gone_count, kept_count;
	PV_VEC(struct pv_store_change) rows;
	PV_VEC(uint64_t) keys;
};

static void
delete_row(struct removal *r, const struct pv_store_row *o)
{
	struct pv_names keys = pv_taxii_keys(&r->label, r->a);
	struct pv_store_change c = { .op = PV_OP_DELETE, .table = PV_T_OBJECTS };

	c.row.c[PV_C_OBJECT_ADDED] = o->c[PV_C_OBJECT_ADDED];
	*PV_VEC_ADD(&r->rows) = c;
	for (size_t i = 0; i < keys.n; i++) {
		c = (struct pv_store_change){ .op = PV_OP_DELETE, .table = PV_T_MEMBERS };
		c.row.c[PV_C_MEMBER_COLLECTION] = PV_CELL_S(keys.at[i]);
		c.row.c[PV_C_MEMBER_ADDED] = o->c[PV_C_OBJECT_ADDED];
		*PV_VEC_ADD(&r->rows) = c;
	}
}

static bool
is_gone(const struct removal *r, uint64_t added)
{
	for (size_t i = 0; i < r->gone_count; i++)
		if (r->gone[i].c[PV_C_OBJECT_ADDED].n == added)
			return true;
	return false;
}

/* What else lies under that key is sealed under a new one, so that this one can be destroyed. */
static PV_RESULT
reseal(struct removal *r, uint64_t key_id, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	struct pv_store_query q = { .table = PV_T_OBJECTS, .n = 1 };
	struct pv_taxii_keys keys = { 0 };
	struct pv_status st = PV_DONE;
	uint64_t fresh = 0;
	bool more = true;

	q.where[0].column = PV_C_OBJECT_KEY;
	q.where[0].cell = PV_CELL_N(key_id);
	PV_TRY(pv_store_rows(&c, r->v, &q, e));
	while (pv_ok(st)) {
		struct pv_store_change put = { .op = PV_OP_PUT, .table = PV_T_OBJECTS };
		struct pv_slice bytes;
		bool held = false;

		st = pv_store_row_next(c, &put.row, &more, e);
		if (!pv_ok(st) || !more)
			break;
		if (is_gone(r, put.row.c[PV_C_OBJECT_ADDED].n))
			continue;
		if (fresh == 0) {
			st = pv_store_key_take(r->d->store, &fresh, pv_secret_bytes(key), e);
			aead = pv_aead_new(key);
		}
		for (size_t i = 0; i < PV_STORE_COLUMNS; i++)
			if (put.row.c[i].s.n != 0)
				put.row.c[i].s = pv_arena_copy(r->a, put.row.c[i].s);
		if (pv_ok(st))
			st = pv_taxii_unseal(r->d, &keys, &put.row, r->a, &bytes, &held, e);
		if (!pv_ok(st) || !held)
			continue;
		put.row.c[PV_C_OBJECT_KEY].n = fresh;
		put.row.c[PV_C_OBJECT_BODY].s = pv_taxii_seal(r->d, aead,
		    put.row.c[PV_C_OBJECT_STIX].s, put.row.c[PV_C_OBJECT_ADDED].n, bytes, r->a);
		*PV_VEC_ADD(&r->rows) = put;
	}
	pv_taxii_keys_free(&keys);
	return st;
}

static PV_RESULT
remove_all(struct removal *r, struct pv_err *e)
{
	struct pv_store_change *changes;
	size_t count;

	for (size_t i = 0; i < r->gone_count; i++) {
		uint64_t key = r->gone[i].c[PV_C_OBJECT_KEY].n;
		bool seen = false;

		delete_row(r, &r->gone[i]);
		for (size_t k = 0; k < r->keys.n; k++)
			seen = seen || r->keys.at[k] == key;
		if (!seen) {
			*PV_VEC_ADD(&r->keys) = key;
			PV_TRY(reseal(r, key, e));
		}
	}
	PV_TRY(pv_taxii_member_rows(
	    r->v, r->kept, r->kept_count, &r->label, r->a, &changes, &count, e));
	for (size_t i = 0; i < count; i++)
		*PV_VEC_ADD(&r->rows) = changes[i];
	return PV_DONE;
}

/* The rows of kept ones were read before they were sealed anew: only their memberships are written from them. */
static PV_RESULT
find_removed(struct removal *r, const struct pv_taxii_ask *ask, struct pv_err *e)
{
	struct pv_store_row *rows;
	size_t n;

	PV_TRY(pv_taxii_versions(r->v, ask->object, r->a, &rows, &n, e));
	r->gone = pv_arena_alloc_n(r->a, n, sizeof(*r->gone));
	r->kept = pv_arena_alloc_n(r->a, n, sizeof(*r->kept));
	for (size_t i = 0; i < n; i++)
		if (goes(ask, rows, n, i))
			r->gone[r->gone_count++] = rows[i];
		else
			r->kept[r->kept_count++] = rows[i];
	if (n != 0)
		PV_TRY(
		    pv_taxii_label_load(r->v, rows[0].c[PV_C_OBJECT_LABEL].n, r->a, &r->label, e));
	return PV_DONE;
}

static PV_RESULT
commit_removal(struct removal *r, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    uint64_t *index, struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "deleted",
		.report = ask->object,
		.party = who->party,
		.person = who->person,
		.purpose = ask->purpose,
		.detail = pv_arena_printf(r->a, "{\"versions\":%zu}", r->gone_count) };
	struct pv_journalled done;

	PV_TRY(remove_all(r, e));
	PV_TRY(pv_journal_add(r->d, &entry, r->rows.at, r->rows.n, r->a, &done, e));
	*index = done.index;
	for (size_t i = 0; i < r->keys.n; i++)
		PV_TRY(pv_store_key_destroy(r->d->store, r->keys.at[i], e));
	return PV_DONE;
}

static PV_RESULT
remove_object(struct pv_desk *d, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    struct pv_slice key, struct pv_arena *a, struct pv_taxii_answer *out, struct pv_err *e)
{
	struct removal r = { .d = d, .a = a };
	struct pv_status st = pv_store_view_open(&r.v, d->store, e);
	bool ours;

	if (pv_ok(st))
		st = find_removed(&r, ask, e);
	ours = pv_name_under(r.label.originator, who->party);
	if (pv_ok(st) && (r.gone_count == 0 || !pv_names_have(pv_taxii_keys(&r.label, a), key))) {
		*out = (struct pv_taxii_answer){ .why = PV_SLICE("no such object") };
	} else if (pv_ok(st) && !ours) {
		*out = (struct pv_taxii_answer){ .result = PV_TAXII_FORBIDDEN,
			.why = PV_SLICE("only its originator deletes an object") };
	} else if (pv_ok(st)) {
		*out = (struct pv_taxii_answer){ .result = PV_TAXII_OK, .count = r.gone_count };
		st = commit_removal(&r, who, ask, &out->journal_index, e);
	}
	pv_store_view_free(r.v);
	PV_VEC_FREE(&r.rows);
	PV_VEC_FREE(&r.keys);
	return st;
}

PV_RESULT
pv_taxii_delete(struct pv_desk *d, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    struct pv_arena *a, struct pv_taxii_answer *out, struct pv_err *e)
{
	struct pv_taxii_collection c;
	struct pv_taxii_lock lock;
	struct pv_status st;
	bool found;

	*out = (struct pv_taxii_answer){ .why = PV_SLICE("no such collection") };
	PV_TRY(pv_home_refresh(d, e));
	if (!pv_taxii_root_ok(d, who, ask->purpose, NULL))
		return PV_DONE;
	PV_TRY(pv_taxii_collection(d, who, ask->purpose, ask->collection, a, &c, &found, e));
	if (!found || (!c.can_read && !c.can_write))
		return PV_DONE;
	if (!c.can_read || !c.can_write) {
		out->result = PV_TAXII_FORBIDDEN;
		out->why = PV_SLICE("deleting needs the right to read and to write");
		return PV_DONE;
	}
	PV_TRY(pv_taxii_lock(d, &lock, e));
	st = remove_object(d, who, ask, pv_taxii_key(c.topic, c.name, a), a, out, e);
	pv_taxii_unlock(&lock);
	return st;
}
