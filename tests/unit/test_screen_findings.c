// SPDX-License-Identifier: GPL-2.0-only
/* test_screen_findings.c - the screen's findings: counted, listed, one in detail, as text */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "screen_fixture.h"

/* evil[66] breaks @rule with page @index at @time. */
static void violate(struct fixture *f, enum dx_rule rule, uint64_t time, uint64_t index)
{
	struct dx_event ev = feed_event(DX_VIOLATION, time, index);

	ev.arg = rule;
	ev.ret = DX_D_REFCOUNT;
	ev.since = 5;
	ev.ref_first = 0;
	ev.refcount = 5;
	ev.tgid = ev.pid = 66;
	strcpy(ev.comm, "evil");
	ev.stack = ev.ustack = -1;
	feed_push(f->e, &ev);
}

static void test_none(void **state)
{
	struct fixture *f = *state;

	draw(f);
	expect_row(f, 1, "folios 0 (4K 0 2M 0)  mapped 0  pinned 0  waits 0  findings 0");
	press(f, "6");
	draw(f);
	expect_row(f, 4, " NR RULE                     CONFIDENCE       AGE PFN        WHAT");
	expect_row(f, 6, " no rule was broken as far as daxtop saw (1: back to the folios)");
	/* nothing to select */
	press(f, "jkgG");
	assert_int_equal(model_key(f->m, MODEL_KEY_ENTER), MODEL_REDRAW);
	draw(f);
	assert_true(find(f, "no finding selected") > 0);
	press(f, "1");
	draw(f);
	assert_true(find(f, "no DAX folio seen yet") > 0);
}

static void test_header(void **state)
{
	struct fixture *f = *state;

	violate(f, DX_RULE_FREE_NONZERO, 6 * SEC, 1);
	violate(f, DX_RULE_PIN_IMBALANCE, 7 * SEC, 2);
	draw(f);
	assert_non_null(strstr(row(f, 1), "waits 0   "));
	assert_null(strstr(row(f, 1), "findings 0"));
	assert_string_equal(strstr(row(f, 1), "findings"), "findings 2 proven 2 suspected 0");
	assert_int_equal(look(f, 1, "findings"), ATTR_ALARM);
	/* it stays when there is no room */
	f->cols = 60;
	draw(f);
	expect_row(f, 1, "folios 0 (4K 0 2M 0)  mapped findings 2 proven 2 suspected 0");
}

static void test_list(void **state)
{
	struct fixture *f = *state;

	feed_path(f->e, "/mnt/db/wal.0", 13, 0);
	violate(f, DX_RULE_FREE_NONZERO, 6 * SEC, 1);
	violate(f, DX_RULE_PIN_IMBALANCE, 7 * SEC, 2);
	f->cols = 150;
	press(f, "6");
	draw(f);
	expect_row(f, 4,
		   " NR RULE                     CONFIDENCE       AGE PFN        FILE:OFFSET                  WHO"
		   "                WHAT");
	/* the newest first */
	expect_row(f, 5,
		   "  2 pin-imbalance            proven         13.0s 0x108002   /mnt/db/wal.0:0x2000         "
		   "evil[66]           has pincount 5, above its refcount 5");
	expect_row(f, 6,
		   "  1 free-nonzero             proven         14.0s 0x108001   /mnt/db/wal.0:0x1000         "
		   "evil[66]           was freed with refcount 5, not 0");
	expect_row(f, 7, "");
	assert_int_equal(f->m->canvas.cells[5 * f->cols].attr, ATTR_SELECTED);
	assert_int_equal(look(f, 6, "free-nonzero"), ATTR_WAIT);
	f->cols = 60;
	draw(f);
	expect_row(f, 5, "  2 pin-imbalance            proven        has pincount 5, a");
}

/* The selection is a finding, wherever it goes. */
static void test_select(void **state)
{
	struct fixture *f = *state;

	violate(f, DX_RULE_FREE_NONZERO, 6 * SEC, 1);
	violate(f, DX_RULE_PIN_IMBALANCE, 7 * SEC, 2);
	press(f, "6");
	draw(f);
	press(f, "j");
	draw(f);
	assert_int_equal(f->m->canvas.cells[6 * f->cols].attr, ATTR_SELECTED);
	violate(f, DX_RULE_GRAB_NONPOSITIVE, 8 * SEC, 3);
	draw(f);
	assert_non_null(strstr(row(f, 7), "free-nonzero"));
	assert_int_equal(f->m->canvas.cells[7 * f->cols].attr, ATTR_SELECTED);
	press(f, "j");
	draw(f);
	assert_int_equal(f->m->canvas.cells[7 * f->cols].attr, ATTR_SELECTED);
	press(f, "g");
	draw(f);
	assert_int_equal(f->m->canvas.cells[5 * f->cols].attr, ATTR_SELECTED);
	press(f, "G");
	draw(f);
	assert_int_equal(f->m->canvas.cells[7 * f->cols].attr, ATTR_SELECTED);
	/* more than fit: it stays in sight */
	for (int i = 0; i < 40; i++)
		violate(f, DX_RULE_IDLE_NONZERO, 9 * SEC + i * SEC / 50, 100 + i);
	press(f, "G");
	draw(f);
	assert_non_null(strstr(row(f, 22), "free-nonzero"));
	assert_int_equal(f->m->canvas.cells[22 * f->cols].attr, ATTR_SELECTED);
	model_key(f->m, MODEL_KEY_PAGE_UP);
	model_key(f->m, MODEL_KEY_PAGE_UP);
	model_key(f->m, MODEL_KEY_PAGE_UP);
	draw(f);
	assert_int_equal(f->m->canvas.cells[5 * f->cols].attr, ATTR_SELECTED);
	assert_non_null(strstr(row(f, 5), " 43 idle-nonzero"));
}

static void test_detail(void **state)
{
	struct fixture *f = *state;
	int at;

	feed_path(f->e, "/mnt/db/wal.0", 13, 0);
	feed_fault(f->e, 5800 * MS, 1);
	feed_pin(f->e, 6 * SEC, 1, DX_F_LONGTERM);
	violate(f, DX_RULE_IDLE_NONZERO, 7 * SEC, 1);
	f->info.start = 1 * SEC;
	press(f, "6");
	model_key(f->m, MODEL_KEY_ENTER);
	draw(f);
	at = find(f, "finding 1: idle-nonzero, proven");
	assert_true(at > 6);
	assert_int_equal(look(f, at, "finding"), ATTR_TITLE);
	expect_row(f, at + 1,
		   "    4K folio 0x108001 of pmem0, /mnt/db/wal.0:0x1000 came into the file with refcount 5, "
		   "and idle");
	expect_row(f, at + 2, "is 0");
	expect_row(f, at + 3, "    by evil[66] at 6.000000 s");
	expect_row(f, at + 4, "    held for 14.0s by db[813]: 1 pin, longterm");
	expect_row(f, at + 5, "");
	/* lines further down, and not beyond the last */
	press(f, "[");
	draw(f);
	expect_row(f, at + 1, "is 0");
	press(f, "[[[[[[[[[");
	draw(f);
	draw(f);
	expect_row(f, at + 1, "    held for 14.0s by db[813]: 1 pin, longterm");
	press(f, "]");
	draw(f);
	expect_row(f, at + 1, "    by evil[66] at 6.000000 s");
	/* out again, step by step */
	model_key(f->m, MODEL_KEY_ESCAPE);
	draw(f);
	assert_int_equal(find(f, "finding 1:"), -1);
	assert_non_null(strstr(row(f, 5), "idle-nonzero"));
	model_key(f->m, MODEL_KEY_ESCAPE);
	draw(f);
	assert_non_null(strstr(row(f, 5), "0x108001"));
	assert_int_equal(find(f, "idle-nonzero"), -1);
}

static void test_frozen(void **state)
{
	struct fixture *f = *state;

	violate(f, DX_RULE_FREE_NONZERO, 6 * SEC, 1);
	press(f, "6f");
	draw(f);
	violate(f, DX_RULE_PIN_IMBALANCE, 7 * SEC, 2);
	draw(f);
	assert_int_equal(find(f, "pin-imbalance"), -1);
	press(f, "f");
	draw(f);
	draw(f);
	assert_true(find(f, "pin-imbalance") > 0);
}

static void test_hostile(void **state)
{
	struct fixture *f = *state;
	struct dx_event ev = feed_event(DX_VIOLATION, 5 * SEC, 0);

	feed_path(f->e, "/m/\x1b[31m\n\xff", 10, 0);
	memcpy(ev.comm, "\x1b]0;x\x07\n", 8);
	ev.arg = DX_RULE_FREE_NONZERO;
	ev.ret = DX_D_REFCOUNT;
	ev.stack = ev.ustack = -1;
	feed_push(f->e, &ev);
	press(f, "6");
	model_key(f->m, MODEL_KEY_ENTER);
	for (f->cols = 60; f->cols < 200; f->cols += 7) {
		draw(f);
		for (int i = 0; i < f->rows * f->cols; i++)
			assert_true(f->m->canvas.cells[i].ch[0] >= ' ' ||
				    !f->m->canvas.cells[i].ch[0]);
	}
}

static void test_sizes(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 30; i++)
		violate(f, DX_RULE_IDLE_NONZERO, 5 * SEC + i, i);
	press(f, "6");
	for (int detail = 0; detail < 2; detail++) {
		for (f->rows = 1; f->rows < 40; f->rows++)
			for (f->cols = 1; f->cols < 160; f->cols += 7)
				draw(f);
		model_key(f->m, MODEL_KEY_ENTER);
	}
}

static void test_batch(void **state)
{
	struct fixture *f = *state;
	struct screen_options o = { .sort = SCREEN_SORT_PFN };
	struct view_top_state top = { .last_now = 0 };
	struct capture c;

	feed_path(f->e, "/mnt/f", 6, 0);
	violate(f, DX_RULE_FREE_NONZERO, 6 * SEC, 1);
	violate(f, DX_RULE_PIN_IMBALANCE, 7 * SEC, 2);
	assert_int_equal(view_top_text(capture_start(&c), engine_now(f->e), &f->info, &o, &top, 5),
			 0);
	assert_non_null(strstr(capture_text(&c), "findings 2 proven 2 suspected 0\n"));
	assert_non_null(strstr(
		capture_text(&c),
		"\n\nfinding 2: pin-imbalance, proven: 4K folio 0x108002 of pmem0, /mnt/f:0x2000 has "
		"pincount 5, above its refcount 5\n"
		"finding 1: free-nonzero, proven: 4K folio 0x108001 of pmem0, /mnt/f:0x1000 was freed "
		"with refcount 5, not 0\n"));
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),    TEST(test_header), TEST(test_list),
		TEST(test_select),  TEST(test_detail), TEST(test_frozen),
		TEST(test_hostile), TEST(test_sizes),  TEST(test_batch),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
