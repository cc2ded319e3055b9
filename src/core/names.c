/* SPDX-License-Identifier: Apache-2.0 */
#include "core/words.h"

const struct pv_word pv_kind_words[] = {
	{ "genesis", PV_GENESIS },
	{ "peer", PV_PEER },
	{ "party", PV_PARTY },
	{ "term", PV_TERM },
	{ "key", PV_KEY },
	{ "quorum", PV_QUORUM },
	{ "profile", PV_PROFILE },
	{ "agreement", PV_AGREEMENT },
	{ "order", PV_ORDER },
	{ "lift", PV_LIFT },
	{ "recall", PV_RECALL },
	{ "end", PV_END },
	{ "condition", PV_CONDITION },
	{ "attestation", PV_ATTESTATION },
	{ "assessment", PV_ASSESSMENT },
	{ "report", PV_REPORT },
	{ "outcome", PV_OUTCOME },
	{ "incident", PV_INCIDENT },
	{ "answer", PV_ANSWER },
	{ "ack", PV_ACK },
	{ NULL, 0 },
};

const struct pv_word pv_tree_words[] = {
	{ "topic", PV_TOPIC },
	{ "region", PV_REGION },
	{ "purpose", PV_PURPOSE },
	{ "channel", PV_CHANNEL },
	{ NULL, 0 },
};

const struct pv_word pv_use_words[] = {
	{ "officer", PV_USE_OFFICER },
	{ "signer", PV_USE_SIGNER },
	{ "gateway", PV_USE_GATEWAY },
	{ "witness", PV_USE_WITNESS },
	{ "attestor", PV_USE_ATTESTOR },
	{ "kas", PV_USE_KAS },
	{ "issuer", PV_USE_ISSUER },
	{ "tls", PV_USE_TLS },
	{ "credential", PV_USE_CREDENTIAL },
	{ NULL, 0 },
};

const struct pv_word pv_role_words[] = {
	{ "analyst", PV_ROLE_ANALYST },
	{ "officer", PV_ROLE_OFFICER },
	{ "overseer", PV_ROLE_OVERSEER },
	{ "operator", PV_ROLE_OPERATOR },
	{ NULL, 0 },
};

const struct pv_word pv_claim_words[] = {
	{ "alleged", PV_ALLEGED },
	{ "reported", PV_REPORTED },
	{ "stated", PV_STATED },
	{ "confirmed", PV_CONFIRMED },
	{ "contested", PV_CONTESTED },
	{ NULL, 0 },
};

const struct pv_word pv_duty_words[] = {
	{ "report-outcome", PV_REPORT_OUTCOME },
	{ "delete-by", PV_DELETE_BY },
	{ "no-onward", PV_NO_ONWARD },
	{ "notify-originator", PV_NOTIFY_ORIGINATOR },
	{ "attribute", PV_ATTRIBUTE },
	{ "no-attribution", PV_NO_ATTRIBUTION },
	{ "human-identification", PV_HUMAN_IDENTIFICATION },
	{ NULL, 0 },
};

const struct pv_word pv_identified_words[] = {
	{ "none", PV_IDENTIFIED_NONE },
	{ "some", PV_IDENTIFIED_SOME },
	{ "all", PV_IDENTIFIED_ALL },
	{ "unknown", PV_IDENTIFIED_UNKNOWN },
	{ NULL, 0 },
};

const struct pv_word pv_order_kind_words[] = {
	{ "suspend", PV_SUSPEND },
	{ "restrict", PV_RESTRICT },
	{ NULL, 0 },
};

const struct pv_word pv_direction_words[] = {
	{ "give", PV_GIVE },
	{ "take", PV_TAKE_IN },
	{ "both", PV_BOTH },
	{ NULL, 0 },
};

const struct pv_word pv_reopen_words[] = {
	{ "hold", PV_REOPEN_HOLD },
	{ "release", PV_REOPEN_RELEASE },
	{ NULL, 0 },
};

const struct pv_word pv_says_words[] = {
	{ "holds", PV_SAYS_HOLDS },
	{ "ended", PV_SAYS_ENDED },
	{ NULL, 0 },
};

const struct pv_word pv_finding_words[] = {
	{ "lawful", PV_LAWFUL },
	{ "unlawful", PV_UNLAWFUL },
	{ "contested", PV_FINDING_CONTESTED },
	{ NULL, 0 },
};

const struct pv_word pv_tlp_words[] = {
	{ "clear", PV_TLP_CLEAR },
	{ "green", PV_TLP_GREEN },
	{ "amber", PV_TLP_AMBER },
	{ "amber+strict", PV_TLP_AMBER_STRICT },
	{ "red", PV_TLP_RED },
	{ NULL, 0 },
};

const struct pv_word pv_reply_words[] = {
	{ "accepted", PV_ACCEPTED },
	{ "refused", PV_REPLY_REFUSED },
	{ "none", PV_NO_ANSWER },
	{ NULL, 0 },
};

const struct pv_word pv_ack_words[] = {
	{ "seen", PV_SEEN },
	{ "in-force", PV_IN_FORCE },
	{ "settled", PV_SETTLED },
	{ "cannot", PV_CANNOT },
	{ NULL, 0 },
};

static const struct pv_word status_words[] = {
	{ "missing", PV_COND_MISSING },
	{ "unknown", PV_COND_UNKNOWN },
	{ "contested", PV_COND_CONTESTED },
	{ "holds", PV_COND_HOLDS },
	{ "ended", PV_COND_ENDED },
	{ NULL, 0 },
};

const char *
pv_word_of(const struct pv_word *list, unsigned value)
{
	for (; list->word != NULL; list++)
		if (list->value == value)
			return list->word;
	return "";
}

const struct pv_word *
pv_word_find(const struct pv_word *list, struct pv_slice word)
{
	for (; list->word != NULL; list++)
		if (pv_slice_is(word, list->word))
			return list;
	return NULL;
}

#define NAME(function, type, words)                        \
	const char *function(type value)                   \
	{                                                  \
		return pv_word_of(words, (unsigned)value); \
	}

NAME(pv_kind_name, enum pv_kind, pv_kind_words)
NAME(pv_tree_name, enum pv_tree, pv_tree_words)
NAME(pv_use_name, enum pv_use, pv_use_words)
NAME(pv_claim_name, enum pv_claim, pv_claim_words)
NAME(pv_duty_name, enum pv_duty, pv_duty_words)
NAME(pv_identified_name, enum pv_identified, pv_identified_words)
NAME(pv_order_kind_name, enum pv_order_kind, pv_order_kind_words)
NAME(pv_direction_name, enum pv_direction, pv_direction_words)
NAME(pv_reopen_name, enum pv_reopen, pv_reopen_words)
NAME(pv_says_name, enum pv_says, pv_says_words)
NAME(pv_finding_name, enum pv_finding, pv_finding_words)
NAME(pv_tlp_name, enum pv_tlp, pv_tlp_words)
NAME(pv_reply_name, enum pv_reply, pv_reply_words)
NAME(pv_ack_state_name, enum pv_ack_state, pv_ack_words)
NAME(pv_status_of_name, enum pv_status_of, status_words)
