/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's one file of settings (libconfig): where things are, never who
 * may what. Every setting stands in a table; a section of an edge is a table
 * of its own. All that is wrong with a file is told at once, each with file,
 * line and the nearest right name.
 */
#ifndef PV_GATEWAY_CONFIG_H
#define PV_GATEWAY_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum pv_setting_kind {
	PV_SET_END = 0,
	PV_SET_TEXT,   /* struct pv_slice, not empty */
	PV_SET_PATH,   /* const char *; relative: from the file's folder */
	PV_SET_NUMBER, /* uint64_t, least to most */
	PV_SET_BOOL,   /* bool */
	PV_SET_WORD,   /* an enum, by its word in words[] */
	PV_SET_NAMES,  /* struct pv_config_names; one text counts as a list of one */
	PV_SET_GROUP,  /* a struct within: of */
	PV_SET_GROUPS, /* const struct * of size, and size_t at count_at: of */
	PV_SET_PART, /* const struct * of size, NULL when it is not there: of, from its own edge */
};
struct pv_setting {
	const char *name;
	enum pv_setting_kind kind;
	bool must;
	size_t at, count_at, size;
	uint64_t least, most;
	const char *const *words;
	const struct pv_setting *of;
	/* What the kind does not say. Of TEXT and of each of NAMES a struct pv_slice, of GROUPS each of them. Opens nothing. */
	PV_RESULT (*check)(const void *value, struct pv_err *e);
	const char *example; /* for the reference; the default, where there is one */
	const char *text;    /* one sentence */
};
struct pv_config_names {
	const struct pv_slice *at;
	size_t n;
};

struct pv_config {
	const char *home;
	struct pv_config_names listen;
	struct pv_slice url;
	struct {
		const char *certificate, *key, *client_ca;
	} tls;
	struct {
		uint64_t loops;
		struct pv_config_names
		    proxies; /* whose X-Forwarded-For is believed, for limits and logs */
	} front;
	struct {
		uint64_t connections, per_address, head_s, body_s, idle_s;
		uint64_t calls_per_s, calls_burst; /* of a caller */
		uint64_t logins_per_s,
		    logins_burst; /* of an address: credentials not seen in the last minute */
		uint64_t quick_waiting, slow_waiting;
	} limits;
	struct {
		int form;  /* enum pv_log_form */
		int level; /* enum pv_log_level_word */
	} log;
	struct {
		struct pv_config_names from; /* addresses that may read /metrics; "any" */
	} metrics;
	struct {
		const char *ca;
	} fetch;
	const struct pv_doors_config *doors; /* doors.h; NULL: none */
};

enum pv_log_form { PV_LOG_TEXT = 0, PV_LOG_JSON };

extern const struct pv_setting pv_settings[];
extern const struct pv_setting pv_settings_doors[]; /* edge_door.c */
extern const size_t pv_doors_config_size;

/* What holds when nothing is said. */
void pv_config_default(struct pv_config *c);
/* On top of what c has. What is wrong: *errors, in a, and the result is a failure with the first of them. */
PV_RESULT pv_config_read(struct pv_config *c, struct pv_slice text, const char *path,
    struct pv_arena *a, const struct pv_err **errors, size_t *error_count, struct pv_err *e);
/* Of "https://gw.example:8443/x": gw.example. */
struct pv_slice pv_config_host(struct pv_slice url);
/* The table as a page: name, what it says, an example. */
void pv_config_reference(struct pv_buf *out);

#endif
