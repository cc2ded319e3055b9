/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/share.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "tap.h"

#define POLICY PV_SLICE("eyJ1dWlkIjoieCIsImJvZHkiOnt9fQ==")

struct keys {
	struct pv_wrap_key *kas[2], *other[2]; /* RSA, P-256 */
	struct pv_env env;
};

static const char *const kinds[2] = { "RSA", "P-256" };

static struct pv_access
wrapped(const struct keys *k, unsigned kind, const struct pv_secret *share, struct pv_arena *a)
{
	struct pv_kas_pub to = { .url = PV_SLICE("https://a/kas"),
		.key = pv_wrap_key_pub(k->kas[kind]) };
	struct pv_access access = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_share_wrap(&access, share, &to, POLICY, &k->env, a, &e)))
		tap_ok(false, "a share is wrapped: %s", e.what);
	return access;
}

/* From who seals, through the KAS, to who opens. */
static void
test_way(const struct keys *k, unsigned kas, unsigned client)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_random(&k->env, PV_SHARE);
	PV_AUTO(pv_secret_freep) struct pv_secret *at_kas = NULL, *at_client = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 }, session = { 0 }, pem = { 0 };
	struct pv_access access = wrapped(k, kas, share, a);
	struct pv_kas own = { .url = PV_SLICE("https://a/kas"), .key = k->kas[kas] };
	struct pv_err e = { 0 };
	bool ok = pv_ok(pv_share_unwrap(&at_kas, &own, &access, POLICY, &e));

	tap_ok(
	    ok && pv_secret_eq(share, at_kas), "a share wrapped to %s reaches its KAS", kinds[kas]);
	if (!ok)
		return;
	pv_wrap_pub_write(&pem, pv_wrap_key_pub(k->other[client]));
	ok = pv_ok(pv_share_rewrap(&answer, &session, at_kas, pv_buf_slice(&pem), &k->env, &e)) &&
	     pv_ok(pv_share_receive(
		 &at_client, k->other[client], pv_buf_slice(&answer), pv_buf_slice(&session), &e));
	tap_ok(ok && pv_secret_eq(share, at_client), "and from there a client's %s key",
	    kinds[client]);
	tap_ok((session.n > 0) == (client == 1), "with a session key for P-256 alone");
	pv_secret_freep(&at_client);
	tap_ok(!pv_ok(pv_share_receive(&at_client, k->kas[client], pv_buf_slice(&answer),
		   pv_buf_slice(&session), &e)) &&
		   e.code == PV_E_UNTRUSTED && at_client == NULL,
	    "which another key does not open");
}

/* What is changed, and whether that may be told. */
enum what {
	W_NOTHING,
	W_POLICY,
	W_BINDING,
	W_NO_BINDING,
	W_WRAPPED,
	W_SHORT,
	W_NO_BASE64,
	W_EPHEMERAL,
	W_KID,
	W_NO_KID,
	W_URL,
	W_TYPE
};

static const struct {
	const char *name;
	enum what what;
	enum pv_code code;
} changes[] = {
	{ "nothing changed", W_NOTHING, PV_OK },
	{ "another policy", W_POLICY, PV_E_UNTRUSTED },
	{ "another binding", W_BINDING, PV_E_UNTRUSTED },
	{ "no binding", W_NO_BINDING, PV_E_UNTRUSTED },
	{ "another share", W_WRAPPED, PV_E_UNTRUSTED },
	{ "a share cut short", W_SHORT, PV_E_UNTRUSTED },
	{ "a share that is no base64", W_NO_BASE64, PV_E_UNTRUSTED },
	{ "another ephemeral key", W_EPHEMERAL, PV_E_UNTRUSTED },
	{ "another key id", W_KID, PV_E_INPUT },
	{ "no key id", W_NO_KID, PV_E_INPUT },
	{ "another KAS", W_URL, PV_E_INPUT },
	{ "another type", W_TYPE, PV_E_INPUT },
};

static void
change(struct pv_access *x, struct pv_slice *policy, const struct pv_access *second, enum what what)
{
	switch (what) {
	case W_NOTHING:
		break;
	case W_POLICY:
		*policy = PV_SLICE("eyJ1dWlkIjoieSIsImJvZHkiOnt9fQ==");
		break;
	case W_BINDING:
		x->binding = second->binding;
		break;
	case W_NO_BINDING:
		x->binding = PV_NO_SLICE;
		break;
	case W_WRAPPED:
		x->wrapped = second->wrapped;
		x->ephemeral = second->ephemeral;
		break;
	case W_SHORT:
		x->wrapped.n -= 4;
		break;
	case W_NO_BASE64:
		x->wrapped.n -= 1;
		break;
	case W_EPHEMERAL:
		x->ephemeral = second->ephemeral;
		break;
	case W_KID:
		x->kid = PV_SLICE("0123456789abcdef");
		break;
	case W_NO_KID:
		x->kid = PV_NO_SLICE;
		break;
	case W_URL:
		x->url = PV_SLICE("https://b/kas");
		break;
	case W_TYPE:
		x->type = x->type == PV_ACCESS_EC ? PV_ACCESS_RSA : PV_ACCESS_EC;
		break;
	}
}

static void
test_changes(const struct keys *k, unsigned kind)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_random(&k->env, PV_SHARE);
	PV_AUTO(pv_secret_freep) struct pv_secret *other = pv_secret_random(&k->env, PV_SHARE);
	struct pv_access first = wrapped(k, kind, share, a), second = wrapped(k, kind, other, a);
	struct pv_kas own = { .url = PV_SLICE("https://a/kas"), .key = k->kas[kind] };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		PV_AUTO(pv_secret_freep) struct pv_secret *got = NULL;
		struct pv_access x = first;
		struct pv_slice policy = POLICY;
		struct pv_err e = { 0 };
		enum pv_code code;

		if (kind == 0 && changes[i].what == W_EPHEMERAL)
			continue; /* RSA has none */
		change(&x, &policy, &second, changes[i].what);
		code = pv_share_unwrap(&got, &own, &x, policy, &e).code;
		if (!tap_ok(code == changes[i].code && (got != NULL) == (code == PV_OK),
			"%s: %s is %s", kinds[kind], changes[i].name,
			changes[i].code == PV_OK ? "taken" : "refused"))
			tap_note("code %d: %s", code, e.what);
		if (code == PV_E_UNTRUSTED)
			tap_ok(strcmp(e.what, "bad request") == 0 && e.field[0] == '\0' &&
				   e.fix[0] == '\0',
			    "%s: and not told apart", kinds[kind]);
	}
}

static void
test_options(const struct keys *k)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_random(&k->env, PV_SHARE);
	PV_AUTO(pv_secret_freep) struct pv_secret *got = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 }, session = { 0 };
	struct pv_kas own = { .kid = PV_SLICE("r1"), .kidless = true, .key = k->kas[0] };
	struct pv_access x = wrapped(k, 0, share, a);
	struct pv_err e = { 0 };

	x.kid = PV_SLICE("r1");
	tap_ok(pv_ok(pv_share_unwrap(&got, &own, &x, POLICY, &e)), "a KAS may name its key");
	pv_secret_freep(&got);
	x.kid = PV_NO_SLICE;
	tap_ok(
	    pv_ok(pv_share_unwrap(&got, &own, &x, POLICY, &e)), "and serve objects without a kid");
	tap_ok(!pv_ok(pv_share_rewrap(&out, &session, share, PV_SLICE("no key"), &k->env, &e)) &&
		   out.n == 0,
	    "an answer needs a client's key");
}

/* RFC 2104 by another program: printf POLICY | openssl dgst -sha256 -mac HMAC -macopt hexkey:00..1f */
static void
test_vector(void)
{
	static const char want[] =
	    "6066135115643e2db06f7c3af048de32e84783fe0fee13a2f883fe1e89ed664b";
	PV_AUTO(pv_secret_freep) struct pv_secret *share = pv_secret_new(PV_SHARE);
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_access x = { 0 };
	struct pv_err e = { 0 };

	for (unsigned i = 0; i < PV_SHARE; i++)
		pv_secret_bytes(share)[i] = (uint8_t)i;
	pv_base64_write(&text, PV_SLICE(want), PV_BASE64);
	x.binding = pv_buf_slice(&text);
	tap_ok(pv_ok(pv_share_check(share, &x, POLICY, &e)),
	    "a binding is the HMAC of the policy's base64 text");
}

static void
test_join(const struct pv_env *env)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *one = pv_secret_random(env, PV_SHARE);
	PV_AUTO(pv_secret_freep) struct pv_secret *two = pv_secret_random(env, PV_SHARE);
	const struct pv_secret *shares[3] = { one, two, one };
	PV_AUTO(pv_secret_freep) struct pv_secret *all = pv_share_join(shares, 3);
	PV_AUTO(pv_secret_freep) struct pv_secret *first = pv_share_join(shares, 1);
	PV_AUTO(pv_secret_freep) struct pv_secret *both = pv_share_join(shares, 2);

	tap_ok(pv_secret_eq(first, one), "the join of one share is the share");
	tap_ok(pv_secret_eq(all, two), "joined twice a share is gone");
	tap_ok(!pv_secret_eq(both, one) && !pv_secret_eq(both, two), "two shares make another key");
}

int
main(void)
{
	struct keys k = { .env = pv_env_system() };
	struct pv_err e = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		enum pv_key_kind kind = i == 0 ? PV_KEY_RSA : PV_KEY_P256;

		if (!pv_ok(pv_wrap_key_new(&k.kas[i], kind, &e)) ||
		    !pv_ok(pv_wrap_key_new(&k.other[i], kind, &e)))
			return 99;
	}
	for (unsigned i = 0; i < 4; i++)
		test_way(&k, i / 2, i % 2);
	test_changes(&k, 0);
	test_changes(&k, 1);
	test_options(&k);
	test_vector();
	test_join(&k.env);
	for (unsigned i = 0; i < 2; i++) {
		pv_wrap_key_free(k.kas[i]);
		pv_wrap_key_free(k.other[i]);
	}
	return tap_done();
}
