/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ESCAPE_H
#define DAXTOP_ESCAPE_H
/*
 * escape.h - makes hostile bytes (names of files, processes, devices) safe.
 *
 * What may be shown depends on the locale's LC_CTYPE: call setlocale() first.
 * In the C locale everything beyond ASCII is escaped.
 */
#include <stddef.h>

/*
 * For a line of text: control characters, ESC, C1, invalid UTF-8, bidi and
 * other format characters, and what the locale cannot print become \xNN a
 * byte; a backslash becomes two. One column wide letters with more than two
 * combining marks lose the rest to \xNN as well.
 *
 * @s: @len bytes, ended early by a NUL. @out: @outlen > 0 bytes, always NUL
 * terminated; what does not fit is cut at a whole character or escape.
 * Returns the columns used.
 */
size_t escape_text(char *out, size_t outlen, const char *s, size_t len);

/* Which end stays when a name is too long for its columns. */
enum escape_keep { ESCAPE_KEEP_START, ESCAPE_KEEP_END };

/*
 * The same, cut to at most @columns; a cut is shown by '<' in the place of what
 * is missing at the start, '>' at the end. Returns the columns used.
 */
size_t escape_columns(char *out, size_t outlen, const char *s, size_t len, size_t columns,
		      enum escape_keep keep);

/*
 * Valid UTF-8 for JSON: each invalid byte becomes U+FFFD, the rest stays as it
 * is (json-c escapes control characters). Returns the bytes written without
 * the NUL; 3 * @len + 1 bytes are always enough.
 */
size_t escape_utf8(char *out, size_t outlen, const char *s, size_t len);

/*
 * Decodes one UTF-8 character of @s (@len >= 1 bytes). Returns its length 1..4
 * and sets *@wc, or 0 when the bytes are no valid UTF-8 (overlong, surrogate,
 * beyond U+10FFFF, cut short).
 */
size_t utf8_decode(const char *s, size_t len, unsigned int *wc);

/*
 * Columns that @wc takes: 1, 2; 0 for a combining mark that may follow a
 * letter; -1 when it must be escaped.
 */
int escape_wcwidth(unsigned int wc);

#endif
