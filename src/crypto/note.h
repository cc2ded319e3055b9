/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note) and timestamped cosignatures (C2SP tlog-cosignature, cosignature/v1).
 *
 * A note is text that ends in a line feed, an empty line, and signature lines. The text may itself hold empty
 * lines: the last one splits. What is signed is the text with its last line feed.
 *
 * Notes are kept as bytes; struct pv_note is a view of them. To make one:
 *
 *	pv_note_begin(&buf, text, e); pv_note_sign(&buf, name, pair, e); pv_note_sign(&buf, other, ...);
 *
 * or, when the key is elsewhere (an ssh-agent): sign the text's bytes there, then pv_note_add().
 */
#ifndef PV_CRYPTO_NOTE_H
#define PV_CRYPTO_NOTE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/sign.h"

#define PV_NOTE_MAX  (1u << 20) /* bytes of a note */
#define PV_NOTE_SIGS 128        /* signature lines, more are refused */

/* ---- verifier keys: NAME+8 hex digits+base64(type || key) ---- */

enum pv_vkey_kind {
	PV_VKEY_OTHER = 0, /* a type that is not ours: it never verifies */
	PV_VKEY_ED25519 = 0x01,
	PV_VKEY_COSIGNER = 0x04, /* Ed25519, signs cosignature/v1 messages */
};

struct pv_vkey {
	struct pv_slice name; /* borrowed from what it was read from, or made of */
	uint32_t id;
	enum pv_vkey_kind kind;
	uint8_t pub[PV_SIGN_PUB];
};

/* Refuses a wrong id, other types, a key of small order. */
PV_RESULT pv_vkey_read(struct pv_vkey *out, struct pv_slice text, struct pv_err *e);
/* The same, but a key of another type (ML-DSA, ECDSA) comes back as PV_VKEY_OTHER. */
PV_RESULT pv_vkey_read_any(struct pv_vkey *out, struct pv_slice text, struct pv_err *e);
void pv_vkey_write(struct pv_buf *out, const struct pv_vkey *k);
/* Works out the id. name: not empty, no blanks, no plus sign, no control characters, UTF-8 (pv_vkey_name_ok). */
struct pv_vkey pv_vkey_make(
    struct pv_slice name, enum pv_vkey_kind kind, const uint8_t pub[PV_SIGN_PUB]);
bool pv_vkey_name_ok(struct pv_slice name);
bool pv_vkey_eq(const struct pv_vkey *a, const struct pv_vkey *b); /* name, id, kind, key */

/* ---- reading ---- */

struct pv_note_sig {
	struct pv_slice name;
	uint32_t id;
	struct pv_slice sig;  /* decoded, without the key id */
	struct pv_slice line; /* as it came, with its line feed */
};

struct pv_note {
	struct pv_slice
	    text; /* with its last line feed; borrowed from the bytes, like name and line */
	const struct pv_note_sig *sigs; /* in the arena */
	size_t sig_count;               /* at least 1 */
};

/* Strict. bytes must outlive the note. */
PV_RESULT pv_note_read(
    struct pv_note *out, struct pv_slice bytes, struct pv_arena *a, struct pv_err *e);
/*
 * Begins a stream: reads the note that bytes begin with and says how long it is. Another note or a line of
 * JSON may follow; a note ends where its run of signature lines ends.
 */
PV_RESULT pv_note_read_one(
    struct pv_note *out, struct pv_slice bytes, size_t *used, struct pv_arena *a, struct pv_err *e);

struct pv_note_check {
	bool good;     /* this key signed the note */
	uint64_t time; /* of a cosignature, the newest when there are several; else 0 */
};
/*
 * Says of each key whether it signed (checks[i] for keys[i]). Lines of unknown keys are passed over. UNTRUSTED
 * when a known key's signature is wrong, even beside good ones, or when no known key signed.
 */
PV_RESULT pv_note_verify(const struct pv_note *n, const struct pv_vkey *keys,
    struct pv_note_check *checks, size_t key_count, struct pv_err *e);

/* ---- making ---- */

/* Appends text and the empty line. Refuses text that is no UTF-8, has control characters, or lacks the last LF. */
PV_RESULT pv_note_begin(struct pv_buf *note, struct pv_slice text, struct pv_err *e);
/*
 * Add a signature line to a note that stands alone in the buffer. The same line twice stands once; the cosignature of
 * a key replaces its older one.
 */
PV_RESULT pv_note_sign(
    struct pv_buf *note, struct pv_slice name, const struct pv_pair *pair, struct pv_err *e);
PV_RESULT pv_note_cosign(struct pv_buf *note, struct pv_slice name, const struct pv_pair *pair,
    uint64_t time_s, struct pv_err *e);
/* sig is what follows the key id: 64 bytes of Ed25519, or time and signature of a cosignature (pv_cosig_pack). */
PV_RESULT pv_note_add(
    struct pv_buf *note, const struct pv_vkey *key, struct pv_slice sig, struct pv_err *e);

/* Appends one note with the signature lines of both, in order of arrival, each once. Their texts must be the same. */
PV_RESULT pv_note_merge(struct pv_buf *out, struct pv_slice a, struct pv_slice b, struct pv_err *e);

/* ---- cosignature/v1, when the key is elsewhere ---- */

#define PV_COSIG 72 /* u64 time || Ed25519 */
void pv_cosig_message(
    struct pv_buf *out, struct pv_slice text, uint64_t time_s); /* what is signed */
void pv_cosig_pack(uint8_t out[PV_COSIG], uint64_t time_s, const uint8_t sig[PV_SIGN_SIG]);

#endif
