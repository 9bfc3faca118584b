// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_change.c - two looks: what changed, and what is so at each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "scan_fixture.h"

static int change_text(const struct scan_change *c, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%llu %d>%d\n",
		(unsigned long long)((c->after ? c->after : c->before)->pfn - PFN),
		c->before ? c->before->refcount : -1, c->after ? c->after->refcount : -1);
	return 0;
}

static void test_changes(void **state)
{
	struct fixture a = begin(FS_DAX), b = begin(FS_DAX);
	const struct dx_folio before[] = {
		FOLIO(PFN, 1, 1),      FOLIO(PFN + 1, 1, 1),
		FOLIO(PFN + 2, 1, 1),  FOLIO(PFN + 5, 1, 1),
		FOLIO(PFN + 6, 1, 1),  FOLIO(PFN + 7, 1, 1, .mapping = 0, .share = 2),
		FOLIO(PFN + 512, 1, 1)
	};
	const struct dx_folio after[] = { FOLIO(PFN + 1, 1025, 1),
					  FOLIO(PFN + 2, 1, 1),
					  FOLIO(PFN + 3, 1, 1),
					  FOLIO(PFN + 5, 1, 1, .index = 9),
					  FOLIO(PFN + 6, 1, 1, .mapping = MAPPING + 8),
					  FOLIO(PFN + 7, 1, 1, .mapping = 0, .share = 3),
					  FOLIO(PFN + 512, 1, 1, .order = 9) };
	char text[256] = "";

	(void)state;
	walked(&a, before, 7);
	walked(&b, after, 7);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_int_equal(scan_changes(a.s, b.s, change_text, text), 0);
	assert_string_equal(text,
			    "0 1>-1\n1 1>1025\n3 -1>1\n5 1>1\n6 1>1\n7 1>1\n512 1>-1\n512 -1>1\n");
	text[0] = 0;
	assert_int_equal(scan_changes(b.s, b.s, change_text, text), 0);
	assert_string_equal(text, "");
	scan_free(a.s);
	scan_free(b.s);
}

/* What is unexplained at one look only is in motion; what is so at each is claimed. */
static void test_confirm(void **state)
{
	struct fixture a = begin(FS_DAX), b = begin(FS_DAX);
	const struct dx_folio first[] = { FOLIO(PFN, 1025, 1),	FOLIO(PFN + 2, 1, 0),
					  FOLIO(PFN + 3, 1, 0), FOLIO(PFN + 5, 0, 1),
					  FOLIO(PFN + 7, 0, 1), FOLIO(PFN + 9, 1, 1) };
	const struct dx_folio second[] = { FOLIO(PFN, 1, 1), FOLIO(PFN + 3, 1, 0),
					   FOLIO(PFN + 5, 1, 1), FOLIO(PFN + 7, 0, 1) };
	uint64_t from = 0, to = 0;

	(void)state;
	walked(&a, first, 6);
	walked(&b, second, 4);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_true(scan_unexplained(a.s, &from, &to));
	assert_int_equal(from, PFN);
	assert_int_equal(to, PFN + 7);
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_runs(a.s, "0*1 @0 1025/1/1 gets 0 unknown 0:\n"
			 "2*1 @2 1/0/0 gets 1 unknown 0:\n"
			 "3*1 @3 1/0/0 gets 1 unknown 1:\n"
			 "5*1 @5 0/1/0 gets 0 unknown 0:\n"
			 "7*1 @7 0/1/0 gets 0 unknown 0 overput:\n"
			 "9*1 @9 1/1/0 gets 0 unknown 0:\n");
	assert_true(scan_folio(a.s, 0)->moving);
	assert_true(scan_folio(a.s, 1)->moving);
	assert_false(scan_folio(a.s, 2)->moving);
	assert_true(scan_folio(a.s, 3)->moving);
	assert_false(scan_folio(a.s, 4)->moving);
	/* a look that found nothing there */
	scan_free(b.s);
	b = begin(FS_DAX);
	assert_int_equal(scan_finish(b.s), 0);
	assert_false(scan_unexplained(b.s, &from, &to));
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_false(scan_unexplained(a.s, &from, &to));
	scan_free(a.s);
	scan_free(b.s);
}

/* Of a long run, some are what they were; each piece keeps the run's holders. */
static void test_confirm_run(void **state)
{
	struct fixture a = begin(GENERIC), b = begin(GENERIC);
	struct dx_folio f[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		f[i] = FOLIO(PFN + 512 * i, 4, 0, .order = 9, .pincount = 2);
	walked(&a, f, 8);
	hold(&a, (struct scan_holder){ .kind = SCAN_HOLD_URING,
				       .certain = true,
				       .pin = true,
				       .pfn = PFN,
				       .nr = 1,
				       .refs = 1,
				       .tgid = 7,
				       .fd = 3,
				       .object = 0xabc });
	for (int i = 2; i < 5; i++)
		f[i] = FOLIO(PFN + 512 * i, 3, 0, .order = 9, .pincount = 1);
	walked(&b, &f[1], 5);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_runs(a.s, "0*1 @0 4/0/2 gets 1 unknown 0: io_uring/7\n"
			 "512*1 @512 4/0/2 gets 1 unknown 3:\n"
			 "1024*3 @1024 4/0/2 gets 1 unknown 2:\n"
			 "2560*1 @2560 4/0/2 gets 1 unknown 3:\n"
			 "3072*2 @3072 4/0/2 gets 1 unknown 0:\n");
	scan_free(a.s);
	scan_free(b.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_confirm_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
