/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of others, built here by hand in the forms that SDKs write, and what an
 * attacker who understands the format would do to them: container and sums are
 * made right again after each change, so that the lock itself is tried.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/zip.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "seal/seal.h"
#include "tap.h"

#define SEGMENT 1000 /* a foreign writer's choice */
#define PIECES  4

struct piece {
	size_t size;
	struct pv_buf sealed;
	char hash[96]; /* as the manifest has it */
};

struct forged {
	enum pv_tdf_form form;
	enum pv_segment_alg alg;
	bool no_sizes; /* leaves out sizes equal to the default's */
	bool manifest_first;
	struct pv_secret *key;
	struct pv_aead *aead;
	struct piece pieces[PIECES + 1];
	size_t n;
	char policy[400], root[96];
	struct pv_access access;
	struct pv_arena *a;
};

static struct pv_env env;
static struct pv_wrap_key *kas_key;

/* ---- making a file ---- */

static void
to_base64(char *out, size_t room, struct pv_slice bytes, bool hex)
{
	PV_AUTO(pv_buf_free) struct pv_buf digits = { 0 }, text = { 0 };

	if (hex) {
		pv_hex_write(&digits, bytes);
		bytes = pv_buf_slice(&digits);
	}
	pv_base64_write(&text, bytes, PV_BASE64);
	snprintf(out, room, "%s", pv_buf_str(&text));
}

static void
hash_piece(struct forged *f, struct piece *p)
{
	struct pv_slice sealed = pv_buf_slice(&p->sealed), hash = pv_aead_tag(sealed);
	uint8_t mac[PV_HASH];

	if (f->alg == PV_SEGMENT_HS256) {
		pv_hmac(pv_secret_slice(f->key), sealed, mac);
		hash = pv_slice_mem(mac, sizeof(mac));
	}
	to_base64(p->hash, sizeof(p->hash), hash, f->form == PV_TDF_HEX);
}

static void
sign_root(struct forged *f)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };
	uint8_t mac[PV_HASH];

	for (size_t i = 0; i < f->n; i++)
		if (!pv_base64_read(&all, pv_slice_of(f->pieces[i].hash), PV_BASE64))
			abort();
	pv_hmac(pv_secret_slice(f->key), pv_buf_slice(&all), mac);
	to_base64(f->root, sizeof(f->root), pv_slice_mem(mac, sizeof(mac)), f->form == PV_TDF_HEX);
}

static void
seal_piece(struct forged *f, struct piece *p, char c, size_t n)
{
	char plain[SEGMENT];

	memset(plain, c, n);
	p->size = n;
	pv_aead_seal_fresh(f->aead, &env, PV_NO_SLICE, pv_slice_mem(plain, n),
	    (uint8_t *)pv_buf_room(&p->sealed, n + PV_AEAD_OVER));
	p->sealed.n = n + PV_AEAD_OVER;
	hash_piece(f, p);
}

static void
bind_policy(struct forged *f, const char *json)
{
	struct pv_kas_pub kas = { .url = PV_SLICE("https://a/kas"),
		.key = pv_wrap_key_pub(kas_key) };
	struct pv_err e = { 0 };

	to_base64(f->policy, sizeof(f->policy), pv_slice_of(json), false);
	if (!pv_ok(pv_share_wrap(&f->access, f->key, &kas, pv_slice_of(f->policy), &env, f->a, &e)))
		abort();
}

static void
forge(struct forged *f)
{
	f->a = pv_arena_new();
	f->key = pv_secret_random(&env, PV_SHARE);
	f->aead = pv_aead_new(f->key);
	for (f->n = 0; f->n < PIECES; f->n++)
		seal_piece(
		    f, &f->pieces[f->n], (char)('a' + f->n), f->n + 1 < PIECES ? SEGMENT : 10);
	sign_root(f);
	bind_policy(f, "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[],\"dissem\":[]}}");
}

static void
forget(struct forged *f)
{
	for (size_t i = 0; i < PIECES + 1; i++)
		pv_buf_free(&f->pieces[i].sealed);
	pv_aead_free(f->aead);
	pv_secret_free(f->key);
	pv_arena_free(f->a);
}

static void
write_segments(struct pv_jsonw *w, const struct forged *f)
{
	pv_jsonw_array(w, "segments");
	for (size_t i = 0; i < f->n; i++) {
		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "hash", pv_slice_of(f->pieces[i].hash));
		if (!f->no_sizes || f->pieces[i].size != SEGMENT) {
			pv_jsonw_u64(w, "segmentSize", f->pieces[i].size);
			pv_jsonw_u64(
			    w, "encryptedSegmentSize", f->pieces[i].size + PV_SEGMENT_EXTRA);
		}
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

static void
write_manifest(struct pv_jsonw *w, const struct forged *f)
{
	static const char payload[] = "{\"type\":\"reference\",\"url\":\"0.payload\",\"protocol\":"
				      "\"zip\",\"isEncrypted\":true,\"mimeType\":\"text/plain\"}";

	pv_jsonw_object(w, NULL);
	pv_jsonw_raw(w, "payload", PV_SLICE(payload));
	if (f->form == PV_TDF_RAW)
		pv_jsonw_str(w, "schemaVersion", PV_SLICE("4.3.0"));
	pv_jsonw_object(w, "encryptionInformation");
	pv_jsonw_str(w, "type", PV_SLICE("split"));
	pv_jsonw_raw(
	    w, "method", PV_SLICE("{\"algorithm\":\"AES-256-GCM\",\"isStreamable\":true}"));
	pv_jsonw_array(w, "keyAccess");
	pv_jsonw_object(w, NULL);
	pv_jsonw_str(w, "type", pv_slice_of(pv_access_type_name(f->access.type)));
	pv_jsonw_str(w, "url", f->access.url);
	pv_jsonw_str(w, "kid", f->access.kid);
	pv_jsonw_str(w, "protocol", PV_SLICE("kas"));
	pv_jsonw_str(w, "wrappedKey", f->access.wrapped);
	pv_jsonw_str(w, "ephemeralPublicKey", f->access.ephemeral);
	pv_jsonw_str(w, "policyBinding", f->access.binding);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
	pv_jsonw_str(w, "policy", pv_slice_of(f->policy));
	pv_jsonw_object(w, "integrityInformation");
	pv_jsonw_object(w, "rootSignature");
	pv_jsonw_str(w, "alg", PV_SLICE("HS256"));
	pv_jsonw_str(w, "sig", pv_slice_of(f->root));
	pv_jsonw_end(w);
	pv_jsonw_str(
	    w, "segmentHashAlg", f->alg == PV_SEGMENT_GMAC ? PV_SLICE("GMAC") : PV_SLICE("HS256"));
	pv_jsonw_u64(w, "segmentSizeDefault", SEGMENT);
	pv_jsonw_u64(w, "encryptedSegmentSizeDefault", SEGMENT + PV_SEGMENT_EXTRA);
	write_segments(w, f);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
	pv_jsonw_end(w);
}

static void
add_entry(struct pv_buf *out, struct pv_zip_writer *w, const char *name, struct pv_slice bytes)
{
	pv_zip_begin(w, pv_slice_of(name), out);
	pv_zip_add(w, bytes);
	pv_buf_add(out, bytes);
	pv_zip_end(w, out);
}

static void
render(struct pv_buf *out, const struct forged *f)
{
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *zip = pv_zip_writer_new();
	PV_AUTO(pv_buf_free) struct pv_buf payload = { 0 }, manifest = { 0 };
	struct pv_jsonw w = { .out = &manifest };

	write_manifest(&w, f);
	for (size_t i = 0; i < f->n; i++)
		pv_buf_add(&payload, pv_buf_slice(&f->pieces[i].sealed));
	if (f->manifest_first)
		add_entry(out, zip, "0.manifest.json", pv_buf_slice(&manifest));
	add_entry(out, zip, "0.payload", pv_buf_slice(&payload));
	if (!f->manifest_first)
		add_entry(out, zip, "0.manifest.json", pv_buf_slice(&manifest));
	pv_zip_finish(zip, out);
}

/* ---- opening it ---- */

static struct pv_status
open_it(struct pv_slice bytes, struct pv_buf *plain, struct pv_err *e)
{
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	struct pv_kas kas = { .url = PV_SLICE("https://a/kas"), .key = kas_key };
	const struct pv_manifest *m;
	const struct pv_secret *shares[1];

	PV_TRY(pv_sealed_open(&f, pv_seal_file_of(&bytes), e));
	m = pv_sealed_manifest(f);
	PV_TRY(pv_share_unwrap(&share, &kas, &m->access[0], m->policy, e));
	shares[0] = share;
	PV_TRY(pv_sealed_unlock(f, shares, m->access_count, e));
	PV_TRY(pv_sealed_verify(f, NULL, e));
	return pv_sealed_extract(f, pv_seal_sink_of(plain), NULL, e);
}

static bool
gives_all(const struct forged *f)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 }, plain = { 0 };
	struct pv_err e = { 0 };
	size_t at = 0;

	render(&bytes, f);
	if (!pv_ok(open_it(pv_buf_slice(&bytes), &plain, &e))) {
		tap_note("%s: %s", e.field, e.what);
		return false;
	}
	for (size_t i = 0; i < f->n; i++)
		for (size_t j = 0; j < f->pieces[i].size; j++, at++)
			if (at >= plain.n || plain.p[at] != (char)('a' + i))
				return false;
	return at == plain.n;
}

static const struct {
	const char *name;
	enum pv_tdf_form form;
	enum pv_segment_alg alg;
	bool no_sizes, manifest_first;
} forms[] = {
	{ "4.3.0 as Go writes it", PV_TDF_RAW, PV_SEGMENT_GMAC, false, false },
	{ "4.3.0 as JavaScript writes it, without default sizes", PV_TDF_RAW, PV_SEGMENT_GMAC, true,
	    false },
	{ "4.3.0 with HS256 segment hashes", PV_TDF_RAW, PV_SEGMENT_HS256, false, false },
	{ "4.2.2, hex", PV_TDF_HEX, PV_SEGMENT_GMAC, true, false },
	{ "4.2.2 with HS256 segment hashes", PV_TDF_HEX, PV_SEGMENT_HS256, false, false },
	{ "with the manifest first, as old Java wrote it", PV_TDF_HEX, PV_SEGMENT_GMAC, false,
	    true },
};

static void
test_forms(void)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct forged f = { .form = forms[i].form,
			.alg = forms[i].alg,
			.no_sizes = forms[i].no_sizes,
			.manifest_first = forms[i].manifest_first };

		forge(&f);
		tap_ok(gives_all(&f), "%s opens", forms[i].name);
		forget(&f);
	}
}

static void
test_empty(void)
{
	struct forged f = { .form = PV_TDF_RAW, .alg = PV_SEGMENT_GMAC };

	forge(&f);
	f.n = 0;
	sign_root(&f);
	tap_ok(gives_all(&f), "no segments at all, as JavaScript writes it, are no bytes");
	forget(&f);
}

/* ---- tampering ---- */

static void
swap_payload(struct forged *f)
{
	struct pv_buf t = f->pieces[0].sealed;

	f->pieces[0].sealed = f->pieces[1].sealed;
	f->pieces[1].sealed = t;
}

static void
swap_segments(struct forged *f)
{
	struct piece t = f->pieces[0];

	f->pieces[0] = f->pieces[1];
	f->pieces[1] = t;
}

static void
swap_hashes(struct forged *f)
{
	swap_segments(f);
	swap_payload(f);
}

static void
drop_last(struct forged *f)
{
	f->n--;
}

static void
drop_first(struct forged *f)
{
	struct piece t = f->pieces[0];

	memmove(&f->pieces[0], &f->pieces[1], (PIECES - 1) * sizeof(t));
	f->pieces[PIECES - 1] = t;
	f->n--;
}

static void
double_segment(struct forged *f)
{
	f->pieces[f->n] = f->pieces[0];
	f->pieces[f->n].sealed = (struct pv_buf){ 0 };
	pv_buf_add(&f->pieces[f->n].sealed, pv_buf_slice(&f->pieces[0].sealed));
	f->n++;
}

static void
cut_payload(struct forged *f)
{
	f->pieces[f->n - 1].sealed.n--;
}

static void
grow_payload(struct forged *f)
{
	pv_buf_add_c(&f->pieces[f->n - 1].sealed, 'x');
}

static void
flip_ciphertext(struct forged *f)
{
	f->pieces[1].sealed.p[500] ^= 1;
}

static void
flip_iv(struct forged *f)
{
	f->pieces[1].sealed.p[0] ^= 1;
}

static void
flip_tag(struct forged *f)
{
	f->pieces[1].sealed.p[f->pieces[1].sealed.n - 1] ^= 1;
}

/* The hash is made to fit: with GMAC it is no more than a copy of the tag. */
static void
flip_tag_and_hash(struct forged *f)
{
	flip_tag(f);
	hash_piece(f, &f->pieces[1]);
}

/* What one who has the key can do but GCM cannot stop, the root signature must: here it is left as it was. */
static void
reseal_piece(struct forged *f)
{
	pv_buf_free(&f->pieces[1].sealed);
	seal_piece(f, &f->pieces[1], 'z', SEGMENT);
}

static void
other_key_piece(struct forged *f)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *other = pv_secret_random(&env, PV_SHARE);
	struct pv_aead *own = f->aead;

	f->aead = pv_aead_new(other);
	reseal_piece(f);
	pv_aead_free(f->aead);
	f->aead = own;
	sign_root(f); /* even then */
}

static void
move_border(struct forged *f)
{
	f->pieces[0].size--;
	f->pieces[1].size++;
}

static void
other_policy(struct forged *f)
{
	to_base64(f->policy, sizeof(f->policy),
	    PV_SLICE("{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[],\"dissem\":[\"me\"]}}"),
	    false);
}

/* Same JSON, other text. */
static void
respelt_policy(struct forged *f)
{
	to_base64(f->policy, sizeof(f->policy),
	    PV_SLICE("{\"uuid\":\"x\", \"body\":{\"dataAttributes\":[],\"dissem\":[]}}"), false);
}

static void
other_binding(struct forged *f)
{
	struct pv_access own = f->access;

	bind_policy(f, "{\"uuid\":\"y\",\"body\":{}}");
	own.binding = f->access.binding;
	f->access = own;
	to_base64(f->policy, sizeof(f->policy),
	    PV_SLICE("{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[],\"dissem\":[]}}"), false);
}

/* The attacker's own share, rightly wrapped and bound, over the victim's payload. */
static void
other_share(struct forged *f)
{
	struct pv_secret *own = f->key;

	f->key = pv_secret_random(&env, PV_SHARE);
	bind_policy(f, "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[],\"dissem\":[]}}");
	pv_secret_free(f->key);
	f->key = own;
}

static void
other_root(struct forged *f)
{
	struct pv_secret *own = f->key;

	f->key = pv_secret_random(&env, PV_SHARE);
	sign_root(f);
	pv_secret_free(f->key);
	f->key = own;
}

static void
say_ours(struct forged *f)
{
	bind_policy(f,
	    "{\"body\":{\"dataAttributes\":[],\"dissem\":[],\"proviso\":{\"label\":"
	    "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\",\"origin\":\"o\","
	    "\"originator\":"
	    "\"co\",\"report\":\"r\"}},\"uuid\":\"3f2504e0-4f89-41d3-9a0c-0305e82c3301\"}");
}

static const struct {
	const char *name;
	void (*change)(struct forged *f);
	const char *what; /* begins so */
} tampers[] = {
	{ "segments in another order", swap_payload, "segment 1 of 4 is not" },
	{ "segments and their hashes in another order", swap_segments, "the root signature" },
	{ "hashes in another order", swap_hashes, "the root signature" },
	{ "the last segment left out", drop_last, "the root signature" },
	{ "the first segment left out", drop_first, "the root signature" },
	{ "a segment twice", double_segment, "the root signature" },
	{ "a payload cut short", cut_payload, "the payload has" },
	{ "a payload with more behind it", grow_payload, "the payload has" },
	{ "a changed ciphertext", flip_ciphertext, "segment 2 of 4 is not" },
	{ "a changed IV", flip_iv, "segment 2 of 4 is not" },
	{ "a changed tag", flip_tag, "segment 2 of 4 is not" },
	{ "a changed tag and its hash", flip_tag_and_hash, "the root signature" },
	{ "a segment sealed anew under the key", reseal_piece, "the root signature" },
	{ "a segment under another key, with hash and root signature to match", other_key_piece,
	    "segment 2 of 4 is not" },
	{ "a border between segments moved", move_border, "segment 1 of 4 is not" },
	{ "another policy", other_policy, "bad request" },
	{ "the policy spelt in another way", respelt_policy, "bad request" },
	{ "another policy's binding", other_binding, "bad request" },
	{ "another share", other_share, "the root signature" },
	{ "a root signature under another key", other_root, "the root signature" },
	{ "a foreign file that says it is ours", say_ours, "the manifest is not in the form" },
};

static void
test_tampers(enum pv_tdf_form form, enum pv_segment_alg alg)
{
	for (size_t i = 0; i < sizeof(tampers) / sizeof(tampers[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 }, plain = { 0 };
		struct forged f = { .form = form, .alg = alg };
		struct pv_err e = { 0 };
		bool refused;

		forge(&f);
		tampers[i].change(&f);
		render(&bytes, &f);
		refused = open_it(pv_buf_slice(&bytes), &plain, &e).code == PV_E_UNTRUSTED;
		if (!tap_ok(refused &&
				strncmp(e.what, tampers[i].what, strlen(tampers[i].what)) == 0 &&
				plain.n == 0,
			"%s %s: %s is refused", form == PV_TDF_RAW ? "4.3.0" : "4.2.2",
			alg == PV_SEGMENT_GMAC ? "GMAC" : "HS256", tampers[i].name))
			tap_note("%s: %s", e.field, refused ? e.what : "it was opened");
		forget(&f);
	}
}

/* Extracting alone: what comes before a bad segment is good, and nothing comes after. */
static void
test_in_order(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 }, plain = { 0 };
	PV_AUTO(pv_sealed_freep) struct pv_sealed *s = NULL;
	struct forged f = { .form = PV_TDF_RAW, .alg = PV_SEGMENT_GMAC };
	const struct pv_secret *shares[1];
	struct pv_slice all;
	struct pv_err e = { 0 };

	forge(&f);
	flip_ciphertext(&f);
	render(&bytes, &f);
	all = pv_buf_slice(&bytes);
	shares[0] = f.key;
	tap_ok(pv_ok(pv_sealed_open(&s, pv_seal_file_of(&all), &e)) &&
		   pv_ok(pv_sealed_unlock(s, shares, 1, &e)),
	    "a file whose second segment is bad unlocks");
	tap_ok(!pv_ok(pv_sealed_verify(s, NULL, &e)), "but does not verify");
	tap_ok(
	    !pv_ok(pv_sealed_extract(s, pv_seal_sink_of(&plain), NULL, &e)) && plain.n == SEGMENT,
	    "and gives the first segment only");
	forget(&f);
}

/* ---- the container ---- */

static bool
opens(struct pv_buf *bytes)
{
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };
	struct pv_err e = { 0 };

	return pv_ok(open_it(pv_buf_slice(bytes), &plain, &e));
}

static void
test_container(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf good = { 0 }, bad = { 0 };
	struct forged f = { .form = PV_TDF_RAW, .alg = PV_SEGMENT_GMAC };
	char *at;

	forge(&f);
	render(&good, &f);
	tap_ok(opens(&good), "the file opens");
	pv_buf_add(&bad, pv_buf_slice(&good));
	pv_buf_add_c(&bad, '\0');
	tap_ok(!opens(&bad), "a byte behind it is refused");
	pv_buf_clear(&bad);
	pv_buf_add_c(&bad, '\0');
	pv_buf_add(&bad, pv_buf_slice(&good));
	tap_ok(!opens(&bad), "a byte before it is refused");
	pv_buf_clear(&bad);
	pv_buf_add(&bad, pv_buf_slice(&good));
	bad.p[bad.n - 2] = 3; /* the length of the comment */
	pv_buf_add_str(&bad, "hi!");
	tap_ok(!opens(&bad), "a comment is refused");
	pv_buf_clear(&bad);
	pv_buf_add(&bad, pv_buf_slice(&good));
	pv_buf_add(&bad, pv_buf_slice(&good));
	tap_ok(!opens(&bad), "two files in one are refused");
	pv_buf_clear(&bad);
	pv_buf_add(&bad, pv_buf_slice(&good));
	while ((at = memmem(bad.p, bad.n, "0.payload", 9)) != NULL && at[-1] != '"' &&
	       memcmp(at, "0.payload\"", 10) != 0)
		memcpy(at, "0.payloaX", 9);
	tap_ok(!opens(&bad), "a payload by another name is refused");
	pv_buf_clear(&bad);
	pv_buf_add(&bad, pv_buf_slice(&good));
	while ((at = memmem(bad.p, bad.n, "0.manifest.json", 15)) != NULL)
		memcpy(at, "0.payload\0\0\0\0\0\0", 15);
	tap_ok(!opens(&bad), "the payload's entry twice is refused");
	forget(&f);
}

int
main(void)
{
	struct pv_err e = { 0 };

	env = pv_env_system();
	if (!pv_ok(pv_wrap_key_new(&kas_key, PV_KEY_P256, &e)))
		return 99;
	test_forms();
	test_empty();
	test_tampers(PV_TDF_RAW, PV_SEGMENT_GMAC);
	test_tampers(PV_TDF_HEX, PV_SEGMENT_GMAC);
	test_tampers(PV_TDF_RAW, PV_SEGMENT_HS256);
	test_in_order();
	test_container();
	pv_wrap_key_free(kas_key);
	return tap_done();
}
