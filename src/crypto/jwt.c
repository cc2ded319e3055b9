/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three parts are split at their points and decoded as they came; what is
 * signed is the text before the second point, never something written anew.
 */
#include "crypto/jwt.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/fail.h"
#include "crypto/jwks.h"

#define HEADER_MAX 2048 /* bytes of the header's JSON */
#define TYP_MAX    64
#define P256       32 /* bytes of r, and of s */

static const char *const alg_names[] = { [PV_JWT_NONE] = "none",
	[PV_JWT_ES256] = "ES256",
	[PV_JWT_EDDSA] = "EdDSA",
	[PV_JWT_RS256] = "RS256",
	[PV_JWT_PS256] = "PS256" };

struct pv_jwt {
	enum pv_jwt_alg alg;
	struct pv_buf signed_part, signature, kid, typ;
	struct pv_json *claims;
};

const char *
pv_jwt_alg_name(enum pv_jwt_alg alg)
{
	return alg_names[alg];
}

enum pv_jwt_alg
pv_jwt_alg_of(struct pv_slice name)
{
	for (int i = PV_JWT_ES256; i <= PV_JWT_PS256; i++)
		if (pv_slice_is(name, alg_names[i]))
			return (enum pv_jwt_alg)i;
	return PV_JWT_NONE;
}

void
pv_jwt_free(struct pv_jwt *t)
{
	if (t == NULL)
		return;
	pv_buf_free(&t->signed_part);
	pv_buf_free(&t->signature);
	pv_buf_free(&t->kid);
	pv_buf_free(&t->typ);
	pv_json_free(t->claims);
	pv_free(t);
}

void
pv_jwt_freep(struct pv_jwt **t)
{
	pv_jwt_free(*t);
	*t = NULL;
}

/* ---- reading ---- */

/* "application/at+jwt" and "at+JWT" are "at+jwt" (RFC 7515 4.1.9). */
static void
take_typ(struct pv_jwt *t, struct pv_slice typ)
{
	static const char prefix[] = "application/";

	for (size_t i = 0; i < typ.n; i++) {
		char c = typ.p[i];

		pv_buf_add_c(&t->typ, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	if (t->typ.n > sizeof(prefix) - 1 &&
	    pv_slice_starts(pv_buf_slice(&t->typ), PV_SLICE("application/"))) {
		memmove(t->typ.p, t->typ.p + sizeof(prefix) - 1, t->typ.n - (sizeof(prefix) - 1));
		t->typ.n -= sizeof(prefix) - 1;
	}
}

/* Parameters that change what the signature means, or bring the key along. */
static PV_RESULT
check_header_names(const struct pv_json *doc, struct pv_err *e)
{
	static const char *const refused[] = { "crit", "b64", "zip", "enc", "cty", "jwk", "jku",
		"x5c", "x5u" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (pv_json_member(doc, 0, pv_slice_of(refused[i])) != PV_JSON_NONE)
			return PV_FAIL(e, PV_E_INPUT, "the token's header has \"%s\"", refused[i]);
	return PV_DONE;
}

static PV_RESULT
read_header(struct pv_jwt *t, struct pv_slice json, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *alg, *kid, *typ;

	PV_TRY(pv_json_read(&doc, json, HEADER_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the token's header is no object");
	PV_TRY(check_header_names(doc, e));
	alg = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("alg")));
	kid = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("kid")));
	typ = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("typ")));
	if (alg == NULL || alg->type != PV_JSON_STRING ||
	    (t->alg = pv_jwt_alg_of(alg->text)) == PV_JWT_NONE)
		return PV_FAIL(
		    e, PV_E_INPUT, "the token's algorithm is none of ES256, EdDSA, RS256, PS256");
	if (kid != NULL &&
	    (kid->type != PV_JSON_STRING || kid->text.n == 0 || kid->text.n > PV_KID_MAX))
		return PV_FAIL(
		    e, PV_E_INPUT, "the token's kid is no text of 1 to %d bytes", PV_KID_MAX);
	if (typ != NULL && (typ->type != PV_JSON_STRING || typ->text.n > TYP_MAX))
		return PV_FAIL(e, PV_E_INPUT, "the token's typ is no short text");
	if (kid != NULL)
		pv_buf_add(&t->kid, kid->text);
	if (typ != NULL)
		take_typ(t, typ->text);
	return PV_DONE;
}

static PV_RESULT
read_part(struct pv_buf *out, struct pv_slice part, const char *what, struct pv_err *e)
{
	if (part.n == 0 || !pv_base64_read(out, part, PV_BASE64_URL))
		return PV_FAIL(e, PV_E_INPUT, "the token's %s is not base64url", what);
	return PV_DONE;
}

PV_RESULT
pv_jwt_read(struct pv_jwt **out, struct pv_slice text, struct pv_err *e)
{
	PV_AUTO(pv_jwt_freep) struct pv_jwt *t = PV_NEW(struct pv_jwt);
	PV_AUTO(pv_buf_free) struct pv_buf header = { 0 }, payload = { 0 };
	struct pv_slice part[3], rest = text;
	size_t n = 0;

	if (text.n > PV_JWT_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a token of more than %d bytes", PV_JWT_MAX);
	while (n < 3 && pv_slice_next(&rest, '.', &part[n]))
		n++;
	if (n != 3 || rest.p != NULL)
		return PV_FAIL(e, PV_E_INPUT, "not a signed token: it has not three parts");
	PV_TRY(read_part(&header, part[0], "header", e));
	PV_TRY(read_part(&payload, part[1], "payload", e));
	PV_TRY(read_part(&t->signature, part[2], "signature", e));
	PV_TRY(read_header(t, pv_buf_slice(&header), e));
	PV_TRY(pv_json_read(&t->claims, pv_buf_slice(&payload), PV_JWT_MAX, e));
	if (pv_json_at(t->claims, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "the token's payload is no object");
	pv_buf_add(&t->signed_part, pv_slice_mem(text.p, part[0].n + 1 + part[1].n));
	*out = PV_TAKE(t);
	return PV_DONE;
}

enum pv_jwt_alg
pv_jwt_alg(const struct pv_jwt *t)
{
	return t->alg;
}

struct pv_slice
pv_jwt_kid(const struct pv_jwt *t)
{
	return pv_buf_slice(&t->kid);
}

struct pv_slice
pv_jwt_typ(const struct pv_jwt *t)
{
	return pv_buf_slice(&t->typ);
}

/* ---- verifying ---- */

static bool
verify_der(EVP_PKEY *key, enum pv_jwt_alg alg, struct pv_slice msg, const uint8_t *sig, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	bool good = false;

	PV_CRYPTO_MUST(ctx != NULL, "a signature");
	if (EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, key) == 1 &&
	    (alg != PV_JWT_RS256 || EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PADDING) == 1) &&
	    (alg != PV_JWT_PS256 ||
		(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(how, EVP_sha256()) == 1)))
		good = EVP_DigestVerify(ctx, sig, n, (const uint8_t *)msg.p, msg.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* r and s side by side (RFC 7518 3.4), as libcrypto wants them. */
static bool
verify_es256(EVP_PKEY *key, struct pv_slice msg, struct pv_slice sig)
{
	const uint8_t *raw = (const uint8_t *)sig.p;
	ECDSA_SIG *pair;
	BIGNUM *r, *s;
	uint8_t *der = NULL;
	int n;
	bool good;

	if (sig.n != (size_t)2 * P256)
		return false;
	pair = ECDSA_SIG_new();
	r = BN_bin2bn(raw, P256, NULL);
	s = BN_bin2bn(raw + P256, P256, NULL);
	PV_CRYPTO_MUST(
	    pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1, "ECDSA");
	n = i2d_ECDSA_SIG(pair, &der);
	PV_CRYPTO_MUST(n > 0, "ECDSA");
	good = verify_der(key, PV_JWT_ES256, msg, der, (size_t)n);
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	return good;
}

bool
pv_jwt_verify(const struct pv_jwt *t, const struct pv_jwk *key)
{
	struct pv_slice msg = pv_buf_slice(&t->signed_part), sig = pv_buf_slice(&t->signature);

	if (!pv_jwk_fits(key, t->alg))
		return false;
	switch (t->alg) {
	case PV_JWT_NONE:
		return false;
	case PV_JWT_EDDSA:
		return key->kind == PV_JWK_ED25519 && pv_sign_verify(key->pub, msg, sig);
	case PV_JWT_ES256:
		return key->kind == PV_JWK_P256 && verify_es256(key->key, msg, sig);
	case PV_JWT_RS256:
	case PV_JWT_PS256:
		return key->kind == PV_JWK_RSA && sig.n == (size_t)EVP_PKEY_get_size(key->key) &&
		       verify_der(key->key, t->alg, msg, (const uint8_t *)sig.p, sig.n);
	}
	return false;
}

/* ---- claims ---- */

static const struct pv_json_node *
claim_of(const struct pv_jwt *t, const char *claim)
{
	return pv_json_at(t->claims, pv_json_member(t->claims, 0, pv_slice_of(claim)));
}

struct pv_slice
pv_jwt_text(const struct pv_jwt *t, const char *claim)
{
	const struct pv_json_node *n = claim_of(t, claim);

	return n != NULL && n->type == PV_JSON_STRING ? n->text : PV_NO_SLICE;
}

bool
pv_jwt_has(const struct pv_jwt *t, const char *claim)
{
	return claim_of(t, claim) != NULL;
}

bool
pv_jwt_time(const struct pv_jwt *t, const char *claim, uint64_t *seconds)
{
	const struct pv_json_node *n = claim_of(t, claim);

	if (n == NULL)
		return false;
	if (n->type == PV_JSON_INT && n->integer >= 0) {
		*seconds = (uint64_t)n->integer;
		return true;
	}
	if (n->type == PV_JSON_REAL && n->real >= 0 && n->real < 9007199254740992.0) {
		*seconds = (uint64_t)n->real; /* cut, and it is not negative */
		return true;
	}
	return false;
}

bool
pv_jwt_texts(const struct pv_jwt *t, const char *claim, struct pv_arena *a,
    const struct pv_slice **out, size_t *n)
{
	const struct pv_json_node *c = claim_of(t, claim);
	struct pv_slice *at;

	*out = NULL;
	*n = 0;
	if (c == NULL)
		return true;
	if (c->type == PV_JSON_STRING) {
		at = PV_ARENA_NEW(a, struct pv_slice);
		*at = pv_arena_copy(a, c->text);
		*out = at;
		*n = 1;
		return true;
	}
	if (c->type != PV_JSON_ARRAY)
		return false;
	at = pv_arena_alloc_n(a, c->count, sizeof(*at));
	for (const struct pv_json_node *x = pv_json_at(t->claims, c->first); x != NULL;
	     x = pv_json_at(t->claims, x->next)) {
		if (x->type != PV_JSON_STRING)
			return false;
		at[(*n)++] = pv_arena_copy(a, x->text);
	}
	*out = at;
	return true;
}

PV_RESULT
pv_jwt_check_times(const struct pv_jwt *t, uint64_t now_s, uint64_t skew_s, struct pv_err *e)
{
	uint64_t exp, iat, nbf = 0;

	if (!pv_jwt_time(t, "exp", &exp) || !pv_jwt_time(t, "iat", &iat))
		return PV_FAIL(
		    e, PV_E_INPUT, "the token does not say from when to when (iat, exp)");
	if (pv_jwt_has(t, "nbf") && !pv_jwt_time(t, "nbf", &nbf))
		return PV_FAIL(e, PV_E_INPUT, "the token's nbf is no time");
	if (exp <= iat || exp <= nbf)
		return PV_FAIL(e, PV_E_INPUT, "the token ends before it begins");
	if (now_s >= exp)
		return PV_FAIL(e, PV_E_INPUT, "the token is over");
	if (iat > now_s + skew_s || nbf > now_s + skew_s)
		return PV_FAIL(e, PV_E_INPUT, "the token is of a later time");
	return PV_DONE;
}

/* ---- making ---- */

static void
begin(struct pv_buf *out, enum pv_jwt_alg alg, const char *typ, struct pv_slice kid,
    struct pv_slice claims)
{
	PV_AUTO(pv_buf_free) struct pv_buf header = { 0 };
	struct pv_jsonw w = { .out = &header };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "alg", pv_slice_of(alg_names[alg]));
	if (kid.n != 0)
		pv_jsonw_str(&w, "kid", kid);
	pv_jsonw_str(&w, "typ", pv_slice_of(typ));
	pv_jsonw_end(&w);
	pv_base64_write(out, pv_buf_slice(&header), PV_BASE64_URL);
	pv_buf_add_c(out, '.');
	pv_base64_write(out, claims, PV_BASE64_URL);
}

static void
finish(struct pv_buf *out, const uint8_t *sig, size_t n)
{
	pv_buf_add_c(out, '.');
	pv_base64_write(out, pv_slice_mem(sig, n), PV_BASE64_URL);
}

void
pv_jwt_sign(struct pv_buf *out, const char *typ, struct pv_slice kid, struct pv_slice claims,
    const struct pv_pair *pair)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t sig[PV_SIGN_SIG];

	begin(&b, PV_JWT_EDDSA, typ, kid, claims);
	pv_pair_sign(pair, pv_buf_slice(&b), sig);
	finish(&b, sig, sizeof(sig));
	pv_buf_add(out, pv_buf_slice(&b));
}

static bool
sign_es256(EVP_PKEY *key, struct pv_slice msg, uint8_t sig[2 * P256])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128];
	const uint8_t *p = der;
	size_t n = sizeof(der);
	ECDSA_SIG *pair = NULL;
	bool done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, der, &n, (const uint8_t *)msg.p, msg.n) == 1 &&
		    (pair = d2i_ECDSA_SIG(NULL, &p, (long)n)) != NULL &&
		    BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, P256) == P256 &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + P256, P256) == P256;

	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
	return done;
}

PV_RESULT
pv_jwt_sign_es256(struct pv_buf *out, const char *typ, struct pv_slice kid, struct pv_slice claims,
    const struct pv_secret *pkcs8, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const uint8_t *p = (const uint8_t *)pv_secret_slice(pkcs8).p;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)pv_secret_size(pkcs8));
	uint8_t sig[2 * P256];
	bool signed_it;

	begin(&b, PV_JWT_ES256, typ, kid, claims);
	signed_it = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
		    EVP_PKEY_get_bits(key) == 256 && sign_es256(key, pv_buf_slice(&b), sig);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (!signed_it)
		return PV_FAIL(e, PV_E_CONFIG, "the key does not sign by ES256");
	finish(&b, sig, sizeof(sig));
	pv_buf_add(out, pv_buf_slice(&b));
	return PV_DONE;
}
