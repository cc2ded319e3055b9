/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots and collections. Nothing of them is kept: they follow from the
 * agreements that stand, so a right that ends is gone with the next request.
 * What exactly a reader gets is decided object by object; what is derived here
 * says only whether asking makes sense.
 *
 * A partner learns of a topic only where some agreement names it (or one above
 * or below) for it: a collection that it may neither read nor write for this
 * purpose is shown when it may for another one, since it knows of it then.
 */
#include "desk/taxii.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "codec/json.h"
#include "desk/names.h"
#include "desk/taxii_inside.h"

/* ---- agreements, of all logs held here ---- */

struct rights {
	struct pv_desk *d;
	const struct pv_caller *who;
	uint64_t now;
};

bool
pv_taxii_own(const struct pv_desk *d, struct pv_slice party)
{
	const struct pv_record *g = d->own.state->genesis;

	return pv_name_under(party, g != NULL ? g->genesis.root : d->party);
}

/* Whether a log's word counts for that giver: as desk/judge.c has it. */
static bool
speaks_for(const struct pv_desk *d, const struct pv_log *log, struct pv_slice party)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	if (log->own)
		return pv_taxii_own(d, party);
	if (log->broken || log->withheld || pv_taxii_own(d, party))
		return false;
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		if (peers->at[i]->ended != PV_NEVER || !pv_slice_eq(p->origin, log->origin))
			continue;
		for (size_t k = 0; k < p->names.n; k++)
			if (pv_name_under(party, p->names.at[k]))
				return true;
	}
	return false;
}

static bool
stands(const struct pv_fact *f, uint64_t now)
{
	const struct pv_agreement *g = &f->r->agreement;

	return f->ended == PV_NEVER && now >= g->not_before &&
	       (g->not_after == 0 || now < g->not_after);
}

static bool
has_channel(const struct pv_agreement *g)
{
	for (size_t i = 0; i < g->channels.n; i++)
		if (pv_name_under(PV_TAXII_CHANNEL, g->channels.at[i]))
			return true;
	return !g->has_channels;
}

static bool
has_purpose(const struct pv_agreement *g, struct pv_slice purpose)
{
	for (size_t i = 0; i < g->purposes.n; i++)
		if (pv_name_under(purpose, g->purposes.at[i]))
			return true;
	return false;
}

static size_t
log_count(const struct pv_desk *d)
{
	return 1 + d->copies.n;
}

static const struct pv_log *
log_at(const struct pv_desk *d, size_t i)
{
	return i == 0 ? &d->own : d->copies.at[i - 1];
}

/* May it be read by the caller: an agreement of somebody to it. May it be written: one of it to this home. */
enum side { READS = 1, WRITES = 2 };

static unsigned
sides(const struct rights *r, const struct pv_log *log, const struct pv_fact *f)
{
	const struct pv_agreement *g = &f->r->agreement;
	unsigned side = 0;

	if (!stands(f, r->now) || !has_channel(g) || !speaks_for(r->d, log, g->from))
		return 0;
	if (pv_name_under(r->who->party, g->to))
		side |= READS;
	if (pv_name_under(r->who->party, g->from) && pv_name_under(r->d->party, g->to))
		side |= WRITES;
	return side;
}

/* ---- roots ---- */

static bool
in_names(const struct pv_name_list *l, struct pv_slice name)
{
	for (size_t i = 0; i < l->n; i++)
		if (pv_slice_eq(l->at[i], name))
			return true;
	return false;
}

static bool
purpose_ok(const struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose)
{
	const struct pv_fact *f = pv_state_term(d->own.state, PV_PURPOSE, purpose);

	return f != NULL && f->ended == PV_NEVER &&
	       !pv_state_not_grantable(d->own.state, PV_PURPOSE, purpose) &&
	       pv_caller_may_state(who, purpose);
}

static void
add_root(
    struct pv_desk *d, const struct pv_caller *who, struct pv_name_list *l, struct pv_slice purpose)
{
	if (purpose_ok(d, who, purpose) && !in_names(l, purpose))
		*PV_VEC_ADD(l) = purpose;
}

static int
by_name(const void *x, const void *y)
{
	return pv_slice_cmp(*(const struct pv_slice *)x, *(const struct pv_slice *)y);
}

PV_RESULT
pv_taxii_roots(struct pv_desk *d, const struct pv_caller *who, struct pv_arena *a,
    struct pv_names *purposes, struct pv_err *e)
{
	struct rights r = { d, who, pv_desk_now(d) };
	struct pv_name_list l = { 0 };
	struct pv_slice *kept;

	(void)e;
	for (size_t i = 0; who->has_purposes && i < who->purposes.n; i++)
		add_root(d, who, &l, who->purposes.at[i]);
	for (size_t i = 0; !who->has_purposes && i < log_count(d); i++) {
		const struct pv_facts *facts = &log_at(d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++) {
			const struct pv_agreement *g = &facts->at[k]->r->agreement;

			for (size_t n = 0;
			     sides(&r, log_at(d, i), facts->at[k]) != 0 && n < g->purposes.n; n++)
				add_root(d, who, &l, g->purposes.at[n]);
		}
	}
	kept = pv_arena_alloc_n(a, l.n, sizeof(*kept));
	for (size_t i = 0; i < l.n; i++)
		kept[i] = pv_arena_copy(a, l.at[i]);
	if (l.n > 1)
		qsort(kept, l.n, sizeof(*kept), by_name);
	*purposes = (struct pv_names){ kept, l.n };
	PV_VEC_FREE(&l);
	return PV_DONE;
}

bool
pv_taxii_root_ok(
    struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose, struct pv_slice *title)
{
	const struct pv_fact *f = pv_state_term(d->own.state, PV_PURPOSE, purpose);

	if (!pv_name_ok(purpose) || !purpose_ok(d, who, purpose))
		return false;
	if (title != NULL)
		*title = f->r->term.names.n != 0 ? f->r->term.names.at[0].text : purpose;
	for (size_t i = 0; title != NULL && i < f->r->term.names.n; i++)
		if (pv_slice_is(f->r->term.names.at[i].lang, "en"))
			*title = f->r->term.names.at[i].text;
	return true;
}

/* ---- collections ---- */

struct found {
	bool topic;
	struct pv_slice name;
};
struct finding {
	struct rights r;
	PV_VEC(struct found) at;
};

static void
find_one(struct finding *f, bool topic, struct pv_slice name)
{
	for (size_t i = 0; i < f->at.n; i++)
		if (f->at.at[i].topic == topic && pv_slice_eq(f->at.at[i].name, name))
			return;
	*PV_VEC_ADD(&f->at) = (struct found){ topic, name };
}

/* Topics without one above them: what an agreement without a topic is about. */
static void
find_top(struct finding *f)
{
	const struct pv_facts *terms = &f->r.d->own.state->by_kind[PV_TERM];

	for (size_t i = 0; i < terms->n; i++)
		if (terms->at[i]->ended == PV_NEVER && terms->at[i]->r->term.tree == PV_TOPIC &&
		    pv_name_parent(terms->at[i]->r->term.name).n == 0)
			find_one(f, true, terms->at[i]->r->term.name);
}

static bool
topic_here(const struct pv_desk *d, struct pv_slice topic)
{
	const struct pv_fact *f = pv_state_term(d->own.state, PV_TOPIC, topic);

	return f != NULL && f->ended == PV_NEVER;
}

static void
find_all(struct finding *f)
{
	const struct pv_desk *d = f->r.d;

	for (size_t i = 0; i < log_count(d); i++) {
		const struct pv_facts *facts = &log_at(d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++) {
			const struct pv_agreement *g = &facts->at[k]->r->agreement;
			unsigned side = sides(&f->r, log_at(d, i), facts->at[k]);

			/* our own people know our agreements */
			if (side == 0 && !(f->r.who->own && stands(facts->at[k], f->r.now) &&
					     speaks_for(d, log_at(d, i), g->from)))
				continue;
			if (g->topic.n == 0)
				find_top(f);
			else if (topic_here(d, g->topic))
				find_one(f, true, g->topic);
			if ((side & READS) != 0)
				find_one(f, false, g->from);
		}
	}
}

static bool
reads(const struct rights *r, const struct found *c, struct pv_slice purpose)
{
	for (size_t i = 0; i < log_count(r->d); i++) {
		const struct pv_facts *facts = &log_at(r->d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++) {
			const struct pv_agreement *g = &facts->at[k]->r->agreement;

			if ((sides(r, log_at(r->d, i), facts->at[k]) & READS) == 0 ||
			    !has_purpose(g, purpose))
				continue;
			if (c->topic ? g->topic.n == 0 || pv_name_under(c->name, g->topic) ||
					   pv_name_under(g->topic, c->name)
				     : pv_slice_eq(c->name, g->from))
				return true;
		}
	}
	return false;
}

static bool
writes(const struct rights *r, const struct found *c, struct pv_slice purpose)
{
	if (!c->topic ||
	    (r->who->roles & (PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_GATEWAY)) == 0)
		return false;
	if (r->who->own)
		return true;
	for (size_t i = 0; i < log_count(r->d); i++) {
		const struct pv_facts *facts = &log_at(r->d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++) {
			const struct pv_agreement *g = &facts->at[k]->r->agreement;

			if ((sides(r, log_at(r->d, i), facts->at[k]) & WRITES) != 0 &&
			    has_purpose(g, purpose) &&
			    (g->topic.n == 0 || pv_name_under(c->name, g->topic)))
				return true;
		}
	}
	return false;
}

static struct pv_slice
id_of(const struct pv_desk *d, struct pv_slice purpose, struct pv_slice alias, struct pv_arena *a)
{
	char uuid[PV_STIX_UUID + 1];

	pv_stix_uuid4(pv_arena_printf(a, "taxii collection\n%.*s\n%.*s\n%.*s", PV_FMT(d->origin),
			  PV_FMT(purpose), PV_FMT(alias)),
	    uuid);
	return pv_arena_copy(a, pv_slice_of(uuid));
}

static struct pv_slice
named(const struct pv_desk *d, const struct found *c)
{
	const struct pv_fact *f = c->topic ? pv_state_term(d->own.state, PV_TOPIC, c->name)
					   : pv_state_party(d->own.state, c->name);
	struct pv_texts names = { 0 };

	if (f != NULL)
		names = c->topic ? f->r->term.names : f->r->party.names;
	for (size_t i = 0; i < names.n; i++)
		if (pv_slice_is(names.at[i].lang, "en"))
			return names.at[i].text;
	return names.n != 0 && names.at[0].text.n != 0 ? names.at[0].text : c->name;
}

/* A client whose pages are empty can read here why: the first public order in the way. Others are not spoken of. */
static PV_RESULT
tell_stop(const struct rights *r, const struct found *c, struct pv_slice purpose,
    struct pv_arena *a, struct pv_slice *description, struct pv_err *e)
{
	struct pv_case ask = { .matter = { .originator = c->topic ? r->d->party : c->name },
		.recipient = r->who->party,
		.purpose = purpose,
		.channel = PV_TAXII_CHANNEL };
	struct pv_judgement j;

	if (c->topic)
		ask.matter.topics = (struct pv_names){ &c->name, 1 };
	PV_TRY(pv_judge(r->d, &ask, a, &j, e));
	for (size_t i = 0; i < j.decision.orders.n; i++) {
		const struct pv_record *order = j.decision.orders.at[i].r;
		const struct pv_order *o = &order->order;
		bool all = o->topic.n == 0 && o->region.n == 0 && !o->has_purposes &&
			   !o->has_channels && o->except.n == 0;

		if (!o->is_public)
			continue;
		*description = pv_arena_printf(a, "%.*s Order %.*s of %.*s stops %s of it.",
		    PV_FMT(*description), PV_FMT(order->id), PV_FMT(order->issuer),
		    all ? "all" : "a part");
		return PV_DONE;
	}
	return PV_DONE;
}

static PV_RESULT
describe(const struct rights *r, const struct found *c, struct pv_slice purpose, struct pv_arena *a,
    struct pv_taxii_collection *out, struct pv_err *e)
{
	struct pv_taxii_label label;

	*out = (struct pv_taxii_collection){ .topic = c->topic,
		.name = pv_arena_copy(a, c->name),
		.alias =
		    pv_arena_printf(a, "%s.%.*s", c->topic ? "topics" : "parties", PV_FMT(c->name)),
		.can_read = reads(r, c, purpose),
		.can_write = writes(r, c, purpose) };
	out->id = id_of(r->d, purpose, out->alias, a);
	out->title = pv_arena_printf(a, c->topic ? "%.*s" : "From %.*s", PV_FMT(named(r->d, c)));
	if (c->topic)
		PV_TRY(pv_taxii_default_get(r->d, c->name, a, &label, &out->has_default, e));
	out->description = pv_arena_printf(a,
	    c->topic ? "What is about %.*s, for %.*s.%s" : "What %.*s shares, for %.*s.%s",
	    PV_FMT(c->name), PV_FMT(purpose),
	    !out->can_write    ? ""
	    : out->has_default ? " What comes without markings gets the label of the collection."
			       : " What comes must be marked.");
	return out->can_read ? tell_stop(r, c, purpose, a, &out->description, e) : PV_DONE;
}

static int
by_alias(const void *x, const void *y)
{
	return pv_slice_cmp(((const struct pv_taxii_collection *)x)->alias,
	    ((const struct pv_taxii_collection *)y)->alias);
}

PV_RESULT
pv_taxii_collections(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_arena *a, const struct pv_taxii_collection **out, size_t *n, struct pv_err *e)
{
	struct finding f = { .r = { d, who, pv_desk_now(d) } };
	struct pv_taxii_collection *kept;
	struct pv_status st = PV_DONE;

	find_all(&f);
	if (who->own)
		find_top(&f);
	kept = pv_arena_alloc_n(a, f.at.n, sizeof(*kept));
	for (size_t i = 0; pv_ok(st) && i < f.at.n; i++)
		st = describe(&f.r, &f.at.at[i], purpose, a, &kept[i], e);
	*n = f.at.n;
	PV_VEC_FREE(&f.at);
	PV_TRY(st);
	if (*n > 1)
		qsort(kept, *n, sizeof(*kept), by_alias);
	*out = kept;
	return PV_DONE;
}

static void
rights_of(const struct rights *r, const struct found *c, struct pv_slice purpose,
    struct pv_slice alias, struct pv_slice id, struct pv_arena *a, struct pv_taxii_collection *out)
{
	*out = (struct pv_taxii_collection){ .id = id,
		.alias = alias,
		.topic = c->topic,
		.name = pv_arena_copy(a, c->name),
		.can_read = reads(r, c, purpose),
		.can_write = writes(r, c, purpose) };
}

static PV_RESULT
find_by(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_slice id_or_alias, bool whole, struct pv_arena *a, struct pv_taxii_collection *out,
    bool *found, struct pv_err *e)
{
	struct finding f = { .r = { d, who, pv_desk_now(d) } };
	struct pv_status st = PV_DONE;

	*found = false;
	find_all(&f);
	if (who->own)
		find_top(&f);
	for (size_t i = 0; !*found && i < f.at.n; i++) {
		struct pv_slice alias = pv_arena_printf(
		    a, "%s.%.*s", f.at.at[i].topic ? "topics" : "parties", PV_FMT(f.at.at[i].name));
		struct pv_slice id = id_of(d, purpose, alias, a);

		*found = pv_slice_eq(alias, id_or_alias) || pv_slice_eq(id, id_or_alias);
		if (*found && whole)
			st = describe(&f.r, &f.at.at[i], purpose, a, out, e);
		else if (*found)
			rights_of(&f.r, &f.at.at[i], purpose, alias, id, a, out);
	}
	PV_VEC_FREE(&f.at);
	return st;
}

PV_RESULT
pv_taxii_collection(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_slice id_or_alias, struct pv_arena *a, struct pv_taxii_collection *out, bool *found,
    struct pv_err *e)
{
	return find_by(d, who, purpose, id_or_alias, true, a, out, found, e);
}

PV_RESULT
pv_taxii_collection_rights(struct pv_desk *d, const struct pv_caller *who, struct pv_slice purpose,
    struct pv_slice id_or_alias, struct pv_arena *a, struct pv_taxii_collection *out, bool *found,
    struct pv_err *e)
{
	return find_by(d, who, purpose, id_or_alias, false, a, out, found, e);
}

/* ---- for an officer ---- */

static struct pv_names
parties_for(const struct pv_desk *d, struct pv_slice topic, bool readers, struct pv_arena *a)
{
	struct pv_name_list l = { 0 };
	struct pv_names out;

	for (size_t i = 0; i < log_count(d); i++) {
		const struct pv_facts *facts = &log_at(d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++) {
			const struct pv_agreement *g = &facts->at[k]->r->agreement;

			if (!stands(facts->at[k], pv_desk_now(d)) || !has_channel(g) ||
			    !speaks_for(d, log_at(d, i), g->from) ||
			    !(g->topic.n == 0 || pv_name_under(topic, g->topic)))
				continue;
			if (readers && !in_names(&l, g->to))
				*PV_VEC_ADD(&l) = g->to;
			if (!readers && pv_name_under(d->party, g->to) &&
			    !pv_taxii_own(d, g->from) && !in_names(&l, g->from))
				*PV_VEC_ADD(&l) = g->from;
		}
	}
	out = pv_name_list_keep(&l, a);
	return out;
}

static PV_RESULT
count_members(struct pv_store_view *v, struct pv_slice key, struct pv_arena *a,
    struct pv_taxii_row *out, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = {
		.table = PV_T_MEMBERS, .n = 1, .order_by = PV_C_MEMBER_ADDED, .descending = true
	};
	struct pv_store_row row;
	bool more;

	(void)a;
	q.where[0].column = PV_C_MEMBER_COLLECTION;
	q.where[0].cell = PV_CELL_S(key);
	PV_TRY(pv_store_rows_count(&out->objects, v, &q, e));
	q.limit = 1;
	PV_TRY(pv_store_rows(&c, v, &q, e));
	PV_TRY(pv_store_row_next(c, &row, &more, e));
	out->last_us = more ? row.c[PV_C_MEMBER_ADDED].n : 0;
	return PV_DONE;
}

/* Named by an agreement itself; else what is below one is as that one, and not worth a line. */
static bool
is_named(const struct pv_desk *d, struct pv_slice topic)
{
	for (size_t i = 0; i < log_count(d); i++) {
		const struct pv_facts *facts = &log_at(d, i)->state->by_kind[PV_AGREEMENT];

		for (size_t k = 0; k < facts->n; k++)
			if (stands(facts->at[k], pv_desk_now(d)) &&
			    pv_slice_eq(facts->at[k]->r->agreement.topic, topic))
				return true;
	}
	return false;
}

PV_RESULT
pv_taxii_rows(struct pv_desk *d, struct pv_arena *a, const struct pv_taxii_row **out, size_t *n,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	const struct pv_facts *terms;
	struct pv_taxii_row *rows;

	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	terms = &d->own.state->by_kind[PV_TERM];
	rows = pv_arena_alloc_n(a, terms->n, sizeof(*rows));
	*n = 0;
	for (size_t i = 0; i < terms->n; i++) {
		struct pv_taxii_row *r = &rows[*n];

		if (terms->at[i]->r->term.tree != PV_TOPIC || terms->at[i]->ended != PV_NEVER)
			continue;
		*r = (struct pv_taxii_row){ .topic = true,
			.name = pv_arena_copy(a, terms->at[i]->r->term.name) };
		r->readers = parties_for(d, r->name, true, a);
		r->writers = parties_for(d, r->name, false, a);
		PV_TRY(count_members(v, pv_taxii_key(true, r->name, a), a, r, e));
		PV_TRY(pv_taxii_default_get(d, r->name, a, &r->label, &r->has_default, e));
		*n += r->objects != 0 || r->has_default || is_named(d, r->name);
	}
	*out = rows;
	return PV_DONE;
}

/* ---- what the other files use ---- */

struct pv_slice
pv_taxii_key(bool topic, struct pv_slice name, struct pv_arena *a)
{
	return pv_arena_printf(a, "%c:%.*s", topic ? 't' : 'p', PV_FMT(name));
}

static void
add_keys(struct pv_name_list *l, bool topic, struct pv_slice name, struct pv_arena *a)
{
	for (; name.n != 0; name = pv_name_parent(name)) {
		struct pv_slice key = pv_taxii_key(topic, name, a);

		if (in_names(l, key))
			return; /* and so is all above it */
		*PV_VEC_ADD(l) = key;
	}
}

struct pv_names
pv_taxii_keys(const struct pv_taxii_label *label, struct pv_arena *a)
{
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < label->topics.n; i++)
		add_keys(&l, true, label->topics.at[i], a);
	add_keys(&l, false, label->originator, a);
	return pv_name_list_keep(&l, a);
}

PV_RESULT
pv_taxii_lock(struct pv_desk *d, struct pv_taxii_lock *l, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	int rc;

	l->fd = open(pv_home_path(d, a, "objects.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return PV_FAIL(
		    e, PV_E_CONFIG, "no place can be given to objects (%s)", strerror(errno));
	do
		rc = flock(l->fd, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return PV_DONE;
	rc = errno;
	close(l->fd);
	l->fd = -1;
	return PV_FAIL(e, PV_E_DOWN, "no place can be given to objects (%s)", strerror(rc));
}

void
pv_taxii_unlock(struct pv_taxii_lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

PV_RESULT
pv_taxii_number(
    struct pv_store_view *v, const char *name, struct pv_arena *a, uint64_t *out, struct pv_err *e)
{
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(pv_slice_of(name)) };
	bool found;

	*out = 0;
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (found && !pv_slice_u64(row.c[PV_C_META_BODY].s, out))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the store's \"%s\" is damaged", name);
	return PV_DONE;
}

struct pv_store_change
pv_taxii_number_row(const char *name, uint64_t n, struct pv_arena *a)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };

	c.row.c[PV_C_META_NAME] = PV_CELL_S(pv_slice_of(name));
	c.row.c[PV_C_META_BODY] = PV_CELL_S(pv_arena_printf(a, "%llu", (unsigned long long)n));
	return c;
}
