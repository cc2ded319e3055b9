/* SPDX-License-Identifier: Apache-2.0 */
/* Custody, bundles, acts, time, journal, rebuilding and restoring, attacked. */
#include "desk/test_homes.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "codec/base64.h"
#include "codec/hex.h"

/* ---- bundles ---- */

static struct pv_buf
bundle_for(struct pv_desk *d, const char *audience, const char *include)
{
	struct pv_slice id = pv_slice_of(include);
	struct pv_export_ask ask = { .audience = pv_slice_of(audience),
		.include = { &id, include != NULL ? 1 : 0 } };
	struct pv_buf bundle = { 0 };
	struct pv_err e = { 0 };

	good(pv_desk_export(d, &ask, &bundle, &e), &e, "a bundle is made");
	return bundle;
}

static struct pv_status
follow(struct pv_desk *d, const struct pv_buf *bundle, struct pv_err *e)
{
	struct pv_follow_answer followed;

	return pv_desk_follow(d, pv_buf_slice(bundle), "bundle", arena, &followed, e);
}

static void
follows(struct pv_desk *d, struct pv_desk *whom, const char *audience, const char *include)
{
	struct pv_buf bundle = bundle_for(whom, audience, include);
	struct pv_err e = { 0 };

	good(follow(d, &bundle, &e), &e, "it is followed");
	pv_buf_free(&bundle);
}

/* ---- custody ---- */

static void
attack_custody(void)
{
	struct pv_desk *co, *us, *ca, *uk;
	const char *sealed;

	new_case("custody");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	uk = take_home("uk");
	share(co, "r-one", "the first report");
	sealed = in_case("r-one.tdf");
	tap_ok(gets(ca, co, sealed, "", in_case("ca.txt"), true), "ca keeps a report of co");
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_STALE,
	    "ca, which does not follow co, gives it to nobody");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_NO_AGREEMENT,
	    "nor where no agreement of co with the recipient was given");
	follows(ca, co, "ca", "a-us");
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "it does where one was");
	tap_ok(why_not(us, ca, sealed, "strike", "ca/orders") == PV_WHY_REPORT_FORBIDS,
	    "the report's own never goes with it");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "what was given once is given again");

	/* a chain of two */
	follows(ca, co, "ca", "a-uk");
	follows(uk, co, "uk", "a-us");
	follows(uk, co, "uk", "a-ca");
	follows(uk, ca, "uk", NULL);
	tap_ok(gets(uk, ca, sealed, "ca/orders", in_case("uk.txt"), true),
	    "uk keeps it from ca's custody");
	tap_ok(why_not(us, uk, sealed, "law.interdict", "uk/orders") == PV_WHY_AGREEMENT,
	    "and may give it on, since all of the chain may");
	applies(ca,
	    "{\"record\":\"agreement\",\"id\":\"a-x\",\"from\":\"ca\",\"to\":\"us\",\"purposes\":["
	    "\"law\"],\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":[]}\n",
	    "ca's own agreement with us");
	applies(
	    co, "{\"record\":\"end\",\"id\":\"e-ca\",\"of\":\"a-ca\"}\n", "co ends ca's custody");
	follows(ca, co, "ca", NULL);
	follows(uk, co, "uk", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_NO_AGREEMENT,
	    "ca gives it to nobody any more, whatever it agreed itself");
	tap_ok(why_not(us, uk, sealed, "law.interdict", "uk/orders") == PV_WHY_NO_AGREEMENT,
	    "nor uk, which has it through ca");
	applies(co,
	    AGREE("a-ca2", "ca", "law", "\"custody\":true,") "[{\"duty\":\"no-onward\"}]}\n",
	    "custody again, with no-onward");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_NO_AGREEMENT,
	    "no-onward: ca keeps it and gives it to nobody");
	applies(co,
	    "{\"record\":\"end\",\"id\":\"e-ca2\",\"of\":\"a-ca2\"}\n" AGREE("a-ca3", "ca", "law",
		"\"custody\":true,") "[{\"duty\":\"delete-by\",\"after\":3600}]}\n",
	    "custody for an hour");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "within the hour it is given");
	clock_ms += 3600000;
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_NO_AGREEMENT,
	    "and not when it is over");
	clock_ms -= 3600000;
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
	pv_desk_close(uk);
}

static void
attack_custody_orders(void)
{
	struct pv_desk *co, *us, *ca;
	const char *sealed;

	new_case("orders and a copy in custody");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	sealed = in_case("r-one.tdf");
	tap_ok(gets(ca, co, sealed, "", in_case("ca.txt"), true), "ca keeps a report of co");
	follows(ca, co, "ca", "a-us");
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "ca gives it to us");
	applies(co, ORDER("o-1", "co", "us", "\"public\":false"),
	    "a private order that names us and not ca");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_SUSPENDED,
	    "who was given the permission was given the order, and obeys");
	applies(co,
	    "{\"record\":\"lift\",\"id\":\"l-1\",\"order\":\"o-1\",\"reopen\":\"release\"}\n",
	    "a lift");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "and its lift");
	applies(co,
	    "{\"record\":\"party\",\"id\":\"p-task\",\"name\":\"task\",\"names\":{},\"members\":["
	    "\"us\"]}\n",
	    "a joint body");
	applies(co,
	    "{\"record\":\"party\",\"id\":\"p-joint\",\"name\":\"us.joint\",\"names\":{},"
	    "\"members\":[\"task\"]}\n" ORDER("o-2", "co", "task", "\"public\":false"),
	    "an order against it");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") ==
		   why_not(us, co, sealed, "law.interdict", ""),
	    "ca and co say the same of a joint body");
	applies(co,
	    "{\"record\":\"lift\",\"id\":\"l-2\",\"order\":\"o-2\",\"reopen\":\"release\"}\n",
	    "a lift");
	{
		/* one officer, then, hours later, the other; ca hears of both days later */
		struct pv_apply_answer done;
		struct pv_err e = { 0 };
		const struct pv_order_row *rows;
		size_t n;

		good(try_apply(co, PV_SLICE(ORDER("o-3", "co", "us", "\"public\":false")),
			 AS("officer1"), &done, &e),
		    &e, "one officer signs");
		tap_ok(done.held == 1, "it is a hold");
		clock_ms += 3600000;
		good(try_apply(co, PV_SLICE(ORDER("o-3", "co", "us", "\"public\":false")),
			 AS("officer2"), &done, &e),
		    &e, "the other signs");
		tap_ok(
		    done.error_count == 0 && done.acts[0].did == PV_DID_COMPLETE, "it is complete");
		clock_ms += 3 * 86400000ull;
		good(pv_desk_orders(co, PV_SLICE("o-3"), 0, arena, &rows, &n, &e), &e,
		    "it stands at co");
		tap_ok(n == 1 && rows[0].in_force && !rows[0].hold, "after three days too");
		follows(ca, co, "ca", NULL);
		tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_SUSPENDED,
		    "and at ca, which heard of it three days later");
		clock_ms += 2 * 86400000ull;
		follows(ca, co, "ca", NULL);
		tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_SUSPENDED,
		    "where it does not lapse");
		applies(co,
		    "{\"record\":\"lift\",\"id\":\"l-3\",\"order\":\"o-3\",\"reopen\":\"release\"}"
		    "\n",
		    "a lift");
		good(try_apply(co, PV_SLICE(ORDER("o-4", "co", "us", "\"public\":true")),
			 AS("officer1"), &done, &e),
		    &e, "another hold");
		clock_ms += 2 * 86400000ull;
		follows(ca, co, "ca", NULL);
		tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
		    "a hold that lapsed unheard neither binds nor stops the following");
		good(try_apply(co, PV_SLICE(ORDER("o-4", "co", "us", "\"public\":true")),
			 AS("officer2"), &done, &e),
		    &e, "it is signed again");
		tap_ok(done.error_count == 1, "once lapsed its id never holds again");
		clock_ms -= 3600000 + 7 * 86400000ull;
	}
	pv_desk_close(ca);
	ca = open_home("ca");
	verifies(co, "co's logs verify");
	verifies(ca, "ca's logs verify");
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

static void
attack_recall(void)
{
	struct pv_desk *co, *us, *ca;
	const char *sealed;

	new_case("a recall, and a take at the custodian");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	sealed = in_case("r-one.tdf");
	tap_ok(gets(ca, co, sealed, "", in_case("ca.txt"), true), "ca keeps a report of co");
	follows(ca, co, "ca", "a-us");
	applies(co,
	    "{\"record\":\"recall\",\"id\":\"rc-1\",\"report\":\"r-one\",\"text\":{\"en\":"
	    "\"wrong\"}}\n",
	    "co recalls it");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_RECALLED,
	    "ca gives it to nobody after the recall");
	{
		struct pv_open_answer opened;
		struct pv_err e = { 0 };

		good(try_open(ca, "r-one", PV_NO_SLICE, in_case("again.txt"), false, &opened, &e),
		    &e, "ca tries for itself");
		tap_ok(!opened.opened && opened.refused.why == PV_WHY_RECALLED &&
			   !is_there(in_case("again.txt")),
		    "and cannot open it again");
	}
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* Another's id is no path, and no place of ours. */
static void
attack_ids(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_names none = { 0 };
	struct pv_status st;
	struct pv_err e = { 0 };
	struct pv_buf before, after;

	new_case("ids of others");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-same", "a report of co");
	shell(pv_arena_printf(arena, "mv %s %s", in_case("r-same.tdf"), in_case("r-co.tdf")).p);
	share(ca, "r-same", "ca's own report of the same id");
	before = read_all(in_case("ca/sealed/r-same.tdf"));
	{
		struct pv_buf request = ask_for(ca, in_case("r-co.tdf"), "law.interdict", ""),
			      reply = { 0 };
		struct pv_open_answer opened;

		tap_ok(answer(co, &request, &reply).granted, "co grants its report");
		refused_as(try_open(ca, in_case("r-co.tdf"), pv_buf_slice(&reply),
			       in_case("out.txt"), true, &opened, &e),
		    &e, PV_E_UNTRUSTED, "another report is here",
		    "one that has the id of a report of ours is not kept");
		pv_buf_free(&request);
		pv_buf_free(&reply);
	}
	after = read_all(in_case("ca/sealed/r-same.tdf"));
	tap_ok(pv_slice_eq(pv_buf_slice(&before), pv_buf_slice(&after)), "and ours lies as it lay");
	tap_ok(gets(us, co, in_case("r-co.tdf"), "", in_case("us.txt"), false),
	    "us opens co's report");
	share(co, "r-two", "the second report");
	tap_ok(gets(ca, co, in_case("r-two.tdf"), "", in_case("two.txt"), true),
	    "ca keeps the second");
	try_share(ca, "r-mine", "the second report", none, &st, &e);
	refused_as(st, &e, PV_E_INPUT, "a report of co",
	    "what ca holds for co it cannot share as its own");
	pv_buf_free(&before);
	pv_buf_free(&after);
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

static void
attack_derived(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_slice source = PV_SLICE("r-nowhere");
	struct pv_names from = { &source, 1 };
	struct pv_status st;
	struct pv_err e = { 0 };

	new_case("derived reports");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	try_share(co, "r-a", "derived from nobody knows what", from, &st, &e);
	good(st, &e, "a report with an unknown source is shared");
	tap_ok(why_not(us, co, in_case("r-a.tdf"), "law.interdict", "") == PV_WHY_NO_AGREEMENT,
	    "and given to nobody");
	share(co, "r-one", "the first report");
	source = PV_SLICE("r-one");
	try_share(co, "r-b", "derived from ours", from, &st, &e);
	tap_ok(why_not(us, co, in_case("r-b.tdf"), "law.interdict", "") == PV_WHY_AGREEMENT,
	    "one whose source may be given is given");
	applies(co,
	    "{\"record\":\"recall\",\"id\":\"rc-1\",\"report\":\"r-one\",\"text\":{\"en\":"
	    "\"wrong\"}}\n",
	    "the source is recalled");
	tap_ok(why_not(us, co, in_case("r-b.tdf"), "law.interdict", "") == PV_WHY_RECALLED,
	    "and so is what was made of it");
	share(co, "r-two", "the second report");
	tap_ok(gets(ca, co, in_case("r-two.tdf"), "", in_case("two.txt"), true),
	    "ca keeps a report of co");
	applies(ca,
	    "{\"record\":\"agreement\",\"id\":\"a-x\",\"from\":\"ca\",\"to\":\"us\",\"purposes\":["
	    "\"law\"],\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":[]}\n",
	    "ca's agreement with us");
	source = PV_SLICE("r-two");
	try_share(ca, "r-c", "ca's, from co's", from, &st, &e);
	tap_ok(why_not(us, ca, in_case("r-c.tdf"), "law.interdict", "") == PV_WHY_STALE,
	    "what is made of a partner's waits for the partner's orders");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, in_case("r-c.tdf"), "law.interdict", "") == PV_WHY_NO_AGREEMENT,
	    "and for its agreement with the recipient");
	follows(ca, co, "ca", "a-us");
	tap_ok(why_not(us, ca, in_case("r-c.tdf"), "law.interdict", "") == PV_WHY_AGREEMENT,
	    "then it is given");
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* ---- bundles, altered ---- */

static struct pv_buf
without_line(const struct pv_buf *bundle, unsigned which)
{
	struct pv_slice rest = pv_buf_slice(bundle), line;
	struct pv_buf out = { 0 };

	for (unsigned n = 0; pv_slice_next(&rest, '\n', &line); n++)
		if (n != which) {
			pv_buf_add(&out, line);
			pv_buf_add_c(&out, '\n');
		}
	return out;
}

static struct pv_buf
swapped(const struct pv_buf *bundle, const char *from, const char *to)
{
	struct pv_buf out = { 0 };
	const char *at = memmem(bundle->p, bundle->n, from, strlen(from));

	if (at == NULL) {
		tap_ok(false, "the bundle has %s", from);
		return out;
	}
	pv_buf_add_mem(&out, bundle->p, (size_t)(at - bundle->p));
	pv_buf_add_str(&out, to);
	pv_buf_add_mem(
	    &out, at + strlen(from), bundle->n - (size_t)(at - bundle->p) - strlen(from));
	return out;
}

static void
not_followed(
    struct pv_desk *ca, struct pv_buf bundle, enum pv_code code, const char *says, const char *name)
{
	struct pv_err e = { 0 };

	refused_as(follow(ca, &bundle, &e), &e, code, says, name);
	pv_buf_free(&bundle);
}

static void
attack_bundles(void)
{
	struct pv_desk *co, *fork, *ca, *us, *other = NULL;
	struct pv_buf bundle, older, junk = { 0 }, mixed = { 0 };
	struct pv_err e = { 0 };
	struct pv_status_answer status;
	struct pv_slice lines[4], rest;

	new_case("bundles");
	ca = take_home("ca");
	us = take_home("us");
	co = take_home("co");
	older = bundle_for(co, "ca", NULL);
	applies(co,
	    ORDER("o-1", "co", "us", "\"public\":true")
		ORDER("o-2", "co", "ca", "\"public\":false"),
	    "two orders");
	bundle = bundle_for(co, "ca", NULL);
	for (unsigned i = 0; i < 40; i += 7)
		not_followed(ca, without_line(&bundle, i), PV_E_INPUT, "", "an entry left out");
	not_followed(ca, swapped(&bundle, "alto", "sigan"), PV_E_UNTRUSTED, "",
	    "an order with another text");
	not_followed(
	    ca, swapped(&bundle, "\"size\":", "\"size\":1"), PV_E_INPUT, "cut off", "another size");
	not_followed(ca, swapped(&bundle, "\"salt\":\"", "\"salt\":\"A"), PV_E_INPUT, "salt",
	    "a salt that is damaged");
	not_followed(ca, swapped(&bundle, "co/orders", "ca/orders"), PV_E_INPUT, "log of this home",
	    "a log that calls itself ours");
	not_followed(ca, swapped(&bundle, "co/orders", "uk/orders"), PV_E_UNTRUSTED,
	    "not the genesis of uk/orders", "a log that calls itself another's");
	rest = pv_buf_slice(&bundle);
	for (size_t i = 0; i < 4; i++)
		pv_slice_next(&rest, '\n', &lines[i]);
	pv_buf_add(&mixed, lines[0]);
	pv_buf_add_c(&mixed, '\n');
	pv_buf_add(&mixed, lines[2]);
	pv_buf_add_c(&mixed, '\n');
	pv_buf_add(&mixed, lines[1]);
	pv_buf_add_c(&mixed, '\n');
	pv_buf_add(&mixed, rest);
	not_followed(ca, mixed, PV_E_INPUT, "stands where", "entries in another order");
	memset(pv_buf_room(&junk, 100u << 20), 'x', 100u << 20);
	junk.n = 100u << 20;
	not_followed(ca, junk, PV_E_INPUT, "no part of a bundle", "100 MB of junk");
	junk = (struct pv_buf){ 0 };
	pv_buf_add_str(&junk, "{\"bundle\":1,\"origin\":\"co/orders\",\"size\":1000000}\n");
	for (size_t i = 0; i < 100000; i++)
		pv_buf_addf(&junk, "{\"e\":\"\",\"i\":%zu}\n", i);
	not_followed(ca, junk, PV_E_INPUT, "cut off", "a hundred thousand empty entries");
	clock_ms -= 60000;
	good(pv_desk_status(ca, arena, &status, &e), &e, "ca's clock is a minute late");
	refused_as(follow(us, &bundle, &e), &e, PV_E_DOWN, "from the future",
	    "a checkpoint from the future");
	clock_ms += 60000;
	good(follow(ca, &bundle, &e), &e, "the bundle itself is followed");
	good(follow(ca, &bundle, &e), &e, "and again");
	refused_as(follow(ca, &older, &e), &e, PV_E_INPUT, "it is older", "an older one is not");
	pv_buf_free(&bundle);
	pv_buf_free(&older);

	/* two histories */
	shell(pv_arena_printf(arena, "cp -a %s %s", in_case("co"), in_case("fork")).p);
	fork = open_home("fork");
	applies(co, ORDER("o-3", "co", "us", "\"public\":true"), "co goes on");
	applies(fork,
	    ORDER("o-4", "co", "us", "\"public\":true") ORDER("o-5", "co", "us", "\"public\":true"),
	    "and its twin goes on otherwise");
	bundle = bundle_for(co, "ca", NULL);
	good(follow(ca, &bundle, &e), &e, "co is followed");
	pv_buf_free(&bundle);
	bundle = bundle_for(fork, "ca", NULL);
	refused_as(follow(ca, &bundle, &e), &e, PV_E_UNTRUSTED, "two histories were signed",
	    "its twin is found out");
	pv_buf_free(&bundle);

	/* nobody's log, and another genesis under a known name */
	shell(pv_arena_printf(arena, "mkdir %s", in_case("n")).p);
	make_home("n/co", 1);
	other = open_home("n/co");
	applies(other, PARTY("ca"), "another that calls itself co");
	bundle = bundle_for(other, "ca", NULL);
	refused_as(follow(ca, &bundle, &e), &e, PV_E_UNTRUSTED, "another co/orders than",
	    "whose genesis is not the admitted one");
	pv_buf_free(&bundle);
	pv_desk_close(other);
	make_home("nobody", 1);
	other = open_home("nobody");
	applies(other, PARTY("ca"), "a stranger");
	bundle = bundle_for(other, "ca", NULL);
	refused_as(follow(ca, &bundle, &e), &e, PV_E_UNTRUSTED, "no peer record admits",
	    "a stranger's log is not taken in");
	pv_buf_free(&bundle);
	pv_desk_close(other);
	verifies(ca, "ca's logs verify");
	pv_desk_close(ca);
	ca = open_home("ca");
	pv_desk_close(ca);
	pv_desk_close(us);
	pv_desk_close(co);
	pv_desk_close(fork);
}

/* ---- acts ---- */

struct seen {
	uint64_t size;
	uint8_t root[32];
	struct pv_slice export;
};

static struct seen
look_at(struct pv_desk *d)
{
	struct pv_export_ask ask = { 0 };
	struct pv_store_view *v = NULL;
	struct pv_store_head head = { 0 };
	struct pv_buf out = { 0 };
	struct pv_err e = { 0 };
	struct seen s;
	bool found;

	if (!pv_ok(pv_desk_export(d, &ask, &out, &e)) ||
	    !pv_ok(pv_store_view_open(&v, d->store, &e)) ||
	    !pv_ok(pv_store_log_head(v, d->origin, &head, &found, &e)))
		tap_ok(false, "co is looked at: %s", e.what);
	pv_store_view_free(v);
	s = (struct seen){ .size = head.size, .export = pv_arena_copy(arena, pv_buf_slice(&out)) };
	memcpy(s.root, head.root, 32);
	pv_buf_free(&out);
	return s;
}

static bool
same_as(const struct seen *a, const struct seen *b)
{
	return a->size == b->size && memcmp(a->root, b->root, 32) == 0 &&
	       pv_slice_eq(a->export, b->export);
}

static void
attack_apply(void)
{
	static const char *const bad[] = { AGREE("a-bad", "nobody", "rescue", "") "[]}\n",
		"{\"record\":\"order\"\n",
		"{\"record\":\"lift\",\"id\":\"l\",\"order\":\"o-none\",\"reopen\":\"hold\"}\n",
		AGREE("a-us", "us", "rescue", "") "[]}\n" };
	struct pv_desk *co, *us;
	struct pv_apply_answer done;
	struct pv_buf file = { 0 };
	struct pv_err e = { 0 };
	struct seen before, after;
	bool same = true, told = true;

	new_case("all or nothing");
	co = take_home("co");
	us = take_home("us");
	before = look_at(co);
	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++)
		for (size_t at = 0; at < 4; at++) {
			pv_buf_clear(&file);
			for (size_t i = 0; i < 4; i++) {
				if (i == at)
					pv_buf_add_str(&file, bad[b]);
				pv_buf_addf(&file,
				    "{\"record\":\"agreement\",\"id\":\"a-good%zu\",\"from\":"
				    "\"co\",\"to\":\"us\",\"purposes\":[\"rescue\"],"
				    "\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},"
				    "\"obligations\":[]}\n",
				    i);
			}
			told =
			    told &&
			    pv_ok(try_apply(co, pv_buf_slice(&file), all_officers(), &done, &e)) &&
			    done.error_count >= 1;
			after = look_at(co);
			same = same && same_as(&before, &after);
		}
	tap_ok(told, "each file with a bad record at any place is told to be wrong");
	tap_ok(same, "and log, root and export are to the byte what they were");

	applies(co,
	    AGREE("a-two", "us", "rescue", "") "[]}\n" ORDER(
		"o-two", "co", "us", "\"public\":false"),
	    "a file");
	before = look_at(co);
	clock_ms += 5000;
	good(try_apply(co,
		 PV_SLICE(AGREE("a-two", "us", "rescue", "") "[]}\n" ORDER(
		     "o-two", "co", "us", "\"public\":false")),
		 all_officers(), &done, &e),
	    &e, "the same file five seconds later");
	after = look_at(co);
	tap_ok(done.error_count == 0 && done.unchanged == 2 && done.applied == 0 &&
		   same_as(&before, &after),
	    "changes nothing, and says so");
	good(try_apply(co, before.export, all_officers(), &done, &e), &e, "its own export");
	after = look_at(co);
	tap_ok(done.error_count == 0 && done.applied == 0 && same_as(&before, &after),
	    "changes nothing");
	good(try_apply(us, before.export, all_officers(), &done, &e), &e, "another's home");
	tap_ok(done.error_count != 0, "takes none of it");

	/* statements beside acts: one transaction */
	{
		struct pv_record r = { .kind = PV_INCIDENT, .id = PV_SLICE("inc-1") };
		struct pv_buf note = { 0 }, other = { 0 };
		uint64_t index;

		r.incident = (struct pv_incident){ .kind = PV_SLICE("strike"),
			.topic = PV_SLICE("narcotics"),
			.region = PV_SLICE("caribbean"),
			.observed_from = clock_ms / 1000 - 60,
			.observed_to = clock_ms / 1000 - 50,
			.source = {
			    .who = PV_SLICE("us"), .status = PV_STATED, .date = clock_ms / 1000 } };
		good(pv_desk_state_record(us, &r, PV_SLICE("somebody"), &note, &index, arena, &e),
		    &e, "us states an incident");
		r.time = 0;
		r.incident.kind = PV_SLICE("other");
		r.id = PV_SLICE("inc-2");
		good(pv_desk_state_record(us, &r, PV_SLICE("somebody"), &other, &index, arena, &e),
		    &e, "and another");
		before = look_at(co);
		pv_buf_clear(&file);
		pv_buf_add_str(&file, AGREE("a-three", "us", "rescue", "") "[]}\n");
		pv_buf_add(&file, pv_buf_slice(&note));
		pv_buf_add(&file, pv_buf_slice(&other));
		pv_buf_add_str(&file, "\n" AGREE("a-three", "ca", "rescue", "") "[]}\n");
		good(try_apply(co, pv_buf_slice(&file), all_officers(), &done, &e), &e,
		    "a file with acts and statements, one of them bad");
		after = look_at(co);
		tap_ok(done.error_count == 1 && same_as(&before, &after) &&
			   journal_count(co, "incident") == 0,
		    "leaves nothing in log or journal");
		file.n -= strlen(AGREE("a-three", "ca", "rescue", "") "[]}\n");
		good(try_apply(co, pv_buf_slice(&file), all_officers(), &done, &e), &e,
		    "without the bad one");
		tap_ok(done.error_count == 0 && done.applied == 3 &&
			   journal_count(co, "incident") == 2,
		    "all of it is taken");
		good(try_apply(co, pv_buf_slice(&file), all_officers(), &done, &e), &e, "again");
		tap_ok(done.error_count == 0 && done.unchanged == 3 &&
			   journal_count(co, "incident") == 2,
		    "nothing");
		pv_buf_free(&note);
		pv_buf_free(&other);
	}
	verifies(co, "co's logs verify");
	pv_buf_free(&file);
	clock_ms -= 5000;
	pv_desk_close(co);
	pv_desk_close(us);
}

static struct pv_status
wrong_passphrase(void *ctx, const char *key, struct pv_secret **out, struct pv_err *e)
{
	unsigned *asked = ctx;

	(void)key;
	(void)e;
	(*asked)++;
	*out = pv_secret_of("wrong", 5);
	return PV_DONE;
}

static void
attack_officers(void)
{
	struct pv_desk *co, *far;
	struct pv_apply_answer done;
	struct pv_apply_ask draft = { .bytes =
					  PV_SLICE(ORDER("o-1", "co", "us", "\"public\":true")),
		.source = "test",
		.draft = true };
	struct pv_unlock first = AS("officer1"), file = { .passphrase = no_passphrase };
	const char *moved = NULL;
	struct pv_slice notes;
	struct pv_err e = { 0 };
	unsigned asked = 0;
	size_t n;
	const struct pv_order_row *rows;

	new_case("officers");
	co = take_home("co");
	good(try_apply(co, draft.bytes, AS("officer1"), &done, &e), &e, "one officer");
	tap_ok(done.held == 1 && done.acts[0].did == PV_DID_HOLD, "is a hold");
	good(try_apply(co, draft.bytes, AS("officer1"), &done, &e), &e, "the same officer again");
	tap_ok(done.unchanged == 1 && done.applied == 0, "is nothing");
	good(try_apply(co, draft.bytes, AS("officer2"), &done, &e), &e, "another officer");
	tap_ok(done.error_count == 0 && done.acts[0].did == PV_DID_COMPLETE &&
		   done.acts[0].signers == 2,
	    "completes it");
	good(try_apply(
		 co, PV_SLICE(AGREE("a-x", "us", "rescue", "") "[]}\n"), AS("officer1"), &done, &e),
	    &e, "an agreement by one officer");
	tap_ok(done.error_count == 1 && strstr(done.errors[0].what, "needs 2") != NULL, "is none");
	pv_desk_close(co);

	/* officer2's key is elsewhere */
	co = take_home("ca");
	pv_desk_close(co);
	shell(pv_arena_printf(arena, "rm -rf %s; cp -a %s/0/co %s; mv %s %s", in_case("co"), world,
	    in_case("co"), in_case("co/keys/officer2.key"), in_case("moved.key"))
		  .p);
	moved = in_case("moved.key");
	co = open_home("co");
	far = open_home("ca");
	good(pv_desk_apply(co, &draft, &first, arena, &done, &e), &e, "a draft is signed by one");
	tap_ok(done.error_count == 0 && done.notes.n != 0 && look_at(co).size == done.log_size,
	    "and nothing is appended");
	notes = done.notes;
	file.key_files = &moved;
	file.key_file_count = 1;
	{
		struct pv_apply_ask sign = { .bytes = notes, .source = "draft", .draft = true };

		good(pv_desk_apply(co, &sign, &file, arena, &done, &e), &e,
		    "by the other from a file");
		tap_ok(done.error_count == 0 && done.notes.n > notes.n, "the note has both");
		notes = done.notes;
	}
	{
		struct pv_apply_ask apply = { .bytes = notes, .source = "signed" };

		good(pv_desk_apply(co, &apply, NULL, arena, &done, &e), &e,
		    "it is applied where nobody can sign");
		tap_ok(done.error_count == 0 && done.applied == 1 && done.held == 0, "as an order");
	}
	draft.bytes = PV_SLICE(ORDER("o-2", "co", "us", "\"public\":true"));
	good(try_apply(co, draft.bytes, all_officers(), &done, &e), &e,
	    "another by the one who is there");
	tap_ok(done.held == 1, "is a hold");
	good(try_apply(co, draft.bytes, file, &done, &e), &e, "completed with a key file");
	tap_ok(done.error_count == 0 && done.acts[0].did == PV_DID_COMPLETE, "by the other");
	good(pv_desk_orders(co, PV_SLICE("o-2"), 0, arena, &rows, &n, &e), &e, "it is looked at");
	tap_ok(n == 1 && rows[0].in_force && !rows[0].hold, "and stands");
	good(try_apply(co, PV_SLICE(ORDER("o-3", "co", "us", "\"public\":true")), file, &done, &e),
	    &e, "the key file alone");
	tap_ok(done.held == 1, "is one officer");
	draft.draft = false;
	good(pv_desk_apply(co, &draft, NULL, arena, &done, &e), &e, "the same with nobody");
	tap_ok(done.error_count == 0 && done.unchanged == 1, "changes nothing");
	draft.draft = true;
	draft.bytes = PV_SLICE(ORDER("o-9", "co", "us", "\"public\":true"));
	good(pv_desk_apply(co, &draft, NULL, arena, &done, &e), &e, "a draft with nobody to sign");
	tap_ok(done.error_count == 1, "is an error");
	verifies(co, "co's logs verify");

	{
		struct pv_keyfile *k = NULL;
		struct pv_secret *secret = pv_secret_of("right", 5);
		struct pv_unlock wrong = {
			.passphrase = wrong_passphrase, .ctx = &asked, .as = first.as, .as_count = 1
		};
		struct pv_env env = test_env();

		good(pv_keyfile_change(in_case("co/keys/officer1.key"), NULL, secret, &env, &e), &e,
		    "officer1's key gets a passphrase");
		good(try_apply(co,
			 PV_SLICE(ORDER("o-5", "co", "us", "\"public\":true")
				 ORDER("o-6", "co", "us", "\"public\":true")),
			 wrong, &done, &e),
		    &e, "two orders with a wrong passphrase");
		tap_ok(done.error_count == 2 && asked == 1 &&
			   strstr(done.errors[0].what, "passphrase") != NULL,
		    "are none, and it was asked once");
		tap_note("%s / %s", done.errors[0].what, done.errors[1].what);
		pv_secret_free(secret);
		pv_keyfile_free(k);
	}
	pv_desk_close(co);
	pv_desk_close(far);
}

/* A quorum of three: each signature counts, however they come. */
static void
attack_third(void)
{
	struct pv_desk *co = NULL;
	struct pv_env env = test_env();
	struct pv_unlock unlock = all_officers();
	struct pv_text text = { PV_SLICE("en"), PV_SLICE("co") };
	struct pv_init_ask ask = { .party = PV_SLICE("co"),
		.names = { &text, 1 },
		.exercise = true,
		.quorum = 3,
		.officers = (const char *const[]){ "one", "two", "three" },
		.officer_count = 3 };
	struct pv_init_answer made;
	struct pv_apply_answer done;
	struct pv_err e = { 0 };
	const char *order = ORDER("o-1", "co", "us", "\"public\":true");

	new_case("a quorum of three");
	ask.home = in_case("co");
	good(pv_desk_init(&ask, &unlock, &env, arena, &made, &e), &e, "a home with three officers");
	co = open_home("co");
	applies(co, PARTY("us"), "a party");
	good(try_apply(co, pv_slice_of(order), AS("one"), &done, &e), &e, "the first signs");
	pv_desk_close(co);
	co = open_home("co");
	good(try_apply(co, pv_slice_of(order), AS("two"), &done, &e), &e, "the second signs");
	tap_ok(
	    done.error_count == 0 && done.acts[0].did == PV_DID_HOLD && done.acts[0].signers == 2,
	    "two of three: still a hold");
	pv_desk_close(co);
	co = open_home("co");
	good(try_apply(co, pv_slice_of(order), AS("three"), &done, &e), &e, "the third signs");
	tap_ok(done.error_count == 0 && done.acts[0].did == PV_DID_COMPLETE &&
		   done.acts[0].signers == 3,
	    "complete, in three sittings");
	applies(co, PARTY("later"), "and the log goes on");
	{
		struct pv_log_ask at = { .log = PV_SLICE("orders"), .id = PV_SLICE("p-later") };
		const struct pv_log_entry *entries;
		size_t n;

		good(pv_desk_log(co, &at, arena, &entries, &n, &e), &e, "the log is shown");
		tap_ok(n == 1 && pv_state_find(pv_desk_state(co), PV_SLICE("p-later"))->index ==
				     entries[0].index,
		    "an act's place is its place in the log");
	}
	verifies(co, "co's logs verify");
	pv_desk_close(co);
}

/* Two processes at once. */
static void
attack_two(void)
{
	struct pv_desk *co, *twin;
	struct pv_apply_answer done;
	struct pv_err e = { 0 };
	pid_t child[2];
	unsigned placed = 0;
	const struct pv_facts *f;

	new_case("two at once");
	co = take_home("co");
	twin = open_home("co");
	applies(co, ORDER("o-a", "co", "us", "\"public\":true"), "one desk appends");
	applies(twin, ORDER("o-b", "co", "us", "\"public\":true"),
	    "and another, which had not seen it");
	tap_ok(look_at(co).size == look_at(twin).size, "both see both");
	pv_desk_close(co);
	pv_desk_close(twin);
	fflush(stdout);
	for (size_t c = 0; c < 2; c++) {
		child[c] = fork();
		if (child[c] == 0) {
			struct pv_env env = test_env();
			struct pv_desk *d = NULL;

			if (!pv_ok(pv_desk_open(&d, in_case("co"), &env, &e)))
				_exit(1);
			for (unsigned i = 0; i < 10; i++) {
				const char *line = pv_arena_printf(arena,
				    "{\"record\":\"party\",\"id\":\"p-%zu-%u\",\"name\":\"x%zu-%"
				    "u\",\"names\":{}}\n",
				    c, i, c, i)
						       .p;

				for (unsigned k = 0; k < 50; k++)
					if (pv_ok(try_apply(
						d, pv_slice_of(line), all_officers(), &done, &e)) &&
					    done.error_count == 0)
						break;
					else if (e.code != PV_E_DOWN)
						_exit(2);
			}
			pv_desk_close(d);
			_exit(0);
		}
	}
	for (size_t c = 0; c < 2; c++) {
		int status = 1;

		waitpid(child[c], &status, 0);
		tap_ok(
		    WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process appended ten acts");
	}
	co = open_home("co");
	f = &pv_desk_state(co)->by_kind[PV_PARTY];
	for (size_t i = 0; i < f->n; i++)
		placed += f->at[i]->r->party.name.p[0] == 'x' ? 1 : 0;
	tap_ok(placed == 20, "and all twenty are there");
	verifies(co, "co's logs verify");
	pv_desk_close(co);
}

/* ---- time ---- */

static enum pv_reason
why_for(struct pv_desk *from, struct pv_buf *request)
{
	struct pv_buf reply = { 0 };
	struct pv_answer_answer answered = answer(from, request, &reply);

	pv_buf_free(request);
	pv_buf_free(&reply);
	return answered.granted ? PV_WHY_AGREEMENT : answered.refused.why;
}

static void
attack_time(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_apply_answer done;
	struct pv_buf asked[4];
	struct pv_err e = { 0 };
	const char *sealed;
	uint64_t began = clock_ms;

	new_case("time");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	sealed = in_case("r-one.tdf");
	tap_ok(gets(ca, co, sealed, "", in_case("ca.txt"), true), "ca keeps a report");
	follows(ca, co, "ca", "a-us");
	applies(co, ORDER("o-1", "co", "us", "\"public\":true,\"until\":\"2026-09-21T14:14:20Z\""),
	    "an order for one minute");
	clock_ms += 59000;
	tap_ok(why_not(us, co, sealed, "law.interdict", "") == PV_WHY_SUSPENDED,
	    "binds in its last second");
	clock_ms += 1000;
	tap_ok(why_not(us, co, sealed, "law.interdict", "") != PV_WHY_AGREEMENT,
	    "and until the signed time says that it is over");
	clock_ms += 3600000;
	tap_ok(
	    why_not(us, co, sealed, "law.interdict", "") == PV_WHY_AGREEMENT, "and then no more");
	applies(co,
	    "{\"record\":\"agreement\",\"id\":\"a-t\",\"from\":\"co\",\"to\":\"us\",\"purposes\":["
	    "\"rescue\"],\"not_before\":\"2026-09-21T15:14:30Z\","
	    "\"not_after\":\"2026-09-21T19:14:30Z\",\"require\":{},\"obligations\":[]}\n",
	    "an agreement from ten seconds on");
	tap_ok(why_not(us, co, sealed, "rescue", "") == PV_WHY_NO_AGREEMENT, "does not hold yet");
	clock_ms += 3600000;
	tap_ok(why_not(us, co, sealed, "rescue", "") == PV_WHY_AGREEMENT,
	    "holds when the signed time is in it");
	clock_ms += 3 * 3600000 + 10000;
	tap_ok(why_not(us, co, sealed, "rescue", "") == PV_WHY_NO_AGREEMENT,
	    "and no more from its last second on");
	{
		const struct pv_board_row *rows;
		size_t n;

		good(pv_desk_board(
			 co, PV_SLICE("us"), clock_ms / 1000 - 2 * 3600, arena, &rows, &n, &e),
		    &e, "the board of two hours ago");
		tap_ok(n != 0, "has rows");
		good(pv_desk_board(
			 co, PV_SLICE("us"), clock_ms / 1000 + 86400 * 365, arena, &rows, &n, &e),
		    &e, "the board of next year");
	}
	/* set back: nothing that was over begins again, and no lease gets longer; us' clock is right, and it asked before */
	for (size_t i = 0; i < 4; i++)
		asked[i] = ask_for(us, sealed, i < 2 ? "rescue" : "law.interdict", "");
	clock_ms -= 2 * 3600000;
	tap_ok(why_for(co, &asked[0]) != PV_WHY_AGREEMENT,
	    "a clock set back does not bring an agreement back");
	pv_desk_close(co);
	co = open_home("co");
	tap_ok(why_for(co, &asked[1]) != PV_WHY_AGREEMENT, "nor after the home is opened anew");
	tap_ok(why_for(co, &asked[2]) == PV_WHY_STALE, "it is closed until the clock is right");
	clock_ms += 2 * 3600000;
	tap_ok(why_for(co, &asked[3]) == PV_WHY_AGREEMENT, "and open then");
	verifies(co, "co's logs verify after the clock went back and forth");

	/* the lease of a followed log, stretched by setting the clock back each day */
	for (unsigned day = 0; day < 6; day++) {
		clock_ms += 86400000;
		(void)why_not(us, ca, sealed, "law.interdict", "ca/orders");
	}
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "six days after the bundle ca still gives it");
	clock_ms += 86400000;
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_STALE,
	    "after seven it is stale");
	asked[0] = ask_for(us, sealed, "law.interdict", "ca/orders");
	clock_ms -= 3 * 86400000ull;
	pv_desk_close(ca);
	ca = open_home("ca");
	tap_ok(why_for(ca, &asked[0]) == PV_WHY_STALE,
	    "and stays so when the clock is set back and the home opened anew");
	clock_ms += 3 * 86400000ull;

	/* a hold lapses */
	good(try_apply(co, PV_SLICE(ORDER("o-h", "co", "us", "\"public\":true")), AS("officer2"),
		 &done, &e),
	    &e, "a hold");
	tap_ok(why_not(us, co, sealed, "law.interdict", "") == PV_WHY_SUSPENDED, "binds on sight");
	clock_ms += 86399000;
	tap_ok(why_not(us, co, sealed, "law.interdict", "") == PV_WHY_SUSPENDED,
	    "for a day less a second");
	clock_ms += 3601000;
	tap_ok(why_not(us, co, sealed, "law.interdict", "") == PV_WHY_AGREEMENT, "and lapses");
	good(try_apply(co, PV_SLICE(ORDER("o-h", "co", "us", "\"public\":true")), AS("officer1"),
		 &done, &e),
	    &e, "signed again");
	tap_ok(done.error_count == 1, "it never holds again");
	clock_ms = began;
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

static struct pv_status
some_passphrase(void *ctx, const char *key, struct pv_secret **out, struct pv_err *e)
{
	(void)ctx;
	(void)key;
	(void)e;
	*out = pv_secret_of("correct horse", 13);
	return PV_DONE;
}

/* What is an exercise stays among exercises, and what is real among what is real. */
static void
attack_exercise(void)
{
	struct pv_desk *co, *live = NULL;
	struct pv_env env = test_env();
	struct pv_unlock unlock = { .passphrase = some_passphrase };
	struct pv_text text = { PV_SLICE("en"), PV_SLICE("real") };
	struct pv_init_ask ask = { .party = PV_SLICE("real"), .names = { &text, 1 }, .quorum = 1 };
	struct pv_init_answer made;
	struct pv_apply_answer done;
	struct pv_buf card = { 0 }, records = { 0 }, bundle;
	struct pv_slice words;
	struct pv_err e = { 0 };

	new_case("exercise");
	co = take_home("co");
	ask.home = in_case("real");
	good(pv_desk_init(&ask, &unlock, &env, arena, &made, &e), &e, "a real home is made");
	live = open_home("real");
	good(try_apply(live,
		 PV_SLICE("{\"record\":\"party\",\"id\":\"p-x\",\"name\":\"x\",\"names\":{},"
			  "\"exercise\":true}\n"),
		 unlock, &done, &e),
	    &e, "a record of an exercise");
	tap_ok(done.error_count == 1 && strstr(done.errors[0].what, "exercise") != NULL,
	    "does not go into a real log");
	good(try_apply(co,
		 PV_SLICE("{\"basis\":[],\"id\":\"p-z\",\"issuer\":\"co\",\"log\":\"co/"
			  "orders\",\"name\":\"z\",\"names\":{},\"record\":\"party\",\"time\":"
			  "\"2026-09-21T14:00:00Z\"}\n"
			  "\n\xe2\x80\x94 co/officer1 "
			  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			  "AAAAAAAAAAAAAAAAAAA=\n"),
		 all_officers(), &done, &e),
	    &e, "a signed record that is real");
	tap_ok(done.error_count == 1 && strstr(done.errors[0].what, "exercise") != NULL,
	    "does not go into the log of an exercise");
	good(try_apply(live, PV_SLICE(PARTY("co")), unlock, &done, &e), &e, "a party");
	good(try_apply(co, PV_SLICE(PARTY("real")), all_officers(), &done, &e), &e,
	    "and the other way round");
	good(pv_desk_card(co, &card, &e), &e, "a card of the exercise");
	good(pv_desk_card_records(live, pv_buf_slice(&card), "card", (struct pv_names){ 0 }, arena,
		 &records, &words, &e),
	    &e, "is read");
	good(try_apply(live, pv_buf_slice(&records), unlock, &done, &e), &e, "and admitted");
	bundle = bundle_for(co, "real", NULL);
	refused_as(follow(live, &bundle, &e), &e, PV_E_INPUT, "the log of an exercise",
	    "but a real home follows no exercise");
	pv_buf_free(&bundle);
	pv_buf_free(&card);
	pv_buf_free(&records);
	pv_desk_close(co);
	pv_desk_close(live);
}

/* ---- the journal ---- */

static bool
has_text(struct pv_slice where, struct pv_slice what)
{
	return what.n != 0 && memmem(where.p, where.n, what.p, what.n) != NULL;
}

/* In plain, in hex, in base64 at each of its three offsets. */
static bool
has_any_form(struct pv_slice where, const char *word)
{
	struct pv_buf hex = { 0 };
	bool found = has_text(where, pv_slice_of(word));

	pv_hex_write(&hex, pv_slice_of(word));
	found = found || has_text(where, pv_buf_slice(&hex));
	for (size_t offset = 0; offset < 3; offset++) {
		struct pv_buf b = { 0 }, plain = { 0 };

		pv_buf_add(&plain, pv_slice_sub(PV_SLICE("xxx"), 0, offset));
		pv_buf_add_str(&plain, word);
		pv_base64_write(&b, pv_buf_slice(&plain), PV_BASE64_URL);
		found = found || has_text(where, pv_slice_sub(pv_buf_slice(&b),
						     offset == 0 ? 0 : offset + 1, b.n - 4));
		pv_buf_free(&b);
		pv_buf_free(&plain);
	}
	pv_buf_free(&hex);
	return found;
}

static void
attack_journal(void)
{
	static const char *const words[] = { "analyst-rosalind", "r-secretive", "law.interdict",
		"us.coast-guard" };
	struct pv_log_ask ask = { .log = PV_SLICE("journal") };
	const struct pv_log_entry *entries;
	struct pv_desk *co, *us;
	struct pv_err e = { 0 };
	bool sized = true, leaks = false;
	uint64_t refused, key;
	struct pv_verify_answer v;
	size_t n;

	new_case("the journal");
	co = take_home("co");
	us = take_home("us");
	share(co, "r-secretive", "the first report");
	tap_ok(
	    gets(us, co, in_case("r-secretive.tdf"), "", in_case("us.txt"), false), "us opens it");
	clock_ms = (clock_ms + 59999) / 60000 * 60000;
	refused = journal_count(co, "refused");
	for (unsigned i = 0; i < 4; i++)
		(void)why_not(us, co, in_case("r-secretive.tdf"), "rescue", "");
	tap_ok(
	    journal_count(co, "refused") == refused + 1 && journal_count(co, "refused-again") == 0,
	    "four refusals in one minute are one entry");
	clock_ms += 60000;
	share(co, "r-other", "another report");
	tap_ok(journal_count(co, "refused-again") == 1,
	    "the three others are one more, with the next entry of whatever kind");
	(void)why_not(us, co, in_case("r-secretive.tdf"), "rescue", "");
	(void)why_not(us, co, in_case("r-secretive.tdf"), "rescue", "");
	clock_ms += 60000;
	pv_desk_close(co);
	co = open_home("co");
	tap_ok(journal_count(co, "refused-again") == 2, "or when the home is opened");
	pv_desk_close(co);
	co = open_home("co");
	tap_ok(journal_count(co, "refused-again") == 2, "once");
	good(pv_desk_log(co, &ask, arena, &entries, &n, &e), &e, "the journal is read");
	for (size_t i = 0; i < n; i++) {
		sized = sized && entries[i].bytes.n == 768;
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
			leaks = leaks || has_any_form(entries[i].bytes, words[w]);
	}
	tap_ok(n > 5 && sized, "every entry has 768 bytes");
	tap_ok(!leaks, "no person, report, purpose or party is in one, in plain, hex or base64");
	{
		struct pv_buf raw = read_all(in_case("co/proviso.db")),
			      wal = read_all(in_case("co/proviso.db-wal"));

		tap_ok(!has_text(pv_buf_slice(&raw), PV_SLICE("analyst-rosalind")) &&
			   !has_text(pv_buf_slice(&wal), PV_SLICE("analyst-rosalind")),
		    "nor is the person anywhere in the answering home's store");
		pv_buf_free(&raw);
		pv_buf_free(&wal);
	}
	verifies(co, "the journal verifies");
	{
		sqlite3 *db;
		sqlite3_stmt *st = NULL;

		if (sqlite3_open(in_case("co/proviso.db"), &db) != SQLITE_OK ||
		    sqlite3_prepare_v2(
			db, "SELECT max(erase_key) FROM disclosures", -1, &st, NULL) != SQLITE_OK ||
		    sqlite3_step(st) != SQLITE_ROW)
			tap_ok(false, "the store is looked into: %s", sqlite3_errmsg(db));
		key = (uint64_t)sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
		sqlite3_close(db);
	}
	good(pv_store_key_destroy(co->store, key, &e), &e, "the key of an entry is destroyed");
	good(pv_desk_verify(co, arena, &v, &e), &e, "verified again");
	tap_ok(v.good, "it is still good");
	for (size_t i = 0; i < v.check_count; i++)
		if (pv_slice_is(v.checks[i].what, "private fields")) {
			tap_ok(has_text(v.checks[i].says, PV_SLICE("8 erased")),
			    "and says what was erased");
			tap_note("%.*s", PV_FMT(v.checks[i].says));
		}
	clock_ms -= 120000;
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- rebuilding, restoring ---- */

static void
damage(const char *home, const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	if (sqlite3_open(pv_arena_printf(arena, "%s/proviso.db", in_case(home)).p, &db) !=
		SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		tap_ok(false, "%s: %s", sql, why);
	if (sqlite3_changes(db) < 1)
		tap_ok(false, "%s changes something", sql);
	sqlite3_close(db);
}

static void
attack_rebuild(void)
{
	static const struct {
		const char *name, *sql;
	} damages[] = {
		{ "a row whose note was changed",
		    "UPDATE acts SET body = CAST(replace(CAST(body AS TEXT), 'alto', 'siga') AS "
		    "BLOB) WHERE id = 'o-1'" },
		{ "a row that is no row", "UPDATE acts SET body = x'00' WHERE id = 'o-1'" },
		{ "a row that is gone", "DELETE FROM acts WHERE id = 'o-1'" },
		{ "a row with another time",
		    "UPDATE acts SET second = second + 100000 WHERE id = 'o-1'" },
		{ "a row with another id", "UPDATE acts SET id = 'o-x' WHERE id = 'o-1'" },
		{ "a row with a signer who did not sign",
		    "UPDATE acts SET body = CAST('x/y+00000000+AAAA' || char(10) || CAST(body AS "
		    "TEXT) AS BLOB) WHERE id = 'o-1'" },
		{ "a row that no entry gives",
		    "INSERT INTO acts SELECT origin, idx + 1000, kind, 'o-made-up', issuer, "
		    "second, body FROM acts WHERE id = 'o-1'" },
	};
	struct pv_desk *co, *us;

	new_case("rebuilding");
	co = take_home("co");
	applies(co, ORDER("o-1", "co", "us", "\"public\":true"), "an order");
	pv_desk_close(co);
	us = take_home("us");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct pv_env env = test_env();
		struct pv_verify_answer v = { 0 };
		struct pv_rebuild_answer r = { 0 };
		struct pv_desk *d = NULL;
		struct pv_err e = { 0 };

		shell(pv_arena_printf(arena, "rm -rf %s; cp -a %s %s", in_case("hurt"),
		    in_case("co"), in_case("hurt"))
			  .p);
		damage("hurt", damages[i].sql);
		if (!good(pv_desk_open(&d, in_case("hurt"), &env, &e), &e,
			"the home opens, to be mended"))
			continue;
		tap_ok(pv_ok(pv_desk_verify(d, arena, &v, &e)) && !v.good, "%s is found out",
		    damages[i].name);
		tap_ok(pv_ok(pv_desk_log_rebuild(d, false, arena, &r, &e)) && r.differences >= 1,
		    "and told by a rebuild");
		good(pv_desk_log_rebuild(d, true, arena, &r, &e), &e, "and mended by one");
		tap_ok(pv_ok(pv_desk_log_rebuild(d, false, arena, &r, &e)) && r.differences == 0,
		    "then nothing differs");
		verifies(d, "and it verifies");
		tap_ok(pv_state_find(pv_desk_state(d), PV_SLICE("o-1")) != NULL &&
			   pv_state_find(pv_desk_state(d), PV_SLICE("o-made-up")) == NULL,
		    "the state is the log's");
		pv_desk_close(d);
	}
	{
		struct pv_env env = test_env();
		struct pv_apply_answer done;
		struct pv_open_answer opened;
		struct pv_desk *d = NULL;
		struct pv_err e = { 0 };

		shell(pv_arena_printf(arena, "rm -rf %s; cp -a %s %s", in_case("hurt"),
		    in_case("co"), in_case("hurt"))
			  .p);
		damage("hurt", "UPDATE acts SET body = x'00' WHERE id = 'o-1'");
		good(pv_desk_open(&d, in_case("hurt"), &env, &e), &e, "a damaged home");
		refused_as(try_open(d, "r-one", PV_NO_SLICE, in_case("x"), false, &opened, &e), &e,
		    PV_E_UNTRUSTED, "", "opens nothing");
		refused_as(try_apply(d, PV_SLICE(PARTY("later")), all_officers(), &done, &e), &e,
		    PV_E_UNTRUSTED, "", "and takes no act");
		pv_desk_close(d);
	}
	pv_desk_close(us);
}

/* A partner's log that is damaged here closes what depends on it, until the partner gives it again. */
static void
attack_copy(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_open_answer opened;
	struct pv_err e = { 0 };
	const char *sealed;

	new_case("a damaged copy, a changed label");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	share(ca, "r-own", "a report of ca");
	sealed = in_case("r-one.tdf");
	applies(ca,
	    "{\"record\":\"agreement\",\"id\":\"a-x\",\"from\":\"ca\",\"to\":\"us\",\"purposes\":["
	    "\"law\"],\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":[]}\n",
	    "ca's agreement with us");
	tap_ok(gets(ca, co, sealed, "", in_case("ca.txt"), true), "ca keeps a report of co");
	follows(ca, co, "ca", "a-us");
	pv_desk_close(ca);
	damage("ca", "UPDATE acts SET body = x'00' WHERE id = 'a-us'");
	ca = open_home("ca");
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_STALE,
	    "what co's log decides is shut");
	tap_ok(why_not(us, ca, in_case("r-own.tdf"), "law.interdict", "") == PV_WHY_AGREEMENT,
	    "what it does not decide is open");
	follows(ca, co, "ca", NULL);
	tap_ok(why_not(us, ca, sealed, "law.interdict", "ca/orders") == PV_WHY_AGREEMENT,
	    "the next bundle mends it");
	pv_desk_close(ca);
	damage("ca", "UPDATE reports SET body = CAST(replace(CAST(body AS TEXT), "
		     "'\"never\":[\"strike\"]', '\"never\":[]') AS BLOB) WHERE id = 'r-one'");
	ca = open_home("ca");
	refused_as(try_open(ca, "r-one", PV_NO_SLICE, in_case("x.txt"), false, &opened, &e), &e,
	    PV_E_UNTRUSTED, "not the one that was signed",
	    "a label that was changed in the store decides nothing");
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

static void
attack_restore(void)
{
	struct pv_env env = test_env();
	struct pv_desk *co, *us, *back = NULL;
	struct pv_open_answer opened;
	struct pv_verify_answer v;
	struct pv_err e = { 0 };

	new_case("backup and restore");
	co = take_home("co");
	us = take_home("us");
	share(co, "r-one", "the first report");
	good(pv_desk_backup(co, in_case("backup"), in_case("backup-keys"), &e), &e,
	    "a backup with keys");
	refused_as(pv_desk_backup(co, in_case("backup"), NULL, &e), &e, PV_E_INPUT, "cannot make",
	    "never over another");
	good(pv_desk_backup(co, in_case("bare"), NULL, &e), &e, "and one without");
	good(pv_desk_restore(in_case("backup"), in_case("backup-keys"), in_case("back"), &env, &e),
	    &e, "restored");
	back = open_home("back");
	verifies(back, "it verifies");
	tap_ok(gets(us, back, in_case("r-one.tdf"), "", in_case("out.txt"), false), "and answers");
	pv_desk_close(back);
	good(pv_desk_restore(in_case("bare"), NULL, in_case("bare-back"), &env, &e), &e,
	    "restored without keys");
	back = open_home("bare-back");
	good(pv_desk_verify(back, arena, &v, &e), &e, "it is verified");
	for (size_t i = 0; i < v.check_count; i++)
		if (pv_slice_is(v.checks[i].what, "private fields")) {
			tap_ok(v.checks[i].result == PV_CHECK_GOOD &&
				   has_text(v.checks[i].says, PV_SLICE("0 commitments")),
			    "disclosures read as erased");
			tap_note("%.*s", PV_FMT(v.checks[i].says));
		}
	tap_ok(!pv_ok(try_open(back, "r-one", PV_NO_SLICE, in_case("y.txt"), false, &opened, &e)) &&
		   !is_there(in_case("y.txt")),
	    "and opens nothing without its keys");
	pv_desk_close(back);
	unlink(in_case("backup-keys/keys/kas.key"));
	shell(pv_arena_printf(arena, "mkdir %s", in_case("backup-keys/keys/kas.key")).p);
	tap_ok(!pv_ok(pv_desk_restore(
		   in_case("backup"), in_case("backup-keys"), in_case("half"), &env, &e)),
	    "a restore that fails half way");
	tap_ok(!is_there(in_case("half")) &&
		   system(pv_arena_printf(
		       arena, "ls -d %s.restoring-* >/dev/null 2>&1", in_case("half"))
			      .p) != 0,
	    "leaves nothing");
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- regions of a position ---- */

static void
attack_regions(void)
{
	struct pv_desk *co;
	struct pv_share_ask ask = { .name = "track.txt" };
	struct pv_share_answer shared;
	static const struct pv_slice topics[] = { { "narcotics", 9 } },
				     never[] = { { "strike", 6 } };
	struct pv_err e = { 0 };
	int fds[2];

	new_case("regions of a position");
	co = take_home("co");
	applies(co,
	    "{\"record\":\"term\",\"id\":\"ta\",\"tree\":\"region\",\"name\":\"box\",\"names\":{},"
	    "\"maps\":{},\"allows\":{},\"excludes\":{},"
	    "\"area\":{\"type\":\"Polygon\",\"coordinates\":[[[-80,10],[-70,10],[-70,20],[-80,20],["
	    "-80,10]]]}}\n",
	    "a region with an area");
	ask.label.id = PV_SLICE("r-at");
	ask.label.report.topics = (struct pv_names){ topics, 1 };
	ask.label.report.never = (struct pv_names){ never, 1 };
	ask.label.report.position = (struct pv_position){ true, 100000000, -750000000 };
	if (pipe(fds) != 0 || write(fds[1], "x", 1) != 1)
		abort();
	close(fds[1]);
	ask.fd = fds[0];
	good(pv_desk_share(co, &ask, arena, &shared, &e), &e, "a report at a position on the edge");
	close(fds[0]);
	tap_ok(
	    ask.label.report.regions.n == 1 && pv_slice_is(ask.label.report.regions.at[0], "box"),
	    "counts in the region");
	pv_desk_close(co);
}

int
main(void)
{
	make_world();
	attack_custody();
	attack_custody_orders();
	attack_recall();
	attack_ids();
	attack_derived();
	attack_bundles();
	attack_apply();
	attack_officers();
	attack_third();
	attack_two();
	attack_time();
	attack_exercise();
	attack_journal();
	attack_rebuild();
	attack_copy();
	attack_restore();
	attack_regions();
	return end_world();
}
