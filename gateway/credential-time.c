/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pure reading of a date or a time, in cupel-gateway, from a
 * credential's file. What is not exactly in one of two forms, or is no day of the calendar,
 * is refused: a credential that ends at a time nobody meant would not end.
 */
#include <string.h>

#include "gateway/ascii.h"
#include "gateway/credential.h"

enum { DAY = 86400, FIRST_YEAR = 1970 };

/* `n` digits at *s, which is moved; -1 when there are fewer, or when the value is not in range. */
static int number(const char **s, int n, int least, int most)
{
	int value = 0;

	for (; n > 0; n--, ++*s) {
		if (!ascii_is_digit(**s))
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value >= least && value <= most ? value : -1;
}

static bool take(const char **s, char wanted)
{
	if (**s != wanted)
		return false;
	++*s;
	return true;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_before(int year, int month, int day)
{
	int64_t days = day - 1;

	for (int y = FIRST_YEAR; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days;
}

static int take_date(const char **s, int64_t *ret)
{
	int year = number(s, 4, FIRST_YEAR, 9999);
	int month = year >= 0 && take(s, '-') ? number(s, 2, 1, 12) : -1;
	int day = month >= 0 && take(s, '-') ? number(s, 2, 1, days_in(year, month)) : -1;

	if (day < 0)
		return -1;
	*ret = days_before(year, month, day) * DAY;
	return 0;
}

/* "12:34:56.789"; fractions do not count. */
static int take_clock(const char **s, int64_t *ret)
{
	int hour = number(s, 2, 0, 23);
	int minute = hour >= 0 && take(s, ':') ? number(s, 2, 0, 59) : -1;
	int second = minute >= 0 && take(s, ':') ? number(s, 2, 0, 59) : -1;

	if (second < 0)
		return -1;
	if (take(s, '.')) {
		if (!ascii_is_digit(**s))
			return -1;
		while (ascii_is_digit(**s))
			++*s;
	}
	*ret += (hour * 60 + minute) * 60 + second;
	return 0;
}

/* "Z", "+01:00", "-09:30" */
static int take_offset(const char **s, int64_t *ret)
{
	bool west = **s == '-';
	int hour, minute;

	if (take(s, 'Z'))
		return 0;
	if (!west && **s != '+')
		return -1;
	++*s;
	hour = number(s, 2, 0, 23);
	minute = hour >= 0 && take(s, ':') ? number(s, 2, 0, 59) : -1;
	if (minute < 0)
		return -1;
	*ret += (west ? 60 : -60) * (hour * 60 + minute);
	return 0;
}

int credential_parse_time(const char *text, uint64_t *ret)
{
	int64_t at;

	if (take_date(&text, &at) < 0)
		return -1;
	if (*text == '\0')
		at += DAY;
	else if (!take(&text, 'T') || take_clock(&text, &at) < 0 || take_offset(&text, &at) < 0)
		return -1;
	if (*text != '\0' || at < 0)
		return -1;
	*ret = (uint64_t)at;
	return 0;
}
