/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than 4 GiB, through sealer and opener, in a few MiB of memory and without a disk: the plaintext is
 * made as it is asked for. Of the sealed file only frame, manifest and IVs are
 * kept; the reader seals a segment again, as it was, when the opener comes for it.
 */
#include <sys/resource.h>

#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "seal/seal.h"
#include "tap.h"

#define SEALED     ((uint64_t)PV_SEGMENT_DEFAULT + PV_SEGMENT_EXTRA)
#define SEGMENTS   4100 /* and a bit: 4 GiB are 4096 */
#define LAST       123
#define CONTENT    ((uint64_t)SEGMENTS * PV_SEGMENT_DEFAULT + LAST)
#define PAYLOAD    ((uint64_t)SEGMENTS * SEALED + LAST + PV_SEGMENT_EXTRA)
#define MEMORY_KIB (32 * 1024)

struct world {
	uint64_t made; /* plaintext given so far */
	uint64_t seen; /* bytes of the sealed file */
	struct pv_buf head, tail;
	uint8_t (*ivs)[PV_AEAD_IV];
	struct pv_secret *key; /* the first that is drawn */
	struct pv_env system;
	struct pv_aead *aead;
	uint8_t *segment;
	uint64_t cached; /* segment + 1 that stands in segment */
	struct pv_hasher *hash;
};

static void
make(char *into, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = (at + i) * 0x9e3779b97f4a7c15u;

		memcpy(into + i, &word, n - i < 8 ? n - i : 8);
	}
}

/* The payload key is drawn first. */
static void
draw(void *ctx, void *out, size_t n)
{
	struct world *w = ctx;

	w->system.random(w->system.ctx, out, n);
	if (w->key == NULL)
		w->key = pv_secret_of(out, n);
}

static struct pv_status
pull(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e)
{
	struct world *w = ctx;

	(void)e;
	*got = CONTENT - w->made < room ? (size_t)(CONTENT - w->made) : room;
	make(into, w->made, *got);
	w->made += *got;
	return PV_DONE;
}

/* Keeps what is not payload, and of each segment its IV. Sealed segments come one at a time. */
static struct pv_status
put_sealed(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	struct world *w = ctx;

	(void)e;
	if (w->seen == 0)
		pv_buf_add(&w->head, bytes);
	else if (w->seen < w->head.n + PAYLOAD)
		memcpy(w->ivs[(w->seen - w->head.n) / SEALED], bytes.p, PV_AEAD_IV);
	else
		pv_buf_add(&w->tail, bytes);
	w->seen += bytes.n;
	return PV_DONE;
}

static struct pv_status
put_plain(void *ctx, struct pv_slice bytes, struct pv_err *e)
{
	struct world *w = ctx;

	(void)e;
	w->seen += bytes.n;
	pv_hasher_add(w->hash, bytes);
	return PV_DONE;
}

/* Segment i as it was sealed. */
static void
seal_again(struct world *w, uint64_t i)
{
	size_t n = i < SEGMENTS ? PV_SEGMENT_DEFAULT : LAST;

	if (w->cached == i + 1)
		return;
	make((char *)w->segment + PV_AEAD_IV, i * PV_SEGMENT_DEFAULT, n);
	pv_aead_seal(
	    w->aead, w->ivs[i], PV_NO_SLICE, pv_slice_mem(w->segment + PV_AEAD_IV, n), w->segment);
	w->cached = i + 1;
}

/* The sealed file from at, as far as it stands in one place; how many bytes that are. */
static size_t
run_at(struct world *w, uint64_t at, const void **from)
{
	uint64_t in = at - w->head.n;
	size_t skip = (size_t)(in % SEALED);

	if (at < w->head.n) {
		*from = w->head.p + at;
		return w->head.n - (size_t)at;
	}
	if (in >= PAYLOAD) {
		*from = w->tail.p + (in - PAYLOAD);
		return w->tail.n - (size_t)(in - PAYLOAD);
	}
	seal_again(w, in / SEALED);
	*from = w->segment + skip;
	return (in / SEALED < SEGMENTS ? SEALED : LAST + PV_SEGMENT_EXTRA) - skip;
}

static struct pv_status
read_at(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	struct world *w = ctx;
	const void *from;

	(void)e;
	while (n > 0) {
		size_t run = run_at(w, at, &from);

		run = run < n ? run : n;
		memcpy(into, from, run);
		into += run;
		at += run;
		n -= run;
	}
	return PV_DONE;
}

static long
memory_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static bool
seal_huge(
    struct world *w, const struct pv_wrap_key *kas, struct pv_seal_content *said, struct pv_err *e)
{
	const struct pv_env env = { .random = draw, .ctx = w };
	struct pv_kas_pub to = { .url = PV_SLICE("https://a/kas"), .key = pv_wrap_key_pub(kas) };
	struct pv_policy policy = { .report = PV_SLICE("r"),
		.originator = PV_SLICE("co"),
		.origin = PV_SLICE("o"),
		.label =
		    PV_SLICE("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") };
	PV_AUTO(pv_seal_freep) struct pv_seal *s = NULL;
	struct pv_seal_done done = { 0 };
	bool ok = pv_ok(pv_seal_new(&s, (struct pv_seal_sink){ put_sealed, w }, 0, &env, e)) &&
		  pv_ok(pv_seal_write(s, (struct pv_seal_source){ pull, w }, said, e)) &&
		  pv_ok(pv_seal_finish(s, &policy, &to, 1, &done, e));

	return ok && done.size == w->seen && w->seen == w->head.n + PAYLOAD + w->tail.n;
}

static bool
open_huge(
    struct world *w, const struct pv_wrap_key *kas, struct pv_seal_content *said, struct pv_err *e)
{
	struct pv_seal_file file = { read_at, w, w->head.n + PAYLOAD + w->tail.n };
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_kas own = { .key = kas };
	const struct pv_secret *shares[1];

	if (!pv_ok(pv_sealed_open(&f, file, e)) ||
	    !pv_ok(pv_share_unwrap(
		&share, &own, pv_sealed_manifest(f)->access, pv_sealed_manifest(f)->policy, e)))
		return false;
	shares[0] = share;
	return pv_ok(pv_sealed_unlock(f, shares, 1, e)) &&
	       pv_ok(pv_sealed_extract(f, (struct pv_seal_sink){ put_plain, w }, said, e));
}

int
main(void)
{
	struct world w = { .system = pv_env_system(), .hash = pv_hasher_new() };
	struct pv_seal_content sealed = { 0 }, opened = { 0 };
	struct pv_wrap_key *kas = NULL;
	struct pv_err e = { 0 };
	uint8_t digest[PV_HASH];
	long before, after;

	if (!pv_ok(pv_wrap_key_new(&kas, PV_KEY_P256, &e)))
		return 99;
	w.ivs = pv_alloc_n(SEGMENTS + 1, sizeof(*w.ivs));
	w.segment = pv_alloc(SEALED);
	before = memory_kib();
	if (!tap_ok(seal_huge(&w, kas, &sealed, &e) && sealed.size == CONTENT,
		"%llu bytes are sealed", (unsigned long long)CONTENT))
		tap_note("%s", e.what);
	w.seen = 0;
	w.aead = pv_aead_new(w.key);
	if (!tap_ok(open_huge(&w, kas, &opened, &e) && w.seen == CONTENT && opened.size == CONTENT,
		"and opened"))
		tap_note("%s", e.what);
	pv_hasher_end(w.hash, digest);
	tap_ok(memcmp(digest, sealed.sha256, PV_HASH) == 0 &&
		   memcmp(digest, opened.sha256, PV_HASH) == 0,
	    "what comes out is what went in");
	after = memory_kib();
	if (!tap_ok(after - before < MEMORY_KIB, "in less than %d KiB of memory", MEMORY_KIB))
		tap_note("%ld KiB before, %ld KiB after", before, after);
	pv_aead_free(w.aead);
	pv_hasher_free(w.hash);
	pv_secret_free(w.key);
	pv_buf_free(&w.head);
	pv_buf_free(&w.tail);
	pv_free(w.ivs);
	pv_free(w.segment);
	pv_wrap_key_free(kas);
	return tap_done();
}
