/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: vectors of RFC 7515, what others sign, and the attacks of RFC 8725. */
#include "crypto/jwt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "tap.h"

static struct pv_arena *arena;
static EVP_PKEY *rsa;
static struct pv_pair *pair;
static struct pv_secret *p256; /* PKCS #8 */

#define CLAIMS "{\"iss\":\"co\",\"iat\":1000,\"exp\":2000}"
#define EC_JWK                                                        \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\"," \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","      \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
#define EC_SIGNED                                                           \
	"eyJhbGciOiJFUzI1NiJ9"                                              \
	".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" \
	"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define EC_SIG                                                             \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA" \
	"pmWQxfKTUJqPP3-Kg6NU1Q"
#define RSA_N                                                               \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-" \
	"Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG" \
	"6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9" \
	"e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT" \
	"6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDT" \
	"W9gb54h4FRWyuXpoQ"
#define RSA_SIGNED                                                          \
	"eyJhbGciOiJSUzI1NiJ9"                                              \
	".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" \
	"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RSA_SIG                                                            \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" \
	"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" \
	"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K" \
	"0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" \
	"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" \
	"p0igcN_IoypGlUPQGe77Rw"

/* ---- helpers ---- */

static struct pv_jwks *
keys(const char *json)
{
	struct pv_jwks *s = NULL;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_jwks_read(&s, pv_slice_of(json), &e)))
		tap_note("keys: %s", e.what);
	return s;
}

/* Read, found, verified. */
static bool
verifies(struct pv_slice token, const struct pv_jwks *s)
{
	PV_AUTO(pv_jwt_freep) struct pv_jwt *t = NULL;
	const struct pv_jwk *k;
	struct pv_err e = { 0 };

	if (s == NULL || !pv_ok(pv_jwt_read(&t, token, &e)))
		return false;
	k = pv_jwks_find(s, pv_jwt_kid(t), pv_jwt_alg(t));
	return k != NULL && pv_jwt_verify(t, k);
}

static bool
verifies_with(struct pv_slice token, const char *json)
{
	struct pv_jwks *s = keys(json);
	bool good = verifies(token, s);

	pv_jwks_free(s);
	return good;
}

static struct pv_slice
b64(struct pv_slice raw)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_base64_write(&b, raw, PV_BASE64_URL);
	return pv_arena_copy(arena, pv_buf_slice(&b));
}

static struct pv_slice
unsigned_token(const char *header, const char *claims)
{
	struct pv_slice h = b64(pv_slice_of(header)), c = b64(pv_slice_of(claims));

	return pv_arena_printf(arena, "%.*s.%.*s", PV_FMT(h), PV_FMT(c));
}

static struct pv_slice
with_signature(struct pv_slice token, struct pv_slice sig)
{
	struct pv_slice s = b64(sig);

	return pv_arena_printf(arena, "%.*s.%.*s", PV_FMT(token), PV_FMT(s));
}

static struct pv_slice
sign_rsa(const char *header, const char *claims, bool pss, int salt)
{
	struct pv_slice token = unsigned_token(header, claims);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	uint8_t sig[1024];
	size_t n = sizeof(sig);
	bool done = EVP_DigestSignInit(ctx, &how, EVP_sha256(), NULL, rsa) == 1 &&
		    (!pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
				 EVP_PKEY_CTX_set_rsa_pss_saltlen(how, salt) == 1)) &&
		    EVP_DigestSign(ctx, sig, &n, (const uint8_t *)token.p, token.n) == 1;

	EVP_MD_CTX_free(ctx);
	if (!done)
		tap_ok(false, "a test signs");
	return with_signature(token, pv_slice_mem(sig, n));
}

static struct pv_slice
number(const char *name)
{
	BIGNUM *v = NULL;
	uint8_t raw[1024];
	int n;

	if (EVP_PKEY_get_bn_param(rsa, name, &v) != 1)
		return PV_NO_SLICE;
	n = BN_bn2bin(v, raw);
	BN_free(v);
	return b64(pv_slice_mem(raw, (size_t)n));
}

static const char *
rsa_jwk(const char *more)
{
	struct pv_slice n = number("n");

	return pv_arena_printf(arena,
	    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"AQAB\",\"kid\":\"r\"%s}]}",
	    PV_FMT(n), more)
	    .p;
}

static struct pv_slice
sign_ed(const char *header, const char *claims)
{
	struct pv_slice token = unsigned_token(header, claims);
	uint8_t sig[PV_SIGN_SIG];

	pv_pair_sign(pair, token, sig);
	return with_signature(token, pv_slice_mem(sig, sizeof(sig)));
}

static const char *
ed_jwk(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_buf_add_str(&b, "{\"keys\":[");
	pv_jwk_write(&b, PV_SLICE("e"), pv_pair_pub(pair));
	pv_buf_add_str(&b, "]}");
	return pv_arena_str(arena, pv_buf_slice(&b));
}

static struct pv_slice
public_point(void)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *k = NULL;
	struct pv_err e;
	struct pv_slice spki;

	if (!pv_ok(pv_wrap_key_read(&k, p256, &e)))
		return PV_NO_SLICE;
	spki = pv_wrap_pub_spki(pv_wrap_key_pub(k));
	return pv_arena_copy(arena, pv_slice_sub(spki, spki.n - 64, spki.n));
}

static const char *
ec_jwk(const char *more)
{
	struct pv_slice point = public_point(), x = b64(pv_slice_sub(point, 0, 32)),
			y = b64(pv_slice_sub(point, 32, 64));

	return pv_arena_printf(arena,
	    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\","
	    "\"kid\":\"c\"%s}]}",
	    PV_FMT(x), PV_FMT(y), more)
	    .p;
}

/* ---- what verifies ---- */

static void
vectors(void)
{
	struct pv_buf token = { 0 };
	struct pv_err e = { 0 };
	char other[] = EC_SIG;

	tap_ok(verifies_with(PV_SLICE(EC_SIGNED "." EC_SIG), EC_JWK), "RFC 7515 A.3 verifies");
	other[5] = other[5] == 'A' ? 'B' : 'A';
	tap_ok(!verifies_with(pv_arena_printf(arena, EC_SIGNED ".%s", other), EC_JWK),
	    "with a letter of its signature changed it does not");
	tap_ok(verifies_with(PV_SLICE(RSA_SIGNED "." RSA_SIG),
		   "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}]}"),
	    "RFC 7515 A.2 verifies");
	tap_ok(verifies_with(
		   sign_rsa("{\"alg\":\"RS256\",\"kid\":\"r\"}", CLAIMS, false, 0), rsa_jwk("")),
	    "RS256 verifies");
	tap_ok(verifies_with(
		   sign_rsa("{\"alg\":\"PS256\",\"kid\":\"r\"}", CLAIMS, true, 32), rsa_jwk("")),
	    "PS256 verifies");
	tap_ok(verifies_with(sign_ed("{\"alg\":\"EdDSA\"}", CLAIMS), ed_jwk()), "EdDSA verifies");
	pv_jwt_sign(&token, "JWT", PV_SLICE("e"), PV_SLICE(CLAIMS), pair);
	tap_ok(verifies_with(pv_buf_slice(&token), ed_jwk()), "ours by EdDSA verifies");
	pv_buf_clear(&token);
	tap_ok(pv_ok(pv_jwt_sign_es256(&token, "JWT", PV_SLICE("c"), PV_SLICE(CLAIMS), p256, &e)) &&
		   verifies_with(pv_buf_slice(&token), ec_jwk("")),
	    "ours by ES256 verifies");
	tap_ok(!verifies_with(pv_buf_slice(&token), EC_JWK), "under another key it does not");
	token.p[30] = token.p[30] == 'A' ? 'B' : 'A';
	tap_ok(!verifies_with(pv_buf_slice(&token), ec_jwk("")), "changed it does not");
	pv_buf_free(&token);
}

/* ---- algorithms ---- */

static void
algorithms(void)
{
	struct pv_slice token, n = number("n");
	uint8_t mac[PV_HASH];
	struct pv_buf der = { 0 }, raw = { 0 };

	tap_ok(!verifies_with(unsigned_token("{\"alg\":\"none\"}", CLAIMS), ed_jwk()),
	    "none, without a third part, is refused");
	token =
	    pv_arena_printf(arena, "%.*s.", PV_FMT(unsigned_token("{\"alg\":\"none\"}", CLAIMS)));
	tap_ok(!verifies_with(token, ed_jwk()), "none with an empty signature is refused");
	token = unsigned_token("{\"alg\":\"HS256\",\"kid\":\"r\"}", CLAIMS);
	pv_hmac(n, token, mac);
	tap_ok(!verifies_with(with_signature(token, pv_slice_mem(mac, sizeof(mac))), rsa_jwk("")),
	    "an RSA key is no key of HS256");
	tap_ok(!verifies_with(with_signature(token, pv_slice_mem(mac, sizeof(mac))),
		   "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"r\"}]}"),
	    "a symmetric key is no key at all");
	tap_ok(!verifies_with(sign_rsa("{\"alg\":\"RS256\",\"kid\":\"r\"}", CLAIMS, false, 0),
		   rsa_jwk(",\"alg\":\"PS256\"")),
	    "a key for PS256 verifies no RS256");
	tap_ok(!verifies_with(
		   sign_rsa("{\"alg\":\"PS256\",\"kid\":\"r\"}", CLAIMS, false, 0), rsa_jwk("")),
	    "RS256 is no PS256");
	tap_ok(!verifies_with(
		   sign_rsa("{\"alg\":\"PS256\",\"kid\":\"r\"}", CLAIMS, true, 20), rsa_jwk("")),
	    "nor is PSS with a salt of another length");
	tap_ok(!verifies_with(
		   sign_rsa("{\"alg\":\"ES256\",\"kid\":\"r\"}", CLAIMS, false, 0), rsa_jwk("")),
	    "an RSA key verifies no ES256");
	tap_ok(!verifies_with(sign_ed("{\"alg\":\"ES256\",\"kid\":\"e\"}", CLAIMS), ed_jwk()),
	    "an Ed25519 key verifies no ES256");
	tap_ok(!verifies_with(sign_ed("{\"alg\":\"eddsa\"}", CLAIMS), ed_jwk()),
	    "the name of an algorithm is spelt as it is");

	/* the signature of A.3 as libcrypto and many tools have it */
	pv_base64_read(&raw, PV_SLICE(EC_SIG), PV_BASE64_URL);
	pv_buf_add_mem(&der, "\x30\x45\x02\x20", 4);
	pv_buf_add_mem(&der, raw.p, 32);
	pv_buf_add_mem(&der, "\x02\x21\x00", 3);
	pv_buf_add_mem(&der, raw.p + 32, 32);
	tap_ok(!verifies_with(with_signature(PV_SLICE(EC_SIGNED), pv_buf_slice(&der)), EC_JWK),
	    "ES256 in DER is refused");
	memset(raw.p, 0, raw.n);
	tap_ok(!verifies_with(with_signature(PV_SLICE(EC_SIGNED), pv_buf_slice(&raw)), EC_JWK),
	    "ES256 with r and s zero is refused");
	pv_buf_free(&raw);
	pv_buf_free(&der);
}

/* ---- form ---- */

static void
forms(void)
{
	static const struct {
		const char *header, *claims, *name;
	} rows[] = {
		{ "{\"alg\":\"EdDSA\",\"crit\":[\"exp\"],\"exp\":1}", CLAIMS, "crit" },
		{ "{\"alg\":\"EdDSA\",\"b64\":true}", CLAIMS, "b64" },
		{ "{\"alg\":\"EdDSA\",\"jku\":\"https://evil.example/keys\"}", CLAIMS, "jku" },
		{ "{\"alg\":\"EdDSA\",\"x5u\":\"https://evil.example/c\"}", CLAIMS, "x5u" },
		{ "{\"alg\":\"EdDSA\",\"x5c\":[\"AAAA\"]}", CLAIMS, "x5c" },
		{ "{\"alg\":\"EdDSA\",\"jwk\":{\"kty\":\"OKP\"}}", CLAIMS, "a key of its own" },
		{ "{\"alg\":\"EdDSA\",\"zip\":\"DEF\"}", CLAIMS, "zip" },
		{ "{\"alg\":\"EdDSA\",\"cty\":\"JWT\"}", CLAIMS, "a nested token" },
		{ "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", CLAIMS, "alg twice" },
		{ "{\"alg\":\"EdDSA\",\"kid\":7}", CLAIMS, "a kid that is a number" },
		{ "{\"alg\":\"EdDSA\",\"kid\":\"\"}", CLAIMS, "an empty kid" },
		{ "{\"alg\":[\"EdDSA\"]}", CLAIMS, "a list of algorithms" },
		{ "[\"EdDSA\"]", CLAIMS, "a header that is no object" },
		{ "{\"alg\":\"EdDSA\"}", "{\"iss\":\"co\",\"iss\":\"us\"}", "a claim twice" },
		{ "{\"alg\":\"EdDSA\"}", "[1]", "claims that are no object" },
		{ "{\"alg\":\"EdDSA\"}", "{\"iss\":\"co\"} ", NULL },
		{ "{\"alg\":\"EdDSA\"}", "{\"iss\":\"co\"}x", "something after the claims" },
	};
	struct pv_slice good = sign_ed("{\"alg\":\"EdDSA\"}", CLAIMS), longer;
	struct pv_buf b = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tap_ok(verifies_with(sign_ed(rows[i].header, rows[i].claims), ed_jwk()) ==
			   (rows[i].name == NULL),
		    "%s is %s", rows[i].name != NULL ? rows[i].name : "a blank at the end",
		    rows[i].name != NULL ? "refused" : "fine");
	tap_ok(verifies_with(good, ed_jwk()), "as it is it verifies");
	tap_ok(!verifies_with(pv_arena_printf(arena, "%.*s=", PV_FMT(good)), ed_jwk()),
	    "padded it is refused");
	tap_ok(!verifies_with(pv_arena_printf(arena, " %.*s", PV_FMT(good)), ed_jwk()),
	    "with a blank before it it is refused");
	tap_ok(!verifies_with(pv_arena_printf(arena, "%.*s.", PV_FMT(good)), ed_jwk()) &&
		   !verifies_with(pv_arena_printf(arena, "%.*s.AA.AA", PV_FMT(good)), ed_jwk()),
	    "with more parts it is refused");
	longer = pv_arena_copy(arena, good);
	tap_ok(
	    !verifies_with(pv_slice_sub(longer, 0, longer.n - 1), ed_jwk()), "cut it is refused");
	pv_buf_add_str(&b, "{\"iss\":\"");
	for (size_t i = 0; i < PV_JWT_MAX; i++)
		pv_buf_add_c(&b, 'a');
	pv_buf_add_str(&b, "\"}");
	tap_ok(!verifies_with(sign_ed("{\"alg\":\"EdDSA\"}", pv_buf_str(&b)), ed_jwk()),
	    "a huge token is refused");
	pv_buf_free(&b);
	tap_ok(!verifies_with(PV_NO_SLICE, ed_jwk()) && !verifies_with(PV_SLICE(".."), ed_jwk()),
	    "nothing is no token");
}

/* ---- keys ---- */

static size_t
count(const char *json)
{
	struct pv_jwks *s = keys(json);
	size_t n = s != NULL ? pv_jwks_count(s) : 99;

	pv_jwks_free(s);
	return n;
}

static void
sets(void)
{
	struct pv_jwks *s;
	struct pv_err e = { 0 };

	tap_ok(count(rsa_jwk("")) == 1 && count(ec_jwk("")) == 1 && count(ed_jwk()) == 1,
	    "keys of three kinds are read");
	tap_ok(count(rsa_jwk(",\"use\":\"enc\"")) == 0, "one for encryption is passed over");
	tap_ok(count(rsa_jwk(",\"key_ops\":[\"sign\"]")) == 0, "one that signs is passed over");
	tap_ok(count(rsa_jwk(",\"d\":\"AAAA\"")) == 0, "a private one is passed over");
	tap_ok(count(rsa_jwk(",\"alg\":\"ES256\"")) == 0, "one with another's algorithm is, too");
	tap_ok(count(rsa_jwk(",\"alg\":\"HS256\"")) == 0, "and one for HS256");
	tap_ok(count(rsa_jwk(",\"x5c\":[\"AAAA\"],\"x5t\":\"AAAA\"")) == 1,
	    "what else stands in it does not matter");
	tap_ok(count("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"wQ\",\"e\":\"AQAB\"}]}") == 0,
	    "a short RSA key is passed over");
	tap_ok(count("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
		     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}]}") == 0,
	    "a base64 with bits over is passed over");
	tap_ok(count("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
		     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		     "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}") == 0,
	    "a point that is not on the curve is passed over");
	tap_ok(count("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
		     "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}") == 0,
	    "an Ed25519 key of small order is passed over");
	tap_ok(count("{\"keys\":[null,1,{\"kty\":\"XYZ\"},[]]}") == 0, "so is what is no key");
	tap_ok(!pv_ok(pv_jwks_read(&s, PV_SLICE("{\"keys\":{}}"), &e)), "keys are a list");
	tap_ok(!pv_ok(pv_jwks_read(&s, PV_SLICE("[]"), &e)), "in an object");
	tap_ok(!pv_ok(pv_jwks_read(&s,
		   PV_SLICE("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":"
			    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
			    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":"
			    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"),
		   &e)),
	    "two keys of one kid are an error");
	tap_ok(
	    !verifies_with(sign_ed("{\"alg\":\"EdDSA\",\"kid\":\"../../e\"}", CLAIMS), ed_jwk()) &&
		!verifies_with(
		    sign_ed("{\"alg\":\"EdDSA\",\"kid\":\"e\\u0000\"}", CLAIMS), ed_jwk()) &&
		!verifies_with(sign_ed("{\"alg\":\"EdDSA\",\"kid\":\"E\"}", CLAIMS), ed_jwk()),
	    "a kid is compared byte by byte and looked up nowhere else");
	tap_ok(verifies_with(sign_ed("{\"alg\":\"EdDSA\"}", CLAIMS), ed_jwk()),
	    "without a kid the only key that fits is it");
}

/* ---- claims ---- */

static void
times(void)
{
	static const struct {
		const char *claims;
		uint64_t now;
		bool good;
		const char *name;
	} rows[] = {
		{ "{\"iat\":1000,\"exp\":2000}", 1000, true, "in its first second it is good" },
		{ "{\"iat\":1000,\"exp\":2000}", 1999, true, "in its last second it is good" },
		{ "{\"iat\":1000,\"exp\":2000}", 2000, false, "in the next it is over" },
		{ "{\"iat\":1002,\"exp\":2000}", 1000, true, "two seconds early is skew" },
		{ "{\"iat\":1003,\"exp\":2000}", 1000, false, "three are the future" },
		{ "{\"iat\":1000,\"nbf\":1003,\"exp\":2000}", 1000, false, "so for nbf" },
		{ "{\"iat\":1000,\"nbf\":\"x\",\"exp\":2000}", 1500, false, "nbf is a number" },
		{ "{\"iat\":1000}", 1500, false, "exp must be there" },
		{ "{\"exp\":2000}", 1500, false, "iat must be there" },
		{ "{\"iat\":\"1000\",\"exp\":2000}", 1500, false, "iat is a number" },
		{ "{\"iat\":1000,\"exp\":null}", 1500, false, "exp is a number" },
		{ "{\"iat\":1000,\"exp\":-1}", 1500, false, "exp is not below zero" },
		{ "{\"iat\":1000.5,\"exp\":2000.9}", 1999, true, "a fraction is cut" },
		{ "{\"iat\":1000.5,\"exp\":2000.9}", 2000, false, "also at the end" },
		{ "{\"iat\":1000,\"exp\":1e300}", 1500, false, "exp is a time" },
		{ "{\"iat\":2000,\"exp\":1000}", 500, false, "it does not end before it begins" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		PV_AUTO(pv_jwt_freep) struct pv_jwt *t = NULL;
		struct pv_err e = { 0 };
		bool good =
		    pv_ok(pv_jwt_read(&t, sign_ed("{\"alg\":\"EdDSA\"}", rows[i].claims), &e)) &&
		    pv_ok(pv_jwt_check_times(t, rows[i].now, 2, &e));

		tap_ok(good == rows[i].good, "%s", rows[i].name);
	}
}

static void
claims(void)
{
	PV_AUTO(pv_jwt_freep) struct pv_jwt *t = NULL;
	const struct pv_slice *at;
	struct pv_err e = { 0 };
	size_t n;

	tap_ok(pv_ok(pv_jwt_read(&t,
		   sign_ed("{\"alg\":\"EdDSA\",\"typ\":\"application/AT+JWT\",\"kid\":\"k\"}",
		       "{\"iss\":\"co\",\"one\":\"a\",\"two\":[\"a\",\"b\"],\"none\":[],"
		       "\"odd\":[1],\"n\":5}"),
		   &e)),
	    "claims are read");
	tap_ok(pv_slice_is(pv_jwt_typ(t), "at+jwt") && pv_slice_is(pv_jwt_kid(t), "k"),
	    "its type is told without its prefix");
	tap_ok(pv_slice_is(pv_jwt_text(t, "iss"), "co") && pv_jwt_text(t, "n").n == 0 &&
		   pv_jwt_text(t, "no").n == 0,
	    "a text is a text");
	tap_ok(pv_jwt_texts(t, "one", arena, &at, &n) && n == 1 && pv_slice_is(at[0], "a"),
	    "one text is a list of one");
	tap_ok(pv_jwt_texts(t, "two", arena, &at, &n) && n == 2 && pv_slice_is(at[1], "b"),
	    "a list is a list");
	tap_ok(pv_jwt_texts(t, "none", arena, &at, &n) && n == 0 &&
		   pv_jwt_texts(t, "no", arena, &at, &n) && n == 0,
	    "an empty one and none have nothing");
	tap_ok(!pv_jwt_texts(t, "odd", arena, &at, &n) && !pv_jwt_texts(t, "n", arena, &at, &n),
	    "numbers are no texts");
}

int
main(void)
{
	struct pv_env env = pv_env_system();
	struct pv_wrap_key *k = NULL;
	struct pv_err e;

	arena = pv_arena_new();
	rsa = EVP_RSA_gen(2048);
	pair = pv_pair_new(&env);
	if (rsa == NULL || !pv_ok(pv_wrap_key_new(&k, PV_KEY_P256, &e)))
		return 1;
	p256 = pv_wrap_key_pkcs8(k);
	vectors();
	algorithms();
	forms();
	sets();
	times();
	claims();
	EVP_PKEY_free(rsa);
	pv_pair_free(pair);
	pv_wrap_key_free(k);
	pv_secret_free(p256);
	pv_arena_free(arena);
	return tap_done();
}
