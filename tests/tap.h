/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests as rows: TAP on stdout, one line a case, the name being the sentence
 * that is true. main() ends with return tap_done();
 */
#ifndef PV_TESTS_TAP_H
#define PV_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_count, tap_failed;

/* Prints the case; returns ok. What follows the name is a printf of the name. */
__attribute__((format(printf, 2, 3), unused)) static bool
tap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	tap_count++;
	if (!ok)
		tap_failed++;
	printf("%sok %u - ", ok ? "" : "not ", tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	return ok;
}

/* A line for the reader, under a case that failed. */
__attribute__((format(printf, 1, 2), unused)) static void
tap_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

__attribute__((unused)) static bool
tap_str(const char *got, const char *want, const char *name)
{
	bool ok = strcmp(got, want) == 0;

	tap_ok(ok, "%s", name);
	if (!ok)
		tap_note("got \"%s\", want \"%s\"", got, want);
	return ok;
}

__attribute__((unused)) static int
tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed == 0 ? 0 : 1;
}

#endif
