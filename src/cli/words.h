/* SPDX-License-Identifier: Apache-2.0 */
/* What records hold, in words for people; and the pieces of JSON answers. */
#ifndef PV_CLI_WORDS_H
#define PV_CLI_WORDS_H

#include "cli/cmd.h"
#include "codec/json.h"
#include "core/decide.h"

/* ---- words ---- */

const char *pv_list_names(struct pv_arena *a, struct pv_names names, const char *none);
/* The first `most` of them: "a, b and 5 more" */
const char *pv_list_few(struct pv_arena *a, struct pv_names names, size_t most);
struct pv_slice pv_text_in(
    struct pv_texts texts, const char *lang); /* that language, else the first */
/* "outcome due in 72 h; no onward sharing" */
const char *pv_list_duties(struct pv_arena *a, struct pv_obligations duties);
/* "every topic, region, purpose and channel", or what it is confined to */
const char *pv_list_scope(struct pv_arena *a, const struct pv_order *o);
/* The same with `hidden` in the place of the purposes, where those may not be told. */
const char *pv_list_scope_hiding(struct pv_arena *a, const struct pv_order *o, const char *hidden);
const char *pv_list_exceptions(struct pv_arena *a, struct pv_exceptions x);
/* hide: of a purpose only that it is one, or that it is safety of life. */
const char *pv_list_exceptions_hiding(struct pv_arena *a, struct pv_exceptions x, bool hide);
/* "as-0003 of co/orders; who, via whom, reported 2025-11-11 14:00:00 UTC, url; a remark" */
const char *pv_basis_text(struct pv_arena *a, const struct pv_basis *b);
const char *pv_reason_line(enum pv_reason why); /* "suspended by an order" */

/* ---- JSON answers ---- */

struct pv_json_out {
	struct pv_buf buf;
	struct pv_jsonw w;
};
/* w points at out->buf; begin opens an object, end closes it and writes the line. */
void pv_json_begin(struct pv_json_out *out);
void pv_json_end(struct pv_run *r, struct pv_json_out *out);
void pv_put_names(struct pv_jsonw *w, const char *name, struct pv_names names);
void pv_put_record(struct pv_jsonw *w, const char *name, const struct pv_record *record);
/* A fact of the fold: the record, its place, its end. */
void pv_put_fact(struct pv_jsonw *w, const struct pv_fact *f);
void pv_put_time(struct pv_jsonw *w, const char *name, uint64_t s); /* left out when 0 */

#endif
