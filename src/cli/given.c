/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/given.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/rfc3339.h"

typedef PV_VEC(struct pv_slice) slices;

/* ---- names ---- */

PV_RESULT
pv_check_name(struct pv_slice name, const char *option, struct pv_err *e)
{
	if (pv_name_ok(name))
		return PV_DONE;
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT, "--%s: \"%.*s\" is not a dotted name", option, PV_FMT(name)), e,
	    "Names are small letters, digits and dashes, joined by dots, as us.coast-guard.");
}

static PV_RESULT
split_names(struct pv_run *r, const char *option, bool dotted, slices *out, struct pv_err *e)
{
	for (size_t i = 0; i < pv_option_count(r, option); i++) {
		struct pv_slice rest = pv_slice_of(pv_option_at(r, option, i)), name;

		while (pv_slice_next(&rest, ',', &name)) {
			name = pv_slice_trim(name);
			if (dotted)
				PV_TRY(pv_check_name(name, option, e));
			*PV_VEC_ADD(out) = name;
		}
	}
	return PV_DONE;
}

static PV_RESULT
names_of(struct pv_run *r, const char *option, bool dotted, struct pv_names *out, struct pv_err *e)
{
	slices list = { 0 };
	struct pv_status st = split_names(r, option, dotted, &list, e);
	struct pv_slice *at = pv_arena_alloc_n(r->arena, list.n, sizeof(*at));

	if (list.n != 0)
		memcpy(at, list.at, list.n * sizeof(*at));
	*out = (struct pv_names){ at, list.n };
	PV_VEC_FREE(&list);
	return st;
}

PV_RESULT
pv_given_names(struct pv_run *r, const char *option, struct pv_names *out, struct pv_err *e)
{
	return names_of(r, option, false, out, e);
}

PV_RESULT
pv_given_dotted(struct pv_run *r, const char *option, struct pv_names *out, struct pv_err *e)
{
	return names_of(r, option, true, out, e);
}

PV_RESULT
pv_given_name(struct pv_run *r, const char *option, struct pv_slice *out, struct pv_err *e)
{
	*out = pv_option_slice(r, option);
	return out->p == NULL ? PV_DONE : pv_check_name(*out, option, e);
}

PV_RESULT
pv_given_word(struct pv_run *r, const char *option, const struct pv_word *list, unsigned *out,
    struct pv_err *e)
{
	struct pv_slice word = pv_option_slice(r, option);
	const struct pv_word *w;

	if (word.p == NULL)
		return PV_DONE;
	w = pv_word_find(list, word);
	if (w == NULL)
		return PV_USAGE(r, e, "--%s: \"%.*s\" is none of its words", option, PV_FMT(word));
	*out = w->value;
	return PV_DONE;
}

PV_RESULT
pv_given_roles(struct pv_run *r, unsigned *out, struct pv_err *e)
{
	struct pv_names roles;

	*out = 0;
	PV_TRY(pv_given_names(r, "role", &roles, e));
	for (size_t i = 0; i < roles.n; i++) {
		const struct pv_word *w = pv_word_find(pv_role_words, roles.at[i]);

		if (w == NULL)
			return PV_USAGE(r, e,
			    "--role: \"%.*s\" is none of analyst, officer, overseer, operator",
			    PV_FMT(roles.at[i]));
		*out |= w->value;
	}
	return PV_DONE;
}

/* ---- texts ---- */

static PV_RESULT
read_text(struct pv_run *r, const char *option, struct pv_slice value, struct pv_slice *out,
    struct pv_err *e)
{
	const char *path = pv_arena_str(r->arena, value), *name;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct stat st;

	if (value.n != 0 && value.p[0] == '@') {
		*out = pv_slice_sub(value, 1, value.n);
		return PV_DONE;
	}
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		PV_TRY(pv_input_read(r, path, &text, &name, e));
		*out = pv_arena_copy(r->arena, pv_slice_trim(pv_buf_slice(&text)));
		return PV_DONE;
	}
	if (value.n != 0 && memchr(value.p, ' ', value.n) == NULL)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "--%s: there is no file \"%.*s\"", option,
				     PV_FMT(value)),
		    e, "It is LANG=FILE, or LANG=@TEXT for a text as it stands.");
	*out = value;
	return PV_DONE;
}

/* Splits LANG=...; the text is what is behind, as it stands. */
static PV_RESULT
read_lang(const char *option, const char *value, struct pv_text *out, struct pv_err *e)
{
	struct pv_slice rest = pv_slice_of(value);

	if (memchr(rest.p, '=', rest.n) == NULL || !pv_slice_next(&rest, '=', &out->lang) ||
	    out->lang.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "--%s: \"%s\" does not say its language, as en=TEXT",
		    option, value);
	out->text = rest;
	return PV_DONE;
}

PV_RESULT
pv_given_labels(struct pv_run *r, const char *option, struct pv_texts *out, struct pv_err *e)
{
	size_t n = pv_option_count(r, option);
	struct pv_text *at = pv_arena_alloc_n(r->arena, n, sizeof(*at));

	for (size_t i = 0; i < n; i++)
		PV_TRY(read_lang(option, pv_option_at(r, option, i), &at[i], e));
	*out = (struct pv_texts){ at, n };
	return PV_DONE;
}

PV_RESULT
pv_given_texts(struct pv_run *r, const char *option, struct pv_texts *out, struct pv_err *e)
{
	size_t n = pv_option_count(r, option);
	struct pv_text *at = pv_arena_alloc_n(r->arena, n, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		PV_TRY(read_lang(option, pv_option_at(r, option, i), &at[i], e));
		PV_TRY(read_text(r, option, at[i].text, &at[i].text, e));
	}
	*out = (struct pv_texts){ at, n };
	return PV_DONE;
}

/* ---- numbers and times ---- */

PV_RESULT
pv_span_read(struct pv_slice text, const char *option, uint64_t *seconds, struct pv_err *e)
{
	static const struct {
		const char *unit;
		uint64_t s;
	} units[] = { { "", 1 }, { "s", 1 }, { "min", 60 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 } };
	size_t digits = 0;
	uint64_t n;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (pv_slice_u64(pv_slice_sub(text, 0, digits), &n))
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (pv_slice_is(pv_slice_sub(text, digits, text.n), units[i].unit) &&
			    n <= PV_TIME_MAX / units[i].s) {
				*seconds = n * units[i].s;
				return PV_DONE;
			}
	return PV_FAIL(e, PV_E_INPUT,
	    "--%s: \"%.*s\" is not a length of time, as 90s, 15min, 72h or 3d", option,
	    PV_FMT(text));
}

PV_RESULT
pv_given_span(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e)
{
	struct pv_slice text = pv_option_slice(r, option);

	return text.p == NULL ? PV_DONE : pv_span_read(text, option, out, e);
}

PV_RESULT
pv_given_time(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e)
{
	struct pv_slice text = pv_option_slice(r, option);
	uint64_t now = r->env.realtime_ms(r->env.ctx) / 1000, span;

	*out = 0;
	if (text.p == NULL)
		return PV_DONE;
	if (pv_slice_is(text, "now")) {
		*out = now;
		return PV_DONE;
	}
	if (text.n != 0 && (text.p[0] == '+' || text.p[0] == '-')) {
		PV_TRY(pv_span_read(pv_slice_sub(text, 1, text.n), option, &span, e));
		*out = text.p[0] == '+' ? now + span : now - (span < now ? span : now);
		return PV_DONE;
	}
	if (!pv_time_read(text, out))
		return PV_FAIL(e, PV_E_INPUT,
		    "--%s: \"%.*s\" is not a time, as 2025-11-11T14:07:02Z, now or +72h", option,
		    PV_FMT(text));
	return PV_DONE;
}

PV_RESULT
pv_given_number(struct pv_run *r, const char *option, uint64_t *out, struct pv_err *e)
{
	struct pv_slice text = pv_option_slice(r, option);

	if (text.p != NULL && !pv_slice_u64(text, out))
		return PV_FAIL(
		    e, PV_E_INPUT, "--%s: \"%.*s\" is not a number", option, PV_FMT(text));
	return PV_DONE;
}

PV_RESULT
pv_given_count(struct pv_run *r, const char *option, struct pv_count *out, struct pv_err *e)
{
	struct pv_slice text = pv_option_slice(r, option), low = text, high = PV_NO_SLICE;
	const char *dots = text.p != NULL ? memmem(text.p, text.n, "..", 2) : NULL;

	if (text.p == NULL)
		return PV_DONE;
	if (dots != NULL) {
		low.n = (size_t)(dots - text.p);
		high = pv_slice_sub(text, low.n + 2, text.n);
	} else {
		high = low;
	}
	out->known = true;
	out->has_max = high.n != 0;
	if (!pv_slice_u64(low, &out->min) || (out->has_max && !pv_slice_u64(high, &out->max)) ||
	    (out->has_max && out->max < out->min))
		return PV_FAIL(e, PV_E_INPUT,
		    "--%s: \"%.*s\" is not a count between bounds, as 3..5, 3.. or 4", option,
		    PV_FMT(text));
	return PV_DONE;
}

static bool
degrees(struct pv_slice text, int64_t limit, int64_t *out)
{
	char copy[32], *end;
	double v;

	text = pv_slice_trim(text);
	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	v = strtod(copy, &end);
	if (*end != '\0' || !(v >= (double)-limit && v <= (double)limit))
		return false;
	*out = (int64_t)(v * 1e7 + (v < 0 ? -0.5 : 0.5));
	return true;
}

PV_RESULT
pv_given_position(struct pv_run *r, const char *option, struct pv_position *out, struct pv_err *e)
{
	struct pv_slice text = pv_option_slice(r, option), rest = text, lat;

	if (text.p == NULL)
		return PV_DONE;
	if (!pv_slice_next(&rest, ',', &lat) || !degrees(lat, 90, &out->lat_e7) ||
	    !degrees(rest, 180, &out->lon_e7))
		return PV_FAIL(e, PV_E_INPUT,
		    "--%s: \"%.*s\" is not LAT,LON in degrees, as 12.5,-71.25", option,
		    PV_FMT(text));
	out->known = true;
	return PV_DONE;
}

/* ---- sources and basis ---- */

PV_RESULT
pv_given_source(struct pv_run *r, uint64_t at, struct pv_source *out, bool *given, struct pv_err *e)
{
	unsigned status = PV_STATED;

	*given = pv_given(r, "source-who");
	if (!*given) {
		if (pv_given(r, "source-status") || pv_given(r, "source-date") ||
		    pv_given(r, "source-url") || pv_given(r, "source-via"))
			return PV_USAGE(r, e, "a source is named by --source-who");
		return PV_DONE;
	}
	out->who = pv_option_slice(r, "source-who");
	PV_TRY(pv_given_names(r, "source-via", &out->via, e));
	PV_TRY(pv_given_word(r, "source-status", pv_claim_words, &status, e));
	out->status = (enum pv_claim)status;
	PV_TRY(pv_given_time(r, "source-date", &out->date, e));
	if (out->date == 0)
		out->date = at;
	out->url = pv_option_slice(r, "source-url");
	return PV_DONE;
}

PV_RESULT
pv_given_cites(struct pv_run *r, struct pv_basis_list *out, struct pv_err *e)
{
	struct pv_names cites;
	struct pv_basis *at;

	PV_TRY(pv_given_names(r, "cites", &cites, e));
	at = pv_arena_alloc_n(r->arena, cites.n, sizeof(*at));
	for (size_t i = 0; i < cites.n; i++)
		at[i].cites = cites.at[i];
	*out = (struct pv_basis_list){ at, cites.n };
	return PV_DONE;
}

PV_RESULT
pv_given_basis(struct pv_run *r, struct pv_basis_list *out, struct pv_err *e)
{
	size_t cites = pv_option_count(r, "cites"), n = 0;
	struct pv_basis *at = pv_arena_alloc_n(r->arena, cites + 1, sizeof(*at));
	struct pv_source source = { 0 };
	bool sourced;

	PV_TRY(pv_given_source(r, r->env.realtime_ms(r->env.ctx) / 1000, &source, &sourced, e));
	for (; n < cites; n++)
		at[n].cites = pv_slice_of(pv_option_at(r, "cites", n));
	if (sourced) {
		at[n].has_source = true;
		at[n++].source = source;
	}
	if (pv_given(r, "note")) {
		if (n == 0)
			return PV_USAGE(r, e,
			    "--note goes with --cites or --source-who: a basis is a record or a "
			    "source");
		at[0].note = pv_option_slice(r, "note");
	}
	*out = (struct pv_basis_list){ at, n };
	return PV_DONE;
}

/* ---- files ---- */

static PV_RESULT
read_all(int fd, const char *name, struct pv_buf *out, struct pv_err *e)
{
	for (;;) {
		char *room = pv_buf_room(out, 65536);
		ssize_t n = read(fd, room, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PV_FAIL(
			    e, PV_E_INPUT, "\"%s\" cannot be read: %s", name, strerror(errno));
		if (n == 0)
			return PV_DONE;
		out->n += (size_t)n;
		if (out->n > PV_INPUT_MAX)
			return PV_FAIL(
			    e, PV_E_LIMIT, "\"%s\" is larger than %u MB", name, PV_INPUT_MAX >> 20);
	}
}

PV_RESULT
pv_input_read(
    struct pv_run *r, const char *path, struct pv_buf *out, const char **name, struct pv_err *e)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct pv_status st;

	*name = standard ? "standard input" : path;
	if (fd < 0)
		return PV_FAIL(e, PV_E_INPUT, "\"%s\" cannot be opened: %s", path, strerror(errno));
	if (standard && isatty(fd))
		pv_note(&r->term, "Reading from the terminal; Ctrl-D ends it.");
	st = read_all(fd, *name, out, e);
	if (!standard)
		close(fd);
	return st;
}

static int
is_record_file(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".json") == 0 || strcmp(dot, ".jsonl") == 0 ||
		   strcmp(dot, ".note") == 0);
}

PV_RESULT
pv_record_files(struct pv_run *r, const char *path, const char ***out, size_t *n, struct pv_err *e)
{
	struct dirent **list;
	struct stat st;
	int found;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		*out = pv_arena_alloc(r->arena, sizeof(**out));
		(*out)[0] = path;
		*n = 1;
		return PV_DONE;
	}
	found = scandir(path, &list, is_record_file, alphasort);
	if (found < 0)
		return PV_FAIL(e, PV_E_INPUT, "\"%s\" cannot be read: %s", path, strerror(errno));
	*n = (size_t)found;
	*out = pv_arena_alloc_n(r->arena, *n, sizeof(**out));
	for (size_t i = 0; i < *n; i++) {
		(*out)[i] = pv_arena_printf(r->arena, "%s/%s", path, list[i]->d_name).p;
		free(list[i]);
	}
	free(list);
	if (*n == 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "there is no .json, .jsonl or .note file in \"%s\"", path);
	return PV_DONE;
}

static PV_RESULT
write_all(int fd, const char *path, struct pv_slice bytes, struct pv_err *e)
{
	while (bytes.n != 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PV_FAIL(
			    e, PV_E_CONFIG, "\"%s\" cannot be written: %s", path, strerror(errno));
		bytes = pv_slice_sub(bytes, (size_t)n, bytes.n);
	}
	if (fsync(fd) != 0 && errno != EINVAL)
		return PV_FAIL(
		    e, PV_E_CONFIG, "\"%s\" cannot be made durable: %s", path, strerror(errno));
	return PV_DONE;
}

PV_RESULT
pv_output_check(const char *path, struct pv_err *e)
{
	struct stat st;

	if (path == NULL || strcmp(path, "-") == 0 || lstat(path, &st) != 0)
		return PV_DONE;
	return PV_FAIL(e, PV_E_INPUT,
	    "\"%s\" is there already, and nothing is written over another file", path);
}

PV_RESULT
pv_output_write(struct pv_run *r, const char *path, struct pv_slice bytes, struct pv_err *e)
{
	struct pv_status st;
	int fd;

	if (path == NULL || strcmp(path, "-") == 0) {
		pv_raw(&r->term, bytes);
		return PV_DONE;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG,
		    "\"%s\" cannot be made: %s", path, strerror(errno));
	st = write_all(fd, path, bytes, e);
	if (close(fd) != 0 && pv_ok(st))
		st = PV_FAIL(e, PV_E_CONFIG, "\"%s\" cannot be written: %s", path, strerror(errno));
	if (!pv_ok(st))
		unlink(path);
	return st;
}
