/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapped = OAEP(share) or ec-wrapped(share); binding = base64(hex(HMAC-SHA256(
 * share, policy text))), hex inside base64 in both versions of TDF. Readers take
 * raw bytes too, as the OpenTDF platform does (kas/access/rewrap.go).
 */
#include "seal/share.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#define WRAPPED_MAX 4096 /* characters of base64: RSA of 8192 bits has 1368 */
#define PEM_MAX     4096

static PV_RESULT
bad_request(struct pv_err *e)
{
	return PV_FAIL(e, PV_E_UNTRUSTED, "bad request");
}

static struct pv_slice
base64_in(struct pv_arena *a, struct pv_slice bytes)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_base64_write(&text, bytes, PV_BASE64);
	return pv_arena_copy(a, pv_buf_slice(&text));
}

/* ---- who seals ---- */

static struct pv_slice
binding_of(const struct pv_secret *share, struct pv_slice policy, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf hex = { 0 };
	uint8_t mac[PV_HASH];

	pv_hmac(pv_secret_slice(share), policy, mac);
	pv_hex_write(&hex, pv_slice_mem(mac, sizeof(mac)));
	return base64_in(a, pv_buf_slice(&hex));
}

static enum pv_access_type
type_for(const struct pv_wrap_pub *key)
{
	return pv_wrap_pub_kind(key) == PV_KEY_RSA ? PV_ACCESS_RSA : PV_ACCESS_EC;
}

PV_RESULT
pv_share_wrap(struct pv_access *out, const struct pv_secret *share, const struct pv_kas_pub *kas,
    struct pv_slice policy, const struct pv_env *env, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 }, ephemeral = { 0 };

	PV_TRY(pv_wrap(&wrapped, &ephemeral, kas->key, share, env, e));
	*out = (struct pv_access){
		.type = type_for(kas->key),
		.url = kas->url,
		.kid = kas->kid.n != 0 ? kas->kid : pv_slice_of(pv_wrap_pub_kid(kas->key)),
		.wrapped = base64_in(a, pv_buf_slice(&wrapped)),
		.ephemeral = pv_arena_copy(a, pv_buf_slice(&ephemeral)),
		.binding = binding_of(share, policy, a),
	};
	return PV_DONE;
}

/* ---- the KAS ---- */

/* What may be told: it is about which key is asked for, not about what the key makes of it. */
static PV_RESULT
check_addressed(const struct pv_kas *kas, const struct pv_access *access, struct pv_err *e)
{
	const struct pv_wrap_pub *pub = pv_wrap_key_pub(kas->key);
	struct pv_slice kid = kas->kid.n != 0 ? kas->kid : pv_slice_of(pv_wrap_pub_kid(pub));

	if (access->kid.n == 0 ? !kas->kidless : !pv_slice_eq(access->kid, kid))
		return PV_FAIL(e, PV_E_INPUT, "the key \"%.*s\" is asked for, this one is \"%.*s\"",
		    PV_FMT(pv_slice_sub(access->kid, 0, 80)), PV_FMT(kid));
	if (kas->url.n != 0 && !pv_slice_eq(access->url, kas->url))
		return PV_FAIL(e, PV_E_INPUT, "the KAS \"%.*s\" is asked for, this one is \"%.*s\"",
		    PV_FMT(pv_slice_sub(access->url, 0, 120)), PV_FMT(kas->url));
	if (access->type != type_for(pub))
		return PV_FAIL(e, PV_E_INPUT,
		    "a share of type \"%s\" is not for a key of type \"%s\"",
		    pv_access_type_name(access->type), pv_access_type_name(type_for(pub)));
	return PV_DONE;
}

static PV_RESULT
unwrap(struct pv_secret **out, const struct pv_wrap_key *key, struct pv_slice base64,
    struct pv_slice pem, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };

	if (base64.n > WRAPPED_MAX || pem.n > PEM_MAX ||
	    !pv_base64_read(&wrapped, base64, PV_BASE64))
		return bad_request(e);
	if (!pv_ok(pv_unwrap(&share, key, pv_buf_slice(&wrapped), pem, e)) ||
	    pv_secret_size(share) != PV_SHARE)
		return bad_request(e);
	*out = PV_TAKE(share);
	return PV_DONE;
}

PV_RESULT
pv_share_unwrap(struct pv_secret **out, const struct pv_kas *kas, const struct pv_access *access,
    struct pv_slice policy, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;

	PV_TRY(check_addressed(kas, access, e));
	PV_TRY(unwrap(&share, kas->key, access->wrapped, access->ephemeral, e));
	PV_TRY(pv_share_check(share, access, policy, e));
	*out = PV_TAKE(share);
	return PV_DONE;
}

PV_RESULT
pv_share_rewrap(struct pv_buf *wrapped, struct pv_buf *session_pem, const struct pv_secret *share,
    struct pv_slice client_pem, const struct pv_env *env, struct pv_err *e)
{
	PV_AUTO(pv_wrap_pub_freep) struct pv_wrap_pub *client = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf bytes = { 0 };

	if (client_pem.n > PEM_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "the client's key has %zu bytes, the limit is %d",
		    client_pem.n, PEM_MAX);
	PV_TRY(pv_wrap_pub_read(&client, client_pem, e));
	PV_TRY(pv_wrap(&bytes, session_pem, client, share, env, e));
	pv_base64_write(wrapped, pv_buf_slice(&bytes), PV_BASE64);
	return PV_DONE;
}

/* ---- who opens ---- */

PV_RESULT
pv_share_receive(struct pv_secret **out, const struct pv_wrap_key *client, struct pv_slice wrapped,
    struct pv_slice session_pem, struct pv_err *e)
{
	if (!pv_ok(unwrap(out, client, wrapped, session_pem, e)))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the answer of the KAS is not wrapped to the key it was asked with");
	return PV_DONE;
}

PV_RESULT
pv_share_check(const struct pv_secret *share, const struct pv_access *access,
    struct pv_slice policy, struct pv_err *e)
{
	uint8_t want[PV_HASH], got[PV_HASH];

	if (!pv_access_binding(access, got))
		return bad_request(e);
	pv_hmac(pv_secret_slice(share), policy, want);
	if (!pv_secret_eq_mem(pv_slice_mem(want, sizeof(want)), pv_slice_mem(got, sizeof(got))))
		return bad_request(e);
	return PV_DONE;
}

struct pv_secret *
pv_share_join(const struct pv_secret *const *shares, size_t n)
{
	struct pv_secret *key = pv_secret_new(PV_SHARE);
	uint8_t *k = pv_secret_bytes(key);

	for (size_t i = 0; i < n; i++) {
		struct pv_slice s = pv_secret_slice(shares[i]);

		for (size_t j = 0; j < PV_SHARE; j++)
			k[j] ^= (uint8_t)s.p[j];
	}
	return key;
}
