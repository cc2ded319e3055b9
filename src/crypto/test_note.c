/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/note.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "tap.h"

#define S(literal) PV_SLICE(literal)
#define DASH       "\xe2\x80\x94 "

/* The example of C2SP signed-note v1.1.0, and that of golang.org/x/mod/sumdb/note. */
#define FOO   "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define FOO_NOTE                                                  \
	"This is an example message.\n\n" DASH "example.com/foo " \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTg"       \
	"K7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define GO_TEXT                                                                                    \
	"If you think cryptography is the answer to your problem,\nthen you don't know what your " \
	"problem is.\n"
#define PETER_SIG               \
	DASH "PeterNeumann "    \
	     "x08go/ZJkuBS9UG/" \
	     "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH_SIG                                           \
	DASH "EnochRoot "                                   \
	     "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/" \
	     "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
/* The example of C2SP tlog-cosignature. */
#define SOFA                                                                                       \
	"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"                            \
	"Xajj7h2fB2MPA3j2jxq2I=\n\n" DASH "example.com/behind-the-sofa "                           \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+"        \
	"xeMcTOAYQ8=\n" DASH "witness.example.com/w1 "                                             \
	"jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+" \
	"mbIUBkBIfZ+qnA==\n"

static struct pv_err err;

static struct pv_vkey
vkey(struct pv_slice text)
{
	struct pv_vkey k = { 0 };

	if (!pv_ok(pv_vkey_read(&k, text, &err)))
		tap_note("%.*s: %s", PV_FMT(text), err.what);
	return k;
}

static enum pv_code
vkey_code(struct pv_slice text)
{
	struct pv_vkey k;

	return pv_vkey_read(&k, text, &err).code;
}

static enum pv_code
read_code(struct pv_slice bytes)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_note n;

	return pv_note_read(&n, bytes, a, &err).code;
}

/* UNTRUSTED or what else is wrong; checks are written in any case. */
static enum pv_code
verify(
    struct pv_slice bytes, const struct pv_vkey *keys, struct pv_note_check *checks, size_t count)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_note n;
	struct pv_status st = pv_note_read(&n, bytes, a, &err);

	if (!pv_ok(st)) {
		tap_note("%s", err.what);
		return st.code;
	}
	return pv_note_verify(&n, keys, checks, count, &err).code;
}

static struct pv_pair *
pair_of(char c)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);

	memset(pv_secret_bytes(seed), c, PV_SIGN_SEED);
	return pv_pair_of(seed);
}

/* ---- verifier keys ---- */

static void
test_vkeys(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_vkey k = vkey(S(FOO)), other;
	char text[sizeof(PETER)];
	bool refused = true;

	tap_ok(pv_slice_is(k.name, "example.com/foo") && k.id == 0x530d903a &&
		   k.kind == PV_VKEY_ED25519,
	    "the example key of the specification is read");
	pv_vkey_write(&b, &k);
	tap_str(pv_buf_str(&b), FOO, "and written again");
	other = pv_vkey_make(k.name, PV_VKEY_ED25519, k.pub);
	tap_ok(pv_vkey_eq(&k, &other), "its id follows from name, type and key");
	other = pv_vkey_make(k.name, PV_VKEY_COSIGNER, k.pub);
	tap_ok(!pv_vkey_eq(&k, &other) && other.id != k.id, "as a cosigner it has another id");
	for (size_t i = 0; i < sizeof(PETER) - 1; i++) {
		memcpy(text, PETER, sizeof(PETER));
		text[i]++;
		refused = vkey_code(pv_slice_of(text)) != PV_OK && refused;
		refused = vkey_code(pv_slice_mem(PETER, i)) != PV_OK && refused;
	}
	tap_ok(refused, "one character changed, or any rest cut off, is no key");
	tap_ok(vkey_code(S("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")) ==
		   PV_E_INPUT,
	    "an unknown type is refused");
	tap_ok(
	    pv_ok(pv_vkey_read_any(&k,
		S("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), &err)) &&
		k.kind == PV_VKEY_OTHER,
	    "unless keys of other types are asked for");
	tap_ok(vkey_code(S(
		   "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")) ==
		   PV_E_INPUT,
	    "so is a key of another length");
	tap_ok(
	    vkey_code(S("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")) ==
		PV_E_INPUT,
	    "and an id in capitals");
	pv_buf_clear(&b);
	memset(k.pub, 0, sizeof(k.pub));
	k = pv_vkey_make(S("zero"), PV_VKEY_ED25519, k.pub);
	pv_vkey_write(&b, &k);
	tap_ok(
	    vkey_code(pv_buf_slice(&b)) == PV_E_INPUT, "and a key of small order, whatever its id");
}

static void
test_names(void)
{
	static const struct {
		struct pv_slice name;
		bool ok;
	} rows[] = { { S("co/officer1"), true },
		{ S("se\xc3\xb1"
		    "al.example/\xe6\x97\xa5"),
		    true },
		{ S(""), false }, { S("a b"), false }, { S("a+b"), false }, { S("a\tb"), false },
		{ S("a\nb"), false },
		{ S("a\xc2\xa0"
		    "b"),
		    false },
		{ S("a\xc2\x85"), false }, { S("a\xe1\x9a\x80"), false },
		{ S("a\xe2\x80\x80"), false }, { S("a\xe2\x80\x8a"), false },
		{ S("a\xe2\x80\x8b"), true }, { S("a\xe2\x80\xa8"), false },
		{ S("a\xe2\x80\xaf"), false }, { S("a\xe2\x81\x9f"), false },
		{ S("a\xe3\x80\x80"), false }, { S("a\xff"), false }, { S("a\xc0\xab"), false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(pv_vkey_name_ok(rows[i].name) == rows[i].ok, "name %zu is%s a key's name", i,
		    rows[i].ok ? "" : " not");
}

/* ---- reading ---- */

static void
test_examples(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_vkey keys[3] = { vkey(S(FOO)), vkey(S(PETER)), vkey(S(ENOCH)) };
	struct pv_note_check c[3];
	struct pv_note n;

	tap_ok(verify(S(FOO_NOTE), keys, c, 3) == PV_OK && c[0].good && !c[1].good && !c[2].good,
	    "the example note of the specification is signed by its key");
	tap_ok(verify(S(GO_TEXT "\n" PETER_SIG ENOCH_SIG), keys, c, 3) == PV_OK && !c[0].good &&
		   c[1].good && c[2].good,
	    "that of Go's library by both");
	tap_ok(verify(S(GO_TEXT "\n" PETER_SIG ENOCH_SIG), keys, c, 2) == PV_OK && c[1].good,
	    "unknown keys are passed over");
	tap_ok(verify(S(GO_TEXT "\n" PETER_SIG ENOCH_SIG), keys, c, 1) == PV_E_UNTRUSTED,
	    "but one key must be known");
	tap_ok(verify(S(GO_TEXT "\n" PETER_SIG ENOCH_SIG), NULL, NULL, 0) == PV_E_UNTRUSTED,
	    "with no keys none is");
	tap_ok(verify(S("if" GO_TEXT "\n" PETER_SIG), keys, c, 3) == PV_E_UNTRUSTED,
	    "a changed text is refused");
	tap_ok(verify(S("This is an example message.\n\n" PETER_SIG "" DASH "example.com/foo "
			"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRK"
			"uwHjG1Yu72"
			"IneyaQM=\n"),
		   keys, c, 3) == PV_E_UNTRUSTED,
	    "a wrong signature of a known key spoils a good one");
	tap_ok(verify(S("This is an example message.\n\n" DASH "PeterNeumann yE8go/"
			"ZJkuBS9UG/"
			"SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnA"
			"M=\n" DASH "example.com/foo "
			"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs"
			"YjOBH3mFXmRKuwHjG1Yu72"
			"IneyaQM=\n"),
		   keys, c, 3) == PV_OK,
	    "one that shares the name but not the id is another key's");
	tap_ok(pv_ok(pv_note_read(&n, S(SOFA), a, &err)) && n.sig_count == 2 &&
		   n.sigs[1].sig.n == PV_COSIG &&
		   pv_slice_is(n.sigs[1].name, "witness.example.com/w1") &&
		   n.sigs[1].id == 0x8d66cf3f,
	    "the example of tlog-cosignature is read");
	tap_ok(pv_ok(pv_note_read(&n,
		   S("Ognuno sta solo\ntrafitto:\n\ned \xc3\xa8 subito sera.\n\n" DASH
		     "quasimodo.example/salvatore "
		     "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQ"
		     "waqP3ZekRwNtIc=\n"),
		   a, &err)) &&
		   pv_slice_is(n.text, "Ognuno sta solo\ntrafitto:\n\ned \xc3\xa8 subito sera.\n"),
	    "a text may hold empty lines: the last one splits");
}

static void
test_strictness(void)
{
	static const struct {
		struct pv_slice bytes;
		const char *name;
	} bad[] = { { S(""), "nothing" }, { S("\n"), "a line end" },
		{ S("text\n"), "a text without signatures" },
		{ S("text\n\n"), "an empty line and nothing after" },
		{ S("text\n" PETER_SIG), "no empty line" },
		{ S("text\n\n" PETER_SIG "\n"), "an empty line at the end" },
		{ S("text\n\n" PETER_SIG "x\n"), "a line that is none" },
		{ S("text\n\n- PeterNeumann x08go/ZJkuA=\n"), "a hyphen for the dash" },
		{ S("text\n\n" DASH "PeterNeumann  x08go/ZJkuA=\n"), "two blanks" },
		{ S("text\n\n" DASH "PeterNeumann x08go/ZJkuA= \n"), "a blank at the end" },
		{ S("text\n\n" DASH "Peter+Neumann x08go/ZJkuA=\n"), "a name with a plus sign" },
		{ S("text\n\n" DASH "x08go/ZJkuA=\n"), "no name" },
		{ S("text\n\n" DASH "PeterNeumann x08gow==\n"), "no signature" },
		{ S("text\n\n" DASH "PeterNeumann x08go/ZJkuA\n"), "base64 without padding" },
		{ S("text\n\n" DASH "PeterNeumann x08go_ZJkuA=\n"), "base64url" },
		{ S("text\n\n" DASH "PeterNeumann x08go/ZJkuA="), "no line end at the end" },
		{ S("te\txt\n\n" PETER_SIG), "a tab" },
		{ S("te\rxt\n\n" PETER_SIG), "a carriage return" },
		{ S("te\0xt\n\n" PETER_SIG), "a NUL" },
		{ S("te\xff"
		    "xt\n\n" PETER_SIG),
		    "a byte that is not UTF-8" } };

	tap_ok(read_code(S("text\n\n" PETER_SIG)) == PV_OK, "a note is read");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(read_code(bad[i].bytes) == PV_E_INPUT, "not with %s", bad[i].name);
}

static void
test_limits(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_vkey peter = vkey(S(PETER));
	struct pv_note_check c;

	pv_buf_add_str(&b, GO_TEXT "\n");
	for (int i = 0; i < 100; i++)
		pv_buf_addf(&b, DASH "other%d x08go/ZJkuA=\n", i);
	pv_buf_add_str(&b, PETER_SIG);
	tap_ok(verify(pv_buf_slice(&b), &peter, &c, 1) == PV_OK && c.good,
	    "a known key is found among a hundred unknown");
	for (int i = 101; i < PV_NOTE_SIGS; i++)
		pv_buf_add_str(&b, DASH "other x08go/ZJkuA=\n");
	tap_ok(read_code(pv_buf_slice(&b)) == PV_OK, "as many signatures as the limit are read");
	pv_buf_add_str(&b, DASH "other x08go/ZJkuA=\n");
	tap_ok(read_code(pv_buf_slice(&b)) == PV_E_LIMIT, "one more is not");
	tap_ok(pv_note_add(&b, &peter, PV_SLICE("signature"), &err).code == PV_E_LIMIT,
	    "nor is one added");
	pv_buf_clear(&b);
	while (b.n <= PV_NOTE_MAX)
		pv_buf_add_str(&b, "a long text\n");
	pv_buf_add_str(&b, "\n" PETER_SIG);
	tap_ok(read_code(pv_buf_slice(&b)) == PV_E_LIMIT, "nor is a megabyte of text");
}

static void
test_stream(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_slice in =
	    S("{\"record\":1}\n\n" PETER_SIG ENOCH_SIG "{\"record\":2}\n\n" PETER_SIG);
	struct pv_note n;
	size_t used = 0;

	tap_ok(pv_ok(pv_note_read_one(&n, in, &used, a, &err)) && n.sig_count == 2 &&
		   pv_slice_is(n.text, "{\"record\":1}\n"),
	    "the first note of a stream ends where its signatures end");
	in = pv_slice_sub(in, used, in.n);
	tap_ok(pv_ok(pv_note_read_one(&n, in, &used, a, &err)) && n.sig_count == 1 &&
		   used == in.n && pv_slice_is(n.text, "{\"record\":2}\n"),
	    "the next begins there");
	tap_ok(pv_note_read_one(&n, S("{\"record\":3}\n"), &used, a, &err).code == PV_E_INPUT,
	    "a line of JSON is no note");
}

/* ---- making ---- */

static void
test_signing(void)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *one = pair_of('1');
	PV_AUTO(pv_pair_freep) struct pv_pair *two = pair_of('2');
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_vkey keys[2] = { pv_vkey_make(
				       S("co/officer1"), PV_VKEY_ED25519, pv_pair_pub(one)),
		pv_vkey_make(S("co/officer2"), PV_VKEY_ED25519, pv_pair_pub(two)) };
	struct pv_note_check c[2];
	size_t before;

	tap_ok(pv_note_begin(&note, S("no line end"), &err).code == PV_E_INPUT,
	    "a text must end its last line");
	tap_ok(pv_note_begin(&note, S("bell\a\n"), &err).code == PV_E_INPUT && note.n == 0,
	    "and have no control characters");
	tap_ok(pv_note_sign(&note, S("co/officer1"), one, &err).code == PV_E_INPUT,
	    "nothing cannot be signed");
	tap_ok(pv_ok(pv_note_begin(&note, S("an order\n\nof two lines\n\n"), &err)) &&
		   pv_ok(pv_note_sign(&note, S("co/officer1"), one, &err)),
	    "a text is signed, empty lines at its end as well");
	tap_ok(verify(pv_buf_slice(&note), keys, c, 2) == PV_OK && c[0].good && !c[1].good,
	    "by one officer");
	tap_ok(pv_ok(pv_note_sign(&note, S("co/officer2"), two, &err)) &&
		   verify(pv_buf_slice(&note), keys, c, 2) == PV_OK && c[0].good && c[1].good,
	    "and by another");
	before = note.n;
	tap_ok(pv_ok(pv_note_sign(&note, S("co/officer1"), one, &err)) && note.n == before,
	    "signing again changes nothing");
	tap_ok(
	    pv_note_sign(&note, S("co officer"), one, &err).code == PV_E_INPUT && note.n == before,
	    "a bad name is refused");
}

static void
test_cosigning(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_pair_freep) struct pv_pair *log = pair_of('l');
	PV_AUTO(pv_pair_freep) struct pv_pair *witness = pair_of('w');
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf message = { 0 };
	struct pv_vkey keys[2] = { pv_vkey_make(S("co/orders"), PV_VKEY_ED25519, pv_pair_pub(log)),
		pv_vkey_make(S("witness"), PV_VKEY_COSIGNER, pv_pair_pub(witness)) };
	struct pv_note_check c[2];
	struct pv_note n;
	uint8_t sig[PV_SIGN_SIG], packed[PV_COSIG];
	struct pv_slice text = S("co/orders\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");

	pv_cosig_message(&message, text, 1679315147);
	tap_str(pv_buf_str(&message),
	    "cosignature/v1\ntime "
	    "1679315147\nco/orders\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "what a cosigner signs has two lines more");
	tap_ok(pv_ok(pv_note_begin(&note, text, &err)) &&
		   pv_ok(pv_note_sign(&note, keys[0].name, log, &err)) &&
		   pv_ok(pv_note_cosign(&note, keys[1].name, witness, 1679315147, &err)),
	    "a checkpoint is signed and cosigned");
	tap_ok(verify(pv_buf_slice(&note), keys, c, 2) == PV_OK && c[0].good && c[0].time == 0 &&
		   c[1].good && c[1].time == 1679315147,
	    "the cosignature tells its time");
	tap_ok(pv_ok(pv_note_cosign(&note, keys[1].name, witness, 1679315200, &err)) &&
		   pv_ok(pv_note_read(&n, pv_buf_slice(&note), a, &err)) && n.sig_count == 2 &&
		   pv_ok(pv_note_verify(&n, keys, c, 2, &err)) && c[1].time == 1679315200,
	    "a fresh cosignature takes the place of the old one");
	pv_pair_sign(witness, pv_buf_slice(&message), sig);
	pv_cosig_pack(packed, 1679315148, sig);
	tap_ok(pv_ok(pv_note_add(&note, &keys[1], pv_slice_mem(packed, sizeof(packed)), &err)) &&
		   verify(pv_buf_slice(&note), keys, c, 2) == PV_E_UNTRUSTED,
	    "with another time than was signed it is refused");
	pv_cosig_pack(packed, 1679315147, sig);
	tap_ok(pv_ok(pv_note_add(&note, &keys[1], pv_slice_mem(packed, sizeof(packed)), &err)) &&
		   verify(pv_buf_slice(&note), keys, c, 2) == PV_OK && c[1].time == 1679315147,
	    "a cosignature made elsewhere is added");
	pv_pair_sign(witness, text, sig);
	tap_ok(pv_ok(pv_note_add(&note, &keys[1], pv_slice_mem(sig, sizeof(sig)), &err)) &&
		   verify(pv_buf_slice(&note), keys, c, 2) == PV_E_UNTRUSTED,
	    "a plain signature is no cosignature");
	pv_buf_clear(&message);
	pv_cosig_message(&message, text, 1ULL << 63);
	pv_pair_sign(witness, pv_buf_slice(&message), sig);
	pv_cosig_pack(packed, 1ULL << 63, sig);
	tap_ok(pv_ok(pv_note_add(&note, &keys[1], pv_slice_mem(packed, sizeof(packed)), &err)) &&
		   verify(pv_buf_slice(&note), keys, c, 2) == PV_E_UNTRUSTED,
	    "a time of 2^63 is refused");
}

static void
test_merging(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

	tap_ok(pv_ok(pv_note_merge(&out, S(GO_TEXT "\n" PETER_SIG),
		   S(GO_TEXT "\n" ENOCH_SIG PETER_SIG ENOCH_SIG), &err)),
	    "two notes of one text are merged");
	tap_str(pv_buf_str(&out), GO_TEXT "\n" PETER_SIG ENOCH_SIG,
	    "in order of arrival, each line once");
	tap_ok(pv_note_merge(&out, S(GO_TEXT "\n" PETER_SIG), S("x\n\n" ENOCH_SIG), &err).code ==
		   PV_E_INPUT,
	    "two texts are not");
	tap_ok(pv_note_merge(&out, S(GO_TEXT "\n" PETER_SIG), S(GO_TEXT "\n"), &err).code ==
		   PV_E_INPUT,
	    "nor what is no note");
}

int
main(void)
{
	test_vkeys();
	test_names();
	test_examples();
	test_strictness();
	test_limits();
	test_stream();
	test_signing();
	test_cosigning();
	test_merging();
	return tap_done();
}
