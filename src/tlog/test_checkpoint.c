/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/checkpoint.h"

#include "base/mem.h"
#include "tap.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static struct pv_err err;

static struct pv_pair *
pair_of(char c)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);

	memset(pv_secret_bytes(seed), c, PV_SIGN_SEED);
	return pv_pair_of(seed);
}

static void
add_vkey(struct pv_buf *out, const char *name, enum pv_vkey_kind kind, char c)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of(c);
	struct pv_vkey k = pv_vkey_make(pv_slice_of(name), kind, pv_pair_pub(pair));

	pv_vkey_write(out, &k);
}

/* ---- the text ---- */

static void
test_text(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_checkpoint c, back;

	tap_ok(pv_ok(pv_checkpoint_read(
		   &c, PV_SLICE("example.com/behind-the-sofa\n20852163\n" ROOT "\n"), &err)) &&
		   pv_slice_is(c.origin, "example.com/behind-the-sofa") && c.size == 20852163 &&
		   c.root[0] == 0x0a && c.root[31] == 0x62 && c.extension.n == 0,
	    "the example of tlog-checkpoint is read");
	c.extension = PV_SLICE("one\ntwo\n");
	tap_ok(pv_ok(pv_checkpoint_write(&b, &c, &err)), "it is written, with extension lines");
	tap_str(pv_buf_str(&b), "example.com/behind-the-sofa\n20852163\n" ROOT "\none\ntwo\n",
	    "as it should be");
	tap_ok(pv_ok(pv_checkpoint_read(&back, pv_buf_slice(&b), &err)) &&
		   pv_slice_eq(back.extension, c.extension),
	    "and read again");
	c.extension = PV_SLICE("one");
	tap_ok(!pv_ok(pv_checkpoint_write(&b, &c, &err)), "an extension ends its lines");
	c.extension = PV_SLICE("one\n\ntwo\n");
	tap_ok(!pv_ok(pv_checkpoint_write(&b, &c, &err)), "and has no empty ones");
	c.extension = PV_NO_SLICE;
	c.origin = PV_SLICE("");
	tap_ok(!pv_ok(pv_checkpoint_write(&b, &c, &err)), "an origin is not empty");
	c.origin = PV_SLICE("a\nb");
	tap_ok(!pv_ok(pv_checkpoint_write(&b, &c, &err)), "and one line");
}

static void
test_bad_text(void)
{
	static const char *const bad[] = { "", "\n", "o\n", "o\n1\n", "o\n1\n" ROOT,
		"\n1\n" ROOT "\n", "o\n\n" ROOT "\n", "o\n1\n\n", "o\n01\n" ROOT "\n",
		"o\n-1\n" ROOT "\n", "o\n+1\n" ROOT "\n", "o\n1 \n" ROOT "\n",
		"o\n9223372036854775808\n" ROOT "\n", "o\n18446744073709551616\n" ROOT "\n",
		"o\n1\nAAAA\n", "o\n1\n" ROOT "=\n", "o\n1\n" ROOT "\n\n",
		"o\n1\n" ROOT "\nx\n\ny\n", "o\n1\n" ROOT "\nx" };
	struct pv_checkpoint c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(pv_checkpoint_read(&c, pv_slice_of(bad[i]), &err).code == PV_E_INPUT,
		    "bad checkpoint %zu is refused", i);
	tap_ok(pv_ok(pv_checkpoint_read(&c, PV_SLICE("o\n9223372036854775807\n" ROOT "\n"), &err)),
	    "2^63 - 1 is a size");
}

/* ---- policies ---- */

/* log LOG, witnesses X1 to X3 and Y1, Y2, then what is given */
static void
add_policy(struct pv_buf *b, const char *rest)
{
	static const char *const names[] = { "X1", "X2", "X3", "Y1", "Y2" };

	pv_buf_add_str(b, "# the example of tlog-policy\nlog ");
	add_vkey(b, "co/orders", PV_VKEY_ED25519, 'l');
	pv_buf_add_str(b, " https://log.example/\n\n");
	for (size_t i = 0; i < 5; i++) {
		pv_buf_addf(b, "\twitness  %s ", names[i]);
		add_vkey(b, names[i], PV_VKEY_COSIGNER, (char)('1' + i));
		pv_buf_add_c(b, '\n');
	}
	pv_buf_add_str(b, rest);
}

static void
test_policy(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const struct pv_log_policy *p = NULL;
	const struct pv_vkey *keys;
	size_t n = 0;

	add_policy(&b, "group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n");
	tap_ok(pv_ok(pv_log_policy_read(&p, pv_buf_slice(&b), a, &err)),
	    "a policy with groups is read");
	if (p == NULL) {
		tap_note("line %u: %s", err.line, err.what);
		return;
	}
	keys = pv_log_policy_logs(p, &n);
	tap_ok(n == 1 && pv_slice_is(keys[0].name, "co/orders") &&
		   pv_slice_is(pv_log_policy_log_url(p, 0), "https://log.example/"),
	    "it has a log");
	keys = pv_log_policy_witnesses(p, &n);
	tap_ok(n == 5 && pv_slice_is(keys[4].name, "Y2") &&
		   pv_slice_is(pv_log_policy_witness_name(p, 4), "Y2") &&
		   pv_log_policy_witness_url(p, 4).n == 0,
	    "and five witnesses");
}

static const struct {
	const char *rest;
	unsigned line; /* 0: it is good */
	const char *name;
} policies[] = {
	{ "quorum X1\n", 0, "one witness" },
	{ "quorum none\n", 0, "none" },
	{ "quorum none", 0, "no line end at the end" },
	{ "group g 1 X1\nquorum g # x\n", 10, "a comment after a line" },
	{ "group g all X1 X2\ngroup h any Y1 g\nquorum h\n", 0, "groups of groups" },
	{ "", 0, NULL }, /* no quorum: has no line */
	{ "quorum X1\nquorum X1\n", 10, "two quorums" },
	{ "quorum Z\n", 9, "an unknown quorum" },
	{ "quorum g\ngroup g any X1\n", 9, "a quorum before its group" },
	{ "group g any X1 Z\nquorum g\n", 9, "an unknown member" },
	{ "group g any X1 X1\nquorum g\n", 9, "a member twice" },
	{ "group g any X1\ngroup h any X1\nquorum h\n", 10, "a member of two groups" },
	{ "group g any g\nquorum g\n", 9, "a group in itself" },
	{ "group X1 any X2\nquorum X1\n", 9, "a group with a witness's name" },
	{ "group none any X2\nquorum X1\n", 9, "a group called none" },
	{ "group g any none\nquorum X1\n", 9, "none in a group" },
	{ "group g 0 X1\nquorum g\n", 9, "0 of 1" },
	{ "group g 2 X1\nquorum g\n", 9, "2 of 1" },
	{ "group g 01 X1\nquorum g\n", 9, "a leading zero" },
	{ "group g any\nquorum X1\n", 9, "a group of none" },
	{ "group g\nquorum X1\n", 9, "a group without a number" },
	{ "witness W\nquorum X1\n", 9, "a witness without a key" },
	{ "witness W co/orders+x\nquorum X1\n", 9, "a witness with half a key" },
	{ "quorum X1 X2\n", 9, "two names for a quorum" },
	{ "quorum\n", 9, "no name for a quorum" },
	{ "Quorum X1\n", 9, "a capital letter" },
	{ "quorum X1\r\n", 9, "a carriage return" },
	{ "quorum X1\f\n", 9, "a form feed" },
};

static void
test_policies(void)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
		const struct pv_log_policy *p;
		struct pv_status st;

		add_policy(&b, policies[i].rest);
		st = pv_log_policy_read(&p, pv_buf_slice(&b), a, &err);
		if (policies[i].name == NULL)
			tap_ok(st.code == PV_E_INPUT && err.line == 0,
			    "a policy without a quorum line is refused");
		else if (policies[i].line == 0)
			tap_ok(pv_ok(st), "%s: is read", policies[i].name);
		else
			tap_ok(st.code == PV_E_INPUT && err.line == policies[i].line,
			    "%s: refused at line %u (%u: %s)", policies[i].name, policies[i].line,
			    err.line, err.what);
	}
}

static enum pv_code
policy_code(const char *lines, const char *name, enum pv_vkey_kind kind, char c)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const struct pv_log_policy *p;

	add_policy(&b, lines);
	add_vkey(&b, name, kind, c);
	pv_buf_add_str(&b, "\nquorum none\n");
	return pv_log_policy_read(&p, pv_buf_slice(&b), a, &err).code;
}

static void
test_policy_keys(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const struct pv_log_policy *p;

	tap_ok(policy_code("witness W ", "W", PV_VKEY_COSIGNER, 'w') == PV_OK,
	    "a sixth witness is read");
	tap_ok(policy_code("witness W ", "W", PV_VKEY_COSIGNER, '1') == PV_E_INPUT,
	    "not with the key of the first");
	tap_ok(policy_code("witness X1 ", "W", PV_VKEY_COSIGNER, 'w') == PV_E_INPUT,
	    "nor with its name");
	tap_ok(policy_code("witness W ", "W", PV_VKEY_ED25519, 'w') == PV_E_INPUT,
	    "nor with a key that signs no cosignatures");
	tap_ok(policy_code("log ", "uk/orders", PV_VKEY_ED25519, 'u') == PV_OK,
	    "a second log is read");
	tap_ok(policy_code("log ", "uk/orders", PV_VKEY_ED25519, 'l') == PV_E_INPUT,
	    "not with the key of the first");
	pv_buf_add_str(&b,
	    "witness W "
	    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nquorum W\n");
	tap_ok(pv_ok(pv_log_policy_read(&p, pv_buf_slice(&b), a, &err)),
	    "a witness with a key of another type is kept");
	pv_buf_clear(&b);
	while (b.n <= PV_POLICY_MAX)
		pv_buf_add_str(&b, "# policy\n");
	tap_ok(pv_log_policy_read(&p, pv_buf_slice(&b), a, &err).code == PV_E_LIMIT,
	    "a policy has a largest size");
}

static void
test_policy_limits(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const struct pv_log_policy *p;

	for (int i = 0; i < 33; i++) /* of a type of its own, so the id need not fit the key */
		pv_buf_addf(
		    &b, "witness w%d w+%08x+/2Zha2Uga2V5IG51bWJlci%02d\n", i, (unsigned)i, 10 + i);
	for (int i = 0; i < 33; i++)
		pv_buf_addf(&b, "group g%d any w%d\n", i, i);
	pv_buf_add_str(&b, "quorum none\n");
	tap_ok(pv_ok(pv_log_policy_read(&p, pv_buf_slice(&b), a, &err)),
	    "more than 32 witnesses and 32 groups are read");
}

/* ---- verifying ---- */

struct world {
	struct pv_arena *a;
	const struct pv_log_policy *policy;
	struct pv_pair *log;
	struct pv_buf note;
};

static void
make_world(struct world *w, const char *quorum)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_checkpoint c = { .origin = PV_SLICE("co/orders"), .size = 3 };

	*w = (struct world){ .a = pv_arena_new(), .log = pair_of('l') };
	add_policy(&b, quorum);
	tap_ok(pv_ok(pv_log_policy_read(&w->policy, pv_buf_slice(&b), w->a, &err)) &&
		   pv_ok(pv_checkpoint_sign(&w->note, &c, w->log, &err)),
	    "a checkpoint is signed by its log");
}

static void
free_world(struct world *w)
{
	pv_arena_free(w->a);
	pv_pair_free(w->log);
	pv_buf_free(&w->note);
}

static void
cosign(struct world *w, const char *name, char c, uint64_t time_s)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pair_of(c);

	if (!pv_ok(pv_note_cosign(&w->note, pv_slice_of(name), pair, time_s, &err)))
		tap_note("%s", err.what);
}

/* The quorum's time; 0 without a quorum; the code, negative, when the checkpoint is refused. */
static int
quorum_time(struct world *w)
{
	struct pv_checkpoint_seen s;
	struct pv_status st = pv_checkpoint_see(&s, pv_buf_slice(&w->note), w->policy, w->a, &err);

	if (!pv_ok(st))
		return -(int)st.code;
	if (s.quorum !=
	    pv_ok(pv_checkpoint_open(&s, pv_buf_slice(&w->note), w->policy, w->a, &err)))
		return -100;
	return s.quorum ? (int)s.time : 0;
}

static void
test_quorum(void)
{
	PV_AUTO(free_world) struct world w;
	struct pv_checkpoint_seen s;
	char *at;

	make_world(&w, "group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n");
	tap_ok(quorum_time(&w) == 0, "no cosignature, no quorum");
	cosign(&w, "X1", '1', 100);
	cosign(&w, "X2", '2', 300);
	cosign(&w, "X3", '3', 200);
	tap_ok(quorum_time(&w) == 0, "three of X are not both");
	cosign(&w, "Y2", '5', 150);
	tap_ok(quorum_time(&w) == 150, "two of X vouched at 200, and one of Y at 150: both at 150");
	cosign(&w, "Y1", '4', 250);
	tap_ok(quorum_time(&w) == 200, "with another of Y at 250: both at 200");
	cosign(&w, "X1", '1', 400);
	tap_ok(quorum_time(&w) == 250, "when one of X renews, Y holds it back");
	cosign(&w, "stranger", 's', 900);
	tap_ok(quorum_time(&w) == 250, "a stranger does not count");
	tap_ok(pv_ok(pv_checkpoint_open(&s, pv_buf_slice(&w.note), w.policy, w.a, &err)) &&
		   s.witnesses == 5 && s.note.sig_count == 7 && s.checkpoint.size == 3 &&
		   pv_slice_is(s.log.name, "co/orders"),
	    "who signed is told");
	cosign(&w, "X2", 'x', 900);
	tap_ok(quorum_time(&w) == 250, "nor does another key under a witness's name");
	at = memmem(w.note.p, w.note.n, "\xe2\x80\x94 X1 ", 7);
	at[40] = at[40] == 'A' ? 'B' : 'A';
	tap_ok(
	    quorum_time(&w) == -(int)PV_E_UNTRUSTED, "a broken cosignature spoils the checkpoint");
}

static void
test_single(void)
{
	PV_AUTO(free_world) struct world w;
	struct pv_checkpoint_seen s;

	make_world(&w, "quorum none\n");
	tap_ok(pv_ok(pv_checkpoint_open(&s, pv_buf_slice(&w.note), w.policy, w.a, &err)) &&
		   s.quorum && s.time == 0 && s.witnesses == 0,
	    "a policy may ask for no witness");
	cosign(&w, "X1", '1', 100);
	tap_ok(pv_ok(pv_checkpoint_open(&s, pv_buf_slice(&w.note), w.policy, w.a, &err)) &&
		   s.witnesses == 1,
	    "and counts them still");
}

static void
test_made_policy(void)
{
	PV_AUTO(free_world) struct world w;
	PV_AUTO(pv_pair_freep) struct pv_pair *one = pair_of('1');
	PV_AUTO(pv_pair_freep) struct pv_pair *two = pair_of('2');
	struct pv_vkey log,
	    witnesses[2] = { pv_vkey_make(PV_SLICE("X1"), PV_VKEY_COSIGNER, pv_pair_pub(one)),
		    pv_vkey_make(PV_SLICE("X2"), PV_VKEY_COSIGNER, pv_pair_pub(two)) };

	make_world(&w, "quorum none\n");
	log = pv_vkey_make(PV_SLICE("co/orders"), PV_VKEY_ED25519, pv_pair_pub(w.log));
	tap_ok(pv_log_policy_make(&w.policy, &log, witnesses, 2, 3, w.a, &err).code == PV_E_INPUT,
	    "three of two is no quorum");
	tap_ok(pv_ok(pv_log_policy_make(&w.policy, &log, witnesses, 2, 2, w.a, &err)) &&
		   quorum_time(&w) == 0,
	    "two of two are asked");
	cosign(&w, "X1", '1', 100);
	tap_ok(quorum_time(&w) == 0, "one is not enough");
	cosign(&w, "X2", '2', 50);
	tap_ok(quorum_time(&w) == 50, "both are");
	tap_ok(pv_ok(pv_log_policy_make(&w.policy, &log, witnesses, 2, 1, w.a, &err)) &&
		   quorum_time(&w) == 100,
	    "one of two: the newer");
}

static void
test_whose(void)
{
	PV_AUTO(free_world) struct world w;
	PV_AUTO(pv_pair_freep) struct pv_pair *other = pair_of('o');
	PV_AUTO(pv_pair_freep) struct pv_pair *uk = pair_of('u');
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_checkpoint c = { .origin = PV_SLICE("co/orders"), .size = 3 };
	struct pv_checkpoint_seen s;

	make_world(&w, "quorum none\n");
	pv_ignore(pv_checkpoint_sign(&b, &c, other, &err));
	tap_ok(pv_checkpoint_see(&s, pv_buf_slice(&b), w.policy, w.a, &err).code == PV_E_UNTRUSTED,
	    "another key's checkpoint is refused");
	pv_buf_clear(&b);
	c.origin = PV_SLICE("uk/orders");
	pv_ignore(pv_checkpoint_sign(&b, &c, w.log, &err));
	tap_ok(pv_checkpoint_see(&s, pv_buf_slice(&b), w.policy, w.a, &err).code == PV_E_UNTRUSTED,
	    "so is the log's under another origin");
	/* a policy with two logs: one may not sign for the other */
	pv_buf_clear(&b);
	pv_buf_add_str(&b, "log ");
	add_vkey(&b, "co/orders", PV_VKEY_ED25519, 'l');
	pv_buf_add_str(&b, "\nlog ");
	add_vkey(&b, "uk/orders", PV_VKEY_ED25519, 'u');
	pv_buf_add_str(&b, "\nquorum none\n");
	tap_ok(pv_ok(pv_log_policy_read(&w.policy, pv_buf_slice(&b), w.a, &err)),
	    "a policy may have two logs");
	pv_buf_clear(&b);
	c.origin = PV_SLICE("co/orders");
	pv_ignore(pv_checkpoint_write(&b, &c, &err));
	pv_buf_add_c(&b, '\n');
	pv_ignore(pv_note_sign(&b, PV_SLICE("uk/orders"), uk, &err));
	tap_ok(pv_checkpoint_see(&s, pv_buf_slice(&b), w.policy, w.a, &err).code == PV_E_UNTRUSTED,
	    "one does not sign for the other");
	tap_ok(pv_ok(pv_checkpoint_see(&s, pv_buf_slice(&w.note), w.policy, w.a, &err)),
	    "each signs for itself");
	tap_ok(pv_checkpoint_see(&s, PV_SLICE("no note"), w.policy, w.a, &err).code == PV_E_INPUT,
	    "what is no note is refused");
}

int
main(void)
{
	test_text();
	test_bad_text();
	test_policy();
	test_policies();
	test_policy_keys();
	test_policy_limits();
	test_quorum();
	test_single();
	test_made_policy();
	test_whose();
	return tap_done();
}
