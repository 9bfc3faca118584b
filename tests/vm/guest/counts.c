// SPDX-License-Identifier: GPL-2.0-only
/* counts.c - daxtop check names the rule that is broken: reference counts, pins, leaks of folios. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"

/* ---- over-puts ---- */

static void over(struct place *p, bool mapped, const char *rule)
{
	struct inject arg = { .cmd = INJECT_FOLIO_PUT };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.pfn = pfn_of(a.p);
	if (!mapped)
		area_unmap(&a);
	d = CHECK_START();
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	expect_only(d, rule, place_order(p) ? arg.pfn & ~511ull : arg.pfn, "inject_folio_put");
	if (mapped)
		area_unmap(&a);
	area_remove(&a);
}

/* The mapping's reference is put by somebody else: 1 -> 0 while mapped. */
static void test_overput_fsdax(struct place *p)
{
	over(p, true, "folio-overput");
}

/* The base reference of device-dax is put. */
static void test_overput_generic(struct place *p)
{
	over(p, false, "generic-overput");
}

static void test_free_nonzero(struct place *p)
{
	struct inject arg = { .cmd = INJECT_FREE_NONZERO };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	d = CHECK_START();
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	f = expect_only(d, "free-nonzero", 0, "inject_free_nonzero");
	if (check_broken(d, "free-nonzero") != 1 || !f || field_int(f, "got") != arg.count ||
	    !finding_has_frame(f, "inject_free_nonzero"))
		fail("one free at %d expected: %s", arg.count, d->out_text);
	area_unmap(&a);
	area_remove(&a);
}

static void test_unpin(struct place *p)
{
	struct inject arg = { .cmd = INJECT_UNPIN };
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.pfn = pfn_of(a.p);
	d = CHECK_START();
	inject_do(fd, &arg);
	inject_undo(fd);
	check_stop(d, 1);
	expect_only(d, "pin-imbalance", arg.pfn, "inject_unpin");
	area_unmap(&a);
	area_remove(&a);
}

/* ---- leaks ---- */

/* A reference that the module takes and keeps: nothing maps the folio any more. */
static void test_leak(struct place *p)
{
	struct inject arg = { .cmd = INJECT_FOLIO_GET };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = CHECK_START();
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.pfn = pfn_of(a.p);
	inject_do(fd, &arg);
	area_unmap(&a);
	check_await(d, "folio-leak");
	check_stop(d, 1);
	f = expect_only(d, "folio-leak", arg.pfn, NULL);
	if (field_int(f, "refs") != 1 || strcmp(field_str(f, "confidence"), "suspected"))
		fail("one suspected reference expected: %s", json_object_to_json_string(f));
	if (strcmp(field_str(f, "file"), a.path) || field_int(f, "offset_bytes") != a.off)
		fail("not %s: %s", a.spec, json_object_to_json_string(f));
	inject_undo(fd);
	area_remove(&a);
}

/* The same from before daxtop came: found as well, but it says that it can't know. */
static void test_leak_predates(struct place *p)
{
	struct inject arg = { .cmd = INJECT_FOLIO_GET };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.pfn = pfn_of(a.p);
	inject_do(fd, &arg);
	area_unmap(&a);
	d = CHECK_START();
	area_map_shared(&a);
	touch_write(a.p); /* the first that daxtop sees of it */
	area_unmap(&a);
	check_await(d, "folio-leak");
	check_stop(d, 124);
	f = check_finding(d, "folio-leak", 0);
	if (f && strcmp(field_str(f, "confidence"), "inconclusive"))
		fail("what predates the trace is %s", json_object_to_json_string(f));
	if (!f)
		fail("no finding of folio-leak: %s", d->out_text);
	inject_undo(fd);
	area_remove(&a);
}

/* ---- a leak that ends ---- */

/* Nobody is known who holds it; then it is let go: the suspicion ends, and nothing counts. */
static void test_leak_ends(struct place *p)
{
	struct inject arg = { .cmd = INJECT_FOLIO_GET };
	struct json_object *f;
	struct daxtop *d;
	struct area a;
	int fd = inject_open();

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = CHECK_START();
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	arg.pfn = pfn_of(a.p);
	inject_do(fd, &arg);
	area_unmap(&a);
	check_await(d, "folio-leak");
	inject_undo(fd);
	check_stop(d, 0);
	f = check_finding(d, "folio-leak", 0);
	if (!f || !field_bool(f, "over") || field_bool(f, "counts"))
		fail("a suspicion that is over expected: %s", d->out_text);
	expect_clean(d);
	area_remove(&a);
}

struct passing {
	struct area a;
	int pipe[2];
};

/* Held by somebody who lives: no leak, however long. */
static void test_held_is_no_leak(struct place *p)
{
	struct passing w;
	struct iovec iov = { .iov_len = SZ_4K };
	struct daxtop *d;
	struct area leaked;
	char buf[SZ_4K];
	int fd = inject_open();

	area_open(&w.a, p, place_order(p), AREA_WRITTEN);
	must(!pipe2(w.pipe, O_CLOEXEC));
	d = CHECK_START();
	area_map_shared(&w.a);
	touch_write(w.a.p);
	iov.iov_base = w.a.p;
	must(vmsplice(w.pipe[1], &iov, 1, 0) == SZ_4K);
	area_unmap(&w.a);
	leak_alone(d, leak_start(&leaked, p, fd));
	inject_undo(fd);
	must(read(w.pipe[0], buf, sizeof(buf)) == SZ_4K);
	area_remove(&w.a);
	area_remove(&leaked);
}

/* ---- loss ---- */

/* Faults that a small ring can't take: nothing is invented. */
static void test_loss(struct place *p)
{
	struct json_object *f;
	struct area a, leaked;
	struct daxtop *d;
	size_t i, rounds;
	char *at;
	int fd = inject_open();

	area_open(&a, p, 0, AREA_WRITTEN);
	d = CHECK_START("--ring-size", "4096");
	/* so that all of the loss is known at once: what was taken before that is in doubt like all else */
	must(!kill(d->pid, SIGSTOP));
	for (rounds = 0; rounds < 400; rounds++) {
		at = mmap(NULL, 13 * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off);
		must(at != MAP_FAILED);
		for (i = 0; i < 13; i++)
			touch_write(at + i * SZ_4K);
		must(!munmap(at, 13 * SZ_4K));
	}
	must(!kill(d->pid, SIGCONT));
	check_await_text(d, "daxtop: events were lost");
	/* for comparison: what is there by now would be told of before */
	leak_start(&leaked, p, fd);
	check_await(d, "folio-leak");
	inject_undo(fd);
	check_stop(d, 124);
	expect_clean(d);
	f = check_finding(d, "folio-leak", 0);
	if (!f || !field_bool(f, "over") || check_finding(d, "folio-leak", 1))
		fail("a leak that is over, and no other, expected: %s", d->out_text);
	if (!field_int(check_verdict(d), "lost"))
		fail("nothing was lost: %s", d->out_text);
	if (check_checked(d, "install-zero-ref") != 400 * 13 + 1)
		fail("%lld installs were checked, %d made",
		     (long long)check_checked(d, "install-zero-ref"), 400 * 13 + 1);
	area_remove(&a);
	area_remove(&leaked);
}

/* A violation while the ring is full: counted, if perhaps without a record. */
static void test_loss_violation(struct place *p)
{
	struct inject arg = { .cmd = INJECT_INSTALL_PAGE };
	struct daxtop *d;
	struct area a;
	int fd = inject_open(), i;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.pfn = pfn_of(a.p);
	area_unmap(&a);
	d = CHECK_START("--ring-size", "4096");
	must(!kill(d->pid, SIGSTOP));
	for (i = 0; i < 200; i++) {
		area_map_shared(&a);
		touch_write(a.p);
		area_unmap(&a);
	}
	arg.window = (uintptr_t)inject_window(fd, false);
	for (i = 0; i < 50; i++)
		inject_do(fd, &arg);
	must(!kill(d->pid, SIGCONT));
	check_stop(d, 1);
	if (check_broken(d, "install-zero-ref") != 50)
		fail("50 violations expected: %s", d->out_text);
	inject_undo(fd);
	area_remove(&a);
}

const struct test counts_tests[] = {
	TEST("rules/folio-overput", ON_FS, test_overput_fsdax, .share = CHECKS,
	     .rule = "folio-overput"),
	TEST("rules/generic-overput", ON_DEV | ON_BOTH, test_overput_generic,
	     .warns = "mm/memremap.c", .share = CHECKS, .rule = "generic-overput"),
	TEST("rules/free-nonzero", ON_DEV | ON_BOTH, test_free_nonzero, .warns = "mm/memremap.c",
	     .share = CHECKS, .rule = "free-nonzero"),
	TEST("rules/pin-imbalance", ON_ALL | ON_BOTH, test_unpin, .share = CHECKS,
	     .rule = "pin-imbalance"),
	TEST("leak/folio", ON_ALL | ON_BOTH, test_leak, .share = CHECKS, .rule = "folio-leak"),
	TEST("leak/predates", ON_FS | ON_BOTH, test_leak_predates, .share = CHECKS,
	     .rule = "folio-leak"),
	TEST("leak/ends", ON_ALL | ON_BOTH, test_leak_ends, .share = CHECKS, .rule = "folio-leak"),
	TEST("leak/held", ON_ALL | ON_BOTH, test_held_is_no_leak, .share = CHECKS,
	     .rule = "folio-leak"),
	TEST("loss/nothing-invented", ON_FS, test_loss),
	TEST("loss/violations-counted", ON_FS, test_loss_violation),
	TESTS_END,
};
