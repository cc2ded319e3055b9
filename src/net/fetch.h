/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTPS request of ours to somebody else (libcurl): the tool to its gateway,
 * a gateway to a partner's or to an issuer's keys. It waits; call it where waiting is
 * allowed. No redirects are followed, no proxy is used unless given, HTTP/1.1 or 2.
 */
#ifndef PV_NET_FETCH_H
#define PV_NET_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct pv_fetcher; /* keeps connections; one thread at a time */

struct pv_fetch_use {
	const char *ca_path; /* PEM; NULL: the system's */
	const char *
	    pin; /* "AB:CD:..." SHA-256 of the server's certificate, or 64 hex of its public key's: then no CA is needed; NULL */
	const char *cert_path, *key_path; /* a client certificate; NULL */
	unsigned connect_ms, total_ms;    /* 0: 5,000 and 30,000 */
	bool plain_loopback;              /* http:// to loopback is allowed */
};
PV_RESULT pv_fetcher_new(struct pv_fetcher **out, const struct pv_fetch_use *use, struct pv_err *e);
void pv_fetcher_free(struct pv_fetcher *f);
void pv_fetcher_freep(struct pv_fetcher **f);

struct pv_fetch {
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL */
	struct pv_slice body;
	int body_fd; /* > 0: the body is read from here (body_size bytes) */
	uint64_t body_size;
	uint64_t limit; /* of the answer's bytes; 0: 16 MiB */
	/* NULL: the answer is collected, as is always one that is not 2xx. false: enough, end it (DOWN) */
	bool (*some)(void *ctx, struct pv_slice data);
	void *ctx;
};
struct pv_fetched {
	int status;
	struct pv_slice type, etag, location, retry_after; /* in a */
	struct pv_slice www_authenticate;
	struct pv_buf body; /* the caller's to free */
};
/* DOWN: not reached, or cut off; UNTRUSTED: its certificate; LIMIT: too much. Any status is an answer. */
PV_RESULT pv_fetch(struct pv_fetcher *f, const struct pv_fetch *what, struct pv_arena *a,
    struct pv_fetched *out, struct pv_err *e);

#endif
