// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_escape.c - names, as text of any width and in JSON: harmless, within bounds, and not ambiguous */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "view/canvas.h"
#include "base/escape.h"
#include "view/json.h"
#include "view/json_add.h"

static size_t columns_of(const char *text)
{
	size_t columns = 0;
	unsigned int wc;

	for (size_t len = strlen(text), n; len; text += n, len -= n) {
		n = utf8_decode(text, len, &wc);
		promise(n && escape_wcwidth(wc) >= 0);
		columns += escape_wcwidth(wc);
	}
	return columns;
}

/* \xNN and \\ turned back. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		unsigned int byte;

		if (*s == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &byte) == 1) {
			*to++ = byte;
			s += 4;
		} else {
			s += *s == '\\';
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static void text(const char *name, size_t len)
{
	char *out = malloc(4 * len + 1);

	promise(out);
	promise(escape_text(out, 4 * len + 1, name, len) == columns_of(out));
	promise_harmless(out, false);
	unescape(out);
	promise(!strcmp(out, name));
	free(out);
}

static void cut(const char *name, size_t len, size_t columns, size_t outlen, enum escape_keep keep)
{
	char *out = malloc(outlen);
	size_t used;

	promise(out);
	used = escape_columns(out, outlen, name, len, columns, keep);
	promise(strlen(out) < outlen && used <= columns && used == columns_of(out));
	promise_harmless(out, false);
	free(out);
}

/*
 * \uHHHH\uLLLL turned back. json-c 0.16 reads the pair of a character whose low 16 bits are d800 to
 * dfff (U+ED800) as U+FFFD: json_tokener.c looks at these bits of the whole for half a pair.
 */
static void unescape_pairs(char *line)
{
	char *to = line;

	for (char *s = line; *s;) {
		unsigned int high, low, wc;

		if (sscanf(s, "\\u%4x\\u%4x", &high, &low) == 2 && high >= 0xd800 && high < 0xdc00) {
			promise(low >= 0xdc00 && low < 0xe000);
			wc = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
			*to++ = 0xf0 | wc >> 18;
			*to++ = 0x80 | (wc >> 12 & 0x3f);
			*to++ = 0x80 | (wc >> 6 & 0x3f);
			*to++ = 0x80 | (wc & 0x3f);
			s += 12;
			continue;
		}
		if (*s == '\\')
			*to++ = *s++;
		*to++ = *s++;
	}
	*to = '\0';
}

static void json(const char *name, size_t len)
{
	struct json_object *o, *got, *bytes;
	char *line = NULL;
	size_t n = 0;
	bool failed;
	FILE *f = open_memstream(&line, &n);

	promise(f);
	o = json_start("name", &failed);
	json_add_string(o, KEY_NAME, name, len, &failed);
	promise(!json_finish(f, o, failed));
	fclose(f);
	promise_harmless(line, true);
	promise(strchr(line, '\n') == line + n - 1);
	unescape_pairs(line);
	o = json_tokener_parse(line);
	promise(o && json_object_object_get_ex(o, "name", &got));
	if (escape_is_utf8(name, len)) {
		promise(!strcmp(json_object_get_string(got), name));
		promise(!json_object_object_get_ex(o, "name_hex", &bytes));
	} else {
		promise(json_object_object_get_ex(o, "name_hex", &bytes));
		promise(strlen(json_object_get_string(bytes)) == 2 * len);
	}
	json_object_put(o);
	free(line);
}

static void screen(const char *name, int columns)
{
	struct canvas c = {};
	char row[1024];

	promise(!canvas_resize(&c, 1, columns));
	canvas_put(&c, 0, 0, columns, ATTR_NORMAL, name);
	canvas_row_text(&c, 0, row, sizeof(row));
	promise_harmless(row, false);
	canvas_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	size_t columns = bytes_number(&b, 1), outlen = 1 + bytes_number(&b, 1);
	char *name = strndup((const char *)b.p, b.left);
	size_t len;

	promise(name);
	len = strlen(name);
	text(name, len);
	cut(name, len, columns, outlen, ESCAPE_KEEP_START);
	cut(name, len, columns, outlen, ESCAPE_KEEP_END);
	json(name, len);
	screen(name, 1 + columns % 80);
	free(name);
	return 0;
}
