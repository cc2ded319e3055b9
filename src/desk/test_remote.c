/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk that is elsewhere, without a network: its transport runs the calls on
 * a home in this process, as the keeper does. Lines break, answers are lost or
 * nonsense, orders land in the middle; nothing is given twice or half unsaid.
 */
#include "desk/test_homes.h"

#include <sys/time.h>

#include "desk/call_report.h"
#include "desk/journal.h"
#include "desk/layouts.h"
#include "desk/names.h"
#include "desk/remote.h"

#define LONG_BYTES (5 * 1024 * 1024 + 7)

/* The other side: a home, its service, who calls. */
static struct other {
	struct pv_desk *d;
	struct pv_service *service;
	struct pv_caller who;
	unsigned calls, lose_at, act_at; /* the answer of that call is lost; act before that one */
	const char *of;                  /* only calls of that name count; NULL: all */
	void (*act)(void);
	struct pv_slice nonsense; /* the answer to everything */
} other;

static struct pv_status
run_call(const struct pv_call *c, struct pv_slice ask, struct pv_slice tail, struct pv_buf *answer,
    struct pv_buf *tail_out, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_call_run run = { .d = other.d,
		.service = other.service,
		.who = &other.who,
		.tail = tail,
		.tail_out = tail_out,
		.a = a };
	struct pv_jsonw w = { .out = answer };
	void *q = c->ask != NULL ? pv_arena_alloc(a, c->ask->size) : NULL;

	if (!pv_call_allows(c, &other.who))
		return PV_FAIL(e, PV_E_INPUT, "not for this caller: %s", c->name);
	PV_TRY(pv_json_read(&doc, ask, 1 << 24, e));
	if (q != NULL)
		PV_TRY(pv_layout_read(c->ask, doc, 0, a, q, e));
	run.ask = q;
	run.answer = c->answer != NULL ? pv_arena_alloc(a, c->answer->size) : NULL;
	PV_TRY(c->run(&run, e));
	pv_jsonw_object(&w, NULL);
	if (c->answer != NULL)
		pv_layout_write(c->answer, run.answer, &w);
	pv_jsonw_end(&w);
	return PV_DONE;
}

static struct pv_status
transport_call(void *ctx, const struct pv_call *c, struct pv_slice ask, struct pv_slice tail,
    struct pv_buf *answer, struct pv_buf *tail_out, struct pv_err *e)
{
	(void)ctx;
	if (other.nonsense.p != NULL) {
		pv_buf_add(answer, other.nonsense);
		return PV_DONE;
	}
	if (other.of == NULL || strcmp(other.of, c->name) == 0)
		other.calls++;
	if (other.act_at != 0 && other.calls == other.act_at) {
		other.act_at = 0;
		other.act();
	}
	PV_TRY(run_call(c, ask, tail, answer, tail_out, e));
	if (other.lose_at != 0 && other.calls == other.lose_at) {
		other.lose_at = 0;
		return PV_FAIL(e, PV_E_DOWN, "the line broke");
	}
	return PV_DONE;
}

static struct pv_caller
caller(const char *party, const char *person, unsigned roles, bool own)
{
	return (struct pv_caller){ .known = true,
		.id = PV_SLICE("k-1"),
		.party = pv_slice_of(party),
		.person = pv_slice_of(person),
		.roles = roles,
		.own = own,
		.until_s = PV_NEVER };
}

static struct pv_env env;

/* The home of that name, behind a transport. */
static struct pv_desk *
behind(const char *name)
{
	struct pv_transport t = { .call = transport_call };
	struct pv_desk *d = NULL;
	struct pv_err e = { 0 };

	env = test_env();
	other = (struct other){ .d = take_home(name),
		.service = pv_service_new(in_case(name), &env),
		.who = caller(name, "", PV_ROLE_ANY & ~(unsigned)PV_ROLE_GATEWAY, true) };
	good(pv_desk_remote(&d, &t, in_case(name), &env, &e), &e, "it is met");
	if (d == NULL)
		exit(1);
	return d;
}

static void
leave(struct pv_desk *d)
{
	pv_desk_close(d);
	pv_service_free(other.service);
	pv_desk_close(other.d);
}

static void
count(const char *of, unsigned lose_at, unsigned act_at, void (*act)(void))
{
	other.calls = 0;
	other.of = of;
	other.lose_at = lose_at;
	other.act_at = act_at;
	other.act = act;
}

/* ---- what is seen ---- */

static void
same_state(void)
{
	struct pv_desk *d = (new_case("the state there is the state here"), behind("co"));
	const struct pv_state *a = pv_desk_state(d), *b = pv_desk_state(other.d);
	struct pv_identity x = pv_desk_identity(d), y = pv_desk_identity(other.d);
	bool same = a->all.n == b->all.n;

	for (size_t i = 0; same && i < a->all.n; i++)
		same = pv_slice_eq(a->all.at[i]->r->line, b->all.at[i]->r->line) &&
		       a->all.at[i]->index == b->all.at[i]->index &&
		       a->all.at[i]->since == b->all.at[i]->since &&
		       a->all.at[i]->hold == b->all.at[i]->hold;
	tap_ok(same && a->all.n > 30, "%zu acts are the same, and their places", a->all.n);
	tap_ok(pv_slice_eq(x.party, y.party) && pv_slice_eq(x.origin, y.origin) &&
		   pv_slice_eq(x.genesis_words, y.genesis_words) &&
		   pv_slice_eq(x.gateway_vkey, y.gateway_vkey) && x.exercise == y.exercise,
	    "who it is");
	tap_ok(pv_desk_now(d) == pv_desk_now(other.d), "and its clock");
	leave(d);
}

static void
acts_signed_here(void)
{
	struct pv_desk *d =
	    (new_case("acts are drafted and signed here, entered there"), behind("co"));
	struct pv_apply_answer done = { 0 };
	struct pv_err e = { 0 };
	uint64_t size = pv_desk_state(other.d)->all.n;

	applies(d, PARTY("co.army"), "a party");
	tap_ok(pv_state_party(pv_desk_state(d), PV_SLICE("co.army")) != NULL,
	    "it is known here at once");
	tap_ok(pv_ok(pv_home_refresh(other.d, &e)) && pv_desk_state(other.d)->all.n == size + 1,
	    "and there");
	good(try_apply(d, pv_slice_of(ORDER("o-1", "co", "us", "\"public\":true")), AS("officer1"),
		 &done, &e),
	    &e, "one officer signs");
	tap_ok(done.act_count == 1 && done.acts[0].did == PV_DID_HOLD, "that is a hold");
	good(try_apply(d, pv_slice_of(ORDER("o-1", "co", "us", "\"public\":true")), AS("officer2"),
		 &done, &e),
	    &e, "the other signs the same act, whose first signature is there");
	tap_ok(done.act_count == 1 && done.acts[0].did == PV_DID_COMPLETE, "and completes it");
	good(try_apply(d, pv_slice_of(PARTY("co.x") PARTY("co.x")), all_officers(), &done, &e), &e,
	    "twice in one file");
	tap_ok(done.error_count == 0, "is one");
	good(try_apply(d, pv_slice_of(PARTY("co.y") "{\"record\":\"party\",\"id\":\"p-z\"}\n"),
		 all_officers(), &done, &e),
	    &e, "a file with a mistake");
	tap_ok(done.error_count == 1 && done.errors[0].line == 2 &&
		   pv_state_party(pv_desk_state(d), PV_SLICE("co.y")) == NULL,
	    "is told by its line, and nothing of it is entered");
	verifies(other.d, "the home still verifies");
	leave(d);
}

/* ---- files ---- */

static char *
long_text(void)
{
	char *text = pv_arena_alloc(arena, LONG_BYTES + 1);

	for (size_t i = 0; i < LONG_BYTES; i++)
		text[i] = (char)('a' + (i * 7 + i / 1000) % 26);
	return text;
}

static void
write_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		abort();
	close(fd);
}

static struct pv_status
share_file(struct pv_desk *d, const char *path, const char *id, const char *out, struct pv_err *e)
{
	static const struct pv_slice topics[] = { { "narcotics.maritime", 18 } },
				     never[] = { { "strike", 6 } };
	struct pv_share_ask ask = { .name = "long.txt",
		.out_path = out,
		.label = { .id = pv_slice_of(id),
		    .report = { .topics = { topics, 1 }, .never = { never, 1 } } } };
	struct pv_share_answer done = { 0 };
	struct pv_status st;

	ask.fd = open(path, O_RDONLY);
	st = pv_desk_share(d, &ask, arena, &done, e);
	close(ask.fd);
	return st;
}

static bool
same_files(const char *a, const char *b)
{
	struct pv_buf x = read_all(a), y = read_all(b);
	bool same = x.n != 0 && pv_slice_eq(pv_buf_slice(&x), pv_buf_slice(&y));

	pv_buf_free(&x);
	pv_buf_free(&y);
	return same;
}

static struct pv_status
open_file(struct pv_desk *d, const char *report, const char *out, struct pv_open_answer *done,
    struct pv_err *e)
{
	struct pv_open_ask ask = {
		.report = report, .out_path = out, .purpose = PV_SLICE("law.interdict")
	};

	*done = (struct pv_open_answer){ 0 };
	return pv_desk_open_report(d, &ask, arena, done, e);
}

static size_t
spool_files(void)
{
	FILE *p = popen(
	    pv_arena_printf(arena, "ls %s/spool | grep -vc json; true", in_case("co")).p, "r");
	unsigned n = 99;

	if (p == NULL || fscanf(p, "%u", &n) != 1)
		n = 98;
	if (p != NULL)
		pclose(p);
	return n;
}

static void
files_and_lost_answers(void)
{
	struct pv_desk *d = (new_case("files, and lines that break"), behind("co"));
	const char *text = in_case("long.txt"), *sealed = in_case("long.tdf");
	struct pv_open_answer done;
	struct pv_err e = { 0 };

	write_file(text, long_text(), LONG_BYTES);
	count("uploads.append", 3, 0, NULL);
	good(share_file(d, text, "r-long", sealed, &e), &e,
	    "the answer to a piece is lost: the upload goes on where it stands");
	count("open.read", 4, 0, NULL);
	good(open_file(d, "r-long", in_case("opened.txt"), &done, &e), &e, "so does a download");
	tap_ok(done.opened && same_files(text, in_case("opened.txt")),
	    "what arrives is what was shared");
	tap_ok(
	    journal_count(other.d, "granted") == 1, "and it was granted once, and journalled once");
	count("reports.content", 2, 0, NULL);
	good(share_file(d, text, "r-2", in_case("2.tdf"), &e), &e, "the sealed file comes down");
	tap_ok(same_files(in_case("2.tdf"), in_case("co/sealed/r-2.tdf")), "as it lies there");
	write_file(text, "", 0);
	count(NULL, 0, 0, NULL);
	good(share_file(d, text, "r-empty", NULL, &e), &e, "an empty file");
	good(open_file(d, "r-empty", in_case("empty.txt"), &done, &e), &e, "opens");
	tap_ok(done.opened && is_there(in_case("empty.txt")), "to an empty file");
	write_file(text, long_text(), 2 * 1024 * 1024);
	good(share_file(d, text, "r-two", NULL, &e), &e, "one of exactly two pieces");
	good(open_file(d, "r-two", in_case("two.txt"), &done, &e), &e, "opens");
	tap_ok(done.opened && same_files(text, in_case("two.txt")), "whole");
	refused_as(share_file(d, text, "r-two", NULL, &e), &e, PV_E_INPUT, "already",
	    "an id is used once");
	verifies(other.d, "the home verifies");
	leave(d);
}

/* ---- an order lands in the middle ---- */

static void
land_recall(void)
{
	applies(other.d,
	    "{\"record\":\"recall\",\"id\":\"rc\",\"report\":\"r-long\",\"text\":{}}\n",
	    "a recall lands");
}

static void
cut_in_the_middle(void)
{
	struct pv_desk *d = (new_case("an order lands in the middle"), behind("co"));
	const char *text = in_case("long.txt"), *out = in_case("cut.txt");
	struct pv_open_answer done;
	struct pv_err e = { 0 };

	write_file(text, long_text(), LONG_BYTES);
	good(share_file(d, text, "r-long", NULL, &e), &e, "a long report");
	count("open.read", 0, 3, land_recall);
	good(open_file(d, "r-long", out, &done, &e), &e, "an answer, not an error");
	tap_ok(!done.opened && done.refused.why == PV_WHY_RECALLED,
	    "it was looked at again before the third piece, and refused");
	tap_ok(!is_there(out), "nothing of it is left here");
	tap_ok(journal_count(other.d, "cut") == 1 && journal_count(other.d, "not-given") == 0,
	    "the journal says that it was cut");
	good(open_file(d, "r-long", out, &done, &e), &e, "asked once more");
	tap_ok(!done.opened, "it is refused");
	verifies(other.d, "the home verifies");
	leave(d);
}

static void
before_the_first_byte(void)
{
	struct pv_desk *d = (new_case("an order lands before the first piece"), behind("co"));
	const char *text = in_case("t.txt");
	struct pv_open_answer done;
	struct pv_err e = { 0 };

	write_file(text, "short", 5);
	good(share_file(d, text, "r-long", NULL, &e), &e, "a report");
	count("open.read", 0, 1, land_recall);
	good(open_file(d, "r-long", in_case("x"), &done, &e), &e, "an answer");
	tap_ok(!done.opened && journal_count(other.d, "not-given") == 1 &&
		   journal_count(other.d, "cut") == 0,
	    "not given, and the journal says so");
	leave(d);
}

/* ---- openings that nobody takes ---- */

static struct pv_open_called
begin_opening(const char *id, struct pv_status *st, struct pv_err *e)
{
	struct pv_open_call q = { .id = pv_slice_of(id), .purpose = PV_SLICE("law.interdict") };
	struct pv_open_called got = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf tail = { 0 };
	struct pv_call_run run = { .d = other.d,
		.service = other.service,
		.who = &other.who,
		.ask = &q,
		.answer = &got,
		.tail_out = &tail,
		.a = arena };

	*st = pv_call_find("open.begin")->run(&run, e);
	return got;
}

static struct pv_status
read_opening(struct pv_slice handle, uint64_t offset, size_t *n, struct pv_err *e)
{
	struct pv_read_call q = { .handle = handle, .offset = offset };
	struct pv_read_answer got = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf tail = { 0 };
	struct pv_call_run run = { .d = other.d,
		.service = other.service,
		.who = &other.who,
		.ask = &q,
		.answer = &got,
		.tail_out = &tail,
		.a = arena };
	struct pv_status st = pv_call_find("open.read")->run(&run, e);

	*n = tail.n;
	return st;
}

static void
abandoned(void)
{
	struct pv_desk *d = (new_case("openings that nobody takes"), behind("co"));
	const char *text = in_case("long.txt");
	struct pv_open_called one, two;
	struct pv_status st;
	struct pv_err e = { 0 };
	unsigned opened = 0;
	size_t n;

	write_file(text, long_text(), LONG_BYTES);
	good(share_file(d, text, "r-long", NULL, &e), &e, "a long report");
	one = begin_opening("r-long", &st, &e);
	good(st, &e, "an opening of which nothing is read");
	two = begin_opening("r-long", &st, &e);
	good(st, &e, "another");
	good(read_opening(two.handle, 0, &n, &e), &e, "of which a piece is read");
	tap_ok(n == PV_PIECE, "of 1 MiB");
	good(read_opening(two.handle, 0, &n, &e), &e, "the same piece may be asked for again");
	refused_as(read_opening(two.handle, 3 * PV_PIECE, &n, &e), &e, PV_E_INPUT,
	    "nothing to read", "one further on may not");
	other.who.person = PV_SLICE("somebody else");
	refused_as(read_opening(two.handle, 0, &n, &e), &e, PV_E_INPUT, "over",
	    "another person has no part in it");
	other.who.person = PV_NO_SLICE;
	clock_ms += (PV_TRANSFER_IDLE_S + 2) * 1000;
	pv_service_sweep(other.service, other.d);
	refused_as(read_opening(one.handle, 0, &n, &e), &e, PV_E_INPUT, "over", "it is over");
	tap_ok(journal_count(other.d, "not-given") == 1,
	    "the journal says that the first was not given; the other counts as given");
	while (pv_ok(st) && opened < 40) {
		begin_opening("r-long", &st, &e);
		opened += pv_ok(st) ? 1 : 0;
	}
	refused_as(st, &e, PV_E_DOWN, "on their way", "a caller has a number of them");
	tap_ok(opened == PV_TRANSFERS_MAX, "%u", opened);
	tap_ok(journal_count(other.d, "granted") == 2 + PV_TRANSFERS_MAX,
	    "what had no room was not decided");
	leave(d);
}

/* ---- who may what ---- */

static void
callers(void)
{
	struct pv_desk *d = (new_case("who may what"), behind("co"));
	static const struct pv_slice only[] = { { "law", 3 } };
	const char *text = in_case("t.txt");
	struct pv_open_called got;
	struct pv_upload u = { 0 };
	struct pv_status st;
	struct pv_err e = { 0 };
	size_t n;
	bool found;

	write_file(text, "short", 5);
	good(share_file(d, text, "r-1", NULL, &e), &e, "a report");
	other.who = caller("us", "", PV_ROLE_ANALYST, false);
	got = begin_opening("r-1", &st, &e);
	good(st, &e, "a partner without a gateway, with a credential of ours");
	tap_ok(got.answer.opened && pv_names_have(got.answer.agreements, PV_SLICE("a-us")),
	    "opens what its agreement permits");
	good(read_opening(got.handle, 0, &n, &e), &e, "and reads it");
	other.who = caller("uk", "", PV_ROLE_ANALYST, false);
	refused_as(read_opening(got.handle, 0, &n, &e), &e, PV_E_INPUT, "over", "another does not");
	other.who = caller("us", "", PV_ROLE_ANALYST, false);
	other.who.purposes = (struct pv_names){ only, 1 };
	other.who.has_purposes = true;
	begin_opening("r-1", &st, &e);
	good(st, &e, "within the purposes of the credential");
	other.who.purposes = (struct pv_names){ &(struct pv_slice){ "rescue", 6 }, 1 };
	begin_opening("r-1", &st, &e);
	refused_as(st, &e, PV_E_INPUT, "may not state", "and not beyond them");
	tap_ok(!pv_call_allows(pv_call_find("reports.list"), &other.who) &&
		   !pv_call_allows(pv_call_find("reports.share"), &other.who),
	    "what is shared here is not listed for a partner");
	other.who = caller("co.navy", "", PV_ROLE_ANALYST, true);
	{
		struct pv_open_call q = { .id = PV_SLICE("r-1"),
			.party = PV_SLICE("co"),
			.purpose = PV_SLICE("law.interdict") };
		struct pv_open_called out = { 0 };
		struct pv_call_run run = { .d = other.d,
			.service = other.service,
			.who = &other.who,
			.ask = &q,
			.answer = &out,
			.a = arena };

		refused_as(pv_call_find("open.begin")->run(&run, &e), &e, PV_E_INPUT, "not below",
		    "a unit does not speak for the party above it");
	}
	good(pv_upload_begin(other.service, &other.who, &u, arena, &u, &e), &e, "an upload");
	other.who = caller("co", "", PV_ROLE_ANALYST, true);
	good(pv_upload_look(other.service, &other.who, u.id, arena, &found, &u, &e), &e,
	    "is looked for by another");
	tap_ok(!found, "and is not there");
	good(pv_upload_look(
		 other.service, &other.who, PV_SLICE("../../keys"), arena, &found, &u, &e),
	    &e, "a name that is a path");
	tap_ok(!found, "is none of ours");
	leave(d);
}

static void
upload_limits(void)
{
	struct pv_desk *d = (new_case("uploads have limits"), behind("co"));
	struct pv_upload ask = { .has_size = true, .size = 4 }, u = { 0 };
	struct timeval old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct pv_err e = { 0 };
	const char *path;
	unsigned n = 0;

	while (n < 40 && pv_ok(pv_upload_begin(other.service, &other.who, &ask, arena, &u, &e)))
		n++;
	tap_ok(n == PV_UPLOADS_MAX && e.code == PV_E_LIMIT, "%u of one caller", n);
	tap_ok(spool_files() == n, "they are in the spool");
	good(pv_upload_append(
		 other.service, &other.who, u.id, 0, PV_SLICE("ab"), false, arena, &u, &e),
	    &e, "two bytes");
	refused_as(pv_upload_take(other.service, &other.who, u.id, arena, &u, &path, &e), &e,
	    PV_E_INPUT, "not whole", "half is not whole");
	refused_as(pv_upload_append(
		       other.service, &other.who, u.id, 1, PV_SLICE("b"), false, arena, &u, &e),
	    &e, PV_E_INPUT, "stands at 2", "a piece must begin where it stands");
	refused_as(pv_upload_append(
		       other.service, &other.who, u.id, 2, PV_SLICE("cde"), false, arena, &u, &e),
	    &e, PV_E_LIMIT, "more bytes", "and not be too long");
	refused_as(pv_upload_append(
		       other.service, &other.who, u.id, 2, PV_SLICE("c"), true, arena, &u, &e),
	    &e, PV_E_INPUT, "ends at 3", "nor too short");
	good(pv_upload_append(
		 other.service, &other.who, u.id, 3, PV_SLICE("d"), false, arena, &u, &e),
	    &e, "what came of it stays");
	tap_ok(u.whole, "it is whole");
	good(pv_upload_take(other.service, &other.who, u.id, arena, &u, &path, &e), &e, "taken");
	tap_ok(file_is(path, "abcd"), "as it was sent");
	utimes(path, old);
	ask.size = PV_UPLOAD_MAX + 1;
	refused_as(pv_upload_begin(other.service, &other.who, &ask, arena, &u, &e), &e, PV_E_LIMIT,
	    "at most", "too large is told before a byte is sent");
	clock_ms += 60000;
	pv_service_sweep(other.service, other.d);
	tap_ok(!is_there(path) && spool_files() == n - 1, "the one that is old is thrown away");
	leave(d);
}

/* ---- nonsense ---- */

static void
nonsense(void)
{
	static const char *const answers[] = { "", "{", "null", "[]", "{\"rows\":1}",
		"{\"rows\":[1],\"next\":0,\"size\":0}", "{\"open\":\"yes\"}",
		"{\"never_heard_of\":true}", "{\"next\":\"x\"}", "\xff\xfe", "{\"found\":true}" };
	struct pv_desk *d = (new_case("a gateway that answers nonsense"), behind("co"));
	const char *text = in_case("t.txt"), *out = in_case("never.txt");
	struct pv_status_answer status;
	struct pv_open_answer done;
	const struct pv_order_row *rows;
	unsigned wrong = 0, trusted = 0;
	struct pv_err e = { 0 };
	size_t n;

	write_file(text, "short", 5);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct pv_status st;

		other.nonsense = pv_slice_of(answers[i]);
		st = pv_desk_status(d, arena, &status, &e);
		wrong += pv_ok(st) ? 0 : 1;
		trusted += !pv_ok(st) && e.code != PV_E_UNTRUSTED;
		st = pv_desk_orders(d, PV_NO_SLICE, 0, arena, &rows, &n, &e);
		wrong += pv_ok(st) ? 0 : 1;
		st = share_file(d, text, "r-x", NULL, &e);
		wrong += pv_ok(st) ? 0 : 1;
		st = open_file(d, "r-x", out, &done, &e);
		tap_ok(
		    (!pv_ok(st) || !done.opened) && !is_there(out), "%s opens nothing", answers[i]);
		st = try_apply(d, pv_slice_of(PARTY("co.z")), all_officers(),
		    &(struct pv_apply_answer){ 0 }, &e);
		wrong += pv_ok(st) ? 0 : 1;
	}
	tap_ok(
	    wrong >= 30 && trusted == 0, "it is told that it is not understood (%u times)", wrong);
	other.nonsense = PV_NO_SLICE;
	leave(d);
}

int
main(void)
{
	make_world();
	same_state();
	acts_signed_here();
	files_and_lost_answers();
	cut_in_the_middle();
	before_the_first_byte();
	abandoned();
	callers();
	upload_limits();
	nonsense();
	return end_world();
}
