/* SPDX-License-Identifier: Apache-2.0 */
/* outcome, incident: what came of a report, and public events that may show use. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"

/* Counts of persons are never bare: bounds, source and status (DESIGN, S8). */
static PV_RESULT
needs_source(struct pv_run *r, uint64_t at, struct pv_source *out, struct pv_err *e)
{
	bool sourced = false;

	PV_TRY(pv_given_source(r, at, out, &sourced, e));
	if (!sourced)
		return PV_USAGE(r, e, "--source-who is missing: who says so?");
	return PV_DONE;
}

static int
enter(struct pv_run *r, struct pv_record *record, const char *done)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	const char *path = pv_option(r, "out");
	struct pv_slice by;
	struct pv_json_out out;
	uint64_t index = 0;
	struct pv_err e;

	if (!pv_ok(pv_output_check(path, &e)) || !pv_ok(pv_given_cites(r, &record->basis, &e)) ||
	    !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	by = pv_desk_identity(d).party;
	record->id = pv_option_slice(r, "id");
	record->exercise = pv_desk_identity(d).exercise;
	if (record->kind == PV_OUTCOME && record->outcome.by.n == 0)
		record->outcome.by = by;
	if (!pv_ok(pv_desk_state_record(
		d, record, pv_option_slice(r, "person"), &note, &index, r->arena, &e)) ||
	    (path != NULL && !pv_ok(pv_output_write(r, path, pv_buf_slice(&note), &e))))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (path != NULL && strcmp(path, "-") == 0)
		return PV_EXIT_DONE;
	if (r->json) {
		pv_json_begin(&out);
		pv_put_record(&out.w, "record", record);
		pv_jsonw_u64(&out.w, "journal_index", index);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, done, ": %.*s (journal entry %s).", PV_FMT(record->id),
	    pv_show_count(r->arena, index));
	if (path != NULL)
		pv_line(
		    &r->term, "  Send %s to the originator; there: proviso apply %s", path, path);
	return PV_EXIT_DONE;
}

/* ---- outcome ---- */

static PV_RESULT
read_seized(struct pv_run *r, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf canon = { 0 };

	if (!pv_given(r, "seized"))
		return PV_DONE;
	PV_TRY(pv_from(pv_json_read(&doc, pv_option_slice(r, "seized"), 16384, e), e, "--seized"));
	if (pv_json_at(doc, 0)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "--seized: this is no JSON list");
	pv_json_canon(doc, 0, &canon);
	*out = pv_arena_copy(r->arena, pv_buf_slice(&canon));
	return PV_DONE;
}

static PV_RESULT
read_outcome(struct pv_run *r, struct pv_outcome *o, struct pv_err *e)
{
	unsigned identified = PV_IDENTIFIED_UNKNOWN;

	o->report = pv_slice_of(r->args.at[0]);
	o->release = pv_option_slice(r, "release");
	o->corrects = pv_option_slice(r, "corrects");
	PV_TRY(pv_given_name(r, "by", &o->by, e));
	PV_TRY(pv_given_names(r, "action", &o->actions, e));
	PV_TRY(pv_given_name(r, "purpose-used", &o->purpose_used, e));
	PV_TRY(pv_given_count(r, "aboard", &o->persons.aboard, e));
	PV_TRY(pv_given_word(r, "identified", pv_identified_words, &identified, e));
	o->persons.identified = (enum pv_identified)identified;
	o->persons.given = pv_given(r, "aboard") || pv_given(r, "identified");
	PV_TRY(pv_given_count(r, "dead", &o->dead, e));
	PV_TRY(pv_given_count(r, "injured", &o->injured, e));
	PV_TRY(read_seized(r, &o->seized, e));
	PV_TRY(pv_given_position(r, "position", &o->position, e));
	PV_TRY(pv_given_time(r, "observed", &o->observed, e));
	if (o->observed == 0)
		o->observed = r->env.realtime_ms(r->env.ctx) / 1000;
	if (o->actions.n == 0 || o->purpose_used.n == 0 || o->release.n == 0)
		return PV_USAGE(r, e,
		    "--release, --action and --purpose-used are needed: which opening, what was "
		    "done, for what?");
	return needs_source(r, o->observed, &o->source, e);
}

static int
run_outcome(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_OUTCOME };
	struct pv_err e;

	r->undone = "Not recorded";
	if (!pv_ok(read_outcome(r, &record.outcome, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return enter(r, &record, "Recorded");
}

#define OPT_STATED                                                                               \
	{ "id", 0, "ID", "the record's id; default: the next free one", false, NULL },           \
	    { "person", 0, "NAME", "who states it; kept withheld in the journal", false, NULL }, \
	    { "cites", 0, "ID", "basis: another record that it rests on", true, NULL },          \
	    PV_OPT_SOURCE,                                                                       \
	{                                                                                        \
		"out", 'o', "FILE", "the signed note, for the partner", false, NULL              \
	}

static const struct pv_opt outcome_options[] = {
	{ "release", 0, "ID", "the opening that it came of", false, NULL },
	{ "action", 0, "WORD", "boarded, searched, detained, seized, rescued, struck, none, ...",
	    true, NULL },
	{ "purpose-used", 0, "PURPOSE", "what it was used for in fact", false, NULL },
	{ "by", 0, "PARTY", "who acted; default: this home's party", false, NULL },
	{ "aboard", 0, "MIN..MAX", "persons, between bounds", false, NULL },
	{ "identified", 0, "WORD", "how many of them are identified", false,
	    "none some all unknown" },
	{ "dead", 0, "MIN..MAX", "between bounds; 76.. is at least 76", false, NULL },
	{ "injured", 0, "MIN..MAX", "between bounds", false, NULL },
	{ "seized", 0, "JSON", "a list of what was seized", false, NULL },
	{ "position", 0, "LAT,LON", "in degrees", false, NULL },
	{ "observed", 0, "TIME", "when; default: now", false, NULL },
	{ "corrects", 0, "ID", "an earlier outcome that it replaces", false, NULL },
	OPT_STATED,
	{ 0 },
};
static const struct pv_example outcome_examples[] = {
	{ "proviso outcome r-7q2m --release 4f1c... \\\n"
	  "    --action boarded,detained,seized --dead 0 \\\n"
	  "    --purpose-used law.interdict --source-who us -o outcome.note",
	    "what came of an opening; the note goes to the originator" },
	{ 0 },
};
const struct pv_cmd cmd_outcome = {
	.name = "outcome",
	.group = PV_GROUP_SHARE,
	.summary = "say what came of a report that was opened",
	.usage = "REPORT --release ID --action WORD... --purpose-used PURPOSE [options]",
	.text = "Held against the purpose that was permitted. Counts of persons have a lower and "
		"an upper bound, and a source. The note "
		"is signed by this home's gateway; the originator takes it in with apply.",
	.options = outcome_options,
	.examples = outcome_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_outcome,
};

/* ---- incident ---- */

static PV_RESULT
read_incident(struct pv_run *r, struct pv_incident *i, struct pv_err *e)
{
	i->kind = pv_slice_of(r->args.at[0]);
	PV_TRY(pv_given_name(r, "topic", &i->topic, e));
	PV_TRY(pv_given_name(r, "region", &i->region, e));
	PV_TRY(pv_given_name(r, "by", &i->by, e));
	PV_TRY(pv_given_position(r, "position", &i->position, e));
	PV_TRY(pv_given_count(r, "dead", &i->dead, e));
	PV_TRY(pv_given_time(r, "from", &i->observed_from, e));
	PV_TRY(pv_given_time(r, "to", &i->observed_to, e));
	if (i->topic.n == 0 || i->region.n == 0 || i->observed_from == 0)
		return PV_USAGE(
		    r, e, "--topic, --region and --from are needed: about what, where and when?");
	if (i->observed_to == 0)
		i->observed_to = i->observed_from;
	return needs_source(r, i->observed_from, &i->source, e);
}

static int
run_incident(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_INCIDENT };
	struct pv_err e;

	r->undone = "Not recorded";
	if (!pv_ok(read_incident(r, &record.incident, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return enter(r, &record, "Recorded");
}

static const struct pv_opt incident_options[] = {
	{ "topic", 0, "TOPIC", "what it is about", false, NULL },
	{ "region", 0, "REGION", "where", false, NULL },
	{ "from", 0, "TIME", "not before", false, NULL },
	{ "to", 0, "TIME", "not after; default: --from", false, NULL },
	{ "by", 0, "PARTY", "who is said to have acted", false, NULL },
	{ "dead", 0, "MIN..MAX", "between bounds; 76.. is at least 76", false, NULL },
	{ "position", 0, "LAT,LON", "in degrees", false, NULL },
	OPT_STATED,
	{ 0 },
};
static const struct pv_example incident_examples[] = {
	{ "proviso incident strike --topic narcotics.maritime --region caribbean \\\n"
	  "    --from 2025-10-03T00:00:00Z --to 2025-10-04T00:00:00Z --dead 3..4 \\\n"
	  "    --source-who \"a newspaper\" --source-status reported",
	    "a public event, as it was reported" },
	{ 0 },
};
const struct pv_cmd cmd_incident = {
	.name = "incident",
	.group = PV_GROUP_SHARE,
	.summary = "record a public event that may show use of a report",
	.usage = "KIND --topic TOPIC --region REGION --from TIME --source-who NAME [options]",
	.text = "A claim, with its source and how firm it is. It proves no use by itself.",
	.options = incident_options,
	.examples = incident_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_incident,
};
