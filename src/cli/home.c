/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/home.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/fail.h"
#include "cli/given.h"
#include "codec/rfc3339.h"
#include "wire/record.h"

PV_RESULT
pv_home_open(struct pv_run *r, struct pv_desk **out, struct pv_err *e)
{
	struct stat st;

	if (stat(r->home, &st) != 0)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "there is no home at %s", r->home), e,
		    "%s. Or make one: proviso init --party NAME",
		    r->home_given ? "Name the right one with --home or PROVISO_HOME"
				  : "Name one with --home or PROVISO_HOME");
	return pv_desk_open(out, r->home, &r->env, e);
}

struct pv_unlock
pv_home_unlock(struct pv_run *r)
{
	size_t n = pv_option_count(r, "as");
	const char **as = pv_arena_alloc_n(r->arena, n, sizeof(*as));

	for (size_t i = 0; i < n; i++)
		as[i] = pv_option_at(r, "as", i);
	return (struct pv_unlock){ pv_ask_passphrase, r, as, n };
}

/* ---- an act ---- */

PV_RESULT
pv_home_act_fill(struct pv_run *r, struct pv_desk *d, struct pv_record *record, struct pv_err *e)
{
	struct pv_slice issuer;

	record->id = pv_option_slice(r, "id");
	PV_TRY(pv_given_name(r, "issuer", &issuer, e));
	record->issuer = issuer.n != 0 ? issuer : pv_desk_identity(d).party;
	record->exercise = pv_desk_identity(d).exercise;
	return pv_given_basis(r, &record->basis, e);
}

PV_RESULT
pv_home_act_enter(struct pv_run *r, struct pv_desk *d, struct pv_record *record,
    struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_unlock unlock = pv_home_unlock(r);
	bool draft = pv_given(r, "draft");

	PV_TRY(pv_desk_act(d, record, draft, &unlock, r->arena, out, e));
	if (out->error_count != 0) {
		*e = out->errors[0];
		return (struct pv_status){ e->code };
	}
	return draft ? pv_output_write(r, pv_option(r, "out"), out->notes, e) : PV_DONE;
}

static void
tell_json(struct pv_run *r, const struct pv_apply_answer *answer)
{
	struct pv_json_out out = { 0 };

	pv_json_begin(&out);
	pv_put_acts(&out.w, answer);
	pv_json_end(r, &out);
}

void
pv_put_acts(struct pv_jsonw *w, const struct pv_apply_answer *answer)
{
	static const char *const did[] = { [PV_DID_NOTHING] = "unchanged",
		[PV_DID_APPLY] = "applied",
		[PV_DID_HOLD] = "hold",
		[PV_DID_COMPLETE] = "completed",
		[PV_DID_SIGN] = "signed" };

	pv_jsonw_u64(w, "applied", answer->applied);
	pv_jsonw_u64(w, "unchanged", answer->unchanged);
	pv_jsonw_u64(w, "held", answer->held);
	pv_jsonw_u64(w, "log_size", answer->log_size);
	pv_jsonw_array(w, "acts");
	for (size_t i = 0; i < answer->act_count; i++) {
		const struct pv_act_done *a = &answer->acts[i];

		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "kind", pv_slice_of(pv_kind_name(a->kind)));
		pv_jsonw_str(w, "id", a->id);
		pv_jsonw_str(w, "did", pv_slice_of(did[a->did]));
		if (a->did == PV_DID_APPLY || a->did == PV_DID_HOLD || a->did == PV_DID_COMPLETE)
			pv_jsonw_u64(w, "index", a->index);
		pv_jsonw_u64(w, "signers", a->signers);
		pv_jsonw_u64(w, "needs", a->needs);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

/* Whether the draft itself is on stdout: then nothing else may be. */
static bool
draft_on_stdout(const struct pv_run *r)
{
	const char *out = pv_option(r, "out");

	return pv_given(r, "draft") && (out == NULL || strcmp(out, "-") == 0);
}

int
pv_home_act_tell(struct pv_run *r, const struct pv_apply_answer *answer, const char *done)
{
	const struct pv_act_done *a = answer->acts;
	struct pv_screen *t = &r->term;

	if (draft_on_stdout(r) || answer->act_count == 0)
		return PV_EXIT_DONE;
	if (r->json) {
		tell_json(r, answer);
		return PV_EXIT_DONE;
	}
	switch (a->did) {
	case PV_DID_APPLY:
	case PV_DID_COMPLETE:
		pv_state_line(t, PV_STRONG, done, ": %.*s (order log %s).", PV_FMT(a->id),
		    pv_show_count(r->arena, a->index + 1));
		return PV_EXIT_DONE;
	case PV_DID_HOLD:
		pv_state_line(t, PV_STRONG, "HOLD",
		    ": %.*s is in force here on sight (order log %s).", PV_FMT(a->id),
		    pv_show_count(r->arena, a->index + 1));
		pv_para(t, "  ",
		    "Signed by %s of the %s officers that it needs. It lapses in 24 h unless more "
		    "sign: proviso "
		    "order sign %.*s",
		    pv_show_count(r->arena, a->signers), pv_show_count(r->arena, a->needs),
		    PV_FMT(a->id));
		return PV_EXIT_DONE;
	case PV_DID_SIGN:
		pv_state_line(t, PV_STRONG, "Signed",
		    ": %.*s, by %s of %s officers. Nothing is entered yet.", PV_FMT(a->id),
		    pv_show_count(r->arena, a->signers), pv_show_count(r->arena, a->needs));
		if (a->signers >= a->needs)
			pv_line(t, "  Enter it: proviso apply %s", pv_option(r, "out"));
		else
			pv_line(t,
			    "  The next officer: proviso sign %s --out SIGNED, then proviso apply "
			    "SIGNED",
			    pv_option(r, "out"));
		return PV_EXIT_DONE;
	case PV_DID_NOTHING:
		pv_state_line(t, PV_STRONG, "Unchanged", ": %.*s stands already.", PV_FMT(a->id));
		return PV_EXIT_DONE;
	}
	return PV_EXIT_BUG;
}

int
pv_home_act(struct pv_run *r, struct pv_record *record, const char *done)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_apply_answer answer = { 0 };
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_home_act_fill(r, d, record, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, record, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act_tell(r, &answer, done);
}

/* ---- words ---- */

static void
join(struct pv_buf *out, const char *between, struct pv_slice text)
{
	if (out->n != 0)
		pv_buf_add_str(out, between);
	pv_buf_add(out, text);
}

const char *
pv_list_names(struct pv_arena *a, struct pv_names names, const char *none)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < names.n; i++)
		join(&text, ", ", names.at[i]);
	return names.n == 0 ? none : pv_arena_str(a, pv_buf_slice(&text));
}

struct pv_slice
pv_text_in(struct pv_texts texts, const char *lang)
{
	for (size_t i = 0; i < texts.n; i++)
		if (pv_slice_is(texts.at[i].lang, lang))
			return texts.at[i].text;
	return texts.n != 0 ? texts.at[0].text : PV_NO_SLICE;
}

static const char *
duty_words(struct pv_arena *a, const struct pv_obligation *o)
{
	switch (o->duty) {
	case PV_DUTY_NONE:
		return "";
	case PV_REPORT_OUTCOME:
		return o->within_s == 0
			   ? "outcome due"
			   : pv_arena_printf(a, "outcome due in %s", pv_show_span(a, o->within_s))
				 .p;
	case PV_DELETE_BY:
		return o->by != 0
			   ? pv_arena_printf(a, "to be deleted by %s", pv_show_time(a, o->by)).p
			   : pv_arena_printf(
				 a, "to be deleted after %s", pv_show_span(a, o->after_s))
				 .p;
	case PV_NO_ONWARD:
		return "not to be passed on";
	case PV_NOTIFY_ORIGINATOR:
		return "the originator is to be told";
	case PV_ATTRIBUTE:
		return "the originator is to be named";
	case PV_NO_ATTRIBUTION:
		return "the originator is not to be named";
	case PV_HUMAN_IDENTIFICATION:
		return "a person must identify those on board";
	}
	return "";
}

const char *
pv_list_duties(struct pv_arena *a, struct pv_obligations duties)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < duties.n; i++)
		join(&text, "; ", pv_slice_of(duty_words(a, &duties.at[i])));
	return pv_arena_str(a, pv_buf_slice(&text));
}

/* `hidden` stands for the purposes where they may not be told. */
static const char *
scope(struct pv_arena *a, const struct pv_order *o, const char *hidden)
{
	PV_AUTO(pv_buf_free) struct pv_buf only = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf every = { 0 };
	const char *purposes = hidden != NULL ? hidden : pv_list_names(a, o->purposes, "none");

	if (o->topic.n != 0)
		join(&only, "; ", pv_arena_printf(a, "topic %.*s", PV_FMT(o->topic)));
	else
		join(&every, ", ", PV_SLICE("topic"));
	if (o->region.n != 0)
		join(&only, "; ", pv_arena_printf(a, "region %.*s", PV_FMT(o->region)));
	else
		join(&every, ", ", PV_SLICE("region"));
	if (o->has_purposes)
		join(&only, "; ",
		    pv_arena_printf(a, "%s%s", hidden != NULL ? "" : "purpose ", purposes));
	else
		join(&every, ", ", PV_SLICE("purpose"));
	if (o->has_channels)
		join(&only, "; ",
		    pv_arena_printf(a, "channel %s", pv_list_names(a, o->channels, "none")));
	else
		join(&every, ", ", PV_SLICE("channel"));
	if (every.n != 0)
		join(&only, "; ", pv_arena_printf(a, "every %.*s", PV_FMT(pv_buf_slice(&every))));
	return pv_arena_str(a, pv_buf_slice(&only));
}

const char *
pv_list_scope(struct pv_arena *a, const struct pv_order *o)
{
	return scope(a, o, NULL);
}

/* One exception: its members with spaces between; hide: purposes only by what is safe to say. */
static const char *
exception_words(struct pv_arena *a, const struct pv_exception *x, bool hide)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (x->purpose.n != 0 && !hide)
		join(&text, " ", x->purpose);
	else if (x->purpose.n != 0)
		join(&text, " ",
		    pv_name_under(x->purpose, PV_SLICE("safety")) ? PV_SLICE("safety of life")
								  : PV_SLICE("a purpose"));
	if (x->topic.n != 0)
		join(&text, ", ", pv_arena_printf(a, "topic %.*s", PV_FMT(x->topic)));
	if (x->region.n != 0)
		join(&text, ", ", pv_arena_printf(a, "region %.*s", PV_FMT(x->region)));
	if (x->channel.n != 0)
		join(&text, ", ", pv_arena_printf(a, "channel %.*s", PV_FMT(x->channel)));
	if (x->counterpart.n != 0)
		join(&text, ", ", pv_arena_printf(a, "with %.*s", PV_FMT(x->counterpart)));
	return pv_arena_str(a, pv_buf_slice(&text));
}

static const char *
exceptions(struct pv_arena *a, struct pv_exceptions x, bool hide)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < x.n; i++)
		join(&text, "; or ", pv_slice_of(exception_words(a, &x.at[i], hide)));
	return x.n == 0 ? "nothing" : pv_arena_str(a, pv_buf_slice(&text));
}

const char *
pv_list_exceptions(struct pv_arena *a, struct pv_exceptions x)
{
	return exceptions(a, x, false);
}

/* ---- a refusal ---- */

const char *
pv_reason_line(enum pv_reason why)
{
	switch (why) {
	case PV_WHY_NONE:
		return "not decided";
	case PV_WHY_STALE:
		return "no fresh proof of the orders";
	case PV_WHY_REPORT_FORBIDS:
		return "the report is never for this purpose";
	case PV_WHY_NOT_RELEASABLE:
		return "the report is not releasable to this party";
	case PV_WHY_EXPIRED:
		return "the report has expired";
	case PV_WHY_RECALLED:
		return "the report was recalled by its originator";
	case PV_WHY_SUSPENDED:
		return "suspended by an order";
	case PV_WHY_RESTRICTED:
		return "restricted by an order";
	case PV_WHY_NO_AGREEMENT:
		return "no agreement covers it";
	case PV_WHY_AGREEMENT:
		return "permitted by an agreement";
	case PV_WHY_NOT_BARRED:
		return "nothing here bars it";
	}
	return "";
}

static bool
by_order(enum pv_reason why)
{
	return why == PV_WHY_SUSPENDED || why == PV_WHY_RESTRICTED;
}

static void
tell_condition(struct pv_run *r, const struct pv_told *told, const struct pv_order *o)
{
	const struct pv_condition_view *c = &told->condition;

	if (o->holds_while.n == 0)
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
	    scope(a, o, "the purpose that was stated"));
	pv_para(t, "  It ends    ", "when %.*s lifts it%s%.*s%s%s%s", PV_FMT(rec->issuer),
	    o->holds_while.n != 0 ? ", or " : "", PV_FMT(o->holds_while),
	    o->holds_while.n != 0 ? " is attested as ended" : "", o->until != 0 ? ", or at " : "",
	    o->until != 0 ? pv_show_time(a, o->until) : "");
	tell_condition(r, f->told, o);
	pv_para(t, "  Excepts    ", "%s", exceptions(a, o->except, true));
	pv_blank(t);
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

/* ---- JSON ---- */

void
pv_json_begin(struct pv_json_out *out)
{
	*out = (struct pv_json_out){ 0 };
	out->w.out = &out->buf;
	pv_jsonw_object(&out->w, NULL);
}

void
pv_json_end(struct pv_run *r, struct pv_json_out *out)
{
	pv_jsonw_end(&out->w);
	pv_buf_add_c(&out->buf, '\n');
	pv_raw(&r->term, pv_buf_slice(&out->buf));
	pv_buf_free(&out->buf);
}

void
pv_put_names(struct pv_jsonw *w, const char *name, struct pv_names names)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < names.n; i++)
		pv_jsonw_str(w, NULL, names.at[i]);
	pv_jsonw_end(w);
}

void
pv_put_record(struct pv_jsonw *w, const char *name, const struct pv_record *record)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	if (record->line.n != 0) {
		pv_jsonw_raw(w, name, record->line);
		return;
	}
	pv_record_write(record, &line);
	pv_jsonw_raw(w, name, pv_buf_slice(&line));
}

void
pv_put_time(struct pv_jsonw *w, const char *name, uint64_t s)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (s == 0)
		return;
	pv_time_write(&text, s);
	pv_jsonw_str(w, name, pv_buf_slice(&text));
}
