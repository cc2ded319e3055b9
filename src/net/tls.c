/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/mem.h"

#define RESUME_S 3600 /* a session may be resumed for so long */

/* What OpenSSL says last, as a failure of ours. */
static struct pv_status
fail(struct pv_err *e, enum pv_code code, const char *what)
{
	unsigned long err = ERR_peek_last_error();
	const char *why = err == 0 ? NULL : ERR_reason_error_string(err);

	ERR_clear_error();
	return PV_FAIL(e, code, "%s: %s", what, why == NULL ? "unknown error" : why);
}

static BIO *
bio_of(struct pv_slice pem)
{
	BIO *b = BIO_new_mem_buf(pem.n > 0 ? pem.p : "", pem.n > INT32_MAX ? 0 : (int)pem.n);

	if (b == NULL)
		pv_out_of_memory(pem.n);
	return b;
}

static void
bio_freep(BIO **b)
{
	BIO_free(*b);
}
static void
x509_freep(X509 **x)
{
	X509_free(*x);
}
static void
pkey_freep(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}
static void
ctx_freep(SSL_CTX **c)
{
	SSL_CTX_free(*c);
}

static int
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type */
no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1; /* and never a prompt */
}

/* ---- the server's context ---- */

static PV_RESULT
use_certificates(SSL_CTX *ctx, struct pv_slice pem, struct pv_err *e)
{
	PV_AUTO(bio_freep) BIO *in = bio_of(pem);
	PV_AUTO(x509_freep) X509 *leaf = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL);
	X509 *next;

	if (leaf == NULL)
		return fail(e, PV_E_CONFIG, "the certificate is not PEM");
	if (SSL_CTX_use_certificate(ctx, leaf) != 1)
		return fail(e, PV_E_CONFIG, "the certificate cannot be used");
	while ((next = PEM_read_bio_X509(in, NULL, no_passphrase, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
			X509_free(next);
			return fail(e, PV_E_CONFIG, "a certificate of the chain cannot be used");
		}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fail(e, PV_E_CONFIG, "a certificate of the chain is not PEM");
	ERR_clear_error();
	return PV_DONE;
}

static PV_RESULT
use_key(SSL_CTX *ctx, struct pv_slice pem, struct pv_err *e)
{
	PV_AUTO(bio_freep) BIO *in = bio_of(pem);
	PV_AUTO(pkey_freep) EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);

	if (key == NULL)
		return fail(e, PV_E_CONFIG, "the TLS key is not PEM without passphrase");
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		return fail(e, PV_E_CONFIG, "the TLS key does not belong to the certificate");
	return PV_DONE;
}

static int
take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static PV_RESULT
use_client_ca(SSL_CTX *ctx, struct pv_slice pem, struct pv_err *e)
{
	PV_AUTO(bio_freep) BIO *in = bio_of(pem);
	X509 *ca;
	size_t n = 0;

	if (pem.n == 0) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
		return PV_DONE;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	while ((ca = PEM_read_bio_X509(in, NULL, no_passphrase, NULL)) != NULL) {
		int ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1 &&
			 SSL_CTX_add_client_CA(ctx, ca) == 1;

		X509_free(ca);
		if (!ok)
			return fail(e, PV_E_CONFIG, "a client CA cannot be used");
		n++;
	}
	if (n == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fail(e, PV_E_CONFIG, "the client CA is not PEM");
	ERR_clear_error();
	return PV_DONE;
}

/* HTTP/1.1 is all we speak; a client that speaks other protocols alone is told so in the handshake (RFC 7301 3.2). */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
    unsigned in_n, void *arg)
{
	(void)ssl;
	(void)arg;
	for (unsigned i = 0; i < in_n; i += in[i] + 1u)
		if (in[i] == 8 && in_n - i > 8 && memcmp(in + i + 1, "http/1.1", 8) == 0) {
			*out = in + i + 1;
			*out_n = 8;
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void
set_rules(SSL_CTX *ctx)
{
	static const unsigned char context[] = "proviso";

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_early_data(ctx, 0);
	/* Without a context id OpenSSL refuses to resume where client certificates are asked for. */
	SSL_CTX_set_session_id_context(ctx, context, sizeof(context) - 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets hold them */
	SSL_CTX_set_timeout(ctx, RESUME_S);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}

PV_RESULT
pv_tls_server(struct ssl_ctx_st **out, const struct pv_tls_use *use, struct pv_err *e)
{
	PV_AUTO(ctx_freep) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (ctx == NULL)
		return fail(e, PV_E_BUG, "TLS cannot be begun");
	set_rules(ctx);
	PV_TRY(use_certificates(ctx, use->certificate, e));
	PV_TRY(use_key(ctx, use->key, e));
	PV_TRY(use_client_ca(ctx, use->client_ca, e));
	*out = PV_TAKE(ctx);
	return PV_DONE;
}

void
pv_tls_free(struct ssl_ctx_st *tls)
{
	SSL_CTX_free(tls);
}

/* ---- a certificate of our own ---- */

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* Names and addresses as they are, never through OpenSSL's little language of extensions. */
static bool
add_names(X509 *x, const struct pv_slice *names, size_t count, struct pv_arena *a)
{
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	bool ok = list != NULL;

	for (size_t i = 0; i < count && ok; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_OCTET_STRING *ip = a2i_IPADDRESS(pv_arena_str(a, names[i]));
		ASN1_IA5STRING *dns = ip != NULL ? NULL : ASN1_IA5STRING_new();

		ok = name != NULL && (ip != NULL || (dns != NULL && ASN1_STRING_set(dns, names[i].p,
									(int)names[i].n) == 1));
		if (ok && ip != NULL)
			GENERAL_NAME_set0_value(name, GEN_IPADD, ip);
		else if (ok)
			GENERAL_NAME_set0_value(name, GEN_DNS, dns);
		ok = ok && sk_GENERAL_NAME_push(list, name) > 0;
	}
	ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(list);
	return ok;
}

/* It stands in the subject too: a client that trusts several of these finds the right one by its name. */
static bool
set_serial(X509 *x)
{
	unsigned char bytes[16];
	char *hex;
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always of that length */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	hex = n != NULL ? BN_bn2hex(n) : NULL;
	ok = hex != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL &&
	     X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "serialNumber", MBSTRING_ASC,
		 (const unsigned char *)hex, -1, -1, 0) == 1;
	OPENSSL_free(hex);
	BN_free(n);
	return ok;
}

/* No CA, though it is its own anchor: rustls takes no CA for a server (webpki: CaUsedAsEndEntity). */
static bool
fill(X509 *x, EVP_PKEY *key, const struct pv_slice *names, size_t count, uint64_t from_s,
    uint64_t until_s, struct pv_arena *a)
{
	X509_NAME *subject = X509_get_subject_name(x);
	size_t n = names[0].n < 64 ? names[0].n : 64; /* ub-common-name */

	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from_s) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until_s) != NULL &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		   (const unsigned char *)names[0].p, (int)n, -1, 0) == 1 &&
	       X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1 &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       add_extension(x, NID_subject_key_identifier, "hash") &&
	       add_names(x, names, count, a) && X509_sign(x, key, EVP_sha256()) > 0;
}

static struct pv_slice
text_of(BIO *b, struct pv_arena *a)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);

	return pv_arena_copy(a, pv_slice_mem(p, (size_t)n));
}

PV_RESULT
pv_tls_self_signed(const struct pv_slice *names, size_t name_count, uint64_t from_s,
    uint64_t until_s, struct pv_arena *a, struct pv_slice *certificate, struct pv_slice *key,
    struct pv_err *e)
{
	PV_AUTO(pkey_freep) EVP_PKEY *pair = NULL;
	PV_AUTO(x509_freep) X509 *x = X509_new();
	PV_AUTO(bio_freep) BIO *cert_pem = BIO_new(BIO_s_mem());
	PV_AUTO(bio_freep) BIO *key_pem = BIO_new(BIO_s_secmem());

	ERR_clear_error();
	for (size_t i = 0; i < name_count; i++)
		if (names[i].n == 0 || names[i].n > 253)
			return PV_FAIL(
			    e, PV_E_CONFIG, "a name for a certificate has 1 to 253 characters");
	if (name_count == 0)
		return PV_FAIL(e, PV_E_CONFIG, "a certificate needs a name");
	pair = EVP_EC_gen("P-256");
	if (x == NULL || cert_pem == NULL || key_pem == NULL || pair == NULL ||
	    !fill(x, pair, names, name_count, from_s, until_s, a) ||
	    PEM_write_bio_X509(cert_pem, x) != 1 ||
	    PEM_write_bio_PrivateKey(key_pem, pair, NULL, NULL, 0, NULL, NULL) != 1)
		return fail(e, PV_E_BUG, "a certificate cannot be made");
	*certificate = text_of(cert_pem, a);
	*key = text_of(key_pem, a);
	return PV_DONE;
}

PV_RESULT
pv_tls_fingerprint(
    struct pv_slice certificate, struct pv_arena *a, struct pv_slice *out, struct pv_err *e)
{
	PV_AUTO(bio_freep) BIO *in = bio_of(certificate);
	PV_AUTO(x509_freep) X509 *x = NULL;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *p;

	ERR_clear_error();
	x = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL);
	if (x == NULL)
		return fail(e, PV_E_CONFIG, "the certificate is not PEM");
	if (X509_digest(x, EVP_sha256(), md, &n) != 1)
		return fail(e, PV_E_BUG, "the certificate has no digest");
	p = pv_arena_alloc(a, (size_t)n * 3 + 1);
	for (unsigned i = 0; i < n; i++)
		snprintf(p + (size_t)i * 3, 4, i + 1 < n ? "%02X:" : "%02X", md[i]);
	*out = pv_slice_mem(p, (size_t)n * 3 - 1);
	return PV_DONE;
}

void
pv_tls_spki(const struct x509_st *certificate, char hex[65])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	unsigned char md[32];

	memset(hex, 0, 65);
	if (n > 0 && EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)n, md, NULL) == 1)
		for (size_t i = 0; i < sizeof(md); i++)
			snprintf(hex + 2 * i, 3, "%02x", md[i]);
	OPENSSL_free(der);
	ERR_clear_error();
}
