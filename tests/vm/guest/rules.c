// SPDX-License-Identifier: GPL-2.0-only
/* rules.c - daxtop check names the rule that is broken at one point, and no other: entries, page tables. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/fs.h>
#include <unistd.h>
#include "check.h"

/* An area whose folio nobody maps or holds; its entry stays. Returns the pfn. */
static uint64_t area_idle(struct area *a, struct place *p, unsigned int order)
{
	uint64_t pfn;

	area_open(a, p, order, AREA_WRITTEN);
	area_map_shared(a);
	touch_write(a->p);
	pfn = pfn_of(a->p);
	area_unmap(a);
	return pfn;
}

static void finding_is(struct json_object *f, int64_t wanted, int64_t got)
{
	if (field_int(f, "wanted") != wanted || field_int(f, "got") != got)
		fail("wanted %lld got %lld expected in %s", (long long)wanted, (long long)got,
		     json_object_to_json_string(f));
	if (strcmp(field_str(f, "confidence"), "proven"))
		fail("not proven: %s", json_object_to_json_string(f));
}

/* ---- installs ---- */

/* The module installs a page of an idle area into its own window. */
static void install_idle(struct place *p, unsigned int order, unsigned int cmd, const char *rule,
			 const char *function, int64_t wanted, int64_t got)
{
	struct inject arg = { .cmd = cmd };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	arg.pfn = area_idle(&a, p, order);
	arg.window = (uintptr_t)inject_window(fd, cmd == INJECT_INSTALL_PFN);
	d = CHECK_START("--strict");
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	finding_is(expect_only(d, rule, arg.pfn, function), wanted, got);
	area_remove(&a);
}

static void test_zero_mkwrite(struct place *p)
{
	install_idle(p, 0, INJECT_INSTALL_MKWRITE, "install-zero-ref", "inject_install_mkwrite", 1,
		     0);
}

static void test_zero_page(struct place *p)
{
	install_idle(p, 0, INJECT_INSTALL_PAGE, "install-zero-ref", "inject_install_page", 1, 0);
}

static void test_zero_mixed(struct place *p)
{
	install_idle(p, 0, INJECT_INSTALL_MIXED, "install-zero-ref", "inject_install_mixed", 1, 0);
}

static void test_zero_pfn(struct place *p)
{
	install_idle(p, 0, INJECT_INSTALL_PFN, "install-zero-ref", "inject_install_pfn", 1, 0);
}

static void test_zero_pmd(struct place *p)
{
	install_idle(p, 9, INJECT_INSTALL_PMD, "install-zero-ref", "inject_install_pmd", 1, 0);
}

/* The same of a page that its own mapping holds: nothing stands behind the second one. */
static void install_held(struct place *p, unsigned int cmd, const char *function)
{
	struct inject arg = { .cmd = cmd };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.window = (uintptr_t)inject_window(fd, cmd == INJECT_INSTALL_PFN);
	d = CHECK_START("--strict");
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	f = expect_only(d, "install-without-ref", 0, function);
	finding_is(f, arg.count + 1, arg.count);
	if (field_int(f, "pid") != getpid())
		fail("not by us: %s", json_object_to_json_string(f));
	area_unmap(&a);
	area_remove(&a);
}

static void test_bare_mixed(struct place *p)
{
	install_held(p, INJECT_INSTALL_MIXED, "inject_install_mixed");
}

static void test_bare_pfn(struct place *p)
{
	install_held(p, INJECT_INSTALL_PFN, "inject_install_pfn");
}

static void test_bare_pfn_pmd(struct place *p)
{
	install_held(p, INJECT_INSTALL_PFN_PMD, "inject_install_pfn_pmd");
}

static void test_unmap_uncounted(struct place *p)
{
	struct inject arg = { .cmd = INJECT_UNMAP_UNCOUNTED };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	d = CHECK_START();
	inject_do(fd, &arg);
	check_stop(d, 1);
	f = expect_only(d, "mapcount-underflow", pfn_of(a.p), "inject_unmap_uncounted");
	finding_is(f, 1, 0);
	if (!strstr(field_str(f, "says"), "lost 1 of its mappings, and its mapcount was 0") ||
	    check_broken(d, "mapcount-underflow") != 1)
		fail("not so, or not once: %s", d->out_text);
	area_unmap(&a);
	area_remove(&a);
}

/* ---- GUP ---- */

static void test_grab_zero(struct place *p)
{
	struct inject arg = { .cmd = INJECT_GRAB_ZERO };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	arg.pfn = area_idle(&a, p, 0);
	arg.window = (uintptr_t)inject_window(fd, false);
	d = CHECK_START();
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	f = check_finding(d, "grab-nonpositive", 0);
	if (check_broken(d, "grab-nonpositive") < 1 || !f)
		fail("grab-nonpositive is not broken: %s", d->out_text);
	finding_is(f, 1, 0);
	if (!finding_has_frame(f, "inject_grab_zero") || (uint64_t)field_int(f, "pfn") != arg.pfn)
		fail("not that page, or not by the module: %s", json_object_to_json_string(f));
	area_remove(&a);
}

static void test_longterm(struct place *p)
{
	struct inject arg = { .cmd = INJECT_LONGTERM };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	d = CHECK_START();
	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.window = (uintptr_t)inject_window(fd, false);
	inject_do(fd, &arg);
	if (arg.ret != 1)
		fail("the module got no pin: %lld", (long long)arg.ret);
	inject_undo(fd);
	check_stop(d, 1);
	f = expect_only(d, "longterm-on-fsdax", pfn_of(a.p), "inject_longterm");
	if (strcmp(field_str(f, "file"), a.path))
		fail("not the file %s: %s", a.path, json_object_to_json_string(f));
	area_unmap(&a);
	area_remove(&a);
}

/* ---- entries ---- */

/*
 * The same page comes into its file again, with a mapping that somebody left there. The
 * kernel says it once a boot (WARN_ON_ONCE), daxtop each time.
 */
static void test_stale_mapping(struct place *p)
{
	struct inject remove = { .cmd = INJECT_REMOVE_HONEST },
		      stale = { .cmd = INJECT_STALE_MAPPING };
	struct daxtop *d;
	struct area a;
	int fd = inject_open(), i;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	stale.pfn = pfn_of(a.p);
	d = CHECK_START();
	for (i = 0; i < 3; i++) {
		remove.addr = (uintptr_t)a.p;
		inject_do(fd, &remove);
		inject_do(fd, &stale);
		touch_write(a.p);
	}
	inject_undo(fd);
	check_stop(d, 1);
	expect_only(d, "entry-stale-state", stale.pfn, "dax_iomap_pte_fault");
	if (check_broken(d, "entry-stale-state") != 3)
		fail("counted %lld of 3: %s", (long long)check_broken(d, "entry-stale-state"),
		     d->out_text);
	area_unmap(&a);
	area_remove(&a);
}

static void test_remove_busy(struct place *p)
{
	struct inject arg = { .cmd = INJECT_REMOVE_BUSY };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.pfn = pfn_of(a.p);
	d = CHECK_START();
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	f = expect_only(d, "removed-while-referenced", arg.pfn, "inject_remove_busy");
	finding_is(f, kernel_legacy(), kernel_legacy() + 1);
	area_unmap(&a);
	area_remove(&a);
}

static void test_break_incomplete(struct place *p)
{
	struct inject arg = { .cmd = INJECT_BREAK_INCOMPLETE };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	d = CHECK_START();
	inject_do(fd, &arg);
	check_stop(d, 1);
	f = expect_only(d, "break-incomplete", 0, "inject_break_incomplete");
	if (strcmp(field_str(f, "file"), a.path) || field_int(f, "offset_bytes") != a.off)
		fail("not %s: %s", a.spec, json_object_to_json_string(f));
	area_unmap(&a);
	area_remove(&a);
}

/*
 * An owner too many in the share count: it is still there when the last entry has gone, and
 * the page comes into one file again.
 */
static void test_share(struct place *p)
{
	struct inject share = { .cmd = INJECT_SHARE }, remove = { .cmd = INJECT_REMOVE_HONEST };
	struct daxtop *d;
	struct area a;
	char copy[300], *q;
	int fd = inject_open(), other;

	area_open(&a, p, 0, AREA_WRITTEN);
	snprintf(copy, sizeof(copy), "%s-copy", a.path);
	other = open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(other >= 0);
	must(!ioctl(other, FICLONE, a.fd));
	area_map(&a, PROT_READ, MAP_SHARED);
	touch_read(a.p);
	q = mmap(NULL, SZ_4K, PROT_READ, MAP_SHARED, other, a.off);
	must(q != MAP_FAILED);
	touch_read(q);
	share.addr = (uintptr_t)a.p;
	share.pfn = pfn_of(a.p);
	if (pfn_of(q) != share.pfn)
		fail("the copy does not share the page");
	d = CHECK_START();
	inject_do(fd, &share);
	must(!munmap(q, SZ_4K));
	must(!fallocate(other, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a.off, SZ_4K));
	remove.addr = (uintptr_t)a.p;
	inject_do(fd, &remove);
	touch_read(a.p);
	check_stop(d, 1);
	expect_only(d, "share-mismatch", share.pfn, "dax_iomap_pte_fault");
	area_unmap(&a);
	must(!close(fd) && !close(other) && !unlink(copy));
	area_remove(&a);
}

/* ---- honest ---- */

static void honest_work(struct place *p)
{
	struct area a;
	char byte;
	int mem;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	/* a pin of the slow path */
	mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	must(pread(mem, &byte, 1, (uintptr_t)a.p) == 1);
	must(pwrite(nullb_open(), a.p, SZ_4K, 0) == SZ_4K);
	must(!close(mem));
	area_unmap(&a);
	area_remove(&a);
}

/* The workload breaks nothing: every rule that it touches was checked, once a place at least. */
static void test_honest(struct place *none)
{
	static const char *const checked[] = { "install-zero-ref", "install-without-ref",
					       "pin-imbalance", "pgmap-dead-use", NULL };
	static const char *const checked_fs[] = { "idle-nonzero", "entry-stale-state",
						  "removed-while-referenced", NULL };
	int64_t nr_fs = 0, nr = 0;
	struct daxtop *d;
	size_t i;

	(void)none;
	d = CHECK_START("--stall-time", "60");
	for (i = 0; i < NR_PLACES; i++) {
		honest_work(&places[i]);
		nr++;
		nr_fs += places[i].fs;
	}
	check_stop(d, 0);
	expect_clean(d);
	for (i = 0; checked[i]; i++)
		if (check_checked(d, checked[i]) < nr)
			fail("%s was checked %lld times: %s", checked[i],
			     (long long)check_checked(d, checked[i]), d->out_text);
	for (i = 0; checked_fs[i]; i++)
		if (check_checked(d, checked_fs[i]) < nr_fs)
			fail("%s was checked %lld times: %s", checked_fs[i],
			     (long long)check_checked(d, checked_fs[i]), d->out_text);
}

static void map_once(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
}

/* A legacy kernel maps DAX without references: counted, once a place, and no finding. */
static void test_by_design(struct place *none)
{
	struct area a[NR_PLACES];
	struct json_object *rule;
	struct daxtop *d;
	size_t i;

	(void)none;
	for (i = 0; i < NR_PLACES; i++)
		area_open(&a[i], &places[i], place_order(&places[i]), AREA_WRITTEN);
	d = CHECK_START();
	for (i = 0; i < NR_PLACES; i++)
		map_once(&a[i]);
	check_stop(d, 0);
	rule = check_rule(d, "install-without-ref");
	if (field_int(rule, "by_design") != NR_PLACES || field_int(rule, "broken"))
		fail("%d installs by design expected: %s", NR_PLACES, d->out_text);
	for (i = 0; i < NR_PLACES; i++)
		area_remove(&a[i]);
}

/* ... if nobody asks for it. */
static void test_by_design_strict(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = CHECK_START("--strict");
	map_once(&a);
	check_stop(d, 1);
	expect_only(d, "install-without-ref", 0, NULL);
	area_remove(&a);
}

const struct test rules_tests[] = {
	TEST("rules/every-rule", ON_NONE | ON_BOTH, test_every_rule),
	TEST("rules/honest", ON_NONE | ON_BOTH, test_honest),
	TEST("rules/by-design", ON_NONE | ON_LEGACY, test_by_design),
	TEST("rules/by-design-strict", ON_ALL | ON_LEGACY, test_by_design_strict,
	     .share = CHECKS_STRICT, .rule = "install-without-ref"),
	TEST("rules/install-zero-mkwrite", ON_FS, test_zero_mkwrite, .share = CHECKS_STRICT,
	     .rule = "install-zero-ref"),
	TEST("rules/install-zero-page", ON_FS, test_zero_page, .share = CHECKS_STRICT,
	     .rule = "install-zero-ref"),
	TEST("rules/install-zero-mixed", ON_FS, test_zero_mixed, .share = CHECKS_STRICT,
	     .rule = "install-zero-ref"),
	TEST("rules/install-zero-pfn", ON_FS, test_zero_pfn, .share = CHECKS_STRICT,
	     .rule = "install-zero-ref"),
	TEST("rules/install-zero-pmd", ON_FS, test_zero_pmd, .share = CHECKS_STRICT,
	     .rule = "install-zero-ref"),
	TEST("rules/install-bare-mixed", ON_ALL | ON_BOTH, test_bare_mixed, .share = CHECKS_STRICT,
	     .rule = "install-without-ref"),
	TEST("rules/install-bare-pfn", ON_ALL | ON_BOTH, test_bare_pfn, .share = CHECKS_STRICT,
	     .rule = "install-without-ref"),
	TEST("rules/install-bare-pfn-pmd", ON_DAX2M | ON_BOTH, test_bare_pfn_pmd,
	     .share = CHECKS_STRICT, .rule = "install-without-ref"),
	TEST("rules/mapcount-underflow", ON_FS, test_unmap_uncounted, .share = CHECKS,
	     .rule = "mapcount-underflow"),
	TEST("rules/grab-nonpositive", ON_FS | ON_BOTH, test_grab_zero, .warns = "mm/gup.c",
	     .share = CHECKS, .rule = "grab-nonpositive"),
	TEST("rules/longterm-on-fsdax", ON_FS | ON_BOTH, test_longterm, .share = CHECKS,
	     .rule = "longterm-on-fsdax"),
	TEST("rules/entry-stale-mapping", ON_FS | ON_BOTH, test_stale_mapping, .warns = "fs/dax.c",
	     .share = CHECKS, .rule = "entry-stale-state"),
	TEST("rules/removed-while-referenced", ON_FS | ON_BOTH, test_remove_busy,
	     .warns = "fs/dax.c", .share = CHECKS, .rule = "removed-while-referenced"),
	TEST("rules/break-incomplete", ON_FS, test_break_incomplete, .share = CHECKS,
	     .rule = "break-incomplete"),
	TEST("rules/share-mismatch", ON_XFS | ON_BOTH, test_share, .warns = "fs/dax.c",
	     .share = CHECKS, .rule = "share-mismatch"),
	TESTS_END,
};
