/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records, as the decision sees them. docs/protocol/ has a page for each;
 * wire/ reads and writes them, core/ never sees JSON. All text is borrowed
 * from whoever read the record (an arena that outlives it).
 *
 * An absent list is empty, absent text is empty, an absent time or number is 0;
 * where absence means something of its own there is a has_ member.
 */
#ifndef PV_CORE_RECORD_H
#define PV_CORE_RECORD_H

#include "base/slice.h"

enum pv_kind {
	PV_KIND_NONE = 0,
	/* in the order log, signed */
	PV_GENESIS,
	PV_PEER,
	PV_PARTY,
	PV_TERM,
	PV_KEY,
	PV_QUORUM,
	PV_PROFILE,
	PV_AGREEMENT,
	PV_ORDER,
	PV_LIFT,
	PV_RECALL,
	PV_END,
	PV_CONDITION,
	PV_ATTESTATION,
	PV_ASSESSMENT,
	/* in the journal and the store */
	PV_REPORT,
	PV_OUTCOME,
	PV_INCIDENT,
	PV_ANSWER,
	PV_ACK,
	PV_KIND_COUNT,
};

struct pv_names {
	const struct pv_slice *at;
	size_t n;
};

/* A text in one or more languages. */
struct pv_text {
	struct pv_slice lang, text;
};
struct pv_texts {
	const struct pv_text *at;
	size_t n;
};

enum pv_claim { PV_CLAIM_NONE = 0, PV_ALLEGED, PV_REPORTED, PV_STATED, PV_CONFIRMED, PV_CONTESTED };

struct pv_source {
	struct pv_slice who;
	struct pv_names via;
	enum pv_claim status;
	uint64_t date;
	struct pv_slice url, lang;
};

/* Why: another record (of this log, or of origin), or a source, or both. */
struct pv_basis {
	struct pv_slice cites, origin, note;
	bool has_source;
	struct pv_source source;
};
struct pv_basis_list {
	const struct pv_basis *at;
	size_t n;
};

/* A number that is known between bounds. */
struct pv_count {
	bool known;
	bool has_max;
	uint64_t min, max;
};

struct pv_position {
	bool known;
	int64_t lat_e7, lon_e7; /* 1e-7 degree */
};

enum pv_tree { PV_TREE_NONE = 0, PV_TOPIC, PV_REGION, PV_PURPOSE, PV_CHANNEL, PV_TREE_COUNT };
enum pv_use {
	PV_USE_NONE = 0,
	PV_USE_OFFICER,
	PV_USE_SIGNER,
	PV_USE_GATEWAY,
	PV_USE_WITNESS,
	PV_USE_ATTESTOR,
	PV_USE_KAS,
	PV_USE_ISSUER,
	PV_USE_TLS,
	PV_USE_CREDENTIAL,
};
enum pv_role {
	PV_ROLE_NONE = 0,
	PV_ROLE_ANALYST = 1,
	PV_ROLE_OFFICER = 2,
	PV_ROLE_OVERSEER = 4,
	PV_ROLE_OPERATOR = 8
};

struct pv_genesis {
	struct pv_slice origin;   /* the order log's name */
	struct pv_slice root;     /* the party whose authority it is */
	struct pv_names officers; /* vkeys; two keys of one name are one officer */
	uint64_t quorum;          /* the lift quorum */
	struct pv_names signers;  /* vkeys of the freshness signers */
	struct pv_slice profile;  /* courier, default, tight, field, satellite */
};
struct pv_peer {
	struct pv_slice origin;
	struct pv_slice genesis; /* lower-case hex SHA-256 of the genesis note's text */
	struct pv_names names;   /* parties it may speak for, and all below them */
};
struct pv_party {
	struct pv_slice name;
	struct pv_texts names;
	struct pv_names members, was, domains;
	struct pv_slice gateway, desk;
};
struct pv_term {
	enum pv_tree tree;
	struct pv_slice name;
	struct pv_texts names, allows, excludes;
	bool not_grantable;   /* grantable: false */
	struct pv_slice area; /* GeoJSON, canonical text */
	struct pv_slice maps; /* JSON object, canonical text */
};
struct pv_key {
	struct pv_slice party;
	enum pv_use use;
	struct pv_slice
	    key; /* officer, signer, gateway, witness, attestor, issuer: a vkey; kas: base64 of the SPKI */
	struct pv_slice binding; /* tls, credential, issuer: what the credential is known by */
	unsigned roles;          /* enum pv_role, or-ed */
	struct pv_names purposes;
	uint64_t from, until; /* [from, until); until 0: no end */
};
struct pv_quorum {
	/* needs[kind]: officers for acts of that kind; 0: the lift quorum. needs[PV_KIND_NONE] is the lift quorum itself; 0: unchanged */
	uint64_t needs[PV_KIND_COUNT];
};
struct pv_profile {
	struct pv_slice name;
	uint64_t refresh_s, lease_s, skew_ms; /* R, L, S of DESIGN 6 */
	struct pv_slice party;                /* whose gateways; empty: all of the log */
};

enum pv_duty {
	PV_DUTY_NONE = 0,
	PV_REPORT_OUTCOME,
	PV_DELETE_BY,
	PV_NO_ONWARD,
	PV_NOTIFY_ORIGINATOR,
	PV_ATTRIBUTE,
	PV_NO_ATTRIBUTION,
	PV_HUMAN_IDENTIFICATION
};
struct pv_obligation {
	enum pv_duty duty;
	uint64_t within_s; /* report-outcome, notify-originator */
	uint64_t by;       /* delete-by: a time ... */
	uint64_t after_s;  /* ... or so long after the opening */
};
struct pv_obligations {
	const struct pv_obligation *at;
	size_t n;
};

enum pv_identified {
	PV_IDENTIFIED_UNKNOWN = 0,
	PV_IDENTIFIED_NONE,
	PV_IDENTIFIED_SOME,
	PV_IDENTIFIED_ALL
};

struct pv_agreement {
	struct pv_slice from, to;
	struct pv_slice topic, region; /* empty: no such scope */
	struct pv_names purposes;      /* at least one */
	bool has_channels;
	struct pv_names channels;
	bool custody;
	struct pv_slice holds_while; /* condition id ("while") */
	uint64_t not_before, not_after;
	enum pv_identified require_identified; /* UNKNOWN: nothing required; else SOME or ALL */
	struct pv_slice attribute;
	struct pv_obligations obligations;
};

enum pv_order_kind { PV_ORDER_NONE = 0, PV_SUSPEND, PV_RESTRICT };
enum pv_direction { PV_DIRECTION_NONE = 0, PV_GIVE = 1, PV_TAKE_IN = 2, PV_BOTH = 3 };
enum pv_reopen { PV_REOPEN_HOLD = 0, PV_REOPEN_RELEASE };

/* Each member given must be known and under; several exceptions are alternatives. */
struct pv_exception {
	struct pv_slice purpose, topic, region, channel, counterpart;
};
struct pv_exceptions {
	const struct pv_exception *at;
	size_t n;
};

struct pv_order {
	enum pv_order_kind kind;
	struct pv_names subject, counterpart; /* never empty */
	enum pv_direction direction;
	struct pv_slice topic, region; /* empty: every */
	bool has_purposes, has_channels;
	struct pv_names purposes, channels;
	struct pv_exceptions except;
	struct pv_names dealings;
	uint64_t effective, until; /* [effective, until); until 0: none */
	struct pv_slice holds_while;
	enum pv_reopen reopen;
	uint64_t ack_due_s;
	struct pv_slice escalate_to, replaces;
	struct pv_texts text;
	struct pv_slice authentic;
	bool is_public;
	uint64_t published;
};
struct pv_lift {
	struct pv_slice order;
	bool has_reopen;
	enum pv_reopen reopen;
};
struct pv_recall {
	struct pv_slice report;
	struct pv_texts text;
};
struct pv_end {
	struct pv_slice of;
};
struct pv_condition {
	struct pv_texts text;
	struct pv_names attestors;
	uint64_t quorum, window_s;
};
enum pv_says { PV_SAYS_NONE = 0, PV_SAYS_HOLDS, PV_SAYS_ENDED };
struct pv_attestation {
	struct pv_slice condition;
	enum pv_says status;
	uint64_t observed;
	struct pv_source source;
};
enum pv_finding { PV_FINDING_NONE = 0, PV_LAWFUL, PV_UNLAWFUL, PV_FINDING_CONTESTED };
struct pv_assessment {
	struct pv_slice purpose, by, where; /* of {purpose, by, where?} */
	enum pv_finding finding;
	struct pv_names shares;
};

struct pv_persons {
	bool given;
	struct pv_count aboard;
	enum pv_identified identified;
};
enum pv_tlp {
	PV_TLP_NONE = 0,
	PV_TLP_CLEAR,
	PV_TLP_GREEN,
	PV_TLP_AMBER,
	PV_TLP_AMBER_STRICT,
	PV_TLP_RED
};

struct pv_report {
	struct pv_slice originator;
	struct pv_names topics, regions;
	struct pv_slice title;
	uint64_t created;
	struct pv_names never;
	bool has_releasable_to;
	struct pv_names releasable_to;
	struct pv_names derived_from; /* report ids */
	enum pv_tlp tlp;
	struct pv_slice handling;
	struct pv_persons persons;
	struct pv_slice reliability, credibility;
	uint64_t valid_until;
	uint64_t lease_s;
	bool if_stale_safety;
	struct pv_position position;
	uint64_t observed;
	struct pv_slice sha256; /* lower-case hex, of the content */
	uint64_t size_bytes;
	struct pv_slice media_type;
};
struct pv_outcome {
	struct pv_slice report, release, by;
	struct pv_names actions;
	struct pv_slice purpose_used;
	struct pv_persons persons;
	struct pv_count dead, injured;
	struct pv_slice seized; /* JSON array, canonical text */
	struct pv_position position;
	uint64_t observed;
	struct pv_source source;
	struct pv_slice corrects; /* an earlier outcome's id */
};
struct pv_incident {
	struct pv_slice kind, topic, region;
	struct pv_position position;
	uint64_t observed_from, observed_to;
	struct pv_count dead;
	struct pv_slice by;
	struct pv_source source;
};
enum pv_reply { PV_REPLY_NONE = 0, PV_ACCEPTED, PV_REPLY_REFUSED, PV_NO_ANSWER };
struct pv_answer {
	struct pv_slice order;
	enum pv_reply reply;
	struct pv_slice by_person, means;
};
enum pv_ack_state { PV_ACK_NONE = 0, PV_SEEN, PV_IN_FORCE, PV_SETTLED, PV_CANNOT };
struct pv_ack {
	struct pv_slice order, party;
	enum pv_ack_state state;
	uint64_t openings_cut;
	struct pv_slice dealing, by_person, means;
};

struct pv_record {
	enum pv_kind kind;
	struct pv_slice id, issuer, log;
	uint64_t time;
	struct pv_basis_list basis;
	bool exercise;
	/* The canonical text it was read from: what is signed, and what "the same record" means. Empty when made here. */
	struct pv_slice line;
	union {
		struct pv_genesis genesis;
		struct pv_peer peer;
		struct pv_party party;
		struct pv_term term;
		struct pv_key key;
		struct pv_quorum quorum;
		struct pv_profile profile;
		struct pv_agreement agreement;
		struct pv_order order;
		struct pv_lift lift;
		struct pv_recall recall;
		struct pv_end end;
		struct pv_condition condition;
		struct pv_attestation attestation;
		struct pv_assessment assessment;
		struct pv_report report;
		struct pv_outcome outcome;
		struct pv_incident incident;
		struct pv_answer answer;
		struct pv_ack ack;
	};
};

/* "order", "suspend", "topic", ...: the words of the records. */
const char *pv_kind_name(enum pv_kind kind);
const char *pv_tree_name(enum pv_tree tree);
const char *pv_use_name(enum pv_use use);

#endif
