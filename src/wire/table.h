/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table a record: it drives reading, writing, the JSON Schema and the page
 * in docs/protocol/. A member says how it is kept in the C struct (type), what
 * its text looks like (shape) and when it must be there (flags). Members stand
 * sorted by name, since that is the order of RFC 8785; test_record checks it.
 *
 * For this room only.
 */
#ifndef PV_WIRE_TABLE_H
#define PV_WIRE_TABLE_H

#include <stddef.h>

#include "base/err.h"
#include "core/record.h"
#include "core/words.h"

enum pv_type {
	PV_T_TEXT,    /* struct pv_slice */
	PV_T_LIST,    /* struct pv_names */
	PV_T_WORD,    /* an enum, by words */
	PV_T_FLAGS,   /* unsigned: a list of words, or-ed */
	PV_T_SWITCH,  /* bool: set by the only word there is */
	PV_T_BOOL,    /* bool */
	PV_T_TIME,    /* uint64_t, seconds; 0 is absent */
	PV_T_UINT,    /* uint64_t */
	PV_T_INT,     /* int64_t */
	PV_T_TEXTS,   /* struct pv_texts: a map from language to text */
	PV_T_OBJECT,  /* a struct in place, by the nested table */
	PV_T_OBJECTS, /* { const T *at; size_t n }, by the nested table */
	PV_T_JSON,    /* struct pv_slice: canonical JSON of a shape */
	PV_T_NEEDS,   /* uint64_t[PV_KIND_COUNT] */
};

/* What a text must look like; of a name, also which tree it is looked up in. */
enum pv_shape {
	PV_S_TEXT = 0,
	PV_S_ID,
	PV_S_PARTY,
	PV_S_TOPIC,
	PV_S_REGION,
	PV_S_PURPOSE,
	PV_S_CHANNEL,
	PV_S_TERM, /* the tree is said beside it */
	PV_S_LABEL,
	PV_S_ORIGIN,
	PV_S_VKEY,
	PV_S_LANG,
	PV_S_HEX32,
	PV_S_URL,
	PV_S_MEDIA_TYPE,
	PV_S_DOMAIN,
	/* of JSON */
	PV_S_AREA,
	PV_S_MAPS,
	PV_S_SEIZED,
};

#define PV_M_REQUIRED 0x0001u
#define PV_M_NONEMPTY \
	0x0002u /* a list, map or object that may not be empty (nor, then, left out in bare mode) */
#define PV_M_BARE \
	0x0004u /* a required member that bare mode lets out although it is no list, map or object */
#define PV_M_ALWAYS    0x0008u /* a required list that bare mode does not let out */
#define PV_M_DRAFT     0x0010u /* filled in by whoever signs: may be missing from a draft */
#define PV_M_SIGNED    0x0020u /* required of what is signed */
#define PV_M_TRUE_ONLY 0x0040u
#define PV_M_NEGATED   0x0080u /* the bool in C is the opposite; true is the default */
#define PV_M_TRUE_WORD 0x0100u /* `true` stands for the first word */
#define PV_M_SHORT     0x0200u /* a string stands for an object with its required member alone */

struct pv_table;

struct pv_member {
	const char *name;
	enum pv_type type;
	enum pv_shape shape;
	unsigned flags;
	size_t at;  /* where in the struct */
	size_t has; /* where its bool "given" is, plus one; 0: none */
	const struct pv_word *words;
	const struct pv_table *nested;
	uint64_t min, max; /* of a number; max 0: 2^53 - 1 (INT: the bounds are -max and max) */
	const char *help;  /* one sentence */
};

struct pv_table {
	const char *name; /* "order", or what a nested one is called in messages */
	const struct pv_member *members;
	size_t count;
	size_t size; /* of the struct, for lists of it */
	const char *help;
	/* What no single member can say. at: the struct (of a record: struct pv_record). */
	struct pv_status (*check)(const void *at, unsigned flags, struct pv_err *e);
	const char
	    *schema; /* the same as members of a JSON Schema, as far as one can say it; or NULL */
};

#define PV_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define PV_AT(member)  offsetof(struct pv_record, member)
#define PV_HAS(member) (offsetof(struct pv_record, member) + 1)

/* By kind; NULL for PV_KIND_NONE. */
const struct pv_table *pv_table_of(enum pv_kind kind);
extern const struct pv_table pv_table_common;

extern const struct pv_table pv_table_genesis, pv_table_peer, pv_table_party, pv_table_term,
    pv_table_key, pv_table_quorum, pv_table_profile, pv_table_agreement, pv_table_order,
    pv_table_lift, pv_table_recall, pv_table_end, pv_table_condition, pv_table_attestation,
    pv_table_assessment, pv_table_report, pv_table_outcome, pv_table_incident, pv_table_answer,
    pv_table_ack;
/* Shared by several records. */
extern const struct pv_table pv_table_source, pv_table_count, pv_table_persons, pv_table_position;

/* Whether a text has that shape; says what is allowed otherwise. */
PV_RESULT pv_shape_check(enum pv_shape shape, struct pv_slice text, struct pv_err *e);
/* A regular expression of the shape (ECMA-262), or NULL; its longest length in bytes. */
const char *pv_shape_pattern(enum pv_shape shape);
size_t pv_shape_max(enum pv_shape shape);
/* "a party", "a topic": what a text of that shape is called. */
const char *pv_shape_name(enum pv_shape shape);
/* The merged members of the common table and another, in order: *i and *j go up; NULL at the end. */
const struct pv_member *pv_table_next(const struct pv_table *const tables[2], size_t at[2]);
/* The part of a vkey before its '+'. */
struct pv_slice pv_vkey_name(struct pv_slice vkey);
/* How many different names a list of vkeys (or of names) has. */
size_t pv_names_distinct(const struct pv_names *names, bool vkeys);

/* later > earlier, when both are given. */
PV_RESULT pv_check_after(uint64_t earlier, uint64_t later, const char *field,
    const char *earlier_name, struct pv_err *e);
/* what happened is not later than its record */
PV_RESULT pv_check_past(uint64_t happened, uint64_t recorded, const char *field, struct pv_err *e);
/* by_person and means go together */
PV_RESULT pv_check_means(struct pv_slice by_person, struct pv_slice means, struct pv_err *e);

/* Of a report, by sharing it: a label that is yet to be shared may leave it out. */
bool pv_member_filled_in(const char *name);

#endif
