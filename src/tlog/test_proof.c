/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/proof.h"

#include "base/mem.h"
#include "tap.h"

#define H1 "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ="
#define H2 "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA="

static struct pv_err err;

static struct pv_pair *
pair_of(char c)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);

	memset(pv_secret_bytes(seed), c, PV_SIGN_SEED);
	return pv_pair_of(seed);
}

static void
test_text(void)
{
	static const char text[] = "c2sp.org/tlog-proof@v1\nextra aGVsbG8=\nindex 73894\n" H1
				   "\n" H2 "\n\nexample.com/fancylog\n109482\n";
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_proof p;

	tap_ok(pv_ok(pv_proof_read(&p, PV_SLICE(text), a, &err)) && p.index == 73894 &&
		   p.path.n == 2 && p.path.hash[0][0] == 0x81 && p.has_extra &&
		   pv_slice_is(p.extra, "hello") &&
		   pv_slice_is(p.checkpoint, "example.com/fancylog\n109482\n"),
	    "a proof in the form of tlog-proof is read");
	pv_proof_write(&b, &p);
	tap_str(pv_buf_str(&b), text, "and written as it was");
	tap_ok(
	    pv_ok(pv_proof_read(&p, PV_SLICE("c2sp.org/tlog-proof@v1\nindex 0\n\nx"), a, &err)) &&
		p.path.n == 0 && !p.has_extra && p.index == 0,
	    "a log of one entry needs no hashes");
	tap_ok(pv_ok(pv_proof_read(
		   &p, PV_SLICE("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx"), a, &err)) &&
		   p.has_extra && p.extra.n == 0,
	    "extra data may be empty");
}

static void
test_bad_text(void)
{
	static const char *const bad[] = { "", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n",
		"c2sp.org/tlog-proof@v2\nindex 0\n\nx", "c2sp.org/tlog-proof@v1\nindex 00\n\nx",
		"c2sp.org/tlog-proof@v1\nindex -1\n\nx", "c2sp.org/tlog-proof@v1\nindex\n\nx",
		"c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\nx",
		"c2sp.org/tlog-proof@v1\n\nindex 0\n\nx",
		"c2sp.org/tlog-proof@v1\nindex 0\nextra aGVsbG8=\n\nx",
		"c2sp.org/tlog-proof@v1\nextra a\nindex 0\n\nx",
		"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
		("c2sp.org/tlog-proof@v1\nindex 0\n" H1),
		("c2sp.org/tlog-proof@v1\nindex 0\n" H1 "\n"),
		("c2sp.org/tlog-proof@v1\nindex 0\n" H1 "\r\n\nx"),
		" c2sp.org/tlog-proof@v1\nindex 0\n\nx" };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_proof p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(pv_proof_read(&p, pv_slice_of(bad[i]), a, &err).code == PV_E_INPUT,
		    "bad proof %zu is refused", i);
	pv_buf_add_str(&b, "c2sp.org/tlog-proof@v1\nindex 0\n");
	for (int i = 0; i <= PV_TREE_PATH; i++)
		pv_buf_add_str(&b, H1 "\n");
	pv_buf_add_str(&b, "\nx");
	tap_ok(pv_proof_read(&p, pv_buf_slice(&b), a, &err).code == PV_E_LIMIT,
	    "one of 65 hashes is refused");
}

/* A log of five entries, "entry 0" to "entry 4". */
static PV_RESULT
read_hash(void *ctx, unsigned level, uint64_t n, uint8_t out[PV_HASH], struct pv_err *e)
{
	struct pv_tree_edge t = { 0 };

	(void)ctx;
	if ((n + 1) << level > 5)
		return PV_FAIL(e, PV_E_BUG, "no such subtree");
	for (uint64_t i = n << level; i < (n + 1) << level; i++) {
		char entry[16];

		snprintf(entry, sizeof(entry), "entry %d", (int)i);
		pv_tree_add_entry(&t, pv_slice_of(entry));
	}
	pv_tree_top(&t, out);
	return PV_DONE;
}

static void
test_verifying(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_pair_freep) struct pv_pair *log = pair_of('l');
	PV_AUTO(pv_pair_freep) struct pv_pair *witness = pair_of('w');
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf file = { 0 };
	struct pv_tree_reader r = { read_hash, NULL };
	struct pv_tree_edge t;
	struct pv_checkpoint c = { .origin = PV_SLICE("co/journal"), .size = 5 };
	struct pv_vkey log_key = pv_vkey_make(c.origin, PV_VKEY_ED25519, pv_pair_pub(log)),
		       witness_key =
			   pv_vkey_make(PV_SLICE("w"), PV_VKEY_COSIGNER, pv_pair_pub(witness));
	const struct pv_log_policy *alone = NULL, *witnessed = NULL;
	struct pv_checkpoint_seen s;
	struct pv_proof made = { .index = 3 }, p;

	if (!pv_ok(pv_tree_restore(&t, &r, 5, &err)) ||
	    !pv_ok(pv_tree_prove(&made.path, &r, 3, 5, &err))) {
		tap_ok(false, "a tree of five: %s", err.what);
		return;
	}
	pv_tree_top(&t, c.root);
	tap_ok(pv_ok(pv_checkpoint_sign(&note, &c, log, &err)) &&
		   pv_ok(pv_log_policy_make(&alone, &log_key, NULL, 0, 0, a, &err)) &&
		   pv_ok(pv_log_policy_make(&witnessed, &log_key, &witness_key, 1, 1, a, &err)),
	    "a log has a checkpoint");
	if (alone == NULL || witnessed == NULL)
		return;
	made.checkpoint = pv_buf_slice(&note);
	pv_proof_write(&file, &made);
	tap_ok(pv_ok(pv_proof_read(&p, pv_buf_slice(&file), a, &err)) &&
		   pv_ok(pv_proof_verify(&s, &p, PV_SLICE("entry 3"), alone, a, &err)) &&
		   s.checkpoint.size == 5,
	    "a proof file shows that an entry is in it");
	tap_ok(pv_proof_verify(&s, &p, PV_SLICE("entry 4"), alone, a, &err).code == PV_E_UNTRUSTED,
	    "not another entry");
	p.index = 2;
	tap_ok(pv_proof_verify(&s, &p, PV_SLICE("entry 3"), alone, a, &err).code == PV_E_UNTRUSTED,
	    "nor another place");
	p.index = 3;
	p.path.hash[0][0] ^= 1;
	tap_ok(pv_proof_verify(&s, &p, PV_SLICE("entry 3"), alone, a, &err).code == PV_E_UNTRUSTED,
	    "nor with another hash");
	p.path.hash[0][0] ^= 1;
	tap_ok(
	    pv_proof_verify(&s, &p, PV_SLICE("entry 3"), witnessed, a, &err).code == PV_E_UNTRUSTED,
	    "nor without the witness that the policy asks for");
	tap_ok(pv_ok(pv_note_cosign(&note, witness_key.name, witness, 1234, &err)),
	    "when the witness cosigns");
	p.checkpoint = pv_buf_slice(&note);
	tap_ok(pv_ok(pv_proof_verify(&s, &p, PV_SLICE("entry 3"), witnessed, a, &err)) &&
		   s.time == 1234,
	    "it is good, and has a time");
}

int
main(void)
{
	test_text();
	test_bad_text();
	test_verifying();
	return tap_done();
}
