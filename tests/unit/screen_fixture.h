/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TEST_SCREEN_FIXTURE_H
#define DAXTOP_TEST_SCREEN_FIXTURE_H
/* screen_fixture.h - a screen without a terminal, for the tests of its picture and keys */
#include "view/model.h"
#include "view_feed.h"

#define MS  1000000ull
#define SEC 1000000000ull

/* An engine, a screen of a size, and what is around them. */
struct fixture {
	struct engine *e;
	struct model *m;
	struct screen_info info;
	int rows, cols;
	char line[2048];
};

/* cmocka's, for each test: 24x100, 20 s after boot, no folio */
int setup(void **state);
int teardown(void **state);
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

void draw(struct fixture *f);
/* Row @n of the picture as text; valid until the next call. */
const char *row(struct fixture *f, int n);
void expect_row(struct fixture *f, int n, const char *want);
/* Looks for @text anywhere; returns the row, -1: nowhere */
int find(struct fixture *f, const char *text);
/* The look of the first character of @text in row @n; ASCII before it. */
enum canvas_attr look(struct fixture *f, int n, const char *text);
/* Presses characters; each must ask for a redraw. */
void press(struct fixture *f, const char *keys);
/* pfn of the first row of the table */
uint64_t first_pfn(struct fixture *f);
/* truncate[901] waits for page @index, which is pinned once */
void break_busy(struct fixture *f, uint64_t time, uint64_t index);

#endif
