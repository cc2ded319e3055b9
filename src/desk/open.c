/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: a report of one's own or one held here, by the same decision as for
 * a partner; or a partner's, with the grant that answered our request. Either
 * way every byte is proven against the label that the originator signed before
 * one is written, and the orders are looked at again while it is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/wrap.h"
#include "desk/names.h"
#include "desk/passing.h"
#include "wire/record.h"
#include "wire/signed.h"

#define LOOK_BYTES (1024 * 1024)

/* ---- writing the content out ---- */

/* The last look: right before the first byte, and again for each MiB. */
struct looking {
	struct pv_desk *d;
	const struct pv_case *c;
	struct pv_arena *a; /* of the newest judgement */
	struct pv_judgement j;
	int fd;
	uint64_t left, since; /* bytes that left, in all and since the last look */
	bool stopped;         /* by what j says */
};

static struct pv_status
put_looked_at(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	struct looking *l = ctx;

	while (bytes.n > 0) {
		struct pv_slice part = pv_slice_sub(bytes, 0, LOOK_BYTES);

		if (l->left == 0 || l->since + part.n > LOOK_BYTES) {
			pv_arena_reset(l->a);
			PV_TRY(pv_judge_again(l->d, l->c, l->a, &l->j, e));
			l->stopped = l->j.decision.answer != PV_RELEASE;
			l->since = 0;
		}
		if (l->stopped)
			return PV_FAIL(e, PV_E_DOWN,
			    "stopped after %llu bytes: it was looked at again, and is refused now",
			    (unsigned long long)l->left);
		PV_TRY(pv_report_sink(&l->fd).put(&l->fd, part, e));
		l->left += part.n;
		l->since += part.n;
		bytes = pv_slice_sub(bytes, part.n, bytes.n);
	}
	return PV_DONE;
}

/* An empty report is looked at too. */
static PV_RESULT
extract(struct looking *l, struct pv_sealed *sealed, struct pv_err *e)
{
	struct pv_seal_sink sink = { .put = put_looked_at, .ctx = l };

	PV_TRY(pv_judge_again(l->d, l->c, l->a, &l->j, e));
	l->stopped = l->j.decision.answer != PV_RELEASE;
	if (l->stopped)
		return PV_FAIL(e, PV_E_DOWN, "it was looked at again, and is refused now");
	return pv_sealed_extract(sealed, sink, NULL, e);
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

/* A new file, of what was proven; nothing is left of a broken one. */
static PV_RESULT
write_plain(struct looking *l, struct pv_sealed *sealed, const char *path, struct pv_err *e)
{
	bool standard = strcmp(path, "-") == 0;
	struct pv_status st;

	l->fd = standard ? dup(STDOUT_FILENO)
			 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot write %s: %s",
		    path, strerror(errno));
	st = extract(l, sealed, e);
	if (pv_ok(st) && !standard && fsync(l->fd) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	close(l->fd);
	if (!pv_ok(st) && !standard)
		unlink(path);
	return st;
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

/* What was granted is written out, or the journal says what became of it. */
static PV_RESULT
write_own(struct pv_desk *d, const struct pv_releasing *what, struct pv_carried *f,
    const struct pv_secret *share, const char *path, struct pv_arena *a, struct pv_released *rel,
    struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *scratch = pv_arena_new();
	struct looking l = { .d = d, .c = what->c, .a = scratch };
	const struct pv_secret *shares = share;
	struct pv_status st = pv_sealed_unlock(f->sealed, &shares, 1, e);
	struct pv_err other;

	if (pv_ok(st))
		st = prove_plain(f->sealed, &what->report->label, e);
	if (pv_ok(st))
		st = write_plain(&l, f->sealed, path, e);
	if (pv_ok(st))
		return st;
	if (l.stopped) {
		/* the same again, in an arena that stays */
		PV_TRY(pv_judge_again(d, what->c, a, &rel->judgement, e));
		return pv_release_stop(d, what, l.left, a, rel, e);
	}
	if (l.left == 0 || strcmp(path, "-") != 0)
		pv_ignore(pv_release_not_given(
		    d, what, rel, "the file could not be opened or written", a, &other));
	return st;
}

/* A report of ours, or one held here: the same decision as for a partner. */
static PV_RESULT
open_own(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_case c = { .recipient = ask->party.n != 0 ? ask->party : d->party,
		.purpose = ask->purpose,
		.channel = PV_CHANNEL_COURIER };
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_releasing what = { .c = &c, .person = ask->person };
	struct pv_carried f = { 0 };
	struct pv_released rel = { 0 };
	struct pv_status st;
	struct pv_kept h;
	bool found;

	PV_TRY(pv_asker_check(d, c.recipient, c.purpose, e));
	PV_TRY(pv_report_find(d, pv_slice_of(ask->report), a, &h, &found, e));
	if (!found && access(ask->report, F_OK) == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "the sealed file \"%s\" needs a grant", ask->report), e,
		    "A partner's: proviso ask, then open it with --grant REPLY. One held here is "
		    "opened by its id: proviso report list");
	if (!found)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "no report and no file \"%s\" here", ask->report), e,
		    "See: proviso report list");
	PV_TRY(check_out_path(ask->out_path, e));
	PV_TRY(pv_matter_of(d, &h.label, h.custodians, a, &c.matter, e));
	c.held_since = h.custodians.n != 0 ? h.created : 0;
	what.report = &h;
	st = pv_carried_open(&f, pv_home_path(d, a, pv_arena_str(a, h.place)), e);
	if (pv_ok(st))
		st = pv_carried_check(&f, ask->report, e);
	if (pv_ok(st))
		st = own_share(d, &f, &h, &share, a, e);
	if (pv_ok(st))
		st = pv_release(d, &what, a, &rel, e);
	if (pv_ok(st) && rel.granted)
		st = write_own(d, &what, &f, share, ask->out_path, a, &rel, e);
	pv_carried_close(&f);
	PV_TRY(st);
	out->opened = rel.granted;
	out->label = h.label;
	out->release = rel.release;
	out->journal_index = rel.journalled.index;
	out->agreements = pv_ref_ids(&rel.judgement.decision.agreements, a);
	out->obligations = rel.judgement.obligations;
	out->size_bytes = h.label.report.size_bytes;
	out->out_path = pv_slice_of(ask->out_path);
	return rel.granted ? PV_DONE : pv_tell(d, &rel, c.recipient, a, &out->refused, e);
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

struct using
{
	struct pv_desk *d;
	const struct pv_open_ask *ask;
	const struct pv_carried *f;
	const struct pv_exchange_reply *reply;
	const struct pv_voices *who;
	struct pv_arena *a;
	struct pv_exchange_request r;
	struct pv_kept h;
	struct pv_case c;
	struct pv_judgement j;
	bool keep; /* and it is not here yet */
};

static struct pv_journal_entry
received_entry(const struct using *u, const char *kind)
{
	return (struct pv_journal_entry){ .kind = kind,
		.release = u->reply->release,
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
    struct using *u, const char *kind, uint64_t bytes, struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_journal_entry entry = received_entry(u, kind);
	struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_REPORTS };
	struct pv_journalled journalled;

	gone.row.c[PV_C_REPORT_ID] = PV_CELL_S(u->h.label.id);
	entry.detail = pv_arena_printf(u->a, "{\"bytes\":%llu}", (unsigned long long)bytes);
	PV_TRY(pv_journal_add(u->d, &entry, &gone, u->keep ? 1 : 0, u->a, &journalled, e));
	if (u->keep)
		unlink(pv_home_path(u->d, u->a, pv_arena_str(u->a, u->h.place)));
	return pv_take_refuse(u->d, &u->j, &u->c, u->r.report, u->r.person, u->a, &out->refused, e);
}

/* Used: the answer opens nothing any more, and who asked is in the journal alone. */
static PV_RESULT
close_request(struct using *u, struct pv_err *e)
{
	struct pv_store_change row =
	    pv_asked_over_row(u->d, &u->r, "used", u->reply->digest, u->a, PV_OP_PUT);
	struct pv_store_submission sub = { .changes = &row, .n = 1 };
	struct pv_store_result r;
	bool moved;

	unlink(pv_asked_key_path(u->d, u->r.id, u->a));
	return pv_home_submit(u->d, &sub, &r, &moved, e);
}

static PV_RESULT
check_terms(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_names chain;
	bool custody, held = false;

	PV_TRY(pv_terms_read(u->reply->terms, u->a, &out->obligations, &custody, &chain, e));
	if (!u->ask->keep)
		return PV_DONE;
	if (!custody)
		return PV_FAIL(e, PV_E_INPUT, "no agreement lets you keep %.*s and give it on",
		    PV_FMT(u->r.report));
	PV_TRY(check_held(u->d, &u->h, u->a, &held, e));
	u->keep = !held; /* what is held keeps the chain it came by */
	u->h.custodians = lengthen(chain, &u->h.label, u->who->at[0]->key.party, u->r.party, u->a);
	return PV_DONE;
}

/* All that can be known before the journal is written. */
static PV_RESULT
check_grant(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(u->f->sealed);
	struct pv_matter m;

	if (!pv_slice_eq(u->r.report, policy->report))
		return PV_FAIL(e, PV_E_INPUT,
		    "the answer is about report %.*s, the file holds %.*s", PV_FMT(u->r.report),
		    PV_FMT(policy->report));
	if (u->r.expires <= pv_desk_now(u->d))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "this answer has expired with its request"),
		    e, "Ask anew: proviso ask");
	PV_TRY(read_label(u->d, u->reply, policy, u->a, &u->h, e));
	PV_TRY(check_terms(u, out, e));
	/* Our own orders again, now that the label is known, and as they are now. */
	PV_TRY(pv_matter_of(u->d, &u->h.label, (struct pv_names){ 0 }, u->a, &m, e));
	if (!pv_name_under(m.originator, u->reply->issuer))
		m.custodians = (struct pv_names){ &u->reply->issuer, 1 }; /* who gives it to us */
	m.sources = NULL; /* whose sources they are is the originator's to judge */
	m.source_count = 0;
	return pv_take_judge(u->d, &m, u->r.party, u->r.purpose, u->a, &u->j, &u->c, e);
}

static PV_RESULT
use_grant(struct using *u, struct pv_open_answer *out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *scratch = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct looking l = { .d = u->d, .c = &u->c, .a = scratch };
	struct pv_journal_entry entry;
	struct pv_journalled journalled;
	const struct pv_secret *shares;
	struct pv_store_change row;
	struct pv_status st;
	struct pv_err other;

	PV_TRY(check_grant(u, out, e));
	if (u->j.decision.answer != PV_RELEASE)
		return pv_take_refuse(
		    u->d, &u->j, &u->c, u->r.report, u->r.person, u->a, &out->refused, e);
	PV_TRY(receive_share(u->d, u->reply, &share, u->a, e));
	shares = share;
	PV_TRY(pv_sealed_unlock(u->f->sealed, &shares, 1, e));
	/* what is not the originator's is neither kept nor said to be received */
	PV_TRY(prove_plain(u->f->sealed, &u->h.label, e));
	if (u->keep)
		PV_TRY(keep_report(u->d, u->f, share, &u->h, &row, u->a, e));
	entry = received_entry(u, "received");
	st = pv_journal_add(u->d, &entry, &row, u->keep ? 1 : 0, u->a, &journalled, e);
	if (!pv_ok(st)) {
		if (u->keep)
			unlink(pv_home_path(u->d, u->a, pv_arena_str(u->a, u->h.place)));
		return st;
	}
	st = write_plain(&l, u->f->sealed, u->ask->out_path, e);
	if (!pv_ok(st) && l.stopped) {
		/* the same again, in an arena that stays */
		PV_TRY(pv_judge_again(u->d, &u->c, u->a, &u->j, e));
		return stop_using(u, l.left == 0 ? "not-given" : "cut", l.left, out, e);
	}
	if (!pv_ok(st)) {
		entry = received_entry(u, "not-given");
		if (l.left == 0 || strcmp(u->ask->out_path, "-") != 0)
			pv_ignore(pv_journal_add(u->d, &entry, NULL, 0, u->a, &journalled, &other));
		return st;
	}
	PV_TRY(close_request(u, e));
	out->opened = true;
	out->label = u->h.label;
	out->release = u->reply->release;
	out->size_bytes = u->h.label.report.size_bytes;
	out->out_path = pv_slice_of(u->ask->out_path);
	out->journal_index = journalled.index;
	out->agreements = u->reply->agreements;
	return PV_DONE;
}

static PV_RESULT
open_with_grant(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	struct pv_carried f = { 0 };
	struct pv_exchange_reply reply;
	struct pv_voices who;
	struct using u = { .d = d, .ask = ask, .f = &f, .reply = &reply, .who = &who, .a = a };
	struct pv_slice line;
	struct pv_status st;

	PV_TRY(pv_line_verify(d, ask->grant, ask->grant_source, PV_USE_GATEWAY, a, &line, &who, e));
	PV_TRY(pv_from(pv_exchange_reply_read(&reply, line, a, e), e, ask->grant_source));
	PV_TRY(pv_from(own_request(d, &reply, &who, a, &u.r, e), e, ask->grant_source));
	if (!reply.granted)
		return told_by_reply(d, &reply, a, &out->refused, e);
	PV_TRY(check_out_path(ask->out_path, e));
	st = pv_carried_open(&f, ask->report, e);
	if (pv_ok(st))
		st = pv_carried_check(&f, ask->report, e);
	if (pv_ok(st))
		st = use_grant(&u, out, e);
	pv_carried_close(&f);
	return st;
}

PV_RESULT
pv_desk_open_report(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e)
{
	*out = (struct pv_open_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	if (ask->grant.n != 0)
		return open_with_grant(d, ask, a, out, e);
	if (ask->purpose.n == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "a purpose must be stated"), e,
		    "say what it is for: --purpose PURPOSE");
	return open_own(d, ask, a, out, e);
}
