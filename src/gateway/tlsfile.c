/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/tlsfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/tls.h"

#define PEM_MAX (128u << 10)
#define YEARS_S \
	(UINT64_C(10) * 366 * 86400) /* nobody renews it; its fingerprint is what is compared */

void
pv_tlsfile_wipe(struct pv_tlsfile *t)
{
	pv_buf_free(&t->certificate);
	pv_buf_wipe(&t->key);
	pv_buf_free(&t->client_ca);
}

static PV_RESULT
read_pem(struct pv_buf *out, const char *path, bool secret, struct pv_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
	if (secret && (fstat(fd, &st) != 0 || (st.st_mode & (S_IROTH | S_IWOTH)) != 0)) {
		close(fd);
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "%s can be read by everybody", path), e,
		    "chmod 600 %s", path);
	}
	while ((got = read(fd, pv_buf_room(out, 16384), 16384)) > 0 && out->n <= PEM_MAX)
		out->n += (size_t)got;
	close(fd);
	if (got < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
	if (out->n > PEM_MAX)
		return PV_FAIL(e, PV_E_CONFIG, "%s is larger than %u bytes", path, PEM_MAX);
	return PV_DONE;
}

/* Whole or not at all: under another name first. */
static PV_RESULT
write_file(const char *path, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	const char *part = pv_arena_printf(a, "%s.part", path).p;
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;

	if (fd >= 0)
		good = close(fd) == 0 && good;
	if (good && rename(part, path) == 0)
		return PV_DONE;
	return PV_FAIL(e, PV_E_CONFIG, "cannot write %s: %s", path, strerror(errno));
}

static PV_RESULT
make(const char *folder, const char *certificate_path, const char *key_path, struct pv_slice host,
    const struct pv_env *env, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice names[4] = { PV_SLICE("localhost"), PV_SLICE("127.0.0.1"), PV_SLICE("::1"),
		host };
	uint64_t now = env->realtime_ms(env->ctx) / 1000;
	size_t count = 3;
	struct pv_slice certificate, key;
	struct pv_status st;

	if (host.n != 0 && !pv_slice_eq(host, names[0]) && !pv_slice_eq(host, names[1]) &&
	    !pv_slice_eq(host, names[2]))
		count = 4;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return PV_FAIL(e, PV_E_CONFIG, "cannot make %s: %s", folder, strerror(errno));
	PV_TRY(
	    pv_tls_self_signed(names, count, now - 86400, now + YEARS_S, a, &certificate, &key, e));
	st = write_file(key_path, key, a, e);
	explicit_bzero((char *)(uintptr_t)key.p, key.n);
	PV_TRY(st);
	return write_file(certificate_path, certificate, a, e);
}

/* That they are a certificate and its key is best seen by using them. */
static PV_RESULT
check(const struct pv_tlsfile *t, struct pv_err *e)
{
	struct pv_tls_use use = { pv_buf_slice(&t->certificate), pv_buf_slice(&t->key),
		pv_buf_slice(&t->client_ca) };
	struct ssl_ctx_st *tls;

	PV_TRY(pv_tls_server(&tls, &use, e));
	pv_tls_free(tls);
	return PV_DONE;
}

static PV_RESULT
read_all(struct pv_tlsfile *out, const struct pv_config *c, struct pv_slice host, bool can_make,
    const struct pv_env *env, struct pv_arena *a, struct pv_err *e)
{
	const char *folder = pv_arena_printf(a, "%s/tls", c->home).p;
	const char *certificate = pv_arena_printf(a, "%s/cert.pem", folder).p;
	const char *key = pv_arena_printf(a, "%s/key.pem", folder).p;

	if ((c->tls.certificate == NULL) != (c->tls.key == NULL))
		return PV_FAIL(e, PV_E_CONFIG, "tls.%s is set, but tls.%s is not",
		    c->tls.key == NULL ? "certificate" : "key",
		    c->tls.key == NULL ? "key" : "certificate");
	if (c->tls.certificate != NULL) {
		certificate = c->tls.certificate;
		key = c->tls.key;
	} else if (access(certificate, F_OK) != 0 || access(key, F_OK) != 0) {
		if (!can_make)
			return PV_DONE;
		PV_TRY(make(folder, certificate, key, host, env, a, e));
		out->made = true;
	}
	PV_TRY(read_pem(&out->certificate, certificate, false, e));
	PV_TRY(read_pem(&out->key, key, true, e));
	if (c->tls.client_ca != NULL)
		PV_TRY(read_pem(&out->client_ca, c->tls.client_ca, false, e));
	return pv_from(check(out, e), e, certificate);
}

PV_RESULT
pv_tlsfile_read(struct pv_tlsfile *out, const struct pv_config *c, struct pv_slice host,
    bool can_make, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_status st;

	*out = (struct pv_tlsfile){ 0 };
	st = read_all(out, c, host, can_make, env, a, e);
	if (!pv_ok(st))
		pv_tlsfile_wipe(out);
	return st;
}
