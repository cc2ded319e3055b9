/* SPDX-License-Identifier: Apache-2.0 */
/* Many releases, one fsync: what is durable when, and what an order, a full disk and a kill leave of it. */
#include "desk/batch.h"

#include <sys/wait.h>

#include "crypto/aead.h"
#include "crypto/commit.h"
#include "desk/labels.h"
#include "desk/test_homes.h"

#define MANY 100

struct release {
	struct pv_case c;
	struct pv_releasing what;
	struct pv_released r;
};

static struct pv_kept kept;

/* co has one report; the cases ask for it. */
static struct pv_desk *
take_sharing_home(void)
{
	struct pv_desk *d = take_home("co");
	struct pv_err e = { 0 };
	bool found = false;

	share(d, "r-1", "a boat");
	good(pv_report_find(d, PV_SLICE("r-1"), arena, &kept, &found, &e), &e, "it is found");
	if (!found)
		exit(1);
	return d;
}

static void
ask(struct release *x, struct pv_desk *d, const char *party, const char *purpose)
{
	struct pv_err e = { 0 };

	*x = (struct release){ .c = { .recipient = pv_slice_of(party),
				   .purpose = pv_slice_of(purpose),
				   .channel = PV_SLICE("exchange.courier") } };
	if (!pv_ok(pv_matter_of(d, &kept.label, kept.custodians, arena, &x->c.matter, &e)))
		tap_ok(false, "a matter: %s", e.what);
	x->what = (struct pv_releasing){
		.c = &x->c, .report = &kept, .person = PV_SLICE("analyst-rosalind")
	};
}

/* Every other one by us, the rest by ca. */
static struct release *
ask_many(struct pv_batch *b, struct pv_desk *d, size_t n, const char *purpose)
{
	struct release *all = pv_arena_alloc_n(arena, n, sizeof(*all));
	struct pv_err e = { 0 };
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		ask(&all[i], d, i % 2 == 0 ? "us" : "ca", purpose);
		ok = ok && pv_ok(pv_batch_release(b, &all[i].what, arena, &all[i].r, &e));
	}
	tap_ok(ok && pv_batch_count(b) == n, "%zu requests are judged", n);
	return all;
}

static size_t
finish_all(struct pv_batch *b, struct release *all, size_t n, size_t *failed)
{
	size_t granted = 0;
	struct pv_err e = { 0 };

	*failed = 0;
	for (size_t i = 0; i < n; i++) {
		if (!pv_ok(pv_batch_finish(b, &all[i].what, arena, &all[i].r, &e)))
			++*failed;
		granted += all[i].r.granted ? 1 : 0;
	}
	return granted;
}

static uint64_t
commits(struct pv_desk *d)
{
	struct pv_store_info info;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_store_info_get(d->store, &info, &e)))
		tap_ok(false, "%s", e.what);
	return info.commits;
}

static void
one_fsync(void)
{
	struct pv_desk *d;
	struct pv_batch *b;
	struct release *all;
	uint64_t before;
	size_t failed;
	struct pv_err e = { 0 };
	bool places = true;

	new_case("a hundred releases, one commit");
	d = take_sharing_home();
	b = pv_batch_new(d);
	all = ask_many(b, d, MANY, "law.interdict");
	before = commits(d);
	good(pv_batch_commit(b, &e), &e, "they are written");
	tap_ok(commits(d) == before + 1, "in one commit");
	for (size_t i = 0; i < MANY; i++) {
		places = places && all[i].r.journalled.index == all[0].r.journalled.index + i &&
			 all[i].r.journalled.disclosures.n == PV_JOURNAL_FIELDS &&
			 !all[i].r.granted;
	}
	tap_ok(places, "each has its place, and nothing is granted before the second look");
	tap_ok(finish_all(b, all, MANY, &failed) == MANY && failed == 0, "all are granted");
	tap_ok(commits(d) == before + 1, "and nothing more was written for it");
	tap_ok(journal_count(d, "granted") == MANY, "the journal has them all");
	good(pv_journal_settle(d, &e), &e, "the checkpoint is kept");
	tap_ok(commits(d) == before + 2, "when nobody waits");
	pv_batch_free(b);

	b = pv_batch_new(d);
	all = ask_many(b, d, 2, "law.interdict");
	before = commits(d);
	good(pv_batch_commit(b, &e), &e, "a batch leaves a checkpoint owed");
	pv_batch_free(b);
	b = pv_batch_new(d);
	all = ask_many(b, d, 2, "law.interdict");
	good(pv_batch_commit(b, &e), &e, "the next one keeps it");
	tap_ok(commits(d) == before + 2, "in the same commit");
	tap_ok(finish_all(b, all, 2, &failed) == 2, "and grants");
	pv_batch_free(b);
	tap_ok(d->owed.size != 0, "the last one's is owed");
	verifies(d, "a log that is longer than its newest checkpoint verifies");
	pv_desk_close(d);
	d = open_home("co");
	verifies(d, "and after it was closed");
	pv_desk_close(d);
}

/* ---- an order in between ---- */

static void
order_in_between(void)
{
	struct pv_desk *d, *other;
	struct pv_batch *b;
	struct release *all;
	size_t failed, granted, wrong = 0;
	uint64_t before;
	struct pv_err e = { 0 };
	struct pv_told told;

	new_case("an order lands between the commit and the keys");
	d = take_sharing_home();
	b = pv_batch_new(d);
	all = ask_many(b, d, MANY, "law.interdict");
	good(pv_batch_commit(b, &e), &e, "they are written");
	other = open_home("co");
	applies(other, ORDER("o-1", "co", "us", "\"public\":true"), "an order against us");
	pv_desk_close(other);
	before = commits(d);
	granted = finish_all(b, all, MANY, &failed);
	for (size_t i = 0; i < MANY; i++)
		wrong += all[i].r.granted != (i % 2 == 1) ? 1 : 0;
	tap_ok(granted == MANY / 2 && failed == 0 && wrong == 0,
	    "exactly those of the party it names are refused");
	tap_ok(commits(d) == before + 1, "what became of them is one commit");
	tap_ok(
	    journal_count(d, "not-given") == MANY / 2, "each has an entry that it was not given");
	tap_ok(journal_count(d, "refused") == 1, "the refusal is one: it is always the same");
	tap_ok(pv_ok(pv_tell(d, &all[0].r, PV_SLICE("us"), arena, &told, &e)) && told.entitled &&
		   told.why == PV_WHY_SUSPENDED && told.reference.n != 0,
	    "the refusal names the order");
	pv_batch_free(b);
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

/* ---- refusals ---- */

static void
refuse_some(struct pv_desk *d, size_t n, uint64_t *index)
{
	struct pv_batch *b = pv_batch_new(d);
	struct release *all = ask_many(b, d, n, "strike");
	size_t failed;
	struct pv_err e = { 0 };

	good(pv_batch_commit(b, &e), &e, "refusals are written");
	tap_ok(finish_all(b, all, n, &failed) == 0 && failed == 0, "nothing is granted");
	*index = all[0].r.journalled.index;
	tap_ok(n < 3 || all[2].r.journalled.index == *index, "a repeat is where the first is");
	pv_batch_free(b);
}

static void
count_refusals(void)
{
	struct pv_desk *d;
	struct pv_journal_field fields[PV_JOURNAL_FIELDS];
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	uint64_t first, index;
	struct pv_err e = { 0 };
	size_t n;

	new_case("refusals that repeat");
	clock_ms += 60000 - clock_ms % 60000;
	d = take_sharing_home();
	refuse_some(d, 20, &first);
	tap_ok(journal_count(d, "refused") == 2, "ten times two refusals are two entries");
	refuse_some(d, 10, &index);
	tap_ok(index == first && journal_count(d, "refused") == 2, "more are counted with them");
	clock_ms += 60000;
	refuse_some(d, 2, &index);
	tap_ok(index != first && journal_count(d, "refused") == 4, "the next minute has its own");
	tap_ok(journal_count(d, "refused-again") == 2, "and the last one's counts are entries");
	good(pv_store_view_open(&v, d->store, &e), &e, "a view");
	good(pv_journal_fields(d, v, index - 2, arena, fields, &n, &e), &e, "a count is read");
	for (size_t i = 0; i < n; i++)
		if (pv_slice_is(fields[i].name, "detail"))
			tap_ok(
			    strstr(pv_arena_str(arena, fields[i].value), "\"repeats\":14") != NULL,
			    "ten, five, less the first: %.*s", PV_FMT(fields[i].value));
	pv_store_view_free(PV_TAKE(v));
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

/* ---- rows of an earlier version ---- */

static void
delete_disclosures(struct pv_desk *d, uint64_t index)
{
	struct pv_store_change c = { .op = PV_OP_DELETE, .table = PV_T_DISCLOSURES };
	struct pv_store_submission sub = { .changes = &c, .n = 1 };
	struct pv_store_result r;
	struct pv_err e = { 0 };

	c.row.c[PV_C_DISCLOSURE_LOG] = PV_CELL_S(d->journal);
	c.row.c[PV_C_DISCLOSURE_INDEX] = PV_CELL_N(index);
	c.row.c[PV_C_DISCLOSURE_FIELD] = PV_CELL_S(PV_SLICE("all"));
	good(pv_store_apply(d->store, &sub, &r, &e), &e, "the one row goes");
}

/* As it was done: one row a field, each sealed with its name under the entry's key. */
static void
write_as_before(
    struct pv_desk *d, uint64_t index, const struct pv_journal_field *fields, uint64_t *key_id)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *key = pv_secret_new(PV_STORE_KEY);
	PV_AUTO(pv_aead_freep) struct pv_aead *aead = NULL;
	struct pv_store_change c[PV_JOURNAL_FIELDS] = { 0 };
	struct pv_store_submission sub = { .changes = c, .n = PV_JOURNAL_FIELDS };
	struct pv_store_result r;
	struct pv_err e = { 0 };

	good(pv_store_key_take(d->store, key_id, pv_secret_bytes(key), &e), &e, "a key");
	aead = pv_aead_new(key);
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++) {
		size_t n = fields[i].disclosure.n + PV_AEAD_OVER;
		uint8_t *sealed = pv_arena_alloc(arena, n);

		pv_aead_seal_fresh(aead, &d->env, fields[i].name, fields[i].disclosure, sealed);
		c[i].op = PV_OP_ADD;
		c[i].table = PV_T_DISCLOSURES;
		c[i].row.c[PV_C_DISCLOSURE_LOG] = PV_CELL_S(d->journal);
		c[i].row.c[PV_C_DISCLOSURE_INDEX] = PV_CELL_N(index);
		c[i].row.c[PV_C_DISCLOSURE_FIELD] = PV_CELL_S(fields[i].name);
		c[i].row.c[PV_C_DISCLOSURE_KEY] = PV_CELL_N(*key_id);
		c[i].row.c[PV_C_DISCLOSURE_BODY] = PV_CELL_S(pv_slice_mem(sealed, n));
	}
	good(pv_store_apply(d->store, &sub, &r, &e), &e, "eight rows come");
}

static size_t
read_fields(struct pv_desk *d, uint64_t index, struct pv_journal_field *fields)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_err e = { 0 };
	size_t n = 0;

	good(pv_store_view_open(&v, d->store, &e), &e, "a view");
	good(pv_journal_fields(d, v, index, arena, fields, &n, &e), &e, "the fields are read");
	return n;
}

static size_t
count_held(const struct pv_journal_field *fields)
{
	size_t held = 0;

	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		held += fields[i].held ? 1 : 0;
	return held;
}

static void
older_rows(void)
{
	struct pv_desk *d;
	struct pv_journal_field now[PV_JOURNAL_FIELDS], then[PV_JOURNAL_FIELDS];
	uint64_t index, key_id = 0;
	struct pv_err e = { 0 };
	bool same = true;

	new_case("rows of an earlier version");
	d = take_sharing_home();
	refuse_some(d, 1, &index);
	tap_ok(
	    read_fields(d, index, now) == PV_JOURNAL_FIELDS && count_held(now) == PV_JOURNAL_FIELDS,
	    "all fields of an entry open");
	delete_disclosures(d, index);
	tap_ok(read_fields(d, index, then) == 0, "without the row none does");
	write_as_before(d, index, now, &key_id);
	tap_ok(read_fields(d, index, then) == PV_JOURNAL_FIELDS, "rows of before are read");
	for (size_t i = 0; i < PV_JOURNAL_FIELDS; i++)
		same = same && then[i].held && pv_slice_eq(then[i].name, now[i].name) &&
		       pv_slice_eq(then[i].value, now[i].value) &&
		       pv_slice_eq(then[i].disclosure, now[i].disclosure);
	tap_ok(same, "and say the same");
	verifies(d, "the home verifies");
	good(pv_store_key_destroy(d->store, key_id, &e), &e, "their key is destroyed");
	tap_ok(read_fields(d, index, then) == PV_JOURNAL_FIELDS && count_held(then) == 0,
	    "then all of them are erased");
	verifies(d, "and the home verifies still");
	pv_desk_close(d);
}

/* ---- labels ---- */

static bool
knows(struct pv_labels *l, struct pv_desk *d, const char *id)
{
	const struct pv_labelled *one = NULL;
	struct pv_err e = { 0 };

	good(pv_labels_find(l, d, pv_slice_of(id), &one, &e), &e, id);
	return one != NULL && pv_slice_is(one->kept.label.id, id) &&
	       pv_slice_is(one->matter.report, id);
}

static void
labels_kept(void)
{
	struct pv_desk *d, *other;
	struct pv_labels *first, *same, *ours, *theirs;
	uint64_t index;

	new_case("labels that are kept");
	d = take_sharing_home();
	first = pv_labels_take(d);
	tap_ok(knows(first, d, "r-1") && !knows(first, d, "r-2"), "what is held is known");
	refuse_some(d, 2, &index);
	same = pv_labels_take(d);
	tap_ok(same == first, "entries of the own journal change no report");
	share(d, "r-2", "a boat");
	ours = pv_labels_take(d);
	tap_ok(ours != first && knows(ours, d, "r-2"), "a new report of ours is seen");
	other = open_home("co");
	share(other, "r-3", "a boat");
	pv_desk_close(other);
	theirs = pv_labels_take(d);
	tap_ok(theirs != ours && knows(theirs, d, "r-3"), "and what another process wrote");
	tap_ok(knows(first, d, "r-1") && knows(ours, d, "r-2"),
	    "what somebody still stands on stays as it was");
	pv_labels_give(first);
	pv_labels_give(same);
	pv_labels_give(ours);
	pv_labels_give(theirs);
	pv_desk_close(d);
}

/* ---- a full disk ---- */

static void
full_disk(void)
{
	struct pv_desk *d;
	struct pv_batch *b;
	struct release *all;
	size_t failed;
	struct pv_err e = { 0 };

	new_case("a full disk");
	d = take_sharing_home();
	b = pv_batch_new(d);
	all = ask_many(b, d, MANY, "law.interdict");
	fill_disk(NULL);
	refused_as(pv_batch_commit(b, &e), &e, PV_E_CONFIG, "the journal cannot be written",
	    "the commit fails");
	tap_ok(finish_all(b, all, MANY, &failed) == 0 && failed == MANY, "and all of it with it");
	pv_batch_free(b);
	empty_disk();
	tap_ok(journal_count(d, "granted") == 0, "the journal has none of them");
	b = pv_batch_new(d);
	all = ask_many(b, d, 4, "law.interdict");
	good(pv_batch_commit(b, &e), &e, "with space it goes on");
	tap_ok(finish_all(b, all, 4, &failed) == 4, "and grants");
	pv_batch_free(b);
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

static void
one_too_large(void)
{
	struct pv_desk *d;
	struct pv_batch *b;
	struct release *all;
	char *person = pv_alloc(PV_COMMIT_MAX + 2);
	size_t failed;
	struct pv_err e = { 0 };

	new_case("one that is too large for the journal");
	d = take_sharing_home();
	b = pv_batch_new(d);
	all = pv_arena_alloc_n(arena, 3, sizeof(*all));
	memset(person, 'x', PV_COMMIT_MAX + 1);
	for (size_t i = 0; i < 3; i++) {
		ask(&all[i], d, "ca", "law.interdict");
		if (i == 1)
			all[i].what.person = pv_slice_mem(person, PV_COMMIT_MAX + 1);
		good(pv_batch_release(b, &all[i].what, arena, &all[i].r, &e), &e, "judged");
	}
	good(pv_batch_commit(b, &e), &e, "the others are written");
	tap_ok(finish_all(b, all, 3, &failed) == 2 && failed == 1 && !all[1].r.granted,
	    "it alone fails");
	pv_batch_free(b);
	verifies(d, "the home verifies");
	pv_desk_close(d);
	pv_free(person);
}

/* ---- killed at every look at the clock ---- */

static void
die(void *ctx)
{
	(void)ctx;
	kill(getpid(), SIGKILL);
}

/* How many were granted before it was killed at its at-th look at the clock; *lived: it was not. */
static size_t
run_until(unsigned long at, bool *lived)
{
	int fds[2], status = 0;
	size_t told = 0;
	char c;
	pid_t child;

	if (pipe(fds) != 0)
		exit(1);
	child = fork();
	if (child == 0) {
		struct pv_env env = test_env();
		struct pv_desk *d = NULL;
		struct pv_err e = { 0 };
		struct pv_batch *b;
		struct release all[4];

		if (!pv_ok(pv_desk_open(&d, in_case("co"), &env, &e)))
			_exit(2);
		hook_at(at, die, NULL);
		b = pv_batch_new(d);
		for (size_t i = 0; i < 4; i++) {
			ask(&all[i], d, i % 2 == 0 ? "us" : "ca",
			    i < 3 ? "law.interdict" : "strike");
			if (!pv_ok(pv_batch_release(b, &all[i].what, arena, &all[i].r, &e)))
				_exit(3);
		}
		if (!pv_ok(pv_batch_commit(b, &e)))
			_exit(4);
		for (size_t i = 0; i < 4; i++)
			if (!pv_ok(pv_batch_finish(b, &all[i].what, arena, &all[i].r, &e)) ||
			    (all[i].r.granted && write(fds[1], "k", 1) != 1))
				_exit(5);
		pv_batch_free(b);
		pv_desk_close(d);
		_exit(0);
	}
	close(fds[1]);
	while (read(fds[0], &c, 1) == 1)
		told++;
	close(fds[0]);
	waitpid(child, &status, 0);
	*lived = WIFEXITED(status);
	if (*lived)
		tap_ok(WEXITSTATUS(status) == 0, "the one that lives does all (%d)",
		    WEXITSTATUS(status));
	return told;
}

static void
killed(void)
{
	struct pv_desk *d;
	bool lived = false, whole = true;
	uint64_t before = 0;
	unsigned long at;

	new_case("killed at every look at the clock");
	d = take_sharing_home();
	pv_desk_close(d);
	for (at = 1; !lived && at < 500; at++) {
		size_t told = run_until(at, &lived);
		uint64_t now;

		d = open_home("co");
		now = journal_count(d, "granted");
		whole = whole && (now == before || now == before + 3) &&
			(told == 0 || now == before + 3);
		before = now;
		pv_desk_close(d);
	}
	tap_ok(
	    whole && at > 10, "%lu places: all entries or none, and no key without its entry", at);
	d = open_home("co");
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

int
main(void)
{
	make_world();
	one_fsync();
	order_in_between();
	count_refusals();
	older_rows();
	labels_kept();
	full_disk();
	one_too_large();
	killed();
	return end_world();
}
