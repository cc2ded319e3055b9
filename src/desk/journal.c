/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry's fields are committed with fresh salts (one draw for all), the
 * disclosures lie in the store, one row an entry, sealed under a key of its
 * own, which erasure destroys. The entry, its disclosures and the rows that go with it are one
 * transaction.
 */
#include "desk/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/map.h"
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
	pv_buf_add_str(out, "{\"_sd\":[\"");
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++) {
		pv_buf_add_str(out, i == 0 ? "" : "\",\"");
		pv_buf_add(out, pv_slice_mem(digests[i], PV_COMMIT_DIGEST));
	}
	pv_buf_addf(out, "\"],\"_sd_alg\":\"sha-256\",\"kind\":\"%s\",\"pad\":\"", kind);
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
	if (used < PV_JOURNAL_BYTES) {
		memset(pv_buf_room(out, PV_JOURNAL_BYTES - used), '.', PV_JOURNAL_BYTES - used);
		out->n += PV_JOURNAL_BYTES - used;
	}
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

/* The row of all disclosures of an entry; earlier ones had a row a field, named by the field. */
#define ALL PV_SLICE("all")

/* As SD-JWT joins them, AES-256-GCM under the entry's key, the row's name as AAD. */
static PV_RESULT
seal_fields(struct pv_desk *d, const struct pv_commit_field *fields, unsigned append,
    struct pv_store_change *change, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_buf_free) struct pv_buf plain = { 0 };
	struct pv_store_change c = { .op = PV_OP_ADD, .table = PV_T_DISCLOSURES };
	uint64_t key_id;
	uint8_t *sealed;

	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++) {
		pv_buf_add(&plain, fields[i].disclosure);
		pv_buf_add_c(&plain, '~');
	}
	PV_TRY(pv_store_key_take(d->store, &key_id, pv_secret_bytes(key), e));
	aead = pv_aead_new(key);
	sealed = pv_arena_alloc(a, plain.n + PV_AEAD_OVER);
	pv_aead_seal_fresh(aead, &d->env, ALL, pv_buf_slice(&plain), sealed);
	c.row.c[PV_C_DISCLOSURE_LOG] = PV_CELL_S(d->journal);
	c.row.c[PV_C_DISCLOSURE_INDEX] = (struct pv_store_cell){ .from_append = append };
	c.row.c[PV_C_DISCLOSURE_FIELD] = PV_CELL_S(ALL);
	c.row.c[PV_C_DISCLOSURE_KEY] = PV_CELL_N(key_id);
	c.row.c[PV_C_DISCLOSURE_BODY] = PV_CELL_S(pv_slice_mem(sealed, plain.n + PV_AEAD_OVER));
	*change = c;
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

#define OWN_CHANGES 2 /* the entry, its disclosures */

PV_RESULT
pv_journal_lay(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, size_t base, struct pv_arena *a,
    struct pv_journal_laid *out, struct pv_err *e)
{
	struct pv_commit_field fields[PV_JOURNAL_FIELDS];
	struct pv_store_entry *appended = PV_ARENA_NEW(a, struct pv_store_entry);
	struct pv_store_change *changes =
	    pv_arena_alloc_n(a, OWN_CHANGES + row_count, sizeof(*changes));
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
		struct pv_store_change *c = &changes[OWN_CHANGES + i];

		*c = rows[i];
		for (size_t k = 0; k < PV_STORE_COLUMNS; k++)
			if (c->row.c[k].from_append != 0)
				c->row.c[k].from_append = append;
	}
	*out = (struct pv_journal_laid){ .changes = changes,
		.n = OWN_CHANGES + row_count,
		.second = appended->second,
		.disclosures = { disclosures, PV_JOURNAL_FIELDS } };
	return PV_DONE;
}

/* ---- refusals ---- */

/*
 * Repeats are counted in a row named by what makes them the same: "refusal.<hash>" -> "minute count first". It lives
 * until that minute is over: then the count is an entry, whoever writes the next one. One desk counts at a time, and
 * only while it writes, never while it decides.
 */
#define REFUSALS PV_SLICE("refusal")

/* Not between threads of one desk: it has one. Between desks, of this process or another. */
static PV_RESULT
begin_counting(struct pv_desk *d, int *fd, struct pv_arena *a, struct pv_err *e)
{
	*fd = open(pv_home_path(d, a, "home.json"), O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || flock(*fd, LOCK_EX) != 0)
		return PV_FAIL(
		    e, PV_E_CONFIG, "the journal cannot be written (%s)", strerror(errno));
	return PV_DONE;
}

static void
end_counting(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
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
find_over(struct pv_store_view *v, uint64_t minute, struct pv_arena *a, struct over **out,
    size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_store_cursor_freep) struct pv_store_cursor *c = NULL;
	struct pv_store_query q = { .table = PV_T_META, .n = 1 };
	struct pv_store_row row;
	uint64_t rows;
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

/* ---- writing: many entries, one submission ---- */

/* What is counted in this minute, as it will stand after the submission. */
struct count {
	struct pv_slice name;
	struct counted c;
	bool first;    /* its entry is one of this submission: */
	uint64_t nth;  /* the one of that number */
	size_t change; /* its row */
};

struct writing {
	struct pv_desk *d;
	struct pv_arena *a;
	uint64_t minute;
	PV_VEC(struct pv_store_change) changes;
	PV_VEC(struct count) counts;
	struct pv_map *names;   /* of counts */
	uint64_t entries, base; /* how many there are, and the index of the first */
	bool foretold;          /* a count names the index of an entry that has none yet */
};

static void
end_writing(struct writing *w)
{
	PV_VEC_FREE(&w->changes);
	PV_VEC_FREE(&w->counts);
	pv_map_free(w->names);
}

static void
add_changes(struct writing *w, const struct pv_store_change *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*PV_VEC_ADD(&w->changes) = c[i];
}

/* The checkpoint of what was written before; a fork that it shows fails all that would come after. */
static PV_RESULT
lay_owed(struct writing *w, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_desk *d = w->d;
	struct pv_store_change c = { .op = PV_OP_CHECKPOINT, .log = d->journal };

	if (d->owed.size == 0)
		return PV_DONE;
	PV_TRY(pv_home_note(
	    d, d->journal, d->owed.size, d->owed.root, &note, &c.checkpoint.second, e));
	c.checkpoint.kind = PV_STORE_SIGNED;
	c.checkpoint.size = d->owed.size;
	c.checkpoint.note = pv_arena_copy(w->a, pv_buf_slice(&note));
	memcpy(c.checkpoint.root, d->owed.root, sizeof(d->owed.root));
	add_changes(w, &c, 1);
	return PV_DONE;
}

/* out->index is the entry's number in this submission, until it has its place. */
static void
lay_entry(struct writing *w, struct pv_journal_item *item)
{
	struct pv_journal_laid laid;

	item->st = pv_journal_lay(w->d, &item->entry, item->rows, item->row_count, w->changes.n,
	    item->a, &laid, &item->err);
	if (!pv_ok(item->st))
		return;
	add_changes(w, laid.changes, laid.n);
	*item->out = (struct pv_journalled){
		.index = w->entries++, .second = laid.second, .disclosures = laid.disclosures
	};
}

/* A minute that is over: its count is an entry, and its row goes. */
static void
lay_over(struct writing *w, struct pv_store_view *v, const struct over *o)
{
	struct pv_store_change gone = { .op = PV_OP_DELETE, .table = PV_T_META };
	struct pv_journalled journalled;
	struct pv_journal_item item = { .entry = { .kind = "refused-again" },
		.rows = &gone,
		.row_count = 1,
		.a = w->a,
		.out = &journalled };
	struct pv_err damaged;

	gone.row.c[PV_C_META_NAME] = PV_CELL_S(o->name);
	if (o->c.repeats == 0) {
		add_changes(w, &gone, 1);
		return;
	}
	if (!pv_ok(take_first(w->d, v, o->c.index, w->a, &item.entry, &damaged)))
		item.entry = (struct pv_journal_entry){
			.kind = "refused-again"
		}; /* 'log verify' tells; the count is written all the same */
	item.entry.detail = pv_arena_printf(w->a, "{\"first\":%llu,\"repeats\":%llu}",
	    (unsigned long long)o->c.index, (unsigned long long)o->c.repeats);
	lay_entry(w, &item);
}

static struct count *
add_count(struct writing *w, struct pv_slice name, struct counted c)
{
	struct count *added = PV_VEC_ADD(&w->counts);

	*added = (struct count){ .name = name, .c = c, .change = w->changes.n };
	pv_map_set(w->names, name, (uint32_t)(w->counts.n - 1));
	*PV_VEC_ADD(&w->changes) = (struct pv_store_change){ 0 }; /* write_counts() */
	return added;
}

static void
lay_first(struct writing *w, struct pv_slice name, struct pv_journal_item *item)
{
	struct count *count;

	item->first = true;
	lay_entry(w, item);
	if (!pv_ok(item->st))
		return;
	count = add_count(w, name, (struct counted){ .minute = w->minute });
	count->first = w->foretold = true;
	count->nth = item->out->index;
}

/* at: its count, PV_MAP_NONE for an entry of its own. */
static PV_RESULT
lay_refusal(struct writing *w, struct pv_store_view *v, struct pv_journal_item *item, uint32_t *at,
    struct pv_err *e)
{
	struct pv_slice name = refusal_name(&item->entry, w->a);
	struct pv_store_row row = { .c[PV_C_META_NAME] = PV_CELL_S(name) };
	struct counted c = { 0 };
	bool found;

	*at = pv_map_get(w->names, name);
	if (*at == PV_MAP_NONE) {
		PV_TRY(pv_store_row_get(v, PV_T_META, &row, w->a, &found, e));
		if (found)
			c = read_counted(row.c[PV_C_META_BODY].s);
		if (!found || c.minute != w->minute) {
			lay_first(w, name, item);
			return PV_DONE;
		}
		*at = (uint32_t)(add_count(w, name, c) - w->counts.at);
	}
	w->counts.at[*at].c.repeats++;
	add_changes(w, item->rows, item->row_count);
	return PV_DONE;
}

static PV_RESULT
lay_items(struct writing *w, struct pv_store_view *v, struct pv_journal_item *items, size_t n,
    uint32_t *counts, struct pv_err *e)
{
	for (size_t i = 0; i < n; i++) {
		items[i].st = PV_DONE;
		items[i].first = false;
		counts[i] = PV_MAP_NONE;
		if (items[i].refusal)
			PV_TRY(lay_refusal(w, v, &items[i], &counts[i], e));
		else
			lay_entry(w, &items[i]);
	}
	return PV_DONE;
}

static void
write_counts(struct writing *w)
{
	for (size_t i = 0; i < w->counts.n; i++) {
		struct count *c = &w->counts.at[i];

		if (c->first)
			c->c.index = w->base + c->nth;
		w->changes.at[c->change] =
		    counted_row(c->name, w->a, w->minute, c->c.repeats, c->c.index);
	}
}

static PV_RESULT
foretell(struct writing *w, struct pv_store_expect *expect, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_head head;
	bool found;

	PV_TRY(pv_store_view_open(&v, w->d->store, e));
	PV_TRY(pv_store_log_head(v, w->d->journal, &head, &found, e));
	w->base = expect->size = found ? head.size : 0;
	return PV_DONE;
}

#define TRIES 1000 /* each time another one's entry came in between */

static PV_RESULT
submit(struct writing *w, struct pv_err *e)
{
	struct pv_desk *d = w->d;
	struct pv_store_expect expect = { .log = d->journal };
	struct pv_store_submission sub = { .expect = &expect, .n_expect = w->foretold ? 1 : 0 };
	struct pv_store_result r;
	bool moved = true;

	if (w->changes.n == 0)
		return PV_DONE;
	for (int tries = 0; moved && tries < TRIES; tries++) {
		if (w->foretold)
			PV_TRY(foretell(w, &expect, e));
		write_counts(w);
		sub.changes = w->changes.at;
		sub.n = w->changes.n;
		PV_TRY(pv_home_submit(d, &sub, &r, &moved, e));
	}
	if (moved)
		return PV_FAIL(e, PV_E_DOWN, "others write to it all the time");
	d->owed.size = 0;
	if (r.n != (w->entries != 0 ? 1u : 0u))
		return PV_FAIL(e, PV_E_BUG, "the journal's entries have no place");
	if (r.n == 0)
		return PV_DONE;
	w->base = r.placed[0].first;
	d->owed.size = r.placed[0].size;
	memcpy(d->owed.root, r.placed[0].root, sizeof(d->owed.root));
	return PV_DONE;
}

static void
place_items(
    const struct writing *w, struct pv_journal_item *items, size_t n, const uint32_t *counts)
{
	for (size_t i = 0; i < n; i++) {
		if (counts[i] != PV_MAP_NONE)
			*items[i].out =
			    (struct pv_journalled){ .index = w->counts.at[counts[i]].c.index };
		else if (pv_ok(items[i].st))
			items[i].out->index += w->base;
	}
}

/* counted: there is something to count, or to write of what was. */
static PV_RESULT
write_items(
    struct writing *w, struct pv_journal_item *items, size_t n, bool counted, struct pv_err *e)
{
	uint32_t *counts = pv_arena_alloc_n(w->a, n, sizeof(*counts));
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct over *over = NULL;
	size_t over_count = 0;

	PV_TRY(lay_owed(w, e));
	if (counted) {
		PV_TRY(pv_store_view_open(&v, w->d->store, e));
		PV_TRY(find_over(v, w->minute, w->a, &over, &over_count, e));
	}
	for (size_t i = 0; i < over_count; i++)
		lay_over(w, v, &over[i]);
	PV_TRY(lay_items(w, v, items, n, counts, e));
	PV_TRY(submit(w, e));
	place_items(w, items, n, counts);
	return PV_DONE;
}

/* As nearly always nothing is counted: then nobody waits for anybody. */
static PV_RESULT
any_counts(const struct writing *w, const struct pv_journal_item *items, size_t n, bool *any,
    struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct over *over;
	size_t over_count;

	*any = true;
	for (size_t i = 0; i < n; i++)
		if (items[i].refusal)
			return PV_DONE;
	PV_TRY(pv_store_view_open(&v, w->d->store, e));
	PV_TRY(find_over(v, w->minute, w->a, &over, &over_count, e));
	*any = over_count != 0;
	return PV_DONE;
}

PV_RESULT
pv_journal_write(struct pv_desk *d, struct pv_journal_item *items, size_t n, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(end_writing)
	struct writing w = { .d = d,
		.a = a,
		.minute = d->env.realtime_ms(d->env.ctx) / 60000,
		.names = pv_map_new(8) };
	PV_AUTO(end_counting) int counting = -1;
	bool any;

	PV_TRY(any_counts(&w, items, n, &any, e));
	if (any)
		PV_TRY(begin_counting(d, &counting, a, e));
	else if (n == 0)
		return PV_DONE;
	return no_entry(write_items(&w, items, n, any, e), e);
}

PV_RESULT
pv_journal_settle(struct pv_desk *d, struct pv_err *e)
{
	if (d->owed.size == 0)
		return PV_DONE;
	PV_TRY(no_entry(pv_home_checkpoint(d, d->journal, d->owed.size, d->owed.root, e), e));
	d->owed.size = 0;
	return PV_DONE;
}

PV_RESULT
pv_journal_flush(struct pv_desk *d, struct pv_err *e)
{
	PV_TRY(pv_journal_write(d, NULL, 0, e));
	return pv_journal_settle(d, e);
}

static PV_RESULT
write_one(struct pv_desk *d, struct pv_journal_item *item, struct pv_err *e)
{
	PV_TRY(pv_journal_write(d, item, 1, e));
	if (!pv_ok(item->st)) {
		*e = item->err;
		return item->st;
	}
	return pv_journal_settle(d, e);
}

PV_RESULT
pv_journal_add(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, struct pv_err *e)
{
	struct pv_journal_item item = {
		.entry = *entry, .rows = rows, .row_count = row_count, .a = a, .out = out
	};

	return write_one(d, &item, e);
}

PV_RESULT
pv_journal_refusal(struct pv_desk *d, const struct pv_journal_entry *entry,
    const struct pv_store_change *rows, size_t row_count, struct pv_arena *a,
    struct pv_journalled *out, bool *first, struct pv_err *e)
{
	struct pv_journal_item item = { .entry = *entry,
		.rows = rows,
		.row_count = row_count,
		.refusal = true,
		.a = a,
		.out = out };
	struct pv_status st = write_one(d, &item, e);

	*first = item.first;
	return st;
}

/* ---- reading back ---- */

/* In the order of their names. */
static const char *const field_names[PV_JOURNAL_FIELDS] = { "decision", "detail", "label", "party",
	"person", "purpose", "release", "report" };

static PV_RESULT
take_disclosure(struct pv_slice disclosure, struct pv_arena *a,
    struct pv_journal_field fields[PV_JOURNAL_FIELDS], struct pv_err *e)
{
	struct pv_commit_opening opening;

	PV_TRY(pv_commit_read(&opening, disclosure, a, e));
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		if (pv_slice_eq(opening.name, fields[i].name)) {
			fields[i].value = opening.value;
			fields[i].disclosure = disclosure;
			fields[i].held = true;
			return PV_DONE;
		}
	return PV_FAIL(e, PV_E_UNTRUSTED, "a disclosure of the journal is of no field of it");
}

/* Those of all fields, or of one: its name is in the row then. */
static PV_RESULT
take_row(struct pv_desk *d, const struct pv_store_row *row, struct pv_arena *a,
    struct pv_journal_field fields[PV_JOURNAL_FIELDS], struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	struct pv_slice sealed = row->c[PV_C_DISCLOSURE_BODY].s, rest, disclosure;
	uint8_t *plain;
	bool held;

	PV_TRY(pv_store_key_get(
	    d->store, row->c[PV_C_DISCLOSURE_KEY].n, pv_secret_bytes(key), &held, e));
	if (!held)
		return PV_DONE;
	if (sealed.n < PV_AEAD_OVER)
		return PV_FAIL(e, PV_E_UNTRUSTED, "a disclosure of the journal is damaged");
	aead = pv_aead_new(key);
	plain = pv_arena_alloc(a, sealed.n);
	if (!pv_aead_open(aead, row->c[PV_C_DISCLOSURE_FIELD].s, sealed, plain))
		return PV_FAIL(e, PV_E_UNTRUSTED, "a disclosure of the journal was changed");
	rest = pv_slice_mem(plain, sealed.n - PV_AEAD_OVER);
	while (pv_slice_next(&rest, '~', &disclosure))
		if (disclosure.n != 0)
			PV_TRY(take_disclosure(disclosure, a, fields, e));
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
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		fields[i] = (struct pv_journal_field){ .name = pv_slice_of(field_names[i]) };
	q.where[0].column = PV_C_DISCLOSURE_LOG;
	q.where[0].cell = PV_CELL_S(d->journal);
	q.where[1].column = PV_C_DISCLOSURE_INDEX;
	q.where[1].cell = PV_CELL_N(index);
	PV_TRY(pv_store_rows(&c, v, &q, e));
	for (;;) {
		PV_TRY(pv_store_row_next(c, &row, &more, e));
		if (!more)
			return PV_DONE;
		*n = PV_JOURNAL_FIELDS;
		PV_TRY(take_row(d, &row, a, fields, e));
	}
}
