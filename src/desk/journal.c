/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry's fields are committed with fresh salts (one draw for all), the
 * disclosures lie in the store sealed under a key of their own, which erasure
 * destroys. The entry, its disclosures and the rows that go with it are one
 * transaction.
 */
#include "desk/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "codec/json.h"
#include "codec/rfc3339.h"
#include "crypto/aead.h"
#include "crypto/commit.h"
#include "crypto/hash.h"

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
write_entry(struct pv_buf *out, const char *kind, uint64_t second, const struct pv_desk *d,
    const struct pv_commit_field *fields)
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
commit(const struct pv_journal_entry *entry, const struct pv_env *env, struct pv_arena *a,
    struct pv_commit_field fields[PV_JOURNAL_FIELDS])
{
	uint8_t salts[PV_JOURNAL_FIELDS * PV_COMMIT_SALT];

	fields[0] = (struct pv_commit_field){ .name = PV_SLICE("release"),
		.value = quoted(a, entry->release) };
	fields[1] = (struct pv_commit_field){ .name = PV_SLICE("report"),
		.value = quoted(a, entry->report) };
	fields[2] =
	    (struct pv_commit_field){ .name = PV_SLICE("party"), .value = quoted(a, entry->party) };
	fields[3] = (struct pv_commit_field){ .name = PV_SLICE("person"),
		.value = quoted(a, entry->person) };
	fields[4] = (struct pv_commit_field){ .name = PV_SLICE("purpose"),
		.value = quoted(a, entry->purpose) };
	fields[5] = (struct pv_commit_field){ .name = PV_SLICE("decision"),
		.value = or_null(entry->decision) };
	fields[6] =
	    (struct pv_commit_field){ .name = PV_SLICE("label"), .value = quoted(a, entry->label) };
	fields[7] =
	    (struct pv_commit_field){ .name = PV_SLICE("detail"), .value = or_null(entry->detail) };
	env->random(env->ctx, salts, sizeof(salts));
	pv_commit_make(fields, PV_JOURNAL_FIELDS, salts, a);
}

/* One row a field: AES-256-GCM under the entry's key, the field's name as AAD. */
static PV_RESULT
seal_fields(struct pv_desk *d, const struct pv_commit_field *fields, unsigned append,
    struct pv_store_change *changes, struct pv_arena *a, struct pv_err *e)
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
		changes[i].row.c[PV_C_DISCLOSURE_INDEX] =
		    (struct pv_store_cell){ .from_append = append };
		changes[i].row.c[PV_C_DISCLOSURE_FIELD] = PV_CELL_S(fields[i].name);
		changes[i].row.c[PV_C_DISCLOSURE_KEY] = PV_CELL_N(key_id);
		changes[i].row.c[PV_C_DISCLOSURE_BODY] = PV_CELL_S(pv_slice_mem(sealed, n));
	}
	return PV_DONE;
}

/* UX T3: what fails here is told as what it means. */
static struct pv_status
no_entry(struct pv_status st, struct pv_err *e)
{
	const struct pv_err why = *e;

	if (pv_ok(st) || (st.code != PV_E_CONFIG && st.code != PV_E_DOWN))
		return st;
	if (!pv_slice_starts(pv_slice_of(why.what), PV_SLICE("the journal ")))
		st = pv_err_set(
		    e, why.code, why.raised, "the journal cannot be written: %s", why.what);
	return pv_advise(st, e,
	    "No entry, no key: until it can be, nothing is sealed, released or opened here. Orders "
	    "still arrive and hold.%s%s%s",
	    why.fix[0] != '\0' ? " To go on: " : "", why.fix, why.fix[0] != '\0' ? "." : "");
}

PV_RESULT
pv_journal_lay(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, size_t base, struct pv_arena *a,
    struct pv_journal_laid *out, struct pv_err *e)
{
	struct pv_commit_field fields[PV_JOURNAL_FIELDS];
	struct pv_store_entry *appended = PV_ARENA_NEW(a, struct pv_store_entry);
	struct pv_store_change *changes =
	    pv_arena_alloc_n(a, 1 + PV_JOURNAL_FIELDS + row_count, sizeof(*changes));
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_slice *disclosures = pv_arena_alloc_n(a, PV_JOURNAL_FIELDS, sizeof(*disclosures));
	unsigned append = (unsigned)base + 1;

	commit(entry, &d->env, a, fields);
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++) {
		if (fields[i].disclosure.n > PV_COMMIT_MAX)
			return PV_FAIL(e, PV_E_LIMIT, "too large for the journal: %.*s",
			    PV_FMT(fields[i].name));
		disclosures[i] = fields[i].disclosure;
	}
	appended->second = d->env.realtime_ms(d->env.ctx) / 1000;
	write_entry(&line, entry->kind, appended->second, d, fields);
	appended->bytes = pv_arena_copy(a, pv_buf_slice(&line));
	pv_hash_leaf(appended->bytes, appended->leaf);
	changes[0] = (struct pv_store_change){
		.op = PV_OP_APPEND, .log = d->journal, .entries = appended, .n = 1
	};
	PV_TRY(no_entry(seal_fields(d, fields, append, changes + 1, a, e), e));
	for (size_t i = 0; i < row_count; i++) {
		struct pv_store_change *c = &changes[1 + PV_JOURNAL_FIELDS + i];

		*c = rows[i];
		for (size_t k = 0; k < PV_STORE_COLUMNS; k++)
			if (c->row.c[k].from_append != 0)
				c->row.c[k].from_append = append;
	}
	*out = (struct pv_journal_laid){ .changes = changes,
		.n = 1 + PV_JOURNAL_FIELDS + row_count,
		.second = appended->second,
		.disclosures = { disclosures, PV_JOURNAL_FIELDS } };
	return PV_DONE;
}

static PV_RESULT
add_entry(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e)
{
	struct pv_journal_laid laid;
	struct pv_store_submission sub = { 0 };
	struct pv_store_result r;
	bool moved;

	PV_TRY(pv_journal_lay(d, entry, rows, row_count, 0, a, &laid, e));
	sub.changes = laid.changes;
	sub.n = laid.n;
	PV_TRY(no_entry(pv_home_submit(d, &sub, &r, &moved, e), e));
	if (moved || r.n != 1)
		return PV_FAIL(e, PV_E_BUG, "the journal's entry has no place");
	*out = (struct pv_journalled){
		.index = r.placed[0].first, .second = laid.second, .disclosures = laid.disclosures
	};
	return no_entry(
	    pv_home_checkpoint(d, d->journal, r.placed[0].size, r.placed[0].root, e), e);
}

PV_RESULT
pv_journal_add(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e)
{
	PV_TRY(pv_journal_flush(d, e));
	return add_entry(d, entry, rows, row_count, a, out, e);
}

/* ---- refusals ---- */

/*
 * Repeats are counted in a row named by what makes them the same: "refusal.<hash>" -> "minute count first". It lives
 * until that minute is over: then the count is an entry, whoever writes the next one. One process counts at a time.
 */
#define REFUSALS PV_SLICE("refusal")

struct counting {
	int fd;
};

static PV_RESULT
begin_counting(struct pv_desk *d, struct counting *c, struct pv_arena *a, struct pv_err *e)
{
	c->fd = open(pv_home_path(d, a, "home.json"), O_RDONLY | O_CLOEXEC);
	if (c->fd < 0 || flock(c->fd, LOCK_EX) != 0) {
		int why = errno;

		if (c->fd >= 0)
			close(c->fd);
		return PV_FAIL(e, PV_E_CONFIG, "the journal cannot be written (%s)", strerror(why));
	}
	return PV_DONE;
}

static void
end_counting(struct counting *c)
{
	close(c->fd);
}

static struct pv_slice
refusal_name(const struct pv_journal_entry *entry, struct pv_arena *a)
{
	PV_AUTO(pv_buf_free) struct pv_buf key = { 0 };
	char hex[2 * PV_HASH + 1];

	pv_json_quote(&key, entry->report);
	pv_json_quote(&key, entry->party);
	pv_json_quote(&key, entry->person);
	pv_json_quote(&key, entry->purpose);
	pv_buf_add(&key, entry->decision);
	pv_hash_hex(pv_buf_slice(&key), hex);
	return pv_arena_printf(a, "refusal.%s", hex);
}

struct counted {
	uint64_t minute, repeats, index; /* of the first */
};

/* A damaged one counts nothing, and is over. */
static struct counted
read_counted(struct pv_slice body)
{
	struct counted c = { 0 };
	struct pv_slice field;
	uint64_t *const at[3] = { &c.minute, &c.repeats, &c.index };

	for (size_t i = 0; i < 3; i++)
		if (!pv_slice_next(&body, ' ', &field) || !pv_slice_u64(field, at[i]))
			return (struct counted){ 0 };
	return c;
}

static struct pv_store_change
counted_row(
    struct pv_slice name, struct pv_arena *a, uint64_t minute, uint64_t repeats, uint64_t index)
{
	struct pv_store_change c = { .op = PV_OP_PUT, .table = PV_T_META };

	c.row.c[PV_C_META_NAME] = PV_CELL_S(name);
	c.row.c[PV_C_META_BODY] = PV_CELL_S(pv_arena_printf(a, "%llu %llu %llu",
	    (unsigned long long)minute, (unsigned long long)repeats, (unsigned long long)index));
	return c;
}

/* What the first said, as far as it is not erased: the count is about the same. */
static PV_RESULT
take_first(struct pv_desk *d, struct pv_store_view *v, uint64_t index, struct pv_arena *a,
    struct pv_journal_entry *out, struct pv_err *e)
{
	struct pv_journal_field fields[PV_JOURNAL_FIELDS];
	size_t n;

	PV_TRY(pv_journal_fields(d, v, index, a, fields, &n, e));
	for (size_t i = 0; i < n; i++) {
		struct pv_slice *const at = pv_slice_is(fields[i].name, "report")    ? &out->report
					    : pv_slice_is(fields[i].name, "party")   ? &out->party
					    : pv_slice_is(fields[i].name, "person")  ? &out->person
					    : pv_slice_is(fields[i].name, "purpose") ? &out->purpose
					    : pv_slice_is(fields[i].name, "label")   ? &out->label
										     : NULL;
		PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;

		if (fields[i].held && pv_slice_is(fields[i].name, "decision"))
			out->decision = fields[i].value;
		if (!fields[i].held || at == NULL)
			continue;
		PV_TRY(pv_json_read(&doc, fields[i].value, PV_COMMIT_MAX, e));
		if (pv_json_at(doc, 0)->type == PV_JSON_STRING)
			*at = pv_arena_copy(a, pv_json_at(doc, 0)->text);
	}
	return PV_DONE;
}

struct over {
	struct pv_slice name;
	struct counted c;
};

/* The rows of minutes that are over. */
static PV_RESULT
find_over(struct pv_desk *d, struct pv_store_view *v, struct pv_arena *a, struct over **out,
    size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_META, .n = 1 };
	uint64_t minute = d->env.realtime_ms(d->env.ctx) / 60000, rows;
	struct pv_store_row row;
	bool more;

	q.where[0].column = PV_C_META_NAME;
	q.where[0].test = PV_Q_UNDER;
	q.where[0].cell = PV_CELL_S(REFUSALS);
	PV_TRY(pv_store_rows_count(&rows, v, &q, e));
	*out = pv_arena_alloc_n(a, rows, sizeof(**out));
	*n = 0;
	PV_TRY(pv_store_rows(&c, v, &q, e));
	while (*n < rows) {
		struct over *o = &(*out)[*n];

		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			break;
		o->c = read_counted(row.c[PV_C_META_BODY].s);
		o->name = pv_arena_copy(a, row.c[PV_C_META_NAME].s);
		*n += o->c.minute != minute ? 1 : 0;
	}
	return PV_DONE;
}

static PV_RESULT
write_over(struct pv_desk *d, struct pv_store_view *v, const struct over *o, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_journal_entry entry = { .kind = "refused-again" };
	struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_META };
	struct pv_store_submission sub = { .changes = &gone, .n = 1 };
	struct pv_journalled journalled;
	struct pv_store_result r;
	struct pv_err damaged;
	bool moved;

	gone.row.c[PV_C_META_NAME] = PV_CELL_S(o->name);
	if (o->c.repeats == 0)
		return no_entry(pv_home_submit(d, &sub, &r, &moved, e), e);
	if (!pv_ok(take_first(d, v, o->c.index, a, &entry, &damaged)))
		entry = (struct pv_journal_entry){
			.kind = "refused-again"
		}; /* 'log verify' tells; the count is written all the same */
	entry.detail = pv_arena_printf(a, "{\"first\":%llu,\"repeats\":%llu}",
	    (unsigned long long)o->c.index, (unsigned long long)o->c.repeats);
	return add_entry(d, &entry, &gone, 1, a, &journalled, e);
}

static PV_RESULT
flush(struct pv_desk *d, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct over *over;
	size_t n;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(find_over(d, v, a, &over, &n, e));
	for (size_t i = 0; i < n; i++)
		PV_TRY(write_over(d, v, &over[i], a, e));
	return PV_DONE;
}

PV_RESULT
pv_journal_flush(struct pv_desk *d, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct counting counting;
	struct over *over;
	struct pv_status st;
	size_t n;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(find_over(d, v, a, &over, &n, e));
	if (n == 0)
		return PV_DONE; /* as nearly always: then nobody waits for anybody */
	PV_TRY(begin_counting(d, &counting, a, e));
	st = flush(d, a, e);
	end_counting(&counting);
	return st;
}

static PV_RESULT
count_refusal(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, bool *first, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	uint64_t minute = d->env.realtime_ms(d->env.ctx) / 60000;
	struct pv_store_change *changes = pv_arena_alloc_n(a, row_count + 1, sizeof(*changes));
	struct pv_store_submission sub = { .changes = changes, .n = row_count + 1 };
	struct pv_slice name = refusal_name(entry, a);
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(name) };
	struct counted c = { 0 };
	struct pv_store_result r;
	bool found, moved;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &found, e));
	if (found)
		c = read_counted(row.c[PV_C_META_BODY].s);
	*first = !found || c.minute != minute;
	if (*first) {
		PV_TRY(add_entry(d, entry, rows, row_count, a, out, e));
		changes[0] = counted_row(name, a, minute, 0, out->index);
		sub.n = 1;
	} else {
		changes[0] = counted_row(name, a, minute, c.repeats + 1, c.index);
		if (row_count != 0)
			memcpy(changes + 1, rows, row_count * sizeof(*rows));
		*out = (struct pv_journalled){ .index = c.index };
	}
	return no_entry(pv_home_submit(d, &sub, &r, &moved, e), e);
}

PV_RESULT
pv_journal_refusal(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, bool *first, struct pv_err *e)
{
	struct counting counting;
	struct pv_status st;

	PV_TRY(pv_journal_flush(d, e));
	PV_TRY(begin_counting(d, &counting, a, e));
	st = count_refusal(d, entry, rows, row_count, a, out, first, e);
	end_counting(&counting);
	return st;
}

/* ---- reading back ---- */

static PV_RESULT
open_field(struct pv_desk *d, const struct pv_store_row *row, struct pv_arena *a,
    struct pv_journal_field *f, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	struct pv_slice sealed = row->c[PV_C_DISCLOSURE_BODY].s;
	struct pv_commit_opening opening;
	uint8_t *plain;

	f->name = pv_arena_copy(a, row->c[PV_C_DISCLOSURE_FIELD].s);
	PV_TRY(pv_store_key_get(
	    d->store, row->c[PV_C_DISCLOSURE_KEY].n, pv_secret_bytes(key), &f->held, e));
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
pv_journal_fields(struct pv_desk *d, struct pv_store_view *v, uint64_t index, struct pv_arena *a,
    struct pv_journal_field *fields, size_t *n, struct pv_err *e)
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
