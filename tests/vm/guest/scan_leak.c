// SPDX-License-Identifier: GPL-2.0-only
/* scan_leak.c - references that leaked before daxtop was started: counted exactly, nobody accused. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "scan.h"

#define LEAKED 3

/* Folio references that the module took; nothing maps the page any more. */
static void test_folio(struct place *p)
{
	struct inject arg = { .cmd = INJECT_FOLIO_GET };
	/* dax_break_layout_final() is there for filesystems, since 6.15 */
	bool waits = p->fs && !kernel_legacy();
	int fd = inject_open(), i;
	struct json_object *f, *v;
	struct daxtop *d;
	char dev[64];
	struct area a;
	uint64_t pfn = area_touched(&a, p, place_order(p));

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	arg.addr = (uintptr_t)a.p;
	for (i = 0; i < LEAKED; i++)
		inject_do(fd, &arg);
	f = expect_folio(SCAN(), &a, pfn, USES(.maps = 1, .gets = LEAKED, .unknown = LEAKED));
	expect_mapping(f, getpid(), a.p);
	area_unmap(&a);
	must(!close(a.fd));
	d = holders_run(1, dev);
	f = expect_folio(d, &a, pfn, USES(.gets = LEAKED, .unknown = LEAKED));
	for (i = 0; (size_t)i < json_object_array_length(json_object_object_get(f, "holders")); i++)
		if (field_bool(json_object_array_get_idx(json_object_object_get(f, "holders"), i),
			       "certain"))
			fail("nobody is the holder: %s", json_text(f));
	v = expect_verdict(d, p->device, waits ? "hangs" : "pulls");
	if (field_int(v, "nr") != (waits ? 1 : LEAKED) || field_int(v, "folios") != 1)
		fail("%d references of one folio: %s", LEAKED, json_text(v));
	d = daxtop_run(0, ARGS("scan"));
	if (!strstr(d->out_text, "holder unknown: predates daxtop"))
		fail("the holder is unknown: %s", d->out_text);
	inject_undo(fd);
	d = holders_run(0, dev);
	expect_nothing(d, pfn);
	expect_verdict(d, p->device, p->fs ? "mounted" : "free");
}

static void expect_refs(struct daxtop *d, const char *device, int64_t unexplained)
{
	struct json_object *p = pgmap_of(d, device), *refs;

	must(json_object_object_get_ex(p, "refs", &refs) && refs);
	if (field_int(refs, "unexplained") != unexplained ||
	    field_int(refs, "outstanding") - field_int(refs, "base") != unexplained)
		fail("%lld unexplained references expected: %s", (long long)unexplained,
		     json_text(p));
	if (field_bool(p, "dying"))
		fail("nobody unbinds it: %s", json_text(p));
}

/* References on the pgmap: an unbind would never end. */
static void test_pgmap(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	int fd = inject_open(), i;
	struct json_object *v;
	struct daxtop *d;
	char dev[64];
	struct area a;

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	area_touched(&a, p, place_order(p));
	arg.addr = (uintptr_t)a.p;
	for (i = 0; i < LEAKED; i++)
		inject_do(fd, &arg);
	area_unmap(&a);
	must(!close(a.fd));
	d = holders_run(1, dev);
	expect_refs(d, p->device, LEAKED);
	v = expect_verdict(d, p->device, "hangs");
	if (field_int(v, "refs") != LEAKED || field_bool(v, "under_way"))
		fail("%d references expected: %s", LEAKED, json_text(v));
	inject_undo(fd);
	d = holders_run(0, dev);
	expect_refs(d, p->device, 0);
	expect_verdict(d, p->device, p->fs ? "mounted" : "free");
}

const struct test scan_leak_tests[] = {
	TEST("scan/folio-leaked", ON_ALL | ON_BOTH, test_folio),
	TEST("scan/pgmap-leaked", ON_ALL | ON_BOTH, test_pgmap),
	TESTS_END,
};
