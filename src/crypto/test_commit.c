/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/commit.h"

#include "base/env.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "tap.h"

static struct pv_err err;

static void
test_rfc9901(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_commit_opening o;
	/* RFC 9901 4.2.1, with blanks after the commas as they stand there */
	struct pv_slice family =
	    PV_SLICE("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0");

	tap_ok(pv_commit_matches(family, PV_SLICE("X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0")),
	    "the digest of the example in RFC 9901 4.2.3");
	tap_ok(pv_commit_read(&o, family, a, &err).code == PV_E_INPUT &&
		   strstr(err.what, "16 bytes") != NULL,
	    "its salt of 17 bytes is not what we make: ours have one size");
}

static void
test_round_trip(void)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_env env = pv_env_system();
	uint8_t salts[3 * PV_COMMIT_SALT];
	struct pv_commit_field f[3] = { { .name = PV_SLICE("purpose"),
					    .value = PV_SLICE("\"law.interdict\"") },
		{ .name = PV_SLICE("purpose"), .value = PV_SLICE("\"law.interdict\"") },
		{ .name = PV_SLICE("sa\"y"), .value = PV_SLICE("{\"a\":[1,2]}") } };
	struct pv_commit_opening o;

	env.random(env.ctx, salts, sizeof(salts));
	pv_commit_make(f, 3, salts, a);
	tap_ok(strcmp(f[0].digest, f[1].digest) != 0, "equal values do not look equal");
	for (size_t i = 0; i < 3; i++) {
		tap_ok(pv_commit_matches(f[i].disclosure, pv_slice_of(f[i].digest)),
		    "disclosure %zu fits its digest", i);
		tap_ok(!pv_commit_matches(f[i].disclosure, pv_slice_of(f[(i + 1) % 3].digest)),
		    "and no other");
		tap_ok(pv_ok(pv_commit_read(&o, f[i].disclosure, a, &err)) &&
			   pv_slice_eq(o.name, f[i].name) && pv_slice_eq(o.value, f[i].value) &&
			   memcmp(o.salt, salts + i * PV_COMMIT_SALT, PV_COMMIT_SALT) == 0,
		    "it gives back salt, name and value");
	}
	tap_ok(!pv_commit_matches(f[0].disclosure, PV_SLICE("")) &&
		   !pv_commit_matches(PV_SLICE(""), pv_slice_of(f[0].digest)),
	    "nothing fits nothing");
}

static void
test_refusals(void)
{
	static const struct {
		const char *json, *name;
	} bad[] = { { "", "nothing" }, { "{}", "no array" },
		{ "[\"c2FsdHNhbHRzYWx0c2FsdA\",\"n\"]", "two members" },
		{ "[\"c2FsdHNhbHRzYWx0c2FsdA\",\"n\",1,2]", "four members" },
		{ "[\"c2FsdA\",\"n\",1]", "a short salt" },
		{ "[\"c2FsdHNhbHRzYWx0c2FsdA==\",\"n\",1]", "a padded salt" },
		{ "[1,\"n\",1]", "a number for the salt" },
		{ "[\"c2FsdHNhbHRzYWx0c2FsdA\",2,1]", "a number for the name" },
		{ "[\"c2FsdHNhbHRzYWx0c2FsdA\",\"n\",1]x", "something after it" } };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_commit_opening o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

		pv_base64_write(&b, pv_slice_of(bad[i].json), PV_BASE64_URL);
		tap_ok(pv_commit_read(&o, pv_buf_slice(&b), a, &err).code == PV_E_INPUT,
		    "%s is no disclosure", bad[i].name);
	}
	tap_ok(pv_commit_read(&o, PV_SLICE("W10="), a, &err).code == PV_E_INPUT,
	    "nor is what is no base64url");
}

int
main(void)
{
	test_rfc9901();
	test_round_trip();
	test_refusals();
	return tap_done();
}
