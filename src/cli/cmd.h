/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `proviso`, in one table (main.c): parsing, help, the pages
 * in docs/man and the completion all come from it, so they cannot differ.
 * One cmd_<name>.c a command, or a family of them.
 */
#ifndef PV_CLI_CMD_H
#define PV_CLI_CMD_H

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/vec.h"
#include "cli/term.h"

/* UX 2 */
enum pv_exit {
	PV_EXIT_DONE = 0,
	PV_EXIT_NO = 1,        /* the answer is no */
	PV_EXIT_INPUT = 2,     /* the sender mends it */
	PV_EXIT_CONFIG = 3,    /* the operator */
	PV_EXIT_UNTRUSTED = 4, /* keep the evidence */
	PV_EXIT_LIMIT = 5,
	PV_EXIT_DOWN = 6, /* down, stale or waiting */
	PV_EXIT_BUG = 70,
};

enum pv_group {
	PV_GROUP_SHARE,
	PV_GROUP_PERMIT,
	PV_GROUP_LOOK,
	PV_GROUP_PROVE,
	PV_GROUP_HOME,
	PV_GROUP_ALONE,
	PV_GROUP_COUNT
};

struct pv_opt {
	const char *name;  /* "records" for --records */
	char letter;       /* 'o' for -o; 0 */
	const char *arg;   /* "FILE"; NULL: a flag */
	const char *text;  /* one sentence */
	bool many;         /* may be given more than once */
	const char *words; /* "give take both": what completion offers, and all that is allowed */
};

struct pv_example {
	const char *line; /* a newline in it is a broken line, ended by a backslash */
	const char *what;
};

struct pv_run;

struct pv_cmd {
	const char *name; /* "order suspend" */
	enum pv_group group;
	const char *summary; /* no capital, no full stop */
	const char *usage;   /* behind the name; newlines between forms */
	const char *text;    /* paragraphs, newlines between them */
	const char
	    *args; /* what completion offers for words: "file", "dir", or words; NULL: nothing */
	const struct pv_opt *options;      /* up to one without a name; NULL: none */
	const struct pv_example *examples; /* up to one without a line */
	size_t min_args, max_args;
	int (*run)(struct pv_run *r);
};

struct pv_value {
	const struct pv_opt *opt;
	const char *text; /* NULL for a flag */
};

/* One call of the tool. */
struct pv_run {
	const struct pv_cmd *cmd;
	struct pv_screen term;
	struct pv_env env;
	struct pv_arena *arena; /* lives as long as the call */
	const char *home;       /* never NULL; home_given: not the default place */
	bool home_given;
	bool json, debug, help, version, plain;
	enum pv_colour colour;
	const char *family;     /* "order" alone: no command, but its subcommands; else NULL */
	struct pv_slice act_id; /* the id of an act that is a word of the command, not an option */
	bool key_is_data;       /* --key is what is declared, not what signs */
	bool streams;           /* stdout is a stream of answers: an error is told on stderr only */
	const char *undone;     /* the first words of an error: "Not shared"; NULL: "Not done" */
	const char *nothing;    /* the last line of an error: "Nothing was written."; NULL: none */
	PV_VEC(struct pv_value) values;
	PV_VEC(const char *) args;
};

extern const struct pv_cmd *const pv_commands[]; /* NULL-terminated, in the order of help */
extern const struct pv_opt pv_global_options[];

/* ---- what was given (args.c) ---- */

/* Reads argv behind the program's name: finds the command, checks options and number of words. */
PV_RESULT pv_args_read(struct pv_run *r, int argc, char **argv, struct pv_err *e);
bool pv_given(const struct pv_run *r, const char *option);
/* The last one; NULL when not given. */
const char *pv_option(const struct pv_run *r, const char *option);
struct pv_slice pv_option_slice(
    const struct pv_run *r, const char *option); /* empty when not given */
size_t pv_option_count(const struct pv_run *r, const char *option);
/* All of them, in the arena. */
const char *const *pv_option_all(const struct pv_run *r, const char *option, size_t *n);
/* The same, each value split at its commas. */
const char *const *pv_option_split(const struct pv_run *r, const char *option, size_t *n);
const char *pv_option_at(const struct pv_run *r, const char *option, size_t i);
const struct pv_cmd *pv_command(const char *name);
/* Whether c is one of the two-word commands that begin with `word`. */
bool pv_in_family(const struct pv_cmd *c, struct pv_slice word);
/* An error of the command line: exit 2, with the way to the examples. */
#define PV_USAGE(r, e, ...) pv_usage_advice((r), PV_FAIL((e), PV_E_INPUT, __VA_ARGS__), (e))
struct pv_status pv_usage_advice(const struct pv_run *r, struct pv_status st, struct pv_err *e);

/* ---- help.c ---- */

void pv_help_front(struct pv_run *r);       /* `proviso` alone */
void pv_help_commands(struct pv_screen *t); /* the list by group */
void pv_help_command(struct pv_screen *t, const struct pv_cmd *c);
void pv_help_family(struct pv_screen *t, const char *word);
void pv_help_man(struct pv_buf *out, const struct pv_cmd *c); /* the page, for scdoc */
void pv_help_man_all(struct pv_buf *out);                     /* proviso.1 */
void pv_completion_bash(struct pv_buf *out);

#endif
