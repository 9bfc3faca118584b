// SPDX-License-Identifier: GPL-2.0-only
/* common.c - what the fuzzers share */
#include <json-c/json.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "base/escape.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	promise(setlocale(LC_CTYPE, "C.UTF-8"));
	return 0;
}

uint64_t bytes_number(struct bytes *b, size_t n)
{
	uint64_t value = 0;

	if (n > b->left)
		n = b->left;
	memcpy(&value, b->p, n);
	b->p += n;
	b->left -= n;
	return value;
}

char *bytes_string(struct bytes *b, size_t max)
{
	size_t len = bytes_number(b, max > 255 ? 2 : 1) % (max + 1);
	char *s;

	if (len > b->left)
		len = b->left;
	s = strndup((const char *)b->p, len);
	promise(s);
	b->p += len;
	b->left -= len;
	return s;
}

void promise_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

void promise_harmless(const char *text, bool lines)
{
	size_t len = strlen(text);

	for (size_t i = 0, n; i < len; i += n) {
		unsigned int wc;

		n = 1;
		if (text[i] >= ' ' && text[i] <= '~')
			continue;
		n = utf8_decode(text + i, len - i, &wc);
		if (n && (!escape_is_hidden(wc) || (wc == '\n' && lines)))
			continue;
		fprintf(stderr, "at %zu of: %s\n", i, text);
		promise(!"a hidden character or no UTF-8");
	}
}

void promise_json(char *text)
{
	for (char *line = strsep(&text, "\n"); line && *line; line = strsep(&text, "\n")) {
		struct json_tokener *tok = json_tokener_new();
		struct json_object *o;

		promise(tok);
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		o = json_tokener_parse_ex(tok, line, strlen(line) + 1);
		promise(json_object_is_type(o, json_type_object));
		json_object_put(o);
		json_tokener_free(tok);
	}
}

FILE *fuzz_file(const uint8_t *data, size_t size)
{
	/* fmemopen() takes no empty buffer before glibc 2.22, and writes none of ours */
	FILE *f = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "re");

	promise(f);
	return f;
}
