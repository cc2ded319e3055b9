/* SPDX-License-Identifier: Apache-2.0 */
/* collection: what a TAXII client sees here, and what an officer sets for it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "desk/taxii.h"

static struct pv_slice
this_person(void)
{
	const char *user = getenv("USER");

	return pv_slice_of(user != NULL ? user : "");
}

/* ---- collection list ---- */

static void
put_label(struct pv_jsonw *w, const struct pv_taxii_label *l)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_taxii_label_write(l, &b);
	pv_jsonw_raw(w, "default_label", pv_buf_slice(&b));
}

static void
put_row(struct pv_jsonw *w, const struct pv_taxii_row *row)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "topic", row->name);
	pv_jsonw_u64(w, "objects", row->objects);
	pv_put_time(w, "last_added", row->last_us / 1000000);
	if (row->has_default)
		put_label(w, &row->label);
	pv_put_names(w, "readers", row->readers);
	pv_put_names(w, "writers", row->writers);
	pv_jsonw_end(w);
}

static const char *
say_label(struct pv_run *r, const struct pv_taxii_row *row)
{
	const struct pv_taxii_label *l = &row->label;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (!row->has_default)
		return "unmarked: refused";
	pv_buf_add_str(&b, "unmarked:");
	if (l->tlp != PV_TLP_NONE)
		pv_buf_addf(&b, " tlp %s", pv_tlp_name(l->tlp));
	if (l->has_permitted)
		pv_buf_addf(&b, " only %s", pv_list_names(r->arena, l->permitted, "nothing"));
	if (l->never.n != 0)
		pv_buf_addf(&b, " never %s", pv_list_names(r->arena, l->never, ""));
	if (l->has_releasable_to)
		pv_buf_addf(&b, " for %s", pv_list_names(r->arena, l->releasable_to, "nobody"));
	if (b.n == strlen("unmarked:"))
		pv_buf_add_str(&b, " taken as they are");
	return pv_arena_str(r->arena, pv_buf_slice(&b));
}

/* What an account of that party would see under the root of that purpose. */
static int
list_for(struct pv_run *r, struct pv_desk *d, struct pv_slice party, struct pv_slice purpose)
{
	struct pv_caller who = { .known = true, .party = party, .roles = PV_ROLE_ANALYST };
	struct pv_table *table = pv_table_new(r->arena, "llll");
	const struct pv_taxii_collection *rows;
	struct pv_json_out out;
	struct pv_err e;
	size_t n;

	who.own = pv_name_under(party, pv_desk_identity(d).party);
	if (!pv_taxii_root_ok(d, &who, purpose, NULL)) {
		pv_ignore(PV_FAIL(&e, PV_E_INPUT, "\"%.*s\" is no purpose that may be stated here",
		    PV_FMT(purpose)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_taxii_collections(d, &who, purpose, r->arena, &rows, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "collections");
	for (size_t i = 0; i < n; i++) {
		pv_jsonw_object(&out.w, NULL);
		pv_jsonw_str(&out.w, "alias", rows[i].alias);
		pv_jsonw_str(&out.w, "id", rows[i].id);
		pv_jsonw_bool(&out.w, "can_read", rows[i].can_read);
		pv_jsonw_bool(&out.w, "can_write", rows[i].can_write);
		pv_jsonw_end(&out.w);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(rows[i].alias));
		pv_table_cell(table, PV_INK, "%s", rows[i].can_read ? "reads" : "-");
		pv_table_cell(table, PV_INK, "%s", rows[i].can_write ? "writes" : "-");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(rows[i].id));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_buf_free(&out.buf);
	pv_table_print(table, &r->term, 0);
	return PV_EXIT_DONE;
}

static int
run_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "lrllw");
	const struct pv_taxii_row *rows;
	struct pv_slice party = { 0 }, purpose = { 0 };
	struct pv_json_out out;
	struct pv_err e;
	size_t n;

	if (!pv_ok(pv_given_name(r, "for", &party, &e)) ||
	    !pv_ok(pv_given_name(r, "purpose", &purpose, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if ((party.n == 0) != (purpose.n == 0)) {
		pv_ignore(PV_USAGE(r, &e, "--for and --purpose go together"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (party.n != 0)
		return list_for(r, d, party, purpose);
	if (!pv_ok(pv_taxii_rows(d, r->arena, &rows, &n, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_array(&out.w, "collections");
		for (size_t i = 0; i < n; i++)
			put_row(&out.w, &rows[i]);
		pv_jsonw_end(&out.w);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	if (n == 0)
		pv_line(&r->term, "No topic has objects or agreements yet.");
	for (size_t i = 0; i < n; i++) {
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(rows[i].name));
		pv_table_cell(
		    table, PV_INK, "%s", pv_show_n(r->arena, rows[i].objects, "object", "objects"));
		pv_table_cell(table, PV_INK, "read by %s",
		    pv_list_names(r->arena, rows[i].readers, "nobody"));
		pv_table_cell(
		    table, PV_INK, "from %s", pv_list_names(r->arena, rows[i].writers, "our own"));
		pv_table_cell(table, PV_INK, "%s", say_label(r, &rows[i]));
	}
	pv_table_print(table, &r->term, 0);
	return PV_EXIT_DONE;
}

static const struct pv_opt list_options[] = {
	{ "for", 0, "PARTY", "what an account of that party sees", false, NULL },
	{ "purpose", 0, "PURPOSE", "with --for: under the API root of that purpose", false, NULL },
	{ 0 },
};
static const struct pv_example list_examples[] = {
	{ "proviso collection list", "who reads and writes what, by TAXII" },
	{ "proviso collection list --for us.coast-guard --purpose law.interdict",
	    "as a client of the coast guard sees it" },
	{ 0 },
};
const struct pv_cmd cmd_collection_list = {
	.name = "collection list",
	.group = PV_GROUP_LOOK,
	.summary = "the TAXII collections of this home",
	.usage = "",
	.text =
	    "A collection is a topic, and is there for whom an agreement gives a right to it. "
	    "Lists what is in each, who may read it and give to it, and what becomes of objects "
	    "that come without markings.",
	.options = list_options,
	.examples = list_examples,
	.run = run_list,
};

/* ---- collection label ---- */

static PV_RESULT
read_label(struct pv_run *r, struct pv_taxii_label *l, struct pv_err *e)
{
	unsigned tlp = PV_TLP_NONE;

	PV_TRY(pv_given_dotted(r, "never", &l->never, e));
	PV_TRY(pv_given_dotted(r, "only", &l->permitted, e));
	PV_TRY(pv_given_dotted(r, "releasable-to", &l->releasable_to, e));
	PV_TRY(pv_given_dotted(r, "region", &l->regions, e));
	PV_TRY(pv_given_word(r, "tlp", pv_tlp_words, &tlp, e));
	l->has_permitted = pv_given(r, "only");
	l->has_releasable_to = pv_given(r, "releasable-to");
	l->tlp = (enum pv_tlp)tlp;
	if (!pv_given(r, "none") && l->never.n == 0 && !l->has_permitted && !l->has_releasable_to &&
	    tlp == PV_TLP_NONE)
		return PV_USAGE(
		    r, e, "a label needs a condition: --never, --only, --releasable-to or --tlp");
	return PV_DONE;
}

static int
run_label(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice topic = pv_slice_of(r->args.at[0]);
	bool none = pv_given(r, "none");
	struct pv_taxii_label label = { 0 };
	struct pv_json_out out;
	struct pv_err e;
	uint64_t index;

	r->undone = "No label was set";
	if (!pv_ok(read_label(r, &label, &e)) || !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_taxii_default_set(
		d, topic, none ? NULL : &label, this_person(), r->arena, &index, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "topic", topic);
		pv_jsonw_u64(&out.w, "journal_index", index);
		if (!none)
			put_label(&out.w, &label);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, none ? "Taken away" : "Set",
	    none ? ": what comes unmarked to %.*s is refused. Journal entry %llu."
		 : ": what comes unmarked to %.*s gets this label. Journal entry %llu.",
	    PV_FMT(topic), (unsigned long long)index);
	return PV_EXIT_DONE;
}

static const struct pv_opt label_options[] = {
	{ "never", 0, "PURPOSE", "purposes it is never for", true, NULL },
	{ "only", 0, "PURPOSE", "the only purposes it is for", true, NULL },
	{ "releasable-to", 0, "PARTY", "only these parties and all below", true, NULL },
	{ "region", 0, "REGION", "its regions", true, NULL },
	{ "tlp", 0, "WORD", "its TLP", false, "clear green amber amber+strict red" },
	{ "none", 0, NULL, "take the label away: unmarked objects are refused", false, NULL },
	{ 0 },
};
static const struct pv_example label_examples[] = {
	{ "proviso collection label trafficking --never force",
	    "what comes unmarked is never for force" },
	{ "proviso collection label trafficking --none", "what comes unmarked is refused" },
	{ 0 },
};
const struct pv_cmd cmd_collection_label = {
	.name = "collection label",
	.group = PV_GROUP_PERMIT,
	.summary = "what objects get that come to a collection without markings",
	.usage = "TOPIC [--never PURPOSE] [--only PURPOSE] [--releasable-to PARTY] [--tlp WORD]\n"
		 "TOPIC --none",
	.text = "Without it, a STIX object that has no marking with a condition is refused. "
		"Journalled. What is there already keeps its label.",
	.options = label_options,
	.examples = label_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_label,
};

/* ---- collection offer ---- */

static int
run_offer(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice order = pv_slice_of(r->args.at[0]);
	struct pv_json_out out;
	uint64_t streams, index;
	struct pv_err e;

	r->undone = "Not offered";
	if (!pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_taxii_offer(d, order, this_person(), r->arena, &streams, &index, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "order", order);
		pv_jsonw_u64(&out.w, "streams", streams);
		pv_jsonw_u64(&out.w, "journal_index", index);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	if (streams == 0)
		pv_line(&r->term, "%.*s keeps nothing back in a collection.", PV_FMT(order));
	else
		pv_state_line(&r->term, PV_STRONG, "Offered",
		    ": what %.*s kept back in %s gets a new date_added for its reader, once no "
		    "order "
		    "bars it. Journal entry %llu.",
		    PV_FMT(order), pv_show_n(r->arena, streams, "place", "places"),
		    (unsigned long long)index);
	return PV_EXIT_DONE;
}

static const struct pv_example offer_examples[] = {
	{ "proviso collection offer o-0007", "after a lift that says hold" },
	{ 0 },
};
const struct pv_cmd cmd_collection_offer = {
	.name = "collection offer",
	.group = PV_GROUP_PERMIT,
	.summary = "offer again what an order kept from readers of collections",
	.usage = "ORDER",
	.text = "An order that is lifted with reopen: release does so by itself. After one with "
		"reopen: hold, an officer says so here. It grants nothing: each object is decided "
		"again. Journalled.",
	.examples = offer_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_offer,
};
