/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9901 4.2.1 (disclosures of object properties) and 4.2.3 (their digests). */
#include "crypto/commit.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"

void
pv_commit_disclose(struct pv_buf *out, const uint8_t salt[PV_COMMIT_SALT], struct pv_slice name,
    struct pv_slice value)
{
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 };

	pv_buf_add_str(&json, "[\"");
	pv_base64_write(&json, pv_slice_mem(salt, PV_COMMIT_SALT), PV_BASE64_URL);
	pv_buf_add_str(&json, "\",");
	pv_json_quote(&json, name);
	pv_buf_add_c(&json, ',');
	pv_buf_add(&json, value);
	pv_buf_add_c(&json, ']');
	pv_base64_write(out, pv_buf_slice(&json), PV_BASE64_URL);
}

void
pv_commit_digest(char out[PV_COMMIT_DIGEST + 1], struct pv_slice disclosure)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	uint8_t digest[PV_HASH];

	pv_hash(disclosure, digest);
	pv_base64_write(&text, pv_slice_mem(digest, sizeof(digest)), PV_BASE64_URL);
	memcpy(out, pv_buf_str(&text), PV_COMMIT_DIGEST + 1);
}

void
pv_commit_make(
    struct pv_commit_field *fields, size_t count, const uint8_t *salts, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	for (size_t i = 0; i < count; i++) {
		pv_buf_clear(&b);
		pv_commit_disclose(&b, salts + i * PV_COMMIT_SALT, fields[i].name, fields[i].value);
		fields[i].disclosure = pv_arena_copy(a, pv_buf_slice(&b));
		pv_commit_digest(fields[i].digest, fields[i].disclosure);
	}
}

static bool
take_salt(uint8_t out[PV_COMMIT_SALT], struct pv_slice text)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	if (!pv_base64_read(&raw, text, PV_BASE64_URL) || raw.n != PV_COMMIT_SALT)
		return false;
	memcpy(out, raw.p, PV_COMMIT_SALT);
	return true;
}

struct pv_status
pv_commit_read(
    struct pv_commit_opening *out, struct pv_slice disclosure, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf json = { 0 };
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	const struct pv_json_node *array, *salt, *name, *value;
	struct pv_commit_opening o;

	if (disclosure.n > PV_COMMIT_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a disclosure of %zu characters", disclosure.n);
	if (!pv_base64_read(&json, disclosure, PV_BASE64_URL))
		return PV_FAIL(e, PV_E_INPUT, "the disclosure is not base64url");
	PV_TRY(pv_json_read(&doc, pv_buf_slice(&json), json.n, e));
	array = pv_json_at(doc, 0);
	if (array->type != PV_JSON_ARRAY || array->count != 3)
		return PV_FAIL(e, PV_E_INPUT, "the disclosure is no array of salt, name and value");
	salt = pv_json_at(doc, array->first);
	name = pv_json_at(doc, salt->next);
	value = pv_json_at(doc, name->next);
	if (salt->type != PV_JSON_STRING || !take_salt(o.salt, salt->text))
		return PV_FAIL(e, PV_E_INPUT, "the disclosure's salt is not 16 bytes");
	if (name->type != PV_JSON_STRING)
		return PV_FAIL(e, PV_E_INPUT, "the disclosure's name is no text");
	o.name = pv_arena_copy(a, name->text);
	o.value = pv_arena_copy(a, pv_slice_sub(pv_buf_slice(&json), value->from, value->to));
	*out = o;
	return PV_DONE;
}

bool
pv_commit_matches(struct pv_slice disclosure, struct pv_slice digest)
{
	char own[PV_COMMIT_DIGEST + 1];

	pv_commit_digest(own, disclosure);
	return pv_slice_is(digest, own);
}
