/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands as text: for people, for scdoc, for bash. */
#include <string.h>
#include <sys/stat.h>

#include "cli/cmd.h"

static const char *const group_title[PV_GROUP_COUNT] = {
	[PV_GROUP_SHARE] = "Share and open",
	[PV_GROUP_PERMIT] = "Permit and stop",
	[PV_GROUP_LOOK] = "Look",
	[PV_GROUP_PROVE] = "Prove",
	[PV_GROUP_HOME] = "Set up and keep",
	[PV_GROUP_ALONE] = "Without a home",
};

static const struct {
	const char *status, *means;
} exits[] = {
	{ "0", "done, permitted, good" },
	{ "1", "the answer is no: refused, or left as it was" },
	{ "2", "the input is wrong; who sent it mends it" },
	{ "3", "the configuration or the disk; the operator mends it" },
	{ "4", "not to be trusted: keep the evidence" },
	{ "5", "a limit: ask for less" },
	{ "6", "down, stale or waiting: try again later" },
	{ "70", "a bug of ours" },
};
#define EXIT_COUNT (sizeof(exits) / sizeof(*exits))

/* Takes the next paragraph or line of a table's text; false at the end. */
static bool
next_text(const char **rest, struct pv_slice *line)
{
	const char *end;

	if (*rest == NULL || **rest == '\0')
		return false;
	end = strchr(*rest, '\n');
	*line = (struct pv_slice){ *rest, end != NULL ? (size_t)(end - *rest) : strlen(*rest) };
	*rest = end != NULL ? end + 1 : *rest + line->n;
	return true;
}

/* "--records PATH...", "-o, --out FILE" */
static const char *
option_form(struct pv_arena *a, const struct pv_opt *o)
{
	const char *letter = o->letter != 0 ? pv_arena_printf(a, "-%c, ", o->letter).p : "";

	return pv_arena_printf(a, "%s--%s%s%s%s", letter, o->name, o->arg != NULL ? " " : "",
	    o->arg != NULL ? o->arg : "", o->many ? "..." : "")
	    .p;
}

/* ---- for people ---- */

void
pv_help_commands(struct pv_screen *t)
{
	for (int g = 0; g < PV_GROUP_COUNT; g++) {
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_table *table = pv_table_new(a, "lw");
		bool any = false;

		for (size_t i = 0; pv_commands[i] != NULL; i++) {
			if ((int)pv_commands[i]->group != g)
				continue;
			pv_table_cell(table, PV_STRONG, "%s", pv_commands[i]->name);
			pv_table_cell(table, PV_INK, "%s", pv_commands[i]->summary);
			any = true;
		}
		if (any) {
			pv_blank(t);
			pv_line(t, "%s", group_title[g]);
		}
		pv_table_print(table, t, 2);
	}
}

static void
put_options(struct pv_screen *t, const char *title, const struct pv_opt *options)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_table *table = pv_table_new(a, "lw");

	if (options == NULL || options->name == NULL)
		return;
	pv_blank(t);
	pv_line(t, "%s", title);
	for (const struct pv_opt *o = options; o->name != NULL; o++) {
		pv_table_cell(table, PV_INK, "%s", option_form(a, o));
		if (o->words != NULL)
			pv_table_cell(table, PV_INK, "%s (%s)", o->text, o->words);
		else
			pv_table_cell(table, PV_INK, "%s", o->text);
	}
	pv_table_print(table, t, 2);
}

void
pv_help_command(struct pv_screen *t, const struct pv_cmd *c)
{
	const char *rest = c->usage;
	struct pv_slice line;

	pv_para(t, "", "proviso %s: %s", c->name, c->summary);
	pv_blank(t);
	pv_line(t, "Usage");
	if (*rest == '\0')
		pv_line(t, "  proviso %s", c->name);
	while (next_text(&rest, &line))
		pv_para(t, "  ", "proviso %s %.*s", c->name, PV_FMT(line));
	for (rest = c->text; next_text(&rest, &line);) {
		pv_blank(t);
		pv_para(t, "", "%.*s", PV_FMT(line));
	}
	put_options(t, "Options", c->options);
	put_options(t, "Options of every command", pv_global_options);
	pv_blank(t);
	pv_line(t, "Examples");
	for (const struct pv_example *x = c->examples; x->line != NULL; x++) {
		for (rest = x->line; next_text(&rest, &line);)
			pv_line(t, "  %.*s", PV_FMT(line));
		pv_para(t, "      ", "%s", x->what);
	}
	pv_blank(t);
	pv_line(t, "Exit status: proviso help exit");
}

void
pv_help_family(struct pv_screen *t, const char *word)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_table *table = pv_table_new(a, "lw");

	pv_line(t, "proviso %s: one of", word);
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		if (!pv_in_family(pv_commands[i], pv_slice_of(word)))
			continue;
		pv_table_cell(table, PV_STRONG, "%s", pv_commands[i]->name);
		pv_table_cell(table, PV_INK, "%s", pv_commands[i]->summary);
	}
	pv_table_print(table, t, 2);
	pv_line(t, "Each shows examples: proviso %s COMMAND --help", word);
}

static void
put_front_commands(struct pv_screen *t)
{
	static const struct {
		const char *command, *line, *what;
	} begin[] = {
		{ "demo", "proviso demo", "the story in a throw-away home, about a minute" },
		{ "init", "proviso init --party NAME", "a home for your agency on this machine" },
		{ "status", "proviso --gateway URL status",
		    "use the gateway that your agency runs" },
		{ "decide", "proviso decide --help", "try policies on files, without a home" },
	};
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_table *table = pv_table_new(a, "lw");

	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++) {
		if (pv_command(begin[i].command) == NULL)
			continue;
		pv_table_cell(table, PV_STRONG, "%s", begin[i].line);
		pv_table_cell(table, PV_INK, "%s", begin[i].what);
	}
	pv_table_print(table, t, 2);
}

void
pv_help_front(struct pv_run *r)
{
	struct pv_screen *t = &r->term;
	struct stat st;

	pv_para(t, "",
	    "Proviso: share, provided that. You say who may open a report and for what, and one "
	    "order stops it again.");
	if (stat(r->home, &st) == 0) {
		pv_blank(t);
		pv_line(t, "Your home is %s. How it stands: proviso status", r->home);
		pv_help_commands(t);
	} else {
		pv_blank(t);
		if (r->home_given)
			pv_para(t, "",
			    "There is no home at %s. Nothing has been created. Begin with one of:",
			    r->home);
		else
			pv_para(t, "",
			    "There is no home here yet (no --home, no PROVISO_HOME, nothing in "
			    "%s). "
			    "Nothing has been created. Begin with one of:",
			    r->home);
		pv_blank(t);
		put_front_commands(t);
		pv_blank(t);
		pv_para(t, "",
		    "Then: share  open  order  explain  status  log.   All commands: proviso help");
	}
	pv_blank(t);
	pv_line(t, "The words: proviso help words.   Every command shows examples:");
	pv_line(t, "proviso COMMAND --help");
}

/* ---- manual pages ---- */

/* scdoc reads backslash, underscore and asterisk as marks. */
static void
man_text(struct pv_buf *out, struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\_*#<>[]~", s.p[i]) != NULL)
			pv_buf_add_c(out, '\\');
		pv_buf_add_c(out, s.p[i]);
	}
}

static void
man_options(struct pv_buf *out, const struct pv_opt *options)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();

	for (const struct pv_opt *o = options; o != NULL && o->name != NULL; o++) {
		pv_buf_add_str(out, "*");
		man_text(out, pv_slice_of(option_form(a, o)));
		pv_buf_add_str(out, "*\n\t");
		man_text(out, pv_slice_of(o->text));
		if (o->words != NULL) {
			pv_buf_add_str(out, " (");
			man_text(out, pv_slice_of(o->words));
			pv_buf_add_str(out, ")");
		}
		pv_buf_add_str(out, ".\n\n");
	}
}

static void
man_exits(struct pv_buf *out)
{
	pv_buf_add_str(out, "# EXIT STATUS\n\n");
	for (size_t i = 0; i < EXIT_COUNT; i++)
		pv_buf_addf(out, "*%s*\n\t%s.\n\n", exits[i].status, exits[i].means);
}

static const char man_remark[] = "; SPDX-License-Identifier: Apache-2.0\n; made from the table of "
				 "commands: proviso help --man\n\n";

/* "order suspend" -> "order-suspend" */
static void
man_name(struct pv_buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		pv_buf_add_c(out, *name == ' ' ? '-' : *name);
}

static void
man_see(struct pv_buf *out, const struct pv_cmd *c)
{
	struct pv_slice name = pv_slice_of(c->name), family;
	bool two = pv_slice_next(&name, ' ', &family) && name.n != 0;

	pv_buf_add_str(out, "# SEE ALSO\n\n*proviso*(1)");
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		if (pv_commands[i] == c || !two || !pv_in_family(pv_commands[i], family))
			continue;
		pv_buf_add_str(out, ", *proviso-");
		man_name(out, pv_commands[i]->name);
		pv_buf_add_str(out, "*(1)");
	}
	pv_buf_add_c(out, '\n');
}

void
pv_help_man(struct pv_buf *out, const struct pv_cmd *c)
{
	const char *rest = c->usage;
	struct pv_slice line;

	pv_buf_add_str(out, "proviso-");
	man_name(out, c->name);
	pv_buf_addf(out, "(1)\n\n%s# NAME\n\nproviso-", man_remark);
	man_name(out, c->name);
	pv_buf_addf(out, " - %s\n\n# SYNOPSIS\n\n", c->summary);
	if (*rest == '\0')
		pv_buf_addf(out, "*proviso %s*\n\n", c->name);
	while (next_text(&rest, &line)) {
		pv_buf_addf(out, "*proviso %s* ", c->name);
		man_text(out, line);
		pv_buf_add_str(out, "\n\n");
	}
	pv_buf_add_str(out, "# DESCRIPTION\n\n");
	for (rest = c->text; next_text(&rest, &line);) {
		man_text(out, line);
		pv_buf_add_str(out, "\n\n");
	}
	pv_buf_add_str(out, "# OPTIONS\n\n");
	man_options(out, c->options);
	man_options(out, pv_global_options);
	pv_buf_add_str(out, "# EXAMPLES\n\n");
	for (const struct pv_example *x = c->examples; x->line != NULL; x++) {
		man_text(out, pv_slice_of(x->what));
		pv_buf_addf(out, ":\n\n```\n%s\n```\n\n", x->line);
	}
	man_exits(out);
	man_see(out, c);
}

void
pv_help_man_all(struct pv_buf *out)
{
	pv_buf_addf(out, "proviso(1)\n\n%s", man_remark);
	pv_buf_add_str(out,
	    "# NAME\n\nproviso - share reports under conditions, stop it with one order, prove it "
	    "from the log\n\n"
	    "# SYNOPSIS\n\n*proviso* \\[options\\] _COMMAND_ \\[words and options of the "
	    "command\\]\n\n"
	    "# DESCRIPTION\n\nWith *proviso* an agency that shares a report keeps control of it. "
	    "Agreements say who may open "
	    "what, and for which purpose; one order stops it, a lift reopens it, and every act and "
	    "every opening stands in "
	    "a log that others can verify. All of it happens in a *home*: a folder with the logs, "
	    "the sealed reports and "
	    "the agency's own keys. What passes between agencies are files.\n\n"
	    "*proviso help words* explains the words, *proviso help exit* the exit statuses, "
	    "*proviso help safety-of-life* "
	    "what to do when lives are at risk and a stop is in the way.\n\n# COMMANDS\n\n");
	for (int g = 0; g < PV_GROUP_COUNT; g++) {
		bool titled = false;

		for (size_t i = 0; pv_commands[i] != NULL; i++) {
			if ((int)pv_commands[i]->group != g)
				continue;
			if (!titled)
				pv_buf_addf(out, "## %s\n\n", group_title[g]);
			titled = true;
			pv_buf_add_str(out, "*proviso-");
			man_name(out, pv_commands[i]->name);
			pv_buf_addf(out, "*(1)\n\t%s.\n\n", pv_commands[i]->summary);
		}
	}
	pv_buf_add_str(
	    out, "# OPTIONS\n\nThese go with every command, before or behind its name.\n\n");
	man_options(out, pv_global_options);
	pv_buf_add_str(out, "# ENVIRONMENT\n\n*PROVISO_HOME*\n\tThe home, when *--home* is not "
			    "given. Without both it is "
			    "_proviso_ in *XDG_DATA_HOME*, or in _~/.local/share_.\n\n"
			    "*PROVISO_PASSPHRASE_FILE*\n\tA file with the passphrase of the "
			    "officer's key, where nobody can be asked.\n\n"
			    "*PROVISO_PASSPHRASES*\n\tA folder with such a file for each key, by "
			    "the key's name.\n\n"
			    "*NO_COLOR*\n\tWhen it is set and not empty there is no colour.\n\n");
	man_exits(out);
	pv_buf_add_str(out, "# SEE ALSO\n\nThe pages of the commands, *proviso-*_COMMAND_(1).\n");
}

/* ---- bash ---- */

static void
bash_options(struct pv_buf *out, const struct pv_opt *options)
{
	for (const struct pv_opt *o = options; o != NULL && o->name != NULL; o++)
		pv_buf_addf(out, " --%s", o->name);
}

/* What may follow an option, by the kind of its value. */
static void
bash_value(struct pv_buf *out, const struct pv_opt *o)
{
	if (o->arg == NULL)
		return;
	if (o->words != NULL)
		pv_buf_addf(out, "\t*' --%s') words='%s';;\n", o->name, o->words);
	else if (strcmp(o->arg, "DIR") == 0)
		pv_buf_addf(out, "\t*' --%s') kind=dir;;\n", o->name);
	else if (strstr(o->arg, "FILE") != NULL || strstr(o->arg, "PATH") != NULL)
		pv_buf_addf(out, "\t*' --%s') kind=file;;\n", o->name);
	else
		pv_buf_addf(out, "\t*' --%s') kind=none;;\n", o->name);
}

/* "PATTERN" once for each: the same option means the same in all commands that have it. */
static bool
seen_before(const struct pv_opt *o, size_t command)
{
	for (size_t i = 0; i < command; i++)
		for (const struct pv_opt *p = pv_commands[i]->options; p != NULL && p->name != NULL;
		     p++)
			if (strcmp(p->name, o->name) == 0)
				return true;
	return false;
}

/* "order" of "order suspend"; empty when an earlier command began with it, so that each word comes once. */
static struct pv_slice
new_first_word(size_t command)
{
	struct pv_slice name = pv_slice_of(pv_commands[command]->name), word = PV_NO_SLICE;

	pv_slice_next(&name, ' ', &word);
	for (size_t i = 0; i < command; i++)
		if (pv_slice_is(word, pv_commands[i]->name) || pv_in_family(pv_commands[i], word))
			return PV_NO_SLICE;
	return word;
}

static void
bash_first_words(struct pv_buf *out)
{
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		struct pv_slice word = new_first_word(i);

		if (word.n != 0)
			pv_buf_addf(out, "%s%.*s", i == 0 ? "" : " ", PV_FMT(word));
	}
}

static void
bash_families(struct pv_buf *out)
{
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		struct pv_slice word = new_first_word(i);

		if (word.n == 0 || strchr(pv_commands[i]->name, ' ') == NULL)
			continue;
		pv_buf_addf(out, "\t%.*s) words='", PV_FMT(word));
		for (size_t j = 0; pv_commands[j] != NULL; j++)
			if (pv_in_family(pv_commands[j], word))
				pv_buf_addf(out, "%s ", pv_commands[j]->name + word.n + 1);
		pv_buf_add_str(out, "';;\n");
	}
}

static void
bash_commands(struct pv_buf *out)
{
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		const struct pv_cmd *c = pv_commands[i];

		pv_buf_addf(out, "\t'%s') options='", c->name);
		bash_options(out, c->options);
		pv_buf_add_str(out, "'");
		if (c->args != NULL &&
		    (strcmp(c->args, "file") == 0 || strcmp(c->args, "dir") == 0))
			pv_buf_addf(out, " kind=%s", c->args);
		else if (c->args != NULL)
			pv_buf_addf(out, " words='%s'", c->args);
		pv_buf_add_str(out, ";;\n");
	}
}

void
pv_completion_bash(struct pv_buf *out)
{
	pv_buf_add_str(out,
	    "# SPDX-License-Identifier: Apache-2.0\n# made by: proviso completion "
	    "bash\n_proviso()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} first= second= options= words= kind= i w\n"
	    "\tCOMPREPLY=()\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\tw=${COMP_WORDS[i]}\n"
	    "\t\tcase $w in --home|--color) i=$((i + 1)); continue;; -*) continue;; esac\n"
	    "\t\tif [[ -z $first ]]; then first=$w; elif [[ -z $second ]]; then second=$w; fi\n"
	    "\tdone\n"
	    "\tcase \" ${COMP_WORDS[COMP_CWORD - 1]}\" in\n");
	for (const struct pv_opt *o = pv_global_options; o->name != NULL; o++)
		bash_value(out, o);
	for (size_t i = 0; pv_commands[i] != NULL; i++)
		for (const struct pv_opt *o = pv_commands[i]->options; o != NULL && o->name != NULL;
		     o++)
			if (!seen_before(o, i))
				bash_value(out, o);
	pv_buf_add_str(out, "\t' -o') kind=file;;\n\tesac\n"
			    "\tif [[ -z $words && -z $kind ]]; then\n"
			    "\tcase $first in\n\t'') words='");
	bash_first_words(out);
	pv_buf_add_str(
	    out, "';;\n\tesac\n\tif [[ -n $first && -z $second ]]; then case $first in\n");
	bash_families(out);
	pv_buf_add_str(out, "\tesac; fi\n\tcase \"$first${second:+ $second}\" in\n");
	bash_commands(out);
	/* one-word commands with words behind them */
	pv_buf_add_str(out, "\t*) case $first in\n");
	for (size_t i = 0; pv_commands[i] != NULL; i++) {
		const struct pv_cmd *c = pv_commands[i];

		if (strchr(c->name, ' ') != NULL)
			continue;
		pv_buf_addf(out, "\t\t'%s') options='", c->name);
		bash_options(out, c->options);
		pv_buf_addf(out, "'%s;;\n",
		    c->args != NULL && strcmp(c->args, "file") == 0  ? " kind=file"
		    : c->args != NULL && strcmp(c->args, "dir") == 0 ? " kind=dir"
								     : "");
	}
	pv_buf_add_str(
	    out, "\t\tesac;;\n\tesac\n\tif [[ $cur == -* ]]; then kind= words=\"$options");
	bash_options(out, pv_global_options);
	pv_buf_add_str(out,
	    "\"; fi\n\tfi\n"
	    "\tcase $kind in\n"
	    "\tfile) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\");;\n"
	    "\tdir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\");;\n"
	    "\tnone) ;;\n"
	    "\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\");;\n"
	    "\tesac\n}\ncomplete -F _proviso proviso\n");
}
