/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a home: keys, store, genesis, the root party, the home's own keys and
 * the default vocabularies, all in a folder beside the place, which is moved
 * there when it is whole. What fails leaves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/words.h"
#include "wire/record.h"

#define OFFICERS_MAX 16
#define VOCAB_MAX    (4u << 20)

struct making {
	const struct pv_init_ask *ask;
	struct pv_init_answer *out;
	const struct pv_env *env;
	struct pv_arena *a;
	const char *path; /* the folder in the making */
	struct pv_slice origin, journal, profile;
	const char *names[OFFICERS_MAX]; /* "co/officer1" */
	struct pv_slice vkeys[OFFICERS_MAX];
	struct pv_secret *passphrases[OFFICERS_MAX];
	size_t officers;
	uint64_t quorum;
	struct pv_slice signers[2];
	PV_VEC(struct pv_slice) files;
};

/* ---- keys ---- */

static PV_RESULT
save_key(struct making *m, const char *file, const struct pv_keyfile *k,
    const struct pv_secret *passphrase, struct pv_err *e)
{
	const char *path = pv_arena_printf(m->a, "%s/keys/%s.key", m->path, file).p;

	PV_TRY(pv_keyfile_save(path, k, passphrase, m->env, e));
	*PV_VEC_ADD(&m->files) = pv_arena_printf(m->a, "keys/%s.key", file);
	return PV_DONE;
}

/* A signing key of the home itself; *vkey of the kind asked for. */
static PV_RESULT
make_pair(struct making *m, const char *file, struct pv_slice name,
    const struct pv_secret *passphrase, enum pv_vkey_kind kind, struct pv_slice *vkey,
    struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_new(m->env);
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = pv_keyfile_of_pair(name, pair);
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_vkey v = pv_vkey_make(name, kind, pv_pair_pub(pair));

	pv_vkey_write(&text, &v);
	*vkey = pv_arena_copy(m->a, pv_buf_slice(&text));
	return save_key(m, file, k, passphrase, e);
}

static PV_RESULT
make_kas(struct making *m, const char *file, enum pv_key_kind kind, struct pv_slice *spki,
    struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	PV_TRY(pv_wrap_key_new(&key, kind, e));
	k = pv_wrap_key_file(pv_arena_printf(m->a, "%.*s/%s", PV_FMT(m->ask->party), file), key);
	pv_base64_write(&text, pv_wrap_pub_spki(pv_wrap_key_pub(key)), PV_BASE64);
	*spki = pv_arena_copy(m->a, pv_buf_slice(&text));
	return save_key(m, file, k, NULL, e);
}

static PV_RESULT
make_officers(struct making *m, struct pv_unlock *unlock, struct pv_err *e)
{
	static const char *const usual[] = { "officer1", "officer2" };
	const char *const *names = m->ask->officer_count != 0 ? m->ask->officers : usual;

	m->officers = m->ask->officer_count != 0 ? m->ask->officer_count
		      : m->ask->quorum == 1      ? 1
						 : 2;
	if (m->officers > OFFICERS_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "at most %d officers can begin a log", OFFICERS_MAX);
	for (size_t i = 0; i < m->officers; i++) {
		struct pv_slice name =
		    pv_arena_printf(m->a, "%.*s/%s", PV_FMT(m->ask->party), names[i]);

		if (!pv_name_ok(pv_slice_of(names[i])))
			return PV_FAIL(e, PV_E_INPUT,
			    "\"%s\" is no officer's name: small letters, digits and - only",
			    names[i]);
		m->names[i] = pv_arena_str(m->a, name);
		PV_TRY(unlock->passphrase(unlock->ctx, m->names[i], &m->passphrases[i], e));
		if (m->passphrases[i] == NULL && !m->ask->exercise)
			return pv_advise(
			    PV_FAIL(e, PV_E_INPUT, "the key of %s needs a passphrase", m->names[i]),
			    e, "only an exercise does without: --exercise --no-passphrase");
		PV_TRY(make_pair(
		    m, names[i], name, m->passphrases[i], PV_VKEY_ED25519, &m->vkeys[i], e));
	}
	m->quorum = m->ask->quorum != 0 ? m->ask->quorum : m->officers < 2 ? m->officers : 2;
	if (m->quorum > m->officers)
		return PV_FAIL(e, PV_E_INPUT,
		    "a quorum of %llu needs as many officers, and there are %zu",
		    (unsigned long long)m->quorum, m->officers);
	return PV_DONE;
}

/* Asked once each: what the callback gave for a key is given again when it signs. */
static struct pv_status
remembered(void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	struct making *m = ctx;

	(void)e;
	*out = NULL;
	for (size_t i = 0; i < m->officers; i++)
		if (strcmp(m->names[i], key_name) == 0 && m->passphrases[i] != NULL) {
			struct pv_slice s = pv_secret_slice(m->passphrases[i]);

			*out = pv_secret_of(s.p, s.n);
		}
	return PV_DONE;
}

/* ---- records ---- */

static void
begin_record(struct pv_jsonw *w, struct making *m, const char *kind, struct pv_slice id)
{
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "record", pv_slice_of(kind));
	pv_jsonw_str(w, "id", id);
	pv_jsonw_str(w, "issuer", m->ask->party);
	if (m->ask->exercise)
		pv_jsonw_bool(w, "exercise", true);
}

static void
end_record(struct pv_jsonw *w)
{
	pv_jsonw_array(w, "basis");
	pv_jsonw_end(w);
	pv_jsonw_end(w);
	pv_buf_add_c(w->out, '\n');
}

static void
write_genesis(struct making *m, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	begin_record(&w, m, "genesis", PV_SLICE("genesis"));
	pv_jsonw_str(&w, "origin", m->origin);
	pv_jsonw_str(&w, "root", m->ask->party);
	pv_jsonw_array(&w, "officers");
	for (size_t i = 0; i < m->officers; i++)
		pv_jsonw_str(&w, NULL, m->vkeys[i]);
	pv_jsonw_end(&w);
	pv_jsonw_u64(&w, "quorum", m->quorum);
	pv_jsonw_array(&w, "signers");
	pv_jsonw_str(&w, NULL, m->signers[0]);
	pv_jsonw_str(&w, NULL, m->signers[1]);
	pv_jsonw_end(&w);
	pv_jsonw_str(&w, "profile", m->profile);
	end_record(&w);
}

static void
write_root(struct making *m, struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	begin_record(&w, m, "party", pv_arena_printf(m->a, "party-%.*s", PV_FMT(m->ask->party)));
	pv_jsonw_str(&w, "name", m->ask->party);
	pv_jsonw_object(&w, "names");
	for (size_t i = 0; i < m->ask->names.n; i++)
		pv_jsonw_str(
		    &w, pv_arena_str(m->a, m->ask->names.at[i].lang), m->ask->names.at[i].text);
	pv_jsonw_end(&w);
	end_record(&w);
}

static void
write_key(
    struct making *m, struct pv_buf *out, const char *name, const char *use, struct pv_slice key)
{
	struct pv_jsonw w = { .out = out };

	begin_record(&w, m, "key", pv_arena_printf(m->a, "key-%s", name));
	pv_jsonw_str(&w, "party", m->ask->party);
	pv_jsonw_str(&w, "use", pv_slice_of(use));
	pv_jsonw_str(&w, "key", key);
	pv_jsonw_str(&w, "from", PV_SLICE("2020-01-01T00:00:00Z"));
	end_record(&w);
}

static int
is_jsonl(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 6 && strcmp(entry->d_name + n - 6, ".jsonl") == 0;
}

static PV_RESULT
add_vocab(struct making *m, struct pv_buf *out, struct pv_err *e)
{
	struct dirent **files = NULL;
	struct pv_status st = PV_DONE;
	int n;

	if (m->ask->vocab_dir == NULL)
		return PV_DONE;
	n = scandir(m->ask->vocab_dir, &files, is_jsonl, alphasort);
	if (n < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read the vocabularies in %s: %s",
		    m->ask->vocab_dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (pv_ok(st))
			st = pv_read_file(out,
			    pv_arena_printf(m->a, "%s/%s", m->ask->vocab_dir, files[i]->d_name).p,
			    out->n + VOCAB_MAX, e);
		free(files[i]);
	}
	free(files);
	return st;
}

static PV_RESULT
apply(struct making *m, struct pv_desk *d, const struct pv_buf *records, const char *source,
    struct pv_apply_answer *done, struct pv_err *e)
{
	struct pv_apply_ask ask = { .bytes = pv_buf_slice(records), .source = source };
	struct pv_unlock unlock = {
		.passphrase = remembered, .ctx = m, .as = m->names, .as_count = m->officers
	};

	PV_TRY(pv_desk_apply(d, &ask, &unlock, m->a, done, e));
	if (done->error_count != 0) {
		*e = done->errors[0];
		return (struct pv_status){ e->code };
	}
	return PV_DONE;
}

/* ---- the folder ---- */

static PV_RESULT
write_config(struct making *m, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_jsonw w = { .out = &text };
	const char *path = pv_arena_printf(m->a, "%s/home.json", m->path).p;
	FILE *f;

	pv_jsonw_object(&w, NULL);
	pv_jsonw_int(&w, "proviso", 1);
	pv_jsonw_str(&w, "party", m->ask->party);
	pv_jsonw_str(&w, "origin", m->origin);
	pv_jsonw_str(&w, "journal", m->journal);
	if (m->ask->url.n != 0)
		pv_jsonw_str(&w, "kas_url", pv_arena_printf(m->a, "%.*s/kas", PV_FMT(m->ask->url)));
	else
		pv_jsonw_str(&w, "kas_url",
		    pv_arena_printf(
			m->a, "https://%.*s.proviso.invalid/kas", PV_FMT(m->ask->party)));
	pv_jsonw_str(&w, "seal_with", PV_SLICE("rsa"));
	pv_jsonw_end(&w);
	pv_buf_add_c(&text, '\n');
	f = fopen(path, "wxe");
	if (f == NULL)
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	if (fwrite(text.p, 1, text.n, f) != text.n || fflush(f) != 0 || fsync(fileno(f)) != 0) {
		fclose(f);
		return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
	}
	fclose(f);
	return PV_DONE;
}

static PV_RESULT
make_store(struct making *m, struct pv_err *e)
{
	struct pv_store_options o = { .mode = PV_STORE_CREATE,
		.tree = pv_home_tree(),
		.env = *m->env,
		.reserve_bytes = 8 << 20 };
	PV_AUTO(pv_store_freep) struct pv_store *s = NULL;
	struct pv_store_change c[2] = {
		{ .op = PV_OP_LOG, .log = m->origin, .log_kind = PV_STORE_ORDER_LOG },
		{ .op = PV_OP_LOG, .log = m->journal, .log_kind = PV_STORE_JOURNAL }
	};
	struct pv_store_submission sub = { .changes = c, .n = 2 };
	struct pv_store_result r;

	PV_TRY(pv_store_open(&s, pv_arena_printf(m->a, "%s/proviso.db", m->path).p, &o, e));
	return pv_store_apply(s, &sub, &r, e);
}

static PV_RESULT
make_folder(struct making *m, struct pv_err *e)
{
	const char *sub[] = { "", "/keys", "/sealed" };

	for (size_t i = 0; i < 3; i++) {
		const char *path = pv_arena_printf(m->a, "%s%s", m->path, sub[i]).p;

		if (mkdir(path, 0700) != 0)
			return PV_FAIL(e, PV_E_CONFIG, "cannot make %s: %s", path, strerror(errno));
	}
	return PV_DONE;
}

static PV_RESULT
fill(struct making *m, struct pv_desk *d, struct pv_slice gateway, struct pv_slice journal,
    const struct pv_slice kas[2], struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf genesis = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf rest = { 0 };
	struct pv_apply_answer done;
	struct pv_identity id;

	write_genesis(m, &genesis);
	PV_TRY(apply(m, d, &genesis, "genesis", &done, e));
	write_root(m, &rest);
	write_key(m, &rest, "gateway", "gateway", gateway);
	write_key(m, &rest, "issuer", "issuer", gateway);
	write_key(m, &rest, "journal", "gateway", journal);
	write_key(m, &rest, "kas", "kas", kas[0]);
	write_key(m, &rest, "kas-ec", "kas", kas[1]);
	PV_TRY(add_vocab(m, &rest, e));
	PV_TRY(
	    apply(m, d, &rest, m->ask->vocab_dir != NULL ? m->ask->vocab_dir : "init", &done, e));
	id = pv_desk_identity(d);
	m->out->origin = pv_arena_copy(m->a, id.origin);
	m->out->genesis_hex = pv_arena_copy(m->a, id.genesis_hex);
	m->out->genesis_words = pv_arena_copy(m->a, id.genesis_words);
	m->out->log_size = done.log_size;
	m->out->terms = pv_desk_state(d)->by_kind[PV_TERM].n;
	return PV_DONE;
}

static PV_RESULT
make(struct making *m, struct pv_unlock *unlock, struct pv_err *e)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_slice gateway, journal, kas[2];

	PV_TRY(make_folder(m, e));
	PV_TRY(make_officers(m, unlock, e));
	PV_TRY(make_pair(m, "log", m->origin, NULL, PV_VKEY_ED25519, &m->signers[0], e));
	PV_TRY(make_pair(m, "signer", pv_arena_printf(m->a, "%.*s/signer", PV_FMT(m->ask->party)),
	    NULL, PV_VKEY_COSIGNER, &m->signers[1], e));
	PV_TRY(make_pair(m, "journal", m->journal, NULL, PV_VKEY_ED25519, &journal, e));
	PV_TRY(make_pair(m, "gateway", pv_arena_printf(m->a, "%.*s/gateway", PV_FMT(m->ask->party)),
	    NULL, PV_VKEY_ED25519, &gateway, e));
	PV_TRY(make_kas(m, "kas", PV_KEY_RSA, &kas[0], e));
	PV_TRY(make_kas(m, "kas-ec", PV_KEY_P256, &kas[1], e));
	PV_TRY(write_config(m, e));
	PV_TRY(make_store(m, e));
	PV_TRY(pv_desk_open(&d, m->path, m->env, e));
	return fill(m, d, gateway, journal, kas, e);
}

static bool
may_make(const char *home)
{
	return rmdir(home) == 0 || errno == ENOENT; /* an empty folder may stand there */
}

static bool
one_of(char c, const char *more)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(more, c) != NULL);
}

static bool
all_of(struct pv_slice s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!one_of(s.p[i], more))
			return false;
	return s.n != 0;
}

/* "gw.example", "gw.example:8443", "[2001:db8::1]:8443" */
static bool
host_ok(struct pv_slice at)
{
	size_t end = 0;
	uint64_t port;

	if (at.n != 0 && at.p[0] == '[') {
		while (end < at.n && at.p[end] != ']')
			end++;
		if (end == at.n || !all_of(pv_slice_sub(at, 1, end), ":."))
			return false;
		end++;
	} else {
		while (end < at.n && at.p[end] != ':')
			end++;
		if (!all_of(pv_slice_sub(at, 0, end), ".-"))
			return false;
	}
	return end == at.n ||
	       (at.p[end] == ':' && pv_slice_u64(pv_slice_sub(at, end + 1, at.n), &port) &&
		   port >= 1 && port <= 65535);
}

PV_RESULT
pv_desk_url_check(struct pv_slice url, struct pv_err *e)
{
	struct pv_slice rest = url, part;
	bool good = pv_slice_starts(url, PV_SLICE("https://"));

	if (good) {
		rest = pv_slice_sub(url, 8, url.n);
		good = pv_slice_next(&rest, '/', &part) && host_ok(part) && url.p[url.n - 1] != '/';
	}
	while (good && pv_slice_next(&rest, '/', &part))
		good = all_of(part, ".-_~") && !pv_slice_is(part, ".") && !pv_slice_is(part, "..");
	if (!good)
		return PV_FAIL(e, PV_E_INPUT,
		    "\"%.*s\" is not of the form https://gw.example[:port][/prefix]", PV_FMT(url));
	return PV_DONE;
}

PV_RESULT
pv_desk_init(const struct pv_init_ask *ask, struct pv_unlock *unlock, const struct pv_env *env,
    struct pv_arena *a, struct pv_init_answer *out, struct pv_err *e)
{
	struct making m = { .ask = ask, .out = out, .env = env, .a = a };
	struct pv_slice *files;
	struct pv_status st;

	*out = (struct pv_init_answer){ 0 };
	if (!pv_name_ok(ask->party))
		return PV_FAIL(e, PV_E_INPUT,
		    "\"%.*s\" is no party's name: small letters, digits, - and dots, parent first",
		    PV_FMT(ask->party));
	if (ask->url.n != 0)
		PV_TRY(pv_desk_url_check(ask->url, e));
	if (!may_make(ask->home))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "%s is there already", ask->home), e,
		    "choose another place: --home DIR");
	m.origin = ask->origin.n != 0 ? ask->origin
				      : pv_arena_printf(a, "%.*s/orders", PV_FMT(ask->party));
	m.journal = pv_arena_printf(a, "%.*s/journal", PV_FMT(ask->party));
	m.profile = ask->profile.n != 0 ? ask->profile : PV_SLICE("courier");
	m.path = pv_arena_printf(a, "%s.making-%d", ask->home, (int)getpid()).p;
	st = make(&m, unlock, e);
	if (pv_ok(st) && rename(m.path, ask->home) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "cannot make %s: %s", ask->home, strerror(errno));
	if (!pv_ok(st))
		pv_home_remove(m.path);
	for (size_t i = 0; i < m.officers; i++)
		pv_secret_free(m.passphrases[i]);
	files = pv_arena_alloc_n(a, m.files.n, sizeof(*files));
	if (m.files.n != 0)
		memcpy(files, m.files.at, m.files.n * sizeof(*files));
	out->key_files = (struct pv_names){ files, m.files.n };
	PV_VEC_FREE(&m.files);
	return st;
}
