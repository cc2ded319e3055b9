/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of a desk from outside its process, in one table: the
 * questions that a front sends to the keeper, the HTTP API, its OpenAPI document
 * and the tool on a gateway (`proviso --gateway`) are all made from it. A
 * question and its answer are C structs, described field by field, and travel
 * as one JSON object, with bytes of any kind behind it (the tail).
 */
#ifndef PV_DESK_CALL_H
#define PV_DESK_CALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "desk/caller.h"
#include "desk/desk.h"

/* ---- layouts ---- */

enum pv_shape {
	PV_AS_END = 0,
	PV_AS_TEXT,        /* struct pv_slice, UTF-8; empty: left out */
	PV_AS_CSTR,        /* const char *; NULL: left out */
	PV_AS_BYTES,       /* struct pv_slice, base64 */
	PV_AS_JSON,        /* struct pv_slice that is JSON already */
	PV_AS_NAMES,       /* struct pv_names */
	PV_AS_TEXTS,       /* struct pv_texts: a map of languages */
	PV_AS_BOOL,        /* bool; false: left out */
	PV_AS_CHARS,       /* char[] in place, its size at count_at; empty: left out */
	PV_AS_U64,         /* uint64_t; above 2^53 - 1: left out */
	PV_AS_UINT,        /* unsigned */
	PV_AS_TIME,        /* uint64_t seconds, RFC 3339; 0 and PV_NEVER: left out */
	PV_AS_WORD,        /* an enum, by its word; words[0] may be NULL: left out */
	PV_AS_RECORD,      /* struct pv_record, as wire/ has it; kind 0: left out */
	PV_AS_RECORDS,     /* const struct pv_record * and size_t at count_at */
	PV_AS_ONE,         /* a struct within: of; all zero: left out */
	PV_AS_LIST,        /* const struct * and size_t at count_at: of */
	PV_AS_OBLIGATIONS, /* struct pv_obligations */
};
#define PV_MUST       1u /* refused when left out */
#define PV_PATH       2u /* stands in the path of the API's URL */
#define PV_ELSE_NEVER 4u /* TIME: left out is PV_NEVER, and 0 is written */
#define PV_FIELDS_MAX 64 /* of one layout */

struct pv_layout;
struct pv_field {
	const char *name;
	enum pv_shape shape;
	unsigned flags;
	size_t at, count_at; /* count_at of CHARS: the size */
	const struct pv_layout *of;
	const char *const *words; /* by number, NULL-terminated (words[0] may be NULL) */
	unsigned record_flags;    /* RECORD, RECORDS: PV_READ_... */
	const char *text;         /* one sentence, for the OpenAPI document */
};
struct pv_layout {
	const char *name; /* "OrderRow": a schema of the OpenAPI document */
	size_t size;
	const struct pv_field *fields; /* up to one of PV_AS_END */
};
#define PV_FIELD(type, member, json, as, more, doc)                                     \
	{                                                                               \
		.name = json, .shape = as, .flags = more, .at = offsetof(type, member), \
		.text = doc                                                             \
	}

/* What OBLIGATIONS lists: struct pv_obligation. */
extern const struct pv_layout pv_layout_obligation;

/* What is not said is zero, texts live in a; unknown members, wrong types are refused with their path. */
PV_RESULT pv_layout_read(const struct pv_layout *l, const struct pv_json *doc, uint32_t node,
    struct pv_arena *a, void *out, struct pv_err *e);
/* The members of an open object. A record without a line gets one written. */
void pv_layout_write(const struct pv_layout *l, const void *in, struct pv_jsonw *w);
/* A JSON Schema object for it; structs within and records are references to #/components/schemas/NAME. */
void pv_layout_schema(const struct pv_layout *l, struct pv_jsonw *w, const char *name);
void pv_field_schema(const struct pv_field *f, struct pv_jsonw *w, const char *name);
/* The member with that name, NULL. */
const struct pv_field *pv_layout_field(const struct pv_layout *l, struct pv_slice name);

/* ---- calls ---- */

struct pv_batch;
struct
    pv_service; /* what the keeper lends: uploads, open transfers, outgoing calls (desk/service.h) */

struct pv_call_run {
	struct pv_desk *d;
	struct pv_service *service;
	const struct pv_caller *who;
	const void *ask;
	struct pv_slice tail; /* of the question */
	void *answer;         /* zeroed, of the answer's size */
	struct pv_buf *tail_out;
	struct pv_arena *a; /* lives until the answer has left */
	void *state;        /* from begin to finish */
};

#define PV_CALL_PUBLIC 1u  /* without a credential, too: who may be nobody */
#define PV_CALL_READS  2u  /* changes nothing: GET, retried freely */
#define PV_CALL_QUICK  4u  /* begin and finish, in the lane that shares its fsync */
#define PV_CALL_INNER  8u  /* for edges; not in the API */
#define PV_CALL_FOUND  16u /* of one thing: the answer has a bool "found"; false is 404 */
#define PV_CALL_OWN    32u /* only callers of the own authority */
#define PV_CALL_TAIL   64u /* tail_in may be left out */
#define PV_CALL_ANEW   128u /* what it answers is a secret or a decision: never kept, made anew each time */

struct pv_call {
	const char *name; /* "orders.list": never changes once published */
	const char *method,
	    *path;           /* of the API, below /api/v1: "GET", "/orders/{id}"; NULL: none */
	const char *summary; /* one line, for the OpenAPI document */
	unsigned roles;      /* PV_ROLE_...: any of them may */
	unsigned flags;
	const struct pv_layout *ask, *answer; /* NULL: nothing */
	/*
	 * What is behind the question, behind the answer: text, which stands in the API's JSON under this name.
	 * tail_out without an answer: the body itself, of media type tail_type.
	 */
	const char *tail_in, *tail_out, *tail_type;
	PV_RESULT (*run)(struct pv_call_run *c, struct pv_err *e);
	/* QUICK: decides and lays its entries; then, when they are durable */
	PV_RESULT (*begin)(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e);
	PV_RESULT (*finish)(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e);
};

/* Families, each in its own file call_<family>.c; up to a call without a name. */
extern const struct pv_call
    pv_calls_home[]; /* identity, status, acts, apply, act, export, follow, card, backup ... */
extern const struct pv_call
    pv_calls_report[]; /* share, reports, who-can-open, uploads, open, transfers, ask, answer */
extern const struct pv_call pv_calls_order[];  /* orders, preview, state-record */
extern const struct pv_call pv_calls_look[];   /* board, explain, log, verify, prove, rebuild */
extern const struct pv_call pv_calls_caller[]; /* whoami, tokens, passports */
extern const struct pv_call pv_calls_decide[]; /* evaluate (AuthZEN), doors */
extern const struct pv_call pv_calls_kas[]; /* rewrap, public keys, registration of sealed files */
extern const struct pv_call pv_calls_taxii[]; /* collections, objects, manifests, status */
extern const struct pv_call
    pv_calls_log[]; /* checkpoints, tiles, bundles, cosigning, the register */
extern const struct pv_call pv_calls_gateway[]; /* how the gateway does: its page, /healthz */

/* All of them in one order that is fixed for a build; the index is what a frame names. */
size_t pv_call_count(void);
const struct pv_call *pv_call_at(size_t i);
const struct pv_call *pv_call_find(const char *name); /* NULL */
size_t pv_call_index(const struct pv_call *c);

/* Whether who may make this call at all. */
bool pv_call_allows(const struct pv_call *c, const struct pv_caller *who);

/* ---- calls over the API (call_http.c) ---- */

/*
 * The question (an object, as pv_layout_write has it) as a request: target is "/orders/o-1?at=...", to stand behind
 * /api/v1; body is empty for GET and DELETE. INPUT: a tail that is not UTF-8.
 */
#define PV_CALL_HTTP_MAX (64u << 20) /* bytes of a body, either way */
PV_RESULT pv_call_to_http(const struct pv_call *c, struct pv_slice ask, struct pv_slice tail,
    struct pv_buf *target, struct pv_buf *body, struct pv_err *e);
/* The other way, at the gateway: the question as an object, its tail. INPUT names the member that is wrong. */
struct pv_call_request {
	const struct pv_slice *parts; /* what stands for {...} in the path, decoded, in order */
	struct pv_slice query;        /* as sent */
	struct pv_slice type, body;   /* Content-Type */
};
PV_RESULT pv_call_of_http(const struct pv_call *c, const struct pv_call_request *r,
    struct pv_arena *a, struct pv_buf *ask, struct pv_slice *tail, struct pv_err *e);
/* The body of a 200: the answer (an object; its tail as a member), or the tail alone. */
PV_RESULT pv_call_answer_http(const struct pv_call *c, struct pv_slice answer, struct pv_slice tail,
    struct pv_buf *body, struct pv_err *e);
/* The body of a 200, taken apart again. */
PV_RESULT pv_call_from_http(const struct pv_call *c, struct pv_slice body, struct pv_buf *answer,
    struct pv_buf *tail, struct pv_err *e);

#endif
