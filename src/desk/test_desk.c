/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four homes and what passes between them: the desk's promises, told as a
 * story of its own with a clock that the test turns.
 */
#include "desk/desk.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static uint64_t the_time_ms = 1790000000000;
static char folder[] = "/tmp/proviso-desk-XXXXXX";
static struct pv_arena *arena;

static uint64_t
clock_now(void *ctx)
{
	(void)ctx;
	return the_time_ms;
}

static struct pv_env
test_env(void)
{
	struct pv_env env = pv_env_system();

	env.realtime_ms = clock_now;
	env.boottime_ms = clock_now;
	return env;
}

static struct pv_status
no_passphrase(void *ctx, const char *key, struct pv_secret **out, struct pv_err *e)
{
	(void)ctx;
	(void)key;
	(void)e;
	*out = NULL;
	return PV_DONE;
}

static struct pv_unlock
officers(const char *const *as, size_t n)
{
	return (struct pv_unlock){ .passphrase = no_passphrase, .as = as, .as_count = n };
}

static bool
ok(struct pv_status st, const struct pv_err *e, const char *name)
{
	bool good = tap_ok(pv_ok(st), "%s", name);

	if (!good)
		tap_note("%s: %s: %s (%s) %s", e->source, e->field, e->what, e->raised, e->fix);
	return good;
}

static const char *
in_folder(const char *name)
{
	return pv_arena_printf(arena, "%s/%s", folder, name).p;
}

static struct pv_desk *
make_home(const char *name, uint64_t quorum)
{
	struct pv_env env = test_env();
	struct pv_unlock unlock = officers(NULL, 0);
	struct pv_text text = { PV_SLICE("en"), pv_slice_of(name) };
	struct pv_init_ask ask = { .home = in_folder(name),
		.party = pv_slice_of(name),
		.names = { &text, 1 },
		.exercise = true,
		.quorum = quorum };
	struct pv_init_answer made;
	struct pv_desk *d = NULL;
	struct pv_err e = { 0 };

	ok(pv_desk_init(&ask, &unlock, &env, arena, &made, &e), &e, "a home is made");
	ok(pv_desk_open(&d, ask.home, &env, &e), &e, "and opens");
	return d;
}

static void
apply_text(struct pv_desk *d, const char *records, const char *name)
{
	struct pv_apply_ask ask = { .bytes = pv_slice_of(records), .source = "test" };
	struct pv_unlock unlock = officers(NULL, 0);
	struct pv_apply_answer done;
	struct pv_err e = { 0 };

	ok(pv_desk_apply(d, &ask, &unlock, arena, &done, &e), &e, name);
	if (!tap_ok(done.error_count == 0, "%s: nothing is wrong with the records", name))
		for (size_t i = 0; i < done.error_count; i++)
			tap_note("%u:%u: %s: %s (%s)", done.errors[i].line, done.errors[i].col,
			    done.errors[i].field, done.errors[i].what, done.errors[i].raised);
}

static void
introduce(struct pv_desk *to, struct pv_desk *whom, const char *name)
{
	struct pv_buf card = { 0 }, records = { 0 };
	struct pv_slice words;
	struct pv_err e = { 0 };

	ok(pv_desk_card(whom, &card, &e), &e, "a card is written");
	ok(pv_desk_card_records(to, pv_buf_slice(&card), "card", (struct pv_names){ 0 }, arena,
	       &records, &words, &e),
	    &e, "and read");
	apply_text(to, pv_buf_str(&records), name);
	pv_buf_free(&card);
	pv_buf_free(&records);
}

#define TERMS                                                                                      \
	"{\"record\":\"term\",\"id\":\"t1\",\"tree\":\"topic\",\"name\":\"narcotics\",\"names\":{" \
	"},\"maps\":{},\"allows\":{},\"excludes\":{}}\n"                                           \
	"{\"record\":\"term\",\"id\":\"t2\",\"tree\":\"topic\",\"name\":\"narcotics.maritime\","   \
	"\"names\":{},\"maps\":{},\"allows\":{},\"excludes\":{}}\n"                                \
	"{\"record\":\"term\",\"id\":\"t3\",\"tree\":\"region\",\"name\":\"caribbean\",\"names\":" \
	"{},\"maps\":{},\"allows\":{},\"excludes\":{}}\n"                                          \
	"{\"record\":\"term\",\"id\":\"t4\",\"tree\":\"purpose\",\"name\":\"law\",\"names\":{},"   \
	"\"maps\":{},\"allows\":{\"en\":\"law\"},\"excludes\":{\"en\":\"force\"}}\n"               \
	"{\"record\":\"term\",\"id\":\"t5\",\"tree\":\"purpose\",\"name\":\"law.interdict\","      \
	"\"names\":{},\"maps\":{},\"allows\":{\"en\":\"board\"},\"excludes\":{\"en\":\"force\"}}"  \
	"\n"                                                                                       \
	"{\"record\":\"term\",\"id\":\"t6\",\"tree\":\"purpose\",\"name\":\"force\",\"names\":{}," \
	"\"maps\":{},\"grantable\":false,\"allows\":{\"en\":\"f\"},\"excludes\":{\"en\":\"all\"}}" \
	"\n"                                                                                       \
	"{\"record\":\"term\",\"id\":\"t7\",\"tree\":\"channel\",\"name\":\"exchange\",\"names\":" \
	"{},\"maps\":{},\"allows\":{},\"excludes\":{}}\n"                                          \
	"{\"record\":\"term\",\"id\":\"t8\",\"tree\":\"channel\",\"name\":\"exchange.courier\","   \
	"\"names\":{},\"maps\":{},\"allows\":{},\"excludes\":{}}\n"

#define PARTY(name) \
	"{\"record\":\"party\",\"id\":\"p-" name "\",\"name\":\"" name "\",\"names\":{}}\n"

static struct pv_slice originator;

static struct pv_slice
share(struct pv_desk *d, const char *text, const char *out)
{
	static const struct pv_slice topics[] = { { "narcotics.maritime", 18 } },
				     regions[] = { { "caribbean", 9 } },
				     never[] = { { "force", 5 } },
				     releasable[] = { { "us", 2 }, { "ca", 2 } };
	struct pv_share_ask ask = { .name = "track.txt", .out_path = out };
	struct pv_share_answer shared;
	struct pv_err e = { 0 };
	int fds[2];

	ask.label.report.originator = originator;
	ask.label.report.topics = (struct pv_names){ topics, 1 };
	ask.label.report.regions = (struct pv_names){ regions, 1 };
	ask.label.report.never = (struct pv_names){ never, 1 };
	ask.label.report.has_releasable_to = true;
	ask.label.report.releasable_to = (struct pv_names){ releasable, 2 };
	if (pipe(fds) != 0 || write(fds[1], text, strlen(text)) < 0)
		abort();
	close(fds[1]);
	ask.fd = fds[0];
	ok(pv_desk_share(d, &ask, arena, &shared, &e), &e, "a report is shared");
	close(fds[0]);
	for (size_t i = 0; i < shared.who_count; i++)
		tap_note("%.*s %.*s %s %.*s %.*s", PV_FMT(shared.who[i].party),
		    PV_FMT(shared.who[i].purpose), shared.who[i].yes ? "yes" : "no",
		    PV_FMT(shared.who[i].id), PV_FMT(shared.who[i].because));
	return shared.report;
}

static struct pv_buf
ask_for(struct pv_desk *d, const char *sealed, const char *purpose, const char *of)
{
	struct pv_ask_ask ask = { .sealed_path = sealed,
		.purpose = pv_slice_of(purpose),
		.person = PV_SLICE("analyst"),
		.of = pv_slice_of(of) };
	struct pv_buf request = { 0 };
	struct pv_ask_answer asked;
	struct pv_err e = { 0 };

	ok(pv_desk_ask(d, &ask, &request, arena, &asked, &e), &e, "a request is made");
	tap_ok(asked.made, "and nothing of our own bars it");
	return request;
}

static bool
refused_at_home(struct pv_desk *d, const char *sealed, const char *of)
{
	struct pv_ask_ask ask = { .sealed_path = sealed,
		.purpose = PV_SLICE("law.interdict"),
		.person = PV_SLICE("analyst"),
		.of = pv_slice_of(of) };
	struct pv_buf request = { 0 };
	struct pv_ask_answer asked;
	struct pv_err e = { 0 };

	ok(pv_desk_ask(d, &ask, &request, arena, &asked, &e), &e, "a request is considered");
	pv_buf_free(&request);
	return !asked.made && asked.refused.why == PV_WHY_SUSPENDED;
}

static struct pv_answer_answer
answer(struct pv_desk *d, const struct pv_buf *request, struct pv_buf *reply)
{
	struct pv_answer_answer answered;
	struct pv_err e = { 0 };

	ok(pv_desk_answer(d, pv_buf_slice(request), "request", reply, arena, &answered, &e), &e,
	    "it is answered");
	return answered;
}

static struct pv_open_answer
open_it(
    struct pv_desk *d, const char *sealed, const struct pv_buf *reply, const char *out, bool keep)
{
	struct pv_open_ask ask = { .report = sealed,
		.grant = pv_buf_slice(reply),
		.grant_source = "grant",
		.out_path = out,
		.keep = keep };
	struct pv_open_answer opened;
	struct pv_err e = { 0 };

	ok(pv_desk_open_report(d, &ask, arena, &opened, &e), &e, "the answer is used");
	return opened;
}

static bool
file_is(const char *path, const char *text)
{
	char got[200] = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, got, sizeof(got) - 1) : -1;

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && strcmp(got, text) == 0;
}

static void
verify_home(struct pv_desk *d, const char *name)
{
	struct pv_verify_answer v;
	struct pv_err e = { 0 };

	ok(pv_desk_verify(d, arena, &v, &e), &e, name);
	if (!tap_ok(v.good, "%s: good", name))
		for (size_t i = 0; i < v.check_count; i++)
			tap_note("%.*s: %.*s: %d", PV_FMT(v.checks[i].what),
			    PV_FMT(v.checks[i].says), v.checks[i].result);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int
main(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_buf request, reply = { 0 }, bundle = { 0 };
	struct pv_open_answer opened;
	struct pv_answer_answer answered;
	struct pv_follow_answer followed;
	struct pv_export_ask export_ask = { .audience = PV_SLICE("ca") };
	struct pv_err e = { 0 };
	const char *sealed;

	arena = pv_arena_new();
	if (mkdtemp(folder) == NULL)
		return 1;
	co = make_home("co", 2);
	us = make_home("us", 1);
	ca = make_home("ca", 2);
	if (co == NULL || us == NULL || ca == NULL)
		return tap_done();
	apply_text(co, TERMS PARTY("us") PARTY("ca") PARTY("co.navy"), "terms and parties of co");
	apply_text(us, TERMS PARTY("co") PARTY("ca"), "terms and parties of us");
	apply_text(ca, TERMS PARTY("co") PARTY("us"), "terms and parties of ca");
	introduce(co, us, "co knows us");
	introduce(co, ca, "co knows ca");
	introduce(us, co, "us knows co");
	introduce(us, ca, "us knows ca");
	introduce(ca, co, "ca knows co");
	introduce(ca, us, "ca knows us");
	apply_text(co,
	    "{\"record\":\"agreement\",\"id\":\"a-1\",\"from\":\"co\",\"to\":\"us\",\"topic\":"
	    "\"narcotics\",\"purposes\":[\"law\"],"
	    "\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":[{\"duty\":"
	    "\"report-outcome\",\"within\":3600}]}\n"
	    "{\"record\":\"agreement\",\"id\":\"a-2\",\"from\":\"co\",\"to\":\"ca\",\"purposes\":["
	    "\"law\"],\"custody\":true,"
	    "\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":[]}\n",
	    "agreements of co");

	sealed = in_folder("r1.tdf");
	share(co, "the first report", sealed);
	request = ask_for(us, sealed, "law.interdict", "");
	answered = answer(co, &request, &reply);
	tap_ok(answered.granted, "co grants it");
	opened = open_it(us, sealed, &reply, in_folder("r1.txt"), false);
	tap_ok(opened.opened && file_is(in_folder("r1.txt"), "the first report"),
	    "us reads what co wrote");
	tap_ok(opened.obligations.n == 1 && opened.obligations.at[0].within_s == 3600,
	    "with the duty to report the outcome");
	{
		struct pv_answer_answer again;
		struct pv_buf other = { 0 };

		tap_ok(!pv_ok(pv_desk_answer(
			   co, pv_buf_slice(&request), "request", &other, arena, &again, &e)) &&
			   e.code == PV_E_INPUT,
		    "the same request is not answered twice");
		pv_buf_free(&other);
	}
	{
		struct pv_open_ask again = { .report = sealed,
			.grant = pv_buf_slice(&reply),
			.grant_source = "grant",
			.out_path = in_folder("r1b.txt") };
		struct pv_open_answer never;

		tap_ok(!pv_ok(pv_desk_open_report(us, &again, arena, &never, &e)),
		    "a grant opens once");
	}
	pv_buf_free(&request);
	pv_buf_clear(&reply);

	request = ask_for(us, sealed, "force", "");
	answered = answer(co, &request, &reply);
	tap_ok(!answered.granted && answered.refused.why == PV_WHY_REPORT_FORBIDS,
	    "force is refused: the report itself says never");
	opened = open_it(us, sealed, &reply, in_folder("never.txt"), false);
	tap_ok(!opened.opened && !opened.refused.entitled && opened.refused.reference.n == 9,
	    "us is told a reference and nothing else");
	pv_buf_free(&request);
	pv_buf_clear(&reply);

	/* custody: Canada keeps it, and follows Colombia's log */
	request = ask_for(ca, sealed, "law", "");
	answered = answer(co, &request, &reply);
	tap_ok(answered.granted, "co grants it to ca");
	opened = open_it(ca, sealed, &reply, in_folder("ca.txt"), true);
	tap_ok(opened.opened, "ca keeps it in custody");
	pv_buf_free(&request);
	pv_buf_clear(&reply);
	export_ask.include = (struct pv_names){ &(struct pv_slice){ "a-1", 3 }, 1 };
	ok(pv_desk_export(co, &export_ask, &bundle, &e), &e, "co exports its log for ca");
	ok(pv_desk_follow(ca, pv_buf_slice(&bundle), "bundle", arena, &followed, &e), &e,
	    "ca follows it");
	tap_ok(followed.size_after == followed.acts + followed.withheld,
	    "every entry is an act or withheld");
	request = ask_for(us, sealed, "law.interdict", "ca/orders");
	answered = answer(ca, &request, &reply);
	tap_ok(answered.granted, "ca may give it to us, by co's agreements");
	if (!answered.granted)
		tap_note("%s", pv_reason_name(answered.refused.why));
	opened = open_it(us, sealed, &reply, in_folder("via-ca.txt"), false);
	tap_ok(opened.opened && file_is(in_folder("via-ca.txt"), "the first report"),
	    "us reads it from ca's custody");
	pv_buf_free(&request);
	pv_buf_clear(&reply);

	/* one order */
	apply_text(co,
	    "{\"record\":\"order\",\"id\":\"o-1\",\"kind\":\"suspend\",\"subject\":[\"co\"],"
	    "\"counterpart\":[\"us\"],\"direction\":\"both\",\"except\":[],"
	    "\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"es\":\"alto\"},"
	    "\"authentic\":\"es\",\"public\":true}\n",
	    "an order of co");
	request = ask_for(us, sealed, "law.interdict", "");
	answered = answer(co, &request, &reply);
	tap_ok(!answered.granted && answered.refused.why == PV_WHY_SUSPENDED,
	    "after the order co refuses");
	opened = open_it(us, sealed, &reply, in_folder("stopped.txt"), false);
	tap_ok(!opened.opened && opened.refused.entitled && opened.refused.orders.n == 1 &&
		   pv_slice_is(opened.refused.orders.at[0], "o-1"),
	    "us is told the order, which is public");
	pv_buf_free(&request);
	pv_buf_clear(&reply);
	pv_buf_clear(&bundle);
	ok(pv_desk_export(co, &export_ask, &bundle, &e), &e, "co exports again");
	ok(pv_desk_follow(ca, pv_buf_slice(&bundle), "bundle", arena, &followed, &e), &e,
	    "ca follows again");
	request = ask_for(us, sealed, "law.interdict", "ca/orders");
	answered = answer(ca, &request, &reply);
	tap_ok(!answered.granted && answered.refused.why == PV_WHY_SUSPENDED,
	    "the copy in ca's custody is refused too");
	pv_buf_free(&request);
	pv_buf_clear(&reply);

	/* cut off for eight days: stale */
	the_time_ms += 8ull * 86400 * 1000;
	request = ask_for(us, sealed, "law.interdict", "ca/orders");
	answered = answer(ca, &request, &reply);
	tap_ok(!answered.granted && answered.refused.why == PV_WHY_STALE,
	    "eight days without news of co: ca refuses, stale");
	pv_buf_free(&request);
	pv_buf_clear(&reply);

	apply_text(co,
	    "{\"record\":\"lift\",\"id\":\"l-1\",\"order\":\"o-1\",\"reopen\":\"release\"}\n",
	    "a lift");
	request = ask_for(us, sealed, "law.interdict", "");
	answered = answer(co, &request, &reply);
	tap_ok(answered.granted, "after the lift co grants again");
	pv_buf_free(&request);
	pv_buf_free(&reply);
	pv_buf_free(&bundle);

	/* the recipient's own orders: at the custodian's, and over units that its log does not name */
	apply_text(us,
	    "{\"record\":\"order\",\"id\":\"t-1\",\"kind\":\"suspend\",\"subject\":[\"us\"],"
	    "\"counterpart\":[\"ca\"],\"direction\":\"take\",\"except\":[],"
	    "\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"en\":\"stop\"},"
	    "\"authentic\":\"en\",\"public\":true}\n",
	    "us takes nothing from ca");
	tap_ok(refused_at_home(us, sealed, "ca/orders"),
	    "so us does not ask ca for what ca holds of co");
	tap_ok(!refused_at_home(us, sealed, ""), "and may ask co");
	apply_text(us,
	    "{\"record\":\"order\",\"id\":\"t-2\",\"kind\":\"suspend\",\"subject\":[\"us\"],"
	    "\"counterpart\":[\"co\"],\"direction\":\"take\",\"except\":[],"
	    "\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":\"hold\",\"text\":{\"en\":\"stop\"},"
	    "\"authentic\":\"en\",\"public\":true}\n",
	    "us takes nothing from co");
	originator = PV_SLICE("co.navy");
	share(co, "of a unit", in_folder("r2.tdf"));
	tap_ok(refused_at_home(us, in_folder("r2.tdf"), ""),
	    "a unit of co that us never declared does not slip past");

	verify_home(co, "co's logs verify");
	verify_home(us, "us's logs verify");
	verify_home(ca, "ca's logs verify");
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
	pv_arena_free(arena);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
