/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: a report of one's own or one held here, by the same decision as for
 * a partner; or a partner's, with the grant that answered our request. Either
 * way every byte is proven against the label that the originator signed before
 * one is given, and the orders are looked at again before each piece. What is
 * given where is the caller's: into a file here (pv_desk_open_report), or to
 * somebody at the other end of a gateway (call_report.c).
 */
#include "desk/opening.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/wrap.h"
#include "desk/names.h"
#include "desk/passing.h"
#include "desk/remote.h"
#include "wire/record.h"
#include "wire/signed.h"

#define REPORT_ID_MAX 255 /* bytes of what is asked for over a gateway */

/* An opening on its way, and what it stands on. All of it lives in a. */
struct pv_opening {
	struct pv_arena *a;
	struct pv_carried f;
	struct pv_slice report, person;
	struct pv_case c; /* what is asked again before each piece */
	struct pv_kept h;
	bool partners; /* by a grant; else ours, or in custody here */
	/* ours */
	struct pv_releasing what;
	struct pv_released rel;
	/* a partner's */
	struct pv_exchange_reply reply;
	struct pv_exchange_request r;
	struct pv_voices who;
	struct pv_judgement j;
	bool keep; /* and it is not here yet */
	uint64_t left;
	bool over; /* refused in the middle, dropped, or taken whole */
};

void
pv_opening_free(struct pv_opening *o, struct pv_arena *a)
{
	if (o == NULL)
		return;
	pv_carried_close(&o->f);
	if (a != NULL)
		pv_arena_join(a, o->a);
	else
		pv_arena_free(o->a);
}

uint64_t
pv_opening_size(const struct pv_opening *o)
{
	return o->h.label.report.size_bytes;
}

uint64_t
pv_opening_left(const struct pv_opening *o)
{
	return o->left;
}

/* Every byte against the signed label. */
static PV_RESULT
prove_plain(struct pv_sealed *sealed, const struct pv_record *label, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	struct pv_seal_content content;

	PV_TRY(pv_sealed_verify(sealed, &content, e));
	pv_hex_write(&hex, pv_slice_mem(content.sha256, 32));
	if (!pv_slice_eq(pv_buf_slice(&hex), label->report.sha256) ||
	    content.size != label->report.size_bytes)
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "this is not the content that %.*s signed",
			PV_FMT(label->report.originator)),
		    e,
		    "Who opened it before could have sealed another text under the same key. Keep "
		    "it as evidence");
	return PV_DONE;
}

/* A place that can be written to is looked for before the journal says that a key was given. */
static PV_RESULT
check_out_path(const char *path, struct pv_err *e)
{
	if (path == NULL)
		return PV_FAIL(e, PV_E_INPUT,
		    "where should the content go? -o FILE, or -o - for standard output");
	if (strcmp(path, "-") != 0 && access(path, F_OK) == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s is already there", path), e,
		    "Say another place: -o FILE");
	return PV_DONE;
}

static struct pv_slice
channel_of(const struct pv_open_ask *ask, struct pv_arena *a)
{
	return ask->channel.n != 0 ? pv_arena_copy(a, ask->channel) : PV_CHANNEL_COURIER;
}

/* ---- one's own, or one held here ---- */

static PV_RESULT
own_share(struct pv_desk *d, const struct pv_carried *f, const struct pv_kept *h,
    struct pv_secret **share, struct pv_arena *a, struct pv_err *e)
{
	const struct pv_access *access = &pv_sealed_manifest(f->sealed)->access[0];
	struct pv_exchange_request r = { .label = pv_sealed_policy(f->sealed)->label,
		.kid = access->kid,
		.wrapped = access->wrapped,
		.wrap_type = pv_slice_of(pv_access_type_name(access->type)),
		.ephemeral = access->ephemeral,
		.policy = pv_sealed_manifest(f->sealed)->policy,
		.binding = access->binding };

	return pv_kept_share(d, &r, h, share, a, e);
}

/* Somebody of another authority, who came through a gateway: is not told what is here. */
static bool
is_outside(const struct pv_desk *d, const struct pv_open_ask *ask, const struct pv_opening *o)
{
	return ask->vouched && !pv_name_under(o->c.recipient, d->party);
}

/* What is not here is refused as everything is: in the journal, with a reference. */
static PV_RESULT
refuse_unknown(
    struct pv_desk *d, struct pv_opening *o, struct pv_open_answer *out, struct pv_err *e)
{
	o->h = (struct pv_kept){ .label = { .id = o->report } };
	o->what = (struct pv_releasing){ .c = &o->c, .report = &o->h, .person = o->person };
	PV_TRY(pv_release_unknown(d, &o->what, o->a, &o->rel, e));
	out->journal_index = o->rel.journalled.index;
	return PV_DONE;
}

static PV_RESULT
find_own(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o, bool *found,
    struct pv_err *e)
{
	PV_TRY(pv_asker_check(d, ask->vouched ? d->party : o->c.recipient, o->c.purpose, e));
	if (ask->vouched && (o->report.n == 0 || o->report.n > REPORT_ID_MAX))
		return PV_FAIL(e, PV_E_INPUT, "an id of 1 to %d bytes is wanted", REPORT_ID_MAX);
	PV_TRY(pv_report_find(d, o->report, o->a, &o->h, found, e));
	if (*found || is_outside(d, ask, o))
		return PV_DONE;
	/* an id that comes through a gateway is never the name of a file of ours */
	if (!ask->vouched && access(ask->report, F_OK) == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "the sealed file \"%s\" needs a grant", ask->report), e,
		    "A partner's: proviso ask, then open it with --grant REPLY. One held here is "
		    "opened by its id: proviso report list");
	return pv_advise(PV_FAIL(e, PV_E_INPUT, "no report and no file \"%s\" here", ask->report),
	    e, "See: proviso report list");
}

/* The sealed file, and the share of its key. */
static PV_RESULT
take_up(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o,
    struct pv_secret **share, struct pv_err *e)
{
	PV_TRY(pv_carried_open(&o->f, pv_home_path(d, o->a, pv_arena_str(o->a, o->h.place)), e));
	PV_TRY(pv_carried_check(&o->f, ask->report, e));
	return own_share(d, &o->f, &o->h, share, o->a, e);
}

/* Unlocked and proven, or the journal says that nothing was given. */
static PV_RESULT
unlock_own(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o,
    struct pv_secret **share, struct pv_err *e)
{
	struct pv_status st = *share != NULL ? PV_DONE : take_up(d, ask, o, share, e);
	const struct pv_secret *shares = *share;
	struct pv_err other;

	if (pv_ok(st))
		st = pv_sealed_unlock(o->f.sealed, &shares, 1, e);
	if (pv_ok(st))
		st = prove_plain(o->f.sealed, &o->h.label, e);
	if (!pv_ok(st))
		pv_ignore(pv_release_not_given(
		    d, &o->what, &o->rel, "the file could not be opened or written", o->a, &other));
	return st;
}

/* A report of ours, or one held here: the same decision as for a partner. */
static PV_RESULT
begin_own(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o,
    struct pv_open_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_judgement j;
	bool found;

	o->c.recipient = pv_arena_copy(o->a, ask->party.n != 0 ? ask->party : d->party);
	o->c.purpose = pv_arena_copy(o->a, ask->purpose);
	o->c.channel = channel_of(ask, o->a);
	PV_TRY(find_own(d, ask, o, &found, e));
	if (!found)
		return refuse_unknown(d, o, out, e);
	PV_TRY(check_out_path(ask->out_path, e));
	PV_TRY(pv_matter_of(d, &o->h.label, o->h.custodians, o->a, &o->c.matter, e));
	o->c.held_since = o->h.custodians.n != 0 ? o->h.created : 0;
	o->what = (struct pv_releasing){ .c = &o->c, .report = &o->h, .person = o->person };
	PV_TRY(pv_judge(d, &o->c, o->a, &j, e));
	if (j.decision.answer == PV_RELEASE) /* who is refused costs no private operation */
		PV_TRY(take_up(d, ask, o, &share, e));
	PV_TRY(pv_release(d, &o->what, o->a, &o->rel, e));
	if (o->rel.granted)
		PV_TRY(unlock_own(d, ask, o, &share, e));
	out->opened = o->rel.granted;
	out->release = o->rel.release;
	out->journal_index = o->rel.journalled.index;
	out->agreements = pv_ref_ids(&o->rel.judgement.decision.agreements, o->a);
	out->obligations = o->rel.judgement.obligations;
	return PV_DONE;
}

/* ---- what a partner's answer says ---- */

/* A note of the first order that stands against it, or nothing: one that a log we hold proves wrong is not shown. */
static PV_RESULT
told_order(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_arena *a,
    struct pv_record *out, struct pv_err *e)
{
	struct pv_slice note = reply->order_notes.n != 0 ? reply->order_notes.at[0] : PV_NO_SLICE;
	const char *end = note.n != 0 ? memchr(note.p, '\n', note.n) : NULL;
	const struct pv_slice *signers;
	struct pv_record r;
	struct pv_log *log;
	bool named = false;
	size_t n;

	if (end == NULL)
		return PV_DONE;
	PV_TRY(pv_record_read_text(&r, pv_slice_sub(note, 0, (size_t)(end - note.p)), 0, a, e));
	for (size_t i = 0; i < reply->orders.n; i++)
		named = named || pv_slice_eq(reply->orders.at[i], r.id);
	if (r.kind != PV_ORDER || !named)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the order that comes with the refusal is not one that it names");
	log = pv_home_log(d, r.log);
	if (log != NULL) {
		PV_TRY(pv_signed_verify(log->state, &r, note, a, &signers, &n, e));
		if (n == 0)
			return PV_FAIL(e, PV_E_UNTRUSTED,
			    "the order that comes with the refusal is signed by nobody that %.*s "
			    "knows",
			    PV_FMT(r.log));
	}
	*out = r;
	return PV_DONE;
}

/* What was said no to, as far as the originator told us. */
static PV_RESULT
told_by_reply(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_arena *a,
    struct pv_told *told, struct pv_err *e)
{
	*told = (struct pv_told){ .entitled = reply->reason.n != 0,
		.reference = reply->reference,
		.orders = reply->orders };
	for (int why = PV_WHY_STALE; why <= PV_WHY_NOT_BARRED; why++)
		if (pv_slice_is(reply->reason, pv_reason_name((enum pv_reason)why)))
			told->why = (enum pv_reason)why;
	return told_order(d, reply, a, &told->order, e);
}

/* Whether a party's word is that of the authority whose log it is, by our own record of it. */
static bool
of_log(const struct pv_desk *d, struct pv_slice origin, struct pv_slice party)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	if (pv_slice_eq(origin, d->origin))
		return pv_name_under(party, d->party);
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;

		for (size_t k = 0; peers->at[i]->ended == PV_NEVER &&
				   pv_slice_eq(p->origin, origin) && k < p->names.n;
		     k++)
			if (pv_name_under(party, p->names.at[k]))
				return true;
	}
	return false;
}

static PV_RESULT
used_up(const struct pv_exchange_reply *reply, struct pv_err *e)
{
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT, "the key of request %.*s is no longer here: its answer was used",
		PV_FMT(reply->request)),
	    e, "Each opening needs a request of its own: proviso ask");
}

/* The reply answers a request of ours, and comes from whom we asked. */
static PV_RESULT
own_request(struct pv_desk *d, const struct pv_exchange_reply *reply, const struct pv_voices *who,
    struct pv_arena *a, struct pv_exchange_request *r, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_REQUEST_ID] = PV_CELL_S(reply->request) };
	bool found, asked = false;

	if (!pv_voices_speak_for(who, reply->issuer))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "this key may not answer for %.*s", PV_FMT(reply->issuer));
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_REQUESTS, &row, a, &found, e));
	if (found && pv_slice_is(row.c[PV_C_REQUEST_STATE].s, "used"))
		return used_up(reply, e);
	if (!found || !pv_slice_is(row.c[PV_C_REQUEST_STATE].s, "asked"))
		return PV_FAIL(e, PV_E_INPUT, "this answers request %.*s, which was not made here",
		    PV_FMT(reply->request));
	if (!pv_slice_eq(pv_line_digest(row.c[PV_C_REQUEST_BODY].s, a), reply->digest))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "this answers another request than the one that was made here");
	PV_TRY(pv_exchange_request_read(r, row.c[PV_C_REQUEST_BODY].s, a, e));
	for (size_t i = 0; i < who->n; i++)
		asked = asked || (pv_name_under(reply->issuer, who->at[i]->key.party) &&
				     of_log(d, r->log, who->at[i]->key.party));
	if (!asked || !pv_slice_eq(reply->log, r->log))
		return PV_FAIL(e, PV_E_UNTRUSTED, "%.*s was asked, and this is signed for %.*s",
		    PV_FMT(r->log), PV_FMT(reply->issuer));
	if (!pv_slice_eq(reply->report, r->report))
		return PV_FAIL(e, PV_E_UNTRUSTED, "this answers about %.*s, and %.*s was asked for",
		    PV_FMT(reply->report), PV_FMT(r->report));
	return PV_DONE;
}

/* The label as its originator's gateway signed it, and as the file names it. */
static PV_RESULT
read_label(struct pv_desk *d, const struct pv_exchange_reply *reply, const struct pv_policy *policy,
    struct pv_arena *a, struct pv_kept *h, struct pv_err *e)
{
	struct pv_voices who;
	struct pv_slice line;

	PV_TRY(pv_line_verify(d, reply->label, "the label", PV_USE_GATEWAY, a, &line, &who, e));
	PV_TRY(pv_record_read_text(&h->label, line, 0, a, e));
	h->note = reply->label;
	h->digest = pv_line_digest(line, a);
	if (h->label.kind != PV_REPORT || !pv_voices_speak_for(&who, h->label.report.originator))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the label is not signed by its originator's gateway");
	if (!pv_slice_eq(h->digest, policy->label) || !pv_slice_eq(h->label.id, policy->report) ||
	    !pv_slice_eq(h->label.report.originator, policy->originator))
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED,
			"the label that was signed is not the one this file was sealed under"),
		    e, "Keep the file as evidence");
	if (d->own.state->genesis != NULL && d->own.state->genesis->exercise != h->label.exercise)
		return PV_FAIL(e, PV_E_INPUT,
		    h->label.exercise ? "this report is of an exercise, and this home is not"
				      : "this home is of an exercise, and this report is real");
	return PV_DONE;
}

static PV_RESULT
receive_share(struct pv_desk *d, const struct pv_exchange_reply *reply, struct pv_secret **share,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *file = NULL;
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	const char *path = pv_asked_key_path(d, reply->request, a);

	if (access(path, F_OK) != 0)
		return used_up(reply, e);
	PV_TRY(pv_keyfile_load(&file, path, e));
	PV_TRY(pv_wrap_key_load(&key, file, e));
	return pv_share_receive(share, key, reply->wrapped, reply->session_key, e);
}

/* ---- custody ---- */

/* Who had it before us, whoever gave it to us, us. */
static struct pv_names
lengthen(struct pv_names chain, const struct pv_record *label, struct pv_slice giver,
    struct pv_slice me, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, chain.n + 2, sizeof(*at));
	size_t n = chain.n;

	if (n != 0)
		memcpy(at, chain.at, n * sizeof(*at));
	if (!pv_name_under(label->report.originator, giver) && !pv_names_have(chain, giver))
		at[n++] = giver;
	at[n++] = me;
	return (struct pv_names){ at, n };
}

/* An id belongs to the report that had it first here. */
static PV_RESULT
check_held(
    struct pv_desk *d, const struct pv_kept *h, struct pv_arena *a, bool *held, struct pv_err *e)
{
	struct pv_kept other;

	PV_TRY(pv_report_find(d, h->label.id, a, &other, held, e));
	if (!*held)
		return PV_DONE;
	if (!pv_slice_eq(other.digest, h->digest))
		return pv_advise(
		    PV_FAIL(e, PV_E_UNTRUSTED, "another report is here under the id %.*s",
			PV_FMT(h->label.id)),
		    e, "Keep both files, and ask %.*s", PV_FMT(h->label.report.originator));
	if (pv_slice_is(other.state, "shared"))
		return PV_FAIL(e, PV_E_INPUT, "%.*s is a report of this home", PV_FMT(h->label.id));
	return PV_DONE;
}

static PV_RESULT
copy_sealed(const struct pv_carried *f, const char *path, struct pv_arena *a, struct pv_err *e)
{
	const char *part = pv_arena_printf(a, "%s.part", path).p;
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct pv_seal_sink sink = pv_report_sink(&fd);
	struct pv_status st = PV_DONE;
	char bytes[65536];
	ssize_t n = 0;
	off_t at = 0;

	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	while (pv_ok(st) && (n = pread(f->fd, bytes, sizeof(bytes), at)) > 0) {
		st = sink.put(sink.ctx, pv_slice_mem(bytes, (size_t)n), e);
		at += n;
	}
	if (pv_ok(st) && (n < 0 || fsync(fd) != 0 || rename(part, path) != 0))
		st = PV_FAIL(e, PV_E_CONFIG, "cannot keep %s: %s", path, strerror(errno));
	close(fd);
	if (!pv_ok(st))
		unlink(part);
	return st;
}

/*
 * Custody: the sealed file is kept as it is, its key wrapped to our own. The
 * place is named by the label's digest: a partner's id is no path of ours.
 */
static PV_RESULT
keep_report(struct pv_desk *d, const struct pv_carried *f, const struct pv_secret *share,
    struct pv_kept *h, struct pv_store_change *row, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *kas = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	PV_TRY(pv_home_wrap_key(d, "kas", &kas, e));
	PV_TRY(pv_wrap_rsa(&wrapped, pv_wrap_key_pub(kas), share, e));
	pv_base64_write(&text, pv_buf_slice(&wrapped), PV_BASE64);
	h->share = pv_arena_copy(a, pv_buf_slice(&text));
	h->state = PV_SLICE("held");
	h->created = pv_desk_now(d);
	h->place = pv_arena_printf(a, "sealed/%.*s.tdf", PV_FMT(h->digest));
	PV_TRY(copy_sealed(f, pv_home_path(d, a, pv_arena_str(a, h->place)), a, e));
	*row = pv_report_row(h, pv_sealed_id(f->sealed), h->label.report.sha256, a);
	row->op = PV_OP_ADD;
	return PV_DONE;
}

/* ---- opening with a partner's answer ---- */

static struct pv_journal_entry
received_entry(const struct pv_opening *u, const char *kind)
{
	return (struct pv_journal_entry){ .kind = kind,
		.release = u->reply.release,
		.report = u->r.report,
		.party = u->r.party,
		.person = u->r.person,
		.purpose = u->r.purpose,
		.label = u->h.digest,
		.decision = pv_judgement_json(&u->j, u->a) };
}

/* It was received, and is refused after all: what was kept is let go with the entry that says so. */
static PV_RESULT
stop_using(
    struct pv_desk *d, struct pv_opening *u, const char *kind, uint64_t bytes, struct pv_err *e)
{
	struct pv_journal_entry entry = received_entry(u, kind);
	struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_REPORTS };
	struct pv_journalled journalled;

	gone.row.c[PV_C_REPORT_ID] = PV_CELL_S(u->h.label.id);
	entry.detail = pv_arena_printf(u->a, "{\"bytes\":%llu}", (unsigned long long)bytes);
	PV_TRY(pv_journal_add(d, &entry, &gone, u->keep ? 1 : 0, u->a, &journalled, e));
	if (u->keep)
		unlink(pv_home_path(d, u->a, pv_arena_str(u->a, u->h.place)));
	return PV_DONE;
}

/* Used: the answer opens nothing any more, and who asked is in the journal alone. */
static PV_RESULT
close_request(struct pv_desk *d, struct pv_opening *u, struct pv_err *e)
{
	struct pv_store_change row =
	    pv_asked_over_row(d, &u->r, "used", u->reply.digest, u->a, PV_OP_PUT);
	struct pv_store_submission sub = { .changes = &row, .n = 1 };
	struct pv_store_result r;
	bool moved;

	unlink(pv_asked_key_path(d, u->r.id, u->a));
	return pv_home_submit(d, &sub, &r, &moved, e);
}

static PV_RESULT
check_terms(struct pv_desk *d, struct pv_opening *u, bool keep, struct pv_open_answer *out,
    struct pv_err *e)
{
	struct pv_names chain;
	bool custody, held = false;

	PV_TRY(pv_terms_read(u->reply.terms, u->a, &out->obligations, &custody, &chain, e));
	if (!keep)
		return PV_DONE;
	if (!custody)
		return PV_FAIL(e, PV_E_INPUT, "no agreement lets you keep %.*s and give it on",
		    PV_FMT(u->r.report));
	PV_TRY(check_held(d, &u->h, u->a, &held, e));
	u->keep = !held; /* what is held keeps the chain it came by */
	u->h.custodians = lengthen(chain, &u->h.label, u->who.at[0]->key.party, u->r.party, u->a);
	return PV_DONE;
}

/* All that can be known before the journal is written. */
static PV_RESULT
check_grant(struct pv_desk *d, struct pv_opening *u, bool keep, struct pv_open_answer *out,
    struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(u->f.sealed);
	struct pv_matter m;

	if (!pv_slice_eq(u->r.report, policy->report))
		return PV_FAIL(e, PV_E_INPUT,
		    "the answer is about report %.*s, the file holds %.*s", PV_FMT(u->r.report),
		    PV_FMT(policy->report));
	if (u->r.expires <= pv_desk_now(d))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "this answer has expired with its request"),
		    e, "Ask anew: proviso ask");
	PV_TRY(read_label(d, &u->reply, policy, u->a, &u->h, e));
	PV_TRY(check_terms(d, u, keep, out, e));
	/* Our own orders again, now that the label is known, and as they are now. */
	PV_TRY(pv_matter_of(d, &u->h.label, (struct pv_names){ 0 }, u->a, &m, e));
	if (!pv_name_under(m.originator, u->reply.issuer))
		m.custodians = (struct pv_names){ &u->reply.issuer, 1 }; /* who gives it to us */
	m.sources = NULL; /* whose sources they are is the originator's to judge */
	m.source_count = 0;
	return pv_take_judge(d, &m, u->r.party, u->r.purpose, u->r.channel, u->a, &u->j, &u->c, e);
}

/* Journalled, and kept when that is asked; then it may be read. */
static PV_RESULT
receive(struct pv_desk *d, struct pv_opening *o, const struct pv_secret *share,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_journal_entry entry;
	struct pv_journalled journalled;
	struct pv_store_change row;
	struct pv_status st;

	if (o->keep)
		PV_TRY(keep_report(d, &o->f, share, &o->h, &row, o->a, e));
	entry = received_entry(o, "received");
	st = pv_journal_add(d, &entry, &row, o->keep ? 1 : 0, o->a, &journalled, e);
	if (!pv_ok(st) && o->keep)
		unlink(pv_home_path(d, o->a, pv_arena_str(o->a, o->h.place)));
	PV_TRY(st);
	out->opened = true;
	out->release = o->reply.release;
	out->journal_index = journalled.index;
	out->agreements = o->reply.agreements;
	return PV_DONE;
}

static PV_RESULT
use_grant(struct pv_desk *d, struct pv_opening *o, bool keep, struct pv_open_answer *out,
    struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	const struct pv_secret *shares;

	PV_TRY(check_grant(d, o, keep, out, e));
	if (o->j.decision.answer != PV_RELEASE)
		return pv_take_refuse(
		    d, &o->j, &o->c, o->r.report, o->r.person, o->a, &out->refused, e);
	PV_TRY(receive_share(d, &o->reply, &share, o->a, e));
	shares = share;
	PV_TRY(pv_sealed_unlock(o->f.sealed, &shares, 1, e));
	/* what is not the originator's is neither kept nor said to be received */
	PV_TRY(prove_plain(o->f.sealed, &o->h.label, e));
	return receive(d, o, share, out, e);
}

static PV_RESULT
begin_with_grant(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_slice grant = pv_arena_copy(o->a, ask->grant), line;

	o->partners = true;
	PV_TRY(
	    pv_line_verify(d, grant, ask->grant_source, PV_USE_GATEWAY, o->a, &line, &o->who, e));
	PV_TRY(pv_from(pv_exchange_reply_read(&o->reply, line, o->a, e), e, ask->grant_source));
	PV_TRY(pv_from(own_request(d, &o->reply, &o->who, o->a, &o->r, e), e, ask->grant_source));
	if (!o->reply.granted)
		return told_by_reply(d, &o->reply, o->a, &out->refused, e);
	PV_TRY(check_out_path(ask->out_path, e));
	PV_TRY(pv_carried_open(&o->f, ask->report, e));
	PV_TRY(pv_carried_check(&o->f, ask->report, e));
	return use_grant(d, o, ask->keep, out, e);
}

/* ---- an opening ---- */

static PV_RESULT
begin(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_opening *o,
    struct pv_open_answer *out, struct pv_err *e)
{
	PV_TRY(pv_home_refresh(d, e));
	if (ask->of.n != 0 && ask->grant.n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "a home by itself asks nobody over the network"), e,
		    "Through a gateway: --gateway URL. As files: proviso ask --of %.*s",
		    PV_FMT(ask->of));
	if (ask->grant.n != 0) {
		PV_TRY(begin_with_grant(d, ask, o, out, e));
	} else {
		if (ask->purpose.n == 0)
			return pv_advise(PV_FAIL(e, PV_E_INPUT, "a purpose must be stated"), e,
			    "say what it is for: --purpose PURPOSE");
		PV_TRY(begin_own(d, ask, o, out, e));
		if (!out->opened)
			PV_TRY(pv_tell(d, &o->rel, o->c.recipient, o->a, &out->refused, e));
	}
	/* who is refused may not have known that it is here, let alone what it is about */
	if (out->opened || (!o->partners && !is_outside(d, ask, o))) {
		out->label = o->h.label;
		out->size_bytes = o->h.label.report.size_bytes;
	}
	return PV_DONE;
}

PV_RESULT
pv_opening_begin(struct pv_opening **out, struct pv_desk *d, const struct pv_open_ask *ask,
    struct pv_arena *a, struct pv_open_answer *answer, struct pv_err *e)
{
	struct pv_arena *own = pv_arena_new();
	struct pv_opening *o = PV_ARENA_NEW(own, struct pv_opening);
	struct pv_status st;

	*answer = (struct pv_open_answer){ 0 };
	o->a = own;
	o->report = pv_arena_copy(own, pv_slice_of(ask->report));
	o->person = pv_arena_copy(own, ask->person);
	st = begin(d, ask, o, answer, e);
	if (pv_ok(st) && answer->opened)
		*out = o;
	else
		pv_opening_free(o, a);
	return st;
}

/* The newest judgement, in an arena that stays: what it names is looked up anew, in the desk at hand. */
static PV_RESULT
look_again(
    struct pv_opening *o, struct pv_desk *d, struct pv_arena *a, bool *going, struct pv_err *e)
{
	struct pv_judgement *j = o->partners ? &o->j : &o->rel.judgement;

	PV_TRY(pv_judge_again(d, &o->c, a, j, e));
	*going = j->decision.answer == PV_RELEASE;
	return PV_DONE;
}

static PV_RESULT
stop(struct pv_opening *o, struct pv_desk *d, struct pv_arena *a, struct pv_told *told,
    struct pv_err *e)
{
	bool going;

	o->over = true;
	PV_TRY(look_again(o, d, o->a, &going, e));
	if (!o->partners) {
		PV_TRY(pv_release_stop(d, &o->what, o->left, o->a, &o->rel, e));
		return pv_tell(d, &o->rel, o->c.recipient, a, told, e);
	}
	PV_TRY(stop_using(d, o, o->left == 0 ? "not-given" : "cut", o->left, e));
	return pv_take_refuse(d, &o->j, &o->c, o->r.report, o->r.person, a, told, e);
}

PV_RESULT
pv_opening_read(struct pv_opening *o, struct pv_desk *d, uint64_t offset, struct pv_slice *piece,
    bool *going, struct pv_arena *a, struct pv_told *told, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *scratch = pv_arena_new();

	*piece = PV_NO_SLICE;
	*going = false;
	if (o->over || offset > o->left)
		return PV_FAIL(
		    e, PV_E_INPUT, "there is nothing to read at %llu", (unsigned long long)offset);
	PV_TRY(look_again(o, d, scratch, going, e));
	if (!*going)
		return stop(o, d, a, told, e);
	PV_TRY(pv_sealed_read(o->f.sealed, offset, piece, e));
	*piece = pv_slice_sub(*piece, 0, PV_PIECE);
	if (offset + piece->n > o->left)
		o->left = offset + piece->n;
	return PV_DONE;
}

PV_RESULT
pv_opening_end(struct pv_opening *o, struct pv_desk *d, struct pv_err *e)
{
	if (o->over)
		return PV_DONE;
	o->over = true;
	return o->partners ? close_request(d, o, e) : PV_DONE;
}

PV_RESULT
pv_opening_drop(
    struct pv_opening *o, struct pv_desk *d, bool destroyed, const char *why, struct pv_err *e)
{
	struct pv_journal_entry entry;
	struct pv_journalled journalled;
	bool going;

	if (o->over)
		return PV_DONE;
	o->over = true;
	if (o->left != 0 && !destroyed)
		return PV_DONE;
	PV_TRY(look_again(o, d, o->a, &going, e));
	if (!o->partners)
		return pv_release_not_given(d, &o->what, &o->rel, why, o->a, e);
	entry = received_entry(o, "not-given");
	return pv_journal_add(d, &entry, NULL, 0, o->a, &journalled, e);
}

/* ---- into a file of this machine ---- */

static PV_RESULT
write_pieces(struct pv_opening *o, struct pv_desk *d, int fd, bool *going, struct pv_arena *a,
    struct pv_told *told, struct pv_err *e)
{
	struct pv_slice piece;

	do {
		PV_TRY(pv_opening_read(o, d, o->left, &piece, going, a, told, e));
		if (*going)
			PV_TRY(pv_report_sink(&fd).put(&fd, piece, e));
	} while (*going && o->left < pv_opening_size(o));
	return PV_DONE;
}

/* A new file, of what was proven; nothing is left of a broken one. */
static PV_RESULT
write_plain(struct pv_opening *o, struct pv_desk *d, const char *path, bool *going,
    struct pv_arena *a, struct pv_told *told, struct pv_err *e)
{
	bool standard = strcmp(path, "-") == 0;
	struct pv_status st;
	int fd = standard ? dup(STDOUT_FILENO)
			  : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*going = false;
	if (fd < 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot write %s: %s",
		    path, strerror(errno));
	st = write_pieces(o, d, fd, going, a, told, e);
	if (pv_ok(st) && *going && !standard && fsync(fd) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	if ((!pv_ok(st) || !*going) && !standard)
		unlink(path);
	return st;
}

static PV_RESULT
hand_over(struct pv_opening *o, struct pv_desk *d, const char *path, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_status st = write_plain(o, d, path, &out->opened, a, &out->refused, e);
	struct pv_err other;

	if (pv_ok(st) && out->opened)
		return pv_opening_end(o, d, e);
	out->opened = false;
	/* on standard output it counts as given, whatever became of it */
	if (!pv_ok(st) && (o->left == 0 || strcmp(path, "-") != 0))
		pv_ignore(
		    pv_opening_drop(o, d, true, "the file could not be opened or written", &other));
	return st;
}

PV_RESULT
pv_desk_open_report(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_opening *o = NULL;
	struct pv_status st = PV_DONE;

	*out = (struct pv_open_answer){ 0 };
	if (d->remote != NULL)
		return pv_remote_open_report(d, ask, a, out, e);
	PV_TRY(pv_opening_begin(&o, d, ask, a, out, e));
	if (o != NULL)
		st = hand_over(o, d, ask->out_path, a, out, e);
	pv_opening_free(o, a);
	PV_TRY(st);
	out->out_path = pv_slice_of(ask->out_path);
	return PV_DONE;
}
