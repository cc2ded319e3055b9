/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/taxii_query.h"

#include "net/http.h"

#define VALUES_MAX 1000

enum field { LIMIT, NEXT, AFTER, ID, TYPE, VERSION, SPEC, FIELDS };

static const char *const names[FIELDS] = { "limit", "next", "added_after", "match[id]",
	"match[type]", "match[version]", "match[spec_version]" };

/* Which of them a question has (5.3 to 5.8); an unfiltered look at markings is ours. */
static bool
has_field(enum pv_taxii_what what, enum field f)
{
	switch (what) {
	case PV_TAXII_OBJECTS:
	case PV_TAXII_MANIFEST:
		return true;
	case PV_TAXII_OBJECT:
		return f != ID && f != TYPE;
	case PV_TAXII_VERSIONS:
		return f != ID && f != TYPE && f != VERSION;
	case PV_TAXII_MARKINGS:
		return f == LIMIT || f == NEXT;
	case PV_TAXII_NOTHING: /* DELETE */
		return f == VERSION || f == SPEC;
	}
	return false;
}

static bool
digits(struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n != 0;
}

/* A number too large for us is still a number. */
static bool
read_limit(struct pv_slice s, uint64_t *out)
{
	if (!digits(s))
		return false;
	while (s.n > 1 && s.p[0] == '0')
		s = pv_slice_sub(s, 1, s.n);
	if (!pv_slice_u64(s, out))
		*out = UINT64_MAX;
	if (*out > PV_TAXII_LIMIT_MAX)
		*out = PV_TAXII_LIMIT_MAX;
	return *out != 0;
}

static bool
value_ok(enum field f, struct pv_slice v, bool alone)
{
	uint64_t us;

	if (v.n == 0 || v.n > 300)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == ';' || (unsigned char)v.p[i] <= ' ')
			return false; /* of cursors: no id, type or version has one */
	if (f == VERSION)
		return pv_slice_is(v, "first") || pv_slice_is(v, "last") ||
		       (pv_slice_is(v, "all") && alone) || pv_stix_time_read(v, &us);
	if (f == SPEC)
		return v.n == 3 && v.p[0] >= '0' && v.p[0] <= '9' && v.p[1] == '.' &&
		       v.p[2] >= '0' && v.p[2] <= '9';
	return true;
}

static bool
read_values(enum field f, struct pv_slice text, struct pv_arena *a, struct pv_names *out)
{
	struct pv_slice *at, one;
	size_t n = 0, commas = 0;
	bool alone;

	for (size_t i = 0; i < text.n; i++)
		commas += text.p[i] == ',';
	if (text.n == 0 || commas >= VALUES_MAX || text.p[text.n - 1] == ',')
		return false;
	alone = commas == 0;
	at = pv_arena_alloc_n(a, commas + 1, sizeof(*at));
	while (pv_slice_next(&text, ',', &one)) {
		if (!value_ok(f, one, alone))
			return false;
		for (size_t i = 0; i < n; i++)
			if (pv_slice_eq(at[i], one))
				goto again;
		at[n++] = one;
		continue;
	again:
		if (f == VERSION)
			return false;
	}
	*out = (struct pv_names){ at, n };
	return true;
}

static const char *
take(enum field f, struct pv_slice v, struct pv_arena *a, struct pv_taxii_ask *ask)
{
	switch (f) {
	case LIMIT:
		return read_limit(v, &ask->limit) ? NULL : "limit is not a whole number above zero";
	case NEXT:
		ask->next = v;
		return v.n != 0 ? NULL : "next is empty";
	case AFTER:
		ask->has_added_after = true;
		return pv_stix_time_read(v, &ask->added_after)
			   ? NULL
			   : "added_after is not a timestamp (2025-11-11T14:07:02.000000Z)";
	case ID:
		return read_values(f, v, a, &ask->ids) ? NULL : "match[id] is not a list of ids";
	case TYPE:
		return read_values(f, v, a, &ask->types) ? NULL
							 : "match[type] is not a list of types";
	case VERSION:
		return read_values(f, v, a, &ask->versions)
			   ? NULL
			   : "match[version] is not a list of first, last and timestamps, or all";
	case SPEC:
		return read_values(f, v, a, &ask->specs)
			   ? NULL
			   : "match[spec_version] is not a list of versions (2.1)";
	case FIELDS:
		break;
	}
	return NULL;
}

bool
pv_taxii_query_read(
    struct pv_slice query, struct pv_arena *a, struct pv_taxii_ask *ask, const char **why)
{
	bool seen[FIELDS] = { false }, bad = false;
	struct pv_slice name, value;

	*why = NULL;
	while (*why == NULL && pv_query_next(&query, a, &name, &value, &bad)) {
		if (bad) {
			*why = "the query does not decode";
			break;
		}
		for (enum field f = LIMIT; f < FIELDS && *why == NULL; f++) {
			if (!pv_slice_is(name, names[f]) || !has_field(ask->what, f))
				continue;
			*why = seen[f] ? "a field of the query is there twice"
				       : take(f, value, a, ask);
			seen[f] = true;
		}
	}
	return *why == NULL;
}
