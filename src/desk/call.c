/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all calls: the families one after another, in an order that is
 * the same in every process of one build, since a frame between front and
 * keeper names a call by its place in it.
 */
#include "desk/call.h"

static const struct pv_call *const families[] = { pv_calls_home, pv_calls_report, pv_calls_order,
	pv_calls_look, pv_calls_caller, pv_calls_decide, pv_calls_kas, pv_calls_taxii, pv_calls_log,
	pv_calls_gateway };
#define FAMILIES (sizeof(families) / sizeof(*families))

static size_t
family_count(size_t family)
{
	size_t n = 0;

	while (families[family][n].name != NULL)
		n++;
	return n;
}

size_t
pv_call_count(void)
{
	size_t n = 0;

	for (size_t f = 0; f < FAMILIES; f++)
		n += family_count(f);
	return n;
}

const struct pv_call *
pv_call_at(size_t i)
{
	for (size_t f = 0; f < FAMILIES; f++) {
		size_t n = family_count(f);

		if (i < n)
			return &families[f][i];
		i -= n;
	}
	return NULL;
}

const struct pv_call *
pv_call_find(const char *name)
{
	for (size_t f = 0; f < FAMILIES; f++)
		for (const struct pv_call *c = families[f]; c->name != NULL; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

size_t
pv_call_index(const struct pv_call *c)
{
	size_t before = 0;

	for (size_t f = 0; f < FAMILIES; f++) {
		size_t n = family_count(f);

		for (size_t i = 0; i < n; i++)
			if (&families[f][i] == c)
				return before + i;
		before += n;
	}
	return SIZE_MAX;
}

bool
pv_call_allows(const struct pv_call *c, const struct pv_caller *who)
{
	if ((c->flags & PV_CALL_PUBLIC) != 0)
		return true;
	if (!who->known || ((c->flags & PV_CALL_OWN) != 0 && !who->own))
		return false;
	return (c->roles & who->roles) != 0;
}
