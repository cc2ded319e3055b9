/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the interop tests need of us, on files and PEM keys:
 *
 *	tdf_tool key rsa|ec PRIVATE PUBLIC              a KAS key as two PEM files
 *	tdf_tool seal [-s SEGMENT] {PUBLIC URL}... <in  >sealed
 *	tdf_tool open SEALED PRIVATE... >plain          what all KASes and the client do, in one
 *	tdf_tool rewrap PRIVATE <question >answer       what a KAS does; both are JSON
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "seal/seal.h"

#define SMALL_MAX (1024 * 1024) /* keys and questions */

/* ---- files ---- */

static PV_RESULT
read_all(struct pv_buf *out, int fd, const char *name, struct pv_err *e)
{
	ssize_t n;

	do {
		n = read(fd, pv_buf_room(out, 65536), 65536);
		if (n < 0)
			return PV_FAIL(e, PV_E_INPUT, "%s: %s", name, strerror(errno));
		out->n += (size_t)n;
	} while (n > 0 && out->n < SMALL_MAX);
	return PV_DONE;
}

static PV_RESULT
read_file(struct pv_buf *out, const char *path, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pv_status st;

	if (fd < 0)
		return PV_FAIL(e, PV_E_INPUT, "%s: %s", path, strerror(errno));
	st = read_all(out, fd, path, e);
	close(fd);
	return st;
}

static PV_RESULT
write_file(const char *path, struct pv_slice bytes, struct pv_err *e)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
		return PV_FAIL(e, PV_E_INPUT, "%s: %s", path, strerror(errno));
	return PV_DONE;
}

static struct pv_status
pull_stdin(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e)
{
	ssize_t n = read(STDIN_FILENO, into, room);

	(void)ctx;
	if (n < 0)
		return PV_FAIL(e, PV_E_INPUT, "stdin: %s", strerror(errno));
	*got = (size_t)n;
	return PV_DONE;
}

static struct pv_status
put_stdout(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	(void)ctx;
	while (bytes.n > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes.p, bytes.n);

		if (n < 0)
			return PV_FAIL(e, PV_E_INPUT, "stdout: %s", strerror(errno));
		bytes = pv_slice_sub(bytes, (size_t)n, bytes.n);
	}
	return PV_DONE;
}

static struct pv_status
read_fd_at(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	const int *fd = ctx;

	while (n > 0) {
		ssize_t got = pread(*fd, into, n, (off_t)at);

		if (got <= 0)
			return PV_FAIL(e, PV_E_INPUT, "the file ends early");
		into += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return PV_DONE;
}

/* ---- keys ---- */

static void
add_pem(struct pv_buf *out, const char *what, struct pv_slice der)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf text = { 0 };

	pv_base64_write(&text, der, PV_BASE64);
	pv_buf_addf(out, "-----BEGIN %s-----\n", what);
	for (size_t i = 0; i < text.n; i += 64) {
		pv_buf_add(out, pv_slice_sub(pv_buf_slice(&text), i, i + 64));
		pv_buf_add_c(out, '\n');
	}
	pv_buf_addf(out, "-----END %s-----\n", what);
}

static PV_RESULT
make_key(const char *kind, const char *private_path, const char *public_path, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = NULL;
	PV_AUTO(pv_buf_wipe) struct pv_buf secret = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf open_half = { 0 };

	PV_TRY(pv_wrap_key_new(&key, strcmp(kind, "rsa") == 0 ? PV_KEY_RSA : PV_KEY_P256, e));
	pkcs8 = pv_wrap_key_pkcs8(key);
	add_pem(&secret, "PRIVATE KEY", pv_secret_slice(pkcs8));
	PV_TRY(write_file(private_path, pv_buf_slice(&secret), e));
	pv_wrap_pub_write(&open_half, pv_wrap_key_pub(key));
	return write_file(public_path, pv_buf_slice(&open_half), e);
}

static PV_RESULT
load_public(struct pv_wrap_pub **out, const char *path, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };

	PV_TRY(read_file(&pem, path, e));
	return pv_wrap_pub_read(out, pv_buf_slice(&pem), e);
}

static PV_RESULT
load_private(struct pv_wrap_key **out, const char *path, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf pem = { 0 }, text = { 0 }, der = { 0 };
	PV_AUTO(pv_secret_freep) struct pv_secret *pkcs8 = NULL;
	struct pv_slice rest, line;

	PV_TRY(read_file(&pem, path, e));
	rest = pv_buf_slice(&pem);
	while (pv_slice_next(&rest, '\n', &line))
		if (line.n > 0 && line.p[0] != '-')
			pv_buf_add(&text, line);
	if (!pv_base64_read(&der, pv_buf_slice(&text), PV_BASE64))
		return PV_FAIL(e, PV_E_INPUT, "%s is no PEM", path);
	pkcs8 = pv_secret_take(&der);
	return pv_wrap_key_read(out, pkcs8, e);
}

/* ---- seal ---- */

static PV_RESULT
seal_for(char **argv, size_t n, uint32_t segment, struct pv_err *e)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	struct pv_wrap_pub *keys[PV_MANIFEST_KEYS_MAX] = { 0 };
	struct pv_kas_pub kas[PV_MANIFEST_KEYS_MAX] = { 0 };
	struct pv_slice attribute = PV_SLICE("https://example.org/attr/kind/value/report");
	struct pv_policy policy = { .attributes = &attribute,
		.attribute_count = 1,
		.report = PV_SLICE("r-1"),
		.originator = PV_SLICE("co.navy"),
		.origin = PV_SLICE("example.org/orders"),
		.label =
		    PV_SLICE("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") };
	struct pv_seal_content content;
	struct pv_seal_done done;
	struct pv_status st = PV_DONE;

	for (size_t i = 0; i < n && pv_ok(st); i++) {
		st = load_public(&keys[i], argv[2 * i], e);
		kas[i] = (struct pv_kas_pub){ .key = keys[i], .url = pv_slice_of(argv[2 * i + 1]) };
	}
	if (pv_ok(st))
		st = pv_seal_new(&s, (struct pv_seal_sink){ put_stdout, NULL }, segment, &env, e);
	if (pv_ok(st))
		st = pv_seal_write(s, (struct pv_seal_source){ pull_stdin, NULL }, &content, e);
	if (pv_ok(st))
		st = pv_seal_finish(s, &policy, kas, n, &done, e);
	for (size_t i = 0; i < n; i++)
		pv_wrap_pub_free(keys[i]);
	return st;
}

/* ---- open ---- */

/* The first key that is asked for, or that fits when no kid is given. */
static PV_RESULT
find_share(struct pv_secret **out, const struct pv_access *access, struct pv_slice policy,
    struct pv_wrap_key *const *keys, size_t n, struct pv_err *e)
{
	struct pv_status st = PV_FAIL(e, PV_E_INPUT, "no key");

	for (size_t i = 0; i < n; i++) {
		struct pv_kas kas = { .kid = access->kid, .kidless = true, .key = keys[i] };

		st = pv_share_unwrap(out, &kas, access, policy, e);
		if (pv_ok(st))
			return st;
	}
	return st;
}

static PV_RESULT
open_with(struct pv_sealed *f, struct pv_wrap_key *const *keys, size_t n, struct pv_err *e)
{
	const struct pv_manifest *m = pv_sealed_manifest(f);
	struct pv_secret *shares[PV_MANIFEST_KEYS_MAX] = { 0 };
	const struct pv_secret *borrowed[PV_MANIFEST_KEYS_MAX];
	struct pv_seal_content verified;
	struct pv_status st = PV_DONE;

	fprintf(stderr, "%s, %zu segments, %s\n", m->form == PV_TDF_RAW ? "4.3.0" : "4.2.2",
	    m->segment_count, pv_sealed_policy(f)->ours ? "ours" : "foreign");
	for (size_t i = 0; i < m->access_count && pv_ok(st); i++)
		st = find_share(&shares[i], &m->access[i], m->policy, keys, n, e);
	memcpy(borrowed, shares, sizeof(borrowed));
	if (pv_ok(st))
		st = pv_sealed_unlock(f, borrowed, m->access_count, e);
	if (pv_ok(st))
		st = pv_sealed_verify(f, &verified, e);
	if (pv_ok(st))
		st = pv_sealed_extract(f, (struct pv_seal_sink){ put_stdout, NULL }, NULL, e);
	for (size_t i = 0; i < m->access_count; i++)
		pv_secret_free(shares[i]);
	return st;
}

static PV_RESULT
open_file(const char *path, char **key_paths, size_t n, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_wrap_key *keys[PV_MANIFEST_KEYS_MAX] = { 0 };
	struct pv_status st = PV_DONE;
	struct stat s;

	if (fd < 0 || fstat(fd, &s) != 0)
		return PV_FAIL(e, PV_E_INPUT, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < n && pv_ok(st); i++)
		st = load_private(&keys[i], key_paths[i], e);
	if (pv_ok(st))
		st = pv_sealed_open(
		    &f, (struct pv_seal_file){ read_fd_at, &fd, (uint64_t)s.st_size }, e);
	if (pv_ok(st))
		st = open_with(f, keys, n, e);
	for (size_t i = 0; i < n; i++)
		pv_wrap_key_free(keys[i]);
	close(fd);
	return st;
}

/* ---- rewrap ---- */

static struct pv_slice
member(const struct pv_json *doc, const char *name)
{
	uint32_t i = pv_json_member(doc, 0, pv_slice_of(name));

	return i == PV_JSON_NONE ? PV_NO_SLICE : pv_json_at(doc, i)->text;
}

static PV_RESULT
rewrap(const char *key_path, struct pv_err *e)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_buf_free)
	struct pv_buf text = { 0 }, wrapped = { 0 }, session = { 0 }, answer = { 0 };
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_jsonw w = { .out = &answer };
	struct pv_access access;
	struct pv_kas kas = { .kidless = true };

	PV_TRY(load_private(&key, key_path, e));
	PV_TRY(read_all(&text, STDIN_FILENO, "stdin", e));
	PV_TRY(pv_json_read(&doc, pv_buf_slice(&text), SMALL_MAX, e));
	access = (struct pv_access){ .type = pv_access_type_of(member(doc, "type")),
		.url = member(doc, "url"),
		.kid = member(doc, "kid"),
		.wrapped = member(doc, "wrappedKey"),
		.ephemeral = member(doc, "ephemeralPublicKey"),
		.binding = member(doc, "policyBinding") };
	kas.key = key;
	PV_TRY(pv_share_unwrap(&share, &kas, &access, member(doc, "policy"), e));
	PV_TRY(pv_share_rewrap(&wrapped, &session, share, member(doc, "clientPublicKey"), &env, e));
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "kasWrappedKey", pv_buf_slice(&wrapped));
	pv_jsonw_str(&w, "sessionPublicKey", pv_buf_slice(&session));
	pv_jsonw_end(&w);
	return put_stdout(NULL, pv_buf_slice(&answer), e);
}

static PV_RESULT
run(int argc, char **argv, struct pv_err *e)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "key") == 0 && argc == 5)
		return make_key(argv[2], argv[3], argv[4], e);
	if (strcmp(verb, "seal") == 0 && argc >= 4) {
		uint64_t segment = 0;
		int first = 2;

		if (strcmp(argv[2], "-s") == 0 && pv_slice_u64(pv_slice_of(argv[3]), &segment))
			first = 4;
		if (argc > first && (argc - first) % 2 == 0 &&
		    (argc - first) / 2 <= PV_MANIFEST_KEYS_MAX)
			return seal_for(
			    argv + first, (size_t)(argc - first) / 2, (uint32_t)segment, e);
	}
	if (strcmp(verb, "open") == 0 && argc >= 4 && argc - 3 <= PV_MANIFEST_KEYS_MAX)
		return open_file(argv[2], argv + 3, (size_t)argc - 3, e);
	if (strcmp(verb, "rewrap") == 0 && argc == 3)
		return rewrap(argv[2], e);
	return PV_FAIL(e, PV_E_INPUT, "usage: tdf_tool key|seal|open|rewrap ...");
}

int
main(int argc, char **argv)
{
	struct pv_err e = { 0 };

	if (pv_ok(run(argc, argv, &e)))
		return 0;
	fprintf(stderr, "tdf_tool: %s%s%s\n", e.field, e.field[0] != '\0' ? ": " : "", e.what);
	return 1;
}
