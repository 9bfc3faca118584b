// SPDX-License-Identifier: GPL-2.0-only
/* options_check.c - says in one sentence which option is wrong */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "options_check.h"
#include "base/escape.h"

static bool option_is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

/* NULL: none, or (*@ambiguous) more than one starts like that. */
static const struct argp_option *long_find(const struct argp_option *options, const char *name,
					   size_t len, bool *ambiguous)
{
	const struct argp_option *found = NULL;

	*ambiguous = false;
	for (const struct argp_option *o = options; !option_is_end(o); o++) {
		if (!o->name || strncmp(o->name, name, len))
			continue;
		if (!o->name[len]) {
			*ambiguous = false;
			return o;
		}
		*ambiguous = found;
		found = o;
	}
	return *ambiguous ? NULL : found;
}

static const struct argp_option *short_find(const struct argp_option *options, char c)
{
	for (const struct argp_option *o = options; !option_is_end(o); o++)
		if (o->key > ' ' && o->key < 127 && o->key == c)
			return o;
	return NULL;
}

/* @next: the word behind, NULL at the end. Returns the words used behind this one, or -EINVAL. */
static int long_check(const struct argp_option *options, const char *word, const char *next,
		      char *sentence, size_t len)
{
	size_t name_len = strcspn(word + 2, "=");
	const struct argp_option *o;
	bool ambiguous;
	char shown[256];

	escape_columns(shown, sizeof(shown), word, name_len + 2, 60, ESCAPE_KEEP_START);
	o = long_find(options, word + 2, name_len, &ambiguous);
	if (!o) {
		snprintf(sentence, len,
			 ambiguous ? "the option '%s' could be several: write it out"
				   : "there is no option '%s'",
			 shown);
		return -EINVAL;
	}
	if (word[2 + name_len] && !o->arg) {
		snprintf(sentence, len, "the option '%s' takes no value", shown);
		return -EINVAL;
	}
	if (!o->arg || word[2 + name_len] || o->flags & OPTION_ARG_OPTIONAL)
		return 0;
	if (!next) {
		snprintf(sentence, len, "the option '%s' needs a value: %s", shown, o->arg);
		return -EINVAL;
	}
	return 1;
}

static int short_check(const struct argp_option *options, const char *word, const char *next,
		       char *sentence, size_t len)
{
	for (const char *c = word + 1; *c; c++) {
		const struct argp_option *o = short_find(options, *c);

		if (!o) {
			char shown[64];
			unsigned int wc;
			size_t n = utf8_decode(c, strlen(c), &wc);

			escape_text(shown, sizeof(shown), c, n ? n : 1);
			snprintf(sentence, len, "there is no option '-%s'", shown);
			return -EINVAL;
		}
		if (!o->arg)
			continue;
		if (c[1])
			return 0;
		if (!next) {
			snprintf(sentence, len, "the option '-%c' needs a value: %s", *c, o->arg);
			return -EINVAL;
		}
		return 1;
	}
	return 0;
}

int options_check(const struct argp_option *options, int argc, char **argv, char *sentence,
		  size_t len)
{
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used;

		if (!strcmp(argv[i], "--"))
			return 0;
		if (argv[i][0] != '-' || !argv[i][1])
			continue;
		if (argv[i][1] == '-')
			used = long_check(options, argv[i], next, sentence, len);
		else
			used = short_check(options, argv[i], next, sentence, len);
		if (used < 0)
			return used;
		i += used;
	}
	return 0;
}

int options_own(const struct argp_option *options, int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--")) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		char sentence[512];
		int used;

		if (argv[i][1] == '-')
			used = long_check(options, argv[i], next, sentence, sizeof(sentence));
		else
			used = short_check(options, argv[i], next, sentence, sizeof(sentence));
		i += 1 + (used > 0 ? used : 0);
	}
	return i;
}
