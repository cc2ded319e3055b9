/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewraps a second on one core, each decided and journalled durably, beside the key operations alone that each needs,
 * in the same run and by the same clock: the process's CPU time. The wall time has the disk in it.
 *
 *	kas [SECONDS] [BATCH]
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <time.h>

#include "desk/kas.h"
#include "desk/test_homes.h"
#include "seal/manifest.h"
#include "seal/seal.h"

#define CLIENTS 2 /* kinds of key: RSA, P-256 */

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what is asked ---- */

struct kind {
	const char *name;
	struct pv_wrap_key *key; /* of the client */
	struct pv_slice pem;
};

static void
make_client(struct kind *k, const char *name, enum pv_key_kind kind)
{
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	struct pv_err e;

	k->name = name;
	if (!pv_ok(pv_wrap_key_new(&k->key, kind, &e)))
		exit(1);
	pv_wrap_pub_write(&pem, pv_wrap_key_pub(k->key));
	k->pem = pv_arena_copy(arena, pv_buf_slice(&pem));
}

static struct pv_rewrap_item
item_of(struct pv_desk *d, const char *id, bool ec)
{
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };
	const struct pv_access *access;
	struct pv_slice in;
	struct pv_err e;

	d->seal_ec = ec;
	share(d, id, id);
	bytes = read_all(in_case(pv_arena_printf(arena, "%s.tdf", id).p));
	in = pv_buf_slice(&bytes);
	if (!pv_ok(pv_sealed_open(&f, pv_seal_file_of(&in), &e)))
		exit(1);
	access = &pv_sealed_manifest(f)->access[0];
	return (struct pv_rewrap_item){ .type = pv_slice_of(pv_access_type_name(access->type)),
		.kid = pv_arena_copy(arena, access->kid),
		.policy = pv_arena_copy(arena, pv_sealed_manifest(f)->policy),
		.wrapped = pv_arena_copy(arena, access->wrapped),
		.ephemeral = pv_arena_copy(arena, access->ephemeral),
		.binding = pv_arena_copy(arena, access->binding) };
}

/* ---- the service ---- */

static size_t
one_batch(struct pv_desk *d, const struct pv_caller *who, const struct pv_rewrap_ask *ask, size_t n)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_batch_freep) struct pv_batch *b = pv_batch_new(d);
	struct pv_rewrapping **w = pv_arena_alloc_n(a, n, sizeof(struct pv_rewrapping *));
	struct pv_rewrap out;
	struct pv_err e = { 0 };
	size_t granted = 0;

	for (size_t i = 0; i < n; i++) /* as the keeper's lane does */
		if (!pv_ok(pv_home_refresh(d, &e)) ||
		    !pv_ok(pv_rewrap_begin(&w[i], b, who, ask, a, &e)))
			exit(1);
	if (!pv_ok(pv_batch_commit(b, &e)))
		exit(1);
	for (size_t i = 0; i < n; i++)
		if (pv_ok(pv_rewrap_finish(w[i], b, &out, &e)))
			granted += out.rows[0].says == PV_REWRAP_GRANTED ? 1 : 0;
	return granted;
}

struct rate {
	double cpu_us, wall_us;
};

static struct rate
measure(struct pv_desk *d, const struct pv_rewrap_item *item, const struct kind *client,
    double how_long, size_t batch)
{
	struct pv_rewrap_ask ask = { .client_key = client->pem, .rows = item, .count = 1 };
	struct pv_slice purpose = PV_SLICE("law.interdict");
	struct pv_caller who = { .known = true,
		.id = PV_SLICE("t"),
		.party = PV_SLICE("us"),
		.person = PV_SLICE("rosalind"),
		.roles = PV_ROLE_ANALYST,
		.purposes = { &purpose, 1 },
		.has_purposes = true };
	double cpu, wall;
	size_t n = 0;

	one_batch(d, &who, &ask, batch); /* keys are loaded, pages are warm */
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = seconds(CLOCK_MONOTONIC);
	while (seconds(CLOCK_MONOTONIC) - wall < how_long) {
		size_t got = one_batch(d, &who, &ask, batch);

		if (got != batch) {
			fprintf(stderr, "%zu of %zu granted\n", got, batch);
			exit(1);
		}
		n += got;
	}
	return (struct rate){ (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)n,
		(seconds(CLOCK_MONOTONIC) - wall) * 1e6 / (double)n };
}

/* ---- the same key operations alone: contexts are made once, where OpenSSL lets them ---- */

static EVP_PKEY *
raw_key(const char *type)
{
	return strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
					: EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static bool
raw_private(EVP_PKEY_CTX *ctx, const uint8_t *in)
{
	uint8_t out[256];
	size_t n = sizeof(out);

	return EVP_PKEY_decrypt(ctx, out, &n, in, 256) == 1;
}

static bool
raw_public(EVP_PKEY_CTX *ctx, const uint8_t *in)
{
	uint8_t out[256];
	size_t n = sizeof(out);

	return EVP_PKEY_encrypt(ctx, out, &n, in, 32) == 1;
}

static bool
raw_derive(EVP_PKEY_CTX *ctx, const uint8_t *in)
{
	uint8_t out[32];
	size_t n = sizeof(out);

	(void)in;
	return EVP_PKEY_derive(ctx, out, &n) == 1;
}

static bool
raw_keygen(EVP_PKEY_CTX *ctx, const uint8_t *in)
{
	EVP_PKEY *key = NULL;
	bool ok = EVP_PKEY_keygen(ctx, &key) == 1;

	(void)in;
	EVP_PKEY_free(key);
	return ok;
}

static double
time_of(bool (*op)(EVP_PKEY_CTX *, const uint8_t *), EVP_PKEY_CTX *ctx, const uint8_t *in)
{
	double from = seconds(CLOCK_PROCESS_CPUTIME_ID), until;
	size_t n = 0;

	do {
		for (int i = 0; i < 50; i++, n++)
			if (!op(ctx, in))
				exit(1);
		until = seconds(CLOCK_PROCESS_CPUTIME_ID);
	} while (until - from < 0.5);
	return (until - from) * 1e6 / (double)n;
}

struct raw {
	double rsa_private, rsa_public, ecdh, ec_keygen;
};

static struct raw
measure_raw(void)
{
	EVP_PKEY *rsa = raw_key("RSA"), *ec = raw_key("EC"), *peer = raw_key("EC");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsa, NULL);
	uint8_t share[32] = { 1 }, wrapped[256];
	size_t n = sizeof(wrapped);
	struct raw r = { 0 };

	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_encrypt(ctx, wrapped, &n, share, sizeof(share)) != 1)
		exit(1);
	r.rsa_public = time_of(raw_public, ctx, share);
	if (EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1)
		exit(1);
	r.rsa_private = time_of(raw_private, ctx, wrapped);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ec, NULL);
	if (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1)
		exit(1);
	r.ecdh = time_of(raw_derive, ctx, NULL);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_group_name(ctx, "P-256") != 1)
		exit(1);
	r.ec_keygen = time_of(raw_keygen, ctx, NULL);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(peer);
	return r;
}

/* ---- telling ---- */

static void
quiet(bool yes)
{
	static int out = -1;
	int to = yes ? open("/dev/null", O_WRONLY | O_CLOEXEC) : out;

	fflush(stdout);
	if (yes && out < 0)
		out = dup(STDOUT_FILENO);
	if (to < 0 || dup2(to, STDOUT_FILENO) < 0)
		exit(1);
	if (yes)
		close(to);
}

static void
tell(const char *from, const char *to, struct rate r, double raw_us)
{
	printf("%-12s -> %-10s %8.0f/s of CPU  %8.0f/s of wall   %6.1f us, of which key operations "
	       "%6.1f us: %3.0f %%\n",
	    from, to, 1e6 / r.cpu_us, 1e6 / r.wall_us, r.cpu_us, raw_us, 100 * raw_us / r.cpu_us);
}

int
main(int argc, char **argv)
{
	double how_long = argc > 1 ? atof(argv[1]) : 2, load[1] = { 0 };
	size_t batch = argc > 2 ? (size_t)atoi(argv[2]) : 64;
	struct kind clients[CLIENTS];
	struct pv_rewrap_item rsa, ec;
	struct pv_desk *d;
	struct raw raw;

	quiet(true); /* the world is made as tests make theirs, which tell */
	make_world();
	new_case("kas");
	d = take_home("co");
	make_client(&clients[0], "RSA-2048", PV_KEY_RSA);
	make_client(&clients[1], "P-256", PV_KEY_P256);
	rsa = item_of(d, "r-rsa", false);
	ec = item_of(d, "r-ec", true);
	quiet(false);
	raw = measure_raw();
	(void)getloadavg(load, 1);
	printf("rewraps on one core, %zu a commit, load %.2f\n", batch, load[0]);
	printf(
	    "key operations alone: RSA-2048 private %.1f us, public %.1f us; P-256 ECDH %.1f us, "
	    "key made %.1f us\n",
	    raw.rsa_private, raw.rsa_public, raw.ecdh, raw.ec_keygen);
	tell("RSA-2048", "RSA-2048", measure(d, &rsa, &clients[0], how_long, batch),
	    raw.rsa_private + raw.rsa_public);
	tell("RSA-2048", "P-256", measure(d, &rsa, &clients[1], how_long, batch),
	    raw.rsa_private + raw.ecdh + raw.ec_keygen);
	tell("P-256", "RSA-2048", measure(d, &ec, &clients[0], how_long, batch),
	    raw.ecdh + raw.rsa_public);
	tell("P-256", "P-256", measure(d, &ec, &clients[1], how_long, batch),
	    2 * raw.ecdh + raw.ec_keygen);
	for (size_t i = 0; i < CLIENTS; i++)
		pv_wrap_key_free(clients[i].key);
	pv_desk_close(d);
	quiet(true);
	return end_world();
}
