/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: timestamps as in-toto requires them, RFC 3339 in UTC.
 * Pure function of cupel-verify over hostile text; other offsets and spellings
 * are refused rather than understood.
 */
#include "attest/verify.h"

#include <time.h>

/* Digits where the pattern has '0', everything else literally. */
static bool matches(const char *s, size_t n, const char *pattern)
{
	size_t i = 0;

	for (; pattern[i] != '\0'; i++) {
		if (i >= n)
			return false;
		if (pattern[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != pattern[i])
			return false;
	}
	return true;
}

static int number(const char *s, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++)
		value = value * 10 + (s[i] - '0');
	return value;
}

/* ".123" at s up to the final Z; -1 when it is anything else. */
static int milliseconds(const char *s, size_t n)
{
	int value = 0;

	if (n == 1 && s[0] == 'Z')
		return 0;
	if (n < 3 || n > 11 || s[0] != '.' || s[n - 1] != 'Z')
		return -1;
	for (size_t i = 1; i < n - 1; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		if (i <= 3)
			value = value * 10 + (s[i] - '0');
	}
	for (size_t i = n - 2; i < 3; i++)
		value *= 10;
	return value;
}

int verify_parse_time(const char *s, size_t n, int64_t *ret_ms)
{
	static const char pattern[] = "0000-00-00T00:00:00";
	const size_t fixed = sizeof(pattern) - 1;
	struct tm tm = {0}, normal;
	time_t seconds;
	int ms;

	if (!matches(s, n, pattern))
		return -1;
	ms = milliseconds(s + fixed, n - fixed);
	tm.tm_year = number(s, 4) - 1900;
	tm.tm_mon = number(s + 5, 2) - 1;
	tm.tm_mday = number(s + 8, 2);
	tm.tm_hour = number(s + 11, 2);
	tm.tm_min = number(s + 14, 2);
	tm.tm_sec = number(s + 17, 2);
	normal = tm;
	seconds = timegm(&normal);
	/* timegm() carries what is out of range: then the fields have moved. */
	if (ms < 0 || normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday ||
		normal.tm_hour != tm.tm_hour || normal.tm_min != tm.tm_min ||
		normal.tm_sec != tm.tm_sec)
		return -1;
	*ret_ms = (int64_t)seconds * 1000 + ms;
	return 0;
}
