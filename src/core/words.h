/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that stand in records for the values of our enums: one list each,
 * read by wire/ in both directions, by its schemas and pages, and by whoever
 * shows a value to a person. Lists end with a NULL word.
 */
#ifndef PV_CORE_WORDS_H
#define PV_CORE_WORDS_H

#include "base/slice.h"
#include "core/decide.h"
#include "core/record.h"
#include "core/state.h"

struct pv_word {
	const char *word;
	unsigned value;
};

extern const struct pv_word pv_kind_words[];
extern const struct pv_word pv_tree_words[];
extern const struct pv_word pv_use_words[];
extern const struct pv_word pv_role_words[];
extern const struct pv_word pv_claim_words[];
extern const struct pv_word pv_duty_words[];
extern const struct pv_word pv_identified_words[];
extern const struct pv_word pv_order_kind_words[];
extern const struct pv_word pv_direction_words[];
extern const struct pv_word pv_reopen_words[];
extern const struct pv_word pv_says_words[];
extern const struct pv_word pv_finding_words[];
extern const struct pv_word pv_tlp_words[];
extern const struct pv_word pv_reply_words[];
extern const struct pv_word pv_ack_words[];

/* The word for a value, "" when the list has none. */
const char *pv_word_of(const struct pv_word *list, unsigned value);
/* The entry with that word, or NULL. */
const struct pv_word *pv_word_find(const struct pv_word *list, struct pv_slice word);

/* pv_kind_name(), pv_tree_name(), pv_use_name() are in core/record.h. */
const char *pv_claim_name(enum pv_claim claim);
const char *pv_duty_name(enum pv_duty duty);
const char *pv_identified_name(enum pv_identified identified);
const char *pv_order_kind_name(enum pv_order_kind kind);
const char *pv_direction_name(enum pv_direction direction);
const char *pv_reopen_name(enum pv_reopen reopen);
const char *pv_says_name(enum pv_says says);
const char *pv_finding_name(enum pv_finding finding);
const char *pv_tlp_name(enum pv_tlp tlp);
const char *pv_reply_name(enum pv_reply reply);
const char *pv_ack_state_name(enum pv_ack_state state);
/* "missing", "unknown", "contested", "holds", "ended". */
const char *pv_status_of_name(enum pv_status_of status);

#endif
