/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream is what one party sees of one collection for one purpose: the
 * collection in the order of date_added, but for what an order kept back once.
 * While the order stands, the run of places in which it kept something back is
 * noted (a gap, one for each label; that is exact enough, since what has one
 * label is decided alike). When it is over, what has that label in that run
 * gets new places behind all others, for this stream alone, and is hidden at the
 * old ones. So a client that goes on from the last date_added it saw finds it.
 */
#include "desk/taxii_inside.h"

#include "codec/json.h"

struct pv_slice
pv_taxii_stream_name(
    const struct pv_caller *who, struct pv_slice purpose, struct pv_slice key, struct pv_arena *a)
{
	return pv_arena_printf(
	    a, "%.*s %.*s %.*s", PV_FMT(who->party), PV_FMT(purpose), PV_FMT(key));
}

static const char *const states[] = { "open", "released", "offered" };

struct pv_store_change
pv_taxii_gap_row(struct pv_slice stream, const struct pv_taxii_gap *gap, enum pv_store_op op)
{
	struct pv_store_change c = { .op = op, .table = PV_T_GAPS };

	c.row.c[PV_C_GAP_STREAM] = PV_CELL_S(stream);
	c.row.c[PV_C_GAP_LABEL] = PV_CELL_N(gap->label);
	c.row.c[PV_C_GAP_FROM] = PV_CELL_N(gap->from);
	c.row.c[PV_C_GAP_TO] = PV_CELL_N(gap->to);
	c.row.c[PV_C_GAP_STATE] = PV_CELL_S(pv_slice_of(states[gap->state]));
	c.row.c[PV_C_GAP_ORDERS] = PV_CELL_S(gap->orders);
	return c;
}

static PV_RESULT
load_gaps(struct pv_taxii_stream *s, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_GAPS, .n = 1 };
	PV_VEC(struct pv_taxii_gap) list = { 0 };
	struct pv_store_row row;
	struct pv_status st;
	bool more = true;

	q.where[0].column = PV_C_GAP_STREAM;
	q.where[0].cell = PV_CELL_S(s->name);
	PV_TRY(pv_store_rows(&c, s->v, &q, e));
	while (pv_ok(st = pv_store_row_next(c, &row, &more, e)) && more) {
		struct pv_taxii_gap *g = PV_VEC_ADD(&list);

		*g = (struct pv_taxii_gap){ .label = row.c[PV_C_GAP_LABEL].n,
			.from = row.c[PV_C_GAP_FROM].n,
			.to = row.c[PV_C_GAP_TO].n,
			.orders = pv_arena_copy(s->a, row.c[PV_C_GAP_ORDERS].s) };
		g->state = pv_slice_is(row.c[PV_C_GAP_STATE].s, "offered")    ? PV_GAP_OFFERED
			   : pv_slice_is(row.c[PV_C_GAP_STATE].s, "released") ? PV_GAP_RELEASED
									      : PV_GAP_OPEN;
	}
	s->gaps = pv_arena_alloc_n(s->a, list.n, sizeof(*s->gaps));
	s->gap_count = list.n;
	if (list.n != 0)
		memcpy(s->gaps, list.at, list.n * sizeof(*s->gaps));
	PV_VEC_FREE(&list);
	return st;
}

bool
pv_taxii_stream_moved(const struct pv_taxii_stream *s, uint64_t label, uint64_t place)
{
	for (size_t i = 0; i < s->gap_count; i++)
		if (s->gaps[i].state == PV_GAP_OFFERED && s->gaps[i].label == label &&
		    place >= s->gaps[i].from && place <= s->gaps[i].to)
			return true;
	return false;
}

static void
item_of(const struct pv_store_row *row, struct pv_arena *a, struct pv_taxii_item *out)
{
	*out = (struct pv_taxii_item){ .place = row->c[PV_C_MEMBER_ADDED].n,
		.added = row->c[PV_C_MEMBER_ADDED].n,
		.stix = pv_arena_copy(a, row->c[PV_C_MEMBER_STIX].s),
		.version = pv_arena_copy(a, row->c[PV_C_MEMBER_VERSION].s),
		.type = pv_arena_copy(a, row->c[PV_C_MEMBER_TYPE].s),
		.spec = pv_arena_copy(a, row->c[PV_C_MEMBER_SPEC].s),
		.label = row->c[PV_C_MEMBER_LABEL].n,
		.flags = (unsigned)row->c[PV_C_MEMBER_FLAGS].n };
}

static PV_RESULT
member_at(struct pv_taxii_stream *s, uint64_t added, struct pv_taxii_item *out, bool *found,
    struct pv_err *e)
{
	struct pv_store_row row = { .c[PV_C_MEMBER_COLLECTION] = PV_CELL_S(s->key),
		.c[PV_C_MEMBER_ADDED] = PV_CELL_N(added) };

	PV_TRY(pv_store_row_get(s->v, PV_T_MEMBERS, &row, s->a, found, e));
	if (*found)
		item_of(&row, s->a, out);
	return PV_DONE;
}

static PV_RESULT
next_base(struct pv_taxii_stream *s, struct pv_err *e)
{
	struct pv_store_row row;

	do {
		PV_TRY(pv_store_row_next(s->base, &row, &s->has_base, e));
		if (!s->has_base)
			return PV_DONE;
	} while (s->gap_count != 0 &&
		 pv_taxii_stream_moved(s, row.c[PV_C_MEMBER_LABEL].n, row.c[PV_C_MEMBER_ADDED].n));
	item_of(&row, s->a, &s->next_base);
	return PV_DONE;
}

/* What was deleted since it was offered is passed over. */
static PV_RESULT
next_offer(struct pv_taxii_stream *s, struct pv_err *e)
{
	struct pv_store_row row;
	bool found = false;

	while (!found) {
		uint64_t place;

		PV_TRY(pv_store_row_next(s->offers, &row, &s->has_offer, e));
		if (!s->has_offer)
			return PV_DONE;
		place = row.c[PV_C_OFFER_ADDED].n;
		PV_TRY(member_at(s, row.c[PV_C_OFFER_OBJECT].n, &s->next_offer, &found, e));
		s->next_offer.place = place;
		found = found && !pv_taxii_stream_moved(s, s->next_offer.label, place);
	}
	return PV_DONE;
}

PV_RESULT
pv_taxii_stream_begin(struct pv_taxii_stream *s, struct pv_store_view *v, struct pv_slice name,
    struct pv_slice key, struct pv_arena *a, struct pv_err *e)
{
	*s = (struct pv_taxii_stream){ .name = name, .key = key, .a = a, .v = v };
	PV_TRY(load_gaps(s, e));
	for (size_t i = 0; i < s->gap_count; i++)
		s->any_offers = s->any_offers || s->gaps[i].state == PV_GAP_OFFERED;
	return PV_DONE;
}

PV_RESULT
pv_taxii_stream_go(struct pv_taxii_stream *s, uint64_t from, struct pv_err *e)
{
	struct pv_store_query q = { .table = PV_T_MEMBERS, .n = 2, .order_by = PV_C_MEMBER_ADDED };

	q.where[0].column = PV_C_MEMBER_COLLECTION;
	q.where[0].cell = PV_CELL_S(s->key);
	q.where[1].column = PV_C_MEMBER_ADDED;
	q.where[1].test = PV_Q_AT_LEAST;
	q.where[1].cell = PV_CELL_N(from);
	PV_TRY(pv_store_rows(&s->base, s->v, &q, e));
	PV_TRY(next_base(s, e));
	if (!s->any_offers)
		return PV_DONE;
	q = (struct pv_store_query){ .table = PV_T_OFFERS, .n = 2, .order_by = PV_C_OFFER_ADDED };
	q.where[0].column = PV_C_OFFER_STREAM;
	q.where[0].cell = PV_CELL_S(s->name);
	q.where[1].column = PV_C_OFFER_ADDED;
	q.where[1].test = PV_Q_AT_LEAST;
	q.where[1].cell = PV_CELL_N(from);
	PV_TRY(pv_store_rows(&s->offers, s->v, &q, e));
	return next_offer(s, e);
}

PV_RESULT
pv_taxii_stream_open(struct pv_taxii_stream *s, struct pv_store_view *v, struct pv_slice name,
    struct pv_slice key, uint64_t from, struct pv_arena *a, struct pv_err *e)
{
	PV_TRY(pv_taxii_stream_begin(s, v, name, key, a, e));
	return pv_taxii_stream_go(s, from, e);
}

void
pv_taxii_stream_close(struct pv_taxii_stream *s)
{
	pv_store_cursor_free(s->base);
	pv_store_cursor_free(s->offers);
	s->base = s->offers = NULL;
}

PV_RESULT
pv_taxii_stream_next(
    struct pv_taxii_stream *s, struct pv_taxii_item *out, bool *more, struct pv_err *e)
{
	*more = s->has_base || s->has_offer;
	if (!*more)
		return PV_DONE;
	if (s->has_offer && (!s->has_base || s->next_offer.place < s->next_base.place)) {
		*out = s->next_offer;
		return next_offer(s, e);
	}
	*out = s->next_base;
	return next_base(s, e);
}

PV_RESULT
pv_taxii_stream_find(struct pv_taxii_stream *s, uint64_t added, struct pv_taxii_item *out,
    bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_OFFERS, .n = 2 };
	struct pv_store_row row;
	bool more = true;

	PV_TRY(member_at(s, added, out, found, e));
	if (!*found || !pv_taxii_stream_moved(s, out->label, added))
		return PV_DONE;
	q.where[0].column = PV_C_OFFER_STREAM;
	q.where[0].cell = PV_CELL_S(s->name);
	q.where[1].column = PV_C_OFFER_OBJECT;
	q.where[1].cell = PV_CELL_N(added);
	PV_TRY(pv_store_rows(&c, s->v, &q, e));
	*found = false;
	while (more) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (more && !pv_taxii_stream_moved(s, out->label, row.c[PV_C_OFFER_ADDED].n)) {
			out->place = row.c[PV_C_OFFER_ADDED].n;
			*found = true;
		}
	}
	return PV_DONE;
}

/* ---- offering again ---- */

static PV_RESULT
offer_rows(struct pv_desk *d, struct pv_taxii_stream *s, const struct pv_taxii_gap *gap,
    struct pv_arena *a, struct pv_store_change *rows, size_t *n, uint64_t *count, struct pv_err *e)
{
	struct pv_taxii_gap done = *gap, rest = *gap;
	uint64_t now = d->env.realtime_ms(d->env.ctx) * 1000, last;
	struct pv_taxii_item item;
	bool more = true;

	*n = 0;
	*count = 0;
	PV_TRY(pv_taxii_number(s->v, PV_TAXII_LAST, a, &last, e));
	done.state = PV_GAP_OFFERED;
	rest.from = gap->to + 1;
	while (more) {
		struct pv_store_change *c = &rows[*n];

		PV_TRY(pv_taxii_stream_next(s, &item, &more, e));
		if (!more || item.place > gap->to)
			break;
		if (item.label != gap->label)
			continue;
		if (*count == PV_TAXII_LIMIT_MAX) {
			done.to = item.place - 1;
			rest.from = item.place;
			break;
		}
		last = now > last ? now : last + 1;
		*c = (struct pv_store_change){ .op = PV_OP_PUT, .table = PV_T_OFFERS };
		c->row.c[PV_C_OFFER_STREAM] = PV_CELL_S(s->name);
		c->row.c[PV_C_OFFER_ADDED] = PV_CELL_N(last);
		c->row.c[PV_C_OFFER_OBJECT] = PV_CELL_N(item.added);
		(*n)++;
		(*count)++;
	}
	rows[(*n)++] = pv_taxii_gap_row(s->name, gap, PV_OP_DELETE);
	rows[(*n)++] = pv_taxii_gap_row(s->name, &done, PV_OP_PUT);
	if (rest.from <= gap->to)
		rows[(*n)++] = pv_taxii_gap_row(s->name, &rest, PV_OP_PUT);
	rows[(*n)++] = pv_taxii_number_row(PV_TAXII_LAST, last, a);
	return PV_DONE;
}

static PV_RESULT
offer(struct pv_desk *d, const struct pv_caller *who, struct pv_slice name, struct pv_slice key,
    const struct pv_taxii_gap *gap, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_jsonw w = { .out = &detail };
	struct pv_store_change *rows = pv_arena_alloc_n(a, PV_TAXII_LIMIT_MAX + 4, sizeof(*rows));
	struct pv_journal_entry entry = { .kind = "offered", .party = who->party };
	struct pv_taxii_stream s = { 0 };
	struct pv_journalled done;
	struct pv_status st;
	uint64_t count = 0;
	size_t n = 0;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	st = pv_taxii_stream_open(&s, v, name, key, gap->from, a, e);
	/* another process may have done it since */
	for (size_t i = 0; pv_ok(st) && i < s.gap_count; i++)
		if (s.gaps[i].state != PV_GAP_OFFERED && s.gaps[i].label == gap->label &&
		    s.gaps[i].from == gap->from && s.gaps[i].to == gap->to) {
			st = offer_rows(d, &s, gap, a, rows, &n, &count, e);
			break;
		}
	pv_taxii_stream_close(&s);
	if (!pv_ok(st) || n == 0)
		return st;
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "collection", key);
	pv_jsonw_u64(&w, "count", count);
	pv_jsonw_u64(&w, "from", gap->from);
	pv_jsonw_str(&w, "orders", gap->orders);
	pv_jsonw_u64(&w, "to", gap->to);
	pv_jsonw_end(&w);
	entry.detail = pv_buf_slice(&detail);
	return pv_journal_add(d, &entry, rows, n, a, &done, e);
}

PV_RESULT
pv_taxii_stream_offer(struct pv_desk *d, const struct pv_caller *who, struct pv_slice name,
    struct pv_slice key, const struct pv_taxii_gap *gap, struct pv_err *e)
{
	struct pv_taxii_lock lock;
	struct pv_status st;

	PV_TRY(pv_taxii_lock(d, &lock, e));
	st = offer(d, who, name, key, gap, e);
	pv_taxii_unlock(&lock);
	return st;
}
