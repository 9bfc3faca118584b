// SPDX-License-Identifier: GPL-2.0-only
/* screen_fixture.c - a screen without a terminal */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "screen_fixture.h"

int setup(void **state)
{
	struct screen_options o = { .delay_ms = 1000 };
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->e = feed_engine();
	f->m = model_new(&o);
	assert_non_null(f->m);
	f->info = (struct screen_info){ .version = "0.1.0",
					.kernel = "7.2.12",
					.regime = "current",
					.time = "12:31:07",
					.now = 20 * SEC };
	f->rows = 24;
	f->cols = 100;
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fixture *f = *state;

	model_free(f->m);
	engine_free(f->e);
	free(f);
	return 0;
}

void draw(struct fixture *f)
{
	assert_int_equal(model_draw(f->m, engine_now(f->e), &f->info, f->rows, f->cols), 0);
}

const char *row(struct fixture *f, int n)
{
	canvas_row_text(&f->m->canvas, n, f->line, sizeof(f->line));
	return f->line;
}

void expect_row(struct fixture *f, int n, const char *want)
{
	assert_string_equal(row(f, n), want);
}

int find(struct fixture *f, const char *text)
{
	for (int n = 0; n < f->rows; n++)
		if (strstr(row(f, n), text))
			return n;
	return -1;
}

enum canvas_attr look(struct fixture *f, int n, const char *text)
{
	const char *at = strstr(row(f, n), text);

	assert_non_null(at);
	/* ASCII before it: bytes are columns */
	return f->m->canvas.cells[n * f->cols + (at - f->line)].attr;
}

void press(struct fixture *f, const char *keys)
{
	for (; *keys; keys++)
		assert_int_equal(model_key(f->m, *keys), MODEL_REDRAW);
}

uint64_t first_pfn(struct fixture *f)
{
	return strtoull(row(f, SUMMARY_ROWS + (int)f->m->nr_waits + 1), NULL, 16);
}

void break_busy(struct fixture *f, uint64_t time, uint64_t index)
{
	struct dx_event ev = feed_event(DX_BREAK_BUSY, time, index);

	ev.tgid = ev.pid = 901;
	strcpy(ev.comm, "truncate");
	ev.refcount = 1025;
	ev.mapcount = 1;
	ev.pincount = 1;
	feed_push(f->e, &ev);
}
