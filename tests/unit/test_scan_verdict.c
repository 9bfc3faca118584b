// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_verdict.c - may a device go? By its folios, holders and references. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "scan_fixture.h"

static struct scan_verdict verdict(struct fixture *x)
{
	struct scan_verdict v;

	assert_int_equal(scan_finish(x->s), 0);
	scan_verdict(x->s, x->pgmap, &v);
	scan_free(x->s);
	return v;
}

static void test_verdict_fs(void **state)
{
	const struct dx_folio mapped[] = { FOLIO(PFN, 1, 1) },
			      pinned[] = { FOLIO(PFN, 1025, 1), FOLIO(PFN + 1, 2, 1) };
	struct scan_mount m = { .dev = DEV, .point = "/mnt/a", .device = "pmem0" };
	struct fixture x = begin(FS_DAX);
	struct scan_verdict v;

	(void)state;
	walked(&x, NULL, 0);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_FREE);

	x = begin(FS_DAX); /* nothing was walked */
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);

	x = begin(FS_DAX);
	walked(&x, mapped, 1);
	scan_add_mount(x.s, &m);
	assert_int_equal(scan_finish(x.s), 0);
	scan_verdict(x.s, 0, &v);
	assert_int_equal(v.what, SCAN_UNBIND_MOUNTED);
	assert_string_equal(v.mount, "/mnt/a");
	scan_free(x.s);

	x = begin(FS_DAX);
	walked(&x, pinned, 2);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.nr, 2);
	assert_int_equal(v.refs, 0);

	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->refs += 3;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.refs, 3);
	assert_false(v.under_way);

	/* memunmap_pages() has put its own: all that is left is somebody's */
	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->dying = true;
	scan_pgmap(x.s, 0)->refs = 2;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.refs, 2);
	assert_true(v.under_way);

	/* up to 6.14 nothing waits for a pin */
	x = begin_with(FS_DAX, NULL, true);
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 2049, 0) }, 1);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 2);
}

static void test_verdict_device(void **state)
{
	const struct dx_folio mapped[] = { FOLIO(PFN, 2, 1) },
			      pinned[] = { FOLIO(PFN, 1026, 1), FOLIO(PFN + 1, 4, 1),
					   FOLIO(PFN + 2, 4, 1) };
	struct scan_holder h = { .kind = SCAN_HOLD_MAPPING,
				 .certain = true,
				 .pfn = PFN,
				 .nr = 1,
				 .tgid = 7,
				 .fd = -1,
				 .addr = 0x1000 };
	struct fixture x = begin(GENERIC);
	struct scan_verdict v;

	(void)state;
	walked(&x, mapped, 1);
	hold(&x, h);
	h.addr = 0x5000;
	hold(&x, h);
	h.tgid = 8;
	hold(&x, h);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_SIGBUS);
	assert_int_equal(v.nr, 2);

	x = begin(GENERIC);
	walked(&x, pinned, 3);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 5); /* the last two are one run */
	assert_int_equal(v.folios, 3);

	x = begin(PRIVATE);
	scan_pgmap(x.s, 0)->refs = 4;
	scan_pgmap(x.s, 0)->refs_base = 1;
	walked(&x,
	       (const struct dx_folio[]){ FOLIO(PFN, 1, 1), FOLIO(PFN + 1, 1, 0),
					  FOLIO(PFN + 2, 1, 0) },
	       3);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.nr, 3);
	assert_int_equal(v.refs, 0);
}

/* What is not seen to be idle is not called so. */
static void test_verdict_unsure(void **state)
{
	struct scan_holder h = { .kind = SCAN_HOLD_OPEN, .pgmap = 0, .tgid = 7, .fd = 3 };
	struct fixture x = begin(FS_DAX);
	struct scan_verdict v;

	(void)state;
	/* swap, a program */
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->openers = 1;
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_OPEN);
	/* the mappings could not be read, or whether it is open is not known */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	scan_set_unsure(x.s);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	/* somebody maps it who was not found */
	x = begin(GENERIC);
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 2, 1) }, 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->partly = true;
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	hold(&x, h);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_FREE);
	assert_int_equal(v.openers, 1);
}

/* A device may have several pgmaps, and is unbound with all of them. */
static void test_verdict_pgmaps(void **state)
{
	struct scan_pgmap other = {
		.pgmap = 0xffff888100000100ull, .type = GENERIC, .devdax = true, .nr_range = 1
	};
	struct fixture x = begin(GENERIC);
	struct dx_folio pinned = FOLIO(PFN + (1 << 21), 4, 1);
	struct scan_verdict v;

	(void)state;
	other.range[0] = (struct dx_range){ PFN + (1 << 21), 512 };
	strcpy(other.device, "dax0.0");
	walked(&x, NULL, 0);
	/* not looked at */
	assert_int_equal(scan_add_pgmap(x.s, &other), 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	/* another device's */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	strcpy(other.device, "dax0.1");
	assert_int_equal(scan_add_pgmap(x.s, &other), 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_FREE);
	/* held */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	strcpy(other.device, "dax0.0");
	x.pgmap = scan_add_pgmap(x.s, &other);
	walked(&x, &pinned, 1);
	x.pgmap = 0;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 2);
	assert_int_equal(v.folios, 1);
}

/* References of a pgmap are only claimed when what explains them was looked at, and at every look. */
static void test_pgmap_refs(void **state)
{
	struct fixture x = begin(PRIVATE), y;
	uint64_t first, last;

	(void)state;
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 1, 1) }, 1);
	scan_pgmap(x.s, 0)->refs = 10;
	scan_pgmap(x.s, 0)->refs_base = 1;
	scan_pgmap(x.s, 0)->partly = true;
	assert_int_equal(scan_finish(x.s), 0);
	assert_false(scan_pgmap(x.s, 0)->refs_known);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 0);
	scan_free(x.s);
	/* two of three were gone at the next look */
	x = begin(FS_DAX);
	y = begin(FS_DAX);
	walked(&x, NULL, 0);
	walked(&y, NULL, 0);
	scan_pgmap(x.s, 0)->refs += 3;
	scan_pgmap(y.s, 0)->refs += 1;
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_finish(y.s), 0);
	assert_true(scan_unexplained(x.s, &first, &last));
	assert_int_equal(first, PFN);
	assert_int_equal(last, PFN + (1 << 20) - 1);
	assert_int_equal(scan_confirm(x.s, y.s), 0);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 1);
	scan_free(x.s);
	scan_free(y.s);
	/* put between the look at the references and that at the folios */
	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->refs -= 1;
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 0);
	scan_free(x.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict_fs),     cmocka_unit_test(test_verdict_device),
		cmocka_unit_test(test_verdict_unsure), cmocka_unit_test(test_verdict_pgmaps),
		cmocka_unit_test(test_pgmap_refs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
