/* SPDX-License-Identifier: Apache-2.0 */
/* card, peer add, follow: how two authorities come to know each other, and each other's orders. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

static int
run_card(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf card = { 0 };
	const char *path = pv_option(r, "out");
	struct pv_slice words;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_desk_card(d, &card, &e)) ||
	    !pv_ok(pv_desk_card_words(pv_buf_slice(&card), r->arena, &words, &e)) ||
	    !pv_ok(pv_output_write(r, path, pv_buf_slice(&card), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	pv_para_note(&r->term, "Read to the partner:  ", "%.*s", PV_FMT(words));
	return PV_EXIT_DONE;
}

static const struct pv_opt card_options[] = {
	{ "out", 'o', "FILE", "a new file; default: stdout", false, NULL },
	{ 0 },
};
static const struct pv_example card_examples[] = {
	{ "proviso card --out co.card", "the file goes to the partner, the words by telephone" },
	{ 0 },
};
const struct pv_cmd cmd_card = {
	.name = "card",
	.group = PV_GROUP_HOME,
	.summary = "write who we are, for a partner to add",
	.usage = "[--out FILE]",
	.text =
	    "The card holds the order log's name, its genesis, the gateway's key and a key of the "
	    "key service. Whoever adds it compares the words by voice: they are of the whole card, "
	    "so "
	    "that nobody between the two can put in another key.",
	.options = card_options,
	.examples = card_examples,
	.run = run_card,
};

/* Shows the card's words; the person hears the partner's, and types the first when they are the same. */
static PV_RESULT
compare_words(struct pv_run *r, struct pv_slice words, bool *same, struct pv_err *e)
{
	struct pv_slice rest = words, first = words;

	pv_slice_next(&rest, ' ', &first);
	if (!pv_given(r, "confirm"))
		pv_para_note(&r->term, "The card's words:  ", "%.*s", PV_FMT(words));
	return pv_ask_confirm(r,
	    "Ask the partner by telephone to read its own. If they are the same, type the first "
	    "word; Enter to leave.",
	    pv_arena_str(r->arena, first), same, e);
}

/* A name that is not declared here yet is declared with the same signatures. */
static void
declare_names(const struct pv_desk *d, struct pv_names names, struct pv_buf *records)
{
	for (size_t i = 0; i < names.n; i++) {
		struct pv_jsonw w = { .out = records };
		PV_AUTO(pv_buf_free) struct pv_buf id = { 0 };

		if (pv_state_party(pv_desk_state(d), names.at[i]) != NULL)
			continue;
		pv_buf_addf(&id, "party-%.*s", PV_FMT(names.at[i]));
		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "record", PV_SLICE("party"));
		pv_jsonw_str(&w, "id", pv_buf_slice(&id));
		pv_jsonw_str(&w, "name", names.at[i]);
		pv_jsonw_object(&w, "names");
		pv_jsonw_end(&w);
		pv_jsonw_end(&w);
		pv_buf_add_c(records, '\n');
	}
}

/* --names, or the party that the card is of. */
static PV_RESULT
read_names(struct pv_run *r, struct pv_slice card, const char *source, struct pv_names *names,
    struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_slice *party;
	uint32_t at;

	PV_TRY(pv_given_dotted(r, "names", names, e));
	if (names->n != 0)
		return PV_DONE;
	PV_TRY(pv_from(pv_json_read(&doc, card, 65536, e), e, source));
	at = pv_json_at(doc, 0)->type == PV_JSON_OBJECT ? pv_json_member(doc, 0, PV_SLICE("party"))
							: PV_JSON_NONE;
	if (at == PV_JSON_NONE || pv_json_at(doc, at)->type != PV_JSON_STRING ||
	    !pv_name_ok(pv_json_at(doc, at)->text))
		return pv_from(
		    PV_FAIL(e, PV_E_INPUT, "this is no card: it names no party"), e, source);
	party = PV_ARENA_NEW(r->arena, struct pv_slice);
	*party = pv_arena_copy(r->arena, pv_json_at(doc, at)->text);
	*names = (struct pv_names){ party, 1 };
	return PV_DONE;
}

static int
add(struct pv_run *r, struct pv_desk *d, struct pv_slice records)
{
	struct pv_unlock unlock = pv_home_unlock(r);
	struct pv_apply_ask ask = { .bytes = records,
		.source = "the records made from the card",
		.draft = pv_given(r, "draft") };
	struct pv_apply_answer answer = { 0 };
	struct pv_json_out out;
	struct pv_err e;

	if (!pv_ok(pv_desk_apply(d, &ask, &unlock, r->arena, &answer, &e)))
		return pv_fail(r, &e, records);
	if (answer.error_count != 0)
		return pv_fail_all(
		    r, answer.errors, answer.error_count, records, "Nothing was added.");
	if (ask.draft)
		return pv_ok(pv_output_write(r, pv_option(r, "out"), answer.notes, &e))
			   ? PV_EXIT_DONE
			   : pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_put_acts(&out.w, &answer);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Added", ": applied %llu, unchanged %llu.",
	    (unsigned long long)answer.applied, (unsigned long long)answer.unchanged);
	pv_line(
	    &r->term, "  Its orders: proviso follow BUNDLE, with a bundle that it exports for you");
	return PV_EXIT_DONE;
}

static int
run_add(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf card = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf records = { 0 };
	struct pv_names names;
	struct pv_slice words;
	const char *source;
	bool same = false;
	struct pv_err e;

	r->undone = "Not added";
	if (!pv_ok(pv_input_read(r, r->args.at[0], &card, &source, &e)) ||
	    !pv_ok(read_names(r, pv_buf_slice(&card), source, &names, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, pv_buf_slice(&card));
	declare_names(d, names, &records);
	if (!pv_ok(pv_desk_card_records(
		d, pv_buf_slice(&card), source, names, r->arena, &records, &words, &e)) ||
	    !pv_ok(compare_words(r, words, &same, &e)))
		return pv_fail(r, &e, pv_buf_slice(&card));
	if (same)
		return add(r, d, pv_buf_slice(&records));
	return pv_ask_left(r, " If the words differ, keep the card: it is not theirs.");
}

static const struct pv_opt add_options[] = {
	{ "names", 0, "PARTY", "a name it may speak for, with all below; default: the card's root",
	    true, NULL },
	PV_OPT_CONFIRM,
	PV_OPT_SIGN,
	{ 0 },
};
static const struct pv_example add_examples[] = {
	{ "proviso peer add uk.card --names uk,uk.territories",
	    "asks for the words, then signs the records" },
	{ 0 },
};
const struct pv_cmd cmd_peer_add = {
	.name = "peer add",
	.group = PV_GROUP_HOME,
	.summary = "admit a partner's log and gateway, from its card",
	.usage = "CARD [--names PARTY,...] [options]",
	.text = "Makes the peer and key records from a card and enters them. From then on that log "
		"may speak for the names given, "
		"and for nobody else.",
	.args = "file",
	.options = add_options,
	.examples = add_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_add,
};

/* ---- follow ---- */

static void
tell_followed(struct pv_run *r, const struct pv_follow_answer *f)
{
	struct pv_screen *t = &r->term;
	uint64_t now = r->env.realtime_ms(r->env.ctx) / 1000;

	pv_state_line(t, PV_STRONG, f->size_after == f->size_before ? "Unchanged" : "Followed",
	    ": %.*s, entries %s to %s.", PV_FMT(f->origin), pv_show_count(r->arena, f->size_before),
	    pv_show_count(r->arena, f->size_after));
	pv_line(t, "  Read      %s, %s withheld", pv_show_n(r->arena, f->acts, "act", "acts"),
	    pv_show_count(r->arena, f->withheld));
	if (now < f->good_until)
		pv_para(t, "  Proof     ", "signed %s, good for %s more",
		    pv_show_time(r->arena, f->signed_at),
		    pv_show_span(r->arena, f->good_until - now));
	else
		pv_para(t, "  Proof     ",
		    "signed %s, STALE since %s: nothing is decided on it until a newer one comes",
		    pv_show_time(r->arena, f->signed_at), pv_show_time(r->arena, f->good_until));
}

static int
run_follow(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf bundle = { 0 };
	struct pv_follow_answer f = { 0 };
	struct pv_json_out out;
	const char *source;
	struct pv_err e;

	r->undone = "Not followed";
	if (!pv_ok(pv_input_read(r, r->args.at[0], &bundle, &source, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)) ||
	    !pv_ok(pv_desk_follow(d, pv_buf_slice(&bundle), source, r->arena, &f, &e)))
		return pv_fail(r, &e, pv_buf_slice(&bundle));
	if (!r->json) {
		tell_followed(r, &f);
		return PV_EXIT_DONE;
	}
	pv_json_begin(&out);
	pv_jsonw_str(&out.w, "origin", f.origin);
	pv_jsonw_u64(&out.w, "size_before", f.size_before);
	pv_jsonw_u64(&out.w, "size_after", f.size_after);
	pv_jsonw_u64(&out.w, "acts", f.acts);
	pv_jsonw_u64(&out.w, "withheld", f.withheld);
	pv_put_time(&out.w, "signed_at", f.signed_at);
	pv_put_time(&out.w, "good_until", f.good_until);
	pv_json_end(r, &out);
	return PV_EXIT_DONE;
}

static const struct pv_example follow_examples[] = {
	{ "proviso follow from-co.bundle", "what co exported with: proviso export --for PARTY" },
	{ 0 },
};
const struct pv_cmd cmd_follow = {
	.name = "follow",
	.group = PV_GROUP_HOME,
	.summary = "take in a partner's orders from a bundle",
	.usage = "FILE|-",
	.text = "Checks the checkpoint, that the log only grew since the last bundle, every "
		"entry's hash and every signature, and "
		"then obeys it. A bundle is a proof for as long as the log's profile says; a stale "
		"log is a stop.",
	.args = "file",
	.examples = follow_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_follow,
};
