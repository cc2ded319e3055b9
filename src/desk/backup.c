/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup is a folder: the store as of one moment, the sealed files, the
 * public part of the configuration. The keys that erasure destroys, and the
 * home's private keys, go into a second folder, and only when asked for: what
 * is to be erasable must not lie in every backup.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/home.h"
#include "desk/journal.h"
#include "desk/remote.h"

static PV_RESULT
copy_file(const char *from, const char *to, struct pv_err *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	struct pv_status st = PV_DONE;
	char part[65536];
	ssize_t n = 0;

	if (in < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", from, strerror(errno));
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0) {
		close(in);
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", to, strerror(errno));
	}
	while ((n = read(in, part, sizeof(part))) > 0)
		if (write(out, part, (size_t)n) != n)
			break;
	if (n != 0 || fsync(out) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", to, strerror(errno));
	close(in);
	close(out);
	return st;
}

static PV_RESULT
copy_folder(const char *from, const char *to, struct pv_arena *a, struct pv_err *e)
{
	DIR *dir = opendir(from);
	struct pv_status st = PV_DONE;
	struct dirent *entry;

	if (dir == NULL)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", from, strerror(errno));
	if (mkdir(to, 0700) != 0)
		st = PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot make %s: %s",
		    to, strerror(errno));
	while (pv_ok(st) && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			st = copy_file(pv_arena_printf(a, "%s/%s", from, entry->d_name).p,
			    pv_arena_printf(a, "%s/%s", to, entry->d_name).p, e);
	closedir(dir);
	return st;
}

static PV_RESULT
make_folder(const char *path, struct pv_err *e)
{
	if (mkdir(path, 0700) != 0)
		return PV_FAIL(e, errno == EEXIST ? PV_E_INPUT : PV_E_CONFIG, "cannot make %s: %s",
		    path, strerror(errno));
	return PV_DONE;
}

static PV_RESULT
fill_backup(struct pv_desk *d, const char *path, const char *keys_path, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_journal_entry entry = {
		.kind = "admin", .party = d->party, .detail = PV_SLICE("{\"backup\":true}")
	};
	struct pv_journalled journalled;

	PV_TRY(pv_journal_add(d, &entry, NULL, 0, a, &journalled, e));
	PV_TRY(pv_store_backup(d->store, pv_arena_printf(a, "%s/proviso.db", path).p,
	    keys_path != NULL ? pv_arena_printf(a, "%s/erase.db", keys_path).p : NULL, e));
	PV_TRY(copy_file(
	    pv_home_path(d, a, "home.json"), pv_arena_printf(a, "%s/home.json", path).p, e));
	PV_TRY(copy_folder(
	    pv_home_path(d, a, "sealed"), pv_arena_printf(a, "%s/sealed", path).p, a, e));
	return keys_path != NULL ? copy_folder(pv_home_path(d, a, "keys"),
				       pv_arena_printf(a, "%s/keys", keys_path).p, a, e)
				 : PV_DONE;
}

PV_RESULT
pv_desk_backup(struct pv_desk *d, const char *path, const char *keys_path, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_needs_home("backup", e);
	PV_TRY(make_folder(path, e));
	st = keys_path != NULL ? make_folder(keys_path, e) : PV_DONE;
	if (!pv_ok(st)) {
		pv_home_remove(path);
		return st;
	}
	st = fill_backup(d, path, keys_path, a, e);
	if (!pv_ok(st)) { /* half a backup is none */
		pv_home_remove(path);
		if (keys_path != NULL)
			pv_home_remove(keys_path);
	}
	return st;
}

static PV_RESULT
fill_home(const char *backup, const char *keys_path, const char *making, const struct pv_env *env,
    struct pv_arena *a, struct pv_err *e)
{
	struct pv_store_options o = { .mode = PV_STORE_WRITE,
		.tree = pv_home_tree(),
		.env = *env,
		.adopt = true,
		.reserve_bytes = 8 << 20 };
	PV_AUTO(pv_store_freep) struct pv_store *s = NULL;

	PV_TRY(copy_file(pv_arena_printf(a, "%s/proviso.db", backup).p,
	    pv_arena_printf(a, "%s/proviso.db", making).p, e));
	PV_TRY(copy_file(pv_arena_printf(a, "%s/home.json", backup).p,
	    pv_arena_printf(a, "%s/home.json", making).p, e));
	PV_TRY(copy_folder(pv_arena_printf(a, "%s/sealed", backup).p,
	    pv_arena_printf(a, "%s/sealed", making).p, a, e));
	if (keys_path != NULL) {
		PV_TRY(copy_file(pv_arena_printf(a, "%s/erase.db", keys_path).p,
		    pv_arena_printf(a, "%s/erase.db", making).p, e));
		PV_TRY(copy_folder(pv_arena_printf(a, "%s/keys", keys_path).p,
		    pv_arena_printf(a, "%s/keys", making).p, a, e));
	} else {
		PV_TRY(make_folder(pv_arena_printf(a, "%s/keys", making).p, e));
	}
	return pv_store_open(&s, pv_arena_printf(a, "%s/proviso.db", making).p, &o, e);
}

/* The folder is whole before it takes its name. What the logs signed after the backup is lost with the disk: the authority asks its
 * followers for it first (docs/protocol/halting.md); here that is said, not done. */
PV_RESULT
pv_desk_restore(const char *backup, const char *keys_path, const char *home,
    const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const char *making = pv_arena_printf(a, "%s.restoring-%d", home, (int)getpid()).p;
	struct pv_status st;

	if (access(home, F_OK) == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s is there already", home), e,
		    "a restore never writes over a home: choose another place");
	PV_TRY(make_folder(making, e));
	st = fill_home(backup, keys_path, making, env, a, e);
	if (pv_ok(st) && rename(making, home) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot make %s: %s", home, strerror(errno));
	if (!pv_ok(st))
		pv_home_remove(making);
	return st;
}
