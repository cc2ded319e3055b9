/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed file: an OpenTDF container (TDF 4.3; a stored zip of 0.payload and
 * 0.manifest.json) whose key is wrapped to one or more KASes. No decision, no
 * log, no network: bytes come and go through the caller's functions.
 *
 * Sealing has two steps, since the policy names the label, and the label names
 * the content's digest:
 *
 *	pv_seal_new(&s, sink, 0, &env, e);
 *	pv_seal_write(s, source, &content, e);         payload; content.sha256 and .size for the label
 *	pv_seal_finish(s, &policy, kas, n, &done, e);  manifest, end of the file
 *
 * Opening shows what the file says (nothing of it is true yet), then proves it
 * with the shares that the KASes gave:
 *
 *	pv_sealed_open(&f, file, e);
 *	... pv_sealed_policy(f), pv_sealed_manifest(f)->access: ask the KASes ...
 *	pv_sealed_unlock(f, shares, n, e);             bindings, root signature
 *	pv_sealed_verify(f, &content, e);              every byte; compare content with the signed label
 *	pv_sealed_extract(f, sink, &content, e);       plaintext, in order, each segment verified before it leaves
 *
 * content is worth the pass: every past opener has the payload key and could
 * seal another text under the same policy. Only the signed label tells.
 *
 * Memory: two segments, the manifest, and 36 bytes a segment. One object is used by one thread at a time.
 */
#ifndef PV_SEAL_SEAL_H
#define PV_SEAL_SEAL_H

#include "base/env.h"
#include "base/err.h"
#include "base/slice.h"
#include "crypto/secret.h"
#include "seal/manifest.h"
#include "seal/policy.h"
#include "seal/share.h"

/* Takes all bytes, or fails and is not called again. */
struct pv_seal_sink {
	struct pv_status (*put)(void *ctx, struct pv_slice bytes, struct pv_err *e);
	void *ctx;
};

/* Gives up to room bytes and says how many; 0 is the end. */
struct pv_seal_source {
	struct pv_status (*pull)(void *ctx, char *into, size_t room, size_t *got, struct pv_err *e);
	void *ctx;
};

/* Gives all n bytes at an offset, or fails; never asked beyond size. */
struct pv_seal_file {
	struct pv_status (*read_at)(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e);
	void *ctx;
	uint64_t size;
};
/* A file in memory; *bytes is borrowed. */
struct pv_seal_file pv_seal_file_of(struct pv_slice *bytes);
/* A sink that appends to a buffer, and a source that reads *rest and moves it on. */
struct pv_seal_sink pv_seal_sink_of(struct pv_buf *out);
struct pv_seal_source pv_seal_source_of(struct pv_slice *rest);

/* Of the plaintext. */
struct pv_seal_content {
	uint8_t sha256[32];
	uint64_t size;
};

/* ---- sealing ---- */

struct pv_seal;

/* segment_size: PV_SEGMENT_MIN to PV_SEGMENT_MAX, 0 for PV_SEGMENT_DEFAULT. env is borrowed until pv_seal_free. */
PV_RESULT pv_seal_new(struct pv_seal **out, struct pv_seal_sink sink, uint32_t segment_size,
    const struct pv_env *env, struct pv_err *e);
/* Before anything is written: PV_TDF_HEX for readers older than TDF 4.3; else PV_TDF_RAW. */
void pv_seal_as(struct pv_seal *s, enum pv_tdf_form form);
void pv_seal_free(struct pv_seal *s);
void pv_seal_freep(struct pv_seal **s);
/* Step one, once: seals all that source gives. LIMIT beyond PV_MANIFEST_SEGMENTS_MAX segments or what a manifest holds. */
PV_RESULT pv_seal_write(
    struct pv_seal *s, struct pv_seal_source source, struct pv_seal_content *out, struct pv_err *e);

struct pv_seal_done {
	uint64_t size;  /* of the sealed file */
	uint8_t id[32]; /* as pv_sealed_id */
};
/*
 * Step two, once. An empty policy->uuid is filled with a random one. All n KASes
 * are needed to open (each gets a share); n is 1 to PV_MANIFEST_KEYS_MAX.
 */
PV_RESULT pv_seal_finish(struct pv_seal *s, const struct pv_policy *policy,
    const struct pv_kas_pub *kas, size_t n, struct pv_seal_done *out, struct pv_err *e);

/* ---- opening ---- */

struct pv_sealed;

/* Reads container, manifest and policy. file and its functions are borrowed until pv_sealed_free. */
PV_RESULT pv_sealed_open(struct pv_sealed **out, struct pv_seal_file file, struct pv_err *e);
void pv_sealed_free(struct pv_sealed *f);
void pv_sealed_freep(struct pv_sealed **f);
/* Both owned by f. Claims, until unlocked; what our policy claims is true when it matches the signed label. */
const struct pv_manifest *pv_sealed_manifest(const struct pv_sealed *f);
const struct pv_policy *pv_sealed_policy(const struct pv_sealed *f);
/*
 * SHA-256 of the manifest: names the file without reading all of it. An index,
 * not a proof: who has the payload key can make a second payload under it.
 */
const uint8_t *pv_sealed_id(const struct pv_sealed *f);
/* One share for each access object, in their order. UNTRUSTED when a binding or the root signature does not hold. */
PV_RESULT pv_sealed_unlock(
    struct pv_sealed *f, const struct pv_secret *const *shares, size_t n, struct pv_err *e);
/* Reads all, writes nothing. out may be NULL: then without the digest, and faster. BUG before unlock. */
PV_RESULT pv_sealed_verify(struct pv_sealed *f, struct pv_seal_content *out, struct pv_err *e);
/*
 * Writes the plaintext. A failure may come after some segments have left: each
 * was verified and in its place, but the whole was not. Who must not write
 * anything of a broken file calls pv_sealed_verify before.
 */
PV_RESULT pv_sealed_extract(
    struct pv_sealed *f, struct pv_seal_sink sink, struct pv_seal_content *out, struct pv_err *e);
/*
 * The same piece by piece, at the caller's pace: plaintext from offset to the end of its segment (one at most lies open
 * in memory), nothing at the end. Borrowed until the next call.
 */
PV_RESULT pv_sealed_read(
    struct pv_sealed *f, uint64_t offset, struct pv_slice *plain, struct pv_err *e);

#endif
