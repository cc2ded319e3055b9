/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts that several families of calls share, and the questions and answers
 * of the calls on a home, its orders and its logs: what desk.h has no struct
 * for, because a caller in the same process passes it as arguments.
 */
#ifndef PV_DESK_LAYOUTS_H
#define PV_DESK_LAYOUTS_H

#include "core/explain.h"
#include "desk/call.h"

/* ---- words by number, for PV_AS_WORD ---- */

extern const char *const pv_reason_words_at[],
    *const pv_cell_words_at[], *const pv_did_words_at[], *const pv_check_words_at[],
							     *const pv_status_of_words_at[],
								 *const pv_kind_words_at[],
								     *const pv_code_words_at[];

/* ---- parts ---- */

extern const struct pv_layout pv_layout_obligation, /* struct pv_obligation */
    pv_layout_condition_view,                       /* struct pv_condition_view */
    pv_layout_told,                                 /* struct pv_told */
    pv_layout_can_open,                             /* struct pv_can_open */
    pv_layout_opened,                               /* struct pv_opened */
    pv_layout_report_row,                           /* struct pv_report_row */
    pv_layout_order_row,                            /* struct pv_order_row */
    pv_layout_act_done,                             /* struct pv_act_done */
    pv_layout_error;                                /* struct pv_err */

/* A question with nothing in it but which page: limit 0: as many as a page may have; cursor: the next of the page before. */
struct pv_page {
	uint64_t limit;
	struct pv_slice cursor;
};
#define PV_PAGE_MAX 1000
#define PV_PAGE_FIELDS(type, member)                                   \
	PV_FIELD(type, member.limit, "limit", PV_AS_U64, 0,            \
	    "So many at most; 0: as many as a page may have (1000)."), \
	    PV_FIELD(type, member.cursor, "cursor", PV_AS_TEXT, 0,     \
		"Where to go on: the next of the page before.")
#define PV_NEXT_FIELD(type)                         \
	PV_FIELD(type, next, "next", PV_AS_TEXT, 0, \
	    "The cursor of the next page; left out when there is none.")
/*
 * Lists whose places stay: cursor says the place of the next one. *from and *n: what of so many is on this page; *next its
 * cursor, empty at the end.
 */
PV_RESULT pv_page_of(const struct pv_page *p, size_t count, struct pv_arena *a, size_t *from,
    size_t *n, struct pv_slice *next, struct pv_err *e);
/* The same of lists that are never long: limit 0 is all of it. */
PV_RESULT pv_page_some(const struct pv_page *p, size_t count, struct pv_arena *a, size_t *from,
    size_t *n, struct pv_slice *next, struct pv_err *e);

/* An ask of one thing by its id. */
struct pv_id_ask {
	struct pv_slice id;
};
extern const struct pv_layout pv_layout_id_ask, pv_layout_page;

/* ---- identity, status, acts ---- */

struct pv_identity_answer {
	struct pv_identity id;
	uint64_t log_size, signed_at, now;
};

struct pv_acts_ask {
	uint64_t from, limit;
};
struct pv_act_entry {
	uint64_t index, second;
	struct pv_slice kind, id;
	struct pv_slice body; /* as PV_C_ACT_BODY: vkeys, an empty line, the note */
};
struct pv_acts_answer {
	const struct pv_act_entry *rows;
	size_t count;
	uint64_t next, size; /* next == size: no more */
};

/* An act that stands, or stood. */
struct pv_fact_row {
	struct pv_record record;
	uint64_t index, since, ended; /* ended: PV_NEVER while it stands */
	struct pv_slice ended_by;
	bool hold;
};
struct pv_facts_ask {
	struct pv_page page;
	struct pv_slice under; /* party, agreement, key: of this party and below; term: the tree */
	bool all;              /* those that have ended, too */
};
struct pv_facts_answer {
	const struct pv_fact_row *rows;
	size_t count;
	struct pv_slice next;
};
struct pv_fact_answer {
	bool found;
	struct pv_fact_row row;
	struct pv_slice note;
};
struct pv_draft_ask {
	struct pv_record record;
};
struct pv_draft_answer {
	struct pv_record record;
	struct pv_slice text;  /* what is signed: the canonical line and its line feed */
	struct pv_slice stand; /* the note that stands under this id already, with its signatures */
	uint64_t needs;        /* officers */
};
struct pv_next_id_ask {
	enum pv_kind kind;
};
struct pv_next_id_answer {
	struct pv_slice id;
};
struct pv_follow_ask {
	const char *source;
};
struct pv_words_answer {
	struct pv_slice words;
};
struct pv_card_records_ask {
	const char *source;
	struct pv_names names;
};

/* ---- orders ---- */

struct pv_orders_ask {
	struct pv_slice id;
	uint64_t at;
	struct pv_page page;
};
struct pv_orders_answer {
	const struct pv_order_row *rows;
	size_t count;
	struct pv_slice next;
};
struct pv_order_ask {
	struct pv_slice id;
	uint64_t at;
};
struct pv_order_answer {
	bool found;
	struct pv_order_row row;
};
struct pv_preview_ask {
	struct pv_record record;
};
struct pv_state_ask {
	struct pv_record record;
	struct pv_slice person;
};
struct pv_state_answer {
	struct pv_record record;
	uint64_t journal_index;
};

/* ---- looking ---- */

struct pv_board_ask {
	struct pv_slice to;
	uint64_t at;
	struct pv_page page;
};
struct pv_board_answer {
	const struct pv_board_row *rows;
	size_t count;
	struct pv_slice next;
};
struct pv_explain_ask {
	struct pv_slice report, recipient, purpose, channel;
	uint64_t at;
};
/* struct pv_explanation without pointers into a state. */
struct pv_rule_row {
	struct pv_record record; /* none: not for this caller, or no rule at all */
	uint64_t index, origin;
};
struct pv_explained_row {
	enum pv_step step;
	enum pv_effect effect;
	struct pv_names because;
	struct pv_slice report; /* it, or one of its sources */
	struct pv_rule_row rule;
	struct pv_slice name, giver, taker, topic, region;
	bool overlay, hold;
};
struct pv_change_row {
	enum pv_way way;
	unsigned group;
	struct pv_rule_row rule;
	uint64_t officers, at, quorum;
	struct pv_record condition;
	struct pv_names attestors, because;
	struct pv_slice giver, taker;
};
struct pv_explain_answer {
	bool release;
	enum pv_reason reason;
	uint64_t now;
	const struct pv_explained_row *rows;
	size_t row_count;
	uint64_t more_orders, more_agreements;
	const struct pv_change_row *changes;
	size_t change_count;
	const struct pv_rule_row *then_agreements;
	size_t then_count;
	struct pv_names still_barred;
};
void pv_explanation_flat(
    const struct pv_explanation *x, struct pv_arena *a, struct pv_explain_answer *out);
const struct pv_explanation *pv_explanation_whole(
    const struct pv_explain_answer *flat, struct pv_arena *a);

struct pv_log_answer {
	const struct pv_log_entry *entries;
	size_t count;
	uint64_t next; /* to go on from; 0: that was all */
};
struct pv_prove_ask {
	struct pv_slice log;
	uint64_t index;
};
struct pv_rebuild_ask {
	bool repair;
};

/* What changed since: of the order log and the journal, as far as the caller may know it. */
struct pv_events_ask {
	uint64_t orders, journal; /* sizes that were seen; PV_EVENTS_NOW: from now on */
	uint64_t limit;
};
#define PV_EVENTS_NOW UINT64_C(9007199254740991)
struct pv_event {
	uint64_t orders, journal; /* sizes once this was seen: its id */
	struct pv_slice
	    event; /* order, lift, recall, report, opening, refusal, outcome, ack, act ... */
	struct pv_slice kind, id; /* of the act; what it is about */
	uint64_t index, time;
};
struct pv_events_answer {
	const struct pv_event *rows;
	size_t count;
	uint64_t orders, journal;
	bool more;
};

/* A call that may have been made before, under a key of the caller's. */
struct pv_once_ask {
	struct pv_slice key, call, ask; /* its name, its question as JSON */
};
enum pv_once {
	PV_ONCE_NONE = 0,
	PV_ONCE_DONE,
	PV_ONCE_AGAIN,
	PV_ONCE_OTHER,
	PV_ONCE_BUSY,
	PV_ONCE_NOT_ALLOWED
};
struct pv_once_answer {
	enum pv_once
	    once; /* OTHER: the key was used for another question; BUSY: that one is being answered */
	struct pv_slice answer; /* JSON; the tail is the tail */
};

extern const struct pv_layout pv_layout_identity, pv_layout_status, pv_layout_acts_ask,
    pv_layout_acts, pv_layout_fact_row, pv_layout_facts_ask, pv_layout_facts, pv_layout_fact,
    pv_layout_draft_ask, pv_layout_draft, pv_layout_next_id_ask, pv_layout_next_id,
    pv_layout_apply_ask, pv_layout_apply, pv_layout_export_ask, pv_layout_follow_ask,
    pv_layout_follow, pv_layout_words, pv_layout_card_records_ask, pv_layout_orders_ask,
    pv_layout_orders, pv_layout_order_ask, pv_layout_order, pv_layout_preview_ask,
    pv_layout_preview, pv_layout_state_ask, pv_layout_state, pv_layout_board_ask, pv_layout_board,
    pv_layout_explain_ask, pv_layout_explain, pv_layout_log_ask, pv_layout_log, pv_layout_verify,
    pv_layout_prove_ask, pv_layout_rebuild_ask, pv_layout_rebuild, pv_layout_events_ask,
    pv_layout_events, pv_layout_once_ask, pv_layout_once;

#endif
