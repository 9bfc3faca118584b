// SPDX-License-Identifier: GPL-2.0-only
/* test_screen.c - the picture without a terminal, and as text */
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

static void test_empty(void **state)
{
	struct fixture *f = *state;

	draw(f);
	expect_row(f, 0,
		   "daxtop 0.1.0  7.2.12  regime: current"
		   "                                       0 ev/s  lost 0  12:31:07");
	expect_row(f, 1, "folios 0 (4K 0 2M 0)  mapped 0  pinned 0  waits 0  findings 0");
	expect_row(f, 6, " no DAX folio seen yet: none was touched since daxtop started");
	f->info.waiting = "no pgmap on this machine: waiting for one";
	draw(f);
	expect_row(f, 6, " no pgmap on this machine: waiting for one");
	/* nothing to select, nothing to show: no key may stumble over it */
	press(f, "jkgGsrpw");
	assert_int_equal(model_key(f->m, MODEL_KEY_ENTER), MODEL_REDRAW);
	draw(f);
	assert_null(model_selected(f->m));
	assert_true(find(f, "no folio selected") > 0);
}

static void test_table(void **state)
{
	struct fixture *f = *state;

	feed_path(f->e, "/mnt/db/wal.0", 13, 0);
	feed_fault(f->e, 5800 * MS, 0);
	feed_fault(f->e, 5900 * MS, 1);
	feed_pin(f->e, 6000 * MS, 1, DX_F_LONGTERM);
	f->cols = 118;
	draw(f);
	expect_row(f, 1, "folios 2 (4K 2 2M 0)  mapped 2  pinned 1  waits 0  findings 0");
	expect_row(f, 3, "sort: pins");
	expect_row(f, 4,
		   "PFN      SIZE DEV   FILE:OFFSET                  REF MAP PIN    AGE HOLDER"
		   "             LAST        REFCOUNT");
	expect_row(f, 5,
		   "0x108001   4K pmem0 /mnt/db/wal.0:0x1000        1025   1   1  14.1s "
		   "db[812] longterm   pin         0.~1.2.~1.1025");
	expect_row(f, 6,
		   "0x108000   4K pmem0 /mnt/db/wal.0:0x0              1   1   0  14.2s "
		   "(db[812])          fault       0.~1.2.~1");
	expect_row(f, 7, "");
	expect_row(f, 23,
		   "h ? help  q quit  6 findings  Enter detail  s sort  r reverse  / filter  "
		   "p pinned  w waited  f Space freeze");
	/* the selected row looks selected, from end to end */
	assert_int_equal(f->m->canvas.cells[5 * f->cols].attr, ATTR_SELECTED);
	assert_int_equal(f->m->canvas.cells[5 * f->cols + 117].attr, ATTR_SELECTED);
	assert_int_equal(look(f, 6, "(db"), ATTR_DIM);
}

/* In 80 columns the essential ones are there and whole. */
static void test_table_narrow(void **state)
{
	struct fixture *f = *state;

	feed_path(f->e, "/mnt/db/a-directory/wal.0", 25, DX_PATH_DELETED);
	feed_fault(f->e, 5800 * MS, 0x3f);
	feed_pin(f->e, 6000 * MS, 0x3f, 0);
	break_busy(f, 6001 * MS, 0x3f);
	f->cols = 80;
	draw(f);
	expect_row(f, 4,
		   "! truncate[901] waits 13.9s for (deleted) /mnt/db/a-directory/wal.0:0x3f000  hel");
	expect_row(f, 5, "PFN      SIZE DEV   FILE:OFFSET        REF MAP PIN HOLDER        REFCOUNT");
	expect_row(f, 6,
		   "0x10803f   4K pmem0 !<y/wal.0:0x3f000 1025   1   1 db[812]       "
		   "..2.~1.1025   !");
	f->cols = 60;
	draw(f);
	expect_row(f, 5, "PFN      SIZE FILE:OFFSET        REF MAP PIN REFCOUNT");
	expect_row(f, 6, "0x10803f   4K !<y/wal.0:0x3f000 1025   1   1 ..2.~1.1025   !");
}

static void test_marks(void **state)
{
	struct fixture *f = *state;
	struct dx_event ev = feed_event(DX_INSERT, 5 * SEC, 0);

	ev.refcount = 3;
	feed_push(f->e, &ev);
	draw(f);
	assert_string_equal(strrchr(row(f, 5), ' '), " *");
	feed_pin(f->e, 6 * SEC, 0, 0);
	break_busy(f, 7 * SEC, 0);
	put_lost(f->e, 0, DX_PIN, 1234, 8 * SEC);
	draw(f);
	assert_string_equal(strrchr(row(f, 6), ' '), " !?*");
	/* waited for: counted, and first to be seen */
	assert_int_equal(look(f, 1, "1 "), ATTR_NORMAL);
	assert_non_null(strstr(row(f, 1), "waits 1"));
	/* loss is counted and can't be overlooked */
	assert_non_null(strstr(row(f, 0), "lost 1,234"));
	assert_int_equal(look(f, 0, "lost"), ATTR_ALARM);
}

/*
 * Who waits, since when, for what, held by whom, what ends it: the longest first; not who waits for a moment
 * only. The table keeps its rows on a small screen.
 */
static void test_waits(void **state)
{
	struct fixture *f = *state;
	struct dx_look l = { .begin = 12 * SEC, .end = 12 * SEC, .first = 1 };
	struct dx_wait w = { .time = 12 * SEC,
			     .since = 3 * SEC,
			     .ino = 42,
			     .dev = 259 << 20 | 1,
			     .index = 2,
			     .kind = DX_WAIT_ENTRY,
			     .tgid = 77,
			     .pid = 78,
			     .state = 'D',
			     .comm = "rm\033" };

	f->cols = 160;
	feed_path(f->e, "/mnt/f", 6, 0);
	feed_fault(f->e, 5 * SEC, 0);
	draw(f);
	assert_int_equal(find(f, "! "), -1);
	feed_pin(f->e, 6 * SEC, 0, 0);
	break_busy(f, 19500 * MS, 0);
	draw(f);
	assert_int_equal(find(f, "! "), -1);
	f->info.now = 21 * SEC;
	draw(f);
	assert_int_equal(
		find(f,
		     "! truncate[901] waits 1.5s for /mnt/f:0x0  held by db[813]  ends when it unpins the page"),
		4);
	assert_int_equal(look(f, 4, "!"), ATTR_ALARM);
	put(f->e, DX_REC_LOOK, &l, sizeof(l));
	put(f->e, DX_REC_WAIT, &w, sizeof(w));
	put(f->e, DX_REC_LOOKED, &l, sizeof(l));
	draw(f);
	assert_int_equal(
		find(f,
		     "! rm\\x1b[78] waits 18.0s for /mnt/f:0x2000  ends when the entry is unlocked"),
		4);
	assert_int_equal(find(f, "! truncate[901]"), 5);
	assert_int_equal(find(f, "PFN "), 6);
	f->rows = MODEL_ROWS_MIN;
	draw(f);
	assert_int_equal(find(f, "PFN "), 4);
	f->rows = MODEL_ROWS_MIN + 1;
	draw(f);
	assert_int_equal(find(f, "! (1 more) rm"), 4);
	assert_int_equal(find(f, "PFN "), 5);
}

static void test_health(void **state)
{
	struct fixture *f = *state;

	put_lost(f->e, 0, DX_PIN, 7, 1);
	f->info.missed = 2;
	f->info.probes_attached = 22;
	f->info.probes_total = 24;
	draw(f);
	assert_non_null(strstr(row(f, 0), "0 ev/s  lost 7  missed 2  12:31:07"));
	assert_int_equal(look(f, 0, "lost"), ATTR_ALARM);
	assert_int_equal(look(f, 0, "missed"), ATTR_ALARM);
	assert_non_null(strstr(row(f, 3), "probes 22 of 24"));
	/* what is wrong stays when there is no room for what is right */
	f->info.kernel = "7.2.12+deb13-amd64-a-very-long-flavour-name";
	f->cols = 60;
	draw(f);
	assert_non_null(strstr(row(f, 0), "lost 7  missed 2  12:31:07"));
}

static void test_rates(void **state)
{
	struct fixture *f = *state;

	feed_fault(f->e, 1 * SEC, 0);
	draw(f);
	expect_row(f, 2, "faults 0 PTE 0 PMD 0 dax /s  pins 0 /s  frees 0 /s");
	for (int i = 1; i <= 40; i++)
		feed_fault(f->e, SEC + i, i);
	for (int i = 1; i <= 10; i++)
		feed_pin(f->e, 2 * SEC + i, i, 0);
	f->info.now += 2 * SEC;
	draw(f);
	expect_row(f, 2, "faults 20 PTE 0 PMD 0 dax /s  pins 5 /s  frees 0 /s");
	assert_non_null(strstr(row(f, 0), "25 ev/s"));
	/* a key soon after does not make them jump */
	f->info.now += 10 * MS;
	draw(f);
	expect_row(f, 2, "faults 20 PTE 0 PMD 0 dax /s  pins 5 /s  frees 0 /s");
	f->info.now += 2 * SEC;
	draw(f);
	expect_row(f, 2, "faults 0 PTE 0 PMD 0 dax /s  pins 0 /s  frees 0 /s");
}

static void test_hostile(void **state)
{
	struct fixture *f = *state;
	struct dx_event ev = feed_event(DX_INSERT, 5 * SEC, 0);

	feed_path(f->e, "/m/\x1b[31m\n\xe6\x97\xa5", 12, 0);
	memcpy(ev.comm, "\x1b]0;x\x07\n", 8);
	feed_push(f->e, &ev);
	f->cols = 200;
	draw(f);
	assert_non_null(strstr(row(f, 5), " /m/\\x1b[31m\\x0a\xe6\x97\xa5:0x0 "));
	assert_non_null(strstr(row(f, 5), " (\\x1b]0;x\\x07\\x0a[812]) "));
	for (int r = 0; r < f->rows; r++)
		for (int c = 0; c < f->cols; c++)
			assert_true(f->m->canvas.cells[r * f->cols + c].ch[0] >= ' ' ||
				    !f->m->canvas.cells[r * f->cols + c].ch[0]);
}

static void test_sizes(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		feed_fault(f->e, 5 * SEC + i, i);
	for (int detail = 0; detail < 2; detail++) {
		for (f->rows = 1; f->rows < 40; f->rows++)
			for (f->cols = 1; f->cols < 130; f->cols += 3)
				draw(f);
		press(f, "h");
		for (f->rows = 1; f->rows < 40; f->rows += 4) {
			f->cols = 90;
			draw(f);
		}
		press(f, "h");
		model_key(f->m, MODEL_KEY_ENTER);
	}
	f->rows = 9;
	f->cols = 80;
	draw(f);
	expect_row(f, 0, "80x9 is too small");
	expect_row(f, 1, "needs 60x10, q quits");
}

/* ---- as text ---- */

static void test_batch(void **state)
{
	struct fixture *f = *state;
	struct screen_options o = { .sort = SCREEN_SORT_PFN };
	struct view_top_state top = { .last_now = 0 };
	struct capture c;

	feed_path(f->e, "/mnt/db/wal.0", 13, 0);
	for (int i = 0; i < 3; i++)
		feed_fault(f->e, 5 * SEC + i * MS, i);
	assert_int_equal(view_top_text(capture_start(&c), engine_now(f->e), &f->info, &o, &top, 2),
			 0);
	assert_string_equal(
		capture_text(&c),
		"daxtop 0.1.0  7.2.12  regime: current                                               "
		"                                          0 ev/s  lost 0  12:31:07\n"
		"folios 3 (4K 3 2M 0)  mapped 3  pinned 0  waits 0  findings 0\n"
		"faults 0 PTE 0 PMD 0 dax /s  pins 0 /s  frees 0 /s\n"
		"sort: pfn\n"
		"PFN      SIZE DEV   FILE:OFFSET                                REF MAP PIN    AGE "
		"HOLDER                    LAST           REFCOUNT\n"
		"0x108000   4K pmem0 /mnt/db/wal.0:0x0                            1   1   0  15.0s "
		"(db[812])                 fault          0.~1.2.~1\n"
		"0x108001   4K pmem0 /mnt/db/wal.0:0x1000                         1   1   0  14.9s "
		"(db[812])                 fault          0.~1.2.~1\n"
		"and 1 more\n");
	capture_end(&c);
	/* rates are from call to call */
	feed_pin(f->e, 6 * SEC, 0, 0);
	feed_pin(f->e, 6 * SEC, 1, 0);
	f->info.now += SEC / 2;
	assert_int_equal(view_top_text(capture_start(&c), engine_now(f->e), &f->info, &o, &top, 0),
			 0);
	assert_non_null(strstr(capture_text(&c), "pins 4 /s"));
	assert_null(strstr(capture_text(&c), "more"));
	capture_end(&c);
}

static void test_batch_empty(void **state)
{
	struct fixture *f = *state;
	struct screen_options o = { 0 };
	struct view_top_state top = { .last_now = 0 };
	struct capture c;

	assert_int_equal(view_top_text(capture_start(&c), engine_now(f->e), &f->info, &o, &top, 5),
			 0);
	assert_non_null(strstr(capture_text(&c),
			       "\n no DAX folio seen yet: none was touched since daxtop started\n"));
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty), TEST(test_table),  TEST(test_table_narrow), TEST(test_marks),
		TEST(test_waits), TEST(test_health), TEST(test_rates),	      TEST(test_hostile),
		TEST(test_sizes), TEST(test_batch),  TEST(test_batch_empty),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
