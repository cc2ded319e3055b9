/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stdio.h>

#include "base/mem.h"
#include "tap.h"
#include "wire/request.h"

#define ASK(properties, context)                                                                 \
	"{\"id\":\"q1\",\"subject\":{\"type\":\"party\",\"id\":\"us.coast-guard\",\"extra\":1}," \
	"\"action\":{\"name\":\"open\"},"                                                        \
	"\"resource\":{\"type\":\"report\",\"id\":\"r1\",\"properties\":{" properties            \
	"}},\"context\":{" context "},\"unknown\":[]}"

static const char full[] = ASK("\"originator\":\"uk.territories\",\"custodians\":[\"uk\"],"
			       "\"topics\":[\"narcotics.maritime\"],\"regions\":[\"caribbean\"],"
			       "\"never\":[\"force\"],\"persons\":{\"identified\":\"none\"},"
			       "\"releasable_to\":[],\"valid_until\":\"2026-01-01T00:00:00Z\","
			       "\"derived_from\":[{\"id\":\"r0\",\"originator\":\"ca\",\"derived_"
			       "from\":[{\"originator\":\"fr\"}]},{\"originator\":\"Not A Name\"}]",
    "\"purpose\":\"law.interdict\",\"channel\":\"exchange.taxii\",\"time\":\"2025-11-12T00:00:"
    "00Z\"");

static void
test_full(void)
{
	struct pv_request_reader reader = { 0 };
	struct pv_request q;
	struct pv_slice id;
	struct pv_err e = { 0 };
	bool ok = pv_ok(pv_request_read(&q, &id, pv_slice_of(full), 0, 1, &reader, &e));

	if (!tap_ok(ok, "a request is read")) {
		tap_note("%s: %s", e.field, e.what);
		return;
	}
	tap_ok(pv_slice_is(id, "q1") && pv_slice_is(q.recipient, "us.coast-guard") &&
		   pv_slice_is(q.purpose, "law.interdict") &&
		   pv_slice_is(q.channel, "exchange.taxii") && q.now_s == 1762905600 &&
		   q.signed_s == q.now_s && !q.stale,
	    "who asks, for what, by which channel, when");
	tap_ok(pv_slice_is(q.matter.report, "r1") &&
		   pv_slice_is(q.matter.originator, "uk.territories") &&
		   q.matter.custodians.n == 1 && q.matter.topics.n == 1 &&
		   q.matter.regions.n == 1 && q.matter.never.n == 1 &&
		   q.matter.identified == PV_IDENTIFIED_NONE && q.matter.has_releasable_to &&
		   q.matter.releasable_to.n == 0 && q.matter.valid_until == 1767225600,
	    "what is asked for");
	tap_ok(q.matter.source_count == 2 && pv_slice_is(q.matter.sources[0].report, "r0") &&
		   q.matter.sources[0].source_count == 1 &&
		   pv_slice_is(q.matter.sources[0].sources[0].originator, "fr") &&
		   pv_slice_is(q.matter.sources[1].originator, "Not A Name"),
	    "its sources, and theirs");
	ok = pv_ok(pv_request_read(&q, &id,
	    PV_SLICE(
		"{\"subject\":{\"type\":\"party\",\"id\":\"us\"},\"action\":{\"name\":\"open\"},"
		"\"resource\":{\"type\":\"report\",\"id\":\"r\"}}"),
	    77, 1, &reader, &e));
	tap_ok(ok && id.n == 0 && q.now_s == 77 && q.matter.topics.n == 0 &&
		   !q.matter.has_releasable_to && q.purpose.n == 0 &&
		   q.matter.identified == PV_IDENTIFIED_UNKNOWN,
	    "all but subject, action and resource may be absent");
	ok = pv_ok(pv_request_read(&q, &id,
	    PV_SLICE(
		"{\"subject\":{\"type\":\"person\",\"id\":\"us\"},\"action\":{\"name\":\"open\"},"
		"\"resource\":{\"type\":\"report\",\"id\":\"r\"}}"),
	    77, 1, &reader, &e));
	tap_ok(ok && q.recipient.n == 0, "a subject that is no party is nobody");
	pv_request_reader_free(&reader);
}

struct bad {
	const char *name, *text, *field;
	unsigned col;
	const char *says;
};

static const struct bad bads[] = {
	{ "an empty line is no request", "", "", 1, "expected a value" },
	{ "a list is no request", "[]", "", 1, "a request (an object) is wanted" },
	{ "a subject is needed", "{}", "subject", 1, "is missing" },
	{ "a subject has an id", "{\"subject\":{\"type\":\"party\"}}", "subject.id", 12,
	    "is missing" },
	{ "an id is a text", "{\"id\":5}", "id", 7, "a text is wanted" },
	{ "topics are a list", ASK("\"topics\":\"narcotics\"", ""), "resource.properties.topics",
	    157, "a list of names is wanted" },
	{ "topics are a list of names", ASK("\"topics\":[\"a\",null]", ""),
	    "resource.properties.topics[1]", 162, "a name is wanted" },
	{ "persons are identified by a word", ASK("\"persons\":{\"identified\":\"yes\"}", ""),
	    "resource.properties.persons.identified", 172, "none, some, all or unknown" },
	{ "a source is an object", ASK("\"derived_from\":[\"r0\"]", ""),
	    "resource.properties.derived_from[0]", 164, "an object" },
	{ "a source is read as strictly", ASK("\"derived_from\":[{},{\"never\":1}]", ""),
	    "resource.properties.derived_from[1].never", 176, "a list of names" },
	{ "a time is one", ASK("", "\"time\":\"yesterday\""), "context.time", 169,
	    "a time such as" },
	{ "there is a time", ASK("", ""), "context.time", 1, "is missing" },
};

static void
test_bad(void)
{
	struct pv_request_reader reader = { 0 };

	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct pv_request q = { .now_s = 5 };
		struct pv_slice id;
		struct pv_err e = { 0 };
		bool refused =
		    !pv_ok(pv_request_read(&q, &id, pv_slice_of(bads[i].text), 0, 7, &reader, &e));

		if (!tap_ok(refused && e.code == PV_E_INPUT && e.line == 7 &&
				e.col == bads[i].col && strcmp(e.field, bads[i].field) == 0 &&
				strstr(e.what, bads[i].says) != NULL && q.now_s == 5,
			"%s", bads[i].name))
			tap_note("%u:%u: %s: %s", e.line, e.col, e.field, e.what);
	}
	pv_request_reader_free(&reader);
}

/* derived_from within derived_from, n deep */
static bool
nested(unsigned n, struct pv_err *e)
{
	struct pv_request_reader reader = { 0 };
	struct pv_request q;
	struct pv_slice id;
	struct pv_buf b = { 0 };
	bool ok;

	pv_buf_add_str(&b, "{\"subject\":{\"type\":\"party\",\"id\":\"a\"},\"action\":{\"name\":"
			   "\"open\"},\"resource\":{\"type\":\"report\",\"id\":\"r\","
			   "\"properties\":{");
	for (unsigned i = 0; i < n; i++)
		pv_buf_add_str(&b, "\"derived_from\":[{");
	for (unsigned i = 0; i < n; i++)
		pv_buf_add_str(&b, "}]");
	pv_buf_add_str(&b, "}}}");
	ok = pv_ok(pv_request_read(&q, &id, pv_buf_slice(&b), 1, 1, &reader, e));
	pv_buf_free(&b);
	pv_request_reader_free(&reader);
	return ok;
}

static void
test_limits(void)
{
	struct pv_err e = { 0 };

	tap_ok(nested(PV_REQUEST_DEEP, &e), "sources of sources are followed to the limit");
	tap_ok(!nested(PV_REQUEST_DEEP + 1, &e) && e.code == PV_E_LIMIT &&
		   strstr(e.what, "deep") != NULL,
	    "and no deeper");
}

static void
test_lean(void)
{
	struct pv_request_reader reader = { 0 };
	struct pv_request q;
	struct pv_slice id;
	struct pv_err e;
	struct mallinfo2 before, after;
	bool ok = true;

	for (unsigned i = 0; i < 3; i++)
		ok = ok && pv_ok(pv_request_read(&q, &id, pv_slice_of(full), 0, 1, &reader, &e));
	before = mallinfo2();
	for (unsigned i = 0; i < 1000; i++)
		ok = ok && pv_ok(pv_request_read(&q, &id, pv_slice_of(full), 0, 1, &reader, &e));
	after = mallinfo2();
	tap_ok(ok && before.uordblks == after.uordblks, "reading on holds no more memory");
	pv_request_reader_free(&reader);
}

static void
test_answer(void)
{
	static const struct pv_record one = { .id = { "o-1", 3 } }, two = { .id = { "o\"2", 3 } };
	struct pv_ref orders[2] = { { &one, 0, 0 }, { &two, 1, 0 } };
	struct pv_obligation duties[3] = { { .duty = PV_REPORT_OUTCOME, .within_s = 60 },
		{ .duty = PV_DELETE_BY, .by = 1762905600 }, { .duty = PV_NO_ONWARD } };
	struct pv_decision d = { .reason = PV_WHY_SUSPENDED, .orders = { .at = orders, .n = 2 } };
	struct pv_obligations none = { NULL, 0 }, some = { duties, 3 };
	struct pv_buf b = { 0 };

	pv_answer_write(&b, PV_SLICE("q1"), &d, &none, PV_NO_SLICE);
	tap_str(pv_buf_str(&b),
	    "{\"id\":\"q1\",\"decision\":false,\"context\":{\"reason\":\"suspended\",\"orders\":["
	    "\"o-1\",\"o\\\"2\"],"
	    "\"agreements\":[],\"obligations\":[]}}\n",
	    "a refusal names its orders");
	pv_buf_clear(&b);
	d = (struct pv_decision){ .answer = PV_RELEASE,
		.reason = PV_WHY_AGREEMENT,
		.agreements = { .at = orders, .n = 1 } };
	pv_answer_write(&b, PV_NO_SLICE, &d, &some, PV_SLICE("\"explain\":[]"));
	tap_str(pv_buf_str(&b),
	    "{\"decision\":true,\"context\":{\"reason\":\"agreement\",\"orders\":[],\"agreements\":"
	    "[\"o-1\"],"
	    "\"obligations\":[{\"duty\":\"report-outcome\",\"within\":60},{\"by\":\"2025-11-12T00:"
	    "00:00Z\",\"duty\":\"delete-by\"},"
	    "{\"duty\":\"no-onward\"}],\"explain\":[]}}\n",
	    "a permit its agreements and obligations");
	pv_buf_free(&b);
}

int
main(void)
{
	test_full();
	test_bad();
	test_limits();
	test_lean();
	test_answer();
	return tap_done();
}
