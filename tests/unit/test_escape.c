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
#include "view/escape.h"

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
	EXPECT_TEXT("\xc2\x9b" "31m", "\\xc2\\x9b31m", 11);
	/* and as a byte, which is invalid UTF-8 */
	EXPECT_TEXT("\x9b" "31m", "\\x9b31m", 7);
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
	EXPECT_TEXT("\xe6" "A", "\\xe6A", 5);
}

static void test_text_locale(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	EXPECT_TEXT("\xc3\xa4" "a", "\\xc3\\xa4a", 9);
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
	expect_columns("ab\x1b" "c", 6, ESCAPE_KEEP_START, "ab>", 3);
	expect_columns("ab\x1b" "c", 5, ESCAPE_KEEP_END, "<c", 2);
}

static void expect_utf8(const char *in, size_t len, const char *want)
{
	char out[64];

	assert_int_equal(escape_utf8(out, sizeof(out), in, len), strlen(want));
	assert_string_equal(out, want);
}

static void test_utf8(void **state)
{
	char out[8];

	(void)state;
	expect_utf8("a\xc3\xa4\n", 4, "a\xc3\xa4\n");
	expect_utf8("\xff" "a", 2, "\xef\xbf\xbd" "a");
	expect_utf8("\xe6\x97", 2, "\xef\xbf\xbd\xef\xbf\xbd");
	expect_utf8("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	/* bidi characters are valid: a JSON reader gets what the name is */
	expect_utf8("\xe2\x80\xae", 3, "\xe2\x80\xae");
	assert_int_equal(escape_utf8(out, 4, "\xff\xff", 2), 3);
	assert_string_equal(out, "\xef\xbf\xbd");
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
		cmocka_unit_test(test_text_plain),    cmocka_unit_test(test_text_control),
		cmocka_unit_test(test_text_unicode),  cmocka_unit_test(test_text_invalid),
		cmocka_unit_test(test_text_locale),   cmocka_unit_test(test_text_room),
		cmocka_unit_test(test_columns),	      cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_text_any_bytes),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
