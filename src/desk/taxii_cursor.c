/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors (TAXII 2.1 3.5, appendix B). Nothing of a page is kept here: the
 * cursor says where to go on and with which filters, and a MAC binds it to them,
 * to the caller, purpose and collection. It may be used any number of times, for
 * as long as the home has its key, and with any limit; what the caller may have
 * is decided anew each time.
 *
 *	text = "1 " place " " filters; cursor = base64url(text, 16 bytes of HMAC-SHA256)
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "desk/taxii_inside.h"

#define MAC         16
#define FILTERS_MAX 3000

/* ---- the key: one that erasure knows, so in no backup ---- */

static PV_RESULT
make_key(struct pv_desk *d, struct pv_arena *a, uint64_t *id, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_change row;
	struct pv_store_submission sub = { .changes = &row, .n = 1 };
	struct pv_store_result r;
	bool moved;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_taxii_number(v, PV_TAXII_CURSOR, a, id, e));
	if (*id != 0)
		return PV_DONE; /* another process was first */
	PV_TRY(pv_store_key_take(d->store, id, pv_secret_bytes(key), e));
	row = pv_taxii_number_row(PV_TAXII_CURSOR, *id, a);
	return pv_home_submit(d, &sub, &r, &moved, e);
}

static PV_RESULT
cursor_key(struct pv_desk *d, struct pv_arena *a, struct pv_secret **out, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_taxii_lock lock;
	struct pv_status st;
	bool held = false;
	uint64_t id;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_taxii_number(v, PV_TAXII_CURSOR, a, &id, e));
	if (id != 0)
		PV_TRY(pv_store_key_get(d->store, id, pv_secret_bytes(key), &held, e));
	if (!held) { /* never made, or lost with the key file: cursors of before end */
		struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_META };
		struct pv_store_submission sub = { .changes = &gone, .n = 1 };
		struct pv_store_result r;
		bool moved;

		PV_TRY(pv_taxii_lock(d, &lock, e));
		gone.row.c[PV_C_META_NAME] = PV_CELL_S(PV_SLICE(PV_TAXII_CURSOR));
		st = id != 0 ? pv_home_submit(d, &sub, &r, &moved, e) : PV_DONE;
		if (pv_ok(st))
			st = make_key(d, a, &id, e);
		pv_taxii_unlock(&lock);
		PV_TRY(st);
		PV_TRY(pv_store_key_get(d->store, id, pv_secret_bytes(key), &held, e));
		if (!held)
			return PV_FAIL(e, PV_E_CONFIG, "the home has no file of keys");
	}
	*out = PV_TAKE(key);
	return PV_DONE;
}

/* ---- filters ---- */

static void
add_list(struct pv_buf *b, char name, const struct pv_names *list)
{
	if (list->n == 0)
		return;
	pv_buf_addf(b, ";%c=", name);
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			pv_buf_add_c(b, ',');
		pv_buf_add(b, list->at[i]);
	}
}

static void
add_filters(struct pv_buf *b, const struct pv_taxii_ask *ask)
{
	if (ask->has_added_after)
		pv_buf_addf(b, ";a=%llu", (unsigned long long)ask->added_after);
	add_list(b, 'i', &ask->ids);
	add_list(b, 's', &ask->specs);
	add_list(b, 't', &ask->types);
	add_list(b, 'v', &ask->versions);
}

static bool
has_lists(const struct pv_taxii_ask *ask)
{
	return ask->ids.n + ask->specs.n + ask->types.n + ask->versions.n != 0;
}

static bool
take_filter(struct pv_taxii_ask *ask, struct pv_slice field, struct pv_arena *a)
{
	struct pv_names *list;
	struct pv_slice rest, one, *at;
	size_t n = 0;

	if (field.n < 2 || field.p[1] != '=')
		return false;
	rest = pv_slice_sub(field, 2, field.n);
	switch (field.p[0]) {
	case 'a':
		ask->has_added_after = true;
		return pv_slice_u64(rest, &ask->added_after);
	case 'i':
		list = &ask->ids;
		break;
	case 's':
		list = &ask->specs;
		break;
	case 't':
		list = &ask->types;
		break;
	case 'v':
		list = &ask->versions;
		break;
	default:
		return false;
	}
	at = pv_arena_alloc_n(a, rest.n / 2 + 1, sizeof(*at));
	while (pv_slice_next(&rest, ',', &one)) {
		if (one.n == 0)
			return false; /* none is written */
		at[n++] = one;
	}
	if (n == 0)
		return false;
	*list = (struct pv_names){ at, n };
	return true;
}

/* ---- the text ---- */

void
pv_taxii_cursor_text_write(const struct pv_taxii_ask *ask, uint64_t place, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf filters = { 0 };
	char hex[2 * PV_HASH + 1];

	add_filters(&filters, ask);
	pv_buf_addf(out, "1 %llu ", (unsigned long long)place);
	if (filters.n > FILTERS_MAX) {
		pv_hash_hex(pv_buf_slice(&filters), hex);
		pv_buf_addf(out, "#%s", hex);
	} else {
		pv_buf_add(out, pv_buf_slice(&filters));
	}
}

/* Filters that are said twice must be the same; of two times the later one counts. */
static bool
same_filters(struct pv_taxii_ask *ask, struct pv_slice said, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf mine = { 0 }, theirs = { 0 };
	struct pv_taxii_ask there = { 0 };
	struct pv_slice field;
	char hex[2 * PV_HASH + 1];

	if (said.n != 0 && said.p[0] == '#') {
		add_filters(&mine, ask);
		pv_hash_hex(pv_buf_slice(&mine), hex);
		return pv_slice_is(pv_slice_sub(said, 1, said.n), hex);
	}
	while (pv_slice_next(&said, ';', &field))
		if (field.n != 0 && !take_filter(&there, field, a))
			return false;
	if (!ask->has_added_after) {
		ask->has_added_after = there.has_added_after;
		ask->added_after = there.added_after;
	}
	there.has_added_after = ask->has_added_after;
	there.added_after = ask->added_after;
	if (!has_lists(ask)) {
		ask->ids = there.ids;
		ask->specs = there.specs;
		ask->types = there.types;
		ask->versions = there.versions;
	}
	add_filters(&mine, ask);
	add_filters(&theirs, &there);
	return pv_slice_eq(pv_buf_slice(&mine), pv_buf_slice(&theirs));
}

bool
pv_taxii_cursor_text_read(
    struct pv_taxii_ask *ask, struct pv_slice text, struct pv_arena *a, uint64_t *place)
{
	struct pv_slice word;

	return pv_slice_next(&text, ' ', &word) && pv_slice_is(word, "1") &&
	       pv_slice_next(&text, ' ', &word) && pv_slice_u64(word, place) &&
	       same_filters(ask, text, a);
}

/* ---- the token ---- */

static void
mac_of(const struct pv_secret *key, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    struct pv_slice text, uint8_t out[PV_HASH])
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const struct pv_slice parts[] = { PV_SLICE("taxii cursor"), who->party, ask->purpose,
		ask->collection, ask->object, text };

	/* lengths first, so that no two questions are one text */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		pv_buf_addf(&b, "%zu:", parts[i].n);
		pv_buf_add(&b, parts[i]);
	}
	pv_buf_addf(&b, "%d", (int)ask->what);
	pv_hmac(pv_secret_slice(key), pv_buf_slice(&b), out);
}

PV_RESULT
pv_taxii_cursor_write(struct pv_desk *d, const struct pv_caller *who,
    const struct pv_taxii_ask *ask, uint64_t place, struct pv_arena *a, struct pv_slice *out,
    struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, token = { 0 };
	uint8_t mac[PV_HASH];

	PV_TRY(cursor_key(d, a, &key, e));
	pv_taxii_cursor_text_write(ask, place, &text);
	mac_of(key, who, ask, pv_buf_slice(&text), mac);
	pv_buf_add_mem(&text, mac, MAC);
	pv_base64_write(&token, pv_buf_slice(&text), PV_BASE64_URL);
	*out = pv_arena_copy(a, pv_buf_slice(&token));
	return PV_DONE;
}

PV_RESULT
pv_taxii_cursor_read(struct pv_desk *d, const struct pv_caller *who, struct pv_taxii_ask *ask,
    struct pv_arena *a, uint64_t *place, bool *ok, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	struct pv_slice text;
	uint8_t mac[PV_HASH];

	*ok = false;
	if (!pv_base64_read(&raw, ask->next, PV_BASE64_URL) || raw.n <= MAC)
		return PV_DONE;
	PV_TRY(cursor_key(d, a, &key, e));
	text = pv_arena_copy(a, pv_slice_sub(pv_buf_slice(&raw), 0, raw.n - MAC));
	mac_of(key, who, ask, text, mac);
	if (!pv_secret_eq_mem(pv_slice_mem(mac, MAC), pv_slice_mem(raw.p + text.n, MAC)))
		return PV_DONE;
	*ok = pv_taxii_cursor_text_read(ask, text, a, place);
	return PV_DONE;
}

/* ---- stubs: their id says where the object lies, and proves that we said it ---- */

/* 60 bits of place stand before the variant, 62 of MAC behind it; the UUID is shaped as version 4. */
static PV_RESULT
stub_raw(struct pv_desk *d, uint64_t added, uint8_t raw[16], struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_secret_freep) struct pv_secret *key = NULL;
	char text[40];
	uint8_t mac[PV_HASH];

	PV_TRY(cursor_key(d, a, &key, e));
	snprintf(text, sizeof(text), "taxii stub %llu", (unsigned long long)added);
	pv_hmac(pv_secret_slice(key), pv_slice_of(text), mac);
	memcpy(raw, mac, 16);
	for (unsigned i = 0; i < 6; i++)
		raw[i] = (uint8_t)(added >> (52 - 8 * i));
	raw[6] = (uint8_t)((added >> 8) & 0x0f);
	raw[7] = (uint8_t)added;
	return PV_DONE;
}

PV_RESULT
pv_taxii_stub_id(
    struct pv_desk *d, uint64_t added, struct pv_arena *a, struct pv_slice *out, struct pv_err *e)
{
	char uuid[PV_STIX_UUID + 1];
	uint8_t raw[16];

	PV_TRY(stub_raw(d, added, raw, e));
	pv_stix_uuid_of(raw, 4, uuid);
	*out = pv_arena_printf(a, "note--%s", uuid);
	return PV_DONE;
}

PV_RESULT
pv_taxii_stub_read(
    struct pv_desk *d, struct pv_slice id, uint64_t *added, bool *is, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 }, hex = { 0 };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_slice again, type;
	const uint8_t *u;

	*is = false;
	if (!pv_stix_id_ok(id, &type) || !pv_slice_is(type, "note"))
		return PV_DONE;
	for (size_t i = id.n - PV_STIX_UUID; i < id.n; i++)
		if (id.p[i] != '-')
			pv_buf_add_c(&hex, id.p[i]);
	if (!pv_hex_read(&raw, pv_buf_slice(&hex)) || raw.n != 16)
		return PV_DONE;
	u = (const uint8_t *)raw.p;
	*added = 0;
	for (unsigned i = 0; i < 6; i++)
		*added |= (uint64_t)u[i] << (52 - 8 * i);
	*added |= (uint64_t)(u[6] & 0x0f) << 8 | u[7];
	PV_TRY(pv_taxii_stub_id(d, *added, a, &again, e));
	*is = pv_secret_eq_mem(again, id);
	return PV_DONE;
}
