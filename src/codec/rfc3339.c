/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days and dates: the year is taken to begin in March, so that the leap day is
 * its last, in eras of 400 years (Hinnant, "chrono-compatible low-level date
 * algorithms"). No libc: timegm() corrects what it should refuse, and depends
 * on the zone files.
 */
#include "codec/rfc3339.h"

#define DAY              86400u
#define DAYS_OF_ERA      146097u /* 400 years */
#define DAYS_BEFORE_1970 719468u /* from 0000-03-01 */

struct date {
	uint64_t year, month, day;
};

static uint64_t
days_of(struct date d)
{
	uint64_t year = d.month > 2 ? d.year : d.year - 1;
	uint64_t era = year / 400, in_era = year % 400;
	uint64_t month = (d.month + 9) % 12; /* March is 0 */
	uint64_t in_year = (153 * month + 2) / 5 + d.day - 1;

	return era * DAYS_OF_ERA + in_era * 365 + in_era / 4 - in_era / 100 + in_year -
	       DAYS_BEFORE_1970;
}

static struct date
date_of(uint64_t days)
{
	uint64_t z = days + DAYS_BEFORE_1970;
	uint64_t era = z / DAYS_OF_ERA, in_era = z % DAYS_OF_ERA;
	uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * in_year + 2) / 153;

	return (struct date){
		.year = era * 400 + year + (month >= 10 ? 1 : 0),
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
	};
}

static bool
is_leap(uint64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint64_t
days_in(uint64_t year, uint64_t month)
{
	static const unsigned char days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month];
}

/* Digits where the picture has 'd', else the letter itself. */
static bool
looks_like(struct pv_slice text, const char *picture)
{
	if (text.n != strlen(picture))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (picture[i] == 'd' ? text.p[i] < '0' || text.p[i] > '9'
				      : text.p[i] != picture[i])
			return false;
	return true;
}

static uint64_t
number(struct pv_slice text, size_t from, size_t to)
{
	uint64_t v = 0;

	for (size_t i = from; i < to; i++)
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	return v;
}

bool
pv_time_read(struct pv_slice text, uint64_t *seconds)
{
	struct date d;
	uint64_t hour, minute, second;

	if (!looks_like(text, "dddd-dd-ddTdd:dd:ddZ"))
		return false;
	d = (struct date){ number(text, 0, 4), number(text, 5, 7), number(text, 8, 10) };
	hour = number(text, 11, 13);
	minute = number(text, 14, 16);
	second = number(text, 17, 19);
	if (d.year < 1970 || d.month < 1 || d.month > 12 || d.day < 1 ||
	    d.day > days_in(d.year, d.month))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = days_of(d) * DAY + hour * 3600 + minute * 60 + second;
	return true;
}

static void
write_digits(struct pv_buf *out, uint64_t v, size_t n, char after)
{
	char *to = pv_buf_room(out, n + 1);

	for (size_t i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	to[n] = after;
	out->n += n + 1;
}

static void
write_time(struct pv_buf *out, uint64_t seconds, char between, const char *zone)
{
	struct date d;

	if (seconds > PV_TIME_MAX)
		seconds = PV_TIME_MAX;
	d = date_of(seconds / DAY);
	write_digits(out, d.year, 4, '-');
	write_digits(out, d.month, 2, '-');
	write_digits(out, d.day, 2, between);
	write_digits(out, seconds / 3600 % 24, 2, ':');
	write_digits(out, seconds / 60 % 60, 2, ':');
	write_digits(out, seconds % 60, 2, zone[0]);
	pv_buf_add_str(out, zone + 1);
}

void
pv_time_write(struct pv_buf *out, uint64_t seconds)
{
	write_time(out, seconds, 'T', "Z");
}

void
pv_time_write_human(struct pv_buf *out, uint64_t seconds)
{
	write_time(out, seconds, ' ', " UTC");
}

void
pv_time_write_span(struct pv_buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t below, size;
		const char *unit;
	} units[] = { { 60, 1, " s" }, { 3600, 60, " min" }, { 2 * DAY, 3600, " h" },
		{ UINT64_MAX, DAY, " d" } };
	size_t i = 0;

	while (i < 3 && seconds >= units[i].below)
		i++;
	pv_buf_add_u64(out, seconds / units[i].size);
	pv_buf_add_str(out, units[i].unit);
}
