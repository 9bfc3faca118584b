/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ESCAPE_H
#define DAXTOP_ESCAPE_H
/*
 * escape.h - makes hostile bytes (names of files, processes, devices) safe.
 *
 * What may be shown as text depends on the locale's LC_CTYPE: call setlocale() first.
 * In the C locale everything beyond ASCII is escaped. JSON does not depend on it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * True for a character that never goes out as it is, neither as text nor in JSON, since it has no
 * look of its own and may act on the terminal or on how the text around it looks: C0, DEL, C1,
 * bidirectional controls, line and paragraph separators, zero width characters, variation
 * selectors, tags, private use; and for what is no character (surrogates, U+FFFE).
 */
bool escape_is_hidden(unsigned int wc);

/*
 * For a line of text: invalid UTF-8, hidden characters and what the locale cannot
 * print become \xNN a byte; a backslash becomes two. One column wide letters with more than two
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
 * Prints a JSON text whose strings may have any bytes but controls below 0x20, " and \, which are
 * escaped already (json-c does that, and lets all else through). Hidden characters become \uNNNN,
 * as a pair beyond U+FFFF, each invalid byte \ufffd. Prints no more once @out has failed.
 */
void escape_json(FILE *out, const char *json);

bool escape_is_utf8(const char *s, size_t len);

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
