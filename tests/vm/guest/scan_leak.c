// SPDX-License-Identifier: GPL-2.0-only
/* scan_leak.c - references that leaked before daxtop was started: counted exactly, nobody accused. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "scan.h"

#define LEAKED 3

/* References that the module took of a fresh, mapped page. Returns its pfn. */
static uint64_t leak(struct area *a, struct place *p, int fd, unsigned int cmd)
{
	struct inject arg = { .cmd = cmd };
	uint64_t pfn = area_touched(a, p, place_order(p));

	arg.addr = (uintptr_t)a->p;
	for (int i = 0; i < LEAKED; i++)
		inject_do(fd, &arg);
	return pfn;
}

static void let_go(struct area *a)
{
	area_unmap(a);
	must(!close(a->fd));
}

/* They are all that is left, and nobody's. */
static void expect_nobody(struct daxtop *d, const struct area *a, uint64_t pfn)
{
	struct json_object *f = expect_folio(d, a, pfn, USES(.gets = LEAKED, .unknown = LEAKED)),
			   *holders;

	must(json_object_object_get_ex(f, "holders", &holders));
	for (size_t i = 0; i < json_object_array_length(holders); i++)
		if (field_bool(json_object_array_get_idx(holders, i), "certain"))
			fail("nobody is the holder: %s", json_text(f));
}

/* Mapped, not mapped, put. */
static void test_folio(struct place *p)
{
	int fd = inject_open();
	struct json_object *f;
	struct area a;
	uint64_t pfn = leak(&a, p, fd, INJECT_FOLIO_GET);

	f = expect_folio(SCAN(), &a, pfn, USES(.maps = 1, .gets = LEAKED, .unknown = LEAKED));
	expect_mapping(f, getpid(), a.p);
	let_go(&a);
	expect_nobody(SCAN(), &a, pfn);
	inject_undo(fd);
	expect_nothing(SCAN(), pfn);
}

/* What they do to an unbind. */
static void test_folio_verdict(struct place *p)
{
	/* dax_break_layout_final() is there for filesystems, since 6.15 */
	bool waits = p->fs && !kernel_legacy();
	int fd = inject_open();
	struct json_object *v;
	struct daxtop *d;
	char dev[64];
	struct area a;
	uint64_t pfn = leak(&a, p, fd, INJECT_FOLIO_GET);

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	let_go(&a);
	d = holders_run(1, dev);
	expect_nobody(d, &a, pfn);
	v = expect_verdict(d, p->device, waits ? "hangs" : "pulls");
	if (field_int(v, "blockers") != (waits ? 1 : LEAKED) || field_int(v, "folios") != 1)
		fail("%d references of one folio: %s", LEAKED, json_text(v));
	if (p->fs) {
		d = daxtop_run(0, ARGS("scan"));
		if (!strstr(d->out_text, "holder unknown: predates daxtop"))
			fail("the holder is unknown: %s", d->out_text);
	}
	inject_undo(fd);
	d = holders_run(p->fs ? 1 : 0, dev);
	expect_nothing(d, pfn);
	expect_unused(d, p);
}

static void expect_refs(struct daxtop *d, const char *device, int64_t unexplained)
{
	struct json_object *p = pgmap_of(d, device);

	if (field_int(p, "pgmap_refs_unexplained") != unexplained ||
	    field_int(p, "pgmap_refs") - field_int(p, "pgmap_refs_base") != unexplained)
		fail("%lld unexplained references expected: %s", (long long)unexplained,
		     json_text(p));
	if (field_bool(p, "dying"))
		fail("nobody unbinds it: %s", json_text(p));
}

/* References on the pgmap: an unbind would never end. */
static void test_pgmap(struct place *p)
{
	int fd = inject_open();
	struct json_object *v;
	struct daxtop *d;
	char dev[64];
	struct area a;

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	leak(&a, p, fd, INJECT_PGMAP_GET);
	let_go(&a);
	d = holders_run(1, dev);
	expect_refs(d, p->device, LEAKED);
	v = expect_verdict(d, p->device, "hangs");
	if (field_int(v, "pgmap_refs_unexplained") != LEAKED || field_bool(v, "under_way"))
		fail("%d references expected: %s", LEAKED, json_text(v));
	inject_undo(fd);
	d = holders_run(p->fs ? 1 : 0, dev);
	expect_refs(d, p->device, 0);
	expect_unused(d, p);
}

/* Of how many pgmaps is the page? */
static int nr_pgmaps_of(struct daxtop *d, uint64_t pfn)
{
	struct json_object *p, *ranges;
	int n = 0;

	for (size_t i = 0; (p = line_of(d, "pgmap", i)); i++) {
		must(json_object_object_get_ex(p, "ranges", &ranges));
		for (size_t k = 0; k < json_object_array_length(ranges); k++) {
			struct json_object *r = json_object_array_get_idx(ranges, k);

			n += pfn - field_int(r, "pfn") < (uint64_t)field_int(r, "pages");
		}
	}
	return n;
}

/* A pgmap whose ranges lie around another one's is one pgmap, and the last of its pages are its own. */
static void test_ranges(struct place *p)
{
	struct inject arg = { .cmd = INJECT_RANGES };
	int fd = inject_open(), pipe[2];
	struct json_object *f;
	struct daxtop *d;
	struct area a = {};

	(void)p;
	arg.window = (uintptr_t)inject_window(fd, false);
	inject_do(fd, &arg);
	a.p = (char *)(uintptr_t)arg.window;
	pipe_fill(pipe, &a);
	d = SCAN();
	if (nr_pgmaps_of(d, arg.pfn) != 1)
		fail("the page is told of %d pgmaps", nr_pgmaps_of(d, arg.pfn));
	f = folio_of(d, arg.pfn);
	if (!f)
		fail("the page is not listed");
	expect_holder(f, "pipe", getpid(), true);
	pipe_drain(pipe);
	inject_undo(fd);
}

const struct test scan_leak_tests[] = {
	TEST("scan/folio-leaked", ON_ALL | ON_BOTH, test_folio, .share = LOOKS),
	TEST("holders/folio-leaked", (ON_EXT4 | ON_DAX2M) | ON_BOTH, test_folio_verdict, .starts = 2),
	/* on the other two as well: scan/unbind-waits-for-pgmap */
	TEST("holders/pgmap-leaked", (ON_XFS | ON_DAX4K) | ON_BOTH, test_pgmap, .starts = 2),
	TEST("scan/ranges", ON_NONE | ON_BOTH, test_ranges, .share = LOOKS),
	TESTS_END,
};
