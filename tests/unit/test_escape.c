// SPDX-License-Identifier: GPL-2.0-only
/* test_escape.c - hostile bytes must come out harmless */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"

static void expect_text(const char *in, size_t len, const char *want, size_t columns)
{
	char out[512];

	assert_int_equal(escape_text(out, sizeof(out), in, len), columns);
	assert_string_equal(out, want);
}
#define EXPECT_TEXT(in, want, columns) expect_text(in, sizeof(in) - 1, want, columns)

static void test_text_plain(void **state)
{
	(void)state;
	EXPECT_TEXT("", "", 0);
	EXPECT_TEXT("/mnt/db/wal.0", "/mnt/db/wal.0", 13);
	EXPECT_TEXT("a b~", "a b~", 4);
	/* a NUL ends it, whatever the length says */
	expect_text("ab\0cd", 5, "ab", 2);
	/* and without one the length does */
	expect_text("abcd", 2, "ab", 2);
}

static void test_text_control(void **state)
{
	(void)state;
	EXPECT_TEXT("\x1b[31m", "\\x1b[31m", 8);
	EXPECT_TEXT("a\nb\tc\r", "a\\x0ab\\x09c\\x0d", 15);
	EXPECT_TEXT("\x7f\x01", "\\x7f\\x01", 8);
	/* C1 in UTF-8, among them CSI */
	EXPECT_TEXT("\xc2\x9b"
		    "31m",
		    "\\xc2\\x9b31m", 11);
	/* and as a byte, which is invalid UTF-8 */
	EXPECT_TEXT("\x9b"
		    "31m",
		    "\\x9b31m", 7);
	/* what looks like an escape must not be taken for one */
	EXPECT_TEXT("\\x1b", "\\\\x1b", 5);
}

static void test_text_unicode(void **state)
{
	(void)state;
	EXPECT_TEXT("\xc3\xa4", "\xc3\xa4", 1);
	/* wide: two columns a character */
	EXPECT_TEXT("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4);
	/* a letter with a mark stays; a mark alone, and a third one, do not */
	EXPECT_TEXT("e\xcc\x81", "e\xcc\x81", 1);
	EXPECT_TEXT("\xcc\x81", "\\xcc\\x81", 8);
	EXPECT_TEXT("e\xcc\x81\xcc\x82\xcc\x83", "e\xcc\x81\xcc\x82\\xcc\\x83", 9);
	/* right-to-left override, zero width space, BOM, soft hyphen, tag, private use */
	EXPECT_TEXT("\xe2\x80\xae", "\\xe2\\x80\\xae", 12);
	EXPECT_TEXT("\xe2\x81\xa6", "\\xe2\\x81\\xa6", 12);
	EXPECT_TEXT("\xe2\x80\x8b", "\\xe2\\x80\\x8b", 12);
	EXPECT_TEXT("\xef\xbb\xbf", "\\xef\\xbb\\xbf", 12);
	EXPECT_TEXT("\xc2\xad", "\\xc2\\xad", 8);
	EXPECT_TEXT("\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81", 16);
	EXPECT_TEXT("\xee\x80\x80", "\\xee\\x80\\x80", 12);
	/* line separator */
	EXPECT_TEXT("\xe2\x80\xa8", "\\xe2\\x80\\xa8", 12);
}

static void test_text_invalid(void **state)
{
	(void)state;
	EXPECT_TEXT("\xff\xfe", "\\xff\\xfe", 8);
	/* cut short, overlong, surrogate, beyond the last character */
	EXPECT_TEXT("\xe6\x97", "\\xe6\\x97", 8);
	EXPECT_TEXT("\xc0\xaf", "\\xc0\\xaf", 8);
	EXPECT_TEXT("\xe0\x80\xaf", "\\xe0\\x80\\xaf", 12);
	EXPECT_TEXT("\xed\xa0\x80", "\\xed\\xa0\\x80", 12);
	EXPECT_TEXT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", 16);
	/* a lead byte does not swallow the character behind it */
	EXPECT_TEXT("\xe6"
		    "A",
		    "\\xe6A", 5);
}

static void test_text_locale(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	EXPECT_TEXT("\xc3\xa4"
		    "a",
		    "\\xc3\\xa4a", 9);
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void test_text_room(void **state)
{
	char out[8];

	(void)state;
	/* an escape is whole or not there */
	memset(out, 'X', sizeof(out));
	escape_text(out, 6, "ab\x1b", 3);
	assert_string_equal(out, "ab");
	assert_int_equal(out[6], 'X');
	escape_text(out, 7, "ab\x1b", 3);
	assert_string_equal(out, "ab\\x1b");
	escape_text(out, 3, "a\xc3\xa4", 3);
	assert_string_equal(out, "a");
	escape_text(out, 1, "abc", 3);
	assert_string_equal(out, "");
}

static void expect_columns(const char *in, size_t columns, enum escape_keep keep, const char *want,
			   size_t used)
{
	char out[512];

	assert_int_equal(escape_columns(out, sizeof(out), in, strlen(in), columns, keep), used);
	assert_string_equal(out, want);
}

static void test_columns(void **state)
{
	const char *wide = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"; /* six columns */

	(void)state;
	expect_columns("abcdef", 6, ESCAPE_KEEP_START, "abcdef", 6);
	expect_columns("abcdef", 5, ESCAPE_KEEP_START, "abcd>", 5);
	expect_columns("abcdef", 5, ESCAPE_KEEP_END, "<cdef", 5);
	expect_columns("abcdef", 1, ESCAPE_KEEP_START, ">", 1);
	expect_columns("abcdef", 1, ESCAPE_KEEP_END, "<", 1);
	expect_columns("abcdef", 0, ESCAPE_KEEP_END, "", 0);
	/* a wide character that would be halved goes whole */
	expect_columns(wide, 6, ESCAPE_KEEP_END, wide, 6);
	expect_columns(wide, 5, ESCAPE_KEEP_START, "\xe6\x97\xa5\xe6\x9c\xac>", 5);
	expect_columns(wide, 4, ESCAPE_KEEP_START, "\xe6\x97\xa5>", 3);
	expect_columns(wide, 4, ESCAPE_KEEP_END, "<\xe8\xaa\x9e", 3);
	/* so does an escape */
	expect_columns("ab\x1b"
		       "c",
		       6, ESCAPE_KEEP_START, "ab>", 3);
	expect_columns("ab\x1b"
		       "c",
		       5, ESCAPE_KEEP_END, "<c", 2);
}

static void expect_json(const char *in, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	escape_json(f, in);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void test_json(void **state)
{
	(void)state;
	expect_json("", "");
	expect_json("{\"a\":\"\\n \xc3\xa4\"}", "{\"a\":\"\\n \xc3\xa4\"}");
	expect_json("\x7f"
		    "a\xc2\x9b",
		    "\\u007fa\\u009b");
	expect_json("\xe2\x80\xaeZ\xe2\x80\xa8", "\\u202eZ\\u2028");
	expect_json("\xf3\xa0\x80\x81\xf4\x8f\xbf\xbf", "\\udb40\\udc01\\udbff\\udfff");
	expect_json("\xf0\x9f\xbf\xbe", "\\ud83f\\udffe");
	/* no UTF-8: a byte alone, cut short, a surrogate */
	expect_json("\xff"
		    "a",
		    "\\ufffda");
	expect_json("\xe6\x97", "\\ufffd\\ufffd");
	expect_json("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");
	/* a name that has U+FFFD itself */
	expect_json("\xef\xbf\xbd", "\xef\xbf\xbd");
}

static void test_is_utf8(void **state)
{
	(void)state;
	assert_true(escape_is_utf8("", 0));
	assert_true(escape_is_utf8("a\xc3\xa4\xe2\x80\xae", 6));
	assert_false(escape_is_utf8("a\xc3\xa4", 2));
	assert_false(escape_is_utf8("\x80", 1));
}

static size_t encode(char *out, unsigned int wc)
{
	if (wc < 0x80)
		return out[0] = wc, 1;
	if (wc < 0x800)
		return out[0] = 0xc0 | wc >> 6, out[1] = 0x80 | (wc & 0x3f), 2;
	if (wc < 0x10000)
		return out[0] = 0xe0 | wc >> 12, out[1] = 0x80 | (wc >> 6 & 0x3f),
		       out[2] = 0x80 | (wc & 0x3f), 3;
	return out[0] = 0xf0 | wc >> 18, out[1] = 0x80 | (wc >> 12 & 0x3f),
	       out[2] = 0x80 | (wc >> 6 & 0x3f), out[3] = 0x80 | (wc & 0x3f), 4;
}

static const char *in_json(const char *in)
{
	static char text[64];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	escape_json(f, in);
	fclose(f);
	return text;
}

static bool is_ascii(const char *s)
{
	while (*s >= ' ' && *s <= '~')
		s++;
	return !*s;
}

/* Every character of these goes out as letters of ASCII only, as text and in JSON. */
static void test_hidden(void **state)
{
	static const struct {
		const char *what;
		unsigned int first, last;
	} rows[] = {
		{ "C0", 0x01, 0x1f },
		{ "DEL and C1", 0x7f, 0x9f },
		{ "soft hyphen", 0xad, 0xad },
		{ "arabic letter mark", 0x61c, 0x61c },
		{ "mongolian selectors", 0x180b, 0x180e },
		{ "zero width, direction marks", 0x200b, 0x200f },
		{ "line and paragraph separator", 0x2028, 0x2029 },
		{ "embeddings and overrides", 0x202a, 0x202e },
		{ "word joiner, isolates, deprecated controls", 0x2060, 0x206f },
		{ "private use", 0xe000, 0xf8ff },
		{ "no characters", 0xfdd0, 0xfdef },
		{ "variation selectors", 0xfe00, 0xfe0f },
		{ "byte order mark", 0xfeff, 0xfeff },
		{ "interlinear annotation", 0xfff9, 0xfffb },
		{ "no characters", 0xfffe, 0xffff },
		{ "controls of hieroglyphs", 0x13430, 0x1343f },
		{ "no characters", 0x1fffe, 0x1ffff },
		{ "musical controls", 0x1d173, 0x1d17a },
		{ "tags", 0xe0000, 0xe007f },
		{ "more variation selectors", 0xe0100, 0xe01ef },
		{ "private use", 0xf0000, 0x10ffff },
	};
	char in[8], out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned int wc = rows[i].first; wc <= rows[i].last; wc++) {
			in[encode(in, wc)] = '\0';
			escape_text(out, sizeof(out), in, strlen(in));
			if (!escape_is_hidden(wc) || escape_wcwidth(wc) != -1 || !is_ascii(out) ||
			    !out[0] || !is_ascii(in_json(in)))
				fail_msg("U+%04X (%s) goes out as it is", wc, rows[i].what);
		}
}

/* And letters go out as letters: what was hidden too much would make names unreadable. */
static void test_shown(void **state)
{
	static const char *const names[] = { "\xc3\xa4\xc3\xb6", "\xce\xb1",	 "\xd0\x9f",
					     "\xd7\xa9",	 "\xd8\xb9",	 "\xe0\xa4\x95",
					     "\xe6\x97\xa5",	 "\xea\xb0\x80", "\xf0\x9f\x98\x80" };
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		escape_text(out, sizeof(out), names[i], strlen(names[i]));
		assert_string_equal(out, names[i]);
		assert_string_equal(in_json(names[i]), names[i]);
	}
}

/* No bytes at all may come out as a control, and none out of bounds. */
static void test_text_any_bytes(void **state)
{
	static const char likely[] = "\xe2\x80\xae\xcc\x81\x1b\\a";
	unsigned int seed = 12345;
	char in[64], out[128];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = rand_r(&seed) % sizeof(in), size = 1 + rand_r(&seed) % sizeof(out);
		size_t used, columns = rand_r(&seed) % 40, width = 0;
		unsigned int wc;

		for (size_t i = 0; i < len; i++)
			in[i] = rand_r(&seed) % 3 ? rand_r(&seed) : likely[rand_r(&seed) % 8];
		used = escape_columns(out, size, in, len, columns, round & 1);
		assert_true(strlen(out) < size);
		assert_true(used <= columns);
		for (size_t i = 0, n; out[i]; i += n) {
			n = utf8_decode(out + i, strlen(out + i), &wc);
			assert_true(n > 0);
			assert_true(escape_wcwidth(wc) >= 0);
			width += escape_wcwidth(wc);
		}
		assert_int_equal(width, used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_plain),   cmocka_unit_test(test_text_control),
		cmocka_unit_test(test_text_unicode), cmocka_unit_test(test_text_invalid),
		cmocka_unit_test(test_text_locale),  cmocka_unit_test(test_text_room),
		cmocka_unit_test(test_columns),	     cmocka_unit_test(test_json),
		cmocka_unit_test(test_is_utf8),	     cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_shown),	     cmocka_unit_test(test_text_any_bytes),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
