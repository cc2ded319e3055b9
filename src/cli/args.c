/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, read by the tables: long options (--name VALUE,
 * --name=VALUE), the few short ones, "--" before words that begin with a dash.
 * Options may stand anywhere behind the command; those for every command also
 * before it. An option is never guessed from its beginning: a script must
 * mean the same after the next release.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"

/* ---- names ---- */

const struct pv_cmd *
pv_command(const char *name)
{
	for (size_t i = 0; pv_commands[i] != NULL; i++)
		if (strcmp(pv_commands[i]->name, name) == 0)
			return pv_commands[i];
	return NULL;
}

bool
pv_in_family(const struct pv_cmd *c, struct pv_slice word)
{
	struct pv_slice name = pv_slice_of(c->name);

	return name.n > word.n && name.p[word.n] == ' ' && pv_slice_starts(name, word);
}

static bool
is_family(struct pv_slice word)
{
	for (size_t i = 0; pv_commands[i] != NULL; i++)
		if (pv_in_family(pv_commands[i], word))
			return true;
	return false;
}

struct nearest {
	struct pv_slice word, best;
	unsigned distance; /* of best; at first the largest that is offered, and one */
};

/* One slip in a short word, up to three in a long one: more is another word. */
static struct nearest
nearest_begin(struct pv_slice word)
{
	unsigned limit = word.n < 4 ? 1 : word.n < 9 ? 2 : 3;

	return (struct nearest){ word, PV_NO_SLICE, limit + 1 };
}

static void
nearest_try(struct nearest *n, struct pv_slice candidate)
{
	unsigned d = pv_name_distance(n->word, candidate, n->distance);

	if (n->word.n >= 3 && pv_slice_starts(candidate, n->word) && d > 1)
		d = 1; /* the beginning of a word is as near as a slip */
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}

/* ---- errors ---- */

struct pv_status
pv_usage_advice(const struct pv_run *r, struct pv_status st, struct pv_err *e)
{
	if (r->cmd != NULL)
		return pv_advise(st, e, "Usage and examples: proviso %s --help", r->cmd->name);
	return pv_advise(st, e, "All commands: proviso help");
}

static PV_RESULT
unknown_command(const struct pv_run *r, struct pv_slice word, struct pv_err *e)
{
	struct nearest n = nearest_begin(word);
	struct pv_status st;

	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		struct pv_slice name = pv_slice_of(pv_commands[i]->name), first;

		nearest_try(&n, name);
		/* "ordr" is near "order", whatever follows */
		if (pv_slice_next(&name, ' ', &first) && name.n != 0)
			nearest_try(&n, first);
	}
	st = PV_FAIL(e, PV_E_INPUT, "there is no command \"%.*s\"", PV_FMT(word));
	if (n.best.n != 0)
		return pv_advise(
		    st, e, "Did you mean \"%.*s\"? All commands: proviso help", PV_FMT(n.best));
	return pv_usage_advice(r, st, e);
}

static PV_RESULT
unknown_member(struct pv_slice family, struct pv_slice word, struct pv_err *e)
{
	struct nearest n = nearest_begin(word);
	struct pv_status st;

	for (size_t i = 0; pv_commands[i] != NULL; i++)
		if (pv_in_family(pv_commands[i], family))
			nearest_try(&n, pv_slice_of(pv_commands[i]->name + family.n + 1));
	st = PV_FAIL(
	    e, PV_E_INPUT, "there is no command \"%.*s %.*s\"", PV_FMT(family), PV_FMT(word));
	if (n.best.n != 0)
		return pv_advise(
		    st, e, "Did you mean \"%.*s %.*s\"?", PV_FMT(family), PV_FMT(n.best));
	return pv_advise(st, e, "What there is: proviso %.*s", PV_FMT(family));
}

static PV_RESULT
unknown_option(const struct pv_run *r, const char *dashes, struct pv_slice name, struct pv_err *e)
{
	struct nearest n = nearest_begin(name);
	struct pv_status st;

	for (const struct pv_opt *o = pv_global_options; o->name != NULL; o++)
		nearest_try(&n, pv_slice_of(o->name));
	for (const struct pv_opt *o = r->cmd != NULL ? r->cmd->options : NULL;
	     o != NULL && o->name != NULL; o++)
		nearest_try(&n, pv_slice_of(o->name));
	st = PV_FAIL(e, PV_E_INPUT, "unknown option %s%.*s", dashes, PV_FMT(name));
	if (n.best.n != 0)
		return pv_advise(st, e, "Did you mean --%.*s?", PV_FMT(n.best));
	return pv_usage_advice(r, st, e);
}

/* ---- one option ---- */

static const struct pv_opt *
find_in(const struct pv_opt *table, struct pv_slice name, char letter)
{
	for (const struct pv_opt *o = table; o != NULL && o->name != NULL; o++)
		if (letter != 0 ? o->letter == letter : pv_slice_is(name, o->name))
			return o;
	return NULL;
}

static const struct pv_opt *
find_option(const struct pv_run *r, struct pv_slice name, char letter)
{
	const struct pv_opt *o = r->cmd != NULL ? find_in(r->cmd->options, name, letter) : NULL;

	return o != NULL ? o : find_in(pv_global_options, name, letter);
}

static PV_RESULT
check_word(const struct pv_run *r, const struct pv_opt *o, struct pv_slice value, struct pv_err *e)
{
	struct pv_slice rest = pv_slice_of(o->words), word;

	if (o->words == NULL)
		return PV_DONE;
	while (pv_slice_next(&rest, ' ', &word))
		if (pv_slice_eq(word, value))
			return PV_DONE;
	return PV_USAGE(r, e, "--%s: \"%.*s\" is not one of: %s", o->name, PV_FMT(value), o->words);
}

static PV_RESULT
keep(struct pv_run *r, const struct pv_opt *o, const char *value, struct pv_err *e)
{
	if (!o->many && o->arg != NULL && pv_given(r, o->name))
		return PV_USAGE(r, e, "--%s is given twice", o->name);
	PV_TRY(check_word(r, o, pv_slice_of(value), e));
	*PV_VEC_ADD(&r->values) = (struct pv_value){ o, value };
	return PV_DONE;
}

/* An argument that begins with a dash; *i moves on when its value is the next one. */
static PV_RESULT
read_option(struct pv_run *r, int argc, char **argv, int *i, struct pv_err *e)
{
	const char *arg = argv[*i], *value = NULL;
	bool is_long = arg[1] == '-';
	struct pv_slice name = pv_slice_of(is_long ? arg + 2 : arg + 1);
	const char *equals = is_long ? memchr(name.p, '=', name.n) : NULL;
	const struct pv_opt *o;

	if (equals != NULL) {
		name.n = (size_t)(equals - name.p);
		value = equals + 1;
	}
	if (!is_long && name.n > 1) {
		value = name.p + 1; /* -oFILE */
		name.n = 1;
	}
	o = find_option(r, name, is_long ? 0 : name.p[0]);
	if (o == NULL)
		return unknown_option(r, is_long ? "--" : "-", name, e);
	if (o->arg == NULL && value != NULL)
		return PV_USAGE(r, e, "--%s takes no value", o->name);
	if (o->arg != NULL && value == NULL) {
		if (*i + 1 >= argc)
			return PV_USAGE(
			    r, e, "--%s wants a value: --%s %s", o->name, o->name, o->arg);
		value = argv[++*i];
	}
	return keep(r, o, value, e);
}

/* Where help is asked for, a wrong option does not stand in the way. */
static PV_RESULT
read_or_help(struct pv_run *r, int argc, char **argv, int *i, struct pv_err *e)
{
	struct pv_status st = read_option(r, argc, argv, i, e);

	return r->help ? PV_DONE : st;
}

/* ---- the whole line ---- */

/* What holds for every command. Also of a line that is wrong: its error is told as was asked. */
static void
take_globals(struct pv_run *r)
{
	r->help = r->help || pv_given(r, "help");
	r->version = r->version || pv_given(r, "version");
	r->json = r->json || pv_given(r, "json");
	r->debug = r->debug || pv_given(r, "debug");
	r->plain = r->plain || pv_given(r, "plain");
	r->colour = pv_given(r, "no-color") ? PV_COLOUR_NEVER
		    : pv_given(r, "color")  ? PV_COLOUR_ALWAYS
					    : r->colour;
	if (pv_given(r, "home")) {
		r->home = pv_option(r, "home");
		r->home_given = true;
	}
}

/* Finds the command; *first and *second are the places of its words, 0 when there is none. */
static PV_RESULT
find_command(struct pv_run *r, int argc, char **argv, int *first, int *second, struct pv_err *e)
{
	struct pv_slice one, two;
	int i = 1;

	*first = *second = 0;
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0' && strcmp(argv[i], "--") != 0;
	     i++)
		PV_TRY(read_or_help(r, argc, argv, &i, e));
	take_globals(r);
	r->values.n = 0; /* read again with the command's own table */
	if (i >= argc || argv[i][0] == '-')
		return PV_DONE;
	*first = i;
	one = pv_slice_of(argv[i]);
	two = i + 1 < argc ? pv_slice_of(argv[i + 1]) : PV_NO_SLICE;
	if (is_family(one) && two.n != 0) {
		r->cmd =
		    pv_command(pv_arena_printf(r->arena, "%.*s %.*s", PV_FMT(one), PV_FMT(two)).p);
		if (r->cmd != NULL) {
			*second = i + 1;
			return PV_DONE;
		}
	}
	r->cmd = pv_command(argv[i]);
	if (r->cmd != NULL)
		return PV_DONE;
	if (!is_family(one))
		return unknown_command(r, one, e);
	if (two.n != 0 && two.p[0] != '-')
		return unknown_member(one, two, e);
	r->family = argv[i];
	return PV_DONE;
}

static bool
has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static PV_RESULT
check_count(const struct pv_run *r, struct pv_err *e)
{
	if (r->args.n < r->cmd->min_args)
		return PV_USAGE(
		    r, e, "too little is said: proviso %s %s", r->cmd->name, r->cmd->usage);
	if (r->args.n > r->cmd->max_args)
		return PV_USAGE(r, e, "\"%s\" is one word too many", r->args.at[r->cmd->max_args]);
	return PV_DONE;
}

static PV_RESULT
read_line(struct pv_run *r, int argc, char **argv, struct pv_err *e)
{
	bool options = true;
	int first, second;

	/* --help helps even where the rest of the line is wrong */
	r->help = has_word(argc, argv, "--help") || has_word(argc, argv, "-h");
	PV_TRY(find_command(r, argc, argv, &first, &second, e));
	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			PV_TRY(read_or_help(r, argc, argv, &i, e));
		else if (i != first && i != second)
			*PV_VEC_ADD(&r->args) = argv[i];
	}
	return PV_DONE;
}

PV_RESULT
pv_args_read(struct pv_run *r, int argc, char **argv, struct pv_err *e)
{
	struct pv_status st = read_line(r, argc, argv, e);

	take_globals(r);
	if (!pv_ok(st)) /* and what is wrong may stand before the --json */
		r->json = r->json || has_word(argc, argv, "--json");
	if (r->cmd == NULL && r->args.n != 0 && pv_ok(st))
		return unknown_command(r, pv_slice_of(r->args.at[0]), e);
	if (!pv_ok(st) || r->help || r->version || r->cmd == NULL)
		return st;
	return check_count(r, e);
}

/* ---- what was given ---- */

bool
pv_given(const struct pv_run *r, const char *option)
{
	return pv_option_count(r, option) != 0;
}

size_t
pv_option_count(const struct pv_run *r, const char *option)
{
	size_t n = 0;

	for (size_t i = 0; i < r->values.n; i++)
		if (strcmp(r->values.at[i].opt->name, option) == 0)
			n++;
	return n;
}

const char *
pv_option_at(const struct pv_run *r, const char *option, size_t at)
{
	for (size_t i = 0; i < r->values.n; i++)
		if (strcmp(r->values.at[i].opt->name, option) == 0 && at-- == 0)
			return r->values.at[i].text;
	return NULL;
}

const char *const *
pv_option_all(const struct pv_run *r, const char *option, size_t *n)
{
	const char **all;

	*n = pv_option_count(r, option);
	all = pv_arena_alloc_n(r->arena, *n, sizeof(*all));
	for (size_t i = 0; i < *n; i++)
		all[i] = pv_option_at(r, option, i);
	return all;
}

const char *const *
pv_option_split(const struct pv_run *r, const char *option, size_t *n)
{
	PV_VEC(const char *) list = { 0 };
	const char **all;

	for (size_t i = 0; i < pv_option_count(r, option); i++) {
		struct pv_slice rest = pv_slice_of(pv_option_at(r, option, i)), one;

		while (pv_slice_next(&rest, ',', &one))
			*PV_VEC_ADD(&list) = pv_arena_str(r->arena, one);
	}
	*n = list.n;
	all = pv_arena_alloc_n(r->arena, list.n, sizeof(*all));
	if (list.n != 0)
		memcpy(all, list.at, list.n * sizeof(*all));
	PV_VEC_FREE(&list);
	return all;
}

const char *
pv_option(const struct pv_run *r, const char *option)
{
	size_t n = pv_option_count(r, option);

	return n == 0 ? NULL : pv_option_at(r, option, n - 1);
}

struct pv_slice
pv_option_slice(const struct pv_run *r, const char *option)
{
	return pv_slice_of(pv_option(r, option));
}
