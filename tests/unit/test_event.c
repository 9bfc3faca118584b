// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_event.c - the layout of the records and the numbers in them. They stand
 * in recordings, so a change here is a change of format.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "event.h"

#define AT(field, offset, size)                                                \
	do {                                                                   \
		assert_int_equal(offsetof(struct dx_event, field), offset);    \
		assert_int_equal(sizeof(((struct dx_event *)0)->field), size); \
		next = offset == next ? offset + size : -1;                    \
		assert_int_not_equal(next, -1);                                \
	} while (0)

/* Every byte of the record belongs to a field: there is no padding. */
static void test_record(void **state)
{
	long next = 0;

	(void)state;
	AT(type, 0, 2);
	AT(cpu, 2, 2);
	AT(flags, 4, 4);
	AT(time, 8, 8);
	AT(tgid, 16, 4);
	AT(pid, 20, 4);
	AT(comm, 24, 16);
	AT(pfn, 40, 8);
	AT(pgmap, 48, 8);
	AT(refcount, 56, 4);
	AT(mapcount, 60, 4);
	AT(pincount, 64, 4);
	AT(nr, 68, 4);
	AT(ino, 72, 8);
	AT(index, 80, 8);
	AT(dev, 88, 4);
	AT(order, 92, 1);
	AT(pgmap_type, 93, 1);
	AT(level, 94, 1);
	AT(exec, 95, 1);
	AT(addr, 96, 8);
	AT(stack, 104, 4);
	AT(ret, 108, 4);
	AT(since, 112, 4);
	AT(ref_first, 116, 4);
	AT(ref_install, 120, 4);
	AT(map_install, 124, 4);
	AT(gen, 128, 4);
	AT(zero, 132, 4);
	assert_int_equal(next, 136);
	assert_int_equal(sizeof(struct dx_event), 136);
	/* arg shares the place of ref_install */
	assert_int_equal(offsetof(struct dx_event, arg), 120);
	assert_int_equal(_Alignof(struct dx_event), 8);
}

static void test_file_record(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct dx_file_event, e), 0);
	assert_int_equal(offsetof(struct dx_file_event, path_len), 136);
	assert_int_equal(offsetof(struct dx_file_event, path_flags), 140);
	assert_int_equal(offsetof(struct dx_file_event, path), 144);
	assert_int_equal(sizeof(struct dx_file_event), 1168);
	assert_int_equal(DX_PATH_LEN, 1024);
	assert_int_equal(DX_COMM_LEN, 16);
}

/* Signed and unsigned as they are meant: a count can be below zero. */
static void test_signs(void **state)
{
	struct dx_event e;

	(void)state;
	memset(&e, 0xff, sizeof(e));
	assert_true(e.refcount < 0 && e.mapcount < 0 && e.pincount < 0);
	assert_true(e.ref_first < 0 && e.ref_install < 0 && e.map_install < 0);
	assert_true(e.ret < 0 && e.stack < 0);
	assert_true(e.pfn > 0 && e.nr > 0 && e.since > 0 && e.arg > 0 && e.ino > 0);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(DX_NONE, 0);
	assert_int_equal(DX_FAULT, 1);
	assert_int_equal(DX_INSERT, 2);
	assert_int_equal(DX_REMOVE, 3);
	assert_int_equal(DX_INSTALL, 4);
	assert_int_equal(DX_UNMAP, 5);
	assert_int_equal(DX_INSTALL_PFN, 6);
	assert_int_equal(DX_PIN, 7);
	assert_int_equal(DX_GET, 8);
	assert_int_equal(DX_UNPIN, 9);
	assert_int_equal(DX_FREE, 10);
	assert_int_equal(DX_PGMAP_ADD, 11);
	assert_int_equal(DX_PGMAP_KILL, 12);
	assert_int_equal(DX_PGMAP_GONE, 13);
	assert_int_equal(DX_PGMAP_GET, 14);
	assert_int_equal(DX_PGMAP_RELEASE, 15);
	assert_int_equal(DX_PAGE_INIT, 16);
	assert_int_equal(DX_BREAK_BUSY, 17);
	assert_int_equal(DX_BREAK_DONE, 18);
	assert_int_equal(DX_DEV_FAULT, 19);
	assert_int_equal(DX_FILE, 20);
	assert_int_equal(DX_MODULE, 21);

	assert_int_equal(DX_F_INSERT, 0x1);
	assert_int_equal(DX_F_INSTALL, 0x2);
	assert_int_equal(DX_F_UPGRADE, 0x4);
	assert_int_equal(DX_F_WRITE, 0x8);
	assert_int_equal(DX_F_SHARED, 0x10);
	assert_int_equal(DX_F_REF_TAKEN, 0x20);
	assert_int_equal(DX_F_LONGTERM, 0x40);
	assert_int_equal(DX_F_REMOTE, 0x80);
	assert_int_equal(DX_F_FINAL, 0x100);
	assert_int_equal(DX_F_ZERO, 0x200);
	assert_int_equal(DX_F_SLOW, 0x400);
	assert_int_equal(DX_F_REPLACED, 0x800);
	assert_int_equal(DX_F_NOWAIT, 0x2000);
	assert_int_equal(DX_F_NO_FOLIO, 0x4000);

	assert_int_equal(DX_PTE, 0);
	assert_int_equal(DX_PMD, 1);
	assert_int_equal(DX_PUD, 2);
	assert_int_equal(DX_PATH_DELETED, 1);
	assert_int_equal(DX_PATH_TRUNCATED, 2);
	assert_int_equal(GUP_PIN_COUNTING_BIAS, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_file_record),
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
