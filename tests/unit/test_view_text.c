// SPDX-License-Identifier: GPL-2.0-only
/* test_view_text.c - trace lines, exactly; the words for numbers */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <string.h>
#include "frame.h"
#include "stream.h"
#include "view/names.h"
#include "view/text.h"
#include "view_feed.h"

static void expect_line(const struct dx_event *e, const struct view_names *names, const char *want)
{
	struct capture c;

	view_text_event(capture_start(&c), e, names);
	assert_string_equal(capture_text(&c), want);
	capture_end(&c);
}

static void test_header(void **state)
{
	struct capture c;

	(void)state;
	view_text_header(capture_start(&c));
	assert_string_equal(capture_text(&c),
			    "        TIME CPU COMM[PID]              EVENT         PFN        SIZE "
			    "DEV         REF   MAP   PIN   NR FLAGS                  RESULT         "
			    "FILE:OFFSET\n");
	capture_end(&c);
}

static void test_fault(void **state)
{
	struct view_names names = { .start = 1000000000, .device = "pmem0", .path = "/mnt/db/wal" };
	struct dx_event e = feed_event(DX_FAULT, 13345678912, 3);

	(void)state;
	e.flags = DX_F_INSERT | DX_F_INSTALL | DX_F_WRITE;
	e.refcount = 1;
	e.mapcount = 1;
	e.ref_install = 1;
	e.addr = 0x7f0000003000;
	e.ret = 0x100;
	expect_line(&e, &names,
		    "   12.345678   1 db[813]                fault         0x108003     4K pmem0    "
		    "     1     1     0    1 insert,install,write   NOPAGE         "
		    "/mnt/db/wal:0x3000 ref-first=0 ref-install=1 map-install=0 level=pte "
		    "addr=0x7f0000003000\n");
	/* 2M, failed: nothing of what it did not do */
	e.flags = DX_F_NO_FOLIO;
	e.ret = 0x800;
	e.order = 9;
	e.nr = 512;
	e.addr = 0;
	names.path_flags = DX_PATH_DELETED;
	expect_line(&e, &names,
		    "   12.345678   1 db[813]                fault         -             - pmem0    "
		    "     -     -     -  512 no-folio               FALLBACK       (deleted) "
		    "/mnt/db/wal:0x3000\n");
}

static void test_pin(void **state)
{
	struct view_names names = { .start = 1000 };
	struct dx_event e = feed_event(DX_PIN, 0, 0);

	(void)state;
	e.order = 9;
	e.refcount = 3;
	e.mapcount = 1;
	e.pincount = 2;
	e.nr = 2;
	e.flags = DX_F_LONGTERM | DX_F_SLOW;
	e.arg = 0x80100;
	e.ret = -EOPNOTSUPP;
	/* no names at all: numbers; a time before the start */
	names.start = 2000000;
	expect_line(&e, &names,
		    "   -0.002000   1 db[813]                pin           0x108000     2M -        "
		    "     3     1     2    2 longterm,slow          ret=-EOPNOTSUPP 259:1 ino "
		    "42:0x0 gup=0x80100\n");
	expect_line(&e, NULL,
		    "    0.000000   1 db[813]                pin           0x108000     2M -        "
		    "     3     1     2    2 longterm,slow          ret=-EOPNOTSUPP 259:1 ino "
		    "42:0x0 gup=0x80100\n");
}

static void test_device_dax(void **state)
{
	struct view_names names = { .device = "dax0.0" };
	struct dx_event e = feed_event(DX_DEV_FAULT, 0, 512);

	(void)state;
	e.ino = 0;
	e.dev = 252u << 20;
	e.order = 9;
	e.ret = 0x100;
	expect_line(&e, &names,
		    "    0.000000   1 db[813]                dev-fault     0x108200     2M dax0.0   "
		    "     0     0     0    1 -                      NOPAGE         "
		    "/dev/dax0.0:0x200000\n");
}

static void test_no_folio_events(void **state)
{
	struct view_names names = { .device = "pmem0" };
	struct dx_event e = feed_event(DX_PGMAP_ADD, 0, 0x40000);

	(void)state;
	e.ino = 0;
	e.dev = 0;
	e.pfn = 0x108000;
	expect_line(&e, &names,
		    "    0.000000   1 db[813]                pgmap-add     0x108000      - pmem0    "
		    "     -     -     -    - -                      ret=0          - "
		    "pages=262144\n");
	e = feed_event(DX_BREAK_DONE, 0, 4);
	e.addr = 7;
	e.ret = -512;
	expect_line(&e, NULL,
		    "    0.000000   1 db[813]                break-done    -             - -        "
		    "     -     -     -    - -                      ret=-ERESTARTSYS 259:1 ino 42 "
		    "pages=4-7\n");
	e = feed_event(DX_MODULE, 0, 0);
	memcpy(e.comm, "device_dax_longn", DX_COMM_LEN); /* no NUL */
	e.ino = 0;
	e.dev = 0;
	expect_line(&e, NULL,
		    "    0.000000   1 device_dax_longn[813]  module        -             - -        "
		    "     -     -     -    - -                      -              -\n");
	e = feed_event(77, 0, 0);
	e.ino = 0;
	expect_line(&e, NULL,
		    "    0.000000   1 db[813]                type-77       -             - -        "
		    "     -     -     -    - -                      -              -\n");
}

static void test_file_record(void **state)
{
	struct dx_file_event f;

	(void)state;
	memset(&f, 0, sizeof(f));
	f.e = feed_event(DX_FILE, 0, 0);
	memcpy(f.path, "a\nb", 3);
	f.path_len = 3;
	f.path_flags = DX_PATH_TRUNCATED | DX_PATH_DELETED;
	expect_line(&f.e, NULL,
		    "    0.000000   1 db[813]                file          -             - -        "
		    "     -     -     -    - -                      -              (deleted) "
		    ".../a\\x0ab\n");
	/* a length beyond the record is not believed */
	memset(f.path, 'a', DX_PATH_LEN);
	f.path_len = UINT32_MAX;
	f.path_flags = 0;
	{
		struct capture c;

		view_text_event(capture_start(&c), &f.e, NULL);
		assert_int_equal(strspn(strrchr(capture_text(&c), ' ') + 1, "a"), DX_PATH_LEN);
		capture_end(&c);
	}
}

static void test_hostile(void **state)
{
	struct view_names names = { .device = "p\x1b[0m",
				    .path = "/mnt/\x1b]0;x\x07\n\xff\xe2\x80\xae" };
	struct dx_event e = feed_event(DX_FREE, 0, 0);

	(void)state;
	memcpy(e.comm, "\x1b[2J\n\xe6\x97\xa5", 9);
	expect_line(&e, &names,
		    "    0.000000   1 \\x1b[2J\\x0a\xe6\x97\xa5[813]     free          0x108000     4K "
		    "p\\x1b[0m      0     0     0    1 -                      -              "
		    "/mnt/\\x1b]0;x\\x07\\x0a\\xff\\xe2\\x80\\xae:0x0\n");
}

static void test_stack(void **state)
{
	const struct stack_frame kernel[] = { { .addr = 0xffffffff81000010 },
					      { .addr = 0xffffffff81000020 } };
	const struct stack_frame user[] = {
		{ .addr = 0x401000, .offset = 0x10, .name = "f\033", .in = "db" },
		{ .addr = 0x402000, .in = "db", .why = "so it is" },
		{ .addr = 0x403000, .why = "so it is" },
		{ .addr = 0x404000 },
	};
	struct view_stack stack = { .kernel = kernel, .nr_kernel = 2, .user = user, .nr_user = 4 };
	struct capture c;

	(void)state;
	view_text_stack(capture_start(&c), &stack);
	assert_string_equal(capture_text(&c), "                  0xffffffff81000010\n"
					      "                  0xffffffff81000020\n"
					      "                  -- user --\n"
					      "                  f\\x1b+0x10 (db)\n"
					      "                  0x402000 (db: so it is)\n"
					      "                  0x403000 (so it is)\n"
					      "                  0x404000\n");
	capture_end(&c);
	stack = (struct view_stack){ .kernel_unkept = true, .user_unkept = true };
	view_text_stack(capture_start(&c), &stack);
	assert_string_equal(capture_text(&c), "                  (not kept)\n"
					      "                  -- user --\n"
					      "                  (not kept)\n");
	capture_end(&c);
}

static void test_summary(void **state)
{
	const uint64_t cpus[] = { 0, 3 };
	struct view_summary s = { .lost_by_cpu = cpus, .nr_cpus = 2, .missed_runs = 1 };
	struct capture c;

	(void)state;
	s.received[DX_FAULT] = 10;
	s.lost[DX_PIN] = 3;
	view_text_summary(capture_start(&c), &s);
	assert_string_equal(capture_text(&c),
			    "received 10  lost 3  missed program runs 1 (" MISSED_MEANS ")\n"
			    "  fault         received 10  lost 0\n"
			    "  pin           received 0  lost 3\n"
			    "  cpu 1         lost 3\n");
	capture_end(&c);
	memset(&s, 0, sizeof(s));
	s.stacks_unkept = 1234;
	view_text_summary(capture_start(&c), &s);
	assert_string_equal(capture_text(&c),
			    "received 0  lost 0  missed program runs 0\n"
			    "1,234 stacks could not be kept: new ones came faster than they "
			    "could be taken\n");
	capture_end(&c);
	memset(&s, 0, sizeof(s));
	s.indexes_forgotten = 1;
	view_text_summary(capture_start(&c), &s);
	assert_string_equal(capture_text(&c),
			    "received 0  lost 0  missed program runs 0\n"
			    "stale indexes of 1 page or more were forgotten, as there is room for "
			    "16384: share-mismatch does not tell of them\n");
	capture_end(&c);
}

/* As daxtop scan prints them. */
static void test_gaps(void **state)
{
	static const struct dx_gap gaps[] = { { "requests: \033 not read" }, { "RDMA: none" } };
	struct view_looks l = { .gap = gaps, .nr_gaps = 2 };
	struct capture c;

	(void)state;
	view_gaps_text(capture_start(&c), "", &l);
	assert_string_equal(capture_text(&c),
			    "\nnot looked at:\n  requests: \\x1b not read\n  RDMA: none\n");
	capture_end(&c);
	view_gaps_text(capture_start(&c), "# ", &l);
	assert_string_equal(capture_text(&c),
			    "# not looked at:\n#   requests: \\x1b not read\n#   RDMA: none\n");
	capture_end(&c);
	l.nr_gaps = 0;
	view_gaps_text(capture_start(&c), "", &l);
	assert_string_equal(capture_text(&c), "");
	capture_end(&c);
}

/* ---- words for numbers ---- */

static void test_event_names(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < DX_EVENT_TYPES; i++) {
		const char *name = event_name(i);

		assert_non_null(name);
		assert_int_equal(event_by_name(name, strlen(name)), i);
	}
	assert_null(event_name(DX_NONE));
	assert_null(event_name(DX_EVENT_TYPES));
	assert_int_equal(event_by_name("pi", 2), -1);
	assert_int_equal(event_by_name("pins", 4), -1);
	assert_int_equal(event_by_name("none", 4), -1);
}

static void test_flags(void **state)
{
	char out[256];

	(void)state;
	assert_string_equal(flags_format(out, sizeof(out), 0, ","), "-");
	assert_string_equal(flags_format(out, sizeof(out), DX_F_WRITE, ","), "write");
	assert_string_equal(flags_format(out, sizeof(out), (1 << 15) - 1, ","),
			    "insert,install,upgrade,write,shared,ref-taken,longterm,remote,final,"
			    "zero,slow,replaced,dying,nowait,no-folio");
	assert_string_equal(flags_format(out, sizeof(out), 1u << 31 | DX_F_ZERO, ","),
			    "zero,0x80000000");
	/* cut, not overrun */
	assert_string_equal(flags_format(out, 8, DX_F_INSERT | DX_F_INSTALL, ","), "insert,");
}

static void test_results(void **state)
{
	char out[256];

	(void)state;
	/* linux/mm_types.h, enum vm_fault_reason */
	assert_string_equal(fault_result_format(out, sizeof(out), 0), "0");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x100), "NOPAGE");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x104), "MAJOR|NOPAGE");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x1), "OOM");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x2), "SIGBUS");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x800), "FALLBACK");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x7f77),
			    "OOM|SIGBUS|MAJOR|HWPOISON|HWPOISON_LARGE|SIGSEGV|NOPAGE|LOCKED|RETRY|"
			    "FALLBACK|DONE_COW|NEEDDSYNC|COMPLETED");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x90020),
			    "HWPOISON_LARGE|HINDEX=9");
	assert_string_equal(fault_result_format(out, sizeof(out), 0x80000100), "NOPAGE|0x80000000");

	assert_string_equal(errno_format(out, sizeof(out), 0), "0");
	assert_string_equal(errno_format(out, sizeof(out), 16), "16");
	assert_string_equal(errno_format(out, sizeof(out), -EINVAL), "-EINVAL");
	assert_string_equal(errno_format(out, sizeof(out), -524), "-ENOTSUPP");
	assert_string_equal(errno_format(out, sizeof(out), -9999), "-9999");

	assert_string_equal(result_format(out, sizeof(out), DX_REMOVE, DX_F_SHARED, 2), "share=2");
	assert_string_equal(result_format(out, sizeof(out), DX_REMOVE, 0, 2), "");
	assert_string_equal(result_format(out, sizeof(out), DX_UNPIN, 0, 2), "");
}

static void test_numbers(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} durations[] = {
		{ 0, "0us" },
		{ 999999, "999us" },
		{ 1000000, "1ms" },
		{ 999999999, "999ms" },
		{ 1000000000, "1.0s" },
		{ 14290000000, "14.2s" },
		{ 99999999999, "99.9s" },
		{ 100000000000, "1m40s" },
		{ 5999000000000, "99m59s" },
		{ 6000000000000, "1h40m" },
		{ 359999000000000, "99h59m" },
		{ 360000000000000, "4d04h" },
		{ UINT64_MAX, "213503d" },
	};
	static const struct {
		double n;
		const char *want;
	} counts[] = {
		{ 0, "0" },	    { 999, "999" },	 { 999.4, "999" },    { 999.5, "1.0k" },
		{ 18249, "18.2k" }, { 99949, "99.9k" },	 { 99950, "100k" },   { 999499, "999k" },
		{ 999500, "1.0M" }, { 39.1e6, "39.1M" }, { 1.8e19, "18.0E" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		assert_string_equal(duration_format(out, sizeof(out), durations[i].ns),
				    durations[i].want);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		assert_string_equal(count_format(out, sizeof(out), counts[i].n), counts[i].want);
	assert_string_equal(thousands_format(out, sizeof(out), 0), "0");
	assert_string_equal(thousands_format(out, sizeof(out), 999), "999");
	assert_string_equal(thousands_format(out, sizeof(out), 41213), "41,213");
	assert_string_equal(thousands_format(out, sizeof(out), UINT64_MAX),
			    "18,446,744,073,709,551,615");
	assert_string_equal(size_format(out, sizeof(out), 0), "4K");
	assert_string_equal(size_format(out, sizeof(out), 2), "16K");
	assert_string_equal(size_format(out, sizeof(out), 9), "2M");
	assert_string_equal(size_format(out, sizeof(out), 18), "1G");
	assert_string_equal(size_format(out, sizeof(out), 255), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_device_dax),
		cmocka_unit_test(test_no_folio_events),
		cmocka_unit_test(test_file_record),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_event_names),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_numbers),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
