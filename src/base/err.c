/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef pv_advise
#undef pv_within
#undef pv_from

/* Text from outside may hold anything: what a terminal would act on is shown as '?'. */
static void
defuse(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

struct pv_status
pv_err_set(struct pv_err *e, enum pv_code code, const char *raised, const char *fmt, ...)
{
	va_list ap;

	*e = (struct pv_err){ .code = code, .raised = raised };
	va_start(ap, fmt);
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	defuse(e->what);
	return (struct pv_status){ code };
}

struct pv_status
pv_advise(struct pv_status st, struct pv_err *e, const char *fmt, ...)
{
	va_list ap;

	if (st.code == PV_OK)
		return st;
	va_start(ap, fmt);
	vsnprintf(e->fix, sizeof(e->fix), fmt, ap);
	va_end(ap);
	defuse(e->fix);
	return st;
}

struct pv_status
pv_within(struct pv_status st, struct pv_err *e, const char *fmt, ...)
{
	char outer[sizeof(e->field)], path[2 * sizeof(e->field) + 2];
	const char *dot;
	va_list ap;

	if (st.code == PV_OK)
		return st;
	va_start(ap, fmt);
	vsnprintf(outer, sizeof(outer), fmt, ap);
	va_end(ap);
	dot = e->field[0] == '\0' || e->field[0] == '[' ? "" : ".";
	snprintf(path, sizeof(path), "%s%s%s", outer, dot, e->field);
	defuse(path);
	memcpy(e->field, path, sizeof(e->field));
	e->field[sizeof(e->field) - 1] = '\0';
	return st;
}

struct pv_status
pv_from(struct pv_status st, struct pv_err *e, const char *source)
{
	if (st.code != PV_OK && e->source[0] == '\0') {
		snprintf(e->source, sizeof(e->source), "%s", source);
		defuse(e->source);
	}
	return st;
}
