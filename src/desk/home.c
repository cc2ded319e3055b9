/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a home and keeping its folds up to date. What an act needs to be
 * folded again stands in its row: the vkeys that were verified when it was
 * taken in, a line feed, and the note.
 */
#include "desk/home.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "desk/acts.h"
#include "desk/audience.h"
#include "desk/caller.h"
#include "desk/door.h"
#include "desk/journal.h"
#include "desk/remote.h"
#include "desk/words.h"
#include "tlog/checkpoint.h"
#include "tlog/tree.h"
#include "wire/record.h"

#define CONFIG_MAX (64 * 1024)
#define WAIT_MS    10000

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
pv_home_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
pv_home_path(struct pv_desk *d, struct pv_arena *a, const char *rest)
{
	return pv_arena_printf(a, "%s/%s", d->path, rest).p;
}

PV_RESULT
pv_read_file(struct pv_buf *out, const char *path, size_t limit, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0)
		return PV_FAIL(e, errno == ENOENT ? PV_E_INPUT : PV_E_CONFIG, "cannot read %s: %s",
		    path, strerror(errno));
	while (out->n <= limit) {
		got = read(fd, pv_buf_room(out, 65536), 65536);
		if (got <= 0)
			break;
		out->n += (size_t)got;
	}
	close(fd);
	if (got < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
	if (out->n > limit)
		return PV_FAIL(e, PV_E_LIMIT, "%s is larger than %zu bytes", path, limit);
	return PV_DONE;
}

/* ---- home.json ---- */

static PV_RESULT
config_text(const struct pv_json *doc, const char *name, struct pv_arena *a, struct pv_slice *out,
    struct pv_err *e)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	if (i == PV_JSON_NONE || pv_json_at(doc, i)->type != PV_JSON_STRING)
		return PV_FAIL(e, PV_E_CONFIG, "\"%s\" is missing", name);
	*out = pv_arena_copy(a, pv_json_at(doc, i)->text);
	return PV_DONE;
}

/* "seal_with": "rsa" (also when it is not said) or "ec". */
static PV_RESULT
config_seal_with(const struct pv_json *doc, bool *ec, struct pv_err *e)
{
	uint32_t i = pv_json_member(doc, 0, PV_SLICE("seal_with"));
	struct pv_slice with = i != PV_JSON_NONE && pv_json_at(doc, i)->type == PV_JSON_STRING
				   ? pv_json_at(doc, i)->text
				   : PV_NO_SLICE;

	*ec = pv_slice_is(with, "ec");
	if (i != PV_JSON_NONE && !*ec && !pv_slice_is(with, "rsa"))
		return pv_within(
		    PV_FAIL(e, PV_E_CONFIG, "is neither \"rsa\" nor \"ec\""), e, "seal_with");
	return PV_DONE;
}

static PV_RESULT
read_config(struct pv_desk *d, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	const char *path = pv_home_path(d, d->arena, "home.json");

	if (access(path, F_OK) != 0)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "there is no home at %s", d->path), e,
		    "make one with 'proviso init --party NAME --home %s'", d->path);
	PV_TRY(pv_read_file(&text, path, CONFIG_MAX, e));
	PV_TRY(pv_from(pv_json_read(&doc, pv_buf_slice(&text), CONFIG_MAX, e), e, path));
	PV_TRY(pv_from(config_text(doc, "party", d->arena, &d->party, e), e, path));
	PV_TRY(pv_from(config_text(doc, "origin", d->arena, &d->origin, e), e, path));
	PV_TRY(pv_from(config_text(doc, "journal", d->arena, &d->journal, e), e, path));
	PV_TRY(pv_from(config_seal_with(doc, &d->seal_ec, e), e, path));
	return pv_from(config_text(doc, "kas_url", d->arena, &d->kas_url, e), e, path);
}

PV_RESULT
pv_desk_kas_url(const char *home, struct pv_arena *a, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	const char *path = pv_arena_printf(a, "%s/home.json", home).p;

	PV_TRY(pv_read_file(&text, path, CONFIG_MAX, e));
	PV_TRY(pv_from(pv_json_read(&doc, pv_buf_slice(&text), CONFIG_MAX, e), e, path));
	return pv_from(config_text(doc, "kas_url", a, out, e), e, path);
}

/* ---- folding ---- */

static void
log_free(struct pv_log *log)
{
	pv_snapshot_free(log->snapshot);
	pv_state_free(log->state);
	pv_arena_free(log->arena);
}

/* DESIGN 6: R and L of the profiles, in seconds. */
struct lease {
	const char *name;
	uint64_t refresh_s, lease_s;
};
static const struct lease profiles[] = {
	{ "default", 5, 60 },
	{ "tight", 2, 10 },
	{ "field", 60, 900 },
	{ "satellite", 5, 1800 },
	{ "courier", 3600, 604800 },
};

static const struct lease *
profile_find(struct pv_slice name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (pv_slice_is(name, profiles[i].name))
			return &profiles[i];
	return NULL;
}

void
pv_home_log_begin(struct pv_log *log, struct pv_slice origin, bool own)
{
	*log = (struct pv_log){ .origin = origin, .own = own };
	log->arena = pv_arena_new();
	log->state = pv_state_new(origin, false);
	log->refresh_s = profiles[0].refresh_s;
	log->lease_s = profiles[0].lease_s;
	log->skew_s = 2; /* S is 1.5 s, and these clocks are read in seconds */
}

/* The newest profile that speaks for all of the log, else the one named in the genesis. */
void
pv_home_log_leases(struct pv_log *log)
{
	const struct pv_facts *f = &log->state->by_kind[PV_PROFILE];
	const struct lease *known;

	if (log->state->genesis != NULL &&
	    (known = profile_find(log->state->genesis->genesis.profile)) != NULL) {
		log->refresh_s = known->refresh_s;
		log->lease_s = known->lease_s;
	}
	for (size_t i = 0; i < f->n; i++) {
		const struct pv_profile *p = &f->at[i]->r->profile;

		if (p->party.n != 0 || f->at[i]->ended != PV_NEVER)
			continue;
		log->refresh_s = p->refresh_s;
		log->lease_s = p->lease_s;
	}
}

PV_RESULT
pv_home_log_act(
    struct pv_log *log, uint64_t index, uint64_t second, struct pv_slice body, struct pv_err *e)
{
	struct pv_record *r = PV_ARENA_NEW(log->arena, struct pv_record);
	struct pv_act act = { .record = r, .since = second };
	enum pv_applied applied;

	PV_TRY(pv_act_row_read(body, log->arena, r, &act.signers, &act.signer_count, e));
	act.has_index = true; /* a hold's later signatures are entries too, and a copy has gaps */
	act.index = index;
	return pv_state_apply(log->state, &act, &applied, e);
}

static PV_RESULT
load_acts(struct pv_log *log, struct pv_store_view *v, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_ACTS, .n = 2 };
	struct pv_store_row row;
	bool more;

	q.where[0].column = PV_C_ACT_ORIGIN;
	q.where[0].cell = PV_CELL_S(log->origin);
	q.where[1].column = PV_C_ACT_INDEX;
	q.where[1].test = PV_Q_AT_LEAST;
	q.where[1].cell = PV_CELL_N(log->loaded);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		if (!pv_ok(pv_home_log_act(log, row.c[PV_C_ACT_INDEX].n, row.c[PV_C_ACT_SECOND].n,
			row.c[PV_C_ACT_BODY].s, e))) {
			e->code = PV_E_UNTRUSTED;
			return pv_advise((struct pv_status){ PV_E_UNTRUSTED }, e,
			    "entry %llu of %.*s no longer reads as it did when it was taken in: "
			    "run 'proviso log verify'",
			    (unsigned long long)row.c[PV_C_ACT_INDEX].n, PV_FMT(log->origin));
		}
	}
}

static PV_RESULT
load_log(struct pv_log *log, struct pv_store_view *v, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_checkpoint note;
	struct pv_store_head head;
	bool found;

	PV_TRY(pv_store_log_head(v, log->origin, &head, &found, e));
	if (!found)
		return PV_DONE;
	if (head.size > log->loaded) {
		PV_TRY(load_acts(log, v, e));
		log->loaded = head.size;
		pv_snapshot_free(log->snapshot);
		log->snapshot = NULL;
		pv_home_log_leases(log);
	}
	PV_TRY(pv_store_log_checkpoint(
	    v, log->origin, PV_STORE_COSIGNED, UINT64_MAX, a, &note, &found, e));
	if (found && note.size == head.size && note.second > log->signed_s)
		log->signed_s = note.second;
	return PV_DONE;
}

struct pv_slice
pv_home_texts_name(struct pv_slice origin, struct pv_arena *a)
{
	return pv_arena_printf(a, "copy.%.*s", PV_FMT(origin));
}

/* Texts of older entries may have come (another desk took them in), though the log is as long as before. */
static PV_RESULT
heed_texts(struct pv_log *log, struct pv_store_view *v, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_row row = { 0 };
	struct pv_slice name = log->origin;
	uint64_t texts = 0;
	bool found;

	row.c[PV_C_META_NAME] = PV_CELL_S(pv_home_texts_name(log->origin, a));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (!found || !pv_slice_u64(row.c[PV_C_META_BODY].s, &texts) || texts == log->texts)
		return PV_DONE;
	if (log->loaded != 0) {
		log_free(log);
		pv_home_log_begin(log, name, false);
	}
	log->texts = texts;
	return PV_DONE;
}

/* A copy that does not fold closes what depends on it, and nothing else. */
static PV_RESULT
load_copy(struct pv_log *log, struct pv_store_view *v, struct pv_err *e)
{
	struct pv_store_head head;
	struct pv_status st;
	bool found;

	PV_TRY(heed_texts(log, v, e));
	if (log->broken)
		return PV_DONE;
	st = load_log(log, v, e);
	if (pv_ok(st) || st.code != PV_E_UNTRUSTED)
		return st;
	log->broken = true;
	PV_TRY(pv_store_log_head(v, log->origin, &head, &found, e));
	log->loaded = head.size;
	return PV_DONE;
}

/* Is one of the entries that were not looked at yet meant for us, and its text not here? */
static PV_RESULT
find_withheld(
    struct pv_log *log, struct pv_store_view *v, const struct pv_audiences *us, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_store_row row = { 0 };
	struct pv_store_entry entry;
	uint64_t index;
	bool more, here;

	row.c[PV_C_ACT_ORIGIN] = PV_CELL_S(log->origin);
	PV_TRY(pv_store_log_entries(&c, v, log->origin, log->checked, log->loaded, e));
	for (;;) {
		PV_TRY(pv_store_entry_next(c, &index, &entry, &more, e));
		if (!more || log->withheld)
			return PV_DONE;
		if (!pv_audiences_meant(us, entry.bytes))
			continue;
		row.c[PV_C_ACT_INDEX] = PV_CELL_N(index);
		PV_TRY(pv_store_row_get(v, PV_T_ACTS, &row, a, &here, e));
		log->withheld = !here;
	}
}

/*
 * A bundle is looked at when it is taken in, but a partner's key may have come after it: so a copy is looked at when it
 * is loaded, and again when keys or peers were added. Keys that cannot be read close the copy, too.
 */
static PV_RESULT
check_withheld(struct pv_desk *d, struct pv_log *log, struct pv_store_view *v, struct pv_err *e)
{
	PV_AUTO(pv_audiences_freep) struct pv_audiences *us = NULL;
	size_t with = d->own.state->by_kind[PV_KEY].n + d->own.state->by_kind[PV_PEER].n;

	if (log->broken || (log->checked == log->loaded && log->checked_with == with))
		return PV_DONE;
	if (log->checked_with != with || log->withheld)
		log->checked = 0;
	log->withheld = true;
	if (!pv_ok(pv_audiences_open(&us, d, log->origin, e)))
		return PV_DONE;
	log->withheld = false;
	if (pv_audiences_count(us) != 0)
		PV_TRY(find_withheld(log, v, us, e));
	log->checked = log->loaded;
	log->checked_with = with;
	return PV_DONE;
}

/* The own log that does not fold closes the home, but for 'log verify' and 'log rebuild'. */
static PV_RESULT
load_own(struct pv_desk *d, struct pv_store_view *v, struct pv_err *e)
{
	struct pv_status st;

	if (d->own.broken) {
		*e = d->broken;
		return (struct pv_status){ e->code };
	}
	st = load_log(&d->own, v, e);
	if (st.code == PV_E_UNTRUSTED) {
		d->own.broken = true;
		d->broken = *e;
	}
	return st;
}

static PV_RESULT
find_copies(struct pv_desk *d, struct pv_store_view *v, struct pv_err *e)
{
	for (size_t i = 0;; i++) {
		struct pv_store_head head;
		struct pv_slice name;
		struct pv_log *log;
		bool found;

		PV_TRY(pv_store_log_name(v, i, &name, &found, e));
		if (!found)
			return PV_DONE;
		PV_TRY(pv_store_log_head(v, name, &head, &found, e));
		if (head.kind != PV_STORE_COPY || pv_home_log(d, name) != NULL)
			continue;
		log = PV_NEW(struct pv_log);
		pv_home_log_begin(log, pv_arena_copy(d->arena, name), false);
		*PV_VEC_ADD(&d->copies) = log;
	}
}

PV_RESULT
pv_home_refresh(struct pv_desk *d, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	uint64_t version;

	if (d->remote != NULL)
		return PV_DONE;
	version = pv_store_version(d->store);
	if (version != 0 && version == d->seen)
		return PV_DONE;
	d->seen = 0;
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(load_own(d, v, e));
	PV_TRY(find_copies(d, v, e));
	for (size_t i = 0; i < d->copies.n; i++) {
		PV_TRY(load_copy(d->copies.at[i], v, e));
		PV_TRY(check_withheld(d, d->copies.at[i], v, e));
	}
	d->seen = version;
	return PV_DONE;
}

PV_RESULT
pv_home_refold(struct pv_desk *d, struct pv_err *e)
{
	if (d->remote != NULL)
		return pv_remote_refold(d, e);
	log_free(&d->own);
	pv_home_log_begin(&d->own, d->origin, true);
	d->seen = 0;
	return pv_home_refresh(d, e);
}

PV_RESULT
pv_home_forget(struct pv_desk *d, struct pv_slice origin, struct pv_err *e)
{
	struct pv_log *log = pv_home_log(d, origin);

	if (log != NULL && !log->own) {
		struct pv_slice name = log->origin;

		log_free(log);
		pv_home_log_begin(log, name, false);
	}
	d->seen = 0;
	return pv_home_refresh(d, e);
}

struct pv_log *
pv_home_log(struct pv_desk *d, struct pv_slice origin)
{
	if (pv_slice_eq(origin, d->own.origin))
		return &d->own;
	for (size_t i = 0; i < d->copies.n; i++)
		if (pv_slice_eq(origin, d->copies.at[i]->origin))
			return d->copies.at[i];
	return NULL;
}

void
pv_home_snapshot(struct pv_log *log)
{
	if (log->snapshot == NULL)
		log->snapshot = pv_snapshot_build(log->state);
}

/* ---- opening ---- */

/* Killed between an entry and its checkpoint: it is owed still. */
static PV_RESULT
find_owed(struct pv_desk *d, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_checkpoint c;
	struct pv_store_head head;
	bool found, noted;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_log_head(v, d->journal, &head, &found, e));
	PV_TRY(
	    pv_store_log_checkpoint(v, d->journal, PV_STORE_SIGNED, UINT64_MAX, a, &c, &noted, e));
	if (!found || !noted || c.size >= head.size)
		return PV_DONE;
	d->owed.size = head.size;
	memcpy(d->owed.root, head.root, sizeof(d->owed.root));
	return PV_DONE;
}

PV_RESULT
pv_desk_open(struct pv_desk **out, const char *home, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = PV_NEW(struct pv_desk);
	struct pv_store_options o = { .mode = PV_STORE_WRITE,
		.tree = pv_home_tree(),
		.env = *env,
		.reserve_bytes = 8 << 20,
		.busy_ms = WAIT_MS,
		.key_batch = 64 };
	struct pv_err ignored;
	struct pv_status st;

	d->path = pv_strdup(home);
	d->env = *env;
	d->real_ms = env->realtime_ms(env->ctx);
	d->boot_ms = env->boottime_ms(env->ctx);
	d->arena = pv_arena_new();
	pv_home_log_begin(&d->own, PV_NO_SLICE, true);
	PV_TRY(read_config(d, e));
	log_free(&d->own);
	pv_home_log_begin(&d->own, d->origin, true);
	PV_TRY(pv_store_open(&d->store, pv_home_path(d, d->arena, "proviso.db"), &o, e));
	st = pv_home_refresh(d, e);
	if (!pv_ok(st) && !d->own.broken)
		return st;
	if (!d->own.broken && pv_ok(find_owed(d, &ignored)))
		pv_ignore(pv_journal_flush(
		    d, &ignored)); /* later will do, and the next entry says what is wrong */
	*out = PV_TAKE(d);
	return PV_DONE;
}

void
pv_desk_close(struct pv_desk *d)
{
	struct pv_err ignored;

	if (d == NULL)
		return;
	if (d->owed.size != 0)
		pv_ignore(pv_journal_settle(d, &ignored)); /* else with the next entry */
	for (size_t i = 0; i < d->copies.n; i++) {
		log_free(d->copies.at[i]);
		pv_free(d->copies.at[i]);
	}
	PV_VEC_FREE(&d->copies);
	pv_doors_free(d->doors);
	if (d->callers_own)
		pv_callers_free(d->callers);
	pv_remote_free(d->remote);
	log_free(&d->own);
	pv_pair_free(d->journal_key);
	pv_kas_state_free(d->kas);
	pv_labels_give(d->labels);
	pv_store_free(d->store);
	pv_arena_free(d->arena);
	pv_free(d->path);
	pv_free(d);
}

void
pv_desk_closep(struct pv_desk **d)
{
	pv_desk_close(*d);
	*d = NULL;
}

const struct pv_state *
pv_desk_state(const struct pv_desk *d)
{
	return d->own.state;
}

/* ---- keys ---- */

PV_RESULT
pv_home_key(struct pv_desk *d, const char *name, struct pv_keyfile **out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;

	PV_TRY(pv_keyfile_load(&k, pv_arena_printf(a, "%s/keys/%s.key", d->path, name).p, e));
	if (pv_keyfile_locked(k))
		return PV_FAIL(e, PV_E_CONFIG,
		    "keys/%s.key has a passphrase; a home's own keys have none", name);
	*out = PV_TAKE(k);
	return PV_DONE;
}

PV_RESULT
pv_home_pair(struct pv_desk *d, const char *name, struct pv_pair **out, struct pv_slice *vkey,
    struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;

	PV_TRY(pv_home_key(d, name, &k, e));
	PV_TRY(pv_keyfile_pair(out, k, e));
	if (vkey != NULL)
		*vkey = pv_arena_copy(a, pv_keyfile_public(k));
	return PV_DONE;
}

PV_RESULT
pv_home_wrap_key(struct pv_desk *d, const char *name, struct pv_wrap_key **out, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;

	PV_TRY(pv_home_key(d, name, &k, e));
	return pv_wrap_key_load(out, k, e);
}

bool
pv_home_has_key(const struct pv_desk *d, const char *name)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();

	return access(pv_arena_printf(a, "%s/keys/%s.key", d->path, name).p, F_OK) == 0;
}

/* ---- time and freshness ---- */

uint64_t
pv_home_clock(const struct pv_desk *d)
{
	uint64_t real = d->env.realtime_ms(d->env.ctx), boot = d->env.boottime_ms(d->env.ctx);
	uint64_t anchored = boot > d->boot_ms ? d->real_ms + (boot - d->boot_ms) : d->real_ms;

	if (d->remote != NULL)
		return pv_remote_clock(d);
	return (real > anchored ? real : anchored) / 1000;
}

uint64_t
pv_home_now(const struct pv_desk *d, const struct pv_log *log)
{
	uint64_t now = pv_home_clock(d);

	return now > log->signed_s ? now : log->signed_s;
}

uint64_t
pv_desk_now(const struct pv_desk *d)
{
	return pv_home_now(d, &d->own);
}

/* A key that is not here: the log is followed, and its signer signs elsewhere. */
static PV_RESULT
sign_again(struct pv_desk *d, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_head head;
	bool found;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_log_head(v, d->origin, &head, &found, e));
	if (!found || head.size != d->own.loaded)
		return PV_DONE; /* grown since: the caller refreshes and asks again */
	return pv_home_checkpoint(d, d->origin, head.size, head.root, e);
}

PV_RESULT
pv_home_fresh(struct pv_desk *d, struct pv_log *log, bool *fresh, struct pv_err *e)
{
	uint64_t clock = d->env.realtime_ms(d->env.ctx) / 1000, now;

	*fresh = false;
	if (log->broken || log->withheld)
		return PV_DONE;
	if (log->own && clock >= log->signed_s && clock - log->signed_s >= log->refresh_s)
		PV_TRY(sign_again(d, e));
	if (log->signed_s == 0 || log->signed_s > clock + log->skew_s)
		return PV_DONE; /* never proven, or a stamp from the future: closed */
	/* What our own signer signed is kept: a clock set back while the home was closed does not lengthen a partner's lease. */
	now = pv_home_now(d, log);
	if (d->own.signed_s > now)
		now = d->own.signed_s;
	*fresh = now < log->signed_s + log->lease_s;
	return PV_DONE;
}

/* ---- the tree, as the store wants it ---- */

static void
tree_leaf(void *ctx, struct pv_slice bytes, uint8_t out[PV_STORE_HASH])
{
	(void)ctx;
	pv_hash_leaf(bytes, out);
}

static void
tree_append(
    void *ctx, uint64_t size, uint8_t (*edge)[PV_STORE_HASH], const uint8_t leaf[PV_STORE_HASH])
{
	(void)ctx;
	pv_tree_append(size, edge, leaf);
}

static void
tree_root(
    void *ctx, uint64_t size, const uint8_t (*edge)[PV_STORE_HASH], uint8_t out[PV_STORE_HASH])
{
	(void)ctx;
	pv_tree_root(size, edge, out);
}

struct pv_store_tree
pv_home_tree(void)
{
	return (
	    struct pv_store_tree){ .leaf = tree_leaf, .append = tree_append, .root = tree_root };
}

/* ---- checkpoints ---- */

/* Signed times never go back, whatever the clock does: the store keeps no older note. */
static PV_RESULT
not_before(struct pv_desk *d, struct pv_slice log, uint64_t *second, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	for (unsigned kind = PV_STORE_SIGNED; kind <= PV_STORE_COSIGNED; kind++) {
		struct pv_store_checkpoint c;
		bool found;

		PV_TRY(pv_store_log_checkpoint(
		    v, log, (enum pv_store_note_kind)kind, UINT64_MAX, a, &c, &found, e));
		if (found && c.second > *second)
			*second = c.second;
	}
	return PV_DONE;
}

/* The journal's is used for every commit, so it is read once. */
static PV_RESULT
log_key(struct pv_desk *d, bool orders, struct pv_pair **own, const struct pv_pair **key,
    struct pv_err *e)
{
	if (orders)
		PV_TRY(pv_home_pair(d, "log", own, NULL, NULL, e));
	else if (d->journal_key == NULL)
		PV_TRY(pv_home_pair(d, "journal", &d->journal_key, NULL, NULL, e));
	*key = orders ? *own : d->journal_key;
	return PV_DONE;
}

PV_RESULT
pv_home_note(struct pv_desk *d, struct pv_slice log, uint64_t size, const uint8_t root[32],
    struct pv_buf *note, uint64_t *second, struct pv_err *e)
{
	bool orders = pv_slice_eq(log, d->origin);
	struct pv_checkpoint tree = { .origin = log, .size = size };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_pair_freep) struct pv_pair *own = NULL;
	PV_AUTO(pv_pair_freep) struct pv_pair *signer = NULL;
	const struct pv_pair *key;
	struct pv_slice signer_vkey;
	struct pv_vkey vkey;

	*second = orders ? pv_home_now(d, &d->own) : pv_home_clock(d);
	memcpy(tree.root, root, sizeof(tree.root));
	PV_TRY(not_before(d, log, second, e));
	PV_TRY(log_key(d, orders, &own, &key, e));
	PV_TRY(pv_checkpoint_sign(note, &tree, key, e));
	if (!orders)
		return PV_DONE;
	PV_TRY(pv_home_pair(d, "signer", &signer, &signer_vkey, a, e));
	PV_TRY(pv_vkey_read(&vkey, signer_vkey, e));
	return pv_note_cosign(note, vkey.name, signer, *second, e);
}

PV_RESULT
pv_home_checkpoint(
    struct pv_desk *d, struct pv_slice log, uint64_t size, const uint8_t root[32], struct pv_err *e)
{
	bool orders = pv_slice_eq(log, d->origin);
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_store_change c[2] = { 0 };
	struct pv_store_submission sub = { .changes = c, .n = orders ? 2 : 1, .urgent = true };
	struct pv_store_result r;
	uint64_t second;
	bool moved;

	PV_TRY(pv_home_note(d, log, size, root, &note, &second, e));
	for (size_t i = 0; i < sub.n; i++) {
		c[i].op = PV_OP_CHECKPOINT;
		c[i].log = log;
		c[i].checkpoint = (struct pv_store_checkpoint){ .kind = i == 0 ? PV_STORE_SIGNED
									       : PV_STORE_COSIGNED,
			.size = size,
			.second = second,
			.note = pv_buf_slice(&note) };
		memcpy(c[i].checkpoint.root, root, 32);
	}
	PV_TRY(pv_home_submit(d, &sub, &r, &moved, e));
	if (orders && second > d->own.signed_s)
		d->own.signed_s = second;
	return PV_DONE;
}

PV_RESULT
pv_home_submit(struct pv_desk *d, const struct pv_store_submission *sub, struct pv_store_result *r,
    bool *moved, struct pv_err *e)
{
	PV_TRY(pv_store_apply(d->store, sub, r, e));
	*moved = r->outcome == PV_STORE_MOVED;
	if (r->outcome == PV_STORE_FAILED) {
		*e = r->err;
		return (struct pv_status){ e->code != PV_OK ? e->code : PV_E_BUG };
	}
	return PV_DONE;
}

/* ---- who we are ---- */

static struct pv_slice
public_of(struct pv_desk *d, const char *name)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	struct pv_err e;

	if (!pv_ok(pv_keyfile_load(
		&k, pv_arena_printf(d->arena, "%s/keys/%s.key", d->path, name).p, &e)))
		return PV_NO_SLICE;
	return pv_arena_copy(d->arena, pv_keyfile_public(k));
}

void
pv_genesis_digest(const struct pv_record *genesis, uint8_t digest[PV_HASH])
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_record_write(genesis, &text);
	pv_buf_add_c(&text, '\n');
	pv_hash(pv_buf_slice(&text), digest);
}

struct pv_identity
pv_desk_identity(const struct pv_desk *desk)
{
	struct pv_desk *d = (struct pv_desk *)(uintptr_t)
	    desk; /* the arena grows, what a caller sees does not change */
	struct pv_identity id = { .party = d->party, .origin = d->origin, .journal = d->journal };
	uint8_t digest[PV_HASH];
	char hex[2 * PV_HASH + 1];

	if (d->remote != NULL)
		return pv_remote_identity(d);
	id.gateway_vkey = public_of(d, "gateway");
	id.journal_vkey = public_of(d, "journal");
	id.log_vkey = public_of(d, "log");
	if (d->own.state->genesis != NULL) {
		pv_genesis_digest(d->own.state->genesis, digest);
		for (unsigned i = 0; i < PV_HASH; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		id.genesis_hex = pv_arena_copy(d->arena, pv_slice_of(hex));
		id.genesis_words = pv_words(digest, 8, d->arena);
		id.exercise = d->own.state->genesis->exercise;
	}
	return id;
}
