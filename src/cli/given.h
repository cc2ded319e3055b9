/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From options to what records hold: names, texts, times, spans. What is made
 * lives in the arena of the run. Errors name the option ("--within").
 */
#ifndef PV_CLI_GIVEN_H
#define PV_CLI_GIVEN_H

#include "cli/cmd.h"
#include "core/record.h"
#include "core/words.h"

/* All values of an option that may be repeated, each a list split at commas. */
PV_RESULT pv_given_names(
    struct pv_run *r, const char *option, struct pv_names *out, struct pv_err *e);
/* The same of dotted names (parties and terms). */
PV_RESULT pv_given_dotted(
    struct pv_run *r, const char *option, struct pv_names *out, struct pv_err *e);
/* One dotted name; empty when not given. */
PV_RESULT pv_given_name(
    struct pv_run *r, const char *option, struct pv_slice *out, struct pv_err *e);
PV_RESULT pv_check_name(struct pv_slice name, const char *option, struct pv_err *e);
/*
 * LANG=FILE, LANG=@TEXT or LANG=TEXT, repeated. A file that is there is read; a text without @ has a blank in it;
 * one word that is no file is an error, so that a misspelt file name is never signed as a text.
 */
PV_RESULT pv_given_texts(
    struct pv_run *r, const char *option, struct pv_texts *out, struct pv_err *e);
/* LANG=TEXT, repeated: names, which are never read from a file. */
PV_RESULT pv_given_labels(
    struct pv_run *r, const char *option, struct pv_texts *out, struct pv_err *e);
/* 2025-11-11T14:07:02Z, or now, or a span from now: +72h, -3d. 0 when not given. */
PV_RESULT pv_given_time(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e);
/* 90, 90s, 15min, 72h, 3d. */
PV_RESULT pv_given_span(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e);
PV_RESULT pv_span_read(
    struct pv_slice text, const char *option, uint64_t *seconds, struct pv_err *e);
PV_RESULT pv_given_number(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e);
/* 5, 3..5, 3.. */
PV_RESULT pv_given_count(
    struct pv_run *r, const char *option, struct pv_count *out, struct pv_err *e);
/* A word of a list (core/words.h); *out is untouched when not given. */
PV_RESULT pv_given_word(struct pv_run *r, const char *option, const struct pv_word *list,
    unsigned *out, struct pv_err *e);
/* Roles by --role (or-ed); 0 when not given. */
PV_RESULT pv_given_roles(struct pv_run *r, unsigned *out, struct pv_err *e);
/* LAT,LON in degrees. */
PV_RESULT pv_given_position(
    struct pv_run *r, const char *option, struct pv_position *out, struct pv_err *e);
/* --source-who, --source-via, --source-status, --source-date, --source-url. date 0 becomes `at`. */
PV_RESULT pv_given_source(
    struct pv_run *r, uint64_t at, struct pv_source *out, bool *given, struct pv_err *e);
/* --cites ID alone: where a source is a member of its own. */
PV_RESULT pv_given_cites(struct pv_run *r, struct pv_basis_list *out, struct pv_err *e);
/* --cites ID, --note TEXT and a source, as basis[]. */
PV_RESULT pv_given_basis(struct pv_run *r, struct pv_basis_list *out, struct pv_err *e);

#define PV_OPT_SOURCE                                                                \
	{ "source-who", 0, "NAME", "source: who says so", false, NULL },             \
	    { "source-via", 0, "NAME", "source: through whom it came", true, NULL }, \
	    { "source-status", 0, "WORD", "source: how firm it is", false,           \
		    "alleged reported stated confirmed contested" },                 \
	    { "source-date", 0, "TIME", "source: when it was said", false, NULL },   \
	{                                                                            \
		"source-url", 0, "URL", "source: where it can be read", false, NULL  \
	}
#define PV_OPT_BASIS                                                                \
	{ "cites", 0, "ID", "basis: another record that it rests on", true, NULL }, \
	    { "note", 0, "TEXT", "basis: a remark", false, NULL }, PV_OPT_SOURCE
#define PV_OPT_AT                                                                       \
	{                                                                               \
		"at", 0, "TIME", "as it was then, as 2025-11-11T14:00:00Z", false, NULL \
	}

/* ---- files ---- */

#define PV_INPUT_MAX (256u << 20) /* of what is read at once */

/* A file, or "-" for standard input. *name is what messages call it. */
PV_RESULT pv_input_read(
    struct pv_run *r, const char *path, struct pv_buf *out, const char **name, struct pv_err *e);
/* The files of records at path: itself, or those of a folder (.json, .jsonl, .note) by name. */
PV_RESULT pv_record_files(
    struct pv_run *r, const char *path, const char ***out, size_t *n, struct pv_err *e);
/* Whether a new file could stand there: asked before an act whose result is to be written. */
PV_RESULT pv_output_check(const char *path, struct pv_err *e);
/* A new file, never over another one; "-" or NULL: standard output. */
PV_RESULT pv_output_write(
    struct pv_run *r, const char *path, struct pv_slice bytes, struct pv_err *e);

#endif
