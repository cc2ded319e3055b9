/* SPDX-License-Identifier: Apache-2.0 */
/* party, term: who there is, and the words. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

/* ---- listing what the state holds ---- */

static bool
stands(const struct pv_desk *d, const struct pv_fact *f)
{
	return pv_fact_stands(f, pv_desk_now(d));
}

static const char *
no_such_advice(struct pv_run *r, struct pv_slice near, const char *list)
{
	return near.n != 0 ? pv_arena_printf(r->arena, "Did you mean \"%.*s\"?", PV_FMT(near)).p
			   : pv_arena_printf(r->arena, "Nothing like it is declared: %s", list).p;
}

/* ---- party ---- */

static int
run_party_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice under = r->args.n != 0 ? pv_slice_of(r->args.at[0]) : PV_NO_SLICE;
	struct pv_table *table = pv_table_new(r->arena, "llw");
	const struct pv_facts *facts;
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	facts = &pv_desk_state(d)->by_kind[PV_PARTY];
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "parties");
	for (size_t i = 0; i < facts->n; i++) {
		const struct pv_party *p = &facts->at[i]->r->party;

		if (!stands(d, facts->at[i]) || (under.n != 0 && !pv_name_under(p->name, under)))
			continue;
		pv_put_fact(&out.w, facts->at[i]);
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(p->name));
		pv_table_cell(table, PV_INK, "%s", p->gateway.n != 0 ? "gateway" : "person");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(pv_text_in(p->names, "en")));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
	} else {
		pv_table_print(table, &r->term, 0);
		pv_buf_free(&out.buf);
	}
	return PV_EXIT_DONE;
}

static void
show_party(struct pv_run *r, const struct pv_desk *d, const struct pv_fact *f)
{
	const struct pv_party *p = &f->r->party;
	struct pv_screen *t = &r->term;

	pv_state_line(
	    t, PV_STRONG, pv_arena_str(r->arena, p->name), "%s", stands(d, f) ? "" : "  ENDED");
	for (size_t i = 0; i < p->names.n; i++)
		pv_para(t, "  Name        ", "%.*s (%.*s)", PV_FMT(p->names.at[i].text),
		    PV_FMT(p->names.at[i].lang));
	pv_para(t, "  Desk        ", "%.*s",
	    PV_FMT(p->desk.n != 0 ? p->desk : PV_SLICE("none is named")));
	pv_line(t, "  Gateway     %.*s",
	    PV_FMT(p->gateway.n != 0 ? p->gateway : PV_SLICE("none: a person answers for it")));
	if (p->members.n != 0)
		pv_para(t, "  Members     ", "%s", pv_list_names(r->arena, p->members, ""));
	if (p->was.n != 0)
		pv_para(t, "  Was         ", "%s", pv_list_names(r->arena, p->was, ""));
	pv_line(t, "  Declared    %s, by %.*s (order log %s)", pv_show_time(r->arena, f->since),
	    PV_FMT(f->r->issuer), pv_show_count(r->arena, f->index + 1));
	if (f->ended != PV_NEVER)
		pv_line(t, "  Ended       %s", pv_show_time(r->arena, f->ended));
}

/* A party or a term, for programs. */
static int
put_fact(struct pv_run *r, const struct pv_fact *f)
{
	struct pv_json_out out;

	pv_json_begin(&out);
	pv_put_record(&out.w, "record", f->r);
	pv_jsonw_u64(&out.w, "index", f->index);
	pv_json_end(r, &out);
	return PV_EXIT_DONE;
}

static int
run_party_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice name = pv_slice_of(r->args.at[0]);
	const struct pv_fact *f;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	f = pv_state_party(pv_desk_state(d), name);
	if (f == NULL) {
		pv_ignore(pv_advise(PV_FAIL(&e, PV_E_INPUT, "unknown party \"%.*s\"", PV_FMT(name)),
		    &e, "%s",
		    no_such_advice(
			r, pv_state_near_party(pv_desk_state(d), name), "proviso party list")));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!r->json) {
		show_party(r, d, f);
		return PV_EXIT_DONE;
	}
	return put_fact(r, f);
}

static int
run_party_add(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_PARTY };
	struct pv_party *p = &record.party;
	struct pv_err e;

	r->undone = "Not declared";
	p->name = pv_slice_of(r->args.at[0]);
	p->gateway = pv_option_slice(r, "gateway");
	p->desk = pv_option_slice(r, "desk");
	if (!pv_ok(pv_check_name(p->name, "name", &e)) ||
	    !pv_ok(pv_given_labels(r, "name", &p->names, &e)) ||
	    !pv_ok(pv_given_dotted(r, "members", &p->members, &e)) ||
	    !pv_ok(pv_given_dotted(r, "was", &p->was, &e)) ||
	    !pv_ok(pv_given_names(r, "domain", &p->domains, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act(r, &record, "Declared");
}

static const struct pv_example party_list_examples[] = {
	{ "proviso party list", "all that are declared" },
	{ "proviso party list us", "us and all below it" },
	{ 0 },
};
const struct pv_cmd cmd_party_list = {
	.name = "party list",
	.group = PV_GROUP_LOOK,
	.summary = "the parties that are declared",
	.usage = "[PARTY]",
	.text = "Lists parties in the order of the log, with who answers for each: its gateway, or "
		"a person.",
	.examples = party_list_examples,
	.max_args = 1,
	.run = run_party_list,
};
static const struct pv_example party_show_examples[] = {
	{ "proviso party show co", "desk, telephone, gateway, members" },
	{ 0 },
};
const struct pv_cmd cmd_party_show = {
	.name = "party show",
	.group = PV_GROUP_LOOK,
	.summary = "one party: whom to telephone, its gateway, its members",
	.usage = "PARTY",
	.text = "Shows what the order log says of a party.",
	.examples = party_show_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_party_show,
};
static const struct pv_opt party_add_options[] = {
	{ "name", 0, "LANG=TEXT", "its name in a language", true, NULL },
	{ "desk", 0, "TEXT", "whom to telephone", false, NULL },
	{ "gateway", 0, "URL", "its gateway; without one a person answers", false, NULL },
	{ "members", 0, "PARTY", "who serves in a joint body", true, NULL },
	{ "was", 0, "PARTY", "a former name, declared too", true, NULL },
	{ "domain", 0, "DOMAIN", "its mail and web domains", true, NULL },
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example party_add_examples[] = {
	{ "proviso party add us.coast-guard --name \"en=Coast Guard\" \\\n"
	  "    --desk \"+1 555 0100\"",
	    "its parent, us, is declared before" },
	{ 0 },
};
const struct pv_cmd cmd_party_add = {
	.name = "party add",
	.group = PV_GROUP_PERMIT,
	.summary = "declare a party",
	.usage = "NAME --name LANG=TEXT [options]",
	.text = "A party is declared after its parent. Its issuer is the log's root, or a party "
		"above it.",
	.options = party_add_options,
	.examples = party_add_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_party_add,
};

/* ---- term ---- */

static PV_RESULT
read_tree(struct pv_run *r, const char *word, enum pv_tree *out, struct pv_err *e)
{
	const struct pv_word *w = pv_word_find(pv_tree_words, pv_slice_of(word));

	if (w == NULL)
		return PV_USAGE(r, e, "\"%s\" is no tree: topic, region, purpose, channel", word);
	*out = (enum pv_tree)w->value;
	return PV_DONE;
}

static int
run_term_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice under = r->args.n > 1 ? pv_slice_of(r->args.at[1]) : PV_NO_SLICE;
	struct pv_table *table = pv_table_new(r->arena, "lllw");
	enum pv_tree tree = PV_TREE_NONE;
	const struct pv_facts *facts;
	struct pv_json_out out;
	struct pv_err e;

	if ((r->args.n != 0 && !pv_ok(read_tree(r, r->args.at[0], &tree, &e))) ||
	    !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	facts = &pv_desk_state(d)->by_kind[PV_TERM];
	pv_json_begin(&out);
	pv_jsonw_array(&out.w, "terms");
	for (size_t i = 0; i < facts->n; i++) {
		const struct pv_term *m = &facts->at[i]->r->term;

		if (!stands(d, facts->at[i]) || (tree != PV_TREE_NONE && m->tree != tree) ||
		    (under.n != 0 && !pv_name_under(m->name, under)))
			continue;
		pv_put_fact(&out.w, facts->at[i]);
		pv_table_cell(table, PV_MUTED, "%s", pv_tree_name(m->tree));
		pv_table_cell(table, PV_STRONG, "%.*s", PV_FMT(m->name));
		pv_table_cell(table, PV_INK, "%s", m->not_grantable ? "never granted" : "");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(pv_text_in(m->names, "en")));
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
	} else {
		pv_table_print(table, &r->term, 0);
		pv_buf_free(&out.buf);
	}
	return PV_EXIT_DONE;
}

static void
show_term(struct pv_run *r, const struct pv_desk *d, const struct pv_fact *f)
{
	const struct pv_term *m = &f->r->term;
	struct pv_screen *t = &r->term;

	pv_state_line(t, PV_STRONG, pv_arena_str(r->arena, m->name), "  %s%s%s",
	    pv_tree_name(m->tree), m->not_grantable ? ", never granted" : "",
	    stands(d, f) ? "" : ", ENDED");
	for (size_t i = 0; i < m->names.n; i++)
		pv_para(t, "  Name      ", "%.*s (%.*s)", PV_FMT(m->names.at[i].text),
		    PV_FMT(m->names.at[i].lang));
	if (m->allows.n != 0)
		pv_para(t, "  Allows    ", "%.*s", PV_FMT(pv_text_in(m->allows, "en")));
	if (m->excludes.n != 0)
		pv_para(t, "  Excludes  ", "%.*s", PV_FMT(pv_text_in(m->excludes, "en")));
	if (m->maps.n != 0)
		pv_para(t, "  Maps      ", "%.*s", PV_FMT(m->maps));
	pv_line(t, "  Declared  %s (order log %s)", pv_show_time(r->arena, f->since),
	    pv_show_count(r->arena, f->index + 1));
}

static int
run_term_show(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice name = pv_slice_of(r->args.at[1]);
	enum pv_tree tree = PV_TREE_NONE;
	const struct pv_fact *f;
	struct pv_err e;

	if (!pv_ok(read_tree(r, r->args.at[0], &tree, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	f = pv_state_term(pv_desk_state(d), tree, name);
	if (f == NULL) {
		/* no near name for a purpose: proviso never suggests one */
		pv_ignore(pv_advise(PV_FAIL(&e, PV_E_INPUT, "unknown %s \"%.*s\"",
					pv_tree_name(tree), PV_FMT(name)),
		    &e, "%s",
		    no_such_advice(r,
			tree == PV_PURPOSE ? PV_NO_SLICE
					   : pv_state_near_term(pv_desk_state(d), tree, name),
			pv_arena_printf(r->arena, "proviso term list %s", pv_tree_name(tree)).p)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (!r->json) {
		show_term(r, d, f);
		return PV_EXIT_DONE;
	}
	return put_fact(r, f);
}

static int
run_term_add(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_TERM };
	struct pv_term *m = &record.term;
	struct pv_err e;

	r->undone = "Not declared";
	m->name = pv_slice_of(r->args.at[1]);
	m->not_grantable = pv_given(r, "never-granted");
	m->maps = PV_SLICE("{}");
	if (!pv_ok(read_tree(r, r->args.at[0], &m->tree, &e)) ||
	    !pv_ok(pv_check_name(m->name, "name", &e)) ||
	    !pv_ok(pv_given_labels(r, "name", &m->names, &e)) ||
	    !pv_ok(pv_given_texts(r, "allows", &m->allows, &e)) ||
	    !pv_ok(pv_given_texts(r, "excludes", &m->excludes, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act(r, &record, "Declared");
}

static const struct pv_example term_list_examples[] = {
	{ "proviso term list purpose", "all purposes" },
	{ "proviso term list region caribbean", "a region and all below it" },
	{ 0 },
};
const struct pv_cmd cmd_term_list = {
	.name = "term list",
	.group = PV_GROUP_LOOK,
	.summary = "the topics, regions, purposes and channels that are declared",
	.usage = "[topic|region|purpose|channel [NAME]]",
	.text = "Lists the terms of a tree, or of all four. \"never granted\" marks what no "
		"agreement may permit.",
	.args = "topic region purpose channel",
	.examples = term_list_examples,
	.max_args = 2,
	.run = run_term_list,
};
static const struct pv_example term_show_examples[] = {
	{ "proviso term show purpose law.interdict", "what it allows and what it excludes" },
	{ 0 },
};
const struct pv_cmd cmd_term_show = {
	.name = "term show",
	.group = PV_GROUP_LOOK,
	.summary = "one term: what it allows, what it excludes, what others call it",
	.usage = "topic|region|purpose|channel NAME",
	.text = "Shows what the order log says of a term.",
	.args = "topic region purpose channel",
	.examples = term_show_examples,
	.min_args = 2,
	.max_args = 2,
	.run = run_term_show,
};
static const struct pv_opt term_add_options[] = {
	{ "name", 0, "LANG=TEXT", "its name in a language", true, NULL },
	{ "allows", 0, "LANG=TEXT", "what it allows; a purpose needs it", true, NULL },
	{ "excludes", 0, "LANG=TEXT", "what it does not allow; a purpose needs it", true, NULL },
	{ "never-granted", 0, NULL, "no agreement may permit it or what is below it", false, NULL },
	PV_OPT_ACT,
	{ 0 },
};
static const struct pv_example term_add_examples[] = {
	{ "proviso term add topic narcotics.maritime --name \"en=Drugs at sea\"",
	    "its parent, narcotics, is declared before" },
	{ 0 },
};
const struct pv_cmd cmd_term_add = {
	.name = "term add",
	.group = PV_GROUP_PERMIT,
	.summary = "declare a topic, region, purpose or channel",
	.usage = "topic|region|purpose|channel NAME --name LANG=TEXT [options]",
	.text = "A term is declared after its parent, by the log's root. A region's area and maps "
		"to other vocabularies go by a "
		"file: proviso apply.",
	.args = "topic region purpose channel",
	.options = term_add_options,
	.examples = term_add_examples,
	.min_args = 2,
	.max_args = 2,
	.run = run_term_add,
};
