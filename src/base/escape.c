// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* wcwidth() */
/* escape.c - hostile bytes to safe text */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include "base/escape.h"

/* Longest piece: a character with two marks (4 + 4 + 4), or four bytes as \xNN (16). */
#define PIECE_MAX 20

size_t utf8_decode(const char *s, size_t len, unsigned int *wc)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned int c = u[0];
	size_t n;

	if (c < 0x80) {
		*wc = c;
		return 1;
	}
	if (c >= 0xc2 && c < 0xe0)
		n = 2;
	else if (c >= 0xe0 && c < 0xf0)
		n = 3;
	else if (c >= 0xf0 && c < 0xf5)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	c &= 0x7f >> n;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*wc = c;
	return n;
}

/*
 * Default_Ignorable_Code_Point, Bidi_Control, the line and paragraph separators (Unicode,
 * DerivedCoreProperties.txt, PropList.txt), controls of hieroglyphs and of musical notes, private
 * use. wcwidth() gives some of them a width of 0 or 1, which would let them through.
 */
static const struct {
	unsigned int first, last;
} hidden[] = {
	{ 0x00, 0x1f },	      { 0x7f, 0x9f },	     { 0xad, 0xad },	   { 0x034f, 0x034f },
	{ 0x061c, 0x061c },   { 0x115f, 0x1160 },    { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
	{ 0x200b, 0x200f },   { 0x2028, 0x202e },    { 0x2060, 0x206f },   { 0x3164, 0x3164 },
	{ 0xd800, 0xf8ff },   { 0xfdd0, 0xfdef },    { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },    { 0x13430, 0x1345f }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, UINT_MAX },
};

bool escape_is_hidden(unsigned int wc)
{
	if (wc >= ' ' && wc <= '~')
		return false;
	if ((wc & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (wc >= hidden[i].first && wc <= hidden[i].last)
			return true;
	return false;
}

int escape_wcwidth(unsigned int wc)
{
	int width;

	if (escape_is_hidden(wc))
		return -1;
	if (wc < 0x7f)
		return 1;
	width = wcwidth((wchar_t)wc);
	return width > 2 ? -1 : width;
}

/* What one step over the input gives: bytes taken, text for them, its columns. */
struct piece {
	char text[PIECE_MAX];
	size_t len;
	size_t columns;
	size_t taken;
};

static void piece_hex(struct piece *p, const char *s, size_t n)
{
	p->len = 0;
	for (size_t i = 0; i < n; i++)
		p->len += snprintf(p->text + p->len, sizeof(p->text) - p->len, "\\x%02x",
				   (unsigned char)s[i]);
	p->columns = p->len;
	p->taken = n;
}

/* A character with up to two combining marks, or an escape. @len >= 1. */
static void piece_next(struct piece *p, const char *s, size_t len)
{
	unsigned int wc;
	size_t n = utf8_decode(s, len, &wc);
	int width;

	if (!n) {
		piece_hex(p, s, 1);
		return;
	}
	if (wc == '\\') {
		memcpy(p->text, "\\\\", 2);
		p->len = 2;
		p->columns = 2;
		p->taken = 1;
		return;
	}
	width = escape_wcwidth(wc);
	/* A mark that comes here has no letter, or too many marks before it. */
	if (width <= 0) {
		piece_hex(p, s, n);
		return;
	}
	for (int marks = 0; marks < 2 && n < len; marks++) {
		size_t m = utf8_decode(s + n, len - n, &wc);

		if (!m || escape_wcwidth(wc) != 0)
			break;
		n += m;
	}
	memcpy(p->text, s, n);
	p->len = n;
	p->columns = width;
	p->taken = n;
}

size_t escape_text(char *out, size_t outlen, const char *s, size_t len)
{
	return escape_columns(out, outlen, s, len, (size_t)-1, ESCAPE_KEEP_START);
}

size_t escape_columns(char *out, size_t outlen, const char *s, size_t len, size_t columns,
		      enum escape_keep keep)
{
	size_t pos = 0, used = 0, skip = 0, total = 0;
	struct piece p;

	len = strnlen(s, len);
	if (columns != (size_t)-1)
		for (size_t i = 0; i < len; i += p.taken) {
			piece_next(&p, s + i, len - i);
			total += p.columns;
		}
	out[0] = '\0';
	if (!columns || outlen < 2)
		return 0;
	if (total > columns && keep == ESCAPE_KEEP_END) {
		/* Leave out from the start until the rest and the '<' fit. */
		while (total + 1 > columns) {
			piece_next(&p, s + skip, len - skip);
			total -= p.columns;
			skip += p.taken;
		}
		out[pos++] = '<';
		used = 1;
	}
	for (size_t i = skip; i < len; i += p.taken) {
		size_t room = columns;

		piece_next(&p, s + i, len - i);
		if (total > columns && keep == ESCAPE_KEEP_START)
			room--;
		if (used + p.columns > room) {
			if (pos + 1 < outlen) {
				out[pos++] = '>';
				used++;
			}
			break;
		}
		if (pos + p.len >= outlen)
			break;
		memcpy(out + pos, p.text, p.len);
		pos += p.len;
		used += p.columns;
	}
	out[pos] = '\0';
	return used;
}

bool escape_is_utf8(const char *s, size_t len)
{
	unsigned int wc;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(s + i, len - i, &wc);
		if (!n)
			return false;
	}
	return true;
}

void escape_json(FILE *out, const char *json)
{
	size_t len = strlen(json), done = 0;

	for (size_t i = 0, n; i < len && !ferror(out); i += n) {
		unsigned int wc;

		n = 1;
		if (json[i] >= ' ' && json[i] <= '~')
			continue;
		n = utf8_decode(json + i, len - i, &wc);
		if (n && !escape_is_hidden(wc))
			continue;
		fwrite(json + done, 1, i - done, out);
		if (!n) {
			wc = 0xfffd;
			n = 1;
		}
		if (wc < 0x10000)
			fprintf(out, "\\u%04x", wc);
		else
			fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (wc >> 10), 0xdc00 + (wc & 0x3ff));
		done = i + n;
	}
	if (!ferror(out))
		fwrite(json + done, 1, len - done, out);
}
