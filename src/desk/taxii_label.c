/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of objects: from markings, from what an officer set, and joined.
 *
 * Whatever a marking says can only narrow: STIX has no rule for several
 * markings, so permissions are intersected and prohibitions added. A marking of
 * ours may name the originator; that is a claim of whoever brought it, and makes
 * it a report that came through the one who brought it, never one of its own.
 *
 * TLP says how far the one who receives may give it on. What is ours goes, with
 * its TLP, to whom our agreements give it; what a partner gave as AMBER or
 * AMBER+STRICT stays in this authority, as RED with the party that runs this
 * home.
 */
#include "desk/names.h"
#include "desk/taxii_inside.h"

#include "codec/json.h"
#include "codec/rfc3339.h"
#include "core/words.h"

/* ---- as JSON ---- */

static void
write_names(struct pv_jsonw *w, const char *name, struct pv_names names, bool even_empty)
{
	if (names.n == 0 && !even_empty)
		return;
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < names.n; i++)
		pv_jsonw_str(w, NULL, names.at[i]);
	pv_jsonw_end(w);
}

void
pv_taxii_label_write(const struct pv_taxii_label *l, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };
	PV_AUTO(pv_buf_free) struct pv_buf until = { 0 };

	pv_jsonw_object(&w, NULL);
	write_names(&w, "custodians", l->custodians, false);
	write_names(&w, "never", l->never, false);
	pv_jsonw_str(&w, "originator", l->originator);
	write_names(&w, "permitted", l->permitted, l->has_permitted);
	write_names(&w, "regions", l->regions, false);
	write_names(&w, "releasable_to", l->releasable_to, l->has_releasable_to);
	if (l->tlp != PV_TLP_NONE)
		pv_jsonw_str(&w, "tlp", pv_slice_of(pv_tlp_name(l->tlp)));
	write_names(&w, "topics", l->topics, false);
	if (l->valid_until != 0) {
		pv_time_write(&until, l->valid_until);
		pv_jsonw_str(&w, "valid_until", pv_buf_slice(&until));
	}
	pv_jsonw_end(&w);
}

struct reading {
	const struct pv_json *doc;
	struct pv_arena *a;
	struct pv_err *e;
};

static PV_RESULT
damaged(const struct reading *r)
{
	return PV_FAIL(r->e, PV_E_UNTRUSTED, "a label in the store is damaged");
}

static PV_RESULT
read_names(
    const struct reading *r, const struct pv_json_node *list, bool *has, struct pv_names *out)
{
	struct pv_slice *at;
	size_t n = 0;

	if (list->type != PV_JSON_ARRAY)
		return damaged(r);
	at = pv_arena_alloc_n(r->a, list->count, sizeof(*at));
	for (uint32_t i = list->first; i != PV_JSON_NONE; i = pv_json_at(r->doc, i)->next)
		at[n++] = pv_arena_copy(r->a, pv_json_at(r->doc, i)->text);
	*out = (struct pv_names){ at, n };
	if (has != NULL)
		*has = true;
	return PV_DONE;
}

static PV_RESULT
read_tlp(const struct reading *r, struct pv_slice word, enum pv_tlp *out)
{
	const struct pv_word *w = pv_word_find(pv_tlp_words, word);

	if (w == NULL)
		return damaged(r);
	*out = (enum pv_tlp)w->value;
	return PV_DONE;
}

static PV_RESULT
read_member(const struct reading *r, const struct pv_json_node *m, struct pv_taxii_label *l)
{
	if (pv_slice_is(m->name, "custodians"))
		return read_names(r, m, NULL, &l->custodians);
	if (pv_slice_is(m->name, "never"))
		return read_names(r, m, NULL, &l->never);
	if (pv_slice_is(m->name, "permitted"))
		return read_names(r, m, &l->has_permitted, &l->permitted);
	if (pv_slice_is(m->name, "regions"))
		return read_names(r, m, NULL, &l->regions);
	if (pv_slice_is(m->name, "releasable_to"))
		return read_names(r, m, &l->has_releasable_to, &l->releasable_to);
	if (pv_slice_is(m->name, "topics"))
		return read_names(r, m, NULL, &l->topics);
	if (m->type != PV_JSON_STRING)
		return damaged(r);
	if (pv_slice_is(m->name, "tlp"))
		return read_tlp(r, m->text, &l->tlp);
	if (pv_slice_is(m->name, "valid_until"))
		return pv_time_read(m->text, &l->valid_until) ? PV_DONE : damaged(r);
	if (!pv_slice_is(m->name, "originator"))
		return damaged(r); /* a bar that is not known here is a bar all the same */
	l->originator = pv_arena_copy(r->a, m->text);
	return PV_DONE;
}

PV_RESULT
pv_taxii_label_read(
    struct pv_taxii_label *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_taxii_label l = { 0 };
	struct reading r = { NULL, a, e };

	PV_TRY(pv_json_read(&doc, text, PV_STORE_BODY_MAX, e));
	r.doc = doc;
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return damaged(&r);
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next)
		PV_TRY(read_member(&r, pv_json_at(doc, i), &l));
	*out = l;
	return PV_DONE;
}

PV_RESULT
pv_taxii_label_load(struct pv_store_view *v, uint64_t id, struct pv_arena *a,
    struct pv_taxii_label *out, struct pv_err *e)
{
	struct pv_store_row row = { .c[PV_C_LABEL_ID] = PV_CELL_N(id) };
	bool found;

	PV_TRY(pv_store_row_get(v, PV_T_LABELS, &row, a, &found, e));
	if (!found)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the store lacks label %llu of its objects",
		    (unsigned long long)id);
	return pv_taxii_label_read(out, row.c[PV_C_LABEL_BODY].s, a, e);
}

/* ---- joining ---- */

static struct pv_names
all_of(struct pv_names x, struct pv_names y, struct pv_arena *a)
{
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < x.n; i++)
		pv_name_list_add_once(&l, x.at[i]);
	for (size_t i = 0; i < y.n; i++)
		pv_name_list_add_once(&l, y.at[i]);
	return pv_name_list_keep(&l, a);
}

/* What is at or below one of both. */
static struct pv_names
common(struct pv_names x, struct pv_names y, struct pv_arena *a)
{
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < x.n; i++)
		for (size_t k = 0; k < y.n; k++)
			if (pv_name_under(x.at[i], y.at[k]))
				pv_name_list_add_once(&l, x.at[i]);
			else if (pv_name_under(y.at[k], x.at[i]))
				pv_name_list_add_once(&l, y.at[k]);
	return pv_name_list_keep(&l, a);
}

static void
narrow(bool *has, struct pv_names *names, bool other_has, struct pv_names other, struct pv_arena *a)
{
	if (other_has)
		*names = *has ? common(*names, other, a) : other;
	*has = *has || other_has;
}

struct pv_taxii_label
pv_taxii_label_join(
    const struct pv_taxii_label *first, const struct pv_taxii_label *second, struct pv_arena *a)
{
	struct pv_taxii_label l = *first;

	if (l.originator.n == 0) {
		l.originator = second->originator;
		l.custodians = second->custodians;
	}
	l.topics = all_of(l.topics, second->topics, a);
	l.regions = all_of(l.regions, second->regions, a);
	l.never = all_of(l.never, second->never, a);
	narrow(&l.has_permitted, &l.permitted, second->has_permitted, second->permitted, a);
	narrow(&l.has_releasable_to, &l.releasable_to, second->has_releasable_to,
	    second->releasable_to, a);
	if (second->tlp > l.tlp)
		l.tlp = second->tlp;
	if (second->valid_until != 0 && (l.valid_until == 0 || second->valid_until < l.valid_until))
		l.valid_until = second->valid_until;
	return l;
}

bool
pv_taxii_label_same(const struct pv_taxii_label *x, const struct pv_taxii_label *y)
{
	PV_AUTO(pv_buf_free) struct pv_buf bx = { 0 }, by = { 0 };

	pv_taxii_label_write(x, &bx);
	pv_taxii_label_write(y, &by);
	return pv_slice_eq(pv_buf_slice(&bx), pv_buf_slice(&by));
}

/* ---- what is judged ---- */

/* Of what only these purposes are permitted, all others are forbidden: the topmost that none of them is below. */
static struct pv_names
forbidden_by(
    const struct pv_desk *d, struct pv_names permitted, struct pv_names never, struct pv_arena *a)
{
	const struct pv_facts *terms = &d->own.state->by_kind[PV_TERM];
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < never.n; i++)
		pv_name_list_add_once(&l, never.at[i]);
	for (size_t i = 0; i < terms->n; i++) {
		struct pv_slice name = terms->at[i]->r->term.name;
		bool meets = terms->at[i]->r->term.tree != PV_PURPOSE;

		for (size_t k = 0; k < permitted.n && !meets; k++)
			meets = pv_name_under(name, permitted.at[k]) ||
				pv_name_under(permitted.at[k], name);
		if (!meets)
			pv_name_list_add_once(&l, name);
	}
	return pv_name_list_keep(&l, a);
}

PV_RESULT
pv_taxii_case(struct pv_desk *d, const struct pv_taxii_label *l, struct pv_slice object,
    struct pv_slice recipient, struct pv_slice purpose, uint64_t added_us, struct pv_arena *a,
    struct pv_case *out, struct pv_err *e)
{
	struct pv_case c = {
		.recipient = recipient, .purpose = purpose, .channel = PV_TAXII_CHANNEL
	};
	struct pv_slice *custodians = pv_arena_alloc_n(a, l->custodians.n + 1, sizeof(*custodians));
	size_t n = l->custodians.n;

	(void)e;
	if (n != 0)
		memcpy(custodians, l->custodians.at, n * sizeof(*custodians));
	/* what a partner gave us we give on as custodian; our own people are those to whom it was given */
	if (!pv_taxii_own(d, l->originator) && !pv_taxii_own(d, recipient)) {
		custodians[n++] = d->party;
		c.held_since = added_us / 1000000;
	}
	c.matter = (struct pv_matter){ .report = object,
		.originator = l->originator,
		.custodians = { custodians, n },
		.topics = l->topics,
		.regions = l->regions,
		.never = l->has_permitted ? forbidden_by(d, l->permitted, l->never, a) : l->never,
		.has_releasable_to = l->has_releasable_to,
		.releasable_to = l->releasable_to,
		.valid_until = l->valid_until };
	/* a purpose that lies wider than what is permitted is not permitted */
	if (l->has_permitted) {
		bool under = false;

		for (size_t i = 0; i < l->permitted.n; i++)
			under = under || pv_name_under(purpose, l->permitted.at[i]);
		if (!under)
			c.matter.never =
			    all_of(c.matter.never, (struct pv_names){ &purpose, 1 }, a);
	}
	*out = c;
	return PV_DONE;
}

struct pv_stix_condition
pv_taxii_condition(const struct pv_taxii_label *l)
{
	return (struct pv_stix_condition){ .originator = l->originator,
		.topics = l->topics,
		.regions = l->regions,
		.has_permitted = l->has_permitted,
		.permitted = l->permitted,
		.never = l->never,
		.has_releasable_to = l->has_releasable_to,
		.releasable_to = l->releasable_to,
		.tlp = l->tlp,
		.not_after = l->valid_until };
}

/* ---- from a marking ---- */

static PV_RESULT
check_terms(struct pv_desk *d, enum pv_tree tree, const struct pv_names *names, struct pv_err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (pv_state_term(d->own.state, tree, names->at[i]) == NULL)
			return PV_FAIL(e, PV_E_INPUT,
			    "the marking names a %s that is not declared here: \"%.*s\"",
			    pv_tree_name(tree), PV_FMT(names->at[i]));
	return PV_DONE;
}

/* The purposes whose maps have this action of ACS. */
static struct pv_names
acs_purposes(struct pv_desk *d, struct pv_slice action, struct pv_arena *a)
{
	const struct pv_facts *terms = &d->own.state->by_kind[PV_TERM];
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < terms->n; i++) {
		const struct pv_term *t = &terms->at[i]->r->term;
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
		const struct pv_json_node *n;
		struct pv_err ignored;

		if (t->tree != PV_PURPOSE || terms->at[i]->ended != PV_NEVER || t->maps.n == 0 ||
		    !pv_ok(pv_json_read(&doc, t->maps, 65536, &ignored)))
			continue;
		n = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("acs")));
		if (n != NULL && n->type == PV_JSON_STRING && pv_slice_eq(n->text, action))
			pv_name_list_add_once(&l, t->name);
		for (uint32_t k = n != NULL && n->type == PV_JSON_ARRAY ? n->first : PV_JSON_NONE;
		     k != PV_JSON_NONE; k = pv_json_at(doc, k)->next)
			if (pv_slice_eq(pv_json_at(doc, k)->text, action))
				pv_name_list_add_once(&l, t->name);
	}
	return pv_name_list_keep(&l, a);
}

static PV_RESULT
mark_acs(struct pv_desk *d, struct pv_taxii_label *l, const struct pv_stix_claim *c,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_names permit = { 0 };
	bool all = c->acs_permits;

	for (size_t i = 0; i < c->acs_deny.n; i++) {
		struct pv_names purposes = acs_purposes(d, c->acs_deny.at[i], a);

		if (purposes.n == 0)
			return PV_FAIL(e, PV_E_INPUT,
			    "the ACS marking denies \"%.*s\", which no purpose here stands for",
			    PV_FMT(c->acs_deny.at[i]));
		l->never = all_of(l->never, purposes, a);
	}
	for (size_t i = 0; i < c->acs_permit.n; i++) {
		all = all || pv_slice_is(c->acs_permit.at[i], "ALL");
		permit = all_of(permit, acs_purposes(d, c->acs_permit.at[i], a), a);
	}
	if (!all)
		narrow(&l->has_permitted, &l->permitted, true, permit, a);
	return PV_DONE;
}

/* How far the one who received it may give it on. */
static void
mark_tlp(struct pv_desk *d, struct pv_taxii_label *l, enum pv_tlp tlp, struct pv_arena *a)
{
	const struct pv_record *g = d->own.state->genesis;
	struct pv_slice *only = PV_ARENA_NEW(a, struct pv_slice);

	if (tlp > l->tlp)
		l->tlp = tlp;
	if (pv_taxii_own(d, l->originator)) {
		if (tlp != PV_TLP_RED || l->has_releasable_to)
			return;
		*only = l->originator;
	} else if (tlp == PV_TLP_AMBER || tlp == PV_TLP_AMBER_STRICT) {
		*only = g != NULL ? g->genesis.root : d->party;
	} else if (tlp == PV_TLP_RED) {
		*only = d->party;
	} else {
		return;
	}
	narrow(&l->has_releasable_to, &l->releasable_to, true, (struct pv_names){ only, 1 }, a);
}

static PV_RESULT
mark_ours(struct pv_desk *d, struct pv_taxii_marked *m, const struct pv_stix_claim *c,
    struct pv_slice giver, struct pv_arena *a, struct pv_err *e)
{
	struct pv_taxii_label *l = &m->label;

	PV_TRY(check_terms(d, PV_PURPOSE, &c->forbidden, e));
	PV_TRY(check_terms(d, PV_TOPIC, &c->topics, e));
	PV_TRY(check_terms(d, PV_REGION, &c->regions, e));
	if (c->originator.n != 0 && !pv_slice_eq(c->originator, l->originator)) {
		/* of two that are claimed it is nobody's: nothing would permit it */
		if (!pv_slice_eq(l->originator, giver))
			return PV_FAIL(e, PV_E_INPUT, "its markings name two originators");
		if (pv_state_party(d->own.state, c->originator) == NULL)
			return PV_FAIL(e, PV_E_INPUT,
			    "the marking names an originator that is not declared here: \"%.*s\"",
			    PV_FMT(c->originator));
		l->originator = c->originator;
		if (!pv_name_under(c->originator, giver)) {
			struct pv_slice *through = PV_ARENA_NEW(a, struct pv_slice);

			*through = giver;
			l->custodians = (struct pv_names){ through, 1 };
		}
	}
	l->never = all_of(l->never, c->forbidden, a);
	l->topics = all_of(l->topics, c->topics, a);
	l->regions = all_of(l->regions, c->regions, a);
	narrow(&l->has_permitted, &l->permitted, c->has_permitted, c->permitted, a);
	narrow(&l->has_releasable_to, &l->releasable_to, c->has_releasable_to, c->releasable_to, a);
	if (c->not_after != 0 && (l->valid_until == 0 || c->not_after < l->valid_until))
		l->valid_until = c->not_after;
	return PV_DONE;
}

PV_RESULT
pv_taxii_mark(struct pv_desk *d, struct pv_taxii_marked *m, const struct pv_stix_claim *c,
    struct pv_slice giver, struct pv_arena *a, struct pv_err *e)
{
	if (c->foreign)
		return PV_FAIL(e, PV_E_INPUT,
		    "a marking says something that is not understood here; nothing is assumed "
		    "about it");
	if (c->ours)
		PV_TRY(mark_ours(d, m, c, giver, a, e));
	if (c->acs)
		PV_TRY(mark_acs(d, &m->label, c, a, e));
	if (c->tlp != PV_TLP_NONE)
		mark_tlp(d, &m->label, c->tlp, a);
	m->understood = m->understood || c->ours || c->acs || c->tlp != PV_TLP_NONE;
	return PV_DONE;
}

/* ---- claims, in the store ---- */

void
pv_taxii_claim_write(const struct pv_stix_claim *c, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_bool(&w, "acs", c->acs);
	write_names(&w, "acs_deny", c->acs_deny, false);
	write_names(&w, "acs_permit", c->acs_permit, false);
	pv_jsonw_bool(&w, "acs_permits", c->acs_permits);
	write_names(&w, "forbidden", c->forbidden, false);
	pv_jsonw_bool(&w, "foreign", c->foreign);
	pv_jsonw_u64(&w, "not_after", c->not_after);
	pv_jsonw_str(&w, "originator", c->originator);
	pv_jsonw_bool(&w, "ours", c->ours);
	write_names(&w, "permitted", c->permitted, c->has_permitted);
	write_names(&w, "regions", c->regions, false);
	write_names(&w, "releasable_to", c->releasable_to, c->has_releasable_to);
	pv_jsonw_u64(&w, "tlp", (uint64_t)c->tlp);
	write_names(&w, "topics", c->topics, false);
	pv_jsonw_bool(&w, "words", c->words);
	pv_jsonw_end(&w);
}

static PV_RESULT
read_claim_member(const struct reading *r, const struct pv_json_node *m, struct pv_stix_claim *c)
{
	const struct {
		const char *name;
		struct pv_names *names;
		bool *has;
	} lists[] = { { "acs_deny", &c->acs_deny, NULL }, { "acs_permit", &c->acs_permit, NULL },
		{ "forbidden", &c->forbidden, NULL },
		{ "permitted", &c->permitted, &c->has_permitted }, { "regions", &c->regions, NULL },
		{ "releasable_to", &c->releasable_to, &c->has_releasable_to },
		{ "topics", &c->topics, NULL } };
	const struct {
		const char *name;
		bool *at;
	} flags[] = { { "acs", &c->acs }, { "acs_permits", &c->acs_permits },
		{ "foreign", &c->foreign }, { "ours", &c->ours }, { "words", &c->words } };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (pv_slice_is(m->name, lists[i].name))
			return read_names(r, m, lists[i].has, lists[i].names);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (pv_slice_is(m->name, flags[i].name)) {
			*flags[i].at = m->integer != 0;
			return m->type == PV_JSON_BOOL ? PV_DONE : damaged(r);
		}
	if (pv_slice_is(m->name, "originator"))
		c->originator = pv_arena_copy(r->a, m->text);
	else if (pv_slice_is(m->name, "not_after") && m->integer >= 0)
		c->not_after = (uint64_t)m->integer;
	else if (pv_slice_is(m->name, "tlp") && m->integer >= 0 && m->integer <= PV_TLP_RED)
		c->tlp = (enum pv_tlp)m->integer;
	else
		return damaged(r);
	return PV_DONE;
}

PV_RESULT
pv_taxii_claim_read(
    struct pv_stix_claim *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_stix_claim c = { .given = true };
	struct reading r = { NULL, a, e };

	PV_TRY(pv_json_read(&doc, text, PV_STORE_BODY_MAX, e));
	r.doc = doc;
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next)
		PV_TRY(read_claim_member(&r, pv_json_at(doc, i), &c));
	*out = c;
	return PV_DONE;
}

/* ---- what an officer set ---- */

PV_RESULT
pv_taxii_default_get(struct pv_desk *d, struct pv_slice topic, struct pv_arena *a,
    struct pv_taxii_label *out, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_COLLECTION_NAME] =
					PV_CELL_S(pv_taxii_key(true, topic, a)) };

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_COLLECTIONS, &row, a, found, e));
	return *found ? pv_taxii_label_read(out, row.c[PV_C_COLLECTION_BODY].s, a, e) : PV_DONE;
}

static PV_RESULT
check_default(
    struct pv_desk *d, struct pv_slice topic, const struct pv_taxii_label *l, struct pv_err *e)
{
	const struct pv_names topics = { &topic, 1 };

	PV_TRY(check_terms(d, PV_TOPIC, &topics, e));
	if (l == NULL)
		return PV_DONE;
	PV_TRY(check_terms(d, PV_PURPOSE, &l->never, e));
	PV_TRY(check_terms(d, PV_PURPOSE, &l->permitted, e));
	PV_TRY(check_terms(d, PV_REGION, &l->regions, e));
	PV_TRY(check_terms(d, PV_TOPIC, &l->topics, e));
	for (size_t i = 0; i < l->releasable_to.n; i++)
		if (pv_state_party(d->own.state, l->releasable_to.at[i]) == NULL)
			return PV_FAIL(e, PV_E_INPUT, "unknown party \"%.*s\"",
			    PV_FMT(l->releasable_to.at[i]));
	return PV_DONE;
}

PV_RESULT
pv_taxii_default_set(struct pv_desk *d, struct pv_slice topic, const struct pv_taxii_label *label,
    struct pv_slice person, struct pv_arena *a, uint64_t *journal_index, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf body = { 0 }, detail = { 0 };
	struct pv_store_change c = { .op = label != NULL ? PV_OP_PUT : PV_OP_DELETE,
		.table = PV_T_COLLECTIONS };
	struct pv_journal_entry entry = { .kind = "admin", .party = d->party, .person = person };
	struct pv_jsonw w = { .out = &detail };
	struct pv_journalled done;

	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(check_default(d, topic, label, e));
	if (label != NULL)
		pv_taxii_label_write(label, &body);
	c.row.c[PV_C_COLLECTION_NAME] = PV_CELL_S(pv_taxii_key(true, topic, a));
	c.row.c[PV_C_COLLECTION_BODY] = PV_CELL_S(pv_buf_slice(&body));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "collection", topic);
	if (label != NULL)
		pv_jsonw_raw(&w, "default_label", pv_buf_slice(&body));
	else
		pv_jsonw_null(&w, "default_label");
	pv_jsonw_end(&w);
	entry.detail = pv_buf_slice(&detail);
	PV_TRY(pv_journal_add(d, &entry, &c, 1, a, &done, e));
	*journal_index = done.index;
	return PV_DONE;
}
