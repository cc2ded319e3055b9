/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/account.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "crypto/scrypt.h"
#include "desk/callers.h"
#include "desk/journal.h"
#include "desk/remote.h"

/* "account.<digest of the name>": "scrypt 32768 8 1 SALT HASH" */
#define ROW  "account"
#define LOCK "scrypt"
#define HASH 32

bool
pv_account_name_ok(struct pv_slice name)
{
	if (name.n == 0 || name.n > PV_ACCOUNT_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ':')
			return false;
	return true;
}

static struct pv_slice
row_name(struct pv_slice name, struct pv_arena *a)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(name, hex);
	return pv_arena_printf(a, ROW ".%s", hex);
}

PV_RESULT
pv_account_hash(struct pv_desk *d, struct pv_slice name, struct pv_arena *a, struct pv_slice *hash,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(row_name(name, a)) };
	bool found;

	*hash = PV_NO_SLICE;
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (found)
		*hash = row.c[PV_C_META_BODY].s;
	return PV_DONE;
}

/* "scrypt N 8 1 SALT HASH", N as we write it: a row that asks for more work or less is damaged. */
static bool
read_hash(struct pv_slice text, uint8_t salt[PV_SCRYPT_SALT], uint8_t hash[HASH])
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	struct pv_slice w[6];
	uint64_t cost;
	size_t n = 0;

	while (n < 6 && pv_slice_next(&text, ' ', &w[n]))
		n++;
	if (n != 6 || text.p != NULL || !pv_slice_is(w[0], LOCK) || !pv_slice_u64(w[1], &cost) ||
	    cost != PV_SCRYPT_COST || !pv_slice_is(w[2], "8") || !pv_slice_is(w[3], "1"))
		return false;
	if (!pv_base64_read(&raw, w[4], PV_BASE64) || raw.n != PV_SCRYPT_SALT)
		return false;
	memcpy(salt, raw.p, PV_SCRYPT_SALT);
	pv_buf_clear(&raw);
	if (!pv_base64_read(&raw, w[5], PV_BASE64) || raw.n != HASH)
		return false;
	memcpy(hash, raw.p, HASH);
	return true;
}

bool
pv_account_check(struct pv_slice hash, struct pv_slice password)
{
	uint8_t salt[PV_SCRYPT_SALT] = { 0 }, want[HASH] = { 0 };
	bool there = read_hash(hash, salt, want);
	PV_AUTO(pv_secret_freep)
	struct pv_secret *got = pv_scrypt(password, salt, PV_SCRYPT_COST, HASH);

	return pv_secret_eq_mem(pv_secret_slice(got), pv_slice_mem(want, HASH)) && there;
}

/* 24 of 32 characters that nobody mistakes for another, in groups of four: 120 bits. */
static struct pv_secret *
make_password(const struct pv_env *env)
{
	static const char letters[33] = "abcdefghjkmnpqrstuvwxyz23456789";
	enum { CHARS = 24, GROUPS = CHARS / 4 };
	struct pv_secret *out = pv_secret_new(CHARS + GROUPS - 1);
	PV_AUTO(pv_secret_freep) struct pv_secret *raw = NULL;
	uint8_t *p = pv_secret_bytes(out);
	size_t have = 0, used = 0;

	while (have < CHARS) {
		uint8_t c;

		if (raw == NULL || used == pv_secret_size(raw)) {
			pv_secret_free(raw);
			raw = pv_secret_random(env, 64);
			used = 0;
		}
		c = pv_secret_bytes(raw)[used++] & 31;
		if (c == 31)
			continue; /* there are 31 */
		if (have > 0 && have % 4 == 0)
			*p++ = '-';
		*p++ = (uint8_t)letters[c];
		have++;
	}
	return out;
}

static struct pv_slice
hash_of(struct pv_desk *d, const struct pv_secret *password, struct pv_arena *a)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *hash = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t salt[PV_SCRYPT_SALT];

	d->env.random(d->env.ctx, salt, sizeof(salt));
	hash = pv_scrypt(pv_secret_slice(password), salt, PV_SCRYPT_COST, HASH);
	pv_buf_addf(&b, LOCK " %u 8 1 ", PV_SCRYPT_COST);
	pv_base64_write(&b, pv_slice_mem(salt, sizeof(salt)), PV_BASE64);
	pv_buf_add_c(&b, ' ');
	pv_base64_write(&b, pv_secret_slice(hash), PV_BASE64);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

PV_RESULT
pv_desk_account_password(struct pv_desk *d, struct pv_slice name, const struct pv_caller *by,
    struct pv_secret **password, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *made = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf detail = { 0 };
	struct pv_store_change rows[2] = { { .op = PV_OP_PUT, .table = PV_T_META } };
	struct pv_journal_entry entry = {
		.kind = "password", .party = by->party, .person = by->person
	};
	struct pv_journalled journalled;

	if (d->remote != NULL)
		return pv_remote_needs_home("a new password", e);
	if (!pv_account_name_ok(name))
		return PV_FAIL(e, PV_E_INPUT,
		    "an account's name has 1 to %d printable characters, no colon, no blank",
		    PV_ACCOUNT_MAX);
	PV_TRY(pv_home_refresh(d, e));
	made = make_password(&d->env);
	rows[0].row.c[PV_C_META_NAME] = PV_CELL_S(row_name(name, a));
	rows[0].row.c[PV_C_META_BODY] = PV_CELL_S(hash_of(d, made, a));
	rows[1] = pv_callers_moved_row(d, a);
	pv_buf_add_str(&detail, "{\"account\":");
	pv_json_quote(&detail, name);
	pv_buf_add_c(&detail, '}');
	entry.detail = pv_buf_slice(&detail);
	PV_TRY(pv_journal_add(d, &entry, rows, 2, a, &journalled, e));
	*password = PV_TAKE(made);
	return PV_DONE;
}
