/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 0.manifest.json of an OpenTDF file: how the payload is cut, what holds it
 * together, and whose key opens it. Reads TDF 4.3.0 (raw hashes) and 4.2.2 (hex);
 * writes 4.3.0.
 *
 * Nothing in a manifest is true because it is written there. The reader checks
 * what can be checked without a key; seal.h checks the rest with it. Members it
 * does not know are tolerated and never looked at.
 */
#ifndef PV_SEAL_MANIFEST_H
#define PV_SEAL_MANIFEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Bytes; what the SDKs read too. */
#define PV_MANIFEST_MAX (10 * 1024 * 1024)
/* JSON values: bounds the memory a small text can ask for. Segments of 45 bytes with two values fill a manifest. */
#define PV_MANIFEST_VALUES_MAX   (640 * 1024)
#define PV_MANIFEST_SEGMENTS_MAX (256 * 1024)
/* What we write: these fit into PV_MANIFEST_MAX with room for the rest. */
#define PV_MANIFEST_SEGMENTS_OUT 110000
#define PV_MANIFEST_KEYS_MAX     16

#define PV_SEGMENT_MIN     (16 * 1024) /* what we write; the SDKs' writers have the same bounds */
#define PV_SEGMENT_MAX     (4 * 1024 * 1024)
#define PV_SEGMENT_DEFAULT (1024 * 1024)
#define PV_SEGMENT_EXTRA   28 /* IV 12, tag 16 */

enum pv_tdf_form {
	PV_TDF_NONE = 0,
	PV_TDF_RAW /* 4.3.0 */,
	PV_TDF_HEX /* 4.2.2: no schemaVersion */
};
enum pv_segment_alg { PV_SEGMENT_NONE = 0, PV_SEGMENT_GMAC, PV_SEGMENT_HS256 };
enum pv_access_type {
	PV_ACCESS_NONE = 0,
	PV_ACCESS_RSA /* wrapped */,
	PV_ACCESS_EC /* ec-wrapped */
};

/* The words of the manifest, and back; NONE for any other word. */
const char *pv_access_type_name(enum pv_access_type type);
enum pv_access_type pv_access_type_of(struct pv_slice name);

/*
 * A key access object: one share of the payload key, wrapped to one KAS key.
 * All shares are needed (XOR). Texts stand as in the manifest, so that the same
 * struct serves a rewrap request.
 */
struct pv_access {
	enum pv_access_type type;
	struct pv_slice url;       /* of the KAS */
	struct pv_slice kid;       /* may be empty */
	struct pv_slice sid;       /* empty when there is one share */
	struct pv_slice wrapped;   /* base64 */
	struct pv_slice ephemeral; /* PEM, for EC */
	struct pv_slice
	    binding; /* base64 of hex or raw HMAC-SHA256(share, base64 text of the policy) */
};

/* False when it is neither form. */
bool pv_access_binding(const struct pv_access *access, uint8_t out[32]);

struct pv_segment {
	uint32_t size;    /* of plaintext; sealed it is PV_SEGMENT_EXTRA more */
	uint8_t hash[32]; /* GMAC: the tag, 16 bytes */
};

struct pv_manifest {
	enum pv_tdf_form form;
	enum pv_segment_alg segment_alg;
	uint32_t segment_size; /* default, of plaintext */
	const struct pv_segment *segments;
	size_t segment_count;
	uint64_t plain_bytes, sealed_bytes; /* sums over the segments; for the writer: ignored */
	uint8_t root[32];                   /* HMAC-SHA256(payload key, all segment hashes) */
	struct pv_slice policy;             /* base64 text */
	const struct pv_access *access;
	size_t access_count;
	struct pv_slice media_type; /* as a foreign file says; ours leave it to the label */
};

/* What out holds is in a. */
PV_RESULT pv_manifest_read(
    struct pv_manifest *out, struct pv_slice text, struct pv_arena *a, struct pv_err *e);
/* Appends the text in m's form (RAW when it has none), hashes GMAC. LIMIT when it would grow past what readers take. */
PV_RESULT pv_manifest_write(const struct pv_manifest *m, struct pv_buf *out, struct pv_err *e);
/*
 * UNTRUSTED unless text is to the byte what pv_seal_finish would have made of m:
 * a file of ours has one text in either form, and no member that nothing vouches for.
 */
PV_RESULT pv_manifest_exact(const struct pv_manifest *m, struct pv_slice text, struct pv_err *e);

/* Adds a segment's hash to the root signature's MAC: the bytes, or in the old form their hex digits. */
struct pv_hmacer;
void pv_manifest_root_add(struct pv_hmacer *h, enum pv_tdf_form form, struct pv_slice hash);

#endif
