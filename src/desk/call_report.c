/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports through a gateway: uploads that become reports, who can open them,
 * the sealed file, asking and answering, openings piece by piece, and the
 * exchange with a partner's gateway. The desk decides; here it is seen to that
 * nobody speaks for another, and that a stated purpose is one the caller may
 * state.
 */
#include "desk/call_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/feed.h"
#include "desk/passing.h"
#include "desk/report.h"
#include "wire/record.h"

#define NAME_SHOWN 400 /* of what a file is called elsewhere */

/* ---- who speaks, for whom, for what ---- */

struct speaks {
	struct pv_slice party, person, purpose;
};

/* What is not said is what the credential says; what is said must not be more. */
static PV_RESULT
who_speaks(const struct pv_call_run *c, struct pv_slice party, struct pv_slice person,
    struct pv_slice purpose, struct speaks *out, struct pv_err *e)
{
	const struct pv_caller *who = c->who;

	*out = (struct speaks){ party.n != 0 ? party : who->party,
		who->person.n != 0 ? who->person : person, purpose };
	if (!pv_name_under(out->party, who->party))
		return PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
		    PV_FMT(who->party), PV_FMT(out->party));
	if (person.n != 0 && who->person.n != 0 && !pv_slice_eq(person, who->person))
		return PV_FAIL(e, PV_E_INPUT, "this credential is of %.*s, not of %.*s",
		    PV_FMT(who->person), PV_FMT(person));
	if (purpose.n != 0 && !pv_caller_may_state(who, purpose))
		return PV_FAIL(
		    e, PV_E_INPUT, "this credential may not state the purpose that was stated");
	return PV_DONE;
}

/* ---- uploads ---- */

static PV_RESULT
run_upload_begin(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_upload_call *q = c->ask;
	struct pv_upload_answer *out = c->answer;
	struct pv_upload u = { .name = q->name, .has_size = q->has_size, .size = q->size };

	pv_service_sweep(c->service, c->d);
	out->found = true;
	return pv_upload_begin(c->service, c->who, &u, c->a, &out->upload, e);
}

static PV_RESULT
run_upload_append(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_upload_call *q = c->ask;
	struct pv_upload_answer *out = c->answer;

	out->found = true;
	return pv_upload_append(
	    c->service, c->who, q->id, q->offset, c->tail, q->last, c->a, &out->upload, e);
}

static PV_RESULT
run_upload_look(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_upload_call *q = c->ask;
	struct pv_upload_answer *out = c->answer;

	return pv_upload_look(c->service, c->who, q->id, c->a, &out->found, &out->upload, e);
}

static PV_RESULT
run_upload_drop(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_upload_call *q = c->ask;
	struct pv_upload_answer *out = c->answer;

	out->found = true;
	out->upload.id = q->id;
	return pv_upload_drop(c->service, c->who, q->id, e);
}

/* ---- reports ---- */

static PV_RESULT
run_reports(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_reports_ask *q = c->ask;
	struct pv_reports_answer *out = c->answer;
	const struct pv_report_row *rows = NULL;
	size_t n = 0, from;

	PV_TRY(pv_desk_reports(c->d, q->id, c->a, &rows, &n, e));
	PV_TRY(pv_page_of(&q->page, n, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

static PV_RESULT
find_report(struct pv_call_run *c, struct pv_slice id, struct pv_kept *h, struct pv_err *e)
{
	bool found;

	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_report_find(c->d, id, c->a, h, &found, e));
	if (!found)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "there is no report \"%.*s\" here", PV_FMT(id)), e,
		    "What there is: proviso report list");
	return PV_DONE;
}

static PV_RESULT
run_who(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_who_ask *q = c->ask;
	struct pv_who_answer *out = c->answer;
	const struct pv_can_open *rows = NULL;
	size_t n = 0, from;
	struct pv_matter m;
	struct pv_kept h;

	PV_TRY(find_report(c, q->id, &h, e));
	PV_TRY(pv_matter_of(c->d, &h.label, h.custodians, c->a, &m, e));
	PV_TRY(pv_desk_who_can_open(c->d, &m, q->at, c->a, &rows, &n, e));
	PV_TRY(pv_page_some(&q->page, n, c->a, &from, &out->count, &out->next, e));
	out->rows = rows + from;
	return PV_DONE;
}

static PV_RESULT
share_upload(struct pv_call_run *c, const struct pv_share_call *q, const char *path,
    struct pv_share_called *out, struct pv_err *e)
{
	struct pv_share_ask ask = { .label = q->label,
		.like = q->like,
		.name = q->name.n != 0 ? pv_arena_str(c->a, q->name) : NULL,
		.media_type = q->media_type.n != 0 ? pv_arena_str(c->a, q->media_type) : NULL,
		.old_form = q->old_form };
	struct pv_status st;

	ask.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ask.fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read the upload: %s", strerror(errno));
	st = pv_desk_share(c->d, &ask, c->a, &out->answer, e);
	close(ask.fd);
	return st;
}

static PV_RESULT
run_share(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_share_call *q = c->ask;
	struct pv_share_called *out = c->answer;
	struct pv_slice originator = q->label.report.originator;
	struct pv_share_call call = *q;
	struct pv_upload u;
	struct pv_err ignored;
	const char *path;

	if (q->label.kind != PV_REPORT)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this is not the label of a report"), e, "label");
	if (originator.n == 0 && q->like.n == 0)
		call.label.report.originator = originator = c->who->party;
	if (originator.n != 0 && !pv_name_under(originator, c->who->party))
		return PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
		    PV_FMT(c->who->party), PV_FMT(originator));
	PV_TRY(pv_upload_take(c->service, c->who, q->upload, c->a, &u, &path, e));
	if (call.name.n == 0)
		call.name = u.name;
	PV_TRY(share_upload(c, &call, path, out, e));
	/* shared is shared, whatever becomes of the spool */
	pv_ignore(pv_upload_used(c->service, c->who, q->upload, out->answer.report, &ignored));
	return PV_DONE;
}

/* Of another authority: whoever could open it for something. Nobody else learns that it is there. */
static PV_RESULT
may_have_sealed(struct pv_call_run *c, const struct pv_kept *h, bool *may, struct pv_err *e)
{
	const struct pv_can_open *who = NULL;
	struct pv_matter m;
	size_t n = 0;

	*may = c->who->own;
	if (*may)
		return PV_DONE;
	PV_TRY(pv_matter_of(c->d, &h->label, h->custodians, c->a, &m, e));
	PV_TRY(pv_desk_who_can_open(c->d, &m, 0, c->a, &who, &n, e));
	for (size_t i = 0; i < n; i++)
		*may = *may || (who[i].yes && pv_name_under(c->who->party, who[i].party));
	return PV_DONE;
}

static PV_RESULT
read_content(struct pv_call_run *c, const struct pv_kept *h, struct pv_err *e)
{
	const struct pv_content_ask *q = c->ask;
	struct pv_content_answer *out = c->answer;
	const char *path = pv_home_path(c->d, c->a, pv_arena_str(c->a, h->place));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		out->size = (uint64_t)st.st_size;
		n = pread(fd, pv_buf_room(c->tail_out, PV_PIECE), PV_PIECE, (off_t)q->offset);
	}
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read the sealed file of %.*s: %s",
		    PV_FMT(h->label.id), strerror(errno));
	c->tail_out->n += (size_t)n;
	out->offset = q->offset;
	return PV_DONE;
}

static PV_RESULT
run_content(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_content_ask *q = c->ask;
	struct pv_content_answer *out = c->answer;
	struct pv_kept h;

	if (q->offset > INT64_MAX)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "there is nothing there"), e, "offset");
	PV_TRY(pv_home_refresh(c->d, e));
	PV_TRY(pv_report_find(c->d, q->id, c->a, &h, &out->found, e));
	if (out->found)
		PV_TRY(may_have_sealed(c, &h, &out->found, e));
	return out->found ? read_content(c, &h, e) : PV_DONE;
}

static PV_RESULT
run_due(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_due_answer *out = c->answer;
	const struct pv_report_row *rows = NULL;
	uint64_t now = pv_desk_now(c->d);
	struct pv_due *list;
	size_t n = 0, most = 0, due = 0, from;

	PV_TRY(pv_desk_reports(c->d, PV_NO_SLICE, c->a, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		most += rows[i].opened_count;
	list = pv_arena_alloc_n(c->a, most, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rows[i].opened_count; k++) {
			const struct pv_opened *o = &rows[i].opened[k];

			if (o->outcome_due == 0 || o->outcomes != 0)
				continue;
			list[due++] = (struct pv_due){ rows[i].label.id, o->release, o->party,
				o->purpose, o->time, o->outcome_due, o->outcome_due < now };
		}
	PV_TRY(pv_page_some(c->ask, due, c->a, &from, &out->count, &out->next, e));
	out->rows = list + from;
	return PV_DONE;
}

/* ---- asking and answering, as files ---- */

/* Errors name the file as the person calls it, not where it lies here. */
static PV_RESULT
called(struct pv_status st, struct pv_call_run *c, const char *path, struct pv_slice name,
    struct pv_err *e)
{
	const char *at = pv_ok(st) ? NULL : strstr(e->what, path);
	const char *shown = pv_arena_str(c->a, pv_slice_sub(name, 0, NAME_SHOWN));

	if (pv_ok(st))
		return st;
	if (at != NULL) {
		struct pv_slice before = pv_slice_mem(e->what, (size_t)(at - e->what));
		const char *text =
		    pv_arena_printf(c->a, "%.*s%s%s", PV_FMT(before), shown, at + strlen(path)).p;

		snprintf(e->what, sizeof(e->what), "%s", text);
	}
	if (strcmp(e->source, path) == 0)
		snprintf(e->source, sizeof(e->source), "%.*s", (int)sizeof(e->source) - 1, shown);
	return st;
}

static PV_RESULT
run_ask(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_ask_call *q = c->ask;
	struct pv_ask_ask ask = { .of = q->of };
	struct pv_upload u;
	struct speaks s;

	PV_TRY(who_speaks(c, q->party, q->person, q->purpose, &s, e));
	PV_TRY(pv_upload_take(c->service, c->who, q->upload, c->a, &u, &ask.sealed_path, e));
	ask.party = s.party;
	ask.person = s.person;
	ask.purpose = s.purpose;
	return called(pv_desk_ask(c->d, &ask, c->tail_out, c->a, c->answer, e), c, ask.sealed_path,
	    q->name, e);
}

static PV_RESULT
run_answer(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_answer_call *q = c->ask;
	const char *source = pv_arena_str(c->a,
	    q->source.n != 0 ? pv_slice_sub(q->source, 0, NAME_SHOWN) : PV_SLICE("the request"));

	return pv_desk_answer(c->d, c->tail, source, c->tail_out, c->a, c->answer, e);
}

/* A partner's gateway asks. Its signature is looked at before anything else; what it says is its caller's passport. */
static PV_RESULT
run_exchange(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_answer_answer done;

	return pv_answer_by(
	    c->d, PV_CHANNEL_API, c->tail, "the request", c->tail_out, c->a, &done, e);
}

/* ---- a partner's gateway ---- */

/* By the name of an order log: of the parties that its peer record names. */
static bool
gateway_of_log(struct pv_desk *d, struct pv_slice origin, struct pv_exchange_at *at)
{
	const struct pv_facts *peers = &pv_desk_state(d)->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		if (peers->at[i]->ended != PV_NEVER || !pv_slice_eq(p->origin, origin))
			continue;
		for (size_t k = 0; k < p->names.n; k++)
			if (pv_gateway_of(d, p->names.at[k], &at->url, &at->tls_key))
				return true;
	}
	return false;
}

static PV_RESULT
find_gateway(struct pv_call_run *c, struct pv_slice originator, struct pv_slice of,
    struct pv_exchange_at *at, struct pv_err *e)
{
	bool found = of.n != 0 ? gateway_of_log(c->d, of, at)
			       : pv_gateway_of(c->d, originator, &at->url, &at->tls_key);

	if (!found)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "where the gateway of %.*s is, is not known here",
			PV_FMT(of.n != 0 ? of : originator)),
		    e,
		    "An officer says it: proviso party add NAME --gateway URL. Or pass it as "
		    "files: "
		    "proviso ask");
	return PV_DONE;
}

/* Our own orders decide, then the partner is asked; *reply is its answer. Empty when we refused: out says so. */
static PV_RESULT
ask_partner(struct pv_call_run *c, const struct pv_open_call *q, const struct speaks *s,
    const char *path, struct pv_buf *reply, struct pv_open_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf request = { 0 };
	struct pv_ask_ask ask = { .sealed_path = path,
		.party = s->party,
		.person = s->person,
		.purpose = s->purpose,
		.of = q->of,
		.channel = PV_CHANNEL_API };
	struct pv_ask_answer asked;
	struct pv_exchange_at at = { 0 };

	PV_TRY(pv_desk_ask(c->d, &ask, &request, c->a, &asked, e));
	if (!asked.made) {
		out->refused = asked.refused;
		out->label = (struct pv_record){ 0 };
		return PV_DONE;
	}
	PV_TRY(find_gateway(c, asked.originator, q->of, &at, e));
	return pv_service_exchange(c->service, &at, pv_buf_slice(&request), reply, e);
}

/* ---- opening ---- */

static PV_RESULT
begin_opening(struct pv_call_run *c, const struct pv_open_ask *ask, struct pv_open_called *out,
    struct pv_err *e)
{
	struct pv_opening *o = NULL;

	PV_TRY(pv_opening_begin(&o, c->d, ask, c->a, &out->answer, e));
	if (o == NULL)
		return PV_DONE;
	return pv_transfer_add(c->service, c->who, o, c->a, &out->handle, e);
}

static PV_RESULT
open_upload(struct pv_call_run *c, const struct pv_open_call *q, const struct speaks *s,
    struct pv_open_ask *ask, struct pv_open_called *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf reply = { 0 };
	const char *path;
	struct pv_upload u;
	struct pv_status st = PV_DONE;

	PV_TRY(pv_upload_take(c->service, c->who, q->upload, c->a, &u, &path, e));
	ask->report = path;
	ask->grant = c->tail;
	ask->grant_source = q->grant_source.n != 0
				? pv_arena_str(c->a, pv_slice_sub(q->grant_source, 0, NAME_SHOWN))
				: "the reply";
	if (c->tail.n == 0) {
		st = ask_partner(c, q, s, path, &reply, &out->answer, e);
		ask->grant = pv_buf_slice(&reply);
		ask->grant_source = "the partner's reply";
	}
	if (pv_ok(st) && ask->grant.n != 0)
		st = begin_opening(c, ask, out, e);
	return called(st, c, path, q->name, e);
}

static PV_RESULT
run_open(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_open_call *q = c->ask;
	struct pv_open_ask ask = { .keep = q->keep, .channel = PV_CHANNEL_API, .out_path = "-" };
	struct speaks s;

	pv_service_sweep(c->service, c->d);
	PV_TRY(who_speaks(c, q->party, q->person, q->purpose, &s, e));
	PV_TRY(pv_transfer_room(c->service, c->who, e));
	ask.party = s.party;
	ask.person = s.person;
	ask.purpose = s.purpose;
	ask.vouched = true;
	if (q->upload.n != 0) {
		if (!c->who->own)
			return PV_FAIL(e, PV_E_INPUT,
			    "a sealed file is opened at the gateway of its own authority");
		return open_upload(c, q, &s, &ask, c->answer, e);
	}
	ask.report = pv_arena_str(c->a, q->id);
	return begin_opening(c, &ask, c->answer, e);
}

static PV_RESULT
run_read(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_read_call *q = c->ask;
	struct pv_read_answer *out = c->answer;
	struct pv_opening *o = NULL;
	struct pv_slice piece;
	struct pv_status st;

	PV_TRY(pv_transfer_borrow(c->service, c->who, q->handle, &o, e));
	st = pv_opening_read(o, c->d, q->offset, &piece, &out->going, c->a, &out->refused, e);
	if (pv_ok(st))
		pv_buf_add(c->tail_out, piece);
	out->size = pv_opening_size(o);
	pv_transfer_return(c->service, o, pv_ok(st) && !out->going, c->a);
	return st;
}

static PV_RESULT
run_end(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_read_call *q = c->ask;
	struct pv_read_answer *out = c->answer;
	struct pv_opening *o = NULL;
	struct pv_status st;

	PV_TRY(pv_transfer_borrow(c->service, c->who, q->handle, &o, e));
	if (q->taken && pv_opening_left(o) == pv_opening_size(o))
		st = pv_opening_end(o, c->d, e);
	else
		st = pv_opening_drop(o, c->d, false, "it was given up", e);
	pv_transfer_return(c->service, o, true, c->a);
	out->going = true;
	return st;
}

/* ---- layouts ---- */

#define FIELD(type, member, json, as, more, doc) PV_FIELD(type, member, json, as, more, doc)
#define ONE(type, member, json, layout, doc)                                                     \
	{                                                                                        \
		.name = json, .shape = PV_AS_ONE, .at = offsetof(type, member), .of = &(layout), \
		.text = doc                                                                      \
	}
#define LIST(type, member, counter, json, layout, doc)                            \
	{                                                                         \
		.name = json, .shape = PV_AS_LIST, .at = offsetof(type, member),  \
		.count_at = offsetof(type, counter), .of = &(layout), .text = doc \
	}
#define RECORD(type, member, json, how, more, doc)                                                \
	{                                                                                         \
		.name = json, .shape = PV_AS_RECORD, .at = offsetof(type, member), .flags = more, \
		.record_flags = how, .text = doc                                                  \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

static const struct pv_field upload_fields[] = {
	FIELD(struct pv_upload, id, "id", PV_AS_TEXT, 0, "Its name."),
	FIELD(struct pv_upload, name, "name", PV_AS_TEXT, 0, "What the file is called."),
	FIELD(struct pv_upload, has_size, "has_size", PV_AS_BOOL, 0, "The size is known."),
	FIELD(struct pv_upload, size, "size", PV_AS_U64, 0, "Bytes that are wanted."),
	FIELD(struct pv_upload, offset, "offset", PV_AS_U64, 0, "Bytes that are here."),
	FIELD(struct pv_upload, expires, "expires", PV_AS_TIME, 0,
	    "When it is thrown away unless more comes."),
	FIELD(struct pv_upload, whole, "whole", PV_AS_BOOL, 0, "All of it is here."),
	FIELD(struct pv_upload, report, "report", PV_AS_TEXT, 0, "The report that it became."),
	END,
};
static const struct pv_layout upload_layout = { "Upload", sizeof(struct pv_upload), upload_fields };

static const struct pv_field upload_call_fields[] = {
	FIELD(struct pv_upload_call, id, "id", PV_AS_TEXT, PV_PATH, "Which upload."),
	FIELD(struct pv_upload_call, name, "name", PV_AS_TEXT, 0, "What the file is called."),
	FIELD(struct pv_upload_call, has_size, "has_size", PV_AS_BOOL, 0, "The size is known."),
	FIELD(struct pv_upload_call, size, "size", PV_AS_U64, 0, "Bytes in all."),
	FIELD(struct pv_upload_call, offset, "offset", PV_AS_U64, 0, "Where this piece begins."),
	FIELD(struct pv_upload_call, last, "last", PV_AS_BOOL, 0, "This piece is the end."),
	END,
};
static const struct pv_layout upload_call = { "UploadAsk", sizeof(struct pv_upload_call),
	upload_call_fields };

static const struct pv_field upload_begin_fields[] = {
	FIELD(struct pv_upload_call, name, "name", PV_AS_TEXT, 0, "What the file is called."),
	FIELD(struct pv_upload_call, has_size, "has_size", PV_AS_BOOL, 0, "The size is known."),
	FIELD(struct pv_upload_call, size, "size", PV_AS_U64, 0, "Bytes in all."),
	END,
};
static const struct pv_layout upload_begin_call = { "UploadBegin", sizeof(struct pv_upload_call),
	upload_begin_fields };

static const struct pv_field upload_answer_fields[] = {
	FIELD(struct pv_upload_answer, found, "found", PV_AS_BOOL, 0, "There is such an upload."),
	ONE(struct pv_upload_answer, upload, "upload", upload_layout, "How it stands."),
	END,
};
static const struct pv_layout upload_answer = { "UploadAnswer", sizeof(struct pv_upload_answer),
	upload_answer_fields };

static const struct pv_field reports_fields[] = {
	FIELD(struct pv_reports_ask, id, "id", PV_AS_TEXT, 0, "Only this one."),
	PV_PAGE_FIELDS(struct pv_reports_ask, page),
	END,
};
static const struct pv_layout reports_ask = { "ReportsAsk", sizeof(struct pv_reports_ask),
	reports_fields };
static const struct pv_field reports_answer_fields[] = {
	LIST(struct pv_reports_answer, rows, count, "rows", pv_layout_report_row, "The reports."),
	PV_NEXT_FIELD(struct pv_reports_answer),
	END,
};
static const struct pv_layout reports_answer = { "Reports", sizeof(struct pv_reports_answer),
	reports_answer_fields };

static const struct pv_field who_fields[] = {
	FIELD(struct pv_who_ask, id, "id", PV_AS_TEXT, PV_MUST | PV_PATH, "The report."),
	FIELD(struct pv_who_ask, at, "at", PV_AS_TIME, 0, "As it was then."),
	PV_PAGE_FIELDS(struct pv_who_ask, page),
	END,
};
static const struct pv_layout who_ask = { "WhoAsk", sizeof(struct pv_who_ask), who_fields };
static const struct pv_field who_answer_fields[] = {
	LIST(struct pv_who_answer, rows, count, "rows", pv_layout_can_open,
	    "Who can open it, and who of those named cannot."),
	PV_NEXT_FIELD(struct pv_who_answer),
	END,
};
static const struct pv_layout who_answer = { "Who", sizeof(struct pv_who_answer),
	who_answer_fields };

static const struct pv_field share_fields[] = {
	FIELD(struct pv_share_call, upload, "upload", PV_AS_TEXT, PV_MUST,
	    "The upload that holds the content."),
	RECORD(struct pv_share_call, label, "label", PV_READ_DRAFT | PV_READ_BARE | PV_READ_LABEL,
	    PV_MUST, "What the report says of itself; what is not said is filled in."),
	FIELD(struct pv_share_call, like, "like", PV_AS_TEXT, 0,
	    "A report whose label is taken where this one says nothing."),
	FIELD(struct pv_share_call, name, "name", PV_AS_TEXT, 0, "What the file is called."),
	FIELD(struct pv_share_call, media_type, "media_type", PV_AS_TEXT, 0,
	    "Of the content; else by the name's ending."),
	FIELD(struct pv_share_call, old_form, "tdf_4_2_2", PV_AS_BOOL, 0,
	    "Sealed in the form of TDF 4.2.2, for readers older than 4.3."),
	END,
};
static const struct pv_layout share_ask = { "ShareAsk", sizeof(struct pv_share_call),
	share_fields };
static const struct pv_field share_answer_fields[] = {
	FIELD(struct pv_share_called, answer.report, "report", PV_AS_TEXT, 0, "Its id."),
	FIELD(struct pv_share_called, answer.sealed_path, "sealed_path", PV_AS_TEXT, 0,
	    "Where the sealed file is, on the machine of the home."),
	FIELD(struct pv_share_called, answer.size_bytes, "size", PV_AS_U64, 0, "Of the content."),
	FIELD(struct pv_share_called, answer.journal_index, "journal_index", PV_AS_U64, 0,
	    "The entry that says it was shared."),
	FIELD(struct pv_share_called, answer.order_log_size, "order_log_size", PV_AS_U64, 0,
	    "Entries of the order log that this stands on."),
	FIELD(struct pv_share_called, answer.proof_age_s, "proof_age", PV_AS_U64, 0,
	    "Seconds since the newest proof of it."),
	LIST(struct pv_share_called, answer.who, answer.who_count, "who", pv_layout_can_open,
	    "Who can open it now, and who of those named cannot."),
	END,
};
static const struct pv_layout share_answer = { "Shared", sizeof(struct pv_share_called),
	share_answer_fields };

static const struct pv_field content_fields[] = {
	FIELD(struct pv_content_ask, id, "id", PV_AS_TEXT, PV_MUST | PV_PATH, "The report."),
	FIELD(struct pv_content_ask, offset, "offset", PV_AS_U64, 0, "Where the piece begins."),
	END,
};
static const struct pv_layout content_ask = { "ContentAsk", sizeof(struct pv_content_ask),
	content_fields };
static const struct pv_field content_answer_fields[] = {
	FIELD(struct pv_content_answer, found, "found", PV_AS_BOOL, 0, "There is such a report."),
	FIELD(struct pv_content_answer, size, "size", PV_AS_U64, 0, "Of the sealed file."),
	FIELD(struct pv_content_answer, offset, "offset", PV_AS_U64, 0, "Where this piece begins."),
	END,
};
static const struct pv_layout content_answer = { "Content", sizeof(struct pv_content_answer),
	content_answer_fields };

static const struct pv_field due_row_fields[] = {
	FIELD(struct pv_due, report, "report", PV_AS_TEXT, 0, "The report that was opened."),
	FIELD(struct pv_due, release, "release", PV_AS_TEXT, 0, "The opening."),
	FIELD(struct pv_due, party, "party", PV_AS_TEXT, 0, "Who opened it."),
	FIELD(struct pv_due, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	FIELD(struct pv_due, opened, "opened", PV_AS_TIME, 0, "When."),
	FIELD(struct pv_due, due, "due", PV_AS_TIME, 0, "When its outcome is to be told."),
	FIELD(struct pv_due, overdue, "overdue", PV_AS_BOOL, 0, "That is over."),
	END,
};
static const struct pv_layout due_row = { "OutcomeDue", sizeof(struct pv_due), due_row_fields };
static const struct pv_field due_answer_fields[] = {
	LIST(struct pv_due_answer, rows, count, "rows", due_row, "Openings without an outcome."),
	PV_NEXT_FIELD(struct pv_due_answer),
	END,
};
static const struct pv_layout due_answer = { "OutcomesDue", sizeof(struct pv_due_answer),
	due_answer_fields };

static const struct pv_field ask_fields[] = {
	FIELD(struct pv_ask_call, upload, "upload", PV_AS_TEXT, PV_MUST, "The sealed file."),
	FIELD(struct pv_ask_call, name, "name", PV_AS_TEXT, 0, "What it is called."),
	FIELD(struct pv_ask_call, party, "party", PV_AS_TEXT, 0, "For whom; else the caller's."),
	FIELD(struct pv_ask_call, person, "person", PV_AS_TEXT, 0, "Who asks."),
	FIELD(struct pv_ask_call, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	FIELD(struct pv_ask_call, of, "of", PV_AS_TEXT, 0,
	    "The order log of the custodian who is asked; else the originator's."),
	END,
};
static const struct pv_layout ask_ask = { "AskAsk", sizeof(struct pv_ask_call), ask_fields };
static const struct pv_field ask_answer_fields[] = {
	FIELD(struct pv_ask_answer, made, "made", PV_AS_BOOL, 0, "A request was made."),
	FIELD(struct pv_ask_answer, request_id, "request_id", PV_AS_TEXT, 0, "Its id."),
	FIELD(struct pv_ask_answer, report, "report", PV_AS_TEXT, 0, "About which report."),
	FIELD(struct pv_ask_answer, originator, "originator", PV_AS_TEXT, 0, "Whose it is."),
	ONE(struct pv_ask_answer, refused, "refused", pv_layout_told, "By our own orders."),
	END,
};
static const struct pv_layout ask_answer = { "Asked", sizeof(struct pv_ask_answer),
	ask_answer_fields };

static const struct pv_field answer_fields[] = {
	FIELD(struct pv_answer_call, source, "source", PV_AS_TEXT, 0,
	    "What the request is called in errors."),
	END,
};
static const struct pv_layout answer_ask = { "AnswerAsk", sizeof(struct pv_answer_call),
	answer_fields };
static const struct pv_field answer_answer_fields[] = {
	FIELD(
	    struct pv_answer_answer, granted, "granted", PV_AS_BOOL, 0, "The key is in the reply."),
	FIELD(struct pv_answer_answer, unknown_report, "unknown_report", PV_AS_BOOL, 0,
	    "Refused, since nothing is known of it here."),
	FIELD(
	    struct pv_answer_answer, request_id, "request_id", PV_AS_TEXT, 0, "The request's id."),
	FIELD(struct pv_answer_answer, report, "report", PV_AS_TEXT, 0, "About which report."),
	FIELD(struct pv_answer_answer, party, "party", PV_AS_TEXT, 0, "Who asked."),
	FIELD(struct pv_answer_answer, person, "person", PV_AS_TEXT, 0, "Which person there."),
	FIELD(struct pv_answer_answer, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	FIELD(struct pv_answer_answer, release, "release", PV_AS_TEXT, 0, "The opening's id."),
	FIELD(struct pv_answer_answer, agreements, "agreements", PV_AS_NAMES, 0, "That permit it."),
	FIELD(struct pv_answer_answer, obligations, "obligations", PV_AS_OBLIGATIONS, 0,
	    "What they ask for."),
	ONE(struct pv_answer_answer, refused, "refused", pv_layout_told, "Why not."),
	FIELD(struct pv_answer_answer, journal_index, "journal_index", PV_AS_U64, 0,
	    "The journal's entry."),
	END,
};
static const struct pv_layout answer_answer = { "Answered", sizeof(struct pv_answer_answer),
	answer_answer_fields };

static const struct pv_field open_fields[] = {
	FIELD(struct pv_open_call, id, "id", PV_AS_TEXT, 0, "A report of this home."),
	FIELD(struct pv_open_call, upload, "upload", PV_AS_TEXT, 0,
	    "Or the upload with a partner's sealed file; its reply, if there is one, is behind "
	    "this."),
	FIELD(struct pv_open_call, name, "name", PV_AS_TEXT, 0,
	    "What the sealed file is called in errors."),
	FIELD(struct pv_open_call, party, "party", PV_AS_TEXT, 0, "For whom; else the caller's."),
	FIELD(struct pv_open_call, person, "person", PV_AS_TEXT, 0, "Who opens it."),
	FIELD(struct pv_open_call, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	FIELD(struct pv_open_call, of, "of", PV_AS_TEXT, 0,
	    "The order log of the custodian who is asked; else the originator's."),
	FIELD(struct pv_open_call, grant_source, "grant_source", PV_AS_TEXT, 0,
	    "What the reply is called in errors."),
	FIELD(struct pv_open_call, keep, "keep", PV_AS_BOOL, 0, "Keep it in custody."),
	END,
};
static const struct pv_layout open_ask = { "OpenAsk", sizeof(struct pv_open_call), open_fields };
static const struct pv_field open_answer_fields[] = {
	FIELD(struct pv_open_called, handle, "handle", PV_AS_TEXT, 0,
	    "To read it with; it is looked at again before each piece."),
	FIELD(struct pv_open_called, answer.opened, "opened", PV_AS_BOOL, 0, "It was."),
	RECORD(
	    struct pv_open_called, answer.label, "label", 0, 0, "What the report says of itself."),
	FIELD(
	    struct pv_open_called, answer.release, "release", PV_AS_TEXT, 0, "This opening's id."),
	FIELD(struct pv_open_called, answer.size_bytes, "size", PV_AS_U64, 0, "Of the content."),
	FIELD(struct pv_open_called, answer.journal_index, "journal_index", PV_AS_U64, 0,
	    "The journal's entry."),
	FIELD(struct pv_open_called, answer.agreements, "agreements", PV_AS_NAMES, 0,
	    "That permit it."),
	FIELD(struct pv_open_called, answer.obligations, "obligations", PV_AS_OBLIGATIONS, 0,
	    "What they ask for."),
	ONE(struct pv_open_called, answer.refused, "refused", pv_layout_told, "Why not."),
	END,
};
static const struct pv_layout open_answer = { "Opening", sizeof(struct pv_open_called),
	open_answer_fields };

static const struct pv_field read_fields[] = {
	FIELD(
	    struct pv_read_call, handle, "handle", PV_AS_TEXT, PV_MUST | PV_PATH, "Which opening."),
	FIELD(struct pv_read_call, offset, "offset", PV_AS_U64, 0, "Where the piece begins."),
	END,
};
static const struct pv_layout read_ask = { "ReadAsk", sizeof(struct pv_read_call), read_fields };
static const struct pv_field end_fields[] = {
	FIELD(
	    struct pv_read_call, handle, "handle", PV_AS_TEXT, PV_MUST | PV_PATH, "Which opening."),
	FIELD(struct pv_read_call, taken, "taken", PV_AS_BOOL, 0,
	    "All of it arrived where it was meant to."),
	END,
};
static const struct pv_layout end_ask = { "EndAsk", sizeof(struct pv_read_call), end_fields };
static const struct pv_field read_answer_fields[] = {
	FIELD(struct pv_read_answer, going, "going", PV_AS_BOOL, 0,
	    "The piece is behind this; false: cut, an order landed."),
	FIELD(struct pv_read_answer, size, "size", PV_AS_U64, 0, "Of the whole content."),
	ONE(struct pv_read_answer, refused, "refused", pv_layout_told, "Why it was cut."),
	END,
};
static const struct pv_layout read_answer = { "Piece", sizeof(struct pv_read_answer),
	read_answer_fields };

/* ---- the calls ---- */

#define INSIDE (PV_ROLE_ANALYST | PV_ROLE_OFFICER | PV_ROLE_OVERSEER | PV_ROLE_OPERATOR)
#define WORKS  (PV_ROLE_ANALYST | PV_ROLE_OFFICER)

const struct pv_call pv_calls_report[] = {
	{ .name = "uploads.begin",
	    .summary = "Begins an upload.",
	    .roles = WORKS,
	    .flags = PV_CALL_OWN,
	    .ask = &upload_begin_call,
	    .answer = &upload_answer,
	    .run = run_upload_begin },
	{ .name = "uploads.append",
	    .summary = "Adds a piece to an upload.",
	    .roles = WORKS,
	    .flags = PV_CALL_OWN,
	    .ask = &upload_call,
	    .answer = &upload_answer,
	    .run = run_upload_append },
	{ .name = "uploads.look",
	    .summary = "How an upload stands.",
	    .roles = WORKS,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &upload_call,
	    .answer = &upload_answer,
	    .run = run_upload_look },
	{ .name = "uploads.drop",
	    .summary = "Throws an upload away.",
	    .roles = WORKS,
	    .flags = PV_CALL_OWN,
	    .ask = &upload_call,
	    .answer = &upload_answer,
	    .run = run_upload_drop },
	{ .name = "reports.list",
	    .method = "GET",
	    .path = "/reports",
	    .summary = "The reports shared or held here.",
	    .roles = INSIDE,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &reports_ask,
	    .answer = &reports_answer,
	    .run = run_reports },
	{ .name = "reports.who",
	    .method = "GET",
	    .path = "/reports/{id}/who",
	    .summary = "Who can open a report.",
	    .roles = INSIDE,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &who_ask,
	    .answer = &who_answer,
	    .run = run_who },
	{ .name = "reports.share",
	    .method = "POST",
	    .path = "/reports",
	    .summary = "What was uploaded becomes a report.",
	    .roles = WORKS,
	    .flags = PV_CALL_OWN,
	    .ask = &share_ask,
	    .answer = &share_answer,
	    .run = run_share },
	{ .name = "reports.content",
	    .summary = "A piece of a report's sealed file.",
	    .roles = INSIDE | PV_ROLE_GATEWAY,
	    .flags = PV_CALL_READS | PV_CALL_FOUND,
	    .ask = &content_ask,
	    .answer = &content_answer,
	    .run = run_content },
	{ .name = "outcomes.due",
	    .method = "GET",
	    .path = "/outcomes/due",
	    .summary = "Openings whose outcome was not told yet.",
	    .roles = INSIDE,
	    .flags = PV_CALL_READS | PV_CALL_OWN,
	    .ask = &pv_layout_page,
	    .answer = &due_answer,
	    .run = run_due },
	{ .name = "asks.make",
	    .method = "POST",
	    .path = "/asks",
	    .summary = "A signed request for a partner's report, to be carried there as a file.",
	    .roles = PV_ROLE_ANALYST,
	    .flags = PV_CALL_OWN | PV_CALL_ANEW,
	    .ask = &ask_ask,
	    .answer = &ask_answer,
	    .tail_out = "request",
	    .run = run_ask },
	{ .name = "asks.answer",
	    .method = "POST",
	    .path = "/answers",
	    .summary = "The signed reply to a request that came as a file.",
	    .roles = WORKS | PV_ROLE_OPERATOR,
	    .flags = PV_CALL_OWN | PV_CALL_ANEW,
	    .ask = &answer_ask,
	    .answer = &answer_answer,
	    .tail_in = "request",
	    .tail_out = "reply",
	    .run = run_answer },
	{ .name = "exchange.ask",
	    .summary = "A partner's gateway asks for a report.",
	    .flags = PV_CALL_PUBLIC | PV_CALL_INNER,
	    .run = run_exchange },
	{ .name = "open.begin",
	    .method = "POST",
	    .path = "/openings",
	    .summary = "Decides on an opening, and journals it.",
	    .roles = PV_ROLE_ANALYST,
	    .flags = PV_CALL_TAIL | PV_CALL_ANEW,
	    .ask = &open_ask,
	    .answer = &open_answer,
	    .tail_in = "grant",
	    .run = run_open },
	{ .name = "open.read",
	    .summary = "A piece of what was opened.",
	    .roles = PV_ROLE_ANALYST,
	    .ask = &read_ask,
	    .answer = &read_answer,
	    .run = run_read },
	{ .name = "open.end",
	    .method = "POST",
	    .path = "/openings/{handle}/end",
	    .summary = "All was taken, or it was given up.",
	    .roles = PV_ROLE_ANALYST,
	    .ask = &end_ask,
	    .answer = &read_answer,
	    .run = run_end },
	{ .name = NULL },
};
