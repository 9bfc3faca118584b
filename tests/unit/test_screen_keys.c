// SPDX-License-Identifier: GPL-2.0-only
/* test_screen_keys.c - what keys do: sort, select, filter, freeze, the pane, help */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "../records.h"
#include "screen_fixture.h"

static void test_sort(void **state)
{
	struct fixture *f = *state;

	feed_fault(f->e, 1 * SEC, 0);
	feed_fault(f->e, 2 * SEC, 1);
	feed_pin(f->e, 3 * SEC, 1, 0);
	feed_fault(f->e, 4 * SEC, 2);
	draw(f);
	assert_int_equal(first_pfn(f), 0x108001); /* pins */
	for (int i = 0; i < SCREEN_SORT_AGE; i++)
		press(f, "s");
	draw(f);
	expect_row(f, 3, "sort: age");
	assert_int_equal(first_pfn(f), 0x108000);
	press(f, "r");
	draw(f);
	expect_row(f, 3, "sort: age (reversed)");
	assert_int_equal(first_pfn(f), 0x108002);
	press(f, "rs");
	draw(f);
	expect_row(f, 3, "sort: last");
	assert_int_equal(first_pfn(f), 0x108002);
	press(f, "s");
	draw(f);
	expect_row(f, 3, "sort: pfn");
	assert_int_equal(first_pfn(f), 0x108000);
	/* round again */
	press(f, "ssss");
	draw(f);
	expect_row(f, 3, "sort: pins");
}

/* The selection stays on its folio when others move past it. */
static void test_selection_follows(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		feed_fault(f->e, (100 + i) * MS, i);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108000);
	/* not moved yet: the first row, whoever that is */
	feed_pin(f->e, 300 * MS, 50, 0);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108032);
	press(f, "jj");
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108001);
	feed_pin(f->e, 301 * MS, 60, 0);
	feed_pin(f->e, 302 * MS, 61, 0);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108001);
	assert_int_equal(f->m->selected, 4);
	/* and on its line, though it is fourth now */
	assert_int_equal(f->m->scroll, 2);
	press(f, "k");
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108000);
	/* home: the first again, and the ones that come */
	press(f, "g");
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108032);
	assert_int_equal(f->m->scroll, 0);
}

/* What was shown when the key was pressed is meant, whatever has happened since. */
static void test_selection_is_what_was_shown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++)
		feed_fault(f->e, (100 + i) * MS, i);
	draw(f);
	feed_pin(f->e, 300 * MS, 9, 0);
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108000);
	assert_true(find(f, "pfn 0x108000 4K") > 0);
	feed_pin(f->e, 301 * MS, 8, 0);
	press(f, "j");
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108001);
	/* two keys between two pictures */
	press(f, "jk");
	feed_pin(f->e, 302 * MS, 7, 0);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108001);
}

static void test_scroll(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		feed_fault(f->e, (100 + i) * MS, i);
	f->m->sort = SCREEN_SORT_PFN;
	draw(f);
	assert_int_equal(f->m->page, 18);
	model_key(f->m, MODEL_KEY_PAGE_DOWN);
	draw(f);
	assert_int_equal(f->m->selected, 18);
	assert_int_equal(f->m->scroll, 1);
	model_key(f->m, MODEL_KEY_END);
	draw(f);
	assert_int_equal(f->m->selected, 99);
	assert_int_equal(f->m->scroll, 82);
	assert_int_equal(strtoull(row(f, 22), NULL, 16), 0x108063);
	model_key(f->m, MODEL_KEY_DOWN);
	model_key(f->m, MODEL_KEY_UP);
	model_key(f->m, MODEL_KEY_PAGE_UP);
	draw(f);
	assert_int_equal(f->m->selected, 81);
	model_key(f->m, MODEL_KEY_HOME);
	draw(f);
	assert_int_equal(f->m->selected, 0);
	/* keys count although no picture came between */
	model_key(f->m, MODEL_KEY_END);
	press(f, "kk");
	draw(f);
	assert_int_equal(f->m->selected, 97);
	assert_int_equal(model_selected(f->m)->f.pfn, 0x108061);
	/* a larger terminal shows more, not blanks */
	model_key(f->m, MODEL_KEY_END);
	f->rows = 60;
	draw(f);
	assert_int_equal(f->m->scroll, 46);
}

static void test_filter(void **state)
{
	struct fixture *f = *state;
	struct dx_event ev = feed_event(DX_INSERT, 9 * SEC, 7);

	feed_path(f->e, "/mnt/db/wal", 11, 0);
	feed_fault(f->e, 5 * SEC, 0);
	feed_fault(f->e, 6 * SEC, 1);
	feed_pin(f->e, 7 * SEC, 1, 0);
	ev.ino = 0;
	ev.dev = 0;
	strcpy(ev.comm, "fio");
	feed_push(f->e, &ev);
	press(f, "/");
	draw(f);
	expect_row(f, 23, "filter: _");
	/* keys are letters now */
	press(f, "qfio");
	draw(f);
	expect_row(f, 23, "filter: qfio_");
	assert_int_equal(f->m->nr_items, 3); /* not before Enter */
	model_key(f->m, 'U' - '@');
	press(f, "fix");
	model_key(f->m, MODEL_KEY_BACKSPACE);
	press(f, "o");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(f->m->nr_items, 1);
	assert_int_equal(first_pfn(f), 0x108007);
	expect_row(f, 3, "sort: pins  shown 1  /fio");
	/* escape leaves it as it was */
	press(f, "/x");
	model_key(f->m, MODEL_KEY_ESCAPE);
	draw(f);
	expect_row(f, 3, "sort: pins  shown 1  /fio");
	press(f, "/");
	model_key(f->m, 'U' - '@');
	press(f, "nothing");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	expect_row(f, 6, " no folio matches: / p w change what is shown");
	press(f, "/");
	model_key(f->m, 'U' - '@');
	model_key(f->m, 0xe4); /* one letter, two bytes */
	model_key(f->m, 0x65e5);
	draw(f);
	expect_row(f, 23, "filter: \xc3\xa4\xe6\x97\xa5_");
	model_key(f->m, MODEL_KEY_BACKSPACE);
	model_key(f->m, MODEL_KEY_BACKSPACE);
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(f->m->nr_items, 3);
	press(f, "p");
	draw(f);
	assert_int_equal(f->m->nr_items, 1);
	assert_int_equal(first_pfn(f), 0x108001);
	expect_row(f, 3, "sort: pins  shown 1  pinned only");
	press(f, "pw");
	draw(f);
	expect_row(f, 3, "sort: pins  shown 0  waited only");
	/* longer than there is room for */
	press(f, "w/");
	for (int i = 0; i < 1000; i++)
		model_key(f->m, 0x65e5);
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
}

/* A filter by process finds what it holds, though another was there last. */
static void test_filter_holder(void **state)
{
	struct fixture *f = *state;

	feed_fault(f->e, 5 * SEC, 0);
	feed_pin(f->e, 6 * SEC, 0, 0);
	break_busy(f, 7 * SEC, 0);
	feed_fault(f->e, 8 * SEC, 1);
	f->m->filter.comm = "db";
	draw(f);
	assert_int_equal(f->m->nr_items, 2);
	f->m->filter.comm = "truncate";
	draw(f);
	assert_int_equal(f->m->nr_items, 1);
	f->m->filter.comm = NULL;
	f->m->filter.pid = 813;
	draw(f);
	assert_int_equal(f->m->nr_items, 1);
	assert_int_equal(first_pfn(f), 0x108000);
	f->m->filter.pid = 0;
	press(f, "/db");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(f->m->nr_items, 2);
}

static void test_freeze(void **state)
{
	struct fixture *f = *state;
	struct dx_event ev;

	feed_path(f->e, "/mnt/db/wal", 11, 0);
	feed_fault(f->e, 5 * SEC, 0);
	feed_fault(f->e, 6 * SEC, 1);
	draw(f);
	press(f, "f");
	draw(f);
	assert_non_null(strstr(row(f, 3), " FROZEN 0us ago, 0 events since"));
	assert_int_equal(look(f, 3, "FROZEN"), ATTR_ALARM);
	/* the world goes on */
	feed_pin(f->e, 7 * SEC, 1, 0);
	feed_fault(f->e, 8 * SEC, 2);
	feed_path(f->e, "/mnt/db/renamed", 15, 0);
	put_lost(f->e, 0, DX_PIN, 5, 9 * SEC);
	f->info.now += 3 * SEC;
	draw(f);
	assert_non_null(strstr(row(f, 3), " FROZEN 3.0s ago, 3 events since"));
	expect_row(f, 1, "folios 2 (4K 2 2M 0)  mapped 2  pinned 0  waits 0  findings 0");
	assert_non_null(strstr(row(f, 5), "/mnt/db/wal:0x0 "));
	assert_non_null(strstr(row(f, 5), " 15.0s ")); /* old as it was */
	assert_non_null(strstr(row(f, 6), " 0.~1.2.~1"));
	assert_null(strstr(row(f, 6), "1025"));
	expect_row(f, 7, "");
	/* but not unseen: events that are lost now are lost */
	assert_non_null(strstr(row(f, 0), "lost 5"));
	/* sort, filter and the pane work on the frozen rows */
	press(f, "sssss");
	press(f, "r");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(first_pfn(f), 0x108001);
	assert_int_equal(find(f, "1025"), -1);
	assert_int_equal(find(f, "held for"), -1);
	/* and on again */
	press(f, " ");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	assert_int_equal(find(f, "FROZEN"), -1);
	assert_true(find(f, "1025") > 0);
	assert_int_equal(f->m->nr_items, 3);
	ev = feed_event(DX_FREE, 10 * SEC, 0);
	feed_push(f->e, &ev);
	draw(f);
}

static void insert(struct fixture *f, int first, int last, unsigned int type)
{
	for (int i = first; i < last; i++) {
		struct dx_event ev = feed_event(type, 100 + i, i);

		assert_int_equal(put_event(f->e, &ev, sizeof(ev)), 0);
	}
	put_time(f->e, UINT64_MAX);
}

/* A frozen screen has all folios as they were, also those that were not shown then. */
static void test_freeze_many(void **state)
{
	struct fixture *f = *state;

	insert(f, 0, 30000, DX_INSERT);
	f->m->sort = SCREEN_SORT_PFN;
	draw(f);
	model_move(f->m, 20000);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, FEED_PFN + 20000);
	press(f, "f");
	draw(f);
	feed_fault(f->e, 40000, 1);
	insert(f, 30000, 40000, DX_INSERT);
	draw(f);
	assert_int_equal(f->m->nr_items, 30000);
	assert_int_equal(model_selected(f->m)->f.pfn, FEED_PFN + 20000);
	assert_null(strstr(row(f, 3), "shown"));
	model_move(f->m, -19999);
	draw(f);
	assert_int_equal(model_selected(f->m)->f.pfn, FEED_PFN + 1);
	assert_int_equal(model_selected(f->m)->f.mapcount, 0);
	model_move(f->m, 20009);
	draw(f);
	press(f, "f");
	draw(f);
	assert_int_equal(f->m->nr_items, 40000);
	assert_int_equal(model_selected(f->m)->f.pfn, FEED_PFN + 20010);
	assert_int_equal(f->m->selected, 20010);
}

static void test_detail(void **state)
{
	struct fixture *f = *state;

	feed_path(f->e, "/mnt/db/wal", 11, 0);
	feed_fault(f->e, 5 * SEC, 0);
	feed_fault(f->e, 6 * SEC, 1);
	feed_pin(f->e, 7 * SEC, 1, DX_F_LONGTERM);
	f->rows = 30;
	draw(f);
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	expect_row(f, 17, "pfn 0x108001 4K  refcount 1025 mapcount 1 pins 1  /mnt/db/wal:0x1000");
	expect_row(f, 18, " held for 13.0s by db[813]: 1 pin, longterm");
	assert_int_equal(look(f, 18, "held"), ATTR_PIN);
	assert_memory_equal(row(f, 19), "        TIME  EVENT ", 20);
	expect_row(f, 20,
		   "    0.000000  insert       db[813]                0 -> 0              0   "
		   "  0   4K insert,install,wr");
	expect_row(f, 21,
		   "    0.000000 ~fault-ref    db[813]                0 ~> 1              0   "
		   "  0   4K");
	/* inferred steps look different too */
	assert_int_equal(look(f, 20, "insert"), ATTR_NORMAL);
	assert_int_equal(look(f, 21, "~fault-ref"), ATTR_DIM);
	expect_row(f, 25,
		   "    1.000000  pin          db[813]                1 -> 1025           1   "
		   "  1   4K longterm ret=1");
	press(f, "j");
	draw(f);
	expect_row(f, 17, "pfn 0x108000 4K  refcount 1 mapcount 1 pins 0  /mnt/db/wal:0x0");
	model_key(f->m, MODEL_KEY_ESCAPE);
	draw(f);
	expect_row(f, 17, "");
}

static void test_detail_scroll(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++) {
		feed_pin(f->e, 5 * SEC + 2 * i * MS, 0, 0);
		feed_unpin(f->e, 5 * SEC + (2 * i + 1) * MS, 0);
	}
	model_key(f->m, MODEL_KEY_ENTER);
	f->cols = 130;
	draw(f);
	assert_int_equal(find(f, "0.039000  unpin"), 22);
	assert_true(find(f, "34 before, 0 behind ([ ])") > 0);
	assert_int_equal(model_key(f->m, ']'), 0); /* at the newest already */
	press(f, "[[[");
	draw(f);
	assert_int_equal(find(f, "0.036000  pin"), 22);
	assert_true(find(f, "31 before, 3 behind ([ ])") > 0);
	press(f, "]");
	draw(f);
	assert_int_equal(find(f, "0.037000  unpin"), 22);
	for (int i = 0; i < 100; i++)
		press(f, "[");
	draw(f);
	assert_true(find(f, "0 before, 34 behind") > 0);
}

static void test_help(void **state)
{
	struct fixture *f = *state;
	char line[256];
	size_t n;

	f->rows = 45;
	press(f, "?");
	draw(f);
	expect_row(f, 4, "Keys");
	expect_row(f, 5, "  h ?          this help");
	/* every key of the table is in it, and does something */
	for (n = 0; model_help_line(n, line, sizeof(line)); n++)
		assert_true(find(f, line) > 0 || !line[0]);
	assert_true(n > 25);
	press(f, "x");
	draw(f);
	assert_int_equal(find(f, "this help"), -1);
	/* in a small terminal it scrolls */
	f->rows = 15;
	press(f, "h");
	draw(f);
	expect_row(f, 4, "Keys (more: Up, Down)");
	expect_row(f, 5, "  h ?          this help");
	model_key(f->m, MODEL_KEY_DOWN);
	draw(f);
	expect_row(f, 5, "  q            quit");
	model_key(f->m, MODEL_KEY_END);
	draw(f);
	expect_row(f, 13, "  *            somebody had references before daxtop started");
	assert_int_equal(model_key(f->m, 'q'), MODEL_QUIT);
}

static void test_other_keys(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(model_key(f->m, 'q'), MODEL_QUIT);
	assert_int_equal(model_key(f->m, 'Q'), 0);
	assert_int_equal(model_key(f->m, 0), 0);
	assert_int_equal(model_key(f->m, 0x10ffff), 0);
	press(f, "+");
	assert_int_equal(f->m->delay_ms, 2000);
	draw(f);
	expect_row(f, 3, "sort: pins  every 2 s");
	press(f, "--");
	assert_int_equal(f->m->delay_ms, 500);
	press(f, "--------");
	assert_int_equal(f->m->delay_ms, 100);
	press(f, "++++++++++++++++");
	assert_int_equal(f->m->delay_ms, 60000);
	assert_true(f->m->color);
	press(f, "c");
	assert_false(f->m->color);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sort),
		TEST(test_selection_follows),
		TEST(test_selection_is_what_was_shown),
		TEST(test_scroll),
		TEST(test_filter),
		TEST(test_filter_holder),
		TEST(test_freeze),
		TEST(test_freeze_many),
		TEST(test_detail),
		TEST(test_detail_scroll),
		TEST(test_help),
		TEST(test_other_keys),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
