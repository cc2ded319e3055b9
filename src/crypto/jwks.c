/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of JSON Web Keys (RFC 7517, 7518 6, 8037). */
#include "crypto/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/fail.h"

#define RSA_MIN 256 /* bytes of the modulus: 2,048 bits */
#define RSA_MAX 1024
#define P256    32

struct pv_jwks {
	struct pv_jwk *at;
	size_t n;
};

void
pv_jwks_free(struct pv_jwks *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		pv_buf_free(&s->at[i].kid);
		EVP_PKEY_free(s->at[i].key);
	}
	pv_free(s->at);
	pv_free(s);
}

void
pv_jwks_freep(struct pv_jwks **s)
{
	pv_jwks_free(*s);
	*s = NULL;
}

size_t
pv_jwks_count(const struct pv_jwks *s)
{
	return s->n;
}

bool
pv_jwk_fits(const struct pv_jwk *k, enum pv_jwt_alg alg)
{
	if (k->alg != PV_JWT_NONE)
		return k->alg == alg;
	switch (alg) {
	case PV_JWT_NONE:
		return false;
	case PV_JWT_ES256:
		return k->kind == PV_JWK_P256;
	case PV_JWT_EDDSA:
		return k->kind == PV_JWK_ED25519;
	case PV_JWT_RS256:
	case PV_JWT_PS256:
		return k->kind == PV_JWK_RSA;
	}
	return false;
}

const struct pv_jwk *
pv_jwks_find(const struct pv_jwks *s, struct pv_slice kid, enum pv_jwt_alg alg)
{
	const struct pv_jwk *only = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct pv_jwk *k = &s->at[i];

		if (kid.n != 0 && k->kid.n != 0 && pv_slice_eq(pv_buf_slice(&k->kid), kid))
			return pv_jwk_fits(k, alg) ? k : NULL;
		if (kid.n != 0 || !pv_jwk_fits(k, alg))
			continue;
		if (only != NULL)
			return NULL; /* which one is not said */
		only = k;
	}
	return only;
}

/* ---- one key ---- */

static struct pv_slice
text_of(const struct pv_json *doc, uint32_t node, const char *name)
{
	const struct pv_json_node *n =
	    pv_json_at(doc, pv_json_member(doc, node, pv_slice_of(name)));

	return n != NULL && n->type == PV_JSON_STRING ? n->text : PV_NO_SLICE;
}

static bool
has(const struct pv_json *doc, uint32_t node, const char *name)
{
	return pv_json_member(doc, node, pv_slice_of(name)) != PV_JSON_NONE;
}

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM_BLD *b)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	PV_CRYPTO_MUST(params != NULL && ctx != NULL, type);
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* The curve's points alone: libcrypto looks whether it is one. */
static bool
is_valid(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool valid = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return valid;
}

static EVP_PKEY *
read_p256(const struct pv_json *doc, uint32_t node)
{
	PV_AUTO(pv_buf_free) struct pv_buf point = { 0 };
	OSSL_PARAM_BLD *b;
	EVP_PKEY *key;

	if (!pv_slice_is(text_of(doc, node, "crv"), "P-256"))
		return NULL;
	pv_buf_add_c(&point, 4); /* not compressed */
	if (!pv_base64_read(&point, text_of(doc, node, "x"), PV_BASE64_URL) ||
	    point.n != 1 + P256 ||
	    !pv_base64_read(&point, text_of(doc, node, "y"), PV_BASE64_URL) ||
	    point.n != 1 + 2 * P256)
		return NULL;
	b = OSSL_PARAM_BLD_new();
	PV_CRYPTO_MUST(
	    b != NULL &&
		OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
		    1 &&
		OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1,
	    "EC");
	key = make_key("EC", b);
	OSSL_PARAM_BLD_free(b);
	if (key != NULL && !is_valid(key)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static EVP_PKEY *
read_rsa(const struct pv_json *doc, uint32_t node)
{
	PV_AUTO(pv_buf_free) struct pv_buf n = { 0 }, x = { 0 };
	BIGNUM *modulus, *exponent;
	OSSL_PARAM_BLD *b;
	EVP_PKEY *key;

	if (!pv_base64_read(&n, text_of(doc, node, "n"), PV_BASE64_URL) || n.n < RSA_MIN ||
	    n.n > RSA_MAX || ((uint8_t)n.p[0] & 0x80) == 0 || (n.p[n.n - 1] & 1) == 0)
		return NULL;
	/* an odd exponent from 3 to 2^32 */
	if (!pv_base64_read(&x, text_of(doc, node, "e"), PV_BASE64_URL) || x.n == 0 || x.n > 4 ||
	    x.p[0] == 0 || (x.p[x.n - 1] & 1) == 0 || (x.n == 1 && x.p[0] == 1))
		return NULL;
	modulus = BN_bin2bn((const uint8_t *)n.p, (int)n.n, NULL);
	exponent = BN_bin2bn((const uint8_t *)x.p, (int)x.n, NULL);
	b = OSSL_PARAM_BLD_new();
	PV_CRYPTO_MUST(modulus != NULL && exponent != NULL && b != NULL &&
			   OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
			   OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, exponent) == 1,
	    "RSA");
	key = make_key("RSA", b);
	OSSL_PARAM_BLD_free(b);
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

static bool
read_ed25519(const struct pv_json *doc, uint32_t node, uint8_t pub[PV_SIGN_PUB])
{
	PV_AUTO(pv_buf_free) struct pv_buf x = { 0 };

	if (!pv_slice_is(text_of(doc, node, "crv"), "Ed25519") ||
	    !pv_base64_read(&x, text_of(doc, node, "x"), PV_BASE64_URL) || x.n != PV_SIGN_PUB)
		return false;
	memcpy(pub, x.p, PV_SIGN_PUB);
	return pv_sign_pub_ok(pub);
}

/* use is sig or not said; key_ops, when said, has verify. */
static bool
for_verifying(const struct pv_json *doc, uint32_t node)
{
	const struct pv_json_node *ops =
	    pv_json_at(doc, pv_json_member(doc, node, PV_SLICE("key_ops")));

	if (has(doc, node, "use") && !pv_slice_is(text_of(doc, node, "use"), "sig"))
		return false;
	if (ops == NULL)
		return true;
	if (ops->type != PV_JSON_ARRAY)
		return false;
	for (const struct pv_json_node *op = pv_json_at(doc, ops->first); op != NULL;
	     op = pv_json_at(doc, op->next))
		if (op->type == PV_JSON_STRING && pv_slice_is(op->text, "verify"))
			return true;
	return false;
}

/* false: not a key for us, to be passed over. */
static bool
read_key(const struct pv_json *doc, uint32_t node, struct pv_jwk *k)
{
	struct pv_slice kty, alg, kid;

	if (pv_json_at(doc, node)->type != PV_JSON_OBJECT)
		return false;
	kty = text_of(doc, node, "kty");
	alg = text_of(doc, node, "alg");
	kid = text_of(doc, node, "kid");
	if (!for_verifying(doc, node) || has(doc, node, "d") || kid.n > PV_KID_MAX ||
	    (has(doc, node, "kid") && kid.n == 0))
		return false; /* a private key that is shown around verifies nothing */
	if (has(doc, node, "alg") && (k->alg = pv_jwt_alg_of(alg)) == PV_JWT_NONE)
		return false;
	if (pv_slice_is(kty, "EC") && (k->key = read_p256(doc, node)) != NULL)
		k->kind = PV_JWK_P256;
	else if (pv_slice_is(kty, "RSA") && (k->key = read_rsa(doc, node)) != NULL)
		k->kind = PV_JWK_RSA;
	else if (pv_slice_is(kty, "OKP") && read_ed25519(doc, node, k->pub))
		k->kind = PV_JWK_ED25519;
	else
		return false;
	if (k->alg != PV_JWT_NONE) {
		struct pv_jwk by_kind = *k;

		by_kind.alg = PV_JWT_NONE;
		if (!pv_jwk_fits(&by_kind, k->alg)) {
			EVP_PKEY_free(k->key);
			k->key = NULL;
			return false;
		}
	}
	pv_buf_add(&k->kid, kid);
	return true;
}

static PV_RESULT
check_kids(const struct pv_jwks *s, struct pv_err *e)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < i; k++)
			if (s->at[i].kid.n != 0 &&
			    pv_slice_eq(pv_buf_slice(&s->at[i].kid), pv_buf_slice(&s->at[k].kid)))
				return PV_FAIL(e, PV_E_INPUT, "two keys have the kid \"%.*s\"",
				    PV_FMT(pv_buf_slice(&s->at[i].kid)));
	return PV_DONE;
}

PV_RESULT
pv_jwks_read(struct pv_jwks **out, struct pv_slice json, struct pv_err *e)
{
	PV_AUTO(pv_jwks_freep) struct pv_jwks *s = PV_NEW(struct pv_jwks);
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *keys;

	PV_TRY(pv_json_read(&doc, json, PV_JWKS_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "a set of keys is an object");
	keys = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("keys")));
	if (keys == NULL || keys->type != PV_JSON_ARRAY)
		return pv_within(PV_FAIL(e, PV_E_INPUT, "a list is wanted"), e, "keys");
	s->at = pv_alloc_n(PV_JWKS_KEYS, sizeof(*s->at));
	for (uint32_t i = keys->first; i != PV_JSON_NONE && s->n < PV_JWKS_KEYS;
	     i = pv_json_at(doc, i)->next) {
		s->at[s->n] = (struct pv_jwk){ 0 };
		s->n += read_key(doc, i, &s->at[s->n]) ? 1 : 0;
	}
	ERR_clear_error(); /* of keys that were passed over */
	PV_TRY(check_kids(s, e));
	*out = PV_TAKE(s);
	return PV_DONE;
}

/* ---- our own ---- */

struct pv_jwks *
pv_jwks_of(struct pv_slice kid, const uint8_t pub[PV_SIGN_PUB])
{
	struct pv_jwks *s = PV_NEW(struct pv_jwks);

	s->at = PV_NEW(struct pv_jwk);
	s->n = 1;
	s->at->kind = PV_JWK_ED25519;
	s->at->alg = PV_JWT_EDDSA;
	memcpy(s->at->pub, pub, PV_SIGN_PUB);
	pv_buf_add(&s->at->kid, kid);
	return s;
}

void
pv_jwk_write(struct pv_buf *out, struct pv_slice kid, const uint8_t pub[PV_SIGN_PUB])
{
	PV_AUTO(pv_buf_free) struct pv_buf x = { 0 };
	struct pv_jsonw w = { .out = out };

	pv_base64_write(&x, pv_slice_mem(pub, PV_SIGN_PUB), PV_BASE64_URL);
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "alg", PV_SLICE("EdDSA"));
	pv_jsonw_str(&w, "crv", PV_SLICE("Ed25519"));
	pv_jsonw_str(&w, "kid", kid);
	pv_jsonw_str(&w, "kty", PV_SLICE("OKP"));
	pv_jsonw_str(&w, "use", PV_SLICE("sig"));
	pv_jsonw_str(&w, "x", pv_buf_slice(&x));
	pv_jsonw_end(&w);
}
