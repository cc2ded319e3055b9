/* SPDX-License-Identifier: Apache-2.0 */
/* STIX objects on a desk: what is taken, under which label, who gets it, what an order keeps back and what comes after it. */
#include "desk/taxii.h"
#include "desk/test_homes.h"

#define UUID(n)      "00000000-0000-4000-8000-0000000000" n
#define INDICATOR(n) "indicator--" UUID(n)
#define GREEN        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
#define AMBER        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
#define MARKED(m)    ",\"object_marking_refs\":[\"" m "\"]"
#define OBJECT(n, modified, more)                                                      \
	"{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"" INDICATOR(        \
	    n) "\", \"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"" modified \
	       "\",\"name\":\"x " n                                                    \
	       "\",\"pattern\":\"[file:name = 'a']\",\"pattern_type\":\"stix\","       \
	       "\"valid_from\":\"2026-01-01T00:00:00Z\"" more "}"
#define V1        "2026-01-01T00:00:00.000Z"
#define V2        "2026-02-01T00:00:00.000Z"
#define ENV(list) "{\"objects\":[" list "]}"
#define OURS(id, more)                                                                     \
	"{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"" id           \
	"\",\"created\":\"2026-01-01T00:00:00.000Z\",\"extensions\":{\"" PV_STIX_EXTENSION \
	"\":{\"extension_type\":\"property-extension\"" more "}}}"
#define MINE "marking-definition--" UUID("aa")

static struct pv_caller
caller(const char *party, bool own)
{
	return (struct pv_caller){ .known = true,
		.id = pv_slice_of(party),
		.party = pv_slice_of(party),
		.person = PV_SLICE("analyst"),
		.roles = PV_ROLE_ANALYST,
		.own = own };
}

static struct pv_taxii_status
push(struct pv_desk *d, const struct pv_caller *who, const char *collection, const char *envelope,
    const char *name)
{
	struct pv_taxii_push p = { .purpose = PV_SLICE("law"),
		.collection = pv_slice_of(collection) };
	struct pv_taxii_status s = { 0 };
	struct pv_err e = { 0 };

	good(pv_taxii_envelope_read(pv_slice_of(envelope), arena, &p.objects, &p.object_count, &e),
	    &e, "an envelope is read");
	good(pv_taxii_take(d, who, &p, pv_slice_of(envelope), arena, &s, &e), &e, name);
	for (size_t i = 0; i < s.failure_count; i++)
		tap_note("%.*s: %.*s", PV_FMT(s.failures[i].id), PV_FMT(s.failures[i].message));
	clock_ms += 10;
	return s;
}

static bool
takes(struct pv_desk *d, const struct pv_caller *who, const char *envelope, size_t n,
    const char *name)
{
	struct pv_taxii_status s = push(d, who, "topics.narcotics", envelope, name);

	return tap_ok(s.result == PV_TAXII_OK && s.success_count == n && s.failure_count == 0,
	    "%s: taken", name);
}

static bool
refuses(struct pv_desk *d, const struct pv_caller *who, const char *envelope, const char *says,
    const char *name)
{
	struct pv_taxii_status s = push(d, who, "topics.narcotics", envelope, name);

	return tap_ok(s.result == PV_TAXII_OK && s.success_count == 0 && s.failure_count == 1 &&
			  strstr(pv_arena_str(arena, s.failures[0].message), says) != NULL,
	    "%s: refused", name);
}

struct got {
	struct pv_taxii_answer a;
	const char *body;
};

static struct got
ask_for_page(struct pv_desk *d, const struct pv_caller *who, struct pv_taxii_ask ask)
{
	struct got g = { 0 };
	struct pv_buf body = { 0 };
	struct pv_err e = { 0 };

	if (ask.what == PV_TAXII_NOTHING)
		ask.what = PV_TAXII_OBJECTS;
	if (ask.purpose.n == 0)
		ask.purpose = PV_SLICE("law");
	if (ask.collection.n == 0)
		ask.collection = PV_SLICE("topics.narcotics");
	if (!pv_ok(pv_taxii_page(d, who, &ask, arena, &g.a, &body, &e)))
		tap_ok(false, "a page is made: %s (%s)", e.what, e.raised);
	g.body = pv_arena_str(arena, pv_buf_slice(&body));
	pv_buf_free(&body);
	return g;
}

static struct got
page(struct pv_desk *d, const struct pv_caller *who)
{
	return ask_for_page(d, who, (struct pv_taxii_ask){ 0 });
}

static bool
has(const struct got *g, const char *text)
{
	return strstr(g->body, text) != NULL;
}

/* co with an agreement of us to give it narcotics, whose log it follows. */
static struct pv_desk *
two_homes(void)
{
	struct pv_desk *us = take_home("us"), *co = take_home("co");
	struct pv_export_ask ask = { .audience = PV_SLICE("co") };
	struct pv_follow_answer followed;
	struct pv_buf bundle = { 0 };
	struct pv_err e = { 0 };

	applies(us,
	    "{\"record\":\"agreement\",\"id\":\"g-co\",\"from\":\"us\",\"to\":\"co\",\"purposes\":["
	    "\"law\"],\"topic\":\"narcotics\",\"custody\":true,\"not_before\":\"2026-01-01T00:00:"
	    "00Z\",\"require\":{},\"obligations\":[]}\n",
	    "us gives to co");
	good(pv_desk_export(us, &ask, &bundle, &e), &e, "the log of us is exported");
	good(pv_desk_follow(co, pv_buf_slice(&bundle), "us", arena, &followed, &e), &e,
	    "co follows us");
	pv_buf_free(&bundle);
	pv_desk_close(us);
	return co;
}

static void
test_collections(void)
{
	struct pv_caller us = caller("us", false), navy = caller("co.navy", true),
			 stranger = caller("uk.nobody", false);
	const struct pv_taxii_collection *rows;
	struct pv_names roots;
	struct pv_taxii_collection c, again;
	struct pv_err e = { 0 };
	struct pv_desk *d;
	bool found;
	size_t n;

	new_case("collections follow from agreements");
	d = two_homes();
	good(pv_taxii_roots(d, &us, arena, &roots, &e), &e, "roots are listed");
	tap_ok(roots.n == 1 && pv_slice_is(roots.at[0], "law"), "the purposes of its agreements");
	us.has_purposes = true;
	good(pv_taxii_roots(d, &us, arena, &roots, &e), &e, "roots are listed");
	tap_ok(roots.n == 0 && !pv_taxii_root_ok(d, &us, PV_SLICE("law"), NULL),
	    "who may state no purpose has no root");
	us.has_purposes = false;
	tap_ok(!pv_taxii_root_ok(d, &us, PV_SLICE("nonsense"), NULL), "an unknown purpose is none");
	good(pv_taxii_collections(d, &us, PV_SLICE("law"), arena, &rows, &n, &e), &e,
	    "collections are listed");
	tap_ok(n == 2 && pv_slice_is(rows[0].alias, "parties.co") && rows[0].can_read &&
		   !rows[0].can_write && pv_slice_is(rows[1].alias, "topics.narcotics") &&
		   rows[1].can_read && rows[1].can_write,
	    "one by topic that is read and written, one by originator that is read");
	tap_ok(rows[1].id.n == 36 && rows[1].id.p[14] == '4', "ids are shaped as version 4");
	good(pv_taxii_collection(d, &us, PV_SLICE("law"), rows[1].id, arena, &c, &found, &e), &e,
	    "by its id");
	good(pv_taxii_collection(
		 d, &us, PV_SLICE("law"), PV_SLICE("topics.narcotics"), arena, &again, &found, &e),
	    &e, "by its alias");
	tap_ok(found && pv_slice_eq(c.id, again.id), "both are the same one");
	good(pv_taxii_collections(d, &us, PV_SLICE("rescue"), arena, &rows, &n, &e), &e,
	    "for another purpose");
	tap_ok(n == 2 && !rows[1].can_read && !rows[1].can_write,
	    "what it knows of is shown, without rights");
	good(pv_taxii_collections(d, &stranger, PV_SLICE("law"), arena, &rows, &n, &e), &e,
	    "for who has no agreement of its own");
	for (size_t i = 0; i < n; i++)
		tap_ok(rows[i].can_read && !rows[i].can_write, "uk is given, and gives nothing");
	good(pv_taxii_collections(d, &navy, PV_SLICE("law"), arena, &rows, &n, &e), &e,
	    "for our own");
	tap_ok(n >= 2 && rows[n - 1].can_write, "our own may write");
	pv_desk_close(d);
}

static void
test_intake(void)
{
	struct pv_caller us = caller("us", false), navy = caller("co.navy", true);
	static const struct pv_slice strike[] = { { "strike", 6 } };
	const struct pv_taxii_label label = { .never = { strike, 1 } };
	struct pv_taxii_label read;
	struct pv_taxii_status s;
	struct pv_slice json;
	struct pv_err e = { 0 };
	struct pv_desk *d;
	uint64_t index;
	bool found;
	struct got g;

	new_case("what is taken");
	d = two_homes();
	refuses(d, &us, ENV(OBJECT("01", V1, "")), "no marking", "unmarked, without a default");
	takes(d, &us, ENV(OBJECT("01", V1, MARKED(GREEN))), 1, "marked green");
	takes(d, &us, ENV(OBJECT("01", V1, MARKED(GREEN))), 1, "the same again");
	refuses(d, &us, ENV(OBJECT("01", V1, ",\"confidence\":3" MARKED(GREEN))), "another content",
	    "another content under the same version");
	refuses(d, &us, ENV(OBJECT("02", V1, MARKED(MINE))), "not known here",
	    "a marking that nobody defined");
	takes(d, &us,
	    ENV(OURS(MINE, ",\"forbidden_purposes\":[\"strike\"]") "," OBJECT(
		"02", V1, MARKED(MINE))),
	    2, "a marking of ours with its definition");
	refuses(d, &us,
	    ENV(OURS("marking-definition--" UUID("ab"), ",\"forbidden_purposes\":[\"war\"]")),
	    "not declared here", "a marking that forbids what is not declared");
	refuses(d, &us, ENV(OURS("marking-definition--" UUID("ac"), ",\"only_on\":[\"sundays\"]")),
	    "not known", "a marking with a caveat that we do not know");
	refuses(d, &us,
	    ENV("{\"type\":\"indicator\",\"id\":\"" INDICATOR("03") "\",\"modified\":"
								    "\"yesterday\"}"),
	    "no timestamp", "modified: yesterday");
	refuses(d, &us, ENV("{\"type\":\"indicator\",\"spec_version\":\"2.1\"}"), "without \"id\"",
	    "an object without id");
	refuses(d, &us, ENV("{\"type\":\"malware\",\"id\":\"" INDICATOR("03") "\"}"), "not that of",
	    "a type that is not the id's");
	takes(d, &us,
	    ENV("{\"type\":\"file\",\"spec_version\":\"2.1\",\"id\":\"file--" UUID(
		"01") "\",\"name\":\"a\"" MARKED(GREEN) "}"),
	    1, "an observable without times");
	takes(d, &us, ENV(OBJECT("04", V1, MARKED(GREEN)) "," OBJECT("04", V2, MARKED(GREEN))), 2,
	    "two versions in one push");
	good(pv_taxii_default_set(
		 d, PV_SLICE("narcotics"), &label, PV_SLICE("officer"), arena, &index, &e),
	    &e, "an officer sets a default label");
	good(pv_taxii_default_get(d, PV_SLICE("narcotics"), arena, &read, &found, &e), &e,
	    "it is read");
	tap_ok(found && read.never.n == 1, "and says what was set");
	takes(d, &navy, ENV(OBJECT("05", V1, "")), 1, "unmarked, with a default");
	refuses(d, &us, ENV(OBJECT("05", V2, MARKED(GREEN))), "only that party adds versions",
	    "a version of another party's object");
	s = push(d, &navy, "topics.narcotics", ENV(OBJECT("06", V1, "")), "a status");
	good(pv_taxii_status_find(d, &navy, PV_SLICE("law"), s.id, arena, &json, &found, &e), &e,
	    "a status is looked up");
	tap_ok(found, "by who pushed");
	good(pv_taxii_status_find(d, &us, PV_SLICE("law"), s.id, arena, &json, &found, &e), &e,
	    "a status is looked up");
	tap_ok(!found, "not by another");
	clock_ms += 86400000ull;
	good(pv_taxii_status_find(d, &navy, PV_SLICE("law"), s.id, arena, &json, &found, &e), &e,
	    "a status is looked up");
	tap_ok(!found, "nor after a day");
	g = page(d, &navy);
	tap_ok(g.a.result == PV_TAXII_OK && has(&g, OBJECT("05", V1, "")),
	    "what was accepted keeps its bytes");
	tap_ok(has(&g, "\"forbidden_purposes\":[\"strike\"]") && has(&g, "\"statement\""),
	    "our marking of the label goes along, with its words");
	tap_ok(!has(&g, INDICATOR("03")), "what was refused is not there");
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

static void
test_rights(void)
{
	struct pv_caller us = caller("us", false), uk = caller("uk", false),
			 navy = caller("co.navy", true), co = caller("co", true);
	struct pv_desk *d;
	struct got g;

	new_case("who gets what");
	d = two_homes();
	takes(d, &us, ENV(OBJECT("01", V1, MARKED(GREEN)) "," OBJECT("02", V1, MARKED(AMBER))), 2,
	    "green and amber of us");
	takes(d, &navy,
	    ENV(OURS(MINE,
		",\"permitted_purposes\":[\"law.interdict\"],\"originator\":\"co.navy\"") "," OBJECT("03",
		V1, MARKED(MINE)) "," OBJECT("04", V1, MARKED(GREEN))),
	    3, "two of the navy");
	g = page(d, &co);
	if (!tap_ok(
		has(&g, INDICATOR("01")) && has(&g, INDICATOR("02")) && has(&g, INDICATOR("04")),
		"who it was given to gets what we were given"))
		tap_note("%s", g.body);
	tap_ok(!has(&g, INDICATOR("03")), "but not for a purpose wider than what is permitted");
	g = ask_for_page(d, &co, (struct pv_taxii_ask){ .purpose = PV_SLICE("law.interdict") });
	tap_ok(has(&g, INDICATOR("03")), "for that purpose it is given");
	tap_ok(!has(&(struct got){ .body = page(d, &navy).body }, INDICATOR("01")),
	    "a unit that the partner's log does not know is not under who it was given to");
	g = page(d, &uk);
	tap_ok(!has(&g, INDICATOR("01")) && !has(&g, INDICATOR("02")) && has(&g, INDICATOR("04")),
	    "a partner gets what is ours, and not what another gave us without its agreement");
	g = ask_for_page(d, &uk, (struct pv_taxii_ask){ .collection = PV_SLICE("parties.co") });
	tap_ok(has(&g, INDICATOR("04")) && !has(&g, INDICATOR("01")), "by originator, too");
	g = ask_for_page(d, &us, (struct pv_taxii_ask){ .what = PV_TAXII_MARKINGS });
	tap_ok(g.a.count == 1 && has(&g, "\"originator\":\"co.navy\"") &&
		   !has(&g, "\"originator\":\"us\""),
	    "the markings that it may see are those of what it may have");
	tap_ok(page(d, &navy).a.journal_index != 0 && journal_count(d, "page") >= 5,
	    "each page is an entry of the journal");
	pv_desk_close(d);
}

static void
test_claims(void)
{
	struct pv_caller us = caller("us", false), navy = caller("co.navy", true);
	struct pv_taxii_status s;
	struct pv_desk *d;
	struct got g;

	new_case("a label that claims another's originator can only add bars");
	d = two_homes();
	s = push(d, &us, "topics.narcotics",
	    ENV(OURS(MINE, ",\"originator\":\"ca\"") "," OBJECT("01", V1, MARKED(MINE))),
	    "what is said to be of ca, without an agreement of ca");
	tap_ok(s.success_count == 0 && s.failure_count == 2, "is not taken");
	takes(d, &navy, ENV(OBJECT("02", V1, MARKED(GREEN))), 1, "one of ours");
	g = page(d, &us);
	tap_ok(has(&g, INDICATOR("02")), "us gets it");
	s = push(d, &us, "topics.narcotics",
	    ENV(OURS("marking-definition--" UUID("ad"),
		",\"forbidden_purposes\":[\"strike\"]") "," OBJECT("02", V1,
		MARKED("marking-definition--" UUID("ad")))),
	    "us sends back another content");
	tap_ok(s.success_count == 1 && s.failure_count == 1,
	    "the marking is taken, the content is not");
	g = page(d, &us);
	tap_ok(has(&g, OBJECT("02", V1, MARKED(GREEN))), "ours is as it was");
	pv_desk_close(d);
}

static void
test_paging(void)
{
	struct pv_caller us = caller("us", false), uk = caller("uk", false),
			 navy = caller("co.navy", true);
	struct pv_taxii_ask ask = { .limit = 2 };
	PV_AUTO(pv_buf_free) struct pv_buf env = { 0 };
	struct pv_slice cursor;
	struct pv_err e = { 0 };
	struct pv_desk *d;
	struct got g;
	size_t seen = 0;

	new_case("pages");
	d = two_homes();
	pv_buf_add_str(&env, "{\"objects\":[");
	for (int i = 10; i < 30; i++)
		pv_buf_addf(&env,
		    "%s{\"type\":\"%s\",\"spec_version\":\"2.1\",\"id\":\"%s--" UUID(
			"%d") "\",\"created\":\"" V1 "\",\"modified\":\"" V1 "\"" MARKED(GREEN) "}",
		    i > 10 ? "," : "", i % 2 ? "indicator" : "malware",
		    i % 2 ? "indicator" : "malware", i);
	pv_buf_add_str(&env, "]}");
	takes(d, &navy, pv_buf_str(&env), 20, "twenty objects in one push");
	for (unsigned pages = 0; pages < 20; pages++) {
		g = ask_for_page(d, &us, ask);
		seen += g.a.count;
		if (!g.a.more)
			break;
		ask.next = g.a.next;
	}
	tap_ok(seen == 21, "by cursor each is seen once, with our marking of them (%zu)", seen);
	ask = (struct pv_taxii_ask){ .limit = 3 };
	for (seen = 0; seen < 100;) {
		g = ask_for_page(d, &us, ask);
		seen += g.a.count;
		if (g.a.count == 0)
			break;
		ask.has_added_after = true;
		ask.added_after = g.a.last_us;
	}
	tap_ok(seen == 21, "by added_after too: no two share a place");
	ask = (struct pv_taxii_ask){ .limit = 4, .types = { &PV_SLICE("malware"), 1 } };
	g = ask_for_page(d, &us, ask);
	tap_ok(g.a.count == 4 && g.a.more && !has(&g, "indicator--"), "a filter");
	cursor = g.a.next;
	g = ask_for_page(d, &us, (struct pv_taxii_ask){ .next = cursor });
	tap_ok(g.a.count == 6 && !has(&g, "indicator--"),
	    "a cursor alone keeps the filter, and goes with any limit");
	g = ask_for_page(d, &us,
	    (struct pv_taxii_ask){ .next = cursor, .types = { &PV_SLICE("indicator"), 1 } });
	tap_ok(g.a.result == PV_TAXII_BAD, "with another filter it is refused");
	g = ask_for_page(d, &uk, (struct pv_taxii_ask){ .next = cursor });
	tap_ok(g.a.result == PV_TAXII_BAD, "of another caller it is refused");
	g = ask_for_page(
	    d, &us, (struct pv_taxii_ask){ .next = cursor, .collection = PV_SLICE("parties.co") });
	tap_ok(g.a.result == PV_TAXII_BAD, "at another collection it is refused");
	g = ask_for_page(
	    d, &us, (struct pv_taxii_ask){ .next = PV_SLICE("MSAxIAAAAAAAAAAAAAAAAAAAAAA") });
	tap_ok(g.a.result == PV_TAXII_BAD, "a forged one is refused");
	pv_desk_close(d);
	d = open_home("co");
	clock_ms += 3 * 86400000ull;
	g = ask_for_page(d, &us, (struct pv_taxii_ask){ .next = cursor });
	tap_ok(
	    g.a.result == PV_TAXII_OK && g.a.count == 6, "it holds for days, and across restarts");
	takes(d, &navy, ENV(OBJECT("50", V1, MARKED(GREEN)) "," OBJECT("50", V2, MARKED(GREEN))), 2,
	    "two versions");
	{
		static const struct pv_slice id[] = { { INDICATOR("50"),
		    sizeof(INDICATOR("50")) - 1 } };
		struct pv_taxii_ask one = { .ids = { id, 1 } };

		g = ask_for_page(d, &us, one);
		tap_ok(g.a.count == 1 && has(&g, V2), "the last version is the default");
		one.versions = (struct pv_names){ &PV_SLICE("first"), 1 };
		g = ask_for_page(d, &us, one);
		tap_ok(g.a.count == 1 && !has(&g, V2), "first");
		one.versions = (struct pv_names){ &PV_SLICE("all"), 1 };
		tap_ok(ask_for_page(d, &us, one).a.count == 2, "all");
		one.versions = (struct pv_names){ &PV_SLICE("2026-02-01T00:00:00Z"), 1 };
		tap_ok(ask_for_page(d, &us, one).a.count == 1, "an exact one, in other digits");
		one.specs = (struct pv_names){ &PV_SLICE("2.0"), 1 };
		tap_ok(ask_for_page(d, &us, one).a.count == 0, "of another version of STIX: none");
		one = (struct pv_taxii_ask){ .what = PV_TAXII_VERSIONS, .object = id[0] };
		g = ask_for_page(d, &us, one);
		tap_ok(g.a.count == 2 && has(&g, "\"versions\":[\"" V1 "\",\"" V2 "\"]"),
		    "versions, in their order");
		one.object = PV_SLICE("indicator--" UUID("99"));
		tap_ok(ask_for_page(d, &us, one).a.result == PV_TAXII_NOT_FOUND,
		    "of what is not there: not found");
		one = (struct pv_taxii_ask){ .object = id[0],
			.purpose = PV_SLICE("law"),
			.collection = PV_SLICE("topics.narcotics") };
		good(pv_taxii_delete(d, &us, &one, arena, &g.a, &e), &e, "a partner deletes");
		tap_ok(g.a.result == PV_TAXII_FORBIDDEN, "not what is not its own");
		one.versions = (struct pv_names){ &PV_SLICE("first"), 1 };
		good(
		    pv_taxii_delete(d, &navy, &one, arena, &g.a, &e), &e, "its originator deletes");
		tap_ok(g.a.result == PV_TAXII_OK && g.a.count == 1, "one version");
		one.versions = (struct pv_names){ 0 };
		one.what = PV_TAXII_OBJECT;
		tap_ok(has(&(struct got){ .body = ask_for_page(d, &us, one).body }, V2),
		    "the other is still there, under a new key");
		good(pv_taxii_delete(d, &navy, &one, arena, &g.a, &e), &e, "and all of them");
		tap_ok(ask_for_page(d, &us, one).a.result == PV_TAXII_NOT_FOUND, "then it is gone");
		good(pv_taxii_delete(d, &navy, &one, arena, &g.a, &e), &e, "once more");
		tap_ok(g.a.result == PV_TAXII_NOT_FOUND, "there is nothing to delete");
	}
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

/* A client that goes on from the last date_added it saw. */
static void
test_stop(const char *reopen, bool officer)
{
	struct pv_caller us = caller("us", false), uk = caller("uk", false),
			 navy = caller("co.navy", true);
	struct pv_taxii_ask ask = { .has_added_after = true };
	struct pv_err e = { 0 };
	struct pv_desk *d;
	struct got g;
	uint64_t streams = 0, index;

	new_case(officer ? "a stop that an officer reopens" : "a stop, and what comes after it");
	d = two_homes();
	takes(d, &navy, ENV(OBJECT("01", V1, MARKED(GREEN))), 1, "before the stop");
	g = page(d, &us);
	tap_ok(g.a.count == 2, "us has read all there is");
	ask.added_after = g.a.last_us;
	takes(d, &navy, ENV(OBJECT("02", V1, MARKED(GREEN))), 1, "just before the stop");
	applies(d, ORDER("o-1", "co", "us", "\"public\":true,\"dealings\":[]"), "an order");
	takes(d, &navy, ENV(OBJECT("03", V1, MARKED(GREEN))), 1, "while it stands");
	g = ask_for_page(d, &us, ask);
	tap_ok(g.a.result == PV_TAXII_OK && g.a.count == 0 && !g.a.more && g.a.last_us == 0,
	    "us gets nothing, and no date to go on from");
	tap_ok(page(d, &us).a.count == 0, "from the beginning neither");
	tap_ok(page(d, &uk).a.count == 4, "uk goes on");
	g = ask_for_page(d, &us, ask);
	tap_ok(g.a.count == 0 && journal_count(d, "refused") == 1,
	    "asking again writes no second refusal");
	applies(d,
	    pv_arena_printf(arena,
		"{\"record\":\"lift\",\"id\":\"l-1\",\"order\":\"o-1\",\"reopen\":\"%s\"}\n",
		reopen)
		.p,
	    "the order is lifted");
	clock_ms += 1000;
	takes(d, &navy, ENV(OBJECT("04", V1, MARKED(GREEN))), 1, "after it");
	g = ask_for_page(d, &us,
	    (struct pv_taxii_ask){
		.has_added_after = true, .added_after = clock_ms * 1000 - 500000 });
	if (officer) {
		tap_ok(g.a.count == 1 && has(&g, INDICATOR("04")), "hold: only what is new");
		good(pv_taxii_offer(
			 d, PV_SLICE("o-1"), PV_SLICE("officer"), arena, &streams, &index, &e),
		    &e, "an officer offers it again");
		tap_ok(streams == 1, "to the one reader that asked");
		g = ask_for_page(d, &us,
		    (struct pv_taxii_ask){
			.has_added_after = true, .added_after = clock_ms * 1000 - 500000 });
	}
	tap_ok(has(&g, INDICATOR("02")) && has(&g, INDICATOR("03")) && has(&g, INDICATOR("04")),
	    "what was withheld has new places, behind what the client had seen");
	g = ask_for_page(d, &us, (struct pv_taxii_ask){ .limit = 100 });
	tap_ok(g.a.count == 5, "from the beginning each is there once (%llu)",
	    (unsigned long long)g.a.count);
	g = ask_for_page(d, &us, (struct pv_taxii_ask){ .what = PV_TAXII_MANIFEST, .limit = 1 });
	tap_ok(g.a.count == 1 && g.a.more && g.a.next.n != 0, "the manifest pages, too");
	tap_ok(page(d, &uk).a.count == 5, "nothing moved for uk");
	tap_ok(journal_count(d, "offered") == 1, "and it is an entry of the journal");
	verifies(d, "the home verifies");
	pv_desk_close(d);
}

static void
test_recall(void)
{
	struct pv_caller us = caller("us", false), navy = caller("co.navy", true);
	struct pv_desk *d;
	struct got g;

	new_case("a recall names an object");
	d = two_homes();
	takes(d, &navy, ENV(OBJECT("01", V1, MARKED(GREEN)) "," OBJECT("02", V1, MARKED(GREEN))), 2,
	    "two objects");
	applies(d,
	    "{\"record\":\"recall\",\"id\":\"rc-1\",\"report\":\"" INDICATOR(
		"01") "\",\"text\":{\"en\":\"wrong\"}}\n",
	    "one is recalled");
	g = page(d, &us);
	tap_ok(!has(&g, INDICATOR("01")) && has(&g, INDICATOR("02")), "it is not given any more");
	pv_desk_close(d);
}

static struct pv_desk *acting;

static void
stop_now(void *ctx)
{
	(void)ctx;
	applies(
	    acting, ORDER("o-9", "co", "us", "\"public\":true,\"dealings\":[]"), "an order lands");
}

/* At every moment at which the desk looks at the clock. */
static void
test_race(void)
{
	struct pv_caller us = caller("us", false), navy = caller("co.navy", true);
	unsigned leaks = 0, moments = 0;

	for (unsigned long at = 1; at < 60; at += 2) {
		struct pv_desk *d;
		struct got g;
		bool landed;

		new_case("an order lands while a page is made");
		d = two_homes();
		takes(d, &navy, ENV(OBJECT("01", V1, MARKED(GREEN))), 1, "an object");
		acting = open_home("co");
		hook_at(at, stop_now, NULL);
		g = page(d, &us);
		landed = hook.done;
		hook = (struct hook){ 0 };
		moments += landed;
		/* what left, left before the order was there */
		if (landed && g.a.count != 0 &&
		    (page(d, &us).a.count != 0 || journal_count(d, "not-given") != 0))
			leaks++;
		pv_desk_close(acting);
		pv_desk_close(d);
		if (!landed)
			break;
	}
	tap_ok(moments > 3 && leaks == 0, "at none of %u moments does one leave and be denied",
	    moments);
}

int
main(void)
{
	make_world();
	test_collections();
	test_intake();
	test_rights();
	test_claims();
	test_paging();
	test_stop("release", false);
	test_stop("hold", true);
	test_recall();
	test_race();
	return end_world();
}
