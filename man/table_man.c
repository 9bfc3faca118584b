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
#include "perf.h"
#include "rule.h"
#include "wait_kind.h"

#define TABLE "." "\\\" table "
#define END   "." "\\\" end\n"

/*
 * Words of a sentence: "-" is had by "\-", and a page's name is bold in "pipe(7)"; ~word~ is in italics,
 * `word` bold.
 */
static void put(const char *text)
{
	static char font;

	while (*text) {
		size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
		bool page = n && text[n] == '(' && isdigit(text[n + 1]) && text[n + 2] == ')';

		fputs(page ? "\\fB" : "", stdout);
		for (n += !n; n--; text++) {
			if (*text == '~' || *text == '`') {
				font = font ? 0 : *text;
				fputs(!font ? "\\fR" : font == '~' ? "\\fI" : "\\fB", stdout);
			} else {
				printf(*text == '-' ? "\\-" : "%c", *text);
			}
		}
		fputs(page ? "\\fR" : "", stdout);
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

static void put_wait(const char *name, const char *in, const char *more)
{
	printf(".TP\n.I ");
	put(name);
	printf("\n%c", toupper(in[0]));
	put(in + 1);
	printf(": ");
	put(more);
	puts(".");
}

static void put_waits(void)
{
#define PUT_WAIT(constant, ...) put_wait(__VA_ARGS__);
	WAITS(PUT_WAIT)
}

static void put_cause(const char *name, const char *says, const char *remedy)
{
	if (!*name)
		return;
	printf(".TP\n.I ");
	put(name);
	printf("\n%c", toupper(says[0]));
	put(says + 1);
	printf(". To change it: ");
	put(remedy);
	puts(".");
}

static void put_causes(void)
{
#define PUT_CAUSE(constant, ...) put_cause(__VA_ARGS__);
	PERF_CAUSES(PUT_CAUSE)
}

/* ---- rules ---- */

#define COLUMNS 110

/* In lines of COLUMNS at most; "\n" begins a paragraph. A full stop is added where @stop says so. */
static void put_wrapped(const char *text, bool stop)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");
		char word[256];

		if (column && column + 1 + n > COLUMNS) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
			column++;
		}
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		put(word);
		column += n;
		text += n;
		if (*text == '\n') {
			printf("\n.IP\n");
			column = 0;
		}
		text += *text != '\0';
	}
	puts(stop ? "." : "");
}

struct section {
	const char *id, *title;
};
#define FS_DAX	{ "fs-dax", "Filesystems' DAX (FS_DAX)" }
#define OTHER	{ "other", "Other memory of devices" }
#define GUP	{ "gup", "get_user_pages()" }
#define PGMAP	{ "pgmap", "Devices that go (pgmap)" }
#define LEAKS	{ "leaks", "Leaks" }
#define WAITING { "waiting", "Waiting" }
static const struct section sections[] = { FS_DAX, OTHER, GUP, PGMAP, LEAKS, WAITING };

enum regimes { ALL, NEWER };

static const struct {
	const char *id;
	struct section section;
	enum regimes regimes;
	const char *says, *text, *source;
} rules[] = {
#define RULE(constant, number, id, section, judged, regimes, says, broken, note, text, source, ...) \
	{ id, section, regimes, says, text, source },
#include "rules.def"
#undef RULE
};

static void put_rule(size_t i)
{
	printf(".TP\n.B ");
	put(rules[i].id);
	printf("\n%c", toupper(rules[i].says[0]));
	put(rules[i].says + 1);
	puts(".");
	put_wrapped(rules[i].text, false);
	puts(".IP\nKernel:");
	put_wrapped(rules[i].source, true);
	if (rules[i].regimes == NEWER)
		puts(".IP\nNot on a legacy kernel.");
}

/* By section; the numbers are those of the table's order. */
static void put_rules(void)
{
	for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
		printf(".SS \"%s\"\n", sections[s].title);
		for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
			if (!strcmp(rules[i].section.id, sections[s].id))
				put_rule(i);
	}
}

/* ---- events ---- */

/* Those that have no text of their own share the next one's. */
static void put_event(const char *name, const char *text)
{
	static bool more;

	printf("%s", more ? ".TQ\n.B " : ".TP\n.B ");
	put(name);
	putchar('\n');
	more = !text;
	if (text)
		put_wrapped(text, false);
}

static void put_events(void)
{
#define EVENT(constant, number, name, carries, text) put_event(name, text);
#include "events.def"
#undef EVENT
}

static const struct {
	const char *name;
	void (*put)(void);
} tables[] = {
	{ "causes", put_causes },
	{ "events", put_events },
	{ "holders", put_holders },
	{ "rules", put_rules },
	{ "waits", put_waits },
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
