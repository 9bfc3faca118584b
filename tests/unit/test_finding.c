// SPDX-License-Identifier: GPL-2.0-only
/* test_finding.c - a broken rule in words, whatever bytes are in it */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <string.h>
#include "rule/rule.h"
#include "view/finding.h"
#include "view/json.h"
#include "view_feed.h"

#define SEC	1000000000ull
#define SUBJECT "4K folio 0x108001 of pmem0, /mnt/db/wal.0:0x1000 "

static struct engine_finding finding(enum dx_rule rule, enum dx_detail detail, int wanted, int got)
{
	struct engine_finding f = {
		.nr = 1,
		.rule = rule,
		.detail = detail,
		.first_time = 5 * SEC,
		.last_time = 5 * SEC,
		.count = 1,
		.wanted = wanted,
		.got = got,
		.nr_refs = 1,
		.folio = { .pfn = FEED_PFN + 1,
			   .refcount = 1025,
			   .mapcount = 1,
			   .pincount = 1,
			   .dev = FEED_DEV,
			   .ino = FEED_INO,
			   .index = 1,
			   .path = "/mnt/db/wal.0",
			   .device = "pmem0" },
		.pgmap = FEED_PGMAP,
		.stack = -1,
		.ustack = -1,
	};

	return f;
}

static void expect_finding(const struct engine_finding *f, const char *want)
{
	char text[FINDING_MAX];

	assert_string_equal(finding_sentence(text, sizeof(text), f, 20 * SEC), want);
}

static void expect(enum dx_rule rule, enum dx_detail detail, int wanted, int got, const char *want)
{
	struct engine_finding f = finding(rule, detail, wanted, got);
	char text[512];

	snprintf(text, sizeof(text), SUBJECT "%s", want);
	expect_finding(&f, text);
}

static void test_points(void **state)
{
	struct engine_finding f = finding(DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE, 1, 0);

	(void)state;
	f.level = DX_PMD;
	f.addr = 0x7f0000200000;
	f.folio.order = 9;
	expect_finding(&f,
		       "2M folio 0x108001 of pmem0, /mnt/db/wal.0:0x1000 was put in a PMD at 0x7f0000200000 "
		       "with refcount 0, and needs 1 at least");
	expect(DX_RULE_INSTALL_ZERO_REF, DX_D_BARE_PFN, 1, 0,
	       "was put in a PTE as a bare pfn with refcount 0, and needs 1 at least");
	expect(DX_RULE_INSTALL_WITHOUT_REF, DX_D_BARE_PFN, 2, 1,
	       "was put in a PTE as a bare pfn: no reference stands behind that mapping (refcount 1025)");
	expect(DX_RULE_INSTALL_WITHOUT_REF, DX_D_PAGE, 2, 1,
	       "was put in a PTE and its refcount is 1 after that, not 2: the mapping has no reference of its own");
	expect(DX_RULE_IDLE_NONZERO, DX_D_REFCOUNT, 0, 3,
	       "came into the file with refcount 3, and idle is 0");
	expect(DX_RULE_FREE_NONZERO, DX_D_REFCOUNT, 0, -1, "was freed with refcount -1, not 0");
	expect(DX_RULE_FOLIO_OVERPUT, DX_D_FREED_MAPPED, 0, 2,
	       "was freed while 2 page table entries map it: a reference was put that was not the putter's");
	expect(DX_RULE_FOLIO_OVERPUT, DX_D_FREED_MAPPED, 0, 1,
	       "was freed while 1 page table entry maps it: a reference was put that was not the putter's");
	expect(DX_RULE_FOLIO_OVERPUT, DX_D_BELOW_MAPCOUNT, 2, 1,
	       "has refcount 1 and mapcount 1, so at least 2 is right: a reference was put that was not the "
	       "putter's");
	expect(DX_RULE_FOLIO_OVERPUT, DX_D_REFCOUNT, 1, 0,
	       "has refcount 0, not 1: a reference was put that was not the putter's");
	expect(DX_RULE_LONGTERM_ON_FSDAX, DX_D_PIN, 0, 0,
	       "is a filesystem's and was pinned with FOLL_LONGTERM");
	expect(DX_RULE_GENERIC_OVERPUT, DX_D_REFCOUNT, 1, 0,
	       "lost its base reference: it reached refcount 0");
	expect(DX_RULE_PRIVATE_INIT, DX_D_REFCOUNT, 0, 4, "was handed out with refcount 4, not 0");
	expect(DX_RULE_PRIVATE_INIT, DX_D_UNLOCKED, 0, 0, "was handed out unlocked");
	expect(DX_RULE_P2PDMA_COUNT, DX_D_NO_FLAG, 0, 0, "was taken by GUP without FOLL_PCI_P2PDMA");
	expect(DX_RULE_P2PDMA_COUNT, DX_D_REFCOUNT, 1, 2, "was mapped with refcount 2, not 1");
	expect(DX_RULE_PIN_IMBALANCE, DX_D_UNPIN, 1, 0, "lost 1 pin and had 0");
	expect(DX_RULE_PIN_IMBALANCE, DX_D_PINCOUNT, 0, 2000,
	       "has pincount 2000, above its refcount 1025");
	expect(DX_RULE_GRAB_NONPOSITIVE, DX_D_REFCOUNT, 1, 0,
	       "was to be taken by GUP's slow path with refcount 0");
	expect(DX_RULE_PGMAP_DEAD_USE, DX_D_INSTALL, 0, 0,
	       "was put in a PTE after memunmap_pages() began");
	expect(DX_RULE_PGMAP_DEAD_USE, DX_D_PIN, 0, 0,
	       "was taken by GUP after memunmap_pages() began");
	expect(DX_RULE_PGMAP_DEAD_USE, DX_D_PGMAP_GET, 0, 0,
	       "got a reference after memunmap_pages() began");
	expect(DX_RULE_PGMAP_GONE_UNDER_PIN, DX_D_IN_USE, 0, 1025,
	       "was in use when its device's memory went: refcount 1025, idle is 0, mapcount 1, pins 1");
	expect(DX_RULE_NONE, DX_D_NONE, 0, 0, "broke a rule that this daxtop does not know");
}

static void test_state(void **state)
{
	struct engine_finding f = finding(DX_RULE_ENTRY_STALE_STATE, DX_D_INDEX_AFTER, 0, 0);

	(void)state;
	f.addr = 7;
	expect_finding(&f, SUBJECT
		       "has index 0x7 after it came into the file, and that is not its entry's");
	expect(DX_RULE_ENTRY_STALE_STATE, DX_D_MAPPING_BEFORE, 0, 0,
	       "belonged to a file already when it came into this one: its mapping was set");
	expect(DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_BEFORE, 0, 9,
	       "had order 9 when it came into the file, not 0");
	expect(DX_RULE_ENTRY_STALE_STATE, DX_D_MAPPING_AFTER, 0, 0,
	       "has the wrong mapping after it came into the file");
	expect(DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_AFTER, 9, 0,
	       "has order 0 after it came into the file, not 9");
	expect(DX_RULE_SHARE_MISMATCH, DX_D_SHARE_AFTER, 2, 1,
	       "has share count 1 as a shared folio, not 2");
	expect(DX_RULE_SHARE_MISMATCH, DX_D_STALE_INDEX, 0, 818,
	       "was in no file, and its owners are counted on from 818, the index that it had before");
	expect(DX_RULE_SHARE_MISMATCH, DX_D_NO_OWNER, 0, 0,
	       "is in a file and has neither a mapping nor a share count");
	expect(DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT, 0, 1,
	       "has refcount 1 when its last entry is removed, not 0");
	expect(DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_PGMAP_AFTER, 0, 0,
	       "has the wrong pgmap after its last entry was removed");
	expect(DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_SHARE_AFTER, 0, 0,
	       "has a wrong share count or index after its last entry was removed");
	f = finding(DX_RULE_BREAK_INCOMPLETE, DX_D_ENTRY_LEFT, 0, 0);
	f.index = 3;
	expect_finding(&f, SUBJECT
		       "still has an entry at 0x3000 after a layout break of that range succeeded");
	/* the entry has no folio: the file is what it is about */
	f.folio.pfn = 0;
	expect_finding(&f,
		       "/mnt/db/wal.0 still has an entry at 0x3000 after a layout break of that range "
		       "succeeded");
}

static void test_history(void **state)
{
	struct engine_finding f = finding(DX_RULE_FOLIO_LEAK, DX_D_NONE, 1, 2049);

	(void)state;
	f.nr_refs = 2;
	f.leaked_pins = true;
	expect_finding(&f, SUBJECT
		       "has 2 pins for 15.0s that nothing explains: refcount 2049, explained 1");
	f.nr_refs = 1;
	f.leaked_pins = false;
	f.over = true;
	f.end_time = 9 * SEC;
	expect_finding(&f, SUBJECT "had 1 reference for 4.0s that nothing explained, and lost it");
	assert_false(finding_counts(&f));
	f = finding(DX_RULE_PGMAP_LEAK, DX_D_NONE, 49153, 49155);
	f.nr_refs = 2;
	expect_finding(&f, "the memory of pmem0 (pgmap 3) has 49155 references, of which 49153 "
			   "are explained: 2 leaked, for 15.0s");
	f = finding(DX_RULE_PGMAP_UNDERFLOW, DX_D_NONE, 49153, 49152);
	f.folio.device = NULL;
	expect_finding(&f, "the memory of a device whose name is not known (pgmap 3) has 49152 "
			   "references and needs 49153: 1 too few, for 15.0s");
	f = finding(DX_RULE_STALL_BREAK_LAYOUT, DX_D_NONE, 0, 0);
	expect_finding(&f, SUBJECT
		       "is waited for by a truncate, hole punch or reflink for 15.0s: refcount 1025, "
		       "mapcount 1, pins 1");
	f.rule = DX_RULE_STALL_EVICT;
	f.over = true;
	f.end_time = 7 * SEC;
	expect_finding(&f, SUBJECT
		       "was waited for by the eviction of its file for 2.0s: refcount 1025, mapcount "
		       "1, pins 1");
	assert_true(finding_counts(&f));
	f = finding(DX_RULE_STALL_MEMUNMAP, DX_D_NONE, 0, 0);
	expect_finding(&f, "the memory of pmem0 (pgmap 3) is waited for by memunmap_pages() for "
			   "15.0s");
	f.note = true;
	assert_false(finding_counts(&f));
}

/* Every rule with every detail says something, whole, in any buffer. */
static void test_all(void **state)
{
	char text[FINDING_MAX], small[24];

	(void)state;
	for (unsigned int r = 0; r <= DX_RULES; r++)
		for (unsigned int d = 0; d <= DX_DETAILS; d++)
			for (int over = 0; over < 2; over++) {
				struct engine_finding f = finding(r, d, 1, 2);

				f.over = over;
				f.end_time = 6 * SEC;
				finding_sentence(text, sizeof(text), &f, 20 * SEC);
				assert_true(strlen(text) > 40);
				assert_null(strchr(text, '?'));
				memset(small, 'x', sizeof(small));
				finding_sentence(small, sizeof(small) - 1, &f, 20 * SEC);
				assert_int_equal(strlen(small), sizeof(small) - 2);
				assert_memory_equal(small, text, sizeof(small) - 2);
				assert_int_equal(small[sizeof(small) - 1], 'x');
			}
}

static void test_hostile(void **state)
{
	struct engine_finding f = finding(DX_RULE_FREE_NONZERO, DX_D_REFCOUNT, 0, 1);
	static char path[DX_PATH_LEN];
	char text[FINDING_MAX];

	(void)state;
	f.folio.path = "/m/\x1b[31m\n\xff";
	f.folio.path_flags = DX_PATH_DELETED;
	f.folio.device = "p\x07";
	expect_finding(&f,
		       "4K folio 0x108001 of p\\x07, (deleted) /m/\\x1b[31m\\x0a\\xff:0x1000 was freed with "
		       "refcount 1, not 0");
	/* the longest name, each byte of which takes four */
	memset(path, '\x1b', sizeof(path) - 1);
	f.folio.path = path;
	finding_sentence(text, sizeof(text), &f, 0);
	assert_non_null(strstr(text, ":0x1000 was freed with refcount 1, not 0"));
}

/* ---- a record, in trace ---- */

static struct dx_event violation(void)
{
	struct dx_event e = feed_event(DX_VIOLATION, 13 * SEC, 3);

	e.arg = DX_RULE_FREE_NONZERO;
	e.ret = DX_D_REFCOUNT;
	e.ref_first = 0;
	e.since = -2;
	e.refcount = -2;
	e.stack = 7;
	e.ustack = -14;
	return e;
}

static void test_trace_text(void **state)
{
	struct view_names names = { .start = 5 * SEC, .device = "pmem0", .path = "/mnt/f" };
	struct dx_event e = violation();
	struct capture c;

	(void)state;
	view_text_event(capture_start(&c), &e, &names);
	assert_string_equal(
		capture_text(&c),
		"    8.000000   1 db[813]                violation     0x108003     4K pmem0        -2 "
		"    0     0    1 -                      -              /mnt/f:0x3000 "
		"rule=free-nonzero detail=refcount: was freed with refcount -2, not 0\n");
	capture_end(&c);
	/* numbers that this daxtop does not know */
	e.arg = 200;
	e.ret = 1000;
	view_text_event(capture_start(&c), &e, NULL);
	assert_non_null(strstr(capture_text(&c),
			       "rule=? detail=none: broke a rule that this daxtop does not know\n"));
	capture_end(&c);
}

static void test_trace_json(void **state)
{
	struct view_names names = { .device = "pmem0", .path = "/mnt/f" };
	struct dx_event e = violation();
	struct capture c;

	(void)state;
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	assert_string_equal(
		capture_text(&c),
		"{\"schema\":2,\"type\":\"event\",\"time_ns\":13000000000,\"cpu\":1,"
		"\"event\":\"violation\",\"pid\":813,\"tgid\":812,\"comm\":\"db\",\"pfn\":1081347,"
		"\"order\":0,\"device\":\"pmem0\",\"pgmap\":3,"
		"\"memory_type\":\"fs-dax\",\"refcount\":-2,\"mapcount\":0,\"pins\":0,\"nr\":1,"
		"\"flags\":[],\"file\":\"/mnt/f\",\"file_deleted\":false,\"file_state\":\"current\",\"dev\":\"259:1\",\"ino\":42,\"generation\":0,"
		"\"offset_bytes\":12288,\"rule\":\"free-nonzero\",\"detail\":\"refcount\","
		"\"says\":\"4K folio 0x108003 of pmem0, /mnt/f:0x3000 was freed with refcount -2, not "
		"0\",\"wanted\":0,\"got\":-2,\"stack_id\":7,\"user_stack_id\":-14}\n");
	capture_end(&c);
	e = feed_event(DX_PGMAP_REFS, 1, 0);
	e.addr = (uint64_t)-3;
	e.index = 49153;
	e.flags = DX_F_DYING;
	e.dev = 0;
	e.ino = 0;
	assert_int_equal(view_json_event(capture_start(&c), &e, &names), 0);
	assert_non_null(strstr(capture_text(&c), "\"event\":\"pgmap-refs\""));
	assert_non_null(strstr(capture_text(&c), "\"flags\":[\"dying\"]"));
	assert_non_null(strstr(capture_text(&c), "\"pgmap_refs\":-3,\"pgmap_refs_base\":49153}"));
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points),	   cmocka_unit_test(test_state),
		cmocka_unit_test(test_history),	   cmocka_unit_test(test_all),
		cmocka_unit_test(test_hostile),	   cmocka_unit_test(test_trace_text),
		cmocka_unit_test(test_trace_json),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
