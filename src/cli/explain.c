/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include "cli/words.h"
#include "core/words.h"

const char *
pv_explain_step(enum pv_step step)
{
	switch (step) {
	case PV_STEP_NONE:
		return "";
	case PV_STEP_FRESH:
		return "1 fresh";
	case PV_STEP_REPORT:
		return "2 the report";
	case PV_STEP_ORDERS:
		return "3 orders";
	case PV_STEP_AGREEMENTS:
		return "4 agreements";
	}
	return "";
}

const char *
pv_explain_effect(const struct pv_explained *x, bool permitted)
{
	switch (x->effect) {
	case PV_EFFECT_NONE:
		return "";
	case PV_EFFECT_GO_ON:
		return "go on";
	case PV_EFFECT_STOP:
		return "STOP";
	case PV_EFFECT_NOTHING:
		return "no effect";
	case PV_EFFECT_PERMIT:
		return permitted ? "permits" : "would permit";
	case PV_EFFECT_MISSING:
		return "missing";
	}
	return "";
}

static const struct {
	enum pv_because bit;
	const char *words;
} because_words[] = {
	{ PV_BECAUSE_FRESH, "a fresh proof of the orders is missing" },
	{ PV_BECAUSE_NEVER, "the report is never for this" },
	{ PV_BECAUSE_RELEASABLE, "it is not releasable to this party" },
	{ PV_BECAUSE_EXPIRED, "the report has expired" },
	{ PV_BECAUSE_RECALLED, "it was recalled" },
	{ PV_BECAUSE_GIVER, "another giver" },
	{ PV_BECAUSE_TAKER, "another taker" },
	{ PV_BECAUSE_TOPIC, "another topic" },
	{ PV_BECAUSE_REGION, "another region" },
	{ PV_BECAUSE_PURPOSE, "another purpose" },
	{ PV_BECAUSE_CHANNEL, "another channel" },
	{ PV_BECAUSE_EXCEPTED, "excepted" },
	{ PV_BECAUSE_NOT_YET, "not yet" },
	{ PV_BECAUSE_ENDED, "it has ended" },
	{ PV_BECAUSE_OVER, "its time is over" },
	{ PV_BECAUSE_CONDITION, "its condition" },
	{ PV_BECAUSE_IDENTIFIED, "those on board are not identified as it asks" },
	{ PV_BECAUSE_CUSTODY, "it gives no custody" },
	{ PV_BECAUSE_GRANTABLE, "no agreement may permit that" },
	{ PV_BECAUSE_ADMITTED, "its log may not speak for them" },
};

static const char *
because_text(struct pv_arena *a, unsigned because)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < sizeof(because_words) / sizeof(*because_words); i++)
		if (because & because_words[i].bit)
			pv_buf_addf(&text, "%s%s", text.n != 0 ? ", " : "", because_words[i].words);
	return pv_arena_str(a, pv_buf_slice(&text));
}

/* "o-0031 suspend, co with us.security" */
static const char *
rule_text(struct pv_arena *a, const struct pv_record *rec, enum pv_effect effect)
{
	if (rec == NULL)
		return "";
	if (rec->kind == PV_ORDER)
		return pv_arena_printf(a, "%.*s %s, %s with %s", PV_FMT(rec->id),
		    pv_order_kind_name(rec->order.kind), pv_list_names(a, rec->order.subject, ""),
		    pv_list_names(a, rec->order.counterpart, ""))
		    .p;
	if (rec->kind == PV_AGREEMENT) {
		const char *duties =
		    effect == PV_EFFECT_PERMIT ? pv_list_duties(a, rec->agreement.obligations) : "";

		return pv_arena_printf(a, "%.*s, %.*s to %.*s%s%s", PV_FMT(rec->id),
		    PV_FMT(rec->agreement.from), PV_FMT(rec->agreement.to),
		    *duties != '\0' ? "; " : "", duties)
		    .p;
	}
	return pv_arena_str(a, rec->id);
}

const char *
pv_explain_row(struct pv_arena *a, const struct pv_explained *x)
{
	const char *rule = rule_text(a, x->rule.r, x->effect), *why = because_text(a, x->because);
	const char *hold = x->hold ? ", a hold" : "";

	if (x->effect == PV_EFFECT_MISSING)
		return pv_arena_printf(a, "no agreement for %.*s%s%.*s%s%.*s%s%s", PV_FMT(x->taker),
		    x->topic.n != 0 ? ", " : "", PV_FMT(x->topic), x->region.n != 0 ? ", " : "",
		    PV_FMT(x->region), *why != '\0' ? ": " : "", why)
		    .p;
	if (*rule == '\0' && *why == '\0')
		return x->effect != PV_EFFECT_GO_ON ? ""
		       : x->step == PV_STEP_FRESH   ? "the proof of the orders is fresh"
		       : x->step == PV_STEP_REPORT  ? "its label does not bar this"
						    : "no order is about this";
	return pv_arena_printf(a, "%s%s%s%s%s%.*s", rule, hold,
	    *rule != '\0' && *why != '\0' ? ": " : "", why, x->name.n != 0 ? ": " : "",
	    PV_FMT(x->name))
	    .p;
}

const char *
pv_explain_way(struct pv_arena *a, const struct pv_change *c)
{
	const char *rule = c->rule.r != NULL ? pv_arena_str(a, c->rule.r->id) : "";
	unsigned long long officers = (unsigned long long)c->officers;

	switch (c->way) {
	case PV_WAY_NONE:
		return "";
	case PV_WAY_PROOF:
		return "a fresh proof of the order logs comes";
	case PV_WAY_PURPOSE:
		return "the report stays barred for this purpose, as long as it is this report";
	case PV_WAY_RELEASE:
		return "its originator shares it anew";
	case PV_WAY_RECALL:
		return pv_arena_printf(a, "%s ends: by who recalled it or above (%llu officer%s)",
		    rule, officers, officers == 1 ? "" : "s")
		    .p;
	case PV_WAY_LIFT:
		return pv_arena_printf(a, "%s ends: lift by %.*s or above (%llu officer%s)", rule,
		    PV_FMT(c->rule.r != NULL ? c->rule.r->issuer : PV_NO_SLICE), officers,
		    officers == 1 ? "" : "s")
		    .p;
	case PV_WAY_TIME:
		return pv_arena_printf(a, "%s, by itself at %s", rule, pv_show_time(a, c->at)).p;
	case PV_WAY_CONDITION:
		return pv_arena_printf(a, "%.*s is attested as %s by %llu of %s",
		    PV_FMT(c->condition != NULL ? c->condition->id : PV_NO_SLICE),
		    c->rule.r != NULL && c->rule.r->kind == PV_AGREEMENT ? "holding" : "ended",
		    (unsigned long long)c->quorum, pv_list_names(a, c->attestors, "nobody"))
		    .p;
	case PV_WAY_AGREEMENT:
		return pv_arena_printf(a, "an agreement of %.*s for %.*s%s%s", PV_FMT(c->giver),
		    PV_FMT(c->taker), *rule != '\0' ? "; near: " : "", rule)
		    .p;
	case PV_WAY_IDENTIFY:
		return pv_arena_printf(a, "those on board are identified, as %s asks", rule).p;
	}
	return "";
}

void
pv_put_explanation(struct pv_arena *a, struct pv_jsonw *w, const struct pv_explanation *x)
{
	pv_jsonw_array(w, "steps");
	for (size_t i = 0; i < x->row_count; i++) {
		const struct pv_explained *row = &x->rows[i];

		pv_jsonw_object(w, NULL);
		pv_jsonw_u64(w, "step", (uint64_t)row->step);
		pv_jsonw_str(
		    w, "effect", pv_slice_of(pv_explain_effect(row, x->answer == PV_RELEASE)));
		if (row->rule.r != NULL)
			pv_jsonw_str(w, "rule", row->rule.r->id);
		pv_jsonw_str(w, "because", pv_slice_of(pv_explain_row(a, row)));
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
	pv_jsonw_array(w, "changes");
	for (size_t i = 0; i < x->change_count; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_u64(w, "group", x->changes[i].group);
		pv_jsonw_str(w, "change", pv_slice_of(pv_explain_way(a, &x->changes[i])));
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
	pv_put_names(w, "still_barred", x->still_barred);
	pv_jsonw_u64(w, "more_orders", x->more_orders);
	pv_jsonw_u64(w, "more_agreements", x->more_agreements);
}
