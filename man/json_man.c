// SPDX-License-Identifier: GPL-2.0-only
/* json_man.c - prints daxtop-json(7) from the table of keys: `make man` */
#include <stdio.h>
#include <string.h>
#include "view/json_key.h"

struct key {
	const char *name, *meaning;
	enum json_form form;
};

static const struct key keys[] = {
#define KEY_ROW(constant, key, form, meaning) { key, meaning, form },
	JSON_KEYS(KEY_ROW)
};

static const struct {
	const char *type, *meaning;
	enum json_key keys[32]; /* to KEY_SCHEMA */
} lines[] = {
#define LINE_ROW(type, meaning, ...) { type, meaning, { __VA_ARGS__ } },
	JSON_LINES(LINE_ROW)
};

static const char *const forms[] = {
	[JSON_INT] = "number",
	[JSON_UINT] = "number",
	[JSON_UINT_NULL] = "number or null",
	[JSON_INT_NULL] = "number or null",
	[JSON_BOOL] = "true or false",
	[JSON_WORD] = "string",
	[JSON_WORD_NULL] = "string or null",
	[JSON_TEXT] = "string",
	[JSON_TEXT_NULL] = "string or null",
	[JSON_BYTES] = "string",
	[JSON_BYTES_NULL] = "string or null",
	[JSON_HEX] = "string, 0x...",
	[JSON_DEV] = "string",
	[JSON_WORDS] = "list of strings",
	[JSON_UINTS] = "list of numbers",
	[JSON_OBJECT] = "object",
	[JSON_OBJECT_NULL] = "object or null",
	[JSON_OBJECTS] = "list of objects",
	[JSON_BY_NAME] = "object by name",
	[JSON_BY_SIZE] = "object by size: 4K, 2M, 1G, other",
};

/* In roff a hyphen is to be had by \-, and a sentence must not begin with a dot. */
static void put(const char *text)
{
	for (; *text; text++)
		printf(*text == '-' ? "\\-" : "%c", *text);
}

int main(void)
{
	fputs(".\\\" SPDX-License-Identifier: GPL-2.0-only\n"
	      ".\\\" made by `make man` from src/view/json_key.h\n"
	      ".TH DAXTOP\\-JSON 7 \"\" \"daxtop\" \"daxtop manual\"\n"
	      ".SH NAME\n"
	      "daxtop\\-json \\- lines that daxtop prints with \\-\\-json\n"
	      ".SH DESCRIPTION\n"
	      "Each line is one object.\n"
	      "A key means the same in all commands, and its unit is in its name:\n"
	      ".B _ns\n"
	      "nanoseconds (a time is one of CLOCK_MONOTONIC),\n"
	      ".B _bytes\n"
	      "bytes; without one it is a count or a number.\n"
	      "What has no meaning is left out; null is what is not known, or not there.\n"
	      "Within schema 2 keys, kinds of line and words are only added.\n"
	      ".B daxtop \\-\\-json\\-schema\n"
	      "prints a JSON Schema of all lines (draft 2020\\-12).\n"
	      ".PP\n"
	      "Where a string is no UTF\\-8, its bytes stand beside it, in hex, as KEY_hex; see NAMES in\n"
	      ".BR daxtop (1).\n"
	      ".SH LINES\n"
	      "The value of\n"
	      ".B type\n"
	      "and the keys that such a line always has, besides\n"
	      ".B schema\n"
	      "and\n"
	      ".BR type .\n",
	      stdout);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		printf(".TP\n.B ");
		put(lines[i].type);
		putchar('\n');
		put(lines[i].meaning);
		for (int k = 0; lines[i].keys[k]; k++)
			printf("%s\n.%s %s%s", k ? "" : ":", lines[i].keys[k + 1] ? "IR" : "I",
			       keys[lines[i].keys[k]].name, lines[i].keys[k + 1] ? " ," : "");
		putchar('\n');
	}
	printf(".SH KEYS\n");
	for (size_t i = 0; i < JSON_KEY_NR; i++) {
		printf(".TP\n.BR %s \" (%s)\"\n", keys[i].name, forms[keys[i].form]);
		put(keys[i].meaning);
		putchar('\n');
	}
	fputs(".SH SEE ALSO\n"
	      ".BR daxtop (1),\n"
	      ".BR daxtop\\-check (1),\n"
	      ".BR daxtop\\-history (1),\n"
	      ".BR daxtop\\-holders (1),\n"
	      ".BR daxtop\\-probes (1),\n"
	      ".BR daxtop\\-rules (1),\n"
	      ".BR daxtop\\-scan (1),\n"
	      ".BR daxtop\\-trace (1)\n",
	      stdout);
	return ferror(stdout) ? 1 : 0;
}
