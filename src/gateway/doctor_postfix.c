/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.cf (postconf(5)): "name = value", lines that begin with a blank go on,
 * $name is another value. master.cf (master(5)): services, with their own values
 * behind -o. Each smtpd is looked at with what holds for it.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "gateway/doctor.h"

#define WORDS_MAX 256
#define DEEP_MAX  10
#define SLOW_S    30
#define VALUE_MAX 65536
#define NAMES_MAX 10000 /* expanded in one value: names of names grow without end */

struct setting {
	struct pv_slice name, value;
	unsigned line;
};

struct service {
	struct pv_slice name, command;
	unsigned line;
	PV_VEC(struct setting) own;
};

struct mail {
	struct pv_traps *f;
	struct pv_arena *a;
	struct pv_slice main_file, master_file;
	PV_VEC(struct setting) main;
	struct pv_map *names; /* the last of a name wins */
	PV_VEC(struct service) services;
	unsigned expanded;
};

struct words {
	struct pv_slice at[WORDS_MAX];
	size_t n;
};

/* ---- reading ---- */

struct lines {
	struct pv_slice rest;
	unsigned line;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A line and those that go on with it, comments and empty lines left out; *line: where it begins. */
static bool
next_logical(struct lines *l, struct pv_arena *a, struct pv_slice *out, unsigned *line)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice one;

	while (l->rest.n != 0) {
		struct lines before = *l;

		l->line++;
		if (!pv_slice_next(&l->rest, '\n', &one))
			break;
		if (pv_slice_trim(one).n == 0 || pv_slice_trim(one).p[0] == '#')
			continue;
		if (b.n != 0 && !is_blank(one.p[0])) {
			*l = before;
			break;
		}
		if (b.n == 0)
			*line = l->line;
		else
			pv_buf_add_c(&b, ' ');
		pv_buf_add(&b, pv_slice_trim(one));
	}
	*out = pv_arena_copy(a, pv_buf_slice(&b));
	return b.n != 0;
}

/* "name = value" */
static bool
split_setting(struct pv_slice text, struct setting *out)
{
	struct pv_slice value = text;

	if (memchr(text.n != 0 ? text.p : "", '=', text.n) == NULL)
		return false;
	pv_slice_next(&value, '=', &out->name);
	out->name = pv_slice_trim(out->name);
	out->value = pv_slice_trim(value);
	return out->name.n != 0;
}

/* Words are parted by blanks and, in lists, by commas; { } keep theirs together. */
static bool
next_word(struct pv_slice *rest, bool commas, struct pv_slice *out)
{
	size_t n = 0, depth = 0;

	while (rest->n != 0 && (is_blank(rest->p[0]) || (commas && rest->p[0] == ',')))
		*rest = pv_slice_sub(*rest, 1, rest->n);
	for (; n < rest->n; n++) {
		char c = rest->p[n];

		if (c == '{')
			depth++;
		else if (c == '}' && depth > 0)
			depth--;
		else if (depth == 0 && (is_blank(c) || (commas && c == ',')))
			break;
	}
	*out = pv_slice_sub(*rest, 0, n);
	*rest = pv_slice_sub(*rest, n, rest->n);
	return out->n != 0;
}

static struct pv_slice
without_braces(struct pv_slice s)
{
	if (s.n >= 2 && s.p[0] == '{' && s.p[s.n - 1] == '}')
		return pv_slice_trim(pv_slice_sub(s, 1, s.n - 1));
	return s;
}

static PV_RESULT
read_main(struct mail *m, struct pv_slice text, struct pv_err *e)
{
	struct lines l = { .rest = text };
	struct pv_slice line;
	struct setting s = { 0 };

	while (next_logical(&l, m->a, &line, &s.line)) {
		if (!split_setting(line, &s)) {
			struct pv_status st = PV_FAIL(e, PV_E_INPUT,
			    "\"%.60s\" is no \"name = value\"", pv_arena_str(m->a, line));

			e->line = s.line;
			snprintf(e->source, sizeof(e->source), "%.*s", PV_FMT(m->main_file));
			return st;
		}
		pv_map_set(m->names, s.name, (uint32_t)m->main.n);
		*PV_VEC_ADD(&m->main) = s;
	}
	return PV_DONE;
}

/* name type private unpriv chroot wakeup maxproc command -o name=value ... */
static void
read_service(struct mail *m, struct pv_slice line, unsigned at)
{
	struct service s = { .line = at };
	struct pv_slice word;

	for (size_t i = 0; i < 8; i++) {
		if (!next_word(&line, false, &word))
			return;
		if (i == 0)
			s.name = word;
		if (i == 7)
			s.command = word;
	}
	while (next_word(&line, false, &word)) {
		struct setting own = { .line = at };

		if (!pv_slice_starts(word, PV_SLICE("-o")))
			continue;
		word = pv_slice_sub(word, 2, word.n);
		if (word.n == 0 && !next_word(&line, false, &word))
			break;
		if (split_setting(without_braces(word), &own))
			*PV_VEC_ADD(&s.own) = own;
	}
	*PV_VEC_ADD(&m->services) = s;
}

static void
read_master(struct mail *m, struct pv_slice text)
{
	struct lines l = { .rest = text };
	struct pv_slice line;
	unsigned at = 0;

	while (next_logical(&l, m->a, &line, &at))
		read_service(m, line, at);
}

/* ---- what holds ---- */

static const struct setting *
setting_of(const struct mail *m, const struct service *s, const char *name)
{
	uint32_t i;

	for (size_t k = s != NULL ? s->own.n : 0; k-- > 0;)
		if (pv_slice_is(s->own.at[k].name, name))
			return &s->own.at[k];
	i = pv_map_get(m->names, pv_slice_of(name));
	return i != PV_MAP_NONE ? &m->main.at[i] : NULL;
}

static void expand(struct mail *m, const struct service *s, struct pv_slice value,
    struct pv_buf *out, unsigned depth);

/* What stands behind '$': name, ${name}, $(name); "${name?text}" counts as text of its own and is left out. */
static size_t
expand_name(struct mail *m, const struct service *s, struct pv_slice rest, struct pv_buf *out,
    unsigned depth)
{
	bool braces = rest.n != 0 && (rest.p[0] == '{' || rest.p[0] == '(');
	size_t from = braces ? 1 : 0, n = from;
	const struct setting *found;

	while (n < rest.n &&
	       ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || (rest.p[n] >= 'A' && rest.p[n] <= 'Z') ||
		   (rest.p[n] >= '0' && rest.p[n] <= '9') || rest.p[n] == '_'))
		n++;
	if (n > from && m->expanded++ < NAMES_MAX) {
		found = setting_of(m, s, pv_arena_str(m->a, pv_slice_sub(rest, from, n)));
		if (found != NULL)
			expand(m, s, found->value, out, depth + 1);
	}
	if (braces)
		while (n < rest.n && rest.p[n++] != (rest.p[0] == '{' ? '}' : ')')) {
		}
	return n;
}

static void
expand(struct mail *m, const struct service *s, struct pv_slice value, struct pv_buf *out,
    unsigned depth)
{
	for (size_t i = 0; i < value.n && depth < DEEP_MAX && out->n < VALUE_MAX; i++) {
		if (value.p[i] != '$') {
			pv_buf_add_c(out, value.p[i]);
		} else if (i + 1 < value.n && value.p[i + 1] == '$') {
			pv_buf_add_c(out, '$');
			i++;
		} else {
			i += expand_name(m, s, pv_slice_sub(value, i + 1, value.n), out, depth);
		}
	}
}

static struct pv_slice
value_of(struct mail *m, const struct service *s, const char *name)
{
	const struct setting *found = setting_of(m, s, name);
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	if (found == NULL)
		return PV_NO_SLICE;
	m->expanded = 0;
	expand(m, s, found->value, &b, 0);
	return pv_slice_trim(pv_arena_copy(m->a, pv_buf_slice(&b)));
}

static void
words_of(struct pv_slice value, struct words *out)
{
	out->n = 0;
	while (out->n < WORDS_MAX && next_word(&value, true, &out->at[out->n]))
		out->n++;
}

/* ---- saying ---- */

static void
say(struct mail *m, enum pv_grave grave, const struct service *s, const char *name, const char *fix,
    struct pv_slice what)
{
	const struct setting *found = name != NULL ? setting_of(m, s, name) : NULL;
	bool own =
	    s != NULL && (found == NULL || (found >= s->own.at && found < s->own.at + s->own.n));

	if (s != NULL)
		what = pv_arena_printf(m->a, "%.*s: %.*s", PV_FMT(s->name), PV_FMT(what));
	pv_traps_add(m->f, grave, own ? m->master_file : m->main_file,
	    found != NULL ? found->line
	    : own         ? s->line
			  : 0,
	    what, fix);
}

/* ---- the check at RCPT ---- */

/* A list in which nothing stands between a client and OK. */
static bool
lets_past(struct pv_slice word)
{
	static const char *const names[] = { "permit", "permit_mynetworks",
		"permit_sasl_authenticated", "permit_auth_destination", "permit_mx_backup",
		"permit_inet_interfaces", "permit_naked_ip_address", "permit_tls_clientcerts",
		"permit_tls_all_clientcerts", "permit_dnswl_client", "permit_rhswl_client" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pv_slice_is(word, names[i]))
			return true;
	return false;
}

static bool
is_access(struct pv_slice word)
{
	static const struct pv_slice end = { "_access", 7 };

	return pv_slice_starts(word, PV_SLICE("check_")) && word.n > end.n &&
	       pv_slice_eq(pv_slice_sub(word, word.n - end.n, word.n), end);
}

/* "inet:127.0.0.1:10041" of the check; the settings' "127.0.0.1:10041" or "unix:/path" is the same place. */
static bool
same_place(struct pv_slice asked, struct pv_slice ours)
{
	if (ours.n == 0)
		return true;
	if (pv_slice_starts(asked, PV_SLICE("inet:")))
		asked = pv_slice_sub(asked, 5, asked.n);
	return pv_slice_eq(asked, ours);
}

/* The server of "check_policy_service X" or "... { X, a=b, ... }", and the check's own setting. */
static struct pv_slice
server_of(struct pv_slice argument, const char *name, struct pv_slice *value)
{
	struct pv_slice rest = without_braces(argument), word, server = PV_NO_SLICE;
	struct setting s;

	*value = PV_NO_SLICE;
	while (next_word(&rest, true, &word)) {
		if (server.n == 0)
			server = word;
		else if (split_setting(without_braces(word), &s) && pv_slice_is(s.name, name))
			*value = s.value;
		/* "default_action=451 4.3.5 ..." in blanks: the first word is all that is looked at */
	}
	return server;
}

/* The place of our check in the list; n: it is not there. */
static size_t
find_check(const struct mail *m, const struct words *w)
{
	struct pv_slice ignored;

	for (size_t i = 0; i + 1 < w->n; i++)
		if (pv_slice_is(w->at[i], "check_policy_service") &&
		    same_place(server_of(w->at[i + 1], "timeout", &ignored), m->f->policy))
			return i;
	return w->n;
}

static bool
passes(struct pv_slice action)
{
	static const char *const names[] = { "dunno", "ok", "permit", "permit_auth_destination" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (action.n >= strlen(names[i]) &&
		    strncasecmp(action.p, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* "10s", "2m", "100": seconds. */
static uint64_t
seconds_of(struct pv_slice text)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && n < 100000000; i++)
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	text = pv_slice_sub(text, i, text.n);
	return n * (pv_slice_is(text, "m")      ? 60
		       : pv_slice_is(text, "h") ? 3600
		       : pv_slice_is(text, "d") ? 86400
						: 1);
}

static void
look_at_check(
    struct mail *m, const struct service *s, const char *list, const struct words *w, size_t at)
{
	struct pv_slice action, timeout;

	m->f->doors++;
	server_of(w->at[at + 1], "default_action", &action);
	server_of(w->at[at + 1], "timeout", &timeout);
	if (action.n == 0)
		action = value_of(m, s, "smtpd_policy_service_default_action");
	if (passes(action))
		say(m, PV_GRAVE_OPENS, s, list, "leave the default action out, or 451",
		    pv_arena_printf(m->a, "without an answer the check says %.*s", PV_FMT(action)));
	if (timeout.n == 0)
		timeout = value_of(m, s, "smtpd_policy_service_timeout");
	if (timeout.n == 0 || seconds_of(timeout) > SLOW_S)
		say(m, PV_GRAVE_SLOW, s, list, "smtpd_policy_service_timeout = 10s",
		    pv_arena_printf(m->a, "the check waits %.*s for an answer",
			PV_FMT(timeout.n != 0 ? timeout : PV_SLICE("100s"))));
	if (at > 0 && pv_slice_is(w->at[at - 1], "warn_if_reject"))
		say(m, PV_GRAVE_OPENS, s, list, "leave warn_if_reject out",
		    PV_SLICE("a refusal of the check is only logged"));
	for (size_t i = 0; i < at; i++)
		if (lets_past(w->at[i]) || is_access(w->at[i]))
			say(m, PV_GRAVE_OPENS, s, list, "the check stands first",
			    pv_arena_printf(m->a, "%.*s stands before the check%s",
				PV_FMT(w->at[i]),
				is_access(w->at[i]) ? ": an OK of its table ends the list" : ""));
}

/* Lists that are looked at when the recipient is known; the first two always, the others with smtpd_delay_reject. */
static void
look_at_smtpd(struct mail *m, const struct service *s)
{
	static const char *const lists[] = { "smtpd_recipient_restrictions",
		"smtpd_relay_restrictions", "smtpd_client_restrictions", "smtpd_helo_restrictions",
		"smtpd_sender_restrictions" };
	static const char *const late[] = { "smtpd_data_restrictions",
		"smtpd_end_of_data_restrictions" };
	bool early = pv_slice_is(value_of(m, s, "smtpd_delay_reject"), "no");
	struct words w;
	size_t at;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		words_of(value_of(m, s, lists[i]), &w);
		at = find_check(m, &w);
		if (at == w.n)
			continue;
		look_at_check(m, s, lists[i], &w, at);
		if (i > 1 && early)
			say(m, PV_GRAVE_OPENS, s, lists[i], "smtpd_recipient_restrictions",
			    PV_SLICE("the check is asked before the recipient is known"));
		return;
	}
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		words_of(value_of(m, s, late[i]), &w);
		if (find_check(m, &w) == w.n)
			continue;
		say(m, PV_GRAVE_OPENS, s, late[i], "smtpd_recipient_restrictions",
		    PV_SLICE("the check is asked when the recipients are not told to it"));
		return;
	}
	say(m, PV_GRAVE_OPENS, s, lists[0],
	    "check_policy_service first in smtpd_recipient_restrictions",
	    PV_SLICE("nothing is asked at RCPT"));
}

/* ---- delivery ---- */

/* "socketmap:inet:127.0.0.1:10042:transport", also by proxy:. */
static bool
is_ours(const struct mail *m, struct pv_slice map)
{
	size_t end;

	if (pv_slice_starts(map, PV_SLICE("proxy:")))
		map = pv_slice_sub(map, 6, map.n);
	if (!pv_slice_starts(map, PV_SLICE("socketmap:")))
		return false;
	map = pv_slice_sub(map, 10, map.n);
	for (end = map.n; end > 0 && map.p[end - 1] != ':';)
		end--;
	return end > 1 && same_place(pv_slice_sub(map, 0, end - 1), m->f->lookup);
}

static void
look_at_delivery(struct mail *m, const struct service *rewrite)
{
	struct words w;
	size_t at = 0;

	words_of(value_of(m, rewrite, "transport_maps"), &w);
	while (at < w.n && !is_ours(m, w.at[at]))
		at++;
	if (at == w.n) {
		say(m, PV_GRAVE_OPENS, rewrite, "transport_maps",
		    "transport_maps = socketmap:inet:127.0.0.1:10042:transport",
		    PV_SLICE("nothing is asked at delivery: aliases, forwards and the queue pass"));
		return;
	}
	m->f->doors++;
	for (size_t i = 0; i < at; i++)
		say(m, PV_GRAVE_OPENS, rewrite, "transport_maps", "ours alone, or first",
		    pv_arena_printf(m->a, "%.*s stands before our look-up: what it finds passes",
			PV_FMT(w.at[i])));
}

/* What a filter takes comes back, when an smtpd takes it without the filter. */
static bool
comes_back(const struct mail *m)
{
	for (size_t i = 0; i < m->services.n; i++)
		for (size_t k = 0; k < m->services.at[i].own.n; k++)
			if (pv_slice_is(m->services.at[i].own.at[k].name, "content_filter") &&
			    m->services.at[i].own.at[k].value.n == 0)
				return true;
	return false;
}

static void
look_at_filter(struct mail *m, const struct service *s)
{
	struct pv_slice filter = value_of(m, s, "content_filter");

	if (filter.n != 0 && !comes_back(m))
		say(m, PV_GRAVE_OPENS, s, "content_filter",
		    "let it give mail back to an smtpd of this Postfix with -o content_filter=",
		    pv_arena_printf(
			m->a, "content_filter %.*s takes mail past the look-up", PV_FMT(filter)));
}

static bool
has_own(const struct service *s, const char *name)
{
	for (size_t i = 0; i < s->own.n; i++)
		if (pv_slice_is(s->own.at[i].name, name))
			return true;
	return false;
}

static bool
is_command(const struct service *s, const char *name)
{
	struct pv_slice c = s->command;

	for (size_t i = c.n; i > 0; i--)
		if (c.p[i - 1] == '/')
			return pv_slice_is(pv_slice_sub(c, i, c.n), name);
	return pv_slice_is(c, name);
}

static void
look(struct mail *m)
{
	const struct service *rewrite = NULL;
	bool any = false;

	for (size_t i = 0; i < m->services.n; i++) {
		const struct service *s = &m->services.at[i];

		if (is_command(s, "trivial-rewrite"))
			rewrite = s;
		if (!is_command(s, "smtpd"))
			continue;
		any = true;
		look_at_smtpd(m, s);
		if (has_own(s, "content_filter"))
			look_at_filter(m, s);
	}
	if (!any)
		look_at_smtpd(m, NULL);
	look_at_filter(m, NULL);
	look_at_delivery(m, rewrite);
}

static void
mail_free(struct mail *m)
{
	for (size_t i = 0; i < m->services.n; i++)
		PV_VEC_FREE(&m->services.at[i].own);
	PV_VEC_FREE(&m->services);
	PV_VEC_FREE(&m->main);
	pv_map_free(m->names);
}

PV_RESULT
pv_doctor_postfix_text(struct pv_traps *f, struct pv_slice main_cf, struct pv_slice master_cf,
    const char *folder, struct pv_err *e)
{
	struct mail m = { .f = f,
		.a = f->a,
		.main_file = pv_arena_printf(f->a, "%s/main.cf", folder),
		.master_file = pv_arena_printf(f->a, "%s/master.cf", folder) };
	struct pv_status st;

	m.names = pv_map_new(64);
	st = read_main(&m, main_cf, e);
	if (pv_ok(st)) {
		read_master(&m, master_cf);
		look(&m);
	}
	mail_free(&m);
	return st;
}

PV_RESULT
pv_doctor_postfix(struct pv_traps *f, const char *folder, struct pv_err *e)
{
	struct pv_slice main_cf, master_cf;

	PV_TRY(pv_doctor_read(f->a, pv_arena_printf(f->a, "%s/main.cf", folder).p, &main_cf, e));
	PV_TRY(
	    pv_doctor_read(f->a, pv_arena_printf(f->a, "%s/master.cf", folder).p, &master_cf, e));
	return pv_doctor_postfix_text(f, main_cf, master_cf, folder, e);
}
