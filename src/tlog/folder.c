/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiles never change, so a file has its name only once it is whole: each is written as NAME.tmp, all are made durable at
 * once (one syncfs, where an fsync each would cost a hundred times more), renamed, made durable again, and then the
 * checkpoint is replaced. A crash leaves .tmp files, which the next writing replaces, or tiles of a tree that no checkpoint
 * speaks of yet, which are the same next time.
 */
#include "tlog/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"

#define CHECKPOINT "checkpoint"
#define TEMP       ".tmp"

/* ---- files ---- */

static PV_RESULT
fail_errno(struct pv_err *e, const char *what, const char *path)
{
	return PV_FAIL(e, PV_E_CONFIG, "cannot %s %s: %s", what, path, strerror(errno));
}

/* Appends at most limit bytes of a file; LIMIT when it has more, INPUT when it is not there. */
static PV_RESULT
read_file(const char *path, size_t limit, struct pv_buf *out, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t from = out->n;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return PV_FAIL(e, PV_E_INPUT, "there is no %s", path);
	if (fd < 0)
		return fail_errno(e, "open", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return PV_FAIL(e, PV_E_INPUT, "%s is not a file", path);
	}
	do {
		size_t room = out->n - from > limit ? 0 : limit + 1 - (out->n - from);

		room = room > 65536 ? 65536 : room;
		n = room > 0 ? read(fd, pv_buf_room(out, room), room) : 0;
		out->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		struct pv_status st_read = fail_errno(e, "read", path);

		close(fd);
		return st_read;
	}
	close(fd);
	if (out->n - from > limit)
		return PV_FAIL(e, PV_E_LIMIT, "%s has more than %zu bytes", path, limit);
	return PV_DONE;
}

static bool
write_all(int fd, struct pv_slice s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = pv_slice_sub(s, (size_t)n, s.n);
	}
	return true;
}

static PV_RESULT
write_file(const char *path, struct pv_slice bytes, bool durable, struct pv_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool done;

	if (fd < 0)
		return fail_errno(e, "make", path);
	done = write_all(fd, bytes) && (!durable || fsync(fd) == 0);
	if (close(fd) != 0)
		done = false;
	return done ? PV_DONE : fail_errno(e, "write", path);
}

/* The folders above the file, below the first skip characters. */
static PV_RESULT
make_folders(char *path, size_t skip, struct pv_err *e)
{
	for (char *slash = strchr(path + skip, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		int made;

		*slash = '\0';
		made = mkdir(path, 0755);
		if (made != 0 && errno != EEXIST)
			return fail_errno(e, "make", path);
		*slash = '/';
	}
	return PV_DONE;
}

static PV_RESULT
sync_folder(const char *folder, bool all, struct pv_err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && (all ? syncfs(fd) : fsync(fd)) == 0;
	struct pv_status st = done ? PV_DONE : fail_errno(e, "sync", folder);

	if (fd >= 0)
		close(fd);
	return st;
}

/* ---- reading ---- */

struct pv_status
pv_folder_read_checkpoint(const char *folder, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	pv_buf_addf(&path, "%s/%s", folder, CHECKPOINT);
	return read_file(pv_buf_str(&path), PV_NOTE_MAX, out, e);
}

static PV_RESULT
read_tile_file(const char *folder, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	pv_buf_addf(&path, "%s/", folder);
	pv_tile_path(&path, t);
	return read_file(
	    pv_buf_str(&path), t->bundle ? PV_TILE_BUNDLE_MAX : (size_t)PV_TILE * PV_HASH, out, e);
}

/* What of a full tile or bundle belongs to one of width. */
static size_t
cut_to(struct pv_slice whole, const struct pv_tile *t)
{
	struct pv_slice rest = whole, entry;

	if (!t->bundle)
		return whole.n < (size_t)t->width * PV_HASH ? whole.n : (size_t)t->width * PV_HASH;
	for (unsigned i = 0; i < t->width; i++) {
		if (!pv_bundle_next(&rest, &entry))
			return whole.n;
	}
	return whole.n - rest.n;
}

struct pv_status
pv_folder_read_tile(
    const char *folder, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e)
{
	struct pv_tile full = *t;
	size_t from = out->n;
	struct pv_status st = read_tile_file(folder, t, out, e);
	struct pv_err first;

	if (st.code != PV_E_INPUT || t->width == PV_TILE)
		return st;
	first = *e;
	full.width = PV_TILE;
	if (!pv_ok(read_tile_file(folder, &full, out, e))) {
		out->n = from;
		*e = first;
		return st;
	}
	out->n = from + cut_to(pv_slice_sub(pv_buf_slice(out), from, out->n), t);
	return PV_DONE;
}

static PV_RESULT
source_read(void *ctx, const struct pv_tile *t, struct pv_buf *out, struct pv_err *e)
{
	return pv_folder_read_tile(ctx, t, out, e);
}

struct pv_tile_source
pv_folder_tiles(const char *folder)
{
	union {
		const char *in;
		void *out;
	} ctx = { .in = folder }; /* only read */

	return (struct pv_tile_source){ .read = source_read, .ctx = ctx.out };
}

/* ---- writing ---- */

struct level {
	uint8_t hash[PV_TILE][PV_HASH];
	unsigned width;
	uint64_t n; /* of the tile being filled */
};

struct writer {
	const char *folder;
	PV_VEC(char *) fresh; /* names of files written as .tmp */
	struct level *levels[PV_TILE_LEVELS];
	struct pv_tree_edge tree;
	struct pv_buf bundle;
};

static void
free_writer(struct writer *w)
{
	for (size_t i = 0; i < w->fresh.n; i++)
		pv_free(w->fresh.at[i]);
	PV_VEC_FREE(&w->fresh);
	for (size_t i = 0; i < PV_TILE_LEVELS; i++)
		pv_free(w->levels[i]);
	pv_buf_free(&w->bundle);
}

/* Writes the file for later renaming; checks it instead when it is there. */
static PV_RESULT
put(struct writer *w, const struct pv_tile *t, struct pv_slice bytes, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf there = { 0 };
	PV_AUTO(pv_freep) char *name = NULL;
	struct pv_status st = read_tile_file(w->folder, t, &there, e);

	if (pv_ok(st) || st.code == PV_E_LIMIT) {
		pv_tile_path(&path, t);
		if (pv_ok(st) && pv_slice_eq(pv_buf_slice(&there), bytes))
			return PV_DONE;
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "%s in the folder is not what the log has: it is another log's, or was changed",
		    pv_buf_str(&path));
	}
	if (st.code != PV_E_INPUT)
		return st;
	pv_buf_addf(&path, "%s/", w->folder);
	pv_tile_path(&path, t);
	name = pv_strdup(pv_buf_str(&path));
	PV_TRY(make_folders(name, strlen(w->folder) + 1, e));
	pv_buf_add_str(&path, TEMP);
	*PV_VEC_ADD(&w->fresh) = PV_TAKE(name);
	return write_file(pv_buf_str(&path), bytes, false, e);
}

static PV_RESULT
put_tile(struct writer *w, unsigned level, struct pv_err *e)
{
	struct level *l = w->levels[level];
	struct pv_tile t = { .level = level, .n = l->n, .width = l->width };

	return put(w, &t, pv_slice_mem(l->hash, (size_t)l->width * PV_HASH), e);
}

/* A full tile is one hash of the level above, which may be full thereby. */
static PV_RESULT
add_hash(struct writer *w, const uint8_t hash[PV_HASH], struct pv_err *e)
{
	uint8_t h[PV_HASH];

	memcpy(h, hash, PV_HASH);
	for (unsigned level = 0; level < PV_TILE_LEVELS; level++) {
		struct level *l = w->levels[level];

		if (l == NULL)
			l = w->levels[level] = PV_NEW(struct level);
		memcpy(l->hash[l->width++], h, PV_HASH);
		if (l->width < PV_TILE)
			break;
		PV_TRY(put_tile(w, level, e));
		pv_tile_root((const uint8_t(*)[PV_HASH])l->hash, PV_TILE, h);
		l->width = 0;
		l->n++;
	}
	return PV_DONE;
}

static PV_RESULT
put_bundle(struct writer *w, uint64_t size, struct pv_err *e)
{
	struct pv_tile t = { .bundle = true, .n = (size - 1) / PV_TILE };

	t.width = (unsigned)(size - t.n * PV_TILE);
	PV_TRY(put(w, &t, pv_buf_slice(&w->bundle), e));
	pv_buf_clear(&w->bundle);
	return PV_DONE;
}

static PV_RESULT
put_entries(struct writer *w, uint64_t size, const struct pv_folder_entries *from, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };
	uint8_t leaf[PV_HASH];

	for (uint64_t i = 0; i < size; i++) {
		pv_buf_clear(&entry);
		PV_TRY(from->entry(from->ctx, i, &entry, e));
		PV_TRY(pv_within(pv_bundle_add(&w->bundle, pv_buf_slice(&entry), e), e,
		    "entry %llu", (unsigned long long)i));
		pv_hash_leaf(pv_buf_slice(&entry), leaf);
		pv_tree_add(&w->tree, leaf);
		PV_TRY(add_hash(w, leaf, e));
		if ((i + 1) % PV_TILE == 0 || i + 1 == size)
			PV_TRY(put_bundle(w, i + 1, e));
	}
	for (unsigned level = 0; level < PV_TILE_LEVELS && w->levels[level] != NULL; level++) {
		if (w->levels[level]->width > 0)
			PV_TRY(put_tile(w, level, e));
	}
	return PV_DONE;
}

static PV_RESULT
check_root(const struct writer *w, const struct pv_checkpoint *c, struct pv_err *e)
{
	uint8_t root[PV_HASH];

	pv_tree_top(&w->tree, root);
	if (memcmp(root, c->root, PV_HASH) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the %llu entries do not give the root of the checkpoint of \"%.*s\"",
		    (unsigned long long)c->size, PV_FMT(c->origin));
	return PV_DONE;
}

/* The folder's own checkpoint must not be newer, of another log, or another tree of the same size. */
static PV_RESULT
check_older(const char *folder, const struct pv_checkpoint *c, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	struct pv_checkpoint old;
	struct pv_note note;
	struct pv_status st = pv_folder_read_checkpoint(folder, &bytes, e);

	if (st.code == PV_E_INPUT)
		return PV_DONE; /* a new folder */
	PV_TRY(st);
	PV_TRY(pv_note_read(&note, pv_buf_slice(&bytes), a, e));
	PV_TRY(pv_checkpoint_read(&old, note.text, e));
	if (!pv_slice_eq(old.origin, c->origin))
		return PV_FAIL(
		    e, PV_E_INPUT, "the folder holds another log, \"%.*s\"", PV_FMT(old.origin));
	if (old.size > c->size)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the folder holds a newer tree, of %llu entries",
		    (unsigned long long)old.size);
	if (old.size == c->size && memcmp(old.root, c->root, PV_HASH) != 0)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the folder holds another tree of %llu entries",
		    (unsigned long long)old.size);
	return PV_DONE;
}

static void
drop_fresh(const struct writer *w)
{
	PV_AUTO(pv_buf_free) struct pv_buf temp = { 0 };

	for (size_t i = 0; i < w->fresh.n; i++) {
		pv_buf_clear(&temp);
		pv_buf_addf(&temp, "%s%s", w->fresh.at[i], TEMP);
		unlink(pv_buf_str(&temp));
	}
}

static PV_RESULT
publish(const struct writer *w, struct pv_slice checkpoint, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf temp = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };

	if (w->fresh.n > 0)
		PV_TRY(sync_folder(w->folder, true, e));
	for (size_t i = 0; i < w->fresh.n; i++) {
		pv_buf_clear(&temp);
		pv_buf_addf(&temp, "%s%s", w->fresh.at[i], TEMP);
		if (rename(pv_buf_str(&temp), w->fresh.at[i]) != 0)
			return fail_errno(e, "rename", pv_buf_str(&temp));
	}
	if (w->fresh.n > 0)
		PV_TRY(sync_folder(w->folder, true, e));
	pv_buf_clear(&temp);
	pv_buf_addf(&name, "%s/%s", w->folder, CHECKPOINT);
	pv_buf_addf(&temp, "%s%s", pv_buf_str(&name), TEMP);
	PV_TRY(write_file(pv_buf_str(&temp), checkpoint, true, e));
	if (rename(pv_buf_str(&temp), pv_buf_str(&name)) != 0)
		return fail_errno(e, "rename", pv_buf_str(&temp));
	return sync_folder(w->folder, false, e);
}

static PV_RESULT
write_folder(struct writer *w, struct pv_slice checkpoint, const struct pv_checkpoint *c,
    const struct pv_folder_entries *entries, struct pv_err *e)
{
	PV_TRY(put_entries(w, c->size, entries, e));
	PV_TRY(check_root(w, c, e));
	return publish(w, checkpoint, e);
}

struct pv_status
pv_folder_write(const char *folder, struct pv_slice checkpoint,
    const struct pv_folder_entries *entries, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(free_writer) struct writer w = { .folder = folder };
	struct pv_checkpoint c;
	struct pv_note note;
	struct pv_status st;

	PV_TRY(pv_note_read(&note, checkpoint, a, e));
	PV_TRY(pv_checkpoint_read(&c, note.text, e));
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return fail_errno(e, "make", folder);
	PV_TRY(check_older(folder, &c, e));
	st = write_folder(&w, checkpoint, &c, entries, e);
	if (!pv_ok(st))
		drop_fresh(&w);
	return st;
}
