/* SPDX-License-Identifier: Apache-2.0 */
/* STIX objects of others: what is checked, and what their markings say. */
#include "base/mem.h"
#include "codec/json.h"
#include "tap.h"
#include "wire/stix.h"

#define U     "00000000-0000-4000-8000-000000000001"
#define ID    "\"id\":\"indicator--" U "\",\"type\":\"indicator\""
#define V     ",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\""
#define GREEN "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
#define MARK(more)                                                                               \
	"{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"marking-definition-" \
	"-" U "\",\"created\":\"2026-01-01T00:00:00Z\"" more "}"

static struct pv_arena *a;
static struct pv_json *doc;

static const struct {
	const char *name, *text, *says; /* says NULL: it is taken */
} objects[] = {
	{ "an object of 2.1", "{" ID V ",\"spec_version\":\"2.1\"}", NULL },
	{ "one of 2.0, without spec_version", "{" ID V "}", NULL },
	{ "an observable without times", "{\"type\":\"file\",\"id\":\"file--" U "\"}", NULL },
	{ "a list", "[]", "not an object" },
	{ "no type", "{\"id\":\"indicator--" U "\"}", "without \"type\"" },
	{ "an id without a UUID", "{\"id\":\"indicator--1\",\"type\":\"indicator\"}",
	    "type--uuid" },
	{ "capital letters",
	    "{\"id\":\"indicator--00000000-0000-4000-8000-00000000000A\",\"type\":\"indicator\"}",
	    "type--uuid" },
	{ "another type", "{\"id\":\"malware--" U "\",\"type\":\"indicator\"}", "not that of" },
	{ "a day as a time", "{" ID ",\"created\":\"2026-01-01\"}", "no timestamp" },
	{ "a time that no calendar has", "{" ID ",\"created\":\"2026-02-30T00:00:00Z\"}",
	    "no timestamp" },
	{ "a time zone", "{" ID ",\"created\":\"2026-01-01T00:00:00+00:00\"}", "no timestamp" },
	{ "modified before created",
	    "{" ID ",\"created\":\"2026-01-02T00:00:00Z\",\"modified\":\"2026-01-01T00:00:00Z\"}",
	    "before" },
	{ "a future spec_version", "{" ID V ",\"spec_version\":\"3.0\"}", "not known" },
	{ "a creator that is no identity", "{" ID V ",\"created_by_ref\":\"indicator--" U "\"}",
	    "identity" },
	{ "a marking that is none", "{" ID V ",\"object_marking_refs\":[\"indicator--" U "\"]}",
	    "marking" },
	{ "an empty list of markings", "{" ID V ",\"object_marking_refs\":[]}",
	    "not an empty one" },
	{ "a marking of a part",
	    "{" ID V ",\"labels\":[\"x\"],\"granular_markings\":[{\"selectors\":[\"labels.[0]\"],"
		     "\"marking_ref\":\"" GREEN "\"}]}",
	    NULL },
	{ "a marking of what is not there",
	    "{" ID V ",\"labels\":[\"x\"],\"granular_markings\":[{\"selectors\":[\"labels.[1]\"],"
		     "\"marking_ref\":\"" GREEN "\"}]}",
	    "selects what is not there" },
	{ "neither marking nor language",
	    "{" ID V ",\"granular_markings\":[{\"selectors\":[\"id\"]}]}", "either" },
	{ "a key twice", "{" ID ",\"id\":\"x\"}", "twice" },
	{ "a definition of nothing", MARK(""), "defines nothing" },
	{ "a TLP of its own",
	    MARK(",\"definition_type\":\"tlp\",\"definition\":{\"tlp\":\"green\"}"), "published" },
	{ "our extension with a member that is not known",
	    MARK(",\"extensions\":{\"" PV_STIX_EXTENSION "\":{\"unless\":1}}"), "not known" },
	{ "our extension with a purpose that is no name",
	    MARK(",\"extensions\":{\"" PV_STIX_EXTENSION "\":{\"permitted_purposes\":[\"A B\"]}}"),
	    "not a name" },
};

static void
test_objects(void)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct pv_stix s;
		struct pv_err e = { 0 };
		struct pv_status st = pv_stix_read(&s, doc, pv_slice_of(objects[i].text), a, &e);

		if (!tap_ok(objects[i].says == NULL
				? pv_ok(st)
				: !pv_ok(st) && (strstr(e.what, objects[i].says) != NULL ||
						    strcmp(objects[i].says, "twice") == 0),
			"%s", objects[i].name))
			tap_note("%s", e.what);
	}
}

static struct pv_stix_claim
claim(const char *text)
{
	struct pv_stix s = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_stix_read(&s, doc, pv_slice_of(text), a, &e)))
		tap_ok(false, "a marking is read: %s", e.what);
	return s.claim;
}

static void
test_claims(void)
{
	struct pv_stix_claim c;

	c = claim(MARK(",\"definition_type\":\"statement\",\"definition\":{\"statement\":\"x\"}"));
	tap_ok(c.given && c.words && !c.ours && !c.foreign && c.tlp == PV_TLP_NONE,
	    "a statement says nothing that binds");
	c = claim(MARK(",\"extensions\":{\"" PV_STIX_TLP2 "\":{\"tlp_2_0\":\"amber+strict\"}}"));
	tap_ok(c.tlp == PV_TLP_AMBER_STRICT, "TLP 2");
	c = claim(MARK(",\"extensions\":{\"extension-definition--" U "\":{}}"));
	tap_ok(c.foreign, "an extension that is not known is told apart from none");
	c = claim(MARK(",\"extensions\":{\"" PV_STIX_EXTENSION
		       "\":{\"permitted_purposes\":[],\"releasable_to\":[\"us\"],\"not_after\":"
		       "\"2027-01-01T00:00:00Z\"}}"));
	tap_ok(c.ours && c.has_permitted && c.permitted.n == 0 && c.has_releasable_to &&
		   c.releasable_to.n == 1 && c.not_after == 1798761600,
	    "ours: an empty list of purposes permits none");
	c = claim(MARK(",\"extensions\":{\"" PV_STIX_ACS
		       "\":{\"policy_reference\":\"urn:isa:policy:acs:ns:v3.0?privdefault=deny&"
		       "sharedefault=deny\",\"access_privilege\":["
		       "{\"privilege_action\":\"LEGAL\",\"privilege_scope\":{\"entity\":[\"ALL\"]},"
		       "\"rule_effect\":\"permit\"},"
		       "{\"privilege_action\":\"NETDEF\",\"privilege_scope\":{\"permitted_"
		       "nationalities\":[\"USA\"]},\"rule_effect\":\"permit\"},"
		       "{\"privilege_action\":\"INTEL\",\"privilege_scope\":{\"permitted_"
		       "nationalities\":[\"USA\"]},\"rule_effect\":\"deny\"}]}}"));
	tap_ok(c.acs && !c.acs_permits && c.acs_permit.n == 1 && c.acs_deny.n == 1,
	    "ACS: what is bound to nations permits nothing here, and denies all the same");
	tap_ok(pv_stix_tlp(PV_SLICE(GREEN)) == PV_TLP_GREEN &&
		   pv_stix_tlp(PV_SLICE("marking-definition--" U)) == PV_TLP_NONE,
	    "the published TLP markings, and no other");
}

static void
test_ours(void)
{
	static const struct pv_slice never[] = { { "strike", 6 } };
	const struct pv_stix_condition c = {
		.originator = PV_SLICE("co"), .never = { never, 1 }, .tlp = PV_TLP_GREEN
	};
	PV_AUTO(pv_buf_free) struct pv_buf one = { 0 }, two = { 0 }, x = { 0 };
	struct pv_slice id, again;
	struct pv_stix s;
	struct pv_err e = { 0 };

	pv_stix_marking_write(&c, a, &id, &one);
	pv_stix_marking_write(&c, a, &again, &two);
	tap_ok(pv_slice_eq(pv_buf_slice(&one), pv_buf_slice(&two)) && pv_slice_eq(id, again) &&
		   id.p[id.n - 22] == '5',
	    "one condition, one id (version 5), the same bytes");
	tap_ok(pv_ok(pv_stix_read(&s, doc, pv_buf_slice(&one), a, &e)) && s.claim.ours &&
		   s.claim.forbidden.n == 1 && s.claim.tlp == PV_TLP_GREEN &&
		   pv_slice_is(s.claim.originator, "co") && s.claim.words,
	    "what is written is read");
	pv_stix_extension_write(&x);
	tap_ok(pv_ok(pv_stix_read(&s, doc, pv_buf_slice(&x), a, &e)),
	    "so is the extension-definition");
}

static void
test_envelopes(void)
{
	static const struct {
		const char *text;
		int objects; /* -1: refused */
	} rows[] = { { "{}", 0 }, { " {\"more\":false} ", 0 }, { "{\"objects\":[1,{},\"]\"]}", 3 },
		{ "{\"objects\" :[ {\"a\":[\"}\"]} ] , \"x\":{\"y\":1}}", 1 },
		{ "{\"objects\":[]}", -1 }, { "[]", -1 }, { "", -1 }, { "{\"objects\":[1]", -1 },
		{ "{\"objects\":[1],\"objects\":[2]}", -1 }, { "{\"objects\":[1,]}", -1 },
		{ "{\"objects\":[1]} 2", -1 }, { "{\"x\":01}", -1 }, { "{x:1}", -1 },
		{ "null", -1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pv_stix_envelope w = { .text = pv_slice_of(rows[i].text) };
		struct pv_slice object;
		struct pv_err e = { 0 };
		struct pv_status st;
		bool more = true;
		int n = 0;

		while (pv_ok(st = pv_stix_next(&w, doc, &object, &more, &e)) && more)
			n++;
		tap_ok(rows[i].objects < 0 ? !pv_ok(st) : pv_ok(st) && n == rows[i].objects,
		    "envelope %s", rows[i].text);
	}
}

static void
test_times(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint64_t us = 0;

	tap_ok(pv_stix_time_read(PV_SLICE("2026-01-01T00:00:00Z"), &us) && us == 1767225600000000,
	    "a time without a fraction");
	tap_ok(pv_stix_time_read(PV_SLICE("2026-01-01T00:00:00.5Z"), &us) && us == 1767225600500000,
	    "one digit");
	tap_ok(pv_stix_time_read(PV_SLICE("2026-01-01T00:00:00.1234567Z"), &us) &&
		   us == 1767225600123456,
	    "seven digits");
	pv_stix_time_write(&b, us);
	tap_ok(pv_slice_is(pv_buf_slice(&b), "2026-01-01T00:00:00.123456Z"), "six are written");
	tap_ok(!pv_stix_time_read(PV_SLICE("2026-01-01T00:00:00.Z"), &us) &&
		   !pv_stix_time_read(PV_SLICE("2026-01-01T00:00:00"), &us) &&
		   !pv_stix_time_read(PV_SLICE("2026-01-01 00:00:00Z"), &us),
	    "other spellings are none");
}

int
main(void)
{
	a = pv_arena_new();
	doc = pv_json_new();
	test_objects();
	test_claims();
	test_ours();
	test_envelopes();
	test_times();
	pv_json_free(doc);
	pv_arena_free(a);
	return tap_done();
}
