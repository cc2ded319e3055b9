/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/home.h"
#include "core/words.h"

static bool
by_order(enum pv_reason why)
{
	return why == PV_WHY_SUSPENDED || why == PV_WHY_RESTRICTED;
}

static void
tell_condition(struct pv_run *r, const struct pv_told *told, const struct pv_order *o)
{
	const struct pv_condition_view *c = &told->condition;

	/* a home that follows another's log need not hold its conditions */
	if (o->holds_while.n == 0 || told->condition_quorum == 0)
		return;
	pv_para(&r->term, "             ", "(now: %s; %zu of the %llu needed attestors say ended)",
	    c->status == PV_COND_HOLDS       ? "it holds"
	    : c->status == PV_COND_ENDED     ? "it has ended"
	    : c->status == PV_COND_CONTESTED ? "it is contested, which counts as holding"
					     : "it is not known, which counts as holding",
	    c->say_ended, (unsigned long long)told->condition_quorum);
}

static void
tell_order(struct pv_run *r, const struct pv_refusal *f)
{
	const struct pv_record *rec = &f->told->order;
	const struct pv_order *o = &rec->order;
	struct pv_screen *t = &r->term;
	struct pv_arena *a = r->arena;
	uint64_t now = r->env.realtime_ms(r->env.ctx) / 1000;
	struct pv_slice text = pv_text_in(o->text, pv_arena_str(a, o->authentic));

	pv_blank(t);
	pv_para(t, "  Order      ", "%.*s of %.*s, in force since %s%s%s%s", PV_FMT(rec->id),
	    PV_FMT(rec->issuer), pv_show_time(a, o->effective), now > o->effective ? " (" : "",
	    now > o->effective ? pv_show_span(a, now - o->effective) : "",
	    now > o->effective ? ")" : "");
	if (text.n != 0)
		pv_para(t, "             ", "%.*s \"%.*s\"", PV_FMT(o->authentic), PV_FMT(text));
	pv_para(t, "  It covers  ", "%s %s and all below, with %s and all below; %s",
	    o->direction == PV_GIVE      ? "what is given by"
	    : o->direction == PV_TAKE_IN ? "what is taken in by"
					 : "giving and taking by",
	    pv_list_names(a, o->subject, "nobody"), pv_list_names(a, o->counterpart, "nobody"),
	    pv_list_scope_hiding(a, o, "the purpose that was stated"));
	pv_para(t, "  It ends    ", "when %.*s lifts it%s%.*s%s%s%s", PV_FMT(rec->issuer),
	    o->holds_while.n != 0 ? ", or " : "", PV_FMT(o->holds_while),
	    o->holds_while.n != 0 ? " is attested as ended" : "", o->until != 0 ? ", or at " : "",
	    o->until != 0 ? pv_show_time(a, o->until) : "");
	tell_condition(r, f->told, o);
	pv_para(t, "  Excepts    ", "%s", pv_list_exceptions_hiding(a, o->except, true));
	pv_blank(t);
	if (pv_slice_eq(rec->issuer, f->own)) {
		pv_para(t, "  Who can lift it  ", "%.*s, by its officers:  proviso order lift %.*s",
		    PV_FMT(rec->issuer), PV_FMT(rec->id));
		pv_para(
		    t, "  What you can do  ", "read it:  proviso order show %.*s", PV_FMT(rec->id));
		return;
	}
	pv_para(t, "  Who can lift it  ", "%.*s, by its officers. Not you, and not this home.",
	    PV_FMT(rec->issuer));
	pv_para(t, "  What you can do  ",
	    "ask %.*s: desk and telephone in  proviso party show %.*s", PV_FMT(rec->issuer),
	    PV_FMT(rec->issuer));
}

static void
tell_more(struct pv_run *r, const struct pv_refusal *f)
{
	struct pv_screen *t = &r->term;
	bool order = by_order(f->told->why);

	if (f->report.n != 0)
		pv_line(t, "%severy step: proviso explain %.*s --purpose %.*s",
		    order ? "                   " : "  What you can do  ", PV_FMT(f->report),
		    PV_FMT(f->purpose));
	if (order)
		pv_line(t, "                   lives at risk now?  proviso help safety-of-life");
	if (f->told->journalled)
		pv_para(t, "  Recorded         ", "entry %s of %.*s: for %.*s, %.*s, refused",
		    pv_show_count(r->arena, f->told->journal_index), PV_FMT(f->journal),
		    PV_FMT(f->party), PV_FMT(f->purpose));
}

void
pv_put_refusal(struct pv_jsonw *w, const struct pv_told *told)
{
	pv_jsonw_object(w, "refused");
	pv_jsonw_str(w, "reference", told->reference);
	if (told->entitled) {
		pv_jsonw_str(w, "reason", pv_slice_of(pv_reason_name(told->why)));
		pv_put_names(w, "orders", told->orders);
		if (told->order.kind == PV_ORDER)
			pv_jsonw_str(w, "issuer", told->order.issuer);
	}
	if (told->journalled)
		pv_jsonw_u64(w, "journal_index", told->journal_index);
	pv_jsonw_end(w);
}

int
pv_tell_refusal(struct pv_run *r, const struct pv_refusal *f)
{
	const struct pv_told *told = f->told;
	int status = told->entitled && told->why == PV_WHY_STALE ? PV_EXIT_DOWN : PV_EXIT_NO;

	if (!told->entitled) {
		pv_state_line(&r->term, PV_STRONG, "Refused",
		    ". Ask the originator and quote %.*s.", PV_FMT(told->reference));
		return PV_EXIT_NO;
	}
	if (by_order(told->why) && told->orders.n != 0)
		pv_state_line(&r->term, PV_STRONG, "Refused", ": %s by order %s. %s",
		    told->why == PV_WHY_SUSPENDED ? "suspended" : "restricted",
		    pv_list_names(r->arena, told->orders, ""), f->undone);
	else
		pv_state_line(&r->term, PV_STRONG, "Refused", ": %s. %s", pv_reason_line(told->why),
		    f->undone);
	if (by_order(told->why) && told->order.kind == PV_ORDER)
		tell_order(r, f);
	else
		pv_blank(&r->term);
	tell_more(r, f);
	return status;
}
