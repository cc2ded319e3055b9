/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk: what a user can ask for, one file for each thing. It alone joins
 * decision, log, store and keys; every edge (the tool now, the gateway later)
 * goes through here. Questions and answers are flat: nothing in them points
 * into the store, so that a process boundary can run along this line. Texts
 * of an answer live in the arena that was passed in.
 *
 * "Refused" and "no such report" are answers. An error (struct pv_err) is
 * something a person must mend, and nothing was changed then.
 *
 * A desk is used by one thread at a time.
 */
#ifndef PV_DESK_DESK_H
#define PV_DESK_DESK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "core/decide.h"
#include "core/record.h"
#include "crypto/secret.h"

struct pv_desk;

/* ---- signing -------------------------------------------------------------------------------- */

/*
 * How officers' keys are unlocked. passphrase() is asked once for each key file that has one;
 * *out stays NULL when the person declines (then that officer does not sign).
 */
struct pv_unlock {
	PV_RESULT (*passphrase)(
	    void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e);
	void *ctx;
	/* Officers who should sign, by key name or its last part ("officer1"); none: those of this home, in order,
	 * until the act has enough. */
	const char *const *as;
	size_t as_count;
	/* Key files from elsewhere, to sign with instead of the home's. */
	const char *const *key_files;
	size_t key_file_count;
};

/* ---- home.c: a home, and its making --------------------------------------------------------- */

struct pv_init_ask {
	const char *home;
	struct pv_slice party; /* the root of the new log */
	struct pv_texts names;
	struct pv_slice origin;      /* empty: PARTY/orders */
	struct pv_slice profile;     /* empty: courier */
	struct pv_slice url;         /* where its gateway is for others; empty: not known yet */
	const char *const *officers; /* names, default officer1, officer2 */
	size_t officer_count;
	uint64_t quorum; /* 0: the number of officers, at most 2 */
	bool exercise;
	const char *vocab_dir; /* the default vocabularies; NULL: none */
};
struct pv_init_answer {
	struct pv_slice origin, genesis_hex, genesis_words;
	uint64_t log_size, terms;
	struct pv_names key_files;
};
PV_RESULT pv_desk_init(const struct pv_init_ask *ask, struct pv_unlock *unlock,
    const struct pv_env *env, struct pv_arena *a, struct pv_init_answer *out, struct pv_err *e);

/* https://HOST[:PORT][/PREFIX] and nothing more; "https://gw.example". */
PV_RESULT pv_desk_url_check(struct pv_slice url, struct pv_err *e);
/* Where a home that is not open says its key service is, for the files that are sealed in it; a new one that was told nothing: a name under .invalid. */
PV_RESULT pv_desk_kas_url(
    const char *home, struct pv_arena *a, struct pv_slice *out, struct pv_err *e);

PV_RESULT pv_desk_open(
    struct pv_desk **out, const char *home, const struct pv_env *env, struct pv_err *e);
void pv_desk_close(struct pv_desk *d);
void pv_desk_closep(struct pv_desk **d);

struct pv_identity {
	struct pv_slice party, origin, journal, genesis_hex, genesis_words;
	struct pv_slice gateway_vkey, journal_vkey, log_vkey;
	bool exercise;
};
struct pv_identity pv_desk_identity(const struct pv_desk *d);
/* What this home's own order log says (borrowed; valid until the next act). */
const struct pv_state *pv_desk_state(const struct pv_desk *d);
uint64_t pv_desk_now(const struct pv_desk *d); /* lease_now() of the own origin, seconds */

/* ---- act.c: records into the order log ------------------------------------------------------ */

enum pv_did { PV_DID_NOTHING = 0, PV_DID_APPLY, PV_DID_HOLD, PV_DID_COMPLETE, PV_DID_SIGN };
struct pv_act_done {
	enum pv_kind kind;
	struct pv_slice id;
	enum pv_did did;
	unsigned line;           /* in the file it came from */
	uint64_t index;          /* its place in the log, when did is APPLY, HOLD or COMPLETE */
	uint64_t signers, needs; /* officers who signed; officers needed */
	struct pv_slice before, after; /* pretty JSON, for a dry run */
};
struct pv_apply_ask {
	struct pv_slice bytes; /* JSON, JSON lines, signed notes, mixed */
	const char *source;    /* for messages */
	bool dry_run;
	bool draft; /* sign what can be signed here, write it out, append nothing */
};
struct pv_apply_answer {
	const struct pv_act_done *acts;
	size_t act_count;
	uint64_t applied, unchanged, held;
	const struct pv_err
	    *errors; /* all that is wrong with the file; when there are any nothing was applied */
	size_t error_count;
	uint64_t log_size;
	struct pv_slice notes; /* draft: the signed notes */
};
/* All or nothing. PV_DONE with error_count > 0 when the file is wrong. Journal-side records in it (outcome, answer,
 * ack, incident), signed by a gateway this log knows, go to the store and the journal. */
PV_RESULT pv_desk_apply(struct pv_desk *d, const struct pv_apply_ask *ask, struct pv_unlock *unlock,
    struct pv_arena *a, struct pv_apply_answer *out, struct pv_err *e);

/* One act made here: fills in log, time and issuer where empty (and id when empty, from the kind: "o-0031"), signs, appends. */
PV_RESULT pv_desk_act(struct pv_desk *d, struct pv_record *r, bool draft, struct pv_unlock *unlock,
    struct pv_arena *a, struct pv_apply_answer *out, struct pv_err *e);
/* The next free id of that kind: "a-0114", "o-0031", "c-...". */
struct pv_slice pv_desk_next_id(const struct pv_desk *d, enum pv_kind kind, struct pv_arena *a);

struct pv_export_ask {
	struct pv_slice origin; /* empty: the own log */
	bool public_only;
	struct pv_slice
	    audience; /* a partner: what is public, and what names it or its own; for pv_desk_follow() there */
	struct pv_names include; /* ids of private acts that the audience is given besides */
};
/* The acts as `apply` takes them (audience empty), or a bundle that another home can follow. */
PV_RESULT pv_desk_export(
    struct pv_desk *d, const struct pv_export_ask *ask, struct pv_buf *out, struct pv_err *e);

struct pv_follow_answer {
	struct pv_slice origin;
	uint64_t size_before, size_after, acts, withheld;
	uint64_t signed_at, good_until;
};
/* Takes in a bundle of another authority's log: checkpoint, growth from what is held, entries, signatures. */
PV_RESULT pv_desk_follow(struct pv_desk *d, struct pv_slice bundle, const char *source,
    struct pv_arena *a, struct pv_follow_answer *out, struct pv_err *e);

/* Who we are, for a partner: origin, genesis, gateway and KAS key. Both sides compare the words of the card by voice. */
PV_RESULT pv_desk_card(struct pv_desk *d, struct pv_buf *out, struct pv_err *e);
PV_RESULT pv_desk_card_words(
    struct pv_slice card, struct pv_arena *a, struct pv_slice *words, struct pv_err *e);
/* A partner's card -> the peer and key records to sign (JSON lines, drafts). */
PV_RESULT pv_desk_card_records(struct pv_desk *d, struct pv_slice card, const char *source,
    struct pv_names names, struct pv_arena *a, struct pv_buf *records, struct pv_slice *words,
    struct pv_err *e);

/* ---- report.c: sharing ---------------------------------------------------------------------- */

struct pv_can_open {
	struct pv_slice party, purpose;
	bool yes;
	enum pv_reason why;
	struct pv_slice id;      /* the agreement, or the order that decided */
	struct pv_slice because; /* one line */
	bool named;              /* in releasable_to, though it cannot */
	uint64_t outcome_within_s;
};
struct pv_share_ask {
	struct pv_record label; /* kind PV_REPORT; id, issuer, time, content are filled in */
	struct pv_slice like;   /* a report whose label is taken where this one says nothing */
	int fd;                 /* the content, read to its end */
	const char *name;       /* of the content, for title and messages */
	const char *media_type; /* NULL: by the name's ending */
	bool old_form;          /* sealed as TDF 4.2.2, for readers older than 4.3 */
	const char *out_path;   /* where the sealed file goes besides the home; NULL: nowhere */
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
};
struct pv_share_answer {
	struct pv_slice report, sealed_path;
	uint64_t size_bytes, journal_index;
	uint64_t order_log_size, proof_age_s;
	const struct pv_can_open *who;
	size_t who_count;
};
PV_RESULT pv_desk_share(struct pv_desk *d, struct pv_share_ask *ask, struct pv_arena *a,
    struct pv_share_answer *out, struct pv_err *e);
/* Who can open a report now (or at \at, 0: now), and who of those named cannot, and why. */
PV_RESULT pv_desk_who_can_open(struct pv_desk *d, const struct pv_matter *m, uint64_t at,
    struct pv_arena *a, const struct pv_can_open **who, size_t *n, struct pv_err *e);

struct pv_opened {
	struct pv_slice release, party, person, purpose;
	uint64_t time, journal_index;
	uint64_t outcomes;    /* told so far */
	uint64_t outcome_due; /* 0: none asked */
};
struct pv_report_row {
	struct pv_record label;
	bool held; /* of another originator, in custody here */
	struct pv_names custodians;
	bool recalled;
	struct pv_slice sealed_path;
	const struct pv_opened *opened;
	size_t opened_count;
};
PV_RESULT pv_desk_reports(struct pv_desk *d, struct pv_slice only_id, struct pv_arena *a,
    const struct pv_report_row **rows, size_t *n, struct pv_err *e);

/* ---- ask.c, answer.c, open.c: a report passes from one home to another ---------------------- */

/* A refusal as it is told. Not entitled: only reference is set, and nothing else may be said. */
struct pv_told {
	bool entitled;
	enum pv_reason why;
	struct pv_slice reference; /* random: "7F3A-91C2" */
	struct pv_names orders, agreements;
	struct pv_record order; /* the first order, when entitled to it */
	struct pv_condition_view condition;
	uint64_t condition_quorum;
	bool journalled;
	uint64_t journal_index;
};
struct pv_ask_ask {
	const char *sealed_path;
	struct pv_slice party, person, purpose; /* party empty: this home's */
	struct pv_slice
	    of; /* the order log of the custodian who is asked; empty: the originator's */
	struct pv_slice channel; /* how it passes; empty: exchange.courier */
};
struct pv_ask_answer {
	bool made;
	struct pv_slice request_id, report, originator;
	struct pv_told refused; /* by our own orders (take) */
};
/* The recipient's side: our own orders decide first, then a signed request for the originator. */
PV_RESULT pv_desk_ask(struct pv_desk *d, const struct pv_ask_ask *ask, struct pv_buf *request,
    struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e);

struct pv_answer_answer {
	bool granted;
	bool
	    unknown_report; /* refused, since nothing is known here of it; who asked is told what everybody is told */
	struct pv_slice request_id, report, party, person, purpose, release;
	struct pv_names agreements;
	struct pv_obligations obligations;
	struct pv_told refused;
	uint64_t journal_index;
};
/* The originator's (or custodian's) side: verify, decide, journal, look again, wrap. Writes a signed grant or refusal. */
PV_RESULT pv_desk_answer(struct pv_desk *d, struct pv_slice request, const char *source,
    struct pv_buf *reply, struct pv_arena *a, struct pv_answer_answer *out, struct pv_err *e);

struct pv_open_ask {
	const char *report; /* an id of this home, or the path of a sealed file */
	struct pv_slice
	    grant; /* the originator's reply; empty: the report is ours or in custody here */
	const char *grant_source;
	struct pv_slice party, person, purpose;
	struct pv_slice channel; /* how it passes; empty: exchange.courier */
	struct pv_slice
	    of; /* at a gateway, without a grant: the custodian's order log; empty: the originator's */
	bool vouched; /* who asks was authenticated: it need not be of this home's authority */
	const char *out_path; /* where the plaintext goes: a new file, or "-" */
	bool keep;            /* keep it in custody (an agreement with custody is needed) */
	void (*progress)(void *ctx, uint64_t bytes);
	void *progress_ctx;
};
struct pv_open_answer {
	bool opened;
	struct pv_record label;
	struct pv_slice release, out_path;
	uint64_t size_bytes, journal_index;
	struct pv_names agreements;
	struct pv_obligations obligations;
	struct pv_told refused;
};
PV_RESULT pv_desk_open_report(struct pv_desk *d, const struct pv_open_ask *ask, struct pv_arena *a,
    struct pv_open_answer *out, struct pv_err *e);

/* ---- outcome.c ------------------------------------------------------------------------------ */

/* Signs an outcome, incident, answer or ack as this home's gateway, journals it, and gives the note for the partner. */
PV_RESULT pv_desk_state_record(struct pv_desk *d, struct pv_record *r, struct pv_slice person,
    struct pv_buf *note, uint64_t *journal_index, struct pv_arena *a, struct pv_err *e);

/* ---- order.c: what an order would do, and has done ------------------------------------------ */

struct pv_preview {
	struct pv_names stopped_agreements, going_on_agreements, going_on_because;
	struct pv_names
	    partly_agreements; /* of those that go on: stopped for what is of parties below the giver */
	struct pv_names partners_receive, partners_give;
	uint64_t reports_stopped, reports_going_on;
	uint64_t opened_reports, opened_times; /* too late for */
	struct pv_names
	    near_misses; /* declared parties like the counterpart that it does not cover */
	uint64_t echelons, counterparts;
	struct pv_slice condition_text;
	uint64_t order_log_size, proof_age_s;
	/* a lift */
	struct pv_names reopened_agreements, still_stopped, still_stopped_by;
	uint64_t reports_reopened, withheld;
};
PV_RESULT pv_desk_preview(struct pv_desk *d, const struct pv_record *order_or_lift,
    struct pv_arena *a, struct pv_preview *out, struct pv_err *e);

struct pv_order_row {
	struct pv_record order;
	uint64_t index, since, ended; /* ended: PV_NEVER while it stands */
	bool in_force, hold;
	uint64_t hold_lapses;
	struct pv_condition_view condition;
	uint64_t condition_quorum;
	struct pv_slice ended_by;
	struct pv_names
	    withheld; /* "r-7q2m to us.coast-guard": once it is over, offered again as `reopen` says */
	const struct pv_record *acks;
	size_t ack_count;
};
PV_RESULT pv_desk_orders(struct pv_desk *d, struct pv_slice only_id, uint64_t at,
    struct pv_arena *a, const struct pv_order_row **rows, size_t *n, struct pv_err *e);

/* ---- look.c: board, explain, status --------------------------------------------------------- */

enum pv_cell { PV_CELL_NONE = 0, PV_CELL_OPEN, PV_CELL_PARTLY, PV_CELL_BARRED, PV_CELL_STOPPED };
struct pv_board_row {
	struct pv_slice partner, topic, region, purpose;
	enum pv_cell cell;
	enum pv_reason why;
	struct pv_names because; /* orders or agreements */
	struct pv_names but,
	    but_by; /* PARTLY: open, but not what is of these parties, and the orders that stop them */
};
PV_RESULT pv_desk_board(struct pv_desk *d, struct pv_slice to, uint64_t at, struct pv_arena *a,
    const struct pv_board_row **rows, size_t *n, struct pv_err *e);

/* Every rule that applied, and what would have to change. m: a report of this home by id, or a matter given. */
struct pv_explanation; /* core/explain.h */
PV_RESULT pv_desk_explain(struct pv_desk *d, struct pv_slice report, struct pv_slice recipient,
    struct pv_slice purpose, struct pv_slice channel, uint64_t at, struct pv_arena *a,
    const struct pv_explanation **out, struct pv_err *e);

struct pv_origin_status {
	struct pv_slice origin;
	uint64_t size, signed_at, good_until, refresh_s;
	bool own, fresh;
};
struct pv_status_answer {
	bool open;
	struct pv_slice why_closed;
	const struct pv_origin_status *origins;
	size_t origin_count;
	uint64_t suspensions, restrictions, holds;
	uint64_t journal_size, opened_today, refused_today, outcomes_overdue;
	uint64_t reports, agreements, parties;
	struct pv_names needs_you;
};
PV_RESULT pv_desk_status(
    struct pv_desk *d, struct pv_arena *a, struct pv_status_answer *out, struct pv_err *e);

/* ---- evidence.c: the logs ------------------------------------------------------------------- */

enum pv_check { PV_CHECK_NONE = 0, PV_CHECK_GOOD, PV_CHECK_FAILED, PV_CHECK_SKIPPED };
struct pv_check_row {
	struct pv_slice what, says;
	enum pv_check result;
};
struct pv_bad_entry {
	uint64_t index;
	struct pv_slice says, has_hash, signed_hash;
};
struct pv_verify_answer {
	bool good;
	const struct pv_slice *logs; /* "order log of co, 913 entries" */
	size_t log_count;
	const struct pv_check_row *checks;
	size_t check_count;
	const struct pv_bad_entry *bad;
	size_t bad_count;
	uint64_t up_to;
};
/* The own home: hashes, growth, signatures of every act, the state rebuilt, the private fields. */
PV_RESULT pv_desk_verify(
    struct pv_desk *d, struct pv_arena *a, struct pv_verify_answer *out, struct pv_err *e);
/*
 * A folder in the C2SP layout, or a tlog-proof file, under the vkey given, else the one that the home holds for that log. d may be
 * NULL: no home is needed. Without any key it is said to be not proved.
 */
PV_RESULT pv_desk_verify_path(struct pv_desk *d, const char *path, struct pv_slice vkey,
    struct pv_arena *a, struct pv_verify_answer *out, struct pv_err *e);

struct pv_log_ask {
	struct pv_slice log; /* "orders", "journal", or an origin */
	uint64_t from, count;
	struct pv_slice kind, id; /* filters */
	uint64_t since, until;
};
struct pv_log_entry {
	uint64_t index, time;
	struct pv_slice kind, id, summary; /* what the home may show of it */
	struct pv_slice bytes;             /* the entry */
	struct pv_slice disclosed; /* journal: pretty JSON of the private fields held here */
};
PV_RESULT pv_desk_log(struct pv_desk *d, const struct pv_log_ask *ask, struct pv_arena *a,
    const struct pv_log_entry **entries, size_t *n, struct pv_err *e);
PV_RESULT pv_desk_log_export(
    struct pv_desk *d, struct pv_slice log, const char *dir, uint64_t *entries, struct pv_err *e);
PV_RESULT pv_desk_log_prove(
    struct pv_desk *d, struct pv_slice log, uint64_t index, struct pv_buf *proof, struct pv_err *e);
struct pv_rebuild_answer {
	uint64_t entries, rows, differences;
	struct pv_names differing;
};
PV_RESULT pv_desk_log_rebuild(struct pv_desk *d, bool repair, struct pv_arena *a,
    struct pv_rebuild_answer *out, struct pv_err *e);

PV_RESULT pv_desk_backup(
    struct pv_desk *d, const char *path, const char *keys_path, struct pv_err *e);
PV_RESULT pv_desk_restore(const char *backup, const char *keys_path, const char *home,
    const struct pv_env *env, struct pv_err *e);

#endif
