/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP signed-note v1.0.0 and tlog-cosignature v1.0.1. Stricter than the text in one thing: base64 has one spelling
 * (codec/base64.h), so that two notes that say the same are the same bytes and merging finds duplicates.
 */
#include "crypto/note.h"

#include "base/mem.h"
#include "base/vec.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/utf8.h"
#include "crypto/hash.h"

#define DASH     "\xe2\x80\x94 " /* em dash and a blank begin a signature line */
#define VKEY_MAX 8192

/* ---- names and keys ---- */

/* Unicode White_Space beyond ASCII, as its first character in UTF-8 has it. */
static bool
is_wide_space(struct pv_slice c)
{
	static const struct pv_slice spaces[] = {
		PV_SLICE("\xc2\x85"), PV_SLICE("\xc2\xa0"),
		PV_SLICE("\xe1\x9a\x80"), /* U+0085, 00A0, 1680 */
		PV_SLICE("\xe2\x80\xa8"), PV_SLICE("\xe2\x80\xa9"),
		PV_SLICE("\xe2\x80\xaf"),                           /* 2028, 2029, 202F */
		PV_SLICE("\xe2\x81\x9f"), PV_SLICE("\xe3\x80\x80"), /* 205F, 3000 */
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (pv_slice_eq(c, spaces[i]))
			return true;
	}
	/* U+2000 to U+200A */
	return c.n == 3 && memcmp(c.p, "\xe2\x80", 2) == 0 && (uint8_t)c.p[2] >= 0x80 &&
	       (uint8_t)c.p[2] <= 0x8a;
}

bool
pv_vkey_name_ok(struct pv_slice name)
{
	if (name.n == 0)
		return false;
	for (size_t i = 0, step; i < name.n; i += step) {
		struct pv_slice rest = pv_slice_sub(name, i, name.n);

		step = pv_utf8_step(rest);
		if (step == 0 || (uint8_t)name.p[i] <= ' ' || name.p[i] == '+' ||
		    is_wide_space(pv_slice_sub(rest, 0, step)))
			return false;
	}
	return true;
}

static uint32_t
read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
write_u32(uint8_t out[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

struct pv_vkey
pv_vkey_make(struct pv_slice name, enum pv_vkey_kind kind, const uint8_t pub[PV_SIGN_PUB])
{
	PV_AUTO(pv_hasher_freep) struct pv_hasher *h = pv_hasher_new();
	const uint8_t type[2] = { '\n', (uint8_t)kind };
	uint8_t digest[PV_HASH];
	struct pv_vkey k = { .name = name, .kind = kind };

	memcpy(k.pub, pub, PV_SIGN_PUB);
	pv_hasher_add(h, name);
	pv_hasher_add(h, pv_slice_mem(type, sizeof(type)));
	pv_hasher_add(h, pv_slice_mem(pub, PV_SIGN_PUB));
	pv_hasher_end(h, digest);
	k.id = read_u32(digest);
	return k;
}

bool
pv_vkey_eq(const struct pv_vkey *a, const struct pv_vkey *b)
{
	return a->id == b->id && a->kind == b->kind && pv_slice_eq(a->name, b->name) &&
	       memcmp(a->pub, b->pub, PV_SIGN_PUB) == 0;
}

void
pv_vkey_write(struct pv_buf *out, const struct pv_vkey *k)
{
	uint8_t key[1 + PV_SIGN_PUB] = { (uint8_t)k->kind };

	memcpy(key + 1, k->pub, PV_SIGN_PUB);
	pv_buf_add(out, k->name);
	pv_buf_addf(out, "+%08x+", k->id);
	pv_base64_write(out, pv_slice_mem(key, sizeof(key)), PV_BASE64);
}

/* Fills in k from name, id and the bytes that the key text decodes to: a type byte and the key. */
static PV_RESULT
take_key(struct pv_vkey *k, struct pv_slice key, struct pv_err *e)
{
	uint32_t id = k->id;

	if (key.p[0] != PV_VKEY_ED25519 && key.p[0] != PV_VKEY_COSIGNER)
		return PV_DONE; /* PV_VKEY_OTHER */
	if (key.n != 1 + PV_SIGN_PUB)
		return PV_FAIL(e, PV_E_INPUT, "verifier key \"%.*s\" has %zu bytes, not 32",
		    PV_FMT(k->name), key.n - 1);
	*k = pv_vkey_make(k->name, key.p[0] == PV_VKEY_ED25519 ? PV_VKEY_ED25519 : PV_VKEY_COSIGNER,
	    (const uint8_t *)key.p + 1);
	if (k->id != id)
		return PV_FAIL(e, PV_E_INPUT,
		    "verifier key \"%.*s\" does not fit its id: it says %08x, the key gives %08x",
		    PV_FMT(k->name), id, k->id);
	if (!pv_sign_pub_ok(k->pub))
		return PV_FAIL(e, PV_E_INPUT, "verifier key \"%.*s\" would fit every message",
		    PV_FMT(k->name));
	return PV_DONE;
}

struct pv_status
pv_vkey_read_any(struct pv_vkey *out, struct pv_slice text, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf key = { 0 };
	struct pv_vkey k = { .kind = PV_VKEY_OTHER };
	struct pv_slice rest = text, id;
	uint8_t digits[4];

	if (text.n > VKEY_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a verifier key of %zu characters", text.n);
	if (!pv_slice_next(&rest, '+', &k.name) || !pv_vkey_name_ok(k.name) ||
	    !pv_slice_next(&rest, '+', &id) || !pv_hex_read_n(digits, sizeof(digits), id) ||
	    !pv_base64_read(&key, rest, PV_BASE64) || key.n < 2)
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no verifier key (NAME+ID+KEY)",
		    (int)(text.n < 100 ? text.n : 100), text.n > 0 ? text.p : "");
	k.id = read_u32(digits);
	PV_TRY(take_key(&k, pv_buf_slice(&key), e));
	*out = k;
	return PV_DONE;
}

struct pv_status
pv_vkey_read(struct pv_vkey *out, struct pv_slice text, struct pv_err *e)
{
	struct pv_vkey k;

	PV_TRY(pv_vkey_read_any(&k, text, e));
	if (k.kind == PV_VKEY_OTHER)
		return PV_FAIL(
		    e, PV_E_INPUT, "verifier key \"%.*s\" is not of Ed25519", PV_FMT(k.name));
	*out = k;
	return PV_DONE;
}

/* ---- reading ---- */

static PV_RESULT
check_characters(struct pv_slice s, struct pv_err *e)
{
	if (pv_utf8_valid(s) != s.n)
		return PV_FAIL(e, PV_E_INPUT, "the note is not UTF-8");
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] < ' ' && s.p[i] != '\n')
			return PV_FAIL(e, PV_E_INPUT, "the note has a control character, 0x%02x",
			    (unsigned)s.p[i]);
	}
	return PV_DONE;
}

/* The last empty line: text is what is before it, lines what is after. */
static bool
split(struct pv_slice bytes, struct pv_slice *text, struct pv_slice *lines)
{
	for (size_t i = bytes.n; i-- > 1;) {
		if (bytes.p[i] != '\n' || bytes.p[i - 1] != '\n')
			continue;
		*text = pv_slice_sub(bytes, 0, i);
		*lines = pv_slice_sub(bytes, i + 1, bytes.n);
		return true;
	}
	return false;
}

static size_t
count_lines(struct pv_slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static bool
read_sig(struct pv_note_sig *out, struct pv_slice line, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	struct pv_slice rest = line;

	out->line = (struct pv_slice){ line.p, line.n + 1 };
	if (!pv_slice_starts(line, PV_SLICE(DASH)))
		return false;
	rest = pv_slice_sub(line, sizeof(DASH) - 1, line.n);
	if (!pv_slice_next(&rest, ' ', &out->name) || !pv_vkey_name_ok(out->name) ||
	    !pv_base64_read(&raw, rest, PV_BASE64) || raw.n < 5)
		return false;
	out->id = read_u32((const uint8_t *)raw.p);
	out->sig = pv_arena_copy(a, pv_slice_sub(pv_buf_slice(&raw), 4, raw.n));
	return true;
}

struct pv_status
pv_note_read(struct pv_note *out, struct pv_slice bytes, struct pv_arena *a, struct pv_err *e)
{
	struct pv_note n = { 0 };
	struct pv_slice lines, line;
	struct pv_note_sig *sigs;
	size_t count;

	if (bytes.n > PV_NOTE_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "a note of %zu bytes, %u are the most", bytes.n, PV_NOTE_MAX);
	PV_TRY(check_characters(bytes, e));
	if (!split(bytes, &n.text, &lines) || lines.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "no signed note: no signature after an empty line");
	if (lines.p[lines.n - 1] != '\n')
		return PV_FAIL(e, PV_E_INPUT, "the note is cut off in a signature line");
	count = count_lines(lines);
	if (count > PV_NOTE_SIGS)
		return PV_FAIL(e, PV_E_LIMIT, "a note with %zu signatures, %u are the most", count,
		    PV_NOTE_SIGS);
	sigs = pv_arena_alloc_n(a, count, sizeof(*sigs));
	lines.n--; /* the last line end begins no other line */
	while (pv_slice_next(&lines, '\n', &line)) {
		if (!read_sig(&sigs[n.sig_count++], line, a))
			return PV_FAIL(e, PV_E_INPUT,
			    "line %zu after the note's text is no signature", n.sig_count);
	}
	n.sigs = sigs;
	*out = n;
	return PV_DONE;
}

struct pv_status
pv_note_read_one(
    struct pv_note *out, struct pv_slice bytes, size_t *used, struct pv_arena *a, struct pv_err *e)
{
	static const char mark[] = "\n\n" DASH;
	struct pv_slice in = pv_slice_sub(bytes, 0, PV_NOTE_MAX);
	const char *at = in.n > 0 ? memmem(in.p, in.n, mark, sizeof(mark) - 1) : NULL, *lf;
	size_t end;

	if (at == NULL)
		return PV_FAIL(e, PV_E_INPUT, "no signed note: no signature after an empty line");
	end = (size_t)(at - in.p) + 2;
	while (pv_slice_starts(pv_slice_sub(in, end, in.n), PV_SLICE(DASH))) {
		lf = memchr(in.p + end, '\n', in.n - end);
		if (lf == NULL)
			return PV_FAIL(e, PV_E_INPUT, "the note is cut off in a signature line");
		end = (size_t)(lf - in.p) + 1;
	}
	PV_TRY(pv_note_read(out, pv_slice_sub(in, 0, end), a, e));
	*used = end;
	return PV_DONE;
}

/* ---- verifying ---- */

void
pv_cosig_message(struct pv_buf *out, struct pv_slice text, uint64_t time_s)
{
	pv_buf_addf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
	pv_buf_add(out, text);
}

void
pv_cosig_pack(uint8_t out[PV_COSIG], uint64_t time_s, const uint8_t sig[PV_SIGN_SIG])
{
	write_u32(out, (uint32_t)(time_s >> 32));
	write_u32(out + 4, (uint32_t)time_s);
	memcpy(out + 8, sig, PV_SIGN_SIG);
}

/* time 0 for a signature of the text itself */
static bool
verify_sig(const struct pv_vkey *k, struct pv_slice text, struct pv_slice sig, uint64_t *time_s)
{
	PV_AUTO(pv_buf_free) struct pv_buf message = { 0 };
	const uint8_t *p = (const uint8_t *)sig.p;

	*time_s = 0;
	switch (k->kind) {
	case PV_VKEY_ED25519:
		return pv_sign_verify(k->pub, text, sig);
	case PV_VKEY_COSIGNER:
		if (sig.n != PV_COSIG)
			return false;
		*time_s = (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
		if (*time_s > INT64_MAX)
			return false;
		pv_cosig_message(&message, text, *time_s);
		return pv_sign_verify(k->pub, pv_buf_slice(&message), pv_slice_sub(sig, 8, sig.n));
	case PV_VKEY_OTHER:
		return false;
	}
	return false;
}

struct pv_status
pv_note_verify(const struct pv_note *n, const struct pv_vkey *keys, struct pv_note_check *checks,
    size_t key_count, struct pv_err *e)
{
	bool any = false;
	uint64_t time_s;

	for (size_t k = 0; k < key_count; k++)
		checks[k] = (struct pv_note_check){ 0 };
	for (size_t s = 0; s < n->sig_count; s++) {
		for (size_t k = 0; k < key_count; k++) {
			if (keys[k].kind == PV_VKEY_OTHER || keys[k].id != n->sigs[s].id ||
			    !pv_slice_eq(keys[k].name, n->sigs[s].name))
				continue;
			if (!verify_sig(&keys[k], n->text, n->sigs[s].sig, &time_s))
				return PV_FAIL(e, PV_E_UNTRUSTED,
				    "the signature of \"%.*s\" is wrong", PV_FMT(keys[k].name));
			checks[k].good = any = true;
			if (time_s > checks[k].time)
				checks[k].time = time_s;
		}
	}
	if (!any)
		return PV_FAIL(e, PV_E_UNTRUSTED, "no signature of a known key");
	return PV_DONE;
}

/* ---- making ---- */

struct pv_status
pv_note_begin(struct pv_buf *note, struct pv_slice text, struct pv_err *e)
{
	if (text.n > PV_NOTE_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "a note of %zu bytes, %u are the most", text.n, PV_NOTE_MAX);
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return PV_FAIL(e, PV_E_INPUT, "the text of the note does not end its last line");
	PV_TRY(check_characters(text, e));
	pv_buf_add(note, text);
	pv_buf_add_c(note, '\n');
	return PV_DONE;
}

/* Does the line carry this name and this id? */
static bool
line_is_of(struct pv_slice line, const struct pv_vkey *key)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_note_sig s;

	return read_sig(&s, line, a) && s.id == key->id && pv_slice_eq(s.name, key->name);
}

/* Takes the line [at, at + n) out of b. */
static void
cut_out(struct pv_buf *b, size_t at, size_t n)
{
	memmove(b->p + at, b->p + at + n, b->n - at - n);
	b->n -= n;
}

/*
 * Makes room for line: takes out what it replaces. A second signature of an ordinary key is the same bytes, a second
 * cosignature has a newer time. False when the very line is there.
 */
static bool
make_room(struct pv_buf *note, size_t lines_at, const struct pv_vkey *key, struct pv_slice line)
{
	struct pv_slice rest = pv_slice_sub(pv_buf_slice(note), lines_at, note->n), one;

	while (pv_slice_next(&rest, '\n', &one)) {
		if (pv_slice_eq(one, line))
			return false;
		if (key->kind == PV_VKEY_COSIGNER && line_is_of(one, key)) {
			cut_out(note, (size_t)(one.p - note->p), one.n + 1);
			return true;
		}
	}
	return true;
}

struct pv_status
pv_note_add(struct pv_buf *note, const struct pv_vkey *key, struct pv_slice sig, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_slice text, lines;
	uint8_t id[4];

	if (!pv_vkey_name_ok(key->name))
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no name of a key", PV_FMT(key->name));
	if (!split(pv_buf_slice(note), &text, &lines))
		return PV_FAIL(e, PV_E_INPUT, "no note to sign");
	write_u32(id, key->id);
	pv_buf_add_mem(&raw, id, sizeof(id));
	pv_buf_add(&raw, sig);
	pv_buf_add_str(&line, DASH);
	pv_buf_add(&line, key->name);
	pv_buf_add_c(&line, ' ');
	pv_base64_write(&line, pv_buf_slice(&raw), PV_BASE64);
	if (count_lines(lines) >= PV_NOTE_SIGS)
		return PV_FAIL(e, PV_E_LIMIT, "a note with more than %d signatures", PV_NOTE_SIGS);
	if (!make_room(note, (size_t)(lines.p - note->p), key, pv_buf_slice(&line)))
		return PV_DONE;
	pv_buf_add(note, pv_buf_slice(&line));
	pv_buf_add_c(note, '\n');
	return PV_DONE;
}

struct pv_status
pv_note_sign(
    struct pv_buf *note, struct pv_slice name, const struct pv_pair *pair, struct pv_err *e)
{
	struct pv_vkey key = pv_vkey_make(name, PV_VKEY_ED25519, pv_pair_pub(pair));
	struct pv_slice text, lines;
	uint8_t sig[PV_SIGN_SIG];

	if (!split(pv_buf_slice(note), &text, &lines))
		return PV_FAIL(e, PV_E_INPUT, "no note to sign");
	pv_pair_sign(pair, text, sig);
	return pv_note_add(note, &key, pv_slice_mem(sig, sizeof(sig)), e);
}

struct pv_status
pv_note_cosign(struct pv_buf *note, struct pv_slice name, const struct pv_pair *pair,
    uint64_t time_s, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf message = { 0 };
	struct pv_vkey key = pv_vkey_make(name, PV_VKEY_COSIGNER, pv_pair_pub(pair));
	struct pv_slice text, lines;
	uint8_t sig[PV_SIGN_SIG], packed[PV_COSIG];

	if (!split(pv_buf_slice(note), &text, &lines))
		return PV_FAIL(e, PV_E_INPUT, "no note to sign");
	if (time_s > INT64_MAX)
		return PV_FAIL(e, PV_E_BUG, "a time beyond 2^63");
	pv_cosig_message(&message, text, time_s);
	pv_pair_sign(pair, pv_buf_slice(&message), sig);
	pv_cosig_pack(packed, time_s, sig);
	return pv_note_add(note, &key, pv_slice_mem(packed, sizeof(packed)), e);
}

static bool
has_line(const struct pv_note *n, size_t count, struct pv_slice line)
{
	for (size_t i = 0; i < count; i++) {
		if (pv_slice_eq(n->sigs[i].line, line))
			return true;
	}
	return false;
}

struct pv_status
pv_note_merge(struct pv_buf *out, struct pv_slice a, struct pv_slice b, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *arena = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf lines = { 0 };
	struct pv_note na, nb;
	size_t count = 0;

	PV_TRY(pv_note_read(&na, a, arena, e));
	PV_TRY(pv_note_read(&nb, b, arena, e));
	if (!pv_slice_eq(na.text, nb.text))
		return PV_FAIL(e, PV_E_INPUT, "the notes have different texts");
	for (size_t i = 0; i < na.sig_count; i++) {
		if (has_line(&na, i, na.sigs[i].line))
			continue;
		pv_buf_add(&lines, na.sigs[i].line);
		count++;
	}
	for (size_t i = 0; i < nb.sig_count; i++) {
		if (has_line(&na, na.sig_count, nb.sigs[i].line) ||
		    has_line(&nb, i, nb.sigs[i].line))
			continue;
		pv_buf_add(&lines, nb.sigs[i].line);
		count++;
	}
	if (count > PV_NOTE_SIGS)
		return PV_FAIL(
		    e, PV_E_LIMIT, "%zu signatures together, %u are the most", count, PV_NOTE_SIGS);
	pv_buf_add(out, na.text);
	pv_buf_add_c(out, '\n');
	pv_buf_add(out, pv_buf_slice(&lines));
	return PV_DONE;
}
