/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/policy.h"

#include "base/mem.h"
#include "codec/base64.h"
#include "tap.h"

#define LABEL "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define UUID  "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

static const char ours[] =
    "{\"body\":{\"dataAttributes\":[{\"attribute\":\"https://ex.org/attr/a/value/"
    "b\"}],\"dissem\":[],"
    "\"proviso\":{\"label\":\"" LABEL
    "\",\"origin\":\"ex.org/orders\",\"originator\":\"co.navy\",\"report\":\"r-1\"}},"
    "\"uuid\":\"" UUID "\"}";

static struct pv_status
read_text(struct pv_policy *out, const char *json, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_base64_write(&text, pv_slice_of(json), PV_BASE64);
	return pv_policy_read(out, pv_buf_slice(&text), a, e);
}

static void
test_round(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, json = { 0 };
	struct pv_slice attribute = PV_SLICE("https://ex.org/attr/a/value/b");
	struct pv_policy p = {
		.uuid = PV_SLICE(UUID),
		.attributes = &attribute,
		.attribute_count = 1,
		.report = PV_SLICE("r-1"),
		.originator = PV_SLICE("co.navy"),
		.origin = PV_SLICE("ex.org/orders"),
		.label = PV_SLICE(LABEL),
	};
	struct pv_policy got = { 0 };
	struct pv_err e = { 0 };

	tap_ok(pv_ok(pv_policy_write(&p, &text, &e)), "a policy is written");
	tap_ok(pv_base64_read(&json, pv_buf_slice(&text), PV_BASE64), "as base64");
	tap_str(pv_buf_str(&json), ours, "of canonical JSON");
	tap_ok(pv_ok(pv_policy_read(&got, pv_buf_slice(&text), a, &e)), "and read");
	tap_ok(got.ours && pv_slice_is(got.report, "r-1") &&
		   pv_slice_is(got.originator, "co.navy") &&
		   pv_slice_is(got.origin, "ex.org/orders") && pv_slice_is(got.label, LABEL) &&
		   pv_slice_is(got.uuid, UUID) && got.attribute_count == 1 &&
		   pv_slice_eq(got.attributes[0], attribute),
	    "with all it was given");
	p.originator = PV_SLICE("Co Navy");
	tap_ok(!pv_ok(pv_policy_write(&p, &text, &e)) &&
		   strcmp(e.field, "policy.body.proviso.originator") == 0,
	    "what a reader would refuse is not written");
	p.originator = PV_SLICE("co.navy");
	p.report = PV_SLICE("r\xff");
	tap_ok(!pv_ok(pv_policy_write(&p, &text, &e)) && e.code == PV_E_INPUT,
	    "nor what JSON cannot hold");
}

static const struct {
	const char *name, *json;
	bool ours;
	size_t attributes, dissem;
} foreign[] = {
	{ "a policy without attributes is foreign", "{\"uuid\":\"x\",\"body\":{}}", false, 0, 0 },
	{ "null lists are empty",
	    "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":null,\"dissem\":null}}", false, 0, 0 },
	{ "what Go adds to an attribute is passed over",
	    "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[{\"attribute\":\"a\",\"displayName\":"
	    "\"\",\"isDefault\":false,"
	    "\"pubKey\":\"\",\"kasURL\":\"\"}],\"dissem\":[\"a@b\",\"c@d\"]}}",
	    false, 1, 2 },
	{ "members nobody knows are tolerated", "{\"uuid\":\"x\",\"more\":{},\"body\":{\"z\":1}}",
	    false, 0, 0 },
};

static void
test_foreign(void)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
		struct pv_policy p = { 0 };
		struct pv_err e = { 0 };
		bool ok = pv_ok(read_text(&p, foreign[i].json, a, &e)) &&
			  p.ours == foreign[i].ours && p.attribute_count == foreign[i].attributes &&
			  p.dissem_count == foreign[i].dissem;

		if (!tap_ok(ok, "%s", foreign[i].name))
			tap_note("%s: %s", e.field, e.what);
	}
}

#define OURS_WITH(proviso)                                                                         \
	"{\"body\":{\"dataAttributes\":[],\"dissem\":[],\"proviso\":" proviso "},\"uuid\":\"" UUID \
	"\"}"

static const struct {
	const char *name, *json, *field;
} refused[] = {
	{ "a policy is an object", "[]", "" },
	{ "it has a uuid", "{\"body\":{}}", "uuid" },
	{ "it has a body", "{\"uuid\":\"x\"}", "body" },
	{ "the body is an object", "{\"uuid\":\"x\",\"body\":1}", "body" },
	{ "an attribute has a name", "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[{}]}}",
	    "body.dataAttributes[0].attribute" },
	{ "an attribute is an object", "{\"uuid\":\"x\",\"body\":{\"dataAttributes\":[1]}}",
	    "body.dataAttributes[0]" },
	{ "twice a body is none", "{\"uuid\":\"x\",\"body\":{},\"body\":{}}", "" },
	{ "half a proviso is not a foreign file", OURS_WITH("{\"report\":\"r\"}"),
	    "body.proviso.label" },
	{ "a proviso that is no object is not a foreign file", OURS_WITH("\"r\""), "body.proviso" },
	{ "a label is a digest",
	    OURS_WITH("{\"label\":\"ab\",\"origin\":\"o\",\"originator\":\"co\",\"report\":\"r\"}"),
	    "body.proviso.label" },
	{ "in lower case",
	    OURS_WITH(
		"{\"label\":\"9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08\","
		"\"origin\":\"o\","
		"\"originator\":\"co\",\"report\":\"r\"}"),
	    "body.proviso.label" },
	{ "an originator is a party's name",
	    OURS_WITH("{\"label\":\"" LABEL
		      "\",\"origin\":\"o\",\"originator\":\"C O\",\"report\":\"r\"}"),
	    "body.proviso.originator" },
	{ "control characters stand in no name",
	    OURS_WITH("{\"label\":\"" LABEL
		      "\",\"origin\":\"o\",\"originator\":\"co\",\"report\":\"r\\u001b[2J\"}"),
	    "body.proviso.report" },
	{ "a report has an id",
	    OURS_WITH(
		"{\"label\":\"" LABEL "\",\"origin\":\"o\",\"originator\":\"co\",\"report\":\"\"}"),
	    "body.proviso.report" },
	{ "our form has no blanks",
	    OURS_WITH("{\"label\":\"" LABEL
		      "\", \"origin\":\"o\",\"originator\":\"co\",\"report\":\"r\"}"),
	    "" },
	{ "nor other members",
	    OURS_WITH("{\"label\":\"" LABEL
		      "\",\"never\":[],\"origin\":\"o\",\"originator\":\"co\",\"report\":\"r\"}"),
	    "" },
	{ "nor another order",
	    OURS_WITH("{\"origin\":\"o\",\"label\":\"" LABEL
		      "\",\"originator\":\"co\",\"report\":\"r\"}"),
	    "" },
	{ "who may open is not dissem",
	    "{\"body\":{\"dataAttributes\":[],\"dissem\":[\"a\"],\"proviso\":{\"label\":\"" LABEL
	    "\",\"origin\":\"o\",\"originator\":\"co\",\"report\":\"r\"}},\"uuid\":\"" UUID "\"}",
	    "body.dissem" },
};

static void
test_refused(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_policy p = { 0 };
	struct pv_err e = { 0 };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		bool ok = !pv_ok(read_text(&p, refused[i].json, a, &e)) &&
			  strcmp(e.field, refused[i].field) == 0;

		if (!tap_ok(ok, "%s", refused[i].name))
			tap_note("field \"%s\": %s", e.field, e.what);
	}
	tap_ok(!pv_ok(pv_policy_read(&p, PV_SLICE("e30"), a, &e)),
	    "a policy is base64 with its padding");
}

int
main(void)
{
	test_round();
	test_foreign();
	test_refused();
	return tap_done();
}
