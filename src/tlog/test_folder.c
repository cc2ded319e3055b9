/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tap.h"

static struct pv_err err;
static struct pv_arena *arena;
static struct pv_pair *log_pair;
static const struct pv_log_policy *policy;
static char top[] = "/tmp/proviso-folder-XXXXXX";

/* ---- a log whose entry i is known by i ---- */

static void
write_entry(struct pv_buf *out, uint64_t i)
{
	pv_buf_addf(out, "entry %d", (int)i);
	for (uint64_t k = 0; k < i % 7; k++)
		pv_buf_addf(out, " and more");
}

static PV_RESULT
give_entry(void *ctx, uint64_t i, struct pv_buf *out, struct pv_err *e)
{
	const uint64_t *stop_at = ctx;

	if (stop_at != NULL && i == *stop_at)
		return PV_FAIL(e, PV_E_DOWN, "the store is gone");
	write_entry(out, i);
	return PV_DONE;
}

static void
leaf_of(uint64_t i, uint8_t out[PV_HASH])
{
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };

	write_entry(&entry, i);
	pv_hash_leaf(pv_buf_slice(&entry), out);
}

static void
sign_checkpoint(struct pv_buf *out, uint64_t size, const struct pv_pair *pair)
{
	struct pv_checkpoint c = { .origin = PV_SLICE("co/journal"), .size = size };
	struct pv_tree_edge t = { 0 };

	for (uint64_t i = 0; i < size; i++) {
		uint8_t leaf[PV_HASH];

		leaf_of(i, leaf);
		pv_tree_add(&t, leaf);
	}
	pv_tree_top(&t, c.root);
	if (!pv_ok(pv_checkpoint_sign(out, &c, pair, &err)))
		tap_note("%s", err.what);
}

static struct pv_status
write_log(const char *folder, uint64_t size, const struct pv_pair *pair)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_folder_entries from = { .entry = give_entry };

	sign_checkpoint(&note, size, pair);
	return pv_folder_write(folder, pv_buf_slice(&note), &from, &err);
}

static const char *
folder_for(const char *name)
{
	return (const char *)pv_arena_printf(arena, "%s/%s%c", top, name, 0).p;
}

/* A new folder with a log of that size. */
static const char *
new_log(const char *name, uint64_t size)
{
	const char *folder = folder_for(name);

	if (!pv_ok(write_log(folder, size, log_pair)))
		tap_ok(false, "%s: written: %s", name, err.what);
	return folder;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st, (void)what, (void)at;
	return remove(path);
}

/* ---- tampering ---- */

static const char *
path_in(const char *folder, const char *file)
{
	return (const char *)pv_arena_printf(arena, "%s/%s%c", folder, file, 0).p;
}

static void
read_in(struct pv_buf *out, const char *folder, const char *file)
{
	FILE *f = fopen(path_in(folder, file), "rb");
	size_t n;

	while (f != NULL && (n = fread(pv_buf_room(out, 4096), 1, 4096, f)) > 0)
		out->n += n;
	if (f == NULL || fclose(f) != 0)
		tap_ok(false, "the test reads %s", file);
}

static void
write_in(const char *folder, const char *file, struct pv_slice bytes)
{
	FILE *f = fopen(path_in(folder, file), "wb");

	if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
		tap_ok(false, "the test writes %s", file);
}

/* Flips a bit of a file, counted from its end when at is negative. */
static void
flip(const char *folder, const char *file, long at)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	read_in(&b, folder, file);
	if (b.n == 0)
		return;
	b.p[at < 0 ? (long)b.n + at : at] ^= 1;
	write_in(folder, file, pv_buf_slice(&b));
}

static void
resize(const char *folder, const char *file, long by)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	read_in(&b, folder, file);
	for (; by > 0; by--)
		pv_buf_add_c(&b, 'x');
	b.n -= (size_t)-by;
	write_in(folder, file, pv_buf_slice(&b));
}

/* Changes a letter of entry i (its first 'e' becomes 'E'), and answers its new hash. */
static void
change_entry(const char *folder, const char *bundle, uint64_t i, uint8_t hash[PV_HASH])
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_slice rest, entry = PV_NO_SLICE;

	read_in(&b, folder, bundle);
	rest = pv_buf_slice(&b);
	for (uint64_t k = 0; k <= i % PV_TILE; k++) {
		if (!pv_bundle_next(&rest, &entry))
			tap_ok(false, "the test finds entry %d", (int)i);
	}
	b.p[entry.p - b.p] = 'E';
	pv_hash_leaf(entry, hash);
	write_in(folder, bundle, pv_buf_slice(&b));
}

static bool
verify(struct pv_folder_report *r, const char *folder)
{
	struct pv_status st = pv_folder_verify(r, folder, policy, 0, NULL, arena, &err);

	if (!pv_ok(st))
		tap_note("%s", err.what);
	return pv_ok(st);
}

/* The only fault, or NULL. */
static const struct pv_fault *
only_fault(struct pv_folder_report *r, const char *folder)
{
	if (!verify(r, folder) || r->good || r->fault_count != 1) {
		tap_note("good %d, %zu faults", r->good, r->fault_count);
		return NULL;
	}
	return &r->faults[0];
}

/* ---- good folders ---- */

static void
test_growing(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 255, 256, 257, 511, 512, 600, 600, 65536,
		66000 };
	const char *folder = folder_for("growing");
	struct pv_folder_report r;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pv_status st = write_log(folder, sizes[i], log_pair);

		tap_ok(pv_ok(st) && verify(&r, folder) && r.good && r.signature_good &&
			   r.root_good && r.fault_count == 0 && r.entries_good == sizes[i] &&
			   r.seen.checkpoint.size == sizes[i] && r.tiles == r.tiles_good,
		    "a folder grown to %d entries is good", (int)sizes[i]);
	}
	tap_ok(r.tiles == 258 + 2 + 1,
	    "66,000 entries have 258 tiles of leaf hashes, 2 above, 1 above");
	tap_ok(write_log(folder, 600, log_pair).code == PV_E_UNTRUSTED, "it does not shrink");
	tap_ok(verify(&r, folder) && r.good, "and is good as before");
}

static void
test_layout(void)
{
	static const char *const files[] = { "checkpoint", "tile/0/000", "tile/0/001",
		"tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001",
		"tile/entries/002.p/88" };
	const char *folder = new_log("layout", 600);
	struct pv_tile t = { .level = 0, .n = 0, .width = 7 };
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t leaf[PV_HASH];
	bool there = true;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		there = access(path_in(folder, files[i]), R_OK) == 0 && there;
	tap_ok(there, "600 entries are where C2SP tlog-tiles puts them");
	tap_ok(access(path_in(folder, "tile/2"), F_OK) != 0 &&
		   access(path_in(folder, "tile/0/002"), F_OK) != 0,
	    "and nothing else");
	leaf_of(6, leaf);
	tap_ok(pv_ok(pv_folder_read_tile(folder, &t, &b, &err)) && b.n == 7 * PV_HASH &&
		   memcmp(b.p + 6 * PV_HASH, leaf, PV_HASH) == 0,
	    "an older partial tile is cut from the full one");
	pv_buf_clear(&b);
	t.bundle = true;
	tap_ok(pv_ok(pv_folder_read_tile(folder, &t, &b, &err)) &&
		   pv_ok(pv_bundle_check(pv_buf_slice(&b), 7, &err)),
	    "so is a bundle");
	t.n = 3;
	tap_ok(pv_folder_read_tile(folder, &t, &b, &err).code == PV_E_INPUT,
	    "what is not there is not");
}

static PV_RESULT
count_entry(void *ctx, uint64_t index, struct pv_slice bytes, struct pv_err *e)
{
	uint64_t *next = ctx;
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };

	write_entry(&entry, index);
	if (index < *next || !pv_slice_eq(bytes, pv_buf_slice(&entry)))
		return PV_FAIL(e, PV_E_BUG, "entry %d out of place", (int)index);
	*next = index + 1;
	return PV_DONE;
}

static void
test_reading(void)
{
	const char *folder = new_log("reading", 600);
	struct pv_tile_source from = pv_folder_tiles(folder);
	PV_AUTO(pv_tiles_freep) struct pv_tiles *tiles = pv_tiles_new(&from, 600);
	struct pv_tree_reader reader = pv_tiles_reader(tiles);
	struct pv_folder_report r;
	struct pv_tree_proof p;
	uint64_t next = 0;
	struct pv_folder_visit visit = { count_entry, &next };
	uint8_t leaf[PV_HASH];

	tap_ok(pv_ok(pv_folder_verify(&r, folder, policy, 0, &visit, arena, &err)) && r.good &&
		   next == 600,
	    "each entry is shown to who visits");
	leaf_of(599, leaf);
	tap_ok(pv_ok(pv_tree_prove(&p, &reader, 599, 600, &err)) &&
		   pv_tree_verify(&p, leaf, 599, 600, r.seen.checkpoint.root),
	    "proofs are made from the folder's tiles");
	next = 0;
	change_entry(folder, "tile/entries/000", 0, leaf);
	tap_ok(pv_ok(pv_folder_verify(&r, folder, policy, 0, &visit, arena, &err)) && !r.good &&
		   next == 600 && r.entries_good == 599,
	    "but not one that was changed");
	tap_ok(pv_folder_verify(&r, folder, policy, 599, NULL, arena, &err).code == PV_E_LIMIT,
	    "a larger log than wanted is not looked at");
	tap_ok(pv_folder_verify(&r, folder_for("nowhere"), policy, 0, NULL, arena, &err).code ==
		   PV_E_INPUT,
	    "nor one that is not there");
}

/* ---- writing that must not happen ---- */

static void
test_refused_writing(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *other = pv_pair_of(pv_pair_seed(log_pair));
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	const char *folder = new_log("refused", 300);
	uint64_t stop = 700;
	struct pv_folder_entries from = { .entry = give_entry, .ctx = &stop };
	struct pv_checkpoint c = { .origin = PV_SLICE("co/journal"), .size = 600 };
	struct pv_folder_report r;

	pv_ignore(pv_checkpoint_sign(&note, &c, other, &err));
	tap_ok(pv_folder_write(folder, pv_buf_slice(&note), &from, &err).code == PV_E_UNTRUSTED,
	    "a root that is not the entries' is refused");
	tap_ok(verify(&r, folder) && r.good && r.seen.checkpoint.size == 300 &&
		   access(path_in(folder, "tile/0/001"), F_OK) != 0 &&
		   access(path_in(folder, "tile/0/001.tmp"), F_OK) != 0,
	    "and leaves the folder as it was");
	pv_buf_clear(&note);
	sign_checkpoint(&note, 800, log_pair);
	tap_ok(pv_folder_write(folder, pv_buf_slice(&note), &from, &err).code == PV_E_DOWN,
	    "an entry that cannot be had stops it");
	tap_ok(
	    verify(&r, folder) && r.good && r.seen.checkpoint.size == 300, "with nothing changed");
	pv_buf_clear(&note);
	c.origin = PV_SLICE("uk/journal");
	pv_ignore(pv_checkpoint_sign(&note, &c, other, &err));
	tap_ok(pv_folder_write(folder, pv_buf_slice(&note), &from, &err).code == PV_E_INPUT,
	    "another log's checkpoint is refused");
	flip(folder, "tile/0/000", 5);
	tap_ok(write_log(folder, 600, log_pair).code == PV_E_UNTRUSTED,
	    "a tile that was changed is not written over");
	tap_ok(pv_folder_write(folder, PV_SLICE("no note"), &from, &err).code == PV_E_INPUT,
	    "what is no checkpoint is refused");
}

static void
test_after_crash(void)
{
	const char *folder = new_log("crash", 300);
	struct pv_folder_report r;

	/* what a crash between the renames leaves: half a .tmp, and a tile that no checkpoint speaks of */
	write_in(folder, "tile/0/001.tmp", PV_SLICE("half"));
	tap_ok(verify(&r, folder) && r.good, "leftovers of a crash do no harm");
	tap_ok(pv_ok(write_log(folder, 600, log_pair)) && verify(&r, folder) && r.good &&
		   access(path_in(folder, "tile/0/001.tmp"), F_OK) != 0,
	    "and are gone after the next writing");
}

/* ---- faults ---- */

static void
test_changed_entry(const char *name, const char *bundle, uint64_t i)
{
	const char *folder = new_log(name, 600);
	const struct pv_fault *f;
	struct pv_folder_report r;
	uint8_t has[PV_HASH], want[PV_HASH];

	change_entry(folder, bundle, i, has);
	leaf_of(i, want);
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_ENTRY && f->index == i && f->has_known &&
		   f->want_known && memcmp(f->has, has, PV_HASH) == 0 &&
		   memcmp(f->want, want, PV_HASH) == 0,
	    "%s: entry %d is found, with the hash it has and the one that was signed", name,
	    (int)i);
	tap_ok(f != NULL && f->entry.n > 5 && memcmp(f->entry.p, "Entry", 5) == 0,
	    "%s: and what it says now", name);
	tap_ok(r.entries_good == 599 && r.tiles_good == 4 && r.signature_good && r.root_good,
	    "%s: all else is as signed", name);
}

static void
test_cut_bundle(void)
{
	const char *folder = new_log("cut", 600);
	struct pv_folder_report r;
	const struct pv_fault *f;
	uint8_t want[PV_HASH];

	resize(folder, "tile/entries/002.p/88", -1);
	leaf_of(599, want);
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_ENTRY_GONE && f->index == 599 && f->want_known &&
		   memcmp(f->want, want, PV_HASH) == 0 && r.entries_good == 599,
	    "a bundle that is cut by a byte lacks its last entry");
	resize(folder, "tile/entries/002.p/88", +2);
	tap_ok(verify(&r, folder) && r.fault_count == 2 && r.faults[0].kind == PV_FAULT_BUNDLE &&
		   r.faults[1].kind == PV_FAULT_ENTRY && r.faults[1].index == 599,
	    "with other bytes in its place it is another entry, and more");
	unlink(path_in(folder, "tile/entries/001"));
	tap_ok(verify(&r, folder) && !r.good && r.fault_count == 258 &&
		   r.faults[0].kind == PV_FAULT_ENTRY_GONE && r.faults[0].index == 256 &&
		   r.faults[255].index == 511,
	    "a bundle that is gone lacks all of its own");
}

static void
test_longer_bundle(void)
{
	const char *folder = new_log("longer", 600);
	struct pv_folder_report r;
	const struct pv_fault *f;

	resize(folder, "tile/entries/001", +1);
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_BUNDLE && f->tile.n == 1 && f->index == 256 &&
		   f->last == 511 && r.entries_good == 600,
	    "bytes after the last entry are found");
}

static void
test_changed_tile(const char *name, const char *file, unsigned level, uint64_t n)
{
	const char *folder = new_log(name, 600);
	struct pv_folder_report r;
	const struct pv_fault *f;

	flip(folder, file, 0);
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_TILE && f->tile.level == level && f->tile.n == n &&
		   r.entries_good == 600 && r.tiles_good == 3,
	    "%s: a changed tile is found, the entries are good", name);
	flip(folder, file, 0);
	resize(folder, file, -1);
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_TILE && r.entries_good == 600,
	    "%s: so is one that is cut", name);
	resize(folder, file, +33);
	f = only_fault(&r, folder);
	tap_ok(
	    f != NULL && f->kind == PV_FAULT_TILE && r.entries_good == 600, "%s: or longer", name);
	unlink(path_in(folder, file));
	f = only_fault(&r, folder);
	tap_ok(f != NULL && f->kind == PV_FAULT_TILE_GONE && r.entries_good == 600, "%s: or gone",
	    name);
}

static bool
has_fault(const struct pv_folder_report *r, enum pv_fault_kind kind, uint64_t index, uint64_t last)
{
	for (size_t i = 0; i < r->fault_count; i++) {
		if (r->faults[i].kind == kind && r->faults[i].index == index &&
		    r->faults[i].last == last)
			return true;
	}
	return false;
}

static void
test_several(void)
{
	const char *folder = new_log("several", 600);
	struct pv_folder_report r;
	uint8_t hash[PV_HASH];

	change_entry(folder, "tile/entries/001", 300, hash);
	flip(folder, "tile/0/001", 40 * PV_HASH);
	flip(folder, "tile/1/000.p/2", 0);
	change_entry(folder, "tile/entries/002.p/88", 599, hash);
	flip(folder, "tile/0/002.p/88", 0);
	tap_ok(verify(&r, folder) && !r.good && r.fault_count == 5 &&
		   has_fault(&r, PV_FAULT_ENTRY, 300, 300) &&
		   has_fault(&r, PV_FAULT_ENTRY, 599, 599) &&
		   has_fault(&r, PV_FAULT_TILE, 256, 511) &&
		   has_fault(&r, PV_FAULT_TILE, 512, 599) && has_fault(&r, PV_FAULT_TILE, 0, 599) &&
		   r.entries_good == 598,
	    "changed entries and changed tiles beside them are told apart");
}

/* Entry and leaf hash changed to fit each other: then the tile above tells that, but not which. */
static void
test_fitting_change(void)
{
	const char *folder = new_log("fitting", 600);
	PV_AUTO(pv_buf_free) struct pv_buf tile = { 0 };
	struct pv_folder_report r;
	uint8_t hash[PV_HASH];

	change_entry(folder, "tile/entries/001", 300, hash);
	read_in(&tile, folder, "tile/0/001");
	memcpy(tile.p + 44 * PV_HASH, hash, PV_HASH);
	write_in(folder, "tile/0/001", pv_buf_slice(&tile));
	tap_ok(verify(&r, folder) && !r.good && r.fault_count == 2 &&
		   has_fault(&r, PV_FAULT_RANGE, 256, 511) &&
		   has_fault(&r, PV_FAULT_TILE, 256, 511) && r.entries_good == 344,
	    "an entry changed together with its leaf hash is found, as one of its tile's");
}

static void
test_swapped(void)
{
	const char *folder = new_log("swapped", 600);
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_folder_report r;

	/* "entry 0" and "entry 7" are of one length */
	read_in(&b, folder, "tile/entries/000");
	*(char *)memmem(b.p, b.n, "\0\7entry 0", 9) = '\0';
	((char *)memmem(b.p, b.n, "\0\7entry 0", 9))[8] = '7';
	((char *)memmem(b.p + 9, b.n - 9, "\0\7entry 7", 9))[8] = '0';
	write_in(folder, "tile/entries/000", pv_buf_slice(&b));
	tap_ok(verify(&r, folder) && !r.good && r.fault_count == 2 &&
		   has_fault(&r, PV_FAULT_ENTRY, 0, 0) && has_fault(&r, PV_FAULT_ENTRY, 7, 7),
	    "entries that changed places are both found");
}

static void
test_changed_checkpoint(void)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);
	PV_AUTO(pv_pair_freep) struct pv_pair *other = pv_pair_of(seed);
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	const char *folder = new_log("checkpoint", 600);
	struct pv_folder_report r;

	pv_buf_clear(&note);
	sign_checkpoint(&note, 600, other);
	write_in(folder, "checkpoint", pv_buf_slice(&note));
	tap_ok(verify(&r, folder) && !r.good && !r.signature_good &&
		   r.signature_err.code == PV_E_UNTRUSTED && r.root_good && r.fault_count == 0 &&
		   r.entries_good == 600,
	    "another key's checkpoint: the tree is whole, the signature is not good");
	pv_buf_clear(&note);
	sign_checkpoint(&note, 601, log_pair);
	write_in(folder, "checkpoint", pv_buf_slice(&note));
	tap_ok(verify(&r, folder) && !r.good && r.signature_good && !r.root_good &&
		   has_fault(&r, PV_FAULT_RANGE, 0, 600) && r.entries_good == 0,
	    "a checkpoint of more entries than there are: nothing is proven");
	pv_buf_clear(&note);
	sign_checkpoint(&note, 599, log_pair);
	write_in(folder, "checkpoint", pv_buf_slice(&note));
	tap_ok(verify(&r, folder) && !r.good && !r.root_good &&
		   has_fault(&r, PV_FAULT_ENTRY_GONE, 598, 598) && r.entries_good == 0,
	    "one of fewer lacks the partial tiles of its size, and nothing is proven without");
	write_in(folder, "checkpoint", PV_SLICE("no note"));
	tap_ok(pv_folder_verify(&r, folder, policy, 0, NULL, arena, &err).code == PV_E_INPUT,
	    "and without one there is nothing to judge");
}

static void
test_many_faults(void)
{
	const char *folder = new_log("many", 2000);
	struct pv_folder_report r;

	for (int i = 0; i < 7; i++)
		unlink(
		    (const char *)pv_arena_printf(arena, "%s/tile/entries/%03d%c", folder, i, 0).p);
	tap_ok(verify(&r, folder) && !r.good && r.fault_count == PV_FOLDER_FAULTS &&
		   r.faults_more == 7 * 256 - PV_FOLDER_FAULTS && r.entries_good == 2000 - 7 * 256,
	    "of very many faults a thousand are kept, and all counted");
}

int
main(void)
{
	PV_AUTO(pv_secret_freep)
	struct pv_secret *seed = pv_secret_of("proviso's log of the folder test", 32);
	struct pv_vkey key;

	arena = pv_arena_new();
	log_pair = pv_pair_of(seed);
	key = pv_vkey_make(PV_SLICE("co/journal"), PV_VKEY_ED25519, pv_pair_pub(log_pair));
	if (mkdtemp(top) == NULL ||
	    !pv_ok(pv_log_policy_make(&policy, &key, NULL, 0, 0, arena, &err))) {
		tap_ok(false, "a folder for the test: %s", strerror(errno));
		return tap_done();
	}
	test_growing();
	test_layout();
	test_reading();
	test_refused_writing();
	test_after_crash();
	test_changed_entry("full bundle", "tile/entries/001", 300);
	test_changed_entry("partial bundle", "tile/entries/002.p/88", 590);
	test_cut_bundle();
	test_longer_bundle();
	test_changed_tile("level 0", "tile/0/001", 0, 1);
	test_changed_tile("partial level 0", "tile/0/002.p/88", 0, 2);
	test_changed_tile("level 1", "tile/1/000.p/2", 1, 0);
	test_several();
	test_fitting_change();
	test_swapped();
	test_changed_checkpoint();
	test_many_faults();
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	pv_pair_free(log_pair);
	pv_arena_free(arena);
	return tap_done();
}
