/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the file of settings says and the command line before it, as all
 * processes of the daemon have it. Only the parent can open the file; when it is
 * read anew the others get its text and read it themselves, so that each knows the
 * same. Some settings hold from the start to the end: those that say what was
 * opened, bound or forked.
 */
#ifndef PV_GATEWAY_SETTINGS_H
#define PV_GATEWAY_SETTINGS_H

#include "gateway/config.h"
#include "gateway/logger.h"

/* The command line, and what is known only after the start. Paths are absolute. */
struct pv_given {
	const char *config_path; /* NULL: there is no file */
	const char *home, *default_home;
	const char *log_form;          /* NULL, "text" or "json" */
	struct pv_config_names listen; /* empty: as the file has it */
	struct pv_slice at_url;        /* of the first address that was bound */
};

/* Counted, and not changed any more. */
struct pv_settings {
	struct pv_config config;
	struct pv_slice url; /* config.url, or at_url */
	struct pv_arena *a;
	int holders;
};

/* text: of the file, as pv_settings_file() read it. Every mistake but the last is logged (log NULL: none is), and *e is the last. */
PV_RESULT pv_settings_read(struct pv_settings **out, const struct pv_given *given,
    struct pv_slice text, const struct pv_logger *log, struct pv_err *e);
/* Empty when there is none. */
PV_RESULT pv_settings_file(const struct pv_given *given, struct pv_buf *text, struct pv_err *e);
struct pv_settings *pv_settings_take(struct pv_settings *s);
void pv_settings_give(struct pv_settings *s); /* NULL is fine */

/* The form and level of lines; safe while others write some. */
void pv_settings_log(
    const struct pv_settings *s, const struct pv_given *given, struct pv_logger *log);
/* Names of those settings that differ and that a process takes at its start only: "listen, front.loops"; empty: none. */
void pv_settings_fixed(
    const struct pv_config *running, const struct pv_config *fresh, struct pv_buf *names);

#endif
