/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/env.h"
#include "base/slice.h"
#include "tap.h"

static PV_RESULT
fail(const char *what, struct pv_err *e)
{
	return PV_FAIL(e, PV_E_INPUT, "unknown topic \"%s\"", what);
}

static PV_RESULT
pass_on(const char *what, bool *went_on, struct pv_err *e)
{
	*went_on = false;
	PV_TRY(what != NULL ? fail(what, e) : PV_DONE);
	*went_on = true;
	return PV_DONE;
}

static void
facts(void)
{
	struct pv_err e;
	struct pv_status st;
	bool went_on;

	memset(&e, 0xff, sizeof(e));
	st = fail("boats", &e);
	tap_ok(
	    !pv_ok(st) && st.code == PV_E_INPUT && e.code == PV_E_INPUT, "a failure has its code");
	tap_str(e.what, "unknown topic \"boats\"", "and its fact");
	tap_ok(e.field[0] == '\0' && e.source[0] == '\0' && e.fix[0] == '\0' && e.line == 0 &&
		   e.col == 0,
	    "and nothing of what was there before");
	tap_ok(strstr(e.raised, "test_err.c:") != NULL, "and where in the program it was raised");
	tap_ok(pv_ok(PV_DONE), "done is no failure");
	st = pass_on("x", &went_on, &e);
	tap_ok(st.code == PV_E_INPUT && !went_on, "PV_TRY returns a failure");
	st = pass_on(NULL, &went_on, &e);
	tap_ok(pv_ok(st) && went_on, "and goes on after none");
}

static void
paths(void)
{
	struct pv_err e = { 0 };

	pv_ignore(pv_within(fail("x", &e), &e, "topics[%d]", 2));
	tap_str(e.field, "topics[2]", "a field names the place");
	pv_ignore(pv_within((struct pv_status){ e.code }, &e, "scope"));
	tap_str(e.field, "scope.topics[2]", "a name outside comes before it, with a point");
	pv_ignore(pv_within(pv_within(fail("x", &e), &e, "[%d]", 2), &e, "topics"));
	tap_str(e.field, "topics[2]", "an index stands without one");
	e = (struct pv_err){ 0 };
	tap_ok(pv_ok(pv_within(PV_DONE, &e, "scope")) && e.field[0] == '\0',
	    "success passes through unnamed");
	pv_ignore(fail("x", &e));
	for (int i = 0; i < 100; i++)
		pv_ignore(pv_within((struct pv_status){ e.code }, &e, "outer%d", i));
	tap_ok(
	    strlen(e.field) == sizeof(e.field) - 1 && strncmp(e.field, "outer99.outer98.", 16) == 0,
	    "a path too long keeps its beginning");
}

static void
advice(void)
{
	struct pv_err e = { 0 };
	struct pv_status st =
	    pv_advise(fail("x", &e), &e, "add it with '%s'", "proviso topic add x");

	tap_ok(st.code == PV_E_INPUT && strcmp(e.fix, "add it with 'proviso topic add x'") == 0,
	    "a failure may have advice");
	pv_ignore(pv_from(st, &e, "order.json"));
	pv_ignore(pv_from(st, &e, "all.jsonl"));
	tap_str(e.source, "order.json", "the first source named stays");
	e = (struct pv_err){ 0 };
	tap_ok(pv_ok(pv_advise(PV_DONE, &e, "no")) && e.fix[0] == '\0', "success needs no advice");
	tap_ok(pv_ok(pv_from(PV_DONE, &e, "f")) && e.source[0] == '\0', "and no source");
}

static void
hostile(void)
{
	struct pv_err e = { 0 };
	char large[2000];

	pv_ignore(fail("a\x1b[2Jb\nc\td\x7f"
		       "e\x01",
	    &e));
	tap_str(e.what, "unknown topic \"a?[2Jb?c?d?e?\"",
	    "control characters from outside are shown as '?'");
	pv_ignore(pv_within(fail("x", &e), &e,
	    "a\x1b"
	    "b"));
	tap_str(e.field, "a?b", "in a path too");
	pv_ignore(pv_from(fail("x", &e), &e, "a\nb"));
	tap_str(e.source, "a?b", "and in the name of a source");
	pv_ignore(pv_advise(fail("x", &e), &e, "a\rb"));
	tap_str(e.fix, "a?b", "and in advice");
	pv_ignore(fail("l\xc3\xa9on", &e));
	tap_str(e.what, "unknown topic \"l\xc3\xa9on\"", "letters of other languages stay");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	pv_ignore(fail(large, &e));
	tap_ok(strlen(e.what) == sizeof(e.what) - 1, "a fact is cut to its room");
}

static void
system_env(void)
{
	struct pv_env env = pv_env_system();
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	uint64_t boot = env.boottime_ms(env.ctx), now = env.realtime_ms(env.ctx);

	tap_ok(now > 1700000000000 && now < 253402300800000, "the clock shows a time of our days");
	tap_ok(
	    boot > 0 && env.boottime_ms(env.ctx) >= boot, "the time since boot does not go back");
	env.random(env.ctx, a, sizeof(a));
	env.random(env.ctx, b, sizeof(b));
	tap_ok(memcmp(a, b, sizeof(a)) != 0, "randomness differs from draw to draw");
}

int
main(void)
{
	facts();
	paths();
	advice();
	hostile();
	system_env();
	return tap_done();
}
