// SPDX-License-Identifier: GPL-2.0-only
/* canvas.c - a rectangle of characters */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "event.h"
#include "view/canvas.h"
#include "base/escape.h"

static struct canvas_cell *cell_at(const struct canvas *c, int row, int col)
{
	return &c->cells[(size_t)row * c->cols + col];
}

static void cell_set(struct canvas_cell *cell, wchar_t ch, enum canvas_attr attr)
{
	cell->ch[0] = ch;
	cell->ch[1] = L'\0';
	cell->attr = attr;
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->rows * c->cols; i++)
		cell_set(&c->cells[i], L' ', ATTR_NORMAL);
}

int canvas_resize(struct canvas *c, int rows, int cols)
{
	struct canvas_cell *cells = calloc((size_t)rows * cols, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	free(c->cells);
	c->cells = cells;
	c->rows = rows;
	c->cols = cols;
	canvas_clear(c);
	return 0;
}

void canvas_free(struct canvas *c)
{
	free(c->cells);
	memset(c, 0, sizeof(*c));
}

/* A half of a wide character that is overwritten would leave the other half. */
static void cell_unpair(struct canvas *c, int row, int col)
{
	if (col > 0 && !cell_at(c, row, col)->ch[0])
		cell_at(c, row, col - 1)->ch[0] = L' ', cell_at(c, row, col - 1)->ch[1] = L'\0';
	if (col + 1 < c->cols && !cell_at(c, row, col + 1)->ch[0])
		cell_at(c, row, col + 1)->ch[0] = L' ';
}

int canvas_put(struct canvas *c, int row, int col, int end, enum canvas_attr attr, const char *text)
{
	struct canvas_cell *last = NULL;
	size_t len = strlen(text);

	if (end > c->cols)
		end = c->cols;
	if (row < 0 || row >= c->rows || col < 0)
		return col;
	for (size_t i = 0; i < len;) {
		unsigned int wc;
		size_t n = utf8_decode(text + i, len - i, &wc);
		int width = n ? escape_wcwidth(wc) : -1;

		i += n ? n : 1;
		if (width == 0 && last) {
			size_t marks = wcslen(last->ch);

			if (marks < 3) {
				last->ch[marks] = wc;
				last->ch[marks + 1] = L'\0';
			}
			continue;
		}
		if (width <= 0) {
			wc = '?';
			width = 1;
		}
		if (col + width > end)
			break;
		cell_unpair(c, row, col);
		last = cell_at(c, row, col);
		cell_set(last, wc, attr);
		if (width == 2) {
			cell_unpair(c, row, col + 1);
			cell_set(last, wc, attr);
			cell_set(cell_at(c, row, col + 1), L'\0', attr);
		}
		col += width;
	}
	return col;
}

int canvas_printf(struct canvas *c, int row, int col, int end, enum canvas_attr attr,
		  const char *fmt, ...)
{
	/* a path of DX_PATH_LEN bytes, each escaped, and what goes with it */
	char text[4 * DX_PATH_LEN + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return canvas_put(c, row, col, end, attr, text);
}

void canvas_paint(struct canvas *c, int row, int col, int end, enum canvas_attr attr)
{
	if (row < 0 || row >= c->rows)
		return;
	for (; col < end && col < c->cols; col++)
		cell_at(c, row, col)->attr = attr;
}

static size_t utf8_encode(char *out, unsigned int wc)
{
	if (wc < 0x80) {
		out[0] = wc;
		return 1;
	}
	if (wc < 0x800) {
		out[0] = 0xc0 | wc >> 6;
		out[1] = 0x80 | (wc & 0x3f);
		return 2;
	}
	if (wc < 0x10000) {
		out[0] = 0xe0 | wc >> 12;
		out[1] = 0x80 | (wc >> 6 & 0x3f);
		out[2] = 0x80 | (wc & 0x3f);
		return 3;
	}
	out[0] = 0xf0 | wc >> 18;
	out[1] = 0x80 | (wc >> 12 & 0x3f);
	out[2] = 0x80 | (wc >> 6 & 0x3f);
	out[3] = 0x80 | (wc & 0x3f);
	return 4;
}

size_t canvas_row_text(const struct canvas *c, int row, char *out, size_t outlen)
{
	size_t pos = 0;

	for (int col = 0; col < c->cols; col++)
		for (const wchar_t *w = cell_at(c, row, col)->ch; *w && pos + 5 < outlen; w++)
			pos += utf8_encode(out + pos, *w);
	while (pos && out[pos - 1] == ' ')
		pos--;
	out[pos] = '\0';
	return pos;
}
