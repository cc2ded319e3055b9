/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry's fields are committed with fresh salts (one draw for all), the
 * disclosures lie in the store sealed under a key of their own, which erasure
 * destroys. The entry, its disclosures and the rows that go with it are one
 * transaction.
 */
#include "desk/journal.h"

#include <stdlib.h>

#include "codec/json.h"
#include "codec/rfc3339.h"
#include "crypto/aead.h"
#include "crypto/commit.h"
#include "crypto/hash.h"

#define CHANGES_MAX (1 + PV_JOURNAL_FIELDS + 16)

static struct pv_slice
quoted(struct pv_arena *a, struct pv_slice text)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	pv_json_quote(&b, text);
	return pv_arena_copy(a, pv_buf_slice(&b));
}

static struct pv_slice
or_null(struct pv_slice json)
{
	return json.n != 0 ? json : PV_SLICE("null");
}

static int
by_digest(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The entry as it stands in the log; members in the order of RFC 8785, padded to a fixed size where they fit. */
static void
write_entry(struct pv_buf *out, const char *kind, uint64_t second, const struct pv_desk *d, const struct pv_commit_field *fields)
{
	const char *digests[PV_JOURNAL_FIELDS];
	PV_AUTO(pv_buf_free) struct pv_buf tail = { 0 };
	struct pv_jsonw w = { .out = &tail };
	size_t used;

	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		digests[i] = fields[i].digest;
	qsort(digests, PV_JOURNAL_FIELDS, sizeof(digests[0]), by_digest);
	pv_buf_add_str(out, "{\"_sd\":[");
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		pv_buf_addf(out, "%s\"%s\"", i == 0 ? "" : ",", digests[i]);
	pv_buf_addf(out, "],\"_sd_alg\":\"sha-256\",\"kind\":\"%s\",\"pad\":\"", kind);
	pv_jsonw_array(&w, NULL);
	for (size_t i = 0; i <= d->copies.n; i++) {
		const struct pv_log *log = i == 0 ? &d->own : d->copies.at[i - 1];

		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "origin", log->origin);
		pv_jsonw_u64(&w, "size", log->loaded);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	pv_buf_add_str(&tail, ",\"time\":\"");
	pv_time_write(&tail, second);
	pv_buf_add_str(&tail, "\",\"v\":1}");
	used = out->n + sizeof("\",\"stood\":") - 1 + tail.n;
	for (; used < PV_JOURNAL_BYTES; used++)
		pv_buf_add_c(out, '.');
	pv_buf_add_str(out, "\",\"stood\":");
	pv_buf_add(out, pv_buf_slice(&tail));
}

static void
commit(const struct pv_journal_entry *entry, const struct pv_env *env, struct pv_arena *a, struct pv_commit_field fields[PV_JOURNAL_FIELDS])
{
	uint8_t salts[PV_JOURNAL_FIELDS * PV_COMMIT_SALT];

	fields[0] = (struct pv_commit_field){ .name = PV_SLICE("release"), .value = quoted(a, entry->release) };
	fields[1] = (struct pv_commit_field){ .name = PV_SLICE("report"), .value = quoted(a, entry->report) };
	fields[2] = (struct pv_commit_field){ .name = PV_SLICE("party"), .value = quoted(a, entry->party) };
	fields[3] = (struct pv_commit_field){ .name = PV_SLICE("person"), .value = quoted(a, entry->person) };
	fields[4] = (struct pv_commit_field){ .name = PV_SLICE("purpose"), .value = quoted(a, entry->purpose) };
	fields[5] = (struct pv_commit_field){ .name = PV_SLICE("decision"), .value = or_null(entry->decision) };
	fields[6] = (struct pv_commit_field){ .name = PV_SLICE("label"), .value = quoted(a, entry->label) };
	fields[7] = (struct pv_commit_field){ .name = PV_SLICE("detail"), .value = or_null(entry->detail) };
	env->random(env->ctx, salts, sizeof(salts));
	pv_commit_make(fields, PV_JOURNAL_FIELDS, salts, a);
}

/* One row a field: AES-256-GCM under the entry's key, the field's name as AAD. */
static PV_RESULT
seal_fields(struct pv_desk *d, const struct pv_commit_field *fields, struct pv_store_change *changes, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	uint64_t key_id;

	PV_TRY(pv_store_key_take(d->store, &key_id, pv_secret_bytes(key), e));
	aead = pv_aead_new(key);
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++) {
		size_t n = fields[i].disclosure.n + PV_AEAD_OVER;
		uint8_t *sealed = pv_arena_alloc(a, n);

		pv_aead_seal_fresh(aead, &d->env, fields[i].name, fields[i].disclosure, sealed);
		changes[i] = (struct pv_store_change){ .op = PV_OP_ADD, .table = PV_T_DISCLOSURES };
		changes[i].row.c[PV_C_DISCLOSURE_LOG] = PV_CELL_S(d->journal);
		changes[i].row.c[PV_C_DISCLOSURE_INDEX] = (struct pv_store_cell){ .from_append = 1 };
		changes[i].row.c[PV_C_DISCLOSURE_FIELD] = PV_CELL_S(fields[i].name);
		changes[i].row.c[PV_C_DISCLOSURE_KEY] = PV_CELL_N(key_id);
		changes[i].row.c[PV_C_DISCLOSURE_BODY] = PV_CELL_S(pv_slice_mem(sealed, n));
	}
	return PV_DONE;
}

PV_RESULT
pv_journal_add(struct pv_desk *d, const struct pv_journal_entry *entry, const struct pv_store_change *rows, size_t row_count,
    struct pv_arena *a, struct pv_journalled *out, struct pv_err *e)
{
	struct pv_commit_field fields[PV_JOURNAL_FIELDS];
	struct pv_store_change changes[CHANGES_MAX] = { 0 };
	struct pv_store_entry appended = { .second = d->env.realtime_ms(d->env.ctx) / 1000 };
	struct pv_store_submission sub = { .changes = changes, .n = 1 + PV_JOURNAL_FIELDS + row_count };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_slice *disclosures = pv_arena_alloc_n(a, PV_JOURNAL_FIELDS, sizeof(*disclosures));
	struct pv_store_result r;
	bool moved;

	if (sub.n > CHANGES_MAX)
		return PV_FAIL(e, PV_E_BUG, "too many rows for one journal entry");
	commit(entry, &d->env, a, fields);
	write_entry(&line, entry->kind, appended.second, d, fields);
	appended.bytes = pv_buf_slice(&line);
	pv_hash_leaf(appended.bytes, appended.leaf);
	changes[0] = (struct pv_store_change){ .op = PV_OP_APPEND, .log = d->journal, .entries = &appended, .n = 1 };
	PV_TRY(seal_fields(d, fields, changes + 1, a, e));
	if (row_count != 0)
		memcpy(changes + 1 + PV_JOURNAL_FIELDS, rows, row_count * sizeof(*rows));
	PV_TRY(pv_home_submit(d, &sub, &r, &moved, e));
	if (moved || r.n != 1)
		return PV_FAIL(e, PV_E_BUG, "the journal's entry has no place");
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		disclosures[i] = fields[i].disclosure;
	*out = (struct pv_journalled){ .index = r.placed[0].first, .second = appended.second,
		.disclosures = { disclosures, PV_JOURNAL_FIELDS } };
	return pv_home_checkpoint(d, d->journal, r.placed[0].size, r.placed[0].root, e);
}

/* ---- refusals ---- */

/* Repeats are counted in a row named by what makes them the same: "refusal:<hash>" -> "minute count". */
static void
refusal_name(char name[9 + 2 * PV_HASH], const struct pv_journal_entry *entry)
{
	PV_AUTO(pv_buf_free) struct pv_buf key = { 0 };
	char hex[2 * PV_HASH + 1];

	pv_json_quote(&key, entry->report);
	pv_json_quote(&key, entry->party);
	pv_json_quote(&key, entry->person);
	pv_json_quote(&key, entry->purpose);
	pv_buf_add(&key, entry->decision);
	pv_hash_hex(pv_buf_slice(&key), hex);
	memcpy(name, "refusal:", 8);
	memcpy(name + 8, hex, sizeof(hex));
}

struct counted {
	uint64_t minute, repeats, index; /* of the first */
};

static PV_RESULT
read_counted(struct pv_desk *d, struct pv_slice name, struct pv_arena *a, struct counted *out, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(name) };
	struct pv_slice rest, field;
	uint64_t *const at[3] = { &out->minute, &out->repeats, &out->index };
	bool found;

	*out = (struct counted){ 0 };
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	rest = row.c[PV_C_META_BODY].s;
	for (size_t i = 0; found && i < 3 && pv_slice_next(&rest, ' ', &field); i++)
		if (!pv_slice_u64(field, at[i]))
			return PV_FAIL(e, PV_E_UNTRUSTED, "the count of repeated refusals is damaged");
	return PV_DONE;
}

static struct pv_store_change
counted_row(struct pv_slice name, struct pv_arena *a, uint64_t minute, uint64_t repeats, uint64_t index)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };

	c.row.c[PV_C_META_NAME] = PV_CELL_S(name);
	c.row.c[PV_C_META_BODY] = PV_CELL_S(pv_arena_printf(a, "%llu %llu %llu", (unsigned long long)minute, (unsigned long long)repeats,
	    (unsigned long long)index));
	return c;
}

PV_RESULT
pv_journal_refusal(struct pv_desk *d, const struct pv_journal_entry *entry, struct pv_arena *a, struct pv_journalled *out, bool *first,
    struct pv_err *e)
{
	uint64_t minute = d->env.realtime_ms(d->env.ctx) / 60000;
	struct pv_journal_entry again = *entry;
	struct pv_store_change row;
	struct pv_store_submission sub = { .changes = &row, .n = 1 };
	struct pv_store_result r;
	char buffer[9 + 2 * PV_HASH];
	struct pv_slice name;
	struct counted c;
	bool moved;

	refusal_name(buffer, entry);
	name = pv_arena_copy(a, pv_slice_of(buffer));
	PV_TRY(read_counted(d, name, a, &c, e));
	*first = c.minute != minute;
	if (!*first) {
		row = counted_row(name, a, minute, c.repeats + 1, c.index);
		*out = (struct pv_journalled){ .index = c.index };
		return pv_home_submit(d, &sub, &r, &moved, e);
	}
	if (c.repeats != 0) {
		again.kind = "refused-again";
		again.detail = pv_arena_printf(a, "{\"first\":%llu,\"repeats\":%llu}", (unsigned long long)c.index,
		    (unsigned long long)c.repeats);
		PV_TRY(pv_journal_add(d, &again, NULL, 0, a, out, e));
	}
	PV_TRY(pv_journal_add(d, entry, NULL, 0, a, out, e));
	row = counted_row(name, a, minute, 0, out->index);
	return pv_home_submit(d, &sub, &r, &moved, e);
}

/* ---- reading back ---- */

static PV_RESULT
open_field(struct pv_desk *d, const struct pv_store_row *row, struct pv_arena *a, struct pv_journal_field *f, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	struct pv_slice sealed = row->c[PV_C_DISCLOSURE_BODY].s;
	struct pv_commit_opening opening;
	uint8_t *plain;

	f->name = pv_arena_copy(a, row->c[PV_C_DISCLOSURE_FIELD].s);
	PV_TRY(pv_store_key_get(d->store, row->c[PV_C_DISCLOSURE_KEY].n, pv_secret_bytes(key), &f->held, e));
	if (!f->held)
		return PV_DONE;
	if (sealed.n < PV_AEAD_OVER)
		return PV_FAIL(e, PV_E_UNTRUSTED, "a disclosure of the journal is damaged");
	aead = pv_aead_new(key);
	plain = pv_arena_alloc(a, sealed.n);
	if (!pv_aead_open(aead, f->name, sealed, plain))
		return PV_FAIL(e, PV_E_UNTRUSTED, "a disclosure of the journal was changed");
	f->disclosure = pv_slice_mem(plain, sealed.n - PV_AEAD_OVER);
	PV_TRY(pv_commit_read(&opening, f->disclosure, a, e));
	f->value = opening.value;
	return PV_DONE;
}

PV_RESULT
pv_journal_fields(struct pv_desk *d, struct pv_store_view *v, uint64_t index, struct pv_arena *a, struct pv_journal_field *fields, size_t *n,
    struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_DISCLOSURES, .n = 2 };
	struct pv_store_row row;
	bool more;

	*n = 0;
	q.where[0].column = PV_C_DISCLOSURE_LOG;
	q.where[0].cell = PV_CELL_S(d->journal);
	q.where[1].column = PV_C_DISCLOSURE_INDEX;
	q.where[1].cell = PV_CELL_N(index);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more || *n == PV_JOURNAL_FIELDS)
			return PV_DONE;
		fields[*n] = (struct pv_journal_field){ 0 };
		PV_TRY(open_field(d, &row, a, &fields[*n], e));
		(*n)++;
	}
}
