/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of layouts.h, and an explanation with and without its pointers. */
#include "desk/layouts.h"

#include "core/words.h"
#include "desk/names.h"
#include "wire/record.h"

#define FIELD PV_FIELD
#define END                  \
	{                    \
		.name = NULL \
	}
#define WORD(type, member, json, list, more, doc)                                               \
	{                                                                                       \
		.name = json, .shape = PV_AS_WORD, .flags = more, .at = offsetof(type, member), \
		.words = list, .text = doc                                                      \
	}
#define RECORD(type, member, json, how, more, doc)                                                \
	{                                                                                         \
		.name = json, .shape = PV_AS_RECORD, .flags = more, .at = offsetof(type, member), \
		.record_flags = how, .text = doc                                                  \
	}
#define ONE(type, member, json, layout, more, doc)                                             \
	{                                                                                      \
		.name = json, .shape = PV_AS_ONE, .flags = more, .at = offsetof(type, member), \
		.of = &layout, .text = doc                                                     \
	}
#define LIST(type, member, n, json, layout, doc)                                 \
	{                                                                        \
		.name = json, .shape = PV_AS_LIST, .at = offsetof(type, member), \
		.count_at = offsetof(type, n), .of = &layout, .text = doc        \
	}
#define CHARS(type, member, json, doc)                                            \
	{                                                                         \
		.name = json, .shape = PV_AS_CHARS, .at = offsetof(type, member), \
		.count_at = sizeof(((type *)NULL)->member), .text = doc           \
	}

/* ---- words ---- */

const char *const pv_reason_words_at[] = { NULL, "stale", "report-forbids", "not-releasable",
	"expired", "recalled", "suspended", "restricted", "no-agreement", "agreement", "not-barred",
	NULL };
const char *const pv_cell_words_at[] = { "none", "open", "partly", "barred", "stopped", NULL };
const char *const pv_did_words_at[] = { "nothing", "apply", "hold", "complete", "sign", NULL };
const char *const pv_check_words_at[] = { NULL, "good", "failed", "skipped", NULL };
const char *const pv_status_of_words_at[] = { "missing", "unknown", "contested", "holds", "ended",
	NULL };
const char *const pv_kind_words_at[] = { NULL, "genesis", "peer", "party", "term", "key", "quorum",
	"profile", "agreement", "order", "lift", "recall", "end", "condition", "attestation",
	"assessment", "report", "outcome", "incident", "answer", "ack", NULL };
const char *const pv_code_words_at[] = { NULL, "input", "config", "untrusted", "limit", "down",
	"bug", NULL };
static const char *const step_words[] = { NULL, "fresh", "report", "orders", "agreements", NULL };
static const char *const effect_words[] = { NULL, "go-on", "stop", "nothing", "permit", "missing",
	NULL };
static const char *const way_words[] = { NULL, "proof", "purpose", "release", "recall", "lift",
	"time", "condition", "agreement", "identify", NULL };
static const char *const once_words[] = { NULL, "done", "again", "other", "busy", "not-allowed",
	NULL };
/* By bit. */
static const char *const because_words[] = { "fresh", "never", "releasable", "expired", "recalled",
	"giver", "taker", "topic", "region", "purpose", "channel", "excepted", "not-yet", "ended",
	"over", "condition", "identified", "custody", "grantable", "admitted", NULL };

/* ---- parts ---- */

static const struct pv_field condition_view_fields[] = {
	WORD(struct pv_condition_view, status, "status", pv_status_of_words_at, 0,
	    "What the attestations come to."),
	FIELD(struct pv_condition_view, say_holds, "say_holds", PV_AS_U64, 0,
	    "Attestors whose newest word is that it holds."),
	FIELD(struct pv_condition_view, say_ended, "say_ended", PV_AS_U64, 0,
	    "Attestors whose newest word is that it has ended."),
	FIELD(struct pv_condition_view, changed, "changed", PV_AS_TIME, 0, "Since when."),
	END,
};
const struct pv_layout pv_layout_condition_view = { "ConditionView",
	sizeof(struct pv_condition_view), condition_view_fields };

static const struct pv_field told_fields[] = {
	FIELD(struct pv_told, entitled, "entitled", PV_AS_BOOL, 0,
	    "Whether more than the reference may be said to who asked."),
	WORD(struct pv_told, why, "why", pv_reason_words_at, 0, "The reason, for those entitled."),
	FIELD(struct pv_told, reference, "reference", PV_AS_TEXT, 0,
	    "To name this refusal by, when somebody is asked about it."),
	FIELD(struct pv_told, orders, "orders", PV_AS_NAMES, 0, "Orders that decided."),
	FIELD(struct pv_told, agreements, "agreements", PV_AS_NAMES, 0,
	    "Agreements that were looked at."),
	RECORD(struct pv_told, order, "order", 0, 0, "The first of the orders."),
	ONE(struct pv_told, condition, "condition", pv_layout_condition_view, 0,
	    "How the order's condition stands."),
	FIELD(struct pv_told, condition_quorum, "condition_quorum", PV_AS_U64, 0,
	    "Attestors whose word ends it."),
	FIELD(struct pv_told, journalled, "journalled", PV_AS_BOOL, 0,
	    "It has an entry of its own in the journal."),
	FIELD(struct pv_told, journal_index, "journal_index", PV_AS_U64, 0, "Which."),
	END,
};
const struct pv_layout pv_layout_told = { "Refusal", sizeof(struct pv_told), told_fields };

static const struct pv_field can_open_fields[] = {
	FIELD(struct pv_can_open, party, "party", PV_AS_TEXT, 0, "Who."),
	FIELD(struct pv_can_open, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	FIELD(struct pv_can_open, yes, "yes", PV_AS_BOOL, 0, "Whether they can."),
	WORD(struct pv_can_open, why, "why", pv_reason_words_at, 0, "The reason."),
	FIELD(struct pv_can_open, id, "id", PV_AS_TEXT, 0,
	    "The agreement, or the order, that decides."),
	FIELD(struct pv_can_open, because, "because", PV_AS_TEXT, 0, "The same in one line."),
	FIELD(struct pv_can_open, named, "named", PV_AS_BOOL, 0,
	    "The report is releasable to them, and still they cannot."),
	FIELD(struct pv_can_open, outcome_within_s, "outcome_within", PV_AS_U64, 0,
	    "Seconds after the opening within which the outcome is to be told; 0: not asked."),
	END,
};
const struct pv_layout pv_layout_can_open = { "CanOpen", sizeof(struct pv_can_open),
	can_open_fields };

static const struct pv_field opened_fields[] = {
	FIELD(struct pv_opened, release, "release", PV_AS_TEXT, 0, "The opening's own name."),
	FIELD(struct pv_opened, party, "party", PV_AS_TEXT, 0, "Who."),
	FIELD(struct pv_opened, person, "person", PV_AS_TEXT, 0, "The person, where known."),
	FIELD(struct pv_opened, purpose, "purpose", PV_AS_TEXT, 0, "The purpose stated."),
	FIELD(struct pv_opened, time, "time", PV_AS_TIME, 0, "When."),
	FIELD(struct pv_opened, journal_index, "journal_index", PV_AS_U64, 0,
	    "Its entry in the journal."),
	FIELD(struct pv_opened, outcomes, "outcomes", PV_AS_U64, 0, "Outcomes told so far."),
	FIELD(struct pv_opened, outcome_due, "outcome_due", PV_AS_TIME, 0,
	    "Until when one is to be told."),
	END,
};
const struct pv_layout pv_layout_opened = { "OpenedBy", sizeof(struct pv_opened), opened_fields };

static const struct pv_field report_row_fields[] = {
	RECORD(
	    struct pv_report_row, label, "label", 0, 0, "The report, as its originator signed it."),
	FIELD(struct pv_report_row, held, "held", PV_AS_BOOL, 0,
	    "Of another originator, in custody here."),
	FIELD(struct pv_report_row, custodians, "custodians", PV_AS_NAMES, 0,
	    "Through whose hands it came."),
	FIELD(struct pv_report_row, recalled, "recalled", PV_AS_BOOL, 0, "It was recalled."),
	FIELD(struct pv_report_row, sealed_path, "sealed_path", PV_AS_TEXT, 0,
	    "Where the sealed file is, on the machine of the home."),
	LIST(struct pv_report_row, opened, opened_count, "opened", pv_layout_opened,
	    "Its openings."),
	END,
};
const struct pv_layout pv_layout_report_row = { "ReportRow", sizeof(struct pv_report_row),
	report_row_fields };

static const struct pv_field order_row_fields[] = {
	RECORD(struct pv_order_row, order, "order", 0, PV_MUST, "The order, as it was signed."),
	FIELD(struct pv_order_row, index, "index", PV_AS_U64, 0, "Its place in the order log."),
	FIELD(struct pv_order_row, since, "since", PV_AS_TIME, 0, "When it was taken in."),
	FIELD(struct pv_order_row, ended, "ended", PV_AS_TIME, PV_ELSE_NEVER,
	    "When it ended; left out while it stands."),
	FIELD(struct pv_order_row, in_force, "in_force", PV_AS_BOOL, 0, "It is in force."),
	FIELD(struct pv_order_row, hold, "hold", PV_AS_BOOL, 0,
	    "Not signed by as many officers as it needs."),
	FIELD(struct pv_order_row, hold_lapses, "hold_lapses", PV_AS_TIME, 0,
	    "When the hold lapses unless they sign."),
	ONE(struct pv_order_row, condition, "condition", pv_layout_condition_view, 0,
	    "How its condition stands."),
	FIELD(struct pv_order_row, condition_quorum, "condition_quorum", PV_AS_U64, 0,
	    "Attestors whose word ends it."),
	FIELD(struct pv_order_row, ended_by, "ended_by", PV_AS_TEXT, 0, "The act that ended it."),
	FIELD(struct pv_order_row, withheld, "withheld", PV_AS_NAMES, 0, "What it kept from whom."),
	{ .name = "acks",
	    .shape = PV_AS_RECORDS,
	    .at = offsetof(struct pv_order_row, acks),
	    .count_at = offsetof(struct pv_order_row, ack_count),
	    .text = "Acknowledgements, by gateways and by persons." },
	END,
};
const struct pv_layout pv_layout_order_row = { "OrderRow", sizeof(struct pv_order_row),
	order_row_fields };

static const struct pv_field act_done_fields[] = {
	WORD(struct pv_act_done, kind, "kind", pv_kind_words_at, 0, "What record."),
	FIELD(struct pv_act_done, id, "id", PV_AS_TEXT, 0, "Its id."),
	WORD(struct pv_act_done, did, "did", pv_did_words_at, 0,
	    "What was done: nothing (it stands already), apply, hold, complete, sign."),
	FIELD(struct pv_act_done, line, "line", PV_AS_UINT, 0, "Where it begins in what was sent."),
	FIELD(struct pv_act_done, index, "index", PV_AS_U64, 0, "Its place in the log."),
	FIELD(struct pv_act_done, signers, "signers", PV_AS_U64, 0, "Officers who signed."),
	FIELD(struct pv_act_done, needs, "needs", PV_AS_U64, 0, "Officers it needs."),
	FIELD(struct pv_act_done, before, "before", PV_AS_TEXT, 0, "A trial: what stood."),
	FIELD(struct pv_act_done, after, "after", PV_AS_TEXT, 0, "A trial: what would stand."),
	END,
};
const struct pv_layout pv_layout_act_done = { "ActDone", sizeof(struct pv_act_done),
	act_done_fields };

static const struct pv_field error_fields[] = {
	WORD(struct pv_err, code, "code", pv_code_words_at, 0, "Who can mend it."),
	CHARS(struct pv_err, what, "msg", "What is wrong, in one line."),
	CHARS(struct pv_err, field, "field", "Where in the record."),
	CHARS(struct pv_err, source, "source", "What it was read from."),
	FIELD(struct pv_err, line, "line", PV_AS_UINT, 0, "The line there; 0: not known."),
	FIELD(struct pv_err, col, "col", PV_AS_UINT, 0, "The column there, in bytes."),
	CHARS(struct pv_err, fix, "advice", "What can be done about it."),
	END,
};
const struct pv_layout pv_layout_error = { "RecordError", sizeof(struct pv_err), error_fields };

static const struct pv_field id_ask_fields[] = {
	FIELD(struct pv_id_ask, id, "id", PV_AS_TEXT, PV_MUST | PV_PATH, "Its id."),
	END,
};
const struct pv_layout pv_layout_id_ask = { "IdQuestion", sizeof(struct pv_id_ask), id_ask_fields };

struct only_page {
	struct pv_page page;
};
static const struct pv_field page_fields[] = {
	PV_PAGE_FIELDS(struct only_page, page),
	END,
};
const struct pv_layout pv_layout_page = { "PageQuestion", sizeof(struct pv_page), page_fields };

PV_RESULT
pv_page_of(const struct pv_page *p, size_t count, struct pv_arena *a, size_t *from, size_t *n,
    struct pv_slice *next, struct pv_err *e)
{
	uint64_t limit = p->limit == 0 || p->limit > PV_PAGE_MAX ? PV_PAGE_MAX : p->limit, at = 0;

	if (p->cursor.n != 0 && !pv_slice_u64(p->cursor, &at))
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "this cursor is not one of ours"), e, "cursor");
	*from = at < count ? (size_t)at : count;
	*n = count - *from < limit ? count - *from : (size_t)limit;
	*next = *from + *n < count ? pv_arena_printf(a, "%zu", *from + *n) : PV_NO_SLICE;
	return PV_DONE;
}

PV_RESULT
pv_page_some(const struct pv_page *p, size_t count, struct pv_arena *a, size_t *from, size_t *n,
    struct pv_slice *next, struct pv_err *e)
{
	PV_TRY(pv_page_of(p, count, a, from, n, next, e));
	if (p->limit == 0) {
		*n = count - *from;
		*next = PV_NO_SLICE;
	}
	return PV_DONE;
}

/* ---- identity, status, acts ---- */

static const struct pv_field identity_fields[] = {
	FIELD(
	    struct pv_identity_answer, id.party, "party", PV_AS_TEXT, 0, "Whose gateway this is."),
	FIELD(struct pv_identity_answer, id.origin, "origin", PV_AS_TEXT, 0,
	    "The name of its order log."),
	FIELD(struct pv_identity_answer, id.journal, "journal", PV_AS_TEXT, 0,
	    "The name of its journal."),
	FIELD(struct pv_identity_answer, id.genesis_hex, "genesis", PV_AS_TEXT, 0,
	    "The digest of the order log's first entry."),
	FIELD(struct pv_identity_answer, id.genesis_words, "genesis_words", PV_AS_TEXT, 0,
	    "The same in words, to be compared by voice."),
	FIELD(struct pv_identity_answer, id.gateway_vkey, "gateway_vkey", PV_AS_TEXT, 0,
	    "The key that signs for this gateway."),
	FIELD(struct pv_identity_answer, id.journal_vkey, "journal_vkey", PV_AS_TEXT, 0,
	    "The key that signs the journal's checkpoints."),
	FIELD(struct pv_identity_answer, id.log_vkey, "log_vkey", PV_AS_TEXT, 0,
	    "The key that signs the order log's checkpoints."),
	FIELD(struct pv_identity_answer, id.exercise, "exercise", PV_AS_BOOL, 0,
	    "An exercise: nothing in it is real."),
	FIELD(struct pv_identity_answer, log_size, "log_size", PV_AS_U64, 0,
	    "Entries of the order log."),
	FIELD(struct pv_identity_answer, signed_at, "signed_at", PV_AS_TIME, 0,
	    "When the newest of its checkpoints was signed."),
	FIELD(struct pv_identity_answer, now, "now", PV_AS_TIME, 0, "The time there."),
	END,
};
const struct pv_layout pv_layout_identity = { "Identity", sizeof(struct pv_identity_answer),
	identity_fields };

static const struct pv_field origin_status_fields[] = {
	FIELD(struct pv_origin_status, origin, "origin", PV_AS_TEXT, 0, "The order log."),
	FIELD(struct pv_origin_status, size, "size", PV_AS_U64, 0, "Entries that were applied."),
	FIELD(struct pv_origin_status, signed_at, "signed_at", PV_AS_TIME, 0,
	    "When the newest proof of it was signed."),
	FIELD(struct pv_origin_status, good_until, "good_until", PV_AS_TIME, 0,
	    "Until when it may be acted on."),
	FIELD(struct pv_origin_status, refresh_s, "refresh", PV_AS_U64, 0,
	    "Seconds from proof to proof."),
	FIELD(struct pv_origin_status, own, "own", PV_AS_BOOL, 0, "The own log."),
	FIELD(struct pv_origin_status, fresh, "fresh", PV_AS_BOOL, 0, "It may be acted on now."),
	END,
};
static const struct pv_layout layout_origin_status = { "OriginStatus",
	sizeof(struct pv_origin_status), origin_status_fields };

static const struct pv_field status_fields[] = {
	FIELD(struct pv_status_answer, open, "open", PV_AS_BOOL, 0, "Anything can be opened now."),
	FIELD(struct pv_status_answer, why_closed, "why_closed", PV_AS_TEXT, 0, "Why not."),
	LIST(struct pv_status_answer, origins, origin_count, "origins", layout_origin_status,
	    "The order logs that decisions here stand on."),
	FIELD(struct pv_status_answer, suspensions, "suspensions", PV_AS_U64, 0,
	    "Suspensions in force."),
	FIELD(struct pv_status_answer, restrictions, "restrictions", PV_AS_U64, 0,
	    "Restrictions in force."),
	FIELD(
	    struct pv_status_answer, holds, "holds", PV_AS_U64, 0, "Orders that want signatures."),
	FIELD(struct pv_status_answer, journal_size, "journal_size", PV_AS_U64, 0,
	    "Entries of the journal."),
	FIELD(struct pv_status_answer, opened_today, "opened_today", PV_AS_U64, 0,
	    "Openings since midnight, UTC."),
	FIELD(struct pv_status_answer, refused_today, "refused_today", PV_AS_U64, 0,
	    "Refusals since midnight, UTC."),
	FIELD(struct pv_status_answer, outcomes_overdue, "outcomes_overdue", PV_AS_U64, 0,
	    "Outcomes that were not told in time."),
	FIELD(struct pv_status_answer, reports, "reports", PV_AS_U64, 0, "Reports held here."),
	FIELD(struct pv_status_answer, agreements, "agreements", PV_AS_U64, 0,
	    "Agreements ever made."),
	FIELD(struct pv_status_answer, parties, "parties", PV_AS_U64, 0, "Parties ever declared."),
	FIELD(struct pv_status_answer, needs_you, "needs_you", PV_AS_NAMES, 0,
	    "What somebody should see to."),
	END,
};
const struct pv_layout pv_layout_status = { "Status", sizeof(struct pv_status_answer),
	status_fields };

static const struct pv_field acts_ask_fields[] = {
	FIELD(struct pv_acts_ask, from, "from", PV_AS_U64, 0, "The first place in the order log."),
	FIELD(struct pv_acts_ask, limit, "limit", PV_AS_U64, 0,
	    "So many at most; 0: as many as a page may have (1000)."),
	END,
};
const struct pv_layout pv_layout_acts_ask = { "ActsQuestion", sizeof(struct pv_acts_ask),
	acts_ask_fields };
static const struct pv_field act_entry_fields[] = {
	FIELD(struct pv_act_entry, index, "index", PV_AS_U64, 0, "Its place in the order log."),
	FIELD(struct pv_act_entry, second, "since", PV_AS_TIME, 0, "When it was taken in."),
	FIELD(struct pv_act_entry, kind, "kind", PV_AS_TEXT, 0, "What record."),
	FIELD(struct pv_act_entry, id, "id", PV_AS_TEXT, 0, "Its id."),
	FIELD(struct pv_act_entry, body, "body", PV_AS_TEXT, 0,
	    "The keys that were verified, a line each; an empty line; the signed note."),
	END,
};
static const struct pv_layout layout_act_entry = { "ActEntry", sizeof(struct pv_act_entry),
	act_entry_fields };
static const struct pv_field acts_fields[] = {
	LIST(struct pv_acts_answer, rows, count, "rows", layout_act_entry,
	    "Acts that the caller may see, in the order of the log."),
	FIELD(struct pv_acts_answer, next, "next", PV_AS_U64, 0,
	    "From where to ask on; the size when there are no more."),
	FIELD(struct pv_acts_answer, size, "size", PV_AS_U64, 0, "Entries of the log."),
	END,
};
const struct pv_layout pv_layout_acts = { "Acts", sizeof(struct pv_acts_answer), acts_fields };

static const struct pv_field fact_row_fields[] = {
	RECORD(struct pv_fact_row, record, "record", 0, PV_MUST, "The act, as it was signed."),
	FIELD(struct pv_fact_row, index, "index", PV_AS_U64, 0, "Its place in the order log."),
	FIELD(struct pv_fact_row, since, "since", PV_AS_TIME, 0, "When it took effect."),
	FIELD(struct pv_fact_row, ended, "ended", PV_AS_TIME, PV_ELSE_NEVER,
	    "When it ended; left out while it stands."),
	FIELD(struct pv_fact_row, ended_by, "ended_by", PV_AS_TEXT, 0, "The act that ended it."),
	FIELD(struct pv_fact_row, hold, "hold", PV_AS_BOOL, 0,
	    "An order not signed by as many officers as it needs."),
	END,
};
const struct pv_layout pv_layout_fact_row = { "ActRow", sizeof(struct pv_fact_row),
	fact_row_fields };
static const struct pv_field facts_ask_fields[] = {
	FIELD(struct pv_facts_ask, under, "under", PV_AS_TEXT, 0,
	    "Only of this party and those below; of terms: of this tree."),
	FIELD(struct pv_facts_ask, all, "all", PV_AS_BOOL, 0, "Those that have ended, too."),
	PV_PAGE_FIELDS(struct pv_facts_ask, page),
	END,
};
const struct pv_layout pv_layout_facts_ask = { "ActListQuestion", sizeof(struct pv_facts_ask),
	facts_ask_fields };
static const struct pv_field facts_fields[] = {
	LIST(struct pv_facts_answer, rows, count, "rows", pv_layout_fact_row,
	    "In the order of the log."),
	PV_NEXT_FIELD(struct pv_facts_answer),
	END,
};
const struct pv_layout pv_layout_facts = { "ActRows", sizeof(struct pv_facts_answer),
	facts_fields };
static const struct pv_field fact_fields[] = {
	FIELD(struct pv_fact_answer, found, "found", PV_AS_BOOL, PV_MUST, "There is one."),
	ONE(struct pv_fact_answer, row, "row", pv_layout_fact_row, 0, "The act."),
	FIELD(struct pv_fact_answer, note, "note", PV_AS_TEXT, 0,
	    "The signed note (C2SP): the record's line and the signatures under it."),
	END,
};
const struct pv_layout pv_layout_fact = { "Act", sizeof(struct pv_fact_answer), fact_fields };

static const struct pv_field draft_ask_fields[] = {
	RECORD(struct pv_draft_ask, record, "record", PV_READ_DRAFT | PV_READ_NEW, PV_MUST,
	    "The act; what the home knows itself (log, time, issuer, id) may be left out."),
	END,
};
const struct pv_layout pv_layout_draft_ask = { "DraftQuestion", sizeof(struct pv_draft_ask),
	draft_ask_fields };
static const struct pv_field draft_fields[] = {
	RECORD(struct pv_draft_answer, record, "record", 0, PV_MUST, "The act, filled in."),
	FIELD(struct pv_draft_answer, text, "text", PV_AS_TEXT, PV_MUST,
	    "What officers sign: the canonical line and its line feed."),
	FIELD(struct pv_draft_answer, stand, "stands", PV_AS_TEXT, 0,
	    "The note that stands under this id already, with its signatures."),
	FIELD(struct pv_draft_answer, needs, "needs", PV_AS_U64, 0, "So many officers."),
	END,
};
const struct pv_layout pv_layout_draft = { "Draft", sizeof(struct pv_draft_answer), draft_fields };

static const struct pv_field next_id_ask_fields[] = {
	WORD(struct pv_next_id_ask, kind, "kind", pv_kind_words_at, PV_MUST | PV_PATH,
	    "Of which kind of record."),
	END,
};
const struct pv_layout pv_layout_next_id_ask = { "NextIdQuestion", sizeof(struct pv_next_id_ask),
	next_id_ask_fields };
static const struct pv_field next_id_fields[] = {
	FIELD(struct pv_next_id_answer, id, "id", PV_AS_TEXT, PV_MUST, "The next free id."),
	END,
};
const struct pv_layout pv_layout_next_id = { "NextId", sizeof(struct pv_next_id_answer),
	next_id_fields };

static const struct pv_field apply_ask_fields[] = {
	FIELD(struct pv_apply_ask, source, "source", PV_AS_CSTR, 0,
	    "What messages call it: the name of a file."),
	FIELD(struct pv_apply_ask, dry_run, "dry_run", PV_AS_BOOL, 0,
	    "Check it all and change nothing."),
	END,
};
const struct pv_layout pv_layout_apply_ask = { "ApplyQuestion", sizeof(struct pv_apply_ask),
	apply_ask_fields };
static const struct pv_field apply_fields[] = {
	LIST(struct pv_apply_answer, acts, act_count, "acts", pv_layout_act_done,
	    "What became of each."),
	FIELD(struct pv_apply_answer, applied, "applied", PV_AS_U64, 0, "So many are new."),
	FIELD(
	    struct pv_apply_answer, unchanged, "unchanged", PV_AS_U64, 0, "So many stood already."),
	FIELD(struct pv_apply_answer, held, "held", PV_AS_U64, 0, "So many want signatures."),
	LIST(struct pv_apply_answer, errors, error_count, "errors", pv_layout_error,
	    "All that is wrong; when there is anything, nothing was applied."),
	FIELD(struct pv_apply_answer, log_size, "log_size", PV_AS_U64, 0,
	    "Entries of the order log."),
	END,
};
const struct pv_layout pv_layout_apply = { "Applied", sizeof(struct pv_apply_answer),
	apply_fields };

static const struct pv_field export_ask_fields[] = {
	FIELD(struct pv_export_ask, origin, "origin", PV_AS_TEXT, 0,
	    "Of which log that is held here; left out: the own."),
	FIELD(
	    struct pv_export_ask, public_only, "public_only", PV_AS_BOOL, 0, "Public acts alone."),
	FIELD(struct pv_export_ask, audience, "audience", PV_AS_TEXT, 0,
	    "A partner: a bundle that its home can follow."),
	FIELD(struct pv_export_ask, include, "include", PV_AS_NAMES, 0,
	    "Private acts that it is given besides."),
	END,
};
const struct pv_layout pv_layout_export_ask = { "ExportQuestion", sizeof(struct pv_export_ask),
	export_ask_fields };

static const struct pv_field follow_ask_fields[] = {
	FIELD(struct pv_follow_ask, source, "source", PV_AS_CSTR, 0,
	    "What messages call it: the name of a file."),
	END,
};
const struct pv_layout pv_layout_follow_ask = { "FollowQuestion", sizeof(struct pv_follow_ask),
	follow_ask_fields };
static const struct pv_field follow_fields[] = {
	FIELD(
	    struct pv_follow_answer, origin, "origin", PV_AS_TEXT, 0, "The log that was followed."),
	FIELD(struct pv_follow_answer, size_before, "size_before", PV_AS_U64, 0,
	    "Its entries that were held."),
	FIELD(struct pv_follow_answer, size_after, "size_after", PV_AS_U64, 0,
	    "Its entries that are held now."),
	FIELD(struct pv_follow_answer, acts, "acts", PV_AS_U64, 0, "Acts that can be read."),
	FIELD(struct pv_follow_answer, withheld, "withheld", PV_AS_U64, 0,
	    "Acts whose text is not for us."),
	FIELD(struct pv_follow_answer, signed_at, "signed_at", PV_AS_TIME, 0,
	    "When its checkpoint was signed."),
	FIELD(struct pv_follow_answer, good_until, "good_until", PV_AS_TIME, 0,
	    "Until when it may be acted on."),
	END,
};
const struct pv_layout pv_layout_follow = { "Followed", sizeof(struct pv_follow_answer),
	follow_fields };

static const struct pv_field words_fields[] = {
	FIELD(struct pv_words_answer, words, "words", PV_AS_TEXT, 0,
	    "The card in words, to be compared by voice."),
	END,
};
const struct pv_layout pv_layout_words = { "CardWords", sizeof(struct pv_words_answer),
	words_fields };
static const struct pv_field card_records_ask_fields[] = {
	FIELD(struct pv_card_records_ask, source, "source", PV_AS_CSTR, 0,
	    "What messages call it: the name of a file."),
	FIELD(struct pv_card_records_ask, names, "names", PV_AS_NAMES, 0,
	    "Parties that it may speak for."),
	END,
};
const struct pv_layout pv_layout_card_records_ask = { "CardRecordsQuestion",
	sizeof(struct pv_card_records_ask), card_records_ask_fields };

/* ---- orders ---- */

static const struct pv_field orders_ask_fields[] = {
	FIELD(struct pv_orders_ask, id, "id", PV_AS_TEXT, 0, "This one alone."),
	FIELD(struct pv_orders_ask, at, "at", PV_AS_TIME, 0, "As things stood then."),
	PV_PAGE_FIELDS(struct pv_orders_ask, page),
	END,
};
const struct pv_layout pv_layout_orders_ask = { "OrdersQuestion", sizeof(struct pv_orders_ask),
	orders_ask_fields };
static const struct pv_field orders_fields[] = {
	LIST(struct pv_orders_answer, rows, count, "rows", pv_layout_order_row,
	    "In the order of the log."),
	PV_NEXT_FIELD(struct pv_orders_answer),
	END,
};
const struct pv_layout pv_layout_orders = { "OrderRows", sizeof(struct pv_orders_answer),
	orders_fields };
static const struct pv_field order_ask_fields[] = {
	FIELD(struct pv_order_ask, id, "id", PV_AS_TEXT, PV_MUST | PV_PATH, "Its id."),
	FIELD(struct pv_order_ask, at, "at", PV_AS_TIME, 0, "As things stood then."),
	END,
};
const struct pv_layout pv_layout_order_ask = { "OrderQuestion", sizeof(struct pv_order_ask),
	order_ask_fields };
static const struct pv_field order_fields[] = {
	FIELD(struct pv_order_answer, found, "found", PV_AS_BOOL, PV_MUST, "There is one."),
	ONE(struct pv_order_answer, row, "row", pv_layout_order_row, 0, "The order."),
	END,
};
const struct pv_layout pv_layout_order = { "OrderShown", sizeof(struct pv_order_answer),
	order_fields };
static const struct pv_field preview_ask_fields[] = {
	RECORD(struct pv_preview_ask, record, "record", PV_READ_DRAFT | PV_READ_NEW, PV_MUST,
	    "An order or a lift that nobody has signed yet."),
	END,
};
const struct pv_layout pv_layout_preview_ask = { "PreviewQuestion", sizeof(struct pv_preview_ask),
	preview_ask_fields };
static const struct pv_field preview_fields[] = {
	FIELD(struct pv_preview, stopped_agreements, "stopped_agreements", PV_AS_NAMES, 0,
	    "Agreements that would be stopped, with partner and purpose."),
	FIELD(struct pv_preview, going_on_agreements, "going_on_agreements", PV_AS_NAMES, 0,
	    "Those that would go on."),
	FIELD(struct pv_preview, going_on_because, "going_on_because", PV_AS_NAMES, 0,
	    "Why, one for each of them."),
	FIELD(struct pv_preview, partly_agreements, "partly_agreements", PV_AS_NAMES, 0,
	    "Of those: stopped for what is of parties below the giver."),
	FIELD(struct pv_preview, partners_receive, "partners_receive", PV_AS_NAMES, 0,
	    "Partners that would receive no more."),
	FIELD(struct pv_preview, partners_give, "partners_give", PV_AS_NAMES, 0,
	    "Partners from whom nothing more would be taken."),
	FIELD(struct pv_preview, reports_stopped, "reports_stopped", PV_AS_U64, 0,
	    "Reports that somebody could open no more."),
	FIELD(struct pv_preview, reports_going_on, "reports_going_on", PV_AS_U64, 0,
	    "Reports that somebody could still open."),
	FIELD(struct pv_preview, opened_reports, "opened_reports", PV_AS_U64, 0,
	    "Reports it is too late for: opened already."),
	FIELD(struct pv_preview, opened_times, "opened_times", PV_AS_U64, 0, "So many times."),
	FIELD(struct pv_preview, near_misses, "near_misses", PV_AS_NAMES, 0,
	    "Parties beside its counterparts that it does not cover."),
	FIELD(struct pv_preview, echelons, "echelons", PV_AS_U64, 0, "Parties under its subjects."),
	FIELD(struct pv_preview, counterparts, "counterparts", PV_AS_U64, 0,
	    "Parties under its counterparts."),
	FIELD(struct pv_preview, condition_text, "condition_text", PV_AS_TEXT, 0,
	    "The condition while which it would hold."),
	FIELD(struct pv_preview, order_log_size, "order_log_size", PV_AS_U64, 0,
	    "Entries of the order log that this stands on."),
	FIELD(struct pv_preview, proof_age_s, "proof_age", PV_AS_U64, 0,
	    "Seconds since its newest proof."),
	FIELD(struct pv_preview, reopened_agreements, "reopened_agreements", PV_AS_NAMES, 0,
	    "A lift: agreements that would be open again."),
	FIELD(struct pv_preview, still_stopped, "still_stopped", PV_AS_NAMES, 0,
	    "A lift: agreements that another order stops."),
	FIELD(struct pv_preview, still_stopped_by, "still_stopped_by", PV_AS_NAMES, 0,
	    "Which, one for each of them."),
	FIELD(struct pv_preview, reports_reopened, "reports_reopened", PV_AS_U64, 0,
	    "A lift: reports that somebody could open again."),
	FIELD(struct pv_preview, withheld, "withheld", PV_AS_U64, 0,
	    "A lift: what the order kept from somebody."),
	END,
};
const struct pv_layout pv_layout_preview = { "Preview", sizeof(struct pv_preview), preview_fields };
static const struct pv_field state_ask_fields[] = {
	RECORD(struct pv_state_ask, record, "record", PV_READ_DRAFT | PV_READ_NEW, PV_MUST,
	    "An outcome, incident, answer or ack; what the home knows itself may be left out."),
	FIELD(struct pv_state_ask, person, "person", PV_AS_TEXT, 0,
	    "Who states it; left out: who calls."),
	END,
};
const struct pv_layout pv_layout_state_ask = { "StateQuestion", sizeof(struct pv_state_ask),
	state_ask_fields };
static const struct pv_field state_fields[] = {
	RECORD(struct pv_state_answer, record, "record", 0, PV_MUST, "The record, filled in."),
	FIELD(struct pv_state_answer, journal_index, "journal_index", PV_AS_U64, 0,
	    "Its entry in the journal."),
	END,
};
const struct pv_layout pv_layout_state = { "Stated", sizeof(struct pv_state_answer), state_fields };

/* ---- looking ---- */

static const struct pv_field board_ask_fields[] = {
	FIELD(struct pv_board_ask, to, "to", PV_AS_TEXT, 0, "Only this partner and those below."),
	FIELD(struct pv_board_ask, at, "at", PV_AS_TIME, 0, "As things stood then."),
	PV_PAGE_FIELDS(struct pv_board_ask, page),
	END,
};
const struct pv_layout pv_layout_board_ask = { "BoardQuestion", sizeof(struct pv_board_ask),
	board_ask_fields };
static const struct pv_field board_row_fields[] = {
	FIELD(struct pv_board_row, partner, "partner", PV_AS_TEXT, 0, "Who."),
	FIELD(struct pv_board_row, topic, "topic", PV_AS_TEXT, 0, "On what; left out: anything."),
	FIELD(struct pv_board_row, region, "region", PV_AS_TEXT, 0, "Where; left out: anywhere."),
	FIELD(struct pv_board_row, purpose, "purpose", PV_AS_TEXT, 0, "For what."),
	WORD(struct pv_board_row, cell, "cell", pv_cell_words_at, 0, "How it stands."),
	WORD(struct pv_board_row, why, "why", pv_reason_words_at, 0, "The reason."),
	FIELD(struct pv_board_row, because, "because", PV_AS_NAMES, 0,
	    "The orders or agreements that decide."),
	FIELD(struct pv_board_row, but, "but", PV_AS_NAMES, 0,
	    "Open, but not what is of these parties."),
	FIELD(struct pv_board_row, but_by, "but_by", PV_AS_NAMES, 0, "The orders that stop them."),
	END,
};
static const struct pv_layout layout_board_row = { "BoardRow", sizeof(struct pv_board_row),
	board_row_fields };
static const struct pv_field board_fields[] = {
	LIST(struct pv_board_answer, rows, count, "rows", layout_board_row,
	    "Who may have what, for what."),
	PV_NEXT_FIELD(struct pv_board_answer),
	END,
};
const struct pv_layout pv_layout_board = { "Board", sizeof(struct pv_board_answer), board_fields };

static const struct pv_field explain_ask_fields[] = {
	FIELD(struct pv_explain_ask, report, "report", PV_AS_TEXT, PV_MUST | PV_PATH,
	    "A report held here."),
	FIELD(struct pv_explain_ask, recipient, "recipient", PV_AS_TEXT, PV_MUST, "For whom."),
	FIELD(struct pv_explain_ask, purpose, "purpose", PV_AS_TEXT, PV_MUST, "For what."),
	FIELD(struct pv_explain_ask, channel, "channel", PV_AS_TEXT, 0,
	    "By what channel; left out: exchange.courier."),
	FIELD(struct pv_explain_ask, at, "at", PV_AS_TIME, 0, "As things stood then."),
	END,
};
const struct pv_layout pv_layout_explain_ask = { "ExplainQuestion", sizeof(struct pv_explain_ask),
	explain_ask_fields };
static const struct pv_field rule_row_fields[] = {
	RECORD(struct pv_rule_row, record, "record", 0, 0,
	    "An order, agreement or recall, where the caller may see it."),
	FIELD(struct pv_rule_row, index, "index", PV_AS_U64, 0, "Its place in its log."),
	FIELD(struct pv_rule_row, origin, "origin", PV_AS_U64, 0,
	    "Which log of those the decision stands on; 0: the own."),
	END,
};
static const struct pv_layout layout_rule_row = { "Rule", sizeof(struct pv_rule_row),
	rule_row_fields };
static const struct pv_field explained_row_fields[] = {
	WORD(struct pv_explained_row, step, "step", step_words, 0, "Of the decision."),
	WORD(struct pv_explained_row, effect, "effect", effect_words, 0, "What it comes to."),
	FIELD(struct pv_explained_row, because, "because", PV_AS_NAMES, 0, "In what it misses."),
	FIELD(struct pv_explained_row, report, "report", PV_AS_TEXT, 0,
	    "The report, or one of its sources."),
	ONE(struct pv_explained_row, rule, "rule", layout_rule_row, 0, "The rule."),
	FIELD(struct pv_explained_row, name, "name", PV_AS_TEXT, 0, "The term it is about."),
	FIELD(struct pv_explained_row, giver, "giver", PV_AS_TEXT, 0, "Who would give."),
	FIELD(struct pv_explained_row, taker, "taker", PV_AS_TEXT, 0, "Who would take."),
	FIELD(struct pv_explained_row, topic, "topic", PV_AS_TEXT, 0, "The topic that misses."),
	FIELD(struct pv_explained_row, region, "region", PV_AS_TEXT, 0, "The region that misses."),
	FIELD(struct pv_explained_row, overlay, "overlay", PV_AS_BOOL, 0, "It is quite new."),
	FIELD(struct pv_explained_row, hold, "hold", PV_AS_BOOL, 0, "It is a hold."),
	END,
};
static const struct pv_layout layout_explained_row = { "Explained", sizeof(struct pv_explained_row),
	explained_row_fields };
static const struct pv_field change_row_fields[] = {
	WORD(struct pv_change_row, way, "way", way_words, 0, "What would have to happen."),
	FIELD(struct pv_change_row, group, "group", PV_AS_UINT, 0,
	    "All groups must happen; those of one are alternatives."),
	ONE(struct pv_change_row, rule, "rule", layout_rule_row, 0, "To which rule."),
	FIELD(struct pv_change_row, officers, "officers", PV_AS_U64, 0, "By so many officers."),
	FIELD(struct pv_change_row, at, "at", PV_AS_TIME, 0, "By itself, then."),
	FIELD(struct pv_change_row, quorum, "quorum", PV_AS_U64, 0, "By so many attestors."),
	RECORD(struct pv_change_row, condition, "condition", 0, 0, "The condition."),
	FIELD(struct pv_change_row, attestors, "attestors", PV_AS_NAMES, 0, "Of these."),
	FIELD(struct pv_change_row, because, "because", PV_AS_NAMES, 0,
	    "In what the agreement misses."),
	FIELD(struct pv_change_row, giver, "giver", PV_AS_TEXT, 0, "Who would agree."),
	FIELD(struct pv_change_row, taker, "taker", PV_AS_TEXT, 0, "With whom."),
	END,
};
static const struct pv_layout layout_change_row = { "Change", sizeof(struct pv_change_row),
	change_row_fields };
static const struct pv_field explain_fields[] = {
	FIELD(struct pv_explain_answer, release, "release", PV_AS_BOOL, PV_MUST,
	    "It would be released."),
	WORD(struct pv_explain_answer, reason, "reason", pv_reason_words_at, 0, "The reason."),
	FIELD(struct pv_explain_answer, now, "now", PV_AS_TIME, 0, "As things stood then."),
	LIST(struct pv_explain_answer, rows, row_count, "rows", layout_explained_row,
	    "Step by step."),
	FIELD(struct pv_explain_answer, more_orders, "more_orders", PV_AS_U64, 0,
	    "Orders further off."),
	FIELD(struct pv_explain_answer, more_agreements, "more_agreements", PV_AS_U64, 0,
	    "Agreements further off."),
	LIST(struct pv_explain_answer, changes, change_count, "changes", layout_change_row,
	    "What would have to change."),
	LIST(struct pv_explain_answer, then_agreements, then_count, "then_agreements",
	    layout_rule_row, "These agreements would permit it then."),
	FIELD(struct pv_explain_answer, still_barred, "still_barred", PV_AS_NAMES, 0,
	    "Purposes barred in any case."),
	END,
};
const struct pv_layout pv_layout_explain = { "Explanation", sizeof(struct pv_explain_answer),
	explain_fields };

static const struct pv_field log_ask_fields[] = {
	FIELD(struct pv_log_ask, log, "log", PV_AS_TEXT, PV_MUST | PV_PATH,
	    "orders, journal, or the name of a log."),
	FIELD(struct pv_log_ask, from, "from", PV_AS_U64, 0, "The first place."),
	FIELD(struct pv_log_ask, count, "count", PV_AS_U64, 0,
	    "So many at most; 0: as many as a page may have (1000)."),
	FIELD(struct pv_log_ask, kind, "kind", PV_AS_TEXT, 0, "Only this kind."),
	FIELD(struct pv_log_ask, id, "id", PV_AS_TEXT, 0, "Only about this id."),
	FIELD(struct pv_log_ask, since, "since", PV_AS_TIME, 0, "Not before."),
	FIELD(struct pv_log_ask, until, "until", PV_AS_TIME, 0, "Before."),
	END,
};
const struct pv_layout pv_layout_log_ask = { "LogQuestion", sizeof(struct pv_log_ask),
	log_ask_fields };
static const struct pv_field log_entry_fields[] = {
	FIELD(struct pv_log_entry, index, "index", PV_AS_U64, 0, "Its place."),
	FIELD(struct pv_log_entry, time, "time", PV_AS_TIME, 0, "When."),
	FIELD(struct pv_log_entry, kind, "kind", PV_AS_TEXT, 0, "What."),
	FIELD(struct pv_log_entry, id, "id", PV_AS_TEXT, 0, "About what."),
	FIELD(struct pv_log_entry, summary, "summary", PV_AS_TEXT, 0, "In one line."),
	FIELD(struct pv_log_entry, bytes, "bytes", PV_AS_BYTES, 0, "The entry itself, base64."),
	FIELD(struct pv_log_entry, disclosed, "disclosed", PV_AS_TEXT, 0,
	    "Its private fields that are held here, as JSON."),
	END,
};
static const struct pv_layout layout_log_entry = { "LogEntry", sizeof(struct pv_log_entry),
	log_entry_fields };
static const struct pv_field log_fields[] = {
	LIST(struct pv_log_answer, entries, count, "rows", layout_log_entry,
	    "In the order of the log."),
	FIELD(struct pv_log_answer, next, "next", PV_AS_U64, 0,
	    "From where to ask on; 0: that was all."),
	END,
};
const struct pv_layout pv_layout_log = { "LogEntries", sizeof(struct pv_log_answer), log_fields };

static const struct pv_field check_row_fields[] = {
	FIELD(struct pv_check_row, what, "what", PV_AS_TEXT, 0, "What was checked."),
	FIELD(struct pv_check_row, says, "says", PV_AS_TEXT, 0, "What was found."),
	WORD(struct pv_check_row, result, "result", pv_check_words_at, 0, "What it comes to."),
	END,
};
static const struct pv_layout layout_check_row = { "Check", sizeof(struct pv_check_row),
	check_row_fields };
static const struct pv_field bad_entry_fields[] = {
	FIELD(struct pv_bad_entry, index, "index", PV_AS_U64, 0, "Its place."),
	FIELD(struct pv_bad_entry, says, "says", PV_AS_TEXT, 0, "What is wrong with it."),
	FIELD(struct pv_bad_entry, has_hash, "has_hash", PV_AS_TEXT, 0, "Its digest."),
	FIELD(struct pv_bad_entry, signed_hash, "signed_hash", PV_AS_TEXT, 0,
	    "The digest that was signed."),
	END,
};
static const struct pv_layout layout_bad_entry = { "BadEntry", sizeof(struct pv_bad_entry),
	bad_entry_fields };
_Static_assert(offsetof(struct pv_verify_answer, log_count) ==
		   offsetof(struct pv_verify_answer, logs) + offsetof(struct pv_names, n),
    "logs are read and written as names");
static const struct pv_field verify_fields[] = {
	FIELD(struct pv_verify_answer, good, "good", PV_AS_BOOL, PV_MUST, "All of it is good."),
	FIELD(struct pv_verify_answer, logs, "logs", PV_AS_NAMES, 0, "Of which logs."),
	LIST(struct pv_verify_answer, checks, check_count, "checks", layout_check_row,
	    "What was checked."),
	LIST(struct pv_verify_answer, bad, bad_count, "bad", layout_bad_entry,
	    "Entries that are not what was signed."),
	FIELD(struct pv_verify_answer, up_to, "up_to", PV_AS_U64, 0, "Entries that were checked."),
	END,
};
const struct pv_layout pv_layout_verify = { "Verified", sizeof(struct pv_verify_answer),
	verify_fields };

static const struct pv_field prove_ask_fields[] = {
	FIELD(struct pv_prove_ask, log, "log", PV_AS_TEXT, PV_MUST | PV_PATH,
	    "orders, journal, or the name of a log."),
	FIELD(struct pv_prove_ask, index, "index", PV_AS_U64, PV_MUST | PV_PATH, "The place."),
	END,
};
const struct pv_layout pv_layout_prove_ask = { "ProveQuestion", sizeof(struct pv_prove_ask),
	prove_ask_fields };
static const struct pv_field rebuild_ask_fields[] = {
	FIELD(struct pv_rebuild_ask, repair, "repair", PV_AS_BOOL, 0,
	    "Write them anew: only on the machine of the home."),
	END,
};
const struct pv_layout pv_layout_rebuild_ask = { "RebuildQuestion", sizeof(struct pv_rebuild_ask),
	rebuild_ask_fields };
static const struct pv_field rebuild_fields[] = {
	FIELD(struct pv_rebuild_answer, entries, "entries", PV_AS_U64, 0, "Entries read."),
	FIELD(struct pv_rebuild_answer, rows, "rows", PV_AS_U64, 0, "Rows made of them."),
	FIELD(struct pv_rebuild_answer, differences, "differences", PV_AS_U64, 0,
	    "Rows that are not as they should be."),
	FIELD(struct pv_rebuild_answer, differing, "differing", PV_AS_NAMES, 0, "Which."),
	END,
};
const struct pv_layout pv_layout_rebuild = { "Rebuilt", sizeof(struct pv_rebuild_answer),
	rebuild_fields };

static const struct pv_field events_ask_fields[] = {
	FIELD(struct pv_events_ask, orders, "orders", PV_AS_U64, 0,
	    "Entries of the order log that were seen."),
	FIELD(struct pv_events_ask, journal, "journal", PV_AS_U64, 0,
	    "Entries of the journal that were seen."),
	FIELD(struct pv_events_ask, limit, "limit", PV_AS_U64, 0, "So many at most."),
	END,
};
const struct pv_layout pv_layout_events_ask = { "EventsQuestion", sizeof(struct pv_events_ask),
	events_ask_fields };
static const struct pv_field event_fields[] = {
	FIELD(struct pv_event, orders, "orders", PV_AS_U64, 0,
	    "Entries of the order log once this was seen."),
	FIELD(struct pv_event, journal, "journal", PV_AS_U64, 0,
	    "Entries of the journal once this was seen."),
	FIELD(struct pv_event, event, "event", PV_AS_TEXT, 0, "What it is of: act, or journal."),
	FIELD(struct pv_event, kind, "kind", PV_AS_TEXT, 0, "What happened."),
	FIELD(struct pv_event, id, "id", PV_AS_TEXT, 0, "To what, where the caller may know."),
	FIELD(struct pv_event, index, "index", PV_AS_U64, 0, "Its place in its log."),
	FIELD(struct pv_event, time, "time", PV_AS_TIME, 0, "When."),
	END,
};
static const struct pv_layout layout_event = { "Event", sizeof(struct pv_event), event_fields };
static const struct pv_field events_fields[] = {
	LIST(struct pv_events_answer, rows, count, "rows", layout_event, "What changed."),
	FIELD(struct pv_events_answer, orders, "orders", PV_AS_U64, 0,
	    "Entries of the order log that are seen now."),
	FIELD(struct pv_events_answer, journal, "journal", PV_AS_U64, 0,
	    "Entries of the journal that are seen now."),
	FIELD(struct pv_events_answer, more, "more", PV_AS_BOOL, 0, "There is more at once."),
	END,
};
const struct pv_layout pv_layout_events = { "Events", sizeof(struct pv_events_answer),
	events_fields };

static const struct pv_field once_ask_fields[] = {
	FIELD(struct pv_once_ask, key, "key", PV_AS_TEXT, PV_MUST, "The caller's key."),
	FIELD(struct pv_once_ask, call, "call", PV_AS_TEXT, PV_MUST, "The name of the call."),
	FIELD(struct pv_once_ask, ask, "ask", PV_AS_JSON, PV_MUST, "Its question."),
	END,
};
const struct pv_layout pv_layout_once_ask = { "OnceQuestion", sizeof(struct pv_once_ask),
	once_ask_fields };
static const struct pv_field once_fields[] = {
	WORD(struct pv_once_answer, once, "once", once_words, 0, "Whether it was made before."),
	FIELD(struct pv_once_answer, answer, "answer", PV_AS_JSON, 0, "The answer."),
	END,
};
const struct pv_layout pv_layout_once = { "Once", sizeof(struct pv_once_answer), once_fields };

/* ---- an explanation without its pointers, and with them again ---- */

static struct pv_names
because_names(unsigned bits, struct pv_arena *a)
{
	struct pv_slice *at = pv_arena_alloc_n(a, (size_t)__builtin_popcount(bits), sizeof(*at));
	size_t n = 0;

	for (size_t i = 0; because_words[i] != NULL; i++)
		if ((bits >> i & 1) != 0)
			at[n++] = pv_slice_of(because_words[i]);
	return (struct pv_names){ at, n };
}

static unsigned
because_bits(struct pv_names names)
{
	unsigned bits = 0;

	for (size_t k = 0; k < names.n; k++)
		for (unsigned i = 0; because_words[i] != NULL; i++)
			if (pv_slice_is(names.at[k], because_words[i]))
				bits |= 1u << i;
	return bits;
}

static struct pv_rule_row
flat_rule(struct pv_ref ref)
{
	struct pv_rule_row row = { .index = ref.index, .origin = ref.origin };

	if (ref.r != NULL)
		row.record = *ref.r;
	else
		row.index = row.origin = 0;
	return row;
}

static struct pv_ref
whole_rule(const struct pv_rule_row *row)
{
	return (struct pv_ref){ .r = row->record.kind != PV_KIND_NONE ? &row->record : NULL,
		.index = row->index,
		.origin = (size_t)row->origin };
}

void
pv_explanation_flat(
    const struct pv_explanation *x, struct pv_arena *a, struct pv_explain_answer *out)
{
	struct pv_explained_row *rows = pv_arena_alloc_n(a, x->row_count, sizeof(*rows));
	struct pv_change_row *changes = pv_arena_alloc_n(a, x->change_count, sizeof(*changes));
	struct pv_rule_row *then = pv_arena_alloc_n(a, x->then_agreements.n, sizeof(*then));

	for (size_t i = 0; i < x->row_count; i++) {
		const struct pv_explained *r = &x->rows[i];

		rows[i] = (struct pv_explained_row){ .step = r->step,
			.effect = r->effect,
			.because = because_names(r->because, a),
			.report = r->matter != NULL ? r->matter->report : PV_NO_SLICE,
			.rule = flat_rule(r->rule),
			.name = r->name,
			.giver = r->giver,
			.taker = r->taker,
			.topic = r->topic,
			.region = r->region,
			.overlay = r->overlay,
			.hold = r->hold };
	}
	for (size_t i = 0; i < x->change_count; i++) {
		const struct pv_change *c = &x->changes[i];

		changes[i] = (struct pv_change_row){ .way = c->way,
			.group = c->group,
			.rule = flat_rule(c->rule),
			.officers = c->officers,
			.at = c->at,
			.quorum = c->quorum,
			.attestors = c->attestors,
			.because = because_names(c->because, a),
			.giver = c->giver,
			.taker = c->taker };
		if (c->condition != NULL)
			changes[i].condition = *c->condition;
	}
	for (size_t i = 0; i < x->then_agreements.n; i++)
		then[i] = flat_rule(x->then_agreements.at[i]);
	*out = (struct pv_explain_answer){ .release = x->answer == PV_RELEASE,
		.reason = x->reason,
		.now = x->now_s,
		.rows = rows,
		.row_count = x->row_count,
		.more_orders = x->more_orders,
		.more_agreements = x->more_agreements,
		.changes = changes,
		.change_count = x->change_count,
		.then_agreements = then,
		.then_count = x->then_agreements.n,
		.still_barred = x->still_barred };
}

const struct pv_explanation *
pv_explanation_whole(const struct pv_explain_answer *flat, struct pv_arena *a)
{
	struct pv_explanation *x = PV_ARENA_NEW(a, struct pv_explanation);
	struct pv_explained *rows = pv_arena_alloc_n(a, flat->row_count, sizeof(*rows));
	struct pv_change *changes = pv_arena_alloc_n(a, flat->change_count, sizeof(*changes));
	struct pv_ref *then = pv_arena_alloc_n(a, flat->then_count, sizeof(*then));

	for (size_t i = 0; i < flat->row_count; i++) {
		const struct pv_explained_row *r = &flat->rows[i];
		struct pv_matter *matter = PV_ARENA_NEW(a, struct pv_matter);

		matter->report = r->report;
		rows[i] = (struct pv_explained){ .step = r->step,
			.effect = r->effect,
			.because = because_bits(r->because),
			.matter = matter,
			.rule = whole_rule(&r->rule),
			.name = r->name,
			.giver = r->giver,
			.taker = r->taker,
			.topic = r->topic,
			.region = r->region,
			.overlay = r->overlay,
			.hold = r->hold };
	}
	for (size_t i = 0; i < flat->change_count; i++) {
		const struct pv_change_row *c = &flat->changes[i];

		changes[i] = (struct pv_change){ .way = c->way,
			.group = c->group,
			.rule = whole_rule(&c->rule),
			.officers = c->officers,
			.at = c->at,
			.condition = c->condition.kind != PV_KIND_NONE ? &c->condition : NULL,
			.quorum = c->quorum,
			.attestors = c->attestors,
			.giver = c->giver,
			.taker = c->taker,
			.because = because_bits(c->because) };
	}
	for (size_t i = 0; i < flat->then_count; i++)
		then[i] = whole_rule(&flat->then_agreements[i]);
	*x = (struct pv_explanation){ .answer = flat->release ? PV_RELEASE : PV_REFUSE,
		.reason = flat->reason,
		.now_s = flat->now,
		.rows = rows,
		.row_count = flat->row_count,
		.more_orders = (size_t)flat->more_orders,
		.more_agreements = (size_t)flat->more_agreements,
		.changes = changes,
		.change_count = flat->change_count,
		.then_agreements = { .at = then,
		    .cap = flat->then_count,
		    .n = flat->then_count,
		    .found = flat->then_count },
		.still_barred = flat->still_barred };
	return x;
}
