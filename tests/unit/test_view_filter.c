// SPDX-License-Identifier: GPL-2.0-only
/* test_view_filter.c - each condition lets through what it names and nothing else */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "view/filter.h"
#include "view_feed.h"

static const char *device = "pmem0", *path = "/mnt/db/wal";

static bool event_passes(const struct view_filter *f)
{
	struct dx_event e = feed_event(DX_UNPIN, 1, 2);

	e.pincount = 1;
	return view_filter_event(f, &e, device, path);
}

static bool folio_passes(const struct view_filter *f, bool holds)
{
	struct engine_folio folio = { .pfn = FEED_PFN + 2,
				      .dev = FEED_DEV,
				      .ino = FEED_INO,
				      .path = path,
				      .device = device,
				      .last_tgid = 812,
				      .last_comm = "db" };

	return view_filter_folio(f, &folio, holds);
}

static void expect(struct view_filter f, bool passes)
{
	assert_int_equal(event_passes(&f), passes);
	assert_int_equal(folio_passes(&f, false), passes);
}
#define EXPECT(passes, ...) expect((struct view_filter){ __VA_ARGS__ }, passes)

static void test_none(void **state)
{
	(void)state;
	EXPECT(true, .pid = 0);
}

static void test_process(void **state)
{
	struct view_filter thread = { .pid = 813 };

	(void)state;
	EXPECT(true, .pid = 812);
	EXPECT(false, .pid = 814);
	/* an event knows its thread, a folio the process */
	assert_true(event_passes(&thread));
	EXPECT(true, .comm = "db");
	EXPECT(false, .comm = "d");
	EXPECT(false, .comm = "dbx");
	EXPECT(false, .pid = 812, .comm = "other");
}

/* Who holds it counts as much as who was there last. */
static void test_holder(void **state)
{
	struct view_filter pid = { .pid = 99 }, comm = { .comm = "x" },
			   both = { .pid = 99, .device = "pmem1" };

	(void)state;
	assert_false(folio_passes(&pid, false));
	assert_true(folio_passes(&pid, true));
	assert_true(folio_passes(&comm, true));
	assert_false(folio_passes(&both, true));
}

static void test_long_comm(void **state)
{
	struct dx_event e = feed_event(DX_FREE, 1, 0);
	struct view_filter f = { .comm = "a-process-with-a-long-name" };

	(void)state;
	memcpy(e.comm, "a-process-with-", 15);
	assert_true(view_filter_event(&f, &e, NULL, NULL));
	f.comm = "a-process-wit";
	assert_false(view_filter_event(&f, &e, NULL, NULL));
}

static void test_device(void **state)
{
	(void)state;
	EXPECT(true, .device = "pmem0");
	EXPECT(false, .device = "pmem");
	EXPECT(false, .device = "pmem01");
	device = NULL;
	EXPECT(false, .device = "pmem0");
	device = "pmem0";
}

static void test_file(void **state)
{
	(void)state;
	EXPECT(true, .file = "/mnt/db/wal");
	EXPECT(true, .file = "/mnt/db");
	EXPECT(true, .file = "/mnt/db/");
	EXPECT(true, .file = "/");
	EXPECT(false, .file = "/mnt/d");
	EXPECT(false, .file = "/mnt/db/wal.0");
	/* by number, when the name is another or not known */
	EXPECT(true, .file = "/x", .file_dev = FEED_DEV, .file_ino = FEED_INO);
	EXPECT(false, .file = "/x", .file_dev = FEED_DEV + 1, .file_ino = FEED_INO);
	EXPECT(false, .file = "/x", .file_dev = FEED_DEV, .file_ino = FEED_INO + 1);
	path = NULL;
	EXPECT(false, .file = "/");
	EXPECT(true, .file = "/x", .file_dev = FEED_DEV, .file_ino = FEED_INO);
	path = "/mnt/db/wal";
}

static void test_text(void **state)
{
	(void)state;
	EXPECT(true, .text = "");
	EXPECT(true, .text = "b/w");
	EXPECT(true, .text = "mem");
	EXPECT(true, .text = "db");
	EXPECT(true, .text = "0x108002");
	EXPECT(true, .text = "8002");
	EXPECT(false, .text = "0x108003");
	EXPECT(false, .text = "WAL");
}

static void test_events(void **state)
{
	struct view_filter f = { .events = 1u << DX_UNPIN | 1u << DX_PIN };
	struct dx_event e = {};

	(void)state;
	assert_true(event_passes(&f));
	f.events = 1u << DX_PIN;
	assert_false(event_passes(&f));
	/* what happened inside a fault */
	e.type = DX_FAULT;
	e.flags = DX_F_INSERT;
	f.events = 1u << DX_INSERT;
	assert_true(view_filter_event(&f, &e, NULL, NULL));
	f.events = 1u << DX_INSTALL;
	assert_false(view_filter_event(&f, &e, NULL, NULL));
	e.flags = DX_F_INSTALL;
	assert_true(view_filter_event(&f, &e, NULL, NULL));
	f.events = 1u << DX_INSERT;
	assert_false(view_filter_event(&f, &e, NULL, NULL));
}

static void test_folio_states(void **state)
{
	struct engine_folio folio = { .pfn = 1 };
	struct view_filter pinned = { .pinned = true }, waited = { .waited = true };

	(void)state;
	assert_false(view_filter_folio(&pinned, &folio, false));
	folio.nr_holders = 1; /* a FOLL_GET holds it as well */
	assert_true(view_filter_folio(&pinned, &folio, false));
	folio.nr_holders = 0;
	folio.pincount = 1;
	assert_true(view_filter_folio(&pinned, &folio, false));
	assert_false(view_filter_folio(&waited, &folio, false));
	folio.waited = true;
	assert_true(view_filter_folio(&waited, &folio, false));
}

/* What daxtop reads itself is shown to who asks for it. */
static void test_own_reads(void **state)
{
	static const unsigned int own[] = { DX_SAMPLE, DX_PGMAP_REFS, DX_TASK_GONE };
	struct view_filter f = { .pid = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct dx_event e = feed_event(own[i], 1, 0);

		f.events = 0;
		assert_false(view_filter_event(&f, &e, NULL, NULL));
		f.events = 1u << own[i];
		assert_true(view_filter_event(&f, &e, NULL, NULL));
		e.type = DX_VIOLATION;
		assert_false(view_filter_event(&f, &e, NULL, NULL));
		f.events = 0;
		assert_true(view_filter_event(&f, &e, NULL, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_reads), cmocka_unit_test(test_none),
		cmocka_unit_test(test_process),	  cmocka_unit_test(test_holder),
		cmocka_unit_test(test_long_comm), cmocka_unit_test(test_device),
		cmocka_unit_test(test_file),	  cmocka_unit_test(test_text),
		cmocka_unit_test(test_events),	  cmocka_unit_test(test_folio_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
