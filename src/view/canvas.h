/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_CANVAS_H
#define DAXTOP_CANVAS_H
/*
 * canvas.h - a rectangle of characters that views draw on; screen.c copies it
 * to the terminal, tests and batch mode read it as text.
 */
#include <stddef.h>
#include <wchar.h>

/* What a place means; screen.c makes colours of it. */
enum canvas_attr {
	ATTR_NORMAL,
	ATTR_DIM, /* of minor weight: inferred, last seen */
	ATTR_TITLE, /* column titles */
	ATTR_STRONG,
	ATTR_SELECTED,
	ATTR_PIN, /* somebody holds it */
	ATTR_WAIT, /* somebody waits for it */
	ATTR_ALARM, /* must not be overlooked: loss, frozen */
	ATTR_KEY, /* names of keys */
	CANVAS_ATTRS
};

struct canvas_cell {
	/* a character and its marks, NUL-terminated; "": right half of the one before */
	wchar_t ch[4];
	unsigned char attr;
};

struct canvas {
	int rows, cols;
	struct canvas_cell *cells; /* rows * cols */
};

/* All blank. Returns 0 or -ENOMEM (canvas unchanged). */
int canvas_resize(struct canvas *c, int rows, int cols);
void canvas_free(struct canvas *c);
void canvas_clear(struct canvas *c);

/*
 * Writes @text (valid, escaped UTF-8; anything else becomes '?') at most up to
 * column @end; outside the canvas nothing happens. Returns the column behind.
 */
int canvas_put(struct canvas *c, int row, int col, int end, enum canvas_attr attr, const char *text);
__attribute__((format(printf, 6, 7))) int canvas_printf(struct canvas *c, int row, int col, int end,
							enum canvas_attr attr, const char *fmt, ...);
/* The columns from @col to before @end: their text stays, their look changes. */
void canvas_paint(struct canvas *c, int row, int col, int end, enum canvas_attr attr);

/* One row as UTF-8 without trailing blanks, NUL-terminated. Returns the length. */
size_t canvas_row_text(const struct canvas *c, int row, char *out, size_t outlen);

#endif
