// SPDX-License-Identifier: GPL-2.0-only
/* pgmaps.c - daxtop check names the rule that is broken: references on pgmaps, dead ones, PRIVATE and P2PDMA folios. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"

/* Some page of the place, mapped. */
static void area_any(struct area *a, struct place *p, struct inject *arg)
{
	area_open(a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(a);
	touch_write(a->p);
	arg->addr = (uintptr_t)a->p;
}

/* The finding: a reference too many (or too few), of this place's pgmap. */
static struct json_object *expect_refs(struct daxtop *d, struct place *p, const char *rule)
{
	struct json_object *f = check_finding(d, rule, 0);

	if (!f || field_int(f, "refs") != 1 || strcmp(field_str(f, "confidence"), "proven") ||
	    strcmp(field_str(f, "device"), p->device))
		fail("%s of %s, one proven reference, expected: %s", rule, p->device, d->out_text);
	return f;
}

static void test_leak(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_any(&a, p, &arg);
	d = CHECK_START();
	inject_do(fd, &arg);
	check_await(d, "pgmap-leak");
	check_stop(d, 1);
	inject_undo(fd);
	expect_only(d, "pgmap-leak", 0, "inject_pgmap_get");
	expect_refs(d, p, "pgmap-leak");
	area_unmap(&a);
	area_remove(&a);
}

/* Put late, but before the end: the suspicion ends, and nothing counts. */
static void test_leak_ends(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_any(&a, p, &arg);
	d = CHECK_START();
	inject_do(fd, &arg);
	check_await(d, "pgmap-leak");
	inject_undo(fd);
	check_stop(d, 0);
	if (!field_bool(expect_refs(d, p, "pgmap-leak"), "over"))
		fail("a leak that is over expected: %s", d->out_text);
	expect_clean(d);
	area_unmap(&a);
	area_remove(&a);
}

static void test_underflow(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_PUT };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_any(&a, p, &arg);
	d = CHECK_START();
	inject_do(fd, &arg);
	check_await(d, "pgmap-underflow");
	check_stop(d, 1);
	inject_undo(fd);
	expect_only(d, "pgmap-underflow", 0, NULL);
	expect_refs(d, p, "pgmap-underflow");
	area_unmap(&a);
	area_remove(&a);
}

/* ---- dead ones: the module's own ---- */

static void dead(unsigned int cmd, const char *function)
{
	struct inject arg = { .cmd = cmd };
	struct daxtop *d;
	int fd = inject_open();

	arg.window = (uintptr_t)inject_window(fd, false);
	d = CHECK_START("--stall-time", "30");
	if (!inject_try(fd, &arg))
		skip("this kernel can't do it");
	inject_undo(fd);
	check_stop(d, 1);
	expect_only(d, "pgmap-dead-use", arg.pfn, function);
}

static void test_dead_install(struct place *p)
{
	(void)p;
	dead(INJECT_DEAD_INSTALL, "inject_dead_install");
}

static void test_dead_pin(struct place *p)
{
	(void)p;
	dead(INJECT_DEAD_PIN, "inject_dead_pin");
}

static void test_dead_init(struct place *p)
{
	(void)p;
	dead(INJECT_DEAD_INIT, "inject_dead_init");
}

/* ---- gone under a pin: what stock kernels do with device-dax (rules.md) ---- */

static void test_gone_under_pin(struct place *p)
{
	struct iovec iov = { .iov_len = SZ_2M };
	struct json_object *f, *holders;
	char name[64], dev[64], buf[SZ_4K];
	struct daxtop *d;
	int64_t folios = SZ_2M / p->align, refs = 0;
	struct area a;
	uint64_t pfn;
	int pipe[2];

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	area_open(&a, p, place_order(p), AREA_WRITTEN);
	must(!pipe2(pipe, O_CLOEXEC));
	must(fcntl(pipe[1], F_SETPIPE_SZ, SZ_2M) == SZ_2M);
	/* a slow machine may take more than a second to unbind */
	d = CHECK_START("--stall-time", "60");
	/* all pages of a pipe, be they of one folio or of one each */
	iov.iov_base = mmap(NULL, SZ_2M, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off);
	must(iov.iov_base != MAP_FAILED);
	memset(iov.iov_base, 1, SZ_2M);
	pfn = pfn_of(iov.iov_base);
	must(vmsplice(pipe[1], &iov, 1, 0) == SZ_2M);
	must(!munmap(iov.iov_base, SZ_2M));
	must(!close(a.fd));
	run("ndctl disable-namespace %s", name);
	check_stop(d, 1);
	/*
	 * With struct pages there again, letting go takes the base reference, which is bad
	 * enough; without them the kernel would oops.
	 */
	run("ndctl enable-namespace %s", name);
	wait_for_path(dev);
	for (size_t i = 0; i < SZ_2M / SZ_4K; i++)
		must(read(pipe[0], buf, sizeof(buf)) == SZ_4K);
	/* and with new ones that page is as any other again */
	run("ndctl disable-namespace %s", name);
	f = expect_only(d, "pgmap-gone-under-pin", pfn, "device_unbind_cleanup");
	if (check_finding(d, "pgmap-gone-under-pin", 1))
		fail("one finding expected: %s", d->out_text);
	if (field_int(f, "folios") != folios || field_int(f, "count") != 1 ||
	    check_broken(d, "pgmap-gone-under-pin") != 1)
		fail("%lld folios at once expected: %s", (long long)folios,
		     json_object_to_json_string(f));
	must(json_object_object_get_ex(f, "holders", &holders));
	for (size_t i = 0; i < json_object_array_length(holders); i++) {
		struct json_object *h = json_object_array_get_idx(holders, i);

		if (field_int(h, "tgid") == getpid())
			refs += field_int(h, "refs");
		else
			fail("a stranger holds it: %s", json_object_to_json_string(h));
	}
	if (refs != SZ_2M / SZ_4K)
		fail("we hold 512 references: %s", json_object_to_json_string(f));
}

/* ---- folios of other types ---- */

static void own(unsigned int cmd, const char *rule, const char *function)
{
	struct inject arg = { .cmd = cmd };
	struct daxtop *d;
	int fd = inject_open();

	arg.window = (uintptr_t)inject_window(fd, false);
	d = CHECK_START("--stall-time", "60"); /* its pgmap goes, which takes a moment */
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, rule ? 1 : 0);
	if (rule)
		expect_only(d, rule, arg.pfn, function);
	else
		expect_clean(d);
	if (cmd >= INJECT_P2P_ALLOC ? cmd != INJECT_P2P_ALLOC && check_checked(d, "p2pdma-count") < 1
				    : check_checked(d, "private-init") < 1)
		fail("the rule was not checked: %s", d->out_text);
}

static void test_private_honest(struct place *p)
{
	(void)p;
	own(INJECT_PRIVATE_HONEST, NULL, NULL);
}

static void test_private_init(struct place *p)
{
	(void)p;
	own(INJECT_PRIVATE_INIT, "private-init", "inject_private_init");
}

static void test_private_free(struct place *p)
{
	(void)p;
	own(INJECT_PRIVATE_FREE, "private-init", NULL);
}

static void test_p2p_honest(struct place *p)
{
	(void)p;
	own(INJECT_P2P_HONEST, NULL, NULL);
}

static void test_p2p_count(struct place *p)
{
	(void)p;
	own(INJECT_P2P_COUNT, "p2pdma-count", "inject_p2p_map");
}

/* Memory that is allocated holds its pgmap: no leak of the pgmap, however long. */
static void test_p2p_alloc(struct place *p)
{
	struct inject arg = { .cmd = INJECT_P2P_ALLOC }, leaked = { .cmd = INJECT_PGMAP_GET };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_any(&a, p, &leaked);
	d = CHECK_START();
	inject_do(fd, &arg);
	/* a younger one, for comparison: when it is told of, ours would have been */
	inject_do(fd, &leaked);
	check_await(d, "pgmap-leak");
	inject_undo(fd);
	check_stop(d, 0);
	f = check_finding(d, "pgmap-leak", 0);
	if (!f || check_finding(d, "pgmap-leak", 1) || strcmp(field_str(f, "device"), p->device))
		fail("a leak of %s, and no other, expected: %s", p->device, d->out_text);
	expect_clean(d);
	area_unmap(&a);
	area_remove(&a);
}

const struct test pgmaps_tests[] = {
	/* References of one pgmap add up, and some stay to the check's end: no two tests that share one have the same. */
	TEST("rules/pgmap-leak-ends", (ON_EXT4 | ON_DAX2M) | ON_BOTH, test_leak_ends,
	     .share = CHECKS, .rule = "pgmap-leak"),
	TEST("rules/pgmap-leak", ON_ALL | ON_BOTH, test_leak, .share = CHECKS_STALL,
	     .rule = "pgmap-leak"),
	TEST("rules/pgmap-underflow", ON_ALL | ON_BOTH, test_underflow, .share = CHECKS_STRICT,
	     .rule = "pgmap-underflow"),
	TEST("rules/dead-install", ON_NONE | ON_BOTH, test_dead_install, .share = CHECKS,
	     .rule = "pgmap-dead-use"),
	TEST("rules/dead-pin", ON_NONE | ON_BOTH, test_dead_pin, .share = CHECKS,
	     .rule = "pgmap-dead-use"),
	TEST("rules/dead-init", ON_NONE, test_dead_init, .share = CHECKS, .rule = "pgmap-dead-use"),
	TEST("rules/private-honest", ON_NONE, test_private_honest, .share = CHECKS),
	TEST("rules/private-init", ON_NONE, test_private_init, .share = CHECKS,
	     .rule = "private-init"),
	TEST("rules/private-free", ON_NONE, test_private_free, .share = CHECKS,
	     .rule = "private-init"),
	TEST("rules/p2p-alloc", ON_DAX4K, test_p2p_alloc, .share = CHECKS, .rule = "pgmap-leak"),
	TEST("rules/p2p-honest", ON_NONE, test_p2p_honest, .share = CHECKS),
	TEST("rules/p2p-count", ON_NONE, test_p2p_count, .share = CHECKS, .rule = "p2pdma-count"),
	TEST("rules/pgmap-gone-under-pin", ON_DEV | ON_BOTH, test_gone_under_pin,
	     .warns = "mm/memremap.c", .rule = "pgmap-gone-under-pin"),
	TESTS_END,
};
