/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of the comparison with golang.org/x/mod/sumdb.
 *
 *	log grow FOLDER SIZE     writes or grows a log; prints its vkey, a blank and the root in base64
 *	log verify FOLDER        exit 0 when it is good, else each fault on a line and 1
 *	log open NOTE VKEY       exit 0 when the key signed the note (both are files)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "tlog/folder.h"

#define ORIGIN "proviso.example/interop"

static struct pv_err err;

static int
fail(void)
{
	fprintf(stderr, "%s\n", err.what);
	return 1;
}

static struct pv_pair *
log_pair(void)
{
	PV_AUTO(pv_secret_freep)
	struct pv_secret *seed = pv_secret_of("a seed that signs nothing else!!", PV_SIGN_SEED);

	return pv_pair_of(seed);
}

static struct pv_vkey
log_vkey(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = log_pair();

	return pv_vkey_make(PV_SLICE(ORIGIN), PV_VKEY_ED25519, pv_pair_pub(pair));
}

/* Entries of all lengths up to 700, and every thousandth empty. */
static PV_RESULT
give_entry(void *ctx, uint64_t i, struct pv_buf *out, struct pv_err *e)
{
	(void)ctx, (void)e;
	if (i % 1000 == 999)
		return PV_DONE;
	pv_buf_addf(out, "{\"entry\":%llu,\"padding\":\"", (unsigned long long)i);
	for (uint64_t k = i * 7919 % 700; k > 0; k--)
		pv_buf_add_c(out, (char)('a' + k % 26));
	pv_buf_add_str(out, "\"}");
	return PV_DONE;
}

static int
grow(const char *folder, const char *size_text)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = log_pair();
	PV_AUTO(pv_buf_free) struct pv_buf entry = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_folder_entries from = { .entry = give_entry };
	struct pv_checkpoint c = { .origin = PV_SLICE(ORIGIN) };
	struct pv_vkey key = log_vkey();
	struct pv_tree_edge tree = { 0 };

	if (!pv_slice_u64(pv_slice_of(size_text), &c.size))
		return 2;
	for (uint64_t i = 0; i < c.size; i++) {
		pv_buf_clear(&entry);
		if (!pv_ok(give_entry(NULL, i, &entry, &err)))
			return fail();
		pv_tree_add_entry(&tree, pv_buf_slice(&entry));
	}
	pv_tree_top(&tree, c.root);
	if (!pv_ok(pv_checkpoint_sign(&note, &c, pair, &err)) ||
	    !pv_ok(pv_folder_write(folder, pv_buf_slice(&note), &from, &err)))
		return fail();
	pv_vkey_write(&line, &key);
	pv_buf_add_c(&line, ' ');
	pv_base64_write(&line, pv_slice_mem(c.root, PV_HASH), PV_BASE64);
	puts(pv_buf_str(&line));
	return 0;
}

static const char *const fault_names[] = {
	[PV_FAULT_ENTRY] = "entry",
	[PV_FAULT_ENTRY_GONE] = "entry gone",
	[PV_FAULT_BUNDLE] = "bundle",
	[PV_FAULT_TILE] = "tile",
	[PV_FAULT_TILE_GONE] = "tile gone",
	[PV_FAULT_RANGE] = "range",
};

static int
verify(const char *folder)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_log_policy *policy;
	struct pv_vkey key = log_vkey();
	struct pv_folder_report r;

	if (!pv_ok(pv_log_policy_make(&policy, &key, NULL, 0, 0, a, &err)) ||
	    !pv_ok(pv_folder_verify(&r, folder, policy, 0, NULL, a, &err)))
		return fail();
	if (!r.signature_good)
		printf("signature: %s\n", r.signature_err.what);
	for (size_t i = 0; i < r.fault_count; i++)
		printf("%s %llu\n", fault_names[r.faults[i].kind],
		    (unsigned long long)r.faults[i].index);
	return r.good ? 0 : 1;
}

static bool
read_file(struct pv_buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	while (f != NULL && (n = fread(pv_buf_room(out, 4096), 1, 4096, f)) > 0)
		out->n += n;
	return f != NULL && fclose(f) == 0;
}

static int
open_note(const char *note_path, const char *vkey_path)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf vkey = { 0 };
	struct pv_note_check check;
	struct pv_note n;
	struct pv_vkey k;

	if (!read_file(&note, note_path) || !read_file(&vkey, vkey_path))
		return 2;
	if (!pv_ok(pv_vkey_read(&k, pv_slice_trim(pv_buf_slice(&vkey)), &err)) ||
	    !pv_ok(pv_note_read(&n, pv_buf_slice(&note), a, &err)) ||
	    !pv_ok(pv_note_verify(&n, &k, &check, 1, &err)))
		return fail();
	return check.good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "grow") == 0)
		return grow(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2]);
	if (argc == 4 && strcmp(argv[1], "open") == 0)
		return open_note(argv[2], argv[3]);
	fprintf(stderr, "usage: log grow FOLDER SIZE | verify FOLDER | open NOTE VKEY\n");
	return 2;
}
