/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/note.h"
#include "crypto/wrap.h"
#include "tap.h"

static struct pv_err err;
static struct pv_env env;

static struct pv_pair *
pair_of(char c)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);

	memset(pv_secret_bytes(seed), c, PV_SIGN_SEED);
	return pv_pair_of(seed);
}

static struct pv_secret *
words(const char *s)
{
	return pv_secret_of(s, strlen(s));
}

static struct pv_keyfile *
read_text(const struct pv_buf *text, enum pv_code want, const char *name)
{
	struct pv_keyfile *k = NULL;
	struct pv_status st = pv_keyfile_read(&k, pv_buf_slice(text), &err);

	if (!tap_ok(st.code == want, "%s", name))
		tap_note("code %d: %s", (int)st.code, err.what);
	return k;
}

static void
resum(struct pv_buf *text)
{
	char sum[2 * PV_HASH + 1];

	text->n -= strlen("sum \n") + 2 * PV_HASH;
	pv_hash_hex(pv_buf_slice(text), sum);
	pv_buf_addf(text, "sum %s\n", sum);
}

/* Replaces the first from in text; both of one length. */
static void
replace(struct pv_buf *text, struct pv_slice from, struct pv_slice to)
{
	char *at = memmem(text->p, text->n, from.p, from.n);

	if (at == NULL || from.n != to.n)
		tap_ok(false, "the test finds \"%.*s\"", PV_FMT(from));
	else
		memcpy(at, to.p, to.n);
}

static void
test_text(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of('1');
	PV_AUTO(pv_keyfile_freep)
	struct pv_keyfile *made = pv_keyfile_of_pair(PV_SLICE("co/officer1"), pair);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	PV_AUTO(pv_secret_freep) struct pv_secret *none = words("");
	PV_AUTO(pv_pair_freep) struct pv_pair *back = NULL;

	tap_ok(pv_ok(pv_keyfile_write(&text, made, NULL, &env, &err)), "a plain key is written");
	tap_ok(strstr(pv_buf_str(&text), "name co/officer1\nkind ed25519\npublic co/officer1+") !=
		   NULL,
	    "name, kind and public half can be read");
	k = read_text(&text, PV_OK, "and read");
	tap_ok(!pv_keyfile_locked(k) && pv_slice_is(pv_keyfile_name(k), "co/officer1") &&
		   pv_keyfile_kind(k) == PV_KEY_ED25519 && pv_ok(pv_keyfile_pair(&back, k, &err)) &&
		   pv_secret_eq(pv_pair_seed(back), pv_pair_seed(pair)),
	    "it is the same key");
	tap_ok(pv_keyfile_write(&text, made, none, &env, &err).code == PV_E_INPUT,
	    "an empty passphrase is refused");
}

static void
test_damage(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of('1');
	PV_AUTO(pv_keyfile_freep)
	struct pv_keyfile *made = pv_keyfile_of_pair(PV_SLICE("co/officer1"), pair);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf other = { 0 };
	bool found = true;

	if (!pv_ok(pv_keyfile_write(&text, made, NULL, &env, &err)))
		return;
	for (size_t i = sizeof("proviso-key 1"); i < text.n; i++) {
		struct pv_status st;

		text.p[i] ^= 1;
		st = pv_keyfile_read(&k, pv_buf_slice(&text), &err);
		found = st.code == PV_E_UNTRUSTED && found;
		text.p[i] ^= 1;
		st = pv_keyfile_read(&k, pv_slice_sub(pv_buf_slice(&text), 0, i), &err);
		found = st.code == PV_E_UNTRUSTED && found;
	}
	tap_ok(found, "any changed character and any cut is damage");
	replace(&text, PV_SLICE("officer1"), PV_SLICE("officer2"));
	resum(&text);
	k = read_text(
	    &text, PV_E_UNTRUSTED, "another name does not fit the key, though the sum does");
	pv_buf_add_str(&other, "proviso-key 2\n");
	k = read_text(&other, PV_E_INPUT, "another version is not damage");
	pv_buf_clear(&other);
	pv_buf_add_str(&other, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	k = read_text(&other, PV_E_INPUT, "nor is another kind of file");
}

static void
test_lock(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of('1');
	PV_AUTO(pv_keyfile_freep)
	struct pv_keyfile *made = pv_keyfile_of_pair(PV_SLICE("co/officer1"), pair);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *changed = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *right = words("correct horse battery staple");
	PV_AUTO(pv_secret_freep) struct pv_secret *wrong = words("correct horse battery stable");
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	PV_AUTO(pv_pair_freep) struct pv_pair *back = NULL;

	if (!pv_ok(pv_keyfile_write(&text, made, right, &env, &err)))
		tap_note("%s", err.what);
	k = read_text(&text, PV_OK, "a locked key file is read");
	tap_ok(pv_keyfile_locked(k) && pv_keyfile_secret(k) == NULL &&
		   pv_slice_is(pv_keyfile_name(k), "co/officer1"),
	    "its name can be read without the passphrase");
	tap_ok(pv_keyfile_pair(&back, k, &err).code == PV_E_INPUT, "the key cannot");
	tap_ok(pv_keyfile_unlock(k, wrong, &err).code == PV_E_INPUT &&
		   strncmp(err.what, "wrong passphrase", 16) == 0 && pv_keyfile_locked(k),
	    "a wrong passphrase is said to be wrong");
	tap_ok(pv_ok(pv_keyfile_unlock(k, right, &err)) &&
		   pv_secret_eq(pv_keyfile_secret(k), pv_pair_seed(pair)),
	    "the right one opens it");
	replace(&text, PV_SLICE("name co/officer1"), PV_SLICE("name co/officer2"));
	resum(&text);
	changed = read_text(&text, PV_OK, "a file with another name and a new sum looks whole");
	tap_ok(pv_keyfile_unlock(changed, right, &err).code == PV_E_UNTRUSTED &&
		   pv_keyfile_locked(changed),
	    "but the right passphrase finds it out");
}

static void
test_files(const char *folder)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of('1');
	PV_AUTO(pv_keyfile_freep)
	struct pv_keyfile *made = pv_keyfile_of_pair(PV_SLICE("co/officer1"), pair);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *again = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *first = words("first");
	PV_AUTO(pv_secret_freep) struct pv_secret *second = words("second");
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf temp = { 0 };
	const char *at;
	struct stat st;

	pv_buf_addf(&path, "%s/officer1.key", folder);
	pv_buf_addf(&temp, "%s/officer1.key.new", folder);
	at = pv_buf_str(&path);
	umask(0);
	tap_ok(pv_ok(pv_keyfile_save(at, made, NULL, &env, &err)) && stat(at, &st) == 0 &&
		   (st.st_mode & 07777) == 0600,
	    "a saved key is its owner's alone, whatever the umask");
	tap_ok(pv_keyfile_save(at, made, NULL, &env, &err).code == PV_E_INPUT,
	    "it is never overwritten");
	tap_ok(pv_ok(pv_keyfile_load(&k, at, &err)) &&
		   pv_secret_eq(pv_keyfile_secret(k), pv_pair_seed(pair)),
	    "it is loaded");
	tap_ok(pv_ok(pv_keyfile_change(at, NULL, first, &env, &err)), "it is locked");
	tap_ok(pv_keyfile_change(at, NULL, second, &env, &err).code == PV_E_INPUT,
	    "then its passphrase is asked for");
	tap_ok(pv_keyfile_change(at, second, first, &env, &err).code == PV_E_INPUT &&
		   strcmp(err.source, at) == 0,
	    "the right one");
	tap_ok(pv_ok(pv_keyfile_change(at, first, second, &env, &err)), "to change it");
	tap_ok(pv_ok(pv_keyfile_load(&again, at, &err)) &&
		   pv_ok(pv_keyfile_unlock(again, second, &err)) &&
		   pv_secret_eq(pv_keyfile_secret(again), pv_pair_seed(pair)) &&
		   stat(at, &st) == 0 && (st.st_mode & 07777) == 0600 &&
		   access(pv_buf_str(&temp), F_OK) != 0 && errno == ENOENT,
	    "the key stays the same, the file its owner's, and nothing is left beside it");
	pv_keyfile_freep(&again);
	tap_ok(chmod(at, 0640) == 0 && pv_keyfile_load(&again, at, &err).code == PV_E_CONFIG &&
		   strncmp(err.fix, "chmod 600 ", 10) == 0,
	    "a key that others can read is refused, saying chmod 600");
	unlink(at);
	tap_ok(pv_keyfile_load(&again, at, &err).code == PV_E_CONFIG, "a key that is not there is");
	tap_ok(pv_keyfile_load(&again, folder, &err).code == PV_E_CONFIG, "and a folder");
}

static void
test_other_kinds(void)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *back = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *file = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *read = NULL;
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;

	if (!pv_ok(pv_wrap_key_new(&key, PV_KEY_P256, &err)))
		return;
	file = pv_wrap_key_file(PV_SLICE("kas-1"), key);
	tap_ok(pv_ok(pv_keyfile_write(&text, file, NULL, &env, &err)), "a P-256 key is written");
	read = read_text(&text, PV_OK, "and read");
	tap_ok(pv_keyfile_kind(read) == PV_KEY_P256 && pv_ok(pv_wrap_key_load(&back, read, &err)) &&
		   strcmp(pv_wrap_pub_kid(pv_wrap_key_pub(back)),
		       pv_wrap_pub_kid(pv_wrap_key_pub(key))) == 0,
	    "it is the same key");
	tap_ok(pv_keyfile_pair(&pair, read, &err).code == PV_E_INPUT, "it signs no notes");
}

int
main(void)
{
	char folder[] = "/tmp/proviso-keyfile-XXXXXX";

	env = pv_env_system();
	test_text();
	test_damage();
	test_lock();
	test_other_kinds();
	if (mkdtemp(folder) == NULL) {
		tap_ok(false, "a folder for the test: %s", strerror(errno));
		return tap_done();
	}
	test_files(folder);
	rmdir(folder);
	return tap_done();
}
