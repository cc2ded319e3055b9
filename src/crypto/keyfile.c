/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrypt (RFC 7914) gives 48 bytes: 32 for AES-256-GCM and 16 of which the first 8 stand in the file as a check. So a
 * wrong passphrase (the check differs), damage (the sum differs) and a file that somebody changed on purpose (sum and
 * check fit, the tag does not) are three answers. The check tells a guesser nothing that the tag would not.
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/note.h"
#include "crypto/scrypt.h"

#define MAGIC    "proviso-key 1"
#define SALT     PV_SCRYPT_SALT
#define CHECK    8
#define COST     PV_SCRYPT_COST
#define COST_MAX 262144u
#define LOCK     "scrypt"

static const char *const kind_names[] = { [PV_KEY_NONE] = NULL,
	[PV_KEY_ED25519] = "ed25519",
	[PV_KEY_P256] = "p256",
	[PV_KEY_RSA] = "rsa" };

struct pv_keyfile {
	struct pv_buf name, public;
	enum pv_key_kind kind;
	struct pv_secret *secret; /* NULL while locked */
	/* as read, for unlocking */
	struct pv_buf head;   /* the lines up to the secret, bound to it */
	struct pv_buf sealed; /* IV, ciphertext, tag */
	uint64_t cost;        /* 0: not locked */
	uint8_t salt[SALT], check[CHECK];
};

void
pv_keyfile_free(struct pv_keyfile *k)
{
	if (k == NULL)
		return;
	pv_buf_free(&k->name);
	pv_buf_free(&k->public);
	pv_buf_free(&k->head);
	pv_buf_free(&k->sealed);
	pv_secret_free(k->secret);
	pv_free(k);
}

void
pv_keyfile_freep(struct pv_keyfile **k)
{
	pv_keyfile_free(*k);
	*k = NULL;
}

/* ---- making one ---- */

struct pv_keyfile *
pv_keyfile_of_pair(struct pv_slice name, const struct pv_pair *pair)
{
	struct pv_keyfile *k = PV_NEW(struct pv_keyfile);
	struct pv_vkey vkey = pv_vkey_make(name, PV_VKEY_ED25519, pv_pair_pub(pair));

	pv_buf_add(&k->name, name);
	pv_vkey_write(&k->public, &vkey);
	k->kind = PV_KEY_ED25519;
	k->secret = pv_secret_of(pv_secret_slice(pv_pair_seed(pair)).p, PV_SIGN_SEED);
	return k;
}

struct pv_keyfile *
pv_keyfile_of_der(struct pv_slice name, enum pv_key_kind kind, struct pv_slice spki,
    const struct pv_secret *pkcs8)
{
	struct pv_keyfile *k = PV_NEW(struct pv_keyfile);

	pv_buf_add(&k->name, name);
	pv_base64_write(&k->public, spki, PV_BASE64);
	k->kind = kind;
	k->secret = pv_secret_of(pv_secret_slice(pkcs8).p, pv_secret_size(pkcs8));
	return k;
}

/* ---- what it says ---- */

struct pv_slice
pv_keyfile_name(const struct pv_keyfile *k)
{
	return pv_buf_slice(&k->name);
}

enum pv_key_kind
pv_keyfile_kind(const struct pv_keyfile *k)
{
	return k->kind;
}

struct pv_slice
pv_keyfile_public(const struct pv_keyfile *k)
{
	return pv_buf_slice(&k->public);
}

bool
pv_keyfile_locked(const struct pv_keyfile *k)
{
	return k->secret == NULL;
}

const struct pv_secret *
pv_keyfile_secret(const struct pv_keyfile *k)
{
	return k->secret;
}

struct pv_status
pv_keyfile_pair(struct pv_pair **out, const struct pv_keyfile *k, struct pv_err *e)
{
	if (k->kind != PV_KEY_ED25519)
		return PV_FAIL(e, PV_E_INPUT, "key \"%.*s\" is of %s, it does not sign notes",
		    PV_FMT(pv_keyfile_name(k)), kind_names[k->kind]);
	if (k->secret == NULL)
		return PV_FAIL(e, PV_E_INPUT, "key \"%.*s\" is locked", PV_FMT(pv_keyfile_name(k)));
	*out = pv_pair_of(k->secret);
	return PV_DONE;
}

/* ---- reading ---- */

static PV_RESULT
damaged(struct pv_err *e)
{
	return PV_FAIL(e, PV_E_UNTRUSTED, "the key file is damaged");
}

/* Takes the line "word rest" from *in. */
static bool
take_line(struct pv_slice *in, const char *word, struct pv_slice *rest)
{
	struct pv_slice w;

	return pv_slice_next(in, '\n', rest) && pv_slice_next(rest, ' ', &w) &&
	       pv_slice_is(w, word) && rest->n > 0;
}

static bool
take_kind(enum pv_key_kind *kind, struct pv_slice word)
{
	for (int i = PV_KEY_ED25519; i <= PV_KEY_RSA; i++) {
		if (pv_slice_is(word, kind_names[i])) {
			*kind = (enum pv_key_kind)i;
			return true;
		}
	}
	return false;
}

/* "none", or "scrypt N 8 1 SALT CHECK" */
static bool
take_lock(struct pv_keyfile *k, struct pv_slice lock)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	struct pv_slice w[6];
	size_t n = 0;

	if (pv_slice_is(lock, "none"))
		return true;
	while (n < 6 && pv_slice_next(&lock, ' ', &w[n]))
		n++;
	if (n != 6 || lock.p != NULL || !pv_slice_is(w[0], LOCK) || !pv_slice_u64(w[1], &k->cost) ||
	    k->cost < COST || k->cost > COST_MAX || (k->cost & (k->cost - 1)) != 0 ||
	    !pv_slice_is(w[2], "8") || !pv_slice_is(w[3], "1"))
		return false;
	if (!pv_base64_read(&raw, w[4], PV_BASE64) || raw.n != SALT)
		return false;
	memcpy(k->salt, raw.p, SALT);
	return pv_hex_read_n(k->check, CHECK, w[5]);
}

/* Does the public half belong to the secret? That of P-256 and RSA is looked at when the key is loaded (wrap.c). */
static bool
fits(const struct pv_keyfile *k)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_vkey vkey;

	if (k->kind != PV_KEY_ED25519)
		return true;
	if (pv_secret_size(k->secret) != PV_SIGN_SEED)
		return false;
	pair = pv_pair_of(k->secret);
	vkey = pv_vkey_make(pv_buf_slice(&k->name), PV_VKEY_ED25519, pv_pair_pub(pair));
	pv_vkey_write(&text, &vkey);
	return pv_slice_eq(pv_buf_slice(&text), pv_buf_slice(&k->public));
}

/* The last line is the sum of those before it. */
static bool
check_sum(struct pv_slice text, struct pv_slice *body)
{
	char line[4 + 2 * PV_HASH + 2] = "sum ";

	if (text.n <= sizeof(line) - 1)
		return false;
	*body = pv_slice_sub(text, 0, text.n - (sizeof(line) - 1));
	pv_hash_hex(*body, line + 4);
	line[4 + 2 * PV_HASH] = '\n';
	return body->p[body->n - 1] == '\n' &&
	       memcmp(text.p + body->n, line, sizeof(line) - 1) == 0;
}

/* The lines between the first and the sum. */
static bool
take_lines(struct pv_keyfile *k, struct pv_slice body, struct pv_slice rest)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf raw = { 0 };
	struct pv_slice name, kind, public, lock, secret;

	if (!take_line(&rest, "name", &name) || !pv_vkey_name_ok(name) ||
	    !take_line(&rest, "kind", &kind) || !take_kind(&k->kind, kind) ||
	    !take_line(&rest, "public", &public) || !take_line(&rest, "lock", &lock) ||
	    !take_lock(k, lock) || !take_line(&rest, "secret", &secret) || rest.n > 0)
		return false;
	pv_buf_add(&k->name, name);
	pv_buf_add(&k->public, public);
	pv_buf_add(
	    &k->head, pv_slice_sub(body, 0, (size_t)(secret.p - body.p) - strlen("secret ")));
	pv_buf_room(&raw, secret.n); /* at once: growing would leave a copy behind */
	if (!pv_base64_read(&raw, secret, PV_BASE64))
		return false;
	if (k->cost > 0) {
		pv_buf_add(&k->sealed, pv_buf_slice(&raw));
		return raw.n > PV_AEAD_OVER;
	}
	k->secret = pv_secret_take(&raw);
	return fits(k);
}

struct pv_status
pv_keyfile_read(struct pv_keyfile **out, struct pv_slice text, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = PV_NEW(struct pv_keyfile);
	struct pv_slice rest = text, first, body;

	if (text.n > PV_KEYFILE_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a key file of more than %d bytes", PV_KEYFILE_MAX);
	if (!pv_slice_next(&rest, '\n', &first) ||
	    !pv_slice_starts(first, PV_SLICE("proviso-key ")))
		return PV_FAIL(e, PV_E_INPUT,
		    "no key file of proviso: it does not begin with \"proviso-key\"");
	if (!pv_slice_is(first, MAGIC))
		return PV_FAIL(e, PV_E_INPUT, "a key file of another version: \"%.*s\"",
		    (int)(first.n < 40 ? first.n : 40), first.p);
	if (!check_sum(text, &body))
		return damaged(e);
	rest = pv_slice_sub(body, first.n + 1, body.n);
	if (!take_lines(k, body, rest))
		return damaged(e);
	*out = PV_TAKE(k);
	return PV_DONE;
}

static PV_RESULT
read_all(int fd, struct pv_buf *b, struct pv_err *e)
{
	ssize_t n;

	pv_buf_room(
	    b, PV_KEYFILE_MAX + 1); /* at once: growing would leave copies of a secret behind */
	while (b->n <= PV_KEYFILE_MAX) {
		n = read(fd, b->p + b->n, PV_KEYFILE_MAX + 1 - b->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return PV_FAIL(
			    e, PV_E_CONFIG, "the key file cannot be read: %s", strerror(errno));
		if (n == 0)
			return PV_DONE;
		b->n += (size_t)n;
	}
	return PV_DONE;
}

static PV_RESULT
load_fd(struct pv_keyfile **out, int fd, const char *path, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return PV_FAIL(e, PV_E_CONFIG, "not a file");
	if ((st.st_mode & 077) != 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_CONFIG, "others may use this key file: its mode is %04o",
			(unsigned)(st.st_mode & 07777)),
		    e, "chmod 600 %s", path);
	PV_TRY(read_all(fd, &text, e));
	return pv_keyfile_read(out, pv_buf_slice(&text), e);
}

struct pv_status
pv_keyfile_load(struct pv_keyfile **out, const char *path, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct pv_status st;

	if (fd < 0)
		return pv_from(
		    PV_FAIL(e, PV_E_CONFIG, "the key file cannot be opened: %s", strerror(errno)),
		    e, path);
	st = load_fd(out, fd, path, e);
	close(fd);
	return pv_from(st, e, path);
}

/* ---- the lock ---- */

/* 32 bytes of key, then the check. */
static struct pv_secret *
stretch(const struct pv_secret *passphrase, const uint8_t salt[SALT], uint64_t cost)
{
	return pv_scrypt(pv_secret_slice(passphrase), salt, cost, PV_AEAD_KEY + 16);
}

static const uint8_t *
check_of(struct pv_secret *stretched)
{
	return pv_secret_bytes(stretched) + PV_AEAD_KEY;
}

static struct pv_aead *
aead_of(const struct pv_secret *stretched)
{
	PV_AUTO(pv_secret_freep)
	struct pv_secret *key = pv_secret_of(pv_secret_slice(stretched).p, PV_AEAD_KEY);

	return pv_aead_new(key);
}

struct pv_status
pv_keyfile_unlock(struct pv_keyfile *k, const struct pv_secret *passphrase, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *stretched = NULL;
	PV_AUTO(pv_aead_freep) struct pv_aead *a = NULL;

	if (k->secret != NULL)
		return PV_DONE;
	stretched = stretch(passphrase, k->salt, k->cost);
	if (!pv_secret_eq_mem(
		pv_slice_mem(check_of(stretched), CHECK), pv_slice_mem(k->check, CHECK)))
		return PV_FAIL(
		    e, PV_E_INPUT, "wrong passphrase for key \"%.*s\"", PV_FMT(pv_keyfile_name(k)));
	a = aead_of(stretched);
	k->secret = pv_secret_new(k->sealed.n - PV_AEAD_OVER);
	if (pv_aead_open(
		a, pv_buf_slice(&k->head), pv_buf_slice(&k->sealed), pv_secret_bytes(k->secret)) &&
	    fits(k))
		return PV_DONE;
	pv_secret_freep(&k->secret);
	return PV_FAIL(e, PV_E_UNTRUSTED,
	    "the file of key \"%.*s\" was changed after it was written",
	    PV_FMT(pv_keyfile_name(k)));
}

/* ---- writing ---- */

static void
write_lock(struct pv_buf *out, const uint8_t salt[SALT], const uint8_t check[CHECK])
{
	pv_buf_addf(out, "lock %s %u 8 1 ", LOCK, COST);
	pv_base64_write(out, pv_slice_mem(salt, SALT), PV_BASE64);
	pv_buf_add_c(out, ' ');
	pv_hex_write(out, pv_slice_mem(check, CHECK));
	pv_buf_add_c(out, '\n');
}

/* The lock and the secret, bound to what stands in out from head_at on. */
static void
write_locked(struct pv_buf *out, size_t head_at, const struct pv_keyfile *k,
    const struct pv_secret *passphrase, const struct pv_env *env)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *stretched = NULL;
	PV_AUTO(pv_aead_freep) struct pv_aead *a = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf sealed = { 0 };
	uint8_t salt[SALT];
	size_t n;

	env->random(env->ctx, salt, SALT);
	stretched = stretch(passphrase, salt, COST);
	a = aead_of(stretched);
	write_lock(out, salt, check_of(stretched));
	n = pv_secret_size(k->secret) + PV_AEAD_OVER;
	pv_aead_seal_fresh(a, env, pv_slice_sub(pv_buf_slice(out), head_at, out->n),
	    pv_secret_slice(k->secret), (uint8_t *)pv_buf_room(&sealed, n));
	sealed.n = n;
	pv_buf_add_str(out, "secret ");
	pv_base64_write(out, pv_buf_slice(&sealed), PV_BASE64);
}

struct pv_status
pv_keyfile_write(struct pv_buf *out, const struct pv_keyfile *k, const struct pv_secret *passphrase,
    const struct pv_env *env, struct pv_err *e)
{
	size_t at = out->n;
	char sum[2 * PV_HASH + 1];

	if (k->secret == NULL)
		return PV_FAIL(e, PV_E_INPUT, "key \"%.*s\" is locked", PV_FMT(pv_keyfile_name(k)));
	if (!pv_vkey_name_ok(pv_keyfile_name(k)))
		return PV_FAIL(
		    e, PV_E_INPUT, "\"%.*s\" is no name of a key", PV_FMT(pv_keyfile_name(k)));
	if (passphrase != NULL && pv_secret_size(passphrase) == 0)
		return PV_FAIL(e, PV_E_INPUT, "an empty passphrase locks nothing");
	pv_buf_room(
	    out, PV_KEYFILE_MAX); /* at once: growing would leave a copy of the secret behind */
	pv_buf_add_str(out, MAGIC "\nname ");
	pv_buf_add(out, pv_keyfile_name(k));
	pv_buf_addf(out, "\nkind %s\npublic ", kind_names[k->kind]);
	pv_buf_add(out, pv_keyfile_public(k));
	pv_buf_add_c(out, '\n');
	if (passphrase != NULL) {
		write_locked(out, at, k, passphrase, env);
	} else {
		pv_buf_add_str(out, "lock none\nsecret ");
		pv_base64_write(out, pv_secret_slice(k->secret), PV_BASE64);
	}
	pv_buf_add_c(out, '\n');
	pv_hash_hex(pv_slice_sub(pv_buf_slice(out), at, out->n), sum);
	pv_buf_addf(out, "sum %s\n", sum);
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

/* So that the name itself is durable. */
static bool
sync_folder_of(const char *path)
{
	PV_AUTO(pv_freep) char *folder = pv_strdup(path);
	char *slash = strrchr(folder, '/');
	int fd;
	bool done;

	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return done;
}

/* A new file, whole and durable, or none. */
static PV_RESULT
write_new(const char *path, struct pv_slice text, struct pv_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;
	bool done;

	if (fd < 0 && errno == EEXIST)
		return PV_FAIL(e, PV_E_INPUT,
		    "a file of that name is there, and a key file is never overwritten");
	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "the key file cannot be made: %s", strerror(errno));
	done = fchmod(fd, 0600) == 0 && write_all(fd, text) && fsync(fd) == 0;
	error = errno;
	if (close(fd) != 0 && done) {
		error = errno;
		done = false;
	}
	if (done && sync_folder_of(path))
		return PV_DONE;
	unlink(path);
	return PV_FAIL(
	    e, PV_E_CONFIG, "the key file cannot be written: %s", strerror(done ? errno : error));
}

struct pv_status
pv_keyfile_save(const char *path, const struct pv_keyfile *k, const struct pv_secret *passphrase,
    const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };

	PV_TRY(pv_keyfile_write(&text, k, passphrase, env, e));
	return pv_from(write_new(path, pv_buf_slice(&text), e), e, path);
}

struct pv_status
pv_keyfile_change(const char *path, const struct pv_secret *from, const struct pv_secret *to,
    const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf temp = { 0 };
	struct pv_status st;

	PV_TRY(pv_keyfile_load(&k, path, e));
	if (pv_keyfile_locked(k) && from == NULL)
		return pv_from(
		    PV_FAIL(e, PV_E_INPUT, "key \"%.*s\" is locked", PV_FMT(pv_keyfile_name(k))), e,
		    path);
	PV_TRY(pv_from(pv_keyfile_unlock(k, from, e), e, path));
	pv_buf_addf(&temp, "%s.new", path);
	PV_TRY(pv_keyfile_save(pv_buf_str(&temp), k, to, env, e));
	if (rename(pv_buf_str(&temp), path) == 0 && sync_folder_of(path))
		return PV_DONE;
	st = PV_FAIL(e, PV_E_CONFIG, "the key file cannot be replaced: %s", strerror(errno));
	unlink(pv_buf_str(&temp)); /* still there unless the rename was done */
	return pv_from(st, e, path);
}
