/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One strict JSON reader and one writer.
 *
 * The reader (RFC 8259, I-JSON) refuses: text that is not UTF-8, a byte order
 * mark, duplicate keys, unpaired surrogates, NUL in names, depth above 64,
 * numbers out of range (whole ones beyond +-(2^53 - 1), which also means 1e20;
 * what no double holds), anything after the value. It keeps where each value
 * stood, so that a message can name line and column. The tree is an array;
 * node 0 is the whole. Strings are unescaped copies that the document owns.
 * About 1 us for a request of 300 bytes. A tree takes some 40 times its text
 * at worst ("[1,1,1..."), so limits of what comes from outside should be low.
 */
#ifndef PV_CODEC_JSON_H
#define PV_CODEC_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum pv_json_type {
	PV_JSON_NULL,
	PV_JSON_BOOL,
	PV_JSON_INT,
	PV_JSON_REAL,
	PV_JSON_STRING,
	PV_JSON_ARRAY,
	PV_JSON_OBJECT
};

#define PV_JSON_NONE  UINT32_MAX
#define PV_JSON_DEPTH 64

struct pv_json_node {
	enum pv_json_type type;
	uint32_t first, next; /* child and sibling, PV_JSON_NONE at the end */
	uint32_t count;       /* children */
	size_t from, to;      /* bytes of the value in the text, [from, to) */
	size_t name_from;     /* where its name stands, for a member of an object */
	struct pv_slice name; /* unescaped; empty in arrays */
	struct pv_slice text; /* STRING: unescaped. INT, REAL: as written */
	int64_t integer;      /* INT: written without fraction or exponent. BOOL: 0, 1 */
	double real;          /* INT and REAL */
};

struct pv_json;

/* Reads the whole of text, at most limit bytes. The document borrows nothing once made. Errors carry line and col. */
PV_RESULT pv_json_read(struct pv_json **out, struct pv_slice text, size_t limit, struct pv_err *e);
/*
 * Reads one value at the beginning of text and says how many bytes it took (with the blanks before it, not those
 * after it), for a stream of values: trim what is left to know whether there is another. Offsets count from text;
 * first_line is the line number of text's first byte, so that lines are the file's.
 */
PV_RESULT pv_json_read_one(struct pv_json **out, struct pv_slice text, size_t limit,
    unsigned first_line, size_t *used, struct pv_err *e);
/* Empties and reads again with the same memory: for hot paths. */
PV_RESULT pv_json_reread(struct pv_json *doc, struct pv_slice text, size_t limit, struct pv_err *e);
struct pv_json *pv_json_new(void);
void pv_json_free(struct pv_json *doc);
void pv_json_freep(struct pv_json **doc);

/* NULL for PV_JSON_NONE, so that at(path()) can be looked at once. */
const struct pv_json_node *pv_json_at(const struct pv_json *doc, uint32_t i);
/* The member of object i with that name, or PV_JSON_NONE. */
uint32_t pv_json_member(const struct pv_json *doc, uint32_t i, struct pv_slice name);
/* "counterpart[1].within" from node i; PV_JSON_NONE when there is none. An empty path is i. */
uint32_t pv_json_path(const struct pv_json *doc, uint32_t i, struct pv_slice path);
/* Line and column, from 1, columns in bytes, of an offset in the text that was read. */
void pv_json_place(const struct pv_json *doc, size_t offset, unsigned *line, unsigned *col);
/* The text as it was read (a copy the document owns). */
struct pv_slice pv_json_source(const struct pv_json *doc);

/* Appends value i in the form of RFC 8785 (JCS). */
void pv_json_canon(const struct pv_json *doc, uint32_t i, struct pv_buf *out);
/* Appends value i indented by two spaces, members in the order they came. */
void pv_json_pretty(const struct pv_json *doc, uint32_t i, struct pv_buf *out);
/* Appends s as a JSON string with its quotes, escaped as RFC 8785 says. Bytes that are not UTF-8 become U+FFFD. */
void pv_json_quote(struct pv_buf *out, struct pv_slice s);
/* Appends a number in the shortest form of RFC 8785 3.2.2.3 (ECMAScript); null for NaN and infinities, as there. */
void pv_json_number(struct pv_buf *out, double v);

/*
 * The writer: members come out in the order they are put (callers that need RFC 8785 put them sorted, or read the
 * result again and call pv_json_canon). Commas are its business. Zero it, set out.
 *
 *	struct pv_jsonw w = { .out = &buf };
 *	pv_jsonw_object(&w, NULL);            {
 *	pv_jsonw_str(&w, "id", id);             "id":"...",
 *	pv_jsonw_array(&w, "orders");           "orders":[
 *	pv_jsonw_str(&w, NULL, first);            "..."
 *	pv_jsonw_end(&w);                       ]
 *	pv_jsonw_end(&w);                     }
 *
 * A name is NULL inside an array and for the outermost value.
 */
struct pv_jsonw {
	struct pv_buf *out;
	unsigned depth;
	bool comma[PV_JSON_DEPTH + 1];
	bool array[PV_JSON_DEPTH + 1];
};
void pv_jsonw_object(struct pv_jsonw *w, const char *name);
void pv_jsonw_array(struct pv_jsonw *w, const char *name);
void pv_jsonw_end(struct pv_jsonw *w);
void pv_jsonw_str(struct pv_jsonw *w, const char *name, struct pv_slice value);
void pv_jsonw_int(struct pv_jsonw *w, const char *name, int64_t value);
void pv_jsonw_u64(struct pv_jsonw *w, const char *name, uint64_t value);
void pv_jsonw_bool(struct pv_jsonw *w, const char *name, bool value);
void pv_jsonw_null(struct pv_jsonw *w, const char *name);
void pv_jsonw_raw(struct pv_jsonw *w, const char *name, struct pv_slice json); /* already JSON */
/* A member name from data; the value follows with name NULL. */
void pv_jsonw_named(struct pv_jsonw *w, struct pv_slice name);

#endif
