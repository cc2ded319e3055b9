/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads are files: HOME/spool/ID holds the bytes, ID.json whose they are and
 * how many are wanted. How far one has come is the size of its file, so nothing
 * is lost when the keeper ends, and a piece that was written half is resumed
 * where it broke off. Whoever works on one holds a lock on its file.
 */
#include "desk/service.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/vec.h"
#include "codec/hex.h"
#include "desk/acts.h"
#include "desk/names.h"
#include "net/fetch.h"
#include "wire/exchange.h"

#define META_MAX      8192
#define NAME_MAX_     200
#define FREE_BYTES    (UINT64_C(256) << 20) /* that an upload leaves on the disk */
#define ID_LEN        34                    /* "u-" and 32 digits */
#define TRANSFERS_ALL 256
#define SWEEP_S       10

struct transfer {
	struct pv_opening *o;
	char handle[33];
	char *owner;
	uint64_t touched_s;
	bool lent;
};

struct pv_service {
	char *spool;
	_Atomic(const char *) ca_path;
	struct pv_env env;
	pthread_mutex_t lock; /* of all below */
	PV_VEC(struct transfer) transfers;
	uint64_t swept_s;
};

struct pv_service *
pv_service_new(const char *home, const struct pv_env *env)
{
	struct pv_service *s = PV_NEW(struct pv_service);
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	pv_buf_addf(&path, "%s/spool", home);
	s->spool = pv_strdup(pv_buf_str(&path));
	s->env = *env;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
pv_service_free(struct pv_service *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->transfers.n; i++) {
		pv_opening_free(s->transfers.at[i].o, NULL);
		pv_free(s->transfers.at[i].owner);
	}
	PV_VEC_FREE(&s->transfers);
	pthread_mutex_destroy(&s->lock);
	pv_free(s->spool);
	pv_free(s);
}

void
pv_service_freep(struct pv_service **s)
{
	pv_service_free(*s);
	*s = NULL;
}

void
pv_service_ca(struct pv_service *s, const char *ca_path)
{
	s->ca_path = ca_path;
}

/* Steady, for what expires. */
static uint64_t
now_s(const struct pv_service *s)
{
	return s->env.boottime_ms(s->env.ctx) / 1000;
}

/* Whose it is: another token of the same person goes on with it. */
static struct pv_slice
owner_of(const struct pv_caller *who, struct pv_arena *a)
{
	return pv_arena_printf(a, "%.*s %.*s", PV_FMT(who->party), PV_FMT(who->person));
}

static void
random_hex(struct pv_service *s, char hex[33])
{
	uint8_t raw[16];

	s->env.random(s->env.ctx, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

/* ---- an upload on the disk ---- */

struct on_disk {
	int fd; /* of the bytes, locked; -1 */
	const char *path, *meta_path;
	struct pv_upload u;
	struct pv_slice owner;
};

static void
put_down(struct on_disk *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool
id_ok(struct pv_slice id)
{
	if (id.n != ID_LEN || !pv_slice_starts(id, PV_SLICE("u-")))
		return false;
	for (size_t i = 2; i < id.n; i++)
		if (!(id.p[i] >= '0' && id.p[i] <= '9') && !(id.p[i] >= 'a' && id.p[i] <= 'f'))
			return false;
	return true;
}

static PV_RESULT
no_upload(struct pv_slice id, struct pv_err *e)
{
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT, "there is no upload \"%.*s\"", PV_FMT(pv_slice_sub(id, 0, 64))),
	    e, "It may have expired: begin anew");
}

static struct pv_slice
meta_text(const struct pv_json *doc, const char *name, struct pv_arena *a)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	return i != PV_JSON_NONE && pv_json_at(doc, i)->type == PV_JSON_STRING
		   ? pv_arena_copy(a, pv_json_at(doc, i)->text)
		   : PV_NO_SLICE;
}

static PV_RESULT
write_meta(const struct on_disk *f, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_jsonw w = { .out = &text };
	const char *part = pv_arena_printf(a, "%s.part", f->meta_path).p;
	int fd;

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "owner", f->owner);
	pv_jsonw_str(&w, "name", f->u.name);
	if (f->u.has_size)
		pv_jsonw_u64(&w, "size", f->u.size);
	pv_jsonw_bool(&w, "whole", f->u.whole);
	pv_jsonw_str(&w, "report", f->u.report);
	pv_jsonw_end(&w);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n ||
	    rename(part, f->meta_path) != 0) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		unlink(part);
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", part, strerror(why));
	}
	close(fd);
	return PV_DONE;
}

static void
learn_size(struct on_disk *f, const struct stat *st)
{
	f->u.offset = (uint64_t)st->st_size;
	f->u.expires = (uint64_t)st->st_mtime + PV_UPLOAD_LIFE_S;
}

/* *found false: not there, or another's. */
static PV_RESULT
read_meta(struct pv_service *s, const struct pv_caller *who, struct pv_slice id, struct pv_arena *a,
    struct on_disk *f, bool *found, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	uint32_t i;

	*f = (struct on_disk){ .fd = -1 };
	*found = false;
	if (!id_ok(id))
		return PV_DONE;
	f->path = pv_arena_printf(a, "%s/%.*s", s->spool, PV_FMT(id)).p;
	f->meta_path = pv_arena_printf(a, "%s.json", f->path).p;
	if (access(f->meta_path, F_OK) != 0)
		return PV_DONE;
	PV_TRY(pv_read_file(&text, f->meta_path, META_MAX, e));
	PV_TRY(pv_from(pv_json_read(&doc, pv_buf_slice(&text), META_MAX, e), e, f->meta_path));
	f->owner = meta_text(doc, "owner", a);
	if (!pv_slice_eq(f->owner, owner_of(who, a)))
		return PV_DONE;
	f->u.id = pv_arena_copy(a, id);
	f->u.name = meta_text(doc, "name", a);
	f->u.report = meta_text(doc, "report", a);
	i = pv_json_member(doc, 0, PV_SLICE("size"));
	f->u.has_size = i != PV_JSON_NONE && pv_json_at(doc, i)->integer >= 0;
	f->u.size = f->u.has_size ? (uint64_t)pv_json_at(doc, i)->integer : 0;
	i = pv_json_member(doc, 0, PV_SLICE("whole"));
	f->u.whole = i != PV_JSON_NONE && pv_json_at(doc, i)->integer != 0;
	*found = true;
	return PV_DONE;
}

/* Locked, so that one piece at a time is written. */
static PV_RESULT
take_up(struct pv_service *s, const struct pv_caller *who, struct pv_slice id, struct pv_arena *a,
    struct on_disk *f, bool *found, struct pv_err *e)
{
	struct stat st;

	*f = (struct on_disk){ .fd = -1 };
	PV_TRY(read_meta(s, who, id, a, f, found, e));
	if (!*found)
		return PV_DONE;
	*found = false;
	f->fd = open(f->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		put_down(f);
		return PV_DONE;
	}
	if (flock(f->fd, LOCK_EX | LOCK_NB) != 0) {
		put_down(f);
		return PV_FAIL(
		    e, PV_E_DOWN, "upload %.*s is being written at this moment", PV_FMT(id));
	}
	learn_size(f, &st);
	*found = true;
	return PV_DONE;
}

/* ---- uploads ---- */

struct spool_count {
	size_t mine;
};

static bool
is_old(const struct pv_service *s, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	       (uint64_t)st.st_mtime + PV_UPLOAD_LIFE_S < s->env.realtime_ms(s->env.ctx) / 1000;
}

/* Goes through all of the spool: takes away what is too old, and counts what is the caller's. */
static void
go_through(struct pv_service *s, const struct pv_caller *who, struct spool_count *n)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	DIR *dir = opendir(s->spool);
	const struct dirent *x;

	*n = (struct spool_count){ 0 };
	while (dir != NULL && (x = readdir(dir)) != NULL) {
		struct pv_slice id = pv_slice_of(x->d_name);
		struct on_disk f;
		struct pv_err ignored;
		bool found;
		const char *path;

		if (!id_ok(id))
			continue;
		path = pv_arena_printf(a, "%s/%s", s->spool, x->d_name).p;
		if (is_old(s, path)) {
			unlink(path);
			unlink(pv_arena_printf(a, "%s.json", path).p);
			continue;
		}
		if (who == NULL)
			continue;
		if (pv_ok(read_meta(s, who, id, a, &f, &found, &ignored)) && found &&
		    f.u.report.n == 0)
			n->mine++;
	}
	if (dir != NULL)
		closedir(dir);
}

/* The store needs room to write, whatever is uploaded. */
static PV_RESULT
check_disk(const struct pv_service *s, uint64_t size, struct pv_err *e)
{
	struct statvfs disk;

	if (statvfs(s->spool, &disk) == 0 &&
	    (uint64_t)disk.f_bavail * disk.f_frsize < FREE_BYTES + size)
		return PV_FAIL(e, PV_E_DOWN,
		    "there is no room for %llu bytes on the gateway's disk",
		    (unsigned long long)size);
	return PV_DONE;
}

static PV_RESULT
check_room(struct pv_service *s, const struct pv_caller *who, uint64_t size, struct pv_err *e)
{
	struct spool_count n;

	if (mkdir(s->spool, 0700) != 0 && errno != EEXIST)
		return PV_FAIL(e, PV_E_CONFIG, "cannot make %s: %s", s->spool, strerror(errno));
	if (size > PV_UPLOAD_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "an upload of %llu bytes: at most %llu are taken",
		    (unsigned long long)size, (unsigned long long)PV_UPLOAD_MAX);
	go_through(s, who, &n);
	if (n.mine >= PV_UPLOADS_MAX)
		return pv_advise(
		    PV_FAIL(e, PV_E_LIMIT, "%zu uploads of yours are open already", n.mine), e,
		    "Finish or drop one; each expires a day after its last byte");
	return check_disk(s, size, e);
}

PV_RESULT
pv_upload_begin(struct pv_service *s, const struct pv_caller *who, const struct pv_upload *ask,
    struct pv_arena *a, struct pv_upload *out, struct pv_err *e)
{
	struct on_disk f = { .fd = -1, .u = *ask };
	struct pv_status status;
	struct stat st;
	char hex[33];

	PV_TRY(check_room(s, who, ask->has_size ? ask->size : 0, e));
	if (ask->name.n > NAME_MAX_)
		return PV_FAIL(e, PV_E_LIMIT, "a name of more than %d bytes", NAME_MAX_);
	random_hex(s, hex);
	f.owner = owner_of(who, a);
	f.u.id = pv_arena_printf(a, "u-%s", hex);
	f.u.whole = ask->has_size && ask->size == 0;
	f.u.report = PV_NO_SLICE;
	f.path = pv_arena_printf(a, "%s/%.*s", s->spool, PV_FMT(f.u.id)).p;
	f.meta_path = pv_arena_printf(a, "%s.json", f.path).p;
	f.fd = open(f.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f.fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", f.path, strerror(errno));
	status = write_meta(&f, a, e);
	if (!pv_ok(status))
		unlink(f.path);
	else if (fstat(f.fd, &st) == 0)
		learn_size(&f, &st);
	put_down(&f);
	*out = f.u;
	return status;
}

static PV_RESULT
write_piece(struct on_disk *f, struct pv_slice bytes, struct pv_err *e)
{
	while (bytes.n > 0) {
		ssize_t put = pwrite(f->fd, bytes.p, bytes.n, (off_t)f->u.offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return PV_FAIL(e, errno == ENOSPC ? PV_E_DOWN : PV_E_CONFIG,
			    "cannot write the upload: %s", strerror(errno));
		f->u.offset += (uint64_t)put;
		bytes = pv_slice_sub(bytes, (size_t)put, bytes.n);
	}
	return PV_DONE;
}

static PV_RESULT
append(struct on_disk *f, uint64_t offset, struct pv_slice bytes, bool last, struct pv_arena *a,
    struct pv_err *e)
{
	uint64_t limit = f->u.has_size ? f->u.size : PV_UPLOAD_MAX;

	if (f->u.report.n != 0)
		return PV_FAIL(e, PV_E_INPUT, "upload %.*s was shared before, as %.*s",
		    PV_FMT(f->u.id), PV_FMT(f->u.report));
	if (offset != f->u.offset)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "the upload stands at %llu, not at %llu",
				     (unsigned long long)f->u.offset, (unsigned long long)offset),
		    e, "offset");
	if (f->u.whole && bytes.n != 0)
		return PV_FAIL(e, PV_E_INPUT, "upload %.*s is whole already", PV_FMT(f->u.id));
	if (bytes.n > limit - f->u.offset)
		return PV_FAIL(e, PV_E_LIMIT, "more bytes than the %llu that the upload has",
		    (unsigned long long)limit);
	PV_TRY(write_piece(f, bytes, e));
	if (last && f->u.has_size && f->u.offset != f->u.size)
		return PV_FAIL(e, PV_E_INPUT, "the upload ends at %llu, and not at %llu",
		    (unsigned long long)f->u.offset, (unsigned long long)f->u.size);
	if (f->u.whole || (f->u.has_size ? f->u.offset != f->u.size : !last))
		return PV_DONE;
	if (fdatasync(f->fd) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot keep the upload: %s", strerror(errno));
	f->u.whole = true;
	return write_meta(f, a, e);
}

PV_RESULT
pv_upload_append(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    uint64_t offset, struct pv_slice bytes, bool last, struct pv_arena *a, struct pv_upload *out,
    struct pv_err *e)
{
	PV_AUTO(put_down) struct on_disk f;
	bool found;

	PV_TRY(take_up(s, who, id, a, &f, &found, e));
	if (!found)
		return no_upload(id, e);
	PV_TRY(check_disk(s, bytes.n, e));
	PV_TRY(append(&f, offset, bytes, last, a, e));
	*out = f.u;
	return PV_DONE;
}

PV_RESULT
pv_upload_look(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_arena *a, bool *found, struct pv_upload *out, struct pv_err *e)
{
	PV_AUTO(put_down) struct on_disk f;

	PV_TRY(take_up(s, who, id, a, &f, found, e));
	*out = f.u;
	return PV_DONE;
}

PV_RESULT
pv_upload_drop(
    struct pv_service *s, const struct pv_caller *who, struct pv_slice id, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(put_down) struct on_disk f;
	bool found;

	PV_TRY(take_up(s, who, id, a, &f, &found, e));
	if (!found)
		return no_upload(id, e);
	unlink(f.path);
	unlink(f.meta_path);
	return PV_DONE;
}

PV_RESULT
pv_upload_take(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_arena *a, struct pv_upload *out, const char **path, struct pv_err *e)
{
	PV_AUTO(put_down) struct on_disk f;
	bool found;

	PV_TRY(take_up(s, who, id, a, &f, &found, e));
	if (!found)
		return no_upload(id, e);
	if (f.u.report.n != 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "upload %.*s was shared before, as %.*s",
				     PV_FMT(id), PV_FMT(f.u.report)),
		    e, "See: proviso report show %.*s", PV_FMT(f.u.report));
	if (!f.u.whole)
		return PV_FAIL(e, PV_E_INPUT, "upload %.*s is not whole: it stands at %llu",
		    PV_FMT(id), (unsigned long long)f.u.offset);
	*out = f.u;
	*path = f.path;
	return PV_DONE;
}

PV_RESULT
pv_upload_used(struct pv_service *s, const struct pv_caller *who, struct pv_slice id,
    struct pv_slice report, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(put_down) struct on_disk f;
	bool found;

	PV_TRY(take_up(s, who, id, a, &f, &found, e));
	if (!found)
		return PV_DONE;
	f.u.report = report;
	PV_TRY(write_meta(&f, a, e));
	if (ftruncate(f.fd, 0) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot empty the upload: %s", strerror(errno));
	return PV_DONE;
}

/* ---- openings on their way ---- */

static PV_RESULT
room_for_transfer(const struct pv_service *s, struct pv_slice owner, struct pv_err *e)
{
	size_t mine = 0;

	for (size_t i = 0; i < s->transfers.n; i++)
		mine += pv_slice_is(owner, s->transfers.at[i].owner);
	if (mine >= PV_TRANSFERS_MAX || s->transfers.n >= TRANSFERS_ALL)
		return PV_FAIL(e, PV_E_DOWN, "%zu openings are on their way already: wait for one",
		    mine >= PV_TRANSFERS_MAX ? mine : s->transfers.n);
	return PV_DONE;
}

PV_RESULT
pv_transfer_room(struct pv_service *s, const struct pv_caller *who, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_status st;

	pthread_mutex_lock(&s->lock);
	st = room_for_transfer(s, owner_of(who, a), e);
	pthread_mutex_unlock(&s->lock);
	return st;
}

PV_RESULT
pv_transfer_add(struct pv_service *s, const struct pv_caller *who, struct pv_opening *o,
    struct pv_arena *a, struct pv_slice *handle, struct pv_err *e)
{
	struct transfer t = { .o = o, .touched_s = now_s(s) };

	(void)e;
	random_hex(s, t.handle);
	t.owner = pv_strdup(pv_arena_str(a, owner_of(who, a)));
	*handle = pv_arena_copy(a, pv_slice_of(t.handle));
	pthread_mutex_lock(&s->lock);
	*PV_VEC_ADD(&s->transfers) = t;
	pthread_mutex_unlock(&s->lock);
	return PV_DONE;
}

static struct transfer *
find_transfer(struct pv_service *s, struct pv_slice handle, struct pv_slice owner)
{
	for (size_t i = 0; i < s->transfers.n; i++)
		if (pv_slice_is(handle, s->transfers.at[i].handle) &&
		    pv_slice_is(owner, s->transfers.at[i].owner))
			return &s->transfers.at[i];
	return NULL;
}

PV_RESULT
pv_transfer_borrow(struct pv_service *s, const struct pv_caller *who, struct pv_slice handle,
    struct pv_opening **out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_status st = PV_DONE;
	struct transfer *t;

	pthread_mutex_lock(&s->lock);
	t = find_transfer(s, handle, owner_of(who, a));
	if (t == NULL) {
		st = pv_advise(PV_FAIL(e, PV_E_INPUT, "this opening is over, or was never begun"),
		    e, "Open it anew: it is decided and journalled again");
	} else if (t->lent) {
		st = PV_FAIL(e, PV_E_DOWN, "this opening is being read at this moment");
	} else {
		t->lent = true;
		*out = t->o;
	}
	pthread_mutex_unlock(&s->lock);
	return st;
}

static struct pv_opening *
remove_transfer(struct pv_service *s, size_t i)
{
	struct pv_opening *o = s->transfers.at[i].o;

	pv_free(s->transfers.at[i].owner);
	s->transfers.at[i] = s->transfers.at[--s->transfers.n];
	return o;
}

void
pv_transfer_return(struct pv_service *s, struct pv_opening *o, bool over, struct pv_arena *a)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->transfers.n; i++) {
		if (s->transfers.at[i].o != o)
			continue;
		s->transfers.at[i].lent = false;
		s->transfers.at[i].touched_s = now_s(s);
		if (over)
			remove_transfer(s, i);
		break;
	}
	pthread_mutex_unlock(&s->lock);
	if (over)
		pv_opening_free(o, a);
}

static struct pv_opening *
next_idle(struct pv_service *s)
{
	struct pv_opening *o = NULL;
	uint64_t now = now_s(s);

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; o == NULL && i < s->transfers.n; i++)
		if (!s->transfers.at[i].lent &&
		    s->transfers.at[i].touched_s + PV_TRANSFER_IDLE_S < now)
			o = remove_transfer(s, i);
	pthread_mutex_unlock(&s->lock);
	return o;
}

void
pv_service_sweep(struct pv_service *s, struct pv_desk *d)
{
	struct spool_count n;
	struct pv_opening *o;
	struct pv_err ignored;
	bool due;

	pthread_mutex_lock(&s->lock);
	due = s->swept_s + SWEEP_S <= now_s(s);
	if (due)
		s->swept_s = now_s(s);
	pthread_mutex_unlock(&s->lock);
	if (!due)
		return;
	while ((o = next_idle(s)) != NULL) {
		pv_ignore(pv_opening_drop(o, d, false, "nobody came for it", &ignored));
		pv_opening_free(o, NULL);
	}
	go_through(s, NULL, &n);
}

/* ---- other gateways ---- */

/* A refusal of the other side, in its own words: one line, of visible characters. */
static PV_RESULT
other_says(const char *url, const struct pv_fetched *got, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_slice detail = PV_NO_SLICE;
	struct pv_err ignored;
	char *shown;
	uint32_t i;

	if (pv_ok(pv_json_read(&doc, pv_buf_slice(&got->body), PV_EXCHANGE_MAX, &ignored))) {
		i = pv_json_member(doc, 0, PV_SLICE("detail"));
		if (i != PV_JSON_NONE && pv_json_at(doc, i)->type == PV_JSON_STRING)
			detail = pv_slice_sub(pv_json_at(doc, i)->text, 0, 200);
	}
	detail = pv_arena_copy(a, detail);
	shown = pv_arena_alloc(a, detail.n + 1);
	for (size_t k = 0; k < detail.n; k++)
		shown[k] = detail.p[k] >= ' ' && detail.p[k] != 0x7f ? detail.p[k] : '?';
	if (got->status == 503 || got->status == 429 || got->status == 502 || got->status == 504)
		return PV_FAIL(e, PV_E_DOWN, "%s answers %d: %s", url, got->status, shown);
	return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s answers %d: %s", url, got->status, shown), e,
	    "Nothing was opened. What it says is its own word, not ours");
}

PV_RESULT
pv_service_exchange(struct pv_service *s, const struct pv_exchange_at *at, struct pv_slice request,
    struct pv_buf *reply, struct pv_err *e)
{
	static const char *const headers[] = { "Content-Type: text/plain; charset=utf-8",
		"Accept: text/plain", NULL };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_fetcher_freep) struct pv_fetcher *f = NULL;
	struct pv_fetch_use use = { .ca_path = s->ca_path, .plain_loopback = false };
	struct pv_fetch what = {
		.method = "POST", .headers = headers, .body = request, .limit = PV_EXCHANGE_MAX
	};
	struct pv_fetched got = { 0 };
	struct pv_slice url = at->url;
	struct pv_status st;

	while (url.n != 0 && url.p[url.n - 1] == '/')
		url.n--;
	what.url = pv_arena_printf(a, "%.*s/exchange/v1/ask", PV_FMT(url)).p;
	if (at->tls_key.n != 0)
		use.pin = pv_arena_str(a, at->tls_key);
	PV_TRY(pv_fetcher_new(&f, &use, e));
	st = pv_fetch(f, &what, a, &got, e);
	if (pv_ok(st) && got.status != 200)
		st = other_says(what.url, &got, a, e);
	if (pv_ok(st))
		pv_buf_add(reply, pv_buf_slice(&got.body));
	pv_buf_free(&got.body);
	return st;
}
