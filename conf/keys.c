/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the one table of what cupel.ini may say. The reader, the
 * manual page and the completion all follow it. Runs in the runner; the names
 * that are looked up may be hostile, so distances are only computed for short
 * ones.
 */
#include "conf/keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

const struct conf_key conf_keys[CONF_ID_COUNT] = {
#define CONF_KEY_ROW(id, section, key, type, who, narrow, standard, rule, choices, text)           \
	[id] = {section, key, type, who, narrow, standard, rule, choices, text},
	CONF_KEYS(CONF_KEY_ROW)
#undef CONF_KEY_ROW
};

static const char *const type_texts[] = {
	[CONF_STRING] = "a text",
	[CONF_LIST] = "a list",
	[CONF_BOOL] = "yes or no",
	[CONF_DURATION] = "a duration such as 90s, 15m, 2h or 250ms",
	[CONF_BYTES] = "a size such as 512, 64K, 10M or 2G",
	[CONF_NUMBER] = "a number",
	[CONF_ENUM] = "one of a few words",
};
_Static_assert(array_size(type_texts) == CONF_TYPE_COUNT, "a text for every type");

enum { NAME_MAX_COMPARED = 31, DISTANCE_MAX = 2 };

int conf_keys_find(const char *section, const char *key)
{
	for (int i = 0; i < CONF_ID_COUNT; i++)
		if (strcmp(conf_keys[i].section, section) == 0 &&
			strcmp(conf_keys[i].key, key) == 0)
			return i;
	return -1;
}

int conf_keys_has_section(const char *section)
{
	for (int i = 0; i < CONF_ID_COUNT; i++)
		if (strcmp(conf_keys[i].section, section) == 0)
			return 1;
	return 0;
}

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's, one row at a time. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_COMPARED + 1];
	size_t a_size = strlen(a), b_size = strlen(b);

	if (a_size > NAME_MAX_COMPARED || b_size > NAME_MAX_COMPARED)
		return DISTANCE_MAX + 1;
	for (unsigned int k = 0; k <= b_size; k++)
		row[k] = k;
	for (unsigned int i = 0; i < a_size; i++) {
		unsigned int diagonal = row[0];

		row[0] = i + 1;
		for (unsigned int k = 0; k < b_size; k++) {
			unsigned int replaced = diagonal + (a[i] != b[k]);

			diagonal = row[k + 1];
			row[k + 1] = least(replaced, diagonal + 1, row[k] + 1);
		}
	}
	return row[b_size];
}

const char *conf_keys_suggest(const char *section, const char *key)
{
	unsigned int best = DISTANCE_MAX + 1;
	const char *found = NULL;

	for (int i = 0; i < CONF_ID_COUNT; i++) {
		const char *name = key == NULL ? conf_keys[i].section : conf_keys[i].key;
		unsigned int d;

		if (key != NULL && strcmp(conf_keys[i].section, section) != 0)
			continue;
		d = distance(key == NULL ? section : key, name);
		/* "log" is not a misspelling of "key": most of the name has to be right */
		if (d < best && d < strlen(name)) {
			best = d;
			found = name;
		}
	}
	return found;
}

const char *conf_keys_section_of(const char *key)
{
	for (int i = 0; i < CONF_ID_COUNT; i++)
		if (strcmp(conf_keys[i].key, key) == 0)
			return conf_keys[i].section;
	return NULL;
}

const char *conf_type_text(enum conf_type type)
{
	return type_texts[type];
}

/* One sentence of running text, in lines of at most 72 bytes that no request can begin. */
static void print_text(struct buf *out, const char *start, const char *text, const char *end)
{
	_cleanup_(buf_deinit) struct buf sentence = BUF_INIT;
	size_t column = 0;

	buf_printf(&sentence, "%s%s%s", start, text, end);
	if (!buf_ok(&sentence)) {
		out->failed = true;
		return;
	}
	for (const char *word = sentence.data; *word != '\0';) {
		size_t n = strcspn(word, " ");

		if (column > 0)
			buf_puts(out, column + 1 + n > 72 ? "\n" : " ");
		column = column == 0 || column + 1 + n > 72 ? n : column + 1 + n;
		if (column == n && (word[0] == '.' || word[0] == '\''))
			buf_puts(out, "\\&");
		buf_append(out, word, n);
		word += n + (word[n] == ' ');
	}
	buf_puts(out, "\n");
}

static const char *argument_of(const struct conf_key *k)
{
	if (k->choices != NULL)
		return k->choices;
	if (k->type == CONF_LIST)
		return "element";
	return k->type == CONF_BOOL ? "yes|no" : "value";
}

static void print_key(struct buf *out, const struct conf_key *k)
{
	static const char *const who[] = {
		[CONF_BY_PROJECT] = "Anybody may set it",
		[CONF_BY_USER] = "A project may not set it",
		[CONF_BY_ADMIN] = "Only the administrator may set it",
	};
	static const char *const narrow[] = {
		[CONF_FREE] = ".",
		[CONF_ONLY_LOWER] = "; a project cannot exceed what the administrator's files say.",
		[CONF_ONLY_YES] = "; a project cannot switch it off.",
		[CONF_ONLY_FIRST] = "; a project can only set it to the first of these.",
		[CONF_NOT_BEYOND] = "; a project cannot go beyond what the administrator's files "
				    "say.",
		[CONF_ONLY_AMONG] = "; a project can only choose among what the administrator's "
				    "files list, if they do.",
	};
	char initial[2] = "";

	buf_printf(out, ".It Ic %s = Ar %s\n", k->key, argument_of(k));
	initial[0] = (char)toupper((unsigned char)k->text[0]);
	print_text(out, initial, k->text + 1, ".");
	if (k->type != CONF_STRING && k->type != CONF_ENUM && k->type != CONF_LIST)
		print_text(out, "It is ", conf_type_text(k->type), ".");
	if (k->type == CONF_LIST)
		print_text(out, "The key may be repeated, and an empty value empties the list", "",
			".");
	if (conf_rule_text(k->rule) != NULL)
		print_text(out, "It has to be ", conf_rule_text(k->rule), ".");
	print_text(out, who[k->who], "", narrow[k->narrow]);
	if (k->standard != NULL)
		buf_printf(out, "The default is\n.Ql %s .\n", k->standard);
}

void conf_keys_print_mdoc(struct buf *out)
{
	const char *section = "";

	for (int i = 0; i < CONF_ID_COUNT; i++) {
		if (strcmp(section, conf_keys[i].section) != 0) {
			if (i > 0)
				buf_puts(out, ".El\n");
			section = conf_keys[i].section;
			buf_printf(
				out, ".Ss Section [%s] of the file\n.Bl -tag -width Ds\n", section);
		}
		print_key(out, &conf_keys[i]);
	}
	buf_puts(out, ".El\n");
}

void conf_keys_print_names(struct buf *out)
{
	for (int i = 0; i < CONF_ID_COUNT; i++)
		buf_printf(out, "%s.%s\n", conf_keys[i].section, conf_keys[i].key);
}
