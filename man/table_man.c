// SPDX-License-Identifier: GPL-2.0-only
/*
 * table_man.c - a man page as it is, but for its tables, which are made from the source's: `make man`
 *
 * What stands between the comments "table NAME" and "end" is replaced.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "holder.h"

#define TABLE "." "\\\" table "
#define END   "." "\\\" end\n"

/* Words of a sentence: "-" is had by "\-", and a page's name is bold in "pipe(7)". */
static void put(const char *text)
{
	while (*text) {
		size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
		bool page = n && text[n] == '(' && isdigit(text[n + 1]) && text[n + 2] == ')';

		if (n)
			printf(page ? "\\fB%.*s\\fR" : "%.*s", (int)n, text);
		else
			printf(*text == '-' ? "\\-" : "%c", *text);
		text += n ? n : 1;
	}
}

static void put_holder(const char *name, int how, const char *what, const char *until)
{
	printf(".TP\n.I %s\n", name);
	put(what);
	printf("; until ");
	put(until);
	puts(how == HOLDER_COULD ? ". Always with a ?." : ".");
}

static void put_holders(void)
{
#define PUT_HOLDER(constant, ...) put_holder(__VA_ARGS__);
	HOLDERS(PUT_HOLDER)
}

static const struct {
	const char *name;
	void (*put)(void);
} tables[] = {
	{ "holders", put_holders },
};

static bool table_put(const char *name)
{
	size_t len = strcspn(name, ":\n");

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strlen(tables[i].name) == len && !strncmp(tables[i].name, name, len)) {
			tables[i].put();
			return true;
		}
	}
	fprintf(stderr, "table-man: no such table: %s", name);
	return false;
}

int main(void)
{
	char line[4096];
	bool inside = false;

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, END))
			inside = false;
		if (inside)
			continue;
		fputs(line, stdout);
		if (strncmp(line, TABLE, strlen(TABLE)))
			continue;
		inside = true;
		if (!table_put(line + strlen(TABLE)))
			return 1;
	}
	if (inside)
		fputs("table-man: a table without an end\n", stderr);
	return inside || ferror(stdin) || ferror(stdout);
}
