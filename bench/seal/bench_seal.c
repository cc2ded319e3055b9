/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a large file is sealed and opened, in memory, one core, beside the
 * parts it is made of in the same run: AES-256-GCM, SHA-256, CRC-32, and the
 * chain of them, which is what sealing costs at least. CPU time, best of some rounds.
 *
 *	usage: bench_seal [MIB [ROUNDS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "codec/zip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "seal/seal.h"

#define SEGMENT PV_SEGMENT_DEFAULT

struct bench {
	struct pv_env env;
	struct pv_wrap_key *kas;
	struct pv_slice content;
	struct pv_buf sealed;
	struct pv_aead *aead;
	struct pv_hasher *hash;
	struct pv_sealed *file;
	uint8_t *segment;
	uint32_t crc;
};

static void
must(struct pv_status st, const struct pv_err *e)
{
	if (pv_ok(st))
		return;
	fprintf(stderr, "bench_seal: %s\n", e->what);
	exit(1);
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the parts ---- */

static struct pv_slice
piece(const struct bench *b, size_t at)
{
	return pv_slice_sub(b->content, at, at + SEGMENT);
}

static void
part_gcm(struct bench *b)
{
	for (size_t at = 0; at < b->content.n; at += SEGMENT)
		pv_aead_seal_fresh(b->aead, &b->env, PV_NO_SLICE, piece(b, at), b->segment);
}

static void
part_sha(struct bench *b)
{
	for (size_t at = 0; at < b->content.n; at += SEGMENT)
		pv_hasher_add(b->hash, piece(b, at));
}

static void
part_crc(struct bench *b)
{
	for (size_t at = 0; at < b->content.n; at += SEGMENT)
		b->crc = pv_zip_crc(b->crc, piece(b, at));
}

static void
chain(struct bench *b)
{
	for (size_t at = 0; at < b->content.n; at += SEGMENT) {
		struct pv_slice p = piece(b, at);

		pv_hasher_add(b->hash, p);
		pv_aead_seal_fresh(b->aead, &b->env, PV_NO_SLICE, p, b->segment);
		b->crc = pv_zip_crc(b->crc, pv_slice_mem(b->segment, p.n + PV_SEGMENT_EXTRA));
	}
}

static void
chain_open(struct bench *b)
{
	struct pv_slice payload = pv_slice_sub(pv_buf_slice(&b->sealed), 0, b->content.n);

	/* the bytes of any segment do: GCM costs the same before it says no */
	for (size_t at = 0; at + SEGMENT <= payload.n; at += SEGMENT) {
		struct pv_slice p = pv_slice_sub(payload, at, at + SEGMENT);

		b->crc = pv_zip_crc(b->crc, p);
		if (pv_aead_open(b->aead, PV_NO_SLICE, p, b->segment))
			exit(1);
	}
}

/* ---- the whole ---- */

static struct pv_status
drop(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	(void)ctx;
	(void)bytes;
	(void)e;
	return PV_DONE;
}

static void
seal_to(struct bench *b, struct pv_seal_sink sink)
{
	struct pv_kas_pub kas = { .url = PV_SLICE("https://a/kas"),
		.key = pv_wrap_key_pub(b->kas) };
	struct pv_policy policy = { .report = PV_SLICE("r"),
		.originator = PV_SLICE("co"),
		.origin = PV_SLICE("o"),
		.label =
		    PV_SLICE("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") };
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	struct pv_slice rest = b->content;
	struct pv_seal_content said;
	struct pv_seal_done done;
	struct pv_err e;

	must(pv_seal_new(&s, sink, SEGMENT, &b->env, &e), &e);
	must(pv_seal_write(s, pv_seal_source_of(&rest), &said, &e), &e);
	must(pv_seal_finish(s, &policy, &kas, 1, &done, &e), &e);
}

static void
whole_seal(struct bench *b)
{
	seal_to(b, (struct pv_seal_sink){ drop, NULL });
}

static void
whole_verify(struct bench *b)
{
	struct pv_err e;

	must(pv_sealed_verify(b->file, NULL, &e), &e);
}

static void
whole_extract(struct bench *b)
{
	struct pv_err e;

	must(pv_sealed_extract(b->file, (struct pv_seal_sink){ drop, NULL }, NULL, &e), &e);
}

static void
whole_digest(struct bench *b)
{
	struct pv_seal_content said;
	struct pv_err e;

	must(pv_sealed_extract(b->file, (struct pv_seal_sink){ drop, NULL }, &said, &e), &e);
}

static void
open_sealed(struct bench *b, struct pv_slice *bytes)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_kas kas = { .key = b->kas };
	const struct pv_secret *shares[1];
	const struct pv_manifest *m;
	struct pv_err e;

	must(pv_sealed_open(&b->file, pv_seal_file_of(bytes), &e), &e);
	m = pv_sealed_manifest(b->file);
	must(pv_share_unwrap(&share, &kas, m->access, m->policy, &e), &e);
	shares[0] = share;
	must(pv_sealed_unlock(b->file, shares, 1, &e), &e);
}

static const struct {
	const char *name;
	void (*run)(struct bench *b);
	const char *aim;
} measures[] = {
	{ "AES-256-GCM, a segment at a time", part_gcm, "" },
	{ "SHA-256", part_sha, "" },
	{ "CRC-32", part_crc, "" },
	{ "chain of the three", chain, "what sealing costs at least" },
	{ "seal", whole_seal, "aim 0.9" },
	{ "chain of GCM and CRC-32", chain_open, "what opening costs at least" },
	{ "verify", whole_verify, "" },
	{ "open (segments verified, then written)", whole_extract, "aim 2.5" },
	{ "open, with the content's SHA-256", whole_digest, "" },
};

int
main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 256,
	       rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
	struct bench b = { .env = pv_env_system(),
		.hash = pv_hasher_new(),
		.segment = pv_alloc(SEGMENT + PV_SEGMENT_EXTRA) };
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_random(&b.env, PV_AEAD_KEY);
	char *content = pv_alloc(mib << 20);
	struct pv_slice bytes;
	struct pv_err e;

	for (size_t i = 0; i < mib << 20; i += 4096)
		b.env.random(b.env.ctx, content + i, 32);
	b.content = pv_slice_mem(content, mib << 20);
	b.aead = pv_aead_new(key);
	must(pv_wrap_key_new(&b.kas, PV_KEY_P256, &e), &e);
	seal_to(&b, pv_seal_sink_of(&b.sealed));
	bytes = pv_buf_slice(&b.sealed);
	open_sealed(&b, &bytes);
	printf("%zu MiB in memory, segments of %d KiB, CPU time, best of %zu\n", mib,
	    SEGMENT / 1024, rounds);
	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		double best = 1e9;

		for (size_t r = 0; r < rounds; r++) {
			double from = cpu_s();

			measures[i].run(&b);
			if (cpu_s() - from < best)
				best = cpu_s() - from;
		}
		printf("%-42s %6.2f GB/s  %s\n", measures[i].name, (double)(mib << 20) / best / 1e9,
		    measures[i].aim);
	}
	pv_sealed_free(b.file);
	pv_buf_free(&b.sealed);
	pv_aead_free(b.aead);
	pv_hasher_free(b.hash);
	pv_wrap_key_free(b.kas);
	pv_free(b.segment);
	pv_free(content);
	return 0;
}
