/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/fail.h"
#include "cli/given.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/signed.h"

#define ERRORS_MAX 200 /* kept; more are only counted */

struct source {
	const char *name;
	struct pv_buf text;
};

/* A record and where it stands, for errors that come from the fold. */
struct placed {
	struct pv_record record;
	struct pv_item item;
	size_t source;
	size_t at; /* its place among all of the log */
};

struct log {
	struct pv_slice origin;
	PV_VEC(struct placed *) records;
	struct pv_state *state;
	struct pv_snapshot *snapshot;
};

struct pv_logs {
	struct pv_arena *arena;
	PV_VEC(struct source) sources;
	PV_VEC(struct log) logs;
	struct pv_origin *origins;
	bool bare;
	size_t read, wrong;
	PV_VEC(struct pv_err) errors;
};

void
pv_logs_free(struct pv_logs *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->logs.n; i++) {
		pv_snapshot_free(l->logs.at[i].snapshot);
		pv_state_free(l->logs.at[i].state);
		PV_VEC_FREE(&l->logs.at[i].records);
	}
	for (size_t i = 0; i < l->sources.n; i++)
		pv_buf_free(&l->sources.at[i].text);
	PV_VEC_FREE(&l->logs);
	PV_VEC_FREE(&l->sources);
	PV_VEC_FREE(&l->errors);
	pv_arena_free(l->arena);
	pv_free(l);
}

void
pv_logs_freep(struct pv_logs **l)
{
	pv_logs_free(*l);
	*l = NULL;
}

static void
note_error(struct pv_logs *l, const struct pv_err *e)
{
	l->wrong++;
	if (l->errors.n < ERRORS_MAX)
		*PV_VEC_ADD(&l->errors) = *e;
}

/* ---- reading ---- */

/* ORIGIN=PATH, unless a file of that whole name is there. */
static const char *
split_origin(const char *value, struct pv_slice *origin)
{
	const char *equals = strchr(value, '=');
	struct stat st;

	*origin = PV_NO_SLICE;
	if (equals == NULL || equals == value || stat(value, &st) == 0)
		return value;
	*origin = (struct pv_slice){ value, (size_t)(equals - value) };
	return equals + 1;
}

static struct log *
log_of(struct pv_logs *l, struct pv_slice origin)
{
	for (size_t i = 0; origin.n != 0 && i < l->logs.n; i++)
		if (pv_slice_eq(l->logs.at[i].origin, origin))
			return &l->logs.at[i];
	*PV_VEC_ADD(&l->logs) = (struct log){ .origin = origin };
	return &l->logs.at[l->logs.n - 1];
}

static PV_RESULT
read_record(struct pv_logs *l, struct pv_file *f, struct placed *p, struct pv_err *e)
{
	struct pv_status st;

	if (l->bare || p->item.signatures.n != 0)
		return pv_file_record(
		    f, &p->item, &p->record, l->bare ? PV_READ_BARE : 0, l->arena, e);
	st = pv_advise(PV_FAIL(e, PV_E_INPUT, "this record is not signed"), e,
	    "To try policies that are not signed: --unsigned");
	e->line = p->item.line;
	e->col = p->item.col;
	return pv_from(st, e, f->source);
}

/* All that can be read; what is wrong is noted, and the rest goes on. */
static void
read_records(struct pv_logs *l, struct log *log, size_t source, struct pv_file *f)
{
	struct pv_err e;
	bool more = true;

	while (!f->broken) {
		struct placed *p = PV_ARENA_NEW(l->arena, struct placed);
		struct pv_status st = pv_file_next(f, &p->item, &more, l->arena, &e);

		if (pv_ok(st) && !more)
			return;
		l->read++;
		if (!pv_ok(st) || !pv_ok(read_record(l, f, p, &e))) {
			note_error(l, &e);
			continue;
		}
		p->source = source;
		p->at = log->records.n;
		*PV_VEC_ADD(&log->records) = p;
	}
}

static PV_RESULT
read_file(struct pv_run *r, struct pv_logs *l, struct log *log, const char *path, struct pv_err *e)
{
	size_t at = l->sources.n;
	struct pv_file f;

	*PV_VEC_ADD(&l->sources) = (struct source){ .name = path };
	PV_TRY(pv_input_read(r, path, &l->sources.at[at].text, &l->sources.at[at].name, e));
	PV_TRY(pv_file_open(&f, pv_buf_slice(&l->sources.at[at].text), l->sources.at[at].name, e));
	read_records(l, log, at, &f);
	pv_file_close(&f);
	return PV_DONE;
}

static PV_RESULT
read_path(struct pv_run *r, struct pv_logs *l, const char *value, struct pv_err *e)
{
	struct pv_slice origin;
	const char *path = split_origin(value, &origin);
	const char **files;
	size_t n;

	PV_TRY(pv_record_files(r, path, &files, &n, e));
	for (size_t i = 0; i < n; i++)
		PV_TRY(read_file(r, l,
		    i == 0 || origin.n != 0 ? log_of(l, origin) : &l->logs.at[l->logs.n - 1],
		    files[i], e));
	return PV_DONE;
}

/* ---- folding ---- */

static int
by_time(const void *a, const void *b)
{
	const struct placed *x = *(struct placed *const *)a, *y = *(struct placed *const *)b;

	if (x->record.time != y->record.time)
		return x->record.time < y->record.time ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The signatures that are good, of a record in a signed file. */
static PV_RESULT
check_signed(struct pv_logs *l, const struct log *log, const struct placed *p, struct pv_act *act,
    struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };

	pv_item_write(&note, p->record.line, p->item.signatures);
	return pv_signed_verify(log->state, &p->record,
	    pv_arena_copy(l->arena, pv_buf_slice(&note)), l->arena, &act->signers,
	    &act->signer_count, e);
}

/* since: the record's own time, but never before what stands before it in the log. */
static PV_RESULT
apply(
    struct pv_logs *l, struct log *log, const struct placed *p, uint64_t *newest, struct pv_err *e)
{
	struct pv_act act = { .record = &p->record };
	enum pv_applied applied;

	if (p->record.time > *newest)
		*newest = p->record.time;
	act.since = *newest;
	if (!l->bare)
		PV_TRY(check_signed(l, log, p, &act, e));
	return pv_state_apply(log->state, &act, &applied, e);
}

/* The log's name, when the command line gives none: what its genesis, or else its first record, says. */
static struct pv_slice
origin_of(const struct log *log)
{
	const struct pv_record *first = log->records.n != 0 ? &log->records.at[0]->record : NULL;

	if (log->origin.n != 0 || first == NULL)
		return log->origin;
	return first->kind == PV_GENESIS ? first->genesis.origin : first->log;
}

/* "to" of a-0114 is "a-0114: to": people look for records by their ids. */
static void
name_record(const struct pv_record *record, struct pv_err *e)
{
	char field[sizeof(e->field)];

	memcpy(field, e->field, sizeof(field));
	snprintf(e->field, sizeof(e->field), "%.*s%s%.*s",
	    (int)(record->id.n < 100 ? record->id.n : 100), record->id.p,
	    field[0] != '\0' ? ": " : "", 90, field);
}

static void
fold(struct pv_logs *l, struct log *log)
{
	uint64_t newest = 0;
	struct pv_err e;

	if (l->bare && log->records.n != 0)
		qsort(log->records.at, log->records.n, sizeof(*log->records.at), by_time);
	log->origin = origin_of(log);
	log->state = pv_state_new(log->origin, l->bare);
	for (size_t i = 0; i < log->records.n; i++) {
		const struct placed *p = log->records.at[i];

		if (pv_ok(apply(l, log, p, &newest, &e)))
			continue;
		pv_item_place(&p->item, l->sources.at[p->source].name, &e);
		name_record(&p->record, &e);
		note_error(l, &e);
	}
}

/* ---- all together ---- */

static int
tell_wrong(struct pv_run *r, struct pv_logs *l)
{
	const char *last =
	    pv_arena_printf(r->arena, "Nothing was decided: %s good, %s not, %s in all.",
		pv_show_n(r->arena, l->read > l->wrong ? l->read - l->wrong : 0, "record is",
		    "records are"),
		pv_show_n(r->arena, l->wrong, "is", "are"), pv_show_count(r->arena, l->read))
		.p;
	struct pv_slice text = PV_NO_SLICE;

	for (size_t i = 0; i < l->sources.n; i++)
		if (strncmp(l->sources.at[i].name, l->errors.at[0].source,
			sizeof(l->errors.at[0].source) - 1) == 0)
			text = pv_buf_slice(&l->sources.at[i].text);
	for (size_t i = 1; i < l->errors.n; i++)
		if (strcmp(l->errors.at[i].source, l->errors.at[0].source) != 0)
			text = PV_NO_SLICE; /* excerpts are of one file */
	return pv_fail_all(r, l->errors.at, l->errors.n, text, last);
}

struct pv_logs *
pv_logs_load(struct pv_run *r, const char *const *paths, size_t n, bool bare, int *status)
{
	PV_AUTO(pv_logs_freep) struct pv_logs *l = PV_NEW(struct pv_logs);
	struct pv_err e;

	l->arena = pv_arena_new();
	l->bare = bare;
	for (size_t i = 0; i < n; i++) {
		if (!pv_ok(read_path(r, l, paths[i], &e))) {
			*status = pv_fail(r, &e, PV_NO_SLICE);
			return NULL;
		}
	}
	for (size_t i = 0; i < l->logs.n; i++)
		fold(l, &l->logs.at[i]);
	if (l->errors.n != 0) {
		*status = tell_wrong(r, l);
		return NULL;
	}
	l->origins = pv_arena_alloc_n(l->arena, l->logs.n, sizeof(*l->origins));
	for (size_t i = 0; i < l->logs.n; i++) {
		l->logs.at[i].snapshot = pv_snapshot_build(l->logs.at[i].state);
		l->origins[i].snapshot = l->logs.at[i].snapshot;
	}
	*status = PV_EXIT_DONE;
	return PV_TAKE(l);
}

struct pv_origins
pv_logs_origins(const struct pv_logs *l)
{
	return (struct pv_origins){ l->origins, l->logs.n };
}
