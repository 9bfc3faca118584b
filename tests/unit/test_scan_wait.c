// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_wait.c - waits of one look: their folios, and who waits for whom. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "scan_fixture.h"

static int folio_text(size_t folio, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%zu ", folio);
	return 0;
}

static void test_waits(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio f[] = { FOLIO(PFN, 1024, 0), FOLIO(PFN + 1, 1024, 0),
				      FOLIO(PFN + 2, 1024, 0) };
	struct scan_wait w = {
		.kind = SCAN_WAIT_BREAK, .state = 'S', .tgid = 5, .pid = 5, .pgmap = -1, .pfn = PFN + 1
	};
	char text[64] = "";

	(void)state;
	walked(&x, f, 3);
	assert_int_equal(scan_add_wait(x.s, &w), 0);
	w = (struct scan_wait){
		.kind = SCAN_WAIT_MEMUNMAP, .state = 'D', .tgid = 6, .pid = 6, .pgmap = 0
	};
	assert_int_equal(scan_add_wait(x.s, &w), 0);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 1024/0/1 gets 0 unknown 1:\n"
			 "1*1 @1 1024/0/1 gets 0 unknown 1 waited:\n"
			 "2*1 @2 1024/0/1 gets 0 unknown 1:\n");
	assert_int_equal(scan_wait(x.s, 0)->file, 1);
	assert_int_equal(scan_wait(x.s, 0)->index, 1);
	assert_int_equal(scan_wait(x.s, 0)->pgmap, 0);
	scan_wait_folios(x.s, 0, folio_text, text);
	assert_string_equal(text, "1 ");
	scan_wait_folios(x.s, 1, folio_text, text);
	assert_string_equal(text, "1 0 1 2 ");
	scan_free(x.s);
}

static void add_lock(struct fixture *x, enum scan_wait_kind kind, uint32_t pid, uint32_t owner,
		     bool read)
{
	const struct scan_wait w = { .kind = kind,
				     .tgid = pid / 10,
				     .pid = pid,
				     .pgmap = -1,
				     .owner_pid = owner,
				     .read_owned = read,
				     .mm_tgid = pid / 10 };

	assert_int_equal(scan_add_wait(x->s, &w), 0);
}

/* Who reads a lock is the one that waits for an entry in the same process; a circle has an end, too. */
static void test_chains(void **state)
{
	struct fixture x = begin(FS_DAX);

	(void)state;
	add_lock(&x, SCAN_WAIT_ENTRY, 11, 0, false);
	add_lock(&x, SCAN_WAIT_VMA, 12, 0, true);
	add_lock(&x, SCAN_WAIT_MMAP, 13, 12, false);
	add_lock(&x, SCAN_WAIT_VMA, 22, 0, true); /* another process */
	add_lock(&x, SCAN_WAIT_LOCK, 31, 32, false);
	add_lock(&x, SCAN_WAIT_LOCK, 32, 31, false);
	add_lock(&x, SCAN_WAIT_MMAP, 14, 0, false); /* a writer that can't be read is not guessed */
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_wait(x.s, 0)->next, -1);
	assert_int_equal(scan_wait(x.s, 0)->behind, 2);
	assert_int_equal(scan_wait(x.s, 1)->next, 0);
	assert_true(scan_wait(x.s, 1)->inferred);
	assert_int_equal(scan_wait(x.s, 2)->next, 1);
	assert_false(scan_wait(x.s, 2)->inferred);
	assert_int_equal(scan_wait_root(x.s, 2), 0);
	assert_int_equal(scan_wait(x.s, 3)->next, -1);
	assert_false(scan_wait(x.s, 3)->inferred);
	assert_true(scan_wait_root(x.s, 4) == 4 || scan_wait_root(x.s, 4) == 5);
	assert_int_equal(scan_wait(x.s, 6)->next, -1);
	scan_free(x.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
