/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <string.h>

#include "codec/rfc3339.h"
#include "core/words.h"
#include "wire/record.h"

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

const char *
pv_list_few(struct pv_arena *a, struct pv_names names, size_t most)
{
	struct pv_names first = { names.at, names.n <= most + 1 ? names.n : most };
	const char *text = pv_list_names(a, first, "");

	return first.n == names.n
		   ? text
		   : pv_arena_printf(a, "%s and %s more", text, pv_show_count(a, names.n - first.n))
			 .p;
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

/* "every topic, region and channel", of those that are not confined. */
static void
add_every(struct pv_buf *out, const struct pv_order *o)
{
	const struct {
		bool every;
		const char *name;
	} trees[] = { { o->topic.n == 0, "topic" }, { o->region.n == 0, "region" },
		{ !o->has_purposes, "purpose" }, { !o->has_channels, "channel" } };
	size_t n = 0, done = 0;

	for (size_t i = 0; i < 4; i++)
		n += trees[i].every;
	for (size_t i = 0; i < 4; i++) {
		if (!trees[i].every)
			continue;
		if (done == 0)
			pv_buf_addf(out, "%severy ", out->n != 0 ? "; " : "");
		else
			pv_buf_add_str(out, done + 1 == n ? " and " : ", ");
		pv_buf_add_str(out, trees[i].name);
		done++;
	}
}

const char *
pv_list_scope_hiding(struct pv_arena *a, const struct pv_order *o, const char *hidden)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (o->topic.n != 0)
		join(&text, "; ", pv_arena_printf(a, "topic %.*s", PV_FMT(o->topic)));
	if (o->region.n != 0)
		join(&text, "; ", pv_arena_printf(a, "region %.*s", PV_FMT(o->region)));
	if (o->has_purposes)
		join(&text, "; ",
		    hidden != NULL
			? pv_slice_of(hidden)
			: pv_arena_printf(a, "purpose %s", pv_list_names(a, o->purposes, "none")));
	if (o->has_channels)
		join(&text, "; ",
		    pv_arena_printf(a, "channel %s", pv_list_names(a, o->channels, "none")));
	add_every(&text, o);
	return pv_arena_str(a, pv_buf_slice(&text));
}

const char *
pv_list_scope(struct pv_arena *a, const struct pv_order *o)
{
	return pv_list_scope_hiding(a, o, NULL);
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

const char *
pv_list_exceptions_hiding(struct pv_arena *a, struct pv_exceptions x, bool hide)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	for (size_t i = 0; i < x.n; i++)
		join(&text, "; or ", pv_slice_of(exception_words(a, &x.at[i], hide)));
	return x.n == 0 ? "nothing" : pv_arena_str(a, pv_buf_slice(&text));
}

const char *
pv_list_exceptions(struct pv_arena *a, struct pv_exceptions x)
{
	return pv_list_exceptions_hiding(a, x, false);
}

static void
add_source(struct pv_buf *out, struct pv_arena *a, const struct pv_source *s)
{
	join(out, "; ", s->who);
	if (s->via.n != 0)
		pv_buf_addf(out, ", via %s", pv_list_names(a, s->via, ""));
	pv_buf_addf(out, ", %s %s", pv_claim_name(s->status), pv_show_time(a, s->date));
	if (s->url.n != 0)
		pv_buf_addf(out, ", %.*s", PV_FMT(s->url));
}

const char *
pv_basis_text(struct pv_arena *a, const struct pv_basis *b)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	if (b->cites.n != 0)
		pv_buf_addf(&text, "%.*s%s%.*s", PV_FMT(b->cites), b->origin.n != 0 ? " of " : "",
		    PV_FMT(b->origin));
	if (b->has_source)
		add_source(&text, a, &b->source);
	if (b->note.n != 0)
		join(&text, "; ", b->note);
	return pv_arena_str(a, pv_buf_slice(&text));
}

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
pv_put_fact(struct pv_jsonw *w, const struct pv_fact *f)
{
	pv_jsonw_object(w, NULL);
	pv_put_record(w, "record", f->r);
	pv_jsonw_u64(w, "index", f->index);
	pv_put_time(w, "since", f->since);
	if (f->ended != PV_NEVER)
		pv_put_time(w, "ended", f->ended);
	pv_jsonw_end(w);
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
